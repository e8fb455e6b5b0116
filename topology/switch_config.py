"""The configuration of one switch as a model, free of any vendor's words.

Built from the plan (`topology.switch_intent`), rendered per platform, parsed back from a platform's text, and
compared: all four speak of these records. Everything is sorted, so that equal configurations are equal records.
Secrets appear by name only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

PortRole = Literal["access", "uplink", "peer-link", "keepalive", "oob", "mgmt", "loopback", "unused"]


@dataclass(frozen=True, slots=True)
class Port:
    """A physical port or loopback. `address` with prefix length makes it a routed port; a member of a LAG (number
    `lag`) carries neither address nor VLANs; `untagged` 0 and no `tagged` is no VLAN at all."""

    name: str
    role: PortRole
    description: str = ""
    enabled: bool = True
    lag: int | None = None
    address: str | None = None
    mtu: int | None = None
    untagged: int = 0
    tagged: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Lag:
    """A link aggregate with LACP. `mlag` is its number across the pair; None: it ends on this switch alone.
    `peer_link` True: it joins the two members."""

    number: int
    description: str
    members: tuple[str, ...]
    mlag: int | None = None
    peer_link: bool = False
    lacp_fast: bool = True
    untagged: int = 0
    tagged: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Mlag:
    """What makes two switches one to their hosts: same domain and MAC on both, another number on each.
    Keepalive runs over the management ports (`keepalive_port` None) or a port of its own."""

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
    """The routed interface of a VLAN: the same address and MAC on both members."""

    vid: int
    address: str
    mac: str
    description: str = ""
    mtu: int | None = None


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
    """A server the switch talks to. `account` and `secret` (a reference, never a value) where it asks for one."""

    kind: Literal["ntp", "dns", "syslog", "snmp", "aaa"]
    address: str
    account: str = ""
    secret: str = ""


@dataclass(frozen=True)
class SwitchConfig:
    """All of it. `vlans` are (id, name); `management` is (port, address with length, gateway or "")."""

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
