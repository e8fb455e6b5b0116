"""Properties of the address planner: nothing overlaps, nothing moves, order does not matter."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.inventory import Inventory
from inventory.load import load
from inventory.plan_model import Cable, End, PlacedDevice, Plan
from topology.addresses import Issued, plan_addresses

DAY = date(2026, 6, 1)
SERVERS, PAIRS = 24, 4


def _base() -> Inventory:
    pairs = "\n".join(
        f"  - {{name: P{n}, title: {{en: P, zh: P}}, device_type: access-10g-48s6q, site: A, port_plan: access,"
        f" keepalive: {'port' if n % 2 else 'mgmt'}, downlink: {{cable: fibre-om4-lc}}}}"
        for n in range(PAIRS)
    )
    pools = "\n".join(
        f"  - {{name: {plane}-{n}, plane: {plane}, site: A, prefix: {prefix}}}"
        for plane, prefixes in {
            "loopback": ["10.0.255.0/26"],
            "p2p": ["10.0.254.0/28", "10.0.254.128/25"],
            "business": ["10.0.0.0/24"],
            "bmc": ["10.0.240.0/28", "10.0.240.64/27"],
            "mgmt": ["10.0.241.0/28"],
            "interconnect": ["10.0.253.0/30"],
        }.items()
        for n, prefix in enumerate(prefixes)
    )
    text = f"""\
project: {{name: one, title: {{en: One, zh: One}}}}
sites: [{{name: A, role: production, title: {{en: A, zh: A}}}}]
port_plans: [{{name: access, device_type: access-10g-48s6q, ranges: {{uplink: "100GE1/0/[1-4]"}}}}]
existing_switches:
  - {{name: D1, title: {{en: D, zh: D}}, site: A, role: core}}
  - {{name: D2, title: {{en: D, zh: D}}, site: A, role: core}}
existing_hosts:
  - {{name: old, stated: 1, hosts: [{{name: h, addresses: [10.0.240.7, 10.0.0.40]}}]}}
reserved_prefixes:
  - {{prefix: 10.0.0.64/27, reason: taken}}
pairs:
{pairs}
fleets:
  - {{name: s, title: {{en: S, zh: S}}, role: server, device_type: hygon-c86-ecs-2u, count: {SERVERS}, site: A}}
pools:
{pools}
asn_pools:
  - {{name: core, site: A, role: core, first: 65100, last: 65100}}
  - {{name: access, site: A, role: access, first: 65101, last: 65103}}
