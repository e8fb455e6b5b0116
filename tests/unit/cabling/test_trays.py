"""Trays: the way between two racks, and the length of cable it asks for."""

from __future__ import annotations

from typing import Any

import pytest

from topology.trays import Place, Route, Trays, cable_length_m, unit_height_m


def place(rack: str, node: str, unit: int) -> Place:
    return Place("A", "A01", node, unit_height_m(unit), rack)


def test_length_along_one_row(bench: Any) -> None:
    inventory = bench.inventory()
    a, b = place("A01-A01", "A01-A/1", 21), place("A01-A04", "A01-A/4", 41)
    route = Trays(inventory).route(a, b)
    assert route == Route(1.8, ("A01-A/1", "A01-A/2", "A01-A/3", "A01-A/4"))
    up = (2.5 - 0.10 - 0.04445 * 21) + (2.5 - 0.10 - 0.04445 * 41)
    expected = (up + 1.8 + 2 * 0.5 + 1.0) * 1.05
    assert cable_length_m(inventory, a, b, route) == pytest.approx(expected, abs=0.01)
    assert cable_length_m(inventory, a, b, route) >= expected


def test_length_inside_a_rack(bench: Any) -> None:
    inventory = bench.inventory()
    a, b = place("A01-A01", "A01-A/1", 5), place("A01-A01", "A01-A/1", 41)
    route = Trays(inventory).route(a, b)
    assert route == Route(0.0, ())
    assert cable_length_m(inventory, a, b, route) == pytest.approx(36 * 0.04445 + 1.3, abs=0.01)


def test_moulded_cable_spans_three_racks_with_five_metres(bench: Any) -> None:
    inventory = bench.inventory()
    trays = Trays(inventory)
    a = place("A01-A01", "A01-A/1", 41)
    lengths = {}
    for n in (1, 2, 3, 5):
        b = place(f"A01-A0{n + 1}", f"A01-A/{n + 1}", 41)
        route = trays.route(a, b)
        assert route is not None
        lengths[n] = cable_length_m(inventory, a, b, route, fixed_ends=True)
    assert lengths[3] <= 5 < lengths[5]


def test_other_row_goes_round_the_nearer_end(bench: Any) -> None:
    trays = Trays(bench.inventory())
    route = trays.route(place("A01-A01", "A01-A/1", 5), place("A01-B01", "A01-B/1", 5))
    assert route is not None
    assert route.nodes == ("A01-A/1", "A01-A/L", "A01-B/L", "A01-B/1")
    assert route.tray_m == pytest.approx(0.3 + 3.0 + 0.3)
    far = trays.route(place("A01-A06", "A01-A/6", 5), place("A01-B02", "A01-B/2", 5))
    assert far is not None and far.nodes[1] == "A01-A/R"


def test_way_back_is_as_long(bench: Any) -> None:
    trays = Trays(bench.inventory())
    a, b = place("A01-A02", "A01-A/2", 5), place("A01-B02", "A01-B/2", 5)
    there, back = trays.route(a, b), trays.route(b, a)
    assert there is not None and back is not None
    assert there.tray_m == back.tray_m and there.segments == back.segments


def test_other_room_has_no_way(bench: Any) -> None:
    trays = Trays(bench.inventory())
    assert trays.route(place("A01-A01", "A01-A/1", 5), Place("B", "B01", "B01-A/1", 1.0, "B01-A01")) is None


def test_long_rows_have_a_middle_passage(bench: Any) -> None:
    racks = ", ".join(f"{{name: A01-A{n:02d}}}" for n in range(1, 31))
    bench.text = bench.text.replace(
        "racks: [{name: A01-A01}, {name: A01-A02}, {name: A01-A03}, {name: A01-A04}, {name: A01-A05}, {name: A01-A06}]",
        f"racks: [{racks}]",
    )
    trays = Trays(bench.inventory())
    nodes = {node for edge in trays.edges("A01") for node in edge}
    assert {"A01-A/M", "A01-B/M"} <= nodes
    assert "A01-A/15" in nodes


def test_route_of_the_plan_is_measured_as_it_stands(bench: Any) -> None:
    trays = Trays(bench.inventory())
    a, b = place("A01-A01", "A01-A/1", 5), place("A01-B01", "A01-B/1", 5)
    long_way = [*(f"A01-A/{n}" for n in range(1, 7)), "A01-A/R", "A01-B/R", "A01-B/2", "A01-B/1"]
    route = trays.along(long_way, a, b)
    shortest = trays.route(a, b)
    assert route is not None and shortest is not None and route.tray_m > shortest.tray_m
    assert trays.along(["A01-A/1", "A01-B/1"], a, b) is None


def test_switch_that_stands_already_has_a_place_only_when_all_is_known(bench: Any) -> None:
    inventory = bench.inventory()
    trays = Trays(inventory)
    switch = inventory.existing_switches["D1"]
    assert trays.existing_place(switch) is not None
    for field in ("room", "x_m", "y_m", "height_u"):
        assert trays.existing_place(switch.model_copy(update={field: None})) is None


def test_route_written_before_a_rack_came_between_still_stands(bench: Any) -> None:
    trays = Trays(bench.inventory())
    a, b = place("A01-A01", "A01-A/1", 5), place("A01-A04", "A01-A/4", 5)
    route = trays.along(["A01-A/1", "A01-A/4"], a, b)
    assert route == trays.route(a, b)


def test_two_switches_in_one_rack_do_not_stop_the_search(bench: Any) -> None:
    bench.text = bench.text.replace("x_m: 3\n    y_m: 8", "x_m: 2\n    y_m: 8").replace(
        "y_m: 5\n    rack_type", "y_m: 2\n    rack_type"
    )
    inventory = bench.inventory()
    trays = Trays(inventory)
    for name in ("D1", "D2"):
        there = trays.existing_place(inventory.existing_switches[name])
        assert there is not None
        for rack in inventory.racks.values():
            if rack.room == "A01":
                assert trays.route(place(rack.name, f"{rack.row}/{rack.index + 1}", 5), there) is not None
