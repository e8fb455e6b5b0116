"""acceptance.xlsx, read back: a small run in which every verdict is given once."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.load import PROJECTS
from inventory.model_operations import Delivery
from inventory.plan_model import Cable, End, Plan
from rackwright.cli.verify import keep_book
from rackwright.cli.verify_lab import Rehearsal
from rackwright.cli.verify_text import acceptance, tally
from rackwright.documents.acceptance_book import asked_for, plan_fingerprint, write_acceptance_book
from rackwright.documents.acceptance_run import Verified, local, reason, values, way_out
from topology.facts import ControllerFacts, DeviceFacts, Evidence, SeenDrive, SeenSupply
from topology.verify import Result

A, B = "A-ASW-01A", "A-ASW-01B"
HOSTILE = "=1+1"
SHEETS = [
    "结论 Summary",
    "问题清单 Findings",
    "未执行 Not run",
    "设备 Devices",
    "线缆 Cables",
    "证据 Evidence",
]
TABLES = SHEETS[1:]


def answer(device: str, command: str, second: int = 0) -> Evidence:
    return Evidence(
        command, f"2026-11-22T15:59:{second:02d}.500Z", f"raw/{device}/{command.replace(' ', '-')}.txt",
        hashlib.sha256(f"{device} {command}".encode()).hexdigest(),
    )  # fmt: skip


LLDP = {name: answer(name, "display lldp neighbor") for name in (A, B)}
FACTS = {
    A: DeviceFacts(A, serial="S-A", model="access-10g", version="V1", evidence=(answer(A, "display version"), LLDP[A])),
    B: DeviceFacts(B, serial="S-B", model="access-10g", version="V2", evidence=(LLDP[B],)),
    "db-001": DeviceFacts("db-001", version="Linux 5", evidence=(answer("db-001", "chronyc -c tracking"),)),
    "db-002": DeviceFacts("db-002", "10.1.0.5:22: no session within 15 s"),
}  # fmt: skip
CONTROLLERS = {
    "db-001": ControllerFacts(
        "db-001", serial="S-1", model="RDS 2U", bios="1.2", evidence=(answer("db-001", "GET /redfish/v1/Systems", 58),),
        supplies=(SeenSupply("PSU1", 1200.0, "OK"), SeenSupply("PSU2", 1200.0, "Critical")),
        drives=(SeenDrive("Disk1", 480_000_000_000, "OK"), SeenDrive("Disk2", 480_000_000_000, "OK")),
    ),
}  # fmt: skip


def result(test: str, subject: str, verdict: str, zh: str, **more: Any) -> Result:
    return Result(test, subject, verdict, "want", more.pop("found", "seen"), Text(f"en {zh}", zh), **more)  # type: ignore[arg-type]


NOT_RUN = Text("not run: 10.1.0.5:22: no session within 15 s", "未执行：10.1.0.5:22: no session within 15 s")
RESULTS = (
    result("cable", "A-F-000001", "pass", "与规划一致", evidence=(LLDP[A],)),
    result("cable", "A-F-000002 A-F-000006", "swapped", "接反说明", labels=("near 2", "far 2"), fix=Text("move it", "对调插头"), evidence=(LLDP[A], LLDP[B])),
    result("cable", "A-F-000003", "missing", "未发现邻居", evidence=(LLDP[A],)),
    result("cable", "A-F-000004", "pass", "与规划一致"),
    replace(result("cable", "A-F-000005", "not run", ""), message=Text("not run: db-002: 10.1.0.5:22: no session within 15 s", "未执行：db-002: 10.1.0.5:22: no session within 15 s")),
    result("cable", f"{B}:10GE1/0/9", "extra", "多出一根"),
    result("serial", A, "different", HOSTILE),
    result("answer", "db-001", "pass", "可达"),
    replace(result("answer", "db-002", "not run", ""), message=NOT_RUN),
    result("bond", "db-001", "not shown", "演练环境无法呈现：无驱动"),
)  # fmt: skip
BAD = [r for r in RESULTS if r.verdict != "pass"]


@pytest.fixture
def run(inventory: Inventory, plan: Plan, tmp_path: Path) -> Verified:
    console = Cable.model_validate({
        "id": "A-S-000001", "kind": "console", "type": "serial", "speed_gbps": 0.0, "a": End(device=A, port="console0"),
        "b": End(device="con", port="1"), "length_m": None, "stock_m": None, "label_a": "near s", "label_b": "far s",
    })  # fmt: skip
    known = replace(inventory, deliveries={"x": Delivery(name="x", device=A, serial="S-ordered")})
    return Verified(
        known, replace(plan, cables=(*plan.cables, console)), RESULTS, FACTS, CONTROLLERS,
        tmp_path / "20261122T155900Z", asked_for("A", (), (), None, None), "f" * 64, ("box-001",),
    )  # fmt: skip


@pytest.fixture
def read(tmp_path: Path) -> Callable[[Verified], openpyxl.Workbook]:
    def book(run: Verified) -> openpyxl.Workbook:
        write_acceptance_book(run, tmp_path / "acceptance.xlsx")
        return openpyxl.load_workbook(tmp_path / "acceptance.xlsx")

    return book


Read = Callable[[Verified], openpyxl.Workbook]


def rows_of(book: openpyxl.Workbook, sheet: str) -> list[dict[str, str]]:
    """Rows by the Chinese heads of their columns."""
    head, _, *rows = book[sheet].iter_rows(values_only=True)
    return [{str(h): str(v or "") for h, v in zip(head, row, strict=True)} for row in rows]


def rehearsal() -> Rehearsal:
    names = frozenset(FACTS)
    return Rehearsal("acc", Path(), names, frozenset({"A-F-000001"}), {"bond": Text("no driver", "无驱动")})


def header(page: Any) -> str:
    """What every printed page of a sheet bears at the right."""
    return str(page.oddHeader.right.text or "")


def text_of(book: openpyxl.Workbook, sheet: str) -> str:
    return "\n".join(str(c) for row in book[sheet].iter_rows(values_only=True) for c in row if c is not None)


def test_every_sheet_is_printed_on_a4_with_heads_and_page_numbers(run: Verified, read: Read) -> None:
    book = read(run)
    assert book.sheetnames == SHEETS
    for page in book:
        assert (page.page_setup.orientation, str(page.page_setup.paperSize)) == ("landscape", "9"), page.title
        assert page.freeze_panes and page.print_title_rows
        assert page.oddFooter is not None and page.oddFooter.center is not None
        assert page.oddFooter.center.text == "&P / &N"
        assert page.page_setup.fitToHeight in (0, "0")
    for name in TABLES:
        page = book[name]
        zh, en = (list(row) for row in page.iter_rows(max_row=2, values_only=True))
        assert all(zh) and all(en), name
        assert str(page.auto_filter.ref).startswith("A2:")
        assert page.print_title_rows == "$1:$2"


def test_every_result_that_is_no_pass_stands_exactly_once_on_findings_or_not_run(
    run: Verified, read: Read
) -> None:
    book = read(run)
    findings = [(r["对象"], r["判定"].split("\n")[1]) for r in rows_of(book, TABLES[0]) if r["序号"]]
    unseen = [
        (r["对象"], r["判定"].split("\n")[1]) for r in rows_of(book, TABLES[1]) if "项 items" not in r["测试"]
    ]
    told = Counter([*findings, *unseen])
    assert {("\n".join(r.subject.split()), r.verdict) for r in BAD} <= set(told)
    assert set(told.values()) == {1}
    beside = {("A-S-000001", "not run"), ("box-001", "not run")}
    assert set(told) - {("\n".join(r.subject.split()), r.verdict) for r in BAD} == beside
    assert [v for _, v in findings] == ["missing", "swapped", "different", "extra"], "worst first"


def test_findings_say_what_to_do_and_where_the_evidence_is_and_leave_room_for_a_pen(
    run: Verified, read: Read
) -> None:
    rows = {r["对象"]: r for r in rows_of(read(run), TABLES[0])}
    swap = rows["A-F-000002\nA-F-000006"]
    assert (swap["代码"], swap["问题"]) == ("VER002", "接反说明\nen 接反说明")
    assert swap["处理建议"] == "对调插头\nmove it"
    assert swap["线缆标签"] == "near 2\nfar 2"
    assert swap["证据文件"] == f"raw/{A}/display-lldp-neighbor.txt\nraw/{B}/display-lldp-neighbor.txt"
    assert swap["SHA-256"] == f"{LLDP[A].sha256}\n{LLDP[B].sha256}"
    assert swap["时间（UTC+8）"] == "2026-11-22 23:59:00"
    assert swap["位置"] == "A01-A01 U5-6\nA01-A02 U41\nA01-A01 U41"
    assert (swap["整改人"], swap["整改日期"], swap["复验"]) == ("", "", "")
    assert "按标签" in rows["A-F-000003"]["处理建议"], "what the code says where the result does not"
    assert "db-002 未完整应答" in rows["A-F-000003"]["问题"], (
        "an end without power looks like a missing cable"
    )
    assert [r["测试"] for r in rows_of(read(run), TABLES[0])[-2:]] == ["全部 all"] * 2
    assert rows["2 项 items"]["判定"] == "未执行\nnot run"


def test_not_run_is_grouped_by_reason_and_names_what_nobody_can_ask(run: Verified, read: Read) -> None:
    rows = rows_of(read(run), TABLES[1])
    heads = [
        (r["组"], r["原因"].split("\n")[0], r["测试"], r["对象"]) for r in rows if "项 items" in r["测试"]
    ]
    assert heads == [
        ("1", "15 秒内未建立会话", "2 项 items", "db-002"),
        ("2", "演练环境无法呈现：无驱动", "1 项 items", "db-001"),
        ("3", "串口线缆不传送以太网帧，两端无法自动识别", "1 项 items", ""),
        ("4", "本工具无法询问这些设备", "1 项 items", ""),
    ]
    assert [r["对象"] for r in rows if r["组"] == "1"][1:] == ["A-F-000005", "db-002"]
    assert "--resume" in rows[0]["处理建议"]


def test_not_run_never_looks_like_a_pass(run: Verified, read: Read) -> None:
    words = ("通过", "未执行", "无法呈现", "缺失", "接反", "不符", "多余")
    book = read(run)
    looks: dict[str, set[str]] = {w: set() for w in words}
    for cell in (c for name in TABLES for row in book[name].iter_rows(min_row=3) for c in row):
        word = next(iter(str(cell.value or "").split()), "")
        if word in words:
            looks[word].add(f"{cell.fill.fgColor.rgb} {cell.font.b}")
    assert all(looks.values())
    assert looks["通过"].isdisjoint(set().union(*(looks[w] for w in words[1:])))
    assert (looks["未执行"] | looks["无法呈现"]).isdisjoint(looks["不符"] | looks["缺失"])


def test_devices_stand_in_walking_order_with_what_was_ordered_beside_what_they_told(
    run: Verified, read: Read
) -> None:
    rows = rows_of(read(run), "设备 Devices")
    assert [(r["机柜"], r["U 位"], r["设备"]) for r in rows] == [
        ("A01-A01", "U41", A), ("A01-A01", "U5-6", "db-001"), ("A01-A02", "U41", B), ("A01-A02", "U5-6", "db-002"),
    ]  # fmt: skip
    first, db, second, silent = rows
    assert (first["序列号（到货）"], first["序列号（实测）"], first["序列号"]) == ("S-ordered", "S-A", "不符")
    assert (db["序列号（到货）"], db["BIOS 版本"]) == ("无到货记录\nno delivery note", "1.2")
    assert (db["电源（规划）"], db["电源（实测）"]) == ("2 x 1200 W", "2 x 1200 W\nPSU2: Critical")
    assert db["硬盘（实测）"] == "2 x 0.48 TB"
    assert (db["设备可达"], db["bond 聚合"], db["线缆"]) == ("通过", "无法呈现", "接反 1 / 2")
    assert (silent["设备可达"], silent["软件版本"], silent["序列号"]) == ("未执行", "未执行\nnot run", "—")
    assert silent["判定"] == "缺失 1，未执行 2 / 3"
    assert second["线缆"] == "接反 2，多余 1，未执行 1 / 4"


def test_every_planned_cable_is_one_row_and_serial_ones_are_not_run(run: Verified, read: Read) -> None:
    rows = rows_of(read(run), "线缆 Cables")
    assert [(r["线缆编号"], r["判定"].split("\n")[0]) for r in rows] == [
        ("A-F-000001", "通过"), ("A-F-000002", "接反"), ("A-F-000003", "缺失"), ("A-F-000004", "通过"),
        ("A-F-000005", "未执行"), ("A-F-000006", "接反"), ("A-S-000001", "未执行"),
    ]  # fmt: skip
    assert (rows[0]["A 端设备"], rows[0]["A 端端口"], rows[0]["A 端标签"]) == ("db-001", "p1", "near 1")
    assert rows[0]["证据文件"] == LLDP[A].file
    assert rows[3]["B 端端口"] == "未知 unknown"
    assert "人工核验" in rows[-1]["说明"]


def test_every_raw_answer_is_listed(run: Verified, read: Read) -> None:
    rows = rows_of(read(run), "证据 Evidence")
    all_of_it = [e for f in run.told for e in f.evidence]
    assert {(r["文件"], r["SHA-256"]) for r in rows} == {(e.file, e.sha256) for e in all_of_it}
    assert len(rows) == len(all_of_it)
    assert {r["来源"] for r in rows if r["设备"] == "db-001"} == {"系统 system", "BMC"}
    assert rows[0]["时间（UTC）"] == "2026-11-22T15:59:00.500Z"
    assert rows[0]["时间（UTC+8）"] == "2026-11-22 23:59:00"


def test_the_summary_says_what_acceptance_txt_says(run: Verified, read: Read) -> None:
    book = read(run)
    told = text_of(book, SHEETS[0])
    assert "不合格  not accepted" in told and "演练" not in told.split("核验项含")[0]
    assert "2026-11-22 15:59:00 UTC（2026-11-22 23:59:00 UTC+8）" in told
    assert "2026-11-22 15:59:58 UTC（2026-11-22 23:59:58 UTC+8）" in told, "the last answer"
    assert f"SHA-256 {'f' * 64}" in told and "站点 A  site A" in told
    assert "1 条串口线缆、1 台设备" in told
    assert all(party in told for party in ("施工单位", "监理单位", "建设单位", "日期 Date"))
    rows = [[str(c) for c in row] for row in book[SHEETS[0]].iter_rows(values_only=True)]
    cables, total = (next(r for r in rows if r[0] == name) for name in ("线缆 cables", "合计 all"))
    assert cables[1:] == ["7", "6", "6", "85.7 %", "2", "33.3 %", "1", "2", "0", "1", "1", "0"]
    assert total[1] == str(tally(RESULTS).total()) == "11"
    lines = acceptance(list(RESULTS))
    assert lines[0].startswith("cables: 2 of 7 pass; 85.7 % run, 33.3 % passed")
    assert lines[-1] == "verdict: not accepted | 结论：不合格"


def test_all_as_planned_is_accepted_and_nothing_at_all_is_not(run: Verified, read: Read) -> None:
    fine = replace(run, results=[r for r in RESULTS if r.verdict == "pass"])
    book = read(fine)
    assert "合格  accepted（仅就上述核验范围  for what was asked only）" in text_of(book, SHEETS[0])
    whole = read(replace(fine, scope=asked_for(None, (), (), None, None)))
    assert "合格  accepted" in text_of(whole, SHEETS[0])
    assert "what was asked only" not in text_of(whole, SHEETS[0])
    assert rows_of(book, TABLES[0])[0]["序号"] == "无 none"
    nothing = read(replace(run, results=[]))
    assert "不合格  not accepted" in text_of(nothing, SHEETS[0])


def test_in_a_lab_every_page_says_that_it_is_no_acceptance(run: Verified, read: Read) -> None:
    lab = rehearsal()
    fine = [r for r in RESULTS if r.verdict in ("pass", "not shown")]
    book = read(replace(run, results=fine, rehearsal=lab, plan=lab.slice_of(run.plan)))
    assert "演练环境，非验收结论 / rehearsal, no acceptance" in text_of(book, SHEETS[0])
    assert "演练与规划一致（非验收结论）  rehearsal as planned, no acceptance" in text_of(book, SHEETS[0])
    assert "accepted" not in text_of(book, SHEETS[0])
    assert all("非验收结论" in header(page) for page in book)
    assert [r["线缆编号"] for r in rows_of(book, "线缆 Cables")] == ["A-F-000001"]
    assert not any(header(page) for page in read(run))


def test_texts_stay_texts(run: Verified, read: Read) -> None:
    cells = [cell for page in read(run) for row in page.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    assert any(str(cell.value).startswith(HOSTILE) for cell in cells)


def test_the_same_run_gives_the_same_bytes_dated_when_it_began(run: Verified, tmp_path: Path) -> None:
    for name in ("one.xlsx", "two.xlsx"):
        write_acceptance_book(run, tmp_path / name)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()
    created = openpyxl.load_workbook(tmp_path / "one.xlsx").properties.created
    assert str(created) == "2026-11-22 15:59:00"
    write_acceptance_book(replace(run, folder=tmp_path / "renamed"), tmp_path / "one.xlsx")
    assert "开始 begun 未知 unknown" in text_of(openpyxl.load_workbook(tmp_path / "one.xlsx"), SHEETS[0])


def test_a_book_that_cannot_be_written_is_said_and_ends_no_run(
    run: Verified, capsys: pytest.CaptureFixture[str]
) -> None:
    assert keep_book(run)
    (run.folder / "acceptance.xlsx").unlink()
    (run.folder / "acceptance.xlsx").mkdir()
    assert not keep_book(run)
    assert "acceptance.xlsx" in capsys.readouterr().err
    assert [p.name for p in run.folder.iterdir()] == ["acceptance.xlsx"], "nothing half-written is left"


def test_the_identity_of_a_plan_is_what_sha256sum_says(tmp_path: Path) -> None:
    shutil.copytree(PROJECTS / "guangxi" / "plan", tmp_path / "plan")
    before = plan_fingerprint(tmp_path)
    said = subprocess.run("sha256sum *.yml | sha256sum", shell=True, cwd=tmp_path / "plan", capture_output=True, text=True, check=True)  # noqa: S602  # fmt: skip
    assert before == said.stdout.split()[0]
    cables = tmp_path / "plan" / "cables.yml"
    cables.write_text(
        cables.read_text(encoding="utf-8").replace("A-F-000001", "A-F-999999"), encoding="utf-8"
    )
    assert plan_fingerprint(tmp_path) != before


def test_what_was_asked_for_is_said_in_both_languages() -> None:
    assert asked_for(None, (), (), None, None).zh == "规划中有地址的全部设备"
    some = asked_for("A", ("P1", "P2"), (), "servers", "acc")
    assert some == Text(
        "site A; pair P1, P2; servers only; what stands in lab acc",
        "站点 A；成对设备 P1、P2；仅服务器；演练环境 acc 内的设备",
    )


def test_reasons_meet_whatever_devices_they_name(run: Verified) -> None:
    reasons = [reason(run, r) for r in RESULTS if r.verdict == "not run"]
    assert len(set(reasons)) == 1
    assert reasons[0] == Text("no session within 15 s", "15 秒内未建立会话")


def test_what_to_do_fits_the_reason() -> None:
    assert "--resume" in way_out("not run", Text("no session within 15 s", "")).en
    assert "by hand" in way_out("not shown", Text("no driver", "")).en
    assert "open its page" in way_out("not run", Text("is up, its other end does not speak LLDP", "")).en
    assert (
        "not part of this run" in way_out("not run", Text("its management controller was not asked", "")).en
    )


def test_values_that_are_words_stand_in_chinese_too() -> None:
    assert values("up") == "连通\nup"
    assert values("A-F-1 ends at x:1; A-F-2 ends at y:1").startswith("A-F-1 实接 x:1\nA-F-1 ends")
    assert values("LAB-1.0.0") == "LAB-1.0.0"


def test_a_time_that_is_none_is_left_as_it_is() -> None:
    assert local("2026-01-01T20:00:00Z", 8) == "2026-01-02 04:00:00"
    assert local("yesterday", 8) == "yesterday"
