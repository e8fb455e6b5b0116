"""report.html: whole, safe, in two languages, the same bytes every time."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from inventory.checks import Report
from inventory.inventory import Inventory
from inventory.plan_model import End, Plan
from rackwright.documents.report import render, write_report
from rackwright.documents.workbook import write_workbook
from rackwright.summary import Summary, summarise

HOSTILE = "</script><script>alert(1)</script>"


class Page(HTMLParser):
    """What the tests ask of a page: tags with attributes, scripts, and the spans of each language in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[tuple[dict[str, str | None], str]] = []
        self.spans: list[tuple[str, str]] = []
        self._stack: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        self._stack.append(attributes.get("class") or "" if tag == "span" else tag)
        if tag in ("script", "style"):
            self.raw.append((attributes, ""))
        if tag == "span" and attributes.get("class") in ("zh", "en"):
            self.spans.append((str(attributes["class"]), ""))

    def handle_endtag(self, tag: str) -> None:
        if self._stack:
            self._stack.pop()

    def handle_data(self, data: str) -> None:
        top = self._stack[-1] if self._stack else ""
        if top in ("script", "style"):
            self.raw[-1] = (self.raw[-1][0], self.raw[-1][1] + data)
        elif top in ("zh", "en"):
            self.spans[-1] = (self.spans[-1][0], self.spans[-1][1] + data)


@pytest.fixture
def text(inventory: Inventory, plan: Plan, report: Report, summary: Summary) -> str:
    return render(inventory, plan, report, summary)


@pytest.fixture
def page(text: str) -> Page:
    return Page(text)


def test_report_needs_nothing_from_outside(page: Page, text: str) -> None:
    for tag, attributes in page.tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base"), tag
        assert "src" not in attributes and "style" not in attributes
        for name in ("href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#"), attributes
        assert not any(name.startswith("on") for name in attributes), attributes
    assert not re.search(r"https?://|@import|url\((?!#)", text)


def test_report_policy_lets_only_its_own_script_and_style_run(page: Page) -> None:
    policy = next(a["content"] for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None and "default-src 'none'" in policy and "unsafe" not in policy
    inline = [body for attributes, body in page.raw if attributes.get("type") != "application/json"]
    assert len(inline) == 3
    for body in inline:
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


def test_report_ids_are_unique_and_links_lead_somewhere(page: Page) -> None:
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {str(a["href"])[1:] for t, a in page.tags if t in ("a", "use") and a.get("href")}
    assert links <= set(ids)


def test_report_says_everything_in_both_languages(page: Page) -> None:
    assert len(page.spans) > 200
    for (first, zh), (second, en) in zip(page.spans[::2], page.spans[1::2], strict=True):
        assert (first, second) == ("zh", "en")
        assert zh.strip() and en.strip()
    options = [a for t, a in page.tags if t == "option" and "data-zh" in a]
    assert options and all(a.get("data-en") for a in options)


def test_report_table_headers_have_a_scope(page: Page) -> None:
    headers = [attributes for tag, attributes in page.tags if tag == "th"]
    assert headers and all(attributes.get("scope") in ("row", "col") for attributes in headers)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_report_escapes_what_the_inventory_says(text: str) -> None:
    assert HOSTILE not in text
    assert text.count("<script") == 3


def test_report_shows_what_must_not_be_overlooked(text: str) -> None:
    for words in (
        "accepted for the trial run", "late-001", "rack A01-A03 is reserved", "2050 W &gt; 2000 W", "未评估",
        "≥0.96 / ≥1.20 / 5.00", "box-001", "nobody says", "reserved</tspan>", "10.1.0.0/26", "not surveyed",
    ):  # fmt: skip
        assert words in text, words


def test_report_is_the_same_bytes_every_time(
    inventory: Inventory, plan: Plan, report: Report, summary: Summary, tmp_path: Path
) -> None:
    for name in ("one.html", "two.html"):
        write_report(inventory, plan, report, summary, tmp_path / name)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_report_of_an_empty_plan_renders(inventory: Inventory) -> None:
    empty, nothing = Plan(), Report((), ())
    text = render(inventory, empty, nothing, summarise(inventory, empty, nothing))
    assert "nothing to evaluate" in text and "the plan holds no proof" in text


def broken(plan: Plan, what: str) -> Plan:
    """The plan after somebody edited it by hand."""
    first = plan.devices[0]
    match what:
        case "device in no known rack":
            return replace(plan, devices=(first.model_copy(update={"rack": "A01-Z99"}), *plan.devices[1:]))
        case "device above the rack":
            return replace(plan, devices=(first.model_copy(update={"position": 99}), *plan.devices[1:]))
        case "device nobody ordered":
            stray = first.model_copy(
                update={"name": "stray-001", "device_type": "no-such-type", "position": 20}
            )
            return replace(plan, devices=(*plan.devices, stray))
        case "device twice":
            return replace(plan, devices=(*plan.devices, first))
        case "two devices in one unit":
            stray = first.model_copy(update={"name": "stray-001", "position": 5})
            return replace(plan, devices=(*plan.devices, stray))
        case "cable to nowhere":
            ends = {"a": End(device="nobody", port="x"), "b": End(device="A-ASW-01A", port="no-such-port")}
            lost = plan.cables[0].model_copy(update={"id": "A-F-000009", "type": "no-such-cable", **ends})
            return replace(plan, cables=(*plan.cables, lost))
        case "cable from a port to itself":
            end = End(device="A-ASW-01A", port="10GE1/0/9")
            loop = plan.cables[0].model_copy(update={"id": "A-F-000009", "a": end, "b": end})
            return replace(plan, cables=(*plan.cables, loop))
        case "prefix that is none":
            return replace(plan, prefixes=(plan.prefixes[0].model_copy(update={"prefix": "10.1.0.0/99"}),))
        case "cord of nobody":
            return replace(plan, cords=(plan.cords[0].model_copy(update={"device": "nobody", "rack": "Z"}),))
    raise AssertionError(what)


@pytest.mark.parametrize("what", [
    "device in no known rack", "device above the rack", "device nobody ordered", "device twice", "two devices in one unit",
    "cable to nowhere", "cable from a port to itself", "prefix that is none", "cord of nobody",
])  # fmt: skip
def test_documents_of_a_broken_plan_are_still_written(
    inventory: Inventory, plan: Plan, report: Report, tmp_path: Path, what: str
) -> None:
    plan = broken(plan, what)
    text = render(inventory, plan, report, summarise(inventory, plan, report))
    write_workbook(inventory, plan, report, tmp_path / "plan.xlsx")
    ids = [attributes["id"] for _, attributes in Page(text).tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for name in {d.name for d in plan.devices}:
        assert name in text
