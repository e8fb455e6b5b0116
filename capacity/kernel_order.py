"""The order in which gates are evaluated: pruned, folded, circles found, and every gate given its step.

Gates are numbered anew by step. Outside circles a step is a level: all inputs of a gate lie in earlier steps.
Inside a circle steps follow the derivation of the intact state, as a breadth-first search from what stands
outside: a gate that works when nothing has failed works because of inputs in earlier steps alone. So one pass
over the steps, reading earlier inputs only, gives values that are never too good; what a detour through later
gates brings back is added afterwards, circle by circle, until nothing changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from capacity.kernel_columns import AND, ATLEAST, NOT, OR, Columns, Ints, distinct, spans, transposed

Flags = npt.NDArray[np.bool_]
_NEVER = np.iinfo(np.int64).max
_LARGE = (
    512  # parts left over that are worth one more search from both sides before they are walked one by one
)


@dataclass(frozen=True)
class Block:
    """Gates `start` to `stop` in steps of their own; `circular`: they may feed each other in circles."""

    start: int
    stop: int
    steps: tuple[tuple[int, int], ...]
    circular: bool


@dataclass(frozen=True)
class Program:
    """Gates in order of evaluation. Node i is leaf i below `n_leaves`, else gate `i - n_leaves`.

    Each gate is true when the weights of its true inputs reach `need`; `kind` is AND when every input is needed,
    OR when any is enough, else ATLEAST; or it is NOT. Inputs `ptr[g]:early[g]` of `source` lie in earlier steps,
    the rest up to `ptr[g + 1]` do not. `base`: value of every node when nothing has failed. `slack`: a gate can
    only differ from that when the weights of its differing earlier inputs exceed it. `reader_ptr`, `reader` and
    `reader_weight`: the gates that read each node. `node`: number here of every node of the columns, -1 when no
    output depends on it; `outputs`: nodes.
    """

    n_leaves: int
    kind: Ints
    need: Ints
    ptr: Ints
    early: Ints
    source: Ints
    weight: Ints
    base: Flags
    slack: Ints
    blocks: tuple[Block, ...]
    reader_ptr: Ints
    reader: Ints
    reader_weight: Ints
    node: Ints
    outputs: Ints

    @property
    def n_gates(self) -> int:
        """Number of gates kept."""
        return len(self.kind)

    @property
    def nbytes(self) -> int:
        """Bytes of all columns."""
        return sum(v.nbytes for v in vars(self).values() if isinstance(v, np.ndarray))


def program(columns: Columns) -> Program:
    """The order of evaluation of `columns`.

    Raises ValueError for a circle through a `not`.
    """
    folded, gates = _folded(columns)
    n = len(gates)
    head = np.repeat(np.arange(n), np.diff(folded.ptr))
    tail = folded.source - folded.n_leaves
    inner = tail >= 0
    part, circular = _parts(n, tail[inner], head[inner])
    if (folded.op[circular] == NOT).any():
        raise ValueError("a circle passes a not")
    level = _levels(part, tail[inner], head[inner])
    base, rank = _derivation(folded, level, circular)
    step_keys = np.lexsort((rank, circular, level))
    return _numbered(folded, columns, gates, step_keys, level, circular, rank, base)


def _folded(columns: Columns) -> tuple[Columns, Ints]:
    """The columns with constants worked in and only gates that outputs depend on, and which gates those are.

    Every gate but NOT becomes "weights of true inputs reach the threshold"; its op is named after that.
    """
    leaves, op = columns.n_leaves, columns.op
    fan_in = np.diff(columns.ptr)
    head = np.repeat(np.arange(columns.n_gates), fan_in)
    weight = np.where(op[head] == ATLEAST, columns.weight, 1)
    total = np.bincount(head, weight, minlength=columns.n_gates).astype(np.int64)
    need = np.select([op == AND, op == OR], [fan_in, 1], columns.threshold).astype(np.int64)
    negated = op == NOT
    need[negated] = 1
    reader_ptr, position = transposed(leaves + columns.n_gates, columns.source)
    true_weight, open_weight = np.zeros_like(total), total.copy()
    known = np.zeros(columns.n_gates, dtype=bool)
    value = np.zeros(columns.n_gates, dtype=bool)
    touched = np.arange(columns.n_gates)
    while len(touched):
        sure = true_weight[touched] >= need[touched]
        never = true_weight[touched] + open_weight[touched] < need[touched]
        fresh = touched[sure | never]
        known[fresh], value[fresh] = True, sure[sure | never] ^ negated[fresh]
        at, counts = spans(reader_ptr, fresh + leaves)
        edge = position[at]
        np.subtract.at(open_weight, head[edge], weight[edge])
        np.add.at(true_weight, head[edge], weight[edge] * np.repeat(value[fresh], counts))
        touched = distinct(columns.n_gates, head[edge])
        touched = touched[~known[touched]]
    fixed = columns.source >= leaves
    fixed[fixed] = known[columns.source[fixed] - leaves]
    need = np.where(known, np.where(value, 0, 1), need - true_weight)
    op = np.where(known, AND, op)
    keep = ~fixed & ~known[head] & (weight > 0)
    ptr = np.concatenate(([0], np.cumsum(np.bincount(head[keep], minlength=columns.n_gates)))).astype(
        np.int64
    )
    source, weight = columns.source[keep], weight[keep]
    wanted = np.zeros(columns.n_gates, dtype=bool)
    front = distinct(columns.n_gates, columns.outputs[columns.outputs >= leaves] - leaves)
    while len(front):
        wanted[front] = True
        inputs = source[spans(ptr, front)[0]]
        front = distinct(columns.n_gates, inputs[inputs >= leaves] - leaves)
        front = front[~wanted[front]]
    gates = np.flatnonzero(wanted)
    at, counts = spans(ptr, gates)
    number = np.concatenate((np.arange(leaves), np.full(columns.n_gates, -1)))
    number[leaves + gates] = leaves + np.arange(len(gates))
    source, weight, need, op = number[source[at]], weight[at], need[gates], op[gates]
    ptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    filled = counts > 0
    least, total = np.ones(len(gates), np.int64), np.zeros(len(gates), np.int64)
    least[filled] = np.minimum.reduceat(weight, ptr[:-1][filled]) if len(weight) else 1
    total[filled] = np.add.reduceat(weight, ptr[:-1][filled]) if len(weight) else 0
    kinds = np.select([op == NOT, total - need < least, need <= least], [NOT, AND, OR], ATLEAST)
    return Columns(leaves, kinds, ptr, source, weight, need, number[columns.outputs]), gates


def _parts(n: int, tail: Ints, head: Ints) -> tuple[Ints, Flags]:
    """Strongly connected part of every gate, by edges from `tail` to `head`, and which gates lie on a circle."""
    part = np.arange(n, dtype=np.int64)
    alive = np.ones(n, dtype=bool)
    out_ptr, out_at = transposed(n, tail)
    in_ptr, in_at = transposed(n, head)
    heads, tails = head[out_at], tail[in_at]
    _trim(alive, out_ptr, heads, in_ptr, tails)
    left = np.flatnonzero(alive)
    circular = np.zeros(n, dtype=bool)
    circular[tail[tail == head]] = True
    while len(left) > _LARGE:
        degree = (out_ptr[left + 1] - out_ptr[left]) * (in_ptr[left + 1] - in_ptr[left])
        pivot = left[np.argmax(degree)]
        found = _reached(pivot, alive, out_ptr, heads) & _reached(pivot, alive, in_ptr, tails)
        members = np.flatnonzero(found)
        part[members] = members[0]
        circular[members] |= len(members) > 1
        alive[members] = False
        if len(members) < _LARGE // 8:
            break
        _trim(alive, out_ptr, heads, in_ptr, tails)
        left = np.flatnonzero(alive)
    for members_ in _walked(np.flatnonzero(alive), alive, out_ptr, heads):
        part[members_] = min(members_)
        circular[members_] |= len(members_) > 1
    return part, circular


def _trim(alive: Flags, out_ptr: Ints, heads: Ints, in_ptr: Ints, tails: Ints) -> None:
    """Clear from `alive` the gates that no circle can pass: nothing alive before them, or nothing behind."""
    for forward_ptr, forward, back_ptr, back in (
        (out_ptr, heads, in_ptr, tails),
        (in_ptr, tails, out_ptr, heads),
    ):
        rows = np.flatnonzero(alive)
        at, counts = spans(back_ptr, rows)
        degree = np.zeros(len(alive), dtype=np.int64)
        np.add.at(degree, np.repeat(rows, counts), alive[back[at]])
        front = rows[degree[rows] == 0]
        while len(front):
            alive[front] = False
            hit = forward[spans(forward_ptr, front)[0]]
            hit = hit[alive[hit]]
            np.subtract.at(degree, hit, 1)
            front = distinct(len(alive), hit)
            front = front[degree[front] == 0]


def _reached(start: np.int64, alive: Flags, ptr: Ints, ends: Ints) -> Flags:
    """Gates reached from `start` over living gates, itself included."""
    seen = np.zeros_like(alive)
    front = np.array([start], dtype=np.int64)
    while len(front):
        seen[front] = True
        front = distinct(len(alive), ends[spans(ptr, front)[0]])
        front = front[alive[front] & ~seen[front]]
    return seen


def _walked(left: Ints, alive: Flags, ptr: Ints, heads: Ints) -> list[list[int]]:
    """Strongly connected parts of the living gates `left`, one gate at a time.

    Source: Tarjan (1972), without recursion.
    """
    inside = {int(v) for v in left}
    following = {v: [int(w) for w in heads[ptr[v] : ptr[v + 1]] if alive[w]] for v in sorted(inside)}
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    stacked: set[int] = set()
    parts = []
    for root in sorted(inside):
        if root in index:
            continue
        work = [(root, iter(following[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        stacked.add(root)
        while work:
            v, rest = work[-1]
            for w in rest:
                if w not in index:
                    index[w] = low[w] = len(index)
                    stack.append(w)
                    stacked.add(w)
                    work.append((w, iter(following[w])))
                    break
                if w in stacked:
                    low[v] = min(low[v], index[w])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[v])
                if low[v] == index[v]:
                    cut = stack.index(v)
                    parts.append(stack[cut:])
                    del stack[cut:]
                    stacked.difference_update(parts[-1])
    return parts


def _levels(part: Ints, tail: Ints, head: Ints) -> Ints:
    """Level of every gate: longest way to it over strongly connected parts, those of one part alike."""
    across = part[tail] != part[head]
    tail, head = part[tail[across]], part[head[across]]
    n = len(part)
    ptr, at = transposed(n, tail)
    heads = head[at]
    before = np.bincount(head, minlength=n)
    level = np.zeros(n, dtype=np.int64)
    front = np.flatnonzero((before == 0) & (part == np.arange(n)))
    now = 0
    while len(front):
        level[front] = now
        hit = heads[spans(ptr, front)[0]]
        np.subtract.at(before, hit, 1)
        front = distinct(n, hit)
        front = front[before[front] == 0]
        now += 1
    return level[part]


def _derivation(columns: Columns, level: Ints, circular: Flags) -> tuple[Flags, Ints]:
    """Value of every node when nothing has failed, and the round in which a gate on a circle is derived.

    Gates on a circle that are false then come last; gates on no circle have round 0.
    """
    leaves, n = columns.n_leaves, columns.n_gates
    head = np.repeat(np.arange(n), np.diff(columns.ptr))
    reader_ptr, position = transposed(leaves + n, columns.source)
    base = np.zeros(leaves + n, dtype=bool)
    rank = np.where(circular, _NEVER, 0)
    found = np.zeros(n, dtype=np.int64)

    def spread(nodes: Ints) -> Ints:
        base[nodes] = True
        edge = position[spans(reader_ptr, nodes)[0]]
        np.add.at(found, head[edge], columns.weight[edge])
        return head[edge]

    spread(np.arange(leaves))
    order = np.lexsort((circular, level))
    ends = np.flatnonzero(np.diff(level[order] * 2 + circular[order])) + 1
    for gates in np.split(order, ends) if n else []:
        good = (found[gates] >= columns.threshold[gates]) ^ (columns.op[gates] == NOT)
        front, now = gates[good], 0
        if not circular[gates[0]]:
            spread(front + leaves)
            continue
        here = np.zeros(n, dtype=bool)
        here[gates] = True
        while len(front):
            rank[front] = now
            hit = distinct(n, spread(front + leaves))
            hit = hit[here[hit] & ~base[hit + leaves]]
            front = hit[found[hit] >= columns.threshold[hit]]
            now += 1
    return base, rank


def _numbered(
    folded: Columns,
    columns: Columns,
    gates: Ints,
    order: Ints,
    level: Ints,
    circular: Flags,
    rank: Ints,
    base: Flags,
) -> Program:
    """The program with gates numbered by `order`."""
    leaves, n = folded.n_leaves, folded.n_gates
    place = np.concatenate((np.arange(leaves), np.empty(n, dtype=np.int64)))
    place[leaves + order] = leaves + np.arange(n)
    level, circular, rank = level[order], circular[order], rank[order]
    same = (np.diff(level) == 0) & (np.diff(circular.astype(np.int8)) == 0)
    block_of = np.concatenate(([0], np.cumsum(~same))) if n else np.zeros(0, np.int64)
    step_of = np.concatenate(([0], np.cumsum(~(same & (np.diff(rank) == 0))))) if n else block_of
    at, counts = spans(folded.ptr, order)
    head = np.repeat(np.arange(n), counts)
    source, weight = place[folded.source[at]], folded.weight[at]
    step_of_node = np.concatenate((np.full(leaves, -1), step_of))
    late = step_of_node[source] >= step_of[head]
    sort = np.lexsort((late, head))
    source, weight, late = source[sort], weight[sort], late[sort]
    ptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    early = ptr[1:] - np.bincount(head, late, minlength=n).astype(np.int64)
    base = np.concatenate((base[:leaves], base[leaves:][order]))
    kind, need = folded.op[order], folded.threshold[order]
    held = np.bincount(head, weight * (base[source] & ~late), minlength=n).astype(np.int64)
    slack = np.where(base[leaves:], held - need, need - 1 - held)
    slack[kind == NOT] = 0
    slack[circular & ~base[leaves:]] = _NEVER
    reader_ptr, position = transposed(leaves + n, source)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(step_of)) + 1, [n])) if n else np.zeros(1, np.int64)
    steps = list(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True))
    blocks: list[Block] = []
    for start, stop in steps:
        if blocks and block_of[start] == block_of[blocks[-1].start]:
            last = blocks.pop()
            blocks.append(Block(last.start, stop, (*last.steps, (start, stop)), last.circular))
        else:
            blocks.append(Block(start, stop, ((start, stop),), bool(circular[start])))
    node = np.full(columns.n_leaves + columns.n_gates, -1, dtype=np.int64)
    node[:leaves] = np.arange(leaves)
    node[leaves + gates] = place[leaves:]
    return Program(
        leaves, kind, need, ptr, early, source, weight, base, slack, tuple(blocks), reader_ptr, head[position],
        weight[position], node, place[folded.outputs],
    )  # fmt: skip
