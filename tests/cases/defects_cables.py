"""Cases: ports, cables and optics of the plan, and what the network file asks of them."""

from __future__ import annotations

from inventory.plan_model import Cable, End
from tests.cases.breaking import Bench, Case, Edit, case, text_case

N = "network.yml"


def up(bench: Bench) -> Cable:
    return bench.cables("uplink", "A-ASW-01A")[0]


def acc(bench: Bench, device: str = "a-ecs-003") -> list[Cable]:
    return bench.cables("access", device)


def port(end: End) -> str:
    return f"device: {end.device}, port: {end.port}"


def labels(cable: Cable, old: str, new: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return (
        (f"label_a: '{cable.label_a}'", f"label_a: '{cable.label_a.replace(old, new)}'"),
        (f"label_b: '{cable.label_b}'", f"label_b: '{cable.label_b.replace(old, new)}'"),
    )


@case
def switch_port_used_twice(bench: Bench) -> Case:
    one = acc(bench)[0]
    other = next(c for c in bench.cables("access", one.b.device) if c is not one)
    return Case(bench.change(one, (port(one.b), port(other.b))))


@case
def server_port_used_twice(bench: Bench) -> Case:
    one, two = acc(bench)
    return Case(bench.change(two, (port(two.a), port(one.a))))


@case
def other_port_on_member_b(bench: Bench) -> Case:
    two = acc(bench)[1]
    used = {c.b.port for c in bench.cables("access", two.b.device)}
    free = (
        next(f"10GE1/0/{n}" for n in range(40, 0, -1) if f"10GE1/0/{n}" not in used)
        if len(used) < 40
        else "10GE1/0/41"
    )
    return Case(bench.change(two, (port(two.b), f"device: {two.b.device}, port: {free}")))


@case
def other_port_on_member_b_site_b(bench: Bench) -> Case:
    two = acc(bench, "b-ecs-003")[1]
    used = {c.b.port for c in bench.cables("access", two.b.device)}
    free = next(f"10GE1/0/{n}" for n in range(40, 0, -1) if f"10GE1/0/{n}" not in used)
    return Case(bench.change(two, (port(two.b), f"device: {two.b.device}, port: {free}")))


@case
def both_links_to_one_member(bench: Bench) -> Case:
    two = acc(bench, "b-ecs-003")[1]
    first = two.b.device[:-1] + "A"
    used = {c.b.port for c in bench.cables("access", first)}
    free = next(f"10GE1/0/{n}" for n in range(40, 0, -1) if f"10GE1/0/{n}" not in used)
    return Case(bench.change(two, (port(two.b), f"device: {first}, port: {free}")))


@case
def link_to_another_pair(bench: Bench) -> Case:
    two = acc(bench, "b-ecs-003")[1]
    other = "B-ASW-02B" if two.b.device == "B-ASW-01B" else "B-ASW-01B"
    used = {c.b.port for c in bench.cables("access", other)}
    free = next(f"10GE1/0/{n}" for n in range(40, 0, -1) if f"10GE1/0/{n}" not in used)
    return Case(bench.change(two, (port(two.b), f"device: {other}, port: {free}")))


@case
def port_in_the_growth_range(bench: Bench) -> Case:
    one = acc(bench)[0]
    return Case(bench.change(one, (port(one.b), f"device: {one.b.device}, port: 10GE1/0/42")))


@case
def port_of_the_test_range(bench: Bench) -> Case:
    one = acc(bench)[0]
    return Case(bench.change(one, (port(one.b), f"device: {one.b.device}, port: 10GE1/0/46")))


@case
def port_that_does_not_exist(bench: Bench) -> Case:
    one = acc(bench)[0]
    return Case(bench.change(one, (port(one.b), f"device: {one.b.device}, port: 10GE1/0/49")))


@case
def server_port_that_does_not_exist(bench: Bench) -> Case:
    one = acc(bench)[0]
    return Case(bench.change(one, (port(one.a), f"device: {one.a.device}, port: p3")))


@case
def cable_of_unknown_device(bench: Bench) -> Case:
    one = acc(bench)[0]
    return Case(bench.change(one, (f"device: {one.a.device}", "device: a-ecs-03")))


@case
def om3_on_an_uplink(bench: Bench) -> Case:
    return Case(bench.change(up(bench), ("type: fibre-om4-mpo", "type: fibre-om3-mpo")))


@case
def lc_cord_on_an_uplink(bench: Bench) -> Case:
    return Case(bench.change(up(bench), ("type: fibre-om4-mpo", "type: fibre-om4-lc")))


@case
def single_mode_cord_on_a_server(bench: Bench) -> Case:
    return Case(bench.change(acc(bench)[0], ("type: fibre-om4-lc", "type: fibre-os2-lc")))


@case
def cable_type_unknown(bench: Bench) -> Case:
    return Case(bench.change(acc(bench)[0], ("type: fibre-om4-lc", "type: fibre-om5-lc")))


@case
def optic_unknown(bench: Bench) -> Case:
    one = acc(bench)[0]
    return Case(
        bench.change(one, (f"{port(one.b)}, optic: sfpp-10g-sr", f"{port(one.b)}, optic: sfpp-10g-zr"))
    )


@case
def long_range_optic_at_one_end(bench: Bench) -> Case:
    one = acc(bench)[0]
    return Case(
        bench.change(one, (f"{port(one.b)}, optic: sfpp-10g-sr", f"{port(one.b)}, optic: sfpp-10g-lr"))
    )


@case
def optic_of_25g_in_10g_port(bench: Bench) -> Case:
    one = acc(bench)[0]
    return Case(
        bench.change(one, (f"{port(one.b)}, optic: sfpp-10g-sr", f"{port(one.b)}, optic: sfp28-25g-sr"))
    )


@case
def optic_of_100g_on_an_uplink(bench: Bench) -> Case:
    one = up(bench)
    return Case(
        bench.change(one, (f"{port(one.a)}, optic: qsfpp-40g-sr4", f"{port(one.a)}, optic: qsfp28-100g-sr4")),
    )


@case
def sr4_instead_of_isr4(bench: Bench) -> Case:
    return Case(bench.change(up(bench), ("optic: qsfpp-40g-isr4", "optic: qsfpp-40g-sr4")))


@case
def lr4_at_the_core(bench: Bench) -> Case:
    return Case(bench.change(up(bench), ("optic: qsfpp-40g-isr4", "optic: qsfpp-40g-lr4")))


@case
def optic_missing(bench: Bench) -> Case:
    one = acc(bench)[0]
    return Case(bench.change(one, (f"{port(one.b)}, optic: sfpp-10g-sr", port(one.b))))


@case
def optic_on_a_moulded_cable(bench: Bench) -> Case:
    one = bench.cables("peer-link", "A-ASW-01A")[0]
    return Case(bench.change(one, (port(one.a), f"{port(one.a)}, optic: qsfpp-40g-sr4")))


@case
def dac_of_7_m(bench: Bench) -> Case:
    one = bench.cables("peer-link", "A-ASW-01A")[0]
    return Case(bench.change(one, ("stock_m: 5", "stock_m: 7")))


@case
def dac_of_1_m(bench: Bench) -> Case:
    one = bench.cables("peer-link", "A-ASW-01A")[0]
    return Case(bench.change(one, ("stock_m: 5", "stock_m: 1")))


@case
def peer_link_cable_removed(bench: Bench) -> Case:
    return Case(bench.remove(bench.cables("peer-link", "A-ASW-02A")[1]))


@case
def access_cable_removed(bench: Bench) -> Case:
    return Case(bench.remove(acc(bench)[1]))


@case
def uplink_removed(bench: Bench) -> Case:
    return Case(bench.remove(bench.cables("uplink", "B-ASW-01A")[2]))


@case
def oob_cable_removed(bench: Bench) -> Case:
    return Case(bench.remove(bench.cables("oob", "a-ecs-003")[0]))


@case
def keepalive_removed(bench: Bench) -> Case:
    return Case(bench.remove(bench.cables("oob", "A-ASW-02A")[0]))


@case
def oob_uplink_removed(bench: Bench) -> Case:
    return Case(bench.remove(bench.cables("oob-uplink", "A-OASW-01")[0]))


@case
def console_cable_removed(bench: Bench) -> Case:
    return Case(bench.remove(bench.cables("console", "A-ASW-01A")[0]))


@case
def oob_uplink_into_the_core(bench: Bench) -> Case:
    one = bench.cables("oob-uplink", "A-OASW-01")[0]
    return Case(bench.change(one, (f"device: {one.b.device}", "device: A-DSW-1")))


@case
def uplinks_dealt_differently(bench: Bench) -> Case:
    one = bench.cables("uplink", "A-ASW-03B")[1]
    return Case(bench.change(one, (f"device: {one.b.device}", "device: A-DSW-1")))


@case
def uplink_to_the_other_site(bench: Bench) -> Case:
    one = bench.cables("uplink", "A-ASW-03B")[1]
    return Case(bench.change(one, (f"device: {one.b.device}", "device: B-DSW-1")))


@case
def oob_uplinks_to_one_core(bench: Bench) -> Case:
    one = bench.cables("oob-uplink", "A-OASW-01")[1]
    return Case(bench.change(one, (f"device: {one.b.device}", "device: A-OMR-1")))


@case
def serial_cable_too_long(bench: Bench) -> Case:
    one = bench.cables("console", "A-ASW-01A")[0]
    return Case(bench.change(one, (f"stock_m: {one.stock_m:g}", "stock_m: 30")))


@case
def cable_id_twice(bench: Bench) -> Case:
    one, two = acc(bench)
    return Case(bench.change(two, (f"id: {two.id}", f"id: {one.id}")))


@case
def stock_shorter_than_length(bench: Bench) -> Case:
    one = acc(bench)[0]
    return Case(bench.change(one, (f"stock_m: {one.stock_m:g}", "stock_m: 1")))


@case
def stock_far_too_long(bench: Bench) -> Case:
    one = acc(bench)[0]
    return Case(bench.change(one, (f"stock_m: {one.stock_m:g}", "stock_m: 50")))


@case
def length_falsified(bench: Bench) -> Case:
    one = acc(bench)[0]
    return Case(bench.change(one, (f"length_m: {one.length_m:g}", "length_m: 0.5")))


@case
def length_and_stock_falsified(bench: Bench) -> Case:
    one = up(bench)
    return Case(
        bench.change(
            one, (f"length_m: {one.length_m:g}, stock_m: {one.stock_m:g}", "length_m: 4, stock_m: 5")
        ),
    )


@case
def length_too_long(bench: Bench) -> Case:
    one = acc(bench)[0]
    return Case(bench.change(one, (f"length_m: {one.length_m:g}", "length_m: 180")))


@case
def label_wrong(bench: Bench) -> Case:
    one = acc(bench)[0]
    return Case(bench.change(one, labels(one, ":p1", ":p2")[0]))


@case
def both_labels_of_another_rack(bench: Bench) -> Case:
    one = acc(bench)[0]
    rack = bench.device[one.a.device].rack or ""
    return Case(bench.change(one, *labels(one, rack, "A01-C08")))


@case
def colour_wrong(bench: Bench) -> Case:
    one = acc(bench)[0]
    return Case(bench.change(one, (f"colour: {one.colour}", "colour: green")))


@case
def speed_wrong(bench: Bench) -> Case:
    one = acc(bench)[0]
    return Case(bench.change(one, ("speed_gbps: 10", "speed_gbps: 25")))


@case
def kind_wrong(bench: Bench) -> Case:
    one = acc(bench)[0]
    return Case(bench.change(one, ("kind: access", "kind: uplink")))


@case
def group_wrong(bench: Bench) -> Case:
    one = up(bench)
    return Case(bench.change(one, (f"group: '{one.group}'", "group: x")))


@case
def bundle_wrong(bench: Bench) -> Case:
    one = acc(bench)[0]
    return Case(bench.change(one, (f"bundle: {one.bundle}", "bundle: A01-A01/A-ASW-02A/9")))


@case
def route_wrong(bench: Bench) -> Case:
    one = up(bench)
    return Case(bench.change(one, (f"route: [{one.route[0]}, ", "route: [")))


@case
def copper_for_fibre(bench: Bench) -> Case:
    one = acc(bench)[0]
    return Case(bench.change(one, ("type: fibre-om4-lc", "type: copper-cat6a")))


text_case(
    "om3_in_the_network_file",
    Edit(
        N,
        "downlink: {cable: fibre-om4-lc, optic: sfpp-10g-sr}",
        "downlink: {cable: fibre-om3-lc, optic: sfpp-10g-sr}",
        after="name: A-ASW-02\n",
    ),
)
text_case(
    "long_range_downlink",
    Edit(
        N,
        "downlink: {cable: fibre-om4-lc, optic: sfpp-10g-sr}",
        "downlink: {cable: fibre-om4-lc, optic: sfpp-10g-lr}",
        after="name: A-ASW-02\n",
    ),
)
text_case(
    "long_range_uplink_replanned",
    Edit(N, "optic: qsfpp-40g-sr4, far_optic", "optic: qsfpp-40g-lr4, far_optic", after="name: A-ASW-02\n"),
    replan=True,
)
text_case(
    "lc_cable_for_uplinks", Edit(N, "cable: fibre-om4-mpo", "cable: fibre-om4-lc", after="name: A-ASW-02\n")
)
text_case(
    "peer_link_of_one_cable",
    Edit(N, "peer_link: {count: 2,", "peer_link: {count: 1,", after="name: A-ASW-03\n"),
)
text_case(
    "peer_link_of_one_cable_replanned",
    Edit(N, "peer_link: {count: 2,", "peer_link: {count: 1,", after="name: A-ASW-03\n"),
    replan=True,
)
text_case("peer_link_of_7_m", Edit(N, "length_m: 5}", "length_m: 7}", after="name: A-ASW-03\n"))
text_case(
    "no_peer_link",
    Edit(N, "    peer_link: {count: 2, cable: dac-qsfpp-40g, length_m: 5}\n", "", after="name: A-ASW-03\n"),
)
text_case(
    "no_keepalive",
    Edit(
        N,
        "    peer_link: {count: 2, cable: dac-qsfpp-40g, length_m: 5}\n",
        "    peer_link: {count: 2, cable: dac-qsfpp-40g, length_m: 5}\n    keepalive: null\n",
        after="name: A-ASW-03\n",
    ),
)
text_case("three_uplinks_of_four", Edit(N, "per_member: 4", "per_member: 3", after="name: A-ASW-03\n"))
text_case(
    "three_uplinks_replanned",
    Edit(N, "per_member: 4", "per_member: 3", after="name: A-ASW-03\n"),
    replan=True,
)
text_case(
    "uplinks_to_one_core",
    Edit(N, "to: [A-DSW-1, A-DSW-2, A-DSW-3, A-DSW-4]", "to: [A-DSW-1]", after="name: A-ASW-03\n"),
)
text_case(
    "uplinks_to_unknown_core",
    Edit(
        N,
        "to: [A-DSW-1, A-DSW-2, A-DSW-3, A-DSW-4]",
        "to: [A-DSW-1, A-DSW-2, A-DSW-3, A-DSW-5]",
        after="name: A-ASW-03\n",
    ),
)
text_case("ranges_overlap", Edit(N, 'growth: "10GE1/0/[41-44]"', 'growth: "10GE1/0/[40-44]"'))
text_case("range_beyond_the_switch", Edit(N, 'spare: "10GE1/0/[47-48]"', 'spare: "10GE1/0/[47-49]"'))
text_case("range_too_short", Edit(N, 'server: "10GE1/0/[1-40]"', 'server: "10GE1/0/[1-36]"'))
text_case(
    "range_unreadable",
    Edit(
        N,
        'uplink: "100GE1/0/[1-4]"\n      peer_link: "100GE1/0/[5-6]"\n  - name: access-48-8',
        'uplink: "100GE1/0/[1-"\n      peer_link: "100GE1/0/[5-6]"\n  - name: access-48-8',
    ),
)
text_case("no_growth_range", Edit(N, '      growth: "10GE1/0/[41-44]"\n', ""))
text_case(
    "port_plan_of_other_type",
    Edit(N, "port_plan: access-48-6", "port_plan: access-48-8", after="name: A-ASW-02\n"),
)
text_case(
    "pair_of_other_device_type",
    Edit(N, "device_type: access-10g-48s6q", "device_type: oob-1g-48t6s", after="name: A-ASW-02\n"),
)
text_case("oob_switch_removed", Edit(N, "per_member: 2", "per_member: 1", after="name: A-OASW-02\n"))
text_case("home_row_wrong", Edit(N, "home_rows: [A01-B]", "home_rows: [A01-C]"))
text_case(
    "existing_switch_place_unknown", Edit("existing.yml", "x_m: 12.6", "x_m: null", after="name: A-DSW-1\n")
)
text_case(
    "free_ports_too_few",
    Edit(
        "existing.yml",
        "free_ports: null",
        "free_ports: [{card: '1', ports: '40GE1/0/[1-6]'}]",
        after="name: A-DSW-1\n",
    ),
)
text_case(
    "free_ports_unreadable",
    Edit(
        "existing.yml",
        "free_ports: null",
        "free_ports: [{card: '1', ports: '40GE1/0/[1-'}]",
        after="name: A-DSW-1\n",
    ),
)
text_case("core_1_km_away", Edit("existing.yml", "x_m: 12.6", "x_m: 412.6", after="name: A-DSW-1\n"))
