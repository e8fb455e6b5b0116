"""`rackwright availability`: how available each service is, what it is down for, and the spares of a year."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from capacity.reliability import MINUTES_A_YEAR
from rackwright.cli.common import CLEAN, UNUSABLE, Format, leave, load_project, out, out_json, say

if TYPE_CHECKING:
    from capacity.availability import Availability, Figures, ServiceAvailability
    from capacity.confidence import Estimate
    from capacity.engine import Engine
    from capacity.failure_causes import FailureCauses
    from capacity.spares import Spare
    from inventory.inventory import Inventory

TIERS = ("I", "II", "III", "IV")
_BRIEF = 3


def run(
    name: str | None,
    output: Format,
    *,
    years: float,
    seed: int,
    states: int,
    services: Sequence[str],
    engine: str,
    scheduler: str | None,
    verbose: bool,
) -> None:
    """Simulate and print."""
    from dataclasses import replace

    from capacity.availability import simulate
    from capacity.engine import EngineError
    from capacity.failure_causes import failure_causes
    from capacity.spares import spares
    from capacity.survival import structure
    from topology.graph import layers
    from topology.risk import shared_risks

    project = load_project(name, output)
    if project.plan is None:
        say("no plan yet: run `rackwright plan` first")
        leave(UNUSABLE)
    inventory = project.inventory
    _known(services, inventory)
    graphs = layers(inventory, project.plan)
    found = failure_causes(inventory, project.plan, graphs, shared_risks(inventory, graphs))
    whole = structure(inventory, graphs)
    asked = {s: gate for s, gate in whole.outputs.items() if not services or s in services}
    try:
        with _progress() as told:
            result = simulate(
                replace(whole, outputs=asked),
                found.causes,
                years=years,
                seed=seed,
                weighted_states=states,
                engine=_engine(engine, scheduler),
                told=told,
            )
    except EngineError as exc:
        say(str(exc))
        leave(UNUSABLE)
    open_services = {
        s: "down with nothing failed: `rackwright simulate` says what it lacks"
        if s in result.never_up
        else "no device of it is listed"
        for s in sorted(services or inventory.services)
        if s in result.never_up or s not in whole.outputs
    }
    stock = spares(inventory, project.plan, graphs)
    if output is Format.JSON:
        out_json(_data(inventory, result, found, stock, open_services))
    else:
        _text(inventory, result, found, stock, open_services, verbose=verbose or len(asked) == 1)
    leave(CLEAN)


def _known(services: Sequence[str], inventory: Inventory) -> None:
    from inventory.nearest import near

    for service in services:
        if service not in inventory.services:
            guess = near(service, inventory.services)
            say(f"no service named {service}" + (f"; did you mean {guess}?" if guess else ""))
            leave(UNUSABLE)


def _engine(engine: str, scheduler: str | None) -> Engine:
    from capacity.engine import Engine

    return Engine("dask" if engine == "dask" else "local", scheduler)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None] | None]:
    """A bar on standard error while somebody looks; nothing otherwise."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(f"simulating {what}", total=total)
            bars.update(tasks[what], completed=done)

        yield told


# ---------------------------------------------------------------- JSON


def _data(
    inventory: Inventory,
    result: Availability,
    found: FailureCauses,
    stock: Sequence[Spare],
    open_services: dict[str, str],
) -> dict[str, Any]:
    """Everything, unrounded; a figure nobody saw is null with a bound, never 0."""
    return {
        "project": inventory.project.name,
        "years": result.years,
        "seed": result.seed,
        "stretches": result.stretches,
        "confidence": 0.95,
        "causes": result.causes,
        "outages_of_causes": result.begun,
        "distinct_overlaps": result.states,
        "services": [_service(inventory, s) for s in result.services],
        "services_not_evaluated": open_services,
        "spares": [
            {
                "item": s.item,
                "kind": s.kind,
                "units": s.units,
                "failures_per_year": s.failures_per_year,
                "spares": s.spares,
                "figure": s.figure,
            }
            for s in stock
        ],
        "figures": [
            {
                "name": f.name,
                "value": f.value,
                "unit": f.unit,
                "source": f.source,
                "assumed": f.assumed,
                "causes": f.causes,
            }
            for f in found.figures
        ],
        "assumed": [{"subject": s, "en": t.en, "zh": t.zh} for s, t in found.assumed],
        "not_evaluated": [{"subject": s, "en": t.en, "zh": t.zh} for s, t in found.not_evaluated],
    }


def _service(inventory: Inventory, service: ServiceAvailability) -> dict[str, Any]:
    exact = service.exact
    return {
        "service": service.service,
        "method": service.method,
        **_figures(service.figures),
        "tier_indicative": tier(inventory, service.figures),
        "longest_outage_h": service.longest_outage_h,
        "timeline": _figures(service.timeline),
        "weighted": None if service.weighted is None else _figures(service.weighted),
        "exact": None
        if exact is None
        else {"unavailability": exact.unavailability, "failures_per_hour": exact.failures_per_h},
        "cut_set_bounds": None
        if service.bounds is None
        else {
            "low": service.bounds.low,
            "rare_event_sum": service.bounds.rare,
            "high": service.bounds.high,
        },
    }


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "availability": _estimate(figures.availability),
        "unavailability": _estimate(figures.unavailability),
        "downtime_min_per_year": _estimate(figures.downtime_min_per_year),
        "failures_per_year": _estimate(figures.failures_per_year),
        "seen": figures.seen,
        "contributors": [{"cause": c.cause, "share": _estimate(c.share)} for c in figures.contributors],
    }


