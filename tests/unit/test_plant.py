"""Sizing formulas against worked numbers for 40 racks of 5 kW."""

from __future__ import annotations

import pytest

from capacity import plant

WORKED = {
    # name: (value, expected, tolerance)
    "feed 220 V 32 A": (plant.feed_cap_w(220, 32), 5350, 1),
    "feed at pf 0.90": (plant.feed_cap_w(220, 32, pf=0.90), 5070, 2),
    "three-phase between lines": (plant.feed_cap_w(380, 32, phases=3, pf=1.0), 380 * 32 * 1.732 * 0.8, 0.01),
    "three-phase to neutral": (
        plant.feed_cap_w(220, 32, phases=3, line_to_line=False, pf=1.0),
        220 * 32 * 3 * 0.8,
        0.01,
    ),
    "5 kW on one feed": (plant.single_phase_a(5000), 23.9, 0.05),
    "allowed on that feed": (plant.bank_limit_a(32), 25.6, 1e-9),
    "allowed on a bank": (plant.bank_limit_a(16), 12.8, 1e-9),
    "UPS side": (plant.ups_side_kva(200), 222.2, 0.1),
    "UPS load, both sides alive, at the least rating": (plant.ups_load(200, 200 / 0.9), 0.45, 1e-9),
    "UPS load of one side": (plant.ups_load(200, 250, sides=1), 0.80, 1e-9),
    "battery": (plant.battery_kwh(200), 65.8, 0.05),
    "generators": (plant.generator_kw(200), 333, 0.5),
    "fuel": (plant.fuel_l((400, 400)), 1734, 0.5),
    "fuel with unusable volume": (plant.fuel_l((400, 400), unusable=1.1), 1907.8, 0.1),
    "utility at the contract": (plant.utility_kw(200), 280, 1e-9),
    "utility at peak": (plant.utility_kw(152), 213, 0.5),
    "energy of a year": (plant.energy_kwh_per_year(125.4) / 1e6, 1.54, 0.005),
    "heat of a rack": (plant.heat_btu_h(5000), 17060, 0.5),
    "heat of the room": (plant.heat_btu_h(200_000), 682_400, 1),
    "heat in tons": (plant.heat_rt(200_000), 56.9, 0.05),
    "air at 12 K": (plant.airflow_m3_h(5), 1244, 0.5),
    "air at 10 K": (plant.airflow_m3_h(5, 10), 1493, 0.6),
    "chilled water": (plant.chilled_water_m3(200), 5.4, 0.05),
    "UPS efficiency at 25 %": (plant.ups_efficiency(0.25), 0.94, 1e-9),
    "UPS efficiency at 40 %": (plant.ups_efficiency(0.40), 0.949, 1e-9),
    "UPS efficiency at 10 %": (plant.ups_efficiency(0.10), 0.94, 1e-9),
    "UPS efficiency at 100 %": (plant.ups_efficiency(1.00), 0.95, 1e-9),
}


@pytest.mark.parametrize("name", WORKED)
def test_worked_number(name: str) -> None:
    value, expected, tolerance = WORKED[name]
    assert value == pytest.approx(expected, abs=tolerance)


def test_battery_covers_the_start_of_the_generators() -> None:
    assert plant.autonomy_covers_start(15, 120)
    assert plant.autonomy_covers_start(15, 120, 180)
    assert not plant.autonomy_covers_start(15, 120, 181)
    assert not plant.autonomy_covers_start(5, 120)


def test_negative_ups_load_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="negative"):
        plant.ups_efficiency(-0.1)
