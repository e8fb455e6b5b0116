"""What a lab consists of: the nodes and cables of a plan, or of a slice of it, with the names Linux needs."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from inventory import model as m
from inventory.inventory import Device, Inventory
from inventory.plan_model import Cable, End, Plan
from topology.verify import SERIAL_LINES

Kind = Literal["switch", "server", "existing", "appliance"]


@dataclass(frozen=True, slots=True)
class Node:
    """One device. `number` makes its namespace; `addresses` (with prefix length) are reached over the management
    network of the lab; `ports` maps planned port names to interfaces in its namespace."""

    name: str
    number: int
    kind: Kind
    site: str
    rack: str | None
    platform: str | None
    addresses: tuple[str, ...]
    bmc: str | None
    ports: dict[str, str]
    feeds: tuple[str, ...] = ()
    """Rack feeds its power cords come from (`RACK/a`); none: it is fed from outside the plan."""
    fibre: tuple[str, ...] = ()
    """Ports with an optic that tells the light it receives."""
    pair: str | None = None
    silent: tuple[str, ...] = ()
    """Ports that belong to a management controller: the system does not see them and no LLDP comes from them."""


@dataclass(frozen=True, slots=True)
class Wire:
    """One cable: planned ends and the interface on each side."""

    cable: str
    kind: str
    a: tuple[str, str]
    b: tuple[str, str]
    a_interface: str
    b_interface: str


@dataclass(frozen=True)
class Shape:
    """A whole lab: nodes by name, wires by cable id; `above` names the panel and UPS of every rack feed."""

    nodes: dict[str, Node]
    wires: dict[str, Wire]
    above: dict[str, tuple[str, ...]]

    def save(self, path: Path) -> None:
        """Write it beside the state, so that later commands know the lab when the plan has moved on."""
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1), encoding="utf-8")


def load(path: Path) -> Shape:
    """A shape from disk."""
    data = json.loads(path.read_text(encoding="utf-8"))
    nodes = {
        name: Node(**{**row, **{k: tuple(row[k]) for k in ("addresses", "feeds", "fibre", "silent")}})
        for name, row in data["nodes"].items()
    }
    wires = {
        k: Wire(**{**row, "a": tuple(row["a"]), "b": tuple(row["b"])}) for k, row in data["wires"].items()
    }
    return Shape(nodes, wires, {k: tuple(v) for k, v in data["above"].items()})


def port_of(end: End, cable: Cable) -> str:
    """The planned port, or a name that says that nobody has surveyed it."""
    return end.port or f"unsurveyed-{cable.id}"


def interface_name(port: str, number: int, host: bool) -> str:
    """What the interface of a port is called in its namespace: on hosts as planned where Linux takes the name, so that
    files written for the plan's names fit; else `p<number>`."""
    fits = re.fullmatch(r"[A-Za-z][A-Za-z0-9._-]{0,14}", port) and port not in (
        "eth0",
        "lo",
        "all",
        "default",
    )
    return port if host and fits else f"p{number}"


def controller_ports(device: Device) -> frozenset[str]:
    """Ports of the management controller of a device that is no switch."""
    return frozenset(i.name for i in device.type.interfaces if i.mgmt_only and device.kind != "switch")


