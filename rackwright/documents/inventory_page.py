"""docs/inventory-reference.md: every section and field, written from the models."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from inventory.model import SECTIONS, Project
from rackwright.cli.schema import project_schema
from rackwright.documents.files import write_text


def inventory_page() -> str:
    """The page as Markdown: sections in order, then the parts they are made of."""
    schema = project_schema()
    definitions: dict[str, Any] = schema["$defs"]
    lines = [
        "# Inventory reference",
        "",
        "Written by `make docs` from the models. Every record may also carry `clause`, `assumed` and `notes`.",
        "A field with a default may be left out; `null` means not known.",
    ]
    sections: dict[str, type[BaseModel]] = {"project": Project, **SECTIONS}
    for section, model in sections.items():
        lines += ["", f"## {section}", "", _doc(definitions[model.__name__])]
        lines += _fields(definitions[model.__name__])
    used = {model.__name__ for model in sections.values()}
    lines += ["", "# Parts of records"]
    for name in sorted(set(definitions) - used):
        if "properties" in definitions[name]:
            lines += ["", f"## {name}", "", _doc(definitions[name])]
            lines += _fields(definitions[name])
    return "\n".join(lines) + "\n"


def _doc(schema: dict[str, Any]) -> str:
    return inspect.cleandoc(schema.get("description", "")).replace("\n", " ")


def _fields(schema: dict[str, Any]) -> list[str]:
    required = set(schema.get("required", ()))
    rows = ["", "| field | value | default |", "| --- | --- | --- |"]
    for name, field in schema["properties"].items():
        if name in ("clause", "assumed", "notes"):
            continue
        default = (
            "required"
            if name in required
            else f"`{field['default']}`"
            if field.get("default") not in (None, "")
            else ""
        )
        if name not in required and field.get("default", 0) is None:
            default = "`null`"
        rows.append(f"| `{name}` | {_kind(field)} | {default} |")
    return rows


def _kind(field: dict[str, Any]) -> str:
    if "$ref" in field:
        name = field["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "enum" in field:
        return ", ".join(f"`{v}`" for v in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if "anyOf" in field:
        return " or ".join(dict.fromkeys(_kind(option) for option in field["anyOf"]))
    kind = field.get("type", "value")
    if kind == "array":
        return "list of " + _kind(field.get("items", {}))
    if kind == "object":
        return "mapping"
    words = {
        "string": "text",
        "number": "number",
        "integer": "whole number",
        "boolean": "true or false",
        "null": "`null`",
    }
    low = field.get("exclusiveMinimum", field.get("minimum"))
    high = field.get("exclusiveMaximum", field.get("maximum"))
    limits = f" {'>' if 'exclusiveMinimum' in field else '>='} {low}" if low is not None else ""
    limits += f", <= {high}" if high is not None else ""
    return words.get(str(kind), str(kind)) + limits


if __name__ == "__main__":
    write_text(Path("docs/inventory-reference.md"), inventory_page())
