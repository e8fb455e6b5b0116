"""Failures of made-up regions: single, in pairs, and cables in pairs, against networkx.

Run as a program it is one process of its own whose memory is measured: `python -m tests.bench.bench_regions graph|columns SERVERS`.
"""

from __future__ import annotations

import gc
import importlib
import json
import math
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from capacity.kernel import Compiled, Groups, all_sets, compile_columns, unpacked
from capacity.kernel_columns import Columns, Ints, spans
from capacity.kernel_interactions import Interactions, interactions
from tests.bench.cut_pairs import cable_cut_pairs, cable_cuts
from tests.bench.every_pair import failing_pairs
from tests.bench.fabrics import ROUTER, Region, region
from tests.bench.figures import Bench, Equality, Figure
from tests.bench.region_models import Loop, Model, Part, graph, keys, local_losses, model, parts

SIZES = (1_000, 10_000, 100_000)
PAIRS = 500  # servers
SEED = 3  # of the irregular regions
LOOP_AIM = 1e-4
TIMES_BUILD = 10.0


def jobs(rounds: int, quick: bool = False) -> list[Callable[[], Bench]]:
    """Single failures at three sizes, every pair at 500 servers and at the largest, cut pairs of cables."""
    sizes = (200, 400) if quick else SIZES
    some, few = min(rounds, 5), min(rounds, 2)
    return [
        partial(singles, sizes, some, quick),
        partial(pairs, 200 if quick else PAIRS, some, 20 if quick else 300),
        partial(large, sizes[-1], few, 64 if quick else 2048, quick),
        partial(cables, sizes[-1], some, quick),
    ]


def _least(
    timed: Mapping[str, Callable[[], Any]], rounds: int, keep: dict[str, Any] | None = None
) -> dict[str, float]:
    """Least seconds of the processor of each job, all in turn, so that others on the machine count for little.

    The last results of the jobs named in `keep` are put there.

    The collector runs as it does by default but knows of nothing older; "collector off" in a name: without it.
    """
    importlib.import_module("networkx")  # its import is no part of a build
    least = dict.fromkeys(timed, float("inf"))
    for _ in range(rounds):
        for name, job in timed.items():
            gc.collect()
            gc.freeze()
            if "collector off" in name:
                gc.disable()
            begun = time.process_time()
            result = job()
            least[name] = min(least[name], time.process_time() - begun)
            if keep is not None and name in keep:
                keep[name] = result
            del result
            gc.enable()
            gc.unfreeze()
    return least


def single_losses(whole: Model, compiled: Compiled) -> Ints:
    """Servers lost when each group fails alone: int64[groups]."""
    nodes, out = compiled.program.outputs, np.zeros(len(whole.groups), dtype=np.int64)
    for start, engine in compiled.engines(whole.groups, all_sets(len(whole.groups), 1)):
        row = np.flatnonzero(engine.differs[nodes])
        lost = ~engine.rows[nodes[row]]
        where, word = np.nonzero(lost)
        bits = unpacked(lost[where, word][:, None], 64)
        which, bit = np.nonzero(bits)
        failure = (start + word[which]) * 64 + bit
        np.add.at(out, failure, whole.weight[row[where[which]]])
    return out


def singles(sizes: tuple[int, ...], rounds: int, quick: bool) -> Bench:
    """Every group of shared risk alone, at each size, against building the networkx graph of the same region."""
    figures, equalities = list[Figure](), list[Equality]()
    seconds, ours_s = dict[str, float](), dict[int, float]()
    for n in sizes:
        made = region(n)
        names, by_class = keys(made), model(made)
        compiled = compile_columns(by_class.columns)
        timed: dict[str, Callable[[], object]] = {
            "networkx": partial(graph, made, names),
            "networkx, collector off": partial(graph, made, names),
            "singles": partial(_all_singles, made, by_class, compiled),
            "from tables": partial(_prepared, made),
        }
        least = _least(timed, rounds)
        ours_s[n] = least["singles"] + least["from tables"]
        seconds |= {f"{n} servers, {name}": s for name, s in least.items()}
        counts = f"{len(by_class.groups) + made.n_servers + len(made.access)} single failures"
        build = least["networkx"]
        aim = None if quick else 1.0
        held_bytes = made.nbytes + by_class.nbytes + compiled.program.nbytes
        figures += [
            Figure(f"{n} servers: every single failure / networkx build", least["singles"] / build, "x", aim, detail=counts),
            Figure(f"{n} servers: the same with model and compilation", ours_s[n] / build, "x", aim if n == sizes[-1] else None),
            Figure(f"{n} servers: the same, collector off for networkx", ours_s[n] / least["networkx, collector off"], "x"),
            Figure(f"{n} servers: tables, gates, groups and program", held_bytes / n, "B per server"),
        ]  # fmt: skip
        equalities += _sampled(made, by_class, compiled, 10 if n > 50_000 else 40)
    for small, large_ in pairwise(sizes):
        growth = math.log(ours_s[large_] / ours_s[small]) / math.log(large_ / small)
        figures.append(Figure(f"growth from {small} to {large_} servers", growth, "exponent", 1.1))
    n = sizes[-1]
    held, peer = _child("columns", n), _child("graph", n)
    figures += [
        Figure(f"{n} servers: the same facts as columns / networkx graph", held["tables"] / peer["grown"], "x", None if quick else 1 / 8,
               detail=f"{held['tables'] / n:.0f} and {peer['grown'] / n:.0f} B per server"),
        Figure(f"{n} servers: peak memory of the run / networkx graph", held["grown"] / peer["grown"], "x",
               detail=f"{held['grown'] / 1e6:.0f} MB with everything it works with"),
    ]  # fmt: skip
    equalities += _without_classes(region(200)) + _without_classes(region(200, SEED), "irregular, ")
    title = "every single failure of a region, against building its networkx graph"
    return Bench(title, tuple(figures), tuple(equalities), seconds)


