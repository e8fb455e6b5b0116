"""Cables that cut devices off from their users: each one that does so alone, and every two that do so together.

The question is that of `capacity.survival`: a device is reached when it is up and working cables lead to it from an
edge of its own site. Servers pass no traffic on, and a pair that loses its peer-link shuts ports, so the cables that
count are those of the data network with the peer-links and keepalives behind it, out-of-band cables among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from capacity.engine import LOCAL, Engine
from capacity.equal_effects import cone
from capacity.kernel import all_sets, compile_structure, groups_of
from capacity.kernel_interactions import interactions
from capacity.structure import Structure
from topology.elements import Layers

CABLES = ("cable/", "existing-link/")


@dataclass(frozen=True, slots=True)
class CableCut:
    """One or two cables and the devices that lose their users by it, all element keys, sorted. Of two cables only
    devices that neither cuts off alone. `own`: two cables that both end at the one device they cut off."""

    cables: tuple[str, ...]
    devices: tuple[str, ...]
    own: bool = False

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        own = {"own": self.own} if len(self.cables) > 1 else {}
        return {"cables": list(self.cables), "devices": list(self.devices), **own}


@dataclass(frozen=True)
class CableCuts:
    """What cables cut off. `ends`: the two ends of every cable looked at, by key; `devices`: how many have a data
    cable; `unreached`: those of them that are not reached with nothing failed; `alone` and `pairs`: by cables."""

    ends: Mapping[str, tuple[str, str]]
    devices: int
    unreached: tuple[str, ...]
    alone: tuple[CableCut, ...]
    pairs: tuple[CableCut, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON form; the same input gives the same bytes."""
        return {
            "cables": len(self.ends),
            "devices": self.devices,
            "not_reached": list(self.unreached),
            "alone": [cut.to_dict() for cut in self.alone],
            "pairs": [cut.to_dict() for cut in self.pairs],
        }


def cable_cuts(structure: Structure, layers: Layers, engine: Engine = LOCAL) -> CableCuts:
    """Every cable, and every two, that cut a device off; `structure` is `capacity.survival.structure` of `layers`.

    Exact: pairs that are not named cut off no more than either cable does alone. Devices without a data cable are not
    looked at; `layers.unknown` tells those.
    """
    devices = [
        d
        for d in sorted(layers.logical)
        if d.startswith("device/") and f"reach:{d}" in structure.gates and layers.logical.degree(d)
    ]
    wanted = {d: f"reach:{d}" for d in devices}
    part = cone(Structure(structure.leaves, structure.gates, wanted), devices)
    cables = sorted(leaf for leaf in part.leaves if leaf.startswith(CABLES))
    compiled = compile_structure(part)
    groups = groups_of(compiled, [(cable,) for cable in cables])
    reached = compiled.program.base[compiled.program.outputs].tolist()
    ends = {key: (a, b) for a, b, key in layers.physical.edges(keys=True)}
    single: dict[str, list[str]] = {}
    failing = compiled.failing_sets(groups, all_sets(len(cables), 1))
    for device, rows, is_reached in zip(devices, failing, reached, strict=True):
        for cable in rows[:, 0].tolist() if is_reached else ():
            single.setdefault(cables[cable], []).append(device)
    double: dict[tuple[str, str], list[str]] = {}
    for row, i, j in interactions(compiled, groups, engine).new.tolist():
        if reached[row]:
            double.setdefault((cables[i], cables[j]), []).append(devices[row])
    return CableCuts(
        ends={cable: ends[cable] for cable in cables},
        devices=len(devices),
        unreached=tuple(d for d, is_reached in zip(devices, reached, strict=True) if not is_reached),
        alone=tuple(CableCut((c,), tuple(lost)) for c, lost in sorted(single.items())),
        pairs=tuple(
            CableCut(two, tuple(lost), len(lost) == 1 and all(lost[0] in ends[cable] for cable in two))
            for two, lost in sorted(double.items())
        ),
    )
