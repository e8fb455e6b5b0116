"""The access table as a whole: rules that never decide, that run too long, that nobody answers for (SEC025, SEC029, SEC030)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text, names_text
from topology.checks.rule_book import Rule, rule_book
from topology.zones import shadowing


def _readable(ctx: Context) -> list[Rule]:
    return [r for r in rule_book(ctx) if r.readable]


@check(
    "SEC025", severity=Severity.WARNING, over=_readable, needs="inventory", title=Text("Rule that never decides", "规则被遮蔽"),
    clause="GB/T 22239-2019 8.1.3.2 b",
)  # fmt: skip
def rule_decides_something(rule: Rule, ctx: Context) -> Iterator[Finding]:
    """Earlier rules leave something for every rule to decide, zones, addresses, protocol and ports taken together.

    Names without known addresses are taken as things of their own.

    Why it matters: a rule that never decides is read as protection, or as access, that is not there.
    How to fix: delete it, or move it before the rules that cover it.
    Source: GB/T 22239-2019 8.1.3.2 b (delete superfluous rules, keep the number smallest).
    Failing: `{action: deny, src: [10.10.0.9], …}` behind `{action: allow, src: [any], …}` with the same rest
    Passing: the denying rule first
    """
    book = rule_book(ctx)
    zones = {box.sides[:2] for box in rule.boxes}
    before = [r for r in book[: rule.index] if any(box.sides[:2] in zones for box in r.boxes)]
    covered = shadowing([r.boxes for r in (*before, rule)], len(before))
    if covered is None:
        return
    others = [before[i] for i in covered]
    against = [r for r in others if r.record.action != rule.record.action]
    names = names_text([r.record.name for r in others])
    said = (
        Text(f"never decides: {names} before it decides otherwise", f"永不生效：前面的 {names} 已作相反处理")
        if against
        else Text(f"superfluous: {names} before it covers it", f"多余：前面的 {names} 已覆盖")
    )
    yield finding(
        "SEC025", rule.subject, said, ctx.where(rule.record, "name"),
        arithmetic=f"rule {rule.index + 1} of {len(book)}; covered whole by {', '.join(str(r.index + 1) for r in others)}",
        fix=Text("move it up, or delete it", "前移或删除"),
        related=[Related(ctx.where(r.record, "name"), f"{r.record.name}: {r.record.action}") for r in others],
    )  # fmt: skip


@check(
    "SEC029", severity=Severity.WARNING, needs="inventory", title=Text("Rule runs too long, or has ended", "规则有效期过长或已过期"),
    over=lambda ctx: [r for r in rule_book(ctx) if r.allows and r.record.expiry], clause="policy: security.expiry_days",
)  # fmt: skip
def rule_ends(rule: Rule, ctx: Context) -> Iterator[Finding]:
    """An allowing rule ends within a year from today, and has not ended yet.

    Why it matters: access granted for a project outlives it by years.
    How to fix: shorten it, or have the owner renew it.
    Source: engineering estimate, 365 days.
    Failing: `expiry: 2031-01-01`
    Passing: a day within the next 365
    """
    left = (date.fromisoformat(rule.record.expiry or "") - ctx.today).days
    most = ctx.inventory.policy.number("security.expiry_days")
    if left < 0:
        said = Text(f"ended on {rule.record.expiry}", f"已于 {rule.record.expiry} 到期")
        fix = Text("delete it, or have its owner renew it", "删除，或由责任人续期")
        sums = f"{-left} days ago"
    elif left > most:
        said = Text(f"runs until {rule.record.expiry}", f"有效期至 {rule.record.expiry}")
        fix = Text(f"shorten it by {left - most:g} days or more", f"至少缩短 {left - most:g} 天")
        sums = f"{left} days > {ctx.inventory.policy.cite('security.expiry_days')}"
    else:
        return
    yield finding("SEC029", rule.subject, said, ctx.where(rule.record, "expiry"), fix=fix, arithmetic=sums)


COLUMNS = ("port", "log", "owner", "expiry", "ticket")


def _unstated(rule: Rule, field: str) -> bool:
    return getattr(rule.record, field) is None and (field != "port" or rule.has_ports)


def _table(ctx: Context) -> list[tuple[Rule, ...]]:
    return [rule_book(ctx)] if rule_book(ctx) else []


@check(
    "SEC030", severity=Severity.WARNING, over=_table, needs="inventory", title=Text("Rule nobody answers for", "规则无人负责或不记日志"),
    clause="GB/T 22239-2019 8.1.3.5",
)  # fmt: skip
def rules_have_owners(table: Sequence[Rule], ctx: Context) -> Iterator[Finding]:
    """Allowing rules are logged and name ports, owner, ticket and last day; every endpoint they name has its addresses.

    What is not stated is summed up for the whole table as not evaluated.

    Why it matters: without an owner nobody dares to delete a rule; without a log nobody knows who used it.
    How to fix: `log: true, owner: <role>, ticket: <number>, expiry: <day>`.
    Source: GB/T 22239-2019 8.1.3.5 a (audit at the border, kept six months), 8.1.3.2 b; engineering estimate.
    Failing: `log: false`
    Passing: `log: true, owner: database team, ticket: CHG-118, expiry: 2027-03-31`
    """
    allowing = [r for r in table if r.allows]
    for rule in allowing:
        if rule.record.log is False:
            yield finding(
                "SEC030", rule.subject, Text("is not logged", "未记录日志"), ctx.where(rule.record, "log"),
                fix=Text("write log: true", "改为 log: true"),
            )  # fmt: skip
    open_rules = {field: [r for r in allowing if _unstated(r, field)] for field in COLUMNS}
    missing = [f"{field} of {len(rules)}" for field, rules in open_rules.items() if rules]
    if missing:
        first = min((r for rules in open_rules.values() for r in rules), key=lambda r: r.index)
        yield lacking(
            "SEC030", "policies", Text(f"{len(allowing)} rules; not stated: {', '.join(missing)}", f"共 {len(allowing)} 条规则，未填写：{'、'.join(missing)}"),
            ctx.where(first.record, "name"), Text("complete the table before it is installed", "下发前补全规则表"),
        )  # fmt: skip
    silent = sorted({i.text for r in table for i in (*r.src, *r.dst) if not i.addressed})
    if silent:
        yield lacking(
            "SEC030", "endpoints", Text(f"addresses not stated: {names_text(silent, 10)}", f"未填写地址：{names_text(silent, 10)}"),
            ctx.where(ctx.inventory.endpoints[silent[0]], "name"), Text("write `addresses` of these endpoints", "填写这些端点的 `addresses`"),
        )  # fmt: skip
