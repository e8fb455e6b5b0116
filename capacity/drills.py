"""Disaster-recovery drills proved on the model: each scenario is compiled into failed elements, and what must hold is
looked for in what is left. The answer is what to expect of the real drill; it never stands for one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from capacity import drill_conditions, drill_copies, drill_fencing, drill_limits, drill_times
from capacity.drill_faults import Faults, faults
from capacity.drill_model import DEFAULTS, ORDER, Ballot, Case, Condition, Drill, Recovery
from capacity.drill_rto import moving, recoveries
from capacity.drill_world import Ground
from inventory import model as m
from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.model_drills import Must
from inventory.plan_model import Plan
from topology.elements import Layers, SharedRisk

PROOFS = {
    name: proof
    for module in (drill_conditions, drill_fencing, drill_limits, drill_copies, drill_times)
    for name, proof in module.PROOFS.items()
}
"""How each condition is proved, by its name."""


def ground(inventory: Inventory, plan: Plan, layers: Layers, risks: Sequence[SharedRisk]) -> Ground:
    """What every drill of one plan stands on; worked out once, used for all scenarios."""
    return Ground(inventory, plan, layers, tuple(risks))


def drill(on: Ground, scenario: m.Scenario) -> Drill:
    """One scenario proved: its cases, every condition with verdict and counter-example, votes, recovery times.

    Conditions that hold alike in many cases stand once for each case; what is not evaluated for the same reason in
    every case stands once. Cost: one `survives` per case, some tens of milliseconds on two hundred servers.
    """
    found = faults(on.inventory, on.layers, on.risks, scenario)
    striking = (
        on.inventory.scenarios[scenario.of] if scenario.kind == "exercise" and scenario.of else scenario
    )
    conditions: list[Condition] = []
    ballots: list[Ballot] = []
    for n, case in enumerate(found.cases):
        world = on.world(case)
        for must, own in _musts(scenario, striking):
            if n and must.holds in PER_SCENARIO:
                continue
            proved = PROOFS[must.holds](on, world, scenario if own else striking, must)
            conditions += [replace(c, case=case.name) for c in proved]
        shown = [ways[0] for ways in drill_fencing.votes_after(on, world)]
        ballots += [b for b in shown if b.dark or len(b.parties) > 1]
    conditions += _open(on, scenario, found)
    if found.cases:
        conditions += _unmet(on, scenario, striking, {c.name for c in conditions})
    return Drill(
        scenario,
        found.cases,
        _sorted(conditions),
        tuple(ballots),
        _recovery(on, striking, found.cases),
        found.strangers,
    )


PER_SCENARIO = ("approval", "devices", "order", "resync")
"""Conditions that do not depend on the case."""


def _musts(scenario: m.Scenario, striking: m.Scenario) -> list[tuple[Must, bool]]:
    """What must hold: by kind, then as declared; the declared form of a condition takes the place of the default.
    The second value tells whether it belongs to the scenario itself, not to the one an exercise stands for."""
    out: list[tuple[Must, bool]] = []
    for one in dict.fromkeys((scenario.name, striking.name)):
        source = scenario if one == scenario.name else striking
        own = source is scenario
        declared = {must.holds for must in source.must}
        out += [(Must(holds=name), own) for name in DEFAULTS[source.kind] if name not in declared]
        out += [(must, own) for must in source.must]
    return out


def _unmet(on: Ground, scenario: m.Scenario, striking: m.Scenario, met: Collection[str]) -> list[Condition]:
    """Conditions that met nothing to be proved on: not evaluated, never a pass."""
    text = Text("nothing in the project that it could be proved on", "项目中没有可供证明的对象")
    at, subject = on.inventory.where(scenario), f"scenarios/{scenario.name}"
    names = dict.fromkeys(must.holds for must, _ in _musts(scenario, striking))
    return [Condition(n, subject, "not evaluated", text, "", at) for n in names if n not in met]


def _open(on: Ground, scenario: m.Scenario, found: Faults) -> list[Condition]:
    """What could not be compiled for lack of facts: of the first condition of the scenario, not evaluated."""
    name = (*DEFAULTS[scenario.kind], *(must.holds for must in scenario.must))[0]
    subject = f"scenarios/{scenario.name}"
    return [Condition(name, subject, "not evaluated", text, "", at) for text, at in found.open]


def _sorted(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
    """Worst verdicts first, then as proved; what is not evaluated for one reason in many cases stands once."""
    out: dict[tuple[str, ...], Condition] = {}
    for c in conditions:
        key = (c.name, c.subject, c.message.en) + (
            () if c.verdict == "not evaluated" else (c.verdict, c.case)
        )
        first = out.setdefault(key, c)
        if first is not c:
            out[key] = replace(first, case="")
    return tuple(sorted(out.values(), key=lambda c: ORDER.index(c.verdict)))


def _recovery(on: Ground, scenario: m.Scenario, cases: Sequence[Case]) -> tuple[Recovery, ...]:
    """Recovery times of what moves when the struck sites are lost; of a single product its own."""
    lost = {s for case in cases for s in (*case.struck, *case.cut_off)}
    if scenario.kind not in ("power-loss", "island", "single-product", "custom") or not lost:
        return ()
    names = moving(on.inventory, lost)
    if scenario.kind == "single-product":
        names = tuple(n for n in names if n in {c.name for c in cases})
        return tuple(r for n in names for r in recoveries(on.inventory, scenario, [n]))
    return recoveries(on.inventory, scenario, names)
