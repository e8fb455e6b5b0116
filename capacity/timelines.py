"""Long timelines of failures and repairs, and the states a structure passes through on them.

Causes with the same figures form one class. One renewal process of a class runs through all its members end to
end, so that a class of 200 costs a handful of numpy calls and every member starts in the stationary state, not new.
Most outages meet no other: those are settled by a table of single failures. Only clusters of outages that overlap
are cut at every change and evaluated, each distinct state once, by the bit-parallel kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from capacity.kernel import Compiled, Groups, groups_of, unpacked
from capacity.reliability import HOURS_A_YEAR, Cause

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_WARM_UP = 100  # mean outages before time 0, after which nothing of the start is left
_NAMES_SEED = 20240607  # of the random words that name states


@dataclass(frozen=True)
class Model:
    """What a simulation needs, ready to be shipped: the compiled structure, causes, and what each takes down."""

    compiled: Compiled
    causes: tuple[Cause, ...]
    groups: Groups
    alone: Flags
    """[outputs, causes]: the output goes down while this cause lasts alone."""
    always: Flags
    """[outputs]: down although nothing has failed; such an output counts nowhere else as going down."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs, in the order of all rows."""
        return self.compiled.outputs


@dataclass(frozen=True)
class Outages:
    """Outages of causes within 0..hours: index of the cause, begin and end in hours; in no order."""

    cause: Ints
    start: Floats
    end: Floats
    hours: float


@dataclass(frozen=True)
class Tally:
    """What some stretches of time brought; tallies add up. Rows are outputs.

    down_h, longest_h: sum and largest of the hours of outages; squares_h2: sum of their squares; outages, failures:
    how many there were, and how many of them began within a stretch; stretch_h2, stretch_failures2: sums over stretches of
    the square of the hours down and of the failures; blamed_h: [outputs, causes], hours down in which the cause
    lasted; states: distinct states of overlapping outages evaluated.
    """

    stretches: int
    hours: float
    down_h: Floats
    squares_h2: Floats
    longest_h: Floats
    outages: Ints
    failures: Ints
    stretch_h2: Floats
    stretch_failures2: Ints
    blamed_h: Floats
    begun: Ints
    states: int


def model(compiled: Compiled, causes: Sequence[Cause]) -> Model:
    """Causes bound to a compiled structure. Raises ValueError for two causes of one key, or a demand of none."""
    keys = [c.key for c in causes]
    if len(set(keys)) != len(keys):
        raise ValueError("two causes have the same key")
    for cause in causes:
        if cause.on_demand_of and cause.on_demand_of not in keys:
            raise ValueError(f"{cause.key} waits for the unknown cause {cause.on_demand_of}")
    groups = groups_of(compiled, [c.leaves for c in causes])
    each = np.arange(len(causes), dtype=np.int64)[:, None]
    always = ~unpacked(compiled.evaluate_sets(groups, np.zeros((1, 0), dtype=np.int64)), 1)[:, 0]
    alone = ~unpacked(compiled.evaluate_sets(groups, each), len(causes)) & ~always[:, None]
    return Model(compiled, tuple(causes), groups, alone, always)


# ---------------------------------------------------------------- outages


def outages(causes: Sequence[Cause], hours: float, rng: np.random.Generator) -> Outages:
    """Outages of all causes over `hours`, stationary from the start. Draws depend on the order of the causes."""
    classes: dict[tuple[float, ...], list[int]] = {}
    for i, c in enumerate(causes):
        if c.failures_per_h:
            figures = (c.mtbf_h, c.mttr_h, c.sigma, c.no_spare, c.spare_wait_h)
            classes.setdefault(figures, []).append(i)
    found = [
        _renewals(causes[members[0]], np.array(members, dtype=np.int64), hours, rng)
        for members in classes.values()
    ]
    parts: list[tuple[Ints, Floats, Floats]] = [part for line in found for part in line]
    parts += _demanded(causes, parts, rng)
    if not parts:
        return Outages(np.zeros(0, np.int64), np.zeros(0), np.zeros(0), hours)
    cause, start, end = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Outages(cause, start, end, hours)


