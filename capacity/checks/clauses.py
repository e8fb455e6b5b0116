"""Clauses of the tender against facts of the inventory (REQ001-REQ005).

Severity: a clause marked ▲ or not marked must be met before the lease or contract is signed (error); a
clause marked ■ is scored, so somebody may decide to lose the point (warning).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from capacity.facts import COMPUTED, Fact, Facts, facts
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Position, Related, Severity, Text, names_text
from inventory.model import FactValue, Project, Requirement, Site
from inventory.quantities import plain_number
from inventory.validation import near

RULE = "the clauses of the tender"
STATED = ("project", "site")
"""Scopes whose facts operators may state freely under `facility`."""


def _facts(ctx: Context, scope: str) -> Mapping[str, Facts]:
    result: Mapping[str, Facts] = ctx.memo(f"facts of {scope}", lambda: facts(ctx.inventory, scope))
    return result


def _requirements(ctx: Context) -> list[Requirement]:
    return list(ctx.inventory.requirements.values())


def severity_of(requirement: Requirement) -> Severity:
    """Warning for a clause marked ■ (scored), error for every other."""
    return Severity.WARNING if requirement.clause.endswith("■") else Severity.ERROR


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return plain_number(value)
    if isinstance(value, tuple):
        return " or ".join(_shown(v) for v in value)
    return str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _comparable(requirement: Requirement) -> bool:
    """Whether the clause's own value fits its operator."""
    value = requirement.value
    if requirement.op in ("<=", ">="):
        return _is_number(value)
    if requirement.op == "in":
        return isinstance(value, tuple) and bool(value)
    return requirement.op == "document" or (value is not None and not isinstance(value, tuple))


def _same_kind(requirement: Requirement, value: FactValue) -> bool:
    """Whether a fact can be held against the clause at all: number to number, truth value to truth value."""
    if requirement.op == "document":
        return True
    wanted = requirement.value if isinstance(requirement.value, tuple) else (requirement.value,)
    return any(
        (_is_number(value) and _is_number(w)) or (type(value) is type(w) and not _is_number(value)) for w in wanted
    )  # fmt: skip


def _meets(requirement: Requirement, value: FactValue) -> bool:
    """Whether a stated fact of the right kind meets the clause; words are compared without regard to case."""
    wanted, op = requirement.value, requirement.op
    if op == "document":
        return isinstance(value, str) and bool(value.strip())
    options = wanted if isinstance(wanted, tuple) else (wanted,)
    if op in ("<=", ">="):
        number, limit = float(value or 0), float(options[0] or 0)
        return number <= limit + 1e-9 if op == "<=" else number >= limit - 1e-9
    if isinstance(value, str):
        return value.strip().casefold() in {str(o).strip().casefold() for o in options}
    return value in options


def _sum(requirement: Requirement, value: FactValue) -> str:
    unit = f" {requirement.unit}" if requirement.unit else ""
    if requirement.op in ("<=", ">=") and _is_number(value):
        found, limit = float(value or 0), float(requirement.value or 0)  # type: ignore[arg-type]
        word = "short" if requirement.op == ">=" else "too many"
        return (
            f"{_shown(value)}{unit} found, {requirement.op} {_shown(requirement.value)}{unit} asked: "
            f"{plain_number(round(abs(limit - found), 6))}{unit} {word}"
        )
    return f"{_shown(value)} found, {_shown(requirement.value)} asked"


def _unknown(requirement: Requirement, ctx: Context) -> str | None:
    """The word to suggest when the clause names a fact its scope does not have ("" when none is near);
    None when the fact is known, or may still be stated."""
    scope, fact = requirement.scope, requirement.fact
    if fact in COMPUTED[scope]:
        return None
    if scope not in STATED:
        return near(fact, COMPUTED[scope]) or ""
    facilities = [site.facility for site in ctx.inventory.sites.values()]
    if scope == "project":
        facilities.append(ctx.inventory.project.facility)
    if any(fact in facility for facility in facilities):
        return None
    read = _read_facts(ctx)
    everywhere = {key for key in _keys(facilities) if key not in read and all(key in f for f in facilities)}
    return near(fact, everywhere | set(COMPUTED[scope]), 0.75)


def _keys(facilities: list[dict[str, FactValue]]) -> set[str]:
    return {key for facility in facilities for key in facility}


def _read_facts(ctx: Context) -> set[str]:
    result: set[str] = ctx.memo(
        "facts read by clauses", lambda: {r.fact for r in _requirements(ctx) if r.scope in STATED}
    )
    return result


