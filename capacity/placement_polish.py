"""Better positions within the racks already chosen: nearer, and evenly spread groups."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from capacity.packing import Loads
from capacity.placement_model import Instance


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
        stays = {j for j in loads.held[b] if cost(j, here) - cost(j, b) >= gain}
        if _settled(loads, i, here, b, stays):
            return True
    loads.place(i, here)
    return False


def _settled(loads: Loads, i: int, here: int, b: int, stays: Collection[int]) -> bool:
    """Item `i`, taken out of `here`, put into rack `b`, in exchange for one that does not stay if need be; whether it
    found room. If not, all is as before."""
    if loads.fits(i, b):
        loads.place(i, b)
        return True
    for j in list(loads.held[b]):
        if j in stays or loads.instance.items[j].fixed is not None:
            continue
        loads.take(j)
        if loads.fits(i, b):
            loads.place(i, b)
            if loads.fits(j, here):
                loads.place(j, here)
                return True
            loads.take(i)
        loads.place(j, b)
    return False


def even_out(instance: Instance, rack: list[int]) -> list[int]:
    """The same racks, with members of balanced groups moved from where they crowd to where they are few."""
    if not any(spread.balanced for spread in instance.spreads):
        return rack
    loads = Loads(instance)
    for i, b in enumerate(rack):
        loads.place(i, b)
    for g, spread in enumerate(instance.spreads):
        while spread.balanced and _even_step(loads, g):
            pass
    return loads.rack


def _even_step(loads: Loads, g: int) -> bool:
    """One member of group `g` moved, or exchanged, from a fullest to an emptiest rack; whether that worked."""
    counts = loads.counts[g]
    most, least = max(counts.values()), min(counts.values())
    if most - least < 2:
        return False
    crowded = sorted(b for b, count in counts.items() if count == most)
    sparse = sorted(b for b, count in counts.items() if count == least)
    instance = loads.instance
    for i in instance.spreads[g].members:
        if loads.rack[i] not in crowded or instance.items[i].fixed is not None:
            continue
        here = loads.take(i)
        for b in sparse:
            if _settled(loads, i, here, b, {j for j in loads.held[b] if instance.item_spreads[j]}):
                return True
        loads.place(i, here)
    return False
