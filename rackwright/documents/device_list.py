"""Every device with its place, draw and weight, in walking order: site, room, row, rack, from the top down."""

from __future__ import annotations

import math
from dataclasses import dataclass

from capacity.draws import draws
from capacity.power import DevicePower
from inventory.catalog_model import DeviceType
from inventory.findings import Text
from inventory.inventory import Device, Inventory, RackPlace
from inventory.plan_model import PlacedDevice, Plan

GROUPS: dict[str, Text] = {
    "db": Text("database", "数据库"),
    "big-data": Text("big data", "大数据"),
    "storage": Text("storage", "存储"),
    "management": Text("management", "管控运维"),
    "general": Text("compute", "计算"),
    "network": Text("access switch", "接入交换机"),
    "oob": Text("out-of-band switch", "带外交换机"),
    "appliance": Text("security appliance", "安全设备"),
    "console": Text("console server", "串口服务器"),
    "stray": Text("not in the inventory", "清单外设备"),
}
"""Classes that drawings tell apart."""


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """One device. `device` None: the plan holds it, the inventory does not. `power` None: nobody says what it
    draws. `rack` None: not placed."""

    name: str
    device: Device | None
    placed: PlacedDevice | None
    rack: RackPlace | None
    type: DeviceType | None
    power: DevicePower | None
    group: str

    @property
    def height_u(self) -> float | None:
        """Height in rack units; None when the type is not known."""
        return self.type.u_height if self.type else None

    @property
    def units(self) -> str:
        """Rack units taken, e.g. `U12-13`; "" when not placed."""
        if self.placed is None or self.placed.position is None:
            return ""
        top = self.placed.position + max(math.ceil(self.height_u or 1), 1) - 1
        return f"U{self.placed.position}" if top == self.placed.position else f"U{self.placed.position}-{top}"

    @property
    def title(self) -> Text:
        """What it is for, in the words of the inventory."""
        if self.device is None:
            return GROUPS["stray"]
        return Text(self.device.record.title.en, self.device.record.title.zh)


def device_lines(inventory: Inventory, plan: Plan) -> tuple[DeviceLine, ...]:
    """All devices of the inventory and of the plan; those not placed come last, by name."""
    power = draws(inventory)
    placed = {device.name: device for device in plan.devices}
    order = {name: n for n, name in enumerate(inventory.racks)}
    out = []
    for name in {*inventory.devices, *placed}:
        device, place = inventory.devices.get(name), placed.get(name)
        rack = inventory.racks.get(place.rack) if place and place.rack else None
        slug = device.type.slug if device else place.device_type if place else ""
        out.append(
            DeviceLine(
                name, device, place, rack,
                inventory.catalog.device_types.get(slug),
                power.get(name),
                group_of(device),
            )
        )  # fmt: skip

    def walking(line: DeviceLine) -> tuple[bool, int, int, str]:
        if line.rack is None or line.placed is None:
            return (True, 0, 0, line.name)
        return (False, order[line.rack.name], -(line.placed.position or 0), line.name)

    return tuple(sorted(out, key=walking))


def group_of(device: Device | None) -> str:
    """The class of GROUPS a device is drawn in."""
    if device is None:
        return "stray"
    if device.kind == "switch":
        return "oob" if device.role == "oob" else "network"
    if device.kind == "console-server":
        return "console"
    if device.kind == "appliance":
        return "appliance"
    return device.workload.replace("_", "-")
