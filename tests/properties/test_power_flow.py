"""Loads after failures on random small plants, against one that reckons in fractions, path by path."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction
from itertools import combinations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capacity.power_flow import Draws, flow, may_trip, trips, worst_loads
from inventory.findings import Text
from topology.elements import Layers, SharedRisk


def layers_of(power: nx.DiGraph[str]) -> Layers:
    return Layers({}, nx.MultiGraph(), power, nx.MultiGraph(), nx.DiGraph())


def group(key: str, *members: str) -> SharedRisk:
    return SharedRisk(key, key.partition(":")[0], Text(key, key), tuple(sorted(members)))


@st.composite
def plants(draw: st.DrawFn, most_devices: int = 5) -> tuple[nx.DiGraph[str], dict[str, int]]:
    """A random power layer and the draw of its devices; ratings are near what flows, so that breakers do open."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    number = st.integers
    above: list[str] = []
    if draw(st.booleans()):
        above = ["utility/A", *(f"generator/G{i}" for i in range(draw(number(1, 2))))]
        graph.add_nodes_from(above)
    tiers = [("ups", 3), ("panel", 3), ("feed", 4), ("bank", 6)]
    for kind, most in tiers:
        names = [f"{kind}/{i}" for i in range(draw(number(1, most)))]
        for name in names:
            graph.add_node(name)
            if kind == "ups":
                graph.add_edges_from((source, name) for source in above)
            else:
                count = draw(st.sampled_from([1, 1, 1, 2])) if kind == "panel" else 1
                chosen = draw(st.lists(st.sampled_from(above), min_size=1, max_size=count, unique=True))
                graph.add_edges_from((source, name) for source in chosen)
                if len(chosen) == 2 and draw(st.booleans()):
                    graph.nodes[name]["needs"] = 2
        above = names
    banks = list(above)
    if draw(st.booleans()):
        sources = draw(st.lists(st.sampled_from(banks), min_size=1, max_size=2, unique=True))
        graph.add_node("sts/S", prefer=draw(st.sampled_from(sources)))
        graph.add_edges_from((source, "sts/S") for source in sources)
        above = [*banks, "sts/S"]
    draws = {}
    for i in range(draw(number(1, most_devices))):
        supplies = [f"psu/d{i}/{p}" for p in range(draw(number(1, 3)))]
        needs = draw(number(1, len(supplies)))
        graph.add_node(f"device/d{i}", needs_psus=needs, sharing=draw(st.sampled_from(["active", "cold"])))
        for supply in supplies:
            graph.add_edge(draw(st.sampled_from(above)), supply)
            graph.add_edge(supply, f"device/d{i}")
        draws[f"device/d{i}"] = draw(number(1, 12)) * 60
    for name in graph:
        if draw(st.booleans()) and not name.startswith("device/"):
            graph.nodes[name]["trip_w"] = draw(number(1, 30)) * 60
    if draw(st.booleans()):
        graph.nodes["bank/0"]["opens"] = "feed/0"
    return graph, draws


def fractions_of(
    graph: nx.DiGraph[str], draws: Mapping[str, int], dead: set[str]
) -> tuple[dict[str, Fraction], nx.DiGraph[object]]:
    """Load of every working element, each device followed up by itself, and the edges that carry something."""

    def works(key: str) -> bool:
        sources = list(graph.predecessors(key))
        needs = graph.nodes[key].get("needs_psus", graph.nodes[key].get("needs", 1))
        return key not in dead and (not sources or sum(map(works, sources)) >= needs)

    out = {key: Fraction(0) for key in graph if works(key)}
    used: nx.DiGraph[object] = nx.DiGraph()
    used.add_nodes_from(graph)

    def follow(key: str, watts: Fraction) -> None:
        out[key] += watts
        live = sorted(s for s in graph.predecessors(key) if works(s))
        attributes = graph.nodes[key]
        if key.startswith("sts/"):
            live = [attributes["prefer"]] if attributes["prefer"] in live else live[:1]
        elif key.startswith("ups/") and "utility/A" in live:
            live = ["utility/A"]
        elif attributes.get("sharing") == "cold":
            live = live[: attributes["needs_psus"]]
        for source in live:
            used.add_edge(source, key)
            follow(source, watts / len(live))

    for device, watts in draws.items():
        if device in out:
            follow(device, Fraction(watts))
    return out, used


def settled(
    graph: nx.DiGraph[str], draws: Mapping[str, int], failed: Collection[str]
) -> tuple[dict[str, Fraction], dict[str, Fraction], set[str]]:
    """(final loads, highest loads, what opened): breakers open where nothing overloaded is nearer to the load."""
    dead, opened, highest = set(failed), set[str](), dict.fromkeys(graph, Fraction(0))
    while True:
        loads, used = fractions_of(graph, draws, dead)
        highest.update({key: max(highest[key], watts) for key, watts in loads.items()})
        over = {k for k, watts in loads.items() if watts > graph.nodes[k].get("trip_w", 10**9)}
        first = {k for k in over if not over & set(nx.descendants(used, k))}
        together = {k: graph.nodes[k].get("opens", k) for k in first}
        opening = {together[k] if together[k] in loads else k for k in first}
        if not opening:
            return loads, highest, opened
        opened |= opening
        dead |= opening


def close(found: Mapping[str, float], expected: Mapping[str, Fraction]) -> bool:
    return dict(found) == pytest.approx({k: float(v) for k, v in expected.items()}, abs=1e-6)


