"""Groups whose loss does the same: told apart once, evaluated once.

The loss of a server, of its only network card and of both its cables is one and the same to a service that asks
whether the server is reached. What a loss does to a set of outputs is its frontier: the nodes it makes false
whatever else fails, as far as the outputs still look at them. Two groups with one frontier leave the same
function of all other parts, so that each may stand for the other in any failure; a group without a frontier never
matters. Cut sets and pairs of failures are worked out on one group of each kind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from capacity.kernel import all_sets, compile_structure, groups_of, unpacked
from capacity.kernel_columns import Columns, Words, columns_of, spans
from capacity.structure import Gate, Structure

_BLOCK = 2048  # groups at a time: bounded memory


def cone(structure: Structure, outputs: Iterable[str]) -> Structure:
    """The part of `structure` that the named outputs depend on; leaves and gates keep their order."""
    kept = {name: structure.outputs[name] for name in outputs}
    seen: set[str] = set()
    front = list(kept.values())
    while front:
        name = front.pop()
        if name not in seen:
            seen.add(name)
            front += structure.gates[name].inputs if name in structure.gates else ()
    return Structure(
        tuple(leaf for leaf in structure.leaves if leaf in seen),
        {name: gate for name, gate in structure.gates.items() if name in seen},
        kept,
    )


def equal_effects(structure: Structure, groups: Sequence[Collection[str]]) -> list[tuple[int, ...]]:
    """Indices of `groups` put together by equal effect on all outputs of `structure`, by first index.

    Groups that never matter are left out. Equal frontiers are sufficient for equal effects, not necessary: groups
    that do the same for a deeper reason may stay apart.
    """
    part = cone(structure, structure.outputs)
    known = set(part.leaves)
    same: dict[frozenset[str], list[int]] = {}
    for index, group in enumerate(groups):
        noticed = frozenset(known.intersection(group))
        if noticed:
            same.setdefault(noticed, []).append(index)
    distinct = list(same)
    found: dict[bytes, list[int]] = {}
    for start in range(0, len(distinct), _BLOCK):
        block = distinct[start : start + _BLOCK]
        for members, frontier in zip(block, _frontiers(part, block), strict=True):
            if frontier:
                found.setdefault(frontier, []).extend(same[members])
    return sorted(tuple(sorted(indices)) for indices in found.values())


def _frontiers(structure: Structure, groups: Sequence[Collection[str]]) -> list[bytes]:
    """The frontier of every group, as the bytes of its sorted node numbers.

    A `not` counts as true whatever happens below it, so that nothing is called false for good that is not.
    """
    columns, _ = columns_of(structure)
    live = _still_possible(structure, groups)
    needed = _looked_at(columns, live)
    frontier = needed & ~live
    nodes = np.flatnonzero(frontier.any(axis=1))
    bits = unpacked(frontier[nodes], len(groups))
    return [nodes[bits[:, group]].tobytes() for group in range(len(groups))]


def _still_possible(structure: Structure, groups: Sequence[Collection[str]]) -> Words:
    """uint64[nodes, words]: bit g is set where the node can still be true once group g is lost."""
    gates = {name: Gate("and", ()) if gate.op == "not" else gate for name, gate in structure.gates.items()}
    compiled = compile_structure(Structure(structure.leaves, gates, {}), also=(*structure.leaves, *gates))
    return compiled.evaluate_sets(groups_of(compiled, groups), all_sets(len(groups), 1))


def _looked_at(columns: Columns, live: Words) -> Words:
    """uint64[nodes, words]: where an output still depends on the node, over nodes that can still be true."""
    needed = np.zeros_like(live)
    front = np.unique(columns.outputs)
    needed[front] = ~np.uint64(0)
    while len(front):
        gates = front[front >= columns.n_leaves] - columns.n_leaves
        edges, counts = spans(columns.ptr, gates)
        if not len(edges):
            break
        asked = np.repeat((needed & live)[gates + columns.n_leaves], counts, axis=0)
        inputs = columns.source[edges]
        order = np.argsort(inputs, kind="stable")
        inputs = inputs[order]
        starts = np.flatnonzero(np.concatenate(([True], np.diff(inputs) > 0)))
        more = np.bitwise_or.reduceat(asked[order], starts, axis=0)
        front = inputs[starts]
        more |= needed[front]
        changed = (more != needed[front]).any(axis=1)
        front = front[changed]
        needed[front] = more[changed]
    return needed
