"""`rackwright push` from the command line against an emulated switch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from typer.testing import CliRunner

from inventory.load import PROJECTS
from rackwright.cli.app import app
from rackwright.cli.push import _Run, called
from rackwright.cli.push_alone import alone
from rackwright.cli.reach import Chosen
from rackwright.lab.emulator.device import Switch
from tests.unit.emulated import Bench
from topology.observe.driver_base import SwitchDriver
from topology.observe.push_result import PushResult
from topology.platforms.render import parse

NIGHT = datetime(2026, 11, 10, 18, 0, tzinfo=UTC)
"""Two o'clock in the morning at the sites, on no freeze day."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    found = Bench(tmp_path, "huawei_vrp")
    yield found
    found.close()


@pytest.fixture
def switch(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Switch, list[str]]:
    """A-ASW-01A on the loopback, and the options that lead there."""
    found, port = bench.switch("A-ASW-01A", "sysname A-ASW-01A\n")
    monkeypatch.setenv("RACKWRIGHT_USER", "u")
    monkeypatch.setenv("RACKWRIGHT_PASSWORD", "p")
    monkeypatch.setattr("rackwright.cli.push.clock", lambda: NIGHT)
    monkeypatch.setattr(Chosen, "address", lambda *_: "127.0.0.1")
    return found, [
        "push", "-p", "guangxi", "--port", str(port), "--known-hosts", str(tmp_path / "known_hosts"),
        "--settle", "0.5", "--out", str(tmp_path / "build"),
    ]  # fmt: skip


@pytest.fixture
def pair(bench: Bench, switch: tuple[Switch, list[str]], monkeypatch: pytest.MonkeyPatch) -> list[Switch]:
    """Both members of A-ASW-01, each at a port of its own."""
    other, port = bench.switch("A-ASW-01B", "sysname A-ASW-01B\n")
    plain = _Run.driver

    def driver(self: _Run, host: str, platform: str) -> SwitchDriver:
        asked = replace(self.asked, port=port if host == "A-ASW-01B" else self.asked.port)
        return plain(cast("_Run", SimpleNamespace(**vars(self) | {"asked": asked})), host, platform)

    monkeypatch.setattr(_Run, "driver", driver)
    return [switch[0], other]


def test_dry_run_then_push_then_nothing_to_do(switch: tuple[Switch, list[str]], tmp_path: Path) -> None:
    device, options = switch
    before = device.text()
    shown = CliRunner().invoke(app, [*options, "--host", "A-ASW-01A", "--dry-run"])
    assert shown.exit_code == 0, shown.output
    assert "+ vlan batch 101" in shown.output
    assert "more lines" not in shown.output
    assert "a push now would be allowed" in shown.output
    assert device.text() == before
    unasked = CliRunner().invoke(app, [*options, "--host", "A-ASW-01A"])
    assert unasked.exit_code == 1
    assert "--dry-run shows all" in unasked.output
    assert len(unasked.output.splitlines()) < 50 < len(shown.output.splitlines())
    assert device.text() == before
    done = CliRunner().invoke(app, [*options, "--host", "A-ASW-01A", "--yes"])
    assert done.exit_code == 0, done.output
    assert "confirmed     runs what is intended" in done.output
    again = CliRunner().invoke(app, [*options, "--host", "A-ASW-01A", "--yes", "--format", "json"])
    data = json.loads(again.stdout)
    assert [s["outcome"] for s in data["switches"]] == ["no change"]
    logs = sorted((tmp_path / "build" / "push").rglob("A-ASW-01A.log"))
    assert logs


def test_a_switch_is_not_touched_while_its_twin_cannot_be_looked_at(switch: tuple[Switch, list[str]]) -> None:
    device, options = switch  # both addresses lead to A-ASW-01A: the twin says another name than planned
    before = device.text()
    done = CliRunner().invoke(app, [*options, "--pair", "A-ASW-01", "--yes"])
    assert done.exit_code == 1
    assert "not begun     A-ASW-01B of the same pair is refused" in done.output
    assert device.text() == before


def test_in_a_lab_only_what_stands_there_is_asked(switch: tuple[Switch, list[str]], tmp_path: Path) -> None:
    claims = {"lab": "l", "devices": ["A-ASW-01A"], "cables": [], "not_shown": {}}
    (tmp_path / "lab.json").write_text(json.dumps(claims), encoding="utf-8")
    done = CliRunner().invoke(app, [*switch[1], "--dry-run", "--lab", str(tmp_path), "--format", "json"])
    assert done.exit_code == 0, done.output
    assert [s["host"] for s in json.loads(done.stdout)["switches"]] == ["A-ASW-01A"]


