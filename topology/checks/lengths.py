"""Lengths: what the way along the trays asks for, against what the plan says and what can be bought
(PRT057-PRT064)."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Position, Related, Severity, Text
from inventory.model import ExistingSwitch, Pair, Room, Row
from topology.checks.cable_book import CableView, cable_book, place_line
from topology.checks.length_book import Measured, by_far_switch, length_m, longest_m, measured, sum_text
from topology.checks.length_causes import (
    Stated,
    is_short,
    known,
    laid_m,
    limit_m,
    ordered_lengths,
    over_limit,
    short_by_m,
    stated_lengths,
)

# ---------------------------------------------------------------- moulded ends


def _fixed_groups(ctx: Context) -> list[list[CableView]]:
    """Cables with moulded ends, those between the same two devices together."""
    groups: dict[tuple[str, str], list[CableView]] = {}
    for view in known(ctx):
        if view.type is not None and view.type.fixed_ends:
            groups.setdefault((view.cable.a.device, view.cable.b.device), []).append(view)
    return list(groups.values())


@check(
    "PRT057", severity=Severity.ERROR, over=_fixed_groups, title=Text("Moulded cable too short for its places", "成品线缆长度不足"),
    clause="a cable with moulded ends cannot be lengthened",
)  # fmt: skip
def moulded_cable_reaches(views: list[CableView], ctx: Context) -> Iterator[Finding]:
    """A DAC or AOC is long enough for the places of its two ends, and is sold in the length declared and planned.

    Why it matters: the peer link of a pair cannot be plugged; the pair runs as two single switches.
    How to fix: move the members closer (a 5 m cable spans 3 racks), or use fibre with optics.
    Source: way over the trays plus slack; passive copper is sold up to 5 m.
    Failing: members of a pair 6 racks apart with `peer_link: {length_m: 5}`
    Passing: members 2 racks apart
    """
    worst = max(views, key=lambda v: (length_m(v, ctx) or 0.0, -v.index))
    needed, kind = length_m(worst, ctx), worst.type
    if needed is None or kind is None:
        return
    record = worst.a.device.record if worst.a.device else None
    declared = record.peer_link.length_m if isinstance(record, Pair) and record.peer_link else None
    lengths: list[tuple[float | None, Position]] = []
    if declared is not None and isinstance(record, Pair):
        lengths.append((declared, ctx.where(record, "peer_link", "length_m")))
    for view in sorted(views, key=lambda v: (v.cable.stock_m or 0.0, v.index)):
        field = "stock_m" if view.cable.stock_m is not None else "id"
        lengths.append((view.cable.stock_m, ctx.where(view.cable, field)))
    for have, position in lengths:
        if have is None:
            message = Text(
                f"no length of {kind.slug} holds {needed:.2f} m",
                f"{kind.slug} 没有不短于 {needed:.2f} m 的规格",
            )
        elif have < needed - 1e-9:
            message = Text(
                f"{have:g} m of {kind.slug}, the way asks for {needed:.2f} m",
                f"{kind.slug} 长 {have:g} m，路由需要 {needed:.2f} m",
            )
        elif have not in kind.stock_m or (kind.max_m is not None and have > kind.max_m):
            sold = ", ".join(f"{x:g}" for x in kind.stock_m)
            message = Text(
                f"{kind.slug} is not sold in {have:g} m, but in {sold} m",
                f"{kind.slug} 没有 {have:g} m 规格，可选 {sold} m",
            )
        else:
            continue
        best = kind.stock_length_m(needed)
        yield finding(
            "PRT057", f"{worst.cable.a.device}-{worst.cable.b.device}", message, position,
            fix=Text("move the two devices closer, or use fibre and optics", "缩短两台设备的距离，或改用光纤与光模块")
            if best is None else Text(f"use {best:g} m", f"使用 {best:g} m"),
            arithmetic=f"{sum_text(measured(ctx)[worst.index], ctx, True)}{_racks_apart(worst, ctx)}",
            related=[Related(ctx.where(v.cable, "stock_m"), f"{v.cable.id}: {v.cable.stock_m or 0:g} m") for v in views],
        )  # fmt: skip
        return


def _racks_apart(view: CableView, ctx: Context) -> str:
    m, racks = measured(ctx)[view.index], ctx.inventory.racks
    a, b = (racks.get(place.rack or "") if place else None for place in (m.a, m.b))
    if a is None or b is None or a.row != b.row:
        return ""
    most = ctx.inventory.policy.number("rack.dac_racks_max")
    return f"; {abs(a.index - b.index)} racks apart, 5 m spans {most:g}"


# ---------------------------------------------------------------- longest lengths

Group = tuple[ExistingSwitch | None, tuple[CableView, ...]]


def _of_kind(kind: str, ctx: Context) -> list[Group]:
    """Cables of a kind: those in order one by one, those too long together where their far switch is the cause."""
    views = [v for v in known(ctx) if v.type is not None and v.type.kind == kind]
    over = {v.index: v for v in views if over_limit(v, ctx)}
    return [*by_far_switch(over.values(), ctx), *((None, (v,)) for v in views if v.index not in over)]


def _too_long(code: str, group: Group, ctx: Context, fix: Text) -> Iterator[Finding]:
    switch, views = group
    worst = max(views, key=lambda v: (laid_m(v, ctx), -v.index))
    needed, limit = laid_m(worst, ctx), limit_m(worst, ctx)
    if limit is None or not over_limit(worst, ctx):
        return
    m = measured(ctx)[worst.index]
    field = "length_m" if needed == longest_m(worst, ctx) else "stock_m"
    more = f", and {len(views) - 1} more cables" if len(views) > 1 else ""
    yield finding(
        code, switch.name if switch else worst.cable.id,
        Text(f"{worst.a.name} to {worst.b.name}: {needed:.2f} m, limit {limit:g} m{more}",
             f"{worst.a.name} 到 {worst.b.name}：{needed:.2f} m，上限 {limit:g} m{f'，另有 {len(views) - 1} 条' if more else ''}"),
        ctx.where(switch, "x_m") if switch else ctx.where(worst.cable, field), fix=fix,
        arithmetic=f"{sum_text(m, ctx) if needed == m.needed_m else f'{needed:g} m'} > {limit:g} m",
        related=[Related(ctx.where(v.cable, "length_m"), v.cable.id) for v in views[:3]] if switch else (),
    )  # fmt: skip


@check(
    "PRT058", severity=Severity.ERROR, over=lambda ctx: _of_kind("copper", ctx), title=Text("Copper cable too long", "铜缆过长"),
    clause="ISO/IEC 11801: channel of 90 m plus 10 m of cords",
)  # fmt: skip
def copper_in_reach(group: Group, ctx: Context) -> Iterator[Finding]:
    """A copper pair cable is no longer than the channel may be.

    Why it matters: beyond 100 m the link comes up and loses frames, or does not come up.
    How to fix: a switch nearer to the device, or fibre.
    Source: ISO/IEC 11801, 100 m channel (policy `cable.copper_m_max`).
    Failing: a BMC 112 m from its out-of-band switch
    Passing: 40 m
    """
    yield from _too_long(
        "PRT058", group, ctx, Text("a switch nearer to the device, or fibre", "缩短距离，或改用光纤")
    )


@check(
    "PRT059", severity=Severity.ERROR, over=lambda ctx: _of_kind("serial", ctx), title=Text("Serial cable too long", "串口线过长"),
    clause="policy: cable.serial_m_max",
)  # fmt: skip
def serial_in_reach(group: Group, ctx: Context) -> Iterator[Finding]:
    """A console cable is no longer than a serial line may be.

    Why it matters: at 9600 baud characters are lost beyond about 15 m, which shows when the console is needed.
    How to fix: stand the console server in the middle of the rows, or add a second one.
    Source: engineering estimate, 15 m at 9600 baud.
    Failing: a console cable of 18 m
    Passing: 12 m
    """
    fix = Text(
        "put the console server nearer, or lower the baud rate and test",
        "将串口服务器移近，或降低波特率并测试",
    )
    yield from _too_long("PRT059", group, ctx, fix)


def _homes(ctx: Context) -> list[str]:
    """Devices at which cables end, by name."""
    return sorted({name for v in cable_book(ctx).views for name in (v.cable.a.device, v.cable.b.device)})


@check(
    "PRT060", severity=Severity.ERROR, over=_homes, title=Text("Length of cables unknown", "线缆长度未知"),
    clause="engineering estimate: no length without two places",
)  # fmt: skip
def place_is_known(name: str, ctx: Context) -> Iterator[Finding]:
    """Every device a cable ends at has a place, so that its cables have a length.

    Why it matters: without a length nobody can order the cable or say whether the optic reaches.
    How to fix: survey room, `x_m`, `y_m` and `height_u` of the switch that stands already.
    Source: engineering estimate.
    Failing (never failed, only not evaluated): `{name: A-DSW-1, room: A01, x_m: null}`
    Passing: `{name: A-DSW-1, room: A01, x_m: 12.6, y_m: 11.0, height_u: 20}`
    """
    book = cable_book(ctx)
    existing = ctx.inventory.existing_switches.get(name)
    here = [v for v in book.by_device[name] if v.index in measured(ctx)]
    views = [v for v in here if length_m(v, ctx) is None]
    if existing is not None and here and book.places.of(name) is None:
        missing = [f for f in ("room", "x_m", "y_m", "height_u") if getattr(existing, f) is None]
        what, zh = ("no length, no reach, no loss", "无法计算长度、距离与损耗") if views else (
            "the lengths of the plan cannot be checked", "无法核对计划中的长度")  # fmt: skip
        yield lacking(
            "PRT060", name,
            Text(f"{len(here)} cables end here, {', '.join(missing)} unknown: {what}",
                 f"{len(here)} 条线缆接到此处，{', '.join(missing)} 未知，{zh}"),
            ctx.where(existing, missing[0]),
            Text("survey the place of the switch", "现场确认该交换机位置"),
        )  # fmt: skip
        return
    apart = [v for v in views if v.cable.a.device == name and None not in (book.places.of(v.cable.a.device), book.places.of(v.cable.b.device))]  # fmt: skip
    if apart:
        far = ", ".join(sorted({v.cable.b.device for v in apart})[:4])
        yield lacking(
            "PRT060", name,
            Text(f"{len(apart)} cables leave the room to {far}: the way between rooms is not described",
                 f"{len(apart)} 条线缆跨机房至 {far}：机房间路由未描述"),
            place_line(ctx, name), Text("measure the way and write length_m into the plan", "实测路由并在计划中填写 length_m"),
        )  # fmt: skip


# ---------------------------------------------------------------- stated and ordered lengths


@check(
    "PRT062", severity=Severity.ERROR, over=stated_lengths, title=Text("Stated length does not hold", "标注长度不成立"),
    clause="the way along the trays",
)  # fmt: skip
def stated_length_holds(stated: Stated, ctx: Context) -> Iterator[Finding]:
    """The length in the plan is not shorter than the way the cable takes, nor metres longer, and its route leads
    from end to end.

    Why it matters: a cable ordered to a figure that is too small ends in front of its port.
    How to fix: remove the line from the plan and plan again, or correct length and route.
    Source: the trays between the racks; formula with vertical parts, slack and factor (engineering estimate).
    Failing: `length_m: 4` for a way of 12.5 m
    Passing: `length_m: 12.5`
    """
    view = max(stated.views, key=lambda v: (short_by_m(v, ctx), -v.index))
    m, cable = measured(ctx)[view.index], view.cable
    if m.needed_m is None:
        return
    if not m.route_stands and isinstance(stated.cause, Row):
        yield finding(
            "PRT062", stated.cause.name,
            Text(f"routes of {len(stated.views)} cables end under another rack: the racks of {stated.cause.name} changed",
                 f"{len(stated.views)} 条线缆的路由终点与机柜不符：{stated.cause.name} 的机柜有变化"),
            ctx.where(stated.cause, "racks"),
            fix=Text("put the racks back in their order, or remove the lines from plan/cables.yml and plan again",
                     "恢复机柜次序，或删除 plan/cables.yml 中相应行后重新规划"),
            related=[Related(ctx.where(v.cable, "route"), v.cable.id) for v in stated.views[:3]],
        )  # fmt: skip
        return
    if not m.route_stands:
        yield _no_way(view, m, ctx)
        return
    arithmetic = sum_text(m, ctx, bool(view.type and view.type.fixed_ends))
    if stated.cause is not None:
        field = {Room: "tray_height_m", Row: "y_m"}.get(type(stated.cause), "x_m")
        off, en, zh = short_by_m(view, ctx), "short", "短"
        if off <= 0:
            view = min(stated.views, key=lambda v: (short_by_m(v, ctx), v.index))
            off, en, zh, cable = -short_by_m(view, ctx), "long", "长", view.cable
        yield finding(
            "PRT062", stated.cause.name,
            Text(f"{len(stated.views)} cables of the plan do not fit where things stand now, {cable.id} is {off:.2f} m too {en}",
                 f"按现有位置，计划中 {len(stated.views)} 条线缆长度不符，{cable.id} 偏{zh} {off:.2f} m"),
            ctx.where(stated.cause, field), arithmetic=arithmetic,
            fix=Text("correct the place, or remove their lines from plan/cables.yml and plan again",
                     "更正位置，或删除 plan/cables.yml 中相应行后重新规划"),
            related=[Related(ctx.where(v.cable, "length_m"), f"{v.cable.id}: {v.cable.length_m} m") for v in stated.views[:3]],
        )  # fmt: skip
    elif is_short(view, ctx):
        yield finding(
            "PRT062", cable.id,
            Text(f"length_m is {cable.length_m}, the way asks for {m.needed_m:.2f} m", f"length_m 为 {cable.length_m}，路由需要 {m.needed_m:.2f} m"),
            ctx.where(cable, "length_m" if cable.length_m is not None else "id"), arithmetic=arithmetic,
            fix=Text(f"write {m.needed_m:.2f}", f"改为 {m.needed_m:.2f}"),
        )  # fmt: skip
    elif cable.length_m is not None and cable.length_m > m.needed_m + ctx.inventory.policy.number(
        "cable.surplus_m_max"
    ):
        yield finding(
            "PRT062", cable.id,
            Text(f"length_m is {cable.length_m}, the way is {m.needed_m:.2f} m", f"length_m 为 {cable.length_m}，路由为 {m.needed_m:.2f} m"),
            ctx.where(cable, "length_m"), arithmetic=arithmetic, severity=Severity.WARNING,
            fix=Text(f"write {m.needed_m:.2f}, or the route that was measured", f"改为 {m.needed_m:.2f}，或写明实测路由"),
        )  # fmt: skip


def _no_way(view: CableView, m: Measured, ctx: Context) -> Finding:
    shortest = m.route.nodes if m.route else ()
    return finding(
        "PRT062", view.cable.id,
        Text("the route does not lead from one end to the other over trays that exist", "路由不连通两端或经过不存在的走线架"),
        ctx.where(view.cable, "route") if view.cable.route else ctx.where(view.cable, "id"),
        fix=Text(f"the shortest way: {' '.join(shortest) or 'none, same rack'}", f"最短路由：{' '.join(shortest) or '同一机柜内'}"),
    )  # fmt: skip


@check(
    "PRT063", severity=Severity.ERROR, over=ordered_lengths, title=Text("Cable ordered too short", "订购线缆过短"), unless=("PRT058", "PRT059", "PRT070"),
    clause="stock lengths of the catalogue",
)  # fmt: skip
def stock_is_long_enough(view: CableView, ctx: Context) -> Iterator[Finding]:
    """The length to order is a stock length of the cable and not shorter than the way.

    Why it matters: a cable that is too short is found when it hangs in the air, and delivery starts anew.
    How to fix: order the next stock length; where none is long enough, use another kind of cable.
    Source: stock lengths in the catalogue.
    Failing: `stock_m: 10` for a way of 12.5 m
    Passing: `stock_m: 15`
    """
    cable, kind, needed = view.cable, view.type, length_m(view, ctx)
    if kind is None or needed is None or kind.fixed_ends:
        return
    best = kind.stock_length_m(needed)
    m = measured(ctx)[view.index]
    if cable.stock_m is not None and cable.stock_m >= needed - 1e-9 and cable.stock_m in kind.stock_m:
        return
    if cable.stock_m is None and best is None:
        message = Text(f"no stock length of {kind.slug} holds {needed:.2f} m; longest {max(kind.stock_m, default=0):g} m",
                       f"{kind.slug} 没有不短于 {needed:.2f} m 的规格，最长 {max(kind.stock_m, default=0):g} m")  # fmt: skip
    elif cable.stock_m is not None and cable.stock_m >= needed - 1e-9:
        message = Text(
            f"{kind.slug} is not sold in {cable.stock_m:g} m", f"{kind.slug} 没有 {cable.stock_m:g} m 规格"
        )
    else:
        stock = "nothing" if cable.stock_m is None else f"{cable.stock_m:g} m"
        message = Text(
            f"{stock} to order, the way asks for {needed:.2f} m", f"订购 {stock}，路由需要 {needed:.2f} m"
        )
    yield finding(
        "PRT063", cable.id, message, ctx.where(cable, "stock_m") if cable.stock_m is not None else ctx.where(cable, "id"),
        arithmetic=sum_text(m, ctx),
        fix=Text(f"order {best:g} m", f"订购 {best:g} m") if best is not None else
        Text("use another kind of cable, or a patch panel on the way", "改用其他线缆，或中间增设配线架"),
    )  # fmt: skip


@check(
    "PRT064", severity=Severity.WARNING, over=ordered_lengths, title=Text("Cable much longer than its way", "线缆余长过大"),
    unless=("PRT057", "PRT058", "PRT059", "PRT063", "PRT070"), clause="policy: cable.surplus_m_max",
)  # fmt: skip
def slack_is_small(view: CableView, ctx: Context) -> Iterator[Finding]:
    """A cable is not ordered metres longer than it needs to be: inside a rack, or where a shorter stock length
    would do.

    Why it matters: slack fills managers and blocks the air of the hot side; nobody finds the right cable again.
    How to fix: order the shortest stock length that holds.
    Source: engineering estimate, 3 m.
    Failing: `stock_m: 10` for a cable of 1.9 m inside a rack
    Passing: `stock_m: 2`
    """
    cable, kind, needed = view.cable, view.type, length_m(view, ctx)
    if kind is None or needed is None or cable.stock_m is None:
        return
    limit, best = ctx.inventory.policy.number("cable.surplus_m_max"), kind.stock_length_m(needed)
    surplus = cable.stock_m - needed
    shorter = best is not None and best < cable.stock_m
    if surplus > limit + 1e-9 and (shorter or measured(ctx)[view.index].in_rack):
        yield finding(
            "PRT064", cable.id,
            Text(f"{cable.stock_m:g} m ordered for {needed:.2f} m: {surplus:.2f} m of slack",
                 f"{needed:.2f} m 的路由订购 {cable.stock_m:g} m，余长 {surplus:.2f} m"),
            ctx.where(cable, "stock_m"), arithmetic=f"{cable.stock_m:g} - {needed:.2f} = {surplus:.2f} m > {limit:g} m",
            fix=Text(f"order {best:g} m", f"订购 {best:g} m") if shorter and best is not None else
            Text("use a kind of cable sold in shorter lengths", "改用有更短规格的线缆"),
        )  # fmt: skip
