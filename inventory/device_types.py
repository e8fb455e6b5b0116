"""The hardware catalogue: device types, rack types, components, optics and cables read from folders.

A folder holds `device-types/<Manufacturer>/*.yaml`, `rack-types/<Manufacturer>/*.yaml`, `components.yml`,
`optics.yml` and `cables.yml`; each may be absent. Codes raised here: INV040 unknown field, INV041 value not
allowed, INV042 slug defined twice, INV043 reference to nothing, INV044 name used twice in one list.
"""

from __future__ import annotations

import copy
import difflib
import re
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from inventory.catalog_model import CableType, Component, Optic, RackType
from inventory.catalog_references import broken_references
from inventory.device_model import DeviceType
from inventory.findings import Finding, Position, Related, Severity, Text, ordered
from inventory.interface_types import INTERFACE_TYPES, expand_range, form_factor, speed_gbps
from inventory.source import DataPath, Document, read

__all__ = ["Catalog", "DeviceType", "expand_range", "form_factor", "load_catalog", "speed_gbps"]

CATALOG_FOLDER = Path(__file__).parent / "catalog"
"""The catalogue that comes with the program."""

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True)
class Catalog:
    """All hardware that may be named, by slug (components by part). `positions` tells where each entry
    stands, by list name and slug; `colours` the cable colour of a purpose."""

    device_types: Mapping[str, DeviceType] = field(default_factory=dict)
    rack_types: Mapping[str, RackType] = field(default_factory=dict)
    components: Mapping[str, Component] = field(default_factory=dict)
    optics: Mapping[str, Optic] = field(default_factory=dict)
    cables: Mapping[str, CableType] = field(default_factory=dict)
    colours: Mapping[str, str] = field(default_factory=dict)
    positions: Mapping[tuple[str, str], Position] = field(default_factory=dict)


def load_catalog(folders: Sequence[tuple[Path, str]]) -> tuple[Catalog, list[Finding]]:
    """Read catalogue folders in order: (folder, prefix shown in findings).

    A later folder adds entries and never redefines one. A file that cannot be read, or an entry that does
    not validate, is left out of the catalogue and reported; an unknown field is reported and ignored.
    """
    reader = _Reader()
    for folder, shown in folders:
        reader.folder(folder, shown)
    found: dict[str, dict[str, Any]] = {
        name: dict(sorted(items.items())) for name, items in reader.found.items()
    }
    catalog = Catalog(**found, colours=reader.colours, positions=reader.positions)
    for (kind, slug), (document, at) in sorted(reader.places.items()):
        for fault in broken_references(catalog, kind, slug):
            path = (*at, *fault.path)
            reader.findings.append(
                Finding(
                    fault.code,
                    Severity.ERROR,
                    slug,
                    fault.message,
                    document.where_key(*path) if fault.at_key else document.where(*path),
                    fault.fix,
                )
            )
    return catalog, ordered(reader.findings)


class _Reader:
    """Collects entries and findings over all folders."""

    def __init__(self) -> None:
        lists = ("device_types", "rack_types", "components", "optics", "cables")
        self.found: dict[str, dict[str, BaseModel]] = {name: {} for name in lists}
        self.colours: dict[str, str] = {}
        self.positions: dict[tuple[str, str], Position] = {}
        self.places: dict[tuple[str, str], tuple[Document, DataPath]] = {}
        self.findings: list[Finding] = []

    def folder(self, folder: Path, shown: str) -> None:
        for kind, name, model in (
            ("device_types", "device-types", DeviceType),
            ("rack_types", "rack-types", RackType),
        ):
            for path in _yaml_files(folder / name):
                document = self.document(path, f"{shown}/{path.relative_to(folder).as_posix()}")
                if document is not None:
                    self.entry(kind, model, document, (), document.data)
        for kind, model in (("components", Component), ("optics", Optic), ("cables", CableType)):
            path = folder / f"{kind}.yml"
            if path.is_file():
                document = self.document(path, f"{shown}/{path.name}")
                if document is not None:
                    self.listing(kind, model, document)

    def document(self, path: Path, shown: str) -> Document | None:
        document, findings = read(path, shown)
        self.findings.extend(findings)
        if document is None:
            return None
        if not isinstance(document.data, dict):
            self.say("INV041", shown, document, (), _EXPECTED_MAPPING)
            return None
        return document

    def listing(self, kind: str, model: type[BaseModel], document: Document) -> None:
        """One of the list files: the entries under the key that bears the file's name."""
        for key, value in document.data.items():
            if key == kind and isinstance(value, list):
                for index, item in enumerate(value):
                    if isinstance(item, dict):
                        self.entry(kind, model, document, (key, index), item)
                    else:
                        self.say("INV041", kind, document, (key, index), _EXPECTED_MAPPING)
            elif key == kind:
                self.say("INV041", kind, document, (key,), _EXPECTED_LIST)
            elif key == "colours" and kind == "cables" and isinstance(value, dict):
                self.colours.update({str(purpose): str(colour) for purpose, colour in value.items()})
            else:
                known = [kind, "colours"] if kind == "cables" else [kind]
                self.findings.append(_unknown_field(kind, document, (key,), known))

    def entry(self, kind: str, model: type[BaseModel], document: Document, at: DataPath, data: Any) -> None:
        key = "part" if kind == "components" else "slug"
        subject = str(data.get(key) or f"{document.path}")
        value, findings = _validated(model, data, document, at, subject)
        self.findings.extend(findings)
        if value is None:
            return
        slug = str(getattr(value, key))
        here = document.where(*at, key)
        if first := self.positions.get((kind, slug)):
            word = "component" if kind == "components" else "slug"
            self.findings.append(
                Finding(
                    "INV042",
                    Severity.ERROR,
                    slug,
                    Text(f"{word} {slug} is defined already", f"{slug} 已有定义"),
                    here,
                    Text(
                        "give it another slug, or change the first definition",
                        "换一个标识，或修改首个定义",
                    ),
                    related=(Related(first, "first definition"),),
                )
            )
            return
        self.found[kind][slug] = value
        self.positions[kind, slug] = here
        self.places[kind, slug] = (document, at)

    def say(self, code: str, subject: str, document: Document, at: DataPath, text: tuple[Text, Text]) -> None:
        self.findings.append(Finding(code, Severity.ERROR, subject, text[0], document.where(*at), text[1]))


