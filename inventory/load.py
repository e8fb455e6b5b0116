"""Files to inventory: every fault of a stage at once, and either a whole inventory or none.

Stages: (1) read all YAML, (2) validate every record, (3) names, references and rules between fields.
Stage 3 runs when every file could be parsed, so that a missing file does not look like broken names.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inventory import codes as codes  # lists the loader's codes
from inventory import model as m
from inventory.catalog_model import Catalog
from inventory.device_types import load_catalog
from inventory.findings import Finding, Position, Severity, Text, ordered
from inventory.inventory import Inventory
from inventory.nearest import near
from inventory.policy import apply_overrides, policy_faults, read_policy
from inventory.project_files import catalog_files, project_files, shown_path
from inventory.record_rules import NAMED_BY, broken_rules, twice
from inventory.references import Broken, broken_references, references
from inventory.source import DataPath, Document, place, read
from inventory.validation import validate

__all__ = ["PROJECTS", "SHIPPED_CATALOG", "Loaded", "load", "references", "shown_path"]

HERE = Path(__file__).parent
SHIPPED_CATALOG = HERE / "catalog"
PROJECTS = HERE / "projects"
HELD_WITH = {"rows": ("racks",), "existing_switches": ("existing_pairs",)}
"""Names that are defined inside the records of a section."""
ANYWHERE = "*"
"""Names of records whose section could not be told: a reference to one of them is not broken."""


@dataclass(frozen=True)
class Loaded:
    """What loading gave: the inventory (None when any error was found) and all findings, sorted."""

    inventory: Inventory | None
    findings: tuple[Finding, ...]


@dataclass
class _Stage:
    """What reading and validating gave: valid records by section and name, every name written in each section
    (valid record or not), the files, the findings, whether all files could be parsed, slugs of catalogue
    files that have a fault, and sections that are no list of records."""

    sections: dict[str, dict[str, Any]] = field(default_factory=lambda: {s: {} for s in m.SECTIONS})
    names: dict[str, set[str]] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    project: m.Project | None = None
    project_at: Position | None = None
    complete: bool = True
    lost: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)

    def fault(
        self, code: str, at: Position, subject: str, en: str, zh: str, fix_en: str, fix_zh: str
    ) -> None:
        """Note an error."""
        self.findings.append(Finding(code, Severity.ERROR, subject, Text(en, zh), at, Text(fix_en, fix_zh)))

    def name(self, section: str, *written: str) -> None:
        """Remember names as written."""
        self.names.setdefault(section, set()).update(written)


def load(folder: Path) -> Loaded:
    """Load the project in `folder` with the shipped catalogue and policy, and the project's own catalogue."""
    enabled = gc.isenabled()
    gc.disable()  # building many small objects: collection only costs here
    try:
        return _load(folder)
    finally:
        if enabled:
            gc.enable()


def _load(folder: Path) -> Loaded:
    stage = _Stage()
    if not folder.is_dir():
        stage.fault("INV012", Position(str(folder)), str(folder), "is not a folder", "不是文件夹",
                    "name a project folder with -p", "用 -p 指定项目文件夹")  # fmt: skip
        return Loaded(None, tuple(stage.findings))
    files, found = project_files(folder)
    stage.findings.extend(found)
    stage.complete = not found
    if not files and not found:
        stage.fault("INV012", Position(str(folder)), str(folder), "holds no YAML file", "没有 YAML 文件",
                    "start with a project.yml; see inventory/projects/guangxi",
                    "请先写 project.yml，可参考 inventory/projects/guangxi")  # fmt: skip
        return Loaded(None, tuple(stage.findings))
    for path in files:
        document, found = read(path, shown_path(path))
        stage.findings.extend(found)
        if document is None:
            stage.complete = False
        else:
            stage.documents[document.path] = document

    catalog = _catalog(folder, stage)
    policy_document, found = read(HERE / "policy.yml", shown_path(HERE / "policy.yml"))
    found = found or policy_faults(policy_document)
    if policy_document is None or found:
        return Loaded(None, tuple(ordered(stage.findings + found)))
    policy = read_policy(policy_document)

    for document in stage.documents.values():
        _sections(document, stage)
    if stage.project_at is None and stage.complete:
        stage.fault("INV006", Position(shown_path(folder / "project.yml")), "project", "section project is missing",
                    "缺少 project 段", "add project: with name and title", "补充 project（name、title）")  # fmt: skip
    if stage.project is not None:
        shown, _ = place(stage.project.at)
        policy, found = apply_overrides(policy, stage.project, stage.documents[shown])
        stage.findings.extend(found)
    if stage.complete:
        known = _known(stage, catalog)
        stage.findings.extend(broken_rules(stage.project, stage.sections, stage.documents))
        stage.findings.extend(_own_faults(broken_references(stage.sections, known, stage.documents), stage))
    findings = tuple(ordered(stage.findings))
    if stage.project is None or any(f.severity is Severity.ERROR for f in findings):
        return Loaded(None, findings)
    everything = {**stage.documents, **catalog.documents, policy_document.path: policy_document}
    return Loaded(Inventory(folder, stage.project, policy, catalog, everything, **stage.sections), findings)


