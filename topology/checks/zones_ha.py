"""Waypoints, probes and crypto devices: partners, bypass, capacity, ways to them (SEC010-SEC015)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inventory import model as m
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Position, Related, Severity, Text, names_text
from topology.checks.zones_book import Guard, centres, device_place, net, waypoints
from topology.zones import single_points

BYPASS_ALLOWED = ("ips", "waf")
"""Kinds of waypoints that may let traffic pass uninspected when they fail (engineering estimate): the others exist
to part or to encrypt."""
ONE_SIDED = ("feed", "pdu", "bank", "outlet", "ups", "sts", "power-side")
"""Kinds of stated risk that partners must not share when each has no other of the kind."""


def _owner_place(ctx: Context, guard: Guard, *path: str) -> Position:
    """Where the number of devices of a waypoint is written: the one fleet it consists of, else its own record."""
    if (
        guard.fleets
        and len(guard.fleets) == 1
        and not set(guard.devices) & set(ctx.inventory.existing_switches)
    ):
        return ctx.where(guard.fleets[0], "count")
    return ctx.where(guard.record, *path)


@check(
    "SEC010", severity=Severity.ERROR, needs="inventory", over=waypoints,
    title=Text("In-line device without a partner", "串接设备无备机"), clause="GB/T 22239-2019 8.1.2.1 e",
)  # fmt: skip
def in_line_has_a_partner(guard: Guard, ctx: Context) -> Iterator[Finding]:
    """An in-line device has a partner that takes over, or lets traffic pass when it fails (IPS and WAF only).

    A device that is not in line and lacks a partner is RED003.

    Why it matters: when it restarts, everything behind it is cut off.
    How to fix: two devices, active/standby with state synchronised; for IPS and WAF a bypass will do.
    Source: GB/T 22239-2019 8.1.2.1 e (hardware redundancy of key network devices); engineering estimate.
    Failing: `{name: A-FW, kind: firewall, devices: [A-FW-1], in_line: true}`
    Passing: `{name: A-FW, kind: firewall, devices: [A-FW-1, A-FW-2], in_line: true, mode: active-standby}`
    """
    alone = len(guard.devices) < 2
    if guard.in_line is False or not (alone or guard.mode == "single"):
        return
    if guard.bypass and guard.kind in BYPASS_ALLOWED:
        return
    if guard.in_line is None or (guard.bypass is None and guard.kind in BYPASS_ALLOWED):
        field = "in_line" if guard.in_line is None else "bypass"
        yield lacking(
            "SEC010", guard.subject, Text(f"one device, {field} not stated", f"仅一台，{field} 未填写"),
            ctx.where(guard.record, "name"), Text(f"write `{field}`, or add the partner", f"填写 `{field}`，或增配备机"),
        )  # fmt: skip
        return
    count = len(guard.devices)
    said = f"{count} device" if alone else f"{count} devices, mode single"
    yield finding(
        "SEC010", guard.subject,
        Text(f"{names_text(guard.devices) or guard.name} is in line and nothing takes over", f"{names_text(guard.devices) or guard.name} 串接且无接替设备"),
        _owner_place(ctx, guard, "devices" if alone else "mode"), arithmetic=f"{said}, no bypass; 2 that stand in for each other wanted",
        fix=Text("add the partner (active/standby, state synchronised)", "增配备机（主备，会话同步）")
        if alone else Text("write mode: active-standby once it is so", "改为主备后填写 mode: active-standby"),
    )  # fmt: skip


@check(
    "SEC011", severity=Severity.ERROR, needs="inventory", over=waypoints, title=Text("Bypass where none may be", "不允许旁通的设备设置了旁通"),
    clause="GB/T 22239-2019 8.1.3.1 a",
)  # fmt: skip
def bypass_only_where_allowed(guard: Guard, ctx: Context) -> Iterator[Finding]:
    """Only IPS and WAF may let traffic pass when they fail; firewalls, gaps, VPN gateways and encryptors must not.

    Why it matters: a firewall that fails open is no firewall, an encryptor that fails open sends clear text.
    How to fix: switch the bypass off and provide the partner instead.
    Source: GB/T 22239-2019 8.1.3.1 a (traffic only through controlled interfaces), 8.1.2.2; engineering estimate.
    Failing: `{name: A-FW, kind: firewall, bypass: true, …}`
    Passing: `{name: A-IPS, kind: ips, bypass: true, …}`
    """
    if not guard.bypass or guard.kind in BYPASS_ALLOWED:
        return
    record = guard.record
    own = isinstance(record, m.Waypoint) and record.bypass is not None
    types = {f.device_type for f in guard.fleets}
    place = (
        ctx.where(record, "bypass") if own
        else ctx.where(ctx.inventory.catalog.device_types[min(types)], "rackwright", "bypass")
    )  # fmt: skip
    yield finding(
        "SEC011", guard.subject, Text(f"{guard.name} is of kind {guard.kind} and has a bypass", f"{guard.name} 为 {guard.kind} 类，却设有旁通"),
        place, arithmetic=f"bypass allowed for {', '.join(BYPASS_ALLOWED)} only",
        fix=Text("switch the bypass off; two devices instead", "关闭旁通，改为双机"),
    )  # fmt: skip


def _standing_pairs(ctx: Context) -> list[Guard]:
    """Waypoints with several devices that stand already."""
    standing = ctx.inventory.existing_switches
    return [g for g in waypoints(ctx) if sum(d in standing for d in g.devices) > 1]


@check(
    "SEC012", severity=Severity.ERROR, over=_standing_pairs, title=Text("Partners of a standing waypoint too close", "既有边界设备的主备未分离"),
    clause="GB/T 22239-2019 8.1.2.1 e",
)  # fmt: skip
def standing_partners_apart(guard: Guard, ctx: Context) -> Iterator[Finding]:
    """Standing devices of one waypoint share no rack, no single power source, and do not all hang on one switch.

    The racks and sources of what stands already are what its `risks` state. Planned devices: RED001, RED002, RED006.

    Why it matters: two firewalls in one rack are one firewall when that rack loses power.
    How to fix: move one, cross the feeds, cable them to different switches.
    Source: GB/T 22239-2019 8.1.2.1 e; engineering estimate.
    Failing: A-FW-1 and A-FW-2 both with `risks: {rack: [A01-X01]}`
    Passing: `risks: {rack: [A01-X01], feed: [A01-X01/a, A01-X01/b]}` and the same in A01-X02
    """
    standing = [
        ctx.inventory.existing_switches[d] for d in guard.devices if d in ctx.inventory.existing_switches
    ]
    last = standing[-1]
    for kind in ("rack", *ONE_SIDED):
        values = [set(s.risks.get(kind, ())) for s in standing]
        shared = set.intersection(*values)
        if shared and (kind == "rack" or all(v == shared and len(v) == 1 for v in values)):
            yield finding(
                "SEC012", guard.subject,
                Text(f"{names_text([s.name for s in standing])} share {kind} {', '.join(sorted(shared))}",
                     f"{names_text([s.name for s in standing])} 共用 {kind} {'、'.join(sorted(shared))}"),
                ctx.where(last, "risks", kind), arithmetic=f"{len(standing)} of {len(standing)} lost with {kind} {min(shared)}",
                fix=Text(f"give {last.name} another {kind}", f"为 {last.name} 更换 {kind}"),
                related=[Related(ctx.where(s, "risks", kind), s.name) for s in standing[:-1]],
            )  # fmt: skip
    near = [net(ctx).neighbours.get(s.name, set()) - {x.name for x in standing} for s in standing]
    for side in sorted({n for ns in near for n in ns}):
        if all(ns == {side} for ns in near):
            yield finding(
                "SEC012", guard.subject,
                Text(f"{names_text([s.name for s in standing])} all hang on {side}", f"{names_text([s.name for s in standing])} 均只接入 {side}"),
                ctx.where(last, "name"), arithmetic=f"{len(standing)} of {len(standing)} lost with {side}",
                fix=Text(f"cable {last.name} to another switch", f"将 {last.name} 接入另一台交换机"),
            )  # fmt: skip
    silent = [s.name for s in standing if not s.risks.get("rack")]
    if silent:
        yield lacking(
            "SEC012", guard.subject, Text(f"rack of {names_text(silent)} not stated", f"{names_text(silent)} 所在机柜未填写"),
            ctx.where(guard.record, "name"), Text("write `risks: {rack: [name]}` on each", "在每台填写 `risks: {rack: [名称]}`"),
        )  # fmt: skip


# ---------------------------------------------------------------- probes


def _features(ctx: Context, fleet: m.Fleet) -> tuple[str, ...]:
    return ctx.inventory.catalog.device_types[fleet.device_type].rackwright.features


def fleets_with(ctx: Context, feature: str) -> list[m.Fleet]:
    """Fleets whose device type declares a feature, by name; empty fleets are left out."""
    return [f for _, f in sorted(ctx.inventory.fleets.items()) if f.count and feature in _features(ctx, f)]


def _probes(ctx: Context) -> list[m.Fleet]:
    named = {mirror.probe for mirror in ctx.inventory.mirrors.values()}
    probes = {f.name for f in fleets_with(ctx, "probe")}
    return [f for name, f in sorted(ctx.inventory.fleets.items()) if name in named | probes]


@check(
    "SEC013", severity=Severity.ERROR, needs="inventory", over=_probes, title=Text("More copies than the probe takes", "镜像流量超过探针能力"),
    clause="the throughput the device type states",
)  # fmt: skip
def copies_fit_the_probe(fleet: m.Fleet, ctx: Context) -> Iterator[Finding]:
    """The traffic copied to a fleet of probes is no more than its devices inspect together.

    Why it matters: what a probe drops it does not see, and it does not say so.
    How to fix: copy fewer borders, filter before the probe, or add a probe.
    Source: throughput of the device type (the probe of this tender: 10 Gbit/s, line 1699).
    Failing: mirrors of 6 and 5 Gbit/s to one probe of 10 Gbit/s
    Passing: mirrors of 6 and 3 Gbit/s
    """
    mirrors = [x for _, x in sorted(ctx.inventory.mirrors.items()) if x.probe == fleet.name]
    each = ctx.inventory.catalog.device_types[fleet.device_type].rackwright.throughput_gbps
    known = [x for x in mirrors if x.gbps is not None]
    total = sum(x.gbps or 0.0 for x in known)
    subject = f"fleets/{fleet.name}"
    if each is not None and total > each * fleet.count + 1e-9:
        largest = max(known, key=lambda x: (x.gbps or 0.0, x.name))
        sums = " + ".join(f"{x.gbps:g}" for x in known)
        yield finding(
            "SEC013", subject, Text(f"{total:g} Gbit/s copied to {fleet.name}, it takes {each * fleet.count:g}",
                                    f"镜像至 {fleet.name} 的流量 {total:g} Gbit/s，能力 {each * fleet.count:g}"),
            ctx.where(largest, "gbps"), arithmetic=f"{sums} = {total:g} > {fleet.count} x {each:g} = {each * fleet.count:g} Gbit/s",
            fix=Text(f"take {total - each * fleet.count:g} Gbit/s off it, or add a probe", f"减少 {total - each * fleet.count:g} Gbit/s，或增配探针"),
            related=[Related(ctx.where(x, "gbps"), f"{x.name}: {x.gbps:g} Gbit/s") for x in known if x is not largest],
        )  # fmt: skip
        return
    missing = (
        Text("throughput of its device type", "设备型号的处理能力")
        if each is None
        else Text("mirrored Gbit/s", "镜像流量")
    )
    if each is None or not mirrors or len(known) < len(mirrors):
        open_names = names_text([x.name for x in mirrors if x.gbps is None])
        yield lacking(
            "SEC013", subject,
            Text(f"{missing.en} not stated{f': {open_names}' if open_names else ''}", f"未填写{missing.zh}{f'：{open_names}' if open_names else ''}"),
            ctx.where(fleet, "name"), Text("list `mirrors` with `gbps` at their peak", "在 `mirrors` 填写峰值 `gbps`"),
        )  # fmt: skip


# ---------------------------------------------------------------- crypto


@dataclass(frozen=True)
class Crypto:
    """The crypto devices of a project, and the fleets that a rule lets speak to them."""

    hsms: tuple[m.Fleet, ...]
    consumers: tuple[m.Fleet, ...]


def _crypto(ctx: Context) -> list[Crypto]:
    hsms = fleets_with(ctx, "hsm")
    return [Crypto(tuple(hsms), tuple(_consumers(ctx, {f.name for f in hsms})))] if hsms else []


def _consumers(ctx: Context, hsms: set[str]) -> list[m.Fleet]:
    named = {
        name
        for rule in ctx.inventory.policies.values()
        if rule.action == "allow" and hsms & set(rule.dst)
        for name in rule.src
    }
    return [
        f
        for name, f in sorted(ctx.inventory.fleets.items())
        if f.count and name not in hsms and (name in named or (f.attach and named & set(f.attach.pairs)))
    ]


@check(
    "SEC014", severity=Severity.ERROR, over=_crypto, title=Text("Crypto device reached one way only", "密码设备仅有单一通路"),
    clause="GB/T 39786-2021",
)  # fmt: skip
def two_ways_to_crypto(crypto: Crypto, ctx: Context) -> Iterator[Finding]:
    """Each fleet that uses the crypto devices of its site reaches each of them over two ways that share no device.

    Users are the fleets (and the fleets on the pairs) that a rule allows to speak to a device type with feature
    hsm. A site without such a device of its own uses all of them.

    Why it matters: without its keys a database opens no file; one switch must not decide over that.
    How to fix: cable both ports of the device, each to another member of the pair.
    Source: GB/T 39786-2021 (crypto services of the system); two ways are an engineering estimate.
    Failing: both ports of a-hsm-001 on A-ASW-01A
    Passing: one on A-ASW-01A, one on A-ASW-01B
    """
    open_fleets = [
        f
        for f in crypto.hsms
        if not any(c.kind == "access" for d in _devices(ctx, f) for c in ctx.cables_of.get(d, ()))
    ]
    if open_fleets or not crypto.consumers:
        what = names_text([f.name for f in open_fleets])
        said = (
            Text(f"{what} not cabled yet", f"{what} 尚未布线") if open_fleets
            else Text("no rule says who uses the crypto devices", "没有规则说明谁使用密码设备")
        )  # fmt: skip
        fix = (
            Text("decide `attach` of these fleets", "确定这些设备组的 `attach`") if open_fleets
            else Text("write rules with the crypto devices as `dst`", "编写以密码设备为 `dst` 的规则")
        )  # fmt: skip
        place = ctx.where(
            (open_fleets or crypto.hsms)[0],
            "attach_open" if open_fleets and open_fleets[0].attach_open else "name",
        )
        yield lacking("SEC014", "crypto", said, place, fix)
        return
    graph = net(ctx)
    told: dict[str, dict[str, list[str]]] = {}
    unreached: dict[str, list[str]] = {}
    for fleet in crypto.consumers:
        pool = [f for f in crypto.hsms if f.site == fleet.site] or list(crypto.hsms)
        goals = [d for f in pool for d in _devices(ctx, f)]
        seen: set[frozenset[str]] = set()
        for device in _devices(ctx, fleet):
            near = frozenset(graph.neighbours.get(device, ()))
            if near in seen or not near:
                continue
            seen.add(near)
            for goal in goals:
                passed = single_points(graph.neighbours, device, goal, graph.relays)
                if passed is None:
                    unreached.setdefault(goal, []).append(device)
                for node in passed or ():
                    if not node.startswith("hub/"):
                        told.setdefault(node, {}).setdefault(device, []).append(goal)
    for node, ways in sorted(told.items()):
        far = sorted({goal for goals in ways.values() for goal in goals})
        yield finding(
            "SEC014", f"crypto/{node}",
            Text(f"{names_text(list(ways))} reach {names_text(far)} only over {node}", f"{names_text(list(ways))} 只能经 {node} 到达 {names_text(far)}"),
            device_place(ctx, node), arithmetic="1 way, 2 without a common device wanted",
            fix=Text("cable the second port to the other member of the pair", "将第二端口接至交换机对的另一成员"),
        )  # fmt: skip
    for goal, devices in sorted(unreached.items()):
        yield finding(
            "SEC014", f"crypto/{goal}", Text(f"{names_text(devices)} do not reach {goal}", f"{names_text(devices)} 无法到达 {goal}"),
            device_place(ctx, goal), arithmetic="0 ways, 2 wanted",
            fix=Text("cable it to the network of its users", "接入使用方所在网络"),
        )  # fmt: skip


def _devices(ctx: Context, fleet: m.Fleet) -> list[str]:
    owned: dict[str, list[str]] = ctx.memo("zones.owned", lambda: _owned(ctx))
    return owned.get(fleet.name, [])


def _owned(ctx: Context) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for name in sorted(ctx.placed):
        if name in ctx.inventory.devices:
            out.setdefault(ctx.inventory.devices[name].owner, []).append(name)
    return out


@check(
    "SEC015", severity=Severity.ERROR, needs="inventory", over=_crypto, title=Text("Crypto at one site only", "密码设备仅在一个站点"),
    clause="GB/T 39786-2021",
)  # fmt: skip
def crypto_at_each_site(crypto: Crypto, ctx: Context) -> Iterator[Finding]:
    """Every site whose fleets use the crypto devices has one of its own; with no rule that says who uses them,
    every site that carries services.

    Why it matters: a site that lost the other one has data it cannot decrypt.
    How to fix: place one device (and a copy of the keys) at each site.
    Source: GB/T 39786-2021; keys at both sites are an engineering estimate.
    Failing: `{name: a-hsm, count: 2, site: A}` and services at A and B
    Passing: a-hsm with count 1 at A, b-hsm with count 1 at B
    """
    open_fleets = [f for f in crypto.hsms if f.site is None]
    if open_fleets:
        yield lacking(
            "SEC015", "crypto", Text(f"site of {names_text([f.name for f in open_fleets])} not stated", f"{names_text([f.name for f in open_fleets])} 未填写站点"),
            ctx.where(open_fleets[0], "name"), Text("write `site`", "填写 `site`"),
        )  # fmt: skip
        return
    wanted = {f.site for f in crypto.consumers if f.site} or {s.name for s in centres(ctx)}
    there = {f.site for f in crypto.hsms}
    for site in sorted(wanted - there):
        last = crypto.hsms[-1]
        yield finding(
            "SEC015", f"{site}/crypto", Text(f"{site} has no crypto device", f"{site} 没有密码设备"),
            ctx.where(last, "site"), arithmetic=f"{', '.join(f'{f.name}: {f.count} at {f.site}' for f in crypto.hsms)}; 0 at {site}, 1 wanted",
            fix=Text(f"place one at {site}", f"在 {site} 部署一台"),
        )  # fmt: skip
