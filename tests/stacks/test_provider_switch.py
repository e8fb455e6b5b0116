"""A switch's configuration as a resource, over gRPC without the engine, on emulated switches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from inventory.model_operations import Platform
from rackwright.lab.emulator.tree import from_text
from stacks.provider.switch import ConfigHandler
from tests.stacks.provider_client import Client, RefusedError, provider
from tests.stacks.switches import PASSWORD, USER, Switches, switches
from topology.platforms.render import parse, render
from topology.switch_config import Lag, Mlag, Port, Server, SwitchConfig

TOKEN = "rackwright:switch:Config"  # noqa: S105 - a type
NAME, PLATFORM = "A-ASW-01A", "huawei_vrp"
BEFORE = f"sysname {NAME}\n#\nvlan batch 7\n#\n"
WANTED = SwitchConfig(
    NAME, PLATFORM, vlans=((101, "ecs"),), servers=(Server("snmp", "10.1.1.1", "watcher", "snmp-key"),),
    ports=(Port("10GE1/0/1", "uplink", "core:1", address="10.0.0.1/31", mtu=9000),
           Port("10GE1/0/2", "unused", "unused", enabled=False)),
)  # fmt: skip
VALUE = "kept-out-of-sight"
SECRETS = {"snmp-key": "env:SNMP_KEY", "user": "env:SW_USER", "password": "env:SW_PASSWORD"}
ENVIRONMENT = {"SNMP_KEY": VALUE, "SW_USER": USER, "SW_PASSWORD": PASSWORD}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switches]:
    with switches(tmp_path_factory.mktemp("switches")) as found:
        yield found


@pytest.fixture(scope="module")
def client(bench: Switches) -> Iterator[Client]:
    with asked(bench) as found:
        yield found


def asked(bench: Switches, **other: str) -> Any:
    """A provider that may log in."""
    given = {"secrets": json.dumps(SECRETS), "switchUser": "user", "switchPassword": "password", "timeoutS": "1.5",
             "knownHosts": str(bench.known_hosts)}  # fmt: skip
    return provider(ENVIRONMENT, **given | other)


def wanted(port: int, config: SwitchConfig = WANTED, **other: Any) -> dict[str, Any]:
    """The inputs."""
    given = {"device": config.host, "address": "127.0.0.1", "port": port, "platform": config.platform,
             "text": render(config), "revertIn": 60}  # fmt: skip
    return given | other


def test_from_creation_to_deletion(bench: Switches, client: Client) -> None:
    switch, port = bench.start(NAME, BEFORE)
    given = wanted(port)
    inputs, problems = client.check(TOKEN, given)
    assert (inputs, problems) == (given, [])
    before = switch.text()
    identity, planned = client.create(TOKEN, inputs, preview=True)
    assert "- vlan batch 7" in planned["pending"]
    assert "+   description core:1" in planned["pending"]
    assert switch.text() == before
    made, state = client.create(TOKEN, inputs)
    assert made == identity == f"{NAME}/{PLATFORM}@127.0.0.1+{port}"
    assert state == {**inputs, "pending": "", "drift": []}
    assert "description core:1" in switch.text()
    assert switch.saved == switch.text()
    assert client.read(TOKEN, identity, state, inputs) == (identity, state, inputs)
    assert not client.diff(TOKEN, identity, state, inputs).diffs
    news = wanted(port, replace(WANTED, vlans=((101, "ecs"), (102, "rds"))))
    assert list(client.diff(TOKEN, identity, state, news).diffs) == ["text"]
    assert "rds" in client.update(TOKEN, identity, state, news, preview=True)["pending"]
    state = client.update(TOKEN, identity, state, news)
    assert "vlan 102" in switch.text()
    client.delete(TOKEN, identity, state)
    assert "vlan 102" in switch.text(), "it keeps what it runs"
    assert VALUE not in str([state, planned])
    assert PASSWORD not in str([state, planned])


def test_another_order_of_lines_is_no_change(client: Client) -> None:
    given = wanted(22)
    lines = given["text"].replace("vlan batch 101\n", "").replace("sysname", "vlan batch 101\n#\nsysname")
    assert lines != given["text"]
    assert not client.diff(TOKEN, "x", given, {**given, "text": lines}).diffs
    other = {**given, "text": given["text"].replace("snmp-key", "another-key")}
    assert list(client.diff(TOKEN, "x", given, other).diffs) == ["text"], "another secret is a change"
    assert list(client.diff(TOKEN, "x", given, {**given, "device": "B"}).replaces) == ["device"]


PROBLEMS: dict[str, tuple[dict[str, Any], str, str]] = {
    "a key in clear": ({"text": f"sysname {NAME}\n#\naaa\n local-user x password cipher {VALUE}\n"}, "text", "holds a key in line 4"),
    "another device": ({"text": "sysname B-ASW-01A\n"}, "text", "names B-ASW-01A, not A-ASW-01A"),
    "another platform": ({"platform": "nokia_srl"}, "platform", "no driver for nokia_srl"),
    "no address": ({"address": "switch"}, "address", "is no IP address"),
    "short timer": ({"revertIn": 5}, "revertIn", "from 60"),
    "left out": ({"text": None}, "text", "is missing"),
}  # fmt: skip


@pytest.mark.parametrize("case", PROBLEMS)
def test_what_cannot_be_right_is_said_before_anything_is_sent(client: Client, case: str) -> None:
    other, field, said = PROBLEMS[case]
    _, problems = client.check(TOKEN, wanted(22, **other))
    assert [(name, said in reason) for name, reason in problems] == [(field, True)], problems
    assert VALUE not in str(problems)


def test_drift_is_seen_and_put_right(bench: Switches, client: Client) -> None:
    switch, port = bench.start(NAME, BEFORE)
    inputs = wanted(port)
    identity, state = client.create(TOKEN, inputs)
    switch.running = from_text(
        switch.dialect, switch.text().replace("jumboframe enable 9000", "jumboframe enable 1600")
    )
    _, found, found_inputs = client.read(TOKEN, identity, state, inputs)
    assert found["drift"] == ["port 10GE1/0/1 mtu: intended 9000, running 1600"]
    assert found_inputs == inputs, "what is declared stays as it is declared"
    assert list(client.diff(TOKEN, identity, found, inputs).diffs) == ["drift"]
    state = client.update(TOKEN, identity, found, inputs)
    assert state["drift"] == []
    assert "jumboframe enable 9000" in switch.text()


def test_import_by_identity(bench: Switches, client: Client) -> None:
    _, port = bench.start(NAME, BEFORE)
    inputs = wanted(port)
    client.create(TOKEN, inputs)
    identity, state, found = client.read(TOKEN, f"{NAME}/{PLATFORM}@127.0.0.1+{port}")
    assert {**found, "text": "", "revertIn": 60} == {**inputs, "text": ""}
    assert not client.diff(TOKEN, identity, state, inputs | {"revertIn": 600}).diffs, (
        "the same but for the names of keys"
    )
    assert VALUE not in found["text"]
    assert "%secret:" in found["text"]
    with pytest.raises(RefusedError, match="an identity to import looks like A-ASW-01A/huawei_vrp"):
        client.read(TOKEN, NAME)


OTHERS: dict[Platform, tuple[str, int]] = {
    "h3c_comware": ("sysname B-ASW-01A\n#\nvlan 7\n#\n", 60),
    "ruijie_rgos": ("hostname B-ASW-01A\nvlan 7\n!\n", 0),
}


@pytest.mark.parametrize("platform", OTHERS)
def test_the_other_platforms_as_well(bench: Switches, client: Client, platform: Platform) -> None:
    before, revert_in = OTHERS[platform]
    config = SwitchConfig("B-ASW-01A", platform, vlans=((101, "ecs"),))
    switch, port = bench.start("B-ASW-01A", before, platform)
    inputs = wanted(port, config, revertIn=revert_in)
    assert client.check(TOKEN, inputs) == (inputs, [])
    identity, state = client.create(TOKEN, inputs)
    assert parse(platform, switch.text()).vlans == ((101, "ecs"),)
    assert client.read(TOKEN, identity, state, inputs)[1]["drift"] == []


def test_a_platform_without_a_timer_has_to_be_asked_for(client: Client) -> None:
    config = SwitchConfig("B-ASW-01A", "ruijie_rgos", vlans=((101, "ecs"),))
    _, problems = client.check(TOKEN, wanted(22, config))
    assert [field for field, _ in problems] == ["revertIn"]
    assert "0 says that it is pushed all the same" in problems[0][1]


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "hangs at the commit": ({"hang": ["commit"]}, "refused: .*runs what it ran before"),
    "refuses the login": (
        {"refuse_login": True},
        "unreachable: .*login of .* refused; nothing was sent",
    ),
    "forgets the commit": ({"forget_commit": True}, "refused: .*nothing was changed"),
    "is another one": ({"lie": {"display current": "sysname B\n"}}, "refused: .*says it is B, not A-ASW-01A"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_faulty_switch_is_told_and_left_whole(bench: Switches, client: Client, case: str) -> None:
    faults, said = FAULTS[case]
    switch, port = bench.start(NAME, BEFORE)
    vars(switch.faults).update(faults)
    before = switch.text()
    with pytest.raises(RefusedError, match=rf"^A-ASW-01A \(127.0.0.1:{port}\): push: {said}") as caught:
        client.create(TOKEN, wanted(port))
    assert caught.value.half_done is None
    assert switch.text() == before
    vars(switch.faults).update(hang=[], refuse_login=False, forget_commit=False, lie={})
    client.create(TOKEN, wanted(port))
    assert "10GE1/0/1" in switch.text()


def test_a_neighbour_that_is_lost_is_rolled_back(bench: Switches, client: Client) -> None:
    switch, port = bench.start(NAME, BEFORE, loses="10GE1/0/1")
    before = switch.text()
    with pytest.raises(RefusedError, match=r"rolled back: .*10GE1/0/1: core was seen before, now nobody"):
        client.create(TOKEN, wanted(port))
    assert switch.text() == before


def test_a_push_nobody_knows_the_end_of_is_kept_in_the_state(bench: Switches, client: Client) -> None:
    switch, port = bench.start(NAME, BEFORE)
    vars(switch.faults).update(hang=["abort"], forget_commit=True)
    with pytest.raises(
        RefusedError, match=r"unknown: .*goes back by itself at .*To undo at the console"
    ) as caught:
        client.create(TOKEN, wanted(port))
    assert caught.value.half_done is not None
    identity, state = caught.value.half_done
    assert state["drift"]
    vars(switch.faults).update(hang=[], forget_commit=False)
    assert list(client.diff(TOKEN, identity, state, wanted(port)).diffs) == ["drift"]
    assert client.update(TOKEN, identity, state, wanted(port))["drift"] == []
    assert "10GE1/0/1" in switch.text()


def test_a_switch_that_is_down(bench: Switches, client: Client) -> None:
    inputs = wanted(1)
    planned = client.create(TOKEN, inputs, preview=True)[1]
    assert planned["pending"].startswith("it was not asked, so what would change is not known: 127.0.0.1:1")
    with pytest.raises(RefusedError, match="push: unreachable"):
        client.create(TOKEN, inputs)
    with pytest.raises(RefusedError, match=r"A-ASW-01A \(127\.0\.0\.1:1\): reading its configuration: "):
        client.read(TOKEN, "x", inputs, inputs)


def test_no_login_without_its_secrets(bench: Switches) -> None:
    with (
        asked(bench, secrets=json.dumps(SECRETS | {"password": "env:NOT_SET_ANYWHERE"})) as client,
        pytest.raises(
            RefusedError, match="secret password: environment variable NOT_SET_ANYWHERE is not set"
        ),
    ):
        client.create(TOKEN, wanted(1))


def member(number: int) -> SwitchConfig:
    """One switch of a pair."""
    mlag = Mlag(
        1,
        1 if number == 1 else 2,
        100 + number,
        "02:00:00:00:00:01",
        0,
        f"10.9.0.{number}",
        f"10.9.0.{3 - number}",
    )
    ports = (Port("10GE1/0/1", "peer-link", "peer", lag=0),)
    lags = (Lag(0, "peer-link", ("10GE1/0/1",), peer_link=True),)
    management = ("MEth0/0/0", f"10.9.0.{number}/24", "10.9.0.254")
    return SwitchConfig(
        f"A-ASW-0{number}", PLATFORM, ports=ports, lags=lags, mlag=mlag, management=management
    )


def test_members_of_a_pair_go_one_after_the_other_and_not_on_after_a_failure(bench: Switches) -> None:
    configs = [member(1), member(2)]
    key = ConfigHandler().lock_key
    assert key(wanted(22, configs[0])) == key(wanted(22, configs[1])), "the provider asks one after the other"
    assert key(wanted(22, configs[0])) != key(wanted(22))
    started = [bench.start(c.host, f"sysname {c.host}\n#\n") for c in configs]
    started[0][0].faults.hang.append("commit")
    with asked(bench) as client:
        with pytest.raises(RefusedError, match="push: refused"):
            client.create(TOKEN, wanted(started[0][1], configs[0]))
        with pytest.raises(RefusedError, match="not begun: A-ASW-01 of the same pair ended as refused"):
            client.create(TOKEN, wanted(started[1][1], configs[1]))
    assert started[1][0].text() == "sysname A-ASW-02\n"
    started[0][0].faults.hang.clear()
    with asked(bench) as client, ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda n: client.create(TOKEN, wanted(started[n][1], configs[n])), range(2)))
    assert all("peer-link" in switch.text() for switch, _ in started)
