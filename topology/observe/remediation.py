"""From what runs to what is intended: the commands, in an order a switch takes, and the difference to read.

hier_config finds what has to go and what has to come; the rules of a platform (`Rules`) say what may go at all,
how it is taken back, and what must go first or last. A line that runs, is not intended, and of which the model
has no word (a local account, a console setting, a port nobody planned) is left alone and named.
Keys are compared by being there: a switch shows them in its own encryption, so a changed key is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from topology.observe.secrets import MASK, mask
from topology.platforms.render import vid_list
from topology.platforms.sections import Section, expand_vids, sections

Path = tuple[str, ...]
"""A line with the lines it stands below, outermost first."""


@dataclass(frozen=True)
class Rules:
    """How a platform's configuration changes. Patterns match whole paths, lines joined by " / ".

    `driver`: the hier_config driver. `managed`: what may be taken back. `first`: removals before anything is
    added; `late`: removals after everything, for lines within a section. `negated(line)` is how a line is taken
    back, with `word` before it. `one_value`: beginnings of
    paths of which there is one: the new one takes the place of the old. `fixed`: lines that nothing takes away (ports,
    what is so by default). `way_in`: lines of the management port, over which a switch is reached. `lists`: beginnings of lines that hold VLAN lists, joined as one line when any VLAN of them changes.
    `off`: lines that say what is so by default, by what must run for them to matter.
    """

    driver: Callable[[], Any]
    managed: re.Pattern[str]
    first: re.Pattern[str]
    late: re.Pattern[str]
    negated: Callable[[str], str]
    one_value: tuple[str, ...] = ()
    fixed: re.Pattern[str] = re.compile(r"(?!)")
    way_in: re.Pattern[str] = re.compile(r"(?!)")
    word: str = "undo "
    leave: str = "quit"
    lists: tuple[str, ...] = ()
    off: tuple[tuple[str, str], ...] = ()
    folded: Callable[[tuple[int, ...]], str] = vid_list


@dataclass(frozen=True)
class Remedy:
    """What would be done. `lines` go to the switch (secrets by reference, keys that go as the switch shows them), `diff` to the reader (none at all),
    `left` are lines that run, are not intended and are left alone. `after` is what would run then, keys masked. Empty
    `lines`: nothing is to be done."""

    lines: tuple[str, ...]
    diff: str
    left: tuple[str, ...] = ()
    after: str = ""


def remedy(
    rules: Rules, running: str, intended: str, *, merge: bool = False, ours: Collection[Path] = ()
) -> Remedy:
    """What turns the running configuration into the intended one; `merge`: only what is added or replaced. `ours` may
    be taken back besides what the rules allow."""
    from hier_config import get_hconfig

    runs, sent = paths(rules, running), paths(rules, intended)
    now = dict.fromkeys(p for p in runs if not _gainsaid(rules, p, runs))
    want = dict.fromkeys(p for p in sent if not _needless(rules, p, now))
    _keep_open(now, want)
    left = [p for p in now if p not in want and p not in ours and not is_managed(rules, p)]
    gone = set(left)
    compared = [
        p for p in now if p not in gone and (p in want or not any(p[:n] in gone for n in range(1, len(p))))
    ]
    driver = rules.driver()
    found = get_hconfig(driver, text_of(compared)).config_to_get_to(get_hconfig(driver, text_of(want)))
    tree = set(_tree(found))
    added = {p for p in tree if p in want and p not in now}
    removed = [] if merge else _removed(compared, want, tree, rules)
    lines = [*_lines(rules, want, added, removed, runs | sent)]
    replaced = [p for p in compared if p not in want and p not in set(removed)] if not merge else []
    taken = {*removed, *replaced}
    stays = [p for p in now if not any(p[:n] in taken for n in range(1, len(p) + 1))]
    return Remedy(
        tuple(lines), _diff(now, want, added, [*removed, *replaced]) if lines else "",
        tuple(" / ".join(p) for p in left if not any(p[:n] in gone for n in range(1, len(p)))),
        text_of([*stays, *(p for p in want if p in added)]),
    )  # fmt: skip


def opposite(rules: Rules, running: str, before: str) -> Remedy:
    """What brings the running configuration back to what ran before, line for line."""
    now, was = paths(rules, running), paths(rules, before)
    wanted = was | {p: own for p, own in now.items() if is_fixed(rules, p)}
    return remedy(replace(rules, off=()), running, text_of(wanted.values()), ours=frozenset(now))


def is_fixed(rules: Rules, path: Path) -> bool:
    """True for a line that nothing takes away."""
    return rules.fixed.fullmatch(" / ".join(path)) is not None


def paths(rules: Rules, text: str) -> dict[Path, Path]:
    """Every line of a configuration, as it is and with its keys masked: masked by which it is compared."""
    return {_masked(p): p for p in _paths(rules, text)}


def _paths(rules: Rules, text: str) -> Iterator[Path]:
    """Every line of a configuration, VLAN lists one VLAN a line."""

    def walk(section: Section, above: Path) -> Iterator[Path]:
        for child in section.children:
            start = next((s for s in rules.lists if child.line.startswith(s + " ")), None)
            if start is not None:
                for vid in expand_vids(child.line[len(start) :]):
                    yield (*above, f"{start} {vid}")
                continue
            line = " ".join(child.line.split())
            if line in ("return", "end", "exit-address-family"):
                continue
            yield (*above, line)
            yield from walk(child, (*above, line))

    seen: set[Path] = set()
    for path in walk(sections(text), ()):
        if path not in seen:
            seen.add(path)
            yield path


def _masked(path: Path) -> Path:
    return tuple(re.sub(r"%secret:[^%]+%", MASK, mask(line)) for line in path)


def _needless(rules: Rules, path: Path, now: Iterable[Path]) -> bool:
    """True for a line that says what is so anyway."""
    if len(path) > 1:
        return False
    for line, matters in rules.off:
        if path[0] == line:
            return path not in now and not any(re.fullmatch(matters, p[0]) for p in now)
    return False


def _gainsaid(rules: Rules, path: Path, now: Iterable[Path]) -> bool:
    """True for a line that says something is off while another says that it is on: it has to be said again."""
    return len(path) == 1 and any(
        path[0] == line and any(len(p) == 1 and re.fullmatch(matters, p[0]) for p in now)
        for line, matters in rules.off
    )


def _keep_open(now: Iterable[Path], want: dict[Path, None]) -> None:
    """A VLAN that stays is not taken away because its own section says nothing any more."""
    batch = {p[0].rsplit(" ", 1)[1] for p in want if re.match(r"vlan batch \d+$", p[0])}
    for path in now:
        found = re.fullmatch(r"vlan (\d+)", path[0])
        if len(path) == 1 and found and found[1] in batch:
            want.setdefault(path)


def is_managed(rules: Rules, path: Path) -> bool:
    """True for a line that may be taken back."""
    return rules.managed.fullmatch(" / ".join(path)) is not None


def text_of(paths: Iterable[Path]) -> str:
    """Paths as an indented configuration: every section once, its lines together."""
    below: dict[Path, list[Path]] = {}
    for path in paths:
        below.setdefault(path[:-1], []).append(path)
    out: list[str] = []

    def write(above: Path) -> None:
        for path in below.get(above, ()):
            out.append(" " * (2 * len(above)) + path[-1])
            write(path)

    write(())
    return "\n".join(out) + "\n"


def _tree(config: Any) -> Iterator[Path]:
    for child in config.all_children():
        yield tuple(child.path())


def _removed(compared: Sequence[Path], want: Iterable[Path], found: set[Path], rules: Rules) -> list[Path]:
    """Paths that hier_config takes back: of a whole section only its head."""
    out: list[Path] = []
    wanted, gone = set(want), set()
    for path in compared:
        if path in wanted or any(path[:n] in gone for n in range(1, len(path))):
            continue
        back = (*path[:-1], rules.negated(path[-1]))
        if back in found:
            gone.add(path)
            if back not in wanted:  # else what comes takes it back
                out.append(path)
    return out


def _lines(
    rules: Rules, want: Iterable[Path], added: set[Path], removed: Sequence[Path], whole: dict[Path, Path]
) -> Iterator[str]:  # fmt: skip
    """Commands in order: what must go first, what goes within sections, what comes, what goes last. `whole`: lines
    with their keys, which they are sent with; a switch takes none back without."""
    wanted = list(want)

    def text(path: Path) -> str:
        return " / ".join(path)

    swept = {p: _swept(rules, p, wanted) for p in removed}
    early = [p for p in removed if rules.first.fullmatch(text(p)) or swept[p]]
    again = added | {q for found in swept.values() for q in found}
    late = [p for p in removed if p not in set(early) and (len(p) == 1 or rules.late.fullmatch(text(p)))]
    taken = {*early, *late}
    inner = [p for p in removed if p not in taken]
    yield from _undo(rules, early, whole)
    yield from _undo(rules, inner, whole)
    yield from _add(rules, wanted, again, whole)
    yield from _undo(rules, late, whole)


def _swept(rules: Rules, path: Path, wanted: Iterable[Path]) -> list[Path]:
    """Wanted lines that taking `path` back takes too: they go with it first and are sent after it.

    `undo ntp unicast-server A` also means `ntp unicast-server A vpn-instance mgmt`."""
    if _list_of(rules, path) is not None or path[-1].startswith(rules.word):
        return []
    back = rules.negated(path[-1]).removeprefix(rules.word)
    return [q for q in wanted if q[:-1] == path[:-1] and f"{q[-1]} ".startswith(f"{back} ")]


def _list_of(rules: Rules, path: Path) -> str | None:
    return next((s for s in rules.lists if path[-1].startswith(s + " ")), None)


def _add(rules: Rules, wanted: Sequence[Path], adding: set[Path], whole: dict[Path, Path]) -> Iterator[str]:
    opened: Path = ()
    done: set[tuple[Path, str]] = set()
    needed = adding | {p[:n] for p in adding for n in range(1, len(p))}
    parents = {p[:-1] for p in wanted}
    for path in wanted:
        if path not in needed:
            continue
        while opened and path[: len(opened)] != opened:
            opened = opened[:-1]
            yield rules.leave
        start = _list_of(rules, path)
        if start is not None:
            if (path[:-1], start) not in done:
                done.add((path[:-1], start))
                yield f"{start} {rules.folded(_vids(rules, [p for p in wanted if p in adding], path))}"
            continue
        yield whole.get(path, path)[-1]
        if path in parents or _opens(path):
            opened = path
    for _ in opened:
        yield rules.leave


def _vids(rules: Rules, paths: Iterable[Path], like: Path) -> tuple[int, ...]:
    """The VLANs of every path that belongs to the same list as `like`."""
    start = _list_of(rules, like) or ""
    rows = [p[-1][len(start) :] for p in paths if p[:-1] == like[:-1] and _list_of(rules, p) == start]
    return expand_vids(" ".join(rows))


OPENS = re.compile(
    r"interface .*|vlan \d+|(?:router )?bgp \d+|mlag domain \d+|ip vpn-instance \S+|aaa|bfd|dfs-group \d+|ipv4-family.*|address-family .*"
    r"|authentication-scheme \S+|hwtacacs server template \S+|hwtacacs scheme \S+|domain \S+"
)
"""Lines that open a view even when nothing is said in it."""


def _opens(path: Path) -> bool:
    """A section that may be empty still opens a view."""
    return OPENS.fullmatch(path[-1]) is not None


def _undo(rules: Rules, paths: Sequence[Path], whole: dict[Path, Path]) -> Iterator[str]:
    """Take lines back, last first, section by section."""
    opened: Path = ()
    said: set[tuple[Path, str]] = set()
    done: set[tuple[Path, str]] = set()
    ordered = sorted(enumerate(paths), key=lambda e: (_section_order(paths, e[1]), -e[0]))
    for _, path in ordered:
        above, start = path[:-1], _list_of(rules, path)
        if start is not None:
            if (above, start) in done:
                continue
            done.add((above, start))
            line = rules.negated(f"{start} {rules.folded(_vids(rules, paths, path))}")
        else:
            line = rules.negated(whole.get(path, path)[-1])
        if (above, line) in said or any(line.startswith(s + " ") for a, s in said if a == above):
            continue
        said.add((above, line))
        while opened != above[: len(opened)]:
            opened = opened[:-1]
            yield rules.leave
        yield from above[len(opened) :]
        opened = above
        yield line
    for _ in opened:
        yield rules.leave


def _section_order(paths: Sequence[Path], path: Path) -> tuple[int, int]:
    """Sections in the order they run, the deeper lines of one first; lines without a section last, last first."""
    if len(path) == 1:
        return len(paths), 0
    return next(n for n, p in enumerate(paths) if p[0] == path[0] and len(p) > 1), -len(path)


def _diff(now: Iterable[Path], want: Iterable[Path], added: set[Path], removed: Sequence[Path]) -> str:
    """What changes, to read: sections in the order they run, `-` goes, `+` comes."""
    gone = set(removed)
    gone |= {p for p in now if any(p[:n] in gone for n in range(1, len(p)))}
    rows = [*(p for p in now if p in gone), *(p for p in want if p in added)]
    rank: dict[Path, int] = {}
    for path in (*now, *want):
        rank.setdefault(path, len(rank))
    below: dict[Path, dict[Path, str]] = {}
    for path in rows:
        for n in range(1, len(path)):
            below.setdefault(path[: n - 1], {}).setdefault(path[:n], " ")
        below.setdefault(path[:-1], {})[path] = "-" if path in gone else "+"
    out: list[str] = []

    def write(above: Path) -> None:
        for path in sorted(below.get(above, ()), key=lambda p: rank[p] if not above else 0):
            out.append(f"{below[above][path]} {'  ' * (len(path) - 1)}{path[-1]}")
            write(path)

    write(())
    return "\n".join(out) + "\n" if out else ""
