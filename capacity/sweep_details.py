"""What each of many failures leaves: devices without power, devices cut off, bandwidth, capacity against demand.

The same figures as `capacity.survives` gives for one failure, from the rows of the kernel.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from capacity.kernel import all_sets, compile_structure, groups_of, unpacked
from capacity.structure import Structure
from capacity.survives_network import network
from capacity.survives_services import needed_amount, scene
from inventory.inventory import Inventory
from topology.elements import Layers

if TYPE_CHECKING:
    import numpy.typing as npt

    Flags = npt.NDArray[np.bool_]
    Numbers = npt.NDArray[np.float64]

_BLOCK = 4096  # failures at a time


@dataclass(frozen=True, slots=True)
class Carried:
    """What a service with a demand has left, in its measure: of the best site, or of all for active-active."""

    service: str
    left: float
    needed: float

    @property
    def share(self) -> float:
        """Left over needed; infinite when nothing is needed."""
        return self.left / self.needed if self.needed else math.inf


@dataclass(frozen=True, slots=True)
class Outcome:
    """One failure. `groups`: keys of what fails together; `opened`: breakers that open on top of it; `down`:
    services that are down; `dark`: devices that lost their power without failing themselves; `cut_off`: devices
    with power that their users no longer reach. `worst_pair` is the access pair with the highest
    oversubscription (infinite: cables to serve and no uplink left; None: not known); `site_gbps` what is left
    from access to core per site (None: a speed is unknown)."""

    groups: tuple[str, ...]
    opened: tuple[str, ...]
    down: tuple[str, ...]
    dark: int
    cut_off: int
    worst_pair: str | None
    oversubscription: float | None
    site_gbps: tuple[tuple[str, float | None], ...]
    capacity: tuple[Carried, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON form; an infinite oversubscription is null with `no_uplink` true."""
        ratio = self.oversubscription
        endless = ratio is not None and math.isinf(ratio)
        return {
            "groups": list(self.groups),
            "down": list(self.down),
            "dark": self.dark,
            "cut_off": self.cut_off,
            "worst_pair": self.worst_pair,
            "oversubscription": None if ratio is None or endless else round(ratio, 3),
            **({"no_uplink": True} if endless else {}),
            "site_gbps": dict(self.site_gbps),
            **({"opened": list(self.opened)} if self.opened else {}),
            **(
                {"capacity": {c.service: {"left": round(c.left, 3), "needed": round(c.needed, 3)} for c in self.capacity}}
                if self.capacity
                else {}
            ),
        }  # fmt: skip


@dataclass(frozen=True)
class _Pair:
    name: str
    site: str
    access: tuple[int, ...]
    access_gbps: tuple[float | None, ...]
    uplinks: tuple[tuple[int, int], ...]
    """Rows of the cable and of the switch it leads to."""
    uplink_gbps: tuple[float | None, ...]


@dataclass(frozen=True)
class _Demand:
    service: str
    together: bool
    needed: float
    sites: tuple[tuple[int, tuple[tuple[int, float], ...]], ...]
    """Per site the row that says whether it serves, and row and weight of every device."""


