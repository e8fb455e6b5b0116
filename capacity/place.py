"""From the inventory to placed devices: one packing problem per site, then rack units.

Placement is append-only: what the previous plan placed keeps rack and position; only new devices are
placed around it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from capacity.conflicts import explain_infeasible
from capacity.load_lines import bank_limits_w, rack_feed_cap_w
from capacity.phases import even_phases
from capacity.placement import first_fit, solve
from capacity.placement_banks import raised_caps
from capacity.placement_model import Bin, Group, Item, Problem, Solution
from capacity.pods import assign_pairs, switch_racks
from capacity.rack_layout import Slot, Standing, lay_out
from capacity.regions import Given, candidates, locality, phases_of
from inventory.inventory import Device, Inventory, RackPlace
from inventory.model import Fleet, Pair
from inventory.plan_model import PlacedDevice, PlacementProof, Plan

Progress = Callable[[str, int, int], None]
_NO_LIMIT = 1_000_000  # W or kg: more than any rack ever holds
_EVEN_ENOUGH = 0.8  # share of the imbalance that is warned of at which phases are left as they are


@dataclass(frozen=True)
class Placed:
    """Devices by name and one proof per site."""

    devices: tuple[PlacedDevice, ...]
    proofs: tuple[PlacementProof, ...]


def place(inventory: Inventory, previous: Plan | None, progress: Progress | None = None) -> Placed:
    """Place every device of every site; what cannot be placed is listed in its site's proof, never dropped."""
    pairs = assign_pairs(inventory, previous)
    switches = switch_racks(inventory, previous)
    old = {
        d.name: d
        for d in (previous.devices if previous else ())
        if d.name in inventory.devices and d.rack in inventory.racks
    }
    racks: dict[str, str] = {}
    proofs: list[PlacementProof] = []
    given = Given(inventory, pairs, switches, old)
    for site in inventory.site_devices:
        problem, left_out = site_problem(given, site)
        known = _unchanged(previous, site, problem, left_out)
        if known:
            proofs.append(known)
            racks.update({item.name: item.fixed for item in problem.items if item.fixed})
            continue
        solution = solve(problem, progress=_scoped(progress, site))
        proofs.append(_proof(site, problem, solution, left_out))
        found = solution.assignment or first_fit(problem).assignment
        good_enough = _EVEN_ENOUGH * inventory.policy.number("feed.phase_warn")
        racks.update(even_phases(problem, found, phases_of(inventory, site), good_enough))
    slots = _positions(inventory, racks, old)
    devices = []
    for device in inventory.devices.values():
        slot = slots.get(device.name)
        devices.append(
            PlacedDevice(
                name=device.name,
                owner=device.owner,
                device_type=device.type.slug,
                site=device.site,
                rack=racks.get(device.name) if slot else None,
                position=slot.position if slot else None,
                face=slot.face if slot else "front",
                pair=pairs.get(device.name),
            )
        )
    return Placed(tuple(sorted(devices, key=lambda d: d.name)), tuple(_with_unplaced(proofs, devices)))


def site_problem(given: Given, site: str) -> tuple[Problem, tuple[str, ...]]:
    """The packing problem of one site, and the devices left out of it because their draw is unknown."""
    inventory, old = given.inventory, given.old
    racks = inventory.site_racks.get(site, ())
    by_row: dict[str, list[RackPlace]] = {}
    for rack in racks:
        by_row.setdefault(rack.row, []).append(rack)
    open_racks = tuple(r.name for r in racks if not r.reserved)
    items: list[Item] = []
    left_out: list[str] = []
    members: dict[str, list[str]] = {}
    for device in inventory.site_devices.get(site, ()):
        draw = given.power[device.name]
        if draw is None:
            left_out.append(device.name)
            continue
        fixed = old[device.name].rack if device.name in old else None
        allowed = candidates(given, device, by_row, open_racks)
        groups = _group_names(given, device)
        for group in groups:
            members.setdefault(group, []).append(device.name)
        depth = device.type.depth_mm
        items.append(
            Item(
                name=device.name,
                candidates=allowed,
                alloc_w=math.ceil(draw.alloc_w),
                peak_w=math.ceil(draw.peak_w),
                height_u=math.ceil(device.type.u_height),
                weight_kg=math.ceil(device.type.weight_kg or 0),
                depth_mm=(depth or 0) + round(inventory.policy.number("rack.depth_margin_mm"))
                if depth
                else 0,
                groups=groups,
                fixed=fixed,
                kind=device.owner,
                cost=locality(given, device, allowed),
            )
        )
    bins = _bins(given, by_row, items)
    problem = Problem(
        tuple(items),
        bins,
        tuple(_groups(inventory, members, items)),
        round(inventory.policy.number("rack.manager_every")),
    )
    return problem, tuple(left_out)


