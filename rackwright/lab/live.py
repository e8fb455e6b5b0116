"""What can be seen in a lab right now: neighbours, ports, sessions, read past the devices' own command lines."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from dataclasses import replace as replaced
from pathlib import Path

from inventory.plan_model import Plan
from rackwright.lab import netns, nodes, orders, routing
from rackwright.lab.shape import Node, Shape
from rackwright.lab.state import State, alive
from topology.facts import ControllerFacts, DeviceFacts, SeenMac, SeenNeighbour, SeenPort
from topology.silent_ends import heard_by_mac, own_macs
from topology.verify import Result, verify_cables


@dataclass(frozen=True, slots=True)
class Heard:
    """One LLDP neighbour of an interface."""

    interface: str
    chassis: str
    system: str
    port: str
    description: str


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface: switched on, and with carrier."""

    name: str
    enabled: bool
    up: bool


@dataclass(frozen=True)
class Row:
    """One node for `status`. `lldp` and `bgp` are (as planned, planned)."""

    name: str
    kind: str
    rack: str
    up: bool
    address: str
    lldp: tuple[int, int]
    bgp: tuple[int, int] | None


def heard(lldpcli: Sequence[str]) -> list[Heard] | None:
    """Neighbours as the lldpd that this command talks to has them now; None when it does not answer."""
    try:
        done = subprocess.run(  # noqa: S603
            [*lldpcli, "-f", "json0", "show", "neighbors"],
            capture_output=True, text=True, check=False, timeout=3,
        )  # fmt: skip
        rows = json.loads(done.stdout).get("lldp", []) if done.returncode == 0 else None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    if rows is None:
        return None
    out = []
    for lldp in rows:
        for entry in lldp.get("interface", []):
            chassis, remote = entry["chassis"][0], entry["port"][0]
            out.append(
                Heard(
                    entry["name"], chassis["id"][0]["value"], chassis.get("name", [{"value": ""}])[0]["value"],
                    remote["id"][0]["value"], remote.get("descr", [{"value": ""}])[0]["value"],
                )
            )  # fmt: skip
    return out


def interfaces(namespace: str) -> list[Interface]:
    """Interfaces of a namespace; none when it is gone."""
    rows = json.loads(netns.ip("-n", namespace, "-j", "link", "show", check=False) or "[]")
    return [Interface(r["ifname"], "UP" in r["flags"], r["operstate"] == "UP") for r in rows if r]


def facts(state: State, shape: Shape) -> dict[str, DeviceFacts]:
    """Neighbours and ports of every node, for `topology.verify`. A node without power has an error and nothing else."""
    with ThreadPoolExecutor(8) as pool:
        found = dict(
            zip(shape.nodes, pool.map(lambda n: _facts(state, n), shape.nodes.values()), strict=True)
        )
    for name, macs in learned(state).items():
        if not found[name].error:
            found[name] = replaced(found[name], macs=macs)
    return found


def learned(state: State) -> dict[str, tuple[SeenMac, ...]]:
    """MAC addresses by switch, for those that learn any."""
    folder = Path(state.folder)
    rows = json.loads((folder / "switches.json").read_text(encoding="utf-8"))
    names = [row["name"] for row in rows["switches"] if row.get("learns")]
    answers = orders.send(Path(rows["control"]), ({"switch": n, "order": "macs"} for n in names))
    return {n: tuple(SeenMac(*row) for row in a["macs"]) for n, a in zip(names, answers, strict=True)}


def controllers(state: State) -> dict[str, ControllerFacts]:
    """The MAC address of every management controller, as far as cables are concerned all that is known of it."""
    rows = json.loads((Path(state.folder) / "bmc.json").read_text(encoding="utf-8"))["bmcs"]
    return {
        row["name"]: ControllerFacts(row["name"], mac=row["bmc_mac"]) for row in rows if row.get("interface")
    }


def blind(shape: Shape) -> frozenset[tuple[str, str]]:
    """Ports no LLDP comes from."""
    return frozenset((n.name, port) for n in shape.nodes.values() for port in n.silent)


def cables(state: State, shape: Shape, plan: Plan) -> list[Result]:
    """Every cable of the lab against what both its ends see, or what the switch it ends at has learned."""
    theirs = frozenset(n.name for n in shape.nodes.values() if n.kind == "existing")
    seen, ours, unseen = facts(state, shape), slice_of(plan, shape), blind(shape)
    heard = heard_by_mac(ours, seen, own_macs(controllers(state), {}, unseen), unseen)
    return verify_cables(ours, seen, theirs, unseen, heard)


def _facts(state: State, node: Node) -> DeviceFacts:
    by_interface = {interface: port for port, interface in node.ports.items()}
    found = None if node.name in state.dead else heard(nodes.lldpcli(state, node))
    if found is None:
        return DeviceFacts(node.name, "no power" if node.name in state.dead else "lldpd does not answer")
    neighbours = tuple(
        SeenNeighbour(by_interface[h.interface], h.system, h.port)
        for h in found
        if h.interface in by_interface
    )
    ports = tuple(
        SeenPort(by_interface[i.name], i.enabled, i.up)
        for i in interfaces(state.nodes[node.name])
        if i.name in by_interface
    )
    return DeviceFacts(node.name, neighbours=neighbours, ports=ports)


def slice_of(plan: Plan, shape: Shape) -> Plan:
    """The plan with only the cables of the lab."""
    return replaced(plan, cables=tuple(c for c in plan.cables if c.id in shape.wires))


def as_planned(shape: Shape, seen: Mapping[str, DeviceFacts]) -> dict[str, tuple[int, int]]:
    """Node -> (planned neighbours it hears, planned neighbours that speak LLDP)."""
    out, silent = {}, blind(shape)
    for name in shape.nodes:
        wanted = set()
        for wire in shape.wires.values():
            for near, far in ((wire.a, wire.b), (wire.b, wire.a)):
                if near[0] == name and not silent & {near, far}:
                    wanted.add((near[1], *far))
        got = {(n.port, n.system, n.remote_port) for n in seen[name].neighbours or ()}
        out[name] = (len(wanted & got), len(wanted))
    return out


def sessions(state: State, shape: Shape) -> dict[str, list[routing.PeerState]]:
    """BGP neighbours of every node FRR runs in (and that has power)."""
    names = [n for n in state.options["routed"] if n in shape.nodes and n not in state.dead]
    with ThreadPoolExecutor(4) as pool:
        return dict(zip(names, pool.map(lambda n: routing.peers(state.nodes[n]), names), strict=True))


def rows(state: State, shape: Shape) -> list[Row]:
    """Every node with what it sees against what is planned."""
    seen, bgp = facts(state, shape), sessions(state, shape)
    lldp = as_planned(shape, seen)
    out = []
    for node in shape.nodes.values():
        wanted = uplinks(shape, node.name)
        up = sum(p.state == "Established" for p in bgp.get(node.name, []))
        out.append(
            Row(
                node.name, node.kind, node.rack or "", not seen[node.name].error,
                node.addresses[0].partition("/")[0] if node.addresses else "", lldp[node.name],
                (up, wanted) if node.name in state.options["routed"] else None,
            )
        )  # fmt: skip
    return out


def uplinks(shape: Shape, node: str) -> int:
    """Routed links of a node: one BGP session each."""
    return sum(w.kind == "uplink" and node in (w.a[0], w.b[0]) for w in shape.wires.values())


def daemons(state: State) -> dict[str, bool]:
    """The processes that serve the whole lab, and whether they live."""
    return {p.what: alive(p) for p in state.processes if not p.node}
