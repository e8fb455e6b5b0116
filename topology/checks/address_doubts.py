"""What the addressing checks leave to others: devices the plan lacks, cables with a fault of their own.

An address is judged only by devices and cables that are themselves in order, so that one broken line gives
one finding, from the check that owns it.
"""

from __future__ import annotations

from collections.abc import Container

from inventory.checks import Context
from inventory.plan_model import PlacedDevice
from topology.address_needs import AddressNeed
from topology.checks.cable_book import cable_book


def there(ctx: Context, *devices: str) -> bool:
    """True unless the plan lacks all of these devices of the inventory, which PLN001 reports."""
    return any(d in ctx.placed or d not in ctx.inventory.devices for d in devices)


def all_devices(ctx: Context) -> list[PlacedDevice]:
    """Devices of the plan, and those it lacks: their addresses are not orphans, the device is missing."""
    out = list(ctx.plan.devices if ctx.plan else ())
    for device in ctx.inventory.devices.values():
        if device.name not in ctx.placed:
            out.append(
                PlacedDevice(
                    name=device.name, owner=device.owner, device_type=device.type.slug, site=device.site
                )
            )
    return out


def doubtful_uplinks(ctx: Context) -> set[str]:
    """Uplinks of switches that have an uplink with a fault at an end: the PRT checks report it, and which of
    the cables is wrong may be open, so the addresses are not judged by any of them."""
    cables = cable_book(ctx)
    uplinks = [v for v in cables.views if v.cable.kind == "uplink"]
    faulty = {d for v in uplinks if v.index in cables.faults for d in (v.cable.a.device, v.cable.b.device)}
    faulty &= ctx.inventory.devices.keys()
    return {v.cable.id for v in uplinks if v.cable.a.device in faulty or v.cable.b.device in faulty}


def cabled_pairs(ctx: Context, name: str) -> set[str]:
    """Pairs that the business cables of a device lead to, existing ones included."""
    out: set[str] = set()
    for cable in ctx.cables_of.get(name, ()):
        far = cable.b.device if cable.a.device == name else cable.a.device
        if cable.kind == "access" and far in ctx.inventory.devices:
            out.add(ctx.inventory.devices[far].owner)
        elif cable.kind == "access" and far in ctx.inventory.existing_switches:
            out.add(ctx.inventory.existing_switches[far].pair or far)
    return out


def wanting(ctx: Context, need: AddressNeed, served: Container[tuple[str, str]]) -> bool:
    """True when nothing serves the need and nothing else explains it: the device is planned, and cabled to no
    other pair than the one written for it."""
    if (need.device, need.interface) in served or not there(ctx, need.device):
        return False
    return need.plane != "business" or cabled_pairs(ctx, need.device) <= {need.used_by}
