"""How a Ruijie RGOS configuration changes: what is one value, how a line is taken back, what goes first and last."""

from __future__ import annotations

import re

from topology.observe.hier import driver, negation
from topology.observe.remediation import Rules

ONE_VALUE = (
    r"hostname", r"vlan \d+ / name",
    r"interface [A-Za-z]+ \S+ / (?:description|mtu|ip address|switchport mode|switchport access vlan|mlag group|gateway"
    r"|switchport trunk native vlan|switchport trunk allowed vlan|port-group|mac-address|bfd interval)",
    r"router bgp \d+ / bgp router-id", r"router bgp \d+ / neighbor \S+ (?:remote-as|description)",
    r"router bgp \d+ / address-family ipv4 / maximum-paths ebgp",
    r"mlag domain \d+ / (?:system-mac|system-number|role priority|keepalive)",
    r"tacacs-server host (?:oob )?[\d.]+", r"snmp-server user \S+",
)  # fmt: skip
SHORT = re.compile(
    r"description|mtu|ip address|switchport mode|switchport access vlan|switchport trunk native vlan|mac-address|name"
    r"|switchport trunk allowed vlan|port-group|bfd interval|gateway|bgp router-id|neighbor \S+ description"
    r"|maximum-paths ebgp|system-mac|system-number|role priority|keepalive|mlag group"
    r"|tacacs-server host (?:oob )?[\d.]+|snmp-server user \S+ \S+ v3"
)
MANAGED = re.compile(
    r"vlan (?!1(?: |$))\d+(?: / name .*)?|interface (?:AggregatePort|VLAN) \d+|interface Loopback 0"
    r"|interface [A-Za-z]+ \S+ / (?:description|shutdown|mtu|ip address|no switchport|switchport (?:mode|access|trunk)"
    r"|port-group|lacp|ip helper-address|mlag|mac-address|bfd interval|gateway).*"
    r"|mlag domain \d+(?: / .*)?|router bgp \d+(?: / .*)?"
    r"|ntp server .*|ip name-server .*|logging server .*|snmp-server (?:user|host|community) .*"
    r"|tacacs-server host .*|(?:no )?lldp enable|service dhcp|enable service telnet-server"
)
NEGATED = negation(SHORT, re.compile(r"(neighbor \S+) remote-as \d+"), "no ")

RULES = Rules(
    driver=driver("generic", "HConfigDriverGeneric", ONE_VALUE, NEGATED), managed=MANAGED,
    first=re.compile(r"router bgp \d+|mlag domain \d+"), late=re.compile(r"router bgp .*"), negated=NEGATED, one_value=ONE_VALUE,
    way_in=re.compile(r"interface Mgmt \S+(?: / .*)?"),
    fixed=re.compile(r"interface (?!AggregatePort|VLAN|Loopback)[A-Za-z]+ \S+|interface [A-Za-z]+ \S+ / switchport|lldp enable"), word="no ",
    leave="exit", off=(("no enable service telnet-server", "enable service telnet-server"), ("lldp enable", "no lldp enable")),
)  # fmt: skip
