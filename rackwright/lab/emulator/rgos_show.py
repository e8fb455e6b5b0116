"""What a Ruijie RGOS switch shows, in its own layout."""

from __future__ import annotations

import time
from collections.abc import Callable

from rackwright.lab.emulator import mac_table
from rackwright.lab.emulator.comware_show import port_key
from rackwright.lab.emulator.device import Neighbour, PortState, Switch
from topology.platforms.ports import native, short

PLATFORM = "ruijie_rgos"
Words = tuple[str, ...]


def _own(port: str) -> str:
    return native(PLATFORM, port)


def _neighbours(switch: Switch) -> list[tuple[str, Neighbour]]:
    return sorted(((_own(n.port), n) for n in switch.neighbours()), key=lambda r: port_key(r[0]))


def _ports(switch: Switch) -> list[tuple[str, PortState]]:
    return sorted(((_own(p.name), p) for p in switch.ports()), key=lambda r: port_key(r[0]))


def _version(switch: Switch, _: Words) -> str:
    seconds = switch.uptime_s()
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    start = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(switch.started))
    return (
        f"System description      : Ruijie Data Center Switch ({switch.model}) By Ruijie Networks\n"
        f"System start time       : {start}\n"
        f"System uptime           : {days}:{hours:02}:{minutes:02}:{seconds % 60:02}\n"
        "System hardware version : 1.00\n"
        f"System software version : {switch.version}\n"
        "System patch number     : NA\n"
        f"System serial number    : {switch.serial}\n"
        "System boot version     : 1.4.5\n"
        "Module information:\n"
        f"  Slot 0 : {switch.model}\n"
        "    Hardware version    : 1.00\n"
        f"    Software version    : {switch.version}\n"
        f"    Serial number       : {switch.serial}\n"
    )


def _lldp(switch: Switch, _: Words) -> str:
    out = (
        "Capability codes:\n"
        "    (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device\n"
        "    (W) WLAN Access Point, (P) Repeater, (S) Station, (O) Other\n"
        f"{'System Name':<24} {'Local Intf':<12} {'Port ID':<24} {'Capability':<12} Aging-time\n"
    )
    rows = _neighbours(switch)
    for name, n in rows:
        out += f"{n.system:<24} {short(PLATFORM, name):<12} {n.remote_port:<24} {'B, R':<12} 1minutes 40seconds\n"
    return out + f"Total entries displayed: {len(rows)}\n"


def _lldp_detail(switch: Switch, words: Words) -> str:
    only = words[words.index("interface") + 1 :][0] if "interface" in words else ""
    out = ""
    for name, n in _neighbours(switch):
        if only and name != only:
            continue
        rows = {
            "Neighbor index": "1",
            "Device type": "LLDP Device",
            "Update time": "0hour 5minutes 12seconds",
            "Aging time": "1minutes 40seconds",
            "Chassis ID type": "MAC address",
            "Chassis ID": _dotted(n.chassis),
            "System name": n.system,
            "System description": "",
            "System capabilities supported": "Bridge, Router",
            "System capabilities enabled": "Bridge, Router",
            "Port ID type": "Interface name",
            "Port ID": n.remote_port,
            "Port description": n.description,
        }
        line = "-" * 70
        out += f"{line}\nLLDP neighbor-information of port [{name}]\n{line}\n"
        out += "".join(f"  {key:<34}: {value}".rstrip() + "\n" for key, value in rows.items()) + "\n"
    return out


def _dotted(chassis: str) -> str:
    digits = chassis.replace(":", "").replace("-", "").replace(".", "").lower()
    return ".".join(digits[i : i + 4] for i in (0, 4, 8)) if len(digits) == 12 else chassis


def _told(switch: Switch) -> dict[str, list[str]]:
    return {
        c.line.split(None, 1)[1]: [x.line for x in c.children]
        for c in switch.running.children
        if c.line.startswith("interface ")
    }


def _value(lines: list[str], start: str) -> str:
    return next((x[len(start) + 1 :] for x in lines if x.startswith(start + " ")), "")


def _status(switch: Switch, _: Words) -> str:
    told = _told(switch)
    out = f"{'Interface':<34} {'Status':<9} {'Vlan':<7} {'Duplex':<8} {'Speed':<10} Type\n"
    out += f"{'-' * 34} {'-' * 9} {'-' * 7} {'-' * 8} {'-' * 10} {'-' * 6}\n"
    for name, port in _ports(switch):
        lines = told.get(name, [])
        vlan = "routed" if "no switchport" in lines else _value(lines, "switchport access vlan") or "1"
        status = "disabled" if "shutdown" in lines or not port.enabled else "up" if port.up else "down"
        speed = f"{port.speed_gbps:g}G" if port.speed_gbps else "Unknown"
        out += f"{name:<34} {status:<9} {vlan:<7} {'Full' if port.up else 'Unknown':<8} {speed:<10} fiber\n"
    return out


