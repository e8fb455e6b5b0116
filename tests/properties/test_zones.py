"""Ways past guards, single points and shadowed rules equal what enumeration says on small models."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest

from topology.zones import Box, merged, port_ranges, shadowing, single_points, uncovered, unguarded_path

Graph = dict[str, set[str]]


def random_graph(rng: random.Random, size: int) -> Graph:
    names = [f"n{i}" for i in range(size)]
    graph: Graph = {n: set() for n in names}
    for a, b in itertools.combinations(names, 2):
        if rng.random() < 0.35:
            graph[a].add(b)
            graph[b].add(a)
    return graph


def simple_paths(graph: Graph, start: str, ends: set[str], relays: set[str]) -> Iterator[tuple[str, ...]]:
    """Every way without a loop whose inner nodes all pass traffic on."""
    stack: list[tuple[str, ...]] = [(start,)]
    while stack:
        path = stack.pop()
        if path[-1] in ends:
            yield path
        if len(path) > 1 and path[-1] not in relays:
            continue
        stack.extend((*path, near) for near in graph[path[-1]] if near not in path)


@pytest.mark.parametrize("seed", range(150))
def test_a_way_past_the_guards_is_found_exactly_when_there_is_one(seed: int) -> None:
    rng = random.Random(seed)
    graph = random_graph(rng, rng.randint(3, 7))
    names = sorted(graph)
    outside = set(rng.sample(names, rng.randint(1, 2)))
    inside = set(rng.sample(names, rng.randint(1, 2))) - outside
    guards = set(rng.sample(names, rng.randint(0, 3)))
    relays = {n for n in names if rng.random() < 0.8}
    ways = [
        path
        for start in outside
        for path in simple_paths(graph, start, inside, relays)
        if not guards & set(path)
    ]
    found = unguarded_path(graph, outside, inside, guards, relays)
    if found is None:
        assert not ways
    else:
        assert found in ways and len(found) == min(map(len, ways))


@pytest.mark.parametrize("seed", range(150))
def test_single_points_are_the_nodes_all_ways_share(seed: int) -> None:
    rng = random.Random(1000 + seed)
    graph = random_graph(rng, rng.randint(3, 7))
    start, end = rng.sample(sorted(graph), 2)
    relays = {n for n in graph if rng.random() < 0.9}
    ways = list(simple_paths(graph, start, {end}, relays))
    found = single_points(graph, start, end, relays)
    if not ways:
        assert found is None
    else:
        assert found is not None
        assert set(found) == set.intersection(*(set(p[1:-1]) for p in ways))


def random_box(rng: random.Random) -> Box:
    sides = []
    for size in (4, 4, 3):
        low = rng.randrange(size)
        sides.append((low, rng.randrange(low, size)))
    return Box(tuple(sides))


def points(boxes: list[Box]) -> set[tuple[int, ...]]:
    return {
        point
        for box in boxes
        for point in itertools.product(*(range(low, high + 1) for low, high in box.sides))
    }


@pytest.mark.parametrize("seed", range(200))
def test_shadowed_rules_are_those_no_point_reaches(seed: int) -> None:
    """First match wins over a space of 4 sources, 4 destinations and 3 ports."""
    rng = random.Random(2000 + seed)
    rules = [[random_box(rng) for _ in range(rng.randint(1, 2))] for _ in range(rng.randint(2, 6))]
    for index in range(len(rules)):
        before = points([b for rule in rules[:index] for b in rule])
        left = points(rules[index]) - before
        assert points(uncovered(rules[index], [b for rule in rules[:index] for b in rule])) == left
        found = shadowing(rules, index)
        assert (found is None) == bool(left)
        for drop in found or ():
            fewer = points([b for i in found or () if i != drop for b in rules[i]])
            assert points(rules[index]) - fewer


@pytest.mark.parametrize("seed", range(50))
def test_what_is_left_comes_in_boxes_that_do_not_meet(seed: int) -> None:
    rng = random.Random(3000 + seed)
    left = uncovered([random_box(rng)], [random_box(rng) for _ in range(3)])
    assert not any(a.meets(b) for a, b in itertools.combinations(left, 2))


@pytest.mark.parametrize("seed", range(50))
def test_merged_ranges_hold_the_same_values(seed: int) -> None:
    rng = random.Random(4000 + seed)
    ranges = [(low, low + rng.randrange(5)) for low in (rng.randrange(30) for _ in range(6))]
    out = merged(ranges)
    assert {v for a, b in out for v in range(a, b + 1)} == {v for a, b in ranges for v in range(a, b + 1)}
    assert all(a[1] + 1 < b[0] for a, b in itertools.pairwise(out))


def test_ports() -> None:
    assert port_ranges("22,443,8000-8099") == ((22, 22), (443, 443), (8000, 8099))
    assert port_ranges("any") == ((0, 65535),)
    for text in ("70000", "90-80"):
        with pytest.raises(ValueError, match=text):
            port_ranges(text)
