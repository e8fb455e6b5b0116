"""One region in three forms that must agree: columns for the kernel, a structure of named gates, networkx graphs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from capacity.kernel import Compiled, Groups
from capacity.kernel_columns import AND, ATLEAST, NOT, OR, Columns, Ints
from capacity.structure import Gate, Structure
from tests.bench.fabrics import KINDS, LEAF, NONE, ROOMS, ROUTER, SITES, Region

if TYPE_CHECKING:
    import networkx as nx

_OPS = {AND: "and", OR: "or", ATLEAST: "atleast", NOT: "not"}
PARTS = ("server", "access", "switch", "link", "pdu", "ups", "generators", "utility")
Part = tuple[str, int]


@dataclass(frozen=True)
class Model:
    """A region for the kernel. Output i is server class i, up and reached; `weight`: servers in each class;
    `server_class`: class of each server; `group_kind[kind_of_group[g]]`: kind of group g; `offsets`: first leaf of
    each kind of part; `reach`: node of the columns that says whether each switch is reached."""

    columns: Columns
    weight: Ints
    server_class: Ints
    groups: Groups
    group_kind: tuple[str, ...]
    kind_of_group: Ints
    offsets: dict[str, int]
    reach: Ints

    @property
    def nbytes(self) -> int:
        """Bytes of columns, classes and groups."""
        own = (self.weight, self.server_class, self.kind_of_group, self.groups.ptr, self.groups.leaf)
        return self.columns.nbytes + sum(part.nbytes for part in own)


def classes(region: Region) -> tuple[Ints, Ints]:
    """Class of every server and the first server of every class.

    Servers of one class have the same rack, PDUs and leaves, and groups reach into a rack only as a whole: two
    of them can be exchanged, with their cables, and nothing else moves. Source: the exchange is an automorphism.
    """
    first_leaf = 2 * region.server_rack  # leaves are numbered by rack, A before B
    has = np.zeros((region.n_servers, 3), dtype=bool)
    side = region.access[:, 1] - first_leaf[region.access[:, 0]]
    has[region.access[:, 0], np.where((side == 0) | (side == 1), side, 2)] = True
    assert not has[:, 2].any()
    n_pdus = 2 * len(region.rack_room) + 1
    pdu = region.server_pdu + 1
    key = ((region.server_rack * n_pdus + pdu[:, 0]) * n_pdus + pdu[:, 1]) * 4 + has[:, 0] * 2 + has[:, 1]
    _, first, found = np.unique(key, return_index=True, return_inverse=True)
    return found.astype(np.int64), first.astype(np.int64)


class _Sheet:
    """Gates put down in batches; `take` gives node numbers first, so that batches may feed each other in circles."""

    def __init__(self, n_leaves: int) -> None:
        self.n_leaves, self.taken = n_leaves, n_leaves
        self.parts: list[tuple[Ints, int, Ints, Ints]] = []

    def take(self, count: int) -> Ints:
        self.taken += count
        return np.arange(self.taken - count, self.taken, dtype=np.int64)

    def put(self, gates: Ints, op: int, head: Ints, source: Ints) -> None:
        """Inputs of `gates`: `source[e]` feeds `gates[head[e]]`."""
        order = np.argsort(head, kind="stable")
        self.parts.append((gates, op, np.bincount(head, minlength=len(gates)), source[order]))

    def columns(self, outputs: Ints) -> Columns:
        parts = sorted(self.parts, key=lambda part: int(part[0][0]) if len(part[0]) else -1)
        ptr = np.concatenate(([0], np.cumsum(np.concatenate([p[2] for p in parts])))).astype(np.int64)
        source = np.concatenate([p[3] for p in parts]).astype(np.int64)
        op = np.concatenate([np.full(len(p[0]), p[1], dtype=np.int64) for p in parts])
        return Columns(self.n_leaves, op, ptr, source, np.ones_like(source), np.ones_like(op), outputs)


def model(region: Region, by_class: bool = True) -> Model:
    """The region for the kernel: with servers of one class as one, or each by itself with its cables.

    By class there are no groups of single servers and access cables; `local_losses` gives those.
    """
    n, s, m = region.n_servers, region.n_switches, len(region.links)
    n_pdus = 2 * len(region.rack_room)
    server_class, first = classes(region) if by_class else (np.arange(n), np.arange(n))
    sizes = [len(first), 0 if by_class else len(region.access), s, m, n_pdus, 2 * ROOMS, SITES, SITES]
    ends = np.cumsum(sizes)
    at = dict(zip(PARTS, (ends - sizes).tolist(), strict=True))
    sheet = _Sheet(int(ends[-1]))
    ups_of_pdu = 2 * np.repeat(region.rack_room, 2) + np.arange(n_pdus) % 2

    mains, ups, pdu = sheet.take(SITES), sheet.take(2 * ROOMS), sheet.take(n_pdus)
    fed, up = sheet.take(s), sheet.take(s)
    via_upper, via_lower, some, reach = sheet.take(m), sheet.take(m), sheet.take(s), sheet.take(s)
    server_fed, wired, serves = sheet.take(len(first)), sheet.take(len(first)), sheet.take(len(first))
    sites, sides, racks = np.arange(SITES), np.arange(2 * ROOMS), np.arange(n_pdus)
    sheet.put(mains, OR, np.tile(sites, 2), np.concatenate((at["utility"] + sites, at["generators"] + sites)))
    sheet.put(ups, AND, np.tile(sides, 2), np.concatenate((at["ups"] + sides, mains[sides // 4])))
    sheet.put(pdu, AND, np.tile(racks, 2), np.concatenate((at["pdu"] + racks, ups[ups_of_pdu])))
    _feeds(sheet, fed, region.switch_pdu, pdu)
    _all_of(sheet, up, at["switch"] + np.arange(s), fed)
    lower, upper = region.links.T
    _all_of(sheet, via_upper, at["link"] + np.arange(m), reach[upper])
    _all_of(sheet, via_lower, at["link"] + np.arange(m), reach[lower])
    outside = np.flatnonzero(region.switch_kind == ROUTER)
    always = sheet.take(1)
    sheet.put(always, AND, np.zeros(0, np.int64), np.zeros(0, np.int64))
    sheet.put(some, OR, np.concatenate((lower, upper, outside)),
              np.concatenate((via_upper, via_lower, np.repeat(always, len(outside)))))  # fmt: skip
    _all_of(sheet, reach, up, some)
    _feeds(sheet, server_fed, region.server_pdu[first], pdu)
    if by_class:
        mine = region.access[np.isin(region.access[:, 0], first)]
        sheet.put(wired, OR, server_class[mine[:, 0]], reach[mine[:, 1]])
    else:
        cable = sheet.take(len(region.access))
        _all_of(sheet, cable, at["access"] + np.arange(len(cable)), reach[region.access[:, 1]])
        sheet.put(wired, OR, region.access[:, 0], cable)
    _all_of(sheet, serves, at["server"] + np.arange(len(first)), server_fed, wired)
    groups, kinds, kind_of_group = _groups(region, at, server_class if by_class else None)
    weight = np.bincount(server_class).astype(np.int64)
    return Model(sheet.columns(serves), weight, server_class, groups, kinds, kind_of_group, at, reach)


def _all_of(sheet: _Sheet, gates: Ints, *inputs: Ints) -> None:
    sheet.put(gates, AND, np.tile(np.arange(len(gates)), len(inputs)), np.concatenate(inputs))


def _feeds(sheet: _Sheet, gates: Ints, pdus: Ints, works: Ints) -> None:
    head, side = np.nonzero(pdus != NONE)
    sheet.put(gates, OR, head.astype(np.int64), works[pdus[head, side]])


def _groups(
    region: Region, at: dict[str, int], server_class: Ints | None
) -> tuple[Groups, tuple[str, ...], Ints]:
    """Every group of shared risk, those of one rack side by side and those of many racks last."""
    rack = region.switch_rack
    n_racks, s, m = len(region.rack_room), region.n_switches, len(region.links)
    if server_class is None:
        server, server_rack = np.arange(region.n_servers), region.server_rack
    else:
        server, which = np.unique(server_class, return_index=True)
        server_rack = region.server_rack[which]
    pdu_rack = np.repeat(np.arange(n_racks), 2)
    switch, link, pdu = (np.arange(k, dtype=np.int64) for k in (s, m, 2 * n_racks))
    everything = np.concatenate((at["server"] + server, at["switch"] + switch, at["pdu"] + pdu))
    racks = np.concatenate((server_rack, rack, pdu_rack))
    tray = np.repeat(np.arange(len(region.tray_ptr) - 1), np.diff(region.tray_ptr))
    leaves = np.flatnonzero(region.switch_kind == LEAF)
    ups, sites = np.arange(2 * ROOMS), np.arange(SITES)
    kinds: list[tuple[str, Ints, Ints, Ints | None]] = [  # kind, group of each member, member, home rack
        ("switch", switch, at["switch"] + switch, rack),
        ("link", link, at["link"] + link, rack[region.links[:, 0]]),
        ("pdu", pdu, at["pdu"] + pdu, pdu_rack),
        ("rack", racks, everything, np.arange(n_racks)),
        ("pair", rack[leaves], at["switch"] + leaves, np.arange(n_racks)),
        ("tray", tray, at["link"] + region.tray_link, rack[region.links[region.tray_link[region.tray_ptr[:-1]], 0]]),
        ("row", region.rack_row[racks], everything, None),
        ("room", region.rack_room[racks], everything, None),
        ("site", region.rack_room[racks] // 2, everything, None),
        ("software", region.switch_version, at["switch"] + switch, None),
        ("ups", ups, at["ups"] + ups, None),
        ("generators", sites, at["generators"] + sites, None),
        ("utility", sites, at["utility"] + sites, None),
    ]  # fmt: skip
    if server_class is None:
        cable = np.arange(len(region.access), dtype=np.int64)
        kinds.append(("server", server, at["server"] + server, server_rack))
        kinds.append(("access", cable, at["access"] + cable, server_rack[region.access[:, 0]]))
    homes, kind_of, head, members, start = [], [], [], [], 0
    for number, (_, group, member, home) in enumerate(kinds):
        count = int(group.max()) + 1
        homes.append(np.full(count, n_racks) if home is None else home)
        kind_of.append(np.full(count, number))
        head.append(group + start)
        members.append(member)
        start += count
    order = np.lexsort((np.concatenate(kind_of), np.concatenate(homes)))
    place = np.empty(start, dtype=np.int64)
    place[order] = np.arange(start)
    row, leaf = place[np.concatenate(head)], np.concatenate(members)
    sort = np.lexsort((leaf, row))
    ptr = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=start)))).astype(np.int64)
    return Groups(ptr, leaf[sort]), tuple(k[0] for k in kinds), np.concatenate(kind_of)[order]


def local_losses(region: Region, whole: Model, compiled: Compiled) -> tuple[Ints, Ints]:
    """Servers lost when each server, and each access cable, fails alone, by class: int64[servers], int64[cables].

    A server loses itself, a cable its server where no other cable leads to a leaf that is reached.
    """
    p = compiled.program
    serves = p.base[p.outputs][whole.server_class]
    node = p.node[whole.reach[region.access[:, 1]]]
    leads = (node >= 0) & p.base[node]
    ways = np.bincount(region.access[:, 0], leads, minlength=region.n_servers)
    server = region.access[:, 0]
    return serves.astype(np.int64), (serves[server] & leads & (ways[server] == 1)).astype(np.int64)


def structure(columns: Columns) -> Structure:
    """The same columns as named gates, for plain evaluation."""
    name = [
        f"leaf/{i}" if i < columns.n_leaves else f"gate:{i}"
        for i in range(columns.n_leaves + columns.n_gates)
    ]
    gates = {}
    for g in range(columns.n_gates):
        span = slice(columns.ptr[g], columns.ptr[g + 1])
        op = _OPS[int(columns.op[g])]
        gates[name[columns.n_leaves + g]] = Gate(op, tuple(name[i] for i in columns.source[span]))  # type: ignore[arg-type]
    outputs = {str(i): name[node] for i, node in enumerate(columns.outputs)}
    return Structure(tuple(name[: columns.n_leaves]), gates, outputs)


@dataclass(frozen=True)
class Keys:
    """Names of a region's parts, made before the graph is timed."""

    server: list[str]
    switch: list[str]
    link: list[str]
    access: list[str]


