"""A small site with one access pair, cabled by the planner, and a way to change one line of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from inventory import checks
from inventory.findings import Finding
from inventory.inventory import Inventory
from inventory.load import load
from inventory.plan_model import Cable, PlacedDevice, Plan
from inventory.plan_store import load_plan, write_plan
from topology.cables import plan_cables
from topology.checks import (
    cable_ends,
    fabric,
    labels,
    lengths,
    links,
    oob_fabric,
    optics,
    port_plans,
    port_reserves,
    shared_trays,
)

FAMILIES = tuple(
    m.__name__
    for m in (
        cable_ends,
        fabric,
        labels,
        lengths,
        links,
        oob_fabric,
        optics,
        port_plans,
        port_reserves,
        shared_trays,
    )
)

PROJECT = """\
project: {name: small, title: {en: Small, zh: 小}}
sites:
  - {name: A, role: production, title: {en: A, zh: 甲}}
  - {name: B, role: dr, title: {en: B, zh: 乙}}
rooms:
  - {name: A01, site: A}
  - {name: B01, site: B}
rows:
  - name: A01-A
    room: A01
    x_m: 1
    y_m: 2
    rack_type: rack-42u-1200-5kw
    racks: [{name: A01-A01}, {name: A01-A02}, {name: A01-A03}, {name: A01-A04}, {name: A01-A05}, {name: A01-A06}]
  - name: A01-B
    room: A01
    x_m: 1
    y_m: 5
    rack_type: rack-42u-1200-5kw
    racks: [{name: A01-B01}, {name: A01-B02}]
  - name: B01-A
    room: B01
    y_m: 2
    rack_type: rack-42u-1200-5kw
    racks: [{name: B01-A01}]
port_plans:
  - name: access
    device_type: access-10g-48s6q
    ranges:
      server: "10GE1/0/[1-40]"
      growth: "10GE1/0/[41-44]"
      spare: "10GE1/0/[47-48]"
      uplink: "100GE1/0/[1-3]"
      peer_link: "100GE1/0/[5-6]"
  - name: oob
    device_type: oob-1g-48t6s
    ranges: {oob: "GE1/0/[1-48]", uplink: "10GE1/0/[1-2]"}
pairs:
  - name: P1
    title: {en: Pair, zh: 对}
    device_type: access-10g-48s6q
    site: A
    port_plan: access
    downlink: {cable: fibre-om4-lc, optic: sfpp-10g-sr}
    uplinks: {to: [D1, D2], per_member: 2, cable: fibre-om4-mpo, optic: qsfpp-40g-sr4, far_optic: qsfpp-40g-isr4}
    peer_link: {count: 2, cable: dac-qsfpp-40g, length_m: 5}
    keepalive: mgmt
oob_switches:
  - name: O1
    title: {en: OOB 1, zh: 带外1}
    device_type: oob-1g-48t6s
    site: A
    rows: [A01-A, A01-B]
    port_plan: oob
    downlink: {cable: copper-cat6}
    uplinks: {to: [M1, M2], per_member: 2, cable: copper-cat6, optic: sfp-1g-t}
  - name: O2
    title: {en: OOB 2, zh: 带外2}
    device_type: oob-1g-48t6s
    site: A
    rows: [A01-A, A01-B]
    port_plan: oob
    downlink: {cable: copper-cat6}
    uplinks: {to: [M1, M2], per_member: 2, cable: copper-cat6, optic: sfp-1g-t}
existing_switches:
  - name: D1
    title: {en: Core 1, zh: 核心1}
    site: A
    role: core
    room: A01
    x_m: 2
    y_m: 8
    height_u: 20
    port_type: 40gbase-x-qsfpp
    free_ports: [{card: "1", ports: "40GE1/0/[1-4]"}, {card: "2", ports: "40GE2/0/[1-4]"}]
  - name: D2
    title: {en: Core 2, zh: 核心2}
    site: A
    role: core
    room: A01
    x_m: 3
    y_m: 8
    height_u: 20
    port_type: 40gbase-x-qsfpp
    free_ports: [{card: "1", ports: "40GE1/0/[1-4]"}, {card: "2", ports: "40GE2/0/[1-4]"}]
  - &core {name: M1, title: {en: OOB core, zh: 带外核心}, site: A, role: oob-core, room: A01, x_m: 4, y_m: 8,
     height_u: 20, port_type: 1000base-t, free_ports: [{card: "0", ports: "GE1/0/[1-8]"}]}
  - {name: M2, title: {en: OOB core, zh: 带外核心}, site: A, role: oob-core, room: A01, x_m: 5, y_m: 8,
     height_u: 20, port_type: 1000base-t, free_ports: [{card: "0", ports: "GE1/0/[1-8]"}]}
  - {name: L1A, title: {en: Old A, zh: 旧A}, site: A, role: general-access, pair: L1, room: A01, x_m: 6, y_m: 8,
     height_u: 20, port_type: 10gbase-x-sfpp, free_ports: [{card: "0", ports: "10GE1/0/[5-8]"}]}
  - {name: L1B, title: {en: Old B, zh: 旧B}, site: A, role: general-access, pair: L1, room: A01, x_m: 7, y_m: 8,
     height_u: 20, port_type: 10gbase-x-sfpp, free_ports: [{card: "0", ports: "10GE1/0/[6-9]"}]}
