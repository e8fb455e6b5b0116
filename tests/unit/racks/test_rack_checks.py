"""Rack checks: one thing broken in the room, in the catalogue or in the plan gives one finding at that line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Edit = tuple[str, str, str]
Expected = tuple[str, str, str, str]
"""(code, subject, severity or not-evaluated, text in the line pointed at)."""

PROJECT, DEVICES = "project.yml", "plan/devices.yml"
SRV = "catalog/device-types/Test/srv.yaml"
SW = "catalog/device-types/Test/sw.yaml"
RACK = "catalog/rack-types/Test/rack.yaml"

SRV_1 = "{name: srv-001, owner: srv, device_type: srv, site: A, rack: A01-A01, position: 5}"
SW_A = "{name: SWA, owner: SW, device_type: sw, site: A, rack: A01-A01, position: 41, face: rear}"


def srv_1(old: str, new: str) -> Edit:
    """The plan line of srv-001, changed in one field."""
    return (DEVICES, SRV_1, SRV_1.replace(old, new))


CASES: dict[tuple[str, str], tuple[list[Edit], list[Expected]]] = {
    ("RCK001", "device in the unit left blank"): (
        [srv_1("position: 5", "position: 41"), (DEVICES, SW_A, SW_A.replace("position: 41", "position: 38"))],
        [("RCK001", "srv-001", "error", "name: srv-001")],
    ),
    ("RCK002", "two devices at one position"): (
        [srv_1("position: 5", "position: 7")],
        [("RCK002", "srv-001", "error", "name: srv-001")],
    ),
    ("RCK002", "half over each neighbour, one finding"): (
        [srv_1("position: 5", "position: 8")],
        [("RCK002", "srv-001", "error", "name: srv-001")],
    ),
    ("RCK002", "half-depth devices back to back"): (
        [
            (DEVICES, "rack: A01-A03, position: 13}", "rack: A01-A03, position: 11, face: rear}"),
            ("catalog/device-types/Test/probe.yaml", "airflow: front-to-rear", "airflow: passive"),
        ],
        [],
    ),
    ("RCK003", "more units than usable"): (
        [(RACK, "usable_u: 40", "usable_u: 6")],
        [
            ("RCK003", "A01-A01", "error", "A01-A01"),
            ("RCK003", "A01-A02", "error", "A01-A02"),
            ("RCK003", "A01-A03", "error", "A01-A03"),
        ],
    ),
    ("RCK003", "into the reserve"): (
        [(RACK, "usable_u: 40", "usable_u: 8")],
        [("RCK003", "A01-A03", "warning", "A01-A03")],
    ),
    ("RCK003", "usable height unknown"): (
        [(RACK, "  usable_u: 40\n", "")],
        [("RCK003", "rack-42u", "not-evaluated", "rackwright:")],
    ),
    ("RCK004", "weight of a device type unknown"): (
        [(SW, "weight: 8\nweight_unit: kg\n", "")],
        [("RCK004", "sw", "not-evaluated", "model: Switch")],
    ),
    ("RCK004", "static load unknown"): (
        [(RACK, "  static_kg: 1000\n", "")],
        [("RCK004", "rack-42u", "not-evaluated", "rackwright:")],
    ),
    ("RCK005", "static load of the rack type, one finding for all racks"): (
        [(RACK, "static_kg: 1000", "static_kg: 200")],
        [("RCK005", "rack-42u", "error", "static_kg: 200")],
    ),
    ("RCK005", "one rack too heavy"): (
        [(RACK, "static_kg: 1000", "static_kg: 253")],
        [("RCK005", "A01-A03", "error", "A01-A03")],
    ),
    ("RCK006", "floor load"): (
        [(RACK, "own_weight_kg: 130", "own_weight_kg: 910"), (RACK, "static_kg: 1000", "static_kg: 2000"),
         (RACK, "outer_depth: 1200", "outer_depth: 800")],
        [(f"RCK{6:03d}", rack, "warning", rack) for rack in ("A01-A01", "A01-A02", "A01-A03")],
    ),
    ("RCK007", "heavy devices at the top"): (
        [
            (SRV, "weight: 26", "weight: 60"),
            srv_1("position: 5", "position: 36"),
            (DEVICES, "rack: A01-A01, position: 9}", "rack: A01-A01, position: 34}"),
            (DEVICES, "rack: A01-A01, position: 7}", "rack: A01-A01, position: 32}"),
        ],
        [("RCK007", "A01-A01", "warning", "name: srv-001")],
    ),
    ("RCK007", "light devices at the top are steadied by the rack"): (
        [
            srv_1("position: 5", "position: 36"),
            (DEVICES, "rack: A01-A01, position: 9}", "rack: A01-A01, position: 34}"),
            (DEVICES, "rack: A01-A01, position: 7}", "rack: A01-A01, position: 32}"),
        ],
        [],
    ),
    ("RCK008", "device type too deep"): (
        [(SRV, "depth_mm: 800", "depth_mm: 900")],
        [("RCK008", "srv", "error", "depth_mm: 900")],
    ),
    ("RCK008", "rack type too short"): (
        [(RACK, "mounting_depth: 1000", "mounting_depth: 500")],
        [("RCK008", "rack-42u", "error", "mounting_depth: 500")],
    ),
    ("RCK008", "depth unknown"): (
        [(SRV, "  depth_mm: 800\n", "")],
        [("RCK008", "rack-42u", "not-evaluated", "rackwright:")],
    ),
    ("RCK009", "switch with its ports to the cold aisle"): (
        [(DEVICES, SW_A, SW_A.replace(", face: rear", ""))],
        [("RCK009", "SWA", "error", "name: SWA")],
    ),
    ("RCK009", "airflow of a type"): (
        [(SRV, "airflow: front-to-rear", "airflow: rear-to-front")],
        [("RCK009", "srv", "error", "airflow: rear-to-front")],
    ),
    ("RCK009", "airflow unknown"): (
        [(SRV, "airflow: front-to-rear\n", "")],
        [("RCK009", "srv", "not-evaluated", "model: Server")],
    ),
    ("RCK010", "device moved into a reserved rack"): (
        [srv_1("A01-A01", "A01-A04")],
        [("RCK010", "srv-001", "error", "name: srv-001")],
    ),
    ("RCK010", "rack reserved although in use"): (
        [(PROJECT, "{name: A01-A01, phase: L1}", "{name: A01-A01, phase: L1, reserved: others}")],
        [("RCK010", "A01-A01", "error", "reserved: others")],
    ),
    ("RCK012", "rows of a fleet leave all its devices outside"): (
        [(PROJECT, "rows: [A01-A]}", "rows: [A01-B]}")],
        [("RCK012", "srv", "warning", "rows: [A01-B]")],
    ),
    ("RCK012", "home row of a pair"): (
        [(PROJECT, "home_rows: [A01-A]", "home_rows: [A01-B]")],
        [("RCK012", "SW", "warning", "home_rows: [A01-B]")],
    ),
    ("RCK013", "rack named after another row"): (
        [(PROJECT, "{name: A01-B01, phase: L2}", "{name: A01-C01, phase: L2}")],
        [("RCK013", "A01-C01", "warning", "A01-C01")],
    ),
    ("RCK015", "moved on paper only"): (
        [srv_1("A01-A01", "A01-A02")],
        [("RCK015", "srv-001", "error", "name: srv-001")],
    ),
    ("RCK015", "moved to another row on paper only"): (
        [srv_1("A01-A01", "A01-B01")],
        [("RCK015", "srv-001", "error", "name: srv-001")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1].replace(' ', '-')}")
def test_one_thing_broken_gives_its_finding(case: tuple[str, str], expect: Callable[..., None]) -> None:
    edits, expected = CASES[case]
    expect(edits, expected)
