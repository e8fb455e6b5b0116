"""One stack through the Automation API: the program runs in this process, the engine beside it."""

from __future__ import annotations

import os
import re
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stacks.layers import project_name
from stacks.runner.engine import CHECKOUT, PASSPHRASE, Engine, Home, environment, locks
from stacks.runner.interrupt import interrupted
from stacks.runner.results import AWAY, RESUME, Gather, Outcome, Progress, StackResult
from stacks.runner.state import read_state
from stacks.runner.unfinished import named, taken_up, tell_of_death

if TYPE_CHECKING:
    from pulumi.automation import Stack

FOLDERS = Path(__file__).resolve().parents[1]
"""Where the stack folders are."""


@dataclass(frozen=True)
class Target:
    """One stack: its layer, its site, and the folders and engine it runs with."""

    layer: str
    site: str
    home: Home
    engine: Engine

    def open(self) -> Stack:
        """The stack, made when it does not exist yet."""
        from pulumi import automation as auto

        from stacks.programs.entry import run

        work = write_work(self.home, self.layer, self.site)
        for name in ("RACKWRIGHT_PROJECT", "PULUMI_BACKEND_URL"):  # the program runs in this process
            os.environ[name] = environment(self.home)[name]
        options = auto.LocalWorkspaceOptions(
            work_dir=str(work), env_vars=environment(self.home), pulumi_command=_command(self.engine)
        )
        return auto.create_or_select_stack(
            self.site, project_name=project_name(self.layer), program=lambda: run(self.layer), opts=options
        )


@cache
def _command(engine: Engine) -> Any:
    from pulumi import automation as auto

    return auto.PulumiCommand(str(engine.root) if engine.root else None)


def write_work(home: Home, layer: str, site: str) -> Path:
    """The folder the engine runs in for a layer: the project file of the stack folder with full paths, and the
    stack's configuration, which keeps the salt of the passphrase. Plain `pulumi` works in it too."""
    import yaml

    work, source = home.work(layer), FOLDERS / layer
    work.mkdir(parents=True, exist_ok=True)
    settings = yaml.safe_load((source / "Pulumi.yaml").read_text(encoding="utf-8"))
    settings["main"] = str(source)
    for plugins in settings.get("plugins", {}).values():
        for plugin in plugins:
            plugin["path"] = str((source / plugin["path"]).resolve())
    environment_folder = CHECKOUT / ".venv"
    if environment_folder.is_dir():
        settings["runtime"] = {"name": "python", "options": {"virtualenv": str(environment_folder)}}
    else:
        settings["runtime"] = "python"
    _write(work / "Pulumi.yaml", yaml.safe_dump(settings, sort_keys=False))
    own, shipped = work / f"Pulumi.{site}.yaml", source / f"Pulumi.{site}.yaml"
    kept: dict[str, Any] = yaml.safe_load(own.read_text(encoding="utf-8")) if own.is_file() else {}
    given: dict[str, Any] = yaml.safe_load(shipped.read_text(encoding="utf-8")) if shipped.is_file() else {}
    given.pop("encryptionsalt", None)  # of whoever ran plain `pulumi` there; this state has its own
    config = {**(kept.get("config") or {}), **(given.get("config") or {})}
    config[f"{project_name(layer)}:project"] = str(home.project)
    _write(own, yaml.safe_dump({**kept, **given, "config": config}, sort_keys=True))
    return work


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def preview(target: Target, tell: Progress) -> StackResult:
    """What `up` would do."""
    return run(
        target, gather_of(target, tell), lambda stack, listen: stack.preview(on_event=listen), "would change"
    )


def up(target: Target, tell: Progress, *, refresh: bool = False, parallel: int | None = None) -> StackResult:
    """Bring what stands to what is declared. `refresh`: look at what stands first."""
    held = read_state(target.home, target.layer, target.site)
    result = run(
        target, gather_of(target, tell),
        lambda stack, listen: stack.up(on_event=listen, refresh=refresh, parallel=parallel, show_secrets=False), "changed",
    )  # fmt: skip
    if result.stood and not (held and held.resources):
        result.stood_unknown = stood_already(result.stood)
        result.warnings.append(result.stood_unknown)
    return result


def stood_already(names: Sequence[str]) -> str:
    """What it means that a stack with an empty state found its resources standing."""
    some = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return (
        f"the state was empty, and {len(names)} of what is declared stood there already: {some}. What stood counts from "
        "now on as what was there before: `destroy` leaves controllers as they were found, and deletes reservations, "
        "records and accounts. Was the state lost? Then the way is to put a copy of it back, or `rackwright stacks "
        "import` into an empty one, which takes in what stands and changes nothing"
    )


