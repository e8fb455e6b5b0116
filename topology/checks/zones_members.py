"""Servers, VLANs and subnets: each in one zone (SEC002-SEC004, SEC006, SEC007)."""

from __future__ import annotations

from collections.abc import Iterator

from inventory import model as m
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text, names_text
from inventory.plan_model import Cable
from topology.address_needs import find_vlan, vlan_of
from topology.checks.addressing import INNER_PLANES, OOB_ZONES
from topology.checks.zones_book import centres, zone_of

# ---------------------------------------------------------------- servers


def _homed(ctx: Context) -> list[m.Fleet]:
    """Fleets whose devices have access cables."""
    owners = {ctx.placed[c.a.device].owner for c in _access(ctx) if c.a.device in ctx.placed}
    return [f for name, f in sorted(ctx.inventory.fleets.items()) if name in owners]


def _access(ctx: Context) -> list[Cable]:
    return [c for c in (ctx.plan.cables if ctx.plan else ()) if c.kind == "access"]


def _zone_at(ctx: Context, switch: str) -> str | None:
    """The zone a business port of a switch leads into: that of the business VLAN of its pair, else its own."""
    known = ctx.inventory.devices.get(switch)
    standing = ctx.inventory.existing_switches.get(switch)
    pair = known.owner if known else standing.pair if standing else None
    site = known.site if known else standing.site if standing else None
    vlans = ctx.memo("zones.vlans", lambda: vlan_of(ctx.inventory))
    vlan = find_vlan(vlans, "business", site or "", pair) if pair else None
    own = zone_of(ctx, switch)
    return vlan.zone if vlan and vlan.zone and (vlan.pair or not own) else own


@check(
    "SEC002", severity=Severity.ERROR, over=_homed, title=Text("Server joins two zones", "服务器跨接两个安全域"),
    clause="GB/T 22239-2019 8.1.3.1 a",
)  # fmt: skip
def servers_stand_in_one_zone(fleet: m.Fleet, ctx: Context) -> Iterator[Finding]:
    """The business interfaces of one server lead into one zone.

    The zone of a port is that of the business VLAN of its pair, else that of the switch.

    Why it matters: a server with a leg in two zones carries traffic from one to the other past every firewall.
    How to fix: cable all its interfaces to the pair of its own zone.
    Source: GB/T 22239-2019 8.1.3.1 a (cross-border traffic only through controlled interfaces).
    Failing: p1 of db-001 on A-ASW-01A (zone core), p2 on A-ESW-01B (zone public)
    Passing: p1 on A-ASW-01A, p2 on A-ASW-01B
    """
    cables: dict[str, list[Cable]] = ctx.memo("zones.access", lambda: _by_owner(ctx))
    legs: dict[str, dict[str, Cable]] = {}
    for cable in cables.get(fleet.name, ()):
        zone = _zone_at(ctx, cable.b.device)
        if zone:
            legs.setdefault(cable.a.device, {}).setdefault(zone, cable)
    joined = {name: zones for name, zones in sorted(legs.items()) if len(zones) > 1}
    if not joined:
        return
    name, zones = next(iter(joined.items()))
    odd = next((z for z in sorted(zones) if z != fleet.zone), max(zones))
    yield finding(
        "SEC002", f"fleets/{fleet.name}",
        Text(f"{names_text(list(joined))} lead into zones {' and '.join(sorted(zones))}",
             f"{names_text(list(joined))} 同时接入 {'、'.join(sorted(zones))} 区"),
        ctx.where(zones[odd], "b", "device"),
        arithmetic=f"{len(zones)} zones on {name}, at most 1; {len(joined)} of {fleet.count} devices",
        fix=Text(f"move {name}:{zones[odd].a.port} to a switch of zone {fleet.zone or 'its own'}",
                 f"将 {name}:{zones[odd].a.port} 改接 {fleet.zone or '本'} 区的交换机"),
        related=[Related(ctx.where(c, "b", "device"), f"{c.a.device}:{c.a.port} to {c.b.device}: zone {z}") for z, c in sorted(zones.items()) if z != odd],
    )  # fmt: skip


def _by_owner(ctx: Context) -> dict[str, list[Cable]]:
    out: dict[str, list[Cable]] = {}
    for cable in _access(ctx):
        if cable.a.device in ctx.placed:
            out.setdefault(ctx.placed[cable.a.device].owner, []).append(cable)
    return out


def _data_in_oob(ctx: Context) -> list[tuple[m.Fleet, list[Cable]]]:
    """Fleets that say their zone and have data ports cabled to out-of-band switches, with those cables."""
    out: dict[str, list[Cable]] = {}
    for cable in ctx.plan.cables if ctx.plan else ():
        device = ctx.inventory.devices.get(cable.a.device)
        if cable.kind != "oob" or device is None or not isinstance(device.record, m.Fleet):
            continue
        interface = device.type.interface_by_name.get(cable.a.port or "")
        if interface is not None and not interface.mgmt_only and device.record.zone:
            out.setdefault(device.owner, []).append(cable)
    return [(ctx.inventory.fleets[name], cables) for name, cables in sorted(out.items())]


