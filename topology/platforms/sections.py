"""A configuration as a tree of lines, and the small words all platforms share."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass

ENCRYPTED = "(encrypted)"
"""What stands for a key that a switch shows in its own encryption: it is set, which one cannot be read."""
LAST = {"huawei_vrp": "return", "h3c_comware": "return", "ruijie_rgos": "end"}
"""The last line of every running configuration, by platform."""
SHORTEST = 5
"""A text of fewer lines is none that was cut."""
INDENT = re.compile(r"^( *)(\S.*?)\s*$")


@dataclass(frozen=True)
class Section:
    """One line and what stands indented below it. The root has an empty line."""

    line: str
    children: tuple[Section, ...]

    def value(self, start: str) -> str | None:
        """What follows `start` on the first child that begins with these words; None without one."""
        for child in self.children:
            if child.line.startswith(start + " "):
                return child.line[len(start) + 1 :].strip()
        return None

    def values(self, start: str) -> str:
        """What follows `start` on every child that begins with these words: a switch breaks long lists."""
        rows = (c.line[len(start) + 1 :] for c in self.children if c.line.startswith(start + " "))
        return " ".join(rows)

    def has(self, line: str) -> bool:
        """True when a child is exactly this line."""
        return any(child.line == line for child in self.children)

    def child(self, line: str) -> Section | None:
        """The child that is exactly this line."""
        return next((c for c in self.children if c.line == line), None)

    def all(self, pattern: str) -> Iterator[Section]:
        """Children whose line begins with a match of `pattern`."""
        return (c for c in self.children if re.match(pattern, c.line))


def sections(text: str) -> Section:
    """The tree of an indented configuration; `#` and `!` lines end a section and are left out."""
    stack: list[tuple[int, str, list[Section]]] = [(-1, "", [])]

    def close(depth: int) -> None:
        while stack[-1][0] >= depth:
            _, line, children = stack.pop()
            stack[-1][2].append(Section(line, tuple(children)))

    for raw in text.splitlines():
        found = INDENT.match(raw)
        if found is None:
            continue
        depth, line = len(found[1]), found[2]
        if line[0] in "#!":
            close(0)
            continue
        close(depth)
        stack.append((depth, line, []))
    close(0)
    return Section("", tuple(stack[0][2]))


def cut_at(platform: str, text: str) -> tuple[int, str] | None:
    """Where a running configuration ends too early: how many lines there are, and the last; None when it is whole."""
    rows = [row.strip() for row in text.splitlines() if row.strip()]
    return None if len(rows) < SHORTEST or rows[-1] == LAST[platform] else (len(rows), rows[-1])


def colon_mac(text: str) -> str:
    """A MAC with colons, whatever it was written with."""
    digits = re.sub(r"[^0-9a-fA-F]", "", text).lower()
    return ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))


def expand_vids(text: str) -> tuple[int, ...]:
    """`101 to 103 200` or `101-103,200` as numbers, sorted."""
    out: set[int] = set()
    for first, last in re.findall(r"(\d+)(?:\s*(?:to|-)\s*(\d+))?", text):
        out.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(out))


def interfaces(tree: Section) -> Iterator[tuple[str, Section]]:
    """Every interface section with the name behind the word."""
    for section in tree.children:
        if section.line.startswith("interface "):
            yield section.line.split(None, 1)[1], section


def address_with_length(text: str | None) -> str | None:
    """`10.0.0.1 255.255.255.254` as 10.0.0.1/31."""
    if not text:
        return None
    words = text.split()
    return str(ipaddress.ip_interface(f"{words[0]}/{words[1]}"))


def prefix(network: str, mask: str) -> str:
    """A network and its mask as a prefix."""
    return f"{network}/{ipaddress.ip_network(f'{network}/{mask}').prefixlen}"


def reference(text: str | None) -> str:
    """The name of the secret a text stands for; ENCRYPTED for anything else a switch shows; "" for nothing."""
    if not text:
        return ""
    found = re.fullmatch(r"%secret:(.+)%", text)
    return found[1] if found else ENCRYPTED


def commands(text: str, leave: str) -> Iterator[str]:
    """The lines as they are typed one after the other: `leave` (`quit`, `exit`) steps out of every section.

    Without it a line of the outer view that the inner one knows too (`lldp enable`) would be taken inside.
    """

    def typed(section: Section) -> Iterator[str]:
        for child in section.children:
            if child.line in ("return", "end", "exit-address-family"):
                continue
            yield child.line
            if child.children or opens(child.line):
                yield from typed(child)
                yield leave

    yield from typed(sections(text))


def opens(line: str) -> bool:
    """True for a line that opens a section even when nothing stands in it."""
    return (
        re.match(
            r"(?:interface |vlan \d+$|(?:router )?bgp \d|ip vpn-instance \S+$|bfd$|ipv4-family |address-family )",
            line,
        )
        is not None
    )
