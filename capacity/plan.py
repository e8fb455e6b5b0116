"""The plan, start to end: place, cord, cable, address, sum up. One function, read from top to bottom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from capacity.bom import bill_of_material
from capacity.cords import plan_cords
from capacity.load_lines import load_lines
from capacity.place import place
from inventory.inventory import Inventory
from inventory.plan_model import Plan, Series, issued
from topology.addresses import plan_addresses
from topology.cables import plan_cables

Progress = Callable[[str, int, int], None]


def make_plan(
    inventory: Inventory, previous: Plan | None, today: date, progress: Progress | None = None
) -> Plan:
    """The plan for `inventory`.

    `previous` is the plan on disk (None: start from nothing, or --replan): whatever it holds for devices
    that are still wanted stays as it is, to the byte. `today` dates the tombstones of addresses whose
    device is gone; nothing else depends on the clock. `progress` gets (step, done, total).
    """

    def tell(step: str, done: int) -> None:
        if progress:
            progress(step, done, 5)

    tell("placing devices in racks", 0)
    placed = place(inventory, previous, progress)
    tell("power cords and sums", 1)
    cords = plan_cords(inventory, placed.devices, previous)
    power = load_lines(inventory, placed.devices, cords)
    tell("ports and cables", 2)
    cables = plan_cables(inventory, placed.devices, previous)
    tell("addresses", 3)
    prefixes, asns, addresses = plan_addresses(inventory, placed.devices, cables, previous, today)
    tell("bill of material", 4)
    bom = bill_of_material(inventory, placed.devices, cables)
    tell("done", 5)
    plan = Plan(placed.devices, cables, cords, prefixes, asns, addresses, placed.proofs, bom, power)
    highest = Counter(issued(previous)) | Counter(issued(plan))
    return replace(plan, series=tuple(Series(series=s, highest=n) for s, n in sorted(highest.items())))