def _renewals(
    cause: Cause, members: Ints, hours: float, rng: np.random.Generator
) -> list[tuple[Ints, Floats, Floats]]:
    """Outages of all members of one class: one process over len(members) * hours, cut into members."""
    span = len(members) * hours
    begin = -_WARM_UP * cause.down_h
    cycle = cause.mtbf_h + cause.down_h
    lines_start, lines_end = [], []
    while begin < span:
        expected = (span - begin) / cycle
        n = int(expected + 4 * np.sqrt(expected)) + 8
        down = _repairs(cause, n, rng)
        end = rng.standard_exponential(n)
        end *= cause.mtbf_h
        end += down
        np.cumsum(end, out=end)
        end += begin
        begin = float(end[-1])
        lines_start.append(end - down)
        lines_end.append(end)
    start, end = np.concatenate(lines_start), np.concatenate(lines_end)
    first, last = np.searchsorted(end, 0.0, "right"), np.searchsorted(start, span)
    start, end = np.maximum(start[first:last], 0.0), end[first:last]
    at = np.minimum((start / hours).astype(np.int64), len(members) - 1)
    start -= at * hours
    end = end - at * hours
    over = np.flatnonzero((end > hours) & (at + 1 < len(members)))  # goes on at the start of the next member
    rest = (members[at[over] + 1], np.zeros(len(over)), np.minimum(end[over] - hours, hours))
    return [(members[at], start, np.minimum(end, hours)), rest]


def _repairs(cause: Cause, n: int, rng: np.random.Generator) -> Floats:
    """Hours of n outages: lognormal of the stated mean, and the wait when no spare is at hand."""
    if cause.sigma:
        out = rng.standard_normal(n)
        out *= cause.sigma
        out += np.log(cause.mttr_h) - cause.sigma**2 / 2
        np.exp(out, out=out)
    else:
        out = np.full(n, cause.mttr_h)
    if cause.no_spare and cause.spare_wait_h:
        out += cause.spare_wait_h * (rng.random(n) < cause.no_spare)
    return out


def _demanded(
    causes: Sequence[Cause], parts: Sequence[tuple[Ints, Floats, Floats]], rng: np.random.Generator
) -> list[tuple[Ints, Floats, Floats]]:
    """Failures on demand: with its chance at each outage of the other cause, for as long as that one lasts."""
    out = []
    index = {c.key: i for i, c in enumerate(causes)}
    for i, cause in enumerate(causes):
        if not cause.on_demand_of:
            continue
        other = index[cause.on_demand_of]
        for part_cause, start, end in list(parts):
            mine = np.flatnonzero(part_cause == other)
            failed = mine[rng.random(len(mine)) < cause.p_demand]
            out.append((np.full(len(failed), i, dtype=np.int64), start[failed], end[failed]))
    return out


# ---------------------------------------------------------------- states


def tally(model: Model, found: Outages) -> Tally:
    """Downtime, failures and blame of every output over these outages."""
    n_causes, n_outputs = len(model.causes), len(model.outputs)
    order = np.argsort(found.start)
    start = found.start[order]
    free = np.ones(len(order) + 1, dtype=bool)  # nobody is down just before outage i begins
    if len(order):
        free[1:-1] = np.sort(found.end)[:-1] < start[1:]
    single = free[:-1] & free[1:]
    sums = _Sums(n_outputs, n_causes)
    lone = order[single]
    fatal: Flags = np.any(model.alone, axis=0)
    lone = lone[fatal[found.cause[lone]]]
    for o in range(n_outputs):
        hit = lone[model.alone[o, found.cause[lone]]]
        lasted = found.end[hit] - found.start[hit]
        sums.add(o, lasted, int((found.start[hit] > 0).sum()))
        sums.blamed[o] += np.bincount(found.cause[hit], lasted, n_causes)
    shared = order[~single]
    states = _overlaps(model, found.cause[shared], found.start[shared], found.end[shared], sums)
    begun = np.bincount(found.cause[found.start > 0], minlength=n_causes).astype(np.int64)
    return Tally(
        1,
        found.hours,
        sums.down,
        sums.squares,
        sums.longest,
        sums.count,
        sums.failures,
        sums.down**2,
        sums.failures**2,
        sums.blamed,
        begun,
        states,
    )


class _Sums:
    """Running sums of a tally."""

    def __init__(self, outputs: int, causes: int) -> None:
        self.down, self.squares, self.longest = np.zeros(outputs), np.zeros(outputs), np.zeros(outputs)
        self.failures, self.count = np.zeros(outputs, np.int64), np.zeros(outputs, np.int64)
        self.blamed = np.zeros((outputs, causes))

    def add(self, output: int, lasted: Floats, begun: int) -> None:
        """Outages of one output, in hours; `begun` of them did not last from before."""
        self.down[output] += lasted.sum()
        self.squares[output] += (lasted * lasted).sum()
        self.longest[output] = max(self.longest[output], lasted.max(initial=0.0))
        self.failures[output] += begun
        self.count[output] += len(lasted)


