"""Spares of a year: how many units of each type fail, and how many parts last with the chance the policy asks for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from capacity.confidence import poisson_quantile
from capacity.failure_causes import ROLES
from capacity.reliability import failures_per_year
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from topology.elements import Layers

DISKS = {"hdd": "hdd", "ssd": "ssd", "nvme": "ssd"}


@dataclass(frozen=True, slots=True)
class Spare:
    """One type: units planned, expected failures a year, and the spares that cover a year with the chance
    `avail.spare_sure` (both None without an MTBF); the MTBF in hours behind it, the parameter it is, and its source."""

    item: str
    kind: str
    units: int
    failures_per_year: float | None
    spares: int | None
    mtbf_h: float
    figure: str
    source: str


def spares(inventory: Inventory, plan: Plan, layers: Layers) -> tuple[Spare, ...]:
    """Spares for what the plan brings, by kind and type: devices, power strips, supplies, disks, transceivers.

    Failures are Poisson (each failed unit is replaced at once). What stands already is not counted: nobody lists it.
    """
    units: Counter[tuple[str, str, str]] = Counter()
    for key, element in layers.elements.items():
        types = element.facts.get("device-type", ())
        if element.kind == "device" and types:
            role = str(layers.physical.nodes[key].get("role"))
            units["device", types[0], ROLES.get(role, "switch")] += 1
        elif element.kind == "pdu" and types:
            units["pdu", types[0], "pdu"] += 1
        elif element.kind == "psu":
            owner = (
                layers.elements.get(f"device/{element.facts['device'][0]}")
                if "device" in element.facts
                else None
            )
            if owner is not None and "device-type" in owner.facts:
                units["psu", f"PSU of {owner.facts['device-type'][0]}", "psu"] += 1
    for placed in plan.devices:
        device = inventory.devices.get(placed.name)
        for use in device.type.rackwright.components if device is not None else ():
            part = inventory.catalog.components[use.part]
            if part.media is not None:
                units["disk", use.part, DISKS[part.media]] += use.count
    for cable in plan.cables:
        for end in (cable.a, cable.b):
            if end.optic is not None:
                units["optic", end.optic, "optic"] += 1
    sure = inventory.policy.number("avail.spare_sure")
    out = []
    for (kind, item, figure), count in sorted(units.items()):
        parameter = inventory.policy.parameters[f"avail.mtbf_{figure}"]
        mtbf_h = inventory.policy.number(parameter.name)
        mean = failures_per_year(count, mtbf_h) if mtbf_h > 0 else None
        kept = None if mean is None else poisson_quantile(mean, sure)
        source = parameter.overridden or parameter.source
        out.append(Spare(item, kind, count, mean, kept, mtbf_h, parameter.name, source))
    return tuple(out)
