"""What failures do to breakers beyond the loss of one whole side: cascades, and second failures (PWR031, PWR032).

The loss of side a or side b is judged element by element elsewhere (PWR004, PWR005, PWR025, PWR026, PWR028); an
element above its limit there is not reported again here. Graphs are built only when some element could carry
more than its limit at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from capacity.checks.power_state import badly_corded_racks, contributors, power_state, watts
from capacity.checks.power_wiring import miswired, rack_sites
from capacity.load_lines import Kind, element_limits_w, plant_name, power_tree
from inventory.checks import Context, check, finding
from inventory.findings import Finding, Position, Severity, Text, names_text
from inventory.model import Site
from inventory.plan_model import Plan

if TYPE_CHECKING:
    from capacity.power_flow import Draws, Flow
    from capacity.power_worst import Worst
    from topology.elements import Layers, SharedRisk

CARRIERS = ("bank", "pdu", "feed", "phase", "panel", "ups", "generator", "utility", "sts")


@dataclass(frozen=True, slots=True)
class Suspect:
    """An element that could carry more than its limit, with the most it could ever carry, in W."""

    kind: Kind
    name: str
    most_w: float
    limit_w: float
    trip_w: float

    @property
    def key(self) -> str:
        """Its key in the power layer."""
        return f"{self.kind}/{self.name}"


def suspects(ctx: Context, site: str) -> Mapping[str, Suspect]:
    """Elements of a site above their limit if every inlet carried its whole device, by key; those that are above it
    with one side dead already are left out, and so is what stands behind faulty cords or wiring."""
    by_site: dict[str, dict[str, Suspect]] = ctx.memo("power-suspects", lambda: _suspects(ctx))
    return by_site.get(site, {})


def _suspects(ctx: Context) -> dict[str, dict[str, Suspect]]:
    inventory, state = ctx.inventory, power_state(ctx)
    number, tree = inventory.policy.number, power_tree(inventory)
    most: dict[tuple[Kind, str], float] = {}
    for device, cords in state.cords_of.items():
        power = state.power.get(device)
        above: set[tuple[Kind, str]] = set()
        for cord in cords:
            rack = inventory.racks.get(cord.rack)
            sides = ("a", "b") if cord.pdu in inventory.sts else (cord.side,)
            above.add(("bank", f"{cord.pdu}/{cord.bank}"))
            for feed in (rack.feeds[s] for s in sides if rack and s in rack.feeds):
                ups = inventory.panels[feed.panel].ups
                above |= {("feed", feed.name), ("panel", feed.panel), ("ups", ups)}
                if phase := tree.phase_of_feed.get(feed.name):
                    above.add(("phase", f"{feed.panel}/{phase}"))
                sets = (g.name for g in inventory.generators.values() if g.site == inventory.ups[ups].site)
                above |= {("generator", name) for name in sets}
        for element in above:
            most[element] = most.get(element, 0.0) + (power.peak_w if power else 0.0)
    limits = element_limits_w(inventory)
    overhead = number("room.pue_max") + number("gen.recharge")
    for generator in inventory.generators.values():
        rated_kw = generator.rated_kw
        limit_w = None if rated_kw is None else rated_kw * 1000 / overhead * number("gen.load_max")
        limits["generator", generator.name] = limit_w
    share = {"ups": number("ups.load_max"), "generator": number("gen.load_max")}
    out: dict[str, dict[str, Suspect]] = {}
    for (kind, name), most_w in sorted(most.items()):
        limit_w = limits.get((kind, name))
        if limit_w is None or most_w <= limit_w or _reported(ctx, kind, name):
            continue
        site = _site(ctx, kind, name)
        if not miswired(ctx, site):
            trip_w = limit_w / share.get(kind, number("feed.max_util"))
            found = Suspect(kind, name, most_w, limit_w, trip_w)
            out.setdefault(site, {})[found.key] = found
    return out


def _reported(ctx: Context, kind: Kind, name: str) -> bool:
    """True for an element that the checks of either side dead report, or that faulty cords lead to."""
    if kind in ("bank", "feed") and name.partition("/")[0] in badly_corded_racks(ctx):
        return True
    element = plant_name(ctx.inventory.generators[name].site) if kind == "generator" else name
    line = power_state(ctx).lines.get((kind, element))
    if line is None or line.limit_w is None:
        return False
    return max(line.peak_w, line.peak_a_dead_w, line.peak_b_dead_w) > line.limit_w


def _site(ctx: Context, kind: Kind, name: str) -> str:
    inventory = ctx.inventory
    if kind == "generator":
        return inventory.generators[name].site
    if kind == "ups":
        return inventory.ups[name].site
    if kind in ("panel", "phase"):
        return inventory.rooms[inventory.panels[name.partition("/")[0]].room].site
    return inventory.racks[name.partition("/")[0]].site


def _where(ctx: Context, key: str) -> Position:
    """The record of an element of the power path."""
    kind, _, name = key.partition("/")
    first = name.partition("/")[0]
    sections = {"generator": ctx.inventory.generators, "ups": ctx.inventory.ups, "sts": ctx.inventory.sts}
    if kind in sections:
        return ctx.where(sections[kind][name], "name")
    if kind in ("panel", "phase"):
        return ctx.where(ctx.inventory.panels[first], "name")
    if kind == "psu":
        return ctx.where(ctx.placed[first], "name")
    return ctx.where(ctx.inventory.racks[first].record, "name")


@dataclass(frozen=True)
class _World:
    layers: Layers
    draws: Draws
    risks: tuple[SharedRisk, ...]


def _world(ctx: Context) -> _World:
    """Graphs, draws and groups of shared risk, built once per run and only when something is suspected."""

    def make() -> _World:
        from capacity.power_flow import power_loads
        from topology.graph import layers
        from topology.risk import shared_risks

        built = layers(ctx.inventory, ctx.plan or Plan())
        risks = tuple(
            r for r in shared_risks(ctx.inventory, built) if any(m in built.power for m in r.members)
        )
        return _World(built, power_loads(ctx.inventory, built), risks)

    return cast(_World, ctx.memo("power-world", make))


def _worst(ctx: Context) -> Mapping[str, Worst]:
    """The worst load of every element after one or two failures of the power path, before anything opens, by key."""

    def make() -> dict[str, Worst]:
        from capacity.power_flow import Draws, worst_loads

        world = _world(ctx)
        risks = [r for r in world.risks if any(m.partition("/")[0] in CARRIERS for m in r.members)]
        closed = Draws(world.draws.alloc_w, world.draws.peak_w)
        return {w.element: w for w in worst_loads(world.layers, closed, risks, 2).loads}

    return cast(dict[str, "Worst"], ctx.memo("power-worst", make))


@check(
    "PWR031", severity=Severity.ERROR, title=Text("One failure opens another breaker", "单一故障引发断路器级联跳闸"),
    clause="engineering estimate: a breaker opens above V x A x power factor, the one nearest to the load first",
    over=rack_sites,
)  # fmt: skip
def no_cascade(site: Site, ctx: Context) -> Iterator[Finding]:
    """No group of shared risk, failing alone, makes a further breaker open and darkens devices that still had power.

    Silent about elements that cannot carry the loss of a whole side: they are reported by their own rules.
    Why it matters: the first failure was survived by design; the breaker that follows takes down what was left.
    How to fix: move load off the element shown, or separate what fails together.
    Source: engineering estimate (selective protection: of several overloaded breakers the one nearest to the load
    opens first; then loads are worked out again until nothing opens).
    Failing: `risk_groups: [{name: riser-2, members: [feed/A01-A01/a, bank/A01-A01/pdu-b/B2]}]` with servers of four
    supplies, whose whole draw then falls on bank B1 of side b
    Passing: the same group with bank B1 strong enough for it
    """
    found = suspects(ctx, site.name)
    if not any(s.most_w > s.trip_w for s in found.values()):
        return
    from capacity.power_flow import Draws, flow, trips

    world = _world(ctx)
    bare = Draws(world.draws.alloc_w, world.draws.peak_w)
    opened = trips(world.layers, world.draws, [r.members for r in world.risks])
    cases: list[tuple[int, str, SharedRisk, Flow, list[str]]] = []
    for risk, extra in zip(world.risks, opened, strict=True):
        if not extra:
            continue
        after = flow(world.layers, world.draws, risk.members)
        if not any(o.round == 1 and o.cause in found for o in after.opened):
            continue
        dark = sorted({*after.dark} - {*flow(world.layers, bare, risk.members).dark})
        if dark:
            cases.append((-len(dark), risk.key, risk, after, dark))
    if not cases:
        return
    _, _, risk, after, dark = min(cases, key=lambda c: c[:2])
    first = next(o for o in after.opened if o.cause in found)
    names = [d.partition("/")[2] for d in dark]
    also = f"; {len(cases) - 1} more failures do so" if len(cases) > 1 else ""
    zh_also = f"；另有 {len(cases) - 1} 种故障亦然" if len(cases) > 1 else ""
    steps = " -> ".join(f"{o.element} ({o.load_w:.0f} W > {o.trip_w:.0f} W)" for o in after.opened)
    yield finding(
        "PWR031", first.element,
        Text(f"when {risk.key} fails, {first.element} carries {watts(first.load_w)} and opens at {watts(first.trip_w)}:"
             f" {len(dark)} devices go dark that still had power ({names_text(names)}){also}",
             f"{risk.key} 失效后 {first.element} 承载 {watts(first.load_w)}，超过脱扣值 {watts(first.trip_w)} 而跳闸："
             f"{len(dark)} 台仍有供电的设备断电（{names_text(names)}）{zh_also}"),
        _where(ctx, first.element),
        fix=Text(f"take {watts(first.load_w - found[first.cause].limit_w)} or more off {first.element}",
                 f"将 {first.element} 的负载减少不少于 {watts(first.load_w - found[first.cause].limit_w)}"),
        arithmetic=steps,
        related=contributors(ctx, [n for n in names if n in ctx.placed][:3]),
    )  # fmt: skip


@check(
    "PWR032", severity=Severity.INFO, title=Text("Overloaded after two failures", "双重故障后过载"),
    clause="engineering estimate: two groups of shared risk fail together", over=rack_sites, unless=("PWR031",),
)  # fmt: skip
def second_failure_holds(site: Site, ctx: Context) -> Iterator[Finding]:
    """What is left after two failures of the power path stays within its limits; a warning when one is enough.

    Silent about elements that cannot carry the loss of a whole side: they are reported by their own rules.
    Why it matters: during maintenance of one element the next failure is the second one.
    How to fix: know it, and shed load before working on the elements shown; or enlarge the one above its limit.
    Source: engineering estimate.
    Failing: servers of four supplies, feed a and bank B2 of side b dead: bank B1 carries all of them
    Passing: the same servers, two banks that each carry all of them
    """
    found = suspects(ctx, site.name)
    if not found:
        return
    worst = _worst(ctx)
    above = [
        (w.load_w / s.limit_w, key, s, w)
        for key, s in found.items()
        if (w := worst.get(key)) and w.load_w > s.limit_w
    ]
    if not above:
        return
    fewest = min(len(a[3].failure) for a in above)
    share, key, suspect, load = max(
        (a for a in above if len(a[3].failure) == fewest), key=lambda a: (a[0], a[1])
    )
    others = sorted(a[1] for a in above if a[1] != key)
    also = f" ({len(others)} more elements: {names_text(others)})" if others else ""
    zh_also = f"（另有 {len(others)} 个元素：{names_text(others)}）" if others else ""
    causes = " + ".join(load.failure)
    yield finding(
        "PWR032", key,
        Text(f"{key} carries {watts(load.load_w)} once {causes} fail, limit {watts(suspect.limit_w)}: {share:.0%}{also}",
             f"{causes} 失效后 {key} 承载 {watts(load.load_w)}，限值 {watts(suspect.limit_w)}：{share:.0%}{zh_also}"),
        _where(ctx, key),
        fix=Text(f"take {watts(load.load_w - suspect.limit_w)} off {key} before working on the others, or enlarge it",
                 f"检修前将 {key} 负载减少 {watts(load.load_w - suspect.limit_w)}，或增大其容量"),
        arithmetic=f"{load.load_w:.0f} W > {suspect.limit_w:.0f} W; opens above {suspect.trip_w:.0f} W",
        severity=Severity.WARNING if fewest < 2 else Severity.INFO,
    )  # fmt: skip