def test_names_nobody_knows_are_told(switch: tuple[Switch, list[str]]) -> None:
    wrong = CliRunner().invoke(app, [*switch[1], "--pair", "A-ASW-1"])
    assert wrong.exit_code == 2
    assert "did you mean" in wrong.output


def test_one_first_then_its_twin_and_a_person_looks_between(
    switch: tuple[Switch, list[str]], pair: list[Switch], tmp_path: Path
) -> None:
    before = [s.text() for s in pair]
    options = [*switch[1], "--pair", "A-ASW-01", "--yes"]
    stopped = CliRunner().invoke(app, options)
    assert stopped.exit_code == 1, stopped.output
    assert "batch 1 (canary): A-ASW-01A   then a person looks" in stopped.output
    assert "batch 2 (pair): A-ASW-01B" in stopped.output
    assert "not begun     the run stopped at the hold point after batch 1" in stopped.output
    assert [s.text() == b for s, b in zip(pair, before, strict=True)] == [False, True]
    done = CliRunner().invoke(app, [*options, "--hold-by", "duty"])
    assert done.exit_code == 0, done.output
    assert "A-ASW-01A  no change" in done.output
    assert "A-ASW-01B  confirmed" in done.output


@pytest.mark.parametrize(("typed", "went_on"), [("duty officer", True), ("", False)])
def test_a_person_at_the_terminal_is_asked_at_a_hold_point(
    switch: tuple[Switch, list[str]],
    pair: list[Switch],
    monkeypatch: pytest.MonkeyPatch,
    typed: str,
    went_on: bool,
) -> None:
    monkeypatch.setattr("rackwright.cli.push.at_terminal", lambda: True)
    answers = iter(["y", typed])
    monkeypatch.setattr("builtins.input", lambda *_: next(answers))
    done = CliRunner().invoke(app, [*switch[1], "--pair", "A-ASW-01"])
    assert "HOLD POINT: batch 1 (canary: A-ASW-01A) runs; next: A-ASW-01B" in done.output
    assert done.exit_code == (0 if went_on else 1), done.output
    assert ("vlan batch 101" in pair[1].text()) is went_on
    assert ("hold point released by duty officer" in done.output) is went_on


def test_a_switch_another_push_works_on_is_not_begun(
    switch: tuple[Switch, list[str]], pair: list[Switch], tmp_path: Path
) -> None:
    before = pair[0].text()
    with alone(tmp_path / "build" / "held", ["A-ASW-01A"], Path("build/push/earlier")) as taken:
        assert taken == {}
        done = CliRunner().invoke(app, [*switch[1], "--pair", "A-ASW-01", "--yes", "--hold-by", "duty"])
    assert done.exit_code == 1
    assert "another push works on it just now (build/push/earlier)" in done.output
    assert pair[0].text() == before
    done = CliRunner().invoke(app, [*switch[1], "--pair", "A-ASW-01", "--yes", "--hold-by", "duty"])
    assert done.exit_code == 0, done.output


def test_a_project_of_its_own_is_named_by_its_folder(tmp_path: Path) -> None:
    assert called(PROJECTS / "guangxi") == "guangxi"
    assert called(tmp_path / "guangxi") == str(tmp_path / "guangxi")


def test_a_run_is_put_back_by_its_folder_or_name(
    switch: tuple[Switch, list[str]], pair: list[Switch], tmp_path: Path
) -> None:
    options = [*switch[1], "--pair", "A-ASW-01", "--yes"]
    done = CliRunner().invoke(app, [*options, "--hold-by", "duty"])
    assert done.exit_code == 0, done.output
    assert "hold point released by duty" in done.output
    (folder,) = (tmp_path / "build" / "push").iterdir()
    assert f"to put this run back: rackwright push -p guangxi --undo {folder}" in done.output
    assert '"by": "duty"' in (folder / "changes.jsonl").read_text()
    seen = CliRunner().invoke(app, [*switch[1], "--undo", folder.name, "--dry-run"])
    assert seen.exit_code == 0, seen.output
    assert "- vlan batch 101" in seen.output
    assert "vlan batch 101" in pair[0].text()
    one = CliRunner().invoke(app, [*switch[1], "--undo", str(folder), "--host", "A-ASW-01B", "--yes"])
    assert one.exit_code == 0, one.output
    assert ["vlan batch" in s.text() for s in pair] == [True, False]
    rest = CliRunner().invoke(app, [*switch[1], "--undo", folder.name, "--yes"])
    assert rest.exit_code == 0, rest.output
    assert "A-ASW-01B  no change" in rest.output
    assert [parse("huawei_vrp", s.text()).vlans for s in pair] == [(), ()]


