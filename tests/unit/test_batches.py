"""Batches of the Guangxi expansion, what a clash says, and when a change may be made."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from inventory.ansible_hosts import ansible_inventory
from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.plan_model import Plan
from inventory.plan_store import load_plan
from inventory.standing import Standing, standings
from topology.batch_groups import batched_inventory
from topology.batches import Override, batches, change_window, clashes, freeze_days, local_now


def guangxi() -> tuple[Inventory, Plan]:
    inventory, plan = load(PROJECTS / "guangxi").inventory, load_plan(PROJECTS / "guangxi").plan
    assert inventory is not None
    assert plan is not None
    return inventory, plan


INVENTORY, PLAN = guangxi()
SWITCHES = [d.name for d in INVENTORY.devices.values() if d.kind == "switch"]


def test_first_one_switch_then_its_partner_and_the_production_site_last() -> None:
    found = batches(INVENTORY, PLAN, SWITCHES)
    assert [(b.step, b.hosts) for b in found[:2]] == [
        ("canary", ("B-ASW-01A",)),
        ("pair", ("B-ASW-01B",)),
    ]
    assert [b.hold for b in found[:3]] == [True, True, True]
    sites = [str(INVENTORY.devices[b.hosts[0]].site) for b in found]
    assert sites == sorted(sites, reverse=True)
    assert max(len(b.hosts) for b in found) <= len(SWITCHES) * 0.25


def test_a_host_nobody_planned_is_refused() -> None:
    with pytest.raises(ValueError, match="not in the plan: SW-X"):
        batches(INVENTORY, PLAN, ["B-ASW-01A", "SW-X"])


def test_quorum_keeps_its_majority() -> None:
    control = [d for d in INVENTORY.devices if d.startswith(("a-control-1", "a-control-2"))]
    for batch in batches(INVENTORY, PLAN, control, share_max=1.0):
        assert len(batch.hosts) * 2 < len(control)


def test_storage_joins_one_node_of_a_replica_group_at_a_time() -> None:
    nodes = [d for d in INVENTORY.devices if d.startswith("a-block")]
    found = batches(INVENTORY, PLAN, nodes, share_max=1.0, one_per_group=True)
    assert [len(b.hosts) for b in found] == [1] * len(nodes)


def test_clashes_name_the_devices() -> None:
    known = standings(INVENTORY, PLAN)
    told = clashes(known[h] for h in ("A-ASW-01A", "A-ASW-01B", "B-ASW-01A"))
    assert [c.rule for c in told] == ["pair", "site"]
    assert told[0].reason == "A-ASW-01A and A-ASW-01B are both members of pair A-ASW-01"
    feeds = clashes([Standing("x", "server", "A", side="a"), Standing("y", "server", "A", side="b")])
    assert [c.rule for c in feeds] == ["feed"]


def test_standing_survives_host_variables() -> None:
    hosts = ansible_inventory(INVENTORY, PLAN)["_meta"]["hostvars"]
    for name, standing in standings(INVENTORY, PLAN).items():
        assert Standing.from_vars(name, hosts[name]) == standing


def test_groups_hold_every_host_of_a_kind_once_and_in_order() -> None:
    groups = batched_inventory(INVENTORY, PLAN)
    listed = groups["batches_switch"]["hosts"]
    assert sorted(listed) == sorted(SWITCHES)
    numbers = [groups["_meta"]["hostvars"][h]["rackwright_batch"] for h in listed]
    assert numbers == sorted(numbers)
    assert groups["batch_switch_01"]["hosts"] == listed[:1]


@pytest.mark.parametrize(
    ("now", "allowed", "words"),
    [
        ("2026-06-10T00:00", True, "inside"),
        ("2026-06-10T04:59", True, "inside"),
        ("2026-06-10T05:00", False, "05:00 is outside"),
        ("2026-06-25T01:00", False, "day 25 is a freeze day"),
        ("2026-06-03T01:00", False, "day 3 is a freeze day"),
        ("2026-06-04T01:00", True, "inside"),
        ("2026-06-30T12:00", False, "freeze day (25 to 3) and 12:00 is outside"),
    ],
)
def test_change_window(now: str, allowed: bool, words: str) -> None:
    told = change_window(datetime.fromisoformat(now), "00:00-05:00", freeze_days("25-3"))
    assert told.allowed is allowed
    assert words in told.reason


def test_window_over_midnight() -> None:
    for hour, allowed in ((23, True), (1, True), (12, False)):
        assert change_window(datetime(2026, 6, 10, hour), "22:00-04:00", (25, 3)).allowed is allowed


def test_override_needs_a_person_and_a_ticket() -> None:
    noon = datetime(2026, 6, 26, 12)
    told = change_window(noon, "00:00-05:00", (25, 3), Override("duty manager", "CHG-1"))
    assert told.allowed
    assert told.overridden
    assert "overridden by duty manager, ticket CHG-1" in told.reason
    assert not change_window(noon, "00:00-05:00", (25, 3), Override("duty manager", "")).allowed
    assert not change_window(noon, "00:00-05:00", (25, 3), Override(" ", "CHG-1")).allowed


def test_local_time_is_that_of_the_sites() -> None:
    assert local_now(datetime(2026, 6, 9, 17, tzinfo=UTC), 8).isoformat() == "2026-06-10T01:00:00+08:00"
