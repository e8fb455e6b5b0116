"""Parsed YAML by content: the second read of the same bytes costs a hash and a JSON parse.

Only files without a single finding are kept, as JSON, under a key of content, code version and nothing
else; never pickle. The folder is the user's cache folder; RACKWRIGHT_CACHE names another, "off" none.
"""

from __future__ import annotations

import hashlib
import json
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

READERS = ("source.py", "yaml_traps.py")
"""The code that reads YAML: when it changes, nothing old is taken for new."""
KEPT = 512
"""Most files kept; the oldest quarter goes first."""


def _folder() -> Path | None:
    named = os.environ.get("RACKWRIGHT_CACHE")
    return None if named == "off" else _made(named)


@lru_cache(maxsize=4)
def _made(named: str | None) -> Path | None:
    """The folder for parsed files, made if need be; None where that cannot be done."""
    try:
        users = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        base = Path(named) if named else users / "rackwright"
        base.mkdir(parents=True, exist_ok=True, mode=0o700)
    except (OSError, RuntimeError):  # RuntimeError: the user has no home
        return None
    return base


@lru_cache(maxsize=1)
def _version() -> bytes:
    here = Path(__file__).parent
    return hashlib.blake2b(b"".join((here / name).read_bytes() for name in READERS), digest_size=32).digest()


def key(raw: bytes) -> str:
    """The name under which the parsed form of these bytes is kept."""
    return hashlib.blake2b(raw, digest_size=20, key=_version()).hexdigest()


def recall(name: str) -> tuple[bool, Any]:
    """(found, data) for a key; a damaged entry is as good as none."""
    folder = _folder()
    if folder is None:
        return False, None
    try:
        return True, json.loads((folder / f"{name}.json").read_bytes())
    except (OSError, ValueError):
        return False, None


def keep(name: str, data: Any) -> None:
    """Remember parsed data; failing to is no fault."""
    folder = _folder()
    if folder is None:
        return
    fresh = folder / f".{name}.{os.getpid()}"
    try:
        fresh.write_bytes(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())
        fresh.replace(folder / f"{name}.json")
        entries = list(folder.glob("*.json"))
        if len(entries) > KEPT:
            entries.sort(key=lambda p: p.stat().st_mtime)
            for old in entries[: KEPT // 4]:
                old.unlink(missing_ok=True)
    except OSError:
        return