def destroy(
    target: Target, tell: Progress, *, parallel: int | None = None, resume: bool = False
) -> StackResult:
    """Take everything away that the stack has made. `resume`: after a run that was killed, with what it had begun."""
    warned: list[str] = []
    state = read_state(target.home, target.layer, target.site)
    if resume and not is_alive(target):
        errors, warned = taken_up(target, tell)
    else:
        begun = [o for o in state.operations if o["type"] == "creating"] if state else []
        names = named((o["type"], o["resource"]["urn"]) for o in begun)
        told = f"begun by a killed run and never ended: {names}. It may stand: {AWAY}"
        errors = [told] if begun and not held_by(target) else []
    if errors:
        return StackResult(
            target.layer, target.site, "failed", errors=errors, warnings=warned, hint="nothing was taken away"
        )
    result = run(
        target, gather_of(target, tell),
        lambda stack, listen: stack.destroy(on_event=listen, parallel=parallel, show_secrets=False), "destroyed",
    )  # fmt: skip
    result.warnings += warned
    return result


def gather_of(target: Target, tell: Progress) -> Gather:
    """Listens to a run of this stack."""
    return Gather(StackResult(target.layer, target.site), tell)


def is_alive(target: Target) -> bool:
    """Whether a run that still lives holds the stack."""
    return any(lock.alive for lock in locks(target.home, project_name(target.layer), target.site))


def run(
    target: Target, gather: Gather, work: Callable[[Stack, Callable[[Any], None]], object], changed: Outcome
) -> StackResult:
    """Run one operation and gather what became of it. What the engine says of a failure is kept, never raised."""
    from pulumi.automation.errors import CommandError

    result = gather.result
    begun = time.monotonic()
    if why := held_by(target):
        result.outcome, result.hint = "locked", why
        return result
    warnings.filterwarnings("ignore", message="Error in event stream")  # told below, as what it means
    try:
        work(target.open(), gather.event)
        gather.finish()
        result.outcome = (
            changed if result.changes else ("nothing there" if changed == "destroyed" else "no change")
        )
        if interrupted() and (changed != "destroyed" or _left(target)):  # the engine says nothing of it
            result.outcome, result.hint = "interrupted", _how_to_go_on(target, changed)
    except CommandError as error:
        gather.failed() if changed == "changed" else gather.finish()
        result.outcome, result.hint = "failed", held_by(target) or ""
        if interrupted():
            result.outcome = "interrupted"
            result.hint = result.hint or _how_to_go_on(target, changed)
        elif "currently locked by" in str(error) and result.hint:
            result.outcome = "locked"  # by one that began a moment before
        elif gather.died:
            tell_of_death(target, gather, changed, str(error))
        elif not result.errors:
            result.errors.append(last_words(str(error)))
    result.seconds = time.monotonic() - begun
    return result


def _left(target: Target) -> int:
    """How many resources the stack still holds."""
    state = read_state(target.home, target.layer, target.site)
    return len(state.resources) if state is not None else 0


def _how_to_go_on(target: Target, changed: Outcome) -> str:
    """After an interruption."""
    state = read_state(target.home, target.layer, target.site)
    if state is not None and state.pending:
        return f"not all of it is known to be ended: {RESUME}"
    if changed == "destroyed":
        return f"{_left(target)} are left; `rackwright stacks destroy` goes on"
    return "what was under way is ended and recorded; `rackwright stacks up` goes on"


def held_by(target: Target) -> str | None:
    """Who holds the stack and what to do about it; None when nobody does."""
    held = locks(target.home, project_name(target.layer), target.site)
    if not held:
        return None
    lock, at = held[0], held[0].at.replace("T", " ")
    if lock.alive:
        return f"process {lock.pid} of {lock.host or 'this machine'} works on it since {at} UTC: wait for it"
    return (
        f"the run of {at} UTC (process {lock.pid}) was killed: `rackwright stacks up --resume` releases its lock, "
        "looks what stands, and goes on; `rackwright stacks destroy --resume` releases it and takes all away"
    )


def last_words(text: str) -> str:
    """What the engine wrote to standard error, without its own frame."""
    if re.search(r"^\s*code: -\d+$", text, re.MULTILINE):
        return "the engine was killed"
    before, _, stderr = text.partition("stderr:")
    told = stderr if stderr.strip() else before.partition("stdout:")[2]
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    marked = [line for line in lines if line.startswith("error: ")]
    lines = [line.removeprefix("error: ") for line in marked[:1] or lines]
    words = " ".join(lines)[:600] or "the engine ended without a word: it was killed"
    if "incorrect passphrase" in words:
        return f"{PASSPHRASE[0]} is not the one this state was made with; nothing was looked at or changed"
    return words


def outputs(target: Target) -> Mapping[str, Any]:
    """Outputs of the last run."""
    return {name: value.value for name, value in target.open().outputs().items()}
