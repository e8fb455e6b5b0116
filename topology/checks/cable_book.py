"""What the cable checks share: every cable beside the devices, ports and optics it names, and the first
thing that is wrong with its ends.

Nothing is taken from the plan on trust. A cable has at most one fault of its ends, the first found in a fixed
order, so that a wrong port is reported once and not again as a stale label or a missing link.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from inventory.catalog_parts import CableType, Optic
from inventory.checks import Context
from inventory.device_model import Interface
from inventory.findings import Position, Text
from inventory.inventory import Device, Inventory
from inventory.model import ExistingSwitch
from inventory.plan_model import Cable, End, PlacedDevice
from topology.cable_parts import Places, end_label, joined_labels
from topology.links import AccessLink, Key, access_links, key_of, uplinks_wanted, wanted_keys
from topology.ports import PortUse, free_ports_of, port_exists, port_plan_of, ports_for
from topology.trays import Trays


@dataclass(frozen=True, slots=True)
class EndView:
    """One end of a cable: the device it names (planned or standing already; both None: unknown) and its optic."""

    side: Literal["a", "b"]
    end: End
    device: Device | None
    existing: ExistingSwitch | None
    optic: Optic | None

    @property
    def interface(self) -> Interface | None:
        """The interface it ends on; None for console ports, unknown ports and switches that stand already."""
        return self.device.type.interface_by_name.get(self.end.port or "") if self.device else None

    @property
    def name(self) -> str:
        """Device and port as findings write them."""
        return f"{self.end.device}:{self.end.port or '?'}"


@dataclass(frozen=True, slots=True, eq=False)
class CableView:
    """One cable of the plan; `owner` is the fleet, pair or out-of-band switch that asks for it."""

    index: int
    cable: Cable
    type: CableType | None
    a: EndView
    b: EndView
    owner: str
    stale: frozenset[str]
    """Ends whose label does not say where that end is now."""

    @property
    def ends(self) -> tuple[EndView, EndView]:
        """Both ends, a first."""
        return self.a, self.b


@dataclass(frozen=True, slots=True)
class EndFault:
    """What is wrong with the ends of a cable; `group` joins cables that share one cause."""

    code: str
    view: CableView
    path: tuple[str, ...]
    message: Text
    fix: Text
    arithmetic: str = ""
    others: tuple[CableView, ...] = ()
    group: str = ""


@dataclass
class Book:
    """All cables of a plan, what the inventory wants, and the fault of each cable by its index."""

    inventory: Inventory
    placed: Mapping[str, PlacedDevice]
    places: Places
    views: tuple[CableView, ...]
    wanted: Counter[Key]
    planned: frozenset[str]
    """Every device name of the plan, placed or not, listed or not."""
    access: Mapping[str, tuple[AccessLink, ...]]
    """Business links each attached device should have, by device."""
    faults: dict[int, EndFault] = field(default_factory=dict)
    present: Counter[Key] = field(default_factory=Counter)
    serving: dict[int, Key] = field(default_factory=dict)
    """Link that a cable with a wrong kind or near device was meant for, by cable index."""
    by_device: dict[str, list[CableView]] = field(default_factory=dict)
    in_band: frozenset[str] = frozenset()
    """Out-of-band switches whose inventory record uplinks them to the in-band fabric (NET038 says so there)."""
    needed: Counter[str] = field(default_factory=Counter)
    """Ports that the inventory needs on each switch that stands already."""
    overbooked: frozenset[str] = frozenset()
    """Switches that stand already and have, by their survey, fewer free ports than are needed (PRT020)."""

    def sound(self, *kinds: str) -> Iterator[CableView]:
        """Cables of these kinds whose ends are in order, in the order of the file."""
        for view in self.views:
            if view.cable.kind in kinds and view.index not in self.faults:
                yield view

    def faulty(self, device: str, *kinds: str) -> bool:
        """True when some cable of these kinds at the device has a fault of its ends."""
        return any(
            v.index in self.faults and (not kinds or v.cable.kind in kinds)
            for v in self.by_device.get(device, ())
        )


def cable_book(ctx: Context) -> Book:
    """The cables of the plan with the faults of their ends; made once per run."""
    book: Book = ctx.memo("topology.cable_book", lambda: _book(ctx))
    return book


def place_line(ctx: Context, device: str) -> Position | None:
    """Where the plan (else the inventory) speaks of a device."""
    placed = ctx.placed.get(device)
    if placed is not None:
        return ctx.where(placed, "name")
    known, existing = ctx.inventory.devices.get(device), ctx.inventory.existing_switches.get(device)
    if known is not None:
        return ctx.where(known.record, "name")
    return ctx.where(existing, "name") if existing is not None else None


def _book(ctx: Context) -> Book:
    inventory = ctx.inventory
    placed = {n: d for n, d in ctx.placed.items() if d.rack in inventory.racks and n in inventory.devices}
    access: dict[str, tuple[AccessLink, ...]] = {}
    for links in access_links(inventory, placed):
        for link in links:
            access[link.near] = (*access.get(link.near, ()), link)
    views = tuple(
        _view(inventory, placed, index, cable)
        for index, cable in enumerate(ctx.plan.cables if ctx.plan else ())
    )
    book = Book(
        inventory,
        placed,
        Places(Trays(inventory), placed),
        views,
        wanted_keys(inventory, placed),
        frozenset(ctx.placed),
        access,
    )
    for view in views:
        book.present[key_of(view.cable)] += 1
        for name in dict.fromkeys((view.cable.a.device, view.cable.b.device)):
            book.by_device.setdefault(name, []).append(view)
    book.in_band = frozenset(
        s.name
        for s in inventory.oob_switches.values()
        if s.uplinks and in_band_uplinks(inventory, s.uplinks.to)
    )
    book.needed = need = ports_needed(book)
    surveys = {n: free_ports_of(inventory.existing_switches[n]) for n in need}
    book.overbooked = frozenset(n for n, free in surveys.items() if free is not None and len(free) < need[n])
    _find_faults(book)
    return book


def _end(inventory: Inventory, side: Literal["a", "b"], end: End) -> EndView:
    return EndView(
        side,
        end,
        inventory.devices.get(end.device),
        inventory.existing_switches.get(end.device),
        inventory.catalog.optics.get(end.optic or ""),
    )


def _view(inventory: Inventory, placed: Mapping[str, PlacedDevice], index: int, cable: Cable) -> CableView:
    near, far = _end(inventory, "a", cable.a), _end(inventory, "b", cable.b)
    halves = [end_label(e.device, placed.get(e.device), e.port) for e in (cable.a, cable.b)]
    label_a, label_b = joined_labels(halves[0], halves[1])
    stale: set[str] = set()
    if (cable.label_a, cable.label_b) != (label_a, label_b):
        if not (cable.label_a.startswith(halves[0] + "/") and cable.label_b.endswith("/" + halves[0])):
            stale.add("a")
        if not (cable.label_b.startswith(halves[1] + "/") and cable.label_a.endswith("/" + halves[1])):
            stale.add("b")
    owner = near.device.owner if near.device else cable.a.device
    kind = inventory.catalog.cables.get(cable.type)
    return CableView(index, cable, kind, near, far, owner, frozenset(stale))


# ---------------------------------------------------------------- faults of the ends, in order of precedence


def _find_faults(book: Book) -> None:
    _find_serving(book)
    for step in (
        _nowhere,
        _wrong_member,
        _in_band,
        _other_kind,
        _unasked,
        _taken_twice,
        _out_of_range,
        _not_free,
    ):
        for fault in step(book):
            book.faults.setdefault(fault.view.index, fault)


def _find_serving(book: Book) -> None:
    """The link that a cable was meant for, where its kind or the name of its near device is wrong and exactly one
    link between the same ports is missing: the cable is reported, and the link not as missing too."""
    missing = [key for key, count in book.wanted.items() if key[2] and book.present[key] < count]
    by_ends: dict[tuple[str, ...], list[Key]] = {}
    for key in missing:
        kind, near, port, far = key
        by_ends.setdefault(("kind", near, port, far), []).append(key)
        by_ends.setdefault(("device", kind, port, far), []).append(key)
    for view in book.views if missing else ():
        kind, near, port, far = key_of(view.cable)
        known = view.a.device is not None or view.a.existing is not None
        ends = (
            ("kind", near, view.cable.a.port or "", view.cable.b.device)
            if known
            else ("device", kind, port, far)
        )
        meant = by_ends.get(ends, ())
        if len(meant) == 1 and not (known and book.wanted[key_of(view.cable)]):
            book.serving[view.index] = meant[0]
            book.present[meant[0]] += 1


def _other_kind(book: Book) -> Iterator[EndFault]:
    """PRT018: a cable of another kind than the link between its ports."""
    for view in _open_views(book):
        meant = book.serving.get(view.index)
        if meant is not None:
            message = Text(f"kind is {view.cable.kind}, the link from {view.a.name} to {view.b.name} is {meant[0]}",
                           f"kind 为 {view.cable.kind}，{view.a.name} 到 {view.b.name} 的链路应为 {meant[0]}")  # fmt: skip
            yield EndFault(
                "PRT018", view, ("kind",), message, Text(f"write kind: {meant[0]}", f"改为 kind: {meant[0]}")
            )


def _open_views(book: Book) -> Iterator[CableView]:
    return (v for v in book.views if v.index not in book.faults)


def _nowhere(book: Book) -> Iterator[EndFault]:
    """PRT010: an end at a port that does not exist, or at a device that does not exist."""
    for view in book.views:
        for end in view.ends:
            name, port = end.end.device, end.end.port
            if end.device is None and end.existing is None:
                pair = name in book.inventory.pairs or name in book.inventory.existing_pairs
                what = (
                    Text("is a pair, not one switch", "是交换机组而非单台设备")
                    if pair
                    else Text("is not known", "不存在")
                )
                fix = (
                    Text("name one member", "写明成员")
                    if pair
                    else Text("correct the name, or remove the cable", "改正设备名，或删除该线缆")
                )
                # A device of the plan that the inventory does not list is the business of PLN002.
                code = "PLN002" if name in book.planned else "PRT010"
                yield EndFault(
                    code,
                    view,
                    (end.side, "device"),
                    Text(f"device {name} {what.en}", f"设备 {name} {what.zh}"),
                    fix,
                    group=name,
                )
                break
            if end.device is not None and not _on_type(book, end.device, port, view.cable.kind):
                model = end.device.type.slug
                message = Text(f"{name} ({model}) has no port {port}", f"{name}（{model}）没有端口 {port}")
                near = _first_ports(end.device, view.cable.kind)
                fix = Text(f"use a port of the type, e.g. {near}", f"改用该型号的端口，如 {near}")
                yield EndFault("PRT010", view, (end.side, "port"), message, fix)
                break


def _on_type(book: Book, device: Device, port: str | None, kind: str) -> bool:
    """True when the port exists; also where the port plan is for another type that has it (PRT003 says so)."""
    if port is None:
        return False
    plan = port_plan_of(book.inventory, device)
    if plan is not None and plan.device_type != device.type.slug:
        other = book.inventory.catalog.device_types[plan.device_type]
        return port in other.interface_by_name or port_exists(device, port, kind)
    return port_exists(device, port, kind)


def _first_ports(device: Device, kind: str) -> str:
    if kind == "console":
        names = [p.name for p in (*device.type.console_ports, *device.type.console_server_ports)]
    else:
        names = list(device.type.interface_by_name)
    return ", ".join(names[:3]) or "none"


def _wrong_member(book: Book) -> Iterator[EndFault]:
    """PRT013: a business link that ends at another switch than the member its interface belongs to."""
    wanted = {(link.near, link.near_port): link for links in book.access.values() for link in links}
    for view in _open_views(book):
        if view.cable.kind != "access":
            continue
        link = wanted.get((view.cable.a.device, view.cable.a.port or ""))
        if link is None or link.far == view.cable.b.device or book.present[link.key]:
            continue  # a second cable on one interface is a port used twice
        others = tuple(
            v for v in book.by_device[link.near]
            if v.cable.kind == "access" and v is not view and v.cable.b.device == view.cable.b.device
        )  # fmt: skip
        where = view.cable.b.device
        if others:
            message = Text(f"both links of {link.near} end at {where}; {link.near_port} belongs to {link.far}",
                           f"{link.near} 的两条链路都接到 {where}；{link.near_port} 应接 {link.far}")  # fmt: skip
        else:
            message = Text(f"{link.near} {link.near_port} ends at {where}, expected {link.far}",
                           f"{link.near} {link.near_port} 接到 {where}，应接 {link.far}")  # fmt: skip
        fix = Text(f"move the far end to {link.far}, same port number as the other link",
                   f"将远端改接 {link.far}，端口号与另一条链路相同")  # fmt: skip
        yield EndFault("PRT013", view, ("b", "device"), message, fix, others=others, group=link.near)


def _in_band(book: Book) -> Iterator[EndFault]:
    """NET038: an out-of-band cable that ends at a switch of the in-band fabric."""
    for view in _open_views(book):
        far = view.b
        if view.cable.kind == "oob":
            wrong = far.end.device not in book.inventory.oob_switches
        elif view.cable.kind == "oob-uplink":
            wrong = far.existing is None or far.existing.role != "oob-core"
        else:
            continue
        if wrong:
            role = far.existing.role if far.existing else far.device.role if far.device else "unknown"
            message = Text(
                f"out-of-band cable of {view.cable.a.device} ends at {far.end.device}, a switch of role {role}",
                f"{view.cable.a.device} 的带外线缆接到 {far.end.device}（角色 {role}）",
            )
            fix = Text("end it at a switch of the out-of-band network", "改接带外网络的交换机")
            group = f"{view.owner}:{far.end.device}" if view.cable.kind == "oob-uplink" else ""
            yield EndFault("NET038", view, ("b", "device"), message, fix, group=group)


def _unasked(book: Book) -> Iterator[EndFault]:
    """PRT018: a cable beyond what the inventory asks for."""
    by_key: dict[Key, list[CableView]] = {}
    for view in _open_views(book):
        if all(end.existing or end.end.device in book.placed for end in view.ends):
            by_key.setdefault(key_of(view.cable), []).append(view)
    for key, views in by_key.items():
        surplus = len(views) - book.wanted[key]
        business = any(link.near_port == key[2] for link in book.access.get(key[1], ()) if key[0] == "access")
        if surplus <= 0 or business or (key[2] and book.wanted[key]):
            continue  # a second cable on one interface is a port used twice
        for view in sorted(views, key=lambda v: (not v.stale, -v.index))[:surplus]:
            kind, near, interface, far = key
            code = _surplus_code(book, view)
            what = f"{near}{':' + interface if interface else ''}"
            message = Text(f"the inventory asks for no such {kind} cable from {what} to {far or view.cable.b.device}",
                           f"设计未要求从 {what} 到 {far or view.cable.b.device} 的 {kind} 线缆")  # fmt: skip
            fix = Text("remove it, or add the link to the inventory", "删除，或在设计中补充该链路")
            group = f"{view.owner}:{kind}" if not interface else ""
            arithmetic = f"planned {len(views)}, asked for {book.wanted[key]}"
            yield EndFault(code, view, ("b", "device"), message, fix, arithmetic, group=group)


def _surplus_code(book: Book, view: CableView) -> str:
    """Code that speaks of surplus links: where the inventory asks for too few, the fault is there."""
    pair = book.inventory.pairs.get(view.owner)
    if view.cable.kind == "peer-link" and pair is not None and pair.mlag:
        if pair.peer_link is None or not pair.peer_link.count:
            return "NET030"
        return "PRT018" if pair.peer_link.count > 1 else "NET031"
    if view.cable.kind == "uplink" and pair is not None and pair.uplinks and len(set(pair.uplinks.to)) == 1:
        return "RED026"
    switch = book.inventory.oob_switches.get(view.owner)
    if view.cable.kind == "oob-uplink" and switch is not None and len(uplinks_wanted(switch)) == 1:
        return "NET039"
    return "PRT018"


def _taken_twice(book: Book) -> Iterator[EndFault]:
    """PRT011: two cables on one port; the one whose label says another port is the one to look at."""
    users: dict[tuple[str, str], list[tuple[CableView, EndView]]] = {}
    for view in _open_views(book):
        for end in view.ends:
            if end.end.port is not None:
                users.setdefault((end.end.device, end.end.port), []).append((view, end))
    for (device, port), claims in users.items():
        if len(claims) < 2:
            continue
        odd = [c for c in claims if c[1].side in c[0].stale]
        if not odd or len(odd) == len(claims):
            odd = claims[1:]
        for view, end in odd:
            others = tuple(dict.fromkeys(v for v, _ in claims if v is not view))
            names = ", ".join(v.cable.id for v in others) or view.cable.id
            message = Text(
                f"port {device}:{port} is taken by {names} already", f"端口 {device}:{port} 已被 {names} 占用"
            )
            fix = Text("give one of them a free port, or remove the line and plan again",
                       "为其中一条改用空闲端口，或删除该行后重新规划")  # fmt: skip
            yield EndFault(
                "PRT011", view, (end.side, "port"), message, fix, f"{len(claims)} cables on 1 port", others
            )


_USES: dict[tuple[str, str], tuple[PortUse, ...]] = {
    ("access", "b"): ("server", "growth"), ("uplink", "a"): ("uplink",), ("oob-uplink", "a"): ("uplink",),
    ("peer-link", "a"): ("peer_link",), ("peer-link", "b"): ("peer_link",), ("keepalive", "a"): ("keepalive",),
    ("keepalive", "b"): ("keepalive",), ("oob", "b"): ("oob",),
}  # fmt: skip
"""Kind of cable and end -> uses of the port plan it may take."""


def _out_of_range(book: Book) -> Iterator[EndFault]:
    """PRT012: a port outside the range its use has in the port plan."""
    allowed: dict[tuple[str, tuple[PortUse, ...]], frozenset[str]] = {}
    for view in _open_views(book):
        for end in view.ends:
            uses = _USES.get((view.cable.kind, end.side))
            plan = port_plan_of(book.inventory, end.device) if end.device and uses else None
            if uses is None or plan is None or end.device is None or plan.device_type != end.device.type.slug:
                continue
            key = (plan.name, uses)
            if key not in allowed:
                allowed[key] = frozenset(p for use in uses for p in ports_for(plan, use))
            if not allowed[key] or end.end.port in allowed[key]:
                continue
            text = ", ".join(plan.ranges[use] for use in uses if use in plan.ranges)
            message = Text(f"port {end.name} is not in the {uses[0]} range of {plan.name}: {text}",
                           f"端口 {end.name} 不在 {plan.name} 的 {uses[0]} 范围内：{text}")  # fmt: skip
            fix = Text("use a port of the range, or widen the range", "改用范围内端口，或扩大范围")
            yield EndFault("PRT012", view, (end.side, "port"), message, fix, group=f"{plan.name}/{uses[0]}")
            break


def _not_free(book: Book) -> Iterator[EndFault]:
    """PRT021: a port on a switch that stands already which the survey did not find free."""
    free: dict[str, frozenset[str] | None] = {}
    for view in _open_views(book):
        switch, port = view.b.existing, view.cable.b.port
        if switch is None or port is None or switch.name in book.overbooked:
            continue
        if switch.name not in free:
            surveyed = free_ports_of(switch)
            free[switch.name] = None if surveyed is None else frozenset(p for _, p in surveyed)
        known = free[switch.name]
        if known is not None and port not in known:
            message = Text(f"{port} of {switch.name} is not among the {len(known)} surveyed free ports",
                           f"{switch.name} 的 {port} 不在已调查的 {len(known)} 个空闲端口中")  # fmt: skip
            fix = Text("take a free port, or correct the survey", "改用空闲端口，或更正调查结果")
            yield EndFault("PRT021", view, ("b", "port"), message, fix, group=switch.name)


def in_band_uplinks(inventory: Inventory, to: Sequence[str]) -> list[int]:
    """Indexes of those uplink targets that are not switches of the out-of-band core."""
    switches = inventory.existing_switches
    return [i for i, name in enumerate(to) if name in switches and switches[name].role != "oob-core"]


def ports_needed(book: Book) -> Counter[str]:
    """Ports that the inventory needs on each switch that stands already."""
    need: Counter[str] = Counter()
    for (_, _, _, far), count in book.wanted.items():
        if far in book.inventory.existing_switches:
            need[far] += count
    return need
