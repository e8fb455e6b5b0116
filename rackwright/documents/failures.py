"""What fails together: the section of the report that is proved on the planned topology, as data for its template."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory.checks import Report
from inventory.findings import Text, names_text
from rackwright.documents.failure_matrix import Matrix, matrix
from rackwright.documents.failure_pictures import Shot, left_out, shots
from rackwright.documents.failure_tables import DrillRow, Level, ZoneRow, drill_rows, load_levels, zone_rows

if TYPE_CHECKING:
    from inventory.inventory import Inventory
    from inventory.plan_model import Plan
    from topology.elements import Layers, SharedRisk

SWEPT = 1500
"""Devices up to which every single failure is worked out for the report."""
DRILLED = 600
"""Devices up to which drills are proved for the report: each case looks at the whole platform."""
PAIRED = 400
"""Devices up to which loads are worked out after every two failures: their number grows with the square."""


@dataclass(frozen=True)
class Failures:
    """The section. What could not be worked out is None or empty, and `open` says why, part by part: `all`,
    `matrix`, `pictures`, `pairs`, `loads`, `drills`.

    `groups`: shared risks tried; `devices` on the platform; `trips`: breakers that may open and were followed;
    `assumed` and `not_evaluated`: statements with their subjects.
    """

    open: dict[str, Text]
    groups: int = 0
    devices: int = 0
    trips: int = 0
    matrix: Matrix | None = None
    shots: tuple[Shot, ...] = ()
    levels: tuple[Level, ...] = ()
    drills: tuple[DrillRow, ...] = ()
    zones: tuple[ZoneRow, ...] = ()
    assumed: tuple[tuple[str, Text], ...] = ()
    not_evaluated: tuple[tuple[str, Text], ...] = ()

    def drills_with(self, mark: str) -> int:
        """Drills with one verdict: bad, unknown or good."""
        return sum(drill.mark == mark for drill in self.drills)

    @property
    def over(self) -> int:
        """Elements shown above their limit after one or two failures."""
        cells = [(row.one, row.two) for level in self.levels for row in level.rows]
        return sum(any(cell is not None and cell.mark == "bad" for cell in pair) for pair in cells)

    @property
    def highest(self) -> float | None:
        """The highest share of a limit among the loads; None when there is none."""
        cells = [cell for level in self.levels for row in level.rows for cell in (row.one, row.two)]
        return max((cell.share for cell in cells if cell and cell.share is not None), default=None)


def failures(inventory: Inventory, plan: Plan, report: Report) -> Failures:
    """Every group of shared risk removed alone, loads after one and two failures, drills, zones.

    Notes: about two seconds of CPU for 240 devices, ten for a thousand; what a larger platform leaves out is said in `open`.
    """
    zones = zone_rows(report)
    devices = len(plan.devices)
    if not devices:
        return Failures({"all": Text("the plan holds no device", "规划中没有设备")}, zones=zones)
    if devices > SWEPT:
        return Failures(
            {"all": _too_large(devices, SWEPT, "simulate --order 1")}, devices=devices, zones=zones
        )
    from capacity.sweep import sweep
    from topology.graph import layers
    from topology.risk import shared_risks
    from topology.risk_kinds import kinds

    built = layers(inventory, plan)
    risks = shared_risks(inventory, built)
    result = sweep(inventory, built, risks, 1)
    pictures = shots(inventory, built, risks, result)
    opened: dict[str, Text] = {}
    if not any(state.up is not None for state in result.services):
        opened["matrix"] = Text("no service has a device in the plan", "规划中没有任何业务的设备")
    if (fewer := left_out(built, len(pictures))) is not None:
        opened["pictures"] = fewer
    levels = _levels(inventory, plan, built, risks, opened)
    drills = _drills(inventory, plan, built, risks, opened)
    return Failures(
        open=opened,
        groups=result.groups,
        devices=devices,
        trips=len(result.trips),
        matrix=None if "matrix" in opened else matrix(result, risks, kinds(inventory)),
        shots=pictures,
        levels=levels,
        drills=drills,
        zones=zones,
        assumed=_together(result.assumed),
        not_evaluated=_together(result.not_evaluated),
    )


def _levels(
    inventory: Inventory,
    plan: Plan,
    built: Layers,
    risks: tuple[SharedRisk, ...],
    opened: dict[str, Text],
) -> tuple[Level, ...]:
    """Loads on the power path; what is left out is added to `opened`."""
    from capacity.power_flow import power_loads, worst_loads

    if not plan.cords:
        opened["loads"] = Text("the plan holds no power cord", "规划中没有电源线")
        return ()
    draws = power_loads(inventory, built)
    two = None
    if len(plan.devices) > PAIRED:
        opened["pairs"] = _too_large(len(plan.devices), PAIRED, "power --order 2")
    else:
        two = worst_loads(built, draws, risks, 2)
    return load_levels(worst_loads(built, draws, risks, 1), two)


def _drills(
    inventory: Inventory,
    plan: Plan,
    built: Layers,
    risks: tuple[SharedRisk, ...],
    opened: dict[str, Text],
) -> tuple[DrillRow, ...]:
    """Declared scenarios proved; what is left out is added to `opened`."""
    if not inventory.scenarios:
        opened["drills"] = Text("no scenario is declared", "未声明任何演练场景")
        return ()
    if len(plan.devices) > DRILLED:
        opened["drills"] = _too_large(len(plan.devices), DRILLED, "drill")
        return ()
    from capacity.drills import drill, ground

    on = ground(inventory, plan, built, risks)
    return drill_rows(drill(on, scenario) for scenario in inventory.scenarios.values())


def _too_large(devices: int, limit: int, verb: str) -> Text:
    return Text(
        f"left out: {devices} devices, the report works this out up to {limit}; run `rackwright {verb}`",
        f"从略：共 {devices} 台设备，报告最多计算 {limit} 台；请运行 `rackwright {verb}`",
    )


def _together(points: Iterable[tuple[str, Text]]) -> tuple[tuple[str, Text], ...]:
    """Subjects of one statement together."""
    same: dict[Text, list[str]] = {}
    for subject, text in points:
        same.setdefault(text, []).append(subject)
    return tuple((names_text(sorted(set(subjects))), text) for text, subjects in same.items())
