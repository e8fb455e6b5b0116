"""The typed inventory: what has to be built, what already stands, and what the tender says.

Every record is frozen, refuses unknown keys, and carries
`at` (file and data path it was read from, set by the loader), `clause` (tender lines with their mark,
e.g. "T346-363 ▲") and `assumed` (field -> reason, for figures nobody states). `None` means unknown:
a rule that needs it is then "not evaluated".
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints


class Ref:
    """Marks a text field as the name of a record in one of the given sections (or catalogue lists)."""

    def __init__(self, *sections: str) -> None:
        self.sections = sections


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
Slug = Annotated[str, StringConstraints(pattern=r"^[-a-z0-9_]+$", max_length=100)]
ClauseText = Annotated[
    str, StringConstraints(pattern=r"^(T[0-9]+(-[0-9]+)?(, ?T[0-9]+(-[0-9]+)?)*( [▲■])?)?$")
]
IsoDate = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
PrefixText = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F.:]+/[0-9]{1,3}$")]
RangeText = Annotated[str, StringConstraints(min_length=1, max_length=400)]

Flag = Annotated[bool, Strict()]
Count = Annotated[int, Strict(), Field(ge=0, le=1_000_000)]
Number = Annotated[float, Strict()]
RackKilowatts = Annotated[float, Strict(), Field(gt=0, le=100)]
Kilowatts = Annotated[float, Strict(), Field(gt=0, le=100_000)]
Kilovoltamperes = Annotated[float, Strict(), Field(gt=0, le=100_000)]
Amperes = Annotated[float, Strict(), Field(gt=0, le=6_300)]
Volts = Annotated[float, Strict(), Field(ge=100, le=480)]
Ratio = Annotated[float, Strict(), Field(gt=0, le=1)]
Metres = Annotated[float, Strict(), Field(ge=0, le=10_000)]
Kilometres = Annotated[float, Strict(), Field(ge=0, le=20_000)]
Seconds = Annotated[float, Strict(), Field(ge=0, le=31_536_000)]
Minutes = Annotated[float, Strict(), Field(ge=0, le=525_600)]
Gbps = Annotated[float, Strict(), Field(gt=0, le=100_000)]
Milliseconds = Annotated[float, Strict(), Field(ge=0, le=100_000)]

Side = Literal["a", "b"]
Phase = Literal["L1", "L2", "L3"]
FactValue = bool | int | float | str | None
Workload = Literal["db", "big_data", "storage", "management", "general"]


class Record(BaseModel):
    """What every record has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: str = Field(default="", exclude=False, repr=False, json_schema_extra={"internal": True})
    clause: ClauseText = ""
    assumed: dict[str, str] = Field(default_factory=dict)
    notes: str = ""


class Part(BaseModel):
    """A record inside another record; its place is that of its owner plus the field."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Title(Part):
    """A title in English and in Chinese."""

    en: str
    zh: str


# ---------------------------------------------------------------- project


class PolicyOverride(Record):
    """A default limit of policy.yml that this project changes, and why."""

    name: str
    value: float | int | str | tuple[float, ...]
    reason: str


class Project(Record):
    """What is built, under which tender. `tender` is the number that clause texts refer to; `facility` holds
    facts stated for the whole project (null: not yet stated), compared with `requirements` of scope "project"."""

    name: Slug
    title: Title
    tender: str = ""
    facility: dict[str, FactValue] = Field(default_factory=dict)
    policy: tuple[PolicyOverride, ...] = ()


# ---------------------------------------------------------------- sites and power


class Site(Record):
    """A data centre or witness place. `facility` holds facts the operator states (null: not yet stated),
    compared with `requirements` of scope "site"."""

    name: Name
    role: Literal["production", "dr", "witness"]
    title: Title
    facility: dict[str, FactValue] = Field(default_factory=dict)


class Room(Record):
    """An equipment room; `name` is site letter and number, e.g. A01."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{2}$")]
    site: Annotated[str, Ref("sites")]
    customer_only: Flag | None = None
    tray_height_m: Metres | None = None


class RackFeed(Part):
    """One supply of a rack: the panel it comes from and its breaker."""

    panel: Annotated[str, Ref("panels")]
    breaker_a: Amperes | None = None


class RackFeeds(Part):
    """The two supplies of a rack; a missing one is a missing one."""

    a: RackFeed | None = None
    b: RackFeed | None = None


