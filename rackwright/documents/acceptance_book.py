"""acceptance.xlsx: the record of a verify run as acceptance teams keep it, Chinese first, English beside or beneath."""

from __future__ import annotations

import hashlib
import io
import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from inventory.findings import Text
from inventory.plan_store import plan_folder
from rackwright.cli.verify_text import NOBODY_LOOKED, is_fine, share, tally, verdict_line
from rackwright.documents.acceptance_run import Verified, instant, local, test_title, tests_of, zone
from rackwright.documents.acceptance_sheets import Table, tables
from rackwright.documents.files import write_bytes
from rackwright.documents.sheet_model import Cell, Column, Marked
from rackwright.documents.workbook import CELL, LINE_PT, display_width, formats_of, put

A4 = 9
MOST_PT = 405
"""The most a row can be high."""
HEAD_ROWS = 2
WIDEST = {"text": 24, "long": 38}
PEN_WIDTH = 11
ONE_LINE = {"SHA-256": 66, "evidence file": 64, "file": 64, "labels": 46, "label A": 46, "label B": 46}
"""How wide columns may be, in characters, that are compared or copied and so stand in one line."""
REHEARSAL = "演练环境，非验收结论 / rehearsal, no acceptance"
WHOLE = Text("everything the plan gives an address", "规划中有地址的全部设备")
PARTIES = (Text("Constructor", "施工单位"), Text("Supervisor", "监理单位"), Text("Owner", "建设单位"))
LEGEND = Text(
    "Items are planned items and extra ones. Not run is never a pass: nobody looked. On the other sheets 通过 is pass, 不符 "
    "different, 缺失 missing, 接反 swapped, 多余 extra, 未执行 not run, 无法呈现 not shown by the lab, — not tested: nothing is intended, "
    "or it was not asked for.",
    "核验项含规划项与多余项。“未执行”表示无人核验，绝不计为通过；“无法呈现”仅用于演练环境；“—”表示无预期值或不在本次范围内，未核验。",
)


def write_acceptance_book(run: Verified, path: Path) -> None:
    """Write the record, whole or not at all. The same run gives the same bytes; raises OSError when it cannot be
    written. Texts are written as texts, whatever they start with."""
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    begun = began(run.folder)
    created = begun.replace(tzinfo=None) if begun else datetime(2000, 1, 1)
    name = run.inventory.project.title
    book.set_properties(
        {"title": f"{name.zh} 核验记录 acceptance record", "author": "rackwright", "created": created}
    )
    formats = {**formats_of(book), **_more_formats(book)}
    for kind in ("text", "bad", "attention", "unknown"):
        formats[kind].set_text_wrap()
        formats[kind].set_align("left")
        formats[kind].set_indent(1)
    for kind in ("head", "head-en", "count"):
        formats[kind].set_align("center")
    formats["bad"].set_bg_color("#FBE4E2")
    formats["unknown"].set_bg_color("#E9E3F5")
    _summary(book, formats, run)
    for table in tables(run):
        _write(book, formats, run, table)
    book.close()
    write_bytes(path, buffer.getvalue())


def asked_for(
    site: str | None, pair: Sequence[str], host: Sequence[str], only: str | None, lab: str | None
) -> Text:
    """What a run was asked to look at."""
    zh, en = [], []
    for word_zh, word_en, names in (("站点", "site", [site] if site else []), ("成对设备", "pair", pair), ("设备", "host", host)):  # fmt: skip
        if names:
            zh.append(f"{word_zh} {'、'.join(names)}")
            en.append(f"{word_en} {', '.join(names)}")
    if only:
        kinds = {"switches": "交换机", "servers": "服务器", "controllers": "BMC"}
        zh.append(f"仅{kinds[only]}")
        en.append(f"{only} only")
    if lab:
        zh.append(f"演练环境 {lab} 内的设备")
        en.append(f"what stands in lab {lab}")
    if not zh:
        return WHOLE
    return Text("; ".join(en), "；".join(zh))


