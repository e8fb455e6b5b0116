"""The boot part of `rackwright render`: files of DHCP, name and boot servers, and what nobody knows for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rackwright.cli.common import Project, out, say

if TYPE_CHECKING:
    from topology.dhcp import Lacking

NAMED = 3
"""Devices named with one reason; how many more there are is said."""


@dataclass(frozen=True)
class BootFiles:
    """What became of the files in `folder`: state by path (written, unchanged; with --check same, differs, no file),
    what could not be rendered, files of no planned device (left alone), and why there are none at all."""

    folder: Path
    states: dict[str, str]
    lacking: tuple[Lacking, ...] = ()
    strange: tuple[str, ...] = ()
    refused: str = ""

    @property
    def bad(self) -> bool:
        """True for what has to be looked at before a server takes the files."""
        return bool(self.refused) or any(s in ("differs", "no file") for s in self.states.values())

    def data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "folder": str(self.folder),
            "files": self.states,
            "lacking": [{"device": x.device, "reason": x.reason} for x in self.lacking],
            "left_alone": list(self.strange),
            "refused": self.refused,
        }


def render_boot(project: Project, folder: Path, *, check: bool) -> BootFiles:
    """Write the files that differ, or with `check` only look."""
    from rackwright.documents.files import write_text
    from topology.boot_files import boot_files

    assert project.plan is not None  # noqa: S101 - render leaves without one
    try:
        files, lacking = boot_files(project.inventory, project.plan)
    except ValueError as reason:
        return BootFiles(folder, {}, refused=str(reason))
    states = {}
    for name, text in sorted(files.items()):
        path = folder / name
        there = path.read_bytes() if path.is_file() else None
        same = there == text.encode()
        if check:
            states[name] = "same" if same else "no file" if there is None else "differs"
        else:
            states[name] = "unchanged" if same else "written"
            if not same:
                write_text(path, text)
    known = {folder / name for name in files}
    found = (p for p in folder.rglob("*") if p.is_file() and p not in known) if folder.is_dir() else ()
    return BootFiles(folder, states, lacking, tuple(sorted(str(p.relative_to(folder)) for p in found)))


def show(boot: BootFiles, *, verbose: bool) -> None:
    """A line for each file that is not as it was, then what is lacking, by reason, and a sum on standard error."""
    for name, state in boot.states.items():
        if verbose or state not in ("unchanged", "same"):
            out(f"{name}  {state}")
    if boot.refused:
        out(f"boot files  refused\n    refused: {boot.refused}")
    for line in [f"{x.device}: {x.reason}" for x in boot.lacking] if verbose else by_reason(boot.lacking):
        out(f"    missing: {line}")
    for name in boot.strange:
        say(f"{boot.folder / name}: is not rendered from this plan; left alone")
    counts = {s: list(boot.states.values()).count(s) for s in dict.fromkeys(boot.states.values())}
    devices = len({x.device for x in boot.lacking})
    say(
        f"{boot.folder}: {', '.join(f'{n} {s}' for s, n in counts.items()) or 'nothing rendered'};"
        f" something is missing of {devices} devices and sites"
        + ("" if verbose else " (all of it: --verbose)")
    )


def by_reason(lacking: Iterable[Lacking]) -> list[str]:
    """One line a reason, with the first devices it holds for."""
    devices: dict[str, list[str]] = {}
    for one in lacking:
        reason = one.reason.removeprefix("not rendered: ").partition(": ")[0]
        names = devices.setdefault(reason, [])
        if one.device not in names:
            names.append(one.device)
    return [
        f"{reason} ({', '.join(names[:NAMED])}" + (f" and {len(names) - NAMED} more)" if len(names) > NAMED else ")")
        for reason, names in sorted(devices.items())
    ]  # fmt: skip
