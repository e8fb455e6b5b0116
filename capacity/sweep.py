"""Failure sweeps: every group of shared risk alone, and every two of them, against every service.

Order 1 gives an outcome per group. Order 2 tries every pair and tells the losses that are new: pairs that take a
service down although neither group does so alone, put together into classes. Breakers that open under the load a
failure shifts fail with it, where `capacity.power_flow` cannot prove that none does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from capacity.cut_classes import CutClass
from capacity.engine import LOCAL, Engine
from capacity.power_bounds import may_trip
from capacity.power_rules import At, power_loads
from capacity.power_worst import Worst
from capacity.structure import Structure
from capacity.survival import structure as survival_structure
from capacity.survival_open import open_points
from capacity.survives import survives
from capacity.sweep_details import Observer, Outcome
from capacity.sweep_loads import Loads
from capacity.sweep_pairs import Pairs
from inventory.findings import Text
from inventory.inventory import Inventory
from topology.elements import Layers, SharedRisk
from topology.risk import unknown_facts

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class ServiceState:
    """A service in the sweep. `up`: with nothing failed (None: not evaluated); `why_down`: what it lacks then;
    `single_points`: groups that take it down alone; `new_pairs`: pairs that do although neither half does (None
    for order 1); `pairs_down`: all pairs that do (None: not counted)."""

    name: str
    protected: bool
    up: bool | None
    why_down: tuple[Text, ...]
    single_points: int
    new_pairs: int | None = None
    pairs_down: int | None = None


@dataclass(frozen=True, slots=True)
class NewLoss:
    """Pairs of one class, the services they take down anew, and the outcome of the first of them."""

    services: tuple[str, ...]
    pairs: CutClass
    example: Outcome


@dataclass(frozen=True)
class SweepResult:
    """A sweep over `groups` groups, `failures` sets of them. `outcomes`: one per group in the order of keys, for
    order 2 only of those that take a service down; `kinds`: kind of group -> how many were tried alone; `intact`:
    nothing failed.

    `trips`: elements that may open under load (they were followed); `loads`: per kind of element on the power path
    the one loaded highest against its limit in any of the failures; `assumed` and `not_evaluated`: by subject.
    """

    project: str
    order: int
    at: At
    groups: int
    failures: int
    kinds: Mapping[str, int]
    services: tuple[ServiceState, ...]
    intact: Outcome
    outcomes: tuple[Outcome, ...]
    new_losses: tuple[NewLoss, ...]
    trips: tuple[str, ...]
    loads: tuple[Worst, ...]
    assumed: tuple[tuple[str, Text], ...]
    not_evaluated: tuple[tuple[str, Text], ...]

    def single_points(self) -> list[Outcome]:
        """Groups that alone take a service down that is up before."""
        return [o for o in self.outcomes if set(o.down) - set(self.intact.down)]

    def to_dict(self) -> dict[str, Any]:
        """JSON form; keys are stable, the same input gives the same bytes."""
        return {
            "project": self.project,
            "order": self.order,
            "draw": self.at,
            "groups": self.groups,
            "failures": self.failures,
            "kinds": dict(self.kinds),
            "services": [_service(s) for s in self.services],
            "intact": self.intact.to_dict(),
            "single_failures": [o.to_dict() for o in self.outcomes],
            **({"new_losses": [_new_loss(n) for n in self.new_losses]} if self.order > 1 else {}),
            "may_trip": list(self.trips),
            "highest_loads": [_load(w) for w in self.loads],
            "assumed": said(self.assumed),
            "not_evaluated": said(self.not_evaluated),
        }


def sweep(
    inventory: Inventory,
    layers: Layers,
    risks: Iterable[SharedRisk],
    order: int = 1,
    engine: Engine = LOCAL,
    *,
    at: At = "peak",
    services: Collection[str] = (),
    only: Collection[str] = (),
    progress: Progress | None = None,
) -> SweepResult:
    """Every group of `risks` alone or, with `order` 2, every pair of them.

    Parameters: `services` restricts the services looked at, `only` the failures to those with one of these group
    keys; `at` is the draw that loads are worked out at. Raises ValueError for another order, KeyError for a
    service that is not in the inventory.
    """
    if order not in (1, 2):
        raise ValueError(f"order {order}: 1 or 2; order 3 is the business of minimal cut sets")
    if unknown := set(services) - set(inventory.services):
        raise KeyError(", ".join(sorted(unknown)))
    ordered = sorted(risks, key=lambda r: r.key)
    whole = survival_structure(inventory, layers)
    looked_at = Structure(
        whole.leaves, whole.gates, {n: g for n, g in whole.outputs.items() if not services or n in services}
    )
    tell = progress or (lambda _step, _done, _total: None)
    tell("loads on breakers", 0, 3)
    loads = Loads(inventory, layers, ordered, at)
    tell("every group alone", 1, 3)
    observer = Observer(inventory, layers, looked_at)
    opens_anyway = loads.opened([()])[0]
    intact = observer.outcomes([()], [opens_anyway], [opens_anyway])[0]
    alone = [n for n, risk in enumerate(ordered) if order == 2 or not only or risk.key in only]
    opened = loads.opened([(n,) for n in alone])
    outcomes = observer.outcomes(
        [(ordered[n].key,) for n in alone],
        [{*ordered[n].members, *more} for n, more in zip(alone, opened, strict=True)],
        opened,
    )
    singles = {s: sum(s in o.down for o in outcomes) for s in looked_at.outputs if s not in intact.down}
    new: dict[str, list[CutClass]] = {}
    pairs_down: dict[str, int] = {}
    failures = len(alone)
    if order == 2:
        tell("every pair", 2, 3)
        pairs = Pairs(looked_at, ordered, loads, only)
        failures = pairs.failures
        new, pairs_down = pairs.losses(engine, lambda done, total: tell("every pair", done, total))
        outcomes = [o for o in outcomes if set(o.down) - set(intact.down)]
    reasons = survives(inventory, layers, opens_anyway).reasons if intact.down else {}
    kinds: dict[str, int] = {}
    for n in alone:
        kinds[ordered[n].kind] = kinds.get(ordered[n].kind, 0) + 1
    states = tuple(
        ServiceState(
            name=name,
            protected=service.protected,
            up=None if name not in looked_at.outputs else name not in intact.down,
            why_down=reasons.get(name, ()),
            single_points=singles.get(name, 0),
            new_pairs=sum(c.sets for c in new.get(name, ())) if order == 2 else None,
            pairs_down=pairs_down.get(name),
        )
        for name, service in sorted(inventory.services.items())
        if not services or name in services
    )
    return SweepResult(
        project=inventory.project.name,
        order=order,
        at=at,
        groups=len(ordered),
        failures=failures,
        kinds=dict(sorted(kinds.items())),
        services=states,
        intact=intact,
        outcomes=tuple(outcomes),
        new_losses=_told(inventory, new, {r.key: r for r in ordered}, loads, observer),
        trips=loads.may_open,
        loads=loads.highest([ordered[n] for n in alone] if order == 1 else ordered, order),
        assumed=layers.assumed,
        not_evaluated=not_evaluated(inventory, layers, at=at),
    )


def not_evaluated(
    inventory: Inventory, layers: Layers, *, at: At = "peak", without_trips: bool = False
) -> tuple[tuple[str, Text], ...]:
    """What a sweep cannot judge, by subject: what the layers do not know, facts that would form groups, services
    without devices, ratings of breakers. `without_trips`: breakers that may open were not followed."""
    proof = may_trip(layers, power_loads(inventory, layers), at=at)
    unproven = {*proof.unproven, *proof.unrated}
    out = list(layers.unknown)
    silent: dict[str, dict[str, int]] = {}
    for (kind, site), keys in unknown_facts(inventory, layers.elements).items():
        silent.setdefault(kind, {})[site or "-"] = len(keys)
    for kind, sites in silent.items():
        counts = ", ".join(f"{site} {count}" for site, count in sites.items())
        out.append(
            (
                kind,
                Text(
                    f"not stated for all elements (by site: {counts}): shared risks of this kind are not seen there",
                    f"部分元素未说明（按中心：{counts}）：该类共享风险未计入",
                ),
            )
        )
    if not inventory.services:
        out.append(
            (
                "services",
                Text(
                    "none is declared: what users lose in a failure is not evaluated",
                    "未声明任何业务：故障对用户的影响未评估",
                ),
            )
        )
    if unproven:
        out.append(
            (
                "power",
                Text(
                    f"{len(unproven)} elements of the power path have no known rating or carry devices of unknown draw: taken never to open",
                    f"{len(unproven)} 个供电元素额定值或负载未知：按不跳闸计",
                ),
            )
        )
    if without_trips and proof:
        n = len(proof.elements)
        out.append(
            (
                "power",
                Text(
                    f"{n} breakers may open under load that shifts: not followed here, but in sweeps of order 1 and 2",
                    f"{n} 个断路器可能因负载转移跳闸：此处未计，一阶与二阶扫描已计",
                ),
            )
        )
    return (*out, *open_points(inventory, layers))


def _told(
    inventory: Inventory,
    new: Mapping[str, Sequence[CutClass]],
    risks: Mapping[str, SharedRisk],
    loads: Loads,
    observer: Observer,
) -> tuple[NewLoss, ...]:
    """Classes with all services they take down; those of most protected services first, then of most pairs."""
    services: dict[CutClass, list[str]] = {}
    for service in sorted(new):
        for found in new[service]:
            services.setdefault(found, []).append(service)
    protected = {c: sum(inventory.services[s].protected for s in names) for c, names in services.items()}
    classes = sorted(services, key=lambda c: (-protected[c], -len(services[c]), -c.sets, c.parts))
    firsts = [next(c.expanded()) for c in classes]
    place = {key: n for n, key in enumerate(sorted(risks))}
    opened = loads.opened([tuple(place[k] for k in keys) for keys in firsts])
    failed = [
        {m for k in keys for m in risks[k].members}.union(more)
        for keys, more in zip(firsts, opened, strict=True)
    ]
    examples = observer.outcomes(firsts, failed, opened)
    return tuple(NewLoss(tuple(services[c]), c, e) for c, e in zip(classes, examples, strict=True))


# ---------------------------------------------------------------- JSON


def said(points: Iterable[tuple[str, Text]]) -> list[dict[str, str]]:
    """What was assumed or not evaluated, as JSON."""
    return [{"subject": subject, "text": text.en, "text_zh": text.zh} for subject, text in points]


def _service(state: ServiceState) -> dict[str, Any]:
    return {
        "name": state.name,
        "protected": state.protected,
        "up": state.up,
        "single_points": state.single_points,
        **({} if state.new_pairs is None else {"new_pairs": state.new_pairs}),
        **({} if state.pairs_down is None else {"pairs_down": state.pairs_down}),
        **({"why_down": [t.en for t in state.why_down]} if state.why_down else {}),
    }


def _load(worst: Worst) -> dict[str, Any]:
    return {
        "element": worst.element,
        "load_w": round(worst.load_w, 1),
        "limit_w": None if worst.limit_w is None else round(worst.limit_w, 1),
        "failure": list(worst.failure),
        **({"at_least": list(worst.at_least)} if worst.at_least else {}),
    }


def _new_loss(loss: NewLoss) -> dict[str, Any]:
    return {"services": list(loss.services), **class_dict(loss.pairs), "example": loss.example.to_dict()}


def class_dict(found: CutClass) -> dict[str, Any]:
    """A class of cut sets as JSON: any `any` of the items, of each item any one group."""
    return {
        "sets": found.sets,
        "parts": [{"any": count, "items": [list(item) for item in items]} for count, items in found.parts],
    }
