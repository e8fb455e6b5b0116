"""REQ and RCK04x checks: one line of the tiny project changed, and what that brings."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.findings import Severity, Status
from tests.unit.reconcile.agreement import Change, Edit, agree

CASES: dict[str, tuple[list[Edit], list[tuple[str, str, str, str]]]] = {
    "REQ001 stated fact beyond the limit": (
        [("pue: 1.3", "pue: 1.5")],
        [("REQ001", "pue/A", "failed", "pue: 1.5")],
    ),
    "REQ001 at the limit": ([("pue: 1.3", "pue: 1.4")], []),
    "REQ001 null": ([("pue: 1.3", "pue: null")], [("REQ001", "pue", "not-evaluated", "pue: null")]),
    "REQ001 absent": ([("      pue: 1.3\n", "")], [("REQ001", "pue", "not-evaluated", "facility:")]),
    "REQ001 not in the list": (
        [("tier: B", "tier: C")],
        [("REQ001", "class/A", "failed", "tier: C")],
    ),
    "REQ001 word in other case": ([("tier: B", "tier: b")], []),
    "REQ001 one rack": (
        [("{name: A01-A02, phase: L2}", "{name: A01-A02, phase: L2, rated_kw: 4}")],
        [("REQ001", "rack-kw/A01-A02", "failed", "rated_kw: 4")],
    ),
    "REQ001 better than asked": (
        [("{name: A01-A02, phase: L2}", "{name: A01-A02, phase: L2, rated_kw: 7}")],
        [],
    ),
    "REQ001 a line many racks inherit is said once": (
        [("b: {panel: PB, breaker_a: 32}", "b: {panel: PB, breaker_a: 25}")],
        [("REQ001", "breaker/A01-A", "failed", "breaker_a: 25")],
    ),
    "REQ001 breaker unknown": (
        [("b: {panel: PB, breaker_a: 32}", "b: {panel: PB}")],
        [("REQ001", "breaker", "not-evaluated", "{panel: PB}")],
    ),
    "REQ001 racks missing: totals follow and stay silent": (
        [("      - {name: A01-A02, phase: L2}\n", ""), ("rack: A01-A02, position: 41", "rack: A01-A01, position: 40"),
         ("rack: A01-A02, position: 5", "rack: A01-A01, position: 7")],
        [("REQ001", "racks/tiny", "failed", "fact: racks")],
    ),
    "REQ001 truth value": (
        [("customer_only: true", "customer_only: false")],
        [("REQ001", "ours/A01", "failed", "customer_only: false")],
    ),
    "REQ001 UPS": (
        [("{name: UB, site: A, side: b, rated_kva: 20, power_factor: 1, autonomy_min: 15}",
          "{name: UB, site: A, side: b, rated_kva: 20, power_factor: 1, autonomy_min: 10}")],
        [("REQ001", "autonomy/UB", "failed", "autonomy_min: 10")],
    ),
    "REQ001 fuel hours are computed": (
        [("fuel_l: 300", "fuel_l: 200")],
        [("REQ001", "fuel/G1", "failed", "fuel_l: 200")],
    ),
    "REQ001 fuel unknown": ([("    fuel_l: 300\n", "")], [("REQ001", "fuel", "not-evaluated", "G1")]),
    "REQ001 no subject": (
        [("generators:\n  - name: G1\n    site: A\n    rated_kw: 100\n    start_s: 60\n    fuel_l: 300\n", "")],
        [("REQ001", "fuel", "not-evaluated", "scope: generator")],
    ),
    "REQ001 the clause itself is off": (
        [("fact: autonomy_min, op: \">=\", value: 15", "fact: autonomy_min, op: \">=\", value: 150")],
        [("REQ001", "autonomy", "failed", "value: 150")],
    ),
    "REQ001 total without a cause below": (
        [("fact: rack_power_kw_total, op: \">=\", value: 10", "fact: rack_power_kw_total, op: \">=\", value: 12")],
        [("REQ001", "power/tiny", "failed", "value: 12")],
    ),
    "REQ001 project fact stated by the sites": (
        [("requirements:\n", "requirements:\n  - {name: lease, text: {en: lease, zh: 租期}, scope: project, fact: lease_months, op: \">=\", value: 12}\n"),
         ("      tier: B\n", "      tier: B\n      lease_months: 6\n")],
        [("REQ001", "lease/tiny", "failed", "lease_months: 6")],
    ),
    "REQ002 no paper": (
        [("papers: plan rev. 2", "papers: false")],
        [("REQ002", "papers/A", "failed", "papers: false")],
    ),
    "REQ002 not said": (
        [("papers: plan rev. 2", "papers: null")],
        [("REQ002", "papers", "not-evaluated", "papers: null")],
    ),
    "REQ003 misspelt fact of a rack": (
        [("fact: rated_kw", "fact: rated_kww")],
        [("REQ003", "rack-kw", "failed", "rated_kww")],
    ),
    "REQ003 misspelt fact of all sites": (
        [("fact: pue", "fact: puee")],
        [("REQ003", "pue", "failed", "fact: puee")],
    ),
    "REQ004 text for a number": (
        [("pue: 1.3", "pue: about 1.3")],
        [("REQ004", "pue/A", "failed", "pue: about 1.3")],
    ),
    "REQ004 clause without a number": (
        [("op: \"<=\", value: 1.4", "op: \"<=\", value: low")],
        [("REQ004", "pue", "failed", "value: low")],
    ),
    "REQ004 `in` without a list": (
        [("value: [A, B]", "value: A")],
        [("REQ004", "class", "failed", "value: A")],
    ),
    "REQ005 fact nobody reads": (
        [("      tier: B\n", "      tier: B\n      drone: true\n")],
        [("REQ005", "A/drone", "failed", "drone: true")],
    ),
    "REQ005 misspelt at one of two sites": (
        [("    facility:\n      pue: 1.3\n      papers: plan rev. 2\n      tier: B\n",
          "    facility: &f {pue: 1.3, papers: plan, tier: B}\n  - name: B\n    role: dr\n    title: {en: B, zh: 乙}\n"
          "    facility:\n      puee: 1.3\n      papers: plan\n      tier: B\n")],
        [("REQ005", "B/puee", "failed", "puee: 1.3"), ("REQ001", "pue", "not-evaluated", "facility:")],
    ),
    "RCK040 narrow front": (
        [("front_aisle_m: 1.2", "front_aisle_m: 1.0")],
        [("RCK040", "A01-A", "failed", "front_aisle_m: 1.0")],
    ),
    "RCK040 narrow back": (
        [("back_aisle_m: 1.0", "back_aisle_m: 0.7")],
        [("RCK040", "A01-A", "failed", "back_aisle_m: 0.7")],
    ),
    "RCK040 unknown": (
        [("front_aisle_m: 1.2", "front_aisle_m: null")],
        [("RCK040", "A01-A", "not-evaluated", "front_aisle_m: null")],
    ),
    "RCK041 two rooms": (
        [("panels:\n", "  - {name: A02-A, room: A02, y_m: 2, front_aisle_m: 1.2, back_aisle_m: 1, rack_type: rack-42u-1200-5kw, "
          "feeds: {a: {panel: PA, breaker_a: 32}, b: {panel: PB, breaker_a: 32}}, racks: [{name: A02-A01}]}\npanels:\n")],
        [("RCK041", "A", "failed", "room: A02"), ("CAP020", "racks-stated", "failed", "amount: 2")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_one_change_gives_these_findings(name: str, change: Change) -> None:
    agree(change, *CASES[name])


@pytest.mark.parametrize(
    ("edit", "code", "severity"),
    [
        (("tier: B", "tier: C"), "REQ001", Severity.WARNING),
        (("pue: 1.3", "pue: 1.5"), "REQ001", Severity.ERROR),
        (("papers: plan rev. 2", "papers: ''"), "REQ002", Severity.ERROR),
    ],
    ids=["scored", "unmarked", "mandatory"],
)
def test_mark_of_the_clause_decides_the_severity(
    edit: Edit, code: str, severity: Severity, tiny: Any
) -> None:
    (found,) = [
        f for f in tiny.report([edit]).findings if f.code == code and f.status is Status.FAILED
    ]  # fmt: skip
    assert found.severity is severity
    assert found.clause.startswith("tender T-1 line")


def test_unmet_clause_shows_the_sum(tiny: Any) -> None:
    found = next(f for f in tiny.report([("fuel_l: 300", "fuel_l: 200")]).findings if f.code == "REQ001" and f.status is Status.FAILED)  # fmt: skip
    # 100 kW x 0.271 L/kWh x 1.1 = 29.81 L/h; 200 / 29.81 = 6.71 h
    assert found.arithmetic == "6.71 h found, >= 8 h asked: 1.29 h short"


def test_misspelt_fact_gets_a_suggestion(tiny: Any) -> None:
    found = next(f for f in tiny.report([("fact: rated_kw", "fact: rated_kww")]).findings if f.code == "REQ003")  # fmt: skip
    assert found.fix.en == "did you mean rated_kw?"
