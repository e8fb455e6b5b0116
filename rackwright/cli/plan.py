"""`rackwright plan` and `rackwright report`."""

from __future__ import annotations

import fcntl
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rackwright.cli.common import (
    CLEAN,
    FINDINGS,
    UNUSABLE,
    Format,
    Project,
    find_project,
    leave,
    load_project,
    out,
    out_json,
    parse_day,
    run_checks,
    say,
)

if TYPE_CHECKING:
    from datetime import date

    from inventory.plan_model import Plan

Progress = Callable[[str, int, int], None]


def run(
    name: str | None,
    output: Format,
    day: str | None,
    *,
    replan: bool,
    dry_run: bool,
    partial: bool,
    documents: bool,
    out_folder: Path | None,
) -> None:
    """Load, plan, write, check, document, sum up. Exit 1 when something cannot be placed or a finding blocks."""
    from capacity.plan import make_plan
    from inventory.load import shown_path
    from inventory.plan_store import load_plan, write_plan

    today = parse_day(day)
    with progress() as tell, exclusive(find_project(name)):
        tell("reading the inventory", 0, 5)
        project = load_project(name, output, with_plan=not replan)
        old = project.plan
        before = old if not replan else load_plan(project.folder).plan
        new = make_plan(project.inventory, old, today, tell)
        changes = difference(before, new)
        missing = [d for p in new.proofs for d in p.unplaced]
        refused = bool(missing) and not partial
        paths: list[Path] = []
        if not dry_run and not refused:
            with writing("the old plan stands"):
                paths = write_plan(project.folder, new)
    if refused:
        _refuse(new, missing, output)
    if dry_run:
        if output is Format.TEXT:
            out("would change (nothing was written):")
            for line in _change_lines(changes):
                out(f"  {line}")
            out("")
        finish(replace(project, plan=new), output, today, None, False, [], would_change=changes)
    project = replace(project, plan=load_plan(project.folder).plan)
    if output is Format.TEXT:
        say("plan: " + "; ".join(_change_lines(changes)))
    finish(
        project, output, today, out_folder if documents else None, documents, [shown_path(p) for p in paths]
    )


def run_report(name: str | None, output: Format, day: str | None, out_folder: Path | None) -> None:
    """Write the documents from the plan on disk."""
    project = load_project(name, output)
    if project.plan is None:
        say("no plan yet: run `rackwright plan` first")
        leave(UNUSABLE)
    finish(project, output, parse_day(day), out_folder, True, [])