class Rack(Record):
    """One rack of a row, left to right. What is not written here comes from the row or the rack type."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{2}-[A-Z][0-9]{2}$")]
    phase: Phase | None = None
    rack_type: Annotated[Slug, Ref("catalog.rack_types")] | None = None
    rated_kw: RackKilowatts | None = None
    feeds: RackFeeds | None = None
    reserved: str = ""


class Row(Record):
    """A row of racks. `x_m` and `y_m` locate its first rack in the room (metres, room corner is 0, 0);
    aisle widths are clear widths in front of and behind the row."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{2}-[A-Z]$")]
    room: Annotated[str, Ref("rooms")]
    x_m: Metres = 0.0
    y_m: Metres
    front_aisle_m: Metres | None = None
    back_aisle_m: Metres | None = None
    rack_type: Annotated[Slug, Ref("catalog.rack_types")]
    feeds: RackFeeds = RackFeeds()
    racks: tuple[Rack, ...]


class Panel(Record):
    """A row cabinet that feeds racks: one side, one UPS."""

    name: Name
    room: Annotated[str, Ref("rooms")]
    side: Side
    ups: Annotated[str, Ref("ups")]
    phases: Literal[1, 3] = 3
    voltage_v: Volts
    breaker_a: Amperes | None = None


class Ups(Record):
    """One side of a 2N UPS plant."""

    name: Name
    site: Annotated[str, Ref("sites")]
    side: Side
    rated_kva: Kilovoltamperes | None = None
    power_factor: Ratio | None = None
    autonomy_min: Minutes | None = None
    battery_kwh: Annotated[float, Strict(), Field(gt=0)] | None = None


class Generator(Record):
    """One generator set with its share of the fuel store."""

    name: Name
    site: Annotated[str, Ref("sites")]
    rated_kw: Kilowatts | None = None
    start_s: Seconds | None = None
    fuel_l: Annotated[float, Strict(), Field(gt=0, le=10_000_000)] | None = None


class Sts(Record):
    """A static transfer switch in a rack, for single-corded loads."""

    name: Name
    rack: Annotated[str, Ref("racks")]
    rating_a: Amperes
    transfer_ms: Milliseconds | None = None


# ---------------------------------------------------------------- devices


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


