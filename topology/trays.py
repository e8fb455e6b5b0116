"""Cable trays: one graph per room, the shortest way between two places, and the cable length it asks for.

A tray runs along every row above its racks. Cross trays join the rows of a room at both ends, and in the
middle where the rows span more than 15 m. Switches that stand already get a tray of their own along their
`y_m` unless a row runs there. Nodes are named `<row>/<rack number>`, e.g. `A01-A/5`; crossings are
`A01-A/L`, `/M`, `/R`. Lengths on edges are whole millimetres.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from inventory.inventory import Inventory
from inventory.model import ExistingSwitch
from inventory.plan_model import PlacedDevice

if TYPE_CHECKING:
    import networkx as nx

RACK_BASE_M = 0.10
"""Height of the bottom of U1 above the floor, metres (engineering estimate)."""
UNIT_M = 0.04445
"""One rack unit in metres (EIA-310)."""
IN_RACK_BEND_M = 0.3
"""Length for bends of a cable that is not cut to size: inside one rack, or with moulded ends (engineering estimate)."""
_MARKS = ("/L", "/M", "/R")
MIDDLE_CROSS_SPAN_MM = 15_000
"""Rows that span more get a cross tray in the middle (GB 50174-2017 4.3 asks for a passage there)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one end of a cable is: tray node above it, height of the port in metres, rack (None: a switch
    that stands already)."""

    site: str
    room: str
    node: str
    height_m: float
    rack: str | None


@dataclass(frozen=True, slots=True)
class Route:
    """A way between two places: tray length in metres and the nodes passed, near end first. Inside one rack
    there is no tray: 0 m and no nodes."""

    tray_m: float
    nodes: tuple[str, ...]

    @property
    def segments(self) -> frozenset[tuple[str, str]]:
        """The tray segments used, each as its two nodes in name order."""
        return frozenset((min(a, b), max(a, b)) for a, b in pairwise(self.nodes))


def unit_height_m(position: float) -> float:
    """Height above the floor of rack unit `position`, metres."""
    return RACK_BASE_M + UNIT_M * position


class Trays:
    """The trays of a whole inventory. Graphs and shortest ways are made when first asked for and kept."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self._chains: dict[str, dict[str, list[tuple[int, str]]]] = {}
        self._orders: dict[str, dict[str, dict[str, int]]] = {}
        self._crossings: dict[str, tuple[str, ...]] = {}
        self._middle: dict[tuple[str, str], tuple[int, list[str]] | None] = {}
        self._edges: dict[str, dict[tuple[str, str], int]] = {}
        self._graphs: dict[str, nx.Graph[str]] = {}
        self._from: dict[str, tuple[dict[str, list[str]], dict[str, float]]] = {}
        self._passed: dict[tuple[str, ...], tuple[int, tuple[str, ...]] | None] = {}
        self._routes: dict[tuple[str, str], tuple[int, tuple[str, ...]] | None] = {}

    def place(self, placed: PlacedDevice) -> Place | None:
        """Place of a planned device; None while it has no rack of the inventory or no position."""
        rack = self.inventory.racks.get(placed.rack or "")
        if rack is None or placed.position is None:
            return None
        height = unit_height_m(placed.position)
        return Place(rack.site, rack.room, f"{rack.row}/{rack.index + 1}", height, rack.name)

    def existing_place(self, switch: ExistingSwitch) -> Place | None:
        """Place of a switch that stands already; None unless room, both coordinates and height are known."""
        if switch.room is None or switch.x_m is None or switch.y_m is None or switch.height_u is None:
            return None
        line = _line_name(self.inventory, switch.room, _mm(switch.y_m))
        height = unit_height_m(switch.height_u)
        return Place(switch.site, switch.room, f"{line}/{switch.name}", height, None)

    def edges(self, room: str) -> dict[tuple[str, str], int]:
        """Tray segments of a room: two nodes in name order -> length in mm."""
        if room not in self._edges:
            steps = (step for chain in self.chains(room).values() for step in pairwise(chain))
            self._edges[room] = {(min(a, b), max(a, b)): end - start for (start, a), (end, b) in steps}
        return self._edges[room]

    def chains(self, room: str) -> dict[str, list[tuple[int, str]]]:
        """The straight trays of a room: rows by their name, cross trays by L, M and R; each as (mm, node) in order."""
        if room not in self._chains:
            self._chains[room] = _chains(self.inventory, room)
        return self._chains[room]

    def graph(self, room: str) -> nx.Graph[str]:
        """The crossings of a room (L, M and R of every line) as a graph: attribute `mm` on every edge. Racks lie
        between two crossings of their line, so that ways are searched among a few nodes."""
        if room not in self._graphs:
            import networkx as nx

            graph: nx.Graph[str] = nx.Graph()
            for chain in self.chains(room).values():
                crossings = [(mm, node) for mm, node in chain if node.endswith(_MARKS)]
                for (start, a), (end, b) in pairwise(crossings):
                    graph.add_edge(a, b, mm=end - start)
            self._graphs[room] = graph
        return self._graphs[room]

    def route(self, a: Place, b: Place) -> Route | None:
        """The shortest way from `a` to `b`; None when they stand in different rooms or no tray joins them.

        Among ways of equal length the one whose nodes come first by name is taken.
        """
        if a.rack is not None and a.rack == b.rack:
            return Route(0.0, ())
        if a.room != b.room:
            return None
        key = (a.node, b.node)
        if key not in self._routes:
            self._routes[key] = self._shortest(a.room, a.node, b.node)
        found = self._routes[key]
        return None if found is None else Route(found[0] / 1000, found[1])

    def along(self, nodes: Sequence[str], a: Place, b: Place) -> Route | None:
        """The way that `nodes` describe, with all nodes it passes, if it leads from `a` to `b` over trays that
        exist; else None."""
        if not nodes:
            return Route(0.0, ()) if a.rack is not None and a.rack == b.rack else None
        if a.room != b.room or nodes[0] != a.node or nodes[-1] != b.node:
            return None
        key = tuple(nodes)
        if key not in self._passed:
            self._passed[key] = self._all_nodes(a.room, key)
        found = self._passed[key]
        return None if found is None else Route(found[0] / 1000, found[1])

    def _all_nodes(self, room: str, nodes: tuple[str, ...]) -> tuple[int, tuple[str, ...]] | None:
        """Length in mm and every node of a way given by some of its nodes. What lies between two turns is taken
        straight, so that a switch that moved along its tray does not pull other cables with it."""
        turns = [nodes[0]]
        for i in range(1, len(nodes) - 1):
            if not self._straight(turns[-1], nodes[i], nodes[i + 1]):
                turns.append(nodes[i])
        turns.append(nodes[-1])
        passed, edges, total = [nodes[0]], self.edges(room), 0
        for here, there in pairwise(turns):
            between = self._between(room, here, there)
            if between is None:
                return None
            passed.extend(between)
            total += sum(edges[(x, y) if x < y else (y, x)] for x, y in pairwise([here, *between]))
        return total, tuple(passed)

    @staticmethod
    def _straight(a: str, b: str, c: str) -> bool:
        """True when three nodes lie on one line or on one cross tray."""
        (line_a, _, mark_a), (line_b, _, mark_b), (line_c, _, mark_c) = (n.rpartition("/") for n in (a, b, c))
        return line_a == line_b == line_c or mark_a == mark_b == mark_c

    def _between(self, room: str, here: str, there: str) -> list[str] | None:
        """Nodes after `here` up to `there` on one straight tray; None when no tray holds both. Racks that came
        after a route was written stand between its nodes."""
        (line, _, mark), (other_line, _, other_mark) = here.rpartition("/"), there.rpartition("/")
        key = line if line == other_line else mark if mark == other_mark else ""
        order = self._order(room).get(key, {})
        i, j = order.get(here), order.get(there)
        if i is None or j is None or i == j:
            return None
        chain = self.chains(room)[key]
        return [n for _, n in (chain[i + 1 : j + 1] if i < j else chain[j:i][::-1])]

    def _order(self, room: str) -> dict[str, dict[str, int]]:
        """Place of every node in each straight tray it lies on."""
        if room not in self._orders:
            self._orders[room] = {
                key: {node: i for i, (_, node) in enumerate(chain)}
                for key, chain in self.chains(room).items()
            }
        return self._orders[room]

    def _shortest(self, room: str, a: str, b: str) -> tuple[int, tuple[str, ...]] | None:
        """Length in mm and nodes of the shortest way; among equal ones the first by its nodes."""
        line_a, line_b = a.rpartition("/")[0], b.rpartition("/")[0]
        order = self._order(room)
        if a not in order.get(line_a, ()) or b not in order.get(line_b, ()):
            return None
        if line_a == line_b:
            return self._on_line(room, a, b), (a, *(self._between(room, a, b) or ()))
        ends = [(self._on_line(room, end, b), end) for end in self._next_crossings(room, b)]
        ways: list[tuple[int, list[str]]] = []
        for start in self._next_crossings(room, a):
            before = self._on_line(room, a, start)
            for after, end in ends:
                middle = self._among_crossings(room, start, end)
                if middle is not None:
                    ways.append((before + middle[0] + after, [a, *middle[1], b]))
        least = min((mm for mm, _ in ways), default=None)
        full = [self._all_nodes(room, tuple(nodes)) for mm, nodes in ways if mm == least]
        return min((way for way in full if way is not None), key=lambda way: way[1], default=None)

    def _on_line(self, room: str, a: str, b: str) -> int:
        """Distance in mm of two nodes of one line."""
        line = a.rpartition("/")[0]
        order, chain = self._order(room)[line], self.chains(room)[line]
        return abs(chain[order[a]][0] - chain[order[b]][0])

    def _next_crossings(self, room: str, node: str) -> tuple[str, ...]:
        """Crossings next to a node on its line: left and right, as far as there are any."""
        if node not in self._crossings:
            line = node.rpartition("/")[0]
            i, chain = self._order(room)[line][node], self.chains(room)[line]
            left = next((n for _, n in reversed(chain[:i]) if n.endswith(_MARKS)), None)
            right = next((n for _, n in chain[i + 1 :] if n.endswith(_MARKS)), None)
            self._crossings[node] = tuple(n for n in (left, right) if n is not None)
        return self._crossings[node]

    def _among_crossings(self, room: str, a: str, b: str) -> tuple[int, list[str]] | None:
        if (a, b) not in self._middle:
            self._middle[a, b] = self._search(room, a, b)
        return self._middle[a, b]

    def _search(self, room: str, a: str, b: str) -> tuple[int, list[str]] | None:
        if b not in self._from:
            import networkx as nx

            self._from[b] = nx.dijkstra_predecessor_and_distance(self.graph(room), b, weight="mm")
        before, far = self._from[b]
        if a not in far:
            return None
        nodes = [a]
        while nodes[-1] != b:
            here = nodes[-1]
            nearer = [n for n in before[here] if far[n] < far[here]]
            # Trays at the same place are 0 mm apart; then only the node first found leads on.
            steps = sorted(((self._between(room, here, n) or [n])[0], n) for n in nearer)
            nodes.append(steps[0][1] if steps else before[here][0])
        return int(far[a]), nodes


