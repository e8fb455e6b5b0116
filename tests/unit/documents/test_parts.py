"""Ports, elevations, power bars and the file writer behind the documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from inventory.inventory import Inventory
from inventory.plan_model import Plan
from rackwright.documents.device_list import device_lines
from rackwright.documents.elevation import rooms
from rackwright.documents.files import write_bytes
from rackwright.documents.port_use import families, switch_ports
from rackwright.documents.power_bars import bar, panel_phases


def test_ports_of_a_switch_and_their_uses(inventory: Inventory, plan: Plan) -> None:
    switches = {switch.name: switch for switch in switch_ports(inventory, plan)}
    uses = {port.port: port.use for port in switches["A-ASW-01A"].ports}
    assert uses["10GE1/0/1"] == uses["10GE1/0/2"] == "server"
    assert (uses["10GE1/0/3"], uses["10GE1/0/41"], uses["10GE1/0/45"]) == ("free", "growth", "reserved")
    assert (uses["100GE1/0/1"], uses["100GE1/0/5"], uses["100GE1/0/6"]) == ("uplink", "peer", "free")
    other = {port.port: port for port in switches["A-ASW-01B"].ports}
    assert other["10GE1/0/1"].use == "clash" and len(other["10GE1/0/1"].cables) == 2


def test_port_families_count_used_of_usable(inventory: Inventory, plan: Plan) -> None:
    fast, slow = families(switch_ports(inventory, plan))
    assert (fast.speed_gbps, fast.used, fast.usable, fast.tightest) == (100.0, 3, 12, "A-ASW-01A")
    assert (slow.used, slow.usable, slow.tightest_usable) == (3, 92, 46)


def test_elevation_draws_devices_where_they_stand(inventory: Inventory, plan: Plan) -> None:
    room = rooms(inventory, plan, device_lines(inventory, plan))[0]
    first, second, reserved = room.rows[0].racks
    boxes = {box.name: box for box in (*first.boxes, *second.boxes)}
    assert boxes["A-ASW-01A"].y == pytest.approx((42 - 41) * 10 + 0.5)
    assert boxes["db-001"].y + boxes["db-001"].height == pytest.approx((42 - 4) * 10 - 0.5)
    assert boxes["A-ASW-01B"].rear and boxes["A-ASW-01B"].width == boxes["A-ASW-01A"].width
    assert not reserved.boxes and reserved.rack.reserved == "carrier" and reserved.bar is None


def test_unknown_draw_is_a_least_value_and_never_a_pass(plan: Plan, inventory: Inventory) -> None:
    lines = {line.element: line for line in plan.power}
    shown = bar(lines["A01-A02"])
    assert shown.verdict == "unknown" and shown.figures == "≥0.96 / ≥1.20 / 5.00"
    assert bar(lines["PA"]).verdict == "unknown"
    phases = {panel.panel: panel for panel in panel_phases(inventory, plan)}
    assert phases["PA"].verdict == "bad" and phases["PB"].imbalance is None


def test_files_are_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "deep" / "file.html"
    write_bytes(target, b"old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        write_bytes(target, b"new")
    assert target.read_bytes() == b"old"
    assert [p.name for p in target.parent.iterdir()] == ["file.html"]
