"""Security groups say what the access table says: a brute-force reading of the table against the groups made from it."""

from __future__ import annotations

import ipaddress
import random
from dataclasses import replace
from typing import Any

import pytest

from inventory import model as m
from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.plan_model import Plan
from inventory.plan_store import load_plan
from stacks.programs.cloud_access import groups
from stacks.programs.cloud_network import Place
from stacks.programs.declared import Declared, NotDeclared, Output

SOURCES = ("10.30.0.0/24", "10.30.0.0/25", "10.30.0.128/25", "10.31.0.0/16", "10.20.32.0/20")
CLEAR_ENDS = ("a-vm", "10.10.32.0/19", "10.10.32.0/20", "b-vm", "10.10.240.0/24", "any")
UNCLEAR_ENDS = ("a-vm", "any", "10.10.32.7", "bastion")
"""Few, so that a line nobody can say often stands before one that says more."""
PORTS = ("22", "80,443", "8000-8099", "any")
PROBES = ("10.30.0.5", "10.30.0.200", "10.31.9.9", "10.20.33.1", "10.99.0.1")


@pytest.fixture(scope="module")
def guangxi() -> tuple[Inventory, Plan]:
    inventory, plan = load(PROJECTS / "guangxi").inventory, load_plan(PROJECTS / "guangxi").plan
    assert inventory is not None
    assert plan is not None
    pools = {
        name: pool.model_copy(update={"zone": "core"}) if pool.plane == "vm" else pool
        for name, pool in inventory.pools.items()
    }
    return replace(inventory, pools=pools), plan


def drawn(rng: random.Random, n: int, *, clear: bool) -> m.SecurityRule:
    """One rule; towards the pool, away from it, or elsewhere."""
    ends = CLEAR_ENDS if clear else UNCLEAR_ENDS
    proto = rng.choice(["tcp", "udp", "icmp", "any"])
    port: str | None = rng.choice(PORTS if clear else ("22", "any"))
    if proto == "icmp" or (not clear and rng.random() < 0.15):
        port = None
    far, near = (rng.choice(SOURCES if clear else SOURCES[:2]),), (rng.choice(ends),)
    if not clear and rng.random() < 0.1:
        far = ("bastion",)
    src, dst = (far, near) if rng.random() < 0.7 else (near, far)
    data: dict[str, Any] = {
        "name": f"r{n}", "src_zone": "core", "src": src, "dst_zone": "core", "dst": dst, "proto": proto, "port": port,
        "action": rng.choice(["allow", "allow", "deny"]), "direction": rng.choice(["one-way", "one-way", "both-ways"]),
        "at": "x#policies/0",
    }  # fmt: skip
    return m.SecurityRule.model_validate(data)


def prefixes(inventory: Inventory, names: tuple[str, ...]) -> list[ipaddress.IPv4Network]:
    """What names cover; a name nobody knows covers nothing anyone can tell."""
    out = []
    for name in names:
        if name == "any":
            out.append(ipaddress.IPv4Network("0.0.0.0/0"))
        elif name in inventory.pools:
            out.append(ipaddress.IPv4Network(inventory.pools[name].prefix))
        elif name != "bastion":
            out.append(ipaddress.IPv4Network(name))
    return out


def by_table(
    inventory: Inventory, rules: list[m.SecurityRule], src: str, dst: str, proto: str, port: int
) -> bool:
    """Whether the table lets a packet through: the first rule that fits decides, and what none allows is denied."""
    for rule in rules:
        ways = [(rule.src, rule.dst)] + ([(rule.dst, rule.src)] if rule.direction == "both-ways" else [])
        for a, b in ways:
            fits = any(ipaddress.IPv4Address(src) in p for p in prefixes(inventory, a)) and any(
                ipaddress.IPv4Address(dst) in p for p in prefixes(inventory, b)
            )
            if (
                fits
                and rule.proto in (proto, "any")
                and ((proto == "icmp" and rule.proto == "icmp") or in_ports(rule, proto, port))
            ):
                return rule.action == "allow"
    return False


def in_ports(rule: m.SecurityRule, proto: str, port: int) -> bool:
    if rule.port in (None, "any"):
        return rule.port == "any" or rule.proto in ("any", "icmp")
    if proto == "icmp":
        return False
    for part in str(rule.port).split(","):
        low, _, high = part.partition("-")
        if int(low) <= port <= int(high or low):
            return True
    return False


def by_group(lines: list[Declared], direction: str, peer: str, proto: str, port: int) -> bool:
    """Whether the group lets a packet through: the lowest priority number that fits decides."""
    for line in sorted(lines, key=lambda x: x.inputs["priority"]):
        given = line.inputs
        low, high = (int(p) for p in given["portRange"].split("/"))
        if (
            given["type"] == direction
            and ipaddress.IPv4Address(peer) in ipaddress.IPv4Network(given["cidrIp"])
            and given["ipProtocol"] in (proto, "all")
            and (low == -1 or (proto != "icmp" and low <= port <= high))
        ):
            return bool(given["policy"] == "accept")
    return True


def cases(inventory: Inventory, plan: Plan, seed: int, *, clear: bool) -> Any:
    """Rules, the lines of the group, whether all could be said, and packets with what each side says."""
    rng = random.Random(seed)
    rules = [drawn(rng, n, clear=clear) for n in range(rng.randint(1, 8))]
    own = replace(inventory, policies={r.name: r for r in rules})
    made = list(groups(own, plan, [Place(own.pools["a-vm"], "z")], {}))
    lines = [
        x for x in made if isinstance(x, Declared) and x.inputs.get("securityGroupId") == Output("group-a-vm")
    ]
    complete = not [x for x in made if isinstance(x, NotDeclared)]
    mine = "10.10.33.3" if clear else "10.10.32.7"  # the one that unclear rules name alone
    for peer in PROBES:
        for proto, port in (("tcp", 22), ("tcp", 443), ("udp", 8050), ("tcp", 5000), ("icmp", 0)):
            yield (
                rules,
                complete,
                by_table(own, rules, peer, mine, proto, port),
                by_group(lines, "ingress", peer, proto, port),
            )
            yield (
                rules,
                complete,
                by_table(own, rules, mine, peer, proto, port),
                by_group(lines, "egress", peer, proto, port),
            )


@pytest.mark.parametrize("seed", range(60))
def test_group_lets_through_what_the_table_does(guangxi: tuple[Inventory, Plan], seed: int) -> None:
    for rules, complete, table, group in cases(*guangxi, seed, clear=True):
        assert group <= table, rules
        if complete:
            assert group == table, rules


@pytest.mark.parametrize("seed", range(1000, 1120))
def test_group_never_lets_through_more(guangxi: tuple[Inventory, Plan], seed: int) -> None:
    for rules, _, table, group in cases(*guangxi, seed, clear=False):
        assert group <= table, rules
