"""The address plan at a glance: pools, what is cut from them, and how full each prefix is."""

from __future__ import annotations

import ipaddress
from collections import Counter
from dataclasses import dataclass

from inventory.inventory import Inventory
from inventory.plan_model import Plan, PlannedPrefix


@dataclass(frozen=True, slots=True)
class PoolUse:
    """One pool: prefixes cut from it and addresses issued in them. `size` counts every address of the pool."""

    name: str
    plane: str
    site: str
    prefix: str
    prefixes: int
    issued: int
    size: int

    @property
    def share(self) -> float:
        """Addresses issued over the size of the pool."""
        return self.issued / self.size


@dataclass(frozen=True, slots=True)
class PrefixUse:
    """One prefix: addresses issued, kept back (device gone), and all it has room for (None: not a prefix)."""

    planned: PlannedPrefix
    issued: int
    kept_back: int
    size: int | None


def pool_uses(inventory: Inventory, plan: Plan) -> tuple[PoolUse, ...]:
    """Pools in the order of the inventory."""
    prefixes = Counter(prefix.pool for prefix in plan.prefixes)
    issued: Counter[str] = Counter()
    for use in prefix_uses(plan):
        issued[use.planned.pool] += use.issued
    return tuple(
        PoolUse(
            pool.name, pool.plane, pool.site, pool.prefix, prefixes[pool.name], issued[pool.name],
            ipaddress.ip_network(pool.prefix).num_addresses,
        )
        for pool in inventory.pools.values()
    )  # fmt: skip


def prefix_uses(plan: Plan) -> tuple[PrefixUse, ...]:
    """Prefixes of the plan in its order, with their addresses counted."""
    issued = Counter(a.prefix for a in plan.addresses if a.released is None)
    gone = Counter(a.prefix for a in plan.addresses if a.released is not None)
    return tuple(
        PrefixUse(prefix, issued[prefix.prefix], gone[prefix.prefix], _size(prefix.prefix))
        for prefix in plan.prefixes
    )


def _size(prefix: str) -> int | None:
    """Addresses a host may have: without network and broadcast in IPv4 prefixes shorter than /31."""
    try:
        network = ipaddress.ip_network(prefix, strict=False)
    except ValueError:
        return None
    if network.version == 4 and network.prefixlen < 31:
        return network.num_addresses - 2
    return network.num_addresses
