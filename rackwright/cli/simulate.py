"""`rackwright simulate`: failure sweeps of order 1 and 2, minimal cut sets up to order 3, cables that cut off."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rackwright.cli import simulate_text as pages
from rackwright.cli.common import (
    CLEAN,
    FINDINGS,
    UNUSABLE,
    Format,
    Project,
    leave,
    load_project,
    out,
    out_json,
    parse_day,
    say,
)
from rackwright.cli.plan import writing

if TYPE_CHECKING:
    from datetime import date

    from capacity.engine import Engine
    from inventory.findings import Finding
    from topology.elements import Layers, SharedRisk

_DETAILED = 3
"""Groups named on the command line up to which each is shown in full."""


@dataclass(frozen=True)
class Asked:
    """What the command line asks for."""

    order: int
    cuts: bool
    cables: bool
    services: tuple[str, ...]
    kinds: tuple[str, ...]
    groups: tuple[str, ...]
    at: Literal["alloc", "peak"]
    every: bool

    @property
    def filtered(self) -> bool:
        """True when not everything was asked for."""
        return bool(self.services or self.kinds or self.groups)


def run(
    name: str | None,
    output: Format,
    day: str | None,
    asked: Asked,
    engine_name: Literal["local", "dask"],
    scheduler: str | None,
    out_folder: Path | None,
) -> None:
    """Sweep, cut sets or cables, printed and written. Exit 1 when a protected service has a single point of failure or is
    down from the start."""
    from capacity.engine import Engine, EngineError
    from topology.graph import layers as planned_layers
    from topology.risk import shared_risks

    today = parse_day(day)
    if asked.cables and (asked.filtered or asked.cuts or asked.order > 1):
        say(
            "--cables tries every cable and every two: leave out --service, --kind, --group, --cuts and --order"
        )
        leave(UNUSABLE)
    try:
        engine = Engine(engine_name, scheduler)
    except EngineError as exc:
        say(str(exc))
        leave(UNUSABLE)
    project = load_project(name, output)
    if project.plan is None:
        say("no plan yet: run `rackwright plan` first")
        leave(UNUSABLE)
    layers = planned_layers(project.inventory, project.plan)
    risks = shared_risks(project.inventory, layers)
    asked = _known(project, risks, asked)
    chosen = tuple(r for r in risks if not asked.kinds or r.kind in asked.kinds)
    try:
        if asked.cables:
            _cables(project, layers, asked, engine, output, out_folder)
        elif asked.cuts or asked.order == 3:
            _cuts(project, layers, chosen, asked, engine, output, out_folder)
        else:
            _sweep(project, layers, chosen, asked, engine, output, out_folder, today)
    except EngineError as exc:
        say(str(exc))
        leave(UNUSABLE)


# ---------------------------------------------------------------- sweeps


def _sweep(
    project: Project,
    layers: Layers,
    risks: Sequence[SharedRisk],
    asked: Asked,
    engine: Engine,
    output: Format,
    out_folder: Path | None,
    today: date,
) -> None:
    from capacity.single_points import sweep_findings
    from capacity.survives import survives
    from capacity.sweep import sweep

    with progress() as tell:
        result = sweep(
            project.inventory, layers, risks, asked.order, engine,
            at=asked.at, services=asked.services, only=asked.groups, progress=tell,
        )  # fmt: skip
        tell("findings", 0, 1)
        findings = sweep_findings(project.inventory, layers, risks, result)
    findings = _waived(findings, project, today)
    answer = {**result.to_dict(), "findings": [f.to_dict() for f in findings]}
    written = _write(project, asked, answer, f"simulate-order{asked.order}.json", out_folder)
    if output is Format.JSON:
        out_json(answer)
    else:
        if asked.groups and asked.order == 1 and len(result.outcomes) <= _DETAILED:
            lines = [pages.headline(result)]
            by_key = {r.key: r for r in risks}
            for outcome in result.outcomes:
                failed = {*by_key[outcome.groups[0]].members, *outcome.opened}
                left = survives(project.inventory, layers, failed)
                lines += ["", *pages.failure_page(outcome.groups[0], left, outcome.opened)]
        else:
            lines = pages.sweep_page(result, asked.every)
        lines += ["", *pages.open_points(result.assumed, result.not_evaluated)]
        if findings:
            texts = (f.to_text() if asked.order == 1 else f.to_line() for f in findings)
            lines += ["", *(line for text in texts for line in text.splitlines())]
        _close(project, asked, lines, written, findings)
    leave(FINDINGS if any(f.blocks for f in findings) else CLEAN)


def _close(
    project: Project, asked: Asked, lines: list[str], written: list[str], findings: Sequence[Finding]
) -> None:
    """Print a page, what was written and what to run next."""
    for line in lines:
        out(line)
    out("")
    for path in written:
        out(f"written: {path}")
    errors = sum(f.blocks for f in findings)
    if findings:
        out(
            f"{errors} of {len(findings)} findings at error level; "
            f"`rackwright explain {findings[0].code}` tells more"
        )
    flag = f" -p {shlex.quote(_shown(project))}"
    if findings and findings[0].code != "RED052" and not asked.groups:
        subject = shlex.quote(findings[0].subject)
        out(f"next: rackwright simulate{flag} --group {subject}   everything that one failure does")
    elif asked.order == 1 and not asked.groups:
        out(f"next: rackwright simulate{flag} --order 2   every pair of failures")
    else:
        out(f"next: rackwright simulate{flag} --cuts --service NAME   the smallest sets that take it down")


# ---------------------------------------------------------------- cut sets


MANY_GROUPS = 4_000
"""Groups above which a search for sets of three is said to take long."""


def _cuts(
    project: Project,
    layers: Layers,
    risks: Sequence[SharedRisk],
    asked: Asked,
    engine: Engine,
    output: Format,
    out_folder: Path | None,
) -> None:
    from capacity.cut_sets import cut_sets
    from capacity.engine import run_jobs
    from capacity.survival import structure
    from capacity.sweep import class_dict, not_evaluated, said

    inventory = project.inventory
    whole = structure(inventory, layers)
    names = [n for n in whole.outputs if not asked.services or n in asked.services]
    members = tuple(r for r in risks if not asked.groups or r.key in asked.groups)
    if asked.order > 2 and len(members) > MANY_GROUPS:
        say(
            f"{len(members)} groups: sets of three may take hours and fill memory; --order 2, --service, --kind and --group narrow it"
        )
    with progress() as tell:
        tell("cut sets, service by service", 0, len(names))
        found = run_jobs(
            partial(cut_sets, whole, members, order_max=asked.order), names, engine,
            lambda done, total: tell("cut sets, service by service", done, total),
        )  # fmt: skip
    assumed = layers.assumed
    lacking = not_evaluated(inventory, layers, at=asked.at, without_trips=True)
    answer: dict[str, Any] = {
        "project": inventory.project.name,
        "order": asked.order,
        "services": [
            {
                "name": c.output,
                "protected": inventory.services[c.output].protected,
                "down_already": c.down_already,
                "groups": c.groups,
                "without_effect": c.without_effect,
                "sets": {str(n): c.of_order(n) for n in range(1, c.order_max + 1)},
                "classes": [class_dict(k) for k in c.classes],
                **({"cut_sets": [list(s) for s in c.expanded()]} if asked.every else {}),
            }
            for c in found
        ],
        "assumed": said(layers.assumed),
        "not_evaluated": said(lacking),
    }
    written = _write(project, asked, answer, "simulate-cuts.json", out_folder)
    protected = {n: s.protected for n, s in inventory.services.items()}
    if output is Format.JSON:
        out_json(answer)
    else:
        head = f"{inventory.project.name}: minimal cut sets of up to {asked.order} of {len(members):,} shared risks"
        lines = [head, "", *pages.cuts_page(found, protected, asked.every)]
        lines += ["", *pages.open_points(assumed, lacking)]
        for line in lines:
            out(line)
        out("")
        for path in written:
            out(f"written: {path}")
        out(
            f"next: rackwright simulate -p {shlex.quote(_shown(project))}   what each failure darkens, with findings and fixes"
        )
    bad = any(protected[c.output] and (c.down_already or c.of_order(1)) for c in found)
    leave(FINDINGS if bad else CLEAN)


# ---------------------------------------------------------------- cables


def _cables(
    project: Project,
    layers: Layers,
    asked: Asked,
    engine: Engine,
    output: Format,
    out_folder: Path | None,
) -> None:
    from capacity.cable_cuts import cable_cuts
    from capacity.survival import structure
    from capacity.survival_open import open_points
    from capacity.sweep import said
    from rackwright.cli.cables_text import cables_page

    inventory = project.inventory
    found = cable_cuts(structure(inventory, layers), layers, engine)
    lacking = (*layers.unknown, *open_points(inventory, layers))
    answer = {
        "project": inventory.project.name,
        **found.to_dict(),
        "assumed": said(layers.assumed),
        "not_evaluated": said(lacking),
    }
    written = _write(project, asked, answer, "simulate-cables.json", out_folder)
    if output is Format.JSON:
        out_json(answer)
        leave(CLEAN)
    lines = [*cables_page(inventory.project.name, found, asked.every), ""]
    _close(project, asked, [*lines, *pages.open_points(layers.assumed, lacking)], written, ())
    leave(CLEAN)


# ---------------------------------------------------------------- shared


def _known(project: Project, risks: Sequence[SharedRisk], asked: Asked) -> Asked:
    """The same with groups spelt out; leaves with 2 and a hint on a name that is not there."""
    from inventory.validation import near

    keys = [r.key for r in risks]
    kinds = sorted({r.kind for r in risks})
    for word, given, there in (
        ("service", asked.services, list(project.inventory.services)),
        ("kind of shared risk", asked.kinds, kinds),
    ):
        for name in given:
            if name not in there:
                guess = near(name, there)
                say(
                    f"no {word} {name}"
                    + (f"; did you mean {guess}?" if guess else f"; there are: {', '.join(there)}")
                )
                leave(UNUSABLE)
    groups: list[str] = []
    for pattern in asked.groups:
        stem = pattern[:-1] if pattern.endswith("*") else None
        hits = [k for k in keys if (k.startswith(stem) if stem is not None else k == pattern)]
        if not hits:
            guess = near(pattern, keys)
            say(
                f"no shared risk {pattern}"
                + (f"; did you mean {guess}?" if guess else "; they are named kind:name, e.g. " + keys[0])
            )
            leave(UNUSABLE)
        groups += hits
    return Asked(
        asked.order,
        asked.cuts,
        asked.cables,
        asked.services,
        asked.kinds,
        tuple(dict.fromkeys(groups)),
        asked.at,
        asked.every,
    )


def _waived(findings: list[Finding], project: Project, today: date) -> list[Finding]:
    """Findings with the project's waivers applied; waivers of other rules are none of this verb's business."""
    from inventory.checks import Context, apply_waivers

    context = Context(project.inventory, project.plan, today)
    return [f for f in apply_waivers(findings, context) if f.code != "WVR002"]


def _write(
    project: Project, asked: Asked, answer: dict[str, Any], name: str, out_folder: Path | None
) -> list[str]:
    """Write the answer as JSON, whole or not at all; a filtered one only where a folder is named."""
    from rackwright.documents.files import write_text

    if asked.filtered and out_folder is None:
        return []
    path = (out_folder or Path("build") / project.inventory.project.name) / name
    with writing("the old file stands"):
        write_text(path, json.dumps(answer, ensure_ascii=False, indent=1) + "\n")
    return [str(path)]


def _shown(project: Project) -> str:
    from inventory.load import shown_path

    return str(shown_path(project.folder))


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Progress on standard error: a bar in a terminal, one line a step elsewhere. No thread draws it, so that
    worker processes may be forked meanwhile."""
    if not sys.stderr.isatty():
        last = ""

        def tell(step: str, _done: int, _total: int) -> None:
            nonlocal last
            if step != last:
                say(f"… {step}")
            last = step

        yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(bar_width=24), TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(), console=Console(stderr=True), transient=True, auto_refresh=False,
    )  # fmt: skip
    with bar:
        task = bar.add_task("starting", total=1)

        def show(step: str, done: int, total: int) -> None:
            bar.update(task, description=step, completed=done, total=total, refresh=True)

        yield show
