"""The first thing that is wrong with the medium of a cable: catalogue, cage, optic pair, fibre, speed, reach, loss.

One cable has one such fault, in that order, so that a wrong optic is not reported again as a wrong fibre
and a wrong speed. Cables that share a cause are reported together where their link is declared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from inventory.catalog_parts import CableType, Optic
from inventory.checks import Context
from inventory.findings import Position, Text
from inventory.interface_types import form_factor
from inventory.model import Fleet, OobSwitch, Pair, Record
from topology.checks.cable_book import Book, CableView, EndView, cable_book
from topology.checks.length_book import by_far_switch, longest_m, measured, sum_text
from topology.links import Key
from topology.media import Medium, declared_medium, link_speed_gbps, port_gbps, uplink_medium
from topology.ports import free_ports_of, ports_for


@dataclass(frozen=True, slots=True)
class MediumFault:
    """What is wrong with a cable. `part` is the field of the cable that is at fault; `owner` and `field` say
    where the inventory declares it (None: it does not declare the cable as planned)."""

    code: str
    view: CableView
    part: tuple[str, ...]
    message: Text
    fix: Text
    arithmetic: str = ""
    weight: float = 0.0
    owner: Record | None = None
    field: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """Cables with the same fault, the worst first, and where to say so."""

    subject: str
    faults: tuple[MediumFault, ...]
    position: Position | None


def medium_faults(ctx: Context) -> dict[int, MediumFault]:
    """The fault of each cable by its index; sound cables are absent."""

    def make() -> dict[int, MediumFault]:
        book = cable_book(ctx)
        out: dict[int, MediumFault] = {}
        for view in book.views:
            if view.index not in book.faults:
                fault = next(_faults(view, book, ctx), None)
                if fault is not None:
                    out[view.index] = _declared(fault, book)
        return out

    found: dict[int, MediumFault] = ctx.memo("topology.medium_faults", make)
    return found


def declared_for(view: CableView, book: Book) -> Medium | None:
    """Cable and optics that the inventory declares for a cable of the plan; None: nothing declares it."""
    links = book.access.get(view.cable.a.device, ())
    access = next((k.medium for k in links if k.near_port == view.cable.a.port), None)
    return declared_medium(book.inventory, view.cable, access)


def link_gbps(book: Book, key: Key) -> float:
    """Speed in Gbit/s that a wanted link has by its declaration; 0 when nothing declares it."""
    kind, near, port, far = key
    inventory = book.inventory
    if kind == "access":
        return next((k.speed_gbps for k in book.access.get(near, ()) if k.near_port == port), 0.0)
    record = inventory.devices[near].record
    if not isinstance(record, Pair | OobSwitch):
        return 0.0
    medium = uplink_medium(inventory, near, record, far)
    ports = ports_for(inventory.port_plans[record.port_plan], "uplink")
    if medium is None:
        return 0.0
    return link_speed_gbps(
        inventory, medium, port_gbps(inventory, near, ports[0]), port_gbps(inventory, far, None)
    )


def real_gbps(view: CableView, book: Book) -> float:
    """Speed in Gbit/s of the slowest part of a cable, whatever the plan states."""
    if view.type is None:
        return view.cable.speed_gbps
    medium = Medium(view.type, view.cable.a.optic, view.cable.b.optic)
    known = all(
        o is None or o in book.inventory.catalog.optics for o in (view.cable.a.optic, view.cable.b.optic)
    )
    ends = [port_gbps(book.inventory, e.end.device, e.end.port) for e in view.ends]
    return link_speed_gbps(book.inventory, medium, *ends) if known else view.cable.speed_gbps


def as_planned(view: CableView) -> tuple[str, str | None, str | None]:
    """Cable type and optics of the plan, near end first."""
    return view.cable.type, view.cable.a.optic, view.cable.b.optic


def parts_of(medium: Medium) -> tuple[str, str | None, str | None]:
    """Cable type and optics of a declared link, near end first."""
    return medium.cable.slug, medium.near_optic, medium.far_optic


def declaring(view: CableView, part: tuple[str, ...], book: Book) -> tuple[Record, tuple[str, ...]] | None:
    """Record and field of the inventory that give a part of a cable (type, optic of an end); None: none does."""
    if part == ("speed_gbps",):
        return None
    record = view.a.device.record if view.a.device else None
    kind, inventory = view.cable.kind, book.inventory
    link: tuple[Record, tuple[str, ...]] | None = None
    if kind == "access" and isinstance(record, Fleet):
        placed = book.placed.get(view.cable.a.device)
        pair = inventory.pairs.get(placed.pair or "") if placed else None
        if record.attach and record.attach.optic and part[:1] != ("type",):
            return record, ("attach", "optic")
        if pair is None:
            return record, ("attach",)
        link = (pair, ("downlink",))
    elif kind in ("uplink", "oob-uplink") and isinstance(record, Pair | OobSwitch) and record.uplinks:
        link = (record, ("uplinks",))
    elif kind == "peer-link" and isinstance(record, Pair) and record.peer_link:
        link = (record, ("peer_link",))
    elif kind == "keepalive" and isinstance(record, Pair):
        link = (record, ("downlink",))
    elif kind == "oob" and view.cable.b.device in inventory.oob_switches:
        link = (inventory.oob_switches[view.cable.b.device], ("downlink",))
    if link is None:
        return None
    owner, path = link
    declared = getattr(owner, path[0])
    # The switch end of downlinks takes `optic`; elsewhere the near end does.
    optic_end = "b" if kind in ("access", "oob") else "a"
    if part[:1] == ("type",):
        return owner, (*path, "cable")
    far = part[:1] != (optic_end,) and declared.far_optic is not None
    return owner, (*path, "far_optic" if far else "optic")


def _declared(fault: MediumFault, book: Book) -> MediumFault:
    """The fault with the place that declares it, when the plan holds what the inventory asks for."""
    medium = declared_for(fault.view, book)
    if medium is None or parts_of(medium) != as_planned(fault.view):
        return fault
    found = declaring(fault.view, fault.part, book)
    return fault if found is None else replace(fault, owner=found[0], field=found[1])


def causes(ctx: Context, code: str) -> dict[int, Cause]:
    """Faults of a code by the index of the cable that speaks for its cause: the worst of those that a far switch
    has in common or that are declared in one place, else the cable itself."""
    all_faults = {i: f for i, f in medium_faults(ctx).items() if f.code == code}
    wanted = dict(all_faults)
    out: dict[int, Cause] = {}
    if any(f.weight for f in all_faults.values()):
        for switch, views in by_far_switch([f.view for f in all_faults.values()], ctx):
            if switch is not None and not _whole_links(views, all_faults, ctx):
                there = sorted((wanted.pop(v.index) for v in views), key=lambda f: (-f.weight, f.view.index))
                out[there[0].view.index] = Cause(switch.name, tuple(there), ctx.where(switch, "x_m"))
    groups: dict[tuple[str, ...], list[MediumFault]] = {}
    for fault in wanted.values():
        owner = getattr(fault.owner, "name", "")
        shared = (owner, *fault.field) if owner else ("", str(fault.view.index))
        groups.setdefault(shared, []).append(fault)
    for faults in groups.values():
        faults.sort(key=lambda f: (-f.weight, f.view.index))
        first = faults[0]
        declared = first.owner is not None and (len(faults) > 1 or not first.weight)
        subject = first.view.cable.id
        position = ctx.where(first.view.cable, *first.part)
        if declared and first.owner is not None:
            subject = f"{getattr(first.owner, 'name', '')}:{first.view.cable.kind}"
            position = ctx.where(first.owner, *first.field)
        out[first.view.index] = Cause(subject, tuple(faults), position)
    return out


def _whole_links(views: Sequence[CableView], faults: Mapping[int, MediumFault], ctx: Context) -> bool:
    """True when every cable of the links that these cables belong to has the fault: then their far switch is
    not what they have in common."""

    def sizes() -> Counter[tuple[str, str]]:
        return Counter((v.owner, v.cable.kind) for v in cable_book(ctx).views)

    total: Counter[tuple[str, str]] = ctx.memo("topology.link_sizes", sizes)
    faulty = Counter((f.view.owner, f.view.cable.kind) for f in faults.values())
    return all(faulty[v.owner, v.cable.kind] == total[v.owner, v.cable.kind] for v in views)


# ---------------------------------------------------------------- the faults, in order of precedence


def _faults(view: CableView, book: Book, ctx: Context) -> Iterator[MediumFault]:
    yield from _not_in_catalogue(view)
    if view.type is None:
        return
    for end in view.ends:
        yield from _cage(view, end, view.type)
    yield from _pair(view, view.type)
    for end in view.ends:
        yield from _fibre(view, end, view.type)
    yield from _speed(view, book, view.type)
    yield from _reach(view, view.type, ctx)
    yield from _loss(view, view.type, ctx)


def _not_in_catalogue(view: CableView) -> Iterator[MediumFault]:
    fix = Text("define it in the catalogue, or correct the name", "在目录中补充定义，或改正名称")
    if view.type is None or view.type.kind == "power":
        name = view.cable.type
        yield MediumFault("PRT051", view, ("type",), Text(f"no data cable {name} in the catalogue", f"目录中没有数据线缆 {name}"), fix)  # fmt: skip
    for end in view.ends:
        if end.end.optic and end.optic is None:
            text = Text(f"no optic {end.end.optic} in the catalogue", f"目录中没有光模块 {end.end.optic}")
            yield MediumFault("PRT051", view, (end.side, "optic"), text, fix)


def _cages(end: EndView) -> tuple[str, ...] | None:
    """Form factors the port takes; None: nobody says (a switch that stands already, a console port)."""
    if end.device is not None:
        if end.interface is None:
            return None
        return end.device.type.cages_by_port.get(end.interface.name, ())
    form = form_factor(end.existing.port_type) if end.existing and end.existing.port_type else None
    return (form,) if form else None


def _cage(view: CableView, end: EndView, kind: CableType) -> Iterator[MediumFault]:
    cages = _cages(end)
    if kind.kind == "serial" or (cages is None and end.optic is None):
        return
    plug = kind.connector_a if end.side == "a" else kind.connector_b
    part, takes = (end.side, "optic"), ", ".join(cages or ()) or "unknown"
    if kind.fixed_ends:
        if end.optic is not None:
            text = Text(
                f"{kind.slug} has moulded ends and takes no optic", f"{kind.slug} 为成品线缆，不配光模块"
            )
            yield MediumFault("PRT052", view, part, text, Text("remove the optic", "去掉光模块"))
        elif cages is not None and not _plugs(plug, cages):
            text = Text(f"{end.name} takes {takes}, not the {plug} end of {kind.slug}", f"{end.name} 只接受 {takes}，不能插 {kind.slug} 的 {plug} 端")  # fmt: skip
            yield MediumFault("PRT052", view, ("type",), text, Text("use a cable of the port's form", "改用与端口匹配的线缆"))  # fmt: skip
    elif end.optic is not None:
        if cages is not None and not set(end.optic.cages) & set(cages):
            text = Text(f"{end.name} takes {takes}, {end.optic.slug} fits {', '.join(end.optic.cages)}",
                        f"{end.name} 接受 {takes}，{end.optic.slug} 适用于 {', '.join(end.optic.cages)}")  # fmt: skip
            yield MediumFault("PRT052", view, part, text, Text(f"use an optic for {takes}", f"改用适合 {takes} 的光模块"))  # fmt: skip
    elif cages is not None and not set(cages) & {"rj45", "fixed"} and cages:
        text = Text(
            f"{end.name} is a cage ({takes}) and has no optic", f"{end.name} 为光口（{takes}），未配光模块"
        )
        yield MediumFault("PRT052", view, part, text, Text("name the optic of this end", "写明该端光模块"))


def _plugs(plug: str, cages: Sequence[str]) -> bool:
    """True when a moulded plug fits: its own form, or the larger cage of the same family."""
    return plug in cages or (plug, "qsfp28") in {("qsfp+", c) for c in cages}


def _pair(view: CableView, kind: CableType) -> Iterator[MediumFault]:
    a, b = view.a.optic, view.b.optic
    if a is None or b is None:
        return
    splits = kind.branches > 1 and any(p.optic == b.slug and p.count == kind.branches for p in a.breaks_into)
    if not splits and not a.joins(b):
        declared = [o for o in (a.interoperates, b.interoperates) if o]
        yield MediumFault(
            "PRT053", view, ("b", "optic"),
            Text(f"{a.slug} ({a.standard}) does not talk to {b.slug} ({b.standard})",
                 f"{a.slug}（{a.standard}）与 {b.slug}（{b.standard}）不能互通"),
            Text("use one standard at both ends", "两端使用同一标准的光模块"),
            f"{a.slug} joins {', '.join((a.slug, *a.interoperates))}" if declared else "",
        )  # fmt: skip


def _fibre(view: CableView, end: EndView, kind: CableType) -> Iterator[MediumFault]:
    if kind.fixed_ends or kind.kind == "serial":
        return
    plug = kind.connector_a if end.side == "a" else kind.connector_b
    if end.optic is not None:
        wants, what = (end.optic.medium, end.optic.connector), end.optic.slug
        if wants == (kind.medium, plug):
            return
        words = f"{wants[0]} with {wants[1]}"
    else:
        cages = _cages(end)
        if cages is None or "rj45" not in cages or plug == "rj45":
            return
        what, words = end.name, "copper with rj45"
    yield MediumFault(
        "PRT054", view, ("type",),
        Text(f"{what} needs {words}, {kind.slug} is {kind.medium} with {plug}", f"{what} 需要 {words}，{kind.slug} 为 {kind.medium}、{plug}"),
        Text(f"use a cable of {words}", f"改用 {words} 线缆"),
    )  # fmt: skip


def _speed(view: CableView, book: Book, kind: CableType) -> Iterator[MediumFault]:
    if kind.kind == "serial":
        return
    for end in view.ends:
        port, runs = (
            port_gbps(book.inventory, end.end.device, end.end.port),
            end.optic.speed_gbps if end.optic else kind.speed_gbps,
        )
        if port is not None and runs is not None and runs > port and (end.optic or kind.fixed_ends):
            what = end.optic.slug if end.optic else kind.slug
            text = Text(f"{what} runs at {runs:g}G, port {end.name} at {port:g}G at most", f"{what} 为 {runs:g}G，端口 {end.name} 最高 {port:g}G")  # fmt: skip
            part = (end.side, "optic") if end.optic else ("type",)
            yield MediumFault("PRT055", view, part, text, Text(f"use {port:g}G at both ends", f"两端使用 {port:g}G"), f"{runs:g} > {port:g}")  # fmt: skip
    ends = [port_gbps(book.inventory, e.end.device, e.end.port) for e in view.ends]
    runs = real_gbps(view, book)
    if runs != view.cable.speed_gbps:
        yield MediumFault(
            "PRT055", view, ("speed_gbps",),
            Text(f"the link runs at {runs:g}G, the plan says {view.cable.speed_gbps:g}G", f"链路速率为 {runs:g}G，计划标注 {view.cable.speed_gbps:g}G"),
            Text(f"write {runs:g}", f"改为 {runs:g}"), _slowest(view, kind, ends),
        )  # fmt: skip


def _slowest(view: CableView, kind: CableType, ends: Sequence[float | None]) -> str:
    parts = [f"port {e.name} {g:g}" for e, g in zip(view.ends, ends, strict=True) if g is not None]
    parts += [f"{e.optic.slug} {e.optic.speed_gbps:g}" for e in view.ends if e.optic]
    parts += [f"{kind.slug} {kind.speed_gbps:g}"] if kind.speed_gbps is not None else []
    return f"min({', '.join(parts)})"


def _reach(view: CableView, kind: CableType, ctx: Context) -> Iterator[MediumFault]:
    needed = longest_m(view, ctx)
    if needed is None:
        return
    for end in view.ends:
        limit = end.optic.reach_m.get(kind.grade) if end.optic and kind.kind == "fibre" else None
        if end.optic is not None and limit is not None and needed > limit + 1e-9:
            m = measured(ctx)[view.index]
            yield MediumFault(
                "PRT056", view, ("length_m",),
                Text(f"{needed:.2f} m of {kind.grade.upper()}, {end.optic.slug} reaches {limit:g} m",
                     f"{kind.grade.upper()} {needed:.2f} m，{end.optic.slug} 最远 {limit:g} m"),
                _longer_reach(end.optic, needed), sum_text(m, ctx) or f"{needed:g} m > {limit:g} m", needed,
            )  # fmt: skip


def _longer_reach(optic: Optic, needed: float) -> Text:
    better = [f"{g.upper()} ({r:g} m)" for g, r in sorted(optic.reach_m.items()) if r >= needed]
    if better:
        return Text(f"use {', '.join(better)}", f"改用 {', '.join(better)}")
    return Text("use an optic for longer distances, or a switch nearer", "改用长距光模块，或缩短距离")


def _loss(view: CableView, kind: CableType, ctx: Context) -> Iterator[MediumFault]:
    needed, policy = longest_m(view, ctx), ctx.inventory.policy
    if needed is None or kind.kind != "fibre":
        return
    for end in view.ends:
        budget = end.optic.budget_db.get(kind.grade) if end.optic else None
        if end.optic is None or budget is None:
            continue
        wave = end.optic.wavelength_nm or 850
        per_km = kind.loss_db_km.get(str(wave))
        if per_km is None:
            per_km = policy.number("cable.db_km_850" if wave < 1200 else "cable.db_km_1310")
        pairs = [
            policy.number("cable.db_mpo" if c.startswith("mpo") else "cable.db_lc")
            for c in (kind.connector_a, kind.connector_b)
        ]
        loss, margin = needed / 1000 * per_km + sum(pairs), policy.number("cable.db_margin")
        if loss > budget - margin + 1e-9:
            km = needed / 1000
            yield MediumFault(
                "PRT061", view, ("length_m",),
                Text(f"loss {loss:.2f} dB, {end.optic.slug} allows {budget - margin:.2f} dB with margin",
                     f"损耗 {loss:.2f} dB，{end.optic.slug} 扣除余量后允许 {budget - margin:.2f} dB"),
                Text("shorten the run, or demand low-loss connectors (0.35 dB)", "缩短长度，或采用低损耗连接器（0.35 dB）"),
                f"{km:.4f} km x {per_km:g} + {' + '.join(f'{p:g}' for p in pairs)} = {loss:.2f} dB > {budget:g} - {margin:g} dB", loss,
            )  # fmt: skip
            return


def surveyed_card(view: CableView) -> str | None:
    """Line card of the far port on a switch that stands already; None: not surveyed or no port yet."""
    if view.b.existing is None or view.cable.b.port is None:
        return None
    return next((c for c, p in free_ports_of(view.b.existing) or () if p == view.cable.b.port), None)
