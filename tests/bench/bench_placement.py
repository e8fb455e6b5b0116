"""Placement: ours against plain CP-SAT and first fit, in one process, interleaved."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from capacity.place import site_problem
from capacity.placement import Problem, Solution, first_fit, solve, solve_cpsat, verify
from capacity.pods import assign_pairs, switch_racks
from capacity.regions import Given
from inventory.load import load
from tests.bench.figures import Bench, Equality, Figure
from tests.bench.instances import filled

FILLS_PERMILLE = (900, 970, 985)
SERVERS, RACKS = 191, 40
CP_SAT_LIMIT_S = 20.0  # per run; a run that meets it makes the ratio a least value
TENTH = 0.1
_MOST_ROUNDS = 2  # of CP-SAT, which takes seconds where ours takes hundredths

Method = Callable[[Problem], Solution]


def run(project: Path, rounds: int, quick: bool = False) -> Bench:
    """The sites of a project planned from nothing, and made-up halls of a set fill.

    CP-SAT gets one boolean per item and rack and, for the sites, the same question as ours: the fewest
    racks. In the halls it is asked only for any placement in all the racks, an easier question.
    """
    solve_cpsat(filled(6, 3, 500))  # the import of ortools is not part of the comparison
    figures: list[Figure] = []
    equalities: list[Equality] = []
    seconds: dict[str, float] = {}
    inventory = load(project).inventory
    assert inventory is not None
    given = Given(inventory, assign_pairs(inventory, None), switch_racks(inventory, None), {})
    cases = {f"site {site}": (site_problem(given, site)[0], False) for site in inventory.site_devices}
    for servers, racks, fill in ((12, 4, 800),) if quick else [(SERVERS, RACKS, f) for f in FILLS_PERMILLE]:
        name = f"{servers} servers, {racks} racks, {fill / 10:g} % full"
        cases[name] = (filled(servers, racks, fill), True)
    for name, (problem, any_placement) in cases.items():
        limit = 0.5 if quick else CP_SAT_LIMIT_S
        cp_sat = partial(solve_cpsat, any_placement=any_placement, time_limit_s=limit)
        found, least, repeated = _race(
            {"ours": solve, "CP-SAT": cp_sat, "first fit": first_fit}, problem, rounds
        )
        ours, peer, hand = found["ours"], found["CP-SAT"], found["first fit"]
        seconds |= {f"{name}, {method}": s for method, s in least.items()}
        stopped = f"CP-SAT stopped at {limit:g} s, so at most this; " if peer.limits_hit else ""
        figures.append(
            Figure(f"{name}: ours / CP-SAT", least["ours"] / least["CP-SAT"], "x",
                   None if any_placement else TENTH,
                   detail=f"{stopped}{_said(ours)} against {_said(peer)}; first fit {_said(hand)}")
        )  # fmt: skip
        never_worse = all(_rank(ours) <= _rank(other) for other in (peer, hand))
        equalities += [
            Equality(f"{name}: no rule broken", not verify(problem, ours.assignment)),
            Equality(f"{name}: never more left out, never more racks", never_worse),
            Equality(f"{name}: the same answer every time", repeated),
        ]
    return Bench("placement from nothing, against plain CP-SAT", tuple(figures), tuple(equalities), seconds)


def _race(
    methods: dict[str, Method], problem: Problem, rounds: int
) -> tuple[dict[str, Solution], dict[str, float], bool]:
    """Last solution and least seconds of each method, and whether ours was the same in every round."""
    least = dict.fromkeys(methods, float("inf"))
    found: dict[str, Solution] = {}
    same = True
    for n in range(rounds):
        for name, method in methods.items():
            if name == "CP-SAT" and n >= _MOST_ROUNDS:
                continue
            begun = time.perf_counter()
            solution = method(problem)
            least[name] = min(least[name], time.perf_counter() - begun)
            same = same and (name != "ours" or found.get(name, solution) == solution)
            found[name] = solution
    return found, least, same


def _rank(solution: Solution) -> tuple[int, int]:
    return len(solution.unplaced), solution.racks_opened


def _said(solution: Solution) -> str:
    if solution.unplaced:
        return f"{len(solution.unplaced)} left out"
    return f"{solution.racks_opened} racks {'proved' if solution.status == 'optimal' else 'not proved'}"
