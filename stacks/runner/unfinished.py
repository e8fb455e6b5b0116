"""What a run left unfinished: kept in the state, told in plain words, and taken up again by `--resume`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from stacks.runner.results import DIED, TRANSPORT, Gather, Outcome, Progress, StackResult, kind_of, name_of
from stacks.runner.state import read_state, write_operations

if TYPE_CHECKING:
    from stacks.runner.automation import Target

WORDS: Mapping[str, str] = {
    "create": "creating", "create-replacement": "creating", "update": "updating", "delete": "deleting",
    "delete-replaced": "deleting", "import": "importing",
}  # fmt: skip
"""Operation of a step -> what the state calls it while it is under way."""
FEW = 4
"""From more names of one kind on the middle ones are left out; `stacks status` names all."""
TAKEN_AWAY = ("Reservation", "Zone", "RecordSet", "Account")
"""Types of which something stands that was not there before, and that find their own work again."""
ENDED = re.compile(r"\w+ failed")
"""The engine's last word of any run that failed."""
NOT_STARTED = "could not read plugin"
"""In the engine's words, of a provider that ended before it was asked anything."""
LOOK = (
    "was being set when the run was killed. The provider takes back what it had not ended; when it was killed too, "
    "nobody knows what stands: look at it, or set all of it with `rackwright stacks up`"
)


def tell_of_death(target: Target, gather: Gather, meant: Outcome, words: str) -> None:
    """Put plain words in place of the engine's when the provider process ended in the middle, and keep in the state
    what had been begun, for `status` and `--resume`. `words`: of the engine, beside its events."""
    result = gather.result
    result.errors = [
        text
        for text in result.errors
        if DIED not in text and not any(words in text for words in TRANSPORT) and not ENDED.fullmatch(text)
    ]
    if any(NOT_STARTED in text for text in (words, *result.errors)):
        result.errors.append(
            f"{result.name}: the provider process does not start, nothing was looked at or changed. "
            "`python -m stacks.provider`, started by hand, says why (RACKWRIGHT_PYTHON names another Python)"
        )
        return
    begun = {urn: (WORDS[op], meta) for urn, (op, meta) in gather.begun.items() if op in WORDS}
    said = f"{result.name}: the provider process (`python -m stacks.provider`) ended in the middle: killed, or out of memory"
    if meant not in ("changed", "destroyed"):
        result.errors.append(f"{said}. Nothing was changed; run it again")
        return
    done = sum(change.sign != "!" for change in result.changes)
    unknown = named((word, urn) for urn, (word, _) in begun.items())
    result.errors.append(
        f"{said}. Done and recorded: {done}. Not known to be ended: {unknown or 'none'}. "
        f"{_not_begun(target, gather, set(begun), meant)}"
    )
    if begun:
        operations = [_operation(target, urn, *one) for urn, one in sorted(begun.items())]
        write_operations(target.home, target.layer, target.site, operations)
    result.hint = (
        "`rackwright stacks status` tells what is half done; `rackwright stacks up --resume` looks at it and goes on, "
        "`rackwright stacks destroy --resume` takes it away"
    )


def named(begun: Iterable[tuple[str, str]]) -> str:
    """Operations (word and URN) in a line: many of one word and type by their first names and the last."""
    rows: dict[str, list[str]] = {}
    for word, urn in sorted(begun, key=lambda one: (one[0], kind_of(one[1]), name_of(one[1]))):
        rows.setdefault(f"{word} {kind_of(urn)}", []).append(name_of(urn))
    return ", ".join(
        f"{what} {', '.join(names)}" if len(names) <= FEW else
        f"{what} {names[0]}, {names[1]} … {names[-1]} ({len(names)})"
        for what, names in rows.items()
    )  # fmt: skip


def _not_begun(target: Target, gather: Gather, begun: set[str], meant: Outcome) -> str:
    """How much the run had not come to."""
    known = {(kind_of(urn), name_of(urn)) for urn in begun | gather.done}
    if meant == "destroyed":
        state = read_state(target.home, target.layer, target.site)
        all_of_it = (
            {(kind_of(str(r["urn"])), name_of(str(r["urn"]))) for r in state.resources} if state else set()
        )
    else:
        all_of_it = declared(target)
    left = sorted(all_of_it - known)
    some = ", ".join(name for _, name in left[:3]) + (f" and {len(left) - 3} more" if len(left) > 3 else "")
    return f"Not begun: {len(left)}" + (f" ({some})" if left else "")


