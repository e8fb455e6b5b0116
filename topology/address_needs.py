"""What has to be addressed: derived from devices and cables alone, for the planner and for the checks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from inventory import model as m
from inventory.inventory import Device, Inventory
from inventory.plan_model import Cable, PlacedDevice

SITE_WIDE = ("loopback", "bmc", "mgmt")
"""Planes whose pool is one prefix for the whole site."""
ROUTED = ("business", "bmc", "mgmt")
"""Planes whose prefixes have a gateway."""
LOOPBACK, BOND, KEEPALIVE = "loopback0", "bond0", "keepalive"
ASN_ROLE = {"access": "access", "service": "access", "border": "exit", "dci": "dci"}
"""Role of a pair -> role of the ASN pool it draws from."""


@dataclass(frozen=True, slots=True)
class BlockNeed:
    """A prefix to be cut from a pool of `plane` at `site`. `hosts` is the number of addresses wanted in it,
    gateways excluded; None for a point-to-point prefix of two."""

    plane: str
    site: str
    used_by: str
    pair: str
    hosts: int | None

    @property
    def key(self) -> tuple[str, str]:
        """(plane, used_by): what names the prefix from run to run."""
        return self.plane, self.used_by


@dataclass(frozen=True, slots=True)
class AddressNeed:
    """An address for one interface. `used_by` names the prefix cut for it, empty on the planes of SITE_WIDE;
    `offset` is 0 or 1 inside a point-to-point prefix, else None."""

    plane: str
    site: str
    device: str
    interface: str
    used_by: str = ""
    offset: int | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """(plane, device, interface): what names the address from run to run."""
        return self.plane, self.device, self.interface


@dataclass(frozen=True, slots=True)
class AsnNeed:
    """An ASN for a pair, or for the core of a site; `stated` when a switch that stands already has it."""

    site: str
    role: str
    used_by: str
    stated: int | None = None


@dataclass(frozen=True)
class Needs:
    """All needs, each tuple in the order they are served: site, role, pair, owner, index."""

    blocks: tuple[BlockNeed, ...]
    addresses: tuple[AddressNeed, ...]
    asns: tuple[AsnNeed, ...]


def address_needs(inventory: Inventory, devices: Sequence[PlacedDevice], cables: Sequence[Cable]) -> Needs:
    """What the devices and cables of a plan need; unknown devices, and those of a
    fleet whose site nobody states, need nothing yet.

    Servers on an existing pair get no business address: the prefix that serves them stands already and is
    not in the inventory.
    """
    known = inventory.devices
    present = {d.name: d for d in devices if d.name in known and known[d.name].site is not None}
    order = sorted(present.values(), key=lambda d: _rank(known[d.name], d))
    attached: dict[str, int] = {}
    addresses: list[AddressNeed] = []
    for placed in order:
        device, site = known[placed.name], str(known[placed.name].site)
        if isinstance(device.record, m.Pair):
            addresses.append(AddressNeed("loopback", site, device.name, LOOPBACK))
        plane = "bmc" if device.role == "server" else "mgmt"
        addresses.extend(
            AddressNeed(plane, site, device.name, interface.name)
            for interface in device.type.interfaces
            if interface.mgmt_only
        )
        if placed.pair in inventory.pairs and not isinstance(device.record, m.Pair):
            attached[str(placed.pair)] = attached.get(str(placed.pair), 0) + 1
            addresses.append(
                AddressNeed("business", site, device.name, business_interface(device), str(placed.pair))
            )
    blocks: list[BlockNeed] = []
    pairs = [
        p for _, p in sorted(inventory.pairs.items()) if f"{p.name}A" in present or f"{p.name}B" in present
    ]
    for pair in pairs:
        if pair.role == "access" or pair.name in attached:
            blocks.append(BlockNeed("business", pair.site, pair.name, pair.name, attached.get(pair.name, 0)))
        if pair.keepalive == "port":
            blocks.append(BlockNeed("interconnect", pair.site, pair.name, pair.name, None))
            addresses.extend(
                AddressNeed("interconnect", pair.site, f"{pair.name}{side}", KEEPALIVE, pair.name, offset)
                for offset, side in enumerate("AB")
                if f"{pair.name}{side}" in present
            )
    _links(inventory, present, cables, blocks, addresses)
    return Needs(tuple(blocks), tuple(addresses), _asns(inventory, pairs))


def business_interface(device: Device) -> str:
    """Name of the business interface: the one cabled interface, or the bond over several."""
    attach = device.record.attach if isinstance(device.record, m.Fleet) else None
    return attach.interfaces[0] if attach and len(attach.interfaces) == 1 else BOND


def vlan_of(inventory: Inventory) -> Mapping[tuple[str, str, str | None], m.Vlan]:
    """VLAN by (plane, site, pair or None); the lowest id where several would do."""
    out: dict[tuple[str, str, str | None], m.Vlan] = {}
    for vlan in sorted(inventory.vlans.values(), key=lambda v: (v.site, v.vid)):
        out.setdefault((vlan.plane, vlan.site, vlan.pair), vlan)
    return out


def find_vlan(
    vlans: Mapping[tuple[str, str, str | None], m.Vlan], plane: str, site: str, pair: str | None
) -> m.Vlan | None:
    """The VLAN of a prefix: that of the plane and pair, else that of the plane at the site."""
    return vlans.get((plane, site, pair)) or vlans.get((plane, site, None))


def hosts_with_spare(hosts: int, gateways: int, spare: float) -> int:
    """Addresses a prefix must offer: (hosts + gateways) x (1 + spare), rounded up."""
    return math.ceil((hosts + gateways) * (1 + spare) - 1e-9)


def link_ends(inventory: Inventory, cable: Cable) -> tuple[tuple[str, str], tuple[str, str]]:
    """Ends of an uplink as (device, interface), core side first: the switch that stands already, else end b.

    A port nobody surveyed yet is named `unsurveyed-<cable id>`.
    """
    core, near = cable.b, cable.a
    if near.device in inventory.existing_switches and core.device not in inventory.existing_switches:
        core, near = near, core
    missing = f"unsurveyed-{cable.id}"
    return (core.device, core.port or missing), (near.device, near.port or missing)


def _rank(device: Device, placed: PlacedDevice) -> tuple[str, str, str, str, int, str]:
    return (device.site or "", device.role, placed.pair or "", device.owner, device.index, device.name)


def _links(
    inventory: Inventory, present: Mapping[str, PlacedDevice], cables: Sequence[Cable],
    blocks: list[BlockNeed], addresses: list[AddressNeed],
) -> None:  # fmt: skip
    known = {**present, **dict.fromkeys(inventory.existing_switches)}
    for cable in sorted((c for c in cables if c.kind == "uplink"), key=lambda c: c.id):
        core, near = link_ends(inventory, cable)
        device = inventory.devices.get(near[0])
        if core[0] not in known or near[0] not in present or device is None or device.site is None:
            continue
        blocks.append(BlockNeed("p2p", device.site, cable.id, device.owner, None))
        addresses.append(AddressNeed("p2p", device.site, *core, cable.id, 0))
        addresses.append(AddressNeed("p2p", device.site, *near, cable.id, 1))


def _asns(inventory: Inventory, pairs: Sequence[m.Pair]) -> tuple[AsnNeed, ...]:
    core: list[AsnNeed] = []
    for site in sorted({p.site for p in pairs}):
        stated = [
            s.asn
            for s in inventory.existing_switches.values()
            if s.site == site and s.role == "core" and s.asn
        ]
        if stated or any(p.site == site and p.role == "core" for p in inventory.asn_pools.values()):
            core.append(AsnNeed(site, "core", "core", min(stated, default=None)))
    own = [
        AsnNeed(p.site, ASN_ROLE[p.role], p.name)
        for p in sorted(pairs, key=lambda p: (p.site, p.role, p.name))
    ]
    return (*core, *own)
