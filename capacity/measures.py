"""What a project lists, counted: devices, cores, terabytes, ports, racks.

A licence, a statement of the tender and a bill of material all ask "how many are listed". The answer is a
range: fleets without a site, and devices whose type does not say, widen it. Only a range of one value is
a number; unknown is never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from inventory.catalog_model import DeviceType
from inventory.device_model import Interface
from inventory.findings import Text
from inventory.inventory import Device, Inventory
from inventory.model import Fleet, Measure, Selector
from inventory.quantities import plain_number
from topology.ports import business_interfaces, fastest_interfaces

COMPONENT_MEASURES = ("cores", "threads", "raw_hdd_tb", "memory_gb", "gpus")
"""Measures that are a sum over the components of servers."""

WORDS: dict[str, Text] = {
    "devices": Text("devices", "台设备"),
    "servers": Text("servers", "台服务器"),
    "cores": Text("cores", "核"),
    "threads": Text("threads", "线程"),
    "raw_hdd_tb": Text("TB raw HDD", "TB 裸容量（HDD）"),
    "memory_gb": Text("GB memory", "GB 内存"),
    "gpus": Text("GPUs", "块 GPU"),
    "racks": Text("racks", "个机柜"),
    "rack_kw": Text("kW of racks", "kW 机柜功率"),
    "switches": Text("switches", "台交换机"),
    "appliances": Text("appliances", "台安全设备"),
    "existing_hosts": Text("existing hosts", "台在用主机"),
    "business_ports": Text("business ports", "个业务端口"),
    "pairs": Text("pairs", "组交换机"),
}
"""What each measure counts, as it stands after a number."""

_KIND_OF = {"servers": "server", "switches": "switch", "appliances": "appliance"}


@dataclass(frozen=True, slots=True)
class Tally:
    """How much is listed: `low` is sure, `high` the most it can be (None: nobody can say).

    `parts` are (owner, amount) in the order of the files; `unknown` names owners whose type does not say,
    `unsited` fleets without a site that would count if they stood at a site asked for.
    """

    low: float
    high: float | None
    parts: tuple[tuple[str, float], ...]
    unknown: tuple[str, ...] = ()
    unsited: tuple[str, ...] = ()

    @property
    def amount(self) -> float | None:
        """The one value it can be; None while anything is open."""
        return self.low if self.high == self.low else None

    def sum_text(self, limit: int = 8) -> str:
        """The sum written out, e.g. `1920 a-rds + 432 a-drds`."""
        shown = [f"{plain_number(amount)} {owner}" for owner, amount in self.parts[:limit]]
        if len(self.parts) > limit:
            rest = self.parts[limit:]
            shown.append(f"{plain_number(sum(a for _, a in rest))} in {len(rest)} more")
        return " + ".join(shown) or "0"


def measure(inventory: Inventory, kind: Measure, of: Selector | Iterable[str]) -> float | None:
    """Amount of `kind` over the selected records; None when it is not known to one value."""
    return tally(inventory, kind, of).amount


def tally(inventory: Inventory, kind: Measure, of: Selector | Iterable[str]) -> Tally:
    """Amount of `kind` over the records of a selector, or over the fleets named.

    Parameters: an empty field of the selector does not restrict; `roles` match the role or the kind of a
    device (server, switch, access, oob …). Racks, rated power of racks (kW) and existing hosts know sites
    only. `raw_hdd_tb` is decimal TB of hard disks before replication; SSD and NVMe do not count.
    """
    selector = of if isinstance(of, Selector) else Selector(fleets=tuple(of))
    by_fleets = not isinstance(of, Selector) or bool(selector.fleets)
    if by_fleets and not selector.fleets:
        return Tally(0, 0, ())
    if kind in ("racks", "rack_kw"):
        return _racks(inventory, kind, selector)
    if kind == "existing_hosts":
        return _existing(inventory, selector)
    if kind == "pairs":
        names = [
            (p.name, 1.0)
            for p in inventory.pairs.values()
            if _chosen(p.site, (p.role, "switch"), selector) and not selector.fleets
        ]
        return Tally(len(names), len(names), tuple(names))
    return _devices(inventory, kind, selector, by_fleets)


def known_business_interfaces(fleet: Fleet, device_type: DeviceType) -> tuple[Interface, ...] | None:
    """Interfaces that carry the business traffic of one device, attached or not: those the fleet names, else the
    fastest. None when the type does not say: a name it does not have, or an interface of unknown speed."""
    if fleet.attach and fleet.attach.interfaces:
        found = business_interfaces(fleet, device_type)
        return found if len(found) == len(fleet.attach.interfaces) else None
    data = [i for i in device_type.interfaces if not i.mgmt_only]
    if not device_type.interfaces or any(i.speed_gbps is None for i in data):
        return None
    return fastest_interfaces(device_type)


def _chosen(site: str | None, roles: Iterable[str], selector: Selector) -> bool:
    if selector.sites and site not in selector.sites:
        return False
    return not selector.roles or any(role in selector.roles for role in roles)


def _racks(inventory: Inventory, kind: str, selector: Selector) -> Tally:
    parts: dict[str, float] = {}
    unknown = []
    for rack in inventory.racks.values():
        if selector.sites and rack.site not in selector.sites:
            continue
        value = 1.0 if kind == "racks" else rack.rated_kw
        if value is None:
            unknown.append(rack.name)
        else:
            parts[rack.row] = parts.get(rack.row, 0.0) + value
    low = round(sum(parts.values()), 6)
    return Tally(low, None if unknown else low, tuple(parts.items()), tuple(unknown))


def _existing(inventory: Inventory, selector: Selector) -> Tally:
    low, high, parts, unsited = 0.0, 0.0, [], []
    for group in inventory.existing_hosts.values():
        if not selector.sites or group.site in selector.sites:
            low += group.stated
            parts.append((group.name, float(group.stated)))
        elif group.site is None:
            unsited.append(group.name)
        else:
            continue
        high += group.stated
    return Tally(low, high, tuple(parts), (), tuple(unsited))


def _devices(inventory: Inventory, kind: str, selector: Selector, by_fleets: bool) -> Tally:
    parts: list[tuple[str, float]] = []
    unknown: list[str] = []
    unsited: list[str] = []
    low = high = 0.0
    for device, count in _owners(inventory, selector.fleets):
        if selector.roles and device.role not in selector.roles and device.kind not in selector.roles:
            continue
        open_site = bool(selector.sites) and device.site is None and count > 0
        if selector.sites and device.site not in selector.sites and not open_site:
            continue
        each = _each(inventory, kind, device, by_fleets)
        if each is None:
            if count:
                unknown.append(device.owner)
            continue
        if not each or not count:
            continue
        if open_site:
            unsited.append(device.owner)
        else:
            low += each * count
            parts.append((device.owner, each * count))
        high += each * count
    low, high = round(low, 6), round(high, 6)
    return Tally(low, None if unknown else high, tuple(parts), tuple(unknown), tuple(unsited))


def _owners(inventory: Inventory, fleets: Iterable[str]) -> Iterator[tuple[Device, int]]:
    """One device for each of the fleets (none named: for each fleet, pair and OOB switch), and how many there are."""
    owners = inventory.owners
    chosen = sorted(owners[n] for n in set(fleets) if n in owners) if fleets else owners.values()
    for _, device, count in chosen:
        yield device, count


def _each(inventory: Inventory, kind: str, device: Device, by_fleets: bool) -> float | None:
    """What one such device counts; 0 when the measure is not about this kind of device."""
    if kind == "devices":
        return 1.0
    if kind in _KIND_OF:
        return 1.0 if device.kind == _KIND_OF[kind] else 0.0
    if kind == "business_ports":
        if not isinstance(device.record, Fleet):
            return 0.0
        ports = known_business_interfaces(device.record, device.type)
        return None if ports is None else float(len(ports))
    if device.kind != "server" and not by_fleets:
        return 0.0
    capacity = device.type.capacity(inventory.catalog.components)
    value = None if capacity is None else getattr(capacity, kind)
    return None if value is None else float(value)
