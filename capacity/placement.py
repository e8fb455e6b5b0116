"""Where devices stand: fewest racks for all of them, with the proof, the same on every machine.

Order of work: lower bound, first fit, subset-sum fill with restarts, CP-SAT for what is left open.
A bound that meets the placement found is the proof; CP-SAT is asked only when they differ.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from capacity.packing import fill_racks, first_fit_decreasing, rack_order
from capacity.placement_bounds import Bound, lower_bound
from capacity.placement_cpsat import search_exact
from capacity.placement_model import (
    Bin,
    Group,
    Instance,
    Item,
    Problem,
    Solution,
    components,
    indexed,
    restricted,
    verify,
)
from capacity.placement_polish import even_out, settle_nearby

__all__ = [
    "Bin",
    "Group",
    "Item",
    "Problem",
    "Solution",
    "can_place",
    "first_fit",
    "solve",
    "solve_cpsat",
    "verify",
]

Progress = Callable[[str, int, int], None]

_SEED = 20_170_315
_RESTARTS = 120  # most restarts per number of racks
_STEPS = 6_000_000  # item-rack steps per number of racks; about as many microseconds
_EXACT_CELLS = 60_000  # item-rack pairs up to which CP-SAT is asked
_EXACT_TIME = 12.0  # deterministic seconds of CP-SAT per part
_QUICK_RESTARTS = 24  # restarts when only feasibility is asked
_QUICK_TIME = 4.0  # deterministic seconds of CP-SAT when only feasibility is asked
_SAFETY_S = 120.0  # wall-clock safety net of one feasibility question


@dataclass(slots=True)
class _Part:
    """The state of one independent part while it is solved."""

    instance: Instance
    bound: Bound
    regions: tuple[Bound, ...]
    rack: list[int]
    lower: int
    proof: str
    method: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    impossible: bool = False

    @property
    def left_out(self) -> int:
        return self.rack.count(-1)

    @property
    def opened(self) -> int:
        return racks_opened(self.instance, self.rack)

    @property
    def settled(self) -> bool:
        return self.impossible or (self.left_out == 0 and self.opened <= self.lower)

    def offer(self, rack: Sequence[int], method: str) -> None:
        """Keep `rack` if it places more, or as much in fewer racks."""
        if (rack.count(-1), racks_opened(self.instance, rack)) < (self.left_out, self.opened):
            self.rack, self.method = list(rack), [method]


def racks_opened(instance: Instance, rack: Sequence[int]) -> int:
    """Racks that hold something now and were not in use before."""
    return sum(1 for b in set(rack) if b >= 0 and not instance.bins[b].opened)


def solve(problem: Problem, *, time_limit_s: float = 120.0, progress: Progress | None = None) -> Solution:
    """Place all items in the fewest racks, then nearer to where they would like to stand.

    The limits that normally stop the work are counts and deterministic time, so the same problem
    gives the same solution on any machine, in any order of items, racks and groups. `time_limit_s`
    is a safety net on the wall clock; when it acts, `limits_hit` contains "wall clock".
    `progress` is called with (phase, racks opened so far or -1, lower bound).

    Raises ValueError for duplicate names or references to unknown racks or groups.
    """
    deadline = time.monotonic() + time_limit_s
    instance = indexed(problem)
    rack = [-1] * len(instance.items)
    done: list[_Part] = []
    for part in components(instance):
        piece = restricted(instance, part)
        outcome = _solve_part(piece, deadline, progress or _silent)
        done.append(outcome)
        names = {bin_.name: b for b, bin_ in enumerate(instance.bins)}
        for k, i in enumerate(part):
            rack[i] = names[piece.bins[outcome.rack[k]].name] if outcome.rack[k] >= 0 else -1
    return _solution(instance, rack, done)


def first_fit(problem: Problem) -> Solution:
    """First-fit decreasing alone: confined items first, then largest first. What a careful person does by hand."""
    instance = indexed(problem)
    bound, _ = lower_bound(instance)
    rack = first_fit_decreasing(instance)
    part = _Part(
        instance, bound, (), rack, bound.value, bound.text, ["first-fit"], impossible=bound.impossible
    )
    return _solution(instance, rack, [part])


def solve_cpsat(problem: Problem, *, time_limit_s: float = 120.0, any_placement: bool = False) -> Solution:
    """CP-SAT alone on the plain model: one boolean per item and rack, no bound, no hint, no decomposition.

    `any_placement` asks only for a placement in the given racks, not for the fewest.
    """
    instance = indexed(problem)
    exact = search_exact(
        instance, plain=True, any_placement=any_placement, deterministic_time=1e6, wall_clock_s=time_limit_s
    )
    rack = list(exact.rack) or [-1] * len(instance.items)
    proof = f"CP-SAT: at least {exact.lower_bound} racks"
    bound = Bound(exact.lower_bound, proof)
    part = _Part(instance, bound, (), rack, exact.lower_bound, proof, ["cp-sat"])
    part.impossible = exact.status == "infeasible"
    part.limits = ["wall clock"] if exact.wall_clock_hit else []
    return _solution(instance, rack, [part])


def can_place(problem: Problem, *, exact: bool = True) -> tuple[bool | None, str]:
    """Whether all items can be placed at all, and the reason if not; None when the limits left it open.

    `exact` asks CP-SAT where neither a bound nor the heuristics decide. Repeatable like `solve`.
    """
    instance = indexed(problem)
    undecided: list[_Part] = []
    for members in components(instance):
        part = _start(restricted(instance, members))
        if part.impossible:
            return False, part.proof
        if part.left_out:
            undecided.append(part)
    for part in undecided:
        most = sum(1 for rack in part.instance.bins if not rack.opened)
        _fill(part, most, time.monotonic() + _SAFETY_S, restarts=_QUICK_RESTARTS)
        if not part.left_out:
            continue
        cells = sum(len(allowed) for allowed in part.instance.allowed)
        if not exact or cells > _EXACT_CELLS:
            return None, f"{part.left_out} items left out by the heuristics, not decided"
        answer = search_exact(
            part.instance, any_placement=True, deterministic_time=_QUICK_TIME, wall_clock_s=_SAFETY_S
        )
        if answer.status == "infeasible":
            return False, f"CP-SAT: no placement of these {len(part.instance.items)} items exists"
        if not answer.rack:
            return None, f"CP-SAT did not decide within {_QUICK_TIME:g} deterministic seconds"
    return True, ""


def _silent(phase: str, racks: int, bound: int) -> None:
    """Progress nobody watches."""


def _start(instance: Instance) -> _Part:
    """The bound and the better of two first fits."""
    bound, regions = lower_bound(instance)
    rack = first_fit_decreasing(instance)
    part = _Part(instance, bound, regions, rack, bound.value, bound.text, ["first-fit"])
    part.impossible = bound.impossible
    part.offer(first_fit_decreasing(instance, confined_first=False), "first-fit")
    return part


def _solve_part(instance: Instance, deadline: float, progress: Progress) -> _Part:
    part = _start(instance)
    _tell(part, "first-fit", progress)
    most = sum(1 for bin_ in instance.bins if not bin_.opened)
    if part.impossible:
        _fill(part, most, deadline, restarts=4)
        return part
    racks = part.lower
    while not part.settled and racks <= (part.opened - 1 if not part.left_out else most):
        _fill(part, racks, deadline)
        _tell(part, "subset-sum", progress)
        racks += max(1, part.lower // 400)
    if not part.settled:
        _prove(part, deadline)
        _tell(part, "cp-sat", progress)
    if not part.left_out:
        part.rack = even_out(instance, settle_nearby(instance, part.rack))
    return part


def _tell(part: _Part, phase: str, progress: Progress) -> None:
    progress(phase, part.opened if not part.left_out else -1, part.lower)


def _fill(part: _Part, racks: int, deadline: float, restarts: int = _RESTARTS) -> None:
    """Try to place everything in `racks` newly opened racks; keeps the best attempt in `part`."""
    instance = part.instance
    rng = random.Random(_SEED + racks)  # noqa: S311 - a seeded search, nothing secret
    steps = max(len(instance.items) * max(len(instance.bins), 1), 1)
    for attempt in range(max(2, min(restarts, _STEPS // steps))):
        if time.monotonic() > deadline:
            part.limits.append("wall clock")
            return
        part.offer(fill_racks(instance, _choose_racks(part, racks, attempt, rng), rng), "subset-sum")
        if not part.left_out and part.opened <= racks:
            return


def _choose_racks(part: _Part, number: int, attempt: int, rng: random.Random) -> list[int]:
    """Racks in use and `number` new ones, so that every region has as many as its own bound asks for."""
    instance = part.instance
    order = rack_order(instance)
    chosen = [b for b in order if instance.bins[b].opened]
    fresh = [b for b in order if not instance.bins[b].opened]
    if attempt % 3 == 1:
        fresh.sort(key=lambda b: (-min(instance.caps[b][:2]), b))
    elif attempt % 3 == 2:
        rng.shuffle(fresh)
    picked: dict[int, None] = {}
    for region in part.regions:
        inside = [b for b in fresh if region.mask >> b & 1]
        wanting = region.value - sum(1 for b in inside if b in picked)
        for b in inside:
            if wanting <= 0:
                break
            if b not in picked:
                picked[b] = None
                wanting -= 1
    for b in fresh:
        if len(picked) >= number:
            break
        picked[b] = None
    chosen += list(picked)
    takers = [0] * len(instance.bins)
    for allowed in instance.allowed:
        for b in allowed:
            takers[b] += 1
    return sorted(chosen, key=lambda b: (takers[b], b))


def _prove(part: _Part, deadline: float) -> None:
    """Ask CP-SAT for a better placement or for the proof that there is none."""
    cells = sum(len(allowed) for allowed in part.instance.allowed)
    if cells > _EXACT_CELLS:
        part.limits.append(f"{cells} item-rack pairs are too many for CP-SAT")
        return
    if deadline - time.monotonic() < 0.2:
        part.limits.append("wall clock")
        return
    exact = search_exact(
        part.instance,
        lower_bound=part.lower,
        hint=() if part.left_out else part.rack,
        deterministic_time=_EXACT_TIME,
        wall_clock_s=deadline - time.monotonic(),
    )
    if exact.status == "infeasible":
        part.impossible = True
        part.method.append("cp-sat")
        part.proof = (
            f"CP-SAT: no placement of all {len(part.instance.items)} items exists; bound: {part.proof}"
        )
        return
    if exact.rack:
        part.offer(exact.rack, "cp-sat")
    if exact.lower_bound > part.lower:
        part.lower = exact.lower_bound
        part.proof += f"; CP-SAT: {exact.lower_bound} racks are needed"
    if "cp-sat" not in part.method:
        part.method.append("cp-sat")
    if exact.status != "optimal":
        part.limits.append(
            "wall clock" if exact.wall_clock_hit else f"CP-SAT {_EXACT_TIME:g} deterministic s"
        )


def _solution(instance: Instance, rack: Sequence[int], parts: Sequence[_Part]) -> Solution:
    assignment: Mapping[str, str] = {
        item.name: instance.bins[b].name for item, b in zip(instance.items, rack, strict=True) if b >= 0
    }
    unplaced = tuple(item.name for item, b in zip(instance.items, rack, strict=True) if b < 0)
    opened = racks_opened(instance, rack)
    lower = sum(part.lower for part in parts)
    if any(part.impossible for part in parts):
        status = "infeasible"
    elif unplaced:
        status = "unknown"
    else:
        status = "optimal" if opened <= lower else "feasible"
    methods = [name for name in ("first-fit", "subset-sum", "cp-sat") if any(name in p.method for p in parts)]
    proofs = [part.proof for part in parts if part.impossible or (status != "infeasible" and part.lower)]
    return Solution(
        assignment=assignment,
        racks_used=tuple(bin_.name for b, bin_ in enumerate(instance.bins) if b in set(rack)),
        racks_opened=opened,
        lower_bound=lower,
        gap=0.0 if unplaced or not opened else max(opened - lower, 0) / opened,
        status=status,
        method="+".join(["bound", *methods]),
        proof=" | ".join(dict.fromkeys(proofs) if status == "infeasible" else proofs) or "nothing to open",
        unplaced=unplaced,
        locality_cost=sum(
            dict(item.cost).get(instance.bins[b].name, 0)
            for item, b in zip(instance.items, rack, strict=True)
            if b >= 0
        ),
        limits_hit=tuple(sorted({limit for part in parts for limit in part.limits})),
    )
