"""Stated = listed: figures of the tender against what the inventory lists, and against each other (CAP020-CAP021)."""

from __future__ import annotations

import math
from collections.abc import Iterator

from capacity.checks.clauses import unmet
from capacity.measures import WORDS, tally
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text
from inventory.model import Selector, Statement
from inventory.quantities import plain_number

SIGNS = {"equal": "=", "at_least": ">=", "at_most": "<="}


def _range(statement: Statement) -> tuple[float, float]:
    """Amounts the statement allows, from and to."""
    low = 0.0 if statement.compare == "at_most" else statement.amount
    return low, math.inf if statement.compare == "at_least" else statement.amount


def _agrees(statement: Statement, ctx: Context) -> bool | None:
    """Whether what is listed can be what is stated; None while it is open."""
    listed = tally(ctx.inventory, statement.measure, statement.of)
    low, high = _range(statement)
    if listed.low > high or (listed.high is not None and listed.high < low):
        return False
    inside = listed.low >= low and listed.high is not None and listed.high <= high
    return True if inside or (high == math.inf and listed.low >= low) else None


def _clause_says_so(statement: Statement, ctx: Context) -> bool:
    """Whether a clause about the same total is not met: that finding weighs more and says the same."""
    fact = {"racks": "racks", "rack_kw": "rack_power_kw_total"}.get(statement.measure)
    return fact is not None and statement.of == Selector() and unmet(ctx, "project", fact)


def _key(statement: Statement) -> tuple[str, ...]:
    of = statement.of
    return (statement.measure, *(",".join(sorted(set(x))) for x in (of.sites, of.roles, of.fleets)))


def _same_subject(ctx: Context) -> list[list[Statement]]:
    """Statements about the same thing, where there is more than one."""
    out: dict[tuple[str, ...], list[Statement]] = {}
    for statement in ctx.inventory.statements.values():
        out.setdefault(_key(statement), []).append(statement)
    return [group for group in out.values() if len(group) > 1]


def _of(statement: Statement, zh: bool = False) -> str:
    of = statement.of
    parts = [*of.sites, *of.roles, *of.fleets]
    if not parts:
        return ""
    return f"（{', '.join(parts)}）" if zh else f" ({', '.join(parts)})"


@check(
    "CAP021", severity=Severity.WARNING, title=Text("Two statements contradict each other", "两处表述相互矛盾"),
    clause="the tender against itself", over=_same_subject, needs="inventory",
)  # fmt: skip
def statements_agree(group: list[Statement], ctx: Context) -> Iterator[Finding]:
    """Figures stated in several places for the same thing can all be true at once.

    Why it matters: whichever figure one builds to, the other clause is not met; only the buyer can decide.
    How to fix: ask the buyer which figure holds, and correct the other statement.
    Source: the clauses quoted.
    Failing: `{name: a, measure: racks, amount: 40}` and `{name: b, measure: racks, amount: 42}`
    Passing: `{name: a, measure: racks, amount: 40}` and `{name: b, measure: racks, amount: 38, compare: at_least}`
    """
    reported: set[str] = set()
    for i, first in enumerate(group):
        for second in group[i + 1 :]:
            low = max(_range(first)[0], _range(second)[0])
            high = min(_range(first)[1], _range(second)[1])
            if low <= high:
                continue
            blamed, other = (second, first) if _agrees(first, ctx) is not False else (first, second)
            if blamed.name in reported:
                continue
            reported.add(blamed.name)
            listed = tally(ctx.inventory, blamed.measure, blamed.of).amount
            word, zh_word = WORDS[blamed.measure].en, WORDS[blamed.measure].zh
            seen = "" if listed is None else f"; listed: {plain_number(listed)}"
            yield finding(
                "CAP021", blamed.name,
                Text(f"{word}{_of(blamed)} {SIGNS[blamed.compare]} {plain_number(blamed.amount)} contradicts {other.name}: "
                     f"{SIGNS[other.compare]} {plain_number(other.amount)}{seen}",
                     f"{blamed.text.zh}（{SIGNS[blamed.compare]} {plain_number(blamed.amount)} {zh_word}）与 {other.name}"
                     f"（{SIGNS[other.compare]} {plain_number(other.amount)}）矛盾{'' if listed is None else f'；清单为 {plain_number(listed)}'}"),
                ctx.where(blamed, "amount"),
                fix=Text("ask the buyer which figure holds", "请采购人确认以哪一数字为准"),
                arithmetic=f"{plain_number(max(first.amount, second.amount))} - {plain_number(min(first.amount, second.amount))} = "
                f"{plain_number(abs(first.amount - second.amount))}",
                related=[Related(ctx.where(other, "amount"), f"{other.name}: {other.text.en}")],
                clause="; ".join(c for c in (ctx.inventory.clause(blamed), ctx.inventory.clause(other)) if c),
            )  # fmt: skip


