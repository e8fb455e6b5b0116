"""What `rackwright simulate --cables` prints for people: cables that cut devices off, alone and in pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from inventory.findings import names_text
from rackwright.cli.simulate_text import wrapped

if TYPE_CHECKING:
    from capacity.cable_cuts import CableCut, CableCuts

_SHOWN = 12
"""Lines of a list, and pairs on a line, unless all are asked for."""


def cables_page(project: str, cuts: CableCuts, every: bool) -> list[str]:
    """Headline, single cables, pairs; the two cables of one device are only counted unless all are asked for."""
    lines = [
        f"{project}: {len(cuts.ends):,} cables between {cuts.devices:,} devices and their users, each alone and every two"
    ]
    if cuts.unreached:
        names = names_text([_name(d) for d in cuts.unreached])
        lines += wrapped(f"not reached although nothing has failed: {names}", "")
    if not cuts.devices:
        return [*lines, "no device has a data cable: nothing is said about cables"]
    lines.append("")
    if cuts.alone:
        lines.append(f"alone: {_cables(len(cuts.alone))} a device off")
        lines += _listed(cuts, cuts.alone, every)
    else:
        lines.append("alone: no cable cuts a device off")
    own = [cut for cut in cuts.pairs if cut.own]
    others = cuts.pairs if every else [cut for cut in cuts.pairs if not cut.own]
    lines.append(f"in pairs: {len(cuts.pairs):,} cut a device off that neither cable cuts off alone")
    if own:
        lines.append(f"  {len(own):,} of them are both cables of one device, and cut off that device only")
    lines += _listed(cuts, others, every)
    return lines


def _listed(cuts: CableCuts, found: Sequence[CableCut], every: bool) -> list[str]:
    """A line for each set of devices, the largest first: what cuts them off."""
    same: dict[tuple[str, ...], list[CableCut]] = {}
    for cut in found:
        same.setdefault(cut.devices, []).append(cut)
    rows = sorted(same.items(), key=lambda row: (-len(row[0]), row[0]))
    shown = len(rows) if every else _SHOWN
    lines = []
    for devices, ways in rows[:shown]:
        names = names_text([_name(d) for d in devices], len(devices) if every else 4)
        most = len(ways) if every else _SHOWN
        text = "; ".join(" + ".join(_cable(cuts, c) for c in way.cables) for way in ways[:most])
        more = f"; {len(ways) - most} more" if len(ways) > most else ""
        lines += wrapped(f"cut off {names}: any of {text}{more}" if len(ways) > 1 else f"cut off {names}: {text}", "  ", "    ")  # fmt: skip
    if len(rows) > shown:
        lines.append(f"  … {len(rows) - shown} more sets of devices; --all shows them")
    return lines


def _cable(cuts: CableCuts, cable: str) -> str:
    a, b = sorted(map(_name, cuts.ends[cable]))
    return f"{_name(cable)} ({a} to {b})"


def _cables(count: int) -> str:
    return "1 cable cuts" if count == 1 else f"{count:,} cables cut"


def _name(key: str) -> str:
    return key.partition("/")[2]
