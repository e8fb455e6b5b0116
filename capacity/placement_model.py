"""What stands where: items, racks, spread rules, and the indexed form the solvers work on.

Nothing here knows of inventories or files; a caller describes devices by watts, rack units and
kilograms and gets rack names back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from capacity.placement_banks import splittable

RESOURCES = ("allocated power", "peak power", "rack height", "weight")
UNITS = ("W", "W", "U", "kg")


@dataclass(frozen=True, slots=True)
class Item:
    """One device to place.

    Parameters: `candidates` are the rack names it may stand in; `alloc_w` and `peak_w` in watts,
    `height_u` in rack units, `weight_kg` rounded up, `depth_mm` including cabling space; `groups` are
    the spread rules it obeys; `fixed` is the rack it already stands in and must not leave (candidates
    and depth no longer matter then); `kind` is the class it is reported under; `cost` gives the
    locality cost of single racks, absent racks cost 0.
    """

    name: str
    candidates: tuple[str, ...]
    alloc_w: int
    peak_w: int
    height_u: int
    weight_kg: int
    depth_mm: int = 0
    groups: tuple[str, ...] = ()
    fixed: str | None = None
    kind: str = ""
    cost: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Bin:
    """One rack: capacities in W, U, kg and the usable depth in mm.

    `opened` marks a rack already in use, so that using it costs nothing; `order` is the order in which
    racks are preferred (ties by name). `bank_caps_w` are the limits of the banks of its power strips in W,
    which the peaks of its devices must be splittable over, one bank each (empty: no such limit).
    """

    name: str
    alloc_cap_w: int
    peak_cap_w: int
    height_cap_u: int
    weight_cap_kg: int
    depth_mm: int = 10_000
    opened: bool = False
    order: int = 0
    bank_caps_w: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A spread rule over all items that name it.

    No rack holds more than `max_per_bin` members (None: no limit) and the members stand in at least
    `min_bins` racks. `balanced` also caps a rack at ceil(members / min_bins), and once everything
    stands, members are moved until the racks used differ by at most one, as far as single moves and
    exchanges reach; the cap is a rule, the difference is not.
    """

    name: str
    max_per_bin: int | None = None
    min_bins: int = 1
    balanced: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Items, racks and spread rules; every `manager_every` devices take 1 U for a cable manager (0: none)."""

    items: tuple[Item, ...]
    bins: tuple[Bin, ...]
    groups: tuple[Group, ...] = ()
    manager_every: int = 0


@dataclass(frozen=True, slots=True)
class Solution:
    """A placement and what is proved about it.

    `assignment` maps item to rack, in item order; `racks_used` are the racks that hold anything and
    `racks_opened` how many of them were not in use before: the figure that is minimised and that
    `lower_bound` bounds. `gap` is (racks_opened - lower_bound) / racks_opened. `status` is "optimal"
    (fewest racks, proved), "feasible" (all placed, not proved fewest), "infeasible" (proved) or
    "unknown". `limits_hit` names the limits that stopped the work; only "wall clock" makes a result
    depend on the speed of the machine. `unplaced` lists what the best attempt left out.
    """

    assignment: Mapping[str, str]
    racks_used: tuple[str, ...]
    racks_opened: int
    lower_bound: int
    gap: float
    status: str
    method: str
    proof: str
    unplaced: tuple[str, ...] = ()
    locality_cost: int = 0
    limits_hit: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spread:
    """A group on indices: `cap` per rack (already including balance) and the least number of racks."""

    name: str
    members: tuple[int, ...]
    cap: int
    min_bins: int
    balanced: bool = False


@dataclass(frozen=True, slots=True)
class Instance:
    """A problem on integer indices; items by name, racks by (order, name).

    `sizes[i]` and `caps[b]` have one column per entry of RESOURCES; with cable managers the height
    column is scaled so that one linear sum stays exact: sum(h) + ceil(n/m) <= H is the same as
    sum(m*h + 1) <= m*H. `allowed[i]` lists the racks item i can stand in by itself, beside the
    fixed items; an empty tuple means nowhere. `mask[i]` is the same as bits. `banks[b]` are the bank
    limits of rack b; its peak power is never more than their sum.
    """

    items: tuple[Item, ...]
    bins: tuple[Bin, ...]
    sizes: tuple[tuple[int, int, int, int], ...]
    caps: tuple[tuple[int, int, int, int], ...]
    banks: tuple[tuple[int, ...], ...]
    allowed: tuple[tuple[int, ...], ...]
    mask: tuple[int, ...]
    spreads: tuple[Spread, ...]
    item_spreads: tuple[tuple[int, ...], ...]
    height_scale: int


def spread_cap(group: Group, members: int) -> int:
    """Most members of `group` one rack may hold, given how many there are."""
    cap = members if group.max_per_bin is None else group.max_per_bin
    if group.balanced:
        cap = min(cap, -(-members // max(group.min_bins, 1)))
    return cap


def indexed(problem: Problem) -> Instance:
    """The indexed form of `problem`. Raises ValueError for duplicate or unknown names."""
    items = tuple(sorted(problem.items, key=lambda item: item.name))
    bins = tuple(sorted(problem.bins, key=lambda rack: (rack.order, rack.name)))
    index = {rack.name: b for b, rack in enumerate(bins)}
    if len(index) != len(bins) or len({item.name for item in items}) != len(items):
        raise ValueError("item names and rack names must be unique")
    scale = max(problem.manager_every, 1)
    extra = 1 if problem.manager_every else 0
    sizes = tuple(
        (i.alloc_w, i.peak_w, scale * i.height_u + (extra if i.height_u else 0), i.weight_kg) for i in items
    )
    caps = tuple(
        (
            b.alloc_cap_w,
            min(b.peak_cap_w, sum(b.bank_caps_w)) if b.bank_caps_w else b.peak_cap_w,
            scale * b.height_cap_u,
            b.weight_cap_kg,
        )
        for b in bins
    )
    banks = tuple(b.bank_caps_w for b in bins)
    residual = [list(cap) for cap in caps]
    standing: list[list[int]] = [[] for _ in bins]
    for item, size in zip(items, sizes, strict=True):
        for rack in (*item.candidates, *(() if item.fixed is None else (item.fixed,))):
            if rack not in index:
                raise ValueError(f"{item.name} names the unknown rack {rack}")
        if item.fixed is not None:
            for r in range(4):
                residual[index[item.fixed]][r] -= size[r]
            standing[index[item.fixed]].append(item.peak_w)
    splits: dict[tuple[int, ...], bool] = {}

    def holds(b: int, *peak_w: int) -> bool:
        """Whether the banks of rack b carry what stands there and `peak_w`."""
        key = (b, *peak_w)
        if banks[b] and key not in splits:
            splits[key] = splittable(tuple(sorted((*standing[b], *peak_w))), banks[b])
        return not banks[b] or splits[key]

    allowed: list[tuple[int, ...]] = []
    for item, size in zip(items, sizes, strict=True):
        if item.fixed is not None:
            b = index[item.fixed]
            allowed.append((b,) if min(residual[b]) >= 0 and holds(b) else ())
            continue
        fitting = {index[rack] for rack in item.candidates}
        allowed.append(
            tuple(
                b
                for b in sorted(fitting)
                if item.depth_mm <= bins[b].depth_mm
                and all(size[r] <= residual[b][r] for r in range(4))
                and holds(b, item.peak_w)
            )
        )
    spreads = _spreads(problem, items)
    item_spreads: list[list[int]] = [[] for _ in items]
    for g, spread in enumerate(spreads):
        for i in spread.members:
            item_spreads[i].append(g)
    return Instance(
        items,
        bins,
        sizes,
        caps,
        banks,
        tuple(allowed),
        tuple(sum(1 << b for b in racks) for racks in allowed),
        spreads,
        tuple(tuple(groups) for groups in item_spreads),
        scale,
    )


def _spreads(problem: Problem, items: tuple[Item, ...]) -> tuple[Spread, ...]:
    members: dict[str, list[int]] = {group.name: [] for group in problem.groups}
    if len(members) != len(problem.groups):
        raise ValueError("group names must be unique")
    for i, item in enumerate(items):
        for name in sorted(set(item.groups)):
            if name not in members:
                raise ValueError(f"{item.name} names the unknown group {name}")
            members[name].append(i)
    return tuple(
        Spread(
            group.name,
            tuple(members[group.name]),
            spread_cap(group, len(members[group.name])),
            group.min_bins,
            group.balanced,
        )
        for group in sorted(problem.groups, key=lambda group: group.name)
        if members[group.name]
    )


def components(instance: Instance) -> list[tuple[int, ...]]:
    """Item indices that can be solved apart: they share no rack and no rule on the number of racks."""
    parent = list(range(len(instance.bins) + len(instance.items)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    racks = len(instance.bins)
    for i, allowed in enumerate(instance.allowed):
        for b in allowed:
            parent[root(b)] = root(racks + i)
    for spread in instance.spreads:
        if spread.min_bins > 1:
            for i in spread.members[1:]:
                parent[root(racks + i)] = root(racks + spread.members[0])
    parts: dict[int, list[int]] = {}
    for i in range(len(instance.items)):
        parts.setdefault(root(racks + i), []).append(i)
    return [tuple(part) for part in parts.values()]


def restricted(instance: Instance, part: tuple[int, ...]) -> Instance:
    """`instance` with the items of `part` and the racks they can stand in, renumbered."""
    if len(part) == len(instance.items):
        return instance
    racks = sorted({b for i in part for b in instance.allowed[i]})
    new_bin = {b: k for k, b in enumerate(racks)}
    new_item = {i: k for k, i in enumerate(part)}
    spreads = []
    for spread in instance.spreads:
        members = tuple(new_item[i] for i in spread.members if i in new_item)
        if members:
            spreads.append(replace(spread, members=members))
    item_spreads: list[list[int]] = [[] for _ in part]
    for g, spread in enumerate(spreads):
        for i in spread.members:
            item_spreads[i].append(g)
    allowed = tuple(tuple(new_bin[b] for b in instance.allowed[i]) for i in part)
    return Instance(
        tuple(instance.items[i] for i in part),
        tuple(instance.bins[b] for b in racks),
        tuple(instance.sizes[i] for i in part),
        tuple(instance.caps[b] for b in racks),
        tuple(instance.banks[b] for b in racks),
        allowed,
        tuple(sum(1 << b for b in chosen) for chosen in allowed),
        tuple(spreads),
        tuple(tuple(groups) for groups in item_spreads),
        instance.height_scale,
    )


def verify(problem: Problem, assignment: Mapping[str, str]) -> list[str]:
    """Every rule `assignment` breaks, in words; an empty list means it holds. Shares no code with the solvers."""
    faults: list[str] = []
    racks = {rack.name: rack for rack in problem.bins}
    items = {item.name: item for item in problem.items}
    faults += [f"{name} is not an item" for name in sorted(set(assignment) - set(items))]
    held: dict[str, list[Item]] = {}
    for name, item in sorted(items.items()):
        rack_name = assignment.get(name)
        if rack_name is None:
            faults.append(f"{name} is not placed")
            continue
        if rack_name not in racks:
            faults.append(f"{name} stands in the unknown rack {rack_name}")
            continue
        held.setdefault(rack_name, []).append(item)
        if item.fixed is not None:
            if item.fixed != rack_name:
                faults.append(f"{name} left its rack {item.fixed} for {rack_name}")
        elif rack_name not in item.candidates:
            faults.append(f"{name} may not stand in {rack_name}")
        elif item.depth_mm > racks[rack_name].depth_mm:
            faults.append(
                f"{name} is {item.depth_mm} mm deep, {rack_name} takes {racks[rack_name].depth_mm} mm"
            )
    for rack_name, members in sorted(held.items()):
        rack = racks[rack_name]
        height_u = sum(item.height_u for item in members)
        if problem.manager_every:
            height_u += -(-sum(1 for item in members if item.height_u) // problem.manager_every)
        for label, load, limit, unit in (
            ("allocated power", sum(item.alloc_w for item in members), rack.alloc_cap_w, "W"),
            ("peak power", sum(item.peak_w for item in members), rack.peak_cap_w, "W"),
            ("rack height", height_u, rack.height_cap_u, "U"),
            ("weight", sum(item.weight_kg for item in members), rack.weight_cap_kg, "kg"),
        ):
            if load > limit:
                faults.append(f"{rack_name}: {label} {load} {unit}, limit {limit} {unit}")
        if rack.bank_caps_w and not _bank_loads([item.peak_w for item in members], rack.bank_caps_w):
            faults.append(
                f"{rack_name}: {len(members)} items cannot be split over banks of "
                f"{', '.join(f'{cap} W' for cap in rack.bank_caps_w)}"
            )
    for group in sorted(problem.groups, key=lambda group: group.name):
        members = [item for item in problem.items if group.name in item.groups]
        counts: dict[str, int] = {}
        for item in members:
            if item.name in assignment:
                counts[assignment[item.name]] = counts.get(assignment[item.name], 0) + 1
        limit = spread_cap(group, len(members))
        faults += [
            f"{group.name}: {count} members in {rack_name}, limit {limit}"
            for rack_name, count in sorted(counts.items())
            if count > limit
        ]
        if members and len(counts) < group.min_bins:
            faults.append(
                f"{group.name}: members stand in {len(counts)} racks, at least {group.min_bins} needed"
            )
    return faults


def _bank_loads(peaks_w: list[int], caps_w: tuple[int, ...]) -> set[tuple[int, ...]]:
    """Loads per bank in W that dealing out `peaks_w` can end with, within the limits."""
    reached = {(0,) * len(caps_w)}
    for peak in sorted(peaks_w, reverse=True):
        reached = {
            (*loads[:k], loads[k] + peak, *loads[k + 1 :])
            for loads in reached
            for k in range(len(caps_w))
            if loads[k] + peak <= caps_w[k]
        }
    return reached
