"""Cases: pools, VLANs, ASNs, prefixes and addresses."""

from __future__ import annotations

from inventory.plan_model import PlannedPrefix
from tests.cases.breaking import Bench, Case, Edit, case, text_case

X, E = "addressing.yml", "existing.yml"


def prefix(bench: Bench, plane: str, site: str = "A") -> PlannedPrefix:
    return next(p for p in bench.plan.prefixes if p.plane == plane and p.site == site)


@case
def address_twice(bench: Bench) -> Case:
    one, two = bench.address("a-ecs-003", "bmc"), bench.address("a-ecs-004", "bmc")
    return Case(bench.change(two, (f"address: {two.address}", f"address: {one.address}")))


@case
def business_address_twice(bench: Bench) -> Case:
    one = bench.address("a-ecs-003", "business")
    two = next(
        a
        for a in bench.plan.addresses
        if a.prefix == one.prefix and a.device != one.device and a.plane == "business"
    )
    return Case(bench.change(two, (f"address: {two.address}", f"address: {one.address}")))


@case
def address_outside_its_prefix(bench: Bench) -> Case:
    one = bench.address("a-ecs-003", "business")
    return Case(bench.change(one, (f"address: {one.address}", "address: 10.10.9.9")))


@case
def address_is_the_gateway(bench: Bench) -> Case:
    one = bench.address("a-ecs-003", "bmc")
    return Case(bench.change(one, (f"address: {one.address}", "address: 10.10.240.1")))


@case
def address_is_the_broadcast(bench: Bench) -> Case:
    one = bench.address("a-ecs-003", "bmc")
    return Case(bench.change(one, (f"address: {one.address}", "address: 10.10.240.255")))


@case
def address_unreadable(bench: Bench) -> Case:
    one = bench.address("a-ecs-003", "bmc")
    return Case(bench.change(one, (f"address: {one.address}", "address: 10.10.240.300")))


@case
def bmc_in_the_business_pool(bench: Bench) -> Case:
    one, other = bench.address("a-ecs-003", "bmc"), prefix(bench, "business")
    return Case(
        bench.change(
            one,
            (f"address: {one.address}, prefix: {one.prefix}", f"address: 10.10.0.60, prefix: {other.prefix}"),
        ),
    )


@case
def address_missing(bench: Bench) -> Case:
    return Case(bench.remove(bench.address("a-ecs-003", "bmc")))


@case
def loopback_missing(bench: Bench) -> Case:
    return Case(bench.remove(bench.address("A-ASW-02A", "loopback")))


@case
def address_of_unknown_device(bench: Bench) -> Case:
    one = bench.address("a-ecs-003", "bmc")
    return Case(bench.change(one, ("device: a-ecs-003", "device: a-ecs-013")))


@case
def address_of_a_typing_error(bench: Bench) -> Case:
    one = bench.address("a-ecs-003", "bmc")
    return Case(
        bench.add(
            one,
            (f"address: {one.address}", "address: 10.10.240.250"),
            ("device: a-ecs-003", "device: old-server"),
        ),
    )


@case
def address_interface_wrong(bench: Bench) -> Case:
    one = bench.address("a-ecs-003", "bmc")
    return Case(bench.change(one, (f"interface: {one.interface}", "interface: p9")))


@case
def address_plane_wrong(bench: Bench) -> Case:
    one = bench.address("a-ecs-003", "bmc")
    return Case(bench.change(one, ("plane: bmc", "plane: mgmt")))


@case
def address_prefix_wrong(bench: Bench) -> Case:
    one = bench.address("a-ecs-003", "bmc")
    return Case(bench.change(one, (f"prefix: {one.prefix}", "prefix: 10.10.241.0/24")))


@case
def address_vlan_wrong(bench: Bench) -> Case:
    one = bench.address("a-ecs-003", "bmc")
    return Case(bench.change(one, ("vid: 3001", "vid: 3002")))


@case
def gateway_changed(bench: Bench) -> Case:
    one = prefix(bench, "bmc")
    return Case(bench.change(one, (f"gateway: {one.gateway}", "gateway: 10.10.240.254")))


@case
def gateway_removed(bench: Bench) -> Case:
    one = prefix(bench, "bmc")
    return Case(bench.change(one, (f", gateway: {one.gateway}", "")))


