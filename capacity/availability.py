"""Availability of services: long simulated timelines with repair and common causes, every figure with its interval.

Stretches of time and blocks of weighted states are numbered, and each draws from its own stream of random numbers:
the result depends on causes, structure, years and seed, never on the engine or the number of workers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from capacity.availability_exact import Bounds, Exact, bounds, cone_of, exact
from capacity.confidence import Estimate, share, weighted_sum
from capacity.cut_sets import ORDER_MAX, minimal_cut_sets
from capacity.decision_diagram import TooLargeError
from capacity.engine import LOCAL, Engine, run_jobs
from capacity.kernel import compile_structure
from capacity.rare_events import BLOCK, Proposals, Weighed, joined, larger, proposals, weigh
from capacity.reliability import HOURS_A_YEAR, MINUTES_A_YEAR, Cause
from capacity.structure import Structure
from capacity.timelines import Floats, Model, Tally, added, model, simulate_stretches
from inventory.findings import Text
from topology.elements import SharedRisk

LEVEL = 0.95
"""Two-sided confidence of every interval."""
ENOUGH = 100
"""Outages seen from which the timeline speaks for itself; below, weighted states are drawn too."""
LEAST_SEEN = 20
"""Down states drawn from which a weighted figure is given."""
STRETCHES = 32
"""Number of stretches a simulation is cut into at least, if they get long enough."""
OUTAGES_A_STRETCH = 100_000
CONTRIBUTORS = 10
_OUTAGES_LONG = 20
"""A stretch is at least so many mean outages long, so that few are cut at its ends."""
_JOBS = 64

Told = Callable[[str, int, int], None]
"""Called with what is being done, steps done and steps in all."""


@dataclass(frozen=True, slots=True)
class Contributor:
    """A cause, and the share of the downtime in which it lasted (shares of one service may add up to more than 1)."""

    cause: str
    share: Estimate


@dataclass(frozen=True, slots=True)
class Figures:
    """What one method found of one service. unavailability: share of the time; failures_per_year; `seen`: outages,
    or down states drawn, it rests on; contributors: largest share first."""

    unavailability: Estimate
    failures_per_year: Estimate
    seen: int
    contributors: tuple[Contributor, ...]

    @property
    def availability(self) -> Estimate:
        """Share of the time the service is up. Without a value, `low` is a one-sided lower bound."""
        u = self.unavailability
        return Estimate(None if u.value is None else 1 - u.value, 1 - u.high, 1 - u.low)

    @property
    def downtime_min_per_year(self) -> Estimate:
        """Minutes a year the service is down."""
        return self.unavailability.times(MINUTES_A_YEAR)


@dataclass(frozen=True, slots=True)
class ServiceAvailability:
    """One service by every method used: on the timeline; by weighted states when the timeline saw few outages
    (None: not needed, or too few states seen), with bounds from the minimal cut sets of up to `cut_order` causes; exactly
    when the structure is small enough (None: too large).
    longest_outage_h: the longest seen on the timeline, None when none was."""

    service: str
    timeline: Figures
    weighted: Figures | None
    exact: Exact | None
    bounds: Bounds | None
    longest_outage_h: float | None

    @property
    def method(self) -> str:
        """The method that speaks: `timeline` or `weighted`."""
        return "weighted" if self.weighted and self.timeline.seen < ENOUGH else "timeline"

    @property
    def figures(self) -> Figures:
        """What the method that speaks found."""
        return self.weighted if self.weighted and self.method == "weighted" else self.timeline


@dataclass(frozen=True)
class Availability:
    """The result. causes: how many bear on the services; states: distinct overlaps of outages evaluated; begun: outages
    of causes that began; never_up: outputs that are down with nothing failed, which cannot be judged."""

    years: float
    seed: int
    causes: int
    stretches: int
    states: int
    begun: int
    services: tuple[ServiceAvailability, ...]
    never_up: tuple[str, ...]


CUT_ORDERS = ((ORDER_MAX, 2_500), (2, 20_000))
"""Order of the cut sets searched for, and the number of causes up to which it is."""


def simulate(
    structure: Structure,
    causes: Sequence[Cause],
    *,
    years: float,
    seed: int = 1,
    weighted_states: int = 100_000,
    engine: Engine = LOCAL,
    told: Told | None = None,
    exact_nodes: int = 50_000,
    level: float = LEVEL,
) -> Availability:
    """Availability of every output of a structure under independent causes, by simulation, and exactly if small.

    weighted_states: drawn for each output that the timeline saw down less than ENOUGH times; 0: none.

    Raises ValueError for causes of one key or a demand of no cause, EngineError when the engine fails.
    Notes: time grows with years times failures a year; memory does not.
    """
    bound = model(compile_structure(structure), relevant(structure, causes))
    found, stretches = timeline(bound, years, seed, engine, told)
    few = [o for o in range(len(bound.outputs)) if found.outages[o] < ENOUGH and not bound.always[o]]
    asked = few if weighted_states else []
    reckoned = run_jobs(
        partial(known_cut_sets, structure, bound.causes),
        [bound.outputs[o] for o in asked],
        engine,
        partial(told, "cut sets") if told else None,
    )
    cuts = dict(zip(asked, reckoned, strict=True))
    weighed = _weighed(bound, cuts, weighted_states, seed, engine, told)
    judged = [o for o in range(len(bound.outputs)) if not bound.always[o]]
    solved = run_jobs(
        partial(_exactly, structure, bound.causes, exact_nodes), [bound.outputs[o] for o in judged], engine
    )
    services = []
    for o, by_diagram in zip(judged, solved, strict=True):
        by_weight = weighed.get(o)
        services.append(
            ServiceAvailability(
                bound.outputs[o],
                _timeline_figures(bound, found, o, level),
                _weighted_figures(bound, by_weight, level)
                if by_weight is not None and by_weight.seen >= LEAST_SEEN
                else None,
                by_diagram,
                bounds(cuts[o], bound.causes, cut_order(len(bound.causes))) if o in cuts else None,
                float(found.longest_h[o]) if found.outages[o] else None,
            )
        )
    return Availability(
        years,
        seed,
        len(bound.causes),
        stretches,
        found.states,
        int(found.begun.sum()),
        tuple(services),
        tuple(name for o, name in enumerate(bound.outputs) if bound.always[o]),
    )


def relevant(structure: Structure, causes: Sequence[Cause]) -> list[Cause]:
    """Causes that take down anything an output rests on, and those whose failure is their demand."""
    leaves = set(cone_of(structure, tuple(structure.outputs.values())).leaves)
    kept = {c.key for c in causes if leaves.intersection(c.leaves)}
    kept |= {c.on_demand_of for c in causes if c.key in kept}
    return [c for c in causes if c.key in kept]


def timeline(
    bound: Model, years: float, seed: int, engine: Engine = LOCAL, told: Told | None = None
) -> tuple[Tally, int]:
    """The tally of so many years, and the number of stretches they were cut into."""
    rate = sum(c.failures_per_h for c in bound.causes) * HOURS_A_YEAR
    least = _OUTAGES_LONG * max((c.down_h for c in bound.causes), default=0.0) / HOURS_A_YEAR
    length = min(OUTAGES_A_STRETCH / rate if rate else math.inf, max(years / STRETCHES, least))
    stretches = math.ceil(years / length - 1e-9)
    edges = [stretches * i // _JOBS for i in range(_JOBS + 1)]
    jobs = [range(a, b) for a, b in pairwise(edges) if a < b]
    work = partial(_stretches, bound, years / stretches, seed)
    tallies = run_jobs(work, jobs, engine, partial(told, "years") if told else None)
    return added(tallies), stretches


def _stretches(bound: Model, years: float, seed: int, job: range) -> Tally:
    return simulate_stretches(bound, years, seed, job)


def _weighed(
    bound: Model,
    cuts: Mapping[int, Sequence[tuple[str, ...]]],
    states: int,
    seed: int,
    engine: Engine,
    told: Told | None,
) -> dict[int, Weighed]:
    """Weighted states of every output of `cuts` (output -> its minimal cut sets)."""
    index = {c.key: i for i, c in enumerate(bound.causes)}
    given = {}
    for o, sets in cuts.items():
        by_index = [sorted(index[key] for key in s) for s in sets]
        given[o] = proposals(bound, [*by_index, *larger(bound, o, by_index)])
    blocks = range(max(2, states // BLOCK))
    jobs = [(o, block) for o in cuts for block in blocks]
    found = run_jobs(
        partial(_block, bound, given, seed), jobs, engine, partial(told, "states") if told else None
    )
    return {o: joined([w for (of, _), w in zip(jobs, found, strict=True) if of == o]) for o in cuts}


def _block(bound: Model, given: Mapping[int, Proposals], seed: int, job: tuple[int, int]) -> Weighed:
    output, block = job
    return weigh(bound, given[output], output, BLOCK, seed, block)


def cut_order(causes: int) -> int:
    """How many causes a cut set searched for may have: three, and fewer where there are so many causes that the sets
    themselves would fill memory (their number grows with the power of the order)."""
    return next((order for order, most in CUT_ORDERS if causes <= most), 1)


def known_cut_sets(structure: Structure, causes: Sequence[Cause], output: str) -> list[tuple[str, ...]]:
    """Minimal cut sets of up to `cut_order` causes, as keys; a set of four with a demand it forgets is left out."""
    risks = [SharedRisk(c.key, c.kind, Text(c.key, c.key), c.leaves) for c in causes]
    by_key = {c.key: c for c in causes}
    out = []
    for keys in minimal_cut_sets(structure, risks, output, cut_order(len(causes))):
        whole = {by_key[k].on_demand_of for k in keys if by_key[k].on_demand_of}.union(keys)
        if keys and len(whole) <= ORDER_MAX:
            out.append(tuple(sorted(whole)))
    return sorted(set(out))


# ---------------------------------------------------------------- figures


def _timeline_figures(bound: Model, found: Tally, o: int, level: float) -> Figures:
    hours = found.hours
    total, seen, began = float(found.down_h[o]), int(found.outages[o]), int(found.failures[o])
    usual_h = max((c.down_h for c in bound.causes), default=0.0)
    squares = _spread(float(found.squares_h2[o]), float(found.stretch_h2[o]), total, found.stretches)
    longest = float(found.longest_h[o]) if seen else usual_h
    number2 = _spread(float(began), float(found.stretch_failures2[o]), began, found.stretches)
    effective = total * total / squares if total else 0.0
    return Figures(
        weighted_sum(total, squares, longest, level).times(1 / hours),
        weighted_sum(float(began), number2, 1.0, level).times(HOURS_A_YEAR / hours),
        seen,
        _contributors(bound, found.blamed_h[o], total, effective, level),
    )


def _spread(independent: float, by_stretch: float, total: float, stretches: int) -> float:
    """Variance of a sum: of independent outages, or more when the stretches differ by more than those would."""
    if stretches < 2:
        return independent
    seen = (by_stretch - total * total / stretches) * stretches / (stretches - 1)
    return max(independent, seen)


def _weighted_figures(bound: Model, weighed: Weighed, level: float) -> Figures:
    total = float(weighed.down[0])
    squares = float(weighed.down[1])
    return Figures(
        _mean(weighed.down, weighed.drawn, level),
        _mean(weighed.often, weighed.drawn, level).times(HOURS_A_YEAR),
        weighed.seen,
        _contributors(bound, weighed.blamed, total, total * total / squares, level),
    )


def _mean(sums: Floats, drawn: int, level: float) -> Estimate:
    """Mean weight of a drawn state. The number drawn is fixed, so that the mean itself takes off the variance."""
    total, squares, largest = (float(x) for x in sums)
    if not total:
        return Estimate(None, 0.0, -math.log(1 - level) * largest)
    return weighted_sum(total, max(squares - total * total / drawn, largest**2), largest, level).times(
        1 / drawn
    )


def _contributors(
    bound: Model,
    blamed: Floats,
    total: float,
    effective: float,
    level: float,
) -> tuple[Contributor, ...]:
    first = np.argsort(-blamed, kind="stable")[:CONTRIBUTORS]
    return tuple(
        Contributor(bound.causes[i].key, share(float(blamed[i]), total, effective, level))
        for i in first
        if blamed[i] > 0
    )


def _exactly(structure: Structure, causes: Sequence[Cause], nodes_max: int, output: str) -> Exact | None:
    try:
        return exact(structure, causes, output, nodes_max)
    except TooLargeError:
        return None
