"""The MAC address table as each platform displays it."""

from __future__ import annotations

import re

from rackwright.lab.emulator.device import Switch
from topology.platforms.ports import native, short

VLAN = re.compile(r"(?:port default vlan|port access vlan|switchport access vlan) (\d+)")


def _rows(switch: Switch, platform: str) -> list[tuple[str, str, str]]:
    """Port by its planned name, bare MAC digits, VLAN of the port as configured (1 when nothing is)."""
    vlans = {}
    for node in switch.running.children:
        if node.line.startswith("interface "):
            found = [m[1] for child in node.children if (m := VLAN.fullmatch(child.line))]
            vlans[re.sub(r"\s", "", node.line[10:])] = found[0] if found else "1"
    rows = [
        (port, mac.replace(":", ""), vlans.get(re.sub(r"\s", "", native(platform, port)), "1"))
        for port, mac in switch.macs()
    ]
    return sorted(rows, key=lambda r: (r[1], r[0]))


def _groups(mac: str, mark: str) -> str:
    return mark.join(mac[i : i + 4] for i in (0, 4, 8))


def vrp(switch: Switch, _: tuple[str, ...]) -> str:
    """`display mac-address` of VRP."""
    line = "-" * 79 + "\n"
    rows = [
        f"{_groups(mac, '-')} {vlan + '/-/-':<13} {port:<19} {'dynamic':<19} {'-':>3}\n"
        for port, mac, vlan in _rows(switch, "huawei_vrp")
    ]
    head = f"{'MAC Address':<14} {'VLAN/VSI/BD':<13} {'Learned-From':<19} {'Type':<19} Age\n"
    return f"Flags: * - Backup\n{line}{head}{line}{''.join(rows)}{line}Total items: {len(rows)}\n"


def comware(switch: Switch, _: tuple[str, ...]) -> str:
    """`display mac-address` of Comware."""
    platform = "h3c_comware"
    rows = [
        f"{_groups(mac, '-'):<16} {vlan:<10} {'Learned':<16} {short(platform, native(platform, port)):<24} Y\n"
        for port, mac, vlan in _rows(switch, platform)
    ]
    return f"{'MAC Address':<16} {'VLAN ID':<10} {'State':<16} {'Port/Nickname':<24} Aging\n" + "".join(rows)


def rgos(switch: Switch, _: tuple[str, ...]) -> str:
    """`show mac-address-table` of RGOS."""
    head = f"{'Vlan':<10}  {'MAC Address':<20} {'Type':<8} {'Interface':<24} Live Time\n"
    rows = [
        f"{vlan:<10}  {_groups(mac, '.'):<20} {'DYNAMIC':<8} {native('ruijie_rgos', port):<24} 0d 00:00:02\n"
        for port, mac, vlan in _rows(switch, "ruijie_rgos")
    ]
    return head + f"{'-' * 10}  {'-' * 20} {'-' * 8} {'-' * 24} {'-' * 13}\n" + "".join(rows)
