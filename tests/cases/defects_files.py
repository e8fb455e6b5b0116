"""Cases: faults in the YAML itself, one for every code of the loader."""

from __future__ import annotations

from tests.cases.breaking import Edit, text_case

A, F, N, P = "sites/a.yml", "fleets.yml", "network.yml", "project.yml"

text_case("tab", Edit(F, "    count: 12\n", "\tcount: 12\n", after="name: a-ecs\n"))
text_case(
    "bracket_open",
    Edit(
        F,
        "attach: {pairs: [A-ASW-01, A-ASW-02, A-ASW-03]}",
        "attach: {pairs: [A-ASW-01, A-ASW-02, A-ASW-03}",
        after="name: a-ecs\n",
    ),
)
text_case("indent_wrong", Edit(F, "    count: 12\n", "     count: 12\n", after="name: a-ecs\n"))
text_case("plan_file_broken", Edit("plan/asns.yml", "{asn: 65102, pool", "{asn: 65102 pool"))
text_case(
    "duplicate_key", Edit(F, "    count: 12\n", "    count: 12\n    count: 14\n", after="name: a-ecs\n")
)
text_case(
    "merge_key",
    Edit(A, "    rack_type: *rack\n", "    <<: *feeds\n    rack_type: *rack\n", after="name: A01-B\n"),
)
text_case("norway", Edit(A, "customer_only: null ", "customer_only: no"))
text_case(
    "port_name_as_number",
    Edit("existing.yml", "free_ports: null", "free_ports: [{card: 1, ports: 1:2}]", after="name: A-DSW-1\n"),
)
text_case("leading_zero", Edit(F, "count: 12", "count: 012", after="name: a-ecs\n"))
text_case(
    "unknown_key", Edit(F, "    workload: general\n", "    work_load: general\n", after="name: a-ecs\n")
)
text_case("unknown_section", Edit("supplies.yml", "supplies:\n", "suplies:\n"))
text_case("missing_field", Edit(F, "    device_type: hygon-c86-ecs-2u\n", "", after="name: a-ecs\n"))
text_case("missing_project", Edit(P, "  name: guangxi\n", ""))
text_case("count_negative", Edit(F, "count: 12", "count: -12", after="name: a-ecs\n"))
text_case("count_as_text", Edit(F, "count: 12", "count: '12'", after="name: a-ecs\n"))
text_case("count_with_unit", Edit(F, "count: 12", "count: 12 sets", after="name: a-ecs\n"))
text_case(
    "power_in_watts", Edit(A, "{name: A01-A01, phase: L1}", "{name: A01-A01, phase: L1, rated_kw: 5000}")
)
text_case("phase_l4", Edit(A, "{name: A01-A01, phase: L1}", "{name: A01-A01, phase: L4}"))
text_case("enum_misspelt", Edit(F, "workload: big_data", "workload: bigdata", after="name: a-realtime\n"))
text_case(
    "reference_misspelt",
    Edit(
        F,
        "pairs: [A-ASW-01, A-ASW-02, A-ASW-03]",
        "pairs: [A-ASW-01, A-ASW-02, A-ASW-05]",
        after="name: a-ecs\n",
    ),
)
text_case(
    "device_type_misspelt",
    Edit(F, "device_type: hygon-c86-ecs-2u", "device_type: hygon-c86-esc-2u", after="name: a-ecs\n"),
)
text_case(
    "optic_misspelt",
    Edit(N, "far_optic: qsfpp-40g-isr4", "far_optic: qsfp-40g-isr4", after="name: A-ASW-02\n"),
)
text_case("fleet_twice", Edit(F, "name: a-block\n", "name: a-object\n"))
text_case("pair_renamed", Edit(N, "name: A-ASW-03\n", "name: A-ASW-05\n"))
text_case("assumed_of_no_field", Edit(A, "rated_kva: smallest usual size", "rated_kav: smallest usual size"))
text_case("clause_text_wrong", Edit(F, "clause: T476-492 ▲", "clause: line 476"))
text_case("folder_not_yaml", Edit("catalog/optic.yml", "", "optics: []\n"))
text_case(
    "policy_unknown",
    Edit(
        P,
        "  tender: GXZC",
        "  policy: [{name: rack.kw_max, value: 6, reason: lease says so}]\n  tender: GXZC",
    ),
)
text_case(
    "policy_misshapen",
    Edit(
        P,
        "  tender: GXZC",
        "  policy: [{name: rack.alloc_util_max, value: high, reason: lease says so}]\n  tender: GXZC",
    ),
)
text_case(
    "policy_out_of_range",
    Edit(
        P,
        "  tender: GXZC",
        "  policy: [{name: rack.alloc_util_max, value: 90, reason: lease says so}]\n  tender: GXZC",
    ),
)
text_case(
    "policy_pair_misshapen",
    Edit(
        P,
        "  tender: GXZC",
        "  policy: [{name: vlan.business, value: 100, reason: lease says so}]\n  tender: GXZC",
    ),
)
text_case(
    "policy_tightened",
    Edit(
        P,
        "  tender: GXZC",
        "  policy: [{name: rack.alloc_util_max, value: 0.80, reason: hot aisle not closed yet}]\n  tender: GXZC",
    ),
)
text_case("ups_range", Edit(A, "power_factor: 1.0, autonomy_min: 15", "power_factor: 1.2, autonomy_min: 15"))
text_case("plan_unknown_key", Edit("plan/asns.yml", "{asn: 65102, pool", "{as: 65102, pool"))
text_case("plan_value_wrong", Edit("plan/asns.yml", "{asn: 65102, pool", "{asn: '65102', pool"))
text_case("full_width_digits", Edit(F, "count: 12", "count: １２", after="name: a-ecs\n"))
text_case(
    "device_type_without_our_key",
    Edit(
        "catalog/device-types/Acme/s1.yaml",
        "",
        "manufacturer: Acme\nmodel: S1\nslug: acme-s1\nu_height: 2\nis_full_depth: true\n",
    ),
)
