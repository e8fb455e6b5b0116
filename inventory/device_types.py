"""Reads the hardware catalogue: device types, rack types, components, optics and cables.

A folder holds `device-types/<Manufacturer>/*.yaml`, `rack-types/<Manufacturer>/*.yaml`, `components.yml`,
`optics.yml` and `cables.yml`; each may be absent.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from inventory.catalog_model import CableType, Catalog, Component, DeviceType, Optic, RackType
from inventory.catalog_parts import Placed
from inventory.catalog_references import broken_references
from inventory.findings import Finding, Position, Related, Severity, Text, ordered
from inventory.interface_types import INTERFACE_TYPES, expand_range, form_factor, speed_gbps
from inventory.nearest import near
from inventory.source import DataPath, Document, path_text, place, read
from inventory.validation import translate, translate_all

__all__ = ["Catalog", "DeviceType", "expand_range", "form_factor", "load_catalog", "speed_gbps"]

_TREES: dict[str, tuple[str, type[Placed]]] = {
    "device_types": ("device-types", DeviceType),
    "rack_types": ("rack-types", RackType),
}
_LISTS: dict[str, type[Placed]] = {"components": Component, "optics": Optic, "cables": CableType}
_P = TypeVar("_P", bound=Placed)


def load_catalog(folders: Sequence[tuple[Path, str]]) -> tuple[Catalog, list[Finding]]:
    """Read catalogue folders in order: (folder, prefix shown in findings).

    A later folder adds entries and never redefines one (INV009). A file that cannot be read, or an entry
    with a wrong value, is left out and reported; an unknown field is reported and otherwise ignored.
    """
    reader = _Reader()
    for folder, shown in folders:
        reader.folder(folder, shown)
    catalog = Catalog(
        **{name: dict(sorted(entries.items())) for name, entries in reader.found.items()},
        colours=reader.colours,
        documents=reader.documents,
    )
    findings = [*reader.findings, *broken_references(catalog)]
    return catalog, ordered(findings)


class _Reader:
    """Collects entries, documents and findings over all folders."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, Any]] = {name: {} for name in (*_TREES, *_LISTS)}
        self.colours: dict[str, str] = {}
        self.documents: dict[str, Document] = {}
        self.findings: list[Finding] = []

    def folder(self, folder: Path, shown: str) -> None:
        for kind, (name, model) in _TREES.items():
            for path in _yaml_files(folder / name):
                name = f"{shown}/{path.relative_to(folder).as_posix()}"
                document = self.document(path, name, outside=True)
                if document is not None:
                    self.entry(kind, model, document, (), document.data)
        for kind, model in _LISTS.items():
            path = folder / f"{kind}.yml"
            if path.is_file():
                document = self.document(path, f"{shown}/{path.name}")
                if document is not None:
                    self.listing(kind, model, document)

    def document(self, path: Path, shown: str, outside: bool = False) -> Document | None:
        document, findings = read(path, shown, outside=outside)
        self.findings.extend(findings)
        if document is None:
            return None
        self.documents[shown] = document
        if not isinstance(document.data, dict):
            self.misshapen(shown, document, (), "a mapping of fields", "字段映射")
            return None
        return document

    def listing(self, kind: str, model: type[Placed], document: Document) -> None:
        """A file of many entries: they stand under the key that bears the file's name."""
        allowed = [kind, "colours"] if kind == "cables" else [kind]
        for key, value in document.data.items():
            if key == kind and isinstance(value, list):
                for index, item in enumerate(value):
                    self.entry(kind, model, document, (key, index), item)
            elif key == "colours" and key in allowed and isinstance(value, dict):
                self.colours.update({str(purpose): str(colour) for purpose, colour in value.items()})
            elif key in allowed:
                self.misshapen(key, document, (key,), "a list of entries", "条目列表")
            else:
                fix = Text(f"known keys: {', '.join(allowed)}", f"可用键：{', '.join(allowed)}")
                said = Text(f"unknown key {key}", f"未知的键 {key}")
                at = document.where_key(key)
                self.findings.append(Finding("INV005", Severity.ERROR, kind, said, at, fix))

    def entry(self, kind: str, model: type[Placed], document: Document, path: DataPath, data: Any) -> None:
        """One entry of a list, or a whole file."""
        if not isinstance(data, dict):
            self.misshapen(kind, document, path, "a mapping of fields", "字段映射")
            return
        key = "part" if kind == "components" else "slug"
        subject = str(data.get(key) or document.path)
        value, findings = _validated(model, data, document, path, subject)
        self.findings.extend(findings)
        if value is None:
            return
        slug = str(getattr(value, key))
        if first := self.found[kind].get(slug):
            self.findings.append(self.defined_twice(slug, document.where(*path, key), first))
            return
        self.found[kind][slug] = value.placed(f"{document.path}#{'/'.join(map(str, path))}")

    def defined_twice(self, slug: str, here: Position, first: Placed) -> Finding:
        shown, steps = place(first.at)
        return Finding(
            "INV009",
            Severity.ERROR,
            slug,
            Text(f"{slug} is defined already", f"{slug} 已有定义"),
            here,
            Text("give it another name, or change the first definition", "换一个名称，或修改首个定义"),
            related=(Related(self.documents[shown].where(*steps), "first definition"),),
        )

    def misshapen(self, subject: str, document: Document, path: DataPath, en: str, zh: str) -> None:
        said = Text(f"expected {en} here", f"此处应为{zh}")
        fix = Text(f"write {en}", f"写成{zh}")
        self.findings.append(Finding("INV007", Severity.ERROR, subject, said, document.where(*path), fix))


