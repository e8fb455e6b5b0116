"""MAC addresses in a lab: controllers send a frame now and then from their planned port, switches remember who sent.

Real frames over the planned cables: a cable that is out, or moved, shows as it would on a switch. Entries grow old
sooner than on one (300 s), so that a rehearsal need not wait.
"""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass, field

EVERY_S = 2.0
"""So often a controller sends (engineering estimate: they ask for leases and answer neighbours)."""
AGEING_S = 10.0
LLDP = b"\x88\xcc"
ARP = b"\x08\x06"
OUTGOING = 4
"""Kind of a frame the machine itself sends (packet(7): PACKET_OUTGOING)."""
MOST = 4096
"""Addresses a switch remembers."""


def announcement(mac: str, address: str) -> bytes:
    """An ARP frame in which a device announces its own address (RFC 5227, section 3)."""
    sender, ip = bytes.fromhex(mac.replace(":", "")), socket.inet_aton(address)
    header = b"\xff" * 6 + sender + ARP
    return header + bytes.fromhex("0001080006040001") + sender + ip + b"\x00" * 6 + ip


def announce(door: socket.socket, interface: str, frame: bytes) -> None:
    """Send a frame; an interface that is gone or down sends nothing."""
    with contextlib.suppress(OSError):
        door.sendto(frame, (interface, 0))


@dataclass
class Table:
    """What a switch has learned: port and time by MAC address."""

    ports: dict[str, str]
    """Port by interface."""
    entries: dict[str, tuple[str, float]] = field(default_factory=dict)

    def learn(self, door: socket.socket) -> None:
        """Take all frames that wait at a socket."""
        while True:
            try:
                frame, (interface, _, kind, *_) = door.recvfrom(64)
            except OSError:  # nothing waits, or an interface went away
                return
            port = self.ports.get(interface)
            if port is None or kind == OUTGOING or len(frame) < 14 or frame[12:14] == LLDP or frame[6] & 1:
                continue
            if len(self.entries) < MOST or frame[6:12].hex(":") in self.entries:
                self.entries[frame[6:12].hex(":")] = (port, time.monotonic())

    def now(self) -> list[tuple[str, str]]:
        """Port and MAC address of those heard lately."""
        since = time.monotonic() - AGEING_S
        self.entries = {mac: row for mac, row in self.entries.items() if row[1] >= since}
        return sorted((port, mac) for mac, (port, _) in self.entries.items())
