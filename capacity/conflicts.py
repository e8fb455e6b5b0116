"""Why a placement is impossible: requirements that cannot all hold, each of them necessary.

The requirements come in families (a resource, a region, a spread rule, the number of racks ...). A
family that is not kept is lifted altogether; a deletion filter leaves a set in which lifting any one
member makes the rest placeable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from capacity.placement import can_place
from capacity.placement_bounds import grouped, rack_count
from capacity.placement_families import (
    BANK_LIMIT,
    CAPS,
    SIZES,
    Family,
    families,
    involved,
    item_words,
    lifted,
    rack_words,
    reach,
)
from capacity.placement_model import RESOURCES, UNITS, Bin, Item, Problem, components, indexed, spread_cap
from capacity.placement_relaxations import Relaxation, relaxations_for


@dataclass(frozen=True, slots=True)
class Requirement:
    """One member of a conflict: its family, what it is about, and the demand against the limit in words."""

    family: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why the items cannot all be placed.

    `status` is "infeasible", "feasible" (no conflict) or "unknown" (the limits left it open). `minimal`
    is true when lifting any one requirement was shown to resolve this conflict. `others` counts further
    parts of the problem, sharing no rack with this one, that have a conflict of their own or are
    undecided; `relaxations` are verified for this part alone.
    """

    status: str
    proof: str
    requirements: tuple[Requirement, ...] = ()
    minimal: bool = False
    relaxations: tuple[Relaxation, ...] = ()
    others: int = 0
    notes: tuple[str, ...] = ()


def explain_infeasible(problem: Problem) -> Conflict:
    """A minimal set of requirements that cannot all hold, in words with numbers, and what would resolve it.

    Looks at the first part of the problem (in item order) that has no placement. Cost: some tens of
    feasibility questions, most of them answered by a bound or by first fit.
    """
    if problem.items and not problem.bins:
        text = f"{len(problem.items)} items, no racks"
        return Conflict("infeasible", text, (Requirement("racks", "", text),), True)
    parts = _parts(problem)
    verdicts = [can_place(part) for part in parts]
    failing = [n for n, (verdict, _) in enumerate(verdicts) if verdict is False]
    undecided = [n for n, (verdict, _) in enumerate(verdicts) if verdict is None]
    if not failing:
        if undecided:
            return Conflict("unknown", verdicts[undecided[0]][1], others=len(undecided) - 1)
        return Conflict("feasible", "all items can be placed")
    part = problem if len(parts) == 1 else parts[failing[0]]
    kept, minimal = minimal_families(part)
    requirements = tuple(_described(part, kept, family) for family in kept)
    relaxations = relaxations_for(part, kept)
    notes = (
        ()
        if relaxations
        else ("no single change of the kinds tried resolves it; the part holds more conflicts",)
    )
    return Conflict(
        "infeasible",
        can_place(lifted(part, kept))[1] if ("racks", "") in kept else verdicts[failing[0]][1],
        requirements,
        minimal,
        relaxations,
        len(failing) + len(undecided) - 1,
        notes,
    )


def _parts(problem: Problem) -> list[Problem]:
    """Sub-problems that share no rack, by the racks the items name."""
    instance = indexed(problem)
    index = {rack.name: b for b, rack in enumerate(instance.bins)}
    named = tuple(tuple(sorted({index[rack] for rack in reach(item)})) for item in instance.items)
    parts = []
    for members in components(replace(instance, allowed=named)):
        items = tuple(instance.items[i] for i in members)
        racks = {rack for item in items for rack in reach(item)}
        parts.append(
            replace(problem, items=items, bins=tuple(rack for rack in problem.bins if rack.name in racks))
        )
    return parts


def minimal_families(problem: Problem) -> tuple[list[Family], bool]:
    """Families that conflict, none of which can be spared, and whether every step was proved.

    `problem` has no placement.
    """
    known: dict[frozenset[Family], bool | None] = {}

    def conflicting(kept: Sequence[Family]) -> bool | None:
        key = frozenset(kept)
        if key not in known:
            placeable, _ = can_place(lifted(problem, kept))
            known[key] = None if placeable is None else not placeable
        return known[key]

    kept = families(problem)
    size = len(kept) // 2
    while size >= 1:
        kept = _without_spare(kept, size, conflicting)
        size //= 2
    proved = all(conflicting([f for f in kept if f != family]) is False for family in kept)
    return kept, proved


