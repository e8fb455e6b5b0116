"""Stated = listed = ported, first part: optics and cables needed against supplied (CAP001-CAP005)."""

from __future__ import annotations

from collections.abc import Iterator

from capacity.bom import Group, fitting_places, groups, item_families, named_places, spare_text
from capacity.checks.needs import needed_cables
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Position, Related, Severity, Text
from inventory.inventory import Inventory
from inventory.model import ExistingSwitch, Supply

RULE = "each end of a fibre link takes one optic, a fixed-end cable none; spares: engineering estimate"


def _groups(ctx: Context) -> tuple[Group, ...]:
    """The bill of the plan; empty before any cable is planned."""
    if ctx.plan is None or not ctx.plan.cables:
        return ()
    plan = ctx.plan
    result: tuple[Group, ...] = ctx.memo(
        "bom", lambda: groups(ctx.inventory, plan.devices, needed_cables(ctx))
    )
    return result


@check(
    "CAP001", severity=Severity.ERROR, title=Text("Optics or cables short", "光模块或线缆不足"),
    clause=RULE, over=_groups,
)  # fmt: skip
def optics_suffice(group: Group, ctx: Context) -> Iterator[Finding]:
    """Every end of the planned cables has an optic, and every fixed-end link its cable, in the order.

    Why it matters: a link without an optic stays dark, and optics are ordered weeks ahead.
    How to fix: raise the quantity, move spare ones of the site if the lines allow it, or plan fewer links.
    Source: transceiver count, one per end without a fixed optic; the lines of the order.
    Failing: `supplies: [{name: core-optics, item: qsfpp-40g-isr4, quantity: 24, fits: [A-DSW-1]}]` with 32 links
    Passing: `supplies: [{name: core-optics, item: qsfpp-40g-isr4, quantity: 32, fits: [A-DSW-1]}]`
    """
    line = group.line()
    if line.result != "short":
        return
    if wrong := _instead(group, ctx):
        other = wrong.sources[0]
        yield finding(
            "CAP001", group.subject,
            Text(f"{line.needed} {group.item} needed at {group.where}, {other.quantity} {other.item} supplied instead",
                 f"{group.where} 需要 {group.item} {line.needed} 个，所供为 {other.item} {other.quantity} 个"),
            ctx.where(other.record, *other.path[:-1], "item"),
            fix=Text(f"order {group.item}, or plan the links with {other.item}", f"改订 {group.item}，或按 {other.item} 规划链路"),
            arithmetic=f"{line.needed} needed - {_sum(group)} supplied = {line.quantity}",
            clause=ctx.inventory.clause(other.record),
        )  # fmt: skip
        return
    loose = _unplaced_supply(group, line.quantity, ctx)
    if loose is not None and loose.fits and not group.sources:
        return  # CAP005 says that its place and its site differ
    if loose is not None and not loose.fits:
        yield lacking(
            "CAP001", group.subject,
            Text(f"{line.quantity} {group.item} short at {group.where}, unless {loose.name} is meant for it: nobody says where it goes",
                 f"{group.where} 缺 {group.item} {line.quantity} 个，{loose.name} 未指明用途，可能用于此处"),
            ctx.where(loose, "fits"), Text("add `fits` to the supply line", "在该供货项中填写 fits"),
        )  # fmt: skip
        return
    spare = [(g, n) for g in _groups(ctx) if (n := _spare_elsewhere(g, group, ctx))]
    related = [_at(g, ctx, f"{n} {g.item} not needed at {g.where}") for g, n in spare]
    have = sum(n for _, n in spare)
    least = " at least" if group.minimum else ""
    en = f"order{least} {line.quantity} more"
    zh = f"{'至少' if group.minimum else ''}再订购 {line.quantity} 个"
    if have:
        en += f", or move {min(have, line.quantity)} of the {have} that {spare[0][0].where} does not need"
        zh += f"，或从 {spare[0][0].where} 多余的 {have} 个中调用 {min(have, line.quantity)} 个"
    yield finding(
        "CAP001", group.subject,
        Text(f"{line.needed} {group.item} needed at {group.where}, {line.supplied} supplied: {line.quantity} short",
             f"{group.where} 需要 {group.item} {line.needed} 个，供货 {line.supplied} 个，缺 {line.quantity} 个"),
        _position(group, ctx), fix=Text(en, zh),
        arithmetic=f"{line.needed} needed - {_sum(group)} supplied = {line.quantity}", related=related,
        clause=_clause(group, ctx.inventory),
    )  # fmt: skip


