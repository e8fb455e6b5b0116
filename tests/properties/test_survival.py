"""The gates and the graphs say the same: on random platforms under random failures, and on Guangxi."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capacity.kernel import Compiled, compile_structure, dead_bits, unpacked
from capacity.structure import Structure, evaluate
from capacity.survival import structure
from capacity.survives import Survival, survives
from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.plan_store import load_plan
from tests.platforms import planned, random_platform
from topology.elements import Layers
from topology.graph import layers
from topology.risk import shared_risks

ALIKE = ("cable", "psu", "nic", "bundle")
"""Kinds of groups that Guangxi has by the hundred; a sample of each is enough."""


def outcome(
    value: dict[str, bool], outputs: dict[str, str]
) -> tuple[set[str], set[str], set[str], dict[str, bool]]:
    """Devices up and reached, instances that serve, services up: what the gates say."""

    def true(prefix: str) -> set[str]:
        return {
            name.removeprefix(prefix) for name, works in value.items() if works and name.startswith(prefix)
        }

    reached = {name for name in true("reach:") if name.startswith("device/") and "@" not in name}
    up = {f"device/{name}" for name in true("up:device/")}
    return up, reached, true("serves:instance/"), {name: value[gate] for name, gate in outputs.items()}


def outcome_of(result: Survival) -> tuple[set[str], set[str], set[str], dict[str, bool]]:
    """The same as the graphs say it."""
    return set(result.up), set(result.reached), set(result.serving), dict(result.services)


@lru_cache(maxsize=8)
def odd_platform(seed: int) -> tuple[Inventory, Layers, Structure]:
    with TemporaryDirectory() as folder:
        inventory, plan = planned(Path(folder), random_platform(Random(seed)))
    layer = layers(inventory, plan)
    return inventory, layer, structure(inventory, layer)


def failures(random: Random, layer: Layers, groups: Sequence[Collection[str]]) -> Iterator[set[str]]:
    """Failed sets: nothing, single elements, handfuls, groups of shared risk alone and in pairs."""
    keys = sorted(layer.elements)
    yield set()
    for size in (1, 2, 4, 12, 40):
        yield set(random.sample(keys, min(size, len(keys))))
    for count in (1, 1, 2, 2, 3):
        yield {key for group in random.sample(groups, count) for key in group}


@given(st.integers(0, 10_000), st.integers(0, 2**32))
@settings(max_examples=18, deadline=None, derandomize=True)
def test_gates_equal_graphs(seed: int, draw: int) -> None:
    inventory, layer, gates = odd_platform(seed)
    groups = [risk.members for risk in shared_risks(inventory, layer)]
    for failed in failures(Random(draw), layer, groups):
        by_gates = outcome(evaluate(gates, failed), dict(gates.outputs))
        assert by_gates == outcome_of(survives(inventory, layer, failed)), (seed, sorted(failed))


@given(st.integers(0, 10_000), st.integers(0, 2**32))
@settings(max_examples=10, deadline=None, derandomize=True)
def test_failing_more_power_never_lights_a_device(seed: int, draw: int) -> None:
    """Power and reach without the pair rule only shrink: devices up after a failure are up after less of it."""
    inventory, layer, _ = odd_platform(seed)
    random = Random(draw)
    failed = sorted(random.sample(sorted(layer.elements), 12))
    more = survives(inventory, layer, failed)
    less = survives(inventory, layer, failed[::2])
    assert set(more.up) <= set(less.up)
    assert set(more.alive) <= set(less.alive)


@pytest.fixture(scope="module")
def guangxi() -> tuple[Inventory, Layers]:
    inventory, plan = load(PROJECTS / "guangxi").inventory, load_plan(PROJECTS / "guangxi").plan
    assert inventory is not None
    assert plan is not None
    return inventory, layers(inventory, plan)


def assert_equal(of: tuple[Inventory, Layers], failures: Iterable[Collection[str]]) -> int:
    """Every gate that means something, 64 failures a word, against the graphs failure by failure."""
    gates = structure(*of)
    meant = [n for n in gates.gates if n.startswith(("up:device/", "reach:device/", "serves:"))]
    compiled: Compiled = compile_structure(gates, meant)
    distinct = sorted({tuple(sorted(f)) for f in failures})
    dead = dead_bits(compiled, [[compiled.leaf[key] for key in failed] for failed in distinct])
    table = unpacked(compiled.evaluate(dead), len(distinct))
    names = [gates.outputs.get(name, name) for name in compiled.outputs]
    for n, failed in enumerate(distinct):
        value = dict(zip(names, map(bool, table[:, n]), strict=True))
        assert outcome(value, dict(gates.outputs)) == outcome_of(survives(*of, failed)), failed
    return len(distinct)


def test_guangxi_single_groups(guangxi: tuple[Inventory, Layers]) -> None:
    """Every group but those of the kinds that come by the hundred; of these, thirty each."""
    risks = shared_risks(*guangxi)
    random = Random(20260601)
    chosen = [r.members for r in risks if r.kind not in ALIKE]
    for kind in ALIKE:
        chosen += [r.members for r in random.sample([r for r in risks if r.kind == kind], 30)]
    assert assert_equal(guangxi, chosen) > 700


def test_guangxi_pairs_of_groups(guangxi: tuple[Inventory, Layers]) -> None:
    risks = shared_risks(*guangxi)
    random = Random(20260602)
    pairs = [random.sample(risks, 2) for _ in range(200)]
    assert assert_equal(guangxi, [{*a.members, *b.members} for a, b in pairs]) == 200
