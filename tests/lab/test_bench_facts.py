"""The bench of Ansible's facts runs on a few servers of its own lab, and both settings read the same."""

from __future__ import annotations

from inventory.load import PROJECTS
from tests.bench import bench_facts


def test_both_settings_read_the_same_facts(capable: None) -> None:
    bench = bench_facts.run(PROJECTS / "guangxi", 1, quick=True)
    assert [e for e in bench.equalities if not e.holds] == []
    assert len(bench.equalities) == 2
