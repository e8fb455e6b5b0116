"""What survives, on platforms whose answer is known: fabrics with a closed form, and single points put in by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain, combinations
from math import comb
from pathlib import Path

import pytest

from capacity.kernel import compile_structure, dead_bits, unpacked
from capacity.survival import structure
from capacity.survives import survives
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from tests.platforms import Data, planned, platform, record
from topology.elements import Layers
from topology.graph import layers
from topology.risk import shared_risks

Built = tuple[Inventory, Layers]
Edit = Callable[[Plan], Plan]


def built(folder: Path, data: Data, edit: Edit = lambda plan: plan) -> Built:
    inventory, plan = planned(folder, data)
    return inventory, layers(inventory, edit(plan))


# ---------------------------------------------------------------- closed forms


def minimal_cuts(of: Built, service: str, parts: Sequence[str]) -> list[tuple[str, ...]]:
    """Every minimal set of `parts` that takes the service down, by trying all subsets."""
    compiled = compile_structure(structure(*of))
    sets = list(chain.from_iterable(combinations(sorted(parts), n) for n in range(len(parts) + 1)))
    dead = dead_bits(compiled, [[compiled.leaf[key] for key in chosen] for chosen in sets])
    up = unpacked(compiled.evaluate(dead), len(sets))[compiled.outputs.index(service)]
    down = [frozenset(chosen) for chosen, works in zip(sets, up, strict=True) if not works]
    return [tuple(sorted(d)) for d in down if not any(other < d for other in down)]


def sizes(cuts: Iterable[Sequence[str]]) -> dict[int, int]:
    out: dict[int, int] = {}
    for cut in cuts:
        out[len(cut)] = out.get(len(cut), 0) + 1
    return dict(sorted(out.items()))


def fabric(planes: int, pairs: int, *, peer_links: int = 0) -> Data:
    """One site, `planes` cores, every member with one uplink to each; one app server on each pair and nothing else."""
    data = platform(("A",), pairs=pairs, app=pairs, db=0, store=0)
    core = record(data, "existing_switches", "A-C1")
    data["existing_switches"] = [s for s in data["existing_switches"] if s["role"] != "core"]
    data["existing_switches"] += [{**core, "name": f"A-C{n}"} for n in range(1, planes + 1)]
    data["services"] = [{**record(data, "services", "app"), "depends_on": [], "mode": "single"}]
    data["fleets"] = [
        {**data["fleets"][0], "name": f"app-{n}", "count": 1, "spread": {}, "attach": {"pairs": [f"A-P{n}"]}}
        for n in range(1, pairs + 1)
    ]
    for pair in data["pairs"]:
        pair["uplinks"].update(to=[f"A-C{n}" for n in range(1, planes + 1)], per_member=planes)
        if peer_links:
            pair["peer_link"]["count"] = peer_links
        else:
            pair.pop("peer_link")
            pair["mlag"] = False
    data.pop("replica_groups", None)
    data["quorums"] = []
    return data


@pytest.mark.parametrize(("planes", "pairs"), [(1, 1), (2, 1), (3, 1), (4, 1), (2, 2), (3, 2), (4, 3)])
def test_device_cuts_of_a_leaf_spine_fabric(tmp_path: Path, planes: int, pairs: int) -> None:
    """One server on each of n pairs, k planes: either all k spines, or for each server the server itself or both
    members of its pair; comb(n, s - n) cuts of size s of the second sort."""
    of = built(tmp_path, fabric(planes, pairs))
    devices = [k for k, e in of[1].elements.items() if e.kind == "device" and k[7:10] not in ("A-O", "A-M")]
    assert len(devices) == planes + 3 * pairs
    expected: dict[int, int] = {}
    for size in range(pairs, 2 * pairs + 1):
        expected[size] = comb(pairs, size - pairs)
    expected[planes] = expected.get(planes, 0) + 1
    assert sizes(minimal_cuts(of, "app", devices)) == dict(sorted(expected.items()))


@pytest.mark.parametrize("planes", [1, 2, 3])
def test_cable_cuts_of_an_unlinked_pair(tmp_path: Path, planes: int) -> None:
    """Two members on their own: on either side the access link or all k uplinks, so four cuts of 2, k+1, k+1, 2k."""
    of = built(tmp_path, fabric(planes, 1))
    cables = [f"cable/{key.partition('/')[2]}" for key in of[1].elements if key.startswith("cable/A-F")]
    assert len(cables) == 2 + 2 * planes
    expected = sizes([[""] * 2, [""] * (planes + 1), [""] * (planes + 1), [""] * 2 * planes])
    assert sizes(minimal_cuts(of, "app", cables)) == expected


@pytest.mark.parametrize(("planes", "peers"), [(1, 1), (2, 1), (2, 2)])
def test_cable_cuts_of_a_linked_pair(tmp_path: Path, planes: int, peers: int) -> None:
    """Peer-link of p cables, keepalive over one management cable each: both access links; all 2k uplinks (one member
    reaches the core through the other); the peer-link and what A alone then needs, its access link or its k uplinks,
    for B shuts its ports; and the peer-link with either management cable, for then both act alone."""
    of = built(tmp_path, fabric(planes, 1, peer_links=peers))
    kinds = {key: data["kind"] for _, _, key, data in of[1].physical.edges(keys=True, data=True)}
    member = {
        key
        for a, b, key in of[1].physical.edges(keys=True)
        if kinds[key] == "oob" and {a, b} & {"device/A-P1A", "device/A-P1B"}
    }
    cables = [k for k, kind in kinds.items() if kind in ("access", "uplink", "peer-link") or k in member]
    assert len(cables) == 2 + 2 * planes + peers + 2
    cuts = minimal_cuts(of, "app", cables)
    assert sizes(cuts) == sizes(
        [[""] * n for n in (2, 2 * planes, peers + 1, peers + planes, peers + 1, peers + 1)]
    )
    assert sum(bool(set(cut) & member) for cut in cuts) == 2


# ---------------------------------------------------------------- single points


def single_points(of: Built, service: str) -> set[str]:
    """Groups of shared risk that take a service down alone; gates and oracle must name the same."""
    inventory, layer = of
    risks = shared_risks(inventory, layer)
    assert survives(inventory, layer, ()).services[service], "down before anything failed"
    compiled = compile_structure(structure(inventory, layer))
    dead = dead_bits(compiled, [[compiled.leaf[k] for k in risk.members] for risk in risks])
    up = unpacked(compiled.evaluate(dead), len(risks))[compiled.outputs.index(service)]
    by_gates = {risk.key for risk, works in zip(risks, up, strict=True) if not works}
    by_oracle = {r.key for r in risks if not survives(inventory, layer, r.members).services[service]}
    assert by_gates == by_oracle
    return by_gates


def new_points(
    folder: Path, service: str, before: Data, after: Data, edit: Edit = lambda plan: plan
) -> set[str]:
    sound = single_points(built(folder / "before", before), service)
    return single_points(built(folder / "after", after, edit), service) - sound


def one_site() -> Data:
    return platform(("A",))


def test_sound_platform_of_two_sites_has_no_single_point(tmp_path: Path) -> None:
    of = built(tmp_path, platform(witness=True, routers=True))
    for service in ("app", "db", "store"):
        assert single_points(of, service) == set()


def test_shared_tray(tmp_path: Path) -> None:
    """All links between the edge routers and the core in one tray."""
    before, after = platform(("A",), routers=True), platform(("A",), routers=True)
    for link in after["existing_links"]:
        link["risks"] = {"tray": ["T-1"]}
    assert new_points(tmp_path, "app", before, after) == {"tray:T-1"}


def test_both_feeds_on_one_ups_side(tmp_path: Path) -> None:
    after = one_site()
    record(after, "panels", "A01-PB")["ups"] = "A-UA"
    assert new_points(tmp_path, "app", one_site(), after) == {"ups:A-UA", "power-side:A/a"}


def test_witness_behind_the_interconnect(tmp_path: Path) -> None:
    """B sees the witness only through A: without A it has one vote of three."""
    after = platform(witness=True)
    record(after, "site_links", "b-w")["via"] = "A"
    assert new_points(tmp_path, "db", platform(witness=True), after) == {"site:A", "room:A01"}


def test_ha_pair_on_one_transfer_switch(tmp_path: Path) -> None:
    after = one_site()
    after["sts"] = [{"name": "A-S1", "rack": "A01-A01", "rating_a": 16.0}]
    record(after, "fleets", "a-app").update(device_type="one-cord-server", sts="A-S1")
    found = new_points(tmp_path, "app", one_site(), after)
    assert {"sts:A-S1", "rack:A01-A01"} <= found
    assert not any(point.startswith(("feed:", "ups:", "pdu:", "panel:")) for point in found)


def test_both_links_on_one_card(tmp_path: Path) -> None:
    before, after = platform(("A",), app=1), platform(("A",), app=1)
    record(before, "fleets", "a-app")["device_type"] = "two-card-server"
    assert new_points(tmp_path, "app", before, after) == {"nic:a-app-001/1"}


def test_all_uplinks_on_one_line_card(tmp_path: Path) -> None:
    def one_core(cards: str) -> Data:
        data = one_site()
        data["existing_switches"] = [s for s in data["existing_switches"] if s["name"] != "A-C2"]
        data["pairs"][0]["uplinks"]["to"] = ["A-C1"]
        free = [{"card": card, "ports": f"{card}/0/[1-8]"} for card in cards]
        record(data, "existing_switches", "A-C1")["free_ports"] = free
        return data

    assert new_points(tmp_path, "app", one_core("12"), one_core("1")) == {"line-card:A-C1/1"}


def test_quorum_in_one_rack(tmp_path: Path) -> None:
    def gathered(plan: Plan) -> Plan:
        move = {"rack": "A01-A01"}
        devices = [d.model_copy(update=move) if d.owner == "a-db" else d for d in plan.devices]
        return replace(plan, devices=tuple(devices))

    assert "rack:A01-A01" in new_points(tmp_path, "db", one_site(), one_site(), gathered)


def test_dependency_at_one_site_only(tmp_path: Path) -> None:
    after = platform()
    record(after, "services", "store")["sites"] = ["A"]
    after["fleets"] = [f for f in after["fleets"] if f["name"] != "b-store"]
    after["replica_groups"] = [g for g in after["replica_groups"] if g["name"] != "b-store"]
    found = new_points(tmp_path, "app", platform(), after)
    assert {"site:A", "room:A01", "pair:A-P1"} <= found
    assert not any(":B" in point for point in found)


def test_peer_link_and_keepalive_in_one_tray(tmp_path: Path) -> None:
    """The peer-link alone costs nothing; together with the keepalive it leaves both members acting alone."""
    before, after = one_site(), one_site()
    record(after, "pairs", "A-P1")["keepalive"] = "port"
    _, plan = planned(tmp_path / "ids", after)
    between = [c.id for c in plan.cables if c.kind in ("peer-link", "keepalive")]
    assert len(between) == 3
    for data in (before, after):
        data["risk_groups"] = [
            {"name": "T-9", "kind": "tray", "title": {"en": "tray", "zh": "走线架"},
             "members": [f"cable/{name}" for name in between[: len(between) if data is after else 2]]}
        ]  # fmt: skip
    assert new_points(tmp_path, "app", before, after) == {"tray:T-9"}
