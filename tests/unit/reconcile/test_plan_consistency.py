"""PLN checks: one line of inventory or plan changed, and what that brings."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.findings import Severity
from tests.unit.reconcile.agreement import Change, Edit, agree

ECS_2 = "  - {name: ecs-002, owner: ecs, device_type: hygon-c86-ecs-2u, site: A, rack: A01-A02, position: 5, pair: P1}\n"
PROOF = "status: optimal, method: bound, racks: 2, lower_bound: 2"

CASES: dict[str, tuple[list[Edit], list[tuple[str, str, str, str]]]] = {
    "PLN001 line gone": ([(ECS_2, "")], [("PLN001", "ecs-002", "failed", "count: 2")]),
    "PLN001 whole fleet grew": (
        [("    count: 2\n", "    count: 5\n")],
        [
            ("PLN001", "ecs", "failed", "count: 5"),
            ("CAP001", "A/access-10g-48s6q (access)/sfpp-10g-sr", "failed", "per_unit: 3"),
            ("CAP010", "ecs-cores", "failed", "amount: 128"),
            ("CAP020", "servers-stated", "failed", "amount: 2"),
            ("CAP030", "P1", "failed", "port_plan"),
        ],
    ),
    "PLN002 not listed": (
        [(ECS_2, ECS_2 + "  - {name: db-001, owner: db, device_type: hygon-c86-rds-2u, site: A, rack: A01-A02, position: 9}\n")],
        [("PLN002", "db-001", "failed", "db-001")],
    ),
    "PLN002 misspelt": (
        [("{name: ecs-002,", "{name: ecs-0O2,")],
        [("PLN002", "ecs-0O2", "failed", "ecs-0O2")],
    ),
    "PLN003 type": (
        [("{name: ecs-002, owner: ecs, device_type: hygon-c86-ecs-2u", "{name: ecs-002, owner: ecs, device_type: hygon-c86-rds-2u")],
        [("PLN003", "ecs-002", "failed", "ecs-002")],
    ),
    "PLN003 owner": (
        [("{name: ecs-002, owner: ecs", "{name: ecs-002, owner: web")],
        [("PLN003", "ecs-002", "failed", "owner: web")],
    ),
    "PLN003 pair the fleet may not use": (
        [("pairs:\n  - name: P1\n", "pairs:\n  - name: P2\n    title: {en: Two, zh: 二}\n    device_type: access-10g-48s6q\n    site: A\n"
          "    port_plan: plan-10g\n    downlink: {cable: fibre-om4-lc, optic: sfpp-10g-sr}\n  - name: P1\n"),
         ("attach: {pairs: [P1]}", "attach: {pairs: [P2]}")],
        [("PLN003", "ecs", "failed", "ecs-001"), ("PLN001", "P2", "failed", "name: P2")],
    ),
    "PLN003 pair against its own cables belongs to the port checks": (
        [("rack: A01-A02, position: 5, pair: P1", "rack: A01-A02, position: 5, pair: P9")], [],
    ),
    "PLN004 no rack": (
        [("rack: A01-A02, position: 5, pair: P1", "pair: P1")],
        [("PLN004", "ecs-002", "failed", "ecs-002")],
    ),
    "PLN004 no position": (
        [("rack: A01-A02, position: 5, pair: P1", "rack: A01-A02, pair: P1")],
        [("PLN004", "ecs-002", "failed", "ecs-002")],
    ),
    "PLN005 device twice": ([(ECS_2, ECS_2 * 2)], [("PLN005", "ecs-002", "failed", "ecs-002")]),
    "PLN005 cable twice": ([("{id: C2,", "{id: C1,")], [("PLN005", "C1", "failed", "id: C1")]),
    "PLN006 no such rack": (
        [("rack: A01-A02, position: 5", "rack: A01-A20, position: 5")],
        [("PLN006", "ecs-002", "failed", "A01-A20")],
    ),
    "PLN006 above the rack": (
        [("rack: A01-A02, position: 5", "rack: A01-A02, position: 42")],
        [("PLN006", "ecs-002", "failed", "position: 42")],
    ),
    "PLN006 top unit is inside": ([("rack: A01-A02, position: 5", "rack: A01-A02, position: 39")], []),
    "PLN006 below the rack": (
        [("rack: A01-A02, position: 5", "rack: A01-A02, position: 0")],
        [("PLN006", "ecs-002", "failed", "position: 0")],
    ),
    "PLN007 ends of cables belong to the port checks": (
        [("a: {device: P1A, port: 100GE1/0/6}", "a: {device: P1X, port: 100GE1/0/6}")], [],
    ),
    "PLN007 cord": ([("{id: K1, device: ecs-001", "{id: K1, device: ecs-01")], [("PLN007", "ecs-01", "failed", "K1")]),
    "PLN007 addresses belong to the address checks": (
        [("device: ecs-001, interface: bond0", "device: ecs-9, interface: bond0")], [],
    ),
    "PLN008 infeasible": (
        [(PROOF, "status: infeasible, method: bound, racks: 2, lower_bound: 3")],
        [("PLN008", "A", "failed", "infeasible")],
    ),
    "PLN008 owns devices left over": (
        [(PROOF, "status: infeasible, method: bound, racks: 2, lower_bound: 3"),
         ("rack: A01-A02, position: 5, pair: P1", "pair: P1")],
        [("PLN008", "A", "failed", "infeasible")],
    ),
    "PLN008 unknown": (
        [(PROOF, "status: unknown, method: bound, racks: 2, lower_bound: 1")],
        [("PLN008", "A", "not-evaluated", "unknown")],
    ),
    "PLN009 gap": (
        [(PROOF, "status: feasible, method: bound, racks: 2, lower_bound: 1")],
        [("PLN009", "A", "failed", "racks: 2")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_one_change_gives_these_findings(name: str, change: Change) -> None:
    agree(change, *CASES[name])


def test_infeasible_site_quotes_conflict_and_ways_out(tiny: Any) -> None:
    edit = (
        f"{PROOF}, proof: two racks, placed: 4",
        "status: infeasible, method: bound, racks: 2, lower_bound: 3, proof: 11 kW / 5 kW -> 3 racks, placed: 3, "
        "unplaced: [ecs-002], conflicts: [peak power in two racks], relaxations: [one rack more, 6 kW per rack]",
    )
    found = next(f for f in tiny.report([edit]).findings if f.code == "PLN008")
    assert found.severity is Severity.ERROR
    assert "peak power in two racks" in found.message.en
    assert found.fix.en == "one rack more; or 6 kW per rack"
    assert found.arithmetic == "11 kW / 5 kW -> 3 racks"


def test_misspelt_names_get_a_suggestion(tiny: Any) -> None:
    for edit, code, text in (
        (("{name: ecs-002,", "{name: ecs-0O2,"), "PLN002", "ecs-002"),
        (("rack: A01-A02, position: 5", "rack: A01-A2, position: 5"), "PLN006", "A01-A02"),
        (("{id: K1, device: ecs-001", "{id: K1, device: ecs-01"), "PLN007", "ecs-001"),
    ):
        found = next(f for f in tiny.report([edit]).findings if f.code == code)
        assert found.fix.en == f"did you mean {text}?"


def test_without_a_plan_nothing_is_passed(tiny: Any) -> None:
    outcomes = [o for o in tiny.report(plan=False).outcomes if o.code.startswith("PLN")]
    assert outcomes
    assert all(o.verdict == "not evaluated" for o in outcomes)
