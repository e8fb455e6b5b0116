"""Groups of shared risk: formed from facts by kinds that are data, and named by hand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from unittest import mock

import pytest

import topology.checks.risk_groups  # noqa: F401  (registers the checks)
from inventory.checks import REGISTRY, Check, Context, run
from inventory.findings import Finding, Status
from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.plan_model import Plan
from inventory.plan_store import load_plan
from tests.platforms import Data, planned, platform, record, title
from topology import risk_kinds
from topology.elements import SharedRisk
from topology.graph import elements, layers
from topology.risk import selected, shared_risks, unknown_facts
from topology.risk_kinds import kinds, shipped_kinds

Groups = dict[str, SharedRisk]
TODAY = date(2026, 6, 1)
ROOT = Path(__file__).parents[2]


def groups(inventory: Inventory, plan: Plan) -> Groups:
    return {risk.key: risk for risk in shared_risks(inventory, layers(inventory, plan))}


def findings(inventory: Inventory, plan: Plan) -> list[Finding]:
    """What the checks of this subject say, whatever other tests have registered."""
    mine = {
        code: rule
        for code, rule in REGISTRY.items()
        if not isinstance(rule, Check) or rule.function.__module__ == "topology.checks.risk_groups"
    }
    with mock.patch.dict(REGISTRY, mine, clear=True):
        return list(run(Context(inventory, plan, TODAY)).findings)


@pytest.fixture
def build(tmp_path: Path) -> Callable[[Data], tuple[Inventory, Plan]]:
    return lambda data: planned(tmp_path, data)


@pytest.fixture(scope="module")
def guangxi() -> tuple[Inventory, Plan, Groups]:
    loaded, stored = load(PROJECTS / "guangxi"), load_plan(PROJECTS / "guangxi")
    assert loaded.inventory is not None and stored.plan is not None
    return loaded.inventory, stored.plan, groups(loaded.inventory, stored.plan)


# ------------------------------------------------------------------ the shipped kinds


def test_groups_of_guangxi(guangxi: tuple[Inventory, Plan, Groups]) -> None:
    inventory, plan, found = guangxi
    count = Counter(group.kind for group in found.values())
    assert count["rack"] == len(inventory.racks) == 40
    assert count["pair"] == 8 and count["peer-link"] == 6
    assert count["phase"] == 12 and count["ups"] == count["power-side"] == 4
    assert count["cable"] == len(plan.cables) and count["psu"] == len(plan.cords)
    unsurveyed = {name for name, s in inventory.existing_switches.items() if s.free_ports is None}
    assert count["line-card"] == 0 or len(unsurveyed) < len(inventory.existing_switches)
    assert list(found) == sorted(found) and all(group.members for group in found.values())


def test_a_rack_takes_everything_in_it(guangxi: tuple[Inventory, Plan, Groups]) -> None:
    _, plan, found = guangxi
    rack = found["rack:A01-A04"]
    devices = {f"device/{d.name}" for d in plan.devices if d.rack == "A01-A04"}
    assert devices == {m for m in rack.members if m.startswith("device/")}
    assert {"feed/A01-A04/a", "pdu/A01-A04/pdu-b", "bank/A01-A04/pdu-a/B1"} <= set(rack.members)
    assert rack.title.en == "Rack A01-A04" and rack.title.zh == "机柜 A01-A04"
    assert rack.members == tuple(sorted(rack.members))


def test_a_tray_segment_takes_the_cables_that_pass_it(guangxi: tuple[Inventory, Plan, Groups]) -> None:
    _, plan, found = guangxi
    passing = {f"cable/{c.id}" for c in plan.cables for x in zip(c.route, c.route[1:], strict=False)
               if set(x) == {"A01-A/4", "A01-A/5"}}  # fmt: skip
    assert set(found["tray:A01-A/4--A01-A/5"].members) == passing


def test_the_code_names_no_kind() -> None:
    words = {kind.name for kind in shipped_kinds().values()} - {"site", "device"}
    for name in ("risk.py", "risk_kinds.py"):
        text = Path(risk_kinds.__file__).with_name(name).read_text(encoding="utf-8")
        code = [line.split("#")[0] for line in text.split('"""')[2::2]]
        assert not [w for w in words for part in code if f'"{w}"' in part], name


