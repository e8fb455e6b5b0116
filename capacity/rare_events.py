"""Chances too small for a timeline: states of causes drawn with failures made likely, and weighted back.

Whatever the shape of the repair times, in the long run each cause lasts at a random moment with its own chance q,
independently of the others (renewal theory). So the unavailability is the chance that a drawn state is down.
States are drawn from a mixture of proposals, each with chances of its own, and every state counts by the ratio of
its true chance to its chance under the mixture: the mean stays right whatever the proposals (importance sampling
with the balance heuristic, Veach and Guibas 1995). Proposals: one common tilt of all odds, under which the weight
depends on the number of failures alone; and the chances that causes had in the down states seen so far
(cross-entropy, Rubinstein 1999). The frequency of failures follows from the repairs that would end a down state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from capacity.timelines import Flags, Floats, Ints, Model, ramp, states_down, words_of

BLOCK = 50_000
_TILTS = (1.5, 4.0)
"""Mean numbers of failures at a time that the common tilts aim at."""
_MOST = 0.5
_LEAST_SEEN = 20


@dataclass(frozen=True)
class Proposals:
    """Chances of every cause under each proposal, [proposals, causes], and the share of states drawn from each."""

    chance: Floats
    part: Floats


@dataclass(frozen=True)
class Weighed:
    """Sums over drawn states. Rows are outputs; columns of `down` and `often`: sum, sum of squares, largest of the
    weights (often: of weight times ends per hour); `blamed`: [outputs, causes], weight in which the cause lasted."""

    drawn: int
    seen: Ints
    down: Floats
    often: Floats
    blamed: Floats


def first_proposals(model: Model) -> Proposals:
    """Common tilts of all odds, and a share of states as they are."""
    q = chances(model)
    own = np.array([not c.on_demand_of for c in model.causes], dtype=bool)
    rows = [np.maximum(q, np.where(own, q, _MOST))]
    for wanted in _TILTS:
        low, high = 0.0, 60.0  # logarithm of the factor of the odds
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if _tilted(q, middle)[own].sum() < wanted else (low, middle)
        rows.append(np.where(own, _tilted(q, low), _MOST))
    return Proposals(np.clip(np.array(rows), 0.0, _MOST).clip(q), np.array([0.1, 0.45, 0.45]))


def better_proposals(model: Model, first: Proposals, pilot: Weighed, wanted: Sequence[int]) -> Proposals:
    """The first proposals, and for each wanted output that was seen down often enough one of its own."""
    q = chances(model)
    rows = []
    for o in wanted:
        if pilot.seen[o] >= _LEAST_SEEN:
            rows.append(np.clip(pilot.blamed[o] / pilot.down[o, 0], q, np.maximum(q, _MOST)))
    if not rows:
        return first
    part = np.concatenate((first.part * 0.4, np.full(len(rows), 0.6 / len(rows))))
    return Proposals(np.vstack((first.chance, *rows)), part)


def weigh(model: Model, proposals: Proposals, drawn: int, seed: int, block: int) -> Weighed:
    """Draw states and weigh them; the stream of random numbers is by seed and number of the block alone."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(block, 1)))
    state, cause = _draw(model, proposals, drawn, rng)
    weight = _weights(model, proposals, state, cause, drawn)
    state, cause = _in_force(model, state, cause)
    down = _down(model, state, cause, drawn)
    n_outputs, n_causes = down.shape[0], len(model.causes)
    sums, often = np.zeros((n_outputs, 3)), np.zeros((n_outputs, 3))
    blamed = np.zeros((n_outputs, n_causes))
    ends = _ends_per_h(model, state, cause, down)
    for o in range(n_outputs):
        hit = np.flatnonzero(down[o])
        w = weight[hit]
        rate = w * ends[o, hit]
        sums[o] = w.sum(), (w * w).sum(), w.max(initial=0.0)
        often[o] = rate.sum(), (rate * rate).sum(), rate.max(initial=0.0)
        members = down[o, state]
        blamed[o] = np.bincount(cause[members], weight[state[members]], n_causes)
    return Weighed(drawn, down.sum(axis=1).astype(np.int64), sums, often, blamed)


def joined(parts: Sequence[Weighed]) -> Weighed:
    """Sums of several blocks."""

    def column(arrays: list[Floats]) -> Floats:
        stacked = np.array(arrays)
        out: Floats = stacked.sum(axis=0)
        out[:, 2] = stacked[:, :, 2].max(axis=0)
        return out

    return Weighed(
        sum(p.drawn for p in parts),
        np.sum([p.seen for p in parts], axis=0),
        column([p.down for p in parts]),
        column([p.often for p in parts]),
        np.sum([p.blamed for p in parts], axis=0),
    )


