"""Integer prefixes and the address planner: known answers, growth, tombstones."""

from __future__ import annotations

import ipaddress
import random
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from inventory.inventory import Inventory
from inventory.load import load
from inventory.plan_model import Cable, End, PlacedDevice, Plan, PlannedAddress, PlannedPrefix
from topology.address_needs import hosts_with_spare
from topology.addresses import Issued, plan_addresses
from topology.ip import Address, Net, Taken, parse_address, parse_net

DAY = date(2026, 6, 1)


@pytest.mark.parametrize(
    ("text", "first", "last", "usable"),
    [
        ("10.0.0.0/26", "10.0.0.1", "10.0.0.62", 62),
        ("10.0.0.0/30", "10.0.0.1", "10.0.0.2", 2),
        ("10.0.0.0/31", "10.0.0.0", "10.0.0.1", 2),
        ("10.0.0.7/32", "10.0.0.7", "10.0.0.7", 1),
        ("fd00::/64", "fd00::1", "fd00::ffff:ffff:ffff:ffff", 2**64 - 1),
        ("fd00::2/127", "fd00::2", "fd00::3", 2),
    ],
)
def test_usable_addresses(text: str, first: str, last: str, usable: int) -> None:
    net = parse_net(text)
    assert net is not None
    assert net.text == text
    assert Address(net.version, net.first_usable).text == first
    assert Address(net.version, net.last_usable).text == last
    assert net.usable == usable


@pytest.mark.parametrize("text", ["10.0.0.1/26", "10.0.0.0/33", "10.0.0/8x", "", "fe80::1%eth0/64x"])
def test_what_is_no_prefix(text: str) -> None:
    assert parse_net(text) is None


@pytest.mark.parametrize("text", ["10.0.0.256", "010.0.0.1", "10.0.0.1/24", "1.2.3", ""])
def test_what_is_no_address(text: str) -> None:
    assert parse_address(text) is None


def test_taken_agrees_with_a_set() -> None:
    dice = random.Random(7)
    for _ in range(60):
        taken, marked = Taken(), set[int]()
        for _ in range(dice.randrange(1, 12)):
            first = dice.randrange(0, 120)
            last = first + dice.randrange(0, 12)
            taken.add(first, last)
            marked.update(range(first, last + 1))
        for size in (1, 2, 4, 8):
            free = [
                n for n in range(0, 128, size) if n + size <= 128 and not marked & set(range(n, n + size))
            ]
            assert taken.lowest_free(0, 127, size) == (free[0] if free else None)
        assert taken.used(10, 90) == len(marked & set(range(10, 91)))
        assert all(taken.meets(n, n + 3) == bool(marked & set(range(n, n + 4))) for n in range(100))


@pytest.mark.parametrize(("hosts", "wanted"), [(40, 52), (33, 44), (48, 62), (0, 4)])
def test_hosts_with_spare(hosts: int, wanted: int) -> None:
    assert hosts_with_spare(hosts, 3, 0.2) == wanted


PAIR = """\
  - name: {name}
    title: {{en: P, zh: 对}}
    device_type: access-10g-48s6q
    site: A
    port_plan: access
    downlink: {{cable: fibre-om4-lc, optic: sfpp-10g-sr}}
    uplinks: {{to: [D1, D2], per_member: 2, cable: fibre-om4-mpo, optic: qsfpp-40g-sr4}}
"""


