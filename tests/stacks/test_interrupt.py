"""Ctrl-C during a run: nothing is raised in the middle, the engine hears of it, and what is left half done is told."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rackwright.cli.stacks_verbs import code_of, run_all
from stacks.runner import automation
from stacks.runner.results import RESUME, Gather, StackResult

RUN = """
import os, subprocess, sys
from stacks.runner import automation
from stacks.runner.interrupt import interrupted, patient
with patient():
    engine = subprocess.Popen([sys.argv[1]], stdout=subprocess.PIPE, text=True)
    print(engine.stdout.readline().strip(), flush=True)
    answer = engine.stdout.read().strip()
    engine.wait()
print(answer, interrupted(), flush=True)
"""
ENGINE = "#!/bin/sh\ntrap 'echo ended; exit 1' INT\necho begun\nwhile :; do sleep 0.05; done\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_of_the_planner_alone_reaches_the_engine(
    tmp_path: Path, number: signal.Signals
) -> None:
    engine = tmp_path / "pulumi"
    engine.write_text(ENGINE)
    engine.chmod(0o755)
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, str(engine)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert run.stdout is not None
    assert run.stdout.readline() == "begun\n"
    run.send_signal(number)
    answer, said = run.communicate(timeout=60)
    assert (answer, run.returncode) == ("ended True\n", 0), said
    assert said.startswith("interrupted: what is under way is ended")
    assert "Traceback" not in said


def test_what_a_killed_run_had_begun_is_told_in_one_line() -> None:
    urn = "urn:pulumi:A::rackwright-bmc::rackwright:components:Site$rackwright:redfish:Bmc::"
    text = (
        "Attempting to deploy or update resources with 2 pending operations from previous deployment.\n"
        f"  * {urn}a-srv-1, interrupted while creating\n  * {urn}a-srv-2, interrupted while updating\n"
        "These resources are in an unknown state because the Pulumi CLI was interrupted while waiting for changes to "
        "these resources to complete."
    )
    gather = Gather(StackResult("bmc", "A"), lambda *_: None)
    said = SimpleNamespace(message=text, urn="", severity="warning", ephemeral=False)
    gather.event(
        SimpleNamespace(resource_pre_event=None, res_outputs_event=None, res_op_failed_event=None, diagnostic_event=said)
    )  # fmt: skip
    assert gather.result.warnings == [
        f"begun by a killed run and never ended: creating a-srv-1, updating a-srv-2. {RESUME}"
    ]


def test_after_an_interruption_no_other_stack_is_begun(capsys: pytest.CaptureFixture[str]) -> None:
    targets: Any = [SimpleNamespace(layer="bmc", site=s, home=SimpleNamespace(project="none")) for s in "ABC"]
    begun = []

    def work(target: Any, _: Any) -> StackResult:
        begun.append(target.site)
        return StackResult("bmc", target.site, outcome="changed" if target.site == "A" else "interrupted")

    results = run_all(targets, "up", work, go_on=True)
    assert begun == ["A", "B"]
    assert [r.outcome for r in results] == ["changed", "interrupted", "interrupted"]
    assert code_of(results) == 130
    assert "up bmc/B" in capsys.readouterr().err


@pytest.mark.parametrize(("left", "outcome"), [(3, "interrupted"), (0, "nothing there")])
def test_a_destroy_that_was_interrupted_and_left_something_is_no_success(
    monkeypatch: pytest.MonkeyPatch, left: int, outcome: str
) -> None:
    """The engine ends with 0 when it is interrupted between two deletions."""
    monkeypatch.setattr(automation, "interrupted", lambda: True)
    monkeypatch.setattr(automation, "held_by", lambda _: None)
    monkeypatch.setattr(automation, "read_state", lambda *_: None)
    monkeypatch.setattr(automation, "_left", lambda _: left)
    target: Any = SimpleNamespace(home=None, layer="dns", site="A", open=lambda: None)
    gather = Gather(StackResult("dns", "A"), lambda *_: None)
    found = automation.run(target, gather, lambda *_: None, "destroyed")
    assert found.outcome == outcome
    assert ("3 are left" in found.hint) is bool(left)
