"""Device types and rack types fit each other: weights known, depth, direction of air (RCK004, RCK008, RCK009)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from capacity.checks.rack_state import Standing, filled_racks
from capacity.rack_layout import mounting_faces
from inventory.catalog_parts import RackType
from inventory.checks import Context, check, finding, lacking
from inventory.device_model import DeviceType
from inventory.findings import Finding, Related, Severity, Text, names_text


def _rack_types(ctx: Context) -> list[RackType]:
    """Rack types that something stands in, by slug."""
    types = {f.rack.rack_type.slug: f.rack.rack_type for f in filled_racks(ctx)}
    return [types[slug] for slug in sorted(types)]


def _device_types(ctx: Context) -> list[DeviceType]:
    """Device types that stand somewhere, by slug."""
    types = {s.device.type.slug: s.device.type for f in filled_racks(ctx) for s in f.devices}
    return [types[slug] for slug in sorted(types)]


def _both(ctx: Context) -> list[RackType | DeviceType]:
    return [*_rack_types(ctx), *_device_types(ctx)]


@check(
    "RCK004", severity=Severity.WARNING, title=Text("Weight unknown", "重量未知"),
    clause="engineering estimate", over=_both,
)  # fmt: skip
def weight_is_known(entry: RackType | DeviceType, ctx: Context) -> Iterator[Finding]:
    """Weights of devices and racks, and what a rack may carry, are known.

    Why it matters: a weight nobody states counts as nothing; rack and floor look lighter than they are.
    How to fix: state `weight` of the device type, `own_weight_kg`, `cable_weight_kg` and `static_kg` of the rack type.
    Source: engineering estimate.
    Failing: a device type without `weight`
    Passing: `weight: 26` and `weight_unit: kg`
    """
    if isinstance(entry, DeviceType):
        missing = ["weight"] if entry.weight_kg is None else []
        path: tuple[str, ...] = ("model",)
    else:
        hints = entry.rackwright
        facts = {
            "static_kg": hints.static_kg,
            "own_weight_kg": entry.own_weight_kg,
            "cable_weight_kg": hints.cable_weight_kg,
            "outer_depth": entry.outer_depth_mm,
            "outer_width": entry.outer_width,
        }
        missing = [name for name, value in facts.items() if value is None]
        path = ("rackwright",)
    if missing:
        yield lacking(
            "RCK004", entry.slug,
            Text(f"{', '.join(missing)} unknown: racks that hold it are not weighed in full", f"{'、'.join(missing)} 未知：相关机柜重量未完整核算"),
            ctx.where(entry, *path),
            Text("the maker or the operator states it", "由厂商或机房方给出"),
        )  # fmt: skip


@check(
    "RCK008", severity=Severity.ERROR, title=Text("Device too deep for the rack", "设备深度超出机柜"),
    clause="engineering estimate: device depth and cabling space within the rail depth", over=_rack_types,
)  # fmt: skip
def depth_fits(rack_type: RackType, ctx: Context) -> Iterator[Finding]:
    """Every device, with cabling space behind it, fits between the rails and the rear door.

    Why it matters: doors that do not close break the containment of the aisle, and cables are bent at the plug.
    How to fix: a deeper rack, or a shorter device.
    Source: engineering estimate (150 mm of cabling space).
    Failing: a device of 900 mm in a rack of 1000 mm mounting depth (1050 mm needed)
    Passing: a device of 800 mm
    """
    margin_mm = ctx.inventory.policy.number("rack.depth_margin_mm")
    standing = [s for f in filled_racks(ctx) if f.rack.rack_type is rack_type for s in f.devices]
    types = {s.device.type.slug: s.device.type for s in standing}
    unknown = sorted(slug for slug, t in types.items() if t.depth_mm is None)
    if rack_type.mounting_depth is None or unknown:
        what = "mounting_depth" if rack_type.mounting_depth is None else f"depth of {names_text(unknown)}"
        yield lacking(
            "RCK008", rack_type.slug, Text(f"{what} unknown", f"{what} 未知"),
            ctx.where(rack_type, "mounting_depth")
            if rack_type.mounting_depth is None
            else ctx.where(types[unknown[0]], "rackwright"),
            Text("the maker states it", "由厂商给出"),
        )  # fmt: skip
    if rack_type.mounting_depth is None:
        return
    limit_mm = rack_type.mounting_depth
    deep = [
        t for _, t in sorted(types.items()) if t.depth_mm is not None and t.depth_mm + margin_mm > limit_mm
    ]
    if not deep:
        return
    worst = max(deep, key=lambda t: (t.depth_mm or 0, t.slug))
    one = len(deep) == 1 and len(types) > 1
    depth_place = ctx.where(worst, "rackwright", "depth_mm")
    rack_place = ctx.where(rack_type, "mounting_depth")
    need_mm = (worst.depth_mm or 0) + margin_mm
    yield finding(
        "RCK008", worst.slug if one else rack_type.slug,
        Text(f"{names_text([t.slug for t in deep])} need {need_mm:g} mm, the rack has {limit_mm} mm", f"{names_text([t.slug for t in deep])} 需 {need_mm:g} mm，机柜仅 {limit_mm} mm"),
        depth_place if one else rack_place,
        fix=Text(f"racks of at least {need_mm:g} mm mounting depth", f"选用安装深度不小于 {need_mm:g} mm 的机柜"),
        arithmetic=f"{worst.depth_mm} mm + {margin_mm:g} mm = {need_mm:g} mm > {limit_mm} mm ({ctx.inventory.policy.cite('rack.depth_margin_mm')})",
        related=[Related(rack_place if one else depth_place, f"{rack_type.slug}: {limit_mm} mm" if one else f"{worst.slug}: {worst.depth_mm} mm")],
    )  # fmt: skip


# ---------------------------------------------------------------- direction of air


def _against(ctx: Context) -> dict[str, list[Standing]]:
    """Devices whose air runs from the rear of their rack to its front, by device type."""
    return cast(dict[str, list[Standing]], ctx.memo("air-against", lambda: _find_against(ctx)))


def _find_against(ctx: Context) -> dict[str, list[Standing]]:
    out: dict[str, list[Standing]] = {}
    for standing in (s for item in filled_racks(ctx) for s in item.devices):
        airflow, face = standing.device.type.airflow, standing.placed.face
        if (airflow, face) in (("front-to-rear", "rear"), ("rear-to-front", "front")):
            out.setdefault(standing.device.type.slug, []).append(standing)
    return out


@check(
    "RCK009", severity=Severity.ERROR, title=Text("Air from the hot aisle to the cold aisle", "风道方向与冷热通道相反"),
    clause="engineering estimate: one direction from cold to hot aisle", over=_device_types,
)  # fmt: skip
def air_runs_one_way(device_type: DeviceType, ctx: Context) -> Iterator[Finding]:
    """All devices of a rack blow the same way: in at the front of the rack, out at its rear.

    What counts is the airflow of the type and the face it is mounted at: a switch that blows out at its ports
    (rear-to-front) belongs at the rear, with its ports to the hot aisle.
    Why it matters: a switch that draws from the hot aisle overheats, and heats the servers' inlets.
    How to fix: mount it at the other face, or order the other airflow.
    Source: engineering estimate.
    Failing: a switch with `airflow: rear-to-front` and `face: front` beside servers with `airflow: front-to-rear`
    Passing: the same switch with `face: rear`
    """
    if device_type.airflow is None:
        yield lacking(
            "RCK009", device_type.slug, Text("airflow unknown", "风道方向未知"), ctx.where(device_type, "model"),
            Text("the maker states airflow", "由厂商给出 airflow"),
        )  # fmt: skip
        return
    wrong = _against(ctx).get(device_type.slug)
    if not wrong:
        return
    other = "front" if wrong[0].placed.face == "rear" else "rear"
    faces = mounting_faces(device_type)
    standing = sum(1 for item in filled_racks(ctx) for s in item.devices if s.device.type is device_type)
    whole_type = len(wrong) == standing and (standing > 1 or wrong[0].placed.face in faces)
    names = names_text([s.device.name for s in wrong])
    yield finding(
        "RCK009", device_type.slug if whole_type or len(wrong) > 1 else wrong[0].device.name,
        Text(f"{names} ({device_type.airflow}, mounted at the {wrong[0].placed.face}) blow from the rear of the rack to its front",
             f"{names}（{device_type.airflow}，装于{'前' if wrong[0].placed.face == 'front' else '后'}侧）风向由机柜后侧吹向前侧"),
        ctx.where(device_type, "airflow") if whole_type else ctx.where(wrong[0].placed, "face"),
        fix=Text(f"mount at the {other}, or order the other airflow", f"改装于{'前' if other == 'front' else '后'}侧，或选用另一风向"),
        related=[Related(ctx.where(s.placed, "rack"), f"{s.device.name} in {s.placed.rack}") for s in wrong[:4]],
    )  # fmt: skip