class Fleet(Record):
    """`count` devices of one type with one job. Devices are named `<name>-001` and so on.

    `site` may be null (nobody says): the fleet is then not placed. `attach: null` with `attach_open`
    giving the reason means the data connection is not decided; it is listed as open, never dropped.
    `ha_group` names devices that stand in for each other (may span fleets).
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


class Pair(Record):
    """Two switches that serve hosts together (M-LAG). Members are named `<name>A` and `<name>B`."""

    name: Name
    title: Title
    device_type: Annotated[Slug, Ref("catalog.device_types")]
    site: Annotated[str, Ref("sites")]
    role: Literal["access", "border", "dci", "service"] = "access"
    home_rows: tuple[Annotated[str, Ref("rows")], ...] = ()
    port_plan: Annotated[Slug, Ref("port_plans")]
    mlag: Flag = True
    traffic: Literal["general", "storage"] = "general"
    downlink: Link
    uplinks: Uplinks | None = None
    peer_link: PeerLink | None = None
    keepalive: Literal["mgmt", "port"] | None = "mgmt"
    supplied: tuple[Supplied, ...] = ()


class OobSwitch(Record):
    """An out-of-band access switch: BMC, management and 1GE ports of the rows it serves."""

    name: Name
    title: Title
    device_type: Annotated[Slug, Ref("catalog.device_types")]
    site: Annotated[str, Ref("sites")]
    rows: tuple[Annotated[str, Ref("rows")], ...]
    port_plan: Annotated[Slug, Ref("port_plans")]
    downlink: Link
    uplinks: Uplinks | None = None
    supplied: tuple[Supplied, ...] = ()


class FreePorts(Part):
    """Ports of an existing switch that a survey found free: names in order, per line card."""

    card: str
    ports: RangeText


class ExistingSwitch(Record):
    """A switch that stands already and must not be disturbed: context only, never placed or configured.

    `free_ports: null` means nobody has looked yet. `pair` joins two of them into a pair that hosts may
    attach to. `x_m`, `y_m`, `room` locate it for cable lengths; null is unknown.
    """

    name: Name
    title: Title
    site: Annotated[str, Ref("sites")]
    role: Literal["core", "general-access", "oob-core", "router", "dci", "firewall"]
    pair: Name | None = None
    room: Annotated[str, Ref("rooms")] | None = None
    x_m: Metres | None = None
    y_m: Metres | None = None
    height_u: Annotated[int, Strict(), Field(ge=1, le=60)] | None = None
    free_ports: tuple[FreePorts, ...] | None = None
    port_type: str = ""
    asn: Annotated[int, Strict(), Field(ge=1, le=4_294_967_294)] | None = None


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


# ---------------------------------------------------------------- services and redundancy


class Service(Record):
    """A service that must survive. `sites` are where it has instances; dependencies are other services."""

    name: Slug
    title: Title
    mode: Literal["active-active", "primary-standby", "single"]
    sites: tuple[Annotated[str, Ref("sites")], ...]
    protected: Flag = True
    depends_on: tuple[Annotated[str, Ref("services")], ...] = ()
    rpo_s: Seconds | None = None
    rto_s: Seconds | None = None


class ReplicaGroup(Record):
    """Data kept in copies on the devices of `fleets`: over at least `racks_min` racks or `pairs_min` pairs."""

    name: Slug
    fleets: tuple[Annotated[str, Ref("fleets")], ...]
    scheme: Literal["replica", "erasure"] = "replica"
    copies: Annotated[int, Strict(), Field(ge=1, le=32)] = 3
    data_shards: Count | None = None
    parity_shards: Count | None = None
    racks_min: Count = 3
    pairs_min: Count = 3


class Vote(Part):
    """Votes of a quorum at one site; with a fleet, one vote per device."""

    site: Annotated[str, Ref("sites")]
    votes: Count
    fleet: Annotated[str, Ref("fleets")] | None = None


class Quorum(Record):
    """Who votes. Scope "rack": members are devices of one site, no rack may hold a majority share;
    scope "site": votes over sites and a witness."""

    name: Slug
    title: Title
    scope: Literal["rack", "site"]
    votes: tuple[Vote, ...]
    automatic_failover: Flag = True


class SiteLink(Record):
    """A path between two sites; null is not yet known."""

    name: Name
    a: Annotated[str, Ref("sites")]
    b: Annotated[str, Ref("sites")]
    via: Annotated[str, Ref("sites")] | None = None
    carrier: str | None = None
    conduit: str | None = None
    entry_a: str | None = None
    entry_b: str | None = None
    equipment: str | None = None
    power_side: Side | None = None
    route_km: Kilometres | None = None
    bandwidth_gbps: Gbps | None = None
    peak_gbps: Gbps | None = None
    encrypted: Flag | None = None


class Zone(Record):
    """A security zone."""

    name: Slug
    title: Title
    kind: Literal["core", "public", "management", "exit", "dci", "oob", "crypto"]


# ---------------------------------------------------------------- addressing

Plane = Literal[
    "loopback", "p2p", "business", "bmc", "mgmt", "storage", "vm", "container", "dci", "interconnect"
]


class Pool(Record):
    """A prefix that one plane of one site is addressed from. `per_pair_length`: prefix length cut for each access pair."""

    name: Slug
    plane: Plane
    site: Annotated[str, Ref("sites")]
    prefix: PrefixText
    per_pair_length: Annotated[int, Strict(), Field(ge=8, le=128)] | None = None


class Vlan(Record):
    """A VLAN in one layer-2 domain; `pair` limits it to one access pair."""

    vid: Annotated[int, Strict(), Field(ge=1, le=4094)]
    name: Slug
    site: Annotated[str, Ref("sites")]
    plane: Plane
    zone: Annotated[str, Ref("zones")] | None = None
    pair: Annotated[str, Ref("pairs", "existing_pairs")] | None = None


class AsnPool(Record):
    """ASNs for one role at one site; access pairs take one each, in order."""

    name: Slug
    site: Annotated[str, Ref("sites")]
    role: Literal["core", "access", "dci", "exit"]
    first: Annotated[int, Strict(), Field(ge=1, le=4_294_967_294)]
    last: Annotated[int, Strict(), Field(ge=1, le=4_294_967_294)]


class ReservedPrefix(Record):
    """A prefix that is taken already (existing platform) and must not be issued."""

    prefix: PrefixText
    site: Annotated[str, Ref("sites")] | None = None
    reason: str


# ---------------------------------------------------------------- what the tender says


class Supply(Record):
    """Optics or cables on a line of their own in the order. `fits`: where they go."""

    name: Slug
    title: Title
    item: Annotated[Slug, Ref("catalog.optics", "catalog.cables")]
    quantity: Count
    site: Annotated[str, Ref("sites")] | None = None
    fits: tuple[
        Annotated[str, Ref("pairs", "existing_pairs", "existing_switches", "oob_switches", "fleets")], ...
    ] = ()


Measure = Literal[
    "devices",
    "servers",
    "cores",
    "threads",
    "raw_hdd_tb",
    "memory_gb",
    "gpus",
    "racks",
    "rack_kw",
    "switches",
    "appliances",
    "existing_hosts",
    "business_ports",
    "pairs",
]


class Metric(Part):
    """A licensed amount. `measure` is what is counted on the covered fleets; null: nothing here to count."""

    amount: Annotated[float, Strict(), Field(ge=0)]
    unit: str
    measure: Measure | None = None


class Licence(Record):
    """A licence line. `compare` exact: licensed must equal hardware; at_least: must not be less.
    `no_measure` tells why nothing here can be counted against it."""

    name: Name
    title: Title
    site: Annotated[str, Ref("sites")] | None = None
    quantity: Count = 1
    metrics: tuple[Metric, ...] = ()
    fleets: tuple[Annotated[str, Ref("fleets")], ...] = ()
    compare: Literal["exact", "at_least"] = "exact"
    no_measure: str = ""


class Selector(Part):
    """Which records a statement counts; an empty field does not restrict."""

    sites: tuple[Annotated[str, Ref("sites")], ...] = ()
    roles: tuple[str, ...] = ()
    fleets: tuple[Annotated[str, Ref("fleets")], ...] = ()


class Statement(Record):
    """A figure stated somewhere in the tender or a letter, to be held against what the inventory lists."""

    name: Slug
    text: Title
    measure: Measure
    of: Selector = Selector()
    amount: Annotated[float, Strict(), Field(ge=0)]
    compare: Literal["equal", "at_least", "at_most"] = "equal"


class Requirement(Record):
    """A clause that can be held against a fact. `scope` says whose fact; `evidence` is a paper that shows it
    when the clause asks for one (`op: document`)."""

    name: Slug
    text: Title
    scope: Literal["project", "site", "room", "rack", "rack_type", "ups", "generator", "row"]
    fact: str
    op: Literal["<=", ">=", "==", "in", "document"]
    value: FactValue | tuple[FactValue, ...] = None
    unit: str = ""


class Waiver(Record):
    """A finding someone has decided to live with: code, subject (exact, or with * at the end), reason,
    who signed (role or name) and the last day it holds."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}[0-9]{3}$")]
    subject: str
    reason: Annotated[str, StringConstraints(min_length=8)]
    by: Annotated[str, StringConstraints(min_length=2)]
    until: IsoDate


