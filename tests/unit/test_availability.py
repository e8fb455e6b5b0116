"""Availability: published figures, closed forms to the last digits, and simulation against the exact value."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from capacity.availability import ENOUGH, Availability, known_cut_sets, relevant, simulate
from capacity.availability_exact import bounds, exact
from capacity.confidence import gamma_p, gamma_quantile, poisson_quantile, share, weighted_sum
from capacity.decision_diagram import TooLargeError
from capacity.engine import SERIAL, Engine
from capacity.kernel import compile_structure
from capacity.rare_events import proposals, weigh
from capacity.reliability import (
    HOURS_A_YEAR,
    Cause,
    annual_failure_rate,
    availability,
    common,
    failures_per_year,
    k_of_n_unavailability,
    mtbf_of,
    pair_unavailability,
    parallel_unavailability,
    series_unavailability,
    split,
)
from capacity.structure import Gate, Structure
from capacity.timelines import model, outages, simulate_stretches, tally
from tests.bench.two_sites import simpy_down_h, two_sites


def unit(key: str, mtbf_h: float, mttr_h: float, sigma: float = 0.6) -> Cause:
    return Cause(key, "unit", (key,), mtbf_h, mttr_h, sigma)


def of_q(key: str, q: float, mttr_h: float = 5) -> Cause:
    return unit(key, mtbf_of(q, mttr_h), mttr_h)


def one(gate: Gate) -> Structure:
    return Structure(tuple(sorted(set(gate.inputs))), {"g": gate}, {"o": "g"})


# ---------------------------------------------------------------- published figures


def test_servers_that_fail_in_a_year() -> None:
    assert failures_per_year(191, 150_000) == pytest.approx(11.2, abs=0.05)
    assert failures_per_year(213, 150_000) == pytest.approx(12.4, abs=0.05)
    assert annual_failure_rate(150_000) == pytest.approx(0.057, abs=0.0005)


def test_availability_of_a_server() -> None:
    assert round(100 * availability(150_000, 24), 3) == 99.984
    assert round(100 * availability(150_000, 2), 4) == 99.9987


def test_spares_of_a_year() -> None:
    mean = failures_per_year(191, 150_000)
    assert poisson_quantile(mean, 0.95) == 17
    kept = sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(18))
    assert kept >= 0.95 > kept - math.exp(-mean) * mean**17 / math.factorial(17)
    assert [poisson_quantile(m, 0.95) for m in (0, 0.01, 0.5)] == [0, 0, 2]


# ---------------------------------------------------------------- closed forms


QS = (0.01, 0.02, 0.03, 0.004, 0.05)
KEYS = tuple(f"u{i}" for i in range(len(QS)))
UNITS = [of_q(key, q) for key, q in zip(KEYS, QS, strict=True)]
FORMS = {
    "series": (Gate("and", KEYS), 1 - math.prod(1 - q for q in QS)),
    "parallel": (Gate("or", KEYS), math.prod(QS)),
    "3 of 5": (Gate("atleast", KEYS, 3), k_of_n_unavailability(3, QS)),
    "4 of 5": (Gate("atleast", KEYS, 4), k_of_n_unavailability(4, QS)),
}


@pytest.mark.parametrize("form", FORMS)
def test_structure_equals_closed_form(form: str) -> None:
    gate, q = FORMS[form]
    assert exact(one(gate), UNITS, "o").unavailability == pytest.approx(q, rel=1e-12)


def test_closed_forms_agree() -> None:
    assert series_unavailability(QS) == pytest.approx(1 - math.prod(1 - q for q in QS), rel=1e-14)
    assert series_unavailability([1e-15, 1e-15]) == pytest.approx(2e-15, rel=1e-12)
    assert k_of_n_unavailability(5, QS) == pytest.approx(series_unavailability(QS), rel=1e-13)
    assert k_of_n_unavailability(1, QS) == pytest.approx(parallel_unavailability(QS), rel=1e-14)
    assert (k_of_n_unavailability(0, QS), k_of_n_unavailability(6, QS)) == (0.0, 1.0)
    binomial = sum(math.comb(10, j) * 0.1**j * 0.9 ** (10 - j) for j in range(3, 11))
    assert k_of_n_unavailability(8, [0.1] * 10) == pytest.approx(binomial, rel=1e-12)


@pytest.mark.parametrize("beta", [0.0, 0.03, 0.05, 0.10, 1.0])
def test_pair_with_common_cause(beta: float) -> None:
    """The published sum is the model of independent causes and their product, which that model takes off."""
    a, b = unit("a", 150_000, 24), unit("b", 150_000, 24)
    q = a.unavailability
    causes = [split(a, beta), split(b, beta), common("pair", [a, b], beta)]
    found = exact(one(Gate("or", ("a", "b"))), causes, "o").unavailability
    both = beta * q * (1 - beta) ** 2 * q**2
    assert pair_unavailability(q, beta) == pytest.approx((1 - beta) ** 2 * q**2 + beta * q, rel=1e-15)
    assert found == pytest.approx(pair_unavailability(q, beta) - both, rel=1e-12)


def test_frequency_and_shares_of_a_parallel_pair() -> None:
    a, b = unit("a", 1000, 10), unit("b", 500, 20)
    found = exact(one(Gate("or", ("a", "b"))), [a, b], "o")
    q = a.unavailability * b.unavailability
    assert found.failures_per_h == pytest.approx(q * (1 / 10 + 1 / 20), rel=1e-12)
    assert found.shares == pytest.approx({"a": 1.0, "b": 1.0})


def test_double_site_outage_keeps_its_digits() -> None:
    structure, causes = two_sites()
    site, both = (exact(structure, causes, o).unavailability for o in ("A", "service"))
    assert both == pytest.approx(site * site, rel=1e-12)
    assert 0 < both < 1e-6


def test_failure_on_demand_needs_the_demand() -> None:
    """A set that does not start harms only while the supply is lost, also where the structure would not say so."""
    supply = unit("supply", 2500, 2)
    start = Cause("set", "generator", ("set",), on_demand_of="supply", p_demand=0.01)
    found = exact(one(Gate("or", ("supply", "set"))), [supply, start], "o")
    assert found.unavailability == pytest.approx(0.01 * supply.unavailability, rel=1e-12)
    assert found.failures_per_h == pytest.approx(0.01 * supply.failures_per_h, rel=1e-12)
    assert found.shares == pytest.approx({"supply": 1.0, "set": 1.0})
    alone = exact(one(Gate("and", ("set",))), [supply, start], "o")
    assert alone.unavailability == pytest.approx(found.unavailability, rel=1e-12)


def test_bounds_hold_the_exact_value() -> None:
    gate = Gate("atleast", KEYS, 3)
    truth = exact(one(gate), UNITS, "o").unavailability
    sets = known_cut_sets(one(gate), UNITS, "o")
    found = bounds(sets, UNITS, 3)
    assert sets == list(combinations(KEYS, 3))
    assert found.low <= truth <= found.high
    assert found.rare >= truth


def test_hundreds_of_parts_in_series() -> None:
    units = [of_q(f"n{i:03}", 1e-6) for i in range(600)]
    found = exact(one(Gate("and", tuple(c.key for c in units))), units, "o")
    assert found.unavailability == pytest.approx(series_unavailability([1e-6] * 600), rel=1e-12)
    more = [of_q(f"n{i:03}", 1e-6) for i in range(701)]
    with pytest.raises(TooLargeError, match="701 causes"):
        exact(one(Gate("and", tuple(c.key for c in more))), more, "o")


def test_too_large_is_said() -> None:
    with pytest.raises(TooLargeError):
        exact(one(Gate("atleast", KEYS, 3)), UNITS, "o", nodes_max=3)


# ---------------------------------------------------------------- intervals


def test_quantiles() -> None:
    assert gamma_p(2.5, 1.0) == pytest.approx(0.15085496391539, rel=1e-11)
    assert gamma_p(2.5, 6.0) == pytest.approx(0.96521221949376, rel=1e-11)
    assert 2 * gamma_quantile(0.5, 0.95) == pytest.approx(3.841458820694, rel=1e-10)
    plain = weighted_sum(10, 10, 1)
    assert (plain.low, plain.high) == pytest.approx((4.795389, 18.390356), rel=1e-6)


def test_nothing_seen_is_a_bound_and_never_zero() -> None:
    found = weighted_sum(0, 0, 24.0)
    assert found.value is None
    assert found.high == pytest.approx(24 * 2.99573227355)
    assert share(0, 10, 10).high > 0.2


def test_no_outage_in_a_short_simulation() -> None:
    result = simulate(
        one(Gate("or", ("a", "b"))), [of_q("a", 1e-5), of_q("b", 1e-5)], years=1, weighted_states=0
    )
    (found,) = result.services
    assert found.figures.seen == 0
    assert found.figures.unavailability.value is None
    assert found.figures.availability.value is None
    assert found.figures.unavailability.high > 0
    assert found.figures.failures_per_year.high > 0
    assert found.longest_outage_h is None


# ---------------------------------------------------------------- timelines


def test_share_of_time_down_and_mean_outage() -> None:
    """Lognormal repair keeps its mean, and every member of a class is down its share of the time."""
    causes = [unit(f"u{i}", 500, 10) for i in range(4)]
    found = outages(causes, 400_000.0, np.random.default_rng(5))
    for i in range(4):
        lasted = (found.end - found.start)[found.cause == i]
        assert lasted.sum() / found.hours == pytest.approx(10 / 510, rel=0.1)
        assert lasted.mean() == pytest.approx(10, rel=0.1)
    assert found.start.min() >= 0 and found.end.max() <= found.hours


def test_outages_of_one_cause_never_overlap() -> None:
    causes = [unit(f"u{i}", 20, 10) for i in range(3)]
    found = outages(causes, 500.0, np.random.default_rng(2))
    for i in range(3):
        mine = found.cause == i
        order = np.argsort(found.start[mine])
        start, end = found.start[mine][order], found.end[mine][order]
        assert len(start) > 5 and (start[1:] >= end[:-1]).all()


def test_waiting_for_spares_lengthens_the_outage() -> None:
    cause = Cause("a", "unit", ("a",), 1000, 10, 0.6, no_spare=0.25, spare_wait_h=80)
    found = outages([cause], 2e6, np.random.default_rng(1))
    assert cause.down_h == 30
    assert (found.end - found.start).sum() / 2e6 == pytest.approx(cause.unavailability, rel=0.1)


def test_tally_equals_plain_bookkeeping() -> None:
    """Downtime, failures and blame of overlapping outages, against a walk over every change."""
    structure = one(Gate("atleast", ("a", "b", "c", "d"), 3))
    causes = [unit(k, 30, 10) for k in "abcd"] + [Cause("ab", "unit", ("a", "b"), 200, 5)]
    bound = model(compile_structure(structure), causes)
    found = outages(bound.causes, 3000.0, np.random.default_rng(9))
    events = sorted(
        [(s, 1, c) for s, c in zip(found.start, found.cause, strict=True)]
        + [(e, -1, c) for e, c in zip(found.end, found.cause, strict=True)]
    )
    lasting: set[int] = set()
    last, down_h, failures, was = 0.0, 0.0, 0, False
    blamed = np.zeros(len(causes))
    for time, step, cause in events:
        failed = {leaf for c in lasting for leaf in causes[c].leaves}
        down = len({"a", "b", "c", "d"} - failed) < 3
        if time > last:
            failures += down and not was and last > 0
            was = down
            down_h += (time - last) * down
            blamed[list(lasting)] += (time - last) * down
        (lasting.add if step > 0 else lasting.discard)(int(cause))
        last = time
    result = tally(bound, found)
    assert result.down_h[0] == pytest.approx(down_h, rel=1e-9)
    assert result.failures[0] == failures > 100
    assert result.blamed_h[0] == pytest.approx(blamed, rel=1e-9)


def test_service_that_never_works_is_not_judged() -> None:
    structure = Structure(("a",), {"g": Gate("or", ()), "h": Gate("and", ("a",))}, {"dead": "g", "good": "h"})
    result = simulate(structure, [unit("a", 100, 1)], years=10, engine=SERIAL)
    assert result.never_up == ("dead",)
    assert [s.service for s in result.services] == ["good"]


def test_causes_without_effect_are_left_out() -> None:
    supply, idle = unit("supply", 2500, 2), unit("idle", 100, 1)
    start = Cause("set", "generator", ("set",), on_demand_of="supply", p_demand=0.01)
    assert relevant(one(Gate("and", ("set",))), [supply, idle, start]) == [supply, start]


def test_two_causes_of_one_key_are_refused() -> None:
    with pytest.raises(ValueError, match="same key"):
        simulate(one(Gate("and", ("a",))), [unit("a", 1, 1), unit("a", 2, 1)], years=1)


# ---------------------------------------------------------------- simulation against the exact value


@pytest.fixture(scope="module")
def two() -> Availability:
    structure, causes = two_sites()
    return simulate(structure, causes, years=50_000, seed=11, engine=SERIAL, level=0.99)


@pytest.mark.parametrize("output", ["A", "B", "service"])
def test_exact_value_lies_in_the_interval(two: Availability, output: str) -> None:
    structure, causes = two_sites()
    truth = exact(structure, causes, output)
    found = next(s for s in two.services if s.service == output)
    for figures in filter(None, (found.timeline, found.weighted)):
        assert figures.unavailability.low <= truth.unavailability <= figures.unavailability.high
        per_year = truth.failures_per_h * HOURS_A_YEAR
        assert figures.failures_per_year.low <= per_year <= figures.failures_per_year.high
        for contributor in figures.contributors:
            assert contributor.share.low <= truth.shares.get(contributor.cause, 0.0) + 1e-3
    assert found.exact is not None and found.exact.unavailability == truth.unavailability


def test_double_site_outages_get_a_figure(two: Availability) -> None:
    found = next(s for s in two.services if s.service == "service")
    assert found.timeline.seen < ENOUGH and found.method == "weighted"
    down = found.figures.unavailability
    assert down.value is not None and found.exact is not None
    assert down.high - down.low < 0.1 * down.value
    assert {c.cause for c in found.figures.contributors[:2]} == {"site/A0", "site/B0"}


def test_without_common_cause_within_three_sigma() -> None:
    structure = Structure(
        ("a", "b", "c"),
        {"s": Gate("and", ("a", "b")), "p": Gate("or", ("a", "b", "c"))},
        {"series": "s", "parallel": "p"},
    )
    causes = [unit("a", 400, 20), unit("b", 300, 30), unit("c", 600, 40)]
    q = [c.unavailability for c in causes]
    truth = {"series": series_unavailability(q[:2]), "parallel": parallel_unavailability(q)}
    result = simulate(structure, causes, years=3000, seed=4, engine=SERIAL, weighted_states=0, level=0.9973)
    for found in result.services:
        down = found.figures.unavailability
        assert down.low <= truth[found.service] <= down.high
        assert down.value == pytest.approx(truth[found.service], rel=0.1)


def test_common_cause_weighs_more_than_chance() -> None:
    a, b = unit("a", 1000, 10), unit("b", 1000, 10)
    beta = 0.05
    causes = [split(a, beta), split(b, beta), common("pair", [a, b], beta)]
    result = simulate(one(Gate("or", ("a", "b"))), causes, years=20_000, seed=2, engine=SERIAL, level=0.99)
    down = result.services[0].figures.unavailability
    assert down.low <= pair_unavailability(a.unavailability, beta) <= down.high
    assert down.low > a.unavailability**2


def test_generators_that_do_not_start() -> None:
    supply = unit("supply", 2500, 2)
    sets = [Cause(f"set{i}", "g", (f"set{i}",), on_demand_of="supply", p_demand=0.1) for i in range(2)]
    structure = one(Gate("or", ("supply", "set0", "set1")))
    result = simulate(structure, [supply, *sets], years=50_000, seed=6, engine=SERIAL, level=0.99)
    down = result.services[0].timeline.unavailability
    assert down.low <= 0.01 * supply.unavailability <= down.high


@pytest.mark.parametrize("with_cut_sets", [True, False])
def test_weights_leave_the_mean_alone(with_cut_sets: bool) -> None:
    """Mean over many blocks, within three sigma of the exact value and frequency, whatever is proposed."""
    structure, causes = two_sites()
    bound = model(compile_structure(structure), causes)
    index = {c.key: i for i, c in enumerate(bound.causes)}
    for o, name in enumerate(bound.outputs):
        cuts = known_cut_sets(structure, causes, name) if with_cut_sets else []
        given = proposals(bound, [[index[key] for key in cut] for cut in cuts])
        blocks = [weigh(bound, given, o, 20_000, 8, block) for block in range(12)]
        truth = exact(structure, causes, name)
        for sums, value in (("down", truth.unavailability), ("often", truth.failures_per_h)):
            means = [getattr(b, sums)[0] / b.drawn for b in blocks]
            sigma = np.std(means, ddof=1) / math.sqrt(len(means))
            assert abs(np.mean(means) - value) <= 3 * sigma, (name, sums)


def test_events_one_by_one_give_the_same() -> None:
    """The model in simpy, event by event: both sites down together as often as ours, within what chance allows."""
    structure, causes = two_sites()
    years = 3000
    peer = simpy_down_h(years, 3)
    truth = exact(structure, causes, "A").unavailability
    bound = simulate(structure, causes, years=years, seed=3, engine=SERIAL, weighted_states=0, level=0.999)
    down = bound.services[0].figures.unavailability
    assert down.low <= truth <= down.high
    assert down.low / 2 <= peer["A"] / (years * HOURS_A_YEAR) <= 2 * down.high


# ---------------------------------------------------------------- the same bytes


def test_same_seed_same_result_whatever_the_workers(two: Availability) -> None:
    structure, causes = two_sites()
    again = simulate(structure, causes, years=50_000, seed=11, engine=Engine(workers=2), level=0.99)
    assert again == two
    other = simulate(structure, causes, years=50_000, seed=12, engine=SERIAL, level=0.99)
    assert other.services[0].timeline != two.services[0].timeline


def test_a_stretch_is_its_number_and_seed() -> None:
    structure, causes = two_sites()
    bound = model(compile_structure(structure), causes)
    together = simulate_stretches(bound, 50.0, 3, range(4))
    apart = [simulate_stretches(bound, 50.0, 3, [i]) for i in range(4)]
    assert together.down_h == pytest.approx(sum(t.down_h for t in apart))
    assert together.stretches == 4
