"""References inside the catalogue that lead nowhere, and names that stand twice in one list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from inventory.catalog_parts import Optic, RackType
from inventory.device_model import Breakout, Cage, DeviceType, PortGroup
from inventory.findings import Finding, Severity, Text
from inventory.interface_types import expand_range
from inventory.nearest import near
from inventory.source import DataPath, place

if TYPE_CHECKING:
    from inventory.catalog_model import Catalog

_NAMED_LISTS = (
    "console-ports",
    "console-server-ports",
    "power-ports",
    "power-outlets",
    "interfaces",
    "front-ports",
    "rear-ports",
    "module-bays",
    "device-bays",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken reference: code, data path inside the entry, what to say."""

    code: str
    path: DataPath
    message: Text
    fix: Text


def broken_references(catalog: Catalog) -> Iterator[Finding]:
    """Faults that only show once all folders are read: INV008 a reference to nothing, INV009 a name that
    stands twice in one list, INV010 `sources` or `assumed` about a field that is not there."""
    for kind in ("device_types", "rack_types", "components", "optics", "cables"):
        for slug, entry in getattr(catalog, kind).items():
            shown, steps = place(entry.at)
            document = catalog.documents[shown]
            for fault in _faults(catalog, entry):
                whole_key = fault.code != "INV008"
                at = (document.where_key if whole_key else document.where)(*steps, *fault.path)
                yield Finding(fault.code, Severity.ERROR, slug, fault.message, at, fault.fix)


def _faults(catalog: Catalog, entry: Any) -> Iterator[Fault]:
    if isinstance(entry, DeviceType):
        yield from _device_type(catalog, entry)
        yield from _cited(entry.rackwright, entry, ("rackwright",))
    elif isinstance(entry, RackType):
        if entry.rackwright.pdus:
            for side in ("a", "b"):
                pdu = getattr(entry.rackwright.pdus, side)
                yield from _missing(pdu, catalog.device_types, "device type", ("rackwright", "pdus", side))
        yield from _cited(entry.rackwright, entry, ("rackwright",))
    else:
        if isinstance(entry, Optic):
            for index, other in enumerate(entry.interoperates):
                yield from _missing(other, catalog.optics, "optic", ("interoperates", index))
            for index, part in enumerate(entry.breaks_into):
                yield from _missing(part.optic, catalog.optics, "optic", ("breaks_into", index, "optic"))
        yield from _cited(entry, entry, ())


def _device_type(catalog: Catalog, entry: DeviceType) -> Iterator[Fault]:
    for name in _NAMED_LISTS:
        yield from _twice([part.name for part in getattr(entry, name.replace("-", "_"))], name)
    inlets = [port.name for port in entry.power_ports]
    for index, outlet in enumerate(entry.power_outlets):
        if outlet.power_port is not None:
            yield from _missing(
                outlet.power_port, inlets, "power port", ("power-outlets", index, "power_port")
            )
    fronts, rears = [p.name for p in entry.front_ports], [p.name for p in entry.rear_ports]
    for index, port in enumerate(entry.front_ports):
        if port.rear_port is not None:
            yield from _missing(port.rear_port, rears, "rear port", ("front-ports", index, "rear_port"))
    for index, mapping in enumerate(entry.port_mappings):
        yield from _missing(mapping.front_port, fronts, "front port", ("port-mappings", index, "front_port"))
        yield from _missing(mapping.rear_port, rears, "rear port", ("port-mappings", index, "rear_port"))
    for index, interface in enumerate(entry.interfaces):
        if interface.bridge is not None:
            yield from _missing(
                interface.bridge, entry.interface_by_name, "interface", ("interfaces", index, "bridge")
            )
    for index, use in enumerate(entry.rackwright.components):
        yield from _missing(
            use.part, catalog.components, "component", ("rackwright", "components", index, "part")
        )
    ports = entry.rackwright.ports
    groups: tuple[tuple[str, Sequence[PortGroup | Breakout | Cage]], ...] = (
        ("port_groups", ports.port_groups),
        ("breakouts", ports.breakouts),
        ("cages", ports.cages),
    )
    for field, members in groups:
        for index, group in enumerate(members):
            at: DataPath = ("rackwright", "ports", field, index)
            yield from _range(group.ports, entry.interface_by_name, "interface", (*at, "ports"))
            disables = group.disables if isinstance(group, Breakout) else ()
            for number, text in enumerate(disables):
                yield from _range(text, entry.interface_by_name, "interface", (*at, "disables", number))
    outlets = [outlet.name for outlet in entry.power_outlets]
    banked: list[str] = []
    for index, bank in enumerate(entry.rackwright.banks):
        for number, text in enumerate(bank.outlets):
            faults = list(_range(text, outlets, "outlet", ("rackwright", "banks", index, "outlets", number)))
            yield from faults
            if not faults:
                banked.extend(expand_range(text))
    yield from _twice(banked, "rackwright.banks")


def _twice(names: Iterable[str], where: str) -> Iterator[Fault]:
    for name, count in Counter(names).items():
        if count > 1:
            yield Fault(
                "INV009",
                tuple(where.split(".")),
                Text(f"{name} stands {count} times in {where}", f"{name} 在 {where} 中出现 {count} 次"),
                Text("give each its own name", "为每一项取不同名称"),
            )


def _missing(name: str, known: Iterable[str], what: str, path: DataPath) -> Iterator[Fault]:
    if name in known:
        return
    guess = near(name, known, cutoff=0.5)
    yield Fault(
        "INV008",
        path,
        Text(f"there is no {what} {name}", f"不存在 {what} {name}"),
        Text(f"did you mean {guess}?", f"是否应为 {guess}？")
        if guess
        else Text(f"define the {what} or correct the name", "补充定义或更正名称"),
    )


def _range(text: str, known: Iterable[str], what: str, path: DataPath) -> Iterator[Fault]:
    known = set(known)
    for name in expand_range(text):
        if name not in known:
            yield from _missing(name, known, what, path)
            return


def _cited(hints: Any, entry: BaseModel, at: DataPath) -> Iterator[Fault]:
    """Keys of `sources` must name a field, keys of `assumed` a field that has a value."""
    for which in ("sources", "assumed"):
        for key in getattr(hints, which):
            found, value = _lookup(hints, key)
            if not found:
                found, value = _lookup(entry, key)
            empty = value is None or value == ()
            if found and not (empty and which == "assumed"):
                continue
            why = (
                Text(f"{which} names {key}, which has no value", f"{which} 中的 {key} 没有值")
                if found
                else Text(f"{which} names {key}, which is no field", f"{which} 中的 {key} 不是字段")
            )
            fix = Text("name a field of this entry, e.g. psu.rating_w", "写本条目的字段名，例如 psu.rating_w")
            yield Fault("INV010", (*at, which, key), why, fix)


def _lookup(entry: BaseModel, dotted: str) -> tuple[bool, Any]:
    """(field exists, its value) for a dotted path of field names."""
    value: Any = entry
    for step in dotted.split("."):
        if isinstance(value, dict):
            if step not in value:
                return False, None
            value = value[step]
            continue
        fields = type(value).model_fields if isinstance(value, BaseModel) else {}
        name = next((n for n, f in fields.items() if step in (n, f.alias)), None)
        if name is None:
            return False, None
        value = getattr(value, name)
    return True, value
