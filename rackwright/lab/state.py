"""What a lab has made on this machine, kept on disk before it is made, so that a crash leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rackwright.lab import netns


@dataclass
class Process:
    """A process the lab started. `started` (clock ticks since boot) tells it from a later one with the same number."""

    pid: int
    started: int
    what: str


@dataclass
class State:
    """One lab. `folder` holds its files; `stage` is what was under way last; `faults` what was put in, in order."""

    id: str
    name: str
    project: str
    folder: str
    created: str
    stage: str = "new"
    nodes: dict[str, str] = field(default_factory=dict)
    """Node -> namespace."""
    processes: list[Process] = field(default_factory=list)
    mounts: list[str] = field(default_factory=list)
    faults: list[dict[str, str]] = field(default_factory=list)
    options: dict[str, object] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """How all namespaces of this lab begin."""
        return f"rw{self.id}-"

    @property
    def path(self) -> Path:
        """The state file."""
        return Path(self.folder) / "state.json"

    def save(self) -> None:
        """Write the state: temporary file, fsync, rename."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_suffix(".tmp")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path)

    def add_process(self, pid: int, what: str) -> None:
        """Remember a process and save."""
        self.processes.append(Process(pid, start_ticks(pid) or 0, what))
        self.save()


def load(path: Path) -> State:
    """The state of a lab on disk."""
    data = json.loads(path.read_text(encoding="utf-8"))
    data["processes"] = [Process(**p) for p in data["processes"]]
    return State(**data)


def start_ticks(pid: int) -> int | None:
    """When a process started; None when there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(text.rpartition(")")[2].split()[19])


def alive(process: Process) -> bool:
    """True while it is the process we started that bears this number."""
    return start_ticks(process.pid) == process.started


def remove(state: State) -> list[str]:
    """Take everything of a lab away, in whatever state it is; what was still there, in words. May be repeated."""
    done = []
    for process in state.processes:
        if alive(process):
            done.append(f"process {process.pid} ({process.what})")
            _kill(process.pid)
    for namespace in netns.namespaces(state.prefix):
        for pid in netns.pids(namespace):
            _kill(pid)
        done.append(f"namespace {namespace}")
    deadline = time.monotonic() + 5
    while any(alive(p) for p in state.processes) and time.monotonic() < deadline:
        time.sleep(0.02)
    gone = netns.namespaces(state.prefix)
    netns.ip_batch(f"netns del {name}" for name in gone)
    for mount in reversed(_mounted_below(state.folder)):
        done.append(f"mount {mount}")
        netns.unmount(mount)
    state.processes, state.mounts, state.nodes, state.stage = [], [], {}, "down"
    state.save()
    return done


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _mounted_below(folder: str) -> list[str]:
    """Mount points inside a folder, outermost first."""
    rows = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    points = [row.split()[1].replace("\\040", " ") for row in rows]
    return sorted(p for p in points if p.startswith(folder.rstrip("/") + "/"))
