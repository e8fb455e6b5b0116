"""Building a lab: namespaces, wires, servers, switches; every step is written down before it is taken."""

from __future__ import annotations

import ipaddress
import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from inventory.device_types import DeviceType
from inventory.inventory import Inventory
from inventory.plan_model import Plan
from rackwright.lab import claims, daemons, netns, nodes, routing, wiring
from rackwright.lab.bmc_rows import bmc_rows
from rackwright.lab.cleanup import remove
from rackwright.lab.shape import Shape
from rackwright.lab.state import State, alive, load, locked, lost, marked, reserve
from rackwright.lab.switches import emulator

PROGRAMS = (
    "ip", "unshare", "nsenter", "sysctl", "lldpd", "lldpcli", "sshd", "ssh-keygen", "nft", "vtysh",
    "/usr/lib/frr/zebra", "/usr/lib/frr/bgpd", "/usr/lib/frr/bfdd",
)  # fmt: skip
CARRIED = ("mgmt", "bmc", "business")
"""Planes that run over the management network of the lab (the business plane as a shortcut)."""
Progress = Callable[[str, int, int], None]


def up(
    inventory: Inventory, plan: Plan, shape: Shape, *, name: str, folder: Path, configured: bool = False,
    lldp_interval_s: int = 5, progress: Progress | None = None,
) -> State:  # fmt: skip
    """Build a lab and return its state. Switches start as delivered, or `configured` as planned (and servers with the
    planned MTU).

    Raises LabError when the machine lacks something, a lab of this name is up already, or a step fails; what was
    made by then is removed again.
    """
    if lacking := netns.missing_capabilities(PROGRAMS):
        raise netns.LabError("a lab needs " + "; ".join(lacking))
    tell = progress or (lambda *_: None)
    with locked(folder, seconds=1):
        _clear_leftovers(name, folder)
        existing = routing.of_existing(inventory, plan, shape)
        routed = sorted({*existing, *(n.name for n in shape.nodes.values() if n.kind == "switch" and n.pair)})
        options = {
            "lldp_interval_s": lldp_interval_s,
            "routed": routed,
            "configured": configured,
            "mtu_host": int(inventory.policy.number("net.mtu_host")),
            "notes": [],
        }
        now = datetime.now(UTC).isoformat(timespec="seconds")
        state = reserve(name, inventory.project.name, folder, now, options)
        try:
            with marked(state):
                _build(state, inventory, plan, shape, existing, tell)
        except BaseException:
            remove(state)
            raise
    return state


def _clear_leftovers(name: str, folder: Path) -> None:
    for gone in lost(folder):
        remove(gone)
    path = folder / "state.json"
    try:
        before = load(path)
    except netns.LabError:
        return  # none, or one nobody can read: what it made is gone by now
    if before.stage == "up":
        raise netns.LabError(
            f"lab {name} is up already; `rackwright lab down --name {name}` or take another --name"
        )
    if before.stage == "building":
        if before.builder and alive(before.builder):
            raise netns.LabError(f"lab {name} is being built by process {before.builder.pid}")
        remove(before)  # its builder died


def _build(
    state: State, inventory: Inventory, plan: Plan, shape: Shape, existing: Mapping[str, routing.Routing], tell: Progress
) -> None:  # fmt: skip
    base = Path(state.folder)
    state.nodes = {n.name: f"{state.prefix}{n.number}" for n in shape.nodes.values()}
    state.save()
    shape.save(base / "shape.json")
    (base / "routing.json").write_text(
        json.dumps({k: routing.to_dict(v) for k, v in existing.items()}, indent=1)
    )
    for stale in ("switches.ready", "bmc.ready", "known_hosts", "overrides.json"):
        (base / stale).unlink(missing_ok=True)
    shutil.rmtree(base / "saved", ignore_errors=True)
    tell(f"{len(shape.nodes)} namespaces, {len(shape.wires)} cables", 0, 5)
    _fabric(state, plan, shape)
    _keys(base)
    everyone = list(shape.nodes.values())
    hosts = [n for n in everyone if nodes.is_host(n)]
    tell(f"{len(hosts)} servers, {len(everyone) - len(hosts)} switches", 1, 5)
    _host_disks(state)
    for node in everyone:
        nodes.prepare(state, shape, node)
    nodes.start(state, everyone)
    public = (base / "host_key.pub").read_text().split()[:2]
    known = [f"{a.partition('/')[0]} {' '.join(public)}\n" for n in hosts for a in n.addresses]
    (base / "known_hosts").write_text("".join(known), encoding="utf-8")
    tell("routing", 2, 5)
    for name, wanted in existing.items():
        said = routing.tell(state.nodes[name], routing.commands(routing.Routing(), wanted))
        if said:
            raise netns.LabError(f"{name}: FRR says {said}")
    tell("switch command lines", 3, 5)
    _switches(state, inventory, plan, shape)
    tell("management controllers", 4, 5)
    rows = bmc_rows(state, inventory, plan, shape)
    made = sum(not row["serial_planned"] for row in rows["bmcs"])
    if made:
        state.options["notes"].append(
            f"{made} serial numbers are made up: no delivery of these devices is recorded"
        )
    daemons.start(state, "bmc", rows)
    claims.write(state, shape)
    state.stage, state.builder = "up", None
    state.save()
    tell("ready", 5, 5)


