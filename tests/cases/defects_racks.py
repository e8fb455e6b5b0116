"""Cases: devices in racks, and the racks themselves."""

from __future__ import annotations

from tests.cases.breaking import Bench, Case, Edit, case, text_case

A, B = "sites/a.yml", "sites/b.yml"
RACK = "inventory/catalog/rack-types/Generic/rack-42u-1200-5kw.yaml"
BLOCK = "inventory/catalog/device-types/Generic/hygon-c86-block-2u.yaml"
ACCESS = "inventory/catalog/device-types/Generic/access-10g-48s6q.yaml"


@case
def device_on_the_units_of_another(bench: Bench) -> Case:
    low, high = bench.in_rack(bench.device["a-block-001"].rack or "")[:2]
    return Case(bench.change(high, (f"position: {high.position}", f"position: {(low.position or 0) + 1}")))


@case
def device_half_on_the_switch(bench: Bench) -> Case:
    switch = bench.device["B-ASW-01A"]
    server = bench.in_rack(switch.rack or "")[-1]
    return Case(
        bench.change(server, (f"position: {server.position}", f"position: {(switch.position or 0) - 1}"))
    )


@case
def device_at_u43(bench: Bench) -> Case:
    device = bench.device["a-ecs-003"]
    return Case(bench.change(device, (f"position: {device.position}", "position: 43")))


@case
def device_in_the_blank_unit(bench: Bench) -> Case:
    device = next(
        d for d in bench.plan.devices if d.owner == "a-ecs" and not bench.in_rack(d.rack or "", kind="switch")
    )
    return Case(bench.change(device, (f"position: {device.position}", "position: 41")))


@case
def device_at_u0(bench: Bench) -> Case:
    device = bench.device["a-ecs-003"]
    return Case(bench.change(device, (f"position: {device.position}", "position: 0")))


@case
def device_moved_to_another_rack(bench: Bench) -> Case:
    device = bench.device["a-ecs-003"]
    row = (device.rack or "")[:5]
    other = next(
        r for r in bench.inventory.racks if r.startswith(row) and r != device.rack and bench.in_rack(r)
    )
    return Case(
        bench.change(
            device,
            (f"rack: {device.rack}", f"rack: {other}"),
            (f"position: {device.position}", "position: 34"),
        ),
    )


@case
def device_in_another_row(bench: Bench) -> Case:
    device = bench.device["a-ecs-003"]
    other = next(
        r
        for r in bench.inventory.racks
        if r[:3] == "A01" and r[4] != (device.rack or "")[4] and bench.in_rack(r)
    )
    return Case(
        bench.change(
            device,
            (f"rack: {device.rack}", f"rack: {other}"),
            (f"position: {device.position}", "position: 34"),
        ),
    )


@case
def device_at_the_other_site(bench: Bench) -> Case:
    device = bench.device["a-ecs-003"]
    return Case(
        bench.change(
            device,
            (f"rack: {device.rack}", "rack: B01-B07"),
            (f"position: {device.position}", "position: 34"),
        ),
    )


@case
def device_site_wrong(bench: Bench) -> Case:
    return Case(bench.change(bench.device["a-ecs-003"], ("site: A", "site: B")))


@case
def rack_that_does_not_exist(bench: Bench) -> Case:
    device = bench.device["a-ecs-003"]
    return Case(bench.change(device, (f"rack: {device.rack}", "rack: A01-A10")))


@case
def device_without_a_rack(bench: Bench) -> Case:
    device = bench.device["a-ecs-003"]
    return Case(bench.change(device, (f", rack: {device.rack}, position: {device.position}", "")))


@case
def pair_in_one_rack(bench: Bench) -> Case:
    first, second = bench.device["A-ASW-01A"], bench.device["A-ASW-01B"]
    return Case(
        bench.change(
            second,
            (f"rack: {second.rack}", f"rack: {first.rack}"),
            (f"position: {second.position}", "position: 40"),
        ),
    )


@case
def partners_in_one_rack(bench: Bench) -> Case:
    first, second = bench.device["a-app-monitor-001"], bench.device["a-app-monitor-002"]
    return Case(
        bench.change(
            second,
            (f"rack: {second.rack}", f"rack: {first.rack}"),
            (f"position: {second.position}", "position: 34"),
        ),
    )


@case
def quorum_members_in_one_rack(bench: Bench) -> Case:
    first, second = bench.device["b-control-1-001"], bench.device["b-control-1-002"]
    return Case(
        bench.change(
            second,
            (f"rack: {second.rack}", f"rack: {first.rack}"),
            (f"position: {second.position}", "position: 34"),
        ),
    )


@case
def device_type_wrong_in_plan(bench: Bench) -> Case:
    device = bench.device["a-ecs-003"]
    return Case(bench.change(device, ("device_type: hygon-c86-ecs-2u", "device_type: hygon-c86-rds-2u")))


@case
def owner_wrong_in_plan(bench: Bench) -> Case:
    return Case(bench.change(bench.device["a-ecs-003"], ("owner: a-ecs", "owner: a-block")))


