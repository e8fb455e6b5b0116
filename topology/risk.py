"""Groups of shared risk: elements that fail together, formed from their facts by kinds that are data."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from inventory.findings import Text
from inventory.inventory import Inventory
from topology.elements import Element, Layers, SharedRisk
from topology.risk_kinds import ANY, Kind, kinds


def shared_risks(inventory: Inventory, layers: Layers) -> tuple[SharedRisk, ...]:
    """Groups of shared risk, sorted by key; a group without members is left out.

    One group for each value of each kind's fact (`rack:A01-A04`), and those the project names by hand; members
    named by hand join a group of the same key. Unknown facts form no group: `unknown_facts` lists them.
    """
    known = kinds(inventory)
    titles: dict[str, Text] = {}
    members: dict[str, set[str]] = {}
    kind_of: dict[str, str] = {}
    by_element_kind = _by_element_kind(known)
    for key, element in layers.elements.items():
        for kind in by_element_kind.get(element.kind, by_element_kind[ANY]):
            for value in element.facts.get(kind.by, ()):
                name = f"{kind.name}:{value}"
                if name not in members:
                    members[name] = set()
                    kind_of[name] = kind.name
                    titles[name] = Text(f"{kind.title.en} {value}", f"{kind.title.zh} {value}")
                members[name].add(key)
    keys = sorted(layers.elements)
    for group in inventory.risk_groups.values():
        name = f"{group.kind}:{group.name}"
        kind_of[name] = group.kind
        titles[name] = Text(group.title.en, group.title.zh)
        members.setdefault(name, set()).update(k for s in group.members for k in selected(keys, s))
    return tuple(
        SharedRisk(name, kind_of[name], titles[name], tuple(sorted(members[name])))
        for name in sorted(members)
        if members[name]
    )


def selected(keys: Sequence[str], selector: str) -> Sequence[str]:
    """Element keys a selector stands for: that one, or with * at its end all that begin so.

    `keys` must be sorted.
    """
    stem = selector.removesuffix("*")
    start = bisect_left(keys, stem)
    if stem == selector:
        return keys[start : start + 1] if keys[start : start + 1] == [selector] else []
    end = start
    while end < len(keys) and keys[end].startswith(stem):
        end += 1
    return keys[start:end]


def unknown_facts(
    inventory: Inventory, elements: Mapping[str, Element]
) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Elements of which a fact that forms groups is unknown: (kind of risk, sites joined by +) -> their keys."""
    by_element_kind = _by_element_kind(kinds(inventory))
    out: dict[tuple[str, str], list[str]] = {}
    for key, element in elements.items():
        if element.unknown:
            for kind in by_element_kind.get(element.kind, by_element_kind[ANY]):
                if kind.by in element.unknown:
                    out.setdefault((kind.name, "+".join(element.facts.get("site", ()))), []).append(key)
    return {pair: tuple(sorted(out[pair])) for pair in sorted(out)}


def _by_element_kind(known: Mapping[str, Kind]) -> dict[str, tuple[Kind, ...]]:
    """Kinds of risk that take each kind of element; under * those that take every one."""
    names = {of for kind in known.values() for of in kind.of} | {ANY}
    return {
        name: tuple(kind for kind in known.values() if name in kind.of or ANY in kind.of) for name in names
    }
