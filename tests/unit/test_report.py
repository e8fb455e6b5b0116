"""The report, the workbook and the summary, on a plan of six devices made by hand."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import openpyxl
import pytest
from rich.console import Console

from inventory.checks import Outcome, Report
from inventory.findings import Finding, Position, Severity, Status, Text, Waived
from inventory.inventory import Inventory
from inventory.load import load
from inventory.plan_model import (
    BomLine,
    Cable,
    Cord,
    End,
    LoadLine,
    PlacedDevice,
    PlacementProof,
    Plan,
    PlannedAddress,
    PlannedAsn,
    PlannedPrefix,
)
from rackwright.cli.summary_text import print_summary
from rackwright.documents.device_list import device_lines
from rackwright.documents.elevation import rooms
from rackwright.documents.files import write_bytes
from rackwright.documents.port_use import families, switch_ports
from rackwright.documents.power_bars import bar, panel_phases
from rackwright.documents.report import render, write_report
from rackwright.documents.workbook import write_workbook
from rackwright.figures import figures
from rackwright.summary import Summary, summarise

HOSTILE = "</script><script>alert(1)</script>"
FORMULA = "=1+1"

PROJECT = f"""
project: {{name: small, title: {{en: "Small {HOSTILE}", zh: "小项目"}}}}
sites:
  - {{name: A, role: production, title: {{en: Production, zh: 生产中心}}, assumed: {{role: nobody says}}}}
rooms:
  - {{name: A01, site: A}}
panels:
  - {{name: PA, room: A01, side: a, ups: UA, phases: 3, voltage_v: 220}}
  - {{name: PB, room: A01, side: b, ups: UB, phases: 3, voltage_v: 220}}
ups:
  - {{name: UA, site: A, side: a}}
  - {{name: UB, site: A, side: b}}
rows:
  - name: A01-A
    room: A01
    y_m: 2.0
    rack_type: rack-42u-1200-5kw
    feeds: {{a: {{panel: PA, breaker_a: 32}}, b: {{panel: PB, breaker_a: 32}}}}
    racks:
      - {{name: A01-A01, phase: L1}}
      - {{name: A01-A02, phase: L2}}
      - {{name: A01-A03, phase: L3, reserved: "carrier"}}
port_plans:
  - name: pp
    device_type: access-10g-48s6q
    ranges: {{server: "10GE1/0/[1-40]", growth: "10GE1/0/[41-44]", test: "10GE1/0/[45-46]", uplink: "100GE1/0/[1-4]", peer_link: "100GE1/0/[5-6]"}}
pairs:
  - name: A-ASW-01
    title: {{en: Access pair, zh: 接入组}}
    device_type: access-10g-48s6q
    site: A
    port_plan: pp
    downlink: {{cable: fibre-om4-lc, optic: sfpp-10g-sr}}
fleets:
  - {{name: db, title: {{en: Database, zh: "{FORMULA}"}}, role: server, device_type: hygon-c86-rds-2u, count: 2, site: A, workload: db, attach: {{pairs: [A-ASW-01]}}}}
  - {{name: box, title: {{en: Sealed box, zh: 黑盒}}, role: appliance, device_type: sealed-box, count: 1, site: A}}
  - {{name: late, title: {{en: Late, zh: 后到}}, role: server, device_type: hygon-c86-rds-2u, count: 1, site: null}}
existing_switches:
  - {{name: CORE-1, title: {{en: Core, zh: 核心}}, site: A, role: core}}
pools:
  - {{name: a-business, plane: business, site: A, prefix: 10.1.0.0/24}}
statements:
  - {{name: servers, text: {{en: five servers, zh: 五台服务器}}, measure: servers, amount: 5}}
licences:
  - {{name: cores, title: {{en: Cores, zh: 核}}, fleets: [db], metrics: [{{amount: 128, unit: core, measure: cores}}]}}
"""
SEALED_BOX = """
manufacturer: Nobody
model: Sealed box
slug: sealed-box
u_height: 1
rackwright: {kind: appliance}
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    (tmp_path / "catalog/device-types/Nobody").mkdir(parents=True)
    (tmp_path / "catalog/device-types/Nobody/sealed-box.yaml").write_text(SEALED_BOX, encoding="utf-8")
    (tmp_path / "project.yml").write_text(PROJECT, encoding="utf-8")
    loaded = load(tmp_path)
    assert loaded.inventory is not None, loaded.findings
    return loaded.inventory


