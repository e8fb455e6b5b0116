"""The kernel equals plain evaluation on random structures with circles, thresholds and nots."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from capacity.kernel import compile_structure, dead_bits, unpacked
from capacity.structure import Gate, Structure, evaluate


@st.composite
def structures(draw: st.DrawFn) -> Structure:
    """Layers of gates; a gate may read any gate of its own layer (circles), `not` reads only earlier layers."""
    leaves = [f"l{i}" for i in range(draw(st.integers(1, 6)))]
    gates: dict[str, Gate] = {}
    before = list(leaves)
    for layer in range(draw(st.integers(1, 4))):
        names = [f"g{layer}.{i}" for i in range(draw(st.integers(1, 6)))]
        for name in names:
            op = draw(st.sampled_from(["and", "or", "or", "and", "atleast", "not"]))
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


@settings(max_examples=300, deadline=None)
@given(structures(), st.data())
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
