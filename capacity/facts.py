"""Facts that clauses are held against: what the inventory states or adds up, by scope and subject.

Each fact knows the line it comes from, so that a clause that is not met points at the broken value.
A value of None is a fact nobody has stated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from capacity.plant import fuel_l
from inventory.findings import Position
from inventory.inventory import Inventory, RackPlace, locate
from inventory.model import FactValue, Generator, Ups

Facts = Mapping[str, "Fact"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One value. `at` and `path` say where it is written ("" when it is added up); `owner` is the record
    that holds it, when another than the subject (a row or rack type for its racks)."""

    value: FactValue
    at: str = ""
    path: tuple[str | int, ...] = ()
    owner: str = ""

    def position(self, inventory: Inventory) -> Position | None:
        """Line of the value; None for a fact that is added up."""
        return locate(inventory.documents, self.at, *self.path) if self.at else None


def facts(inventory: Inventory, scope: str) -> dict[str, Facts]:
    """Facts of every subject of a scope, by subject name in the order of the files."""
    return _SCOPES[scope](inventory)


COMPUTED: Mapping[str, tuple[str, ...]] = {
    "project": ("racks", "rack_power_kw_total", "usable_u_total", "sites_count", "rooms_count", "ups_count",
                "generator_count", "devices", "servers"),
    "site": ("racks", "rack_power_kw_total", "usable_u_total", "rooms_with_racks", "ups_count", "generator_count"),
    "room": ("customer_only", "tray_height_m", "racks", "rows"),
    "row": ("front_aisle_m", "back_aisle_m", "racks"),
    "rack": ("rated_kw", "usable_u", "u_height", "static_kg", "feed_count", "feed_sides", "ups_count",
             "breaker_a_min", "customer_only", "phase"),
    "rack_type": ("rated_kw", "usable_u", "u_height", "static_kg", "own_weight_kg", "form_factor", "width",
                  "outer_depth_mm"),
    "ups": ("rated_kva", "power_factor", "rated_kw", "autonomy_min", "battery_kwh", "side"),
    "generator": ("rated_kw", "start_s", "fuel_l", "fuel_h"),
}  # fmt: skip
"""Names of the facts each scope has by itself; a site and the project also have what operators state."""


