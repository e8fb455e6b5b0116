"""The small room, with single-corded probes behind a transfer switch: flow, load lines and limits agree."""

from __future__ import annotations

import re

import pytest

from capacity.cords import plan_cords
from capacity.load_lines import load_lines
from capacity.power_flow import flow, may_trip, power_loads
from inventory.inventory import Inventory
from inventory.load import load
from inventory.plan_model import Plan
from topology.graph import layers


@pytest.mark.parametrize(("column", "dead"), [("peak_w", ""), ("peak_a_dead_w", "a"), ("peak_b_dead_w", "b")])
def test_flow_agrees_with_the_load_lines(room: Inventory, plan: Plan, column: str, dead: str) -> None:
    built = layers(room, plan)
    draws = power_loads(room, built)
    failed = [f"feed/{f.name}" for r in room.racks.values() for f in r.feeds.values() if f.side == dead]
    found = flow(built, draws, failed)
    assert found.dark == ()
    lines = [x for x in load_lines(room, plan.devices, plan.cords) if x.kind not in ("rack", "generator")]
    assert {"outlet", "bank", "feed", "phase", "panel", "ups"} == {x.kind for x in lines}
    for line in lines:
        load_w = found.load_w.get(f"{line.kind}/{line.element}", 0.0)
        assert load_w == pytest.approx(getattr(line, column), abs=0.06), line.element


def test_probes_move_to_the_other_feed_and_the_switch_is_rated(room: Inventory, plan: Plan) -> None:
    built = layers(room, plan)
    draws = power_loads(room, built)
    limit = draws.limits["sts/STS1"]
    assert limit.trip_w == pytest.approx(220 * 16 * 0.95)
    assert limit.limit_w == pytest.approx(220 * 16 * 0.95 / 1.25)
    normal, lost = flow(built, draws, ()), flow(built, draws, ("feed/A01-A03/a",))
    assert normal.load_w["sts/STS1"] == lost.load_w["sts/STS1"] == pytest.approx(300)
    servers_w = 3 * 748.6
    assert normal.load_w["feed/A01-A03/a"] == pytest.approx(servers_w / 2 + 300, abs=1)
    assert lost.load_w["feed/A01-A03/b"] == pytest.approx(servers_w + 300, abs=1)


def test_limits_of_panels_and_generators_of_the_room(room: Inventory, plan: Plan) -> None:
    built = layers(room, plan)
    limits = power_loads(room, built).limits
    assert limits["panel/PA"].trip_w == pytest.approx(3 * 220 * 63 * 0.95)
    assert limits["phase/PA/L1"].limit_w == pytest.approx(220 * 63 * 0.95 * 0.8)
    assert limits["phase/PA/L1"].opens == ("panel/PA",)
    assert limits["generator/G1"].limit_w == pytest.approx(50_000 / 1.5 * 0.9)
    assert limits["psu/srv-001/PSU1"].trip_w == pytest.approx(1200 / 0.91)
    assert not may_trip(built, power_loads(room, built))


@pytest.mark.parametrize(
    ("voltage_v", "leg_w"), [(220, 220 * 32 * 0.95), (380, 219.39 * 32 * 0.95), (208, 120.09 * 32 * 0.95)]
)
def test_a_strip_of_several_legs_has_a_feed_for_each_that_opens_as_one(
    room: Inventory, plan: Plan, voltage_v: int, leg_w: float
) -> None:
    strip = room.folder / "catalog/device-types/Test/strip.yaml"
    text = re.sub(r"(name: B1-[^}]*)}", r"\1, feed_leg: A}", strip.read_text(encoding="utf-8"))
    text = re.sub(r"(name: B2-[^}]*)}", r"\1, feed_leg: B}", text)
    strip.write_text(text, encoding="utf-8")
    project = room.folder / "project.yml"
    project.write_text(
        project.read_text(encoding="utf-8").replace("voltage_v: 220", f"voltage_v: {voltage_v}"),
        encoding="utf-8",
    )
    legged = load(room.folder).inventory
    assert legged is not None
    cords = plan_cords(legged, plan.devices, None)
    built = layers(legged, Plan(devices=plan.devices, cords=cords))
    draws = power_loads(legged, built)
    limit = draws.limits["feed/A01-A01/a/L1"]
    assert limit.trip_w == pytest.approx(leg_w, rel=1e-4)
    assert limit.limit_w == pytest.approx(leg_w * 0.8, rel=1e-4)
    assert limit.opens == ("feed/A01-A01/a/L1", "feed/A01-A01/a/L2")
    loads = flow(built, draws, ()).load_w
    total = loads["feed/A01-A01/a/L1"] + loads["feed/A01-A01/a/L2"]
    assert total == pytest.approx((3 * 748.6 + 280) / 2, abs=1)
    assert loads["panel/PA"] == pytest.approx(sum(loads[f"phase/PA/{p}"] for p in ("L1", "L2", "L3")))