@check(
    "CAP002", severity=Severity.WARNING, title=Text("No spare optic or cable", "光模块或线缆无备件"),
    clause=RULE, over=_groups,
)  # fmt: skip
def optics_have_spares(group: Group, ctx: Context) -> Iterator[Finding]:
    """Supplied equals needed to the piece at switches and existing switches: nothing is left for the first fault.

    Why it matters: one dead optic at installation leaves a server on one link until a new one arrives.
    How to fix: order spares: net.optic_spare of the need, at least net.optic_spare_min per type and site.
    Optics that come inside servers are matched one by one and are not reported here.
    Source: engineering estimate (5 %, at least 2 per type and site).
    Failing: 240 optics supplied for 240 ports
    Passing: 252 optics supplied for 240 ports
    """
    line = group.line()
    if line.result != "exact" or group.own:
        return
    site_needed = _site_need(group, ctx)
    spare = sum(_spare_elsewhere(g, group, ctx) for g in _groups(ctx))
    order = line.spare_wanted - spare
    also = f"; elsewhere at {group.site}: {spare}" if spare else ""
    zh_also = f"；{group.site} 其他位置余 {spare} 个" if spare else ""
    yield finding(
        "CAP002", group.subject,
        Text(f"{line.supplied} {group.item} supplied at {group.where} for {line.needed} needed: no spare{also}",
             f"{group.where} 供货 {group.item} {line.supplied} 个，需要 {line.needed} 个，无备件{zh_also}"),
        _position(group, ctx),
        fix=Text(f"order {order} spares for {group.site}", f"为 {group.site} 增订 {order} 个备件") if order > 0
        else Text(f"keep the {spare} that are left elsewhere at {group.site} as its spares",
                  f"将 {group.site} 其他位置富余的 {spare} 个留作备件"),
        arithmetic=f"{_sum(group)} supplied - {line.needed} needed = 0; spares wanted at {group.site}: "
        f"{spare_text(ctx.inventory, site_needed)} = {line.spare_wanted}{f' - {spare} elsewhere' if spare else ''}",
        clause=_clause(group, ctx.inventory),
    )  # fmt: skip


@check(
    "CAP003", severity=Severity.INFO, title=Text("Optics or cables to spare", "光模块或线缆有富余"),
    clause=RULE, over=_groups,
)  # fmt: skip
def optics_to_spare(group: Group, ctx: Context) -> Iterator[Finding]:
    """More is supplied for a place than its planned links need.

    Why it matters: what is left is the spare stock of the site, or can serve where something is short.
    How to fix: nothing has to be done; keep them as spares and enter them in the spare-parts list.
    Source: the lines of the order.
    Failing: 132 optics supplied for 130 ports
    Passing: 130 optics supplied for 130 ports (and CAP002 speaks of the missing spares)
    """
    line = group.line()
    if line.result != "surplus":
        return
    site_needed = _site_need(group, ctx)
    yield finding(
        "CAP003", group.subject,
        Text(f"{line.supplied} {group.item} supplied at {group.where} for {line.needed} needed: {line.quantity} to spare",
             f"{group.where} 供货 {group.item} {line.supplied} 个，需要 {line.needed} 个，富余 {line.quantity} 个"),
        _position(group, ctx),
        arithmetic=f"{_sum(group)} supplied - {line.needed} needed = {line.quantity}; spares wanted at {group.site}: "
        f"{spare_text(ctx.inventory, site_needed)} = {line.spare_wanted}",
        clause=_clause(group, ctx.inventory),
    )  # fmt: skip


@check(
    "CAP004", severity=Severity.WARNING, title=Text("Optics or cables that nothing needs", "供货无对应需求"),
    clause="the lines of the order against the planned links", over=_groups,
)  # fmt: skip
def supplies_are_needed(group: Group, ctx: Context) -> Iterator[Finding]:
    """Something is supplied for a place where no planned link uses it.

    Why it matters: either money is spent on parts without a use, or the devices they were bought for are
    missing from the list (25G optics and no server with a 25GE port).
    How to fix: name the devices they are for, attach them, or take the line out of the order.
    Source: the lines of the order.
    Failing: `pairs: [{name: A-ASW-04, supplied: [{item: sfp28-25g-sr, per_unit: 16}]}]` with no 25GE device
    Passing: the same line with a fleet of 25GE devices that attaches to A-ASW-04
    """
    line = group.line()
    if line.result != "orphan" or any(_instead(g, ctx) is group for g in _groups(ctx)):
        return  # CAP001 says what they were bought in place of
    least = "≥" if group.minimum else ""
    yield finding(
        "CAP004", group.subject,
        Text(f"{least}{line.supplied} {group.item} supplied at {group.where}, no planned link needs one",
             f"{group.where} 供货 {group.item} {least}{line.supplied} 个，计划中无链路使用"),
        _position(group, ctx),
        fix=Text("attach the devices they are for, or take the line out of the order", "接入对应设备，或从清单中删除"),
        arithmetic=f"{_sum(group)} supplied - 0 needed = {line.quantity}", clause=_clause(group, ctx.inventory),
    )  # fmt: skip


