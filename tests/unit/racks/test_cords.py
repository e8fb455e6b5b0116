"""Power cords: sides, banks, ids, and that what is corded stays corded."""

from __future__ import annotations

from capacity.cords import outlet_type, plan_cords
from inventory.inventory import Inventory
from inventory.plan_model import Cord, Plan


def of(cords: tuple[Cord, ...], device: str) -> list[Cord]:
    return [c for c in cords if c.device == device]


def test_first_inlet_on_side_a_second_on_side_b(plan: Plan) -> None:
    for cord in plan.cords:
        if cord.device.startswith("probe"):
            assert (cord.pdu, cord.bank) == ("STS1", "sts")
        else:
            assert cord.side == {"PSU1": "a", "PSU2": "b"}[cord.inlet]
            assert cord.pdu == f"{cord.rack}/pdu-{cord.side}"
            assert cord.outlet.startswith(cord.bank)


def test_every_outlet_once_and_every_id_once(plan: Plan) -> None:
    assert len({(c.pdu, c.outlet) for c in plan.cords}) == len(plan.cords)
    assert [c.id for c in plan.cords] == [f"A-P-{n:06d}" for n in range(1, len(plan.cords) + 1)]


def test_banks_are_split_as_evenly_as_can_be(room: Inventory, plan: Plan) -> None:
    on_bank = {
        bank: sorted(c.device for c in plan.cords if c.pdu == "A01-A01/pdu-a" and c.bank == bank) for bank in ("B1", "B2")
    }  # fmt: skip
    # 2 x 749 W against 749 W + 280 W: no other split of three servers and a switch is closer
    assert on_bank == {"B1": ["srv-001", "srv-004"], "B2": ["SWA", "srv-007"]}


def test_same_devices_and_previous_plan_give_the_same_cords(room: Inventory, plan: Plan) -> None:
    assert plan_cords(room, plan.devices, plan) == plan.cords
    assert plan_cords(room, tuple(reversed(plan.devices)), None) == plan.cords


def test_a_device_that_goes_frees_its_outlet_but_not_its_id(room: Inventory, plan: Plan) -> None:
    fewer = [d for d in plan.devices if d.name != "probe-002"]
    kept = plan_cords(room, fewer, plan)
    assert kept == tuple(c for c in plan.cords if c.device != "probe-002")
    again = plan_cords(room, plan.devices, Plan(devices=plan.devices, cords=plan.cords[:-1]))
    assert of(again, "probe-002")[0].outlet == "out-02"
    back = plan_cords(room, [d for d in plan.devices if d.name != "srv-001"], plan)
    assert of(back, "srv-001") == []
    assert {c.id for c in back} < {c.id for c in plan.cords}


def test_new_ids_follow_the_highest_of_the_previous_plan(room: Inventory, plan: Plan) -> None:
    moved = [d.model_copy(update={"rack": "A01-A02"}) if d.name == "srv-009" else d for d in plan.devices]
    cords = plan_cords(room, moved, plan)
    assert [c.id for c in of(cords, "srv-009")] == ["A-P-000025", "A-P-000026"]
    assert {c.rack for c in of(cords, "srv-009")} == {"A01-A02"}
    assert [c for c in cords if c.device != "srv-009"] == [c for c in plan.cords if c.device != "srv-009"]


def test_phase_and_label_follow_the_rack(room: Inventory, plan: Plan) -> None:
    stale = Plan(cords=tuple(c.model_copy(update={"phase": "L3", "label": "?"}) for c in plan.cords))
    assert plan_cords(room, plan.devices, stale) == plan.cords


def test_a_full_strip_leaves_the_inlet_without_a_cord(room: Inventory, plan: Plan) -> None:
    everyone = [d.model_copy(update={"rack": "A01-A01"}) for d in plan.devices if d.owner != "probe"]
    cords = plan_cords(room, everyone, None)
    assert len(everyone) == 11
    assert len([c for c in cords if c.side == "a"]) == 8  # C13 outlets of one strip


def test_outlet_kinds_of_inlets() -> None:
    assert outlet_type("iec-60320-c14") == "iec-60320-c13"
    assert outlet_type("iec-60320-c20") == "iec-60320-c19"
    assert outlet_type("nema-l6-30p") == "nema-l6-30r"
    assert outlet_type("hardwired") == "hardwired"
