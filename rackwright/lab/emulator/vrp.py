"""What a Huawei VRP (CloudEngine) command line takes in configuration."""

from __future__ import annotations

from rackwright.lab.emulator.grammar import Names
from rackwright.lab.emulator.tree import Dialect, View

PHYSICAL = ("GE", "10GE", "25GE", "40GE", "100GE", "200GE", "400GE")
NAMES = Names(
    (*PHYSICAL, "MEth", "Eth-Trunk", "Vlanif", "LoopBack"),
    {"GigabitEthernet": "GE", "trunk": "Eth-Trunk", "XGE": "10GE"},
)
VPN = "[vpn-instance <word>]"
COMMON_PORT = (
    "description <text>",
    "shutdown",
    "jumboframe enable <1500-12224>",
    "mtu <46-9600>",
    "ip address <ip> <mask>",
    "ip binding vpn-instance <word>",
    "port link-type {access|trunk|hybrid}",
    "port default vlan <1-4094>",
    "port trunk allow-pass vlan {<vids>|all}",
    "port trunk pvid vlan <1-4094>",
    "portswitch",
    "mac-address <mac>",
    "stp edged-port enable",
    "speed <word>",
    "lldp enable",
)
UNIQUE_PORT = (
    "description", "jumboframe enable", "mtu", "ip address", "port link-type", "port default vlan", "eth-trunk",
    "mac-address", "ip binding vpn-instance", "port trunk pvid vlan", "speed",
)  # fmt: skip
TRUNK = ("port trunk allow-pass vlan",)

ROOT = View(
    opens="",
    commands=(
        "sysname <word>",
        "vlan batch <vids>",
        "hwtacacs enable",
        "dhcp enable",
        f"ip route-static {VPN} <ip> <mask> <ip>",
        f"ntp unicast-server <ip> {VPN}",
        f"dns server <ip> {VPN}",
        f"info-center loghost <ip> {VPN}",
        "info-center enable",
        "snmp-agent",
        "snmp-agent sys-info version {v1|v2c|v3|all}",
        "snmp-agent sys-info version v1 v2c",
        "snmp-agent group v3 <word> {privacy|authentication}",
        "snmp-agent usm-user v3 <word> [group <word>]",
        "snmp-agent usm-user v3 <word> {authentication-mode|privacy-mode} <word> cipher <key>",
        f"snmp-agent target-host trap address udp-domain <ip> {VPN} params securityname <word> v3 privacy",
        "snmp-agent community {read|write} <text>",
        "lldp enable",
        "telnet server enable",
        "telnet ipv6 server enable",
        "stelnet server enable",
        "clock timezone <text>",
        "header login information <text>",
    ),
    unique=(
        "sysname", "snmp-agent usm-user v3 <word> authentication-mode", "snmp-agent usm-user v3 <word> privacy-mode",
        "clock timezone",
    ),
    lists=("vlan batch",),
    views=(
        View("vlan <1-4094>", ("name <word>", "description <text>"), unique=("name", "description")),
        View("ip vpn-instance <word>", views=(View("ipv4-family"),)),
        View("bfd", ("delay-up <1-600>",), unique=("delay-up",)),
        View(
            "dfs-group <1-255>",
            (
                "priority <1-254>", "system-mac <mac>", "system-number <1-2>",
                f"dual-active detection source ip <ip> {VPN} peer <ip>", "m-lag up-delay <0-3600>",
            ),
            unique=("priority", "system-mac", "system-number", "dual-active detection", "m-lag up-delay"),
        ),
        View(
            "hwtacacs server template <word>",
            (f"hwtacacs server authentication <ip> {VPN}", "hwtacacs server shared-key cipher <key>"),
            unique=("hwtacacs server shared-key",),
        ),
        View(
            "aaa",
            ("local-user <word> <text>",),
            (View("authentication-scheme <word>", ("authentication-mode <text>",), unique=("authentication-mode",)),),
        ),
        View(
            "interface <if:Eth-Trunk>",
            (
                *COMMON_PORT, "mode {lacp-static|lacp-dynamic}", "lacp timeout {fast|slow}", "lacp force-forward",
                "peer-link <1-1>",
                "dfs-group <1-255> m-lag <1-2048>",
            ),
            unique=(*UNIQUE_PORT, "mode", "lacp timeout", "peer-link", "dfs-group"),
            lists=TRUNK,
        ),
        View(
            "interface <if:Vlanif,LoopBack,MEth>",
            (*COMMON_PORT, "dhcp select relay", "dhcp relay binding server ip <ip>"), unique=UNIQUE_PORT,
        ),
        View(
            f"interface <if:{','.join(PHYSICAL)}>",
            (*COMMON_PORT, "eth-trunk <0-1023>"),
            unique=UNIQUE_PORT,
            lists=TRUNK,
        ),
        View(
            "bgp <1-4294967295>",
            (
                "router-id <ip>", "peer <ip> as-number <1-4294967295>", "peer <ip> description <text>",
                "peer <ip> bfd enable", "peer <ip> ignore", "peer <ip> password cipher <key>",
            ),
            (
                View(
                    "ipv4-family unicast",
                    ("network <ip> <mask>", "peer <ip> enable", "maximum load-balancing <1-128>"),
                    unique=("maximum load-balancing",),
                ),
            ),
            unique=("router-id", "peer <ip> as-number", "peer <ip> description", "peer <ip> password"),
        ),
    ),
)  # fmt: skip

VRP = Dialect(
    "undo",
    ROOT,
    NAMES,
    kept=(
        "undo portswitch", "undo port trunk allow-pass vlan 1", "undo telnet server enable",
        "undo telnet ipv6 server enable", "undo snmp-agent sys-info version v1 v2c",
    ),
    deep=("peer",),
    against=tuple(
        ("undo snmp-agent sys-info version v1 v2c", f"snmp-agent sys-info version {v}") for v in ("v1", "v2c", "all")
    ),
    batch="vlan batch",
)  # fmt: skip


def short_view(line: str) -> str:
    """What stands in the prompt for a view: 10GE1/0/1, Eth-Trunk1, bgp, vlan101."""
    words = line.split()
    if words[0] == "interface":
        return words[1]
    if words[0] == "vlan":
        return f"vlan{words[1]}"
    if words[0] == "dfs-group":
        return f"dfs-group-{words[1]}"
    if line == "ipv4-family unicast":
        return "bgp-af-ipv4"
    if words[0] == "hwtacacs":
        return f"hwtacacs-{words[-1]}"
    if words[:2] == ["ip", "vpn-instance"]:
        return f"vpn-instance-{words[2]}"
    return words[0] if len(words) < 3 else words[-1]