def device(name: str, owner: str, kind: str, rack: str | None, position: int | None) -> PlacedDevice:
    return PlacedDevice(name=name, owner=owner, device_type=kind, site="A", rack=rack, position=position)


def cable(number: int, kind: str, a: End, b: End, stock_m: float | None = 3.0) -> Cable:
    return Cable.model_validate({
        "id": f"A-F-{number:06d}", "kind": kind, "type": "fibre-om4-lc", "speed_gbps": 10.0, "a": a, "b": b,
        "length_m": stock_m, "stock_m": stock_m, "label_a": f"near {number}", "label_b": f"far {number}",
    })  # fmt: skip


def load_line(kind: str, element: str, limit_w: float | None, peak_w: float, *unknown: str) -> LoadLine:
    half = 0.8 * peak_w
    return LoadLine.model_validate({
        "kind": kind, "element": element, "limit_w": limit_w, "alloc_w": half, "peak_w": peak_w,
        "alloc_a_dead_w": half, "peak_a_dead_w": 2 * peak_w if kind == "feed" else peak_w, "alloc_b_dead_w": half,
        "peak_b_dead_w": peak_w, "unknown": unknown,
    })  # fmt: skip


@pytest.fixture
def plan() -> Plan:
    rds, asw = "hygon-c86-rds-2u", "access-10g-48s6q"
    a, b = "A-ASW-01A", "A-ASW-01B"
    return Plan(
        devices=(
            device(a, "A-ASW-01", asw, "A01-A01", 41),
            device(b, "A-ASW-01", asw, "A01-A02", 41).model_copy(update={"face": "rear"}),
            device("box-001", "box", "sealed-box", "A01-A02", 9),
            device("db-001", "db", rds, "A01-A01", 5),
            device("db-002", "db", rds, "A01-A02", 5),
        ),
        cables=(
            cable(1, "access", End(device="db-001", port="p1", optic="sfpp-10g-sr"), End(device=a, port="10GE1/0/1")),
            cable(2, "access", End(device="db-001", port="p2"), End(device=b, port="10GE1/0/1")),
            cable(3, "access", End(device="db-002", port="p1"), End(device=a, port="10GE1/0/2")),
            cable(4, "uplink", End(device=a, port="100GE1/0/1"), End(device="CORE-1", port=None), None),
            cable(5, "access", End(device="db-002", port="p2"), End(device=b, port="10GE1/0/1")),
            cable(6, "peer-link", End(device=a, port="100GE1/0/5"), End(device=b, port="100GE1/0/5")),
        ),
        cords=(
            Cord(id="A-P-000001", device="db-001", inlet="PSU1", rack="A01-A01", side="a", pdu="A01-A01/pdu-a",
                 bank="B1", outlet="B1-C13-01", phase="L1"),
        ),
        prefixes=(
            PlannedPrefix(prefix="10.1.0.0/26", pool="a-business", plane="business", site="A", used_by="A-ASW-01", gateway="10.1.0.1", vid=101),
        ),
        asns=(PlannedAsn(asn=65101, pool="access", site="A", used_by="A-ASW-01"),),
        addresses=(
            PlannedAddress(address="10.1.0.4", prefix="10.1.0.0/26", plane="business", device="db-001", interface="bond0", vid=101),
            PlannedAddress(address="10.1.0.5", prefix="10.1.0.0/26", plane="business", device="gone-001", interface="bond0", released="2026-01-01"),
        ),
        proofs=(
            PlacementProof(site="A", status="infeasible", method="cp-sat", racks=2, lower_bound=2, proof="peak 7 kW / 5 kW",
                           placed=5, unplaced=("late-001",), conflicts=("rack A01-A03 is reserved",)),
        ),
        bom=(
            BomLine(item="sfpp-10g-sr", site="A", where="db", needed=4, supplied=3, spare_wanted=2, result="short", quantity=1),
        ),
        power=(
            load_line("rack", "A01-A01", 5000.0, 4100.0),
            load_line("rack", "A01-A02", 5000.0, 1200.0, "box-001"),
            load_line("feed", "A01-A01/a", 5350.4, 1025.0),
            load_line("feed", "A01-A01/b", 2000.0, 1025.0),
            load_line("phase", "PA/L1", None, 1025.0),
            load_line("phase", "PA/L2", None, 500.0),
            load_line("phase", "PA/L3", None, 0.0),
            load_line("phase", "PB/L2", None, 500.0, "box-001"),
            load_line("panel", "PA", None, 1525.0),
        ),
    )  # fmt: skip