def _where_stated(requirement: Requirement, subject: str, fact: Fact | None, ctx: Context) -> Position | None:
    """The line of a fact, or the line under which it would be stated."""
    if fact is not None and fact.at:
        return fact.position(ctx.inventory)
    site = ctx.inventory.sites.get(subject)
    if requirement.scope == "site" and site is not None and fact is None:
        return ctx.where(site, "facility")
    return ctx.where(requirement, "value" if requirement.value is not None else "fact")


def _subjects(requirement: Requirement, ctx: Context) -> list[tuple[str, Fact | None]]:
    return [(name, own.get(requirement.fact)) for name, own in _facts(ctx, requirement.scope).items()]


TOTALS = {"rack_power_kw_total": "rated_kw", "usable_u_total": "usable_u"}
"""Facts that add up a fact of every rack."""


def unmet(ctx: Context, scope: str, fact: str) -> bool:
    """Whether a clause about this fact is not met somewhere, so that what follows from it is not said again."""
    return any(
        f is not None and f.value is not None and _same_kind(r, f.value) and not _meets(r, f.value)
        for r in _requirements(ctx)
        if r.scope == scope and r.fact == fact and _comparable(r)
        for _, f in _subjects(r, ctx)
    )


def _follows(requirement: Requirement, ctx: Context) -> bool:
    """Whether a total is short only because racks are missing, or fall short one by one: the clause on those says so."""
    part = TOTALS.get(requirement.fact)
    if part is None:
        return False
    causes = [(requirement.scope, "racks"), ("rack", part), ("rack_type", part)]
    return any(unmet(ctx, scope, fact) for scope, fact in causes)


def _judged(requirement: Requirement, ctx: Context, code: str) -> Iterator[Finding]:
    """Failures grouped by the line they come from, and one "not evaluated" for all facts nobody states."""
    if _unknown(requirement, ctx) is not None or not _comparable(requirement):
        return
    subjects = _subjects(requirement, ctx)
    if not subjects:
        yield lacking(
            code, requirement.name,
            Text(f"no {requirement.scope} in the inventory to hold the clause against",
                 f"清单中没有 {requirement.scope}，无法核对该条款"),
            ctx.where(requirement, "scope"),
            Text(f"add the {requirement.scope} records", f"补充 {requirement.scope} 记录"),
        )  # fmt: skip
        return
    broken: dict[Position | None, list[tuple[str, Fact]]] = {}
    silent: list[tuple[str, Fact | None]] = []
    for name, fact in subjects:
        if fact is None or fact.value is None:
            silent.append((name, fact))
        elif _same_kind(requirement, fact.value) and not _meets(requirement, fact.value):
            broken.setdefault(_where_stated(requirement, name, fact, ctx), []).append((name, fact))
    if (
        requirement.scope not in STATED
        and len(broken) > 1
        and sum(map(len, broken.values())) == len(subjects)
    ):
        # every subject fails, from several lines: the clause's own value is the likelier fault
        everyone = [(name, Fact(f.value, f.at, f.path)) for group in broken.values() for name, f in group]
        broken = {ctx.where(requirement, "value"): everyone}
    for position, members in broken.items():
        if not _follows(requirement, ctx):
            yield _not_met(requirement, members, position, ctx, code)
    if silent:
        yield _silent(requirement, silent, ctx, code)


def _not_met(
    requirement: Requirement,
    members: list[tuple[str, Fact]],
    position: Position | None,
    ctx: Context,
    code: str,
) -> Finding:
    name, fact = members[0]
    owner = f"/{fact.owner if len(members) > 1 else name}" if len(members) == 1 or fact.owner else ""
    count = f" ({len(members)} {requirement.scope}s: {names_text([n for n, _ in members], 4)})"
    whole = count if len(members) > 1 else ""
    unit = f" {requirement.unit}" if requirement.unit else ""
    if requirement.op == "document":
        en, zh = f"no paper shows that {requirement.text.en}", f"无文件证明：{requirement.text.zh}"
        fix = Text("name the paper that shows it", "填写证明文件名称")
    else:
        found = _shown(fact.value)
        en = f"{requirement.fact} is {found}{unit}, the clause asks {requirement.op} {_shown(requirement.value)}{unit}: {requirement.text.en}"
        zh = f"{requirement.fact} 为 {found}{unit}，条款要求 {requirement.op} {_shown(requirement.value)}{unit}：{requirement.text.zh}"
        fix = Text(
            f"have the operator offer {requirement.op} {_shown(requirement.value)}{unit}, or do not sign",
            f"要求供方提供 {requirement.op} {_shown(requirement.value)}{unit}，否则不得签约",
        )
    related = Related(ctx.where(requirement, "value"), f"{requirement.name}: {requirement.text.en}")
    return finding(
        code, f"{requirement.name}{owner}", Text(en + whole, zh + whole), position, fix=fix,
        arithmetic="" if requirement.op == "document" else _sum(requirement, fact.value),
        related=(related,) if related.position != position else (),
        severity=severity_of(requirement), clause=ctx.inventory.clause(requirement),
    )  # fmt: skip


