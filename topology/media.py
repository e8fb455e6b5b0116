"""How a link is made: cable, optics at both ends and speed, as the inventory declares it or lets it follow."""

from __future__ import annotations

from dataclasses import dataclass

from inventory.catalog_parts import CableType, Optic
from inventory.device_model import Interface
from inventory.interface_types import form_factor, speed_gbps
from inventory.inventory import Inventory
from inventory.model import Fleet, Link, OobSwitch, Pair
from inventory.plan_model import Cable
from topology.ports import port_plan_of, ports_for

SERIAL_GBPS = 0.0
"""Speed written for serial lines: they carry no Ethernet."""


def port_form(inventory: Inventory, device: str, port: str | None = None) -> str | None:
    """Form factor of a port: of the device type, or what is said of a switch that stands already; None: unknown."""
    known = inventory.devices.get(device)
    if known is not None:
        interface = known.type.interface_by_name.get(port or "")
        return interface.form_factor if interface else None
    switch = inventory.existing_switches.get(device)
    return form_factor(switch.port_type) if switch and switch.port_type else None


def port_gbps(inventory: Inventory, device: str, port: str | None) -> float | None:
    """Speed of a port in Gbit/s: of the device type, or what is said of a switch that stands already; None: unknown."""
    known = inventory.devices.get(device)
    if known is not None:
        interface = known.type.interface_by_name.get(port or "")
        return interface.speed_gbps if interface else None
    switch = inventory.existing_switches.get(device)
    return speed_gbps(switch.port_type) if switch and switch.port_type else None


def optic_at(form_factor: str | None, cable: CableType, optic: str | None) -> str | None:
    """The optic an end takes: none on moulded or serial cables and where the port has a plug of its own."""
    if cable.fixed_ends or cable.kind == "serial" or form_factor in ("rj45", "fixed", "backplane"):
        return None
    return optic


@dataclass(frozen=True, slots=True)
class Medium:
    """How a link is made: cable and the optic at its near and its far end."""

    cable: CableType
    near_optic: str | None
    far_optic: str | None


def medium_of(inventory: Inventory, link: Link, near_form: str | None, far_form: str | None) -> Medium:
    """Cable and optics of a declared link. Without `far_optic` both ends of a fibre take the same optic; a
    copper link has one at the far end only where the far port is a known cage."""
    cable = inventory.catalog.cables[link.cable]
    far = link.far_optic
    if far is None and (cable.kind == "fibre" or far_form is not None):
        far = link.optic
    return Medium(cable, optic_at(near_form, cable, link.optic), optic_at(far_form, cable, far))


def fibre_for(inventory: Inventory, optic: Optic) -> CableType | None:
    """The straight fibre cable with which an optic reaches farthest; None: the catalogue has none."""
    fitting = [
        c
        for c in inventory.catalog.cables.values()
        if c.kind == "fibre" and c.branches == 1 and c.grade in optic.reach_m
        and (c.connector_a, c.connector_b) == (optic.connector, optic.connector)
    ]  # fmt: skip
    return min(fitting, key=lambda c: (-optic.reach_m[c.grade], c.slug), default=None)


def copper_for(inventory: Inventory, speed_gbps: float) -> CableType | None:
    """The plainest copper cable between two RJ45 ports that carries the speed; None: the catalogue has none."""
    fitting = [
        c
        for c in inventory.catalog.cables.values()
        if c.kind == "copper" and (c.connector_a, c.connector_b) == ("rj45", "rj45")
        and c.speed_gbps is not None and c.speed_gbps >= speed_gbps
    ]  # fmt: skip
    return min(fitting, key=lambda c: (c.speed_gbps or 0.0, c.slug), default=None)


def link_speed_gbps(inventory: Inventory, medium: Medium, *port_gbps: float | None) -> float:
    """Speed of a link in Gbit/s: the slowest of ports, optics and cable that state one."""
    optics = inventory.catalog.optics
    known = [s for s in port_gbps if s is not None]
    known += [optics[o].speed_gbps for o in (medium.near_optic, medium.far_optic) if o is not None]
    if medium.cable.speed_gbps is not None:
        known.append(medium.cable.speed_gbps)
    return min(known, default=SERIAL_GBPS)


