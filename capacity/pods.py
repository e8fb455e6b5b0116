"""Which access pair every server goes to, and the racks of its pod: decided before racks are filled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from inventory.inventory import Device, Inventory, RackPlace
from inventory.model import Fleet
from inventory.plan_model import Plan
from topology.ports import free_ports_of, ports_for

_NEVER_SHORT = 10_000
"""Ports counted for a pair nobody has surveyed: more than there are hosts, so that it is not ruled out."""


def assign_pairs(inventory: Inventory, previous: Plan | None) -> dict[str, str | None]:
    """Access pair of every fleet device, by device name; None: none wanted, or none has a port left.

    Each fleet is dealt over its pairs one by one, always to the pair with the fewest members of this fleet,
    then with the most free server ports, then by name: members spread evenly, and no pair gets more hosts
    than its port plan has server ports. A device of the previous plan keeps its pair.
    """
    kept = {d.name: d.pair for d in (previous.devices if previous else ()) if d.pair}
    free: Counter[str] = Counter()
    for pair in inventory.pairs.values():
        free[pair.name] = len(ports_for(inventory.port_plans[pair.port_plan], "server"))
    for name, switches in inventory.existing_pairs.items():
        found = [free_ports_of(switch) for switch in switches]
        free[name] = _NEVER_SHORT if None in found else min(len(ports or ()) for ports in found)
    members: dict[str, Counter[str]] = {}
    out: dict[str, str | None] = {}
    waiting: list[tuple[Device, Fleet]] = []
    for device in inventory.devices.values():
        fleet = device.record
        if not isinstance(fleet, Fleet) or fleet.attach is None or not fleet.attach.pairs:
            continue
        old = kept.get(device.name)
        if old in fleet.attach.pairs:
            out[device.name] = old
            free[old] -= 1
            members.setdefault(fleet.name, Counter())[old] += 1
        else:
            waiting.append((device, fleet))
    for device, fleet in waiting:
        assert fleet.attach is not None  # noqa: S101 - selected above
        count = members.setdefault(fleet.name, Counter())
        options = [p for p in fleet.attach.pairs if free[p] > 0]
        if not options:
            out[device.name] = None
            continue
        best = min(options, key=lambda p: (count[p], -free[p], p))
        out[device.name] = best
        free[best] -= 1
        count[best] += 1
    return out


def switch_racks(inventory: Inventory, previous: Plan | None) -> dict[str, str]:
    """Rack of every member of the new access pairs, by switch name.

    Members stand next to each other around the middle of their first home row that has room, so that server
    cables are short and the fixed cable of the peer link reaches; never both in one rack, never in a
    reserved one. A member of the previous plan keeps its rack.
    """
    placed = {d.name: d.rack for d in (previous.devices if previous else ()) if d.rack in inventory.racks}
    taken: Counter[str] = Counter(rack for rack in placed.values() if rack)
    out: dict[str, str] = {}
    rows = _racks_by_row(inventory)
    reach = inventory.policy.number("rack.dac_racks_max")
    pairs_in_row: Counter[str] = Counter()
    for pair in inventory.pairs.values():
        names = [f"{pair.name}{member}" for member in "AB"]
        if all(placed.get(n) for n in names):
            out.update({n: str(placed[n]) for n in names})
            pairs_in_row[inventory.racks[out[names[0]]].row] += 1
            continue
        home = [r for r in pair.home_rows if r in rows] or [
            r for r in rows if inventory.rooms[inventory.rows[r].room].site == pair.site
        ]
        options = [
            (pairs_in_row[row], abs((a.index + b.index + 1) - len(rows[row])), taken[a.name] + taken[b.name], n, a, b)
            for n, row in enumerate(home)
            for i, a in enumerate(rows[row])
            for b in rows[row][i + 1 :]
            if b.index - a.index <= reach and a.name not in out.values() and b.name not in out.values()
            and placed.get(names[0], a.name) == a.name and placed.get(names[1], b.name) == b.name
        ]  # fmt: skip
        if not options:
            continue
        best = min(options, key=lambda o: (o[0], o[1], o[5].index - o[4].index, o[2], o[3], o[4].name))
        out[names[0]], out[names[1]] = best[4].name, best[5].name
        pairs_in_row[best[4].row] += 1
    return out


def _racks_by_row(inventory: Inventory) -> Mapping[str, list[RackPlace]]:
    out: dict[str, list[RackPlace]] = {}
    for rack in inventory.racks.values():
        if not rack.reserved:
            out.setdefault(rack.row, []).append(rack)
    return out
