"""Properties of cords and load lines: a device never lowers a line, and every line equals a direct recount."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from capacity.cords import STS_BANK, plan_cords
from capacity.draws import draws
from capacity.load_lines import Kind, load_lines
from inventory.inventory import Inventory
from inventory.load import load
from inventory.plan_model import Cord, LoadLine, PlacedDevice, Plan

PROJECT = Path(__file__).parents[2] / "inventory" / "projects" / "guangxi"


@cache
def project() -> Inventory:
    found = load(PROJECT)
    assert found.inventory is not None
    return found.inventory


@st.composite
def placements(draw: st.DrawFn) -> list[PlacedDevice]:
    """Some devices of the reference project, each in some rack of its site."""
    inventory = project()
    names = draw(st.lists(st.sampled_from(sorted(inventory.devices)), unique=True, max_size=24))
    out = []
    for name in names:
        device = inventory.devices[name]
        racks = [r.name for r in inventory.racks.values() if r.site == device.site][:4]
        if racks:
            rack = draw(st.sampled_from(racks))
            out.append(
                PlacedDevice(
                    name=name, owner=device.owner, device_type=device.type.slug, site=device.site, rack=rack, position=5
                )
            )  # fmt: skip
    return out


@settings(deadline=None, max_examples=30)
@given(placements())
def test_adding_a_device_never_lowers_a_line(devices: list[PlacedDevice]) -> None:
    before: dict[tuple[Kind, str], LoadLine] = {}
    cords: tuple[Cord, ...] = ()
    for count in range(len(devices) + 1):
        standing = devices[:count]
        cords = plan_cords(project(), standing, Plan(cords=cords))
        lines = {(x.kind, x.element): x for x in load_lines(project(), standing, cords)}
        for key, old in before.items():
            new = lines[key]
            assert new.limit_w == old.limit_w
            for field in (
                "alloc_w",
                "peak_w",
                "alloc_a_dead_w",
                "peak_a_dead_w",
                "alloc_b_dead_w",
                "peak_b_dead_w",
            ):
                assert getattr(new, field) >= getattr(old, field) - 0.11
        before = lines


def directly(inventory: Inventory, line: LoadLine, cords: Iterable[Cord], dead: str) -> float:
    """Peak through one element, asked device by device: its share is one part for each of its live cords."""
    power = draws(inventory)
    own: dict[str, list[Cord]] = {}
    for cord in cords:
        own.setdefault(cord.device, []).append(cord)
    total = 0.0
    for name, mine in own.items():
        live = [c for c in mine if c.side != dead and c.side in inventory.racks[c.rack].feeds]
        draw = power[name]
        for cord in live if draw is not None else ():
            assert draw is not None
            assert cord.bank != STS_BANK
            feed = inventory.racks[cord.rack].feeds[cord.side]
            panel = inventory.panels[feed.panel]
            elements = {
                "outlet": f"{cord.pdu}/{cord.outlet}",
                "bank": f"{cord.pdu}/{cord.bank}",
                "feed": feed.name,
                "phase": f"{panel.name}/{feed.phase}",
                "panel": panel.name,
                "ups": panel.ups,
                "generator": f"{inventory.ups[panel.ups].site}/generators",
            }
            if elements[line.kind] == line.element:
                total += draw.peak_w / len(live)
    return total


@settings(deadline=None, max_examples=20)
@given(placements())
def test_every_line_equals_a_direct_recount(devices: list[PlacedDevice]) -> None:
    inventory = project()
    cords = plan_cords(inventory, devices, None)
    for line in load_lines(inventory, devices, cords):
        if line.kind == "rack":
            known = [p.peak_w for d in devices if d.rack == line.element and (p := draws(inventory)[d.name])]
            assert abs(line.peak_w - sum(known)) < 0.1
        elif line.peak_w or line.kind in ("panel", "ups", "generator"):
            assert abs(line.peak_w - directly(inventory, line, cords, "")) < 0.1
            assert abs(line.peak_a_dead_w - directly(inventory, line, cords, "a")) < 0.1
            assert abs(line.peak_b_dead_w - directly(inventory, line, cords, "b")) < 0.1


@settings(deadline=None, max_examples=30)
@given(placements(), st.randoms(use_true_random=False))
def test_order_never_matters_and_planning_again_changes_nothing(
    devices: list[PlacedDevice], random: object
) -> None:
    cords = plan_cords(project(), devices, None)
    shuffled = list(devices)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert plan_cords(project(), shuffled, None) == cords
    assert plan_cords(project(), shuffled, Plan(cords=cords)) == cords
    assert load_lines(project(), shuffled, tuple(reversed(cords))) == load_lines(project(), devices, cords)