def chances(model: Model) -> Floats:
    """Unavailability of every cause; of causes on demand, given the demand."""
    return np.array([c.unavailability for c in model.causes])


def _tilted(q: Floats, logarithm: float) -> Floats:
    odds = q * np.exp(logarithm)
    out: Floats = odds / (1 - q + odds)
    return out


def _draw(model: Model, proposals: Proposals, drawn: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Pairs of state and cause that lasts. A cell of a Poisson field of points is hit with chance 1 - exp(-density),
    independently of the others: so every pair is drawn with its chance, at the cost of those drawn."""
    edges = np.concatenate(([0], np.round(np.cumsum(proposals.part) * drawn).astype(np.int64)))
    n = len(model.causes)
    cells = []
    for row, first, last in zip(proposals.chance, edges[:-1], edges[1:], strict=True):
        counts = rng.poisson(-np.log1p(-row) * (last - first))
        causes = np.repeat(np.arange(n, dtype=np.int64), counts)
        cells.append(rng.integers(first, max(first + 1, last), len(causes)) * n + causes)
    cell = np.unique(np.concatenate(cells))
    return cell // n, cell % n


def _weights(model: Model, proposals: Proposals, state: Ints, cause: Ints, drawn: int) -> Floats:
    """True chance of each state over its chance under the mixture."""
    q = chances(model)
    possible = q > 0
    part = np.diff(np.concatenate(([0], np.round(np.cumsum(proposals.part) * drawn)))) / drawn
    under = np.zeros(drawn)
    for row, share in zip(proposals.chance, part, strict=True):
        gain = np.zeros(len(q))
        gain[possible] = np.log(row[possible] / q[possible]) - (
            np.log1p(-row[possible]) - np.log1p(-q[possible])
        )
        none = float((np.log1p(-row) - np.log1p(-q)).sum())
        under += share * np.exp(none + np.bincount(state, gain[cause], drawn))
    out: Floats = 1 / under
    return out


def _down(model: Model, state: Ints, cause: Ints, count: int) -> Flags:
    """`states_down`, with each distinct state evaluated once: draws repeat themselves."""
    name = np.zeros(count, dtype=np.uint64)
    np.bitwise_xor.at(name, state, words_of(model)[cause])
    distinct, first, which = np.unique(name, return_index=True, return_inverse=True)
    place = np.full(count, -1, dtype=np.int64)
    place[first] = np.arange(len(distinct))
    kept = place[state] >= 0
    return states_down(model, place[state[kept]], cause[kept], len(distinct))[:, which.ravel()]


def _in_force(model: Model, state: Ints, cause: Ints) -> tuple[Ints, Ints]:
    """The pairs without causes on demand whose demand does not last."""
    index = {c.key: i for i, c in enumerate(model.causes)}
    parent = np.array([index.get(c.on_demand_of, -1) for c in model.causes], dtype=np.int64)
    n = len(model.causes)
    wanted = parent[cause]
    kept = (wanted < 0) | np.isin(state * n + wanted, state * n + cause)
    return state[kept], cause[kept]


def _ends_per_h(model: Model, state: Ints, cause: Ints, down: Flags) -> Floats:
    """[outputs, states]: rate per hour at which a repair ends the down state: 1/(mean outage) of every cause whose
    end, with the causes on its demand, brings the output back."""
    drawn = down.shape[1]
    index = {c.key: i for i, c in enumerate(model.causes)}
    parent = np.array([index.get(c.on_demand_of, -1) for c in model.causes], dtype=np.int64)
    out = np.zeros(down.shape)
    touched = np.isin(state, np.flatnonzero(np.any(down, axis=0)))
    state, cause = state[touched], cause[touched]
    size = np.bincount(state, minlength=drawn)
    begin = np.concatenate(([0], np.cumsum(size)))[:-1]
    mended = np.flatnonzero(parent[cause] < 0)  # causes on demand end with their demand
    copies = size[state[mended]]
    variant = np.repeat(np.arange(len(mended)), copies)
    member = begin[state[mended]][variant] + ramp(copies)
    gone = cause[mended][variant]
    kept = (cause[member] != gone) & (parent[cause[member]] != gone)
    after = _down(model, variant[kept], cause[member][kept], len(mended))
    rate = np.array([1 / c.down_h if c.down_h else 0.0 for c in model.causes])[cause[mended]]
    for o in range(len(out)):
        out[o] = np.bincount(state[mended], rate * (down[o, state[mended]] & ~after[o]), drawn)
    return out