def _all_singles(made: Region, by_class: Model, compiled: Compiled) -> tuple[Ints, tuple[Ints, Ints]]:
    return single_losses(by_class, compiled), local_losses(made, by_class, compiled)


def _every_pair(columns: Columns, groups: Groups) -> Interactions:
    return interactions(compile_columns(columns), groups)


def _pairs_from_tables(made: Region) -> Interactions:
    by_class = model(made)
    return _every_pair(by_class.columns, by_class.groups)


def _looped(loop: Loop, failures: Sequence[Collection[Part]]) -> list[set[int]]:
    return [loop.lost(failed) for failed in failures]


def _prepared(made: Region) -> Compiled:
    return compile_columns(model(made).columns)


def _sampled(made: Region, by_class: Model, compiled: Compiled, samples: int) -> list[Equality]:
    """Random groups, removed from the networkx graph, lose as many servers."""
    loop = Loop(made, view=True)
    found = single_losses(by_class, compiled)
    picked = np.random.default_rng(1).choice(len(found), samples, replace=False)
    wrong = [g for g in picked.tolist() if len(loop.lost(parts(by_class, [g]))) != found[g]]
    return [
        Equality(f"{made.n_servers} servers: {samples} groups removed from the graph", not wrong, str(wrong))
    ]


def _without_classes(made: Region, name: str = "") -> list[Equality]:
    """Classes and closed forms lose the same servers as every server and cable by itself."""
    whole, by_class = model(made, by_class=False), model(made)
    apart, together = compile_columns(whole.columns), compile_columns(by_class.columns)
    down = ~unpacked(apart.evaluate_sets(whole.groups, all_sets(len(whole.groups), 1)), len(whole.groups))
    fewer = ~unpacked(
        together.evaluate_sets(by_class.groups, all_sets(len(by_class.groups), 1)), len(by_class.groups)
    )
    kind = np.array(whole.group_kind)[whole.kind_of_group]
    local = {k: np.flatnonzero(kind == k) for k in ("server", "access")}
    shared = np.flatnonzero(~np.isin(kind, list(local)))
    servers, cables_ = local_losses(made, by_class, together)
    closed = {"server": servers, "access": cables_}
    alone = ~apart.program.base[apart.program.outputs][:, None]
    same = all(
        closed[k][_leaf(whole, groups) - whole.offsets[k]].tolist()
        == (down[:, groups] & ~alone).sum(axis=0).tolist()
        for k, groups in local.items()
    )
    equal = bool((fewer[by_class.server_class] == down[:, shared]).all())
    return [
        Equality(f"{name}{made.n_servers} servers: the same servers lost with and without classes", equal),
        Equality(f"{name}{made.n_servers} servers: closed forms of servers and access cables", same),
    ]


def _leaf(whole: Model, groups: Ints) -> Ints:
    return whole.groups.leaf[whole.groups.ptr[groups]]


