"""Redundant links that lie in one tray (PRT069)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Position, Related, Severity, Text
from inventory.model import Pair, Row
from topology.checks.cable_book import CableView, cable_book
from topology.checks.length_book import measured
from topology.checks.links import incomplete
from topology.trays import Route

Segments = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Shared:
    """Links that stand in for each other: the uplinks of a pair, its peer links and keepalive, or the two links
    of the servers of a row."""

    what: Literal["uplink", "peer-link", "access"]
    record: Pair | Row
    views: tuple[CableView, ...]
    servers: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """How findings name them."""
        return f"{self.record.name}:{self.what}"


def _subjects(ctx: Context) -> list[Shared]:
    book, broken = cable_book(ctx), incomplete(ctx)
    by_owner: dict[tuple[str, str], list[CableView]] = {}
    for view in book.sound("uplink", "peer-link"):
        by_owner.setdefault((view.owner, view.cable.kind), []).append(view)
    out: list[Shared] = []
    for pair in ctx.inventory.pairs.values():
        for what in ("uplink", "peer-link"):
            views = by_owner.get((pair.name, what), [])
            if views and (pair.name, what) not in broken:
                out.append(Shared("uplink" if what == "uplink" else "peer-link", pair, tuple(views)))
    rows: dict[str, list[str]] = {}
    for name in book.access:
        rows.setdefault(ctx.inventory.racks[str(book.placed[name].rack)].row, []).append(name)
    out.extend(
        Shared("access", ctx.inventory.rows[row], (), tuple(names)) for row, names in sorted(rows.items())
    )
    return out


@check(
    "PRT069", severity=Severity.WARNING, over=_subjects, title=Text("Redundant links in one tray", "冗余链路同走线架"),
    clause="TIA-942: path diversity",
)  # fmt: skip
def ways_are_apart(shared: Shared, ctx: Context) -> Iterator[Finding]:
    """Links that stand in for each other do not all pass one tray segment: the uplinks of a pair, its peer links
    and keepalive, the two links of each server.

    Why it matters: one cut, one falling ladder or one fire in a tray takes everything at once; with peer link
    and keepalive gone both members of a pair believe they are alone.
    How to fix: lay the links of one member over the other end of the row, or accept it with a waiver; inside one
    room that is common. Servers are summed per row, for information.
    Source: TIA-942 (rated 2 and up); engineering estimate inside one room.
    Failing: all eight uplinks of a pair over `A01-A/7` to `A01-A/8`
    Passing: those of member A over `A01-A/L`, those of member B over `A01-A/R`
    """
    if shared.what == "access":
        yield from _servers(shared, ctx)
        return
    ways = _ways(shared.views, ctx)
    others: list[CableView] = []
    if shared.what == "peer-link":
        book = cable_book(ctx)
        members = {f"{shared.record.name}A", f"{shared.record.name}B"}
        others = [
            v for m in sorted(members) for v in book.by_device.get(m, ())
            if v.index not in book.faults and v.cable.a.device == m
            and (v.cable.kind == "keepalive" or (v.cable.kind == "oob" and v.cable.group.endswith(":keepalive")))
        ]  # fmt: skip
        if not others:
            return
    position = ctx.where(shared.record, "uplinks" if shared.what == "uplink" else "peer_link")
    other_ways = _ways(others, ctx)
    if ways is None or other_ways is None:
        yield lacking(
            "PRT069", shared.subject,
            Text("the way of some of these cables is unknown", "部分线缆路由未知"), position,
            Text("survey the place of the far switches", "确认远端交换机位置"),
        )  # fmt: skip
        return
    if len(ways) < 2 and shared.what == "uplink":
        return
    common = frozenset.intersection(*ways)
    if shared.what == "peer-link":
        common &= frozenset().union(*other_ways)
        bundles = {v.cable.bundle for v in shared.views} & {v.cable.bundle for v in others if v.cable.bundle}
        if bundles:
            yield _together(shared, ctx, position, f"bundle {min(bundles)}", others)
            return
    if common:
        yield _together(shared, ctx, position, _named(common), others)


def _together(
    shared: Shared, ctx: Context, position: Position, where: str, others: list[CableView]
) -> Finding:
    if shared.what == "uplink":
        message = Text(
            f"all {len(shared.views)} uplinks pass {where}", f"全部 {len(shared.views)} 条上联经过 {where}"
        )
    else:
        message = Text(f"peer links and keepalive both pass {where}", f"互联链路与心跳同经 {where}")
    return finding(
        "PRT069", shared.subject, message, position,
        fix=Text("lay one of them over another tray, or accept it with a waiver", "其中一路改走其他走线架，或登记豁免"),
        related=[Related(ctx.where(v.cable, "route"), f"{v.cable.id}: {v.a.name} to {v.b.name}")
                 for v in (*shared.views[:2], *others[:2])],
    )  # fmt: skip


def _servers(shared: Shared, ctx: Context) -> Iterator[Finding]:
    alike: list[str] = []
    judged = unknown = 0
    for name in shared.servers:
        ways = _server_ways(name, ctx)
        if ways is None:
            unknown += 1
        elif len(ways) > 1:
            judged += 1
            if frozenset.intersection(*ways):
                alike.append(name)
    position = ctx.where(shared.record, "name")
    if alike:
        yield finding(
            "PRT069", shared.subject,
            Text(f"both links of {len(alike)} of {judged} servers share a tray segment, e.g. {alike[0]}",
                 f"{judged} 台服务器中 {len(alike)} 台的两条链路同经一段走线架，如 {alike[0]}"),
            position, severity=Severity.INFO, arithmetic=f"{len(alike)} of {judged} servers",
            fix=Text("stand the members of the pair at both ends of the row, or accept it", "将交换机对置于行两端，或接受现状"),
        )  # fmt: skip
    elif unknown and not judged:
        yield lacking(
            "PRT069", shared.subject, Text(f"the way of {unknown} servers is unknown", f"{unknown} 台服务器路由未知"), position
        )  # fmt: skip


def _server_ways(name: str, ctx: Context) -> list[Segments] | None:
    """Tray segments of each business link of a server: of its cable, else of the shortest way to the member it
    belongs to. None: the place of a member is unknown."""
    book = cable_book(ctx)
    cables = {
        (v.cable.a.port, v.cable.b.device): v
        for v in book.by_device.get(name, ())
        if v.cable.kind == "access" and v.index not in book.faults
    }
    out: list[Segments] = []
    for link in book.access[name]:
        view = cables.get((link.near_port, link.far))
        if view is not None:
            m = measured(ctx).get(view.index)
            route = m.route if m else None
        else:
            a, b = book.places.of(name), book.places.of(link.far)
            route = book.places.trays.route(a, b) if a and b else None
        if route is None:
            return None
        out.append(route.segments)
    return out


def _ways(views: Iterable[CableView], ctx: Context) -> list[Segments] | None:
    """Tray segments of each cable, where an end has no place those of the plan; None when the way of one is
    unknown."""
    out: list[Segments] = []
    for view in views:
        m = measured(ctx).get(view.index)
        if m is None or (m.route is None and not view.cable.route):
            return None
        out.append(m.route.segments if m.route else Route(0.0, view.cable.route).segments)
    return out


def _named(segments: Segments) -> str:
    """The first segment, and how many more: `A01-A/6 – A01-A/7 +7`, the same in both languages."""
    first, last = min(segments)
    rest = len(segments) - 1
    return f"{first} – {last}{f' +{rest}' if rest else ''}"
