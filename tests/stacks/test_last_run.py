"""What the state tells of the last run, and words of the engine as what they mean."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stacks.runner import drift as looks
from stacks.runner.automation import Target, last_words
from stacks.runner.drift import drift
from stacks.runner.engine import Engine, Home
from stacks.runner.results import Change, Gather, StackResult
from stacks.runner.state import UNRECORDED, last_run
from stacks.runner.summary import count_text, lines
from stacks.runner.unfinished import named


def history(folder: Path, *runs: tuple[str, str]) -> Home:
    """A state folder in which stack bmc/A was run."""
    home = Home(folder, folder / "project", f"file://{folder / 'state'}")
    there = folder / "state" / ".pulumi" / "history" / "rackwright-bmc" / "A"
    there.mkdir(parents=True)
    for number, (kind, result) in enumerate(runs):
        (there / f"A-{1000 + number}.history.json").write_text(json.dumps({"kind": kind, "result": result}))
        (there / f"A-{1000 + number}.history.json.attrs").write_text("{}")
    return home


def test_the_last_run_is_the_youngest(tmp_path: Path) -> None:
    home = history(tmp_path, ("update", "succeeded"), ("update", "failed"))
    assert last_run(home, "bmc", "A") == "update failed"
    assert last_run(home, "bmc", "B") == ""


def test_a_state_written_after_the_last_recorded_run_is_not_told_as_its_work(tmp_path: Path) -> None:
    home = history(tmp_path, ("update", "succeeded"))
    record = next((tmp_path / "state" / ".pulumi" / "history" / "rackwright-bmc" / "A").glob("*.json"))
    record.write_text(json.dumps({"kind": "update", "result": "succeeded", "endTime": 1767323045}))
    file = tmp_path / "state" / ".pulumi" / "stacks" / "rackwright-bmc" / "A.json"
    file.parent.mkdir(parents=True)
    for time, told in (
        ("2026-01-02T11:04:05.123456789+08:00", "update succeeded"),
        ("2026-01-02T03:05:05.5Z", UNRECORDED),
    ):
        file.write_text(json.dumps({"checkpoint": {"latest": {"resources": [], "manifest": {"time": time}}}}))
        assert last_run(home, "bmc", "A") == told


URN = "urn:pulumi:A::rackwright-bmc::rackwright:redfish:Bmc::"


@pytest.mark.parametrize(
    ("last", "told"),
    [(("update", "succeeded"), False), (("update", "failed"), True), (("refresh", "succeeded"), True)],
)
def test_no_drift_after_a_run_that_failed_is_not_told_as_all_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: tuple[str, str], told: bool
) -> None:
    """Such a run may have taken into the state what it found: then the state is held against what is declared."""
    target = Target("bmc", "A", history(tmp_path, last), Engine(None, tmp_path))

    def quiet(_: Any, gather: Gather, __: Any, meant: str) -> StackResult:
        gather.done.add(f"{URN}srv-1")
        change = Change("~", "Bmc", "srv-1", ("assetTag by hand -> srv-1",))
        return StackResult("bmc", "A", "would change", [change]) if meant == "would change" else gather.result

    monkeypatch.setattr(looks, "run", quiet)
    monkeypatch.setattr(looks, "declared", lambda _: {("Bmc", "srv-1")})
    monkeypatch.setattr(
        looks, "gather_of", lambda *_: Gather(StackResult("bmc", "A", "no change"), lambda *_: None)
    )
    found = drift(target, lambda *_: None)
    assert found.outcome == ("drift" if told else "no change")
    assert [c.sign for c in found.changes] == (["!"] if told else [])
    assert ("the last run" in found.hint) is told


def test_every_resource_that_was_not_looked_at_is_named_with_its_reason() -> None:
    gather = Gather(StackResult("bmc", "A"), lambda *_: None)
    gather.done |= {f"{URN}seen", f"{URN}half", f"{URN}partly"}
    gather.faults = {f"{URN}silent": "no answer", f"{URN}gone": "error reading from server: EOF"}
    gather.partly = {f"{URN}partly": "not looked at whether audit has its password"}
    names = ("seen", "half", "partly", "silent", "gone", "missed")
    rows = tuple({"urn": f"{URN}{name}", "pendingReplacement": name == "half"} for name in names)
    found = looks.overlooked(rows, gather, {("Bmc", "seen"), ("Bmc", "new")})
    assert {one.name: one.reason for one in found} == {
        "gone": looks.DEAD, "half": looks.HALF_REPLACED, "missed": looks.ENDED, "new": looks.NEVER,
        "partly": "not looked at whether audit has its password", "silent": "no answer",
    }  # fmt: skip
    result = StackResult("bmc", "A", "not looked at", not_looked_at=found)
    assert not result.good
    assert "  not looked at: silent: no answer" in lines([result])
    assert result.to_dict()["not_looked_at"][0] == {"type": "Bmc", "name": "gone", "reason": looks.DEAD}


def test_words_of_the_engine_are_told_as_what_they_mean() -> None:
    failed = "\n code: 255\n stdout: \n stderr: error: {}\n"
    assert last_words(failed.format("no such thing")) == "no such thing"
    wrong = last_words(
        failed.format("getting stack configuration: get stack secrets manager: incorrect passphrase")
    )
    killed = "\n code: -9\n stdout: Updating (A):\n\n stderr: \n"
    assert last_words(killed) == "the engine was killed"
    assert "PULUMI_CONFIG_PASSPHRASE is not the one this state was made with" in wrong


def test_what_a_failed_run_only_found_is_not_told_as_done() -> None:
    def done(name: str, op: str, tag: str) -> None:
        urn = f"urn:pulumi:A::rackwright-bmc::rackwright:redfish:Bmc::{name}"
        old, new = (SimpleNamespace(inputs={"assetTag": x}, outputs={"assetTag": x}) for x in (name, tag))
        meta = SimpleNamespace(
            type="rackwright:redfish:Bmc", urn=urn, op=op, old=old, new=new, detailed_diff=None, diffs=["assetTag"]
        )  # fmt: skip
        gather.event(
            SimpleNamespace(
                resource_pre_event=None, res_outputs_event=SimpleNamespace(metadata=meta), res_op_failed_event=None,
                diagnostic_event=None,
            )
        )  # fmt: skip

    gather = Gather(StackResult("bmc", "A"), lambda *_: None)
    done("srv-1", "refresh", "by hand")
    done("srv-2", "refresh", "by hand")
    done("srv-1", "update", "srv-1")
    gather.failed()
    assert [c.line() for c in gather.result.changes] == [
        "~ Bmc srv-1: assetTag srv-1 -> srv-1",
        "! Bmc srv-2: assetTag srv-2 -> by hand",
    ]
    assert count_text(gather.result) == "1 changed, 1 found changed and not put right"


def test_what_was_begun_is_named_in_a_line() -> None:
    begun = [("creating", f"{URN}srv-{n}") for n in range(6)] + [("updating", f"{URN}srv-9")]
    assert named(begun) == "creating Bmc srv-0, srv-1 … srv-5 (6), updating Bmc srv-9"
