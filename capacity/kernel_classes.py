"""Parts that play the same role put together: what cannot differ under any set of groups is evaluated once.

Leaves are alike when they stand in the same groups; gates when they have the same op and inputs that are alike, as
often and as heavy. Servers of one rack with the same feeds and leaf switches end in one class, and so do their
cables, when no group holds one of them alone. On circles the coarsest such division counts.

Why it is right: the values are the least ones, reached from "nothing works" by applying all gates again and again.
At every turn gates that are alike have inputs that are alike, so they get equal values. The division is found by
hashing and then compared exactly, gate by gate, so it does not rest on the hash.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from capacity.kernel import Groups
from capacity.kernel_columns import ATLEAST, Columns, Ints, Words, spans, transposed


@dataclass(frozen=True)
class Classes:
    """The structure with one leaf or gate a class, and the groups over its leaves. `columns.outputs` are distinct;
    `row`: the row of the result that holds each output asked for, int64[outputs]."""

    columns: Columns
    groups: Groups
    row: Ints


def by_class(columns: Columns, groups: Groups) -> Classes:
    """The columns with parts that are alike under every set of `groups` put together.

    Leaves in no group never fail and are alike. Raises ArithmeticError when two hashes are equal by chance.
    """
    weight = np.where(np.repeat(columns.op, np.diff(columns.ptr)) == ATLEAST, columns.weight, 1)
    threshold = np.where(columns.op == ATLEAST, columns.threshold, 0)
    leaf, gate = _refined(columns, groups, weight, threshold)
    node = np.concatenate((leaf, gate + leaf.max(initial=-1) + 1))
    first = np.unique(node, return_index=True)[1]
    n_leaves = int(leaf.max(initial=-1)) + 1
    _compare(columns, groups, weight, threshold, node, first[node])
    kept = first[n_leaves:] - columns.n_leaves
    at, counts = spans(columns.ptr, kept)
    outputs, row = np.unique(node[columns.outputs], return_inverse=True)
    smaller = Columns(
        n_leaves,
        columns.op[kept],
        np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        node[columns.source[at]],
        weight[at],
        threshold[kept],
        outputs,
    )
    owner = np.repeat(np.arange(len(groups)), np.diff(groups.ptr))
    members = np.unique(owner * (n_leaves + 1) + leaf[groups.leaf])
    owner, members = np.divmod(members, n_leaves + 1)
    ptr = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=len(groups))))).astype(np.int64)
    return Classes(smaller, Groups(ptr, members), row.astype(np.int64))


def _refined(columns: Columns, groups: Groups, weight: Ints, threshold: Ints) -> tuple[Ints, Ints]:
    """Class of every leaf, and of every gate, each counted from 0 by first member."""
    owner = np.repeat(np.arange(len(groups)), np.diff(groups.ptr))
    leaf = _numbered(_summed(columns.n_leaves, groups.leaf, _mixed(owner)))
    head = np.repeat(np.arange(columns.n_gates), np.diff(columns.ptr))
    gate = _numbered(_mixed(threshold) + columns.op.astype(np.uint64))
    heavy = _mixed(weight)
    while True:
        node = np.concatenate((leaf, gate + columns.n_leaves))
        total = _summed(columns.n_gates, head, _mixed(node)[columns.source] * (heavy | np.uint64(1)))
        finer = _numbered(_mixed(total.view(np.int64)) + _mixed(gate) * np.uint64(3))
        if finer.max(initial=-1) == gate.max(initial=-1):
            return leaf, gate
        gate = finer


def _summed(n: int, head: Ints, terms: Words) -> Words:
    out = np.zeros(n, dtype=np.uint64)
    np.add.at(out, head, terms)
    return out


def _mixed(values: Ints) -> Words:
    """A hash of each value. Source: the finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    out = values.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    out = (out ^ (out >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    out = (out ^ (out >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return out ^ (out >> np.uint64(31))


def _numbered(hashes: Words) -> Ints:
    """Equal hashes by number, in the order of their first appearance."""
    _, first, found = np.unique(hashes, return_index=True, return_inverse=True)
    place = np.empty(len(first), dtype=np.int64)
    place[np.argsort(first)] = np.arange(len(first))
    return place[found]


def _compare(
    columns: Columns, groups: Groups, weight: Ints, threshold: Ints, node: Ints, first: Ints
) -> None:
    """Hold every leaf and gate against the first of its class: the same groups; the same op and inputs."""
    n_leaves = columns.n_leaves
    owner = np.repeat(np.arange(len(groups)), np.diff(groups.ptr))
    ptr, position = transposed(n_leaves, groups.leaf)
    alike = _same(ptr, (owner[position],), first[:n_leaves])
    head = np.repeat(np.arange(columns.n_gates), np.diff(columns.ptr))
    order = np.lexsort((weight, node[columns.source], head))
    rows = (node[columns.source][order], weight[order])
    leader = first[n_leaves:] - n_leaves
    alike &= _same(columns.ptr, rows, leader)
    alike &= bool((columns.op[leader] == columns.op).all() and (threshold[leader] == threshold).all())
    if not alike:
        raise ArithmeticError("two hashes are equal by chance")


def _same(ptr: Ints, rows: tuple[Ints, ...], leader: Ints) -> bool:
    """Whether each row of a CSR holds what the row of its leader holds."""
    counts = np.diff(ptr)
    if (counts != counts[leader]).any():
        return False
    at = spans(ptr, leader)[0]
    return all(bool((row == row[at]).all()) for row in rows)
