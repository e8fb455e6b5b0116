"""Lengths: what the way along the trays asks for, against what the plan says and what can be bought
(PRT057-PRT064)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text
from inventory.inventory import RackPlace
from topology.checks.cable_book import CableView, cable_book, place_line
from topology.trays import IN_RACK_BEND_M, Place, Route, cable_length_m


@dataclass(frozen=True, slots=True)
class Measured:
    """The length of one cable worked out anew. `route_stands`: the route of the plan leads from end to end;
    `needed_m` is the length its route (else the shortest way) asks for, None while an end has no place."""

    a: Place | None
    b: Place | None
    route: Route | None
    route_stands: bool
    needed_m: float | None

    @property
    def in_rack(self) -> bool:
        """True when both ends stand in one rack."""
        return (
            self.a is not None
            and self.b is not None
            and self.a.rack is not None
            and self.a.rack == self.b.rack
        )


def measured(ctx: Context) -> dict[int, Measured]:
    """Length of every cable whose ends are in order, by cable index."""
    found: dict[int, Measured] = ctx.memo("topology.measured", lambda: _measured(ctx))
    return found


def length_m(view: CableView, ctx: Context) -> float | None:
    """Length to judge a cable by: worked out from the places of its ends, else what the plan states; None: unknown."""
    m = measured(ctx).get(view.index)
    return view.cable.length_m if m is None or m.needed_m is None else m.needed_m


def _measured(ctx: Context) -> dict[int, Measured]:
    book = cable_book(ctx)
    out: dict[int, Measured] = {}
    for view in book.views:
        if view.index in book.faults:
            continue
        a, b = book.places.of(view.cable.a.device), book.places.of(view.cable.b.device)
        if a is None or b is None:
            out[view.index] = Measured(a, b, None, True, None)
            continue
        route = book.places.trays.along(view.cable.route, a, b)
        stands = route is not None
        if route is None:
            route = book.places.trays.route(a, b)
            stands = route is None and not view.cable.route
        fixed = bool(view.type and view.type.fixed_ends)
        needed = cable_length_m(ctx.inventory, a, b, route, fixed_ends=fixed) if route is not None else None
        out[view.index] = Measured(a, b, route, stands, needed)
    return out


def _known(ctx: Context) -> list[CableView]:
    """Cables with sound ends, of a known type, whose labels say where they are."""
    return [
        v for v in cable_book(ctx).views
        if v.type is not None and v.index in measured(ctx) and not v.stale and (v.cable.length_m or length_m(v, ctx))
    ]  # fmt: skip


def sum_text(m: Measured, ctx: Context, fixed_ends: bool = False) -> str:
    """The length written out as a sum."""
    if m.a is None or m.b is None or m.route is None:
        return ""
    policy = ctx.inventory.policy
    slack = 2 * policy.number("cable.rack_slack_m")
    if not m.route.nodes:
        return (
            f"|{m.a.height_m:.2f} - {m.b.height_m:.2f}| + {slack:g} + {IN_RACK_BEND_M:g} = {m.needed_m:.2f} m"
        )
    tray = ctx.inventory.rooms[m.a.room].tray_height_m
    top = policy.number("cable.tray_m") if tray is None else tray
    up = f"({top:g} - {m.a.height_m:.2f}) + ({top:g} - {m.b.height_m:.2f}) + tray {m.route.tray_m:.2f} + slack {slack:g}"
    if fixed_ends:
        return f"{up} + {IN_RACK_BEND_M:g} = {m.needed_m:.2f} m"
    end, factor = policy.number("cable.end_slack_m"), policy.number("cable.factor")
    return f"({up} + {end:g}) x {factor:g} = {m.needed_m:.2f} m"


def _fixed_groups(ctx: Context) -> list[list[CableView]]:
    """Cables with moulded ends, those between the same two devices together."""
    groups: dict[tuple[str, str], list[CableView]] = {}
    for view in _known(ctx):
        if view.type is not None and view.type.fixed_ends:
            groups.setdefault((view.cable.a.device, view.cable.b.device), []).append(view)
    return list(groups.values())


@check(
    "PRT057", severity=Severity.ERROR, over=_fixed_groups, title=Text("Moulded cable too short for its places", "成品线缆长度不足"),
    clause="a cable with moulded ends cannot be lengthened",
)  # fmt: skip
def moulded_cable_reaches(views: list[CableView], ctx: Context) -> Iterator[Finding]:
    """A DAC or AOC is long enough for the places of its two ends, and not longer than its kind can be.

    Why it matters: the peer link of a pair cannot be plugged; the pair runs as two single switches.
    How to fix: move the members closer (a 5 m cable spans 3 racks), or use fibre with optics.
    Source: way over the trays plus slack; passive copper is sold up to 5 m.
    Failing: members of a pair 6 racks apart with `peer_link: {length_m: 5}`
    Passing: members 2 racks apart
    """
    worst = max(views, key=lambda v: length_m(v, ctx) or 0.0)
    m, cable, kind = measured(ctx)[worst.index], worst.cable, worst.type
    needed = length_m(worst, ctx)
    if kind is None or needed is None:
        return
    longest = max(kind.stock_m, default=kind.max_m)
    have = cable.stock_m if cable.stock_m is not None else longest
    limit = min((x for x in (have, kind.max_m) if x is not None), default=None)
    too_long = cable.stock_m is not None and kind.max_m is not None and cable.stock_m > kind.max_m + 1e-9
    if limit is None or (needed <= limit + 1e-9 and not too_long):
        return
    a, b = _rack(m.a, ctx), _rack(m.b, ctx)
    apart = f"; members {abs(a.index - b.index)} racks apart" if a and b and a.row == b.row else ""
    if apart:
        apart += f", at most {ctx.inventory.policy.number('rack.dac_racks_max'):g} for 5 m"
    short = [v for v in views if (length_m(v, ctx) or 0.0) > limit or too_long]
    yield finding(
        "PRT057", f"{cable.a.device}-{cable.b.device}",
        Text(f"{kind.slug} needs {needed:.2f} m, {limit:g} m at most" if not too_long else f"{kind.slug} is not made in {cable.stock_m:g} m, {kind.max_m:g} m at most",
             f"{kind.slug} 需要 {needed:.2f} m，最长 {limit:g} m"),
        ctx.where(cable, "stock_m"),
        fix=Text("move the two devices closer, or use fibre and optics", "缩短两台设备的距离，或改用光纤与光模块"),
        arithmetic=f"{sum_text(m, ctx, True)} > {limit:g} m{apart}",
        related=[Related(ctx.where(v.cable, "stock_m"), v.cable.id) for v in short if v is not worst],
    )  # fmt: skip


def _rack(place: Place | None, ctx: Context) -> RackPlace | None:
    return ctx.inventory.racks.get(place.rack or "") if place else None


def _of_kind(kind: str, ctx: Context) -> list[CableView]:
    return [v for v in _known(ctx) if v.type is not None and v.type.kind == kind]


def _too_long(code: str, view: CableView, ctx: Context, parameter: str) -> Iterator[Finding]:
    needed, kind = length_m(view, ctx), view.type
    limits = [ctx.inventory.policy.number(parameter)]
    if kind is not None and kind.max_m is not None:
        limits.append(kind.max_m)
    if needed is not None and needed > min(limits) + 1e-9:
        m = measured(ctx)[view.index]
        yield finding(
            code, view.cable.id,
            Text(f"{view.a.name} to {view.b.name}: {needed:.2f} m, limit {min(limits):g} m",
                 f"{view.a.name} 到 {view.b.name}：{needed:.2f} m，上限 {min(limits):g} m"),
            ctx.where(view.cable, "length_m"), arithmetic=f"{sum_text(m, ctx)} > {min(limits):g} m",
            fix=Text("move the far end closer, or use fibre", "缩短距离，或改用光纤") if code == "PRT058" else
            Text("put the console server nearer, or lower the baud rate and test", "将串口服务器移近，或降低波特率并测试"),
        )  # fmt: skip


@check(
    "PRT058", severity=Severity.ERROR, over=lambda ctx: _of_kind("copper", ctx), title=Text("Copper cable too long", "铜缆过长"),
    clause="ISO/IEC 11801: channel of 90 m plus 10 m of cords",
)  # fmt: skip
def copper_in_reach(view: CableView, ctx: Context) -> Iterator[Finding]:
    """A copper pair cable is no longer than the channel may be.

    Why it matters: beyond 100 m the link comes up and loses frames, or does not come up.
    How to fix: a switch nearer to the device, or fibre.
    Source: ISO/IEC 11801, 100 m channel (policy `cable.copper_m_max`).
    Failing: a BMC 112 m from its out-of-band switch
    Passing: 40 m
    """
    yield from _too_long("PRT058", view, ctx, "cable.copper_m_max")


@check(
    "PRT059", severity=Severity.ERROR, over=lambda ctx: _of_kind("serial", ctx), title=Text("Serial cable too long", "串口线过长"),
    clause="policy: cable.serial_m_max",
)  # fmt: skip
def serial_in_reach(view: CableView, ctx: Context) -> Iterator[Finding]:
    """A console cable is no longer than a serial line may be.

    Why it matters: at 9600 baud characters are lost beyond about 15 m, which shows when the console is needed.
    How to fix: stand the console server in the middle of the rows, or add a second one.
    Source: engineering estimate, 15 m at 9600 baud.
    Failing: a console cable of 18 m
    Passing: 12 m
    """
    yield from _too_long("PRT059", view, ctx, "cable.serial_m_max")


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
    views = [v for v in book.by_device[name] if v.index in measured(ctx) and length_m(v, ctx) is None]
    if not views:
        return
    if existing is not None and book.places.of(name) is None:
        missing = [f for f in ("room", "x_m", "y_m", "height_u") if getattr(existing, f) is None]
        yield lacking(
            "PRT060", name,
            Text(f"{len(views)} cables end here, {', '.join(missing)} unknown: no length, no reach, no loss",
                 f"{len(views)} 条线缆接到此处，{', '.join(missing)} 未知，无法计算长度、距离与损耗"),
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


@check(
    "PRT062", severity=Severity.ERROR, over=_known, title=Text("Stated length shorter than the way", "标注长度短于实际路由"),
    clause="the way along the trays",
)  # fmt: skip
def stated_length_holds(view: CableView, ctx: Context) -> Iterator[Finding]:
    """The length in the plan is not shorter than the way the cable takes, and its route leads from end to end.

    Why it matters: a cable ordered to a figure that is too small ends in front of its port.
    How to fix: remove the line from the plan and plan again, or correct length and route.
    Source: the trays between the racks; formula with vertical parts, slack and factor (engineering estimate).
    Failing: `length_m: 4` for a way of 12.5 m
    Passing: `length_m: 12.5`
    """
    m, cable = measured(ctx)[view.index], view.cable
    if m.needed_m is None:
        return
    fixed = bool(view.type and view.type.fixed_ends)
    if not m.route_stands:
        yield finding(
            "PRT062", cable.id,
            Text("the route does not lead from one end to the other over trays that exist", "路由不连通两端或经过不存在的走线架"),
            ctx.where(cable, "route") if cable.route else ctx.where(cable, "id"),
            fix=Text(f"the shortest way: {' '.join(m.route.nodes) or 'none, same rack'}" if m.route else "plan again",
                     f"最短路由：{' '.join(m.route.nodes) or '同一机柜内'}" if m.route else "重新规划"),
        )  # fmt: skip
    elif cable.length_m is None or cable.length_m < m.needed_m - 0.011:
        yield finding(
            "PRT062", cable.id,
            Text(f"length_m is {cable.length_m}, the way asks for {m.needed_m:.2f} m", f"length_m 为 {cable.length_m}，路由需要 {m.needed_m:.2f} m"),
            ctx.where(cable, "length_m"), arithmetic=sum_text(m, ctx, fixed),
            fix=Text(f"write {m.needed_m:.2f}", f"改为 {m.needed_m:.2f}"),
        )  # fmt: skip


@check(
    "PRT063", severity=Severity.ERROR, over=_known, title=Text("Cable ordered too short", "订购线缆过短"), unless=("PRT054", "PRT058", "PRT059", "PRT070"),
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
    "PRT064", severity=Severity.WARNING, over=_known, title=Text("Cable much longer than its way", "线缆余长过大"),
    unless=("PRT054", "PRT070"), clause="policy: cable.surplus_m_max",
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
