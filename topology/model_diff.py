"""Two configurations as models: what the one that runs lacks or has otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from topology.switch_config import SwitchConfig, comparable

KEYS = {"ports": "name", "lags": "number", "gateways": "vid", "neighbours": "address"}
"""Rows of a configuration and what tells them apart."""


def differences(intended: SwitchConfig, running: SwitchConfig) -> list[str]:
    """Every difference, one sentence each; empty when the switch runs what is intended.

    Ports that are not intended are passed over: nobody said anything of them. So is their order.
    """
    return list(_compare("", comparable(intended), comparable(running)))


def _compare(where: str, want: Any, found: Any) -> Iterator[str]:
    if is_dataclass(want) and type(want) is type(found):
        for field in fields(want):
            if field.compare and field.name != "platform":
                yield from _field(where, field.name, getattr(want, field.name), getattr(found, field.name))
    elif want != found:
        yield f"{where}: intended {_shown(want)}, running {_shown(found)}"


def _field(where: str, name: str, want: Any, found: Any) -> Iterator[str]:
    here = f"{where} {name}".strip()
    if name in KEYS:
        yield from _rows(here, {getattr(r, KEYS[name]): r for r in want}, {getattr(r, KEYS[name]): r for r in found},
                         extra=name != "ports")  # fmt: skip
    elif name == "vlans":
        yield from _rows("VLAN", dict(want), dict(found), extra=True)
    elif name == "servers":
        yield from _rows(
            "server",
            {(s.kind, s.address): s for s in want},
            {(s.kind, s.address): s for s in found},
            extra=True,
        )
    elif name == "networks":
        yield from _compare(here, sorted(want), sorted(found))
    else:
        yield from _compare(here, want, found)


def _rows(where: str, want: Mapping[Any, Any], found: Mapping[Any, Any], *, extra: bool) -> Iterator[str]:
    for key, row in want.items():
        name = f"{where.removesuffix('s')} {' '.join(map(str, key)) if isinstance(key, tuple) else key}"
        if key not in found:
            yield f"{name}: intended, not running"
        else:
            yield from _compare(name, row, found[key])
    if extra:
        for key in found:
            if key not in want:
                shown = " ".join(map(str, key)) if isinstance(key, tuple) else key
                yield f"{where.removesuffix('s')} {shown}: running, not intended"


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    return type(value).__name__ if is_dataclass(value) else str(value)
