"""Records of what is to be built (fleets, pairs, out-of-band switches) and of what stands already."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict

from inventory.fields import (
    Count,
    Exposed,
    Flag,
    Gbps,
    Metres,
    Name,
    Part,
    RangeText,
    Record,
    Ref,
    Slug,
    Title,
    Workload,
)
from inventory.model_operations import OperatingSystem, Platform


class Supplied(Part):
    """Optics or fixed cables that come with each unit of a device."""

    item: Annotated[Slug, Ref("catalog.optics", "catalog.cables")]
    per_unit: Count
    minimum: Flag = False


class Attach(Part):
    """Which access pairs the business interfaces of a fleet connect to: first interface to member A, second to member B."""

    pairs: tuple[Annotated[str, Ref("pairs", "existing_pairs")], ...]
    interfaces: tuple[str, ...] = ()
    optic: Annotated[Slug, Ref("catalog.optics")] | None = None


class Spread(Part):
    """Failure-domain limits inside one fleet: at least so many racks and pairs, at most so many per rack."""

    racks_min: Count = 1
    pairs_min: Count = 1
    max_per_rack: Count | None = None


class Fleet(Exposed):
    """`count` devices of one type with one job. Devices are named `<name>-001` and so on.

    `site` may be null (nobody says): the fleet is then not placed. `attach: null` with `attach_open`
    giving the reason means the data connection is not decided; it is listed as open, never dropped.
    `ha_group` names devices that stand in for each other (may span fleets). `os` is what its servers are installed
    with (null: nobody has said; nothing is rendered).
    """

    name: Slug
    title: Title
    role: Literal["server", "appliance", "console-server"]
    device_type: Annotated[Slug, Ref("catalog.device_types")]
    count: Count
    site: Annotated[str, Ref("sites")] | None
    zone: Annotated[str, Ref("zones")] | None = None
    workload: Workload = "general"
    service: Annotated[str, Ref("services")] | None = None
    attach: Attach | None = None
    attach_open: str = ""
    rows: tuple[Annotated[str, Ref("rows")], ...] = ()
    spread: Spread = Spread()
    ha_group: Slug | None = None
    sts: Annotated[str, Ref("sts")] | None = None
    os: OperatingSystem | None = None
    supplied: tuple[Supplied, ...] = ()


class PortPlan(Record):
    """Which interfaces of a switch serve what; ranges in the form 10GE1/0/[1-40], several joined by commas."""

    name: Slug
    device_type: Annotated[Slug, Ref("catalog.device_types")]
    ranges: dict[
        Literal["server", "growth", "test", "keepalive", "uplink", "peer_link", "oob", "spare"], RangeText
    ]


class Link(Part):
    """How a link is made: cable, and optic at each end where the cable has no fixed ends."""

    cable: Annotated[Slug, Ref("catalog.cables")]
    optic: Annotated[Slug, Ref("catalog.optics")] | None = None
    far_optic: Annotated[Slug, Ref("catalog.optics")] | None = None


class Uplinks(Link):
    """Links from each member to switches that stand already: `per_member` links, dealt over `to` in order."""

    to: tuple[Annotated[str, Ref("existing_switches")], ...]
    per_member: Count


class PeerLink(Link):
    """Links between the two members; `length_m` for cables of fixed length."""

    count: Count
    length_m: Metres | None = None


class Pair(Exposed):
    """Two switches that serve hosts together (M-LAG). Members are named `<name>A` and `<name>B`. `platform`
    is the network operating system they run (null: nobody has said; nothing is rendered)."""

    name: Name
    title: Title
    device_type: Annotated[Slug, Ref("catalog.device_types")]
    site: Annotated[str, Ref("sites")]
    role: Literal["access", "border", "dci", "service"] = "access"
    platform: Platform | None = None
    zone: Annotated[str, Ref("zones")] | None = None
    home_rows: tuple[Annotated[str, Ref("rows")], ...] = ()
    port_plan: Annotated[Slug, Ref("port_plans")]
    mlag: Flag = True
    traffic: Literal["general", "storage"] = "general"
    downlink: Link
    uplinks: Uplinks | None = None
    peer_link: PeerLink | None = None
    keepalive: Literal["mgmt", "port"] | None = "mgmt"
    supplied: tuple[Supplied, ...] = ()


class OobSwitch(Exposed):
    """An out-of-band access switch: BMC, management and 1GE ports of the rows it serves."""

    name: Name
    title: Title
    device_type: Annotated[Slug, Ref("catalog.device_types")]
    site: Annotated[str, Ref("sites")]
    platform: Platform | None = None
    zone: Annotated[str, Ref("zones")] | None = None
    rows: tuple[Annotated[str, Ref("rows")], ...]
    port_plan: Annotated[Slug, Ref("port_plans")]
    downlink: Link
    uplinks: Uplinks | None = None
    supplied: tuple[Supplied, ...] = ()


class FreePorts(Part):
    """Ports of an existing switch that a survey found free: names in order, per line card."""

    card: str
    ports: RangeText


class ExistingSwitch(Exposed):
    """A switch that stands already and must not be disturbed: context only, never placed or configured.

    `free_ports: null` means nobody has looked yet. `pair` joins two of them into a pair that hosts may
    attach to. `x_m`, `y_m`, `room` locate it for cable lengths; null is unknown. Role `security` is a device
    between zones that is no firewall: its kind stands in `waypoints`.
    """

    name: Name
    title: Title
    site: Annotated[str, Ref("sites")]
    role: Literal[
        "core", "general-access", "oob-core", "router", "dci", "firewall", "load-balancer", "security"
    ]
    zone: Annotated[str, Ref("zones")] | None = None
    pair: Name | None = None
    room: Annotated[str, Ref("rooms")] | None = None
    x_m: Metres | None = None
    y_m: Metres | None = None
    height_u: Annotated[int, Strict(), Field(ge=1, le=60)] | None = None
    free_ports: tuple[FreePorts, ...] | None = None
    port_type: str = ""
    asn: Annotated[int, Strict(), Field(ge=1, le=4_294_967_294)] | None = None


class ExistingLink(Exposed):
    """Links that run already between two switches that stand already: `count` parallel cables of one speed.
    What they pass (trays, ODF, conduit, line cards) stands in `risks`."""

    name: Name
    a: Annotated[str, Ref("existing_switches")]
    b: Annotated[str, Ref("existing_switches")]
    count: Annotated[int, Strict(), Field(ge=1, le=1_000)] = 1
    speed_gbps: Gbps | None = None


class ExistingHost(Part):
    """One host that runs already: its name and addresses are taken."""

    name: Name
    addresses: tuple[str, ...] = ()
    serial: str | None = None
    mac: str | None = None


class ExistingHosts(Record):
    """Hosts that run already. `hosts` must list `stated` of them before addresses are issued."""

    name: Slug
    site: Annotated[str, Ref("sites")] | None = None
    stated: Count
    hosts: tuple[ExistingHost, ...] = ()
