"""The access table: what each rule opens (SEC020-SEC024)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text, names_text
from inventory.nearest import near
from topology.checks.rule_book import ANY, Item, Rule, rule_book
from topology.checks.zones_members import expected_kind, other_zones
from topology.ip import parse_net

SUSPECT_SNMP = ("snmp", "snmpv1", "snmpv2", "snmpv2c")
CLEAR_TEXT = ("telnet", "http", *SUSPECT_SNMP)
"""Applications that are refused whatever port they speak on. Source: GB/T 22239-2019 8.1.2.2, 8.1.4.1 c."""


def _readable(ctx: Context) -> list[Rule]:
    return [r for r in rule_book(ctx) if r.readable]


def allowing(ctx: Context) -> list[Rule]:
    """Rules that let something through and can be read."""
    return [r for r in _readable(ctx) if r.allows]


def _sides(rule: Rule) -> tuple[tuple[str, tuple[Item, ...]], ...]:
    return ("src", rule.src), ("dst", rule.dst)


@dataclass(frozen=True)
class Unread:
    """What cannot be read in the table, with the first rule that holds it and where, and all that do."""

    text: str
    rule: Rule
    path: tuple[str | int, ...]
    rules: tuple[Rule, ...]


def _unread(ctx: Context) -> list[Unread | Rule]:
    """Names that mean nothing, each once, and every rule for its ports."""
    first: dict[str, tuple[Rule, tuple[str | int, ...]]] = {}
    rules: dict[str, list[Rule]] = {}
    for rule in rule_book(ctx):
        for side, items in _sides(rule):
            for i, item in enumerate(items):
                if not item.known:
                    first.setdefault(item.text, (rule, (side, i)))
                    rules.setdefault(item.text, []).append(rule)
    return [*(Unread(text, *first[text], tuple(rules[text])) for text in sorted(first)), *rule_book(ctx)]


@check(
    "SEC020", severity=Severity.ERROR, over=_unread, needs="inventory", title=Text("Rule that cannot be read", "规则无法识别"),
    clause="GB/T 22239-2019 8.1.3.2 c",
)  # fmt: skip
def rules_are_readable(subject: Unread | Rule, ctx: Context) -> Iterator[Finding]:
    """Every name in a rule is an address, a prefix, or a fleet, pair, pool or endpoint; ports end at 65535.

    Why it matters: a rule that means nothing to the model means something to whoever types it in.
    How to fix: correct the name, or list the thing under `endpoints`.
    Source: GB/T 22239-2019 8.1.3.2 c (source, destination, ports and protocol of every rule).
    Failing: `dst: [bastoin]`
    Passing: `dst: [bastion]` with `endpoints: [{name: bastion, …}]`
    """
    inventory = ctx.inventory
    if isinstance(subject, Rule):
        if subject.fault:
            yield finding(
                "SEC020", subject.subject, Text(f"port {subject.fault} is no port or range", f"端口 {subject.fault} 无效"),
                ctx.where(subject.record, "port"), arithmetic="0 to 65535, lower number first", fix=Text("correct it", "改正"),
            )  # fmt: skip
        return
    if subject.text in inventory.endpoints:
        yield finding(
            "SEC020", f"endpoints/{subject.text}", Text(f"endpoint {subject.text} lists what is no address", f"端点 {subject.text} 含非法地址"),
            ctx.where(inventory.endpoints[subject.text], "addresses"), fix=Text("write addresses and prefixes", "填写地址或网段"),
        )  # fmt: skip
        return
    guess = near(subject.text, (*inventory.fleets, *inventory.pairs, *inventory.pools, *inventory.endpoints))
    others = [r for r in dict.fromkeys(r.record.name for r in subject.rules) if r != subject.rule.record.name]
    yield finding(
        "SEC020", subject.rule.subject,
        Text(f"{subject.path[0]}: nothing is named {subject.text}", f"{subject.path[0]}：没有名为 {subject.text} 的对象"),
        ctx.where(subject.rule.record, *subject.path),
        fix=Text(f"did you mean {guess}?", f"是否为 {guess}？") if guess
        else Text("list it under endpoints, or write its prefix", "在 endpoints 列出，或填写网段"),
        related=[Related(ctx.where(inventory.policies[name], "name"), f"{name} names it too") for name in others],
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


def _overlapping(ctx: Context, name: str) -> bool:
    """True for a pool that meets another one: NET001 says so there."""
    nets = {n: parse_net(p.prefix) for n, p in ctx.inventory.pools.items()}
    own = nets.get(name)
    return own is not None and any(
        net is not None and n != name and net.overlaps(own) for n, net in nets.items()
    )


@check(
    "SEC022", severity=Severity.ERROR, over=allowing, needs="inventory", title=Text("Anything to anything", "任意到任意放行"),
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
    "SEC024", severity=Severity.ERROR, over=allowing, needs="inventory", unless=("SEC022",), title=Text("Protocol that is refused", "禁用的协议"),
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
        else [int(p) for p in policy.numbers("security.rejected_ports") if opens(rule, int(p))]
    )
    if refused:
        shown = ", ".join(map(str, refused))
        yield finding(
            "SEC024", rule.subject, Text(f"opens TCP {shown}", f"放行 TCP {shown}"), ctx.where(record, "port"),
            arithmetic=policy.cite("security.rejected_ports"), fix=Text("take the port out; SSH and HTTPS instead", "移除该端口，改用 SSH、HTTPS"),
        )  # fmt: skip
    snmp = [
        int(p) for p in policy.numbers("security.snmp_ports") if record.proto != "tcp" and opens(rule, int(p))
    ]
    if snmp and record.application is None:
        yield lacking(
            "SEC024", rule.subject, Text(f"opens UDP {', '.join(map(str, snmp))}; the version of SNMP is not stated", f"放行 UDP {', '.join(map(str, snmp))}，未说明 SNMP 版本"),
            ctx.where(record, "port"), Text("write application: snmpv3", "填写 application: snmpv3"),
        )  # fmt: skip


def _safer(application: str) -> Text:
    better = {"telnet": "ssh", "http": "https"}.get(application, "snmpv3")
    return Text(f"use {better}", f"改用 {better}")


def opens(rule: Rule, port: int) -> bool:
    """True when the port is among those of the rule."""
    return any(low <= port <= high for low, high in rule.ports)


@check(
    "SEC023", severity=Severity.WARNING, over=allowing, needs="inventory", unless=("SEC022",), title=Text("Rule too wide", "规则范围过宽"),
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
            elif (
                item.widest and item.widest.length < policy.number(limit) and not _overlapping(ctx, item.text)
            ):
                faults.append((
                    (side, i), f"{side} {item.text} is a /{item.widest.length}", f"{side} {item.text} 为 /{item.widest.length}",
                    f"/{item.widest.length} is wider than /{policy.number(limit):g}; {policy.cite(limit)}",
                ))  # fmt: skip
    most = policy.number("security.ports_max")
    if rule.port_count > most:
        refused = [
            int(p)
            for p in policy.numbers("security.rejected_ports")
            if rule.record.proto != "udp" and opens(rule, int(p))
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
