"""A model of two sites of twelve parts for availability: the structure, its causes, and the same in simpy."""

from __future__ import annotations

import math
import random
from collections.abc import Generator
from typing import Any

from capacity.reliability import HOURS_A_YEAR, Cause
from capacity.structure import Gate, Structure

PARTS = {
    "ups": (2, 1, 200_000, 8),
    "core": (2, 1, 150_000, 4),
    "firewall": (2, 1, 100_000, 12),
    "power": (2, 1, 2_500, 2),
    "cooling": (3, 2, 40_000, 12),
    "site": (1, 1, 876_000, 720),
}
"""Kind of part -> how many a site has, how many it needs, MTBF and MTTR in hours."""
SIGMA = 0.6


def two_sites() -> tuple[Structure, list[Cause]]:
    """Outputs `A`, `B`, and `service`, which needs either site."""
    gates: dict[str, Gate] = {}
    causes = []
    for site in "AB":
        for kind, (count, needs, mtbf_h, mttr_h) in PARTS.items():
            keys = tuple(f"{kind}/{site}{i}" for i in range(count))
            gates[f"{kind}:{site}"] = Gate("atleast", keys, needs)
            causes += [Cause(key, kind, (key,), mtbf_h, mttr_h, SIGMA) for key in keys]
        gates[site] = Gate("and", tuple(f"{kind}:{site}" for kind in PARTS))
    gates["either"] = Gate("or", ("A", "B"))
    leaves = tuple(sorted(c.key for c in causes))
    return Structure(leaves, gates, {"A": "A", "B": "B", "service": "either"}), causes


def simpy_down_h(years: float, seed: int) -> dict[str, float]:
    """Hours down of each output over so many years, by events: one simpy process a part."""
    import simpy

    env = simpy.Environment()
    rng = random.Random(seed)
    working = {(site, kind): count for site in "AB" for kind, (count, *_) in PARTS.items()}
    lacking = {"A": 0, "B": 0}  # kinds of part short of what the site needs
    down_h = {"A": 0.0, "B": 0.0, "service": 0.0}
    last = 0.0

    def change(site: str, kind: str, step: int) -> None:
        nonlocal last
        passed = env.now - last
        last = env.now
        if lacking["A"]:
            down_h["A"] += passed
            if lacking["B"]:
                down_h["service"] += passed
        if lacking["B"]:
            down_h["B"] += passed
        needs = PARTS[kind][1]
        before = working[site, kind]
        working[site, kind] = before + step
        lacking[site] += (before + step < needs) - (before < needs)

    def part(site: str, kind: str, mtbf_h: float, mttr_h: float) -> Generator[Any, Any, None]:
        mean = math.log(mttr_h) - SIGMA**2 / 2
        while True:
            yield env.timeout(rng.expovariate(1 / mtbf_h))
            change(site, kind, -1)
            yield env.timeout(rng.lognormvariate(mean, SIGMA))
            change(site, kind, 1)

    for site in "AB":
        for kind, (count, _, mtbf_h, mttr_h) in PARTS.items():
            for _ in range(count):
                env.process(part(site, kind, mtbf_h, mttr_h))
    env.run(until=years * HOURS_A_YEAR)
    return down_h
