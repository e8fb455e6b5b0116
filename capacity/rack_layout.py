"""Rack units: which position and face every device of one rack takes.

Switches stand in the switch units from the top (out-of-band and console gear from the lowest of them),
everything else from the server zone upward with the heaviest lowest, and a free unit for a cable manager
follows every few servers. What stood somewhere before stays there.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from inventory.catalog_model import DeviceType, RackType
from inventory.inventory import Device, RackPlace
from inventory.policy import Policy

Face = Literal["front", "rear"]


class Slot(NamedTuple):
    """Where a device stands in its rack: lowest U occupied (1 at the bottom) and face."""

    position: int
    face: Face = "front"


class Standing(NamedTuple):
    """A device that belongs into a rack: weight in kg (None: unknown, taken as heaviest) and height in U."""

    device: Device
    weight_kg: float | None
    height_u: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Slots by device name in name order, and the names of devices for which there was no room."""

    slots: Mapping[str, Slot]
    left_out: tuple[str, ...]


def mounting_faces(device_type: DeviceType) -> tuple[Face, ...]:
    """Faces a device may be mounted at, the usual one first, so that its air runs from the rack's front to
    its rear: a switch whose ports blow out (rear-to-front) shows them at the rear. A half-depth device
    without such a direction may also stand at the other face."""
    if device_type.airflow == "rear-to-front":
        return ("rear",)
    if device_type.airflow == "front-to-rear" or device_type.is_full_depth:
        return ("front",)
    return ("front", "rear")


def units_taken(position: int, height_u: float) -> range:
    """Rack units that a device of `height_u` covers from `position` upward; a part of a unit counts whole."""
    return range(position, position + math.ceil(height_u))


def lay_out(
    rack: RackPlace, devices: Sequence[Standing], fixed: Mapping[str, Slot], policy: Policy
) -> Layout:
    """Positions of all `devices` of `rack`.

    Parameters: every device that belongs into the rack; `fixed` the slots that must not change, by device
    name (names not among `devices` are ignored); the policy gives `rack.manager_every`. The order of
    `devices` does not matter. The number of units used never passes `usable_u` of the rack type. When not all
    find room, cable managers are given up.

    Returns the slots of all devices that found room, fixed ones included, and the names of the rest.
    """
    first = _attempt(rack.rack_type, devices, fixed, round(policy.number("rack.manager_every")))
    return first if not first.left_out else _attempt(rack.rack_type, devices, fixed, 0)


def _attempt(
    rack_type: RackType, devices: Sequence[Standing], fixed: Mapping[str, Slot], manager_every: int
) -> Layout:
    work = _Rack(rack_type, manager_every)
    slots: dict[str, Slot] = {}
    waiting: list[Standing] = []
    for item in sorted(devices, key=lambda s: s.device.name):
        slot = fixed.get(item.device.name)
        if slot is None:
            waiting.append(item)
        else:
            slots[item.device.name] = slot
            work.take(item, slot)
    waiting.sort(key=_heaviest_first)
    waiting = work.stand_in_switch_units(waiting, slots)
    waiting = work.stand_in_server_zone(waiting, slots)
    waiting = work.stand_anywhere(waiting, slots)
    return Layout(dict(sorted(slots.items())), tuple(sorted(s.device.name for s in waiting)))


def _heaviest_first(item: Standing) -> tuple[float, str]:
    return (-math.inf if item.weight_kg is None else -item.weight_kg, item.device.name)