def _catalog(folder: Path, stage: _Stage) -> Catalog:
    """The shipped catalogue and the project's own; a YAML file of the latter that nothing reads is INV012."""
    own, found = catalog_files(folder)
    stage.findings.extend(found)
    folders = [(SHIPPED_CATALOG, shown_path(SHIPPED_CATALOG))]
    if own:
        folders.append((folder / "catalog", shown_path(folder / "catalog")))
    catalog, faults = load_catalog(folders)
    stage.findings.extend(faults)
    told = {f.source.path for f in faults if f.source}
    for shown in told & catalog.documents.keys():
        data = catalog.documents[shown].data
        slugs = list(_slugs(data)) if isinstance(data, dict) else [None]
        stage.complete &= None not in slugs
        stage.lost.update(slug for slug in slugs if slug is not None)
    for path in own:
        shown = shown_path(path)
        if shown in catalog.documents:
            continue
        stage.complete = False
        if shown not in told:
            guess = near(path.name, ("optics.yml", "cables.yml", "components.yml"))
            stage.fault("INV012", Position(shown), shown, "nothing reads this file", "没有程序读取此文件",
                        f"did you mean {guess}?" if guess else "move it to catalog/device-types/<manufacturer>/ or rack-types/",
                        f"是否为 {guess}？" if guess else "移至 catalog/device-types/<厂商>/ 或 rack-types/")  # fmt: skip
    return catalog


def _sections(document: Document, stage: _Stage) -> None:
    """Every section of one file: its records into `stage`, its faults into the findings."""
    if document.data is None:
        return
    if not isinstance(document.data, dict):
        what = "a list" if isinstance(document.data, list) else "a value"
        stage.complete = False
        stage.fault("INV007", document.where(), document.path, f"expected sections, found {what}",
                    "应为若干段，实际为列表或值", "start the file with a section name such as rows:",
                    "以段名开头，如 rows:")  # fmt: skip
        return
    for section, items in document.data.items():
        if section == "project":
            _project(document, items, stage)
        elif section in m.SECTIONS:
            _records(document, section, items, stage)
        else:
            _unknown_section(document, section, items, stage)


def _project(document: Document, items: Any, stage: _Stage) -> None:
    here = document.where_key("project")
    if stage.project_at is not None:
        stage.findings.append(twice("project", "section project", here, stage.project_at))
        return
    stage.project_at = here
    stage.project, found = validate(m.Project, items, f"{document.path}#project", document, ("project",))
    stage.findings.extend(found)


def _unknown_section(document: Document, section: str, items: Any, stage: _Stage) -> None:
    guess = near(section, [*m.SECTIONS, "project"])
    known = ", ".join(("project", *m.SECTIONS))
    here = document.where_key(section)
    if guess == "project":
        stage.project_at = stage.project_at or here
    for item in items if isinstance(items, list) else ():
        stage.name(ANYWHERE, *_names(item))
    stage.fault("INV005", here, section, f"unknown section {section}", f"未知的段 {section}",
                f"did you mean {guess}?" if guess else f"known sections: {known}",
                f"是否为 {guess}？" if guess else f"可用的段：{known}")  # fmt: skip


def _records(document: Document, section: str, items: Any, stage: _Stage) -> None:
    if items is None:
        return
    if not isinstance(items, list):
        stage.unknown |= {section, *HELD_WITH.get(section, ())}
        stage.fault("INV007", document.where(section), section, "expected a list of records",
                    "应为记录列表", "put '- ' before each record", "每条记录前加“- ”")  # fmt: skip
        return
    for i, item in enumerate(items):
        _record(document, section, i, item, stage)


