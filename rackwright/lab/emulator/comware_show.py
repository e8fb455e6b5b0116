"""What an H3C Comware 7 switch displays, in its own layout."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable

from rackwright.lab.emulator import mac_table
from rackwright.lab.emulator.device import Neighbour, PortState, Switch
from rackwright.lab.emulator.vrp_show import section_of
from topology.platforms.ports import native, short

PLATFORM = "h3c_comware"
Words = tuple[str, ...]


def own_name(port: str) -> str:
    """The planned port as Comware names it."""
    return native(PLATFORM, port)


def own_neighbours(switch: Switch) -> list[tuple[str, Neighbour]]:
    """Neighbours by Comware's own port names."""
    rows = [(own_name(n.port), n) for n in switch.neighbours()]
    return sorted(rows, key=lambda r: port_key(r[0]))


def port_key(name: str) -> tuple[str, tuple[int, ...]]:
    """Ports in the order a switch lists them."""
    return re.sub(r"[\d/]+$", "", name), tuple(map(int, re.findall(r"\d+", name)))


def switch_mac(switch: Switch) -> str:
    """A MAC of its own for every switch, the same each time."""
    digest = hashlib.sha256(switch.serial.encode()).hexdigest()
    return f"02{digest[:2]}-{digest[2:6]}-{digest[6:10]}"


def uptime(switch: Switch) -> str:
    """Weeks, days, hours and minutes."""
    minutes = switch.uptime_s() // 60
    weeks, days, hours = minutes // 10080, minutes // 1440 % 7, minutes // 60 % 24
    return f"{weeks} weeks, {days} days, {hours} hours, {minutes % 60} minutes"


def release(switch: Switch) -> str:
    """The version as displays write it: 7.1.070, Release 6616P01."""
    number, _, name = switch.version.partition(" ")
    return f"{number}, {name}" if name else number


def _version(switch: Switch, _: Words) -> str:
    return (
        f"H3C Comware Software, Version {release(switch)}\n"
        "Copyright (c) 2004-2022 New H3C Technologies Co., Ltd. All rights reserved.\n"
        f"H3C {switch.model} uptime is {uptime(switch)}\n"
        "Last reboot reason : User reboot\n\n"
        "Boot image: flash:/boot.bin\n"
        f"Boot image version: {release(switch)}\n"
        "System image: flash:/system.bin\n"
        f"System image version: {release(switch)}\n\n"
        f"Slot 1:\nUptime is {uptime(switch)}\nBOARD TYPE:         {switch.model}\n"
    )


def _manuinfo(switch: Switch, _: Words) -> str:
    return (
        "Slot 1 CPU 0:\n"
        f"DEVICE_NAME          : {switch.model}\n"
        f"DEVICE_SERIAL_NUMBER : {switch.serial}\n"
        f"MAC_ADDRESS          : {switch_mac(switch).upper()}\n"
        "MANUFACTURING_DATE   : 2025-06-01\n"
        "VENDOR_NAME          : H3C\n"
    )


def _lldp_list(switch: Switch, _: Words) -> str:
    head = (
        "Chassis ID : * -- -- Nearest nontpmr bridge neighbor\n"
        "             # -- -- Nearest customer bridge neighbor\n"
        "             Default -- -- Nearest bridge neighbor\n"
        f"{'Local Interface':<18}{'Chassis ID':<17}{'Port ID':<32}System Name\n"
    )
    rows = []
    for name, n in own_neighbours(switch):
        local = short(PLATFORM, name)
        rows.append(f"{local:<17} {_dashed(n.chassis):<16} {n.remote_port:<31} {n.system}\n")
    return head + "".join(rows)


def _dashed(chassis: str) -> str:
    digits = re.sub(r"[:.-]", "", chassis).lower()
    return (
        "-".join(digits[i : i + 4] for i in (0, 4, 8)) if re.fullmatch(r"[0-9a-f]{12}", digits) else chassis
    )


def _lldp_verbose(switch: Switch, words: Words) -> str:
    only = words[words.index("interface") + 1] if "interface" in words else ""
    out = []
    for index, (name, n) in enumerate(own_neighbours(switch), 1):
        if only and name != only:
            continue
        out.append(
            f"LLDP neighbor-information of port {index}[{name}]:\n"
            "LLDP agent nearest-bridge:\n"
            " LLDP neighbor index : 1\n"
            " Update time         : 0 days, 0 hours, 5 minutes, 12 seconds\n"
            " Chassis type        : MAC address\n"
            f" Chassis ID          : {_dashed(n.chassis)}\n"
            " Port ID type        : Interface name\n"
            f" Port ID             : {n.remote_port}\n"
            " Time to live        : 120\n"
            f" Port description    : {n.description}\n"
            f" System name         : {n.system}\n"
            " System description  : \n"
            " System capabilities supported : Bridge, Router\n"
            " System capabilities enabled   : Bridge, Router\n"
            " Maximum frame size         : 9216\n\n"
        )
    return "".join(out)


