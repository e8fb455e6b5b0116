"""Measures and the bill of material: the numbers themselves."""

from __future__ import annotations

from typing import Any

import pytest

from capacity.bom import CableBillLine, bill_of_material, cable_bill
from capacity.measures import measure, tally
from inventory.model import Selector

ANY = Selector()
SITE_A = Selector(sites=("A",))
OPEN_FLEET = """
  - {name: spare, title: {en: Spare, zh: 备}, role: server, device_type: hygon-c86-block-2u, count: 3, site: null}
supplies:
"""


@pytest.mark.parametrize(
    ("kind", "of", "expected"),
    [
        ("devices", ANY, 4), ("servers", ANY, 2), ("cores", ANY, 128), ("threads", ANY, 256),
        ("raw_hdd_tb", ANY, 0), ("memory_gb", ANY, 2048), ("gpus", ANY, 0), ("racks", SITE_A, 2),
        ("rack_kw", ANY, 10), ("switches", ANY, 2), ("appliances", ANY, 0), ("existing_hosts", ANY, 0),
        ("business_ports", ANY, 4), ("pairs", SITE_A, 1), ("devices", Selector(roles=("access",)), 2),
        ("devices", Selector(roles=("server",)), 2), ("servers", Selector(fleets=("ecs",)), 2),
        ("cores", ("ecs",), 128), ("cores", (), 0),
    ],
)  # fmt: skip
def test_measure(kind: Any, of: Any, expected: float, tiny: Any) -> None:
    inventory, _ = tiny.read()
    assert measure(inventory, kind, of) == expected


def test_fleet_without_a_site_opens_the_count_of_a_site(tiny: Any) -> None:
    inventory, _ = tiny.read([("supplies:\n", OPEN_FLEET.lstrip("\n"))])
    counted = tally(inventory, "servers", SITE_A)
    assert (counted.low, counted.high, counted.unsited) == (2, 5, ("spare",))
    assert measure(inventory, "servers", SITE_A) is None
    assert measure(inventory, "servers", ANY) == 5
    assert measure(inventory, "raw_hdd_tb", ("spare",)) == 3 * 144


def test_type_without_components_is_unknown_not_zero(tiny: Any) -> None:
    fleet = OPEN_FLEET.replace("hygon-c86-block-2u", "cloud-hsm-2u").replace("site: null", "site: A")
    inventory, _ = tiny.read([("supplies:\n", fleet.lstrip("\n"))])
    counted = tally(inventory, "cores", ANY)
    assert (counted.low, counted.high, counted.unknown) == (128, None, ("spare",))
    assert measure(inventory, "cores", ANY) is None


def test_bill_counts_ends_and_whole_fixed_cables(tiny: Any) -> None:
    inventory, plan = tiny.read()
    bill = {(b.where, b.item): b for b in bill_of_material(inventory, plan.devices, plan.cables)}
    switch = "access-10g-48s6q (access)"
    figures = {key: (b.needed, b.supplied, b.result, b.quantity) for key, b in bill.items()}
    assert figures == {
        (switch, "sfpp-10g-sr"): (4, 6, "surplus", 2),
        (switch, "qsfpp-40g-sr4"): (2, 4, "surplus", 2),
        (switch, "dac-qsfpp-40g"): (2, 4, "surplus", 2),
        ("CORE-1", "qsfpp-40g-isr4"): (2, 3, "surplus", 1),
        ("ecs", "sfpp-10g-sr"): (4, 4, "exact", 0),
    }
    assert bill[switch, "sfpp-10g-sr"].sources == ("P1: 2 x 3 = 6",)
    assert bill[switch, "sfpp-10g-sr"].spare_wanted == 2


def test_one_optic_feeds_a_whole_breakout(tiny: Any) -> None:
    edits = [
        ("type: fibre-om4-mpo, speed_gbps: 40, a: {device: P1A, port: 100GE1/0/1, optic: qsfpp-40g-sr4}",
         "type: fibre-om4-mpo-4lc, speed_gbps: 10, a: {device: P1A, port: '100GE1/0/1:1', optic: qsfpp-40g-sr4}"),
        ("type: fibre-om4-mpo, speed_gbps: 40, a: {device: P1B, port: 100GE1/0/1, optic: qsfpp-40g-sr4}",
         "type: fibre-om4-mpo-4lc, speed_gbps: 10, a: {device: P1A, port: '100GE1/0/1:2', optic: qsfpp-40g-sr4}"),
    ]  # fmt: skip
    inventory, plan = tiny.read(edits)
    bill = {(b.where, b.item): b for b in bill_of_material(inventory, plan.devices, plan.cables)}
    assert bill["access-10g-48s6q (access)", "qsfpp-40g-sr4"].needed == 1


def test_supply_lines_join_the_places_they_name(tiny: Any) -> None:
    edits = [
        ("existing_switches:\n", "existing_switches:\n  - {name: CORE-2, title: {en: Core, zh: 核心}, site: A, role: core}\n"),
        ("fits: [CORE-1]", "fits: [CORE-1, CORE-2]"),
        ("a: {device: P1B, port: 100GE1/0/1, optic: qsfpp-40g-sr4}, b: {device: CORE-1",
         "a: {device: P1B, port: 100GE1/0/1, optic: qsfpp-40g-sr4}, b: {device: CORE-2"),
    ]  # fmt: skip
    inventory, plan = tiny.read(edits)
    lines = [b for b in bill_of_material(inventory, plan.devices, plan.cables) if "CORE" in b.where]
    assert [(b.where, b.needed, b.supplied) for b in lines] == [("CORE-1, CORE-2", 2, 3)]


def test_order_of_cables_does_not_matter(tiny: Any) -> None:
    inventory, plan = tiny.read()
    forward = bill_of_material(inventory, plan.devices, plan.cables)
    assert forward == bill_of_material(inventory, plan.devices[::-1], plan.cables[::-1])


def test_cable_bill_by_type_and_stock_length(tiny: Any) -> None:
    _, plan = tiny.read()
    assert cable_bill(plan.cables) == (
        CableBillLine("dac-qsfpp-40g", 5.0, 2),
        CableBillLine("fibre-om4-lc", 3.0, 2),
        CableBillLine("fibre-om4-lc", 5.0, 2),
        CableBillLine("fibre-om4-mpo", None, 2),
    )