class Observer:
    """The gates that outcomes are read from, over one structure; use `outcomes`."""

    def __init__(self, inventory: Inventory, layers: Layers, structure: Structure) -> None:
        gates = structure.gates
        self.asked: dict[str, int] = {}
        self.services = tuple(structure.outputs)
        for gate in structure.outputs.values():
            self._row(gate)
        self.up = {d: self._row(f"up:{d}") for d in sorted(layers.elements) if f"up:{d}" in gates}
        self.reach = {
            d: self._row(f"reach:{d}")
            for d in sorted(layers.logical)
            if f"reach:{d}" in gates and d in self.up and layers.logical.degree(d)
        }
        self.pairs = [self._pair(layers, gates, name, p.site) for name, p in sorted(inventory.pairs.items()) if p.role == "access"]  # fmt: skip
        self.demands = self._demands(inventory, layers, gates)
        self.compiled = compile_structure(Structure(structure.leaves, gates, {}), also=tuple(self.asked))

    def outcomes(
        self,
        names: Sequence[tuple[str, ...]],
        failed: Sequence[Collection[str]],
        opened: Sequence[tuple[str, ...]],
    ) -> list[Outcome]:
        """One outcome per failure: `names` are its groups, `failed` the elements lost, `opened` those included."""
        out: list[Outcome] = []
        for start in range(0, len(failed), _BLOCK):
            part = slice(start, start + _BLOCK)
            out += self._block(names[part], failed[part], opened[part])
        return out

    def _block(
        self,
        names: Sequence[tuple[str, ...]],
        failed: Sequence[Collection[str]],
        opened: Sequence[tuple[str, ...]],
    ) -> list[Outcome]:
        n = len(failed)
        words = self.compiled.evaluate_sets(groups_of(self.compiled, failed), all_sets(n, 1))
        true = unpacked(words, n)
        lost_itself = np.zeros(n, dtype=np.int64)
        for column, lost in enumerate(failed):
            lost_itself[column] = len(self.up.keys() & set(lost))
        dark = (~true[list(self.up.values())]).sum(axis=0) - lost_itself
        up, reached = (true[[rows[d] for d in self.reach]] for rows in (self.up, self.reach))
        cut_off = (up & ~reached).sum(axis=0)
        worst, ratio, gbps = self._bandwidth(true)
        carried = [(d, _carried(d, true)) for d in self.demands]
        down = ~true[: len(self.services)]
        return [
            Outcome(
                groups=names[i],
                opened=opened[i],
                down=tuple(self.services[s] for s in np.flatnonzero(down[:, i])),
                dark=int(dark[i]),
                cut_off=int(cut_off[i]),
                worst_pair=None if worst[i] < 0 else self.pairs[worst[i]].name,
                oversubscription=None if worst[i] < 0 else float(ratio[i]),
                site_gbps=tuple(
                    (s, None if np.isnan(g[i]) else float(g[i])) for s, g in sorted(gbps.items())
                ),
                capacity=tuple(Carried(d.service, float(left[i]), d.needed) for d, left in carried),
            )
            for i in range(n)
        ]

    def _bandwidth(self, true: Flags) -> tuple[npt.NDArray[np.int64], Numbers, dict[str, Numbers]]:
        """Index of the worst pair (-1: none known), its ratio, and Gb/s left per site (NaN: not known)."""
        n = true.shape[1]
        worst = np.full(n, -1, dtype=np.int64)
        highest = np.full(n, -1.0)
        gbps: dict[str, Numbers] = {}
        for index, pair in enumerate(self.pairs):
            cables = [row for row, _ in pair.uplinks]
            ends = [row for _, row in pair.uplinks]
            above = _sum(true[cables] & true[ends], pair.uplink_gbps)
            below = _sum(true[list(pair.access)], pair.access_gbps)
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = np.where(above > 0, below / above, np.where(below > 0, np.inf, 0.0))
            ratio[np.isnan(above) | np.isnan(below)] = -1.0
            better = (ratio >= highest) & (ratio >= 0)
            worst[better], highest[better] = index, ratio[better]
            gbps[pair.site] = gbps.get(pair.site, np.zeros(n)) + above
        return worst, highest, gbps

    def _row(self, name: str) -> int:
        return self.asked.setdefault(name, len(self.asked))

    def _pair(self, layers: Layers, gates: Collection[str], name: str, site: str | None) -> _Pair:
        access, uplinks = [], []
        access_gbps, uplink_gbps = [], []
        for member in (f"device/{name}A", f"device/{name}B"):
            if member not in layers.physical:
                continue
            for _, far, key, data in sorted(
                layers.physical.edges(member, keys=True, data=True), key=lambda e: str(e[2])
            ):
                if f"works:{key}" not in gates:
                    continue
                if data.get("kind") == "access":
                    access.append(self._row(f"works:{key}"))
                    access_gbps.append(data.get("speed_gbps"))
                elif data.get("kind") == "uplink":
                    here = f"reach:{far}@{site}"
                    end = here if here in gates else f"reach:{far}"
                    if end in gates:
                        uplinks.append((self._row(f"works:{key}"), self._row(end)))
                        uplink_gbps.append(data.get("speed_gbps"))
        return _Pair(name, site or "", tuple(access), tuple(access_gbps), tuple(uplinks), tuple(uplink_gbps))

    def _demands(self, inventory: Inventory, layers: Layers, gates: Collection[str]) -> list[_Demand]:
        out = []
        intact = scene(inventory, layers, network(inventory, layers, ()))
        for name, service in sorted(inventory.services.items()):
            if service.demand is None or name not in self.services:
                continue
            sites = []
            for site in sorted(set(service.sites)):
                serves = f"serves:instance/{name}@{site}"
                weights = tuple(
                    (self._row(f"reach:{device}"), float(weight))
                    for device, weight in sorted(intact.members.get((name, site), {}).items())
                    if f"reach:{device}" in gates
                )
                if serves in gates:
                    sites.append((self._row(serves), weights))
            together = service.mode == "active-active"
            out.append(_Demand(name, together, needed_amount(intact, service), tuple(sites)))
        return out


def _sum(working: Flags, speeds: Sequence[float | None]) -> Numbers:
    """Gb/s of what works in each failure; NaN where a working one has no known speed."""
    known = np.array([0.0 if s is None else s for s in speeds])
    total: Numbers = known @ working if len(speeds) else np.zeros(working.shape[1])
    unknown = [i for i, s in enumerate(speeds) if s is None]
    if unknown:
        total[working[unknown].any(axis=0)] = np.nan
    return total


def _carried(demand: _Demand, true: Flags) -> Numbers:
    """What a service has left in each failure."""
    n = true.shape[1]
    total, best = np.zeros(n), np.zeros(n)
    for serves, weights in demand.sites:
        rows = [row for row, _ in weights]
        here = np.array([w for _, w in weights]) @ true[rows] if rows else np.zeros(n)
        best = np.maximum(best, here)
        total += here * true[serves]
    return total if demand.together else best
