"""Constructive placement: first-fit decreasing, and racks filled one by one by subset sums.

The subset-sum fill is minimum bin slack (Gupta and Ho, 1999) with a target: each rack takes the
devices whose draw comes closest to the fair share of what is left, found exactly with one machine
integer as the set of reachable sums. Random orders with a fixed seed give the restarts.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from capacity.placement_banks import splittable
from capacity.placement_model import Instance

_SUM_CELLS = 8192  # most cells of a reachable-sum set; larger capacities are rounded to a unit
_BLEND_CELLS = 4096  # cells for a blend of resources, which has no unit
_SUMS_TRIED = 12  # sums tried per rack before falling back to a greedy fill
_BANKED_SUMS_TRIED = 48  # the same where the devices must also be split over banks
_POOL = 320  # most devices offered to one rack
_REGIONS = 64  # most parts of the racks watched, the largest first


class Loads:
    """Racks being filled: what is left of each resource and how the groups are spread."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.rack: list[int] = [-1] * len(instance.items)
        self.left: list[list[int]] = [list(cap) for cap in instance.caps]
        self.held: list[list[int]] = [[] for _ in instance.bins]
        self.counts: list[dict[int, int]] = [{} for _ in instance.spreads]
        self.waiting = [len(spread.members) for spread in instance.spreads]
        self.bearable: list[dict[int, bool]] = [{} for _ in instance.bins]  # by peak of one more item

    def fits(self, i: int, b: int) -> bool:
        """Whether item `i` may join what rack `b` holds, keeping every group able to reach its racks."""
        s, r = self.instance.sizes[i], self.left[b]
        if s[0] > r[0] or s[1] > r[1] or s[2] > r[2] or s[3] > r[3]:
            return False
        if not self.instance.mask[i] >> b & 1:
            return False
        if self.instance.banks[b]:
            known = self.bearable[b]
            if s[1] not in known:
                known[s[1]] = self.splits((i,), b)
            if not known[s[1]]:
                return False
        return all(self.joins(g, b) for g in self.instance.item_spreads[i])

    def splits(self, more: Sequence[int], b: int) -> bool:
        """Whether what rack `b` holds and the items `more` can be split over its banks."""
        banks, sizes = self.instance.banks[b], self.instance.sizes
        return not banks or splittable(tuple(sorted(sizes[i][1] for i in (*self.held[b], *more))), banks)

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
        self.bearable[b].clear()
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
        self.bearable[b].clear()
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
    """Rack of each item, -1 for none: the given racks filled in turn, each by the best subset sum.

    The sum is over the resource in shortest supply or, in half of the calls, over a blend of all four
    by how short they are, which does better where several bind at once.
    """
    mixed = rng.random() < 0.5
    loads = Loads(instance)
    loose = loads.place_fixed()
    rng.shuffle(loose)
    bias = rng.choice((0.0, 0.0, 0.5, 1.5))
    if bias:
        weight = bulk(instance)
        draw = {i: rng.random() - bias * weight[i] for i in loose}
        loose.sort(key=draw.__getitem__)
    ahead = sum(1 << b for b in racks)
    regions = _Regions(loads, loose, racks)
    uniform = len({instance.mask[i] & ahead for i in loose}) <= 1
    for position, b in enumerate(racks):
        pool = [i for i in loose if instance.mask[i] >> b & 1]
        if not uniform:
            pool.sort(key=lambda i: (instance.mask[i] & ahead).bit_count())
        after = len(racks) - position - 1
        regions.leave(b)
        for i in pool:
            if _is_last_chance(loads, i, ahead, after) and loads.fits(i, b):
                regions.settle(i, b)
        offered = regions.admitted([i for i in pool if loads.rack[i] < 0], b)
        for i in _best_subset(loads, offered, b, regions.press(b), mixed):
            regions.settle(i, b)
        ahead &= ~(1 << b)
        if not loose:
            break
    if loose:
        _repair(loads, racks)
    return loads.rack


