"""What a lab has made on this machine, kept on disk before it is made, so that a crash leaves nothing behind.

Three things find a lab again: the state file in its folder, `/run/rackwright/<id>/folder` (also when the folder was
deleted), and a mark in the environment of every process it starts (also of one it had no time to write down).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rackwright.lab.netns import LabError

RUN = Path("/run/rackwright")
MARK = "RACKWRIGHT_LAB"


@dataclass
class Process:
    """A process the lab started, and for which node. `started` (clock ticks since boot) tells it from a later one
    with the same number."""

    pid: int
    started: int
    what: str
    node: str = ""


@dataclass
class Fault:
    """One fault in force. `targets` are cables or devices; `options` what its kind needs."""

    number: int
    kind: str
    targets: list[str]
    options: dict[str, str]
    at: str
    text: str


@dataclass
class State:
    """One lab. `folder` holds its files; `stage` is new, building, up or down."""

    id: str
    name: str
    project: str
    folder: str
    created: str
    stage: str = "new"
    builder: Process | None = None
    """The process that builds it, while it does."""
    nodes: dict[str, str] = field(default_factory=dict)
    """Node -> namespace."""
    processes: list[Process] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    links: dict[str, list[str]] = field(default_factory=dict)
    """Wire -> what it is made of now: [node, interface, node, interface], or the two ends hanging ("" for none)."""
    dropped: dict[str, str] = field(default_factory=dict)
    """`node interface` -> egress or ingress: what nft drops there now."""
    dead: list[str] = field(default_factory=list)
    """Nodes without power."""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """How all namespaces of this lab begin."""
        return f"rw{self.id}-"

    @property
    def control(self) -> str:
        """The namespace from which everything is reached."""
        return f"{self.prefix}ctl"

    @property
    def path(self) -> Path:
        """The state file."""
        return Path(self.folder) / "state.json"

    @property
    def run(self) -> Path:
        """Sockets of the lab (short path: a socket's is limited to 107 characters)."""
        return RUN / self.id

    @property
    def mark(self) -> str:
        """What every process of the lab has in its environment."""
        return f"{self.id}@{self.folder}"

    def save(self) -> None:
        """Write the state: temporary file, fsync, rename."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_suffix(".tmp")
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path)

    def add_processes(self, started: list[tuple[int, str, str]]) -> None:
        """Remember processes (number, what, node) and save."""
        self.processes += [Process(pid, start_ticks(pid) or 0, what, node) for pid, what, node in started]
        self.save()


def load(path: Path) -> State:
    """The state of a lab on disk. Raises LabError when the file is not one."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        data["processes"] = [Process(**p) for p in data["processes"]]
        data["faults"] = [Fault(**f) for f in data["faults"]]
        data["builder"] = Process(**data["builder"]) if data.get("builder") else None
        return State(**data)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise LabError(f"{path}: not the state of a lab ({error})") from error


def reserve(name: str, project: str, folder: Path, created: str, options: dict[str, Any]) -> State:
    """A new lab with an id of its own: written to its folder and to /run before anything else is made."""
    RUN.mkdir(mode=0o755, exist_ok=True)
    while True:
        state = State(secrets.token_hex(2), name, project, str(folder.resolve()), created, options=options)
        with contextlib.suppress(FileExistsError):
            state.run.mkdir()
            break
    (state.run / "folder").write_text(state.folder, encoding="utf-8")
    state.builder = Process(os.getpid(), start_ticks(os.getpid()) or 0, "lab up")
    state.stage = "building"
    state.save()
    return state


def labs(base: Path) -> list[State]:
    """Every lab this machine knows: those below `base` and those in /run, wherever their folders are; by name.

    One whose folder is gone, or whose state cannot be read, comes back with its id as name and the stage "lost".
    """
    found: dict[str, State] = {}
    for path in sorted(base.glob("*/state.json")):
        with contextlib.suppress(LabError):
            state = load(path)
            found[state.id] = state
    for state in _running():
        found.setdefault(state.id, state)
    return sorted(found.values(), key=lambda s: (s.name, s.id))


def lost(folder: Path) -> list[State]:
    """Labs that ran in a folder whose state no longer tells of them."""
    return [s for s in _running() if s.stage == "lost" and Path(s.folder) == folder.resolve()]


def _running() -> Iterator[State]:
    for run in sorted(RUN.glob("*")) if RUN.is_dir() else []:
        try:
            folder = (run / "folder").read_text(encoding="utf-8")
        except OSError:  # died between making the folder and writing into it: nothing else was made by then
            folder = str(run)
        try:
            state = load(Path(folder) / "state.json")
        except LabError:
            state = None
        if state is None or state.id != run.name:
            state = State(run.name, run.name, "?", folder, "?", stage="lost")
        yield state


@contextlib.contextmanager
def locked(folder: Path, seconds: float = 30.0) -> Iterator[None]:
    """Nobody else changes the lab meanwhile. Raises LabError when another does for longer than `seconds`."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise LabError(
                        f"another command is at work on the lab in {folder}; wait for it"
                    ) from None
                time.sleep(0.05)
        yield


@contextlib.contextmanager
def marked(state: State) -> Iterator[None]:
    """Processes started meanwhile carry the mark of the lab."""
    before = os.environ.get(MARK)
    os.environ[MARK] = state.mark
    try:
        yield
    finally:
        if before is None:
            del os.environ[MARK]
        else:
            os.environ[MARK] = before


def start_ticks(pid: int) -> int | None:
    """When a process started; None when there is none, or only what is left of one that ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else int(fields[19])


def alive(process: Process) -> bool:
    """True while it is the process we started that bears this number."""
    return process.started > 0 and start_ticks(process.pid) == process.started
