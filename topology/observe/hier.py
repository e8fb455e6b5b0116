"""hier_config's drivers with rules of our own: what is one value, and how a line is taken back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from typing import Any


def negation(short: re.Pattern[str], neighbour: re.Pattern[str], word: str = "undo ") -> Callable[[str], str]:
    """How a platform's lines are taken back: `word` before the line; of a line that begins as `short` says, before
    that beginning; of the line that opens a BGP neighbour (group 1 of `neighbour`), before the neighbour."""

    def negated(line: str) -> str:
        if line.startswith(word):
            return line.removeprefix(word)
        found = neighbour.fullmatch(line)
        if found:
            return f"{word}{found[1]}"
        found = short.match(line)
        return f"{word}{found[0] if found else line}"

    return negated


def driver(
    module: str, name: str, one_value: tuple[str, ...], negated: Callable[[str], str]
) -> Callable[[], Any]:
    """A maker of the hier_config driver `name` of `module` with these rules. `one_value`: patterns of lines of which
    a section holds one: the new one takes the place of the old, nothing is taken back before."""
    patterns = tuple(re.compile(p) for p in one_value)

    @cache
    def made() -> Any:
        base: Any = getattr(import_module(f"hier_config.platforms.{module}.driver"), name)

        class Driver(base):  # type: ignore[misc]
            """The driver with our rules."""

            def negate_with(self, config: Any) -> str | None:
                return negated(config.text)

            def idempotent_for(self, config: Any, other_children: Iterable[Any]) -> Any | None:
                key = _key(patterns, config)
                return next((o for o in other_children if key and _key(patterns, o) == key), None)

        return Driver

    return lambda: made()()


def _key(patterns: tuple[re.Pattern[str], ...], child: Any) -> str:
    path = " / ".join(child.path())
    return next((found[0] for pattern in patterns if (found := pattern.match(path))), "")
