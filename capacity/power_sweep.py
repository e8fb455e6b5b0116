"""Loads under very many failures at a time: a column is a failure, a row an element of the power layer.

Same rules as `capacity.power_flow.flow`, in numpy.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from capacity.power_bounds import may_trip
from capacity.power_limits import Limit
from capacity.power_rules import TOLERANCE, At, Draws, limits_of, needed, supplies

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from topology.elements import Layers

    Flags = NDArray[np.bool_]
    Watts = NDArray[np.float64]

BLOCK_CELLS = 1 << 22
"""Rows x columns of one block: 32 MB of loads."""


@dataclass(frozen=True)
class Circuit:
    """The power layer as arrays. Elements stand in order from source to load; `steps` are the supplies of each
    in the order they are used, `needs` how many it takes. `trip_w` is infinite where nothing opens, `opens` the
    rows that open with it."""

    keys: tuple[str, ...]
    row: dict[str, int]
    steps: tuple[tuple[tuple[int, ...], ...], ...]
    needs: tuple[int, ...]
    draw_w: Watts
    trip_w: Watts
    opens: tuple[tuple[int, ...], ...]


def circuit(layers: Layers, draws: Draws, *, at: At = "peak") -> Circuit:
    """The power layer with draws and ratings, ready for many failures."""
    import networkx as nx

    graph, limits, draw_w = layers.power, limits_of(layers, draws), draws.at(at)
    keys = tuple(nx.lexicographical_topological_sort(graph))
    row = {key: number for number, key in enumerate(keys)}
    trips = [limits.get(key, Limit()) for key in keys]
    return Circuit(
        keys=keys,
        row=row,
        steps=tuple(tuple(tuple(row[k] for k in step) for step in supplies(graph, key)) for key in keys),
        needs=tuple(needed(graph, key) for key in keys),
        draw_w=np.array([draw_w.get(key) or 0.0 if key.startswith("device/") else 0.0 for key in keys]),
        trip_w=np.array([math.inf if t.trip_w is None else t.trip_w for t in trips]),
        opens=tuple(
            tuple(row[e] for e in t.opens if e in row) or (row[key],)
            for key, t in zip(keys, trips, strict=True)
        ),
    )


def works(plant: Circuit, dead: Flags) -> Flags:
    """Which elements work; `dead` and the result have a row per element and a column per failure."""
    out = ~dead
    for row, steps in enumerate(plant.steps):
        sources = [s for step in steps for s in step]
        if not sources:
            continue
        needs = plant.needs[row]
        if needs == 1:
            live = out[sources[0]]
            for source in sources[1:]:
                live = live | out[source]
        else:
            live = out[sources].sum(axis=0) >= needs
        out[row] &= live
    return out


def carry(plant: Circuit, live: Flags, over: Flags | None = None) -> Watts:
    """Load in W of every element (0 where it is dead), a column per failure.

    With `over` (overloaded elements, worked out here by rating), its rows are cleared where something
    overloaded hangs below: what is left opens.
    """
    load = live * plant.draw_w[:, None]
    shadow = None if over is None else np.zeros_like(live)
    for row in range(len(plant.keys) - 1, -1, -1):
        if over is not None and shadow is not None:
            above = load[row] > plant.trip_w[row] * (1 + TOLERANCE)
            over[row] = above & ~shadow[row]
            shadow[row] |= above
        steps = plant.steps[row]
        if not steps:
            continue
        if len(steps) == 1 and len(steps[0]) == 1:
            source = steps[0][0]
            load[source] += load[row]
            if shadow is not None:
                shadow[source] |= shadow[row]
            continue
        for source, share in _shares(steps, plant.needs[row], live):
            load[source] += np.where(share > 0, load[row] * share, 0.0)
            if shadow is not None:
                shadow[source] |= shadow[row] & (share > 0)
    return load


def _shares(steps: tuple[tuple[int, ...], ...], needs: int, live: Flags) -> Iterable[tuple[int, Watts]]:
    """Supplies of one node with the share each carries, a column per failure."""
    count = np.zeros(live.shape[1], dtype=np.int64)
    used: list[tuple[int, Flags]] = []
    for step in steps:
        open_ = count < needs
        for source in step:
            takes = live[source] & open_
            used.append((source, takes))
            count = count + takes
    even = 1.0 / np.maximum(count, 1)
    for source, takes in used:
        yield source, takes * even


def settle(plant: Circuit, dead: Flags, *, tripping: bool) -> tuple[Flags, Watts]:
    """What is dead once nothing more opens, and the highest load in W of every element in any round.

    Both with a row per element and a column per failure; `dead` is not changed.
    """
    if not tripping:
        return dead, carry(plant, works(plant, dead))
    dead = dead.copy()
    columns = np.arange(dead.shape[1])
    highest = np.zeros(dead.shape)
    while columns.size:
        part = dead[:, columns]
        live = works(plant, part)
        load = carry(plant, live)
        highest[:, columns] = np.maximum(highest[:, columns], load)
        above = (load > plant.trip_w[:, None] * (1 + TOLERANCE)).any(axis=0)
        columns, live = columns[above], live[:, above]
        if columns.size:
            dead[:, columns] |= _opening(plant, live)
    return dead, highest


def _opening(plant: Circuit, live: Flags) -> Flags:
    """What opens next, when `live` are the elements that work; a row per element and a column per failure."""
    over = np.zeros_like(live)
    carry(plant, live, over)
    opening = np.zeros_like(live)
    for row in np.flatnonzero(over.any(axis=1)):
        poles = [element for element in plant.opens[row] if element != row]
        opening[row] |= over[row] & ~live[poles].any(axis=0) if row not in plant.opens[row] else over[row]
        for element in poles:
            opening[element] |= over[row] & live[element]
    return opening


def trips(
    layers: Layers, draws: Draws, scenarios: Sequence[Collection[str]], *, at: At = "peak"
) -> list[tuple[str, ...]]:
    """Elements that open on top of each set of failed elements, sorted; empty tuples where nothing does.

    `scenarios` are sets of element keys; keys without a power node are ignored.
    """
    if not may_trip(layers, draws, at=at):
        return [()] * len(scenarios)
    plant = circuit(layers, draws, at=at)
    out: list[tuple[str, ...]] = []
    width = max(64, BLOCK_CELLS // max(len(plant.keys), 1))
    for start in range(0, len(scenarios), width):
        block = scenarios[start : start + width]
        dead = np.zeros((len(plant.keys), len(block)), dtype=np.bool_)
        for column, failed in enumerate(block):
            dead[[plant.row[key] for key in failed if key in plant.row], column] = True
        opened = settle(plant, dead, tripping=True)[0] & ~dead
        out += [tuple(sorted(plant.keys[r] for r in np.flatnonzero(opened[:, c]))) for c in range(len(block))]
    return out
