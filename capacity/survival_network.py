"""What is still connected, as gates: cables, access pairs, paths from where users come in, sites and their links.

Cables. A cable works while its element does and the devices at both ends are up. For access cables of an access
pair the pair must also keep the port open (below), so `works:` of an access cable says that it carries traffic.

Access pairs. With both members up and no peer-link cable working, member B shuts its access ports when a keepalive
still tells it that A lives; with no keepalive either, both members act alone (dual-active): the pair is unsafe and
all its access ports count as down. A member whose partner is down carries on. The rule needs to know the peer-link
and the keepalive: for a pair without MLAG, without a planned peer-link or without a stated keepalive it does not
apply (`capacity.survival_open` says so where it matters). A keepalive of kind `port` is any working keepalive
cable; of kind `mgmt` it takes a working management cable at each member and a way between their out-of-band
switches: the same switch, or a working uplink at each (the switches above the out-of-band access of one site are
taken as joined). A keepalive that no cable carries does not work.

Reach. A device is reached when it is up and a path of working access, uplink, peer-link or existing cables leads
to it from a working edge switch of its own site, over devices that forward; servers end a path. The hub of a site
joins its core switches and never fails, unless each of them has a running link listed there; site links take no part, so a site is reached by its own users only. A
switch that stands already and of which no running link is listed is taken as cabled to every core switch of its
site, by cables that do not fail (`capacity.survival_open` says so).

Sites. A site is alive while its place (an element `place/X`, if there is one) works and any of its core and edge
switches is up; where it has none, any of its devices. Two sites are linked by a working site link (both ends and the `via` site alive) or by a
working existing cable between switches of both; they are joined when linked directly or over other sites. A witness
passes no traffic on: it joins nobody to anybody else.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import TYPE_CHECKING

from capacity.structure import Gate
from inventory.inventory import Inventory
from inventory.model import Pair
from topology.elements import Layers

if TYPE_CHECKING:
    import networkx as nx

CARRIES = ("access", "uplink", "peer-link", "existing")
"""Kinds of cables that carry the traffic of users."""
HUB = "hub/"

Gates = dict[str, Gate]
Uplinks = dict[tuple[str, str | None], list[str]]


def network_gates(inventory: Inventory, layers: Layers) -> Gates:
    """Gates `works:`, `peer-link:`, `keepalive:`, `access:`, `reach:`, `alive:` and `joined:`; they need those of power."""
    gates: Gates = {}
    guarded = _pair_gates(inventory, layers, gates)
    for a, b, key, data in sorted(layers.physical.edges(keys=True, data=True), key=lambda e: e[2]):
        if not key.startswith("site-link/"):
            ports = [f"access:{end}" for end in (a, b) if data.get("kind") == "access" and end in guarded]
            gates[f"works:{key}"] = Gate("and", (key, f"up:{a}", f"up:{b}", *sorted(ports)))
    _reach_gates(inventory, layers, gates)
    _site_gates(inventory, layers, gates)
    return gates


# ---------------------------------------------------------------- access pairs


def ruled_pairs(inventory: Inventory, layers: Layers) -> dict[str, Pair]:
    """Pairs that the rule of peer-link and keepalive applies to, by name."""
    linked = {
        layers.logical.nodes[a].get("pair")
        for a, _, data in layers.physical.edges(data=True)
        if data.get("kind") == "peer-link" and a in layers.logical
    }
    return {
        name: pair
        for name, pair in sorted(inventory.pairs.items())
        if pair.mlag and pair.keepalive is not None and name in linked
    }


def _pair_gates(inventory: Inventory, layers: Layers, gates: Gates) -> set[str]:
    """Adds the gates of all pairs under the rule; returns the devices whose access ports obey it."""
    guarded = set()
    up_links = _oob_uplinks(inventory, layers)
    for name, pair in ruled_pairs(inventory, layers).items():
        a, b = f"device/{name}A", f"device/{name}B"
        peers = _between(layers, a, b, "peer-link")
        gates[f"peer-link:{name}"] = Gate("or", peers)
        if pair.keepalive == "port":
            gates[f"keepalive:{name}"] = Gate("or", _between(layers, a, b, "keepalive"))
        else:
            _managed_keepalive(layers, gates, name, a, b, up_links)
        gates[f"alone:{a}"] = Gate("not", (f"up:{b}",))
        gates[f"alone:{b}"] = Gate("not", (f"up:{a}",))
        gates[f"access:{a}"] = Gate("or", (f"peer-link:{name}", f"keepalive:{name}", f"alone:{a}"))
        gates[f"access:{b}"] = Gate("or", (f"peer-link:{name}", f"alone:{b}"))
        guarded |= {a, b}
    return guarded


def _between(layers: Layers, a: str, b: str, kind: str) -> tuple[str, ...]:
    """Gates of the cables of one kind between two devices."""
    cables = layers.physical.edges(a, keys=True, data=True) if a in layers.physical else ()
    return tuple(
        sorted(f"works:{key}" for _, far, key, data in cables if far == b and data.get("kind") == kind)
    )


def _oob_uplinks(inventory: Inventory, layers: Layers) -> Uplinks:
    """Uplink cables of out-of-band switches by device key and site of their far end."""
    out: dict[tuple[str, str | None], list[str]] = defaultdict(list)
    for a, b, key, data in layers.physical.edges(keys=True, data=True):
        if data.get("kind") != "oob-uplink":
            continue
        for near, far in ((a, b), (b, a)):
            if near.partition("/")[2] in inventory.oob_switches:
                out[near, _site(layers, far)].append(f"works:{key}")
    return out


def _managed_keepalive(layers: Layers, gates: Gates, name: str, a: str, b: str, uplinks: Uplinks) -> None:
    """Adds `keepalive:NAME` over the management ports of members a and b."""
    ways = []
    homes: dict[str, dict[str, str]] = {a: {}, b: {}}
    for member in (a, b):
        cables: dict[str, list[str]] = defaultdict(list)
        for _, switch, key, data in layers.physical.edges(member, keys=True, data=True):
            if data.get("kind") == "oob":
                cables[switch].append(f"works:{key}")
        for switch in sorted(cables):
            gate = f"managed:{member}/{switch.partition('/')[2]}"
            gates[gate] = Gate("or", tuple(sorted(cables[switch])))
            homes[member][switch] = gate
    for switch in sorted(set(homes[a]) & set(homes[b])):
        way = f"keepalive:{name}/{switch.partition('/')[2]}"
        gates[way] = Gate("and", (homes[a][switch], homes[b][switch]))
        ways.append(way)
    site = _site(layers, a)
    for member in (a, b):
        out = []
        for switch, home in homes[member].items():
            if cables_up := uplinks.get((switch, site)):
                gates[f"uplink:{switch}@{site}"] = Gate("or", tuple(sorted(cables_up)))
                gates[f"{home}/uplink"] = Gate("and", (home, f"uplink:{switch}@{site}"))
                out.append(f"{home}/uplink")
        gates[f"managed:{member}"] = Gate("or", tuple(out))
    over = (f"managed:{a}", f"managed:{b}")
    gates[f"keepalive:{name}/core"] = Gate("and", over)
    gates[f"keepalive:{name}"] = Gate("or", (*ways, f"keepalive:{name}/core"))


# ---------------------------------------------------------------- reach


def unlisted_switches(inventory: Inventory, layers: Layers) -> list[str]:
    """Switches that stand already below or beside the core and have no running link listed, by key."""
    linked = {
        end
        for a, b, data in layers.logical.edges(data=True)
        if data.get("kind") == "existing"
        for end in (a, b)
    }
    return [
        f"device/{name}"
        for name, switch in sorted(inventory.existing_switches.items())
        if switch.role not in ("core", "oob-core") and f"device/{name}" not in linked
    ]


def _reach_gates(inventory: Inventory, layers: Layers, gates: Gates) -> None:
    """Adds `reach:NODE` for every node of the logical layer, from the edge of its own site. Where cables lead
    to another site, the switches there seen from here are `reach:NODE@HERE`."""
    import networkx as nx

    logical = layers.logical
    carrying: nx.MultiGraph[str] = nx.MultiGraph()
    carrying.add_nodes_from(sorted(logical))
    for a, b, key, data in logical.edges(keys=True, data=True):
        element = data.get("element", key)
        if element is None or data.get("kind") in CARRIES:
            carrying.add_edge(a, b, key=key, element=element)
    cores = [s for s in inventory.existing_switches.values() if s.role == "core"]
    for switch in unlisted_switches(inventory, layers):
        for core in cores:
            if core.site == _site(layers, switch):
                carrying.add_edge(switch, f"device/{core.name}", key="unlisted", element=None)
    forwards = {n for n, data in logical.nodes(data=True) if data.get("forwards") or n.startswith(HUB)}
    backbone = nx.subgraph_view(carrying, filter_node=lambda n: n in forwards)
    sites: dict[str, list[str]] = defaultdict(list)
    for node in sorted(logical):
        sites[_site(layers, node) or ""].append(node)
    for site, nodes in sorted(sites.items()):
        edge = {n for n in nodes if n in forwards and logical.nodes[n].get("edge")}
        seen: set[str] = set()
        for start in sorted(edge):
            if start not in seen:
                seen |= nx.node_connected_component(backbone, start)
        names = {n: f"reach:{n}" if _site(layers, n) == site else f"reach:{n}@{site}" for n in seen}
        for node in sorted(seen.union(nodes)):
            name = names.get(node, f"reach:{node}")
            gates[name] = _reached(gates, carrying, node, name, names, node in edge)


def _reached(
    gates: Gates, carrying: nx.MultiGraph[str], node: str, name: str, names: dict[str, str], edge: bool
) -> Gate:
    """The gate of one node: up, and beside a reached switch (`names`: switch -> its gate) over a working cable."""
    if edge:
        return Gate("and", (f"up:{node}",))
    ways = []
    for other in sorted(carrying.neighbors(node)):
        if other not in names:
            continue
        cables = sorted(
            (data["element"] for data in carrying.get_edge_data(node, other).values()), key=lambda e: e or ""
        )
        works = tuple(f"works:{cable}" for cable in cables if cable is not None)
        way = f"way:{name}/{other}"
        if None in cables:
            gates[way] = Gate("and", (names[other],))
        elif len(works) == 1:
            gates[way] = Gate("and", (*works, names[other]))
        else:
            gates[f"{way}/cables"] = Gate("or", works)
            gates[way] = Gate("and", (f"{way}/cables", names[other]))
        ways.append(way)
    if node.startswith(HUB):
        return Gate("or", tuple(ways))
    gates[f"way:{name}"] = Gate("or", tuple(ways))
    return Gate("and", (f"up:{node}", f"way:{name}"))


# ---------------------------------------------------------------- sites


def _site_gates(inventory: Inventory, layers: Layers, gates: Gates) -> None:
    """Adds `alive:SITE` for every site, and `joined:A-B` for every two that anything can join."""
    import networkx as nx

    entries: dict[str, list[str]] = defaultdict(list)
    others: dict[str, list[str]] = defaultdict(list)
    for node, data in layers.logical.nodes(data=True):
        switch = inventory.existing_switches.get(node.partition("/")[2])
        if not node.startswith(HUB):
            entry = data.get("edge") or (switch is not None and switch.role == "core")
            (entries if entry else others)[str(data.get("site"))].append(f"up:{node}")
    for site in sorted(inventory.sites):
        place = (f"place/{site}",) if f"place/{site}" in layers.elements else ()
        gates[f"alive:{site}"] = Gate("and", place)
        if standing := entries[site] or others[site]:
            gates[f"entry:{site}"] = Gate("or", tuple(sorted(standing)))
            gates[f"alive:{site}"] = Gate("and", (*place, f"entry:{site}"))

    direct: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, link in inventory.site_links.items():
        key = f"site-link/{name}"
        through = {link.a, link.b} | ({link.via} if link.via else set())
        own = (key,) if key in layers.elements else ()
        gates[f"works:{key}"] = Gate("and", (*own, *(f"alive:{site}" for site in sorted(through))))
        direct[min(link.a, link.b), max(link.a, link.b)].append(f"works:{key}")
    for a, b, key, data in layers.logical.edges(keys=True, data=True):
        site_a, site_b = _site(layers, a), _site(layers, b)
        if data.get("kind") == "existing" and site_a and site_b and site_a != site_b:
            direct[min(site_a, site_b), max(site_a, site_b)].append(f"works:{key}")
    sites: nx.Graph[str] = nx.Graph(sorted(direct))
    for a, b in sorted(direct):
        gates[f"paths:{a}-{b}"] = Gate("or", tuple(sorted(direct[a, b])))
        gates[f"linked:{a}-{b}"] = Gate("and", (f"alive:{a}", f"alive:{b}", f"paths:{a}-{b}"))
    for group in sorted(sorted(g) for g in nx.connected_components(sites)):
        for a, b in combinations(group, 2):
            ways = [f"linked:{a}-{b}"] if (a, b) in direct else []
            for middle in sorted(set(sites.neighbors(b)) - {a, b}):
                if inventory.sites[middle].role == "witness":
                    continue
                way = f"joined:{a}-{b}/{middle}"
                gates[way] = Gate("and", (joined(a, middle), f"linked:{min(middle, b)}-{max(middle, b)}"))
                ways.append(way)
            gates[f"joined:{a}-{b}"] = Gate("or", tuple(ways))


def joined(a: str, b: str) -> str:
    """Name of the gate that joins two sites."""
    return f"joined:{min(a, b)}-{max(a, b)}"


def _site(layers: Layers, node: str) -> str | None:
    """Site of a node of the logical layer; hubs bear it in their name."""
    if node.startswith(HUB):
        return node.removeprefix(HUB)
    return layers.logical.nodes[node].get("site") if node in layers.logical else None
