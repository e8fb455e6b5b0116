"""Whatever a platform can express is the same after rendering and reading back, and no secret's value is in it."""

from __future__ import annotations

import ipaddress
from typing import Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rackwright.lab.emulator.tree import from_text, text_of
from rackwright.lab.switches import emulator
from topology.platforms.limits import LIMITS, faults
from topology.platforms.ports import KINDS, native, planned, short
from topology.platforms.render import PLATFORMS, parse, render
from topology.switch_config import (
    Bgp,
    Gateway,
    Lag,
    Mlag,
    Neighbour,
    Port,
    PortRole,
    Server,
    SwitchConfig,
    comparable,
)

VIDS = st.integers(2, 4094)
WORDS = st.text("abcdefghijkABCDEFGHIJK0123456789-_.:/", min_size=1, max_size=12).filter(
    lambda w: w[0] not in "-.:/"
)
TEXTS = st.lists(WORDS, max_size=4).map(" ".join)
ADDRESSES = st.integers(0x0A000000, 0x0AFFFFFF).map(lambda n: str(ipaddress.ip_address(n)))
MACS = st.binary(min_size=5, max_size=5).map(lambda b: ":".join(f"{x:02x}" for x in (2, *b)))
SPEEDS = st.sampled_from(["GE", "10GE", "25GE", "40GE", "100GE"])


@st.composite
def switched(draw: st.DrawFn) -> tuple[int, tuple[int, ...]]:
    tagged = tuple(sorted(draw(st.sets(VIDS, max_size=8))))
    untagged = draw(st.one_of(st.just(0), VIDS))
    return (0 if untagged in tagged else untagged), tagged


@st.composite
def configs(draw: st.DrawFn, platform: str) -> SwitchConfig:
    """A configuration with every field varied inside what the platform can express."""
    limits = LIMITS[platform]
    lag_numbers = sorted(draw(st.sets(st.integers(0, min(limits.lag_max, 60)), max_size=5)))
    peer = draw(st.sampled_from(lag_numbers)) if bool(lag_numbers) and draw(st.booleans()) else None
    management = None
    if draw(st.booleans()):
        own = draw(ADDRESSES)
        management = (
            "MEth0/0/0",
            f"{own}/{draw(st.integers(8, 30))}",
            draw(st.one_of(st.just(""), ADDRESSES)),
        )
    ports = draw(_ports(lag_numbers))
    members = {n: tuple(sorted(p.name for p in ports if p.lag == n)) for n in lag_numbers}
    routed = [p for p in ports if p.address and p.name != "loopback0"]
    mlag = None
    keepalive_port = None
    if peer is not None and (management or routed):
        local, number = draw(ADDRESSES), draw(st.sampled_from((1, 2)))
        if routed and (management is None or draw(st.booleans())):
            keepalive_port = routed[0].name
            local = str(ipaddress.ip_interface(str(routed[0].address)).ip)
        mlag = Mlag(
            draw(st.integers(1, 255)) if limits.domain else 1, _number(number), draw(st.integers(1, 254)), draw(MACS),
            peer, local, draw(ADDRESSES), keepalive_port,
        )  # fmt: skip
    lags = []
    for n in lag_numbers:
        untagged, tagged = draw(switched())
        across = draw(st.one_of(st.none(), st.integers(1, 200))) if mlag and n != peer else None
        fast = draw(st.booleans()) or not members[n]
        fallback = bool(members[n]) and n != peer and draw(st.booleans())
        lags.append(Lag(n, draw(TEXTS), members[n], across, n == peer, fast, untagged, tagged, fallback))
    vlans = draw(st.dictionaries(VIDS, st.one_of(st.just(""), WORDS), max_size=6))
    gateways = [
        Gateway(v, f"{draw(ADDRESSES)}/{draw(st.integers(8, 30))}", draw(MACS), draw(TEXTS), draw(st.one_of(st.none(), st.integers(1500, 9000))),
                tuple(sorted(draw(st.sets(ADDRESSES, max_size=2)), key=lambda a: ipaddress.ip_address(a).packed)))
        for v in sorted(draw(st.sets(VIDS, max_size=3)))
    ]  # fmt: skip
    return SwitchConfig(
        draw(WORDS), platform, tuple(sorted(vlans.items())), tuple(ports), tuple(lags), tuple(gateways), mlag,
        draw(st.one_of(st.none(), bgps())), management, draw(servers()), draw(st.booleans()),
    )  # fmt: skip


