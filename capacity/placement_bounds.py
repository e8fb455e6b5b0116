"""Lower bounds on the number of racks, with the arithmetic in words.

Source: L1 and L2 of Martello and Toth (1990); the dual feasible functions of Fekete and Schepers
(2001), which contain L2. Both hold for one resource at a time, so the best over all four counts; and
for peak power also with every bank of a rack as a bin of its own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from capacity.placement_model import RESOURCES, UNITS, Instance

_DUAL_STEPS = 24  # rack of up to 24 like devices; beyond that the functions add nothing over L1
_DUAL_THRESHOLDS = 8  # thresholds combined with the stepped functions


@dataclass(frozen=True, slots=True)
class Bound:
    """At least `value` racks must be opened among the racks of `mask`; `text` says why.

    `impossible` is set when no number of the given racks is enough.
    """

    value: int
    text: str
    mask: int = 0
    impossible: bool = False


def grouped(number: int) -> str:
    """`number` with a space between thousands, as in 98 300."""
    return f"{number:,}".replace(",", " ")


def rack_count(number: int) -> str:
    """`number` racks in words."""
    return "1 rack" if number == 1 else f"{number} racks"


def lower_bound(instance: Instance) -> tuple[Bound, tuple[Bound, ...]]:
    """The best bound on racks opened, and the bound of every region (racks some items are confined to)."""
    for i, allowed in enumerate(instance.allowed):
        if not allowed:
            item = instance.items[i]
            text = f"{item.name} fits in none of the racks it may stand in ({len(set(item.candidates))}), even alone"
            if item.fixed is not None:
                text = f"what may not leave {item.fixed} exceeds the limits of that rack"
            return Bound(0, text, 0, True), ()
    everything = 0
    for mask in instance.mask:
        everything |= mask
    regions = sorted({*instance.mask, everything}, key=lambda mask: (mask.bit_count(), mask))
    spread_bounds = [_spread_bound(instance, g) for g in range(len(instance.spreads))]
    regions = sorted({*regions, *(b.mask for b in spread_bounds)}, key=lambda mask: (mask.bit_count(), mask))
    best: list[Bound] = []
    for region in regions:
        own = _region_bound(instance, region)
        options = [own, *(bound for bound in spread_bounds if bound.mask == region)]
        for bound in options:
            if bound.impossible:
                return bound, ()
        inside = [bound for bound in best if bound.mask & ~region == 0 and bound.value]
        largest = sorted(inside, key=lambda bound: (-bound.value, bound.mask.bit_count(), bound.mask))
        for parts in (_disjoint(inside[::-1]), _disjoint(inside), _disjoint(largest)):
            if len(parts) > 1:
                total = sum(bound.value for bound in parts)
                options.append(
                    Bound(total, "; ".join(bound.text for bound in parts) + f"; together {total}", region)
                )
            elif parts:
                options.append(Bound(parts[0].value, parts[0].text, region))
        best.append(max(options, key=lambda bound: bound.value))
    return best[-1], tuple(best)


def _disjoint(bounds: list[Bound]) -> list[Bound]:
    """Bounds whose racks do not overlap, taken greedily in the given order."""
    taken: list[Bound] = []
    used = 0
    for bound in bounds:
        if not bound.mask & used:
            taken.append(bound)
            used |= bound.mask
    return taken


def _spread_bound(instance: Instance, g: int) -> Bound:
    spread = instance.spreads[g]
    region = 0
    for i in spread.members:
        region |= instance.mask[i]
    members = len(spread.members)
    if spread.cap < 1 or spread.min_bins > members:
        text = f"{spread.name}: {members} items cannot stand in {rack_count(spread.min_bins)} with {spread.cap} per rack"
        return Bound(0, text, region, True)
    racks = -(-members // spread.cap)
    text = f"{spread.name}: {members} items, at most {spread.cap} per rack -> {rack_count(racks)}"
    if spread.min_bins > racks:
        racks = spread.min_bins
        text = f"{spread.name}: {members} items in at least {rack_count(racks)}"
    if racks > region.bit_count():
        return Bound(racks, f"{text}, but they may use only {region.bit_count()}", region, True)
    free = _free_racks(instance, region)
    return Bound(max(racks - free, 0), text + _less_free(free), region)


def _region_bound(instance: Instance, region: int) -> Bound:
    """L1 and dual-function bounds over the items confined to `region`."""
    confined = [i for i, mask in enumerate(instance.mask) if mask & ~region == 0]
    racks = [b for b in range(len(instance.bins)) if region >> b & 1]
    free = [b for b in racks if instance.bins[b].opened]
    closed = [b for b in racks if not instance.bins[b].opened]
    best, pressure = Bound(0, "nothing to place", region), 0.0
    for r in range(4):
        demand = sum(instance.sizes[i][r] for i in confined)
        if not demand:
            continue
        room = sum(instance.caps[b][r] for b in free)
        limits = sorted((instance.caps[b][r] for b in closed), reverse=True)
        needed = 0
        while room < demand and needed < len(limits):
            room += limits[needed]
            needed += 1
        words = _words(instance, r, demand)
        if room < demand:
            text = f"{words} for {len(confined)} items, but the {rack_count(len(racks))} open to them can carry {_words(instance, r, room, name=False)}"
            return Bound(len(racks), text, region, True)
        top = max(instance.caps[b][r] for b in racks)
        if (needed, demand / top) > (best.value, pressure) and needed:
            value = f"{demand / top:.2f}" if len(set(limits)) == 1 and not free else f"at least {needed}"
            text = f"{words} / {_words(instance, r, top, name=False)} = {value} -> {rack_count(needed)}"
            best, pressure = Bound(needed, text + _less_free(len(free)), region), demand / top
        counts = Counter(instance.sizes[i][r] for i in confined if instance.sizes[i][r])
        if 2 * -(-demand // top) + 1 <= best.value:
            continue  # one resource alone never needs more than twice its L1 bound
        total, how = _dual_bound(counts, top)
        if total > len(racks):
            text = f"{RESOURCES[r]}: {how} -> {rack_count(total)}, but they may use only {len(racks)}"
            return Bound(total, text, region, True)
        if total - len(free) > best.value:
            text = f"{RESOURCES[r]}: {how} -> {rack_count(total)}" + _less_free(len(free))
            best = Bound(total - len(free), text, region)
    banks = _bank_bound(instance, region, confined, free, closed)
    return banks if banks.impossible or banks.value > best.value else best


def _bank_bound(
    instance: Instance, region: int, confined: list[int], free: list[int], closed: list[int]
) -> Bound:
    """Dual-function bound with the banks as bins, where every rack of the region has banks."""
    counts = Counter(instance.sizes[i][1] for i in confined if instance.sizes[i][1])
    if not counts or not all(instance.banks[b] for b in (*free, *closed)):
        return Bound(0, "", region)
    top = max(max(instance.banks[b]) for b in (*free, *closed))
    total, how = _dual_bound(counts, top, "bank")
    text = f"banks of {grouped(top)} W: {how} -> {total} banks"
    have = sum(len(instance.banks[b]) for b in free)
    racks = 0
    for more in sorted((len(instance.banks[b]) for b in closed), reverse=True):
        if have >= total:
            break
        have += more
        racks += 1
    if have < total:
        words = f"{text}, but the {rack_count(len(free) + len(closed))} open to them have only {have}"
        return Bound(racks, words, region, True)
    return Bound(racks, f"{text} -> {rack_count(racks)}{_beside(len(free))}", region)


def _words(instance: Instance, r: int, amount: int, name: bool = True) -> str:
    """An amount of resource `r` in words; scaled heights are turned back into U."""
    shown = grouped(amount)
    if r == 2 and instance.height_scale > 1:
        shown = f"{amount / instance.height_scale:.1f}"
    return f"{RESOURCES[r]} {shown} {UNITS[r]}" if name else f"{shown} {UNITS[r]}"


def _free_racks(instance: Instance, region: int) -> int:
    return sum(1 for b, rack in enumerate(instance.bins) if rack.opened and region >> b & 1)


def _less_free(free: int) -> str:
    return f" (less {free} already in use)" if free else ""


def _beside(free: int) -> str:
    return f" beside {free} already in use" if free else ""


def _dual_bound(counts: Counter[int], top: int, place: str = "rack") -> tuple[int, str]:
    """Best dual-function bound for items of the given sizes in racks (or other places) of `top`, and how it
    was reached."""
    best, how = 0, ""
    small = sorted(size for size in counts if 2 * size <= top)
    stepped = {0, *small[:: max(len(small) // _DUAL_THRESHOLDS, 1)]}
    for threshold in (0, *small):
        cut: Counter[int] = Counter()
        for size, number in counts.items():
            # above top - threshold nothing of at least `threshold` fits beside it: it fills the rack
            rounded = top if threshold and size > top - threshold else size if size >= threshold else 0
            cut[rounded] += number
        total = -(-sum(size * number for size, number in cut.items()) // top)
        if total > best:
            best, how = total, f"without devices below {threshold} (L2)" if threshold else "all devices"
        for k in range(1, _DUAL_STEPS + 1) if threshold in stepped else ():
            weight = sum(number * _stepped(size, k, top) for size, number in cut.items())
            total = -(-weight // (k * (k + 1)))
            if total > best:
                best, how = total, f"a device above 1/{k + 1} of a {place} counts as 1/{k}"
    return best, how


def _stepped(size: int, k: int, top: int) -> int:
    """k*(k+1) times the dual feasible function u^(k) of size/top."""
    scaled = (k + 1) * size
    if scaled % top == 0:
        return k * scaled // top
    return (k + 1) * (scaled // top)
