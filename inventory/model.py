"""The typed inventory: what has to be built, what already stands, and what the tender says.

Every record is frozen, refuses unknown keys, and carries
`at` (file and data path it was read from, set by the loader), `clause` (tender lines with their mark,
e.g. "T346-363 ▲") and `assumed` (field -> reason, for figures nobody states). `None` means unknown:
a rule that needs it is then "not evaluated".
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, Strict, StringConstraints

from inventory.fields import (
    Count,
    Exposed,
    FactValue,
    Flag,
    Gbps,
    IsoDate,
    Kilometres,
    Metres,
    Name,
    Part,
    PrefixText,
    RackKilowatts,
    RangeText,
    Ratio,
    Record,
    Ref,
    Seconds,
    Side,
    Slug,
    Title,
    Workload,
)
from inventory.model_cloud import CloudProduct
from inventory.model_controllers import BmcProfile
from inventory.model_devices import (
    ExistingHosts,
    ExistingLink,
    ExistingSwitch,
    Fleet,
    Link,
    OobSwitch,
    Pair,
    PortPlan,
    Spread,
)
from inventory.model_drills import Scenario
from inventory.model_operations import Delivery, ManagementServer, Secret, ServerKind
from inventory.model_ownership import Owners
from inventory.model_security import Endpoint, Mirror, SecurityRule, Waypoint, Zone
from inventory.model_sites import Generator, Panel, Rack, RackFeed, Room, Row, Site, Sts, Ups

__all__ = [
    "SECTIONS",
    "AsnPool",
    "BmcProfile",
    "CloudProduct",
    "Count",
    "Delivery",
    "Demand",
    "Endpoint",
    "ExistingHosts",
    "ExistingLink",
    "ExistingSwitch",
    "FactValue",
    "Flag",
    "Fleet",
    "Generator",
    "IsoDate",
    "Licence",
    "Link",
    "ManagementServer",
    "Measure",
    "Metres",
    "Metric",
    "Mirror",
    "Name",
    "OobSwitch",
    "Owners",
    "Pair",
    "Panel",
    "PolicyOverride",
    "Pool",
    "PortPlan",
    "Project",
    "Quorum",
    "Rack",
    "RackFeed",
    "RackKilowatts",
    "RangeText",
    "Ratio",
    "Record",
    "Ref",
    "ReplicaGroup",
    "Requirement",
    "ReservedPrefix",
    "RiskGroup",
    "RiskKind",
    "Room",
    "Row",
    "Scenario",
    "Secret",
    "SecurityRule",
    "Selector",
    "ServerKind",
    "Service",
    "Side",
    "Site",
    "SiteLink",
    "Spread",
    "Stage",
    "Statement",
    "Sts",
    "Supply",
    "Title",
    "Ups",
    "Vlan",
    "Waiver",
    "Waypoint",
    "Workload",
    "Zone",
    "record_name",
]  # fmt: skip

# ---------------------------------------------------------------- project


class PolicyOverride(Record):
    """A default limit of policy.yml that this project changes, and why."""

    name: str
    value: float | int | str | tuple[float, ...]
    reason: str


DomainName = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$", max_length=253
    ),
]


class Project(Record):
    """What is built, under which tender. `tender` is the number that clause texts refer to; `facility` holds
    facts stated for the whole project (null: not yet stated), compared with `requirements` of scope "project".
    `dns_domain` is the domain that names of devices lie in (null: not said; no zone files are rendered). `owners`
    changes who keeps a kind of state, the playbooks or the stacks."""

    name: Slug
    title: Title
    tender: str = ""
    dns_domain: DomainName | None = None
    facility: dict[str, FactValue] = Field(default_factory=dict)
    policy: tuple[PolicyOverride, ...] = ()
    owners: Owners = Owners()


# ---------------------------------------------------------------- services and redundancy


class Demand(Part):
    """What a service needs to carry its users, counted like a licence measure on the devices of its fleets.
    `critical_share` of it must still be carried after a failure."""

    measure: Literal["devices", "cores", "threads", "memory_gb", "raw_hdd_tb"]
    amount: Annotated[float, Strict(), Field(gt=0)]
    critical_share: Ratio = 1.0


class Stage(Part):
    """One step of a switch-over to another site: how long it takes (null: nobody has measured it) and which
    steps must be done before it."""

    name: Slug
    title: Title
    duration_s: Seconds | None = None
    after: tuple[Slug, ...] = ()
    manual: Flag = False


class Service(Record):
    """A service that must survive. `sites` are where it has instances; dependencies are other services.
    `quorums` must each keep their majority; without `demand` any one live device carries the service, and
    what is left of its capacity is not evaluated. `switchover` lists the steps that move it to another site."""

    name: Slug
    title: Title
    mode: Literal["active-active", "primary-standby", "single"]
    sites: tuple[Annotated[str, Ref("sites")], ...]
    protected: Flag = True
    depends_on: tuple[Annotated[str, Ref("services")], ...] = ()
    rpo_s: Seconds | None = None
    rto_s: Seconds | None = None
    quorums: tuple[Annotated[str, Ref("quorums")], ...] = ()
    demand: Demand | None = None
    switchover: tuple[Stage, ...] = ()


class ReplicaGroup(Record):
    """Data kept in copies on the devices of `fleets`: over at least `racks_min` racks or `pairs_min` pairs.
    No two copies share a `domain`; writing needs `write_quorum` copies (null: more than half of them)."""

    name: Slug
    fleets: tuple[Annotated[str, Ref("fleets")], ...]
    scheme: Literal["replica", "erasure"] = "replica"
    copies: Annotated[int, Strict(), Field(ge=1, le=32)] = 3
    data_shards: Count | None = None
    parity_shards: Count | None = None
    racks_min: Count = 3
    pairs_min: Count = 3
    domain: Literal["device", "rack", "pair"] = "rack"
    write_quorum: Annotated[int, Strict(), Field(ge=1, le=32)] | None = None


class Vote(Part):
    """Votes of a quorum at one site; with a fleet, one vote per device."""

    site: Annotated[str, Ref("sites")]
    votes: Count
    fleet: Annotated[str, Ref("fleets")] | None = None


class Quorum(Record):
    """Who votes. Scope "rack": members are devices of one site, no rack may hold a majority share;
    scope "site": votes over sites and a witness. `fencing` is what keeps the side without a majority from
    writing (null: not yet stated; none: nothing does)."""

    name: Slug
    title: Title
    scope: Literal["rack", "site"]
    votes: tuple[Vote, ...]
    automatic_failover: Flag = True
    fencing: Literal["power", "network", "storage", "none"] | None = None


class SiteLink(Exposed):
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


class RiskKind(Record):
    """A kind of shared risk: elements of the kinds `of` that agree in the fact `by` fail together."""

    name: Slug
    title: Title
    of: tuple[Slug, ...]
    by: Slug


class RiskGroup(Record):
    """One shared risk named by hand: `members` are elements (`device/A-ASW-01A`, `cable/A-F-000001`), a * at
    the end stands for any ending."""

    name: Name
    kind: Slug
    title: Title
    members: Annotated[tuple[str, ...], Field(min_length=1)]


# ---------------------------------------------------------------- addressing

Plane = Literal[
    "loopback", "p2p", "business", "bmc", "mgmt", "storage", "vm", "container", "dci", "interconnect"
]


class Pool(Record):
    """A prefix that one plane of one site is addressed from. `per_pair_length`: prefix length cut for each access pair.
    `zone` is that of every subnet cut from it; null: that of the VLAN which carries the subnet."""

    name: Slug
    plane: Plane
    site: Annotated[str, Ref("sites")]
    prefix: PrefixText
    per_pair_length: Annotated[int, Strict(), Field(ge=8, le=128)] | None = None
    zone: Annotated[str, Ref("zones")] | None = None


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
    "existing_links": ExistingLink,
    "existing_hosts": ExistingHosts,
    "services": Service,
    "cloud_products": CloudProduct,
    "replica_groups": ReplicaGroup,
    "quorums": Quorum,
    "site_links": SiteLink,
    "risk_kinds": RiskKind,
    "risk_groups": RiskGroup,
    "scenarios": Scenario,
    "zones": Zone,
    "endpoints": Endpoint,
    "waypoints": Waypoint,
    "policies": SecurityRule,
    "mirrors": Mirror,
    "pools": Pool,
    "vlans": Vlan,
    "asn_pools": AsnPool,
    "reserved_prefixes": ReservedPrefix,
    "supplies": Supply,
    "licences": Licence,
    "statements": Statement,
    "requirements": Requirement,
    "secrets": Secret,
    "management_servers": ManagementServer,
    "bmc_profiles": BmcProfile,
    "deliveries": Delivery,
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
