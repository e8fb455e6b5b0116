"""Many failures of one structure at a time: 64 a machine word, only what differs from the intact state evaluated.

`compile_structure` once, then `Compiled.evaluate` on failures by leaf, or `evaluate_sets` on sets of groups of
shared risk. The values equal `capacity.structure.evaluate`, failure by failure. Circles are allowed, `not` in
none of them. Pure numpy; the same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from capacity.kernel_columns import OR, Columns, Ints, Words, columns_of, spans
from capacity.kernel_engine import Engine, joined
from capacity.kernel_order import Program, program
from capacity.structure import Structure

WORD = 64
_MOST_WORDS_HELD = 1 << 22  # 32 MB of rows in one engine
_WIDEST = 256
_NARROWEST = 8
_SINGLES = 16  # words at a time when groups fail one by one: neighbours share what they touch


@dataclass(frozen=True)
class Compiled:
    """A structure ready for evaluation. `leaf`: index of every leaf; `outputs`: names, in the order of result rows
    (those of the structure, then those asked for with `also`)."""

    program: Program
    leaf: Mapping[str, int]
    outputs: tuple[str, ...]

    @property
    def width(self) -> int:
        """Words evaluated at a time: bounded memory, rows that stay in cache."""
        return int(np.clip(_MOST_WORDS_HELD // max(1, len(self.program.base)), _NARROWEST, _WIDEST))

    def evaluate(self, dead: Words) -> Words:
        """What works in each failure: uint64[outputs, words] from `dead`, uint64[leaves, words].

        Bit b of word w is failure 64 w + b. In `dead` it is set where the leaf has failed, in the result where
        the output works.
        """
        words = dead.shape[1]
        out = self._intact(words)
        engine = Engine(self.program, min(self.width, max(1, words)))
        for start in range(0, words, engine.width):
            part = dead[:, start : start + engine.width]
            leaves = np.flatnonzero(part.any(axis=1))
            wide = np.zeros((len(leaves), engine.width), dtype=np.uint64)
            wide[:, : part.shape[1]] = part[leaves]
            engine.run(leaves, wide)
            out[:, start : start + engine.width] = engine.rows[self.program.outputs, : part.shape[1]]
        return out

    def evaluate_sets(self, groups: Groups, sets: Ints) -> Words:
        """What works when the groups of each row of `sets` fail together: uint64[outputs, ceil(len(sets) / 64)].

        `sets` is int64[failures, order], indices into `groups`.
        """
        out = self._intact(-(-len(sets) // WORD))
        for start, engine in self.engines(groups, sets):
            part = engine.rows[self.program.outputs]
            stop = min(start + engine.width, out.shape[1])
            out[:, start:stop] = part[:, : stop - start]
        return out

    def engines(
        self, groups: Groups, sets: Ints, width: int = 0, record: bool = False
    ) -> Iterator[tuple[int, Engine]]:
        """The engine after each run over `sets`, `width` words at a time, with the word its first column stands for."""
        words = -(-len(sets) // WORD)
        width = width or (_SINGLES if sets.shape[1] == 1 else self.width)
        engine = Engine(self.program, min(width, max(1, words)), record)
        for start in range(0, words, engine.width):
            part = sets[start * WORD : (start + engine.width) * WORD]
            leaves, dead = groups.dead(part, engine.width)
            engine.run(leaves, dead)
            yield start, engine

    def failing_sets(self, groups: Groups, sets: Ints) -> list[Ints]:
        """For each output, the rows of `sets` in which it does not work."""
        down = ~self.evaluate_sets(groups, sets)
        return [sets[unpacked(row, len(sets))] for row in down]

    def _intact(self, words: int) -> Words:
        base = self.program.base[self.program.outputs]
        return np.repeat(np.where(base, ~np.uint64(0), np.uint64(0))[:, None], words, axis=1)


@dataclass(frozen=True)
class Groups:
    """Leaves that fail together, as a CSR: group g is `leaf[ptr[g]:ptr[g + 1]]`, leaf indices."""

    ptr: Ints
    leaf: Ints

    def __len__(self) -> int:
        return len(self.ptr) - 1

    def dead(self, sets: Ints, width: int) -> tuple[Ints, Words]:
        """Leaves that fail in any of `sets`, sorted, and uint64[leaves, width]: the sets they fail in."""
        rows = sets.reshape(len(sets), -1)
        failure = np.repeat(np.arange(len(rows)), rows.shape[1])
        used, which = np.unique(rows, return_inverse=True)
        sizes = self.ptr[used + 1] - self.ptr[used]
        if (
            int(sizes[which].sum()) > int(sizes.sum() + len(used)) * width
        ):  # large groups come again and again
            pattern = np.zeros((len(used), width), dtype=np.uint64)
            bit = np.uint64(1) << (failure % WORD).astype(np.uint64)
            np.bitwise_or.at(pattern, (which.ravel(), failure // WORD), bit)
            at, counts = spans(self.ptr, used)
            owner = np.repeat(np.arange(len(used)), counts)
            return gathered(self.leaf[at], owner, pattern)
        at, counts = spans(self.ptr, rows.ravel())
        present = np.zeros(int(self.leaf.max(initial=-1)) + 1, dtype=bool)
        present[self.leaf[at]] = True
        leaves = np.flatnonzero(present)
        row = (np.cumsum(present) - 1)[self.leaf[at]]
        bits = np.zeros(len(leaves) * width * WORD, dtype=bool)
        bits[row * (width * WORD) + np.repeat(failure, counts)] = True
        return leaves, np.packbits(bits, bitorder="little").view(np.uint64).reshape(len(leaves), width)


def gathered(leaf: Ints, owner: Ints, pattern: Words) -> tuple[Ints, Words]:
    """Distinct leaves, sorted, and for each the rows of `pattern` of all its owners together."""
    if not len(leaf):
        return leaf, pattern[:0]
    order = np.argsort(leaf, kind="stable")
    leaves, counts = np.unique(leaf, return_counts=True)
    return leaves, joined(pattern, owner[order], counts, OR)


def compile_structure(structure: Structure, also: Collection[str] = ()) -> Compiled:
    """A structure ready for evaluation; `also` names leaves or gates to have in the result besides its outputs.

    Raises ValueError for a circle through a `not`, KeyError for an input that is neither leaf nor gate.
    """
    columns, _ = columns_of(structure, also)
    leaf = {name: i for i, name in enumerate(structure.leaves)}
    return Compiled(program(columns), leaf, (*structure.outputs, *also))


def compile_columns(columns: Columns) -> Compiled:
    """The same for columns, whose leaves and outputs have no names."""
    return Compiled(program(columns), {}, tuple(str(node) for node in columns.outputs))


def groups_of(compiled: Compiled, groups: Sequence[Collection[str]]) -> Groups:
    """Groups of leaf keys as indices; keys that are no leaves of the structure are left out, for nothing reads them."""
    ptr, leaf = [0], []
    for group in groups:
        leaf += sorted(compiled.leaf[key] for key in set(group) if key in compiled.leaf)
        ptr.append(len(leaf))
    return Groups(np.array(ptr, dtype=np.int64), np.array(leaf, dtype=np.int64))


def dead_bits(compiled: Compiled, scenarios: Sequence[Sequence[int]]) -> Words:
    """uint64[leaves, words] for `Compiled.evaluate`: scenario i is bit i % 64 of word i // 64; leaves by index."""
    words = -(-len(scenarios) // WORD)
    out = np.zeros((compiled.program.n_leaves, words), dtype=np.uint64)
    for i, scenario in enumerate(scenarios):
        out[list(scenario), i // WORD] |= np.uint64(1 << i % WORD)
    return out


def all_sets(n_groups: int, order: int, first: int = 0, last: int | None = None) -> Ints:
    """Every set of `order` groups, int64[sets, order], rows rising and in order; `first` to `last` of them.

    Order 1 and 2 are built without a loop; pairs (i, j) stand in the order of i, then j.
    """
    total = comb(n_groups, order)
    span = np.arange(first, total if last is None else min(last, total), dtype=np.int64)
    if order == 1:
        return span[:, None]
    if order == 2:
        starts = np.arange(n_groups, dtype=np.int64)
        starts = starts * (2 * n_groups - starts - 1) // 2
        i = np.searchsorted(starts[:-1], span, side="right") - 1
        return np.column_stack((i, span - starts[i] + i + 1))
    every = np.array(list(combinations(range(n_groups), order)), dtype=np.int64)
    return every.reshape(total, order)[first : first + len(span)]


def unpacked(words: Words, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """The first `count` bits of the last axis of `words`, one boolean each."""
    bits = np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=-1, bitorder="little")
    return bits[..., :count].astype(bool)
