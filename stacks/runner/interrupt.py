"""Ctrl-C while the engine works: it ends what is under way and records it; the planner waits for it and tells.

A terminal sends Ctrl-C to the engine as well. Sent to the planner alone (`kill`, a build server), it is passed on, and so is
SIGTERM. The second one makes the engine stop where it is.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CODE = 130
"""Exit code of a run that was interrupted."""
FIRST = "interrupted: what is under way is ended and recorded first; again: stop at once\n"
AGAIN = "interrupted again: stopped at once\n"

_count = 0


def interrupted() -> bool:
    """Whether this run has been interrupted."""
    return _count > 0


@contextmanager
def patient() -> Iterator[None]:
    """For the time of the block an interruption raises nothing here and reaches the engine."""
    global _count
    _count = 0
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {n: signal.signal(n, _taken) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _taken(number: int, _: object) -> None:
    global _count
    _count += 1
    os.write(2, (FIRST if _count == 1 else AGAIN).encode())
    if number != signal.SIGINT or _count > 1 or not _at_terminal():
        for pid in _engines():
            os.kill(pid, signal.SIGINT)


def _at_terminal() -> bool:
    """Whether Ctrl-C at the terminal reaches this process, and with it the engine."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _engines() -> list[int]:
    """Engines this process has started and that still run."""
    own = [f.read_text().split() for f in Path("/proc/self/task").glob("*/children")]
    return [int(pid) for pids in own for pid in pids if _name(pid).startswith("pulumi")]


def _name(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8")
    except OSError:
        return ""
