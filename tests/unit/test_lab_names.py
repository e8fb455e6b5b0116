"""Names of interfaces in a lab, what its switches learn from frames, and MTU files of servers that start configured."""

from __future__ import annotations

import pytest

from inventory.load import PROJECTS, load
from inventory.plan_store import load_plan
from rackwright.lab import mac_learning, nodes
from rackwright.lab.mac_learning import Table, announcement
from rackwright.lab.shape import Shape, interface_name, scaled_down, shape
from rackwright.lab.state import State
from topology.verify import SERIAL_LINES

MAC = "02:00:00:00:00:07"


@pytest.fixture(scope="module")
def small() -> Shape:
    folder = PROJECTS / "guangxi"
    inventory, plan = load(folder).inventory, load_plan(folder).plan
    assert inventory is not None
    assert plan is not None
    return shape(inventory, plan, pairs=scaled_down(inventory, 1), servers_per_pair=1)


@pytest.mark.parametrize(
    ("port", "host", "name"),
    [
        ("p1", True, "p1"), ("BMC", True, "BMC"), ("ens1f0.20", True, "ens1f0.20"), ("p1", False, "p9"),
        ("GE1/0/1", True, "p9"), ("a-name-of-16-chr", True, "p9"), ("eth0", True, "p9"), ("lo", True, "p9"), ("1p", True, "p9"),
    ],
)  # fmt: skip
def test_interfaces_of_hosts_bear_the_planned_name_where_linux_takes_it(
    port: str, host: bool, name: str
) -> None:
    assert interface_name(port, 9, host) == name


def test_ports_of_controllers_are_silent_and_lldp_is_not_told_of_them(small: Shape) -> None:
    server = next(n for n in small.nodes.values() if n.kind == "server")
    assert server.silent == ("BMC",)
    text = nodes.lldp_configuration(server, small, 5)
    assert "configure system interface pattern p1,p2,!eth0" in text
    assert "BMC" not in text
    assert all(n.silent == () for n in small.nodes.values() if n.kind != "server")


def test_servers_that_start_configured_have_files_with_the_planned_mtu(small: Shape) -> None:
    server = next(n for n in small.nodes.values() if n.kind == "server")
    state = State("1", "lab", "guangxi", "/nowhere", "", options={"configured": True, "mtu_host": 9000})
    files = nodes.connections(state, small, server)
    assert sorted(files) == ["p1", "p2"]
    assert "interface-name=p1\n" in files["p1"]
    assert "mtu=9000\n" in files["p1"]
    state.options["configured"] = False
    assert nodes.connections(state, small, server) == {}


class Door:
    """A socket at which these frames wait: (frame, interface, kind)."""

    def __init__(self, *frames: tuple[bytes, str, int]) -> None:
        self.frames = list(frames)

    def recvfrom(self, _: int) -> tuple[bytes, tuple[str, int, int, int, bytes]]:
        if not self.frames:
            raise BlockingIOError
        frame, interface, kind = self.frames.pop(0)
        return frame, (interface, 0, kind, 1, b"")


def learned(*frames: tuple[bytes, str, int]) -> list[tuple[str, str]]:
    table = Table({"p1": "GE1/0/1", "p2": "GE1/0/2"})
    table.learn(Door(*frames))  # type: ignore[arg-type]
    return table.now()


def test_a_switch_learns_who_sent_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = announcement(MAC, "10.0.0.1")
    assert frame[6:12].hex(":") == MAC
    assert frame[28:32] == frame[38:42] == bytes((10, 0, 0, 1)), "it announces its own address"
    assert learned((frame, "p1", 1)) == [("GE1/0/1", MAC)]
    assert learned((frame, "p1", 1), (frame, "p2", 1)) == [("GE1/0/2", MAC)], "the last place counts"
    lldp = frame[:12] + mac_learning.LLDP + frame[14:]
    group = frame[:6] + b"\x01" + frame[7:]
    assert (
        learned((frame, "eth0", 0), (frame, "p1", mac_learning.OUTGOING), (lldp, "p1", 2), (group, "p1", 2))
        == []
    )
    assert learned((frame[:10], "p1", 0)) == []
    monkeypatch.setattr(mac_learning, "AGEING_S", -1.0)
    assert learned((frame, "p1", 1)) == [], "old entries are forgotten"


def test_serial_lines_carry_no_frames_and_are_not_built() -> None:
    folder = PROJECTS / "guangxi"
    inventory, plan = load(folder).inventory, load_plan(folder).plan
    assert inventory is not None
    assert plan is not None
    serial = {c.id for c in plan.cables if c.kind in SERIAL_LINES}
    whole = shape(inventory, plan, site="A")
    assert serial and not serial & set(whole.wires)
    assert "a-console-001" in whole.nodes, "its own port in the management network stands"