def _without_spare(
    kept: list[Family], size: int, conflicting: Callable[[Sequence[Family]], bool | None]
) -> list[Family]:
    """`kept` less every run of `size` families that the conflict does not need."""
    start = 0
    while start < len(kept):
        trial = kept[:start] + kept[start + size :]
        if conflicting(trial):
            kept = trial
        else:
            start += size
    return kept


def _described(problem: Problem, kept: Sequence[Family], family: Family) -> Requirement:
    """The family in words: what is demanded and what is there."""
    kind, subject = family
    items, racks = involved(problem, kept)
    if kind == "resource":
        return Requirement(RESOURCES[int(subject)], "", _resource_words(problem, items, racks, int(subject)))
    if kind == "bank":
        banked = [rack for rack in racks if rack.bank_caps_w] or [r for r in problem.bins if r.bank_caps_w]
        return Requirement(BANK_LIMIT, "", _bank_words(items, banked))
    if kind == "racks":
        text = f"only {rack_words(rack.name for rack in racks)} can take them"
        return Requirement("racks", "", text)
    if kind == "region":
        bound = [i for i in items if "\n".join(sorted(set(i.candidates))) == subject]
        where = rack_words(subject.split("\n")) if subject else "no rack"
        return Requirement("region", where, f"{item_words(bound)} may stand only in {where}")
    if kind == "fixed":
        standing = [item for item in problem.items if item.fixed == subject]
        return Requirement("fixed", subject, f"{item_words(standing)} may not leave {subject}")
    if kind == "depth":
        deepest = max((item.depth_mm for item in items if item.fixed is None), default=0)
        deep = sum(1 for rack in racks if rack.depth_mm >= deepest)
        text = f"the deepest item needs {deepest} mm; {deep} of {len(racks)} racks give that"
        return Requirement("depth", "", text)
    group = next(group for group in problem.groups if group.name == subject)
    members = [item for item in problem.items if subject in item.groups]
    cap = spread_cap(group, len(members))
    needed = max(group.min_bins, -(-len(members) // cap) if cap else len(members) + 1)
    text = (
        f"{item_words(members)} of {subject}: at most {cap} per rack, in at least {rack_count(group.min_bins)}, "
        f"so {rack_count(needed)} are needed"
    )
    return Requirement("spread", subject, text)


def _resource_words(problem: Problem, items: Sequence[Item], racks: Sequence[Bin], r: int) -> str:
    demand = sum(getattr(item, SIZES[r]) for item in items)
    managers = ""
    if r == 2 and problem.manager_every:
        devices = sum(1 for item in items if item.height_u)
        managers = f" plus a 1 U cable manager per {problem.manager_every} of {devices} devices in each rack"
    room = sum(getattr(rack, CAPS[r]) for rack in racks)
    limits = sorted({getattr(rack, CAPS[r]) for rack in racks})
    each = f"{grouped(limits[0])}" if len(limits) == 1 else f"{grouped(limits[0])} to {grouped(limits[-1])}"
    text = (
        f"{RESOURCES[r]} of {item_words(items)} is {grouped(demand)} {UNITS[r]}{managers}; "
        f"the {rack_count(len(racks))} open to them can carry {grouped(room)} {UNITS[r]} ({each} {UNITS[r]} each)"
    )
    if demand <= room:
        largest = max((getattr(item, SIZES[r]) for item in items), default=0)
        text += f": enough in total, not rack by rack (largest item {grouped(largest)} {UNITS[r]})"
    return text


def _bank_words(items: Sequence[Item], racks: Sequence[Bin]) -> str:
    limits = sorted({cap for rack in racks for cap in rack.bank_caps_w})
    each = " to ".join(grouped(limit) for limit in dict.fromkeys((limits[0], limits[-1])))
    banks = sum(len(rack.bank_caps_w) for rack in racks)
    largest = max((item.peak_w for item in items), default=0)
    return (
        f"peak power of {item_words(items)}, {grouped(sum(item.peak_w for item in items))} W, one bank per "
        f"device (largest {grouped(largest)} W); {banks} banks of {each} W in the {rack_count(len(racks))} "
        f"open to them"
    )
