"""Placement: hand-made problems with known answers."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from capacity.placement import Bin, Group, Item, Problem, can_place, first_fit, solve, solve_cpsat, verify

BENCH = Path(__file__).parents[1] / "bench"


def load(name: str) -> ModuleType:
    """A module beside the benchmark, which is no package."""
    spec = importlib.util.spec_from_file_location(name, BENCH / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


INSTANCES = load("instances")
RACKS = tuple(f"r{n:02d}" for n in range(10))


def rack(name: str, order: int = 0, **changes: int | bool) -> Bin:
    return replace(Bin(name, 4500, 5000, 40, 800, 1000, order=order), **changes)  # type: ignore[arg-type]


def racks(number: int) -> tuple[Bin, ...]:
    return tuple(rack(name, n) for n, name in enumerate(RACKS[:number]))


def server(name: str, where: tuple[str, ...] = RACKS[:4], peak_w: int = 750, **changes: object) -> Item:
    item = Item(name, where, peak_w * 5 // 6, peak_w, 2, 26, 850, kind="rds")
    return replace(item, **changes)  # type: ignore[arg-type]


def servers(number: int, where: tuple[str, ...] = RACKS[:4], **changes: object) -> tuple[Item, ...]:
    return tuple(server(f"s{n:02d}", where, **changes) for n in range(number))  # type: ignore[arg-type]


BANKED = tuple(replace(b, bank_caps_w=(2675, 2675)) for b in racks(10))
KNOWN = {
    # 24 x 750 W = 18 000 W is 3.6 racks, and 6 per rack (4 500 W; a seventh passes 5 000 W)
    "power-binds": (Problem(servers(24), racks(4)), 4, "4"),
    "six-per-rack": (Problem(servers(25, RACKS), racks(10)), 5, "1/6"),
    "height-binds": (Problem(servers(20, height_u=15, peak_w=100), racks(10)[:10]), None, "rack height"),
    "height-binds-wide": (Problem(servers(20, RACKS, height_u=15, peak_w=100), racks(10)), 10, "rack height"),
    "weight-binds": (Problem(servers(9, RACKS, weight_kg=300, peak_w=100), racks(10)), 5, "weight"),
    # 4 x 9 U with a manager is 37 U, a fifth would need 45 U + 2
    "managers": (
        Problem(servers(8, RACKS, height_u=10, peak_w=100), racks(10), manager_every=4),
        3,
        "rack height",
    ),
    "no-managers": (Problem(servers(8, RACKS, height_u=10, peak_w=100), racks(10)), 2, "rack height"),
    "replicas-apart": (
        Problem(servers(6, RACKS, peak_w=100, groups=("g",)), racks(10), (Group("g", 1),)),
        6,
        "g: 6 items",
    ),
    "span-three": (
        Problem(servers(6, RACKS, peak_w=100, groups=("g",)), racks(10), (Group("g", None, 3, True),)),
        3,
        "g: 6 items",
    ),
    "regions-add-up": (
        Problem((server("a", ("r00", "r01")), server("b", ("r02", "r03")), server("c", RACKS)), racks(10)),
        2,
        "together 2",
    ),
    "in-use-is-free": (Problem(servers(7), (rack("r00", opened=True), *racks(4)[1:])), 1, "already in use"),
    "too-deep": (Problem(servers(1, depth_mm=1100), racks(4)), None, "even alone"),
    "fixed-overload": (Problem(servers(7, fixed="r00"), racks(4)), None, "may not leave r00"),
    "region-full": (Problem(servers(13, RACKS[:2]), racks(4)), None, "use only 2"),
    # 6 x 700 W per rack: a seventh stays below 5 000 W, but four on one bank are 2 800 W
    "banks-bind": (Problem(servers(25, RACKS, peak_w=700), BANKED), 5, "a device above 1/4 of a bank"),
    "no-banks": (Problem(servers(25, RACKS, peak_w=700), racks(10)), 4, "peak power"),
    "bank-too-small": (Problem(servers(1, peak_w=2700), BANKED), None, "even alone"),
    "banks-full": (Problem(servers(25, RACKS[:4], peak_w=700), BANKED), None, "have only 8"),
    "fixed-overload-a-bank": (Problem(servers(7, peak_w=700, fixed="r00"), BANKED), None, "may not leave"),
    "banks-in-use": (
        Problem(
            (*servers(2, peak_w=700, fixed="r00"), *(server(f"t{n}", RACKS, 700) for n in range(11))),
            (replace(BANKED[0], opened=True), *BANKED[1:]),
        ),
        2,
        "beside 1 already in use",
    ),
    "three-banks": (
        Problem(
            servers(7, RACKS, peak_w=700),
            tuple(replace(b, bank_caps_w=(1400, 1400, 1400)) for b in racks(10)),
        ),
        2,
        "1.17",
    ),
    "nothing": (Problem((), racks(2)), 0, "nothing"),
}


@pytest.mark.parametrize("case", KNOWN)
def test_known_answers(case: str) -> None:
    problem, fewest, words = KNOWN[case]
    solution = solve(problem)
    assert words in solution.proof
    if fewest is None:
        assert solution.status == "infeasible"
        assert can_place(problem)[0] is False
        return
    assert (solution.status, solution.racks_opened, solution.lower_bound) == ("optimal", fewest, fewest)
    assert solution.gap == 0
    assert not solution.limits_hit
    assert verify(problem, solution.assignment) == []
    assert can_place(problem) == (True, "")


def test_proof_shows_the_arithmetic() -> None:
    problem = Problem(servers(7, peak_w=1000), racks(4))
    assert solve(problem).proof == "peak power 7 000 W / 5 000 W = 1.40 -> 2 racks"


def test_fixed_items_stay_and_their_racks_count() -> None:
    items = (server("old", RACKS[:1], fixed="r03", depth_mm=2000), *servers(5))
    solution = solve(Problem(items, racks(4)))
    assert solution.assignment["old"] == "r03"
    assert (solution.racks_used, solution.status) == (("r03",), "optimal")


def test_preferred_racks_are_taken_first_and_locality_breaks_ties() -> None:
    assert solve(Problem(servers(6), racks(4))).racks_used == ("r00",)
    cost = (("r00", 5),)
    near = (server("a", cost=cost), server("b"), *servers(10))
    solution = solve(Problem(near, racks(4)))
    assert solution.racks_opened == 2
    assert (solution.assignment["a"], solution.locality_cost) == ("r01", 0)


def test_balanced_groups_end_within_one_of_each_other() -> None:
    storage = tuple(server(f"z{n}", RACKS, peak_w=1200, groups=("g",)) for n in range(9))
    solution = solve(Problem((*storage, *servers(9, RACKS)), racks(10), (Group("g", None, 3, True),)))
    counts = Counter(solution.assignment[item.name] for item in storage)
    assert (solution.racks_opened, solution.status) == (4, "optimal")
    assert max(counts.values()) - min(counts.values()) <= 1


def test_cp_sat_settles_what_the_bounds_leave_open() -> None:
    # three items of two resources each: no two fit together, though each resource alone needs two racks
    items = tuple(
        server(f"s{n}", peak_w=watts, height_u=height, alloc_w=100)
        for n, (watts, height) in enumerate(((4000, 10), (900, 35), (2900, 20)))
    )
    solution = solve(Problem(items, racks(4)))
    assert (solution.status, solution.racks_opened) == ("optimal", 3)
    assert "cp-sat" in solution.method
    assert "CP-SAT: 3 racks are needed" in solution.proof


def test_verify_deals_peaks_to_banks() -> None:
    problem = Problem(servers(7, peak_w=700), BANKED)
    together = {item.name: "r00" for item in problem.items}
    assert verify(problem, together) == ["r00: 7 items cannot be split over banks of 2675 W, 2675 W"]
    assert verify(problem, {**together, "s06": "r01"}) == []


@pytest.mark.parametrize("fill", [900, 970, 985])
def test_tight_rooms_with_banks_still_meet_the_bound(fill: int) -> None:
    room = INSTANCES.filled(191, 40, fill)
    problem = replace(room, bins=tuple(replace(b, bank_caps_w=(2675, 2675)) for b in room.bins))
    solution = solve(problem)
    assert (solution.status, solution.racks_opened) == ("optimal", solve(room).racks_opened)
    assert verify(problem, solution.assignment) == []


BROKEN = {
    "missing": ({}, "s00 is not placed"),
    "unknown-rack": ({"s00": "x"}, "unknown rack x"),
    "unknown-item": ({"s00": "r00", "x": "r00"}, "x is not an item"),
    "not-a-candidate": ({"s00": "r09"}, "may not stand in r09"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_verify_names_the_fault(case: str) -> None:
    assignment, words = BROKEN[case]
    faults = verify(Problem(servers(1), racks(10)), assignment)
    assert len(faults) == 1
    assert words in faults[0]


def test_verify_measures_every_resource_and_spread() -> None:
    problem = Problem(
        servers(8, height_u=6, weight_kg=120, groups=("g",)), racks(4), (Group("g", 2, 3),), manager_every=4
    )
    faults = verify(problem, {item.name: "r00" for item in problem.items})
    assert faults == [
        "r00: allocated power 5000 W, limit 4500 W",
        "r00: peak power 6000 W, limit 5000 W",
        "r00: rack height 50 U, limit 40 U",
        "r00: weight 960 kg, limit 800 kg",
        "g: 8 members in r00, limit 2",
        "g: members stand in 1 racks, at least 3 needed",
    ]


@pytest.mark.parametrize(
    "problem",
    [
        Problem(servers(1, ("nowhere",)), racks(1)),
        Problem(servers(1, groups=("nobody",)), racks(4)),
        Problem(servers(1) * 2, racks(4)),
        Problem((), racks(1) * 2),
        Problem((), racks(1), (Group("g"), Group("g"))),
    ],
)
def test_contradictory_input_is_refused(problem: Problem) -> None:
    with pytest.raises(ValueError, match=r"unknown|unique"):
        solve(problem)


@pytest.mark.parametrize("fill", [900, 970, 985])
def test_tight_rooms_are_filled_where_first_fit_is_not(fill: int) -> None:
    problem = INSTANCES.filled(191, 40, fill)
    solution = solve(problem)
    assert (solution.status, solution.unplaced, solution.limits_hit) == ("optimal", (), ())
    assert verify(problem, solution.assignment) == []
    by_hand = first_fit(problem)
    assert by_hand.unplaced or by_hand.racks_opened > solution.racks_opened
    if fill >= 970:
        assert by_hand.unplaced


def test_a_thousand_servers_meet_the_bound() -> None:
    problem = INSTANCES.filled(1000, 210, 970)
    solution = solve(problem)
    assert (solution.racks_opened, solution.lower_bound, solution.status) == (204, 204, "optimal")
    assert verify(problem, solution.assignment) == []


def test_plain_cp_sat_agrees() -> None:
    problem = Problem(servers(11, RACKS, groups=("g",)), racks(10), (Group("g", 4),))
    plain = solve_cpsat(problem)
    assert (plain.status, plain.racks_opened) == ("optimal", solve(problem).racks_opened)
    assert verify(problem, plain.assignment) == []
    impossible = Problem(servers(13, RACKS[:2]), racks(4))
    assert solve_cpsat(impossible).status == "infeasible"


def test_wall_clock_is_only_a_safety_net_and_is_reported() -> None:
    solution = solve(INSTANCES.filled(191, 40, 985), time_limit_s=0)
    assert solution.limits_hit == ("wall clock",)
    assert solution.status == "unknown"


def test_progress_is_told() -> None:
    seen: list[tuple[str, int, int]] = []
    solve(INSTANCES.filled(191, 40, 970), progress=lambda *step: seen.append(step))
    assert seen[0] == ("first-fit", -1, 39)
    assert seen[-1] == ("subset-sum", 39, 39)


def test_hash_seed_does_not_matter() -> None:
    code = (
        "import sys; sys.path.insert(0, 'tests/bench'); from instances import filled;"
        "from capacity.placement import solve; print(sorted(solve(filled(191, 40, 985)).assignment.items()))"
    )
    root = Path(__file__).parents[2]
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1