def _yaml_files(folder: Path) -> Iterator[Path]:
    """YAML files one level below `folder`, sorted by path."""
    yield from sorted(
        path
        for path in folder.glob("*/*")
        if path.suffix in (".yaml", ".yml") and path.is_file() and not path.name.startswith(".")
    )


def _validated(
    model: type[_P], data: dict[str, Any], document: Document, path: DataPath, subject: str
) -> tuple[_P | None, list[Finding]]:
    """The model made of `data` without its unknown fields; None when something else is wrong too."""
    try:
        value = model.model_validate(data)
        return value, list(_shortened(value, data, document, path, subject))
    except ValidationError as exc:
        errors = exc.errors(include_url=False)
    typed = [error for error in errors if error["type"] == "unknown_interface_type"]
    findings = translate_all([e for e in errors if e not in typed], model, document, path, data)
    findings += [_interface_type(error, model, document, path, data) for error in typed]
    findings = [
        replace(f, subject=f"{subject} {f.subject.removeprefix(path_text(path)).lstrip('.')}".strip())
        for f in findings
    ]
    known = copy.deepcopy(data)
    for error in errors:
        if error["type"] == "extra_forbidden":
            _drop(known, error["loc"])
    try:
        return model.model_validate(known), findings
    except ValidationError:
        return None, findings


def _shortened(
    value: _P, data: dict[str, Any], document: Document, path: DataPath, subject: str
) -> Iterator[Finding]:
    """Text that lost digits because it was read as a number first: part number 12.50 became 12.5."""
    numbers = list(_fractions(data, ()))
    if not numbers:
        return
    dumped = value.model_dump(by_alias=True)
    for loc in numbers:
        taken: Any = dumped
        for step in loc:
            taken = taken[step]
        written = document.written(*path, *loc) if isinstance(taken, str) else None
        if written not in (None, taken):
            yield Finding(
                "INV003", Severity.ERROR, f"{subject} {path_text(loc)}",
                Text(f"{written} without quotes is read as {taken}", f"未加引号的 {written} 会被读成 {taken}"),
                document.where(*path, *loc), Text(f'write "{written}"', f'写成 "{written}"'),
            )  # fmt: skip


def _fractions(data: Any, loc: DataPath) -> Iterator[DataPath]:
    """Where fractional numbers stand."""
    if isinstance(data, float):
        yield loc
    elif isinstance(data, dict):
        for key, inner in data.items():
            yield from _fractions(inner, (*loc, key))
    elif isinstance(data, list):
        for i, inner in enumerate(data):
            yield from _fractions(inner, (*loc, i))


def _interface_type(
    error: ErrorDetails, model: type[Placed], document: Document, path: DataPath, data: dict[str, Any]
) -> Finding:
    guess = near(str(error["input"]), INTERFACE_TYPES, cutoff=0.5)
    fix = Text(f"did you mean {guess}?", f"是否为 {guess}？") if guess else Text("write other", "写 other")
    return replace(translate(error, model, document, path, data), fix=fix)


def _drop(data: Any, loc: DataPath) -> None:
    for step in loc[:-1]:
        data = data[step]
    data.pop(loc[-1], None)
