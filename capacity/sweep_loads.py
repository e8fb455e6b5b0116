"""Breakers that open after a failure of groups of shared risk, and the loads nearest to their limits."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from capacity.power_bounds import may_trip
from capacity.power_limits import Limit
from capacity.power_rules import At, limits_of, power_loads
from capacity.power_sweep import trips
from capacity.power_worst import Worst, worst_loads
from inventory.inventory import Inventory
from topology.elements import Layers, SharedRisk

if TYPE_CHECKING:
    import numpy.typing as npt

    Flags = npt.NDArray[np.bool_]


class Loads:
    """What opens under the load that a failure of `risks` (by index) shifts; nothing to work out when none can.

    `may_open`: elements that are not proven to stay closed.
    """

    def __init__(self, inventory: Inventory, layers: Layers, risks: Sequence[SharedRisk], at: At) -> None:
        self._layers, self._risks, self._at = layers, risks, at
        self._draws = power_loads(inventory, layers)
        self.may_open = tuple(bound.element for bound in may_trip(layers, self._draws, at=at).elements)

    def highest(self, risks: Sequence[SharedRisk], order: int) -> tuple[Worst, ...]:
        """Per kind of element the one loaded highest against its limit in any failure of `risks`."""
        found = worst_loads(self._layers, self._draws, risks, order, at=self._at)
        kinds: dict[str, Worst] = {}
        for worst in found.heaviest(len(found.loads)):
            kinds.setdefault(worst.element.partition("/")[0], worst)
        return tuple(kinds.values())

    def footprint(self, group: int) -> frozenset[str]:
        """Elements of the power layer in a group; groups with the same ones shift the same load."""
        return self._footprints[group]

    @cached_property
    def _footprints(self) -> list[frozenset[str]]:
        power = self._layers.power
        return [frozenset(m for m in risk.members if m in power) for risk in self._risks]

    def opened(self, sets: Sequence[tuple[int, ...]]) -> list[tuple[str, ...]]:
        """Elements that open on top of each set of groups."""
        if not self.may_open:
            return [()] * len(sets)
        failed = [frozenset[str]().union(*(self.footprint(g) for g in groups)) for groups in sets]
        distinct = sorted(set(failed), key=sorted)
        found = dict(zip(distinct, trips(self._layers, self._draws, distinct, at=self._at), strict=True))
        return [found[f] for f in failed]

    def reach(self, groups: Sequence[int]) -> Flags:
        """bool[groups, elements that may open]: whose opening the loss of a group can have a part in.

        The load on an element depends on the devices below it and on everything that feeds them. A group reaches
        the elements whose load it touches, and those that the opening of one of these touches in turn. Two groups
        that reach none in common open together what each opens alone, unless something opens anyway.
        """
        if self.opened([()])[0]:
            return np.ones((len(groups), len(self.may_open)), dtype=bool)
        depends = [self._depends(element) for element in self.may_open]
        limits = limits_of(self._layers, self._draws)
        opening = [{e, limits.get(e, Limit()).opens or e} for e in self.may_open]
        passes = np.array([[bool(o & d) for d in depends] for o in opening], dtype=bool)
        while True:
            further = passes | (passes @ passes)
            if (further == passes).all():
                break
            passes = further
        touched = np.array(
            [[not d.isdisjoint(self.footprint(g)) for d in depends] for g in groups], dtype=bool
        )
        out: Flags = touched | (touched @ passes)
        return out

    def _depends(self, element: str) -> frozenset[str]:
        """Everything on the ways that feed the devices below an element."""
        import networkx as nx

        power = self._layers.power
        devices = [d for d in nx.descendants(power, element) | {element} if d.startswith("device/")]
        return frozenset(devices).union(*(nx.ancestors(power, device) for device in devices))
