"""Device types: their draw is known, and their power supplies are redundant (PWR001, PWR002)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from capacity.checks.power_state import watts
from capacity.draws import draws
from capacity.power import DevicePower, PowerParameters, psu_rating_needed_w
from inventory.checks import Context, check, finding, lacking
from inventory.device_model import DeviceType
from inventory.findings import Finding, Related, Severity, Text, names_text


def _types(ctx: Context) -> list[DeviceType]:
    """Device types of which something is to be built, by slug."""
    types = {d.type.slug: d.type for d in ctx.inventory.devices.values()}
    return [types[slug] for slug in sorted(types)]


def _power_of(ctx: Context, slug: str) -> DevicePower | None:
    """Draw of one device of a type (idle and peak do not depend on the workload)."""
    devices = ctx.inventory.devices.values()
    power: Mapping[str, DevicePower | None] = ctx.memo("draws", lambda: draws(ctx.inventory))
    return power[next(d.name for d in devices if d.type.slug == slug)]


@check(
    "PWR001", severity=Severity.ERROR, title=Text("Draw of a device type is unknown", "设备型号功耗未知"),
    clause="engineering estimate: nothing is planned with a draw of zero", over=_types, needs="inventory",
)  # fmt: skip
def draw_is_known(device_type: DeviceType, ctx: Context) -> Iterator[Finding]:
    """The draw of every device type in use can be worked out from its parts, stated figures or inlets.

    Why it matters: a device without a figure is in no sum; racks, feeds and UPS look lighter than they are.
    How to fix: list `components`, or state `power.typical_w` and `power.peak_w` from the data sheet.
    Source: engineering estimate.
    Failing: a device type without `components`, without `power` and without draw at its `power-ports`
    Passing: `rackwright: {power: {typical_w: 200, peak_w: 350}}`
    """
    if _power_of(ctx, device_type.slug) is not None:
        return
    count = sum(1 for d in ctx.inventory.devices.values() if d.type.slug == device_type.slug)
    parts = [
        use.part
        for use in device_type.rackwright.components
        if (part := ctx.inventory.catalog.components.get(use.part)) is not None
        and (part.idle_w is None or part.peak_w is None)
    ]
    why = f" (no draw for {names_text(parts)})" if parts else ""
    zh_why = f"（{names_text(parts)} 无功耗数据）" if parts else ""
    yield lacking(
        "PWR001", device_type.slug,
        Text(f"draw is unknown{why}: {count} devices are in no power sum", f"功耗未知{zh_why}：{count} 台设备未计入任何功耗合计"),
        ctx.where(device_type, "rackwright", "components" if parts else "power"),
        Text("the maker states idle, typical and peak draw", "由厂商给出空闲、典型与峰值功耗"),
    )  # fmt: skip


@check(
    "PWR002", severity=Severity.ERROR, title=Text("Power supplies are not redundant", "电源模块不冗余"),
    clause="engineering estimate: one supply of a 1+1 pair carries peak with a margin", over=_types, needs="inventory",
)  # fmt: skip
def supplies_are_redundant(device_type: DeviceType, ctx: Context) -> Iterator[Finding]:
    """Of two power supplies each alone carries the device at peak with margin; 2+0 is not redundancy.

    Why it matters: when feed A fails, the supply on feed B takes everything at once; if it cannot, both are gone.
    How to fix: order supplies of the rating shown, or take parts that draw less.
    Source: engineering estimate (rating >= psu_margin x peak on the DC side).
    Failing: `psu: {count: 2, rating_w: 800, redundancy: 1+1}` on a server with 740 W peak DC (814 W needed)
    Passing: `psu: {count: 2, rating_w: 900, redundancy: 1+1}`
    """
    if len(device_type.power_ports) < 2:
        return
    psu = device_type.rackwright.psu
    slug = device_type.slug
    if psu.redundancy == "2+0":
        yield finding(
            "PWR002", slug,
            Text("both supplies are needed (2+0): two feeds give no redundancy", "两个电源须同时工作（2+0）：双路供电不构成冗余"),
            ctx.where(device_type, "rackwright", "psu", "redundancy"),
            fix=Text("order supplies of which one carries the device (1+1)", "选用单个即可承载整机的电源（1+1）"),
        )  # fmt: skip
        return
    power = _power_of(ctx, slug)
    if power is None:
        return
    margin = PowerParameters.from_policy(ctx.inventory.policy)
    needed_w = psu_rating_needed_w(power.peak_w if power.peak_dc_w is None else power.peak_dc_w, margin)
    rating_w = psu.rating_w
    if rating_w is not None and power.peak_dc_w is not None and rating_w < needed_w:
        yield finding(
            "PWR002", slug,
            Text(f"one supply of {rating_w} W does not carry {watts(power.peak_dc_w)} peak (DC) with margin: {watts(needed_w)} needed",
                 f"单个电源 {rating_w} W 不足以承载峰值 {watts(power.peak_dc_w)}（直流侧，含余量须 {watts(needed_w)}）"),
            ctx.where(device_type, "rackwright", "psu", "rating_w"),
            fix=Text(f"order supplies of at least {watts(needed_w)}", f"选用不小于 {watts(needed_w)} 的电源"),
            arithmetic=f"{power.peak_dc_w:.0f} W x {margin.psu_margin:g} = {needed_w:.0f} W > {rating_w} W ({ctx.inventory.policy.cite('power.psu_margin')})",
            related=[Related(ctx.where(device_type, "rackwright", "components"), "parts that draw it")],
        )  # fmt: skip
        return
    missing = [] if psu.redundancy else ["psu.redundancy"]
    if rating_w is None:
        missing.append("psu.rating_w")
    elif power.peak_dc_w is None and rating_w < needed_w:
        missing.append("components (peak on the DC side)")
    if missing and psu.redundancy != "1+0":
        yield lacking(
            "PWR002", slug,
            Text(f"{', '.join(missing)} unknown: whether one supply carries {watts(power.peak_w)} peak cannot be told",
                 f"{'、'.join(missing)} 未知：无法判断单个电源能否承载峰值 {watts(power.peak_w)}"),
            ctx.where(device_type, "rackwright", "psu"),
            Text(f"the maker states it; at least {watts(needed_w)} each is safe", f"由厂商给出；每个不小于 {watts(needed_w)} 即可"),
        )  # fmt: skip
