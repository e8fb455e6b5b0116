"""Conditions of a drill about time, order and papers: recovery, withdrawal of an exit, copying back, approval."""

from __future__ import annotations

from collections.abc import Iterator

from capacity.drill_conditions import Proof, say
from capacity.drill_model import Condition
from capacity.drill_rto import moving, recoveries, schedule
from capacity.drill_world import Ground, World
from inventory import model as m
from inventory.findings import names_text
from inventory.model_drills import ConditionName, Must


def rto(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """Predicted recovery time of every service that moves, within its target."""
    chosen = _moving(ground, world, must)
    for found in recoveries(ground.inventory, scenario, chosen):
        subject, at = (
            f"services/{found.service}",
            ground.inventory.where(ground.inventory.services[found.service]),
        )
        target = must.limit or found.target_s
        if found.unknown:
            told, place = found.unknown[0]
            more = f" (+{len(found.unknown) - 1})" if len(found.unknown) > 1 else ""
            yield say(
                "rto",
                subject,
                "not evaluated",
                f"{told.en}{more}",
                f"{told.zh}{more}",
                arithmetic=found.arithmetic,
                at=place,
            )
        elif target is None:
            yield say("rto", subject, "not evaluated", f"predicted {found.total_s:g} s; no target rto_s is stated", f"预计 {found.total_s:g} 秒；未填写目标 rto_s",
                      arithmetic=found.arithmetic, at=at, fix=("write services[].rto_s", "填写 services[].rto_s"))  # fmt: skip
        elif (found.total_s or 0.0) > target:
            yield say("rto", subject, "violated", f"predicted {found.total_s:g} s, target {target:g} s", f"预计 {found.total_s:g} 秒，目标 {target:g} 秒",
                      arithmetic=found.arithmetic, at=ground.inventory.where(ground.inventory.services[found.service], "rto_s"))  # fmt: skip
        else:
            yield say(
                "rto",
                subject,
                "holds",
                f"predicted {found.total_s:g} s, target {target:g} s",
                f"预计 {found.total_s:g} 秒，目标 {target:g} 秒",
                arithmetic=found.arithmetic,
            )
    if not chosen and ground.protected(must.services):
        yield say("rto", "services", "holds", "no protected service has to move", "没有服务需要切换")


def _moving(ground: Ground, world: World, must: Must) -> tuple[str, ...]:
    names = moving(ground.inventory, {*world.case.struck, *world.case.cut_off})
    if world.case.name in ground.inventory.services:  # one product alone
        names = tuple(n for n in names if n == world.case.name)
    return tuple(n for n in names if not must.services or n in must.services)


EXIT_STAGE = "withdraw-exit"
"""Name of the switch-over stage that takes the routes or names of the losing side away from users."""


def exit_withdrawn(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """Each service at both sides has a stage `withdraw-exit` that ends within its recovery time."""
    sites = set(world.case.struck)
    for service in ground.protected(must.services):
        if len(sites & set(service.sites)) < 2:
            continue
        subject = f"services/{service.name}"
        at = ground.inventory.where(service)
        n = next((i for i, s in enumerate(service.switchover) if s.name == EXIT_STAGE), None)
        if n is None:
            yield say("exit-withdrawn", subject, "not evaluated", f"no stage {EXIT_STAGE} is stated", f"未填写步骤 {EXIT_STAGE}", at=at,
                      fix=(f"add a stage {EXIT_STAGE} (route or GSLB) to services[].switchover", f"在 switchover 中增加 {EXIT_STAGE} 步骤"))  # fmt: skip
            continue
        only = service.model_copy(
            update={"switchover": _before(service, service.switchover[n]), "depends_on": ()}
        )
        inventory = ground.inventory
        found = recoveries(inventory, scenario, [service.name], {service.name: only})[0]
        if found.unknown or found.target_s is None:
            told = found.unknown[0][0] if found.unknown else None
            yield say("exit-withdrawn", subject, "not evaluated", told.en if told else "no target rto_s is stated", told.zh if told else "未填写目标 rto_s",
                      arithmetic=found.arithmetic, at=found.unknown[0][1] if found.unknown else at)  # fmt: skip
        else:
            good = (found.total_s or 0.0) <= found.target_s
            yield say("exit-withdrawn", subject, "holds" if good else "violated", "withdrawn in time" if good else "withdrawn too late",
                      "按时撤销" if good else "撤销超时", arithmetic=found.arithmetic, at=at)  # fmt: skip


def _before(service: m.Service, last: m.Stage) -> tuple[m.Stage, ...]:
    """A stage and all that must be done before it, in the order written."""
    wanted, front = {last.name}, [last]
    by_name = {s.name: s for s in service.switchover}
    while front:
        for name in front.pop().after:
            if name in by_name and name not in wanted:
                wanted.add(name)
                front.append(by_name[name])
    return tuple(s for s in service.switchover if s.name in wanted)


def resync(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """Time to copy back what was written meanwhile, over the narrowest link alone: TB x 8000 / (Gb/s x share x 3600)."""
    inventory = ground.inventory
    share = inventory.policy.number("dr.resync_share")
    links = [
        k
        for k in inventory.site_links.values()
        if all(inventory.sites[s].role != "witness" for s in (k.a, k.b))
    ]
    lacking = [k for k in links if k.bandwidth_gbps is None]
    if scenario.resync_tb is None:
        yield say("resync", "data to copy back", "not evaluated", "resync_tb is not stated", "未填写 resync_tb", at=inventory.where(scenario),
                  fix=("write scenarios[].resync_tb: what is written while the other site is away", "填写 resync_tb：站点缺席期间写入的数据量"))  # fmt: skip
    if lacking or not links:
        at = inventory.where(lacking[0]) if lacking else inventory.where(scenario)
        yield say("resync", "site_links", "not evaluated", f"bandwidth_gbps of {', '.join(k.name for k in lacking) or 'any link'} is not stated",
                  f"未填写 {'、'.join(k.name for k in lacking) or '链路'} 的 bandwidth_gbps", at=at,
                  fix=("write site_links[].bandwidth_gbps", "填写 site_links[].bandwidth_gbps"))  # fmt: skip
    hours = resync_h(ground, scenario)
    if hours is None:
        return
    gbps = min(k.bandwidth_gbps or 0.0 for k in links)
    text = f"{scenario.resync_tb:g} TB x 8000 / ({gbps:g} Gb/s x {share:g} x 3600) = {hours:.2f} h"
    if scenario.window_min is not None and hours * 60 > scenario.window_min:
        yield say("resync", "data to copy back", "violated", f"takes longer than the window of {scenario.window_min:g} min", f"超过窗口 {scenario.window_min:g} 分钟",
                  arithmetic=f"{text} > {scenario.window_min / 60:g} h", at=inventory.where(scenario, "window_min"),
                  fix=("start copying before the window, or widen the link", "窗口前开始回传，或扩容链路"))  # fmt: skip
    else:
        yield say(
            "resync",
            "data to copy back",
            "holds",
            "copied back before roles change",
            "切换角色前完成回传",
            arithmetic=text,
        )


def resync_h(ground: Ground, scenario: m.Scenario) -> float | None:
    """Hours to copy back; None while volume or a bandwidth is unknown."""
    inventory = ground.inventory
    links = [
        k
        for k in inventory.site_links.values()
        if all(inventory.sites[s].role != "witness" for s in (k.a, k.b))
    ]
    if scenario.resync_tb is None or not links or any(k.bandwidth_gbps is None for k in links):
        return None
    gbps = min(k.bandwidth_gbps or 0.0 for k in links)
    return scenario.resync_tb * 8000 / (gbps * inventory.policy.number("dr.resync_share") * 3600)


def order(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """The stages of every service that moved have an order, so that it can be walked backwards."""
    inner = ground.inventory.scenarios[scenario.of] if scenario.of else scenario
    lost = {s for s in (inner.site, *inner.sites[:1]) if s}
    names = moving(ground.inventory, lost)
    for name in (n for n in names if not must.services or n in must.services):
        service = ground.inventory.services[name]
        subject, found = f"services/{name}", schedule(service)
        at = ground.inventory.where(service, "switchover")
        if not service.switchover:
            yield say(
                "order",
                subject,
                "not evaluated",
                "no stage of its switch-over is stated",
                "未填写切换步骤 switchover",
                at=ground.inventory.where(service),
            )
        elif found.circle:
            yield say(
                "order",
                subject,
                "violated",
                f"stages wait for each other: {' -> '.join(found.circle)}",
                f"步骤相互等待：{' -> '.join(found.circle)}",
                at=at,
            )
        elif found.strangers:
            stage, missing = found.strangers[0]
            yield say(
                "order",
                subject,
                "violated",
                f"stage {stage} comes after {missing}, which is no stage of it",
                f"步骤 {stage} 的前置 {missing} 不存在",
                at=at,
            )
        else:
            text = " > ".join(s.name for s in reversed(found.stages))
            yield say("order", subject, "holds", f"back in reverse: {text}", f"逆序切回：{text}")
    if not names:
        yield say("order", "services", "not evaluated", "no protected service moves in the scenario it returns from", "所返回的场景中没有服务切换",
                  at=ground.inventory.where(scenario))  # fmt: skip


def approval(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """The real drill has a signed approval."""
    subject = f"scenarios/{scenario.name}"
    if scenario.approval is None:
        yield say("approval", subject, "not evaluated", "no approval is recorded yet", "尚无批准记录", at=ground.inventory.where(scenario),
                  fix=("write scenarios[].approval: document, by, date", "填写 approval：文件、批准人、日期"))  # fmt: skip
    else:
        a = scenario.approval
        yield say(
            "approval", subject, "holds", f"{a.document}, {a.by}, {a.date}", f"{a.document}，{a.by}，{a.date}"
        )


def devices(ground: Ground, world: World, scenario: m.Scenario, must: Must) -> Iterator[Condition]:
    """Every device of the data centres can be found and checked before the drill: it has a rack."""
    racks = {d.name: d.rack for d in ground.plan.devices}
    for site, found in ground.inventory.site_devices.items():
        bare = [d.name for d in found if racks.get(d.name) is None]
        if bare:
            yield say("devices", f"sites/{site}", "not evaluated", f"{len(bare)} of {len(found)} devices have no place yet: {names_text(bare, 4)}",
                      f"{len(found)} 台中 {len(bare)} 台尚无机位：{names_text(bare, 4)}", at=ground.inventory.where(ground.inventory.sites[site]))  # fmt: skip
        else:
            yield say(
                "devices",
                f"sites/{site}",
                "holds",
                f"{len(found)} devices have a place",
                f"{len(found)} 台设备均有机位",
            )


PROOFS: dict[ConditionName, Proof] = {
    "rto": rto,
    "exit-withdrawn": exit_withdrawn,
    "resync": resync,
    "order": order,
    "approval": approval,
    "devices": devices,
}
"""Conditions of this module by name."""
