"""The access table: what each rule opens (SEC020-SEC024, SEC026-SEC028)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text, names_text
from inventory.nearest import near
from topology.checks.rule_book import ANY, Item, Rule, objects, rule_book
from topology.checks.zones_book import GUARDS, waypoints
from topology.checks.zones_ha import fleets_with
from topology.checks.zones_members import expected_kind, other_zones
from topology.zones import Box, uncovered

SUSPECT_SNMP = ("snmp", "snmpv1", "snmpv2", "snmpv2c")
CLEAR_TEXT = ("telnet", "http", *SUSPECT_SNMP)
"""Applications that are refused whatever port they speak on. Source: GB/T 22239-2019 8.1.2.2, 8.1.4.1 c."""
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


def _rules(ctx: Context) -> tuple[Rule, ...]:
    return rule_book(ctx)


def _readable(ctx: Context) -> list[Rule]:
    return [r for r in rule_book(ctx) if r.readable]


def _allowing(ctx: Context) -> list[Rule]:
    return [r for r in _readable(ctx) if r.allows]


def _sides(rule: Rule) -> tuple[tuple[str, tuple[Item, ...]], ...]:
    return ("src", rule.src), ("dst", rule.dst)


def directions(ctx: Context, rule: Rule) -> list[tuple[str, str]]:
    """Kinds of (source, destination) zones, both ways for a rule of both ways."""
    zones = ctx.inventory.zones
    one = zones[rule.record.src_zone].kind, zones[rule.record.dst_zone].kind
    return [one, one[::-1]] if rule.record.direction == "both-ways" and one[0] != one[1] else [one]


@check(
    "SEC020", severity=Severity.ERROR, over=_rules, needs="inventory", title=Text("Rule that cannot be read", "规则无法识别"),
    clause="GB/T 22239-2019 8.1.3.2 c",
)  # fmt: skip
def rule_is_readable(rule: Rule, ctx: Context) -> Iterator[Finding]:
    """Every name in a rule is an address, a prefix, or a fleet, pair, pool or endpoint; ports end at 65535.

    Why it matters: a rule that means nothing to the model means something to whoever types it in.
    How to fix: correct the name, or list the thing under `endpoints`.
    Source: GB/T 22239-2019 8.1.3.2 c (source, destination, ports and protocol of every rule).
    Failing: `dst: [bastoin]`
    Passing: `dst: [bastion]` with `endpoints: [{name: bastion, …}]`
    """
    inventory = ctx.inventory
    for side, items in _sides(rule):
        for i, item in enumerate(items):
            if item.known:
                continue
            if item.text in inventory.endpoints:
                yield finding(
                    "SEC020", rule.subject, Text(f"endpoint {item.text} lists what is no address", f"端点 {item.text} 含非法地址"),
                    ctx.where(inventory.endpoints[item.text], "addresses"), fix=Text("write addresses and prefixes", "填写地址或网段"),
                )  # fmt: skip
                continue
            names = (*inventory.fleets, *inventory.pairs, *inventory.pools, *inventory.endpoints)
            guess = near(item.text, names)
            yield finding(
                "SEC020", rule.subject, Text(f"{side}: nothing is named {item.text}", f"{side}：没有名为 {item.text} 的对象"),
                ctx.where(rule.record, side, i),
                fix=Text(f"did you mean {guess}?", f"是否为 {guess}？") if guess
                else Text("list it under endpoints, or write its prefix", "在 endpoints 列出，或填写网段"),
            )  # fmt: skip
    if rule.fault:
        yield finding(
            "SEC020", rule.subject, Text(f"port {rule.fault} is no port or range", f"端口 {rule.fault} 无效"),
            ctx.where(rule.record, "port"), arithmetic="0 to 65535, lower number first", fix=Text("correct it", "改正"),
        )  # fmt: skip


@check(
    "SEC021", severity=Severity.ERROR, over=_readable, needs="inventory", title=Text("Rule names a thing of another zone", "规则对象不在所述安全域"),
    clause="GB/T 22239-2019 8.1.3.2 c",
)  # fmt: skip
def objects_stand_in_their_zone(rule: Rule, ctx: Context) -> Iterator[Finding]:
    """What a rule names stands in the zone the rule says.

    Fleets are looked up by their own zone, except on a side of kind oob: there their management ports are meant.

    Why it matters: the rule is installed on the firewall of the wrong border, and opens nothing or too much.
    How to fix: correct the zone of the rule or of the thing.
    Source: GB/T 22239-2019 8.1.3.2 c.
    Failing: `{src_zone: core, src: [a-ops], …}` and fleet a-ops of zone management
    Passing: `{src_zone: management, src: [a-ops], …}`
    """
    for side, items in _sides(rule):
        zone = getattr(rule.record, f"{side}_zone")
        wrong = [
            (i, item)
            for i, item in enumerate(items)
            if item.zone and item.zone != zone and not _doubtful(ctx, item.text)
        ]
        if wrong:
            i, item = wrong[0]
            yield finding(
                "SEC021", rule.subject,
                Text(f"{side}: {names_text([x.text for _, x in wrong])} stand in zone {item.zone}, not {zone}",
                     f"{side}：{names_text([x.text for _, x in wrong])} 位于 {item.zone} 区，而非 {zone} 区"),
                ctx.where(rule.record, side, i), fix=Text(f"write {side}_zone: {item.zone}, or correct the zone of {item.text}",
                                                          f"改为 {side}_zone: {item.zone}，或更正 {item.text} 的安全域"),
            )  # fmt: skip


def _doubtful(ctx: Context, name: str) -> bool:
    """True for a pool whose own zone is in doubt: SEC004 or SEC007 says so there."""
    pool = ctx.inventory.pools.get(name)
    return pool is not None and (expected_kind(ctx, pool) is not None or bool(other_zones(ctx, pool)))


@check(
    "SEC022", severity=Severity.ERROR, over=_allowing, needs="inventory", title=Text("Anything to anything", "任意到任意放行"),
    clause="GB/T 22239-2019 8.1.3.2 a",
)  # fmt: skip
def not_any_to_any(rule: Rule, ctx: Context) -> Iterator[Finding]:
    """No rule allows any source to reach any destination: what no rule allows is denied.

    Why it matters: behind such a rule the table is a list of wishes.
    How to fix: name who speaks to whom; delete the rule.
    Source: GB/T 22239-2019 8.1.3.2 a (refuse by default), b (fewest rules).
    Failing: `src: [any], dst: [any], action: allow`
    Passing: `src: [a-ecs], dst: [ntp], proto: udp, port: "123"`
    """
    if any(i.text == ANY for i in rule.src) and any(i.text == ANY for i in rule.dst):
        yield finding(
            "SEC022", rule.subject, Text("any source may reach any destination", "任意源可访问任意目的"),
            ctx.where(rule.record, "src"), fix=Text("name source and destination, or delete the rule", "写明源与目的，或删除该规则"),
        )  # fmt: skip


@check(
    "SEC024", severity=Severity.ERROR, over=_allowing, needs="inventory", unless=("SEC022",), title=Text("Protocol that is refused", "禁用的协议"),
    clause="GB/T 22239-2019 8.1.2.2",
)  # fmt: skip
def no_clear_text(rule: Rule, ctx: Context) -> Iterator[Finding]:
    """No rule allows Telnet, HTTP or SNMP before version 3, though the switches speak them.

    Told by `application`, and by TCP 23 and 80 in rules of few ports; UDP 161 and 162 need an application that
    says which version. A rule of more ports than the limit is SEC023.

    Why it matters: passwords of switches and servers pass in clear text.
    How to fix: SSH for Telnet, HTTPS for HTTP, snmpv3 for SNMP.
    Source: GB/T 22239-2019 8.1.2.2 (integrity and confidentiality in transmission), 8.1.4.1 c.
    Failing: `{proto: tcp, port: "22-23", …}`
    Passing: `{proto: tcp, port: "22", application: ssh, …}`
    """
    policy, record = ctx.inventory.policy, rule.record
    if record.application in CLEAR_TEXT:
        yield finding(
            "SEC024", rule.subject, Text(f"{record.application} is refused", f"禁止使用 {record.application}"),
            ctx.where(record, "application"), fix=_safer(record.application),
        )  # fmt: skip
        return
    if not rule.has_ports or rule.port_count > policy.number("security.ports_max"):
        return
    refused = (
        []
        if record.proto == "udp"
        else [int(p) for p in policy.numbers("security.rejected_ports") if _opens(rule, int(p))]
    )
    if refused:
        shown = ", ".join(map(str, refused))
        yield finding(
            "SEC024", rule.subject, Text(f"opens TCP {shown}", f"放行 TCP {shown}"), ctx.where(record, "port"),
            arithmetic=policy.cite("security.rejected_ports"), fix=Text("take the port out; SSH and HTTPS instead", "移除该端口，改用 SSH、HTTPS"),
        )  # fmt: skip
    snmp = [
        int(p)
        for p in policy.numbers("security.snmp_ports")
        if record.proto != "tcp" and _opens(rule, int(p))
    ]
    if snmp and record.application is None:
        yield lacking(
            "SEC024", rule.subject, Text(f"opens UDP {', '.join(map(str, snmp))}; the version of SNMP is not stated", f"放行 UDP {', '.join(map(str, snmp))}，未说明 SNMP 版本"),
            ctx.where(record, "port"), Text("write application: snmpv3", "填写 application: snmpv3"),
        )  # fmt: skip


def _safer(application: str) -> Text:
    better = {"telnet": "ssh", "http": "https"}.get(application, "snmpv3")
    return Text(f"use {better}", f"改用 {better}")


def _opens(rule: Rule, port: int) -> bool:
    return any(low <= port <= high for low, high in rule.ports)


@check(
    "SEC023", severity=Severity.WARNING, over=_allowing, needs="inventory", unless=("SEC022",), title=Text("Rule too wide", "规则范围过宽"),
    clause="policy: security",
)  # fmt: skip
def not_too_wide(rule: Rule, ctx: Context) -> Iterator[Finding]:
    """An allowing rule names no prefix wider than /24 (IPv6 /64), not any, and opens at most 100 ports.

    Why it matters: every address and port more is one that nobody asked for and nobody watches.
    How to fix: name fleets, pairs or single addresses, and the ports the application listens on.
    Source: GB/T 22239-2019 8.1.3.2 b (fewest rules, by source, destination, port and protocol); engineering estimate.
    Failing: `dst: [10.10.0.0/16], port: "1-1024"`
    Passing: `dst: [10.10.241.0/24], port: "22,443"`
    """
    policy = ctx.inventory.policy
    faults: list[tuple[tuple[str | int, ...], str, str, str]] = []
    for side, items in _sides(rule):
        for i, item in enumerate(items):
            limit = (
                "security.prefix6_bits"
                if item.widest and item.widest.version == 6
                else "security.prefix_bits"
            )
            if item.text == ANY:
                faults.append(((side, i), f"{side} is any", f"{side} 为 any", policy.cite(limit)))
            elif item.widest and item.widest.length < policy.number(limit):
                faults.append((
                    (side, i), f"{side} {item.text} is a /{item.widest.length}", f"{side} {item.text} 为 /{item.widest.length}",
                    f"/{item.widest.length} is wider than /{policy.number(limit):g}; {policy.cite(limit)}",
                ))  # fmt: skip
    most = policy.number("security.ports_max")
    if rule.port_count > most:
        refused = [
            int(p)
            for p in policy.numbers("security.rejected_ports")
            if rule.record.proto != "udp" and _opens(rule, int(p))
        ]
        more = f", TCP {' and '.join(map(str, refused))} among them" if refused else ""
        more_zh = f"，其中含 TCP {'、'.join(map(str, refused))}" if refused else ""
        faults.append((
            ("port",), f"{rule.port_count} ports{more}", f"{rule.port_count} 个端口{more_zh}",
            f"{rule.port_count} > {most:g}; {policy.cite('security.ports_max')}",
        ))  # fmt: skip
    if faults:
        yield finding(
            "SEC023", rule.subject, Text("; ".join(f[1] for f in faults), "；".join(f[2] for f in faults)),
            ctx.where(rule.record, *faults[0][0]), arithmetic="; ".join(dict.fromkeys(f[3] for f in faults)),
            fix=Text("name the devices and ports that need it", "写明确需的设备与端口"),
        )  # fmt: skip


# ---------------------------------------------------------------- between zones


def _admin_ports(rule: Rule, ctx: Context) -> list[int]:
    if rule.record.proto not in ("tcp", "any"):
        return []
    return [int(p) for p in ctx.inventory.policy.numbers("security.admin_ports") if _opens(rule, int(p))]


@check(
    "SEC026", severity=Severity.ERROR, over=_allowing, needs="inventory", unless=("SEC021",), title=Text("Rule between zones that must not meet", "禁止互访的安全域之间放行"),
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
    "SEC027", severity=Severity.ERROR, over=_allowing, needs="inventory", unless=("SEC021", "SEC022", "SEC026"),
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
    "SEC028", severity=Severity.ERROR, over=_allowing, needs="inventory", unless=("SEC022",), title=Text("Honeypot may speak", "蜜罐可主动外联"),
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
