"""Rendering and reading back: the real project, small configurations with one thing each, and what is refused."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from inventory.load import PROJECTS, load
from inventory.plan_store import load_plan
from topology.platforms.limits import doubts, faults
from topology.platforms.render import PLATFORMS, parse, render
from topology.switch_config import Bgp, Gateway, Lag, Mlag, Neighbour, Port, Server, SwitchConfig, comparable
from topology.switch_intent import switch_configs

PAIR = SwitchConfig(
    host="sw-1a",
    platform="huawei_vrp",
    vlans=((101, "business"),),
    ports=(
        Port("10GE1/0/1", "access", "srv-001:eth0 C0001", lag=1, mtu=9216),
        Port("10GE1/0/2", "unused", "unused", enabled=False),
        Port("100GE1/0/1", "uplink", "core-1", address="10.0.0.1/31", mtu=9216),
        Port("100GE1/0/5", "peer-link", lag=0),
        Port("100GE1/0/6", "keepalive", "keepalive", address="10.0.9.1/30"),
    ),
    lags=(
        Lag(0, "peer link", ("100GE1/0/5",), peer_link=True, tagged=(101,)),
        Lag(1, "srv-001", ("10GE1/0/1",), mlag=1, untagged=101, fallback=True),
    ),
    gateways=(
        Gateway(101, "10.10.0.1/26", "00:00:5e:00:01:66", "business", 9216, relay=("10.30.0.5", "10.30.0.6")),
    ),
    mlag=Mlag(1, 1, 150, "02:00:00:00:00:01", 0, "10.0.9.1", "10.0.9.2", "100GE1/0/6"),
    bgp=Bgp(65101, "10.1.0.1", (Neighbour("10.0.0.0", 65000, "core-1"),), ("10.1.0.1/32", "10.10.0.0/26")),
    management=("MEth0/0/0", "10.20.0.5/24", "10.20.0.1"),
    servers=(
        Server("aaa", "10.30.0.1", "", "tacacs-key"),
        Server("ntp", "10.30.0.2"),
        Server("snmp", "10.30.0.3", "nms", "snmp-key"),
        Server("syslog", "10.30.0.4"),
    ),
)
OOB = SwitchConfig(
    host="oob-1",
    platform="huawei_vrp",
    vlans=((20, "bmc"), (30, "mgmt")),
    ports=(
        Port("GE1/0/1", "oob", "srv-001:bmc", untagged=20),
        Port("10GE1/0/1", "uplink", "core-1", tagged=(20, 30)),
        Port("10GE1/0/2", "uplink", "core-2", untagged=30, tagged=(20,)),
    ),
)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    "config", [PAIR, OOB, SwitchConfig("bare", "huawei_vrp")], ids=["pair", "oob", "bare"]
)
def test_read_back(platform: str, config: SwitchConfig) -> None:
    config = replace(config, platform=platform)
    assert parse(platform, render(config)) == config


def test_guangxi_reads_back_with_its_roles() -> None:
    inventory, plan = load(PROJECTS / "guangxi").inventory, load_plan(PROJECTS / "guangxi").plan
    assert inventory is not None and plan is not None
    configs = list(switch_configs(inventory, plan))
    assert len(configs) > 10
    for config in configs:
        again = parse(config.platform, render(config))
        assert again == config
        assert [p.role for p in again.ports if p.lag is None and p.address] == [
            p.role for p in config.ports if p.lag is None and p.address
        ]


def test_hosts_start_from_the_network_before_their_bond_is(tmp_path: Path) -> None:
    """Ports towards servers forward without LACP, and gateways hand DHCP on; who the servers are is said or missing."""
    folder = tmp_path / "guangxi"
    shutil.copytree(PROJECTS / "guangxi", folder)
    path = folder / "operations.yml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    servers: list[dict[str, Any]] = []

    def configured() -> SwitchConfig:
        data["management_servers"] = servers
        path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
        inventory, plan = load(folder).inventory, load_plan(folder).plan
        assert inventory is not None and plan is not None
        return next(c for c in switch_configs(inventory, plan) if c.host == "A-ASW-01A")

    config = configured()
    assert {g.fallback for g in config.lags if not g.peer_link} == {True}
    assert [g.fallback for g in config.lags if g.peer_link] == [False]
    assert [g.relay for g in config.gateways] == [()]
    assert "DHCP relay: no dhcp or boot server in the inventory (management_servers)" in config.missing
    servers.append({"name": "boot-1", "kind": "boot", "address": "10.10.200.9"})
    assert [g.relay for g in configured().gateways] == [("10.10.200.9",)]
    servers += [
        {"name": "dhcp-1", "kind": "dhcp", "address": "10.10.200.20", "site": "A"},
        {"name": "dhcp-2", "kind": "dhcp", "address": "10.10.200.3"},
        {"name": "dhcp-3", "kind": "dhcp", "address": "10.20.200.3", "site": "B"},
        {"name": "dhcp-4", "kind": "dhcp", "address": None, "site": "A"},
    ]
    config = configured()
    assert [g.relay for g in config.gateways] == [("10.10.200.3", "10.10.200.20")]
    assert "dhcp server dhcp-4: its address is not known" in config.missing


WORDS: dict[str, tuple[str, ...]] = {
    "huawei_vrp": (
        "interface Eth-Trunk1\n", " dfs-group 1 m-lag 1\n", " peer-link 1\n", " peer 10.0.0.0 bfd enable\n",
        "dual-active detection source ip 10.0.9.1 peer 10.0.9.2\n", "undo telnet server enable\n",
        "dhcp enable\n", " dhcp select relay\n dhcp relay binding server ip 10.30.0.5\n", " lacp force-forward\n",
    ),
    "h3c_comware": (
        "interface Ten-GigabitEthernet1/0/1\n port link-mode bridge\n", "interface HundredGigE1/0/1\n port link-mode route\n",
        "interface Bridge-Aggregation1024\n", " port m-lag peer-link 1\n", " port m-lag group 1\n", " lacp period short\n",
        "m-lag keepalive ip destination 10.0.9.2 source 10.0.9.1\n", "m-lag mad exclude interface HundredGigE1/0/6\n",
        " peer 10.0.0.0 bfd\n", "interface M-GigabitEthernet0/0/0\n ip binding vpn-instance mgmt\n",
        "undo telnet server enable\n", "dhcp enable\n", " dhcp relay server-address 10.30.0.6\n",
        " link-aggregation mode dynamic\n lacp edge-port\n port m-lag group 1\n",
    ),
    "ruijie_rgos": (
        "interface TenGigabitEthernet 1/0/1\n", " port-group 1 mode active\n lacp short-timeout\n",
        "interface AggregatePort 256\n", " switchport trunk allowed vlan only 101\n", "interface Mgmt 0\n",
        " gateway 10.20.0.1\n", " neighbor 10.0.0.0 fall-over bfd\n", "no enable service telnet-server\n",
        "ntp server oob 10.30.0.2\n", "service dhcp\n", " ip helper-address 10.30.0.5\n ip helper-address 10.30.0.6\n",
        " lacp short-timeout\n lacp individual-port enable\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("platform", PLATFORMS)
def test_words_of_the_platform(platform: str) -> None:
    text = render(replace(PAIR, platform=platform))
    assert [w for w in WORDS[platform] if w not in text] == []
    assert "v1" not in text.replace("v1 v2c", "") and "community" not in text


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_secret_value_only_its_name(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("tacacs-key", "S3cretValue!")
    monkeypatch.setenv("TACACS_KEY", "S3cretValue!")
    text = render(replace(PAIR, platform=platform))
    assert "S3cretValue!" not in text
    assert "%secret:tacacs-key%" in text and "%secret:snmp-key%" in text
    shown = text.replace("%secret:tacacs-key%", "$c$3$abc").replace("%secret:snmp-key%", "$c$3$def")
    assert parse(platform, shown) != replace(PAIR, platform=platform)
    assert comparable(parse(platform, shown)) == comparable(replace(PAIR, platform=platform))


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no such platform": ({"platform": "cisco_ios"}, "no template for platform cisco_ios"),
    "VLAN 1": ({"vlans": ((1, "default"),)}, "VLAN 1 is not in 2..4094"),
    "VLAN 4095": ({"vlans": ((4095, "x"),)}, "VLAN 4095 is not in 2..4094"),
    "VLAN name of two words": ({"vlans": ((2, "two words"),)}, "must be one word"),
    "port on VLAN 1": ({"ports": (Port("GE1/0/1", "oob", untagged=1),)}, "VLAN 1 is not in 2..4094"),
    "tagged and untagged": ({"ports": (Port("GE1/0/1", "oob", untagged=5, tagged=(5,)),)}, "both tagged and untagged"),
    "question mark": ({"ports": (Port("GE1/0/1", "oob", "core:?"),)}, "question mark"),
    "not ASCII": ({"ports": (Port("GE1/0/1", "oob", "核心交换机"),)}, "not ASCII"),
    "VLAN name not ASCII": ({"vlans": ((2, "业务"),)}, "ASCII"),
    "long text of a neighbour": (
        {"bgp": Bgp(65101, "10.1.0.1", (Neighbour("10.0.0.0", 65000, "x" * 80),), ())}, "80 characters, 79 fit",
    ),
    "text of a gateway": ({"gateways": (Gateway(101, "10.0.0.1/26", "00:00:5e:00:01:66", "why?"),)}, "question mark"),
    "aggregate of nobody": ({"ports": (Port("GE1/0/1", "access", lag=7),)}, "no aggregate 7"),
    "two uses": ({"ports": (Port("GE1/0/1", "access", untagged=7, address="10.0.0.1/31"),)}, "more than one of"),
    "members differ": ({"lags": (Lag(3, "x", ("GE1/0/1",)),)}, "its ports are []"),
    "number too large": ({"lags": (Lag(9000, "x", ()),)}, "number not in 0..511"),
    "across no pair": ({"lags": (Lag(3, "x", (), mlag=3),)}, "but no pair"),
    "account without use": ({"servers": (Server("ntp", "10.0.0.1", "me"),)}, "an account has no place"),
    "SNMP without account": ({"servers": (Server("snmp", "10.0.0.1"),)}, "SNMPv3 needs an account"),
    "two AAA secrets": (
        {"servers": (Server("aaa", "10.0.0.1", "", "a"), Server("aaa", "10.0.0.2", "", "b"))}, "several secrets",
    ),
    "keepalive without a port": (
        {"lags": (Lag(0, "", (), peer_link=True),), "mlag": Mlag(1, 1, 150, "02:00:00:00:00:01", 0, "10.0.0.1", "10.0.0.2")},
        "no management address",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_rendering(case: str) -> None:
    changed, sentence = REFUSED[case]
    config = replace(SwitchConfig("sw", "huawei_vrp"), **changed)
    assert len(faults(config)) == 1 and sentence in faults(config)[0]
    with pytest.raises(ValueError, match="sw: "):
        render(config)


def test_comware_has_no_domain_number() -> None:
    assert PAIR.mlag is not None
    config = replace(PAIR, platform="h3c_comware", mlag=replace(PAIR.mlag, domain=4))
    assert faults(config) == ["pair domain 4: h3c_comware knows no other number than 1"]


def test_unconfirmed_words_are_said_only_where_they_are_used() -> None:
    assert doubts(replace(PAIR, platform="ruijie_rgos"))
    assert not doubts(replace(OOB, platform="ruijie_rgos"))
    assert any("v-stp" in d for d in doubts(PAIR))
    assert not doubts(replace(PAIR, platform="h3c_comware"))
    assert any("domain default_admin" in d for d in doubts(PAIR))
    several = replace(OOB, servers=(Server("aaa", "10.30.0.1"), Server("aaa", "10.30.0.9")))
    assert any("of 2 TACACS+ servers" in d for d in doubts(several))
    assert not doubts(OOB)


def test_parse_of_an_unknown_platform() -> None:
    with pytest.raises(ValueError, match="no parser for platform junos"):
        parse("junos", "")


def test_comware_members_repeat_what_their_aggregate_says() -> None:
    config = replace(PAIR, platform="h3c_comware")
    text = render(config)
    shown = text.replace(" lacp period short\n", " port access vlan 101\n lacp period short\n", 1)
    assert shown != text and parse("h3c_comware", shown) == config


def section(text: str, line: str) -> list[str]:
    """What stands below a line of a configuration."""
    rows = text.splitlines()
    found = rows[rows.index(line) + 1 :]
    end = next(i for i, row in enumerate(found) if not row.startswith(" "))
    return [row.strip() for row in found[:end]]


@pytest.mark.parametrize(
    ("platform", "globally", "port", "edge"),
    [
        ("huawei_vrp", None, "interface GE1/0/1", "stp edged-port enable"),
        ("h3c_comware", "stp global enable", "interface GigabitEthernet1/0/1", "stp edged-port"),
        ("ruijie_rgos", "spanning-tree", "interface GigabitEthernet 1/0/1", "spanning-tree portfast"),
    ],
)
def test_two_uplinks_of_an_out_of_band_switch_are_no_loop(
    platform: str, globally: str | None, port: str, edge: str
) -> None:
    """VRP runs a spanning tree as delivered; the others do not, and two trunks up with the same VLANs are a loop."""
    text = render(replace(OOB, platform=platform))
    assert globally is None or globally in text.splitlines()
    assert edge in section(text, port)
    assert text.count(edge) == 1  # never at an uplink
    if globally:
        assert globally not in render(replace(PAIR, platform=platform)).splitlines()


def test_ports_towards_hosts_of_a_pair_forward_at_once() -> None:
    text = render(PAIR)
    assert "stp edged-port enable" in section(text, "interface Eth-Trunk1")
    assert "stp edged-port enable" not in section(text, "interface Eth-Trunk0")


@pytest.mark.parametrize("platform", ["huawei_vrp", "h3c_comware"])
def test_a_routed_port_lets_large_packets_through_as_well_as_large_frames(platform: str) -> None:
    config = replace(PAIR, platform=platform)
    text = render(config)
    assert text.count(" jumboframe enable 9216\n mtu 9216\n") == 1
    small = parse(platform, text.replace(" jumboframe enable 9216\n mtu 9216\n", " jumboframe enable 9216\n"))
    assert [p.mtu for p in small.ports if p.role == "uplink"] == [None]


def test_tacacs_servers_are_asked_over_the_management_network() -> None:
    assert " hwtacacs server authentication 10.30.0.1 vpn-instance mgmt\n" in render(PAIR)


def test_comware_members_join_with_the_vlans_of_their_aggregate() -> None:
    """Comware selects no member whose VLANs differ from its aggregate's, and joining does not copy them."""
    text = render(replace(PAIR, platform="h3c_comware"))
    for port in ("Ten-GigabitEthernet1/0/1", "HundredGigE1/0/5"):
        rows = section(text, f"interface {port}")
        number = rows[-1].removeprefix("port link-aggregation group ")
        vlans = [
            r
            for r in section(text, f"interface Bridge-Aggregation{number}")
            if "vlan" in r or "link-type" in r
        ]
        assert vlans
        assert [r for r in rows if r in vlans] == vlans
        assert rows.index(vlans[-1]) < len(rows) - 1
