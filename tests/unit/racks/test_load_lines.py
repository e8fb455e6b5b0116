"""Load lines of the small room: sums, limits, either side dead, and what is not known."""

from __future__ import annotations

import pytest

from capacity.load_lines import load_lines, phase_voltage_v
from inventory.inventory import Inventory
from inventory.model import Panel
from inventory.plan_model import LoadLine, Plan

SERVER_W, SWITCH_W, PROBE_W = 748.6, 280.0, 150.0


def line(room: Inventory, plan: Plan, kind: str, element: str) -> LoadLine:
    found = [x for x in load_lines(room, plan.devices, plan.cords) if (x.kind, x.element) == (kind, element)]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("kind", "element", "limit_w", "peak_w", "a_dead_w", "b_dead_w"),
    [
        ("rack", "A01-A01", 5000, 3 * SERVER_W + SWITCH_W, 3 * SERVER_W + SWITCH_W, 3 * SERVER_W + SWITCH_W),
        ("bank", "A01-A01/pdu-a/B1", 2675.2, SERVER_W, 0, 2 * SERVER_W),
        ("feed", "A01-A01/a", 5350.4, (3 * SERVER_W + SWITCH_W) / 2, 0, 3 * SERVER_W + SWITCH_W),
        ("feed", "A01-A03/a", 5350.4, 1.5 * SERVER_W + 2 * PROBE_W, 0, 3 * SERVER_W + 2 * PROBE_W),
        ("feed", "A01-A03/b", 5350.4, 1.5 * SERVER_W, 3 * SERVER_W + 2 * PROBE_W, 0),
        ("phase", "PA/L1", 10533.6, (3 * SERVER_W + SWITCH_W) / 2, 0, 3 * SERVER_W + SWITCH_W),
        ("panel", "PB", 31600.8, 4.5 * SERVER_W + SWITCH_W, 9 * SERVER_W + 2 * SWITCH_W + 2 * PROBE_W, 0),
        ("ups", "UA", 27000, 4.5 * SERVER_W + SWITCH_W + 2 * PROBE_W, 0, 9 * SERVER_W + 2 * SWITCH_W + 2 * PROBE_W),
        ("generator", "A/generators", 30000, 9 * SERVER_W + 2 * SWITCH_W + 2 * PROBE_W,
         9 * SERVER_W + 2 * SWITCH_W + 2 * PROBE_W, 9 * SERVER_W + 2 * SWITCH_W + 2 * PROBE_W),
    ],
)  # fmt: skip
def test_lines_of_the_room(
    room: Inventory, plan: Plan, kind: str, element: str, limit_w: float, peak_w: float, a_dead_w: float, b_dead_w: float
) -> None:  # fmt: skip
    found = line(room, plan, kind, element)
    assert found.limit_w == pytest.approx(limit_w, abs=0.1)
    sums = (found.peak_w, found.peak_a_dead_w, found.peak_b_dead_w)
    assert sums == pytest.approx((peak_w, a_dead_w, b_dead_w), abs=1.0)
    assert found.unknown == ()


def test_an_element_nobody_draws_from_has_a_line_of_zero(room: Inventory, plan: Plan) -> None:
    assert line(room, plan, "rack", "A01-B01").peak_w == 0
    assert line(room, plan, "feed", "A01-B01/a").limit_w == pytest.approx(5350.4)


def test_a_device_without_cords_counts_in_its_rack_only(room: Inventory, plan: Plan) -> None:
    bare = Plan(devices=plan.devices, cords=tuple(c for c in plan.cords if c.device != "srv-001"))
    assert line(room, bare, "rack", "A01-A01") == line(room, plan, "rack", "A01-A01")
    assert line(room, bare, "feed", "A01-A01/a").peak_b_dead_w == pytest.approx(
        2 * SERVER_W + SWITCH_W, abs=1
    )


def test_a_device_on_one_side_is_down_with_it(room: Inventory, plan: Plan) -> None:
    cords = tuple(c for c in plan.cords if (c.device, c.side) != ("srv-001", "b"))
    found = line(room, Plan(devices=plan.devices, cords=cords), "rack", "A01-A01")
    assert found.peak_a_dead_w == pytest.approx(2 * SERVER_W + SWITCH_W, abs=1)
    assert found.peak_b_dead_w == pytest.approx(3 * SERVER_W + SWITCH_W, abs=1)


def test_an_unknown_draw_is_named_wherever_it_hangs(room: Inventory, plan: Plan) -> None:
    blind = room.devices["SWA"].type.model_copy(deep=True)
    object.__setattr__(blind.rackwright, "power", type(blind.rackwright.power)())
    object.__setattr__(room.devices["SWA"], "type", blind)
    room.catalog.device_types["sw"] = blind  # type: ignore[index]
    for kind, element in (
        ("rack", "A01-A01"),
        ("feed", "A01-A01/a"),
        ("phase", "PA/L1"),
        ("ups", "UB"),
        ("generator", "A/generators"),
    ):
        found = line(room, plan, kind, element)
        assert "SWA" in found.unknown, element
        assert found.peak_w > 0
    assert "SWA" not in line(room, plan, "bank", "A01-A01/pdu-a/B1").unknown


def test_voltage_of_a_phase() -> None:
    panel = {"name": "P", "room": "A01", "side": "a", "ups": "U"}
    assert phase_voltage_v(Panel.model_validate({**panel, "voltage_v": 220})) == 220
    assert phase_voltage_v(Panel.model_validate({**panel, "voltage_v": 380})) == pytest.approx(219.4, abs=0.1)
    assert phase_voltage_v(Panel.model_validate({**panel, "voltage_v": 400, "phases": 1})) == 400
