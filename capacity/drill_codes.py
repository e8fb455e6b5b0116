"""Codes that drills raise, with their manual pages, and the findings that carry them."""

from __future__ import annotations

from collections.abc import Iterator

from capacity.drill_model import CONDITION_TITLES, Condition, Drill
from inventory.checks import finding, lacking, loader_code
from inventory.findings import Finding, Severity, Text
from inventory.inventory import Inventory

loader_code(
    "RED060", Text("A drill would fail", "演练条件不满足"),
    """Something that must hold once a declared scenario has struck does not hold on the planned topology: a service
    without an instance elsewhere, a lost majority, a side that is not fenced, too little capacity, a dark device.
    Raised by `rackwright drill`; the counter-example is named.

    Why it matters: the model shows for nothing what the real drill would show in front of everybody, or what the
    first real failure would show without anybody watching. A condition that holds is expected, never observed.
    How to fix: the finding names what is missing and by how much; correct the design, or the scenario.
    Source: drills asked for by the tender (T1452-1453); conditions are engineering estimates unless they say so.
    Failing: `{name: w-b, a: B, b: W, via: A}`: the witness is reached through the site that is cut off
    Passing: `{name: w-b, a: B, b: W}`
    """,
)  # fmt: skip
loader_code(
    "RED061", Text("Predicted recovery time above its target", "预计恢复时间超过目标"),
    """Detection, decision and the longest chain of switch-over stages, those of dependencies first, take longer than
    `rto_s` of the service. Raised by `rackwright drill`.

    Why it matters: no rehearsal makes a chain shorter than the sum of its stages.
    How to fix: let stages run at the same time (`after`), shorten the one that is longest, or agree on another target.
    Source: engineering estimate.
    """,
)  # fmt: skip
loader_code(
    "RED062", Text("Scenario names something that is not there", "场景引用了不存在的对象"),
    """An element, a group of shared risk or a kind of risk that a scenario names does not exist on the planned
    topology. Raised by `rackwright drill`.

    Why it matters: a scenario that takes nothing away proves nothing, and would look like a pass.
    How to fix: take the suggestion; `rackwright show devices` and the plan list the names.
    Failing: `fail: [{elements: [device/A-DSW-9]}]`
    Passing: `fail: [{elements: [device/A-DSW-1]}]`
    """,
)  # fmt: skip


def drill_findings(inventory: Inventory, drill: Drill) -> Iterator[Finding]:
    """RED060 and RED061 for what is violated or not evaluated, RED062 for names that nothing bears. The subject is
    `scenario/condition/subject`, so that a waiver can cover one of them or, with a *, all of a scenario."""
    scenario = drill.scenario
    clause = inventory.clause(scenario)
    for stranger in drill.strangers:
        yield finding(
            "RED062", f"{scenario.name}/{'.'.join(map(str, stranger.path))}", stranger.message,
            inventory.where(scenario, *stranger.path), fix=stranger.fix, clause=clause,
        )  # fmt: skip
    for c in drill.conditions:
        if c.verdict == "holds":
            continue
        code, subject = "RED061" if c.name == "rto" else "RED060", f"{scenario.name}/{c.name}/{c.subject}"
        at, message = c.at or inventory.where(scenario), _message(c)
        if c.verdict == "violated":
            yield finding(
                code,
                subject,
                message,
                at,
                fix=c.fix,
                arithmetic=c.arithmetic,
                clause=clause,
                severity=Severity.ERROR,
            )
        else:
            yield lacking(code, subject, message, at, c.fix)


def _message(c: Condition) -> Text:
    """The counter-example, after what must hold and the case it comes from."""
    title = CONDITION_TITLES[c.name]
    case, case_zh = (f" [{c.case}]", f"［{c.case}］") if c.case else ("", "")
    return Text(f"{title.en}{case}: {c.message.en}", f"{title.zh}{case_zh}：{c.message.zh}")
