"""Files to inventory: every fault of a stage at once, and either a whole inventory or none.

Stages: (1) read all YAML, (2) validate every record, (3) names, references and cross-field rules.
Stage 3 runs when every file could be parsed, so that a missing file does not look like broken names.
"""

from __future__ import annotations

import gc
import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from inventory import codes as codes  # lists the loader's codes
from inventory import model as m
from inventory.catalog_model import Catalog
from inventory.device_types import load_catalog
from inventory.findings import Finding, Position, Severity, Text, ordered
from inventory.inventory import Inventory
from inventory.policy import apply_overrides, read_policy
from inventory.source import Document, read
from inventory.validation import near, validate

HERE = Path(__file__).parent
SHIPPED_CATALOG = HERE / "catalog"
PROJECTS = HERE / "projects"
SKIPPED = {"plan", "catalog", "build"}


@dataclass(frozen=True)
class Loaded:
    """What loading gave: the inventory (None when any error was found) and all findings, sorted."""

    inventory: Inventory | None
    findings: tuple[Finding, ...]


def load(folder: Path) -> Loaded:
    """Load the project in `folder` with the shipped catalogue and policy, and the project's own catalogue."""
    enabled = gc.isenabled()
    gc.disable()  # building many small objects: collection only costs here
    try:
        return _load(folder)
    finally:
        if enabled:
            gc.enable()


def project_files(folder: Path) -> list[Path]:
    """YAML files of the project, in name order; plan/, catalog/, build/ and hidden ones are not inventory."""
    return [
        p
        for p in sorted([*folder.rglob("*.yml"), *folder.rglob("*.yaml")])
        if p.is_file()
        and not any(part in SKIPPED or part.startswith(".") for part in p.relative_to(folder).parts)
    ]


def shown_path(path: Path) -> str:
    """The path as findings print it: relative to the working directory where that is shorter."""
    try:
        return path.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return path.as_posix()


def _load(folder: Path) -> Loaded:
    findings: list[Finding] = []
    documents: dict[str, Document] = {}
    if not folder.is_dir():
        return Loaded(None, (_fault("INV012", Position(str(folder)), str(folder), "is not a folder", "不是文件夹",
                                    "name a project folder with -p", "用 -p 指定项目文件夹"),))  # fmt: skip
    files = project_files(folder)
    if not files:
        return Loaded(None, (_fault("INV012", Position(str(folder)), str(folder), "holds no YAML file", "没有 YAML 文件",
                                    "start with a project.yml; see inventory/projects/guangxi",
                                    "请先写 project.yml，可参考 inventory/projects/guangxi"),))  # fmt: skip
    root = folder.resolve()
    for path in files:
        if not path.resolve().is_relative_to(root):
            findings.append(_fault("INV012", Position(shown_path(path)), shown_path(path),
                                   "leads out of the project folder", "指向项目文件夹之外",
                                   "copy the file into the project", "将文件复制到项目内"))  # fmt: skip
            continue
        document, found = read(path, shown_path(path))
        findings.extend(found)
        if document is not None:
            documents[document.path] = document
    unread = len(files) - len(documents)

    catalog_folders = [(SHIPPED_CATALOG, shown_path(SHIPPED_CATALOG))]
    if (folder / "catalog").is_dir():
        catalog_folders.append((folder / "catalog", shown_path(folder / "catalog")))
    catalog, found = load_catalog(catalog_folders)
    findings.extend(found)
    policy_document, found = read(HERE / "policy.yml", shown_path(HERE / "policy.yml"))
    findings.extend(found)
    if policy_document is None:
        return Loaded(None, tuple(ordered(findings)))
    policy = read_policy(policy_document)

    project, sections, names = _records(documents, findings)
    if project is None and not unread and not any(f.subject.startswith("project") for f in findings):
        findings.append(_fault("INV006", Position(shown_path(folder)), "project", "section project is missing",
                               "缺少 project 段", "add project: with name and title", "补充 project（name、title）"))  # fmt: skip
    if project is not None:
        at = project.at.partition("#")[0]
        policy, found = apply_overrides(policy, project, documents[at])
        findings.extend(found)
    if not unread:
        findings.extend(_references(sections, names, catalog, documents))
        findings.extend(_cross_field(sections, documents))
    if project is None or any(f.severity is Severity.ERROR for f in findings):
        return Loaded(None, tuple(ordered(findings)))
    everything = {**documents, **catalog.documents, policy_document.path: policy_document}
    inventory = Inventory(folder, project, policy, catalog, everything, **sections)
    return Loaded(inventory, tuple(ordered(findings)))


