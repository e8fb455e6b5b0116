"""Huawei VRP (CloudEngine): a configuration as text, read back into the model it was rendered from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from topology.platforms.reading import (
    Keepalive,
    Own,
    Words,
    in_vpn,
    pair,
    read,
    trap_receivers,
    vpn_management,
)
from topology.platforms.sections import Section, expand_vids, reference, sections
from topology.switch_config import Lag, Mlag, Port, Server, SwitchConfig


def parse(text: str) -> SwitchConfig:
    """The model of a running configuration."""
    return read(sections(text), WORDS, OWN)


def _across(section: Section) -> int | None:
    found = re.search(r"m-lag (\d+)", section.value("dfs-group") or "")
    return int(found[1]) if found else None


def _vlans(tree: Section) -> Iterator[tuple[int, str]]:
    names = {int(s.line.split()[1]): s.value("name") or "" for s in tree.all(r"vlan \d+$")}
    for vid in expand_vids(tree.values("vlan batch")):
        yield vid, names.get(vid, "")


def _pairs(tree: Section) -> Iterator[tuple[Section, Keepalive]]:
    for group in tree.all(r"dfs-group \d+$"):
        found = re.match(
            r"source ip (\S+)(?: vpn-instance (\S+))? peer (\S+)", group.value("dual-active detection") or ""
        )
        if found:
            yield group, Keepalive(found[1], found[3], bool(found[2]))


def _keepalive(tree: Section) -> Keepalive | None:
    return next((k for _, k in _pairs(tree)), None)


def _mlag(tree: Section, lags: tuple[Lag, ...], ports: tuple[Port, ...]) -> Mlag | None:
    for group, keepalive in _pairs(tree):
        return pair(group, keepalive, lags, ports, domain=int(group.line.split()[1]))
    return None


def _servers(tree: Section) -> Iterator[Server]:
    for group in tree.all(r"hwtacacs server template "):
        key = reference(group.value("hwtacacs server shared-key cipher"))
        for child in group.all(r"hwtacacs server authentication "):
            yield Server("aaa", child.line.split()[3], "", key)
    for line in tree.all(r"dns server "):
        yield Server("dns", line.line.split()[2])
    for line in tree.all(r"ntp unicast-server "):
        yield Server("ntp", line.line.split()[2])
    yield from trap_receivers(
        tree, lambda user: tree.value(f"snmp-agent usm-user v3 {user} authentication-mode sha2-256 cipher")
    )
    for line in tree.all(r"info-center loghost "):
        yield Server("syslog", line.line.split()[2])


WORDS = Words(
    platform="huawei_vrp", host="sysname", aggregate="Eth-Trunk", gateway="Vlanif", loopback="LoopBack0",
    member="eth-trunk", tagged="port trunk allow-pass vlan", native="port trunk pvid vlan", access="port default vlan",
    mtu="jumboframe enable", fast="lacp timeout fast", fast_at_members=False, fallback="lacp force-forward", relay="dhcp relay binding server ip", bgp="bgp", router_id="router-id",
    neighbour="peer", asn="as-number", bfd="bfd enable", family="ipv4-family unicast", management=in_vpn,
    across=_across, peer_link=lambda section: section.has("peer-link 1"), keepalive=_keepalive,
)  # fmt: skip
OWN = Own(
    _vlans, _mlag, lambda tree: vpn_management(tree, "huawei_vrp"), _servers, lambda tree: tree.has("lldp enable")
)  # fmt: skip
