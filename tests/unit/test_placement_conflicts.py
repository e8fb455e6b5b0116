"""Conflicts: the smallest set of requirements, and changes that are checked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from capacity.conflicts import explain_infeasible
from capacity.placement import Bin, Group, Item, Problem

ROW_A = tuple(f"A{n:02d}" for n in range(1, 7))
ROW_B = tuple(f"B{n:02d}" for n in range(1, 5))
RACKS = tuple(Bin(name, 4500, 5000, 40, 800, 1000, order=n) for n, name in enumerate(ROW_A + ROW_B))


def server(name: str, where: tuple[str, ...], peak_w: int, **changes: object) -> Item:
    item = Item(name, where, peak_w * 4 // 5, peak_w, 2, 30, 850, kind="rds")
    return replace(item, **changes)  # type: ignore[arg-type]


def servers(number: int, where: tuple[str, ...], peak_w: int, **changes: object) -> tuple[Item, ...]:
    return tuple(server(f"s{n:02d}", where, peak_w, **changes) for n in range(number))


ELSEWHERE = tuple(server(f"t{n}", ROW_A + ROW_B, 700, kind="ecs") for n in range(5))
BANKED = tuple(replace(rack, bank_caps_w=(2675, 2675)) for rack in RACKS)
SHALLOW = tuple(replace(rack, depth_mm=800) for rack in RACKS)

CONFLICTS: dict[str, tuple[Problem, set[tuple[str, str]], set[tuple[str, int, bool]]]] = {
    "row too small for its peak": (
        Problem((*servers(40, ROW_A, 830), *ELSEWHERE), RACKS),
        {
            (
                "peak power",
                "peak power of 40 rds items is 33 200 W; the 6 racks open to them can carry 30 000 W",
            ),
            ("region", "40 rds items may stand only in A01 .. A06 (6 racks)"),
            ("racks", "only A01 .. A06 (6 racks) can take them"),
        },
        # 7 x 830 W = 5 810 W in four of six racks; one more rack; six per rack leaves four out
        {("peak power", 810, True), ("racks", 1, True), ("items", 4, True), ("region", 40, False)},
    ),
    "spread wants more racks than there are": (
        Problem((*servers(24, ROW_A, 400, groups=("a-rds",)), *ELSEWHERE), RACKS, (Group("a-rds", 3),)),
        {
            (
                "spread",
                "24 rds items of a-rds: at most 3 per rack, in at least 1 rack, so 8 racks are needed",
            ),
            ("region", "24 rds items may stand only in A01 .. A06 (6 racks)"),
            ("racks", "only A01 .. A06 (6 racks) can take them"),
        },
        {("spread", 1, True), ("racks", 2, True), ("items", 6, True), ("region", 24, False)},
    ),
    "group smaller than its span": (
        Problem(servers(2, ROW_A, 400, groups=("g",)), RACKS, (Group("g", None, 3),)),
        {("spread", "2 rds items of g: at most 2 per rack, in at least 3 racks, so 3 racks are needed")},
        {("spread", 1, True), ("items", 2, True)},
    ),
    "what stands there is already too much": (
        Problem(servers(7, ROW_A, 800, fixed="A01"), RACKS),
        {
            ("fixed", "7 rds items may not leave A01"),
            ("peak power", "peak power of 7 rds items is 5 600 W; the 1 rack open to them can carry 5 000 W"),
        },
        {("fixed", 7, False), ("peak power", 600, True)},
    ),
    "no rack is deep enough": (
        Problem(servers(1, ROW_A, 400), SHALLOW),
        {("depth", "the deepest item needs 850 mm; 0 of 10 racks give that")},
        {("depth", 850, True), ("items", 1, True)},
    ),
    "banks": (
        Problem(servers(37, ROW_A, 700), BANKED),
        {
            (
                "bank limit",
                "peak power of 37 rds items, 25 900 W, one bank per device (largest 700 W); 12 banks of "
                "2 675 W in the 6 racks open to them",
            ),
            ("region", "37 rds items may stand only in A01 .. A06 (6 racks)"),
            ("racks", "only A01 .. A06 (6 racks) can take them"),
        },
        # a fourth 700 W on a bank needs 2 800 W
        {("bank limit", 130, True), ("racks", 1, True), ("items", 1, True), ("region", 37, False)},
    ),
    "what stands there overloads a bank": (
        Problem(servers(7, ROW_A, 700, fixed="A01"), BANKED),
        {("fixed", "7 rds items may not leave A01"), ("bank limit", "2 banks of 2 675 W in the 1 rack")},
        {("fixed", 7, False), ("bank limit", 130, True)},
    ),
    "height": (
        Problem(servers(7, ROW_A, 100, height_u=30), RACKS[:6]),
        {
            ("rack height", "rack height of 7 rds items is 210 U; the 6 racks open to them can carry 240 U"),
            ("racks", "only A01 .. A06 (6 racks) can take them"),
        },
        {("rack height", 20, True), ("racks", 1, True), ("items", 1, True)},
    ),
}


@pytest.mark.parametrize("case", CONFLICTS)
def test_conflict_and_what_resolves_it(case: str) -> None:
    problem, requirements, relaxations = CONFLICTS[case]
    conflict = explain_infeasible(problem)
    assert (conflict.status, conflict.minimal, conflict.others) == ("infeasible", True, 0)
    assert {req.family for req in conflict.requirements} == {family for family, _ in requirements}
    for family, words in requirements:
        assert any(req.family == family and words in req.text for req in conflict.requirements), conflict
    found = {(change.family, change.amount, change.smallest) for change in conflict.relaxations}
    assert found == relaxations


def test_one_limit_alone_does_not_help_so_two_are_named() -> None:
    problem = Problem(servers(40, ROW_A, 830, alloc_w=691), RACKS)
    texts = [change.text for change in explain_infeasible(problem).relaxations]
    assert (
        "raise the limits for peak power per rack to 5 810 W (from 5 000) and for allocated power per rack "
        "to 4 840 W (from 4 500) in A01 .. A06 (6 racks)"
    ) in texts


def test_banks_and_peak_bind_together() -> None:
    problem = Problem(servers(40, ROW_A, 830, alloc_w=100), BANKED)
    conflict = explain_infeasible(problem)
    assert conflict.relaxations
    for change in conflict.relaxations:
        assert change.smallest or change.family == "region"
    texts = [change.text for change in conflict.relaxations]
    # seven of 830 W in four racks: 5 810 W, four of them on one bank
    assert any("peak power per rack to 5 810 W" in t and "each bank to 3 325 W" in t for t in texts), texts


def test_independent_conflicts_are_counted() -> None:
    b = tuple(server(f"b{n:02d}", ROW_B, 830) for n in range(30))
    conflict = explain_infeasible(Problem((*servers(40, ROW_A, 830), *b), RACKS))
    assert conflict.others == 1
    assert "30 rds" in conflict.requirements[0].text
    assert conflict.relaxations


def test_a_placeable_problem_has_no_conflict() -> None:
    conflict = explain_infeasible(Problem(servers(3, ROW_A, 400), RACKS))
    assert (conflict.status, conflict.requirements) == ("feasible", ())


def test_no_racks_at_all() -> None:
    conflict = explain_infeasible(Problem((server("a", (), 400),), ()))
    assert (conflict.status, conflict.requirements[0].text) == ("infeasible", "1 items, no racks")
