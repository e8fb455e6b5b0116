"""Nobody gets past the guard: not by --limit, by tags, by variables on the command line, nor at night on a freeze day."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from inventory.ansible_hosts import static_yaml
from inventory.load import PROJECTS, load
from inventory.plan_store import load_plan
from inventory.standing import Standing
from tests.playbooks.ansible_runs import ansible
from topology.batch_groups import batched_inventory
from topology.batches import clashes

ALWAYS, NEVER = ("00:00-24:00", "32-0"), ("00:00-24:00", "1-31")
OVERRIDE = ("-e", "rackwright_override_by=duty-manager", "-e", "rackwright_override_ticket=CHG-7")


def hosts(window: tuple[str, str]) -> dict[str, Any]:
    folder = PROJECTS / "guangxi"
    inventory, plan = load(folder).inventory, load_plan(folder).plan
    assert inventory is not None
    assert plan is not None
    groups = batched_inventory(inventory, plan)
    groups["all"]["vars"] |= {
        "rackwright_change_window": window[0].replace("24:00", "23:59:59"),
        "rackwright_change_freeze_days": window[1],
    }
    return groups


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inventories where it is always, and never, time for a change, and a play that only passes the guard."""
    out = tmp_path_factory.mktemp("guard")
    for name, window in (("open", ALWAYS), ("frozen", NEVER)):
        text = yaml.safe_dump(static_yaml(hosts(window)), sort_keys=False)
        (out / f"{name}.yml").write_text(text, encoding="utf-8")
    play = {
        "name": "Test change", "hosts": "batches_switch", "connection": "local", "gather_facts": False,
        "roles": [{"role": "change_guard"}],
        "tasks": [{"name": "Say", "ansible.builtin.debug": {"msg": "BATCH {{ ansible_play_batch | join(',') }}"}, "run_once": True}],
    }  # fmt: skip
    by_plan = play | {"serial": "{{ lookup('rackwright_serial', 'batches_switch') }}"}
    holding = by_plan | {"roles": [{"role": "change_guard"}, {"role": "hold"}]}
    call = {
        "name": "Call", "ansible.builtin.ping": {},
        "vars": {"ansible_connection": "{{ 'ssh' if inventory_hostname == lost_one else 'local' }}", "ansible_host": "127.0.0.1", "ansible_port": 1},
    }  # fmt: skip
    after = {"name": "Hold", "ansible.builtin.include_role": {"name": "hold"}, "vars": {"hold_wanted": False}}
    done = {
        "name": "Say",
        "ansible.builtin.debug": {"msg": "BATCH DONE {{ ansible_play_batch | join(',') }}"},
    }
    losing = by_plan | {"tasks": [call, done, after]}
    deaf = by_plan | {"pre_tasks": [call]}
    plays = {"all_at_once": play, "by_plan": by_plan, "holding": holding, "losing": losing, "deaf": deaf}
    for name, data in plays.items():
        (out / f"{name}.yaml").write_text(yaml.safe_dump([data], sort_keys=False), encoding="utf-8")
    return out


def run(folder: Path, play: str, inventory: str, *words: str) -> tuple[int, str, list[dict[str, Any]]]:
    log = folder / "build" / "changes.jsonl"
    log.unlink(missing_ok=True)
    done = ansible(
        "ansible-playbook", "-i", folder / f"{inventory}.yml", folder / f"{play}.yaml", "-e", f"rackwright_build={folder / 'build'}",
        *words,
    )  # fmt: skip
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
    return done.returncode, done.stdout, rows


def test_both_members_of_a_pair_are_refused_by_name(folder: Path) -> None:
    code, text, rows = run(folder, "all_at_once", "open", "--limit", "A-ASW-01A,A-ASW-01B")
    assert code != 0
    assert "A-ASW-01A and A-ASW-01B are both members of pair A-ASW-01" in text
    assert rows[0]["event"] == "refused"
    assert "BATCH" not in text


def test_two_sites_are_refused(folder: Path) -> None:
    code, text, _ = run(folder, "all_at_once", "open", "--limit", "A-ASW-01A,B-ASW-01A")
    assert code != 0
    assert "two sites at once" in text


@pytest.mark.parametrize(
    "limit",
    ["A-ASW-01A,A-ASW-01B", "A-ASW-01A,B-ASW-01A,B-ASW-01B", "all", "pair_b_asw_01:pair_b_asw_02"],
)
def test_batches_are_right_whatever_the_limit(folder: Path, limit: str) -> None:
    known = {n: Standing.from_vars(n, v) for n, v in hosts(ALWAYS)["_meta"]["hostvars"].items()}
    code, text, rows = run(folder, "by_plan", "open", "--limit", limit)
    assert code == 0, text
    assert {r["event"] for r in rows} == {"allowed"}
    assert len(rows[0]["hosts"]) == 1
    for row in rows:
        assert clashes(known[h] for h in row["hosts"]) == ()
    seen = [h for row in rows for h in row["hosts"]]
    assert len(seen) == len(set(seen))


