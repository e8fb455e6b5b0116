"""`rackwright verify` over a whole lab: all green when undamaged, devices that hang or lie, runs that are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rackwright.lab import netns
from tests.lab.labs import Lab, eventually

SHOWN = ("pass", "not shown")


def bad(found: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """What is neither as planned nor beyond the lab, by code and subject."""
    return {(r["code"], r["subject"]): r for r in found["results"] if r["verdict"] not in SHOWN}


def test_an_undamaged_lab_is_as_planned_and_says_what_it_cannot_show(lab: Lab, tmp_path: Path) -> None:
    found = eventually(lambda: whole if (whole := lab.verify(tmp_path))["fine"] else None)
    assert found is not None, bad(lab.verify(tmp_path))
    assert bad(found) == {}
    servers = [n.name for n in lab.shape.nodes.values() if n.kind == "server"]
    assert {(r["test"], r["subject"]) for r in found["results"] if r["verdict"] == "not shown"} == {
        ("bond", s) for s in servers
    }
    tests = {r["test"] for r in found["results"] if r["verdict"] == "pass"}
    assert tests >= {
        "cable", "answer", "version", "mtu", "time", "port", "configuration", "light", "controller", "bios", "power", "drive",
    }  # fmt: skip
    cables = {r["subject"] for r in found["results"] if r["test"] == "cable"}
    assert cables == set(lab.shape.wires), "every cable of the lab, those of silent controllers too"
    lines = (Path(found["folder"]) / "acceptance.txt").read_text(encoding="utf-8")
    assert "not shown by the lab: " in lines
    assert "演练环境无法呈现" in lines
    assert "no acceptance" in lines.splitlines()[-1]
    assert "accepted |" not in lines


def test_devices_that_hang_lie_or_refuse_are_named_and_stop_nobody(lab: Lab, tmp_path: Path) -> None:
    servers = sorted(n.name for n in lab.shape.nodes.values() if n.kind == "server")
    lab.fault("drop", "A-ASW-01A", command="display clock")
    lab.fault("refuse-login", "A-ASW-01B")
    lab.fault("lie", "B-ASW-01A", command="display version", text="VRP (R) software, Version 9 (CE0 V9)\\n")
    lab.fault("bmc", servers[0], "503")
    lab.fault("bmc", servers[1], "401")
    lab.fault("kill", servers[2])
    found = bad(lab.verify(tmp_path))
    assert ("VER013", "A-ASW-01A") in found
    assert ("VER013", "A-ASW-01B") in found
    assert found["VER007", "B-ASW-01A B-ASW-01B"]["found"]
    assert "out of service (503)" in found["VER013", servers[0]]["message"]["en"]
    assert "refuses user lab (401)" in found["VER013", servers[1]]["message"]["en"]
    assert ("VER013", servers[2]) in found
    hurt = {"A-ASW-01A", "A-ASW-01B", "B-ASW-01A", "B-ASW-01B", *servers[:3]}
    hurt |= {c for c, w in lab.shape.wires.items() if servers[2] in (w.a[0], w.b[0])}
    said = {s: f"{s} {r['expected']} {r['message']['en']}" for (_, s), r in found.items()}
    strange = [text for text in said.values() if not any(name in text for name in hurt)]
    assert strange == []


def test_what_shows_light_and_carries_nothing_and_a_lost_feed_are_told(lab: Lab, tmp_path: Path) -> None:
    uplink = lab.cables("uplink", "B-ASW-01A")[0]
    server = next(
        n for n in sorted(lab.shape.nodes.values(), key=lambda n: n.name) if n.bmc and len(n.feeds) == 2
    )
    lab.fault("cut", uplink, how="traffic")
    lab.fault("kill", server.feeds[0])
    hand = lab.shape.nodes[sorted(n.name for n in lab.shape.nodes.values() if n.kind == "server")[-1]]
    port = next(interface for p, interface in hand.ports.items() if p not in hand.silent)
    netns.ip("-n", lab.state.nodes[hand.name], "link", "set", port, "mtu", "1400")
    try:
        assert eventually(lambda: any(code == "VER019" for code, _ in bad(lab.verify(tmp_path))))
        found = bad(lab.verify(tmp_path))
    finally:
        netns.ip("-n", lab.state.nodes[hand.name], "link", "set", port, "mtu", "9000")
    sessions = [s for c, s in found if c == "VER019"]
    assert len(sessions) == 1
    assert sessions[0].startswith("B-ASW-01A:")
    assert "UnavailableOffline" in found["VER015", server.name]["message"]["en"]
    assert f"MTU 1400 bytes on {port}" in found["VER008", hand.name]["message"]["en"]
    assert {c for c, _ in found} == {"VER019", "VER015", "VER008"}


def test_a_killed_run_goes_on_where_it_stood(lab: Lab, tmp_path: Path) -> None:
    assert eventually(lambda: lab.verify(tmp_path / "warm")["fine"])
    lab.fault("slow", "B-ASW-01B", "2")
    command = [
        sys.executable,
        "-m",
        "rackwright",
        "verify",
        "-p",
        "guangxi",
        "--out",
        str(tmp_path),
        "--workers",
        "4",
    ]
    with (tmp_path / "log").open("wb") as log:
        run = subprocess.Popen(
            lab.in_control(*command), env=lab.environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            read = eventually(lambda: names if len(names := facts(tmp_path)) >= 5 else [])
        finally:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
    assert read
    lab.heal()
    time.sleep(0.1)
    kept = {name: (tmp_path / name).stat().st_mtime_ns for name in facts(tmp_path)}
    found = lab.verify(tmp_path, "--resume")
    assert bad(found) == {}
    again = {name for name, at in kept.items() if (tmp_path / name).stat().st_mtime_ns != at}
    assert again == set(), "what was read is not asked again"
    assert len(facts(tmp_path)) > len(kept)
    assert len(list((tmp_path / "verify").iterdir())) == 1, "the same run goes on"


def facts(folder: Path) -> list[str]:
    """Facts kept by the latest run, relative to the folder."""
    return sorted(str(p.relative_to(folder)) for p in folder.glob("verify/*/facts/*.json"))


def test_a_slow_switch_with_telnet_and_an_account_nobody_knows_is_told_by_that_alone(
    lab: Lab, tmp_path: Path
) -> None:
    """A slow one tells the same as a quick one; what somebody opened on it is one finding."""
    assert eventually(lambda: lab.verify(tmp_path / "warm")["fine"])
    opened = ("telnet server enable", "aaa", "local-user eve level 15", "quit", "commit", "return")
    closed = ("undo telnet server enable", "aaa", "undo local-user eve", "quit", "commit", "return")
    lab.command_line("B-ASW-01A", "system-view", *opened)
    lab.fault("slow", "B-ASW-01A", "0.3")
    try:
        found = bad(lab.verify(tmp_path))
    finally:
        lab.heal()
        lab.command_line("B-ASW-01A", "system-view", *closed)
    assert list(found) == [("VER022", "B-ASW-01A")]
    told = found["VER022", "B-ASW-01A"]["message"]["en"]
    assert "telnet server enable" in told
    assert "account eve" in told
