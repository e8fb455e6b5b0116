"""Families of requirements of a packing problem: which there are, the problem without some of them, and the items
and racks they speak of, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from capacity.placement_model import Bin, Item, Problem

Family = tuple[str, str]
"""Kind of requirement (depth, fixed, spread, bank, resource, region, racks) and what it is about."""
CAPS = ("alloc_cap_w", "peak_cap_w", "height_cap_u", "weight_cap_kg")
"""Fields of a rack that limit each resource."""
SIZES = ("alloc_w", "peak_w", "height_u", "weight_kg")
"""Fields of an item that take from each resource."""
BANK_LIMIT = "bank limit"


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
            for r, (cap, size) in enumerate(zip(CAPS, SIZES, strict=True))
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
            makes.setdefault((*(getattr(rack, cap) for cap in CAPS), rack.depth_mm, rack.bank_caps_w), name)
        own = [replace(by_name[name], name=f"{name} for {item.name}") for name in makes.values()]
        more += own
        widened.append(replace(item, candidates=(*item.candidates, *(rack.name for rack in own))))
    return widened, bins + more


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
    open_to = {rack for item in items for rack in ((item.fixed,) if item.fixed in fixed else reach(item))}
    racks = [rack for rack in problem.bins if rack.name in open_to or not (regions or fixed)]
    return items, sorted(racks, key=lambda rack: (rack.order, rack.name))


def reach(item: Item) -> tuple[str, ...]:
    """Racks an item may stand in, the one it is fixed to included."""
    return item.candidates if item.fixed is None else (*item.candidates, item.fixed)


def rack_words(racks: Iterable[str]) -> str:
    """Rack names in words, shortened to first .. last when there are many."""
    names = sorted(set(racks))
    if len(names) <= 4:
        return ", ".join(names) or "no rack"
    return f"{names[0]} .. {names[-1]} ({len(names)} racks)"


def item_words(items: Sequence[Item]) -> str:
    """How many items, by kind; the name when there is one."""
    if len(items) == 1:
        return items[0].name
    kinds = Counter(item.kind or "other" for item in items)
    if len(kinds) == 1:
        return f"{len(items)} {items[0].kind} items".replace("  ", " ")
    shown = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    return f"{len(items)} items ({shown})"
