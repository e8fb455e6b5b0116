"""Properties of layers and groups of shared risk on odd small platforms, the same every run."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from inventory.inventory import Inventory
from inventory.load import load
from inventory.plan_model import Plan
from tests.platforms import Data, planned, random_platform
from topology.elements import Layers
from topology.graph import layers
from topology.risk import selected, shared_risks
from topology.risk_kinds import kinds

SEEDS = range(10)


def flat(found: Layers) -> dict[str, Any]:
    """Everything in the layers, order included."""
    return {
        "elements": list(found.elements.items()),
        "physical": [list(found.physical.nodes(data=True)), list(found.physical.edges(keys=True, data=True))],
        "logical": [list(found.logical.nodes(data=True)), list(found.logical.edges(keys=True, data=True))],
        "power": [list(found.power.nodes(data=True)), list(found.power.edges(data=True))],
        "service": [list(found.service.nodes(data=True)), list(found.service.edges(data=True))],
        "said": [found.assumed, found.unknown],
    }


def made(tmp_path: Path, seed: int) -> tuple[Data, Inventory, Plan]:
    data = random_platform(Random(seed))
    for n, pair in enumerate(data["pairs"]):
        pair["risks"] = {"odf": [f"ODF-{n % 2}"], "software": ["V1"]}
    data["risk_groups"] = [
        {
            "name": "hall",
            "kind": "hall",
            "title": {"en": "Hall", "zh": "厅"},
            "members": ["device/A-*", "cable/A-F-00000*"],
        }
    ]
    inventory, plan = planned(tmp_path, data)
    return data, inventory, plan


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_records_never_matters(tmp_path: Path, seed: int) -> None:
    data, inventory, plan = made(tmp_path, seed)
    random = Random(seed)
    other = dict(sorted(data.items(), key=lambda _: random.random()))
    for value in other.values():
        if isinstance(value, list):
            random.shuffle(value)
    (tmp_path / "project.yml").write_text(yaml.safe_dump(other, sort_keys=False), encoding="utf-8")
    shuffled = load(tmp_path).inventory
    assert shuffled is not None
    again = replace(
        plan,
        devices=tuple(random.sample(plan.devices, len(plan.devices))),
        cables=tuple(random.sample(plan.cables, len(plan.cables))),
        cords=tuple(random.sample(plan.cords, len(plan.cords))),
    )
    first, second = layers(inventory, plan), layers(shuffled, again)
    assert flat(first) == flat(second)
    assert shared_risks(inventory, first) == shared_risks(shuffled, second)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_cable_and_cord_is_there_once(tmp_path: Path, seed: int) -> None:
    _, inventory, plan = made(tmp_path, seed)
    found = layers(inventory, plan)
    cables = Counter(key for *_, key in found.physical.edges(keys=True) if key.startswith("cable/"))
    assert cables == Counter(f"cable/{c.id}" for c in plan.cables)
    ends = {frozenset(e[:2]): None for e in found.physical.edges}
    assert all(frozenset((f"device/{c.a.device}", f"device/{c.b.device}")) in ends for c in plan.cables)
    supplies = [key for key, element in found.elements.items() if element.kind == "psu"]
    assert supplies == sorted(f"psu/{c.device}/{c.inlet}" for c in plan.cords)
    for cord in plan.cords:
        (source,) = found.power.pred[f"psu/{cord.device}/{cord.inlet}"]
        assert source in (f"outlet/{cord.pdu}/{cord.outlet}", f"sts/{cord.pdu}")
        assert list(found.power.succ[f"psu/{cord.device}/{cord.inlet}"]) == [f"device/{cord.device}"]


@pytest.mark.parametrize("seed", SEEDS)
def test_without_one_cable_one_element_is_gone(tmp_path: Path, seed: int) -> None:
    _, inventory, plan = made(tmp_path, seed)
    before = layers(inventory, plan)
    gone = Random(seed).choice(plan.cables)
    after = layers(inventory, replace(plan, cables=tuple(c for c in plan.cables if c is not gone)))
    left = dict(before.elements)
    del left[f"cable/{gone.id}"]
    assert after.elements == left
    edges = {key for *_, key in before.physical.edges(keys=True)} - {
        key for *_, key in after.physical.edges(keys=True)
    }
    assert edges == {f"cable/{gone.id}"}
    assert flat(after)["power"] == flat(before)["power"]
    groups = {r.key: set(r.members) for r in shared_risks(inventory, before)}
    fewer = {r.key: set(r.members) for r in shared_risks(inventory, after)}
    assert fewer == {k: m - {f"cable/{gone.id}"} for k, m in groups.items() if m != {f"cable/{gone.id}"}}


@pytest.mark.parametrize("seed", SEEDS)
def test_groups_are_what_the_facts_say(tmp_path: Path, seed: int) -> None:
    _, inventory, plan = made(tmp_path, seed)
    found = layers(inventory, plan)
    expected: dict[str, set[str]] = {}
    for kind in kinds(inventory).values():
        for key, element in found.elements.items():
            if element.kind in kind.of:
                for value in element.facts.get(kind.by, ()):
                    expected.setdefault(f"{kind.name}:{value}", set()).add(key)
    groups = {r.key: set(r.members) for r in shared_risks(inventory, found)}
    assert groups.pop("hall:hall") == {
        k for k in found.elements if k.startswith(("device/A-", "cable/A-F-00000"))
    }
    assert groups == expected
    for element in found.elements.values():
        assert not set(element.unknown) & set(element.facts)


@pytest.mark.parametrize("seed", range(5))
def test_a_selector_takes_all_that_begin_so(seed: int) -> None:
    random = Random(seed)
    keys = sorted({"".join(random.choices("ab/", k=random.randint(1, 5))) for _ in range(60)})
    for _ in range(80):
        stem = "".join(random.choices("ab/", k=random.randint(0, 4)))
        assert list(selected(keys, f"{stem}*")) == [k for k in keys if k.startswith(stem)]
        assert list(selected(keys, stem)) == [k for k in keys if k == stem]
