"""Where a device that speaks no LLDP is plugged in: by the MAC addresses the switches have learned.

Management controllers, consoles and appliances are silent. What tells them apart is their MAC address, known from
their controller (Redfish) or their delivery note, and the port a switch has learned it on.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping

from inventory.plan_model import Plan
from topology.facts import ControllerFacts, DeviceFacts
from topology.verify import STRANGER, Seen

AGGREGATE = re.compile(
    r"(?i)(eth-trunk|bridge-aggregation|bagg|route-aggregation|aggregateport|ag|vlan|loopback|cpu)"
)
MOST_BEHIND_AN_END = 2
"""More MAC addresses on a port are a switch, not an end (a controller may show its own and a shared one)."""


def own_macs(
    controllers: Mapping[str, ControllerFacts], delivered: Mapping[str, Mapping[str, str | None]], blind: Collection[Seen]
) -> dict[str, Seen]:  # fmt: skip
    """The port every known MAC address belongs to. `delivered`: MAC address by port and device. What the controller
    tells goes before what a delivery note says; an address two ports claim belongs to none."""
    claims: dict[str, set[Seen]] = defaultdict(set)
    for device, port in sorted(blind):
        told = controllers[device].mac if device in controllers else None
        mac = told or (delivered.get(device) or {}).get(port)
        if mac:
            claims[mac].add((device, port))
    return {mac: next(iter(ports)) for mac, ports in claims.items() if len(ports) == 1}


def heard_by_mac(
    plan: Plan, facts: Mapping[str, DeviceFacts], owners: Mapping[str, Seen], blind: Collection[Seen]
) -> dict[Seen, Seen]:  # fmt: skip
    """Neighbours that LLDP does not show, both ways: port of a switch -> port of the silent device, and back.

    Only ports without an LLDP neighbour and with few addresses count: behind others there is a switch. Where a
    silent device is planned and an address nobody knows is learned, the neighbour is (STRANGER, address).
    """
    speaking = {(d, n.port) for d, f in facts.items() for n in f.neighbours or ()}
    planned: dict[Seen, Seen] = {}
    for cable in plan.cables:
        for near, far in ((cable.a, cable.b), (cable.b, cable.a)):
            if near.port is not None:
                planned[near.device, near.port] = (far.device, far.port or "")
    learned: dict[Seen, list[str]] = defaultdict(list)
    for name, seen in facts.items():
        down = {p.name for p in seen.ports or () if not p.up}
        for row in seen.macs or ():
            end = (name, row.port)
            towards_end = row.port not in down and (end not in planned or planned[end] in blind)
            if towards_end and end not in speaking and not AGGREGATE.match(row.port):
                learned[end].append(row.mac)
    places: dict[Seen, list[Seen]] = defaultdict(list)
    out: dict[Seen, Seen] = {}
    for end, macs in sorted(learned.items()):
        if len(macs) > MOST_BEHIND_AN_END:
            continue
        known = sorted({owners[mac] for mac in macs if mac in owners})
        if known:
            out[end] = planned[end] if planned.get(end) in known else known[0]
            places[out[end]].append(end)
        elif planned.get(end) in blind and planned[end] in set(owners.values()):
            out[end] = (STRANGER, min(macs))
    for owner, ends in places.items():
        out[owner] = next((e for e in ends if planned.get(e) == owner), ends[0])
    return out