def declared(target: Target) -> set[tuple[str, str]]:
    """Type (without package and module) and name of what the stack declares; empty when the project cannot be read."""
    from stacks.programs.entry import ProgramError, declaration, project
    from stacks.programs.wanted import TOKENS

    try:
        inventory, plan = project(str(target.home.project))
    except ProgramError:
        return set()
    wanted = declaration(target.layer, inventory, plan, target.site).wanted
    return {(TOKENS[one.kind].rpartition(":")[2], one.name) for one in wanted}


def _operation(target: Target, urn: str, word: str, meta: Any) -> dict[str, Any]:
    """An operation as the state keeps it."""
    state = read_state(target.home, target.layer, target.site)
    own = next((dict(r) for r in state.resources if r["urn"] == urn), None) if state else None
    if own is None:
        told = meta.new or meta.old
        own = {
            "urn": urn,
            "custom": True,
            "type": meta.type,
            "parent": told.parent,
            "provider": told.provider,
        }
        own = {key: value for key, value in own.items() if value}
    return {"resource": own, "type": word}


def release(target: Target) -> None:
    """Take back the lock of a run that was killed, and forget what it had begun: the next `up` does that anew."""
    stack = target.open()
    stack.cancel()
    state = stack.export_stack()
    deployment = dict(state.deployment or {})
    if deployment.get("pending_operations"):
        deployment["pending_operations"] = []
        state.deployment = deployment
        stack.import_stack(state)


def above(target: Target, urns: Collection[str]) -> list[str]:
    """URNs of what declared resources hang under and of their provider, which `pulumi destroy` may have taken out."""
    from stacks.programs.entry import declaration, project
    from stacks.programs.wanted import TOKENS
    from stacks.runner.adopt import parent_table

    inventory, plan = project(str(target.home.project))
    own = {(kind_of(urn), name_of(urn)) for urn in urns}
    rows = [
        one for one in declaration(target.layer, inventory, plan, target.site).wanted
        if (TOKENS[one.kind].rpartition(":")[2], one.name) in own
    ]  # fmt: skip
    return sorted(parent_table(target, rows)[0].values())


def taken_up(target: Target, tell: Progress) -> tuple[list[str], list[str]]:
    """Look what became of resources a killed run had begun to make, before the stack is taken away: those that stand
    come into the state, made to the end where they were half made, so that they are taken away with all others.

    Returns errors for those of which that cannot be told, which stay noted in the state, and warnings.
    """
    from stacks.runner.automation import gather_of, run

    state = read_state(target.home, target.layer, target.site)
    begun = [o for o in state.operations if o["type"] == "creating"] if state else []
    release(target)
    have = {str(r["urn"]) for r in state.resources} if state else set()
    urns = sorted({str(o["resource"]["urn"]) for o in begun} - have)
    warnings = [f"{name_of(urn)}: {LOOK}" for urn in urns if kind_of(urn) not in TAKEN_AWAY]
    wanted = [urn for urn in urns if kind_of(urn) in TAKEN_AWAY]
    if not wanted:
        return [], warnings
    looked: StackResult = run(
        target, gather_of(target, tell),
        lambda stack, listen: stack.up(
            on_event=listen, target=[*wanted, *above(target, wanted)], continue_on_error=True, show_secrets=False
        ), "changed",
    )  # fmt: skip
    now = read_state(target.home, target.layer, target.site)
    have = {str(r["urn"]) for r in now.resources} if now else set()
    unknown = [urn for urn in wanted if urn not in have]
    if not unknown:
        return [], warnings
    write_operations(
        target.home, target.layer, target.site, [o for o in begun if o["resource"]["urn"] in unknown]
    )
    names = named(("creating", urn) for urn in unknown)
    return [
        *looked.errors,
        f"begun by a killed run, and whether it stands is not known: {names}. Put right what is said here, then "
        "`rackwright stacks destroy --resume` again; when you know that it does not stand, "
        "`pulumi refresh --clear-pending-creates` forgets it",
    ], warnings
