"""Elements, nodes and edges of a platform while they are gathered, before any graph library is loaded."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from inventory.findings import Text
from inventory.inventory import Inventory
from inventory.plan_model import PlacedDevice, Plan
from topology.elements import Element
from topology.risk_kinds import kinds

Facts = dict[str, tuple[str, ...]]
Edge = tuple[str, str, str, dict[str, Any]]
"""Two node keys, the key of the edge, its attributes."""

PLACE_FACTS = ("site", "room", "row", "rack")


@dataclass
class Draft:
    """What is known so far. Nodes are attributes by key; `said` collects what was assumed (True) or is unknown
    (False): (subject, text) in the order met, each once."""

    inventory: Inventory
    plan: Plan
    elements: dict[str, Element] = field(default_factory=dict)
    power_nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    power_edges: dict[tuple[str, str], None] = field(default_factory=dict)
    devices: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Attributes of every device in `physical` and `logical`, by key."""
    links: list[Edge] = field(default_factory=list)
    service_nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    service_edges: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    said: dict[tuple[str, Text], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.placed: dict[str, PlacedDevice] = {}
        for device in sorted(self.plan.devices, key=lambda d: (d.name, d.rack or "", d.position or 0)):
            if device.name in self.inventory.devices:
                self.placed.setdefault(device.name, device)
        self._places: dict[str, Facts] = {}
        self._must_say: dict[str, tuple[str, ...]] = {}
        for kind in kinds(self.inventory).values():
            for of in kind.must_say:
                self._must_say[of] = tuple(sorted({*self._must_say.get(of, ()), kind.by}))

    def add(
        self,
        kind: str,
        name: str,
        facts: Mapping[str, tuple[str, ...]],
        risks: Mapping[str, tuple[str, ...]] | None = None,
        unknown: Collection[str] = (),
    ) -> str:
        """Enter one element and return its key. Its own name is a fact of its kind (unless `facts` says otherwise);
        `risks` are what its record states. Facts that its kind must have and nobody states become unknown."""
        whole: Facts = {kind: (name,), **facts}
        for fact, values in risks.items() if risks else ():
            whole[fact] = tuple(sorted({*whole.get(fact, ()), *values}))
        if not all(whole.values()):
            whole = {fact: values for fact, values in whole.items() if values}
        must = self._must_say.get(kind, ())
        missing = {*unknown, *(f for f in must if f not in whole)} if must or unknown else unknown
        key = f"{kind}/{name}"
        self.elements[key] = Element(
            key, kind, whole, tuple(sorted(f for f in missing if not risks or f not in risks))
        )
        return key

    def assume(self, subject: str, text: Text) -> None:
        """Note what is taken for granted."""
        self.said.setdefault((subject, text), True)

    def lack(self, subject: str, text: Text) -> None:
        """Note what nobody knows."""
        self.said.setdefault((subject, text), False)

    def place_facts(self, device: str) -> Facts:
        """Site, room, row and rack of a device, as far as known."""
        if device not in self._places:
            element = self.elements.get(f"device/{device}")
            facts = element.facts if element else {}
            self._places[device] = {f: facts[f] for f in PLACE_FACTS if f in facts}
        return self._places[device]


def rack_facts(inventory: Inventory, rack: str) -> Facts:
    """Site, room, row and rack of what stands in a rack; empty for a rack nobody knows."""
    place = inventory.racks.get(rack)
    if place is None:
        return {}
    return {"site": (place.site,), "room": (place.room,), "row": (place.row,), "rack": (place.name,)}
