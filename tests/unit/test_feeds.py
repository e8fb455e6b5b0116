"""Power carried from inlets to generators, in the normal state and with a side dead."""

from __future__ import annotations

import pytest

from capacity.feeds import (
    STATES,
    Inlet,
    PoweredDevice,
    PowerTree,
    live_shares,
    phase_imbalance,
    propagate,
)

TREE = PowerTree(
    panel_of_feed={"R1/a": "PA", "R1/b": "PB", "R2/a": "PA", "R2/b": "PB"},
    phase_of_feed={"R1/a": "L1", "R1/b": "L1", "R2/a": "L2", "R2/b": "L2"},
    ups_of_panel={"PA": "UPS-A", "PB": "UPS-B"},
    generators_of_ups={"UPS-A": ("G1", "G2"), "UPS-B": ("G1", "G2")},
)


def inlet(rack: str, side: str, bank: str = "B1", outlet: str = "1") -> Inlet:
    pdu = f"{rack}/pdu-{side}"
    return Inlet(f"{pdu}/{bank}/{outlet}", f"{pdu}/{bank}", f"{rack}/{side}", side)


DUAL = PoweredDevice("dual", 600, 750, (inlet("R1", "a"), inlet("R1", "b")))
COLD = PoweredDevice("cold", 200, 300, (inlet("R1", "a", "B2"), inlet("R1", "b", "B2")), "cold")
SINGLE = PoweredDevice("single", 100, 150, (inlet("R2", "b"),))
DEVICES = (DUAL, COLD, SINGLE)


def test_normal_state_shares_evenly_and_cold_standby_does_not() -> None:
    loads = propagate(DEVICES, TREE, "normal").loads
    assert (loads["feed", "R1/a"].alloc_w, loads["feed", "R1/b"].alloc_w) == (300 + 200, 300)
    assert (loads["bank", "R1/pdu-a/B1"].peak_w, loads["bank", "R1/pdu-a/B2"].peak_w) == (375, 300)
    assert ("bank", "R1/pdu-b/B2") not in loads
    assert loads["ups", "UPS-B"].peak_w == 375 + 150
    assert loads["generator", "G1"].peak_w == loads["generator", "G2"].peak_w == 1200 / 2


def test_a_dead_puts_everything_on_b() -> None:
    result = propagate(DEVICES, TREE, "a-dead")
    assert result.down == ()
    assert result.loads["feed", "R1/b"].peak_w == 1050
    assert result.loads["panel", "PB"].alloc_w == 900
    assert not any("a" in name.partition("/")[2] for level, name in result.loads if level == "feed")


def test_b_dead_takes_single_corded_devices_down() -> None:
    result = propagate(DEVICES, TREE, "b-dead")
    assert result.down == ("single",)
    assert result.loads["ups", "UPS-A"].peak_w == 1050
    assert ("phase", "PA/L2") not in result.loads


def test_transfer_switch_keeps_a_single_corded_device_alive() -> None:
    behind_sts = PoweredDevice("sts-load", 100, 150, (inlet("R2", "b"), inlet("R2", "a")), "cold")
    states = {state: propagate([behind_sts], TREE, state) for state in STATES}
    assert states["normal"].loads["feed", "R2/b"].peak_w == 150
    assert states["b-dead"].loads["feed", "R2/a"].peak_w == 150
    assert states["b-dead"].down == ()


def test_chain_ends_where_nothing_is_known() -> None:
    loads = propagate([DUAL], PowerTree(), "normal").loads
    assert {level for level, _ in loads} == {"outlet", "bank", "feed"}
    bare = PoweredDevice("bare", 10, 20, (Inlet("", "", "F", "a"),))
    assert set(propagate([bare], PowerTree(), "normal").loads) == {("feed", "F")}


def test_device_without_inlets_is_down() -> None:
    loose = PoweredDevice("loose", 10, 20, ())
    assert live_shares(loose, "normal") == ()
    assert propagate([loose], TREE, "normal").down == ("loose",)


@pytest.mark.parametrize(
    ("loads", "expected"),
    [((100, 100, 100), 0.0), ((110, 100, 90), 0.1), ((300, 0, 0), 2.0), ((0, 0, 0), None), ((), None)],
)
def test_phase_imbalance(loads: tuple[float, ...], expected: float | None) -> None:
    assert phase_imbalance(loads) == (pytest.approx(expected) if expected is not None else None)