"""
    with TemporaryDirectory() as folder:
        Path(folder, "project.yml").write_text(text, encoding="utf-8")
        loaded = load(Path(folder))
    assert loaded.inventory is not None, [f.to_text() for f in loaded.findings]
    return loaded.inventory


INVENTORY = _base()
State = tuple[tuple[PlacedDevice, ...], tuple[Cable, ...]]


@st.composite
def states(draw: st.DrawFn) -> State:
    """Some of the servers on some of the pairs, and some of the uplinks."""
    present = draw(st.lists(st.integers(0, PAIRS - 1), min_size=1, unique=True))
    servers = draw(
        st.dictionaries(st.integers(1, SERVERS), st.sampled_from([*present, None]), max_size=SERVERS)
    )
    devices = [
        PlacedDevice(name=f"P{n}{side}", owner=f"P{n}", device_type="access-10g-48s6q", site="A")
        for n in present
        for side in "AB"
    ]
    devices += [
        PlacedDevice(
            name=f"s-{n:03d}", owner="s", device_type="hygon-c86-ecs-2u", site="A",
            pair=None if pair is None else f"P{pair}",
        )
        for n, pair in servers.items()
    ]  # fmt: skip
    cables = [
        Cable(
            id=f"F-P{n}{side}-{core}", kind="uplink", type="fibre", speed_gbps=40.0,
            a=End(device=f"P{n}{side}", port=f"u{core}"), b=End(device=core, port=None),
            length_m=None, stock_m=None, label_a="", label_b="",
        )
        for n in present
        for side in "AB"
        for core in ("D1", "D2")
        if draw(st.booleans())
    ]  # fmt: skip
    return tuple(devices), tuple(cables)


def plan_of(state: State, issued: Issued) -> Plan:
    return Plan(devices=state[0], cables=state[1], prefixes=issued[0], asns=issued[1], addresses=issued[2])


def check_sound(issued: Issued) -> None:
    """No overlap, every address in its prefix, nothing reserved, no number twice."""
    nets = [ipaddress.ip_network(p.prefix) for p in issued[0]]
    for i, net in enumerate(nets):
        assert not any(net.overlaps(other) for other in nets[i + 1 :])
    live = [a for a in issued[2] if a.released is None]
    values = [a.address for a in issued[2]]
    assert len(values) == len(set(values))
    assert len({(a.device, a.interface) for a in live}) == len(live)
    gateways = {p.gateway for p in issued[0]}
    reserved = ipaddress.ip_network("10.0.0.64/27")
    texts = {p.prefix for p in issued[0]}
    for row in live:
        address, net = ipaddress.ip_address(row.address), ipaddress.ip_network(row.prefix)
        assert row.prefix in texts
        assert address in net
        assert net.prefixlen == 31 or address not in (net.network_address, net.broadcast_address)
        assert address not in reserved
        assert row.address not in {"10.0.240.7", "10.0.0.40"} | gateways
    numbers = [a.asn for a in issued[1]]
    assert len(numbers) == len(set(numbers))
    assert list(issued[0]) == sorted(issued[0], key=lambda p: (ipaddress.ip_network(p.prefix), p.used_by))


@settings(max_examples=60, deadline=None)
@given(states())
def test_what_is_issued_is_sound(state: State) -> None:
    check_sound(plan_addresses(INVENTORY, *state, None, DAY))


@settings(max_examples=60, deadline=None)
@given(states(), states(), st.integers(0, 400))
def test_nothing_moves(first: State, second: State, days: int) -> None:
    """What both states need keeps its address; what is gone is not issued again in its quarantine."""
    once = plan_addresses(INVENTORY, *first, None, DAY)
    later = DAY + timedelta(days=days)
    twice = plan_addresses(INVENTORY, *second, plan_of(first, once), DAY)
    check_sound(twice)
    thrice = plan_addresses(INVENTORY, *second, plan_of(second, twice), later)
    check_sound(thrice)

    def site_wide(issued: Issued) -> dict[tuple[str, str], str]:
        planes = ("loopback", "bmc", "mgmt")
        return {
            (a.device, a.interface): a.address for a in issued[2] if a.plane in planes and a.released is None
        }

    before, after = site_wide(once), site_wide(twice)
    assert all(after[key] == before[key] for key in before.keys() & after.keys())
    prefixes = {(p.plane, p.used_by): p.prefix for p in once[0] if p.used_by != "A"}
    assert all(prefixes.get((p.plane, p.used_by), p.prefix) == p.prefix for p in twice[0])
    asns = {a.used_by: a.asn for a in once[1]}
    assert all(asns.get(a.used_by, a.asn) == a.asn for a in twice[1])

    owner = {a.address: (a.device, a.interface) for a in once[2]}
    gone = {a.address for a in twice[2] if a.released}
    assert {a.address for a in once[2]} <= {a.address for a in twice[2]}
    if days < 180:
        held = {a.address: (a.device, a.interface) for a in thrice[2]}
        assert all(held[address] == owner[address] for address in gone)
    else:
        assert not [a for a in thrice[2] if a.released]


@settings(max_examples=40, deadline=None)
@given(states(), st.randoms(use_true_random=False))
def test_order_does_not_matter(state: State, dice: object) -> None:
    once = plan_addresses(INVENTORY, *state, None, DAY)
    assert plan_addresses(INVENTORY, *state, plan_of(state, once), DAY) == once
    devices, cables = list(state[0]), list(state[1])
    dice.shuffle(devices)  # type: ignore[attr-defined]
    dice.shuffle(cables)  # type: ignore[attr-defined]
    backwards = replace(
        INVENTORY,
        pools=dict(reversed(list(INVENTORY.pools.items()))),
        pairs=dict(reversed(list(INVENTORY.pairs.items()))),
        asn_pools=dict(reversed(list(INVENTORY.asn_pools.items()))),
    )
    rows = list(once[2])
    dice.shuffle(rows)  # type: ignore[attr-defined]
    previous = replace(plan_of(state, once), addresses=tuple(rows), prefixes=once[0][::-1])
    assert plan_addresses(backwards, tuple(devices), tuple(cables), None, DAY) == once
    assert plan_addresses(backwards, tuple(devices), tuple(cables), previous, DAY) == once