def plan_fingerprint(project: Path) -> str:
    """The identity of a plan: what `sha256sum *.yml | sha256sum` says in its folder."""
    files = sorted(plan_folder(project).glob("*.yml"))
    rows = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    return hashlib.sha256("".join(rows).encode()).hexdigest()


def began(folder: Path) -> datetime | None:
    """When a run began: its folder bears the time. None for a folder somebody named otherwise."""
    stamp = re.match(r"\d{8}T\d{6}Z", folder.name)
    return datetime.strptime(stamp.group(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if stamp else None


def _more_formats(book: Any) -> dict[str, Any]:
    wrapped = {**CELL, "text_wrap": True, "valign": "vcenter"}
    center = {**wrapped, "align": "center"}
    return {
        "title": book.add_format({"font_name": CELL["font_name"], "font_size": 16, "bold": True, "font_color": "#1F3B63", "valign": "vcenter"}),
        "banner": book.add_format({**center, "bold": True, "font_size": 12, "bg_color": "#FDE9D9", "font_color": "#8A5A00"}),
        "label": book.add_format({**wrapped, "bold": True, "bg_color": "#E4EAF2", "font_color": "#33415C"}),
        "value": book.add_format(wrapped),
        "accepted": book.add_format({**wrapped, "bold": True, "font_size": 14, "bg_color": "#DDF0DF", "font_color": "#1B5E20"}),
        "rejected": book.add_format({**wrapped, "bold": True, "font_size": 14, "bg_color": "#FBE4E2", "font_color": "#B3261E"}),
        "rehearsed": book.add_format({**wrapped, "bold": True, "font_size": 14, "bg_color": "#FDE9D9", "font_color": "#8A5A00"}),
        "group": book.add_format({**CELL, "bold": True, "text_wrap": True, "align": "left", "indent": 1, "bg_color": "#D3CAE8"}),
        "share": book.add_format({**CELL, "align": "center"}),
        "note": book.add_format({**wrapped, "font_size": 9, "font_color": "#33415C"}),
        "count-bad": book.add_format({**CELL, "bold": True, "align": "center", "num_format": "0", "bg_color": "#FBE4E2", "font_color": "#B3261E"}),
        "count-unknown": book.add_format({**CELL, "bold": True, "align": "center", "num_format": "0", "bg_color": "#E9E3F5", "font_color": "#5B3FA0"}),
    }  # fmt: skip


COUNTS = (
    Column("测试", "test"), Column("核验项", "items", "count"), Column("其中规划项", "of them planned", "count"), Column("已执行", "run", "count"),
    Column("覆盖率", "coverage"), Column("通过", "passed", "count"), Column("通过率", "passed of run"), Column("缺失", "missing", "count"),
    Column("接反", "swapped", "count"), Column("不符", "different", "count"), Column("多余", "extra", "count"),
    Column("未执行", "not run", "count"), Column("无法呈现", "not shown", "count"),
)  # fmt: skip
_LAST = len(COUNTS) - 1


def _summary(book: Any, formats: dict[str, Any], run: Verified) -> None:
    """The first page: what was asked for, counts, verdict, and lines to sign."""
    page = book.add_worksheet("结论 Summary")
    _page(page, run, "结论 Summary")
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    page.freeze_panes(1, 0)
    page.set_column(0, 0, 27)
    page.set_column(1, _LAST, 11)
    name = run.inventory.project.title
    page.set_row(0, 30)
    page.write_string(0, 0, f"{name.zh} 核验记录  {name.en}: acceptance record", formats["title"])
    row = 1
    if run.rehearsal:
        page.set_row(row, 24)
        page.merge_range(row, 0, row, _LAST, REHEARSAL, formats["banner"])
        row += 1
    for label, value in _facts(run):
        page.set_row(row, 16 * max(1, value.count("\n") + 1))
        page.write_string(row, 0, f"{label.zh} {label.en}", formats["label"])
        page.merge_range(row, 1, row, _LAST, value, formats["value"])
        row += 1
    fine = is_fine(list(run.results), run.rehearsal)
    en, _, zh = verdict_line(fine, run.rehearsal).partition(" | ")
    page.set_row(row, 30)
    page.write_string(row, 0, "结论 Verdict", formats["label"])
    style = "rehearsed" if run.rehearsal else "accepted" if fine else "rejected"
    text = f"{zh.removeprefix('结论：')}  {en.removeprefix('verdict: ')}"
    if run.scope != WHOLE and not run.rehearsal:
        text += "（仅就上述核验范围  for what was asked only）"
    page.merge_range(row, 1, row, _LAST, text, formats[style])
    row = _counts(page, formats, run, row + 2)
    page.set_row(row, 44)
    page.merge_range(row, 0, row, _LAST, f"{LEGEND.zh}\n{LEGEND.en}", formats["note"])
    row += 2
    heads = ("单位 Party", "姓名 Name", "签字 Signature", "日期 Date")
    for texts in (heads, *((f"{p.zh} {p.en}", "", "", "") for p in PARTIES)):
        head = texts is heads
        page.set_row(row, 20 if head else 36)
        page.write_string(row, 0, texts[0], formats["head" if head else "label"])
        for (first, last), said in zip(((1, 4), (5, 9), (10, _LAST)), texts[1:], strict=True):
            page.merge_range(row, first, row, last, said, formats["head" if head else "blank"])
        row += 1


def _facts(run: Verified) -> list[tuple[Text, str]]:
    """What the first page says of the run."""
    h, names = run.utc_offset_h, run.inventory.project
    begun = began(run.folder)
    answers = sorted(at for f in run.told for e in f.evidence if (at := instant(e.at)))
    silent = sum(bool(f.error) for f in run.told)
    return [
        (Text("Project", "项目"), f"{names.title.zh}  {names.title.en} ({names.name})"),
        (Text("Run", "运行"), f"{run.folder.name}\n开始 begun {_both_times(begun, h)}；最后应答 last answer {_both_times(answers[-1] if answers else None, h)}"),
        (Text("Asked for", "核验范围"), f"{run.scope.zh}  {run.scope.en}"),
        (Text("Devices", "设备"), f"规划 {len(run.plan.devices)} 台，本次询问 {len(run.asked)} 台  {len(run.plan.devices)} planned, {len(run.asked)} asked"
         + (f"\n{silent} 个系统或 BMC 未完整应答  {silent} systems or controllers did not answer fully" if silent else "")),
        (Text("By hand", "人工核验"), _left(run)),
        (Text("Plan", "规划标识"), f"SHA-256 {run.plan_sha256}\n规划目录内执行 in the folder of the plan: sha256sum *.yml | sha256sum"),
    ]  # fmt: skip


def _left(run: Verified) -> str:
    """What this run has no way to look at."""
    if not run.untested and not run.beside:
        return "无  nothing"
    n, m = len(run.untested), len(run.beside)
    return (
        f"另有 {n} 条串口线缆、{m} 台设备不在下列结果中，须人工核验，见“未执行”\n"
        f"{n} serial console cables and {m} devices are not among these results: look at them by hand, see Not run"
    )


def _both_times(at: datetime | None, utc_offset_h: float) -> str:
    """A time in UTC and as clocks at the site show it."""
    if at is None:
        return "未知 unknown"
    return f"{at:%Y-%m-%d %H:%M:%S} UTC（{local(at.isoformat(), utc_offset_h)} {zone(utc_offset_h)}）"


def _counts(page: Any, formats: dict[str, Any], run: Verified, row: int) -> int:
    """The table of counts, a row a test and one for all; the row below it."""
    _heads(page, formats, COUNTS, row)
    row += HEAD_ROWS
    for test in [*tests_of(run.results), None]:
        counts = tally(r for r in run.results if test in (None, r.test))
        total = counts.total()
        ran = total - sum(counts[v] for v in NOBODY_LOOKED)
        name = test_title(test) if test else Text("all", "合计")
        style = formats["text"] if test else formats["label"]
        page.write_string(row, 0, f"{name.zh} {name.en}", style)
        numbers: tuple[Cell, ...] = (total, total - counts["extra"], ran, share(ran, total), counts["pass"], share(counts["pass"], ran) if ran else "—")  # fmt: skip
        for n, value in enumerate(numbers, 1):
            put(page, {**formats, "text": formats["share"]}, row, n, COUNTS[n], value)
        for n, verdict in enumerate(("missing", "swapped", "different", "extra", *NOBODY_LOOKED), len(numbers) + 1):  # fmt: skip
            flag = "unknown" if verdict in NOBODY_LOOKED else "bad"
            page.write_number(
                row, n, counts[verdict], formats[f"count-{flag}" if counts[verdict] else "count"]
            )
        row += 1
    return row


def _write(book: Any, formats: dict[str, Any], run: Verified, table: Table) -> None:
    sheet = table.sheet
    page = book.add_worksheet(sheet.name)
    _page(page, run, sheet.name)
    rows = sheet.rows or ((Marked("无 none", "attention"), *[""] * (len(sheet.columns) - 1)),)
    last = len(sheet.columns) - 1
    widths = [_width(column, [row[n] for row in rows]) for n, column in enumerate(sheet.columns)]
    for n, width in enumerate(widths):
        page.set_column(n, n, width)
    page.freeze_panes(HEAD_ROWS, sheet.frozen)
    page.autofilter(HEAD_ROWS - 1, 0, HEAD_ROWS + len(rows) - 1, last)
    page.repeat_rows(0, HEAD_ROWS - 1)
    page.repeat_columns(0, sheet.frozen - 1)
    page.fit_to_pages(table.pages_wide, 0)
    page.print_across()
    _heads(page, formats, sheet.columns, 0)
    group = {**dict.fromkeys(formats, formats["group"]), "blank": formats["blank"]}
    for i, cells in enumerate(rows):
        styles = group if i in table.groups else formats
        page.set_row(i + HEAD_ROWS, _height_pt(cells, widths))
        for n, cell in enumerate(cells):
            put(page, styles, i + HEAD_ROWS, n, sheet.columns[n], cell)


def _page(page: Any, run: Verified, name: str) -> None:
    """A4 landscape; every page bears project, run, the plan's identity and its number, in a lab also what it is not."""
    page.set_paper(A4)
    page.set_landscape()
    page.set_margins(0.4, 0.4, 0.7, 0.6)
    title = run.inventory.project.title.zh.replace("&", "&&")[:60]
    page.set_header(f"&L{title}  {name}" + (f"&R{REHEARSAL}" if run.rehearsal else ""))
    page.set_footer(f"&L{run.folder.name}&C&P / &N&Rplan {run.plan_sha256[:12]}")


def _heads(page: Any, formats: dict[str, Any], columns: Sequence[Column], row: int) -> None:
    for i, attribute, style, height in ((row, "zh", "head", 32), (row + 1, "en", "head-en", 28)):
        page.set_row(i, height)
        for n, column in enumerate(columns):
            page.write_string(i, n, getattr(column, attribute), formats[style])


def _width(column: Column, cells: Sequence[Cell]) -> float:
    """Column width in characters, a Chinese one counting two: the longest line, or a head broken into two."""
    heads = max(display_width(column.zh) / 2 + 3, *(len(w) + 2 for w in column.en.split()), len(column.en) / 2 + 2)  # fmt: skip
    if column.kind == "blank":
        return max(heads, PEN_WIDTH)
    texts = (c.text if isinstance(c, Marked) else str(c or "") for c in cells)
    longest = max((display_width(line) for text in texts for line in text.split("\n")), default=0)
    return max(heads, min(longest + 3, ONE_LINE.get(column.en, WIDEST.get(column.kind, 12))))


def _height_pt(cells: Sequence[Cell], widths: Sequence[float]) -> int:
    """Height of a row in which every text can be read whole, or the most a row can have."""
    lines = 1
    for cell, width in zip(cells, widths, strict=True):
        text = cell.text if isinstance(cell, Marked) else cell if isinstance(cell, str) else ""
        room = 0.95 * max(width - 3, 1)
        lines = max(lines, sum(max(1, math.ceil(display_width(line) / room)) for line in text.split("\n")))
    return min(LINE_PT * lines, MOST_PT)
