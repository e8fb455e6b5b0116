"""Why a placement is impossible: requirements that cannot all hold, each of them necessary.

The requirements come in families (a resource, a region, a spread rule, the number of racks ...). A
family that is not kept is lifted altogether; a deletion filter leaves a set in which lifting any one
member makes the rest placeable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from capacity.placement import can_place
from capacity.placement_bounds import grouped, rack_count
from capacity.placement_model import RESOURCES, UNITS, Bin, Item, Problem, components, indexed, spread_cap

Family = tuple[str, str]
_CAPS = ("alloc_cap_w", "peak_cap_w", "height_cap_u", "weight_cap_kg")
_SIZES = ("alloc_w", "peak_w", "height_u", "weight_kg")
BANK_LIMIT = "bank limit"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One member of a conflict: its family, what it is about, and the demand against the limit in words."""

    family: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Relaxation:
    """One change that makes everything placeable, found by placing everything with it.

    `smallest` says the next smaller amount was proved not to be enough.
    """

    family: str
    amount: int
    text: str
    smallest: bool


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
    from capacity.placement_relaxations import relaxations_for

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
    named = tuple(tuple(sorted({index[rack] for rack in _reach(item)})) for item in instance.items)
    parts = []
    for members in components(replace(instance, allowed=named)):
        items = tuple(instance.items[i] for i in members)
        racks = {rack for item in items for rack in _reach(item)}
        parts.append(
            replace(problem, items=items, bins=tuple(rack for rack in problem.bins if rack.name in racks))
        )
    return parts


def _reach(item: Item) -> tuple[str, ...]:
    return item.candidates if item.fixed is None else (*item.candidates, item.fixed)


def region_key(item: Item) -> str:
    """The name of the region an item is confined to: its candidate racks in words."""
    return rack_words(item.candidates)


def rack_words(racks: Iterable[str]) -> str:
    """Rack names in words, shortened to first .. last when there are many."""
    names = sorted(set(racks))
    if len(names) <= 4:
        return ", ".join(names) or "no rack"
    return f"{names[0]} .. {names[-1]} ({len(names)} racks)"


def families(problem: Problem) -> list[Family]:
    """Every requirement family of `problem`, the ones easiest to do without first."""
    regions: dict[tuple[str, ...], None] = {}
    for item in sorted(problem.items, key=lambda item: item.name):
        regions.setdefault(tuple(sorted(set(item.candidates))))
    found: list[Family] = [("depth", "")]
    found += [("fixed", rack) for rack in sorted({i.fixed for i in problem.items if i.fixed is not None})]
    used = {name for item in problem.items for name in item.groups}
    found += [
        ("spread", group.name) for group in sorted(problem.groups, key=lambda g: g.name) if group.name in used
    ]
    found += [("bank", "")] if any(rack.bank_caps_w for rack in problem.bins) else []
    found += [("resource", str(r)) for r in (3, 2, 0, 1)]
    found += [("region", "\n".join(region)) for region in regions]
    return [*found, ("racks", "")]


def lifted(problem: Problem, kept: Sequence[Family]) -> Problem:
    """`problem` with every family outside `kept` lifted: no limit, no confinement, racks without end."""
    keep = set(kept)
    bins = []
    for rack in problem.bins:
        limits = {
            cap: sum(getattr(item, size) for item in problem.items) + len(problem.items)
            for r, (cap, size) in enumerate(zip(_CAPS, _SIZES, strict=True))
            if ("resource", str(r)) not in keep
        }
        banks = rack.bank_caps_w if ("bank", "") in keep else ()
        bins.append(replace(rack, bank_caps_w=banks, **limits))
    names = tuple(sorted(rack.name for rack in bins))
    items = []
    for item in problem.items:
        region = tuple(sorted(set(item.candidates)))
        candidates = region if ("region", "\n".join(region)) in keep else names
        fixed = item.fixed if ("fixed", item.fixed or "") in keep else None
        if item.fixed is not None and fixed is None:
            candidates = tuple(sorted({*candidates, item.fixed}))
        items.append(
            replace(
                item,
                candidates=candidates,
                fixed=fixed,
                depth_mm=item.depth_mm if ("depth", "") in keep else 0,
                groups=tuple(name for name in item.groups if ("spread", name) in keep),
            )
        )
    groups = tuple(group for group in problem.groups if ("spread", group.name) in keep)
    if ("racks", "") not in keep:
        items, bins = _with_own_racks(items, bins)
    return Problem(tuple(items), tuple(bins), groups, problem.manager_every)


def _with_own_racks(items: list[Item], bins: list[Bin]) -> tuple[list[Item], list[Bin]]:
    """Each item gets a further rack for itself of every make it has among its candidates."""
    by_name = {rack.name: rack for rack in bins}
    more: list[Bin] = []
    widened = []
    for item in items:
        makes: dict[tuple[object, ...], str] = {}
        for name in item.candidates if item.fixed is None else ():
            rack = by_name[name]
            makes.setdefault((*(getattr(rack, cap) for cap in _CAPS), rack.depth_mm, rack.bank_caps_w), name)
        own = [replace(by_name[name], name=f"{name} for {item.name}") for name in makes.values()]
        more += own
        widened.append(replace(item, candidates=(*item.candidates, *(rack.name for rack in own))))
    return widened, bins + more


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


def involved(problem: Problem, kept: Sequence[Family]) -> tuple[list[Item], list[Bin]]:
    """The items a conflict speaks of and the racks open to them."""
    regions = {subject for family, subject in kept if family == "region"}
    spreads = {subject for family, subject in kept if family == "spread"}
    fixed = {subject for family, subject in kept if family == "fixed"}
    resources = any(family in ("resource", "bank") for family, _ in kept)
    items = sorted(problem.items, key=lambda item: item.name)
    if regions or fixed:
        items = [
            item
            for item in items
            if item.fixed in fixed or "\n".join(sorted(set(item.candidates))) in regions
        ]
    elif spreads and not resources:
        items = [item for item in items if spreads & set(item.groups)]
    open_to = {rack for item in items for rack in ((item.fixed,) if item.fixed in fixed else _reach(item))}
    racks = [rack for rack in problem.bins if rack.name in open_to or not (regions or fixed)]
    return items, sorted(racks, key=lambda rack: (rack.order, rack.name))


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
    demand = sum(getattr(item, _SIZES[r]) for item in items)
    managers = ""
    if r == 2 and problem.manager_every:
        devices = sum(1 for item in items if item.height_u)
        managers = f" plus a 1 U cable manager per {problem.manager_every} of {devices} devices in each rack"
    room = sum(getattr(rack, _CAPS[r]) for rack in racks)
    limits = sorted({getattr(rack, _CAPS[r]) for rack in racks})
    each = f"{grouped(limits[0])}" if len(limits) == 1 else f"{grouped(limits[0])} to {grouped(limits[-1])}"
    text = (
        f"{RESOURCES[r]} of {item_words(items)} is {grouped(demand)} {UNITS[r]}{managers}; "
        f"the {rack_count(len(racks))} open to them can carry {grouped(room)} {UNITS[r]} ({each} {UNITS[r]} each)"
    )
    if demand <= room:
        largest = max((getattr(item, _SIZES[r]) for item in items), default=0)
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


def item_words(items: Sequence[Item]) -> str:
    """How many items, by kind; the name when there is one."""
    if len(items) == 1:
        return items[0].name
    kinds = Counter(item.kind or "other" for item in items)
    if len(kinds) == 1:
        return f"{len(items)} {items[0].kind} items".replace("  ", " ")
    shown = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    return f"{len(items)} items ({shown})"