_EXPECTED_MAPPING = (
    Text("expected fields with values here", "此处应为键值映射"),
    Text("write one entry as `field: value` lines", "按“字段: 值”逐行书写"),
)
_EXPECTED_LIST = (
    Text("expected a list of entries here", "此处应为列表"),
    Text("start each entry with a dash", "每个条目以短横线开头"),
)


def _yaml_files(folder: Path) -> Iterator[Path]:
    """YAML files one level below `folder`, sorted by path."""
    if folder.is_dir():
        yield from sorted(
            path
            for path in folder.glob("*/*")
            if path.suffix in (".yaml", ".yml") and path.is_file() and not path.name.startswith(".")
        )


def _validated(
    model: type[_Model], data: dict[str, Any], document: Document, at: DataPath, subject: str
) -> tuple[_Model | None, list[Finding]]:
    """The model made of `data`, without its unknown fields; None when something else is wrong too."""
    try:
        return model.model_validate(data), []
    except ValidationError as exc:
        errors = exc.errors(include_url=False)
    findings: list[Finding] = []
    known = copy.deepcopy(data)
    for error in errors:
        loc = error["loc"]
        if error["type"] == "extra_forbidden":
            findings.append(_unknown_field(subject, document, (*at, *loc), _fields_at(model, loc[:-1])))
            _drop(known, loc)
        else:
            findings.append(_wrong_value(subject, document, at, error))
    try:
        return model.model_validate(known), findings
    except ValidationError:
        return None, findings


def _unknown_field(subject: str, document: Document, path: DataPath, known: Iterable[str]) -> Finding:
    name = str(path[-1])
    guess = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    fix = (
        Text(f"did you mean {guess[0]}?", f"是否应为 {guess[0]}？")
        if guess
        else Text("remove the field, or move it to comments", "删除该字段，或移到 comments")
    )
    return Finding(
        "INV040",
        Severity.ERROR,
        subject,
        Text(f"unknown field {name}", f"未知字段 {name}"),
        document.where_key(*path),
        fix,
    )


def _wrong_value(subject: str, document: Document, at: DataPath, error: Any) -> Finding:
    loc: DataPath = error["loc"]
    name = ".".join(str(step) for step in loc) or "entry"
    options: list[str] = []
    if error["type"] == "unknown_interface_type":
        options = sorted(INTERFACE_TYPES)
    elif error["type"] == "literal_error":
        options = re.findall(r"'([^']*)'", error["ctx"]["expected"])
    if error["type"] == "missing":
        en, zh = f"{name} is missing", f"缺少 {name}"
        fix = Text(f"add {loc[-1]}", f"补上 {loc[-1]}")
    else:
        reason = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ")
        shown = "" if isinstance(error["input"], dict | list) else f" {error['input']!r}"
        en, zh = f"{name}{shown}: {reason}", f"{name}{shown} 的值不合规定（{reason}）"
        guess = difflib.get_close_matches(str(error["input"]), options, n=1, cutoff=0.5)
        fix = (
            Text(f"did you mean {guess[0]}?", f"是否应为 {guess[0]}？")
            if guess
            else Text("correct the value", "更正该值")
        )
    return Finding("INV041", Severity.ERROR, subject, Text(en, zh), document.where(*at, *loc), fix)


def _fields_at(model: type[BaseModel], loc: DataPath) -> list[str]:
    """Names that are allowed in the mapping at `loc`."""
    here: type[BaseModel] | None = model
    for step in loc:
        if isinstance(step, int) or here is None:
            continue
        info = next((f for n, f in here.model_fields.items() if (f.alias or n) == step), None)
        here = _model_in(info.annotation) if info else None
    return [f.alias or n for n, f in here.model_fields.items()] if here else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model class inside tuple[...], optional and annotated types."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation if issubclass(annotation, BaseModel) else None
    return next((m for arg in typing.get_args(annotation) if (m := _model_in(arg))), None)


def _drop(data: Any, loc: DataPath) -> None:
    for step in loc[:-1]:
        data = data[step]
    data.pop(loc[-1], None)
