"""Pushing a configuration to an emulated switch: the way it should go, and every fault on the way."""

from __future__ import annotations

import inspect
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from napalm.base.base import NetworkDriver
from napalm.base.exceptions import CommitError, ConnectionException

from rackwright.lab.emulator.device import Faults, Switch
from tests.unit.emulated import SECRETS, VALUE, Bench
from topology.observe.driver_base import NotOnThisPlatformError
from topology.observe.health import Checks
from topology.observe.push import push
from topology.observe.push_result import PushResult
from topology.observe.rollout import rollout
from topology.observe.secrets import Vault
from topology.observe.vrp import VrpDriver
from topology.platforms.render import parse, render
from topology.switch_config import Port, Server, SwitchConfig, comparable

NAME = "A-ASW-01A"
BEFORE = f"sysname {NAME}\n#\nvlan batch 7\n#\naaa\n local-user night password irreversible-cipher x\n#\n"
WANTED = SwitchConfig(
    NAME, "huawei_vrp", vlans=((101, "ecs"),),
    ports=(
        Port("10GE1/0/1", "uplink", "core:1", address="10.0.0.1/31", mtu=9000),
        Port("10GE1/0/2", "unused", "unused", enabled=False),
    ),
    servers=(Server("snmp", "10.1.1.1", "watcher", "snmp-key"),),
)  # fmt: skip
CHECKS = Checks({"10GE1/0/1": ("core", "1")}, settle_s=0.5, utc_offset_h=8)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    found = Bench(tmp_path_factory.mktemp("bench"), "huawei_vrp")
    yield found
    found.close()


def switch_of(
    bench: Bench, *, name: str = NAME, text: str = BEFORE, lonely: bool = False
) -> tuple[Switch, int]:
    return bench.switch(name, text, loses="10GE1/0/1" if lonely else None)


def run(bench: Bench, port: int, **other: object) -> PushResult:
    return push(WANTED, bench.driver(port), checks=CHECKS, revert_in_s=30, **other)  # type: ignore[arg-type]


def test_confirmed_saved_and_nothing_to_do_again(bench: Bench) -> None:
    switch, port = switch_of(bench)
    result = run(bench, port)
    assert result.outcome == "confirmed", result.message
    assert [s.name for s in result.steps] == [
        "login", "backup", "difference", "keep on the switch", "commit on trial", "health check", "confirm", "save",
    ]  # fmt: skip
    assert all(s.ok and s.at for s in result.steps)
    assert comparable(parse("huawei_vrp", switch.text())).vlans == WANTED.vlans
    assert switch.trial is None
    assert switch.saved == switch.text()
    assert "local-user night" in switch.text(), "an account nobody planned is not ours to take away"
    assert result.left == ("aaa",)
    assert "rackwright-before.cfg" in result.undo
    assert "vlan batch 7" in switch.files["rackwright-before.cfg"]
    again = run(bench, port)
    assert (again.outcome, again.diff) == ("no change", "")


def test_no_secret_is_kept(bench: Bench) -> None:
    _, port = switch_of(bench)
    result = run(bench, port)
    assert "cipher ***" in result.diff
    assert VALUE not in "".join([result.diff, result.transcript, result.before, str(result.steps)])


def test_a_dry_run_sends_nothing(bench: Bench) -> None:
    switch, port = switch_of(bench)
    before = switch.text()
    result = run(bench, port, dry_run=True)
    assert result.outcome == "would change"
    assert "- vlan batch 7" in result.diff
    assert "+   description core:1" in result.diff
    assert switch.text() == before
    assert not switch.files


