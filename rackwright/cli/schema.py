"""`rackwright schema`: JSON Schemas for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from inventory.catalog_model import CableType, Component, DeviceType, Optic, RackType
from inventory.model import SECTIONS, Project
from rackwright.cli.common import out
from rackwright.documents.files import write_text


def project_schema() -> dict[str, Any]:
    """The schema of any YAML file of a project: every section, each a list of its records."""
    properties: dict[str, Any] = {}
    definitions: dict[str, Any] = {}
    models: dict[str, type[BaseModel]] = {"project": Project, **SECTIONS}
    for section, model in models.items():
        schema = _schema(model)
        definitions.update(schema.pop("$defs", {}))
        definitions[model.__name__] = schema
        reference = {"$ref": f"#/$defs/{model.__name__}"}
        properties[section] = (
            reference if section == "project" else {"type": ["array", "null"], "items": reference}
        )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rackwright project file",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "$defs": definitions,
    }


def catalog_schemas() -> dict[str, dict[str, Any]]:
    """Schemas of the catalogue files, by file name."""
    lists: dict[str, type[BaseModel]] = {"optics": Optic, "cables": CableType, "components": Component}
    out_schemas = {"device-type": _schema(DeviceType), "rack-type": _schema(RackType)}
    for name, model in lists.items():
        schema = _schema(model)
        definitions = schema.pop("$defs", {})
        definitions[model.__name__] = schema
        out_schemas[name] = {
            "type": "object",
            "properties": {name: {"type": "array", "items": {"$ref": f"#/$defs/{model.__name__}"}}},
            "$defs": definitions,
        }
    return out_schemas


def run(out_folder: Path | None) -> None:
    """Write the schemas and say how an editor picks them up."""
    folder = out_folder or Path("build") / "schema"
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in {"project": project_schema(), **catalog_schemas()}.items():
        path = folder / f"{name}.json"
        write_text(path, json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n")
        out(str(path))


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    """The model's schema without the fields only the loader writes."""
    schema: dict[str, Any] = model.model_json_schema(by_alias=True)
    _drop_internal(schema)
    return schema


def _drop_internal(value: Any) -> None:
    if isinstance(value, dict):
        properties = value.get("properties")
        if isinstance(properties, dict):
            properties.pop("at", None)
        for inner in value.values():
            _drop_internal(inner)
    elif isinstance(value, list):
        for inner in value:
            _drop_internal(inner)