@check(
    "SEC006", severity=Severity.WARNING, over=_data_in_oob, title=Text("Data ports in the out-of-band network", "业务端口接入带外网络"),
    clause="GB/T 22239-2019 8.1.5.4 a",
)  # fmt: skip
def data_ports_out_of_band(subject: tuple[m.Fleet, list[Cable]], ctx: Context) -> Iterator[Finding]:
    """Only management ports, and servers of a management zone, are cabled to out-of-band switches.

    Why it matters: a business server with a port of its operating system in the out-of-band network is a way from
    the business into every BMC and console, past the bastion.
    How to fix: leave these ports uncabled, filter them on the server and on the switch port, or record a waiver
    that says who answers for it.
    Source: GB/T 22239-2019 8.1.5.4 a (dedicated management area), 8.1.3.1 a.
    Failing: fleet of zone core, its ports lan1 and lan2 on A-OASW-01
    Passing: fleet of zone management with the same cables; BMC ports of any fleet
    """
    fleet, cables = subject
    kind = ctx.inventory.zones[fleet.zone or ""].kind
    if kind in OOB_ZONES:
        return
    ports = sorted({c.a.port or "?" for c in cables})
    devices = {c.a.device for c in cables}
    yield finding(
        "SEC006", f"fleets/{fleet.name}",
        Text(f"{len(devices)} servers of zone {fleet.zone} have {', '.join(ports)} in the out-of-band network",
             f"{fleet.zone} 区 {len(devices)} 台服务器的 {'、'.join(ports)} 接入带外网络"),
        ctx.where(fleet, "zone"), arithmetic=f"{len(cables)} data ports on out-of-band switches, 0 wanted outside zones of kind management",
        fix=Text("filter these ports and record who answers for it, or leave them uncabled", "对这些端口做访问控制并登记责任人，或不予布线"),
    )  # fmt: skip


# ---------------------------------------------------------------- VLANs and subnets


@check(
    "SEC003", severity=Severity.ERROR, needs="inventory", title=Text("VLAN of one zone on switches of another", "VLAN 与所在交换机分属不同安全域"),
    over=lambda ctx: [v for v in ctx.inventory.vlans.values() if v.zone and v.pair], unless=("NET008",),
    clause="GB/T 22239-2019 8.1.3.1 a",
)  # fmt: skip
def vlan_on_switches_of_its_zone(vlan: m.Vlan, ctx: Context) -> Iterator[Finding]:
    """The VLAN of a pair is of the zone that the pair says it stands in.

    Why it matters: a VLAN that lies in two zones joins them below every firewall.
    How to fix: correct the zone of the VLAN or of the pair, or carry the VLAN on a pair of its own zone.
    Source: GB/T 22239-2019 8.1.3.1 a (cross-border traffic only through controlled interfaces).
    Failing: `{vid: 101, zone: public, pair: A-ASW-01, …}` and A-ASW-01 with `zone: core`
    Passing: `{vid: 101, zone: core, pair: A-ASW-01, …}`
    """
    inventory = ctx.inventory
    pair = inventory.pairs.get(vlan.pair or "")
    holders: list[m.Pair | m.ExistingSwitch] = (
        [pair] if pair else list(inventory.existing_pairs.get(vlan.pair or "", ()))
    )
    wrong = [h for h in holders if h.zone and h.zone != vlan.zone]
    if wrong:
        yield finding(
            "SEC003", f"vlans/{vlan.site}/{vlan.vid}",
            Text(f"VLAN {vlan.vid} of zone {vlan.zone} lies on {wrong[0].name} of zone {wrong[0].zone}",
                 f"{vlan.zone} 区的 VLAN {vlan.vid} 位于 {wrong[0].zone} 区的 {wrong[0].name}"),
            ctx.where(vlan, "zone"), arithmetic="2 zones, 1 wanted",
            fix=Text(f"write zone: {wrong[0].zone}, or move the VLAN", f"改为 zone: {wrong[0].zone}，或迁移该 VLAN"),
            related=[Related(ctx.where(h, "zone"), f"{h.name}: zone {h.zone}") for h in wrong],
        )  # fmt: skip


def _vlans_of_pool(ctx: Context, pool: m.Pool) -> list[m.Vlan]:
    """VLANs that carry subnets of a pool: those its planned prefixes name, else those of its plane at the site."""
    vlans = ctx.inventory.vlans
    vids = {p.vid for p in (ctx.plan.prefixes if ctx.plan else ()) if p.pool == pool.name and p.vid}
    named = [vlans[f"{pool.site}/{vid}"] for vid in sorted(vids) if f"{pool.site}/{vid}" in vlans]
    return named or [v for v in vlans.values() if (v.plane, v.site) == (pool.plane, pool.site)]


