"""The cables of a plan: dealing of ports, keeping what was planned, filling in what becomes known."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from inventory.plan_model import Cable
from topology.ports import expand_ports


def by_kind(cables: tuple[Cable, ...]) -> Counter[str]:
    return Counter(c.kind for c in cables)


def test_everything_is_cabled(bench: Any) -> None:
    cables = bench.plan()
    assert by_kind(cables) == {
        "access": 14, "uplink": 4, "peer-link": 2, "oob": 14, "oob-uplink": 4, "console": 4,
    }  # fmt: skip
    assert [c.id for c in cables] == sorted(c.id for c in cables)
    assert len({c.id for c in cables}) == len(cables)


def test_both_links_of_a_server_take_one_port_number(bench: Any) -> None:
    links: dict[str, dict[str, str | None]] = {}
    for cable in bench.plan():
        if cable.kind == "access":
            links.setdefault(cable.a.device, {})[cable.b.device] = cable.b.port
    for name, ports in links.items():
        assert len(ports) == 2, name
        assert len(set(ports.values())) == 1, name


def test_uplinks_are_dealt_in_order_and_over_line_cards(bench: Any) -> None:
    bench.text = bench.text.replace(
        "per_member: 2, cable: fibre-om4-mpo", "per_member: 4, cable: fibre-om4-mpo"
    )
    bench.text = bench.text.replace('uplink: "100GE1/0/[1-3]"', 'uplink: "100GE1/0/[1-4]"')
    dealt: dict[str, list[tuple[str | None, str, str]]] = {}
    for cable in bench.plan():
        if cable.kind == "uplink":
            assert cable.b.port is not None
            dealt.setdefault(cable.a.device, []).append((cable.a.port, cable.b.device, cable.b.port[4]))
    for links in dealt.values():
        assert [(p, far) for p, far, _ in links] == [
            ("100GE1/0/1", "D1"), ("100GE1/0/2", "D2"), ("100GE1/0/3", "D1"), ("100GE1/0/4", "D2"),
        ]  # fmt: skip
        for far in ("D1", "D2"):
            assert len({card for _, f, card in links if f == far}) == 2


def test_labels_name_the_near_end_first(bench: Any) -> None:
    first = next(c for c in bench.plan() if c.id == "A-F-000001")
    assert first.label_a == "A01-A01-U05:p1/A01-A02-U41:10GE1/0/1"
    assert first.label_b == "A01-A02-U41:10GE1/0/1/A01-A01-U05:p1"


def test_unknown_far_port_is_left_open_and_filled_in_later(bench: Any) -> None:
    surveyed = bench.text
    bench.text = surveyed.replace(
        'free_ports: [{card: "1", ports: "40GE1/0/[1-4]"}, {card: "2", ports: "40GE2/0/[1-4]"}]',
        "free_ports: null",
    )
    before = bench.plan()
    open_ends = [c for c in before if c.kind == "uplink"]
    assert all(c.b.port is None and c.label_a.endswith(":?") for c in open_ends)
    bench.text = surveyed
    after = {c.id: c for c in bench.plan(before)}
    assert len(after) == len(before)
    for cable in before:
        if cable.kind == "uplink":
            new = after[cable.id]
            assert new.b.port is not None and not new.label_a.endswith("?")
            assert new.a == cable.a and new.route == cable.route
        else:
            assert after[cable.id] == cable
    taken = Counter((c.b.device, c.b.port) for c in after.values() if c.kind == "uplink")
    assert max(taken.values()) == 1


def test_unknown_length_is_filled_in_later(bench: Any) -> None:
    known = bench.text
    bench.text = known.replace("    x_m: 2\n    y_m: 8", "    x_m: null\n    y_m: 8")
    before = bench.plan()
    assert any(c.length_m is None and c.stock_m is None and c.route == () for c in before)
    bench.text = known
    after = {c.id: c for c in bench.plan(before)}
    for fresh in bench.plan():
        kept = after[fresh.id]
        assert (kept.length_m, kept.stock_m, kept.label_a) == (fresh.length_m, fresh.stock_m, fresh.label_a)
    bench.write(after.values())
    assert {f.code for f in bench.findings()} == {"PRT069"}


def test_planning_twice_changes_nothing(bench: Any) -> None:
    cables = bench.plan()
    assert bench.plan(cables) == cables


def test_new_servers_leave_planned_cables_alone(bench: Any) -> None:
    before = bench.plan()
    bench.text = bench.text.replace("count: 6", "count: 8")
    bench.devices += [("srv-007", "A01-A01", 9, "P1"), ("srv-008", "A01-A05", 5, "P1")]
    after = bench.plan(before)
    kept = {c.id: c for c in after}
    assert all(kept[c.id] == c for c in before)
    new = [c for c in after if c.id not in {x.id for x in before}]
    assert {c.a.device for c in new} == {"srv-007", "srv-008"}
    assert len(new) == 6


def test_cables_of_a_device_that_is_gone_are_dropped_and_ids_not_reused(bench: Any) -> None:
    before = bench.plan()
    bench.devices = [d for d in bench.devices if d[0] != "srv-001"]
    after = bench.plan(before)
    assert {c.id for c in after} < {c.id for c in before}
    assert all("srv-001" not in (c.a.device, c.b.device) for c in after)
    bench.devices.append(("srv-001", "A01-A01", 5, "P1"))
    again = bench.plan(before[:-1] if before[-1].a.device != "srv-001" else before)
    highest = max(c.id for c in before if c.id.startswith("A-F"))
    assert max(c.id for c in again if c.id.startswith("A-F")) == highest


def test_second_link_comes_back_on_the_port_of_the_first(bench: Any) -> None:
    before = bench.plan()
    lost = next(c for c in before if c.a.device == "srv-003" and c.a.port == "p2")
    after = bench.plan(tuple(c for c in before if c is not lost))
    link = next(c for c in after if c.a.device == "srv-003" and c.a.port == "p2")
    assert (link.b.device, link.b.port) == (lost.b.device, lost.b.port)


def test_devices_without_a_rack_get_no_cable(bench: Any) -> None:
    bench.devices = [d if d[0] != "srv-001" else ("srv-001", "A01-A99", 5, "P1") for d in bench.devices]
    assert all("srv-001" not in (c.a.device, c.b.device) for c in bench.plan())


def test_management_ports_are_spread_evenly_and_partners_apart(bench: Any) -> None:
    cables = [c for c in bench.plan() if c.kind == "oob"]
    count = Counter(c.b.device for c in cables)
    assert max(count.values()) - min(count.values()) <= 1
    far = {c.a.device: c.b.device for c in cables if c.a.device in ("P1A", "P1B")}
    assert far["P1A"] != far["P1B"]
    assert {c.b.device for c in cables if c.a.device in ("O1", "O2")} == {"O1", "O2"}
    assert all(c.a.device != c.b.device for c in cables)


def test_keepalive_over_two_ports(bench: Any) -> None:
    bench.text = bench.text.replace("keepalive: mgmt", "keepalive: port").replace(
        'spare: "10GE1/0/[47-48]"', 'keepalive: "10GE1/0/[47-48]"'
    )
    cable = next(c for c in bench.plan() if c.kind == "keepalive")
    assert (cable.a.port, cable.b.port) == ("10GE1/0/47", "10GE1/0/47")
    assert cable.group == "P1:keepalive" and cable.bundle.endswith("/keepalive/1")


def test_moulded_and_copper_cables_take_no_optics(bench: Any) -> None:
    for cable in bench.plan():
        if cable.kind in ("peer-link", "oob", "console"):
            assert cable.a.optic is None and cable.b.optic is None
        if cable.kind == "oob-uplink":
            assert (cable.a.optic, cable.b.optic) == ("sfp-1g-t", None)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("10GE1/0/[1-3]", ("10GE1/0/1", "10GE1/0/2", "10GE1/0/3")),
        ("a[1,3],b2", ("a1", "a3", "b2")),
        ("25GE1/0/[47-48], 100GE1/0/7", ("25GE1/0/47", "25GE1/0/48", "100GE1/0/7")),
    ],
)
def test_ranges_joined_by_commas(text: str, names: tuple[str, ...]) -> None:
    assert expand_ports(text) == names


@pytest.mark.parametrize("text", ["", "a,", "[3-1]", "p[1-"])
def test_unreadable_ranges(text: str) -> None:
    with pytest.raises(ValueError):
        expand_ports(text)
