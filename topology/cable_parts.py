"""What names a cable once its two ends are known: id, labels, colour, and the places between which it runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from inventory.catalog_parts import CableType
from inventory.inventory import Device, Inventory
from inventory.model import Fleet, Pair
from inventory.plan_model import CableKind, PlacedDevice
from topology.trays import Place, Trays

LETTERS = {"fibre": "F", "aoc": "F", "copper": "C", "dac": "D", "serial": "S"}
"""Class letter of a cable id by kind of cable."""
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
