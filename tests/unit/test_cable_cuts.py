"""Cables that cut devices off equal removal on the graphs, on odd platforms and where nothing is wrong."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from random import Random

import pytest

from capacity.cable_cuts import CABLES, CableCuts, cable_cuts
from capacity.engine import SERIAL
from capacity.survival import structure
from capacity.survives import survives
from inventory.inventory import Inventory
from rackwright.cli.cables_text import cables_page
from tests.platforms import Data, planned, platform, random_platform, record
from topology.elements import Layers
from topology.graph import layers as planned_layers

Found = tuple[Inventory, Layers, CableCuts]


def found(folder: Path, data: Data) -> Found:
    inventory, plan = planned(folder, data)
    layers = planned_layers(inventory, plan)
    return inventory, layers, cable_cuts(structure(inventory, layers), layers, SERIAL)


@pytest.mark.parametrize("seed", [0, 1, 4])
def test_equal_to_removal_on_the_graphs(seed: int, tmp_path: Path) -> None:
    inventory, layers, cuts = found(tmp_path / "p", random_platform(Random(seed)))

    def cut_off(*cables: str) -> set[str]:
        return set(survives(inventory, layers, cables).cut_off)

    assert set(cuts.unreached) == cut_off()
    cables = sorted(key for key in layers.elements if key.startswith(CABLES))
    listed = {cut.cables: cut for cut in (*cuts.alone, *cuts.pairs)}
    alone = {c: cut_off(c) - cut_off() for c in cables}
    assert {c: set(listed[c,].devices) if (c,) in listed else set() for c in cables} == alone
    pairs = list(combinations(cables, 2))
    random = Random(seed)
    named = [(cut.cables[0], cut.cables[1]) for cut in cuts.pairs]
    for a, b in [*random.sample(pairs, 100), *random.sample(named, min(40, len(named)))]:
        new = cut_off(a, b) - cut_off() - alone[a] - alone[b]
        assert new == set(listed[a, b].devices if (a, b) in listed else ()), (a, b)


def test_a_sound_platform_hangs_on_both_cables_of_a_device_only(tmp_path: Path) -> None:
    _, layers, cuts = found(tmp_path / "p", platform())
    servers = [d for d, data in layers.logical.nodes(data=True) if data.get("role") == "server"]
    assert cuts.alone == () and cuts.unreached == ()
    assert sorted(d for cut in cuts.pairs for d in cut.devices) == sorted(servers)
    assert all(cut.own for cut in cuts.pairs)
    page = cables_page("any", cuts, every=False)
    assert page[-2:] == [
        f"in pairs: {len(servers)} cut a device off that neither cable cuts off alone",
        f"  {len(servers)} of them are both cables of one device, and cut off that device only",
    ]
    assert len(cables_page("any", cuts, every=True)) == len(page) + len(servers)


def test_one_uplink_a_member_and_a_single_homed_fleet(tmp_path: Path) -> None:
    data = platform(("A",))
    record(data, "pairs", "A-P1")["uplinks"]["per_member"] = 1
    record(data, "fleets", "a-app")["attach"]["interfaces"] = ["p1"]
    _, layers, cuts = found(tmp_path / "p", data)
    assert sorted(d for cut in cuts.alone for d in cut.devices) == ["device/a-app-001", "device/a-app-002"]
    (uplinks,) = (cut for cut in cuts.pairs if not cut.own)
    kinds = {key: data["kind"] for _, _, key, data in layers.physical.edges(keys=True, data=True)}
    assert [kinds[cable] for cable in uplinks.cables] == ["uplink", "uplink"]
    assert {"device/A-P1A", "device/A-P1B", "device/a-db-001"} <= set(uplinks.devices)
    assert "alone: 2 cables cut a device off" in cables_page("any", cuts, every=False)
