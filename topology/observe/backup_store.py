"""Configurations of devices over time, in a folder: every text once, by its SHA-256, and a log of what was read when.

objects/<sha256>.cfg    a text
log/<host>.jsonl        one line a reading: time, SHA-256, whether it differs from the reading before
current/<host>.cfg      the last reading
"""

from __future__ import annotations

import difflib
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Kept:
    """One reading of one device. `at` is ISO time in UTC."""

    host: str
    at: str
    sha256: str
    changed: bool


def keep(folder: Path, host: str, text: str, at: str) -> Kept:
    """Store a reading; a text that is there already takes no more room. Keys must be masked before."""
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    before = history(folder, host)
    kept = Kept(host, at, digest, not before or before[-1].sha256 != digest)
    for name in ("objects", "log", "current"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    stored = folder / "objects" / f"{digest}.cfg"
    if not stored.exists():
        _write(stored, text)
    _write(folder / "current" / f"{host}.cfg", text)
    with (folder / "log" / f"{host}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(kept)) + "\n")
    return kept


def history(folder: Path, host: str) -> list[Kept]:
    """All readings of a device, oldest first."""
    path = folder / "log" / f"{host}.jsonl"
    if not path.exists():
        return []
    return [Kept(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines() if line]


def text_of(folder: Path, sha256: str) -> str:
    """A stored text. Raises ValueError when it is not what was stored."""
    text = (folder / "objects" / f"{sha256}.cfg").read_text(encoding="utf-8")
    if hashlib.sha256(text.encode("utf-8")).hexdigest() != sha256:
        raise ValueError(f"{sha256}.cfg is not what was stored")
    return text


def difference(folder: Path, older: Kept, newer: Kept) -> str:
    """What changed from one reading to another, as a unified diff."""
    before, after = (text_of(folder, k.sha256).splitlines(keepends=True) for k in (older, newer))
    return "".join(
        difflib.unified_diff(before, after, f"{older.host} {older.at}", f"{newer.host} {newer.at}")
    )


def _write(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
