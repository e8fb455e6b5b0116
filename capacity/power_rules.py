"""How load finds its way up the power layer: draws, the order of supplies, and how many of them it takes.

One rule holds for every node: go through its supplies in their order, taking those that live until as many
as it needs are live, and split the load evenly over the ones taken. Supplies that stand side by side (two
active PSUs, the modules of a UPS) form one step of that order; a cold standby, the second source of a
transfer switch and the generators behind the utility come later, and carry nothing while an earlier one lives.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from capacity.draws import draws as device_draws
from capacity.power_limits import Limit, limits, stated_limits
from inventory.inventory import Inventory

if TYPE_CHECKING:
    import networkx as nx

    from topology.elements import Layers

At = Literal["alloc", "peak"]

TOLERANCE = 1e-9
"""A load above its rating by less than this share is at its rating: sums of floats differ by their order."""


NO_BREAKER = ("device/", "outlet/", "pdu/", "utility/", "generators/")
"""Elements that have nothing to open: what protects them is an element above or below."""


@dataclass(frozen=True)
class Draws:
    """Draw in W of every device in the power layer by element key (`device/NAME`), None where unknown, and the
    limits of the elements that carry it."""

    alloc_w: Mapping[str, float | None]
    peak_w: Mapping[str, float | None]
    limits: Mapping[str, Limit] = field(default_factory=dict)

    def at(self, which: At) -> Mapping[str, float | None]:
        """Allocated or peak draws."""
        return self.alloc_w if which == "alloc" else self.peak_w


def power_loads(inventory: Inventory, layers: Layers) -> Draws:
    """What every device of the power layer draws, and what every element of it may carry."""
    table = device_draws(inventory)
    alloc_w: dict[str, float | None] = {}
    peak_w: dict[str, float | None] = {}
    for key in devices_of(layers):
        power = table.get(key.partition("/")[2])
        alloc_w[key] = None if power is None else power.alloc_w
        peak_w[key] = None if power is None else power.peak_w
    return Draws(alloc_w, peak_w, limits(inventory, layers))


def devices_of(layers: Layers) -> list[str]:
    """Devices with a node in the power layer, sorted."""
    return sorted(key for key in layers.power if key.startswith("device/"))


def limits_of(layers: Layers, draws: Draws) -> Mapping[str, Limit]:
    """The limits that come with the draws; without any, those on the nodes themselves."""
    return draws.limits or stated_limits(layers)


def supplies(graph: nx.DiGraph[str], key: str) -> tuple[tuple[str, ...], ...]:
    """Supplies of a node in the order they are used; those of one step share evenly.

    A device with `sharing: cold` and an sts take one after the other: `prefer` first, then in the order of
    `psus`, then by name (PSU2 before PSU10). What has a utility and other sources takes the utility first.
    Anything else has one step.
    """
    found = list(graph.predecessors(key))
    if len(found) < 2:
        return ((found[0],),) if found else ()
    attributes = graph.nodes[key]
    order = {supply: number for number, supply in enumerate(attributes.get("psus") or ())}
    found.sort(key=lambda k: (order.get(k, len(order)), natural(k)))
    prefer = attributes.get("prefer")
    if key.startswith("sts/") or attributes.get("sharing") == "cold":
        return tuple((k,) for k in sorted(found, key=lambda k: k != prefer))
    first = [k for k in found if k == prefer] or [k for k in found if k.startswith("utility/")]
    rest = [k for k in found if k not in first]
    return tuple(tuple(step) for step in (first, rest) if step)


def needed(graph: nx.DiGraph[str], key: str) -> int:
    """How many supplies of a node must live: `needs_psus` of a device, `needs` of anything else, 1 by default."""
    attributes = graph.nodes[key]
    return int(attributes.get("needs_psus") or attributes.get("needs") or 1)


def taken(steps: tuple[tuple[str, ...], ...], live: Collection[str], needs: int) -> tuple[str, ...]:
    """The supplies that carry a node's load, each an equal part."""
    out: list[str] = []
    for step in steps:
        if len(out) >= needs:
            break
        out += [key for key in step if key in live]
    return tuple(out)


def natural(key: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts PSU2 before PSU10."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", key) if part
    )
