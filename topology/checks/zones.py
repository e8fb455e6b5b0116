"""Ways between the zones: past the firewalls, over a single device, watched by nobody (SEC001, SEC005, SEC008, SEC009)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from inventory import model as m
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text, names_text
from topology.checks.zones_book import (
    PROTECTED,
    Guard,
    Net,
    centres,
    device_place,
    kind_of,
    link_place,
    net,
    outside_of,
    way_text,
    waypoints,
    zone_of,
)
from topology.zones import single_points, unguarded_path

BYPASSES_SHOWN = 10
"""Most further links past the firewalls that one finding lists."""
ENDS_ZH = {"outside": "外部", "load balancers": "负载均衡", "other sites": "其他站点"}


def _inside(ctx: Context) -> frozenset[str]:
    """Devices of protected zones, standing and planned."""

    def make() -> frozenset[str]:
        names = (*ctx.inventory.existing_switches, *ctx.placed)
        return frozenset(n for n in names if kind_of(ctx, n) in PROTECTED)

    found: frozenset[str] = ctx.memo("zones.inside", make)
    return found


@check(
    "SEC001", severity=Severity.ERROR, over=centres, title=Text("Way from outside past the firewalls", "存在绕过防火墙的外部通路"),
    clause="GB/T 22239-2019 8.1.2.1 d",
)  # fmt: skip
def outside_passes_a_firewall(site: m.Site, ctx: Context) -> Iterator[Finding]:
    """Every way from outside (exit routers, what stands in a zone of kind exit, the edge of the site) to a device of
    a core, crypto, management, out-of-band or public zone passes a firewall or a gap.

    The firewalls are taken out of the network; whatever outside still reaches, it reaches past them. A firewall
    beside the way (`in_line: false`) sees what routing sends to it: cables can neither prove nor refute that.

    Why it matters: one cable past the firewall makes every rule of it void.
    How to fix: end the link named at the firewall, or take it away.
    Source: GB/T 22239-2019 8.1.2.1 d (important zones not at the border, isolated reliably), 8.1.3.1 a.
    Failing: `existing_links: [{name: R1-D1, a: A-RTR-1, b: A-DSW-1}]` beside the firewalls A-FW-1 and A-FW-2
    Passing: links A-RTR-1 to A-FW-1 and A-FW-1 to A-DSW-1 only
    """
    subject = f"{site.name}/outside"
    guards, outside = waypoints(ctx), outside_of(ctx, site.name)
    missing = [
        what
        for what, there in (
            (Text("no exit router", "出口路由器"), outside),
            (Text("no firewall", "防火墙"), any(g.kind in ("firewall", "gap") for g in guards)),
            (Text("no device with a zone", "带安全域的设备"), _inside(ctx)),
        )
        if not there
    ]
    if missing:
        yield lacking(
            "SEC001", subject,
            Text(f"{', '.join(t.en for t in missing)} of {site.name} declared", f"{site.name} 未声明{'、'.join(t.zh for t in missing)}"),
            ctx.where(site, "name"),
            Text("list exit routers and firewalls in existing_switches (roles router and firewall), their cables in existing_links",
                 "在 existing_switches 列出出口路由器与防火墙（角色 router、firewall），在 existing_links 列出其连线"),
        )  # fmt: skip
        return
    graph, inside = net(ctx), _inside(ctx) - set(outside)
    hard = frozenset(d for g in guards if g.parts for d in g.devices)
    if unguarded_path(graph.neighbours, outside, inside, (), graph.relays) is None:
        yield lacking(
            "SEC001", subject,
            Text(f"no cable leads from {names_text(outside)} to any zone", f"没有线缆从 {names_text(outside)} 通向任何安全域"),
            ctx.where(site, "name"), Text("list their cables in existing_links", "在 existing_links 列出其连线"),
        )  # fmt: skip
        return
    path = unguarded_path(graph.neighbours, outside, inside, hard, graph.relays)
    if path is None:
        return
    beside = {n for node in path for n in graph.neighbours.get(node, ())}
    soft = [
        g.name
        for g in guards
        if g.kind == "firewall" and g.in_line is False and beside.intersection(g.devices)
    ]
    kind = kind_of(ctx, path[-1])
    if soft:
        yield lacking(
            "SEC001", subject,
            Text(f"{way_text(path)} passes no firewall by cable; whether routing sends it through {', '.join(soft)} cannot be seen",
                 f"{way_text(path)} 线路上不经过防火墙；路由是否引向 {'、'.join(soft)} 无法判断"),
            ctx.where(site, "name"), Text("show the routing (VRF, policy routes), or put it in line", "提供路由引流证据（VRF、策略路由），或改为串接"),
        )  # fmt: skip
        return
    links = _past(graph, outside, inside, hard, path)
    places = [(link, link_place(ctx, link[2]) if link[2] else None) for link in links]
    first, place = places[0]
    yield finding(
        "SEC001", subject,
        Text(f"{path[-1]} (zone {zone_of(ctx, path[-1]) or kind}) is reached from outside past every firewall: {way_text(path)}",
             f"外部可绕过全部防火墙到达 {path[-1]}（{zone_of(ctx, path[-1]) or kind} 区）：{way_text(path)}"),
        place or ctx.where(site, "name"),
        arithmetic=f"without {names_text(sorted(hard))}: {len(links)}{'+' if len(links) > BYPASSES_SHOWN else ''} links still lead inside, 0 wanted",
        fix=Text(f"end {first[0]} – {first[1]} at a firewall, or remove it", f"将 {first[0]} – {first[1]} 改接防火墙，或拆除"),
        related=[
            *(Related(p, f"also {a} – {b}") for (a, b, _), p in places[1:]),
            *(Related(device_place(ctx, g.devices[0]), f"firewall {g.name}") for g in guards if g.parts and g.devices),
        ],
    )  # fmt: skip


def _joined_oob(ctx: Context) -> list[m.Site]:
    """Sites with a standing link that ends at an out-of-band switch; without one nobody has said what it is joined to."""
    links = ctx.inventory.existing_links.values()
    ends = {n for link in links for n in (link.a, link.b) if kind_of(ctx, n) == "oob"}
    sites = {ctx.inventory.existing_switches[n].site for n in ends}
    return [s for s in centres(ctx) if s.name in sites]


@check(
    "SEC009", severity=Severity.WARNING, over=_joined_oob, title=Text("Way from the business into the out-of-band network", "业务网络与带外网络直通"),
    clause="GB/T 22239-2019 8.1.5.4 a, b", unless=("NET038",),
)  # fmt: skip
def out_of_band_stands_apart(site: m.Site, ctx: Context) -> Iterator[Finding]:
    """No switch of the business reaches an out-of-band switch of the site by cable, unless through a firewall.

    Management ports of switches, which pass nothing on, do not count.

    Why it matters: management is to be reached from the out-of-band network and the bastion alone; over such a link
    every server reaches every BMC.
    How to fix: put a firewall between, or record a waiver that names the access list on that link.
    Source: GB/T 22239-2019 8.1.5.4 a (dedicated management area), b (safe path for managing devices).
    Failing: `existing_links: [{name: M1-D1, a: A-OMR-1, b: A-DSW-1}]`
    Passing: A-OMR-1 and A-DSW-1 both linked to the firewall A-FW-3
    """
    graph = net(ctx)
    switches = [*ctx.inventory.existing_switches, *(n for n in ctx.placed if n in graph.relays)]
    oob = [n for n in switches if kind_of(ctx, n) == "oob" and _at(ctx, n, site.name)]
    business = set(switches) - {n for n in switches if kind_of(ctx, n) in ("oob", "management", "exit")}
    business -= {d for g in waypoints(ctx) for d in g.devices} | set(outside_of(ctx, site.name))
    hard = frozenset(d for g in waypoints(ctx) if g.parts for d in g.devices)
    path = unguarded_path(graph.neighbours, business, oob, {*hard, *outside_of(ctx, site.name)}, graph.relays)
    if path is None:
        return
    a, b = path[-2:]
    yield finding(
        "SEC009", f"{site.name}/out-of-band",
        Text(f"{path[0]} reaches {path[-1]} past every firewall: {way_text(path)}", f"{path[0]} 可不经防火墙到达 {path[-1]}：{way_text(path)}"),
        link_place(ctx, graph.links[min(a, b), max(a, b)][0]) or ctx.where(site, "name"),
        arithmetic="1 way without a firewall, 0 wanted",
        fix=Text(f"put a firewall between {a} and {b}, or record its access list in a waiver", f"在 {a} 与 {b} 之间部署防火墙，或以豁免登记其访问控制列表"),
    )  # fmt: skip


def _past(
    graph: Net, outside: Sequence[str], inside: frozenset[str], hard: frozenset[str], path: tuple[str, ...]
) -> list[tuple[str, str, str]]:
    """Links to cut until nothing outside leads inside, in the order found: (end, end, element). Of each way the
    first link that closes all ways by itself, else the first link."""
    left = {node: set(near) for node, near in graph.neighbours.items()}

    def way_left(without: tuple[str, str]) -> tuple[str, ...] | None:
        a, b = without
        left[a].discard(b)
        left[b].discard(a)
        return unguarded_path(left, outside, inside, hard, graph.relays)

    cut: list[tuple[str, str, str]] = []
    way: tuple[str, ...] | None = path
    while way is not None and len(cut) <= BYPASSES_SHOWN:
        chosen = way[0], way[1]
        for a, b in pairwise(way):
            closed = way_left((a, b)) is None
            left[a].add(b)
            left[b].add(a)
            if closed:
                chosen = a, b
                break
        way = way_left(chosen)
        a, b = chosen
        cut.append((a, b, graph.links.get((min(a, b), max(a, b)), ("",))[0]))
    return cut


# ---------------------------------------------------------------- single points


def _joined_sites(ctx: Context) -> list[m.Site]:
    """Sites with core switches and at least one of: exit routers, load balancers, DCI switches."""
    standing = list(ctx.inventory.existing_switches.values())
    core = {s.site for s in standing if s.role == "core"}
    ends = {s.site for s in standing if s.role in ("load-balancer", "dci")}
    return [s for s in centres(ctx) if s.name in core and (s.name in ends or outside_of(ctx, s.name))]


@check(
    "SEC005", severity=Severity.ERROR, over=_joined_sites, title=Text("Single point between exit and core", "出口至核心存在单点"),
    clause="GB/T 22239-2019 8.1.2.1 e",
)  # fmt: skip
def no_single_point(site: m.Site, ctx: Context) -> Iterator[Finding]:
    """No single device stands on every way from the core of a site to its exit, its load balancers or its
    interconnect: neither a router, firewall, core switch, load balancer nor DCI switch.

    Why it matters: what all ways share takes the site off the network when it fails or is serviced.
    How to fix: add the partner of the device named, and cable it to both neighbours.
    Source: GB/T 22239-2019 8.1.2.1 e (hardware redundancy of lines, key network and key computing devices).
    Failing: both exit routers cabled to the one firewall A-FW-1
    Passing: A-FW-1 and A-FW-2, each cabled to both routers and to the core
    """
    graph = net(ctx)
    own = {n for n, s in ctx.inventory.existing_switches.items() if s.site == site.name}
    own |= {
        d.name
        for d in ctx.inventory.site_devices.get(site.name, ())
        if d.role in ("border", "dci", "service")
    }
    own |= {d for g in waypoints(ctx) for d in g.devices if _at(ctx, d, site.name)}
    hub = f"hub/{site.name}"
    neighbours = {n: {x for x in graph.neighbours.get(n, ()) if x in own or x == hub} for n in (*own, hub)}
    roles = {n: ctx.inventory.existing_switches[n].role for n in own if n in ctx.inventory.existing_switches}
    ends = {
        "outside": outside_of(ctx, site.name),
        "load balancers": tuple(sorted(n for n, role in roles.items() if role == "load-balancer")),
        "other sites": tuple(sorted(n for n, role in roles.items() if role == "dci")),
    }
    single = {g.devices[0] for g in waypoints(ctx) if len(g.devices) == 1}
    told: dict[str, list[str]] = {}
    apart: list[str] = []
    for title, devices in ends.items():
        if not devices:
            continue
        neighbours[f"to/{title}"] = set(devices)
        passed = single_points(neighbours, f"to/{title}", hub, graph.relays)
        if passed is None:
            apart.append(title)
        for device in passed or ():
            if device not in single:  # SEC010 reports a waypoint of one device
                told.setdefault(device, []).append(title)
    for device, titles in sorted(told.items()):
        yield finding(
            "SEC005", device,
            Text(f"every way from the core of {site.name} to {', '.join(titles)} passes {device}",
                 f"{site.name} 核心至{'、'.join(ENDS_ZH[t] for t in titles)}的所有通路均经过 {device}"),
            device_place(ctx, device), arithmetic="1 device on every way, 2 wanted",
            fix=Text(f"add a partner of {device}, cabled to both sides of it", f"为 {device} 增配互备设备并双向连线"),
        )  # fmt: skip
    if apart:
        yield lacking(
            "SEC005", f"{site.name}/links",
            Text(f"no cable known from the core of {site.name} to {', '.join(apart)}", f"{site.name} 核心至{'、'.join(ENDS_ZH[t] for t in apart)}的连线未知"),
            ctx.where(site, "name"), Text("list their cables in existing_links", "在 existing_links 列出其连线"),
        )  # fmt: skip


def _at(ctx: Context, device: str, site: str) -> bool:
    known, standing = ctx.inventory.devices.get(device), ctx.inventory.existing_switches.get(device)
    return (known.site if known else standing.site if standing else None) == site


# ---------------------------------------------------------------- detection


@check(
    "SEC008", severity=Severity.WARNING, needs="inventory", title=Text("Border that nothing watches", "边界无检测"),
    over=lambda ctx: [g for g in waypoints(ctx) if g.kind == "firewall"], clause="GB/T 22239-2019 8.1.3.3",
)  # fmt: skip
def border_is_watched(guard: Guard, ctx: Context) -> Iterator[Finding]:
    """The traffic of every firewall is copied to a probe.

    Why it matters: an attack that the rules allow is seen by nobody.
    How to fix: `mirrors: [{name: fw-copies, probe: a-probe, of: [A-FW], gbps: 4}]`.
    Source: GB/T 22239-2019 8.1.3.3 a and b (detect attacks from outside and from inside at key nodes).
    Failing: firewall A-FW, and mirrors of other devices only
    Passing: a mirror whose `of` names A-FW or one of its devices
    """
    mirrors = ctx.inventory.mirrors.values()
    watched = {name for mirror in mirrors for name in mirror.of}
    if watched & {guard.name, *guard.devices}:
        return
    if not any(mirror.of for mirror in mirrors):
        yield lacking(
            "SEC008", guard.subject, Text("which traffic is copied to which probe is not stated", "未填写镜像流量与探针的对应关系"),
            ctx.where(guard.record, "name"), Text("list `mirrors` with `of`", "在 `mirrors` 填写 `of`"),
        )  # fmt: skip
        return
    yield finding(
        "SEC008", guard.subject, Text(f"no probe gets copies from {guard.name}", f"没有探针接收 {guard.name} 的镜像流量"),
        ctx.where(guard.record, "name"), arithmetic="0 mirrors, 1 wanted",
        fix=Text(f"add {guard.name} to `of` of a mirror", f"将 {guard.name} 加入某条镜像的 `of`"),
    )  # fmt: skip
