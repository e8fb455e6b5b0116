"""Constructive placement: first-fit decreasing, and racks filled one by one by subset sums.

The subset-sum fill is minimum bin slack (Gupta and Ho, 1999) with a target: each rack takes the
devices whose draw comes closest to the fair share of what is left, found exactly with one machine
integer as the set of reachable sums. Random orders with a fixed seed give the restarts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from capacity.placement_model import Instance

_SUM_CELLS = 8192  # most cells of a reachable-sum set; larger capacities are rounded to a unit
_SUMS_TRIED = 6  # sums tried per rack before falling back to a greedy fill
_POOL = 320  # most devices offered to one rack


class Loads:
    """Racks being filled: what is left of each resource and how the groups are spread."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.rack: list[int] = [-1] * len(instance.items)
        self.left: list[list[int]] = [list(cap) for cap in instance.caps]
        self.held: list[list[int]] = [[] for _ in instance.bins]
        self.counts: list[dict[int, int]] = [{} for _ in instance.spreads]
        self.waiting = [len(spread.members) for spread in instance.spreads]

    def fits(self, i: int, b: int) -> bool:
        """Whether item `i` may join what rack `b` holds, keeping every group able to reach its racks."""
        s, r = self.instance.sizes[i], self.left[b]
        if s[0] > r[0] or s[1] > r[1] or s[2] > r[2] or s[3] > r[3]:
            return False
        if not self.instance.mask[i] >> b & 1:
            return False
        return all(self.joins(g, b) for g in self.instance.item_spreads[i])

    def joins(self, g: int, b: int, more: int = 0) -> bool:
        """Whether rack `b` may take one member of group `g` beyond what it holds and `more` others."""
        spread, counts = self.instance.spreads[g], self.counts[g]
        here = counts.get(b, 0) + more
        racks = len(counts) + (1 if b not in counts else 0)
        return here < spread.cap and racks + self.waiting[g] - more - 1 >= spread.min_bins

    def place(self, i: int, b: int) -> None:
        left = self.left[b]
        for r, size in enumerate(self.instance.sizes[i]):
            left[r] -= size
        self.rack[i] = b
        self.held[b].append(i)
        for g in self.instance.item_spreads[i]:
            self.counts[g][b] = self.counts[g].get(b, 0) + 1
            self.waiting[g] -= 1

    def take(self, i: int) -> int:
        """Take item `i` out again; the rack it stood in."""
        b = self.rack[i]
        left = self.left[b]
        for r, size in enumerate(self.instance.sizes[i]):
            left[r] += size
        self.rack[i] = -1
        self.held[b].remove(i)
        for g in self.instance.item_spreads[i]:
            counts = self.counts[g]
            counts[b] -= 1
            if not counts[b]:
                del counts[b]
            self.waiting[g] += 1
        return b

    def place_fixed(self) -> list[int]:
        """Place what may not move; the items still to place."""
        loose = []
        for i, item in enumerate(self.instance.items):
            if item.fixed is None:
                loose.append(i)
            elif self.instance.allowed[i] and self.fits(i, self.instance.allowed[i][0]):
                self.place(i, self.instance.allowed[i][0])
        return loose

    def missing(self) -> list[int]:
        return [i for i, b in enumerate(self.rack) if b < 0]


def rack_order(instance: Instance) -> list[int]:
    """Racks already in use first, then in the order the caller prefers."""
    return sorted(range(len(instance.bins)), key=lambda b: (not instance.bins[b].opened, b))


def bulk(instance: Instance) -> list[float]:
    """How much of an average rack each item takes in the resource it presses most."""
    racks = max(len(instance.bins), 1)
    mean = [max(sum(cap[r] for cap in instance.caps) / racks, 1.0) for r in range(4)]
    return [max(size[r] / mean[r] for r in range(4)) for size in instance.sizes]


def first_fit_decreasing(instance: Instance, confined_first: bool = True) -> list[int]:
    """Rack of each item, -1 for none: largest first, each into the first rack that takes it.

    `confined_first` serves items with few candidate racks before larger ones with more choice.
    """
    loads = Loads(instance)
    weight = bulk(instance)
    loose = loads.place_fixed()
    used = [bool(held) for held in loads.held]
    racks = sorted(rack_order(instance), key=lambda b: not (used[b] or instance.bins[b].opened))
    loose.sort(key=lambda i: (len(instance.allowed[i]) if confined_first else 0, -weight[i], i))
    for i in loose:
        for b in racks:
            if loads.fits(i, b):
                loads.place(i, b)
                break
    return loads.rack


