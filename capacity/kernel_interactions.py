"""Pairs of groups that do more together than each alone, found without going through all pairs.

Two groups that fail together do what either does alone, unless somewhere a gate survives each of them but not
both: then each takes part of its inputs, and the sum exceeds its slack. So single failures are enough to list all
pairs that can interact, and only those are evaluated. Exact for every structure the kernel takes:

- A gate whose inputs all work when intact differs under both groups where it differs under either, unless
  neither exceeds its slack and both together may. By induction over the steps the rest is the union of halves.
- A gate on a circle that looks lost by its earlier inputs but is brought back by a detour stays back, unless
  the other group takes more of what brought it back than it has to spare: those pairs are listed too.
- Where an input does not work when intact (behind a `not`), every two groups that reach the gate are listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from capacity.engine import SERIAL, Engine, Progress, run_jobs
from capacity.kernel import WORD, Compiled, Groups, all_sets, unpacked
from capacity.kernel_columns import NOT, Ints, Words, spans, transposed
from capacity.kernel_order import Flags, Program

_BATCH = 1 << 22  # pairs held at a time
_WORDS = 16  # words evaluated at a time
_JOB = 2048 * WORD  # pairs a job
_FEW = 3  # jobs from which a second process of this machine is worth its start


@dataclass(frozen=True)
class Interactions:
    """What pairs do beyond the union of their halves: rows of output, group, group (rising), int64[n, 3].

    `new`: the output differs from the intact state (fails) though it does not under either group alone;
    `undone`: it does not differ though it does under one of them (only behind a `not`). Every pair not named
    fails exactly the outputs that either group fails alone. `evaluated`: pairs that had to be evaluated.
    """

    new: Ints
    undone: Ints
    evaluated: int


@dataclass(frozen=True)
class _Alone:
    """Single failures: node * groups + group wherever a node differs from the intact state, rising.

    `final`: in the end; `first`: on circles, by earlier inputs alone; `back`: on circles, brought back by a
    detour, in which `turn`.
    """

    final: Ints
    first: Ints
    back: Ints
    turn: Ints


def interactions(
    compiled: Compiled, groups: Groups, engine: Engine = SERIAL, progress: Progress | None = None
) -> Interactions:
    """Everything two of `groups` do together that neither does alone, over all pairs; the pairs that may interact
    are evaluated by `engine`."""
    if len(groups) < 2:
        return Interactions(np.zeros((0, 3), np.int64), np.zeros((0, 3), np.int64), 0)
    alone = _alone(compiled, groups)
    pairs = interacting_pairs(compiled, groups, alone)
    lost = _lost_outputs(compiled.program, len(groups), alone)
    jobs = [pairs[start : start + _JOB] for start in range(0, len(pairs), _JOB)]
    if engine.name == "local" and len(jobs) < _FEW:
        engine = SERIAL
    parts = run_jobs(partial(_beyond, compiled, groups, lost), jobs, engine, progress)
    return Interactions(_sorted([new for new, _ in parts]), _sorted([gone for _, gone in parts]), len(pairs))


def _beyond(compiled: Compiled, groups: Groups, lost: Groups, pairs: Ints) -> tuple[Ints, Ints]:
    """Rows of output and pair that are new, and that are undone, among `pairs`."""
    outputs = compiled.program.outputs
    intact = _intact(compiled.program.base[outputs])
    new, undone = list[Ints](), list[Ints]()
    for start, engine in compiled.engines(groups, pairs, _WORDS):
        part = pairs[start * WORD : (start + engine.width) * WORD]
        halves, union = lost.dead(part, engine.width)
        both = np.flatnonzero(engine.differs[outputs])
        together = engine.rows[outputs[both]] ^ intact[both]
        for into, rows, mine, others, theirs in (
            (new, both, together, halves, union),
            (undone, halves, union, both, together),
        ):
            held = np.zeros((len(outputs), engine.width), dtype=np.uint64)
            held[others] = theirs
            row, failure = _set_bits(mine & ~held[rows])
            into.append(np.column_stack((rows[row], part[failure])))
    return np.concatenate(new), np.concatenate(undone)


def interacting_pairs(compiled: Compiled, groups: Groups, alone: _Alone | None = None) -> Ints:
    """The pairs that may do more together than alone: int64[pairs, 2], first number below the second.

    Pairs of one large group stand side by side, so that one run reads it once.
    """
    p, n = compiled.program, len(groups)
    alone = alone or _alone(compiled, groups)
    reach = np.bincount(np.concatenate((alone.final, alone.first)) % n, minlength=n)
    circular = np.zeros(p.n_gates, dtype=bool)
    block = np.zeros(len(p.base), dtype=np.int64)
    for number, part in enumerate(p.blocks):
        circular[part.start : part.stop] = part.circular
        block[p.n_leaves + part.start : p.n_leaves + part.stop] = number + 1
    if (circular & ~p.base[p.n_leaves :]).any():
        return _by_larger(all_sets(n, 2), reach)
    head = np.repeat(np.arange(p.n_gates), np.diff(p.ptr))
    inside = circular[head] & (block[p.source] == block[head + p.n_leaves])
    keys = _rising(np.concatenate((_shared(p, inside, head, alone, n), _detours(p, inside, alone, n))))
    return _by_larger(np.column_stack(np.divmod(keys, n)), reach)


def _alone(compiled: Compiled, groups: Groups) -> _Alone:
    n, base = len(groups), compiled.program.base
    parts: dict[str, list[Ints]] = {
        name: [np.zeros(0, np.int64)] for name in ("final", "first", "back", "turn")
    }
    for start, engine in compiled.engines(groups, all_sets(n, 1), record=True):
        nodes = np.flatnonzero(engine.differs)
        bits = [("final", 0, nodes, engine.rows[nodes] ^ _intact(base[nodes]))]
        bits += [("first", 0, at, rows ^ _intact(base[at])) for at, rows in engine.first]
        bits += [("back", turn, at, changed) for turn, at, changed in engine.back]
        for name, turn, at, rows in bits:
            row, failure = _set_bits(rows)
            parts[name].append(at[row] * n + failure + start * WORD)
            if name == "back":
                parts["turn"].append(np.full(len(row), turn))
    final, first, back, turn_of = (np.concatenate(part) for part in parts.values())
    order = np.argsort(back, kind="stable")
    return _Alone(np.sort(final), np.sort(first), back[order], turn_of[order])


def _shared(p: Program, inside: Flags, head: Ints, alone: _Alone, n: int) -> Ints:
    """Pairs that each take part of the inputs of some gate, and together may take more than its slack."""
    odd = np.bincount(head, ~p.base[p.source], minlength=p.n_gates) > 0
    odd &= p.kind != NOT
    reads = (np.arange(len(p.source)) < p.early[head]) & (odd | (p.slack > 0))[head]
    code, weight = (
        np.concatenate(parts)
        for parts in zip(
            _taken(p, reads & ~inside, head, alone.final, n),
            _taken(p, reads & inside, head, alone.first, n),
            strict=True,
        )
    )
    code, taken = _totals(code, weight)
    gate = code // n
    slack = np.where(odd, 1, p.slack)[gate]
    taken = np.where(odd[gate], 1, taken)
    keep = taken <= slack
    code, taken, gate, slack = code[keep], taken[keep], gate[keep], slack[keep]
    most = np.zeros(p.n_gates, dtype=np.int64)
    np.maximum.at(most, gate, taken)
    keep = taken + most[gate] > slack
    code, taken, gate, slack = code[keep], taken[keep], gate[keep], slack[keep]
    stop = np.searchsorted(gate, gate, side="right")
    group = code % n
    found = []
    for left, right in _expanded(np.arange(len(gate)) + 1, stop):
        both = taken[left] + taken[right] > slack[left]
        found.append(_rising(group[left[both]] * n + group[right[both]]))
    return np.concatenate([np.zeros(0, np.int64), *found])


def _taken(p: Program, reads: Flags, head: Ints, codes: Ints, n: int) -> tuple[Ints, Ints]:
    """For every node and group in `codes`, over the inputs `reads` it feeds: gate * n + group, and the weight."""
    edges = np.flatnonzero(reads)
    edges = edges[np.argsort(p.source[edges], kind="stable")]
    ptr = np.concatenate(([0], np.cumsum(np.bincount(p.source[edges], minlength=len(p.base))))).astype(
        np.int64
    )
    node, group = np.divmod(codes, n)
    at, counts = spans(ptr, node)
    return head[edges[at]] * n + np.repeat(group, counts), p.weight[edges[at]]


def _detours(p: Program, inside: Flags, alone: _Alone, n: int) -> Ints:
    """Pairs of which one group may break the detour that brings a gate back under the other.

    The gate came back by inputs that worked before it. If the other group takes no more of their weight, even by
    earlier inputs alone, than the gate has to spare, it comes back under both in the same turns; and where the
    other group ends the gate by itself there is nothing to bring back.
    """
    node, group = np.divmod(alone.back, n)
    gate = node - p.n_leaves
    edge, counts = spans(p.ptr, gate)
    owner = np.repeat(np.arange(len(gate)), counts)
    code = p.source[edge] * n + group[owner]
    near = inside[edge]
    turn = np.full(len(code), len(p.base))
    again = _among(alone.back, code)
    turn[again] = alone.turn[np.searchsorted(alone.back, code[again])]
    lost = np.where(near, _among(alone.first, code) & (turn >= alone.turn[owner]), _among(alone.final, code))
    lost |= ~p.base[p.source[edge]]  # what only a `not` brings up is not counted on
    edge, owner, near = edge[~lost], owner[~lost], near[~lost]
    held = np.bincount(owner, p.weight[edge], minlength=len(gate)).astype(np.int64)
    slack = held - p.need[gate]
    takers, weights = [], []
    for part, codes in ((near, alone.first), (~near, alone.final)):
        first, last = (np.searchsorted(codes, (p.source[edge[part]] + k) * n) for k in (0, 1))
        for row, at in _expanded(first, last):
            takers.append(owner[part][row] * n + codes[at] % n)
            weights.append(p.weight[edge[part]][row])
    taker, weight = np.concatenate([node[:0], *takers]), np.concatenate([node[:0], *weights])
    taker, taken = _totals(taker, weight)
    which, other = np.divmod(taker, n)
    broken = (taken > slack[which]) & ~_among(alone.final, node[which] * n + other)
    return _pair(group[which[broken]], other[broken], n)


def _pair(one: Ints, other: Ints, n: int) -> Ints:
    """Smaller number * n + larger, once each, rising; a group with itself is left out."""
    differ = one != other
    return _rising((np.minimum(one, other) * n + np.maximum(one, other))[differ])


def _totals(code: Ints, weight: Ints) -> tuple[Ints, Ints]:
    """Distinct codes, rising, and the sum of the weights of each."""
    order = np.argsort(code, kind="stable")
    code, weight = code[order], weight[order]
    starts = np.flatnonzero(np.diff(code, prepend=-1))
    return code[starts], np.add.reduceat(weight, starts) if len(starts) else weight


def _rising(values: Ints) -> Ints:
    """Distinct values, rising; none is below zero."""
    values = np.sort(values)
    out: Ints = values[np.diff(values, prepend=-1) != 0]
    return out


def _expanded(first: Ints, last: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Every (row, position) with `first[row] <= position < last[row]`, in batches of bounded size."""
    counts = last - first
    ends = np.cumsum(counts)
    cuts = np.searchsorted(ends, np.arange(0, int(ends[-1]) if len(ends) else 0, _BATCH))
    for start, stop in pairwise([*cuts.tolist(), len(counts)]):
        rows = np.arange(start, stop)
        row = np.repeat(rows, counts[rows])
        inner = np.arange(len(row)) - np.repeat(np.cumsum(counts[rows]) - counts[rows], counts[rows])
        yield row, first[row] + inner


