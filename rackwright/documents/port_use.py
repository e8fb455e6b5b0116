"""What every port of every planned switch and console server is used for, free ports included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from inventory.findings import Text
from inventory.interface_types import VIRTUAL_TYPES
from inventory.inventory import Device, Inventory
from inventory.plan_model import Cable, End, PlacedDevice, Plan
from topology.ports import free_ports_of, port_plan_of, ports_for

Use = Literal[
    "server", "uplink", "peer", "oob", "keepalive", "console", "free", "growth", "reserved", "clash"
]

USE_NAMES: dict[str, tuple[str, Text]] = {
    "server": ("S", Text("server", "业务")),
    "uplink": ("U", Text("uplink", "上联")),
    "peer": ("P", Text("peer-link", "互联")),
    "oob": ("M", Text("out-of-band", "带外")),
    "keepalive": ("K", Text("keepalive", "心跳")),
    "console": ("C", Text("console", "串口")),
    "free": ("", Text("free", "空闲")),
    "growth": ("+", Text("kept for growth", "预留扩容")),
    "reserved": ("×", Text("reserved", "保留")),
    "clash": ("!", Text("clash", "冲突")),
}
"""Use -> the letter drawn on the port, and its name."""

_USE_OF_CABLE: dict[str, Use] = {
    "access": "server",
    "uplink": "uplink",
    "peer-link": "peer",
    "keepalive": "keepalive",
    "oob": "oob",
    "oob-uplink": "uplink",
    "console": "console",
}
_USE_OF_IDLE: dict[str, Use] = {
    "growth": "growth",
    "test": "reserved",
    "keepalive": "reserved",
    "spare": "reserved",
}


@dataclass(frozen=True, slots=True)
class PortUse:
    """One port. `planned` is the range of the port plan it stands in ("" when in none); `cables` are all
    cables that end here (more than one, or a port the type does not have, is a clash)."""

    switch: str
    port: str
    type: str
    speed_gbps: float | None
    mgmt: bool
    planned: str
    use: Use
    cables: tuple[Cable, ...]

    @property
    def far_ends(self) -> tuple[End, ...]:
        """The other end of each cable, in cable order."""
        return tuple(
            cable.b if (cable.a.device, cable.a.port) == (self.switch, self.port) else cable.a
            for cable in self.cables
        )

    @property
    def in_use(self) -> bool:
        """True when a cable ends here."""
        return bool(self.cables)

    @property
    def usable(self) -> bool:
        """True when a cable may end here: not a management port, nor kept for tests or keepalive."""
        return not self.mgmt and (self.in_use or self.planned not in ("test", "keepalive"))


@dataclass(frozen=True, slots=True)
class SwitchPorts:
    """One planned switch or console server with all its ports, in the order of its device type."""

    name: str
    title: Text
    device: Device
    placed: PlacedDevice | None
    ports: tuple[PortUse, ...]


@dataclass(frozen=True, slots=True)
class PortFamily:
    """Ports of one speed over all switches of one type: used of usable, and the switch with the fewest left."""

    device_type: str
    model: str
    speed_gbps: float | None
    switches: int
    used: int
    usable: int
    tightest: str
    tightest_used: int
    tightest_usable: int


def switch_ports(inventory: Inventory, plan: Plan) -> tuple[SwitchPorts, ...]:
    """Every planned switch and console server with its ports, by site and name."""
    ends: dict[str, dict[str, list[Cable]]] = {}
    for cable in plan.cables:
        for end in dict.fromkeys(((cable.a.device, cable.a.port), (cable.b.device, cable.b.port))):
            if end[1] is not None:
                ends.setdefault(end[0], {}).setdefault(end[1], []).append(cable)
    placed = {device.name: device for device in plan.devices}
    out = [
        SwitchPorts(
            device.name,
            Text(device.record.title.en, device.record.title.zh),
            device,
            placed.get(device.name),
            tuple(_ports(device, _planned(inventory, device), ends.get(device.name, {}))),
        )
        for device in inventory.devices.values()
        if device.kind in ("switch", "console-server")
    ]
    return tuple(sorted(out, key=lambda s: (s.device.site or "", s.device.kind != "switch", s.name)))


def families(switches: tuple[SwitchPorts, ...]) -> tuple[PortFamily, ...]:
    """Port use by device type and speed, by type and descending speed."""
    groups: dict[tuple[str, float | None], dict[str, tuple[int, int]]] = {}
    models: dict[str, str] = {}
    for switch in switches:
        models[switch.device.type.slug] = switch.device.type.model
        for port in switch.ports:
            if port.usable:
                counts = groups.setdefault((switch.device.type.slug, port.speed_gbps), {})
                used, usable = counts.get(switch.name, (0, 0))
                counts[switch.name] = (used + port.in_use, usable + 1)
    out = []
    for (slug, speed), counts in groups.items():
        tightest = min(counts, key=lambda name: (counts[name][1] - counts[name][0], name))
        used, usable = (sum(pair[i] for pair in counts.values()) for i in (0, 1))
        out.append(
            PortFamily(slug, models[slug], speed, len(counts), used, usable, tightest, *counts[tightest])
        )
    return tuple(sorted(out, key=lambda f: (f.device_type, -(f.speed_gbps or 0))))


@dataclass(frozen=True, slots=True)
class ExistingUse:
    """What the plan needs of one switch that stands already. `free`: ports a survey found free, None when
    nobody has looked; `unknown` cables have no port yet."""

    switch: str
    title: Text
    site: str
    needed: int
    free: int | None
    unknown: int
    cables: tuple[Cable, ...]


def existing_uses(inventory: Inventory, plan: Plan) -> tuple[ExistingUse, ...]:
    """Existing switches that new cables go to, by name."""
    cables: dict[str, list[tuple[Cable, End]]] = {}
    for cable in plan.cables:
        for end in (cable.a, cable.b):
            if end.device in inventory.existing_switches:
                cables.setdefault(end.device, []).append((cable, end))
    out = []
    for name in sorted(cables):
        switch = inventory.existing_switches[name]
        free = free_ports_of(switch)
        out.append(
            ExistingUse(
                name,
                Text(switch.title.en, switch.title.zh),
                switch.site,
                len(cables[name]),
                None if free is None else len(free),
                sum(end.port is None for _, end in cables[name]),
                tuple(cable for cable, _ in cables[name]),
            )
        )
    return tuple(out)


def _planned(inventory: Inventory, device: Device) -> dict[str, str]:
    """Port name -> range kind of the port plan of a switch."""
    plan = port_plan_of(inventory, device)
    return {name: kind for kind in plan.ranges for name in ports_for(plan, kind)} if plan else {}


def _ports(device: Device, planned: dict[str, str], ends: dict[str, list[Cable]]) -> Iterator[PortUse]:
    left = dict(ends)
    if device.kind == "console-server":
        for console in device.type.console_server_ports:
            cables = left.pop(console.name, [])
            use: Use = _use(cables, "") if cables else "free"
            yield PortUse(device.name, console.name, console.type, None, False, "", use, tuple(cables))
    for interface in device.type.interfaces:
        if interface.type in VIRTUAL_TYPES:
            continue
        own = left.pop(interface.name, [])
        split = [name for name in left if name.startswith(f"{interface.name}:")]
        for name in split:
            own = own + left.pop(name)
        kind = planned.get(interface.name, "")
        use = "clash" if len(own) > 1 and not split else _use(own, kind)
        yield PortUse(
            device.name, interface.name, interface.type, interface.speed_gbps, interface.mgmt_only, kind, use,
            tuple(own),
        )  # fmt: skip
    for name in sorted(left):
        if name in {port.name for port in device.type.console_ports}:
            yield PortUse(device.name, name, "console", None, True, "", "console", tuple(left[name]))
        else:
            yield PortUse(device.name, name, "", None, False, "", "clash", tuple(left[name]))


def _use(cables: list[Cable], planned: str) -> Use:
    if cables:
        return _USE_OF_CABLE[cables[0].kind]
    return _USE_OF_IDLE.get(planned, "free")
