"""Huawei VRP (CloudEngine): a configuration as text, read back into the model it was rendered from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

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


def parse(text: str) -> SwitchConfig:
    """The model of a running configuration. What the model has no word for is left aside.

    The role of a port is told from its configuration: a host port, an uplink and a port of an out-of-band
    switch look different. Descriptions are kept as they are.
    """
    tree = sections(text)
    lags = tuple(sorted(_lags(tree), key=lambda g: g.number))
    peers = {g.number for g in lags if g.peer_link}
    ports = tuple(_ports(tree, peers))
    return SwitchConfig(
        host=tree.value("sysname") or "",
        platform="huawei_vrp",
        vlans=tuple(sorted(_vlans(tree))),
        ports=ports,
        lags=lags,
        gateways=tuple(_gateways(tree)),
        mlag=_mlag(tree, lags, ports),
        bgp=_bgp(tree),
        management=_management(tree),
        servers=tuple(_servers(tree)),
        lldp=tree.has("lldp enable"),
    )


def _vlans(tree: Section) -> Iterator[tuple[int, str]]:
    names = {int(s.line.split()[1]): s.value("name") or "" for s in tree.all(r"vlan \d+$")}
    for vid in expand_vids(tree.value("vlan batch") or ""):
        yield vid, names.get(vid, "")


def _lags(tree: Section) -> Iterator[Lag]:
    members: dict[str, list[str]] = {}
    for name, section in interfaces(tree):
        number = section.value("eth-trunk")
        if number is not None:
            members.setdefault(number, []).append(name)
    for name, section in interfaces(tree):
        if not name.startswith("Eth-Trunk"):
            continue
        own = int(name.removeprefix("Eth-Trunk"))
        mlag = re.search(r"m-lag (\d+)", section.value("dfs-group") or "")
        untagged, tagged = _switched(section)
        yield Lag(
            own, section.value("description") or "", tuple(sorted(members.get(str(own), []))),
            int(mlag[1]) if mlag else None, section.has("peer-link 1"), section.has("lacp timeout fast"),
            untagged, tagged,
        )  # fmt: skip


def _ports(tree: Section, peers: set[int]) -> Iterator[Port]:
    keepalive = _keepalive_address(tree)
    for name, section in interfaces(tree):
        if name.startswith(("Eth-Trunk", "Vlanif")) or section.has("ip binding vpn-instance mgmt"):
            continue
        lag = section.value("eth-trunk")
        address = address_with_length(section.value("ip address"))
        untagged, tagged = _switched(section) if lag is None else (0, ())  # members repeat their aggregate
        enabled = not section.has("shutdown")
        role: PortRole
        if name == "LoopBack0":
            role = "loopback"
        elif not enabled:
            role = "unused"
        elif lag is not None:
            role = "peer-link" if int(lag) in peers else "access"
        elif address:
            role = "keepalive" if keepalive == address.partition("/")[0] else "uplink"
        elif tagged:
            role = "uplink"
        else:
            role = "oob"
        mtu = section.value("jumboframe enable")
        yield Port(
            "loopback0" if role == "loopback" else name, role, section.value("description") or "", enabled,
            int(lag) if lag is not None else None, address, int(mtu) if mtu else None, untagged, tagged,
        )  # fmt: skip


def _switched(section: Section) -> tuple[int, tuple[int, ...]]:
    """Untagged and tagged VLANs of an interface."""
    tagged = expand_vids(section.value("port trunk allow-pass vlan") or "")
    untagged = int(section.value("port trunk pvid vlan") or section.value("port default vlan") or 0)
    return untagged, tuple(v for v in tagged if v != untagged)


def _gateways(tree: Section) -> Iterator[Gateway]:
    for name, section in interfaces(tree):
        address = address_with_length(section.value("ip address"))
        if name.startswith("Vlanif") and address:
            mtu = section.value("mtu")
            yield Gateway(
                int(name.removeprefix("Vlanif")), address, colon_mac(section.value("mac-address") or ""),
                section.value("description") or "", int(mtu) if mtu else None,
            )  # fmt: skip


def _keepalive_address(tree: Section) -> str | None:
    for group in tree.all(r"dfs-group \d+$"):
        found = re.match(r"source ip (\S+) peer", group.value("dual-active detection") or "")
        if found:
            return found[1]
    return None


def _mlag(tree: Section, lags: tuple[Lag, ...], ports: tuple[Port, ...]) -> Mlag | None:
    for group in tree.all(r"dfs-group \d+$"):
        found = re.match(
            r"source ip (\S+)(?: vpn-instance (\S+))? peer (\S+)", group.value("dual-active detection") or ""
        )
        peer = next((g.number for g in lags if g.peer_link), None)
        if found is None or peer is None:
            continue
        port = None
        if found[2] is None:
            port = next((p.name for p in ports if (p.address or "").startswith(f"{found[1]}/")), None)
        number: Literal[1, 2] = 1 if group.value("system-number") == "1" else 2
        return Mlag(
            int(group.line.split()[1]), number, int(group.value("priority") or 100),
            colon_mac(group.value("system-mac") or ""), peer, found[1], found[3], port,
        )  # fmt: skip
    return None


def _bgp(tree: Section) -> Bgp | None:
    for section in tree.all(r"bgp \d+$"):
        asn, text, bfd = {}, {}, set()
        for child in section.children:
            words = child.line.split(None, 3)
            if words[0] != "peer":
                continue
            if words[2] == "as-number":
                asn[words[1]] = int(words[3])
            elif words[2] == "description":
                text[words[1]] = words[3]
            elif child.line.endswith("bfd enable"):
                bfd.add(words[1])
        family = section.child("ipv4-family unicast")
        networks = tuple(
            prefix(w[1], w[2])
            for w in (c.line.split() for c in (family.children if family else ()))
            if w[0] == "network"
        )
        neighbours = tuple(Neighbour(a, asn[a], text.get(a, ""), a in bfd) for a in asn)
        return Bgp(int(section.line.split()[1]), section.value("router-id") or "", neighbours, networks)
    return None


def _management(tree: Section) -> tuple[str, str, str] | None:
    gateway = re.search(r"vpn-instance mgmt 0\.0\.0\.0 0\.0\.0\.0 (\S+)", tree.value("ip route-static") or "")
    for name, section in interfaces(tree):
        address = address_with_length(section.value("ip address"))
        if section.has("ip binding vpn-instance mgmt") and address:
            return name, address, gateway[1] if gateway else ""
    return None


def _servers(tree: Section) -> Iterator[Server]:
    for group in tree.all(r"hwtacacs server template "):
        key = reference(group.value("hwtacacs server shared-key cipher"))
        for child in group.all(r"hwtacacs server authentication "):
            yield Server("aaa", child.line.split()[-1], "", key)
    for kind, start in (("dns", "dns server"), ("ntp", "ntp unicast-server")):
        for child in tree.all(rf"{start} "):
            yield Server(kind, child.line.split()[2], "", "")  # type: ignore[arg-type]
    for child in tree.all(r"snmp-agent target-host trap "):
        found = re.search(r"udp-domain (\S+) .*securityname (\S+)", child.line)
        if found:
            cipher = tree.value(f"snmp-agent usm-user v3 {found[2]} authentication-mode sha2-256 cipher")
            yield Server("snmp", found[1], found[2], reference(cipher))
    for child in tree.all(r"info-center loghost "):
        yield Server("syslog", child.line.split()[2], "", "")
