"""One failure, seen on the graphs: what has power, which cables carry traffic, who is reached, which sites see each other.

Plain networkx on purpose: this is the form of the rules that people read and change. `capacity.survival_network`
says the same as gates, and tests hold the two against each other; neither uses the other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from inventory.inventory import Inventory
from topology.elements import Layers

if TYPE_CHECKING:
    import networkx as nx

USER_TRAFFIC = {"access", "uplink", "peer-link", "existing", "hub"}
"""Kinds of edges of the logical layer that take users to a service; site links and keepalives do not."""


@dataclass(frozen=True)
class Network:
    """The state of everything below the services. Devices, cables and links are element keys, sites are names.

    `carrying` is the logical layer with only what carries traffic of users; `entered` holds, by site, the devices
    that forward and are reached from a working edge switch of that site; `shut` tells why a pair closed its access
    ports: "member-b" (B alone shut them) or "dual-active" (the pair is unsafe).
    """

    up: frozenset[str]
    without_power: frozenset[str]
    carrying: nx.MultiGraph[str]
    entered: Mapping[str, frozenset[str]]
    reached: frozenset[str]
    shut: Mapping[str, str]
    alive: frozenset[str]
    joined: Mapping[str, frozenset[str]]
    """Site -> the other sites it sees."""


def network(inventory: Inventory, layers: Layers, failed: Collection[str]) -> Network:
    """What is left of power, cables and sites when the elements `failed` do not work."""
    dead = set(failed)
    without_power = unpowered(inventory, layers, dead)
    up = frozenset(
        node for node in layers.physical
        if node.startswith("device/") and node not in dead and node not in without_power
    )  # fmt: skip
    working = {
        key for a, b, key in layers.physical.edges(keys=True)
        if key not in dead and a in up and b in up
    }  # fmt: skip
    shut = shut_pairs(inventory, layers, up, working)
    carrying = carrying_graph(inventory, layers, up, working, shut)
    entered = {site: _entered(layers, carrying, site) for site in inventory.sites}
    alive = frozenset(site for site in inventory.sites if _alive(inventory, layers, dead, up, site))
    return Network(
        up, frozenset(without_power), carrying, entered, _reached(layers, carrying, entered), shut, alive,
        _joined(inventory, layers, dead, working, alive),
    )  # fmt: skip


def unpowered(inventory: Inventory, layers: Layers, dead: Collection[str]) -> set[str]:
    """Devices that get no power: fewer of their supplies live than they need. Those that failed themselves are
    judged all the same. A device without a node in the power layer is taken as powered. Generator sets of unstated
    power feed nothing while fewer run than the policy leaves without its spare ones."""
    import networkx as nx

    spare = int(inventory.policy.number("gen.redundancy_x"))
    live: set[str] = set()
    dark: set[str] = set()
    for node in nx.topological_sort(layers.power):
        sources = list(layers.power.predecessors(node))
        running = [source for source in sources if source in live]
        if node.startswith("ups/"):
            sets = [inventory.generators[s[10:]] for s in sources if s.startswith("generator/")]
            runs = sum(s.startswith("generator/") for s in running)
            if any(g.rated_kw is None for g in sets) and runs < len(sets) - spare:
                running = [source for source in running if not source.startswith("generator/")]
        lives = len(running)
        if node.startswith("device/"):
            if lives < layers.power.nodes[node].get("needs_psus", 1):
                dark.add(node)
        elif node not in dead and lives >= min(layers.power.nodes[node].get("needs", 1), len(sources)):
            live.add(node)
    return dark


# ---------------------------------------------------------------- access pairs


def shut_pairs(
    inventory: Inventory, layers: Layers, up: Collection[str], working: Collection[str]
) -> dict[str, str]:
    """Pairs that lost their peer-link while both members live: "member-b" when a keepalive lets B shut its access
    ports, "dual-active" when nothing does."""
    shut: dict[str, str] = {}
    for name, pair in inventory.pairs.items():
        a, b = f"device/{name}A", f"device/{name}B"
        if not pair.mlag or pair.keepalive is None or a not in up or b not in up:
            continue
        peers = cables_between(layers, a, b, "peer-link")
        if not peers or any(cable in working for cable in peers):
            continue
        if pair.keepalive == "port":
            heard = any(cable in working for cable in cables_between(layers, a, b, "keepalive"))
        else:
            heard = _management_path(inventory, layers, working, a, b)
        shut[name] = "member-b" if heard else "dual-active"
    return shut


def cables_between(layers: Layers, a: str, b: str, kind: str) -> list[str]:
    """Cables of one kind between two devices, sorted."""
    if not layers.physical.has_edge(a, b):
        return []
    return sorted(key for key, data in layers.physical[a][b].items() if data["kind"] == kind)


def _management_path(inventory: Inventory, layers: Layers, working: Collection[str], a: str, b: str) -> bool:
    """True when the management ports of both members meet: on one out-of-band switch, or over working uplinks at
    the switches above, which are taken as joined within the site."""
    import networkx as nx

    site = layers.physical.nodes[a].get("site")
    above = f"above/{site}"
    meeting: nx.Graph[str] = nx.Graph()
    meeting.add_nodes_from([a, b])
    for member in (a, b):
        for _, switch, key, data in layers.physical.edges(member, keys=True, data=True):
            if data["kind"] != "oob" or key not in working:
                continue
            meeting.add_edge(member, switch)
            for _, far, uplink, over in layers.physical.edges(switch, keys=True, data=True):
                planned = (
                    over["kind"] == "oob-uplink" and switch.removeprefix("device/") in inventory.oob_switches
                )
                if planned and uplink in working and layers.physical.nodes[far].get("site") == site:
                    meeting.add_edge(switch, above)
    return nx.has_path(meeting, a, b)


def carrying_graph(
    inventory: Inventory,
    layers: Layers,
    up: Collection[str],
    working: Collection[str],
    shut: Mapping[str, str],
) -> nx.MultiGraph[str]:
    """The logical layer reduced to devices that are up and cables that carry traffic of users, with an edge of kind
    "unlisted" from each switch that stands already without a listed link to every core switch of its site."""
    import networkx as nx

    out: nx.MultiGraph[str] = nx.MultiGraph()
    nodes = layers.logical.nodes
    out.add_nodes_from(node for node in layers.logical if node in up or node.startswith("hub/"))
    for a, b, key, data in layers.logical.edges(keys=True, data=True):
        if data["kind"] not in USER_TRAFFIC or a not in out or b not in out:
            continue
        if data["element"] is not None and key not in working:
            continue
        if shut and data["kind"] == "access" and any(_port_shut(nodes[end], shut) for end in (a, b)):
            continue
        out.add_edge(a, b, key=key, **data)
    links = layers.logical.edges(data=True)
    linked = {end for a, b, data in links if data["kind"] == "existing" for end in (a, b)}
    for name, switch in inventory.existing_switches.items():
        if switch.role in ("core", "oob-core") or f"device/{name}" in linked or f"device/{name}" not in out:
            continue
        for other in inventory.existing_switches.values():
            core = f"device/{other.name}"
            if other.role == "core" and other.site == switch.site and core in out:
                out.add_edge(
                    f"device/{name}", core, key="unlisted", kind="unlisted", speed_gbps=None, element=None
                )
    return out


def _port_shut(node: Mapping[str, object], shut: Mapping[str, str]) -> bool:
    state = shut.get(str(node.get("pair")))
    return state == "dual-active" or (state == "member-b" and node.get("member") == "B")


# ---------------------------------------------------------------- reach


def _entered(layers: Layers, carrying: nx.MultiGraph[str], site: str) -> frozenset[str]:
    """Devices that forward and have a path to a working edge switch of the site."""
    import networkx as nx

    nodes = layers.logical.nodes
    backbone = carrying.subgraph(n for n in carrying if nodes[n]["forwards"])
    found: set[str] = set()
    for switch in backbone:
        if nodes[switch]["edge"] and nodes[switch].get("site") == site and switch not in found:
            found |= nx.node_connected_component(backbone, switch)
    return frozenset(found)


def _reached(
    layers: Layers, carrying: nx.MultiGraph[str], entered: Mapping[str, frozenset[str]]
) -> frozenset[str]:
    """Devices that users of their own site reach: switches entered, and what is cabled to one of them."""
    found = set()
    for node in carrying:
        inside = entered.get(str(layers.logical.nodes[node].get("site")), frozenset())
        if node in inside or any(switch in inside for switch in carrying.neighbors(node)):
            found.add(node)
    return frozenset(n for n in found if n.startswith("device/"))


# ---------------------------------------------------------------- sites


def _alive(
    inventory: Inventory, layers: Layers, dead: Collection[str], up: Collection[str], site: str
) -> bool:
    """A place that has not failed, and one that is up of its core and edge switches, or of its devices where it has
    no such switch."""
    if f"place/{site}" in dead:
        return False
    switches, nodes = inventory.existing_switches, layers.logical.nodes
    devices = [n for n in nodes if n.startswith("device/") and nodes[n].get("site") == site]
    cores = {f"device/{s.name}" for s in switches.values() if s.role == "core"}
    entries = [n for n in devices if nodes[n]["edge"] or n in cores] or devices
    return not entries or any(device in up for device in entries)


def _joined(
    inventory: Inventory,
    layers: Layers,
    dead: Collection[str],
    working: Collection[str],
    alive: Collection[str],
) -> dict[str, frozenset[str]]:
    """Which sites see each other, over working site links and running links; a witness passes nothing on."""
    import networkx as nx

    sites: nx.Graph[str] = nx.Graph()
    sites.add_nodes_from(alive)
    for name, link in inventory.site_links.items():
        through = [link.a, link.b, *([link.via] if link.via else [])]
        if f"site-link/{name}" not in dead and all(site in alive for site in through):
            sites.add_edge(link.a, link.b)
    for a, b, key, data in layers.logical.edges(keys=True, data=True):
        if data["kind"] == "existing" and key in working:
            site_a, site_b = (str(layers.logical.nodes[end].get("site")) for end in (a, b))
            if site_a in alive and site_b in alive:
                sites.add_edge(site_a, site_b)
    passing = {site for site in alive if inventory.sites[site].role != "witness"}
    out: dict[str, set[str]] = {site: set() for site in inventory.sites}
    for together in nx.connected_components(sites):
        for a, b in combinations(sorted(together), 2):
            if nx.has_path(sites.subgraph((passing & together) | {a, b}), a, b):
                out[a].add(b)
                out[b].add(a)
    return {site: frozenset(seen) for site, seen in out.items()}