def inventory(folder: Path, servers: int = 4, pairs: int = 2, more: str = "", **pools: str) -> Inventory:
    """One site with access pairs and one fleet dealt over them; `pools` are prefixes by plane."""
    prefixes = {"loopback": "10.0.255.0/24", "p2p": "10.0.254.0/24", "business": "10.0.0.0/20",
                "bmc": "10.0.240.0/24", "mgmt": "10.0.241.0/24"} | pools  # fmt: skip
    names = [f"P{n}" for n in range(1, pairs + 1)]
    text = "\n".join(
        [
            "project: {name: one, title: {en: One, zh: 一}}",
            "sites: [{name: A, role: production, title: {en: A, zh: A}}]",
            'port_plans: [{name: access, device_type: access-10g-48s6q, ranges: {uplink: "100GE1/0/[1-4]"}}]',
            "existing_switches:",
            *(f"  - {{name: D{n}, title: {{en: D, zh: D}}, site: A, role: core}}" for n in (1, 2)),
            "pairs:",
            *(PAIR.format(name=name).rstrip() for name in names),
            "fleets:",
            "  - {name: s, title: {en: S, zh: S}, role: server, device_type: hygon-c86-ecs-2u,",
            f"     count: {servers}, site: A, attach: {{pairs: [{', '.join(names)}]}}}}",
            "pools:",
            *(f"  - {{name: {p}, plane: {p}, site: A, prefix: '{x}'}}" for p, x in prefixes.items()),
            "asn_pools:",
            "  - {name: core, site: A, role: core, first: 65100, last: 65100}",
            "  - {name: access, site: A, role: access, first: 65101, last: 65103}",
            more,
        ]
    )
    folder.mkdir(exist_ok=True)
    (folder / "project.yml").write_text(text, encoding="utf-8")
    loaded = load(folder)
    assert loaded.inventory is not None, [f.to_text() for f in loaded.findings]
    return loaded.inventory


def placed(inv: Inventory) -> tuple[PlacedDevice, ...]:
    return tuple(
        PlacedDevice(
            name=d.name, owner=d.owner, device_type=d.type.slug, site=d.site,
            pair=f"P{(d.index - 1) % len(inv.pairs) + 1}" if d.role == "server" else None,
        )
        for d in inv.devices.values()
    )  # fmt: skip


def links(inv: Inventory) -> tuple[Cable, ...]:
    ends = [(f"{p}{side}", core) for p in inv.pairs for side in "AB" for core in ("D1", "D2")]
    return tuple(
        Cable(id=f"F-{n:03d}", kind="uplink", type="fibre", speed_gbps=40.0, a=End(device=a, port=f"u{n % 2}"),
              b=End(device=b, port=None), length_m=None, stock_m=None, label_a="", label_b="")
        for n, (a, b) in enumerate(ends, 1)
    )  # fmt: skip


def issue(inv: Inventory, previous: Plan | None = None, today: date = DAY) -> Issued:
    return plan_addresses(inv, placed(inv), links(inv), previous, today)


def as_plan(inv: Inventory, issued: Issued) -> Plan:
    return Plan(
        devices=placed(inv), cables=links(inv), prefixes=issued[0], asns=issued[1], addresses=issued[2]
    )


def of_plane(issued: Issued, plane: str) -> dict[tuple[str, str], str]:
    return {(a.device, a.interface): a.address for a in issued[2] if a.plane == plane and a.released is None}


def test_known_answer(tmp_path: Path) -> None:
    prefixes, asns, addresses = issued = issue(inventory(tmp_path / "p"))
    assert of_plane(issued, "business") == {
        ("s-001", "bond0"): "10.0.0.4", ("s-003", "bond0"): "10.0.0.5",
        ("s-002", "bond0"): "10.0.0.12", ("s-004", "bond0"): "10.0.0.13",
    }  # fmt: skip
    business = [(p.prefix, p.used_by, p.gateway) for p in prefixes if p.plane == "business"]
    assert business == [
        ("10.0.0.0/29", "P1", "10.0.0.1"),
        ("10.0.0.8/29", "P2", "10.0.0.9"),
    ]  # (2 + 3) x 1.2 = 6
    assert [(a.asn, a.used_by) for a in asns] == [(65100, "core"), (65101, "P1"), (65102, "P2")]
    ends = [(a.address, a.device) for a in addresses if a.prefix == "10.0.254.2/31"]
    assert ends == [("10.0.254.2", "D2"), ("10.0.254.3", "P1A")]
    assert of_plane(issued, "loopback")["P1A", "loopback0"] == "10.0.255.1"
    assert len(of_plane(issued, "bmc")) == 4
    assert len(of_plane(issued, "mgmt")) == 4


def test_second_run_changes_nothing(tmp_path: Path) -> None:
    inv = inventory(tmp_path / "p", servers=9)
    once = issue(inv)
    assert issue(inv, as_plan(inv, once)) == once


