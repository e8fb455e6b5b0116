"""What firewalls, gaps and VPN gateways are to do, without any vendor's words: zones, addresses, the access table.

Least privilege: the rules stand in order, the first that fits decides, and the last row denies everything else. Names
are resolved to the addresses of the plan. A rule of which an address or the ports are not known is on `hold`: an empty
cell must never be read as "any".
"""

from __future__ import annotations

import csv
import io
import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from inventory import model as m
from inventory.inventory import Inventory
from inventory.plan_model import Plan

if TYPE_CHECKING:
    from topology.checks.rule_book import Objects

COLUMNS = (
    "order", "name", "action", "src_zone", "src", "src_addresses", "dst_zone", "dst", "dst_addresses", "proto", "port",
    "application", "direction", "via", "log", "owner", "expiry", "ticket",
)  # fmt: skip


@dataclass(frozen=True)
class ApplianceFile:
    """One file: its name, its text, and what is missing in it, in words."""

    name: str
    text: str
    missing: tuple[str, ...] = ()


def appliance_files(inventory: Inventory, plan: Plan) -> Iterator[ApplianceFile]:
    """`zones.csv`, `policy.csv` (every rule in order) and one table for each waypoint with the rules it lets through."""
    if not inventory.policies and not inventory.waypoints:
        return
    from inventory.checks import Context
    from topology.checks.rule_book import Objects

    known = Objects(Context(inventory, plan, date.min))
    rules = list(inventory.policies.values())
    yield _zones(inventory)
    rows, missing = _table(known, rules)
    open_rules = [r.name for r in rules if r.via is None and r.action == "allow"]
    if open_rules:
        missing.append(
            f"{len(open_rules)} rules name no waypoint that lets them through (via): {', '.join(open_rules)}"
        )
    yield ApplianceFile("policy.csv", _csv(COLUMNS, rows), tuple(missing))
    for waypoint in inventory.waypoints.values():
        yield _waypoint(known, inventory, plan, waypoint, [r for r in rules if r.via == waypoint.name])


def _zones(inventory: Inventory) -> ApplianceFile:
    rows: list[tuple[str, ...]] = []
    for zone in inventory.zones.values():
        pools = [p.prefix for p in inventory.pools.values() if p.zone == zone.name]
        vlans = [f"{v.site}/{v.vid}" for v in inventory.vlans.values() if v.zone == zone.name]
        rows.append((zone.name, zone.kind, zone.title.en, zone.title.zh, " ".join(pools), " ".join(vlans)))
    return ApplianceFile("zones.csv", _csv(("zone", "kind", "title_en", "title_zh", "pools", "vlans"), rows))


def _waypoint(
    known: Objects, inventory: Inventory, plan: Plan, waypoint: m.Waypoint, rules: list[m.SecurityRule]
) -> ApplianceFile:
    missing = []
    lines = [f"# {waypoint.name}: {waypoint.title.en} / {waypoint.title.zh} ({waypoint.kind})"]
    addresses: dict[str, list[str]] = {}
    for address in plan.addresses:
        if address.released is None:
            addresses.setdefault(address.device, []).append(f"{address.interface}={address.address}")
    built = [
        d.name
        for d in plan.devices
        if d.name in inventory.devices and inventory.devices[d.name].owner in waypoint.fleets
    ]
    for device in sorted(built):
        lines.append(f"# device {device} {' '.join(sorted(addresses.get(device, ['no address planned'])))}")
    lines += [f"# device {name} (stands already, not reconfigured from here)" for name in waypoint.devices]
    if not built and not waypoint.devices:
        missing.append("no device: neither planned nor surveyed")
    if waypoint.mode is None:
        missing.append("how its devices stand in for each other is not stated (mode)")
    if not rules:
        missing.append("no rule goes through it (via): only the last row, deny, is left")
    rows, unknown = _table(known, rules)
    return ApplianceFile(
        f"{waypoint.name}.csv", "\n".join(lines) + "\n" + _csv(COLUMNS, rows), (*missing, *unknown)
    )


def _table(known: Objects, rules: list[m.SecurityRule]) -> tuple[list[tuple[str, ...]], list[str]]:
    rows: list[tuple[str, ...]] = []
    missing: list[str] = []
    for order, rule in enumerate(rules, 1):
        src, dst = (
            side_prefixes(known, rule.src, rule.src_zone),
            side_prefixes(known, rule.dst, rule.dst_zone),
        )
        for names in (src[1], dst[1]):
            missing += [f"{rule.name}: nobody has said the addresses of {name}" for name in names]
        portless = rule.port is None and rule.proto in ("tcp", "udp")
        if portless:
            missing.append(f"{rule.name}: its ports are not stated")
        action = "hold" if portless or src[1] or dst[1] else rule.action
        rows.append((
            str(order), rule.name, action, rule.src_zone, " ".join(rule.src), " ".join(src[0]), rule.dst_zone,
            " ".join(rule.dst), " ".join(dst[0]), rule.proto, rule.port or "", rule.application or "", rule.direction,
            rule.via or "", "" if rule.log is None else "yes" if rule.log else "no", rule.owner or "",
            str(rule.expiry or ""), rule.ticket or "",
        ))  # fmt: skip
    rows.append((str(len(rules) + 1), "everything-else", "deny", "any", "any", "any", "any", "any", "any", "any", "any",
                 "", "both-ways", "", "yes", "", "", ""))  # fmt: skip
    return rows, missing


def side_prefixes(known: Objects, names: tuple[str, ...], zone: str) -> tuple[list[str], list[str]]:
    """Prefixes of one side of a rule, and the names of which nobody knows any."""
    from topology.checks.rule_book import NAMES, V6

    prefixes: list[str] = []
    unknown = []
    for name in names:
        if name == "any":
            prefixes.append("any")
            continue
        ranges = [r for r in known.item(name, zone).ranges if r[0] < NAMES]
        if not ranges:
            unknown.append(name)
            prefixes.append(f"unknown:{name}")
        for low, high in ranges:
            if low < V6:
                four = ipaddress.summarize_address_range(
                    ipaddress.IPv4Address(low), ipaddress.IPv4Address(high)
                )
                prefixes += map(str, four)
            else:
                ends = ipaddress.IPv6Address(low - V6), ipaddress.IPv6Address(high - V6)
                prefixes += map(str, ipaddress.summarize_address_range(*ends))
    return prefixes, unknown


def _csv(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue()
