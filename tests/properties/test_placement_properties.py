"""The placement solver against enumeration of every assignment on tiny problems."""

from __future__ import annotations

from itertools import product
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from capacity.conflicts import explain_infeasible, minimal_families
from capacity.placement import Bin, Group, Item, Problem, first_fit, solve, solve_cpsat, verify
from capacity.placement_banks import raised_caps, splittable
from capacity.placement_families import lifted

SETTINGS = settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@st.composite
def problems(draw: st.DrawFn, most_items: int = 6, most_racks: int = 4) -> Problem:
    """A problem small enough to enumerate, with every kind of rule in it."""
    racks = [f"r{n}" for n in range(draw(st.integers(1, most_racks)))]
    like = draw(st.booleans())
    caps = st.tuples(st.integers(4, 12), st.integers(4, 12), st.integers(2, 9), st.integers(4, 12))
    banks = st.one_of(st.just(()), st.lists(st.integers(2, 8), min_size=1, max_size=3).map(tuple))
    shared, shared_banks = draw(caps), draw(banks)
    bins = []
    for n, name in enumerate(racks):
        cap = shared if like else draw(caps)
        bins.append(
            Bin(
                name,
                *cap,
                depth_mm=draw(st.sampled_from((700, 900))),
                opened=draw(st.integers(0, 4)) == 0,
                order=n,
                bank_caps_w=shared_banks if like else draw(banks),
            )
        )
    groups = [
        Group(
            f"g{n}",
            draw(st.sampled_from((None, 1, 2))),
            draw(st.sampled_from((1, 1, 2, 3))),
            draw(st.booleans()),
        )
        for n in range(draw(st.integers(0, 2)))
    ]
    items = []
    for n in range(draw(st.integers(1, most_items))):
        wide = draw(st.booleans())
        candidates = racks if wide else draw(st.lists(st.sampled_from(racks), min_size=1, unique=True))
        items.append(
            Item(
                f"i{n}",
                tuple(sorted(candidates)),
                alloc_w=draw(st.integers(1, 5)),
                peak_w=draw(st.integers(1, 6)),
                height_u=draw(st.integers(0, 3)),
                weight_kg=draw(st.integers(0, 5)),
                depth_mm=draw(st.sampled_from((600, 600, 800))),
                groups=tuple(g.name for g in groups if draw(st.booleans())),
                fixed=draw(st.sampled_from((None, None, None, None, *racks))),
                kind=draw(st.sampled_from(("a", "b"))),
                cost=tuple((rack, draw(st.integers(0, 3))) for rack in racks[:1]),
            )
        )
    return Problem(tuple(items), tuple(bins), tuple(groups), draw(st.sampled_from((0, 2, 4))))


def fewest_racks(problem: Problem) -> int | None:
    """Fewest newly used racks over every assignment, None if there is none."""
    used_before = {rack.name for rack in problem.bins if rack.opened}
    names = [rack.name for rack in problem.bins]
    best: int | None = None
    for chosen in product(names, repeat=len(problem.items)):
        fresh = len(set(chosen) - used_before)
        if best is not None and fresh >= best:
            continue
        if not verify(problem, dict(zip((i.name for i in problem.items), chosen, strict=True))):
            best = fresh
    return best


@SETTINGS
@given(
    st.lists(st.integers(0, 9), max_size=7).map(sorted), st.lists(st.integers(1, 14), min_size=1, max_size=4)
)
def test_splittable_equals_enumeration(peaks: list[int], caps: list[int]) -> None:
    fits = any(
        all(
            sum(peak for peak, bank in zip(peaks, dealt, strict=True) if bank == k) <= cap
            for k, cap in enumerate(caps)
        )
        for dealt in product(range(len(caps)), repeat=len(peaks))
    )
    assert splittable(tuple(peaks), tuple(caps)) == fits
    raised = raised_caps(peaks, tuple(caps))
    assert splittable(tuple(peaks), raised)
    assert all(more >= cap for more, cap in zip(raised, caps, strict=True))
    assert (raised == tuple(caps)) == fits


@SETTINGS
@given(problems())
def test_solver_equals_enumeration(problem: Problem) -> None:
    solution = solve(problem)
    fewest = fewest_racks(problem)
    if fewest is None:
        assert solution.status == "infeasible", solution
        assert solution.unplaced
    else:
        assert solution.status == "optimal", solution
        assert solution.racks_opened == solution.lower_bound == fewest
        assert verify(problem, solution.assignment) == []


@settings(SETTINGS, max_examples=60)
@given(problems(most_items=5, most_racks=3))
def test_plain_model_equals_enumeration(problem: Problem) -> None:
    solution = solve_cpsat(problem)
    fewest = fewest_racks(problem)
    assert solution.status == ("infeasible" if fewest is None else "optimal")
    if fewest is not None:
        assert solution.racks_opened == fewest
        assert verify(problem, solution.assignment) == []


@SETTINGS
@given(problems())
def test_partial_placements_break_no_rule_but_completeness(problem: Problem) -> None:
    for solution in (solve(problem), first_fit(problem)):
        faults = verify(problem, solution.assignment)
        assert {fault for fault in faults if "is not placed" in fault} == {
            f"{name} is not placed" for name in solution.unplaced
        }
        rules = [fault for fault in faults if "is not placed" not in fault and "racks, at least" not in fault]
        assert rules == []


@SETTINGS
@given(problems(), st.randoms(use_true_random=False))
def test_order_of_the_input_never_matters(problem: Problem, random: Random) -> None:
    again = Problem(
        tuple(random.sample(problem.items, len(problem.items))),
        tuple(random.sample(problem.bins, len(problem.bins))),
        tuple(random.sample(problem.groups, len(problem.groups))),
        problem.manager_every,
    )
    assert solve(again) == solve(problem)


def has_placement(problem: Problem) -> bool:
    """Whether any assignment keeps every rule: depth first, cutting off racks that are over a limit."""
    items = sorted(problem.items, key=lambda item: len(item.candidates))
    chosen: dict[str, str] = {}

    def over(rack: Bin) -> bool:
        held = [item for item in items if chosen.get(item.name) == rack.name]
        return (
            sum(item.alloc_w for item in held) > rack.alloc_cap_w
            or sum(item.peak_w for item in held) > rack.peak_cap_w
            or sum(item.weight_kg for item in held) > rack.weight_cap_kg
            or sum(item.height_u for item in held) > rack.height_cap_u
        )

    def extend(n: int) -> bool:
        if n == len(items):
            return not verify(problem, chosen)
        for rack in problem.bins:
            if items[n].fixed not in (None, rack.name) or not (
                items[n].fixed or rack.name in items[n].candidates
            ):
                continue
            chosen[items[n].name] = rack.name
            if not over(rack) and extend(n + 1):
                return True
            del chosen[items[n].name]
        return False

    return extend(0)


@settings(SETTINGS, max_examples=120)
@given(problems(most_items=4, most_racks=3))
def test_conflicts_are_real_and_minimal(problem: Problem) -> None:
    conflict = explain_infeasible(problem)
    if has_placement(problem):
        assert (conflict.status, conflict.requirements) == ("feasible", ())
        return
    assert (conflict.status, conflict.minimal) == ("infeasible", True)
    assert conflict.requirements
    kept, _ = minimal_families(problem)
    assert not has_placement(lifted(problem, kept))
    for family in kept:
        assert has_placement(lifted(problem, [other for other in kept if other != family])), family