def test_shipped_kinds_have_titles_in_both_languages() -> None:
    for kind in shipped_kinds().values():
        assert kind.title.en and kind.title.zh and kind.of
        assert set(kind.must_say) <= set(kind.of), kind.name


def test_the_page_about_them_names_every_kind_of_risk_and_element() -> None:
    text = (ROOT / "docs/redundancy-model.md").read_text(encoding="utf-8")
    table = text.partition("## Kinds of shared risk")[2].partition("### A new kind")[0]
    assert set(re.findall(r"`([a-z-]+)`", table)) >= set(shipped_kinds())
    kinds_of_elements = {of for kind in shipped_kinds().values() for of in kind.of}
    told = text.partition("## Elements")[2].partition("## Facts")[0]
    assert {
        word for row in re.findall(r"^\| ([a-z, -]+) \|", told, re.M) for word in row.split(", ")
    } == kinds_of_elements


# ------------------------------------------------------------------ kinds and groups of a project


def test_a_new_kind_is_data(build: Callable[[Data], tuple[Inventory, Plan]]) -> None:
    data = platform()
    record(data, "panels", "A01-PA")["risks"] = {"switch-room": ["SR-1"]}
    record(data, "ups", "A-UB")["risks"] = {"switch-room": ["SR-1"]}
    data["risk_kinds"] = [
        {"name": "switch-room", "title": title("Switch room"), "of": ["panel", "ups"], "by": "switch-room"},
        {"name": "model", "title": title("Model"), "of": ["device"], "by": "device-type"},
    ]
    inventory, plan = build(data)
    found = groups(inventory, plan)
    assert found["switch-room:SR-1"].members == ("panel/A01-PA", "ups/A-UB")
    assert len(found["model:access-10g-48s6q"].members) == 4
    assert not [f for f in findings(inventory, plan) if f.status is Status.FAILED]


def test_a_kind_of_the_project_takes_the_place_of_a_shipped_one(
    build: Callable[[Data], tuple[Inventory, Plan]],
) -> None:
    data = platform()
    data["risk_kinds"] = [{"name": "rack", "title": title("Rack"), "of": ["device"], "by": "rack"}]
    found = groups(*build(data))
    assert {m.partition("/")[0] for m in found["rack:A01-A01"].members} == {"device"}


def test_a_stated_fact_of_no_kind_still_forms_groups(
    build: Callable[[Data], tuple[Inventory, Plan]],
) -> None:
    data = platform()
    for name in ("A-UA", "B-UA"):
        record(data, "ups", name)["risks"] = {"firmware": ["F1"]}
    inventory, plan = build(data)
    assert groups(inventory, plan)["firmware:F1"].members == ("ups/A-UA", "ups/B-UA")
    (said,) = [f for f in findings(inventory, plan) if f.status is Status.FAILED]
    assert (said.code, said.subject) == ("RED042", "risks/firmware")


def test_a_misspelt_fact_is_recognised(build: Callable[[Data], tuple[Inventory, Plan]]) -> None:
    data = platform()
    record(data, "pairs", "A-P1")["risks"] = {"sofware": ["V1"]}
    (said,) = [f for f in findings(*build(data)) if f.status is Status.FAILED]
    assert said.fix is not None and said.fix.en == "did you mean software?"


def test_groups_named_by_hand_join_those_of_the_same_key(
    build: Callable[[Data], tuple[Inventory, Plan]],
) -> None:
    data = platform()
    data["risk_groups"] = [
        {"name": "A-P1", "kind": "pair", "title": title("Pair and its core"), "members": ["device/A-C1"]},
        {
            "name": "shelf",
            "kind": "optical",
            "title": title("Shelf"),
            "members": ["site-link/dci-*", "device/A-C2"],
        },
    ]
    found = groups(*build(data))
    assert found["pair:A-P1"].members == ("device/A-C1", "device/A-P1A", "device/A-P1B")
    assert found["optical:shelf"].members == ("device/A-C2", "site-link/dci-1", "site-link/dci-2")
    assert found["optical:shelf"].title.en == "Shelf"


