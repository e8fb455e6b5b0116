"""Availability on a Dask cluster of two worker processes: the same result as on this machine."""

from __future__ import annotations

import subprocess

from capacity.availability import simulate
from capacity.engine import Engine
from tests.bench.two_sites import two_sites
from tests.unit.test_engine import cluster

__all__ = ["cluster"]  # the fixture


def test_the_same_figures_on_a_cluster(cluster: tuple[str, subprocess.Popen[str]]) -> None:
    structure, causes = two_sites()
    here, there = (
        simulate(structure, causes, years=20_000, seed=4, engine=engine)
        for engine in (Engine(workers=2), Engine("dask", cluster[0]))
    )
    assert here == there
    assert any(s.weighted is not None for s in here.services)