def test_growth_moves_nothing(tmp_path: Path) -> None:
    small = inventory(tmp_path / "small", servers=4)
    once = issue(small)
    large = inventory(tmp_path / "large", servers=6, pairs=3, business="10.0.0.0/20")
    moved = plan_addresses(
        large, placed(small) + tuple(d for d in placed(large) if d.name in ("s-005", "P3A", "P3B")),
        links(large), as_plan(small, once), DAY,
    )  # fmt: skip
    before = {(a.plane, a.device, a.prefix): a.address for a in once[2] if a.plane != "p2p"}
    after = {(a.plane, a.device, a.prefix): a.address for a in moved[2]}
    assert before.items() <= after.items()
    assert {(p.prefix, p.used_by) for p in once[0]} <= {(p.prefix, p.used_by) for p in moved[0]}


def test_released_address_rests_and_then_returns(tmp_path: Path) -> None:
    four, three = inventory(tmp_path / "four", servers=4), inventory(tmp_path / "three", servers=3)
    first = issue(four)
    gone = issue(three, as_plan(four, first))
    stone = next(a for a in gone[2] if a.device == "s-004" and a.plane == "business")
    assert (stone.address, stone.released) == ("10.0.0.13", "2026-06-01")

    later = DAY + timedelta(days=179)
    kept = issue(three, as_plan(three, gone), later)
    assert stone in kept[2]
    over = issue(three, as_plan(three, kept), DAY + timedelta(days=180))
    assert not [a for a in over[2] if a.device == "s-004"]
    back = issue(four, as_plan(three, kept), later)
    assert of_plane(back, "business")["s-004", "bond0"] == "10.0.0.13"
    assert not [a for a in back[2] if a.released]


def test_address_in_quarantine_goes_to_nobody_else(tmp_path: Path) -> None:
    inv = inventory(tmp_path / "p", servers=4)
    stones = tuple(
        PlannedAddress(address=f"10.0.240.{n}", prefix="10.0.240.0/24", plane="bmc", device="old", interface=f"i{n}",
                       released="2026-05-01")
        for n in (4, 6)
    )  # fmt: skip
    bmc = of_plane(issue(inv, Plan(addresses=stones)), "bmc")
    assert sorted(bmc.values()) == ["10.0.240.5", "10.0.240.7", "10.0.240.8", "10.0.240.9"]


def test_device_that_changes_pair_changes_address(tmp_path: Path) -> None:
    inv = inventory(tmp_path / "p", servers=4)
    once = issue(inv)
    devices = tuple(d.model_copy(update={"pair": "P2"}) if d.name == "s-001" else d for d in placed(inv))
    moved = plan_addresses(inv, devices, links(inv), as_plan(inv, once), DAY)
    assert of_plane(moved, "business")["s-001", "bond0"] == "10.0.0.14"
    assert [(a.address, a.device) for a in moved[2] if a.released] == [("10.0.0.4", "s-001")]


def test_reserved_and_existing_are_passed_over(tmp_path: Path) -> None:
    more = """\
reserved_prefixes:
  - {prefix: 10.0.240.4/31, reason: taken}
  - {prefix: 10.0.0.0/29, reason: taken}
  - {prefix: 10.0.254.0/30, reason: taken}
existing_hosts:
  - {name: old, stated: 1, hosts: [{name: h1, addresses: [10.0.240.6/24, 10.0.0.9, 10.0.241.1]}]}
"""
    issued = issue(inventory(tmp_path / "p", more=more))
    assert of_plane(issued, "bmc")["s-001", "BMC"] == "10.0.240.7"
    business = [p.prefix for p in issued[0] if p.plane == "business"]
    assert business == ["10.0.0.16/29", "10.0.0.24/29"]
    assert next(p.prefix for p in issued[0] if p.plane == "p2p") == "10.0.254.4/31"
    gateways = {p.plane: p.gateway for p in issued[0]}
    assert (gateways["bmc"], gateways["mgmt"]) == ("10.0.240.1", None)


def test_what_does_not_fit_is_left_out(tmp_path: Path) -> None:
    inv = inventory(
        tmp_path / "p", servers=9, pairs=4, bmc="10.0.240.0/29", p2p="10.0.254.0/30", business="10.0.0.0/29"
    )
    prefixes, asns, _ = issued = issue(inv)
    assert len(of_plane(issued, "bmc")) == 3
    assert [p.prefix for p in prefixes if p.plane == "p2p"] == ["10.0.254.0/31", "10.0.254.2/31"]
    assert [a.used_by for a in asns] == ["core", "P1", "P2", "P3"]
    assert len([p for p in prefixes if p.plane == "business"]) == 1


