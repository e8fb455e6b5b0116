"""Load on every surviving element of the power path after a failure, with what opens and what goes dark.

The plain evaluation of one failure, on the power layer as people read it; `capacity.power_sweep` does many at
a time and must give the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from capacity.power_bounds import MayTrip, may_trip
from capacity.power_limits import Limit
from capacity.power_rules import (
    TOLERANCE,
    At,
    Draws,
    devices_of,
    limits_of,
    needed,
    power_loads,
    supplies,
    taken,
)
from capacity.power_sweep import trips
from capacity.power_worst import WorstLoads, worst_loads

if TYPE_CHECKING:
    import networkx as nx

    from topology.elements import Layers

__all__ = [
    "At",
    "Draws",
    "Flow",
    "MayTrip",
    "Opened",
    "WorstLoads",
    "flow",
    "may_trip",
    "power_loads",
    "trips",
    "worst_loads",
]


@dataclass(frozen=True, slots=True)
class Opened:
    """One element that opened: in which round, at what load and rating in W. `cause` is the element above its
    rating: itself, or a phase of the panel that opened."""

    round: int
    element: str
    load_w: float
    trip_w: float
    cause: str


@dataclass(frozen=True)
class Flow:
    """What one failure leaves behind, once nothing more opens.

    `load_w`: every element that still works, in W. `highest_w`: the highest load of every element in any round:
    what opened shows here what it opened at. `opened` in order. `dark`: devices without enough live supplies,
    failed ones left out. `at_least`: devices of unknown draw by element: its load is a lower bound, and within
    its limit means nothing.
    """

    load_w: Mapping[str, float]
    highest_w: Mapping[str, float]
    opened: tuple[Opened, ...]
    dark: tuple[str, ...]
    at_least: Mapping[str, tuple[str, ...]]
    limits: Mapping[str, Limit]

    def utilisation(self, key: str) -> float | None:
        """Load over limit of an element (1.0: at its limit); None when it is dead or no limit is known."""
        limit = self.limits.get(key)
        if key not in self.load_w or limit is None or not limit.limit_w:
            return None
        return self.load_w[key] / limit.limit_w

    def overloaded(self) -> tuple[str, ...]:
        """Working elements above their limit, sorted."""
        return tuple(k for k in sorted(self.load_w) if (self.utilisation(k) or 0.0) > 1 + TOLERANCE)

    def not_evaluated(self) -> tuple[str, ...]:
        """Working elements that carry something but have no known limit, or carry a device of unknown draw."""
        bare = (
            k
            for k, w in self.load_w.items()
            if w and (k not in self.limits or self.limits[k].limit_w is None)
        )
        return tuple(sorted({*bare, *self.at_least}))


def flow(layers: Layers, draws: Draws, failed: Collection[str], *, at: At = "peak") -> Flow:
    """Loads in W once the elements `failed` (keys; those without a power node are ignored) are gone.

    What is above its `trip_w` opens; in each round only overloaded elements with nothing overloaded between
    them and the loads (selective protection), then all loads are worked out again, until nothing opens.
    """
    import networkx as nx

    graph, limits, draw_w = layers.power, limits_of(layers, draws), draws.at(at)
    order = list(nx.lexicographical_topological_sort(graph))
    dead = {key for key in failed if key in graph}
    opened: list[Opened] = []
    highest: dict[str, float] = {}
    while True:
        works = _working(graph, order, dead)
        load_w, paths = _carry(graph, order, works, {k: draw_w.get(k) or 0.0 for k in devices_of(layers)})
        for key, watts in load_w.items():
            highest[key] = max(highest.get(key, 0.0), watts)
        opening = _opening(order, load_w, paths, limits, len({o.round for o in opened}) + 1)
        if not opening:
            break
        opened += opening
        dead |= {o.element for o in opening}
    unknown = [k for k in devices_of(layers) if draw_w.get(k) is None and k in works]
    at_least: dict[str, list[str]] = {}
    for device in unknown:
        reached, _ = _carry(graph, order, works, {device: 1.0})
        for key in (k for k, share in reached.items() if share > 0):
            at_least.setdefault(key, []).append(device)
    return Flow(
        load_w={key: load_w[key] for key in sorted(load_w)},
        highest_w={key: highest[key] for key in sorted(highest)},
        opened=tuple(opened),
        dark=tuple(k for k in devices_of(layers) if k not in works and k not in failed),
        at_least={key: tuple(at_least[key]) for key in sorted(at_least)},
        limits=limits,
    )


def _working(graph: nx.DiGraph[str], order: list[str], dead: set[str]) -> set[str]:
    works: set[str] = set()
    for key in order:
        if key in dead:
            continue
        live = sum(1 for source in graph.predecessors(key) if source in works)
        source = graph.in_degree(key) == 0 and not key.startswith("device/")
        if source or live >= needed(graph, key):
            works.add(key)
    return works


def _carry(
    graph: nx.DiGraph[str], order: list[str], works: set[str], draw_w: Mapping[str, float]
) -> tuple[dict[str, float], dict[str, set[str]]]:
    """Load of every working element, and for each what hangs directly on it and carries something."""
    load_w = {key: draw_w.get(key, 0.0) for key in order if key in works}
    below: dict[str, set[str]] = {}
    for key in reversed(order):
        if load_w.get(key, 0.0) <= 0:
            continue
        sources = taken(supplies(graph, key), works, needed(graph, key))
        for source in sources:
            load_w[source] += load_w[key] / len(sources)
            below.setdefault(source, set()).add(key)
    return load_w, below


def _opening(
    order: list[str],
    load_w: Mapping[str, float],
    below: Mapping[str, set[str]],
    limits: Mapping[str, Limit],
    number: int,
) -> list[Opened]:
    """Overloaded elements with no overloaded one between them and the loads, by key."""
    shadowed: set[str] = set()
    found: dict[str, Opened] = {}
    for key in reversed(order):
        under = below.get(key, set())
        limit = limits.get(key, Limit())
        over = limit.trip_w is not None and load_w.get(key, 0.0) > limit.trip_w * (1 + TOLERANCE)
        if any(k in shadowed for k in under):
            shadowed.add(key)
        elif over and limit.trip_w is not None:
            shadowed.add(key)
            for element in [e for e in limit.opens if e in load_w] or [key]:
                found.setdefault(element, Opened(number, element, load_w[key], limit.trip_w, key))
    return [found[element] for element in sorted(found)]
