"""Import: take into the state what stands already and is declared, and change nothing out there.

First the components and the provider come into the state, which are nothing but state; then every declared resource
that is not in it is read by its identity. What is not there is told and left for `up` to make; what could not be read is
an error.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from stacks.components import PREFIX
from stacks.layers import project_name
from stacks.programs.wanted import TOKENS, Wanted
from stacks.runner.automation import Target, gather_of, last_words
from stacks.runner.interrupt import interrupted
from stacks.runner.results import Change, Progress, StackResult
from stacks.runner.state import read_state

NOT_THERE = "does not exist"
"""The engine's words for an identity that the provider finds nothing for."""
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
    table, parents = parent_table(target, wanted)
    stack = target.open()
    groups = sorted(found for name, found in table.items() if not name.startswith("Zone "))
    try:
        stack.up(target=groups, on_event=gather_of(target, lambda *_: None).event, show_secrets=False)
    except CommandError as error:
        result.outcome = "failed"
        result.errors.append(last_words(str(error)))
        return result

    def take(some: Sequence[Wanted]) -> None:
        """Import them in one go; halve them when that fails, so that what is not there keeps no other out."""
        rows: list[ImportResource] = []
        above = {
            name: table[name] for name in ("provider", *{parents[o.name] for o in some if o.name in parents})
        }
        for one in some:
            row: ImportResource = {
                "type": TOKENS[one.kind], "name": one.name, "id": one.identity, "provider": "provider",
            }  # fmt: skip
            if one.name in parents:
                row["parent"] = parents[one.name]
            rows.append(row)
        try:
            stack.import_resources(
                resources=rows, name_table=above, protect=False, generate_code=False, show_secrets=False
            )
        except CommandError as error:
            if interrupted():
                return
            if len(some) > 1:
                take(some[: len(some) // 2])
                take(some[len(some) // 2 :])
                return
            words = last_words(str(error))
            if NOT_THERE in words:
                result.warnings.append(f"{some[0].name}: is not there, so it is not imported: `up` makes it")
            else:
                result.errors.append(f"{some[0].name}: not imported: {words}")
        else:
            result.changes += [Change("=", one.kind, one.name) for one in some]
        for one in some:
            tell(f"{one.kind} {one.name}", True)

    for part in (False, True):  # what others are a part of comes first
        there = known | {change.name for change in result.changes}
        some = [one for one in wanted if bool(one.within) is part and (not part or one.within in there)]
        if some and not interrupted():
            take(some)
    left_out = [one for one in wanted if one.within and one.within not in there]
    result.warnings += [
        f"{one.name}: not imported, its zone {one.within} is not in the state" for one in left_out
    ]
    result.changes.sort(key=lambda c: (c.kind, c.name))
    result.outcome = "changed" if result.changes else "no change"
    if result.errors or interrupted():
        result.outcome = "interrupted" if interrupted() else "failed"
    result.seconds = time.monotonic() - begun
    return result


def parent_table(target: Target, wanted: Sequence[Wanted]) -> tuple[dict[str, str], dict[str, str]]:
    """URN by name of the provider and all parents, and the name of each resource's parent."""
    table = {"provider": urn(target, (), PROVIDER, "rackwright")}
    parents: dict[str, str] = {}
    for one in wanted:
        for depth, group in enumerate(one.under):
            parents[one.name] = f"{group.kind} {group.name}"  # a host and its controller have one name
            table[parents[one.name]] = group_urn(target, one, depth)
        if one.within:
            kinds = tuple(f"{PREFIX}{group.kind}" for group in one.under)
            parents[one.name] = f"Zone {one.within}"
            table[parents[one.name]] = urn(target, kinds, TOKENS["Zone"], one.within)
    return table, parents


def group_urn(target: Target, wanted: Wanted, depth: int) -> str:
    """URN of a component that a resource hangs under."""
    kinds = tuple(f"{PREFIX}{group.kind}" for group in wanted.under[:depth])
    group = wanted.under[depth]
    return urn(target, kinds, f"{PREFIX}{group.kind}", group.name)


def urn(target: Target, parents: Sequence[str], kind: str, name: str) -> str:
    """URN of a resource under parents of these types."""
    return f"urn:pulumi:{target.site}::{project_name(target.layer)}::{'$'.join((*parents, kind))}::{name}"
