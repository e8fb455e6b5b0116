"""What an H3C Comware 7 command line takes in configuration."""

from __future__ import annotations

from rackwright.lab.emulator.grammar import Names
from rackwright.lab.emulator.tree import Dialect, View

PHYSICAL = (
    "GigabitEthernet", "Ten-GigabitEthernet", "Twenty-FiveGigE", "FortyGigE", "HundredGigE", "TwoHundredGigE",
    "FourHundredGigE",
)  # fmt: skip
PLANNED = {
    "10GE": "Ten-GigabitEthernet",
    "25GE": "Twenty-FiveGigE",
    "40GE": "FortyGigE",
    "100GE": "HundredGigE",
}
NAMES = Names(
    (*PHYSICAL, "M-GigabitEthernet", "Bridge-Aggregation", "Vlan-interface", "LoopBack"),
    {
        "GE": "GigabitEthernet", "XGE": "Ten-GigabitEthernet", "WGE": "Twenty-FiveGigE", "FGE": "FortyGigE",
        "HGE": "HundredGigE", "MGE": "M-GigabitEthernet", "BAGG": "Bridge-Aggregation", "Vlan-int": "Vlan-interface",
        "Vlan": "Vlan-interface", "Loop": "LoopBack", **PLANNED,
    },
)  # fmt: skip
VPN = "[vpn-instance <word>]"
TRUNK = ("port trunk permit vlan",)
LAYER2 = (
    "port link-type {access|trunk|hybrid}", "port access vlan <1-4094>", "port trunk permit vlan {<vids>|all}",
    "port trunk pvid vlan <1-4094>",
)  # fmt: skip
COMMON = ("description <text>", "shutdown", "mtu <64-9600>", "ip address <ip> <mask>", "mac-address <mac>",
          "ip binding vpn-instance <word>", "jumboframe enable [<1500-12288>]", "bandwidth <1-400000000>")  # fmt: skip
UNIQUE = (
    "description", "mtu", "ip address", "mac-address", "ip binding vpn-instance", "jumboframe enable", "port link-type",
    "port access vlan", "port trunk pvid vlan", "port link-mode", "port link-aggregation group", "lacp period",
    "link-aggregation mode", "port m-lag group", "port m-lag peer-link", "speed", "bandwidth",
)  # fmt: skip
SIDES = "{primary|secondary} {authentication|authorization|accounting}"

ROOT = View(
    opens="",
    commands=(
        "sysname <word>",
        "lldp global enable",
        "dhcp enable",
        "m-lag system-mac <mac>",
        "m-lag system-number <1-2>",
        "m-lag system-priority <0-65535>",
        "m-lag role priority <0-65535>",
        f"m-lag keepalive ip destination <ip> source <ip> {VPN}",
        "m-lag mad exclude interface <if>",
        f"ip route-static {VPN} <ip> <mask> <ip>",
        "info-center enable",
        f"info-center loghost {VPN} <ip>",
        "snmp-agent",
        "snmp-agent sys-info version {v1|v2c|v3|all}",
        "snmp-agent group v3 <word> {privacy|authentication}",
        "snmp-agent usm-user v3 <word> <word>",
        "snmp-agent usm-user v3 <word> <word> {simple|cipher} authentication-mode {md5|sha} <key> privacy-mode {aes128|aes192|aes256|des56} <key>",
        f"snmp-agent target-host trap address udp-domain <ip> {VPN} params securityname <word> v3 privacy",
        "snmp-agent community {read|write} <text>",
        "ssh server enable",
        "telnet server enable",
        "ntp-service enable",
        f"ntp-service unicast-server <ip> {VPN}",
        f"dns server <ip> {VPN}",
        "clock timezone <word> {add|minus} <word>",
        "clock protocol {none|ntp|ptp}",
        "archive configuration location <word> filename-prefix <word>",
        "stp global enable",
    ),
    unique=(
        "sysname", "m-lag system-mac", "m-lag system-number", "m-lag system-priority", "m-lag role priority",
        "m-lag keepalive ip", "snmp-agent usm-user v3 <word>", "clock timezone", "snmp-agent sys-info version",
    ),
    views=(
        View("ip vpn-instance <word>", ("route-distinguisher <word>", "description <text>")),
        View("vlan <1-4094>", ("name <word>", "description <text>"), unique=("name", "description")),
        View(
            "interface <if:Bridge-Aggregation>",
            (
                *COMMON, *LAYER2, "link-aggregation mode dynamic", "lacp edge-port", "port m-lag peer-link <1-1>",
                "port m-lag group <1-1024> [allow-single-member]",
            ),
            unique=UNIQUE, lists=TRUNK,
        ),
        View(
            "interface <if:M-GigabitEthernet,Vlan-interface,LoopBack>",
            (*COMMON, "dhcp select relay", "dhcp relay server-address <ip>"), unique=UNIQUE,
        ),
        View(
            f"interface <if:{','.join(PHYSICAL)}>",
            (
                *COMMON, *LAYER2, "port link-mode {bridge|route}", "port link-aggregation group <1-1024>",
                "lacp period short", "speed <word>", "stp edged-port", "lldp enable",
            ),
            unique=UNIQUE, lists=TRUNK,
        ),
        View(
            "bgp <1-4294967295>",
            (
                "router-id <ip>", "peer <ip> as-number <1-4294967295>", "peer <ip> description <text>", "peer <ip> bfd",
                "peer <ip> ignore", "peer <ip> password {simple|cipher} <key>",
            ),
            (
                View(
                    "address-family ipv4 unicast", ("network <ip> <mask>", "peer <ip> enable", "balance <1-128>"),
                    unique=("balance",),
                ),
            ),
            unique=("router-id", "peer <ip> as-number", "peer <ip> description", "peer <ip> password"),
        ),
        View(
            "hwtacacs scheme <word>",
            (
                f"{SIDES} <ip> [<1-65535>]", "key {authentication|authorization|accounting} {simple|cipher} <key>",
                "user-name-format {with-domain|without-domain|keep-original}", "vpn-instance <word>",
            ),
            unique=(
                "primary authentication", "primary authorization", "primary accounting", "key authentication",
                "key authorization", "key accounting", "user-name-format", "vpn-instance",
            ),
        ),
        View(
            "domain <word>",
            ("{authentication|authorization|accounting} {login|default} hwtacacs-scheme <word> [local]",
             "{authentication|authorization|accounting} {login|default} local"),
            unique=("authentication login", "authorization login", "accounting login"),
        ),
    ),
)  # fmt: skip

COMWARE = Dialect(
    "undo",
    ROOT,
    NAMES,
    kept=("undo port trunk permit vlan 1", "undo telnet server enable"),
    deep=("peer",),
    hidden="$c$3${}",
    clear=((" simple ", " cipher "),),
)


def short_view(line: str) -> str:
    """What stands in the prompt for a view: Ten-GigabitEthernet1/0/1, bgp-default, vlan101."""
    words = line.split()
    if words[0] == "interface":
        return words[1]
    if words[0] == "vlan":
        return f"vlan{words[1]}"
    if words[0] == "bgp":
        return "bgp-default"
    if words[0] == "address-family":
        return "bgp-default-ipv4"
    if words[0] == "hwtacacs":
        return f"hwtacacs-{words[-1]}"
    if words[0] == "domain":
        return f"isp-{words[-1]}"
    return "-".join(words[1:]) if len(words) > 2 else words[-1]
