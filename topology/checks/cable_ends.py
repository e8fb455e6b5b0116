"""Where cables end: ports that exist, used once, in their range, at the right switch (PRT010-PRT014)."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.checks import Context, check, finding
from inventory.findings import Finding, Position, Related, Severity, Text
from topology.checks.cable_book import CableView, EndFault, cable_book
from topology.links import AccessLink


def _cables(ctx: Context) -> tuple[CableView, ...]:
    return cable_book(ctx).views


def end_fault(code: str, view: CableView, ctx: Context) -> Iterator[Finding]:
    """The finding for a cable whose ends have the fault `code`; of several with one cause the first speaks."""
    book = cable_book(ctx)
    fault = book.faults.get(view.index)
    if fault is None or fault.code != code:
        return
    same = _alike(ctx, code).get(fault.group, [fault]) if fault.group else [fault]
    if same[0] is not fault:
        return
    message, subject, position = fault.message, view.cable.id, ctx.where(view.cable, *fault.path)
    if len(same) > 1:
        subject, more = fault.group, len(same) - 1
        cables = "cable" if more == 1 else "cables"
        message = Text(f"{message.en}, and {more} more {cables}", f"{message.zh}，另有 {more} 条线缆")
    related = [
        Related(ctx.where(v.cable, *fault.path), f"{v.cable.id}: {v.a.name} to {v.b.name}")
        for v in (*fault.others, *(f.view for f in same[1:4]))
    ]
    if code == "PRT012" and len(same) > 1:
        name, _, use = fault.group.partition("/")
        subject, position = (
            f"port_plans/{fault.group}",
            ctx.where(ctx.inventory.port_plans[name], "ranges", use),
        )
    if code == "PRT018" and fault.group:
        subject = fault.group
        if not any(f.view.stale for f in same):
            position = _asked(fault.view, ctx) or position
    if code == "PRT013":
        subject = fault.group
        placed = ctx.placed.get(subject)
        links = [v for v in book.by_device.get(subject, ()) if v.cable.kind == "access"]
        if placed is not None and len(links) > 1 and len(same) == len(links):
            position = ctx.where(placed, "pair")
    yield finding(
        code, subject, message, position, fix=fault.fix, arithmetic=fault.arithmetic, related=related
    )  # fmt: skip


def _asked(view: CableView, ctx: Context) -> Position | None:
    """Where the inventory asks for links of this kind: surplus cables whose labels are true were planned for
    what stood there before."""
    record = view.a.device.record if view.a.device else None
    if record is None:
        return None
    fields = {"uplink": "uplinks", "oob-uplink": "uplinks", "peer-link": "peer_link"}
    return ctx.where(record, fields.get(view.cable.kind, "keepalive"))


def _alike(ctx: Context, code: str) -> dict[str, list[EndFault]]:
    """Faults of one code that share a cause, by cause."""

    def make() -> dict[str, list[EndFault]]:
        out: dict[str, list[EndFault]] = {}
        for fault in cable_book(ctx).faults.values():
            if fault.code == code and fault.group:
                out.setdefault(fault.group, []).append(fault)
        return out

    groups: dict[str, list[EndFault]] = ctx.memo(f"topology.faults.{code}", make)
    return groups


@check(
    "PRT010", severity=Severity.ERROR, over=_cables, clause="the device type is what is bought",
    title=Text("Cable ends nowhere", "线缆端点不存在"),
)  # fmt: skip
def ends_exist(view: CableView, ctx: Context) -> Iterator[Finding]:
    """Both ends of a cable are devices of the project and ports of their device types.

    Why it matters: on site nobody finds the port; the cable is laid to somewhere else.
    How to fix: take a port of the device type, or remove the cable from the plan and plan again.
    Source: the device type in the catalogue.
    Failing: `b: {device: A-ASW-01A, port: 10GE1/0/49}` on a switch with 48 ports
    Passing: `b: {device: A-ASW-01A, port: 10GE1/0/40}`
    """
    yield from end_fault("PRT010", view, ctx)


@check(
    "PRT011", severity=Severity.ERROR, over=_cables, clause="one port, one cable",
    title=Text("Port used twice", "端口被重复占用"),
)  # fmt: skip
def port_used_once(view: CableView, ctx: Context) -> Iterator[Finding]:
    """No port has two cables. Of two that claim one port, the cable whose label names another port is reported.

    Why it matters: one of the two is left over when the rack is cabled, and with it a server.
    How to fix: give one of them a free port of the same range.
    Source: engineering estimate: one port, one cable.
    Failing: two cables with `b: {device: A-ASW-01A, port: 10GE1/0/7}`
    Passing: `10GE1/0/7` on one, `10GE1/0/8` on the other
    """
    yield from end_fault("PRT011", view, ctx)


@check(
    "PRT012", severity=Severity.ERROR, over=_cables, clause="the port plan of the switch",
    title=Text("Port outside the range of its use", "端口超出用途范围"),
)  # fmt: skip
def port_in_range(view: CableView, ctx: Context) -> Iterator[Finding]:
    """A cable ends within the range that the port plan sets aside for its use (server and growth for servers).

    Why it matters: configuration goes by range; a server on an uplink port gets the configuration of an uplink.
    How to fix: move it into the range, or widen the range in the port plan.
    Source: the port plan of the switch.
    Failing: a server on `10GE1/0/47` where `server: "10GE1/0/[1-40]"`
    Passing: a server on `10GE1/0/40`
    """
    yield from end_fault("PRT012", view, ctx)


@check(
    "PRT013", severity=Severity.ERROR, over=_cables, clause="engineering estimate: dual homing to one pair",
    title=Text("Server link at the wrong switch", "服务器链路接错交换机"),
)  # fmt: skip
def links_reach_both_members(view: CableView, ctx: Context) -> Iterator[Finding]:
    """The first business interface ends at member A of the device's pair, the second at member B.

    Why it matters: with both links on one member, the loss of that switch cuts the server off.
    How to fix: move the far end to the other member, same port number.
    Source: multi-chassis link aggregation: one link per member (engineering estimate).
    Failing: p1 and p2 both at A-ASW-01A
    Passing: p1 at A-ASW-01A, p2 at A-ASW-01B
    """
    if view.cable.kind == "access":
        yield from end_fault("PRT013", view, ctx)


def _dual(ctx: Context) -> list[tuple[str, tuple[AccessLink, ...]]]:
    return list(cable_book(ctx).access.items())


@check(
    "PRT014", severity=Severity.ERROR, over=_dual, clause="engineering estimate: same port number on both members",
    title=Text("Port numbers differ on the two members", "两台成员交换机端口号不一致"),
)  # fmt: skip
def same_port_number(subject: tuple[str, tuple[AccessLink, ...]], ctx: Context) -> Iterator[Finding]:
    """The two links of a server end on the same port number of both members.

    Why it matters: one aggregation group serves one port number on both members; with different numbers the
    group is configured on the wrong port of one of them and the link stays down.
    How to fix: move one link to the number of the other, if it is free on both members.
    Source: engineering estimate.
    Failing: p1 on 10GE1/0/7 of member A, p2 on 10GE1/0/8 of member B
    Passing: both on 10GE1/0/7
    """
    name, links = subject
    book = cable_book(ctx)
    if book.faulty(name, "access"):
        return
    cables = {v.cable.a.port: v for v in book.by_device.get(name, ()) if v.cable.kind == "access"}
    for i in range(0, len(links) - 1, 2):
        a, b = cables.get(links[i].near_port), cables.get(links[i + 1].near_port)
        if (
            a is None
            or b is None
            or a.cable.b.port == b.cable.b.port
            or None in (a.cable.b.port, b.cable.b.port)
        ):
            continue
        odd, other = (a, b) if "b" in a.stale and "b" not in b.stale else (b, a)
        yield finding(
            "PRT014", name,
            Text(f"{odd.cable.a.port} is on {odd.b.name}, {other.cable.a.port} on {other.b.name}",
                 f"{odd.cable.a.port} 接 {odd.b.name}，{other.cable.a.port} 接 {other.b.name}"),
            ctx.where(odd.cable, "b", "port"),
            fix=Text(f"use {other.cable.b.port} on {odd.cable.b.device}", f"{odd.cable.b.device} 改用 {other.cable.b.port}"),
            arithmetic=f"{odd.cable.b.port} != {other.cable.b.port}",
            related=[Related(ctx.where(other.cable, "b", "port"), f"{other.cable.id}: {other.b.name}")],
        )  # fmt: skip


def odd_numbers(ctx: Context) -> frozenset[int]:
    """Cables of servers whose two port numbers differ; their labels are stale for that reason."""

    def make() -> frozenset[int]:
        book = cable_book(ctx)
        return frozenset(
            view.index
            for subject in _dual(ctx)
            if any(True for _ in same_port_number(subject, ctx))
            for view in book.by_device.get(subject[0], ())
            if view.cable.kind == "access"
        )

    found: frozenset[int] = ctx.memo("topology.odd_numbers", make)
    return found