def pairs(n: int, rounds: int, samples: int) -> Bench:
    """Every pair of groups, servers and access cables among them, against a networkx loop over a sample."""
    figures, equalities, seconds = list[Figure](), list[Equality](), dict[str, float]()
    for name, seed in (("", None), ("irregular, ", SEED)):
        made = region(n, seed)
        whole = model(made, by_class=False)
        groups = whole.groups
        compiled = compile_columns(whole.columns)
        sets = np.sort(np.random.default_rng(2).choice(len(groups), (max(samples, 500), 2)), axis=1)
        failures = [parts(whole, row) for row in sets.tolist()]
        loops = {"copy": Loop(made), "view": Loop(made, view=True)}
        timed: dict[str, Callable[[], object]] = {
            "every pair": partial(_every_pair, whole.columns, groups),
            "loop over a view": partial(_looped, loops["view"], failures[:samples]),
            "loop over copies": partial(_looped, loops["copy"], failures[: samples // 3]),
        }
        least = _least(timed, rounds)
        done = interactions(compiled, groups)
        count = len(groups) * (len(groups) - 1) // 2
        each = least["every pair"] / count
        copy, view = least["loop over copies"] / (samples // 3), least["loop over a view"] / samples
        seconds |= {f"{name}{n} servers, every pair": least["every pair"], f"{name}{n} servers, one copy": copy,
                    f"{name}{n} servers, one view": view}  # fmt: skip
        detail = f"{count} pairs, {done.evaluated} evaluated, {len(done.new)} losses that are new"
        figures += [
            Figure(f"{name}{n} servers: a pair / a networkx copy", each / copy, "x", LOOP_AIM, detail=detail),
            Figure(f"{name}{n} servers: a pair / a networkx view", each / view, "x", LOOP_AIM),
        ]
        lost = [loops["view"].lost(failed) for failed in failures]
        found = union_of_halves(compiled, groups, done, sets)
        wrong = sum(a != set(np.flatnonzero(b).tolist()) for a, b in zip(lost, found.T, strict=True))
        few = Groups(*_without(groups, whole, "access"))
        tiled = failing_pairs(compiled, few, new=True)
        listed = interactions(compiled, few).new
        same = [(o, *p) for o, row in enumerate(tiled) for p in row.tolist()] == [
            tuple(r) for r in listed.tolist()
        ]
        equalities += [
            Equality(
                f"{name}{n} servers: {len(sets)} random pairs removed from the graph", wrong == 0, str(wrong)
            ),
            Equality(f"{name}{n} servers: every pair evaluated finds no other loss", same),
        ]
    return Bench(
        "every pair of failures, against a networkx loop", tuple(figures), tuple(equalities), seconds
    )


def _without(groups: Groups, whole: Model, kind: str) -> tuple[Ints, Ints]:
    keep = np.flatnonzero(np.array(whole.group_kind)[whole.kind_of_group] != kind)
    at, counts = spans(groups.ptr, keep)
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64), groups.leaf[at]


def union_of_halves(
    compiled: Compiled, groups: Groups, done: Interactions, sets: Ints
) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """What each pair of `sets` loses by the list alone: what either half loses, and what is new: bool[outputs, pairs]."""
    used, at = np.unique(sets, return_inverse=True)
    alone = ~unpacked(compiled.evaluate_sets(groups, used[:, None]), len(used))
    at = at.reshape(sets.shape)
    out = alone[:, at[:, 0]] | alone[:, at[:, 1]]
    code = done.new[:, 1] * len(groups) + done.new[:, 2]
    order = np.argsort(code, kind="stable")
    asked = sets[:, 0] * len(groups) + sets[:, 1]
    first, last = (np.searchsorted(code[order], asked, side) for side in ("left", "right"))
    for pair in np.flatnonzero(last > first).tolist():
        out[done.new[order[first[pair] : last[pair]], 0], pair] = True
    return out


def large(n: int, rounds: int, samples: int, quick: bool = False) -> Bench:
    """Every pair of groups of the largest region, against building its networkx graph."""
    figures, equalities, seconds = list[Figure](), list[Equality](), dict[str, float]()
    for name, seed in (("", None), ("irregular, ", SEED)):
        made = region(n, seed)
        names, by_class = keys(made), model(made)
        timed: dict[str, Callable[[], object]] = {
            "networkx": partial(graph, made, names),
            "every pair": partial(_pairs_from_tables, made),
        }
        kept: dict[str, Any] = {"every pair": None}
        least = _least(timed, rounds, kept)
        done, groups = kept["every pair"], by_class.groups
        seconds |= {f"{name}{n} servers, {what}": s for what, s in least.items()}
        count = len(groups) * (len(groups) - 1) // 2
        figures.append(
            Figure(f"{name}{n} servers: every pair / networkx build", least["every pair"] / least["networkx"], "x",
                   None if seed or quick else TIMES_BUILD,
                   detail=f"{count:.3g} pairs, {done.evaluated} evaluated, {len(done.new)} losses that are new")
        )  # fmt: skip
        compiled = compile_columns(by_class.columns)
        rng = np.random.default_rng(4)
        spread = rng.choice(len(groups), (samples, 2))
        near = np.minimum(spread[:, :1] + rng.integers(1, 60, (samples, 2)), len(groups) - 1)
        wide = np.column_stack((spread[:, 0], len(groups) - 1 - rng.integers(0, 20, samples)))
        sets = np.sort(np.concatenate((spread, near, wide)), axis=1)
        direct = ~unpacked(compiled.evaluate_sets(groups, sets), len(sets))
        listed = union_of_halves(compiled, groups, done, sets)
        wrong = int((direct != listed).any(axis=0).sum())
        equalities += [
            Equality(f"{name}{n} servers: {len(sets)} pairs evaluated one by one", wrong == 0, str(wrong)),
        ]
    return Bench("every pair of failures of the largest region", tuple(figures), tuple(equalities), seconds)


def cables(n: int, rounds: int, quick: bool = False) -> Bench:
    """All pairs of cables that cut something off, in the graph of all devices, against building that graph."""
    figures, equalities, seconds = list[Figure](), list[Equality](), dict[str, float]()
    for name, seed in (("", None), ("irregular, ", SEED)):
        made = region(n, seed)
        names = keys(made)
        nodes, ends, root = plain_graph(made)
        timed: dict[str, Callable[[], object]] = {
            "networkx": partial(graph, made, names),
            "cut pairs": partial(cable_cuts, nodes, ends, root),
        }
        kept: dict[str, Any] = {"cut pairs": None}
        least = _least(timed, rounds, kept)
        cuts = kept["cut pairs"]
        seconds |= {f"{name}{n} servers, {what}": s for what, s in least.items()}
        figures.append(
            Figure(f"{name}{n} servers: cable cut pairs / networkx build", least["cut pairs"] / least["networkx"], "x", None if quick else 1.0,
                   detail=f"{len(ends)} cables, {len(cuts.bridges)} cut alone, {len(cuts.pairs())} pairs, each proved")
        )  # fmt: skip
        again = cable_cuts(nodes, ends, root, seed=11)
        same = np.array_equal(again.pairs(), cuts.pairs()) and np.array_equal(again.bridges, cuts.bridges)
        equalities.append(Equality(f"{name}{n} servers: the same pairs from other labels", same))
    made = region(200, SEED)
    nodes, ends, root = plain_graph(made)
    few = ends[np.random.default_rng(5).random(len(ends)) < 0.4]
    equalities.append(
        Equality("200 servers, damaged: the same pairs by removal", _by_removal(nodes, few, root))
    )
    title = "pairs of cables that cut something off, with proof"
    return Bench(title, tuple(figures), tuple(equalities), seconds)


def plain_graph(made: Region) -> tuple[int, Ints, int]:
    """Nodes, cables and root of a region in which every device passes traffic on; the root joins the routers."""
    root = made.n_servers + made.n_switches
    routers = made.n_servers + np.flatnonzero(made.switch_kind == ROUTER)
    out = np.column_stack((routers, np.full(len(routers), root)))
    offset = np.array([0, made.n_servers])
    return root + 1, np.concatenate((made.access + offset, made.links + made.n_servers, out)), root


def _by_removal(nodes: int, ends: Ints, root: int) -> bool:
    """Pairs and single cables by labels equal those by removing each cable, then each other one, with networkx bridges."""
    import networkx as nx

    def cutting(gone: int) -> set[int]:
        left: nx.MultiGraph[int] = nx.MultiGraph()
        left.add_node(root)
        for i, (a, b) in enumerate(ends.tolist()):
            if i != gone:
                left.add_edge(a, b, key=i)
        near = nx.node_connected_component(left, root)
        found: Iterable[Any] = nx.bridges(left)  # knows parallel edges
        return {int(next(iter(left[a][b]))) for a, b in found if a in near}

    alone = cutting(-1)
    both = {
        (min(i, j), max(i, j))
        for i in range(len(ends))
        if i not in alone
        for j in cutting(i) - alone
    }  # fmt: skip
    found = cable_cut_pairs(nodes, ends, root)
    return {tuple(p) for p in found.tolist()} == both and set(
        cable_cuts(nodes, ends, root).bridges.tolist()
    ) == alone


def _child(what: str, n: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.bench_regions", what, str(n)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def _measured(what: str, n: int) -> dict[str, float]:
    import networkx as nx

    nx.MultiGraph()  # its import is not the graph's memory
    made = region(n)
    names = keys(made) if what == "graph" else None
    before = _peak_bytes()
    held: dict[str, float] = {}
    if names is not None:
        kept = graph(made, names)
        assert len(kept) == made.n_servers + made.n_switches
    else:
        by_class = model(made)
        compiled = compile_columns(by_class.columns)
        single_losses(by_class, compiled)
        held = {"tables": made.nbytes}
    return {"grown": _peak_bytes() - before, **held}


def _peak_bytes() -> int:
    """Peak resident memory of this process so far (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


if __name__ == "__main__":
    print(json.dumps(_measured(sys.argv[1], int(sys.argv[2]))))