@case
def prefix_mask_changed(bench: Bench) -> Case:
    one = prefix(bench, "bmc")
    return Case(bench.change(one, ("prefix: 10.10.240.0/24", "prefix: 10.10.240.0/25")))


@case
def business_prefix_mask_changed(bench: Bench) -> Case:
    one = prefix(bench, "business")
    return Case(bench.change(one, ("/26", "/25")))


@case
def prefix_moved_out_of_its_pool(bench: Bench) -> Case:
    one = prefix(bench, "bmc", "B")
    return Case(bench.change(one, (f"prefix: {one.prefix}", "prefix: 10.30.240.0/24")))


@case
def prefix_vlan_wrong(bench: Bench) -> Case:
    return Case(bench.change(prefix(bench, "business"), ("vid: 101", "vid: 102")))


@case
def prefix_user_wrong(bench: Bench) -> Case:
    return Case(bench.change(prefix(bench, "business"), ("used_by: A-ASW-01", "used_by: A-ASW-02")))


@case
def prefix_removed(bench: Bench) -> Case:
    return Case(bench.remove(prefix(bench, "bmc")))


@case
def asn_twice(bench: Bench) -> Case:
    return Case(
        bench.change(
            next(a for a in bench.plan.asns if a.used_by == "A-ASW-02"), ("asn: 65102", "asn: 65101")
        ),
    )


@case
def asn_public(bench: Bench) -> Case:
    return Case(
        bench.change(
            next(a for a in bench.plan.asns if a.used_by == "A-ASW-02"), ("asn: 65102", "asn: 4134")
        ),
    )


@case
def asn_of_the_other_pool(bench: Bench) -> Case:
    return Case(
        bench.change(
            next(a for a in bench.plan.asns if a.used_by == "A-ASW-02"), ("asn: 65102", "asn: 65250")
        ),
    )


@case
def asn_of_nobody(bench: Bench) -> Case:
    return Case(
        bench.change(
            next(a for a in bench.plan.asns if a.used_by == "A-ASW-02"),
            ("used_by: A-ASW-02", "used_by: A-ASW-09"),
        ),
    )


@case
def asn_removed(bench: Bench) -> Case:
    return Case(bench.remove(next(a for a in bench.plan.asns if a.used_by == "A-ASW-02")))


@case
def released_address_taken(bench: Bench) -> Case:
    one = bench.address("a-ecs-003", "bmc")
    return Case(
        bench.add(
            one, ("device: a-ecs-003", "device: gone-001"), ("vid: 3001", "vid: 3001, released: '2026-05-20'")
        ),
    )


