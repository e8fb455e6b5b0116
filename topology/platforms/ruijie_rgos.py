"""Ruijie RGOS: a configuration as text, read back into the model it was rendered from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from topology.platforms.ports import planned
from topology.platforms.sections import (
    Section,
    address_with_length,
    colon_mac,
    expand_vids,
    interfaces,
    prefix,
    reference,
    sections,
)
from topology.switch_config import Bgp, Gateway, Lag, Mlag, Neighbour, Port, PortRole, Server, SwitchConfig

PEER_NUMBER = 256
"""The aggregate number that stands for 0, which RGOS does not have."""


def parse(text: str) -> SwitchConfig:
    """The model of a running configuration. What the model has no word for is left aside."""
    tree = sections(text)
    lags = tuple(sorted(_lags(tree), key=lambda g: g.number))
    ports = tuple(_ports(tree, lags))
    return SwitchConfig(
        host=tree.value("hostname") or "",
        platform="ruijie_rgos",
        vlans=tuple(sorted(_vlans(tree))),
        ports=ports,
        lags=lags,
        gateways=tuple(_gateways(tree)),
        mlag=_mlag(tree, lags, ports),
        bgp=_bgp(tree),
        management=_management(tree),
        servers=tuple(_servers(tree)),
        lldp=not tree.has("no lldp enable"),
    )


def _number(text: str) -> int:
    found = int(text)
    return 0 if found == PEER_NUMBER else found


def _vlans(tree: Section) -> Iterator[tuple[int, str]]:
    for section in tree.all(r"vlan \d+$"):
        if section.line != "vlan 1":
            yield int(section.line.split()[1]), section.value("name") or ""


def _switched(section: Section) -> tuple[int, tuple[int, ...]]:
    tagged = expand_vids(section.value("switchport trunk allowed vlan only") or "")
    untagged = int(
        section.value("switchport trunk native vlan") or section.value("switchport access vlan") or 0
    )
    return untagged, tuple(v for v in tagged if v != untagged)


def _lags(tree: Section) -> Iterator[Lag]:
    members: dict[int, list[tuple[str, bool]]] = {}
    for name, section in interfaces(tree):
        group = section.value("port-group")
        if group is not None:
            fast = section.has("lacp short-timeout")
            members.setdefault(_number(group.split()[0]), []).append((planned("ruijie_rgos", name), fast))
    for name, section in interfaces(tree):
        if not name.startswith("AggregatePort "):
            continue
        number = _number(name.split()[1])
        own = sorted(members.get(number, []))
        group = section.value("mlag group")
        untagged, tagged = _switched(section)
        yield Lag(
            number, section.value("description") or "", tuple(n for n, _ in own), int(group) if group else None,
            section.has("mlag peer-link"), all(fast for _, fast in own), untagged, tagged,
        )  # fmt: skip


def _ports(tree: Section, lags: tuple[Lag, ...]) -> Iterator[Port]:
    peers = {g.number for g in lags if g.peer_link}
    keepalive = (_keepalive(tree) or ("", "", False))[1]
    for name, section in interfaces(tree):
        if name.startswith(("AggregatePort ", "VLAN ", "Mgmt ")):
            continue
        group = section.value("port-group")
        lag = _number(group.split()[0]) if group else None
        address = address_with_length(section.value("ip address"))
        untagged, tagged = _switched(section) if lag is None else (0, ())  # members repeat their aggregate
        role: PortRole = "oob"
        if name == "Loopback 0":
            role = "loopback"
        elif section.has("shutdown"):
            role = "unused"
        elif lag is not None:
            role = "peer-link" if lag in peers else "access"
        elif address:
            role = "keepalive" if address.partition("/")[0] == keepalive else "uplink"
        elif tagged:
            role = "uplink"
        mtu = section.value("mtu")
        yield Port(
            "loopback0" if name == "Loopback 0" else planned("ruijie_rgos", name), role,
            section.value("description") or "", not section.has("shutdown"), lag, address, int(mtu) if mtu else None,
            untagged, tagged,
        )  # fmt: skip


def _gateways(tree: Section) -> Iterator[Gateway]:
    for name, section in interfaces(tree):
        address = address_with_length(section.value("ip address"))
        if name.startswith("VLAN ") and address:
            mtu = section.value("mtu")
            yield Gateway(
                int(name.split()[1]), address, colon_mac(section.value("mac-address") or ""),
                section.value("description") or "", int(mtu) if mtu else None,
            )  # fmt: skip


def _keepalive(tree: Section) -> tuple[str, str, bool] | None:
    """Peer, own address and whether it runs over the management port."""
    for domain in tree.all(r"mlag domain \d+$"):
        found = re.match(r"(oob )?destination (\S+) source (\S+)", domain.value("keepalive") or "")
        if found:
            return found[2], found[3], bool(found[1])
    return None


def _mlag(tree: Section, lags: tuple[Lag, ...], ports: tuple[Port, ...]) -> Mlag | None:
    keepalive = _keepalive(tree)
    peer_lag = next((g.number for g in lags if g.peer_link), None)
    if keepalive is None or peer_lag is None:
        return None
    peer, own, oob = keepalive
    port = None if oob else next((p.name for p in ports if (p.address or "").startswith(f"{own}/")), None)
    domain = next(tree.all(r"mlag domain \d+$"))
    return Mlag(
        int(domain.line.split()[2]), 1 if domain.value("system-number") == "1" else 2,
        int(domain.value("role priority") or 100), colon_mac(domain.value("system-mac") or ""), peer_lag, own, peer, port,
    )  # fmt: skip


def _bgp(tree: Section) -> Bgp | None:
    for section in tree.all(r"router bgp \d+"):
        asn, text, bfd = {}, {}, set()
        for child in section.all("neighbor "):
            words = child.line.split(None, 3)
            if words[2] == "remote-as":
                asn[words[1]] = int(words[3])
            elif words[2] == "description":
                text[words[1]] = words[3]
            elif child.line.endswith(" fall-over bfd"):
                bfd.add(words[1])
        family = section.child("address-family ipv4")
        networks = tuple(
            prefix(c.line.split()[1], c.line.split()[3])
            for c in (family.children if family else ())
            if c.line.startswith("network ")
        )
        neighbours = tuple(Neighbour(a, asn[a], text.get(a, ""), a in bfd) for a in asn)
        return Bgp(int(section.line.split()[2]), section.value("bgp router-id") or "", neighbours, networks)
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
