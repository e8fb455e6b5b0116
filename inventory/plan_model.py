"""The plan: what `rackwright plan` writes beside the inventory and everything after it reads.

State, carried over from run to run (append-only): devices, cables, cords, prefixes, asns, addresses.
Derived, written for people and recomputed at will: power, bill of material.
Each class is one list in one file of `plan/`; a record is one line of that file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict

from inventory.source import Document


class PlanRecord(BaseModel):
    """What every plan record has; `at` is file and data path, set by the loader, not written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: str = Field(default="", exclude=True, repr=False)


UInt = Annotated[int, Strict(), Field(ge=0)]
Float = Annotated[float, Strict()]


class PlacedDevice(PlanRecord):
    """One device to be built. `rack` and `position` (lowest U) are null when it could not be placed;
    `pair` is the access pair its business interfaces go to."""

    name: str
    owner: str
    device_type: str
    site: str | None
    rack: str | None = None
    position: UInt | None = None
    face: Literal["front", "rear"] = "front"
    pair: str | None = None


class End(BaseModel):
    """One end of a cable. `port` is null when it is not yet known (an existing switch nobody surveyed);
    `optic` is null for fixed-end and copper cables."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str
    port: str | None
    optic: str | None = None


CableKind = Literal["access", "uplink", "peer-link", "keepalive", "oob", "oob-uplink", "console"]


class Cable(PlanRecord):
    """One data cable. Lengths in metres: `length_m` along the tray (null: an end has no known place),
    `stock_m` the length to order. `route` lists tray nodes between the racks. `group` names the
    redundancy group (cables of one group must not share fate)."""

    id: str
    kind: CableKind
    type: str
    speed_gbps: Float
    a: End
    b: End
    length_m: Float | None
    stock_m: Float | None
    route: tuple[str, ...] = ()
    colour: str = ""
    label_a: str
    label_b: str
    bundle: str = ""
    group: str = ""


class Cord(PlanRecord):
    """One power cord: PSU inlet of a device to an outlet of a PDU bank (or of an STS)."""

    id: str
    device: str
    inlet: str
    rack: str
    side: Literal["a", "b"]
    pdu: str
    bank: str
    outlet: str
    phase: str | None = None
    label: str = ""


class PlannedPrefix(PlanRecord):
    """A prefix cut from a pool. `used_by`: a pair, a link (`cable id`) or a site; `vid` the VLAN that carries it."""

    prefix: str
    pool: str
    plane: str
    site: str
    used_by: str
    gateway: str | None = None
    vid: int | None = None


class PlannedAsn(PlanRecord):
    """An ASN given to a pair or a role."""

    asn: UInt
    pool: str
    site: str
    used_by: str


class PlannedAddress(PlanRecord):
    """One address of one device interface. `released` (ISO date) makes it a tombstone: the device is gone,
    the address is not issued again until the quarantine is over."""

    address: str
    prefix: str
    plane: str
    device: str
    interface: str
    vid: int | None = None
    released: str | None = None


class PlacementProof(PlanRecord):
    """How good the placement of one site is. `status` optimal: racks equals lower_bound; feasible: gap > 0;
    infeasible: see `conflicts` and `relaxations`."""

    site: str
    status: Literal["optimal", "feasible", "infeasible", "unknown"]
    method: str
    racks: UInt
    lower_bound: UInt
    proof: str
    placed: UInt
    unplaced: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    relaxations: tuple[str, ...] = ()


class BomLine(PlanRecord):
    """Needed against supplied for one item at one place. `result` in words of the field: exact, surplus, short,
    orphan (supplied, nothing needs it); `quantity` is the size of surplus or shortage."""

    item: str
    site: str
    where: str
    needed: UInt
    supplied: UInt
    spare_wanted: UInt
    result: Literal["exact", "surplus", "short", "orphan"]
    quantity: UInt
    sources: tuple[str, ...] = ()


class LoadLine(PlanRecord):
    """Watts on one element of the power path: normal state, and with either side dead.
    `limit_w` null: capacity unknown, so not evaluated. `unknown` names devices without a known draw."""

    element: str
    kind: Literal["rack", "outlet", "bank", "feed", "phase", "panel", "ups", "generator"]
    limit_w: Float | None
    alloc_w: Float
    peak_w: Float
    alloc_a_dead_w: Float
    peak_a_dead_w: Float
    alloc_b_dead_w: Float
    peak_b_dead_w: Float
    unknown: tuple[str, ...] = ()


class Series(PlanRecord):
    """The highest number ever issued in a series of cable or cord ids, such as `A-C`: an id is never issued twice,
    also when the cable that had it is gone."""

    series: str
    highest: UInt


@dataclass(frozen=True)
class Plan:
    """A whole plan. Lists are sorted by their key; `documents` allow findings to name file and line."""

    devices: tuple[PlacedDevice, ...] = ()
    cables: tuple[Cable, ...] = ()
    cords: tuple[Cord, ...] = ()
    prefixes: tuple[PlannedPrefix, ...] = ()
    asns: tuple[PlannedAsn, ...] = ()
    addresses: tuple[PlannedAddress, ...] = ()
    proofs: tuple[PlacementProof, ...] = ()
    bom: tuple[BomLine, ...] = ()
    power: tuple[LoadLine, ...] = ()
    series: tuple[Series, ...] = ()
    documents: dict[str, Document] | None = None


PLAN_FILES: dict[str, tuple[str, type[PlanRecord], str]] = {
    "devices": ("devices.yml", PlacedDevice, "devices by name: where each stands"),
    "cables": ("cables.yml", Cable, "data cables by id: both ends, optics, length, labels"),
    "cords": ("cords.yml", Cord, "power cords by id: inlet to outlet"),
    "prefixes": ("prefixes.yml", PlannedPrefix, "prefixes cut from the pools"),
    "asns": ("asns.yml", PlannedAsn, "ASNs issued"),
    "addresses": ("addresses.yml", PlannedAddress, "addresses issued, tombstones included"),
    "proofs": ("placement.yml", PlacementProof, "how good the placement is, per site"),
    "bom": ("bom.yml", BomLine, "optics and cables: needed against supplied"),
    "power": ("power.yml", LoadLine, "watts on every element, normal and with one side dead"),
    "series": ("series.yml", Series, "highest id issued per series of cables and cords"),
}
"""Attribute of Plan -> file, record class, heading comment."""
MAY_BE_MISSING = ("series",)
"""What plans written before it existed do not have."""


def issued(plan: Plan | None) -> dict[str, int]:
    """Highest number ever issued by series: what the plan remembers, and what stands in it."""
    highest = {s.series: s.highest for s in plan.series} if plan else {}
    ids = [*(c.id for c in plan.cables), *(c.id for c in plan.cords)] if plan else []
    for series, _, number in (one.rpartition("-") for one in ids):
        if series and number.isdigit():
            highest[series] = max(highest.get(series, 0), int(number))
    return highest
