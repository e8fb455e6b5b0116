"""The four layers of a plan: what is in them, what is said to be assumed or unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
import yaml

from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.plan_model import Plan
from inventory.plan_store import load_plan
from tests.platforms import Data, planned, platform, record
from topology.cards import cards_of
from topology.elements import Layers
from topology.graph import elements, layers

ROOT = Path(__file__).parents[2]
Built = tuple[Inventory, Plan, Layers]


@pytest.fixture(scope="module")
def guangxi() -> Built:
    loaded, stored = load(PROJECTS / "guangxi"), load_plan(PROJECTS / "guangxi")
    assert loaded.inventory is not None and stored.plan is not None
    return loaded.inventory, stored.plan, layers(loaded.inventory, stored.plan)


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., Built]:
    def make(data: Data) -> Built:
        inventory, plan = planned(tmp_path, data)
        return inventory, plan, layers(inventory, plan)

    return make


def ancestors(found: Layers, key: str) -> list[str]:
    """Kinds of everything that feeds a node, sorted."""
    return sorted({k.partition("/")[0] for k in nx.ancestors(found.power, key)})


# ------------------------------------------------------------------ the Guangxi project


def test_every_thing_of_the_plan_is_an_element(guangxi: Built) -> None:
    inventory, plan, found = guangxi
    kinds = Counter(e.kind for e in found.elements.values())
    assert kinds["cable"] == len(plan.cables)
    assert kinds["psu"] == len(plan.cords)
    assert kinds["outlet"] == len({(c.pdu, c.outlet) for c in plan.cords})
    assert kinds["device"] == len(plan.devices) + len(inventory.existing_switches)
    assert kinds["feed"] == kinds["pdu"] == 2 * len(inventory.racks)
    assert kinds["phase"] == 3 * kinds["panel"] == 3 * len(inventory.panels)
    assert list(found.elements) == sorted(found.elements)


def test_parallel_cables_stay_apart(guangxi: Built) -> None:
    inventory, plan, found = guangxi
    peers = [c.id for c in plan.cables if c.kind == "peer-link" and c.a.device == "A-ASW-01A"]
    assert len(peers) == 2
    between = found.logical.get_edge_data("device/A-ASW-01A", "device/A-ASW-01B")
    assert sorted(map(str, between)) == [f"cable/{id}" for id in sorted(peers)]
    running = sum(link.count for link in inventory.existing_links.values())
    assert found.physical.number_of_edges() == len(plan.cables) + len(inventory.site_links) + running


def test_a_supply_hangs_on_its_whole_chain(guangxi: Built) -> None:
    _, plan, found = guangxi
    cord = next(c for c in plan.cords if c.device == "A-ASW-01A" and c.side == "a")
    assert ancestors(found, f"psu/A-ASW-01A/{cord.inlet}") == [
        "bank", "feed", "generator", "outlet", "panel", "pdu", "phase", "ups", "utility",
    ]  # fmt: skip
    assert f"phase/A01-PA/{cord.phase}" in nx.ancestors(found.power, f"psu/A-ASW-01A/{cord.inlet}")
    node = found.power.nodes["device/A-ASW-01A"]
    assert (node["needs_psus"], node["sharing"], len(node["psus"])) == (1, "active", 2)


def test_only_data_cables_lead_to_users(guangxi: Built) -> None:
    inventory, _, found = guangxi
    assert {d["plane"] for *_, d in found.logical.edges(data=True)} == {"data"}
    hubs = [d for *_, d in found.logical.edges(data=True) if d["element"] is None]
    assert {d["kind"] for d in hubs} == {"hub"} and len(hubs) == 8  # four core switches a site
    assert not found.logical.nodes["device/a-ecs-001"]["forwards"]
    edge = [n for n, d in found.logical.nodes(data=True) if d["edge"]]
    cores = [f"device/{s}-DSW-{n}" for s in "AB" for n in (1, 2, 3, 4)]
    stated = sorted(f"device/{name}" for site in inventory.sites.values() for name in site.edge)
    assert edge == (stated or cores)


def test_pair_members_are_named(guangxi: Built) -> None:
    nodes = guangxi[2].logical.nodes
    assert [nodes[f"device/A-ASW-02{m}"]["member"] for m in "AB"] == ["A", "B"]
    assert nodes["device/B-LSW-01B"]["pair"] == "B-LSW-01" and nodes["device/B-LSW-01B"]["member"] == "B"
    assert "pair" not in nodes["device/A-DSW-1"]


def test_what_nobody_knows_is_said(guangxi: Built) -> None:
    _, _, found = guangxi
    unknown = dict(found.unknown)
    assert "switches that stand already" in unknown["site/A"].en
    assert "a-hsm" in "".join(unknown)
    assert any(s == "site/A" and text.en.startswith("the place of") for s, text in found.assumed)
    assert "rack" in found.elements["device/A-DSW-1"].unknown
    uplink = next(e for k, e in found.elements.items() if k == "cable/A-F-000247")
    assert uplink.unknown == ("line-card",)
    assert "carrier" in found.elements["site-link/dci-1"].unknown


def test_both_links_of_a_server_share_its_only_card(guangxi: Built) -> None:
    _, plan, found = guangxi
    cables = [c for c in plan.cables if c.kind == "access" and c.a.device == "a-ecs-001"]
    assert {found.elements[f"cable/{c.id}"].facts["nic"] for c in cables} == {("a-ecs-001/1",)}


def test_elements_alone_need_no_graph(guangxi: Built) -> None:
    inventory, plan, found = guangxi
    assert elements(inventory, plan) == found.elements


# ------------------------------------------------------------------ single matters


def test_needed_supplies_and_sharing_follow_the_type(build: Callable[..., Built]) -> None:
    data = platform()
    record(data, "fleets", "a-app")["device_type"] = "hungry-server"
    record(data, "fleets", "a-db")["device_type"] = "cold-server"
    power = build(data)[2].power.nodes
    assert power["device/a-app-001"]["needs_psus"] == 2
    assert power["device/a-db-001"]["needs_psus"] == 1 and power["device/a-db-001"]["sharing"] == "cold"


def test_a_transfer_switch_has_both_feeds_of_its_rack(build: Callable[..., Built]) -> None:
    _, _, found = build(platform(single_corded=True))
    assert sorted(found.power.pred["sts/A-S1"]) == ["feed/A01-A01/a", "feed/A01-A01/b"]
    assert found.power.nodes["sts/A-S1"]["prefer"] == "feed/A01-A01/a"
    assert list(found.power.pred["psu/a-one-001/PSU1"]) == ["sts/A-S1"]
    assert "sts/A-S1" in dict(found.assumed)


def test_without_generators_a_ups_is_a_source(build: Callable[..., Built]) -> None:
    data = platform()
    data["generators"] = [g for g in data["generators"] if g["site"] != "A"]
    _, _, found = build(data)
    assert not list(found.power.pred["ups/A-UA"]) and "utility/A" not in found.elements
    assert sorted(found.power.pred["ups/B-UA"]) == ["generator/B-G1", "generator/B-G2", "utility/B"]
    assert any(subject == "site/A" and "source" in text.en for subject, text in found.assumed)


def test_a_cord_without_a_feed_gives_no_power(build: Callable[..., Built]) -> None:
    data = platform()
    inventory, plan, before = build(data)
    cord = next(c for c in plan.cords if c.device == "a-app-001" and c.side == "b")
    lone = replace(plan, cords=tuple(c for c in plan.cords if c.device != "a-app-001" or c is cord))
    row = record(data, "rows", "A01-A")
    row["feeds"] = {"a": row["feeds"]["a"]}
    loaded = load(_rewritten(inventory, data))
    assert loaded.inventory is not None
    found = layers(loaded.inventory, lone)
    assert list(before.power.pred[f"psu/a-app-001/{cord.inlet}"])
    assert f"psu/a-app-001/{cord.inlet}" in found.elements
    assert list(found.power.pred["device/a-app-001"]) == []
    assert f"psu/a-app-001/{cord.inlet}" in dict(found.unknown)


def test_a_device_without_cords_is_taken_as_powered_and_said(build: Callable[..., Built]) -> None:
    inventory, plan, _ = build(platform())
    found = layers(inventory, replace(plan, cords=tuple(c for c in plan.cords if c.device != "a-app-001")))
    assert "device/a-app-001" not in found.power
    assert dict(found.unknown)["device/a-app-001"].en == "no power cord is planned; taken as powered"


def test_every_leg_of_a_three_phase_strip_hangs_on_its_own_phase(tmp_path: Path) -> None:
    strip = yaml.safe_load(
        (ROOT / "inventory/catalog/device-types/Generic/pdu-32a-2bank.yaml").read_text(encoding="utf-8")
    )
    rack = yaml.safe_load(
        (ROOT / "inventory/catalog/rack-types/Generic/rack-42u-1200-5kw.yaml").read_text(encoding="utf-8")
    )
    strip["slug"], rack["slug"] = "three-legs", "three-leg-rack"
    for outlet in strip["power-outlets"]:
        outlet["feed_leg"] = "A" if outlet["name"].startswith("B1") else "B"
    rack["rackwright"]["pdus"] = {"a": "three-legs", "b": "three-legs"}
    for kind, value in (("device-types", strip), ("rack-types", rack)):
        folder = tmp_path / "catalog" / kind / "Generic"
        folder.mkdir(parents=True)
        (folder / f"{value['slug']}.yaml").write_text(
            yaml.safe_dump(value, sort_keys=False), encoding="utf-8"
        )
    data = platform()
    record(data, "rows", "A01-A")["rack_type"] = "three-leg-rack"
    inventory, plan = planned(tmp_path, data)
    found = layers(inventory, plan)
    cord = next(c for c in plan.cords if c.device.startswith("a-") and c.bank == "B2")
    above = nx.ancestors(found.power, f"psu/{cord.device}/{cord.inlet}")
    panel = f"A01-P{cord.side.upper()}"
    assert f"phase/{panel}/L2" in above and f"phase/{panel}/L1" not in above
    assert f"feed/{cord.rack}/{cord.side}/L2" in above
    legs = [e for e in found.elements.values() if e.facts.get("feed") == (f"{cord.rack}/{cord.side}",)]
    assert len(legs) == 2


def test_a_line_card_is_known_from_the_survey(build: Callable[..., Built]) -> None:
    _, plan, found = build(platform())
    uplinks = [c for c in plan.cables if c.kind == "uplink" and c.b.device == "A-C1"]
    cards = {found.elements[f"cable/{c.id}"].facts["line-card"] for c in uplinks}
    assert cards == {("A-C1/1",), ("A-C1/2",)}


def test_trays_are_named_whatever_nodes_a_route_was_written_with(build: Callable[..., Built]) -> None:
    inventory, plan, before = build(platform())
    cable = next(
        c
        for c in plan.cables
        if len(c.route) > 3 and c.route[0].rpartition("/")[0] == c.route[2].rpartition("/")[0]
    )
    short = cable.model_copy(update={"route": (cable.route[0], *cable.route[2:])})
    found = layers(inventory, replace(plan, cables=tuple(short if c is cable else c for c in plan.cables)))
    key = f"cable/{cable.id}"
    assert found.elements[key].facts["tray"] == before.elements[key].facts["tray"]


def test_stated_risks_of_both_ends_are_on_the_cable(build: Callable[..., Built]) -> None:
    data = platform()
    record(data, "pairs", "A-P1")["risks"] = {"odf": ["ODF-1"]}
    record(data, "existing_switches", "A-C1")["risks"] = {
        "odf": ["ODF-2"],
        "software": ["V1"],
        "rack": ["R7"],
    }
    _, plan, found = build(data)
    uplink = next(c for c in plan.cables if c.kind == "uplink" and c.b.device == "A-C1")
    assert found.elements[f"cable/{uplink.id}"].facts["odf"] == ("ODF-1", "ODF-2")
    assert found.elements["device/A-C1"].facts["software"] == ("V1",)
    assert found.elements["device/A-C1"].unknown == ("crac",)


def test_parallel_running_links_are_elements_of_their_own(build: Callable[..., Built]) -> None:
    data = platform(routers=True)
    record(data, "existing_links", "A-R1C1").update(count=2, risks={"tray": ["T1"], "line-card": ["A-C1/1"]})
    _, _, found = build(data)
    between = found.logical.get_edge_data("device/A-R1", "device/A-C1")
    assert sorted(map(str, between)) == ["existing-link/A-R1C1/1", "existing-link/A-R1C1/2"]
    assert found.elements["existing-link/A-R1C1/1"].unknown == ()
    assert found.elements["existing-link/A-R1C2/1"].unknown == ("line-card", "tray")
    assert [n for n, d in found.logical.nodes(data=True) if d["edge"]] == [
        f"device/{s}-R{n}" for s in "AB" for n in (1, 2)
    ]


def test_a_witness_is_a_place_with_a_hub(build: Callable[..., Built]) -> None:
    data = platform(witness=True)
    record(data, "site_links", "b-w")["via"] = "A"
    _, _, found = build(data)
    assert found.elements["place/W"].facts["site"] == ("W",)
    link = found.logical.get_edge_data("hub/B", "hub/W")["site-link/b-w"]
    assert link["via"] == "A" and link["element"] == "site-link/b-w"


@pytest.mark.parametrize(("demand", "weight"), [(None, 1), ("devices", 1), ("cores", 24), ("raw_hdd_tb", 0)])
def test_a_device_weighs_what_the_demand_counts(
    build: Callable[..., Built], demand: str | None, weight: int
) -> None:
    data = platform()
    if demand:
        record(data, "services", "app")["demand"] = {"measure": demand, "amount": 1.0}
    _, _, found = build(data)
    assert found.service.edges["instance/app@A", "device/a-app-001"]["weight"] == weight
    assert found.service.edges["service/app", "service/db"]["depends"]


def test_an_unknown_weight_is_said(build: Callable[..., Built]) -> None:
    data = platform()
    record(data, "services", "app")["demand"] = {"measure": "threads", "amount": 1.0}
    record(data, "fleets", "a-app")["device_type"] = "ssl-vpn-gateway-2u"
    record(data, "fleets", "a-app").pop("attach")
    record(data, "fleets", "a-app")["attach_open"] = "not decided"
    _, _, found = build(data)
    assert found.service.edges["instance/app@A", "device/a-app-001"]["weight"] == 0
    assert "threads is not known" in dict(found.unknown)["device_types/ssl-vpn-gateway-2u"].en


def test_a_plan_that_does_not_fit_the_inventory_is_said(build: Callable[..., Built]) -> None:
    inventory, plan, _ = build(platform())
    stranger = plan.devices[0].model_copy(update={"name": "x-001"})
    lost = plan.cables[0].model_copy(update={"a": plan.cables[0].a.model_copy(update={"device": "x-002"})})
    odd = replace(
        plan, devices=(*plan.devices[1:], stranger), cables=(lost, *plan.cables[1:], plan.cables[1])
    )
    found = layers(inventory, odd)
    said = dict(found.unknown)
    assert "left out" in said["device/x-001"].en and "device/x-002" in said[f"cable/{lost.id}"].en
    assert f"cable/{plan.cables[1].id}#2" in found.elements
    assert found.physical.has_node("device/x-001") is False


# ------------------------------------------------------------------ cards


@pytest.mark.parametrize(
    ("ports", "cards", "expected"),
    [
        ("p1:10g p2:10g", 1, {"p1": "1", "p2": "1"}),
        ("p1:10g p2:10g", 2, {"p1": "10G-1", "p2": "10G-2"}),
        ("p1:10g p2:10g p3:10g p4:10g", 2, {"p1": "10G-1", "p2": "10G-1", "p3": "10G-2", "p4": "10G-2"}),
        ("p1:10g p2:10g l1:1g l2:1g", 2, {"p1": "10G-1", "p2": "10G-1", "l1": "1G-1", "l2": "1G-1"}),
        ("p1:10g p2:10g l1:1g l2:1g", 3, {"p1": "10G-1", "p2": "10G-2", "l1": "1G-1", "l2": "1G-1"}),
        ("p1:10g p2:10g p3:10g", 2, {"p1": None, "p2": None, "p3": None}),
        ("p1:10g p2:10g", 0, {"p1": None, "p2": None}),
    ],
)
def test_cards_of_ports(guangxi: Built, ports: str, cards: int, expected: dict[str, Any]) -> None:
    catalog = guangxi[0].catalog
    speeds = {"10g": "10gbase-x-sfpp", "1g": "1000base-t"}
    base = catalog.device_types["hygon-c86-ecs-2u"]
    interface = base.interfaces[0]
    names = [text.split(":") for text in ports.split()]
    made = base.model_copy(
        update={
            "interfaces": tuple(
                interface.model_copy(update={"name": n, "type": speeds[s]}) for n, s in names
            ),
            "rackwright": base.rackwright.model_copy(
                update={
                    "components": tuple(
                        c.model_copy(update={"count": cards})
                        for c in base.rackwright.components
                        if c.part == "nic-2x10g-sr" and cards
                    )
                }
            ),
        }
    )
    assert cards_of(made, catalog.components).card == expected


def _rewritten(inventory: Inventory, data: Data) -> Path:
    (inventory.folder / "project.yml").write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return inventory.folder
