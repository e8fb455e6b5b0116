"""Every pair of groups, tile by tile: neighbours with neighbours, so that one run touches few parts.

A tile is some groups against 64 or a few times 64 others; failure (i, j) is a fixed bit of a fixed word, so no
pair is written out. Every pair is evaluated; `kernel_interactions` gets by with few of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from capacity.kernel import WORD, Compiled, Groups, all_sets, gathered, unpacked
from capacity.kernel_columns import Ints, Words, spans
from capacity.kernel_engine import Engine


@dataclass(frozen=True)
class Tile:
    """Groups `i` to `i_stop`, `columns` words each, against groups `j` to `j_stop`, a bit each, in the engine."""

    i: int
    i_stop: int
    j: int
    j_stop: int
    columns: int
    engine: Engine

    def grid(self, row: Words) -> npt.NDArray[np.bool_]:
        """Bits of one row as bool[i_stop - i, j_stop - j]."""
        return unpacked(row.reshape(-1, self.columns)[: self.i_stop - self.i], self.j_stop - self.j)


def tiles(compiled: Compiled, groups: Groups) -> Iterator[Tile]:
    """Tiles that cover every pair (i, j), i <= j, once; the engine of a tile is good until the next is asked for."""
    columns = max(1, int(np.sqrt(compiled.width * WORD)) // WORD)
    height = compiled.width // columns
    engine = Engine(compiled.program, height * columns)
    n = len(groups)
    for i in range(0, n, height):
        for j in range(i // WORD * WORD, n, columns * WORD):
            i_stop, j_stop = min(i + height, n), min(j + columns * WORD, n)
            leaves, dead = _dead(groups, i, i_stop, j, j_stop, (height, columns))
            engine.run(leaves, dead)
            yield Tile(i, i_stop, j, j_stop, columns, engine)


def _dead(
    groups: Groups, i: int, i_stop: int, j: int, j_stop: int, shape: tuple[int, int]
) -> tuple[Ints, Words]:
    """Leaves of the groups of a tile, and the failures each of them fails in; failures are height x columns words."""
    down, across = np.arange(i_stop - i), np.arange(j_stop - j)
    pattern = np.zeros((len(down) + len(across), *shape), dtype=np.uint64)
    pattern[down, down] = ~np.uint64(0)
    bit = np.uint64(1) << (across % WORD).astype(np.uint64)
    pattern[len(down) + across, :, across // WORD] = bit[:, None]
    at, counts = spans(groups.ptr, np.concatenate((i + down, j + across)))
    leaf, owner = groups.leaf[at], np.repeat(np.arange(len(pattern)), counts)
    return gathered(leaf, owner, pattern.reshape(len(pattern), -1))


def failing_pairs(compiled: Compiled, groups: Groups, new: bool = False) -> list[Ints]:
    """For each output the pairs of groups (first number below the second, in order) that it does not survive.

    Each int64[pairs, 2]. `new`: only pairs of which it survives either half.
    """
    n = len(groups)
    alone = ~unpacked(compiled.evaluate_sets(groups, all_sets(n, 1)), n)
    found: list[list[Ints]] = [[] for _ in compiled.outputs]
    for tile in tiles(compiled, groups):
        first, second = np.arange(tile.i, tile.i_stop), np.arange(tile.j, tile.j_stop)
        rising = first[:, None] < second
        for output, node in enumerate(compiled.program.outputs):
            if compiled.program.base[node] and not tile.engine.differs[node]:
                continue
            failing = tile.grid(~tile.engine.rows[node]) & rising
            if new:
                failing &= ~alone[output, first][:, None] & ~alone[output, second]
            i, j = np.nonzero(failing)
            found[output].append(np.column_stack((first[i], second[j])))
    empty = np.zeros((0, 2), dtype=np.int64)
    stacked = [np.concatenate([empty, *parts]) for parts in found]
    return [pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))] for pairs in stacked]
