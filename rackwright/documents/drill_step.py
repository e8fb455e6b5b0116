"""One step of a drill, the phases it may stand in, and who carries it out: roles, never persons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from capacity.drill_world import Ground
from inventory.findings import Text

Phase = Literal["prepare", "inject", "observe", "switch", "restore", "return", "close"]

PHASES: dict[Phase, Text] = {
    "prepare": Text("Preparation and pre-check", "准备与预检"),
    "inject": Text("Injection of the failure", "故障注入"),
    "observe": Text("Observation", "现象观察"),
    "switch": Text("Switch-over", "切换"),
    "restore": Text("Restoring the rooms", "环境恢复"),
    "return": Text("Failback", "切回"),
    "close": Text("Close and report", "收尾与报告"),
}

DIRECTOR = Text("Drill director (buyer)", "演练总指挥（采购人）")
SUPERVISOR = Text("Supervisor", "监理")
RECORDER = Text("Recorder", "记录员")
ROOM = Text("Room operator", "机房值班员")
NETWORK = Text("Network engineer", "网络工程师")
DATABASE = Text("Database administrator", "数据库管理员")
PLATFORM = Text("Platform engineer", "平台工程师")
APPLICATION = Text("Application tester", "应用测试员")


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a run-sheet. `planned_min` is the planned time; `hold` stops everything until the director says
    go; `abort` is what ends the drill here. `span_s` is when it begins and ends, in seconds after the failure,
    where steps run side by side."""

    phase: Phase
    who: Text
    action: Text
    expected: Text
    planned_min: float
    abort: Text | None = None
    hold: bool = False
    span_s: tuple[float, float] | None = None


def minutes(on: Ground, name: str) -> float:
    """A planned time of the policy."""
    return on.inventory.policy.number(name)