@pytest.fixture
def report() -> Report:
    here = Position("small/project.yml", 12, 3)
    waived = Waived("accepted for the trial run", "owner", "2027-01-01")
    return Report(
        (
            Finding("PWR099", Severity.ERROR, "A01-A01/b", Text("too much", "过载"), here, Text("move it", "移走"), "2050 W > 2000 W"),
            Finding("PWR099", Severity.ERROR, "A01-A02/b", Text("too much", "过载"), here, waived=waived),
            Finding("RED099", Severity.WARNING, "box", Text(f"draw unknown {HOSTILE}", FORMULA), here, status=Status.NOT_EVALUATED),
            Finding("RED098", Severity.WARNING, "db", Text("two in one rack", "同柜"), None),
        ),
        (Outcome("PWR099", 4, 2, 0), Outcome("RED098", 1, 1, 0), Outcome("RED099", 1, 0, 1), Outcome("NET099", 3, 0, 0)),
    )  # fmt: skip


@pytest.fixture
def summary(inventory: Inventory, plan: Plan, report: Report) -> Summary:
    return summarise(inventory, plan, report)


# ---------------------------------------------------------------- summary


def test_summary_counts_from_the_state_of_the_plan(summary: Summary) -> None:
    assert (summary.devices, summary.placed, summary.unplaced) == (6, 5, ("late-001",))
    site = summary.racks[0]
    assert (site.used, site.available, site.reserved, site.status, site.unknown) == (2, 2, 1, "infeasible", 1)
    assert (summary.cables, summary.cables_of_unknown_length, summary.stock_m) == (6, 1, 15.0)
    assert (summary.addresses, summary.tombstones) == (1, 1)
    assert (summary.optics.needed, summary.optics.supplied, summary.optics.short_pieces) == (4, 3, 1)
    counts = summary.counts
    assert (counts.errors, counts.warnings, counts.waived, counts.not_evaluated) == (1, 1, 1, 1)
    assert (counts.checks_passed, counts.checks_failed, counts.checks_not_evaluated) == (1, 2, 1)


def test_summary_finds_the_tightest_rack_and_the_feed_that_fails_alone(summary: Summary) -> None:
    assert summary.tightest_rack is not None and summary.tightest_rack.element == "A01-A01"
    assert summary.tightest_feed is not None
    assert (summary.tightest_feed.element, summary.tightest_feed.dead) == ("A01-A01/b", "a")
    states = {figure.key: figure.state for figure in figures(summary)}
    assert states["feed"] == "bad" and states["rack"] == "good"
    assert states["loads.unknown"] == states["cables"] == states["load.A"] == "unknown"


def test_summary_of_an_empty_plan_is_not_evaluated_rather_than_zero(
    inventory: Inventory, report: Report
) -> None:
    by_key = {figure.key: figure for figure in figures(summarise(inventory, Plan(), report))}
    for key in ("rack", "feed", "load.A", "optics"):
        assert (by_key[key].value.en, by_key[key].state) == ("not evaluated", "unknown"), key


def test_every_figure_speaks_both_languages(summary: Summary) -> None:
    for figure in figures(summary):
        assert figure.label.en and figure.label.zh and bool(figure.note.en) == bool(figure.note.zh)
        assert re.search("[一-鿿]", figure.label.zh), figure.key


def test_summary_dict_is_plain_data(summary: Summary) -> None:
    import json

    data = json.loads(json.dumps(summary.to_dict()))
    assert data["counts"]["errors"] == 1 and data["title"]["zh"] == "小项目"


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_terminal_summary_marks_only_what_matters(summary: Summary, language: str, width: int) -> None:
    out = io.StringIO()
    print_summary(Console(file=out, width=width), summary, ["build/small/report.html"], language)  # type: ignore[arg-type]
    lines = [line for line in out.getvalue().splitlines() if line.strip()]
    assert all(len(line) <= width for line in lines) and len(lines) < 32
    marked = {line[0] for line in lines[1:-1]}
    assert marked <= {" ", "!", "?", "✗", "X"} and " " in marked
    assert "build/small/report.html" in lines[-1]


# ---------------------------------------------------------------- parts