@settings(deadline=None, max_examples=300)
@given(plants(), st.data())
def test_flow_equals_reckoning_in_fractions(
    plant: tuple[nx.DiGraph[str], dict[str, int]], data: st.DataObject
) -> None:
    graph, draws = plant
    layers = layers_of(graph)
    failed = data.draw(st.sets(st.sampled_from(sorted(graph)), max_size=3))
    found = flow(layers, Draws(draws, draws), failed)
    loads, highest, opened = settled(graph, draws, failed)
    assert close(found.load_w, loads)
    assert close(found.highest_w, {k: highest[k] for k in found.highest_w})
    assert {o.element for o in found.opened} == opened
    assert set(found.dark) == {d for d in draws if d not in loads and d not in failed}
    assert trips(layers, Draws(draws, draws), [failed, ()])[0] == tuple(sorted(opened))


@settings(deadline=None, max_examples=200)
@given(plants(), st.data())
def test_nothing_opens_that_the_proof_says_cannot(
    plant: tuple[nx.DiGraph[str], dict[str, int]], data: st.DataObject
) -> None:
    graph, draws = plant
    bound = may_trip(layers_of(graph), Draws(draws, draws))
    failed = data.draw(st.sets(st.sampled_from(sorted(graph)), max_size=6))
    found = flow(layers_of(graph), Draws(draws, draws), failed)
    assert {o.cause for o in found.opened} <= {b.element for b in bound.elements}


@st.composite
def closed_plants(draw: st.DrawFn) -> tuple[nx.DiGraph[str], dict[str, int]]:
    """Devices of two supplies on few feeds, with ratings between the normal load and all there is: nothing is open,
    one failure opens some breakers and two open others."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    banks = [f"bank/{i}" for i in range(draw(st.integers(2, 4)))]
    for i, bank in enumerate(banks):
        nx.add_path(graph, [f"ups/{i % 2}", f"feed/{i % 2}", bank])
    draws = {}
    for i in range(draw(st.integers(3, 6))):
        for number, bank in enumerate(draw(st.permutations(banks))[:2]):
            nx.add_path(graph, [bank, f"psu/d{i}/{number}", f"device/d{i}"])
        draws[f"device/d{i}"] = draw(st.integers(1, 9)) * 60
    normal = fractions_of(graph, draws, set())[0]
    for key in sorted(graph):
        if key.startswith(("bank/", "feed/", "ups/")) and draw(st.booleans()):
            graph.nodes[key]["trip_w"] = float(normal[key]) + draw(st.integers(0, 20)) * 30
    return graph, draws


@settings(deadline=None, max_examples=150)
@given(
    closed_plants(), st.sampled_from([("psu/",), ("psu/", "bank/"), ("psu/", "bank/", "feed/", "device/")])
)
def test_worst_loads_of_pairs_that_touch_different_devices(
    plant: tuple[nx.DiGraph[str], dict[str, int]], kinds: tuple[str, ...]
) -> None:
    graph, draws = plant
    layers, loads = layers_of(graph), Draws(draws, draws)
    risks = [group(f"one:{key}", key) for key in sorted(graph) if key.startswith(kinds)]
    best = dict.fromkeys(graph, Fraction(0))
    for size in range(3):
        for chosen in combinations(risks, size):
            highest = settled(graph, draws, {m for risk in chosen for m in risk.members})[1]
            best = {key: max(best[key], highest[key]) for key in graph}
    found = worst_loads(layers, loads, risks, 2)
    assert close({w.element: w.load_w for w in found.loads}, best)
    for worst in found.loads:
        failed = {key.partition(":")[2] for key in worst.failure}
        assert float(settled(graph, draws, failed)[1][worst.element]) == pytest.approx(worst.load_w)


@settings(deadline=None, max_examples=150)
@given(plants(4), st.data(), st.booleans())
def test_worst_loads_equal_all_sets_of_groups_tried_one_by_one(
    plant: tuple[nx.DiGraph[str], dict[str, int]], data: st.DataObject, breakers: bool
) -> None:
    graph, draws = plant
    if not breakers:  # nothing opens: the short cuts for pairs are used
        for node in graph:
            graph.nodes[node].pop("trip_w", None)
    layers, loads = layers_of(graph), Draws(draws, draws)
    sets = data.draw(st.lists(st.sets(st.sampled_from(sorted(graph)), max_size=3), max_size=5))
    risks = [group(f"g:{i}", *members) for i, members in enumerate(sets)]
    risks += [group(f"one:{key}", key) for key in sorted(graph)[:8]]
    for order in (1, 2):
        best = dict.fromkeys(graph, Fraction(0))
        for size in range(order + 1):
            for chosen in combinations(risks, size):
                highest = settled(graph, draws, {m for risk in chosen for m in risk.members})[1]
                best = {key: max(best[key], highest[key]) for key in graph}
        found = worst_loads(layers, loads, risks, order)
        assert close({w.element: w.load_w for w in found.loads}, best)
        members = {risk.key: risk.members for risk in risks}
        for worst in found.loads:  # and the failure named does bring that load
            failed = {m for key in worst.failure for m in members[key]}
            assert float(settled(graph, draws, failed)[1][worst.element]) == pytest.approx(worst.load_w)


@settings(deadline=None, max_examples=100)
@given(plants(), st.data())
def test_trips_give_each_failure_what_it_gets_alone(
    plant: tuple[nx.DiGraph[str], dict[str, int]], data: st.DataObject
) -> None:
    graph, draws = plant
    layers, loads = layers_of(graph), Draws(draws, draws)
    scenarios = data.draw(st.lists(st.sets(st.sampled_from(sorted(graph)), max_size=4), max_size=6))
    for failed, opened in zip(scenarios, trips(layers, loads, scenarios), strict=True):
        assert opened == tuple(sorted({o.element for o in flow(layers, loads, failed).opened}))
