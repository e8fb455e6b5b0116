"""Open vSwitch in userspace, in a namespace: LACP and VLANs, which the kernel of a test machine may lack."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rackwright.lab import netns

PROGRAMS = ("ovsdb-tool", "ovsdb-server", "ovs-vswitchd", "ovs-vsctl", "ovs-appctl")
SCHEMA = Path("/usr/share/openvswitch/vswitch.ovsschema")


@dataclass(frozen=True)
class OpenVSwitch:
    """The daemons of one namespace; their files are in `folder`, which must be there (a short path: sockets)."""

    space: str
    folder: Path

    def start(self, *orders: Sequence[str]) -> None:
        """Start the daemons and give all orders of ovs-vsctl in one call."""
        environment = {**os.environ, "OVS_RUNDIR": str(self.folder), "OVS_LOGDIR": str(self.folder)}
        socket = f"unix:{self.folder}/db.sock"
        run = ["ip", "netns", "exec", self.space]
        for command in (
            ["ovsdb-tool", "create", str(self.folder / "conf.db"), str(SCHEMA)],
            [*run, "ovsdb-server", str(self.folder / "conf.db"), f"--remote=p{socket}",
             f"--pidfile={self.folder}/db.pid", "--detach"],
            [*run, "ovs-vswitchd", socket, f"--pidfile={self.folder}/vs.pid", "--detach"],
        ):  # fmt: skip
            subprocess.run(command, env=environment, check=True, capture_output=True)
        self.order(*orders)

    def order(self, *orders: Sequence[str]) -> None:
        """Orders of ovs-vsctl, all in one call; it waits until the switch has done them."""
        words = [w for order in orders for w in ("--", *order)]
        netns.in_namespace(self.space, "ovs-vsctl", f"--db=unix:{self.folder}/db.sock", *words)

    def appctl(self, *words: str) -> str:
        """What the daemon says."""
        pid = (self.folder / "vs.pid").read_text().strip()
        return netns.in_namespace(
            self.space, "ovs-appctl", "-t", str(self.folder / f"ovs-vswitchd.{pid}.ctl"), *words
        )

    def stop(self) -> None:
        """End the daemons."""
        for file in self.folder.glob("*.pid"):
            os.kill(int(file.read_text()), signal.SIGKILL)
