"""Minimal cut sets equal the definition, tried out on every set of groups of small random structures."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from capacity.cut_classes import classes_of
from capacity.cut_search import Row, search
from capacity.cut_sets import cut_sets, minimal_cut_sets
from capacity.equal_effects import equal_effects
from capacity.structure import Gate, Structure, evaluate
from inventory.findings import Text
from topology.elements import SharedRisk

LEAVES = tuple(f"device/d{n}" for n in range(7))


@st.composite
def structures(draw: st.DrawFn) -> Structure:
    """Gates in two tiers: circles only inside a tier, a `not` only looks at the tier below."""
    gates: dict[str, Gate] = {}
    for tier in range(2):
        below = [*LEAVES, *gates]
        names = [f"t{tier}g{n}" for n in range(draw(st.integers(1, 5)))]
        for name in names:
            op = draw(st.sampled_from(["and", "or", "or", "atleast", "not"]))
            if op == "not":
                gates[name] = Gate("not", (draw(st.sampled_from(below)),))
                continue
            inputs = tuple(draw(st.lists(st.sampled_from([*below, *names]), max_size=4, unique=True)))
            weights = tuple(draw(st.lists(st.integers(0, 3), min_size=len(inputs), max_size=len(inputs))))
            if op == "atleast":
                gates[name] = Gate("atleast", inputs, draw(st.integers(0, 5)), weights)
            else:
                gates[name] = Gate("and" if op == "and" else "or", inputs)
    return _cut_circles(Structure(LEAVES, gates, {"s": draw(st.sampled_from(sorted(gates)))}))


def _cut_circles(structure: Structure) -> Structure:
    """The structure without inputs that would make a circle pass a `not`."""
    nots = {n for n, g in structure.gates.items() if g.op == "not"}
    gates = {
        name: Gate(gate.op, inputs, gate.threshold, gate.weights[: len(inputs)])
        for name, gate in structure.gates.items()
        for inputs in [tuple(i for i in gate.inputs if i not in nots or i[:2] < name[:2] or gate.op == "not")]
    }
    return Structure(structure.leaves, gates, structure.outputs)


groups = st.lists(st.sets(st.sampled_from(LEAVES), min_size=1, max_size=3), min_size=1, max_size=8)


def risks_of(members: list[set[str]]) -> list[SharedRisk]:
    return [
        SharedRisk(f"kind:g{n}", "kind", Text("", ""), tuple(sorted(group)))
        for n, group in enumerate(members)
    ]


def by_definition(structure: Structure, members: list[set[str]], order_max: int) -> list[tuple[str, ...]]:
    """Every set of groups tried plainly: down, and up for every proper part."""
    up: dict[tuple[int, ...], bool] = {}
    out = []
    for order in range(order_max + 1):
        for chosen in combinations(range(len(members)), order):
            failed = set().union(*(members[i] for i in chosen))
            up[chosen] = evaluate(structure, failed)[structure.outputs["s"]]
            parts = (part for size in range(order) for part in combinations(chosen, size))
            if not up[chosen] and all(up[part] for part in parts):
                out.append(tuple(f"kind:g{i}" for i in chosen))
    return sorted(out, key=lambda s: (len(s), s))


@settings(max_examples=300, deadline=None)
@given(structures(), groups)
def test_cut_sets_are_those_of_the_definition(structure: Structure, members: list[set[str]]) -> None:
    risks = risks_of(members)
    assert minimal_cut_sets(structure, risks, "s") == by_definition(structure, members, 3)
    found = cut_sets(structure, risks, "s")
    assert found.down_already or sum(c.sets for c in found.classes) == len(found.expanded())


@settings(max_examples=150, deadline=None)
@given(structures(), groups)
def test_groups_of_equal_effect_stand_for_each_other(structure: Structure, members: list[set[str]]) -> None:
    def up(chosen: set[int]) -> bool:
        failed = set().union(*(members[i] for i in chosen))
        return evaluate(structure, failed)[structure.outputs["s"]]

    same = equal_effects(structure, [tuple(group) for group in members])
    inert = set(range(len(members))).difference(*same)
    for size in range(3):
        for chosen in map(set, combinations(range(len(members)), size)):
            assert all(up(chosen | {i}) == up(chosen) for i in inert)
            assert all(len({up(chosen | {i}) for i in indices}) == 1 for indices in same)


@settings(max_examples=60, deadline=None)
@given(st.integers(60, 150), st.integers(1, 12), st.data())
def test_blocks_lose_nothing(count: int, threshold: int, data: st.DataObject) -> None:
    """More groups than a word has bits: k of n servers, some of them behind a switch of two."""
    leaves = tuple(f"device/d{n:03}" for n in range(count))
    marked = data.draw(st.sets(st.sampled_from(leaves), min_size=2, max_size=6))
    gates = {
        "few": Gate("atleast", tuple(sorted(marked)), max(1, len(marked) - 1)),
        "not": Gate("not", (leaves[0],)),
        "many": Gate("atleast", (*leaves, "not"), count - threshold % 3),
        "up": Gate("and", ("few", "many")),
    }
    structure = Structure(leaves, gates, {"s": "up"})
    row = Row(structure, [(leaf,) for leaf in leaves])
    down: list[list[tuple[int, ...]]] = [[], [], [], []]
    for order in (0, 1, 2):
        for chosen in combinations(range(count), order):
            alive = count - order + (0 in chosen)
            good = alive >= count - threshold % 3
            good = good and sum(leaves[i] in marked for i in chosen) <= 1
            if not good:
                down[order].append(chosen)
    if down[0] or down[1]:
        return
    pairs = search(row, 2, np.zeros((0, 2), dtype=np.int64))
    assert [tuple(p) for p in pairs.tolist()] == down[2]


@settings(max_examples=100, deadline=None)
@given(st.sets(st.frozensets(st.integers(0, 7), min_size=3, max_size=3), max_size=30))
def test_classes_stand_for_their_sets_and_no_others(sets: set[frozenset[int]]) -> None:
    rows = sorted(tuple(sorted(s)) for s in sets)
    classes = classes_of(np.array(rows, dtype=np.int64).reshape(len(rows), 3), [(str(n),) for n in range(8)])
    assert sorted(s for c in classes for s in c.expanded()) == [tuple(map(str, row)) for row in rows]
    assert sum(c.sets for c in classes) == len(rows)
