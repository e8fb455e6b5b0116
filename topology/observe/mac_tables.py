"""The MAC address table of a switch, whatever the platform: a row an address, with the port it was learned on."""

from __future__ import annotations

import re

from topology.facts import SeenMac
from topology.platforms.ports import planned

DOTTED = r"[0-9a-fA-F]{4}[-.][0-9a-fA-F]{4}[-.][0-9a-fA-F]{4}"
COLONS = r"[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}"
ADDRESS = re.compile(rf"(?<![0-9a-fA-F.:-])(?:{DOTTED}|{COLONS})(?![0-9a-fA-F.:-])")
PORT = re.compile(r"(?i)^(?!vlan|dynamic|static)\d{0,3}[a-z][a-z-]*\d+(?:/\d+)*(?::\d+)?$")
SPLIT_PORT = re.compile(r"(?i)\b([a-z]*(?:ethernet|gige|aggregateport)) (\d+(?:/\d+)*(?::\d+)?)\b")
"""A port whose name and number are two words (RGOS)."""


def macs_of(platform: str, text: str) -> tuple[SeenMac, ...]:
    """Ports and addresses of `display mac-address` (VRP, Comware) or `show mac-address-table` (RGOS), by the
    plan's names of ports. Rows without a port (the switch's own addresses) are left out."""
    out = set()
    for row in text.splitlines():
        found = ADDRESS.search(row)
        if found is None:
            continue
        rest = row[found.end() :]
        split = SPLIT_PORT.search(rest)
        name = split[0] if split else next((w for w in rest.split() if PORT.match(w)), None)
        if name:
            port = planned(platform, name)
            digits = re.sub(r"[^0-9a-f]", "", found[0].lower())
            out.add(SeenMac(port, ":".join(digits[i : i + 2] for i in range(0, 12, 2))))
    return tuple(sorted(out, key=lambda m: (m.port, m.mac)))
