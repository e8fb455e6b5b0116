"""What is left of a platform after a case of a drill, and everything its conditions are proved on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from capacity.drill_model import Case
from capacity.drill_votes import Reach, reach
from capacity.power_flow import Draws, Flow, flow, may_trip, power_loads
from inventory import model as m
from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from topology.elements import Layers, SharedRisk

if TYPE_CHECKING:
    from capacity.survives import Survival
    from capacity.survives_network import Network


@dataclass(frozen=True)
class World:
    """One state: what survives a case, and who can reach whom between the sites. `failed` is what the case takes away
    and every breaker that opens under the load that is left."""

    case: Case
    failed: frozenset[str]
    state: Survival
    who: Reach

    @cached_property
    def up(self) -> frozenset[str]:
        """Keys of the devices that are up."""
        return frozenset(self.state.up)

    @cached_property
    def reached(self) -> frozenset[str]:
        """Keys of the devices that users of their site reach."""
        return frozenset(self.state.reached)

    @cached_property
    def reached_names(self) -> frozenset[str]:
        """Names of the reached devices."""
        return frozenset(k.removeprefix("device/") for k in self.reached)

    @cached_property
    def services(self) -> frozenset[str]:
        """Services that are up."""
        return frozenset(name for name, good in self.state.services.items() if good)

    def serves(self, service: str, site: str) -> bool:
        """Whether an instance serves."""
        return f"{service}@{site}" in self.state.serving


@dataclass(frozen=True)
class Ground:
    """What conditions are proved on: the platform, the scenario that strikes, the state without any failure."""

    inventory: Inventory
    plan: Plan
    layers: Layers
    risks: tuple[SharedRisk, ...]

    @cached_property
    def normal(self) -> World:
        """The state in which nothing has failed."""
        return self.world(Case("", frozenset()))

    @cached_property
    def draws(self) -> Draws:
        """Draw of every device."""
        return power_loads(self.inventory, self.layers)

    @cached_property
    def may_open(self) -> bool:
        """Whether any breaker can open under any failure at all."""
        return bool(may_trip(self.layers, self.draws, at="peak"))

    def flow(self, failed: Collection[str]) -> Flow:
        """Loads at peak once these elements have failed."""
        return flow(self.layers, self.draws, failed, at="peak")

    def members(self, service: str, site: str) -> Mapping[str, float]:
        """Devices that carry a service at a site, with their weight in the measure of its demand."""
        node = f"instance/{service}@{site}"
        if node not in self.layers.service:
            return {}
        edges = self.layers.service.out_edges(node, data="weight", default=0)
        return {device: float(weight or 0) for _, device, weight in sorted(edges)}

    def protected(self, names: Collection[str] = ()) -> list[m.Service]:
        """The services asked for, or every protected one, in the order of the files."""
        return [s for s in self.inventory.services.values() if (s.name in names if names else s.protected)]

    def needs(self, service: str) -> list[str]:
        """Everything a service depends on, directly or not, in the order of the files."""
        seen: set[str] = set()
        front = [service]
        while front:
            for d in self.inventory.services[front.pop()].depends_on:
                if d not in seen:
                    seen.add(d)
                    front.append(d)
        return [s for s in self.inventory.services if s in seen - {service}]

    def world(self, case: Case) -> World:
        """The state after a case."""
        from capacity.survives import survives

        failed = case.failed
        if self.may_open:
            failed |= {o.element for o in self.flow(failed).opened}
        state = survives(self.inventory, self.layers, failed)
        return World(case, failed, state, reach(self.inventory, state.alive, failed))

    def network(self, world: World) -> Network:
        """The network of a state: what carries traffic."""
        from capacity.survives_network import network

        return network(self.inventory, self.layers, world.failed)

    def lacks(self, world: World, service: str, site: str) -> tuple[Text, ...]:
        """What an instance that does not serve is missing."""
        from capacity.survives_services import dependency_lacks, own_lacks, scene, serving_instances

        at = scene(self.inventory, self.layers, self.network(world))
        serving = serving_instances(at)
        return (*own_lacks(at, service, site), *dependency_lacks(at, service, site, serving))
