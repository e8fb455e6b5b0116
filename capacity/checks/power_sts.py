"""Single-corded loads and the transfer switches in front of them (PWR010, PWR011, PWR014)."""

from __future__ import annotations

from collections.abc import Iterator

from capacity.checks.power_state import contributors, power_state, sts_cords
from capacity.load_lines import phase_voltage_v
from capacity.plant import single_phase_a
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text, names_text
from inventory.model import Fleet, Sts


def _single_corded(ctx: Context) -> list[Fleet]:
    """Fleets whose devices have one inlet."""
    fleets = {}
    for device in ctx.inventory.devices.values():
        if isinstance(device.record, Fleet) and len(device.type.power_ports) == 1:
            fleets[device.owner] = device.record
    return [fleets[name] for name in sorted(fleets)]


@check(
    "PWR010", severity=Severity.ERROR, title=Text("Single-corded load without a transfer switch", "单电源设备未配 STS"),
    clause="engineering estimate: single-corded loads behind a static transfer switch", over=_single_corded, needs="inventory",
)  # fmt: skip
def single_corded_has_sts(fleet: Fleet, ctx: Context) -> Iterator[Finding]:
    """A device with one power supply is fed through a static transfer switch.

    Why it matters: without one, it goes down with its feed, whatever else is redundant.
    How to fix: name the transfer switch of the rack (`sts:`), or order the device with two supplies.
    Source: engineering estimate; the lease asks for transfer switches for single-corded loads.
    Failing: `{name: probe, device_type: probe-1psu, count: 2}`
    Passing: `{name: probe, device_type: probe-1psu, count: 2, sts: A-STS-1}`
    """
    if fleet.sts is None and fleet.count:
        yield finding(
            "PWR010", fleet.name,
            Text(f"{fleet.count} devices with one supply hang on one feed: no transfer switch is named",
                 f"{fleet.count} 台单电源设备未指定 STS，仅由一路供电"),
            ctx.where(fleet, "device_type"),
            fix=Text("name a transfer switch (sts) or order two supplies", "指定 STS 或选用双电源"),
        )  # fmt: skip


@check(
    "PWR011", severity=Severity.ERROR, title=Text("Transfer switch too small or too slow", "STS 容量或切换时间不足"),
    clause="engineering estimate: rating >= margin x load, transfer within the hold-up of a supply",
    over=lambda ctx: list(ctx.inventory.sts.values()),
)  # fmt: skip
def sts_carries_load(sts: Sts, ctx: Context) -> Iterator[Finding]:
    """A transfer switch is rated above the load behind it and switches faster than supplies hold out.

    Why it matters: at its limit it is the single point it was bought to remove; too slow, the load restarts.
    How to fix: take a larger or faster one, or spread the loads.
    Source: engineering estimate (rating 1.25 x load; 8 ms against a hold-up of at least 10 ms).
    Failing: `{name: A-STS-1, rack: A01-A01, rating_a: 2}` with 550 W behind it
    Passing: `{name: A-STS-1, rack: A01-A01, rating_a: 16, transfer_ms: 6}`
    """
    number = ctx.inventory.policy.number
    rack = ctx.inventory.racks[sts.rack]
    feed = next((rack.feeds[s] for s in ("a", "b") if s in rack.feeds), None)
    loads = [c.device for c in sts_cords(ctx, sts.name) if c.device in power_state(ctx).power]
    peaks = [p.peak_w for n in loads if (p := power_state(ctx).power[n]) is not None]
    if feed is not None and peaks:
        voltage_v = phase_voltage_v(ctx.inventory.panels[feed.panel])
        needed_a = single_phase_a(sum(peaks), voltage_v, number("feed.pf")) * number("feed.sts_margin")
        if needed_a > sts.rating_a:
            yield finding(
                "PWR011", sts.name,
                Text(f"rated {sts.rating_a:g} A, {needed_a:.1f} A needed", f"额定 {sts.rating_a:g} A，需要 {needed_a:.1f} A"),
                ctx.where(sts, "rating_a"),
                fix=Text(f"take one of at least {needed_a:.1f} A, or spread the loads", f"选用不小于 {needed_a:.1f} A 的 STS，或分散负载"),
                arithmetic=f"{sum(peaks):.0f} W / ({voltage_v:.0f} V x pf {number('feed.pf'):g}) x {number('feed.sts_margin'):g} = {needed_a:.1f} A > {sts.rating_a:g} A",
                related=contributors(ctx, loads[:4]),
            )  # fmt: skip
            return
    limit_ms = number("feed.sts_ms_max")
    if sts.transfer_ms is None:
        yield lacking(
            "PWR011", sts.name, Text("transfer time unknown", "切换时间未知"), ctx.where(sts, "transfer_ms"),
            Text(f"the operator states transfer_ms (at most {limit_ms:g})", f"由机房方给出 transfer_ms（不大于 {limit_ms:g}）"),
        )  # fmt: skip
    elif sts.transfer_ms > limit_ms:
        yield finding(
            "PWR011", sts.name,
            Text(f"transfer takes {sts.transfer_ms:g} ms, limit {limit_ms:g} ms", f"切换时间 {sts.transfer_ms:g} ms，限值 {limit_ms:g} ms"),
            ctx.where(sts, "transfer_ms"),
            fix=Text("take a faster one", "选用切换更快的 STS"),
            arithmetic=f"{sts.transfer_ms:g} ms > {limit_ms:g} ms ({ctx.inventory.policy.cite('feed.sts_ms_max')})",
        )  # fmt: skip


@check(
    "PWR014", severity=Severity.ERROR, title=Text("HA partners behind one transfer switch", "互为备份的设备接在同一 STS"),
    clause="engineering estimate: a transfer switch is one element", over=lambda ctx: list(ctx.inventory.sts.values()),
    needs="inventory",
)  # fmt: skip
def partners_on_own_sts(sts: Sts, ctx: Context) -> Iterator[Finding]:
    """Devices that stand in for each other do not hang on one transfer switch.

    Why it matters: two feeds end in one box; when it fails, both partners are dark.
    How to fix: give each partner a transfer switch of its own, or two supplies.
    Source: engineering estimate.
    Failing: `{name: vpn, ha_group: vpn, count: 2, sts: A-STS-1, ...}`
    Passing: two fleets of one device with the same `ha_group`, on `A-STS-1` and `A-STS-2`
    """
    groups: dict[str, list[Fleet]] = {}
    for fleet in ctx.inventory.fleets.values():
        if fleet.sts == sts.name and fleet.ha_group:
            groups.setdefault(fleet.ha_group, []).append(fleet)
    for group, fleets in sorted(groups.items()):
        count = sum(f.count for f in fleets)
        if count < 2:
            continue
        names = names_text([f.name for f in fleets])
        yield finding(
            "PWR014", sts.name,
            Text(f"{count} devices of HA group {group} ({names}) hang on it", f"主备组 {group} 的 {count} 台设备（{names}）均接于此"),
            ctx.where(fleets[-1], "sts"),
            fix=Text("one transfer switch for each partner, or two supplies", "每台各用一个 STS，或选用双电源"),
            related=[Related(ctx.where(f, "sts"), f"{f.name}: {f.count} devices") for f in fleets[:-1]],
        )  # fmt: skip