def other_zones(ctx: Context, pool: m.Pool) -> list[m.Vlan]:
    """VLANs that carry subnets of a pool and say another zone than the pool does."""
    return [v for v in _vlans_of_pool(ctx, pool) if pool.zone and v.zone and v.zone != pool.zone]


@check(
    "SEC004", severity=Severity.ERROR, needs="inventory", over=centres, unless=("NET008", "SEC007"),
    title=Text("Subnet in two zones, or in none", "网段跨安全域或无安全域"), clause="GB/T 22239-2019 8.1.2.1 c",
)  # fmt: skip
def subnet_in_one_zone(site: m.Site, ctx: Context) -> Iterator[Finding]:
    """Every subnet belongs to one zone: the `zone` of a pool and that of the VLANs which carry its subnets agree.

    A pool that says no zone may serve VLANs of several. Pools for which neither says one are not evaluated.

    Why it matters: firewall rules are written by prefix; a prefix in two zones opens both.
    How to fix: write `zone` on the pool or on the VLAN; cut a pool of its own for each zone.
    Source: GB/T 22239-2019 8.1.2.1 c (areas by importance, addresses allotted by area).
    Failing: `{name: a-web, zone: public, …}` carried by VLAN 101 with `zone: core`
    Passing: both `zone: core`
    """
    nowhere: list[m.Pool] = []
    for name, pool in sorted(ctx.inventory.pools.items()):
        if pool.site != site.name:
            continue
        others = other_zones(ctx, pool)
        if not pool.zone and not any(v.zone for v in _vlans_of_pool(ctx, pool)):
            nowhere.append(pool)
        if others:
            zones = sorted({pool.zone or "", *(v.zone or "" for v in others)})
            yield finding(
                "SEC004", f"pools/{name}",
                Text(f"{pool.prefix} lies in zones {', '.join(zones)}", f"{pool.prefix} 同时属于 {'、'.join(zones)} 区"),
                ctx.where(pool, "zone"), arithmetic=f"{len(zones)} zones, 1 wanted",
                fix=Text("let pool and VLAN agree, or give each zone a pool of its own", "统一地址池与 VLAN 的安全域，或按安全域分设地址池"),
                related=[Related(ctx.where(v, "zone"), f"VLAN {v.vid}: zone {v.zone}") for v in others],
            )  # fmt: skip
    if nowhere:
        yield lacking(
            "SEC004", f"{site.name}/pools",
            Text(f"no zone stated for the pools {names_text([p.name for p in nowhere], 8)}", f"未填写安全域的地址池：{names_text([p.name for p in nowhere], 8)}"),
            ctx.where(nowhere[0], "name"), Text("write `zone` on the pool, or on the VLAN of its plane", "在地址池或其平面的 VLAN 上填写 `zone`"),
        )  # fmt: skip


def expected_kind(ctx: Context, pool: m.Pool) -> str | None:
    """The kind of zone the plane of a pool must be in; None when its zone is one, or is not stated."""
    kind = ctx.inventory.zones[pool.zone].kind if pool.zone else None
    if pool.plane in INNER_PLANES and kind in ("exit", "public"):
        return "core"
    if pool.plane in ("bmc", "mgmt") and kind is not None and kind not in OOB_ZONES:
        return " or ".join(OOB_ZONES)
    return None


@check(
    "SEC007", severity=Severity.ERROR, needs="inventory", over=lambda ctx: [p for p in ctx.inventory.pools.values() if p.zone],
    title=Text("Pool in a zone its plane must not be in", "地址池所在安全域不当"), clause="GB/T 22239-2019 8.1.2.1, 8.1.5.4",
)  # fmt: skip
def pool_in_its_zone(pool: m.Pool, ctx: Context) -> Iterator[Finding]:
    """BMC and management prefixes stand in zones of kind oob or management; storage, VM and container prefixes not
    at the exit nor in public service.

    Why it matters: whoever reaches a BMC owns the server below its operating system.
    How to fix: give the pool a zone its plane may be in (VLANs: NET008).
    Source: GB/T 22239-2019 8.1.5.4 a (dedicated management area); engineering estimate.
    Failing: `{name: a-bmc, plane: bmc, zone: core, …}`
    Passing: `{name: a-bmc, plane: bmc, zone: oob, …}`
    """
    allowed = expected_kind(ctx, pool)
    if allowed is None:
        return
    kind = ctx.inventory.zones[pool.zone or ""].kind
    yield finding(
        "SEC007", f"pools/{pool.name}",
        Text(f"plane {pool.plane} in zone {pool.zone} of kind {kind}; expected kind {allowed}",
             f"平面 {pool.plane} 位于 {kind} 类安全域 {pool.zone}，应为 {allowed} 类"),
        ctx.where(pool, "zone"), fix=Text(f"use a zone of kind {allowed}", f"改用 {allowed} 类安全域"),
    )  # fmt: skip
