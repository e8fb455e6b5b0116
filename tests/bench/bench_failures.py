"""Failures of the real project: every pair of shared risks, against the loop over the networkx graphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from capacity.kernel import Compiled, Groups, all_sets, compile_structure, groups_of, unpacked
from capacity.kernel_columns import Ints
from capacity.kernel_interactions import Interactions, interactions
from capacity.structure import Structure
from capacity.survival import structure
from capacity.survives import survives
from inventory.inventory import Inventory
from inventory.load import load
from inventory.plan_store import load_plan
from tests.bench.every_pair import failing_pairs
from tests.bench.figures import Bench, Equality, Figure, least_seconds
from topology.elements import Layers, SharedRisk
from topology.graph import layers
from topology.risk import shared_risks

LOOP_AIM = 1e-4


def run(project: Path, rounds: int, quick: bool = False) -> Bench:
    """Every pair of groups with power, network and services in the model.

    The loop is `capacity.survives`: one failure on the networkx graphs, as one reads it. It is timed over random
    pairs of groups, the kernel over all pairs, with compilation.
    """
    inventory, plan = load(project).inventory, load_plan(project).plan
    assert inventory is not None
    assert plan is not None
    built = layers(inventory, plan)
    risks = shared_risks(inventory, built)[:: 8 if quick else 1]
    model = structure(inventory, built)
    compiled = compile_structure(model)
    groups = groups_of(compiled, [risk.members for risk in risks])
    names = list(model.outputs)
    sets = np.random.default_rng(1).choice(len(groups), (20 if quick else 500, 2))
    sampled = sets[: 10 if quick else 60]
    jobs: dict[str, Callable[[], object]] = {
        "one by one": partial(_looped, inventory, built, risks, sampled, names),
        "what interacts": partial(_every_pair, model, risks),
        "every pair evaluated": partial(failing_pairs, compiled, groups),
    }
    least = least_seconds(jobs, min(rounds, 3))
    count = len(groups) * (len(groups) - 1) // 2
    loop = least["one by one"] / len(sampled)
    done = interactions(compiled, groups)
    figures = (
        Figure("a pair, of those that interact / one failure in the loop", least["what interacts"] / count / loop, "x", LOOP_AIM,
               detail=f"{count} pairs of {len(groups)} groups, {done.evaluated} evaluated, {len(done.new)} losses that are new"),
        Figure("a pair, every one evaluated / one failure in the loop", least["every pair evaluated"] / count / loop, "x"),
    )  # fmt: skip
    up = unpacked(compiled.evaluate_sets(groups, sets), len(sets))
    read = _looped(inventory, built, risks, sets, names)
    wrong = [i for i, services in enumerate(read) if services != [bool(v) for v in up[:, i]]]
    new = failing_pairs(compiled, groups, new=True)
    listed = [(o, *pair) for o, pairs in enumerate(new) for pair in pairs.tolist()]
    equalities = (
        Equality(f"{len(sets)} random pairs: the same services up as on the graphs", not wrong, str(wrong)),
        Equality(
            "every pair evaluated finds no other loss", listed == [tuple(row) for row in done.new.tolist()]
        ),
        Equality("single failures and those pairs say the same", _unions(compiled, groups, done)),
    )
    seconds = {"one failure in the loop": loop, **{k: v for k, v in least.items() if k != "one by one"}}
    title = "every pair of failures of the project, against the loop over its graphs"
    return Bench(title, figures, equalities, seconds)


def _looped(
    inventory: Inventory, built: Layers, risks: Sequence[SharedRisk], sets: Ints, names: Sequence[str]
) -> list[list[bool]]:
    """Whether each named service is up when the groups of each row fail, on the graphs."""
    out = []
    for row in sets.tolist():
        failed = {key for group in row for key in risks[group].members}
        services = survives(inventory, built, failed).services
        out.append([services[name] for name in names])
    return out


def _every_pair(model: Structure, risks: tuple[SharedRisk, ...]) -> Interactions:
    compiled = compile_structure(model)
    return interactions(compiled, groups_of(compiled, [risk.members for risk in risks]))


def _unions(compiled: Compiled, groups: Groups, done: Interactions) -> bool:
    """Random pairs fail what either half fails, with what the list says is new and without what it says is undone."""
    drawn = np.random.default_rng(2).choice(len(groups), (20_000, 2))
    sets = np.unique(np.sort(drawn, axis=1), axis=0)
    alone = ~unpacked(compiled.evaluate_sets(groups, all_sets(len(groups), 1)), len(groups))
    both = ~unpacked(compiled.evaluate_sets(groups, sets), len(sets))
    expected = alone[:, sets[:, 0]] | alone[:, sets[:, 1]]
    column = {(i, j): k for k, (i, j) in enumerate(sets.tolist())}
    for rows, value in ((done.new, True), (done.undone, False)):
        for output, i, j in rows.tolist():
            if (i, j) in column:
                expected[output, column[i, j]] = value
    return bool((expected == both).all())
