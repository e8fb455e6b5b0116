"""Every group of shared risk alone against every service, groups of one effect in one row."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from inventory.findings import Text

if TYPE_CHECKING:
    from capacity.sweep import ServiceState, SweepResult
    from capacity.sweep_details import Outcome
    from topology.elements import SharedRisk
    from topology.risk_kinds import Kind

Cell = Literal["down", "up", "already", "unknown"]
"""What a service does in a failure; `already`: it is down with nothing failed; `unknown`: not evaluated."""

COLUMNS = 24
"""Services side by side; beyond, those that are not protected are counted in one column."""
NAMED = 40
"""Groups of one kind named in a row; the rest is counted."""


@dataclass(frozen=True, slots=True)
class KindCount:
    """Groups of one kind in a row: how many of all that were tried, and the first names."""

    kind: str
    title: Text
    count: int
    tried: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Groups that alone have the same effect on every service. `cells` go with the columns, `others` counts the
    services without a column that go down; `failed`, `dark` and `cut_off` are the least and the most devices among the
    groups; `oversubscription` is the worst in words. `loses`: it takes services, or devices beside its own."""

    kinds: tuple[KindCount, ...]
    groups: int
    cells: tuple[Cell, ...]
    others: int
    failed: tuple[int, int]
    dark: tuple[int, int]
    cut_off: tuple[int, int]
    oversubscription: Text
    opened: tuple[str, ...]
    loses: bool

    @property
    def harmless(self) -> bool:
        """No service goes down."""
        return "down" not in self.cells and not self.others


@dataclass(frozen=True, slots=True)
class Matrix:
    """Services as columns, protected ones first; rows from the worst effect to none. `hidden`: services without a
    column; `single`: groups that alone take a protected service down."""

    columns: tuple[ServiceState, ...]
    hidden: int
    rows: tuple[Row, ...]
    single: int


def matrix(result: SweepResult, risks: Iterable[SharedRisk], kinds: Mapping[str, Kind]) -> Matrix:
    """The matrix of a sweep of order 1. Rows: most protected services down first, then most services, most groups."""
    ordered = sorted(result.services, key=lambda s: (not s.protected, s.name))
    columns = ordered[: max(COLUMNS, sum(s.protected for s in ordered))]
    shown = {s.name for s in columns}
    protected = {s.name for s in ordered if s.protected}
    already = frozenset(result.intact.down)
    devices = {risk.key: sum(m.startswith("device/") for m in risk.members) for risk in risks}
    rows: dict[tuple[frozenset[str], bool], list[Outcome]] = {}
    for outcome in result.outcomes:
        down = frozenset(outcome.down) - already
        loses = outcome.dark > result.intact.dark or outcome.cut_off > result.intact.cut_off
        rows.setdefault((down, bool(down) or loses), []).append(outcome)
    found = []
    for down, loses in sorted(
        rows,
        key=lambda k: (-len(k[0] & protected), -len(k[0]), not k[1], -len(rows[k]), sorted(k[0])),
    ):
        outcomes = rows[down, loses]
        cells = tuple(_cell(s, down) for s in columns)
        failed = [devices[o.groups[0]] for o in outcomes]
        found.append(_row(outcomes, cells, len(down - shown), loses, failed, result.kinds, kinds))
    single = sum(bool((set(o.down) - already) & protected) for o in result.outcomes)
    return Matrix(tuple(columns), len(ordered) - len(columns), tuple(found), single)


def kind_title(kind: str, kinds: Mapping[str, Kind]) -> Text:
    """The name of a kind of shared risk for people."""
    known = kinds.get(kind)
    return Text(known.title.en, known.title.zh) if known else Text(kind, kind)


def _cell(service: ServiceState, down: Collection[str]) -> Cell:
    if service.up is None:
        return "unknown"
    if not service.up:
        return "already"
    return "down" if service.name in down else "up"


def _row(
    outcomes: Sequence[Outcome],
    cells: tuple[Cell, ...],
    others: int,
    loses: bool,
    failed: Sequence[int],
    tried: Mapping[str, int],
    kinds: Mapping[str, Kind],
) -> Row:
    names: dict[str, list[str]] = {}
    for outcome in outcomes:
        kind, _, name = outcome.groups[0].partition(":")
        names.setdefault(kind, []).append(name)
    dark, cut_off = [o.dark for o in outcomes], [o.cut_off for o in outcomes]
    return Row(
        tuple(
            KindCount(kind, kind_title(kind, kinds), len(found), tried[kind], tuple(found[:NAMED]))
            for kind, found in sorted(names.items(), key=lambda k: (-len(k[1]), k[0]))
        ),
        len(outcomes),
        cells,
        others,
        (min(failed), max(failed)),
        (min(dark), max(dark)),
        (min(cut_off), max(cut_off)),
        _ratio([o.oversubscription for o in outcomes]),
        tuple(sorted({element for o in outcomes for element in o.opened})),
        loses,
    )


def _ratio(ratios: Sequence[float | None]) -> Text:
    """The highest oversubscription; a group for which it is not known leaves the whole row so."""
    known = [r for r in ratios if r is not None]
    if len(known) < len(ratios):
        return Text("not evaluated", "未评估")
    worst = max(known)
    return Text("no uplink left", "上联全断") if math.isinf(worst) else Text(f"{worst:.3g}", f"{worst:.3g}")
