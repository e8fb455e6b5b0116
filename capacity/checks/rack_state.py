"""What stands in each rack, for the rack checks: devices with their units, weights and the rack itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from capacity.checks.power_state import power_state
from capacity.rack_layout import units_taken
from inventory.checks import Context
from inventory.inventory import Device, RackPlace
from inventory.plan_model import PlacedDevice


@dataclass(frozen=True, slots=True)
class Standing:
    """A device in its rack. `units` is empty when it has no position, or when its cords show that it was
    moved on paper only."""

    device: Device
    placed: PlacedDevice
    units: range


@dataclass(frozen=True, slots=True)
class Filled:
    """A rack and what stands in it, in name order."""

    rack: RackPlace
    devices: tuple[Standing, ...]

    @property
    def device_kg(self) -> tuple[float, tuple[str, ...]]:
        """Weight of the devices in kg, and the device types that do not say."""
        known = [s.device.type.weight_kg for s in self.devices]
        unknown = sorted({s.device.type.slug for s in self.devices if s.device.type.weight_kg is None})
        return sum(w for w in known if w is not None), tuple(unknown)


def filled_racks(ctx: Context) -> list[Filled]:
    """Racks that at least one device stands in, by name."""
    return list(filled(ctx).values())


def filled(ctx: Context) -> Mapping[str, Filled]:
    """Racks that at least one device stands in, by name."""
    return cast(Mapping[str, Filled], ctx.memo("filled-racks", lambda: _filled(ctx)))


def _filled(ctx: Context) -> dict[str, Filled]:
    state = power_state(ctx)
    out = {}
    for rack, names in state.in_rack.items():
        standing = []
        for name in names:
            placed, device = ctx.placed[name], ctx.inventory.devices[name]
            known = placed.position is not None and name not in state.moved
            units = units_taken(placed.position or 0, device.type.u_height) if known else range(0)
            standing.append(Standing(device, placed, units))
        out[rack] = Filled(ctx.inventory.racks[rack], tuple(standing))
    return out


def structure_kg(ctx: Context, rack: RackPlace) -> float | None:
    """Weight in kg of the empty rack with its power strips and cables; None when part of it is unknown."""
    hints = rack.rack_type.rackwright
    parts: list[float | None] = [rack.rack_type.own_weight_kg, hints.cable_weight_kg]
    if hints.pdus is not None:
        parts += [ctx.inventory.catalog.device_types[slug].weight_kg for slug in (hints.pdus.a, hints.pdus.b)]
    known = [p for p in parts if p is not None]
    return sum(known) if len(known) == len(parts) else None
