"""What a sheet of the workbook is: columns, cells, and the plan looked up once for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from inventory.checks import Report
from inventory.inventory import Inventory
from inventory.plan_model import LoadLine, Plan
from rackwright.documents.device_list import DeviceLine, device_lines
from rackwright.summary import Summary, summarise

Kind = Literal["text", "long", "count", "watts", "metres", "share", "number", "blank"]
Flag = Literal["bad", "attention", "unknown"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: Chinese header, English header beneath it, what its cells hold. `blank` is filled in on
    site."""

    zh: str
    en: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Marked:
    """A word that shall stand out."""

    text: str
    flag: Flag


UNKNOWN = Marked("未知 unknown", "unknown")
NOT_EVALUATED = Marked("未评估 not evaluated", "unknown")
Cell = str | int | float | Marked | None
"""None is a fact nobody knows and is written as such; an empty text is nothing to say."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet. `frozen` columns stay in sight when scrolling sideways."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    frozen: int = 1


@dataclass(frozen=True)
class Source:
    """What every sheet is made from, looked up once."""

    inventory: Inventory
    plan: Plan
    report: Report
    summary: Summary
    lines: tuple[DeviceLine, ...]
    placed: dict[str, DeviceLine]
    loads: dict[tuple[str, str], LoadLine]


def source(inventory: Inventory, plan: Plan, report: Report) -> Source:
    """Everything the sheets read."""
    lines = device_lines(inventory, plan)
    return Source(
        inventory,
        plan,
        report,
        summarise(inventory, plan, report),
        lines,
        {line.name: line for line in lines},
        {(line.kind, line.element): line for line in plan.power},
    )
