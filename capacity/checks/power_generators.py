"""Generators: enough of them, fuel, and a quick start (PWR028-PWR030)."""

from __future__ import annotations

from collections.abc import Iterator

from capacity.checks.power_plant import ZH_LOADS, contract_w
from capacity.checks.power_state import clause_states, power_state
from capacity.checks.power_wiring import miswired, rack_sites
from capacity.load_lines import plant_cap_w, plant_name
from capacity.plant import fuel_l, generator_kw
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text, names_text
from inventory.model import Generator, Site


@check(
    "PWR028", severity=Severity.ERROR, title=Text("Generators too small", "柴油发电机容量不足"),
    clause="engineering estimate: (IT x PUE + recharge) / greatest load, without the X largest sets", over=rack_sites,
    unless=("PWR026",),
)  # fmt: skip
def generators_carry_site(site: Site, ctx: Context) -> Iterator[Finding]:
    """With its X largest sets out, the generator plant of a site carries IT, cooling and battery recharge.

    Why it matters: the set that does not start is never the one you expected.
    How to fix: one more set, or larger ones.
    Source: N+X from the lease; engineering estimate for PUE, recharge and greatest load.
    Failing: two sets of 150 kW for 125 kW IT (208 kW needed of one)
    Passing: two sets of 250 kW
    """
    if miswired(ctx, site.name):
        return
    units = [g for g in ctx.inventory.generators.values() if g.site == site.name]
    unknown = [g for g in units if g.rated_kw is None]
    if not units or unknown:
        what = names_text([g.name for g in unknown]) if unknown else "no generator is listed"
        zh_what = names_text([g.name for g in unknown]) if unknown else "未列出柴油发电机"
        yield lacking(
            "PWR028", site.name,
            Text(f"rating unknown: {what}", f"额定功率未知：{zh_what}"),
            ctx.where(unknown[0], "rated_kw") if unknown else ctx.where(site, "name"),
            Text("the operator states the sets and their rated_kw", "由机房方给出各机组 rated_kw"),
        )  # fmt: skip
        return
    cap_w = plant_cap_w(ctx.inventory, site.name) or 0.0
    line = power_state(ctx).lines["generator", plant_name(site.name)]
    loads = {"planned peak": max(line.peak_w, line.peak_a_dead_w, line.peak_b_dead_w)}
    granted = contract_w(ctx, [r for r in ctx.inventory.racks.values() if r.site == site.name])
    if granted is not None:
        loads["contract load"] = granted
    what, load_w = max(loads.items(), key=lambda item: item[1])
    if load_w <= cap_w:
        return
    number = ctx.inventory.policy.number
    spare = round(number("gen.redundancy_x"))
    ordered = sorted(units, key=lambda g: (g.rated_kw or 0.0, g.name))
    left = ordered[: max(len(ordered) - spare, 0)]
    have_kw = sum(g.rated_kw or 0.0 for g in left)
    need_kw = generator_kw(
        load_w / 1000,
        pue=number("room.pue_max"),
        recharge=number("gen.recharge"),
        load_max=number("gen.load_max"),
    )
    yield finding(
        "PWR028", site.name,
        Text(f"{what} {load_w / 1000:.1f} kW needs {need_kw:.0f} kW of generators, {have_kw:.0f} kW are left with {spare} out",
             f"{ZH_LOADS[what]} {load_w / 1000:.1f} kW 需柴发 {need_kw:.0f} kW，停 {spare} 台后剩 {have_kw:.0f} kW"),
        ctx.where(ordered[0], "rated_kw"),
        fix=Text(f"one more set, or sets that give {need_kw:.0f} kW with {spare} out", f"增加机组，或使停 {spare} 台后不小于 {need_kw:.0f} kW"),
        arithmetic=f"({load_w / 1000:.1f} kW x PUE {number('room.pue_max'):g} + {number('gen.recharge'):g} x {load_w / 1000:.1f} kW) / {number('gen.load_max'):g} = {need_kw:.0f} kW > {' + '.join(f'{g.rated_kw:g}' for g in left) or '0'} kW",
        related=[Related(ctx.where(g, "rated_kw"), f"{g.name}: {g.rated_kw:g} kW") for g in ordered],
    )  # fmt: skip


def _generators(ctx: Context) -> list[Generator]:
    return list(ctx.inventory.generators.values())


