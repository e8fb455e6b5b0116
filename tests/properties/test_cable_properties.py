"""Cables: the order of records in the files never matters, and a plan only ever grows."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
import yaml

from inventory.inventory import Inventory
from inventory.load import load
from inventory.plan_model import Cable, PlacedDevice, Plan
from topology.cables import plan_cables
from topology.trays import Place, Trays, cable_length_m

RACKS = 6


def project(servers: int, console: bool) -> dict[str, Any]:
    """A site of two rows with two access pairs and `servers` servers on each."""

    def title(text: str) -> dict[str, str]:
        return {"en": text, "zh": text}

    def row(letter: str, y_m: int) -> dict[str, Any]:
        racks = [{"name": f"A01-{letter}{n:02d}"} for n in range(1, RACKS + 1)]
        return {
            "name": f"A01-{letter}",
            "room": "A01",
            "y_m": y_m,
            "rack_type": "rack-42u-1200-5kw",
            "racks": racks,
        }

    def existing(name: str, role: str, x_m: int) -> dict[str, Any]:
        return {
            "name": name, "title": title(name), "site": "A", "role": role, "room": "A01", "x_m": x_m, "y_m": 9,
            "height_u": 20, "port_type": "1000base-t" if role == "oob-core" else "40gbase-x-qsfpp",
            "free_ports": [{"card": c, "ports": f"X{c}/[1-8]"} for c in "12"],
        }  # fmt: skip

    copper = {"cable": "copper-cat6"}
    return {
        "project": {"name": "any", "title": title("any")},
        "sites": [{"name": "A", "role": "production", "title": title("A")}],
        "rooms": [{"name": "A01", "site": "A"}],
        "rows": [row("A", 2), row("B", 5)],
        "port_plans": [
            {
                "name": "access", "device_type": "access-10g-48s6q",
                "ranges": {"server": "10GE1/0/[1-40]", "uplink": "100GE1/0/[1-4]", "peer_link": "100GE1/0/[5-6]"},
            },
            {"name": "oob", "device_type": "oob-1g-48t6s", "ranges": {"oob": "GE1/0/[1-48]", "uplink": "10GE1/0/[1-2]"}},
        ],
        "pairs": [
            {
                "name": name, "title": title(name), "device_type": "access-10g-48s6q", "site": "A", "port_plan": "access",
                "downlink": {"cable": "fibre-om4-lc", "optic": "sfpp-10g-sr"},
                "uplinks": {"to": ["D1", "D2"], "per_member": 4, "cable": "fibre-om4-mpo", "optic": "qsfpp-40g-sr4"},
                "peer_link": {"count": 2, "cable": "dac-qsfpp-40g", "length_m": 5},
            }
            for name in ("P1", "P2")
        ],
        "oob_switches": [
            {
                "name": name, "title": title(name), "device_type": "oob-1g-48t6s", "site": "A",
                "rows": ["A01-A", "A01-B"], "port_plan": "oob", "downlink": copper,
                "uplinks": {**copper, "to": ["M1", "M2"], "per_member": 2, "optic": "sfp-1g-t"},
            }
            for name in ("O1", "O2")
        ],
        "existing_switches": [
            existing("D1", "core", 2), existing("D2", "core", 3), existing("M1", "oob-core", 4), existing("M2", "oob-core", 5),
        ],
        "fleets": [
            {
                "name": f"f{pair[1]}", "title": title(pair), "role": "server", "device_type": "hygon-c86-ops-2u",
                "count": servers, "site": "A", "attach": {"pairs": [pair]},
            }
            for pair in ("P1", "P2")
        ] + [
            {
                "name": "con", "title": title("con"), "role": "console-server", "device_type": "console-server-32",
                "count": int(console), "site": "A", "attach_open": "serial ports only",
            }
        ],
    }  # fmt: skip


def inventory_of(folder: Path, text: dict[str, Any]) -> Inventory:
    """The inventory of a project given as sections."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "project.yml").write_text(
        yaml.safe_dump(text, sort_keys=False, allow_unicode=True), encoding="utf-8"
    )
    loaded = load(folder)
    assert loaded.inventory is not None, [f.to_text() for f in loaded.findings]
    return loaded.inventory


