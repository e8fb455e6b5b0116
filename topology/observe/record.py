"""What was read, kept: raw answers with their time, command and SHA-256, and the facts made of them, for a resumed run."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from topology.facts import DeviceFacts, Evidence, SeenNeighbour, SeenPort
from topology.observe.secrets import mask
from topology.observe.session import now


class Record:
    """The folder of a run: `raw/<device>/<nn>-<command>.txt` and `facts/<device>.json`. Keys are masked in both."""

    def __init__(self, folder: Path, hidden: Iterable[str] = ()) -> None:
        self.folder, self.hidden = folder, set(hidden)

    def keep(self, device: str, command: str, answer: str) -> Evidence:
        """Write an answer down. A later answer to the same command takes its place."""
        place = self.folder / "raw" / device
        place.mkdir(parents=True, exist_ok=True)
        file = place / (re.sub(r"[^A-Za-z0-9]+", "-", command).strip("-")[:60] + ".txt")
        content = mask(answer, self.hidden).encode()
        file.write_bytes(content)
        return Evidence(
            command, now(), str(file.relative_to(self.folder)), hashlib.sha256(content).hexdigest()
        )

    def write(self, facts: DeviceFacts) -> None:
        """Keep the facts; whole or not at all."""
        place = self.folder / "facts"
        place.mkdir(parents=True, exist_ok=True)
        half = place / f".{facts.name}.part"
        row = asdict(facts) | {"configuration": mask(facts.configuration or "", self.hidden) or None}
        half.write_text(json.dumps(row, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        half.replace(place / f"{facts.name}.json")

    def read(self, device: str) -> DeviceFacts | None:
        """Facts of an earlier part of the run; None when there are none, or the device did not answer, or what was
        kept of it is not whole any more."""
        file = self.folder / "facts" / f"{device}.json"
        try:
            facts = facts_from(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, KeyError):
            return None
        if facts.error or not all(self.is_whole(e) for e in facts.evidence):
            return None
        return facts

    def is_whole(self, evidence: Evidence) -> bool:
        """True when the raw answer is there and is what it was."""
        try:
            content = (self.folder / evidence.file).read_bytes()
        except OSError:
            return False
        return hashlib.sha256(content).hexdigest() == evidence.sha256


def facts_from(row: dict[str, Any]) -> DeviceFacts:
    """Facts as they were written."""
    rows = {"neighbours": SeenNeighbour, "ports": SeenPort, "evidence": Evidence}
    whole: dict[str, Any] = {
        k: tuple(rows[k](**r) for r in v) if k in rows and v is not None else v for k, v in row.items()
    }
    return DeviceFacts(**whole)
