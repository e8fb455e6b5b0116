"""The section of the report on what fails together: true to the model, whole, bounded, and honest about gaps."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from capacity.power_flow import flow, power_loads
from capacity.survives import survives
from inventory.checks import Outcome, Report
from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from rackwright.documents import failure_matrix, failure_pictures, failures
from rackwright.documents.failure_pictures import counted
from rackwright.documents.failures import Failures
from rackwright.documents.report import render
from rackwright.summary import summarise
from tests.platforms import Data, planned, platform, random_platform, record
from topology.elements import Layers, SharedRisk
from topology.graph import layers
from topology.risk import shared_risks

NOTHING = Report((), ())


def data() -> Data:
    """Two sites where the loss of a pair takes the unprotected `app` with it, and two drills."""
    found = platform(witness=True)
    record(found, "services", "app").update(
        protected=False, mode="single", sites=["A"], depends_on=[],
        demand={"measure": "devices", "amount": 2.0, "critical_share": 1.0},
    )  # fmt: skip
    found["scenarios"] = [
        {"name": "loss-a", "title": {"en": "A is lost", "zh": "A 掉电"}, "kind": "power-loss", "site": "A"},
        {"name": "racks", "title": {"en": "Each rack", "zh": "逐个机柜"}, "kind": "shared-risk", "each": {"risk": "rack"}},
    ]  # fmt: skip
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Inventory, Plan]:
    return planned(tmp_path_factory.mktemp("failures"), data())


@pytest.fixture(scope="module")
def graphs(world: tuple[Inventory, Plan]) -> tuple[Layers, dict[str, SharedRisk]]:
    built = layers(*world)
    return built, {risk.key: risk for risk in shared_risks(world[0], built)}


@pytest.fixture(scope="module")
def section(world: tuple[Inventory, Plan]) -> Failures:
    return failures.failures(*world, NOTHING)


def text_of(inventory: Inventory, plan: Plan, report: Report = NOTHING) -> str:
    text = render(inventory, plan, report, summarise(inventory, plan, report))
    return text[text.index('<section id="failures">') : text.index('<section id="optics">')]


# ---------------------------------------------------------------- matrix


def test_every_group_stands_in_one_row_with_what_the_oracle_says(
    world: tuple[Inventory, Plan], graphs: tuple[Layers, dict[str, SharedRisk]], section: Failures
) -> None:
    built, risks = graphs
    found = section.matrix
    assert found is not None and not section.open
    seen = []
    for row in found.rows:
        assert sum(kind.count for kind in row.kinds) == row.groups
        for kind in row.kinds:
            named = [f"{kind.kind}:{name}" for name in kind.names]
            seen += named
            assert kind.tried == sum(r.kind == kind.kind for r in risks.values())
            for key in named[:2]:
                left = survives(world[0], built, risks[key].members)
                cells = ["up" if left.services[s.name] else "down" for s in found.columns]
                assert list(row.cells) == cells, key
                assert row.dark[0] <= len(left.dark) <= row.dark[1]
                assert row.cut_off[0] <= len(left.cut_off) <= row.cut_off[1]
    assert len(seen) == len(set(seen)) and set(seen) <= set(risks)
    assert sum(row.groups for row in found.rows) == len(risks) == section.groups


def test_protected_services_come_first_and_the_worst_rows(section: Failures) -> None:
    found = section.matrix
    assert found is not None
    assert [s.name for s in found.columns] == ["db", "store", "app"]
    assert [s.protected for s in found.columns] == [True, True, False]
    downs = [row.cells.count("down") for row in found.rows]
    assert downs == sorted(downs, reverse=True) and downs[0] == 1 and found.single == 0
    assert [row.loses for row in found.rows][-1] is False and found.rows[-1].harmless


def test_a_service_down_from_the_start_blames_no_group(tmp_path: Path) -> None:
    broken = data()
    record(broken, "services", "app")["demand"]["amount"] = 99.0
    found = failures.failures(*planned(tmp_path, broken), NOTHING).matrix
    assert found is not None
    app = [s.name for s in found.columns].index("app")
    assert {row.cells[app] for row in found.rows} == {"already"}
    assert all(row.harmless for row in found.rows) and found.columns[app].why_down


def test_many_services_share_one_column(
    world: tuple[Inventory, Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failure_matrix, "COLUMNS", 1)
    found = failures.failures(*world, NOTHING).matrix
    assert found is not None
    assert [s.name for s in found.columns] == ["db", "store"] and found.hidden == 1
    assert found.rows[0].others == 1 and not found.rows[0].harmless
    assert "1 more" in text_of(*world)


# ---------------------------------------------------------------- pictures


def test_pictures_are_of_the_worst_failures_one_of_a_kind(
    world: tuple[Inventory, Plan], graphs: tuple[Layers, dict[str, SharedRisk]], section: Failures
) -> None:
    built, risks = graphs
    unharmed, *worst = section.shots
    assert unharmed.risk is None and not unharmed.down and unharmed.still_up == ("app", "db", "store")
    assert 3 <= len(worst) <= failure_pictures.WORST
    kinds = [str(shot.risk).partition(":")[0] for shot in worst]
    assert len(kinds) == len(set(kinds))
    assert kinds[0] == "site" and "room" not in kinds  # the room loses what the site loses
    for shot in worst:
        members = risks[str(shot.risk)].members
        left = survives(world[0], built, members)
        assert [s.name for s in shot.down] == [s for s, up in left.services.items() if not up]
        assert all(s.reasons for s in shot.down) and not any(s.protected for s in shot.down)
        said = {head.en: text for head, text in shot.lines}
        assert said["fails"] == counted(built, members)
        assert said["cut off"].en.startswith(f"{len(left.cut_off)} devices")
        boxes = sum(m.startswith("device/") for m in members)
        drawn = re.findall(r'<rect class="tp-box [^"]*tp-failed[^>]*><title>device/', shot.svg)
        assert len(drawn) == boxes


def test_pictures_of_a_page_share_style_and_hatching(world: tuple[Inventory, Plan]) -> None:
    page = render(*world, NOTHING, summarise(*world, NOTHING))
    assert page.count('id="tp-hatch-page"') == 1 and "url(#tp-hatch-page)" in page
    assert "xmlns" not in page and page.count("<style>") == 1
    assert page.count('class="tp" viewBox') == 5
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_counts_of_elements_are_words_in_both_languages(graphs: tuple[Layers, dict[str, SharedRisk]]) -> None:
    built, _ = graphs
    keys = [*sorted(k for k in built.elements if k.startswith("cable/"))[:2], "ups/A-UA"]
    assert counted(built, keys) == Text("2 cables, 1 UPS", "2 条线缆、1 套 UPS")


def test_breakers_that_open_are_part_of_the_failure(tmp_path: Path) -> None:
    """Panels that cannot carry the load alone: one feed lost opens both, one after the other."""
    weak = platform(witness=True)
    for panel in weak["panels"]:
        panel["breaker_a"] = 4.0
    inventory, plan = planned(tmp_path, weak)
    found = failures.failures(inventory, plan, NOTHING)
    assert found.trips and found.matrix is not None and found.over
    opening = [row for row in found.matrix.rows if row.opened]
    assert opening and all(row.loses and row.dark[1] for row in opening)
    shot = next(s for s in found.shots if any(head.en == "then opens" for head, _ in s.lines))
    said = {head.en: text.en for head, text in shot.lines}
    panels = said["then opens"].split(", ")
    assert all(
        'tp-failed" ' in line for line in shot.svg.splitlines() if any(f"<title>{p}<" in line for p in panels)
    )
    assert not said["without power"].startswith("0 ")
    assert f"then opens</span>: {opening[0].opened[0]}" in text_of(inventory, plan)


@pytest.mark.parametrize("seed", [0, 9, 12, 15])
def test_odd_platforms_give_a_true_matrix(tmp_path: Path, seed: int) -> None:
    inventory, plan = planned(tmp_path, random_platform(Random(seed)))
    built = layers(inventory, plan)
    risks = {risk.key: risk for risk in shared_risks(inventory, built)}
    found = failures.failures(inventory, plan, NOTHING).matrix
    assert found is not None and sum(row.groups for row in found.rows) == len(risks)
    for row in found.rows:
        for kind in row.kinds:
            left = survives(inventory, built, {*risks[f"{kind.kind}:{kind.names[-1]}"].members, *row.opened})
            for cell, service in zip(row.cells, found.columns, strict=True):
                assert cell == "already" or left.services[service.name] == (cell == "up")


# ---------------------------------------------------------------- loads


def test_loads_are_those_of_the_failure_named(
    world: tuple[Inventory, Plan], graphs: tuple[Layers, dict[str, SharedRisk]], section: Failures
) -> None:
    built, risks = graphs
    draws = power_loads(world[0], built)
    titles = [level.title.en for level in section.levels]
    assert titles.index("UPS sides") < titles.index("Rack feeds") < titles.index("PDU banks")
    rows = [(level, row) for level in section.levels for row in level.rows]
    assert rows
    for level, row in rows:
        kind = next(k for k, t in failures_levels().items() if t == level.title)
        for cell in (row.one, row.two):
            assert cell is not None
            failed = {m for key in cell.failure for m in risks[key].members}
            load_w = flow(built, draws, failed, at="peak").highest_w[f"{kind}/{row.element}"]
            assert cell.kw == f"{load_w / 1000:.2f}"
            assert cell.share is not None and (cell.mark == "bad") == (cell.share > 1)
        assert row.two is not None and (row.two.share or 0) >= (row.one.share or 0)


def failures_levels() -> dict[str, Text]:
    from rackwright.documents.failure_tables import LEVELS

    return LEVELS


def test_a_feed_of_2n_shows_the_load_of_both(
    world: tuple[Inventory, Plan], graphs: tuple[Layers, dict[str, SharedRisk]], section: Failures
) -> None:
    """Both feeds of a rack share its load, and each must carry all of it."""
    feeds = next(level for level in section.levels if level.title.en == "Rack feeds")
    assert feeds.elements == 16 and feeds.unrated == 0 and len(feeds.rows) == 5
    normal_w = flow(graphs[0], power_loads(world[0], graphs[0]), (), at="peak").load_w
    for row in feeds.rows:
        rack, _, _ = row.element.partition("/")
        both_w = normal_w[f"feed/{rack}/a"] + normal_w[f"feed/{rack}/b"]
        assert row.one.kw == f"{both_w / 1000:.2f}"
        assert row.one.share == pytest.approx(both_w / 1000 / float(row.limit_kw), rel=0.01)


def test_unknown_limits_are_counted_not_passed(tmp_path: Path) -> None:
    silent = data()
    for panel in silent["panels"]:
        panel.pop("breaker_a")
    inventory, plan = planned(tmp_path, silent)
    levels = failures.failures(inventory, plan, NOTHING).levels
    panels = next(level for level in levels if level.title.en == "Row cabinets")
    assert panels.rows == () and panels.unrated == panels.elements == 4
    assert "not evaluated: 4 of 4 have no known limit" in text_of(inventory, plan)


# ---------------------------------------------------------------- drills and zones


def test_drills_are_expected_and_never_observed(world: tuple[Inventory, Plan], section: Failures) -> None:
    loss, racks = section.drills
    assert (loss.name, loss.kind.en, loss.cases) == ("loss-a", "Power loss of a site", 1)
    assert racks.cases == 8
    for drill in section.drills:
        wanted = "bad" if drill.violated else "unknown" if drill.not_evaluated else "good"
        assert drill.mark == wanted
        assert {mark for mark, _, _ in drill.points} == {
            mark for mark, n in (("bad", drill.violated), ("unknown", drill.not_evaluated)) if n
        }
    text = text_of(*world)
    assert 'id="drill-loss-a"' in text
    assert len(re.findall("observed", text)) == len(re.findall("never observed", text))


def test_zones_link_to_their_checks(world: tuple[Inventory, Plan]) -> None:
    report = Report((), (Outcome("SEC001", 2, 0, 0), Outcome("SEC002", 0, 0, 0), Outcome("RED001", 1, 0, 0)))
    zones = failures.failures(*world, report).zones
    assert [(row.code, row.mark) for row in zones] == [("SEC001", "good"), ("SEC002", "unknown")]
    text = text_of(*world, report)
    assert 'href="#code-SEC001"' in text and "项目中没有此类对象" in text


# ---------------------------------------------------------------- what is missing, what is too large


@pytest.mark.parametrize(
    ("without", "says"),
    [
        ("devices", "the plan holds no device"),
        ("cords", "the plan holds no power cord"),
        ("cables", "cut off"),
        ("power", "Rack feeds"),
        ("addresses", "Rack feeds"),
        ("proofs", "Rack feeds"),
    ],
)
def test_a_plan_with_a_part_missing_still_gives_a_report(
    world: tuple[Inventory, Plan], without: str, says: str
) -> None:
    inventory, plan = world
    parts: dict[str, Any] = {without: ()}
    text = text_of(inventory, replace(plan, **parts))
    assert says in text
    if without == "cords":
        assert text.count("not evaluated") > 3


def test_a_project_without_services_and_drills_says_so(tmp_path: Path) -> None:
    bare = platform(("A",), app=0, db=0, store=0)
    for section_name in ("services", "quorums", "fleets", "replica_groups"):
        bare.pop(section_name, None)
    inventory, plan = planned(tmp_path, bare)
    found = failures.failures(inventory, plan, NOTHING)
    assert found.matrix is None and not found.drills and found.shots
    assert set(found.open) >= {"matrix", "drills"}
    text = text_of(inventory, plan)
    assert "no service has a device in the plan" in text and "no scenario is declared" in text


def test_a_large_platform_says_what_is_left_out(
    world: tuple[Inventory, Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = len(world[1].devices)
    monkeypatch.setattr(failures, "DRILLED", 3)
    monkeypatch.setattr(failures, "PAIRED", 3)
    monkeypatch.setattr(failure_pictures, "DRAWN", 2 * (devices + 8))
    text = text_of(*world)
    assert "rackwright drill" in text and "rackwright power --order 2" in text
    assert "Two failures kW" not in text and text.count('class="tp" viewBox') == 2
    assert "2 of 5 pictures are drawn" in text
    monkeypatch.setattr(failures, "SWEPT", 3)
    text = text_of(*world)
    assert "rackwright simulate --order 1" in text and "<svg" not in text


def test_the_section_is_the_same_every_time(world: tuple[Inventory, Plan]) -> None:
    assert text_of(*world) == text_of(*world)


def test_other_verbs_do_not_load_the_sweep() -> None:
    code = "import sys, rackwright.cli.app, rackwright.cli.check; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "networkx", "jinja2", "capacity.sweep"} & set(done.stdout.split())