@case
def face_turned(bench: Bench) -> Case:
    return Case(bench.change(bench.device["A-ASW-01A"], ("face: rear", "face: front")))


@case
def device_twice(bench: Bench) -> Case:
    return Case(
        bench.add(
            bench.device["a-ecs-003"],
            ("a-ecs-003", "a-ecs-003"),
        ),
    )


@case
def device_nobody_ordered(bench: Bench) -> Case:
    device = bench.device["a-ecs-012"]
    return Case(
        bench.add(
            device,
            ("a-ecs-012", "a-ecs-013"),
            (f"rack: {device.rack}", "rack: A01-A05"),
            (f"position: {device.position}", "position: 30"),
        ),
    )


@case
def device_removed_from_plan(bench: Bench) -> Case:
    return Case(bench.remove(bench.device["a-ecs-012"]))


@case
def device_misspelt_in_plan(bench: Bench) -> Case:
    return Case(bench.change(bench.device["a-ecs-012"], ("name: a-ecs-012", "name: a-ecs-O12")))


@case
def pair_of_device_wrong(bench: Bench) -> Case:
    device = bench.device["a-ecs-003"]
    other = "A-ASW-02" if device.pair != "A-ASW-02" else "A-ASW-03"
    return Case(bench.change(device, (f"pair: {device.pair}", f"pair: {other}")))


@case
def rack_reserved(bench: Bench) -> Case:
    return Case(Edit(A, "{name: A01-B03, phase: L1}", "{name: A01-B03, phase: L1, reserved: second stage}"))


@case
def empty_rack_reserved(bench: Bench) -> Case:
    used = {d.rack for d in bench.plan.devices}
    free = next(r for r in bench.inventory.racks if r not in used and r.startswith("A01"))
    phase = bench.inventory.racks[free].phase
    return Case(
        Edit(
            A,
            f"{{name: {free}, phase: {phase}}}",
            f"{{name: {free}, phase: {phase}, reserved: second stage}}",
        ),
    )


text_case("server_too_deep", Edit(BLOCK, "depth_mm: 800", "depth_mm: 900"))
text_case("server_of_60_kg", Edit(BLOCK, "weight: 33", "weight: 330"))
text_case("server_of_5_u", Edit(BLOCK, "u_height: 2", "u_height: 3"))
text_case("weight_unknown", Edit(BLOCK, "weight: 33\nweight_unit: kg\n", ""))
text_case("air_backwards", Edit(BLOCK, "airflow: front-to-rear", "airflow: rear-to-front"))
text_case("switch_air_backwards", Edit(ACCESS, "airflow: rear-to-front", "airflow: front-to-rear"))
text_case("rack_holds_300_kg", Edit(RACK, "  static_kg: 1000", "  static_kg: 300"))
text_case("rack_of_900_mm", Edit(RACK, "mounting_depth: 1000", "mounting_depth: 900"))
text_case("rack_of_38_usable_u", Edit(RACK, "usable_u: 40", "usable_u: 38"))
text_case(
    "strip_missing", Edit(RACK, "pdus: {a: pdu-32a-2bank, b: pdu-32a-2bank}", "pdus: {a: pdu-32a-2bank}")
)
text_case(
    "aisle_of_90_cm", Edit(A, "    front_aisle_m: 1.2", "    front_aisle_m: 0.9", after="name: A01-B\n")
)
text_case(
    "back_aisle_of_60_cm", Edit(B, "    back_aisle_m: 1.0", "    back_aisle_m: 0.6", after="name: B01-B\n")
)
text_case("rows_too_close", Edit(A, "y_m: 8.0", "y_m: 6.0"))
text_case("row_in_another_room", Edit(A, "    room: A01\n", "    room: B01\n", after="name: A01-C\n"))
text_case("rack_name_off", Edit(A, "{name: A01-C08, phase: L1}", "{name: A01-C09, phase: L1}"))
text_case("rack_name_of_other_row", Edit(A, "{name: A01-C08, phase: L1}", "{name: A01-B09, phase: L1}"))
text_case("rack_twice", Edit(A, "{name: A01-C08, phase: L1}", "{name: A01-C07, phase: L1}"))
text_case("used_rack_removed", Edit(A, "      - {name: A01-C02, phase: L1}\n", ""))
text_case(
    "server_row_not_allowed",
    Edit(
        "fleets.yml",
        "    workload: db\n",
        "    workload: db\n    rows: [A01-A]\n",
        after="name: a-distributed-rdb\n",
    ),
)
text_case(
    "max_per_rack_broken",
    Edit(
        "fleets.yml",
        "spread: {racks_min: 3, pairs_min: 3}",
        "spread: {racks_min: 3, pairs_min: 3, max_per_rack: 1}",
        after="name: a-central-rdb\n",
    ),
)
text_case(
    "racks_min_too_high",
    Edit(
        "fleets.yml",
        "spread: {racks_min: 3, pairs_min: 3, max_per_rack: 2}",
        "spread: {racks_min: 7, pairs_min: 3, max_per_rack: 2}",
        after="name: a-block\n",
    ),
)
