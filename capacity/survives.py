"""What survives one failure: the readable form of the rules, straight from the graphs, with the reason for each loss.

    result = survives(inventory, layers, {"ups/A-UPS-A"})
    result.services["ecs"], result.reasons["ecs"], result.dark

The network part is `capacity.survives_network`, the conditions of services are `capacity.survives_services`. It is
the oracle for `capacity.survival`, the same rules as gates: a rule is changed here first, then there, and the tests
that compare the two say when they agree again. One call costs tens of milliseconds on two hundred servers; to try
thousands of failures, use the gates.

Breakers that open under load are not judged here: add what `capacity.power_flow` opens to `failed`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from capacity.survives_network import Network, network
from capacity.survives_services import (
    UNITS,
    Scene,
    carried_at,
    dependency_lacks,
    enough,
    needed_amount,
    own_lacks,
    scene,
    serving_instances,
    shown,
)
from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.quantities import plain_number
from topology.elements import Layers


@dataclass(frozen=True)
class Survival:
    """What is left after one failure. Devices are element keys, sorted; instances are `S@A`.

    `dark` are devices that got no power though they did not fail themselves; `cut_off` are up, with a data cable,
    and out of reach of the users of their site. `services` says for every service with a listed device whether it
    is up; `reasons` what is missing for each that is not, by site. `oversubscription` is, per access pair, the Gb/s
    of its working access cables over those of the working uplinks that lead to an entered switch: infinite when
    there is something to carry and no uplink, None when a speed is unknown. `uplink_gbps` sums those uplinks per
    site, None when a speed is unknown. `shut` names pairs that closed access ports: member-b or dual-active.
    """

    failed: tuple[str, ...]
    up: tuple[str, ...]
    reached: tuple[str, ...]
    dark: tuple[str, ...]
    cut_off: tuple[str, ...]
    alive: tuple[str, ...]
    joined: Mapping[str, tuple[str, ...]]
    shut: Mapping[str, str]
    serving: tuple[str, ...]
    services: Mapping[str, bool]
    reasons: Mapping[str, tuple[Text, ...]]
    oversubscription: Mapping[str, float | None]
    uplink_gbps: Mapping[str, float | None]

    @property
    def worst_oversubscription(self) -> tuple[str, float] | None:
        """The pair with the highest known ratio and the ratio; None when none is known."""
        known = [(ratio, pair) for pair, ratio in self.oversubscription.items() if ratio is not None]
        if not known:
            return None
        ratio, pair = max(known, key=lambda item: (item[0], item[1]))
        return pair, ratio


def survives(inventory: Inventory, layers: Layers, failed: Collection[str]) -> Survival:
    """What is up, reached and serving when the elements `failed` do not work."""
    left = network(inventory, layers, failed)
    at = scene(inventory, layers, left)
    serving = serving_instances(at)
    services: dict[str, bool] = {}
    reasons: dict[str, tuple[Text, ...]] = {}
    for name in sorted({service for service, _ in at.members}):
        missing = _missing(at, name, serving)
        services[name] = not missing
        if missing:
            reasons[name] = missing
    ratios, gbps = _bandwidth(inventory, layers, left)
    with_data = {n for n in layers.logical if n in left.up and layers.logical.degree(n)}
    return Survival(
        failed=tuple(sorted(failed)),
        up=tuple(sorted(left.up)),
        reached=tuple(sorted(left.reached)),
        dark=tuple(sorted(left.without_power - set(failed))),
        cut_off=tuple(sorted(with_data - left.reached)),
        alive=tuple(sorted(left.alive)),
        joined={site: tuple(sorted(others)) for site, others in sorted(left.joined.items())},
        shut=dict(sorted(left.shut.items())),
        serving=tuple(sorted(f"{service}@{site}" for service, site in serving)),
        services=services,
        reasons=reasons,
        oversubscription=ratios,
        uplink_gbps=gbps,
    )


def _missing(at: Scene, name: str, serving: frozenset[tuple[str, str]]) -> tuple[Text, ...]:
    """Why a service is down; empty when it is up."""
    service = at.inventory.services[name]
    sites = sorted(site for other, site in at.members if other == name)
    if not any((name, site) in serving for site in sites):
        return _lacks(at, name, sites, serving)
    if service.demand is None or service.mode != "active-active":
        return ()
    carried = sum(carried_at(at, name, site) for site in sites if (name, site) in serving)
    needed = needed_amount(at, service)
    if enough(carried, needed):
        return ()
    unit, where = UNITS[service.demand.measure], ", ".join(s for s in sites if (name, s) in serving)
    least = shown(needed)
    return (
        Text(
            f"{plain_number(carried)} of {least} {unit.en} left at {where}",
            f"{where} 仅剩 {plain_number(carried)}{unit.zh}，需要 {least}",
        ),
        *_lacks(at, name, [site for site in sites if (name, site) not in serving], serving),
    )


def _lacks(
    at: Scene, name: str, sites: Sequence[str], serving: Collection[tuple[str, str]]
) -> tuple[Text, ...]:
    """What the instances of a service at these sites lack."""
    return tuple(
        text
        for site in sites
        for text in (*own_lacks(at, name, site), *dependency_lacks(at, name, site, serving))
    )


def _bandwidth(
    inventory: Inventory, layers: Layers, left: Network
) -> tuple[dict[str, float | None], dict[str, float | None]]:
    """Oversubscription of every planned access pair, and Gb/s of uplinks of every site that has one."""
    ratios: dict[str, float | None] = {}
    gbps: dict[str, float | None] = {}
    for name, pair in sorted(inventory.pairs.items()):
        if pair.role != "access":
            continue
        down: list[float | None] = []
        uplinks: list[float | None] = []
        for member in (f"device/{name}A", f"device/{name}B"):
            if member not in left.carrying:
                continue
            for _, far, data in left.carrying.edges(member, data=True):
                if data["kind"] == "access":
                    down.append(data["speed_gbps"])
                elif data["kind"] == "uplink" and far in left.entered[pair.site]:
                    uplinks.append(data["speed_gbps"])
        below, above = _total(down), _total(uplinks)
        known = below is not None and above is not None
        ratios[name] = _ratio(below or 0.0, above or 0.0) if known else None
        so_far = gbps.get(pair.site, 0.0)
        gbps[pair.site] = None if so_far is None or above is None else so_far + above
    return ratios, gbps


def _total(speeds: Collection[float | None]) -> float | None:
    known = [speed for speed in speeds if speed is not None]
    return sum(known) if len(known) == len(speeds) else None


def _ratio(down_gbps: float, up_gbps: float) -> float:
    if up_gbps:
        return down_gbps / up_gbps
    return math.inf if down_gbps else 0.0
