"""Exact minimal cut sets: the smallest sets of shared risks that take a service down, up to three at a time.

A set is a minimal cut set when the service is down once all its groups are lost, and up for every proper part of
it. That holds for structures with a `not` as well, where more failures can bring a service back.

How it stays exact and quick. Groups of equal effect are worked out once (`capacity.equal_effects`). The rest stand
in a row; sets of blocks of the row are tried from coarse to fine, 64 blocks a word: when the service stays up with
three whole blocks lost, no three groups of theirs are a cut set. With a `not` in the structure every gate it looks
at is kept twice, as the least and as the most it can be, so that a block is only passed over when no choice inside
it can matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from capacity.cut_classes import CutClass, classes_of
from capacity.cut_search import Row, search
from capacity.equal_effects import cone, equal_effects
from capacity.kernel import all_sets, compile_structure, groups_of, unpacked
from capacity.structure import Structure

if TYPE_CHECKING:
    import numpy.typing as npt

    from capacity.kernel_columns import Ints
    from topology.elements import SharedRisk

    Flags = npt.NDArray[np.bool_]

ORDER_MAX = 3


@dataclass(frozen=True)
class CutSets:
    """Minimal cut sets of one output of up to `order_max` groups; `classes` stand for all of them, by order.

    `down_already`: the output is down when nothing has failed (then the empty set is its only cut set).
    `groups`: how many groups were given, `without_effect` how many of them the output never notices.
    """

    output: str
    order_max: int
    down_already: bool
    groups: int
    without_effect: int
    classes: tuple[CutClass, ...]

    def of_order(self, order: int) -> int:
        """How many minimal cut sets have `order` groups."""
        return sum(c.sets for c in self.classes if c.order == order)

    def expanded(self) -> list[tuple[str, ...]]:
        """Every minimal cut set as sorted group keys; small sets first, then by key."""
        if self.down_already:
            return [()]
        return sorted((s for c in self.classes for s in c.expanded()), key=lambda s: (len(s), s))


def minimal_cut_sets(
    structure: Structure, risks: Iterable[SharedRisk], output: str, order_max: int = ORDER_MAX
) -> list[tuple[str, ...]]:
    """Every minimal cut set of `output` of up to `order_max` groups, as sorted keys of `risks`; small sets first.

    The empty set alone when the output is down already. Raises ValueError for an order outside 1 to 3, KeyError for
    an unknown output.
    """
    return cut_sets(structure, risks, output, order_max).expanded()


def cut_sets(
    structure: Structure, risks: Iterable[SharedRisk], output: str, order_max: int = ORDER_MAX
) -> CutSets:
    """The minimal cut sets of `output` in classes of interchangeable groups; see `minimal_cut_sets`."""
    if not 1 <= order_max <= ORDER_MAX:
        raise ValueError(f"order {order_max}: 1 to {ORDER_MAX}")
    ordered = sorted(risks, key=lambda r: r.key)
    part = cone(structure, (output,))
    compiled = compile_structure(part)
    if not compiled.evaluate_sets(groups_of(compiled, [()]), all_sets(1, 1))[0, 0] & np.uint64(1):
        return CutSets(output, order_max, True, len(ordered), 0, ())
    same = equal_effects(part, [risk.members for risk in ordered])
    members = [ordered[indices[0]].members for indices in same]
    alone = _down_alone(part, members)
    found: dict[int, Ints] = {1: np.flatnonzero(alone)[:, None]}
    rest = np.flatnonzero(~alone)
    if order_max > 1 and len(rest) > 1:
        rows = Row(part, [members[i] for i in rest])
        pairs = search(rows, 2, np.zeros((0, 2), dtype=np.int64))
        found[2] = np.sort(rest[pairs], axis=1)
        if order_max > 2:
            found[3] = np.sort(rest[search(rows, 3, pairs)], axis=1)
    items = tuple(tuple(ordered[i].key for i in indices) for indices in same)
    classes = tuple(c for order in sorted(found) for c in classes_of(found[order], items))
    idle = len(ordered) - sum(map(len, same))
    return CutSets(output, order_max, False, len(ordered), idle, classes)


def is_minimal(structure: Structure, output: str, members: Sequence[Iterable[str]]) -> bool:
    """Whether the loss of all groups (each given by its elements) is a minimal cut set: the definition itself."""
    compiled = compile_structure(cone(structure, (output,)))
    groups = groups_of(compiled, [tuple(m) for m in members])
    for size in range(len(groups) + 1):
        for chosen in combinations(range(len(groups)), size):
            sets = np.array([chosen], dtype=np.int64).reshape(1, size)
            up = bool(compiled.evaluate_sets(groups, sets)[0, 0] & np.uint64(1))
            if up == (size == len(groups)):
                return False
    return True


def _down_alone(structure: Structure, members: Sequence[Sequence[str]]) -> Flags:
    compiled = compile_structure(structure)
    up = compiled.evaluate_sets(groups_of(compiled, members), all_sets(len(members), 1))
    return ~unpacked(up[0], len(members))
