"""`make bench`, or `python -m tests.bench.run`: every figure in one run, as a table and as build/bench.json.

Ratios are of least times, all contestants in turn in one job; each comes with an equality. Exit code 1
when an equality does not hold; a missed aim is only shown. `--quick` runs everything small, for tests.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

from capacity.plan import make_plan
from inventory.load import PROJECTS, load
from inventory.plan_store import write_plan
from tests.bench import (
    bench_availability,
    bench_collect,
    bench_cut_sets,
    bench_facts,
    bench_failures,
    bench_load,
    bench_placement,
    bench_regions,
    bench_render,
    bench_scale,
    bench_start,
)
from tests.bench.figures import Bench, table

ROOT = Path(__file__).parents[2]


def benches(scratch: Path, quick: bool) -> list[Bench]:
    """All benches on a copy of the Guangxi project, planned anew."""
    project = scratch / "guangxi"
    shutil.copytree(PROJECTS / "guangxi", project, ignore=shutil.ignore_patterns("plan"))
    inventory = load(project).inventory
    assert inventory is not None
    write_plan(project, make_plan(inventory, None, date(2026, 1, 1)))
    rounds = 1 if quick else 9
    jobs: list[Callable[[], Bench]] = [
        lambda: bench_start.run(project, scratch, rounds),
        lambda: bench_load.run(project, scratch, rounds),
        lambda: bench_placement.run(project, rounds, quick),
        lambda: bench_render.run(project, rounds, quick),
        lambda: bench_scale.run(project, scratch, (1, 2) if quick else bench_scale.TIMES),
        lambda: bench_availability.run(rounds, quick),
        lambda: bench_failures.run(project, rounds, quick),
        lambda: bench_cut_sets.run(project, quick),
        lambda: bench_collect.run(rounds, quick),
        *bench_regions.jobs(rounds, quick),
    ]
    if not quick and (missing := bench_facts.lacking()):
        print(f"left out: facts of servers by Ansible, for want of {'; '.join(missing)}", file=sys.stderr)
    elif not quick:  # small it is a test of its own (tests/lab): it builds a lab
        jobs.append(lambda: bench_facts.run(project, rounds, quick))
    out = []
    for job in jobs:
        out.append(job())
        print(f"… {out[-1].title}", file=sys.stderr)
    return out


def main() -> int:
    """Run, print, write; 1 when an equality does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of everything, small")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        done = benches(Path(scratch), options.quick)
    print(table(done))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    result = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "quick": options.quick,
        "benches": [bench.to_dict() for bench in done],
    }
    options.out.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return 0 if all(e.holds for bench in done for e in bench.equalities) else 1


if __name__ == "__main__":
    raise SystemExit(main())
