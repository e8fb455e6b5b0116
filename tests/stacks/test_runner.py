"""The runner without an engine: order, folders, what it makes of events, and how it tells it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stacks.layers import LAYERS
from stacks.runner import engine
from stacks.runner.order import before, stacks_in_order
from stacks.runner.results import Change, Gather, StackResult, at, differing
from stacks.runner.state import read_state
from stacks.runner.summary import in_short, lines, together

URN = "urn:pulumi:A::rackwright-bmc::rackwright:components:Site$rackwright:redfish:Bmc::"


def test_order_keeps_to_what_is_needed() -> None:
    order = stacks_in_order(["B", "A"])
    assert order == [("dhcp", "A"), ("dhcp", "B"), ("dns", "A"), ("dns", "B"), ("bmc", "A"), ("bmc", "B")]
    assert all(order.index(need) < order.index(own) for own in order for need in before(*own, order))


def test_order_of_a_choice() -> None:
    assert stacks_in_order(["A", "B"], ["bmc"], only_sites=["B"]) == [("bmc", "B")]
    assert ("switches", "A") in stacks_in_order(["A"], list(LAYERS))
    assert before("bmc", "A", [("bmc", "A")]) == []


def step(op: str, name: str, **more: Any) -> Any:
    meta = SimpleNamespace(
        op=op,
        urn=URN + name,
        type="rackwright:redfish:Bmc",
        old=None,
        new=None,
        diffs=None,
        detailed_diff=None,
    )
    for key, value in more.items():
        setattr(meta, key, value)
    event = dict.fromkeys(("resource_pre_event", "res_op_failed_event", "diagnostic_event", "summary_event"))
    return SimpleNamespace(**event, res_outputs_event=SimpleNamespace(metadata=meta))


def state(**values: Any) -> Any:
    return SimpleNamespace(inputs=values, outputs=values)


def gathered(*events: Any) -> StackResult:
    result = StackResult("bmc", "A")
    gather = Gather(result, lambda *_: None)
    for event in events:
        gather.event(event)
    gather.finish()
    return result


def test_events_become_changes() -> None:
    result = gathered(
        step("same", "a"), step("create", "b"),
        step("update", "c", old=state(assetTag="x"), new=state(assetTag="y"), diffs=["assetTag"]),
        step("create-replacement", "d"), step("delete-replaced", "d"), step("delete", "e"),
    )  # fmt: skip
    assert [c.line() for c in result.changes] == ["+ Bmc b", "~ Bmc c: assetTag x -> y", "± Bmc d", "- Bmc e"]
    assert result.left == 1


def test_refresh_tells_only_what_is_managed() -> None:
    same = step("refresh", "a", old=state(assetTag="x"), new=state(assetTag="x", model="m"))
    drifted = step("refresh", "b", old=state(bios={"Smt": "on"}), new=state(bios={"Smt": "off"}))
    gone = step("refresh", "c", old=state(assetTag="x"))
    result = gathered(same, drifted, gone)
    assert [c.line() for c in result.changes] == ["~ Bmc b: bios.Smt on -> off", "- Bmc c: is gone"]
    assert result.left == 1
    again = gathered(gone, step("create", "c"))
    assert [c.line() for c in again.changes] == ["+ Bmc c: was gone, made again"]


def test_values_at_a_path() -> None:
    assert at({"a": {"b": [1, 2]}}, "a.b[1]") == 2
    assert at({"a": 1}, "a.b") is None
    assert differing("x", {"a": 1, "b": 2}, {"a": 1, "b": 3}) == [("x.b", 2, 3)]


def test_summary_is_short() -> None:
    result = StackResult("bmc", "A", "changed", [Change("+", "Bmc", f"s{n}") for n in range(20)], left=3)
    result.warnings = ["s1: no login", "s2: no login"]
    text = lines([result])
    assert text[-1].split() == ["bmc/A", "changed", "20", "new,", "3", "as", "they", "are"]
    assert "  + 20 Bmc: s0, s1 … s19" in text
    assert "  warning: s1, s2: no login" in text
    assert len(lines([result], verbose=True)) > len(text)
    assert in_short([Change("~", "Bmc", "a", ("x 1 -> 2",))]) == ["~ Bmc a: x 1 -> 2"]
    assert together([f"n{n}: same" for n in range(5)]) == ["n0, n1, n2 and 2 more: same"]


def test_folders_of_another_project_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    first, second = tmp_path / "one", tmp_path / "two"
    engine.prepare(engine.home_of(first, "p", tmp_path / "stacks"))
    assert (
        engine.home_of(first, "p", tmp_path / "stacks").state_url == f"file://{tmp_path / 'stacks' / 'state'}"
    )
    with pytest.raises(engine.EngineError, match="holds the stacks of"):
        engine.home_of(second, "p", tmp_path / "stacks")
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path / 'stacks' / 'state'}")
    with pytest.raises(engine.EngineError, match="PULUMI_BACKEND_URL points there"):
        engine.home_of(second, "another-name")


def test_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in engine.PASSPHRASE:
        monkeypatch.delenv(name, raising=False)
    assert "PULUMI_CONFIG_PASSPHRASE" in (engine.passphrase_lacking() or "")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", str(tmp_path / "none"))
    assert "no file" in (engine.passphrase_lacking() or "")
    (tmp_path / "none").write_text("x")
    assert engine.passphrase_lacking() is None


def test_no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(engine, "BUILT", tmp_path)
    with pytest.raises(engine.EngineError, match="make engine"):
        engine.find_engine()


def test_lock_of_a_killed_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    home = engine.home_of(tmp_path / "p", "p", tmp_path / "stacks")
    folder = tmp_path / "stacks" / "state" / ".pulumi" / "locks" / "organization" / "rackwright-bmc" / "A"
    folder.mkdir(parents=True)
    (folder / "x.json").write_text(json.dumps({"pid": 2**22 + 1, "timestamp": "2026-01-02T03:04:05.6Z"}))
    (lock,) = engine.locks(home, "rackwright-bmc", "A")
    assert not lock.alive and lock.at == "2026-01-02T03:04:05"
    assert engine.locks(home, "rackwright-bmc", "B") == ()


def test_state_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    home = engine.home_of(tmp_path / "p", "p", tmp_path / "stacks")
    assert read_state(home, "bmc", "A") is None
    folder = tmp_path / "stacks" / "state" / ".pulumi" / "stacks" / "rackwright-bmc"
    folder.mkdir(parents=True)
    rows = [
        {"type": "pulumi:pulumi:Stack", "urn": "x", "outputs": {"planDigest": "abc"}},
        {"type": "rackwright:redfish:Bmc", "urn": f"{URN}s"},
    ]
    latest = {"resources": rows, "manifest": {"time": "2026-01-02T03:04:05.6Z"},
              "pending_operations": [{"type": "creating", "resource": {"urn": f"{URN}t"}}]}  # fmt: skip
    (folder / "A.json").write_text(json.dumps({"checkpoint": {"latest": latest}}))
    found = read_state(home, "bmc", "A")
    assert found is not None
    assert (len(found.resources), found.pending, found.digest, found.at) == (
        1,
        ("creating t",),
        "abc",
        "2026-01-02 03:04:05",
    )