@check(
    "CAP020", severity=Severity.WARNING, title=Text("Stated and listed figures differ", "表述数量与清单不符"),
    clause="the tender against the list of the order", needs="inventory", unless=("CAP021",),
    over=lambda ctx: ctx.inventory.statements.values(),
)  # fmt: skip
def stated_is_listed(statement: Statement, ctx: Context) -> Iterator[Finding]:
    """A figure stated in the tender is what the inventory lists.

    Why it matters: devices that are stated but not listed still want racks, power, ports and licences later.
    How to fix: ask the buyer which figure holds; list what is missing or correct the statement.
    Source: the clause quoted.
    Failing: `statements: [{name: new-servers, measure: servers, amount: 213}]` with 191 servers in `fleets`
    Passing: `statements: [{name: new-servers, measure: servers, amount: 191}]`
    """
    listed = tally(ctx.inventory, statement.measure, statement.of)
    verdict = _agrees(statement, ctx)
    if verdict or _clause_says_so(statement, ctx):
        return
    word, zh_word, where = WORDS[statement.measure].en, WORDS[statement.measure].zh, _of(statement)
    sign = (
        SIGNS[statement.compare].replace("=", "", 1)
        if statement.compare == "equal"
        else SIGNS[statement.compare]
    )
    stated = f"{sign} {plain_number(statement.amount)}".strip()
    if verdict is None:
        top = "?" if listed.high is None else plain_number(listed.high)
        open_ones = ", ".join([*listed.unsited, *listed.unknown])
        yield lacking(
            "CAP020", statement.name,
            Text(f"{stated} {word} stated{where}, {plain_number(listed.low)} to {top} listed: site or amount of {open_ones} is open",
                 f"表述为 {stated} {zh_word}{_of(statement, True)}，清单为 {plain_number(listed.low)} 至 {top}：{open_ones} 的站点或数量未定"),
            ctx.where(statement, "amount"),
            Text(f"give {open_ones} a site, or their device type its components", f"为 {open_ones} 指定站点，或补全设备型号的部件"),
        )  # fmt: skip
        return
    have = listed.low if statement.amount < listed.low else listed.high or 0.0
    difference = statement.amount - have
    message = "not listed" if difference > 0 else "listed beyond"
    yield finding(
        "CAP020", statement.name,
        Text(f"{stated} {word} stated{where}, {plain_number(have)} listed: {plain_number(abs(difference))} {message}",
             f"表述为 {stated} {zh_word}{_of(statement, True)}，清单为 {plain_number(have)}，"
             f"{'少列' if difference > 0 else '多列'} {plain_number(abs(difference))}"),
        ctx.where(statement, "amount"),
        fix=Text(f"ask the buyer which figure holds; then list the {plain_number(abs(difference))} or correct the statement"
                 if difference > 0 else "ask the buyer which figure holds; then correct the list or the statement",
                 "请采购人确认以哪一数字为准，再更正清单或表述"),
        arithmetic=f"{plain_number(statement.amount)} stated - {plain_number(have)} listed = {plain_number(difference)}; "
        f"{listed.sum_text()} = {plain_number(listed.low)}",
        clause=ctx.inventory.clause(statement),
    )  # fmt: skip
