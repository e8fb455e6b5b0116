"""Run-sheets and record forms of drills, in Chinese and in English, written to a folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from capacity.drill_model import Drill
from capacity.drill_world import Ground
from rackwright.documents.drill_steps import steps
from rackwright.documents.files import write_bytes
from rackwright.documents.record_form import record_form
from rackwright.documents.run_sheet import run_sheet
from rackwright.documents.word import EPOCH, Language

LANGUAGES: tuple[Language, ...] = ("zh", "en")


def write_papers(on: Ground, drills: Sequence[Drill], folder: Path, day: str | None) -> Iterator[Path]:
    """Write `<scenario>-run-sheet.<language>.docx` and `<scenario>-record-form.<language>.docx` for each drill that
    has a case; gives the paths as they are written. `day` (ISO date) is printed and stands in the properties; without one nothing in
    a file depends on the day it is made. Raises OSError when a file cannot be written."""
    created = datetime.fromisoformat(day) if day else EPOCH
    for drill in drills:
        if not drill.cases:
            continue  # nothing can be taken away: there is nothing to carry out
        ordered = steps(on, drill)
        for language in LANGUAGES:
            for name, make in (("run-sheet", run_sheet), ("record-form", record_form)):
                path = folder / f"{drill.scenario.name}-{name}.{language}.docx"
                write_bytes(path, make(on, drill, ordered, language, day, created))
                yield path
