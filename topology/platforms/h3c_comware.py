"""H3C Comware 7: a configuration as text, read back into the model it was rendered from."""

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
    group = section.value("port m-lag group")
    return int(group.split()[0]) if group else None


def _vlans(tree: Section) -> Iterator[tuple[int, str]]:
    for section in tree.all(r"vlan \d"):
        for vid in expand_vids(section.line.removeprefix("vlan ")):
            if vid != 1:
                yield vid, section.value("name") or ""


def _keepalive(tree: Section) -> Keepalive | None:
    found = re.match(
        r"(\S+) source (\S+)(?: vpn-instance (\S+))?", tree.value("m-lag keepalive ip destination") or ""
    )
    return Keepalive(found[2], found[1], bool(found[3])) if found else None


def _mlag(tree: Section, lags: tuple[Lag, ...], ports: tuple[Port, ...]) -> Mlag | None:
    return pair(tree, _keepalive(tree), lags, ports, start="m-lag ", role="role priority", priority=32768)


def _servers(tree: Section) -> Iterator[Server]:
    for scheme in tree.all(r"hwtacacs scheme "):
        key = scheme.value("key authentication simple") or scheme.value("key authentication cipher")
        for child in scheme.all(r"(?:primary|secondary) authentication "):
            yield Server("aaa", child.line.split()[2], "", reference(key))
    for line in tree.all(r"dns server "):
        yield Server("dns", line.line.split()[2])
    for line in tree.all(r"ntp-service unicast-server "):
        yield Server("ntp", line.line.split()[2])
    yield from trap_receivers(tree, lambda user: _key(tree, user))
    for line in tree.all(r"info-center loghost "):
        yield Server("syslog", line.line.split()[-1])


def _key(tree: Section, user: str) -> str | None:
    found = re.search(r"authentication-mode \S+ (\S+)", tree.value(f"snmp-agent usm-user v3 {user}") or "")
    return found[1] if found else None


WORDS = Words(
    platform="h3c_comware", host="sysname", aggregate="Bridge-Aggregation", gateway="Vlan-interface",
    loopback="LoopBack0", member="port link-aggregation group", tagged="port trunk permit vlan",
    native="port trunk pvid vlan", access="port access vlan", mtu="jumboframe enable", fast="lacp period short",
    fallback="lacp edge-port", relay="dhcp relay server-address", bgp="bgp", router_id="router-id", neighbour="peer", asn="as-number", bfd="bfd",
    family="address-family ipv4 unicast", management=in_vpn, across=_across,
    peer_link=lambda section: section.value("port m-lag peer-link") is not None, keepalive=_keepalive, zero=1024,
)  # fmt: skip
OWN = Own(
    _vlans, _mlag, lambda tree: vpn_management(tree, "h3c_comware"), _servers,
    lambda tree: tree.has("lldp global enable"),
)  # fmt: skip
