"""Bank limits on the way from the inventory to the plan."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from capacity.cords import plan_cords
from capacity.load_lines import load_lines
from capacity.place import place, site_problem
from capacity.pods import assign_pairs, switch_racks
from capacity.regions import Given
from inventory.inventory import Inventory
from inventory.load import load
from inventory.plan_model import PlacedDevice

GUANGXI = Path(__file__).parents[2] / "inventory" / "projects" / "guangxi"


@cache
def guangxi() -> Inventory:
    inventory = load(GUANGXI).inventory
    assert inventory is not None
    return inventory


def given(old: Mapping[str, PlacedDevice]) -> Given:
    inventory = guangxi()
    return Given(inventory, assign_pairs(inventory, None), switch_racks(inventory, None), old)


def test_racks_get_the_limits_of_their_banks() -> None:
    problem, _ = site_problem(given({}), "A")
    # 16 A x 220 V x 0.8 x 0.95 = 2675.2 W
    assert {rack.bank_caps_w for rack in problem.bins} == {(2675, 2675)}


def test_a_bank_that_is_overloaded_already_keeps_just_that() -> None:
    devices = place(guangxi(), None).devices
    crowded = next(d.rack for d in devices if d.site == "B" and d.rack)
    old = {d.name: d.model_copy(update={"rack": crowded}) for d in devices if d.site == "B"}
    problem, _ = site_problem(given(old), "B")
    caps = next(rack.bank_caps_w for rack in problem.bins if rack.name == crowded)
    assert sum(caps) == sum(item.peak_w for item in problem.items)
    assert {rack.bank_caps_w for rack in problem.bins if rack.name != crowded} == {(2675, 2675)}


def test_guangxi_stands_in_the_fewest_racks_without_an_overloaded_bank() -> None:
    inventory = guangxi()
    placed = place(inventory, None)
    assert [(p.site, p.status, p.racks) for p in placed.proofs] == [
        ("A", "optimal", 21),
        ("B", "optimal", 11),
    ]
    cords = plan_cords(inventory, placed.devices, None)
    banks = [line for line in load_lines(inventory, placed.devices, cords) if line.kind == "bank"]
    assert any(line.peak_a_dead_w for line in banks)
    for line in banks:
        assert line.limit_w is not None
        assert max(line.peak_w, line.peak_a_dead_w, line.peak_b_dead_w) <= line.limit_w, line.element
