"""The rules, held against everything a program declares before the engine hears of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from inventory.inventory import Inventory
from stacks.policy.rules import Known, Violation
from stacks.policy.rules import violations as broken
from stacks.programs.declared import Declared
from stacks.programs.wanted import TOKENS, Wanted

SHOWN = 20
SHORTEST = 6
"""A value shorter than this is no secret one could look for: it would be found in any text."""


class PolicyError(Exception):
    """What a program declares breaks rules; nothing was sent to the engine."""

    def __init__(self, found: list[Violation]) -> None:
        lines = [v.line() for v in found[:SHOWN]]
        if len(found) > SHOWN:
            lines.append(f"and {len(found) - SHOWN} more")
        super().__init__("policy: nothing was declared:\n  " + "\n  ".join(lines))
        self.found = found


def violations(declared: Iterable[Declared | Wanted], inventory: Inventory | None = None) -> list[Violation]:
    """Rules broken by what is declared. Without the inventory the owners are those by default, and whether a secret
    that is named exists is not looked at."""
    return broken([_resource(d) for d in declared], known_of(inventory) if inventory else Known())


def refuse_violations(declared: Iterable[Declared | Wanted], inventory: Inventory) -> None:
    """Raises PolicyError with every violation."""
    if found := violations(declared, inventory):
        raise PolicyError(found)


def known_of(inventory: Inventory, environ: Mapping[str, str] = os.environ) -> Known:
    """What the rules are held against in a project; values of secrets from the environment where they are set."""
    values = {
        environ[s.key]
        for s in inventory.secrets.values()
        if s.source == "env" and len(environ.get(s.key, "")) >= SHORTEST
    }
    return Known(inventory.project.owners, frozenset(inventory.secrets), frozenset(values))


def _resource(declared: Declared | Wanted) -> Declared:
    if isinstance(declared, Declared):
        return declared
    return Declared(TOKENS[declared.kind], declared.name, _camel_keys(declared.arguments))


def _camel_keys(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a class by the names the engine knows. The names inside `bios` are the maker's own."""
    out: dict[str, Any] = {}
    for key, given in arguments.items():
        value = given.model_dump() if isinstance(given, BaseModel) else given
        first, *rest = key.split("_")
        nested = isinstance(value, Mapping) and key != "bios"
        out[first + "".join(word.title() for word in rest)] = _camel_keys(value) if nested else value
    return out