class _Regions:
    """What waits and the room ahead of it, over all racks to be filled and over every part of them that
    some items are confined to: others are guests there and get only what the confined leave."""

    def __init__(self, loads: Loads, loose: list[int], racks: Sequence[int]) -> None:
        instance = loads.instance
        self.loads, self.loose = loads, loose
        whole = sum(1 << b for b in racks)
        inside = {i: instance.mask[i] & whole for i in loose}
        single = {1 << b for b in racks}  # items of one rack have their last chance there anyway
        masks = sorted({*inside.values()} - single - {0} | {whole}, key=lambda m: (-m.bit_count(), m))
        del masks[_REGIONS:]
        homes = {m: [k for k, region in enumerate(masks) if not m & ~region] for m in set(inside.values())}
        self.homes = {i: homes[m] for i, m in inside.items()}
        self.around = {b: [k for k, region in enumerate(masks) if region >> b & 1] for b in racks}
        self.demand = [[0, 0, 0, 0] for _ in masks]
        self.room = [[0, 0, 0, 0] for _ in masks]
        for i in loose:
            self._count(self.demand, self.homes[i], instance.sizes[i], 1)
        for b in racks:
            self._count(self.room, self.around[b], loads.left[b], 1)

    @staticmethod
    def _count(sums: list[list[int]], regions: Sequence[int], amounts: Sequence[int], sign: int) -> None:
        for k in regions:
            for r, amount in enumerate(amounts):
                sums[k][r] += sign * amount

    def leave(self, b: int) -> None:
        """Rack `b` is being filled and no longer lies ahead."""
        self._count(self.room, self.around[b], self.loads.left[b], -1)

    def settle(self, i: int, b: int) -> None:
        """Place item `i` in rack `b`; it no longer waits."""
        self.loads.place(i, b)
        self.loose.remove(i)
        self._count(self.demand, self.homes[i], self.loads.instance.sizes[i], -1)

    def press(self, b: int) -> list[int]:
        """Demand over room of each resource, in thousandths, over rack `b` and those to come: the tightest region."""
        left = self.loads.left[b]
        return [
            max(1000 * self.demand[k][r] // max(self.room[k][r] + left[r], 1) for k in self.around[b])
            for r in range(4)
        ]

    def admitted(self, offered: list[int], b: int) -> list[int]:
        """Items of `offered` for rack `b`: where a region can spare less than the rack, guests only up to that."""
        left, sizes = self.loads.left[b], self.loads.instance.sizes
        tight: dict[int, list[int]] = {}
        for k in self.around[b]:
            spare = [self.room[k][r] + left[r] - self.demand[k][r] for r in range(4)]
            if any(have < limit for have, limit in zip(spare, left, strict=True)):
                tight[k] = spare
        if not tight:
            return offered
        out = []
        for i in offered:
            hosts = [spare for k, spare in tight.items() if k not in self.homes[i]]
            if all(size <= have for host in hosts for size, have in zip(sizes[i], host, strict=True)):
                out.append(i)
                for host in hosts:
                    for r, size in enumerate(sizes[i]):
                        host[r] -= size
        return out


def _is_last_chance(loads: Loads, i: int, ahead: int, after: int) -> bool:
    """Whether item `i`, or its group, cannot wait for the racks still to come."""
    if not loads.instance.mask[i] & ahead & (ahead - 1):
        return True
    return any(
        loads.waiting[g] > after * loads.instance.spreads[g].cap for g in loads.instance.item_spreads[i]
    )


def _best_subset(loads: Loads, pool: list[int], b: int, press: list[int], mixed: bool) -> list[int]:
    """Items of `pool` for rack `b` whose sum comes nearest to the share of demand due to this rack.

    `press` is demand over room of each resource, in thousandths, over this rack and those to come.
    """
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
    steps, room, target = _gauge(loads, offered, b, press, mixed)
    window = (1 << (room + 1)) - 1
    reach = 1
    before: list[int] = []
    for step in steps:
        before.append(reach)
        reach |= (reach << step) & window
    tries = _BANKED_SUMS_TRIED if instance.banks[b] else _SUMS_TRIED
    for total in _nearest_sums(reach, target, tries):
        rest, subset = total, []
        for k in range(len(offered) - 1, -1, -1):
            if not before[k] >> rest & 1:
                subset.append(offered[k])
                rest -= steps[k]
        if _fit_together(loads, subset, b):
            return subset
    return _greedy_subset(loads, offered, b)


def _gauge(
    loads: Loads, offered: list[int], b: int, press: list[int], mixed: bool
) -> tuple[list[int], int, int]:
    """Whole-number size of each offered item, what rack `b` has room for, and the target, in one measure."""
    left, sizes = loads.left[b], loads.instance.sizes
    if not mixed:
        binding = press.index(max(press))
        unit = -(-left[binding] // _SUM_CELLS) or 1
        room = left[binding] // unit
        steps = [-(-sizes[i][binding] // unit) for i in offered]
        return steps, room, min(room, press[binding] * room // 1000 + 1)
    blend = [p**3 if room else 0 for p, room in zip(press, left, strict=True)]
    whole = sum(blend) or 1
    scale = [blend[r] * _BLEND_CELLS / (whole * max(left[r], 1)) for r in range(4)]
    steps = [int(sum(part * size for part, size in zip(scale, sizes[i], strict=True))) for i in offered]
    target = sum(part * p for part, p in zip(blend, press, strict=True)) * _BLEND_CELLS // (whole * 1000)
    return steps, _BLEND_CELLS, min(target, _BLEND_CELLS)


def _nearest_sums(reach: int, target: int, most: int) -> list[int]:
    """Reachable sums in order of distance from `target`, above before below, at most `most`."""
    found: list[int] = []
    above = reach >> target
    base = target
    below = reach & ((1 << target) - 1)
    while len(found) < most and (above or below):
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
    return all(sum(sizes[i][r] for i in subset) <= left[r] for r in range(4)) and loads.splits(subset, b)


def _greedy_subset(loads: Loads, offered: list[int], b: int) -> list[int]:
    """Items of `offered` in order, each while it still fits."""
    left = list(loads.left[b])
    subset: list[int] = []
    for i in offered:
        size = loads.instance.sizes[i]
        if all(size[r] <= left[r] for r in range(4)) and loads.splits((*subset, i), b):
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
