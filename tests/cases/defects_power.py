"""Cases: supplies, racks, feeds, panels, UPS, generators, phases and cords."""

from __future__ import annotations

from tests.cases.breaking import Bench, Case, Edit, case, text_case

A, B = "sites/a.yml", "sites/b.yml"
RDS = "inventory/catalog/device-types/Generic/hygon-c86-rds-2u.yaml"
REALTIME = "inventory/catalog/device-types/Generic/hygon-c86-realtime-2u.yaml"

text_case(
    "more_memory_in_a_server", Edit(RDS, "part: dimm-ddr4-64g, count: 16", "part: dimm-ddr4-64g, count: 64")
)
text_case(
    "more_disks_in_a_server", Edit(REALTIME, "part: nvme-3840g, count: 8", "part: nvme-3840g, count: 24")
)
text_case("component_unknown", Edit(RDS, "part: nvme-3840g, count: 4", "part: nvme-3480g, count: 4"))
text_case("supplies_too_small", Edit(RDS, "rating_w: 1200", "rating_w: 550"))
text_case("supplies_not_redundant", Edit(RDS, "redundancy: 1+1", "redundancy: 2+0"))
text_case("rack_of_3_kw", Edit(A, "{name: A01-A01, phase: L1}", "{name: A01-A01, phase: L1, rated_kw: 3}"))
text_case("rack_of_4_kw", Edit(A, "{name: A01-B03, phase: L1}", "{name: A01-B03, phase: L1, rated_kw: 4.5}"))
text_case(
    "breakers_of_16_a", Edit(A, "a: {panel: A01-PA, breaker_a: 32}", "a: {panel: A01-PA, breaker_a: 16}")
)
text_case(
    "breaker_of_one_rack_20_a",
    Edit(
        A,
        "{name: A01-C02, phase: L1}",
        "{name: A01-C02, phase: L1, feeds: {a: {panel: A01-PA, breaker_a: 32}, b: {panel: A01-PB, breaker_a: 20}}}",
    ),
)
text_case("breaker_unknown", Edit(B, "a: {panel: B01-PA, breaker_a: 32}", "a: {panel: B01-PA}"))
text_case(
    "both_feeds_from_one_panel",
    Edit(A, "b: {panel: A01-PB, breaker_a: 32}", "b: {panel: A01-PA, breaker_a: 32}"),
)
text_case(
    "feeds_of_one_rack_from_one_panel",
    Edit(
        A,
        "{name: A01-C02, phase: L1}",
        "{name: A01-C02, phase: L1, feeds: {a: {panel: A01-PA, breaker_a: 32}, b: {panel: A01-PA, breaker_a: 32}}}",
    ),
)
text_case(
    "feeds_of_one_rack_swapped",
    Edit(
        A,
        "{name: A01-C02, phase: L1}",
        "{name: A01-C02, phase: L1, feeds: {a: {panel: A01-PB, breaker_a: 32}, b: {panel: A01-PA, breaker_a: 32}}}",
    ),
)
text_case(
    "one_feed_only",
    Edit(
        A,
        "{name: A01-C02, phase: L1}",
        "{name: A01-C02, phase: L1, feeds: {a: {panel: A01-PA, breaker_a: 32}}}",
    ),
)
text_case("one_feed_in_all_racks", Edit(B, "      b: {panel: B01-PB, breaker_a: 32}\n", ""))
text_case(
    "feed_from_the_other_site",
    Edit(B, "b: {panel: B01-PB, breaker_a: 32}", "b: {panel: A01-PB, breaker_a: 32}"),
)
text_case(
    "panel_of_wrong_side", Edit(A, "{name: A01-PB, room: A01, side: b,", "{name: A01-PB, room: A01, side: a,")
)
text_case("both_panels_on_one_ups", Edit(A, "side: b, ups: A-UPS-B", "side: b, ups: A-UPS-A"))
text_case(
    "panel_single_phase",
    Edit(A, "ups: A-UPS-B, phases: 3, voltage_v: 220", "ups: A-UPS-B, phases: 1, voltage_v: 220"),
)
text_case(
    "panel_voltage_380",
    Edit(A, "ups: A-UPS-B, phases: 3, voltage_v: 220", "ups: A-UPS-B, phases: 3, voltage_v: 110"),
)
text_case(
    "panel_breaker_small",
    Edit(
        A,
        "ups: A-UPS-B, phases: 3, voltage_v: 220",
        "ups: A-UPS-B, phases: 3, voltage_v: 220, breaker_a: 100",
    ),
)
text_case(
    "ups_too_small",
    Edit(
        A,
        "name: A-UPS-B, site: A, side: b, rated_kva: 160",
        "name: A-UPS-B, site: A, side: b, rated_kva: 100",
    ),
)
text_case(
    "ups_power_factor_low",
    Edit(
        B,
        "name: B-UPS-B, site: B, side: b, rated_kva: 100, power_factor: 1.0",
        "name: B-UPS-B, site: B, side: b, rated_kva: 100, power_factor: 0.6",
    ),
)
text_case("ups_side_wrong", Edit(A, "{name: A-UPS-B, site: A, side: b", "{name: A-UPS-B, site: A, side: a"))
text_case(
    "ups_at_wrong_site", Edit(A, "{name: A-UPS-B, site: A, side: b", "{name: A-UPS-B, site: B, side: b")
)
text_case(
    "autonomy_10_min",
    Edit(
        A,
        "rated_kva: 160, power_factor: 1.0, autonomy_min: 15",
        "rated_kva: 160, power_factor: 1.0, autonomy_min: 10",
    ),
)
text_case(
    "autonomy_unknown",
    Edit(
        B,
        "rated_kva: 100, power_factor: 1.0, autonomy_min: 15",
        "rated_kva: 100, power_factor: 1.0, autonomy_min: null",
    ),
)
text_case(
    "battery_too_small",
    Edit(
        B,
        "rated_kva: 100, power_factor: 1.0, autonomy_min: 15",
        "rated_kva: 100, power_factor: 1.0, autonomy_min: 15, battery_kwh: 12",
    ),
)
text_case(
    "generator_starts_slowly",
    Edit(
        A,
        "name: A-GEN-2, site: A, rated_kw: 250, start_s: 120",
        "name: A-GEN-2, site: A, rated_kw: 250, start_s: 180",
    ),
)
text_case(
    "fuel_halved",
    Edit(B, "rated_kw: 150, start_s: 120, fuel_l: 360", "rated_kw: 150, start_s: 120, fuel_l: 180"),
)
text_case(
    "generator_too_small",
    Edit(B, "name: B-GEN-2, site: B, rated_kw: 150", "name: B-GEN-2, site: B, rated_kw: 100"),
)
text_case("phase_of_a_rack_changed", Edit(A, "{name: A01-B03, phase: L1}", "{name: A01-B03, phase: L2}"))
text_case("phase_of_a_rack_unknown", Edit(A, "{name: A01-B03, phase: L1}", "{name: A01-B03}"))


