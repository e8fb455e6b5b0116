"""Which stacks a run is about, and in which order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from graphlib import TopologicalSorter

from stacks.layers import LAYERS


def stacks_in_order(
    sites: Collection[str], layers: Collection[str] = (), *, only_sites: Collection[str] = ()
) -> list[tuple[str, str]]:
    """(layer, site), each after those it needs: all layers but those that must be asked for by name, or `layers`.

    Layers one above the other; within one layer the sites in the order of their names. A layer with one stack over all
    sites has that stack in place of the sites.
    """
    chosen = [n for n, layer in LAYERS.items() if (n in layers if layers else not layer.opt_in)]
    graph = {name: [need for need in LAYERS[name].needs if need in chosen] for name in sorted(chosen)}
    sorter = TopologicalSorter(graph)
    sorter.prepare()
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    wanted = sorted(site for site in sites if not only_sites or site in only_sites)
    return [
        (layer, stack)
        for layer in order
        for stack in ([LAYERS[layer].stack] if LAYERS[layer].stack else wanted)
    ]


def before(layer: str, site: str, stacks: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Stacks of a run that one comes after."""
    return [(need, site) for need in LAYERS[layer].needs if (need, site) in stacks]
