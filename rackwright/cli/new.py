"""`rackwright new`: a first project that works."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from rackwright.cli.common import UNUSABLE, leave, out, say
from rackwright.documents.files import write_text


def run(folder: Path) -> None:
    """Write the starter inventory into a new folder; an existing, filled folder is left alone."""
    if folder.exists() and any(folder.iterdir()):
        say(f"{folder} is not empty; name a new folder")
        leave(UNUSABLE)
    name = re.sub(r"[^-a-z0-9_]+", "-", folder.name.lower()).strip("-") or "project"
    text = files("rackwright.documents").joinpath("templates/starter.yml").read_text(encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "project.yml", text.replace("my-project", name, 1))
    out(str(folder / "project.yml"))
    say(f"now: rackwright plan -p {folder}")
