"""Loads under very many failures at a time: a column is a failure, a row an element of the power layer.

Same rules as `capacity.power_flow.flow`, in numpy. What is left out is left out by proof, see `worst_loads`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from operator import or_
from typing import TYPE_CHECKING

import numpy as np

from capacity.power_bounds import may_trip
from capacity.power_limits import Limit
from capacity.power_rules import TOLERANCE, At, Draws, devices_of, limits_of, needed, supplies

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from topology.elements import Layers, SharedRisk

    Flags = NDArray[np.bool_]
    Watts = NDArray[np.float64]

_CELLS = 1 << 22
"""Rows x columns of one block: 32 MB of loads."""


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


@dataclass(frozen=True)
class Circuit:
    """The power layer as arrays. Elements stand in order from source to load; `steps` are the supplies of each
    in the order they are used, `needs` how many it takes. `trip_w` is infinite where nothing opens, `opens` the
    rows that open with it."""

    keys: tuple[str, ...]
    row: dict[str, int]
    steps: tuple[tuple[tuple[int, ...], ...], ...]
    needs: tuple[int, ...]
    draw_w: Watts
    trip_w: Watts
    opens: tuple[tuple[int, ...], ...]


def circuit(layers: Layers, draws: Draws, *, at: At = "peak") -> Circuit:
    """The power layer with draws and ratings, ready for many failures."""
    import networkx as nx

    graph, limits, draw_w = layers.power, limits_of(layers, draws), draws.at(at)
    keys = tuple(nx.lexicographical_topological_sort(graph))
    row = {key: number for number, key in enumerate(keys)}
    trips = [limits.get(key, Limit()) for key in keys]
    return Circuit(
        keys=keys,
        row=row,
        steps=tuple(tuple(tuple(row[k] for k in step) for step in supplies(graph, key)) for key in keys),
        needs=tuple(needed(graph, key) for key in keys),
        draw_w=np.array([draw_w.get(key) or 0.0 if key.startswith("device/") else 0.0 for key in keys]),
        trip_w=np.array([math.inf if t.trip_w is None else t.trip_w for t in trips]),
        opens=tuple(
            tuple(row[e] for e in t.opens if e in row) or (row[key],)
            for key, t in zip(keys, trips, strict=True)
        ),
    )


def works(plant: Circuit, dead: Flags) -> Flags:
    """Which elements work; `dead` and the result have a row per element and a column per failure."""
    out = ~dead
    for row, steps in enumerate(plant.steps):
        sources = [s for step in steps for s in step]
        if not sources:
            continue
        needs = plant.needs[row]
        if needs == 1:
            live = out[sources[0]]
            for source in sources[1:]:
                live = live | out[source]
        else:
            live = out[sources].sum(axis=0) >= needs
        out[row] &= live
    return out


def carry(plant: Circuit, live: Flags, over: Flags | None = None) -> Watts:
    """Load in W of every element (0 where it is dead), a column per failure.

    With `over` (overloaded elements, worked out here by rating), its rows are cleared where something
    overloaded hangs below: what is left opens.
    """
    load = live * plant.draw_w[:, None]
    shadow = None if over is None else np.zeros_like(live)
    for row in range(len(plant.keys) - 1, -1, -1):
        if over is not None and shadow is not None:
            above = load[row] > plant.trip_w[row] * (1 + TOLERANCE)
            over[row] = above & ~shadow[row]
            shadow[row] |= above
        steps = plant.steps[row]
        if not steps:
            continue
        if len(steps) == 1 and len(steps[0]) == 1:
            source = steps[0][0]
            load[source] += load[row]
            if shadow is not None:
                shadow[source] |= shadow[row]
            continue
        for source, share in _shares(steps, plant.needs[row], live):
            load[source] += np.where(share > 0, load[row] * share, 0.0)
            if shadow is not None:
                shadow[source] |= shadow[row] & (share > 0)
    return load


def _shares(steps: tuple[tuple[int, ...], ...], needs: int, live: Flags) -> Iterable[tuple[int, Watts]]:
    """Supplies of one node with the share each carries, a column per failure."""
    count = np.zeros(live.shape[1], dtype=np.int64)
    used: list[tuple[int, Flags]] = []
    for step in steps:
        open_ = count < needs
        for source in step:
            takes = live[source] & open_
            used.append((source, takes))
            count = count + takes
    even = 1.0 / np.maximum(count, 1)
    for source, takes in used:
        yield source, takes * even


def settle(plant: Circuit, dead: Flags, *, tripping: bool) -> tuple[Flags, Watts]:
    """What is dead once nothing more opens, and the highest load in W of every element in any round.

    Both with a row per element and a column per failure; `dead` is not changed.
    """
    if not tripping:
        return dead, carry(plant, works(plant, dead))
    dead = dead.copy()
    columns = np.arange(dead.shape[1])
    highest = np.zeros(dead.shape)
    while columns.size:
        part = dead[:, columns]
        live = works(plant, part)
        over = np.zeros_like(part)
        load = carry(plant, live, over)
        highest[:, columns] = np.maximum(highest[:, columns], load)
        opening = np.zeros_like(part)
        for row in np.flatnonzero(over.any(axis=1)):
            poles = [element for element in plant.opens[row] if element != row]
            opening[row] |= over[row] & ~live[poles].any(axis=0) if row not in plant.opens[row] else over[row]
            for element in poles:
                opening[element] |= over[row] & live[element]
        dead[:, columns] |= opening
        columns = columns[opening.any(axis=0)]
    return dead, highest


def trips(
    layers: Layers, draws: Draws, scenarios: Sequence[Collection[str]], *, at: At = "peak"
) -> list[tuple[str, ...]]:
    """Elements that open on top of each set of failed elements, sorted; empty tuples where nothing does.

    `scenarios` are sets of element keys; keys without a power node are ignored.
    """
    if not may_trip(layers, draws, at=at):
        return [()] * len(scenarios)
    plant = circuit(layers, draws, at=at)
    out: list[tuple[str, ...]] = []
    width = max(64, _CELLS // max(len(plant.keys), 1))
    for start in range(0, len(scenarios), width):
        block = scenarios[start : start + width]
        dead = np.zeros((len(plant.keys), len(block)), dtype=np.bool_)
        for column, failed in enumerate(block):
            dead[[plant.row[key] for key in failed if key in plant.row], column] = True
        opened = settle(plant, dead, tripping=True)[0] & ~dead
        out += [tuple(sorted(plant.keys[r] for r in np.flatnonzero(opened[:, c]))) for c in range(len(block))]
    return out


def worst_loads(
    layers: Layers, draws: Draws, risks: Iterable[SharedRisk], order: int = 1, *, at: At = "peak"
) -> WorstLoads:
    """The highest load of every element over the normal state, every group alone and, with `order` 2, every pair.

    An element that opens shows the load it opened at. Ties go to the fewest groups.

    Notes: groups without a power element change nothing, and of groups with the same power elements one is
    worked out. Of the pairs, those of two parts of the plant that share no element are left out: their loads
    are those of each group alone. When nothing can open (`may_trip`), the share of a device on an element
    depends on what lives above that device and on nothing else; so where two groups touch no device in common,
    what both add to an element is the sum of what each adds, and only pairs with a device in common are worked
    out. Where something can open, this does not hold (less load may keep a breaker closed): all pairs are.

    Raises ValueError for an order other than 1 and 2.
    """
    if order not in (1, 2):
        raise ValueError(f"order {order}: 1 or 2")
    plant = circuit(layers, draws, at=at)
    tripping = bool(may_trip(layers, draws, at=at))
    all_risks = list(risks)
    groups = _distinct(plant, all_risks)
    worst = _Highest(plant, groups, tripping=tripping, keep=order == 2 and not tripping)
    worst.over([(), *((i,) for i in range(len(groups)))])
    if order == 2:
        touched = _touched(plant, groups) if not tripping else _parts_of(plant, groups)
        if not tripping:
            worst.apart(touched)
        worst.over([(i, j) for i, j in combinations(range(len(groups)), 2) if touched[i] & touched[j]])
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
        self, plant: Circuit, groups: Sequence[tuple[str, tuple[int, ...]]], *, tripping: bool, keep: bool
    ) -> None:
        self.plant, self.tripping, self.keep = plant, tripping, keep
        self.nothing = len(groups)
        self.member = np.zeros((len(plant.keys), len(groups) + 1), dtype=np.bool_)
        for number, (_, rows) in enumerate(groups):
            self.member[list(rows), number] = True
        self.best = np.zeros(len(plant.keys))
        self.cause: list[tuple[int, ...]] = [()] * len(plant.keys)
        self.normal = np.zeros(len(plant.keys))
        self.added: list[list[tuple[float, int]]] = [[] for _ in plant.keys]
        """What a group alone adds to each row, where it adds something: (W, group)."""
        self.evaluated = 0

    def over(self, sets: Sequence[tuple[int, ...]]) -> None:
        """Work out these sets of one or two groups; the empty one is the normal state and comes first."""
        width = max(64, _CELLS // max(len(self.plant.keys), 1))
        self.evaluated += len(sets)
        for start in range(0, len(sets), width):
            block = sets[start : start + width]
            first = np.array([s[0] if s else self.nothing for s in block])
            second = np.array([s[1] if len(s) > 1 else self.nothing for s in block])
            dead = self.member[:, first] | self.member[:, second]
            highest = settle(self.plant, dead, tripping=self.tripping)[1]
            if not block[0]:
                self.normal = highest[:, 0].copy()
            top = highest.max(axis=1)
            for row in np.flatnonzero(top > self.best * (1 + TOLERANCE)):
                at = int(np.argmax(highest[row] >= top[row] * (1 - TOLERANCE)))
                self.best[row], self.cause[row] = top[row], block[at]
            if self.keep and len(block[-1]) == 1:
                more = highest - self.normal[:, None]
                for row, column in zip(*np.nonzero(more > TOLERANCE * highest), strict=True):
                    self.added[row].append((float(more[row, column]), block[column][0]))

    def apart(self, touched: Sequence[int]) -> None:
        """Pairs that touch no device in common, without working them out: both add to a row what each adds."""
        for row, added in enumerate(self.added):
            added.sort(key=lambda a: (-a[0], a[1]))
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