text_case(
    "pools_overlap",
    Edit(X, "plane: bmc, site: A, prefix: 10.10.240.0/24", "plane: bmc, site: A, prefix: 10.10.240.0/23"),
)
text_case(
    "pools_of_two_sites_overlap",
    Edit(
        X, "plane: storage, site: B, prefix: 10.20.16.0/22", "plane: storage, site: B, prefix: 10.10.16.0/22"
    ),
)
text_case(
    "pool_in_reserved_prefix",
    Edit(
        X,
        "vlans:\n",
        "reserved_prefixes:\n  - {prefix: 10.10.16.0/20, site: A, reason: existing platform}\n\nvlans:\n",
    ),
)
text_case(
    "business_in_reserved_prefix",
    Edit(
        X,
        "vlans:\n",
        "reserved_prefixes:\n  - {prefix: 10.10.0.0/24, site: A, reason: existing platform}\n\nvlans:\n",
    ),
)
text_case("vlan_1", Edit(X, "vid: 3001, name: bmc, site: A", "vid: 1, name: bmc, site: A"))
text_case("vlan_1_storage", Edit(X, "vid: 1001, name: storage, site: A", "vid: 1, name: storage, site: A"))
text_case("vlan_4090", Edit(X, "vid: 104,", "vid: 4090,"))
text_case("vlan_5000", Edit(X, "vid: 104,", "vid: 5000,"))
text_case(
    "vlan_twice", Edit(X, "vid: 102, name: business-02, site: A", "vid: 101, name: business-02, site: A")
)
text_case(
    "vlan_twice_unused", Edit(X, "vid: 1001, name: storage, site: A", "vid: 3900, name: storage, site: A")
)
text_case(
    "bmc_vlan_in_core_zone",
    Edit(
        X,
        "{vid: 3001, name: bmc, site: A, plane: bmc, zone: oob}",
        "{vid: 3001, name: bmc, site: A, plane: bmc, zone: core}",
    ),
)
text_case("vlan_removed", Edit(X, "  - {vid: 3001, name: bmc, site: A, plane: bmc, zone: oob}\n", ""))
text_case(
    "asn_pools_overlap",
    Edit(X, "role: access, first: 65201, last: 65299", "role: access, first: 65150, last: 65299"),
)
text_case(
    "asn_pool_public",
    Edit(X, "role: access, first: 65201, last: 65299", "role: access, first: 64201, last: 64299"),
)
text_case(
    "asn_pool_reversed",
    Edit(X, "role: access, first: 65201, last: 65299", "role: access, first: 65299, last: 65201"),
)
text_case(
    "asn_pool_too_short",
    Edit(X, "role: access, first: 65201, last: 65299", "role: access, first: 65201, last: 65201"),
)
text_case(
    "core_asn_changed",
    Edit(X, "role: core, first: 65200, last: 65200", "role: core, first: 65210, last: 65210"),
)
text_case("existing_asn_in_the_pool", Edit(E, "asn: 65100", "asn: 65102", after="name: A-DSW-1\n"))
text_case(
    "pool_removed",
    Edit(
        X,
        "  - {name: a-bmc, plane: bmc, site: A, prefix: 10.10.240.0/24, assumed: {prefix: the existing address plan is not known}}\n",
        "",
    ),
)
text_case(
    "pool_too_small",
    Edit(X, "plane: bmc, site: A, prefix: 10.10.240.0/24", "plane: bmc, site: A, prefix: 10.10.240.0/25"),
)
text_case(
    "pool_much_too_small",
    Edit(X, "plane: bmc, site: B, prefix: 10.20.240.0/24", "plane: bmc, site: B, prefix: 10.20.240.0/26"),
)
text_case(
    "pool_with_host_bits",
    Edit(X, "plane: bmc, site: A, prefix: 10.10.240.0/24", "plane: bmc, site: A, prefix: 10.10.240.5/24"),
)
text_case(
    "pool_unreadable",
    Edit(X, "plane: bmc, site: A, prefix: 10.10.240.0/24", "plane: bmc, site: A, prefix: 10.10.400.0/24"),
)
text_case(
    "pool_moved",
    Edit(X, "plane: bmc, site: A, prefix: 10.10.240.0/24", "plane: bmc, site: A, prefix: 10.10.242.0/24"),
)
text_case("pool_plane_wrong", Edit(X, "{name: a-bmc, plane: bmc,", "{name: a-bmc, plane: mgmt,"))
text_case(
    "pool_site_wrong", Edit(X, "{name: a-bmc, plane: bmc, site: A,", "{name: a-bmc, plane: bmc, site: B,")
)
text_case(
    "pair_prefix_too_small",
    Edit(X, "prefix: 10.10.0.0/20, per_pair_length: 26", "prefix: 10.10.0.0/20, per_pair_length: 27"),
)
text_case(
    "existing_host_has_the_address",
    Edit(E, "hosts: []", "hosts: [{name: old-001, addresses: [10.10.240.20]}]"),
)
text_case(
    "existing_host_address_unreadable",
    Edit(E, "hosts: []", "hosts: [{name: old-001, addresses: [10.10.400.20]}]"),
)
text_case("existing_host_has_the_name", Edit(E, "hosts: []", "hosts: [{name: a-ecs-003}]"))
text_case(
    "existing_hosts_with_one_serial",
    Edit(E, "hosts: []", "hosts: [{name: old-001, serial: S1}, {name: old-002, serial: S1}]"),
)
text_case(
    "existing_hosts_with_one_address",
    Edit(
        E,
        "hosts: []",
        "hosts: [{name: old-001, addresses: [10.9.1.1]}, {name: old-002, addresses: [10.9.1.1]}]",
    ),
)
text_case(
    "existing_hosts_with_one_mac",
    Edit(
        E,
        "hosts: []",
        "hosts: [{name: old-001, mac: 'aa:bb:cc:00:00:01'}, {name: old-002, mac: 'AA-BB-CC-00-00-01'}]",
    ),
)