def _brief(switch: Switch, _: Words) -> str:
    states = {own_name(p.name): p for p in switch.ports()}
    told = {
        c.line.split(None, 1)[1]: [x.line for x in c.children]
        for c in switch.running.children
        if c.line.startswith("interface ")
    }
    names = sorted({*states, *told}, key=port_key)
    routed = [
        n for n in names
        if n.startswith(("Vlan-interface", "LoopBack", "M-Gig")) or "port link-mode route" in told.get(n, [])
    ]  # fmt: skip
    out = (
        "Brief information on interfaces in route mode:\n"
        "Link: ADM - administratively down; Stby - standby\n"
        "Protocol: (s) - spoofing\n"
        f"{'Interface':<20} {'Link':<4} {'Protocol':<8} {'Primary IP':<15} Description\n"
    )
    for name in routed:
        link, protocol = _link(states.get(name), told.get(name, []))
        address = _said(told, name, "ip address").split(" ")[0] or "--"
        out += f"{short(PLATFORM, name):<20} {link:<4} {protocol:<8} {address:<15} {_said(told, name, 'description')}".rstrip()
        out += "\n"
    out += (
        "\nBrief information on interfaces in bridge mode:\n"
        "Link: ADM - administratively down; Stby - standby\n"
        "Speed: (a) - auto\n"
        "Duplex: (a)/A - auto; H - half; F - full\n"
        "Type: A - access; T - trunk; H - hybrid\n"
        f"{'Interface':<20} {'Link':<4} {'Speed':<7} {'Duplex':<6} {'Type':<4} {'PVID':<4} Description\n"
    )
    for name in names:
        if name in routed:
            continue
        link, _protocol = _link(states.get(name), told.get(name, []))
        state = states.get(name)
        speed = f"{state.speed_gbps:g}G(a)" if state and state.speed_gbps else "auto"
        kind = "T" if "port link-type trunk" in told.get(name, []) else "A"
        pvid = _said(told, name, "port access vlan") or _said(told, name, "port trunk pvid vlan") or "1"
        text = _said(told, name, "description")
        out += (
            f"{short(PLATFORM, name):<20} {link:<4} {speed:<7} {'F(a)':<6} {kind:<4} {pvid:<4} {text}".rstrip()
            + "\n"
        )
    return out


def _link(state: PortState | None, lines: list[str]) -> tuple[str, str]:
    if "shutdown" in lines or (state is not None and not state.enabled):
        return "ADM", "DOWN"
    return ("UP", "UP") if state is None or state.up else ("DOWN", "DOWN")


def _said(told: dict[str, list[str]], name: str, start: str) -> str:
    return next((x[len(start) + 1 :] for x in told.get(name, []) if x.startswith(start + " ")), "")


def _optics(switch: Switch, words: Words) -> str:
    only = words[-1] if words[-1] != "interface" else ""
    out = ""
    for port in sorted(switch.ports(), key=lambda p: port_key(own_name(p.name))):
        name = own_name(port.name)
        if only and name != only:
            continue
        out += f"{name} transceiver diagnostic information:\n"
        if port.rx_dbm is None:
            out += "The transceiver is absent.\n\n"
            continue
        out += (
            "  Current diagnostic parameters:\n"
            "    Temp.(C) Voltage(V)  Bias(mA)  RX power(dBm)  TX power(dBm)\n"
            f"    36         3.31        6.13      {port.rx_dbm:<14.2f} {port.tx_dbm or 0:.2f}\n\n"
        )
    return out


def _current(switch: Switch, words: Words) -> str:
    if "interface" in words:
        return section_of(switch.text(), f"interface {words[-1]}")
    return f"#\n version {release(switch)}\n#\n" + _indented(switch.text()) + "return\n"