def _lost_outputs(p: Program, n: int, alone: _Alone) -> Groups:
    """For every group the output rows that differ when it fails alone."""
    reader_ptr, position = transposed(len(p.base), p.outputs)
    node, group = np.divmod(alone.final, n)
    at, counts = spans(reader_ptr, node)
    owner, output = np.repeat(group, counts), position[at]
    sort = np.lexsort((output, owner))
    ptr = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=n)))).astype(np.int64)
    return Groups(ptr, output[sort])


def _set_bits(words: Words) -> tuple[Ints, Ints]:
    """Row and bit number of every set bit of uint64[rows, words]."""
    row, word = np.nonzero(words)
    which, bit = np.nonzero(unpacked(words[row, word][:, None], WORD))
    return row[which], word[which] * WORD + bit


def _intact(base: Flags) -> Words:
    return np.where(base, ~np.uint64(0), np.uint64(0))[:, None]


def _among(rising: Ints, values: Ints) -> Flags:
    """Which `values` stand in `rising`."""
    at = np.minimum(np.searchsorted(rising, values), len(rising) - 1)
    return rising[at] == values if len(rising) else np.zeros(len(values), dtype=bool)


def _by_larger(pairs: Ints, reach: Ints) -> Ints:
    """Pairs in the order of whichever of the two reaches further, then of the other."""
    second = reach[pairs[:, 1]] >= reach[pairs[:, 0]]
    larger, other = np.where(second, pairs.T[::-1], pairs.T)
    return pairs[np.lexsort((other, larger))]


def _sorted(parts: list[Ints]) -> Ints:
    rows = np.concatenate([np.zeros((0, 3), dtype=np.int64), *parts])
    return rows[np.lexsort(rows.T[::-1])]