@check(
    "CAP005", severity=Severity.WARNING, title=Text("Supply line without a place", "供货项未指明用途"),
    clause="every line of the order has a place to go", over=lambda ctx: ctx.inventory.supplies.values(),
    needs="inventory",
)  # fmt: skip
def supply_has_place(supply: Supply, ctx: Context) -> Iterator[Finding]:
    """A supply line says where it goes (`fits`), and that place is at the site of the line.

    Why it matters: what fits nowhere is counted nowhere, so a shortage elsewhere would stay hidden or wrong.
    How to fix: name the pairs, switches or fleets the parts go into; correct `site` if it contradicts them.
    Source: the lines of the order.
    Failing: `supplies: [{name: core-optics, item: qsfpp-40g-isr4, quantity: 24, site: A}]`
    Passing: `supplies: [{name: core-optics, item: qsfpp-40g-isr4, quantity: 24, site: A, fits: [A-DSW-1]}]`
    """
    if not supply.fits:
        yield finding(
            "CAP005", supply.name,
            Text(f"{supply.quantity} {supply.item}: nobody says where they go", f"{supply.quantity} 个 {supply.item} 未指明安装位置"),
            ctx.where(supply, "fits"),
            fix=Text("add `fits` with the pairs, switches or fleets they go into", "在 fits 中写明对应的交换机组、交换机或设备组"),
            clause=ctx.inventory.clause(supply),
        )  # fmt: skip
        return
    places = named_places(ctx.inventory, supply)
    elsewhere = [p for p in places if supply.site is not None and p.site not in (supply.site, "-")]
    if elsewhere:
        names = ", ".join(p.label for p in elsewhere)
        yield finding(
            "CAP005", supply.name,
            Text(f"line is for site {supply.site}, but {names} stands at {elsewhere[0].site}",
                 f"供货项属于 {supply.site}，但 {names} 位于 {elsewhere[0].site}"),
            ctx.where(supply, "site"),
            fix=Text(f"set site: {elsewhere[0].site}, or fit it to a place at {supply.site}",
                     f"改为 site: {elsewhere[0].site}，或改填 {supply.site} 的位置"),
            clause=ctx.inventory.clause(supply),
        )  # fmt: skip


def _sum(group: Group) -> str:
    """The supplied side written out, e.g. `(80 + 80 + 80 = 240)`."""
    figures = [f"{'≥' if s.minimum else ''}{s.quantity}" for s in group.sources]
    if len(figures) < 2:
        return str(group.supplied)
    return f"({' + '.join(figures)} = {group.supplied})" if len(figures) <= 12 else str(group.supplied)


def _position(group: Group, ctx: Context) -> Position | None:
    """The first line that supplies the group, else the first record that stands there."""
    if group.sources:
        return ctx.where(group.sources[0].record, *group.sources[0].path)
    return ctx.where(group.owners[0]) if group.owners else None


def _at(group: Group, ctx: Context, note: str) -> Related:
    return Related(_position(group, ctx), note)


def _clause(group: Group, inventory: Inventory) -> str:
    clauses = (inventory.clause(s.record) for s in group.sources)
    return "; ".join(dict.fromkeys(c for c in clauses if c))


def _family(ctx: Context, group: Group) -> str:
    families: dict[str, str] = ctx.memo("item families", lambda: item_families(ctx.inventory.catalog))
    return families.get(group.item, group.item)


def _spare_elsewhere(other: Group, group: Group, ctx: Context) -> int:
    """Pieces `other` does not need and `group` could use: same site, same item or one that stands in for it."""
    if other is group or other.site != group.site or other.own:
        return 0
    if _family(ctx, other) != _family(ctx, group):
        return 0
    return max(0, other.supplied - other.needed)


def _instead(group: Group, ctx: Context) -> Group | None:
    """What is supplied at the place of a group, of its speed and form, and not needed there, when nothing of the
    group is supplied: most likely the wrong article on the order."""
    optics = ctx.inventory.catalog.optics
    if group.sources or group.item not in optics:
        return None
    mine = optics[group.item]
    for other in _groups(ctx):
        theirs = optics.get(other.item)
        if (
            not other.needed
            and (other.site, other.where) == (group.site, group.where)
            and theirs is not None
            and (theirs.form_factor, theirs.speed_gbps) == (mine.form_factor, mine.speed_gbps)
        ):
            return other
    return None


def _unplaced_supply(group: Group, short: int, ctx: Context) -> Supply | None:
    """A supply line without a place, or with one at another site than its own, that would cover what is short."""
    families: dict[str, str] = ctx.memo("item families", lambda: item_families(ctx.inventory.catalog))
    here = {o.pair or o.name if isinstance(o, ExistingSwitch) else o.name for o in group.owners}
    for supply in ctx.inventory.supplies.values():
        if families.get(supply.item, supply.item) != _family(ctx, group) or supply.quantity < short:
            continue
        if fitting_places(ctx.inventory, supply):
            continue
        if supply.site in (None, group.site) or here & {p.label for p in named_places(ctx.inventory, supply)}:
            return supply
    return None


def _site_need(group: Group, ctx: Context) -> int:
    """Pieces of the item, or of what stands in for it, that the whole site needs."""
    family = _family(ctx, group)
    return sum(g.needed for g in _groups(ctx) if g.site == group.site and _family(ctx, g) == family)
