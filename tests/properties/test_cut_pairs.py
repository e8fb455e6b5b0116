"""Cut pairs by random labels equal removal of every pair, on small multigraphs with parallel cables and loops."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bench.cut_pairs import cable_cut_pairs, cable_cuts


@st.composite
def multigraphs(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]]]:
    n = draw(st.integers(1, 7))
    node = st.integers(0, n - 1)
    return n, draw(st.lists(st.tuples(node, node), max_size=12))


def cut_off(n: int, cables: list[tuple[int, int]], gone: tuple[int, ...]) -> int:
    """Nodes reached from node 0 without the cables `gone`."""
    graph: nx.MultiGraph[int] = nx.MultiGraph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(ends for i, ends in enumerate(cables) if i not in gone)
    return len(nx.node_connected_component(graph, 0))


@settings(max_examples=400, deadline=None)
@given(multigraphs())
def test_equal_to_removal(given_: tuple[int, list[tuple[int, int]]]) -> None:
    n, cables = given_
    ends = np.array(cables, dtype=np.int64).reshape(-1, 2)
    whole = cut_off(n, cables, ())
    alone = [i for i in range(len(cables)) if cut_off(n, cables, (i,)) < whole]
    pairs = [
        [i, j]
        for i, j in combinations(range(len(cables)), 2)
        if i not in alone and j not in alone and cut_off(n, cables, (i, j)) < whole
    ]
    found = cable_cuts(n, ends, 0)
    assert found.bridges.tolist() == alone
    assert found.pairs().tolist() == pairs
    assert cable_cut_pairs(n, ends, 0, seed=7).tolist() == pairs


def test_root_without_cables() -> None:
    assert cable_cut_pairs(3, np.array([[1, 2], [1, 2]]), 0).tolist() == []
    assert cable_cut_pairs(1, np.zeros((0, 2), dtype=np.int64), 0).tolist() == []


def test_two_parallel_cables_are_a_pair_three_are_not() -> None:
    assert cable_cut_pairs(2, np.array([[0, 1], [1, 0]]), 0).tolist() == [[0, 1]]
    assert cable_cut_pairs(2, np.array([[0, 1], [1, 0], [0, 1]]), 0).tolist() == []