def test_ports_of_a_switch_and_their_uses(inventory: Inventory, plan: Plan) -> None:
    switches = {switch.name: switch for switch in switch_ports(inventory, plan)}
    uses = {port.port: port.use for port in switches["A-ASW-01A"].ports}
    assert uses["10GE1/0/1"] == uses["10GE1/0/2"] == "server"
    assert (uses["10GE1/0/3"], uses["10GE1/0/41"], uses["10GE1/0/45"]) == ("free", "growth", "reserved")
    assert (uses["100GE1/0/1"], uses["100GE1/0/5"], uses["100GE1/0/6"]) == ("uplink", "peer", "free")
    other = {port.port: port for port in switches["A-ASW-01B"].ports}
    assert other["10GE1/0/1"].use == "clash" and len(other["10GE1/0/1"].cables) == 2


def test_port_families_count_used_of_usable(inventory: Inventory, plan: Plan) -> None:
    fast, slow = families(switch_ports(inventory, plan))
    assert (fast.speed_gbps, fast.used, fast.usable, fast.tightest) == (100.0, 3, 12, "A-ASW-01A")
    assert (slow.used, slow.usable, slow.tightest_usable) == (3, 92, 46)


def test_elevation_draws_devices_where_they_stand(inventory: Inventory, plan: Plan) -> None:
    room = rooms(inventory, plan, device_lines(inventory, plan))[0]
    first, second, reserved = room.rows[0].racks
    boxes = {box.name: box for box in (*first.boxes, *second.boxes)}
    assert boxes["A-ASW-01A"].y == pytest.approx((42 - 41) * 10 + 0.5)
    assert boxes["db-001"].y + boxes["db-001"].height == pytest.approx((42 - 4) * 10 - 0.5)
    assert boxes["A-ASW-01B"].rear and boxes["A-ASW-01B"].width == boxes["A-ASW-01A"].width
    assert not reserved.boxes and reserved.rack.reserved == "carrier" and reserved.bar is None


def test_unknown_draw_is_a_least_value_and_never_a_pass(plan: Plan, inventory: Inventory) -> None:
    lines = {line.element: line for line in plan.power}
    shown = bar(lines["A01-A02"])
    assert shown.verdict == "unknown" and shown.figures == "≥0.96 / ≥1.20 / 5.00"
    assert bar(lines["PA"]).verdict == "unknown"
    phases = {panel.panel: panel for panel in panel_phases(inventory, plan)}
    assert phases["PA"].verdict == "bad" and phases["PB"].imbalance is None


