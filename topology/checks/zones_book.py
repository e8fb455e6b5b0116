"""What the zone checks share: what stands between zones, in which zone each device is, and what is joined to what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from inventory import model as m
from inventory.checks import Context
from inventory.findings import Position
from inventory.plan_model import Plan

PROTECTED = ("core", "crypto", "management", "oob", "public")
"""Kinds of zones that are reached from outside only through a firewall or a gap. Source: GB/T 22239-2019 8.1.2.1."""
GUARDS = ("firewall", "gap")
"""Kinds of waypoints that part two zones; the others inspect or encrypt."""


@dataclass(frozen=True)
class Guard:
    """A waypoint with its devices by name, standing and planned ones."""

    name: str
    kind: str
    devices: tuple[str, ...]
    in_line: bool | None
    bypass: bool | None
    mode: str | None
    record: m.Waypoint | m.ExistingSwitch
    fleets: tuple[m.Fleet, ...] = ()

    @property
    def subject(self) -> str:
        """How findings name it."""
        return f"waypoints/{self.name}"

    @property
    def parts(self) -> bool:
        """True when it parts zones and traffic runs through it (unknown is taken as in line)."""
        return self.kind in GUARDS and self.in_line is not False


def waypoints(ctx: Context) -> tuple[Guard, ...]:
    """All waypoints by name: those recorded, and existing firewalls that no record names, joined by their pair."""
    found: tuple[Guard, ...] = ctx.memo("zones.waypoints", lambda: tuple(_waypoints(ctx)))
    return found


def _waypoints(ctx: Context) -> Iterator[Guard]:
    inventory = ctx.inventory
    planned: dict[str, list[str]] = {}
    for device in inventory.devices.values():
        planned.setdefault(device.owner, []).append(device.name)
    named = {name for w in inventory.waypoints.values() for name in w.devices}
    found: list[Guard] = []
    for name, w in inventory.waypoints.items():
        fleets = tuple(inventory.fleets[f] for f in w.fleets)
        bypass = w.bypass
        if bypass is None:
            stated = {inventory.catalog.device_types[f.device_type].rackwright.bypass for f in fleets}
            bypass = stated.pop() if len(stated) == 1 and not w.devices else None
        devices = (*w.devices, *(d for f in fleets for d in planned.get(f.name, ())))
        found.append(Guard(name, w.kind, devices, w.in_line, bypass, w.mode, w, fleets))
    alone: dict[str, list[m.ExistingSwitch]] = {}
    for name, switch in sorted(inventory.existing_switches.items()):
        if switch.role == "firewall" and name not in named:
            alone.setdefault(switch.pair or name, []).append(switch)
    for name, switches in alone.items():
        devices = tuple(s.name for s in switches)
        found.append(Guard(name, "firewall", devices, True, False, None, switches[0]))
    yield from sorted(found, key=lambda g: g.name)


def centres(ctx: Context) -> list[m.Site]:
    """Sites that carry services, by name: all but witnesses."""
    return [s for _, s in sorted(ctx.inventory.sites.items()) if s.role != "witness"]


def zone_of(ctx: Context, device: str) -> str | None:
    """The zone a device says it stands in; None when its record says nothing."""
    known = ctx.inventory.devices.get(device)
    record = known.record if known else ctx.inventory.existing_switches.get(device)
    return record.zone if record else None


def kind_of(ctx: Context, device: str) -> str | None:
    """The kind of its zone; an out-of-band switch that says none stands in a zone of kind oob."""
    zone = zone_of(ctx, device)
    if zone is not None:
        return ctx.inventory.zones[zone].kind
    known, standing = ctx.inventory.devices.get(device), ctx.inventory.existing_switches.get(device)
    oob = isinstance(known.record, m.OobSwitch) if known else standing and standing.role == "oob-core"
    return "oob" if oob else None


def outside_of(ctx: Context, site: str) -> tuple[str, ...]:
    """Switches where traffic from outside enters a site: standing routers, standing and planned switches of a zone
    of kind exit, and what `edge` of the site names; never a core switch nor a waypoint."""
    guards = {d for g in waypoints(ctx) for d in g.devices}
    edge = ctx.inventory.sites[site].edge
    standing = (
        name
        for name, switch in ctx.inventory.existing_switches.items()
        if switch.site == site
        and name not in guards
        and switch.role not in ("core", "firewall", "security")
        and (switch.role == "router" or name in edge or kind_of(ctx, name) == "exit")
    )
    planned = (
        f"{pair.name}{member}"
        for pair in ctx.inventory.pairs.values()
        for member in "AB"
        if pair.site == site and pair.zone and ctx.inventory.zones[pair.zone].kind == "exit"
    )
    return tuple(sorted((*standing, *planned)))


@dataclass(frozen=True)
class Net:
    """Devices (and the hub of each site, which joins its core switches) with their neighbours, those that pass
    traffic on, and the elements of the links between two neighbours. Management and console ports pass nothing
    on and are left out."""

    neighbours: Mapping[str, set[str]]
    relays: frozenset[str]
    links: Mapping[tuple[str, str], tuple[str, ...]]


def net(ctx: Context) -> Net:
    """What is joined to what, out-of-band uplinks included; made once per run, from the draft of the layers."""
    made: Net = ctx.memo("zones.net", lambda: _net(ctx))
    return made


def _net(ctx: Context) -> Net:
    from topology.graph import drafted

    draft = drafted(ctx.inventory, ctx.plan or Plan())
    neighbours: dict[str, set[str]] = {key.partition("/")[2]: set() for key in draft.devices}
    links: dict[tuple[str, str], list[str]] = {}

    def join(a: str, b: str, element: str) -> None:
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
        links.setdefault((min(a, b), max(a, b)), []).append(element)

    for a, b, key, attributes in draft.links:
        if attributes["kind"] not in ("oob", "console"):
            join(_name(a), _name(b), key)
    for name, switch in ctx.inventory.existing_switches.items():
        if switch.role == "core":
            join(name, f"hub/{switch.site}", "")
    relays = {_name(key) for key, attributes in draft.devices.items() if attributes["forwards"]}
    relays |= {n for n in neighbours if n.startswith("hub/")}
    relays |= {d for g in waypoints(ctx) if g.in_line is not False for d in g.devices}
    return Net(neighbours, frozenset(relays), {ends: tuple(sorted(keys)) for ends, keys in links.items()})


def _name(node: str) -> str:
    return node.removeprefix("device/")


def way_text(path: tuple[str, ...]) -> str:
    """A way by the names it passes; the hub of a site is its core."""
    return " – ".join(n.replace("hub/", "core ") for n in path)


def link_place(ctx: Context, key: str) -> Position | None:
    """Where a link is written: an existing link, a link between sites, a cable of the plan."""
    kind, _, name = key.partition("/")
    if kind == "existing-link":
        return ctx.where(ctx.inventory.existing_links[name.rpartition("/")[0]], "name")
    if kind == "site-link":
        return ctx.where(ctx.inventory.site_links[name], "name")
    cables = {c.id: c for c in ctx.plan.cables} if ctx.plan else {}
    cable = cables.get(name.partition("#")[0])
    return ctx.where(cable, "b", "device") if cable else None


def device_place(ctx: Context, device: str) -> Position | None:
    """Where the inventory speaks of a device."""
    known = ctx.inventory.devices.get(device)
    record = known.record if known else ctx.inventory.existing_switches.get(device)
    return ctx.where(record, "name") if record else None
