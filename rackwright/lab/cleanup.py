"""Taking a lab away, in whatever state it is: processes, namespaces, mounts, files in /run and /etc/frr."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path

from rackwright.lab import netns
from rackwright.lab.state import MARK, State, alive

FRR_FOLDERS = (Path("/etc/frr"), Path("/run/frr"))


def remove(state: State) -> list[str]:
    """Take everything of a lab away; what was still there, in words. May be repeated, also after a crash or when
    the folder is gone. Other labs are left alone: only this lab's id, mark and folder are looked for.

    Raises LabError when something could not be removed within ten seconds.
    """
    done = [f"process {pid}" for pid in owned_processes(state)]
    spaces = netns.namespaces(state.prefix)
    done += [f"namespace {name}" for name in spaces]
    deadline = time.monotonic() + 10
    while True:
        held = owned_processes(state)
        for pid in held:
            _kill(pid)
        if not held:
            netns.ip_batch((f"netns del {name}" for name in netns.namespaces(state.prefix)), force=True)
            if not netns.namespaces(state.prefix) and not owned_processes(state):
                break
        if time.monotonic() > deadline:
            left = [*netns.namespaces(state.prefix), *map(str, held)]
            raise netns.LabError(f"lab {state.name}: still there after ten seconds: {' '.join(left)}")
        time.sleep(0.02)
    for mount in reversed(mounts_of(state)):
        done.append(f"mount {mount}")
        netns.unmount(mount)
    for base in FRR_FOLDERS:
        for folder in base.glob(f"{state.prefix}*"):
            shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(state.run, ignore_errors=True)
    if Path(state.folder).is_dir() and state.stage != "lost":
        for name in ("switches.ready", "bmc.ready"):
            (Path(state.folder) / name).unlink(missing_ok=True)
        state.processes, state.nodes, state.faults = [], {}, []
        state.links, state.dropped, state.dead, state.builder = {}, {}, [], None
        state.stage = "down"
        state.save()
    return done


def owned_processes(state: State) -> list[int]:
    """Processes of the lab: written down, marked, or living in one of its namespaces. Never this one or one it
    descends from."""
    mine = {p.pid for p in state.processes if alive(p)} | set(netns.pids_in(netns.namespaces(state.prefix)))
    wanted = f"{MARK}={state.mark}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    mine.add(int(entry.name))
    return sorted(mine - _ancestors())


def _ancestors() -> set[int]:
    out, pid = set(), os.getpid()
    while pid > 0:
        out.add(pid)
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            break
    return out


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def mounts_of(state: State) -> list[str]:
    """Mount points of a lab: by the name of their source, and whatever lies inside its folder; outermost first."""
    rows = [row.split() for row in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    inside = state.folder.rstrip("/") + "/"
    points = [(source, point.replace("\\040", " ")) for source, point, *_ in rows]
    return sorted(
        point for source, point in points if source.startswith(state.prefix) or point.startswith(inside)
    )
