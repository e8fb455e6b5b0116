"""What a bench gives: figures held against an aim, and equalities that must hold."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure. `unit` "x": a ratio; `aim`: the most (or, `at_least`, the least) it should be;
    None: shown only."""

    name: str
    value: float
    unit: str
    aim: float | None = None
    at_least: bool = False
    detail: str = ""

    @property
    def verdict(self) -> str:
        """met, missed, or nothing when there is no aim."""
        if self.aim is None:
            return ""
        good = self.value >= self.aim if self.at_least else self.value <= self.aim
        return "met" if good else "missed"


@dataclass(frozen=True, slots=True)
class Equality:
    """Something two ways of computing must agree on."""

    name: str
    holds: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Bench:
    """One group of figures with its equalities; `seconds` are the least times behind the ratios."""

    title: str
    figures: tuple[Figure, ...]
    equalities: tuple[Equality, ...]
    seconds: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "title": self.title,
            "figures": [{**asdict(f), "verdict": f.verdict} for f in self.figures],
            "equalities": [asdict(e) for e in self.equalities],
            "seconds": {name: round(s, 5) for name, s in self.seconds.items()},
        }


def child_environment(scratch: Path, cache: str) -> dict[str, str]:
    """Environment of a timed process: its own cache of parsed files ("off": none), bytecode kept as usual."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "RACKWRIGHT_CACHE": cache, "PYTHONPYCACHEPREFIX": str(scratch / "bytecode")}


def least_seconds(jobs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Least wall-clock seconds of each job over `rounds`, all jobs in turn in every round."""
    least = dict.fromkeys(jobs, float("inf"))
    for _ in range(rounds):
        for name, job in jobs.items():
            begun = time.perf_counter()
            job()
            least[name] = min(least[name], time.perf_counter() - begun)
    return least


def table(benches: Sequence[Bench]) -> str:
    """All figures as one Markdown table, and below it what did not hold."""
    rows = [("measured", "value", "aim", "")]
    for bench in benches:
        rows.append((f"**{bench.title}**", "", "", ""))
        for f in bench.figures:
            value = f"{f.value:.3g} {f.unit}".replace(" x", "x")
            limit = "" if f.aim is None else f"{'≥' if f.at_least else '≤'} {f.aim:g}"
            rows.append((f.name, value, limit, " ".join(filter(None, (f.verdict, f.detail)))))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    checks = [e for bench in benches for e in bench.equalities]
    broken = [f"NOT EQUAL: {e.name} {e.detail}".rstrip() for e in checks if not e.holds]
    return "\n".join([*lines, "", f"{len(checks) - len(broken)} of {len(checks)} equalities hold", *broken])
