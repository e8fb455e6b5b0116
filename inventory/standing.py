"""What a device must not be touched together with: its pair, site, supply side, quorum, group and replicas."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inventory import model as m
from inventory.inventory import Inventory
from inventory.plan_model import Plan

Share = tuple[str, str, int]
"""Group a device is part of; what counts once in it (the device, or its rack or pair); how many of those may be
touched at a time."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one device stands among the others. `pair` is set for the two members of a switch pair alone;
    `side` (a or b) for a device that hangs on one supply alone; `shares` are its quorums, stand-in groups and
    replica groups."""

    name: str
    kind: str
    site: str | None
    rack: str | None = None
    position: int = 0
    pair: str | None = None
    side: str | None = None
    shares: tuple[Share, ...] = ()

    def to_vars(self) -> dict[str, Any]:
        """As host variables; `from_vars` reads them back."""
        out: dict[str, Any] = {"rackwright_kind": self.kind}
        if self.side:
            out["rackwright_single_side"] = self.side
        if self.shares:
            out["rackwright_shares"] = [
                {"group": group, "unit": unit, "at_a_time": limit} for group, unit, limit in self.shares
            ]
        return out

    @classmethod
    def from_vars(cls, name: str, values: Mapping[str, Any]) -> Standing:
        """The standing of a host from its Ansible variables. Raises KeyError for a host not of the plan."""
        return cls(
            name,
            str(values["rackwright_kind"]),
            values.get("rackwright_site"),
            values.get("rackwright_rack"),
            int(values.get("rackwright_position") or 0),
            values.get("rackwright_pair") if values.get("rackwright_member") else None,
            values.get("rackwright_single_side"),
            tuple((s["group"], s["unit"], int(s["at_a_time"])) for s in values.get("rackwright_shares", ())),
        )


def standings(inventory: Inventory, plan: Plan) -> dict[str, Standing]:
    """The standing of every planned device, by name in the order of the plan.

    A quorum must keep more than half of its votes, a stand-in group half of its devices, a replica group the
    copies it needs to write; where that leaves nothing, one device at a time may still be touched.
    """
    sides: dict[str, set[str]] = defaultdict(set)
    for cord in plan.cords:
        sides[cord.device].add(cord.side)
    sizes = Counter(f.ha_group for f in inventory.fleets.values() for _ in range(f.count) if f.ha_group)
    out: dict[str, Standing] = {}
    for placed in plan.devices:
        device = inventory.devices.get(placed.name)
        if device is None:
            continue
        rack = inventory.racks.get(placed.rack or "")
        fed = sides[placed.name] or (set(rack.feeds) if rack else set())
        shares: list[Share] = []
        if isinstance(device.record, m.Fleet):
            shares = _quorums(inventory, device.owner, placed.name)
            if device.record.ha_group:
                group = device.record.ha_group
                shares.append((f"ha-group {group}", placed.name, max(1, sizes[group] // 2)))
            units = {"device": placed.name, "rack": placed.rack, "pair": placed.pair}
            shares += _replicas(inventory, device.owner, placed.name, units)
        out[placed.name] = Standing(
            placed.name,
            device.kind,
            device.site,
            placed.rack,
            placed.position or 0,
            device.owner if device.member else None,
            next(iter(fed)) if len(fed) == 1 else None,
            tuple(shares),
        )
    return out


def _quorums(inventory: Inventory, fleet: str, name: str) -> list[Share]:
    out = []
    for quorum in inventory.quorums.values():
        if any(v.fleet == fleet for v in quorum.votes):
            total = sum(v.votes * (inventory.fleets[v.fleet].count if v.fleet else 1) for v in quorum.votes)
            each = max(v.votes for v in quorum.votes if v.fleet == fleet)
            out.append((f"quorum {quorum.name}", name, max(1, (total - 1) // 2 // max(1, each))))
    return out


def _replicas(inventory: Inventory, fleet: str, name: str, units: Mapping[str, str | None]) -> list[Share]:
    out = []
    for group in inventory.replica_groups.values():
        if fleet in group.fleets:
            shards = (group.data_shards or 0) + (group.parity_shards or 0)
            copies = shards if group.scheme == "erasure" and shards else group.copies
            kept = group.write_quorum or (group.data_shards if copies == shards else copies // 2 + 1) or 1
            out.append((f"replicas {group.name}", units[group.domain] or name, max(1, copies - kept)))
    return out
