"""Loading: inventory, catalogue and plan, read, validated and with positions, against bare YAML parsing."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import yaml

from inventory.load import load
from inventory.plan_store import load_plan
from inventory.source import Document
from tests.bench.figures import Bench, Equality, Figure, least_seconds

COLD_AIM, WARM_AIM = 1.0, 0.1


def run(project: Path, scratch: Path, rounds: int) -> Bench:
    """Everything `check` loads against `yaml.load(CSafeLoader)` of the same bytes, cold and warm.

    "with positions" also finds the line of the last value of every file, as a finding would.
    """
    documents = _loaded(project, "off")
    raw = [Path(path).read_bytes() for path in documents]

    def bare() -> list[object]:
        return [yaml.load(text, Loader=yaml.CSafeLoader) for text in raw]

    def bare_uncollected() -> None:
        gc.disable()
        bare()
        gc.enable()

    warm = str(scratch / "cache")
    same = [document.data for document in documents.values()] == bare()
    _loaded(project, warm)
    remembered = [document.data for document in _loaded(project, warm).values()]
    seconds = least_seconds(
        {
            "bare": bare,
            "bare, collector off": bare_uncollected,
            "cold": lambda: _loaded(project, "off"),
            "cold, with positions": lambda: _positions(_loaded(project, "off")),
            "warm": lambda: _loaded(project, warm),
            "warm, with positions": lambda: _positions(_loaded(project, warm)),
        },
        rounds,
    )
    base = seconds["bare"]
    size = sum(map(len, raw))
    return Bench(
        f"loading {len(raw)} files, {size // 1000} kB, against bare CSafeLoader",
        (
            Figure("read and validate, no cache", seconds["cold"] / base, "x", COLD_AIM),
            Figure("the same, collector off for the bare parser too",
                   seconds["cold"] / seconds["bare, collector off"], "x"),
            Figure("the same, and a line number in every file", seconds["cold, with positions"] / base, "x"),
            Figure("read and validate, files seen before", seconds["warm"] / base, "x", WARM_AIM),
            Figure("the same, and a line number in every file", seconds["warm, with positions"] / base, "x"),
        ),
        (
            Equality("values equal those of the bare parser", same),
            Equality("values from the cache equal those read", remembered == [d.data for d in documents.values()]),
        ),
        seconds,
    )  # fmt: skip


def _loaded(project: Path, folder: str) -> dict[str, Document]:
    """All documents of a project, by path, read with the given cache folder ("off": none)."""
    os.environ["RACKWRIGHT_CACHE"] = folder
    loaded, stored = load(project), load_plan(project)
    if loaded.inventory is None or stored.plan is None:
        raise ValueError("; ".join(f.to_text() for f in (*loaded.findings, *stored.findings)))
    return {**loaded.inventory.documents, **(stored.plan.documents or {})}


def _positions(documents: dict[str, Document]) -> None:
    for document in documents.values():
        path: list[str | int] = []
        value = document.data
        while isinstance(value, dict | list) and value:
            step = list(value)[-1] if isinstance(value, dict) else len(value) - 1
            path.append(step)
            value = value[step]
        document.where(*path)
