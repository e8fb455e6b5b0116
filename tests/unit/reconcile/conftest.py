"""A project small enough to read at once, and a way to change one line of it and see what is found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from capacity.checks import (
    clauses,
    connections,
    consistency,
    licences,
    placement_proofs,
    reconcile,
    rooms,
    statements,
)
from inventory import checks
from inventory.inventory import Inventory
from inventory.load import load
from inventory.plan_model import PLAN_FILES, Plan
from inventory.plan_store import load_plan
from tests.unit.reconcile.agreement import Change, Edit, Seen

MODULES = {
    m.__name__
    for m in (clauses, connections, consistency, licences, placement_proofs, reconcile, rooms, statements)
}

PROJECT = """
project: {name: tiny, title: {en: Tiny, zh: 小}, tender: T-1}
sites:
  - name: A
    role: production
    title: {en: A, zh: 甲}
    facility:
      pue: 1.3
      papers: plan rev. 2
      tier: B
rooms:
  - {name: A01, site: A, customer_only: true}
  - {name: A02, site: A}
rows:
  - name: A01-A
    room: A01
    y_m: 2
    front_aisle_m: 1.2
    back_aisle_m: 1.0
    rack_type: rack-42u-1200-5kw
    feeds:
      a: {panel: PA, breaker_a: 32}
      b: {panel: PB, breaker_a: 32}
    racks:
      - {name: A01-A01, phase: L1}
      - {name: A01-A02, phase: L2}
panels:
  - {name: PA, room: A01, side: a, ups: UA, voltage_v: 220}
  - {name: PB, room: A01, side: b, ups: UB, voltage_v: 220}
ups:
  - {name: UA, site: A, side: a, rated_kva: 20, power_factor: 1, autonomy_min: 15}
  - {name: UB, site: A, side: b, rated_kva: 20, power_factor: 1, autonomy_min: 15}
generators:
  - name: G1
    site: A
    rated_kw: 100
    start_s: 60
    fuel_l: 300
port_plans:
  - name: plan-10g
    device_type: access-10g-48s6q
    ranges: {server: "10GE1/0/[1-2]", uplink: "100GE1/0/[1-4]", peer_link: "100GE1/0/[5-6]"}
  - name: plan-25g
    device_type: access-25g-48s8q
    ranges: {server: "25GE1/0/[1-2]"}
pairs:
  - name: P1
    title: {en: Pair, zh: 组}
    device_type: access-10g-48s6q
    site: A
    port_plan: plan-10g
    downlink: {cable: fibre-om4-lc, optic: sfpp-10g-sr}
    uplinks: {to: [CORE-1], per_member: 1, cable: fibre-om4-mpo, optic: qsfpp-40g-sr4, far_optic: qsfpp-40g-isr4}
    peer_link: {count: 2, cable: dac-qsfpp-40g, length_m: 5}
    supplied:
      - {item: sfpp-10g-sr, per_unit: 3}
      - {item: qsfpp-40g-sr4, per_unit: 2}
      - {item: dac-qsfpp-40g, per_unit: 2}
existing_switches:
  - {name: CORE-1, title: {en: Core, zh: 核心}, site: A, role: core, port_type: 40gbase-x-qsfpp}
fleets:
  - name: ecs
    title: {en: ECS, zh: 弹性计算}
    role: server
    device_type: hygon-c86-ecs-2u
    count: 2
    site: A
    service: compute
    attach: {pairs: [P1]}
    supplied: [{item: sfpp-10g-sr, per_unit: 2}]
supplies:
  - name: core-optics
    title: {en: Core optics, zh: 核心光模块}
    item: qsfpp-40g-isr4
    quantity: 3
    site: A
    fits: [CORE-1]
services:
  - {name: compute, title: {en: Compute, zh: 计算}, mode: single, sites: [A]}
licences:
  - name: ecs-cores
    title: {en: ECS, zh: 弹性计算}
    site: A
    metrics: [{amount: 128, unit: core, measure: cores}]
    fleets: [ecs]
  - name: nodes
    title: {en: Management, zh: 管理}
    metrics: [{amount: 5, unit: node, measure: servers}]
    fleets: [ecs]
    compare: at_least
