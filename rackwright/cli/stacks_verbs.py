"""The work behind `rackwright stacks`: choose stacks, run them in order, tell what became of each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

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
    say,
)
from rackwright.cli.reach import counting

if TYPE_CHECKING:
    from stacks.runner.automation import Target
    from stacks.runner.engine import Home
    from stacks.runner.results import Progress, StackResult

RESUME = "`stacks up --resume` goes on, `stacks destroy --resume` takes it away"
Work = Callable[["Target", "Progress"], "StackResult"]


@dataclass(frozen=True)
class Asked:
    """What the user asked for."""

    project: str | None
    sites: list[str]
    layers: list[str]
    output: Format
    state: Path | None
    verbose: bool


def run_preview(asked: Asked) -> None:
    """What `up` would do."""
    from stacks.runner import automation

    results = run_all(targets(asked), "preview", automation.preview)
    tell(asked, "preview", results)
    leave(code_of(results))


def run_up(asked: Asked, *, yes: bool, refresh: bool, resume: bool, parallel: int | None) -> None:
    """Apply, after showing what would change and asking."""
    from stacks.runner import automation

    found = targets(asked)
    if resume:
        for target in found:
            if why := resumed(target):
                say(why)
        refresh = True
    if not yes:
        seen = run_all(found, "preview", automation.preview)
        tell(asked, "preview", seen)
        if code := code_of(seen):
            leave(code)
        if not any(r.changes for r in seen) and not refresh:
            leave(CLEAN)
        if not agreed("go on?"):
            leave(FINDINGS)

    def apply(target: Target, progress: Progress) -> StackResult:
        result = automation.up(target, progress, refresh=refresh, parallel=parallel)
        if result.stood_unknown:
            say(f"{result.name}: {result.stood_unknown}")
        return result

    results = run_all(found, "up", apply)
    tell(asked, "up", results)
    leave(code_of(results))


def run_drift(asked: Asked) -> None:
    """What stands against the state."""
    from stacks.runner.drift import drift

    results = run_all(targets(asked), "drift", drift, go_on=True)
    tell(asked, "drift", results)
    leave(code_of(results))


def run_destroy(asked: Asked, *, yes: bool, resume: bool, parallel: int | None) -> None:
    """Take away, last layer first."""
    from stacks.runner import automation
    from stacks.runner.engine import locks
    from stacks.runner.state import read_state

    found = list(reversed(targets(asked, every=True)))
    held = {t: read_state(t.home, t.layer, t.site) for t in found}
    if not yes:
        for target, state in held.items():
            if state and state.resources:
                out(f"{target.layer}/{target.site}: {len(state.resources)} resources would be taken away")
            for one in state.pending if state else ():
                out(f"{target.layer}/{target.site}: begun by a killed run and never ended: {one}")
        if not agreed("take them away?"):
            leave(FINDINGS)
    results = run_all(
        [t for t, state in held.items() if state or locks(t.home, _project_name(t.layer), t.site)], "destroy",
        lambda t, p: automation.destroy(t, p, parallel=parallel, resume=resume), go_on=True,
    )  # fmt: skip
    tell(asked, "destroy", results)
    leave(code_of(results))


def run_import(asked: Asked, *, names: Sequence[str]) -> None:
    """Take into the state what stands and is declared."""
    from stacks.runner.adopt import adopt

    results = run_all(targets(asked), "import", lambda t, p: adopt(t, p, names), go_on=True)
    tell(asked, "import", results)
    leave(code_of(results))


def run_status(asked: Asked) -> None:
    """What the states say."""
    from stacks.programs.entry import plan_digest
    from stacks.runner.engine import locks
    from stacks.runner.state import last_run, read_state

    project, home = project_home(asked)
    digest = plan_digest(project.plan) if project.plan else ""
    rows = []
    for layer, site in chosen(asked, project, every=True):
        state = read_state(home, layer, site)
        held = locks(home, _project_name(layer), site)
        word = "never applied"
        if state is not None:
            word = "of this plan" if state.digest == digest else "of another plan"
        if state is not None and not state.resources and not state.digest:
            word = "empty"
        if state is not None and last_run(home, layer, site).endswith("failed"):
            word = "the last run failed: the same command again goes on"
        if state is not None and state.pending:
            word = f"left half done: {RESUME}"
        if held:
            word = f"in use by process {held[0].pid}" if held[0].alive else f"killed: {RESUME}"
        pending = list(state.pending) if state else []
        rows.append(
            {"stack": f"{layer}/{site}", "resources": len(state.resources) if state else 0, "at": state.at if state else None,
             "status": word, "half_done": pending}
        )  # fmt: skip
    if asked.output is Format.JSON:
        out_json({"project": project.inventory.project.name, "plan_digest": digest, "stacks": rows})
    else:
        width = max(len(str(r["stack"])) for r in rows)
        for row in rows:
            out(f"{row['stack']!s:<{width}}  {row['resources']:>5}  {row['at'] or '-':<19}  {row['status']}")
            for one in row["half_done"]:  # type: ignore[attr-defined]
                out(f"{'':<{width}}  begun and never ended: {one}")
    leave(CLEAN)


def run_env(name: str | None, state: Path | None) -> None:
    """The lines for a shell."""
    from stacks.runner.engine import EngineError, find_engine, passphrase_lacking, prepare, shell_lines

    asked = Asked(name, [], [], Format.TEXT, state, False)
    _, home = project_home(asked)
    try:
        engine = find_engine()
    except EngineError as error:
        say(str(error))
        leave(UNUSABLE)
    prepare(home)
    for line in shell_lines(home, engine):
        out(line)
    if why := passphrase_lacking():
        say(why)
    leave(CLEAN)


# ------------------------------------------------------------ choosing


def project_home(asked: Asked) -> tuple[Project, Home]:
    """The project and the folders of its stacks. Leaves with 2 without a plan, or when the folders are another's."""
    import os

    from stacks.runner.engine import EngineError, home_of

    project = load_project(asked.project or os.environ.get("RACKWRIGHT_PROJECT"), asked.output)
    if project.plan is None:
        say("no plan yet: run `rackwright plan` first")
        leave(UNUSABLE)
    try:
        return project, home_of(project.folder, project.inventory.project.name, asked.state)
    except EngineError as error:
        say(str(error))
        leave(UNUSABLE)