@check(
    "PWR029", severity=Severity.ERROR, title=Text("Fuel too little", "燃油储备不足"),
    clause="engineering estimate: all sets at full load for the hours asked for", over=_generators, needs="inventory",
)  # fmt: skip
def fuel_lasts(generator: Generator, ctx: Context) -> Iterator[Finding]:
    """The fuel of a generator lasts the hours asked for at full load, with what a tank cannot give.

    Silent where a clause of the project asks for the hours: the clause reports it then.
    Why it matters: fuel that cannot be pumped is counted in every brochure.
    How to fix: a larger tank, or a supply contract that a clause accepts.
    Source: consumption from a diesel chart; hours from the lease; unusable volume is an engineering estimate.
    Failing: `{name: A-GEN-1, rated_kw: 250, fuel_l: 400}` (596 L needed for 8 h)
    Passing: `{name: A-GEN-1, rated_kw: 250, fuel_l: 600}`
    """
    if clause_states(ctx, "generator", "fuel_h"):
        return
    number = ctx.inventory.policy.number
    if generator.rated_kw is None:
        return  # PWR028 says so
    if generator.fuel_l is None:
        unknown = [g for g in _generators(ctx) if g.fuel_l is None]
        yield from _one_per_site("PWR029", generator, "fuel_l", "fuel", "燃油储备", unknown, ctx)
        return
    hours, sfc, factor = number("gen.fuel_h"), number("gen.sfc_l_kwh"), number("gen.fuel_factor")
    need_l = fuel_l(generator.rated_kw, hours=hours, sfc_l_kwh=sfc, unusable=factor)
    if generator.fuel_l < need_l:
        yield finding(
            "PWR029", generator.name,
            Text(f"{generator.fuel_l:g} L, {need_l:.0f} L needed for {hours:g} h at full load", f"燃油 {generator.fuel_l:g} L，满载 {hours:g} h 需 {need_l:.0f} L"),
            ctx.where(generator, "fuel_l"),
            fix=Text(f"store at least {need_l:.0f} L", f"储油不少于 {need_l:.0f} L"),
            arithmetic=f"{generator.rated_kw:g} kW x {sfc:g} L/kWh x {hours:g} h x {factor:g} = {need_l:.0f} L > {generator.fuel_l:g} L",
        )  # fmt: skip


@check(
    "PWR030", severity=Severity.ERROR, title=Text("Generator starts too slowly", "柴油发电机启动过慢"),
    clause="engineering estimate", over=_generators, needs="inventory",
)  # fmt: skip
def generator_starts(generator: Generator, ctx: Context) -> Iterator[Finding]:
    """A generator carries load within the time asked for.

    Silent where a clause of the project asks for the time: the clause reports it then.
    Why it matters: battery and cooling are sized for it.
    How to fix: pre-heating, automatic start, or another set.
    Source: start time from the lease.
    Failing: `{name: A-GEN-1, start_s: 180}`
    Passing: `{name: A-GEN-1, start_s: 120}`
    """
    if clause_states(ctx, "generator", "start_s"):
        return
    limit_s = ctx.inventory.policy.number("gen.start_s_max")
    if generator.start_s is None:
        yield from _one_per_site(
            "PWR030", generator, "start_s", "start time", "启动时间",
            [g for g in _generators(ctx) if g.start_s is None], ctx,
        )  # fmt: skip
    elif generator.start_s > limit_s:
        yield finding(
            "PWR030", generator.name,
            Text(f"starts in {generator.start_s:g} s, limit {limit_s:g} s", f"启动时间 {generator.start_s:g} s，限值 {limit_s:g} s"),
            ctx.where(generator, "start_s"),
            fix=Text("pre-heating, automatic start, or another set", "预热、自启动或更换机组"),
            arithmetic=f"{generator.start_s:g} s > {limit_s:g} s ({ctx.inventory.policy.cite('gen.start_s_max')})",
        )  # fmt: skip


def _one_per_site(
    code: str,
    generator: Generator,
    field: str,
    what: str,
    zh_what: str,
    unknown: list[Generator],
    ctx: Context,
) -> Iterator[Finding]:
    """One remark for all generators of a site for which a figure is unknown, at the first of them."""
    mine = [g for g in unknown if g.site == generator.site]
    if generator is mine[0]:
        yield lacking(
            code, generator.site,
            Text(f"{what} unknown for {names_text([g.name for g in mine])}", f"{names_text([g.name for g in mine])} {zh_what}未知"),
            ctx.where(generator, field),
            Text(f"the operator states {field}", f"由机房方给出 {field}"),
        )  # fmt: skip
