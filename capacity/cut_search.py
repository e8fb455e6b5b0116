"""The search behind `capacity.cut_sets`: sets of blocks from coarse to fine, 64 blocks a word.

A level is the row of groups cut into blocks of a power of two. A candidate is one or two blocks (the prefix) and a
word of 64 further blocks, with a bit for each that may still hold a cut set. Bits fall when the output is certainly
up with all those blocks lost, or when what they hold cannot be minimal. Those left are halved and tried again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, product
from typing import TYPE_CHECKING

import numpy as np

from capacity.cut_bounds import SURE, bounds
from capacity.kernel import Compiled, compile_structure, unpacked
from capacity.structure import Structure

if TYPE_CHECKING:
    import numpy.typing as npt

    from capacity.kernel_columns import Ints, Words

    Flags = npt.NDArray[np.bool_]

_ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_WORD = 64
_BATCH = 1024  # words evaluated at a time


@dataclass(frozen=True)
class _Level:
    """Blocks of one size. `lost`: bool[leaves, blocks], where the leaf is lost with the block; `packed`: the same,
    uint64[leaves, words], a bit a block."""

    count: int
    lost: Flags
    packed: Words


class Row:
    """Groups in a row, with the bounds of one output over blocks of them. `members[i]`: leaves of group i."""

    def __init__(self, structure: Structure, members: Sequence[Sequence[str]]) -> None:
        self.compiled: Compiled = compile_structure(bounds(structure))
        place = {leaf: n for n, leaf in enumerate(self.compiled.leaf)}
        known = [{leaf for leaf in group if leaf in place} for group in members]
        self.order: Ints = np.array(_clustered(structure, known), dtype=np.int64)
        lost = np.zeros((len(place), len(members)), dtype=bool)
        for n, group in enumerate(self.order.tolist()):
            for leaf in known[group]:
                lost[place[leaf], n] = True
                if SURE + leaf in place:
                    lost[place[SURE + leaf], n] = True
        sure = np.array([leaf.startswith(SURE) for leaf in self.compiled.leaf], dtype=bool)
        self.rows: Ints = np.flatnonzero(lost.any(axis=1))
        self.levels: list[_Level] = _levels(lost[self.rows], sure[self.rows])

    def certainly_up(self, level: _Level, prefix: Ints, word: Ints) -> Words:
        """uint64[candidates]: bits of the blocks of `word` whose loss, with the prefix, the output survives."""
        out = np.empty(len(word), dtype=np.uint64)
        dead = np.zeros((len(self.compiled.leaf), min(_BATCH, len(word))), dtype=np.uint64)
        for start in range(0, len(word), _BATCH):
            stop = min(start + _BATCH, len(word))
            part = level.packed[:, word[start:stop]]
            for column in prefix[start:stop].T:
                part |= np.where(level.lost[:, column], _ALL, np.uint64(0))
            dead[self.rows, : stop - start] = part
            out[start:stop] = self.compiled.evaluate(dead[:, : stop - start])[0]
        return out


def search(row: Row, order: int, pairs: Ints) -> Ints:
    """int64[sets, order]: every set of `order` (2 or 3) groups whose loss takes the output down and that holds none
    of `pairs`. Of order 2, no group alone may take the output down; of order 3, `pairs` must be all that do."""
    levels = row.levels
    covered = _covered(row, pairs)
    top = len(levels) - 1
    blocks = range(levels[top].count)
    prefix = np.array(list(combinations_with_replacement(blocks, order - 1)), dtype=np.int64)
    word = np.zeros(len(prefix), dtype=np.int64)
    bits = np.full(len(prefix), _ALL)
    for depth in range(top, -1, -1):
        level = levels[depth]
        bits &= _from(prefix[:, -1], word) & ~_from(np.full(len(word), level.count), word)
        for column in prefix.T:
            bits &= ~covered[depth][column, word]
        if order > 2:
            both = covered[depth][prefix[:, 0], prefix[:, 1] // _WORD] >> (prefix[:, 1] % _WORD).astype(
                np.uint64
            )
            bits[(both & np.uint64(1)).astype(bool)] = 0
        prefix, word, bits = _left(prefix, word, bits)
        bits &= ~row.certainly_up(level, prefix, word)
        prefix, word, bits = _left(prefix, word, bits)
        if depth:
            prefix, word, bits = _halved(prefix, word, bits, levels[depth - 1].count)
    chosen, bit = np.nonzero(unpacked(bits[:, None], _WORD))
    found = np.column_stack((prefix[chosen], word[chosen] * _WORD + bit))
    found = np.sort(row.order[found], axis=1)
    return found[np.lexsort(found.T[::-1])]


def _clustered(structure: Structure, members: Sequence[set[str]]) -> list[int]:
    """Indices of groups, large ones first, then those near to each other in the structure side by side."""
    place: dict[str, int] = {}
    stack = list(structure.outputs.values())
    while stack:
        name = stack.pop()
        if name not in place:
            place[name] = len(place)
            if name in structure.gates:
                stack += reversed(structure.gates[name].inputs)
    near = [sorted(place.get(leaf, len(place)) for leaf in group) for group in members]
    return sorted(range(len(members)), key=lambda i: (-len(near[i]).bit_length(), near[i]))


def _levels(lost: Flags, sure: Flags) -> list[_Level]:
    """Blocks of 1, 2, 4 … groups until one word holds them all; in rows `sure`, lost only when every group is."""
    out = []
    while True:
        count = lost.shape[1]
        padded = np.zeros((len(lost), -(-count // _WORD) * _WORD), dtype=bool)
        padded[:, :count] = lost
        packed = np.packbits(padded, axis=1, bitorder="little").view(np.uint64)
        out.append(_Level(count, lost, packed))
        if count <= _WORD:
            return out
        if count % 2:
            lost = np.concatenate((lost, lost[:, -1:]), axis=1)
        left, right = lost[:, ::2], lost[:, 1::2]
        lost = np.where(sure[:, None], left & right, left | right)


def _covered(row: Row, pairs: Ints) -> list[Words]:
    """Per level uint64[blocks, words]: pairs of blocks of which every two groups are one of `pairs`, or the same."""
    place = np.argsort(row.order)
    count = row.levels[0].count
    table = np.eye(count, dtype=bool)
    if len(pairs):
        a, b = place[pairs[:, 0]], place[pairs[:, 1]]
        table[a, b] = table[b, a] = True
    out = []
    for level in row.levels:
        if len(table) != level.count:
            if len(table) % 2:
                table = np.pad(table, ((0, 1), (0, 1)), constant_values=True)
            table = table[::2, ::2] & table[1::2, ::2] & table[::2, 1::2] & table[1::2, 1::2]
        padded = np.zeros((level.count, level.packed.shape[1] * _WORD), dtype=bool)
        padded[:, : level.count] = table
        out.append(np.packbits(padded, axis=1, bitorder="little").view(np.uint64))
    return out


def _from(first: Ints, word: Ints) -> Words:
    """Bits of `word` for blocks from `first` on."""
    start = np.clip(first - word * _WORD, 0, _WORD)
    return np.where(start == _WORD, np.uint64(0), _ALL << np.minimum(start, _WORD - 1).astype(np.uint64))


def _left(prefix: Ints, word: Ints, bits: Words) -> tuple[Ints, Ints, Words]:
    some = bits != 0
    return prefix[some], word[some], bits[some]


def _halved(prefix: Ints, word: Ints, bits: Words, count: int) -> tuple[Ints, Ints, Words]:
    """Candidates over the blocks of half the size; `count` of them."""
    parts = []
    for high in (0, 1):
        doubled = _doubled(bits >> np.uint64(32 * high) & np.uint64(0xFFFF_FFFF))
        for steps in product((0, 1), repeat=prefix.shape[1]):
            finer = prefix * 2 + np.array(steps, dtype=np.int64)
            good = (doubled != 0) & (finer < count).all(axis=1) & ((word * 2 + high) * _WORD < count)
            if len(steps) == 2:
                good &= finer[:, 0] <= finer[:, 1]
            parts.append((finer[good], word[good] * 2 + high, doubled[good]))
    return (
        np.concatenate([p for p, _, _ in parts]),
        np.concatenate([w for _, w, _ in parts]),
        np.concatenate([b for _, _, b in parts]),
    )


def _doubled(half: Words) -> Words:
    """Each of the lower 32 bits twice, side by side."""
    out = half
    for shift, mask in (
        (16, 0x0000_FFFF_0000_FFFF),
        (8, 0x00FF_00FF_00FF_00FF),
        (4, 0x0F0F_0F0F_0F0F_0F0F),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ):
        out = (out | out << np.uint64(shift)) & np.uint64(mask)
    return out | out << np.uint64(1)
