"""What the hardware catalogue holds besides device types: components, optics, cables, rack types.

Every model is frozen and refuses unknown fields. `None` is "nobody says", never zero. `sources` gives the
origin of a field, `assumed` the reason for a figure nobody states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    Strict,
    StringConstraints,
    field_validator,
    model_validator,
)

from inventory.fields import Count, Flag, Slug

Positive = Annotated[int, Strict(), Field(ge=1, le=1_000_000)]
Quantity = Annotated[float, Strict(), Field(ge=0, allow_inf_nan=False)]
Level = Annotated[float, Strict(), Field(allow_inf_nan=False)]
"""A level in dBm, which may be negative."""
WeightUnit = Literal["kg", "g", "lb", "oz"]
KG_PER_UNIT: dict[str, float] = {"kg": 1.0, "g": 0.001, "lb": 0.45359237, "oz": 0.028349523125}


class Entry(BaseModel):
    """What every catalogue model has in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Placed(Entry):
    """An entry that knows where it was read: `at` is `file#path/inside`, empty when made in memory."""

    _at: str = PrivateAttr(default="")

    @property
    def at(self) -> str:
        """File and data path the entry was read from."""
        return self._at

    def placed(self, at: str) -> Self:
        """This entry, marked with its place."""
        self._at = at
        return self


class Cited(Entry):
    """Figures that name their origin, by field name (dotted for nested fields)."""

    sources: dict[str, str] = Field(default_factory=dict)
    assumed: dict[str, str] = Field(default_factory=dict)


class Component(Placed, Cited):
    """A part inside a server or switch: direct-current draw at its own load, and what it adds in capacity.

    `idle_w` and `peak_w` are DC watts before fans and PSU losses; `tb` is decimal terabytes.
    """

    part: Slug
    kind: Literal["cpu", "gpu", "memory", "disk", "nic", "controller", "board", "optic"]
    description: str = ""
    idle_w: Quantity | None = None
    peak_w: Quantity | None = None
    cores: Positive | None = None
    threads: Positive | None = None
    memory_gb: Quantity | None = None
    tb: Quantity | None = None
    media: Literal["hdd", "ssd", "nvme"] | None = None
    gpus: Positive | None = None

    @model_validator(mode="after")
    def _peak_not_below_idle(self) -> Component:
        if self.idle_w is not None and self.peak_w is not None and self.peak_w < self.idle_w:
            raise ValueError(f"peak_w {self.peak_w} is below idle_w {self.idle_w}")
        return self


class Breakdown(Entry):
    """What one optic splits into at the far end: `count` optics of `optic`."""

    optic: Slug
    count: Positive


class Optic(Placed, Cited):
    """A transceiver: where it fits, what it talks to, and how much light it needs.

    `cages` are the form factors it may be plugged into; `lanes` pairs of fibres (or wavelengths) in
    parallel; `fibres` how many fibres one link uses; `reach_m` and `budget_db` by fibre grade (om3, om4,
    os2; cat6a for copper). Transmit and receive levels are average power per lane in dBm.
    `interoperates` lists optics of another standard a link may join it to, `breaks_into` what it splits into.
    """

    slug: Slug
    standard: str
    description: str = ""
    form_factor: str
    cages: tuple[str, ...]
    speed_gbps: Annotated[float, Strict(), Field(gt=0)]
    medium: Literal["mmf", "smf", "copper"]
    connector: Literal["lc", "mpo-12", "rj45"]
    wavelength_nm: Positive | None = None
    lanes: Positive
    fibres: Count
    reach_m: dict[str, Quantity]
    tx_min_dbm: Level | None = None
    tx_max_dbm: Level | None = None
    rx_min_dbm: Level | None = None
    rx_max_dbm: Level | None = None
    budget_db: dict[str, Quantity] = Field(default_factory=dict)
    interoperates: tuple[Slug, ...] = ()
    breaks_into: tuple[Breakdown, ...] = ()
    power_w: Quantity | None = None

    def joins(self, other: Optic) -> bool:
        """True when one link may have this optic at one end and `other` at the other."""
        return (
            self.standard == other.standard
            or other.slug in self.interoperates
            or self.slug in other.interoperates
        )

    @model_validator(mode="after")
    def _levels_in_order(self) -> Optic:
        for low, high, what in (
            (self.tx_min_dbm, self.tx_max_dbm, "transmit"),
            (self.rx_min_dbm, self.rx_max_dbm, "receive"),
        ):
            if low is not None and high is not None and low >= high:
                raise ValueError(f"{what} minimum {low} dBm is not below the maximum {high} dBm")
        return self


