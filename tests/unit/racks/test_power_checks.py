"""Power checks: the room as it stands has no finding, and one thing broken gives one finding at that line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Edit = tuple[str, str, str]
Expected = tuple[str, str, str, str]
"""(code, subject, severity or not-evaluated, text in the line pointed at)."""

PROJECT, CORDS = "project.yml", "plan/cords.yml"
SRV = "catalog/device-types/Test/srv.yaml"
SW = "catalog/device-types/Test/sw.yaml"
STRIP = "catalog/device-types/Test/strip.yaml"
RACK = "catalog/rack-types/Test/rack.yaml"

PSU = "psu: {count: 2, rating_w: 1200, redundancy: 1+1, sharing: active, curve: platinum}"
RACK_1 = "- {name: A01-A01, phase: L1}"
RACK_4 = "- {name: A01-A04, phase: L1, reserved: second stage}"
FEEDS_A = "    feeds:\n      a: {panel: PA, breaker_a: 32}\n      b: {panel: PB, breaker_a: 32}\n    racks:\n      - {name: A01-A01"
CORD_2 = (
    "  - {id: A-P-000002, device: srv-001, inlet: PSU2, rack: A01-A01, side: b, pdu: A01-A01/pdu-b,"
    " bank: B1, outlet: B1-1, phase: L1, label: srv-001/PSU2 > A01-A01/pdu-b/B1-1}\n"
)
PROBE_CORD = (
    "  - {id: A-P-000023, device: probe-001, inlet: PSU1, rack: A01-A03, side: a, pdu: STS1,"
    " bank: sts, outlet: out-01, phase: L3, label: probe-001/PSU1 > STS1/out-01}\n"
)
CLAUSE = """\
requirements:
  - {{name: clause, text: {{en: c, zh: c}}, scope: {scope}, fact: {fact}, op: ">=", value: {value}}}
