"""Scale: the same project once, ten and fifty times over, each stage in a process of its own.

Run as a program it is that process: `python -m tests.bench.bench_scale plan|check|again FOLDER` prints seconds and memory as JSON.
"""

from __future__ import annotations

import gc
import json
import math
import subprocess
import sys
import time
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from inventory.checks import Context
from inventory.checks import run as run_checks
from inventory.load import load
from inventory.plan_store import load_plan, write_plan
from rackwright.__main__ import collect_rarely
from rackwright.checklist import register_all
from tests.bench.copies import copy_project
from tests.bench.figures import Bench, Equality, Figure, child_environment

TIMES = (1, 10, 50)
ROUNDS = {1: 5, 10: 3, 50: 2}
"""Runs of each size, the least counts; larger sizes run once."""
GROWTH_AIM = 1.1
DAY = date(2026, 1, 1)
STAGES = {"load": GROWTH_AIM, "load again": GROWTH_AIM, "check": GROWTH_AIM, "plan": None}

Measured = dict[str, Any]


def run(project: Path, scratch: Path, times: tuple[int, ...] = TIMES) -> Bench:
    """Seconds of load, plan and check at each size, growth exponents between sizes, and memory per device.

    "load" reads and validates inventory and plan without a cache, "load again" from the cache. Seconds are of
    the processor, so that others on the machine count for little. Memory is what the process grew by at most,
    from after the imports.
    """
    best: dict[int, Measured] = {}
    for n in times:
        copy_project(project, scratch / f"x{n}", n)
    for n in times:
        for _ in range(ROUNDS.get(n, 1) if len(times) > 2 else 1):
            got = {k: v for stage in CHILDREN for k, v in _child(stage, scratch / f"x{n}").items()}
            old = best.get(n, got)
            best[n] = {k: min(v, old[k]) if isinstance(v, float) else v for k, v in got.items()}
    figures, equalities = [], []
    for stage, aim in STAGES.items():
        for small, large in pairwise(times):
            growth = math.log(best[large][stage] / best[small][stage]) / math.log(large / small)
            figures.append(
                Figure(f"{stage}: growth from {small} to {large} times", growth, "exponent", aim,
                       detail=f"{best[small][stage]:.3g} s to {best[large][stage]:.3g} s")
            )  # fmt: skip
    first, last = best[times[0]], best[times[-1]]
    for what in ("plan", "check"):
        figures.append(
            Figure(f"memory of {what} at {last['devices']} devices", last[f"{what} kB"] / last["devices"],
                   "kB per device", detail=f"{last[f'{what} kB'] / 1000:.0f} MB")
        )  # fmt: skip
    for n in times[1:]:
        got = best[n]
        for what in ("devices", "cables", "cords", "addresses", "racks used"):
            exact = got[what] == n * first[what]
            equalities.append(Equality(f"{n} times the {what}", exact, f"{got[what]} and {first[what]}"))
        same = set(got["codes"]) == set(first["codes"])
        odd = sorted(set(got["codes"]) ^ set(first["codes"]))
        equalities.append(Equality(f"{n} times: findings of the same codes", same, " ".join(odd)))
    seconds = {f"{stage} x{n}": best[n][stage] for n in times for stage in STAGES}
    return Bench("the project many times over", tuple(figures), tuple(equalities), seconds)


def _child(stage: str, folder: Path) -> Measured:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.bench_scale", stage, str(folder)],
        cwd=Path(__file__).parents[2],
        env=child_environment(folder.parent, str(folder.parent / "cache") if stage == "again" else "off"),
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def _planning(folder: Path) -> Measured:
    from capacity.plan import make_plan

    before = _peak_kb()
    inventory = load(folder).inventory
    assert inventory is not None
    begun = time.process_time()
    plan = make_plan(inventory, None, DAY)
    seconds = time.process_time() - begun
    write_plan(folder, plan)
    return {
        "plan": seconds,
        "plan kB": _peak_kb() - before,
        "devices": len(plan.devices),
        "cables": len(plan.cables),
        "cords": len(plan.cords),
        "addresses": len(plan.addresses),
        "racks used": sum(proof.racks for proof in plan.proofs),
    }


def _checking(folder: Path) -> Measured:
    register_all()
    before = _peak_kb()
    begun = time.process_time()
    inventory, plan = load(folder).inventory, load_plan(folder).plan
    loaded = time.process_time()
    assert inventory is not None
    assert plan is not None
    gc.freeze()
    report = run_checks(Context(inventory, plan, DAY))
    return {
        "load": loaded - begun,
        "check": time.process_time() - loaded,
        "check kB": _peak_kb() - before,
        "codes": Counter(f.code for f in report.findings),
    }


def _again(folder: Path) -> Measured:
    load(folder), load_plan(folder)
    begun = time.process_time()
    load(folder), load_plan(folder)
    return {"load again": time.process_time() - begun}


def _peak_kb() -> int:
    """Peak resident memory of this process so far, kB (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


CHILDREN = {"plan": _planning, "check": _checking, "again": _again}


if __name__ == "__main__":
    collect_rarely()
    print(json.dumps(CHILDREN[sys.argv[1]](Path(sys.argv[2]))))
