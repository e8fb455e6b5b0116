"""Devices that speak no LLDP, found by the MAC addresses switches have learned: swaps, strangers, uplinks, ports down."""

from __future__ import annotations

import pytest

from inventory.plan_model import Cable, End, Plan
from rackwright.lab.emulator import mac_table
from rackwright.lab.emulator.comware import COMWARE
from rackwright.lab.emulator.device import Switch
from rackwright.lab.emulator.rgos import RGOS
from rackwright.lab.emulator.tree import from_text
from rackwright.lab.emulator.vrp import VRP
from topology.facts import ControllerFacts, DeviceFacts, SeenMac, SeenNeighbour, SeenPort
from topology.observe.mac_tables import macs_of
from topology.silent_ends import heard_by_mac, own_macs
from topology.verify import Result, verify_cables

SERVERS = ("s1", "s2", "s3")
MACS = {name: f"02:00:00:00:00:0{n}" for n, name in enumerate(SERVERS, 1)}
BLIND = frozenset((name, "BMC") for name in SERVERS)
STRANGER = "02:99:99:99:99:99"


def cable(number: int, a: tuple[str, str], b: tuple[str, str], kind: str = "oob") -> Cable:
    return Cable(
        id=f"C{number}", kind=kind, type="copper-cat6", speed_gbps=1, a=End(device=a[0], port=a[1]),
        b=End(device=b[0], port=b[1]), length_m=1, stock_m=2, route=(), colour="green", label_a=f"L{number}a",
        label_b=f"L{number}b",
    )  # fmt: skip


def plan() -> Plan:
    cables = [cable(n, (s, "BMC"), ("sw", f"GE1/0/{n}")) for n, s in enumerate(SERVERS, 1)]
    return Plan(cables=(*cables, cable(9, ("sw", "10GE1/0/1"), ("core", "10GE1/0/1"), "oob-uplink")))


def switch(table: dict[str, str], down: tuple[str, ...] = ()) -> DeviceFacts:
    """A switch that has learned these addresses, by port."""
    ports = [f"GE1/0/{n}" for n in range(1, 9)] + ["10GE1/0/1"]
    return DeviceFacts(
        "sw", neighbours=(SeenNeighbour("10GE1/0/1", "core", "10GE1/0/1"),),
        ports=tuple(SeenPort(p, True, p not in down) for p in ports),
        macs=tuple(SeenMac(p, m) for p, m in table.items()),
    )  # fmt: skip


def right() -> dict[str, str]:
    return {f"GE1/0/{n}": MACS[s] for n, s in enumerate(SERVERS, 1)}


def judge(
    table: dict[str, str], down: tuple[str, ...] = (), known: tuple[str, ...] = SERVERS
) -> list[Result]:
    facts = {"sw": switch(table, down)}
    told = {name: ControllerFacts(name, mac=MACS[name]) for name in known}
    heard = heard_by_mac(plan(), facts, own_macs(told, {}, BLIND), BLIND)
    return verify_cables(plan(), facts, frozenset({"core"}), BLIND, heard)


def bad(results: list[Result]) -> list[tuple[str, str]]:
    return [(r.subject, r.verdict) for r in results if r.verdict != "pass"]


def test_every_address_on_its_planned_port_passes() -> None:
    assert bad(judge(right())) == []


def test_two_exchanged_are_a_swap_and_a_ring_of_three_is_one() -> None:
    assert bad(judge({"GE1/0/1": MACS["s2"], "GE1/0/2": MACS["s1"], "GE1/0/3": MACS["s3"]})) == [
        ("C1 C2", "swapped")
    ]
    ((subject, verdict),) = bad(judge({"GE1/0/1": MACS["s2"], "GE1/0/2": MACS["s3"], "GE1/0/3": MACS["s1"]}))
    assert (set(subject.split()), verdict) == ({"C1", "C2", "C3"}, "swapped")


def test_one_plugged_into_a_free_port_is_told_with_that_port() -> None:
    results = judge({**right(), "GE1/0/7": MACS["s1"]} | {"GE1/0/1": STRANGER}, down=("GE1/0/1",))
    assert bad(results) == [("C1", "different")]
    found = next(r for r in results if r.verdict == "different")
    assert "found sw:GE1/0/7" in found.message.en


