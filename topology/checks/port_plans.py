"""Port plans and surveys as the inventory states them (PRT001-PRT004)."""

from __future__ import annotations

from collections.abc import Iterator

from inventory.checks import Context, check, finding
from inventory.findings import Finding, Related, Severity, Text
from inventory.model import ExistingSwitch, OobSwitch, Pair, PortPlan
from topology.ports import PortUse, expand_ports, ports_for


def _switches(ctx: Context) -> list[Pair | OobSwitch]:
    return [*ctx.inventory.pairs.values(), *ctx.inventory.oob_switches.values()]


@check(
    "PRT001", severity=Severity.ERROR, needs="inventory", over=lambda ctx: ctx.inventory.port_plans.values(),
    title=Text("Port plan names ports that are not there", "端口规划含不存在的端口"), clause="the device type is what is bought",
)  # fmt: skip
def range_names_ports(plan: PortPlan, ctx: Context) -> Iterator[Finding]:
    """Every range of a port plan can be read and names ports of its device type.

    Why it matters: no link is planned on a port that is not there; the uplinks would be missing without a word.
    How to fix: take the port names from the device type, e.g. `10GE1/0/[1-40]`.
    Source: the device type in the catalogue.
    Failing: `uplink: "XGE1/0/[1-2]"` on a type whose ports are named 10GE1/0/1 and so on
    Passing: `uplink: "10GE1/0/[1-2]"`
    """
    known = ctx.inventory.catalog.device_types[plan.device_type].interface_by_name
    for use, text in plan.ranges.items():
        try:
            missing = [name for name in expand_ports(text) if name not in known]
            fault = f"{plan.device_type} has no {', '.join(missing[:4])}" if missing else ""
            zh = f"{plan.device_type} 没有端口 {', '.join(missing[:4])}"
        except ValueError as exc:
            fault, zh, missing = f"cannot be read: {exc}", f"无法读取：{exc}", []
        if not fault:
            continue
        sample = ", ".join([n for n in known if not known[n].mgmt_only][:4])
        yield finding(
            "PRT001", f"port_plans/{plan.name}/{use}",
            Text(f"range {use} ({text}): {fault}", f"范围 {use}（{text}）：{zh}"),
            ctx.where(plan, "ranges", use),
            fix=Text(f"ports of the type: {sample}…", f"该型号的端口：{sample}…"),
            arithmetic=f"{len(missing)} of {len(expand_ports(text))} ports do not exist" if missing else "",
        )  # fmt: skip


@check(
    "PRT002", severity=Severity.ERROR, needs="inventory", over=lambda ctx: ctx.inventory.port_plans.values(),
    title=Text("Port set aside twice", "端口被重复预留"), clause="engineering estimate: one port, one use",
)  # fmt: skip
def ranges_apart(plan: PortPlan, ctx: Context) -> Iterator[Finding]:
    """No port of a port plan is set aside for two uses.

    Why it matters: a server would be dealt a port that an uplink or a test already holds.
    How to fix: shorten one of the two ranges.
    Source: engineering estimate.
    Failing: `{server: "10GE1/0/[1-42]", growth: "10GE1/0/[41-44]"}`
    Passing: `{server: "10GE1/0/[1-40]", growth: "10GE1/0/[41-44]"}`
    """
    first: dict[str, PortUse] = {}
    for use in plan.ranges:
        shared: dict[PortUse, list[str]] = {}
        for port in ports_for(plan, use):
            other = first.setdefault(port, use)
            if other != use:
                shared.setdefault(other, []).append(port)
        for other, ports in shared.items():
            yield finding(
                "PRT002", f"port_plans/{plan.name}/{use}",
                Text(f"{', '.join(ports[:4])} also set aside for {other}", f"{', '.join(ports[:4])} 同时预留给 {other}"),
                ctx.where(plan, "ranges", use),
                fix=Text(f"take {len(ports)} ports out of {use} or {other}", f"从 {use} 或 {other} 中去掉 {len(ports)} 个端口"),
                arithmetic=f"{plan.ranges[use]} and {plan.ranges[other]} share {len(ports)} ports",
                related=[Related(ctx.where(plan, "ranges", other), f"{other}: {plan.ranges[other]}")],
            )  # fmt: skip