def cable_length_m(
    inventory: Inventory, a: Place, b: Place, route: Route, *, fixed_ends: bool = False
) -> float:
    """Length in metres of a cable that takes `route`, rounded up to whole centimetres.

    ((Ht - h1) + (Ht - h2) + tray + 2 x rack_slack + end_slack) x factor; inside one rack
    |h1 - h2| + 2 x rack_slack + 0.3. A cable with moulded ends is not cut: slack 0.3 m instead of end_slack, no factor.
    Source: engineering estimates; tray height of the room, else policy `cable.tray_m`.
    """
    policy = inventory.policy
    slack = 2 * policy.number("cable.rack_slack_m")
    if not route.nodes:
        length = abs(a.height_m - b.height_m) + slack + IN_RACK_BEND_M
    else:
        tray = inventory.rooms[a.room].tray_height_m
        top = policy.number("cable.tray_m") if tray is None else tray
        length = max(0.0, top - a.height_m) + max(0.0, top - b.height_m) + route.tray_m + slack
        if fixed_ends:
            length += IN_RACK_BEND_M
        else:
            length = (length + policy.number("cable.end_slack_m")) * policy.number("cable.factor")
    return math.ceil(round(length * 100, 6)) / 100


def _mm(metres: float) -> int:
    return round(metres * 1000)


