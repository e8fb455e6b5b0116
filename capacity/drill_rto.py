"""Predicted recovery times: detection, decision, and the longest chain of switch-over stages, stages named."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from capacity.drill_model import Leg, Recovery
from inventory import model as m
from inventory.findings import Position, Text
from inventory.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Schedule:
    """The stages of one service in an order that can be walked, or why there is none: `circle` are stages that
    wait for each other, `strangers` (stage, name it waits for) names that are no stage of the service."""

    stages: tuple[m.Stage, ...]
    circle: tuple[str, ...] = ()
    strangers: tuple[tuple[str, str], ...] = ()


def schedule(service: m.Service) -> Schedule:
    """Stages so that each comes after those it waits for, otherwise as written."""
    names = {s.name for s in service.switchover}
    strangers = tuple((s.name, a) for s in service.switchover for a in s.after if a not in names)
    waiting, done, out = list(service.switchover), set[str](), list[m.Stage]()
    while waiting:
        ready = next((s for s in waiting if all(a in done or a not in names for a in s.after)), None)
        if ready is None:
            return Schedule(tuple(out), tuple(s.name for s in waiting), strangers)
        waiting.remove(ready)
        done.add(ready.name)
        out.append(ready)
    return Schedule(tuple(out), (), strangers)


def moving(inventory: Inventory, lost: Collection[str]) -> tuple[str, ...]:
    """Protected services whose users or roles move when the sites `lost` are gone, dependencies before what needs
    them: those with an instance there, but for a primary-standby whose primary (its first site) stays."""
    hit = {
        s.name
        for s in inventory.services.values()
        if s.protected and (s.sites[:1] if s.mode == "primary-standby" else s.sites) and _hit(s, lost)
    }
    return tuple(n for n in dependency_order(inventory) if n in hit)


def _hit(service: m.Service, lost: Collection[str]) -> bool:
    if service.mode == "primary-standby":
        return bool(service.sites) and service.sites[0] in lost
    return any(site in lost for site in service.sites)


def dependency_order(inventory: Inventory) -> tuple[str, ...]:
    """All services, each after those it depends on, otherwise as written; circles are broken where met."""
    out: dict[str, None] = {}
    for root in inventory.services:
        stack: list[tuple[str, bool]] = [(root, False)]
        open_: set[str] = set()
        while stack:
            name, ready = stack.pop()
            if ready:
                out.setdefault(name)
            elif name not in out and name not in open_:
                open_.add(name)
                stack.append((name, True))
                stack += [(d, False) for d in reversed(inventory.services[name].depends_on)]
    return tuple(out)


def recoveries(
    inventory: Inventory,
    scenario: m.Scenario,
    services: Sequence[str],
    instead: Mapping[str, m.Service] | None = None,
) -> tuple[Recovery, ...]:
    """Recovery time of each of the `services` that move, given dependencies first. A service starts its stages
    when those it depends on have finished theirs; a service without stages has an unknown time, not none.
    `instead` replaces records by name."""
    done: dict[str, Recovery] = {}
    for name in services:
        done[name] = _recovery(
            inventory, scenario, (instead or {}).get(name) or inventory.services[name], done
        )
    return tuple(done.values())


def _recovery(
    inventory: Inventory, scenario: m.Scenario, service: m.Service, done: Mapping[str, Recovery]
) -> Recovery:
    unknown: list[tuple[Text, Position]] = []
    for field, zh in (("detect_s", "发现时间"), ("decide_s", "决策时间")):
        if getattr(scenario, field) is None:
            unknown.append((Text(f"scenario {scenario.name}: {field} is not stated", f"场景 {scenario.name} 未填写{zh} {field}"),
                            inventory.where(scenario, field)))  # fmt: skip
    start_s = (scenario.detect_s or 0.0) + (scenario.decide_s or 0.0)
    before: tuple[Leg, ...] = ()
    for name in service.depends_on:
        needed = done.get(name)
        if needed is None:
            continue
        unknown += [u for u in needed.unknown if u not in unknown]
        if needed.total_s is not None and needed.legs and needed.legs[-1].end_s > start_s:
            start_s, before = needed.legs[-1].end_s, needed.legs
    order = schedule(service)
    if not service.switchover:
        unknown.append((Text(f"{service.name}: no stage of its switch-over is stated", f"{service.name} 未填写切换步骤 switchover"),
                        inventory.where(service)))  # fmt: skip
    if order.circle:
        names = ", ".join(order.circle)
        unknown.append((Text(f"{service.name}: stages wait for each other: {names}", f"{service.name} 的步骤相互等待：{names}"),
                        inventory.where(service, "switchover")))  # fmt: skip
    for i, stage in enumerate(service.switchover):
        if stage.duration_s is None:
            unknown.append((
                Text(f"{service.name}: duration of stage {stage.name} is not stated", f"{service.name} 的步骤 {stage.name} 未填写时长"),
                inventory.where(service, "switchover", i, "duration_s"),
            ))  # fmt: skip
    ends = _timeline(service.name, order.stages, start_s)
    legs = max(ends.values(), key=lambda chain: chain[-1].end_s, default=())
    total = None if unknown else (legs[-1].end_s if legs else start_s)
    return Recovery(service.name, scenario.detect_s, scenario.decide_s, (*before, *legs), total, service.rto_s,
                    tuple(unknown), tuple(chain[-1] for chain in ends.values()))  # fmt: skip


def _timeline(service: str, stages: Sequence[m.Stage], start_s: float) -> dict[str, tuple[Leg, ...]]:
    """For each stage the chain of stages that makes it end when it does; of equals the one written first. Unknown
    durations count 0 here: the caller says that they are unknown."""
    ends: dict[str, tuple[Leg, ...]] = {}
    for stage in stages:
        last = max((ends[a] for a in stage.after if a in ends), key=lambda legs: legs[-1].end_s, default=())
        begin = last[-1].end_s if last else start_s
        title = Text(stage.title.en, stage.title.zh)
        leg = Leg(service, stage.name, title, begin, begin + (stage.duration_s or 0.0), stage.manual)
        ends[stage.name] = (*last, leg)
    return ends
