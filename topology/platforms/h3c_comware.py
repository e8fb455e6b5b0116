"""H3C Comware 7: a configuration as text, read back into the model it was rendered from."""

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

PEER_NUMBER = 1024
"""The aggregate number that stands for 0, which Comware does not have."""


def parse(text: str) -> SwitchConfig:
    """The model of a running configuration. What the model has no word for is left aside."""
    tree = sections(text)
    lags = tuple(sorted(_lags(tree), key=lambda g: g.number))
    ports = tuple(_ports(tree, lags))
    return SwitchConfig(
        host=tree.value("sysname") or "",
        platform="h3c_comware",
        vlans=tuple(sorted(_vlans(tree))),
        ports=ports,
        lags=lags,
        gateways=tuple(_gateways(tree)),
        mlag=_mlag(tree, lags, ports),
        bgp=_bgp(tree),
        management=_management(tree),
        servers=tuple(_servers(tree)),
        lldp=tree.has("lldp global enable"),
    )


def _number(text: str) -> int:
    found = int(text)
    return 0 if found == PEER_NUMBER else found


def _vlans(tree: Section) -> Iterator[tuple[int, str]]:
    for section in tree.all(r"vlan \d"):
        for vid in expand_vids(section.line.removeprefix("vlan ")):
            if vid != 1:
                yield vid, section.value("name") or ""


def _switched(section: Section) -> tuple[int, tuple[int, ...]]:
    tagged = expand_vids(section.value("port trunk permit vlan") or "")
    untagged = int(section.value("port trunk pvid vlan") or section.value("port access vlan") or 0)
    return untagged, tuple(v for v in tagged if v != untagged)


def _lags(tree: Section) -> Iterator[Lag]:
    members: dict[int, list[tuple[str, bool]]] = {}
    for name, section in interfaces(tree):
        group = section.value("port link-aggregation group")
        if group is not None:
            fast = section.has("lacp period short")
            members.setdefault(_number(group.split()[0]), []).append((planned("h3c_comware", name), fast))
    for name, section in interfaces(tree):
        if not name.startswith("Bridge-Aggregation"):
            continue
        number = _number(name.removeprefix("Bridge-Aggregation"))
        own = sorted(members.get(number, []))
        group = section.value("port m-lag group")
        untagged, tagged = _switched(section)
        yield Lag(
            number, section.value("description") or "", tuple(n for n, _ in own), int(group.split()[0]) if group else None,
            section.value("port m-lag peer-link") is not None, all(fast for _, fast in own), untagged, tagged,
        )  # fmt: skip


def _ports(tree: Section, lags: tuple[Lag, ...]) -> Iterator[Port]:
    peers = {g.number for g in lags if g.peer_link}
    keepalive = (_keepalive(tree) or ("", "", ""))[1]
    for name, section in interfaces(tree):
        if name.startswith(("Bridge-Aggregation", "Vlan-interface")) or section.has(
            "ip binding vpn-instance mgmt"
        ):
            continue
        group = section.value("port link-aggregation group")
        lag = _number(group.split()[0]) if group else None
        address = address_with_length(section.value("ip address"))
        untagged, tagged = _switched(section) if lag is None else (0, ())  # members repeat their aggregate
        role: PortRole = "oob"
        if name == "LoopBack0":
            role = "loopback"
        elif section.has("shutdown"):
            role = "unused"
        elif lag is not None:
            role = "peer-link" if lag in peers else "access"
        elif address:
            role = "keepalive" if address.partition("/")[0] == keepalive else "uplink"
        elif tagged:
            role = "uplink"
        mtu = section.value("jumboframe enable")
        yield Port(
            "loopback0" if name == "LoopBack0" else planned("h3c_comware", name), role, section.value("description") or "",
            not section.has("shutdown"), lag, address, int(mtu) if mtu else None, untagged, tagged,
        )  # fmt: skip


def _gateways(tree: Section) -> Iterator[Gateway]:
    for name, section in interfaces(tree):
        address = address_with_length(section.value("ip address"))
        if name.startswith("Vlan-interface") and address:
            mtu = section.value("mtu")
            yield Gateway(
                int(name.removeprefix("Vlan-interface")), address, colon_mac(section.value("mac-address") or ""),
                section.value("description") or "", int(mtu) if mtu else None,
            )  # fmt: skip


def _keepalive(tree: Section) -> tuple[str, str, str] | None:
    """Peer, own address and VPN instance of the pair's keepalive."""
    found = re.match(
        r"(\S+) source (\S+)(?: vpn-instance (\S+))?", tree.value("m-lag keepalive ip destination") or ""
    )
    return (found[1], found[2], found[3] or "") if found else None


def _mlag(tree: Section, lags: tuple[Lag, ...], ports: tuple[Port, ...]) -> Mlag | None:
    keepalive = _keepalive(tree)
    peer_lag = next((g.number for g in lags if g.peer_link), None)
    if keepalive is None or peer_lag is None:
        return None
    peer, own, vpn = keepalive
    port = None if vpn else next((p.name for p in ports if (p.address or "").startswith(f"{own}/")), None)
    return Mlag(
        1, 1 if tree.value("m-lag system-number") == "1" else 2, int(tree.value("m-lag role priority") or 32768),
        colon_mac(tree.value("m-lag system-mac") or ""), peer_lag, own, peer, port,
    )  # fmt: skip


def _bgp(tree: Section) -> Bgp | None:
    for section in tree.all(r"bgp \d+"):
        asn, text, bfd = {}, {}, set()
        for child in section.all("peer "):
            words = child.line.split(None, 3)
            if words[2] == "as-number":
                asn[words[1]] = int(words[3])
            elif words[2] == "description":
                text[words[1]] = words[3]
            elif words[2] == "bfd":
                bfd.add(words[1])
        family = section.child("address-family ipv4 unicast")
        networks = tuple(
            prefix(*c.line.split()[1:3])
            for c in (family.children if family else ())
            if c.line.startswith("network ")
        )
        neighbours = tuple(Neighbour(a, asn[a], text.get(a, ""), a in bfd) for a in asn)
        return Bgp(int(section.line.split()[1]), section.value("router-id") or "", neighbours, networks)
    return None


def _management(tree: Section) -> tuple[str, str, str] | None:
    gateway = ""
    for line in tree.all(r"ip route-static vpn-instance mgmt 0\.0\.0\.0 "):
        gateway = line.line.split()[-1]
    for name, section in interfaces(tree):
        address = address_with_length(section.value("ip address"))
        if section.has("ip binding vpn-instance mgmt") and address:
            return planned("h3c_comware", name), address, gateway
    return None


def _servers(tree: Section) -> Iterator[Server]:
    for scheme in tree.all(r"hwtacacs scheme "):
        key = scheme.value("key authentication simple") or scheme.value("key authentication cipher")
        for child in scheme.all(r"(?:primary|secondary) authentication "):
            yield Server("aaa", child.line.split()[2], "", reference(key))
    for line in tree.all(r"dns server "):
        yield Server("dns", line.line.split()[2])
    for line in tree.all(r"ntp-service unicast-server "):
        yield Server("ntp", line.line.split()[2])
    for line in tree.all(r"snmp-agent target-host trap "):
        found = re.search(r"udp-domain (\S+) .*securityname (\S+)", line.line)
        if found:
            user = tree.value(f"snmp-agent usm-user v3 {found[2]}") or ""
            auth = re.search(r"authentication-mode \S+ (\S+)", user)
            yield Server("snmp", found[1], found[2], reference(auth[1] if auth else None))
    for line in tree.all(r"info-center loghost "):
        yield Server("syslog", line.line.split()[-1])
