"""Security groups from the access table: one group a pool of the cloud, deny by default, in the order of the table.

A line of which an address or the ports are not known is never declared: an empty field must not be read as "any". A
deny that cannot be declared ends the group there, since later lines would let through what it denies.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from inventory import model as m
from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from stacks.programs.cloud_network import VPC, Place
from stacks.programs.declared import Declared, NotDeclared, Output

if TYPE_CHECKING:
    from topology.checks.rule_book import Objects

LAST = 100
"""The lowest priority a rule can have: that of "everything else is denied"."""
Touch = Literal["none", "whole", "part", "maybe"]
RULE = "alicloud:ecs/securityGroupRule:SecurityGroupRule"


class Unclear(Exception):  # noqa: N818
    """A line cannot be said as rules of a security group; why, in both languages."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.text = Text(en, zh)


@dataclass(frozen=True)
class Line:
    """One rule of a group: who (a prefix), by which protocol and ports."""

    direction: Literal["ingress", "egress"]
    prefix: str
    protocol: str
    ports: str


def groups(
    inventory: Inventory, plan: Plan, found: list[Place], tags: Mapping[str, str]
) -> Iterator[Declared | NotDeclared]:
    """A group for each pool with the rules that concern it."""
    from inventory.checks import Context
    from topology.checks.rule_book import Objects

    known = Objects(Context(inventory, plan, date.min))
    for place in found:
        yield from _group(inventory, known, place, tags)


def _group(
    inventory: Inventory, known: Objects, place: Place, tags: Mapping[str, str]
) -> Iterator[Declared | NotDeclared]:
    pool = place.pool
    name = f"group-{pool.name}"
    yield Declared(
        "alicloud:ecs/securityGroup:SecurityGroup",
        name,
        {
            "securityGroupName": f"{inventory.project.name}-{pool.name}",
            "vpcId": Output(VPC),
            "innerAccessPolicy": "Drop",
            "description": f"{pool.plane} of site {pool.site}: what the access table allows, no more",
            "tags": {**tags, "site": pool.site, "plane": pool.plane},
        },
    )
    priority = 0
    open_zone: list[str] = []
    for rule in inventory.policies.values():
        try:
            lines, doubtful = _lines(known, rule, pool)
            if lines and priority + 1 >= LAST:
                raise Unclear(f"a group takes {LAST - 1} lines", f"安全组最多 {LAST - 1} 条规则")
        except Unclear as exc:
            yield _not_declared(inventory, rule, pool, exc.text)
            if rule.action == "deny" or priority + 1 >= LAST:
                break
            continue
        if doubtful:
            open_zone.append(rule.name)
            if rule.action == "deny":
                break
            continue
        if lines:
            priority += 1
        for n, line in enumerate(lines, 1):
            yield _rule(f"{name}-{rule.name}-{n}", name, line, rule, priority)
    if open_zone:
        yield NotDeclared(
            f"rules of {name}",
            Text(
                "its pool has no zone in the inventory, so rules for any address of a zone cannot be held against it "
                f"({', '.join(open_zone)} and what follows): nothing more is let through",
                f"其地址池未注明安全域，无法适用面向整个安全域的规则（{', '.join(open_zone)} 及其后）：其余流量不放行",
            ),
            inventory.where(pool),
        )
    for direction in ("ingress", "egress"):
        yield Declared(
            RULE,
            f"{name}-deny-{direction}",
            {
                "type": direction, "ipProtocol": "all", "portRange": "-1/-1", "policy": "drop", "priority": LAST,
                "nicType": "intranet", "cidrIp": "0.0.0.0/0", "securityGroupId": Output(name),
                "description": "everything else is denied",
            },
        )  # fmt: skip


def _rule(name: str, group: str, line: Line, rule: m.SecurityRule, priority: int) -> Declared:
    six = ":" in line.prefix
    inputs: dict[str, Any] = {
        "type": line.direction, "ipProtocol": line.protocol, "portRange": line.ports,
        "policy": "accept" if rule.action == "allow" else "drop", "priority": priority, "nicType": "intranet",
        "ipv6CidrIp" if six else "cidrIp": line.prefix, "securityGroupId": Output(group),
        "description": " ".join(t for t in (rule.name, rule.ticket, rule.expiry and f"until {rule.expiry}") if t),
    }  # fmt: skip
    return Declared(RULE, name, inputs)


