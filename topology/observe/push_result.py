"""What became of one switch in a push run, and the files of a run: what it was, what it is, what was said.

<host>.result.json      outcome, steps, difference, what to type to go back
<host>.log              the same to read, with all that was said on the switch
<host>.before.cfg       the configuration before; `after.cfg`: as it was read back after
<host>.undo.txt         the lines that go back, where the switch keeps no way of its own
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

Outcome = Literal[
    "no change", "would change", "confirmed", "rolled back", "refused", "not begun", "unreachable", "unknown"
]
"""no change: it ran what is intended. would change: dry run. confirmed: it runs what is intended, for good.
rolled back: it runs what it ran before. refused: nothing was changed. not begun: its turn did not come, because of
another switch or a person. unreachable: nothing was sent.
unknown: nobody can tell; the message says what to look at and `undo` what to type."""
GOOD = ("no change", "would change", "confirmed")
FILED = ("transcript", "before", "after", "undo_lines")
"""Fields that stand in files of their own."""

Progress = Callable[[str, str], None]
"""Told the switch and the step that begins."""


@dataclass(frozen=True)
class Step:
    """A step: when it began (UTC), how long it took, whether it went well, and what is to be said of it."""

    name: str
    at: str
    took_s: float
    ok: bool
    text: str


@dataclass
class PushResult:
    """What became of one switch. `undo` is what to type on it to go back; empty when there is nothing to undo.
    `before` and `after` are configurations with keys masked; `after` is empty when it was not read back."""

    host: str
    outcome: Outcome = "unknown"
    message: str = ""
    undo: str = ""
    diff: str = ""
    steps: list[Step] = field(default_factory=list)
    left: tuple[str, ...] = ()
    platform: str = ""
    before: str = ""
    after: str = ""
    undo_lines: tuple[str, ...] = ()
    transcript: str = ""

    @property
    def good(self) -> bool:
        """True when nobody has to look at it."""
        return self.outcome in GOOD

    @property
    def changed(self) -> bool:
        """True when the run may have left the switch otherwise than it was; not when it only kept what ran."""
        return self.outcome in ("confirmed", "unknown") and bool(self.diff)


def data(result: PushResult) -> dict[str, object]:
    """A result for programs: everything that has no file of its own."""
    return {k: v for k, v in asdict(result).items() if k not in FILED}


def record(folder: Path, result: PushResult) -> None:
    """Write the files of one switch. A run has a folder of its own; keys are masked already."""
    folder.mkdir(parents=True, exist_ok=True)
    steps = "".join(
        f"{s.at}  {'ok    ' if s.ok else 'FAILED'} {s.took_s:7.2f} s  {s.name}: {s.text}\n"
        for s in result.steps
    )
    undo = f"to undo: {result.undo}\n" if result.undo else ""
    said = (
        f"{result.host}: {result.outcome}: {result.message}\n{undo}\n{steps}\n{result.diff}\n--- transcript\n"
    )
    files = {
        "log": said + result.transcript,
        "before.cfg": result.before,
        "after.cfg": result.after,
        "undo.txt": "".join(f"{line}\n" for line in result.undo_lines),
        "result.json": json.dumps(data(result), ensure_ascii=False, indent=1) + "\n",
    }
    for name, text in files.items():
        if text:
            (folder / f"{result.host}.{name}").write_text(text, encoding="utf-8")


def recorded(folder: Path) -> list[PushResult]:
    """The results of a run by name of switch, without transcripts. Raises ValueError for a folder that holds no run."""
    out = []
    for path in sorted(folder.glob("*.result.json")):
        host = path.name.removesuffix(".result.json")
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
            steps = [Step(**s) for s in row.pop("steps")]
            texts = {n: _text(folder / f"{host}.{n}.cfg") for n in ("before", "after")}
            out.append(PushResult(**{**row, **texts, "steps": steps, "left": tuple(row["left"])}))
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{path} cannot be read: {error}") from error
    if not out:
        raise ValueError(f"{folder} holds no push run: no file *.result.json in it")
    return out


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
