"""Breakers that open one after the other, and second failures: servers of four supplies in the small room."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from capacity.checks import power_cascade
from capacity.cords import plan_cords
from inventory.checks import Context, run
from inventory.findings import Finding, Severity
from inventory.inventory import Inventory
from inventory.load import load
from inventory.plan_model import Plan
from inventory.plan_store import load_plan, write_plan

SRV, STRIP = "catalog/device-types/Test/srv.yaml", "catalog/device-types/Test/strip.yaml"
INLETS = "  - {name: PSU2, type: iec-60320-c14}\n"
FOUR = INLETS + INLETS.replace("PSU2", "PSU3") + INLETS.replace("PSU2", "PSU4")
RISER = "\nrisk_groups:\n  - {name: riser-2, kind: riser, title: {en: Riser, zh: 竖井}, members: [feed/A01-A01/a, bank/A01-A01/pdu-b/B2]}\n"


def findings(folder: Path, plan: Plan, breaker_a: float, more: str = "") -> list[Finding]:
    """Findings of PWR031 and PWR032 with four supplies a server and banks of `breaker_a`, planned anew."""
    (folder / SRV).write_text(
        (folder / SRV).read_text().replace(INLETS, FOUR).replace("count: 2, rating_w", "count: 4, rating_w")
    )
    (folder / STRIP).write_text(
        (folder / STRIP).read_text().replace("breaker_a: 16", f"breaker_a: {breaker_a}")
    )
    (folder / "project.yml").write_text(
        (folder / "project.yml").read_text(encoding="utf-8") + more, encoding="utf-8"
    )
    loaded = load(folder)
    assert loaded.inventory is not None, [f.to_text() for f in loaded.findings]
    cords = plan_cords(loaded.inventory, plan.devices, None)
    write_plan(folder, Plan(devices=plan.devices, cords=cords))
    report = run(Context(loaded.inventory, load_plan(folder).plan, date(2026, 6, 1)))
    said = [f for f in report.findings if f.code in ("PWR004", "PWR005", "PWR031", "PWR032")]
    assert not [f for f in said if f.code in ("PWR004", "PWR005")]
    return said


def line_of(found: Finding) -> str:
    assert found.source is not None
    return Path(found.source.path).read_text(encoding="utf-8").splitlines()[found.source.line - 1]


def test_the_room_as_it_stands_builds_no_graph(
    room: Inventory, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(power_cascade, "_world", lambda ctx: pytest.fail("graphs were built"))
    report = run(Context(room, plan, date(2026, 6, 1)))
    assert not [f for f in report.findings if f.code in ("PWR031", "PWR032")]


def test_strong_banks_hold_two_failures(room: Inventory, plan: Plan) -> None:
    assert findings(room.folder, plan, 16) == []


def test_a_bank_carries_all_after_two_failures(room: Inventory, plan: Plan) -> None:
    """With side a and bank B2 of side b dead, bank B1 has two servers of 773 W and the switch of 280 W."""
    (found,) = findings(room.folder, plan, 10)
    assert (found.code, found.severity) == ("PWR032", Severity.INFO)
    assert "carries 1826 W" in found.message.en
    assert "limit 1672 W: 109% (3 more elements" in found.message.en
    assert found.subject == "bank/A01-A02/pdu-b/B1"
    assert "A01-A02" in line_of(found)


def test_a_group_that_takes_both_opens_the_bank_that_is_left(room: Inventory, plan: Plan) -> None:
    said = findings(room.folder, plan, 8.7, RISER)
    (found,) = [f for f in said if f.code == "PWR031"]
    assert (found.subject, found.severity) == ("bank/A01-A01/pdu-b/B1", Severity.ERROR)
    assert "3 devices go dark that still had power (SWA, srv-001, srv-004)" in found.message.en
    assert "A01-A01" in line_of(found)
    assert found.arithmetic == "bank/A01-A01/pdu-b/B1 (1826 W > 1818 W)"
    assert len(said) == 1


def test_one_failure_that_overloads_and_opens_nothing_is_a_warning(room: Inventory, plan: Plan) -> None:
    (found,) = findings(room.folder, plan, 10, RISER)
    assert (found.code, found.severity) == ("PWR032", Severity.WARNING)
    assert found.subject == "bank/A01-A01/pdu-b/B1"
    assert "once riser:riser-2 fail, limit 1672 W" in found.message.en
