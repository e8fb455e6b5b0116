"""Every pair of cables whose loss cuts something off though neither does alone, in about one pass over the cables.

Each cable off a spanning tree gets a random 64-bit label, each cable of the tree the XOR of the labels of those
that bridge it. A label of zero is a cable that cuts by itself; two equal labels are a pair. No pair is missed;
that none is named wrongly by a clash of labels is proved by removing each pair. Parallel cables stay apart.

Source: Pritchard and Thurimella, ACM Transactions on Algorithms 7(4), 2011.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capacity.kernel import Groups, compile_columns
from capacity.kernel_columns import AND, OR, Columns, Ints, Words, distinct, spans
from capacity.kernel_order import Flags

_SEED = 20_110_701


@dataclass(frozen=True)
class CableCuts:
    """What cables cut nodes off from the root: `bridges`, int64, each by itself; `ptr` and `cable`, a CSR of
    classes: any two cables of a class cut together (and no others do, bridges apart)."""

    bridges: Ints
    ptr: Ints
    cable: Ints

    def pairs(self) -> Ints:
        """Every pair, int64[pairs, 2], rising: k (k - 1) / 2 of a class of k cables."""
        stop = np.repeat(self.ptr[1:], np.diff(self.ptr))
        here = np.arange(len(self.cable))
        counts = stop - here - 1
        left = np.repeat(here, counts)
        right = left + 1 + np.arange(len(left)) - np.repeat(np.cumsum(counts) - counts, counts)
        out = np.column_stack((self.cable[left], self.cable[right]))
        return out[np.lexsort((out[:, 1], out[:, 0]))]


def cable_cut_pairs(n_nodes: int, ends: Ints, root: int, seed: int = _SEED) -> Ints:
    """Pairs of cables that together cut some node off from `root`, neither doing so alone: int64[pairs, 2], rising.

    `ends`: int64[cables, 2], nodes from 0; every node passes traffic on; parallel cables are rows of their own.
    Cables that `root` does not reach are in no pair.
    """
    return cable_cuts(n_nodes, ends, root, seed).pairs()


def cable_cuts(n_nodes: int, ends: Ints, root: int, seed: int = _SEED) -> CableCuts:
    """Single cables and classes of cables that cut nodes off from `root`, proved by removal."""
    ends = ends.reshape(-1, 2)
    label, known = _labels(n_nodes, ends, root, seed)
    bridges = np.flatnonzero(known & (label == 0))
    cable = np.flatnonzero(known & (label != 0))
    cable = cable[np.argsort(label[cable], kind="stable")]
    starts = np.flatnonzero(np.diff(label[cable], prepend=np.uint64(0)))
    sizes = np.diff(np.append(starts, len(cable)))
    kept = np.repeat(sizes > 1, sizes)
    cable, sizes = cable[kept], sizes[sizes > 1]
    first = cable[np.cumsum(sizes) - sizes]
    order = np.lexsort((cable, np.repeat(first, sizes)))
    sizes = sizes[np.argsort(first, kind="stable")]
    cuts = CableCuts(bridges, np.concatenate(([0], np.cumsum(sizes))).astype(np.int64), cable[order])
    _prove(n_nodes, ends, root, cuts)
    return cuts


def _labels(n_nodes: int, ends: Ints, root: int, seed: int) -> tuple[Words, Flags]:
    """Label of every cable, and which cables `root` reaches."""
    n_cables = len(ends)
    node = np.concatenate((ends[:, 0], ends[:, 1]))
    order = np.argsort(node, kind="stable")
    ptr = np.concatenate(([0], np.cumsum(np.bincount(node, minlength=n_nodes)))).astype(np.int64)
    cable, far = order % max(1, n_cables), np.concatenate((ends[:, 1], ends[:, 0]))[order]
    parent = np.full(n_nodes, -1, dtype=np.int64)
    trunk = np.full(n_nodes, -1, dtype=np.int64)  # cable towards the root
    seen = np.zeros(n_nodes, dtype=bool)
    seen[root] = True
    front = np.array([root], dtype=np.int64)
    levels = []
    while len(front):
        at, counts = spans(ptr, front)
        near = np.repeat(front, counts)
        fresh = ~seen[far[at]]
        at, near = at[fresh], near[fresh]
        trunk[far[at]], parent[far[at]] = (
            cable[at],
            near,
        )  # of several ways the last one written counts, for both
        front = distinct(n_nodes, far[at])
        seen[front] = True
        levels.append(front)
    known = seen[ends[:, 0]] if n_cables else np.zeros(0, dtype=bool)
    on_tree = np.zeros(n_cables, dtype=bool)
    on_tree[trunk[trunk >= 0]] = True
    label = np.random.default_rng(seed).integers(1, 1 << 64, size=n_cables, dtype=np.uint64, endpoint=False)
    label[on_tree | ~known] = 0
    total = np.zeros(n_nodes, dtype=np.uint64)
    np.bitwise_xor.at(total, ends[:, 0], label)
    np.bitwise_xor.at(total, ends[:, 1], label)
    for level in reversed(levels):
        np.bitwise_xor.at(total, parent[level], total[level])
    label[trunk[trunk >= 0]] = total[trunk >= 0]
    return label, known


def _prove(n_nodes: int, ends: Ints, root: int, cuts: CableCuts) -> None:
    """Remove neighbours of every class together and see that something is cut off.

    Nodes joined by cables of no class and no bridge stay joined, so they count as one. Being a pair is
    transitive, so neighbours are enough. Raises ArithmeticError for a clash of labels; another seed helps then.
    """
    if not len(cuts.cable):
        return
    asked = np.zeros(len(ends), dtype=bool)
    asked[cuts.cable] = asked[cuts.bridges] = True
    part = _joined(n_nodes, ends[~asked])
    left = np.flatnonzero(asked)
    nodes, small = np.unique(np.concatenate(([part[root]], part[ends[left]].ravel())), return_inverse=True)
    compiled = compile_columns(_reach(len(nodes), small[1:].reshape(-1, 2), int(small[0])))
    inside = np.ones(max(0, len(cuts.cable) - 1), dtype=bool)
    inside[cuts.ptr[1:-1] - 1] = False
    number = np.searchsorted(left, cuts.cable)
    sets = np.column_stack((number[:-1][inside], number[1:][inside]))
    groups = Groups(np.arange(len(left) + 1, dtype=np.int64), np.arange(len(left), dtype=np.int64))
    for start, engine in compiled.engines(groups, sets):
        outputs = compiled.program.outputs
        rows = ~engine.rows[outputs[engine.differs[outputs]]]
        words = np.bitwise_or.reduce(rows, axis=0) if len(rows) else np.zeros(engine.width, np.uint64)
        here = min(len(sets) - start * 64, engine.width * 64)
        if not np.unpackbits(words.view(np.uint8), bitorder="little")[:here].all():
            raise ArithmeticError("two labels are equal by chance; take another seed")


def _joined(n_nodes: int, ends: Ints) -> Ints:
    """The same number for nodes that are joined: the least of them."""
    part = np.arange(n_nodes, dtype=np.int64)
    while True:
        a, b = part[ends[:, 0]], part[ends[:, 1]]
        least = np.minimum(a, b)
        before = part.copy()
        np.minimum.at(part, a, least)
        np.minimum.at(part, b, least)
        part = part[part]
        if np.array_equal(before, part):
            return part


def _reach(n_nodes: int, ends: Ints, root: int) -> Columns:
    """Which nodes reach `root`, with a leaf for every cable: a gate a direction, a gate a node."""
    n = len(ends)
    way = n + np.arange(2 * n, dtype=np.int64)  # cable i towards its first end, then towards its second
    node = 3 * n + np.arange(n_nodes, dtype=np.int64)
    into = np.concatenate((ends[:, 0], ends[:, 1]))
    comes = np.column_stack(
        (np.tile(np.arange(n, dtype=np.int64), 2), node[np.concatenate((ends[:, 1], ends[:, 0]))])
    )
    inner = into != root
    order = np.argsort(into[inner], kind="stable")
    source = np.concatenate((comes.ravel(), way[inner][order]))
    counts = np.concatenate((np.full(2 * n, 2), np.bincount(into[inner], minlength=n_nodes)))
    op = np.concatenate((np.full(2 * n, AND), np.where(np.arange(n_nodes) == root, AND, OR))).astype(np.int64)
    ptr = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    return Columns(n, op, ptr, source, np.ones_like(source), np.ones_like(op), node)
