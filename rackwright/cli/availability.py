"""`rackwright availability`: how available each service is, what it is down for, and the spares of a year."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from capacity.availability import LEVEL, cut_order
from capacity.reliability import MINUTES_A_YEAR
from inventory.quantities import plain_number
from rackwright.cli.common import CLEAN, UNUSABLE, Format, leave, load_project, out, out_json, say
from rackwright.cli.simulate_text import open_points, table

if TYPE_CHECKING:
    from capacity.availability import Availability, Figures, ServiceAvailability
    from capacity.confidence import Estimate
    from capacity.failure_causes import FailureCauses
    from capacity.spares import Spare
    from inventory.findings import Text
    from inventory.inventory import Inventory
    from inventory.plan_model import Plan
    from topology.elements import Layers

TIERS = ("I", "II", "III", "IV")
_BRIEF = 3


@dataclass(frozen=True)
class Answer:
    """Everything that is printed. `not_judged`: services without a figure, and why."""

    inventory: Inventory
    result: Availability
    found: FailureCauses
    spares: Sequence[Spare]
    not_judged: Mapping[str, str]
    assumed: Sequence[tuple[str, Text]]
    not_evaluated: Sequence[tuple[str, Text]]


def run(
    name: str | None,
    output: Format,
    *,
    years: float,
    seed: int,
    states: int,
    services: Sequence[str],
    engine_name: Literal["local", "dask"],
    scheduler: str | None,
    verbose: bool,
) -> None:
    """Simulate and print. Exit 0 whatever the figures: how available a service must be is not for us to say."""
    from capacity.availability import simulate
    from capacity.engine import Engine, EngineError
    from capacity.failure_causes import failure_causes
    from capacity.survival import structure
    from rackwright.cli.simulate import progress
    from topology.graph import layers as planned_layers
    from topology.risk import shared_risks

    try:
        engine = Engine(engine_name, scheduler)
    except EngineError as exc:
        say(str(exc))
        leave(UNUSABLE)
    project = load_project(name, output)
    if project.plan is None:
        say("no plan yet: run `rackwright plan` first")
        leave(UNUSABLE)
    inventory = project.inventory
    _known(services, inventory)
    layers = planned_layers(inventory, project.plan)
    found = failure_causes(inventory, project.plan, layers, shared_risks(inventory, layers))
    whole = structure(inventory, layers)
    asked = {s: gate for s, gate in whole.outputs.items() if not services or s in services}
    try:
        with progress() as tell:
            result = simulate(
                replace(whole, outputs=asked), found.causes,
                years=years, seed=seed, weighted_states=states, engine=engine, told=tell,
            )  # fmt: skip
    except EngineError as exc:
        say(str(exc))
        leave(UNUSABLE)
    not_judged = {
        s: "down with nothing failed: `rackwright simulate` says why"
        if s in result.never_up
        else "none of its devices is listed"
        for s in sorted(services or inventory.services)
        if s in result.never_up or s not in whole.outputs
    }
    answer = _answer(project.plan, layers, inventory, result, found, not_judged)
    if output is Format.JSON:
        out_json(_data(answer))
    else:
        _text(answer, verbose=verbose or len(asked) == 1)
    leave(CLEAN)


def _answer(
    plan: Plan,
    layers: Layers,
    inventory: Inventory,
    result: Availability,
    found: FailureCauses,
    not_judged: Mapping[str, str],
) -> Answer:
    from capacity.spares import spares
    from capacity.sweep import not_evaluated

    return Answer(
        inventory,
        result,
        found,
        spares(inventory, plan, layers),
        not_judged,
        (*found.assumed, *layers.assumed),
        (*found.not_evaluated, *not_evaluated(inventory, layers, without_trips=True)),
    )


def _known(services: Sequence[str], inventory: Inventory) -> None:
    from inventory.nearest import near

    for service in services:
        if service not in inventory.services:
            guess = near(service, inventory.services)
            say(f"no service named {service}" + (f"; did you mean {guess}?" if guess else ""))
            leave(UNUSABLE)


# ---------------------------------------------------------------- JSON


def _data(answer: Answer) -> dict[str, Any]:
    """Everything, unrounded; a figure nobody saw is null with a bound, never 0."""
    inventory, result = answer.inventory, answer.result
    return {
        "project": inventory.project.name,
        "years": result.years,
        "seed": result.seed,
        "stretches": result.stretches,
        "confidence": LEVEL,
        "causes": result.causes,
        "outages_of_causes": result.begun,
        "distinct_overlaps": result.states,
        "services": [_service(inventory, s) for s in result.services],
        "services_not_evaluated": dict(answer.not_judged),
        "spares": [asdict(s) for s in answer.spares],
        "figures": [asdict(f) for f in answer.found.figures],
        "assumed": [{"subject": s, "en": t.en, "zh": t.zh} for s, t in answer.assumed],
        "not_evaluated": [{"subject": s, "en": t.en, "zh": t.zh} for s, t in answer.not_evaluated],
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


def _text(answer: Answer, *, verbose: bool) -> None:
    inventory, result = answer.inventory, answer.result
    out(
        f"{inventory.project.title.en}: {result.years:,.0f} years simulated, seed {result.seed}\n"
        f"{result.causes:,} causes, {result.begun:,} outages of causes; intervals of {LEVEL:.0%}"
    )
    if result.services:
        _services(inventory, result, verbose=verbose)
    if answer.not_judged:
        _part("services not evaluated", list(answer.not_judged.items()))
    if not result.services and not answer.not_judged:
        out("no services are listed: nothing to judge")
    sure = inventory.policy.number("avail.spare_sure")
    stock = [
        (
            s.item,
            str(s.units),
            "not evaluated" if s.failures_per_year is None else _number(s.failures_per_year),
            "" if s.spares is None else str(s.spares),
            f"{plain_number(s.mtbf_h)} h ({s.figure})",
        )
        for s in answer.spares
    ]
    heads = ("item", "units", "failures/year", f"spares ({sure:.0%})", "MTBF")
    _part("failures and spares a year", [heads, *stock])
    used = {f.name for f in answer.found.figures}
    alone = {s.figure: (s.figure, plain_number(s.mtbf_h), "assumed", f"h; {s.source}") for s in answer.spares}
    figures = [
        (f.name, plain_number(f.value), "assumed" if f.assumed else "stated", f"{f.unit}; {f.source}")
        for f in answer.found.figures
    ]
    figures += [row for name, row in sorted(alone.items()) if name not in used]
    _part("figures", [("name", "value", "", "unit; source"), *figures])
    out("  change one under `policy` in the project file, with a reason; 0: no figure, not evaluated")
    out("")
    for line in open_points(answer.assumed, answer.not_evaluated):
        out(line)
    out("assumed throughout: causes are independent but for what is common to a group; repairs do not wait")
    out("  for one another; a generator that does not start stays so until the utility is back; breakers do")
    out("  not open under load")


def _services(inventory: Inventory, result: Availability, *, verbose: bool) -> None:
    every = [(s, s.figures) for s in result.services]
    _part("", [("service", "availability %", "downtime min/year")] + [
        (s.service, _percent(f), _span(f.downtime_min_per_year)) for s, f in every
    ])  # fmt: skip
    _part("", [("service", "failures/year", "by", "seen", "tier, indicative")] + [
        (s.service, _span(f.failures_per_year), s.method, f"{f.seen:,}", tier(inventory, f)) for s, f in every
    ])  # fmt: skip
    out("  seen: outages on the timeline, or weighted states down where outages are too rare for it")
    out("  tier: the published figure that the lower bound of the availability reaches; no certificate")
    held = [
        (s.service, *_held_against(s, cut_order(result.causes)))
        for s in result.services
        if s.exact or s.bounds
    ]
    if held:
        _part("held against the same model without chance", [("service", "downtime min/year", "how"), *held])
    blamed = [
        (s.service, c.cause, _span(c.share.times(100)))
        for s in result.services
        for c in s.figures.contributors[: None if verbose else _BRIEF]
    ]
    if blamed:
        _part(
            "down for: share of the downtime in which the cause lasted", [("service", "cause", "%"), *blamed]
        )
    if blamed and not verbose:
        out(f"  the first {_BRIEF} of each; ten with --verbose")


def _part(heading: str, rows: Sequence[Sequence[str]]) -> None:
    out("")
    if heading:
        out(heading)
    for line in table(rows, indent="  "):
        out(line)


def _held_against(service: ServiceAvailability, order: int) -> tuple[str, str]:
    """Downtime by reckoning, in minutes a year, and how it was reckoned."""
    if service.exact is not None:
        return f"{service.exact.unavailability * MINUTES_A_YEAR:.5g}", "exact"
    if service.bounds is None:
        return "", ""
    low, rare = (f"{x * MINUTES_A_YEAR:.5g}" for x in (service.bounds.low, service.bounds.rare))
    return f"{low} to {rare}", f"bounds: cut sets of up to {order} causes; larger ones add to it"


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
