"""Draw of one device: the worked examples, the server table, and what happens when figures are missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from capacity.power import (
    DevicePower,
    PowerParameters,
    device_power,
    power_table,
    psu_efficiency,
    psu_rating_needed_w,
)
from inventory.catalog_model import Catalog, DeviceType
from inventory.device_types import load_catalog
from inventory.policy import read_policy
from inventory.source import read

ROOT = Path(__file__).parents[2]
POLICY, _ = read(ROOT / "inventory" / "policy.yml", "inventory/policy.yml")
assert POLICY is not None
PARAMETERS = PowerParameters.from_policy(read_policy(POLICY))
GENERATION_4 = {
    "cpu-c86-32c-gen3": "cpu-c86-32c-gen4",
    "cpu-c86-24c-gen3": "cpu-c86-24c-gen4",
    "dimm-ddr4-64g": "dimm-ddr5-64g",
    "dimm-ddr4-32g": "dimm-ddr5-32g",
}
SERVERS = {
    # class: idle, alloc, peak, peak with generation 4 (W, rounded to 5), servers at A, B and in operations
    "hygon-c86-rds-2u": (255, 625, 750, 880, (31, 30, 0)),
    "hygon-c86-drds-2u": (210, 525, 630, 725, (9, 9, 0)),
    "hygon-c86-control-nvme-2u": (270, 660, 790, 880, (1, 0, 0)),
    "hygon-c86-realtime-2u": (275, 675, 810, 940, (22, 0, 0)),
    "hygon-c86-offline-2u": (295, 655, 775, 870, (26, 2, 0)),
    "hygon-c86-ecs-2u": (235, 585, 700, 830, (12, 10, 0)),
    "hygon-c86-block-2u": (275, 615, 730, 815, (6, 6, 0)),
    "hygon-c86-object-2u": (285, 635, 755, 840, (6, 4, 0)),
    "hygon-c86-integration-2u": (225, 560, 670, 800, (3, 0, 0)),
    "hygon-c86-ops-2u": (310, 685, 810, 900, (4, 4, 6)),
}
APPLIANCES = {
    "access-10g-48s6q": (190, 280),
    "access-25g-48s8q": (240, 350),
    "oob-1g-48t6s": (60, 100),
    "console-server-32": (30, 40),
    "cloud-hsm-2u": (250, 400),
    "ipsec-ssl-gateway-2u": (200, 350),
    "ssl-vpn-gateway-2u": (200, 350),
    "db-encryption-2u": (250, 400),
    "honeypot-2u": (250, 400),
    "flow-probe-2u": (350, 550),
}


def next_generation(server: DeviceType) -> DeviceType:
    """The same server with the processors and memory of the next generation."""
    uses = server.rackwright.components
    newer = tuple(use.model_copy(update={"part": GENERATION_4.get(use.part, use.part)}) for use in uses)
    return server.model_copy(
        update={"rackwright": server.rackwright.model_copy(update={"components": newer})}
    )


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(
        [(ROOT / "inventory" / "catalog", "inventory/catalog"), (ROOT / "tests" / "data", "tests/data")]
    )[0]


def known(power: DevicePower | None) -> DevicePower:
    assert power is not None
    return power


def outside(**fields: object) -> DeviceType:
    """A device type from outside, with the given NetBox fields."""
    return DeviceType.model_validate(
        {"manufacturer": "Example", "model": "X", "slug": "example-x", "u_height": 1, "is_full_depth": True}
        | fields
    )


def inlets(*draws: dict[str, int]) -> list[dict[str, object]]:
    return [{"name": f"PSU{n}", "type": "iec-60320-c14", **draw} for n, draw in enumerate(draws, 1)]


@pytest.mark.parametrize(
    ("load", "curve", "efficiency"),
    [
        (0.0, "platinum", 0.80),
        (0.1, "platinum", 0.87),
        (0.2, "platinum", 0.90),
        (0.5, "platinum", 0.94),
        (1.0, "platinum", 0.91),
        (0.05, "platinum", 0.835),
        (0.284, "platinum", 0.911),
        (0.091, "platinum", 0.864),
        (1.3, "platinum", 0.91),
        (0.1, "titanium", 0.90),
        (0.2, "titanium", 0.94),
        (0.5, "titanium", 0.96),
        (0.75, "titanium", 0.935),
    ],
)
def test_psu_efficiency(load: float, curve: str, efficiency: float) -> None:
    assert psu_efficiency(load, curve) == pytest.approx(efficiency, abs=5e-4)


def test_negative_load_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="negative"):
        psu_efficiency(-0.1)


def test_worked_example(catalog: Catalog) -> None:
    """614.5 W DC, 682.1 W with fans, 28.4 % of two 1200 W supplies, 748.6 W AC; idle 253.4 W; alloc 624.8 W."""
    power = known(device_power(catalog.device_types["hygon-c86-rds-2u"], catalog, PARAMETERS))
    assert power.peak_dc_w == pytest.approx(614.5 * 1.11)
    assert power.peak_w == pytest.approx(748.6, abs=0.1)
    assert power.idle_w == pytest.approx(253.4, abs=0.1)
    assert power.alloc_w == pytest.approx(624.8, abs=0.1)
    assert power.basis == "components"
    assert any(text.startswith("psu.rating_w") for text in power.assumed)


@pytest.mark.parametrize(("slug", "expected"), SERVERS.items())
def test_server_table(
    catalog: Catalog, slug: str, expected: tuple[float, float, float, float, tuple[int, ...]]
) -> None:
    server = catalog.device_types[slug]
    power = known(device_power(server, catalog, PARAMETERS))
    newer = known(device_power(next_generation(server), catalog, PARAMETERS))
    found = (power.idle_w, power.alloc_w, power.peak_w, newer.peak_w)
    assert found == pytest.approx(expected[:4], abs=4)  # the table is rounded to 5 W


def test_site_totals(catalog: Catalog) -> None:
    """A 123 servers 81.2 / 98.3 kW, B 68 servers 44.1 / 53.7 kW, devices and operations 3/3 included."""
    switches = {"A": (6, 2, 4, 0), "B": (4, 0, 2, 1)}
    appliances = {"A": (1, 1, 1, 1, 2, 1), "B": (1, 1, 0, 1, 2, 1)}
    for index, (site, alloc_kw, peak_kw) in enumerate((("A", 81.2, 98.3), ("B", 44.1, 53.7))):
        counts = {slug: row[4][index] + row[4][2] // 2 for slug, row in SERVERS.items()}
        counts |= dict(zip(APPLIANCES, switches[site] + appliances[site], strict=True))
        powers = {s: known(device_power(catalog.device_types[s], catalog, PARAMETERS)) for s in counts}
        assert sum(n for s, n in counts.items() if s in SERVERS) == (123, 68)[index]
        assert sum(powers[s].alloc_w * n for s, n in counts.items()) / 1000 == pytest.approx(
            alloc_kw, abs=0.5
        )
        assert sum(powers[s].peak_w * n for s, n in counts.items()) / 1000 == pytest.approx(peak_kw, abs=0.5)


@pytest.mark.parametrize(("slug", "expected"), APPLIANCES.items())
def test_appliance_table(catalog: Catalog, slug: str, expected: tuple[float, float]) -> None:
    power = known(device_power(catalog.device_types[slug], catalog, PARAMETERS))
    assert (power.alloc_w, power.peak_w, power.basis, power.idle_w) == (*expected, "typical", None)
    assert {text.partition(":")[0] for text in power.assumed} == {"power.typical_w", "power.peak_w"}


def test_one_supply_must_carry_the_device(catalog: Catalog) -> None:
    """Eight NVMe drives: 740 W DC needs 814 W per supply; with generation 4, 865 W needs 952 W."""
    server = catalog.device_types["hygon-c86-realtime-2u"]
    dc_w = known(device_power(server, catalog, PARAMETERS)).peak_dc_w
    newer_w = known(device_power(next_generation(server), catalog, PARAMETERS)).peak_dc_w
    assert dc_w == pytest.approx(740, abs=0.5)
    assert newer_w == pytest.approx(865, abs=0.5)
    assert dc_w is not None
    assert newer_w is not None
    assert psu_rating_needed_w(dc_w, PARAMETERS) == pytest.approx(814, abs=0.5)
    assert 800 < psu_rating_needed_w(dc_w, PARAMETERS) <= 900
    assert psu_rating_needed_w(newer_w, PARAMETERS) == pytest.approx(952, abs=1)


def test_u_plan_by_workload(catalog: Catalog) -> None:
    table = power_table(
        [("hygon-c86-offline-2u", w) for w in ("big_data", "storage", "management", "db", "general", "db")],
        catalog,
        PARAMETERS,
    )
    assert list(table) == sorted(table)
    alloc = {workload: known(power).alloc_w for (_, workload), power in table.items()}
    assert alloc["management"] < alloc["storage"] < alloc["db"] == alloc["general"] < alloc["big_data"]


def test_cold_standby_and_single_supply_load_one_unit(catalog: Catalog) -> None:
    server = catalog.device_types["hygon-c86-rds-2u"]
    psu = server.rackwright.psu
    for change in ({"sharing": "cold"}, {"redundancy": "1+0", "count": 1}):
        hints = server.rackwright.model_copy(update={"psu": psu.model_copy(update=change)})
        power = known(device_power(server.model_copy(update={"rackwright": hints}), catalog, PARAMETERS))
        assert power.peak_w == pytest.approx(682.095 / psu_efficiency(682.095 / 1200))


def test_two_inlets_of_one_device_are_not_added(catalog: Catalog) -> None:
    """141 W stands on both inlets of the switch: it draws 141 W, not 282 W."""
    power = known(device_power(catalog.device_types["example-sw-4s1q"], catalog, PARAMETERS))
    assert (power.alloc_w, power.peak_w, power.basis) == (141, 360, "inlets")
    assert [text.partition(":")[0] for text in power.assumed] == ["psu.redundancy", "peak_w"]


@pytest.mark.parametrize(
    ("redundancy", "alloc_w", "peak_w"), [("1+1", 141, 360), ("2+0", 282, 720), ("1+0", 141, 360)]
)
def test_redundancy_decides_whether_inlets_add_up(redundancy: str, alloc_w: float, peak_w: float) -> None:
    both = {"allocated_draw": 141, "maximum_draw": 600}
    device = outside(**{"power-ports": inlets(both, both), "rackwright": {"psu": {"redundancy": redundancy}}})
    power = known(device_power(device, Catalog(), PARAMETERS))
    assert (power.alloc_w, power.peak_w) == (alloc_w, peak_w)
    assert not any(text.startswith("psu.redundancy") for text in power.assumed)


def test_label_alone_is_derated_and_said() -> None:
    device = outside(**{"power-ports": inlets({"maximum_draw": 800}, {"maximum_draw": 800})})
    power = known(device_power(device, Catalog(), PARAMETERS))
    assert (power.alloc_w, power.peak_w, power.basis) == (480, 480, "label derated")
    assert "peak_w: 0.6 of the label" in power.assumed


def test_allocated_draw_alone_gives_the_highest_peak_that_fits() -> None:
    power = known(
        device_power(outside(**{"power-ports": inlets({"allocated_draw": 150})}), Catalog(), PARAMETERS)
    )
    assert (power.alloc_w, power.peak_w, power.basis) == (150, 200, "inlets")
    assert any(text.startswith("peak_w") for text in power.assumed)


@pytest.mark.parametrize(
    ("stated", "expected", "basis"),
    [
        ({"idle_w": 100, "peak_w": 300}, (100, 250, 300), "stated"),
        ({"idle_w": 100, "typical_w": 180, "peak_w": 300}, (100, 180, 300), "typical"),
        ({"peak_w": 300}, (None, 300, 300), "stated"),
        ({"typical_w": 150}, (None, 150, 200), "typical"),
    ],
)
def test_stated_figures(
    stated: dict[str, float], expected: tuple[float | None, float, float], basis: str
) -> None:
    power = known(device_power(outside(rackwright={"power": stated}), Catalog(), PARAMETERS))
    assert ((power.idle_w, power.alloc_w, power.peak_w), power.basis) == (expected, basis)


def test_nothing_known_is_not_zero(catalog: Catalog) -> None:
    assert device_power(outside(), Catalog(), PARAMETERS) is None
    assert device_power(outside(**{"power-ports": inlets({}, {})}), Catalog(), PARAMETERS) is None
    part_without_idle = outside(rackwright={"components": [{"part": "optic-10g-sr", "count": 1}]})
    assert device_power(part_without_idle, catalog, PARAMETERS) is None


def test_incomplete_component_list_gives_way_to_stated_figures(catalog: Catalog) -> None:
    device = outside(
        rackwright={
            "components": [{"part": "optic-10g-sr", "count": 1}],
            "power": {"typical_w": 50, "peak_w": 60},
        }
    )
    power = known(device_power(device, catalog, PARAMETERS))
    assert (power.alloc_w, power.peak_w, power.basis) == (50, 60, "typical")


def test_rating_of_a_power_strip_is_not_its_draw(catalog: Catalog) -> None:
    assert device_power(catalog.device_types["pdu-32a-2bank"], catalog, PARAMETERS) is None


def test_unpowered_device_draws_nothing(catalog: Catalog) -> None:
    power = known(device_power(catalog.device_types["example-odf-12lc-older"], catalog, PARAMETERS))
    assert (power.alloc_w, power.peak_w) == (0, 0)
