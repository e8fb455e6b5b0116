"""A project many times over: every site with rooms, racks, fleets, switches and addresses of its own.

The first copy is the project itself; the others bear other names, prefixes and ASNs. What belongs to no
site (zones, port plans, requirements) stands once.
"""

from __future__ import annotations

import ipaddress
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from inventory import model as m
from inventory.inventory import Inventory
from inventory.load import load, references, shown_path

SHARED = {"zones", "endpoints", "policies", "port_plans", "requirements", "waivers"}
"""Sections that stand once, however many copies there are."""

PRIVATE_ASN = 4_200_000_000  # first private ASN of four bytes (RFC 6996)
_ASN_STEP = 1000  # ASNs set apart for one copy

Data = dict[str, Any]


def copy_project(source: Path, target: Path, copies: int) -> None:
    """Write the project in `source` into the new folder `target`, `copies` times over, without its plan.

    Files keep their names; each holds `copies` times the records. Raises ValueError when the rooms of a
    site letter would pass 99 or the address plan is not inside 10.0.0.0/8.
    """
    loaded = load(source)
    if loaded.inventory is None:
        raise ValueError("; ".join(f.to_text() for f in loaded.findings))
    inventory = loaded.inventory
    folder = shown_path(source)
    files: dict[str, Data] = {_file(inventory.project.at, folder): {"project": _plain(inventory.project)}}
    for k in range(copies):
        rename = _names(inventory, k)
        for section in m.SECTIONS:
            for record in getattr(inventory, section).values():
                once = section in SHARED or (section == "statements" and _everywhere(record))
                if once and k:
                    continue
                data = _plain(record) if once else _renamed(section, record, rename)
                if not once:
                    _readdress(section, data, inventory, k)
                elif section == "statements":
                    data["amount"] *= copies
                files.setdefault(_file(record.at, folder), {}).setdefault(section, []).append(data)
    for name, content in sorted(files.items()):
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_text(content), encoding="utf-8")
    if (source / "catalog").is_dir():
        shutil.copytree(source / "catalog", target / "catalog")


def _names(inventory: Inventory, k: int) -> Callable[[str], str]:
    """How copy `k` (0: the project itself) names what the project calls by a name."""
    if not k:
        return lambda name: name
    last: dict[str, int] = {}
    for room in inventory.rooms:
        last[room[0]] = max(last.get(room[0], 0), int(room[1:]))
    starts: dict[str, str] = {}
    for room in inventory.rooms:
        number = int(room[1:]) + k * last[room[0]]
        if number > 99:
            raise ValueError(f"room {room[0]}{number}: two digits are all there are")
        starts[room] = f"{room[0]}{number:02d}"
    for site in inventory.sites:
        starts[site] = f"{site}x{k + 1:02d}"
        starts[site.lower()] = starts[site].lower()

    def rename(name: str) -> str:
        head, dash, tail = name.partition("-")
        return starts[head] + dash + tail if head in starts else f"{name}-{k + 1:02d}"

    return rename


def _renamed(section: str, record: m.Record, rename: Callable[[str], str]) -> Data:
    data = _plain(record)
    for path, name, sections in references(record):
        if not any(s in SHARED or s.startswith("catalog.") for s in sections):
            _put(data, path, rename(name))
    if section not in ("vlans", "reserved_prefixes"):
        data["name"] = rename(data["name"])
    for rack in data.get("racks", ()) if section == "rows" else ():
        rack["name"] = rename(rack["name"])
    for field in ("pair", "ha_group") if section in ("existing_switches", "fleets") else ():
        if data.get(field):
            data[field] = rename(data[field])
    for host in data.get("hosts", ()) if section == "existing_hosts" else ():
        host["name"] = rename(host["name"])
        for field in ("serial", "mac"):
            host.pop(field, None)
    return data


def _readdress(section: str, data: Data, inventory: Inventory, k: int) -> None:
    """Prefixes and ASNs of copy `k`: every /16 of the project has one of its own in each copy."""
    prefixes = [p.prefix for p in inventory.pools.values()]
    prefixes += [p.prefix for p in inventory.reserved_prefixes.values()]
    blocks = sorted(set(map(_block, prefixes)))

    def moved(text: str) -> str:
        network = ipaddress.IPv4Network(text)
        block = blocks.index(_block(text)) + k * len(blocks)
        if k and block > 255:
            raise ValueError(f"{text}: 10.0.0.0/8 has no room for copy {k + 1}")
        base = int(network.network_address) & 0xFFFF | 10 << 24 | block << 16
        return f"{ipaddress.IPv4Address(base)}/{network.prefixlen}"

    if section in ("pools", "reserved_prefixes"):
        data["prefix"] = moved(data["prefix"])
    for host in data.get("hosts", ()) if section == "existing_hosts" else ():
        host["addresses"] = [moved(f"{a}/32").removesuffix("/32") for a in host.get("addresses", ())]
    for field in ("asn", "first", "last"):
        if k and section in ("asn_pools", "existing_switches") and data.get(field) is not None:
            lowest = min(pool.first for pool in inventory.asn_pools.values())
            data[field] += PRIVATE_ASN + k * _ASN_STEP - lowest


def _block(prefix: str) -> int:
    network = ipaddress.IPv4Network(prefix)
    if not network.subnet_of(ipaddress.IPv4Network("10.0.0.0/8")):
        raise ValueError(f"{prefix} is not inside 10.0.0.0/8")
    return int(network.network_address) >> 16 & 0xFF


def _everywhere(statement: m.Statement) -> bool:
    """Whether a statement counts over the whole project, so that its amount grows with the copies."""
    return not statement.of.sites and not statement.of.fleets


def _put(data: Any, path: tuple[str | int, ...], value: str) -> None:
    for step in path[:-1]:
        data = data[step]
    data[path[-1]] = value


def _plain(record: m.Record) -> Data:
    data = _lists(record.model_dump(mode="python", by_alias=True, exclude_unset=True))
    data.pop("at", None)
    for rack in data.get("racks", ()):
        if isinstance(rack, dict):
            rack.pop("at", None)
    return dict(data)


def _lists(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _lists(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_lists(v) for v in value]
    return value


def _file(at: str, folder: str) -> str:
    return at.partition("#")[0].removeprefix(f"{folder}/")


def _text(content: Data) -> str:
    return yaml.dump(
        content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, default_flow_style=None, width=300
    )


class _Dumper(yaml.CSafeDumper):
    """Writes every value out: no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
