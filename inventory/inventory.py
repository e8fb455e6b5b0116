"""The whole inventory in one frozen object, with the derived records that every later stage starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from inventory import model as m
from inventory.catalog_model import Catalog, DeviceType, RackType
from inventory.catalog_parts import Placed
from inventory.findings import Position
from inventory.plan_model import PlanRecord
from inventory.policy import Policy
from inventory.source import Document, place


@dataclass(frozen=True, slots=True)
class FeedPlace:
    """One supply of one rack, resolved: name is `<rack>/<side>`."""

    name: str
    side: m.Side
    panel: str
    breaker_a: float | None
    phase: str | None


@dataclass(frozen=True, slots=True)
class RackPlace:
    """A rack with everything its row and type give it. `x_m` is its left edge, `index` its place in the row."""

    name: str
    row: str
    room: str
    site: str
    index: int
    x_m: float
    y_m: float
    phase: str | None
    rack_type: RackType
    rated_kw: float | None
    feeds: Mapping[str, FeedPlace]
    reserved: str
    record: m.Rack


@dataclass(frozen=True, slots=True)
class Device:
    """One device to be built, before it has a place. `owner` is the fleet, pair or OOB switch that asks for it;
    `member` is A or B for the switches of a pair."""

    name: str
    owner: str
    kind: str
    type: DeviceType
    site: str | None
    role: str
    workload: m.Workload
    index: int
    member: str | None
    record: m.Fleet | m.Pair | m.OobSwitch


@dataclass(frozen=True)
class Inventory:
    """A project as written. Sections are dicts by name, in the order of the files; `documents` are the
    parsed files by shown path; `folder` is the project folder."""

    folder: Path
    project: m.Project
    policy: Policy
    catalog: Catalog
    documents: Mapping[str, Document]
    sites: Mapping[str, m.Site]
    rooms: Mapping[str, m.Room]
    rows: Mapping[str, m.Row]
    panels: Mapping[str, m.Panel]
    ups: Mapping[str, m.Ups]
    generators: Mapping[str, m.Generator]
    sts: Mapping[str, m.Sts]
    fleets: Mapping[str, m.Fleet]
    port_plans: Mapping[str, m.PortPlan]
    pairs: Mapping[str, m.Pair]
    oob_switches: Mapping[str, m.OobSwitch]
    existing_switches: Mapping[str, m.ExistingSwitch]
    existing_links: Mapping[str, m.ExistingLink]
    existing_hosts: Mapping[str, m.ExistingHosts]
    services: Mapping[str, m.Service]
    cloud_products: Mapping[str, m.CloudProduct]
    replica_groups: Mapping[str, m.ReplicaGroup]
    quorums: Mapping[str, m.Quorum]
    site_links: Mapping[str, m.SiteLink]
    risk_kinds: Mapping[str, m.RiskKind]
    risk_groups: Mapping[str, m.RiskGroup]
    scenarios: Mapping[str, m.Scenario]
    zones: Mapping[str, m.Zone]
    endpoints: Mapping[str, m.Endpoint]
    waypoints: Mapping[str, m.Waypoint]
    policies: Mapping[str, m.SecurityRule]
    mirrors: Mapping[str, m.Mirror]
    pools: Mapping[str, m.Pool]
    vlans: Mapping[str, m.Vlan]
    asn_pools: Mapping[str, m.AsnPool]
    reserved_prefixes: Mapping[str, m.ReservedPrefix]
    supplies: Mapping[str, m.Supply]
    licences: Mapping[str, m.Licence]
    statements: Mapping[str, m.Statement]
    requirements: Mapping[str, m.Requirement]
    secrets: Mapping[str, m.Secret]
    management_servers: Mapping[str, m.ManagementServer]
    bmc_profiles: Mapping[str, m.BmcProfile]
    deliveries: Mapping[str, m.Delivery]
    waivers: Mapping[str, m.Waiver]

    def where(self, record: m.Record | PlanRecord | Placed, *path: str | int) -> Position:
        """Position of a record or catalogue entry, or of the value at `path` inside it (falls back to the nearest enclosing value)."""
        return locate(self.documents, record.at, *path)

    def clause(self, record: m.Record) -> str:
        """The clause text of a record for a finding, e.g. `tender GXZC2026-… line 3810 ▲`."""
        if not record.clause:
            return ""
        mark = record.clause[-1] if record.clause[-1] in "▲■" else ""
        lines = record.clause.rstrip(" ▲■").replace("T", "")
        return f"tender {self.project.tender} line {lines}{' ' + mark if mark else ''}"

    @cached_property
    def racks(self) -> Mapping[str, RackPlace]:
        """All racks, resolved, in the order of the files."""
        pitch = self.policy.number("cable.rack_pitch_m")
        out: dict[str, RackPlace] = {}
        for row in self.rows.values():
            room = self.rooms[row.room]
            for i, rack in enumerate(row.racks):
                rack_type = self.catalog.rack_types[rack.rack_type or row.rack_type]
                feeds: dict[str, FeedPlace] = {}
                for side in ("a", "b"):
                    own = getattr(rack.feeds, side) if rack.feeds else None
                    feed: m.RackFeed | None = own or (None if rack.feeds else getattr(row.feeds, side))
                    if feed is not None:
                        feeds[side] = FeedPlace(
                            f"{rack.name}/{side}",
                            self.panels[feed.panel].side,
                            feed.panel,
                            feed.breaker_a,
                            rack.phase,
                        )
                rated = rack.rated_kw if rack.rated_kw is not None else rack_type.rackwright.rated_kw
                out[rack.name] = RackPlace(
                    rack.name, row.name, room.name, room.site, i, round(row.x_m + i * pitch, 3), row.y_m,
                    rack.phase, rack_type, rated, feeds, rack.reserved, rack,
                )  # fmt: skip
        return out

    @cached_property
    def existing_pairs(self) -> Mapping[str, tuple[m.ExistingSwitch, ...]]:
        """Existing switches joined into pairs, by pair name, members in name order."""
        out: dict[str, list[m.ExistingSwitch]] = {}
        for switch in self.existing_switches.values():
            if switch.pair:
                out.setdefault(switch.pair, []).append(switch)
        return {k: tuple(sorted(v, key=lambda s: s.name)) for k, v in sorted(out.items())}

    @cached_property
    def devices(self) -> Mapping[str, Device]:
        """Every device to be built, expanded from fleets, pairs and OOB switches, by name."""
        out: dict[str, Device] = {}
        types = self.catalog.device_types
        for fleet in self.fleets.values():
            for n in range(1, fleet.count + 1):
                name = f"{fleet.name}-{n:03d}"
                out[name] = Device(
                    name, fleet.name, fleet.role, types[fleet.device_type], fleet.site, fleet.role,
                    fleet.workload, n, None, fleet,
                )  # fmt: skip
        for pair in self.pairs.values():
            for n, member in enumerate("AB", 1):
                name = f"{pair.name}{member}"
                out[name] = Device(
                    name, pair.name, "switch", types[pair.device_type], pair.site, pair.role,
                    "management", n, member, pair,
                )  # fmt: skip
        for switch in self.oob_switches.values():
            out[switch.name] = Device(
                switch.name, switch.name, "switch", types[switch.device_type], switch.site, "oob",
                "management", 1, None, switch,
            )  # fmt: skip
        return out

    @cached_property
    def _servers(self) -> tuple[m.ManagementServer, ...]:
        """All management servers with their addresses filled in: those of one site first, then by name."""
        out = []
        for server in self.management_servers.values():
            if server.endpoint is not None:
                told = self.endpoints[server.endpoint].addresses
                server = server.model_copy(update={"address": told[0] if told else None})
            out.append(server)
        return tuple(sorted(out, key=lambda s: (s.site is None, s.name)))

    def servers(self, kind: m.ServerKind, site: str | None = None) -> tuple[m.ManagementServer, ...]:
        """Management servers of a kind that serve a site (None: of every site): those of the site alone before
        those of all sites, then by name. `address` is the one to use, be it stated or that of the endpoint; null:
        nobody knows it."""
        return tuple(s for s in self._servers if s.kind == kind and (site is None or s.site in (None, site)))

    @cached_property
    def delivered(self) -> Mapping[str, m.Delivery]:
        """What has been delivered, by the device it is to be; the first where two claim the same device."""
        out: dict[str, m.Delivery] = {}
        for delivery in self.deliveries.values():
            if delivery.device:
                out.setdefault(delivery.device, delivery)
        return out

    @cached_property
    def owners(self) -> Mapping[str, tuple[int, Device, int]]:
        """For every fleet, pair and OOB switch that asks for devices: its place in the order of the files, its
        first device, and how many devices it asks for, by name."""
        first: dict[str, Device] = {}
        counts: dict[str, int] = {}
        for device in self.devices.values():
            first.setdefault(device.owner, device)
            counts[device.owner] = counts.get(device.owner, 0) + 1
        return {name: (n, device, counts[name]) for n, (name, device) in enumerate(first.items())}

    @cached_property
    def site_devices(self) -> Mapping[str, tuple[Device, ...]]:
        """Devices to be built at each site, by site name; devices of no site are in none."""
        out: dict[str, list[Device]] = {}
        for device in self.devices.values():
            if device.site:
                out.setdefault(device.site, []).append(device)
        return {site: tuple(out[site]) for site in sorted(out)}

    @cached_property
    def site_racks(self) -> Mapping[str, tuple[RackPlace, ...]]:
        """Racks of each site, by site name, in the order of the files."""
        out: dict[str, list[RackPlace]] = {}
        for rack in self.racks.values():
            out.setdefault(rack.site, []).append(rack)
        return {site: tuple(out[site]) for site in sorted(out)}

    @cached_property
    def assumptions(self) -> tuple[tuple[str, str, str, Position], ...]:
        """Everything assumed: (subject, field, reason, position), inventory first, then the catalogue in use."""
        out: list[tuple[str, str, str, Position]] = []
        for section in m.SECTIONS:
            for name, record in getattr(self, section).items():
                out.extend(self._assumed(f"{section}/{name}", record))
                if isinstance(record, m.Row):
                    for rack in record.racks:
                        out.extend(self._assumed(f"racks/{rack.name}", rack))
        used = {d.type.slug for d in self.devices.values()}
        for slug in sorted(used):
            device_type = self.catalog.device_types[slug]
            for name, reason in sorted(device_type.rackwright.assumed.items()):
                at = self.where(device_type, "rackwright", "assumed", name)
                out.append((f"device_types/{slug}", name, reason, at))
        return tuple(out)

    def _assumed(self, subject: str, record: m.Record) -> list[tuple[str, str, str, Position]]:
        return [
            (subject, name, reason, self.where(record, "assumed", name))
            for name, reason in record.assumed.items()
        ]


def locate(documents: Mapping[str, Document], at: str, *path: str | int) -> Position:
    """Position for an `at` text (`file#a/b/3`) plus a path inside it."""
    shown, inner = place(at)
    document = documents.get(shown)
    if document is None:
        return Position(shown or "?")
    return document.where(*inner, *path)
