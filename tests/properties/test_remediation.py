"""From any configuration to any other: the commands, taken line by line, leave the switch running what is intended."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rackwright.lab.emulator.comware import COMWARE
from rackwright.lab.emulator.rgos import RGOS
from rackwright.lab.emulator.tree import Node, apply, from_text, text_of
from rackwright.lab.emulator.vrp import VRP
from tests.properties.test_platforms import configs
from topology.model_diff import differences
from topology.observe import comware_rules, rgos_rules, vrp_rules
from topology.observe.remediation import Rules, remedy
from topology.observe.undo import undoing
from topology.platforms.render import parse, render
from topology.switch_config import Port, Server, SwitchConfig

PLATFORMS = {
    "huawei_vrp": (VRP, vrp_rules.RULES),
    "h3c_comware": (COMWARE, comware_rules.RULES),
    "ruijie_rgos": (RGOS, rgos_rules.RULES),
}


def same_ports(config: SwitchConfig, other: SwitchConfig) -> SwitchConfig:
    """The configuration of a switch that also has the ports of the other: those are unused."""
    known = {p.name for p in config.ports}
    more = tuple(
        Port(p.name, "unused", "unused", enabled=False)
        for p in other.ports
        if p.name not in known and p.name != "loopback0"
    )
    return replace(config, ports=(*config.ports, *more))


def take(platform: str, root: Node, lines: tuple[str, ...], rules: Rules) -> None:
    """Type the lines in system view."""
    path: tuple[str, ...] = ()
    for line in lines:
        path = path[:-1] if line == rules.leave else apply(PLATFORMS[platform][0], root, path, line)
    assert path == ()


@pytest.mark.parametrize("platform", PLATFORMS)
@settings(max_examples=40, derandomize=True, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_from_any_configuration_to_any_other(platform: str, data: st.DataObject) -> None:
    first, second = data.draw(configs(platform)), data.draw(configs(platform))
    if data.draw(st.booleans()):  # the same servers, within a management network or out of it
        second = replace(second, servers=first.servers)
    before, after = same_ports(first, second), same_ports(replace(second, host=first.host), first)
    if before.management and after.management is None:
        after = replace(after, management=before.management)  # the way in is not taken away
    dialect, rules = PLATFORMS[platform]
    root = from_text(dialect, render(before))
    found = remedy(rules, text_of(dialect, root), render(after))
    take(platform, root, found.lines, rules)
    text = text_of(dialect, root)
    assert differences(after, parse(platform, text)) == []
    assert remedy(rules, text, render(after)).lines == ()
    assert not any(
        line.startswith("undo vlan batch") and str(v) in line.split()
        for line in found.lines
        for v, _ in after.vlans
    )


@pytest.mark.parametrize("platform", PLATFORMS)
@settings(
    max_examples=25,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
)
@given(data=st.data())
def test_what_a_run_changed_is_put_back_and_no_more(platform: str, data: st.DataObject) -> None:
    first, second = data.draw(configs(platform)), data.draw(configs(platform))
    before, after = same_ports(first, second), same_ports(replace(second, host=first.host), first)
    dialect, rules = PLATFORMS[platform]
    root = from_text(dialect, render(replace(before, servers=())))
    was = text_of(dialect, root)
    take(platform, root, remedy(rules, was, render(replace(after, servers=()))).lines, rules)
    ran = text_of(dialect, root)
    free = min({*range(2, 40)} - {v for v, _ in (*before.vlans, *after.vlans)})
    take(platform, root, (f"vlan {free}", "name since-then", rules.leave), rules)
    found, target = undoing(rules, text_of(dialect, root), was, ran)
    take(platform, root, found.lines, rules)
    text = text_of(dialect, root)
    assert differences(parse(platform, target), parse(platform, text)) == []
    since = dict(before.vlans) | {free: "since-then"}
    way_in = before.management or after.management  # of a switch that had none it stays
    want = replace(before, servers=(), vlans=tuple(sorted(since.items())), management=way_in)
    assert differences(want, parse(platform, text)) == []
    assert undoing(rules, text, was, ran)[0].lines == ()


MANAGEMENT = ("MEth0/0/0", "10.0.0.2/24", "10.0.0.1")


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("comes", [True, False])
def test_servers_move_with_the_management_network(platform: str, comes: bool) -> None:
    servers = (
        Server("dns", "10.1.1.1"),
        Server("ntp", "10.1.1.1"),
        Server("snmp", "10.1.1.1", "watcher", "key"),
        Server("syslog", "10.1.1.1"),
    )
    without = SwitchConfig("a", platform, servers=servers)
    within = replace(without, management=MANAGEMENT)
    before, after = (without, within) if comes else (within, replace(without, management=None))
    dialect, rules = PLATFORMS[platform]
    root = from_text(dialect, render(before))
    take(platform, root, remedy(rules, text_of(dialect, root), render(after)).lines, rules)
    assert parse(platform, text_of(dialect, root)).servers == tuple(
        replace(s, secret="(encrypted)" if s.secret else "") for s in servers
    )


def test_what_an_undo_sweeps_away_is_sent_again() -> None:
    running = "sysname a\n#\nntp unicast-server 10.1.1.1\nntp unicast-server 10.1.1.1 vpn-instance mgmt\n#\n"
    intended = "sysname a\n#\nntp unicast-server 10.1.1.1 vpn-instance mgmt\n#\n"
    assert remedy(vrp_rules.RULES, running, intended).lines == (
        "undo ntp unicast-server 10.1.1.1",
        "ntp unicast-server 10.1.1.1 vpn-instance mgmt",
    )
