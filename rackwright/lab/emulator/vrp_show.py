"""What a Huawei VRP switch displays, in its own layout."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from rackwright.lab.emulator import mac_table
from rackwright.lab.emulator.device import Neighbour, PortState, Switch


def _version(switch: Switch) -> str:
    return (
        "Huawei Versatile Routing Platform Software\n"
        f"VRP (R) software, Version 8.200 ({switch.model} {switch.version})\n"
        "Copyright (C) 2012-2024 Huawei Technologies Co., Ltd.\n"
        f"HUAWEI {switch.model} uptime is 10 days, 2 hours, 5 minutes\n"
    )


def section_of(text: str, line: str) -> str:
    out, inside = [], False
    for row in text.splitlines():
        inside = row == line or (inside and row.startswith(" "))
        if inside:
            out.append(row)
    return "#\n" + "".join(f"{row}\n" for row in out) + "#\nreturn\n"


def _lldp(switch: Switch, only: str) -> str:
    out = []
    for n in sorted(switch.neighbours(), key=lambda n: n.port):
        if only and n.port != only:
            continue
        out.append(
            f"{n.port} has 1 neighbor(s):\n\n"
            "Neighbor index                     :1\n"
            "Chassis type                       :MAC Address\n"
            f"Chassis ID                         :{n.chassis}\n"
            "Port ID subtype                    :Interface Name\n"
            f"Port ID                            :{n.remote_port}\n"
            f"Port description                   :{n.description}\n"
            f"System name                        :{n.system}\n"
            f"System description                 :{n.system}\n"
            "System capabilities supported      :bridge router\n"
            "System capabilities enabled        :bridge router\n"
            "Expired time                       :100s\n\n"
        )
    return "".join(out)


def _lldp_brief(neighbours: list[Neighbour]) -> str:
    rows = [
        f"{n.port:<24}{100:<12}{n.remote_port:<28}{n.system}\n"
        for n in sorted(neighbours, key=lambda n: n.port)
    ]
    return (
        f"{'Local Interface':<24}{'Exptime(s)':<12}{'Neighbor Interface':<28}Neighbor Device\n"
        + "-" * 80
        + "\n"
        + "".join(rows)
    )


def _brief(ports: list[PortState]) -> str:
    head = "PHY: Physical\n*down: administratively down\nInUti/OutUti: input utility/output utility\n"
    head += f"{'Interface':<28}{'PHY':<9}{'Protocol':<9}{'InUti':>6} {'OutUti':>6} {'inErrors':>10} {'outErrors':>10}\n"
    rows = []
    for p in ports:
        physical = "up" if p.up else "down" if p.enabled else "*down"
        rows.append(
            f"{p.name:<28}{physical:<9}{'up' if p.up else 'down':<9}{'0%':>6} {'0%':>6} {0:>10} {0:>10}\n"
        )
    return head + "".join(rows)


def _descriptions(switch: Switch) -> str:
    states = {p.name: p for p in switch.ports()}
    rows = [f"{'Interface':<28}{'PHY':<8}{'Protocol':<9}Description\n"]
    for node in switch.running.children:
        if not node.line.startswith("interface "):
            continue
        name = node.line.split(None, 1)[1]
        text = next(
            (c.line.partition(" ")[2] for c in node.children if c.line.startswith("description ")), ""
        )
        state = "up" if name in states and states[name].up else "down"
        rows.append(f"{name:<28}{state:<8}{state:<9}{text}\n")
    return "".join(rows)


def _optics(ports: list[PortState]) -> str:
    rows = [f"{'Port':<24}{'Rx(dBm)':>9}{'Tx(dBm)':>9}\n"]
    rows += [f"{p.name:<24}{p.rx_dbm:>9.2f}{p.tx_dbm or 0:>9.2f}\n" for p in ports if p.rx_dbm is not None]
    return "".join(rows)


def _bgp_peers(switch: Switch) -> str:
    """The BGP neighbours, live; a switch without BGP in its configuration says so."""
    bgp = next((c for c in switch.running.children if re.fullmatch(r"bgp \d+", c.line)), None)
    if bgp is None:
        return "Info: BGP is not configured.\n"
    router_id = next((c.line.split()[1] for c in bgp.children if c.line.startswith("router-id ")), "0.0.0.0")  # noqa: S104
    peers = switch.bgp_peers()
    up = sum(p.state == "Established" for p in peers)
    head = (
        f" BGP local router ID        : {router_id}\n Local AS number            : {bgp.line.split()[1]}\n"
        f" Total number of peers      : {len(peers)}\n Peers in established state : {up}\n\n"
        f"  {'Peer':<15} V {'AS':>11} {'MsgRcvd':>8} {'MsgSent':>8}  OutQ  {'Up/Down':<9} {'State':>12} {'PrefRcv':>8}\n"
    )
    rows = []
    for p in peers:
        clock = f"{p.up_s // 3600:02}:{p.up_s // 60 % 60:02}:{p.up_s % 60:02}"
        rows.append(
            f"  {p.address:<15} 4 {p.asn:>11} {p.received:>8} {p.sent:>8}     0  {clock:<9} {p.state:>12} {p.prefixes:>8}\n"
        )
    return head + "".join(rows)


def _lldp_words(switch: Switch, words: tuple[str, ...]) -> str:
    return _lldp(switch, words[-1] if "interface" in words else "")


def _directory(switch: Switch, _: tuple[str, ...]) -> str:
    rows = [
        f"  {i:3}  -rw-  {len(t):10,}  Jan 01 2026 00:00:00  {n}\n"
        for i, (n, t) in enumerate(sorted(switch.files.items()))
    ]
    return "Directory of flash:/\n\n  Idx  Attr     Size(Byte)  Date        Time       FileName\n" + "".join(
        rows
    )


def _commits(switch: Switch, _: tuple[str, ...]) -> str:
    return "".join(
        f"{i}  {time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(at))}  {what}\n"
        for i, (at, what, _) in enumerate(switch.commits, 1)
    )


def _device(switch: Switch, _: tuple[str, ...]) -> str:
    line = "-" * 60
    return (
        f"{switch.model}'s Device status:\n{line}\nSlot  Type  Online  Status\n1     -     Present Normal\n"
    )


def _current(switch: Switch, words: tuple[str, ...]) -> str:
    if "interface" in words:
        return section_of(switch.text(), f"interface {words[-1]}")
    return "!Software Version " + switch.version + "\n#\n" + switch.text() + "return\n"


DISPLAYS: dict[str, Callable[[Switch, tuple[str, ...]], str]] = {
    "display version": lambda switch, _: _version(switch),
    "display current-configuration [all]": _current,
    "display current-configuration interface <if>": _current,
    "display saved-configuration": lambda switch, _: (
        switch.saved or "Info: There is no saved configuration.\n"
    ),
    "display {esn|sn}": lambda switch, _: f"ESN of slot 1: {switch.serial}\n",
    "display device [slot <1-16>]": _device,
    "display lldp neighbor [interface <if>]": _lldp_words,
    "display lldp neighbor brief": lambda switch, _: _lldp_brief(switch.neighbours()),
    "display interface brief": lambda switch, _: _brief(switch.ports()),
    "display interface description": lambda switch, _: _descriptions(switch),
    "display mac-address": mac_table.vrp,
    "display clock": lambda switch, _: time.strftime(
        "%Y-%m-%d %H:%M:%S\n%A\nTime Zone(UTC) : UTC\n", switch.clock()
    ),
    "display bgp peer": lambda switch, _: _bgp_peers(switch),
    "display {optical-module|transceiver} [brief|verbose]": lambda switch, _: _optics(switch.ports()),
    "display interface transceiver [brief|verbose]": lambda switch, _: _optics(switch.ports()),
    "display startup": lambda *_: (
        "MainBoard:\n  Startup saved-configuration file:          flash:/vrpcfg.zip\n"
    ),
    "display configuration commit list": _commits,
    "dir": _directory,
}
"""What may be displayed in any view."""
