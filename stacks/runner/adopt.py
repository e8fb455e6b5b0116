"""Import: take into the state what stands already and is declared, and change nothing out there.

First the components and the provider come into the state, which are nothing but state; then every declared resource
that is not in it is read by its identity. What is not there, or is not readable, is told and left for `up` to make.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from stacks.components import PREFIX
from stacks.layers import project_name
from stacks.programs.wanted import TOKENS, Wanted
from stacks.runner.automation import Target, last_words
from stacks.runner.results import Change, Gather, Progress, StackResult
from stacks.runner.state import read_state

PROVIDER = "pulumi:providers:rackwright"


def adopt(target: Target, tell: Progress, names: Sequence[str] = ()) -> StackResult:
    """Import what is declared and not in the state yet, all of it or by name."""
    from pulumi.automation._stack import ImportResource
    from pulumi.automation.errors import CommandError

    from stacks.programs.entry import declaration, project

    begun, result = time.monotonic(), StackResult(target.layer, target.site, outcome="no change")
    inventory, plan = project(str(target.home.project))
    declared = declaration(target.layer, inventory, plan, target.site).wanted
    state = read_state(target.home, target.layer, target.site)
    known = {str(r["urn"]).split("::", 3)[-1] for r in state.resources} if state else set()
    unknown = sorted(set(names) - {w.name for w in declared})
    if unknown:
        result.outcome = "failed"
        result.errors.append(f"{unknown[0]} is not declared in {result.name}")
        return result
    wanted = [w for w in declared if w.identity and w.name not in known and (not names or w.name in names)]
    result.left = len(declared) - len(wanted)
    if not wanted:
        return result
    table = {"provider": urn(target, (), PROVIDER, "rackwright")}
    for one in wanted:
        for depth in range(len(one.under)):
            table[one.under[depth].name] = group_urn(target, one, depth)
    stack = target.open()
    try:
        stack.up(
            target=sorted(set(table.values())),
            on_event=Gather(StackResult("", ""), lambda *_: None).event,
            show_secrets=False,
        )
    except CommandError as error:
        result.outcome = "failed"
        result.errors.append(last_words(str(error)))
        return result
    for one in wanted:  # one by one: what is not there must not keep the others out
        row: ImportResource = {
            "type": TOKENS[one.kind],
            "name": one.name,
            "id": one.identity,
            "provider": "provider",
        }
        if one.under:
            row["parent"] = one.under[-1].name
        try:
            stack.import_resources(
                resources=[row],
                name_table=table,
                protect=False,
                generate_code=False,
                show_secrets=False,
            )
            result.changes.append(Change("=", one.kind, one.name))
        except CommandError as error:
            result.warnings.append(f"{one.name}: not imported: {last_words(str(error))}")
        tell(f"{one.kind} {one.name}", True)
    result.outcome = "changed" if result.changes else "no change"
    result.seconds = time.monotonic() - begun
    return result


def group_urn(target: Target, wanted: Wanted, depth: int) -> str:
    """URN of a component that a resource hangs under."""
    kinds = tuple(f"{PREFIX}{group.kind}" for group in wanted.under[:depth])
    group = wanted.under[depth]
    return urn(target, kinds, f"{PREFIX}{group.kind}", group.name)


def urn(target: Target, parents: Sequence[str], kind: str, name: str) -> str:
    """URN of a resource under parents of these types."""
    return f"urn:pulumi:{target.site}::{project_name(target.layer)}::{'$'.join((*parents, kind))}::{name}"
