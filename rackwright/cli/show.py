"""`rackwright show`: a list, or everything known of one thing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pydantic import BaseModel

from inventory.model import SECTIONS
from inventory.plan_model import Plan
from rackwright.cli.common import (
    CLEAN,
    UNUSABLE,
    Format,
    Project,
    leave,
    load_project,
    out,
    out_json,
    parse_day,
    run_checks,
    say,
)

Table = tuple[Sequence[str], list[Sequence[Any]]]


def run(what: str, name: str | None, output: Format, day: str | None) -> None:
    """Print what was asked for."""
    project = load_project(name, output)
    if what == "summary":
        _summary(project, output, day)
    elif what in LISTS:
        if project.plan is None and what not in ("sites", "racks", "assumptions"):
            say("no plan yet: run `rackwright plan` first")
            leave(UNUSABLE)
        headings, rows = LISTS[what](project)
        if output is Format.JSON:
            out_json([dict(zip(headings, row, strict=True)) for row in rows])
        else:
            _table(headings, rows)
    else:
        _one(what, project, output)
    leave(CLEAN)


def _summary(project: Project, output: Format, day: str | None) -> None:
    from rackwright.summary import summarise

    if project.plan is None:
        say("no plan yet: run `rackwright plan` first")
        leave(UNUSABLE)
    summary = summarise(project.inventory, project.plan, run_checks(project, parse_day(day)))
    if output is Format.JSON:
        out_json(summary.to_dict())
        return
    from rich.console import Console

    from rackwright.cli.summary_text import print_summary

    print_summary(Console(), summary, [])


def _sites(project: Project) -> Table:
    inventory = project.inventory
    return ("site", "title", "role", "rooms", "racks", "devices"), [
        (s.name, s.title.en, s.role, sum(r.site == s.name for r in inventory.rooms.values()),
         sum(r.site == s.name for r in inventory.racks.values()),
         sum(d.site == s.name for d in inventory.devices.values()))
        for s in inventory.sites.values()
    ]  # fmt: skip


def _racks(project: Project) -> Table:
    plan = _plan(project)
    held: dict[str, int] = {}
    for device in plan.devices:
        if device.rack:
            held[device.rack] = held.get(device.rack, 0) + 1
    load = {line.element: line for line in plan.power if line.kind == "rack"}
    rows: list[Sequence[Any]] = []
    for rack in project.inventory.racks.values():
        line = load.get(rack.name)
        rows.append(
            (rack.name, rack.phase or "?", rack.rated_kw if rack.rated_kw is not None else "unknown",
             held.get(rack.name, 0), round(line.alloc_w) if line else 0, round(line.peak_w) if line else 0,
             rack.reserved)
        )  # fmt: skip
    return ("rack", "phase", "rated_kw", "devices", "alloc_w", "peak_w", "reserved"), rows


def _devices(project: Project) -> Table:
    return ("device", "type", "site", "rack", "position", "pair"), [
        (d.name, d.device_type, d.site or "unknown", d.rack or "not placed", d.position or "", d.pair or "")
        for d in _plan(project).devices
    ]


def _cables(project: Project) -> Table:
    return ("cable", "kind", "type", "a", "b", "length_m", "stock_m"), [
        (c.id, c.kind, c.type, f"{c.a.device}:{c.a.port or '?'}", f"{c.b.device}:{c.b.port or '?'}",
         "unknown" if c.length_m is None else c.length_m, "unknown" if c.stock_m is None else c.stock_m)
        for c in _plan(project).cables
    ]  # fmt: skip


def _bom(project: Project) -> Table:
    return ("item", "site", "where", "needed", "supplied", "spare_wanted", "result", "quantity"), [
        (b.item, b.site, b.where, b.needed, b.supplied, b.spare_wanted, b.result, b.quantity)
        for b in _plan(project).bom
    ]


def _addresses(project: Project) -> Table:
    return ("address", "plane", "device", "interface", "prefix", "vid"), [
        (a.address, a.plane, a.device, a.interface, a.prefix, a.vid or "") for a in _plan(project).addresses
    ]


def _power(project: Project) -> Table:
    return ("element", "kind", "limit_w", "alloc_w", "peak_w", "peak_a_dead_w", "peak_b_dead_w", "unknown"), [
        (p.element, p.kind, "unknown" if p.limit_w is None else round(p.limit_w), round(p.alloc_w), round(p.peak_w),
         round(p.peak_a_dead_w), round(p.peak_b_dead_w), ", ".join(p.unknown))
        for p in _plan(project).power
    ]  # fmt: skip


def _assumptions(project: Project) -> Table:
    return ("subject", "field", "reason", "place"), [
        (subject, field, reason, str(place))
        for subject, field, reason, place in project.inventory.assumptions
    ]


LISTS: dict[str, Callable[[Project], Table]] = {
    "sites": _sites,
    "racks": _racks,
    "devices": _devices,
    "cables": _cables,
    "bom": _bom,
    "addresses": _addresses,
    "power": _power,
    "assumptions": _assumptions,
}


def _one(name: str, project: Project, output: Format) -> None:
    """Everything that bears this name: inventory records with their place, plan records, cables, addresses."""
    inventory, plan = project.inventory, project.plan or Plan()
    found: dict[str, list[dict[str, Any]]] = {}
    for section in SECTIONS:
        record = getattr(inventory, section).get(name)
        if record is not None:
            found[section] = [{**_data(record), "place": str(inventory.where(record))}]
    if name in inventory.racks:
        rack = inventory.racks[name]
        found["rack"] = [
            {"row": rack.row, "site": rack.site, "phase": rack.phase, "rated_kw": rack.rated_kw,
             "rack_type": rack.rack_type.slug, "place": str(inventory.where(rack.record))}
        ]  # fmt: skip
    found["devices"] = [_data(d) for d in plan.devices if name in (d.name, d.rack, d.owner)]
    found["devices"].sort(key=lambda d: (d.get("rack") or "", -(d.get("position") or 0)))
    found["cables"] = [_data(c) for c in plan.cables if name in (c.id, c.a.device, c.b.device)]
    found["cords"] = [_data(c) for c in plan.cords if name in (c.id, c.device)]
    found["addresses"] = [_data(a) for a in plan.addresses if name in (a.address, a.device)]
    found["power"] = [_data(p) for p in plan.power if p.element == name]
    found = {k: v for k, v in found.items() if v}
    if not found:
        _unknown(name, project)
    if output is Format.JSON:
        out_json(found)
        return
    for section, records in found.items():
        out(f"{section} ({len(records)})")
        for record in records:
            out("  " + "  ".join(f"{k}={_short(v)}" for k, v in record.items()))


def _unknown(name: str, project: Project) -> None:
    from inventory.validation import near

    names: set[str] = {*LISTS, "summary", *project.inventory.racks, *project.inventory.devices}
    for section in SECTIONS:
        names.update(getattr(project.inventory, section))
    guess = near(name, names)
    say(f"nothing named {name}" + (f"; did you mean {guess}?" if guess else f"; lists: {', '.join(LISTS)}"))
    leave(UNUSABLE)


def _data(record: BaseModel) -> dict[str, Any]:
    data = record.model_dump(mode="json", exclude_defaults=True)
    data.pop("at", None)
    return data


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "/".join(str(v) for v in value.values() if v is not None)
    if isinstance(value, list):
        return ",".join(_short(v) for v in value)
    return str(value)


def _table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Columns aligned with spaces: readable, and fit for grep and awk."""
    cells = [list(headings), *([str(v) for v in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(headings))]
    for row in cells:
        out("  ".join(value.ljust(width) for value, width in zip(row, widths, strict=True)).rstrip())


def _plan(project: Project) -> Plan:
    return project.plan or Plan()
