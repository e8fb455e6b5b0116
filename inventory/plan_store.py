"""Reading and writing `plan/`: one record a line, sorted, and the whole folder replaced in one step.

A write goes to a new folder beside the old one, every file and the folder itself synced, then both are
exchanged by one rename. A crash at any point leaves the old plan or the new one, never a mixture; so does a
refusal of the disk, which is an OSError. What somebody else put into `plan/` moves along.
"""

from __future__ import annotations

import ctypes
import errno
import gc
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from inventory.findings import Finding, Position, Severity, Text, ordered
from inventory.flow_yaml import flow
from inventory.plan_model import MAY_BE_MISSING, PLAN_FILES, Plan, PlanRecord
from inventory.project_files import shown_path
from inventory.source import Document, read
from inventory.validation import near, validate

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_NEW, _OLD = ".plan.new", ".plan.old"
_RESTORE = Text("restore the file from version control, or plan anew with `rackwright plan --replan`",
                "从版本库恢复该文件，或用 `rackwright plan --replan` 重新规划")  # fmt: skip


@dataclass(frozen=True)
class LoadedPlan:
    """The plan on disk (None: there is none, or it cannot be read whole) and the findings of reading it."""

    plan: Plan | None
    findings: tuple[Finding, ...]


def plan_folder(project: Path) -> Path:
    """Where the plan of a project lives; after a crash between two renames, the copy that is whole."""
    folder = project / "plan"
    if not os.path.lexists(folder) and (project / _OLD).is_dir():
        return project / _OLD
    return folder


def load_plan(project: Path) -> LoadedPlan:
    """The plan beside the inventory in `project`; faults are INV findings, all at once."""
    folder = plan_folder(project)
    if wrong := _not_a_folder(folder):
        shown = shown_path(folder)
        message = Text(f"is {wrong}, not a folder", "不是文件夹")
        fix = Text("move it away, or put a folder in its place", "将其移走，或换成文件夹")
        return LoadedPlan(None, (Finding("INV012", Severity.ERROR, shown, message, Position(shown), fix),))
    if not folder.is_dir():
        return LoadedPlan(None, ())
    enabled = gc.isenabled()
    gc.disable()
    try:
        return _load(folder)
    finally:
        if enabled:
            gc.enable()


def _load(folder: Path) -> LoadedPlan:
    findings: list[Finding] = []
    documents: dict[str, Document] = {}
    lists: dict[str, tuple[PlanRecord, ...]] = {}
    for attribute, (file_name, model, _) in PLAN_FILES.items():
        path = folder / file_name
        if not path.exists():
            if attribute in MAY_BE_MISSING:
                continue
            findings.append(
                _fault(
                    "INV001",
                    shown_path(path),
                    f"{file_name} is missing from the plan",
                    f"计划缺少 {file_name}",
                )
            )
            continue
        document, found = read(path, shown_path(path))
        findings.extend(found)
        if document is None:
            continue
        documents[document.path] = document
        if not isinstance(document.data, dict):
            findings.append(_misshapen(file_name, attribute, document))
            continue
        for key in document.data:
            if key != attribute:
                guess = near(key, [attribute]) if attribute not in document.data else None
                findings.append(
                    Finding("INV005", Severity.ERROR, file_name,
                            Text(f"unknown section {key}, expected {attribute}", f"未知的段 {key}，应为 {attribute}"),
                            document.where_key(key),
                            Text(f"did you mean {guess}?", f"是否为 {guess}？") if guess else Text("remove it", "删除"))
                )  # fmt: skip
        items = document.data.get(attribute)
        if not isinstance(items, list):
            if attribute in document.data or not document.data:
                findings.append(_misshapen(file_name, attribute, document))
            continue
        records, found = _records(model, items, attribute, document)
        findings.extend(found)
        lists[attribute] = records
    if any(f.severity is Severity.ERROR for f in findings):
        return LoadedPlan(None, tuple(ordered(findings)))
    return LoadedPlan(Plan(**lists, documents=documents), ())  # type: ignore[arg-type]


