"""Every pair of groups against every output: which losses are new, which of them breakers have a part in.

Single failures tell which pairs may do more than their halves (`capacity.kernel_interactions`); only those are
evaluated, and pairs that open other breakers than their halves.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from capacity.cut_classes import CutClass, classes_of
from capacity.engine import Engine, Progress
from capacity.equal_effects import cone, equal_effects
from capacity.kernel import Compiled, all_sets, compile_structure, groups_of, unpacked
from capacity.kernel_interactions import interactions
from capacity.structure import Structure
from capacity.sweep_loads import Loads
from topology.elements import SharedRisk

if TYPE_CHECKING:
    import numpy.typing as npt

    from capacity.kernel_columns import Ints

    Flags = npt.NDArray[np.bool_]


class Pairs:
    """Every pair of groups, worked out on one group of each kind of effect.

    Where breakers may open, groups are only taken as one when they also shift the same load; pairs that open
    something are worked out with what opens.
    """

    def __init__(
        self, whole: Structure, risks: Sequence[SharedRisk], loads: Loads, only: Collection[str]
    ) -> None:
        self.structure = cone(whole, whole.outputs)
        self.risks, self.loads = risks, loads
        self.items = self._items(only)
        self.listed = np.array([not only or risks[item[0]].key in only for item in self.items], dtype=bool)
        self.counted = not only
        n, m = len(risks), sum(not only or r.key in only for r in risks)
        self.failures = comb(n, 2) - comb(n - m, 2)

    def _items(self, only: Collection[str]) -> list[tuple[int, ...]]:
        same = equal_effects(self.structure, [risk.members for risk in self.risks])
        if self.loads.may_open:
            known = set().union(*same) if same else set()
            same += [(n,) for n in range(len(self.risks)) if n not in known and self.loads.footprint(n)]
        parts: dict[tuple[int, bool, frozenset[str]], list[int]] = {}
        for number, groups in enumerate(same):
            for group in groups:
                shifts = self.loads.footprint(group) if self.loads.may_open else frozenset[str]()
                parts.setdefault((number, self.risks[group].key in only, shifts), []).append(group)
        return sorted(tuple(p) for p in parts.values())

    def losses(self, engine: Engine, progress: Progress) -> tuple[dict[str, list[CutClass]], dict[str, int]]:
        """Per service the classes of pairs that are new losses, and how many pairs take it down."""
        compiled = compile_structure(self.structure)
        first = [item[0] for item in self.items]
        alone = self.loads.opened([(g,) for g in first])
        lost = [frozenset(self.risks[g].members).union(o) for g, o in zip(first, alone, strict=True)]
        groups = groups_of(compiled, lost)
        single = ~unpacked(compiled.evaluate_sets(groups, all_sets(len(first), 1)), len(first))
        anyway = groups_of(compiled, self.loads.opened([()]))
        intact = unpacked(compiled.evaluate_sets(anyway, all_sets(1, 1)), 1)[:, 0]
        back = bool((intact & ~compiled.program.base[compiled.program.outputs]).any())
        again, down = self._together(compiled, alone, single, everywhere=back)
        found = interactions(compiled, groups, engine, progress)
        names = [tuple(self.risks[g].key for g in item) for item in self.items]
        new: dict[str, list[CutClass]] = {}
        counts: dict[str, int] = {}
        for row, service in enumerate(compiled.outputs):
            if not intact[row]:
                continue
            either = single[row][again].any(axis=1)
            fresh = self._of_row(found.new, row, again, again[down[row] & ~either])
            new[service] = classes_of(fresh, names)
            if self.counted:
                spared = self._of_row(found.undone, row, again, again[~down[row] & either])
                counts[service] = self._pairs_down(single[row], fresh, spared)
        return new, counts

    def _together(
        self, compiled: Compiled, alone: Sequence[tuple[str, ...]], single: Flags, *, everywhere: bool
    ) -> tuple[Ints, Flags]:
        """Pairs that open something else than their halves do, int64[pairs, 2], rising, and where each output is
        down under them, bool[outputs, pairs]. `everywhere`: every pair instead."""
        first = [item[0] for item in self.items]
        if not self.loads.may_open:
            return np.zeros((0, 2), dtype=np.int64), np.zeros((len(single), 0), dtype=bool)
        reach = self.loads.reach(first).astype(np.float32)
        common = np.ones((len(first), len(first)), dtype=bool) if everywhere else (reach @ reach.T) > 0
        common &= self.listed[:, None] | self.listed
        sets = np.argwhere(np.triu(common, 1))
        opened = self.loads.opened([(first[i], first[j]) for i, j in sets.tolist()])
        changed, failed = [], []
        for column, ((i, j), more) in enumerate(zip(sets.tolist(), opened, strict=True)):
            if everywhere or set(more) != {*alone[i], *alone[j]}:
                changed.append(column)
                failed.append({m for n in (i, j) for m in self.risks[first[n]].members}.union(more))
        words = compiled.evaluate_sets(groups_of(compiled, failed), all_sets(len(failed), 1))
        return sets[changed], ~unpacked(words, len(failed))

    def _of_row(self, found: Ints, row: int, again: Ints, instead: Ints) -> Ints:
        """Pairs listed of an output that are asked for, rising; of those worked out `again` only `instead`."""
        n = len(self.items)
        pairs = found[np.searchsorted(found[:, 0], row) : np.searchsorted(found[:, 0], row, side="right"), 1:]
        known = np.isin(pairs @ (n, 1), again @ (n, 1))
        pairs = np.concatenate((pairs[~known & self.listed[pairs].any(axis=1)], instead))
        out: Ints = pairs[np.lexsort(pairs.T[::-1])]
        return out

    def _pairs_down(self, single: Flags, new: Ints, spared: Ints) -> int:
        """How many pairs of groups take an output down: those with a half that does alone, with the pairs of items
        that are `new` and without those `spared`."""
        sizes = np.array([len(item) for item in self.items], dtype=np.int64)
        idle = len(self.risks) - int(sizes.sum())
        across = _products(sizes) - _products(sizes[~single])
        across += sum(int(sizes[pairs].prod(axis=1).sum()) * sign for pairs, sign in ((new, 1), (spared, -1)))
        inside = sum(comb(int(s), 2) + int(s) * idle for s in sizes[single])
        return across + inside


def _products(sizes: Ints) -> int:
    """The sum of the products of every two."""
    return int((sizes.sum() ** 2 - (sizes**2).sum()) // 2)