def _records(
    documents: Mapping[str, Document], findings: list[Finding]
) -> tuple[m.Project | None, dict[str, dict[str, Any]], dict[str, set[str]]]:
    """Validated records by section and name; `names` holds every name written, valid record or not."""
    project: m.Project | None = None
    sections: dict[str, dict[str, Any]] = {s: {} for s in m.SECTIONS}
    names: dict[str, set[str]] = {s: set() for s in m.SECTIONS}
    first: dict[tuple[str, str], tuple[Document, int]] = {}
    for document in documents.values():
        if document.data is None:
            continue
        if not isinstance(document.data, dict):
            findings.append(_fault("INV007", document.where(), document.path, "expected sections, found a list or a value",
                                   "应为若干段，实际为列表或值", "start the file with a section name such as racks:",
                                   "以段名开头，如 racks:"))  # fmt: skip
            continue
        for section, items in document.data.items():
            if section == "project":
                record, found = validate(m.Project, items, f"{document.path}#project", document, ("project",))
                findings.extend(found)
                if project is not None:
                    findings.append(_fault("INV009", document.where_key("project"), "project", "section project stands twice",
                                           "project 段重复", "keep one", "保留一个"))  # fmt: skip
                project = record or project
                continue
            model = m.SECTIONS.get(section)
            if model is None:
                guess = near(section, [*m.SECTIONS, "project"])
                findings.append(
                    _fault("INV005", document.where_key(section), section, f"unknown section {section}", f"未知的段 {section}",
                           f"did you mean {guess}?" if guess else f"known sections: {', '.join(m.SECTIONS)}",
                           f"是否为 {guess}？" if guess else f"可用的段：{', '.join(m.SECTIONS)}")
                )  # fmt: skip
                continue
            if items is None:
                continue
            if not isinstance(items, list):
                findings.append(_fault("INV007", document.where(section), section, "expected a list of records",
                                       "应为记录列表", "put '- ' before each record", "每条记录前加“- ”"))  # fmt: skip
                continue
            for i, item in enumerate(items):
                _one(section, model, item, i, document, sections, names, first, findings)
    return project, sections, names


def _one(
    section: str, model: type[m.Record], item: Any, i: int, document: Document,
    sections: dict[str, dict[str, Any]], names: dict[str, set[str]],
    first: dict[tuple[str, str], tuple[Document, int]], findings: list[Finding],
) -> None:  # fmt: skip
    at = f"{document.path}#{section}/{i}"
    if section == "rows" and isinstance(item, dict) and isinstance(item.get("racks"), list):
        item = {**item, "racks": [
            {**r, "at": f"{at}/racks/{j}"} if isinstance(r, dict) and "at" not in r else r
            for j, r in enumerate(item["racks"])
        ]}  # fmt: skip
    record, found = validate(model, item, at, document, (section, i))
    findings.extend(found)
    if isinstance(item, dict) and isinstance(item.get("name"), str):
        names[section].add(item["name"])
    if record is None:
        return
    name = m.record_name(section, record)
    key = (section, name)
    if key in first:
        other, n = first[key]
        before = other.where(section, n, "name")
        findings.append(
            _fault(
                "INV009",
                document.where(section, i, "name"),
                f"{section}/{name}",
                f"{name} is defined twice, first at {before}",
                f"{name} 重复定义，首次在 {before}",
                "rename or remove one",
                "改名或删除其一",
            )
        )
        return
    first[key] = (document, i)
    sections[section][name] = record
    for field in record.assumed:
        if field not in type(record).model_fields:
            guess = near(field, type(record).model_fields)
            findings.append(
                _fault("INV010", document.where_key(section, i, "assumed", field), f"{section}/{name}",
                       f"assumed names {field}, which this record does not have", f"assumed 中的 {field} 不是此记录的字段",
                       f"did you mean {guess}?" if guess else "name the assumed field", "改为实际字段名")
            )  # fmt: skip


def _references(
    sections: Mapping[str, Mapping[str, Any]], names: Mapping[str, set[str]], catalog: Catalog,
    documents: Mapping[str, Document],
) -> Iterator[Finding]:  # fmt: skip
    known: dict[str, set[str]] = {s: set(n) for s, n in names.items()}
    known["racks"] = {rack.name for row in sections["rows"].values() for rack in row.racks}
    known["existing_pairs"] = {s.pair for s in sections["existing_switches"].values() if s.pair}
    for attribute in ("device_types", "rack_types", "optics", "cables"):
        known[f"catalog.{attribute}"] = set(getattr(catalog, attribute))
    for section, records in sections.items():
        for name, record in records.items():
            for path, value, targets in references(record):
                if any(value in known[t] for t in targets):
                    continue
                document = documents[record.at.partition("#")[0]]
                inner = [int(s) if s.isdigit() else s for s in record.at.partition("#")[2].split("/")]
                options = set().union(*(known[t] for t in targets))
                guess = near(value, options)
                what = " or ".join(t.removeprefix("catalog.") for t in targets)
                sample = ", ".join(sorted(options)[:6]) or "none defined"
                yield _fault("INV008", document.where(*inner, *path), f"{section}/{name}",
                             f"{'.'.join(map(str, path))}: no {what} named {value}", f"{'.'.join(map(str, path))}：没有名为 {value} 的 {what}",
                             f"did you mean {guess}?" if guess else f"define it, or use one of: {sample}",
                             f"是否为 {guess}？" if guess else f"先定义，或选用：{sample}")  # fmt: skip


