"""The run-sheet of a drill: what the model expects, approvals, pre-checks, steps in order, abort and rollback."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from capacity.drill_model import CONDITION_TITLES, KIND_TITLES, ORDER, Drill, Recovery, Verdict
from capacity.drill_world import Ground
from inventory.fields import Title
from inventory.findings import Text, names_text
from rackwright.documents.drill_step import PHASES, Step
from rackwright.documents.drill_steps import drilled
from rackwright.documents.word import HOLD, LIGHT, Language, facts, new_document, table, to_bytes

if TYPE_CHECKING:
    from docx.document import Document

VERDICTS: dict[Verdict, Text] = {
    "violated": Text("violated", "不满足"),
    "not evaluated": Text("not evaluated", "未评估"),
    "holds": Text("holds", "满足"),
}
EXPECTED = Text(
    "Everything here is expected: proved on the model of the plan. What is observed stands in the record form.",
    "本表内容均为模型推演的预期，不代表实测；实测结果填写于演练记录表。",
)
ABORT = (
    Text("Danger for people: stop at once, the room operator decides alone.", "危及人身：立即停止，由机房值班员直接决定。"),
    Text("A service outside the scenario fails.", "场景以外的服务受影响。"),
    Text("Two sides write the same data.", "两侧同时写入同一数据。"),
    Text("The decision point of the window has passed and a step is not done.", "超过窗口决策点仍有步骤未完成。"),
    Text("The link to the director is lost.", "与总指挥失去联系。"),
)  # fmt: skip
ROLES = (
    Text("Buyer", "采购人"),
    Text("Supplier", "中标方"),
    Text("Supervisor", "监理"),
)


def said(text: Text | Title, language: Language) -> str:
    """The text in one language."""
    return text.zh if language == "zh" else text.en


def opened(
    on: Ground, drill: Drill, title: str, rule: Text, language: Language, created: datetime
) -> Document:
    """A paper of a drill with its heading and the rule it is read by."""
    project = on.inventory.project
    document = new_document(
        title, said(project.title, language), f"{project.name} / {drill.scenario.name}", created
    )
    document.add_heading(title, level=0)
    document.add_paragraph(said(rule, language))
    return document


def run_sheet(
    on: Ground, drill: Drill, steps: Sequence[Step], language: Language, day: str | None, created: datetime
) -> bytes:
    """The run-sheet as a Word file: the same input gives the same bytes. `day` (ISO date) is when it is meant to be
    carried out; without one the field is left blank."""

    def tr(en: str, zh: str) -> str:
        return zh if language == "zh" else en

    scenario = drill.scenario
    title = tr(f"Run-sheet: {scenario.title.en}", f"容灾演练执行表：{scenario.title.zh}")
    document = opened(on, drill, title, EXPECTED, language, created)
    counts = ", ".join(f"{said(VERDICTS[v], language)} {drill.count(v)}" for v in ORDER)
    facts(document, [
        (tr("Project", "项目"), said(on.inventory.project.title, language)),
        (tr("Scenario", "场景"), f"{scenario.name} ({said(KIND_TITLES[scenario.kind], language)})"),
        (tr("Source", "依据"), _clause(on, drill, language)),
        (tr("What fails", "故障对象"), _fails(drill, language)),
        *_carried_out(drill, language),
        (tr("Day", "日期"), day or ""),
        (tr("Planned time", "计划用时"), _total(steps, scenario.window_min, language)),
        (tr("Expected by the model", "模型结论（预期）"), counts),
    ])  # fmt: skip

    document.add_heading(tr("1 Approval", "1 审批"), level=1)
    table(document, [tr("Party", "单位"), tr("Name", "姓名"), tr("Decision", "意见"), tr("Signature", "签字"), tr("Date", "日期")],
          (5.0, 5.0, 6.4, 5.5, 4.5), [[said(r, language), "", "", "", ""] for r in ROLES], blank=(1, 2, 3, 4), height_cm=1.2)  # fmt: skip

    document.add_heading(
        tr("2 What must hold, as the model expects it", "2 必须满足的条件（模型预期）"), level=1
    )
    _conditions(document, drill, language)

    document.add_heading(tr("3 Pre-check lists", "3 预检清单"), level=1)
    for room, rows in precheck(on):
        document.add_heading(tr(f"Room {room}", f"机房 {room}"), level=2)
        table(document, [tr("Devices", "设备"), tr("Type", "型号"), tr("Count", "数量"), tr("Racks", "机柜"), tr("Checked, all in order", "已检查且正常")],
              (8.0, 5.6, 1.8, 7.0, 4.0), [[*row, ""] for row in rows], blank=(4,))  # fmt: skip

    document.add_heading(tr("4 Steps", "4 执行步骤"), level=1)
    document.add_paragraph(
        tr(
            "Shaded steps are hold points: nothing goes on until the director says go.",
            "底色步骤为停顿点：总指挥下令后方可继续。",
        )
    )
    _steps(document, steps, language)

    document.add_heading(tr("5 Abort and rollback", "5 中止与回退"), level=1)
    for text in ABORT:
        document.add_paragraph(said(text, language), style="List Bullet")
    minutes = on.inventory.policy.number("drill.rollback_min")
    document.add_paragraph(tr(
        f"Rollback: put back what was taken away, in reverse order of section 4, within {minutes:g} min; services stay where they run until the director decides.",
        f"回退：按第 4 节逆序恢复被停用的对象，{minutes:g} 分钟内完成；服务保持当前运行位置，待总指挥决定。"))  # fmt: skip
    if drill.recoveries:
        document.add_heading(tr("6 Recovery times, expected", "6 预计恢复时间"), level=1)
        table(document, [tr("Service", "服务"), tr("Predicted, s", "预计（秒）"), tr("Target, s", "目标（秒）"), tr("Critical path", "关键路径")],
              (4.2, 2.6, 2.6, 17.0), [_recovery(r, language) for r in drill.recoveries])  # fmt: skip
    return to_bytes(document)


def _clause(on: Ground, drill: Drill, language: Language) -> str:
    """The tender lines the scenario answers."""
    text = on.inventory.clause(drill.scenario)
    if language == "en" or not text:
        return text or "-"
    return f"招标文件 {on.inventory.project.tender} 第 {drill.scenario.clause.replace('T', '')} 行"


def _fails(drill: Drill, language: Language) -> str:
    if not drill.cases or not any(c.failed or c.cut_off for c in drill.cases):
        return "-" if language == "en" else "无"
    if len(drill.cases) == 1:
        n = len(drill.cases[0].failed)
        devices = sorted(k.removeprefix("device/") for k in drill.cases[0].failed if k.startswith("device/"))
        shown = names_text(devices or sorted(drill.cases[0].failed), 8)
        return f"{n} elements: {shown}" if language == "en" else f"{n} 个要素：{shown}"
    names = names_text([c.name or ("links only" if language == "en" else "仅链路") for c in drill.cases], 12)
    return (
        f"{len(drill.cases)} cases, one after the other: {names}"
        if language == "en"
        else f"共 {len(drill.cases)} 种情形，逐一进行：{names}"
    )


def _total(steps: Sequence[Step], window_min: float | None, language: Language) -> str:
    """Planned time of all steps, and whether the window holds it."""
    minutes = clock(steps)[1]
    hours, rest = divmod(math.ceil(minutes), 60)
    over = window_min is not None and minutes > window_min
    if language == "en":
        return f"{hours} h {rest} min, {len(steps)} steps" + (
            f"; longer than the window of {window_min:g} min" if over else ""
        )
    return f"{hours} 小时 {rest} 分钟，共 {len(steps)} 步" + (
        f"；超过窗口 {window_min:g} 分钟" if over else ""
    )


def _carried_out(drill: Drill, language: Language) -> list[tuple[str, str]]:
    """Of a drill with many cases: which are carried out; the others are proved only."""
    chosen = drilled(drill)
    if len(chosen) == len(drill.cases):
        return []
    names = ", ".join(c.name for c in chosen)
    rest = len(drill.cases) - len(chosen)
    if language == "en":
        return [("Carried out", f"{names}; the other {rest} are proved on the model only")]
    return [("实际演练", f"{names}；其余 {rest} 种情形仅作模型推演")]


def clock(steps: Sequence[Step]) -> tuple[list[float], float]:
    """(when each step begins, when the last ends), in minutes from the first. Steps with a span run side by side from
    the failure, which is the end of the last step of the injection before them; the others follow each other."""
    begins, now, failure = [], 0.0, 0.0
    for step in steps:
        if step.span_s is None:
            begins.append(now)
            now += step.planned_min
        else:
            begins.append(failure + step.span_s[0] / 60)
            now = max(now, failure + step.span_s[1] / 60)
        if step.phase == "inject":
            failure = now
    return begins, now


def _clock_text(minutes: float) -> str:
    seconds = round(minutes * 60)
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _planned(minutes: float) -> str:
    if minutes == 0:
        return "-"
    return (
        f"{minutes * 60:.0f} s"
        if minutes < 1
        else f"{minutes:g} min"
        if minutes == round(minutes, 1)
        else f"{minutes:.1f} min"
    )


def _conditions(document: Document, drill: Drill, language: Language) -> None:
    """One row for each condition: how often it holds, and the first counter-example or missing fact."""
    rows, fills = [], []
    names = list(dict.fromkeys(sorted((c.name for c in drill.conditions), key=list(CONDITION_TITLES).index)))
    for name in names:
        mine = [c for c in drill.conditions if c.name == name]
        verdict = min((c.verdict for c in mine), key=ORDER.index)
        told = [
            f"{c.subject}{f' [{c.case}]' if c.case else ''}: {said(c.message, language)}{f' ({c.arithmetic})' if c.arithmetic else ''}"
            for c in mine
            if c.verdict == verdict
        ]
        more = len(told) - 4
        tail = [] if more <= 0 else [f"+{more}"]
        count = " / ".join(
            str(sum(c.verdict == v for c in mine)) for v in ("holds", "violated", "not evaluated")
        )
        rows.append(
            [
                said(CONDITION_TITLES[name], language),
                said(VERDICTS[verdict], language),
                count,
                "\n".join(told[:4] + tail),
            ]
        )
        fills.append(HOLD if verdict == "violated" else None if verdict == "holds" else LIGHT)
    if not rows:
        rows, fills = [["-", said(VERDICTS["not evaluated"], language), "-", "-"]], [None]
    heads = (
        ["Must hold", "Expected", "Holds / violated / not evaluated", "By name"]
        if language == "en"
        else ["条件", "预期", "满足/不满足/未评估", "具体对象"]
    )
    table(document, heads, (6.4, 2.6, 3.4, 14.0), rows, fills=fills, bold=(1,))


def _steps(document: Document, steps: Sequence[Step], language: Language) -> None:
    heads = (
        ["No.", "Who", "Do", "Must be seen (expected)", "Stop if", "Time", "Start"]
        if language == "en"
        else ["序号", "岗位", "操作", "应观察到（预期）", "中止条件", "用时", "开始"]
    )
    begins = clock(steps)[0]
    phase = None
    rows: list[list[str]] = []
    fills: list[str | None] = []

    def flush() -> None:
        if rows:
            table(
                document, heads, (1.2, 3.2, 7.0, 7.4, 4.0, 1.8, 1.8), list(rows), fills=list(fills), bold=(0,)
            )
            rows.clear()
            fills.clear()

    for number, step in enumerate(steps, 1):
        if step.phase != phase:
            flush()
            phase = step.phase
            document.add_heading(said(PHASES[phase], language), level=2)
        hold = ("HOLD. " if language == "en" else "【停顿点】") if step.hold else ""
        stop = said(step.abort, language) if step.abort else ""
        rows.append(
            [
                str(number),
                said(step.who, language),
                hold + said(step.action, language),
                said(step.expected, language),
                stop,
                _planned(step.planned_min),
                _clock_text(begins[number - 1]),
            ]
        )
        fills.append(HOLD if step.hold else None)
    flush()


def _recovery(recovery: Recovery, language: Language) -> list[str]:
    none = "not stated" if language == "en" else "未填写"
    predicted = (
        (said(VERDICTS["not evaluated"], language)) if recovery.total_s is None else f"{recovery.total_s:g}"
    )
    target = none if recovery.target_s is None else f"{recovery.target_s:g}"
    why = "" if recovery.total_s is not None else f"\n{said(recovery.unknown[0][0], language)}"
    return [recovery.service, predicted, target, recovery.arithmetic + why]


def precheck(on: Ground) -> list[tuple[str, list[list[str]]]]:
    """For each room the devices to be checked: fleets with first and last name and their count, every switch by
    name, those that stand already last. Rows are devices, type, count, racks."""
    placed = {d.name: d.rack for d in on.plan.devices if d.rack}
    rooms: dict[str, dict[str, list[tuple[str, str, str]]]] = {}
    for name, device in on.inventory.devices.items():
        rack = on.inventory.racks.get(placed.get(name, ""))
        if rack:
            rooms.setdefault(rack.room, {}).setdefault(device.owner, []).append(
                (name, device.type.slug, rack.name)
            )
    for switch in on.inventory.existing_switches.values():
        if switch.room:
            rooms.setdefault(switch.room, {}).setdefault(f"existing {switch.role}", []).append(
                (switch.name, switch.role, "-")
            )
    out = []
    for room in sorted(rooms):
        rows = []
        for owner, devices in rooms[room].items():
            names = [n for n, _, _ in devices]
            named = owner in on.inventory.fleets and len(names) > 2
            shown = f"{names[0]} … {names[-1]}" if named else ", ".join(names)
            racks = sorted({r for _, _, r in devices})
            rows.append([shown, devices[0][1], str(len(names)), names_text(racks, 6)])
        out.append((room, rows))
    return out
