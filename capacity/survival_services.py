"""What still serves, as gates: instances of services at their sites, and the services themselves.

Instance S@X serves when all of these hold:
- its members. Primary-standby and single services with a demand: the reached members at X carry
  amount x critical_share / u_max of it, each with its weight, because one site must carry all. Otherwise at least
  one member is reached. u_max is what may be used of the measure: policy cap.cpu_stop for cores and threads,
  cap.mem_stop, cap.disk_stop; a device counts whole. Weights and demand are compared in thousandths, not rounded
  up to whole devices.
- its quorums (`capacity.survival_votes`).
- its replica groups, those with fleets of S at X: the domains (rack, pair or device) that lost a device are no more
  than the copies that writing can spare, copies - write_quorum (by default copies//2 + 1 must be written), or the
  parity shards. The worst case is meant: that all of them held copies of the same data.
- its dependencies: D@X serves when D has devices at X; otherwise D serves at any site joined to X.
A service is up when any instance serves; an active-active one with a demand when the reached members at all
serving sites together carry it.

What nobody listed is left out rather than failed: a service without any device whose connection is decided, a
dependency on one, an erasure code without parity shards (`capacity.survival_open` names them).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from capacity.structure import Gate
from capacity.survival_network import Gates, joined
from capacity.survival_votes import at_least, quorum_gates
from inventory.inventory import Inventory
from inventory.model import Fleet, ReplicaGroup, Service
from topology.elements import Layers

Members = Mapping[tuple[str, str], Mapping[str, int]]
"""(service, site) -> device key -> what it carries, in thousandths of the measure."""
THOUSANDTHS = 1000
USABLE = {
    "cores": "cap.cpu_stop",
    "threads": "cap.cpu_stop",
    "memory_gb": "cap.mem_stop",
    "raw_hdd_tb": "cap.disk_stop",
}
"""Parameter of the policy that says how much of a measure may be in use; other measures count whole."""


def service_gates(inventory: Inventory, layers: Layers, network: Gates) -> Gates:
    """Gates `members:`, `quorum:`, `replicas:`, `depends:`, `serves:` and `up:service/`, upon those of `network`."""
    members = listed_members(inventory, layers)
    homes: dict[str, list[str]] = defaultdict(list)
    for name, site in sorted(members):
        homes[name].append(site)
    fleets = devices_of(inventory)
    copies = _groups_of_instances(inventory)
    gates = quorum_gates(inventory, layers, network, sorted(members), fleets)
    votes = set(gates)
    for (name, site), weights in sorted(members.items()):
        service = inventory.services[name]
        instance = f"{name}@{site}"
        _member_gate(inventory, gates, network, service, site, weights)
        parts = [f"members:{instance}"]
        parts += [f"quorum:{q}@{site}" for q in sorted(set(service.quorums)) if f"quorum:{q}@{site}" in votes]
        for group in copies.get((name, site), ()):
            devices = [
                d for f in group.fleets if belongs(inventory, f, name, site) for d in fleets.get(f, ())
            ]
            spare = spare_domains(group, layers, devices)
            if devices and spare is not None:
                gates[f"replicas:{group.name}@{instance}"] = _intact(gates, group, layers, devices, spare)
                parts.append(f"replicas:{group.name}@{instance}")
        for needed in sorted(set(service.depends_on)):
            if needed in homes:
                gates[f"depends:{instance}/{needed}"] = _dependency(
                    gates, network, instance, site, needed, homes[needed]
                )
                parts.append(f"depends:{instance}/{needed}")
        gates[f"serves:instance/{instance}"] = Gate("and", tuple(parts))
    for name, sites in homes.items():
        _service_gate(inventory, gates, network, inventory.services[name], sites, members)
    return gates


def listed_members(inventory: Inventory, layers: Layers) -> Members:
    """Devices behind every instance; instances without devices are left out, and so are devices of fleets of which
    nobody has decided where they connect."""
    out: dict[tuple[str, str], dict[str, int]] = {}
    graph = layers.service
    for name, service in inventory.services.items():
        for site in sorted(set(service.sites)):
            node = f"instance/{name}@{site}"
            found = {
                device: round((data.get("weight") or 0) * THOUSANDTHS)
                for _, device, data in (graph.out_edges(node, data=True) if node in graph else ())
                if is_attached(inventory, device)
            }
            if found:
                out[name, site] = dict(sorted(found.items()))
    return out


def is_attached(inventory: Inventory, key: str) -> bool:
    """True unless the device belongs to a fleet whose connection is left open."""
    device = inventory.devices.get(key.removeprefix("device/"))
    return device is None or not isinstance(device.record, Fleet) or device.record.attach is not None


def devices_of(inventory: Inventory) -> dict[str, list[str]]:
    """Device keys of every fleet, placed or not, sorted."""
    out: dict[str, list[str]] = defaultdict(list)
    for device in inventory.devices.values():
        out[device.owner].append(f"device/{device.name}")
    return {owner: sorted(keys) for owner, keys in out.items()}


def belongs(inventory: Inventory, fleet: str, service: str, site: str) -> bool:
    """True when a fleet carries that service at that site."""
    found = inventory.fleets.get(fleet)
    return found is not None and found.service == service and found.site == site


# ---------------------------------------------------------------- members and demand


def needed_thousandths(inventory: Inventory, service: Service) -> int:
    """Thousandths of its measure that a service must have reached, at the highest use allowed; 0 without a demand."""
    demand = service.demand
    if demand is None:
        return 0
    parameter = USABLE.get(demand.measure)
    usable = inventory.policy.number(parameter) if parameter else 1.0
    return math.ceil(round(demand.amount * demand.critical_share / usable * THOUSANDTHS, 6))


def _member_gate(
    inventory: Inventory,
    gates: Gates,
    network: Gates,
    service: Service,
    site: str,
    weights: Mapping[str, int],
) -> None:
    reached = {f"reach:{d}": w for d, w in weights.items() if f"reach:{d}" in network}
    alone = service.demand is not None and service.mode != "active-active"
    gates[f"members:{service.name}@{site}"] = (
        at_least(reached, needed_thousandths(inventory, service)) if alone else Gate("or", tuple(reached))
    )


def _service_gate(
    inventory: Inventory,
    gates: Gates,
    network: Gates,
    service: Service,
    sites: Sequence[str],
    members: Members,
) -> None:
    name = service.name
    serving = tuple(f"serves:instance/{name}@{site}" for site in sites)
    gates[f"up:service/{name}"] = Gate("or", serving)
    if service.demand is None or service.mode != "active-active":
        return
    carried: dict[str, int] = {}
    for site, instance in zip(sites, serving, strict=True):
        for device, weight in members[name, site].items():
            if f"reach:{device}" not in network:
                continue
            gates[f"carries:{name}@{site}/{device}"] = Gate("and", (f"reach:{device}", instance))
            carried[f"carries:{name}@{site}/{device}"] = weight
    gates[f"demand:{name}"] = at_least(carried, needed_thousandths(inventory, service))
    gates[f"some:{name}"] = Gate("or", serving)
    gates[f"up:service/{name}"] = Gate("and", (f"some:{name}", f"demand:{name}"))


# ---------------------------------------------------------------- copies and dependencies


def _groups_of_instances(inventory: Inventory) -> dict[tuple[str, str], list[ReplicaGroup]]:
    """Replica groups with a fleet of that service at that site, by (service, site)."""
    out: dict[tuple[str, str], list[ReplicaGroup]] = defaultdict(list)
    for group in inventory.replica_groups.values():
        fleets = (inventory.fleets[f] for f in group.fleets if f in inventory.fleets)
        for key in sorted({(f.service, f.site) for f in fleets if f.service and f.site}):
            out[key].append(group)
    return out


def domains_of(group: ReplicaGroup, layers: Layers, devices: Sequence[str]) -> dict[str, list[str]]:
    """Devices by the domain of the group they stand in: rack, or the access pair they are cabled to; one without
    a known domain is a domain of its own."""
    out: dict[str, list[str]] = defaultdict(list)
    for device in sorted(devices):
        known: list[str] = []
        if group.domain == "rack" and device in layers.elements:
            known = list(layers.elements[device].facts.get("rack", ()))
        elif group.domain == "pair" and device in layers.logical:
            beside = (layers.logical.nodes[n].get("pair") for n in layers.logical.neighbors(device))
            known = sorted({str(pair) for pair in beside if pair})
        out[known[0] if known else device].append(device)
    return dict(sorted(out.items()))


def spare_domains(group: ReplicaGroup, layers: Layers, devices: Sequence[str]) -> int | None:
    """How many domains may lose a device before data can no longer be written; None: the code is not stated."""
    if group.scheme == "erasure":
        if group.data_shards is None or group.parity_shards is None:
            return None
        pieces, spare = group.data_shards + group.parity_shards, group.parity_shards
    else:
        quorum = group.write_quorum if group.write_quorum is not None else group.copies // 2 + 1
        pieces, spare = group.copies, group.copies - quorum
    domains = len(domains_of(group, layers, devices))
    held = -(-pieces // domains) if domains else 1
    return max(0, spare // max(1, held))


def _intact(gates: Gates, group: ReplicaGroup, layers: Layers, devices: Sequence[str], spare: int) -> Gate:
    domains = domains_of(group, layers, devices)
    whole = []
    for domain, inside in domains.items():
        if all(device in layers.logical for device in inside):
            name = f"whole:{group.name}/{domain}"
            gates[name] = Gate("and", tuple(f"reach:{device}" for device in inside))
            whole.append(name)
    return at_least(dict.fromkeys(whole, 1), len(domains) - spare)


def _dependency(
    gates: Gates, network: Gates, instance: str, site: str, needed: str, homes: Sequence[str]
) -> Gate:
    if site in homes:
        return Gate("and", (f"serves:instance/{needed}@{site}",))
    ways = []
    for home in homes:
        if joined(site, home) in network:
            way = f"depends:{instance}/{needed}@{home}"
            gates[way] = Gate("and", (joined(site, home), f"serves:instance/{needed}@{home}"))
            ways.append(way)
    return Gate("or", tuple(ways))
