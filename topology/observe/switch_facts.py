"""What each platform is asked for facts, and the facts made of its answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from topology.facts import DeviceFacts, SeenNeighbour, SeenPort, SeenSession
from topology.observe import comware, rgos, vrp
from topology.observe.mac_tables import macs_of

NAMELESS = "a device that does not tell its name"
"""A neighbour that announces neither name nor chassis, or of which the switch shows neither."""
Answers = Mapping[str, str]
Light = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Reading:
    """A platform: commands by what they tell, and who reads the answers. `known` gives serial number, model and
    version; `ports` (enabled, up) by the plan's names."""

    commands: Mapping[str, str]
    known: Callable[[Answers], Mapping[str, Any]]
    ports: Callable[[str], Mapping[str, tuple[bool, bool]]]
    neighbours: Callable[[str], Mapping[str, list[dict[str, Any]]]]
    light: Callable[[str], Light]
    sessions: Callable[[str], Mapping[str, Any]]
    offset_ms: Callable[[str, float], float | None]


def _vrp_known(told: Answers) -> Mapping[str, Any]:
    return vrp.facts_of(told.get("version", ""), told.get("serial", ""), "", told.get("ports", ""))


def _comware_known(told: Answers) -> Mapping[str, Any]:
    return comware.facts_of(told.get("version", ""), told.get("serial", ""), "", told.get("ports", ""))


def _comware_ports(text: str) -> dict[str, tuple[bool, bool]]:
    return {port: (link != "ADM", link == "UP") for port, (link, _) in comware.brief_of(text).items()}


def _rgos_known(told: Answers) -> Mapping[str, Any]:
    return rgos.facts_of(told.get("version", ""), "", told.get("ports", ""))


def _rgos_ports(text: str) -> dict[str, tuple[bool, bool]]:
    return {port: (enabled, up) for port, (enabled, up, _) in rgos.ports_of(text).items()}


READINGS: Mapping[str, Reading] = {
    "huawei_vrp": Reading(
        {
            "version": "display version", "serial": "display esn", "neighbours": "display lldp neighbor",
            "ports": "display interface brief", "light": "display optical-module brief", "clock": "display clock",
            "macs": "display mac-address", "sessions": "display bgp peer", "configuration": "display current-configuration",
            "saved": "display saved-configuration",
        },
        _vrp_known, vrp.ports_of, vrp.lldp_of, vrp.optics_of, vrp.bgp_of, vrp.clock_offset_ms,
    ),
    "h3c_comware": Reading(
        {
            "version": "display version", "serial": "display device manuinfo",
            "neighbours": "display lldp neighbor-information verbose", "ports": "display interface brief",
            "light": "display transceiver diagnosis interface", "clock": "display clock", "macs": "display mac-address",
            "sessions": "display bgp peer ipv4", "configuration": "display current-configuration",
            "saved": "display saved-configuration",
        },
        _comware_known, _comware_ports, comware.lldp_of, comware.optics_of, comware.bgp_of, comware.clock_offset_ms,
    ),
    "ruijie_rgos": Reading(
        {
            "version": "show version", "neighbours": "show lldp neighbors detail", "ports": "show interfaces description",
            "light": "show interfaces transceiver diagnosis", "clock": "show clock", "macs": "show mac-address-table",
            "sessions": "show ip bgp summary", "configuration": "show running-config", "saved": "show startup-config",
        },
        _rgos_known, _rgos_ports, rgos.lldp_of, rgos.optics_of, rgos.bgp_of, rgos.clock_offset_ms,
    ),
}  # fmt: skip
"""How each platform is read."""


def switch_facts(platform: str, name: str, told: Answers, asked: float) -> DeviceFacts:
    """Facts from the answers of a switch, by what they tell; those without an answer stay None. `asked`: when its
    clock was (seconds since the epoch)."""
    reading = READINGS[platform]
    known = reading.known(told)
    more: dict[str, Any] = {}
    if "neighbours" in told:
        more["neighbours"] = tuple(
            SeenNeighbour(
                port, n["remote_system_name"] or n["remote_chassis_id"] or NAMELESS, n["remote_port"] or "?"
            )
            for port, found in sorted(reading.neighbours(told["neighbours"]).items())
            for n in found
        )
    if "ports" in told:
        light = reading.light(told.get("light", ""))
        more["ports"] = tuple(
            SeenPort(port, enabled, up, light[port][0] if port in light else None)
            for port, (enabled, up) in sorted(reading.ports(told["ports"]).items())
        )
    if "macs" in told:
        more["macs"] = macs_of(platform, told["macs"])
    if "sessions" in told:
        peers = reading.sessions(told["sessions"])["global"]["peers"]
        more["sessions"] = tuple(
            SeenSession(address, peer["remote_as"], bool(peer["is_up"]))
            for address, peer in sorted(peers.items())
        )
    title = re.search(r"(?m)^ ?(?:sysname|hostname) (\S+)", told.get("configuration", ""))
    return DeviceFacts(
        name, hostname=title[1] if title else None, serial=known["serial_number"] or None, model=known["model"] or None, version=known["os_version"] or None,
        configuration=told.get("configuration"), saved=told.get("saved"),
        time_offset_ms=reading.offset_ms(told["clock"], asked) if "clock" in told else None, **more,
    )  # fmt: skip
