"""Exact placement by CP-SAT: fewest racks opened, or a proof that none or no better exists.

Limits are in deterministic time with interleaved workers and a fixed seed, so that the answer does
not depend on the speed of the machine; a wall-clock limit is only a safety net and is reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from capacity.placement_model import Instance

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

_Kinds = Sequence[tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Exact:
    """What CP-SAT found: `rack` per item (empty if none), a lower bound on racks opened, what stopped it.

    `status` is "optimal", "feasible", "infeasible" or "unknown".
    """

    status: str
    rack: tuple[int, ...]
    lower_bound: int
    wall_clock_hit: bool


def classes(instance: Instance) -> list[tuple[int, ...]]:
    """Items nothing tells apart (sizes, candidates, groups), so that they can be counted instead of named."""
    alike: dict[tuple[object, ...], list[int]] = {}
    for i in range(len(instance.items)):
        key = (instance.sizes[i], instance.mask[i], instance.item_spreads[i])
        alike.setdefault(key, []).append(i)
    return [tuple(members) for members in alike.values()]


def search_exact(
    instance: Instance,
    *,
    lower_bound: int = 0,
    hint: Sequence[int] = (),
    deterministic_time: float = 20.0,
    wall_clock_s: float = 600.0,
    plain: bool = False,
    any_placement: bool = False,
) -> Exact:
    """Fewest racks opened for `instance`, starting from `lower_bound` and a known placement `hint`.

    `plain` gives every item its own boolean per rack, neither bound, hint nor symmetry, and CP-SAT's own
    parallel search: the model one would write first, not repeatable to the byte. `any_placement` asks only whether everything can be placed.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    kinds = [(i,) for i in range(len(instance.items))] if plain else classes(instance)
    number: dict[tuple[int, int], cp_model.IntVar] = {}
    in_rack: list[list[int]] = [[] for _ in instance.bins]
    kind_of: dict[int, int] = {}
    for c, members in enumerate(kinds):
        for i in members:
            kind_of[i] = c
        for b in instance.allowed[members[0]]:
            number[c, b] = model.new_int_var(0, len(members), f"n{c}_{b}")
            in_rack[b].append(c)
        model.add(sum(number[c, b] for b in instance.allowed[members[0]]) == len(members))
    opened = [model.new_bool_var(f"open{b}") for b in range(len(instance.bins))]
    for b, present in enumerate(in_rack):
        for r in range(4):
            load = sum(instance.sizes[kinds[c][0]][r] * number[c, b] for c in present)
            model.add(load <= instance.caps[b][r] * opened[b])
        for c in present:
            if len(kinds[c]) == 1:
                model.add_implication(number[c, b], opened[b])
            else:
                model.add(number[c, b] <= len(kinds[c]) * opened[b])
        if instance.banks[b]:
            _add_banks(model, instance, kinds, {c: number[c, b] for c in present}, b)
    _add_spreads(model, instance, kinds, kind_of, number)
    fresh = [opened[b] for b, rack in enumerate(instance.bins) if not rack.opened]
    if not plain:
        _order_like_racks(model, instance, in_rack, opened)
        model.add(sum(fresh) >= lower_bound)
        if hint and min(hint) >= 0:
            _add_hint(model, instance, kinds, number, opened, hint)
    if not any_placement:
        model.minimize(sum(fresh))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 2
    solver.parameters.interleave_search = not plain
    solver.parameters.random_seed = 7
    solver.parameters.max_deterministic_time = deterministic_time
    solver.parameters.max_time_in_seconds = max(wall_clock_s, 0.1)
    answer = solver.solve(model)
    hit = answer in (cp_model.FEASIBLE, cp_model.UNKNOWN) and solver.wall_time >= 0.97 * wall_clock_s
    if answer == cp_model.INFEASIBLE:
        return Exact("infeasible", (), 0, hit)
    if answer not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Exact("unknown", (), lower_bound, hit)
    rack = [-1] * len(instance.items)
    for c, members in enumerate(kinds):
        slots = [b for b in instance.allowed[members[0]] for _ in range(solver.value(number[c, b]))]
        for i, b in zip(members, slots, strict=True):
            rack[i] = b
    if any_placement:
        return Exact("feasible", tuple(rack), lower_bound, hit)
    status = "optimal" if answer == cp_model.OPTIMAL else "feasible"
    return Exact(status, tuple(rack), max(lower_bound, round(solver.best_objective_bound)), hit)


def _add_banks(
    model: cp_model.CpModel,
    instance: Instance,
    kinds: _Kinds,
    present: Mapping[int, cp_model.IntVar],
    b: int,
) -> None:
    """Items of each peak in rack `b` dealt to its banks, none over its limit; like banks by falling load."""
    like: dict[int, list[int]] = {}
    for c in present:
        like.setdefault(instance.sizes[kinds[c][0]][1], []).append(c)
    caps = sorted(instance.banks[b])
    loads: list[list[cp_model.LinearExpr]] = [[] for _ in caps]
    for peak, same in like.items():
        most = sum(len(kinds[c]) for c in same)
        shares = [model.new_int_var(0, min(most, cap // peak) if peak else most, "") for cap in caps]
        model.add(sum(shares) == sum(present[c] for c in same))
        for load, share in zip(loads, shares, strict=True):
            load.append(peak * share)
    for k, (load, cap) in enumerate(zip(loads, caps, strict=True)):
        model.add(sum(load) <= cap)
        if k and caps[k - 1] == cap:
            model.add(sum(loads[k - 1]) >= sum(load))


def _add_spreads(
    model: cp_model.CpModel,
    instance: Instance,
    kinds: _Kinds,
    kind_of: Mapping[int, int],
    number: Mapping[tuple[int, int], cp_model.IntVar],
) -> None:
    """Members per rack at most the cap; racks holding a member at least `min_bins`."""
    for spread in instance.spreads:
        present = sorted({kind_of[i] for i in spread.members})
        racks = sorted({b for c in present for b in instance.allowed[kinds[c][0]]})
        touched = []
        for b in racks:
            members = sum(number[c, b] for c in present if (c, b) in number)
            if spread.cap < len(spread.members):
                model.add(members <= spread.cap)
            if spread.min_bins > 1:
                seen = model.new_bool_var("")
                model.add(members >= seen)
                touched.append(seen)
        if touched:
            model.add(sum(touched) >= spread.min_bins)


def _order_like_racks(
    model: cp_model.CpModel,
    instance: Instance,
    in_rack: Sequence[Sequence[int]],
    opened: Sequence[cp_model.IntVar],
) -> None:
    """Open racks nothing tells apart in their order: one of many equal solutions is enough."""
    like: dict[tuple[object, ...], list[int]] = {}
    for b, rack in enumerate(instance.bins):
        key = (instance.caps[b], tuple(sorted(instance.banks[b])), rack.opened, tuple(in_rack[b]))
        like.setdefault(key, []).append(b)
    for racks in like.values():
        for first, second in pairwise(racks):
            model.add_implication(opened[second], opened[first])


def _add_hint(
    model: cp_model.CpModel,
    instance: Instance,
    kinds: _Kinds,
    number: Mapping[tuple[int, int], cp_model.IntVar],
    opened: Sequence[cp_model.IntVar],
    hint: Sequence[int],
) -> None:
    """Start the search from a known placement."""
    used = set(hint)
    for b in range(len(instance.bins)):
        model.add_hint(opened[b], b in used)
    for c, members in enumerate(kinds):
        for b in instance.allowed[members[0]]:
            model.add_hint(number[c, b], sum(1 for i in members if hint[i] == b))
