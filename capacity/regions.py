"""Where each device may stand: racks by pod, row and reach, and the distances that break ties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from capacity.draws import draws
from capacity.power import DevicePower
from inventory.inventory import Device, Inventory, RackPlace
from inventory.model import Fleet, Pair
from inventory.plan_model import PlacedDevice

_CLOSE_RACKS = 2
"""Racks that gear every rack is cabled to may stand away from the best place for it."""
_RACKS_PER_ROW = 5
"""Racks that a change of row counts for where the nearest switch is sought."""


@dataclass(frozen=True)
class Given:
    """What is settled before racks are filled: access pair of each device (None: none), rack of each switch
    of a pair, and what the previous plan placed, each by device name."""

    inventory: Inventory
    pairs: Mapping[str, str | None]
    switches: Mapping[str, str]
    old: Mapping[str, PlacedDevice]

    @cached_property
    def power(self) -> Mapping[str, DevicePower | None]:
        """Draw of every device to be built in W, by name; None: nothing is known of it."""
        return draws(self.inventory)

    @cached_property
    def rules(self) -> Mapping[str, tuple[str, ...]]:
        """Spread rules that every device of a fleet obeys, by fleet name."""
        out: dict[str, list[str]] = {}
        for fleet in self.inventory.fleets.values():
            out[fleet.name] = [f"fleet {fleet.name}"]
            if fleet.ha_group:
                out[fleet.name].append(f"HA group {fleet.ha_group}")
        for group in self.inventory.replica_groups.values():
            for name in dict.fromkeys(group.fleets):
                out[name].append(f"replica group {group.name}")
        for quorum in self.inventory.quorums.values():
            for name in dict.fromkeys(v.fleet for v in quorum.votes if v.fleet and quorum.scope == "rack"):
                out[name].append(f"quorum {quorum.name}")
        return {name: tuple(rules) for name, rules in out.items()}


def candidates(
    given: Given, device: Device, by_row: Mapping[str, list[RackPlace]], open_racks: tuple[str, ...]
) -> tuple[str, ...]:
    """Racks the device may stand in: its switch place, its fleet's rows, its pod's rows, or any of the site."""
    record = device.record
    if isinstance(record, Pair):
        return (given.switches[device.name],) if device.name in given.switches else open_racks
    rows: Iterable[str] = ()
    if isinstance(record, Fleet):
        pair = given.inventory.pairs.get(given.pairs.get(device.name) or "")
        rows = record.rows or (pair.home_rows if pair else ())
    else:
        rows = record.rows
    if device.role in ("oob", "console-server"):
        central = _central_racks(given, device, by_row, tuple(rows) or tuple(by_row))
        if central:
            return central
    names = tuple(sorted(r.name for row in rows for r in by_row.get(row, ()) if not r.reserved))
    return names or open_racks


def _central_racks(
    given: Given, device: Device, by_row: Mapping[str, list[RackPlace]], rows: tuple[str, ...]
) -> tuple[str, ...]:
    """Racks for gear that every rack is cabled to. Out-of-band switches: within two racks of an access switch of
    their rows. Console servers: where the longest way along the trays to any access switch is shortest, or up to
    two racks longer."""
    hubs = [rack for name in given.switches.values() if (rack := given.inventory.racks[name]).row in by_row]
    racks = [r for row in rows for r in by_row.get(row, ()) if not r.reserved]
    if not hubs or not racks:
        return ()
    if device.role == "oob":
        near = {
            r.name for r in racks for h in hubs if h.row == r.row and abs(r.index - h.index) <= _CLOSE_RACKS
        }
        return tuple(sorted(near))
    reach = {r.name: max(_tray_m(r, h, by_row) for h in hubs) for r in racks}
    most = min(reach.values()) + _CLOSE_RACKS * given.inventory.policy.number("cable.rack_pitch_m")
    return tuple(sorted(name for name, longest in reach.items() if longest <= most))


def _tray_m(a: RackPlace, b: RackPlace, by_row: Mapping[str, list[RackPlace]]) -> float:
    """Metres along the trays between two racks of one room, by the nearer end of their rows."""
    if a.row == b.row:
        return abs(a.x_m - b.x_m)
    left = min(r.x_m for r in (*by_row[a.row], *by_row[b.row]))
    right = max(r.x_m for r in (*by_row[a.row], *by_row[b.row]))
    return min(a.x_m + b.x_m - 2 * left, 2 * right - a.x_m - b.x_m) + abs(a.y_m - b.y_m)


def locality(given: Given, device: Device, candidates: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """(rack, racks between it and the nearest access switch of the device's pair) for each candidate; another row
    counts as five racks. Empty when no switch of the pair has a place."""
    pair, racks = given.pairs.get(device.name), given.inventory.racks
    homes = [racks[given.switches[f"{pair}{m}"]] for m in "AB" if f"{pair}{m}" in given.switches]
    if not homes:
        return ()
    return tuple(
        (name, min(abs(rack.index - h.index) + (0 if rack.row == h.row else _RACKS_PER_ROW) for h in homes))
        for name in candidates
        for rack in (racks[name],)
    )


def phases_of(inventory: Inventory, site: str) -> dict[str, tuple[str, str]]:
    """(panel, phase) by rack, for racks whose phase is known."""
    return {
        r.name: (r.feeds["a"].panel, r.phase)
        for r in inventory.site_racks.get(site, ())
        if r.phase and "a" in r.feeds
    }