def finish(
    project: Project, output: Format, today: date, out_folder: Path | None, documents: bool, paths: list[str], *,
    would_change: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Check the plan, write the documents, print the summary, leave with 0 or 1. `would_change`: the plan was made to
    look at alone; it is not on disk."""
    from inventory.load import shown_path
    from rackwright.summary import summarise

    plan = project.plan
    if plan is None:
        raise RuntimeError("finish() needs a plan")
    with progress() as tell:
        tell("checking every rule", 0, 3)
        report = run_checks(project, today)
        summary = summarise(project.inventory, plan, report)
        written = [shown_path(project.folder / "plan") + f"/ ({len(paths)} files)"] if paths else []
        if documents:
            from rackwright.documents.report import write_report
            from rackwright.documents.workbook import write_workbook

            folder = out_folder or Path("build") / project.inventory.project.name
            with writing("the documents are not complete"):
                folder.mkdir(parents=True, exist_ok=True)
                tell("writing report.html", 1, 3)
                write_report(project.inventory, plan, report, summary, folder / "report.html")
                tell("writing plan.xlsx", 2, 3)
                write_workbook(project.inventory, plan, report, folder / "plan.xlsx")
            written += [str(folder / "report.html"), str(folder / "plan.xlsx")]
    if output is Format.JSON:
        dry = {} if would_change is None else {"dry_run": True, "changes": would_change}
        out_json({**dry, "summary": summary.to_dict(), "written": written})
    else:
        from rich.console import Console

        from rackwright.cli.summary_text import print_summary

        print_summary(Console(soft_wrap=False), summary, written)
        blocking = [f for f in report.findings if f.blocks]
        if blocking:
            out("")
            out(f"to be mended first ({len(blocking)}):")
            for finding in blocking[:_SHOWN]:
                out(finding.to_line())
            if len(blocking) > _SHOWN:
                out(f"… and {len(blocking) - _SHOWN} more")
        if would_change is not None:
            leave(FINDINGS if report.blocked else CLEAN)
        out("")
        out(
            f"next: rackwright check -p {shlex.quote(shown_path(project.folder))}   every finding with its sum and its fix\n"
            f"      rackwright simulate -p {shlex.quote(shown_path(project.folder))}   what any one failure takes down"
        )
    leave(FINDINGS if report.blocked else CLEAN)


_SHOWN = 5
"""Errors shown under the summary."""


def difference(before: Plan | None, after: Plan) -> dict[str, dict[str, int]]:
    """Records added, removed and changed per list of the plan."""
    keys: dict[str, Callable[[Any], Any]] = {
        "devices": lambda r: r.name,
        "cables": lambda r: r.id,
        "cords": lambda r: r.id,
        "prefixes": lambda r: r.prefix,
        "asns": lambda r: (r.asn, r.used_by),
        "addresses": lambda r: r.address,
    }
    out_changes: dict[str, dict[str, int]] = {}
    for attribute, key in keys.items():
        old = {
            key(r): r.model_copy(update={"at": ""}) for r in (getattr(before, attribute) if before else ())
        }
        new = {key(r): r.model_copy(update={"at": ""}) for r in getattr(after, attribute)}
        out_changes[attribute] = {
            "kept": sum(1 for k, r in new.items() if old.get(k) == r),
            "added": sum(1 for k in new if k not in old),
            "removed": sum(1 for k in old if k not in new),
            "changed": sum(1 for k, r in new.items() if k in old and old[k] != r),
        }
    return out_changes


def _change_lines(changes: dict[str, dict[str, int]]) -> list[str]:
    return [
        f"{what}: " + (", ".join(f"{n} {word}" for word, n in counts.items() if n) or "none")
        for what, counts in changes.items()
    ]


def _refuse(plan: Plan, missing: list[str], output: Format) -> None:
    """Say why it does not fit and what would help; nothing is written."""
    proofs = [p for p in plan.proofs if p.unplaced]
    if output is Format.JSON:
        out_json({"written": [], "infeasible": [p.model_dump(exclude={"at"}) for p in proofs]})
        leave(FINDINGS)
    for proof in proofs:
        out(f"site {proof.site}: {len(proof.unplaced)} of {proof.placed + len(proof.unplaced)} devices cannot be placed "
            f"({proof.status}; {proof.proof})")  # fmt: skip
        if proof.conflicts:
            out("  these requirements cannot all hold:")
            for text in proof.conflicts:
                out(f"    - {text}")
        if proof.relaxations:
            out("  any one of these would help:")
            for text in proof.relaxations:
                out(f"    - {text}")
        names = ", ".join(proof.unplaced[:12]) + (" …" if len(proof.unplaced) > 12 else "")
        out(f"  left out in the best attempt: {names}")
    say(
        f"{len(missing)} devices not placed: nothing was written, the old plan stands (--partial writes the rest)"
    )
    leave(FINDINGS)


@contextmanager
def writing(otherwise: str) -> Iterator[None]:
    """Leave with exit code 2 and one line, `otherwise` at its end, when the disk says no."""
    try:
        yield
    except OSError as exc:
        say(f"cannot write: {exc.filename or ''} {exc.strerror or exc}; {otherwise}")
        leave(UNUSABLE)


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Only one planner at a time in a project folder, from reading to writing; the lock goes with the process."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another `rackwright plan` is at work in {folder}; wait for it")
            leave(UNUSABLE)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def progress() -> Iterator[Progress]:
    """Progress on standard error: a live line in a terminal, one line a step elsewhere."""
    if not sys.stderr.isatty():
        last = ""

        def tell(step: str, done: int, total: int) -> None:
            nonlocal last
            if step != last and not step.startswith("place "):
                say(f"… {step}")
            last = step

        yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=24), TimeElapsedColumn(),
        console=Console(stderr=True), transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task("starting", total=5)

        def show(step: str, done: int, total: int) -> None:
            if step.startswith("place "):
                bar.update(task, description=f"{step}: {done} racks, bound {total}")
            else:
                bar.update(task, description=step, completed=done, total=total)

        yield show
