"""Pushing to an emulated RGOS switch: lines take effect at once and nothing takes them back but their opposite."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from napalm.base.base import NetworkDriver
from napalm.base.exceptions import CommitConfirmException, CommitError

from rackwright.lab.emulator.device import BgpPeer, Faults, Switch
from tests.unit.emulated import VALUE, Bench
from topology.model_diff import differences
from topology.observe.collect import Access, Target, collect
from topology.observe.driver_base import NotOnThisPlatformError
from topology.observe.health import Checks
from topology.observe.push import push
from topology.observe.push_result import PushResult
from topology.observe.record import Record
from topology.observe.rgos import clock_offset_ms
from topology.observe.session import Credentials, Timeouts
from topology.platforms.render import parse
from topology.switch_config import Bgp, Lag, Neighbour, Port, Server, SwitchConfig

NAME = "C-ASW-01A"
BEFORE = (
    f"hostname {NAME}\n!\nvlan 7\n name old\n!\ninterface TenGigabitEthernet 1/0/3\n switchport access vlan 7\n!\n"
    "snmp-server user old monitor v3 auth sha earlier priv aes128 earlier\n"
)
WANTED = SwitchConfig(
    NAME, "ruijie_rgos", vlans=((101, "ecs"),),
    ports=(
        Port("10GE1/0/1", "uplink", "core:1", address="10.0.0.1/31", mtu=9000),
        Port("10GE1/0/2", "unused", "unused", enabled=False),
        Port("10GE1/0/3", "access", "host", lag=1),
    ),
    lags=(Lag(1, "host", ("10GE1/0/3",), untagged=101),),
    bgp=Bgp(65001, "10.9.9.9", (Neighbour("10.0.0.0", 65000, "core"),), ("10.9.9.9/32",)),
    servers=(Server("snmp", "10.1.1.1", "watcher", "snmp-key"),),
)  # fmt: skip
CHECKS = Checks({"10GE1/0/1": ("core", "1")}, 0.5)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    found = Bench(tmp_path_factory.mktemp("bench"), "ruijie_rgos")
    yield found
    found.close()


def run(bench: Bench, port: int, **options: bool) -> PushResult:
    return push(WANTED, bench.driver(port), checks=CHECKS, revert_in_s=60, **options)  # type: ignore[arg-type]


def test_it_is_refused_without_the_option_and_the_risk_is_told(bench: Bench) -> None:
    switch, port = bench.switch(NAME, BEFORE)
    before = switch.text()
    result = run(bench, port)
    assert result.outcome == "refused"
    assert "half changed" in result.message
    assert "--without-timer" in result.message
    assert run(bench, port, dry_run=True).outcome == "would change"
    assert switch.text() == before


def test_pushed_saved_and_nothing_to_do_again(bench: Bench) -> None:
    switch, port = bench.switch(NAME, BEFORE)
    result = run(bench, port, without_timer=True)
    assert result.outcome == "confirmed", result.message
    assert "without a timer" in result.message
    assert [s.name for s in result.steps] == [
        "login", "backup", "difference", "keep on the switch", "commit without a timer", "health check", "save",
    ]  # fmt: skip
    assert differences(WANTED, parse("ruijie_rgos", switch.text())) == []
    assert switch.saved == switch.text()
    assert "no interface AggregatePort 1" in result.undo_lines
    assert "of C-ASW-01A.undo.txt" in result.undo
    told = [
        result.diff,
        result.transcript,
        result.before,
        result.after,
        str(result.steps),
        *result.undo_lines,
    ]
    assert VALUE not in "".join(told)
    assert "earlier" not in "".join(told)
    assert run(bench, port, without_timer=True).outcome == "no change"


FAULTS: dict[str, tuple[Callable[[Faults], object], str, str]] = {
    "drops the session in mid-commit": (
        lambda f: f.drop.append("interface AggregatePort"),
        "rolled back",
        "session ended",
    ),
    "hangs in mid-commit": (lambda f: f.hang.append("interface AggregatePort"), "rolled back", "no answer"),
    "refuses a line in mid-commit": (
        lambda f: f.lie.update({"vlan 101": "% Invalid input detected at '^' marker.\n"}),
        "rolled back",
        "was refused",
    ),
    "forgets what it is told": (
        lambda f: setattr(f, "forget_commit", True),
        "refused",
        "nothing was changed",
    ),
    "refuses the login": (lambda f: setattr(f, "refuse_login", True), "unreachable", "refused"),
    "does not keep a file": (
        lambda f: f.lie.update({"copy running-config": "% Error: no space\n"}),
        "refused",
        "nothing was changed",
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_faulty_switch_ends_as_it_was(bench: Bench, case: str) -> None:
    make, outcome, said = FAULTS[case]
    switch, port = bench.switch(NAME, BEFORE)
    before = parse("ruijie_rgos", switch.text())
    keys = [line for line in switch.text().splitlines() if "snmp-server user" in line]
    make(switch.faults)
    result = run(bench, port, without_timer=True)
    assert (result.outcome, said in result.message) == (outcome, True), result.message
    assert differences(before, parse("ruijie_rgos", switch.text())) == []
    assert [line for line in switch.text().splitlines() if "snmp-server user" in line] == keys


def test_a_lost_neighbour_is_rolled_back_by_the_opposite_lines(bench: Bench) -> None:
    switch, port = bench.switch(NAME, BEFORE, loses="10.0.0.1")
    before = parse("ruijie_rgos", switch.text())
    result = run(bench, port, without_timer=True)
    assert result.outcome == "rolled back", result.message
    assert "core was seen before, now nobody" in result.message
    assert differences(before, parse("ruijie_rgos", switch.text())) == []


def test_a_switch_nobody_reaches_any_more_is_told_with_the_lines_to_type(bench: Bench) -> None:
    switch, port = bench.switch(NAME, BEFORE)

    def gone(switch: Switch = switch) -> list[BgpPeer]:
        return []

    switch.bgp_peers = gone
    switch.faults.drop.append("interface AggregatePort")
    driver = bench.driver(port)
    reopen = driver.reopen

    def cut_off() -> None:
        switch.faults.refuse_login = True
        reopen()

    driver.reopen = cut_off  # type: ignore[method-assign]
    result = push(WANTED, driver, checks=Checks(settle_s=0.1), without_timer=True)
    assert result.outcome == "unknown"
    assert "does not go back by itself" in result.message
    assert "undo.txt" in result.undo
    assert "no router bgp 65001" in result.undo_lines


def test_a_timer_is_refused_loudly(bench: Bench) -> None:
    switch, port = bench.switch(NAME, BEFORE)
    before = switch.text()
    with bench.driver(port) as driver:
        driver.load_merge_candidate(config="vlan 9\n name more\n!\n")
        assert driver.compare_config() == "+ vlan 9\n+   name more\n"
        with pytest.raises(CommitError, match="ruijie_rgos: RGOS has no commit timer"):
            driver.commit_config(revert_in=60)
        with pytest.raises(CommitConfirmException, match="nothing to confirm"):
            driver.confirm_commit()
        assert switch.text() == before
        driver.commit_config()
        assert parse("ruijie_rgos", switch.text()).vlans == ((7, "old"), (9, "more"))
        driver.rollback()
        assert switch.text() == before


def test_getters(bench: Bench) -> None:
    def peers() -> list[BgpPeer]:
        return [BgpPeer("10.0.0.0", 65000, "Established", 3661, 12, 5, 5), BgpPeer("10.0.0.2", 65000, "Idle")]

    _, port = bench.switch(
        NAME,
        BEFORE + "router bgp 65001\n bgp router-id 10.9.9.9\n neighbor 10.0.0.0 remote-as 65000\n",
        peers=peers,
    )
    with bench.driver(port) as driver:
        facts = driver.get_facts()
        assert (facts["model"], facts["serial_number"], facts["hostname"]) == ("S6510", "SN7", NAME)
        assert facts["os_version"] == "RGOS 12.5(4)B0702"
        assert facts["uptime"] >= 864_000
        assert driver.get_interfaces()["10GE1/0/1"]["is_up"]
        assert driver.get_lldp_neighbors() == {"10GE1/0/1": [{"hostname": "core", "port": "1"}]}
        found = driver.get_bgp_neighbors()["global"]
        assert found["router_id"] == "10.9.9.9"
        assert {a: (p["is_up"], p["uptime"]) for a, p in found["peers"].items()} == {
            "10.0.0.0": (True, 3661), "10.0.0.2": (False, -1),
        }  # fmt: skip
        light = driver.get_optics()["10GE1/0/1"]["physical_channels"]["channel"][0]["state"]
        assert (light["input_power"]["instant"], light["output_power"]["instant"]) == (-3.2, -2.1)
        assert "auth sha *** priv aes128 ***" in driver.get_config()["running"]


def test_facts_by_the_names_of_the_plan(bench: Bench, tmp_path: Path) -> None:
    _, port = bench.switch(NAME, BEFORE)
    access = Access(Credentials("u", "p"), None, bench.known_hosts, timeouts=Timeouts(5, 2, 2))
    facts = collect([Target(NAME, "127.0.0.1", "ruijie_rgos", port)], access, Record(tmp_path))[NAME]
    assert (facts.error, facts.serial, facts.model) == ("", "SN7", "S6510")
    assert facts.version == "RGOS 12.5(4)B0702"
    assert [(n.port, n.system, n.remote_port) for n in facts.neighbours or ()] == [("10GE1/0/1", "core", "1")]
    assert [(p.name, p.enabled, p.up, p.rx_dbm) for p in facts.ports or ()] == [
        ("10GE1/0/1", True, True, -3.2)
    ]
    assert parse("ruijie_rgos", facts.configuration or "").vlans == ((7, "old"),)
    assert facts.time_offset_ms is not None
    assert abs(facts.time_offset_ms) < 2000
    assert not any("earlier" in f.read_text() for f in tmp_path.rglob("*") if f.is_file())


def test_clocks_of_another_zone_are_not_read() -> None:
    assert clock_offset_ms("08:00:00 UTC Thu, Jan 01, 2026\n", 1767254400.5) == 0
    assert clock_offset_ms("08:00:00 CST Thu, Jan 01, 2026\n", 0) is None


def test_everything_napalm_names_is_done_or_refused_with_a_reason(bench: Bench) -> None:
    driver = bench.driver(1)
    written = {n for c in type(driver).__mro__ if c not in (NetworkDriver, object) for n in vars(c)}
    names = {n for n, _ in inspect.getmembers(NetworkDriver, inspect.isfunction) if not n.startswith("_")}
    assert names <= written, sorted(names - written)
    for name in ("get_vlans", "ping", "get_environment"):
        with pytest.raises(NotOnThisPlatformError, match=f"ruijie_rgos: {name}: .{{20}}"):
            getattr(driver, name)()
