"""Chances too small for a timeline: states of causes drawn with failures made likely, and weighted back.

Whatever the shape of the repair times, in the long run each cause lasts at a random moment with its own chance q,
independently of the others (renewal theory). So the unavailability is the chance that a drawn state is down.
States are drawn from a mixture, and each counts by the ratio of its true chance to its chance under the mixture:
the mean stays right whatever is mixed (balance heuristic, Veach and Guibas 1995). Most states hold a minimal cut
set on purpose, the rest as it comes (Karp and Luby 1983), so that no way of failing that is known is missed; the
others have all odds raised by one factor, under which the weight depends on the number of failures alone, and
find what larger cut sets bring. The frequency of failures follows from the repairs that would end a down state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from capacity.timelines import Flags, Floats, Ints, Model, ramp, states_down, words_of

BLOCK = 50_000
"""States drawn with one stream of random numbers."""
_TILTS = (1.5, 4.0)
"""Mean numbers of failures at a time that the raised odds aim at."""
_BY_CUT_SET = 0.7
_AS_IT_COMES = 0.02
_MOST = 0.5
_ORDER = 4
_PARTNERS = 100
_PAIRS = 2


@dataclass(frozen=True)
class Proposals:
    """How states of one output are drawn.

    cuts: [cut sets, 4] causes, filled up with -1; pick, chance: how often each is chosen and its true chance; names:
    of the cut sets, sorted as they stand (to find those in a state). odds: [rows, causes] chances of each cause
    where all odds are raised; part: shares of the cut sets (first) and of each row.
    """

    cuts: Ints
    pick: Floats
    chance: Floats
    names: Ints
    odds: Floats
    part: Floats


@dataclass(frozen=True)
class Weighed:
    """Sums over drawn states of one output. `down` and `often`: sum, sum of squares and largest of the weights (often:
    of weight times ends per hour); `blamed`: per cause, weight of the down states in which it lasted."""

    drawn: int
    seen: int
    down: Floats
    often: Floats
    blamed: Floats


def proposals(model: Model, cut_sets: Sequence[Sequence[int]]) -> Proposals:
    """Proposals from cut sets of up to four causes (by index); without any, from raised odds alone.

    They need be neither all nor minimal for the mean to be right. Cut sets are picked by what they add to the unavailability and to the frequency of failures, half and half.
    """
    q = chances(model)
    rows = [q]
    for wanted in _TILTS:
        low, high = 0.0, 60.0  # logarithm of the factor
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if _raised(q, middle).sum() < wanted else (low, middle)
        rows.append(np.maximum(q, np.minimum(_raised(q, low), _MOST)))
    cuts = np.full((len(cut_sets), _ORDER), -1, dtype=np.int64)
    for row, members in zip(cuts, cut_sets, strict=True):
        row[: len(members)] = sorted(members)
    names = _names(cuts, len(q))
    cuts, names = cuts[np.argsort(names)], np.sort(names)
    chance = np.where(cuts >= 0, q[cuts], 1.0).prod(axis=1)
    ends = np.where(cuts >= 0, _ends(model)[cuts], 0.0).sum(axis=1)
    pick = np.zeros(0)
    by_cut = 0.0
    if len(cuts):
        often = chance * ends
        pick = 0.5 * chance / chance.sum() + 0.5 * (
            often / often.sum() if often.any() else chance / chance.sum()
        )
        by_cut = _BY_CUT_SET
    tilted = (1 - by_cut - _AS_IT_COMES) / len(_TILTS)
    return Proposals(
        cuts, pick, chance, names, np.array(rows), np.array([by_cut, _AS_IT_COMES, *[tilted] * len(_TILTS)])
    )


def larger(model: Model, output: int, cut_sets: Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """Cut sets of four causes that follow from smaller ones; kept when they do take the output down.

    A common cause in a cut set may be replaced by the failure of each member by itself. And where two things stand
    in for each other, so that {a, b} is a cut set, what completes a to one fails the side of b, and what completes
    b fails the side of a: both together are tried, for the likeliest pairs and their likeliest partners.
    """
    q = chances(model)
    sets = sorted({frozenset(s) for s in cut_sets}, key=lambda s: (-q[sorted(s)].prod(), sorted(s)))
    index = {c.key: i for i, c in enumerate(model.causes)}
    tried: set[frozenset[int]] = set()
    for each in sets:
        for one in sorted(each):
            leaves = model.causes[one].leaves
            if 1 < len(leaves) <= _ORDER and all(leaf in index for leaf in leaves):
                tried.add(each - {one} | {index[leaf] for leaf in leaves})
    for pair in [s for s in sets if len(s) == 2][:_PAIRS]:
        beside = [[s - {x} for s in sets if x in s and s != pair][:_PARTNERS] for x in sorted(pair)]
        tried |= {one | other for one in beside[0] for other in beside[1]}
    rows = np.array(sorted(sorted(s) for s in tried if len(s) == _ORDER), dtype=np.int64).reshape(-1, _ORDER)
    down = states_down(model, np.repeat(np.arange(len(rows)), _ORDER), rows.ravel(), len(rows))[output]
    return [tuple(int(x) for x in row) for row in rows[down]]


def weigh(model: Model, given: Proposals, output: int, drawn: int, seed: int, block: int) -> Weighed:
    """Draw states and weigh them; the stream of random numbers is by seed, output and number of the block alone."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(block, output, 1)))
    edges = np.concatenate(([0], np.round(np.cumsum(given.part) * drawn).astype(np.int64)))
    state, cause = _draw(model, given, edges, rng)
    weight = _weights(model, given, state, cause, edges)
    state, cause = _in_force(model, state, cause)
    down = _down(model, output, state, cause, drawn)
    ends = _ends_per_h(model, output, state, cause, down)
    w = weight[down]
    rate = w * ends[down]
    hit = down[state]
    return Weighed(
        drawn,
        int(down.sum()),
        np.array([w.sum(), (w * w).sum(), w.max(initial=0.0)]),
        np.array([rate.sum(), (rate * rate).sum(), rate.max(initial=0.0)]),
        _sums(cause[hit], weight[state[hit]], len(model.causes)),
    )


