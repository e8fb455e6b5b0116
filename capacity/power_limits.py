"""What every element of the power path may carry for long, and above what it opens.

`limit_w` is the planning limit of the policy (80 % of a breaker, 90 % of a UPS), `trip_w` the rating of what
protects the element. None is unknown, or nothing there to trip: such an element never opens in a calculation,
and `why` says so. Ratings in A become W with voltage and power factor; W and VA never mix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from capacity.cords import pdu_type
from capacity.load_lines import (
    PHASES,
    bank_limits_w,
    leg_voltage_v,
    outlet_limit_w,
    panel_cap_w,
    phase_voltage_v,
    plant_cap_w,
    rack_feed_cap_w,
    ups_cap_w,
)
from capacity.power import ASSUMED_CURVE, psu_efficiency
from inventory.inventory import Inventory

if TYPE_CHECKING:
    from topology.elements import Layers


@dataclass(frozen=True, slots=True)
class Limit:
    """Limits of one element in W; None: unknown. `opens` are the elements that open when this one is above
    `trip_w`: itself when empty; the panel for a phase, and all legs of a feed for one of them, because a
    breaker of three poles opens as a whole. `why` is the arithmetic, or why there is no figure."""

    limit_w: float | None = None
    trip_w: float | None = None
    opens: tuple[str, ...] = ()
    why: str = ""


def limits(inventory: Inventory, layers: Layers) -> dict[str, Limit]:
    """Limits of every node of the power layer by element key, sorted.

    A node attribute `limit_w` or `trip_w` goes before what the inventory says.
    """
    return {
        key: _of_node(layers.power.nodes[key], _of_element(inventory, layers, key))
        for key in sorted(layers.power)
    }


def stated_limits(layers: Layers) -> dict[str, Limit]:
    """Limits that stand on the nodes of the power layer themselves (`limit_w`, `trip_w`, `opens`)."""
    return {key: _of_node(layers.power.nodes[key], Limit()) for key in sorted(layers.power)}


def _of_node(attributes: Mapping[str, object], otherwise: Limit) -> Limit:
    limit_w, trip_w, opens = attributes.get("limit_w"), attributes.get("trip_w"), attributes.get("opens")
    return Limit(
        float(limit_w) if isinstance(limit_w, int | float) else otherwise.limit_w,
        float(trip_w) if isinstance(trip_w, int | float) else otherwise.trip_w,
        (opens,)
        if isinstance(opens, str)
        else tuple(opens)
        if isinstance(opens, list | tuple)
        else otherwise.opens,
        otherwise.why,
    )


def _of_element(inventory: Inventory, layers: Layers, key: str) -> Limit:
    kind, _, name = key.partition("/")
    if kind == "outlet":
        return Limit(
            outlet_limit_w(inventory, name), None, why="rating of the coupler; an outlet has no breaker"
        )
    if kind == "bank":
        return _bank(inventory, name)
    if kind == "feed":
        return _feed(inventory, layers, name)
    if kind in ("phase", "panel"):
        return _panel(inventory, layers, kind, name)
    if kind == "ups":
        return _ups(inventory, name)
    if kind in ("generator", "generators"):
        return _generator(inventory, kind, name)
    if kind == "sts":
        return _sts(inventory, name)
    if kind == "psu":
        return _psu(inventory, name)
    why = {"pdu": "no breaker of its own: its feed and its banks have one", "utility": "transformer unknown"}
    return Limit(why=why.get(kind, ""))


def _breaker(
    inventory: Inventory, voltage_v: float, rated_a: float | None, limit_w: float | None, phases: int
) -> Limit:
    """A breaker: opens above V x A x phases x power factor; `limit_w` is the planned share of that."""
    if rated_a is None:
        return Limit(limit_w, None, why="breaker unknown")
    pf, share = inventory.policy.number("feed.pf"), inventory.policy.number("feed.max_util")
    times = " x 3" if phases == 3 else ""
    why = f"{voltage_v:.4g} V x {rated_a:g} A{times} x pf {pf:g}; planned to {share:g} of it"
    return Limit(limit_w, voltage_v * rated_a * phases * pf, why=why)


def _bank(inventory: Inventory, name: str) -> Limit:
    rack_name, _, strip = name.partition("/")
    side, _, bank_name = strip.removeprefix("pdu-").partition("/")
    rack = inventory.racks.get(rack_name)
    pdu = pdu_type(inventory, rack, side) if rack else None
    bank = next((b for b in pdu.rackwright.banks if b.name == bank_name), None) if pdu else None
    feed = rack.feeds.get(side) if rack else None
    if rack is None or bank is None or feed is None:
        return Limit(why="bank unknown")
    voltage_v = phase_voltage_v(inventory.panels[feed.panel])
    return _breaker(inventory, voltage_v, bank.breaker_a, bank_limits_w(inventory, rack).get(name), 1)


def _feed(inventory: Inventory, layers: Layers, name: str) -> Limit:
    """A feed, or one leg of a feed of three phases, whose breaker opens as a whole."""
    rack_name, side, *leg = name.split("/")
    rack = inventory.racks.get(rack_name)
    feed = rack.feeds.get(side) if rack else None
    if rack is None or feed is None:
        return Limit(why="feed unknown")
    panel, limit_w = inventory.panels[feed.panel], rack_feed_cap_w(inventory, rack, side)
    if leg:
        legs = tuple(k for p in PHASES if (k := f"feed/{rack_name}/{side}/{p}") in layers.power)
        one_w = None if limit_w is None else limit_w / 3
        one = _breaker(inventory, leg_voltage_v(panel), feed.breaker_a, one_w, 1)
        return Limit(one.limit_w, one.trip_w, legs, one.why)
    return _breaker(inventory, phase_voltage_v(panel), feed.breaker_a, limit_w, 1)


def _panel(inventory: Inventory, layers: Layers, kind: str, name: str) -> Limit:
    """A panel or one of its phases: a phase above its rating opens the panel, all three poles together."""
    panel_name = name.rpartition("/")[0] if kind == "phase" else name
    panel = inventory.panels.get(panel_name)
    if panel is None:
        return Limit(why="panel unknown")
    one = kind == "phase"
    cap_w, phases = panel_cap_w(inventory, panel, one), 1 if one else panel.phases
    limit = _breaker(inventory, leg_voltage_v(panel), panel.breaker_a, cap_w, phases)
    poles = f"panel/{panel_name}"
    opens = (poles,) if layers.power.has_edge(poles, f"{kind}/{name}") else ()
    return Limit(limit.limit_w, limit.trip_w, opens, limit.why)


def _ups(inventory: Inventory, name: str) -> Limit:
    ups = inventory.ups.get(name)
    if ups is None or ups.rated_kva is None or ups.power_factor is None:
        return Limit(why="rating or power factor unknown")
    share = inventory.policy.number("ups.load_max")
    why = f"{ups.rated_kva:g} kVA x pf {ups.power_factor:g}; planned to {share:g} of it"
    return Limit(ups_cap_w(inventory, name), ups.rated_kva * 1000 * ups.power_factor, why=why)


def _generator(inventory: Inventory, kind: str, name: str) -> Limit:
    """Generators carry cooling and recharge too; limits are the IT draw that leaves room for both."""
    number = inventory.policy.number
    if kind == "generators":
        return Limit(
            plant_cap_w(inventory, name), None, why="without the largest sets; each set trips by itself"
        )
    generator = inventory.generators.get(name)
    if generator is None or generator.rated_kw is None:
        return Limit(why="rating unknown")
    overhead = number("room.pue_max") + number("gen.recharge")
    trip_w = generator.rated_kw * 1000 / overhead
    share = number("gen.load_max")
    why = f"{generator.rated_kw:g} kW / (PUE {number('room.pue_max'):g} + recharge {number('gen.recharge'):g}); planned to {share:g} of it"
    return Limit(trip_w * share, trip_w, why=why)


def _sts(inventory: Inventory, name: str) -> Limit:
    """A transfer switch: rated current, planned with the margin of the policy."""
    sts = inventory.sts.get(name)
    rack = inventory.racks.get(sts.rack) if sts else None
    feed = next((rack.feeds[s] for s in ("a", "b") if s in rack.feeds), None) if rack else None
    if sts is None or feed is None:
        return Limit(why="supply of the transfer switch unknown")
    voltage_v, number = phase_voltage_v(inventory.panels[feed.panel]), inventory.policy.number
    trip_w = voltage_v * sts.rating_a * number("feed.pf")
    why = f"{voltage_v:.4g} V x {sts.rating_a:g} A x pf {number('feed.pf'):g}; planned with margin {number('feed.sts_margin'):g}"
    return Limit(trip_w / number("feed.sts_margin"), trip_w, why=why)


def _psu(inventory: Inventory, name: str) -> Limit:
    """A power supply: its label is what it gives on the DC side; the draw at its inlet is that over its efficiency."""
    device = inventory.devices.get(name.rpartition("/")[0])
    psu = device.type.rackwright.psu if device else None
    if psu is None or psu.rating_w is None:
        return Limit(why="rating of the supply unknown")
    margin, curve = inventory.policy.number("power.psu_margin"), psu.curve or ASSUMED_CURVE
    limit_w = psu.rating_w / margin / psu_efficiency(1 / margin, curve)
    why = f"{psu.rating_w} W / efficiency; planned with margin {margin:g}"
    return Limit(limit_w, psu.rating_w / psu_efficiency(1.0, curve), why=why)
