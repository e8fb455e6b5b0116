"""Failure sweeps: the same as trying every failure by itself, in the words of an architect, whatever the engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from random import Random
from typing import cast

import numpy as np
import pytest

from capacity import survives_network
from capacity.cut_sets import minimal_cut_sets
from capacity.engine import SERIAL, Engine
from capacity.power_bounds import may_trip
from capacity.power_flow import flow
from capacity.power_rules import power_loads
from capacity.single_points import sweep_findings
from capacity.structure import Gate, Structure
from capacity.survival import structure
from capacity.survives import Survival, survives
from capacity.sweep import SweepResult, sweep
from capacity.sweep_loads import Loads
from capacity.sweep_pairs import Pairs
from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.plan_model import Plan
from inventory.plan_store import load_plan
from tests.platforms import planned, platform, random_platform, record
from topology.elements import Layers, SharedRisk
from topology.graph import layers as planned_layers
from topology.risk import shared_risks

Model = tuple[Inventory, Layers, tuple[SharedRisk, ...]]


def model(folder: Path, data: dict[str, object]) -> Model:
    inventory, plan = planned(folder, data)
    layers = planned_layers(inventory, plan)
    return inventory, layers, shared_risks(inventory, layers)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return model(tmp_path_factory.mktemp("sound") / "p", platform())


@pytest.fixture(scope="module")
def guangxi() -> Model:
    inventory, plan = load(PROJECTS / "guangxi").inventory, load_plan(PROJECTS / "guangxi").plan
    assert inventory and plan
    layers = planned_layers(inventory, plan)
    return inventory, layers, shared_risks(inventory, layers)


@pytest.fixture(scope="module")
def guangxi_pairs(guangxi: Model) -> SweepResult:
    return sweep(*guangxi, order=2, engine=SERIAL)


def judge(inventory: Inventory, layers: Layers) -> Callable[[Collection[str]], Survival]:
    """What survives the loss of elements and of every breaker that opens on top of it.

    Failures that take the same of what passes traffic and leave the same without power are one to `survives`,
    which asks nothing else; and what opens or lies dark depends on the elements of the power layer alone.
    """
    draws = power_loads(inventory, layers)
    trips = bool(may_trip(layers, draws))
    known: dict[frozenset[str], tuple[frozenset[str], frozenset[str]]] = {}
    found: dict[tuple[frozenset[str], frozenset[str]], Survival] = {}

    def left_after(members: Collection[str]) -> Survival:
        power = frozenset(m for m in members if m in layers.power)
        if power not in known:
            opened = {o.element for o in flow(layers, draws, power).opened} if trips else set()
            dark = survives_network.unpowered(inventory, layers, power | opened)
            known[power] = frozenset(opened), frozenset(dark)
        opens, dark_ = known[power]
        passing = ("device/", "cable/", "existing-link/", "site-link/", "place/")
        same = frozenset(m for m in members if m.startswith(passing)), dark_
        if same not in found:
            found[same] = survives(inventory, layers, {*members, *opens})
        return found[same]

    return left_after


@pytest.fixture
def power_once(monkeypatch: pytest.MonkeyPatch, guangxi: Model) -> Iterator[None]:
    """Devices without power are worked out once for every set of elements of the power layer."""
    plain, known = survives_network.unpowered, dict[frozenset[str], set[str]]()

    def once(inventory: Inventory, layers: Layers, dead: Collection[str]) -> set[str]:
        power = frozenset(d for d in dead if d in layers.power)
        if power not in known:
            known[power] = plain(inventory, layers, power)
        return known[power]

    monkeypatch.setattr(survives_network, "unpowered", once)
    yield


def compare_order_1(model: Model, result: SweepResult) -> None:
    inventory, layers, risks = model
    assert [o.groups for o in result.outcomes] == [(r.key,) for r in risks]
    left_after = judge(inventory, layers)
    for risk, outcome in zip(risks, result.outcomes, strict=True):
        left = left_after(risk.members)
        assert outcome.down == tuple(s for s, up in left.services.items() if not up), risk.key
        assert (outcome.dark, outcome.cut_off) == (len(left.dark), len(left.cut_off)), risk.key
        assert dict(outcome.site_gbps) == pytest.approx(left.uplink_gbps), risk.key
        worst = left.worst_oversubscription
        assert outcome.worst_pair == (worst and worst[0]), risk.key
        assert outcome.oversubscription == (worst and pytest.approx(worst[1])), risk.key


def test_order_1_is_every_failure_by_itself(sound: Model) -> None:
    compare_order_1(sound, sweep(*sound, engine=SERIAL))


@pytest.mark.parametrize("seed", range(5))
def test_order_1_on_odd_platforms(seed: int, tmp_path: Path) -> None:
    odd = model(tmp_path / "p", random_platform(Random(seed)))
    compare_order_1(odd, sweep(*odd, engine=SERIAL))


def with_small_breakers(made: Model, plan: Plan, breaker_a: float) -> Model:
    """The same platform with rack feeds that do not carry a rack alone."""
    inventory = made[0]
    rows = {}
    for name, row in inventory.rows.items():
        assert row.feeds.a and row.feeds.b
        small = {
            side: feed.model_copy(update={"breaker_a": breaker_a})
            for side, feed in (("a", row.feeds.a), ("b", row.feeds.b))
        }
        rows[name] = row.model_copy(update={"feeds": row.feeds.model_copy(update=small)})
    weak = replace(inventory, rows=rows)
    layers = planned_layers(weak, plan)
    return weak, layers, shared_risks(weak, layers)


@pytest.mark.parametrize("breaker_a", [2.0, 4.0])
def test_breakers_that_open_fail_too(breaker_a: float, tmp_path: Path) -> None:
    inventory, plan = planned(tmp_path / "p", platform())
    layers = planned_layers(inventory, plan)
    weak = with_small_breakers((inventory, layers, ()), plan, breaker_a)
    result = sweep(*weak, engine=SERIAL)
    assert result.trips
    compare_order_1(weak, result)
    assert any(o.opened for o in result.outcomes)
    compare_order_2(weak, Random(5))


@pytest.mark.parametrize("seed", range(3))
def test_order_2_tells_exactly_the_new_losses(seed: int, tmp_path: Path) -> None:
    compare_order_2(model(tmp_path / "p", random_platform(Random(seed))), Random(seed))


def compare_order_2(odd: Model, random: Random) -> None:
    inventory, layers, risks = odd
    chosen = tuple(r for r in risks if r.kind in ("device", "pair", "rack", "pdu", "ups", "psu", "site"))
    chosen = tuple(random.sample(chosen, min(16, len(chosen))))
    result = sweep(inventory, layers, chosen, 2, SERIAL)
    found: dict[str, set[tuple[str, ...]]] = {s.name: set() for s in result.services if s.up}
    for loss in result.new_losses:
        for service in loss.services:
            found[service] |= set(loss.pairs.expanded())

    left_after = judge(inventory, layers)

    def down(members: set[str]) -> set[str]:
        return {s for s, up in left_after(members).services.items() if not up}

    before = down(set())
    assert set(found) == {s.name for s in result.services if s.up is not None} - before
    alone = {r.key: down(set(r.members)) for r in chosen}
    expected: dict[str, set[tuple[str, ...]]] = {s: set() for s in found}
    counts = dict.fromkeys(found, 0)
    for a, b in combinations(chosen, 2):
        for service in down({*a.members, *b.members}) & found.keys():
            counts[service] += 1
            if service not in alone[a.key] | alone[b.key]:
                expected[service].add(tuple(sorted((a.key, b.key))))
    assert found == expected
    assert {s.name: s.pairs_down for s in result.services if s.up} == counts
    assert {s.name: s.new_pairs for s in result.services if s.up} == {s: len(p) for s, p in expected.items()}


def test_a_project_in_order_has_no_single_point_but_what_it_says(sound: Model) -> None:
    result = sweep(*sound, engine=SERIAL)
    assert all(s.up for s in result.services)
    assert result.assumed and result.not_evaluated
    assert not sweep_findings(*sound, result)


def demanding(folder: Path, cores: float) -> Model:
    data = platform()
    record(data, "services", "app").update(
        demand={"measure": "cores", "amount": cores, "critical_share": 1.0}
    )
    return model(folder, data)


def test_a_single_point_is_found_with_its_reason_and_a_fix(tmp_path: Path) -> None:
    weak = demanding(tmp_path / "p", 60.0)  # two servers of 24 cores a site, at most 85 % used
    findings = sweep_findings(*weak, sweep(*weak, engine=SERIAL))
    assert [(f.code, f.subject) for f in findings] == [("RED050", "pair:A-P1"), ("RED050", "pair:B-P1")]
    first = findings[0]
    assert first.blocks and "takes down app: 48 of 70" in first.message.en
    assert first.arithmetic == "48 < 70.6 = 60 cores x 1 critical / highest use"
    assert first.fix and first.fix.en.startswith("provide 23 more cores") and "0.68" in first.fix.en
    assert first.related[0].note == "the same: room A01"
    assert first.source and first.source.path.endswith("project.yml")


def test_a_service_that_is_down_from_the_start(tmp_path: Path) -> None:
    weak = demanding(tmp_path / "p", 90.0)
    result = sweep(*weak, order=2, engine=SERIAL)
    assert [(f.code, f.subject) for f in sweep_findings(*weak, result)] == [("RED052", "services/app")]
    app = next(s for s in result.services if s.name == "app")
    assert app.up is False and app.why_down and not app.single_points and not app.new_pairs


def test_common_software_of_both_sites_is_a_warning(tmp_path: Path) -> None:
    data = platform()
    for switch in data["existing_switches"]:
        if switch["role"] == "core":
            switch["risks"] = {"software": ["core-os-7"]}
    common = model(tmp_path / "p", data)
    findings = sweep_findings(*common, sweep(*common, engine=SERIAL))
    assert [(f.code, f.subject) for f in findings] == [("RED051", "software:core-os-7")]
    assert not any(f.blocks for f in findings)


def test_filters(sound: Model) -> None:
    inventory, layers, risks = sound
    key = next(r.key for r in risks if r.kind == "rack")
    one = sweep(inventory, layers, risks, 1, SERIAL, services=["db"], only=[key])
    assert [o.groups for o in one.outcomes] == [(key,)] and [s.name for s in one.services] == ["db"]
    two = sweep(inventory, layers, risks, 2, SERIAL, only=[key])
    assert two.failures == len(risks) - 1
    pairs = {pair for loss in two.new_losses for pair in loss.pairs.expanded()}
    every = {
        pair
        for loss in sweep(inventory, layers, risks, 2, SERIAL).new_losses
        for pair in loss.pairs.expanded()
    }
    assert pairs == {p for p in every if key in p}
    with pytest.raises(KeyError, match="nobody"):
        sweep(inventory, layers, risks, 1, SERIAL, services=["nobody"])
    with pytest.raises(ValueError, match="order 3"):
        sweep(inventory, layers, risks, 3, SERIAL)


def text(result: SweepResult) -> str:
    return json.dumps(result.to_dict(), allow_nan=False)


def test_the_same_bytes_whatever_the_order_and_the_engine(sound: Model) -> None:
    inventory, layers, risks = sound
    assert text(sweep(inventory, layers, risks[::-1], 1, SERIAL)) == text(sweep(inventory, layers, risks, 1))
    serial = text(sweep(inventory, layers, risks, 2, SERIAL))
    assert text(sweep(inventory, layers, risks, 2, Engine(workers=2))) == serial


@pytest.mark.usefixtures("power_once")
def test_guangxi_order_1_equals_every_failure_by_itself(guangxi: Model) -> None:
    result = sweep(*guangxi, engine=SERIAL)
    assert not result.trips
    compare_order_1(guangxi, result)


@pytest.mark.usefixtures("power_once")
def test_guangxi_order_2_equals_a_sample_of_pairs(guangxi: Model, guangxi_pairs: SweepResult) -> None:
    inventory, layers, risks = guangxi
    result = guangxi_pairs
    new = {
        (service, pair)
        for loss in result.new_losses
        for service in loss.services
        for pair in loss.pairs.expanded()
    }
    by_key = {r.key: r for r in risks}
    single = {(o.groups[0], s) for o in result.outcomes for s in o.down}
    random = Random(2)
    pairs = [tuple(sorted(random.sample(sorted(by_key), 2))) for _ in range(100)]
    pairs += [pair for _, pair in random.sample(sorted(new), 100)]
    for a, b in pairs:
        left = survives(inventory, layers, {*by_key[a].members, *by_key[b].members})
        for service, up in left.services.items():
            halves = {(a, service), (b, service)} & single
            assert up == (not halves and (service, (a, b)) not in new), (a, b, service)


def test_new_pairs_are_the_minimal_cut_sets_of_two(guangxi: Model, guangxi_pairs: SweepResult) -> None:
    inventory, layers, risks = guangxi
    result = guangxi_pairs
    whole = structure(inventory, layers)
    for service in ("ecs", "datazone"):
        pairs = {p for loss in result.new_losses if service in loss.services for p in loss.pairs.expanded()}
        cuts = minimal_cut_sets(whole, risks, service, 2)
        assert pairs == {c for c in cuts if len(c) == 2}


class Opens:
    """Loads under which the breaker c opens whatever fails."""

    may_open = ("c",)

    def footprint(self, group: int) -> frozenset[str]:
        return frozenset("xyz"[group])

    def opened(self, sets: list[tuple[int, ...]]) -> list[tuple[str, ...]]:
        return [("c",)] * len(sets)

    def reach(self, groups: list[int]) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
        return np.ones((len(groups), 1), dtype=bool)


def test_a_service_that_only_works_once_a_breaker_is_open() -> None:
    gates = {
        "open": Gate("not", ("c",)),
        "some": Gate("or", ("x", "y")),
        "works": Gate("and", ("open", "some", "z")),
    }
    whole = Structure(("c", "x", "y", "z"), gates, {"s": "works"})
    risks = [SharedRisk(f"part:{n}", "part", Text(n, n), (n,)) for n in "xyz"]
    pairs = Pairs(whole, risks, cast(Loads, Opens()), ())
    new, down = pairs.losses(SERIAL, lambda _done, _total: None)
    assert [found for c in new["s"] for found in c.expanded()] == [("part:x", "part:y")]
    assert down == {"s": 3}