FAULTS: dict[str, tuple[Callable[[Faults], object], str, str, bool]] = {
    "hangs at the commit": (lambda f: f.hang.append("commit"), "refused", "runs what it ran before", False),
    "hangs from the start": (lambda f: f.hang.append(""), "unreachable", "nothing was sent", False),
    "hangs when read": (lambda f: f.hang.append("display current"), "refused", "nothing was changed", False),
    "refuses the login": (lambda f: setattr(f, "refuse_login", True), "unreachable", "login of u refused", False),
    "drops the session between lines": (lambda f: f.drop.append("interface"), "refused", "runs what it ran before", False),
    "drops the session in the commit": (lambda f: f.drop.append("commit trial"), "confirmed", "confirmed", True),
    "drops the session in every commit": (lambda f: f.drop.append("commit"), "unknown", "whether it is confirmed is not known", True),
    "forgets the commit": (lambda f: setattr(f, "forget_commit", True), "refused", "said that it committed", False),
    "shows no configuration": (lambda f: f.lie.update({"display current": "all is well\n"}), "refused", "holds no configuration", False),
    "shows an old configuration": (lambda f: f.lie.update({"display current": f"sysname {NAME}\n"}), "refused", "said that it committed", False),
    "shows what is wanted": (lambda f: f.lie.update({"display current": render(WANTED)}), "refused", "contradicts itself", False),
    "claims to be another": (lambda f: f.lie.update({"display current": "sysname B-ASW-09B\n"}), "refused", "says it is B-ASW-09B", False),
    "says that the commit failed": (lambda f: f.lie.update({"commit trial": "Error: no\n"}), "confirmed", "confirmed", True),
    "cannot end the trial": (lambda f: f.__dict__.update(hang=["abort"], forget_commit=True), "unknown", "ending the trial failed", False),
    "is slow": (lambda f: setattr(f, "slow_s", 0.15), "confirmed", "confirmed", True),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_a_faulty_switch_is_told_and_left_whole(bench: Bench, case: str) -> None:
    make, outcome, said, changed = FAULTS[case]
    switch, port = switch_of(bench)
    make(switch.faults)
    result = run(bench, port)
    assert (result.outcome, said in result.message) == (outcome, True), result.message
    assert ("10GE1/0/1" in switch.text()) is changed
    if outcome == "unknown":
        assert re.search(r"goes back by itself at \d\d:\d\d:\d\d local time \(UTC\+8; \d\d:", result.message)
        assert "abort trial" in result.undo
    if outcome in ("refused", "unreachable"):
        assert switch.trial is None


def test_a_lost_neighbour_is_rolled_back(bench: Bench) -> None:
    switch, port = switch_of(bench, lonely=True)
    before = switch.text()
    result = run(bench, port)
    assert result.outcome == "rolled back"
    assert "10GE1/0/1: core was seen before, now nobody" in result.message
    assert switch.text() == before


def test_a_rollback_that_hangs_is_told_with_what_to_type(bench: Bench) -> None:
    switch, port = switch_of(bench, lonely=True)
    switch.faults.hang.append("abort")
    result = run(bench, port)
    assert result.outcome == "unknown"
    assert "rolling back failed" in result.message
    assert "system-view; abort trial" in result.undo
    assert "rollback configuration to file rackwright-before.cfg" in result.undo


def test_nobody_confirms_and_the_switch_goes_back(bench: Bench) -> None:
    switch, port = switch_of(bench)
    before = switch.text()
    with bench.driver(port) as driver:
        driver.load_replace_candidate(config=render(WANTED))
        driver.commit_config(revert_in=1)
        assert switch.text() != before
        for _ in range(40):
            if switch.text() == before:
                break
            threading.Event().wait(0.1)
    assert switch.text() == before


def test_a_refused_line_changes_nothing_and_is_named(bench: Bench) -> None:
    switch, port = switch_of(bench)
    before = switch.text()
    with bench.driver(port) as driver:
        driver.load_merge_candidate(config="vlan batch 9\n#\nnonsense 1\n")
        with pytest.raises(CommitError, match="`nonsense 1` was refused"):
            driver.commit_config()
        driver.load_merge_candidate(config="vlan batch 9\n")
        driver.discard_config()
        assert driver.compare_config() == ""
    assert switch.text() == before


def test_merge_takes_nothing_away_and_rollback_undoes(bench: Bench) -> None:
    switch, port = switch_of(bench)
    before = switch.text()
    with bench.driver(port) as driver:
        driver.load_merge_candidate(config="vlan batch 9\n")
        assert driver.compare_config() == "+ vlan batch 9\n"
        driver.commit_config("one more")
        assert parse("huawei_vrp", switch.text()).vlans == ((7, ""), (9, ""))
        driver.rollback()
    assert switch.text() == before


def test_getters(bench: Bench) -> None:
    _, port = switch_of(bench)
    with bench.driver(port) as driver:
        facts = driver.get_facts()
        assert (facts["model"], facts["serial_number"], facts["hostname"]) == ("CE6881", "SN7", NAME)
        assert driver.get_interfaces()["10GE1/0/1"]["is_up"]
        assert driver.get_lldp_neighbors() == {"10GE1/0/1": [{"hostname": "core", "port": "1"}]}
        light = driver.get_optics()["10GE1/0/1"]["physical_channels"]["channel"][0]["state"]
        assert light["input_power"]["instant"] == -3.2
        assert "local-user night password irreversible-cipher ***" in driver.get_config()["running"]


def test_everything_napalm_names_is_done_or_refused_with_a_reason(bench: Bench) -> None:
    written = {n for c in VrpDriver.__mro__ if c not in (NetworkDriver, object) for n in vars(c)}
    names = {n for n, _ in inspect.getmembers(NetworkDriver, inspect.isfunction) if not n.startswith("_")}
    assert names <= written, sorted(names - written)
    driver = bench.driver(1)
    for name in ("get_vlans", "ping", "has_pending_commit", "get_environment", "compliance_report"):
        with pytest.raises(NotOnThisPlatformError, match=f"huawei_vrp: {name}: .{{20}}"):
            getattr(driver, name)()


def test_timers_the_switch_does_not_know_are_refused(bench: Bench) -> None:
    _, port = switch_of(bench)
    with bench.driver(port, shortest_revert_s=60) as driver:
        driver.load_merge_candidate(config="vlan batch 9\n")
        with pytest.raises(CommitError, match="a timer of 5 s is not possible on huawei_vrp: 60 to 65535"):
            driver.commit_config(revert_in=5)


def test_an_unknown_host_key_is_refused_with_what_to_do(bench: Bench, tmp_path: Path) -> None:
    _, port = switch_of(bench)
    empty = tmp_path / "known_hosts"
    empty.touch()
    with pytest.raises(ConnectionException, match=r"host key is not in .* ssh-keyscan"):
        bench.driver(port, known_hosts=empty).open()
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().split()[:2]
    empty.write_text(f"[127.0.0.1]:{port} {' '.join(other)}\n")
    with pytest.raises(ConnectionException, match="another than in"):
        bench.driver(port, known_hosts=empty).open()


def test_a_secret_that_is_not_set_stops_it_before_anything_is_sent(bench: Bench) -> None:
    switch, port = switch_of(bench)
    result = push(
        WANTED, bench.driver(port, vault=Vault(SECRETS, environment={})), checks=CHECKS, revert_in_s=30
    )
    assert result.outcome == "refused"
    assert "secret snmp-key: environment variable SNMP_KEY is not set" in result.message
    assert "10GE1/0/1" not in switch.text()


def test_members_of_a_pair_never_at_once_and_the_second_only_after_a_good_first() -> None:
    lock, now, seen = threading.Lock(), set[str](), list[set[str]]()

    def one(host: str) -> PushResult:
        with lock:
            now.add(host)
            seen.append(set(now))
        threading.Event().wait(0.02)
        with lock:
            now.discard(host)
        return PushResult(host, "rolled back" if host == "p3a" else "confirmed")

    hosts = [f"p{n}{m}" for n in range(6) for m in "ab"]
    results = rollout(hosts, {h: h[:2] for h in hosts}, one, workers=8)
    assert [r.host for r in results] == hosts
    assert not any({f"p{n}a", f"p{n}b"} <= s for s in seen for n in range(6))
    assert max(map(len, seen)) > 1
    assert [r.host for r in results if not r.good] == ["p3a", "p3b"]
    assert results[7].message == "p3a of the same pair ended as rolled back"


def test_stopped_by_hand_ends_what_is_under_way_and_begins_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, told = [0], list[str]()

    def interrupted_once(*args: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] == 1:
            raise KeyboardInterrupt
        return wait(*args, **options)

    monkeypatch.setattr("topology.observe.rollout.wait", interrupted_once)
    results = rollout(
        ["a1", "a2", "b1", "b2"], {"a1": "a", "a2": "a", "b1": "b", "b2": "b"},
        lambda host: PushResult(host, "confirmed"), interrupted=lambda: told.append("stopping"),
    )  # fmt: skip
    assert [(r.host, r.outcome) for r in results] == [
        ("a1", "confirmed"), ("a2", "not begun"), ("b1", "confirmed"), ("b2", "not begun"),
    ]  # fmt: skip
    assert results[1].message == "the run was stopped by hand"
    assert told == ["stopping"]


def test_a_trial_of_an_earlier_run_is_kept_and_saved(bench: Bench) -> None:
    """It runs what is wanted and would go back by itself: that is not "no change"."""
    switch, port = switch_of(bench)
    first = bench.driver(port)
    first.open()
    first.load_replace_candidate(config=render(WANTED))
    first.commit_config(revert_in=60)
    first.close()
    assert switch.trial is not None

    looked = run(bench, port, dry_run=True)
    assert looked.outcome == "would change"
    assert "not saved" in looked.message
    result = run(bench, port)
    assert result.outcome == "confirmed", result.message
    assert "kept and saved" in result.message
    assert not result.changed
    assert switch.trial is None
    assert switch.saved == switch.text()


def test_what_was_never_saved_is_saved(bench: Bench) -> None:
    switch, port = switch_of(bench)
    assert run(bench, port).outcome == "confirmed"
    switch.saved = BEFORE
    assert run(bench, port).message.endswith("kept and saved")
    assert switch.saved == switch.text()
    assert run(bench, port).outcome == "no change"
