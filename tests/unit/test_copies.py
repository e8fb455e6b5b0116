"""A project written twice over is a valid project of twice the size with the same kinds of findings."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from capacity.plan import make_plan
from inventory.checks import Context, run
from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.plan_model import Plan
from inventory.plan_store import load_plan, write_plan
from rackwright.checklist import register_all
from tests.bench.copies import copy_project

TODAY = date(2026, 1, 1)


def planned(folder: Path, copies: int) -> tuple[Inventory, Plan]:
    copy_project(PROJECTS / "guangxi", folder, copies)
    loaded = load(folder)
    assert [f.to_text() for f in loaded.findings] == []
    assert loaded.inventory is not None
    write_plan(folder, make_plan(loaded.inventory, None, TODAY))
    plan = load_plan(folder).plan
    assert plan is not None
    return loaded.inventory, plan


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> tuple[Inventory, Plan]:
    return planned(tmp_path_factory.mktemp("one") / "x1", 1)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Inventory, Plan]:
    return planned(tmp_path_factory.mktemp("two") / "x2", 2)


def test_first_copy_is_the_project(one: tuple[Inventory, Plan]) -> None:
    real = load(PROJECTS / "guangxi").inventory
    assert real is not None
    assert list(one[0].devices) == list(real.devices)
    assert list(one[0].racks) == list(real.racks)
    assert list(one[0].licences) == list(real.licences)


def test_everything_twice(one: tuple[Inventory, Plan], two: tuple[Inventory, Plan]) -> None:
    for section in (
        "devices",
        "racks",
        "sites",
        "rooms",
        "pools",
        "vlans",
        "services",
        "licences",
        "supplies",
    ):
        assert len(getattr(two[0], section)) == 2 * len(getattr(one[0], section)), section
    for attribute in ("devices", "cables", "cords", "addresses", "prefixes", "asns"):
        assert len(getattr(two[1], attribute)) == 2 * len(getattr(one[1], attribute)), attribute
    assert sum(p.racks for p in two[1].proofs) == 2 * sum(p.racks for p in one[1].proofs)


def test_findings_of_the_same_codes(one: tuple[Inventory, Plan], two: tuple[Inventory, Plan]) -> None:
    register_all()
    once, twice = (Counter(f.code for f in run(Context(*made, TODAY)).findings) for made in (one, two))
    assert set(twice) == set(once)
    odd = {code: (n, twice[code]) for code, n in once.items() if twice[code] not in (n, 2 * n)}
    assert odd == {}, "neither once, for what the copies share, nor twice"
