"""Availability of services: long simulated timelines with repair and common causes, every figure with its interval.

Stretches of time and blocks of weighted states are numbered, and each draws from its own stream of random numbers:
the result depends on causes, structure, years and seed, never on the engine or the number of workers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from capacity.availability_exact import Exact, cone_of, exact
from capacity.confidence import Estimate, share, weighted_sum
from capacity.decision_diagram import TooLargeError
from capacity.engine import LOCAL, Engine, run_jobs
from capacity.kernel import compile_structure
from capacity.rare_events import BLOCK, Weighed, better_proposals, first_proposals, joined, weigh
from capacity.reliability import HOURS_A_YEAR, MINUTES_A_YEAR, Cause
from capacity.structure import Structure
from capacity.timelines import Model, Tally, added, model, simulate_stretches

LEVEL = 0.95
"""Two-sided confidence of every interval."""
ENOUGH = 100
"""Outages seen from which the timeline speaks for itself; below, weighted states are drawn too."""
LEAST_SEEN = 20
"""Down states drawn from which a weighted figure is given."""
STRETCHES = 32
"""Least number of stretches a simulation is cut into."""
OUTAGES_A_STRETCH = 100_000
CONTRIBUTORS = 10
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
    (None: not needed, or too few states seen); exactly when the structure is small enough (None: too large).
    longest_outage_h: the longest seen on the timeline, None when none was."""

    service: str
    timeline: Figures
    weighted: Figures | None
    exact: Exact | None
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


def simulate(
    structure: Structure,
    causes: Sequence[Cause],
    *,
    years: float,
    seed: int = 1,
    weighted_states: int = 200_000,
    engine: Engine = LOCAL,
    told: Told | None = None,
    exact_nodes: int = 20_000,
    level: float = LEVEL,
) -> Availability:
    """Availability of every output of a structure under independent causes, by simulation, and exactly if small.

    Raises ValueError for causes of one key or a demand of no cause, EngineError when the engine fails.
    Notes: time grows with years times failures a year; memory does not.
    """
    bound = model(compile_structure(structure), relevant(structure, causes))
    found, stretches = timeline(bound, years, seed, engine, told)
    few = [o for o in range(len(bound.outputs)) if found.outages[o] < ENOUGH and not bound.always[o]]
    weighed = _weighed(bound, few, weighted_states, seed, engine, told) if few and weighted_states else None
    services = []
    for o, name in enumerate(bound.outputs):
        if bound.always[o]:
            continue
        by_weight = None
        if weighed is not None and o in few and weighed.seen[o] >= LEAST_SEEN:
            by_weight = _weighted_figures(bound, weighed, o, level)
        services.append(
            ServiceAvailability(
                name,
                _timeline_figures(bound, found, o, level),
                by_weight,
                _exactly(structure, bound.causes, name, exact_nodes),
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
    length = min(OUTAGES_A_STRETCH / rate if rate else math.inf, years / STRETCHES)
    stretches = math.ceil(years / length - 1e-9)
    edges = [stretches * i // _JOBS for i in range(_JOBS + 1)]
    jobs = [range(a, b) for a, b in pairwise(edges) if a < b]
    work = partial(_stretches, bound, years / stretches, seed)
    tallies = run_jobs(work, jobs, engine, partial(told, "years") if told else None)
    return added(tallies), stretches


def _stretches(bound: Model, years: float, seed: int, job: range) -> Tally:
    return simulate_stretches(bound, years, seed, job)


def _weighed(
    bound: Model, few: Sequence[int], states: int, seed: int, engine: Engine, told: Told | None
) -> Weighed:
    """States drawn so that what the timeline hardly sees comes up: a pilot shows where failures matter, twice."""
    proposals = first_proposals(bound)
    begun = 0
    for _ in range(2):
        pilot_blocks = range(begun, begun + max(2, states // BLOCK // 4))
        pilot = joined(run_jobs(partial(_block, bound, proposals, seed), pilot_blocks, engine))
        proposals = better_proposals(bound, first_proposals(bound), pilot, few)
        begun = pilot_blocks.stop
    blocks = range(begun, begun + max(2, states // BLOCK))
    work = partial(_block, bound, proposals, seed)
    return joined(run_jobs(work, blocks, engine, partial(told, "states") if told else None))


def _block(bound: Model, proposals: object, seed: int, block: int) -> Weighed:
    return weigh(bound, proposals, BLOCK, seed, block)  # type: ignore[arg-type]


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


def _weighted_figures(bound: Model, weighed: Weighed, o: int, level: float) -> Figures:
    total, squares, largest = (float(x) for x in weighed.down[o])
    often = [float(x) for x in weighed.often[o]]
    effective = total * total / squares
    return Figures(
        weighted_sum(total, squares, largest, level).times(1 / weighed.drawn),
        weighted_sum(often[0], often[1], often[2], level).times(HOURS_A_YEAR / weighed.drawn),
        int(weighed.seen[o]),
        _contributors(bound, weighed.blamed[o], total, effective, level),
    )


def _contributors(
    bound: Model,
    blamed: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
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


def _exactly(structure: Structure, causes: Sequence[Cause], output: str, nodes_max: int) -> Exact | None:
    try:
        return exact(structure, causes, output, nodes_max)
    except TooLargeError:
        return None
