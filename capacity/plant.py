"""Sizing formulas of a room's plant: feeds, UPS, battery, generators, fuel, heat and air. Watts and kilowatts
as the names say; engineering estimates are defaults that a caller replaces from the policy."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

BTU_PER_WH = 3.412
W_PER_RT = 3516.85
"""One refrigeration ton."""

_UPS_EFFICIENCY = ((0.25, 0.94), (0.50, 0.955), (1.00, 0.95))


def feed_cap_w(
    voltage_v: float,
    current_a: float,
    *,
    max_util: float = 0.80,
    pf: float = 0.95,
    phases: Literal[1, 3] = 1,
    line_to_line: bool = True,
) -> float:
    """Watts a feed may carry: V x A x utilisation x power factor.

    Three-phase: times 1.732 with the voltage between lines, times 3 with the voltage to neutral.
    Source: NetBox power feed, which leaves the power factor out; utilisation and power factor are
    engineering estimates.
    """
    factor = 1.0 if phases == 1 else (1.732 if line_to_line else 3.0)
    return voltage_v * current_a * factor * max_util * pf


def single_phase_a(draw_w: float, voltage_v: float = 220.0, pf: float = 0.95) -> float:
    """Current in A of a single-phase load."""
    return draw_w / (voltage_v * pf)


def bank_limit_a(breaker_a: float, max_util: float = 0.80) -> float:
    """Amperes a bank may carry, also with the other feed dead. Source: engineering estimate."""
    return breaker_a * max_util


def ups_side_kva(p_it_kw: float, *, load_max: float = 0.90, pf: float = 1.0) -> float:
    """Least rating in kVA of EACH side of a 2N UPS that carries `p_it_kw` alone at no more than `load_max`."""
    return p_it_kw / load_max / pf


def ups_load(p_it_kw: float, side_kva: float, *, pf: float = 1.0, sides: int = 2) -> float:
    """Load of each live side as a share of its rating; two sides alive in the normal state of 2N."""
    return p_it_kw / sides / (side_kva * pf)


def ups_efficiency(load: float) -> float:
    """Efficiency of a UPS side at a share of its rating, interpolated; the end values hold outside 25-100 %.

    Source: engineering estimate after a white paper on large UPS.
    """
    if load < 0:
        raise ValueError(f"load {load} is negative")
    points = _UPS_EFFICIENCY
    if load <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if load <= x1:
            return y0 + (y1 - y0) * (load - x0) / (x1 - x0)
    return points[-1][1]


def battery_kwh(
    p_it_kw: float, *, autonomy_h: float = 0.25, eta_inv: float = 0.95, k_eol: float = 0.80
) -> float:
    """Battery energy in kWh that each side of a 2N UPS needs at the start of its life.

    `k_eol` is the share of capacity left at the end of life. Source: engineering estimate.
    """
    return p_it_kw * autonomy_h / (eta_inv * k_eol)


def autonomy_covers_start(autonomy_min: float, start_s: float, transfer_s: float = 0.0) -> bool:
    """True when the battery lasts three times the start of the generators and the transfer."""
    return autonomy_min * 60 >= 3 * (start_s + transfer_s)


def generator_kw(
    p_it_kw: float, *, pue: float = 1.4, recharge: float = 0.10, load_max: float = 0.90
) -> float:
    """Prime power in kW that the N generators together need: room, plus battery recharge, at no more than
    `load_max`. Source: engineering estimate."""
    return (p_it_kw * pue + recharge * p_it_kw) / load_max


def fuel_l(
    rated_kw: tuple[float, ...], *, hours: float = 8.0, sfc_l_kwh: float = 0.271, unusable: float = 1.0
) -> float:
    """Fuel in litres for ALL generator sets at full load for `hours`.

    `unusable` above 1 adds what a tank cannot give (1.1 is usual). Source of the consumption: diesel chart,
    400 kW takes 108.3 L/h.
    """
    return sum(rated_kw) * sfc_l_kwh * hours * unusable


def utility_kw(p_it_kw: float, pue: float = 1.4) -> float:
    """Power in kW drawn from the utility."""
    return p_it_kw * pue


def energy_kwh_per_year(alloc_kw: float, pue: float = 1.4) -> float:
    """Energy in kWh that the room takes in 8760 hours."""
    return alloc_kw * 8760 * pue


def heat_btu_h(draw_w: float) -> float:
    """Heat in BTU/h; all that is drawn becomes heat."""
    return draw_w * BTU_PER_WH


def heat_rt(draw_w: float) -> float:
    """Heat in refrigeration tons."""
    return draw_w / W_PER_RT


def airflow_m3_h(draw_kw: float, delta_t_k: float = 12.0) -> float:
    """Air in m3/h that carries `draw_kw` away while warming by `delta_t_k` (density 1.2, heat 1.005 kJ/kgK)."""
    return 3600 * draw_kw / (1.2 * 1.005 * delta_t_k)


def chilled_water_m3(p_it_kw: float, *, minutes: float = 15.0, delta_t_k: float = 8.0) -> float:
    """Volume in m3 of a chilled-water buffer that takes the heat for `minutes` (4.186 kJ/kgK, 1000 kg/m3)."""
    return p_it_kw * minutes * 60 / (4.186 * 1000 * delta_t_k)
