"""The access table between zones: who may open what, by the gap, honeypots (SEC026-SEC028)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text, names_text
from topology.checks.rule_book import ANY, Item, Rule, objects, rule_book
from topology.checks.zones_book import GUARDS, waypoints
from topology.checks.zones_ha import fleets_with
from topology.checks.zones_policy import allowing, opens
from topology.zones import Box, uncovered

OPEN_FROM = {
    "oob": ("management", "oob"),
    "crypto": ("core", "crypto"),
    "core": ("core", "public", "management", "crypto", "dci"),
    "public": ("exit", "public", "core", "management", "dci"),
    "dci": ("core", "public", "management", "dci"),
    "exit": ("exit", "public", "core", "management", "dci"),
    "management": ("core", "public", "exit", "dci", "crypto", "management", "oob"),
}
"""Kind of a zone -> kinds of zones that may open connections into it (engineering estimate on GB/T 22239-2019
8.1.2.1 and 8.1.5.4): out-of-band from management only, crypto from core only, core never straight from outside."""


def directions(ctx: Context, rule: Rule) -> list[tuple[str, str]]:
    """Kinds of (source, destination) zones, both ways for a rule of both ways."""
    zones = ctx.inventory.zones
    one = zones[rule.record.src_zone].kind, zones[rule.record.dst_zone].kind
    return [one, one[::-1]] if rule.record.direction == "both-ways" and one[0] != one[1] else [one]


def _admin_ports(rule: Rule, ctx: Context) -> list[int]:
    if rule.record.proto not in ("tcp", "any"):
        return []
    return [int(p) for p in ctx.inventory.policy.numbers("security.admin_ports") if opens(rule, int(p))]


@check(
    "SEC026", severity=Severity.ERROR, over=allowing, needs="inventory", unless=("SEC021",), title=Text("Rule between zones that must not meet", "禁止互访的安全域之间放行"),
    clause="GB/T 22239-2019 8.1.2.1 d, 8.1.5.4",
)  # fmt: skip
def zones_that_may_meet(rule: Rule, ctx: Context) -> Iterator[Finding]:
    """Out-of-band is opened from management only, crypto from core only, core never straight from outside; ports of
    administration in management are opened from management and out-of-band only.

    Why it matters: each zone guards the next; a rule that skips one makes it useless.
    How to fix: go by the bastion, by the public zone and its gap, or drop the rule.
    Source: GB/T 22239-2019 8.1.2.1 d (important zones not at the border), 8.1.5.4 a and b (management area and its
    own safe path); the table of zones is an engineering estimate.
    Failing: `{src_zone: core, dst_zone: oob, …}`
    Passing: `{src_zone: management, dst_zone: oob, …}`
    """
    for src, dst in directions(ctx, rule):
        allowed: Sequence[str] = OPEN_FROM[dst]
        ports = _admin_ports(rule, ctx) if dst == "management" and src not in ("management", "oob") else []
        if src in allowed and not ports:
            continue
        what = f" on TCP {', '.join(map(str, ports))}" if ports else ""
        names = "management, oob" if ports else ", ".join(allowed)
        yield finding(
            "SEC026", rule.subject,
            Text(f"a zone of kind {src} opens one of kind {dst}{what}", f"{src} 类安全域访问 {dst} 类安全域{what.replace(' on ', ' ')}"),
            ctx.where(rule.record, "port" if ports else "src_zone"),
            arithmetic=f"{dst} may be opened from: {names}",
            fix=Text("go by the bastion, or by the zone between", "经堡垒机或中间安全域访问"),
        )  # fmt: skip
        return


@check(
    "SEC027", severity=Severity.ERROR, over=allowing, needs="inventory", unless=("SEC021", "SEC022", "SEC026"),
    title=Text("Public service into core past the gap", "公共服务区未经网闸访问核心区"), clause="GB/T 22239-2019 8.1.3.1 a",
)  # fmt: skip
def public_by_the_gap(rule: Rule, ctx: Context) -> Iterator[Finding]:
    """Rules from public service into core name the gap or firewall that lets them through, and the application.

    Why it matters: the public zone is the one that will be broken into.
    How to fix: `via: <waypoint of kind gap or firewall>`, `application: <the interface called>`.
    Source: GB/T 22239-2019 8.1.3.1 a, 8.1.2.1 d; engineering estimate: application interfaces only.
    Failing: `{src_zone: public, dst_zone: core, port: "8443", …}` without `via`
    Passing: the same with `via: A-GAP, application: settlement-api`
    """
    if ("public", "core") not in directions(ctx, rule):
        return
    record, guards = rule.record, {g.name: g for g in waypoints(ctx)}
    parting = sorted(name for name, g in guards.items() if g.kind in GUARDS)
    if record.via is None and not parting:
        yield lacking(
            "SEC027", rule.subject, Text("no gap or firewall is declared", "未声明网闸或防火墙"), ctx.where(record, "name"),
            Text("list it under `waypoints`, and name it in `via`", "在 `waypoints` 列出，并填写 `via`"),
        )  # fmt: skip
        return
    if record.via is None or guards[record.via].kind not in GUARDS:
        said = f"via {record.via} of kind {guards[record.via].kind}" if record.via else "via nothing"
        yield finding(
            "SEC027", rule.subject, Text(f"goes from public service into core {said}", f"公共服务区访问核心区，{'经 ' + record.via if record.via else '未写明途经设备'}"),
            ctx.where(record, "via") if record.via else ctx.where(record, "name"),
            arithmetic=f"gaps and firewalls: {names_text(parting) or 'none'}",
            fix=Text("name the gap or firewall in `via`", "在 `via` 填写网闸或防火墙"),
        )  # fmt: skip
    elif record.application is None:
        yield lacking(
            "SEC027", rule.subject, Text("the application interface is not stated", "未写明应用接口"), ctx.where(record, "name"),
            Text("write `application`", "填写 `application`"),
        )  # fmt: skip


@check(
    "SEC028", severity=Severity.ERROR, over=allowing, needs="inventory", unless=("SEC022",), title=Text("Honeypot may speak", "蜜罐可主动外联"),
    clause="GB/T 22239-2019 8.1.3.3",
)  # fmt: skip
def honeypots_are_silent(rule: Rule, ctx: Context) -> Iterator[Finding]:
    """No rule lets a honeypot (device type with feature honeypot) open a connection, unless an earlier one denies it.

    Its management port in the out-of-band network is not meant.

    Why it matters: a honeypot is there to be broken into; from then on it is the attacker's machine.
    How to fix: take it out of the rule, or put a denying rule for it first.
    Source: GB/T 22239-2019 8.1.3.3; engineering estimate.
    Failing: `{src_zone: core, src: [a-honeypot], dst: [siem], action: allow, …}`
    Passing: `{src_zone: core, src: [a-honeypot], dst: [any], action: deny, …}` before every rule from any
    """
    pots = fleets_with(ctx, "honeypot")
    denied = [box for r in rule_book(ctx)[: rule.index] if not r.allows for box in r.boxes]
    for fleet in pots:
        if fleet.zone is None:
            continue
        place = _speaks(ctx, rule, fleet.name, fleet.zone, denied)
        if place:
            yield finding(
                "SEC028", rule.subject, Text(f"{fleet.name} may open connections", f"{fleet.name} 可主动发起连接"),
                ctx.where(rule.record, *place), fix=Text(f"deny {fleet.name} first, or take it out", f"先行拒绝 {fleet.name}，或将其移除"),
                related=[Related(ctx.where(fleet, "name"), f"{fleet.name}: {fleet.count} x {fleet.device_type}")],
            )  # fmt: skip
            return


def _speaks(
    ctx: Context, rule: Rule, fleet: str, zone: str, denied: list[Box]
) -> tuple[str | int, ...] | None:
    """The part of a rule that lets the fleet open connections which no earlier rule denies."""
    item = objects(ctx).item(fleet, zone)
    number = sorted(ctx.inventory.zones).index(zone)
    both = rule.record.direction == "both-ways"
    for box in rule.boxes:
        if box.sides[0] != (number, number):
            continue
        for first, last in item.ranges:
            low, high = max(first, box.sides[3][0]), min(last, box.sides[3][1])
            if low <= high and uncovered([Box((*box.sides[:3], (low, high), *box.sides[4:]))], denied):
                side = (
                    "src" if rule.record.src_zone == zone and (not both or _names(rule.src, fleet)) else "dst"
                )
                return (side,)
    return None


def _names(items: Sequence[Item], fleet: str) -> bool:
    return any(i.text in (fleet, ANY) for i in items)
