"""Every device stands in its place: units, rows, reserved racks (RCK001, RCK002, RCK010-RCK015)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from capacity.checks.power_state import power_state
from capacity.checks.rack_state import Filled, Standing, filled_racks
from capacity.rack_layout import Standing as Waiting
from capacity.rack_layout import lay_out, units_taken
from inventory.checks import Context, check, finding
from inventory.findings import Finding, Position, Related, Severity, Text, names_text
from inventory.inventory import RackPlace
from inventory.model import Fleet, OobSwitch, Pair
from inventory.plan_model import PlacedDevice


def _placed(ctx: Context) -> list[PlacedDevice]:
    """Devices of the inventory with a rack of the inventory, in name order."""
    return [ctx.placed[name] for name in sorted(power_state(ctx).rack_of)]


@check(
    "RCK001", severity=Severity.ERROR, title=Text("Device in a unit that stays blank", "设备占用须留空的机位"),
    clause="units left blank by the rack type", over=_placed,
)  # fmt: skip
def units_may_be_used(placed: PlacedDevice, ctx: Context) -> Iterator[Finding]:
    """No device covers a unit that its rack type leaves blank.

    A device that reaches beyond the rack is another finding (PLN006).
    Why it matters: cables enter the rack there; a device in the way leaves them nowhere to bend.
    How to fix: give it a free position, or run `rackwright plan`.
    Source: engineering estimate (the layout of the rack type, e.g. U42 for cable entry).
    Failing: `{name: srv-001, rack: A01-A01, position: 41}` for 2U where U42 is blank
    Passing: `{name: srv-001, rack: A01-A01, position: 35}`
    """
    if placed.position is None or placed.name in power_state(ctx).moved:
        return
    units = units_taken(placed.position, ctx.inventory.devices[placed.name].type.u_height)
    rack_type = ctx.inventory.racks[str(placed.rack)].rack_type
    blank = sorted(set(units) & set(rack_type.rackwright.layout.blank_u))
    if not blank or units.stop > rack_type.starting_unit + rack_type.u_height:
        return
    yield finding(
        "RCK001", placed.name,
        Text(f"covers U{blank[0]} of {placed.rack}, which stays blank", f"占用 {placed.rack} 须留空的 U{blank[0]}"),
        ctx.where(placed, "position"),
        fix=Text("give it a free position, or run `rackwright plan`", "改为空闲机位，或重新运行 `rackwright plan`"),
        arithmetic=f"U{units.start} to U{units.stop - 1}",
    )  # fmt: skip


# ---------------------------------------------------------------- overlap


def clashing(standing: Sequence[Standing]) -> list[list[Standing]]:
    """Devices that share a unit, in connected groups. Two may share one when both are half-depth and at
    opposite faces."""
    by_unit: dict[int, list[Standing]] = {}
    for item in standing:
        for unit in item.units:
            by_unit.setdefault(unit, []).append(item)
    group_of: dict[str, set[str]] = {}
    named = {s.device.name: s for s in standing}
    for members in by_unit.values():
        for i, first in enumerate(members):
            for second in members[i + 1 :]:
                half = not first.device.type.is_full_depth and not second.device.type.is_full_depth
                if half and first.placed.face != second.placed.face:
                    continue
                a, b = first.device.name, second.device.name
                merged = group_of.get(a, {a}) | group_of.get(b, {b})
                group_of.update(dict.fromkeys(merged, merged))
    unique = {tuple(sorted(group)) for group in group_of.values()}
    return [[named[name] for name in group] for group in sorted(unique)]


@check(
    "RCK002", severity=Severity.ERROR, title=Text("Two devices in one rack unit", "机位重叠"),
    clause="two devices share a unit only when both are half-depth and at opposite faces", over=filled_racks,
)  # fmt: skip
def units_used_once(item: Filled, ctx: Context) -> Iterator[Finding]:
    """No rack unit holds two devices, except two half-depth ones at opposite faces.

    Why it matters: the second one does not go in, on the night it is to be installed.
    How to fix: give one of them a free position, or run `rackwright plan`.
    Source: engineering estimate.
    Failing: `{name: srv-001, position: 5}` and `{name: srv-002, position: 6}`, both 2U
    Passing: `position: 5` and `position: 7`
    """
    for group in clashing(item.devices):
        wrong = _misplaced(item, group, ctx)
        others = [s for s in group if s is not wrong and set(s.units) & set(wrong.units)] or [
            s for s in group if s is not wrong
        ]
        shared = sorted(set(wrong.units) & {u for s in others for u in s.units})
        yield finding(
            "RCK002", wrong.device.name,
            Text(f"shares U{shared[0]} of {item.rack.name} with {names_text([s.device.name for s in others])}",
                 f"与 {names_text([s.device.name for s in others])} 同占 {item.rack.name} 的 U{shared[0]}"),
            ctx.where(wrong.placed, "position"),
            fix=Text(_free_text(item, wrong), f"改为空闲机位：{_free_text(item, wrong).rpartition(' ')[2]}"),
            arithmetic="; ".join(f"{s.device.name} U{s.units.start}-U{s.units.stop - 1}" for s in (wrong, *others)),
            related=[Related(ctx.where(s.placed, "position"), f"{s.device.name} at U{s.placed.position}") for s in others],
        )  # fmt: skip


def _misplaced(item: Filled, group: Sequence[Standing], ctx: Context) -> Standing:
    """Which of several clashing devices is out of place: the one in most clashes, then the one that a fresh
    layout of the rack would put elsewhere, then the last by name."""
    devices = [Waiting(s.device, s.device.type.weight_kg, s.device.type.u_height) for s in item.devices]
    fresh = lay_out(item.rack, devices, {}, ctx.inventory.policy).slots

    def guilt(standing: Standing) -> tuple[int, bool, str]:
        clashes = sum(1 for s in group if s is not standing and set(s.units) & set(standing.units))
        slot = fresh.get(standing.device.name)
        astray = slot is None or slot.position != standing.placed.position
        return clashes, astray, standing.device.name

    return max(group, key=guilt)


def _free_text(item: Filled, wrong: Standing) -> str:
    """A free position for a device, in words."""
    rack_type = item.rack.rack_type
    taken = {u for s in item.devices if s is not wrong for u in s.units} | set(
        rack_type.rackwright.layout.blank_u
    )
    last = rack_type.starting_unit + rack_type.u_height
    for start in range(max(rack_type.starting_unit, rack_type.rackwright.layout.server_from_u), last):
        units = units_taken(start, wrong.device.type.u_height)
        if units.stop <= last and not set(units) & taken:
            return f"move it to U{start}"
    return "move it to another rack"


# ---------------------------------------------------------------- where a device may stand


@dataclass(frozen=True, slots=True)
class _Astray:
    """Devices that stand outside the rows they belong into: whose rule it is, and the rows it names."""

    rule: Fleet | Pair | OobSwitch
    field: str
    rows: tuple[str, ...]
    devices: tuple[PlacedDevice, ...]


def _row_rule(
    ctx: Context, placed: PlacedDevice
) -> tuple[Fleet | Pair | OobSwitch, str, tuple[str, ...]] | None:
    """The rows a device belongs into: its fleet's, its pair's home rows, or those an OOB switch serves."""
    record = ctx.inventory.devices[placed.name].record
    if isinstance(record, Pair):
        return (record, "home_rows", record.home_rows) if record.home_rows else None
    if record.rows:
        return record, "rows", record.rows
    pair = ctx.inventory.pairs.get(placed.pair or "")
    return (pair, "home_rows", pair.home_rows) if pair is not None and pair.home_rows else None


def _outside_rows(ctx: Context) -> list[_Astray]:
    """Fleets, pairs and OOB switches with a row rule, and the devices that break it."""

    def make() -> list[_Astray]:
        rules: dict[tuple[str, str], tuple[Fleet | Pair | OobSwitch, str, tuple[str, ...]]] = {}
        astray: dict[tuple[str, str], list[PlacedDevice]] = {}
        for placed in _placed(ctx):
            rule = _row_rule(ctx, placed)
            if rule is None or placed.name in power_state(ctx).moved:
                continue
            key = (type(rule[0]).__name__, rule[0].name)
            rules[key] = rule
            rack = ctx.inventory.racks[str(placed.rack)]
            if rack.row not in rule[2] and rack.site == ctx.inventory.devices[placed.name].site:
                astray.setdefault(key, []).append(placed)
        return [_Astray(*rules[key], tuple(astray.get(key, ()))) for key in sorted(rules)]

    return cast(list[_Astray], ctx.memo("outside-rows", make))


def _reserved(ctx: Context) -> list[RackPlace]:
    """Reserved racks, in the order of the files."""
    return [r for r in ctx.inventory.racks.values() if r.reserved]


@check(
    "RCK010", severity=Severity.ERROR, title=Text("Device in a reserved rack", "设备位于预留机柜"),
    clause="engineering estimate", over=_reserved,
)  # fmt: skip
def rack_not_reserved(rack: RackPlace, ctx: Context) -> Iterator[Finding]:
    """Nothing stands in a rack that is reserved.

    Why it matters: the rack is promised to something else.
    How to fix: move the device, or lift the reservation.
    Source: engineering estimate.
    Failing: `{name: A01-A08, reserved: second stage}` with a device in it
    Passing: `{name: A01-A08}`, or an empty rack
    """
    inside = _by_rack(ctx).get(rack.name, [])
    if not inside:
        return
    alone = len(inside) == 1
    reserved = ctx.where(rack.record, "reserved")
    names = names_text([d.name for d in inside])
    yield finding(
        "RCK010", inside[0].name if alone else rack.name,
        Text(f"{names} in {rack.name}, which is reserved: {rack.reserved}", f"{names} 位于预留机柜 {rack.name}（{rack.reserved}）"),
        ctx.where(inside[0], "rack") if alone else reserved,
        fix=Text("move it to another rack, or lift the reservation", "移到其他机柜，或取消预留"),
        related=[Related(reserved, f"{rack.name}: reserved")]
        if alone
        else [Related(ctx.where(d, "rack"), d.name) for d in inside[:4]],
    )  # fmt: skip


def _by_rack(ctx: Context) -> dict[str, list[PlacedDevice]]:
    """Devices by the rack the plan names, in name order."""

    def make() -> dict[str, list[PlacedDevice]]:
        out: dict[str, list[PlacedDevice]] = {}
        for placed in _placed(ctx):
            out.setdefault(str(placed.rack), []).append(placed)
        return out

    return cast(dict[str, list[PlacedDevice]], ctx.memo("placed-by-rack", make))


@check(
    "RCK012", severity=Severity.WARNING, title=Text("Device outside its rows", "设备不在规定的列"),
    clause="engineering estimate: pods stay together", over=_outside_rows, unless=("PRT013",),
)  # fmt: skip
def device_in_its_rows(group: _Astray, ctx: Context) -> Iterator[Finding]:
    """A device stands in the rows its fleet names, or in the home rows of its access pair.

    Why it matters: a pod that is scattered needs long cables and crosses the cuts it should keep apart.
    How to fix: move the device, or widen the rows.
    Source: engineering estimate.
    Failing: a pair with `home_rows: [A01-A]` and one of its servers in `A01-C03`
    Passing: the server in `A01-A03`
    """
    if not group.devices:
        return
    first = group.devices[0]
    alone = len(group.devices) == 1
    rule: Position = ctx.where(group.rule, group.field)
    places = names_text([f"{d.name} in {d.rack}" for d in group.devices], 4)
    yield finding(
        "RCK012", first.name if alone else group.rule.name,
        Text(f"{places}, outside {', '.join(group.rows)}", f"{places}，不在 {', '.join(group.rows)} 列"),
        ctx.where(first, "rack") if alone else rule,
        fix=Text(f"move it into {', '.join(group.rows)}, or widen {group.field} of {group.rule.name}",
                 f"移入 {', '.join(group.rows)}，或放宽 {group.rule.name} 的 {group.field}"),
        related=[Related(rule, f"{group.rule.name}: {group.field}")]
        if alone
        else [Related(ctx.where(d, "rack"), f"{d.name} in {d.rack}") for d in group.devices[:4]],
    )  # fmt: skip


@check(
    "RCK015", severity=Severity.ERROR, title=Text("Device and its cords in different racks", "设备与其电源线不在同一机柜"),
    clause="engineering estimate: cords stay inside the rack", over=_placed,
    unless=("PLN006", "RCK010", "RED001", "RED005", "RED007", "RED010", "RED011"),
)  # fmt: skip
def cords_in_own_rack(placed: PlacedDevice, ctx: Context) -> Iterator[Finding]:
    """A device stands in the rack its power cords lead to.

    Until that is mended, its load and its units are counted where the cords lead. The labels of its cables are then
    stale for the same reason, and not reported.
    Why it matters: the device was moved on paper, but cords, cables and sums were not.
    How to fix: run `rackwright plan` after a move, or put the device back.
    Source: engineering estimate.
    Failing: `{name: srv-001, rack: A01-A02}` with both cords at `A01-A01`
    Passing: `{name: srv-001, rack: A01-A01}`
    """
    rack = power_state(ctx).moved.get(placed.name)
    if rack is None:
        return
    yield finding(
        "RCK015", placed.name,
        Text(f"stands in {placed.rack}, its cords lead to {rack}", f"位于 {placed.rack}，但电源线接至 {rack}"),
        ctx.where(placed, "rack"),
        fix=Text(f"put it back to {rack}, or plan its cords anew", f"放回 {rack}，或重新规划电源线"),
        related=[Related(ctx.where(c, "rack"), f"{c.id}: {c.label}") for c in power_state(ctx).cords_of[placed.name][:2]],
    )  # fmt: skip
