"""The summary in a terminal: a few aligned lines, colour only where somebody has to act."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from rackwright.figures import Figure, figures
from rackwright.summary import Summary

if TYPE_CHECKING:
    from rich.console import Console

_MARKS = {"good": " ", "attention": "!", "bad": "✗", "unknown": "?"}
_PLAIN_MARKS = {"good": " ", "attention": "!", "bad": "X", "unknown": "?"}
_STYLES = {"good": "", "attention": "yellow", "bad": "bold red", "unknown": "yellow"}
_WIDE = 110
"""Columns from which notes get a column of their own; below, they follow the value."""
_GROUPS = (
    ("devices", "racks.", "load.", "rack", "feed", "bank", "loads.unknown"),
    ("ports.",),
    ("optics", "fixed", "cables", "cords", "addresses"),
    ("findings", "checks", "assumptions"),
)
"""Figures that stand together, by their keys or the beginning of them; a blank line between groups."""


def print_summary(
    console: Console, summary: Summary, paths: Sequence[str], language: Literal["en", "zh"] = "en"
) -> None:
    """Print the figures of a plan, then the documents written.

    A line starts with ✗ when it must be mended, ! when someone must decide, ? when data is missing.
    """
    from rich.table import Table
    from rich.text import Text as Styled

    encoding = (console.encoding or "").lower().replace("-", "")
    marks = _MARKS if encoding.startswith("utf") else _PLAIN_MARKS
    console.print(Styled(getattr(summary.title, language), style="bold"))
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    wide = console.width >= _WIDE
    table.add_column(width=1, no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=wide, overflow="fold")
    for n, group in enumerate(_grouped(figures(summary))):
        if n:
            table.add_row()
        for figure in group:
            style = _STYLES[figure.state]
            texts = (getattr(text, language) for text in (figure.label, figure.value, figure.note))
            label, value, note = texts
            shown = Styled(value, style=style)
            mark = Styled(marks[figure.state], style=style)
            if wide:
                table.add_row(mark, label, shown, Styled(note, style="dim"))
            else:
                table.add_row(mark, label, shown.append(f" · {note}" if note else "", style="dim not bold"))
    console.print(table)
    if paths:
        console.print()
        for path in paths:
            console.print(Styled(f"{'written' if language == 'en' else '已写入'}  {path}"), soft_wrap=True)


def _grouped(every: Sequence[Figure]) -> list[list[Figure]]:
    """Figures by group; what belongs to none stands with the last."""
    out: list[list[Figure]] = [[] for _ in _GROUPS]
    for figure in every:
        place = next(
            (
                n
                for n, keys in enumerate(_GROUPS)
                if figure.key in keys or any(key.endswith(".") and figure.key.startswith(key) for key in keys)
            ),
            len(_GROUPS) - 1,
        )
        out[place].append(figure)
    return [group for group in out if group]