def _total(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return round(sum(known), 6) if len(known) == len(values) else None


def _sums(inventory: Inventory, racks: list[RackPlace], site: str | None) -> dict[str, Fact]:
    return {
        "racks": Fact(len(racks)),
        "rack_power_kw_total": Fact(_total([r.rated_kw for r in racks])),
        "usable_u_total": Fact(_total([r.rack_type.rackwright.usable_u for r in racks])),
        "ups_count": Fact(sum(site in (None, u.site) for u in inventory.ups.values())),
        "generator_count": Fact(sum(site in (None, g.site) for g in inventory.generators.values())),
    }


def _project(inventory: Inventory) -> dict[str, Facts]:
    out: dict[str, Fact] = {}
    stated = {key for site in inventory.sites.values() for key in site.facility}
    for key in sorted(stated):
        values = {site.facility.get(key) for site in inventory.sites.values() if key in site.facility}
        first = next(site for site in inventory.sites.values() if key in site.facility)
        out[key] = Fact(values.pop() if len(values) == 1 else None, first.at, ("facility", key), first.name)
    project = inventory.project
    out |= {key: Fact(value, project.at, ("facility", key)) for key, value in project.facility.items()}
    out |= _sums(inventory, list(inventory.racks.values()), None)
    out["sites_count"] = Fact(len(inventory.sites))
    out["rooms_count"] = Fact(len(inventory.rooms))
    out["devices"] = Fact(len(inventory.devices))
    out["servers"] = Fact(sum(d.kind == "server" for d in inventory.devices.values()))
    return {inventory.project.name: out}


def _site(inventory: Inventory) -> dict[str, Facts]:
    out: dict[str, Facts] = {}
    for site in inventory.sites.values():
        racks = [r for r in inventory.racks.values() if r.site == site.name]
        own = _sums(inventory, racks, site.name)
        own["rooms_with_racks"] = Fact(len({r.room for r in racks}))
        own |= {key: Fact(value, site.at, ("facility", key)) for key, value in site.facility.items()}
        out[site.name] = own
    return out


def _room(inventory: Inventory) -> dict[str, Facts]:
    return {
        room.name: {
            "customer_only": Fact(room.customer_only, room.at, ("customer_only",)),
            "tray_height_m": Fact(room.tray_height_m, room.at, ("tray_height_m",)),
            "racks": Fact(sum(r.room == room.name for r in inventory.racks.values())),
            "rows": Fact(sum(r.room == room.name for r in inventory.rows.values())),
        }
        for room in inventory.rooms.values()
    }


def _row(inventory: Inventory) -> dict[str, Facts]:
    return {
        row.name: {
            "front_aisle_m": Fact(row.front_aisle_m, row.at, ("front_aisle_m",)),
            "back_aisle_m": Fact(row.back_aisle_m, row.at, ("back_aisle_m",)),
            "racks": Fact(len(row.racks), row.at, ("racks",)),
        }
        for row in inventory.rows.values()
    }


def _rack(inventory: Inventory) -> dict[str, Facts]:
    one_type = len({r.rack_type.slug for r in inventory.racks.values()}) == 1
    return {rack.name: _rack_facts(inventory, rack, one_type) for rack in inventory.racks.values()}


def _rack_facts(inventory: Inventory, rack: RackPlace, one_type: bool) -> dict[str, Fact]:
    row, kind = inventory.rows[rack.row], rack.rack_type
    holder, owner = (rack.record, "") if rack.record.feeds else (row, row.name)
    breakers = {side: feed.breaker_a for side, feed in rack.feeds.items()}
    known = {side: a for side, a in breakers.items() if a is not None}
    least = min(known, key=lambda side: known[side], default=None)
    open_side = next((side for side, a in breakers.items() if a is None), None)
    side = open_side or least or "a"

    def of_type(value: FactValue, *path: str) -> Fact:
        """A figure of the rack type; where several types are in use, the choice of the type is the line."""
        if one_type:
            return Fact(value, kind.at, path, kind.slug)
        if rack.record.rack_type:
            return Fact(value, rack.record.at, ("rack_type",))
        return Fact(value, row.at, ("rack_type",), row.name)

    rated = (
        Fact(rack.rated_kw, rack.record.at, ("rated_kw",))
        if rack.record.rated_kw is not None
        else of_type(rack.rated_kw, "rackwright", "rated_kw")
    )
    panels = [inventory.panels[feed.panel] for feed in rack.feeds.values()]
    room = inventory.rooms[rack.room]
    return {
        "rated_kw": rated,
        "usable_u": of_type(kind.rackwright.usable_u, "rackwright", "usable_u"),
        "u_height": of_type(kind.u_height, "u_height"),
        "static_kg": of_type(kind.rackwright.static_kg, "rackwright", "static_kg"),
        "feed_count": Fact(len(rack.feeds), holder.at, ("feeds", *list(rack.feeds)[:1]), owner),
        "feed_sides": Fact(len({p.side for p in panels}), holder.at, ("feeds",), owner),
        "ups_count": Fact(len({p.ups for p in panels}), holder.at, ("feeds",), owner),
        "breaker_a_min": Fact(
            known[least] if least and not open_side else None, holder.at, ("feeds", side, "breaker_a"), owner
        ),
        "customer_only": Fact(room.customer_only, room.at, ("customer_only",), room.name),
        "phase": Fact(rack.phase, rack.record.at, ("phase",)),
    }


def _rack_type(inventory: Inventory) -> dict[str, Facts]:
    out: dict[str, Facts] = {}
    for kind in {r.rack_type.slug: r.rack_type for r in inventory.racks.values()}.values():
        hints = kind.rackwright
        out[kind.slug] = {
            "rated_kw": Fact(hints.rated_kw, kind.at, ("rackwright", "rated_kw")),
            "usable_u": Fact(hints.usable_u, kind.at, ("rackwright", "usable_u")),
            "u_height": Fact(kind.u_height, kind.at, ("u_height",)),
            "static_kg": Fact(hints.static_kg, kind.at, ("rackwright", "static_kg")),
            "own_weight_kg": Fact(kind.own_weight_kg, kind.at, ("weight",)),
            "form_factor": Fact(kind.form_factor, kind.at, ("form_factor",)),
            "width": Fact(kind.width, kind.at, ("width",)),
            "outer_depth_mm": Fact(kind.outer_depth_mm, kind.at, ("outer_depth",)),
        }
    return out


def _ups(inventory: Inventory) -> dict[str, Facts]:
    return {ups.name: _ups_facts(ups) for ups in inventory.ups.values()}


def _ups_facts(ups: Ups) -> dict[str, Fact]:
    names = ("rated_kva", "power_factor", "autonomy_min", "battery_kwh", "side")
    out = {name: Fact(getattr(ups, name), ups.at, (name,)) for name in names}
    kw = ups.rated_kva * ups.power_factor if ups.rated_kva and ups.power_factor else None
    out["rated_kw"] = Fact(None if kw is None else round(kw, 3), ups.at, ("rated_kva",))
    return out


def _generator(inventory: Inventory) -> dict[str, Facts]:
    return {g.name: _generator_facts(inventory, g) for g in inventory.generators.values()}


def _generator_facts(inventory: Inventory, generator: Generator) -> dict[str, Fact]:
    """`fuel_h`: hours at full load from the set's own share of the store, less what a tank cannot give."""
    out = {
        name: Fact(getattr(generator, name), generator.at, (name,))
        for name in ("rated_kw", "start_s", "fuel_l")
    }
    hours = None
    if generator.rated_kw and generator.fuel_l:
        number = inventory.policy.number
        per_hour = fuel_l(
            generator.rated_kw,
            hours=1.0,
            sfc_l_kwh=number("gen.sfc_l_kwh"),
            unusable=number("gen.fuel_factor"),
        )
        hours = round(generator.fuel_l / per_hour, 2)
    out["fuel_h"] = Fact(hours, generator.at, ("fuel_l",))
    return out


_SCOPES: Mapping[str, Callable[[Inventory], dict[str, Facts]]] = {
    "project": _project,
    "site": _site,
    "room": _room,
    "row": _row,
    "rack": _rack,
    "rack_type": _rack_type,
    "ups": _ups,
    "generator": _generator,
}
