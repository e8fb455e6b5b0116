"""What a drill proves and how it is said: cases, conditions with their verdicts, votes, recovery times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from inventory.findings import Position, Text
from inventory.model_drills import ConditionName, Scenario, ScenarioKind

Verdict = Literal["violated", "not evaluated", "holds"]
"""Worst first."""
ORDER: tuple[Verdict, ...] = ("violated", "not evaluated", "holds")

DEFAULTS: dict[ScenarioKind, tuple[ConditionName, ...]] = {
    "power-loss": ("instance", "dependencies", "votes", "path", "capacity", "infrastructure", "rto"),
    "island": ("votes", "fencing", "instance", "dependencies", "path", "capacity", "infrastructure", "rto"),
    "split-brain": ("one-majority", "fencing", "exit-withdrawn"),
    "single-product": ("instance", "others", "latency", "rto"),
    "power-side": ("power", "loads", "services"),
    "shared-risk": ("services", "oversubscription", "paths", "copies", "room-for-copies"),
    "failback": ("resync", "order"),
    "exercise": ("approval", "devices"),
    "custom": (),
}
"""What must hold in each kind of scenario, before what it names itself under `must`."""

KIND_TITLES: dict[ScenarioKind, Text] = {
    "power-loss": Text("Power loss of a site", "站点掉电"),
    "island": Text("Isolated site", "孤岛"),
    "split-brain": Text("Split brain", "脑裂"),
    "single-product": Text("Single product failure", "单产品故障"),
    "power-side": Text("One power side off", "单侧供电中断"),
    "shared-risk": Text("One shared risk at a time", "逐个共同风险故障"),
    "failback": Text("Failback", "切回"),
    "exercise": Text("Real drill", "真实演练"),
    "custom": Text("Declared scenario", "自定义场景"),
}

CONDITION_TITLES: dict[ConditionName, Text] = {
    "services": Text("every protected service is up", "受保护的服务全部可用"),
    "instance": Text(
        "an instance or standby elsewhere has live, reachable devices", "其他站点有可达的在用或备用实例"
    ),
    "dependencies": Text("everything it depends on serves there too", "依赖的服务在该站点同样可用"),
    "votes": Text("the surviving side has a majority of votes", "存活一侧拥有多数票"),
    "fencing": Text("the side without a majority cannot write", "失去多数票的一侧被隔离，不能写入"),
    "one-majority": Text("exactly one side has a majority", "恰有一侧拥有多数票"),
    "exit-withdrawn": Text(
        "the exit of the losing side is withdrawn in time", "失去多数票一侧的出口按时撤销"
    ),
    "path": Text("users reach it: edge, core, service", "用户可达：出口、核心、服务"),
    "capacity": Text("what is left carries the critical demand", "剩余容量满足关键需求"),
    "infrastructure": Text(
        "name, time, licence and certificate services remain", "域名、时钟、授权、证书服务仍在"
    ),
    "others": Text("no other product goes down", "其他产品不受影响"),
    "latency": Text("the path between the sites keeps its latency class", "跨站点链路时延达标"),
    "power": Text("every device keeps a live supply", "每台设备至少一路供电"),
    "loads": Text("what remains of the power path is within its limits", "剩余供电路径不超限"),
    "oversubscription": Text("degraded oversubscription within its limit", "降级收敛比不超限"),
    "paths": Text("every pair and every two sites keep a path", "每组交换机、每两站点至少一条通路"),
    "copies": Text("data can be written and made whole again", "数据可写且可恢复全部副本"),
    "room-for-copies": Text("the copies fit on what is left", "剩余存储容得下全部副本"),
    "resync": Text("data is copied back before roles change", "先完成数据回传，再切换角色"),
    "order": Text("the steps have an order that can be reversed", "步骤有序且可逆"),
    "rto": Text("predicted recovery time within its target", "预计恢复时间不超目标"),
    "approval": Text("the drill is approved on paper", "演练已书面批准"),
    "devices": Text("every device to be checked has a place", "待检设备均有机位"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold, as the model sees it. `message` gives the counter-example or the missing fact by
    name; `at` is where the fact stands or would be written; `case` names the case it comes from."""

    name: ConditionName
    subject: str
    verdict: Verdict
    message: Text
    arithmetic: str = ""
    at: Position | None = None
    fix: Text | None = None
    case: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One set of failed elements. `cut_off` are sites that run on but that neither users nor other sites
    reach; `struck` are the sites the scenario is about."""

    name: str
    failed: frozenset[str]
    struck: tuple[str, ...] = ()
    cut_off: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stranger:
    """A name in a scenario that nothing bears, where it stands in the record, and what to write instead."""

    path: tuple[str | int, ...]
    message: Text
    fix: Text


@dataclass(frozen=True, slots=True)
class Party:
    """Sites that can still talk to each other, and the votes they hold of `total` in one quorum."""

    sites: tuple[str, ...]
    votes: int
    total: int

    @property
    def majority(self) -> bool:
        """More than half of all votes."""
        return self.votes * 2 > self.total


@dataclass(frozen=True, slots=True)
class Ballot:
    """The votes of one quorum over all parties that are left. `dark` are votes nobody can cast any more, by
    voter; `automatic` and `fencing` as stated for the quorum."""

    quorum: str
    parties: tuple[Party, ...]
    dark: tuple[str, ...]
    automatic: bool
    fencing: str | None
    case: str = ""

    @property
    def winners(self) -> tuple[Party, ...]:
        """Parties with a majority: at most one."""
        return tuple(p for p in self.parties if p.majority)


@dataclass(frozen=True, slots=True)
class Leg:
    """One stage of a switch-over on the time line, seconds from the failure."""

    service: str
    stage: str
    title: Text
    start_s: float
    end_s: float
    manual: bool


@dataclass(frozen=True, slots=True)
class Recovery:
    """Predicted recovery time of one service: detection, decision, then the longest chain of stages (`legs`).
    `total_s` is None while a duration on the way is unknown; `unknown` then says which, and where to write it. `stages` are
    all stages of the service itself on the time line."""

    service: str
    detect_s: float | None
    decide_s: float | None
    legs: tuple[Leg, ...]
    total_s: float | None
    target_s: float | None
    unknown: tuple[tuple[Text, Position], ...] = ()
    stages: tuple[Leg, ...] = ()

    @property
    def arithmetic(self) -> str:
        """The sum, stages named: `detect 30 + decide 60 + rdb/promote 90 = 180 s <= 300 s`."""
        parts = [
            f"{n} {s:g}" for n, s in (("detect", self.detect_s), ("decide", self.decide_s)) if s is not None
        ]
        parts += [f"{leg.service}/{leg.stage} {leg.end_s - leg.start_s:g}" for leg in self.legs]
        if self.total_s is None:
            return " + ".join([*parts, "?"])
        sign = (
            ""
            if self.target_s is None
            else f" {'<=' if self.total_s <= self.target_s else '>'} {self.target_s:g} s"
        )
        return f"{' + '.join(parts) or '0'} = {self.total_s:g} s{sign}"


@dataclass(frozen=True, slots=True)
class Drill:
    """What the model says of one scenario. `conditions` are sorted: violated, not evaluated, holds. `ballots`
    show the first way the votes of each quorum can fall. `strangers` are names of the scenario that nothing bears."""

    scenario: Scenario
    cases: tuple[Case, ...]
    conditions: tuple[Condition, ...]
    ballots: tuple[Ballot, ...] = ()
    recoveries: tuple[Recovery, ...] = ()
    strangers: tuple[Stranger, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of its conditions; a scenario with none is not evaluated."""
        return worst(c.verdict for c in self.conditions)

    def count(self, verdict: Verdict) -> int:
        """How many conditions have this verdict."""
        return sum(c.verdict == verdict for c in self.conditions)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of them; of none: not evaluated, never a pass."""
    return min(verdicts, key=ORDER.index, default="not evaluated")
