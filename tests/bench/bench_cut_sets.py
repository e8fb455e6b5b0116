"""Minimal cut sets of the real project: every set of up to three shared risks, against trying every set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import combinations
from math import comb
from pathlib import Path
from random import Random

import numpy as np

from capacity.cut_sets import minimal_cut_sets
from capacity.kernel import Compiled, Groups, compile_structure, groups_of, unpacked
from capacity.kernel_columns import Ints
from capacity.structure import Structure
from capacity.survival import structure
from capacity.survives import survives
from inventory.inventory import Inventory
from inventory.load import load
from inventory.plan_store import load_plan
from tests.bench.figures import Bench, Equality, Figure, least_seconds
from topology.elements import Layers, SharedRisk
from topology.graph import layers
from topology.risk import shared_risks

AIM = 0.02
Cuts = Mapping[str, frozenset[tuple[str, ...]]]


def run(project: Path, quick: bool = False) -> Bench:
    """Cut sets of all services, expanded, against the kernel over all sets of as many groups (timed over a sample).

    The answer is held against the definition over random sets, most of them drawn near what was found, and against
    the graphs over some of those found.
    """
    inventory, plan = load(project).inventory, load_plan(project).plan
    assert inventory is not None
    assert plan is not None
    built = layers(inventory, plan)
    order = 2 if quick else 3
    risks = tuple(sorted(shared_risks(inventory, built), key=lambda r: r.key))[:: 8 if quick else 1]
    model = structure(inventory, built)
    compiled = compile_structure(model)
    groups = groups_of(compiled, [risk.members for risk in risks])
    cuts: dict[str, frozenset[tuple[str, ...]]] = {}
    sample = np.random.default_rng(3).integers(0, len(groups), (2_000 if quick else 50_000, order))
    jobs: dict[str, Callable[[], object]] = {
        "cut sets": partial(_found, model, risks, order, cuts),
        "sets tried": partial(compiled.evaluate_sets, groups, sample),
    }
    seconds = least_seconds(jobs, 1)
    every = seconds["sets tried"] / len(sample) * comb(len(groups), order)
    total = sum(map(len, cuts.values()))
    drawn = _near(cuts, len(groups), [r.key for r in risks], order, 200 if quick else 5_000)
    wrong = _not_as_defined(compiled, groups, [r.key for r in risks], drawn, cuts)
    unlike = _not_on_the_graphs(inventory, built, risks, cuts, 5 if quick else 40)
    return Bench(
        "cut sets of every service of the project",
        (
            Figure(f"cut sets of up to {order} / every set of {order} tried", seconds["cut sets"] / every, "x",
                   None if quick else AIM, detail=f"{total} cut sets of {len(groups)} groups, {len(cuts)} services"),
        ),
        (
            Equality(f"{len(drawn)} random sets: a cut set by definition where it is listed", not wrong, str(wrong[:3])),
            Equality("listed sets are down on the graphs, and up without any one group", not unlike, str(unlike[:3])),
        ),
        {**seconds, "every set tried (extrapolated)": every},
    )  # fmt: skip


def _found(
    model: Structure, risks: tuple[SharedRisk, ...], order: int, cuts: dict[str, frozenset[tuple[str, ...]]]
) -> None:
    for output in model.outputs:
        cuts[output] = frozenset(minimal_cut_sets(model, risks, output, order))


def _near(cuts: Cuts, n: int, keys: Sequence[str], order: int, count: int) -> list[tuple[int, ...]]:
    """Random sets of groups: half anything, half a listed set with one group exchanged or left as it is."""
    random = Random(4)
    place = {key: i for i, key in enumerate(keys)}
    listed = sorted({s for sets in cuts.values() for s in sets if len(s) == order})
    out = {tuple(sorted(random.sample(range(n), order))) for _ in range(count // 2)}
    for s in random.choices(listed, k=count - count // 2) if listed else ():
        changed = [place[key] for key in s]
        changed[random.randrange(order)] = random.choice((changed[0], random.randrange(n)))
        out.add(tuple(sorted(set(changed))))
    return sorted(out)


def _not_as_defined(
    compiled: Compiled, groups: Groups, keys: Sequence[str], drawn: Sequence[tuple[int, ...]], cuts: Cuts
) -> list[str]:
    """Drawn sets that are listed but no minimal cut set, or the other way round."""
    parts = sorted({p for s in drawn for size in range(len(s) + 1) for p in combinations(s, size)})
    up: dict[tuple[int, ...], list[bool]] = {}
    for size in sorted({len(p) for p in parts}):
        alike = [p for p in parts if len(p) == size]
        sets: Ints = np.array(alike, dtype=np.int64).reshape(len(alike), size)
        rows = unpacked(compiled.evaluate_sets(groups, sets), len(alike))
        up |= {p: [bool(v) for v in rows[:, i]] for i, p in enumerate(alike)}
    wrong = []
    for s in drawn:
        named = tuple(sorted(keys[i] for i in s))
        smaller = [p for size in range(len(s)) for p in combinations(s, size)]
        for row, output in enumerate(compiled.outputs):
            minimal = not up[s][row] and all(up[p][row] for p in smaller)
            if minimal != (named in cuts[output]):
                wrong.append(f"{output} {named}")
    return wrong


def _not_on_the_graphs(
    inventory: Inventory, built: Layers, risks: Sequence[SharedRisk], cuts: Cuts, count: int
) -> list[str]:
    members = {risk.key: risk.members for risk in risks}
    listed = sorted((output, s) for output, sets in cuts.items() for s in sets if s)
    wrong = []
    for output, s in Random(5).sample(listed, min(count, len(listed))):
        for left_out in (None, *s):
            failed = {m for key in s if key != left_out for m in members[key]}
            if survives(inventory, built, failed).services[output] != (left_out is not None):
                wrong.append(f"{output} {s}")
    return wrong
