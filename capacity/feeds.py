"""Where the draw goes: from inlets over outlets, banks and feeds to phases, UPS sides and generators.

Three states are computed: both sides alive, side a dead, side b dead. A device with two live inlets shares
its draw between them (or puts all of it on the first, when the second supply is a cold standby); with one
live inlet it draws everything there; with none it is down.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

State = Literal["normal", "a-dead", "b-dead"]
Level = Literal["outlet", "bank", "feed", "phase", "panel", "ups", "generator"]

STATES: tuple[State, ...] = ("normal", "a-dead", "b-dead")
_DEAD_SIDE: dict[State, str] = {"normal": "", "a-dead": "a", "b-dead": "b"}


@dataclass(frozen=True, slots=True)
class Inlet:
    """One inlet and what it hangs on. Names are unique over the plant (`pdu/bank/outlet`); `side` is a or b.
    An empty bank or outlet is not counted."""

    outlet: str
    bank: str
    feed: str
    side: str


@dataclass(frozen=True, slots=True)
class PoweredDevice:
    """A device with its draw in W. `sharing`: active (even over live inlets) or cold (all of it on the first
    live inlet, in the order given). A single-corded device behind a transfer switch is a device with both
    feeds of the switch as inlets and cold sharing, the preferred feed first."""

    name: str
    alloc_w: float
    peak_w: float
    inlets: tuple[Inlet, ...]
    sharing: Literal["active", "cold"] = "active"


@dataclass(frozen=True, slots=True)
class PowerTree:
    """What feeds what, by name. `phase_of_feed` is L1, L2 or L3 (counted per panel); `generators_of_ups` may
    name several, which share evenly. What is missing ends the chain there."""

    panel_of_feed: Mapping[str, str] = field(default_factory=dict)
    phase_of_feed: Mapping[str, str] = field(default_factory=dict)
    ups_of_panel: Mapping[str, str] = field(default_factory=dict)
    generators_of_ups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Load:
    """Draw through one element in W: budget and worst sustained draw."""

    alloc_w: float
    peak_w: float


@dataclass(frozen=True, slots=True)
class StateLoads:
    """Loads of one state: by level and element name, and the devices left without power, sorted."""

    loads: Mapping[tuple[Level, str], Load]
    down: tuple[str, ...]


def live_shares(device: PoweredDevice, state: State) -> tuple[tuple[Inlet, float], ...]:
    """Live inlets of a device with the share of its draw each carries; empty when it is down."""
    dead = _DEAD_SIDE[state]
    live = [inlet for inlet in device.inlets if inlet.side != dead]
    if not live:
        return ()
    if device.sharing == "cold":
        return ((live[0], 1.0),)
    return tuple((inlet, 1.0 / len(live)) for inlet in live)


def propagate(devices: Iterable[PoweredDevice], tree: PowerTree, state: State) -> StateLoads:
    """Sum the draw of all devices over the tree in one state.

    Elements nobody draws from are absent. Devices are summed in name order, so their order here does not
    matter.
    """
    watts: dict[tuple[Level, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    down = []
    for device in sorted(devices, key=lambda d: d.name):
        shares = live_shares(device, state)
        if not shares:
            down.append(device.name)
        for inlet, share in shares:
            for key, part in _path(inlet, tree):
                for number, draw_w in enumerate((device.alloc_w, device.peak_w)):
                    watts[key][number] += draw_w * share * part
    return StateLoads({key: Load(*watts[key]) for key in sorted(watts)}, tuple(down))


def _path(inlet: Inlet, tree: PowerTree) -> list[tuple[tuple[Level, str], float]]:
    """Elements above one inlet, each with the share of the inlet's draw that passes through it."""
    out: list[tuple[tuple[Level, str], float]] = []
    if inlet.outlet:
        out.append((("outlet", inlet.outlet), 1.0))
    if inlet.bank:
        out.append((("bank", inlet.bank), 1.0))
    out.append((("feed", inlet.feed), 1.0))
    panel = tree.panel_of_feed.get(inlet.feed)
    if panel is None:
        return out
    if phase := tree.phase_of_feed.get(inlet.feed):
        out.append((("phase", f"{panel}/{phase}"), 1.0))
    out.append((("panel", panel), 1.0))
    ups = tree.ups_of_panel.get(panel)
    if ups is None:
        return out
    out.append((("ups", ups), 1.0))
    generators = tree.generators_of_ups.get(ups, ())
    out.extend((("generator", name), 1.0 / len(generators)) for name in generators)
    return out


def phase_imbalance(loads_w: Iterable[float]) -> float | None:
    """Largest deviation of a phase from the mean, as a share of the mean; None without load.

    Give the draw in W of all three phases, zero included.
    """
    values = list(loads_w)
    mean = sum(values) / len(values) if values else 0.0
    if mean <= 0:
        return None
    return max(abs(value - mean) for value in values) / mean