def joined(parts: Sequence[Weighed]) -> Weighed:
    """Sums of several blocks, in their order."""

    def column(arrays: list[Floats]) -> Floats:
        stacked = np.array(arrays)
        return np.array([*stacked[:, :2].sum(axis=0), stacked[:, 2].max()])

    return Weighed(
        sum(p.drawn for p in parts),
        sum(p.seen for p in parts),
        column([p.down for p in parts]),
        column([p.often for p in parts]),
        np.sum([p.blamed for p in parts], axis=0),
    )


def chances(model: Model) -> Floats:
    """Unavailability of every cause; of causes on demand, given the demand."""
    return np.array([c.unavailability for c in model.causes])


def _ends(model: Model) -> Floats:
    """Ends per hour of every cause while it lasts; 0 for a cause on demand, which ends with the demand."""
    return np.array([0.0 if c.on_demand_of or not c.down_h else 1 / c.down_h for c in model.causes])


def _raised(q: Floats, logarithm: float) -> Floats:
    odds = q * np.exp(logarithm)
    out: Floats = odds / (1 - q + odds)
    return out


def _names(cuts: Ints, causes: int) -> Ints:
    """One number for each row of up to four causes: its digits to the base causes + 1 (at most 55,000 causes)."""
    out = np.zeros(len(cuts), dtype=np.int64)
    for column in cuts.T:
        out = out * (causes + 1) + column + 1
    return out


