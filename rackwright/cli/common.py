"""What every verb shares: finding the project, loading it, printing, leaving with the right exit code."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from inventory.checks import Report
    from inventory.findings import Finding
    from inventory.inventory import Inventory
    from inventory.plan_model import Plan

CLEAN, FINDINGS, UNUSABLE = 0, 1, 2
"""Exit codes: nothing at error level; findings at error level; input or usage that cannot be worked with."""


class Format(StrEnum):
    """How a verb answers."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True)
class Project:
    """A project as found on disk: its folder, the inventory, the plan if there is one."""

    folder: Path
    inventory: Inventory
    plan: Plan | None


def say(text: str) -> None:
    """A line for the person at the terminal: standard error, so that data on standard output stays clean."""
    print(text, file=sys.stderr)  # noqa: T201


def out(text: str) -> None:
    """Data: standard output."""
    print(text)  # noqa: T201


def out_json(value: Any) -> None:
    """Data as JSON, Chinese readable, keys in the order given."""
    out(json.dumps(value, ensure_ascii=False, indent=2))


def leave(code: int) -> NoReturn:
    """End with an exit code."""
    sys.stdout.flush()
    raise SystemExit(code)


def find_project(name: str | None) -> Path:
    """The folder of a project: a path, the name of a shipped project, or the working directory when it holds
    project.yml. Leaves with exit code 2 and a hint when there is none."""
    from inventory.load import PROJECTS

    if name is None:
        here = Path.cwd()
        if (here / "project.yml").is_file():
            return here
        shipped = ", ".join(sorted(p.name for p in PROJECTS.iterdir() if p.is_dir()))
        say(f"no project.yml in {here}; name a project folder with -p FOLDER, or a shipped one: {shipped}")
        leave(UNUSABLE)
    path = Path(name)
    if path.is_dir():
        return path
    if "/" not in name and (PROJECTS / name).is_dir():
        return PROJECTS / name
    from inventory.validation import near

    guess = near(name, [p.name for p in PROJECTS.iterdir() if p.is_dir()])
    say(f"no project folder {name}" + (f"; did you mean {guess}?" if guess else ""))
    leave(UNUSABLE)


def load_project(name: str | None, output: Format, *, with_plan: bool = True) -> Project:
    """Load inventory and plan; on any fault print all of them and leave with exit code 2."""
    from inventory.load import load
    from inventory.plan_store import load_plan

    folder = find_project(name)
    loaded = load(folder)
    faults = list(loaded.findings)
    plan = None
    if with_plan:
        stored = load_plan(folder)
        plan = stored.plan
        faults += stored.findings
    if loaded.inventory is None or any(f.blocks for f in faults):
        print_findings(faults, output, verbose=True)
        if output is Format.TEXT:
            say(f"{len(faults)} fault{'' if len(faults) == 1 else 's'}; nothing was loaded")
        leave(UNUSABLE)
    gc.freeze()  # what was loaded stays to the end: the collector need not look at it again
    return Project(folder, loaded.inventory, plan)


def run_checks(project: Project, today: date) -> Report:
    """All checks over a loaded project."""
    from inventory.checks import Context, run
    from rackwright.checklist import register_all

    register_all()
    return run(Context(project.inventory, project.plan, today))


def parse_day(text: str | None) -> date:
    """The day that waivers and tombstones are held against: --date, or today. Leaves with 2 on nonsense."""
    if text is None:
        return date.today()
    try:
        return date.fromisoformat(text)
    except ValueError:
        say(f"--date {text}: expected a day like 2026-01-31")
        leave(UNUSABLE)


def print_findings(findings: Iterable[Finding], output: Format, *, verbose: bool) -> None:
    """Findings to standard output: what blocks stands last, each kind in the order of the files. Text without
    `verbose` sums up information, waived findings and "not evaluated" by code."""
    items = list(findings)
    if output is Format.JSON:
        out_json({"findings": [f.to_dict() for f in items]})
        return
    brief = [] if verbose else [f for f in items if _is_brief(f)]
    hidden = set(map(id, brief))
    errors = [f for f in items if f.blocks]
    for finding in items:
        if id(finding) not in hidden and not finding.blocks:
            out(finding.to_text())
    if brief:
        out("")
        out("in short (all of them: --verbose)")
        for line in in_short(brief):
            out(f"  {line}")
        out("")
    for finding in errors:  # nearest the prompt
        out(finding.to_text())


def _is_brief(finding: Finding) -> bool:
    from inventory.findings import Severity, Status

    return (
        finding.status is Status.NOT_EVALUATED
        or finding.severity is Severity.INFO
        or finding.waived is not None
    )


def in_short(findings: Sequence[Finding]) -> list[str]:
    """One line per code: how many, and the first message."""
    from inventory.findings import Status

    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        word = "not evaluated" if finding.status is Status.NOT_EVALUATED else str(finding.severity)
        word = "waived" if finding.waived else word
        groups.setdefault((word, finding.code), []).append(finding)
    return [
        f"{word} {code} x{len(group)}: {group[0].subject}: {group[0].message.en}"
        + (" …" if len(group) > 1 else "")
        for (word, code), group in sorted(groups.items())
    ]


def tally(report: Report) -> str:
    """One line: findings by severity and checks by verdict."""
    from inventory.findings import Severity, Status

    failed = [f for f in report.findings if f.status is Status.FAILED and f.waived is None]
    counts = {s: sum(f.severity is s for f in failed) for s in Severity}
    unknown = sum(f.status is Status.NOT_EVALUATED for f in report.findings)
    waived = sum(f.waived is not None for f in report.findings)
    verdicts = [o.verdict for o in report.outcomes]
    return (
        f"{counts[Severity.ERROR]} errors, {counts[Severity.WARNING]} warnings, {counts[Severity.INFO]} notes, "
        f"{waived} waived, {unknown} not evaluated | checks: {verdicts.count('passed')} passed, "
        f"{verdicts.count('failed')} failed, {verdicts.count('not evaluated')} not evaluated"
    )
