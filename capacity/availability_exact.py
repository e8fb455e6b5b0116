"""Exact unavailability of a structure whose causes of failure are independent; bounds where it is too large.

Product form: a decision diagram of the structure over the causes. Only mean times enter: the shape of the repair
time does not matter to the long-run share of time (renewal theory).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from capacity.decision_diagram import FALSE, TRUE, Diagram
from capacity.reliability import Cause, k_of_n_unavailability
from capacity.structure import Structure

NODES_MAX = 100_000
_BONFERRONI = 300  # cut sets whose overlaps are taken off; their number squared is the work


@dataclass(frozen=True)
class Exact:
    """One output: share of the time it is down, how often an hour it goes down, and per cause (by key) the share
    of the downtime in which that cause lasts."""

    unavailability: float
    failures_per_h: float
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The unavailability lies between these; `rare` is the rare-event sum over the cut sets known."""

    low: float
    rare: float
    high: float


def exact(structure: Structure, causes: Sequence[Cause], output: str, nodes_max: int = NODES_MAX) -> Exact:
    """Exact unavailability, frequency and contributions of one output (a gate or leaf by its shown name).

    Raises TooLargeError (capacity.decision_diagram) when the structure has too many causes or needs too many nodes.
    Notes: a leaf without a cause never fails. Pair with common cause, k-of-n, series and parallel agree with the
    closed forms to the last digits.
    """
    target = structure.outputs[output]
    cone = cone_of(structure, (target,))
    by_leaf: dict[str, list[Cause]] = {}
    by_key = {c.key: c for c in causes}
    for cause in causes:
        for leaf in cause.leaves:
            by_leaf.setdefault(leaf, []).append(cause)
    order: dict[str, int] = {}
    for leaf in cone.leaves:
        for cause in by_leaf.get(leaf, ()):
            for key in filter(None, (cause.on_demand_of, cause.key)):
                order.setdefault(key, len(order))
    q = [by_key[key].unavailability for key in order]
    diagram = Diagram(len(order), nodes_max)

    def works(cause: Cause) -> int:
        own = diagram.variable(order[cause.key])
        return diagram.either(own, works(by_key[cause.on_demand_of])) if cause.on_demand_of else own

    value: dict[str, int] = {}
    for leaf in cone.leaves:
        value[leaf] = TRUE
        for cause in by_leaf.get(leaf, ()):
            value[leaf] = diagram.both(value[leaf], works(cause))
    for part in cone.parts:
        _settle(diagram, structure, part, value)
    root = value[target]
    down = diagram.chance_false(root, q)[root]
    raised = diagram.importance(root, q)
    names = list(order)
    frequency = sum(by_key[names[i]].failures_per_h * raised[i] for i in sorted(raised))
    shares: dict[str, float] = {}
    for key, i in order.items():
        cause = by_key[key]
        if not down or i not in raised:
            continue
        if cause.on_demand_of:
            joint = diagram.either(root, works(cause))  # false: down while the cause lasts
            shares[key] = diagram.chance_false(joint, q)[joint] / down
        else:
            shares[key] = q[i] * (down + (1 - q[i]) * raised[i]) / down
    return Exact(down, frequency, shares)


def bounds(cut_sets: Iterable[Collection[str]], causes: Sequence[Cause], order_max: int) -> Bounds:
    """Bounds from the minimal cut sets (of cause keys) up to `order_max`, of a structure in which more failures
    never help.

    low: Bonferroni (Galambos 1977), first sum less second, the best such bound over the first n sets. high: the
    first sum plus the chance that more than `order_max` causes last at once, which larger cut sets would need.
    """
    q = {c.key: c.unavailability for c in causes}
    sets = sorted(
        {frozenset(s) for s in cut_sets}, key=lambda s: (-math.prod(q[k] for k in sorted(s)), sorted(s))
    )
    chance = [math.prod(q[k] for k in sorted(s)) for s in sets]
    rare = math.fsum(chance)
    low = best = 0.0
    for n, each in enumerate(sets[:_BONFERRONI]):
        low += chance[n] - math.fsum(math.prod(q[k] for k in sorted(each | sets[m])) for m in range(n))
        best = max(best, low)
    tail = k_of_n_unavailability(len(q) - order_max, list(q.values()))
    return Bounds(min(best, rare), rare, min(1.0, rare + tail))


# ---------------------------------------------------------------- the part of a structure behind its outputs


@dataclass(frozen=True, slots=True)
class Cone:
    """Leaves in the order a walk from the output meets them, and gates in strongly connected parts, inputs first;
    the flag tells a circle."""

    leaves: tuple[str, ...]
    parts: tuple[tuple[tuple[str, ...], bool], ...]


def cone_of(structure: Structure, targets: Sequence[str]) -> Cone:
    """What bears on any of these gates or leaves."""
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph()
    leaves: list[str] = []
    seen, todo = set(targets), list(targets)
    while todo:
        name = todo.pop()
        gate = structure.gates.get(name)
        if gate is None:
            leaves.append(name)
            continue
        graph.add_node(name)
        for source in reversed(gate.inputs):
            if source in structure.gates:
                graph.add_edge(source, name)
            if source not in seen:
                seen.add(source)
                todo.append(source)
    condensed = nx.condensation(graph)
    members = condensed.nodes(data="members")
    parts = []
    for part in nx.topological_sort(condensed):
        names = tuple(sorted(members[part]))
        parts.append((names, len(names) > 1 or graph.has_edge(names[0], names[0])))
    return Cone(tuple(leaves), tuple(parts))


def _settle(
    diagram: Diagram, structure: Structure, part: tuple[tuple[str, ...], bool], value: dict[str, int]
) -> None:
    """Functions of the gates of one part: the least solution, as in capacity.structure."""
    names, circle = part
    if circle and any(structure.gates[n].op == "not" for n in names):
        raise ValueError(f"a circle passes a not: {', '.join(names)}")
    for name in names:
        value[name] = FALSE
    changed = True
    while changed:
        changed = False
        for name in names:
            found = diagram.gate(structure.gates[name], value)
            if found != value[name]:
                value[name], changed = found, circle