def _records(
    model: type[PlanRecord], items: list[Any], section: str, document: Document
) -> tuple[tuple[PlanRecord, ...], list[Finding]]:
    out: list[PlanRecord] = []
    findings: list[Finding] = []
    prefix = f"{document.path}#{section}/"
    for i, item in enumerate(items):
        record, found = validate(model, item, f"{prefix}{i}", document, (section, i))
        findings.extend(found)
        if record is not None:
            out.append(record)
    return tuple(out), findings


def dump(section: str, heading: str, records: Iterable[BaseModel]) -> str:
    """The text of one plan file: a heading comment, then one record a line in flow form.

    Fields that hold their default are left out, so that a diff shows what matters.
    """
    lines = [
        f"# {heading}. Written by `rackwright plan`; read it, commit it, do not edit it by hand.",
        f"{section}:",
    ]
    for record in records:
        data = record.model_dump(mode="python", exclude_defaults=True, exclude={"at"})
        lines.append(f"  - {flow(data)}")
    if len(lines) == 2:
        lines[1] = f"{section}: []"
    return "\n".join(lines) + "\n"


def write_plan(project: Path, plan: Plan) -> list[Path]:
    """Write the plan whole or not at all; returns the files. What somebody else put into plan/ is kept.

    Raises OSError when the disk says no, or when plan/ is no folder of its own; the old plan then still stands.
    """
    target, fresh = project / "plan", project / _NEW
    source = plan_folder(project)
    if wrong := _not_a_folder(target):
        raise NotADirectoryError(errno.ENOTDIR, f"is {wrong}, not a folder", str(target))
    _remove(fresh)
    try:
        _fill(fresh, source, plan)
        _put_in_place(fresh, target, project)
    except BaseException:
        if target.exists() or not (project / _OLD).exists():  # else between two renames: keep both
            _remove(fresh)
        raise
    _sync_folder(project)
    _remove(fresh)
    _remove(project / _OLD)
    return [target / file_name for file_name, _, _ in PLAN_FILES.values()]


def _fill(fresh: Path, source: Path, plan: Plan) -> None:
    """The new folder: the files of others as they are, ours from `plan`, all of it on the disk."""
    fresh.mkdir()
    ours = {file_name for file_name, _, _ in PLAN_FILES.values()}
    for path in sorted(source.iterdir()) if source.is_dir() else ():
        if path.name in ours:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, fresh / path.name, symlinks=True)
        else:
            shutil.copy2(path, fresh / path.name, follow_symlinks=False)
    for attribute, (file_name, _, heading) in PLAN_FILES.items():
        with (fresh / file_name).open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(dump(attribute, heading, getattr(plan, attribute)))
            stream.flush()
            os.fsync(stream.fileno())
    _sync_folder(fresh)


def _put_in_place(fresh: Path, target: Path, project: Path) -> None:
    """Make the new folder the plan: in one step where the file system can exchange two folders."""
    if not target.exists():
        fresh.rename(target)
    elif not _exchange(fresh, target):  # two renames; plan_folder() finds the old plan in between
        old = project / _OLD
        _remove(old)
        target.rename(old)
        try:
            fresh.rename(target)
        except OSError:
            old.rename(target)
            raise


def _not_a_folder(path: Path) -> str:
    """What stands at `path` when it is neither a folder nor nothing, in words; else empty."""
    if path.is_symlink():
        return "a link"
    return "a file" if path.exists() and not path.is_dir() else ""


def _remove(path: Path) -> None:
    """Remove a folder of ours, or whatever stands under its name; nothing there is no fault."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


def _exchange(a: Path, b: Path) -> bool:
    """Swap two folders in one step (renameat2); False where the system or file system cannot."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    done = renameat2(_AT_FDCWD, os.fsencode(a), _AT_FDCWD, os.fsencode(b), _RENAME_EXCHANGE)
    if done == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.EXDEV, errno.EOPNOTSUPP):
        return False
    raise OSError(number, os.strerror(number), str(b))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _misshapen(file_name: str, attribute: str, document: Document) -> Finding:
    return Finding(
        "INV007", Severity.ERROR, file_name,
        Text(f"expected a list under {attribute}", f"{attribute} 下应为列表"), document.where(attribute),
        _RESTORE,
    )  # fmt: skip


def _fault(code: str, path: str, en: str, zh: str) -> Finding:
    return Finding(code, Severity.ERROR, path, Text(en, zh), Position(path),
                   _RESTORE)  # fmt: skip