def test_files_are_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "deep" / "file.html"
    write_bytes(target, b"old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_bytes(target, b"new")
    assert target.read_bytes() == b"old"
    assert [p.name for p in target.parent.iterdir()] == ["file.html"]


# ---------------------------------------------------------------- report.html


class Page(HTMLParser):
    """What the tests ask of a page: tags with attributes, scripts, and the spans of each language in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[tuple[dict[str, str | None], str]] = []
        self.spans: list[tuple[str, str]] = []
        self._stack: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        self._stack.append(attributes.get("class") or "" if tag == "span" else tag)
        if tag in ("script", "style"):
            self.raw.append((attributes, ""))
        if tag == "span" and attributes.get("class") in ("zh", "en"):
            self.spans.append((str(attributes["class"]), ""))

    def handle_endtag(self, tag: str) -> None:
        if self._stack:
            self._stack.pop()

    def handle_data(self, data: str) -> None:
        top = self._stack[-1] if self._stack else ""
        if top in ("script", "style"):
            self.raw[-1] = (self.raw[-1][0], self.raw[-1][1] + data)
        elif top in ("zh", "en"):
            self.spans[-1] = (self.spans[-1][0], self.spans[-1][1] + data)


@pytest.fixture
def text(inventory: Inventory, plan: Plan, report: Report, summary: Summary) -> str:
    return render(inventory, plan, report, summary)


@pytest.fixture
def page(text: str) -> Page:
    return Page(text)


def test_report_needs_nothing_from_outside(page: Page, text: str) -> None:
    for tag, attributes in page.tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base"), tag
        assert "src" not in attributes and "style" not in attributes
        for name in ("href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#"), attributes
        assert not any(name.startswith("on") for name in attributes), attributes
    assert not re.search(r"https?://|@import|url\((?!#)", text)


def test_report_policy_lets_only_its_own_script_and_style_run(page: Page) -> None:
    policy = next(a["content"] for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and "default-src 'none'" in policy and "unsafe" not in policy
    inline = [body for attributes, body in page.raw if attributes.get("type") != "application/json"]
    assert len(inline) == 3
    for body in inline:
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_report_ids_are_unique_and_links_lead_somewhere(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {str(a["href"])[1:] for t, a in page.tags if t in ("a", "use") and a.get("href")}
    assert links <= set(ids)


def test_report_says_everything_in_both_languages(page: Page) -> None:
    assert len(page.spans) > 200
    for (first, zh), (second, en) in zip(page.spans[::2], page.spans[1::2], strict=True):
        assert (first, second) == ("zh", "en")
        assert zh.strip() and en.strip()
    options = [a for t, a in page.tags if t == "option" and "data-zh" in a]
    assert options and all(a.get("data-en") for a in options)


def test_report_table_headers_have_a_scope(page: Page) -> None:
    headers = [attributes for tag, attributes in page.tags if tag == "th"]
    assert headers and all(attributes.get("scope") in ("row", "col") for attributes in headers)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_report_escapes_what_the_inventory_says(text: str) -> None:
    assert HOSTILE not in text
    assert text.count("<script") == 3


def test_report_shows_what_must_not_be_overlooked(text: str) -> None:
    for words in (
        "accepted for the trial run", "late-001", "rack A01-A03 is reserved", "2050 W &gt; 2000 W", "未评估",
        "≥0.96 / ≥1.20 / 5.00", "box-001", "nobody says", "reserved</text>", "10.1.0.0/26", "not surveyed",
    ):  # fmt: skip
        assert words in text, words


def test_report_is_the_same_bytes_every_time(
    inventory: Inventory, plan: Plan, report: Report, summary: Summary, tmp_path: Path
) -> None:
    for name in ("one.html", "two.html"):
        write_report(inventory, plan, report, summary, tmp_path / name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_report_of_an_empty_plan_renders(inventory: Inventory) -> None:
    empty, nothing = Plan(), Report((), ())
    text = render(inventory, empty, nothing, summarise(inventory, empty, nothing))
    assert "nothing to evaluate" in text and "the plan holds no proof" in text


def broken(plan: Plan, what: str) -> Plan:
    """The plan after somebody edited it by hand."""
    first = plan.devices[0]
    match what:
        case "device in no known rack":
            return replace(plan, devices=(first.model_copy(update={"rack": "A01-Z99"}), *plan.devices[1:]))
        case "device above the rack":
            return replace(plan, devices=(first.model_copy(update={"position": 99}), *plan.devices[1:]))
        case "device nobody ordered":
            stray = device("stray-001", "stray", "no-such-type", "A01-A01", 20)
            return replace(plan, devices=(*plan.devices, stray))
        case "device twice":
            return replace(plan, devices=(*plan.devices, first))
        case "two devices in one unit":
            return replace(
                plan, devices=(*plan.devices, device("stray-001", "s", "sealed-box", "A01-A01", 5))
            )
        case "cable to nowhere":
            lost = cable(
                9, "access", End(device="nobody", port="x"), End(device="A-ASW-01A", port="no-such-port")
            )
            return replace(plan, cables=(*plan.cables, lost.model_copy(update={"type": "no-such-cable"})))
        case "cable from a port to itself":
            end = End(device="A-ASW-01A", port="10GE1/0/9")
            return replace(plan, cables=(*plan.cables, cable(9, "access", end, end)))
        case "prefix that is none":
            return replace(plan, prefixes=(plan.prefixes[0].model_copy(update={"prefix": "10.1.0.0/99"}),))
        case "cord of nobody":
            return replace(plan, cords=(plan.cords[0].model_copy(update={"device": "nobody", "rack": "Z"}),))
    raise AssertionError(what)


@pytest.mark.parametrize("what", [
    "device in no known rack", "device above the rack", "device nobody ordered", "device twice", "two devices in one unit",
    "cable to nowhere", "cable from a port to itself", "prefix that is none", "cord of nobody",
])  # fmt: skip
def test_documents_of_a_broken_plan_are_still_written(
    inventory: Inventory, plan: Plan, report: Report, tmp_path: Path, what: str
) -> None:
    plan = broken(plan, what)
    text = render(inventory, plan, report, summarise(inventory, plan, report))
    write_workbook(inventory, plan, report, tmp_path / "plan.xlsx")
    ids = [attributes["id"] for _, attributes in Page(text).tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for name in {d.name for d in plan.devices}:
        assert name in text


# ---------------------------------------------------------------- plan.xlsx

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
