"""What a kind of resource has to offer. `server` calls it in a thread of its own, never twice at once for one
`lock_key`; nothing here knows of gRPC."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Literal, Protocol

from stacks.provider.settings import Settings
from stacks.provider.values import Props

Severity = Literal["debug", "info", "warning", "error"]
Kind = Literal["add", "delete", "update"]


@dataclass(frozen=True)
class Call:
    """One request. `log` writes a line the user sees beside the resource; secrets in it are masked. `timeout_s` is
    what the user allows (customTimeouts), None: as the settings say. `abandoned` is set when the engine no longer
    waits for the answer (killed, or out of time): what cannot be told to anybody is better taken back."""

    urn: str
    name: str
    settings: Settings
    preview: bool = False
    timeout_s: float | None = None
    log: Callable[[Severity, str], None] = lambda *_: None
    abandoned: Event = field(default_factory=Event)


@dataclass(frozen=True)
class Problem:
    """An input that cannot be right, and why."""

    field: str
    reason: str


@dataclass(frozen=True)
class Diff:
    """What differs, by input (`bios.Smt` for one in a map), and which of that needs a new resource."""

    changes: Mapping[str, Kind] = field(default_factory=dict)
    replaces: frozenset[str] = frozenset()
    delete_first: bool = True


@dataclass(frozen=True)
class Found:
    """What a read found: identity, outputs (inputs as found and all else), and the inputs as found."""

    identity: str
    state: Props
    inputs: Props


class Handler(Protocol):
    """One kind of resource. Inputs come as `check` returned them; outputs hold the inputs by the same names.

    In a preview (`call.preview`) `create` and `update` change nothing; values may be UNKNOWN then.
    """

    def check(self, call: Call, olds: Props, news: Props) -> tuple[Props, list[Problem]]:
        """Inputs normalised (defaults put in), and what is wrong with them. Contacts nothing."""

    def diff(self, call: Call, identity: str, olds: Props, news: Props) -> Diff:
        """`olds` is the state (outputs). Contacts nothing; `compare` does it for most."""

    def create(self, call: Call, news: Props) -> tuple[str, Props]:
        """Identity and outputs. All or nothing: raises ProviderError when nothing stands, HalfDoneError when
        something does."""

    def read(self, call: Call, identity: str, state: Props, inputs: Props) -> Found | None:
        """For a refresh, or an import (state and inputs empty then); None when it is gone. Raises ProviderError."""

    def update(self, call: Call, identity: str, olds: Props, news: Props) -> Props:
        """The outputs. All or nothing, as `create`."""

    def delete(self, call: Call, identity: str, state: Props) -> None:
        """Take it away. Being gone already is no error. Raises ProviderError."""

    def lock_key(self, props: Props) -> str:
        """Requests with the same key run one after the other; empty: at once."""


def compare(
    olds: Props, news: Props, inputs: Iterable[str], *, replaces: Collection[str] = (), deep: Collection[str] = (),
    delete_first: bool = True,
) -> Diff:  # fmt: skip
    """What differs between a state and inputs, over the names in `inputs`. Those in `replaces` need a new resource;
    maps named in `deep` are told entry by entry. An absent value is the same as null."""
    changes: dict[str, Kind] = {}
    fresh: set[str] = set()
    for name in inputs:
        old, new = olds.get(name), news.get(name)
        if name in deep and isinstance(old, dict) and isinstance(new, dict):
            for key in sorted({*old, *new}):
                _differs(f"{name}.{key}", old.get(key), new.get(key), changes)
        else:
            _differs(name, old, new, changes)
        if name in replaces and any(path.partition(".")[0] == name for path in changes):
            fresh.add(name)
    return Diff(changes, frozenset(fresh), delete_first)


def _differs(path: str, old: Any, new: Any, into: dict[str, Kind]) -> None:
    if old != new:
        into[path] = "add" if old is None else "delete" if new is None else "update"
