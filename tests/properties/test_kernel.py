"""The kernel equals plain evaluation on random structures with circles, thresholds and nots."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from capacity.kernel import all_sets, compile_structure, dead_bits, groups_of, unpacked
from capacity.kernel_interactions import interactions
from capacity.structure import Gate, Structure, evaluate
from tests.bench.every_pair import failing_pairs


@st.composite
def structures(draw: st.DrawFn) -> Structure:
    """Layers of gates; a gate may read any gate of its own layer (circles), `not` reads only earlier layers."""
    leaves = [f"l{i}" for i in range(draw(st.integers(1, 6)))]
    gates: dict[str, Gate] = {}
    before = list(leaves)
    for layer in range(draw(st.integers(1, 4))):
        names = [f"g{layer}.{i}" for i in range(draw(st.integers(1, 6)))]
        for name in names:
            op = draw(st.sampled_from(["and", "or", "not", "and", "or", "atleast", "not"]))
            if op == "not":
                gates[name] = Gate("not", (draw(st.sampled_from(before)),))
                continue
            inputs = tuple(draw(st.lists(st.sampled_from(before + names), max_size=5)))
            if op == "atleast":
                weights = tuple(draw(st.lists(st.integers(0, 5), min_size=len(inputs), max_size=len(inputs))))
                threshold = draw(st.integers(-1, 12))
                gates[name] = Gate("atleast", inputs, threshold, draw(st.sampled_from([weights, ()])))
            else:
                gates[name] = Gate(op, inputs)  # type: ignore[arg-type]
        before += names
    outputs = draw(st.lists(st.sampled_from(before), min_size=1, max_size=4))
    return Structure(tuple(leaves), gates, {f"o{i}": name for i, name in enumerate(outputs)})


@st.composite
def networks(draw: st.DrawFn) -> Structure:
    """Switches joined by cables, reached from the first one or two: one large circle with detours."""
    n = draw(st.integers(2, 8))
    cables = draw(
        st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), min_size=n - 1, max_size=14)
    )
    edges = draw(st.integers(1, 2))
    gates: dict[str, Gate] = {}
    for a in range(n):
        ways = []
        for number, ends in enumerate(cables):
            if a in ends and ends[0] != ends[1]:
                ways.append(f"via{number}.{a}")
                gates[ways[-1]] = Gate("and", (f"cable{number}", f"reach{sum(ends) - a}"))
        gates[f"some{a}"] = Gate("and" if a < edges else "or", () if a < edges else tuple(ways))
        gates[f"reach{a}"] = Gate("and", (f"up{a}", f"some{a}"))
    leaves = [f"up{a}" for a in range(n)] + [f"cable{number}" for number in range(len(cables))]
    return Structure(tuple(leaves), gates, {f"s{a}": f"reach{a}" for a in range(n)})


@settings(max_examples=300, deadline=None)
@given(structures() | networks(), st.data())
def test_kernel_equals_plain_evaluation(structure: Structure, data: st.DataObject) -> None:
    compiled = compile_structure(structure, also=tuple(structure.gates))
    n = len(structure.leaves)
    scenarios = data.draw(
        st.lists(st.lists(st.integers(0, n - 1), unique=True), min_size=1, max_size=20), label="scenarios"
    )
    found = unpacked(compiled.evaluate(dead_bits(compiled, scenarios)), len(scenarios))
    names = [*structure.outputs.values(), *structure.gates]
    for i, scenario in enumerate(scenarios):
        plain = evaluate(structure, [structure.leaves[leaf] for leaf in scenario])
        assert found[:, i].tolist() == [plain[name] for name in names]


@settings(max_examples=100, deadline=None)
@given(structures())
def test_every_set_of_leaves(structure: Structure) -> None:
    compiled = compile_structure(structure)
    n = len(structure.leaves)
    scenarios = [[i for i in range(n) if number >> i & 1] for number in range(1 << n)]
    found = unpacked(compiled.evaluate(dead_bits(compiled, scenarios)), len(scenarios))
    for i, scenario in enumerate(scenarios):
        plain = evaluate(structure, [structure.leaves[leaf] for leaf in scenario])
        assert found[:, i].tolist() == [plain[name] for name in structure.outputs.values()]
    assert np.array_equal(found, unpacked(compiled.evaluate(dead_bits(compiled, scenarios)), len(scenarios)))


@settings(max_examples=400, deadline=None)
@given(structures() | networks(), st.data())
def test_pairs_beyond_the_union_of_their_halves(structure: Structure, data: st.DataObject) -> None:
    compiled = compile_structure(structure, also=tuple(structure.gates))
    leaf = st.sampled_from(structure.leaves)
    named = data.draw(st.lists(st.lists(leaf, unique=True, max_size=4), max_size=9), label="groups")
    groups = groups_of(compiled, named)
    found = interactions(compiled, groups)
    singles, sets = all_sets(len(groups), 1), all_sets(len(groups), 2)
    intact = compiled.program.base[compiled.program.outputs][:, None]
    alone = unpacked(compiled.evaluate_sets(groups, singles), len(singles)) ^ intact
    both = unpacked(compiled.evaluate_sets(groups, sets), len(sets)) ^ intact
    either = alone[:, sets[:, 0]] | alone[:, sets[:, 1]]
    for rows, expected in ((found.new, both & ~either), (found.undone, either & ~both)):
        output, pair = np.nonzero(expected)
        assert rows.tolist() == np.column_stack((output, sets[pair])).tolist()


def meshed(rng: np.random.Generator) -> Structure:
    """A network of up to 13 switches with neighbours near in number, so that many failures have detours."""
    n = int(rng.integers(3, 14))
    ends = rng.integers(0, n, (int(rng.integers(n - 1, 2 * n + 2)), 2))
    ends[: n - 1] = [(a, rng.integers(max(0, a - 3), a)) for a in range(1, n)]
    gates = {"some0": Gate("and", ())}
    for a in range(n):
        ways = []
        for number, (x, y) in enumerate(ends.tolist()):
            if a in (x, y) and x != y:
                ways.append(f"via{number}.{a}")
                gates[ways[-1]] = Gate("and", (f"cable{number}", f"reach{x + y - a}"))
        if a:
            two = Gate("atleast", tuple(ways), 2)
            gates[f"some{a}"] = two if rng.random() < 0.1 else Gate("or", tuple(ways))
        gates[f"reach{a}"] = Gate("and", (f"up{a}", f"some{a}"))
    leaves = [f"up{a}" for a in range(n)] + [f"cable{number}" for number in range(len(ends))]
    return Structure(tuple(leaves), gates, {f"s{a}": f"reach{a}" for a in range(n)})


def test_pairs_in_meshes_with_detours() -> None:
    rng = np.random.default_rng(20)
    evaluated = total = 0
    for _ in range(60):
        shape = meshed(rng)
        compiled = compile_structure(shape, also=tuple(shape.gates))
        groups = groups_of(
            compiled, [rng.choice(shape.leaves, rng.integers(1, 4)).tolist() for _ in range(40)]
        )
        found = interactions(compiled, groups)
        works = compiled.program.base[compiled.program.outputs]
        expected = [
            (output, *pair)
            for output, pairs in enumerate(failing_pairs(compiled, groups, new=True))
            for pair in pairs.tolist()
            if works[output]
        ]
        assert [tuple(row) for row in found.new.tolist()] == expected
        assert found.undone.tolist() == []
        evaluated, total = evaluated + found.evaluated, total + 40 * 39 // 2
    assert 0 < evaluated < total / 2


@settings(max_examples=100, deadline=None)
@given(structures(), st.data())
def test_tiles_equal_pairs_one_by_one(structure: Structure, data: st.DataObject) -> None:
    compiled = compile_structure(structure, also=tuple(structure.gates))
    leaf = st.sampled_from(structure.leaves)
    named = data.draw(st.lists(st.lists(leaf, unique=True, max_size=4), max_size=90), label="groups")
    groups = groups_of(compiled, named)
    sets = all_sets(len(groups), 2)
    down = ~unpacked(compiled.evaluate_sets(groups, sets), len(sets))
    for pairs, row in zip(failing_pairs(compiled, groups), down, strict=True):
        assert pairs.tolist() == sets[row].tolist()
