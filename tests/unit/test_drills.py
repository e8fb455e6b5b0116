"""Drills on small platforms with known answers: what must be found violated, what must stay not evaluated."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from capacity.drill_codes import drill_findings
from capacity.drill_copies import usable_copies
from capacity.drill_model import Condition, Drill
from capacity.drills import drill, ground
from inventory.findings import Status
from inventory.load import load
from rackwright.checklist import register_all
from tests.platforms import Data, planned, platform, record, title
from topology.graph import layers
from topology.risk import shared_risks

register_all()
ROOT = Path(__file__).parents[2]
KINDS: Data = {
    "loss-a": {"kind": "power-loss", "site": "A"},
    "loss-b": {"kind": "power-loss", "site": "B"},
    "island-a": {"kind": "island", "site": "A"},
    "island-b": {"kind": "island", "site": "B"},
    "split": {"kind": "split-brain", "sites": ["A", "B"]},
    "db-a": {"kind": "single-product", "site": "A", "service": "db"},
    "side-a": {"kind": "power-side", "site": "A", "side": "a"},
    "side-b": {"kind": "power-side", "site": "A", "side": "b"},
    "racks": {"kind": "shared-risk", "each": {"risk": "rack"}},
    "carriers": {"kind": "shared-risk", "each": {"risk": "carrier"}},
    "back-a": {"kind": "failback", "of": "loss-a"},
    "real-a": {"kind": "exercise", "of": "loss-a"},
}


def prove(tmp_path: Path, data: Data, name: str, **more: Any) -> Drill:
    """One scenario of KINDS, changed by `more`, proved on a platform."""
    data["scenarios"] = [{"name": n, "title": title(n), **s} for n, s in KINDS.items() if n != name]
    data["scenarios"].append({"name": name, "title": title(name), **KINDS.get(name, {}), **more})
    inventory, plan = planned(tmp_path / "p", data)
    graphs = layers(inventory, plan)
    return drill(ground(inventory, plan, graphs, shared_risks(inventory, graphs)), inventory.scenarios[name])


def prove_alone(tmp_path: Path, data: Data, name: str) -> Drill:
    """One scenario of KINDS on a platform of one site."""
    data["scenarios"] = [{"name": name, "title": title(name), **KINDS[name]}]
    inventory, plan = planned(tmp_path / "p", data)
    graphs = layers(inventory, plan)
    return drill(ground(inventory, plan, graphs, shared_risks(inventory, graphs)), inventory.scenarios[name])


def violated(found: Drill) -> list[tuple[str, str]]:
    """(condition, subject) of everything violated."""
    return [(c.name, c.subject) for c in found.conditions if c.verdict == "violated"]


def one(found: Drill, name: str, subject: str = "") -> Condition:
    """The first condition of that name, of a subject that begins so."""
    return next(c for c in found.conditions if c.name == name and c.subject.startswith(subject))


def stage(name: str, duration_s: float | None, *after: str) -> Data:
    return {"name": name, "title": title(name), "duration_s": duration_s, "after": list(after)}


def four_racks() -> Data:
    """A platform whose copies can be made again after the loss of a rack."""
    data = platform(witness=True, store=4)
    for name in ("a-store", "b-store"):
        record(data, "fleets", name)["spread"] = {"racks_min": 4}
    return data


# ---------------------------------------------------------------- votes and fencing


@pytest.mark.parametrize("name", KINDS)
def test_nothing_is_violated_on_a_sound_platform(tmp_path: Path, name: str) -> None:
    assert violated(prove(tmp_path, four_racks(), name)) == []


def test_a_witness_behind_the_other_site_is_lost_with_it(tmp_path: Path) -> None:
    data = platform(witness=True)
    record(data, "site_links", "b-w")["via"] = "A"
    found = prove(tmp_path, data, "island-a")
    votes = one(found, "votes", "quorums/platform")
    assert votes.verdict == "violated"
    assert votes.arithmetic == "B 1 of 3"
    assert "W" in votes.message.en


def test_the_other_site_is_not_hurt_by_it(tmp_path: Path) -> None:
    data = platform(witness=True)
    record(data, "site_links", "b-w")["via"] = "A"
    assert one(prove(tmp_path, data, "island-b"), "votes", "quorums/platform").verdict == "holds"


def test_a_witness_only_one_site_reaches_goes_down_with_it(tmp_path: Path) -> None:
    data = platform(witness=True)
    data["site_links"] = [k for k in data["site_links"] if k["name"] != "b-w"]
    assert ("votes", "quorums/platform") in violated(prove(tmp_path, data, "loss-a"))


def test_without_a_witness_no_side_of_a_split_has_a_majority(tmp_path: Path) -> None:
    data = platform()
    record(data, "quorums", "platform")["automatic_failover"] = True
    found = prove(tmp_path, data, "split")
    assert violated(found) == [("one-majority", "quorums/platform")]
    assert one(found, "one-majority").arithmetic == "A 1/2, B 1/2"
    assert [[(p.sites, p.votes, p.majority) for p in b.parties] for b in found.ballots] == [
        [(("A",), 1, False), (("B",), 1, False)]
    ]


def test_without_a_witness_the_survivor_has_no_majority_unless_a_person_decides(tmp_path: Path) -> None:
    data = platform()
    by_hand = one(prove(tmp_path, data, "loss-a"), "votes", "quorums/platform")
    assert by_hand.verdict == "holds"
    assert "by hand" in by_hand.message.en
    record(data, "quorums", "platform")["automatic_failover"] = True
    assert ("votes", "quorums/platform") in violated(prove(tmp_path, data, "loss-a"))


def test_a_witness_votes_once_in_a_split(tmp_path: Path) -> None:
    ballot = prove(tmp_path, platform(witness=True), "split").ballots[0]
    assert [(p.sites, p.votes) for p in ballot.parties] == [(("A", "W"), 2), (("B",), 1)]


def test_two_witnesses_may_part(tmp_path: Path) -> None:
    data = platform(witness=True)
    data["sites"].append({"name": "V", "role": "witness", "title": title("V")})
    data["site_links"] += [{"name": "a-v", "a": "A", "b": "V"}, {"name": "b-v", "a": "B", "b": "V"}]
    record(data, "quorums", "platform")["votes"].append({"site": "V", "votes": 1})
    assert violated(prove(tmp_path, data, "split")) == [("one-majority", "quorums/platform")]


@pytest.mark.parametrize(
    ("fencing", "verdict"), [("network", "holds"), ("none", "violated"), (None, "not evaluated")]
)
def test_fencing_is_stated_or_not_evaluated(tmp_path: Path, fencing: str | None, verdict: str) -> None:
    data = platform(witness=True)
    record(data, "quorums", "platform")["fencing"] = fencing
    assert one(prove(tmp_path, data, "island-a"), "fencing").verdict == verdict
    assert one(prove(tmp_path, data, "split"), "fencing").verdict == verdict


def test_an_island_must_not_keep_the_majority(tmp_path: Path) -> None:
    data = platform(witness=True)
    record(data, "quorums", "platform")["votes"][0]["votes"] = 3
    found = prove(tmp_path, data, "island-a")
    assert ("fencing", "quorums/platform") in violated(found)
    assert ("votes", "quorums/platform") in violated(found)


def test_no_quorum_over_sites_is_not_evaluated(tmp_path: Path) -> None:
    data = platform(witness=True)
    data["quorums"] = [q for q in data["quorums"] if q["name"] != "platform"]
    record(data, "services", "db")["quorums"].remove("platform")
    assert one(prove(tmp_path, data, "split"), "one-majority").verdict == "not evaluated"


def test_a_link_in_the_same_duct_is_cut_as_well(tmp_path: Path) -> None:
    data = platform(witness=True)
    for name in ("dci-1", "b-w"):
        record(data, "site_links", name)["conduit"] = "north"
    found = prove(tmp_path, data, "island-a")
    votes = [c for c in found.conditions if c.name == "votes" and c.subject == "quorums/platform"]
    assert {(c.case, c.verdict) for c in votes} == {
        ("", "holds"),
        ("with all in the same duct", "violated"),
    }


def test_a_running_link_between_the_sites_is_part_of_the_split(tmp_path: Path) -> None:
    data = platform(witness=True)
    data["existing_links"] = [{"name": "old", "a": "A-C1", "b": "B-C1", "count": 2, "speed_gbps": 10.0}]
    found = prove(tmp_path, data, "split")
    assert {"existing-link/old/1", "existing-link/old/2"} <= found.cases[0].failed
    assert len(found.ballots[0].parties) == 2


# ---------------------------------------------------------------- services


def test_too_little_capacity_is_shown_with_its_sum(tmp_path: Path) -> None:
    data = platform(witness=True)
    record(data, "services", "app")["demand"] = {"measure": "cores", "amount": 60.0, "critical_share": 0.9}
    found = one(prove(tmp_path, data, "loss-a"), "capacity", "services/app")
    assert found.verdict == "violated"
    assert found.arithmetic == "48 cores x 0.85 = 40.8 < 60 x 0.9 = 54"
    record(data, "services", "app")["demand"]["critical_share"] = 0.68  # 40.8: exactly what is left
    assert one(prove(tmp_path, data, "loss-a"), "capacity", "services/app").verdict == "holds"


def test_without_a_demand_capacity_is_not_evaluated(tmp_path: Path) -> None:
    found = prove(tmp_path, platform(witness=True), "loss-a")
    assert {c.verdict for c in found.conditions if c.name == "capacity"} == {"not evaluated"}
    assert found.verdict == "not evaluated"


def test_a_condition_that_meets_nothing_is_not_evaluated(tmp_path: Path) -> None:
    data = platform(witness=True)
    for service in data["services"]:
        service["protected"] = False
    found = prove(tmp_path, data, "loss-a")
    assert {one(found, n).verdict for n in ("instance", "dependencies", "capacity", "rto")} == {
        "not evaluated"
    }


def test_a_dependency_at_the_lost_site_only_takes_what_needs_it(tmp_path: Path) -> None:
    data = platform(witness=True)
    record(data, "services", "store")["sites"] = ["A"]
    record(data, "services", "store")["mode"] = "single"
    found = violated(prove(tmp_path, data, "loss-a"))
    assert ("instance", "services/store") in found
    assert {("dependencies", "services/db@B"), ("dependencies", "services/app@B")} <= set(found)
    assert ("dependencies", "services/store@B") not in found


def test_services_that_need_each_other_end(tmp_path: Path) -> None:
    data = platform(witness=True)
    record(data, "services", "store")["depends_on"] = ["app"]
    assert prove(tmp_path, data, "loss-a").conditions


def test_the_way_of_the_users_is_named(tmp_path: Path) -> None:
    found = prove(tmp_path, platform(witness=True, routers=True), "loss-a")
    assert one(found, "path", "services/db@B").message.en == "B-R1 > B-C1 > B-P1A > b-db-001"


def test_a_listed_firewall_must_be_reached(tmp_path: Path) -> None:
    data = platform(witness=True)
    assert one(prove(tmp_path, data, "loss-a"), "path", "firewall at B").verdict == "not evaluated"
    data["existing_switches"].append({"name": "B-FW", "title": title("fw"), "site": "B", "role": "firewall"})
    assert one(prove(tmp_path, data, "loss-a"), "path", "firewall at B").verdict == "holds"
    fail = [{"site": "A"}, {"elements": ["device/B-FW"]}]
    found = prove(tmp_path, data, "own", kind="custom", fail=fail, must=[{"holds": "path"}])
    assert one(found, "path", "firewall at B").verdict == "violated"


def test_a_standby_without_devices_is_no_standby(tmp_path: Path) -> None:
    data = platform(witness=True)
    record(data, "fleets", "b-db")["service"] = None
    found = prove(tmp_path, data, "loss-a")
    assert ("instance", "services/db@B") in violated(found)


def test_infrastructure_is_judged_once_it_is_declared(tmp_path: Path) -> None:
    data = platform(witness=True)
    found = prove(tmp_path, data, "loss-a")
    assert {c.verdict for c in found.conditions if c.name == "infrastructure"} == {"not evaluated"}
    data["services"].append({"name": "dns", "title": title("dns"), "mode": "single", "sites": ["A"]})
    assert one(prove(tmp_path, data, "loss-a"), "infrastructure", "services/dns").verdict == "violated"


def test_a_product_that_others_need_takes_them_along(tmp_path: Path) -> None:
    data = platform(witness=True)
    record(data, "services", "store")["sites"] = ["A"]
    found = prove(tmp_path, data, "db-a", service="store")
    assert {s for c, s in violated(found) if c == "others"} == {"services/db", "services/app"}


@pytest.mark.parametrize(("km", "verdict"), [(20.0, "holds"), (300.0, "violated"), (None, "not evaluated")])
def test_latency_follows_the_route(tmp_path: Path, km: float | None, verdict: str) -> None:
    data = platform(witness=True)
    record(data, "site_links", "dci-1")["route_km"] = km
    found = one(prove(tmp_path, data, "db-a"), "latency", "site_links/dci-1")
    assert found.verdict == verdict
    if km == 300.0:
        assert found.arithmetic == "2 x 300 km x 0.0049 + 0.2 = 3.14 ms > 2 ms"


# ---------------------------------------------------------------- power, fabric, copies


def test_a_single_cord_without_a_transfer_switch_goes_dark_on_one_side(tmp_path: Path) -> None:
    data = platform(witness=True, single_corded=True)
    assert violated(prove(tmp_path, data, "side-a")) == violated(prove(tmp_path, data, "side-b")) == []
    record(data, "fleets", "a-one").pop("sts")
    dark = [one(prove(tmp_path, data, n), "power") for n in ("side-a", "side-b")]
    assert sorted(c.verdict for c in dark) == ["holds", "violated"]
    assert "a-one-001" in next(c for c in dark if c.verdict == "violated").message.en


def test_both_feeds_on_one_ups_side_go_dark_together(tmp_path: Path) -> None:
    data = platform(witness=True)
    record(data, "panels", "A01-PB")["ups"] = "A-UA"
    found = prove(tmp_path, data, "side-a")
    assert one(found, "power").verdict == "violated"
    assert one(prove(tmp_path, data, "side-b"), "power").verdict == "holds"


def test_a_breaker_that_opens_takes_its_services_along(tmp_path: Path) -> None:
    data = platform(("A",))
    record(data, "panels", "A01-PB")["breaker_a"] = 1.0
    found = prove_alone(tmp_path, data, "side-a")
    assert any(c == "loads" and s.startswith(("panel/A01-PB", "phase/A01-PB")) for c, s in violated(found))
    assert ("services", "services/db") in violated(found)


def test_an_overloaded_side_is_told_with_watts(tmp_path: Path) -> None:
    data = platform(witness=True)
    record(data, "ups", "A-UB")["rated_kva"] = 1.0
    found = prove(tmp_path, data, "side-a")
    assert any(s == "ups/A-UB" for c, s in violated(found) if c == "loads")


def test_a_rating_nobody_knows_is_not_evaluated(tmp_path: Path) -> None:
    data = platform(witness=True)
    record(data, "ups", "A-UB").pop("rated_kva")
    found = one(prove(tmp_path, data, "side-a"), "loads", "ups")
    assert found.verdict == "not evaluated"


def test_three_racks_cannot_make_three_copies_again(tmp_path: Path) -> None:
    data = platform(witness=True, racks=3)
    found = prove(tmp_path, data, "racks")
    copies = [c for c in found.conditions if c.name == "copies" and c.verdict == "violated"]
    assert copies
    assert {c.arithmetic for c in copies} == {"2 < 3"}


def test_four_racks_can(tmp_path: Path) -> None:
    found = prove(tmp_path, four_racks(), "racks")
    assert {c.verdict for c in found.conditions if c.name == "copies"} == {"holds"}


def test_usable_room_equals_search_by_halves() -> None:
    dice = random.Random(5)
    for _ in range(300):
        sizes = [float(dice.randint(0, 40)) for _ in range(dice.randint(0, 7))]
        copies = dice.randint(1, 5)
        low, high = 0.0, 1000.0
        for _ in range(60):
            middle = (low + high) / 2
            if sum(min(c, middle) for c in sizes) + 1e-9 >= copies * middle:
                low = middle
            else:
                high = middle
        assert usable_copies(sizes, copies) == pytest.approx(low, abs=1e-6)


def test_usable_room_of_published_layouts() -> None:
    assert usable_copies([144.0] * 6, 3) == 288
    assert usable_copies([288.0, 144.0, 144.0], 3) == 144
    assert usable_copies([144.0] * 4, 3) == 192


def test_a_limit_of_its_own(tmp_path: Path) -> None:
    must = [{"holds": "oversubscription", "limit": 0.001}]
    found = prove(tmp_path, platform(witness=True), "racks", must=must)
    assert ("oversubscription", "pairs/A-P1") in violated(found)


def test_carriers_are_judged_once_they_are_known(tmp_path: Path) -> None:
    data = platform(witness=True)
    found = prove(tmp_path, data, "carriers")
    assert found.verdict == "not evaluated"
    assert found.cases == ()
    for name in ("dci-1", "dci-2"):
        record(data, "site_links", name)["carrier"] = "one"
    assert ("paths", "A-B") in violated(prove(tmp_path, data, "carriers"))
    record(data, "site_links", "dci-2")["carrier"] = "two"
    found = prove(tmp_path, data, "carriers")
    assert [c.name for c in found.cases] == ["carrier:one", "carrier:two"]
    assert violated(found) == []


# ---------------------------------------------------------------- time and papers


def timed(data: Data) -> Data:
    """Stages for every service: store 20 s, db 10 + 60 s, app 5 s; a target for db."""
    record(data, "services", "store")["switchover"] = [stage("move", 20.0)]
    record(data, "services", "db")["switchover"] = [
        stage("fence", 10.0), stage("warm", 30.0), stage("promote", 60.0, "fence", "warm"),
    ]  # fmt: skip
    record(data, "services", "app")["switchover"] = [stage("restart", 5.0)]
    record(data, "services", "db")["rto_s"] = 155.0
    return data


def test_recovery_is_the_longest_chain_behind_its_dependencies(tmp_path: Path) -> None:
    found = prove(tmp_path, timed(platform(witness=True)), "loss-a", detect_s=15.0, decide_s=30.0)
    db = next(r for r in found.recoveries if r.service == "db")
    assert [f"{leg.service}/{leg.stage}" for leg in db.legs] == ["store/move", "db/warm", "db/promote"]
    assert db.total_s == 155
    assert (
        db.arithmetic == "detect 15 + decide 30 + store/move 20 + db/warm 30 + db/promote 60 = 155 s <= 155 s"
    )
    assert one(found, "rto", "services/db").verdict == "holds"
    assert next(r for r in found.recoveries if r.service == "app").total_s == 160


def test_one_second_more_is_above_the_target(tmp_path: Path) -> None:
    found = prove(tmp_path, timed(platform(witness=True)), "loss-a", detect_s=16.0, decide_s=30.0)
    assert ("rto", "services/db") in violated(found)


@pytest.mark.parametrize("unknown", ["detect", "stage", "dependency", "none"])
def test_an_unknown_time_is_never_zero(tmp_path: Path, unknown: str) -> None:
    data = timed(platform(witness=True))
    if unknown == "stage":
        record(data, "services", "db")["switchover"][0]["duration_s"] = None
    if unknown == "dependency":
        record(data, "services", "store").pop("switchover")
    times = {"decide_s": 30.0} if unknown == "detect" else {"detect_s": 15.0, "decide_s": 30.0}
    found = one(prove(tmp_path, data, "loss-a", **times), "rto", "services/db")
    assert found.verdict == ("holds" if unknown == "none" else "not evaluated")


def test_a_standby_that_is_lost_moves_nobody(tmp_path: Path) -> None:
    found = prove(tmp_path, timed(platform(witness=True)), "loss-b", detect_s=15.0, decide_s=30.0)
    assert [r.service for r in found.recoveries] == ["store", "app"]


def test_stages_in_a_circle_have_no_order(tmp_path: Path) -> None:
    data = timed(platform(witness=True))
    record(data, "services", "db")["switchover"] = [stage("a", 1.0, "b"), stage("b", 1.0, "a")]
    found = prove(tmp_path, data, "back-a")
    assert violated(found) == [("order", "services/db")]
    assert (
        one(prove(tmp_path, data, "loss-a", detect_s=1.0, decide_s=1.0), "rto", "services/db").verdict
        == "not evaluated"
    )


def test_a_stage_after_nothing_is_told(tmp_path: Path) -> None:
    data = timed(platform(witness=True))
    record(data, "services", "db")["switchover"] = [stage("a", 1.0, "z")]
    assert "z" in one(prove(tmp_path, data, "back-a"), "order", "services/db").message.en


def test_copying_back_takes_what_the_narrowest_link_gives(tmp_path: Path) -> None:
    data = platform(witness=True)
    found = one(prove(tmp_path, data, "back-a", resync_tb=10.0), "resync")
    assert (found.verdict, found.arithmetic) == ("holds", "10 TB x 8000 / (10 Gb/s x 0.7 x 3600) = 3.17 h")
    found = one(prove(tmp_path, data, "back-a", resync_tb=10.0, window_min=180.0), "resync")
    assert found.verdict == "violated"
    assert one(prove(tmp_path, data, "back-a"), "resync").verdict == "not evaluated"


def test_a_real_drill_has_the_conditions_of_what_it_injects_and_its_papers(tmp_path: Path) -> None:
    data = platform(witness=True)
    names = {c.name for c in prove(tmp_path, data, "real-a").conditions}
    assert {"approval", "devices", "instance", "votes", "capacity"} <= names
    signed = {"document": "DR-1", "by": "director", "date": "2026-01-31"}
    found = prove(tmp_path, data, "real-a", approval=signed)
    assert one(found, "approval").verdict == "holds"
    assert one(prove(tmp_path, data, "real-a"), "approval").verdict == "not evaluated"


# ---------------------------------------------------------------- scenarios of one's own


def test_a_scenario_without_code(tmp_path: Path) -> None:
    data = platform(witness=True)
    fail = [{"elements": ["device/A-C*"]}, {"risks": ["rack:B01-A01"]}, {"power_side": "a", "at_site": "B"}]
    found = prove(
        tmp_path, data, "own", kind="custom", fail=fail, must=[{"holds": "services", "services": ["db"]}]
    )
    assert {"device/A-C1", "device/A-C2", "ups/B-UA"} <= found.cases[0].failed
    assert any("B01-A01" in k for k in found.cases[0].failed)
    assert [c.name for c in found.conditions] == ["services"]


def test_a_name_that_nothing_bears_is_an_error_with_its_place(tmp_path: Path) -> None:
    data = platform(witness=True)
    fail = [{"elements": ["device/A-C1"]}, {"elements": ["device/A-C11"], "risks": ["rak:A01-A01"]}]
    found = prove(tmp_path, data, "own", kind="custom", fail=fail, must=[{"holds": "services"}])
    assert [s.path for s in found.strangers] == [("fail", 1, "elements", 0), ("fail", 1, "risks", 0)]
    loaded = load(tmp_path / "p")
    assert loaded.inventory is not None
    findings = [f for f in drill_findings(loaded.inventory, found) if f.code == "RED062"]
    assert len(findings) == 2
    assert all(f.blocks and f.source and f.source.line > 1 for f in findings)
    assert findings[0].fix is not None
    assert "device/A-C1" in findings[0].fix.en


def test_a_kind_of_risk_that_does_not_exist(tmp_path: Path) -> None:
    found = prove(tmp_path, platform(witness=True), "own", kind="shared-risk", each={"risk": "racks-x"})
    assert found.cases == ()
    assert found.strangers[0].path == ("each", "risk")


BAD: dict[str, tuple[Data, str]] = {
    "no-site": ({"kind": "power-loss"}, "INV006"),
    "not-read": ({"kind": "power-loss", "site": "A", "side": "a"}, "INV007"),
    "one-site": ({"kind": "split-brain", "sites": ["A"]}, "INV007"),
    "nothing": ({"kind": "custom", "must": [{"holds": "services"}]}, "INV006"),
    "no-must": ({"kind": "custom", "fail": [{"site": "A"}]}, "INV006"),
    "empty-fail": ({"kind": "custom", "fail": [{}], "must": [{"holds": "services"}]}, "INV007"),
    "no-such-site": ({"kind": "island", "site": "C"}, "INV008"),
    "no-such-scenario": ({"kind": "failback", "of": "loss-c"}, "INV008"),
    "of-itself": ({"kind": "failback", "of": "back-a"}, "INV007"),
    "no-day": ({"kind": "exercise", "of": "loss-a", "approval": {"document": "x", "by": "y", "date": "2026-02-30"}}, "INV007"),
    "no-condition": ({"kind": "custom", "fail": [{"site": "A"}], "must": [{"holds": "luck"}]}, "INV007"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_faulty_scenario_is_one_finding(tmp_path: Path, name: str) -> None:
    fields, code = BAD[name]
    data = platform(witness=True)
    data["scenarios"] = [{"name": n, "title": title(n), **s} for n, s in KINDS.items()]
    data["scenarios"].append({"name": "bad", "title": title("bad"), **fields})
    with pytest.raises(ValueError, match=rf"^\S+ error {code} ") as told:
        planned(tmp_path / "p", data)
    assert str(told.value).count(" error ") == 1


# ---------------------------------------------------------------- the verb


def ask(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "rackwright", "drill", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def test_guangxi_verdicts() -> None:
    code, out, _ = ask("-p", "guangxi", "--format", "json", "--date", "2026-01-31")
    answer = json.loads(out)
    assert answer["basis"] == "expected"
    found = {
        s["name"]: {
            "verdict": s["verdict"],
            "cases": len(s["cases"]),
            "violated": sorted({f"{c['condition']} {c['subject']}" for c in s["conditions"] if c["verdict"] == "violated"}),
        }
        for s in answer["scenarios"]
    }  # fmt: skip
    golden = ROOT / "tests" / "golden" / "guangxi-drills.json"
    assert found == json.loads(golden.read_text(encoding="utf-8"))
    assert code == 1
    assert "observed" not in out


def test_the_list_and_a_scenario_say_expected_never_observed() -> None:
    code, out, _ = ask("-p", "guangxi")
    assert code == 1
    assert out.startswith("expected:")
    code, out, _ = ask("split-brain", "-p", "guangxi")
    assert code == 1
    assert "no side has a majority" in out
    assert "fencing not stated" in out


def test_not_evaluated_is_said_and_does_not_fail() -> None:
    code, out, _ = ask("product-rdb-a", "-p", "guangxi")
    assert code == 0
    assert "not evaluated" in out


def test_an_unknown_scenario_gets_a_hint() -> None:
    code, _, err = ask("split-brian", "-p", "guangxi")
    assert code == 2
    assert "did you mean split-brain?" in err


def test_a_waiver_covers_a_drill_and_check_leaves_it_alone(tmp_path: Path) -> None:
    data = platform()
    record(data, "quorums", "platform")["automatic_failover"] = True
    waiver = {"code": "RED060", "subject": "split/*", "reason": "no third place yet", "by": "director"}
    for until, code in (("2026-12-31", 0), ("2026-01-01", 1)):
        data["waivers"] = [{**waiver, "until": until}]
        prove(tmp_path, data, "split")
        place = str(tmp_path / "p")
        assert (
            subprocess.run(
                [sys.executable, "-m", "rackwright", "plan", "-p", place, "--no-documents"],
                cwd=ROOT,
                capture_output=True,
                check=False,
            ).returncode
            < 2
        )
        assert ask("split", "-p", place, "--date", "2026-06-01")[0] == code
        done = subprocess.run(
            [sys.executable, "-m", "rackwright", "check", "-p", place, "--code", "WVR"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "WVR002" not in done.stdout


def test_findings_tell_violated_from_not_evaluated(tmp_path: Path) -> None:
    data = platform()
    record(data, "quorums", "platform").update(automatic_failover=True, fencing=None)
    found = prove(tmp_path, data, "split")
    loaded = load(tmp_path / "p")
    assert loaded.inventory is not None
    findings = list(drill_findings(loaded.inventory, found))
    assert [f.code for f in findings if f.blocks] == ["RED060"]
    assert any(f.status is Status.NOT_EVALUATED for f in findings)
