"""The whole night in one test: lab, playbooks in their order, all as planned, faults of seven kinds found and named,
repaired, all as planned again, and nothing left on the machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from inventory.inventory import Inventory
from inventory.load import PROJECTS
from inventory.plan_model import Plan
from rackwright.lab import rehearsal
from rackwright.lab.cleanup import remove
from rackwright.lab.shape import Shape, scaled_down, shape
from tests.lab.labs import leftovers, machine_network


def _shape(inventory: Inventory, plan: Plan) -> Shape:
    pairs = scaled_down(inventory, rehearsal.PAIRS)
    return shape(inventory, plan, pairs=pairs, servers_per_pair=rehearsal.SERVERS_PER_PAIR)


@pytest.mark.usefixtures("capable")
def test_the_whole_night(tmp_path: Path) -> None:
    before, folder = machine_network(), tmp_path / "lab"
    folder.mkdir()
    told: list[str] = []
    one = rehearsal.begin(
        PROJECTS / "guangxi", _shape, "rehearsal", folder,
        told.append,
    )  # fmt: skip
    try:
        assert 36 <= len(one.shape.nodes) <= 60
        rehearsal.whole(one)
        said = next(row for row in told if row.startswith("every fault found and named: "))
        codes = re.findall(r"found as (VER\d+)", said)
        assert sorted(codes) == [
            "VER002",
            "VER002",
            "VER005",
            "VER008",
            "VER010",
            "VER012",
            "VER013",
            "VER014",
        ]
        logs = {p.stem for p in (folder / "playbooks").iterdir()}
        assert logs == set(rehearsal.STAGES)
        kept = "".join(p.read_text(encoding="utf-8", errors="replace") for p in folder.rglob("*.log"))
        assert one.controller_password not in kept
    finally:
        remove(one.state)
    assert leftovers(one.state.id, folder) == []
    assert machine_network() == before
