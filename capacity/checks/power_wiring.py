"""Two feeds, two panels, two UPS sides: nothing shared between them (PWR020-PWR023)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from capacity.checks.power_state import clause_states
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Position, Related, Severity, Text, names_text
from inventory.model import Panel, Rack, Row, Side, Site


@dataclass(frozen=True, slots=True)
class Supply:
    """One feed as somebody wrote it: in a row for all its racks, or in a rack for itself. Rows that share
    the text (a YAML anchor) share the supply. `panel` None: this side is missing."""

    name: str
    side: Side
    record: Row | Rack
    panel: str | None
    racks: tuple[str, ...]


def supplies(ctx: Context) -> list[Supply]:
    """All feeds as written, in the order of the files."""
    return cast(list[Supply], ctx.memo("supplies", lambda: _supplies(ctx)))


def _supplies(ctx: Context) -> list[Supply]:
    groups: dict[tuple[Position, str, str], list[tuple[Row | Rack, list[str], str | None]]] = {}
    for row in ctx.inventory.rows.values():
        shared = [r.name for r in row.racks if r.feeds is None]
        owners: list[tuple[Row | Rack, list[str]]] = [(row, shared)] if shared else []
        owners += [(rack, [rack.name]) for rack in row.racks if rack.feeds is not None]
        for record, racks in owners:
            for side in ("a", "b"):
                feed = getattr(record.feeds, side)
                panel = None if feed is None else feed.panel
                place = ctx.where(record, "feeds", side, "panel")
                groups.setdefault((place, side, str(panel)), []).append((record, racks, panel))
    out = []
    for (_, side, _), members in groups.items():
        record, _, panel = members[0]
        fed = tuple(name for _, names, _ in members for name in names)
        out.append(Supply(f"{record.name}/{side}", cast(Side, side), record, panel, fed))
    return out


@dataclass(frozen=True)
class Wiring:
    """Whose fault it is where sides do not agree: panels (with the field that is wrong) and UPS."""

    panels: dict[str, str]
    ups: dict[str, str]


def wiring(ctx: Context) -> Wiring:
    """Panels and UPS whose side or site contradicts what they feed or are fed from.

    A panel is used for the side that most racks name it under; a UPS is wrong when all its panels disagree
    with it, otherwise the panel's reference is.
    """
    return cast(Wiring, ctx.memo("wiring", lambda: _wiring(ctx)))


def _wiring(ctx: Context) -> Wiring:
    inventory = ctx.inventory
    used: dict[str, Counter[str]] = {}
    for supply in supplies(ctx):
        if supply.panel is not None:
            used.setdefault(supply.panel, Counter())[supply.side] += len(supply.racks)
    panels: dict[str, str] = {}
    disagreeing: dict[str, list[tuple[str, str]]] = {}
    fed: Counter[str] = Counter()
    for panel in inventory.panels.values():
        ups = inventory.ups[panel.ups]
        fed[ups.name] += 1
        site = inventory.rooms[panel.room].site
        uses = used.get(panel.name, Counter())
        used_as = "a" if uses["a"] > uses["b"] else "b" if uses["b"] > uses["a"] else panel.side
        if used_as != panel.side and ups.side == used_as:
            panels[panel.name] = "side"
        elif ups.site != site:
            disagreeing.setdefault(ups.name, []).append((panel.name, "site"))
        elif ups.side != panel.side:
            disagreeing.setdefault(ups.name, []).append((panel.name, "side"))
    faulty: dict[str, str] = {}
    for name, members in disagreeing.items():
        ups = inventory.ups[name]
        twin = any(u.site == ups.site and u.side == ups.side and u is not ups for u in inventory.ups.values())
        if len(members) == fed[name] and (twin or len(members) > 1):
            faulty[name] = members[0][1]
        else:
            panels.update({panel: "room" if _room_alone(ctx, panel) else "ups" for panel, _ in members})
    return Wiring(panels, faulty)


def _room_alone(ctx: Context, name: str) -> bool:
    """True when the racks a panel feeds stand at the site of its UPS: then its room is what is wrong."""
    panel = ctx.inventory.panels[name]
    racks = [r for s in supplies(ctx) if s.panel == name for r in s.racks]
    sites = {ctx.inventory.racks[r].site for r in racks}
    own = ctx.inventory.rooms[panel.room].site
    return sites == {ctx.inventory.ups[panel.ups].site} and own not in sites


def rack_sites(ctx: Context) -> list[Site]:
    """Sites with racks."""
    names = {r.site for r in ctx.inventory.racks.values()}
    return [s for s in ctx.inventory.sites.values() if s.name in names]


def strayed(ctx: Context, supply: Supply) -> bool:
    """True when a feed comes from a panel of the other side or another site, and the panel is not to blame."""
    faults = wiring(ctx)
    if supply.panel is None:
        return False
    panel = ctx.inventory.panels[supply.panel]
    if panel.name in faults.panels or panel.ups in faults.ups:
        return False
    site = ctx.inventory.rooms[panel.room].site
    return panel.side != supply.side or site != ctx.inventory.racks[supply.racks[0]].site


def miswired(ctx: Context, site: str) -> bool:
    """True when some feed, panel or UPS of a site is on the wrong side or at the wrong site: sums above its racks
    mean nothing before that is mended."""

    def make() -> frozenset[str]:
        inventory, faults = ctx.inventory, wiring(ctx)
        sites: set[str] = set()
        for panel in inventory.panels.values():
            if panel.name in faults.panels or panel.ups in faults.ups:
                sites |= {inventory.rooms[panel.room].site, inventory.ups[panel.ups].site}
                sites |= {inventory.racks[s.racks[0]].site for s in supplies(ctx) if s.panel == panel.name}
        for supply in supplies(ctx):
            if supply.panel is not None and strayed(ctx, supply):
                room = inventory.rooms[inventory.panels[supply.panel].room]
                sites |= {inventory.racks[supply.racks[0]].site, room.site}
        return frozenset(sites)

    return site in cast(frozenset[str], ctx.memo("miswired-sites", make))


@check(
    "PWR020", severity=Severity.ERROR, title=Text("Rack with one feed", "机柜仅一路供电"),
    clause="engineering estimate: two feeds per rack", over=supplies, needs="inventory",
)  # fmt: skip
def rack_has_two_feeds(supply: Supply, ctx: Context) -> Iterator[Finding]:
    """Every rack has a feed on side a and on side b.

    Silent where a clause of the project asks for the number of feeds: the clause reports it then.
    Why it matters: with one feed nothing in the rack survives its loss.
    How to fix: write the missing feed, at the row or at the rack.
    Source: engineering estimate.
    Failing: `feeds: {a: {panel: A01-PA, breaker_a: 32}}`
    Passing: `feeds: {a: {panel: A01-PA, breaker_a: 32}, b: {panel: A01-PB, breaker_a: 32}}`
    """
    if supply.panel is not None or clause_states(ctx, "rack", "feed_count"):
        return
    yield finding(
        "PWR020", supply.name,
        Text(f"feed {supply.side} is missing for {names_text(supply.racks)}", f"{names_text(supply.racks)} 缺少 {supply.side.upper()} 路供电"),
        ctx.where(supply.record, "feeds"),
        fix=Text(f"write feed {supply.side} with its panel and breaker", f"补上 {supply.side.upper()} 路的列头柜与断路器"),
    )  # fmt: skip


def _swapped(ctx: Context, supply: Supply) -> bool:
    """True when the other feed, written in the same record, comes from the side of this one."""
    twins = [s for s in supplies(ctx) if s.record is supply.record and s.side != supply.side and s.panel]
    return (
        any(strayed(ctx, t) and ctx.inventory.panels[str(t.panel)].side == supply.side for t in twins)
        and ctx.inventory.panels[str(supply.panel)].side != supply.side
    )


@check(
    "PWR021", severity=Severity.ERROR, title=Text("Feed from the wrong panel", "供电接错列头柜"),
    clause="engineering estimate: the two feeds of a rack share no panel and no UPS side", over=supplies, needs="inventory",
)  # fmt: skip
def feed_from_its_side(supply: Supply, ctx: Context) -> Iterator[Finding]:
    """Feed a comes from a panel of side a, feed b from one of side b, both of the rack's own site.

    Why it matters: two feeds from one panel or one UPS are one feed; the first failure takes both.
    How to fix: name the panel of the right side.
    Source: engineering estimate (2N: no shared element between the sides).
    Failing: `feeds: {a: {panel: A01-PA}, b: {panel: A01-PA}}`
    Passing: `feeds: {a: {panel: A01-PA}, b: {panel: A01-PB}}`
    """
    if supply.panel is None or not strayed(ctx, supply):
        return
    panel = ctx.inventory.panels[supply.panel]
    rack = ctx.inventory.racks[supply.racks[0]]
    site = ctx.inventory.rooms[panel.room].site
    wrong_site = site != rack.site
    right = [
        p.name
        for p in ctx.inventory.panels.values()
        if p.side == supply.side and ctx.inventory.rooms[p.room].site == rack.site
    ]
    twin = rack.feeds.get("b" if supply.side == "a" else "a")
    if twin is not None and not wrong_site and _swapped(ctx, supply):
        if supply.side == "a":
            yield finding(
                "PWR021", supply.record.name,
                Text(f"feeds of {names_text(supply.racks)} are swapped: a from {panel.name}, b from {twin.panel}",
                     f"{names_text(supply.racks)} 两路供电接反：A 路接 {panel.name}，B 路接 {twin.panel}"),
                ctx.where(supply.record, "feeds", "a", "panel"),
                fix=Text(f"name {twin.panel} for a and {panel.name} for b", f"A 路改为 {twin.panel}，B 路改为 {panel.name}"),
                related=[Related(ctx.where(supply.record, "feeds", "b", "panel"), f"b: {twin.panel}")],
            )  # fmt: skip
        return
    both = twin is not None and twin.panel == panel.name
    why = f"of site {site}" if wrong_site else f"of side {panel.side}"
    also = ", as is the other feed" if both else ""
    yield finding(
        "PWR021", supply.name,
        Text(f"feed {supply.side} of {names_text(supply.racks)} comes from panel {panel.name} {why}{also}",
             f"{names_text(supply.racks)} 的 {supply.side.upper()} 路接自列头柜 {panel.name}（{'站点 ' + site if wrong_site else panel.side.upper() + ' 路'}）"),
        ctx.where(supply.record, "feeds", supply.side, "panel"),
        fix=Text(f"name a panel of side {supply.side}: {', '.join(right) or 'none is defined'}",
                 f"改为 {supply.side.upper()} 路列头柜：{', '.join(right) or '尚未定义'}"),
        related=[Related(ctx.where(panel, "side"), f"{panel.name} is side {panel.side}, fed by {panel.ups}")],
    )  # fmt: skip


@check(
    "PWR022", severity=Severity.ERROR, title=Text("Panel and UPS on different sides", "列头柜与 UPS 不属同一路"),
    clause="engineering estimate: 2N, no shared element between the sides",
    over=lambda ctx: list(ctx.inventory.panels.values()), needs="inventory",
)  # fmt: skip
def panel_on_side_of_ups(panel: Panel, ctx: Context) -> Iterator[Finding]:
    """A panel and the UPS that feeds it are of one side and one site.

    Why it matters: with panel B on UPS A, the loss of UPS A takes both feeds of every rack of the room.
    How to fix: correct the field shown.
    Source: engineering estimate (2N: no shared element between the sides).
    Failing: `{name: A01-PB, side: b, ups: A-UPS-A, ...}`
    Passing: `{name: A01-PB, side: b, ups: A-UPS-B, ...}`
    """
    field = wiring(ctx).panels.get(panel.name)
    if field is None:
        return
    ups = ctx.inventory.ups[panel.ups]
    site = ctx.inventory.rooms[panel.room].site
    right = [
        u.name for u in ctx.inventory.ups.values() if u.side == panel.side and u.site == site and u is not ups
    ]
    other = "b" if panel.side == "a" else "a"
    fixes = {
        "side": f"write side: {other}, as most racks use it",
        "ups": f"name the UPS of side {panel.side} at {site}: {', '.join(right) or 'none is defined'}",
        "room": f"name a room of site {ups.site}",
    }
    yield finding(
        "PWR022", panel.name,
        Text(f"panel of side {panel.side} at {site}, UPS {ups.name} of side {ups.side} at {ups.site}",
             f"列头柜属 {site} {panel.side.upper()} 路，UPS {ups.name} 属 {ups.site} {ups.side.upper()} 路"),
        ctx.where(panel, field),
        fix=Text(fixes[field], f"更正 {field}"),
        related=[Related(ctx.where(ups, "side"), f"{ups.name} is side {ups.side} of {ups.site}")],
    )  # fmt: skip


@check(
    "PWR023", severity=Severity.ERROR, title=Text("UPS side missing", "缺少一路 UPS"),
    clause="engineering estimate: 2N, one UPS on each side", over=rack_sites, needs="inventory",
)  # fmt: skip
def both_ups_sides(site: Site, ctx: Context) -> Iterator[Finding]:
    """A site with racks has a UPS on side a and one on side b.

    Why it matters: two feeds from one side are not 2N.
    How to fix: add the UPS of the missing side, or correct the side of the one shown.
    Source: engineering estimate (2N).
    Failing: two UPS with `side: a`
    Passing: one with `side: a`, one with `side: b`
    """
    for name, field in wiring(ctx).ups.items():
        ups = ctx.inventory.ups[name]
        panels = [p for p in ctx.inventory.panels.values() if p.ups == name]
        if ctx.inventory.rooms[panels[0].room].site != site.name:
            continue
        yield finding(
            "PWR023", site.name,
            Text(f"{name} is written as side {ups.side} of {ups.site}, its panels {names_text([p.name for p in panels])} as side {panels[0].side} of {site.name}",
                 f"{name} 写为 {ups.site} {ups.side.upper()} 路，但其列头柜 {names_text([p.name for p in panels])} 属 {site.name} {panels[0].side.upper()} 路"),
            ctx.where(ups, field),
            fix=Text(f"write {field}: {panels[0].side if field == 'side' else site.name}", f"更正 {field}"),
            related=[Related(ctx.where(panels[0], "side"), f"{panels[0].name}")],
        )  # fmt: skip
        return
    own = [u for u in ctx.inventory.ups.values() if u.site == site.name]
    missing = {"a", "b"} - {u.side for u in own}
    if len(missing) == 2:
        yield lacking(
            "PWR023", site.name, Text("no UPS is listed for this site", "未列出该站点的 UPS"), ctx.where(site, "name"),
            Text("the operator states both UPS sides", "由机房方给出两路 UPS"),
        )  # fmt: skip
    elif missing and not any(ctx.inventory.ups[n].site == site.name for n in wiring(ctx).ups):
        side = missing.pop()
        yield finding(
            "PWR023", site.name,
            Text(f"no UPS on side {side}: {names_text([u.name for u in own])} only", f"缺少 {side.upper()} 路 UPS，仅有 {names_text([u.name for u in own])}"),
            ctx.where(own[-1], "side"),
            fix=Text(f"add the UPS of side {side}", f"补上 {side.upper()} 路 UPS"),
        )  # fmt: skip
