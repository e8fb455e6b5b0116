"""Conditions of a drill about services: proved on one state, with a counter-example by name."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

from capacity.drill_model import Condition, Verdict
from capacity.drill_world import Ground, World
from capacity.survival_services import USABLE
from inventory import model as m
from inventory.findings import Position, Text, names_text
from inventory.model_drills import ConditionName, Must

Proof = Callable[[Ground, World, m.Scenario, Must], Iterator[Condition]]


def say(
    name: ConditionName, subject: str, verdict: Verdict, en: str, zh: str, *, arithmetic: str = "",
    at: Position | None = None, fix: tuple[str, str] | None = None,
) -> Condition:  # fmt: skip
    """One condition."""
    return Condition(name, subject, verdict, Text(en, zh), arithmetic, at, Text(*fix) if fix else None)


def homes(world: World, service: m.Service) -> tuple[str, ...]:
    """Sites of a service that the case left standing; all of its sites when the case is about none."""
    lost = {*world.case.struck, *world.case.cut_off}
    return tuple(s for s in service.sites if s not in lost)


def _best(per_site: Sequence[tuple[str, Condition]]) -> Condition:
    """The best verdict over the sites a service may run at."""
    order: tuple[Verdict, ...] = ("holds", "not evaluated", "violated")
    return min(per_site, key=lambda p: order.index(p[1].verdict))[1]


def _names(keys: Sequence[str], shown: int = 3) -> str:
    return names_text([k.partition("/")[2] for k in keys], shown)


def services(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """Services are up."""
    for service in ground.protected(must.services):
        subject = f"services/{service.name}"
        at = ground.inventory.where(service)
        if not any(ground.members(service.name, s) for s in service.sites):
            yield say("services", subject, "not evaluated", "no placed device carries it", "没有已安排机位的设备承载",
                      at=at, fix=("name the service in fleets[].service", "在 fleets[].service 中指明"))  # fmt: skip
        elif service.name in world.services:
            live = [s for s in service.sites if world.serves(service.name, s)]
            yield say(
                "services", subject, "holds", f"serves at {', '.join(live)}", f"在 {'、'.join(live)} 提供服务"
            )
        else:
            en, zh = _why_down(ground, world, service)
            yield say("services", subject, "violated", f"down: {en}", f"不可用：{zh}", at=at)


def _why_down(ground: Ground, world: World, service: m.Service) -> tuple[str, str]:
    """What it lacks at each site, in words."""
    if service.name not in ground.normal.services:
        return "not up even without any failure", "即使无故障也不可用"
    told = world.state.reasons.get(service.name, ())
    return "; ".join(t.en for t in told), "；".join(t.zh for t in told)


def instance(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """Each service has an instance or standby with reached devices where nothing was struck."""
    for service in _asked(ground, world, must):
        subject, at = f"services/{service.name}", ground.inventory.where(service, "sites")
        elsewhere = homes(world, service)
        if not elsewhere:
            where = ", ".join(service.sites)
            yield say("instance", subject, "violated", f"lives at {where} only: no instance or standby elsewhere",
                      f"仅部署在 {where}，其他站点没有实例或备用", at=at,
                      fix=("add a site to services[].sites and a fleet there", "在其他站点增加实例与设备"))  # fmt: skip
            continue
        yield _best([(s, _instance_at(ground, world, service, s)) for s in elsewhere])


def _asked(ground: Ground, world: World, must: Must) -> list[m.Service]:
    """The services a condition is about: those named, the one a single-product case takes, else all protected."""
    if must.services or world.case.name not in ground.inventory.services:
        return ground.protected(must.services)
    return [ground.inventory.services[world.case.name]]


def _instance_at(ground: Ground, world: World, service: m.Service, site: str) -> Condition:
    subject, at = f"services/{service.name}@{site}", ground.inventory.where(service)
    members = list(ground.members(service.name, site))
    live = [k for k in members if k in world.reached]
    if not members:
        return say("instance", subject, "violated", f"no placed device at {site} carries it", f"{site} 没有已安排机位的设备承载", at=at,
                   fix=(f"name {service.name} in the service of a fleet at {site}", f"在 {site} 的 fleets[].service 中指明 {service.name}"))  # fmt: skip
    if not live:
        dark = [k for k in members if k not in world.up]
        why = (
            (f"{len(dark)} without power", f"{len(dark)} 台断电")
            if dark
            else ("no path from the users", "用户路径中断")
        )
        return say("instance", subject, "violated", f"none of {len(members)} devices at {site} is reached ({why[0]}): {_names(members)}",
                   f"{site} 的 {len(members)} 台设备均不可达（{why[1]}）：{_names(members)}", at=at)  # fmt: skip
    if not world.serves(service.name, site):
        told = ground.lacks(world, service.name, site)
        return say(
            "instance",
            subject,
            "violated",
            f"does not serve: {'; '.join(t.en for t in told)}",
            f"不能提供服务：{'；'.join(t.zh for t in told)}",
            at=at,
        )
    return say("instance", subject, "holds", f"{len(live)} of {len(members)} devices at {site} powered and reached",
               f"{site} {len(members)} 台设备中 {len(live)} 台有电且可达", arithmetic=f"{len(live)} >= 1")  # fmt: skip


def dependencies(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """Whatever a service depends on, directly or not, serves at its surviving site or at one joined to it."""
    for service in _asked(ground, world, must):
        needed = ground.needs(service.name)
        if not needed:
            yield say(
                "dependencies",
                f"services/{service.name}",
                "holds",
                "depends on no other service",
                "不依赖其他服务",
            )
        elif elsewhere := homes(world, service):
            yield _best([(s, _dependencies_at(ground, world, service, needed, s)) for s in elsewhere])


def _dependencies_at(
    ground: Ground, world: World, service: m.Service, needed: Sequence[str], site: str
) -> Condition:
    subject, at = f"services/{service.name}@{site}", ground.inventory.where(service, "depends_on")
    joined = next((g for g in world.who.groups if site in g), ())
    missing, unlisted = [], []
    for name in needed:
        other = ground.inventory.services[name]
        if not any(ground.members(name, s) for s in other.sites):
            unlisted.append(name)
            continue
        places = [site] if ground.members(name, site) else [s for s in joined if s in other.sites]
        if not any(world.serves(name, s) for s in places):
            missing.append(name)
    if missing:
        return say("dependencies", subject, "violated", f"needs {', '.join(missing)}, which does not serve {site}",
                   f"依赖 {'、'.join(missing)}，其在 {site} 不提供服务", at=at)  # fmt: skip
    if unlisted:
        return say("dependencies", subject, "not evaluated", f"no placed device carries {', '.join(unlisted)}",
                   f"没有设备承载 {'、'.join(unlisted)}", at=at)  # fmt: skip
    return say(
        "dependencies",
        subject,
        "holds",
        f"{', '.join(needed)} serve {site}",
        f"{'、'.join(needed)} 在 {site} 可用",
    )


def path(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """Users reach a device of each service at a surviving site; the way is told hop by hop."""
    ways: dict[str, Mapping[str, str | None]] = {}
    for service in _asked(ground, world, must):
        found: list[tuple[str, Condition]] = []
        for site in homes(world, service):
            ways.setdefault(site, _ways(ground, world, site))
            subject = f"services/{service.name}@{site}"
            live = [k for k in ground.members(service.name, site) if k in world.reached and k in ways[site]]
            if live:
                hops = " > ".join(_hops(ways[site], live[0]))
                found.append((site, say("path", subject, "holds", hops, hops)))
            else:
                edges = [
                    n
                    for n, d in ground.layers.logical.nodes(data=True)
                    if d.get("edge") and d.get("site") == site
                ]
                up = [n for n in sorted(edges) if n in world.up]
                en = f"no way from the edge of {site} ({_names(sorted(edges)) or 'none stated'}; {len(up)} up) to any device of it"
                zh = f"{site} 出口（{_names(sorted(edges)) or '未填写'}；{len(up)} 台可用）到其设备没有通路"
                found.append(
                    (site, say("path", subject, "violated", en, zh, at=ground.inventory.where(service)))
                )
        if found:
            yield _best(found)
    lost = {*world.case.struck, *world.case.cut_off}
    for site in dict.fromkeys(s for service in _asked(ground, world, must) for s in homes(world, service)):
        if site not in lost:
            yield from _guards(ground, world, site)


GUARDS = {"firewall": Text("firewall", "防火墙"), "load-balancer": Text("load balancer", "负载均衡")}
"""What stands between users and services, by role of a switch that stands already."""


def _guards(ground: Ground, world: World, site: str) -> Iterator[Condition]:
    """At a surviving site a firewall and a load balancer are still reached."""
    inventory, nodes = ground.inventory, ground.layers.logical.nodes
    for role, title in GUARDS.items():
        keys = {f"device/{s.name}" for s in inventory.existing_switches.values() if s.role == role}
        for point in inventory.waypoints.values():
            if point.kind == role:
                keys |= {f"device/{d}" for d in point.devices}
                keys |= {f"device/{d.name}" for d in inventory.devices.values() if d.owner in point.fleets}
        here = sorted(k for k in keys if k in nodes and nodes[k].get("site") == site)
        live = [k for k in here if k in world.reached]
        subject, at = f"{role} at {site}", inventory.where(inventory.sites[site])
        if not here:
            yield say("path", subject, "not evaluated", f"no {title.en} is listed: the way over it is not proved", f"未列出{title.zh}，经过其的路径未证明",
                      at=at, fix=(f"list it under existing_switches with role: {role}", f"在 existing_switches 中以 role: {role} 列出"))  # fmt: skip
        elif live:
            yield say("path", subject, "holds", f"{_names(live)} reached", f"{_names(live)} 可达")
        else:
            yield say(
                "path",
                subject,
                "violated",
                f"none is reached: {_names(here)}",
                f"均不可达：{_names(here)}",
                at=at,
            )


def _ways(ground: Ground, world: World, site: str) -> Mapping[str, str | None]:
    """For each device in reach the one before it on a shortest way from the edge of a site, over cables that
    carry traffic; neighbours by name."""
    nodes, carrying = ground.layers.logical.nodes, ground.network(world).carrying
    here = [n for n in sorted(carrying) if nodes[n].get("site") == site]
    before: dict[str, str | None] = {n: None for n in here if nodes[n].get("edge")}
    front = deque(before)
    while front:
        node = front.popleft()
        if not nodes[node].get("forwards"):
            continue
        for other in sorted(carrying.neighbors(node)):
            if other not in before and nodes[other].get("site") == site:
                before[other] = node
                front.append(other)
    return before


def _hops(ways: Mapping[str, str | None], node: str) -> list[str]:
    out: list[str] = []
    current: str | None = node
    while current is not None:
        if not current.startswith("hub/"):
            out.append(current.partition("/")[2])
        current = ways[current]
    return out[::-1]


def capacity(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """What is left carries the critical share of each demand at no more than the highest use allowed."""
    for service in _asked(ground, world, must):
        demand, subject = service.demand, f"services/{service.name}"
        if demand is None:
            yield say("capacity", subject, "not evaluated", "its demand is not stated", "未填写需求 demand",
                      at=ground.inventory.where(service), fix=("write services[].demand", "补充 services[].demand"))  # fmt: skip
            continue
        parameter = USABLE.get(demand.measure)
        usable = ground.inventory.policy.number(parameter) if parameter else 1.0
        elsewhere = homes(world, service)
        sums = {
            s: sum(w for k, w in ground.members(service.name, s).items() if k in world.reached)
            for s in elsewhere
        }
        together = service.mode == "active-active"
        have = sum(sums.values()) if together else max(sums.values(), default=0.0)
        need = demand.amount * demand.critical_share
        text = f"{have:g} {demand.measure} x {usable:g} = {have * usable:g} {'>=' if have * usable >= need else '<'} "
        text += f"{demand.amount:g} x {demand.critical_share:g} = {need:g}"
        where = ", ".join(elsewhere) or "-"
        if have * usable + 1e-9 >= need:
            yield say(
                "capacity",
                subject,
                "holds",
                f"{where} carries the critical demand",
                f"{where} 可承载关键需求",
                arithmetic=text,
            )
        else:
            short = need / usable - have
            yield say("capacity", subject, "violated", f"{where} lacks {short:.6g} {demand.measure}", f"{where} 缺 {short:.6g} {demand.measure}",
                      arithmetic=text, at=ground.inventory.where(service, "demand"),
                      fix=(f"add {short:.6g} {demand.measure} there, or lower critical_share", f"增加 {short:.6g} {demand.measure}，或降低 critical_share"))  # fmt: skip


INFRASTRUCTURE = {
    "dns": Text("name service (DNS)", "域名服务（DNS）"),
    "ntp": Text("time service (NTP)", "时钟服务（NTP）"),
    "licen": Text("licence service", "授权服务"),
    "cert": Text("certificate service", "证书服务"),
}
"""Parts of service names that tell what every other service silently needs."""


def infrastructure(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """Name, time, licence and certificate services, known by their names, serve at a surviving site."""
    for word, title in INFRASTRUCTURE.items():
        found = [s for s in ground.inventory.services.values() if word in s.name]
        if not found:
            yield say("infrastructure", f"services/{word}*", "not evaluated", f"no {title.en} is declared (none has {word} in its name)", f"未声明{title.zh}（名称含 {word}）",
                      at=ground.inventory.where(scenario), fix=("declare it under services, with its fleet", "在 services 中声明并指明设备"))  # fmt: skip
        for service in found:
            live = [s for s in homes(world, service) if world.serves(service.name, s)]
            at = ground.inventory.where(service)
            yield say("infrastructure", f"services/{service.name}", "holds" if live else "violated",
                      f"serves at {', '.join(live)}" if live else "serves at no surviving site",
                      f"在 {'、'.join(live)} 提供服务" if live else "在存活站点均不可用", at=at)  # fmt: skip


def others(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """Every other protected service that was up stays up."""
    taken = world.case.name or scenario.service
    rest = [
        s for s in ground.protected(must.services) if s.name != taken and s.name in ground.normal.services
    ]
    down = [s for s in rest if s.name not in world.services]
    for service in down:
        en, zh = _why_down(ground, world, service)
        yield say("others", f"services/{service.name}", "violated", f"goes down with {taken}: {en}", f"随 {taken} 一同不可用：{zh}",
                  at=ground.inventory.where(service))  # fmt: skip
    if not down:
        names = names_text([s.name for s in rest], 10)
        yield say(
            "others",
            taken or "services",
            "holds",
            f"{len(rest)} other services stay up: {names}",
            f"其余 {len(rest)} 项服务不受影响：{names}",
        )


PROOFS: dict[ConditionName, Proof] = {
    "services": services,
    "instance": instance,
    "dependencies": dependencies,
    "path": path,
    "capacity": capacity,
    "infrastructure": infrastructure,
    "others": others,
}
"""Conditions of this module by name."""
