"""Minimal cut sets equal the definition, tried out on every set of groups of small random structures."""

from __future__ import annotations

from itertools import combinations
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capacity.cut_bounds import SURE, bounds
from capacity.cut_classes import classes_of
from capacity.cut_sets import cut_sets, minimal_cut_sets
from capacity.equal_effects import equal_effects
from capacity.kernel import WORD, all_sets, compile_structure, groups_of, unpacked
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


@settings(max_examples=300, deadline=None)
@given(structures(), st.sets(st.sampled_from(LEAVES)), st.sets(st.sampled_from(LEAVES)))
def test_a_bound_is_never_too_good(structure: Structure, may_fail: set[str], certain: set[str]) -> None:
    bound = bounds(structure)
    surely = certain & may_fail
    lost = {*may_fail, *(SURE + leaf for leaf in surely if SURE + leaf in bound.leaves)}
    top = structure.outputs["s"]
    if evaluate(bound, lost)[top]:
        open_ = sorted(may_fail - surely)
        for size in range(len(open_) + 1):
            for more in combinations(open_, size):
                assert evaluate(structure, {*surely, *more})[top]
    exact = {*surely, *(SURE + leaf for leaf in surely if SURE + leaf in bound.leaves)}
    assert evaluate(bound, exact)[top] == evaluate(structure, surely)[top]


@pytest.mark.parametrize("seed", range(12))
def test_blocks_lose_nothing(seed: int) -> None:
    """More groups than a word has bits, alternatives, votes and rules with a `not`: every pair and triple tried."""
    random = Random(seed)
    structure = many_gates(random, tuple(f"device/d{n:02}" for n in range(110)))
    risks = sorted(risks_of([{leaf} for leaf in structure.leaves]), key=lambda r: r.key)
    compiled = compile_structure(structure)
    every = groups_of(compiled, [risk.members for risk in risks])
    keys = [risk.key for risk in risks]
    expected: set[tuple[str, ...]] = set()
    for order in (0, 1, 2, 3):
        sets = all_sets(len(keys), order) if order else np.zeros((1, 0), dtype=np.int64)
        down = ~unpacked(compiled.evaluate_sets(every, sets), len(sets))[0]
        for row in sets[down].tolist():
            named = tuple(keys[i] for i in row)
            if not any(part in expected for size in range(order) for part in combinations(named, size)):
                expected.add(named)
    found = minimal_cut_sets(structure, risks, "s")
    assert len(equal_effects(structure, [risk.members for risk in risks])) > WORD
    assert set(found) == expected and len(found) == len(expected)


def many_gates(random: Random, leaves: tuple[str, ...]) -> Structure:
    """Servers behind pairs of switches with a rule of their own, of which some are needed, at two places."""
    gates: dict[str, Gate] = {}
    free = list(leaves)
    random.shuffle(free)
    places = []
    for place in range(2):
        ports = []
        for n in range(random.randint(3, 6)):
            a, b, link, other = (free.pop() for _ in range(4))
            name = f"{place}/{n}"
            gates[f"alone {name}"] = Gate("not", (a,))
            gates[f"link {name}"] = Gate("and", (link, a, b))
            gates[f"opens {name}"] = Gate("or", (f"link {name}", f"alone {name}"))
            gates[f"b {name}"] = Gate("and", (b, f"opens {name}"))
            gates[f"port {name}"] = Gate("or", (a, f"b {name}", other) if n % 2 else (a, f"b {name}"))
            ports.append(f"port {name}")
        servers = []
        for n in range(random.randint(18, 28)):
            gates[f"server {place}/{n}"] = Gate("and", (free.pop(), random.choice(ports)))
            servers.append(f"server {place}/{n}")
        gates[f"place {place}"] = Gate("atleast", tuple(servers), len(servers) - random.randint(1, 2))
        places.append(f"place {place}")
    gates["up"] = Gate("or", tuple(places))
    return Structure(leaves, gates, {"s": "up"})


@settings(max_examples=100, deadline=None)
@given(st.sets(st.frozensets(st.integers(0, 7), min_size=3, max_size=3), max_size=30))
def test_classes_stand_for_their_sets_and_no_others(sets: set[frozenset[int]]) -> None:
    rows = sorted(tuple(sorted(s)) for s in sets)
    classes = classes_of(np.array(rows, dtype=np.int64).reshape(len(rows), 3), [(str(n),) for n in range(8)])
    assert sorted(s for c in classes for s in c.expanded()) == [tuple(map(str, row)) for row in rows]
    assert sum(c.sets for c in classes) == len(rows)
