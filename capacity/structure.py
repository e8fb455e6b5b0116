"""A structure function: which parts must work for what, as gates over leaves, and its plain evaluation.

A leaf is true while its element works. A gate is true when its inputs say so; gates may feed each other in
circles (a network path may run either way), and then the least solution counts: nothing works merely because
it supports itself. A circle never passes a `not`. One structure serves failure sweeps, cut sets, drills and
availability; `capacity.kernel` evaluates many failures at a time, and the function here is what it must equal.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

Op = Literal["and", "or", "atleast", "not"]


@dataclass(frozen=True, slots=True)
class Gate:
    """True when: `and` all inputs are, `or` any is, `not` its one input is not, `atleast` the weights of the true
    inputs (1 each when `weights` is empty; whole numbers) add up to `threshold`. An `and` of nothing is true, an
    `or` of nothing false. Inputs are names of leaves or gates."""

    op: Op
    inputs: tuple[str, ...]
    threshold: int = 0
    weights: tuple[int, ...] = ()


@dataclass(frozen=True)
class Structure:
    """Leaves (element keys), gates by name, and the gates of interest: `outputs` are names of gates (or leaves)
    by the name to show, e.g. `ecs` -> `up:service/ecs`."""

    leaves: tuple[str, ...]
    gates: Mapping[str, Gate]
    outputs: Mapping[str, str]


def evaluate(structure: Structure, failed: Collection[str]) -> dict[str, bool]:
    """Truth of every leaf and gate when the elements `failed` do not work: one failure, plainly.

    Raises ValueError for a circle through a `not` and KeyError for an input that is neither leaf nor gate.
    Notes: walks strongly connected parts in order; inside one, repeats until nothing changes.
    """
    import networkx as nx

    dead = set(failed)
    value = {leaf: leaf not in dead for leaf in structure.leaves}
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(structure.gates)
    for name, gate in structure.gates.items():
        for source in gate.inputs:
            if source in structure.gates:
                graph.add_edge(source, name)
            elif source not in value:
                raise KeyError(f"{name}: no leaf or gate named {source}")
    order = list(nx.topological_sort(nx.condensation(graph)))
    members = nx.condensation(graph).nodes(data="members")
    for part in order:
        names = sorted(members[part])
        circle = len(names) > 1 or graph.has_edge(names[0], names[0])
        if circle and any(structure.gates[n].op == "not" for n in names):
            raise ValueError(f"a circle passes a not: {', '.join(names)}")
        for name in names:
            value[name] = False
        changed = True
        while changed:
            changed = False
            for name in names:
                if not value[name] and _true(structure.gates[name], value):
                    value[name] = changed = True
            changed = changed and circle
    return value


def _true(gate: Gate, value: Mapping[str, bool]) -> bool:
    if gate.op == "and":
        return all(value[i] for i in gate.inputs)
    if gate.op == "or":
        return any(value[i] for i in gate.inputs)
    if gate.op == "not":
        return not value[gate.inputs[0]]
    weights = gate.weights or (1,) * len(gate.inputs)
    return sum(w for i, w in zip(gate.inputs, weights, strict=True) if value[i]) >= gate.threshold
