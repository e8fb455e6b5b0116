"""The length of every cable of a plan, worked out anew from the places of its ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from inventory.checks import Context
from inventory.model import ExistingSwitch
from topology.checks.cable_book import CableView, cable_book
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
    """Length to order a cable by: worked out from the places of its ends, else what the plan states; None: unknown."""
    m = measured(ctx).get(view.index)
    return view.cable.length_m if m is None or m.needed_m is None else m.needed_m


def longest_m(view: CableView, ctx: Context) -> float | None:
    """Length that light and signals may have to cover: the larger of what is worked out and what the plan states
    (somebody may have measured); None: unknown."""
    known = [x for x in (length_m(view, ctx), view.cable.length_m) if x is not None]
    return max(known, default=None)


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


def by_far_switch(
    views: Iterable[CableView], ctx: Context
) -> list[tuple[ExistingSwitch | None, tuple[CableView, ...]]]:
    """Cables with one fault, those of a switch that stands already together when all of its cables have it (two
    or more): then the place of that switch is what is wrong. The others one by one, in their order."""
    found = list(views)
    at: dict[str, list[CableView]] = {}
    for view in found:
        if view.b.existing is not None:
            at.setdefault(view.cable.b.device, []).append(view)
    book = cable_book(ctx)
    whole = {n: v for n, v in at.items() if len(v) > 1 and len(v) == len(book.by_device[n])}
    out: list[tuple[ExistingSwitch | None, tuple[CableView, ...]]] = [
        (ctx.inventory.existing_switches[name], tuple(found_there)) for name, found_there in whole.items()
    ]
    return [*out, *((None, (v,)) for v in found if v.cable.b.device not in whole)]
