"""Racks, feeds and banks carry what is planned (PWR003-PWR005, PWR013)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, cast

from capacity.checks import power_cords as power_cords  # imported for their checks
from capacity.checks import power_generators as power_generators
from capacity.checks import power_outlets as power_outlets
from capacity.checks import power_plant as power_plant
from capacity.checks import power_sts as power_sts
from capacity.checks import power_supplies as power_supplies
from capacity.checks import power_wiring as power_wiring
from capacity.checks.power_state import (
    badly_corded_racks,
    clause_breaks,
    clause_states,
    contributors,
    occupied_racks,
    power_state,
    sum_text,
    watts,
)
from capacity.checks.power_wiring import rack_sites
from capacity.cords import pdu_name, pdu_type
from capacity.load_lines import bank_limits_w, phase_voltage_v, rack_feed_cap_w
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Position, Related, Severity, Text, names_text
from inventory.inventory import RackPlace
from inventory.model import Site

Verdict = Literal["", "feed", "rated", "bank", "tight"]


# ---------------------------------------------------------------- racks


def overloaded_sides(ctx: Context, rack: RackPlace) -> dict[str, tuple[float, float]]:
    """Sides of a rack whose feed cannot carry it alone: peak with the other side dead and limit, in W."""
    out: dict[str, tuple[float, float]] = {}
    for side, feed in rack.feeds.items():
        line = power_state(ctx).lines["feed", feed.name]
        cap_w = rack_feed_cap_w(ctx.inventory, rack, side)
        alone_w = max(line.peak_w, line.peak_b_dead_w if side == "a" else line.peak_a_dead_w)
        if cap_w is not None and alone_w > cap_w:
            out[side] = (alone_w, cap_w)
    return out


def overloaded_banks(ctx: Context, rack: RackPlace) -> dict[str, tuple[float, float]]:
    """Banks of a rack above their limit in any state: worst peak and limit, in W, by element name."""
    out: dict[str, tuple[float, float]] = {}
    for name, limit_w in bank_limits_w(ctx.inventory, rack).items():
        line = power_state(ctx).lines["bank", name]
        worst_w = max(line.peak_w, line.peak_a_dead_w, line.peak_b_dead_w)
        if limit_w is not None and worst_w > limit_w:
            out[name] = (worst_w, limit_w)
    return out


def verdict(ctx: Context, name: str) -> Verdict:
    """The first limit a rack breaks, the most dangerous first: each overload is reported once, where it is worst.

    feed: a breaker trips when the other side fails; rated: more than the rack is leased for; bank: a bank
    breaker trips; tight: above what is planned for, or peak above the rating.
    """
    verdicts: dict[str, Verdict] = ctx.memo("rack-verdicts", dict)
    if name not in verdicts:
        verdicts[name] = _verdict(ctx, ctx.inventory.racks[name])
    return verdicts[name]


def _verdict(ctx: Context, rack: RackPlace) -> Verdict:
    line = power_state(ctx).lines["rack", rack.name]
    rated_w = None if rack.rated_kw is None else rack.rated_kw * 1000
    if overloaded_sides(ctx, rack):
        return "feed"
    if rated_w is not None and line.alloc_w > rated_w:
        return "rated"
    if rack.name not in badly_corded_racks(ctx) and overloaded_banks(ctx, rack):
        return "bank"
    planned = ctx.inventory.policy.number("rack.alloc_util_max")
    if rated_w is not None and (line.alloc_w > rated_w * planned or line.peak_w > rated_w):
        return "tight"
    return ""


def _draws_of(ctx: Context, rack: str, which: Literal["alloc_w", "peak_w"]) -> dict[str, float]:
    state = power_state(ctx)
    known = {n: p for n in state.in_rack.get(rack, ()) if (p := state.power[n]) is not None}
    return {name: cast(float, getattr(power, which)) for name, power in known.items()}


@check(
    "PWR003", severity=Severity.ERROR, title=Text("Rack above its rated power", "机柜功率超限"),
    clause="engineering estimate: allocated draw <= rating x utilisation, peak <= rating", over=occupied_racks,
)  # fmt: skip
def rack_within_rating(name: str, ctx: Context) -> Iterator[Finding]:
    """The allocated draw of a rack stays below its rating with reserve, and its peak below the rating.

    Allocated above the rating is an error; above the planned share of it, or peak above the rating, a warning. A rack
    that a feed or a bank cannot carry is reported there, a rating below a clause of the project by that clause.
    Why it matters: the lease pays for so many kilowatts, and cooling is built for them.
    How to fix: move devices out of the rack, or correct `rated_kw` if the lease grants more.
    Source: engineering estimate (alloc_util_max); rating from the lease.
    Failing: `{name: A01-A01, rated_kw: 3}` with 6 servers of 675 W allocated
    Passing: `{name: A01-A01, rated_kw: 5}` with the same servers
    """
    rack = ctx.inventory.racks[name]
    record = rack.record
    at = ctx.where(record, "rated_kw" if record.rated_kw is not None else "name")
    if rack.rated_kw is None:
        mine = _unknown_by_site(ctx, "unrated-racks", lambda r: r.rated_kw is None)[rack.site]
        if name == mine[0] and not clause_states(ctx, "rack", "rated_kw"):
            yield lacking(
                "PWR003", rack.site,
                Text(f"rated power unknown for {len(mine)} racks: {names_text(mine)}", f"{len(mine)} 个机柜额定功率未知：{names_text(mine)}"),
                at, Text("the operator states rated_kw of the racks", "由机房方给出机柜额定功率 rated_kw"),
            )  # fmt: skip
        return
    found = verdict(ctx, name)
    if found not in ("rated", "tight") or clause_breaks(ctx, "rack", "rated_kw", rack.rated_kw):
        return
    line = power_state(ctx).lines["rack", name]
    rated_w = rack.rated_kw * 1000
    planned_w = rated_w * ctx.inventory.policy.number("rack.alloc_util_max")
    peak_only = line.alloc_w <= planned_w
    load_w, limit_w = (line.peak_w, rated_w) if peak_only else (line.alloc_w, planned_w)
    if found == "rated":
        limit_w = rated_w
    what, zh_what = ("peak", "峰值") if peak_only else ("allocated", "分配")
    limit_name = f"rating {rack.rated_kw:g} kW"
    if limit_w != rated_w:
        limit_name = (
            f"{limit_w:.0f} W ({ctx.inventory.policy.cite('rack.alloc_util_max')} of {rack.rated_kw:g} kW)"
        )
    over_w = load_w - limit_w
    yield finding(
        "PWR003", name,
        Text(f"{watts(load_w)} {what}, {watts(over_w)} above the limit of {watts(limit_w)}",
             f"{zh_what}功率 {watts(load_w)}，超出限值 {watts(limit_w)} 共 {watts(over_w)}"),
        at,
        fix=Text(f"move {watts(over_w)} or more out of {name}, or correct rated_kw if the lease grants more",
                 f"从 {name} 移出不少于 {watts(over_w)}，若租约允许则更正 rated_kw"),
        arithmetic=f"{sum_text(_draws_of(ctx, name, 'peak_w' if peak_only else 'alloc_w'))} > {limit_name}",
        related=contributors(ctx, power_state(ctx).largest(name)),
        severity=Severity.ERROR if found == "rated" else Severity.WARNING,
    )  # fmt: skip


@check(
    "PWR004", severity=Severity.ERROR, title=Text("Feed cannot carry the rack alone", "单路供电无法独立承载机柜"),
    clause="engineering estimate: V x A x utilisation x power factor (form of the NetBox power feed)", over=occupied_racks,
)  # fmt: skip
def feed_carries_rack(name: str, ctx: Context) -> Iterator[Finding]:
    """With either side dead, the other feed of a rack carries all of it at peak.

    Silent about a breaker below what a clause of the project asks for: the clause reports it then.
    Why it matters: in the normal state both feeds look half loaded; the breaker of the second one trips in the minute
    the first one fails, and the rack is dark on both.
    How to fix: move the watts shown out of the rack, or correct `breaker_a` if the breaker is larger.
    Source: engineering estimate (80 % of the breaker, power factor 0.95); 32 A per feed from the lease.
    Failing: `feeds: {a: {panel: A01-PA, breaker_a: 16}, ...}` in a rack with 4.3 kW peak (2675 W allowed)
    Passing: `feeds: {a: {panel: A01-PA, breaker_a: 32}, ...}` (5350 W allowed)
    """
    rack = ctx.inventory.racks[name]
    yield from _unknown_breakers(rack, ctx)
    side = _worst_side(ctx, name)
    if side is None:
        return
    sides = overloaded_sides(ctx, rack)
    load_w, cap_w = sides[side]
    feed = rack.feeds[side]
    if feed.breaker_a is not None and clause_breaks(ctx, "rack", "breaker_a_min", feed.breaker_a):
        return
    dead = "b" if side == "a" else "a"
    number = ctx.inventory.policy.number
    voltage_v = phase_voltage_v(ctx.inventory.panels[feed.panel])
    breaker = Related(_breaker_place(ctx, name, side), f"breaker {feed.breaker_a:g} A of feed {side}")
    sharing = [n for n in occupied_racks(ctx) if _breaker_place(ctx, n, side) == breaker.position]
    alike = [n for n in sharing if _worst_side(ctx, n) == side]
    many = len(alike) > 1 and len(alike) * 2 > len(sharing)
    if many and name != alike[0]:
        return
    other_w = rack_feed_cap_w(ctx.inventory, rack, dead) if dead in rack.feeds else None
    too_small = many or (other_w is not None and cap_w < other_w)
    panel, other = ctx.inventory.panels[feed.panel], rack.feeds.get(dead)
    other_panel = ctx.inventory.panels[other.panel] if other else panel
    low_voltage = panel.voltage_v < other_panel.voltage_v and feed.breaker_a == (other and other.breaker_a)
    culprit = ctx.where(panel, "voltage_v") if low_voltage else breaker.position
    others = f" (and in {len(alike) - 1} more racks: {names_text(alike[1:])})" if many else ""
    zh_others = f"（另有 {len(alike) - 1} 个机柜：{names_text(alike[1:])}）" if many else ""
    yield finding(
        "PWR004", rack.row if many else name,
        Text(f"feed {side} of {name} carries {watts(load_w)} once feed {dead} is lost, limit {watts(cap_w)}{others}",
             f"{dead.upper()} 路失电后 {name} 的 {side.upper()} 路承载 {watts(load_w)}，限值 {watts(cap_w)}{zh_others}"),
        culprit if too_small else ctx.where(rack.record, "name"),
        fix=Text(f"move {watts(load_w - cap_w)} or more out of {name}, or correct breaker_a if the breaker is larger",
                 f"从 {name} 移出不少于 {watts(load_w - cap_w)}，若断路器更大则更正 breaker_a"),
        arithmetic=f"{sum_text(_draws_of(ctx, name, 'peak_w'))} > {voltage_v:.0f} V x {feed.breaker_a:g} A x {number('feed.max_util'):g} x pf {number('feed.pf'):g} = {cap_w:.0f} W",
        related=[*([] if too_small else [breaker]), *contributors(ctx, power_state(ctx).largest(name))],
    )  # fmt: skip


def _worst_side(ctx: Context, name: str) -> str | None:
    """The side of a rack that is furthest above its limit; None when both hold."""
    sides = overloaded_sides(ctx, ctx.inventory.racks[name])
    return max(sorted(sides), key=lambda s: sides[s][0] - sides[s][1]) if sides else None


def _breaker_place(ctx: Context, name: str, side: str) -> Position:
    """Where the breaker of a feed is written: at the rack, or at its row."""
    places: dict[tuple[str, str], Position] = ctx.memo("breaker-places", dict)
    if (name, side) not in places:
        rack = ctx.inventory.racks[name]
        record = rack.record if rack.record.feeds is not None else ctx.inventory.rows[rack.row]
        places[name, side] = ctx.where(record, "feeds", side, "breaker_a")
    return places[name, side]


def _unknown_by_site(ctx: Context, key: str, unknown: Callable[[RackPlace], bool]) -> dict[str, list[str]]:
    """Occupied racks for which something is unknown, by site."""

    def make() -> dict[str, list[str]]:
        out: dict[str, list[str]] = {}
        for rack in (ctx.inventory.racks[n] for n in occupied_racks(ctx)):
            if unknown(rack):
                out.setdefault(rack.site, []).append(rack.name)
        return out

    return cast(dict[str, list[str]], ctx.memo(key, make))


def _unknown_breakers(rack: RackPlace, ctx: Context) -> Iterator[Finding]:
    """One remark per site about feeds without a breaker rating, at its first rack."""
    by_site = _unknown_by_site(
        ctx, "unknown-breakers", lambda r: any(f.breaker_a is None for f in r.feeds.values())
    )
    unknown = by_site.get(rack.site, [])
    if not unknown or unknown[0] != rack.name or clause_states(ctx, "rack", "breaker_a_min"):
        return
    side = next(s for s, f in sorted(rack.feeds.items()) if f.breaker_a is None)
    record = rack.record if rack.record.feeds else ctx.inventory.rows[rack.row]
    names = names_text(unknown)
    yield lacking(
        "PWR004", rack.site,
        Text(f"breaker of a feed unknown for {len(unknown)} racks: {names}", f"{len(unknown)} 个机柜的供电断路器未知：{names}"),
        ctx.where(record, "feeds", side),
        Text("the operator states breaker_a of the feeds", "由机房方给出各路断路器 breaker_a"),
    )  # fmt: skip


def _above_feed(ctx: Context) -> dict[str, list[tuple[RackPlace, str, float]]]:
    """Racks rated above what a feed carries, by site, with the side and its limit in W. A breaker that PWR004 or a
    clause reports is left out."""

    def make() -> dict[str, list[tuple[RackPlace, str, float]]]:
        tripping = {_breaker_place(ctx, n, s) for n in occupied_racks(ctx) if (s := _worst_side(ctx, n))}
        out: dict[str, list[tuple[RackPlace, str, float]]] = {}
        for rack in ctx.inventory.racks.values():
            known = ((rack_feed_cap_w(ctx.inventory, rack, s), s) for s in sorted(rack.feeds))
            caps = [(cap_w, side) for cap_w, side in known if cap_w is not None]
            if rack.rated_kw is None or not caps or rack.rated_kw * 1000 <= min(caps)[0]:
                continue
            cap_w, side = min(caps)
            too_small = clause_breaks(ctx, "rack", "breaker_a_min", rack.feeds[side].breaker_a or 0.0)
            if not too_small and _breaker_place(ctx, rack.name, side) not in tripping:
                out.setdefault(rack.site, []).append((rack, side, cap_w))
        return out

    return cast(dict[str, list[tuple[RackPlace, str, float]]], ctx.memo("ratings-above-feeds", make))


@check(
    "PWR013", severity=Severity.WARNING, title=Text("Rating above what a feed carries", "额定功率超过单路承载能力"),
    clause="engineering estimate: V x A x utilisation x power factor of either feed", over=rack_sites,
)  # fmt: skip
def rating_within_feed(site: Site, ctx: Context) -> Iterator[Finding]:
    """The rated power of a rack is not more than either of its feeds carries alone.

    Why it matters: the lease is paid for kilowatts that cannot be used with both feeds kept redundant.
    How to fix: correct `rated_kw`, or have larger breakers fitted.
    Source: engineering estimate (5 kW on one feed of 220 V: 23.9 A of 25.6 A allowed on a 32 A breaker).
    Failing: `{name: A01-A01, rated_kw: 7, ...}` on two feeds of 32 A (5.35 kW)
    Passing: `{name: A01-A01, rated_kw: 5, ...}`
    """
    above = _above_feed(ctx).get(site.name, [])
    if not above:
        return
    rack, side, cap_w = max(above, key=lambda a: (a[0].rated_kw or 0.0) * 1000 - a[2])
    own = len(above) == 1 and rack.record.rated_kw is not None
    names = names_text([a[0].name for a in above])
    number = ctx.inventory.policy.number
    yield finding(
        "PWR013", rack.name if len(above) == 1 else site.name,
        Text(f"rated {rack.rated_kw:g} kW, feed {side} carries {cap_w / 1000:.2f} kW alone: {names}",
             f"额定 {rack.rated_kw:g} kW，{side.upper()} 路单独仅承载 {cap_w / 1000:.2f} kW：{names}"),
        ctx.where(rack.record, "rated_kw") if own else _breaker_place(ctx, rack.name, side),
        fix=Text(f"rate it at no more than {cap_w / 1000:.2f} kW, or fit a larger breaker", f"额定功率不超过 {cap_w / 1000:.2f} kW，或增大断路器"),
        arithmetic=f"{(rack.rated_kw or 0) * 1000:.0f} W > V x {rack.feeds[side].breaker_a:g} A x {number('feed.max_util'):g} x pf {number('feed.pf'):g} = {cap_w:.0f} W",
    )  # fmt: skip


@check(
    "PWR005", severity=Severity.ERROR, title=Text("PDU bank overloaded", "PDU 分支过载"),
    clause="engineering estimate: bank load <= breaker x utilisation, also with the other feed dead", over=occupied_racks,
)  # fmt: skip
def bank_within_breaker(name: str, ctx: Context) -> Iterator[Finding]:
    """No bank of a power strip carries more than its breaker allows, also when the other side is dead.

    Why it matters: a 32 A strip is often two 16 A banks inside; the strip as a whole looks fine while one bank trips.
    How to fix: move cords to the lighter bank, or devices out of the rack when no split holds.
    Source: engineering estimate (12.8 A on a 16 A bank breaker). A rack that its feed cannot carry, or above its
    rating, is reported there.
    Failing: five servers of 750 W peak on bank B1, none on B2 (3750 W, 2675 W allowed)
    Passing: three on B1, two on B2
    """
    if verdict(ctx, name) != "bank":
        return
    rack = ctx.inventory.racks[name]
    banks = overloaded_banks(ctx, rack)
    worst = max(sorted(banks), key=lambda b: banks[b][0] - banks[b][1])
    load_w, limit_w = banks[worst]
    side = "a" if worst.startswith(pdu_name(name, "a")) else "b"
    pdu = pdu_type(ctx.inventory, rack, side)
    assert pdu is not None  # noqa: S101 - the bank came from it
    index = next(i for i, b in enumerate(pdu.rackwright.banks) if worst.endswith(f"/{b.name}"))
    breaker = ctx.where(pdu, "rackwright", "banks", index, "breaker_a")
    alike = [n for n in occupied_racks(ctx) if verdict(ctx, n) == "bank"]
    many = len(alike) >= 3 and len(alike) * 2 > len(occupied_racks(ctx))
    if many and name != alike[0]:
        return
    state = power_state(ctx)
    cords = [
        c for n in state.in_rack[name] for c in state.cords_of.get(n, ()) if f"{c.pdu}/{c.bank}" == worst
    ]
    loads = {c.device: p.peak_w for c in cords if (p := state.power[c.device]) is not None}
    others = f" ({len(alike)} racks with this strip)" if many else ""
    zh_others = f"（使用该 PDU 的机柜共 {len(alike)} 个）" if many else ""
    yield finding(
        "PWR005", pdu.slug if many else name,
        Text(f"bank {worst} carries {watts(load_w)} with the other side dead, limit {watts(limit_w)}{others}",
             f"另一路失电时分支 {worst} 承载 {watts(load_w)}，限值 {watts(limit_w)}{zh_others}"),
        breaker if many else ctx.where(rack.record, "name"),
        fix=Text(f"move {watts(load_w - limit_w)} or more to another bank or out of {name}",
                 f"将不少于 {watts(load_w - limit_w)} 移到其他分支或移出 {name}"),
        arithmetic=f"{sum_text(loads)} > {limit_w:.0f} W = {pdu.rackwright.banks[index].breaker_a:g} A x {ctx.inventory.policy.number('feed.max_util'):g} x V x pf",
        related=[
            *([] if many else [Related(breaker, "breaker of the bank")]),
            *(Related(ctx.where(c, "outlet"), f"{c.device}: {c.outlet}") for c in cords[:4]),
        ],
    )  # fmt: skip
