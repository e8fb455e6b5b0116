"""A room of four racks in which everything holds, and a way to break one line of it and see what is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pytest

import capacity.checks.power
import capacity.checks.racks  # noqa: F401  (registers the checks)
from capacity.cords import plan_cords
from capacity.rack_layout import Standing, lay_out
from inventory import checks
from inventory.findings import Finding
from inventory.inventory import Inventory
from inventory.load import load
from inventory.plan_model import PlacedDevice, Plan
from inventory.plan_store import load_plan, write_plan

Edit = tuple[str, str, str]
"""(file, text that stands there once, text that takes its place)."""
Seen = set[tuple[str, str, str, str]]
"""(code, subject, error | warning | not-evaluated, text of the line the finding points at)."""

OURS = {f"PWR{n:03d}" for n in range(1, 31)} | {f"RCK{n:03d}" for n in range(1, 16)}

FILES = {
    "project.yml": """\
project: {name: small, title: {en: Small, zh: 小}}
sites:
  - {name: A, role: production, title: {en: A, zh: 甲}}
rooms:
  - {name: A01, site: A}
rows:
  - name: A01-A
    room: A01
    y_m: 2
    rack_type: rack-42u
    feeds:
      a: {panel: PA, breaker_a: 32}
      b: {panel: PB, breaker_a: 32}
    racks:
      - {name: A01-A01, phase: L1}
      - {name: A01-A02, phase: L2}
      - {name: A01-A03, phase: L3}
      - {name: A01-A04, phase: L1, reserved: second stage}
  - name: A01-B
    room: A01
    y_m: 5
    rack_type: rack-42u
    feeds:
      a: {panel: PA, breaker_a: 32}
      b: {panel: PB, breaker_a: 32}
    racks:
      - {name: A01-B01, phase: L2}
panels:
  - {name: PA, room: A01, side: a, ups: UA, voltage_v: 220, breaker_a: 63}
  - {name: PB, room: A01, side: b, ups: UB, voltage_v: 220, breaker_a: 63}
ups:
  - {name: UA, site: A, side: a, rated_kva: 30, power_factor: 1, autonomy_min: 15, battery_kwh: 9}
  - {name: UB, site: A, side: b, rated_kva: 30, power_factor: 1, autonomy_min: 15, battery_kwh: 9}
generators:
  - {name: G1, site: A, rated_kw: 50, start_s: 120, fuel_l: 120}
  - {name: G2, site: A, rated_kw: 50, start_s: 120, fuel_l: 120}
sts:
  - {name: STS1, rack: A01-A03, rating_a: 16, transfer_ms: 6}
zones: []
port_plans:
  - {name: access, device_type: sw, ranges: {server: "p[1-9]"}}
pairs:
  - name: SW
    title: {en: Pair, zh: 对}
    device_type: sw
    site: A
    home_rows: [A01-A]
    port_plan: access
    downlink: {cable: fibre-om4-lc, optic: sfpp-10g-sr}
fleets:
  - {name: srv, title: {en: S, zh: 服}, role: server, device_type: srv, count: 9, site: A, workload: db, attach_open: later, rows: [A01-A]}
  - {name: probe, title: {en: P, zh: 探}, role: appliance, device_type: probe, count: 2, site: A, attach_open: later, sts: STS1}
""",
    "catalog/device-types/Test/srv.yaml": """\
manufacturer: Test
model: Server
slug: srv
u_height: 2
is_full_depth: true
airflow: front-to-rear
weight: 26
weight_unit: kg
power-ports:
  - {name: PSU1, type: iec-60320-c14}
  - {name: PSU2, type: iec-60320-c14}
interfaces:
  - {name: p1, type: 10gbase-x-sfpp}