def keys(region: Region) -> Keys:
    """Element keys of a region."""
    return Keys(
        [f"device/S{i:06d}" for i in range(region.n_servers)],
        [f"device/{KINDS[k]}-{i:05d}" for i, k in enumerate(region.switch_kind.tolist())],
        [f"cable/L{i:06d}" for i in range(len(region.links))],
        [f"cable/X{i:06d}" for i in range(len(region.access))],
    )


def graph(region: Region, names: Keys) -> nx.MultiGraph[str]:
    """The region as people would write it in networkx: a node a device, an edge a cable, with attributes.

    Nodes have `site`, `room`, `rack`, `kind` and `pdus`; edges are keyed by cable and have `kind`, `speed_gbps`.
    """
    import networkx as nx

    out: nx.MultiGraph[str] = nx.MultiGraph()
    room = region.rack_room.tolist()
    for key, rack, pdus in zip(
        names.server, region.server_rack.tolist(), region.server_pdu.tolist(), strict=True
    ):
        out.add_node(
            key, kind="server", site=room[rack] // 2, room=room[rack], rack=rack, pdus=pdus, forwards=False
        )
    for key, kind, rack, pdus in zip(
        names.switch,
        region.switch_kind.tolist(),
        region.switch_rack.tolist(),
        region.switch_pdu.tolist(),
        strict=True,
    ):
        out.add_node(
            key, kind=KINDS[kind], site=room[rack] // 2, room=room[rack], rack=rack, pdus=pdus, forwards=True
        )
    for key, (server, leaf) in zip(names.access, region.access.tolist(), strict=True):
        out.add_edge(names.server[server], names.switch[leaf], key, kind="access", speed_gbps=25)
    for key, (low, high) in zip(names.link, region.links.tolist(), strict=True):
        out.add_edge(names.switch[low], names.switch[high], key, kind="uplink", speed_gbps=100)
    return out


