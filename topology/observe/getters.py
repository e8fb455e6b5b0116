"""napalm's shapes of what all switches tell: BGP neighbours, light, LLDP neighbours, ports; and durations and clocks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

UNITS = {"week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1}


@dataclass(frozen=True, slots=True)
class Peer:
    """A BGP neighbour as displayed; `since` is how long it has been so."""

    address: str
    asn: int
    state: str
    since: str
    prefixes: int


def bgp(router_id: str, local_as: int, peers: Iterable[Peer]) -> dict[str, Any]:
    """BGP neighbours; counts of prefixes are of IPv4 unicast, those that are not told -1."""
    return {
        "global": {
            "router_id": router_id,
            "peers": {
                p.address: {
                    "local_as": local_as, "remote_as": p.asn, "remote_id": "", "is_up": p.state == "Established",
                    "is_enabled": p.state not in ("Idle(Admin)", "Idle (Admin)"), "description": "",
                    "uptime": clock_s(p.since) if p.state == "Established" else -1,
                    "address_family": {
                        "ipv4": {"received_prefixes": p.prefixes, "accepted_prefixes": -1, "sent_prefixes": -1}
                    },
                }
                for p in peers
            },
        }
    }  # fmt: skip


def bgp_of(text: str, row: re.Pattern[str]) -> dict[str, Any]:
    """BGP neighbours from a display that begins with router id and AS number; `row` names address, asn, state, since
    and prefixes of a neighbour."""
    router = re.search(r"local router ID\s*:\s*(\S+)", text)
    local = re.search(r"[Ll]ocal AS number\s*:\s*(\d+)", text)
    peers = [
        Peer(found["address"], int(found["asn"]), found["state"], found["since"], int(found["prefixes"]))
        for found in row.finditer(text)
    ]
    return bgp(router[1] if router else "", int(local[1]) if local else -1, peers)


def optics(light: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    """Received and sent light in dBm, by port; the current of the laser is not read (0.0)."""
    return {
        port: {"physical_channels": {"channel": [{"index": 0, "state": {
            "input_power": _light(rx), "output_power": _light(tx), "laser_bias_current": _light(0.0)}}]}}
        for port, (rx, tx) in light.items()
    }  # fmt: skip


def neighbour(**told: str) -> dict[str, Any]:
    """What one LLDP neighbour announces; what it does not is empty."""
    return {
        "parent_interface": "", "remote_chassis_id": "", "remote_system_name": "", "remote_port": "",
        "remote_port_description": "", "remote_system_description": "", "remote_system_capab": [],
        "remote_system_enable_capab": [],
    } | told  # fmt: skip


def port(*, up: bool, enabled: bool, description: str) -> dict[str, Any]:
    """A port: speed, MTU and change are -1 and the MAC empty: they are not read."""
    return {
        "is_up": up, "is_enabled": enabled, "description": description, "last_flapped": -1.0, "speed": -1.0, "mtu": -1,
        "mac_address": "",
    }  # fmt: skip


def seconds_of(text: str) -> int:
    """`10 days, 2 hours, 5 minutes` in seconds."""
    return sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+) (week|day|hour|minute|second)s?", text))


def clock_s(text: str) -> int:
    """`1:02:03`, `10:2:05:33` (days first) or `3d04h05m` in seconds; -1 for anything else."""
    if found := re.fullmatch(r"(?:(\d+):)?(\d+):(\d+):(\d+)", text):
        return int(found[1] or 0) * 86_400 + int(found[2]) * 3600 + int(found[3]) * 60 + int(found[4])
    if found := re.fullmatch(r"(?:(\d+)d)?(\d+)h(\d+)m", text):
        return int(found[1] or 0) * 86_400 + int(found[2]) * 3600 + int(found[3]) * 60
    return -1


def _light(value: float) -> dict[str, float]:
    return {"instant": value, "avg": 0.0, "min": 0.0, "max": 0.0}
