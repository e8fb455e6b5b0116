"""Addressing as the inventory states it: pools, VLANs, and what stands already (NET001-NET008)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from inventory import model as m
from inventory.checks import Context, check, finding
from inventory.findings import Finding, Position, Related, Severity, Text
from topology.ip import Net, parse_address, parse_net

VLAN_RANGES = {
    "loopback": "infrastructure", "p2p": "infrastructure", "dci": "infrastructure", "business": "business",
    "storage": "storage", "bmc": "oob", "mgmt": "oob", "interconnect": "peer_link",
}  # fmt: skip
"""Plane -> name of its range under `vlan` in the policy; planes not listed have no range of their own."""
INNER_PLANES = ("storage", "vm", "container")
OOB_ZONES = ("oob", "management")
PRIVATE_ASNS = ((64512, 65534), (4_200_000_000, 4_294_967_294))
"""ASN ranges for private use. Source: RFC 6996 section 5."""


def private_asn(asn: int) -> bool:
    """True when the ASN is for private use."""
    return any(first <= asn <= last for first, last in PRIVATE_ASNS)


def vlan_range_fault(ctx: Context, vlan: m.Vlan) -> tuple[str, str, str] | None:
    """Why the id of a VLAN may not be used: (English, Chinese, arithmetic); None when it may."""
    low, high = (int(n) for n in ctx.inventory.policy.numbers("vlan.reserved"))
    if vlan.vid == 1:
        return (
            "VLAN 1 is the default of every port and stays unused",
            "VLAN 1 是所有端口的缺省 VLAN，不得使用",
            "",
        )
    if low <= vlan.vid <= high:
        return "the id is reserved by the vendor", "该编号为厂商保留", f"{low} <= {vlan.vid} <= {high}"
    name = VLAN_RANGES.get(vlan.plane)
    if name is None:
        return None
    low, high = (int(n) for n in ctx.inventory.policy.numbers(f"vlan.{name}"))
    if low <= vlan.vid <= high:
        return None
    return (
        f"ids of plane {vlan.plane} run from {low} to {high}", f"平面 {vlan.plane} 的编号范围为 {low} 至 {high}",
        f"{vlan.vid} is not within {low}-{high}",
    )  # fmt: skip


def _pools(ctx: Context) -> list[tuple[m.Pool, Net]]:
    return [(p, net) for p in ctx.inventory.pools.values() if (net := parse_net(p.prefix))]


def _meeting(ctx: Context) -> dict[str, list[int]]:
    """Pools that share addresses with another: places of those others in `_pools`, by pool name."""
    pools = _pools(ctx)
    out: dict[str, list[int]] = {}
    reached: list[int] = []  # pools that begin no later and may still go on
    for i in sorted(range(len(pools)), key=lambda i: pools[i][1]):
        reached = [j for j in reached if pools[j][1].overlaps(pools[i][1])]
        for j in reached:
            out.setdefault(pools[i][0].name, []).append(j)
            out.setdefault(pools[j][0].name, []).append(i)
        reached.append(i)
    return {name: sorted(others) for name, others in out.items()}


def _strays(ctx: Context, pool: m.Pool, net: Net) -> int:
    """Planned prefixes cut from the pool that now lie outside it."""
    records = [r for r in (ctx.plan.prefixes if ctx.plan else ()) if r.pool == pool.name]
    nets = [parse_net(r.prefix) for r in records]
    return sum(1 for n in nets if n and not net.contains(n))


@check(
    "NET001", severity=Severity.ERROR, needs="inventory", over=_pools,
    title=Text("Address pools overlap", "地址池重叠"), clause="RFC 4632 section 5.1: longest match decides",
)  # fmt: skip
def pools_overlap(subject: tuple[m.Pool, Net], ctx: Context) -> Iterator[Finding]:
    """Two address pools, of any sites and planes, share addresses.

    Why it matters: the same address would be issued twice, or traffic of one plane would follow the route of
    another; between two sites it shows only when they are joined.
    How to fix: move one of the two; the one whose planned prefixes lie outside it was changed last.
    Source: RFC 4632 (longest match); engineering estimate: one supernet per plane and site.
    Failing: `{name: b-storage, plane: storage, site: B, prefix: 10.10.16.0/22}` beside the same prefix at A
    Passing: `{name: b-storage, plane: storage, site: B, prefix: 10.20.16.0/22}`
    """
    pool, net = subject
    meeting: dict[str, list[int]] = ctx.memo("pools meeting", lambda: _meeting(ctx))
    if pool.name not in meeting:
        return
    pools = _pools(ctx)
    mine = next(i for i, (p, _) in enumerate(pools) if p is pool)
    clashes: list[tuple[m.Pool, Net]] = []
    for i in meeting[pool.name]:
        other, other_net = pools[i]
        a, b = _strays(ctx, pool, net), _strays(ctx, other, other_net)
        if a > b or (a == b and i < mine):
            clashes.append((other, other_net))
    if clashes:
        names = ", ".join(f"{o.name} {n.text}" for o, n in clashes)
        shared = sum(min(net.last, n.last) - max(net.first, n.first) + 1 for _, n in clashes)
        yield finding(
            "NET001", f"pools/{pool.name}",
            Text(f"{net.text} overlaps {names}", f"{net.text} 与 {names} 重叠"),
            ctx.where(pool, "prefix"), arithmetic=f"{shared} of {net.size} addresses are shared",
            fix=Text(f"give {pool.name} a prefix of its own", f"为 {pool.name} 另选网段"),
            related=[Related(ctx.where(o, "prefix"), f"{o.name} {n.text}") for o, n in clashes],
        )  # fmt: skip


@check(
    "NET002", severity=Severity.ERROR, needs="inventory", over=_pools, unless=("NET001",),
    title=Text("Pool lies inside a reserved prefix", "地址池位于保留网段内"), clause="engineering estimate",
)  # fmt: skip
def pool_is_reserved(subject: tuple[m.Pool, Net], ctx: Context) -> Iterator[Finding]:
    """A whole pool lies inside a prefix that is taken already, so nothing can be issued from it.

    Why it matters: reserved prefixes belong to the platform that runs today; the plan would stay empty here.
    How to fix: choose a free prefix for the pool, or narrow the reserved one if it was written too wide.
    Source: engineering estimate.
    Failing: `reserved_prefixes: [{prefix: 10.10.0.0/16, reason: existing platform}]` with pool 10.10.240.0/24
    Passing: `reserved_prefixes: [{prefix: 10.9.0.0/16, reason: existing platform}]`
    """
    pool, net = subject
    for reserved in ctx.inventory.reserved_prefixes.values():
        taken = parse_net(reserved.prefix)
        if taken is not None and taken.contains(net):
            yield finding(
                "NET002", f"pools/{pool.name}",
                Text(f"{net.text} lies inside {taken.text}, reserved: {reserved.reason}",
                     f"{net.text} 位于保留网段 {taken.text} 内：{reserved.reason}"),
                ctx.where(pool, "prefix"), arithmetic=f"0 of {net.size} addresses can be issued",
                fix=Text("choose another prefix for the pool", "为地址池另选网段"),
                related=[Related(ctx.where(reserved, "prefix"), f"reserved: {reserved.reason}")],
            )  # fmt: skip
            return


@check(
    "NET003", severity=Severity.ERROR, needs="inventory", over=lambda ctx: ctx.inventory.vlans.values(),
    title=Text("VLAN id outside its range", "VLAN 编号超出范围"), clause="policy: vlan",
)  # fmt: skip
def vlan_in_range(vlan: m.Vlan, ctx: Context) -> Iterator[Finding]:
    """A VLAN id is 1, reserved by the vendor, or outside the range of its plane.

    Why it matters: VLAN 1 carries every port left at its default; reserved ids are refused by the switch; an
    id of another plane's range is opened by that plane's trunk lists.
    How to fix: take a free id of the plane's range (policy group `vlan`).
    Source: IEEE 802.1Q (ids 1-4094, default 1); ranges are an engineering estimate.
    Failing: `{vid: 4050, name: business-01, site: A, plane: business, pair: A-ASW-01}`
    Passing: `{vid: 101, name: business-01, site: A, plane: business, pair: A-ASW-01}`
    """
    fault = vlan_range_fault(ctx, vlan)
    if fault is not None:
        en, zh, arithmetic = fault
        yield finding(
            "NET003", f"vlans/{vlan.site}/{vlan.vid}",
            Text(f"VLAN {vlan.vid} ({vlan.name}): {en}", f"VLAN {vlan.vid}（{vlan.name}）：{zh}"),
            ctx.where(vlan, "vid"), arithmetic=arithmetic,
            fix=Text(f"take a free id of plane {vlan.plane}", f"改用平面 {vlan.plane} 的空闲编号"),
        )  # fmt: skip


@check(
    "NET004", severity=Severity.ERROR, needs="inventory", over=lambda ctx: ctx.inventory.existing_hosts.values(),
    title=Text("Existing hosts are not imported", "既有主机清单未导入"), clause="engineering estimate",
)  # fmt: skip
def existing_hosts_imported(group: m.ExistingHosts, ctx: Context) -> Iterator[Finding]:
    """Hosts that run already are stated by number, but their list is empty (error) or incomplete (warning).

    Why it matters: an address, name or VLAN of a host nobody listed would be issued a second time, and a
    running service would fail on the day the new one is switched on.
    How to fix: export names and addresses from the existing platform and write them under `hosts`.
    Source: engineering estimate; the number comes from the clause of the record.
    Failing: `{name: platform-hosts, stated: 274, hosts: []}`
    Passing: `{name: platform-hosts, stated: 1, hosts: [{name: cn-01, addresses: [10.9.0.11]}]}`
    """
    listed = len(group.hosts)
    if listed == group.stated:
        return
    said = ctx.inventory.clause(group)
    where = f" at {said}" if said else ""
    if listed == 0:
        message = Text(
            f"{group.stated} hosts stated{where}, 0 listed: addresses must not be issued before they are imported",
            f"{said or '项目'}载明 {group.stated} 台既有主机，清单为 0 台：导入之前不得下发地址",
        )
    else:
        message = Text(
            f"{group.stated} hosts stated{where}, {listed} listed: the two must agree before addresses are final",
            f"{said or '项目'}载明 {group.stated} 台既有主机，清单为 {listed} 台：两者须一致，地址方可定稿",
        )
    yield finding(
        "NET004", f"existing_hosts/{group.name}", message, ctx.where(group, "hosts"),
        arithmetic=f"{group.stated} stated - {listed} listed = {group.stated - listed}",
        severity=Severity.WARNING if listed else None,
        fix=Text("list every host with its addresses, or correct the number stated",
                 "逐台列出主机及地址，或更正所载数量"),
    )  # fmt: skip


Bearer = tuple[str, str, m.Record, tuple[str | int, ...]]
"""Something that bears a name, number or address: (value, who, record, where in the record it stands)."""


def _identities(ctx: Context) -> list[tuple[str, list[Bearer]]]:
    """Kinds of identity with everything that bears one; kinds without any are left out."""
    names: list[Bearer] = []
    for fleet in ctx.inventory.fleets.values():
        names += [(f"{fleet.name}-{n:03d}", "fleet", fleet, ("name",)) for n in range(1, fleet.count + 1)]
    for pair in ctx.inventory.pairs.values():
        names += [(f"{pair.name}{side}", "pair member", pair, ("name",)) for side in "AB"]
    for switch in ctx.inventory.oob_switches.values():
        names.append((switch.name, "out-of-band switch", switch, ("name",)))
    for stands in ctx.inventory.existing_switches.values():
        names.append((stands.name, "existing switch", stands, ("name",)))
    serials: list[Bearer] = []
    macs: list[Bearer] = []
    addresses: list[Bearer] = []
    for group in ctx.inventory.existing_hosts.values():
        for i, host in enumerate(group.hosts):
            names.append((host.name, "existing host", group, ("hosts", i, "name")))
            if host.serial:
                serials.append((host.serial, host.name, group, ("hosts", i, "serial")))
            if host.mac:
                digits = host.mac.lower().replace(":", "").replace("-", "").replace(".", "")
                macs.append((digits, host.name, group, ("hosts", i, "mac")))
            for j, text in enumerate(host.addresses):
                address = parse_address(text.partition("/")[0])
                if address:
                    addresses.append((address.text, host.name, group, ("hosts", i, "addresses", j)))
    kinds = [("hostname", names), ("serial number", serials), ("MAC address", macs), ("address", addresses)]
    return [(kind, found) for kind, found in kinds if found]


KIND_ZH = {"hostname": "主机名", "serial number": "序列号", "MAC address": "MAC 地址", "address": "地址"}


@check(
    "NET005", severity=Severity.ERROR, needs="inventory", over=_identities,
    title=Text("Name, serial, MAC or existing address used twice", "主机名、序列号、MAC 或既有地址重复"),
    clause="engineering estimate",
)  # fmt: skip
def identities_unique(subject: tuple[str, Sequence[Bearer]], ctx: Context) -> Iterator[Finding]:
    """A hostname, serial number, MAC address or address stands for two devices, new and existing ones together.

    Why it matters: monitoring, licences and the playbooks find devices by these; the second one is silently
    taken for the first.
    How to fix: rename the new device; correct the import when both are existing hosts.
    Source: RFC 1034 (one name, one node); engineering estimate.
    Failing: `hosts: [{name: cn-01, serial: S1}, {name: cn-02, serial: S1}]`
    Passing: `hosts: [{name: cn-01, serial: S1}, {name: cn-02, serial: S2}]`
    """
    kind, bearers = subject
    count = Counter(value.lower() for value, *_ in bearers)
    first: dict[str, tuple[str, Position]] = {}
    for value, who, record, path in bearers:
        key = value.lower()
        if count[key] < 2:
            continue
        at = ctx.where(record, *path)
        if key not in first:
            first[key] = (who, at)
            continue
        other, there = first[key]
        yield finding(
            "NET005", f"{kind} {value}",
            Text(f"{kind} {value} is used twice: {other} and {who}", f"{KIND_ZH[kind]} {value} 重复：{other} 与 {who}"),
            at, related=[Related(there, f"first use: {other}")],
            fix=Text("rename one, or correct the import", "改名，或更正导入数据"),
        )  # fmt: skip


@check(
    "NET006", severity=Severity.ERROR, needs="inventory",
    over=lambda ctx: [g for g in ctx.inventory.existing_hosts.values() if g.hosts],
    title=Text("Address of an existing host cannot be read", "既有主机地址无法识别"), clause="engineering estimate",
)  # fmt: skip
def existing_addresses_readable(group: m.ExistingHosts, ctx: Context) -> Iterator[Finding]:
    """An address of an existing host is not an IP address, so it cannot be kept from being issued again.

    Why it matters: what cannot be read protects nothing.
    How to fix: write plain addresses; a prefix length after a slash is allowed and ignored.
    Source: RFC 4291, RFC 791.
    Failing: `{name: cn-01, addresses: ["10.9.0.311"]}`
    Passing: `{name: cn-01, addresses: ["10.9.0.31"]}`
    """
    for i, host in enumerate(group.hosts):
        for j, text in enumerate(host.addresses):
            if parse_address(text.partition("/")[0]) is None:
                yield finding(
                    "NET006", f"existing_hosts/{group.name}/{host.name}",
                    Text(f"{text} is not an IP address", f"{text} 不是 IP 地址"),
                    ctx.where(group, "hosts", i, "addresses", j),
                    fix=Text("write the address the host has", "填写主机的实际地址"),
                )  # fmt: skip


@check(
    "NET008", severity=Severity.ERROR, needs="inventory",
    over=lambda ctx: [v for v in ctx.inventory.vlans.values() if v.zone], unless=("NET003",),
    title=Text("Plane in a zone it must not be in", "平面所在安全域不当"),
    clause="GB/T 22239-2019 8.1.2.1, 8.1.5.4",
)  # fmt: skip
def plane_in_its_zone(vlan: m.Vlan, ctx: Context) -> Iterator[Finding]:
    """Storage, VM and container planes are not routed to the exit; BMC and management stay in their own zones.

    Why it matters: an inner plane at the exit, or a BMC beside business hosts, is a way in that no firewall
    guards.
    How to fix: put the VLAN into a zone of a kind its plane may have, or give it its right plane.
    Source: GB/T 22239-2019 8.1.2.1 (zones), 8.1.5.4 (dedicated management area); engineering estimate.
    Failing: `{vid: 3001, name: bmc, site: A, plane: bmc, zone: core}`
    Passing: `{vid: 3001, name: bmc, site: A, plane: bmc, zone: oob}`
    """
    kind = ctx.inventory.zones[vlan.zone or ""].kind
    if vlan.plane in INNER_PLANES and kind in ("exit", "public"):
        allowed = "core"
    elif vlan.plane in ("bmc", "mgmt") and kind not in OOB_ZONES:
        allowed = " or ".join(OOB_ZONES)
    else:
        return
    yield finding(
        "NET008", f"vlans/{vlan.site}/{vlan.vid}",
        Text(f"plane {vlan.plane} in zone {vlan.zone} of kind {kind}; expected kind {allowed}",
             f"平面 {vlan.plane} 位于 {kind} 类安全域 {vlan.zone}，应为 {allowed} 类"),
        ctx.where(vlan, "zone"),
        fix=Text(f"use a zone of kind {allowed}", f"改用 {allowed} 类安全域"),
    )  # fmt: skip
