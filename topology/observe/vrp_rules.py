"""How a Huawei VRP configuration changes: what is one value, how a line is taken back, what goes first and last."""

from __future__ import annotations

import re

from topology.observe.hier import driver, negation
from topology.observe.remediation import Rules

ONE_VALUE = (
    r"sysname", r"vlan \d+ / (?:name|description)",
    r"interface \S+ / (?:description|jumboframe enable|mtu|ip address|port link-type|port default vlan"
    r"|port trunk pvid vlan|mac-address|mode|lacp timeout|ip binding vpn-instance)",
    r"bgp \d+ / router-id", r"bgp \d+ / peer \S+ (?:as-number|description)",
    r"bgp \d+ / ipv4-family unicast / maximum load-balancing",
    r"dfs-group \d+ / (?:priority|system-mac|system-number|dual-active detection)",
    r"hwtacacs server template \S+ / hwtacacs server shared-key",
    r"aaa / authentication-scheme \S+ / authentication-mode",
    r"snmp-agent sys-info version", r"snmp-agent usm-user v3 \S+ (?:authentication-mode|privacy-mode)",
)  # fmt: skip
"""Lines of which a section holds one: the new one takes the place of the old, nothing is taken back before."""

SHORT = re.compile(
    r"description|jumboframe enable|mtu|ip address|port link-type|port default vlan|port trunk pvid vlan|eth-trunk"
    r"|mac-address|mode|lacp timeout|name|priority|system-mac|system-number|dual-active detection|router-id"
    r"|maximum load-balancing|hwtacacs server shared-key|authentication-mode|peer \S+ description"
    r"|snmp-agent usm-user v3 \S+|snmp-agent sys-info version"
)
MANAGED = re.compile(
    r"vlan batch \d+|vlan \d+(?: / name .*)?|interface (?:Eth-Trunk|Vlanif)\d+|interface LoopBack0|bfd|dhcp enable"
    r"|interface \S+ / (?:description|shutdown|jumboframe enable|mtu|ip address|port |eth-trunk|mode lacp|lacp |dhcp "
    r"|peer-link|dfs-group|mac-address|undo portswitch|undo port trunk).*"
    r"|dfs-group \d+(?: / .*)?|bgp \d+(?: / .*)?"
    r"|hwtacacs server template rackwright(?: / .*)?"
    r"|ntp unicast-server .*|dns server .*|info-center loghost .*|snmp-agent (?:usm-user|target-host|community) .*"
    r"|ip route-static vpn-instance mgmt .*|lldp enable|telnet server enable|telnet ipv6 server enable"
    r"|snmp-agent sys-info version .*"
)


NEGATED = negation(SHORT, re.compile(r"(peer \S+) as-number \d+"))

RULES = Rules(
    driver=driver("huawei_vrp", "HConfigDriverHuaweiVrp", ONE_VALUE, NEGATED),
    managed=MANAGED,
    first=re.compile(r"bgp \d+|dfs-group \d+"),
    late=re.compile(r"bgp .*"),
    negated=NEGATED, one_value=ONE_VALUE,
    way_in=re.compile(r"ip vpn-instance mgmt(?: / .*)?|interface MEth\S+(?: / .*)?|ip route-static vpn-instance mgmt .*"),
    fixed=re.compile(r"interface (?!Eth-Trunk|Vlanif|LoopBack)\S+|interface \S+ / portswitch"),
    lists=("vlan batch", "port trunk allow-pass vlan"),
    off=(
        ("undo telnet server enable", "telnet server enable"),
        ("undo telnet ipv6 server enable", "telnet ipv6 server enable"),
        ("undo snmp-agent sys-info version v1 v2c", r"snmp-agent sys-info version (?!v3$).*|snmp-agent community .*"),
    ),
)  # fmt: skip
