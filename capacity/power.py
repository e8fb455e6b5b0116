"""What one device draws: from its parts, from stated figures, or from its inlets, and how sure that is.

Three numbers per device, at the inlet, in W: `idle_w`, `peak_w` (worst sustained draw) and `alloc_w` (the
budget). The label of a power supply is never used as a load while anything better is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Literal

from inventory.catalog_model import Catalog, DeviceType
from inventory.policy import Policy

Basis = Literal["components", "stated", "typical", "inlets", "label derated"]

_EFFICIENCY: dict[str, tuple[tuple[float, float], ...]] = {
    "platinum": ((0.0, 0.80), (0.1, 0.87), (0.2, 0.90), (0.5, 0.94), (1.0, 0.91)),
    "titanium": ((0.0, 0.80), (0.1, 0.90), (0.2, 0.94), (0.5, 0.96), (1.0, 0.91)),
}
"""(load fraction, efficiency): 80 PLUS at 230 V redundant; the points of Platinum below 20 % and of Titanium
below 10 % are engineering estimates."""

ASSUMED_CURVE = "platinum"
"""Curve of a supply whose datasheet is not at hand; every draw that rests on it says so."""


@dataclass(frozen=True, slots=True)
class PowerParameters:
    """Parameters of the power model, group `power` of the policy.

    `u_plan` is where the budget lies between idle and peak; the `u_plan_*` fields replace it for a workload
    class (see `for_workload`). `fan_idle` and `fan_peak` are shares of the DC load at an inlet temperature
    up to 27 °C. `nameplate_derate` turns a label into a draw when nothing else is known. `psu_rating_w` stands
    in for a label nobody states. `psu_margin` is what one supply must carry over peak.
    """

    u_plan: float
    u_plan_db: float
    u_plan_big_data: float
    u_plan_storage: float
    u_plan_management: float
    fan_idle: float
    fan_peak: float
    nameplate_derate: float
    psu_rating_w: float
    psu_margin: float

    @classmethod
    def from_policy(cls, policy: Policy) -> PowerParameters:
        """The parameters a project has settled on."""
        return cls(**{f.name: policy.number(f"power.{f.name}") for f in fields(cls)})

    def for_workload(self, workload: str) -> PowerParameters:
        """The same parameters with `u_plan` of a workload class: db, big_data, storage, management, general."""
        u_plan = {
            "db": self.u_plan_db,
            "big_data": self.u_plan_big_data,
            "storage": self.u_plan_storage,
            "management": self.u_plan_management,
            "general": self.u_plan,
        }[workload]
        return replace(self, u_plan=u_plan)


@dataclass(frozen=True, slots=True)
class DevicePower:
    """Draw of one device at its inlets in W. `idle_w` and `peak_dc_w` (DC side, fans included) are None when
    not known; `basis` tells where the figures come from, `assumed` what was taken for granted on the way."""

    idle_w: float | None
    alloc_w: float
    peak_w: float
    peak_dc_w: float | None
    basis: Basis
    assumed: tuple[str, ...] = ()


def psu_efficiency(load_fraction: float, curve: str = ASSUMED_CURVE) -> float:
    """Efficiency of a power supply at a fraction of its rating, interpolated between the points of its curve.

    Above full load the value at full load is returned. Raises ValueError on a negative load, KeyError on an
    unknown curve. Source: 80 PLUS, 230 V redundant.
    """
    if load_fraction < 0:
        raise ValueError(f"load fraction {load_fraction} is negative")
    points = _EFFICIENCY[curve]
    for (x0, y0), (x1, y1) in pairwise(points):
        if load_fraction <= x1:
            return y0 + (y1 - y0) * (load_fraction - x0) / (x1 - x0)
    return points[-1][1]


def psu_rating_needed_w(peak_dc_w: float, parameters: PowerParameters) -> float:
    """Least rating in W of EACH supply of a 1+1 pair."""
    return parameters.psu_margin * peak_dc_w


def device_power(
    device_type: DeviceType, catalog: Catalog, parameters: PowerParameters
) -> DevicePower | None:
    """Draw of one device of a type, from the best there is: its components, stated figures, its inlets.

    None when nothing is known: then nothing can be evaluated. A component list counts only when every part
    in it has its figures. A power strip or UPS (anything with outlets) passes power on: the rating of its
    inlet is not its draw.
    """
    if not device_type.is_powered:
        return DevicePower(0.0, 0.0, 0.0, None, "stated")
    if device_type.rackwright.components:
        power = _from_components(device_type, catalog, parameters)
        if power is not None:
            return power
    if device_type.rackwright.power.typical_w is not None or device_type.rackwright.power.peak_w is not None:
        return _from_stated(device_type, parameters)
    return _from_inlets(device_type, parameters)


def power_table(
    uses: Iterable[tuple[str, str]], catalog: Catalog, parameters: PowerParameters
) -> dict[tuple[str, str], DevicePower | None]:
    """`device_power` once for each distinct (device type slug, workload class), sorted."""
    return {
        (slug, workload): device_power(catalog.device_types[slug], catalog, parameters.for_workload(workload))
        for slug, workload in sorted(set(uses))
    }


def _from_components(
    device_type: DeviceType, catalog: Catalog, parameters: PowerParameters
) -> DevicePower | None:
    idle_dc = peak_dc = 0.0
    for use in device_type.rackwright.components:
        part = catalog.components[use.part]
        if part.idle_w is None or part.peak_w is None:
            return None
        idle_dc += use.count * part.idle_w
        peak_dc += use.count * part.peak_w
    idle_dc *= 1 + parameters.fan_idle
    peak_dc *= 1 + parameters.fan_peak

    psu = device_type.rackwright.psu
    assumed = []
    rating_w: float
    if psu.rating_w is None:
        rating_w = parameters.psu_rating_w
        assumed.append(f"psu.rating_w: not stated, {rating_w:g} W")
    else:
        rating_w = psu.rating_w
    if psu.curve is None:
        assumed.append(f"psu.curve: not stated, {ASSUMED_CURVE}")
    curve = psu.curve or ASSUMED_CURVE
    supplies = _sharing_supplies(device_type)
    if psu.redundancy is None:
        assumed.append(f"psu.redundancy: not stated, load shared by {supplies}")
    idle_w = idle_dc / psu_efficiency(idle_dc / supplies / rating_w, curve)
    peak_w = peak_dc / psu_efficiency(peak_dc / supplies / rating_w, curve)
    return DevicePower(
        idle_w=idle_w,
        alloc_w=idle_w + parameters.u_plan * (peak_w - idle_w),
        peak_w=peak_w,
        peak_dc_w=peak_dc,
        basis="components",
        assumed=(*assumed, *_stated_assumptions(device_type, ("components", "psu"))),
    )


def _sharing_supplies(device_type: DeviceType) -> int:
    """How many supplies carry the load together in the normal state."""
    psu = device_type.rackwright.psu
    if psu.redundancy == "1+0" or psu.sharing == "cold":
        return 1
    return psu.count or max(len(device_type.power_ports), 1)


def _from_stated(device_type: DeviceType, parameters: PowerParameters) -> DevicePower:
    power = device_type.rackwright.power
    assumed = list(_stated_assumptions(device_type, ("power",)))
    peak_w = power.peak_w
    if peak_w is None:
        assert power.typical_w is not None  # noqa: S101 - device_power looked
        peak_w = power.typical_w / parameters.u_plan
        assumed.append("peak_w: not stated, the highest that fits the typical draw")
    basis: Basis = "stated"
    if power.typical_w is not None:
        alloc_w, basis = power.typical_w, "typical"
    elif power.idle_w is not None:
        alloc_w = power.idle_w + parameters.u_plan * (peak_w - power.idle_w)
    else:
        alloc_w = peak_w
        assumed.append("alloc_w: idle draw not stated, peak taken")
    return DevicePower(power.idle_w, alloc_w, peak_w, None, basis, tuple(assumed))


def _from_inlets(device_type: DeviceType, parameters: PowerParameters) -> DevicePower | None:
    """Draw from the inlets of a device library entry, which gives both figures for each inlet alone.

    Two inlets of a redundant device show the same draw twice, so the larger counts; they add up only
    where both supplies are needed.
    """
    if device_type.power_outlets:
        return None
    allocated = [p.allocated_draw for p in device_type.power_ports if p.allocated_draw is not None]
    labels = [p.maximum_draw for p in device_type.power_ports if p.maximum_draw is not None]
    if not allocated and not labels:
        return None
    redundancy = device_type.rackwright.psu.redundancy
    assumed = []
    if redundancy is None and len(device_type.power_ports) >= 2:
        assumed.append("psu.redundancy: not stated, inlets taken as redundant and not added")
    combine = sum if redundancy == "2+0" else max
    label_w = combine(labels) * parameters.nameplate_derate if labels else None
    if label_w is not None:
        assumed.append(f"peak_w: {parameters.nameplate_derate:g} of the label")
    if not allocated:
        assert label_w is not None  # noqa: S101 - one of the two lists is filled
        assumed.append("alloc_w: not stated, peak taken")
        return DevicePower(None, label_w, label_w, None, "label derated", tuple(assumed))
    alloc_w = float(combine(allocated))
    if label_w is None:
        label_w = alloc_w / parameters.u_plan
        assumed.append("peak_w: not stated, the highest that fits the allocated draw")
    return DevicePower(None, alloc_w, max(label_w, alloc_w), None, "inlets", tuple(assumed))


def _stated_assumptions(device_type: DeviceType, groups: tuple[str, ...]) -> tuple[str, ...]:
    """The catalogue's own assumptions about the fields that were used."""
    return tuple(
        f"{name}: {reason}"
        for name, reason in device_type.rackwright.assumed.items()
        if name.partition(".")[0] in groups
    )
