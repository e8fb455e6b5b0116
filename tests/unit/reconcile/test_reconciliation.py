"""CAP checks: one line of the tiny project changed, and what that brings."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.checks import Report
from inventory.findings import Severity, Status
from tests.unit.reconcile.agreement import Change, Edit, agree

SWITCH = "A/access-10g-48s6q (access)"


def access(number: int, device: str, port: str, member: str, switch_port: int, length: int) -> str:
    """An access cable of the plan, as the tiny project writes it."""
    stock = 3 if length == 3 else 5
    return (
        f"  - {{id: C{number}, kind: access, type: fibre-om4-lc, speed_gbps: 10, "
        f"a: {{device: {device}, port: {port}, optic: sfpp-10g-sr}}, "
        f"b: {{device: {member}, port: 10GE1/0/{switch_port}, optic: sfpp-10g-sr}}, "
        f"length_m: {length}, stock_m: {stock}, label_a: a, label_b: b}}\n"
    )


ACCESS = (
    access(1, "ecs-001", "p1", "P1A", 1, 3),
    access(2, "ecs-001", "p2", "P1B", 1, 4),
    access(3, "ecs-002", "p1", "P1A", 2, 4),
    access(4, "ecs-002", "p2", "P1B", 2, 3),
)
HSM = """
  - name: hsm
    title: {en: HSM, zh: 密码机}
    role: appliance
    device_type: cloud-hsm-2u
    count: 1
    site: SITE
    attach_open: port speed not stated
