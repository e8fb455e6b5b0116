"""What loses power dies, what has another cord lives, and all comes back."""

from __future__ import annotations

import os
import signal

from rackwright.lab import faults, netns, nodes
from rackwright.lab.state import alive
from tests.lab.labs import Lab, eventually


def servers(lab: Lab) -> list[str]:
    """Servers by name."""
    return [n.name for n in lab.shape.nodes.values() if n.kind == "server"]


def test_a_server_lives_on_one_feed_and_dies_without_both(lab: Lab) -> None:
    name = servers(lab)[0]
    first, second = lab.shape.nodes[name].feeds
    lab.fault("kill", first)
    assert lab.state.dead == []
    lab.fault("kill", second)
    assert name in lab.state.dead
    assert netns.pids_in([lab.state.nodes[name]]) == []


def test_a_dead_switch_takes_its_sessions_and_neighbours_along_and_comes_back(lab: Lab) -> None:
    lab.fault("kill", "A-ASW-01A")
    assert eventually(lambda: lab.sessions_up() == lab.sessions_planned() - 8)
    wrong = {r.subject: r.verdict for r in lab.wrong()}
    assert all(wrong[c] in ("missing", "not run") for c in lab.cables("uplink", "A-ASW-01A"))
    lab.heal()
    assert eventually(lab.settled), lab.wrong()


def test_a_server_finds_its_disk_as_it_was(lab: Lab) -> None:
    node = lab.shape.nodes[servers(lab)[0]]
    root = nodes.host_root(lab.state, node)
    assert root is not None
    (root / "etc/kept").write_text("kept\n")
    lab.fault("kill", node.name)
    lab.heal()
    again = nodes.host_root(lab.state, node)
    assert again is not None
    assert again != root
    assert (again / "etc/kept").read_text() == "kept\n"


def test_a_site_dies_alone(lab: Lab) -> None:
    what = "B"
    lab.fault("kill", what)
    assert {lab.shape.nodes[n].site for n in lab.state.dead} == {what}
    assert len(lab.state.dead) == sum(n.site == what for n in lab.shape.nodes.values())
    assert not [r for r in lab.wrong() if r.verdict != "not run"]
    lab.heal()
    assert eventually(lab.settled), lab.wrong()


def test_a_hanging_server_answers_nobody_until_healed(lab: Lab) -> None:
    name = servers(lab)[0]
    lab.fault("hang", name)
    states = {
        open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] for pid in netns.pids_in([lab.state.nodes[name]])  # noqa: SIM115, PTH123
    }  # fmt: skip
    assert states == {"T"}


def test_a_clock_that_is_off_is_told_by_switch_and_server(lab: Lab) -> None:
    name = servers(lab)[0]
    lab.fault("clock", name, "2.5")
    pid = nodes.host_process(lab.state, lab.shape.nodes[name])
    told = netns.in_namespace(lab.state.control, "nsenter", "-t", str(pid), "-m", "-r", "chronyc", "tracking")
    assert "2.500000000 seconds fast of NTP time" in told


def test_faults_of_a_device_show_on_its_command_line(lab: Lab) -> None:
    lab.fault("lie", "A-ASW-01A", command="display version", text="VRP of another\\nworld")
    lab.fault("serial", "A-ASW-01A", "2102STOLEN")
    told = lab.command_line("A-ASW-01A", "display version", "display esn")
    assert "VRP of another\nworld" in told.replace("\r", "")
    assert "2102STOLEN" in told
    lab.heal()
    assert "2102STOLEN" not in lab.command_line("A-ASW-01A", "display esn")


def test_what_died_of_itself_is_seen_and_healed(lab: Lab) -> None:
    """Somebody kills a BGP daemon, an lldpd and the process behind all command lines."""
    before = lab.command_line("A-ASW-01A", "display current-configuration")
    wanted = {("bgpd", "A-ASW-01A"), ("lldpd", "B-ASW-01A"), ("switches", "")}
    killed = [p for p in lab.state.processes if (p.what, p.node) in wanted]
    for process in killed:
        os.kill(process.pid, signal.SIGKILL)
    assert eventually(lambda: not any(map(alive, killed)))
    assert eventually(lambda: lab.sessions_up() < lab.sessions_planned())
    _, revived = faults.heal(lab.state, lab.shape, None)
    assert revived == ["switches", "A-ASW-01A", "B-ASW-01A"]
    assert eventually(lab.settled), (lab.wrong(), lab.sessions_up())
    assert lab.command_line("A-ASW-01A", "display current-configuration") == before