class CableType(Placed, Cited):
    """A kind of cable. `stock_m` are the lengths that can be ordered, ascending; `max_m` the longest that
    may be laid (null: the optic decides). `fixed_ends` marks cables whose ends are moulded on (DAC, AOC):
    they take no optics and count once. `branches` is the number of tails at end b of a harness. `loss_db_km`
    by wavelength in nm; `grade` (om3, om4, os2, cat6a) is the key to `reach_m` and `budget_db` of an optic."""

    slug: Slug
    kind: Literal["fibre", "copper", "dac", "aoc", "serial", "power"]
    description: str = ""
    medium: Literal["mmf", "smf", "copper"] = "copper"
    grade: str = ""
    connector_a: str
    connector_b: str
    branches: Positive = 1
    fixed_ends: Flag = False
    speed_gbps: Annotated[float, Strict(), Field(gt=0)] | None = None
    form_factor: str | None = None
    fibres: Count = 0
    stock_m: tuple[Annotated[float, Strict(), Field(gt=0)], ...] = ()
    max_m: Annotated[float, Strict(), Field(gt=0)] | None = None
    loss_db_km: dict[str, Quantity] = Field(default_factory=dict)
    colour: str = ""
    od_mm: Annotated[float, Strict(), Field(gt=0)] | None = None
    bend_radius_mm: Annotated[float, Strict(), Field(gt=0)] | None = None
    rating_a: Annotated[float, Strict(), Field(gt=0)] | None = None

    @field_validator("stock_m")
    @classmethod
    def _ascending(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if list(value) != sorted(set(value)):
            raise ValueError("stock lengths must ascend without repeats")
        return value

    def stock_length_m(self, length_m: float) -> float | None:
        """Shortest stock length in metres that is not shorter than `length_m`; None: none is long enough."""
        return next((stock for stock in self.stock_m if stock >= length_m - 1e-9), None)


class RackLayout(Entry):
    """Where things stand in a rack by default: rack units counted from 1 at the bottom."""

    blank_u: tuple[Positive, ...] = ()
    switch_u: tuple[Positive, ...] = ()
    manager_u: tuple[Positive, ...] = ()
    server_from_u: Positive = 1
    reserve_u: tuple[Positive, ...] = ()


class RackPdus(Entry):
    """Device types of the two power strips of a rack."""

    a: Slug
    b: Slug


class RackHints(Cited):
    """What the NetBox rack type lacks: power, usable height, strength, layout and power strips."""

    usable_u: Positive | None = None
    rated_kw: Annotated[float, Strict(), Field(gt=0)] | None = None
    static_kg: Positive | None = None
    own_weight_kg: Annotated[float, Strict(), Field(gt=0)] | None = None
    cable_weight_kg: Quantity | None = None
    layout: RackLayout = RackLayout()
    pdus: RackPdus | None = None


class RackType(Placed):
    """A rack type in the form of the NetBox rack type library, plus our own key `rackwright`."""

    manufacturer: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    model: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    slug: Slug
    description: str = ""
    form_factor: Literal[
        "wall-cabinet",
        "4-post-frame",
        "2-post-frame",
        "4-post-cabinet",
        "wall-frame",
        "wall-frame-vertical",
        "wall-cabinet-vertical",
    ]
    width: Literal[10, 19, 20, 21, 23]
    u_height: Annotated[int, Field(ge=1, le=100)]
    outer_width: Quantity | None = None
    outer_height: Quantity | None = None
    outer_depth: Quantity | None = None
    outer_unit: Literal["mm", "in"] | None = None
    weight: Quantity | None = None
    max_weight: Count | None = None
    weight_unit: WeightUnit | None = None
    mounting_depth: Count | None = None
    starting_unit: Annotated[int, Field(ge=1)] = 1
    desc_units: Flag = False
    comments: str = ""
    rackwright: RackHints = RackHints()

    @property
    def outer_depth_mm(self) -> float | None:
        """Outer depth in mm; None when not stated."""
        if self.outer_depth is None or self.outer_unit is None:
            return None
        return self.outer_depth * (25.4 if self.outer_unit == "in" else 1.0)

    @property
    def own_weight_kg(self) -> float | None:
        """Weight of the empty rack in kg; None when not stated."""
        if self.rackwright.own_weight_kg is not None:
            return self.rackwright.own_weight_kg
        if self.weight is None or self.weight_unit is None:
            return None
        return self.weight * KG_PER_UNIT[self.weight_unit]

    @model_validator(mode="after")
    def _units_given(self) -> RackType:
        if (self.weight is not None or self.max_weight is not None) and self.weight_unit is None:
            raise ValueError("weight needs weight_unit")
        return self


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one device adds. Decimal terabytes, before replication; None: a component does not say."""

    cores: int | None
    threads: int | None
    memory_gb: float | None
    raw_hdd_tb: float | None
    gpus: int | None


def capacity_of(uses: Sequence[tuple[Component, int]]) -> Capacity:
    """What so many of each component add together; a figure that one of them does not state is None."""
    cpus = [(part, n) for part, n in uses if part.kind == "cpu"]
    disks = [(part, n) for part, n in uses if part.kind == "disk"]
    hdds = [(part.tb, n) for part, n in disks if part.media == "hdd"]
    return Capacity(
        cores=_whole([(part.cores, n) for part, n in cpus]),
        threads=_whole([(part.threads, n) for part, n in cpus]),
        memory_gb=_total([(part.memory_gb, n) for part, n in uses if part.kind == "memory"]),
        raw_hdd_tb=None if any(part.media is None for part, _ in disks) else _total(hdds),
        gpus=_whole([(part.gpus, n) for part, n in uses if part.kind == "gpu"]),
    )


def _total(values: Sequence[tuple[float | None, int]]) -> float | None:
    """Sum of value times count; None as soon as one value is unknown."""
    known = [value * count for value, count in values if value is not None]
    return round(sum(known), 6) if len(known) == len(values) else None


def _whole(values: Sequence[tuple[float | None, int]]) -> int | None:
    value = _total(values)
    return None if value is None else round(value)