class _Rack:
    """The units of one rack while it is filled."""

    def __init__(self, rack_type: RackType, manager_every: int) -> None:
        layout = rack_type.rackwright.layout
        units = range(rack_type.starting_unit, rack_type.starting_unit + rack_type.u_height)
        self.blank = frozenset(layout.blank_u)
        self.units = tuple(u for u in units if u not in self.blank)
        self.switch_units = tuple(sorted((u for u in layout.switch_u if u in self.units), reverse=True))
        apart = self.blank | {*layout.switch_u, *layout.manager_u, *layout.reserve_u}
        self.server_units = tuple(u for u in self.units if u >= layout.server_from_u and u not in apart)
        self.usable = rack_type.rackwright.usable_u or rack_type.u_height
        self.manager_every = manager_every
        self.managers: set[int] = set()
        self.held: dict[int, list[tuple[Face, bool]]] = {}
        """Unit -> (face, full depth) of what stands there."""

    def take(self, item: Standing, slot: Slot) -> None:
        """Note that `item` covers its units from `slot`."""
        for unit in units_taken(slot.position, item.height_u):
            self.held.setdefault(unit, []).append((slot.face, item.device.type.is_full_depth))

    def fits(self, item: Standing, slot: Slot, allowed: Iterable[int]) -> bool:
        """True when every unit from `slot` upward is allowed and free for this depth and face, and the rack
        still has so many usable units."""
        taken = units_taken(slot.position, item.height_u)
        inside = set(allowed)
        if not all(unit in inside for unit in taken):
            return False
        for unit in taken:
            for face, full_depth in self.held.get(unit, ()):
                if full_depth or item.device.type.is_full_depth or face == slot.face:
                    return False
        fresh = sum(1 for unit in taken if unit not in self.held)
        return len(self.held) + fresh <= self.usable

    def place(self, item: Standing, slot: Slot, slots: dict[str, Slot]) -> None:
        slots[item.device.name] = slot
        self.take(item, slot)

    def stand_in_switch_units(self, waiting: list[Standing], slots: dict[str, Slot]) -> list[Standing]:
        """Access switches into the highest switch units, out-of-band switches and console servers into the
        lowest; returns who did not get one."""
        left: list[Standing] = []
        for item in sorted(waiting, key=lambda s: s.device.name):
            if not _is_network_gear(item.device):
                continue
            units = self.switch_units if _is_access_switch(item.device) else self.switch_units[::-1]
            face = mounting_faces(item.device.type)[0]
            start = next((u for u in units if self.fits(item, Slot(u, face), self.switch_units)), None)
            if start is None:
                left.append(item)
            else:
                self.place(item, Slot(start, face), slots)
        return sorted([*left, *(s for s in waiting if not _is_network_gear(s.device))], key=_heaviest_first)

    def stand_in_server_zone(self, waiting: list[Standing], slots: dict[str, Slot]) -> list[Standing]:
        """Walk the server zone upward: into each gap the heaviest device that fits; after every
        `manager_every` servers one free unit is left for a cable manager."""
        left = list(waiting)
        run = 0
        skip_to = 0
        for unit in self.server_units:
            if unit < skip_to:
                continue
            if unit in self.held:
                run += sum(1 for slot in slots.values() if slot.position == unit)
                continue
            if self.manager_every and run >= self.manager_every:
                self.managers.add(unit)
                run = 0
                continue
            item = next((s for s in left if self.fits(s, _usual(s, unit), self.server_units)), None)
            if item is None:
                run = 0
                continue
            left.remove(item)
            self.place(item, _usual(item, unit), slots)
            run += 1
            skip_to = units_taken(unit, item.height_u).stop
        return left

    def stand_anywhere(self, waiting: list[Standing], slots: dict[str, Slot]) -> list[Standing]:
        """Any usable unit that is still free, the dearest last: outside the zone, manager units, switch
        units, then the other face."""
        switch = set(self.switch_units)
        ranges: tuple[Sequence[int], ...] = (
            tuple(u for u in self.units if u not in switch and u not in self.managers),
            tuple(u for u in self.units if u not in switch),
            self.units,
        )
        left: list[Standing] = []
        for item in waiting:
            options = [(units, face) for face in mounting_faces(item.device.type) for units in ranges]
            for units, face in options:
                order = units[::-1] if _is_network_gear(item.device) else units
                start = next((u for u in order if self.fits(item, Slot(u, face), units)), None)
                if start is not None:
                    self.place(item, Slot(start, face), slots)
                    break
            else:
                left.append(item)
        return left


def _usual(item: Standing, unit: int) -> Slot:
    return Slot(unit, mounting_faces(item.device.type)[0])


def _is_access_switch(device: Device) -> bool:
    return device.kind == "switch" and device.role != "oob"


def _is_network_gear(device: Device) -> bool:
    return device.kind in ("switch", "console-server")