def shape(
    inventory: Inventory, plan: Plan, *, site: str | None = None, pairs: Collection[str] = (), racks: Collection[str] = (),
    servers_per_pair: int | None = None,
) -> Shape:  # fmt: skip
    """Nodes and wires of the plan, limited to a site, to pairs (with what hangs on them), to racks, or to so many
    servers a pair. Switches that stand already come in when a cable of the slice ends on them.

    Raises ValueError when nothing is left.
    """
    chosen: set[str] = set()
    taken: dict[str, int] = {}
    for device in sorted(plan.devices, key=lambda d: d.name):
        known = inventory.devices.get(device.name)
        if known is None or device.rack is None or (site and device.site != site):
            continue
        pair = known.owner if isinstance(known.record, m.Pair) else device.pair
        if pairs and pair not in pairs and not isinstance(known.record, m.OobSwitch):
            continue
        if racks and device.rack not in racks and known.kind != "switch":
            continue
        if servers_per_pair is not None and known.kind != "switch":
            group = pair or known.owner
            if taken.get(group, 0) >= servers_per_pair:
                continue
            taken[group] = taken.get(group, 0) + 1
        chosen.add(device.name)
    cables = [
        c
        for c in plan.cables
        if c.kind not in SERIAL_LINES
        and all(e.device in chosen or e.device in inventory.existing_switches for e in (c.a, c.b))
        and (c.a.device in chosen or c.b.device in chosen)
    ]
    if pairs:  # an out-of-band switch nothing of the slice is plugged into stays out
        used = {e.device for c in cables if c.kind == "oob" for e in (c.a, c.b)}
        chosen = {n for n in chosen if not isinstance(inventory.devices[n].record, m.OobSwitch) or n in used}
        cables = [
            c
            for c in cables
            if all(e.device in chosen or e.device in inventory.existing_switches for e in (c.a, c.b))
        ]
    names = sorted(chosen | {e.device for c in cables for e in (c.a, c.b)})
    if not chosen:
        raise ValueError("nothing of the plan is in this slice")
    ports: dict[str, dict[str, str]] = {n: {} for n in names}
    hosts = {n for n in names if n in inventory.devices and inventory.devices[n].kind != "switch"}
    wires: dict[str, Wire] = {}
    for cable in cables:
        ends = []
        for end in (cable.a, cable.b):
            port = port_of(end, cable)
            own = ports[end.device]
            if port not in own:
                own[port] = interface_name(port, len(own) + 1, end.device in hosts)
            ends.append((end.device, port, own[port]))
        (a, a_port, a_if), (b, b_port, b_if) = ends
        wires[cable.id] = Wire(cable.id, cable.kind, (a, a_port), (b, b_port), a_if, b_if)
    addresses: dict[str, list[str]] = {n: [] for n in names}
    bmc: dict[str, str] = {}
    for address in plan.addresses:
        if address.released or address.device not in addresses:
            continue
        text = f"{address.address}/{address.prefix.partition('/')[2]}"
        if address.plane == "bmc":
            bmc[address.device] = text
        elif address.plane in ("mgmt", "business"):
            addresses[address.device].append(text)
    cords: dict[str, set[str]] = {}
    for cord in plan.cords:
        sts = inventory.sts.get(cord.pdu)
        sides = ("a", "b") if sts else (cord.side,)
        cords.setdefault(cord.device, set()).update(f"{cord.rack}/{side}" for side in sides)
    fibre: dict[str, list[str]] = {n: [] for n in names}
    for cable in cables:
        for end in (cable.a, cable.b):
            if "copper" not in cable.type:
                fibre[end.device].append(port_of(end, cable))
    nodes = {}
    places = {d.name: d for d in plan.devices}
    for number, name in enumerate(names, 1):
        device_of = inventory.devices.get(name)
        if device_of is None:
            switch = inventory.existing_switches[name]
            nodes[name] = Node(
                name,
                number,
                "existing",
                switch.site,
                None,
                None,
                (),
                None,
                ports[name],
                fibre=tuple(sorted(fibre[name])),
            )
            continue
        record = device_of.record
        kind: Kind = (
            "switch"
            if device_of.kind == "switch"
            else "server"
            if device_of.role == "server"
            else "appliance"
        )
        platform = record.platform if isinstance(record, m.Pair | m.OobSwitch) else None
        nodes[name] = Node(
            name, number, kind, str(device_of.site), places[name].rack, platform, tuple(addresses[name]), bmc.get(name),
            ports[name], tuple(sorted(cords.get(name, ()))), tuple(sorted(fibre[name])),
            device_of.owner if isinstance(record, m.Pair) else places[name].pair,
            tuple(sorted(p for p in ports[name] if p in controller_ports(device_of))),
        )  # fmt: skip
    return Shape(nodes, wires, _above(inventory))


def _above(inventory: Inventory) -> dict[str, tuple[str, ...]]:
    """Rack feed -> panel and UPS."""
    out = {}
    for rack in inventory.racks.values():
        for feed in rack.feeds.values():
            panel = inventory.panels.get(feed.panel or "")
            out[feed.name] = tuple(x for x in (feed.panel, panel.ups if panel else None) if x)
    return out


def scaled_down(inventory: Inventory, pairs_per_site: int = 2) -> list[str]:
    """The pairs of a small lab: the first of every site by name."""
    out: list[str] = []
    for site in sorted(inventory.sites):
        out += sorted(p.name for p in inventory.pairs.values() if p.site == site)[:pairs_per_site]
    return out
