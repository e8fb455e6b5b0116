"""Pushing to an emulated Comware switch: lines take effect at once, a timer takes them back."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from napalm.base.base import NetworkDriver

from rackwright.lab.emulator.device import BgpPeer, Faults, Switch
from tests.unit.emulated import VALUE, Bench
from topology.model_diff import differences
from topology.observe.collect import Access, Target, collect
from topology.observe.comware import ComwareDriver, clock_offset_ms, optics_of
from topology.observe.driver_base import NotOnThisPlatformError
from topology.observe.health import Checks
from topology.observe.push import push
from topology.observe.push_result import PushResult
from topology.observe.record import Record
from topology.observe.session import Credentials, Timeouts
from topology.platforms.render import parse
from topology.switch_config import Bgp, Neighbour, Port, Server, SwitchConfig

NAME = "B-ASW-01A"
WANTED = SwitchConfig(
    NAME, "h3c_comware", vlans=((101, "ecs"),),
    ports=(
        Port("10GE1/0/1", "uplink", "core:1", address="10.0.0.1/31", mtu=9000),
        Port("10GE1/0/2", "unused", "unused", enabled=False),
        Port("10GE1/0/3", "uplink", "hosts", tagged=(101,)),
    ),
    servers=(Server("snmp", "10.1.1.1", "watcher", "snmp-key"),),
)  # fmt: skip


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    found = Bench(tmp_path_factory.mktemp("bench"), "h3c_comware")
    yield found
    found.close()


def switch_of(bench: Bench, *, lonely: bool = False) -> tuple[Switch, int]:
    return bench.switch(NAME, f"sysname {NAME}\n#\nvlan 7\n#\n", loses="10.0.0.1" if lonely else None)


def run(bench: Bench, port: int) -> PushResult:
    return push(WANTED, bench.driver(port), checks=Checks({"10GE1/0/1": ("core", "1")}, 0.5), revert_in_s=60)


def test_confirmed_saved_and_nothing_to_do_again(bench: Bench) -> None:
    switch, port = switch_of(bench)
    result = run(bench, port)
    assert result.outcome == "confirmed", result.message
    assert differences(WANTED, parse("h3c_comware", switch.text())) == []
    assert switch.trial is None
    assert switch.saved == switch.text()
    assert "- vlan 7" in result.diff
    assert VALUE not in "".join([result.diff, result.transcript, result.before, str(result.steps)])
    assert run(bench, port).outcome == "no change"


FAULTS: dict[str, tuple[Callable[[Faults], object], str]] = {
    "hangs between lines": (lambda f: f.hang.append("interface"), "rolled back"),
    "drops the session between lines": (lambda f: f.drop.append("interface"), "rolled back"),
    "forgets what it is told": (lambda f: setattr(f, "forget_commit", True), "refused"),
    "refuses the timer": (
        lambda f: f.lie.update({"configuration commit": " % Wrong parameter found\n"}),
        "refused",
    ),
    "refuses the login": (lambda f: setattr(f, "refuse_login", True), "unreachable"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_faulty_switch_ends_as_it_was(bench: Bench, case: str) -> None:
    make, outcome = FAULTS[case]
    switch, port = switch_of(bench)
    before = switch.text()
    make(switch.faults)
    result = run(bench, port)
    assert result.outcome == outcome, result.message
    assert switch.text() == before
    assert switch.trial is None


def test_a_lost_neighbour_is_rolled_back(bench: Bench) -> None:
    switch, port = switch_of(bench, lonely=True)
    before = switch.text()
    result = run(bench, port)
    assert result.outcome == "rolled back", result.message
    assert "core was seen before, now nobody" in result.message
    assert switch.text() == before


def test_facts_by_the_names_of_the_plan(bench: Bench, tmp_path: Path) -> None:
    _, port = switch_of(bench)
    access = Access(Credentials("u", "p"), None, bench.known_hosts, timeouts=Timeouts(5, 2, 2))
    facts = collect([Target(NAME, "127.0.0.1", "h3c_comware", port)], access, Record(tmp_path))[NAME]
    assert (facts.error, facts.serial, facts.model) == ("", "SN7", "S6850")
    assert [(n.port, n.system, n.remote_port) for n in facts.neighbours or ()] == [("10GE1/0/1", "core", "1")]
    assert ("10GE1/0/1", True, -3.2) in [(p.name, p.up, p.rx_dbm) for p in facts.ports or ()]
    assert facts.time_offset_ms is not None
    assert abs(facts.time_offset_ms) < 2000


def test_light_that_goes_is_rolled_back(bench: Bench) -> None:
    switch, port = bench.switch(NAME, f"sysname {NAME}\n#\nvlan 7\n#\n", dims="10.0.0.1")
    before = switch.text()
    checks = Checks({}, 0.5, light_min_dbm={"10GE1/0/1": -10.0})
    result = push(WANTED, bench.driver(port), checks=checks, revert_in_s=60)
    assert result.outcome == "rolled back", result.message
    assert "10GE1/0/1: light was -3.2 dBm, now -40 dBm, the optic needs -10 dBm" in result.message
    assert switch.text() == before


def test_a_session_of_the_underlay_that_goes_is_rolled_back(bench: Bench) -> None:
    made: list[Switch] = []

    def peers() -> list[BgpPeer]:
        state = "Idle" if made and "vlan 101\n" in made[0].text() else "Established"
        return [BgpPeer("10.0.0.0", 65000, state, 3661, 12, 5, 5)]

    text = (
        f"sysname {NAME}\n#\nvlan 7\n#\nbgp 65001\n router-id 10.9.9.9\n peer 10.0.0.0 as-number 65000\n#\n"
    )
    switch, port = bench.switch(NAME, text, peers=peers)
    made.append(switch)
    before = switch.text()
    bgp = Bgp(65001, "10.9.9.9", (Neighbour("10.0.0.0", 65000, "core", bfd=False),), ())
    with bench.driver(port) as driver:
        row = driver.get_bgp_neighbors()["global"]
        assert row["router_id"] == "10.9.9.9"
        peer = row["peers"]["10.0.0.0"]
        assert (peer["remote_as"], peer["is_up"], peer["uptime"]) == (65000, True, 3661)
    result = push(replace(WANTED, bgp=bgp), bench.driver(port), checks=Checks(settle_s=0.5), revert_in_s=60)
    assert result.outcome == "rolled back", result.message
    assert "BGP neighbour 10.0.0.0 is not up any more" in result.message
    assert switch.text() == before


def test_light_of_several_lanes_is_that_of_the_darkest() -> None:
    text = (
        "HundredGigE1/0/25 transceiver diagnostic information:\n  Current diagnostic parameters:\n"
        "    [module] Temp.(C) Voltage(V)\n              36      3.31\n"
        "    [channel] Bias(mA)  RX power(dBm)  TX power(dBm)\n    [1] 6.1  -2.10  -1.00\n    [2] 6.1  -9.40  -1.10\n"
        "  Alarm thresholds:\n    1 2 3\n"
        "Ten-GigabitEthernet1/0/1 transceiver diagnostic information:\nThe transceiver is absent.\n"
    )
    assert optics_of(text) == {"100GE1/0/25": (-9.4, -1.1)}


def test_clocks_without_a_told_zone_are_not_read() -> None:
    assert clock_offset_ms("08:00:00 Beijing Thu 01/01/2026\n", 0) is None
    told = "08:00:00 Beijing Thu 01/01/2026\nTime Zone : Beijing add 08:00:00\n"
    assert clock_offset_ms(told, 1767225600.5) == 0


def test_everything_napalm_names_is_done_or_refused_with_a_reason(bench: Bench) -> None:
    written = {n for c in ComwareDriver.__mro__ if c not in (NetworkDriver, object) for n in vars(c)}
    names = {n for n, _ in inspect.getmembers(NetworkDriver, inspect.isfunction) if not n.startswith("_")}
    assert names <= written, sorted(names - written)
    for name in ("get_users", "has_pending_commit", "ping"):
        with pytest.raises(NotOnThisPlatformError, match=f"h3c_comware: {name}: .{{20}}"):
            getattr(bench.driver(1), name)()
