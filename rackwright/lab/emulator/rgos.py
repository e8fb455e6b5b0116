"""What a Ruijie RGOS command line takes in configuration."""

from __future__ import annotations

from rackwright.lab.emulator.grammar import Names
from rackwright.lab.emulator.tree import Dialect, View

PHYSICAL = (
    "GigabitEthernet ", "TenGigabitEthernet ", "TFGigabitEthernet ", "FortyGigabitEthernet ",
    "HundredGigabitEthernet ", "TwoHundredGigabitEthernet ", "FourHundredGigabitEthernet ",
)  # fmt: skip
NAMES = Names(
    (*PHYSICAL, "AggregatePort ", "VLAN ", "Loopback ", "Mgmt "),
    {
        "10GE": "TenGigabitEthernet ", "25GE": "TFGigabitEthernet ", "40GE": "FortyGigabitEthernet ",
        "100GE": "HundredGigabitEthernet ", "GE": "GigabitEthernet ",
    },
)  # fmt: skip
COMMON = (
    "description <text>", "shutdown", "mtu <64-9216>", "ip address <ip> <mask>", "mac-address <mac>",
    "bfd interval <50-10000> min_rx <50-10000> multiplier <3-50>", "lldp enable",
)  # fmt: skip
LAYER2 = (
    "switchport", "switchport mode {access|trunk|hybrid}", "switchport access vlan <1-4094>",
    "switchport trunk native vlan <1-4094>", "switchport trunk allowed vlan only <vlist>",
)  # fmt: skip
UNIQUE = (
    "description", "mtu", "ip address", "mac-address", "switchport mode", "switchport access vlan",
    "switchport trunk native vlan", "switchport trunk allowed vlan", "port-group", "bfd interval", "gateway", "mlag group",
    "speed",
)  # fmt: skip

ROOT = View(
    opens="",
    commands=(
        "hostname <word>",
        "aaa new-model",
        "aaa authentication login {default|<word>} group tacacs+ [local]",
        "lldp enable",
        "service dhcp",
        "enable service {telnet-server|ssh-server|web-server|snmp-agent}",
        "tacacs-server host [oob] <ip>",
        "tacacs-server host [oob] <ip> key {0|7} <key>",
        "ip name-server [oob] <ip>",
        "ip route <ip> <mask> <ip>",
        "ntp server [oob] <ip>",
        "logging server [oob] <ip>",
        "logging on",
        "snmp-server group <word> v3 {auth|priv|noauth}",
        "snmp-server user <word> <word> v3",
        "snmp-server user <word> <word> v3 auth {md5|sha} <key> priv {des56|aes128|aes256} <key>",
        "snmp-server host [oob] <ip> traps version 3 {auth|priv} <word>",
        "snmp-server community <word> {ro|rw}",
        "clock timezone <word> <word> [<word>]",
        "spanning-tree",
    ),
    unique=("hostname", "snmp-server user <word>", "clock timezone", "tacacs-server host [oob] <ip>"),
    views=(
        View("vlan <1-4094>", ("name <word>",), unique=("name",)),
        View(
            "mlag domain <1-255>",
            (
                "system-mac <mac>", "system-number <1-2>", "role priority <1-65535>",
                "keepalive [oob] destination <ip> source <ip>",
            ),
            unique=("system-mac", "system-number", "role priority", "keepalive"),
        ),
        View(
            "interface <if:AggregatePort>", (*COMMON, *LAYER2, "mlag peer-link", "mlag group <1-255>"), unique=UNIQUE
        ),
        View("interface <if:VLAN,Loopback,Mgmt>", (*COMMON, "gateway <ip>", "ip helper-address <ip>"), unique=UNIQUE),
        View(
            f"interface <if:{','.join(p.strip() for p in PHYSICAL)}>",
            (
                *COMMON, *LAYER2, "port-group <1-256> [mode {active|passive}]", "lacp short-timeout", "lacp individual-port enable",
                "lacp port-priority <0-65535>", "speed <word>", "spanning-tree portfast",
            ),
            unique=UNIQUE,
        ),
        View(
            "router bgp <1-4294967295>",
            (
                "bgp router-id <ip>", "bgp log-neighbor-changes", "neighbor <ip> remote-as <1-4294967295>",
                "neighbor <ip> description <text>", "neighbor <ip> fall-over bfd", "neighbor <ip> shutdown",
                "neighbor <ip> password {0|7} <key>",
            ),
            (
                View(
                    "address-family ipv4 [unicast]",
                    ("network <ip> mask <ip>", "neighbor <ip> activate", "maximum-paths ebgp <1-128>"),
                    unique=("maximum-paths ebgp",),
                ),
            ),
            unique=("bgp router-id", "neighbor <ip> remote-as", "neighbor <ip> description", "neighbor <ip> password"),
        ),
        View("line vty <0-35> [<0-35>]", ("login authentication <word>", "transport input {ssh|telnet|all|none}",
                                          "exec-timeout <0-35791>")),
    ),
)  # fmt: skip

RGOS = Dialect(
    "no",
    ROOT,
    NAMES,
    kept=("no switchport", "no lldp enable", "no enable service telnet-server"),
    separator="!",
    deep=("neighbor",),
    hidden="$10${}$",
    clear=((" key 0 ", " key 7 "), (" password 0 ", " password 7 ")),
)


def mode(path: tuple[str, ...], *, several: bool = False) -> str:
    """What stands in the prompt for a view: config, config-if-TenGigabitEthernet 0/1, config-router-af."""
    if several:
        return "config-if-range"
    if not path:
        return "config"
    words = path[-1].split(None, 1)
    kind = {
        "vlan": "vlan",
        "mlag": "mlag-domain",
        "router": "router",
        "address-family": "router-af",
        "line": "line",
    }
    return f"config-if-{words[1]}" if words[0] == "interface" else f"config-{kind[words[0]]}"
