"""Sizing formulas of a room's plant: feeds, UPS sides, batteries, generators and fuel, in the units the names say.

No figure is taken for granted here: utilisation, efficiency and the like come from the policy.
"""

from __future__ import annotations

from typing import Literal


def feed_cap_w(
    voltage_v: float, current_a: float, *, max_util: float, pf: float, phases: Literal[1, 3] = 1
) -> float:
    """Watts a feed may carry: V x A x utilisation x power factor, times 3 for three phases.

    Parameters: `voltage_v` between a phase and neutral; `current_a` of the breaker.
    Source: NetBox power feed, which leaves the power factor out.
    """
    return voltage_v * current_a * phases * max_util * pf


def single_phase_a(draw_w: float, voltage_v: float, pf: float) -> float:
    """Current in A of a single-phase load of `draw_w`: W / (V x power factor)."""
    return draw_w / (voltage_v * pf)


def ups_side_kva(p_it_kw: float, *, load_max: float, pf: float) -> float:
    """Least rating in kVA of EACH side of a 2N UPS that carries `p_it_kw` alone at no more than `load_max`."""
    return p_it_kw / load_max / pf


def battery_kwh(p_it_kw: float, *, autonomy_h: float, eta_inv: float, k_eol: float) -> float:
    """Battery energy in kWh that each side of a 2N UPS needs at the start of its life.

    `eta_inv` is the efficiency of the inverter, `k_eol` the share of capacity left at the end of life.
    Source: engineering estimate.
    """
    return p_it_kw * autonomy_h / (eta_inv * k_eol)


def autonomy_covers_start(autonomy_min: float, start_s: float) -> bool:
    """True when the battery lasts three starts of the generators. Source: engineering estimate."""
    return autonomy_min * 60 >= 3 * start_s


def generator_kw(p_it_kw: float, *, pue: float, recharge: float, load_max: float) -> float:
    """Prime power in kW that the generators together need: IT and cooling, plus battery recharge (a share of
    IT), at no more than `load_max`. Source: engineering estimate."""
    return p_it_kw * (pue + recharge) / load_max


def fuel_l(rated_kw: float, *, hours: float, sfc_l_kwh: float, unusable: float) -> float:
    """Fuel in litres for a generator set at full load for `hours`.

    `sfc_l_kwh` is the consumption in L/kWh; `unusable` above 1 adds what a tank cannot give.
    """
    return rated_kw * sfc_l_kwh * hours * unusable
