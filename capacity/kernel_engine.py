"""Evaluation of a program for many failures at a time, touching only what differs from the intact state.

A row of 64-bit words holds one node in 64 failures a word, bit set where it works. Rows start from the intact
state. Leaves that fail mark their readers; a gate is looked at only when the weights of its differing inputs
exceed its slack, so that one lost uplink of four costs nothing beyond the mark. See `kernel_order` for steps.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from capacity.kernel_columns import AND, ATLEAST, NOT, OR, Ints, Words, spans
from capacity.kernel_order import Block, Flags, Program

_ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
Planes = npt.NDArray[np.uint64]


class Engine:
    """Rows of every node of `program` in failures of up to `width` words; one `run` at a time.

    `record`: keep `first` and `back` of every run. `first` holds, circle by circle, the nodes that differ by
    earlier inputs alone and their rows then; `back` what changed after that: turn, nodes and changed bits.
    """

    def __init__(self, program: Program, width: int, record: bool = False) -> None:
        self.program = program
        self.width = width
        self.record = record
        self.rows: Words = np.zeros((len(program.base), width), dtype=np.uint64)
        self.rows[program.base] = _ALL
        self.differs: Flags = np.zeros(len(program.base), dtype=bool)
        self._weight: Ints = np.zeros(program.n_gates, dtype=np.int64)
        self._marked: Flags = np.zeros(program.n_gates, dtype=bool)
        self._touched: list[Ints] = []
        self.first: list[tuple[Ints, Words]] = []
        self.back: list[tuple[int, Ints, Words]] = []

    def run(self, leaves: Ints, dead: Words) -> Ints:
        """Evaluate failures: `dead` is uint64[len(leaves), width], the bits in which each of `leaves` has failed.

        Returns the nodes that differ from the intact state in any failure; their rows stand in `rows` until the
        next run, all others are as intact.
        """
        self._clear()
        some = dead.any(axis=1)
        self._settle_rows(leaves[some], ~dead[some])
        for block in self.program.blocks:
            for start, stop in block.steps:
                weight = self._weight[start:stop]
                gates = np.flatnonzero(weight > self.program.slack[start:stop]) + start
                if len(gates):
                    self._settle_rows(gates + self.program.n_leaves, self._values(gates, self.program.early))
            if block.circular:
                self._recover(block)
        return np.flatnonzero(self.differs)

    def _clear(self) -> None:
        for nodes in self._touched:
            self.rows[nodes] = np.where(self.program.base[nodes], _ALL, np.uint64(0))[:, None]
            self.differs[nodes] = False
        self._touched = []
        self.first, self.back = [], []
        self._weight[:] = 0

    def _settle_rows(self, nodes: Ints, rows: Words) -> None:
        """Write rows of nodes not written before, and mark the readers of those that differ."""
        intact = np.where(self.program.base[nodes], _ALL, np.uint64(0))[:, None]
        changed = (rows != intact).any(axis=1)
        nodes = nodes[changed]
        self.rows[nodes] = rows[changed]
        self.differs[nodes] = True
        self._touched.append(nodes)
        at = spans(self.program.reader_ptr, nodes)[0]
        np.add.at(self._weight, self.program.reader[at], self.program.reader_weight[at])

    def _recover(self, block: Block) -> None:
        """Add what later inputs bring back to the gates of a circle, until nothing changes."""
        p = self.program
        span = slice(block.start, block.stop)
        nodes = slice(block.start + p.n_leaves, block.stop + p.n_leaves)
        late = p.early[span] < p.ptr[block.start + 1 : block.stop + 1]
        lost = self.differs[nodes] & late
        if self.record:
            looked = np.flatnonzero(self.differs[nodes]) + nodes.start
            self.first.append((looked, self.rows[looked]))
        turn = 0
        risen = ~p.base[nodes] & (self._weight[span] > 0)
        gates = np.flatnonzero(lost | risen) + block.start
        while len(gates):
            rows = self._values(gates, p.ptr[1:])
            at = gates + p.n_leaves
            changed = (rows != self.rows[at]).any(axis=1)
            at, rows = at[changed], rows[changed]
            if self.record:
                self.back.append((turn, at, rows ^ self.rows[at]))
            turn += 1
            fresh = ~self.differs[at]
            self._settle_rows(at[fresh], rows[fresh])
            self.rows[at] = rows
            self.differs[at] = (rows != np.where(p.base[at], _ALL, np.uint64(0))[:, None]).any(axis=1)
            self._marked[:] = False
            self._marked[p.reader[spans(p.reader_ptr, at)[0]]] = True
            gates = np.flatnonzero(self._marked[span] & (self.differs[nodes] | ~p.base[nodes])) + block.start

    def _values(self, gates: Ints, ends: Ints) -> Words:
        """Rows of `gates` from their inputs up to `ends`; inputs as intact are counted, the others read."""
        p = self.program
        out = np.empty((len(gates), self.width), dtype=np.uint64)
        counts = ends[gates] - p.ptr[gates]
        stops = np.cumsum(counts)
        edge = np.arange(stops[-1]) + np.repeat(p.ptr[gates] - stops + counts, counts)
        owner = np.repeat(np.arange(len(gates)), counts)
        source, weight = p.source[edge], p.weight[edge]
        differs = self.differs[source]
        steady = ~differs & p.base[source]
        held = np.bincount(owner[steady], weight[steady], minlength=len(gates)).astype(np.int64)
        source, weight, owner = source[differs], weight[differs], owner[differs]
        counts = np.bincount(owner, minlength=len(gates))
        open_ = np.bincount(owner, weight, minlength=len(gates)).astype(np.int64)
        need = p.need[gates] - held
        kind = p.kind[gates]
        out[need <= 0] = _ALL
        out[need > open_] = 0
        undecided = (need > 0) & (need <= open_)
        lone = undecided & (counts == 1)
        out[lone] = self.rows[source[lone[owner]]]
        undecided &= ~lone
        for op in (AND, OR, ATLEAST):
            chosen = undecided & (kind == op)
            if not chosen.any():
                continue
            mine = chosen[owner]
            if op == ATLEAST:
                out[chosen] = _reaches(
                    self.rows[source[mine]], weight[mine], counts[chosen], need[chosen], self.width
                )
            else:
                out[chosen] = joined(self.rows, source[mine], counts[chosen], op)
        negated = kind == NOT
        if negated.any():
            out[negated] = ~self.rows[p.source[p.ptr[gates[negated]]]]
        return out


def joined(rows: Words, source: Ints, counts: Ints, op: int) -> Words:
    """AND or OR over each run of `counts` sources, none of them empty, pair by pair; sources are numbers of `rows`."""
    both = np.bitwise_and if op == AND else np.bitwise_or
    first, second, counts = _pairs(counts)
    out: Words = both(rows[source[first]], rows[source[second]])
    while (counts > 1).any():
        first, second, counts = _pairs(counts)
        out = both(out[first], out[second])
    return out


def _pairs(counts: Ints) -> tuple[Ints, Ints, Ints]:
    """Positions of neighbours in each run of `counts` (the last of an odd run with itself), and pairs a run."""
    halves = (counts + 1) // 2
    starts = np.cumsum(counts) - counts
    inside = np.arange(int(halves.sum())) - np.repeat(np.cumsum(halves) - halves, halves)
    first = np.repeat(starts, halves) + 2 * inside
    second = np.minimum(first + 1, np.repeat(starts + counts - 1, halves))
    return first, second, halves


def _reaches(rows: Words, weight: Ints, counts: Ints, need: Ints, width: int) -> Words:
    """Where the weights of set bits in each run of `counts` rows reach `need`."""
    planes = sums(rows, weight, counts)
    more = np.zeros((len(counts), width), dtype=np.uint64)
    same = np.full((len(counts), width), _ALL, dtype=np.uint64)
    for p in reversed(range(max(len(planes), int(need.max()).bit_length()))):
        plane = planes[p] if p < len(planes) else np.zeros_like(more)
        asked = np.where(need >> p & 1, _ALL, np.uint64(0))[:, None]
        more |= same & plane & ~asked
        same &= ~(plane ^ asked)
    return more | same


def sums(rows: Words, weight: Ints, counts: Ints) -> Planes:
    """Sums of the weights of set bits over each run of `counts` rows, none of them empty, as bit planes.

    uint64[planes, runs, words]: bit p of 64 sums stands in one word of plane p. Runs are added pair by pair.
    """
    planes: Planes = np.stack(
        [
            rows & np.where(weight >> p & 1, _ALL, np.uint64(0))[:, None]
            for p in range(max(1, int(weight.max(initial=0)).bit_length()))
        ]
    )
    while (counts > 1).any():
        first, second, counts = _pairs(counts)
        left, right = planes[:, first], planes[:, second]
        right[:, first == second] = 0
        carry = np.zeros_like(left[0])
        total = []
        for a, b in zip(left, right, strict=True):
            either = a ^ b
            total.append(either ^ carry)
            carry = (a & b) | (either & carry)
        if carry.any():
            total.append(carry)
        planes = np.stack(total)
    return planes
