"""The configuration of one switch as a model, free of any vendor's words.

Built from the plan (`topology.switch_intent`), rendered per platform, parsed back from a platform's text, and
compared: all four speak of these records. Everything is sorted, so that equal configurations are equal records.
Secrets appear by name only.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

PortRole = Literal["access", "uplink", "peer-link", "keepalive", "oob", "mgmt", "loopback", "unused"]


@dataclass(frozen=True, slots=True)
class Port:
    """A physical port or loopback, named as in the plan (`loopback0` for the loopback).

    What it does is exactly one of: a member of aggregate `lag` (then it has neither address nor VLANs: those stand
    at the aggregate), routed (`address` with prefix length), switched (`untagged` VLAN, 0 for none; `tagged`
    VLANs; both together make a trunk whose native VLAN is `untagged`, which is not repeated in `tagged`), or
    nothing yet. VLANs are 2 to 4094: VLAN 1 is every switch's default and is kept off all trunks.
    `enabled` False is shut down. `mtu` is the largest frame payload in bytes. `role` says what the port is for; a
    text can only hint at it, so it does not count when configurations are compared.
    """

    name: str
    role: PortRole = field(compare=False)
    description: str = ""
    enabled: bool = True
    lag: int | None = None
    address: str | None = None
    mtu: int | None = None
    untagged: int = 0
    tagged: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Lag:
    """A link aggregate with LACP. `members` are the names of the ports whose `lag` is `number`, sorted.

    `mlag` is its number across the pair, the same on both members; None: it ends on this switch alone.
    `peer_link` True: it joins the two members (then `mlag` is None). `untagged` and `tagged` as for a port.
    `fallback` True: while the host speaks no LACP (it starts from the network) its ports forward on their own.
    Number 0 is set apart for the peer link; platforms that start at 1 write it as their highest number.
    """

    number: int
    description: str
    members: tuple[str, ...]
    mlag: int | None = None
    peer_link: bool = False
    lacp_fast: bool = True
    untagged: int = 0
    tagged: tuple[int, ...] = ()
    fallback: bool = False


@dataclass(frozen=True, slots=True)
class Mlag:
    """What makes two switches one to their hosts: same domain and MAC on both, another number on each.

    `peer_lag` is the aggregate with `peer_link`. The member with the higher `priority` leads. Keepalive runs over the
    management ports (`keepalive_port` None) or a routed port that bears `keepalive_local`. `domain` is 1 where
    the platform has no such number (Comware) or no other (VRP).
    """

    domain: int
    number: Literal[1, 2]
    priority: int
    system_mac: str
    peer_lag: int
    keepalive_local: str
    keepalive_peer: str
    keepalive_port: str | None = None


@dataclass(frozen=True, slots=True)
class Gateway:
    """The routed interface of a VLAN: the same address and MAC on both members. `relay`: addresses of the DHCP servers
    to which it hands on what hosts ask."""

    vid: int
    address: str
    mac: str
    description: str = ""
    mtu: int | None = None
    relay: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An EBGP neighbour on a point-to-point link."""

    address: str
    asn: int
    description: str
    bfd: bool = True


@dataclass(frozen=True, slots=True)
class Bgp:
    """The underlay: one ASN for the pair, the loopback as router id, the prefixes it announces."""

    asn: int
    router_id: str
    neighbours: tuple[Neighbour, ...]
    networks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Server:
    """A server the switch talks to. `account` is the SNMPv3 user, `secret` a reference (never a value) to its key or,
    for `aaa`, to the key shared with the TACACS+ servers; the other kinds have neither."""

    kind: Literal["ntp", "dns", "syslog", "snmp", "aaa"]
    address: str
    account: str = ""
    secret: str = ""


@dataclass(frozen=True)
class SwitchConfig:
    """All of it. `vlans` are (id, name), sorted; `management` is (port, address with length, gateway or "").

    Lags are sorted by number, servers by kind and address; ports stand in the order of the device type. What a
    platform can express of it is judged by `topology.platforms.limits.faults`.
    """

    host: str
    platform: str
    vlans: tuple[tuple[int, str], ...] = ()
    ports: tuple[Port, ...] = ()
    lags: tuple[Lag, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    mlag: Mlag | None = None
    bgp: Bgp | None = None
    management: tuple[str, str, str] | None = None
    servers: tuple[Server, ...] = ()
    lldp: bool = True
    missing: tuple[str, ...] = field(default=(), compare=False)
    """What is left out because nobody knows it, in words; not part of the configuration."""


def comparable(config: SwitchConfig) -> SwitchConfig:
    """The record with every secret's name replaced by "set": a switch shows that a key is there, not which."""
    servers = tuple(replace(s, secret="set" if s.secret else "") for s in config.servers)
    return replace(config, servers=servers)
