"""One push at a time on a switch: a second one from this controller is told which run works on it and does not begin."""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


@contextmanager
def alone(folder: Path, hosts: Iterable[str], run: Path) -> Iterator[dict[str, str]]:
    """Hold every switch that no other push holds; yields the others, each with the folder of the run that does.

    The files in `folder` stay; the hold ends with the process, also after `kill -9`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    taken: dict[str, str] = {}
    with ExitStack() as files:
        for host in hosts:
            file = files.enter_context((folder / host).open("a+", encoding="utf-8"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                taken[host] = file.read().strip() or "another run"
                continue
            file.truncate(0)
            file.write(f"{run}\n")
            file.flush()
        yield taken
