"""Optics and cables needed against supplied: the one table every reconciliation finding comes from.

An optic is needed at every end of a cable that names one; a cable with fixed ends (DAC, AOC) is needed
once. What is needed is held against what is supplied for the same place: the fleet itself at a server,
the switches of one type and role of a site at a switch, the existing switches a supply line names at the
far end. Optics that the catalogue lets stand in for each other (40G SR4 and iSR4) are one item.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from inventory.catalog_model import Catalog
from inventory.inventory import Inventory
from inventory.model import ExistingSwitch, Fleet, OobSwitch, Pair, Supply
from inventory.plan_model import BomLine, Cable, PlacedDevice
from inventory.quantities import plain_number

Owner = Fleet | Pair | OobSwitch | ExistingSwitch
Key = tuple[str, "Place"]
"""Item (or the item that stands for its family) and place."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where things are needed and supplied together."""

    site: str
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class Source:
    """One line that supplies something: record and the path of the figure in it; `minimum`: at least so many."""

    record: Fleet | Pair | OobSwitch | Supply
    path: tuple[str | int, ...]
    item: str
    quantity: int
    text: str
    minimum: bool = False


@dataclass
class Group:
    """Needed and supplied for one item at one place. `items` are the slugs needed, with their counts; `kinds`
    the kinds of cables that need them."""

    site: str
    where: str
    own: bool
    owners: tuple[Owner, ...]
    items: Counter[str] = field(default_factory=Counter)
    kinds: set[str] = field(default_factory=set)
    sources: list[Source] = field(default_factory=list)
    spare_wanted: int = 0

    @property
    def needed(self) -> int:
        """Pieces the plan needs here."""
        return sum(self.items.values())

    @property
    def supplied(self) -> int:
        """Pieces supplied here, minima taken as they are."""
        return sum(s.quantity for s in self.sources)

    @property
    def item(self) -> str:
        """The item most needed here; of what nothing needs, the item supplied."""
        counts = self.items or Counter({s.item: s.quantity for s in self.sources})
        return min(counts, key=lambda slug: (-counts[slug], slug))

    @property
    def minimum(self) -> bool:
        """True when a line that supplies it says "at least"."""
        return any(s.minimum for s in self.sources)

    @property
    def subject(self) -> str:
        """Name of the group in findings."""
        return f"{self.site}/{self.where}/{self.item}"

    def line(self) -> BomLine:
        """The group as a line of the bill."""
        needed, supplied = self.needed, self.supplied
        texts = tuple(s.text if s.item == self.item else f"{s.text} ({s.item})" for s in self.sources)
        if not needed:
            result, quantity = "orphan", supplied
        elif needed > supplied:
            result, quantity = "short", needed - supplied
        else:
            result, quantity = ("surplus", supplied - needed) if supplied > needed else ("exact", 0)
        return BomLine(
            item=self.item, site=self.site, where=self.where, needed=needed, supplied=supplied,
            spare_wanted=self.spare_wanted, result=result, quantity=quantity, sources=texts,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class CableBillLine:
    """Cables of one type and stock length in metres (None: an end has no known place), and how many."""

    type: str
    stock_m: float | None
    quantity: int


def bill_of_material(
    inventory: Inventory, devices: Iterable[PlacedDevice], cables: Iterable[Cable]
) -> tuple[BomLine, ...]:
    """Needed against supplied for every optic and fixed-end cable, sorted by site, item and place.

    Fleets of which nothing stands anywhere, or whose connection is open, have no line of their own: what
    they need is unknown. `spare_wanted` is per item and site and stands on each of its lines.
    """
    return tuple(group.line() for group in groups(inventory, devices, cables))


def cable_bill(cables: Iterable[Cable]) -> tuple[CableBillLine, ...]:
    """All data cables by type and stock length; what of them is supplied, nobody states."""
    counts = Counter((cable.type, cable.stock_m) for cable in cables)
    keys = sorted(counts, key=lambda key: (key[0], key[1] is None, key[1] or 0.0))
    return tuple(CableBillLine(kind, stock, counts[kind, stock]) for kind, stock in keys)


def groups(
    inventory: Inventory, devices: Iterable[PlacedDevice], cables: Iterable[Cable]
) -> tuple[Group, ...]:
    """The bill with its sources, for checks that point at the line of the order."""
    families = item_families(inventory.catalog)
    places = _places(inventory)
    supplied = _supplied(inventory, families)
    needed, kinds = _needed(inventory, cables, families, places, supplied)
    standing = {d.owner for d in devices if d.rack is not None}
    root = _joined(inventory, families)
    owners = _owners(inventory)
    members: dict[Key, set[Place]] = {}
    for key in supplied.keys() | needed.keys():
        if key[1].kind == "fleet" and key not in needed and _is_open(inventory, key[1].label, standing):
            continue
        members.setdefault((key[0], root.get(key, key[1])), set()).add(key[1])
    for (family, place), first in root.items():
        if (family, first) in members:
            members[family, first].add(place)
    out = []
    for (family, _), here in sorted(members.items()):
        places_here = sorted(here)
        group = Group(
            "+".join(sorted({p.site for p in places_here})),
            _label([p.label for p in places_here]),
            all(p.kind == "fleet" for p in places_here),
            tuple(o for p in places_here for o in owners.get(p, ())),
        )
        for place in places_here:
            group.items.update(needed.get((family, place), {}))
            group.kinds.update(kinds.get((family, place), ()))
            group.sources.extend(s for s in supplied.get((family, place), ()) if s not in group.sources)
        out.append((family, group))
    _set_spares(inventory, out)
    return tuple(sorted((g for _, g in out), key=lambda g: (g.site, g.item, g.where)))


def item_families(catalog: Catalog) -> Mapping[str, str]:
    """Optic slug -> slug that stands for all optics it may replace: joined by `interoperates`, and alike in
    form factor, speed, medium, connector and what they split into."""
    parent = {slug: slug for slug in catalog.optics}

    def top(slug: str) -> str:
        while parent[slug] != slug:
            slug = parent[slug]
        return slug

    for slug, optic in catalog.optics.items():
        for other_slug in optic.interoperates:
            other = catalog.optics.get(other_slug)
            if other is not None and all(
                getattr(optic, f) == getattr(other, f)
                for f in ("form_factor", "speed_gbps", "medium", "connector", "breaks_into")
            ):
                first, second = sorted((top(slug), top(other_slug)))
                parent[second] = first
    return {slug: top(slug) for slug in parent}


def _places(inventory: Inventory) -> dict[str, Place]:
    """Place of every device to be built and of every switch that stands, by device name."""
    out: dict[str, Place] = {}
    for device in inventory.devices.values():
        record = device.record
        if isinstance(record, Fleet):
            out[device.name] = Place(device.site or "-", record.name, "fleet")
        else:
            out[device.name] = Place(record.site, f"{record.device_type} ({device.role})", "switches")
    for switch in inventory.existing_switches.values():
        out.setdefault(switch.name, _place_of_switch(switch))
    return out


def _owners(inventory: Inventory) -> dict[Place, list[Owner]]:
    out: dict[Place, list[Owner]] = {}
    for record in _suppliers(inventory):
        place = _place_of_record(record)
        out.setdefault(place, []).append(record)
    for switch in inventory.existing_switches.values():
        out.setdefault(_place_of_switch(switch), []).append(switch)
    return out


def _suppliers(inventory: Inventory) -> list[Fleet | Pair | OobSwitch]:
    return [*inventory.fleets.values(), *inventory.pairs.values(), *inventory.oob_switches.values()]


def _place_of_record(record: Fleet | Pair | OobSwitch) -> Place:
    if isinstance(record, Fleet):
        return Place(record.site or "-", record.name, "fleet")
    role = record.role if isinstance(record, Pair) else "oob"
    return Place(record.site, f"{record.device_type} ({role})", "switches")


def _place_of_switch(switch: ExistingSwitch) -> Place:
    return Place(switch.site, switch.pair or switch.name, "existing")


def _supplied(inventory: Inventory, families: Mapping[str, str]) -> dict[Key, list[Source]]:
    out: dict[Key, list[Source]] = {}
    for record in _suppliers(inventory):
        units = record.count if isinstance(record, Fleet) else 2 if isinstance(record, Pair) else 1
        for i, line in enumerate(record.supplied):
            if not units:
                continue
            sign = "≥" if line.minimum else ""
            text = f"{record.name}: {units} x {sign}{line.per_unit} = {sign}{units * line.per_unit}"
            source = Source(
                record, ("supplied", i, "per_unit"), line.item, units * line.per_unit, text, line.minimum
            )
            key = (families.get(line.item, line.item), _place_of_record(record))
            out.setdefault(key, []).append(source)
    for supply in inventory.supplies.values():
        source = Source(
            supply, ("quantity",), supply.item, supply.quantity, f"{supply.name}: {supply.quantity}"
        )
        fitting = fitting_places(inventory, supply)
        if fitting:
            out.setdefault((families.get(supply.item, supply.item), fitting[0]), []).append(source)
    return out


def fitting_places(inventory: Inventory, supply: Supply) -> list[Place]:
    """Places a supply line names at its own site, sorted: what is bought for one site is not at another."""
    return [p for p in named_places(inventory, supply) if supply.site is None or p.site in (supply.site, "-")]


def named_places(inventory: Inventory, supply: Supply) -> list[Place]:
    """Places a supply line names, sorted."""
    out: set[Place] = set()
    for name in supply.fits:
        if name in inventory.fleets:
            out.add(_place_of_record(inventory.fleets[name]))
        elif name in inventory.pairs:
            out.add(_place_of_record(inventory.pairs[name]))
        elif name in inventory.existing_pairs:
            out.add(Place(inventory.existing_pairs[name][0].site, name, "existing"))
        elif name in inventory.oob_switches:
            out.add(_place_of_record(inventory.oob_switches[name]))
        elif name in inventory.existing_switches:
            out.add(_place_of_switch(inventory.existing_switches[name]))
    return sorted(out)


def _joined(inventory: Inventory, families: Mapping[str, str]) -> dict[Key, Place]:
    """(item, place) -> the first of the places that share its supply: those that a supply line joins, and the
    switches over which the uplinks of a new one are dealt."""
    parent: dict[Key, Place] = {}

    def top(family: str, place: Place) -> Place:
        while parent.get((family, place), place) != place:
            place = parent[family, place]
        return place

    def join(item: str, together: list[Place]) -> None:
        family = families.get(item, item)
        for place in together:
            first, second = sorted((top(family, together[0]), top(family, place)))
            parent[family, second] = first
            parent.setdefault((family, first), first)

    for supply in inventory.supplies.values():
        join(supply.item, fitting_places(inventory, supply))
    switches: list[Pair | OobSwitch] = [*inventory.pairs.values(), *inventory.oob_switches.values()]
    for record in switches:
        if record.uplinks and (far := record.uplinks.far_optic or record.uplinks.optic):
            join(far, [_place_of_switch(inventory.existing_switches[name]) for name in record.uplinks.to])
    return {key: top(*key) for key in parent}


def _needed(
    inventory: Inventory,
    cables: Iterable[Cable],
    families: Mapping[str, str],
    places: Mapping[str, Place],
    supplied: Mapping[Key, list[Source]],
) -> tuple[dict[Key, Counter[str]], dict[Key, set[str]]]:
    """Pieces and the kinds of cables that need them, by (item, place)."""
    out: dict[Key, Counter[str]] = {}
    kinds: dict[Key, set[str]] = {}
    types = inventory.catalog.cables
    in_order = {family for family, _ in supplied if family in types}
    split: set[tuple[str, str]] = set()

    def add(item: str, place: Place, cable: Cable) -> None:
        key = (families.get(item, item), place)
        out.setdefault(key, Counter())[item] += 1
        kinds.setdefault(key, set()).add(cable.kind)

    for cable in cables:
        kind = types.get(cable.type)
        for end in (cable.a, cable.b):
            place = places.get(end.device)
            if end.optic is None or place is None:
                continue
            if kind is not None and kind.branches > 1 and end.port is not None:
                port = (end.device, end.port.partition(":")[0])
                if port in split:
                    continue
                split.add(port)
            add(end.optic, place, cable)
        if kind is not None and (kind.fixed_ends or cable.type in in_order):
            ends = [p for end in (cable.a, cable.b) if (p := places.get(end.device)) is not None]
            if ends:
                add(cable.type, next((p for p in ends if (cable.type, p) in supplied), ends[0]), cable)
    return out, kinds


def _is_open(inventory: Inventory, fleet: str, standing: set[str]) -> bool:
    record = inventory.fleets[fleet]
    return record.site is None or record.attach is None or fleet not in standing


def _label(labels: list[str], shown: int = 4) -> str:
    names = sorted(set(labels))
    return ", ".join(names) if len(names) <= shown else f"{names[0]} … {names[-1]} ({len(names)})"


def _set_spares(inventory: Inventory, all_groups: list[tuple[str, Group]]) -> None:
    share = inventory.policy.number("net.optic_spare")
    least = int(inventory.policy.number("net.optic_spare_min"))
    totals: Counter[tuple[str, str]] = Counter()
    for family, group in all_groups:
        totals[family, group.site] += group.needed
    for family, group in all_groups:
        needed = totals[family, group.site]
        group.spare_wanted = max(math.ceil(share * needed - 1e-9), least) if needed else 0


def spare_text(inventory: Inventory, site_needed: int) -> str:
    """How the wanted spares come about, e.g. `max(5 % x 130 = 7, 2)`."""
    share = inventory.policy.number("net.optic_spare")
    least = plain_number(inventory.policy.number("net.optic_spare_min"))
    return f"max({plain_number(round(share * 100, 3))} % x {site_needed} = {math.ceil(share * site_needed - 1e-9)}, {least})"
