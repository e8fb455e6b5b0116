"""A planned platform as four graphs: what is cabled, what is powered from where, what forwards, who serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.model import Fleet, Pair
from inventory.plan_model import Plan
from topology.draft import Draft, Facts, rack_facts
from topology.elements import Element, Layers
from topology.graph_cables import add_cables, stated_risks
from topology.graph_power import add_power
from topology.graph_services import add_services

_PLACE = {"room", "x_m", "y_m"}
"""Fields of a switch that stands already which say where cables to it run."""


def layers(inventory: Inventory, plan: Plan) -> Layers:
    """The four layers of a plan over its elements, with what was assumed and what is unknown.

    The order of the records does not matter: elements, nodes and edges come sorted by key. A device of the plan
    that the inventory does not know is left out and said; so is the edge of a cable that ends at one.
    Linear in devices, cables and cords. Loads networkx.
    """
    import networkx as nx

    draft = drafted(inventory, plan)
    physical: nx.MultiGraph[str] = nx.MultiGraph()
    logical: nx.MultiGraph[str] = nx.MultiGraph()
    power: nx.DiGraph[str] = nx.DiGraph()
    service: nx.DiGraph[str] = nx.DiGraph()
    for key, attributes in sorted(draft.devices.items()):
        physical.add_node(key, **attributes)
        logical.add_node(key, **attributes)
    for site in sorted(inventory.sites):
        for graph in (physical, logical):
            graph.add_node(f"hub/{site}", kind="hub", forwards=True, site=site, edge=False)
    for a, b, key, attributes in sorted(draft.links, key=lambda link: link[2]):
        physical.add_edge(a, b, key=key, element=key, **attributes)
        if attributes["plane"] == "data":
            logical.add_edge(a, b, key=key, element=key, **attributes)
    for name, switch in sorted(inventory.existing_switches.items()):
        if switch.role == "core" and not core_links_listed(inventory, switch.site):
            hub = f"hub/{switch.site}"
            logical.add_edge(
                f"device/{name}", hub, key=f"{hub}--{name}", element=None, kind="hub", plane="data"
            )
    for key, attributes in sorted(draft.power_nodes.items()):
        power.add_node(key, **attributes)
    power.add_edges_from(sorted(draft.power_edges))
    for key, attributes in sorted(draft.service_nodes.items()):
        service.add_node(key, **attributes)
    service.add_edges_from((a, b, attributes) for (a, b), attributes in sorted(draft.service_edges.items()))
    return Layers(
        elements=dict(sorted(draft.elements.items())),
        physical=physical,
        power=power,
        logical=logical,
        service=service,
        assumed=_in_order(said for said, taken in draft.said.items() if taken),
        unknown=_in_order(said for said, taken in draft.said.items() if not taken),
    )


def core_links_listed(inventory: Inventory, site: str) -> bool:
    """True when every core switch of the site has a running link to another switch there: they are then joined by
    the links that are listed and by nothing else."""
    switches = inventory.existing_switches
    ends = {
        end for link in inventory.existing_links.values()
        if switches[link.a].site == switches[link.b].site == site for end in (link.a, link.b)
    }  # fmt: skip
    return {s.name for s in switches.values() if s.role == "core" and s.site == site} <= ends


def elements(inventory: Inventory, plan: Plan) -> Mapping[str, Element]:
    """The elements of `layers` alone, by key: no graph is built and networkx stays away."""
    return dict(sorted(drafted(inventory, plan).elements.items()))


def drafted(inventory: Inventory, plan: Plan) -> Draft:
    """Elements, nodes and edges of a plan, not yet sorted."""
    draft = Draft(inventory, plan)
    _devices(draft)
    _existing_switches(draft)
    _edges_of_sites(draft)
    _device_less_sites(draft)
    add_power(draft)
    add_cables(draft)
    add_services(draft)
    _without_data(draft)
    return draft


def _devices(draft: Draft) -> None:
    """Planned devices: elements, and nodes with what forwards and who is in which pair."""
    inventory = draft.inventory
    for name, placed in sorted(draft.placed.items()):
        device = inventory.devices[name]
        record = device.record
        facts: Facts = rack_facts(inventory, placed.rack or "")
        if not facts and device.site:
            facts = {"site": (device.site,)}
        facts["device-type"] = (device.type.slug,)
        attributes: dict[str, object] = {
            "kind": device.kind,
            "role": device.role,
            "forwards": device.kind == "switch",
            "site": facts["site"][0] if "site" in facts else None,
            "edge": False,
        }
        if isinstance(record, Fleet):
            facts["fleet"] = (record.name,)
            facts["zone"] = (record.zone,) if record.zone else ()
        elif isinstance(record, Pair):
            facts["pair"] = (record.name,)
            attributes |= {"pair": record.name, "member": device.member}
        draft.devices[draft.add("device", name, facts, record.risks)] = attributes
    for name in sorted({d.name for d in draft.plan.devices} - draft.placed.keys()):
        draft.lack(
            f"device/{name}",
            Text("stands in the plan, not in the inventory: left out", "规划中有而清单中没有：不计入"),
        )
    for owner, count in _missing(draft).items():
        draft.lack(
            owner, Text(f"{count} devices are not in the plan: left out", f"{count} 台设备不在规划中：不计入")
        )


def _in_order(said: Iterable[tuple[str, Text]]) -> tuple[tuple[str, Text], ...]:
    return tuple(sorted(said, key=lambda one: (one[0], one[1].en)))


def _missing(draft: Draft) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for name, device in draft.inventory.devices.items():
        if name not in draft.placed:
            counts[device.owner] = counts.get(device.owner, 0) + 1
    return counts


def _existing_switches(draft: Draft) -> None:
    inventory = draft.inventory
    members = {
        switch.name: (pair, "AB"[i])
        for pair, switches in inventory.existing_pairs.items()
        for i, switch in enumerate(switches)
        if len(switches) == 2
    }
    for name, switch in sorted(inventory.existing_switches.items()):
        facts: Facts = {"site": (switch.site,), "room": (switch.room,) if switch.room else ()}
        attributes: dict[str, object] = {
            "kind": "switch", "role": switch.role, "forwards": True, "site": switch.site, "edge": False,
        }  # fmt: skip
        if name in members:
            pair, member = members[name]
            facts["pair"] = (pair,)
            attributes |= {"pair": pair, "member": member}
        draft.devices[draft.add("device", name, facts, stated_risks(inventory, name))] = attributes
    for site in sorted(inventory.sites):
        guessed = [
            s for s in inventory.existing_switches.values() if s.site == site and _PLACE & s.assumed.keys()
        ]
        if guessed:
            draft.assume(f"site/{site}", Text(
                f"the place of {len(guessed)} switches that stand already is assumed; so are the trays to them",
                f"{len(guessed)} 台原有交换机的位置为假设，通往它们的线槽亦然",
            ))  # fmt: skip


def _edges_of_sites(draft: Draft) -> None:
    """Where the users of each site come in."""
    for name, site in sorted(draft.inventory.sites.items()):
        cores = sorted(
            s.name for s in draft.inventory.existing_switches.values() if s.site == name and s.role == "core"
        )
        for switch in site.edge or cores:
            draft.devices[f"device/{switch}"]["edge"] = True
        if not site.edge and cores:
            draft.assume(
                f"site/{name}",
                Text(
                    "no edge is stated: users come in at its core switches",
                    "未说明出口：视为用户由其核心交换机接入",
                ),
            )
        elif len(cores) > 1 and not core_links_listed(draft.inventory, name):
            draft.assume(
                f"site/{name}",
                Text(
                    "not every core switch has a running link listed: they are taken as joined by what never fails",
                    "并非每台核心交换机都列有在用链路：视为彼此连通且该连通不会失效",
                ),
            )
        if not site.edge and not cores and site.role != "witness":
            draft.lack(
                f"site/{name}",
                Text(
                    "neither edge nor core switches are listed: nothing is reached from users",
                    "未列出口，也未列核心交换机：用户无法到达任何设备",
                ),
            )


def _device_less_sites(draft: Draft) -> None:
    """A site without devices, such as that of a witness, is one element."""
    sites: set[object] = {attributes["site"] for attributes in draft.devices.values()}
    for name in sorted(draft.inventory.sites.keys() - sites):
        draft.add("place", name, {"site": (name,)})


def _without_data(draft: Draft) -> None:
    """Fleets whose devices have no data cable: nothing can be said about who reaches them."""
    cabled = {end for a, b, _, attributes in draft.links if attributes["plane"] == "data" for end in (a, b)}
    bare: dict[str, int] = {}
    for name in draft.placed:
        record = draft.inventory.devices[name].record
        if isinstance(record, Fleet) and record.role != "console-server" and f"device/{name}" not in cabled:
            bare[record.name] = bare.get(record.name, 0) + 1
    for fleet, count in bare.items():
        reason = draft.inventory.fleets[fleet].attach_open
        draft.lack(
            f"fleets/{fleet}",
            Text(
                f"{count} devices without a data cable{_said(reason)}: who reaches them is not known",
                f"{count} 台设备没有数据线缆{_said(reason)}：由谁到达未知",
            ),
        )


def _said(reason: str) -> str:
    return f" ({reason})" if reason else ""
