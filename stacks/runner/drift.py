"""Drift: everything in the state is looked at, and what was not looked at is named. Changes nothing, not even the
state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stacks.runner.automation import gather_of, run
from stacks.runner.results import TRANSPORT, Gather, Overlooked, Progress, StackResult, kind_of, name_of
from stacks.runner.state import last_run, read_state
from stacks.runner.unfinished import declared

if TYPE_CHECKING:
    from stacks.runner.automation import Target

DEAD = "the provider process ended before it answered"
ENDED = "the look ended before it came to it"
HALF_REPLACED = "was taken away for its replacement, which was never made: `rackwright stacks up` makes it"
NEVER = "is declared and not in the state, so nothing was looked at: `rackwright stacks preview` tells"
PUT_RIGHT = "`rackwright stacks up --refresh` puts it right"


def drift(target: Target, tell: Progress) -> StackResult:
    """What stands against the state; and, when the last run failed or only looked, the state against what is declared:
    such a run may have taken into the state what it found."""
    gather = gather_of(target, tell)
    found = run(target, gather, lambda stack, listen: stack.preview_refresh(on_event=listen), "drift")
    found.not_declared = {}
    if found.outcome in ("locked", "interrupted"):
        return found
    state = read_state(target.home, target.layer, target.site)
    rows = state.resources if state else ()
    found.not_looked_at = overlooked(rows, gather, declared(target))
    found.left -= len(gather.partly)
    last = last_run(target.home, target.layer, target.site)
    if found.outcome == "no change" and not rows and not gather.done:
        found.outcome = "nothing there"
    elif found.outcome == "no change" and last not in ("", "update succeeded"):
        _against_what_is_declared(target, found, last, tell)
    if found.outcome == "drift":
        found.hint = found.hint or PUT_RIGHT
    elif found.not_looked_at and found.good:
        found.outcome = "not looked at"
    return found


def overlooked(
    rows: tuple[Mapping[str, Any], ...], gather: Gather, wanted: set[tuple[str, str]]
) -> list[Overlooked]:
    """Resources of which this look says nothing, with the reason, by type and name. `rows`: those in the state;
    `wanted`: (type, name) of those declared."""
    out: dict[tuple[str, str], str] = {}
    urns = {str(row["urn"]): bool(row.get("pendingReplacement")) for row in rows}
    for urn in urns | dict.fromkeys(gather.faults, False):
        own = (kind_of(urn), name_of(urn))
        if urn in gather.faults:
            silent = any(words in gather.faults[urn] for words in TRANSPORT)
            out[own] = DEAD if silent else gather.faults[urn]
        elif urns[urn]:
            out[own] = HALF_REPLACED
        elif urn not in gather.done:
            out[own] = ENDED
        elif urn in gather.partly:
            out[own] = gather.partly[urn]
    in_state = {(kind_of(urn), name_of(urn)) for urn in {*urns, *gather.done}}
    out |= dict.fromkeys(wanted - in_state, NEVER)
    return [Overlooked(*own, reason) for own, reason in sorted(out.items())]


def _against_what_is_declared(target: Target, found: StackResult, last: str, tell: Progress) -> None:
    """Add what `up` would change, though the state shows no drift."""
    planned = run(
        target, gather_of(target, tell), lambda stack, listen: stack.preview(on_event=listen), "would change"
    )
    changes = [c for c in planned.changes if c.sign != "+"]  # those to be made are named as not in the state
    if changes:
        found.outcome, found.changes = "drift", [replace(c, sign="!") for c in changes]
        found.hint = f"the last run ({last}) took what it found into the state; what is shown is what `up` would change. {PUT_RIGHT}"
    elif not planned.good:
        found.outcome, found.errors = "failed", [*found.errors, *planned.errors]
        found.hint = f"whether the last run ({last}) left something undone is not known"
