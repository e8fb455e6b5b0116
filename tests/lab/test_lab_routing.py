"""The underlay of the lab is a real one: it follows the switches' configuration and their cables."""

from __future__ import annotations

from rackwright.lab import live, netns, routing
from tests.lab.labs import Lab, eventually

SWITCH = "A-ASW-01A"


def states(lab: Lab, switch: str = SWITCH) -> dict[str, str]:
    """BGP neighbours of a switch with their state."""
    return {p.address: p.state for p in routing.peers(lab.state.nodes[switch])}


def configure(lab: Lab, *lines: str) -> None:
    """Configure and commit over SSH, as a person would."""
    lab.command_line(SWITCH, "system-view", *lines, "commit", "return")


def test_every_uplink_has_a_session_at_both_ends(lab: Lab) -> None:
    for node in lab.shape.nodes:
        if node in lab.state.options["routed"]:
            found = list(states(lab, node).values())
            assert found == ["Established"] * live.uplinks(lab.shape, node), node
    assert sum(map(len, (states(lab, n) for n in lab.state.options["routed"]))) == lab.sessions_planned()


def test_a_core_learns_what_the_pair_announces_and_reaches_it(lab: Lab) -> None:
    business = next(p for p in lab.plan.prefixes if p.plane == "business" and p.used_by == "A-ASW-01")
    core = lab.state.nodes["A-DSW-1"]
    assert eventually(lambda: business.prefix in netns.ip("-n", core, "route"))
    gateway = business.gateway or ""
    assert eventually(
        lambda: "1 received" in netns.in_namespace(core, "ping", "-c1", "-W1", gateway, check=False)
    )


def test_a_silent_cut_takes_the_session_down_and_healing_brings_it_back(lab: Lab) -> None:
    uplink = lab.cables("uplink", SWITCH)[0]
    lab.fault("cut", uplink, how="silent")
    assert eventually(lambda: lab.sessions_up() == lab.sessions_planned() - 2)
    lab.heal()
    assert eventually(lambda: lab.sessions_up() == lab.sessions_planned())


def test_traffic_lost_while_lldp_passes_shows_in_the_sessions_alone(lab: Lab) -> None:
    lab.fault("cut", lab.cables("uplink", SWITCH)[0], how="traffic")
    assert eventually(lambda: lab.sessions_up() == lab.sessions_planned() - 2)
    assert lab.wrong() == []


def test_swapped_uplinks_lose_both_sessions(lab: Lab) -> None:
    lab.fault("swap", *lab.cables("uplink", SWITCH)[:2])
    assert eventually(lambda: list(states(lab).values()).count("Established") == 2)


def test_a_wrong_line_breaks_routing_and_the_right_one_mends_it(lab: Lab) -> None:
    peer = next(iter(states(lab)))
    configure(lab, "bgp 65101", f"peer {peer} as-number 65999")
    assert eventually(lambda: states(lab)[peer] != "Established")
    assert list(states(lab).values()).count("Established") == 3, "the other sessions stay up"
    assert "Established" in lab.command_line(SWITCH, "display bgp peer")
    configure(lab, "bgp 65101", f"peer {peer} as-number 65100", f"peer {peer} bfd enable")
    assert eventually(lambda: states(lab)[peer] == "Established")


def test_a_port_that_is_shut_in_the_configuration_is_down(lab: Lab) -> None:
    configure(lab, "interface 100GE1/0/1", "shutdown")
    assert eventually(lambda: lab.sessions_up() == lab.sessions_planned() - 2)
    configure(lab, "interface 100GE1/0/1", "undo shutdown")
    assert eventually(lambda: lab.sessions_up() == lab.sessions_planned())
