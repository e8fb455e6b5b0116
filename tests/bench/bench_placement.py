"""Placement: ours against plain CP-SAT and first fit, in one process, interleaved."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from capacity.placement import Problem, Solution, first_fit, solve, solve_cpsat, verify
from tests.bench.instances import filled

FILLS_PERMILLE = (900, 970, 985)
ROUNDS = 3
CP_SAT_LIMIT_S = 15.0  # per run; a run that meets it makes the ratio a least value

Method = Callable[[Problem], Solution]


def run(servers: int = 191, racks: int = 40, rounds: int = ROUNDS) -> list[dict[str, object]]:
    """One row per fill: least seconds of `rounds` interleaved runs, ratios, and what each method reached.

    Ours finds the fewest racks and proves it; CP-SAT (two workers, one boolean per item and rack) is
    asked only for any placement in all the racks, an easier question. `never_worse` says that ours
    placed everything, broke no rule, left no more out than either and opened no more racks.
    """
    methods: dict[str, Method] = {
        "ours": solve,
        "cp_sat": partial(solve_cpsat, any_placement=True, time_limit_s=CP_SAT_LIMIT_S),
        "first_fit": first_fit,
    }
    solve_cpsat(filled(6, 3, 500))  # the import of ortools is not part of the comparison
    rows: list[dict[str, object]] = []
    for fill in FILLS_PERMILLE:
        problem = filled(servers, racks, fill)
        seconds = dict.fromkeys(methods, float("inf"))
        found: dict[str, Solution] = {}
        for _ in range(rounds):
            for name, method in methods.items():
                begun = time.perf_counter()
                solution = method(problem)
                seconds[name] = min(seconds[name], time.perf_counter() - begun)
                if name == "ours" and name in found and found[name] != solution:
                    raise AssertionError("two runs on the same problem differ")
                found[name] = solution
        ours = found["ours"]
        rows.append(
            {
                "case": f"{servers} servers, {racks} racks of 5 kW, {fill / 10:g} % full",
                "ours_s": seconds["ours"],
                "cp_sat_s": seconds["cp_sat"],
                "first_fit_s": seconds["first_fit"],
                "cp_sat_to_ours": seconds["cp_sat"] / seconds["ours"],
                "cp_sat_stopped": bool(found["cp_sat"].limits_hit),
                "ours_to_first_fit": seconds["ours"] / seconds["first_fit"],
                "ours_racks": ours.racks_opened,
                "ours_bound": ours.lower_bound,
                "ours_status": ours.status,
                "ours_left_out": len(ours.unplaced),
                "cp_sat_left_out": len(found["cp_sat"].unplaced),
                "first_fit_left_out": len(found["first_fit"].unplaced),
                "first_fit_racks": found["first_fit"].racks_opened,
                "never_worse": not verify(problem, ours.assignment)
                and all(
                    (len(ours.unplaced), ours.racks_opened) <= (len(other.unplaced), other.racks_opened)
                    for other in found.values()
                ),
            }
        )
    return rows


if __name__ == "__main__":
    for row in run():
        print(row)