def chosen(asked: Asked, project: Project, *, every: bool = False) -> list[tuple[str, str]]:
    """(layer, site) in order. `every`: layers that are asked for by name too. Leaves with 2 on a name nobody knows."""
    from inventory.nearest import near
    from stacks.layers import LAYERS
    from stacks.runner.order import stacks_in_order

    for kind, given, there in (
        ("layer", asked.layers, list(LAYERS)),
        ("site", asked.sites, list(project.inventory.sites)),
    ):
        for name in given:
            if name not in there:
                guess = near(name, sorted(there))
                say(
                    f"no {kind} {name}"
                    + (f"; did you mean {guess}?" if guess else f": {', '.join(sorted(there))}")
                )
                leave(UNUSABLE)
    layers = asked.layers or (list(LAYERS) if every else [])
    return stacks_in_order(project.inventory.sites, layers, only_sites=asked.sites)


def targets(asked: Asked, *, every: bool = False) -> list[Target]:
    """The stacks of a run, in order. Leaves with 2 without an engine, a passphrase or a plan."""
    import os

    from stacks.runner.automation import Target
    from stacks.runner.engine import EngineError, find_engine, passphrase_lacking, prepare

    project, home = project_home(asked)
    order = chosen(asked, project, every=every)
    try:
        engine = find_engine()
    except EngineError as error:
        say(str(error))
        leave(UNUSABLE)
    if why := passphrase_lacking():
        say(why)
        leave(UNUSABLE)
    prepare(home)
    os.environ["RACKWRIGHT_PROJECT"] = str(home.project)  # what is declared is counted in this process
    return [Target(layer, site, home, engine) for layer, site in order]


# ------------------------------------------------------------ running


def run_all(found: Sequence[Target], verb: str, work: Work, *, go_on: bool = False) -> list[StackResult]:
    """Run the stacks one after the other. One that comes after a stack that failed is not run, unless `go_on`."""
    from stacks.runner.interrupt import patient
    from stacks.runner.order import before
    from stacks.runner.results import StackResult

    results: dict[tuple[str, str], StackResult] = {}
    order = [(t.layer, t.site) for t in found]
    for target in found:
        own = (target.layer, target.site)
        failed = [n for n in before(*own, order) if n in results and not results[n].good and not go_on]
        if any(r.outcome == "interrupted" for r in results.values()):
            result = StackResult(*own, outcome="interrupted", hint="not begun")
        elif failed:
            result = StackResult(
                *own, outcome="not run", hint=f"it comes after {'/'.join(failed[0])}, which failed"
            )
        else:
            say(f"{verb} {target.layer}/{target.site}")
            counted = counting(expected(target, verb), f"{verb} {target.layer}/{target.site}")
            with counted as progress, patient():
                result = work(target, progress)
        results[own] = result
    return list(results.values())


def code_of(results: Sequence[StackResult]) -> int:
    """Exit code of a run."""
    from stacks.runner.interrupt import CODE

    if any(r.outcome == "interrupted" for r in results):
        return CODE
    return CLEAN if all(r.good for r in results) else FINDINGS


def expected(target: Target, verb: str) -> int:
    """About how many resources a run is about: those declared, or those in the state."""
    from stacks.programs.entry import ProgramError, count
    from stacks.runner.state import read_state

    if verb in ("drift", "destroy"):
        state = read_state(target.home, target.layer, target.site)
        return len(state.resources) if state else 0
    try:
        return count(target.layer, target.site, str(target.home.project))
    except ProgramError:
        return 0


def resumed(target: Target) -> str | None:
    """Release the lock of a killed run; what was done, in words. A run that is alive is left alone."""
    from stacks.runner.automation import held_by
    from stacks.runner.engine import locks
    from stacks.runner.state import read_state
    from stacks.runner.unfinished import release

    name, state = f"{target.layer}/{target.site}", read_state(target.home, target.layer, target.site)
    held = locks(target.home, _project_name(target.layer), target.site)
    if any(lock.alive for lock in held):
        return f"{name}: {held_by(target)}"
    if not held and not (state and state.pending):
        return None
    release(target)
    lines = [f"{name}: released the lock of process {lock.pid}, which was killed" for lock in held]
    lines += [
        f"{name}: was begun and never ended, is done anew: {one}" for one in (state.pending if state else ())
    ]
    return "\n".join(lines)


def agreed(question: str) -> bool:
    """Whether the person at the terminal says yes. Nobody there is a no."""
    if not sys.stdin.isatty():
        say("nobody at the terminal to ask: give --yes")
        return False
    say(f"{question} [y/N] ")
    return input().strip().lower() in ("y", "yes")


def tell(asked: Asked, verb: str, results: Sequence[StackResult]) -> None:
    """Results to standard output."""
    from stacks.runner.summary import lines

    if asked.output is Format.JSON:
        out_json({"verb": verb, "stacks": [r.to_dict() for r in results]})
        return
    for line in lines(results, verbose=asked.verbose):
        out(line)


def _project_name(layer: str) -> str:
    from stacks.layers import project_name

    return project_name(layer)