def test_a_run_that_was_killed_on_the_way_can_be_put_back(
    switch: tuple[Switch, list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    device, options = switch

    def killed(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("topology.observe.vrp.VrpDriver.save", killed)
        CliRunner().invoke(app, [*options, "--host", "A-ASW-01A", "--yes"])
    assert "vlan batch 101" in device.text()
    (folder,) = (tmp_path / "build" / "push").iterdir()
    back = CliRunner().invoke(app, [*options, "--undo", folder.name, "--yes"])
    assert back.exit_code == 0, back.output
    assert "vlan batch 101" not in device.text()


def test_outside_the_window_a_name_and_a_ticket_are_needed(
    switch: tuple[Switch, list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    device, options = switch
    before = device.text()
    monkeypatch.setattr("rackwright.cli.push.clock", lambda: NIGHT.replace(hour=6, day=26))
    refused = CliRunner().invoke(app, [*options, "--host", "A-ASW-01A", "--yes"])
    assert refused.exit_code == 1
    assert (
        "day 26 is a freeze day (25 to 3) and 14:00 (UTC+08:00) is outside the change window"
        in refused.output
    )
    assert device.text() == before
    half = CliRunner().invoke(app, [*options, "--host", "A-ASW-01A", "--yes", "--override-by", "duty"])
    assert "an override needs both a person and a ticket" in half.output
    assert device.text() == before
    override = ["--override-by", "duty", "--override-ticket", "CHG-17"]
    done = CliRunner().invoke(app, [*options, "--host", "A-ASW-01A", "--yes", *override])
    assert done.exit_code == 0, done.output
    assert any("CHG-17" in p.read_text() for p in (tmp_path / "build").rglob("changes.jsonl"))


def test_a_run_nobody_knows_is_told(switch: tuple[Switch, list[str]]) -> None:
    wrong = CliRunner().invoke(app, [*switch[1], "--undo", "20260101T000000Z"])
    assert wrong.exit_code == 2
    assert "holds no push run" in wrong.output


def test_a_run_that_is_stopped_begins_no_further_batch(
    switch: tuple[Switch, list[str]], pair: list[Switch], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = _Run.batch

    def batch(self: _Run, hosts: tuple[str, ...], dry: bool) -> list[PushResult]:
        done = plain(self, hosts, dry)
        if not dry:
            self.stop()  # what the first Ctrl-C does while a switch is under way
        return done

    monkeypatch.setattr(_Run, "batch", batch)
    before = pair[1].text()
    done = CliRunner().invoke(app, [*switch[1], "--pair", "A-ASW-01", "--yes", "--hold-by", "duty"])
    assert done.exit_code == 1
    assert "A-ASW-01A  confirmed" in done.output
    assert "A-ASW-01B  not begun     the run was stopped by hand" in done.output
    assert "hold point released" not in done.output
    assert pair[1].text() == before


def test_ctrl_c_at_the_hold_point_stops_there_and_a_second_one_in_a_batch_says_how_to_go_on(
    switch: tuple[Switch, list[str]], pair: list[Switch], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("rackwright.cli.push.at_terminal", lambda: True)
    monkeypatch.setattr("builtins.input", pressed)
    held = CliRunner().invoke(app, [*switch[1], "--pair", "A-ASW-01", "--yes"])
    assert held.exit_code == 1
    assert "A-ASW-01B  not begun     the run stopped at the hold point" in held.output
    plain = _Run.batch
    monkeypatch.setattr(_Run, "batch", lambda self, hosts, dry: plain(self, hosts, dry) if dry else pressed())
    cut = CliRunner().invoke(app, [*switch[1], "--pair", "A-ASW-01", "--yes"])
    assert cut.exit_code == 130
    assert "to put this run back: rackwright push -p guangxi --undo" in cut.output
    monkeypatch.setattr(_Run, "batch", lambda self, hosts, dry: pressed())
    early = CliRunner().invoke(app, [*switch[1], "--pair", "A-ASW-01", "--yes"])
    assert early.exit_code == 130
    assert "nothing was sent" in early.output
    assert "to put this run back" not in early.output
