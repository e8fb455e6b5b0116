"""What can open at all, whatever fails: greatest loads against ratings, without going through failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from capacity.power_limits import Limit
from capacity.power_rules import NO_BREAKER, TOLERANCE, At, Draws, devices_of, limits_of, needed

if TYPE_CHECKING:
    import networkx as nx

    from topology.elements import Layers


@dataclass(frozen=True, slots=True)
class Bound:
    """An element that could open: the most it can ever carry, and its rating, in W."""

    element: str
    most_w: float
    trip_w: float


@dataclass(frozen=True)
class MayTrip:
    """What can open under any failure at all. True when something can.

    `elements`: those whose greatest load is above their rating. `unproven`: elements below their rating as far
    as is known, by the devices of unknown draw they may carry. `unrated`: elements that have something to open
    but no known rating: taken never to open.
    """

    elements: tuple[Bound, ...]
    unproven: Mapping[str, tuple[str, ...]]
    unrated: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.elements)


def may_trip(layers: Layers, draws: Draws, *, at: At = "peak") -> MayTrip:
    """Proof that no element opens whatever fails, or the elements that can.

    A device's draw is conserved on its way up, so no element ever carries more of it than all of it; one
    supply of a device that needs k of them carries no more than the k-th part. The sum of these over all
    devices below an element bounds its load in every state, cascades included.
    """
    graph, limits, draw_w = layers.power, limits_of(layers, draws), draws.at(at)
    most_w: dict[str, float] = {}
    unknown: dict[str, list[str]] = {}
    for device in devices_of(layers):
        watts = draw_w.get(device)
        for key, share in _greatest_shares(graph, device).items():
            if watts is None:
                unknown.setdefault(key, []).append(device)
            else:
                most_w[key] = most_w.get(key, 0.0) + watts * share
    rated = [(k, trip) for k in sorted(graph) if (trip := limits.get(k, Limit()).trip_w) is not None]
    above = [Bound(k, most_w[k], trip) for k, trip in rated if most_w.get(k, 0.0) > trip * (1 + TOLERANCE)]
    names = {b.element for b in above}
    return MayTrip(
        elements=tuple(above),
        unproven={k: tuple(unknown[k]) for k, _ in rated if k in unknown and k not in names},
        unrated=tuple(
            k for k in sorted(graph) if limits.get(k, Limit()).trip_w is None and not k.startswith(NO_BREAKER)
        ),
    )


def _greatest_shares(graph: nx.DiGraph[str], device: str) -> dict[str, float]:
    """The largest share of a device's draw that may ever pass each element above it."""
    needs = needed(graph, device)
    supplies_below: dict[str, int] = {}
    for supply in graph.predecessors(device):
        seen, front = {supply}, [supply]
        while front:
            for source in graph.predecessors(front.pop()):
                if source not in seen:
                    seen.add(source)
                    front.append(source)
        for key in seen:
            supplies_below[key] = supplies_below.get(key, 0) + 1
    shares = {key: min(1.0, count / needs) for key, count in supplies_below.items()}
    return {device: 1.0, **shares}
