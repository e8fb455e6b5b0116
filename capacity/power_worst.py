"""The worst load of every element over all groups of shared risk, alone and in pairs, with the failure behind it.

What is not worked out is left out by proof, see `worst_loads`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from operator import or_
from typing import TYPE_CHECKING

import numpy as np

from capacity.power_bounds import may_trip
from capacity.power_limits import Limit
from capacity.power_rules import TOLERANCE, At, Draws, devices_of, limits_of
from capacity.power_sweep import BLOCK_CELLS, Circuit, circuit, settle

if TYPE_CHECKING:
    from capacity.power_sweep import Flags, Watts
    from topology.elements import Layers, SharedRisk


@dataclass(frozen=True, slots=True)
class Worst:
    """The highest load of one element in W, with its limits (None: unknown).

    `failure`: keys of the fewest groups that bring it; empty: it is the normal state. `at_least`: devices of
    unknown draw that may hang on it: then the load is a lower bound.
    """

    element: str
    load_w: float
    limit_w: float | None
    trip_w: float | None
    failure: tuple[str, ...]
    at_least: tuple[str, ...] = ()

    @property
    def utilisation(self) -> float | None:
        """Load over limit; None without a limit."""
        return self.load_w / self.limit_w if self.limit_w else None


@dataclass(frozen=True)
class WorstLoads:
    """Worst loads by element, sorted by key. `failures` says how many sets of groups this covers (the normal
    state included), `evaluated` how many had to be worked out."""

    loads: tuple[Worst, ...]
    order: int
    at: At
    failures: int
    evaluated: int

    def heaviest(self, count: int) -> tuple[Worst, ...]:
        """Elements with the highest utilisation, those of unknown limit left out."""
        known = [w for w in self.loads if w.utilisation is not None]
        return tuple(sorted(known, key=lambda w: (-(w.utilisation or 0.0), w.element))[:count])


def worst_loads(
    layers: Layers, draws: Draws, risks: Iterable[SharedRisk], order: int = 1, *, at: At = "peak"
) -> WorstLoads:
    """The highest load of every element over the normal state, every group alone and, with `order` 2, every pair.

    An element that opens shows the load it opened at. Ties go to the fewest groups.

    Notes: groups without a power element change nothing, and of groups with the same power elements one is
    worked out. While nothing opens, the share of a device on an element depends on what lives above that device
    and on nothing else; so where two groups touch no device in common, what both add to an element is the sum
    of what each adds. Worked out are only: pairs with a device in common; pairs whose sum is above some rating;
    and pairs with a group that opens something alone, within the part of the plant it belongs to.

    Raises ValueError for an order other than 1 and 2.
    """
    if order not in (1, 2):
        raise ValueError(f"order {order}: 1 or 2")
    plant = circuit(layers, draws, at=at)
    all_risks = list(risks)
    groups = _distinct(plant, all_risks)
    worst = _Highest(plant, groups, tripping=bool(may_trip(layers, draws, at=at)))
    worst.over([(), *((i,) for i in range(len(groups)))])
    if order == 2:
        touched = _touched(plant, groups)
        worst.apart(touched)
        worst.over(worst.joined(touched, _parts_of(plant, groups)))
    limits, unknown = limits_of(layers, draws), _unknown_below(plant, draws, layers, at)
    loads = []
    for key in sorted(plant.keys):
        row = plant.row[key]
        limit = limits.get(key, Limit())
        failure = tuple(sorted(groups[i][0] for i in worst.cause[row]))
        loads.append(
            Worst(key, float(worst.best[row]), limit.limit_w, limit.trip_w, failure, unknown.get(key, ()))
        )
    count = len(all_risks)
    failures = 1 + count + (count * (count - 1) // 2 if order == 2 else 0)
    return WorstLoads(tuple(loads), order, at, failures, worst.evaluated)


def _distinct(plant: Circuit, risks: Iterable[SharedRisk]) -> list[tuple[str, tuple[int, ...]]]:
    """Groups with power elements, as key and rows, one for each set of rows; small groups first."""
    found: dict[tuple[int, ...], tuple[int, str]] = {}
    for risk in risks:
        rows = tuple(sorted(plant.row[m] for m in risk.members if m in plant.row))
        if rows:
            found[rows] = min(found.get(rows, (len(risk.members), risk.key)), (len(risk.members), risk.key))
    ordered = sorted((size, key, rows) for rows, (size, key) in found.items())
    return [(key, rows) for _, key, rows in ordered]


def _touched(plant: Circuit, groups: Sequence[tuple[str, tuple[int, ...]]]) -> list[int]:
    """For every group the devices whose supply it touches, as bits."""
    devices = [0] * len(plant.keys)
    for number, row in enumerate(r for r, key in enumerate(plant.keys) if key.startswith("device/")):
        devices[row] = 1 << number
    for row in range(len(plant.keys) - 1, -1, -1):
        for source in (s for step in plant.steps[row] for s in step):
            devices[source] |= devices[row]
    return [reduce(or_, (devices[row] for row in rows)) for _, rows in groups]


def _parts_of(plant: Circuit, groups: Sequence[tuple[str, tuple[int, ...]]]) -> list[int]:
    """For every group the parts of the plant it has elements in, as bits; parts share no element."""
    part = list(range(len(plant.keys)))

    def root(row: int) -> int:
        while part[row] != row:
            part[row] = part[part[row]]
            row = part[row]
        return row

    for row, steps in enumerate(plant.steps):
        for source in (s for step in steps for s in step):
            part[root(row)] = root(source)
    bit = {name: 1 << number for number, name in enumerate(sorted({root(r) for r in range(len(part))}))}
    return [reduce(or_, (bit[root(row)] for row in rows)) for _, rows in groups]


class _Highest:
    """The highest load of every row over the sets of groups seen so far, and the first set that brings it."""

    def __init__(
        self, plant: Circuit, groups: Sequence[tuple[str, tuple[int, ...]]], *, tripping: bool
    ) -> None:
        self.plant, self.tripping = plant, tripping
        self.nothing = len(groups)
        self.rows = [np.array(rows) for _, rows in groups]
        self.best = np.zeros(len(plant.keys))
        self.cause: list[tuple[int, ...]] = [()] * len(plant.keys)
        self.normal = np.zeros(len(plant.keys))
        self.added: list[list[tuple[float, int]]] = [[] for _ in plant.keys]
        """What a group alone adds to each row, where it adds something and opens nothing: (W, group), most first."""
        self.opens: set[int] = set()
        """Groups that open something alone."""
        self.evaluated = 0

    def over(self, sets: Sequence[tuple[int, ...]]) -> None:
        """Work out these sets of one or two groups; the empty one is the normal state and comes first."""
        width = max(64, BLOCK_CELLS // max(len(self.plant.keys), 1))
        self.evaluated += len(sets)
        for start in range(0, len(sets), width):
            block = sets[start : start + width]
            dead = np.zeros((len(self.plant.keys), len(block)), dtype=np.bool_)
            for column, chosen in enumerate(block):
                for group in chosen:
                    dead[self.rows[group], column] = True
            after, highest = settle(self.plant, dead, tripping=self.tripping)
            top = highest.max(axis=1)
            for row in np.flatnonzero(top > self.best * (1 + TOLERANCE)):
                at = int(np.argmax(highest[row] >= top[row] * (1 - TOLERANCE)))
                self.best[row], self.cause[row] = top[row], block[at]
            if len(block[-1]) < 2:
                self._alone(block, highest, np.any(after & ~dead, axis=0, keepdims=True)[0])

    def _alone(self, block: Sequence[tuple[int, ...]], highest: Watts, opening: Flags) -> None:
        """Keep what single groups add to each row, and which of them open something."""
        if not block[0]:
            self.normal = highest[:, 0].copy()
            if opening[0]:
                self.opens = set(range(self.nothing))
        self.opens |= {s[0] for s, opens in zip(block, opening, strict=True) if s and opens}
        more = highest - self.normal[:, None]
        for row, column in zip(*np.nonzero(more > TOLERANCE * highest), strict=True):
            if block[column][0] not in self.opens:
                self.added[row].append((float(more[row, column]), block[column][0]))
        for added in self.added:
            added.sort(key=lambda a: (-a[0], a[1]))

    def joined(self, touched: Sequence[int], parts: Sequence[int]) -> list[tuple[int, ...]]:
        """Pairs that have to be worked out; see `worst_loads`."""
        pairs: set[tuple[int, ...]] = set()
        for i, j in combinations(range(self.nothing), 2):
            if touched[i] & touched[j] or ((i in self.opens or j in self.opens) and parts[i] & parts[j]):
                pairs.add((i, j))
        for row, added in enumerate(self.added):
            room_w = self.plant.trip_w[row] * (1 - TOLERANCE) - self.normal[row]
            for i, (more, group) in enumerate(added):
                if 2 * more <= room_w:
                    break
                for other_w, other in added[i + 1 :]:
                    if more + other_w <= room_w:
                        break
                    pairs.add((min(group, other), max(group, other)))
        return sorted(pairs)

    def apart(self, touched: Sequence[int]) -> None:
        """Pairs that touch no device in common, without working them out: both add to a row what each adds."""
        for row, added in enumerate(self.added):
            top, pair = 0.0, (0, 0)
            for i, (more, group) in enumerate(added):
                if 2 * more <= top:
                    break
                for other_w, other in added[i + 1 :]:
                    if more + other_w <= top:
                        break
                    if not touched[group] & touched[other]:
                        top, pair = more + other_w, (min(group, other), max(group, other))
                        break
            if self.normal[row] + top > self.best[row] * (1 + TOLERANCE):
                self.best[row], self.cause[row] = self.normal[row] + top, pair


def _unknown_below(plant: Circuit, draws: Draws, layers: Layers, at: At) -> dict[str, tuple[str, ...]]:
    """Devices of unknown draw that may hang on each element, by element key."""
    import networkx as nx

    out: dict[str, list[str]] = {}
    for device in devices_of(layers):
        if draws.at(at).get(device) is None:
            for key in {device, *nx.ancestors(layers.power, device)}:
                out.setdefault(key, []).append(device)
    return {key: tuple(names) for key, names in out.items()}
