"""Sizing formulas against worked numbers for 40 racks of 5 kW."""

from __future__ import annotations

import pytest

from capacity import plant

WORKED = {
    # name: (value, expected, tolerance)
    "feed 220 V 32 A": (plant.feed_cap_w(220, 32, max_util=0.80, pf=0.95), 5350, 1),
    "feed at pf 0.90": (plant.feed_cap_w(220, 32, max_util=0.80, pf=0.90), 5070, 2),
    "three-phase feed": (
        plant.feed_cap_w(220, 32, max_util=0.80, pf=1.0, phases=3),
        220 * 32 * 3 * 0.8,
        0.01,
    ),
    "5 kW on one feed": (plant.single_phase_a(5000, 220, 0.95), 23.9, 0.05),
    "UPS side": (plant.ups_side_kva(200, load_max=0.90, pf=1.0), 222.2, 0.1),
    "battery": (plant.battery_kwh(200, autonomy_h=0.25, eta_inv=0.95, k_eol=0.80), 65.8, 0.05),
    "generators": (plant.generator_kw(200, pue=1.4, recharge=0.10, load_max=0.90), 333, 0.5),
    "fuel": (plant.fuel_l(800, hours=8, sfc_l_kwh=0.271, unusable=1.0), 1734, 0.5),
    "fuel with unusable volume": (plant.fuel_l(800, hours=8, sfc_l_kwh=0.271, unusable=1.1), 1907.8, 0.1),
}


@pytest.mark.parametrize("name", WORKED)
def test_worked_number(name: str) -> None:
    value, expected, tolerance = WORKED[name]
    assert value == pytest.approx(expected, abs=tolerance)


def test_battery_covers_the_start_of_the_generators() -> None:
    assert plant.autonomy_covers_start(15, 120)
    assert plant.autonomy_covers_start(15, 300)
    assert not plant.autonomy_covers_start(15, 301)
    assert not plant.autonomy_covers_start(5, 120)
