"""What all platforms' configurations have, read by each one's words: ports, aggregates, gateways, BGP."""

from __future__ import annotations

import ipaddress
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from topology.platforms.ports import planned
from topology.platforms.sections import (
    Section,
    address_with_length,
    colon_mac,
    expand_vids,
    interfaces,
    prefix,
    reference,
)
from topology.switch_config import Bgp, Gateway, Lag, Mlag, Neighbour, Port, PortRole, Server, SwitchConfig


@dataclass(frozen=True)
class Words:
    """How a platform says what all of them can. Beginnings of names: `aggregate`, `gateway`; beginnings of lines:
    `host`, `member`, `tagged`, `native`, `access`, `mtu`, `router_id`, `neighbour`; whole lines: `loopback`, `family`.

    `fast`: the line for the short LACP timeout, at the members or (`fast_at_members` False) at the aggregate; so
    `fallback` (`fallback_at_members`), the line by which ports forward before LACP runs. `relay`: the beginning of the
    line that names a DHCP server.
    `management`: whether an interface is the management port. `across`: the number of an aggregate across the pair.
    `peer_link`: whether an aggregate joins the members. `keepalive`: what a pair watches itself by.
    `zero`: the aggregate number that stands for 0 where the platform has no such number.
    """

    platform: str
    host: str
    aggregate: str
    gateway: str
    loopback: str
    member: str
    tagged: str
    native: str
    access: str
    mtu: str
    fast: str
    fallback: str
    relay: str
    bgp: str
    router_id: str
    neighbour: str
    asn: str
    bfd: str
    family: str
    management: Callable[[str, Section], bool]
    across: Callable[[Section], int | None]
    peer_link: Callable[[Section], bool]
    keepalive: Callable[[Section], Keepalive | None]
    fast_at_members: bool = True
    fallback_at_members: bool = False
    zero: int | None = None


@dataclass(frozen=True)
class Own:
    """What each platform reads with code of its own."""

    vlans: Callable[[Section], Iterator[tuple[int, str]]]
    mlag: Callable[[Section, tuple[Lag, ...], tuple[Port, ...]], Mlag | None]
    management: Callable[[Section], tuple[str, str, str] | None]
    servers: Callable[[Section], Iterator[Server]]
    lldp: Callable[[Section], bool]


def read(tree: Section, words: Words, own: Own) -> SwitchConfig:
    """The model of a running configuration. What the model has no word for is left aside.

    The role of a port is told from its configuration: a host port, an uplink and a port of an out-of-band
    switch look different. Descriptions are kept as they are.
    """
    lags = tuple(sorted(_lags(tree, words), key=lambda g: g.number))
    ports = tuple(_ports(tree, words, {g.number for g in lags if g.peer_link}))
    return SwitchConfig(
        host=tree.value(words.host) or "",
        platform=words.platform,
        vlans=tuple(sorted(own.vlans(tree))),
        ports=ports,
        lags=lags,
        gateways=tuple(_gateways(tree, words)),
        mlag=own.mlag(tree, lags, ports),
        bgp=_bgp(tree, words),
        management=own.management(tree),
        servers=tuple(own.servers(tree)),
        lldp=own.lldp(tree),
    )


def _number(text: str, words: Words) -> int:
    found = int(text.split()[0])
    return 0 if found == words.zero else found


def _switched(section: Section, words: Words) -> tuple[int, tuple[int, ...]]:
    """Untagged and tagged VLANs of an interface."""
    tagged = expand_vids(section.values(words.tagged))
    untagged = int(section.value(words.native) or section.value(words.access) or 0)
    return untagged, tuple(v for v in tagged if v != untagged)


def _lags(tree: Section, words: Words) -> Iterator[Lag]:
    members: dict[int, list[tuple[str, bool, bool]]] = defaultdict(list)
    for name, section in interfaces(tree):
        group = section.value(words.member)
        if group is not None:
            row = planned(words.platform, name), section.has(words.fast), section.has(words.fallback)
            members[_number(group, words)].append(row)
    for name, section in interfaces(tree):
        if not name.startswith(words.aggregate):
            continue
        number = _number(name.removeprefix(words.aggregate), words)
        own = sorted(members[number])
        fast = all(f for _, f, _ in own) if words.fast_at_members else section.has(words.fast)
        back = (
            bool(own) and all(b for *_, b in own)
            if words.fallback_at_members
            else section.has(words.fallback)
        )
        untagged, tagged = _switched(section, words)
        yield Lag(
            number, section.value("description") or "", tuple(n for n, *_ in own), words.across(section),
            words.peer_link(section), fast, untagged, tagged, back,
        )  # fmt: skip


