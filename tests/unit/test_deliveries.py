"""Deliveries against what is to be built: one good list, and the same with one thing broken."""

import dataclasses
from datetime import date
from typing import Any
from unittest import mock

import pytest

import topology.checks.deliveries  # noqa: F401  (registers the checks)
from inventory import model as m
from inventory.checks import REGISTRY, Check, Context, run
from inventory.findings import Finding, Status
from inventory.inventory import Inventory
from inventory.load import PROJECTS, load

TODAY = date(2026, 11, 3)
GOOD: list[dict[str, Any]] = [
    {"name": "box-1", "device": "a-ecs-001", "serial": "SN1", "box": "1 of 3", "arrived": "2026-11-02",
     "macs": {"p1": "52:54:00:00:00:01", "p2": "52:54:00:00:00:02", "BMC": "52:54:00:00:00:0b"}},
    {"name": "box-2", "device": "a-ecs-002", "serial": "SN2", "macs": {"p1": "52:54:00:00:01:01", "p2": None}},
    {"name": "box-3", "fleet": "a-control-1", "serial": "SN3"},
]  # fmt: skip


@pytest.fixture(scope="module")
def shipped() -> Inventory:
    inventory = load(PROJECTS / "guangxi").inventory
    assert inventory is not None
    return inventory


def findings(inventory: Inventory, rows: list[dict[str, Any]]) -> list[Finding]:
    """What the checks of deliveries say."""
    deliveries = {r["name"]: m.Delivery.model_validate({"at": "d.yml#deliveries/0", **r}) for r in rows}
    mine = {
        code: rule
        for code, rule in REGISTRY.items()
        if isinstance(rule, Check) and rule.function.__module__ == "topology.checks.deliveries"
    }
    with mock.patch.dict(REGISTRY, mine, clear=True):
        return list(
            run(
                Context(dataclasses.replace(inventory, deliveries=deliveries, waivers={}), None, TODAY)
            ).findings
        )


def changed(number: int, **values: Any) -> list[dict[str, Any]]:
    """The good list with one delivery changed."""
    return [{**row, **(values if n == number else {})} for n, row in enumerate(GOOD)]


def test_a_good_list_passes(shipped: Inventory) -> None:
    assert findings(shipped, GOOD) == []


@pytest.mark.parametrize(
    ("rows", "code", "words"),
    [
        (changed(1, device="a-ecs-099"), "INV020", "no device a-ecs-099 is to be built"),
        (changed(1, device="a-ecs-001"), "INV020", "delivered already: box-1"),
        ([*GOOD, {"name": "box-4", "fleet": "a-control-1", "serial": "SN4"}], "INV020", "has 1 devices, 2 are delivered"),
        (changed(1, serial="sn1"), "INV021", "that of box-1 too"),
        (changed(1, macs={"p3": "52:54:00:00:01:01"}), "INV022", "has no port p3"),
        (changed(1, macs={"p1": "53:54:00:00:01:01"}), "INV022", "is a group address"),
        (changed(1, macs={"p1": "52:54:00:00:00:02"}), "INV022", "that of box-1 port p2 too"),
    ],
)  # fmt: skip
def test_one_thing_broken_gives_one_finding(
    shipped: Inventory, rows: list[dict[str, Any]], code: str, words: str
) -> None:
    (found,) = findings(shipped, rows)
    assert found.code == code
    assert words in found.message.en


def test_an_unknown_serial_is_not_evaluated(shipped: Inventory) -> None:
    (found,) = findings(shipped, changed(0, serial=None))
    assert (found.code, found.status) == ("INV021", Status.NOT_EVALUATED)


@pytest.mark.parametrize("row", [{"device": "a", "fleet": "b"}, {}])
def test_a_delivery_is_of_a_device_or_of_a_fleet(row: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="either its device or its fleet"):
        m.Delivery.model_validate({"name": "x", **row})