def standing(inventory: Inventory, rng: random.Random) -> list[PlacedDevice]:
    """Every device somewhere, each in a rack unit of its own, members of pairs two racks apart."""
    slots = [(f"A01-{row}{n:02d}", u) for row in "AB" for n in range(1, RACKS + 1) for u in range(1, 36, 2)]
    rng.shuffle(slots)
    fixed = {"P1A": "A01-A02", "P1B": "A01-A04", "P2A": "A01-B02", "P2B": "A01-B04"}
    out = []
    for name, device in sorted(inventory.devices.items()):
        rack, unit = (fixed[name], 41) if name in fixed else slots.pop()
        pair = f"P{name[1]}" if name[0] == "f" else None
        out.append(
            PlacedDevice(
                name=name, owner=device.owner, device_type=device.type.slug, site="A", rack=rack, position=unit, pair=pair
            )
        )  # fmt: skip
    return out


def ports_are_single(cables: Sequence[Cable]) -> bool:
    """True when no port has two cables."""
    ends = [(e.device, e.port) for c in cables for e in (c.a, c.b) if e.port is not None]
    return len(ends) == len(set(ends))


@pytest.mark.parametrize("seed", range(6))
def test_order_of_records_never_matters(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    text = project(rng.randint(1, 12), bool(seed % 2))
    inventory = inventory_of(tmp_path / "straight", text)
    devices = standing(inventory, rng)
    shuffled = {k: rng.sample(v, len(v)) if isinstance(v, list) else v for k, v in text.items()}
    other = inventory_of(tmp_path / "shuffled", shuffled)
    cables = plan_cables(inventory, devices, None)
    assert plan_cables(other, rng.sample(devices, len(devices)), None) == cables
    assert ports_are_single(cables)


@pytest.mark.parametrize("seed", range(6))
def test_a_plan_only_grows(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    few = rng.randint(1, 10)
    small = inventory_of(tmp_path / "small", project(few, False))
    large = inventory_of(tmp_path / "large", project(few + rng.randint(1, 6), True))
    devices = standing(large, rng)
    before = plan_cables(small, [d for d in devices if d.name in small.devices], None)
    after = plan_cables(large, devices, Plan(cables=before))
    kept = {c.id: c for c in after}
    assert all(kept[c.id] == c for c in before)
    assert ports_are_single(after)
    assert plan_cables(large, devices, Plan(cables=after)) == after


@pytest.mark.parametrize("seed", range(6))
def test_removing_devices_frees_only_their_own_cables(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    inventory = inventory_of(tmp_path / "all", project(8, True))
    devices = standing(inventory, rng)
    before = plan_cables(inventory, devices, None)
    gone = {d.name for d in rng.sample([d for d in devices if d.name[0] == "f"], 5)}
    after = plan_cables(inventory, [d for d in devices if d.name not in gone], Plan(cables=before))
    assert list(after) == [c for c in before if not gone & {c.a.device, c.b.device}]


@pytest.mark.parametrize("seed", range(4))
def test_ways_are_symmetric_and_no_detour_shortens_them(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    inventory = inventory_of(tmp_path / "all", project(6, False))
    trays = Trays(inventory)
    devices = rng.sample(standing(inventory, rng), 8)
    places = [p for p in (trays.place(d) for d in devices) if p is not None]
    for a in places:
        for b in places:
            there, back = trays.route(a, b), trays.route(b, a)
            assert there is not None and back is not None and there.tray_m == back.tray_m
            assert trays.along(there.nodes, a, b) == there
            assert cable_length_m(inventory, a, b, there) == cable_length_m(inventory, b, a, back)
            if a.rack != b.rack:
                assert (
                    there.tray_m
                    >= abs(inventory.racks[str(a.rack)].x_m - inventory.racks[str(b.rack)].x_m) - 1e-9
                )


@pytest.mark.parametrize("seed", range(4))
def test_ways_are_the_shortest_of_the_whole_tray_graph(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    text = project(1, False)
    for i, row in enumerate(text["rows"]):
        row["x_m"] = rng.choice([0, 1.2, 4.8])
        row["racks"] = [{"name": f"A01-{'AB'[i]}{n:02d}"} for n in range(1, rng.randint(3, 40))]
    inventory = inventory_of(tmp_path / "any", text)
    trays = Trays(inventory)
    graph: nx.Graph[str] = nx.Graph()
    for (a, b), mm in trays.edges("A01").items():
        graph.add_edge(a, b, mm=mm)
    racks = rng.sample(sorted(inventory.racks.values(), key=lambda r: r.name), 6)
    places = [Place("A", "A01", f"{r.row}/{r.index + 1}", 1.0, r.name) for r in racks]
    places += [p for s in inventory.existing_switches.values() if (p := trays.existing_place(s)) is not None]
    for here in places:
        far = nx.single_source_dijkstra_path_length(graph, here.node, weight="mm")
        for there in places:
            route = trays.route(here, there)
            assert route is not None
            if here.node != there.node:
                assert round(route.tray_m * 1000) == far[there.node]
                assert nx.is_path(graph, list(route.nodes))