def _silent(
    requirement: Requirement, silent: list[tuple[str, Fact | None]], ctx: Context, code: str
) -> Finding:
    names = names_text([name for name, _ in silent], 4)
    first, fact = silent[0]
    what = "named the paper for" if requirement.op == "document" else "stated"
    zh_what = "未提供证明文件" if requirement.op == "document" else "未说明"
    open_point = lacking(
        code, requirement.name,
        Text(f"operator has not {what} {requirement.fact} of {names}: {requirement.text.en}",
             f"{names} 的 {requirement.fact} {zh_what}：{requirement.text.zh}"),
        _where_stated(requirement, first, fact, ctx),
        Text(f"ask the operator and write {requirement.fact} here", f"向供方核实并填写 {requirement.fact}"),
    )  # fmt: skip
    return replace(open_point, clause=ctx.inventory.clause(requirement) or RULE)


@check(
    "REQ001", severity=Severity.ERROR, title=Text("Clause not met", "不满足条款"), clause=RULE, needs="inventory",
    over=lambda ctx: [r for r in _requirements(ctx) if r.op != "document"],
)  # fmt: skip
def clause_is_met(requirement: Requirement, ctx: Context) -> Iterator[Finding]:
    """Every figure and property a clause asks for is offered, for each site, room, rack, UPS or generator set.

    Why it matters: a lease or contract signed against a clause that is not met cannot pass acceptance.
    A clause marked ■ is scored: missing it is a warning; every other clause is an error.
    How to fix: have the operator offer what is asked, or do not sign; a better offer always meets a minimum.
    Source: the clause quoted; fuel hours from the consumption at full load and the usable share of the tank.
    Failing: `ups: [{name: A-UPS-A, autonomy_min: 10}]` with `{scope: ups, fact: autonomy_min, op: ">=", value: 15}`
    Passing: `ups: [{name: A-UPS-A, autonomy_min: 15}]`
    """
    yield from _judged(requirement, ctx, "REQ001")


@check(
    "REQ002", severity=Severity.ERROR, title=Text("Paper asked for by a clause is missing", "缺少条款要求的证明文件"),
    clause=RULE, needs="inventory", over=lambda ctx: [r for r in _requirements(ctx) if r.op == "document"],
)  # fmt: skip
def paper_exists(requirement: Requirement, ctx: Context) -> Iterator[Finding]:
    """A paper that a clause asks for is named in the facts of the site.

    Why it matters: at acceptance the clause is proved by the paper, not by a word.
    How to fix: write the title or file name of the paper as the fact; null means the operator has not said yet.
    Source: the clause quoted.
    Failing: `facility: {emergency_papers: false}`
    Passing: `facility: {emergency_papers: "Emergency procedures 2026, rev. 2"}`
    """
    yield from _judged(requirement, ctx, "REQ002")


@check(
    "REQ003", severity=Severity.ERROR, title=Text("Clause names an unknown fact", "条款引用了未知的事实"),
    clause=RULE, needs="inventory", over=_requirements,
)  # fmt: skip
def fact_is_known(requirement: Requirement, ctx: Context) -> Iterator[Finding]:
    """The fact a clause names exists in its scope.

    Why it matters: a misspelt fact is never held against anything, and the clause looks open for ever.
    How to fix: take the suggestion, or one of the names listed; facts of sites are stated under `facility`.
    Source: the facts that records of the scope have.
    Failing: `{scope: rack, fact: usable_height_u, op: ">=", value: 40}`
    Passing: `{scope: rack, fact: usable_u, op: ">=", value: 40}`
    """
    guess = _unknown(requirement, ctx)
    if guess is None:
        return
    known = ", ".join(COMPUTED[requirement.scope])
    yield finding(
        "REQ003", requirement.name,
        Text(f"a {requirement.scope} has no fact {requirement.fact}", f"{requirement.scope} 没有事实 {requirement.fact}"),
        ctx.where(requirement, "fact"),
        fix=Text(f"did you mean {guess}?", f"是否为 {guess}？") if guess else Text(f"use one of: {known}", f"可用：{known}"),
        clause=ctx.inventory.clause(requirement),
    )  # fmt: skip