def _indented(text: str) -> str:
    """Comware sets lines of system view one space in, openings of sections not."""
    out: list[str] = []
    rows = text.splitlines()
    for i, row in enumerate(rows):
        opens = row.startswith(
            ("interface ", "vlan ", "bgp ", "ip vpn-instance ", "hwtacacs scheme ", "domain ")
        )
        follows = i + 1 < len(rows) and rows[i + 1].startswith(" ")
        out.append(row if row[:1] in (" ", "#", "") or opens or follows else f" {row}")
    return "".join(f"{row}\n" for row in out)


def _directory(switch: Switch, _: Words) -> str:
    rows = [
        f"{i:>4} -rw- {len(text):>12} Jan 01 2026 00:00:00 {name}\n"
        for i, (name, text) in enumerate(sorted(switch.files.items()))
    ]
    return "Directory of flash:\n" + "".join(rows) + "\n1048576 KB total (900000 KB free)\n"


def _aggregates(switch: Switch, _: Words) -> str:
    states = {own_name(p.name): p for p in switch.ports()}
    members: dict[str, list[str]] = {}
    for child in switch.running.children:
        for line in (c.line for c in child.children):
            if line.startswith("port link-aggregation group "):
                members.setdefault(line.split()[-1], []).append(child.line.split(None, 1)[1])
    head = f"{'AGG':<10} {'AGG':<4} {'Partner ID':<22} {'Selected':<9} {'Unselected':<11} Share\n"
    head += f"{'Interface':<10} {'Mode':<4} {'':<22} {'Ports':<9} {'Ports':<11} Type\n" + "-" * 70 + "\n"
    rows = ""
    for number in sorted(members, key=int):
        up = sum(1 for n in members[number] if n not in states or states[n].up)
        rows += f"{'BAGG' + number:<10} {'D':<4} {'0x8000, 0000-0000-0000':<22} {up:<9} {len(members[number]) - up:<11} Shar\n"
    return head + rows


def _clock(switch: Switch, _: Words) -> str:
    return time.strftime("%H:%M:%S UTC %a %m/%d/%Y\n", switch.clock())


def _bgp_peers(switch: Switch, _: Words) -> str:
    bgp = next((c for c in switch.running.children if c.line.startswith("bgp ")), None)
    if bgp is None:
        return "BGP is not configured.\n"
    router_id = next((c.line.split()[1] for c in bgp.children if c.line.startswith("router-id ")), "0.0.0.0")  # noqa: S104
    peers = switch.bgp_peers()
    up = sum(p.state == "Established" for p in peers)
    out = (
        f"\n BGP local router ID: {router_id}\n Local AS number: {bgp.line.split()[1]}\n"
        f" Total number of peers: {len(peers)}              Peers in established state: {up}\n\n"
        "  * - Dynamically created peer\n"
        f"  {'Peer':<16} {'AS':>10} {'MsgRcvd':>8} {'MsgSent':>8} {'OutQ':>4} {'PrefRcv':>7} {'Up/Down':<8} State\n\n"
    )
    for p in peers:
        shown = f"{p.up_s // 3600:02}:{p.up_s // 60 % 60:02}:{p.up_s % 60:02}"
        out += f"  {p.address:<16} {p.asn:>10} {p.received:>8} {p.sent:>8} {0:>4} {p.prefixes:>7} {shown:<8} {p.state}\n"
    return out


DISPLAYS: dict[str, Callable[[Switch, Words], str]] = {
    "display version": _version,
    "display device manuinfo": _manuinfo,
    "display mac-address": mac_table.comware,
    "display device": lambda switch, _: (
        "Slot Type             State    Subslot  Soft Ver             Patch Ver\n"
        f"1    {switch.model:<16} Master   0        {switch.version:<20} None\n"
    ),
    "display current-configuration": _current,
    "display current-configuration interface <if>": _current,
    "display saved-configuration": lambda switch, _: (
        switch.saved or "The configuration file does not exist.\n"
    ),
    "display startup": lambda *_: (
        "MainBoard:\n Current startup saved-configuration file: flash:/startup.cfg\n"
        " Next main startup saved-configuration file: flash:/startup.cfg\n"
    ),
    "display lldp neighbor-information list": _lldp_list,
    "display lldp neighbor-information [verbose]": _lldp_verbose,
    "display lldp neighbor-information interface <if> [verbose]": _lldp_verbose,
    "display interface brief [description]": _brief,
    "display link-aggregation summary": _aggregates,
    "display transceiver diagnosis interface [<if>]": _optics,
    "display bgp peer ipv4": _bgp_peers,
    "display clock": _clock,
    "dir": _directory,
}
"""What may be displayed in any view."""
