"""Facts about a device as they were read, whatever read them. None is "not run", an empty tuple is "none there"."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a fact comes from: the command, when it ran (ISO time), the file its raw output is kept in and its
    SHA-256."""

    command: str
    at: str
    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class SeenNeighbour:
    """An LLDP neighbour: own port, name and port of the other side as it announces them."""

    port: str
    system: str
    remote_port: str


@dataclass(frozen=True, slots=True)
class SeenPort:
    """A port: administratively on, link up, received light in dBm where the optic tells, MTU where the system does."""

    name: str
    enabled: bool
    up: bool
    rx_dbm: float | None = None
    mtu_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class SeenSession:
    """A BGP neighbour of a switch: its address and AS number, and whether the session is established."""

    address: str
    asn: int
    up: bool


@dataclass(frozen=True, slots=True)
class SeenMac:
    """A MAC address (lower case, colons) that a switch has learned on a port."""

    port: str
    mac: str


@dataclass(frozen=True, slots=True)
class SeenSupply:
    """A power supply as its controller tells of it: rated W; `state` is OK or what is wrong."""

    name: str
    rated_w: float | None
    state: str


@dataclass(frozen=True, slots=True)
class SeenDrive:
    """A drive as its controller tells of it; `state` is OK or what is wrong."""

    name: str
    size_bytes: int | None
    state: str


@dataclass(frozen=True, slots=True)
class ControllerFacts:
    """All that was read from the management controller of a device (Redfish, DSP0266). `error` says why nothing, or
    not all, was. `nics`: MAC address by the name the controller has for the port; `mac` and `link_up` are its own."""

    name: str
    error: str = ""
    serial: str | None = None
    model: str | None = None
    bios: str | None = None
    supplies: tuple[SeenSupply, ...] | None = None
    drives: tuple[SeenDrive, ...] | None = None
    nics: tuple[SeenMac, ...] | None = None
    mac: str | None = None
    link_up: bool | None = None
    answer_s: float | None = None
    """Seconds the middle one of its answers took."""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """All that was read from one device. `error` says why nothing was, when nothing was."""

    name: str
    error: str = ""
    serial: str | None = None
    model: str | None = None
    version: str | None = None
    neighbours: tuple[SeenNeighbour, ...] | None = None
    ports: tuple[SeenPort, ...] | None = None
    configuration: str | None = None
    saved: str | None = None
    """The configuration a switch would start with; empty when it shows none."""
    bond_members_up: int | None = None
    mtu_bytes: int | None = None
    """Of the bond; of single ports see there."""
    time_offset_ms: float | None = None
    """How far its clock is ahead; negative: slow."""
    macs: tuple[SeenMac, ...] | None = None
    """What a switch has learned, by port."""
    sessions: tuple[SeenSession, ...] | None = None
    user: str = ""
    """Who logged in on a switch to read it."""
    hostname: str | None = None
    """What the device calls itself."""
    evidence: tuple[Evidence, ...] = ()
