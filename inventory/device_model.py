"""Device types: the NetBox device type library form, and under `rackwright` what that form lacks.

Field names, units and meaning of the NetBox part are those of the library's schema; a file taken from it
loads unchanged. Both generations of pass-through ports are read: `rear_port` and `rear_port_position` on
the front port (older), the top-level list `port-mappings` (NetBox 4.5 and later).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from inventory.catalog_parts import (
    KG_PER_UNIT,
    Capacity,
    Cited,
    Component,
    Entry,
    Placed,
    Positive,
    Quantity,
    WeightUnit,
    capacity_of,
)
from inventory.fields import Flag, Slug
from inventory.interface_types import INTERFACE_TYPES, expand_range, form_factor, speed_gbps

IEC_60320 = frozenset(f"iec-60320-c{n}" for n in (5, 6, 7, 8, 13, 14, 15, 16, 18, 19, 20, 21, 22))


def _known_interface_type(value: str) -> str:
    if value not in INTERFACE_TYPES:
        raise PydanticCustomError("unknown_interface_type", "not an interface type of NetBox")
    return value


def _known_iec_coupler(value: str) -> str:
    if value.startswith("iec-60320-") and value not in IEC_60320:
        raise PydanticCustomError("unknown_coupler", "no such IEC 60320 coupler")
    return value


def _readable_range(value: str) -> str:
    expand_range(value)
    return value


Text64 = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Text200 = Annotated[str, StringConstraints(max_length=200)]
InterfaceType = Annotated[str, AfterValidator(_known_interface_type)]
Coupler = Annotated[str, AfterValidator(_known_iec_coupler)]
Colour = Annotated[str, StringConstraints(pattern=r"^[a-f0-9]{6}$")]
NameRange = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_readable_range)]
"""Names as NetBox writes ranges of them: 100GE1/0/[1-4]."""


class ConsolePort(Entry):
    """A console port, or a port of a console server."""

    name: Text64
    label: str = ""
    type: str
    description: Text200 = ""
    is_power_source: Flag | None = Field(default=None, alias="_is_power_source")


class PowerPort(Entry):
    """An inlet. `maximum_draw` is the label, `allocated_draw` the budget: watts, each for this inlet alone."""

    name: Text64
    label: str = ""
    type: Coupler
    maximum_draw: Positive | None = None
    allocated_draw: Positive | None = None
    description: Text200 = ""


class PowerOutlet(Entry):
    """An outlet of a power strip, fed from its inlet `power_port`."""

    name: Text64
    label: str = ""
    type: Coupler
    power_port: str | None = None
    feed_leg: Literal["A", "B", "C"] | None = None
    description: Text200 = ""


class Interface(Entry):
    """A network interface."""

    name: Text64
    label: str = ""
    type: InterfaceType
    enabled: Flag | None = None
    mgmt_only: Flag = False
    description: Text200 = ""
    bridge: str | None = None
    poe_mode: Literal["pd", "pse"] | None = None
    poe_type: str | None = None
    rf_role: Literal["ap", "station"] | None = None

    @property
    def speed_gbps(self) -> float | None:
        """Speed of the interface type in Gbit/s; None: not Ethernet, or not stated."""
        return speed_gbps(self.type)

    @property
    def form_factor(self) -> str | None:
        """Plug or cage of the interface type; None: not known."""
        return form_factor(self.type)


class FrontPort(Entry):
    """A pass-through port at the front; `rear_port` only in the older form."""

    name: Text64
    label: str = ""
    type: str
    color: Colour | None = None
    positions: Positive = 1
    rear_port: str | None = None
    rear_port_position: Positive | None = None
    description: Text200 = ""


class RearPort(Entry):
    """A pass-through port at the rear."""

    name: Text64
    label: str = ""
    type: str
    color: Colour | None = None
    positions: Positive = 1
    description: Text200 = ""
    is_power_source: Flag | None = Field(default=None, alias="_is_power_source")


class PortMapping(Entry):
    """Which position of a front port leads to which position of a rear port."""

    front_port: str
    rear_port: str
    front_port_position: Positive = 1
    rear_port_position: Positive = 1


class Bay(Entry):
    """A module bay or a device bay."""

    name: Text64
    label: str = ""
    position: str | None = None
    description: Text200 = ""


class InventoryItem(Entry):
    """A part listed for stock keeping only."""

    name: Text64
    label: str = ""
    manufacturer: str | None = None
    part_id: str | None = None
    description: Text200 = ""


class PartCount(Entry):
    """So many of one component."""

    part: Slug
    count: Positive


class Psu(Entry):
    """Power supplies: how many, their label in W, what their redundancy is, how they share the load.

    1+1: one alone carries the device; 2+0: both are needed; 1+0: there is one. `cold` sharing leaves one
    supply idle until the other fails.
    """

    count: Positive | None = None
    rating_w: Positive | None = None
    redundancy: Literal["1+1", "2+0", "1+0"] | None = None
    sharing: Literal["active", "cold"] | None = None
    curve: Literal["platinum", "titanium"] | None = None


class StatedPower(Entry):
    """Draw at the inlets of the whole device in W, for devices without a component list."""

    idle_w: Quantity | None = None
    typical_w: Quantity | None = None
    peak_w: Quantity | None = None

    @model_validator(mode="after")
    def _in_order(self) -> StatedPower:
        known = [value for value in (self.idle_w, self.typical_w, self.peak_w) if value is not None]
        if known != sorted(known):
            raise ValueError("idle_w, typical_w and peak_w must not fall")
        return self


class PortGroup(Entry):
    """Speed groups: each `size` ports in a row must run at one speed (null size: all of them together)."""

    ports: NameRange
    size: Positive | None = None


class Breakout(Entry):
    """Ports that can be split, into what (`4x10g`), and which ports that switches off."""

    ports: NameRange
    modes: tuple[Annotated[str, StringConstraints(pattern=r"^[0-9]+x[0-9]+g$")], ...]
    disables: tuple[NameRange, ...] = ()


class Cage(Entry):
    """Form factors that cages take besides their own."""

    ports: NameRange
    accepts: tuple[str, ...]


class PortHints(Entry):
    """Port behaviour the NetBox form cannot say."""

    port_groups: tuple[PortGroup, ...] = ()
    breakouts: tuple[Breakout, ...] = ()
    cages: tuple[Cage, ...] = ()


class Bank(Entry):
    """A group of outlets of a power strip behind one breaker."""

    name: Text64
    breaker_a: Annotated[float, Strict(), Field(gt=0)]
    outlets: tuple[NameRange, ...]

    @cached_property
    def outlet_names(self) -> tuple[str, ...]:
        """The outlets, ranges written out."""
        return tuple(name for text in self.outlets for name in expand_range(text))


class Hints(Cited):
    """Our own key. Null is unknown; every key of `assumed` names a field that has a value.

    `bypass`: traffic passes uninspected when the device fails. `throughput_gbps`: what it inspects at most.
    Rules hang on `features`: mlag, and of security appliances hsm, honeypot, probe.
    """

    kind: Literal["server", "switch", "appliance", "console-server", "pdu", "other"] | None = None
    depth_mm: Positive | None = None
    components: tuple[PartCount, ...] = ()
    psu: Psu = Psu()
    power: StatedPower = StatedPower()
    ports: PortHints = PortHints()
    banks: tuple[Bank, ...] = ()
    bypass: Flag | None = None
    throughput_gbps: Annotated[float, Strict(), Field(gt=0)] | None = None
    features: tuple[str, ...] = ()


class DeviceType(Placed):
    """One make and model. Absent lists are empty; `rackwright` is empty for files from outside."""

    manufacturer: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    model: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    slug: Annotated[str, StringConstraints(pattern=r"^[-a-zA-Z0-9_]+$", max_length=100)]
    part_number: Annotated[str, StringConstraints(max_length=50)] = ""
    u_height: Annotated[float, Strict(), Field(ge=0, le=100, multiple_of=0.5)] = 1.0
    is_full_depth: Flag = True
    airflow: (
        Literal[
            "front-to-rear",
            "rear-to-front",
            "left-to-right",
            "right-to-left",
            "side-to-rear",
            "rear-to-side",
            "bottom-to-top",
            "top-to-bottom",
            "passive",
            "mixed",
        ]
        | None
    ) = None
    weight: Quantity | None = None
    weight_unit: WeightUnit | None = None
    front_image: Flag = False
    rear_image: Flag = False
    subdevice_role: Literal["parent", "child"] | None = None
    is_powered: Flag = True
    exclude_from_utilization: Flag = False
    description: Text200 = ""
    comments: str = ""
    console_ports: tuple[ConsolePort, ...] = Field(default=(), alias="console-ports")
    console_server_ports: tuple[ConsolePort, ...] = Field(default=(), alias="console-server-ports")
    power_ports: tuple[PowerPort, ...] = Field(default=(), alias="power-ports")
    power_outlets: tuple[PowerOutlet, ...] = Field(default=(), alias="power-outlets")
    interfaces: tuple[Interface, ...] = ()
    front_ports: tuple[FrontPort, ...] = Field(default=(), alias="front-ports")
    rear_ports: tuple[RearPort, ...] = Field(default=(), alias="rear-ports")
    port_mappings: tuple[PortMapping, ...] = Field(default=(), alias="port-mappings")
    module_bays: tuple[Bay, ...] = Field(default=(), alias="module-bays")
    device_bays: tuple[Bay, ...] = Field(default=(), alias="device-bays")
    inventory_items: tuple[InventoryItem, ...] = Field(default=(), alias="inventory-items")
    rackwright: Hints = Hints()

    @model_validator(mode="after")
    def _weight_with_unit(self) -> DeviceType:
        if (self.weight is None) != (self.weight_unit is None):
            raise ValueError("weight and weight_unit belong together")
        return self

    @property
    def kind(self) -> str | None:
        """What it is in this project; None for types from outside that do not say."""
        return self.rackwright.kind

    @property
    def weight_kg(self) -> float | None:
        """Weight in kg; None when not stated."""
        if self.weight is None or self.weight_unit is None:
            return None
        return self.weight * KG_PER_UNIT[self.weight_unit]

    @property
    def depth_mm(self) -> int | None:
        """Depth in mm; None when not stated."""
        return self.rackwright.depth_mm

    @cached_property
    def interface_by_name(self) -> Mapping[str, Interface]:
        """Interfaces by name, in file order."""
        return {interface.name: interface for interface in self.interfaces}

    @cached_property
    def bank_by_outlet(self) -> Mapping[str, Bank]:
        """The bank behind each outlet of a power strip."""
        return {name: bank for bank in self.rackwright.banks for name in bank.outlet_names}

    @cached_property
    def speed_group_by_port(self) -> Mapping[str, tuple[str, ...]]:
        """For each port of a speed group: all ports that must run at its speed, itself included."""
        out: dict[str, tuple[str, ...]] = {}
        for group in self.rackwright.ports.port_groups:
            names = expand_range(group.ports)
            size = group.size or len(names)
            for start in range(0, len(names), size):
                members = tuple(names[start : start + size])
                out.update(dict.fromkeys(members, members))
        return out

    @cached_property
    def breakout_by_port(self) -> Mapping[str, Breakout]:
        """The breakout declared for each port; a port that is absent cannot be split."""
        return {
            name: breakout
            for breakout in self.rackwright.ports.breakouts
            for name in expand_range(breakout.ports)
        }

    @cached_property
    def cages_by_port(self) -> Mapping[str, tuple[str, ...]]:
        """Form factors that each interface takes, its own first; interfaces of unknown form are absent."""
        extra: dict[str, tuple[str, ...]] = {}
        for cage in self.rackwright.ports.cages:
            for name in expand_range(cage.ports):
                extra[name] = extra.get(name, ()) + cage.accepts
        out: dict[str, tuple[str, ...]] = {}
        for interface in self.interfaces:
            own = interface.form_factor
            accepted = ((own,) if own else ()) + extra.get(interface.name, ())
            if accepted:
                out[interface.name] = tuple(dict.fromkeys(accepted))
        return out

    def capacity(self, components: Mapping[str, Component]) -> Capacity | None:
        """Cores, memory and raw storage of one device; None when it lists no components.

        Raises KeyError on a part that `components` does not hold (`load_catalog` reports those).
        """
        uses = [(components[use.part], use.count) for use in self.rackwright.components]
        return capacity_of(uses) if uses else None
