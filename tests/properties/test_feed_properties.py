"""Properties of power propagation and of the device power model, against direct recomputation."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capacity.feeds import STATES, Inlet, PoweredDevice, PowerTree, State, propagate
from capacity.power import PowerParameters, device_power, psu_efficiency
from inventory.catalog_model import Catalog, DeviceType
from inventory.device_types import load_catalog
from inventory.policy import read_policy
from inventory.source import read

INVENTORY = Path(__file__).parents[2] / "inventory"
POLICY, _ = read(INVENTORY / "policy.yml", "inventory/policy.yml")
assert POLICY is not None
PARAMETERS = PowerParameters.from_policy(read_policy(POLICY))
RACKS, BANKS = 3, 2

TREE = PowerTree(
    panel_of_feed={f"R{r}/{s}": f"P-{s}" for r in range(RACKS) for s in "ab"},
    phase_of_feed={f"R{r}/{s}": f"L{r % 3 + 1}" for r in range(RACKS) for s in "ab"},
    ups_of_panel={"P-a": "U-a", "P-b": "U-b"},
    generators_of_ups={"U-a": ("G1", "G2"), "U-b": ("G2",)},
)


@st.composite
def powered_devices(draw: st.DrawFn) -> list[PoweredDevice]:
    devices = []
    for number in range(draw(st.integers(0, 12))):
        inlets = []
        for index in range(draw(st.integers(0, 3))):
            rack, side = draw(st.integers(0, RACKS - 1)), draw(st.sampled_from("ab"))
            bank = f"R{rack}/{side}/{draw(st.integers(1, BANKS))}"
            inlets.append(Inlet(f"{bank}/{number}.{index}", bank, f"R{rack}/{side}", side))
        alloc_w = draw(st.integers(1, 2000))
        peak_w = alloc_w + draw(st.integers(0, 500))
        sharing = draw(st.sampled_from(["active", "cold"]))
        devices.append(PoweredDevice(f"d{number:02d}", alloc_w, peak_w, tuple(inlets), sharing))  # type: ignore[arg-type]
    return devices


def directly(devices: list[PoweredDevice], level: str, name: str, dead: str) -> float:
    """Peak through one element, asked element by element instead of summed along paths."""
    total = 0.0
    for device in devices:
        live = [i for i in device.inlets if i.side != dead]
        if not live:
            continue
        carrying = live[:1] if device.sharing == "cold" else live
        for i in carrying:
            share = device.peak_w / len(carrying)
            rack = int(i.feed[1 : i.feed.index("/")])
            if (
                (level == "outlet" and name == i.outlet)
                or (level == "bank" and name == i.bank)
                or (level == "feed" and name == i.feed)
                or (level == "phase" and name == f"P-{i.side}/L{rack % 3 + 1}")
                or (level == "panel" and name == f"P-{i.side}")
                or (level == "ups" and name == f"U-{i.side}")
            ):
                total += share
            if level == "generator":
                total += {("G1", "a"): 0.5, ("G2", "a"): 0.5, ("G2", "b"): 1.0}.get((name, i.side), 0) * share
    return total


@settings(deadline=None)
@given(powered_devices(), st.sampled_from(STATES))
def test_propagation_equals_direct_recomputation(devices: list[PoweredDevice], state: State) -> None:
    result = propagate(devices, TREE, state)
    dead = {"normal": "", "a-dead": "a", "b-dead": "b"}[state]
    for (level, name), load in result.loads.items():
        assert load.peak_w == pytest.approx(directly(devices, level, name, dead))
    alive = [d for d in devices if d.name not in result.down]
    for level in ("outlet", "bank", "feed", "phase", "panel", "ups", "generator"):
        total = sum(load.peak_w for (at, _), load in result.loads.items() if at == level)
        assert total == pytest.approx(sum(d.peak_w for d in alive))
    assert set(result.down) == {d.name for d in devices if all(i.side == dead for i in d.inlets)}


@settings(deadline=None)
@given(powered_devices(), st.randoms(use_true_random=False), st.sampled_from(STATES))
def test_order_of_devices_never_matters(devices: list[PoweredDevice], random: object, state: State) -> None:
    shuffled = list(devices)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert propagate(devices, TREE, state) == propagate(shuffled, TREE, state)


@settings(deadline=None)
@given(powered_devices())
def test_a_dead_side_never_lowers_the_other(devices: list[PoweredDevice]) -> None:
    normal = propagate(devices, TREE, "normal").loads
    for (level, name), load in propagate(devices, TREE, "a-dead").loads.items():
        if (level, name) in normal and level != "generator":
            assert load.peak_w >= normal[level, name].peak_w - 1e-6


@given(st.floats(0, 1.5), st.sampled_from(["platinum", "titanium"]))
def test_efficiency_stays_between_its_bounds(load: float, curve: str) -> None:
    assert 0.80 <= psu_efficiency(load, curve) <= 0.96


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog([(INVENTORY / "catalog", "inventory/catalog")])[0]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_adding_a_part_never_lowers_the_draw(catalog: Catalog, data: st.DataObject) -> None:
    complete = sorted(
        name for name, p in catalog.components.items() if p.idle_w is not None and p.peak_w is not None
    )
    parts = data.draw(
        st.lists(st.tuples(st.sampled_from(complete), st.integers(1, 4)), min_size=1, max_size=6)
    )
    more = [*parts, data.draw(st.tuples(st.sampled_from(complete), st.integers(1, 4)))]
    powers = []
    for uses in (parts, more):
        components = [{"part": part, "count": count} for part, count in uses]
        device = DeviceType.model_validate(
            {"manufacturer": "E", "model": "M", "slug": "m", "rackwright": {"components": components}}
        )
        power = device_power(device, catalog, PARAMETERS)
        assert power is not None
        assert power.idle_w is not None
        assert power.idle_w <= power.alloc_w <= power.peak_w
        powers.append(power)
    assert powers[1].peak_w >= powers[0].peak_w
    assert powers[1].idle_w is not None
    assert powers[0].idle_w is not None
    assert powers[1].idle_w >= powers[0].idle_w
