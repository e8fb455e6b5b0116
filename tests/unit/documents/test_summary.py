"""The summary in figures, and in a terminal."""

from __future__ import annotations

import io
import json
import re

import pytest
from rich.console import Console

from inventory.checks import Report
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from rackwright.cli.summary_text import print_summary
from rackwright.figures import figures
from rackwright.summary import Summary, summarise


def test_summary_counts_from_the_state_of_the_plan(summary: Summary) -> None:
    assert (summary.devices, summary.placed, summary.unplaced) == (6, 5, ("late-001",))
    site = summary.racks[0]
    assert (site.used, site.available, site.reserved, site.status, site.unknown) == (2, 2, 1, "infeasible", 1)
    assert (summary.cables, summary.cables_of_unknown_length, summary.stock_m) == (6, 1, 15.0)
    assert (summary.addresses, summary.tombstones) == (1, 1)
    assert (summary.optics.needed, summary.optics.supplied, summary.optics.short_pieces) == (4, 3, 1)
    counts = summary.counts
    assert (counts.errors, counts.warnings, counts.waived, counts.not_evaluated) == (1, 1, 1, 1)
    assert (counts.checks_passed, counts.checks_failed, counts.checks_not_evaluated) == (1, 2, 1)


def test_summary_finds_the_tightest_rack_and_the_feed_that_fails_alone(summary: Summary) -> None:
    assert summary.tightest_rack is not None and summary.tightest_rack.element == "A01-A01"
    assert summary.tightest_feed is not None
    assert (summary.tightest_feed.element, summary.tightest_feed.dead) == ("A01-A01/b", "a")
    states = {figure.key: figure.state for figure in figures(summary)}
    assert states["feed"] == "bad" and states["rack"] == "good"
    assert states["loads.unknown"] == states["cables"] == states["load.A"] == "unknown"


def test_summary_of_an_empty_plan_is_not_evaluated_rather_than_zero(
    inventory: Inventory, report: Report
) -> None:
    by_key = {figure.key: figure for figure in figures(summarise(inventory, Plan(), report))}
    for key in ("rack", "feed", "load.A", "optics"):
        assert (by_key[key].value.en, by_key[key].state) == ("not evaluated", "unknown"), key


def test_every_figure_speaks_both_languages(summary: Summary) -> None:
    for figure in figures(summary):
        assert figure.label.en and figure.label.zh and bool(figure.note.en) == bool(figure.note.zh)
        assert re.search("[一-鿿]", figure.label.zh), figure.key


def test_summary_dict_is_plain_data(summary: Summary) -> None:
    data = json.loads(json.dumps(summary.to_dict()))
    assert data["counts"]["errors"] == 1 and data["title"]["zh"] == "小项目"


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_terminal_summary_marks_only_what_matters(summary: Summary, language: str, width: int) -> None:
    out = io.StringIO()
    print_summary(Console(file=out, width=width), summary, ["build/small/report.html"], language)  # type: ignore[arg-type]
    lines = [line for line in out.getvalue().splitlines() if line.strip()]
    assert all(len(line) <= width for line in lines) and len(lines) < 32
    marked = {line[0] for line in lines[1:-1]}
    assert marked <= {" ", "!", "?", "✗", "X"} and " " in marked
    assert "build/small/report.html" in lines[-1]
