"""What can fail in a planned platform and how often: figures of the policy, applied to elements and their groups.

Each element of a kind with figures is a cause by itself. Like parts that stand in for each other share a part of
their failures (beta factor): members of a pair, both UPS of a site, generators, both PDUs of a rack, both
supplies of a device, core switches of a site, devices of one `ha_group`. A site as a whole can be lost. What has
no figure is listed, never counted as "does not fail".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from capacity.reliability import HOURS_A_YEAR, Cause, common, split
from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from topology.elements import Element, Layers, SharedRisk

ROLES = {
    "server": "server",
    "appliance": "appliance",
    "firewall": "appliance",
    "core": "core",
    "router": "core",
}
"""Role of a device -> whose figures it has; every other device forwards or switches: `switch`."""
KINDS = {
    "psu": "psu",
    "pdu": "pdu",
    "feed": "breaker",
    "panel": "panel",
    "sts": "sts",
    "ups": "ups",
    "utility": "utility",
    "place": "witness",
}
WITHIN = {
    "outlet": Text("counted with its PDU", "计入所属 PDU"),
    "bank": Text("counted with its PDU", "计入所属 PDU"),
    "phase": Text("counted with its row cabinet", "计入所属列头柜"),
}
"""Elements without figures of their own, and what carries them."""
NOT_EVENTS = ("device", "psu", "cable", "existing-link", "site-link", "bank", "pdu", "sts", "feed", "phase", "panel",
              "ups", "generator", "utility", "pair", "stack", "nic", "peer-link", "bundle", "power-side")  # fmt: skip
"""Kinds of group whose members, or whose commonness, have figures: all others are events nobody gives a rate for."""


@dataclass(frozen=True, slots=True)
class FigureUsed:
    """A figure of the policy and how many causes it stands behind. `assumed`: neither the project nor its tender
    states it."""

    name: str
    value: float
    unit: str
    source: str
    causes: int
    assumed: bool


@dataclass(frozen=True)
class FailureCauses:
    """Causes sorted by key, the figures behind them, and per subject what was assumed and what is not evaluated."""

    causes: tuple[Cause, ...]
    figures: tuple[FigureUsed, ...]
    assumed: tuple[tuple[str, Text], ...]
    not_evaluated: tuple[tuple[str, Text], ...]


def failure_causes(
    inventory: Inventory, plan: Plan, layers: Layers, risks: Sequence[SharedRisk]
) -> FailureCauses:
    """Causes of failure of every element that has figures, with common causes and disasters.

    `risks` gives pairs, stacks and sites, and the kinds of group without a figure. Linear in elements.
    """
    figures = _Figures(inventory)
    own: dict[str, Cause] = {}
    assumed: dict[str, Text] = {}
    missing: dict[str, list[str]] = {}
    cables = {f"cable/{c.id}": sum(end.optic is not None for end in (c.a, c.b)) for c in plan.cables}
    for key, element in sorted(layers.elements.items()):
        cause = _own(inventory, layers, element, figures, cables.get(key, 0), assumed)
        if cause is not None:
            own[key] = cause
    own |= _generators(layers, own, figures)
    for key, element in sorted(layers.elements.items()):
        if key not in own:
            missing.setdefault(element.kind, []).append(key)
    shared: list[Cause] = []
    taken: set[str] = set()
    for name, members, beta, said in _alike(inventory, layers, risks):
        causes = [own[key] for key in members if key in own and key not in taken]
        if len(causes) < 2 or not figures.value(beta):
            continue
        if said is not None:
            assumed[name] = said
        shared.append(common(name, causes, figures.use(beta)))
        for cause in causes:
            taken.add(cause.key)
            own[cause.key] = split(cause, figures.value(beta))
    shared += _maintenance(layers, own, figures)
    for risk in risks:
        if risk.kind == "site" and figures.known("site"):
            shared.append(figures.cause(risk.key, "site", risk.members, spares=False))
    lacking = {
        kind: WITHIN.get(kind, Text(f"{len(keys)} elements without MTBF", f"{len(keys)} 个元素无 MTBF"))
        for kind, keys in missing.items()
    }
    events = {"site"} if figures.known("site") else set()
    for kind in sorted({r.kind for r in risks} - events - set(NOT_EVENTS)):
        lacking[f"group {kind}"] = Text(
            "nobody says how often such a group is lost as a whole", "无此类分组整体失效频率的数据"
        )
    return FailureCauses(
        tuple(sorted((*own.values(), *shared), key=lambda c: c.key)),
        figures.used(),
        tuple(sorted(assumed.items())),
        tuple(sorted(lacking.items())),
    )


class _Figures:
    """The `avail` group of the policy, and a count of what was read for how many causes."""

    def __init__(self, inventory: Inventory) -> None:
        self._policy = inventory.policy
        self._tender = inventory.project.tender
        self._count: dict[str, int] = {}

    def value(self, name: str) -> float:
        """A figure, unread."""
        return self._policy.number(f"avail.{name}")

    def known(self, kind: str) -> bool:
        """Whether a kind has figures; a project says 0 for one it does not trust."""
        return self.value(f"mtbf_{kind}") > 0 and self.value(f"mttr_{kind}") > 0

    def use(self, name: str) -> float:
        """A figure, counted once more."""
        self._count[name] = self._count.get(name, 0) + 1
        return self.value(name)

    def cause(
        self, key: str, kind: str, leaves: Iterable[str], rate: float = 1.0, *, spares: bool = True
    ) -> Cause:
        """A cause with the figures of its kind, `rate` times as frequent."""
        repaired = spares and self.value("no_spare") > 0
        return Cause(
            key,
            kind,
            tuple(leaves),
            self.use(f"mtbf_{kind}") / rate,
            self.use(f"mttr_{kind}"),
            self.use("sigma"),
            self.use("no_spare") if repaired else 0.0,
            self.use("spare_wait") if repaired else 0.0,
        )

    def used(self) -> tuple[FigureUsed, ...]:
        """All figures read, by name."""
        out = []
        for name, count in sorted(self._count.items()):
            p = self._policy.parameters[f"avail.{name}"]
            source = p.overridden or p.source
            stated = bool(p.overridden) or (self._tender != "" and self._tender in source)
            out.append(FigureUsed(p.name, self.value(name), p.unit, source, count, not stated))
        return tuple(out)


def _own(
    inventory: Inventory,
    layers: Layers,
    element: Element,
    figures: _Figures,
    optics: int,
    assumed: dict[str, Text],
) -> Cause | None:
    """The cause of one element; None when its kind has no figures."""
    key = element.key
    kind, rate = KINDS.get(element.kind, ""), 1.0
    if element.kind == "device":
        role = layers.physical.nodes[key].get("role") if key in layers.physical else None
        kind = ROLES.get(str(role), "switch")
    elif element.kind == "cable":
        kind, rate = ("optic", optics) if optics else ("cord", 1)
    elif element.kind == "existing-link":
        kind, rate = "optic", 2
        assumed["existing-link"] = Text("a transceiver at each end", "两端各一个光模块")
    elif element.kind == "site-link":
        kind, rate = "fibre", _length_km(inventory, element, figures, assumed) / 10
    if not kind or not figures.known(kind):
        return None
    return figures.cause(key, kind, (key,), rate, spares=kind not in ("utility", "witness", "fibre"))


def _length_km(inventory: Inventory, element: Element, figures: _Figures, assumed: dict[str, Text]) -> float:
    """Length of a link between sites, at least 100 m; assumed when nobody states it."""
    record = inventory.site_links.get(element.name)
    if record is not None and record.route_km is not None:
        return max(record.route_km, 0.1)
    length_km = figures.use("link_km")
    assumed[element.key] = Text(
        f"nobody states its length: taken as {length_km:g} km", f"路由长度未知：按 {length_km:g} km 计"
    )
    return max(length_km, 0.1)


def _generators(layers: Layers, own: Mapping[str, Cause], figures: _Figures) -> dict[str, Cause]:
    """Sets that do not start when the utility is lost; where the utility is no cause there is no demand."""
    out = {}
    for key, element in sorted(layers.elements.items()):
        for site in element.facts.get("site", ()) if element.kind == "generator" else ():
            if f"utility/{site}" in own:
                out[key] = Cause(
                    key,
                    "generator",
                    (key,),
                    on_demand_of=f"utility/{site}",
                    p_demand=figures.use("generator_fails"),
                )
    return out


def _alike(
    inventory: Inventory, layers: Layers, risks: Sequence[SharedRisk]
) -> list[tuple[str, Sequence[str], str, Text | None]]:
    """Groups of like parts that share a part of their failures: name, members, name of the beta, what is assumed.
    An element counts in the first group that holds it: stacks come first, then pairs."""
    out: list[tuple[str, Sequence[str], str, Text | None]] = []
    for risk in risks:
        if risk.kind == "stack":
            out.append((risk.key, risk.members, "beta_stack", None))
    for risk in risks:
        if risk.kind == "pair":
            pair = inventory.pairs.get(risk.name)
            out.append(
                (risk.key, risk.members, "beta_mlag" if pair is not None and pair.mlag else "beta_pair", None)
            )
    same = Text("taken as parts of one make that stand in for each other", "按同型号互备部件计")
    grouped: dict[str, list[str]] = {}
    for key, element in sorted(layers.elements.items()):
        name = _family(inventory, layers, element)
        if name:
            grouped.setdefault(name, []).append(key)
    out += [(name, members, "beta_pair", same) for name, members in sorted(grouped.items())]
    return out


def _family(inventory: Inventory, layers: Layers, element: Element) -> str:
    """The group of like parts an element belongs to besides pairs and stacks; empty: none."""
    facts: Mapping[str, tuple[str, ...]] = element.facts
    site = "+".join(facts.get("site", ()))
    if element.kind in ("ups", "generator"):
        return f"{element.kind}:{site}"
    if element.kind == "pdu":
        return f"pdu:{'+'.join(facts.get('rack', ()))}"
    if element.kind == "psu":
        return f"psu:{'+'.join(facts.get('device', ()))}"
    if element.kind == "device":
        if element.key in layers.physical and layers.physical.nodes[element.key].get("role") == "core":
            return f"core:{site}"
        for fleet in facts.get("fleet", ()):
            group = inventory.fleets[fleet].ha_group
            if group:
                return f"ha-group:{group}"
    return ""


def _maintenance(layers: Layers, own: Mapping[str, Cause], figures: _Figures) -> list[Cause]:
    """Windows that stop a switch, at any time: an operator who looks first does better."""
    often = figures.value("maintenance_per_year")
    if not often:
        return []
    out = []
    for key, cause in sorted(own.items()):
        if cause.kind in ("switch", "core"):
            lasts = figures.use("maintenance_h")
            mtbf = max(lasts, HOURS_A_YEAR / figures.use("maintenance_per_year") - lasts)
            out.append(Cause(f"maintenance:{key.partition('/')[2]}", "maintenance", (key,), mtbf, lasts))
    return out