def _descriptions(switch: Switch, _: Words) -> str:
    told = _told(switch)
    out = f"{'Interface':<34} {'Status':<9} {'Administrative':<15} Description\n"
    out += f"{'-' * 34} {'-' * 9} {'-' * 15} {'-' * 11}\n"
    for name, port in _ports(switch):
        lines = told.get(name, [])
        admin = "down" if "shutdown" in lines or not port.enabled else "up"
        out += (
            f"{name:<34} {'up' if port.up else 'down':<9} {admin:<15} {_value(lines, 'description')}".rstrip()
            + "\n"
        )
    return out


def _running(switch: Switch, words: Words) -> str:
    text = switch.text()
    if "interface" in words:
        name = " ".join(words[words.index("interface") + 1 :])
        rows: list[str] = []
        for row in text.splitlines():
            if row == f"interface {name}" or (rows and row.startswith(" ")):
                rows.append(row)
            elif rows:
                break
        text = "".join(f"{r}\n" for r in rows)
        return f"\nBuilding configuration...\nCurrent configuration: {len(text)} bytes\n\n{text}end\n"
    return (
        f"\nBuilding configuration...\nCurrent configuration: {len(text)} bytes\n\n"
        f"version {switch.version}\n!\n{text}end\n"
    )


def _optics(switch: Switch, _: Words) -> str:
    out = ""
    for name, port in _ports(switch):
        out += f"========Interface {name}========\n"
        if port.rx_dbm is None:
            out += "The transceiver is absent!\n\n"
            continue
        out += (
            "Current diagnostic parameters[AP:Average Power]:\n"
            "Temp(Celsius)   Voltage(V)      Bias(mA)            RX power(dBm)       TX power(dBm)\n"
            f"{'36(OK)':<16}{'3.31(OK)':<16}{'6.13(OK)':<20}{f'{port.rx_dbm:.2f}(OK)[AP]':<20}{port.tx_dbm or 0:.2f}(OK)\n\n"
        )
    return out


def _aggregates(switch: Switch, _: Words) -> str:
    members: dict[str, list[str]] = {}
    for name, lines in _told(switch).items():
        if group := _value(lines, "port-group"):
            members.setdefault(group.split()[0], []).append(short(PLATFORM, name))
    out = f"{'AggregatePort':<14} {'MaxPorts':<9} {'SwitchPort':<11} {'Mode':<7} Ports\n"
    for number in sorted(members, key=int):
        out += f"{'Ag' + number:<14} {16:<9} {'Enabled':<11} {'LACP':<7} {', '.join(members[number])}\n"
    return out


def _bgp_summary(switch: Switch, _: Words) -> str:
    bgp = next((c for c in switch.running.children if c.line.startswith("router bgp ")), None)
    if bgp is None:
        return "% BGP is not running.\n"
    router_id = next((c.line.split()[2] for c in bgp.children if c.line.startswith("bgp router-id ")), "--")
    peers = switch.bgp_peers()
    out = (
        f"BGP router identifier {router_id}, local AS number {bgp.line.split()[2]}\n"
        f"{'Neighbor':<16} {'V':<2} {'AS':>10} {'MsgRcvd':>8} {'MsgSent':>8} {'TblVer':>7} {'InQ':>4} {'OutQ':>4} "
        f"{'Up/Down':<9} State/PfxRcd\n"
    )
    for p in peers:
        shown = f"{p.up_s // 3600:02}:{p.up_s // 60 % 60:02}:{p.up_s % 60:02}"
        last = str(p.prefixes) if p.state == "Established" else p.state
        out += f"{p.address:<16} {4:<2} {p.asn:>10} {p.received:>8} {p.sent:>8} {1:>7} {0:>4} {0:>4} {shown:<9} {last}\n"
    return out + f"Total number of neighbors {len(peers)}\n"


DISPLAYS: dict[str, Callable[[Switch, Words], str]] = {
    "show version": _version,
    "show running-config": _running,
    "show running-config interface <if>": _running,
    "show startup-config": lambda switch, _: switch.saved or "% No startup configuration.\n",
    "show lldp neighbors": _lldp,
    "show lldp neighbors detail": _lldp_detail,
    "show lldp neighbors interface <if> [detail]": _lldp_detail,
    "show interfaces status": _status,
    "show mac-address-table": mac_table.rgos,
    "show interfaces description": _descriptions,
    "show interfaces transceiver diagnosis": _optics,
    "show aggregateport summary": _aggregates,
    "show {ip bgp|bgp ipv4 unicast} summary": _bgp_summary,
    "show clock": lambda switch, _: time.strftime("%H:%M:%S UTC %a, %b %d, %Y\n", switch.clock()),
}
"""What may be shown."""
