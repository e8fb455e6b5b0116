"""Phases, panels and UPS carry what is planned and what is leased (PWR024-PWR027)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import cast

from capacity.checks.power_cords import rack_phase_doubtful
from capacity.checks.power_state import clause_states, power_state, watts
from capacity.checks.power_wiring import miswired, rack_sites
from capacity.feeds import phase_imbalance
from capacity.load_lines import PHASES, panel_cap_w, rack_feed_cap_w, ups_cap_w
from capacity.plant import autonomy_covers_start, battery_kwh, ups_side_kva
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Severity, Text, names_text
from inventory.inventory import RackPlace
from inventory.model import Panel, Site, Ups

# ---------------------------------------------------------------- phases and panels


def _phase_loads(ctx: Context, panels: tuple[Panel, ...]) -> tuple[dict[str, float], list[RackPlace]]:
    """Allocated draw in W of the racks on each phase of panels that belong together, and occupied racks of
    unknown phase."""
    state = power_state(ctx)
    loads = dict.fromkeys(PHASES, 0.0)
    unknown = []
    for rack in {r.name: r for p in panels for r in racks_on(ctx)[p.name]}.values():
        line = state.lines["rack", rack.name]
        if rack.phase is None:
            if line.alloc_w or line.unknown:
                unknown.append(rack)
        else:
            loads[rack.phase] += line.alloc_w
    return loads, unknown


def racks_on(ctx: Context) -> dict[str, list[RackPlace]]:
    """Racks with a feed from each panel."""

    def make() -> dict[str, list[RackPlace]]:
        out: dict[str, list[RackPlace]] = {name: [] for name in ctx.inventory.panels}
        for rack in ctx.inventory.racks.values():
            for name in sorted({f.panel for f in rack.feeds.values()}):
                out[name].append(rack)
        return out

    return cast(dict[str, list[RackPlace]], ctx.memo("racks-on-panels", make))


def _balanced_panels(ctx: Context) -> list[tuple[Panel, ...]]:
    """Three-phase panels that feed racks; panels that feed the same racks (2N) form one group."""
    groups: dict[tuple[str, ...], list[Panel]] = {}
    for panel in ctx.inventory.panels.values():
        racks = tuple(r.name for r in racks_on(ctx)[panel.name] if len(r.feeds) == 2)
        if panel.phases == 3 and racks:
            groups.setdefault(racks, []).append(panel)
    return [tuple(g) for g in groups.values()]


@check(
    "PWR024", severity=Severity.ERROR, title=Text("Phases out of balance", "三相不平衡"),
    clause="engineering estimate: largest deviation from the mean over the racks of a panel", over=_balanced_panels,
)  # fmt: skip
def phases_balanced(panels: tuple[Panel, ...], ctx: Context) -> Iterator[Finding]:
    """The allocated draw of the racks of a panel is spread evenly over its three phases.

    A warning above the first limit, an error above the second.
    Why it matters: the fullest phase limits the panel and its UPS; the neutral carries the difference.
    How to fix: swap the phase of a full rack and an empty one, or move devices between racks.
    Source: engineering estimate (10 % and 15 %).
    Failing: 12 kW on L1, 6 kW on L2, 6 kW on L3
    Passing: 8 kW on each
    """
    first = panels[0]
    names = " / ".join(p.name for p in panels)
    if miswired(ctx, ctx.inventory.rooms[first.room].site) or any(
        rack_phase_doubtful(ctx, r.name) for r in racks_on(ctx)[first.name]
    ):
        return
    loads, unknown = _phase_loads(ctx, panels)
    if unknown:
        yield lacking(
            "PWR024", names,
            Text(f"phase unknown for {len(unknown)} racks: {names_text([r.name for r in unknown])}", f"{len(unknown)} 个机柜相位未知：{names_text([r.name for r in unknown])}"),
            ctx.where(unknown[0].record, "phase"),
            Text("the operator states the phase of each rack (phase: L1, L2 or L3)", "由机房方给出各机柜相位（phase: L1、L2 或 L3）"),
        )  # fmt: skip
        return
    share = phase_imbalance(loads.values())
    warn, error = (
        ctx.inventory.policy.number("feed.phase_warn"),
        ctx.inventory.policy.number("feed.phase_err"),
    )
    if share is None or share <= warn:
        return
    mean = sum(loads.values()) / 3
    worst = max(PHASES, key=lambda p: abs(loads[p] - mean))
    direction, zh_direction = ("above", "高于") if loads[worst] > mean else ("below", "低于")
    limit = error if share > error else warn
    yield finding(
        "PWR024", names,
        Text(f"{worst} is {share:.1%} {direction} the mean, limit {limit:.0%}", f"{worst} {zh_direction}平均值 {share:.1%}，限值 {limit:.0%}"),
        ctx.where(first, "name"),
        fix=Text(f"shift about {watts(abs(loads[worst] - mean))} {'from' if loads[worst] > mean else 'to'} {worst}: swap phases of racks or move devices",
                 f"将约 {watts(abs(loads[worst] - mean))} {'移出' if loads[worst] > mean else '移入'} {worst}：调换机柜相位或移动设备"),
        arithmetic=f"{', '.join(f'{p} {loads[p]:.0f} W' for p in PHASES)}; mean {mean:.0f} W; |{loads[worst]:.0f} - {mean:.0f}| / {mean:.0f} = {share:.3f} > {limit:g}",
        severity=Severity.ERROR if share > error else Severity.WARNING,
    )  # fmt: skip


@check(
    "PWR016", severity=Severity.ERROR, title=Text("Panel without the phases of its racks", "列头柜缺少机柜所用相"),
    clause="engineering estimate: a rack is on a phase that its panel has", over=lambda ctx: list(ctx.inventory.panels.values()),
    needs="inventory", unless=("PWR021", "PWR022"),
)  # fmt: skip
def panel_has_phases(panel: Panel, ctx: Context) -> Iterator[Finding]:
    """A panel of one phase feeds racks of one phase only.

    Why it matters: the load is shared out over phases that are not there; one breaker carries all of it.
    How to fix: correct `phases` of the panel, or the phases of the racks.
    Source: engineering estimate.
    Failing: `{name: A01-PA, phases: 1}` with racks on L1, L2 and L3
    Passing: `{name: A01-PA, phases: 3}`
    """
    used = sorted({r.phase for r in racks_on(ctx)[panel.name] if r.phase is not None})
    if panel.phases == 1 and len(used) > 1:
        yield finding(
            "PWR016", panel.name,
            Text(f"{panel.name} has one phase, its racks are on {', '.join(used)}", f"{panel.name} 为单相，机柜却分布于 {'、'.join(used)}"),
            ctx.where(panel, "phases"), fix=Text("write phases: 3, or put all its racks on one phase", "改为 phases: 3，或将机柜统一到一相"),
        )  # fmt: skip


@check(
    "PWR025", severity=Severity.ERROR, title=Text("Panel overloaded", "列头柜过载"),
    clause="engineering estimate: V x A x utilisation x power factor", over=lambda ctx: list(ctx.inventory.panels.values()),
)  # fmt: skip
def panel_within_breaker(panel: Panel, ctx: Context) -> Iterator[Finding]:
    """A panel, and each phase of it, carries all its racks at peak with the other side dead.

    Why it matters: the main breaker of the panel trips when it takes over, and the whole row goes dark.
    How to fix: enlarge the breaker, or feed some racks from another panel.
    Source: engineering estimate.
    Failing: `{name: A01-PA, phases: 3, voltage_v: 220, breaker_a: 100}` with 100 kW peak (50 kW allowed)
    Passing: `{name: A01-PA, phases: 3, voltage_v: 220, breaker_a: 250}`
    """
    state = power_state(ctx)
    site = ctx.inventory.rooms[panel.room].site
    if panel.breaker_a is None:
        unknown = [
            p
            for p in ctx.inventory.panels.values()
            if p.breaker_a is None and ctx.inventory.rooms[p.room].site == site
        ]
        if panel is unknown[0]:
            yield lacking(
                "PWR025", site,
                Text(f"main breaker unknown for {names_text([p.name for p in unknown])}", f"{names_text([p.name for p in unknown])} 总断路器未知"),
                ctx.where(panel, "breaker_a"),
                Text("the operator states breaker_a of the panels", "由机房方给出列头柜总断路器 breaker_a"),
            )  # fmt: skip
        return
    if miswired(ctx, site):
        return
    rows = [(panel.name, state.lines["panel", panel.name], panel_cap_w(ctx.inventory, panel))]
    if panel.phases == 3:
        cap_w = panel_cap_w(ctx.inventory, panel, one_phase=True)
        rows += [(f"{panel.name}/{p}", state.lines["phase", f"{panel.name}/{p}"], cap_w) for p in PHASES]
    over = []
    for name, line, cap_w in rows:
        worst_w = max(line.peak_w, line.peak_a_dead_w, line.peak_b_dead_w)
        if cap_w is not None and worst_w > cap_w:
            over.append((worst_w - cap_w, name, worst_w, cap_w))
    if not over:
        return
    by_w, name, worst_w, cap_w = max(over, key=lambda o: (o[0], o[1]))
    yield finding(
        "PWR025", panel.name,
        Text(f"{name} carries {watts(worst_w)} at peak with the other side dead, limit {watts(cap_w)}",
             f"另一路失电时 {name} 峰值 {watts(worst_w)}，限值 {watts(cap_w)}"),
        ctx.where(panel, "breaker_a"),
        fix=Text(f"a larger breaker, or {watts(by_w)} less on {name}", f"增大断路器，或使 {name} 减少 {watts(by_w)}"),
        arithmetic=f"{worst_w:.0f} W > {cap_w:.0f} W = V x {panel.breaker_a:g} A x {ctx.inventory.policy.number('feed.max_util'):g} x pf {ctx.inventory.policy.number('feed.pf'):g}{' x 3 phases' if name == panel.name and panel.phases == 3 else ''}",
    )  # fmt: skip


# ---------------------------------------------------------------- UPS


def contract_w(ctx: Context, racks: list[RackPlace]) -> float | None:
    """Power in W that the lease grants to racks together, each no more than its larger feed carries; None when
    a rating is unknown."""
    total_w = 0.0
    for rack in racks:
        if rack.rated_kw is None:
            return None
        caps = [rack_feed_cap_w(ctx.inventory, rack, side) for side in rack.feeds]
        known = [c for c in caps if c is not None]
        total_w += min(rack.rated_kw * 1000, max(known, default=math.inf))
    return total_w


def _ups_loads(ctx: Context, ups: Ups) -> dict[str, float]:
    """What one UPS side has to carry alone, in W: planned peak and, where known, the contract."""
    line = power_state(ctx).lines["ups", ups.name]
    panels = [p.name for p in ctx.inventory.panels.values() if p.ups == ups.name]
    racks = {r.name: r for p in panels for r in racks_on(ctx)[p]}
    loads = {"planned peak": max(line.peak_w, line.peak_a_dead_w, line.peak_b_dead_w)}
    granted = contract_w(ctx, list(racks.values()))
    if granted is not None:
        loads["contract load"] = granted
    return loads


ZH_LOADS = {"planned peak": "规划峰值", "contract load": "合同负载"}


@check(
    "PWR026", severity=Severity.ERROR, title=Text("UPS side too small", "UPS 容量不足"),
    clause="engineering estimate: rating x power factor x greatest load >= IT load, each side alone", over=rack_sites,
)  # fmt: skip
def ups_carries_site(site: Site, ctx: Context) -> Iterator[Finding]:
    """Each UPS side alone carries the planned peak of its racks, and what the lease grants them.

    Why it matters: when one side fails, or is switched to bypass for service, the other has everything.
    How to fix: a larger UPS, or fewer racks on it.
    Source: greatest load from the lease; engineering estimate for the rest.
    Failing: `{name: A-UPS-A, rated_kva: 100, power_factor: 1.0}` for 25 racks of 5 kW (90 kW allowed)
    Passing: `{name: A-UPS-A, rated_kva: 160, power_factor: 1.0}`
    """
    units = [u for u in ctx.inventory.ups.values() if u.site == site.name]
    unknown = [u for u in units if u.rated_kva is None or u.power_factor is None]
    if unknown:
        field = "rated_kva" if unknown[0].rated_kva is None else "power_factor"
        yield lacking(
            "PWR026", site.name,
            Text(f"rating or power factor unknown for {names_text([u.name for u in unknown])}", f"{names_text([u.name for u in unknown])} 容量或功率因数未知"),
            ctx.where(unknown[0], field),
            Text("the operator states rated_kva and power_factor", "由机房方给出 rated_kva 与 power_factor"),
        )  # fmt: skip
    small: list[tuple[float, Ups, str, float, float]] = []
    for ups in units if not miswired(ctx, site.name) else ():
        cap_w = ups_cap_w(ctx.inventory, ups.name)
        for what, load_w in _ups_loads(ctx, ups).items():
            if cap_w is not None and load_w > cap_w:
                small.append((load_w - cap_w, ups, what, load_w, cap_w))
    if not small:
        return
    _, ups, what, load_w, cap_w = max(small, key=lambda s: s[0])
    names = sorted({s[1].name for s in small})
    load_max = ctx.inventory.policy.number("ups.load_max")
    need_kva = ups_side_kva(load_w / 1000, load_max=load_max, pf=ups.power_factor or 1)
    yield finding(
        "PWR026", site.name,
        Text(f"{names_text(names)}: {what} {load_w / 1000:.1f} kW on one side, limit {cap_w / 1000:.1f} kW",
             f"{names_text(names)}：单侧{ZH_LOADS[what]} {load_w / 1000:.1f} kW，限值 {cap_w / 1000:.1f} kW"),
        ctx.where(ups, "rated_kva"),
        fix=Text(f"at least {need_kva:.0f} kVA per side, or {watts(load_w - cap_w)} less", f"每侧不小于 {need_kva:.0f} kVA，或减少 {watts(load_w - cap_w)}"),
        arithmetic=f"{load_w / 1000:.1f} kW > {ups.rated_kva:g} kVA x pf {ups.power_factor:g} x {load_max:g} = {cap_w / 1000:.1f} kW ({ctx.inventory.policy.cite('ups.load_max')})",
    )  # fmt: skip


@check(
    "PWR027", severity=Severity.ERROR, title=Text("Battery time too short", "UPS 后备时间不足"),
    clause="engineering estimate: battery lasts three generator starts", over=lambda ctx: list(ctx.inventory.ups.values()),
)  # fmt: skip
def battery_lasts(ups: Ups, ctx: Context) -> Iterator[Finding]:
    """The battery of a UPS side lasts the time asked for, at its load, and three starts of the generators.

    Silent about a time that a clause of the project asks for: the clause reports it then.
    Why it matters: between mains failure and generator there is nothing but the battery; a first start may fail.
    How to fix: more battery, or a faster generator.
    Source: autonomy from the lease; engineering estimate for inverter efficiency and end of life.
    Failing: `{name: A-UPS-A, autonomy_min: 10, ...}`
    Passing: `{name: A-UPS-A, autonomy_min: 15, ...}`
    """
    number = ctx.inventory.policy.number
    asked_min = number("ups.autonomy_min")
    stated = clause_states(ctx, "ups", "autonomy_min")
    if ups.autonomy_min is None or ups.autonomy_min < asked_min:
        if stated:
            return
        if ups.autonomy_min is None:
            yield lacking(
                "PWR027", ups.name, Text("battery time unknown", "后备时间未知"), ctx.where(ups, "autonomy_min"),
                Text("the operator states autonomy_min", "由机房方给出 autonomy_min"),
            )  # fmt: skip
            return
        yield finding(
            "PWR027", ups.name,
            Text(f"battery lasts {ups.autonomy_min:g} min, {asked_min:g} min asked for", f"后备时间 {ups.autonomy_min:g} min，要求 {asked_min:g} min"),
            ctx.where(ups, "autonomy_min"),
            fix=Text("more battery", "增加电池"),
            arithmetic=f"{ups.autonomy_min:g} min < {asked_min:g} min ({ctx.inventory.policy.cite('ups.autonomy_min')})",
        )  # fmt: skip
        return
    if ups.battery_kwh is not None:
        load_kw = max(_ups_loads(ctx, ups).values()) / 1000
        eta, k_eol = number("ups.eta_inv"), number("ups.k_eol")
        need_kwh = battery_kwh(load_kw, autonomy_h=asked_min / 60, eta_inv=eta, k_eol=k_eol)
        if ups.battery_kwh < need_kwh:
            yield finding(
                "PWR027", ups.name,
                Text(f"battery of {ups.battery_kwh:g} kWh, {need_kwh:.1f} kWh needed", f"电池 {ups.battery_kwh:g} kWh，需要 {need_kwh:.1f} kWh"),
                ctx.where(ups, "battery_kwh"),
                fix=Text(f"at least {need_kwh:.1f} kWh", f"不小于 {need_kwh:.1f} kWh"),
                arithmetic=f"{load_kw:.1f} kW x {asked_min:g} min / 60 / ({eta:g} x {k_eol:g}) = {need_kwh:.1f} kWh > {ups.battery_kwh:g} kWh",
            )  # fmt: skip
            return
    starts = [
        g.start_s for g in ctx.inventory.generators.values() if g.site == ups.site and g.start_s is not None
    ]
    slowest = max((s for s in starts if s <= number("gen.start_s_max")), default=None)
    if slowest is not None and not autonomy_covers_start(ups.autonomy_min, slowest):
        yield finding(
            "PWR027", ups.name,
            Text(f"battery lasts {ups.autonomy_min:g} min, three generator starts take {3 * slowest / 60:g} min",
                 f"后备时间 {ups.autonomy_min:g} min，柴发三次启动需 {3 * slowest / 60:g} min"),
            ctx.where(ups, "autonomy_min"),
            fix=Text("more battery, or a faster generator", "增加电池或选用启动更快的柴发"),
            arithmetic=f"{ups.autonomy_min:g} min x 60 < 3 x {slowest:g} s",
        )  # fmt: skip
