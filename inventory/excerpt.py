"""The few lines of a YAML text that one value stands in, so that its position costs no second reading of all.

Lines are told apart by their indentation alone and believed only when they give exactly as many keys and
list items as the parsed data has: every key and every item begins such a line, so equal numbers mean the
same lines.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import Any

_TOP = re.compile(r"^[^\s#-].*", re.M)
_FIRST = re.compile(r"^( *)- ", re.M)
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*(?=:(\s|\Z))")
_HEAD = re.compile(r"(?:#[^\n]*\n)*([a-z_]+):\n")
_OTHER_BREAKS = re.compile("[\r\x85\u2028\u2029]")


def record_lines(text: str, size: int) -> tuple[str, list[str]] | None:
    """The one section of `text` and its records in pieces of about `size` characters, when every record is one
    line `  - {...}` below one key, as in the files of a plan; None otherwise.

    If each piece is a whole YAML sequence, the sequences joined are the section: nothing but an anchor reaches
    from one piece into the next, so a text that may have one is not cut.
    """
    head = _HEAD.match(text)
    if head is None or "&" in text or _OTHER_BREAKS.search(text):
        return None
    pieces = []
    start = head.end()
    while start < len(text):
        end = text.find("\n  - {", min(start + size, len(text))) + 1 or len(text)
        if not text.startswith("  - {", start):
            return None
        pieces.append(text[start:end])
        start = end
    return (head[1], pieces) if pieces else None


class Excerpts:
    """Where the top-level keys of `text`, and the items of the lists under them, begin."""

    def __init__(self, text: str, data: Any) -> None:
        self.text, self.data = text, data
        self.sections: dict[str | int, tuple[int, int]] = {}
        self.items: dict[str | int, list[int]] = {}
        self.breaks: list[int] = []
        if isinstance(data, dict) and not _OTHER_BREAKS.search(text):
            starts = [m.start() for m in _TOP.finditer(text)]
            for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
                key = _KEY.match(text, start)
                if key:
                    self.sections[key[0]] = (start, end)
            if len(starts) != len(data) or self.sections.keys() != data.keys():
                self.sections = {}

    def section(self, name: str | int) -> tuple[str, int] | None:
        """Text of the top-level key `name` with its value, and the number of lines before it."""
        if name not in self.sections:
            return None
        start, end = self.sections[name]
        return self.text[start:end], self._line(start)

    def item(self, name: str | int, index: str | int) -> tuple[str, int] | None:
        """Text of item `index` of the list under `name`, and the number of lines before it."""
        if name not in self.sections or not isinstance(self.data[name], list) or not isinstance(index, int):
            return None
        starts = self.items.get(name)
        if starts is None:
            starts = self.items[name] = self._starts(name)
        if not 0 <= index < len(starts) - 1:
            return None
        return self.text[starts[index] : starts[index + 1]], self._line(starts[index])

    def _starts(self, name: str | int) -> list[int]:
        """Where each item begins and the last one ends; empty when they cannot be told apart."""
        start, end = self.sections[name]
        first = _FIRST.search(self.text, start, end)
        if first is None:
            return []
        item = re.compile(rf"^{first[1]}- ", re.M)
        starts = [m.start() for m in item.finditer(self.text, start, end)]
        return [*starts, end] if len(starts) == len(self.data[name]) else []

    def _line(self, at: int) -> int:
        if not self.breaks:
            self.breaks = [m.start() for m in re.finditer("\n", self.text)]
        return bisect_left(self.breaks, at)