@check(
    "PRT003", severity=Severity.ERROR, needs="inventory", over=_switches,
    title=Text("Port plan of another device type", "端口规划与设备型号不符"), clause="the device type is what is bought",
)  # fmt: skip
def plan_is_for_the_type(record: Pair | OobSwitch, ctx: Context) -> Iterator[Finding]:
    """The port plan of a switch is written for its device type.

    Why it matters: port names and numbers differ from type to type; links would be planned on ports that are not there.
    How to fix: name a port plan of the same type, or write one.
    Source: the device type in the catalogue.
    Failing: `{name: A-ASW-01, device_type: access-25g-48s8q, port_plan: access-48-6}`
    Passing: `{name: A-ASW-01, device_type: access-10g-48s6q, port_plan: access-48-6}`
    """
    plan = ctx.inventory.port_plans[record.port_plan]
    if plan.device_type == record.device_type:
        return
    fitting = [p.name for p in ctx.inventory.port_plans.values() if p.device_type == record.device_type]
    yield finding(
        "PRT003", record.name,
        Text(f"{record.name} is a {record.device_type}, its port plan {plan.name} is for {plan.device_type}",
             f"{record.name} 型号为 {record.device_type}，端口规划 {plan.name} 适用于 {plan.device_type}"),
        ctx.where(record, "port_plan"),
        fix=Text(f"use {', '.join(fitting) or 'a new port plan for the type'}", f"改用 {', '.join(fitting) or '新的端口规划'}"),
        related=[Related(ctx.where(plan, "device_type"), f"{plan.name}: {plan.device_type}")],
    )  # fmt: skip


@check(
    "PRT004", severity=Severity.ERROR, needs="inventory", title=Text("Survey of free ports unreadable", "空闲端口调查结果有误"),
    clause="engineering estimate",
    over=lambda ctx: [s for s in ctx.inventory.existing_switches.values() if s.free_ports is not None],
)  # fmt: skip
def survey_is_readable(switch: ExistingSwitch, ctx: Context) -> Iterator[Finding]:
    """Free ports of a switch that stands already can be read, and each stands on one line card.

    Why it matters: a port listed twice would be promised twice on a switch that is in service.
    How to fix: correct the range, or remove the port from one of the cards.
    Source: engineering estimate.
    Failing: `free_ports: [{card: "1", ports: "40GE1/0/[1-4]"}, {card: "2", ports: "40GE1/0/4"}]`
    Passing: `free_ports: [{card: "1", ports: "40GE1/0/[1-4]"}, {card: "2", ports: "40GE2/0/[1-4]"}]`
    """
    first: dict[str, str] = {}
    for i, free in enumerate(switch.free_ports or ()):
        at = ctx.where(switch, "free_ports", i, "ports")
        try:
            names = expand_ports(free.ports)
        except ValueError as exc:
            yield finding(
                "PRT004", switch.name, Text(f"free ports cannot be read: {exc}", f"空闲端口无法读取：{exc}"), at,
                fix=Text("write ranges like 40GE1/0/[1-4]", "按 40GE1/0/[1-4] 的形式书写"),
            )  # fmt: skip
            continue
        twice = [n for n in names if first.setdefault(n, free.card) != free.card or names.count(n) > 1]
        if twice:
            yield finding(
                "PRT004", switch.name,
                Text(f"{', '.join(dict.fromkeys(twice))} listed twice", f"{', '.join(dict.fromkeys(twice))} 重复列出"), at,
                fix=Text("leave each port on one card", "每个端口只列在一块板卡下"),
            )  # fmt: skip
