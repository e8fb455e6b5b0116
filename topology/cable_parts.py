"""What one cable consists of once its two ends are known: medium, optics, speed, length, colour, labels, bundle, id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from inventory.catalog_parts import CableType, Optic
from inventory.inventory import Device, Inventory
from inventory.model import Fleet, Link, Pair
from inventory.plan_model import CableKind, PlacedDevice
from topology.trays import Place, Trays

LETTERS = {"fibre": "F", "aoc": "F", "copper": "C", "dac": "D", "serial": "S"}
"""Class letter of a cable id by kind of cable."""
SERIAL_GBPS = 0.0
"""Speed written for serial lines: they carry no Ethernet."""
UNKNOWN_PORT = "?"
_ID = re.compile(r"^(?P<site>.+)-(?P<letter>[FCDS])-(?P<number>[0-9]{6,})$")


class CableId(NamedTuple):
    """A cable id taken apart."""

    site: str
    letter: str
    number: int


def parse_id(text: str) -> CableId | None:
    """Site, class letter and running number of a cable id like `A-F-000123`; None when it has another form."""
    match = _ID.match(text)
    return CableId(match["site"], match["letter"], int(match["number"])) if match else None


def cable_id(site: str, letter: str, number: int) -> str:
    """A cable id from its parts."""
    return f"{site}-{letter}-{number:06d}"


def end_label(device: str, placed: PlacedDevice | None, port: str | None) -> str:
    """One half of a cable label: rack, rack unit and port; a switch that stands already goes by its name."""
    where = device
    if placed is not None and placed.rack is not None and placed.position is not None:
        where = f"{placed.rack}-U{placed.position:02d}"
    return f"{where}:{port if port is not None else UNKNOWN_PORT}"


def joined_labels(near: str, far: str) -> tuple[str, str]:
    """Labels for end a and end b, each with its near end first."""
    return f"{near}/{far}", f"{far}/{near}"


def purpose_of(kind: CableKind, near: Device | None) -> str:
    """Which entry of the catalogue's `colours` a cable without a colour of its own takes."""
    if kind in ("oob", "oob-uplink", "keepalive"):
        return "oob"
    if kind == "console":
        return "console"
    record = near.record if near else None
    if isinstance(record, Pair) and record.role == "dci":
        return "dci"
    if isinstance(record, Fleet) and record.workload == "storage":
        return "storage"
    return "business"


def colour_of(inventory: Inventory, cable: CableType, kind: CableKind, near: Device | None) -> str:
    """Colour of the cable: its own (fibre grades), else that of its purpose; empty when neither is defined."""
    return cable.colour or inventory.catalog.colours.get(purpose_of(kind, near), "")


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


class Places:
    """Where every cable end stands: planned devices and switches that stand already."""

    def __init__(self, trays: Trays, placed: Mapping[str, PlacedDevice]) -> None:
        self.trays = trays
        self.placed = placed
        self._place: dict[str, Place | None] = {}

    def of(self, device: str) -> Place | None:
        """Place of a device by name; None while unknown."""
        if device not in self._place:
            existing = self.trays.inventory.existing_switches.get(device)
            if device in self.placed:
                self._place[device] = self.trays.place(self.placed[device])
            else:
                self._place[device] = self.trays.existing_place(existing) if existing else None
        return self._place[device]

    def label(self, device: str, port: str | None) -> str:
        """Half a cable label for a port of a device."""
        return end_label(device, self.placed.get(device), port)

    def spot(self, device: str) -> str:
        """Rack of a planned device, else the device's own name: what a bundle starts from."""
        placed = self.placed.get(device)
        return placed.rack if placed is not None and placed.rack is not None else device