fleets:
  - name: srv
    title: {en: Servers, zh: 服务器}
    role: server
    device_type: hygon-c86-rds-2u
    count: 6
    site: A
    attach: {pairs: [P1]}
    supplied: [{item: sfpp-10g-sr, per_unit: 2}]
  - name: ops
    title: {en: Operations, zh: 运维}
    role: server
    device_type: hygon-c86-ops-2u
    count: 1
    site: A
    attach: {pairs: [L1]}
    supplied: [{item: sfpp-10g-sr, per_unit: 2}]
  - name: con
    title: {en: Console, zh: 串口}
    role: console-server
    device_type: console-server-32
    count: 1
    site: A
    attach_open: serial ports only
"""

DEVICES: tuple[tuple[str, str, int, str | None], ...] = (
    ("srv-001", "A01-A01", 5, "P1"), ("srv-002", "A01-A01", 7, "P1"), ("srv-003", "A01-A02", 5, "P1"),
    ("srv-004", "A01-A03", 5, "P1"), ("srv-005", "A01-A04", 5, "P1"), ("srv-006", "A01-B01", 5, "P1"),
    ("ops-001", "A01-A03", 7, "L1"), ("con-001", "A01-A03", 38, None), ("P1A", "A01-A02", 41, None),
    ("P1B", "A01-A04", 41, None), ("O1", "A01-A02", 38, None), ("O2", "A01-A04", 38, None),
)  # fmt: skip
"""Device, rack, lowest rack unit, access pair."""


@dataclass
class Bench:
    """A project folder: its text, where its devices stand, and the plan written beside it."""

    folder: Path
    text: str = PROJECT
    devices: list[tuple[str, str, int, str | None]] = field(default_factory=lambda: list(DEVICES))

    def inventory(self) -> Inventory:
        """The inventory as the files now are."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / "project.yml").write_text(self.text, encoding="utf-8")
        loaded = load(self.folder)
        assert loaded.inventory is not None, [f.to_text() for f in loaded.findings]
        return loaded.inventory

    def placed(self, inventory: Inventory) -> tuple[PlacedDevice, ...]:
        """The devices of the inventory where this bench stands them."""
        return tuple(
            PlacedDevice(
                name=name, owner=inventory.devices[name].owner, device_type=inventory.devices[name].type.slug,
                site=inventory.devices[name].site, rack=rack, position=unit, pair=pair,
            )
            for name, rack, unit, pair in self.devices
            if name in inventory.devices
        )  # fmt: skip

    def plan(self, previous: Sequence[Cable] | None = None) -> tuple[Cable, ...]:
        """Cables planned for the project as it is now."""
        inventory = self.inventory()
        before = None if previous is None else Plan(cables=tuple(previous))
        return plan_cables(inventory, self.placed(inventory), before)

    def write(self, cables: Iterable[Cable] | None = None) -> None:
        """Write the plan beside the project."""
        inventory = self.inventory()
        chosen = self.plan() if cables is None else tuple(cables)
        write_plan(self.folder, Plan(devices=self.placed(inventory), cables=chosen))

    def change(self, name: str, old: str, new: str) -> None:
        """Replace text that stands once: in a file of the plan by its name, or in the project."""
        path = self.folder / ("plan" if name != "project.yml" else ".") / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        if name == "project.yml":
            self.text = text.replace(old, new)

    def line(self, name: str, start: str) -> str:
        """The one line of a plan file that holds `start`."""
        text = (self.folder / "plan" / name).read_text(encoding="utf-8")
        found = [line for line in text.splitlines() if start in line]
        assert len(found) == 1, f"{start!r} on {len(found)} lines of {name}"
        return found[0]

    def findings(self) -> tuple[Finding, ...]:
        """What the checks of ports, cables and fabric say about the files as they are."""
        loaded, stored = load(self.folder), load_plan(self.folder)
        assert loaded.inventory is not None, [f.to_text() for f in loaded.findings]
        assert stored.plan is not None, [f.to_text() for f in stored.findings]
        report = checks.run(checks.Context(loaded.inventory, stored.plan, date(2026, 6, 1)))
        return tuple(f for f in report.findings if module_of(f.code) in FAMILIES)


def module_of(code: str) -> str:
    """Module that registered a code."""
    rule = checks.REGISTRY[code]
    return rule.function.__module__ if isinstance(rule, checks.Check) else ""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """The small site, with its plan written."""
    made = Bench(tmp_path / "small")
    made.inventory()
    made.write()
    return made


@pytest.fixture
def bench_of(tmp_path: Path) -> Callable[[str], Bench]:
    """Make a bench from another project text; no plan is written."""
    return lambda text: Bench(tmp_path / "small", text)
