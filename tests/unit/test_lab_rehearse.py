"""`rackwright lab rehearse` as it ends: well, badly, kept; and what a lab adds to a project and to an environment."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from inventory.load import PROJECTS, load
from inventory.plan_store import load_plan
from rackwright.cli.app import app
from rackwright.lab import claims, cleanup, rehearsal
from rackwright.lab.netns import LabError
from rackwright.lab.shape import scaled_down, shape
from rackwright.lab.state import State


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """States that were taken down; no lab is built."""
    out: list[Any] = []
    lab = SimpleNamespace(state="the lab", seconds={"build": 1.0, "verify": 2.0})
    monkeypatch.setattr(rehearsal, "begin", lambda *_: lab)
    monkeypatch.setattr(cleanup, "remove", out.append)
    return out


def rehearse(*words: str) -> Any:
    return CliRunner().invoke(app, ["lab", "rehearse", "-p", "guangxi", *words])


def test_all_went_well(removed: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "whole", lambda _: None)
    done = rehearse()
    assert done.exit_code == 0
    assert "rehearsed: everything as planned" in done.stdout
    assert "2 s  verify" in done.stdout
    assert removed == ["the lab"]


@pytest.mark.parametrize("how", [LabError("verify.yml ended with 2"), KeyboardInterrupt()])
def test_a_step_that_fails_is_told_and_the_lab_is_gone(
    removed: list[Any], monkeypatch: pytest.MonkeyPatch, how: BaseException
) -> None:
    def fail(_: object) -> None:
        raise how

    monkeypatch.setattr(rehearsal, "whole", fail)
    done = rehearse()
    assert done.exit_code == 1
    assert f"failed: {str(how) or 'interrupted'}" in done.stdout
    assert removed == ["the lab"]
    kept = rehearse("--keep", "--name", "other")
    assert kept.exit_code == 1
    assert "rackwright lab down --name other" in kept.stderr
    assert removed == ["the lab"]


def test_a_lab_adds_delivery_notes_and_servers_and_changes_nothing_else(tmp_path: Path) -> None:
    source = PROJECTS / "guangxi"
    inventory, plan = load(source).inventory, load_plan(source).plan
    assert inventory is not None
    assert plan is not None
    small = shape(inventory, plan, pairs=scaled_down(inventory), servers_per_pair=1)
    project = rehearsal.lab_project(source, tmp_path / "project", inventory, plan, small)
    loaded = load(project)
    assert [f for f in loaded.findings if f.blocks] == []
    own = loaded.inventory
    assert own is not None
    ours = {n.name for n in small.nodes.values() if n.kind in ("switch", "server")}
    assert {d.device for d in own.deliveries.values()} == ours
    server = next(n.name for n in small.nodes.values() if n.kind == "server")
    assert set(own.delivered[server].macs) == {i.name for i in own.devices[server].type.interfaces}
    for site in ("A", "B"):
        assert len([s for s in own.servers("ntp", site) if s.address]) == 2
    assert own.project.owners.as_dict()["bmc_ntp"] == "ansible"
    assert set(own.devices) == set(inventory.devices)


def test_what_is_set_already_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = State("1", "lab", "guangxi", str(tmp_path), "")
    monkeypatch.setenv("RACKWRIGHT_USER", "someone")
    monkeypatch.delenv("RACKWRIGHT_BMC_CA", raising=False)
    found = claims.environment(state)
    assert found["RACKWRIGHT_USER"] == "someone"
    assert found["RACKWRIGHT_BMC_CA"] == str(tmp_path / "bmc-ca.pem")
    assert found["RACKWRIGHT_LAB_FOLDER"] == str(tmp_path)
    assert found["PATH"].endswith(os.environ["PATH"])
