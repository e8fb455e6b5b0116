"""Records of sites, rooms, rows and racks, and of the power that feeds them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict, StringConstraints

from inventory.fields import (
    Amperes,
    Exposed,
    FactValue,
    Flag,
    Kilovoltamperes,
    Kilowatts,
    Metres,
    Milliseconds,
    Minutes,
    Name,
    Part,
    Phase,
    RackKilowatts,
    Ratio,
    Record,
    Ref,
    Seconds,
    Side,
    Slug,
    Title,
    Volts,
)


class Site(Record):
    """A data centre or witness place. `facility` holds facts the operator states (null: not yet stated),
    compared with `requirements` of scope "site". `edge` names the switches that stand already where users of
    this site come in; empty: its core switches stand for them."""

    name: Name
    role: Literal["production", "dr", "witness"]
    title: Title
    facility: dict[str, FactValue] = Field(default_factory=dict)
    edge: tuple[Annotated[str, Ref("existing_switches")], ...] = ()


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


class Panel(Exposed):
    """A row cabinet that feeds racks: one side, one UPS."""

    name: Name
    room: Annotated[str, Ref("rooms")]
    side: Side
    ups: Annotated[str, Ref("ups")]
    phases: Literal[1, 3] = 3
    voltage_v: Volts
    breaker_a: Amperes | None = None


class Ups(Exposed):
    """One side of a 2N UPS plant."""

    name: Name
    site: Annotated[str, Ref("sites")]
    side: Side
    rated_kva: Kilovoltamperes | None = None
    power_factor: Ratio | None = None
    autonomy_min: Minutes | None = None
    battery_kwh: Annotated[float, Strict(), Field(gt=0)] | None = None


class Generator(Exposed):
    """One generator set with its share of the fuel store."""

    name: Name
    site: Annotated[str, Ref("sites")]
    rated_kw: Kilowatts | None = None
    start_s: Seconds | None = None
    fuel_l: Annotated[float, Strict(), Field(gt=0, le=10_000_000)] | None = None


class Sts(Exposed):
    """A static transfer switch in a rack, for single-corded loads."""

    name: Name
    rack: Annotated[str, Ref("racks")]
    rating_a: Amperes
    transfer_ms: Milliseconds | None = None