class Loop:
    """What one writes first: remove the failed parts from a copy of the graph (or look at it through a `view`
    without them) and see which servers are left."""

    def __init__(self, region: Region, view: bool = False) -> None:
        self.region, self.names, self.view = region, keys(region), view
        self.graph = graph(region, self.names)
        self.switches = frozenset(self.names.switch)
        self.routers = [self.names.switch[i] for i in np.flatnonzero(region.switch_kind == ROUTER).tolist()]
        self.edges = [
            *((self.names.server[a], self.names.switch[b], k)
              for k, (a, b) in zip(self.names.access, region.access.tolist(), strict=True)),
            *((self.names.switch[a], self.names.switch[b], k)
              for k, (a, b) in zip(self.names.link, region.links.tolist(), strict=True)),
        ]  # fmt: skip
        self.ups = (2 * np.repeat(region.rack_room, 2) + np.arange(2 * len(region.rack_room)) % 2).tolist()

    def lost(self, failed: Collection[Part]) -> set[int]:
        """Numbers of the servers that are down or not reached when the parts `failed` do not work."""
        import networkx as nx

        nodes, edges = self._removed(failed)
        if self.view:
            left = nx.restricted_view(self.graph, nodes, edges)
        else:
            left = self.graph.copy()
            left.remove_edges_from(edges)  # type: ignore[arg-type]  # keys are no data
            left.remove_nodes_from(nodes)
        inner = left.subgraph(self.switches)
        reached: set[str] = set()
        for router in self.routers:
            if router in left and router not in reached:
                reached |= nx.node_connected_component(inner, router)
        return {
            i for i, server in enumerate(self.names.server)
            if server not in left or not any(switch in reached for switch in left[server])
        }  # fmt: skip

    def _removed(self, failed: Collection[Part]) -> tuple[list[str], list[tuple[str, str, str]]]:
        names = self.names
        dead: dict[str, set[int]] = {kind: {i for k, i in failed if k == kind} for kind in PARTS}
        dark_sites = dead["utility"] & dead["generators"]
        dark_ups = dead["ups"] | {u for u in range(2 * ROOMS) if u // 4 in dark_sites}
        dark = dead["pdu"] | ({p for p, u in enumerate(self.ups) if u in dark_ups} if dark_ups else set())
        down = {names.server[i] for i in dead["server"]} | {names.switch[i] for i in dead["switch"]}
        if dark:
            for key in self.graph:
                pdus: list[int] = self.graph.nodes[key]["pdus"]
                if all(x == NONE or x in dark for x in pdus):
                    down.add(key)
        n_access = len(self.region.access)
        edges = [self.edges[i] for i in sorted(dead["access"])]
        return sorted(down), edges + [self.edges[n_access + i] for i in sorted(dead["link"])]


def parts(of: Model, which: Collection[int]) -> set[Part]:
    """What fails with the groups `which` of a model: the servers of a class each by itself."""
    starts, out = [of.offsets[kind] for kind in PARTS], set[Part]()
    for group in which:
        for leaf in of.groups.leaf[of.groups.ptr[group] : of.groups.ptr[group + 1]].tolist():
            at = bisect_right(starts, leaf) - 1
            kind, number = PARTS[at], leaf - starts[at]
            if kind == "server":
                out.update((kind, i) for i in np.flatnonzero(of.server_class == number).tolist())
            else:
                out.add((kind, number))
    return out