SECTIONS: dict[str, type[Record]] = {
    "sites": Site,
    "rooms": Room,
    "rows": Row,
    "panels": Panel,
    "ups": Ups,
    "generators": Generator,
    "sts": Sts,
    "fleets": Fleet,
    "port_plans": PortPlan,
    "pairs": Pair,
    "oob_switches": OobSwitch,
    "existing_switches": ExistingSwitch,
    "existing_hosts": ExistingHosts,
    "services": Service,
    "replica_groups": ReplicaGroup,
    "quorums": Quorum,
    "site_links": SiteLink,
    "zones": Zone,
    "pools": Pool,
    "vlans": Vlan,
    "asn_pools": AsnPool,
    "reserved_prefixes": ReservedPrefix,
    "supplies": Supply,
    "licences": Licence,
    "statements": Statement,
    "requirements": Requirement,
    "waivers": Waiver,
}
"""Top-level lists of a project. Any YAML file of the project folder may hold any of them; lists of the
same section in several files are joined in file-name order."""


def record_name(section: str, record: Any) -> str:
    """The name a record is referred to by within its section."""
    if section == "vlans":
        return f"{record.site}/{record.vid}"
    if section == "reserved_prefixes":
        return str(record.prefix)
    if section == "waivers":
        return f"{record.code} {record.subject}"
    return str(record.name)
