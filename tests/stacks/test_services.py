"""The services tests start leave nothing behind, however the test run ends."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.stacks.services import KEA, POWERDNS, kea, needs, powerdns

ROOT = Path(__file__).resolve().parents[2]
KILLED = """
import os, signal
from tests.stacks.services import kea, powerdns
with kea("10.1.0.0/24") as dhcp, powerdns() as dns:
    for server in (dhcp, dns):
        print(server.services.folder, *(p.pid for p in server.services.running.values()), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def runs(pid: int) -> bool:
    """Whether a process lives (one that ended and that nobody asked for yet does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_run_that_is_killed_leaves_neither_processes_nor_folders() -> None:
    needs(*KEA, *POWERDNS)
    done = subprocess.run(
        [sys.executable, "-c", KILLED], capture_output=True, text=True, cwd=ROOT, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [len(row) for row in rows] == [3, 2], done.stderr
    end = time.monotonic() + 30
    while time.monotonic() < end and any(Path(f).exists() or any(map(runs, map(int, p))) for f, *p in rows):
        time.sleep(0.05)
    assert not [folder for folder, *_ in rows if Path(folder).exists()]
    assert not [pid for _, *pids in rows for pid in pids if runs(int(pid))]


def test_what_was_running_is_gone_after_the_block() -> None:
    with kea("10.1.0.0/24") as dhcp, powerdns() as dns:
        pids = [p.pid for s in (dhcp, dns) for p in s.services.running.values()]
        folders = [dhcp.services.folder, dns.services.folder]
        assert all(map(runs, pids))
    assert not any(map(runs, pids))
    assert not any(folder.exists() for folder in folders)