def test_wider_pool_takes_its_prefix_along(tmp_path: Path) -> None:
    tight = inventory(tmp_path / "tight", servers=9, bmc="10.0.240.0/29")
    wide = inventory(tmp_path / "wide", servers=9, bmc="10.0.240.0/27")
    issued = issue(wide, as_plan(tight, issue(tight)))
    assert [p.prefix for p in issued[0] if p.plane == "bmc"] == ["10.0.240.0/27"]
    rows = [a for a in issued[2] if a.plane == "bmc"]
    assert len(rows) == 9
    assert {a.prefix for a in rows} == {"10.0.240.0/27"}


def test_pool_that_moved_leaves_old_addresses_alone(tmp_path: Path) -> None:
    old = inventory(tmp_path / "old", servers=4)
    new = inventory(tmp_path / "new", servers=6, bmc="10.0.200.0/24")
    issued = issue(new, as_plan(old, issue(old)))
    bmc = of_plane(issued, "bmc")
    assert bmc["s-001", "BMC"] == "10.0.240.4"
    assert bmc["s-006", "BMC"].startswith("10.0.200.")
    assert [p.prefix for p in issued[0] if p.plane == "bmc"] == ["10.0.200.0/24", "10.0.240.0/24"]


def test_port_surveyed_later_keeps_the_address(tmp_path: Path) -> None:
    inv = inventory(tmp_path / "p")
    once = issue(inv)
    cables = tuple(
        c.model_copy(update={"b": End(device=c.b.device, port=f"40GE1/0/{n}")})
        for n, c in enumerate(links(inv))
    )
    again = plan_addresses(inv, placed(inv), cables, as_plan(inv, once), DAY)
    assert [(a.address, a.device) for a in again[2]] == [(a.address, a.device) for a in once[2]]
    assert "40GE1/0/0" in {a.interface for a in again[2]}


def test_ipv6_pools(tmp_path: Path) -> None:
    inv = inventory(tmp_path / "p", business="fd00:0:0:100::/56", bmc="fd00:1::/64", p2p="fd00:2::/64")
    issued = issue(inv)
    assert of_plane(issued, "bmc")["s-001", "BMC"] == "fd00:1::4"
    assert [p.prefix for p in issued[0] if p.plane == "p2p"][:2] == ["fd00:2::/127", "fd00:2::2/127"]
    for prefix in issued[0]:
        ipaddress.ip_network(prefix.prefix)


def test_unknown_device_needs_nothing(tmp_path: Path) -> None:
    inv = inventory(tmp_path / "p")
    stranger = PlacedDevice(name="nobody-001", owner="nobody", device_type="x", site="A")
    assert plan_addresses(inv, (stranger,), (), None, DAY) == ((), (), ())


def test_fleet_without_a_site_waits(tmp_path: Path) -> None:
    inv = inventory(tmp_path / "p")
    fleet = inv.fleets["s"].model_copy(update={"site": None})
    nowhere = replace(inv, fleets={"s": fleet})
    assert of_plane(issue(nowhere), "bmc") == {}


def test_damaged_previous_plan_does_no_harm(tmp_path: Path) -> None:
    inv = inventory(tmp_path / "p")
    good = issue(inv)
    damaged = Plan(
        prefixes=(PlannedPrefix(prefix="10.0.0.1/26", pool="x", plane="business", site="A", used_by="P1"),),
        addresses=(
            PlannedAddress(address="junk", prefix="junk", plane="bmc", device="s-001", interface="BMC"),
        ),
    )
    assert issue(inv, damaged) == good


def test_net_relations() -> None:
    a, b = Net(4, 0, 24), Net(4, 128, 25)
    assert a.contains(b)
    assert not b.contains(a)
    assert a.overlaps(b)
    assert not a.overlaps(Net(6, 0, 120))
    assert a.holds(Address(4, 255))
    assert not a.holds(Address(6, 255))
