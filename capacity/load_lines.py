"""Watts on racks, banks, feeds, phases, panels, UPS and generators: both sides alive, and either side dead.

Every element gets one line with its limit. A limit nobody states is None, and a device without a known draw
is named in every line it would add to: neither counts as zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from capacity.cords import STS_BANK, pdu_type
from capacity.draws import draws
from capacity.feeds import STATES, Inlet, Level, PoweredDevice, PowerTree, State, live_shares, propagate
from capacity.plant import feed_cap_w
from capacity.power import DevicePower
from inventory.inventory import Inventory, RackPlace
from inventory.model import Panel
from inventory.plan_model import Cord, LoadLine, PlacedDevice

Kind = Literal["rack", "outlet", "bank", "feed", "phase", "panel", "ups", "generator"]
KINDS: tuple[Kind, ...] = ("rack", "outlet", "bank", "feed", "phase", "panel", "ups", "generator")
PHASES = ("L1", "L2", "L3")
_BETWEEN_LINES_V = 300.0
"""A three-phase panel above this voltage is stated between lines (346-415 V), below it to neutral (110-277 V)."""
_LOADS_BETWEEN_LINES_V = (200.0, 208.0)
"""Three-phase systems whose single-phase loads lie between two lines, at the stated voltage."""


def phase_voltage_v(panel: Panel) -> float:
    """Voltage in V of a single-phase load on a panel: between a phase and neutral, or between two lines where the
    system has it that way (208 V)."""
    if panel.phases == 3 and panel.voltage_v > _BETWEEN_LINES_V:
        return panel.voltage_v / math.sqrt(3)
    return panel.voltage_v


def leg_voltage_v(panel: Panel) -> float:
    """Voltage in V that a leg of a three-phase breaker is reckoned with: three legs together carry 3 x this x A,
    which is 1.732 x the voltage between lines x A."""
    if panel.phases == 3 and panel.voltage_v in _LOADS_BETWEEN_LINES_V:
        return panel.voltage_v / math.sqrt(3)
    return phase_voltage_v(panel)


def plant_name(site: str) -> str:
    """Name of the generator plant of a site, which carries both UPS sides."""
    return f"{site}/generators"


def load_lines(
    inventory: Inventory, devices: Sequence[PlacedDevice], cords: Sequence[Cord]
) -> tuple[LoadLine, ...]:
    """One line for every rack, outlet in use, bank, feed, phase, panel, UPS and generator plant, by kind and element.

    Parameters: devices with their racks, and their cords; a device that is not part of the inventory is
    left out. A rack counts what stands in it, corded or not; everything above follows the cords. The
    order of `devices` and `cords` does not matter.
    """
    return lines_of(inventory, powered(inventory, devices, cords))


@dataclass(frozen=True, slots=True)
class Powered:
    """The devices as the power path sees them: name, rack, draw (None: unknown) and inlets per state."""

    name: str
    rack: str
    power: DevicePower | None
    inlets: Mapping[State, tuple[Inlet, ...]]
    cold: bool


def powered(
    inventory: Inventory, devices: Iterable[PlacedDevice], cords: Iterable[Cord]
) -> tuple[Powered, ...]:
    """Devices that stand in a rack, by name, with the feeds their cords lead to.

    A cord whose rack has no feed on its side is left out. Behind a transfer switch the load is on feed a, and on
    feed b when side a is dead.
    """
    power = draws(inventory)
    own: dict[str, list[Cord]] = {}
    for cord in sorted(cords, key=lambda c: (c.device, c.inlet, c.id)):
        own.setdefault(cord.device, []).append(cord)
    out = []
    for placed in sorted(devices, key=lambda d: d.name):
        if placed.name not in inventory.devices or placed.rack is None or placed.rack not in inventory.racks:
            continue
        device = inventory.devices[placed.name]
        inlets: dict[State, tuple[Inlet, ...]] = {}
        for state in STATES:
            found = (_inlet(inventory, cord, state) for cord in own.get(placed.name, ()))
            inlets[state] = tuple(i for i in found if i is not None)
        cold = device.type.rackwright.psu.sharing == "cold"
        out.append(Powered(placed.name, placed.rack, power[placed.name], inlets, cold))
    return tuple(out)


def _inlet(inventory: Inventory, cord: Cord, state: State) -> Inlet | None:
    if cord.pdu in inventory.sts:
        rack = inventory.racks[inventory.sts[cord.pdu].rack]
        live = [s for s in ("a", "b") if s in rack.feeds and f"{s}-dead" != state]
        return Inlet("", "", rack.feeds[live[0]].name, "both") if live else None
    rack_place = inventory.racks.get(cord.rack)
    feed = rack_place.feeds.get(cord.side) if rack_place else None
    if feed is None:
        return None
    bank = f"{cord.pdu}/{cord.bank}" if cord.bank != STS_BANK else ""
    outlet = f"{cord.pdu}/{cord.outlet}" if bank else ""
    return Inlet(outlet, bank, feed.name, cord.side)


def power_tree(inventory: Inventory) -> PowerTree:
    """What feeds what: rack feeds, panels, UPS, and one generator plant for each site that has sets."""
    panel_of, phase_of = {}, {}
    for rack in inventory.racks.values():
        for feed in rack.feeds.values():
            panel_of[feed.name] = feed.panel
            if feed.phase is not None and inventory.panels[feed.panel].phases == 3:
                phase_of[feed.name] = feed.phase
    sites = {g.site for g in inventory.generators.values()}
    return PowerTree(
        panel_of_feed=panel_of,
        phase_of_feed=phase_of,
        ups_of_panel={p.name: p.ups for p in inventory.panels.values()},
        generators_of_ups={
            u.name: (plant_name(u.site),) if u.site in sites else () for u in inventory.ups.values()
        },
    )


def lines_of(inventory: Inventory, devices: Sequence[Powered]) -> tuple[LoadLine, ...]:
    """Load lines of devices that are resolved already; see `load_lines`."""
    tree = power_tree(inventory)
    limits = element_limits_w(inventory)
    sums: dict[tuple[Level, str], list[float]] = {}
    unknown: dict[tuple[Level, str], set[str]] = {}
    racks: dict[str, list[float]] = {}
    racks_unknown: dict[str, set[str]] = {}
    for column, state in enumerate(STATES):
        known, blank = [], []
        for device in devices:
            if device.power is None:
                blank.append(PoweredDevice(device.name, 1.0, 1.0, device.inlets[state]))
                racks_unknown.setdefault(device.rack, set()).add(device.name)
                continue
            sharing: Literal["active", "cold"] = "cold" if device.cold else "active"
            power = device.power
            item = PoweredDevice(device.name, power.alloc_w, power.peak_w, device.inlets[state], sharing)
            known.append(item)
            if live_shares(item, state) or not item.inlets:
                total = racks.setdefault(device.rack, [0.0] * 6)
                total[2 * column] += power.alloc_w
                total[2 * column + 1] += power.peak_w
        for key, load in propagate(known, tree, state).loads.items():
            total = sums.setdefault(key, [0.0] * 6)
            total[2 * column], total[2 * column + 1] = load.alloc_w, load.peak_w
        for item in blank:
            for key in propagate([item], tree, state).loads:
                unknown.setdefault(key, set()).add(item.name)
    in_use = sorted({name for level, name in (*sums, *unknown) if level == "outlet"})
    limits.update({("outlet", name): outlet_limit_w(inventory, name) for name in in_use})
    out = []
    for (kind, name), limit_w in sorted(limits.items(), key=lambda item: KINDS.index(item[0][0])):
        if kind == "rack":
            values, missing = racks.get(name), racks_unknown.get(name, ())
        else:
            values, missing = sums.get((kind, name)), unknown.get((kind, name), ())
        out.append(_line(kind, name, limit_w, values or [0.0] * 6, missing))
    return tuple(out)


def _line(
    kind: Kind, name: str, limit_w: float | None, values: Sequence[float], unknown: Iterable[str]
) -> LoadLine:
    alloc, peak, alloc_a, peak_a, alloc_b, peak_b = (round(v, 1) for v in values)
    return LoadLine(
        element=name, kind=kind, limit_w=None if limit_w is None else round(limit_w, 1),
        alloc_w=alloc, peak_w=peak, alloc_a_dead_w=alloc_a, peak_a_dead_w=peak_a,
        alloc_b_dead_w=alloc_b, peak_b_dead_w=peak_b, unknown=tuple(sorted(unknown)),
    )  # fmt: skip


def element_limits_w(inventory: Inventory) -> dict[tuple[Kind, str], float | None]:
    """Limit in W of every element of the power path, by kind (in the order of KINDS) and name.

    Rack: its rating. Bank, feed, phase, panel: breaker x voltage x utilisation x power factor. UPS: rating
    x power factor x greatest load. Generator plant: without its largest sets, the IT draw that leaves room
    for cooling and recharge. None: something in that product is not known.
    """
    out: dict[tuple[Kind, str], float | None] = {}
    racks = sorted(inventory.racks.values(), key=lambda r: r.name)
    for rack in racks:
        out["rack", rack.name] = None if rack.rated_kw is None else rack.rated_kw * 1000
    for rack in racks:
        out.update({("bank", name): limit for name, limit in bank_limits_w(inventory, rack).items()})
    for rack in racks:
        for side in sorted(rack.feeds):
            out["feed", rack.feeds[side].name] = rack_feed_cap_w(inventory, rack, side)
    panels = sorted(inventory.panels.values(), key=lambda p: p.name)
    for panel in panels:
        if panel.phases == 3:
            for phase in PHASES:
                out["phase", f"{panel.name}/{phase}"] = panel_cap_w(inventory, panel, one_phase=True)
    for panel in panels:
        out["panel", panel.name] = panel_cap_w(inventory, panel)
    for ups in sorted(inventory.ups.values(), key=lambda u: u.name):
        out["ups", ups.name] = ups_cap_w(inventory, ups.name)
    for site in sorted({g.site for g in inventory.generators.values()}):
        out["generator", plant_name(site)] = plant_cap_w(inventory, site)
    return out


def bank_limits_w(inventory: Inventory, rack: RackPlace) -> dict[str, float | None]:
    """Limit in W of every bank of the power strips of a rack, by element name `<pdu>/<bank>`."""
    out: dict[str, float | None] = {}
    for side in ("a", "b"):
        pdu = pdu_type(inventory, rack, side)
        feed = rack.feeds.get(side)
        for bank in pdu.rackwright.banks if pdu else ():
            voltage = phase_voltage_v(inventory.panels[feed.panel]) if feed else None
            out[f"{rack.name}/pdu-{side}/{bank.name}"] = _cap(inventory, voltage, bank.breaker_a)
    return out


def outlet_limit_w(inventory: Inventory, element: str) -> float | None:
    """Limit in W of one outlet, by element name `<rack>/pdu-<side>/<outlet>`: the rating of its coupler (IEC 60320:
    C13 10 A, C19 16 A) x voltage x power factor; None for another coupler or a strip nobody knows."""
    rack_name, _, strip = element.partition("/")
    pdu_text, _, outlet_name = strip.partition("/")
    rack = inventory.racks.get(rack_name)
    side = pdu_text[-1:]
    pdu = pdu_type(inventory, rack, side) if rack else None
    feed = rack.feeds.get(side) if rack else None
    if pdu is None or feed is None:
        return None
    kinds = {o.name: o.type for o in pdu.power_outlets}
    rating = {"iec-60320-c13": "feed.c13_a", "iec-60320-c19": "feed.c19_a"}.get(kinds.get(outlet_name) or "")
    if rating is None:
        return None
    number = inventory.policy.number
    return phase_voltage_v(inventory.panels[feed.panel]) * number(rating) * number("feed.pf")


def rack_feed_cap_w(inventory: Inventory, rack: RackPlace, side: str) -> float | None:
    """What one feed of a rack may carry, in W; three-phase when its power strip has more than one leg."""
    feed = rack.feeds[side]
    pdu = pdu_type(inventory, rack, side)
    legs = {o.feed_leg for o in pdu.power_outlets if o.feed_leg} if pdu else set()
    panel = inventory.panels[feed.panel]
    if len(legs) > 1:
        return _cap(inventory, leg_voltage_v(panel), feed.breaker_a, 3)
    return _cap(inventory, phase_voltage_v(panel), feed.breaker_a)


def panel_cap_w(inventory: Inventory, panel: Panel, one_phase: bool = False) -> float | None:
    """What a panel, or one phase of it, may carry, in W."""
    return _cap(inventory, leg_voltage_v(panel), panel.breaker_a, 1 if one_phase else panel.phases)


def ups_cap_w(inventory: Inventory, name: str) -> float | None:
    """What one UPS side may carry, in W."""
    ups = inventory.ups[name]
    if ups.rated_kva is None or ups.power_factor is None:
        return None
    return ups.rated_kva * 1000 * ups.power_factor * inventory.policy.number("ups.load_max")


def plant_cap_w(inventory: Inventory, site: str) -> float | None:
    """IT draw in W that the generators of a site carry without their X largest sets; None when a rating is
    unknown."""
    number = inventory.policy.number
    ratings = [g.rated_kw for g in inventory.generators.values() if g.site == site]
    known = sorted(r for r in ratings if r is not None)
    if len(known) != len(ratings):
        return None
    left = known[: max(len(known) - round(number("gen.redundancy_x")), 0)]
    return sum(left) * 1000 * number("gen.load_max") / (number("room.pue_max") + number("gen.recharge"))


def _cap(
    inventory: Inventory, voltage_v: float | None, breaker_a: float | None, phases: Literal[1, 3] = 1
) -> float | None:
    if voltage_v is None or breaker_a is None:
        return None
    return feed_cap_w(
        voltage_v, breaker_a, max_util=inventory.policy.number("feed.max_util"),
        pf=inventory.policy.number("feed.pf"), phases=phases,
    )  # fmt: skip
