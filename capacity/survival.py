"""What survives a failure, as gates: one structure function over the layers of a planned platform.

`capacity.survives` says the same a second time, for one failure, straight from the graphs: there a person reads
what the rules are. Here they become gates, so that thousands of failures go through at once. Rules, part by part:

Power (this module). A power node works while its element does and, unless it has none, enough of its
predecessors work: `needs` of them (node attribute, 1 when absent). Generator sets of which one does not state its
power count together: so many must run as the policy leaves when gen.redundancy_x of them are spare; where all state
it, one set is enough here and `capacity.power_flow` stops it when the load is too much. A device is up while its element works and at
least `needs_psus` of its supplies do; a device without a node in the power layer is taken as powered.
Breakers that open under load are not in here: `capacity.power_flow` adds them to the failed set.

Network: see `capacity.survival_network`. Services: see `capacity.survival_services`.

Names of gates: `power:KEY`, `up:device/X`, `works:KEY` (cables and site links), `peer-link:PAIR`,
`keepalive:PAIR`, `access:device/X` (a pair member keeps its access ports open), `reach:device/X`, `alive:SITE`,
`joined:A-B` (names sorted), `members:S@A`, `quorum:Q@A`, `replicas:GROUP@S@A`, `depends:S@A/D`,
`serves:instance/S@A`, `up:service/S`.
"""

from __future__ import annotations

from capacity.structure import Gate, Structure
from capacity.survival_network import network_gates
from capacity.survival_services import service_gates
from inventory.inventory import Inventory
from topology.elements import Layers

DEVICE = "device/"
GENERATOR = "generator/"


def structure(inventory: Inventory, layers: Layers) -> Structure:
    """The structure function of a planned platform.

    Leaves are all element keys, sorted. Outputs are the services that have at least one listed device, by name;
    the others cannot be judged (`capacity.survival_open.open_points` names them).
    """
    gates = power_gates(inventory, layers)
    gates |= network_gates(inventory, layers)
    gates |= service_gates(inventory, layers, gates)
    leaves = tuple(sorted(layers.elements))
    outputs = {
        name: f"up:service/{name}" for name in sorted(inventory.services) if f"up:service/{name}" in gates
    }
    return Structure(leaves, dict(sorted(gates.items())), outputs)


def power_gates(inventory: Inventory, layers: Layers) -> dict[str, Gate]:
    """`power:KEY` for every node of the power layer but devices, `up:device/X` for every device of any layer."""
    gates: dict[str, Gate] = {}
    power = layers.power
    for key in sorted(power):
        if not key.startswith(DEVICE):
            sources = _sources(inventory, layers, gates, key)
            needs = min(power.nodes[key].get("needs", 1), len(sources))
            gates[f"power:{key}"] = _fed(layers, gates, key, sources, needs)
    devices = {
        key for graph in (layers.physical, layers.logical, power) for key in graph if key.startswith(DEVICE)
    }
    devices.update(key for key in layers.elements if key.startswith(DEVICE))
    for key in sorted(devices):
        known = key in power
        sources = tuple(f"power:{p}" for p in sorted(power.predecessors(key))) if known else ()
        needs = power.nodes[key].get("needs_psus", 1) if known else 0
        gates[f"up:{key}"] = _fed(layers, gates, key, sources, needs)
    return gates


def _sources(inventory: Inventory, layers: Layers, gates: dict[str, Gate], key: str) -> tuple[str, ...]:
    """Gates of what feeds a node; generator sets that count together stand as one, `sets:NODE`."""
    before = sorted(layers.power.predecessors(key))
    sets = [p for p in before if p.startswith(GENERATOR)]
    unrated = [p for p in sets if inventory.generators[p.removeprefix(GENERATOR)].rated_kw is None]
    needs = len(sets) - int(inventory.policy.number("gen.redundancy_x"))
    if not unrated or needs < 2:
        return tuple(f"power:{p}" for p in before)
    gates[f"sets:{key}"] = Gate("atleast", tuple(f"power:{p}" for p in sets), needs)
    return (*(f"power:{p}" for p in before if p not in sets), f"sets:{key}")


def _fed(layers: Layers, gates: dict[str, Gate], key: str, sources: tuple[str, ...], needs: int) -> Gate:
    """A gate for the element itself and at least `needs` of its sources; a choice gets the gate `fed:KEY`."""
    own = (key,) if key in layers.elements else ()
    if len(sources) == needs:
        return Gate("and", own + sources)
    gates[f"fed:{key}"] = Gate("or", sources) if needs == 1 else Gate("atleast", sources, needs)
    return Gate("and", (*own, f"fed:{key}"))