def access_medium(
    inventory: Inventory, fleet: Fleet, interface: Interface, pair: str, member: str
) -> Medium | None:
    """Cable and optics of a server link; None when nothing says or implies a cable.

    A new pair states its cable and optic; the fleet may state another optic, which then serves both ends if
    the two cannot talk to each other. For a pair that stands already the optic is the fleet's own or comes
    with its servers, and the cable is the fibre on which it reaches farthest.
    """
    catalog = inventory.catalog
    own = fleet.attach.optic if fleet.attach else None
    record = inventory.pairs.get(pair)
    if record is not None:
        ports = ports_for(inventory.port_plans[record.port_plan], "server")
        far_form = port_form(inventory, member, ports[0] if ports else None)
        cable = catalog.cables[record.downlink.cable]
        near_optic, far_optic = (
            own or record.downlink.far_optic or record.downlink.optic,
            record.downlink.optic,
        )
        if own and far_optic and not catalog.optics[own].joins(catalog.optics[far_optic]):
            far_optic = own
        return Medium(
            cable, optic_at(interface.form_factor, cable, near_optic), optic_at(far_form, cable, far_optic)
        )
    far_form = port_form(inventory, member)
    if interface.form_factor == "rj45":
        copper = copper_for(inventory, interface.speed_gbps or 0.0)
        return Medium(copper, None, None) if copper else None
    optic = _supplied_optic(inventory, fleet, interface) if own is None else catalog.optics[own]
    fibre = fibre_for(inventory, optic) if optic else None
    if optic is None or fibre is None:
        return None
    return Medium(fibre, optic.slug, optic_at(far_form, fibre, optic.slug))


def _supplied_optic(inventory: Inventory, fleet: Fleet, interface: Interface) -> Optic | None:
    """The optic that comes with the servers of a fleet and fits the interface."""
    for supplied in fleet.supplied:
        optic = inventory.catalog.optics.get(supplied.item)
        if optic is not None and interface.form_factor in optic.cages:
            return optic
    return None


def uplink_medium(inventory: Inventory, near: str, record: Pair | OobSwitch, far: str) -> Medium | None:
    """Cable and optics of an uplink; None when the switch has none or its port plan names no usable port."""
    ports = ports_for(port_plan_of(inventory, inventory.devices[near]), "uplink")
    if record.uplinks is None or not _on_type(inventory, near, ports):
        return None
    return medium_of(
        inventory, record.uplinks, port_form(inventory, near, ports[0]), port_form(inventory, far)
    )  # fmt: skip


def peer_medium(inventory: Inventory, pair: Pair) -> Medium | None:
    """Cable and optics of the peer links of a pair; None when it has none or no port for them."""
    near = f"{pair.name}A"
    ports = ports_for(port_plan_of(inventory, inventory.devices[near]), "peer_link")
    if pair.peer_link is None or not _on_type(inventory, near, ports):
        return None
    form = port_form(inventory, near, ports[0])
    return medium_of(inventory, pair.peer_link, form, form)


def keepalive_medium(inventory: Inventory, pair: Pair) -> Medium | None:
    """Cable and optics of a keepalive cable between two ports: those of the pair's downlinks."""
    near = f"{pair.name}A"
    ports = ports_for(port_plan_of(inventory, inventory.devices[near]), "keepalive")
    if not _on_type(inventory, near, ports):
        return None
    form = port_form(inventory, near, ports[0])
    return medium_of(inventory, pair.downlink, form, form)


def oob_medium(inventory: Inventory, near: str, interface: str, far: str, port: str) -> Medium:
    """Cable and optics between a management port and an out-of-band switch. The switch end takes the optic
    of the switch's downlink; the device end takes one where the cable is fibre."""
    link = inventory.oob_switches[far].downlink
    cable = inventory.catalog.cables[link.cable]
    near_optic = link.far_optic or (link.optic if cable.kind == "fibre" else None)
    return Medium(
        cable,
        optic_at(port_form(inventory, near, interface), cable, near_optic),
        optic_at(port_form(inventory, far, port), cable, link.optic),
    )


def console_medium(inventory: Inventory) -> Medium | None:
    """The serial cable of the catalogue, first by name; None: it has none."""
    serial = next((c for c in inventory.catalog.cables.values() if c.kind == "serial"), None)
    return Medium(serial, None, None) if serial else None


def _on_type(inventory: Inventory, device: str, ports: tuple[str, ...]) -> bool:
    return bool(ports) and ports[0] in inventory.devices[device].type.interface_by_name


def declared_medium(inventory: Inventory, cable: Cable, access: Medium | None) -> Medium | None:
    """Cable and optics that the inventory declares for a cable of the plan; `access` is that of its business
    link. None when nothing declares it."""
    near = inventory.devices.get(cable.a.device)
    record = near.record if near else None
    match cable.kind:
        case "access":
            return access
        case "uplink" | "oob-uplink" if isinstance(record, Pair | OobSwitch):
            return uplink_medium(inventory, cable.a.device, record, cable.b.device)
        case "peer-link" if isinstance(record, Pair):
            return peer_medium(inventory, record)
        case "keepalive" if isinstance(record, Pair):
            return keepalive_medium(inventory, record)
        case "oob" if cable.b.device in inventory.oob_switches:
            return oob_medium(
                inventory, cable.a.device, cable.a.port or "", cable.b.device, cable.b.port or ""
            )
        case "console":
            return console_medium(inventory)
    return None
