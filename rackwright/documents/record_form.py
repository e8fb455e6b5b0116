"""The record form of a drill: for each step what is expected, and blank fields for what is observed, by whom, when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from capacity.drill_model import Drill, Recovery
from capacity.drill_world import Ground
from inventory.findings import Text
from rackwright.documents.drill_step import PHASES, Step
from rackwright.documents.run_sheet import ROLES, VERDICTS, opened, precheck, said
from rackwright.documents.word import HOLD, Language, facts, table, to_bytes

RULE = Text(
    "Expected values are printed from the model; observed values are written by hand during the drill. A step that was "
    "not carried out is recorded as not run, never as passed.",
    "预期值由模型打印；实测值在演练中手工填写。未执行的步骤记为“未执行”，不得记为通过。",
)
ISSUE_ROWS = 6


def record_form(
    on: Ground, drill: Drill, steps: Sequence[Step], language: Language, day: str | None, created: datetime
) -> bytes:
    """The record form as a Word file; every observed value is blank. The same input gives the same bytes."""

    def tr(en: str, zh: str) -> str:
        return zh if language == "zh" else en

    scenario = drill.scenario
    title = tr(f"Record form: {scenario.title.en}", f"容灾演练记录表：{scenario.title.zh}")
    document = opened(on, drill, title, RULE, language, created)
    facts(document, [
        (tr("Project", "项目"), said(on.inventory.project.title, language)),
        (tr("Scenario", "场景"), scenario.name),
        (tr("Day", "日期"), day or ""),
        (tr("Begin / end", "开始 / 结束时间"), ""),
        (tr("Approval", "批准文件"), f"{scenario.approval.document}, {scenario.approval.by}, {scenario.approval.date}" if scenario.approval else ""),
        (tr("Weather, events, deviations", "天气、事件、偏差"), ""),
    ])  # fmt: skip

    document.add_heading(tr("1 Pre-check", "1 预检记录"), level=1)
    for room, rows in precheck(on):
        document.add_heading(tr(f"Room {room}", f"机房 {room}"), level=2)
        table(document, [tr("Devices", "设备"), tr("Expected", "应有"), tr("Counted", "实点"), tr("In alarm", "告警"), tr("Operator", "操作人"), tr("Time", "时间")],
              (11.4, 2.2, 2.2, 4.6, 3.4, 2.6), [[row[0], row[2], "", "", "", ""] for row in rows], blank=(2, 3, 4, 5))  # fmt: skip

    document.add_heading(tr("2 Steps", "2 步骤记录"), level=1)
    heads = ([("No.", 1.0), ("Step", 5.2), ("Expected (model)", 5.2), ("Observed", 5.0), ("Begin", 1.7), ("End", 1.7), ("Operator", 2.2), ("Witness", 2.2), ("Verdict", 2.2)]
             if language == "en" else
             [("序号", 1.0), ("步骤", 5.2), ("预期（模型）", 5.2), ("实测", 5.0), ("开始", 1.7), ("结束", 1.7), ("操作人", 2.2), ("见证人", 2.2), ("结论", 2.2)])  # fmt: skip
    phase = None
    rows_: list[list[str]] = []
    fills: list[str | None] = []

    def flush() -> None:
        if rows_:
            table(
                document,
                [h for h, _ in heads],
                [w for _, w in heads],
                list(rows_),
                blank=(3, 4, 5, 6, 7, 8),
                fills=list(fills),
                bold=(0,),
            )
            rows_.clear()
            fills.clear()

    for number, step in enumerate(steps, 1):
        if step.phase != phase:
            flush()
            phase = step.phase
            document.add_heading(said(PHASES[phase], language), level=2)
        rows_.append([str(number), said(step.action, language), said(step.expected, language), *[""] * 6])
        fills.append(HOLD if step.hold else None)
    flush()
    document.add_paragraph(
        tr(
            "Verdict: pass / fail / waived / not run. “Not evaluated” as expected value: the model lacks a figure; it is "
            "never a pass.",
            "结论：通过 / 不通过 / 豁免 / 未执行。预期值为“未评估”表示模型缺少数据，不得视为通过。",
        )
    )

    if drill.recoveries:
        document.add_heading(tr("3 Times", "3 时间指标"), level=1)
        table(document, [tr("Service", "服务"), tr("RTO expected, s", "预计 RTO（秒）"), tr("RTO target, s", "目标 RTO（秒）"), tr("RTO observed, s", "实测 RTO（秒）"),
                         tr("RPO target, s", "目标 RPO（秒）"), tr("RPO observed, s", "实测 RPO（秒）"), tr("Functions restored, %", "功能恢复率（%）"), tr("Verdict", "结论")],
              (5.0, 3.2, 3.2, 3.2, 3.2, 3.2, 3.2, 2.2), [_times(on, r, language) for r in drill.recoveries], blank=(3, 5, 6, 7))  # fmt: skip

    document.add_heading(tr("4 Issues", "4 问题记录"), level=1)
    table(document, [tr("No.", "序号"), tr("Class (severe / ordinary / advice)", "等级（严重/一般/建议）"), tr("What", "问题描述"), tr("To be mended by", "整改责任"), tr("Until", "期限"), tr("Done", "销项")],
          (1.4, 4.6, 10.4, 4.2, 2.9, 2.9), [[str(n), *[""] * 5] for n in range(1, ISSUE_ROWS + 1)], blank=(1, 2, 3, 4, 5))  # fmt: skip

    document.add_heading(tr("5 Conclusion and signatures", "5 结论与签字"), level=1)
    facts(
        document,
        [
            (tr("Conclusion", "演练结论"), ""),
            (tr("Deviation from the expectation of the model", "与模型预期的差异"), ""),
        ],
    )
    table(document, [tr("Party", "单位"), tr("Name", "姓名"), tr("Signature", "签字"), tr("Date", "日期")], (6.4, 6.0, 8.0, 6.0),
          [[said(r, language), "", "", ""] for r in ROLES], blank=(1, 2, 3), height_cm=1.2)  # fmt: skip
    return to_bytes(document)


def _times(on: Ground, recovery: Recovery, language: Language) -> list[str]:
    service = on.inventory.services[recovery.service]
    none = "not stated" if language == "en" else "未填写"
    expected = (
        said(VERDICTS["not evaluated"], language) if recovery.total_s is None else f"{recovery.total_s:g}"
    )
    target = none if recovery.target_s is None else f"{recovery.target_s:g}"
    rpo = none if service.rpo_s is None else f"{service.rpo_s:g}"
    return [recovery.service, expected, target, "", rpo, "", "", ""]
