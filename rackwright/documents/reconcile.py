"""What the tender states against what the inventory lists: statements and licences, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from capacity.measures import Tally, tally
from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.quantities import plain_number

Result = Literal["exact", "holds", "surplus", "short", "no hardware", "not evaluated"]

RESULT_NAMES: dict[str, Text] = {
    "exact": Text("exact", "一致"),
    "holds": Text("holds", "满足"),
    "surplus": Text("surplus", "富余"),
    "short": Text("short", "短缺"),
    "orphan": Text("orphan: nothing needs it", "无需求"),
    "no hardware": Text("no hardware listed", "无对应硬件"),
    "not evaluated": Text("not evaluated", "未评估"),
}


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One stated figure. `listed` is the sum the inventory gives ("?" when open), `difference` stated minus
    listed (None: not evaluated). For a licence, short means fewer licensed than listed; for a statement,
    fewer listed than stated."""

    kind: Literal["statement", "licence"]
    name: str
    title: Text
    clause: str
    stated: str
    listed: str
    sum: str
    difference: float | None
    result: Result
    reason: Text


def reconciled(inventory: Inventory) -> Iterator[Reconciled]:
    """Statements first, then each metric of each licence, in the order of the files."""
    for statement in inventory.statements.values():
        counted = tally(inventory, statement.measure, statement.of)
        difference = None if counted.amount is None else statement.amount - counted.amount
        yield Reconciled(
            "statement", statement.name, Text(statement.text.en, statement.text.zh), statement.clause,
            plain_number(statement.amount), _listed(counted), counted.sum_text(), difference,
            _statement_result(statement.compare, difference), _reason(counted),
        )  # fmt: skip
    for licence in inventory.licences.values():
        title = Text(licence.title.en, licence.title.zh)
        for metric in licence.metrics:
            stated = f"{plain_number(metric.amount)} {metric.unit}".strip()
            if metric.measure is None or not licence.fleets:
                why = licence.no_measure
                result: Result = "not evaluated" if metric.measure is None else "no hardware"
                yield Reconciled(
                    "licence",
                    licence.name,
                    title,
                    licence.clause,
                    stated,
                    "–",
                    "",
                    None,
                    result,
                    Text(why, why),
                )
                continue
            counted = tally(inventory, metric.measure, licence.fleets)
            difference = None if counted.amount is None else metric.amount - counted.amount
            yield Reconciled(
                "licence", licence.name, title, licence.clause, stated, _listed(counted), counted.sum_text(),
                difference, _licence_result(licence.compare, difference), _reason(counted),
            )  # fmt: skip


def _listed(counted: Tally) -> str:
    if counted.amount is not None:
        return plain_number(counted.amount)
    high = "?" if counted.high is None else plain_number(counted.high)
    return f"{plain_number(counted.low)} … {high}"


def _reason(counted: Tally) -> Text:
    en, zh = [], []
    if counted.unknown:
        names = ", ".join(counted.unknown)
        en.append(f"the type does not say: {names}")
        zh.append(f"型号未注明：{names}")
    if counted.unsited:
        names = ", ".join(counted.unsited)
        en.append(f"site not stated: {names}")
        zh.append(f"站点未定：{names}")
    return Text("; ".join(en), "；".join(zh))


def _statement_result(compare: str, difference: float | None) -> Result:
    if difference is None:
        return "not evaluated"
    if difference == 0:
        return "exact"
    if (compare == "at_least" and difference < 0) or (compare == "at_most" and difference > 0):
        return "holds"
    return "short" if difference > 0 else "surplus"


def _licence_result(compare: str, difference: float | None) -> Result:
    if difference is None:
        return "not evaluated"
    if difference == 0:
        return "exact"
    if compare == "at_least" and difference > 0:
        return "holds"
    return "surplus" if difference > 0 else "short"