def test_the_guard_cannot_be_left_out(folder: Path) -> None:
    words = (folder, "by_plan", "frozen", "--limit", "A-ASW-01A,A-ASW-01B", "--start-at-task", "Say")
    code, text, _ = run(*words)
    assert code != 0
    assert "BATCH" not in text
    code, text, _ = run(*words, "--check")
    assert code == 0, text
    assert "BATCH A-ASW-01A,A-ASW-01B" not in text


def test_a_device_lost_on_the_way_stops_the_batches_after_it(folder: Path) -> None:
    code, text, rows = run(folder, "losing", "open", "--limit", "site_b", "-e", "lost_one=B-ASW-02A")
    assert code != 0
    assert "B-ASW-02A" in [h for row in rows for h in row["hosts"]]
    assert "lost on the way: B-ASW-02A; nothing more is changed" in text
    assert not {"B-ASW-01B", "B-ASW-02B"} <= {h for row in rows for h in row["hosts"]}
    assert "BATCH DONE" in text.partition("lost on the way")[0]


def test_a_device_that_does_not_answer_counts_as_being_changed(folder: Path) -> None:
    code, text, rows = run(folder, "deaf", "open", "--limit", "B-ASW-01A", "-e", "lost_one=B-ASW-01A")
    assert code != 0, text
    assert rows == []
    code, text, rows = run(folder, "deaf", "open", "--limit", "site_b", "-e", "lost_one=B-ASW-02A")
    assert code != 0
    assert "no answer from B-ASW-02A" in text
    assert rows[-1]["event"] == "refused"


@pytest.mark.parametrize(
    "given",
    [
        "change_guard_window=false",
        "hold_wanted=false",
        "rackwright_batch_hold=false",
        "ansible_host=10.0.0.1",
    ],
)
def test_guard_and_hold_points_cannot_be_lifted_by_hand(folder: Path, given: str) -> None:
    code, text, rows = run(folder, "holding", "frozen", "--limit", "A-ASW-01A", "-e", given)
    assert code != 0
    assert f"{given.partition('=')[0]} comes from the plan and the policy" in text
    assert rows[0]["event"] == "refused"


def test_a_freeze_day_is_refused(folder: Path) -> None:
    code, text, rows = run(folder, "by_plan", "frozen", "--limit", "A-ASW-01A")
    assert code != 0
    assert "is a freeze day (1 to 31)" in text
    assert rows[0]["event"] == "refused"


def test_override_by_name_works_and_is_written_down(folder: Path) -> None:
    code, text, rows = run(folder, "by_plan", "frozen", "--limit", "A-ASW-01A", *OVERRIDE)
    assert code == 0, text
    assert rows == [
        rows[0] | {"event": "allowed", "by": "duty-manager", "ticket": "CHG-7", "hosts": ["A-ASW-01A"]}
    ]
    assert "overridden by duty-manager, ticket CHG-7" in rows[0]["window"]


def test_override_without_a_ticket_is_refused(folder: Path) -> None:
    code, text, _ = run(folder, "by_plan", "frozen", "--limit", "A-ASW-01A", *OVERRIDE[:2])
    assert code != 0
    assert "needs both a person and a ticket" in text


def test_override_lifts_the_clock_but_not_the_pair(folder: Path) -> None:
    code, text, _ = run(folder, "all_at_once", "frozen", "--limit", "A-ASW-01A,A-ASW-01B", *OVERRIDE)
    assert code != 0
    assert "both members of pair" in text


def test_the_policy_cannot_be_changed_on_the_command_line(folder: Path) -> None:
    code, text, _ = run(
        folder, "by_plan", "frozen", "--limit", "A-ASW-01A", "-e", "rackwright_change_freeze_days=32-0"
    )
    assert code != 0
    assert "rackwright_change_freeze_days comes from the plan and the policy" in text


def test_a_dry_run_is_allowed_at_any_time(folder: Path) -> None:
    code, text, rows = run(folder, "by_plan", "frozen", "--limit", "A-ASW-01A", "--check")
    assert code == 0, text
    assert rows[0]["event"] == "dry run"


def test_a_hold_point_stops_without_a_person_and_goes_on_by_name(folder: Path) -> None:
    code, text, rows = run(folder, "holding", "open", "--limit", "site_b")
    assert code != 0
    assert "stopped at a hold point" in text
    assert len(rows) == 1
    code, text, rows = run(
        folder, "holding", "open", "--limit", "site_b", "-e", "rackwright_hold_by=duty-manager"
    )
    assert code == 0, text
    assert [r["by"] for r in rows if r["event"] == "hold released"] == ["duty-manager"] * 3