def _ports(tree: Section, words: Words, peers: set[int]) -> Iterator[Port]:
    pair_keepalive = words.keepalive(tree)
    keepalive = pair_keepalive.own if pair_keepalive else None
    for name, section in interfaces(tree):
        if name.startswith((words.aggregate, words.gateway)) or words.management(name, section):
            continue
        group = section.value(words.member)
        lag = _number(group, words) if group else None
        address = address_with_length(section.value("ip address"))
        untagged, tagged = (
            _switched(section, words) if lag is None else (0, ())
        )  # members repeat their aggregate
        enabled = not section.has("shutdown")
        role: PortRole = "oob"
        if name == words.loopback:
            role = "loopback"
        elif not enabled:
            role = "unused"
        elif lag is not None:
            role = "peer-link" if lag in peers else "access"
        elif address:
            role = "keepalive" if address.partition("/")[0] == keepalive else "uplink"
        elif tagged:
            role = "uplink"
        yield Port(
            "loopback0" if role == "loopback" else planned(words.platform, name), role,
            section.value("description") or "", enabled, lag, address, _mtu(section, words, bool(address)), untagged, tagged,
        )  # fmt: skip


def _mtu(section: Section, words: Words, routed: bool) -> int | None:
    """The largest payload that passes: a routed port lets through the smaller of its frames and its packets."""
    sizes = [section.value(word) for word in ((words.mtu, "mtu") if routed else (words.mtu,))]
    return min(int(size or 0) for size in sizes) or None


def _gateways(tree: Section, words: Words) -> Iterator[Gateway]:
    for name, section in interfaces(tree):
        address = address_with_length(section.value("ip address"))
        if name.startswith(words.gateway) and address:
            mtu = section.value("mtu")
            yield Gateway(
                int(name.removeprefix(words.gateway)), address, colon_mac(section.value("mac-address") or ""),
                section.value("description") or "", int(mtu) if mtu else None,
                tuple(sorted(section.values(words.relay).split(), key=lambda a: ipaddress.ip_address(a).packed)),
            )  # fmt: skip


def _bgp(tree: Section, words: Words) -> Bgp | None:
    for section in tree.all(rf"{words.bgp} \d+$"):
        asn, text, bfd = {}, {}, set()
        for child in section.all(f"{re.escape(words.neighbour)} "):
            _, address, what = child.line.split(None, 2)
            if what.startswith(f"{words.asn} "):
                asn[address] = int(what.split()[1])
            elif what.startswith("description "):
                text[address] = what.partition(" ")[2]
            elif what == words.bfd:
                bfd.add(address)
        family = section.child(words.family)
        lines = (c.line.split() for c in (family.children if family else ()))
        networks = tuple(prefix(w[1], w[-1]) for w in lines if w[0] == "network")
        neighbours = tuple(Neighbour(a, asn[a], text.get(a, ""), a in bfd) for a in asn)
        return Bgp(int(section.line.split()[-1]), section.value(words.router_id) or "", neighbours, networks)
    return None


@dataclass(frozen=True, slots=True)
class Keepalive:
    """How the members of a pair watch each other: addresses, and whether over the management port."""

    own: str
    peer: str
    managed: bool


def pair(
    section: Section, found: Keepalive | None, lags: tuple[Lag, ...], ports: tuple[Port, ...], *, start: str = "",
    domain: int = 1, role: str = "priority", priority: int = 100,
) -> Mlag | None:  # fmt: skip
    """What makes two switches one, from the section that says it. `start` stands before its words; `priority` is what
    `role` is when it is not said. None without keepalive or peer link."""
    peer_lag = next((g.number for g in lags if g.peer_link), None)
    if found is None or peer_lag is None:
        return None
    port = None
    if not found.managed:
        port = next((p.name for p in ports if (p.address or "").startswith(f"{found.own}/")), None)
    return Mlag(
        domain, 1 if section.value(f"{start}system-number") == "1" else 2,
        int(section.value(f"{start}{role}") or priority), colon_mac(section.value(f"{start}system-mac") or ""),
        peer_lag, found.own, found.peer, port,
    )  # fmt: skip


def in_vpn(_: str, section: Section) -> bool:
    """True for the management port where that is told by its VPN instance."""
    return section.has("ip binding vpn-instance mgmt")


def vpn_management(tree: Section, platform: str) -> tuple[str, str, str] | None:
    """Port, address with length and gateway of the VPN instance mgmt."""
    gateway = ""
    for line in tree.all(r"ip route-static vpn-instance mgmt 0\.0\.0\.0 \S+ \S"):
        gateway = line.line.split()[6]
    for name, section in interfaces(tree):
        address = address_with_length(section.value("ip address"))
        if in_vpn(name, section) and address:
            return planned(platform, name), address, gateway
    return None


def trap_receivers(tree: Section, key_of: Callable[[str], str | None]) -> Iterator[Server]:
    """Servers of `snmp-agent target-host`; `key_of` gives the key an account shows."""
    for line in tree.all(r"snmp-agent target-host trap "):
        found = re.search(r"udp-domain (\S+) .*securityname (\S+)", line.line)
        if found:
            yield Server("snmp", found[1], found[2], reference(key_of(found[2])))