rackwright:
  kind: server
  depth_mm: 800
  components:
    - {part: cpu-c86-32c-gen3, count: 2}
    - {part: dimm-ddr4-64g, count: 16}
    - {part: ssd-sata-480g, count: 1}
    - {part: nvme-3840g, count: 4}
    - {part: nic-2x10g-sr, count: 1}
    - {part: board-bmc, count: 1}
  psu: {count: 2, rating_w: 1200, redundancy: 1+1, sharing: active, curve: platinum}
""",
    "catalog/device-types/Test/sw.yaml": """\
manufacturer: Test
model: Switch
slug: sw
u_height: 1
is_full_depth: true
airflow: rear-to-front
weight: 8
weight_unit: kg
power-ports:
  - {name: PSU1, type: iec-60320-c14}
  - {name: PSU2, type: iec-60320-c14}
interfaces:
  - {name: p1, type: 10gbase-x-sfpp}
  - {name: p2, type: 10gbase-x-sfpp}
  - {name: p3, type: 10gbase-x-sfpp}
  - {name: p4, type: 10gbase-x-sfpp}
  - {name: p5, type: 10gbase-x-sfpp}
  - {name: p6, type: 10gbase-x-sfpp}
  - {name: p7, type: 10gbase-x-sfpp}
  - {name: p8, type: 10gbase-x-sfpp}
  - {name: p9, type: 10gbase-x-sfpp}
rackwright:
  kind: switch
  depth_mm: 500
  psu: {count: 2, rating_w: 600, redundancy: 1+1, sharing: active}
  power: {typical_w: 190, peak_w: 280}
""",
    "catalog/device-types/Test/probe.yaml": """\
manufacturer: Test
model: Probe
slug: probe
u_height: 1
is_full_depth: false
airflow: front-to-rear
weight: 5
weight_unit: kg
power-ports:
  - {name: PSU1, type: iec-60320-c14}
rackwright:
  kind: appliance
  depth_mm: 400
  psu: {count: 1, rating_w: 300, redundancy: 1+0}
  power: {typical_w: 100, peak_w: 150}
""",
    "catalog/device-types/Test/strip.yaml": """\
manufacturer: Test
model: Strip
slug: strip
u_height: 0
is_full_depth: false
weight: 8
weight_unit: kg
power-ports:
  - {name: Input, type: iec-60309-p-n-e-6h}
power-outlets:
  - {name: B1-1, type: iec-60320-c13, power_port: Input}
  - {name: B1-2, type: iec-60320-c13, power_port: Input}
  - {name: B1-3, type: iec-60320-c13, power_port: Input}
  - {name: B1-4, type: iec-60320-c13, power_port: Input}
  - {name: B1-C19, type: iec-60320-c19, power_port: Input}
  - {name: B2-1, type: iec-60320-c13, power_port: Input}
  - {name: B2-2, type: iec-60320-c13, power_port: Input}
  - {name: B2-3, type: iec-60320-c13, power_port: Input}
  - {name: B2-4, type: iec-60320-c13, power_port: Input}
  - {name: B2-C19, type: iec-60320-c19, power_port: Input}
rackwright:
  kind: pdu
  banks:
    - {name: B1, breaker_a: 16, outlets: ["B1-[1-4]", "B1-C19"]}
    - {name: B2, breaker_a: 16, outlets: ["B2-[1-4]", "B2-C19"]}
""",
    "catalog/components.yml": """\
components:
  - {part: board-unknown, kind: board, description: a board nobody measured}
""",
    "catalog/rack-types/Test/rack.yaml": """\
manufacturer: Test
model: Rack
slug: rack-42u
form_factor: 4-post-cabinet
width: 19
u_height: 42
outer_width: 600
outer_depth: 1200
outer_unit: mm
mounting_depth: 1000
weight: 130
weight_unit: kg
rackwright:
  usable_u: 40
  rated_kw: 5
  static_kg: 1000
  own_weight_kg: 130
  cable_weight_kg: 20
  layout:
    blank_u: [42]
    switch_u: [41, 40, 38]
    manager_u: [39]
    server_from_u: 5
    reserve_u: [4, 3]
  pdus: {a: strip, b: strip}
