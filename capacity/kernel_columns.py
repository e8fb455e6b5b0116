"""A structure function as integer columns: what the kernel compiles, and what large regions are written in directly."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from capacity.structure import Structure

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]

AND, OR, ATLEAST, NOT = range(4)
_OPS = {"and": AND, "or": OR, "atleast": ATLEAST, "not": NOT}


@dataclass(frozen=True)
class Columns:
    """Gates over leaves. Nodes are numbered: leaves from 0, gate g is node `n_leaves + g`.

    `op`: int64[gates] of AND, OR, ATLEAST, NOT; `ptr`: int64[gates + 1] and `source`: int64[inputs], the input
    nodes of each gate in turn; `weight`: int64[inputs] and `threshold`: int64[gates], read for ATLEAST;
    `outputs`: int64, nodes asked for.
    """

    n_leaves: int
    op: Ints
    ptr: Ints
    source: Ints
    weight: Ints
    threshold: Ints
    outputs: Ints

    @property
    def n_gates(self) -> int:
        """Number of gates."""
        return len(self.op)

    @property
    def nbytes(self) -> int:
        """Bytes of all columns."""
        parts = (self.op, self.ptr, self.source, self.weight, self.threshold, self.outputs)
        return sum(part.nbytes for part in parts)


def columns_of(structure: Structure, also: Collection[str] = ()) -> tuple[Columns, Mapping[str, int]]:
    """Columns of a structure and the node number of every leaf and gate; `also` are gates asked for besides outputs.

    Raises KeyError for an input that is neither leaf nor gate, ValueError for a weight below zero.
    """
    number = {leaf: i for i, leaf in enumerate(structure.leaves)}
    n_leaves = len(number)
    for name in structure.gates:
        number[name] = len(number)
    op: list[int] = []
    ptr, source = [0], list[int]()
    weight, threshold = list[int](), list[int]()
    for name, gate in structure.gates.items():
        op.append(_OPS[gate.op])
        for i in gate.inputs:
            if i not in number:
                raise KeyError(f"{name}: no leaf or gate named {i}")
            source.append(number[i])
        ptr.append(len(source))
        if gate.op == "not" and len(gate.inputs) != 1:
            raise ValueError(f"{name}: a not has one input")
        if gate.weights and len(gate.weights) != len(gate.inputs):
            raise ValueError(f"{name}: {len(gate.weights)} weights for {len(gate.inputs)} inputs")
        if any(w < 0 for w in gate.weights):
            raise ValueError(f"{name}: a weight is below zero")
        plain = gate.op != "atleast" or not gate.weights
        weight += [1] * len(gate.inputs) if plain else list(gate.weights)
        threshold.append(gate.threshold)
    outputs = [number[name] for name in (*structure.outputs.values(), *also)]
    parts = (np.array(part, dtype=np.int64) for part in (op, ptr, source, weight, threshold, outputs))
    return Columns(n_leaves, *parts), number


def spans(ptr: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Positions of the entries of `rows` in a CSR with `ptr`, row after row, and how many each row has."""
    counts = ptr[rows + 1] - ptr[rows]
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total, dtype=np.int64) + np.repeat(ptr[rows] - ends + counts, counts), counts


def transposed(n_nodes: int, source: Ints) -> tuple[Ints, Ints]:
    """CSR of who reads each node: `(ptr, position)` with positions into `source`, in order."""
    order = np.argsort(source, kind="stable").astype(np.int64)
    counts = np.bincount(source, minlength=n_nodes)
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64), order


def distinct(n: int, values: Ints) -> Ints:
    """The distinct `values`, rising; all are below `n`."""
    if 8 * len(values) < n:
        values = np.sort(values)
        out: Ints = values[np.diff(values, prepend=-1) != 0]
        return out
    seen = np.zeros(n, dtype=bool)
    seen[values] = True
    return np.flatnonzero(seen)
