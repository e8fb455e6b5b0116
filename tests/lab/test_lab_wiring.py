"""Cables of the lab are the planned ones, and every fault of a cable shows where it should."""

from __future__ import annotations

import json

import pytest

from rackwright.lab import live, netns
from rackwright.lab.netns import LabError
from tests.lab.labs import Lab, eventually


def test_every_cable_is_seen_at_both_ends_as_planned(lab: Lab) -> None:
    seen = live.as_planned(lab.shape, live.facts(lab.state, lab.shape))
    assert {n: v for n, v in seen.items() if v[0] != v[1]} == {}
    silent = sum(len(n.silent) for n in lab.shape.nodes.values())
    assert silent > 0
    assert sum(v[1] for v in seen.values()) == 2 * (len(lab.shape.wires) - silent)


def test_a_cable_that_is_out_is_missing_and_down_at_both_ends(lab: Lab) -> None:
    cable = lab.cables("access", "A-ASW-01A")[0]
    fault = lab.fault("cut", cable)
    found = lab.wrong()
    assert [(r.subject, r.verdict) for r in found] == [(cable, "missing")]
    assert "down" in found[0].found, "the ports are on and without carrier, not switched off"
    assert fault.text.endswith(": out")


def test_a_cable_cut_in_silence_is_missing_while_its_ports_are_up(lab: Lab) -> None:
    cable = lab.cables("access", "A-ASW-01A")[0]
    lab.fault(
        "cut",
        f"A-ASW-01A:{dict([lab.shape.wires[cable].a, lab.shape.wires[cable].b])['A-ASW-01A']}",
        how="silent",
    )
    found = eventually(lab.wrong)
    assert [(r.subject, r.verdict) for r in found] == [(cable, "missing")]
    wire = lab.shape.wires[cable]
    for (device, _), interface in ((wire.a, wire.a_interface), (wire.b, wire.b_interface)):
        state = {i.name: i for i in live.interfaces(lab.state.nodes[device])}[interface]
        assert state.enabled
        assert state.up


def test_swapped_plugs_are_told_as_a_swap_with_both_labels(lab: Lab) -> None:
    first, second = lab.cables("access", "A-ASW-01A")[:2]
    lab.fault("swap", first, second)
    found = eventually(lambda: [r for r in lab.wrong() if r.verdict == "swapped"])
    assert [r.subject for r in found] == [f"{first} {second}"]
    assert len(found[0].labels) == 4
    assert len(lab.wrong()) == 1


def test_swapped_cables_of_silent_controllers_are_told_as_a_swap(lab: Lab) -> None:
    """Controllers speak no LLDP: their cables are known by the MAC addresses the switches have learned."""
    first, second = controller_cables(lab)[:2]
    lab.fault("swap", first, second)
    found = eventually(lambda: [r for r in lab.wrong() if r.verdict == "swapped"])
    assert [r.subject for r in found] == [f"{first} {second}"]
    assert len(found[0].labels) == 4


def test_a_controller_plugged_in_elsewhere_is_told_with_the_port_it_stands_at(lab: Lab) -> None:
    silent = controller_cables(lab)[0]
    speaking = lab.cables("access", "B-ASW-01A")[0]
    lab.fault("cut", silent)
    assert [(r.subject, r.verdict) for r in lab.wrong()] == [(silent, "missing")]
    lab.heal()
    lab.fault("swap", silent, speaking)
    assert eventually(lambda: {r.verdict for r in lab.wrong() if silent in r.subject} - {"not run"}), (
        lab.wrong()
    )


def controller_cables(lab: Lab) -> list[str]:
    """Cables of management controllers."""
    return [n for n, w in lab.shape.wires.items() if w.a[1] == "BMC"]


def test_faults_add_up_and_heal_in_any_order(lab: Lab) -> None:
    from rackwright.lab import faults

    (first, second), third = lab.cables("access", "A-ASW-01A"), lab.cables("peer-link")[0]
    swap, cut, drop = (
        lab.fault("swap", first, second),
        lab.fault("cut", first),
        lab.fault("cut", third, how="silent"),
    )
    faults.heal(lab.state, lab.shape, [swap.number])
    found = eventually(
        lambda: {(r.subject, r.verdict) for r in lab.wrong()} == {(first, "missing"), (third, "missing")}
    )
    assert found
    faults.heal(lab.state, lab.shape, [drop.number, cut.number])
    assert eventually(lab.settled), lab.wrong()


def test_a_cable_moved_between_nodes_keeps_its_port_name(lab: Lab) -> None:
    """Interfaces are made anew under the same name: the announced port stays the planned one."""
    first, second = lab.cables("access", "A-ASW-01A")[0], lab.cables("access", "B-ASW-01A")[0]
    lab.fault("swap", first, second)
    found = eventually(lambda: [r for r in lab.wrong() if r.verdict == "swapped"])
    assert [r.subject for r in found] == [f"{first} {second}"]


def test_switches_show_their_live_neighbours_and_ports(lab: Lab) -> None:
    cable = lab.cables("access", "A-ASW-01A")[0]
    port = dict([lab.shape.wires[cable].a, lab.shape.wires[cable].b])["A-ASW-01A"]
    lab.fault("cut", cable)
    lab.fault("dim", lab.cables("uplink", "A-ASW-01A")[0], "-18.5")
    answer = lab.command_line(
        "A-ASW-01A", "display interface brief", "display lldp neighbor brief", "display transceiver"
    )
    assert any(row.split()[:2] == [port, "down"] for row in answer.splitlines() if row.startswith(port + " "))
    assert "-18.50" in answer
    assert "-40.00" in answer


@pytest.mark.parametrize(
    ("kind", "words", "options", "says"),
    [
        ("klil", ["x"], {}, "did you mean kill"),
        ("cut", ["A-F-9"], {}, "no cable"),
        ("cut", [], {}, "expected `cut CABLE`"),
        ("kill", ["A-ASW-01C"], {}, "did you mean A-ASW-01"),
        ("slow", ["A-ASW-01A", "fast"], {}, "not a number"),
        ("lie", ["A-ASW-01A"], {"command": "display version"}, "needs --text"),
        ("hang", ["A-ASW-01A"], {"at": "x"}, "takes no --at"),
        ("hang", ["A-DSW-1"], {}, "no command line"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_and_changes_nothing(
    lab: Lab, kind: str, words: list[str], options: dict[str, str], says: str
) -> None:
    with pytest.raises(LabError, match=says):
        lab.fault(kind, *words, **options)
    assert lab.state.faults == []
    assert json.loads(lab.state.path.read_text())["faults"] == []


def test_nothing_but_the_lab_is_reached_from_it(lab: Lab) -> None:
    for namespace in (lab.state.control, next(iter(lab.state.nodes.values()))):
        assert "default" not in netns.ip("-n", namespace, "route", "show")
