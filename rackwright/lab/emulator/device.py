"""One emulated switch: its configuration, what it knows of its ports and neighbours, and the faults put into it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from rackwright.lab.emulator.tree import Dialect, Node, from_text, text_of


@dataclass(frozen=True)
class Neighbour:
    """One LLDP neighbour as seen on a local port."""

    port: str
    chassis: str
    system: str
    remote_port: str
    description: str = ""


@dataclass(frozen=True)
class PortState:
    """What a port shows: administratively and really up, speed, received light in dBm (None: copper or none)."""

    name: str
    enabled: bool
    up: bool
    speed_gbps: float | None = None
    rx_dbm: float | None = None
    tx_dbm: float | None = None


@dataclass(frozen=True)
class BgpPeer:
    """A BGP neighbour as it is now: state (Established, Idle, Active, ...), for how long, prefixes received."""

    address: str
    asn: int
    state: str
    up_s: int = 0
    prefixes: int = 0
    received: int = 0
    sent: int = 0


@dataclass
class Faults:
    """What is wrong with the device. Commands are named by their beginning ("" is every command).

    hang: the command is taken and nothing comes back. drop: the session is cut while the command runs, the
    command itself is done by half (`commit` applies, but nothing says so). refuse_login. lie: answers of the
    given command are replaced by this text. slow_s: every answer waits so long.
    """

    hang: list[str] = field(default_factory=list)
    drop: list[str] = field(default_factory=list)
    lie: dict[str, str] = field(default_factory=dict)
    refuse_login: bool = False
    slow_s: float = 0.0
    forget_commit: bool = False
    """The switch says a commit succeeded and keeps the old configuration."""


@dataclass
class Switch:
    """A switch. `running` is what it does, `saved` what it would start with, `files` its flash."""

    host: str
    dialect: Dialect
    model: str
    serial: str
    version: str
    users: dict[str, str]
    running: Node
    saved: str = ""
    files: dict[str, str] = field(default_factory=dict)
    commits: list[tuple[float, str, str]] = field(default_factory=list)
    neighbours: Callable[[], list[Neighbour]] = list
    ports: Callable[[], list[PortState]] = list
    bgp_peers: Callable[[], list[BgpPeer]] = list
    macs: Callable[[], list[tuple[str, str]]] = list
    """Port and MAC address (colons) of what it has learned."""
    clock_offset_s: float = 0.0
    """How far its clock is off; positive is fast."""
    faults: Faults = field(default_factory=Faults)
    minute_s: float = 60.0
    """Seconds a minute lasts in timers that count minutes; tests shorten it."""
    started: float = field(default_factory=time.time)
    trial: tuple[float, Node, asyncio.TimerHandle] | None = None
    """A commit that is undone unless confirmed: when, what it goes back to, and the timer."""

    def text(self) -> str:
        """The running configuration."""
        return text_of(self.dialect, self.running)

    def clock(self) -> time.struct_time:
        """What its clock shows, in UTC."""
        return time.gmtime(time.time() + self.clock_offset_s)

    def start_trial(self, seconds: float, before: Node) -> None:
        """Go back to `before` after `seconds` unless confirmed."""
        self.confirm()
        loop = asyncio.get_running_loop()
        handle = loop.call_later(seconds, self.roll_back)
        self.trial = (loop.time() + seconds, before, handle)

    def confirm(self) -> None:
        """Keep what was committed on trial."""
        if self.trial:
            self.trial[2].cancel()
            self.trial = None

    def roll_back(self) -> None:
        """Undo what was committed on trial."""
        if self.trial:
            _, before, handle = self.trial
            handle.cancel()
            self.running, self.trial = before, None
            self.rename()

    def reload(self) -> None:
        """Start again with the saved configuration."""
        self.confirm()
        self.running = from_text(self.dialect, self.saved)
        self.rename()

    def rename(self) -> None:
        """Bear the name the running configuration says."""
        for line in (child.line.split() for child in self.running.children):
            if len(line) == 2 and line[0] in ("sysname", "hostname"):
                self.host = line[1]

    def uptime_s(self) -> int:
        """Seconds since the start, ten days at least: nobody meets these switches on their first day."""
        return 864_000 + int(time.time() - self.started)
