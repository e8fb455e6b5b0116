"""Availability by simulation: ours against simpy on two sites of twelve parts, held to the exact value."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

from capacity.availability import simulate, timeline
from capacity.availability_exact import exact
from capacity.engine import SERIAL, Engine
from capacity.kernel import compile_structure
from capacity.reliability import HOURS_A_YEAR
from capacity.timelines import Model, model
from tests.bench.figures import Bench, Equality, Figure, least_seconds
from tests.bench.two_sites import simpy_down_h, two_sites

AIM = 15.0
_LEVEL = 0.99


def run(rounds: int, quick: bool = False) -> Bench:
    """Simulated years a second of one process each, repair times and structure alike; memory of one such run."""
    structure, causes = two_sites()
    bound = model(compile_structure(structure), causes)
    ours, peer = (10_000, 200) if quick else (400_000, 10_000)
    jobs: dict[str, Callable[[], object]] = {
        f"ours, {ours} years": lambda: timeline(bound, ours, 1, SERIAL),
        f"simpy, {peer} years": lambda: simpy_down_h(peer, 1),
    }
    least = least_seconds(jobs, rounds)
    per_s = [years / s for years, s in zip((ours, peer), least.values(), strict=True)]
    figures = (
        Figure("simulated years a second: ours / simpy", per_s[0] / per_s[1], "x", AIM, True,
               detail=f"{per_s[0]:,.0f} against {per_s[1]:,.0f}"),
        Figure("memory of a run, ours", _peak_mb(lambda: timeline(bound, ours, 1, SERIAL)), "MB",
               detail=f"{ours:,} years; simpy {_peak_mb(lambda: simpy_down_h(peer, 1)):.2g} MB, which keeps no events"),
        Figure("memory of ten times as long, ours", _peak_mb(lambda: timeline(bound, 10 * ours, 1, SERIAL)), "MB"),
    )  # fmt: skip
    return Bench("availability, against simpy", figures, tuple(_equalities(bound, quick)), least)


def _equalities(bound: Model, quick: bool) -> list[Equality]:
    structure, causes = two_sites()
    years = 50_000 if quick else 1_000_000
    found = simulate(structure, causes, years=years, seed=1, engine=SERIAL, level=_LEVEL)
    again = simulate(structure, causes, years=years, seed=1, engine=Engine(workers=2), level=_LEVEL)
    out = [Equality("one and two workers: the same figures", found == again)]
    for service in found.services:
        truth = exact(structure, causes, service.service)
        for method, figures in (("timeline", service.timeline), ("weighted", service.weighted)):
            if figures is None:
                continue
            down, often = figures.unavailability, figures.failures_per_year
            out += [
                Equality(f"{service.service}, {method}: exact unavailability within 99 %",
                         down.low <= truth.unavailability <= down.high,
                         f"{truth.unavailability:.4g} in {down.low:.4g} to {down.high:.4g}"),
                Equality(f"{service.service}, {method}: exact frequency within 99 %",
                         often.low <= truth.failures_per_h * HOURS_A_YEAR <= often.high),
            ]  # fmt: skip
    site, both = (exact(structure, causes, name).unavailability for name in ("A", "service"))
    out.append(Equality("both sites down: the square of one to 1e-12", abs(both / site**2 - 1) < 1e-12))
    peer_years = 2_000 if quick else 50_000
    peer = simpy_down_h(peer_years, 2)["A"] / (peer_years * HOURS_A_YEAR)
    out.append(
        Equality("simpy has the same model: within a factor of 2 of exact", 0.5 < (peer / site) < 2 or quick)
    )
    return out


def _peak_mb(job: Callable[[], object]) -> float:
    tracemalloc.start()
    job()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6
