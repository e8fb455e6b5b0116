"""Racks hold what stands in them: usable height, weight, floor load, centre of gravity, names (RCK003-RCK007, RCK013)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import cast

from capacity.checks import rack_placement as rack_placement  # imported for their checks
from capacity.checks import rack_types as rack_types
from capacity.checks.power_state import clause_breaks, clause_states
from capacity.checks.rack_state import Filled, filled_racks, structure_kg
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text, names_text
from inventory.model import Room, Row

_GRAVITY_M_S2 = 9.81


def _heaviest(item: Filled, ctx: Context) -> list[Related]:
    devices = [s for s in item.devices if s.device.type.weight_kg is not None]
    devices.sort(key=lambda s: (-(s.device.type.weight_kg or 0.0), s.device.name))
    return [
        Related(ctx.where(s.placed, "name"), f"{s.device.name}: {s.device.type.weight_kg:g} kg") for s in devices[:3]
    ]  # fmt: skip


def _kg_text(item: Filled) -> str:
    """Weights added up by device type: `6 x 33 kg`."""
    counts: dict[tuple[str, float], int] = {}
    for standing in item.devices:
        weight = standing.device.type.weight_kg
        if weight is not None:
            key = (standing.device.type.slug, weight)
            counts[key] = counts.get(key, 0) + 1
    ordered = sorted(counts.items(), key=lambda c: (-c[0][1] * c[1], c[0]))
    return " + ".join(f"{n} x {kg:g} kg ({slug})" for (slug, kg), n in ordered)


@check(
    "RCK003", severity=Severity.ERROR, title=Text("More rack units used than usable", "使用机位超过可用数"),
    clause="usable height from the lease; reserve is an engineering estimate", over=filled_racks,
)  # fmt: skip
def units_within_usable(item: Filled, ctx: Context) -> Iterator[Finding]:
    """The rack units in use stay within the usable height, and leave the reserve free.

    More than usable is an error; into the reserve a warning.
    Why it matters: cable managers, blanking panels and the next device need the rest.
    How to fix: move a device to another rack.
    Source: usable units from the lease; reserve of 10 % is an engineering estimate.
    Failing: 21 devices of 2U in a rack of 40 usable U
    Passing: 18 devices of 2U
    """
    hints = item.rack.rack_type.rackwright
    if hints.usable_u is None:
        first = next(f for f in filled_racks(ctx) if f.rack.rack_type is item.rack.rack_type)
        if item is first and not clause_states(ctx, "rack", "usable_u"):
            yield lacking(
                "RCK003", item.rack.rack_type.slug, Text("usable height unknown", "可用机位数未知"),
                ctx.where(item.rack.rack_type, "rackwright", "usable_u"),
                Text("the operator states usable_u", "由机房方给出 usable_u"),
            )  # fmt: skip
        return
    used = len({unit for s in item.devices for unit in s.units})
    reserve = ctx.inventory.policy.number("rack.u_reserve")
    planned = math.floor(hints.usable_u * (1 - reserve))
    if used <= planned or clause_breaks(ctx, "rack", "usable_u", hints.usable_u):
        return
    limit = hints.usable_u if used > hints.usable_u else planned
    yield finding(
        "RCK003", item.rack.name,
        Text(f"{used} U in use, limit {limit} U", f"已用 {used} U，限值 {limit} U"),
        ctx.where(item.rack.record, "name"),
        fix=Text(f"move {used - limit} U or more to another rack", f"将不少于 {used - limit} U 移到其他机柜"),
        arithmetic=f"{used} U > {limit} U" + ("" if limit == hints.usable_u else f" = {hints.usable_u} U x (1 - {reserve:g})"),
        severity=Severity.ERROR if used > hints.usable_u else Severity.WARNING,
    )  # fmt: skip


@check(
    "RCK005", severity=Severity.ERROR, title=Text("Rack too heavy", "机柜超重"),
    clause="static load rating of the rack", over=filled_racks,
)  # fmt: skip
def weight_within_rating(item: Filled, ctx: Context) -> Iterator[Finding]:
    """Rack, power strips, cables and devices together stay below the static load of the rack.

    Why it matters: rails and castors bend before anything is seen, and an overloaded rack must not be moved.
    How to fix: move devices to another rack.
    Source: rating of the rack maker; rack, strip and cable weights are engineering estimates.
    Failing: 20 devices of 45 kg in a rack of 1000 kg static load (1066 kg with rack and strips)
    Passing: 7 devices of 33 kg (397 kg)
    """
    total_kg = _overweight(ctx).get(item.rack.name)
    if total_kg is None:
        return
    rack_type = item.rack.rack_type
    limit_kg = rack_type.rackwright.static_kg or 0
    same = [f for f in filled_racks(ctx) if f.rack.rack_type is rack_type]
    alike = [f for f in same if f.rack.name in _overweight(ctx)]
    many = len(alike) >= 3 and len(alike) * 2 > len(same)
    if many and item is not alike[0]:
        return
    others = f" (and {len(alike) - 1} more racks)" if many else ""
    zh_others = f"（另有 {len(alike) - 1} 个机柜）" if many else ""
    rating = ctx.where(rack_type, "rackwright", "static_kg")
    yield finding(
        "RCK005", rack_type.slug if many else item.rack.name,
        Text(f"{item.rack.name} weighs {total_kg:.0f} kg, limit {limit_kg} kg{others}",
             f"{item.rack.name} 总重 {total_kg:.0f} kg，限值 {limit_kg} kg{zh_others}"),
        rating if many else ctx.where(item.rack.record, "name"),
        fix=Text(f"move {total_kg - limit_kg:.0f} kg or more to another rack", f"将不少于 {total_kg - limit_kg:.0f} kg 移到其他机柜"),
        arithmetic=f"{structure_kg(ctx, item.rack):g} kg (rack, strips, cables) + {_kg_text(item)} = {total_kg:.0f} kg > {limit_kg} kg",
        related=[*([] if many else [Related(rating, f"{rack_type.slug}: {limit_kg} kg")]), *_heaviest(item, ctx)],
    )  # fmt: skip


def _overweight(ctx: Context) -> dict[str, float]:
    """Racks that are heavier than they may be, with their weight in kg."""

    def make() -> dict[str, float]:
        out: dict[str, float] = {}
        for item in filled_racks(ctx):
            limit_kg = item.rack.rack_type.rackwright.static_kg
            own_kg = structure_kg(ctx, item.rack)
            total_kg = (own_kg or 0.0) + item.device_kg[0]
            if limit_kg is not None and own_kg is not None and total_kg > limit_kg:
                out[item.rack.name] = total_kg
        return out

    return cast(dict[str, float], ctx.memo("overweight-racks", make))


@check(
    "RCK006", severity=Severity.WARNING, title=Text("Floor load too high", "楼面荷载超限"),
    clause="GB 50174-2017 Annex A (live load)", over=filled_racks, unless=("RCK005",),
)  # fmt: skip
def floor_carries_rack(item: Filled, ctx: Context) -> Iterator[Finding]:
    """The weight of a rack over its own area and its share of the aisle stays below the floor's live load.

    Why it matters: a raised floor fails locally, under one rack.
    How to fix: spread the load, leave an empty rack beside it, or have the floor reinforced.
    Source: GB 50174-2017 Annex A (8-12 kN/m2); the share of the aisle is an engineering estimate.
    Failing: 1300 kg on a rack of 0.6 m x 1.2 m (8.9 kN/m2)
    Passing: 400 kg (2.7 kN/m2)
    """
    rack_type = item.rack.rack_type
    own_kg, depth_mm = structure_kg(ctx, item.rack), rack_type.outer_depth_mm
    if own_kg is None or depth_mm is None or rack_type.outer_width is None:
        return
    share_m = ctx.inventory.policy.number("rack.aisle_share_m")
    limit = ctx.inventory.policy.number("rack.floor_kn_m2")
    total_kg = own_kg + item.device_kg[0]
    width_m = rack_type.outer_width * (0.0254 if rack_type.outer_unit == "in" else 0.001)
    depth_m = depth_mm / 1000
    load = total_kg * _GRAVITY_M_S2 / 1000 / (width_m * (depth_m + share_m))
    if load > limit:
        yield finding(
            "RCK006", item.rack.name,
            Text(f"{load:.1f} kN/m2, limit {limit:g} kN/m2", f"楼面荷载 {load:.1f} kN/m²，限值 {limit:g} kN/m²"),
            ctx.where(item.rack.record, "name"),
            fix=Text("spread the load or have the floor reinforced", "分散荷载或加固楼面"),
            arithmetic=f"{total_kg:.0f} kg x 9.81 / ({width_m:g} m x ({depth_m:g} + {share_m:g}) m) = {load:.1f} kN/m2 > {limit:g} ({ctx.inventory.policy.cite('rack.floor_kn_m2')})",
            related=_heaviest(item, ctx),
        )  # fmt: skip


@check(
    "RCK007", severity=Severity.WARNING, title=Text("Centre of gravity too high", "机柜重心过高"),
    clause="engineering estimate: centre of gravity in the lower half", over=filled_racks, unless=("RCK005",),
)  # fmt: skip
def gravity_in_lower_half(item: Filled, ctx: Context) -> Iterator[Finding]:
    """The centre of gravity of the devices lies in the lower half of the rack.

    A rack whose devices weigh less than the rack itself is steadied by its own weight and not judged.
    Why it matters: a top-heavy rack tips when a server is pulled out.
    How to fix: move the heavy devices down.
    Source: engineering estimate (half of the rack height).
    Failing: six servers of 33 kg in U30-U41 of 42
    Passing: the same servers in U5-U16
    """
    rack_type = item.rack.rack_type
    standing = [(s, w) for s in item.devices if s.units and (w := s.device.type.weight_kg) is not None]
    total_kg = sum(w for _, w in standing)
    if not standing or total_kg < (rack_type.own_weight_kg or 0.0):
        return
    bottom = rack_type.starting_unit
    moment = sum(w * ((s.units.start + s.units.stop) / 2 - bottom) for s, w in standing)
    height_u = moment / total_kg
    share = ctx.inventory.policy.number("rack.gravity_max")
    limit_u = share * rack_type.u_height
    if height_u > limit_u:
        top = max(standing, key=lambda p: (p[1] * p[0].units.start, p[0].device.name))[0]
        yield finding(
            "RCK007", item.rack.name,
            Text(f"centre of gravity at {height_u:.1f} U, limit {limit_u:g} U", f"重心高度 {height_u:.1f} U，限值 {limit_u:g} U"),
            ctx.where(top.placed, "position"),
            fix=Text(f"move {top.device.name} and its like down", f"将 {top.device.name} 等较重设备下移"),
            arithmetic=f"sum of kg x U / kg = {moment:.0f} / {total_kg:.0f} = {height_u:.1f} U > {share:g} x {rack_type.u_height} U",
            related=_heaviest(item, ctx),
        )  # fmt: skip


# ---------------------------------------------------------------- names


def _named(ctx: Context) -> list[Room | Row]:
    return [*ctx.inventory.rooms.values(), *ctx.inventory.rows.values()]


@check(
    "RCK013", severity=Severity.WARNING, title=Text("Room, row and rack names do not follow on", "机房、列、机柜名称不连贯"),
    clause="engineering estimate: site letter, room number, row letter, rack number", over=_named, needs="inventory",
)  # fmt: skip
def names_follow_on(record: Room | Row, ctx: Context) -> Iterator[Finding]:
    """A room bears the letter of its site, a row the name of its room, a rack the name of its row.

    Why it matters: labels, port maps and people find a rack by its name.
    How to fix: rename, or put the record where its name says.
    Source: engineering estimate (A01-C05: site A, room 01, row C, rack 05).
    Failing: `{name: A01-B, room: A02}` or rack `A01-C05` in row `A01-B`
    Passing: `{name: A01-B, room: A01}` with racks `A01-B01` to `A01-B08`
    """
    if isinstance(record, Room):
        if record.name[0] != record.site[0]:
            yield finding(
                "RCK013", record.name,
                Text(f"room {record.name} is at site {record.site}", f"机房 {record.name} 位于站点 {record.site}"),
                ctx.where(record, "site"),
                fix=Text(f"name it {record.site[0]}{record.name[1:]}, or correct the site", f"改名为 {record.site[0]}{record.name[1:]} 或更正站点"),
            )  # fmt: skip
        return
    if not record.name.startswith(f"{record.room}-"):
        yield finding(
            "RCK013", record.name,
            Text(f"row {record.name} is in room {record.room}", f"列 {record.name} 位于机房 {record.room}"),
            ctx.where(record, "room"),
            fix=Text(f"name it {record.room}-{record.name[-1]}, or correct the room", f"改名为 {record.room}-{record.name[-1]} 或更正机房"),
        )  # fmt: skip
    strays = [r for r in record.racks if not r.name.startswith(record.name)]
    if strays:
        names = names_text([r.name for r in strays])
        yield finding(
            "RCK013", strays[0].name,
            Text(f"{names} in row {record.name}", f"列 {record.name} 中的机柜：{names}"),
            ctx.where(strays[0], "name"),
            fix=Text(f"name racks {record.name}01 and so on", f"机柜名称应以 {record.name} 开头"),
        )  # fmt: skip
