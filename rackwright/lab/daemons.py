"""The processes that serve a whole lab: switch command lines and management controllers."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rackwright.lab.netns import LabError
from rackwright.lab.state import State, alive


def start(state: State, what: str, rows: Mapping[str, Any] | None = None) -> None:
    """Start `python -m rackwright.lab.<what> FOLDER`, which reads <what>.json (written anew when `rows` are given) and
    makes <what>.ready when it serves. Raises LabError when it does not within a minute."""
    folder = Path(state.folder)
    file, ready = folder / f"{what}.json", folder / f"{what}.ready"
    if rows is not None:
        file.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
    ready.unlink(missing_ok=True)
    Path(json.loads(file.read_text(encoding="utf-8"))["control"]).unlink(missing_ok=True)
    with (folder / f"{what}.log").open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - own module
            [sys.executable, "-m", f"rackwright.lab.{what}", str(folder)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            cwd=Path(__file__).resolve().parents[2],
        )  # fmt: skip
    state.add_processes([(process.pid, what, "")])
    deadline = time.monotonic() + 60
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            tail = (folder / f"{what}.log").read_text(encoding="utf-8", errors="replace").splitlines()[-3:]
            raise LabError(
                f"rackwright.lab.{what} did not start; {folder / what}.log ends: " + " | ".join(tail)
            )
        time.sleep(0.05)


def revive(state: State) -> list[str]:
    """Start those again that died; their names."""
    died = [p for p in state.processes if not p.node and not alive(p)]
    for process in died:
        state.processes.remove(process)
        start(state, process.what)
    return [p.what for p in died]
