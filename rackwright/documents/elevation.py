"""Rack elevations: what stands where, as boxes with their place in the drawing. U1 is at the bottom."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from inventory.catalog_model import RackType
from inventory.findings import Text
from inventory.inventory import Inventory, RackPlace
from inventory.plan_model import Plan
from rackwright.documents.device_list import GROUPS, DeviceLine
from rackwright.documents.power_bars import Bar, bar

UNIT_PX = 10
GUTTER_PX = 15
WIDTH_PX = 132
INNER_PX = WIDTH_PX - GUTTER_PX - 3
_CHARACTER_PX = 4.6
"""Drawing sizes: one rack unit, the column of U numbers, a rack, its inside, an average letter."""


@dataclass(frozen=True, slots=True)
class Box:
    """One device in the drawing, pixels from the upper left corner. `squeeze` is the width its name must be
    drawn in, None when it fits as it is."""

    x: float
    y: float
    width: float
    height: float
    name: str
    squeeze: float | None
    group: str
    rear: bool
    hover: str


@dataclass(frozen=True, slots=True)
class RackDrawing:
    """One rack. `bar` None: no load line; `frame` names the empty drawing of its type."""

    rack: RackPlace
    frame: str
    height: int
    boxes: tuple[Box, ...]
    used_u: int
    usable_u: int
    bar: Bar | None

    @property
    def label(self) -> str:
        """What a screen reader says."""
        return f"{self.rack.name}: {len(self.boxes)} 台设备 devices, {self.used_u}/{self.usable_u} U"


@dataclass(frozen=True, slots=True)
class RowDrawing:
    """The racks of one row, left to right."""

    name: str
    racks: tuple[RackDrawing, ...]


@dataclass(frozen=True, slots=True)
class RoomDrawing:
    """The rows of one room."""

    name: str
    site: Text
    rows: tuple[RowDrawing, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """The empty drawing of a rack type: unit numbers from the top, and bands for what stands there by rule."""

    name: str
    height: int
    units: tuple[tuple[int, float], ...]
    bands: tuple[tuple[str, float], ...]


def frames(inventory: Inventory) -> tuple[Frame, ...]:
    """One frame per rack type in use, by slug. Bands are blank, manager or reserve and the upper edge in px."""
    types = {rack.rack_type.slug: rack.rack_type for rack in inventory.racks.values()}
    return tuple(_frame(rack_type) for _, rack_type in sorted(types.items()))


def rooms(inventory: Inventory, plan: Plan, lines: Sequence[DeviceLine]) -> tuple[RoomDrawing, ...]:
    """Elevations of every rack by room and row, empty and reserved racks included."""
    loads = {line.element: line for line in plan.power if line.kind == "rack"}
    standing: dict[str, list[DeviceLine]] = {}
    for device in lines:
        if device.rack is not None:
            standing.setdefault(device.rack.name, []).append(device)
    out = []
    for room in inventory.rooms.values():
        rows = []
        for row in inventory.rows.values():
            if row.room != room.name:
                continue
            racks = []
            for rack in (inventory.racks[r.name] for r in row.racks):
                line = loads.get(rack.name)
                racks.append(_drawing(rack, standing.get(rack.name, []), bar(line) if line else None))
            rows.append(RowDrawing(row.name, tuple(racks)))
        title = inventory.sites[room.site].title
        out.append(RoomDrawing(room.name, Text(title.en, title.zh), tuple(rows)))
    return tuple(out)


def _frame(rack_type: RackType) -> Frame:
    layout = rack_type.rackwright.layout
    first = rack_type.starting_unit
    units = range(first, first + rack_type.u_height)
    bands = [
        (kind, _top(rack_type, unit, 1))
        for kind, listed in (
            ("blank", layout.blank_u),
            ("manager", layout.manager_u),
            ("reserve", layout.reserve_u),
        )
        for unit in sorted(listed)
        if unit in units
    ]
    return Frame(
        f"frame-{rack_type.slug}",
        rack_type.u_height * UNIT_PX,
        tuple((unit, _top(rack_type, unit, 1)) for unit in reversed(units)),
        tuple(bands),
    )


def _drawing(rack: RackPlace, devices: Sequence[DeviceLine], load: Bar | None) -> RackDrawing:
    boxes = []
    taken = Counter(unit for line in devices for unit in _units(line))
    for line in devices:
        if line.placed is None or line.placed.position is None:
            continue
        height_u = line.height_u or 1.0
        rear = line.placed.face == "rear"
        shared = any(taken[unit] > 1 for unit in _units(line))
        width = INNER_PX / 2 if shared else INNER_PX
        boxes.append(
            Box(
                GUTTER_PX + (INNER_PX / 2 if rear and shared else 0),
                _top(rack.rack_type, line.placed.position, height_u) + 0.5,
                width,
                height_u * UNIT_PX - 1,
                line.name,
                width - 6 if len(line.name) * _CHARACTER_PX > width - 6 else None,
                line.group,
                rear,
                _hover(line),
            )
        )
    hints = rack.rack_type.rackwright
    return RackDrawing(
        rack,
        f"frame-{rack.rack_type.slug}",
        rack.rack_type.u_height * UNIT_PX,
        tuple(boxes),
        len(taken),
        hints.usable_u or rack.rack_type.u_height,
        load,
    )


def _units(line: DeviceLine) -> range:
    """Rack units a device covers; a part of a unit counts whole."""
    if line.placed is None or line.placed.position is None:
        return range(0)
    return range(line.placed.position, line.placed.position + max(math.ceil(line.height_u or 1), 1))


def _top(rack_type: RackType, position: int, height_u: float) -> float:
    """Upper edge in px of something that stands on `position`."""
    above = rack_type.starting_unit + rack_type.u_height - position - height_u
    return round(above * UNIT_PX, 2)


def _hover(line: DeviceLine) -> str:
    """Details shown when the pointer rests on a device."""
    placed = line.placed
    parts = [
        f"{line.name}  {placed.rack if placed else ''} {line.units}{' 后部 rear' if placed and placed.face == 'rear' else ''}",
        f"{line.title.zh} / {line.title.en} ({GROUPS[line.group].zh} {GROUPS[line.group].en})",
        line.type.model if line.type else placed.device_type if placed else "",
        f"{line.power.alloc_w:.0f} W 分配 alloc, {line.power.peak_w:.0f} W 峰值 peak"
        if line.power
        else "功耗未知 draw not known",
    ]
    if placed and placed.pair:
        parts.append(f"接入 pair {placed.pair}")
    return "\n".join(part for part in parts if part)