@case
def generator_removed(bench: Bench) -> Case:
    text = (bench.project / A).read_text(encoding="utf-8")
    line = next(x for x in text.splitlines() if "A-GEN-2" in x)
    return Case(
        Edit(A, line + "\n", ""),
    )


@case
def cord_on_the_other_side(bench: Bench) -> Case:
    cord = bench.cords("a-ecs-001")[1]
    return Case(bench.change(cord, ("side: b", "side: a")))


@case
def cord_to_the_other_strip(bench: Bench) -> Case:
    cord = bench.cords("a-ecs-001")[1]
    edit = bench.change(
        cord,
        ("side: b", "side: a"),
        (f"pdu: {cord.pdu}", f"pdu: {cord.pdu[:-1]}a"),
        (f"> {cord.pdu}", f"> {cord.pdu[:-1]}a"),
    )
    return Case(edit)


@case
def outlet_used_twice(bench: Bench) -> Case:
    cord, other = bench.cords("b-ecs-001")[0], bench.cords("b-ecs-002")[0]
    rack = bench.device["b-ecs-001"].rack
    other = next(
        c
        for c in bench.plan.cords
        if c.rack == rack
        and c.pdu == cord.pdu
        and c.bank == cord.bank
        and c.outlet != cord.outlet
        and "C13" in c.outlet
    )
    return Case(bench.change(cord, (f"outlet: {cord.outlet}", f"outlet: {other.outlet}")))


