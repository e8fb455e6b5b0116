"""Every pair of groups against every output: which losses are new, which of them breakers have a part in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from capacity.cut_classes import CutClass, classes_of
from capacity.engine import Engine, run_jobs
from capacity.equal_effects import cone, equal_effects
from capacity.kernel import Compiled, Groups, all_sets, compile_structure, groups_of, unpacked
from capacity.structure import Structure
from capacity.sweep_loads import Loads
from topology.elements import SharedRisk

if TYPE_CHECKING:
    import numpy.typing as npt

    from capacity.kernel_columns import Ints

    Flags = npt.NDArray[np.bool_]

_JOB = 64 * 2048  # pairs a job
_FEW = 3  # jobs from which a second process is worth its start


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
        self.listed = [not only or risks[item[0]].key in only for item in self.items]
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

    def losses(
        self, engine: Engine, tell: Callable[[int, int], None]
    ) -> tuple[dict[str, list[CutClass]], dict[str, int]]:
        """Per service the classes of pairs that are new losses, and how many pairs take it down."""
        compiled = compile_structure(self.structure)
        n = len(self.items)
        first = [item[0] for item in self.items]
        alone = self.loads.opened([(g,) for g in first])
        lost = [frozenset(self.risks[g].members).union(o) for g, o in zip(first, alone, strict=True)]
        groups = groups_of(compiled, lost)
        single = ~unpacked(compiled.evaluate_sets(groups, all_sets(n, 1)), n)
        sets = all_sets(n, 2)
        if not all(self.listed):
            marked = np.array(self.listed, dtype=bool)
            sets = sets[marked[sets].any(axis=1)]
        down = self._down(compiled, groups, sets, engine, tell)
        if self.loads.may_open:
            self._together(compiled, alone, sets, down)
        names = [tuple(self.risks[g].key for g in item) for item in self.items]
        new: dict[str, list[CutClass]] = {}
        counts: dict[str, int] = {}
        anyway = groups_of(compiled, self.loads.opened([()]))
        intact = unpacked(compiled.evaluate_sets(anyway, all_sets(1, 1)), 1)[:, 0]
        for row, service in enumerate(compiled.outputs):
            if intact[row]:
                fresh = down[row] & ~single[row][sets].any(axis=1)
                new[service] = classes_of(sets[fresh], names)
                if self.counted:
                    counts[service] = self._pairs_down(sets[down[row]], single[row])
        return new, counts

    def _down(
        self,
        compiled: Compiled,
        groups: Groups,
        sets: Ints,
        engine: Engine,
        tell: Callable[[int, int], None],
    ) -> Flags:
        """bool[outputs, pairs]: where each output is down, with what opens for each half alone."""
        jobs = [sets[start : start + _JOB] for start in range(0, len(sets), _JOB)]
        if engine.name == "local" and len(jobs) < _FEW:
            engine = Engine(workers=1)
        words = run_jobs(partial(compiled.evaluate_sets, groups), jobs, engine, tell)
        empty = np.zeros((len(compiled.outputs), 0), dtype=bool)
        parts = [~unpacked(w, len(job)) for w, job in zip(words, jobs, strict=True)]
        return np.concatenate([empty, *parts], axis=1)

    def _together(
        self, compiled: Compiled, alone: Sequence[tuple[str, ...]], sets: Ints, down: Flags
    ) -> None:
        """Work out anew the columns of `down` in which a pair opens something else than its halves do."""
        first = [item[0] for item in self.items]
        reach = self.loads.reach(first).astype(np.float32)
        common = (reach @ reach.T) > 0
        columns = np.flatnonzero(common[sets[:, 0], sets[:, 1]]).tolist()
        pairs = [(first[i], first[j]) for i, j in sets[columns].tolist()]
        changed, failed = [], []
        for column, (i, j), pair, opened in zip(
            columns, sets[columns].tolist(), pairs, self.loads.opened(pairs), strict=True
        ):
            if set(opened) != {*alone[i], *alone[j]}:
                changed.append(column)
                failed.append({m for g in pair for m in self.risks[g].members}.union(opened))
        if changed:
            words = compiled.evaluate_sets(groups_of(compiled, failed), all_sets(len(failed), 1))
            down[:, changed] = ~unpacked(words, len(failed))

    def _pairs_down(self, pairs: Ints, single: Flags) -> int:
        """How many pairs of groups take an output down, from pairs of items and those down alone."""
        sizes = np.array([len(item) for item in self.items], dtype=np.int64)
        idle = len(self.risks) - int(sizes.sum())
        across = int((sizes[pairs[:, 0]] * sizes[pairs[:, 1]]).sum()) if len(pairs) else 0
        inside = sum(comb(int(s), 2) + int(s) * idle for s in sizes[single])
        return across + inside
