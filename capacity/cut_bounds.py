"""Bounds of an output over blocks of groups, any of which may have failed: what lets the search pass over blocks.

Without a `not` the least an output can be is its value with the whole block lost. Where a `not` looks at a gate, that
gate is kept a second time, as the most it can be.
"""

from __future__ import annotations

from collections.abc import Collection

from capacity.structure import Gate, Structure

SURE = "sure|"
"""Begins the name of a leaf that is false only when it has certainly failed."""
_MOST = "most|"


def bounds(structure: Structure) -> Structure:
    """The structure as the least its outputs can be when any of the lost leaves may have failed.

    Leaf `k` is false when k may have failed, `sure|k` when it certainly has; the latter is only there for leaves
    that a `not` looks at. Where both agree on every leaf, the bound is the value itself.
    """
    tight = given(structure)
    gates: dict[str, Gate] = {}
    leaves = dict.fromkeys(tight.leaves)
    front = [(name, False) for name in tight.outputs.values()]
    seen = set(front)
    while front:
        name, most = front.pop()
        if name not in tight.gates:
            if most:
                leaves[SURE + name] = None
            continue
        gate = tight.gates[name]
        side = most != (gate.op == "not")
        inputs = tuple(_named(tight, i, side) for i in gate.inputs)
        gates[_named(tight, name, most)] = Gate(gate.op, inputs, gate.threshold, gate.weights)
        fresh = [(i, side) for i in dict.fromkeys(gate.inputs) if (i, side) not in seen]
        seen.update(fresh)
        front += fresh
    return Structure(tuple(leaves), gates, tight.outputs)


def _named(structure: Structure, name: str, most: bool) -> str:
    if not most:
        return name
    return (_MOST if name in structure.gates else SURE) + name


def given(structure: Structure) -> Structure:
    """The same function, with every `or` of a `not x` and others looking at the others as they are when x is true.

    "The pair keeps its ports open when it hears its partner over a link that needs the partner, or when the partner
    is down": the link may as well be taken as if the partner were up. That changes no value, and keeps a block that
    holds the partner from looking as if it could lose the link and keep the partner.
    """
    gates = dict(structure.gates)
    readers: dict[str, list[str]] = {}
    for name, gate in structure.gates.items():
        for i in gate.inputs:
            readers.setdefault(i, []).append(name)
    for name, gate in structure.gates.items():
        if gate.op != "or":
            continue
        nots = [i for i in gate.inputs if i in structure.gates and structure.gates[i].op == "not"]
        for x in sorted({structure.gates[i].inputs[0] for i in nots}):
            above = _above(readers, x)
            inputs = tuple(
                i if i in nots else _assuming(structure, gates, i, x, above) for i in gates[name].inputs
            )
            gates[name] = Gate("or", inputs)
    return Structure(structure.leaves, gates, structure.outputs)


def _above(readers: dict[str, list[str]], x: str) -> set[str]:
    """Gates that depend on x, and x."""
    seen = {x}
    front = [x]
    while front:
        fresh = [r for r in readers.get(front.pop(), ()) if r not in seen]
        seen.update(fresh)
        front += fresh
    return seen


def _assuming(structure: Structure, gates: dict[str, Gate], top: str, x: str, above: Collection[str]) -> str:
    """Name of `top` as it is when x is true; adds the gates it takes. Left alone when a second `not` is met."""
    if top not in above or top not in structure.gates:
        return top
    mark = f"|given {x}"
    made: dict[str, Gate] = {x + mark: Gate("and", ())}
    front = [top]
    while front:
        name = front.pop()
        if name + mark in made:
            continue
        gate = structure.gates[name]
        inside = [i for i in gate.inputs if i in above]
        inputs = tuple(i + mark if i in above else i for i in gate.inputs)
        made[name + mark] = Gate(gate.op, inputs, gate.threshold, gate.weights)
        front += inside
    gates.update(made)
    return top + mark
