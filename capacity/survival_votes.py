"""Who holds the majority, as gates.

Quorum of scope rack, seen by an instance at site X: of the votes at X, more than half are cast. A vote of a fleet
is cast by each of its reached devices; a vote of no fleet is cast while the site is alive.

Quorum of scope site with automatic failover: more than half of all votes are cast at sites that are alive and joined
to X, X itself included. A witness that sees two sides that do not see each other votes for one of them only: for
the side of the production site, else for the site first by name. Without automatic failover a person decides, so
there is no condition.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from functools import reduce

from capacity.structure import Gate
from capacity.survival_network import Gates, joined
from inventory.inventory import Inventory
from inventory.model import Quorum
from topology.elements import Layers


def at_least(weights: Mapping[str, int], threshold: int) -> Gate:
    """True when the weights of the true inputs add up to `threshold`: written with the smallest whole numbers."""
    kept = {name: weight for name, weight in weights.items() if weight > 0}
    shared = reduce(math.gcd, kept.values(), 0) or 1
    small = tuple(weight // shared for weight in kept.values())
    least = -(-threshold // shared)
    if all(weight == 1 for weight in small):
        return Gate("atleast", tuple(kept), least)
    return Gate("atleast", tuple(kept), least, small)


def quorum_gates(
    inventory: Inventory,
    layers: Layers,
    network: Gates,
    instances: Sequence[tuple[str, str]],
    fleets: Mapping[str, Sequence[str]],
) -> Gates:
    """`quorum:Q@X` for every quorum that is a condition of an instance (service, site) at X. `fleets` are the device
    keys of each fleet."""
    gates: Gates = {}
    wanted = sorted({(q, site) for name, site in instances for q in inventory.services[name].quorums})
    for name, site in wanted:
        quorum = inventory.quorums[name]
        weights: dict[str, int] = {}
        if quorum.scope == "rack":
            total = _here(layers, quorum, site, fleets, weights)
        elif quorum.automatic_failover:
            total = _everywhere(inventory, layers, gates, network, quorum, site, fleets, weights)
        else:
            continue
        if total:
            gates[f"quorum:{name}@{site}"] = at_least(weights, total // 2 + 1)
    return gates


def _here(
    layers: Layers, quorum: Quorum, site: str, fleets: Mapping[str, Sequence[str]], weights: dict[str, int]
) -> int:
    """Adds the votes at one site to `weights`; returns how many there are."""
    total = 0
    for vote in quorum.votes:
        if vote.site != site:
            continue
        voters = fleets.get(vote.fleet or "", ())
        if vote.fleet is None:
            weights[f"alive:{site}"] = weights.get(f"alive:{site}", 0) + vote.votes
        for voter in voters:
            if voter in layers.logical:
                weights[f"reach:{voter}"] = 1
        total += vote.votes if vote.fleet is None else len(voters)
    return total


def _everywhere(
    inventory: Inventory,
    layers: Layers,
    gates: Gates,
    network: Gates,
    quorum: Quorum,
    site: str,
    fleets: Mapping[str, Sequence[str]],
    weights: dict[str, int],
) -> int:
    """Adds the votes of all sites, as far as they count for `site`, to `weights`; returns how many there are."""
    total = 0
    for vote in quorum.votes:
        voters = fleets.get(vote.fleet or "", ())
        total += vote.votes if vote.fleet is None else len(voters)
        if vote.site == site:
            here = f"alive:{site}"
        elif joined(site, vote.site) not in network:
            continue
        elif inventory.sites[vote.site].role == "witness":
            here = _witness(inventory, gates, network, quorum, vote.site, site)
        else:
            here = joined(site, vote.site)
        if vote.fleet is None:
            weights[here] = weights.get(here, 0) + vote.votes
        for voter in voters:
            if voter in layers.logical:
                cast = f"vote:{quorum.name}@{site}/{voter}"
                gates[cast] = Gate("and", (here, f"reach:{voter}"))
                weights[cast] = 1
    return total


def _witness(
    inventory: Inventory, gates: Gates, network: Collection[str], quorum: Quorum, witness: str, site: str
) -> str:
    """Name of the gate that says whether a witness votes for `site`: whether the first site that it sees, of those
    that ask for its vote, is `site` or joined to it."""
    name = f"vote:{quorum.name}/{witness}@{site}"
    asking = {v.site for v in quorum.votes if inventory.sites[v.site].role != "witness"} | {site}
    seen = [s for s in asking if s != witness and joined(witness, s) in network]
    order = sorted(seen, key=lambda s: (inventory.sites[s].role != "production", s))
    ways = []
    for n, first in enumerate(order):
        for earlier in order[:n]:
            gates[f"unseen:{witness}/{earlier}"] = Gate("not", (joined(witness, earlier),))
        unseen = tuple(f"unseen:{witness}/{earlier}" for earlier in order[:n])
        side = () if first == site else (joined(site, first),)
        if side and side[0] not in network:
            continue
        ways.append(f"{name}/{first}")
        gates[ways[-1]] = Gate("and", (joined(witness, first), *unseen, *side))
    gates[name] = Gate("or", tuple(ways))
    return name