def test_a_strange_address_on_a_planned_port_is_different_and_shows_it() -> None:
    results = judge({**right(), "GE1/0/2": STRANGER})
    assert bad(results) == [("C2", "different")]
    found = next(r for r in results if r.verdict == "different")
    assert STRANGER in found.message.en
    assert STRANGER in found.message.zh
    assert found.fix is None


def test_nothing_learned_is_not_run_and_a_port_that_is_down_is_missing_whatever_is_remembered() -> None:
    table = right()
    del table["GE1/0/2"]
    results = judge(table)
    assert bad(results) == [("C2", "not run")]
    assert "has sent nothing" in next(r for r in results if r.verdict == "not run").message.en
    assert bad(judge(right(), down=("GE1/0/2",))) == [("C2", "missing")]


def test_an_address_nobody_wrote_down_is_not_run_and_named() -> None:
    results = judge(right(), known=("s1", "s3"))
    assert bad(results) == [("C2", "not run")]
    assert MACS["s2"] in next(r for r in results if r.verdict == "not run").message.en


def test_addresses_behind_an_uplink_an_aggregate_or_a_hub_tell_nothing() -> None:
    table = right() | {"10GE1/0/1": STRANGER, "Eth-Trunk1": MACS["s1"]}
    assert bad(judge(table)) == []
    facts = {"sw": DeviceFacts("sw", macs=tuple(SeenMac("GE1/0/8", m) for m in MACS.values()))}
    owners = own_macs({n: ControllerFacts(n, mac=m) for n, m in MACS.items()}, {}, BLIND)
    assert heard_by_mac(plan(), facts, owners, BLIND) == {}


def test_the_controller_goes_before_the_note_and_an_address_claimed_twice_belongs_to_none() -> None:
    told = {"s1": ControllerFacts("s1", mac=MACS["s1"])}
    notes = {"s1": {"BMC": STRANGER}, "s2": {"BMC": MACS["s2"]}, "s3": {"BMC": MACS["s2"]}}
    assert own_macs(told, notes, BLIND) == {MACS["s1"]: ("s1", "BMC")}


@pytest.mark.parametrize(
    ("platform", "dialect", "display", "text"),
    [
        ("huawei_vrp", VRP, mac_table.vrp, "interface 10GE1/0/2\n port default vlan 12\n"),
        (
            "h3c_comware",
            COMWARE,
            mac_table.comware,
            "interface Ten-GigabitEthernet1/0/2\n port access vlan 12\n",
        ),
        (
            "ruijie_rgos",
            RGOS,
            mac_table.rgos,
            "interface TenGigabitEthernet 1/0/2\n switchport access vlan 12\n",
        ),
    ],
)
def test_each_platforms_display_reads_back(
    platform: str, dialect: object, display: object, text: str
) -> None:
    table = [
        ("GE1/0/1", "02:aa:bb:cc:dd:01"),
        ("10GE1/0/2", "ac:de:48:00:00:80"),
        ("25GE1/0/3", "02:aa:bb:cc:dd:03"),
    ]
    one = Switch("sw", dialect, "m", "s", "v", {}, from_text(dialect, text), macs=lambda: table)  # type: ignore[arg-type]
    shown = display(one, ())  # type: ignore[operator]
    assert macs_of(platform, shown) == tuple(sorted((SeenMac(*row) for row in table), key=lambda m: m.port))
    assert any(" 12" in row or row.startswith("12") for row in shown.splitlines())


def test_real_layouts_with_headers_and_rows_without_a_port_are_read() -> None:
    text = """Flags: * - Backup
BD : bridge-domain   Age : dynamic MAC learned time in seconds
-------------------------------------------------------------------------------
MAC Address    VLAN/VSI/BD   Learned-From        Type                Age
-------------------------------------------------------------------------------
0000-0a0a-0102 10/-/-        GE1/0/9             dynamic            1234
0000-0a0a-0103 10/-/-        Eth-Trunk1          dynamic               1
0000-0a0a-0104 10/-/-        -                   static                -
Total items: 3
"""
    assert macs_of("huawei_vrp", text) == (
        SeenMac("Eth-Trunk1", "00:00:0a:0a:01:03"), SeenMac("GE1/0/9", "00:00:0a:0a:01:02"),
    )  # fmt: skip
