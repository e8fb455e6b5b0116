"""Word files that are the same bytes for the same content: A4 pages, tables with heads that repeat, fonts for both scripts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from docx.document import Document
    from docx.table import _Cell

Language = Literal["en", "zh"]
EPOCH = datetime(2000, 1, 1)
"""Time written into files for which nobody names a day."""
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_BODY = {"latin": "Arial", "asian": "SimSun"}
_HEAD = {"latin": "Arial", "asian": "SimHei"}
_TABLE_PT = 8.5
DARK, LIGHT, HOLD, BLANK = "1F3B63", "E4EAF2", "FDE9D9", "FFFBE6"
"""Fills: head of a table, labels, hold points, fields to be filled in by hand."""


def new_document(title: str, subject: str, footer: str, created: datetime) -> Document:
    """An empty A4 landscape document with fonts, properties, and page numbers beside `footer`."""
    import docx
    from docx.enum.section import WD_ORIENT
    from docx.shared import Cm, Pt, RGBColor

    document = docx.Document()
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Cm(29.7), Cm(21.0)
    section.left_margin = section.right_margin = Cm(1.6)
    section.top_margin, section.bottom_margin = Cm(1.5), Cm(1.4)
    styles: Any = document.styles
    for name, size, fonts in (
        ("Normal", 9.5, _BODY),
        ("Title", 20, _HEAD),
        ("Heading 1", 13, _HEAD),
        ("Heading 2", 11, _HEAD),
    ):
        style = styles[name]
        style.font.size = Pt(size)
        _fonts(style.element.get_or_add_rPr(), fonts)
        if name != "Normal":
            style.font.color.rgb = RGBColor.from_string(DARK)
        style.paragraph_format.space_after = Pt(4)
    _no_rule(styles["Title"])
    properties = document.core_properties
    properties.title, properties.subject, properties.author = title, subject, "rackwright"
    properties.last_modified_by, properties.comments, properties.revision = "rackwright", "", 1
    properties.created = properties.modified = created
    _page_numbers(section.footer.paragraphs[0], footer)
    return document


def to_bytes(document: Document) -> bytes:
    """The file, with every entry of the archive at one fixed time."""
    raw, out = io.BytesIO(), io.BytesIO()
    document.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, source.read(name))
    return out.getvalue()


def table(
    document: Document, heads: Sequence[str], widths_cm: Sequence[float], rows: Sequence[Sequence[str]],
    *, blank: Sequence[int] = (), fills: Sequence[str | None] | None = None, bold: Sequence[int] = (),
    height_cm: float = 0,
) -> None:  # fmt: skip
    """A table with a dark head that repeats on every page; rows do not break over pages. `blank` are columns to
    be filled in by hand, `fills` the colour of each row, `bold` columns in bold; `height_cm` is the least height of a
    row, for signatures."""
    from docx.shared import Cm

    grid = document.add_table(rows=1, cols=len(heads))
    grid.style = "Table Grid"
    grid.autofit = False
    for n, head in enumerate(heads):
        cell = grid.rows[0].cells[n]
        write(cell, head, bold=True, colour="FFFFFF")
        fill(cell, DARK)
    _repeat(grid.rows[0])
    for i, row in enumerate(rows):
        made = grid.add_row()
        _whole(made)
        if height_cm:
            made.height = Cm(height_cm)
        cells = made.cells
        colour = fills[i] if fills else None
        for n, text in enumerate(row):
            write(cells[n], text, bold=n in bold)
            if n in blank and not text:
                fill(cells[n], BLANK)
            elif colour:
                fill(cells[n], colour)
    _columns(grid, widths_cm)
    _gap(document)


def facts(
    document: Document, pairs: Sequence[tuple[str, str]], widths_cm: tuple[float, float] = (5.0, 21.4)
) -> None:
    """A table of labels and values; empty values are fields to be filled in by hand."""
    grid = document.add_table(rows=0, cols=2)
    grid.style = "Table Grid"
    grid.autofit = False
    for label, value in pairs:
        row = grid.add_row()
        _whole(row)
        cells = row.cells
        write(cells[0], label, bold=True)
        fill(cells[0], LIGHT)
        write(cells[1], value)
        if not value:
            fill(cells[1], BLANK)
    _columns(grid, widths_cm)
    _gap(document)


def _columns(grid: Any, widths_cm: Sequence[float]) -> None:
    """Fixed widths, said to the grid and to every cell (programs read one or the other), and room around the text."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Cm

    for column, width in zip(grid.columns, widths_cm, strict=True):
        column.width = Cm(width)
    for row in grid.rows:
        for cell, width in zip(row.cells, widths_cm, strict=True):
            cell.width = Cm(width)
    margins = OxmlElement("w:tblCellMar")
    for side, twips in (("top", 40), ("left", 80), ("bottom", 40), ("right", 80)):
        edge = OxmlElement(f"w:{side}")
        edge.set(qn("w:w"), str(twips))
        edge.set(qn("w:type"), "dxa")
        margins.append(edge)
    grid._tbl.tblPr.append(margins)


def _gap(document: Document) -> None:
    """A little room below a table."""
    from docx.shared import Pt

    paragraph = document.add_paragraph()
    paragraph.paragraph_format.space_after = 0
    paragraph.paragraph_format.line_spacing = Pt(6)


def write(cell: _Cell, text: str, *, bold: bool = False, colour: str = "") -> None:
    """Text into a cell, line by line."""
    from docx.shared import Pt, RGBColor

    for n, line in enumerate(text.split("\n")):
        paragraph = cell.paragraphs[0] if n == 0 else cell.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(1)
        run = paragraph.add_run(line)
        run.font.size = Pt(_TABLE_PT)
        run.bold = bold
        if colour:
            run.font.color.rgb = RGBColor.from_string(colour)


def fill(cell: _Cell, colour: str) -> None:
    """The background of a cell."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    shading = OxmlElement("w:shd")
    for key, value in (("w:val", "clear"), ("w:color", "auto"), ("w:fill", colour)):
        shading.set(qn(key), value)
    cell._tc.get_or_add_tcPr().append(shading)


def _fonts(properties: Any, fonts: dict[str, str]) -> None:
    from docx.oxml.ns import qn

    element = properties.get_or_add_rFonts()
    for key in [k for k in element.attrib if "Theme" in k]:
        del element.attrib[key]
    for slot in ("w:ascii", "w:hAnsi", "w:cs"):
        element.set(qn(slot), fonts["latin"])
    element.set(qn("w:eastAsia"), fonts["asian"])


def _no_rule(style: Any) -> None:
    """Take the line under a title away."""
    from docx.oxml.ns import qn

    properties = style.element.get_or_add_pPr()
    for border in properties.findall(qn("w:pBdr")):
        properties.remove(border)


def _repeat(row: Any) -> None:
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    _whole(row)


def _whole(row: Any) -> None:
    from docx.oxml import OxmlElement

    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _page_numbers(paragraph: Any, text: str) -> None:
    """`text    page / pages` at the foot of every page."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt

    def run(content: str) -> Any:
        out = paragraph.add_run(content)
        out.font.size = Pt(8)
        return out

    run(f"{text}    ")
    for n, code in enumerate(("PAGE", "NUMPAGES")):
        if n:
            run(" / ")
        field = OxmlElement("w:fldSimple")
        field.set(qn("w:instr"), code)
        inner = OxmlElement("w:r")
        shown = OxmlElement("w:t")
        shown.text = "1"
        inner.append(shown)
        field.append(inner)
        paragraph._p.append(field)
