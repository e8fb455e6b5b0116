"""What a Huawei VRP (CloudEngine) command line takes in configuration."""

from __future__ import annotations

from rackwright.lab.emulator.tree import Dialect, View

IP = r"\d+\.\d+\.\d+\.\d+"
NAME = r"\S+"
TEXT = r".+"
MAC = r"[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}"
VIDS = r"\d+(?: to \d+)?(?: \d+(?: to \d+)?)*"
VPN = rf"(?: vpn-instance {NAME})?"

COMMON_PORT = (
    rf"description {TEXT}",
    "shutdown",
    r"jumboframe enable \d+",
    r"mtu \d+",
    rf"ip address {IP} {IP}",
    rf"ip binding vpn-instance {NAME}",
    r"port link-type (?:access|trunk|hybrid)",
    r"port default vlan \d+",
    rf"port trunk allow-pass vlan (?:{VIDS}|all)",
    r"port trunk pvid vlan \d+",
    "undo portswitch",
    "undo port trunk allow-pass vlan 1",
    rf"mac-address {MAC}",
    "stp edged-port enable",
    r"speed \S+",
)
UNIQUE_PORT = (
    "description", "jumboframe enable", "mtu", "ip address", "port link-type", "port default vlan", "eth-trunk",
    "mac-address", "ip binding vpn-instance", "port trunk pvid vlan", "speed", "port trunk allow-pass vlan",
)  # fmt: skip

ROOT = View(
    opens="",
    commands=(
        rf"sysname {NAME}",
        rf"vlan batch {VIDS}",
        "bfd",
        "hwtacacs enable",
        rf"ip route-static{VPN} {IP} {IP} {IP}",
        rf"ntp unicast-server {IP}{VPN}",
        rf"dns server {IP}{VPN}",
        rf"info-center loghost {IP}{VPN}",
        "info-center enable",
        "snmp-agent",
        r"snmp-agent sys-info version (?:v1|v2c|v3|all)(?: v2c| v3)*",
        rf"snmp-agent group v3 {NAME} (?:privacy|authentication)",
        rf"snmp-agent usm-user v3 {NAME}(?: group {NAME})?",
        rf"snmp-agent usm-user v3 {NAME} (?:authentication|privacy)-mode \S+ cipher {NAME}",
        rf"snmp-agent target-host trap address udp-domain {IP}{VPN} params securityname {NAME} v3 privacy",
        rf"snmp-agent community (?:read|write) {TEXT}",
        "lldp enable",
        "telnet server enable",
        "telnet ipv6 server enable",
        "stelnet server enable",
        rf"clock timezone {TEXT}",
        rf"header login information {TEXT}",
        r"acl number \d+",
    ),
    unique=(
        "sysname", "vlan batch", r"snmp-agent usm-user v3 \S+ (?:authentication|privacy)-mode", "clock timezone",
        "snmp-agent sys-info version",
    ),
    views=(
        View(r"vlan \d+", (rf"name {NAME}", rf"description {TEXT}"), unique=("name", "description"), name="vlan"),
        View(rf"ip vpn-instance {NAME}", views=(View("ipv4-family", name="vpn"),), name="vpn"),
        View(
            r"dfs-group \d+",
            (
                r"priority \d+", rf"system-mac {MAC}", r"system-number [12]",
                rf"dual-active detection source ip {IP}{VPN} peer {IP}", r"m-lag up-delay \d+",
            ),
            unique=("priority", "system-mac", "system-number", "dual-active detection", "m-lag up-delay"),
            name="dfs-group",
        ),
        View(
            rf"hwtacacs server template {NAME}",
            (rf"hwtacacs server authentication {IP}{VPN}", rf"hwtacacs server shared-key cipher {NAME}"),
            unique=("hwtacacs server shared-key",),
            name="hwtacacs",
        ),
        View(
            "aaa",
            (rf"local-user {NAME} {TEXT}",),
            (View(rf"authentication-scheme {NAME}", (rf"authentication-mode {TEXT}",), unique=("authentication-mode",), name="aaa"),),
            name="aaa",
        ),
        View(
            r"interface Eth-Trunk\d+",
            (
                *COMMON_PORT, r"mode lacp-(?:static|dynamic)", "lacp timeout (?:fast|slow)", r"peer-link \d+",
                r"dfs-group \d+ m-lag \d+",
            ),
            unique=(*UNIQUE_PORT, "mode", "lacp timeout", "peer-link", "dfs-group"),
            name="interface",
        ),
        View(r"interface (?:Vlanif|LoopBack|MEth)\S+", COMMON_PORT, unique=UNIQUE_PORT, name="interface"),
        View(
            r"interface (?:10|25|40|100)?GE\d+/\d+/\d+",
            (*COMMON_PORT, r"eth-trunk \d+"),
            unique=UNIQUE_PORT,
            name="interface",
        ),
        View(
            r"bgp \d+",
            (
                rf"router-id {IP}", rf"peer {IP} as-number \d+", rf"peer {IP} description {TEXT}", rf"peer {IP} bfd enable",
                rf"peer {IP} (?:password cipher|ignore){TEXT}?",
            ),
            (
                View(
                    "ipv4-family unicast",
                    (rf"network {IP} {IP}", rf"peer {IP} enable", r"maximum load-balancing \d+", "undo synchronization"),
                    unique=("maximum load-balancing",),
                    name="af-ipv4",
                ),
            ),
            unique=("router-id", rf"peer {IP} as-number", rf"peer {IP} description"),
            name="bgp",
        ),
    ),
)  # fmt: skip

VRP = Dialect("undo", ROOT, kept=("undo portswitch", "undo port trunk allow-pass vlan 1", "undo telnet server enable",
                                  "undo telnet ipv6 server enable", "undo snmp-agent sys-info version v1 v2c"))  # fmt: skip


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
    return words[0] if len(words) < 3 else words[-1]
