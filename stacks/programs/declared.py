"""What a program declares, before Pulumi hears of it: resources as plain data, and what could not be declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from inventory.findings import Position, Text


@dataclass(frozen=True, slots=True)
class Output:
    """An output of another declared resource: what stands in inputs for a value that only the engine knows."""

    resource: str
    name: str = "id"


@dataclass(frozen=True, slots=True)
class Declared:
    """One resource: its type token, its name within the stack, its inputs in the words of the type (camelCase), and
    the resources it comes after. Values are text, numbers, flags, lists, mappings and `Output`s."""

    type: str
    name: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[str, ...] = ()

    def needs(self) -> tuple[str, ...]:
        """Names of the resources whose outputs it takes or that it comes after, sorted."""
        used = {value.resource for value in _values(self.inputs) if isinstance(value, Output)}
        return tuple(sorted(used | set(self.after)))


@dataclass(frozen=True, slots=True)
class NotDeclared:
    """Something that the inventory asks for and that is not declared, why, and where it would be written."""

    subject: str
    reason: Text
    position: Position | None = None

    def line(self) -> str:
        """In one line, for a summary."""
        return f"{self.subject}: {self.reason.en}"


def _values(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _values(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _values(inner)
    else:
        yield value