@case
def outlet_that_does_not_exist(bench: Bench) -> Case:
    cord = bench.cords("b-ecs-001")[0]
    return Case(bench.change(cord, (f"outlet: {cord.outlet}", f"outlet: {cord.bank}-C13-99")))


@case
def bank_and_outlet_differ(bench: Bench) -> Case:
    cord = bench.cords("b-ecs-001")[0]
    other = "B2" if cord.bank == "B1" else "B1"
    return Case(bench.change(cord, (f"bank: {cord.bank}", f"bank: {other}")))


@case
def cord_missing(bench: Bench) -> Case:
    return Case(bench.remove(bench.cords("b-ecs-001")[1]))


@case
def cord_of_unknown_device(bench: Bench) -> Case:
    cord = bench.cords("b-ecs-001")[1]
    return Case(bench.change(cord, ("device: b-ecs-001", "device: b-ecs-0O1")))


@case
def cord_at_unknown_inlet(bench: Bench) -> Case:
    cord = bench.cords("b-ecs-001")[1]
    return Case(bench.change(cord, ("inlet: PSU2", "inlet: PSU3")))


@case
def cord_in_the_next_rack(bench: Bench) -> Case:
    cord = bench.cords("b-ecs-001")[1]
    other = next(r for r in ("B01-A01", "B01-A02", "B01-B01", "B01-B02") if r != cord.rack)
    return Case(bench.change(cord, (f"rack: {cord.rack}", f"rack: {other}")))


@case
def cord_to_a_strip_of_the_next_rack(bench: Bench) -> Case:
    cord = bench.cords("b-ecs-001")[1]
    other = next(r for r in ("B01-A01", "B01-A02", "B01-B01", "B01-B02") if r != cord.rack)
    return Case(bench.change(cord, (f"pdu: {cord.pdu}", f"pdu: {other}/pdu-b")))


@case
def cord_phase_wrong(bench: Bench) -> Case:
    cord = bench.cords("b-ecs-001")[1]
    other = "L1" if cord.phase != "L1" else "L2"
    return Case(bench.change(cord, (f"phase: {cord.phase}", f"phase: {other}")))


@case
def cord_label_wrong(bench: Bench) -> Case:
    cord = bench.cords("b-ecs-001")[1]
    return Case(
        bench.change(
            cord, (f"label: {cord.label}", f"label: {cord.label.replace('b-ecs-001', 'b-ecs-002')}")
        ),
    )


@case
def cord_id_twice(bench: Bench) -> Case:
    cord, other = bench.cords("b-ecs-001")
    return Case(bench.change(cord, (f"id: {cord.id}", f"id: {other.id}")))


@case
def third_cord(bench: Bench) -> Case:
    cord = bench.cords("b-ecs-001")[1]
    return Case(
        bench.add(
            cord,
            (f"id: {cord.id}", "id: B-P-009999"),
            (f"outlet: {cord.outlet}", f"outlet: {cord.bank}-C13-10"),
        ),
    )


@case
def heavy_bank(bench: Bench) -> Case:
    """All cords of a rack on one bank is many edits; one device of the fullest rack moved to the other bank."""
    cord = bench.cords("b-ecs-001")[0]
    other = "B2" if cord.bank == "B1" else "B1"
    taken = {c.outlet for c in bench.plan.cords if c.pdu == cord.pdu}
    free = next(f"{other}-C13-{n:02}" for n in range(1, 12) if f"{other}-C13-{n:02}" not in taken)
    return Case(
        bench.change(
            cord,
            (f"bank: {cord.bank}, outlet: {cord.outlet}", f"bank: {other}, outlet: {free}"),
            (f"/{cord.outlet}", f"/{free}"),
        ),
    )


INLET = "  - {name: PSU2, type: iec-60320-c14}\n"
text_case(
    "four_supplies_in_a_server",  # what two sides share out over four, one bank has to carry after two failures
    Edit(RDS, INLET, INLET + INLET.replace("PSU2", "PSU3") + INLET.replace("PSU2", "PSU4")),
    replan=True,
)
