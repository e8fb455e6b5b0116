"""Records of security: zones, what guards the way between them, who may speak to whom, and what is watched."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from inventory.fields import Flag, Gbps, IsoDate, Name, Record, Ref, Slug, Title

PortText = Annotated[
    str, StringConstraints(pattern=r"^(any|[0-9]{1,5}(-[0-9]{1,5})?(,[0-9]{1,5}(-[0-9]{1,5})?)*)$")
]
"""Ports of a rule: 443, 22,443, 8000-8099, any."""
ObjectText = Annotated[str, StringConstraints(min_length=1, max_length=100)]
"""What a rule speaks of: any, an address, a prefix, or a name."""


class Zone(Record):
    """A security zone."""

    name: Slug
    title: Title
    kind: Literal["core", "public", "management", "exit", "dci", "oob", "crypto"]


class Endpoint(Record):
    """Something that rules speak of and that is not built here: a bastion, a time server, users outside.
    `addresses` are single addresses and prefixes; null: nobody has said which."""

    name: Slug
    title: Title
    zone: Annotated[str, Ref("zones")]
    site: Annotated[str, Ref("sites")] | None = None
    addresses: tuple[ObjectText, ...] | None = None


class Waypoint(Record):
    """What traffic from zone to zone has to pass: `devices` stand already, `fleets` are built. An existing
    switch of role firewall needs no record of its own: it is taken as an in-line firewall, with its `pair`.

    `bypass`: traffic passes uninspected when the device fails or loses power (null: what the device type says).
    `in_line`: traffic runs through it by cable; false: by routing only, so cables prove nothing. null: unknown.
    """

    name: Name
    title: Title
    kind: Literal["firewall", "gap", "waf", "ips", "vpn", "encryptor"]
    devices: tuple[Annotated[str, Ref("existing_switches")], ...] = ()
    fleets: tuple[Annotated[str, Ref("fleets")], ...] = ()
    in_line: Flag | None = None
    bypass: Flag | None = None
    mode: Literal["active-standby", "active-active", "cluster", "single"] | None = None


class SecurityRule(Record):
    """One line of the access table, in order: the first rule that fits decides, and what no rule allows is denied.

    `src` and `dst` list addresses, prefixes and names (fleets, pairs: their business prefix, pools, endpoints),
    or any. `application` is what speaks on the port: a port alone does not tell SNMPv2 from SNMPv3. `via` is
    the waypoint that lets it through. Null: not yet stated.
    """

    name: Slug
    src_zone: Annotated[str, Ref("zones")]
    src: Annotated[tuple[ObjectText, ...], Field(min_length=1)]
    dst_zone: Annotated[str, Ref("zones")]
    dst: Annotated[tuple[ObjectText, ...], Field(min_length=1)]
    proto: Literal["tcp", "udp", "icmp", "esp", "any"]
    port: PortText | None = None
    action: Literal["allow", "deny"] = "allow"
    direction: Literal["one-way", "both-ways"] = "one-way"
    application: Slug | None = None
    via: Annotated[str, Ref("waypoints")] | None = None
    log: Flag | None = None
    owner: Annotated[str, StringConstraints(min_length=2, max_length=100)] | None = None
    expiry: IsoDate | None = None
    ticket: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None


class Mirror(Record):
    """Copies of traffic for a probe: what is copied (`of`), and how much at its peak (null: not measured).
    The copies are shared by all devices of the fleet `probe`."""

    name: Slug
    probe: Annotated[str, Ref("fleets")]
    of: tuple[Annotated[str, Ref("waypoints", "existing_switches", "pairs")], ...] = ()
    gbps: Gbps | None = None