@check(
    "REQ004", severity=Severity.ERROR, title=Text("Clause and fact cannot be compared", "条款与事实无法比较"),
    clause=RULE, needs="inventory", over=_requirements,
)  # fmt: skip
def clause_is_comparable(requirement: Requirement, ctx: Context) -> Iterator[Finding]:
    """Clause and fact are of one kind: a number for <= and >=, a list for `in`, a truth value for true or false.

    Why it matters: "yes" against true, or text against a number, would be neither met nor failed.
    How to fix: write the number without words, true or false without quotes, a list for `in`.
    Source: the operators of a requirement.
    Failing: `facility: {pue: about 1.3}` with `{fact: pue, op: "<=", value: 1.4}`
    Passing: `facility: {pue: 1.3}`
    """
    if _unknown(requirement, ctx) is not None:
        return
    if not _comparable(requirement):
        wanted = {"in": "a list of values", "==": "one value"}.get(requirement.op, "a number")
        zh = {"in": "一个列表", "==": "一个值"}.get(requirement.op, "数字")
        yield finding(
            "REQ004", requirement.name,
            Text(f"op {requirement.op} needs {wanted}, found {_shown(requirement.value)}",
                 f"op {requirement.op} 需要{zh}，实际为 {_shown(requirement.value)}"),
            ctx.where(requirement, "value"),
            fix=Text(f"write {wanted} as value", f"value 写成{zh}"), clause=ctx.inventory.clause(requirement),
        )  # fmt: skip
        return
    for name, fact in _subjects(requirement, ctx):
        if fact is None or fact.value is None or _same_kind(requirement, fact.value):
            continue
        yield finding(
            "REQ004", f"{requirement.name}/{name}",
            Text(f"{requirement.fact} is {_shown(fact.value)}, the clause asks {requirement.op} {_shown(requirement.value)}: "
                 "not of one kind",
                 f"{requirement.fact} 为 {_shown(fact.value)}，条款为 {requirement.op} {_shown(requirement.value)}，类型不同"),
            _where_stated(requirement, name, fact, ctx),
            fix=Text(f"state it like {_shown(requirement.value)}", f"按 {_shown(requirement.value)} 的形式填写"),
            related=[Related(ctx.where(requirement, "value"), f"{requirement.name}: {requirement.text.en}")],
            clause=ctx.inventory.clause(requirement),
        )  # fmt: skip


def _stated_facts(ctx: Context) -> list[tuple[Project | Site, str]]:
    owners: tuple[Project | Site, ...] = (ctx.inventory.project, *ctx.inventory.sites.values())
    return [(owner, key) for owner in owners for key in owner.facility]


@check(
    "REQ005", severity=Severity.WARNING, title=Text("Stated fact that no clause reads", "填写的事实无条款对应"),
    clause=RULE, needs="inventory",
    over=_stated_facts,
)  # fmt: skip
def fact_is_read(subject: tuple[Project | Site, str], ctx: Context) -> Iterator[Finding]:
    """Every fact stated for a site or the project is read by a clause.

    Why it matters: a misspelt name means that the value is held against nothing and its clause stays open.
    How to fix: take the suggestion; remove the fact if no clause asks for it.
    Source: the requirements of scope site and project.
    Failing: `facility: {puee: 1.5}`
    Passing: `facility: {pue: 1.5}`
    """
    site, key = subject
    read = _read_facts(ctx)
    blamed: set[str] = ctx.memo(
        "facts meant by misspelt clauses",
        lambda: {g for r in _requirements(ctx) if r.scope in STATED and (g := _unknown(r, ctx))},
    )
    if key in read or key in blamed:
        return
    guess = near(key, {f for f in read if f not in site.facility}) or near(key, read, 0.75)
    yield finding(
        "REQ005", f"{site.name}/{key}",
        Text(f"no clause reads {key}", f"没有条款引用 {key}"),
        ctx.where(site, "facility", key),
        fix=Text(f"did you mean {guess}?", f"是否为 {guess}？") if guess
        else Text("remove it, or add the requirement it belongs to", "删除，或补充对应的条款"),
    )  # fmt: skip