@pytest.mark.parametrize(
    ("member", "fix"),
    [
        ("device/a-p1a", "did you mean device/A-P1A?"),
        ("cable/Q-*", None),
        ("swich/A-P1A", None),
    ],
)
def test_a_selector_without_members_is_an_error(
    build: Callable[[Data], tuple[Inventory, Plan]], member: str, fix: str | None
) -> None:
    data = platform()
    data["risk_groups"] = [
        {"name": "g", "kind": "any", "title": title("G"), "members": ["device/A-C1", member]}
    ]
    inventory, plan = build(data)
    (said,) = [f for f in findings(inventory, plan) if f.status is Status.FAILED]
    assert said.code == "RED040" and said.subject == "risk_groups/g" and said.blocks
    assert said.source == inventory.where(inventory.risk_groups["g"], "members", 1)
    assert fix is None or (said.fix is not None and said.fix.en == fix)


@pytest.mark.parametrize(
    ("kind", "path"),
    [({"of": ["device", "swich"], "by": "rack"}, ("of", 1)), ({"of": ["device"], "by": "rck"}, ("by",))],
)
def test_a_kind_without_groups_is_an_error(
    build: Callable[[Data], tuple[Inventory, Plan]], kind: Data, path: tuple[str | int, ...]
) -> None:
    data = platform()
    data["risk_kinds"] = [{"name": "k", "title": title("K"), **kind}]
    inventory, plan = build(data)
    (said,) = [f for f in findings(inventory, plan) if f.status is Status.FAILED]
    assert said.code == "RED040" and said.source == inventory.where(inventory.risk_kinds["k"], *path)


# ------------------------------------------------------------------ what is unknown


def test_unknown_facts_are_counted_by_kind_and_site(guangxi: tuple[Inventory, Plan, Groups]) -> None:
    inventory, plan, _ = guangxi
    missing = unknown_facts(inventory, elements(inventory, plan))
    blind = [c for c in plan.cables if c.b.device in inventory.existing_switches and c.b.port is None]
    for site in ("A", "B"):
        at_site = {f"cable/{c.id}" for c in blind if inventory.existing_switches[c.b.device].site == site}
        assert at_site == set(missing["line-card", site])
        racks = {
            f"device/{n}"
            for n, s in inventory.existing_switches.items()
            if s.site == site and "rack" not in s.risks
        }
        assert racks == set(missing["rack", site])
    said = [f for f in findings(inventory, plan) if f.code == "RED041"]
    assert {f.status for f in said} == {Status.NOT_EVALUATED}
    assert "line-card A" in {f.subject for f in said}
    assert not [f for f in said if f.subject.endswith("A+B")]


def test_nothing_unknown_nothing_said(build: Callable[[Data], tuple[Inventory, Plan]]) -> None:
    data = platform()
    for section in ("fleets", "pairs", "oob_switches", "existing_switches"):
        for one in data[section]:
            one["risks"] = {"software": ["V1"], "crac": ["C1"]}
            if section == "existing_switches":
                one["risks"]["rack"] = ["R1"]
    inventory, plan = build(data)
    assert findings(inventory, plan) == []
    assert "device/A-C1" in groups(inventory, plan)["software:V1"].members


def test_a_device_in_no_rack_is_left_to_others(build: Callable[[Data], tuple[Inventory, Plan]]) -> None:
    inventory, plan = build(platform())
    before = {(f.subject, f.message.en) for f in findings(inventory, plan)}
    off = tuple(
        d.model_copy(update={"rack": None, "position": None}) if d.name == "a-app-001" else d
        for d in plan.devices
    )
    after = {(f.subject, f.message.en) for f in findings(inventory, replace(plan, devices=off))}
    assert {s for s, _ in after - before} <= {"software A", "crac A"}


# ------------------------------------------------------------------ selectors


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("cable/A-1", ["cable/A-1"]),
        ("cable/A-*", ["cable/A-1", "cable/A-10"]),
        ("cable/A", []),
        ("cable/A-1*", ["cable/A-1", "cable/A-10"]),
        ("*", ["cable/A-1", "cable/A-10", "cable/B-1", "device/x"]),
        ("device/y*", []),
        ("device/x", ["device/x"]),
    ],
)
def test_selectors(selector: str, expected: list[str]) -> None:
    assert list(selected(["cable/A-1", "cable/A-10", "cable/B-1", "device/x"], selector)) == expected


def test_kinds_of_a_project_come_after_the_shipped_ones(
    build: Callable[[Data], tuple[Inventory, Plan]],
) -> None:
    data = platform()
    data["risk_kinds"] = [{"name": "model", "title": title("M"), "of": ["device"], "by": "device-type"}]
    inventory, _ = build(data)
    assert list(kinds(inventory)) == [*shipped_kinds(), "model"]
