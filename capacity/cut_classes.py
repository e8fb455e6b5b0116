"""Cut sets put together into classes: "any 2 of these 12, with any 1 of those 4" in place of 264 lines.

Two items are interchangeable when swapping them turns the list of cut sets into itself. That is an equivalence, and
any exchange within a class keeps the list, so that the list is exactly all choices of some counts per class. Items
of a class that never stand in one set together are alternatives of each other: they become one item, and what was
told apart by them may become interchangeable in turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from capacity.kernel_columns import Ints

Item = tuple[str, ...]
"""Keys of groups, any one of which does."""


@dataclass(frozen=True, slots=True)
class CutClass:
    """Any `count` items of each part, all parts together, and of each item any one group: `parts` are (count,
    items), parts of few items first."""

    parts: tuple[tuple[int, tuple[Item, ...]], ...]

    @property
    def order(self) -> int:
        """Groups in one cut set."""
        return sum(count for count, _ in self.parts)

    @property
    def sets(self) -> int:
        """How many cut sets it stands for."""
        total = 1
        for count, items in self.parts:
            ways = [1] + [0] * count  # elementary symmetric sums of the numbers of alternatives
            for item in items:
                for n in range(count, 0, -1):
                    ways[n] += ways[n - 1] * len(item)
            total *= ways[count]
        return total

    def expanded(self) -> Iterator[tuple[str, ...]]:
        """Every cut set, its keys sorted."""
        for chosen in product(*(combinations(items, count) for count, items in self.parts)):
            for keys in product(*chain.from_iterable(chosen)):
                yield tuple(sorted(keys))


def classes_of(sets: Ints, items: Sequence[Item]) -> list[CutClass]:
    """The rows of `sets` (int64[sets, order], indices of `items`, rising) as classes, sorted."""
    names = [tuple(sorted(item)) for item in items]
    while len(sets):
        twin = interchangeable(sets, len(names))
        alternative = twin[sets]
        alternative.sort(axis=1)
        together = np.unique(alternative[:, 1:][np.diff(alternative, axis=1) == 0])
        merged = np.where(np.isin(twin, together), np.arange(len(names)), twin)
        if (merged == np.arange(len(names))).all():
            return _classes(sets, twin, names)
        for item in np.flatnonzero(merged != np.arange(len(names))).tolist():
            names[merged[item]] = tuple(sorted(names[merged[item]] + names[item]))
        sets = np.unique(np.sort(merged[sets], axis=1), axis=0)
    return []


def _classes(sets: Ints, twin: Ints, names: Sequence[Item]) -> list[CutClass]:
    members: dict[int, list[Item]] = {}
    for item in np.unique(sets).tolist():
        members.setdefault(int(twin[item]), []).append(names[item])
    joined = {leader: tuple(sorted(found)) for leader, found in members.items()}
    out = []
    for row in np.unique(np.sort(twin[sets], axis=1), axis=0).tolist():
        parts = [(row.count(leader), joined[leader]) for leader in sorted(set(row))]
        out.append(CutClass(tuple(sorted(parts, key=lambda p: (len(p[1]), p[1])))))
    return sorted(out, key=lambda c: c.parts)


def interchangeable(sets: Ints, n_items: int) -> Ints:
    """For every item the first one it may be swapped with (itself when in no set)."""
    order = sets.shape[1]
    twin = np.arange(n_items, dtype=np.int64)
    owner = sets.ravel()
    others = np.stack([np.delete(sets, i, axis=1) for i in range(order)], axis=1)
    others = others.reshape(len(owner), order - 1)
    sort = np.lexsort((*others.T[::-1], owner))
    owner, others = owner[sort], others[sort]
    found, starts, counts = np.unique(owner, return_index=True, return_counts=True)
    links = dict(zip(found.tolist(), np.split(others, starts[1:]), strict=True))
    degree = np.bincount(owner, minlength=n_items)
    leaders: dict[tuple[int, int], list[int]] = {}
    for item, count in zip(found.tolist(), counts.tolist(), strict=True):
        weight = int(degree[links[item]].sum())  # like the count, no swap changes it
        known = leaders.setdefault((count, weight), [])
        for leader in known:
            if _same_links(links[leader], links[item], leader, item):
                twin[item] = leader
                break
        else:
            known.append(item)
    return twin


def _same_links(first: Ints, second: Ints, a: int, b: int) -> bool:
    """Whether a and b stand with the same others; sets that hold both stay as they are in a swap."""
    first = first[~(first == b).any(axis=1)]
    second = second[~(second == a).any(axis=1)]
    return first.shape == second.shape and bool((first == second).all())
