"""Outlets of power strips against the rating of their coupler (PWR015)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import cast

from capacity.checks.power_state import power_state, watts
from inventory.checks import Context, check, finding
from inventory.findings import Finding, Severity, Text
from inventory.plan_model import Cord, LoadLine


def _overloaded_outlets(ctx: Context) -> dict[str, list[tuple[Cord, LoadLine, float]]]:
    """Cords on outlets above the rating of their coupler, by device type: (cord, line, watts at the worst)."""

    def make() -> dict[str, list[tuple[Cord, LoadLine, float]]]:
        state = power_state(ctx)
        cords = {f"{c.pdu}/{c.outlet}": c for own in state.cords_of.values() for c in own}
        out: dict[str, list[tuple[Cord, LoadLine, float]]] = {}
        for (kind, name), line in state.lines.items():
            load_w = max(line.peak_w, line.peak_a_dead_w, line.peak_b_dead_w)
            if kind == "outlet" and line.limit_w is not None and load_w > line.limit_w and name in cords:
                slug = ctx.inventory.devices[cords[name].device].type.slug
                out.setdefault(slug, []).append((cords[name], line, load_w))
        return out

    return cast(dict[str, list[tuple[Cord, LoadLine, float]]], ctx.memo("overloaded-outlets", make))


def _corded_types(ctx: Context) -> list[str]:
    devices = ctx.inventory.devices
    return sorted(
        {
            devices[name].type.slug
            for name, cords in power_state(ctx).cords_of.items()
            if cords and name in devices
        }
    )


@check(
    "PWR015", severity=Severity.ERROR, title=Text("Outlet overloaded", "插座过载"),
    clause="IEC 60320: C13 10 A, C19 16 A", over=_corded_types,
)  # fmt: skip
def outlet_within_coupler(slug: str, ctx: Context) -> Iterator[Finding]:
    """No outlet carries more than its coupler is made for, also when the other side is dead.

    Why it matters: a device that draws 12 A through a C13 coupler heats it until it fails, long before a breaker trips.
    How to fix: connect the inlet with a C19 cord, or share the load over more inlets.
    Source: IEC 60320 (C13 10 A, C19 16 A), x voltage x power factor. One finding for a device type.
    Failing: a device of 2.4 kW peak on one C13 outlet (2090 W)
    Passing: the same device on a C19 outlet (3344 W)
    """
    above = _overloaded_outlets(ctx).get(slug, [])
    alone = [a for a in above if _alone(ctx, a[0])]
    if not alone:
        return
    cord, line, load_w = max(alone, key=lambda a: (a[2], a[0].id))
    limit_w = line.limit_w or 0.0
    yield finding(
        "PWR015", slug,
        Text(f"outlet {line.element} carries {watts(load_w)} for {cord.device} with the other side dead, limit {watts(limit_w)}"
             f" ({len(alone)} outlets)",
             f"另一路失电时插座 {line.element} 承载 {cord.device} 的 {watts(load_w)}，限值 {watts(limit_w)}（共 {len(alone)} 个插座）"),
        ctx.where(cord, "outlet"),
        fix=Text("use C19 outlets, or more inlets", "改用 C19 插座，或增加电源输入"),
        arithmetic=f"{load_w:.0f} W > rating of the coupler x V x pf = {limit_w:.0f} W",
    )  # fmt: skip


def _alone(ctx: Context, cord: Cord) -> bool:
    """Whether no other cord claims the outlet (two on one outlet are PWR009)."""
    claims = ctx.memo(
        "outlet-claims", lambda: Counter(f"{c.pdu}/{c.outlet}" for c in (ctx.plan.cords if ctx.plan else ()))
    )
    return bool(claims[f"{cord.pdu}/{cord.outlet}"] == 1)
