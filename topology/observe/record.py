"""What was read, kept: raw answers with their time, command and SHA-256, and the facts made of them, for a resumed run."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from topology.facts import (
    ControllerFacts,
    DeviceFacts,
    Evidence,
    SeenDrive,
    SeenMac,
    SeenNeighbour,
    SeenPort,
    SeenSession,
    SeenSupply,
)
from topology.observe.secrets import mask
from topology.observe.session import now

Facts = TypeVar("Facts", DeviceFacts, ControllerFacts)


class Record:
    """The folder of a run: `raw/<device>/<nn>-<command>.txt` and `facts/<device>.json`. Keys are masked in both."""

    def __init__(self, folder: Path, hidden: Iterable[str] = ()) -> None:
        self.folder, self.hidden = folder, set(hidden)

    def keep(self, device: str, command: str, answer: str) -> Evidence:
        """Write an answer down. A later answer to the same command takes its place."""
        place = self.folder / "raw" / device
        place.mkdir(parents=True, exist_ok=True)
        file = place / f"{_file_name(command)}.txt"
        content = mask(answer, self.hidden).encode()
        file.write_bytes(content)
        return Evidence(
            command, now(), str(file.relative_to(self.folder)), hashlib.sha256(content).hexdigest()
        )

    def write(self, facts: DeviceFacts | ControllerFacts) -> None:
        """Keep the facts; whole or not at all."""
        file = self._file(type(facts), facts.name)
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_name(f".{file.name}.part")
        row = asdict(facts)
        for text in ("configuration", "saved"):
            if row.get(text):
                row[text] = mask(row[text], self.hidden)
        half.write_text(json.dumps(row, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        half.replace(file)

    def read(self, device: str, kind: type[Facts] = DeviceFacts) -> Facts | None:  # type: ignore[assignment]
        """Facts of an earlier part of the run; None when there are none, or the device did not answer, or what was
        kept of it is not whole any more."""
        try:
            facts = facts_from(json.loads(self._file(kind, device).read_text(encoding="utf-8")), kind)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        if facts.error or not all(self.is_whole(e) for e in facts.evidence):
            return None
        return facts

    def _file(self, kind: type[DeviceFacts | ControllerFacts], device: str) -> Path:
        return self.folder / "facts" / f"{device}{'.bmc' if kind is ControllerFacts else ''}.json"

    def is_whole(self, evidence: Evidence) -> bool:
        """True when the raw answer is there and is what it was."""
        try:
            content = (self.folder / evidence.file).read_bytes()
        except OSError:
            return False
        return hashlib.sha256(content).hexdigest() == evidence.sha256


def _file_name(command: str) -> str:
    """A file name for a command; long ones end in a part of its SHA-256, so that no two are the same."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", command).strip("-")
    return words if len(words) <= 60 else f"{words[:50]}-{hashlib.sha256(command.encode()).hexdigest()[:8]}"


def facts_from(row: dict[str, Any], kind: type[Facts] = DeviceFacts) -> Facts:  # type: ignore[assignment]
    """Facts as they were written."""
    whole: dict[str, Any] = {
        key: tuple(ROWS[key](**r) for r in value) if key in ROWS and value is not None else value
        for key, value in row.items()
    }
    return kind(**whole)


ROWS: dict[str, Any] = {
    "neighbours": SeenNeighbour, "ports": SeenPort, "macs": SeenMac, "sessions": SeenSession, "nics": SeenMac, "supplies": SeenSupply,
    "drives": SeenDrive, "evidence": Evidence,
}  # fmt: skip
"""What the rows of a list are."""
