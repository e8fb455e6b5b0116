"""References inside the catalogue that lead nowhere, and names that stand twice in one list."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from inventory.catalog_model import Optic, RackType
from inventory.device_model import DeviceType
from inventory.findings import Text
from inventory.interface_types import expand_range
from inventory.source import DataPath

if TYPE_CHECKING:
    from inventory.device_types import Catalog

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
    at_key: bool = False


def broken_references(catalog: Catalog, kind: str, slug: str) -> Iterator[Fault]:
    """Faults of one entry that only show once all folders are read, in file order."""
    entry: Any = getattr(catalog, kind)[slug]
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
        at = ("port-mappings", index)
        yield from _missing(mapping.front_port, fronts, "front port", (*at, "front_port"))
        yield from _missing(mapping.rear_port, rears, "rear port", (*at, "rear_port"))
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
    for field, groups in (
        ("port_groups", ports.port_groups),
        ("breakouts", ports.breakouts),
        ("cages", ports.cages),
    ):
        for index, group in enumerate(groups):
            at = ("rackwright", "ports", field, index)
            yield from _range(group.ports, entry.interface_by_name, "interface", (*at, "ports"))
            for number, text in enumerate(getattr(group, "disables", ())):
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
                "INV044",
                tuple(where.split(".")),
                Text(f"{name} stands {count} times in {where}", f"{name} 在 {where} 中出现 {count} 次"),
                Text("give each its own name", "为每一项取不同名称"),
                at_key=True,
            )


def _missing(name: str, known: Iterable[str], what: str, path: DataPath) -> Iterator[Fault]:
    if name in known:
        return
    guess = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    yield Fault(
        "INV043",
        path,
        Text(f"there is no {what} {name}", f"不存在 {what} {name}"),
        Text(f"did you mean {guess[0]}?", f"是否应为 {guess[0]}？")
        if guess
        else Text(f"define the {what} or correct the name", "补充定义或更正名称"),
    )


def _range(text: str, known: Iterable[str], what: str, path: DataPath) -> Iterator[Fault]:
    try:
        names = expand_range(text)
    except ValueError as exc:
        yield Fault(
            "INV043",
            path,
            Text(str(exc), f"范围写法有误：{text}"),
            Text("write a range as name[1-4]", "范围写作 name[1-4]"),
        )
        return
    known = set(known)
    for name in names:
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
            yield Fault("INV043", (*at, which, key), why, fix, at_key=True)


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
