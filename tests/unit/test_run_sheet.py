"""The papers of a drill: read again as Word files they hold the steps, in order, with nothing observed yet."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import docx
import pytest

from capacity.drill_model import Drill
from capacity.drill_world import Ground
from capacity.drills import drill, ground
from rackwright.documents.drill_papers import write_papers
from rackwright.documents.drill_step import Step
from rackwright.documents.drill_steps import drilled, steps
from rackwright.documents.record_form import record_form
from rackwright.documents.run_sheet import clock, precheck, run_sheet
from rackwright.documents.word import EPOCH, Language
from tests.platforms import Data, planned, platform, record, title
from topology.graph import layers
from topology.risk import shared_risks

LANGUAGES: tuple[Language, ...] = ("zh", "en")


def stages(*names: str) -> list[Data]:
    return [
        {"name": n, "title": title(n), "duration_s": 20.0, "after": list(names[:i][-1:])}
        for i, n in enumerate(names)
    ]


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    data = platform(witness=True)
    record(data, "services", "db").update(
        switchover=stages("withdraw-exit", "promote"), rto_s=300.0, rpo_s=60.0
    )
    record(data, "services", "store")["switchover"] = stages("confirm")
    record(data, "services", "app")["switchover"] = stages("restart")
    times = {"detect_s": 30.0, "decide_s": 60.0}
    data["scenarios"] = [
        {
            "name": "loss-a",
            "title": {"en": "Loss of A", "zh": "A 掉电"},
            "kind": "power-loss",
            "site": "A",
            **times,
        },
        {"name": "racks", "title": title("racks"), "kind": "shared-risk", "each": {"risk": "rack"}},
        {"name": "carriers", "title": title("carriers"), "kind": "shared-risk", "each": {"risk": "carrier"}},
        {"name": "back-a", "title": title("back"), "kind": "failback", "of": "loss-a", "resync_tb": 1.0},
        {"name": "real-a", "title": title("real"), "kind": "exercise", "of": "loss-a", "window_min": 60.0},
        {"name": "split", "title": title("split"), "kind": "split-brain", "sites": ["A", "B"], **times},
        {
            "name": "db-a",
            "title": title("db"),
            "kind": "single-product",
            "site": "A",
            "service": "db",
            **times,
        },
        {"name": "side-a", "title": title("side"), "kind": "power-side", "site": "A", "side": "a"},
        {"name": "island-a", "title": title("island"), "kind": "island", "site": "A", **times},
    ]
    inventory, plan = planned(tmp_path_factory.mktemp("p"), data)
    graphs = layers(inventory, plan)
    return ground(inventory, plan, graphs, shared_risks(inventory, graphs))


def proved(on: Ground, name: str) -> tuple[Drill, tuple[Step, ...]]:
    found = drill(on, on.inventory.scenarios[name])
    return found, steps(on, found)


def rows_of(content: bytes, first: str) -> list[list[str]]:
    """Rows of all tables whose first head is `first`, heads left out."""
    document: Any = docx.Document(io.BytesIO(content))
    return [
        [cell.text for cell in row.cells]
        for table in document.tables
        if table.rows[0].cells[0].text == first
        for row in table.rows[1:]
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "name", ["loss-a", "racks", "back-a", "real-a", "split", "db-a", "side-a", "island-a"]
)
def test_run_sheet_holds_every_step_in_order(on: Ground, name: str, language: Language) -> None:
    found, ordered = proved(on, name)
    head = {"zh": "序号", "en": "No."}[language]
    rows = rows_of(run_sheet(on, found, ordered, language, None, EPOCH), head)
    assert [r[0] for r in rows] == [str(n) for n in range(1, len(ordered) + 1)]
    for row, step in zip(rows, ordered, strict=True):
        assert row[1] == getattr(step.who, language)
        assert row[2].endswith(getattr(step.action, language))
        assert row[3] == getattr(step.expected, language)
        assert row[4] == (getattr(step.abort, language) if step.abort else "")
        assert ("HOLD" in row[2] or "停顿点" in row[2]) == step.hold


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["loss-a", "back-a", "real-a", "split"])
def test_record_form_prints_what_is_expected_and_nothing_observed(
    on: Ground, name: str, language: Language
) -> None:
    found, ordered = proved(on, name)
    content = record_form(on, found, ordered, language, None, EPOCH)
    rows = [r for r in rows_of(content, {"zh": "序号", "en": "No."}[language]) if len(r) == 9]
    assert [r[2] for r in rows] == [getattr(s.expected, language) for s in ordered]
    assert {cell for r in rows for cell in r[3:]} == {""}
    signatures = rows_of(content, {"zh": "单位", "en": "Party"}[language])
    assert [r[0] for r in signatures] == {
        "zh": ["采购人", "中标方", "监理"],
        "en": ["Buyer", "Supplier", "Supervisor"],
    }[language]
    assert {cell for r in signatures for cell in r[1:]} == {""}


def test_steps_go_through_the_phases_of_the_drill(on: Ground) -> None:
    _, ordered = proved(on, "loss-a")
    phases = list(dict.fromkeys(s.phase for s in ordered))
    assert phases == ["prepare", "inject", "observe", "switch", "restore", "return", "close"]
    assert ordered[0].hold, "nothing begins without the approval"
    assert next(s for s in ordered if s.phase == "switch").hold, "a person orders the switch-over"
    actions = [s.action.en for s in ordered if s.phase == "inject"]
    assert actions[0].startswith("Lock the generators A-G1, A-G2")
    assert ["A01-PA" in actions[1], "A01-PB" in actions[3]] == [True, True]


def test_stages_begin_when_the_critical_path_says(on: Ground) -> None:
    found, ordered = proved(on, "loss-a")
    begins, _ = clock(ordered)
    failure = begins[next(i for i, s in enumerate(ordered) if s.phase == "observe")]
    db = next(r for r in found.recoveries if r.service == "db")
    spans = {
        s.action.en: (round((begins[i] - failure) * 60), s.span_s) for i, s in enumerate(ordered) if s.span_s
    }
    assert spans["db: promote."] == (130, (130.0, 150.0))
    assert spans["Probe db under its usual name; take the time."] == (150, (150.0, 150.0))
    assert db.total_s == 150


def test_failback_copies_before_roles_change_and_walks_backwards(on: Ground) -> None:
    _, ordered = proved(on, "back-a")
    actions = [s.action.en for s in ordered if s.phase == "return"]
    assert actions[0].startswith("Copy back")
    assert actions[1].startswith("Compare the data")
    undone = [a for a in actions if "take back" in a]
    assert undone == [
        "app: take back: restart.", "db: take back: promote.", "db: take back: withdraw-exit.", "store: take back: confirm.",
    ]  # fmt: skip


def test_a_real_drill_ends_where_it_began(on: Ground) -> None:
    _, ordered = proved(on, "real-a")
    phases = [s.phase for s in ordered]
    assert phases.index("restore") < phases.index("return") < phases.index("close")
    assert sum(s.action.en.startswith("Room A01") for s in ordered) == 2, "checked before and after"


def test_the_window_is_held_against_the_plan(on: Ground) -> None:
    found, ordered = proved(on, "real-a")
    document: Any = docx.Document(io.BytesIO(run_sheet(on, found, ordered, "en", None, EPOCH)))
    assert any("longer than the window of 60 min" in c.text for r in document.tables[0].rows for c in r.cells)


def test_of_many_cases_some_are_carried_out(on: Ground) -> None:
    found, ordered = proved(on, "racks")
    assert len(found.cases) == 8
    assert sum(s.phase == "inject" for s in ordered) == len(drilled(found)) == 3


def test_precheck_names_every_device_of_both_rooms(on: Ground) -> None:
    rooms = dict(precheck(on))
    assert list(rooms) == ["A01", "B01"]
    assert sum(int(row[2]) for row in rooms["A01"]) == 8 + 2 + 2 + 4
    assert ["a-db-001 … a-db-003", "small-server", "3"] in [row[:3] for row in rooms["A01"]]
    assert "A-C1, A-C2" in [row[0] for row in rooms["A01"]]


def test_the_same_input_gives_the_same_bytes(on: Ground, tmp_path: Path) -> None:
    found, _ = proved(on, "loss-a")
    first = {p.name: p.read_bytes() for p in write_papers(on, [found], tmp_path / "1", None)}
    again = {p.name: p.read_bytes() for p in write_papers(on, [found], tmp_path / "2", None)}
    assert first == again
    assert sorted(first) == [
        "loss-a-record-form.en.docx", "loss-a-record-form.zh.docx", "loss-a-run-sheet.en.docx", "loss-a-run-sheet.zh.docx",
    ]  # fmt: skip
    for content in first.values():
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_named_day_stands_in_the_papers(on: Ground, tmp_path: Path) -> None:
    found, _ = proved(on, "loss-a")
    path = next(p for p in write_papers(on, [found], tmp_path, "2026-03-07") if "run-sheet.en" in p.name)
    document: Any = docx.Document(str(path))
    assert document.core_properties.created.date().isoformat() == "2026-03-07"
    assert any("2026-03-07" in c.text for r in document.tables[0].rows for c in r.cells)


def test_chinese_has_a_font_of_its_own(on: Ground) -> None:
    found, ordered = proved(on, "loss-a")
    with zipfile.ZipFile(io.BytesIO(run_sheet(on, found, ordered, "zh", None, EPOCH))) as archive:
        styles = archive.read("word/styles.xml").decode()
    assert 'w:eastAsia="SimSun"' in styles
    assert 'w:eastAsia="SimHei"' in styles


def test_a_drill_without_cases_has_no_papers(on: Ground, tmp_path: Path) -> None:
    found, _ = proved(on, "carriers")
    assert list(write_papers(on, [found], tmp_path, None)) == []