def _number(number: int) -> Literal[1, 2]:
    return 1 if number == 1 else 2


@st.composite
def _ports(draw: st.DrawFn, lag_numbers: list[int]) -> list[Port]:
    slots = sorted(draw(st.sets(st.integers(1, 48), max_size=8)))
    out: list[Port] = []
    used: set[str] = set()
    for slot in slots:
        name = f"{draw(SPEEDS)}1/0/{slot}"
        what = draw(st.sampled_from(["lag", "routed", "switched", "nothing"]))
        lag = draw(st.sampled_from(lag_numbers)) if what == "lag" and lag_numbers else None
        address = None
        if what == "routed":
            address = f"{draw(ADDRESSES)}/{draw(st.integers(8, 31))}"
            host = address.partition("/")[0]
            if host in used:
                address = None
            used.add(host)
        untagged, tagged = draw(switched()) if what == "switched" else (0, ())
        role: PortRole = draw(st.sampled_from(["access", "uplink", "oob", "keepalive"]))
        mtu = draw(st.one_of(st.none(), st.integers(1500, 9216)))
        out.append(Port(name, role, draw(TEXTS), draw(st.booleans()), lag, address, mtu, untagged, tagged))
    if draw(st.booleans()):
        out.append(Port("loopback0", "loopback", draw(TEXTS), address=f"{draw(ADDRESSES)}/32"))
    return out


@st.composite
def bgps(draw: st.DrawFn) -> Bgp:
    """Possibly without a neighbour or a prefix."""
    peers = sorted(draw(st.sets(ADDRESSES, max_size=4)))
    neighbours = tuple(
        Neighbour(a, draw(st.integers(1, 4294967294)), draw(TEXTS), draw(st.booleans())) for a in peers
    )
    networks = [
        str(ipaddress.ip_network(f"{a}/{draw(st.integers(8, 32))}", strict=False))
        for a in sorted(draw(st.sets(ADDRESSES, max_size=3)))
    ]
    return Bgp(
        draw(st.integers(1, 4294967294)), draw(ADDRESSES), neighbours, tuple(dict.fromkeys(networks))
    )  # no prefix twice: a switch keeps one


@st.composite
def servers(draw: st.DrawFn) -> tuple[Server, ...]:
    """Several of every kind; all of `aaa` share one secret, so do all of one SNMP account."""
    key, user_key, user = draw(WORDS), draw(st.one_of(st.just(""), WORDS)), draw(WORDS)
    rows: list[Server] = []
    for kind in ("aaa", "dns", "ntp", "snmp", "syslog"):
        for address in sorted(
            draw(st.sets(ADDRESSES, max_size=2)), key=lambda a: tuple(map(int, a.split(".")))
        ):
            secret = key if kind == "aaa" else user_key if kind == "snmp" else ""
            rows.append(Server(kind, address, user if kind == "snmp" else "", secret))
    return tuple(rows)


ANY = st.sampled_from(PLATFORMS).flatmap(configs)


@settings(max_examples=150, derandomize=True, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(ANY)
def test_read_back_is_what_was_rendered(config: SwitchConfig) -> None:
    assert faults(config) == []
    text = render(config)
    assert parse(config.platform, text) == config
    assert render(parse(config.platform, text)) == text
    assert all(line == line.rstrip() for line in text.splitlines())
    assert comparable(parse(config.platform, text)) == comparable(config)


@settings(max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(ANY)
def test_an_emulated_switch_takes_and_shows_what_was_rendered(config: SwitchConfig) -> None:
    dialect = emulator(config.platform)[0]
    shown = text_of(dialect, from_text(dialect, render(config)))
    assert comparable(parse(config.platform, shown)) == comparable(config)
    assert text_of(dialect, from_text(dialect, shown)) == shown


@given(st.sampled_from(list(KINDS)), SPEEDS, st.integers(1, 4), st.integers(0, 9), st.integers(1, 60))
def test_port_names_go_there_and_back(platform: str, speed: str, unit: int, card: int, port: int) -> None:
    name = f"{speed}{unit}/{card}/{port}"
    own = native(platform, name)
    assert own != name
    assert planned(platform, own) == name
    assert planned(platform, short(platform, own)) == name
    assert planned(platform, own.replace(" ", "")) == name
    assert planned("huawei_vrp", name) == name