def _draw(model: Model, given: Proposals, edges: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Pairs of state and cause that lasts, by state. A cell of a Poisson field of points is hit with chance
    1 - exp(-density), independently of the others: every pair is drawn with its chance, at the cost of those drawn."""
    n = len(model.causes)
    cells = []
    for row, first, last in zip(given.odds[[0, *range(len(given.odds))]], edges[:-1], edges[1:], strict=True):
        counts = rng.poisson(-np.log1p(-row) * (last - first))
        causes = np.repeat(np.arange(n, dtype=np.int64), counts)
        cells.append(rng.integers(first, max(first + 1, last), len(causes)) * n + causes)
    if edges[1]:
        place = (np.arange(edges[1]) + rng.random()) / edges[1]
        chosen = given.cuts[np.searchsorted(np.cumsum(given.pick)[:-1], place)]
        held = np.flatnonzero(chosen.ravel() >= 0)
        cells.append(held // _ORDER * n + chosen.ravel()[held])
    cell = np.unique(np.concatenate(cells))
    return cell // n, cell % n


def _weights(model: Model, given: Proposals, state: Ints, cause: Ints, edges: Ints) -> Floats:
    """True chance of each state over its chance under the mixture."""
    q = chances(model)
    drawn = int(edges[-1])
    part = np.diff(edges) / drawn
    under = part[0] * _cut_ratio(given, state, cause, drawn, len(q))
    for row, share in zip(given.odds, part[1:], strict=True):
        possible = (q > 0) & (row < 1)
        gain = np.zeros(len(q))
        gain[possible] = np.log(row[possible] / q[possible])
        gain[possible] -= np.log1p(-row[possible]) - np.log1p(-q[possible])
        none = float((np.log1p(-row[possible]) - np.log1p(-q[possible])).sum())
        under += share * np.exp(none + np.bincount(state, gain[cause], drawn))
    out: Floats = 1 / under
    return out


def _cut_ratio(given: Proposals, state: Ints, cause: Ints, drawn: int, causes: int) -> Floats:
    """Per state, sum over the cut sets it holds of how often they are picked over their true chance."""
    out = np.zeros(drawn)
    if not len(given.cuts):
        return out
    ratio = given.pick / given.chance
    used = np.zeros(causes, dtype=bool)
    used[given.cuts[given.cuts >= 0]] = True
    kept = used[cause]
    state, cause = state[kept], cause[kept]
    size = np.bincount(state, minlength=drawn)
    begin = np.concatenate(([0], np.cumsum(size)))[:-1]
    for k in np.unique(size[size > 0]):
        which = np.flatnonzero(size == k)
        members = cause[begin[which][:, None] + np.arange(k)]
        for order in range(1, min(int(k), _ORDER) + 1):
            for chosen in combinations(range(int(k)), order):
                rows = np.full((len(which), _ORDER), -1, dtype=np.int64)
                rows[:, :order] = members[:, chosen]
                names = _names(rows, causes)
                at = np.minimum(np.searchsorted(given.names, names), len(given.names) - 1)
                out[which] += np.where(given.names[at] == names, ratio[at], 0.0)
    return out


def _parents(model: Model) -> Ints:
    index = {c.key: i for i, c in enumerate(model.causes)}
    return np.array([index.get(c.on_demand_of, -1) for c in model.causes], dtype=np.int64)


def _in_force(model: Model, state: Ints, cause: Ints) -> tuple[Ints, Ints]:
    """The pairs without causes on demand whose demand does not last."""
    n = len(model.causes)
    wanted = _parents(model)[cause]
    kept = (wanted < 0) | np.isin(state * n + wanted, state * n + cause)
    return state[kept], cause[kept]


def _down(model: Model, output: int, state: Ints, cause: Ints, count: int) -> Flags:
    """Which states are down; each distinct one is evaluated once, for draws repeat themselves."""
    name = np.zeros(count, dtype=np.uint64)
    np.bitwise_xor.at(name, state, words_of(model)[cause])
    distinct, first, which = np.unique(name, return_index=True, return_inverse=True)
    place = np.full(count, -1, dtype=np.int64)
    place[first] = np.arange(len(distinct))
    kept = place[state] >= 0
    down: Flags = states_down(model, place[state[kept]], cause[kept], len(distinct))[output]
    out: Flags = down[which.ravel()]
    return out


def _ends_per_h(model: Model, output: int, state: Ints, cause: Ints, down: Flags) -> Floats:
    """Rate per hour at which a repair ends each down state: 1/(mean outage) of every cause whose end, with the
    causes on its demand, brings the output back."""
    parent = _parents(model)
    kept = down[state]
    state, cause = state[kept], cause[kept]
    size = np.bincount(state, minlength=len(down))
    begin = np.concatenate(([0], np.cumsum(size)))[:-1]
    mended = np.flatnonzero(parent[cause] < 0)
    copies = size[state[mended]]
    variant = np.repeat(np.arange(len(mended)), copies)
    member = begin[state[mended]][variant] + ramp(copies)
    gone = cause[mended][variant]
    stays = (cause[member] != gone) & (parent[cause[member]] != gone)
    after = _down(model, output, variant[stays], cause[member][stays], len(mended))
    return _sums(state[mended], _ends(model)[cause[mended]] * ~after, len(down))


def _sums(at: Ints, values: Floats, count: int) -> Floats:
    return np.bincount(at, values, count).astype(np.float64)
