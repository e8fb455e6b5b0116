"""The kernel on small structures whose answers are known, and on regions in all their forms."""

from __future__ import annotations

import numpy as np
import pytest

from capacity.kernel import (
    Groups,
    all_sets,
    compile_columns,
    compile_structure,
    dead_bits,
    groups_of,
    unpacked,
)
from capacity.kernel_columns import spans
from capacity.kernel_interactions import interactions
from capacity.structure import Gate, Structure, evaluate
from tests.bench.every_pair import failing_pairs, tiles
from tests.bench.fabrics import region
from tests.bench.region_models import Loop, local_losses, model, parts, structure

# A server on two leaves; leaf a reaches the exit directly, leaf b over a, or directly.
RING = Structure(
    ("a", "b", "ab", "ax", "bx"),
    {
        "reach a": Gate("and", ("a", "some a")),
        "some a": Gate("or", ("ax", "over b")),
        "over b": Gate("and", ("ab", "reach b")),
        "reach b": Gate("and", ("b", "some b")),
        "some b": Gate("or", ("bx", "over a")),
        "over a": Gate("and", ("ab", "reach a")),
        "server": Gate("or", ("reach a", "reach b")),
    },
    {"server": "server", "both": "reach b"},
)


def down(shape: Structure, *failed: str) -> list[str]:
    """Outputs that do not work."""
    compiled = compile_structure(shape)
    dead = dead_bits(compiled, [[compiled.leaf[key] for key in failed]])
    row = unpacked(compiled.evaluate(dead), 1)[:, 0]
    return [name for name, works in zip(compiled.outputs, row, strict=True) if not works]


@pytest.mark.parametrize(
    ("failed", "expected"),
    [
        ((), []),
        (("bx",), []),  # over a
        (("ax", "bx"), ["server", "both"]),  # a and b do not hold each other up
        (("bx", "ab"), ["both"]),
        (("a", "bx"), ["server", "both"]),
        (("b",), ["both"]),
    ],
)
def test_detours_and_no_support_from_oneself(failed: tuple[str, ...], expected: list[str]) -> None:
    assert down(RING, *failed) == expected


def test_new_losses_are_the_pairs_that_survive_either_half() -> None:
    compiled = compile_structure(RING)
    groups = groups_of(compiled, [["a"], ["b"], ["ab"], ["ax"], ["bx"], ["unheard of"]])
    found = interactions(compiled, groups)
    server = [row[1:] for row in found.new.tolist() if row[0] == 0]
    assert server == [[0, 1], [0, 4], [1, 3], [3, 4]]
    assert found.undone.tolist() == []


def test_a_not_may_undo_a_loss() -> None:
    shape = Structure(
        ("link", "keepalive", "c"),
        {
            "gone": Gate("not", ("link",)),
            "shut": Gate("and", ("gone", "keepalive")),
            "open": Gate("not", ("shut",)),
            "works": Gate("and", ("open", "c")),
        },
        {"works": "works"},
    )
    compiled = compile_structure(shape)
    groups = groups_of(compiled, [["link"], ["keepalive"], ["c"]])
    found = interactions(compiled, groups)
    assert found.undone.tolist() == [[0, 0, 1]]
    assert found.new.tolist() == []


def test_weights_reach_the_threshold() -> None:
    shape = Structure(("x", "y", "z"), {"g": Gate("atleast", ("x", "y", "z"), 5, (3, 2, 4))}, {"g": "g"})
    assert [down(shape, key) for key in "xyz"] == [[], [], []]
    assert down(shape, "x", "y") == ["g"]
    assert down(shape, "z", "y") == ["g"]


def test_constants_and_leaves_as_outputs() -> None:
    gates = {"always": Gate("and", ()), "never": Gate("or", ()), "loop": Gate("or", ("loop",))}
    outputs = {"always": "always", "never": "never", "loop": "loop", "leaf": "x"}
    shape = Structure(("x",), gates, outputs)
    assert down(shape) == ["never", "loop"]
    assert down(shape, "x") == ["never", "loop", "leaf"]


@pytest.mark.parametrize(
    ("gates", "error"),
    [
        ({"g": Gate("and", ("nowhere",))}, KeyError),
        ({"g": Gate("not", ("h",)), "h": Gate("and", ("g",))}, ValueError),
        ({"g": Gate("not", ("g",))}, ValueError),
        ({"g": Gate("not", ("x", "x"))}, ValueError),
        ({"g": Gate("atleast", ("x",), 1, (-1,))}, ValueError),
        ({"g": Gate("atleast", ("x",), 1, (1, 2))}, ValueError),
    ],
)
def test_refused(gates: dict[str, Gate], error: type[Exception]) -> None:
    with pytest.raises(error):
        compile_structure(Structure(("x",), gates, {"g": "g"}))


def test_a_circle_without_output_is_not_looked_at() -> None:
    gates = {"g": Gate("and", ("x",)), "p": Gate("or", ("q",)), "q": Gate("or", ("p",))}
    assert compile_structure(Structure(("x",), gates, {"g": "g"})).program.n_gates == 1


