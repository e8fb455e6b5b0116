"""Faults without a lab: what wiring, power and routing they ask for."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.plan_model import Plan
from inventory.plan_store import load_plan
from rackwright.lab import faults, power, routing, wiring
from rackwright.lab.emulator.tree import from_text
from rackwright.lab.shape import Shape, scaled_down, shape
from rackwright.lab.shape import load as load_shape
from rackwright.lab.state import Fault
from rackwright.lab.switches import emulator
from topology.platforms import h3c_comware, huawei_vrp, ruijie_rgos
from topology.platforms.render import render
from topology.switch_intent import switch_configs

PARSERS = {"huawei_vrp": huawei_vrp.parse, "h3c_comware": h3c_comware.parse, "ruijie_rgos": ruijie_rgos.parse}


@pytest.fixture(scope="module")
def project() -> tuple[Inventory, Plan]:
    folder = PROJECTS / "guangxi"
    inventory, plan = load(folder).inventory, load_plan(folder).plan
    assert inventory is not None
    assert plan is not None
    return inventory, plan


@pytest.fixture(scope="module")
def small(project: tuple[Inventory, Plan]) -> Shape:
    inventory, plan = project
    return shape(inventory, plan, pairs=scaled_down(inventory, 1), servers_per_pair=2)


def fault(kind: str, *targets: str, **options: str) -> Fault:
    return Fault(1, kind, list(targets), options, "", "")


def ends(links: dict[str, list[str]]) -> list[tuple[str, str]]:
    return sorted((row[i], row[i + 1]) for row in links.values() for i in (0, 2))


def test_without_faults_the_wires_are_the_cables_of_the_plan(
    project: tuple[Inventory, Plan], small: Shape
) -> None:
    known = {c.id: c for c in project[1].cables}
    assert set(small.wires) <= set(known)
    for name, row in wiring.desired(small, []).items():
        assert (row[0], row[2]) == (known[name].a.device, known[name].b.device)
    assert len(set(ends(wiring.desired(small, [])))) == 2 * len(small.wires)


def test_any_swaps_keep_every_end_plugged_once(small: Shape) -> None:
    names = sorted(small.wires)
    for first, second, third in itertools.islice(itertools.combinations(names, 3), 0, 4000, 37):
        swaps = [
            fault("swap", first, second, end_1="1", end_2="0"),
            fault("swap", second, third, end_1="1", end_2="1"),
        ]
        assert ends(wiring.desired(small, swaps)) == ends(wiring.desired(small, []))


def test_a_swap_is_undone_by_itself(small: Shape) -> None:
    first, second = sorted(small.wires)[:2]
    swap = fault("swap", first, second, end_1="1", end_2="1")
    assert wiring.desired(small, [swap, swap]) == wiring.desired(small, [])


def test_a_silent_cut_drops_what_both_ends_send(small: Shape) -> None:
    name, wire = next(iter(small.wires.items()))
    both = {f"{wire.a[0]} {wire.a_interface}": "egress", f"{wire.b[0]} {wire.b_interface}": "egress"}
    assert wiring.dropped(small, [fault("cut", name, how="silent")]) == both
    one = wiring.dropped(small, [fault("cut", name, how="silent", towards=wire.b[0])])
    assert one == {f"{wire.a[0]} {wire.a_interface}": "egress"}
    one = wiring.dropped(small, [fault("cut", name, how="traffic", towards=wire.b[0])])
    assert one == {f"{wire.b[0]} {wire.b_interface}": "ingress"}


def test_devices_die_when_their_last_feed_does(small: Shape) -> None:
    for node in small.nodes.values():
        for feed in node.feeds:
            assert node.name not in power.dead_nodes(small, [fault("kill", feed)])
        if node.feeds:
            assert node.name in power.dead_nodes(small, [fault("kill", f) for f in node.feeds])
    both = [fault("kill", "A-UPS-A"), fault("kill", "A-UPS-B")]
    assert power.dead_nodes(small, both[:1]) == []
    assert {small.nodes[n].site for n in power.dead_nodes(small, both)} == {"A"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("A-ASW-01A", "device"),
        ("A-ASW-01", "pair"),
        ("A-UPS-A", "ups"),
        ("A01-PA", "panel"),
        ("A", "site"),
        ("Z", None),
    ],
)
def test_what_a_name_is(small: Shape, name: str, kind: str | None) -> None:
    assert power.kind_of(small, name) == kind


def test_a_shape_comes_back_from_disk(small: Shape, tmp_path: Path) -> None:
    small.save(tmp_path / "shape.json")
    assert load_shape(tmp_path / "shape.json") == small


@pytest.mark.parametrize("platform", PARSERS)
def test_every_platform_starts_with_its_configuration_and_routes_alike(
    project: tuple[Inventory, Plan], small: Shape, platform: str
) -> None:
    dialect, _, first, _ = emulator(platform)
    assert from_text(dialect, first.format(name="x")).children
    for config in switch_configs(*project):
        if config.host not in small.nodes:
            continue
        text = render(replace(config, platform=platform))
        from_text(dialect, text)
        ports = small.nodes[config.host].ports
        assert routing.of_configuration(PARSERS[platform](text), ports) == routing.of_configuration(
            config, ports
        )


def test_only_lines_that_differ_are_sent() -> None:
    peer = routing.Peer("10.0.0.0", 65100, True)
    old = routing.Routing(65101, "1.1.1.1", (("p1", "10.0.0.1/31"),), (peer,), ("1.1.1.1/32",))
    assert routing.commands(old, old) == []
    new = replace(old, peers=(replace(peer, asn=65999),))
    lines = routing.commands(old, new)
    assert lines[0] == "router bgp 65101"
    assert "neighbor 10.0.0.0 remote-as 65999" in lines
    assert not [line for line in lines if "network" in line or "address" in line]
    assert routing.commands(old, routing.Routing()) == [
        "interface p1", "no ip address 10.0.0.1/31", "exit", "no router bgp 65101",
    ]  # fmt: skip
    assert routing.from_dict(routing.to_dict(old)) == old


def test_every_fault_is_taught_by_the_help() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rackwright", "lab", "fault", "--help"], capture_output=True, text=True, check=True,
        env={"COLUMNS": "200", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )  # fmt: skip
    for kind in faults.KINDS:
        assert f"fault {kind} " in done.stdout, kind