def _overlaps(model: Model, cause: Ints, start: Floats, end: Floats, sums: _Sums) -> int:
    """Add the outages of clusters; returns how many distinct states were evaluated.

    A state is named by the exclusive or of random words of the causes that last: equal states have equal names, and
    two different ones among n the same name with chance n^2 / 2^65.
    """
    n = len(cause)
    if not n:
        return 0
    time = np.concatenate((start, end))
    order = np.argsort(time, kind="stable")
    rank = np.empty(2 * n, dtype=np.int64)
    rank[order] = np.arange(2 * n)
    name = np.bitwise_xor.accumulate(words_of(model)[cause[order % n]])
    time = time[order]
    lasted = np.diff(time, append=time[-1])
    at = np.flatnonzero((lasted > 0) | (name == 0))  # where time passes, or a cluster ends
    _, first, state = np.unique(name[at], return_index=True, return_inverse=True)
    first = at[first]
    by_time = np.argsort(first)
    place = np.empty(len(first), dtype=np.int64)
    place[by_time] = np.arange(len(first))
    state = place[state.ravel()]
    first = first[by_time]
    low, high = np.searchsorted(first, rank[:n]), np.searchsorted(first, rank[n:])
    member_cause = np.repeat(cause, high - low)
    member_state = np.repeat(low, high - low) + ramp(high - low)
    down = states_down(model, member_state, member_cause, len(first))
    hours = np.bincount(state, lasted[at], len(first))
    for o in np.flatnonzero(down.any(axis=1)):
        bad = down[o, state]
        opens = bad & ~np.concatenate(([False], bad[:-1]))
        segment = np.cumsum(opens)[bad] - 1
        each = np.bincount(segment, lasted[at][bad]).astype(np.float64)
        sums.add(int(o), each, int((time[at][opens] > 0).sum()))
        hit = down[o, member_state]
        sums.blamed[o] += np.bincount(member_cause[hit], hours[member_state[hit]], len(model.causes))
    return len(first)


def words_of(model: Model) -> npt.NDArray[np.uint64]:
    """A random word for every cause: the exclusive or over those that last names a state."""
    return np.random.default_rng(_NAMES_SEED).integers(1, 2**63, len(model.causes), dtype=np.uint64)


def states_down(model: Model, state: Ints, cause: Ints, count: int) -> Flags:
    """[outputs, count]: which outputs have gone down in each state, given as pairs of state and cause."""
    order = np.argsort(state, kind="stable")
    state, cause = state[order], cause[order]
    size = np.bincount(state, minlength=count)
    begin = np.concatenate(([0], np.cumsum(size)))[:-1]
    down = np.zeros((len(model.outputs), count), dtype=bool)
    for k in np.unique(size):
        which = np.flatnonzero(size == k)
        if k == 1:
            down[:, which] = model.alone[:, cause[begin[which]]]
        elif k > 1:
            sets = cause[begin[which][:, None] + np.arange(k)]
            works = model.compiled.evaluate_sets(model.groups, sets)
            down[:, which] = ~unpacked(works, len(which))
    down[model.always] = False
    return down


def simulate_stretches(model: Model, years: float, seed: int, stretches: Sequence[int]) -> Tally:
    """Stretches of `years` each: every stretch has its own stream of random numbers, by seed and number alone."""
    found = []
    for stretch in stretches:
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(stretch,)))
        found.append(tally(model, outages(model.causes, years * HOURS_A_YEAR, rng)))
    return added(found)


def added(tallies: Sequence[Tally]) -> Tally:
    """The tally of several, added in their order."""
    columns = {f.name: [getattr(t, f.name) for t in tallies] for f in fields(Tally)}
    longest = columns.pop("longest_h")
    return Tally(**{name: sum(c[1:], c[0]) for name, c in columns.items()}, longest_h=np.max(longest, axis=0))


def ramp(counts: Ints) -> Ints:
    """0..n-1 for each n of counts, one after the other."""
    total = np.cumsum(counts)
    return np.arange(int(total[-1]) if len(total) else 0) - np.repeat(total - counts, counts)