@pytest.mark.parametrize("n", [0, 1, 2, 5, 70])
def test_all_sets(n: int) -> None:
    from itertools import combinations

    for order in (1, 2, 3):
        expected = [list(c) for c in combinations(range(n), order)]
        assert all_sets(n, order).tolist() == expected
        assert all_sets(n, order, 3, 9).tolist() == expected[3:9]


def test_dead_rows_by_members_and_by_groups_are_equal() -> None:
    rng = np.random.default_rng(0)
    sizes = rng.integers(0, 60, 12)
    ptr = np.concatenate(([0], np.cumsum(sizes)))
    leaf = np.concatenate([np.sort(rng.choice(80, size, replace=False)) for size in sizes])
    groups = Groups(ptr, leaf)
    sets = rng.integers(0, 12, (200, 3))
    for width in (4, 64):  # narrow: by groups; wide: by members
        leaves, dead = groups.dead(sets, width)
        bits = unpacked(dead, len(sets))
        for k, row in enumerate(sets.tolist()):
            held = set(np.concatenate([leaf[ptr[g] : ptr[g + 1]] for g in row]).tolist())
            assert set(leaves[bits[:, k]].tolist()) == held


def test_width_is_bounded_and_never_changes_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    made = model(region(160), by_class=False)
    compiled = compile_columns(made.columns)
    sets = all_sets(len(made.groups), 2, 0, 3000)
    assert 8 <= compiled.width <= 256
    wide = compiled.evaluate_sets(made.groups, sets)
    monkeypatch.setattr("capacity.kernel._WIDEST", 8)
    assert compiled.width == 8
    assert np.array_equal(compiled.evaluate_sets(made.groups, sets), wide)


@pytest.mark.parametrize("seed", [None, 1, 2])
def test_region_equals_plain_evaluation_and_removal(seed: int | None) -> None:
    made = region(200, seed)
    whole = model(made, by_class=False)
    compiled = compile_columns(whole.columns)
    rng = np.random.default_rng(7)
    sets = rng.choice(len(whole.groups), (12, 2))
    lost = ~unpacked(compiled.evaluate_sets(whole.groups, sets), len(sets))
    plain, loop = structure(whole.columns), Loop(made)
    view = Loop(made, view=True)
    for k, row in enumerate(sets.tolist()):
        failed = parts(whole, row)
        expected = set(np.flatnonzero(lost[:, k]).tolist())
        assert loop.lost(failed) == expected
        assert view.lost(failed) == expected
        if k < 3:
            leaves = whole.groups.leaf[spans(whole.groups.ptr, np.array(row))[0]]
            value = evaluate(plain, [plain.leaves[i] for i in leaves])
            assert [value[gate] for gate in plain.outputs.values()] == (~lost[:, k]).tolist()


@pytest.mark.parametrize("seed", [None, 4])
def test_classes_lose_what_single_servers_lose(seed: int | None) -> None:
    made = region(240, seed)
    whole, fewer = model(made, by_class=False), model(made)
    apart, together = compile_columns(whole.columns), compile_columns(fewer.columns)
    kind = np.array(whole.group_kind)[whole.kind_of_group]
    shared = np.flatnonzero((kind != "server") & (kind != "access"))
    all_down = ~unpacked(apart.evaluate_sets(whole.groups, shared[:, None]), len(shared))
    down_ = ~unpacked(together.evaluate_sets(fewer.groups, all_sets(len(shared), 1)), len(shared))
    assert (down_[fewer.server_class] == all_down).all()
    servers, cables = local_losses(made, fewer, together)
    intact = ~apart.program.base[apart.program.outputs][:, None]
    for name, closed in (("server", servers), ("access", cables)):
        groups = np.flatnonzero(kind == name)
        down_ = ~unpacked(apart.evaluate_sets(whole.groups, groups[:, None]), len(groups))
        order = whole.groups.leaf[whole.groups.ptr[groups]] - whole.offsets[name]
        assert closed[order].tolist() == (down_ & ~intact).sum(axis=0).tolist()


def test_pairs_of_an_irregular_region_three_ways() -> None:
    made = model(region(200, 5))
    compiled, groups = compile_columns(made.columns), made.groups
    sets = all_sets(len(groups), 2)
    lost = ~unpacked(compiled.evaluate_sets(groups, sets), len(sets))
    for found, row in zip(failing_pairs(compiled, groups), lost, strict=True):
        assert found.tolist() == sets[row].tolist()
    new = [
        (o, *pair) for o, row in enumerate(failing_pairs(compiled, groups, new=True)) for pair in row.tolist()
    ]
    listed = interactions(compiled, groups)
    assert [tuple(row) for row in listed.new.tolist()] == new
    assert listed.evaluated < len(sets) / 10
    assert sum((tile.i_stop - tile.i) * (tile.j_stop - tile.j) for tile in tiles(compiled, groups)) >= len(
        sets
    )
