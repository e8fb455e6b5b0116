"""What a platform can express: everything that could not be rendered and read back is a fault, told before rendering.

Ranges are those of the platforms' command references; where models differ the smallest range is taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from topology.switch_config import Lag, Port, SwitchConfig


@dataclass(frozen=True)
class Limits:
    """Largest aggregate number, description length and MTU of a platform; `domain`: pairs have a number of
    their own; otherwise it is 1."""

    lag_max: int
    description_max: int
    mtu_max: int
    domain: bool = True


LIMITS = {
    "huawei_vrp": Limits(511, 242, 9216, domain=False),
    "h3c_comware": Limits(1023, 255, 9216, domain=False),
    "ruijie_rgos": Limits(255, 80, 9216),
}
NEIGHBOUR_TEXT = 79
"""Longest description of a BGP neighbour; VRP and RGOS take one character more."""
UNCONFIRMED = {
    "huawei_vrp": (
        "`dual-active detection source ip`, `system-mac` and `system-number` below dfs-group differ between releases "
        "(up to V200R019: `source ip`, and `lacp m-lag system-id` outside it): compare them with the command reference",
        "no spanning tree for the pair is written (`stp v-stp enable`): the maker's examples have it on both members",
    ),
    "h3c_comware": (),
    "ruijie_rgos": (
        "the M-LAG commands (mlag ...) could not be confirmed from public documents: compare them with the command "
        "reference of the model before they are sent",
    ),
}
"""Words of a template that nobody has confirmed, said whenever a configuration that uses them is rendered."""
TACACS = (
    "the TACACS+ template is not bound to the domain of administrators (`domain default_admin`, `hwtacacs server "
    "rackwright`), nor are rights asked by it: complete it by hand and keep a local account"
)


def faults(config: SwitchConfig) -> list[str]:
    """Everything in the record that its platform cannot say, one sentence each; empty when it can be rendered."""
    limits = LIMITS.get(config.platform)
    if limits is None:
        return [f"no template for platform {config.platform}"]
    return [
        *_vlans(config), *_ports(config, limits), *_lags(config, limits), *_pair(config, limits), *_gateways(config, limits), *_neighbours(config),
        *_servers(config),
    ]  # fmt: skip


def doubts(config: SwitchConfig) -> tuple[str, ...]:
    """What is rendered in words that nobody has confirmed."""
    found = UNCONFIRMED.get(config.platform, ()) if config.mlag or any(g.mlag for g in config.lags) else ()
    servers = sum(s.kind == "aaa" for s in config.servers)
    if config.platform == "huawei_vrp" and servers:
        found += (TACACS,)
        if servers > 1:
            found += (
                f"of {servers} TACACS+ servers the last is kept unless the others are said as `secondary`, `third`",
            )
    return found


def _vlans(config: SwitchConfig) -> Iterator[str]:
    if list(config.vlans) != sorted(set(config.vlans)) or len({v for v, _ in config.vlans}) != len(
        config.vlans
    ):
        yield "VLANs are not sorted or occur twice"
    for vid, name in config.vlans:
        yield from _vid("VLAN", vid)
        if name != "".join(name.split()) or "?" in name or len(name) > 31 or not name.isascii():
            yield f"VLAN {vid}: name {name!r} must be one word of at most 31 ASCII characters without a question mark"


def _vid(what: str, vid: int) -> Iterator[str]:
    if not 2 <= vid <= 4094:
        yield f"{what}: VLAN {vid} is not in 2..4094"


def _switched(what: str, item: Port | Lag) -> Iterator[str]:
    for vid in (*item.tagged, *([item.untagged] if item.untagged else [])):
        yield from _vid(what, vid)
    if list(item.tagged) != sorted(set(item.tagged)):
        yield f"{what}: tagged VLANs are not sorted or occur twice"
    if item.untagged in item.tagged:
        yield f"{what}: VLAN {item.untagged} both tagged and untagged"


def _text(what: str, text: str, most: int) -> Iterator[str]:
    if text != " ".join(text.split()) or "?" in text or not text.isprintable() or not text.isascii():
        yield (
            f"{what}: description {text!r} has a question mark, a control character, a character that is not ASCII "
            "or spaces a switch drops"
        )
    if len(text) > most:
        yield f"{what}: description of {len(text)} characters, {most} fit"


def _ports(config: SwitchConfig, limits: Limits) -> Iterator[str]:
    names = [p.name for p in config.ports]
    if len(set(names)) != len(names):
        yield "a port occurs twice"
    numbers = {g.number for g in config.lags}
    for port in config.ports:
        yield from _switched(port.name, port)
        yield from _text(port.name, port.description, limits.description_max)
        uses = [port.lag is not None, port.address is not None, bool(port.untagged or port.tagged)]
        if sum(uses) > 1:
            yield f"{port.name}: more than one of aggregate, address and VLANs"
        if port.lag is not None and port.lag not in numbers:
            yield f"{port.name}: no aggregate {port.lag}"
        if port.mtu is not None and not 1500 <= port.mtu <= limits.mtu_max:
            yield f"{port.name}: MTU {port.mtu} is not in 1500..{limits.mtu_max}"


def _lags(config: SwitchConfig, limits: Limits) -> Iterator[str]:
    members: dict[int, list[str]] = defaultdict(list)
    for port in config.ports:
        if port.lag is not None:
            members[port.lag].append(port.name)
    numbers = [g.number for g in config.lags]
    if numbers != sorted(set(numbers)):
        yield "aggregates are not sorted by number or occur twice"
    if sum(g.peer_link for g in config.lags) > 1:
        yield "more than one peer link"
    for lag in config.lags:
        what = f"aggregate {lag.number}"
        yield from _switched(what, lag)
        yield from _text(what, lag.description, limits.description_max)
        if not 0 <= lag.number <= limits.lag_max:
            yield f"{what}: number not in 0..{limits.lag_max}"
        if lag.mlag is not None and not 1 <= lag.mlag <= limits.lag_max:
            yield f"{what}: number across the pair {lag.mlag} not in 1..{limits.lag_max}"
        if not lag.members and not lag.lacp_fast and config.platform != "huawei_vrp":
            yield f"{what}: a slow LACP timeout is said at its members, and it has none"
        if not lag.members and lag.fallback and config.platform == "ruijie_rgos":
            yield f"{what}: forwarding before LACP runs is said at its members, and it has none"
        if lag.peer_link and lag.mlag is not None:
            yield f"{what}: both a peer link and towards a host"
        if lag.members != tuple(sorted(members[lag.number])):
            yield f"{what}: members {list(lag.members)}, but its ports are {sorted(members[lag.number])}"


def _pair(config: SwitchConfig, limits: Limits) -> Iterator[str]:
    mlag = config.mlag
    if mlag is None:
        if any(g.mlag is not None for g in config.lags):
            yield "an aggregate across the pair, but no pair"
        return
    if not any(g.peer_link and g.number == mlag.peer_lag for g in config.lags):
        yield f"the pair's peer link, aggregate {mlag.peer_lag}, is not there"
    if not limits.domain and mlag.domain != 1:
        yield f"pair domain {mlag.domain}: {config.platform} knows no other number than 1"
    if mlag.keepalive_port is not None:
        port = next((p for p in config.ports if p.name == mlag.keepalive_port), None)
        if port is None or (port.address or "").partition("/")[0] != mlag.keepalive_local:
            yield f"keepalive port {mlag.keepalive_port} does not bear {mlag.keepalive_local}"
    elif config.management is None:
        yield "keepalive over the management port, but there is no management address"


def _neighbours(config: SwitchConfig) -> Iterator[str]:
    for neighbour in config.bgp.neighbours if config.bgp else ():
        yield from _text(f"neighbour {neighbour.address}", neighbour.description, NEIGHBOUR_TEXT)


def _gateways(config: SwitchConfig, limits: Limits) -> Iterator[str]:
    for gateway in config.gateways:
        what = f"gateway of VLAN {gateway.vid}"
        yield from _text(what, gateway.description, limits.description_max)
        if any(":" in a for a in gateway.relay):
            yield f"{what}: DHCP servers of IPv6 have no template"
        elif list(gateway.relay) != sorted(set(gateway.relay), key=lambda a: tuple(map(int, a.split(".")))):
            yield f"{what}: DHCP servers are not sorted or occur twice"


def _servers(config: SwitchConfig) -> Iterator[str]:
    keys = [(s.kind, s.address) for s in config.servers]
    if keys != sorted(keys, key=lambda k: (k[0], tuple(map(int, k[1].split("."))) if "." in k[1] else ())):
        yield "servers are not sorted by kind and address"
    if len(set(keys)) != len(keys):
        yield "a server occurs twice"
    secrets: dict[tuple[str, str], set[str]] = defaultdict(set)
    for server in config.servers:
        what = f"{server.kind} server {server.address}"
        if ":" in server.address:
            yield f"{what}: IPv6 servers have no template"
        if server.kind == "snmp" and not server.account:
            yield f"{what}: SNMPv3 needs an account"
        if server.kind != "snmp" and server.account:
            yield f"{what}: an account has no place in the configuration"
        if server.kind not in ("snmp", "aaa") and server.secret:
            yield f"{what}: a secret has no place in the configuration"
        secrets[server.kind, server.account].add(server.secret)
    for (kind, account), found in sorted(secrets.items()):
        if len(found) > 1:
            yield f"{kind} servers {account}: several secrets {sorted(found)}, one is possible"