statements:
  - {name: servers-stated, text: {en: two servers, zh: 两台}, measure: servers, amount: 2}
  - name: racks-stated
    text: {en: two racks, zh: 两个机柜}
    measure: racks
    amount: 2
requirements:
  - {name: pue, text: {en: PUE, zh: 能效}, scope: site, fact: pue, op: "<=", value: 1.4, clause: T1}
  - {name: papers, text: {en: papers, zh: 文件}, scope: site, fact: papers, op: document, clause: T2 ▲}
  - name: class
    text: {en: class B, zh: B级}
    scope: site
    fact: tier
    op: in
    value: [A, B]
    clause: T3 ■
  - {name: racks, text: {en: racks, zh: 机柜}, scope: project, fact: racks, op: ">=", value: 2, clause: T4}
  - {name: power, text: {en: power, zh: 功率}, scope: project, fact: rack_power_kw_total, op: ">=", value: 10, unit: kW}
  - {name: rack-kw, text: {en: 5 kW, zh: 5kW}, scope: rack, fact: rated_kw, op: ">=", value: 5, unit: kW}
  - {name: breaker, text: {en: 32 A, zh: 32A}, scope: rack, fact: breaker_a_min, op: ">=", value: 32, unit: A}
  - {name: ours, text: {en: ours alone, zh: 专用}, scope: room, fact: customer_only, op: "==", value: true}
  - {name: autonomy, text: {en: 15 min, zh: 15分钟}, scope: ups, fact: autonomy_min, op: ">=", value: 15, unit: min}
  - {name: fuel, text: {en: 8 h, zh: 8小时}, scope: generator, fact: fuel_h, op: ">=", value: 8, unit: h}
"""

PLAN = {
    "devices": """
  - {name: P1A, owner: P1, device_type: access-10g-48s6q, site: A, rack: A01-A01, position: 41}
  - {name: P1B, owner: P1, device_type: access-10g-48s6q, site: A, rack: A01-A02, position: 41}
  - {name: ecs-001, owner: ecs, device_type: hygon-c86-ecs-2u, site: A, rack: A01-A01, position: 5, pair: P1}
  - {name: ecs-002, owner: ecs, device_type: hygon-c86-ecs-2u, site: A, rack: A01-A02, position: 5, pair: P1}
""",
    "cables": """
  - {id: C1, kind: access, type: fibre-om4-lc, speed_gbps: 10, a: {device: ecs-001, port: p1, optic: sfpp-10g-sr}, b: {device: P1A, port: 10GE1/0/1, optic: sfpp-10g-sr}, length_m: 3, stock_m: 3, label_a: a, label_b: b}
  - {id: C2, kind: access, type: fibre-om4-lc, speed_gbps: 10, a: {device: ecs-001, port: p2, optic: sfpp-10g-sr}, b: {device: P1B, port: 10GE1/0/1, optic: sfpp-10g-sr}, length_m: 4, stock_m: 5, label_a: a, label_b: b}
  - {id: C3, kind: access, type: fibre-om4-lc, speed_gbps: 10, a: {device: ecs-002, port: p1, optic: sfpp-10g-sr}, b: {device: P1A, port: 10GE1/0/2, optic: sfpp-10g-sr}, length_m: 4, stock_m: 5, label_a: a, label_b: b}
  - {id: C4, kind: access, type: fibre-om4-lc, speed_gbps: 10, a: {device: ecs-002, port: p2, optic: sfpp-10g-sr}, b: {device: P1B, port: 10GE1/0/2, optic: sfpp-10g-sr}, length_m: 3, stock_m: 3, label_a: a, label_b: b}
  - {id: C5, kind: uplink, type: fibre-om4-mpo, speed_gbps: 40, a: {device: P1A, port: 100GE1/0/1, optic: qsfpp-40g-sr4}, b: {device: CORE-1, port: null, optic: qsfpp-40g-isr4}, length_m: null, stock_m: null, label_a: a, label_b: b}
  - {id: C6, kind: uplink, type: fibre-om4-mpo, speed_gbps: 40, a: {device: P1B, port: 100GE1/0/1, optic: qsfpp-40g-sr4}, b: {device: CORE-1, port: null, optic: qsfpp-40g-isr4}, length_m: null, stock_m: null, label_a: a, label_b: b}
  - {id: C7, kind: peer-link, type: dac-qsfpp-40g, speed_gbps: 40, a: {device: P1A, port: 100GE1/0/5}, b: {device: P1B, port: 100GE1/0/5}, length_m: 3, stock_m: 5, label_a: a, label_b: b}
  - {id: C8, kind: peer-link, type: dac-qsfpp-40g, speed_gbps: 40, a: {device: P1A, port: 100GE1/0/6}, b: {device: P1B, port: 100GE1/0/6}, length_m: 3, stock_m: 5, label_a: a, label_b: b}
