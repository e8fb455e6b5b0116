"""`rackwright push` from the command line against an emulated switch."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest
from typer.testing import CliRunner

from rackwright.cli.app import app
from rackwright.cli.reach import Chosen
from rackwright.lab.emulator.device import Switch
from rackwright.lab.emulator.session import listen
from rackwright.lab.emulator.tree import from_text
from rackwright.lab.emulator.vrp import VRP
from rackwright.lab.emulator.vrp_shell import VrpShell


@pytest.fixture
def switch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Switch, list[str]]]:
    """A-ASW-01A on the loopback, and the options that lead there."""
    found = Switch(
        "A-ASW-01A",
        VRP,
        "CE6881",
        "SN1",
        "V200R020",
        {"u": "hush-hush"},
        from_text(VRP, "sysname A-ASW-01A\n"),
    )
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    key = asyncssh.generate_private_key("ssh-ed25519")

    async def begin() -> int:
        port: int = (await listen(found, VrpShell, key)).get_port()
        return port

    port = asyncio.run_coroutine_threadsafe(begin(), loop).result()
    public = " ".join(key.export_public_key().decode().split()[:2])
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{port} {public}\n")
    monkeypatch.setenv("RACKWRIGHT_USER", "u")
    monkeypatch.setenv("RACKWRIGHT_PASSWORD", "hush-hush")
    monkeypatch.setattr(Chosen, "address", lambda *_: "127.0.0.1")
    yield found, [
        "push", "-p", "guangxi", "--port", str(port), "--known-hosts", str(tmp_path / "known_hosts"),
        "--settle", "0.5", "--out", str(tmp_path / "build"),
    ]  # fmt: skip

    async def end() -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    asyncio.run_coroutine_threadsafe(end(), loop).result()
    loop.call_soon_threadsafe(loop.stop)


def test_dry_run_then_push_then_nothing_to_do(switch: tuple[Switch, list[str]], tmp_path: Path) -> None:
    device, options = switch
    before = device.text()
    shown = CliRunner().invoke(app, [*options, "--host", "A-ASW-01A", "--dry-run"])
    assert shown.exit_code == 0, shown.output
    assert "+ vlan batch 101" in shown.output
    assert device.text() == before
    unasked = CliRunner().invoke(app, [*options, "--host", "A-ASW-01A"])
    assert unasked.exit_code == 1
    assert device.text() == before
    done = CliRunner().invoke(app, [*options, "--host", "A-ASW-01A", "--yes"])
    assert done.exit_code == 0, done.output
    assert "confirmed     runs what is intended" in done.output
    again = CliRunner().invoke(app, [*options, "--host", "A-ASW-01A", "--yes", "--format", "json"])
    data = json.loads(again.stdout)
    assert [s["outcome"] for s in data["switches"]] == ["no change"]
    logs = sorted((tmp_path / "build" / "push").rglob("A-ASW-01A.log"))
    assert logs
    assert not any("hush-hush" in log.read_text() for log in (tmp_path / "build").rglob("*") if log.is_file())


def test_a_switch_is_not_touched_while_its_twin_cannot_be_looked_at(switch: tuple[Switch, list[str]]) -> None:
    device, options = switch  # both addresses lead to A-ASW-01A: the twin says another name than planned
    before = device.text()
    done = CliRunner().invoke(app, [*options, "--pair", "A-ASW-01", "--yes"])
    assert done.exit_code == 1
    assert "not begun: A-ASW-01B of the same pair is refused" in done.output
    assert device.text() == before


def test_names_nobody_knows_are_told(switch: tuple[Switch, list[str]]) -> None:
    wrong = CliRunner().invoke(app, [*switch[1], "--pair", "A-ASW-1"])
    assert wrong.exit_code == 2
    assert "did you mean" in wrong.output
