"""Availability on random structures: the exact value is the sum over all states, and simulation agrees with it."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capacity.availability import known_cut_sets, simulate
from capacity.availability_exact import bounds, exact
from capacity.confidence import gamma_p, gamma_quantile, poisson_quantile, weighted_sum
from capacity.engine import SERIAL
from capacity.kernel import compile_structure
from capacity.rare_events import joined, proposals, weigh
from capacity.reliability import HOURS_A_YEAR, Cause, k_of_n_unavailability, mtbf_of
from capacity.structure import Gate, Structure, evaluate
from capacity.timelines import model

LEAVES = tuple(f"u{i}" for i in range(6))


@st.composite
def structures(draw: st.DrawFn, *, circles: bool = True) -> Structure:
    """Seven gates over six leaves; gates feed each other, in circles too; nothing is negated."""
    gates: dict[str, Gate] = {}
    names = [f"g{i}" for i in range(7)]
    for i, name in enumerate(names):
        pool = [*LEAVES, *(names if circles else names[i + 1 :])]
        inputs = tuple(draw(st.lists(st.sampled_from(pool), min_size=1, max_size=3, unique=True)))
        op = draw(st.sampled_from(("and", "or", "atleast")))
        if op == "and":
            gates[name] = Gate("and", inputs)
        elif op == "or":
            gates[name] = Gate("or", inputs)
        else:
            weights = tuple(draw(st.integers(1, 3)) for _ in inputs)
            gates[name] = Gate("atleast", inputs, draw(st.integers(1, 4)), weights)
    return Structure(LEAVES, gates, {"o": "g0"})


@st.composite
def causes(draw: st.DrawFn) -> list[Cause]:
    """One cause a leaf, two that take several, and one that needs another to happen."""
    out = [
        Cause(leaf, "unit", (leaf,), mtbf_of(draw(st.floats(0.001, 0.3)), 5.0), 5.0, 0.6) for leaf in LEAVES
    ]
    for n in range(2):
        leaves = tuple(sorted(draw(st.sets(st.sampled_from(LEAVES), min_size=1, max_size=3))))
        out.append(Cause(f"group{n}", "group", leaves, mtbf_of(draw(st.floats(0.001, 0.1)), 9.0), 9.0))
    called = draw(st.sampled_from(LEAVES))
    out.append(Cause("called", "set", (called,), on_demand_of="group0", p_demand=draw(st.floats(0.0, 0.9))))
    return out


def over_all_states(structure: Structure, every: list[Cause]) -> float:
    """Unavailability of the output: the chances of all states in which it is down, added up."""
    total = 0.0
    for lasting in product((False, True), repeat=len(every)):
        down = {c.key for c, lasts in zip(every, lasting, strict=True) if lasts}
        chance = math.prod(
            c.unavailability if lasts else 1 - c.unavailability
            for c, lasts in zip(every, lasting, strict=True)
        )
        failed = {
            leaf
            for c in every
            if c.key in down and (not c.on_demand_of or c.on_demand_of in down)
            for leaf in c.leaves
        }
        if chance and not evaluate(structure, failed)[structure.outputs["o"]]:
            total += chance
    return total


@settings(max_examples=15, deadline=None, derandomize=True)
@given(structures(), causes())
def test_exact_is_the_sum_over_all_states(structure: Structure, every: list[Cause]) -> None:
    found = exact(structure, every, "o").unavailability
    assert found == pytest.approx(over_all_states(structure, every), rel=1e-9, abs=1e-15)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(structures(), causes(), st.integers(0, len(LEAVES) - 1))
def test_longer_repairs_never_help(structure: Structure, every: list[Cause], which: int) -> None:
    worse = list(every)
    worse[which] = replace(every[which], mttr_h=2 * every[which].mttr_h)
    before, after = (exact(structure, c, "o").unavailability for c in (every, worse))
    assert after >= before * (1 - 1e-12)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(structures(), causes())
def test_order_of_causes_does_not_matter(structure: Structure, every: list[Cause]) -> None:
    one, other = (exact(structure, c, "o") for c in (every, every[::-1]))
    assert one.unavailability == pytest.approx(other.unavailability, rel=1e-12)
    assert one.failures_per_h == pytest.approx(other.failures_per_h, rel=1e-9, abs=1e-18)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(structures(), causes())
def test_bounds_from_cut_sets(structure: Structure, every: list[Cause]) -> None:
    plain = every[:-1]
    truth = exact(structure, plain, "o").unavailability
    if truth < 1:
        found = bounds(known_cut_sets(structure, plain, "o"), plain, 3)
        assert found.low <= truth * (1 + 1e-9)
        assert found.high >= truth * (1 - 1e-9)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(structures(), causes())
def test_simulation_meets_the_exact_value(structure: Structure, every: list[Cause]) -> None:
    truth = exact(structure, every, "o")
    result = simulate(structure, every, years=100, seed=5, engine=SERIAL, weighted_states=0, level=0.9999)
    for found in result.services:
        figures = found.timeline
        assert figures.unavailability.low <= truth.unavailability * (1 + 1e-9)
        assert figures.unavailability.high >= truth.unavailability * (1 - 1e-9)
        per_year = truth.failures_per_h * HOURS_A_YEAR
        assert figures.failures_per_year.low <= per_year * (1 + 1e-9)
        assert figures.failures_per_year.high >= per_year * (1 - 1e-9)
    assert bool(result.never_up) == (not evaluate(structure, ())["g0"])


@settings(max_examples=12, deadline=None, derandomize=True)
@given(structures(), causes(), st.booleans())
def test_weights_meet_the_exact_value(structure: Structure, every: list[Cause], with_cut_sets: bool) -> None:
    """Within five sigma, unavailability and frequency, with cut sets to draw around or without."""
    truth = exact(structure, every, "o")
    bound = model(compile_structure(structure), every)
    if bound.always[0] or not truth.unavailability:
        return
    index = {c.key: i for i, c in enumerate(every)}
    cuts = [[index[k] for k in cut] for cut in known_cut_sets(structure, every, "o")] if with_cut_sets else []
    given = proposals(bound, cuts)
    parts = [weigh(bound, given, 0, 4_000, 3, block) for block in range(8)]
    whole = joined(parts)
    for name, value in (("down", truth.unavailability), ("often", truth.failures_per_h)):
        means = np.array([getattr(p, name)[0] / p.drawn for p in parts])
        sigma = means.std(ddof=1) / math.sqrt(len(means))
        mean = getattr(whole, name)[0] / whole.drawn
        assert abs(mean - value) <= 5 * sigma + 0.02 * value


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.floats(1e-9, 0.9), min_size=1, max_size=7), st.integers(0, 8))
def test_k_of_n_is_the_sum_over_subsets(q: list[float], k: int) -> None:
    lost = math.fsum(
        math.prod(q[i] if i in down else 1 - q[i] for i in range(len(q)))
        for size in range(len(q) + 1)
        for down in combinations(range(len(q)), size)
        if len(q) - size < k
    )
    assert k_of_n_unavailability(k, q) == pytest.approx(lost, rel=1e-12, abs=1e-300)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.floats(0.05, 2e4), st.floats(0.001, 0.999))
def test_quantile_inverts_the_chance(shape: float, p: float) -> None:
    assert gamma_p(shape, gamma_quantile(shape, p)) == pytest.approx(p, rel=1e-5, abs=1e-7)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.floats(0, 500), st.floats(0.5, 0.999))
def test_spares_are_the_least_that_suffice(mean: float, p: float) -> None:
    n = poisson_quantile(mean, p)
    assert 1 - gamma_p(n + 1, mean) >= p - 1e-12
    assert n == 0 or 1 - gamma_p(n, mean) < p


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=20))
def test_interval_holds_the_sum_and_shrinks_with_trust(weights: list[float]) -> None:
    figures = sum(weights), sum(w * w for w in weights), max(weights)
    wide, narrow = weighted_sum(*figures, level=0.99), weighted_sum(*figures, level=0.5)
    assert wide.low <= narrow.low <= figures[0] <= narrow.high <= wide.high
    assert wide.low >= 0
