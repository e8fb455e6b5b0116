"""The committed plan of the Guangxi project is what planning gives, from nothing and again on top of itself."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from capacity.plan import make_plan
from inventory.load import PROJECTS, load
from inventory.plan_model import PLAN_FILES, Plan
from inventory.plan_store import dump, load_plan

FOLDER = PROJECTS / "guangxi"
TODAY = date(2026, 6, 1)


def plan_again(previous: Plan | None) -> Plan:
    inventory = load(FOLDER).inventory
    assert inventory is not None
    return make_plan(inventory, previous, TODAY)


@pytest.fixture(scope="module")
def from_nothing() -> Plan:
    return plan_again(None)


@pytest.fixture(scope="module")
def on_top() -> Plan:
    stored = load_plan(FOLDER).plan
    assert stored is not None
    return plan_again(stored)


@pytest.mark.parametrize("attribute", sorted(PLAN_FILES))
def test_planning_from_nothing_gives_the_committed_bytes(from_nothing: Plan, attribute: str) -> None:
    assert_same(from_nothing, attribute, "run `make golden` and read the diff")


@pytest.mark.parametrize("attribute", sorted(PLAN_FILES))
def test_planning_again_changes_no_byte(on_top: Plan, attribute: str) -> None:
    assert_same(on_top, attribute, "something that stood has moved")


def assert_same(plan: Plan, attribute: str, hint: str) -> None:
    name, _, heading = PLAN_FILES[attribute]
    committed = (Path(FOLDER) / "plan" / name).read_text(encoding="utf-8")
    assert dump(attribute, heading, getattr(plan, attribute)) == committed, f"plan/{name}: {hint}"


def test_an_id_is_never_issued_twice() -> None:
    """What had the highest numbers went in an earlier run; what comes now is given numbers nobody had."""
    stored = load_plan(FOLDER).plan
    assert stored is not None
    gone = max((c for c in stored.cords if c.id.startswith("A-P-")), key=lambda c: c.id).device
    left = replace(
        stored,
        cords=tuple(c for c in stored.cords if c.device != gone),
        cables=tuple(c for c in stored.cables if gone not in (c.a.device, c.b.device)),
    )
    plan = plan_again(left)
    before = {*(c.id for c in stored.cables), *(c.id for c in stored.cords)}
    cords = {c.id for c in plan.cords if c.device == gone}
    cables = {c.id for c in plan.cables if gone in (c.a.device, c.b.device)}
    assert cords and cables and not (cords | cables) & before
