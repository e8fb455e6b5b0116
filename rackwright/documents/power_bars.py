"""Load lines of the plan as bars: draw against limit, in the normal state and with one side dead."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from capacity.feeds import phase_imbalance
from inventory.findings import Text
from inventory.inventory import Inventory, RackPlace
from inventory.plan_model import LoadLine, Plan
from rackwright.summary import kilowatts, worst

NORMAL = Text("normal", "正常")
PLANT = ("panel", "ups", "generator")
DEAD = {"a": Text("side A dead", "A 路断电"), "b": Text("side B dead", "B 路断电")}


@dataclass(frozen=True, slots=True)
class Bar:
    """One load in one state. `alloc`, `peak`, `limit` are hundredths of the bar's width; `limit` None: the
    limit is unknown. `unknown`: devices whose draw nobody states, so that the sum is a least value."""

    element: str
    state: Text
    alloc_w: float
    peak_w: float
    limit_w: float | None
    unknown: tuple[str, ...]
    alloc: float
    peak: float
    limit: float | None

    @property
    def verdict(self) -> Literal["good", "bad", "unknown"]:
        """Bad above the limit, even if more is unknown; unknown without a limit or with unknown draws."""
        if self.limit_w is not None and self.peak_w > self.limit_w:
            return "bad"
        return "unknown" if self.limit_w is None or self.unknown else "good"

    @property
    def figures(self) -> str:
        """`alloc / peak / limit` in kW; ≥ before sums that lack a device, – for an unknown limit."""
        least = "≥" if self.unknown else ""
        limit = "–" if self.limit_w is None else kilowatts(self.limit_w)
        return f"{least}{kilowatts(self.alloc_w)} / {least}{kilowatts(self.peak_w)} / {limit}"


@dataclass(frozen=True, slots=True)
class FeedBars:
    """One feed: both sides alive, and carrying the rack alone."""

    side: str
    normal: Bar
    alone: Bar


@dataclass(frozen=True, slots=True)
class RackPower:
    """A rack in use: its own bar (None: the plan has no load line for it) and its feeds."""

    rack: RackPlace
    bar: Bar | None
    feeds: tuple[FeedBars, ...]


@dataclass(frozen=True, slots=True)
class PanelPhases:
    """The three phases of a panel in the normal state; `imbalance` is the largest deviation from the mean as
    a share of it, None when a draw or a phase is unknown, or nothing is drawn."""

    panel: str
    bars: tuple[Bar, ...]
    imbalance: float | None
    verdict: Literal["good", "attention", "bad", "unknown"]


@dataclass(frozen=True, slots=True)
class PlantPower:
    """A panel, UPS side or generator plant: normal, and at its worst with one side dead. None: no load line."""

    name: str
    kind: str
    site: str
    normal: Bar | None
    worst: Bar | None


def bar(line: LoadLine, dead: str = "") -> Bar:
    """The bar of a load line; `dead` is the side that is dead ("" for none)."""
    alloc_w, peak_w = {
        "": (line.alloc_w, line.peak_w),
        "a": (line.alloc_a_dead_w, line.peak_a_dead_w),
        "b": (line.alloc_b_dead_w, line.peak_b_dead_w),
    }[dead]
    full = max(1.08 * (line.limit_w or 0.0), 1.04 * peak_w, 1.0)
    return Bar(
        line.element, DEAD[dead] if dead else NORMAL, alloc_w, peak_w, line.limit_w, line.unknown,
        round(100 * alloc_w / full, 1), round(100 * peak_w / full, 1),
        None if line.limit_w is None else round(100 * line.limit_w / full, 1),
    )  # fmt: skip


def rack_power(inventory: Inventory, plan: Plan) -> tuple[RackPower, ...]:
    """Every rack that holds a device, in the order of the inventory."""
    racks = {line.element: line for line in plan.power if line.kind == "rack"}
    feeds = {line.element: line for line in plan.power if line.kind == "feed"}
    used = {device.rack for device in plan.devices}
    out = []
    for rack in inventory.racks.values():
        if rack.name not in used:
            continue
        sides = []
        for side, feed in sorted(rack.feeds.items()):
            line = feeds.get(feed.name)
            if line is not None:
                other = "b" if feed.side == "a" else "a"
                sides.append(FeedBars(side, bar(line), bar(line, other)))
        own = racks.get(rack.name)
        out.append(RackPower(rack, bar(own) if own else None, tuple(sides)))
    return tuple(out)


def panel_phases(inventory: Inventory, plan: Plan) -> tuple[PanelPhases, ...]:
    """Phases of every three-phase panel that has load lines, by panel."""
    lines = {line.element: line for line in plan.power if line.kind == "phase"}
    warn, err = inventory.policy.number("feed.phase_warn"), inventory.policy.number("feed.phase_err")
    out = []
    for name in sorted(inventory.panels):
        mine = [lines[key] for phase in ("L1", "L2", "L3") if (key := f"{name}/{phase}") in lines]
        if inventory.panels[name].phases != 3 or not mine:
            continue
        known = len(mine) == 3 and not any(line.unknown for line in mine)
        imbalance = phase_imbalance(line.alloc_w for line in mine) if known else None
        verdict: Literal["good", "attention", "bad", "unknown"] = "unknown"
        if imbalance is not None:
            verdict = "bad" if imbalance > err else "attention" if imbalance > warn else "good"
        out.append(PanelPhases(name, tuple(_side_by_side(mine)), imbalance, verdict))
    return tuple(out)


def plant_power(inventory: Inventory, plan: Plan) -> tuple[PlantPower, ...]:
    """Panels, UPS sides and generator plants: those of the inventory, and what else the plan has lines for."""
    lines = {(line.kind, line.element): line for line in plan.power if line.kind in PLANT}
    sites = {p.name: inventory.rooms[p.room].site for p in inventory.panels.values()}
    sites |= {u.name: u.site for u in inventory.ups.values()}
    known: list[tuple[str, str]] = [
        *(("panel", name) for name in inventory.panels),
        *(("ups", name) for name in inventory.ups),
    ]
    out = []
    for kind, name in dict.fromkeys([*known, *lines]):
        line = lines.get((kind, name))  # type: ignore[arg-type]
        alone = bar(line, worst(line, one_side_dead=True).dead) if line else None
        site = sites.get(name, name.partition("/")[0])
        out.append(PlantPower(name, kind, site, bar(line) if line else None, alone))
    return tuple(sorted(out, key=lambda p: (p.site, PLANT.index(p.kind), p.name)))


def _side_by_side(lines: Iterable[LoadLine]) -> Iterable[Bar]:
    """Bars on one common scale, so that they can be compared by eye."""
    bars = [bar(line) for line in lines]
    full = max((max(1.08 * (b.limit_w or 0.0), 1.04 * b.peak_w, 1.0) for b in bars), default=1.0)
    for b in bars:
        yield Bar(
            b.element, b.state, b.alloc_w, b.peak_w, b.limit_w, b.unknown,
            round(100 * b.alloc_w / full, 1), round(100 * b.peak_w / full, 1),
            None if b.limit_w is None else round(100 * b.limit_w / full, 1),
        )  # fmt: skip
