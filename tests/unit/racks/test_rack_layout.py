"""Rack units: where things stand by default, and that what stands never moves."""

from __future__ import annotations

import dataclasses
import random

from capacity.rack_layout import Layout, Slot, Standing, lay_out
from inventory.inventory import Device, Inventory


def server(room: Inventory, number: int, weight_kg: float | None = 26.0, height_u: float = 2) -> Standing:
    device = dataclasses.replace(room.devices["srv-001"], name=f"s{number:02d}")
    return Standing(device, weight_kg, height_u)


def named(room: Inventory, name: str, like: str, **changes: object) -> Device:
    return dataclasses.replace(room.devices[like], name=name, **changes)  # type: ignore[arg-type]


def fill(room: Inventory, items: list[Standing], fixed: dict[str, Slot] | None = None) -> Layout:
    return lay_out(room.racks["A01-A01"], items, fixed or {}, room.policy)


def positions(layout: Layout) -> dict[str, int]:
    return {name: slot.position for name, slot in layout.slots.items()}


def test_heaviest_lowest_with_a_manager_unit_after_four(room: Inventory) -> None:
    items = [
        server(room, 1, 25),
        server(room, 2, 33),
        server(room, 3, 27),
        server(room, 4, 26),
        server(room, 5, 24),
    ]
    assert positions(fill(room, items)) == {"s02": 5, "s03": 7, "s04": 9, "s01": 11, "s05": 14}


def test_unknown_weight_counts_as_heaviest(room: Inventory) -> None:
    assert positions(fill(room, [server(room, 1, 33), server(room, 2, None)])) == {"s02": 5, "s01": 7}


def test_access_switches_at_the_top_out_of_band_below(room: Inventory) -> None:
    switch = room.devices["SWA"]
    oob = named(room, "OOB", "SWA", role="oob")
    items = [Standing(oob, 6.0, 1), Standing(switch, 8.0, 1), Standing(room.devices["SWB"], 8.0, 1)]
    layout = fill(room, items)
    assert positions(layout) == {"OOB": 38, "SWA": 41, "SWB": 40}


def test_exhaust_side_switch_is_mounted_at_the_rear(room: Inventory) -> None:
    layout = fill(room, [Standing(room.devices["SWA"], 8.0, 1), server(room, 1)])
    assert {name: slot.face for name, slot in layout.slots.items()} == {"SWA": "rear", "s01": "front"}


def test_what_stands_never_moves_and_gaps_are_filled(room: Inventory) -> None:
    fixed = {"s01": Slot(5), "s02": Slot(9)}
    layout = fill(
        room, [server(room, 1, 20), server(room, 2, 20), server(room, 3, 33), server(room, 4, 30)], fixed
    )
    assert positions(layout) == {"s01": 5, "s02": 9, "s03": 7, "s04": 11}


def test_overflow_goes_anywhere_usable_and_the_rest_is_left_out(room: Inventory) -> None:
    items = [server(room, n) for n in range(1, 22)]
    layout = fill(room, items)
    assert len(layout.slots) == 20
    assert layout.left_out == ("s21",)
    used = [u for s in layout.slots.values() for u in (s.position, s.position + 1)]
    assert len(used) == len(set(used)) == 40
    assert 42 not in used


def test_half_depth_devices_share_a_unit_back_to_back_when_nothing_else_is_free(room: Inventory) -> None:
    probe_type = room.devices["probe-001"].type.model_copy(update={"airflow": "passive"})
    items = [server(room, n) for n in range(1, 20)]
    probes = [Standing(named(room, f"p{n}", "probe-001", type=probe_type), 5.0, 1) for n in (1, 2, 3)]
    layout = fill(room, [*items, *probes])
    assert layout.left_out == ()
    assert sorted(layout.slots[f"p{n}"].face for n in (1, 2, 3)) == ["front", "front", "rear"]


def test_order_of_the_devices_does_not_matter(room: Inventory) -> None:
    items = [server(room, n, 20 + n % 5) for n in range(1, 12)]
    expected = fill(room, items)
    for seed in range(5):
        random.Random(seed).shuffle(items)
        assert fill(room, items) == expected