def _line_name(inventory: Inventory, room: str, y_mm: int) -> str:
    """Name of the tray line along `y_mm`: the row that runs there, else room and distance."""
    rows = (row.name for row in inventory.rows.values() if row.room == room and _mm(row.y_m) == y_mm)
    return min(rows, default=f"{room}-y{y_mm / 1000:g}")


def _chains(inventory: Inventory, room: str) -> dict[str, list[tuple[int, str]]]:
    """The straight trays of one room, each as (distance in mm, node) in order."""
    pitch = _mm(inventory.policy.number("cable.rack_pitch_m"))
    lines: dict[str, tuple[int, list[tuple[int, str]]]] = {}
    ends: list[int] = []
    for row in sorted(inventory.rows.values(), key=lambda r: r.name):
        if row.room != room or not row.racks:
            continue
        start = _mm(row.x_m)
        _, points = lines.setdefault(row.name, (_mm(row.y_m), []))
        points.extend((start + i * pitch + pitch // 2, f"{row.name}/{i + 1}") for i in range(len(row.racks)))
        ends += [start, start + len(row.racks) * pitch]
    for switch in sorted(inventory.existing_switches.values(), key=lambda s: s.name):
        if switch.room != room or switch.x_m is None or switch.y_m is None:
            continue
        y_mm = _mm(switch.y_m)
        line = _line_name(inventory, room, y_mm)
        lines.setdefault(line, (y_mm, []))[1].append((_mm(switch.x_m), f"{line}/{switch.name}"))
    if not lines:
        return {}
    if not ends:
        ends = [x for _, points in lines.values() for x, _ in points]
    left, right = min(ends), max(ends)
    crossings = [(left, "L"), (right, "R")]
    if right - left > MIDDLE_CROSS_SPAN_MM:
        crossings.insert(1, ((left + right) // 2, "M"))
    out = {
        line: sorted([*points, *((x, f"{line}/{mark}") for x, mark in crossings)])
        for line, (_, points) in lines.items()
    }
    for _, mark in crossings:
        out[mark] = sorted((y, f"{line}/{mark}") for line, (y, _) in lines.items())
    return out
