"""Ports: what a port plan sets aside, which interfaces of a device have to be cabled, and which ports are taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal

from inventory.device_model import DeviceType, Interface
from inventory.device_types import expand_range
from inventory.inventory import Device, Inventory
from inventory.model import ExistingSwitch, Fleet, OobSwitch, Pair, PortPlan
from inventory.plan_model import Cable, End

PortUse = Literal["server", "growth", "test", "keepalive", "uplink", "peer_link", "oob", "spare"]
OOB_GBPS = 1.0
"""Speed of the copper interfaces that belong to the out-of-band network, Gbit/s."""
_NO_PORTS: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def expand_ports(text: str) -> tuple[str, ...]:
    """Port names of a range text, in order; several ranges are joined by commas outside brackets.

    Raises ValueError when a range cannot be read.
    """
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        depth += (char == "[") - (char == "]")
        if char == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    parts.append(text[start:])
    names: list[str] = []
    for part in parts:
        if not part.strip():
            raise ValueError(f"empty range in {text!r}")
        names.extend(expand_range(part.strip()))
    return tuple(names)


def ports_for(plan: PortPlan | None, use: PortUse) -> tuple[str, ...]:
    """Ports that a plan sets aside for `use`, in order; none when it sets none aside or the range is unreadable."""
    text = plan.ranges.get(use) if plan else None
    if text is None:
        return _NO_PORTS
    try:
        return expand_ports(text)
    except ValueError:
        return _NO_PORTS


def port_plan_of(inventory: Inventory, device: Device) -> PortPlan | None:
    """The port plan of a switch to be built; None for everything else."""
    if isinstance(device.record, Pair | OobSwitch):
        return inventory.port_plans[device.record.port_plan]
    return None


def free_ports_of(switch: ExistingSwitch) -> tuple[tuple[str, str], ...] | None:
    """(line card, port) that a survey found free on a switch that stands already, in order; None: not surveyed."""
    if switch.free_ports is None:
        return None
    out: list[tuple[str, str]] = []
    for free in switch.free_ports:
        try:
            out.extend((free.card, port) for port in expand_ports(free.ports))
        except ValueError:
            continue
    return tuple(out)


def business_interfaces(fleet: Fleet, device_type: DeviceType) -> tuple[Interface, ...]:
    """Interfaces that go to the access pair, in order: those the fleet names, else the fastest Ethernet
    interfaces that are not for management. Empty when the fleet is not attached."""
    if fleet.attach is None:
        return ()
    if fleet.attach.interfaces:
        known = device_type.interface_by_name
        return tuple(known[name] for name in fleet.attach.interfaces if name in known)
    return fastest_interfaces(device_type)


def fastest_interfaces(device_type: DeviceType) -> tuple[Interface, ...]:
    """The fastest Ethernet interfaces that are not for management, in order; one of unknown speed is not among them."""
    data = [i for i in device_type.interfaces if not i.mgmt_only and i.speed_gbps is not None]
    top = max((i.speed_gbps or 0.0 for i in data), default=0.0)
    return tuple(i for i in data if i.speed_gbps == top)


def oob_interfaces(device: Device) -> tuple[Interface, ...]:
    """Interfaces that belong to the out-of-band network: management interfaces, and on attached fleets the
    1GE copper ports that are not business interfaces. The data ports of a fleet whose connection is open
    (`attach_open`) are not among them: nobody has decided where they go."""
    record, device_type = device.record, device.type
    business: set[str] = set()
    open_data = not isinstance(record, Fleet) or record.attach is None
    if isinstance(record, Fleet):
        business = {i.name for i in business_interfaces(record, device_type)}
    out = []
    for interface in device_type.interfaces:
        if interface.mgmt_only or (
            not open_data
            and interface.name not in business
            and interface.speed_gbps == OOB_GBPS
            and interface.form_factor == "rj45"
        ):
            out.append(interface)
    return tuple(out)


def console_port(device: Device) -> str | None:
    """The console port of a switch that goes to a console server: its first one; None for other devices."""
    if device.kind != "switch" or not device.type.console_ports:
        return None
    return device.type.console_ports[0].name


def port_exists(device: Device, port: str, kind: str) -> bool:
    """True when a cable of `kind` can end on `port` of this device type."""
    if kind == "console":
        return any(p.name == port for p in (*device.type.console_ports, *device.type.console_server_ports))
    return port in device.type.interface_by_name


def cable_ends(cable: Cable) -> Iterator[tuple[Literal["a", "b"], End]]:
    """Both ends of a cable with their names."""
    yield "a", cable.a
    yield "b", cable.b


class Ledger:
    """Which port is taken, and the speed its speed group runs at."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self._speed: dict[tuple[str, str], float] = {}

    def take(self, device: str, port: str | None, speed_gbps: float) -> None:
        """Note a port as used; an unknown port takes nothing."""
        if port is not None:
            self._speed[device, port] = speed_gbps

    def taken(self, device: str, port: str) -> bool:
        """True when a cable ends there."""
        return (device, port) in self._speed

    def free(self, device: str, port: str, speed_gbps: float) -> bool:
        """True when a link of this speed may use the port: it is not taken, and no port of its speed group
        runs at another speed."""
        if (device, port) in self._speed:
            return False
        known = self.inventory.devices.get(device)
        if known is None or not known.type.rackwright.ports.port_groups:
            return True
        group = known.type.speed_group_by_port.get(port, ())
        return all(self._speed.get((device, other), speed_gbps) == speed_gbps for other in group)

    def first_free(
        self, devices: Sequence[str], ports: Sequence[str], speed_gbps: float, prefer: str | None = None
    ) -> str | None:
        """First of `ports` that is free on all `devices`, `prefer` before the others; None: none is."""
        order = (prefer, *ports) if prefer is not None else ports
        for port in order:
            if all(self.free(device, port, speed_gbps) for device in devices):
                return port
        return None
