"""A lab for tests: built once a run, two sites with a pair each. Skipped, with the reason, where it cannot be built;
with RACKWRIGHT_CI set that is a failure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.plan_model import Plan
from inventory.plan_store import load_plan
from rackwright.lab.cleanup import remove
from rackwright.lab.netns import missing_capabilities
from rackwright.lab.shape import scaled_down, shape
from rackwright.lab.up import PROGRAMS, up
from tests.lab.labs import Lab, eventually

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the lab."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("lab")


@pytest.fixture(scope="session")
def capable() -> None:
    """Skip, or fail in CI, on a machine that cannot build a lab."""
    if lacking := missing_capabilities(PROGRAMS):
        reason = "no lab here: " + "; ".join(lacking)
        if os.environ.get("RACKWRIGHT_CI"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="session")
def guangxi() -> tuple[Inventory, Plan]:
    """The shipped project with its plan."""
    folder = PROJECTS / "guangxi"
    inventory, plan = load(folder).inventory, load_plan(folder).plan
    assert inventory is not None
    assert plan is not None
    return inventory, plan


@pytest.fixture(scope="session")
def standing(
    capable: None, guangxi: tuple[Inventory, Plan], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """The lab all tests of a run share. Use `lab`."""
    inventory, plan = guangxi
    small = shape(inventory, plan, pairs=scaled_down(inventory, 1), servers_per_pair=2)
    folder = tmp_path_factory.mktemp("lab") / "tests"
    state = up(inventory, plan, small, name="tests", folder=folder, configured=True, lldp_interval_s=1)
    try:
        yield Lab(inventory, plan, state, small)
    finally:
        remove(state)


@pytest.fixture
def lab(standing: Lab) -> Iterator[Lab]:
    """A lab where all is as planned; faults a test puts in are healed after it."""
    assert eventually(standing.settled), (standing.wrong(), standing.sessions_up())
    yield standing
    standing.heal()
