"""A lab as tests handle it, and what to look for when it is gone."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from inventory.inventory import Inventory
from inventory.plan_model import Plan
from rackwright.lab import claims, faults, live, netns
from rackwright.lab.shape import Shape
from rackwright.lab.state import Fault, State
from topology.verify import Result

Found = TypeVar("Found")


@dataclass
class Lab:
    """A lab that is up, and the plan it was built from."""

    inventory: Inventory
    plan: Plan
    state: State
    shape: Shape

    @property
    def folder(self) -> Path:
        """Its files."""
        return Path(self.state.folder)

    def fault(self, kind: str, *words: str, **options: str) -> Fault:
        """Put a fault in."""
        return faults.add(self.state, self.shape, kind, words, options)

    def heal(self) -> None:
        """Take all faults out."""
        faults.heal(self.state, self.shape, None)

    def cables(self, kind: str, device: str | None = None) -> list[str]:
        """Cables of a kind, of a device."""
        return [n for n, w in self.shape.wires.items() if w.kind == kind and device in (None, w.a[0], w.b[0])]

    def wrong(self) -> list[Result]:
        """Cables that are not as planned."""
        return [r for r in live.cables(self.state, self.shape, self.plan) if r.verdict != "pass"]

    def sessions_up(self) -> int:
        """BGP sessions that are established, both ends counted."""
        return sum(
            p.state == "Established" for s in live.sessions(self.state, self.shape).values() for p in s
        )

    def sessions_planned(self) -> int:
        """Both ends of every uplink."""
        return 2 * len(self.cables("uplink"))

    def command_line(self, switch: str, *lines: str) -> str:
        """What a switch answers to lines typed over SSH from the control namespace."""
        address = self.shape.nodes[switch].addresses[0].partition("/")[0]
        script = (
            "import netmiko, sys\n"
            "c = netmiko.ConnectHandler(device_type='huawei_vrpv8', host=sys.argv[1], username='lab', password='lab')\n"
            "for line in sys.argv[2:]: print(c.send_command(line, expect_string=r'[>\\]]'))\n"
        )
        return netns.in_namespace(self.state.control, sys.executable, "-c", script, address, *lines)

    def in_control(self, *command: str) -> list[str]:
        """A command line that runs in the control namespace; run it with `environment`."""
        return ["ip", "netns", "exec", self.state.control, *command]

    @property
    def environment(self) -> dict[str, str]:
        """Logins, keys and the lab's folder, as `rackwright lab exec ctl` sets them."""
        return claims.environment(self.state)

    def verify(self, out: Path, *words: str) -> dict[str, Any]:
        """What `rackwright verify` finds, run where an engineer would run it."""
        command = [
            sys.executable,
            "-m",
            "rackwright",
            "verify",
            "-p",
            "guangxi",
            "--format",
            "json",
            "--out",
            str(out),
        ]
        done = subprocess.run(
            self.in_control(*command, *words),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == (0 if found["fine"] else 1)
        return found

    def settled(self) -> bool:
        """All as planned."""
        return not self.wrong() and self.sessions_up() == self.sessions_planned()


def eventually(what: Callable[[], Found], seconds: float = 45.0) -> Found:
    """Wait until something is so; what it was last."""
    deadline = time.monotonic() + seconds
    while not (found := what()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return found


def leftovers(lab_id: str, folder: Path) -> list[str]:
    """All that still tells of a lab on this machine, found by other means than the code that removes it."""
    out = [f"namespace {p.name}" for p in Path("/run/netns").glob(f"rw{lab_id}-*")]
    out += [
        row
        for row in Path("/proc/self/mounts").read_text().splitlines()
        if f"{folder}/" in row or f"rw{lab_id}-" in row
    ]
    for base in ("/run/rackwright", "/run/frr", "/etc/frr"):
        out += [str(p) for p in Path(base).glob(f"*{lab_id}*")]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                told = (entry / "cmdline").read_bytes() + b" " + (entry / "environ").read_bytes()
                if (
                    f"rw{lab_id}-".encode() in told
                    or f"{lab_id}@{folder}".encode() in told
                    or f"{folder}\0".encode() in told
                ):
                    out.append(f"process {entry.name} {told[:80]!r}")
    return out


def machine_network() -> str:
    """Links, addresses, routes and packet filter of the machine itself: a lab may change none of it."""
    commands = (
        ["ip", "-brief", "link"], ["ip", "-brief", "address"], ["ip", "route", "show", "table", "all"],
        ["nft", "list", "ruleset"],
    )  # fmt: skip
    return "\n".join(subprocess.run(c, capture_output=True, text=True, check=True).stdout for c in commands)