def _record(document: Document, section: str, i: int, item: Any, stage: _Stage) -> None:
    for where, name in _written_names(section, item):
        stage.name(where, name)
    if section == "rows" and not (isinstance(item, dict) and any(isinstance(v, list) for v in item.values())):
        stage.unknown.add("racks")
    model = m.SECTIONS[section]
    record, found = validate(model, item, f"{document.path}#{section}/{i}", document, (section, i))
    stage.findings.extend(found)
    if record is None:
        return
    name = m.record_name(section, record)
    first = stage.sections[section].setdefault(name, record)
    if first is not record:
        field_name = NAMED_BY.get(section, "name")
        shown, inner = place(first.at)
        before = stage.documents[shown].where(*inner, field_name)
        here = document.where(section, i, field_name)
        stage.findings.append(twice(f"{section}/{name}", name, here, before))


def _written_names(section: str, item: Any) -> Iterator[tuple[str, str]]:
    """(section, name) of everything a record defines, be the record valid or not."""
    yield from ((section, name) for name in _names(item))
    if section == "rows" and isinstance(item, dict):
        lists = [
            value for value in item.values() if isinstance(value, list)
        ]  # `racks`, or that word misspelt
        yield from (("racks", name) for racks in lists for rack in racks for name in _names(rack))
    if section == "existing_switches" and isinstance(item, dict) and item.get("pair") is not None:
        yield "existing_pairs", str(item["pair"])


def _names(item: Any) -> list[str]:
    if isinstance(item, dict):
        return [] if item.get("name") is None else [str(item["name"])]
    return [str(item)]


def _own_faults(broken: list[Broken], stage: _Stage) -> Iterator[Finding]:
    """The broken references that are a mistake of their own. They only follow from another one when a section is
    no list of records, or when no more names are missing than records of it have a fault in their name."""
    groups: dict[frozenset[str], list[Broken]] = {}
    for one in broken:
        groups.setdefault(one.targets, []).append(one)
    for targets, group in groups.items():
        if targets & stage.unknown:
            continue
        if sum(one.names for one in group) > sum(_doubtful_names(section, stage) for section in targets):
            yield from (one.finding for one in group)


def _doubtful_names(section: str, stage: _Stage) -> int:
    """How many records of a section lack the name and are invalid, or have a name that a finding is about."""
    faults = {f.source for f in stage.findings}
    source = {"racks": "rows", "existing_pairs": "existing_switches"}.get(section, section)
    if not faults or source not in m.SECTIONS:
        return 0
    key = "pair" if section == "existing_pairs" else "name"
    valid = {record.at for record in stage.sections[source].values()}
    count = 0
    for document in stage.documents.values():
        for path, item in _named_items(section, source, document.data):
            if isinstance(item, dict) and item.get(key) is None:
                count += f"{document.path}#{source}/{path[1]}" not in valid
            else:
                count += document.where(*path, key) in faults
    return count


def _named_items(section: str, source: str, data: Any) -> Iterator[tuple[DataPath, Any]]:
    """(data path, item) of what bears the names of a section in one file."""
    items = data.get(source) if isinstance(data, dict) else None
    for i, item in enumerate(items if isinstance(items, list) else ()):
        racks = item.get("racks") if section == "racks" and isinstance(item, dict) else None
        if section != "racks":
            yield (source, i), item
        for j, rack in enumerate(racks if isinstance(racks, list) else ()):
            yield (source, i, "racks", j), rack


def _known(stage: _Stage, catalog: Catalog) -> Mapping[str, set[str]]:
    """Names by what a reference may point to, written or loaded; never too few."""
    anywhere = stage.names.get(ANYWHERE, set())
    known = {s: stage.names.get(s, set()) | anywhere for s in (*m.SECTIONS, "racks", "existing_pairs")}
    lists = ("device_types", "rack_types", "optics", "cables")
    loaded: set[str] = set().union(*(getattr(catalog, name) for name in lists))
    for name in lists:
        known[f"catalog.{name}"] = set(getattr(catalog, name)) | (stage.lost - loaded)
    return known


def _slugs(data: dict[str, Any]) -> Iterator[str | None]:
    """Slugs written in a catalogue file, in entries that may be invalid; None for an entry without one."""
    lists = [data[name] for name in ("optics", "cables") if isinstance(data.get(name), list)]
    for entry in [e for items in lists for e in items] or [data]:
        slug = entry.get("slug") if isinstance(entry, dict) else None
        yield None if slug is None else str(slug)
