"""Which links are wanted: what fleets, pairs and out-of-band switches of the inventory ask for, before ports
are chosen. The plan and the checks both start here, so that a link nobody planned is noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inventory.device_model import Interface
from inventory.inventory import Device, Inventory
from inventory.model import Fleet, OobSwitch, Pair
from inventory.plan_model import Cable, PlacedDevice
from topology.media import Medium, access_medium, link_speed_gbps, port_gbps
from topology.ports import business_interfaces, console_port, oob_interfaces, ports_for

Key = tuple[str, str, str, str]
"""What a cable is for: kind, near device, near interface (empty: any of a range), far device (empty: any)."""


@dataclass(frozen=True, slots=True)
class AccessLink:
    """One business interface and the member of the pair it goes to."""

    near: str
    near_port: str
    far: str
    medium: Medium | None
    """None: nothing says which optic or cable it takes, so it is not planned."""
    speed_gbps: float

    @property
    def key(self) -> Key:
        """The key of the cable that serves it."""
        return ("access", self.near, self.near_port, self.far)


def key_of(cable: Cable) -> Key:
    """What a cable of a plan is for."""
    kind, a, b = cable.kind, cable.a, cable.b
    if kind == "access":
        return (kind, a.device, a.port or "", b.device)
    if kind in ("oob", "console"):
        return (kind, a.device, a.port or "", "")
    return (kind, a.device, "", b.device)


def far_members(inventory: Inventory, placed: Mapping[str, PlacedDevice], cable: Cable) -> bool:
    """True when the far end of an out-of-band or console cable is a switch or console server of the same site."""
    if cable.kind not in ("oob", "console"):
        return True
    near, far = placed.get(cable.a.device), placed.get(cable.b.device)
    if near is None or far is None or cable.a.device == cable.b.device:
        return False
    same = inventory.racks[str(near.rack)].site == inventory.racks[str(far.rack)].site
    if cable.kind == "oob":
        return same and cable.b.device in inventory.oob_switches
    return same and bool(inventory.devices[cable.b.device].type.console_server_ports)


def in_order(inventory: Inventory, placed: Mapping[str, PlacedDevice]) -> list[Device]:
    """Placed devices from rack to rack and upward, the order in which new ports are dealt."""
    found = [inventory.devices[name] for name in placed]
    return sorted(found, key=lambda d: (str(placed[d.name].rack), placed[d.name].position or 0, d.name))


def pair_members(inventory: Inventory, pair: str) -> tuple[str, str] | None:
    """Members A and B of a pair, new or standing already; None when there are not two."""
    if pair in inventory.pairs:
        return f"{pair}A", f"{pair}B"
    names = [s.name for s in inventory.existing_pairs.get(pair, ())]
    return (names[0], names[1]) if len(names) == 2 else None


def access_links(
    inventory: Inventory, placed: Mapping[str, PlacedDevice]
) -> Iterator[tuple[AccessLink, ...]]:
    """Links of all attached devices, rack by rack. Each tuple holds the links that share one port number:
    interfaces 1 and 2, then 3 and 4. Yields nothing for a device without a pair."""
    of_fleet: dict[str, tuple[Interface, ...]] = {}
    for device in in_order(inventory, placed):
        fleet, pair = device.record, placed[device.name].pair
        if not isinstance(fleet, Fleet) or fleet.attach is None or pair is None:
            continue
        members = pair_members(inventory, pair)
        if fleet.name not in of_fleet:
            of_fleet[fleet.name] = business_interfaces(fleet, device.type)
        interfaces = of_fleet[fleet.name]
        if members is None or not interfaces:
            continue
        for i in range(0, len(interfaces), 2):
            yield tuple(
                _access_link(inventory, device, fleet, interface, pair, member)
                for interface, member in zip(interfaces[i : i + 2], members, strict=False)
            )


def _access_link(
    inventory: Inventory, device: Device, fleet: Fleet, interface: Interface, pair: str, member: str
) -> AccessLink:
    medium = access_medium(inventory, fleet, interface, pair, member)
    if medium is None:
        return AccessLink(device.name, interface.name, member, None, 0.0)
    record = inventory.pairs.get(pair)
    ports = ports_for(inventory.port_plans[record.port_plan], "server") if record else ()
    speed = link_speed_gbps(
        inventory, medium, interface.speed_gbps, port_gbps(inventory, member, ports[0] if ports else None)
    )
    return AccessLink(device.name, interface.name, member, medium, speed)


def oob_links(inventory: Inventory, placed: Mapping[str, PlacedDevice]) -> Iterator[tuple[str, str]]:
    """(device, interface) of everything that belongs to the out-of-band network, rack by rack."""
    of_owner: dict[tuple[str, str], tuple[str, ...]] = {}
    for device in in_order(inventory, placed):
        owner = (device.kind, device.owner)
        if owner not in of_owner:
            of_owner[owner] = tuple(i.name for i in oob_interfaces(device))
        for interface in of_owner[owner]:
            yield device.name, interface


def console_links(inventory: Inventory, placed: Mapping[str, PlacedDevice]) -> Iterator[tuple[str, str]]:
    """(switch, console port) of every switch, rack by rack."""
    for device in in_order(inventory, placed):
        port = console_port(device)
        if port is not None:
            yield device.name, port


def uplinks_wanted(record: Pair | OobSwitch) -> Counter[str]:
    """How many uplinks of one member go to which switch: dealt over `to` in order."""
    uplinks = record.uplinks
    if uplinks is None or not uplinks.to:
        return Counter()
    return Counter(uplinks.to[k % len(uplinks.to)] for k in range(uplinks.per_member))


def wanted_keys(inventory: Inventory, placed: Mapping[str, PlacedDevice]) -> Counter[Key]:
    """Every link the inventory asks for between placed devices, with its number of cables."""
    wanted: Counter[Key] = Counter()
    for links in access_links(inventory, placed):
        wanted.update(link.key for link in links)
    for pair in inventory.pairs.values():
        a, b = f"{pair.name}A", f"{pair.name}B"
        for member in (a, b):
            if member in placed:
                for far, count in uplinks_wanted(pair).items():
                    wanted["uplink", member, "", far] += count
        if a in placed and b in placed:
            if pair.peer_link is not None:
                wanted["peer-link", a, "", b] += pair.peer_link.count
            if pair.keepalive == "port":
                wanted["keepalive", a, "", b] += 1
    for switch in inventory.oob_switches.values():
        if switch.name in placed:
            for far, count in uplinks_wanted(switch).items():
                wanted["oob-uplink", switch.name, "", far] += count
    wanted.update(("oob", *link, "") for link in oob_links(inventory, placed))
    wanted.update(("console", *link, "") for link in console_links(inventory, placed))
    return wanted