def shown_model(kind: DeviceType) -> str:
    """The model a switch shows: one word, as real ones are; a type of any maker's shows its own short name."""
    return kind.slug if " " in kind.model else kind.model


def shown_serial(inventory: Inventory, name: str) -> str:
    """The serial number a switch shows: as delivered, else made up."""
    delivery = inventory.delivered.get(name)
    return delivery.serial if delivery and delivery.serial else f"LAB-{name}"


def _fabric(state: State, plan: Plan, shape: Shape) -> None:
    control = state.control
    netns.ip_batch(f"netns add {space}" for space in [control, *state.nodes.values()])
    netns.ip_batch(
        f"link add m{n.number} netns {control} type veth peer name eth0 netns {state.nodes[n.name]}"
        for n in shape.nodes.values()
    )
    own = ["link set lo up", "link add br0 type bridge", "link set br0 up"]
    sites = {n.site for n in shape.nodes.values()}
    for prefix in plan.prefixes:
        if prefix.plane in CARRIED and prefix.site in sites:
            network = ipaddress.ip_network(prefix.prefix)
            own.append(f"addr add {prefix.gateway or network[1]}/{network.prefixlen} dev br0")
    for node in shape.nodes.values():
        own += [f"link set m{node.number} master br0", f"link set m{node.number} up"]
    netns.ip_batch(own, control)
    for node in shape.nodes.values():
        inner = ["link set lo up", "link set eth0 up"]
        inner += [f"addr add {a} dev eth0" for a in (*node.addresses, *((node.bmc,) if node.bmc else ()))]
        netns.ip_batch(inner, state.nodes[node.name])
    wiring.plug(state, shape, wiring.desired(shape, ()))


def _keys(folder: Path) -> None:
    """The key pair that may log in to servers (id_lab) and the one all nodes show (host_key); made once."""
    for name in ("id_lab", "host_key"):
        if not (folder / f"{name}.pub").exists():
            (folder / name).unlink(missing_ok=True)
            subprocess.run(  # noqa: S603 - argument list
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(folder / name)],  # noqa: S607
                check=True,
            )


def _host_disks(state: State) -> None:
    """Disks of the hosts lie on a tmpfs: an overlay's upper side may not lie in its lower. Its source bears the name
    of the lab, so that it is found wherever the folder has gone."""
    base = Path(state.folder) / "nodes"
    base.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", "mode=755", f"{state.prefix}nodes", str(base)]
    subprocess.run(command, check=True)  # noqa: S603 - argument list


def _switches(state: State, inventory: Inventory, plan: Plan, shape: Shape) -> None:
    from topology.platforms.render import render
    from topology.switch_intent import switch_configs

    configured = state.options["configured"]
    texts = (
        {c.host: render(c) for c in switch_configs(inventory, plan) if c.host in shape.nodes}
        if configured
        else {}
    )
    rows = []
    for node in shape.nodes.values():
        if node.kind != "switch":
            continue
        try:
            if not node.platform or not node.addresses:
                raise netns.LabError(
                    "no " + ("platform" if not node.platform else "management address") + " planned"
                )
            emulator(node.platform)
        except netns.LabError as error:
            state.options["notes"].append(f"{node.name} has no command line: {error}")
            continue
        rows.append(
            {
                "name": node.name, "namespace": state.nodes[node.name], "platform": node.platform,
                "address": node.addresses[0], "ports": node.ports, "fibre": node.fibre,
                "learns": not nodes.runs_frr(state, node), "lldpcli": nodes.lldpcli(state, node), "routed": nodes.runs_frr(state, node),
                "model": shown_model(inventory.devices[node.name].type), "serial": shown_serial(inventory, node.name),
                "configuration": texts.get(node.name, ""),
            }
        )  # fmt: skip
    daemons.start(state, "switches", {"control": str(state.run / "control.sock"), "switches": rows})