def references(
    record: BaseModel, prefix: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], str, tuple[str, ...]]]:
    """Every reference a record holds: (path of the value, the name it gives, sections it may stand in)."""
    for field, getter in _reference_fields(type(record)):
        value = getattr(record, field)
        if value is not None:
            yield from getter(value, (*prefix, field))


Getter = Callable[[Any, tuple[str | int, ...]], Iterator[tuple[tuple[str | int, ...], str, tuple[str, ...]]]]
_FIELDS: dict[type[BaseModel], list[tuple[str, Getter]]] = {}


def _reference_fields(model: type[BaseModel]) -> list[tuple[str, Getter]]:
    if model not in _FIELDS:
        out = []
        for name, info in model.model_fields.items():
            refs = [x for x in info.metadata if isinstance(x, m.Ref)]
            getter = _direct(refs[0].sections) if refs else _getter(info.annotation)
            if getter:
                out.append((name, getter))
        _FIELDS[model] = out
    return _FIELDS[model]


def _direct(targets: tuple[str, ...]) -> Getter:
    def get(
        value: Any, path: tuple[str | int, ...]
    ) -> Iterator[tuple[tuple[str | int, ...], str, tuple[str, ...]]]:
        yield path, value, targets

    return get


def _getter(annotation: Any) -> Getter | None:
    """How to find references inside a value of this annotation, or None when there can be none."""
    for argument in getattr(annotation, "__metadata__", ()):
        if isinstance(argument, m.Ref):
            return _direct(argument.sections)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return lambda value, path: references(value, path) if isinstance(value, BaseModel) else iter(())
    inner = [g for a in get_args(annotation) if (g := _getter(a)) is not None]
    if not inner:
        return None

    def get(
        value: Any, path: tuple[str | int, ...]
    ) -> Iterator[tuple[tuple[str | int, ...], str, tuple[str, ...]]]:
        if isinstance(value, tuple):
            for i, item in enumerate(value):
                yield from inner[0](item, (*path, i))
        elif not isinstance(value, dict):
            yield from inner[0](value, path)

    return get


def _cross_field(
    sections: Mapping[str, Mapping[str, Any]], documents: Mapping[str, Document]
) -> Iterator[Finding]:
    def at(record: m.Record, *path: str | int) -> Position:
        document = documents[record.at.partition("#")[0]]
        return document.where(
            *(int(s) if s.isdigit() else s for s in record.at.partition("#")[2].split("/")), *path
        )

    racks: dict[str, tuple[m.Row, int]] = {}
    for row in sections["rows"].values():
        for i, rack in enumerate(row.racks):
            if rack.name in racks:
                before = at(racks[rack.name][0], "racks", racks[rack.name][1], "name")
                yield _fault(
                    "INV009",
                    at(row, "racks", i, "name"),
                    f"racks/{rack.name}",
                    f"{rack.name} is defined twice, first at {before}",
                    f"{rack.name} 重复定义，首次在 {before}",
                    "rename one",
                    "改名",
                )
            racks.setdefault(rack.name, (row, i))
    for section in ("pools", "reserved_prefixes"):
        for name, record in sections[section].items():
            try:
                ipaddress.ip_network(record.prefix)
            except ValueError as exc:
                try:
                    hint = str(ipaddress.ip_network(record.prefix, strict=False))
                except ValueError:
                    hint = "10.10.0.0/24"
                yield _fault("INV007", at(record, "prefix"), f"{section}/{name}", f"not a network prefix: {exc}",
                             f"不是合法网段：{exc}", f"write {hint}", f"写成 {hint}")  # fmt: skip
    for name, pool in sections["asn_pools"].items():
        if pool.last < pool.first:
            yield _fault("INV007", at(pool, "last"), f"asn_pools/{name}", f"last {pool.last} is below first {pool.first}",
                         f"last {pool.last} 小于 first {pool.first}", "swap them", "对调")  # fmt: skip


def _fault(code: str, at: Position, subject: str, en: str, zh: str, fix_en: str, fix_zh: str) -> Finding:
    return Finding(code, Severity.ERROR, subject, Text(en, zh), at, Text(fix_en, fix_zh))
