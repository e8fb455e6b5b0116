"""The Guangxi project broken in one place: found, by the right code, at the right line, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory import load as loading
from tests.cases import breaking
from tests.cases.all_cases import CASES

EXPECTED = json.loads(Path(__file__).with_name("expected.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[breaking.Bench]:
    """A copy of the project and of the catalogue, to be broken."""
    folder = tmp_path_factory.mktemp("defects")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(loading, "SHIPPED_CATALOG", folder / breaking.CATALOG)
        made = breaking.Bench(folder)
        made.start()
        yield made


def test_there_are_cases_and_each_has_its_outcome() -> None:
    assert len(CASES) > 300
    assert set(CASES) == set(EXPECTED)


def test_nearly_every_defect_is_one_finding() -> None:
    alone = sum(len(e["new"]) == 1 for e in EXPECTED.values())
    silent = [name for name, e in EXPECTED.items() if not e["new"] and not e["gone"]]
    assert alone >= 0.8 * len(EXPECTED)
    assert len(silent) <= 25


@pytest.mark.parametrize("name", sorted(CASES))
def test_defect_is_found(bench: breaking.Bench, name: str) -> None:
    bench.fresh()
    assert breaking.outcome(bench, CASES[name](bench)) == EXPECTED[name]
