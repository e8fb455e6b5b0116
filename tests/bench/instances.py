"""Synthetic placement problems of a set fill, for tests and for the benchmark."""

from __future__ import annotations

import random

from capacity.placement_model import Bin, Group, Item, Problem

# class, share, allocated W, peak W, kg (engineering estimates for 2U servers)
KINDS = (
    ("rds", 30, 625, 750, 26),
    ("ecs", 20, 585, 700, 25),
    ("big-data", 25, 675, 810, 27),
    ("object", 15, 635, 755, 33),
    ("small", 10, 525, 630, 25),
)


def filled(servers: int, racks: int, fill_permille: int, seed: int = 1) -> Problem:
    """`servers` 2U servers whose peak power takes `fill_permille` of `racks` racks of 5 kW.

    Three of five servers stand in replica groups of three, each member in another rack; one member
    of each group is confined to the first half of the racks, one to the second (two rooms).
    """
    rng = random.Random(seed)
    names = [f"rack-{n:04d}" for n in range(racks)]
    wanted = racks * 5000 * fill_permille // 1000
    rows = rng.choices(KINDS, weights=[kind[1] for kind in KINDS], k=servers)
    drawn = [int(row[3] * rng.uniform(0.6, 1.4)) for row in rows]
    peaks = [10 * round(w * wanted / sum(drawn) / 10) for w in drawn]
    while abs(sum(peaks) - wanted) >= 10:
        peaks[rng.randrange(servers)] += 10 if sum(peaks) < wanted else -10
    half = racks // 2
    grouped = servers * 3 // 5 // 3 * 3
    items = []
    for n, (row, peak) in enumerate(zip(rows, peaks, strict=True)):
        in_triple = n < grouped
        candidates = (names[:half], names[half:], names)[n % 3] if in_triple else names
        items.append(
            Item(
                f"srv-{n:05d}",
                tuple(candidates),
                alloc_w=peak * 5 // 6,
                peak_w=peak,
                height_u=2,
                weight_kg=row[4],
                groups=(f"triple-{n // 3:04d}",) if in_triple else (),
                kind=row[0],
            )
        )
    bins = tuple(Bin(name, 4500, 5000, 40, 800) for name in names)
    return Problem(tuple(items), bins, tuple(Group(f"triple-{n:04d}", 1, 3) for n in range(grouped // 3)))
