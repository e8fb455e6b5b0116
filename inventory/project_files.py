"""The YAML files of a project folder: found in one order, and none left out without a word."""

from __future__ import annotations

import os
from pathlib import Path

from inventory.findings import Finding, Position, Severity, Text

SUFFIXES = (".yml", ".yaml")
BESIDE = ("plan", "catalog", "build")
"""Folders of a project that hold no inventory."""


def project_files(folder: Path) -> tuple[list[Path], list[Finding]]:
    """(YAML files of the inventory in name order, INV012 for everything of that kind that cannot be taken).

    Looks into every folder but plan/, catalog/ and build/ of the project itself and hidden ones. Links to
    files inside the project that are read anyway, links out of it, links to folders, and what bears the name of
    a YAML file without being one are findings.
    """
    return _walk(folder, BESIDE)


def catalog_files(folder: Path) -> tuple[list[Path], list[Finding]]:
    """The same for the catalogue of a project, in `folder`/catalog; empty when there is none."""
    catalog = folder / "catalog"
    if not catalog.exists():
        return [], []
    if not _real(catalog).is_relative_to(_real(folder)):
        return [], [_fault(catalog, *_OUTSIDE)]
    return _walk(catalog, ())


def shown_path(path: Path) -> str:
    """The path as findings print it: relative to the working directory where that is shorter."""
    try:
        return Path(os.path.abspath(path)).relative_to(Path.cwd()).as_posix()  # noqa: PTH100 (keeps links)
    except ValueError:
        return path.as_posix()


_OUTSIDE = (Text("leads out of the project folder", "指向项目文件夹之外"),
            Text("copy it into the project", "将其复制到项目内"))  # fmt: skip


def _walk(folder: Path, skipped: tuple[str, ...]) -> tuple[list[Path], list[Finding]]:
    faults: list[Finding] = []
    found: list[Path] = []

    def unreadable(error: OSError) -> None:
        faults.append(_fault(Path(str(error.filename)), Text(f"cannot be read: {error.strerror}", f"无法读取：{error.strerror}"),
                             Text("check the permissions", "检查权限")))  # fmt: skip

    for base, folders, names in os.walk(folder, onerror=unreadable):
        here = Path(base)
        left_out = skipped if here == folder else ()
        folders[:] = [n for n in folders if n not in left_out and not n.startswith(".")]
        for name in folders:
            path = here / name
            if path.is_symlink():
                faults.append(_fault(path, Text("is a link to a folder, which is not followed", "是文件夹链接，不会跟随"),
                                     Text("copy the folder into the project", "将文件夹复制到项目内")))  # fmt: skip
            elif _is_yaml(name):
                faults.append(_fault(path, Text("is a folder with the name of a file", "是以文件名命名的文件夹"),
                                     Text("rename the folder", "为文件夹改名")))  # fmt: skip
        found += [here / name for name in names if _is_yaml(name) and not name.startswith(".")]
    files = []
    for path in sorted(found):
        fault = _unusable(path, folder, found)
        if fault:
            faults.append(_fault(path, *fault))
        else:
            files.append(path)
    return files, faults


def _is_yaml(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _real(path: Path) -> Path:
    """Where links lead; a link in a circle leads to itself."""
    return Path(os.path.realpath(path))


def _unusable(path: Path, folder: Path, found: list[Path]) -> tuple[Text, Text] | None:
    """What keeps `path` from being read as a file of the project, and what to do."""
    if path.is_symlink():
        target = _real(path)
        if not target.is_relative_to(_real(folder)):
            return _OUTSIDE
        if not target.exists():
            return Text("is a link that leads nowhere", "是失效链接"), Text("remove the link", "删除链接")
        if any(_real(other) == target for other in found if not other.is_symlink()):
            return (Text(f"is a link to {shown_path(target)}, which is read anyway", f"是 {shown_path(target)} 的链接，后者已读取"),
                    Text("remove the link", "删除链接"))  # fmt: skip
    if not path.is_file():
        return Text("is not a regular file", "不是普通文件"), Text("remove it", "删除它")
    return None


def _fault(path: Path, message: Text, fix: Text) -> Finding:
    shown = shown_path(path)
    return Finding("INV012", Severity.ERROR, shown, message, Position(shown), fix)