""",
}

PLACES = {
    "A01-A01": ["SWA", "srv-001", "srv-004", "srv-007"],
    "A01-A02": ["SWB", "srv-002", "srv-005", "srv-008"],
    "A01-A03": ["probe-001", "probe-002", "srv-003", "srv-006", "srv-009"],
}


def write_project(folder: Path, edits: Sequence[Edit] = ()) -> None:
    """Write the project, with texts exchanged; every text to exchange stands exactly once."""
    for name, text in FILES.items():
        for file, old, new in edits:
            if file == name:
                assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
                text = text.replace(old, new)
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def loaded(folder: Path) -> Inventory:
    found = load(folder)
    assert found.inventory is not None, [f.to_text() for f in found.findings]
    return found.inventory


def planned(inventory: Inventory) -> Plan:
    """Devices of PLACES with positions and cords."""
    devices = []
    for rack, names in PLACES.items():
        items = [
            Standing(d, d.type.weight_kg, d.type.u_height) for d in (inventory.devices[n] for n in names)
        ]
        layout = lay_out(inventory.racks[rack], items, {}, inventory.policy)
        assert not layout.left_out
        for name, slot in layout.slots.items():
            device = inventory.devices[name]
            devices.append(
                PlacedDevice(
                    name=name, owner=device.owner, device_type=device.type.slug, site=device.site, rack=rack,
                    position=slot.position, face=slot.face,
                )
            )  # fmt: skip
    devices.sort(key=lambda d: d.name)
    return Plan(devices=tuple(devices), cords=plan_cords(inventory, devices, None))


@pytest.fixture
def room(tmp_path: Path) -> Inventory:
    """The inventory as it stands in FILES."""
    write_project(tmp_path)
    return loaded(tmp_path)


@pytest.fixture
def plan(room: Inventory) -> Plan:
    """The plan of the room."""
    return planned(room)


def same(found: Seen, expected: Sequence[tuple[str, str, str, str]]) -> bool:
    """True when each finding expected is there, with its text somewhere in the line pointed at, and no other."""
    return len(found) == len(expected) and all(
        any(f[:3] == e[:3] and e[3] in f[3] for f in found) for e in expected
    )


def examine_folder(folder: Path, edits: Sequence[Edit]) -> list[Finding]:
    """Plan the room as it is, then change one thing in inventory or plan, and run the rack and power checks."""
    write_project(folder)
    write_plan(folder, planned(loaded(folder)))
    for file, old, new in edits:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new), encoding="utf-8")
    plan = load_plan(folder)
    assert plan.plan is not None, [f.to_text() for f in plan.findings]
    report = checks.run(checks.Context(loaded(folder), plan.plan, date(2026, 6, 1)))
    return [f for f in report.findings if f.code in OURS]


@pytest.fixture
def expect(examine: Callable[..., Seen]) -> Callable[..., None]:
    """Fails unless the edits lead to exactly the findings given."""

    def run(edits: Sequence[Edit], expected: Sequence[tuple[str, str, str, str]]) -> None:
        found = examine(*edits)
        assert same(found, expected), sorted(found)

    return run


@pytest.fixture
def examine(tmp_path: Path) -> Callable[..., Seen]:
    """What the rack and power checks find after the edits, with the text of the line each finding points at."""

    def run(*edits: Edit) -> Seen:
        seen: Seen = set()
        for item in examine_folder(tmp_path, edits):
            assert item.source is not None
            line = (
                Path(item.source.path).read_text(encoding="utf-8").splitlines()[item.source.line - 1].strip()
            )
            status = "not-evaluated" if item.status.value == "not-evaluated" else str(item.severity)
            seen.add((item.code, item.subject, status, line))
            assert item.message.en and item.message.zh and "None" not in item.message.en
        return seen

    return run
