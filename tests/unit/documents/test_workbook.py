"""plan.xlsx, read back."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from inventory.checks import Report
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from rackwright.documents.workbook import write_workbook

FORMULA = "=1+1"


SHEETS = [
    "概要", "设备及功耗清单", "机柜汇总", "端口分配表", "线缆布放表", "电源线", "光模块及线缆清单", "地址规划表", "问题清单", "假设清单",
]  # fmt: skip


@pytest.fixture
def book(inventory: Inventory, plan: Plan, report: Report, tmp_path: Path) -> openpyxl.Workbook:
    write_workbook(inventory, plan, report, tmp_path / "plan.xlsx")
    return openpyxl.load_workbook(tmp_path / "plan.xlsx")


def rows_of(book: openpyxl.Workbook, sheet: str) -> list[dict[str, object]]:
    head, _, *rows = book[sheet].iter_rows(values_only=True)
    return [dict(zip((str(h) for h in head), row, strict=True)) for row in rows]


def test_workbook_has_every_table_with_two_header_rows(book: openpyxl.Workbook) -> None:
    assert book.sheetnames == SHEETS
    for page in book:
        zh, en = (list(row) for row in page.iter_rows(max_row=2, values_only=True))
        assert all(zh) and all(en), page.title
        assert page.freeze_panes and str(page.freeze_panes).endswith("3")
        assert page.auto_filter.ref is not None and page.auto_filter.ref.startswith("A2:")


def test_workbook_writes_no_formula(book: openpyxl.Workbook) -> None:
    cells = [cell for page in book for row in page.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    assert any(cell.value == FORMULA and cell.data_type in ("s", "inlineStr") for cell in cells)


def test_workbook_says_unknown_where_nobody_knows(book: openpyxl.Workbook) -> None:
    devices = {row["设备名称"]: row for row in rows_of(book, "设备及功耗清单")}
    assert devices["box-001"]["峰值 W"] == devices["box-001"]["重量 kg"] == "未知 unknown"
    assert devices["late-001"]["机柜"] == "未落位 not placed"
    assert isinstance(devices["db-001"]["峰值 W"], float)
    racks = {row["机柜"]: row for row in rows_of(book, "机柜汇总")}
    assert racks["A01-A02"]["峰值 W"] == "≥ 1200" and racks["A01-A02"]["总重 kg"] == "未知 unknown"
    assert racks["A01-A02"]["结论"] == racks["A01-A03"]["结论"] == "未评估 not evaluated"
    assert racks["A01-A01"]["结论"] == "超限 over"
    uplink = next(row for row in rows_of(book, "线缆布放表") if row["线缆编号"] == "A-F-000004")
    assert uplink["B 端 端口"] == uplink["订货长度 m"] == "未知 unknown"
    bill = rows_of(book, "光模块及线缆清单")
    assert [row["结论"] for row in bill] == ["短缺 short", "未评估 not evaluated", "未评估 not evaluated"]


def test_workbook_lists_free_ports_too(book: openpyxl.Workbook, inventory: Inventory) -> None:
    ports = [row for row in rows_of(book, "端口分配表") if row["设备"] == "A-ASW-01A"]
    assert len(ports) == len(inventory.catalog.device_types["access-10g-48s6q"].interfaces)
    assert sum(row["用途"] == "空闲 free" for row in ports) == 38 + 3 + 1 + 2 + 1
    one = next(row for row in ports if row["端口"] == "10GE1/0/1")
    assert (one["对端设备"], one["对端端口"], one["对端机柜"], one["本端标签"]) == (
        "db-001", "p1", "A01-A01", "far 1",
    )  # fmt: skip


def test_workbook_keeps_waived_findings_and_tombstones(book: openpyxl.Workbook) -> None:
    findings = rows_of(book, "问题清单")
    assert [row["状态"] for row in findings].count("已豁免 waived") == 1
    assert "未评估 not evaluated" in {row["状态"] for row in findings}
    states = [str(row["状态"]) for row in rows_of(book, "地址规划表")]
    assert any("2026-01-01" in state for state in states)


def test_workbook_is_the_same_bytes_every_time(
    inventory: Inventory, plan: Plan, report: Report, tmp_path: Path
) -> None:
    for name in ("one.xlsx", "two.xlsx"):
        write_workbook(inventory, plan, report, tmp_path / name)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