def _estimate(estimate: Estimate) -> dict[str, float | None]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def tier(inventory: Inventory, figures: Figures) -> str:
    """The tier whose published availability the lower bound reaches; a figure of speech, not a certificate."""
    reached = [
        name
        for name, least in zip(TIERS, inventory.policy.numbers("avail.tiers"), strict=False)
        if figures.availability.low >= least
    ]
    return reached[-1] if reached else "below I"


# ---------------------------------------------------------------- text


def _text(
    inventory: Inventory,
    result: Availability,
    found: FailureCauses,
    stock: Sequence[Spare],
    open_services: dict[str, str],
    *,
    verbose: bool,
) -> None:
    out(
        f"{inventory.project.title.en}: {result.years:,.0f} years simulated, seed {result.seed}, "
        f"{result.causes} causes, {result.begun:,} outages of causes; intervals of 95 %"
    )
    out("")
    rows = [("service", "availability %", "downtime min/year", "failures/year", "seen", "by", "tier*")]
    for s in result.services:
        f = s.figures
        rows.append(
            (s.service, _percent(f), _span(f.downtime_min_per_year), _span(f.failures_per_year),
             str(f.seen), s.method, tier(inventory, f))
        )  # fmt: skip
    _table(rows)
    out("* indicative: what tier figures of that availability are published as; no certificate")
    out(
        "seen: outages on the timeline, or weighted states that were down when outages are too rare to wait for"
    )
    held = [(s.service, *_held_against(s)) for s in result.services if s.exact or s.bounds]
    if held:
        out("")
        out("held against: the same model without chance")
        _table([("service", "downtime min/year", "how"), *held])
    if open_services:
        out("")
        out("not evaluated")
        _table(list(open_services.items()))
    out("")
    out("down for: share of the downtime in which the cause lasted, %")
    shown = []
    for s in result.services:
        every = s.figures.contributors
        for c in every if verbose else every[:_BRIEF]:
            shown.append((s.service, c.cause, _span(c.share.times(100))))
    _table(shown)
    if not verbose:
        out(f"  the first {_BRIEF} of each; ten with --verbose")
    out("")
    out("failures and spares a year")
    _table([("item", "units", "failures/year", f"spares ({inventory.policy.number('avail.spare_sure'):.0%})")] + [
        (s.item, str(s.units), _number(s.failures_per_year), str(s.spares)) for s in stock
    ])  # fmt: skip
    _sources(found, verbose=verbose)


def _held_against(service: ServiceAvailability) -> tuple[str, str]:
    """Downtime by reckoning, in minutes a year, and how it was reckoned."""
    if service.exact is not None:
        return _number(service.exact.unavailability * MINUTES_A_YEAR), "exact"
    if service.bounds is None:
        return "", ""
    low, rare = (_number(x * MINUTES_A_YEAR) for x in (service.bounds.low, service.bounds.rare))
    return f"{low} to {rare}", "bounds of what cut sets of up to three causes bring; larger ones add to it"


def _sources(found: FailureCauses, *, verbose: bool) -> None:
    out("")
    out("figures (change one under `policy` of the project, with a reason)")
    _table([("figure", "value", "unit", "source", "")] + [
        (f.name, f"{f.value:g}", f.unit, f.source, "assumed" if f.assumed else "") for f in found.figures
    ])  # fmt: skip
    out("")
    out("assumed")
    groups: dict[str, list[str]] = {}
    for subject, text in found.assumed:
        groups.setdefault(text.en, []).append(subject)
    for said, subjects in groups.items():
        names = ", ".join(subjects if verbose else subjects[:_BRIEF])
        more = f" and {len(subjects) - _BRIEF} more" if not verbose and len(subjects) > _BRIEF else ""
        out(f"  {said}: {names}{more}")
    out("  causes are independent but for what is common to a group; repairs do not wait for one another")
    out("  generators that do not start stay so until the utility is back; breakers do not open under load")
    out("")
    out("not evaluated: taken neither as failing nor as safe")
    _table([(subject, text.en) for subject, text in found.not_evaluated])


def _percent(figures: Figures) -> str:
    """Availability with as many nines as the interval tells apart."""
    u = figures.unavailability
    width = max(u.high - u.low, 1e-15)
    digits = min(13, max(2, 1 - math.floor(math.log10(width * 100))))
    a = figures.availability
    if a.value is None:
        return f">= {100 * a.low:.{digits}f}"
    return f"{100 * a.value:.{digits}f} ({100 * a.low:.{digits}f}-{100 * a.high:.{digits}f})"


def _span(estimate: Estimate) -> str:
    if estimate.value is None:
        return f"<= {_number(estimate.high)}"
    return f"{_number(estimate.value)} ({_number(estimate.low)}-{_number(estimate.high)})"


def _number(value: float) -> str:
    """Three significant digits, without an exponent where that is readable."""
    if value and not 1e-4 <= abs(value) < 1e6:
        return f"{value:.2e}"
    digits = 2 if not value else max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}"


def _table(rows: Sequence[Sequence[str]]) -> None:
    if not rows:
        return
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        out("  " + "  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip())
