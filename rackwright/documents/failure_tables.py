"""Tables of the failure section: the worst loads after failures, drills as the model expects them, zones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from inventory.checks import REGISTRY, Outcome, Report
from inventory.findings import Finding, Position, Status, Text, names_text

if TYPE_CHECKING:
    from capacity.drill_model import Condition, Drill
    from capacity.power_worst import Worst, WorstLoads

LEVELS = {
    "generator": Text("Generators", "柴油发电机"), "ups": Text("UPS sides", "UPS 单侧"), "panel": Text("Row cabinets", "列头柜"),
    "phase": Text("Phases", "相"), "feed": Text("Rack feeds", "机柜供电回路"), "sts": Text("Transfer switches", "静态切换开关"),
    "pdu": Text("PDUs", "PDU"), "bank": Text("PDU banks", "PDU 分路"), "outlet": Text("Outlets", "插座"),
    "psu": Text("Power supplies", "电源模块"),
}  # fmt: skip
"""Levels of the power path from the plant down to the device."""
FULLEST = 5
"""Elements shown a level."""
LISTED = 24
"""Conditions listed a drill and verdict."""

Mark = Literal["good", "attention", "bad", "unknown"]


@dataclass(frozen=True, slots=True)
class LoadCell:
    """The worst load of an element: kW, share of its limit (1 is the limit), groups that bring it (none: normal
    state). `least`: devices of unknown draw may hang on it, so that the load is a lower bound."""

    kw: str
    share: float | None
    failure: tuple[str, ...]
    least: bool
    mark: Mark


@dataclass(frozen=True, slots=True)
class LoadRow:
    """One element after one failure and after two (None: pairs were not worked out). `same`: a second failure
    adds nothing."""

    element: str
    limit_kw: str
    one: LoadCell
    two: LoadCell | None

    @property
    def same(self) -> bool:
        return self.two is not None and self.one.failure == self.two.failure


@dataclass(frozen=True, slots=True)
class Level:
    """The fullest elements of one level, of `elements`; `unrated` of them have no known limit and are not judged."""

    title: Text
    rows: tuple[LoadRow, ...]
    elements: int
    unrated: int


def load_levels(one: WorstLoads, two: WorstLoads | None) -> tuple[Level, ...]:
    """The fullest elements level by level, by their load after two failures, or after one when that is all there is."""
    singles = {worst.element: worst for worst in one.loads}
    ranked = (two or one).heaviest(len(one.loads))
    out = []
    for kind, title in LEVELS.items():
        every = [w for w in one.loads if w.element.partition("/")[0] == kind]
        if not every:
            continue
        fullest = [w for w in ranked if w.element.partition("/")[0] == kind][:FULLEST]
        rows = tuple(
            LoadRow(
                w.element.partition("/")[2],
                f"{(w.limit_w or 0.0) / 1000:.2f}",
                _load(singles[w.element]),
                _load(w) if two else None,
            )
            for w in fullest
        )
        out.append(Level(title, rows, len(every), sum(w.limit_w is None for w in every)))
    return tuple(out)


def _load(worst: Worst) -> LoadCell:
    share = worst.utilisation
    mark: Mark = "unknown" if worst.at_least or share is None else "good"
    if share is not None and share > 1:
        mark = "bad"
    return LoadCell(f"{worst.load_w / 1000:.2f}", share, worst.failure, bool(worst.at_least), mark)


# ---------------------------------------------------------------- drills


@dataclass(frozen=True, slots=True)
class Point:
    """Conditions of a drill that are said alike: the sentence, its sum, whom it is about, where to look."""

    title: Text
    message: Text
    arithmetic: str
    subjects: str
    cases: str
    at: Position | None


@dataclass(frozen=True, slots=True)
class DrillRow:
    """One scenario: its verdict as expected, and what is violated or not evaluated; `more` points are left out."""

    name: str
    title: Text
    kind: Text
    clause: str
    cases: int
    mark: Mark
    verdict: Text
    violated: int
    not_evaluated: int
    holds: int
    points: tuple[tuple[Mark, tuple[Point, ...], int], ...]


_VERDICTS: dict[str, tuple[Mark, Text]] = {
    "violated": ("bad", Text("expected to fail", "预期不通过")),
    "not evaluated": ("unknown", Text("not evaluated", "未评估")),
    "holds": ("good", Text("expected to pass", "预期通过")),
}


def drill_rows(drills: Iterable[Drill]) -> tuple[DrillRow, ...]:
    """Scenarios in the order of their files."""
    return tuple(_drill(drill) for drill in drills)


def _drill(drill: Drill) -> DrillRow:
    from capacity.drill_model import KIND_TITLES

    scenario = drill.scenario
    mark, verdict = _VERDICTS[drill.verdict]
    points = []
    for wanted in ("violated", "not evaluated"):
        found = _points([c for c in drill.conditions if c.verdict == wanted])
        if wanted == "not evaluated":
            found += [
                Point(Text("Scenario", "场景"), s.message, "", ".".join(map(str, s.path)), "", None)
                for s in drill.strangers
            ]
        if found:
            points.append((_VERDICTS[wanted][0], tuple(found[:LISTED]), len(found[LISTED:])))
    return DrillRow(
        scenario.name, Text(scenario.title.en, scenario.title.zh), KIND_TITLES[scenario.kind], scenario.clause or "",
        len(drill.cases), mark, verdict, drill.count("violated"), drill.count("not evaluated"), drill.count("holds"),
        tuple(points),
    )  # fmt: skip


def _points(conditions: Sequence[Condition]) -> list[Point]:
    """Conditions of one name, sentence and sum together, as first met."""
    from capacity.drill_model import CONDITION_TITLES

    groups: dict[tuple[str, str, str], list[Condition]] = {}
    for c in conditions:
        groups.setdefault((c.name, c.message.en, c.arithmetic), []).append(c)
    return [
        Point(
            CONDITION_TITLES[same[0].name],
            same[0].message,
            same[0].arithmetic,
            names_text(list(dict.fromkeys(c.subject for c in same))),
            names_text(list(dict.fromkeys(c.case for c in same if c.case)), 3),
            same[0].at,
        )
        for same in groups.values()
    ]


# ---------------------------------------------------------------- zones


@dataclass(frozen=True, slots=True)
class ZoneRow:
    """One rule of the security zones: what its check says, and the first finding, one that failed if any did."""

    code: str
    title: Text
    mark: Mark
    verdict: Text
    outcome: Outcome
    finding: Finding | None


def zone_rows(report: Report) -> tuple[ZoneRow, ...]:
    """The checks of zones (SEC), by code, with what they found."""
    found = {
        code: tuple(group)
        for code, group in groupby(sorted(report.findings, key=lambda f: f.code), key=lambda f: f.code)
    }
    out = []
    for outcome in sorted(report.outcomes, key=lambda o: o.code):
        if not outcome.code.startswith("SEC"):
            continue
        rule = REGISTRY.get(outcome.code)
        title = rule.title if rule else Text(outcome.code, outcome.code)
        mark, verdict = {
            "passed": ("good", Text("passed", "通过")),
            "failed": ("bad" if rule and str(rule.severity) == "error" else "attention", Text("failed", "未通过")),
            "not evaluated": ("unknown", Text("not evaluated", "未评估")),
        }[outcome.verdict]  # fmt: skip
        first = min(found.get(outcome.code, ()), key=lambda f: f.status is not Status.FAILED, default=None)
        out.append(ZoneRow(outcome.code, title, mark, verdict, outcome, first))  # type: ignore[arg-type]
    return tuple(out)
