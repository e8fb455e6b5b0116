"""How an H3C Comware 7 configuration changes: what is one value, how a line is taken back, what goes first and last."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from topology.observe.remediation import Rules

ONE_VALUE = tuple(
    re.compile(pattern)
    for pattern in (
        r"sysname", r"vlan \d+ / (?:name|description)", r"m-lag (?:system-mac|system-number|role priority|keepalive ip)",
        r"interface \S+ / (?:description|jumboframe enable|mtu|ip address|port link-type|port link-mode"
        r"|port access vlan|port trunk pvid vlan|mac-address|link-aggregation mode|lacp period|ip binding vpn-instance)",
        r"bgp \d+ / router-id", r"bgp \d+ / peer \S+ (?:as-number|description)",
        r"bgp \d+ / address-family ipv4 unicast / balance",
        r"snmp-agent sys-info version", r"snmp-agent usm-user v3 \S+ \S+",
    )
)  # fmt: skip
SHORT = re.compile(
    r"description|jumboframe enable|mtu|port link-type|port access vlan|port trunk pvid|port link-aggregation group"
    r"|mac-address|link-aggregation mode|lacp period|port m-lag group|name|router-id|balance|peer \S+ description"
    r"|m-lag (?:system-mac|system-number|role priority|keepalive ip)|snmp-agent usm-user v3 \S+ \S+"
)
MANAGED = re.compile(
    r"vlan (?!1(?: |$))\d+(?: / name .*)?|interface (?:Bridge-Aggregation|Vlan-interface)\d+|interface LoopBack0"
    r"|interface \S+ / (?:description|shutdown|jumboframe enable|mtu|ip address|port link-type|port access|port trunk"
    r"|undo port trunk|port link-aggregation|link-aggregation mode|lacp period|port m-lag|mac-address).*"
    r"|m-lag .*|bgp \d+(?: / .*)?|ntp-service unicast-server .*|dns server .*|info-center loghost .*"
    r"|snmp-agent (?:usm-user|target-host|community) .*|ip route-static vpn-instance mgmt .*"
    r"|lldp global enable|hwtacacs scheme rackwright(?: / .*)?|telnet server enable"
)


def negated(line: str) -> str:
    """How a line is taken back."""
    if line.startswith("undo "):
        return line.removeprefix("undo ")
    if found := re.fullmatch(r"(peer \S+) as-number \d+", line):
        return f"undo {found[1]}"
    if found := SHORT.match(line):
        return f"undo {found[0]}"
    return f"undo {line}"


@cache
def _driver_class() -> Any:
    from hier_config.child import HConfigChild
    from hier_config.platforms.hp_comware5.driver import HConfigDriverHPComware5

    class Driver(HConfigDriverHPComware5):
        """hier_config's driver with this module's rules."""

        def negate_with(self, config: HConfigChild) -> str | None:
            return negated(config.text)

        def idempotent_for(
            self, config: HConfigChild, other_children: Iterable[HConfigChild]
        ) -> HConfigChild | None:
            key = _key(config)
            return next((other for other in other_children if key and _key(other) == key), None)

    return Driver


def _key(child: Any) -> str:
    path = " / ".join(child.path())
    return next((found[0] for pattern in ONE_VALUE if (found := pattern.match(path))), "")


RULES = Rules(
    driver=lambda: _driver_class()(), managed=MANAGED, first=re.compile(r"bgp \d+"), late=re.compile(r"bgp .*"),
    negated=negated, lists=("port trunk permit vlan",),
    off=(("undo telnet server enable", "telnet server enable"),),
)  # fmt: skip
