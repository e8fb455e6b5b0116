"""Port names: the plan's (`10GE1/0/1`) and each platform's own (`Ten-GigabitEthernet1/0/1`, `TenGigabitEthernet 1/0/1`).

The plan's form is VRP's. A name of another form is left as it is in both directions, so a device type whose ports
are named as its own system names them works too.
"""

from __future__ import annotations

import re

PLANNED = re.compile(r"(MEth|GE|10GE|25GE|40GE|100GE|200GE|400GE)(\d+(?:/\d+)+)")
KINDS = {
    "h3c_comware": {
        "MEth": "M-GigabitEthernet", "GE": "GigabitEthernet", "10GE": "Ten-GigabitEthernet",
        "25GE": "Twenty-FiveGigE", "40GE": "FortyGigE", "100GE": "HundredGigE", "200GE": "TwoHundredGigE",
        "400GE": "FourHundredGigE",
    },
    "ruijie_rgos": {
        "GE": "GigabitEthernet ", "10GE": "TenGigabitEthernet ", "25GE": "TFGigabitEthernet ",
        "40GE": "FortyGigabitEthernet ", "100GE": "HundredGigabitEthernet ", "200GE": "TwoHundredGigabitEthernet ",
        "400GE": "FourHundredGigabitEthernet ",
    },
}  # fmt: skip
"""What each speed is called, up to the slot numbers."""
SHORT = {
    "h3c_comware": {
        "M-GigabitEthernet": "MGE", "GigabitEthernet": "GE", "Ten-GigabitEthernet": "XGE", "Twenty-FiveGigE": "WGE",
        "FortyGigE": "FGE", "HundredGigE": "HGE", "Bridge-Aggregation": "BAGG", "Vlan-interface": "Vlan",
        "LoopBack": "Loop",
    },
    "ruijie_rgos": {
        "GigabitEthernet ": "Gi", "TenGigabitEthernet ": "Te", "TFGigabitEthernet ": "TF",
        "FortyGigabitEthernet ": "Fo", "HundredGigabitEthernet ": "Hu", "AggregatePort ": "Ag", "VLAN ": "VL",
    },
}  # fmt: skip
"""How displays shorten the same names."""
MANAGEMENT = {"ruijie_rgos": ("MEth0/0/0", "Mgmt 0")}
"""Management ports that the kinds above cannot express."""


def native(platform: str, port: str) -> str:
    """The platform's own name of a planned port: 10GE1/0/1 is Ten-GigabitEthernet1/0/1 on Comware."""
    planned, own = MANAGEMENT.get(platform, ("", ""))
    if port == planned:
        return own
    found = PLANNED.fullmatch(port)
    kind = KINDS.get(platform, {}).get(found[1]) if found else None
    return f"{kind}{found[2]}" if found and kind else port


def planned(platform: str, name: str) -> str:
    """The plan's name of a port as the platform writes it, in full or shortened; other names come back unchanged."""
    own_planned, own = MANAGEMENT.get(platform, ("", ""))
    if name == own and own:
        return own_planned
    shorts = SHORT.get(platform, {})
    for kind, full in KINDS.get(platform, {}).items():
        for start in (full, full.strip(), shorts.get(full, full)):
            if name.startswith(start) and re.fullmatch(r" ?\d+(?:/\d+)+", name[len(start) :]):
                return kind + name[len(start) :].strip()
    return name


def short(platform: str, name: str) -> str:
    """A platform's own name as its displays shorten it: XGE1/0/1, Te1/0/1."""
    for full, brief in SHORT.get(platform, {}).items():
        if name.startswith(full):
            return brief + name[len(full) :]
    return name
