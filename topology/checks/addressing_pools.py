"""Whether pools have room for what the plan needs, now and later, and whose hosts share a VLAN (NET020, NET021, NET027)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

from inventory import model as m
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text
from topology.address_needs import (
    ROUTED,
    SITE_WIDE,
    AddressNeed,
    AsnNeed,
    BlockNeed,
    find_vlan,
    hosts_with_spare,
    vlan_of,
)
from topology.checks.address_book import Block, book, rerun
from topology.ip import Address, Net, parse_net

Unmet = AddressNeed | BlockNeed | AsnNeed


def _blocks(ctx: Context) -> Sequence[Block]:
    return book(ctx).blocks


def _groups(ctx: Context) -> list[tuple[str, str, list[Unmet]]]:
    """(plane or "asn <role>", site, needs) of everything the plan has to serve."""
    out: dict[tuple[str, str], list[Unmet]] = {}
    needs = book(ctx).needs
    for block in needs.blocks:
        out.setdefault((block.plane, block.site), []).append(block)
    for need in needs.addresses:
        if need.plane in (*SITE_WIDE, "business"):
            out.setdefault((need.plane, need.site), []).append(need)
    for asn in needs.asns:
        out.setdefault((f"asn {asn.role}", asn.site), []).append(asn)
    return [(plane, site, group) for (plane, site), group in sorted(out.items())]


def _unserved(ctx: Context) -> set[Unmet]:
    """Needs that stay unserved even if the plan is made again on top of this one."""
    have = book(ctx)
    asns = have.missing_asns[len(have.surplus_asns) :]
    if not (have.missing or have.missing_blocks or asns):
        return set()
    prefixes, issued_asns, addresses = rerun(ctx)
    got_blocks = {(p.plane, p.used_by) for p in prefixes}
    got = {(a.device, a.interface) for a in addresses if a.released is None}
    got_asns = {(a.site, a.used_by) for a in issued_asns}
    out: set[Unmet] = {n for n in have.missing if (n.device, n.interface) not in got}
    out |= {n for n in have.missing_blocks if n.key not in got_blocks}
    return out | {n for n in asns if (n.site, n.used_by) not in got_asns}


def unserved(ctx: Context) -> set[Unmet]:
    """Needs no pool has room for, computed once per run."""
    made: set[Unmet] = ctx.memo("addressing.unserved", lambda: _unserved(ctx))
    return made


@check(
    "NET020", severity=Severity.ERROR, over=_groups, unless=("NET001", "NET002", "NET011"),
    title=Text("Pool missing or exhausted", "地址池缺失或耗尽"), clause="engineering estimate",
)  # fmt: skip
def pool_has_room(subject: tuple[str, str, Sequence[Unmet]], ctx: Context) -> Iterator[Finding]:
    """Something needs an address, a prefix or an ASN, and no pool of its plane and site can give one.

    Why it matters: the device cannot be configured; found on the day of installation it stops the installation.
    How to fix: define the pool, or widen it by the number shown; what is issued already stays.
    Source: engineering estimate.
    Failing: `{name: a-bmc, plane: bmc, site: A, prefix: 10.10.240.0/26}` with 123 BMCs at A
    Passing: `{name: a-bmc, plane: bmc, site: A, prefix: 10.10.240.0/24}`
    """
    plane, site, needs = subject
    open_needs = [n for n in needs if n in unserved(ctx)]
    if not open_needs:
        return
    wanted = f"{len(needs) - len(open_needs)} of {len(needs)} served, {len(open_needs)} left"
    pools: list[m.Pool] | list[m.AsnPool]
    if plane.startswith("asn "):
        pools = [p for p in ctx.inventory.asn_pools.values() if (p.site, f"asn {p.role}") == (site, plane)]
        sizes = [f"{p.name} {p.first}-{p.last} = {p.last - p.first + 1} ASNs" for p in pools]
        place = ctx.where(pools[-1], "last") if pools else ctx.where(ctx.inventory.sites[site])
    else:
        pools = [p for p in ctx.inventory.pools.values() if (p.plane, p.site) == (plane, site)]
        sizes = [_room(ctx, p) for p in pools]
        place = ctx.where(pools[-1], "prefix") if pools else ctx.where(ctx.inventory.sites[site])
    full = [n for n in open_needs if isinstance(n, AddressNeed) and n.used_by]
    blocks = {(b.record.plane, b.record.used_by): b for b in _blocks(ctx)}
    if full and (block := blocks.get((full[0].plane, full[0].used_by))):
        place = ctx.where(block.record, "prefix")
        sizes = [
            f"{block.record.prefix} for {block.record.used_by}: {block.net.usable if block.net else 0} usable"
        ]
    first = open_needs[0]
    name = first.device if isinstance(first, AddressNeed) else first.used_by
    yield finding(
        "NET020", f"pools/{pools[-1].name}" if pools else f"{plane}/{site}",
        Text(f"no {plane} left for {name} at {site}" if pools else f"no {plane} pool at {site}, needed by {name}",
             f"{site} 的 {plane} 已用尽，{name} 无可用资源" if pools else f"{site} 没有 {plane} 地址池，{name} 需要"),
        place, arithmetic="; ".join([*sizes, wanted]),
        fix=Text(f"add or widen a {plane} pool at {site} for {len(open_needs)} more",
                 f"为 {site} 新增或扩大 {plane} 地址池，尚缺 {len(open_needs)}"),
    )  # fmt: skip


def _inside(ctx: Context, which: Literal["rows", "stones"], net: Net) -> int:
    """How many different addresses of the rows or tombstones of the plan lie in a prefix."""
    known: list[Address] = ctx.memo(
        f"addressing.{which} ascending",
        lambda: sorted({r.address for r in getattr(book(ctx), which) if r.address}),
    )
    return bisect_right(known, Address(net.version, net.last)) - bisect_left(
        known, Address(net.version, net.first)
    )


def _room(ctx: Context, pool: m.Pool) -> str:
    net = parse_net(pool.prefix)
    if net is None:
        return pool.name
    taken = book(ctx).foreign[net.version].used(net.first, net.last)
    stones = _inside(ctx, "stones", net)
    held = int(ctx.inventory.policy.number("address.gateways")) if pool.plane in ROUTED else 0
    length = f", /{pool.per_pair_length} per pair" if pool.per_pair_length else ""
    return f"{pool.name} {net.text} = {net.usable} usable - {held} gateways - {taken} reserved - {stones} in quarantine{length}"


@check(
    "NET021", severity=Severity.WARNING, over=_blocks, unless=("NET010", "NET011", "NET012", "NET020"),
    title=Text("Too few addresses left to grow", "剩余地址不足以扩容"),
    clause="policy: address.bmc_free, address.business_spare",
)  # fmt: skip
def room_to_grow(block: Block, ctx: Context) -> Iterator[Finding]:
    """A business prefix holds its hosts with the spare share, and a BMC prefix keeps its free share.

    Why it matters: addresses are never moved; a prefix without room means a second one beside it at the next
    delivery, and rules for both.
    How to fix: a shorter prefix length for the pool, before the first host is configured.
    Source: engineering estimate (20 % spare for business, 25 % free for BMC).
    Failing: 58 servers in 10.10.0.0/26: (58 + 3) x 1.2 = 74 > 62
    Passing: 40 servers in 10.10.0.0/26: (40 + 3) x 1.2 = 52 <= 62
    """
    record, net = block.record, block.net
    if net is None or not book(ctx).settled(block):
        return
    policy = ctx.inventory.policy
    gateways = int(policy.number("address.gateways"))
    if block.need is not None and block.need.hosts is not None:
        spare, hosts = policy.number("address.business_spare"), block.need.hosts
        wanted = hosts_with_spare(hosts, gateways, spare)
        if wanted > net.usable:
            yield finding(
                "NET021", block.subject,
                Text(f"{record.prefix} is tight for {hosts} hosts of {record.used_by}", f"{record.prefix} 容纳 {record.used_by} 的 {hosts} 台主机余量不足"),
                ctx.where(record, "prefix"),
                arithmetic=f"({hosts} + {gateways}) x (1 + {spare:g}) = {wanted} > {net.usable} usable; {policy.cite('address.business_spare')}",
                fix=Text("shorten per_pair_length by 1 before hosts are configured", "在主机配置前将 per_pair_length 减 1"),
            )  # fmt: skip
    elif record.plane == "bmc":
        free_min = policy.number("address.bmc_free")
        issued = _inside(ctx, "rows", net)
        taken = book(ctx).foreign[net.version].used(net.first_usable, net.last_usable)
        stones = _inside(ctx, "stones", net)
        free = net.usable - gateways - issued - taken - stones
        if free < free_min * net.usable:
            yield finding(
                "NET021", f"pools/{record.pool}",
                Text(f"{record.prefix} has {free} addresses left", f"{record.prefix} 剩余 {free} 个地址"),
                ctx.where(block.pool, "prefix") if block.pool else ctx.where(record, "prefix"),
                arithmetic=f"{net.usable} usable - {gateways} gateways - {issued} issued - {taken} reserved - {stones} in quarantine"
                           f" = {free} < {free_min:g} x {net.usable}; {policy.cite('address.bmc_free')}",
                fix=Text("widen the pool by one bit", "将地址池扩大一位"),
            )  # fmt: skip


def _carried(ctx: Context) -> list[tuple[m.Vlan, list[m.Fleet]]]:
    """Business VLANs with a zone, each with the fleet of every host attached to it."""
    vlans = vlan_of(ctx.inventory)
    out: dict[str, tuple[m.Vlan, list[m.Fleet]]] = {}
    for need in book(ctx).needs.addresses:
        if need.plane != "business":
            continue
        vlan = find_vlan(vlans, need.plane, need.site, need.used_by)
        fleet = ctx.inventory.devices[need.device].record
        if vlan is not None and vlan.zone and isinstance(fleet, m.Fleet):
            out.setdefault(f"{vlan.site}/{vlan.vid}", (vlan, []))[1].append(fleet)
    return [entry for _, entry in sorted(out.items())]


@check(
    "NET027", severity=Severity.WARNING, over=_carried, unless=("NET003",),
    title=Text("VLAN carries hosts of two zones", "同一 VLAN 跨两个安全域"),
    clause="GB/T 22239-2019 8.1.3.1",
)  # fmt: skip
def vlan_in_one_zone(subject: tuple[m.Vlan, Sequence[m.Fleet]], ctx: Context) -> Iterator[Finding]:
    """Hosts of a zone stand in a VLAN of another zone.

    Why it matters: inside one VLAN no firewall sees the traffic between the two zones.
    How to fix: attach the fleet to a pair whose VLAN is of its zone, give the pair a VLAN per zone, or record
    who decided that the platform's own isolation is enough.
    Source: GB/T 22239-2019 8.1.3.1 (cross-boundary traffic only through controlled interfaces).
    Failing: fleet of zone management on pair A-ASW-01, whose VLAN 101 is of zone core
    Passing: fleet of zone core on the same pair
    """
    vlan, hosts = subject
    fleets = {f.name: f for f in hosts}
    count = Counter(f.name for f in hosts)
    strangers = {n: (f, count[n]) for n, f in fleets.items() if f.zone and f.zone != vlan.zone}
    open_fleets = {n: f for n, f in fleets.items() if f.zone is None}
    subject_name = f"vlans/{vlan.site}/{vlan.vid}"
    if strangers:
        listed = ", ".join(f"{n} x {f.name} ({f.zone})" for f, n in strangers.values())
        total = sum(n for _, n in strangers.values())
        yield finding(
            "NET027", subject_name,
            Text(f"VLAN {vlan.vid} of zone {vlan.zone} carries {listed}", f"{vlan.zone} 区的 VLAN {vlan.vid} 承载了 {listed}"),
            ctx.where(vlan, "zone"), arithmetic=f"{total} of {len(hosts)} hosts are of another zone",
            fix=Text("separate them, or record who accepts it", "分离，或登记接受人"),
            related=[Related(ctx.where(f, "zone"), f"{f.name}: zone {f.zone}") for f, _ in strangers.values()],
        )  # fmt: skip
    if open_fleets:
        names = ", ".join(open_fleets)
        yield lacking(
            "NET027", subject_name,
            Text(f"zone of {names} is not stated", f"{names} 未填写安全域"),
            ctx.where(next(iter(open_fleets.values()))), Text("write `zone` on the fleet", "在设备组填写 `zone`"),
        )  # fmt: skip
