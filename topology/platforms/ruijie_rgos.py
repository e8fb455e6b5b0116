"""Ruijie RGOS: a configuration as text, read back into the model it was rendered from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from topology.platforms.ports import planned
from topology.platforms.reading import Keepalive, Own, Words, pair, read
from topology.platforms.sections import Section, address_with_length, interfaces, reference, sections
from topology.switch_config import Lag, Mlag, Port, Server, SwitchConfig


def parse(text: str) -> SwitchConfig:
    """The model of a running configuration."""
    return read(sections(text), WORDS, OWN)


def _across(section: Section) -> int | None:
    group = section.value("mlag group")
    return int(group) if group else None


def _vlans(tree: Section) -> Iterator[tuple[int, str]]:
    for section in tree.all(r"vlan \d+$"):
        if section.line != "vlan 1":
            yield int(section.line.split()[1]), section.value("name") or ""


def _pairs(tree: Section) -> Iterator[tuple[Section, Keepalive]]:
    for domain in tree.all(r"mlag domain \d+$"):
        found = re.match(r"(oob )?destination (\S+) source (\S+)", domain.value("keepalive") or "")
        if found:
            yield domain, Keepalive(found[3], found[2], bool(found[1]))


def _keepalive(tree: Section) -> Keepalive | None:
    return next((k for _, k in _pairs(tree)), None)


def _mlag(tree: Section, lags: tuple[Lag, ...], ports: tuple[Port, ...]) -> Mlag | None:
    for domain, keepalive in _pairs(tree):
        number = int(domain.line.split()[2])
        return pair(domain, keepalive, lags, ports, domain=number, role="role priority")
    return None


def _management(tree: Section) -> tuple[str, str, str] | None:
    for name, section in interfaces(tree):
        address = address_with_length(section.value("ip address"))
        if name.startswith("Mgmt ") and address:
            return planned("ruijie_rgos", name), address, section.value("gateway") or ""
    return None


def _servers(tree: Section) -> Iterator[Server]:
    for line in tree.all(r"tacacs-server host "):
        found = re.match(r"tacacs-server host (?:oob )?(\S+)(?: key \d (\S+))?", line.line)
        if found:
            yield Server("aaa", found[1], "", reference(found[2]))
    for line in tree.all(r"ip name-server "):
        yield Server("dns", line.line.split()[-1])
    for line in tree.all(r"ntp server "):
        yield Server("ntp", line.line.split()[-1])
    for line in tree.all(r"snmp-server host "):
        found = re.match(r"snmp-server host (?:oob )?(\S+) traps version 3 priv (\S+)", line.line)
        if found:
            user = next((c.line for c in tree.all(rf"snmp-server user {re.escape(found[2])} ")), "")
            key = re.search(r" auth \S+ (\S+)", user)
            yield Server("snmp", found[1], found[2], reference(key[1] if key else None))
    for line in tree.all(r"logging server "):
        yield Server("syslog", line.line.split()[-1])


WORDS = Words(
    platform="ruijie_rgos", host="hostname", aggregate="AggregatePort ", gateway="VLAN ", loopback="Loopback 0",
    member="port-group", tagged="switchport trunk allowed vlan only", native="switchport trunk native vlan",
    access="switchport access vlan", mtu="mtu", fast="lacp short-timeout", fallback="lacp individual-port enable", relay="ip helper-address", fallback_at_members=True, bgp="router bgp", router_id="bgp router-id",
    neighbour="neighbor", asn="remote-as", bfd="fall-over bfd", family="address-family ipv4",
    management=lambda name, _: name.startswith("Mgmt "), across=_across,
    peer_link=lambda section: section.has("mlag peer-link"), keepalive=_keepalive, zero=256,
)  # fmt: skip
OWN = Own(_vlans, _mlag, _management, _servers, lambda tree: not tree.has("no lldp enable"))
