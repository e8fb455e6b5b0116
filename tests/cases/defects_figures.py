"""Cases: what the tender states: counts, licences, optics, clauses, waivers."""

from __future__ import annotations

from tests.cases.breaking import Edit, text_case

F, L, N, Q, P = "fleets.yml", "licences.yml", "network.yml", "requirements.yml", "project.yml"
A = "sites/a.yml"

text_case("one_more_server", Edit(F, "count: 12", "count: 13", after="name: a-ecs\n"))
text_case("one_more_server_replanned", Edit(F, "count: 12", "count: 13", after="name: a-ecs\n"), replan=True)
text_case("one_server_less", Edit(F, "count: 12", "count: 11", after="name: a-ecs\n"))
text_case("one_server_less_replanned", Edit(F, "count: 12", "count: 11", after="name: a-ecs\n"), replan=True)
text_case(
    "licence_too_small",
    Edit(
        L,
        "{amount: 768, unit: core, measure: cores}",
        "{amount: 704, unit: core, measure: cores}",
        after="name: lic-1.6\n",
    ),
)
text_case(
    "licence_too_large",
    Edit(
        L,
        "{amount: 768, unit: core, measure: cores}",
        "{amount: 832, unit: core, measure: cores}",
        after="name: lic-1.6\n",
    ),
)
text_case("licence_of_storage_too_small", Edit(L, "amount: 864", "amount: 792", after="name: lic-1.5\n"))
text_case("licence_fleet_removed", Edit(L, "a-control-2, a-datazone-offline, a-ops]", "a-control-2, a-ops]"))
text_case("licence_without_fleet", Edit(L, "    fleets: [a-ecs]\n", "", after="name: lic-1.6\n"))
text_case("licence_fleet_unknown", Edit(L, "fleets: [a-ecs]", "fleets: [a-esc]", after="name: lic-1.6\n"))
text_case("licence_of_wrong_fleet", Edit(L, "fleets: [a-ecs]", "fleets: [a-block]", after="name: lic-1.6\n"))
text_case(
    "licence_removed",
    Edit(
        L,
        """  - name: lic-1.6
    title: {en: ECS elastic compute, zh: ECS弹性计算}
    site: A
    metrics:
      - {amount: 768, unit: core, measure: cores}
    fleets: [a-ecs]
    clause: T1029-1057 ▲
""",
        "",
    ),
)
text_case(
    "licence_quantity_2", Edit(L, "    site: A\n", "    site: A\n    quantity: 2\n", after="name: lic-1.6\n")
)
text_case("managed_nodes_too_few", Edit(L, "amount: 150", "amount: 120", after="name: lic-1.12\n"))
text_case(
    "statement_of_switches_wrong", Edit(L, "amount: 6\n", "amount: 8\n", after="name: access-switches-b\n")
)
text_case("statement_of_racks_wrong", Edit(L, "amount: 40\n", "amount: 42\n", after="name: leased-racks\n"))
text_case(
    "statement_met", Edit(L, "amount: 213\n", "amount: 191\n", after="name: new-servers-of-probe-clause\n")
)
text_case(
    "statements_contradict",
    Edit(
        L,
        "  - name: leased-racks\n",
        "  - name: leased-racks-letter\n    text: {en: 38 racks, zh: 38个机柜}\n    measure: racks\n    amount: 38\n  - name: leased-racks\n",
    ),
)
text_case("optics_of_a_supply_lowered", Edit("supplies.yml", "quantity: 16", "quantity: 12"))
text_case(
    "optics_of_a_supply_too_few",
    Edit("supplies.yml", "quantity: 8\n", "quantity: 4\n", after="name: b-access-optics\n"),
)
text_case(
    "supply_to_the_wrong_switches",
    Edit(
        "supplies.yml",
        "fits: [B-DSW-1, B-DSW-2, B-DSW-3, B-DSW-4]",
        "fits: [A-DSW-1, A-DSW-2, A-DSW-3, A-DSW-4]",
    ),
)
text_case(
    "supply_of_another_optic",
    Edit("supplies.yml", "item: qsfpp-40g-isr4", "item: qsfpp-40g-lr4", after="name: b-core-optics\n"),
)
text_case("supply_without_a_place", Edit("supplies.yml", "    fits: [B-LSW-01]\n", ""))
text_case(
    "dac_per_unit_0",
    Edit(N, "item: dac-qsfpp-40g, per_unit: 1", "item: dac-qsfpp-40g, per_unit: 0", after="name: A-ASW-02\n"),
)
text_case(
    "optics_per_unit_lowered",
    Edit(N, "item: qsfpp-40g-sr4, per_unit: 4", "item: qsfpp-40g-sr4, per_unit: 3", after="name: B-ASW-01\n"),
)
text_case("server_optics_per_unit_lowered", Edit(F, "per_unit: 2", "per_unit: 1", after="name: b-block\n"))
text_case("pue_too_high", Edit(A, "pue: null", "pue: 1.6"))
text_case("pue_fine", Edit(A, "pue: null", "pue: 1.35"))
text_case("pue_as_text", Edit(A, "pue: null", "pue: about 1.4"))
text_case("room_shared", Edit(A, "customer_only: null ", "customer_only: false"))
text_case("one_utility_feed", Edit(A, "utility_feeds: null", "utility_feeds: 1"))
text_case("city_wrong", Edit(A, "city: null", "city: 柳州"))
text_case("ups_n_plus_1", Edit(A, "ups_redundancy: null", "ups_redundancy: N+1"))
text_case("containment_none", Edit(A, "contained_aisle: null", "contained_aisle: none"))
text_case("video_30_days", Edit(A, "video_retention_days: null", "video_retention_days: 30"))
text_case("fact_misspelt", Edit(A, "      pue: null\n", "      peu: 1.35\n"))
text_case("fact_nobody_asks_for", Edit(A, "      pue: null\n", "      pue: null\n      wue: 1.2\n"))
text_case("clause_fact_misspelt", Edit(Q, "fact: rated_kw", "fact: rated_kv"))
text_case("clause_value_raised", Edit(Q, "value: 32", "value: 40"))
text_case("clause_value_8_kw", Edit(Q, "    value: 5\n", "    value: 8\n"))
text_case(
    "clause_value_of_text",
    Edit(
        Q,
        "    value: 15\n    unit: min\n    clause: T3816",
        "    value: fifteen\n    unit: min\n    clause: T3816",
    ),
)
text_case("clause_fuel_12_h", Edit(Q, "    value: 8\n    unit: h", "    value: 12\n    unit: h"))
text_case("lease_of_6_months", Edit(P, "lease_months: null   #", "lease_months: 6   #"))
text_case("lease_of_45_racks", Edit(Q, "value: 40\n    unit: racks", "value: 45\n    unit: racks"))
text_case("site_of_fleet_open", Edit(F, "site: A\n", "site: null\n", after="name: a-probe\n"))
text_case(
    "waiver_matching_nothing",
    Edit(
        "waivers.yml",
        "waivers:\n",
        "waivers:\n  - {code: PWR003, subject: A01-A01, reason: accepted by the customer, by: project lead, until: '2027-01-01'}\n",
    ),
)
text_case(
    "waiver_expired",
    Edit(
        "waivers.yml",
        "waivers:\n",
        "waivers:\n  - {code: CAP001, subject: 'A/A-DSW-1, A-DSW-2, A-DSW-3, A-DSW-4/qsfpp-40g-isr4', reason: eight more are ordered, by: project lead, until: '2026-01-31'}\n",
    ),
)
text_case(
    "waiver_in_force",
    Edit(
        "waivers.yml",
        "waivers:\n",
        "waivers:\n  - {code: CAP001, subject: 'A/*', reason: eight more are ordered, by: project lead, until: '2027-01-31'}\n",
    ),
)
text_case(
    "waiver_date_impossible",
    Edit(
        "waivers.yml",
        "waivers:\n",
        "waivers:\n  - {code: CAP001, subject: 'A/*', reason: eight more are ordered, by: project lead, until: '2027-02-31'}\n",
    ),
)
text_case(
    "waiver_code_unknown",
    Edit(
        "waivers.yml",
        "waivers:\n",
        "waivers:\n  - {code: CAP999, subject: 'A/*', reason: eight more are ordered, by: project lead, until: '2027-01-31'}\n",
    ),
)
text_case(
    "gpu_servers_listed",
    Edit(
        L,
        "    metrics:\n      - {amount: 480, unit: core, measure: cores}\n",
        "    metrics:\n      - {amount: 440, unit: core, measure: cores}\n",
    ),
)
