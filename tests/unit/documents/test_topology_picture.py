"""The picture of a failure: whole, well formed, the same every time, and true to what failed."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

from capacity.survives import survives
from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.plan_store import load_plan
from rackwright.documents.topology_layout import layout
from rackwright.documents.topology_picture import darkened, topology_svg
from tests.platforms import planned, platform
from topology.elements import Layers
from topology.graph import layers
from topology.risk import shared_risks

TITLE = Text("Loss of <A> & B", "失去 <A> & B")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def guangxi() -> tuple[Inventory, Layers, dict[str, tuple[str, ...]]]:
    loaded, stored = load(PROJECTS / "guangxi"), load_plan(PROJECTS / "guangxi")
    assert loaded.inventory is not None and stored.plan is not None
    found = layers(loaded.inventory, stored.plan)
    return loaded.inventory, found, {r.key: r.members for r in shared_risks(loaded.inventory, found)}


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own text


def boxes(svg: str, found: Layers) -> dict[str, str]:
    """State class of every drawn element that is a box, by key."""
    out = {}
    for rect in parsed(svg).iter(f"{SVG}rect"):
        told = rect.find(f"{SVG}title")
        classes = rect.get("class", "").split()
        if told is not None and told.text in found.elements and "tp-box" in classes:
            out[str(told.text)] = next(c for c in classes if c in ("tp-ok", "tp-failed", "tp-dark"))
    return out


def test_every_device_is_drawn_once(guangxi: tuple[Inventory, Layers, dict[str, tuple[str, ...]]]) -> None:
    _, found, _ = guangxi
    svg = topology_svg(found, (), (), TITLE, "en")
    drawn = boxes(svg, found)
    wanted = {
        k
        for k, e in found.elements.items()
        if e.kind in ("device", "ups", "panel", "phase", "generator", "utility")
    }
    assert set(drawn) == wanted
    assert set(drawn.values()) == {"tp-ok"}
    titles = Counter(t.text for t in parsed(svg).iter(f"{SVG}title"))
    assert all(titles[key] == 1 for key in wanted)


@pytest.mark.parametrize("group", ["rack:A01-A04", "pair:A-ASW-01", "ups:A-UPS-A", "site:B", "panel:B01-PA"])
def test_states_are_those_of_the_failure(
    guangxi: tuple[Inventory, Layers, dict[str, tuple[str, ...]]], group: str
) -> None:
    inventory, found, groups = guangxi
    failed = groups[group]
    left = survives(inventory, found, failed)
    dark = darkened(found, failed, (*left.dark, *left.cut_off))
    drawn = boxes(topology_svg(found, failed, dark, TITLE, "zh"), found)
    assert {k for k, state in drawn.items() if state == "tp-failed"} == set(failed) & set(drawn)
    expected = (set(left.dark) | set(left.cut_off)) - set(failed)
    assert {k for k, s in drawn.items() if s == "tp-dark" and k.startswith("device/")} == expected


@pytest.mark.parametrize("group", ["ups:A-UPS-A", "site:A", "feed:A01-A02/a", "rack:A01-B04"])
def test_what_has_no_source_is_dark(
    guangxi: tuple[Inventory, Layers, dict[str, tuple[str, ...]]], group: str
) -> None:
    inventory, found, groups = guangxi
    failed = set(groups[group])
    dark = darkened(found, failed)
    assert set(survives(inventory, found, failed).dark) == {k for k in dark if k.startswith("device/")}
    assert not dark & failed
    for key in dark:
        assert not any(s not in dark | failed for s in found.power.pred.get(key, ())) or "device/" in key


def test_the_same_picture_every_time(guangxi: tuple[Inventory, Layers, dict[str, tuple[str, ...]]]) -> None:
    _, found, groups = guangxi
    failed = groups["rack:A01-A04"]
    first = topology_svg(found, failed, darkened(found, failed), TITLE, "en")
    again = topology_svg(found, tuple(reversed(failed)), set(darkened(found, failed)), TITLE, "en")
    assert first == again
    assert "Loss of &lt;A&gt; &amp; B" in first and "http" not in first.replace(
        "http://www.w3.org/2000/svg", ""
    )
    other = topology_svg(found, failed, (), TITLE, "zh")
    assert "失去 &lt;A&gt; &amp; B" in other and "服务器" in other
    ids = [re.findall(r'id="([^"]+)"', svg) for svg in (first, other)]
    assert not set(ids[0]) & set(ids[1])  # two pictures of one page do not share their hatching


def test_odd_platforms_are_drawn(tmp_path: Path) -> None:
    data = platform(witness=True, routers=True, single_corded=True)
    data["existing_links"].append({"name": "direct", "a": "A-C1", "b": "B-C1", "count": 2})
    for site in "AB":
        data["existing_switches"].append(
            {"name": f"{site}-C9", "title": {"en": "x", "zh": "x"}, "site": site, "role": "firewall"}
        )
    inventory, plan = planned(tmp_path, data)
    found = layers(inventory, plan)
    failed = ("site-link/a-w", "psu/a-app-001/PSU1", "existing-link/direct/1", "place/W")
    svg = topology_svg(found, failed, darkened(found, failed), TITLE, "en")
    drawn = boxes(svg, found)
    assert drawn["place/W"] == "tp-failed" and drawn["sts/A-S1"] == "tp-ok"
    assert svg.count("tp-touched") == 3  # one server, the legend and the style
    where = layout(found)
    corners = [(b.x, b.y) for b in where.boxes.values()]
    assert len(set(corners)) == len(corners)
    assert all(
        b.x >= 0 and b.x + b.w <= where.width and b.y + b.h <= where.height for b in where.boxes.values()
    )
