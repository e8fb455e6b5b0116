"""The faults of a rehearsal: of different kinds, each with what verification has to say of it, and how it is repaired.

Some are the lab's own (`rackwright lab fault`), some are what a person does by hand at a device and nobody lists.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rackwright.lab import claims, faults, netns
from rackwright.lab.netns import LabError
from rackwright.lab.shape import Shape
from rackwright.lab.state import State

TYPED = "typed by hand at night"
BY_HAND = """import netmiko, sys
session = netmiko.ConnectHandler(device_type="huawei_vrpv8", host=sys.argv[1], username=sys.argv[2], password=sys.argv[3])
session.send_config_set(sys.argv[4:], exit_config_mode=False)
session.commit()
session.disconnect()
"""


@dataclass(frozen=True)
class Fault:
    """A fault in force. `code` and `subjects` of the finding that must name it; devices and cables in `around` may show more that
    follows from it. `undo` repairs it where `lab heal` does not."""

    text: str
    code: str
    subjects: tuple[str, ...]
    around: tuple[str, ...] = ()
    undo: Callable[[], object] = field(default=lambda: None, compare=False)

    def tells(self, row: dict[str, Any]) -> bool:
        """True for the finding that names this fault."""
        return row["code"] == self.code and set(row["subject"].split()) == set(self.subjects)

    def explains(self, row: dict[str, Any]) -> bool:
        """True for a finding that is this fault or follows from it."""
        if self.tells(row):
            return True
        said = f"{row['subject']} {row['expected']} {row['message']['en']}"
        return any(name in said for name in self.around)


def put_in(state: State, shape: Shape) -> list[Fault]:
    """Eight faults on different devices. Raises LabError when the lab is too small for them."""
    try:
        return list(_put_in(state, shape))
    except (StopIteration, IndexError, KeyError) as error:
        raise LabError(f"this lab is too small for the faults of a rehearsal ({error!r})") from error


def _put_in(state: State, shape: Shape) -> list[Fault]:
    servers = [n.name for n in shape.nodes.values() if n.kind == "server" and n.bmc and n.addresses]
    pairs = sorted(n.name for n in shape.nodes.values() if n.kind == "switch" and n.pair)
    out = []

    def lab_fault(kind: str, *words: str) -> None:
        faults.add(state, shape, kind, words, {})

    switch = pairs[0]
    first, second = [c for c, w in shape.wires.items() if w.kind == "access" and switch in (w.a[0], w.b[0])][
        :2
    ]
    lab_fault("swap", first, second)
    out.append(Fault(f"data cables {first} and {second} swapped", "VER002", (first, second)))
    silent = [
        c
        for c, w in shape.wires.items()
        if w.a in {(n.name, p) for n in shape.nodes.values() for p in n.silent}
    ]
    third, fourth = silent[:2]
    lab_fault("swap", third, fourth)
    out.append(Fault(f"controller cables {third} and {fourth} swapped", "VER002", (third, fourth)))
    uplink = next(c for c, w in shape.wires.items() if w.kind == "uplink" and pairs[1] in (w.a[0], w.b[0]))
    wire = shape.wires[uplink]
    end = wire.a if wire.a[0] == pairs[1] else wire.b
    lab_fault("dim", uplink, "-19")
    out.append(Fault(f"fibre of {uplink} dirty: -19 dBm", "VER014", (f"{end[0]}:{end[1]}",)))
    dead, other, clock, small = servers[-1], servers[-2], servers[-3], servers[-4]
    lab_fault("kill", dead)
    cables = [c for c, w in shape.wires.items() if dead in (w.a[0], w.b[0])]
    out.append(Fault(f"{dead} without power", "VER013", (dead,), (dead, *cables)))
    lab_fault("serial", other, "SN-OF-ANOTHER")
    out.append(Fault(f"another machine stands where {other} should", "VER005", (other,)))
    lab_fault("clock", clock, "-3.5")
    out.append(Fault(f"clock of {clock} 3.5 s slow", "VER010", (clock,)))
    typed = pairs[-1]
    port = next(p for c in shape.wires.values() for d, p in (c.a, c.b) if c.kind == "access" and d == typed)
    type_by_hand(state, shape, typed, f"interface {port}", f"description {TYPED}")
    out.append(Fault(f"a line typed by hand on {typed}", "VER012", (typed,)))
    interface = shape.nodes[small].ports[
        next(p for p in shape.nodes[small].ports if p not in shape.nodes[small].silent)
    ]

    def mtu(size: int) -> None:
        netns.ip("-n", state.nodes[small], "link", "set", interface, "mtu", str(size))

    mtu(1500)
    out.append(Fault(f"MTU of {small}:{interface} set by hand", "VER008", (small,), undo=lambda: mtu(9000)))
    return out


def type_by_hand(state: State, shape: Shape, switch: str, *lines: str) -> None:
    """Type lines on a VRP switch over SSH and commit them, as a person would."""
    address = shape.nodes[switch].addresses[0].partition("/")[0]
    netns.in_namespace(
        state.control, sys.executable, "-c", BY_HAND, address, claims.LOGIN, claims.LOGIN, *lines
    )


def repair(state: State, shape: Shape, put: Sequence[Fault]) -> str:
    """Take out every fault the lab put in and undo those done by hand, but for configurations: a push does that."""
    gone, _ = faults.heal(state, shape, None)
    for fault in put:
        fault.undo()
    return f"{len(gone)} healed, the rest by hand"
