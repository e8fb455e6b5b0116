"""Links between the sites, and services that live at both (RED020-RED024, RED030-RED032)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from inventory import model as m
from inventory.checks import Context, check, finding, lacking
from inventory.findings import Finding, Related, Severity, Text

SHARED_RISKS = ("carrier", "conduit", "entry_a", "entry_b", "equipment", "power_side")
"""Fields in which two links of one pair of sites must differ. Source: engineering estimate (DCI paths)."""

SitePair = tuple[str, str]


def site_pairs(ctx: Context) -> list[SitePair]:
    """Pairs of data centres that have to be joined: by a link, or by a service that lives at both."""
    role = {name: site.role for name, site in ctx.inventory.sites.items()}
    pairs = {(min(k.a, k.b), max(k.a, k.b)) for k in ctx.inventory.site_links.values() if k.a != k.b}
    for service in ctx.inventory.services.values():
        if service.mode != "single":
            pairs |= set(itertools.combinations(sorted(set(service.sites)), 2))
    return sorted(p for p in pairs if "witness" not in (role[p[0]], role[p[1]]))


def links_of(ctx: Context, pair: SitePair) -> list[m.SiteLink]:
    """Links that join the two sites, in the order written."""
    return [k for k in ctx.inventory.site_links.values() if {k.a, k.b} == set(pair)]


def _paths_min(ctx: Context) -> int:
    return int(ctx.inventory.policy.number("dr.dci_paths"))


@check(
    "RED020", severity=Severity.ERROR, needs="inventory", over=site_pairs,
    title=Text("Too few links between the sites", "站点间链路不足"), clause="policy: dr.dci_paths",
)  # fmt: skip
def enough_site_links(pair: SitePair, ctx: Context) -> Iterator[Finding]:
    """Two data centres that serve one platform are joined by at least `dr.dci_paths` links.

    Why it matters: with one link a digger decides that both sites are alone.
    How to fix: order a second path, of another carrier.
    Source: engineering estimate (two disjoint paths).
    Failing: one entry under `site_links` between A and B
    Passing: two entries, disjoint (RED021)
    """
    links, least = links_of(ctx, pair), _paths_min(ctx)
    if len(links) < least:
        place = ctx.where(links[0]) if links else ctx.where(ctx.inventory.sites[pair[0]])
        yield finding(
            "RED020", "-".join(pair),
            Text(f"{len(links)} link(s) between {pair[0]} and {pair[1]}, {least} wanted", f"{pair[0]} 与 {pair[1]} 间链路 {len(links)} 条，至少 {least} 条"),
            place, arithmetic=f"{len(links)} < {ctx.inventory.policy.cite('dr.dci_paths')}",
            fix=Text(f"add {least - len(links)}", f"增加 {least - len(links)} 条"),
        )  # fmt: skip


def compared(one: m.SiteLink, two: m.SiteLink) -> tuple[list[str], list[str]]:
    """Fields two links share, and fields that are unknown for one of them. Entries are compared site by site."""
    turned = one.a != two.a
    shared, unknown = [], []
    for field in SHARED_RISKS:
        other = {"entry_a": "entry_b", "entry_b": "entry_a"}.get(field, field) if turned else field
        mine, theirs = getattr(one, field), getattr(two, other)
        if mine is None or theirs is None:
            unknown.append(field)
        elif mine == theirs:
            shared.append(field)
    if one.via is not None and one.via == two.via:
        shared.append("via")
    return shared, unknown


def _best(links: Sequence[m.SiteLink], size: int) -> tuple[m.SiteLink, ...]:
    """The `size` links that share least and of which most is known."""

    def cost(chosen: tuple[m.SiteLink, ...]) -> tuple[int, int]:
        both = [compared(x, y) for x, y in itertools.combinations(chosen, 2)]
        return sum(len(s) for s, _ in both), sum(len(u) for _, u in both)

    return min(itertools.combinations(links, size), key=cost)


@check(
    "RED021", severity=Severity.ERROR, needs="inventory",
    over=lambda ctx: [p for p in site_pairs(ctx) if len(links_of(ctx, p)) >= _paths_min(ctx)],
    title=Text("Links between the sites share a risk", "站点间链路存在共同风险"), clause="engineering estimate",
)  # fmt: skip
def site_links_disjoint(pair: SitePair, ctx: Context) -> Iterator[Finding]:
    """Among the links of two sites there are `dr.dci_paths` that share no carrier, conduit, building entry,
    equipment, power side or place on the way.

    Why it matters: two links in one duct are one link; the map of the carrier shows it, the invoice does not.
    How to fix: have the carrier move one of them; write the facts down as they are confirmed.
    Source: engineering estimate; TIA-942 asks for entrances of two carriers 20 m apart.
    Failing: `{name: dci-1, conduit: north}` and `{name: dci-2, conduit: north}`
    Passing: `{name: dci-1, conduit: north}` and `{name: dci-2, conduit: south}`
    """
    chosen = _best(links_of(ctx, pair), _paths_min(ctx))
    for one, two in itertools.combinations(chosen, 2):
        shared, unknown = compared(one, two)
        subject = f"{one.name}+{two.name}"
        for field in shared:
            theirs = (
                {"entry_a": "entry_b", "entry_b": "entry_a"}.get(field, field) if one.a != two.a else field
            )
            value = getattr(two, theirs)
            yield finding(
                "RED021", subject,
                Text(f"both have {field} {value}", f"两条链路的 {field} 均为 {value}"),
                ctx.where(two, theirs), fix=Text(f"choose another {theirs} for {two.name}", f"为 {two.name} 另选 {theirs}"),
                related=[Related(ctx.where(one, field), f"{one.name}: {field} {value}")],
            )  # fmt: skip
        if unknown:
            blank = one if any(getattr(one, f) is None for f in unknown) else two
            yield lacking(
                "RED021", subject,
                Text(f"not known whether they differ in {', '.join(unknown)}", f"尚不清楚两者在 {'、'.join(unknown)} 上是否不同"),
                ctx.where(blank), Text("ask the carrier and the operators of both sites", "向运营商与两端机房索取"),
            )  # fmt: skip


def _between_centres(ctx: Context) -> list[m.SiteLink]:
    pairs = {frozenset(p) for p in site_pairs(ctx)}
    return [k for k in ctx.inventory.site_links.values() if frozenset((k.a, k.b)) in pairs]


@check(
    "RED022", severity=Severity.ERROR, needs="inventory", over=_between_centres,
    title=Text("Site link too small", "站点间链路带宽不足"), clause="policy: dr.dci_headroom",
)  # fmt: skip
def link_carries_peak(link: m.SiteLink, ctx: Context) -> Iterator[Finding]:
    """Each path alone carries the peak of replication and cross-site traffic with the headroom.

    Why it matters: when one path fails the other has to carry everything at once, resynchronisation included.
    How to fix: more bandwidth, or less replication at peak. `peak_gbps` is the whole traffic between the sites.
    Source: engineering estimate: 1.3 x peak, so that in normal state each path runs below 38 %.
    Failing: `{bandwidth_gbps: 10, peak_gbps: 8}`: 1.3 x 8 = 10.4 > 10
    Passing: `{bandwidth_gbps: 10, peak_gbps: 7}`: 1.3 x 7 = 9.1 <= 10
    """
    if link.bandwidth_gbps is None or link.peak_gbps is None:
        field = "bandwidth_gbps" if link.bandwidth_gbps is None else "peak_gbps"
        open_fields = [f for f in ("bandwidth_gbps", "peak_gbps") if getattr(link, f) is None]
        yield lacking(
            "RED022", link.name, Text(f"{' and '.join(open_fields)} not stated", f"{'、'.join(open_fields)} 未填写"),
            ctx.where(link, field), Text("state both in Gbit/s", "以 Gbit/s 填写"),
        )  # fmt: skip
        return
    factor = ctx.inventory.policy.number("dr.dci_headroom")
    wanted = factor * link.peak_gbps
    if wanted > link.bandwidth_gbps + 1e-9:
        yield finding(
            "RED022", link.name,
            Text(f"{link.bandwidth_gbps:g} Gbit/s cannot carry a peak of {link.peak_gbps:g} Gbit/s alone",
                 f"{link.bandwidth_gbps:g} Gbit/s 无法独立承载 {link.peak_gbps:g} Gbit/s 峰值"),
            ctx.where(link, "bandwidth_gbps"),
            arithmetic=f"{factor:g} x {link.peak_gbps:g} = {wanted:g} > {link.bandwidth_gbps:g} Gbit/s; {ctx.inventory.policy.cite('dr.dci_headroom')}",
            fix=Text(f"{wanted:g} Gbit/s or more", f"不低于 {wanted:g} Gbit/s"),
        )  # fmt: skip


def _may_copy_synchronously(ctx: Context) -> list[m.Service]:
    """Services without data loss, and those that write at both sites and state no RPO."""
    services = ctx.inventory.services.values()
    return [s for s in services if s.rpo_s == 0 or (s.rpo_s is None and s.mode == "active-active")]


def _synchronous(ctx: Context) -> list[m.SiteLink]:
    sync = [s for s in _may_copy_synchronously(ctx) if s.mode != "single"]
    return [k for k in _between_centres(ctx) if any({k.a, k.b} <= set(s.sites) for s in sync)]


@check(
    "RED023", severity=Severity.ERROR, needs="inventory", over=_synchronous,
    title=Text("Route too long for synchronous copies", "线路过长，不能同步复制"), clause="policy: dr.rtt_ms_max",
)  # fmt: skip
def route_short_enough(link: m.SiteLink, ctx: Context) -> Iterator[Finding]:
    """Every path that a service without data loss (rpo_s 0) may use has a round trip within `dr.rtt_ms_max`.

    Why it matters: each write waits for the other site; on the longer path the database slows down on the day
    the shorter one is cut.
    How to fix: a shorter route, or an RPO above zero for the service.
    Source: speed of light in fibre (0.0049 ms per km one way); limits are an engineering estimate.
    Failing: `route_km: 200`: 2 x 200 x 0.0049 + 0.2 = 2.16 ms > 2 ms
    Passing: `route_km: 80`: 2 x 80 x 0.0049 + 0.2 = 0.98 ms
    """
    policy = ctx.inventory.policy
    mine = [s for s in _may_copy_synchronously(ctx) if {link.a, link.b} <= set(s.sites)]
    sure = [s for s in mine if s.rpo_s == 0]
    if link.route_km is None:
        if not sure:
            return
        yield lacking(
            "RED023", link.name, Text("route_km not stated", "route_km 未填写"), ctx.where(link, "route_km"),
            Text("ask the carrier for the fibre length of the route", "向运营商索取光缆路由长度"),
        )  # fmt: skip
        return
    rtt = 2 * link.route_km * policy.number("dr.ms_per_km") + policy.number("dr.equipment_ms")
    longest, slowest = policy.number("dr.sync_km_max"), policy.number("dr.rtt_ms_max")
    sums = f"2 x {link.route_km:g} km x {policy.number('dr.ms_per_km'):g} ms + {policy.number('dr.equipment_ms'):g} ms = {rtt:.2f} ms"
    if rtt > slowest or link.route_km > longest:
        limit = (
            f"{sums} > {policy.cite('dr.rtt_ms_max')}"
            if rtt > slowest
            else f"{link.route_km:g} km > {policy.cite('dr.sync_km_max')}"
        )
        names = ", ".join(s.name for s in sure or mine)
        if not sure:
            yield lacking(
                "RED023", link.name,
                Text(f"{link.route_km:g} km is too far for synchronous copies; rpo_s of {names} is not stated",
                     f"{link.route_km:g} km 超出同步距离；{names} 的 rpo_s 未填写"),
                ctx.where(link, "route_km"), Text("state rpo_s of these services", "填写这些业务的 rpo_s"),
            )  # fmt: skip
            return
        yield finding(
            "RED023", link.name,
            Text(f"{link.route_km:g} km is too far for {names}", f"{link.route_km:g} km 超出 {names} 的同步距离"),
            ctx.where(link, "route_km"), arithmetic=limit,
            fix=Text("use a shorter route, or accept an RPO above zero", "改用较短路由，或接受大于零的 RPO"),
        )  # fmt: skip


@check(
    "RED024", severity=Severity.ERROR, needs="inventory", over=lambda ctx: ctx.inventory.site_links.values(),
    title=Text("Site link not encrypted", "站点间链路未加密"), clause="GB/T 22239-2019 8.1.2.2",
)  # fmt: skip
def link_encrypted(link: m.SiteLink, ctx: Context) -> Iterator[Finding]:
    """Links between sites protect integrity and confidentiality.

    Why it matters: fibre outside the building can be read and altered by whoever opens a manhole.
    How to fix: MACsec or IPsec with approved algorithms on every path, the spare one included.
    Source: GB/T 22239-2019 8.1.2.2 a and b (integrity and confidentiality in transmission).
    Failing: `{name: dci-1, encrypted: false}`
    Passing: `{name: dci-1, encrypted: true}`
    """
    if link.encrypted is None:
        yield lacking(
            "RED024", link.name, Text("encrypted not stated", "encrypted 未填写"), ctx.where(link, "encrypted"),
            Text("state whether the link is encrypted", "填写链路是否加密"),
        )  # fmt: skip
    elif not link.encrypted:
        yield finding(
            "RED024", link.name,
            Text(f"{link.name} between {link.a} and {link.b} is not encrypted", f"{link.a} 与 {link.b} 间的 {link.name} 未加密"),
            ctx.where(link, "encrypted"), fix=Text("encrypt it", "启用加密"),
        )  # fmt: skip


def _survivors(ctx: Context) -> list[m.Service]:
    """Services that must survive the loss of a site."""
    return [s for s in ctx.inventory.services.values() if s.protected]


def _centres(ctx: Context, service: m.Service) -> list[str]:
    return [s for s in dict.fromkeys(service.sites) if ctx.inventory.sites[s].role != "witness"]


def _at_one_site(ctx: Context, service: m.Service) -> bool:
    return service.protected and service.mode != "single" and len(_centres(ctx, service)) < 2


@check(
    "RED030", severity=Severity.ERROR, needs="inventory", over=_survivors,
    title=Text("Protected service at one site only", "受保护业务仅在一个站点"), clause="GB/T 20988 level 5 and 6",
)  # fmt: skip
def service_at_both_sites(service: m.Service, ctx: Context) -> Iterator[Finding]:
    """A protected service is not `single`, names two data centres and has devices at each it names.

    Why it matters: a standby that is drawn but not bought is found on the day of the disaster.
    How to fix: buy devices for the missing site, or declare the service `mode: single` with `protected: false` and
    say who accepts it.
    Source: GB/T 20988 level 5 and 6 (the failure of one centre does not stop the business).
    Failing: `{name: ecs, mode: active-active, sites: [A, B]}` with fleets of this service at A only
    Passing: the same with a fleet at B
    """
    sites = _centres(ctx, service)
    subject = f"services/{service.name}"
    if service.mode == "single":
        yield finding(
            "RED030", subject, Text("mode single, although it is protected", "模式为 single，却要求受保护"),
            ctx.where(service, "mode"),
            fix=Text("write active-active or primary-standby, or protected: false", "改为 active-active 或 primary-standby，或设 protected: false"),
        )  # fmt: skip
        return
    if len(sites) < 2:
        yield finding(
            "RED030", subject,
            Text(f"mode {service.mode} at {len(sites)} data centre(s): {', '.join(sites)}", f"模式 {service.mode}，仅 {len(sites)} 个数据中心：{'、'.join(sites)}"),
            ctx.where(service, "sites"), arithmetic=f"{len(sites)} < 2",
            fix=Text("name both sites, or mode: single with protected: false", "填写两个站点，或设 mode: single 且 protected: false"),
        )  # fmt: skip
        return
    fleets = [f for f in ctx.inventory.fleets.values() if f.service == service.name and f.count]
    if not fleets:
        yield lacking(
            "RED030", subject,
            Text("no fleet carries it; what stands already is not listed", "没有设备组承载该业务；既有实例未列出"),
            ctx.where(service), Text("write `service` on the fleets that carry it", "在承载设备组填写 `service`"),
        )  # fmt: skip
        return
    missing = [s for s in sites if s not in {f.site for f in fleets}]
    homeless = [f for f in fleets if f.site is None]
    if missing and homeless:
        yield lacking(
            "RED030", subject,
            Text(f"site of {', '.join(f.name for f in homeless)} is not stated", f"{'、'.join(f.name for f in homeless)} 的站点未填写"),
            ctx.where(homeless[0], "site"), Text("state the site", "填写站点"),
        )  # fmt: skip
    elif missing:
        yield finding(
            "RED030", subject,
            Text(f"no device of {service.name} at {', '.join(missing)}", f"{'、'.join(missing)} 没有 {service.name} 的设备"),
            ctx.where(service, "sites"), arithmetic="; ".join(f"{f.name}: {f.count} at {f.site}" for f in fleets),
            fix=Text(f"add a fleet at {missing[0]}", f"在 {missing[0]} 增加设备组"),
            related=[Related(ctx.where(f, "site"), f"{f.name} at {f.site}") for f in fleets[:5]],
        )  # fmt: skip


def _cycles(ctx: Context) -> list[list[str]]:
    """Dependency cycles, each once, from its first service in name order."""
    services = ctx.inventory.services
    found: list[list[str]] = []
    seen: set[frozenset[str]] = set()
    done: set[str] = set()
    for start in sorted(services):
        path: list[str] = []
        stack: list[tuple[str, int]] = [(start, 0)]
        while stack:
            name, depth = stack.pop()
            del path[depth:]
            if name in path:
                cycle = path[path.index(name) :]
                if frozenset(cycle) not in seen:
                    seen.add(frozenset(cycle))
                    turn = cycle.index(min(cycle))
                    found.append([*cycle[turn:], *cycle[:turn]])
                continue
            if name in done or name not in services:
                continue
            path.append(name)
            stack.extend((d, depth + 1) for d in reversed(services[name].depends_on))
        done.update(_reached(ctx, start))
    return found


def _reached(ctx: Context, start: str) -> set[str]:
    seen, ahead = {start}, [start]
    while ahead:
        for name in ctx.inventory.services[ahead.pop()].depends_on:
            if name not in seen:
                seen.add(name)
                ahead.append(name)
    return seen


@check(
    "RED031", severity=Severity.ERROR, needs="inventory", over=lambda ctx: ctx.inventory.services.values(),
    title=Text("Services depend on each other in a circle", "业务循环依赖"), clause="engineering estimate",
)  # fmt: skip
def no_dependency_cycle(service: m.Service, ctx: Context) -> Iterator[Finding]:
    """No service depends on itself, directly or through others.

    Why it matters: after a full power loss none of the circle can start first.
    How to fix: remove the dependency that is needed in normal running only, not to start.
    Source: engineering estimate (order of recovery).
    Failing: `a: depends_on: [b]` and `b: depends_on: [a]`
    Passing: `a: depends_on: [b]` and `b: depends_on: []`
    """
    cycles: list[list[str]] = ctx.memo("redundancy.cycles", lambda: _cycles(ctx))
    for cycle in cycles:
        if cycle[0] != service.name:
            continue
        after = [*cycle[1:], cycle[0]]
        records = [ctx.inventory.services[name] for name in cycle]
        yield finding(
            "RED031", f"services/{service.name}",
            Text(" -> ".join([*cycle, cycle[0]]), " -> ".join([*cycle, cycle[0]])),
            ctx.where(records[0], "depends_on", records[0].depends_on.index(after[0])),
            arithmetic=f"{len(cycle)} service(s) in the circle",
            fix=Text("remove one of these dependencies", "去掉其中一个依赖"),
            related=[
                Related(ctx.where(r, "depends_on", r.depends_on.index(n)), f"{r.name} depends on {n}")
                for r, n in zip(records[1:], after[1:], strict=True)
            ],
        )  # fmt: skip


@check(
    "RED032", severity=Severity.ERROR, needs="inventory", over=_survivors, unless=("RED030",),
    title=Text("Dependency missing at a site", "依赖业务在站点缺失"), clause="GB/T 20988 level 5 and 6",
)  # fmt: skip
def dependencies_at_each_site(service: m.Service, ctx: Context) -> Iterator[Finding]:
    """Whatever a protected service depends on, directly or further down, lives at each of its sites.

    Why it matters: the database at B is healthy and useless when the storage it needs was only at A.
    How to fix: bring the dependency to the site, or take the site out of the service.
    Source: GB/T 20988 (all of the service is recovered, not a part).
    Failing: `{name: rdb, sites: [A, B], depends_on: [block]}` and `{name: block, sites: [A]}`
    Passing: `{name: block, sites: [A, B]}`
    """
    services, seen = ctx.inventory.services, {service.name}
    ahead = [(name, i) for i, name in reversed(list(enumerate(service.depends_on)))]
    while ahead:
        name, index = ahead.pop()
        if name in seen:
            continue
        seen.add(name)
        needed = services[name]
        if _at_one_site(ctx, needed):
            continue  # reported as RED030 where it is wrong
        missing = [s for s in _centres(ctx, service) if s not in needed.sites]
        if missing:
            yield finding(
                "RED032", f"services/{service.name}",
                Text(f"{name} is needed and not at {', '.join(missing)}", f"所依赖的 {name} 不在 {'、'.join(missing)}"),
                ctx.where(service, "depends_on", index), arithmetic=f"{service.name}: {', '.join(service.sites)}; {name}: {', '.join(needed.sites)}",
                fix=Text(f"run {name} at {missing[0]}, or drop the dependency", f"在 {missing[0]} 部署 {name}，或去掉依赖"),
                related=[Related(ctx.where(needed, "sites"), f"sites of {name}")],
            )  # fmt: skip
        if not (needed.protected and needed.mode != "single"):
            ahead.extend((n, index) for n in reversed(needed.depends_on))
