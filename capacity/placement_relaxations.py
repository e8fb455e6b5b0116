"""The cheapest changes that make a placement possible, each one checked by placing everything with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from capacity.placement import can_place
from capacity.placement_bounds import grouped, rack_count
from capacity.placement_families import BANK_LIMIT, CAPS, SIZES, Family, involved, item_words, rack_words
from capacity.placement_model import RESOURCES, UNITS, Bin, Item, Problem, spread_cap

_LIMITED = (*SIZES, "peak_w")  # what the resources, and behind them the banks, are asked for
_GRAIN = (10, 10, 1, 1, 10)  # W, W, U, kg, W: smallest step a limit is raised by
_BANKS = len(RESOURCES)  # the bank limit stands behind the resources
_KINDS_SHOWN = 3  # kinds of items offered for leaving out

Change = Callable[[int], Problem]


@dataclass(frozen=True, slots=True)
class Relaxation:
    """One change that makes everything placeable, found by placing everything with it.

    `smallest` says the next smaller amount was proved not to be enough.
    """

    family: str
    amount: int
    text: str
    smallest: bool


def relaxations_for(problem: Problem, kept: Sequence[Family]) -> tuple[Relaxation, ...]:
    """Changes of one kind each that make all items of `problem` placeable, by family of the conflict `kept`."""
    found: list[Relaxation | None] = []
    for family, subject in kept:
        if family == "resource":
            found.append(_raise_limit(problem, kept, int(subject)))
        elif family == "bank":
            found.append(_raise_limit(problem, kept, _BANKS))
        elif family == "racks":
            found.append(_add_racks(problem, kept))
        elif family == "spread":
            found.append(_loosen_spread(problem, subject))
        elif family == "region":
            found.append(_open_region(problem, subject))
        elif family == "fixed":
            found.append(_let_move(problem, subject))
        elif family == "depth":
            found.append(_deepen(problem, kept))
    found += _leave_out(problem, kept)
    return tuple(relaxation for relaxation in found if relaxation is not None)


def _least(change: Change, most: int) -> tuple[int, bool] | None:
    """The least amount up to `most` with which everything is placed, and whether less is proved too little."""
    low, high = 0, 1
    while can_place(change(min(high, most)), exact=False)[0] is not True:
        if high >= most:
            break
        low, high = high, 2 * high
    high = min(high, most)
    if can_place(change(high))[0] is not True:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if can_place(change(middle), exact=False)[0]:
            high = middle
        else:
            low = middle
    while high > 1:
        less = can_place(change(high - 1))[0]
        if less is not True:
            return high, less is False
        high -= 1
    return high, True


def _raised(problem: Problem, names: set[str], r: int, limit: int) -> Problem:
    """`problem` with resource `r` (or every bank) of the named racks at least `limit`."""

    def raised(rack: Bin) -> Bin:
        if r == _BANKS:
            return replace(rack, bank_caps_w=tuple(max(cap, limit) for cap in rack.bank_caps_w))
        return replace(rack, **{CAPS[r]: max(getattr(rack, CAPS[r]), limit)})

    return replace(problem, bins=tuple(raised(rack) if rack.name in names else rack for rack in problem.bins))


def _total(problem: Problem, r: int) -> int:
    """More than all items of `problem` can ever take of resource `r` in one rack."""
    return sum(int(getattr(item, _LIMITED[r])) for item in problem.items) + len(problem.items) + _GRAIN[r]


def _raise_limit(problem: Problem, kept: Sequence[Family], r: int) -> Relaxation | None:
    """A higher limit for resource `r` alone, else together with one other that binds next."""
    _, racks = involved(problem, kept)
    names = {rack.name for rack in racks}
    if not racks or (r == _BANKS and not any(rack.bank_caps_w for rack in racks)):
        return None
    where = f" in {rack_words(names)}"
    base = [min(getattr(rack, cap) for rack in racks) for cap in CAPS]
    banks = [cap for rack in racks for cap in rack.bank_caps_w]
    base += [min(banks)] if banks else []

    def least_limit(start: Problem, resource: int) -> tuple[int, bool] | None:
        def change(amount: int) -> Problem:
            return _raised(start, names, resource, base[resource] + amount * _GRAIN[resource])

        least = _least(change, _total(problem, resource) // _GRAIN[resource])
        return None if least is None else (base[resource] + least[0] * _GRAIN[resource], least[1])

    def words(resource: int, limit: int) -> str:
        if resource == _BANKS:
            return f"each bank to {grouped(limit)} W (from {grouped(base[resource])})"
        unit = UNITS[resource]
        return f"{RESOURCES[resource]} per rack to {grouped(limit)} {unit} (from {grouped(base[resource])})"

    label = (*RESOURCES, BANK_LIMIT)[r]
    alone = least_limit(problem, r)
    if alone is not None:
        text = f"raise the limit for {words(r, alone[0])}{where}"
        return Relaxation(label, alone[0] - base[r], text, alone[1])
    for other in (o for o in (1, _BANKS, 0, 2, 3) if o != r and o < len(base)):
        first = least_limit(_raised(problem, names, other, _total(problem, other)), r)
        second = None if first is None else least_limit(_raised(problem, names, r, first[0]), other)
        if first is not None and second is not None:
            text = f"raise the limits for {words(r, first[0])} and for {words(other, second[0])}{where}"
            return Relaxation(label, first[0] - base[r], text, first[1] and second[1])
    return None


def _add_racks(problem: Problem, kept: Sequence[Family]) -> Relaxation | None:
    items, racks = involved(problem, kept)
    if not racks:
        return None
    pattern = racks[-1]
    moving = {item.name for item in items if item.fixed is None}
    last = max(rack.order for rack in problem.bins) + 1

    def change(amount: int) -> Problem:
        new = [replace(pattern, name=f"{pattern.name} +{n}", opened=False, order=last) for n in range(amount)]
        names = tuple(rack.name for rack in new)
        wider = tuple(
            replace(item, candidates=(*item.candidates, *names)) if item.name in moving else item
            for item in problem.items
        )
        return replace(problem, items=wider, bins=(*problem.bins, *new))

    least = _least(change, max(len(moving), 1))
    if least is None:
        return None
    text = f"add {rack_count(least[0])} like {pattern.name} to {rack_words(rack.name for rack in racks)}"
    return Relaxation("racks", least[0], text, least[1])


def _loosen_spread(problem: Problem, name: str) -> Relaxation | None:
    """More members per rack, else fewer racks to span."""
    group = next(group for group in problem.groups if group.name == name)
    members = sum(1 for item in problem.items if name in item.groups)
    cap = spread_cap(group, members)

    def with_rule(per_rack: int, racks: int) -> Problem:
        rule = replace(group, max_per_bin=per_rack, min_bins=racks, balanced=False)
        return replace(problem, groups=tuple(rule if g.name == name else g for g in problem.groups))

    more = (
        _least(lambda amount: with_rule(cap + amount, group.min_bins), members - cap)
        if members > cap
        else None
    )
    if more is not None:
        text = f"let {name} put {cap + more[0]} members in one rack (now {cap})"
        return Relaxation("spread", more[0], text, more[1])
    fewer = _least(lambda amount: with_rule(members, group.min_bins - amount), group.min_bins)
    if fewer is None:
        return None
    text = f"let {name} stand in {rack_count(group.min_bins - fewer[0])} (now {group.min_bins}), sharing racks freely"
    return Relaxation("spread", fewer[0], text, fewer[1])


def _open_region(problem: Problem, subject: str) -> Relaxation | None:
    region = tuple(subject.split("\n")) if subject else ()
    names = tuple(sorted(rack.name for rack in problem.bins))
    bound = [
        item for item in problem.items if tuple(sorted(set(item.candidates))) == region and not item.fixed
    ]
    bound_names = {item.name for item in bound}
    opened = tuple(replace(i, candidates=names) if i.name in bound_names else i for i in problem.items)
    if set(names) == set(region) or can_place(replace(problem, items=opened))[0] is not True:
        return None
    text = f"let {item_words(bound)} bound to {rack_words(region)} stand in any of {rack_words(names)}"
    return Relaxation("region", len(bound), text, False)


def _let_move(problem: Problem, rack: str) -> Relaxation | None:
    standing = [item for item in problem.items if item.fixed == rack]
    freed = tuple(
        replace(item, fixed=None, candidates=tuple(sorted({*item.candidates, rack})))
        if item.fixed == rack
        else item
        for item in problem.items
    )
    if can_place(replace(problem, items=freed))[0] is not True:
        return None
    return Relaxation(
        "fixed", len(standing), f"let {item_words(standing)} move out of {rack}", len(standing) == 1
    )


def _deepen(problem: Problem, kept: Sequence[Family]) -> Relaxation | None:
    items, racks = involved(problem, kept)
    names = {rack.name for rack in racks}
    tried = 0
    for depth in sorted({item.depth_mm for item in items}):
        deeper = tuple(
            replace(rack, depth_mm=max(rack.depth_mm, depth)) if rack.name in names else rack
            for rack in problem.bins
        )
        verdict = can_place(replace(problem, bins=deeper))[0]
        if verdict:
            text = f"provide {depth} mm of depth in {rack_words(names)}"
            return Relaxation("depth", depth, text, tried == 0)
        tried += verdict is None
    return None


def _leave_out(problem: Problem, kept: Sequence[Family]) -> list[Relaxation | None]:
    """Leaving out the largest items of one kind, for the kinds where the fewest have to go."""
    items, _ = involved(problem, kept)
    kinds: dict[str, list[Item]] = {}
    for item in items:
        if item.fixed is None:
            kinds.setdefault(item.kind, []).append(item)
    lead = next((int(subject) for family, subject in kept if family == "resource"), 1)
    found = []
    for kind, members in sorted(kinds.items()):
        members.sort(key=lambda item: (-getattr(item, _LIMITED[lead]), item.name))

        def change(amount: int, members: list[Item] = members) -> Problem:
            return _without(problem, {item.name for item in members[:amount]})

        least = _least(change, len(members))
        if least is None:
            continue
        alike = len({replace(item, name="", cost=()) for item in members}) == 1
        shown = ", ".join(item.name for item in members[: min(least[0], 4)]) + (
            ", ..." if least[0] > 4 else ""
        )
        text = f"leave out {least[0]} of {len(members)} {kind or 'other'} items ({shown})"
        found.append(Relaxation("items", least[0], text, alike and least[1]))
    found.sort(key=lambda relaxation: relaxation.amount)
    return list(found[:_KINDS_SHOWN])


def _without(problem: Problem, gone: set[str]) -> Problem:
    """`problem` less some items; a group that was large enough never has to span more racks than it has members."""
    groups = []
    for group in problem.groups:
        before = sum(1 for item in problem.items if group.name in item.groups)
        after = sum(1 for item in problem.items if group.name in item.groups and item.name not in gone)
        span = group.min_bins if before < group.min_bins else min(group.min_bins, after)
        groups.append(replace(group, max_per_bin=spread_cap(group, before), min_bins=span, balanced=False))
    items = tuple(item for item in problem.items if item.name not in gone)
    return replace(problem, items=items, groups=tuple(groups))