fleets:
"""


def rack_1(text: str) -> Edit:
    return (PROJECT, RACK_1, f"- {{name: A01-A01, phase: L1, {text}}}")


def row_feeds(text: str) -> Edit:
    return (PROJECT, FEEDS_A, f"    feeds:\n      {text}\n    racks:\n      - {{name: A01-A01")


def cord_2(old: str, new: str) -> Edit:
    """The cord of PSU2 of srv-001, changed in one field."""
    return (CORDS, CORD_2, CORD_2.replace(old, new, 1))


def line(old: str, new: str, file: str = PROJECT) -> Edit:
    return (file, old, new)


CASES: dict[tuple[str, str], tuple[list[Edit], list[Expected]]] = {
    ("PWR001", "part without a figure"): (
        [line("{part: board-bmc, count: 1}", "{part: board-unknown, count: 1}", SRV)],
        [("PWR001", "srv", "not-evaluated", "components:")],
    ),
    ("PWR001", "nothing known of a type"): (
        [line("  power: {typical_w: 190, peak_w: 280}\n", "", SW)],
        [("PWR001", "sw", "not-evaluated", "rackwright:")],
    ),
    ("PWR002", "supply too small"): (
        [line("rating_w: 1200", "rating_w: 700", SRV)],
        [("PWR002", "srv", "error", "rating_w: 700")],
    ),
    ("PWR002", "two of two needed"): (
        [line("redundancy: 1+1, sharing: active, curve", "redundancy: 2+0, sharing: active, curve", SRV)],
        [("PWR002", "srv", "error", "redundancy: 2+0")],
    ),
    ("PWR002", "rating unknown"): (
        [line(", rating_w: 600", "", SW)],
        [("PWR002", "sw", "not-evaluated", "psu:")],
    ),
    ("PWR002", "stated draw, rating large enough whatever the DC side"): (
        [line("rating_w: 600", "rating_w: 308", SW)],
        [],
    ),
    ("PWR002", "stated draw, rating too near to tell"): (
        [line("rating_w: 600", "rating_w: 300", SW)],
        [("PWR002", "sw", "not-evaluated", "psu:")],
    ),
    ("PWR003", "rating below what is allocated"): (
        [rack_1("rated_kw: 2")],
        [("PWR003", "A01-A01", "error", "rated_kw: 2}")],
    ),
    ("PWR003", "rating leaves no reserve"): (
        [rack_1("rated_kw: 2.2")],
        [("PWR003", "A01-A01", "warning", "rated_kw: 2.2")],
    ),
    ("PWR003", "rating below peak"): (
        [rack_1("rated_kw: 2.4")],
        [("PWR003", "A01-A01", "warning", "rated_kw: 2.4")],
    ),
    ("PWR003", "rating below a clause is the clause's finding"): (
        [rack_1("rated_kw: 2"), line("fleets:\n", CLAUSE.format(scope="rack", fact="rated_kw", value=5))],
        [],
    ),
    ("PWR003", "rating unknown"): (
        [line("  rated_kw: 5\n", "", RACK)],
        [("PWR003", "A", "not-evaluated", "A01-A01")],
    ),
    ("PWR004", "breaker of one rack"): (
        [rack_1("feeds: {a: {panel: PA, breaker_a: 10}, b: {panel: PB, breaker_a: 32}}")],
        [("PWR004", "A01-A01", "error", "breaker_a: 10")],
    ),
    ("PWR004", "breaker of the row, one finding for all racks"): (
        [row_feeds("a: {panel: PA, breaker_a: 10}\n      b: {panel: PB, breaker_a: 32}")],
        [("PWR004", "A01-A", "error", "breaker_a: 10")],
    ),
    ("PWR004", "breaker unknown"): (
        [row_feeds("a: {panel: PA, breaker_a: 32}\n      b: {panel: PB}")],
        [("PWR004", "A", "not-evaluated", "b: {panel: PB}")],
    ),
    ("PWR004", "breaker below a clause is the clause's finding"): (
        [
            row_feeds("a: {panel: PA, breaker_a: 10}\n      b: {panel: PB, breaker_a: 32}"),
            line("fleets:\n", CLAUSE.format(scope="rack", fact="breaker_a_min", value=32)),
        ],
        [],
    ),
    ("PWR005", "bank breaker of the strip, one finding for all racks"): (
        [line("{name: B1, breaker_a: 16,", "{name: B1, breaker_a: 8,", STRIP)],
        [("PWR005", "strip", "error", "name: B1, breaker_a: 8")],
    ),
    ("PWR005", "one rack too heavy for a bank"): (
        [line("{name: B2, breaker_a: 16,", "{name: B2, breaker_a: 6,", STRIP)],
        [("PWR005", "A01-A01", "error", "A01-A01"), ("PWR005", "A01-A02", "error", "A01-A02")],
    ),
    ("PWR006", "cord missing"): ([(CORDS, CORD_2, "")], [("PWR006", "srv-001", "error", "name: srv-001")]),
    ("PWR006", "cord at the other inlet"): (
        [cord_2("inlet: PSU2", "inlet: PSU1")],
        [("PWR006", "srv-001", "error", "A-P-000002")],
    ),
    ("PWR006", "cord given to another device"): (
        [cord_2("device: srv-001", "device: srv-004")],
        [("PWR006", "srv-004", "error", "A-P-000002")],
    ),
    ("PWR006", "inlet of a type renamed, one finding for all its devices"): (
        [line("{name: PSU2,", "{name: PSU9,", SRV)],
        [("PWR006", "srv", "error", "power-ports:")],
    ),
    ("PWR006", "rack type names no strips"): (
        [line("  pdus: {a: strip, b: strip}\n", "", RACK)],
        [("PWR006", "rack-42u", "not-evaluated", "rackwright:")],
    ),
    ("PWR007", "both supplies on one side"): (
        [cord_2("side: b", "side: a")],
        [("PWR007", "srv-001", "error", "A-P-000002")],
    ),
    ("PWR008", "other strip"): (
        [cord_2("pdu: A01-A01/pdu-b", "pdu: A01-A01/pdu-a")],
        [("PWR008", "srv-001", "error", "A-P-000002")],
    ),
    ("PWR008", "bank of another outlet"): (
        [cord_2("bank: B1", "bank: B2")],
        [("PWR008", "srv-001", "error", "A-P-000002")],
    ),
    ("PWR008", "outlet of another bank"): (
        [cord_2("outlet: B1-1,", "outlet: B2-4,")],
        [("PWR008", "srv-001", "error", "A-P-000002")],
    ),
    ("PWR008", "outlet that does not exist"): (
        [cord_2("outlet: B1-1,", "outlet: B1-9,")],
        [("PWR008", "srv-001", "error", "A-P-000002")],
    ),
    ("PWR008", "outlet of another kind"): (
        [cord_2("outlet: B1-1,", "outlet: B1-C19,")],
        [("PWR008", "srv-001", "error", "A-P-000002")],
    ),
    ("PWR008", "outlet of another rack"): (
        [cord_2("rack: A01-A01", "rack: A01-A02")],
        [("PWR008", "srv-001", "error", "A-P-000002")],
    ),
    ("PWR008", "inlet of a type changed, one finding for all its devices"): (
        [line("{name: PSU2, type: iec-60320-c14}", "{name: PSU2, type: iec-60320-c20}", SRV)],
        [("PWR008", "srv", "error", "iec-60320-c20")],
    ),
    ("PWR009", "outlet used twice"): (
        [cord_2("outlet: B1-1,", "outlet: B1-2,")],
        [("PWR009", "A01-A01/pdu-b/B1-2", "error", "A-P-000002")],
    ),
    ("PWR009", "outlet of the transfer switch used twice"): (
        [(CORDS, PROBE_CORD, PROBE_CORD.replace("outlet: out-01", "outlet: out-02"))],
        [("PWR009", "STS1/out-02", "error", "A-P-000023")],
    ),
    ("PWR015", "a device type that draws more than its outlet is made for"): (
        [line("zh: 小}}\n", "zh: 小}, policy: [{name: feed.c13_a, value: 3, reason: weak outlets}]}\n")],
        [("PWR015", "srv", "error", "A-P-0000")],
    ),
    ("PWR010", "single-corded without a transfer switch"): (
        [line(", sts: STS1}", "}")],
        [("PWR010", "probe", "error", "name: probe")],
    ),
    ("PWR011", "transfer switch too small"): (
        [line("rating_a: 16", "rating_a: 1")],
        [("PWR011", "STS1", "error", "rating_a: 1,")],
    ),
    ("PWR011", "transfer switch too slow"): (
        [line("transfer_ms: 6", "transfer_ms: 12")],
        [("PWR011", "STS1", "error", "transfer_ms: 12")],
    ),
    ("PWR011", "transfer time unknown"): (
        [line(", transfer_ms: 6", "")],
        [("PWR011", "STS1", "not-evaluated", "STS1")],
    ),
    ("PWR012", "phase of a rack changed"): (
        [(PROJECT, RACK_1, "- {name: A01-A01, phase: L3}")],
        [("PWR012", "A01-A01", "error", "phase: L3}")],
    ),
    ("PWR012", "phase of a cord changed"): (
        [cord_2("phase: L1", "phase: L2")],
        [("PWR012", "A01-A01", "error", "A-P-000002")],
    ),
    ("PWR013", "rating above what a feed carries"): (
        [rack_1("rated_kw: 50")],
        [("PWR013", "A01-A01", "warning", "rated_kw: 50")],
    ),
    ("PWR014", "partners behind one transfer switch"): (
        [line(", sts: STS1}", ", sts: STS1, ha_group: probes}")],
        [("PWR014", "STS1", "error", "ha_group: probes")],
    ),
    ("PWR020", "feed missing"): (
        [row_feeds("a: {panel: PA, breaker_a: 32}")],
        [("PWR020", "A01-A/b", "error", "feeds:")],
    ),
    ("PWR020", "feed missing in one rack"): (
        [rack_1("feeds: {a: {panel: PA, breaker_a: 32}}")],
        [("PWR020", "A01-A01/b", "error", "feeds: {a:")],
    ),
    ("PWR020", "missing feed is a clause's finding"): (
        [
            row_feeds("a: {panel: PA, breaker_a: 32}"),
            line("fleets:\n", CLAUSE.format(scope="rack", fact="feed_count", value=2)),
        ],
        [],
    ),
    ("PWR021", "both feeds from one panel"): (
        [rack_1("feeds: {a: {panel: PA, breaker_a: 32}, b: {panel: PA, breaker_a: 32}}")],
        [("PWR021", "A01-A01/b", "error", "b: {panel: PA")],
    ),
    ("PWR021", "feeds of the row from one panel"): (
        [row_feeds("a: {panel: PA, breaker_a: 32}\n      b: {panel: PA, breaker_a: 32}")],
        [("PWR021", "A01-A/b", "error", "b: {panel: PA")],
    ),
    ("PWR022", "panel fed by the other UPS"): (
        [line("side: b, ups: UB, voltage", "side: b, ups: UA, voltage")],
        [("PWR022", "PB", "error", "ups: UA, voltage_v: 220, breaker_a: 63}")],
    ),
    ("PWR022", "panel of the other side"): (
        [line("side: b, ups: UB, voltage", "side: a, ups: UB, voltage")],
        [("PWR022", "PB", "error", "side: a, ups: UB")],
    ),
    ("PWR023", "UPS of the other side"): (
        [line("name: UB, site: A, side: b", "name: UB, site: A, side: a")],
        [("PWR023", "A", "error", "name: UB, site: A, side: a")],
    ),
    ("PWR024", "slightly out of balance"): (
        [
            line("typical_w: 190", "typical_w: 30", SW),
            line("typical_w: 100", "typical_w: 190", "catalog/device-types/Test/probe.yaml"),
            line("peak_w: 150", "peak_w: 200", "catalog/device-types/Test/probe.yaml"),
        ],
        [("PWR024", "PA / PB", "warning", "name: PA")],
    ),
    ("PWR024", "phase of a rack unknown"): (
        [(PROJECT, RACK_1, "- {name: A01-A01}")],
        [("PWR024", "PA / PB", "not-evaluated", "A01-A01")],
    ),
    ("PWR025", "breaker of a panel too small"): (
        [line("ups: UA, voltage_v: 220, breaker_a: 63", "ups: UA, voltage_v: 220, breaker_a: 10")],
        [("PWR025", "PA", "error", "breaker_a: 10}")],
    ),
    ("PWR025", "breaker of a panel unknown"): (
        [line("ups: UA, voltage_v: 220, breaker_a: 63", "ups: UA, voltage_v: 220")],
        [("PWR025", "A", "not-evaluated", "name: PA")],
    ),
    ("PWR026", "UPS too small for what is leased"): (
        [line("side: b, rated_kva: 30", "side: b, rated_kva: 20")],
        [("PWR026", "A", "error", "rated_kva: 20")],
    ),
    ("PWR026", "rating of a UPS unknown"): (
        [line("side: b, rated_kva: 30, ", "side: b, ")],
        [("PWR026", "A", "not-evaluated", "name: UB")],
    ),
    ("PWR027", "battery time too short"): (
        [
            line(
                "name: UB, site: A, side: b, rated_kva: 30, power_factor: 1, autonomy_min: 15",
                "name: UB, site: A, side: b, rated_kva: 30, power_factor: 1, autonomy_min: 10",
            )
        ],
        [("PWR027", "UB", "error", "autonomy_min: 10")],
    ),
    ("PWR027", "battery too small"): (
        [
            line(
                "name: UB, site: A, side: b, rated_kva: 30, power_factor: 1, autonomy_min: 15, battery_kwh: 9",
                "name: UB, site: A, side: b, rated_kva: 30, power_factor: 1, autonomy_min: 15, battery_kwh: 5",
            )
        ],
        [("PWR027", "UB", "error", "battery_kwh: 5")],
    ),
    ("PWR027", "battery time unknown"): (
        [
            line(
                "name: UB, site: A, side: b, rated_kva: 30, power_factor: 1, autonomy_min: 15",
                "name: UB, site: A, side: b, rated_kva: 30, power_factor: 1",
            )
        ],
        [("PWR027", "UB", "not-evaluated", "name: UB")],
    ),
    ("PWR028", "too small without the largest set"): (
        [line("name: G2, site: A, rated_kw: 50", "name: G2, site: A, rated_kw: 30")],
        [("PWR028", "A", "error", "rated_kw: 30")],
    ),
    ("PWR028", "rating of a set unknown"): (
        [line("name: G2, site: A, rated_kw: 50, ", "name: G2, site: A, ")],
        [("PWR028", "A", "not-evaluated", "name: G2")],
    ),
    ("PWR029", "fuel unknown"): (
        [
            line(
                "name: G2, site: A, rated_kw: 50, start_s: 120, fuel_l: 120",
                "name: G2, site: A, rated_kw: 50, start_s: 120",
            )
        ],
        [("PWR029", "A", "not-evaluated", "name: G2")],
    ),
    ("PWR029", "too little fuel"): (
        [
            line(
                "name: G2, site: A, rated_kw: 50, start_s: 120, fuel_l: 120",
                "name: G2, site: A, rated_kw: 50, start_s: 120, fuel_l: 90",
            )
        ],
        [("PWR029", "G2", "error", "fuel_l: 90")],
    ),
    ("PWR030", "slow start"): (
        [
            line(
                "name: G2, site: A, rated_kw: 50, start_s: 120",
                "name: G2, site: A, rated_kw: 50, start_s: 180",
            )
        ],
        [("PWR030", "G2", "error", "start_s: 180")],
    ),
    ("PWR030", "start time unknown"): (
        [line("name: G2, site: A, rated_kw: 50, start_s: 120, ", "name: G2, site: A, rated_kw: 50, ")],
        [("PWR030", "A", "not-evaluated", "name: G2")],
    ),
    ("PWR030", "slow start is a clause's finding"): (
        [
            line(
                "name: G2, site: A, rated_kw: 50, start_s: 120",
                "name: G2, site: A, rated_kw: 50, start_s: 180",
            ),
            line("fleets:\n", CLAUSE.format(scope="generator", fact="start_s", value=0)),
        ],
        [],
    ),
}


def test_room_as_it_stands_has_no_finding(expect: Callable[..., None]) -> None:
    expect([], [])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1].replace(' ', '-')}")
def test_one_thing_broken_gives_its_finding(case: tuple[str, str], expect: Callable[..., None]) -> None:
    edits, expected = CASES[case]
    expect(edits, expected)
