"""Kinds of shared risk: those of risk_kinds.yml, those a project adds, and those that follow from what it states."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from inventory import model as m
from inventory.fields import Exposed
from inventory.inventory import Inventory
from inventory.project_files import shown_path
from inventory.source import read
from inventory.validation import validate

SHIPPED = Path(__file__).with_name("risk_kinds.yml")
ANY = "*"


class Kind(m.RiskKind):
    """A kind of shared risk; `of` may be `*`: every element with the fact. `must_say`: element kinds that have such a risk for certain; where the fact is
    missing on one of them, it is unknown. `say` tells how to state it where `risks` alone is not the way."""

    of: tuple[str, ...]
    must_say: tuple[str, ...] = ()
    say: m.Title | None = None


@cache
def shipped_kinds() -> Mapping[str, Kind]:
    """Kinds of risk_kinds.yml by name, in the order of the file.

    Raises ValueError when the shipped file has a fault.
    """
    document, findings = read(SHIPPED, shown_path(SHIPPED))
    out: dict[str, Kind] = {}
    if document is not None:
        for i, item in enumerate(document.data["kinds"]):
            kind, found = validate(Kind, item, f"{document.path}#kinds/{i}", document, ("kinds", i))
            findings.extend(found)
            if kind is not None:
                out[kind.name] = kind
    if findings:
        raise ValueError("\n".join(f.to_line() for f in findings))
    return out


def kinds(inventory: Inventory) -> Mapping[str, Kind]:
    """All kinds by name: the shipped ones, then those of the project, then one for each fact that some record
    states under `risks` and no kind is formed by (it takes every element with that fact).

    A kind of the project takes the place of a shipped one of the same name.
    """
    out = dict(shipped_kinds())
    for name in sorted(inventory.risk_kinds):
        record = inventory.risk_kinds[name]
        out[name] = Kind(**record.model_dump())
    formed = {kind.by for kind in out.values()}
    for fact in stated_facts(inventory):
        if fact not in formed:
            name = fact if fact not in out else f"{fact}-stated"
            out[name] = Kind(name=name, title=m.Title(en=fact, zh=fact), of=(ANY,), by=fact)
    return out


def stated_facts(inventory: Inventory) -> tuple[str, ...]:
    """Kinds of fact that records state under `risks`, sorted."""
    found: set[str] = set()
    for section in EXPOSED:
        for record in getattr(inventory, section).values():
            found.update(record.risks)
    return tuple(sorted(found))


EXPOSED = tuple(name for name, record in m.SECTIONS.items() if issubclass(record, Exposed))
"""Sections whose records may state risks."""