def fill_racks(instance: Instance, racks: Sequence[int], rng: random.Random) -> list[int]:
    """Rack of each item, -1 for none: the given racks filled in turn, each by the best subset sum."""
    loads = Loads(instance)
    loose = loads.place_fixed()
    rng.shuffle(loose)
    bias = rng.choice((0.0, 0.0, 0.5, 1.5))
    if bias:
        weight = bulk(instance)
        draw = {i: rng.random() - bias * weight[i] for i in loose}
        loose.sort(key=draw.__getitem__)
    ahead = sum(1 << b for b in racks)
    demand = [sum(instance.sizes[i][r] for i in loose) for r in range(4)]
    room = [sum(loads.left[b][r] for b in racks) for r in range(4)]
    uniform = len({instance.mask[i] & ahead for i in loose}) <= 1
    for position, b in enumerate(racks):
        pool = [i for i in loose if instance.mask[i] >> b & 1]
        if not uniform:
            pool.sort(key=lambda i: (instance.mask[i] & ahead).bit_count())
        after = len(racks) - position - 1
        start = list(loads.left[b])
        for i in pool:
            if _is_last_chance(loads, i, ahead, after) and loads.fits(i, b):
                _settle(loads, i, b, demand, loose)
        room = [total - begun for total, begun in zip(room, start, strict=True)]
        left = loads.left[b]
        binding = max(range(4), key=lambda r: demand[r] / max(room[r] + left[r], 1))
        share = -(-demand[binding] * left[binding] // max(room[binding] + left[binding], 1))
        offered = [i for i in pool if loads.rack[i] < 0]
        for i in _best_subset(loads, offered, b, binding, min(share, left[binding])):
            _settle(loads, i, b, demand, loose)
        ahead &= ~(1 << b)
        if not loose:
            break
    if loose:
        _repair(loads, racks)
    return loads.rack


def _is_last_chance(loads: Loads, i: int, ahead: int, after: int) -> bool:
    """Whether item `i`, or its group, cannot wait for the racks still to come."""
    if not loads.instance.mask[i] & ahead & (ahead - 1):
        return True
    return any(
        loads.waiting[g] > after * loads.instance.spreads[g].cap for g in loads.instance.item_spreads[i]
    )


def _settle(loads: Loads, i: int, b: int, demand: list[int], loose: list[int]) -> None:
    loads.place(i, b)
    loose.remove(i)
    for r, size in enumerate(loads.instance.sizes[i]):
        demand[r] -= size


def _best_subset(loads: Loads, pool: list[int], b: int, binding: int, target: int) -> list[int]:
    """Items of `pool` for rack `b` whose sum of the binding resource comes nearest to `target`."""
    instance = loads.instance
    offered: list[int] = []
    taken: dict[int, int] = {}
    for i in pool:
        if not loads.fits(i, b):
            continue
        groups = instance.item_spreads[i]
        if not all(loads.joins(g, b, taken.get(g, 0)) for g in groups):
            continue
        for g in groups:
            taken[g] = taken.get(g, 0) + 1
        offered.append(i)
        if len(offered) == _POOL:
            break
    room = loads.left[b][binding]
    unit = -(-room // _SUM_CELLS) or 1
    window = (1 << (room // unit + 1)) - 1
    steps = [-(-instance.sizes[i][binding] // unit) for i in offered]
    reach = 1
    before: list[int] = []
    for step in steps:
        before.append(reach)
        reach |= (reach << step) & window
    for total in _nearest_sums(reach, target // unit):
        rest, subset = total, []
        for k in range(len(offered) - 1, -1, -1):
            if not before[k] >> rest & 1:
                subset.append(offered[k])
                rest -= steps[k]
        if _fit_together(loads, subset, b):
            return subset
    return _greedy_subset(loads, offered, b)


def _nearest_sums(reach: int, target: int) -> list[int]:
    """Reachable sums in order of distance from `target`, above before below, at most _SUMS_TRIED."""
    found: list[int] = []
    above = reach >> target
    base = target
    below = reach & ((1 << target) - 1)
    while len(found) < _SUMS_TRIED and (above or below):
        up = (above & -above).bit_length() - 1 + base if above else None
        down = below.bit_length() - 1 if below else None
        if down is None or (up is not None and up - target <= target - down):
            if up is None:
                break
            found.append(up)
            above &= above - 1
        else:
            found.append(down)
            below ^= 1 << down
    return found


def _fit_together(loads: Loads, subset: list[int], b: int) -> bool:
    left, sizes = loads.left[b], loads.instance.sizes
    return all(sum(sizes[i][r] for i in subset) <= left[r] for r in range(4))


def _greedy_subset(loads: Loads, offered: list[int], b: int) -> list[int]:
    """Items of `offered` in order, each while it still fits."""
    left = list(loads.left[b])
    subset = []
    for i in offered:
        size = loads.instance.sizes[i]
        if all(size[r] <= left[r] for r in range(4)):
            subset.append(i)
            left = [left[r] - size[r] for r in range(4)]
    return subset


def _repair(loads: Loads, racks: Sequence[int], most: int = 8) -> None:
    """Bring in what was left out by moving one placed device elsewhere, or by exchanging for a smaller one."""
    weight = bulk(loads.instance)
    missing = [i for i in loads.missing() if loads.instance.items[i].fixed is None]
    if len(missing) > most:
        return
    for _ in range(4 * most):
        missing = sorted(
            (i for i in loads.missing() if loads.instance.items[i].fixed is None),
            key=lambda i: (-weight[i], i),
        )
        if not any(_bring_in(loads, i, racks, weight) for i in missing):
            return


def _bring_in(loads: Loads, i: int, racks: Sequence[int], weight: list[float]) -> bool:
    """Place item `i` directly, by one move, or in exchange for a smaller item; whether that worked."""
    direct = next((b for b in racks if loads.fits(i, b)), None)
    if direct is not None:
        loads.place(i, direct)
        return True
    exchange: tuple[float, int, int] | None = None
    for b in racks:
        if not loads.instance.mask[i] >> b & 1:
            continue
        for j in list(loads.held[b]):
            if loads.instance.items[j].fixed is not None:
                continue
            loads.take(j)
            if loads.fits(i, b):
                loads.place(i, b)
                other = next((c for c in racks if c != b and loads.fits(j, c)), None)
                if other is not None:
                    loads.place(j, other)
                    return True
                loads.take(i)
                if weight[j] < weight[i] and (exchange is None or (weight[j], j, b) < exchange):
                    exchange = (weight[j], j, b)
            loads.place(j, b)
    if exchange is None:
        return False
    loads.take(exchange[1])
    loads.place(i, exchange[2])
    return True


def settle_nearby(instance: Instance, rack: list[int], rounds: int = 4) -> list[int]:
    """The same racks, with single moves and exchanges that lower the locality cost."""
    price = [dict(item.cost) for item in instance.items]
    if not any(price):
        return rack
    loads = Loads(instance)
    for i, b in enumerate(rack):
        loads.place(i, b)
    open_racks = sorted({*rack} | {b for b, bin_ in enumerate(instance.bins) if bin_.opened})

    def cost(i: int, b: int) -> int:
        return price[i].get(instance.bins[b].name, 0)

    for _ in range(rounds):
        moves = [_improve(loads, i, open_racks, cost) for i in range(len(rack))]
        if not any(moves):
            break
    return loads.rack


def _improve(loads: Loads, i: int, racks: Sequence[int], cost: Callable[[int, int], int]) -> bool:
    """Move item `i`, or exchange it with one other, if that lowers the cost; whether it did."""
    if loads.instance.items[i].fixed is not None:
        return False
    here = loads.take(i)
    for b in sorted(racks, key=lambda b: (cost(i, b), b)):
        gain = cost(i, here) - cost(i, b)
        if gain <= 0:
            break
        if loads.fits(i, b):
            loads.place(i, b)
            return True
        for j in list(loads.held[b]):
            if loads.instance.items[j].fixed is not None or cost(j, here) - cost(j, b) >= gain:
                continue
            loads.take(j)
            if loads.fits(i, b):
                loads.place(i, b)
                if loads.fits(j, here):
                    loads.place(j, here)
                    return True
                loads.take(i)
            loads.place(j, b)
    loads.place(i, here)
    return False
