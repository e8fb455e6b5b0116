"""Why the lengths of a plan do not hold: one cable by itself, or a room, row or switch that has changed since.

A plan keeps its lengths and routes when something moves. What one move explains is reported once, where it
was made, and not for every cable.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from inventory.checks import Context
from inventory.model import ExistingSwitch, Room, Row
from topology.checks.cable_book import CableView, cable_book
from topology.checks.length_book import by_far_switch, length_m, longest_m, measured
from topology.checks.medium_book import medium_faults

MOST_OF_A_ROOM = 4
"""From so many cables on, more than half of a room being wrong is a fault of the room, not of its cables."""


_LIMITS = {"copper": "cable.copper_m_max", "serial": "cable.serial_m_max"}


def limit_m(view: CableView, ctx: Context) -> float | None:
    """Longest length in metres that a copper or serial cable may have; None for other kinds."""
    if view.type is None or view.type.kind not in _LIMITS:
        return None
    limit = ctx.inventory.policy.number(_LIMITS[view.type.kind])
    return limit if view.type.max_m is None else min(limit, view.type.max_m)


def laid_m(view: CableView, ctx: Context) -> float:
    """Length in metres that will be laid: of the way or as stated, and as ordered where no such cable can work."""
    limit, stock_m = view.type.max_m if view.type else None, view.cable.stock_m or 0.0
    laid_m = longest_m(view, ctx) or 0.0
    return laid_m if limit is None or stock_m <= limit else max(laid_m, stock_m)


def over_limit(view: CableView, ctx: Context) -> bool:
    limit = limit_m(view, ctx)
    return limit is not None and laid_m(view, ctx) > limit + 1e-9


def known(ctx: Context) -> list[CableView]:
    """Cables with sound ends, of a known type and length, whose labels say where they are."""
    return [
        v for v in cable_book(ctx).views
        if v.type is not None and v.index in measured(ctx) and not v.stale and longest_m(v, ctx) is not None
    ]  # fmt: skip


def judged(ctx: Context) -> list[CableView]:
    """Those of them that are not too long for their kind or optic anyway, nor made of the wrong parts."""
    bad = medium_faults(ctx)
    return [v for v in known(ctx) if v.index not in bad and not over_limit(v, ctx)]


@dataclass(frozen=True)
class Stated:
    """Cables whose stated length is read: one by one, or all that a room, a row or a far switch explains."""

    cause: Room | Row | ExistingSwitch | None
    views: tuple[CableView, ...]


def is_short(view: CableView, ctx: Context) -> bool:
    """True when the plan states a length below what the way asks for."""
    m = measured(ctx)[view.index]
    if m.needed_m is None or not m.route_stands:
        return False
    return view.cable.length_m is None or view.cable.length_m < m.needed_m - 0.011


def short_by_m(view: CableView, ctx: Context) -> float:
    """By how many metres the stated length is below what the way asks for; negative when it is above."""
    return (length_m(view, ctx) or 0.0) - (view.cable.length_m or 0.0)


def _displaced(ctx: Context) -> list[Stated]:
    """Cables of the rows that stand elsewhere than when they were planned: every cable that leaves such a row
    states another length than its way asks for now, one of them by the slack that a cable may have."""

    def make() -> list[Stated]:
        rows, policy = ctx.inventory.racks, ctx.inventory.policy
        leaving: dict[str, list[tuple[CableView, float]]] = {}
        for view in judged(ctx):
            m = measured(ctx)[view.index]
            if m.needed_m is None or not m.route_stands or view.cable.length_m is None:
                continue
            ends = {rows[p.rack].row if p.rack else "" for p in (m.a, m.b) if p is not None}
            for row in ends - {""} if len(ends) > 1 else ():
                leaving.setdefault(row, []).append((view, abs(view.cable.length_m - m.needed_m)))
        out: list[Stated] = []
        told: set[int] = set()
        for row, found in sorted(leaving.items(), key=lambda item: (-len(item[1]), item[0])):
            new = [v for v, _ in found if v.index not in told]
            if len(new) < MOST_OF_A_ROOM or any(off <= 0.011 for _, off in found):
                continue
            if max(off for _, off in found) >= policy.number("cable.rack_slack_m"):
                out.append(Stated(ctx.inventory.rows[row], tuple(new)))
                told.update(v.index for v in new)
        return out

    found: list[Stated] = ctx.memo("topology.displaced", make)
    return found


def _in_place(ctx: Context) -> list[CableView]:
    """Judged cables whose rows stand where they were planned."""
    gone = {v.index for stated in _displaced(ctx) for v in stated.views}
    return [v for v in judged(ctx) if v.index not in gone]


def stated_lengths(ctx: Context) -> list[Stated]:
    views = _in_place(ctx)
    short = [v for v in views if is_short(v, ctx)]
    in_room: dict[str, list[CableView]] = {}
    total: dict[str, int] = {}
    marked = {v.index for v in short}
    for view in views:
        place = measured(ctx)[view.index].a
        if place is not None:
            total[place.room] = total.get(place.room, 0) + 1
            if view.index in marked:
                in_room.setdefault(place.room, []).append(view)
    whole = {r: v for r, v in in_room.items() if len(v) >= MOST_OF_A_ROOM and 2 * len(v) > total[r]}
    out = [*_displaced(ctx), *(Stated(ctx.inventory.rooms[r], tuple(found)) for r, found in whole.items())]
    told = {v.index for found in whole.values() for v in found}
    rest = by_far_switch((v for v in short if v.index not in told), ctx)
    out += [Stated(switch, found) for switch, found in rest]
    renumbered = _renumbered([v for v in views if v.index not in marked], ctx)
    marked |= {v.index for stated in renumbered for v in stated.views}
    return [*out, *renumbered, *(Stated(None, (v,)) for v in views if v.index not in marked)]


def _renumbered(views: Iterable[CableView], ctx: Context) -> list[Stated]:
    """Cables whose route ends under another rack than their end stands in, by the row of that end: racks of the
    row came, went or changed their order since."""
    racks, found = ctx.inventory.racks, dict[str, list[CableView]]()
    for view in views:
        m, route = measured(ctx)[view.index], view.cable.route
        if m.route_stands or not route:
            continue
        off = [
            p
            for p, node in ((m.a, route[0]), (m.b, route[-1]))
            if p is not None and p.node != node and p.rack
        ]
        if off:
            found.setdefault(racks[str(off[0].rack)].row, []).append(view)
    return [
        Stated(ctx.inventory.rows[row], tuple(views))
        for row, views in sorted(found.items())
        if len(views) >= MOST_OF_A_ROOM
    ]


def ordered_lengths(ctx: Context) -> list[CableView]:
    """Cables whose stated length holds: what is wrong with the length to order is wrong by itself."""
    views = [v for v in _in_place(ctx) if not is_short(v, ctx)]
    moved = {v.index for stated in _renumbered(views, ctx) for v in stated.views}
    return [v for v in views if v.index not in moved]
