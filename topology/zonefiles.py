"""DNS zone files from the plan: names of all devices forward and back, in the project's `dns_domain`.

A device has the name of its business address (a server) or its management address; other addresses add their plane:
`a-ecs-001`, `a-ecs-001-bmc`. Names are in lower case. The serial of a zone is made from its content, so the same
plan gives the same bytes; it is no date and does not always grow, so load zones as a whole (`rndc reload`).
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections import defaultdict
from dataclasses import dataclass

from inventory.inventory import Inventory
from inventory.plan_model import Plan

TTL_S = 3600
PLANES = ("business", "mgmt", "bmc", "loopback")


@dataclass(frozen=True, slots=True)
class Entry:
    """One record: owner (absolute, with the final dot), type and value."""

    owner: str
    kind: str
    value: str


def zone_files(inventory: Inventory, plan: Plan) -> dict[str, str]:
    """Text by zone name (without the final dot): the domain, and a reverse zone per /24 in use.

    Raises ValueError when the project has no `dns_domain`, no name server is known, or two devices want the same name.
    """
    domain = inventory.project.dns_domain
    if domain is None:
        raise ValueError("the project has no dns_domain: no zone files")
    names = sorted(
        (f"{s.name.lower().replace('_', '-')}.{domain}.", s.address)
        for s in inventory.servers("dns")
        if s.address
    )
    if not names:
        raise ValueError("management_servers has no name server with an address: a zone must name one")
    forward: dict[str, ipaddress.IPv4Address] = {}
    for address in sorted(plan.addresses, key=lambda a: (a.device, a.plane, a.interface, a.address)):
        device = inventory.devices.get(address.device)
        if address.released or address.plane not in PLANES or device is None:
            continue
        own = "business" if device.role == "server" else "mgmt"
        label = address.device.lower().replace("_", "-")
        if address.plane != own:
            label += f"-{address.plane}"
        owner = f"{label}.{domain}."
        if owner in forward:
            raise ValueError(f"two addresses want the name {owner}: {forward[owner]} and {address.address}")
        forward[owner] = ipaddress.IPv4Address(address.address)
    reverse: dict[str, list[Entry]] = defaultdict(list)
    for owner, ip in forward.items():
        pointer = ip.reverse_pointer + "."
        reverse[pointer.partition(".")[2].rstrip(".")].append(Entry(pointer, "PTR", owner))
    entries = [Entry(o, "A", str(ip)) for o, ip in forward.items()]
    entries += [Entry(o, "A", ip) for o, ip in names if o not in forward]
    files = {domain: _zone(domain, [n for n, _ in names], entries)}
    for zone in sorted(reverse):
        files[zone] = _zone(zone, [n for n, _ in names], reverse[zone])
    return files


def parse(text: str) -> tuple[Entry, ...]:
    """Records of a zone file that this module wrote, without the SOA. Raises ValueError at a line it does not know."""
    out = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split(";", 1)[0].split()
        if not words or words[0].startswith("$") or "SOA" in words:
            continue
        if len(words) != 4 or words[1] != "IN":
            raise ValueError(f"line {number}: {line!r} is not a record")
        out.append(Entry(words[0], words[2], words[3]))
    return tuple(out)


def _zone(name: str, servers: list[str], entries: list[Entry]) -> str:
    ordered = sorted(entries, key=lambda e: (e.owner.split(".")[::-1], e.kind, e.value))
    body = [f"{name}. IN NS {server}" for server in servers]
    body += [f"{e.owner} IN {e.kind} {e.value}" for e in ordered]
    digest = int.from_bytes(hashlib.sha256("\n".join(body).encode()).digest()[:4], "big") or 1
    head = f"{name}. IN SOA {servers[0]} hostmaster.{servers[0].partition('.')[2]} {digest} 7200 900 1209600 {TTL_S}"
    return (
        "\n".join(["; Written by Rackwright from the plan; do not edit.", f"$TTL {TTL_S}", head, *body])
        + "\n"
    )
