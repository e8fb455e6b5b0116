"""plan.xlsx: the tables of the construction drawings, one sheet each, Chinese headers over English ones."""

from __future__ import annotations

import io
import math
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any

from inventory.checks import Report
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from rackwright.documents.files import write_bytes
from rackwright.documents.sheet_model import UNKNOWN, Cell, Column, Marked, Sheet
from rackwright.documents.sheets import sheets

_CREATED = datetime(2000, 1, 1)
CELL = {
    "font_name": "Microsoft YaHei",
    "font_size": 10,
    "valign": "top",
    "border": 1,
    "border_color": "#D5DAE1",
}
_HEAD = {**CELL, "text_wrap": True, "valign": "vcenter", "border_color": "#B8C0CC"}
_NUMBERS = {"count": "0", "watts": "#,##0", "metres": "0.0#", "share": "0.0%", "number": "General"}
_WIDEST = {"text": 46, "long": 44}
LINE_PT = 15
_PAGE_CHARACTERS = 400
"""Row height per line of text, and how many characters one A3 page is wide while it can still be read."""
_HEADER_ROWS = 2


def write_workbook(inventory: Inventory, plan: Plan, report: Report, path: Path) -> None:
    """Write plan.xlsx. The same input gives the same bytes; raises OSError when it cannot be written.

    Texts are written as texts, whatever they start with, so that no value can become a formula.
    """
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    title = inventory.project.title
    book.set_properties({"title": f"{title.zh} {title.en}", "author": "rackwright", "created": _CREATED})
    formats = formats_of(book)
    for sheet in sheets(inventory, plan, report):
        _write(book, formats, sheet)
    book.close()
    write_bytes(path, buffer.getvalue())


def formats_of(book: Any) -> dict[str, Any]:
    """Every cell format, made once."""
    out = {
        "head": book.add_format({**_HEAD, "bold": True, "bg_color": "#1F3B63", "font_color": "#FFFFFF"}),
        "head-en": book.add_format({**_HEAD, "font_size": 9, "italic": True, "bg_color": "#E4EAF2", "font_color": "#33415C"}),
        "text": book.add_format({**CELL, "align": "left", "indent": 1}),
        "long": book.add_format({**CELL, "align": "left", "indent": 1, "text_wrap": True}),
        "blank": book.add_format({**CELL, "bg_color": "#FFFBE6"}),
        "bad": book.add_format({**CELL, "bold": True, "font_color": "#B3261E"}),
        "attention": book.add_format({**CELL, "bold": True, "font_color": "#8A5A00"}),
        "unknown": book.add_format({**CELL, "italic": True, "font_color": "#5B3FA0"}),
    }  # fmt: skip
    for kind, pattern in _NUMBERS.items():
        out[kind] = book.add_format({**CELL, "num_format": pattern})
    return out


def _write(book: Any, formats: dict[str, Any], sheet: Sheet) -> None:
    page = book.add_worksheet(sheet.name)
    last_row, last_column = _HEADER_ROWS + len(sheet.rows) - 1, len(sheet.columns) - 1
    widths = [_width(column, [row[n] for row in sheet.rows]) for n, column in enumerate(sheet.columns)]
    for n, width in enumerate(widths):
        page.set_column(n, n, width)
    page.freeze_panes(_HEADER_ROWS, sheet.frozen)
    page.autofilter(_HEADER_ROWS - 1, 0, max(last_row, _HEADER_ROWS), last_column)
    page.set_landscape()
    page.set_paper(8)  # A3
    page.fit_to_pages(math.ceil(sum(widths) / _PAGE_CHARACTERS), 0)
    page.repeat_rows(0, _HEADER_ROWS - 1)
    page.repeat_columns(0, sheet.frozen - 1)
    page.set_margins(0.4, 0.4, 0.6, 0.6)
    page.set_header(f"&L{sheet.name}")
    page.set_footer("&C&P / &N")
    for row, attribute, style, height in ((0, "zh", "head", 30), (1, "en", "head-en", 36)):
        page.set_row(row, height)
        for n, column in enumerate(sheet.columns):
            page.write_string(row, n, getattr(column, attribute), formats[style])
    long = [n for n, column in enumerate(sheet.columns) if column.kind == "long"]
    for i, cells in enumerate(sheet.rows, _HEADER_ROWS):
        lines = max((_lines(cells[n], widths[n]) for n in long), default=1)
        if lines > 1:
            page.set_row(i, LINE_PT * lines)
        for n, cell in enumerate(cells):
            put(page, formats, i, n, sheet.columns[n], cell)


def put(page: Any, formats: dict[str, Any], row: int, n: int, column: Column, cell: Cell) -> None:
    """Write a cell as its column and its mark ask for it; what is not known says so."""
    if cell is None:
        cell = UNKNOWN
    if isinstance(cell, Marked):
        page.write_string(row, n, cell.text, formats[cell.flag])
    elif isinstance(cell, str):
        style = formats[column.kind if column.kind in ("long", "blank") else "text"]
        if cell:
            page.write_string(row, n, cell, style)
        else:
            page.write_blank(row, n, None, style)
    else:
        page.write_number(row, n, cell, formats[column.kind if column.kind in _NUMBERS else "number"])


def _width(column: Column, cells: list[Cell]) -> float:
    """Column width in characters, a Chinese character counting two: the widest line in it, and a header
    that may break into two Chinese lines or at any English space."""
    words = max(display_width(word) for word in column.en.split())
    wanted = max(display_width(column.zh) / 2 + 2, words + 2, display_width(column.en) / 3 + 2, 5)
    if column.kind == "blank":
        return max(wanted, 12)
    for cell in cells:
        text = (
            UNKNOWN.text if cell is None else cell.text if isinstance(cell, Marked) else _shown(column, cell)
        )
        wanted = max(wanted, display_width(text) + 3)
    return min(wanted, _WIDEST.get(column.kind, 30))


def _lines(cell: Cell, width: float) -> int:
    """Lines a text needs in a column of `width` characters, indent and broken words allowed for."""
    if not isinstance(cell, str):
        return 1
    return max(math.ceil(display_width(cell) / max(width - 3, 1)), 1)


def _shown(column: Column, cell: str | int | float) -> str:
    if isinstance(cell, str):
        return cell
    return f"{cell:,.0f}" if column.kind == "watts" else f"{cell:.6g}"


def display_width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
