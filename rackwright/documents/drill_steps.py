"""The steps of a drill in their order: who does what, what must be seen then, when to stop."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from capacity.drill_model import Case, Drill
from capacity.drill_rto import moving, schedule
from capacity.drill_times import EXIT_STAGE, resync_h
from capacity.drill_world import Ground
from inventory import model as m
from inventory.findings import Text
from rackwright.documents.drill_injection import alarm, inject, observe
from rackwright.documents.drill_step import (
    APPLICATION,
    DATABASE,
    DIRECTOR,
    NETWORK,
    PLATFORM,
    RECORDER,
    ROOM,
    SUPERVISOR,
    Phase,
    Step,
    minutes,
)

DRILLED_CASES = 3
"""Cases of a drill with many that are carried out; the others are proved and listed."""


def steps(on: Ground, drill: Drill) -> tuple[Step, ...]:
    """All steps of a drill, in order."""
    scenario = drill.scenario
    striking = (
        on.inventory.scenarios[scenario.of] if scenario.kind == "exercise" and scenario.of else scenario
    )
    out = list(_prepare(on, scenario))
    if scenario.kind != "failback":
        cases = drilled(drill)
        names = _moving(on, striking, cases)
        for case in cases:
            world = on.world(case)
            out += inject(on, striking, case, world)
            out += alarm(on, striking, case, drill)
            if names and case is cases[-1]:
                out += _switch(on, striking, names, drill)
            out.append(observe(on, world))
            out += _restore(on, striking, case, last=case is cases[-1])
    else:
        names = _moving(on, on.inventory.scenarios[scenario.of or ""], ())
    if scenario.kind in ("failback", "exercise") and names:
        out += _return(on, scenario, names)
    elif names and scenario.kind != "failback":
        out += _referred(on, scenario)
    return (*out, *_close(on))


def drilled(drill: Drill) -> tuple[Case, ...]:
    """The cases that are carried out: all of a few, else those with violated conditions first."""
    bad = {c.case for c in drill.conditions if c.verdict == "violated"}
    ordered = sorted(drill.cases, key=lambda c: c.name not in bad)
    return tuple(ordered[:DRILLED_CASES]) if len(ordered) > DRILLED_CASES else drill.cases


def _moving(on: Ground, scenario: m.Scenario, cases: Sequence[Case]) -> tuple[str, ...]:
    if scenario.kind not in ("power-loss", "island", "single-product", "custom"):
        return ()
    lost = {s for s in (scenario.site, *(x for c in cases for x in (*c.struck, *c.cut_off))) if s}
    names = moving(on.inventory, lost)
    if scenario.kind == "single-product":
        named = {c.name for c in cases} | ({scenario.service} if scenario.service else set())
        names = tuple(n for n in names if n in named)
    return names


# ---------------------------------------------------------------- before


def _prepare(on: Ground, scenario: m.Scenario) -> Iterator[Step]:
    policy, inventory = on.inventory.policy, on.inventory
    each = minutes(on, "drill.step_min")
    approval = scenario.approval
    yield Step(
        "prepare", DIRECTOR, Text("Hold the signed approval against this run-sheet.", "核对书面批准与本执行表。"),
        Text(f"{approval.document}, signed by {approval.by}, {approval.date}", f"{approval.document}，{approval.by}，{approval.date}")
        if approval else Text("A signed approval is on the table; none is recorded in the inventory yet.", "现场有已签署的批准文件；项目数据中尚无记录。"),
        each, Text("No signed approval.", "没有已签署的批准。"), hold=True,
    )  # fmt: skip
    window = policy.text("drill.window")
    limit = scenario.window_min
    share = policy.number("drill.decision_share")
    decide = (
        Text(
            f"; nothing new is begun after minute {limit * share:g} of {limit:g}",
            f"；{limit:g} 分钟窗口的第 {limit * share:g} 分钟后不再开始新步骤",
        )
        if limit
        else Text("; how long it lasts is not stated (window_min)", "；窗口时长未填写（window_min）")
    )
    yield Step("prepare", SUPERVISOR, Text("Confirm the change window.", "确认变更窗口。"),
               Text(f"{window}{decide.en}", f"{window.replace('not on the days 25 to 3 of a month', '每月25日至次月3日除外')}{decide.zh}"),
               each, Text("Outside the window.", "不在窗口内。"))  # fmt: skip
    clock = policy.number("drill.clock_ms")
    yield Step("prepare", RECORDER, Text("Compare the clocks of all posts and of the monitoring (chronyc tracking).", "核对各岗位与监控系统时钟（chronyc tracking）。"),
               Text(f"Offset at most {clock:g} ms everywhere; recording has begun.", f"偏差均不大于 {clock:g} ms；已开始记录。"), each)  # fmt: skip
    for room, servers, switches in rooms(on):
        count = servers + switches
        yield Step(
            "prepare", ROOM, Text(f"Room {room}: check every device of the pre-check list.", f"机房 {room}：按预检清单逐台检查。"),
            Text(f"{servers} servers and appliances, {switches} switches: both supplies present where there are two, no alarm, no red light.",
                 f"服务器与设备 {servers} 台、交换机 {switches} 台：双电源在位，无告警、无红灯。"),
            max(each, math.ceil(count * minutes(on, "drill.device_check_min"))),
            Text("A device of a protected service is down or in alarm.", "受保护服务的设备宕机或告警。"),
        )  # fmt: skip
    kinds = {k: sum(c.kind == k for c in on.plan.cables) for k in ("access", "uplink", "peer-link")}
    links = ", ".join(inventory.site_links) or "-"
    yield Step("prepare", NETWORK, Text("Check the links of the platform and between the sites.", "检查平台链路与站点间链路。"),
               Text(f"{kinds['access']} access, {kinds['uplink']} uplinks, {kinds['peer-link']} peer-links up, no new errors; between the sites: {links}.",
                    f"接入 {kinds['access']} 条、上联 {kinds['uplink']} 条、互联 {kinds['peer-link']} 条均为 up，无新增误码；站点间：{links}。"),
               each, Text("A redundant link is down.", "冗余链路中断。"))  # fmt: skip
    for service in on.protected():
        if service.mode != "primary-standby":
            continue
        goal = (
            Text(f"lag at most {service.rpo_s:g} s", f"延迟不大于 {service.rpo_s:g} 秒")
            if service.rpo_s is not None
            else Text("lag is written down (no rpo_s is stated)", "记录延迟（未填写 rpo_s）")
        )
        yield Step("prepare", DATABASE, Text(f"{service.title.en}: read the state of replication; finish a backup.", f"{service.title.zh}：查看复制状态并完成备份。"),
                   Text(f"Replication runs, {goal.en}; the backup can be read.", f"复制正常，{goal.zh}；备份可读。"), each,
                   Text("Replication stands still or lags more.", "复制停止或延迟超标。"))  # fmt: skip
    names = ", ".join(s.name for s in on.protected())
    yield Step("prepare", APPLICATION, Text("Probe every protected service from a user's desk.", "从用户侧逐项探测受保护服务。"),
               Text(f"All answer: {names}.", f"全部正常：{names}。"), each, Text("One does not answer.", "任一不正常。"))  # fmt: skip
    yield Step("prepare", DIRECTOR, Text("Read out the abort criteria; ask every post; say go.", "宣读中止条件，逐岗询问，下达开始命令。"),
               Text("Every post answers go.", "各岗位均答复可以开始。"), each, Text("One post says no.", "任一岗位答复不可。"), hold=True)  # fmt: skip


def rooms(on: Ground) -> list[tuple[str, int, int]]:
    """(room, servers and appliances, switches) of every room with devices to be checked, existing switches too."""
    counts: dict[str, list[int]] = {}
    for placed in on.plan.devices:
        rack = on.inventory.racks.get(placed.rack or "")
        device = on.inventory.devices.get(placed.name)
        if rack and device:
            counts.setdefault(rack.room, [0, 0])[device.kind == "switch"] += 1
    for switch in on.inventory.existing_switches.values():
        if switch.room:
            counts.setdefault(switch.room, [0, 0])[1] += 1
    return [(room, counts[room][0], counts[room][1]) for room in sorted(counts)]


# ---------------------------------------------------------------- switch-over and back


def _switch(on: Ground, scenario: m.Scenario, names: Sequence[str], drill: Drill) -> Iterator[Step]:
    """Decision, then every stage when it is due, services side by side; a probe when the last stage of a service ends."""
    each = minutes(on, "drill.step_min")
    detect_s, decide_s = scenario.detect_s, scenario.decide_s
    decide = (
        Text(f"Decided within {decide_s:g} s.", f"{decide_s:g} 秒内作出决定。")
        if decide_s is not None
        else Text(
            "The time of the decision is taken (decide_s is not stated).", "记录决策时间（未填写 decide_s）。"
        )
    )
    known = detect_s is not None and decide_s is not None
    span = (detect_s or 0.0, (detect_s or 0.0) + (decide_s or 0.0)) if known else None
    yield Step("switch", DIRECTOR, Text("Decide on the switch-over and order it.", "决定并下令切换。"), decide,
               (decide_s or 0.0) / 60 if known else each, hold=True, span_s=span)  # fmt: skip
    times = {r.service: r for r in drill.recoveries}
    due: list[tuple[float, Step]] = []
    for name in names:
        service, found = on.inventory.services[name], times.get(name)
        sure = found is not None and not found.unknown
        spans = {leg.stage: (leg.start_s, leg.end_s) for leg in found.stages} if found and sure else {}
        for stage in schedule(service).stages:
            when = spans.get(stage.name)
            due.append((when[0] if when else float("inf"), _stage(on, service, stage, "switch", when)))
        told = Text("time is taken; the model cannot predict it", "记录时间；模型无法预计")
        end = found.total_s if found else None
        if found and end is not None:
            target, target_zh = (
                ("no target is stated", "未填写目标")
                if found.target_s is None
                else (f"target {found.target_s:g} s", f"目标 {found.target_s:g} 秒")
            )
            told = Text(
                f"within {end:g} s of the failure ({target})", f"自故障起 {end:g} 秒内（{target_zh}）"
            )
        due.append((float("inf") if end is None else end, Step(
            "switch", APPLICATION, Text(f"Probe {service.title.en} under its usual name; take the time.", f"以原访问域名探测{service.title.zh}，记录时间。"),
            Text(f"It answers and data is complete: {told.en}.", f"响应正常、数据完整：{told.zh}。"), 0.0 if end is not None else each,
            Text("It does not answer, or data is missing.", "不响应，或数据缺失。"), span_s=None if end is None else (end, end),
        )))  # fmt: skip
    yield from (step for _, step in sorted(due, key=lambda item: item[0]))


def _stage(
    on: Ground, service: m.Service, stage: m.Stage, phase: Phase, span_s: tuple[float, float] | None = None
) -> Step:
    """One stage of a switch-over, or of the way back."""
    who = NETWORK if stage.name == EXIT_STAGE else DATABASE if service.mode == "primary-standby" else PLATFORM
    undo, undo_zh = ("take back: ", "逆向执行：") if phase == "return" else ("", "")
    known = stage.duration_s is not None
    told = (
        Text(f"Done within {stage.duration_s:g} s.", f"{stage.duration_s:g} 秒内完成。")
        if known
        else Text("Time is taken (not stated yet).", "记录时间（尚未填写）。")
    )
    if span_s is not None:
        told = Text(
            f"Begun {span_s[0]:g} s, done {span_s[1]:g} s after the failure.",
            f"故障后 {span_s[0]:g} 秒开始，{span_s[1]:g} 秒完成。",
        )
    planned = (stage.duration_s or 0.0) / 60 if known else minutes(on, "drill.step_min")
    return Step(phase, who, Text(f"{service.title.en}: {undo}{stage.title.en}.", f"{service.title.zh}：{undo_zh}{stage.title.zh}。"), told, planned,
                Text("The step fails.", "步骤失败。"), hold=stage.manual, span_s=span_s)  # fmt: skip


def _restore(on: Ground, scenario: m.Scenario, case: Case, *, last: bool) -> Iterator[Step]:
    """What was taken away comes back; after the last case the rooms are checked as before the drill."""
    each, policy = minutes(on, "drill.step_min"), on.inventory.policy
    if scenario.kind in ("power-loss", "power-side"):
        group, gap = policy.number("drill.start_group"), policy.number("drill.start_gap_s")
        yield Step("restore", ROOM, Text(f"Close what was opened in reverse; unlock the generators; start at most {group:g} servers of a rack at a time, {gap:g} s apart.",
                                         f"按逆序合闸，解除柴发锁定；每机柜每批至多启动 {group:g} 台，间隔 {gap:g} 秒。"),
                   Text("Every device is back; no breaker opened.", "设备全部恢复，无跳闸。"), minutes(on, "drill.observe_min"), Text("A breaker opens.", "开关跳闸。"))  # fmt: skip
    else:
        what = f" {case.name}" if case.name else ""
        sides = scenario.kind in ("island", "split-brain")
        yield Step("restore", NETWORK if sides else PLATFORM,
                   Text(f"Put back{what} what was taken away, in reverse.", f"按逆序恢复{what}被停用的对象。"),
                   Text("Everything is up; the side that came back does not write before it is told to.", "全部恢复；恢复的一侧在获令前不写入。") if sides
                   else Text("Everything is up; copies of data are whole again.", "全部恢复；数据副本补齐。"), each,
                   Text("The side that came back writes.", "恢复的一侧自行写入。") if sides else Text("It does not come back.", "未能恢复。"))  # fmt: skip
    if not last:
        return
    for room, servers, switches in rooms(on):
        yield Step("restore", ROOM, Text(f"Room {room}: check every device again, as before the drill.", f"机房 {room}：按预检清单复查。"),
                   Text(f"{servers + switches} of {servers + switches} without alarm.", f"{servers + switches} 台全部无告警。"),
                   max(each, math.ceil((servers + switches) * minutes(on, "drill.device_check_min"))))  # fmt: skip


def _return(on: Ground, scenario: m.Scenario, names: Sequence[str]) -> Iterator[Step]:
    each = minutes(on, "drill.step_min")
    back = scenario
    if scenario.kind == "exercise":
        back = next(
            (s for s in on.inventory.scenarios.values() if s.kind == "failback" and s.of == scenario.of),
            scenario,
        )
    hours = resync_h(on, back)
    told = (
        Text(f"Copied back in about {hours:.1f} h.", f"约 {hours:.1f} 小时完成回传。")
        if hours is not None
        else Text("The time is taken; volume or bandwidth is not stated.", "记录时间；数据量或带宽未填写。")
    )
    yield Step(
        "return",
        DATABASE,
        Text("Copy back what was written meanwhile.", "回传期间写入的数据。"),
        told,
        round(hours * 60, 0) if hours is not None else each,
    )
    lags = "; ".join(
        f"{s.name} {s.rpo_s:g} s" if s.rpo_s is not None else f"{s.name} ?"
        for s in (on.inventory.services[n] for n in names)
        if s.mode == "primary-standby"
    )
    yield Step("return", DIRECTOR, Text("Compare the data of both sides; allow the change of roles.", "核对两侧数据，批准角色切换。"),
               Text(f"Lag at most: {lags or '-'}; counts and checksums agree.", f"延迟不大于：{lags or '-'}；数量与校验一致。"), each,
               Text("Lag above its limit or data differs: roles stay.", "延迟超标或数据不一致：保持现有角色。"), hold=True)  # fmt: skip
    for name in reversed(names):
        service = on.inventory.services[name]
        for stage in reversed(schedule(service).stages):
            yield _stage(on, service, stage, "return")
        yield Step("return", APPLICATION, Text(f"Probe {service.title.en} under its usual name.", f"以原访问域名探测{service.title.zh}。"),
                   Text("It answers from its usual site; data is complete.", "由原站点响应，数据完整。"), each, Text("It does not answer.", "不响应。"))  # fmt: skip


def _referred(on: Ground, scenario: m.Scenario) -> Iterator[Step]:
    """Where services stay switched over until the failback of its own run-sheet."""
    back = next(
        (s.name for s in on.inventory.scenarios.values() if s.kind == "failback" and s.of == scenario.name),
        None,
    )
    told = (
        Text(f"Continue with run-sheet {back}.", f"转入执行表 {back}。")
        if back
        else Text(
            "No failback is declared for this scenario: declare one first.",
            "尚未声明本场景的切回：请先声明。",
        )
    )
    yield Step(
        "return",
        DIRECTOR,
        Text("Decide when to go back.", "决定切回时间。"),
        told,
        minutes(on, "drill.step_min"),
        hold=True,
    )


def _close(on: Ground) -> Iterator[Step]:
    each = minutes(on, "drill.step_min")
    yield Step("close", RECORDER, Text("Complete the record form; list issues as severe, ordinary or advice.", "填写记录表，问题按严重、一般、建议分类。"),
               Text("Every step has an observed value or the word not run.", "每一步均有实测值或“未执行”。"), each)  # fmt: skip
    yield Step("close", DIRECTOR, Text("Hold the observed times against the targets; sign; report.", "将实测时间与目标对照，签字并出具报告。"),
               Text("Signed by buyer, supplier and supervisor.", "采购人、中标方、监理签字。"), each)  # fmt: skip
