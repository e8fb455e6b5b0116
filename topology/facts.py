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
    """A port: administratively on, link up, and received light in dBm where the optic tells."""

    name: str
    enabled: bool
    up: bool
    rx_dbm: float | None = None


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
    bond_members_up: int | None = None
    mtu_bytes: int | None = None
    time_offset_ms: float | None = None
    power_supplies_ok: int | None = None
    drives: int | None = None
    evidence: tuple[Evidence, ...] = ()
