"""`rackwright power`: loads after failures: what may open at all, the worst load of every element, or one failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from inventory.nearest import near
from rackwright.cli.common import CLEAN, FINDINGS, UNUSABLE, Format, leave, load_project, out, out_json, say

if TYPE_CHECKING:
    from capacity.power_bounds import MayTrip
    from capacity.power_flow import Flow
    from capacity.power_worst import Worst, WorstLoads
    from topology.elements import Layers, SharedRisk

At = Literal["alloc", "peak"]


def run(name: str | None, output: Format, *, order: int, at: At, fail: Sequence[str], top: int) -> None:
    """Work out and print; leaves with 1 when something opens or stands above its limit.

    `fail`: keys of elements (`ups/A-UPS-A`) or groups (`rack:A01-A04`) that fail together; without any, the worst
    over all groups alone (`order` 1) and in pairs (2). `top`: how many elements to show, the fullest first.
    """
    from capacity.power_flow import flow, may_trip, power_loads, worst_loads
    from topology.graph import layers
    from topology.risk import shared_risks

    project = load_project(name, output)
    if project.plan is None:
        say("no plan yet: run `rackwright plan` first")
        leave(UNUSABLE)
    built = layers(project.inventory, project.plan)
    draws = power_loads(project.inventory, built)
    risks = shared_risks(project.inventory, built)
    if fail:
        found = flow(built, draws, _elements(fail, built, risks), at=at)
        if output is Format.JSON:
            out_json(_flow_data(found, fail, at))
        else:
            _print_flow(found, fail, at, top)
        leave(FINDINGS if found.opened or found.overloaded() else CLEAN)
    proof, worst = may_trip(built, draws, at=at), worst_loads(built, draws, risks, order, at=at)
    if output is Format.JSON:
        out_json(_worst_data(proof, worst))
    else:
        _print_proof(proof)
        _print_worst(worst, top)
    leave(FINDINGS if any((w.utilisation or 0) > 1 for w in worst.loads) else CLEAN)


def _elements(fail: Sequence[str], built: Layers, risks: Sequence[SharedRisk]) -> set[str]:
    """Element keys behind what was asked for; leaves with a hint at a key nobody knows."""
    members = {risk.key: risk.members for risk in risks}
    failed: set[str] = set()
    for key in fail:
        if key in members:
            failed |= {*members[key]}
        elif key in built.elements:
            failed.add(key)
        else:
            guess = near(key, sorted([*members, *built.elements]))
            say(f"no element or group {key}" + (f"; did you mean {guess}?" if guess else ""))
            leave(UNUSABLE)
    return failed


# ---------------------------------------------------------------- one failure


def _print_flow(found: Flow, fail: Sequence[str], at: At, top: int) -> None:
    out(f"without {', '.join(fail)}, at {'allocated' if at == 'alloc' else 'peak'} draw:")
    for step in found.opened:
        over = "" if step.cause == step.element else f", because of {step.cause}"
        out(
            f"  round {step.round}: {step.element} opens at {step.load_w:.0f} W, rating {step.trip_w:.0f} W{over}"
        )
    if not found.opened:
        out("  no breaker opens")
    out(f"  {len(found.dark)} devices without power" + (f": {_names(found.dark)}" if found.dark else ""))
    rows = sorted(
        ((share, key) for key in found.load_w if (share := found.utilisation(key)) is not None),
        key=lambda r: (-r[0], r[1]),
    )
    for share, key in rows[:top]:
        limit = found.limits[key]
        out(
            f"  {share:6.1%}  {key}: {found.load_w[key]:.0f} W of {limit.limit_w:.0f} W{_least(found.at_least, key)}"
        )
    _print_unknown([k for k in found.not_evaluated() if k not in found.at_least])


def _flow_data(found: Flow, fail: Sequence[str], at: At) -> dict[str, Any]:
    loads = [
        {
            "element": key,
            "load_w": round(found.load_w[key], 1),
            "limit_w": found.limits[key].limit_w,
            "utilisation": found.utilisation(key),
            "at_least": list(found.at_least.get(key, ())),
        }
        for key in found.load_w
    ]
    opened = [
        {"round": o.round, "element": o.element, "load_w": o.load_w, "trip_w": o.trip_w, "cause": o.cause}
        for o in found.opened
    ]
    return {"failed": list(fail), "at": at, "opened": opened, "dark": list(found.dark), "loads": loads}


# ---------------------------------------------------------------- the worst of all


def _print_proof(proof: MayTrip) -> None:
    if proof:
        out(
            f"{len(proof.elements)} elements can open under some failure (most they can carry against their rating):"
        )
        for bound in proof.elements[:10]:
            out(f"  {bound.element}: {bound.most_w:.0f} W, rating {bound.trip_w:.0f} W")
    else:
        out("no breaker of known rating can open, whatever fails: none can carry more than its rating")
    if proof.unproven:
        out(f"not evaluated, because a draw is unknown: {_names(sorted(proof.unproven))}")
    if proof.unrated:
        out(f"not evaluated, because the rating is unknown: {_names(proof.unrated)}")


def _print_worst(worst: WorstLoads, top: int) -> None:
    pairs = " and in pairs" if worst.order == 2 else ""
    draw = "allocated" if worst.at == "alloc" else "peak"
    out(
        f"worst loads at {draw} draw over {worst.failures} failures (every group of shared risk alone{pairs}):"
    )
    for load in worst.heaviest(top):
        out(
            f"  {load.utilisation:6.1%}  {load.element}: {load.load_w:.0f} W of {load.limit_w:.0f} W, {_cause(load)}"
        )
    _print_unknown([w.element for w in worst.loads if w.limit_w is None and w.load_w])


def _cause(load: Worst) -> str:
    least = f"; at least, without {_names(load.at_least)}" if load.at_least else ""
    return (f"without {' + '.join(load.failure)}" if load.failure else "in the normal state") + least


def _worst_data(proof: MayTrip, worst: WorstLoads) -> dict[str, Any]:
    loads = [
        {
            "element": w.element,
            "load_w": round(w.load_w, 1),
            "limit_w": w.limit_w,
            "trip_w": w.trip_w,
            "utilisation": w.utilisation,
            "failure": list(w.failure),
            "at_least": list(w.at_least),
        }
        for w in worst.loads
    ]
    return {
        "at": worst.at,
        "order": worst.order,
        "failures": worst.failures,
        "may_open": [b.element for b in proof.elements],
        "unproven": {key: list(devices) for key, devices in proof.unproven.items()},
        "unrated": list(proof.unrated),
        "loads": loads,
    }


def _print_unknown(keys: Sequence[str]) -> None:
    kinds: dict[str, int] = {}
    for key in keys:
        kind = key.partition("/")[0]
        if kind not in ("device", "pdu"):
            kinds[kind] = kinds.get(kind, 0) + 1
    if kinds:
        out(
            "not evaluated, because no limit is known: "
            + ", ".join(f"{n} x {kind}" for kind, n in sorted(kinds.items()))
        )


def _least(at_least: Mapping[str, Sequence[str]], key: str) -> str:
    return f" (at least: the draw of {_names(at_least[key])} is unknown)" if key in at_least else ""


def _names(keys: Sequence[str]) -> str:
    return ", ".join(keys[:6]) + (f" and {len(keys) - 6} more" if len(keys) > 6 else "")