supplies:
"""

# name -> edits, findings that must appear: (code, subject, status, part of the line they point at)
CASES: dict[str, tuple[list[Edit], list[tuple[str, str, str, str]]]] = {
    "CAP001 switch optics short": (
        [("{item: sfpp-10g-sr, per_unit: 3}", "{item: sfpp-10g-sr, per_unit: 1}")],
        [("CAP001", f"{SWITCH}/sfpp-10g-sr", "failed", "per_unit: 1")],
    ),
    "CAP001 far end short": (
        [("quantity: 3", "quantity: 1")],
        [("CAP001", "A/CORE-1/qsfpp-40g-isr4", "failed", "quantity: 1")],
    ),
    "CAP001 server optics short": (
        [("supplied: [{item: sfpp-10g-sr, per_unit: 2}]", "supplied: [{item: sfpp-10g-sr, per_unit: 1}]")],
        [("CAP001", "A/ecs/sfpp-10g-sr", "failed", "per_unit: 1")],
    ),
    "CAP001 cable short": (
        [("{item: dac-qsfpp-40g, per_unit: 2}", "{item: dac-qsfpp-40g, per_unit: 0}")],
        [("CAP001", f"{SWITCH}/dac-qsfpp-40g", "failed", "per_unit: 0")],
    ),
    "CAP001 nothing supplied points at the device": (
        [("    supplied: [{item: sfpp-10g-sr, per_unit: 2}]\n", "")],
        [("CAP001", "A/ecs/sfpp-10g-sr", "failed", "name: ecs")],
    ),
    "CAP001 interoperable optic stands in": (
        [("item: qsfpp-40g-isr4", "item: qsfpp-40g-sr4")],
        [],
    ),
    "CAP001 other optic does not": (
        [("item: qsfpp-40g-isr4", "item: qsfpp-40g-lr4")],
        [("CAP001", "A/CORE-1/qsfpp-40g-isr4", "failed", "item: qsfpp-40g-lr4")],
    ),
    "CAP002 exact": (
        [("{item: sfpp-10g-sr, per_unit: 3}", "{item: sfpp-10g-sr, per_unit: 2}")],
        [("CAP002", f"{SWITCH}/sfpp-10g-sr", "failed", "per_unit: 2")],
    ),
    "CAP002 a cable missing from the plan is a need": (
        [("{item: sfpp-10g-sr, per_unit: 3}", "{item: sfpp-10g-sr, per_unit: 2}"), (ACCESS[0], "")],
        [("CAP002", f"{SWITCH}/sfpp-10g-sr", "failed", "per_unit: 2")],
    ),
    "CAP003 surplus in servers": (
        [("supplied: [{item: sfpp-10g-sr, per_unit: 2}]", "supplied: [{item: sfpp-10g-sr, per_unit: 4}]")],
        [("CAP003", "A/ecs/sfpp-10g-sr", "failed", "per_unit: 4")],
    ),
    "CAP003 a wrong optic in the plan is no need": (
        [("port: p1, optic: sfpp-10g-sr}, b: {device: P1A", "port: p1, optic: sfp28-25g-sr}, b: {device: P1A")], [],
    ),
    "CAP003 a wrong cable in the plan is no need": (
        [("kind: peer-link, type: dac-qsfpp-40g", "kind: peer-link, type: aoc-qsfpp-40g")], [],
    ),
    "CAP004 orphan": (
        [("      - {item: qsfpp-40g-sr4, per_unit: 2}\n",
          "      - {item: qsfpp-40g-sr4, per_unit: 2}\n      - {item: sfp28-25g-sr, per_unit: 16, minimum: true}\n")],
        [("CAP004", f"{SWITCH}/sfp28-25g-sr", "failed", "per_unit: 16")],
    ),
    "CAP004 open fleet has no line, its switch optics wait for nothing": (
        [("    attach: {pairs: [P1]}\n", "    attach_open: not decided\n"), *((c, "") for c in ACCESS),
         (", pair: P1", ""), (", pair: P1", "")],
        [
            ("CAP004", f"{SWITCH}/sfpp-10g-sr", "failed", "per_unit: 3"),
            ("CAP033", "ecs", "not-evaluated", "not decided"),
        ],
    ),
    "CAP005 no place": (
        [("    fits: [CORE-1]\n", "")],
        [
            ("CAP005", "core-optics", "failed", "core-optics"),
            ("CAP001", "A/CORE-1/qsfpp-40g-isr4", "not-evaluated", "core-optics"),
        ],
    ),
    "CAP005 place at another site": (
        [("    site: A\n    fits: [CORE-1]", "    site: B\n    fits: [CORE-1]"),
         ("rooms:\n", "  - {name: B, role: dr, title: {en: B, zh: 乙}}\nrooms:\n")],
        [
            ("CAP005", "core-optics", "failed", "site: B"),
            ("REQ001", "pue", "not-evaluated", ""),
            ("REQ001", "class", "not-evaluated", ""),
            ("REQ002", "papers", "not-evaluated", ""),
        ],
    ),
    "CAP010 short": (
        [("amount: 128", "amount: 100")],
        [("CAP010", "ecs-cores", "failed", "amount: 100")],
    ),
    "CAP010 quantity multiplies": (
        [("amount: 128", "amount: 64"), ("    fleets: [ecs]\n", "    fleets: [ecs]\n    quantity: 2\n")],
        [],
    ),
    "CAP010 node licence short": (
        [("amount: 5, unit: node", "amount: 1, unit: node")],
        [("CAP010", "nodes", "failed", "amount: 1")],
    ),
    "CAP010 type without components": (
        [("measure: cores}]\n    fleets: [ecs]", "measure: cores}]\n    fleets: [hsm]"),
         ("supplies:\n", HSM.replace("SITE", "A").lstrip("\n"))],
        [
            ("CAP010", "ecs-cores", "not-evaluated", "amount: 128"),
            ("CAP033", "hsm", "not-evaluated", "attach_open"),
            ("PLN001", "hsm-001", "failed", "count: 1"),
        ],
    ),
    "CAP011 surplus": (
        [("amount: 128", "amount: 192")],
        [("CAP011", "ecs-cores", "failed", "amount: 192")],
    ),
    "CAP011 at_least may exceed": ([("amount: 5, unit: node", "amount: 500, unit: node")], []),
    "CAP012 no hardware": (
        [("    metrics: [{amount: 128, unit: core, measure: cores}]\n    fleets: [ecs]\n",
          "    metrics: [{amount: 24, unit: GPU, measure: gpus}]\n")],
        [("CAP012", "ecs-cores", "failed", "amount: 24")],
    ),
    "CAP012 fleet holds none": (
        [("{amount: 128, unit: core, measure: cores}", "{amount: 24, unit: GPU, measure: gpus}")],
        [("CAP012", "ecs-cores", "failed", "amount: 24")],
    ),
    "CAP013 not measurable": (
        [("metrics: [{amount: 128, unit: core, measure: cores}]\n    fleets: [ecs]",
          "metrics: [{amount: 200, unit: vCPU}]\n    no_measure: vCPU of applications")],
        [("CAP013", "ecs-cores", "not-evaluated", "amount: 200")],
    ),
    "CAP014 sibling fleet without licence": (
        [("supplies:\n", HSM.lstrip("\n").replace("SITE", "A").replace("name: hsm", "name: diag")
          .replace("appliance", "server").replace("cloud-hsm-2u", "hygon-c86-ecs-2u\n    service: compute"))],
        [
            ("CAP014", "diag", "failed", "service: compute"),
            ("CAP020", "servers-stated", "failed", "amount: 2"),
            ("CAP033", "diag", "not-evaluated", "attach_open"),
            ("PLN001", "diag-001", "failed", "count: 1"),
        ],
    ),
    "CAP020 stated more": (
        [("measure: servers, amount: 2}", "measure: servers, amount: 5}")],
        [("CAP020", "servers-stated", "failed", "amount: 5")],
    ),
    "CAP020 at_least holds": (
        [("measure: servers, amount: 2}", "measure: servers, amount: 1, compare: at_least}")], [],
    ),
    "CAP020 at_most exceeded": (
        [("measure: servers, amount: 2}", "measure: servers, amount: 1, compare: at_most}")],
        [("CAP020", "servers-stated", "failed", "amount: 1")],
    ),
    "CAP020 site open": (
        [("measure: servers, amount: 2}", "measure: appliances, amount: 1, of: {sites: [A]}}"),
         ("supplies:\n", HSM.lstrip("\n").replace("SITE", "null"))],
        [
            ("CAP020", "servers-stated", "not-evaluated", "amount: 1"),
            ("CAP032", "hsm", "not-evaluated", "site: null"),
            ("PLN001", "hsm-001", "failed", "count: 1"),
        ],
    ),
    "CAP021 contradiction blames the one that is not listed": (
        [("    measure: racks\n    amount: 2\n", "    measure: servers\n    amount: 3\n")],
        [("CAP021", "racks-stated", "failed", "amount: 3")],
    ),
    "CAP021 compatible": (
        [("    measure: racks\n    amount: 2\n", "    measure: servers\n    amount: 1\n    compare: at_least\n")], [],
    ),
    "CAP030 ports short": (
        [("    count: 2\n", "    count: 3\n")],
        [
            ("CAP030", "P1", "failed", "port_plan: plan-10g"),
            ("CAP002", f"{SWITCH}/sfpp-10g-sr", "failed", "per_unit: 3"),
            ("CAP010", "ecs-cores", "failed", "amount: 128"),
            ("CAP020", "servers-stated", "failed", "amount: 2"),
            ("PLN001", "ecs-003", "failed", "count: 3"),
        ],
    ),
    "CAP030 a range cut below the plan belongs to the port checks": (
        [("10GE1/0/[1-2]", "10GE1/0/[1-1]")], [],
    ),
    "CAP031 speed of the pair": (
        [("optic: sfpp-10g-sr}\n    uplinks", "optic: sfp28-25g-sr}\n    uplinks")],
        [("CAP031", "ecs", "failed", "pairs: [P1]")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_one_change_gives_these_findings(name: str, change: Change) -> None:
    agree(change, *CASES[name])


def _one(report: Report, code: str) -> Any:
    (found,) = [f for f in report.findings if f.code == code and f.status is Status.FAILED]
    return found


def test_shortage_names_sum_and_nearest_surplus(tiny: Any) -> None:
    found = _one(
        tiny.report([("quantity: 3", "quantity: 0"), ("per_unit: 2}\n      - {item: dac", "per_unit: 9}\n      - {item: dac")]),
        "CAP001",
    )  # fmt: skip
    assert found.severity is Severity.ERROR
    assert found.arithmetic == "2 needed - 0 supplied = 2"
    assert "order 2 more, or move 2 of the 16" in found.fix.en
    assert [r.note for r in found.related] == [
        "16 qsfpp-40g-sr4 not needed at access-10g-48s6q (access)"
    ]  # fmt: skip


def test_statement_shows_the_subtraction(tiny: Any) -> None:
    found = _one(tiny.report([("measure: servers, amount: 2}", "measure: servers, amount: 5}")]), "CAP020")
    assert found.arithmetic == "5 stated - 2 listed = 3; 2 ecs = 2"
    assert found.severity is Severity.WARNING


def test_licence_shows_what_is_listed(tiny: Any) -> None:
    found = _one(tiny.report([("amount: 128", "amount: 100")]), "CAP010")
    assert found.arithmetic == "128 ecs = 128; 128 - 100 = 28"
    assert "缺 28" in found.message.zh


def test_bill_is_not_evaluated_before_cables_are_planned(tiny: Any) -> None:
    outcomes = {o.code: o for o in tiny.report(plan=False).outcomes}
    assert outcomes["CAP001"].verdict == "not evaluated"
    assert "no plan" in outcomes["CAP001"].reason
