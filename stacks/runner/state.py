"""What the state of a stack says, read from its file: how much there is, when, and what was begun and never ended."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from stacks.layers import project_name
from stacks.runner.engine import Home
from stacks.runner.results import GROUPING, STACK

UNRECORDED = "killed, or an import"
"""The state was written after the last run that the history knows to have ended."""
LATE_S = 2.0


@dataclass(frozen=True)
class StackState:
    """A stack as last written. `pending`: operations that were begun when the run was killed, `operation name`;
    `operations`: the same as the state has them.
    `resources`: those that manage something. `digest`: of the plan it was applied from."""

    resources: tuple[Mapping[str, Any], ...]
    pending: tuple[str, ...]
    at: str
    digest: str
    operations: tuple[Mapping[str, Any], ...] = ()
    written: float = 0.0
    """When, in seconds since 1970."""


def stack_file(home: Home, layer: str, site: str) -> Path | None:
    """The file of a stack; None when it has none, or the state lies in no folder."""
    if home.state_folder is None:
        return None
    base = home.state_folder / ".pulumi" / "stacks" / project_name(layer) / f"{site}.json"
    return next((f for f in (base, base.with_name(f"{base.name}.gz")) if f.is_file()), None)


def read_state(home: Home, layer: str, site: str) -> StackState | None:
    """The state of a stack; None when it was never applied."""
    file = stack_file(home, layer, site)
    if file is None:
        return None
    data = file.read_bytes()
    text = gzip.decompress(data) if file.suffix == ".gz" else data
    latest = (json.loads(text).get("checkpoint") or {}).get("latest")
    if latest is None:
        return None
    rows, begun = latest.get("resources") or [], latest.get("pending_operations") or []
    stack: Mapping[str, Any] = next((r for r in rows if r["type"] == STACK), {})
    return StackState(
        tuple(r for r in rows if not r["type"].startswith(GROUPING)),
        tuple(f"{p['type']} {p['resource']['urn'].split('::', 3)[-1]}" for p in begun),
        str((latest.get("manifest") or {}).get("time", ""))[:19].replace("T", " "),
        str((stack.get("outputs") or {}).get("planDigest", "")),
        tuple(begun),
        _seconds(str((latest.get("manifest") or {}).get("time", ""))),
    )  # fmt: skip


def write_operations(home: Home, layer: str, site: str, operations: Sequence[Mapping[str, Any]]) -> bool:
    """Note operations as begun and never ended in the file of a stack nobody works on; the engine's own import takes
    them out. False where the state lies in no folder."""
    file = stack_file(home, layer, site)
    if file is None:
        return False
    packed = file.suffix == ".gz"
    data = json.loads(gzip.decompress(file.read_bytes()) if packed else file.read_bytes())
    data["checkpoint"]["latest"]["pending_operations"] = list(operations)
    text = json.dumps(data, indent=4).encode()
    fresh = file.with_name(f"{file.name}.new")
    fresh.write_bytes(gzip.compress(text) if packed else text)
    fresh.chmod(file.stat().st_mode)
    fresh.replace(file)
    return True


def last_run(home: Home, layer: str, site: str) -> str:
    """The last run of a stack, `update succeeded`, `refresh succeeded`, `update failed`, or UNRECORDED; empty when
    nothing is known."""
    if home.state_folder is None:
        return ""
    folder = home.state_folder / ".pulumi" / "history" / project_name(layer) / site
    files = sorted((*folder.glob("*.history.json"), *folder.glob("*.history.json.gz")))
    if not files:
        return ""
    data = files[-1].read_bytes()
    told = json.loads(gzip.decompress(data) if files[-1].suffix == ".gz" else data)
    state = read_state(home, layer, site)
    if state and told.get("endTime") and state.written > float(told["endTime"]) + LATE_S:
        return UNRECORDED
    return f"{told.get('kind')} {told.get('result')}"


def _seconds(time: str) -> float:
    try:
        return datetime.fromisoformat(re.sub(r"\.\d+", "", time)).timestamp()
    except ValueError:
        return 0.0
