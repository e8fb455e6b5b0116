"""One record as one line of YAML in flow form: byte for byte what PyYAML's dumper writes, in a tenth of
the time. Texts of a form known to need no quotes, or single ones, are written directly; all others are
given to the dumper. (Only the indentation inside a text of several lines may differ; it reads the same.)"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import yaml

from inventory.yaml_traps import plain_scalar

try:
    from yaml import CSafeDumper as _Dumper
except ImportError:  # a PyYAML built without libyaml
    from yaml import SafeDumper as _Dumper  # type: ignore[assignment]

_WORD = r"[A-Za-z][A-Za-z0-9_./-]*"
_PLAIN = re.compile(rf"{_WORD}( > {_WORD})?\Z|[0-9]{{1,3}}(\.[0-9]{{1,3}}){{3}}(/[0-9]{{1,2}})?\Z")
_SINGLE = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*(:[A-Za-z0-9_./-]+)+\Z")
_READ_AS_ELSE = {"yes", "no", "true", "false", "on", "off", "null"}


class Writer(_Dumper):
    """Writes text in quotes where a reader may take it for a number."""


def _represent_text(writer: Any, text: str) -> yaml.ScalarNode:
    node: yaml.ScalarNode = writer.represent_scalar(
        "tag:yaml.org,2002:str", text, style="'" if plain_scalar("str", text)[1] else None
    )
    return node


Writer.add_representer(str, _represent_text)


def flow(value: Any) -> str:
    """The value in flow form: mappings of field names, lists, text, numbers, truth values and None. Keys keep
    their order; a whole number stored as a float is written without a point."""
    if isinstance(value, str):
        if _PLAIN.match(value) and value.lower() not in _READ_AS_ELSE:
            return value
        return f"'{value}'" if _SINGLE.match(value) else _dumped(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(k)}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, float):
        if value.is_integer():
            return str(int(value))
        text = repr(value)
        return text if "e" not in text and "n" not in text else _dumped(value)
    return str(value)


@lru_cache(maxsize=4096)
def _dumped(value: str | float) -> str:
    text = yaml.dump([value], Dumper=Writer, default_flow_style=True, allow_unicode=True, width=10**9)
    return str(text).rstrip("\n")[1:-1]
