"""Cases: failure domains, quorums, services and the links between the sites."""

from __future__ import annotations

from tests.cases.breaking import Bench, Case, Edit, case, text_case

S, F = "services.yml", "fleets.yml"

text_case(
    "copies_5",
    Edit(
        S,
        "{name: a-block, fleets: [a-block], copies: 3, racks_min: 3, pairs_min: 3,",
        "{name: a-block, fleets: [a-block], copies: 7, racks_min: 7, pairs_min: 7,",
    ),
)
text_case(
    "copies_more_than_pairs",
    Edit(S, "{name: a-block, fleets: [a-block], copies: 3,", "{name: a-block, fleets: [a-block], copies: 5,"),
)
text_case(
    "group_of_two_racks",
    Edit(
        S,
        "{name: a-block, fleets: [a-block], copies: 3, racks_min: 3, pairs_min: 3,",
        "{name: a-block, fleets: [a-block], copies: 3, racks_min: 2, pairs_min: 3,",
    ),
)
text_case(
    "erasure_without_shards",
    Edit(
        S,
        "{name: a-object, fleets: [a-object], copies: 3,",
        "{name: a-object, fleets: [a-object], scheme: erasure, copies: 3,",
    ),
)
text_case(
    "erasure_too_dense",
    Edit(
        S,
        "{name: a-object, fleets: [a-object], copies: 3,",
        "{name: a-object, fleets: [a-object], scheme: erasure, data_shards: 8, parity_shards: 1, copies: 3,",
    ),
)
text_case(
    "control_votes_of_fleet_wrong",
    Edit(S, "{site: A, votes: 4, fleet: a-control-2}", "{site: A, votes: 3, fleet: a-control-2}"),
)
text_case(
    "votes_at_one_site",
    Edit(
        S,
        "      - {site: A, votes: 1}\n      - {site: B, votes: 1}\n    automatic_failover: false",
        "      - {site: A, votes: 2}\n      - {site: B, votes: 1}\n    automatic_failover: false",
    ),
)
text_case(
    "automatic_failover_with_even_votes", Edit(S, "automatic_failover: false", "automatic_failover: true")
)
text_case(
    "service_at_one_site",
    Edit(
        S,
        "    mode: active-active\n    sites: [A, B]\n",
        "    mode: active-active\n    sites: [A]\n",
        after="name: object-storage\n",
    ).__class__(S, "sites: [A, B]", "sites: [A]", after="name: object-storage\n"),
)
text_case("service_single", Edit(S, "mode: active-active", "mode: single", after="name: block-storage\n"))
text_case(
    "dependency_missing_at_a_site",
    Edit(
        S, "depends_on: [cloud-control]", "depends_on: [cloud-control, datazone]", after="name: app-monitor\n"
    ),
)
text_case(
    "services_in_a_circle",
    Edit(
        S,
        "    mode: active-active\n",
        "    mode: active-active\n    depends_on: [ecs]\n",
        after="name: cloud-control\n",
    ),
)
text_case(
    "service_depends_on_itself",
    Edit(
        S,
        "    mode: active-active\n",
        "    mode: active-active\n    depends_on: [cloud-control]\n",
        after="name: cloud-control\n",
    ),
)
text_case(
    "one_dci_link",
    Edit(
        S,
        "  - {name: dci-2, a: A, b: B, clause: T3842 ▲, notes: nothing is stated yet; to be filled from the operator's offer}\n",
        "",
    ),
)
DCI = (
    "  - {name: dci-1, a: A, b: B, clause: T3842 ▲, notes: nothing is stated yet; to be filled from the operator's offer}\n"
    "  - {name: dci-2, a: A, b: B, clause: T3842 ▲, notes: nothing is stated yet; to be filled from the operator's offer}\n"
)
FULL = "  - {{name: dci-1, a: A, b: B, carrier: {c1}, conduit: p1, entry_a: n, entry_b: n, equipment: e1, power_side: a, route_km: {km}, bandwidth_gbps: {gb}, peak_gbps: 20, encrypted: {enc}}}\n  - {{name: dci-2, a: A, b: B, carrier: {c2}, conduit: p2, entry_a: s, entry_b: s, equipment: e2, power_side: b, route_km: 35, bandwidth_gbps: 40, peak_gbps: 20, encrypted: true}}\n"
GONE = tuple(
    (code, subject)
    for code, subject in (
        ("RED021", "dci-1+dci-2"),
        ("RED022", "dci-1"),
        ("RED022", "dci-2"),
        ("RED024", "dci-1"),
        ("RED024", "dci-2"),
    )
)


def dci(
    name: str, c1: str = "one", c2: str = "two", km: str = "30", gb: str = "40", enc: str = "true"
) -> None:
    text_case(name, Edit(S, DCI, FULL.format(c1=c1, c2=c2, km=km, gb=gb, enc=enc)))


dci("dci_sound")
dci("dci_on_one_carrier", c2="one")
dci("dci_too_small", gb="22")
dci("dci_of_500_km", km="500")
dci("dci_not_encrypted", enc="false")
WITNESS = "sites:\n  - {name: W, role: witness, title: {en: W, zh: W}}\n"
text_case(
    "witness_over_the_other_site",
    Edit(
        "sites/w.yml",
        "",
        WITNESS
        + "quorums:\n  - name: db\n    title: {en: db, zh: db}\n    scope: site\n    votes:\n      - {site: A, votes: 1}\n      - {site: B, votes: 1}\n      - {site: W, votes: 1}\nsite_links:\n  - {name: w-a, a: A, b: W}\n  - {name: w-b, a: B, b: W, via: A}\n",
    ),
)
text_case(
    "ha_group_of_one",
    Edit(F, "    ha_group: cloud-hsm\n", "    ha_group: cloud-hsm-a\n", after="name: a-hsm\n"),
)
text_case(
    "even_replica",
    Edit(
        S,
        "{name: b-block, fleets: [b-block], copies: 3, racks_min: 3",
        "{name: b-block, fleets: [b-block], copies: 3, racks_min: 9",
    ),
)
text_case("quorum_of_unknown_fleet", Edit(S, "fleet: b-control-1}", "fleet: b-control-2}"))
text_case(
    "control_nodes_in_same_racks_allowed",
    Edit(
        F,
        "spread: {racks_min: 4, pairs_min: 2, max_per_rack: 1}",
        "spread: {racks_min: 5, pairs_min: 2, max_per_rack: 1}",
        after="name: b-control-1\n",
    ),
)
text_case(
    "both_on_one_sts",
    Edit(
        "sites/a.yml",
        "generators:\n",
        "sts:\n  - {name: STS-1, rack: A01-A01, rating_a: 16, transfer_ms: 6}\ngenerators:\n",
    ),
)
text_case(
    "sts_slow",
    Edit(
        "sites/a.yml",
        "generators:\n",
        "sts:\n  - {name: STS-1, rack: A01-A01, rating_a: 16, transfer_ms: 16}\ngenerators:\n",
    ),
)
text_case("fleet_service_unknown", Edit(F, "service: ecs\n", "service: esc\n", after="name: a-ecs\n"))
text_case("fleet_zone_wrong", Edit(F, "    zone: management\n", "    zone: core\n", after="name: a-ops\n"))


@case
def storage_crowded_in_one_rack(bench: Bench) -> Case:
    one, two = bench.device["b-object-001"], bench.device["b-object-002"]
    return Case(
        bench.change(
            two, (f"rack: {two.rack}", f"rack: {one.rack}"), (f"position: {two.position}", "position: 34")
        ),
    )
