"""Which push run a rollback puts back: the last that changed the switch, once."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from tests.playbooks.ansible_runs import PLAYBOOKS
from topology.observe.push_result import Outcome, PushResult, record


def last_changes(logs: Path, hosts: list[str]) -> dict[str, str]:
    """What the plugin finds, by name of the run."""
    spec = importlib.util.spec_from_file_location(
        "push_plugin", PLAYBOOKS / "action_plugins" / "rackwright_push.py"
    )
    assert spec is not None and spec.loader is not None
    plugin: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plugin)
    return {host: folder.name for host, folder in plugin.last_changes(logs, hosts).items()}


def run(logs: Path, name: str, **outcomes: Outcome) -> None:
    for host, outcome in outcomes.items():
        diff = "" if outcome == "no change" else "+ mtu 9000\n"
        record(logs / name, PushResult(host, outcome, "as said", diff=diff, platform="huawei_vrp"))


def test_the_last_run_that_changed_it_is_found_and_never_put_back_twice(tmp_path: Path) -> None:
    assert last_changes(tmp_path / "none", ["SW1"]) == {}
    run(tmp_path, "20260101T000000Z", SW1="confirmed", SW2="confirmed", SW3="rolled back")
    run(tmp_path, "20260102T000000Z", SW1="confirmed", SW2="no change", SW4="unknown")
    run(tmp_path, "20260103T000000Z", SW1="would change")
    kept = PushResult("SW2", "confirmed", "what ran was saved", platform="huawei_vrp")
    record(tmp_path / "20260103T000001Z", kept)  # nothing was changed: there is nothing to put back
    (tmp_path / "20260104T000000Z").mkdir()  # a run that was killed before it wrote anything
    hosts = ["SW1", "SW2", "SW3", "SW4"]
    first, second = "20260101T000000Z", "20260102T000000Z"
    assert last_changes(tmp_path, hosts) == {"SW1": second, "SW2": first, "SW4": second}
    run(tmp_path, f"20260105T000000Z-undo-of-{second}", SW1="confirmed", SW4="rolled back")
    assert last_changes(tmp_path, hosts) == {"SW2": first, "SW4": second}
    run(tmp_path, "20260106T000000Z", SW1="confirmed")
    assert last_changes(tmp_path, ["SW1"]) == {"SW1": "20260106T000000Z"}
