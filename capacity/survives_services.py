"""One failure, seen on the services: every condition of an instance as a function that says what it lacks.

Plain Python over `capacity.survives_network`: this is the form of the rules that people read and change.
`capacity.survival_services` says the same as gates, and tests hold the two against each other; neither uses the other.
The rules are told in the docstrings there.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from capacity.survives_network import Network
from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.model import Quorum, ReplicaGroup, Service
from inventory.quantities import plain_number
from topology.elements import Layers

MAY_BE_USED = {
    "cores": "cap.cpu_stop",
    "threads": "cap.cpu_stop",
    "memory_gb": "cap.mem_stop",
    "raw_hdd_tb": "cap.disk_stop",
}
UNITS = {
    "devices": Text("devices", "台设备"),
    "cores": Text("cores", "核"),
    "threads": Text("threads", "线程"),
    "memory_gb": Text("GB of memory", "GB 内存"),
    "raw_hdd_tb": Text("TB of raw disk", "TB 裸容量"),
}


@dataclass(frozen=True)
class Scene:
    """The platform and what is left of it, for the conditions to look at. `fleets` are the device keys of every
    fleet, `members` the devices of every instance (service, site) that has any, with what each carries; devices of fleets whose
    connection nobody has decided are not among them."""

    inventory: Inventory
    layers: Layers
    network: Network
    fleets: Mapping[str, tuple[str, ...]]
    members: Mapping[tuple[str, str], Mapping[str, float]]


def scene(inventory: Inventory, layers: Layers, network: Network) -> Scene:
    """Fleets and members gathered for one failure."""
    fleets: dict[str, list[str]] = {}
    for device in inventory.devices.values():
        fleets.setdefault(device.owner, []).append(f"device/{device.name}")
    undecided = {d for f in inventory.fleets.values() if f.attach is None for d in fleets.get(f.name, ())}
    members: dict[tuple[str, str], dict[str, float]] = {}
    for service in inventory.services.values():
        for site in service.sites:
            carriers = layers.service.adj.get(f"instance/{service.name}@{site}", {})
            decided = {d: data["weight"] or 0 for d, data in carriers.items() if d not in undecided}
            if decided:
                members[service.name, site] = decided
    return Scene(inventory, layers, network, {f: tuple(d) for f, d in fleets.items()}, members)


def serving_instances(scene: Scene) -> frozenset[tuple[str, str]]:
    """Instances (service, site) that serve. Those that depend on each other in a circle do not serve merely because
    the others would: the set grows from nothing until nothing is added."""
    sound = {i for i in scene.members if not any(own_lacks(scene, *i))}
    serving: set[tuple[str, str]] = set()
    grown = True
    while grown:
        more = {i for i in sound - serving if not unmet(scene, *i, serving)}
        serving |= more
        grown = bool(more)
    return frozenset(serving)


def own_lacks(scene: Scene, service: str, site: str) -> Iterator[Text]:
    """What an instance lacks by itself, each with its numbers: members, votes, copies. Dependencies are apart."""
    record = scene.inventory.services[service]
    yield from _members(scene, record, site)
    for name in sorted(set(record.quorums)):
        quorum = scene.inventory.quorums[name]
        if quorum.scope == "rack":
            yield from _votes_here(scene, quorum, site)
        elif quorum.automatic_failover:
            yield from _votes_everywhere(scene, quorum, site)
    for group in scene.inventory.replica_groups.values():
        yield from _copies(scene, group, service, site)


def unmet(scene: Scene, service: str, site: str, serving: Collection[tuple[str, str]]) -> list[str]:
    """Services that an instance depends on and that do not serve it: at its own site, or anywhere it sees when they
    have no devices there. A service without devices anywhere is no condition, as nobody knows whether it serves."""
    out = []
    for needed in sorted(set(scene.inventory.services[service].depends_on)):
        homes = homes_of(scene, needed)
        near = [site] if site in homes else [home for home in homes if home in scene.network.joined[site]]
        if homes and not any((needed, home) in serving for home in near):
            out.append(needed)
    return out


def homes_of(scene: Scene, service: str) -> list[str]:
    """Sites at which a service has devices, sorted."""
    return sorted(home for name, home in scene.members if name == service)


def dependency_lacks(
    scene: Scene, service: str, site: str, serving: Collection[tuple[str, str]]
) -> Iterator[Text]:
    """What each service that an instance depends on and that does not serve it lacks itself, down to the root."""
    for needed in unmet(scene, service, site, serving):
        homes = homes_of(scene, needed)
        if site in homes:
            root = _root(scene, needed, site, serving, {service, needed})
            yield Text(f"{needed} at {site} is down{root.en}", f"{site} 的 {needed} 不可用{root.zh}")
            continue
        root, where = _root(scene, needed, homes[0], serving, {service, needed}), ", ".join(homes)
        if any((needed, home) in serving for home in homes):
            root = Text(f": {site} does not see it", f"：{site} 与其不连通")
        yield Text(
            f"{needed} does not serve {site} from {where}{root.en}",
            f"{where} 的 {needed} 不能为 {site} 提供服务{root.zh}",
        )


def _root(
    scene: Scene, service: str, site: str, serving: Collection[tuple[str, str]], asked: set[str]
) -> Text:
    """The first thing an instance lacks, to be put behind its name; through its dependencies where it lacks nothing
    itself. Empty when only a circle of dependencies is in the way."""
    for own in own_lacks(scene, service, site):
        return Text(f": {own.en}", f"：{own.zh}")
    for needed in unmet(scene, service, site, serving):
        homes = homes_of(scene, needed)
        home = site if site in homes else homes[0]
        if needed not in asked:
            root = _root(scene, needed, home, serving, asked | {needed})
            return Text(f": {needed} at {home} is down{root.en}", f"：{home} 的 {needed} 不可用{root.zh}")
    return Text("", "")


# ---------------------------------------------------------------- members and demand


def needed_amount(scene: Scene, service: Service) -> float:
    """How much of its measure a service must have reached, at the highest use the policy allows; 0 without a demand."""
    if service.demand is None:
        return 0.0
    parameter = MAY_BE_USED.get(service.demand.measure)
    usable = scene.inventory.policy.number(parameter) if parameter else 1.0
    return service.demand.amount * service.demand.critical_share / usable


def shown(needed: float) -> str:
    """An amount needed as text, rounded up to a tenth: what falls short never reads as enough."""
    return plain_number(math.ceil(round(needed * 10, 5)) / 10)


def enough(carried: float, needed: float) -> bool:
    """True when `carried` is no less than `needed`, both taken to a thousandth."""
    return round(carried * 1000) >= math.ceil(round(needed * 1000, 6))


def carried_at(scene: Scene, service: str, site: str) -> float:
    """How much of its measure the reached devices of an instance carry."""
    return sum(
        weight
        for device, weight in sorted(scene.members.get((service, site), {}).items())
        if device in scene.network.reached
    )


def _members(scene: Scene, service: Service, site: str) -> Iterator[Text]:
    members = scene.members[service.name, site]
    reached = sum(device in scene.network.reached for device in members)
    needed = needed_amount(scene, service)
    if service.demand is not None and service.mode != "active-active":
        carried = carried_at(scene, service.name, site)
        if not enough(carried, needed):
            unit = UNITS[service.demand.measure]
            least = shown(needed)
            yield Text(
                f"{plain_number(carried)} of {least} {unit.en} reached at {site}",
                f"{site} 可达 {plain_number(carried)}{unit.zh}，需要 {least}",
            )
    elif not reached:
        yield Text(
            f"0 of {len(members)} devices reached at {site}", f"{site} 的 {len(members)} 台设备均不可达"
        )


# ---------------------------------------------------------------- votes


def _votes_here(scene: Scene, quorum: Quorum, site: str) -> Iterator[Text]:
    cast = total = 0
    for vote in quorum.votes:
        if vote.site != site:
            continue
        voters = scene.fleets.get(vote.fleet, ()) if vote.fleet else ()
        total += len(voters) if vote.fleet else vote.votes
        if vote.fleet:
            cast += sum(v in scene.network.reached for v in voters)
        elif site in scene.network.alive:
            cast += vote.votes
    if total and 2 * cast <= total:
        yield _lost(quorum, cast, total, site)


def _votes_everywhere(scene: Scene, quorum: Quorum, site: str) -> Iterator[Text]:
    cast = total = 0
    for vote in quorum.votes:
        voters = scene.fleets.get(vote.fleet, ()) if vote.fleet else ()
        total += len(voters) if vote.fleet else vote.votes
        if _counts_for(scene, quorum, vote.site, site):
            cast += sum(v in scene.network.reached for v in voters) if vote.fleet else vote.votes
    if total and 2 * cast <= total:
        yield _lost(quorum, cast, total, site)


def _lost(quorum: Quorum, cast: int, total: int, site: str) -> Text:
    return Text(
        f"{quorum.name}: {total - cast} of {total} votes lost, seen from {site}",
        f"{quorum.name}：从 {site} 看，{total} 票中失去 {total - cast} 票",
    )


def _counts_for(scene: Scene, quorum: Quorum, voter: str, site: str) -> bool:
    """True when the votes standing at site `voter` count for `site`. A witness that sees two sides which do not see
    each other votes for one: that of the production site, else of the first by name."""
    joined, sites = scene.network.joined, scene.inventory.sites
    if voter == site:
        return site in scene.network.alive
    if voter not in joined[site]:
        return False
    if sites[voter].role != "witness":
        return True
    asking = {v.site for v in quorum.votes if sites[v.site].role != "witness"} | {site}
    seen = [s for s in asking if s in joined[voter]]
    first = min(seen, key=lambda s: (sites[s].role != "production", s))
    return first == site or first in joined[site]


# ---------------------------------------------------------------- copies


def _copies(scene: Scene, group: ReplicaGroup, service: str, site: str) -> Iterator[Text]:
    """Worst case: every domain that lost a device held a copy (several, where domains are fewer than copies) of the
    same data."""
    fleets = [scene.inventory.fleets[f] for f in group.fleets]
    devices = [
        d for f in fleets if f.service == service and f.site == site for d in scene.fleets.get(f.name, ())
    ]
    domains: dict[str, list[str]] = {}
    for device in devices:
        domains.setdefault(_domain(scene, group, device), []).append(device)
    pieces, spare = group.copies, group.copies - (group.write_quorum or group.copies // 2 + 1)
    if group.scheme == "erasure":
        if group.data_shards is None or group.parity_shards is None:
            return
        pieces, spare = group.data_shards + group.parity_shards, group.parity_shards
    hurt = [name for name, inside in domains.items() if any(d not in scene.network.reached for d in inside)]
    worst = len(hurt) * math.ceil(pieces / len(domains)) if domains else 0
    if hurt and worst > spare:
        word = {
            "rack": Text("racks", "个机柜"),
            "pair": Text("pairs", "组交换机"),
            "device": Text("devices", "台设备"),
        }
        unit = word[group.domain]
        yield Text(
            f"{group.name}: {len(hurt)} of {len(domains)} {unit.en} lost a device, up to {min(worst, pieces)} of {pieces} copies"
            f" gone, {max(0, spare)} can be spared",
            f"{group.name}：{len(domains)} {unit.zh}中有 {len(hurt)} {unit.zh}失去设备，"
            f"{pieces} 份中最多失去 {min(worst, pieces)} 份，可失去 {max(0, spare)} 份",
        )


def _domain(scene: Scene, group: ReplicaGroup, device: str) -> str:
    """Rack of a device, or access pair it is cabled to; a device without one stands for itself."""
    if group.domain == "rack" and device in scene.layers.elements:
        return next(iter(scene.layers.elements[device].facts.get("rack", ())), device)
    if group.domain == "pair" and device in scene.layers.logical:
        nodes = scene.layers.logical
        pairs = {nodes.nodes[n]["pair"] for n in nodes.neighbors(device) if nodes.nodes[n].get("pair")}
        return min(pairs, default=device)
    return device
