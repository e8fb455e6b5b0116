"""How an H3C Comware 7 configuration changes: what is one value, how a line is taken back, what goes first and last."""

from __future__ import annotations

import re

from topology.observe.hier import driver, negation
from topology.observe.remediation import Rules

ONE_VALUE = (
    r"sysname", r"vlan \d+ / (?:name|description)", r"m-lag (?:system-mac|system-number|role priority|keepalive ip)",
    r"interface \S+ / (?:description|jumboframe enable|mtu|ip address|port link-type|port link-mode"
    r"|port access vlan|port trunk pvid vlan|mac-address|link-aggregation mode|lacp period|ip binding vpn-instance)",
    r"bgp \d+ / router-id", r"bgp \d+ / peer \S+ (?:as-number|description)",
    r"bgp \d+ / address-family ipv4 unicast / balance",
    r"snmp-agent sys-info version", r"snmp-agent usm-user v3 \S+ \S+",
)  # fmt: skip
SHORT = re.compile(
    r"description|jumboframe enable|mtu|port link-type|port link-mode|port access vlan|port trunk pvid"
    r"|port link-aggregation group"
    r"|mac-address|link-aggregation mode|lacp period|port m-lag group|name|router-id|balance|peer \S+ description"
    r"|m-lag (?:system-mac|system-number|role priority|keepalive ip)|snmp-agent usm-user v3 \S+ \S+"
)
MANAGED = re.compile(
    r"vlan (?!1(?: |$))\d+(?: / name .*)?|interface (?:Bridge-Aggregation|Vlan-interface)\d+|interface LoopBack0"
    r"|interface \S+ / (?:description|shutdown|jumboframe enable|mtu|ip address|port link-type|port access|port trunk"
    r"|undo port trunk|port link-aggregation|link-aggregation mode|lacp |dhcp |port m-lag|mac-address).*"
    r"|m-lag .*|bgp \d+(?: / .*)?|ntp-service unicast-server .*|dns server .*|info-center loghost .*"
    r"|snmp-agent (?:usm-user|target-host|community) .*|ip route-static vpn-instance mgmt .*"
    r"|lldp global enable|dhcp enable|hwtacacs scheme rackwright(?: / .*)?|telnet server enable"
)


NEGATED = negation(SHORT, re.compile(r"(peer \S+) as-number \d+"))

RULES = Rules(
    driver=driver("hp_comware5", "HConfigDriverHPComware5", ONE_VALUE, NEGATED), managed=MANAGED,
    first=re.compile(r"bgp \d+"), late=re.compile(r"bgp .*"), negated=NEGATED, one_value=ONE_VALUE,
    way_in=re.compile(r"ip vpn-instance mgmt(?: / .*)?|interface M-GigabitEthernet\S+(?: / .*)?|ip route-static vpn-instance mgmt .*"),
    fixed=re.compile(r"interface (?!Bridge-Aggregation|Vlan-interface|LoopBack)\S+"), lists=("port trunk permit vlan",),
    off=(("undo telnet server enable", "telnet server enable"),),
)  # fmt: skip