""",
    "cords": """
  - {id: K1, device: ecs-001, inlet: PSU1, rack: A01-A01, side: a, pdu: A01-A01/pdu-a, bank: B1, outlet: B1-C13-01}
""",
    "addresses": """
  - {address: 10.0.0.4, prefix: 10.0.0.0/26, plane: business, device: ecs-001, interface: bond0}
  - {address: 10.0.0.9, prefix: 10.0.0.0/26, plane: business, device: gone-001, interface: bond0, released: "2026-01-01"}
""",
    "proofs": """
  - {site: A, status: optimal, method: bound, racks: 2, lower_bound: 2, proof: two racks, placed: 4}
""",
}


class Tiny:
    """The tiny project on disk; every reading applies edits (old text -> new text) to fresh copies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, edits: Sequence[Edit] = ()) -> Path:
        """Write project and plan with each edit applied once, to the first place that has the old text."""
        texts = {"project.yml": PROJECT}
        for attribute, (file_name, _, _) in PLAN_FILES.items():
            lines = PLAN.get(attribute)
            texts[f"plan/{file_name}"] = f"{attribute}:{lines}" if lines else f"{attribute}: []\n"
        for old, new in edits:
            name = next(n for n, text in texts.items() if old in text)
            texts[name] = texts[name].replace(old, new, 1)
        (self.folder / "plan").mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (self.folder / name).write_text(text, encoding="utf-8")
        return self.folder

    def read(self, edits: Sequence[Edit] = ()) -> tuple[Inventory, Plan]:
        """Inventory and plan with the edits applied."""
        folder = self.write(edits)
        loaded, planned = load(folder), load_plan(folder)
        assert loaded.inventory is not None, "\n".join(f.to_text() for f in loaded.findings)
        assert planned.plan is not None, "\n".join(f.to_text() for f in planned.findings)
        return loaded.inventory, planned.plan

    def report(self, edits: Sequence[Edit] = (), plan: bool = True) -> checks.Report:
        """What the checks of this package say."""
        inventory, planned = self.read(edits)
        return checks.run(checks.Context(inventory, planned if plan else None, date(2026, 3, 1)))

    def seen(self, edits: Sequence[Edit] = ()) -> Seen:
        """Findings as (code, subject, status, line)."""
        out: Seen = set()
        for f in self.report(edits).findings:
            line = ""
            if f.source is not None and f.source.line:
                line = Path(f.source.path).read_text(encoding="utf-8").splitlines()[f.source.line - 1]
            out.add((f.code, f.subject, str(f.status), line.strip()))
        return out


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """The tiny project, with only the checks of this package registered."""
    mine = {
        code: rule
        for code, rule in checks.REGISTRY.items()
        if isinstance(rule, checks.LoaderCode) or rule.function.__module__ in MODULES
    }
    monkeypatch.setattr(checks, "REGISTRY", mine)
    return Tiny(tmp_path / "tiny")


@pytest.fixture
def change(tiny: Tiny) -> Change:
    """Findings that edits bring, and findings they take away."""

    def changed(edits: Sequence[Edit]) -> tuple[Seen, Seen]:
        before, after = tiny.seen(), tiny.seen(edits)
        keys_before, keys_after = {x[:3] for x in before}, {x[:3] for x in after}
        return (
            {x for x in after if x[:3] not in keys_before},
            {x for x in before if x[:3] not in keys_after},
        )

    return changed