def _lines(known: Objects, rule: m.SecurityRule, pool: m.Pool) -> tuple[list[Line], bool]:
    """The lines a rule gives a pool's group, and whether it may concern the pool without anyone being able to tell.
    Raises Unclear when it concerns it and cannot be said."""
    inward = _touch(known, rule.dst, rule.dst_zone, pool)
    outward = _touch(known, rule.src, rule.src_zone, pool)
    if "maybe" in (inward, outward):
        return [], True
    if inward == outward == "none":
        return [], False
    if "part" in (inward, outward):
        raise Unclear(f"it names only part of {pool.name}, and a group holds all of it", f"规则仅涉及 {pool.name} 的一部分，而安全组覆盖整个地址池")  # fmt: skip
    spoken = _spoken(rule)
    out = []
    both = rule.direction == "both-ways"
    if inward == "whole":
        peers = _peers(known, rule.src, rule.src_zone)
        out += [Line("ingress", peer, *words) for peer in peers for words in spoken]
        out += [Line("egress", peer, *words) for peer in peers for words in spoken if both]
    if outward == "whole":
        peers = _peers(known, rule.dst, rule.dst_zone)
        out += [Line("egress", peer, *words) for peer in peers for words in spoken]
        out += [Line("ingress", peer, *words) for peer in peers for words in spoken if both]
    return list(dict.fromkeys(out)), False


def _touch(known: Objects, names: tuple[str, ...], zone: str, pool: m.Pool) -> Touch:
    """Whether one side of a rule speaks of a pool."""
    from topology.appliances import side_prefixes

    own = ipaddress.ip_network(pool.prefix)
    touch: Touch = "none"
    for name in names:
        if name == "any":
            if pool.zone is None:
                touch = "maybe" if touch == "none" else touch
            elif pool.zone == zone:
                return "whole"
            continue
        for text in side_prefixes(known, (name,), zone)[0]:
            if text.startswith("unknown:"):
                continue
            prefix = ipaddress.ip_network(text)
            if prefix.version != own.version or not prefix.overlaps(own):
                continue
            if own.subnet_of(prefix):  # type: ignore[arg-type]
                return "whole"
            touch = "part"
    return touch


def _peers(known: Objects, names: tuple[str, ...], zone: str) -> list[str]:
    from topology.appliances import side_prefixes

    prefixes, unknown = side_prefixes(known, names, zone)
    if unknown:
        raise Unclear(
            f"nobody has said the addresses of {', '.join(unknown)}", f"未知 {', '.join(unknown)} 的地址"
        )
    if "any" in prefixes:
        raise Unclear(
            f"which addresses any of zone {zone} means is not stated", f"安全域 {zone} 的“任意”地址范围未注明"
        )
    return prefixes


def _spoken(rule: m.SecurityRule) -> list[tuple[str, str]]:
    """Protocol and ports in the words of a group."""
    if rule.proto == "esp":
        raise Unclear("a security group knows no protocol esp", "安全组不支持 esp 协议")
    if rule.proto == "icmp" or (rule.proto == "any" and rule.port in (None, "any")):
        return [("icmp" if rule.proto == "icmp" else "all", "-1/-1")]
    if rule.port is None:
        raise Unclear("its ports are not stated", "未注明端口")
    protocols = ("tcp", "udp") if rule.proto == "any" else (rule.proto,)
    parts = ["1-65535"] if rule.port == "any" else rule.port.split(",")
    ranges = ["/".join((part.split("-") * 2)[:2]) for part in parts]
    return [(protocol, ports) for protocol in protocols for ports in ranges]


def _not_declared(inventory: Inventory, rule: m.SecurityRule, pool: m.Pool, why: Text) -> NotDeclared:
    tail = Text("; no later line either", "；其后规则亦不下发") if rule.action == "deny" else Text("", "")
    return NotDeclared(
        f"rule {rule.name} for {pool.name}", Text(why.en + tail.en, why.zh + tail.zh), inventory.where(rule)
    )