def _group_names(given: Given, device: Device) -> tuple[str, ...]:
    record = device.record
    if isinstance(record, Fleet):
        return given.rules[record.name]
    if isinstance(record, Pair):
        return (f"pair {record.name}",)
    return (f"out-of-band switches of {record.site}",)


def _groups(inventory: Inventory, members: Mapping[str, list[str]], items: list[Item]) -> Iterable[Group]:
    """Spread rules; a limit that fixed devices already break is raised to what stands there."""
    fixed: dict[str, dict[str, int]] = {}
    for item in items:
        if item.fixed:
            for group in item.groups:
                racks = fixed.setdefault(group, {})
                racks[item.fixed] = racks.get(item.fixed, 0) + 1
    for name in sorted(members):
        n = len(members[name])
        kind, _, key = name.partition(" ")
        cap: int | None = None
        racks_min = 1
        if kind == "fleet":
            spread = inventory.fleets[key].spread
            racks_min = min(spread.racks_min, n)
            cap = spread.max_per_rack
            if racks_min > 1:
                cap = min(cap or n, math.ceil(n / racks_min))
        elif kind == "replica":
            replicas = inventory.replica_groups[key.removeprefix("group ")]
            racks_min = min(replicas.racks_min, n)
            cap = math.ceil(n / racks_min)
            if replicas.scheme == "erasure" and replicas.parity_shards:
                cap = min(cap, replicas.parity_shards)
        elif kind == "quorum":
            cap = max(1, n - (n // 2 + 1))
        else:
            cap = 1
        stands = fixed.get(name, {})
        most = max(stands.values(), default=0)
        reachable = len(stands) + n - sum(stands.values())
        yield Group(name, None if cap is None else max(cap, most, 1), max(min(racks_min, reachable), 1))


def _bins(given: Given, by_row: Mapping[str, list[RackPlace]], items: list[Item]) -> tuple[Bin, ...]:
    """Racks with their limits; a rack that fixed devices already overload keeps just those."""
    inventory = given.inventory
    number = inventory.policy.number
    held: dict[str, list[int]] = {}
    standing: dict[str, list[int]] = {}
    for item in items:
        if item.fixed:
            load = held.setdefault(item.fixed, [0, 0, 0, 0, 0])
            for i, v in enumerate((item.alloc_w, item.peak_w, item.height_u, item.weight_kg, 1)):
                load[i] += v
            standing.setdefault(item.fixed, []).append(item.peak_w)
    every = round(number("rack.manager_every"))
    near = set(given.switches.values())
    bins = []
    for racks in by_row.values():
        homes = [r.index for r in racks if r.name in near] or [len(racks) // 2]
        for rack in racks:
            if rack.reserved and rack.name not in held:
                continue
            hints = rack.rack_type.rackwright
            rated = (rack.rated_kw or 0.0) * 1000
            caps = [cap for side in rack.feeds if (cap := rack_feed_cap_w(inventory, rack, side)) is not None]
            usable = hints.usable_u or rack.rack_type.u_height
            weight = (
                (hints.static_kg or 0) - (rack.rack_type.own_weight_kg or 0) - (hints.cable_weight_kg or 0)
            )
            if hints.pdus:
                for slug in (hints.pdus.a, hints.pdus.b):
                    pdu = inventory.catalog.device_types.get(slug)
                    weight -= (pdu.weight_kg or 0) if pdu else 0
            have = held.get(rack.name, [0, 0, 0, 0, 0])
            height = math.floor(usable * (1 - number("rack.u_reserve")))
            bins.append(
                Bin(
                    name=rack.name,
                    alloc_cap_w=max(math.floor(rated * number("rack.alloc_util_max")), have[0]),
                    peak_cap_w=max(math.floor(min([rated, *caps])), have[1]),
                    height_cap_u=max(height, have[2] + (-(-have[4] // every) if every else 0)),
                    weight_cap_kg=max(math.floor(weight), have[3]) if hints.static_kg else _NO_LIMIT,
                    depth_mm=rack.rack_type.mounting_depth or 10_000,
                    opened=rack.name in held,
                    order=min(abs(rack.index - h) for h in homes),
                    bank_caps_w=raised_caps(standing.get(rack.name, ()), _bank_caps_w(inventory, rack)),
                )
            )
    return tuple(bins)


def _bank_caps_w(inventory: Inventory, rack: RackPlace) -> tuple[int, ...]:
    """What the banks of a rack carry, in W: the lesser of its two strips, bank by bank from the strongest;
    empty when no strip has banks. A bank with an unknown limit does not limit."""
    sides: dict[str, list[int]] = {}
    for name, limit_w in bank_limits_w(inventory, rack).items():
        cap = _NO_LIMIT if limit_w is None else math.floor(limit_w)
        sides.setdefault(name.rpartition("/")[0], []).append(cap)
    return tuple(map(min, zip(*(sorted(caps, reverse=True) for caps in sides.values()), strict=False)))


def _positions(
    inventory: Inventory, racks: Mapping[str, str], old: Mapping[str, PlacedDevice]
) -> dict[str, Slot]:
    by_rack: dict[str, list[Standing]] = {}
    for name, rack in racks.items():
        device = inventory.devices[name]
        by_rack.setdefault(rack, []).append(Standing(device, device.type.weight_kg, device.type.u_height))
    out: dict[str, Slot] = {}
    for rack, devices in sorted(by_rack.items()):
        fixed = {
            s.device.name: Slot(position, old[s.device.name].face)
            for s in devices
            if s.device.name in old
            and old[s.device.name].rack == rack
            and (position := old[s.device.name].position) is not None
        }
        out.update(lay_out(inventory.racks[rack], devices, fixed, inventory.policy).slots)
    return out


def _proof(site: str, problem: Problem, solution: Solution, left_out: tuple[str, ...]) -> PlacementProof:
    conflicts: tuple[str, ...] = ()
    relaxations: tuple[str, ...] = ()
    if solution.status in ("infeasible", "unknown"):
        conflict = explain_infeasible(problem)
        conflicts = tuple(r.text for r in conflict.requirements)
        relaxations = tuple(r.text for r in conflict.relaxations) + conflict.notes
    standing = {b.name for b in problem.bins if b.opened}
    base = len(standing)
    return PlacementProof(
        site=site,
        status=solution.status,
        method=solution.method,
        racks=len(solution.racks_used),
        lower_bound=min(len(solution.racks_used), solution.lower_bound + base),
        proof=solution.proof,
        placed=len(solution.assignment),
        unplaced=tuple(sorted((*solution.unplaced, *left_out))),
        conflicts=conflicts,
        relaxations=relaxations,
    )


def _with_unplaced(proofs: list[PlacementProof], devices: list[PlacedDevice]) -> list[PlacementProof]:
    missing: dict[str | None, list[str]] = {}
    placed: Counter[str | None] = Counter()
    for device in devices:
        if device.rack is None:
            missing.setdefault(device.site, []).append(device.name)
        else:
            placed[device.site] += 1
    return [
        proof.model_copy(
            update={"unplaced": tuple(sorted(missing.get(proof.site, ()))), "placed": placed[proof.site]}
        )
        for proof in proofs
    ]


def _unchanged(
    previous: Plan | None, site: str, problem: Problem, left_out: tuple[str, ...]
) -> PlacementProof | None:
    """The proof of the previous plan, when it placed exactly the devices this problem has."""
    if left_out or any(item.fixed is None for item in problem.items):
        return None
    standing = len({item.fixed for item in problem.items})
    for proof in previous.proofs if previous else ():
        if (
            proof.site == site
            and proof.placed == len(problem.items)
            and proof.racks == standing
            and not proof.unplaced
        ):
            return proof.model_copy(update={"at": ""})
    return None


def _scoped(progress: Progress | None, site: str) -> Progress:
    def tell(phase: str, racks: int, bound: int) -> None:
        if progress:
            progress(f"place {site}: {phase}", racks, bound)

    return tell
