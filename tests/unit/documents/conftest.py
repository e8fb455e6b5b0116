"""A plan of six devices made by hand, with one of everything that must not be overlooked."""

from __future__ import annotations

from pathlib import Path

import pytest

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
