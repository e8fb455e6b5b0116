"""Values between the engine and plain Python: numbers that are whole are int, what is not known yet is UNKNOWN."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime import rpc

Props = dict[str, Any]
"""Inputs or outputs of a resource: dict, list, str, int, float, bool or None, by camelCase name."""

UNKNOWN: str = rpc.UNKNOWN
"""Stands, in a preview, for a value that only an `up` will tell."""


def plain(value: PropertyValue) -> Any:
    """The value without its wrapping. Whether it is a secret is told by `secret_names`."""
    inner = value.value
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    if isinstance(inner, Mapping):
        return {key: plain(item) for key, item in inner.items()}
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        return [plain(item) for item in inner]
    if inner is None or isinstance(inner, str | bool | float):
        return inner
    raise TypeError(f"a {type(inner).__name__} is no value of any resource here")


def plain_map(values: Mapping[str, PropertyValue]) -> Props:
    """All values plain."""
    return {key: plain(value) for key, value in values.items()}


def wire(value: Any, *, secret: bool = False) -> PropertyValue:
    """The value as the engine takes it."""
    inner: Any = value
    if isinstance(value, int) and not isinstance(value, bool):
        inner = float(value)
    elif isinstance(value, Mapping):
        inner = {str(key): wire(item) for key, item in value.items()}
    elif isinstance(value, list | tuple):
        inner = [wire(item) for item in value]
    return PropertyValue(inner, is_secret=secret)


def wire_map(values: Mapping[str, Any], secrets: Collection[str] = ()) -> dict[str, PropertyValue]:
    """All values as the engine takes them; those in `secrets` stay encrypted in its state."""
    return {key: wire(value, secret=key in secrets) for key, value in values.items()}


def secret_names(values: Mapping[str, PropertyValue]) -> set[str]:
    """Names of the values that are, or hold, a secret of the program."""
    return {key for key, value in values.items() if value.contains_secret()}


def texts(value: Any) -> set[str]:
    """Every text in a value."""
    if isinstance(value, Mapping):
        return set().union(*(texts(item) for item in value.values()))
    if isinstance(value, list | tuple):
        return set().union(*(texts(item) for item in value))
    return {value} if isinstance(value, str) and value not in ("", UNKNOWN) else set()


def is_unknown(value: Any) -> bool:
    """True when the value, or something in it, is not known yet."""
    if isinstance(value, Mapping):
        return any(is_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(is_unknown(item) for item in value)
    return bool(value == UNKNOWN)
