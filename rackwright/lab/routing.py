"""Routing of a lab's switches: FRR (zebra, bgpd, bfdd) in the namespace of each, told what its configuration says.

What is asked of FRR is a `Routing`; going from one to another sends only the lines that differ, so sessions that are
not concerned stay up. BFD runs at 300 ms times 3 (FRR's own default): faster ones load a small machine.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inventory.inventory import Inventory
from inventory.plan_model import Plan
from rackwright.lab import netns
from rackwright.lab.shape import Shape
from topology.switch_config import SwitchConfig

DAEMONS = ("zebra", "bfdd", "bgpd")
PROGRAMS = Path("/usr/lib/frr")
ETC, RUN = Path("/etc/frr"), Path("/run/frr")
SYSCTLS = (
    "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
    "net.ipv4.igmp_max_memberships=1000", "net.ipv4.fib_multipath_hash_policy=1",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Peer:
    """An EBGP neighbour."""

    address: str
    asn: int
    bfd: bool


@dataclass(frozen=True, slots=True)
class Routing:
    """What one switch routes. `addresses` are (interface, address with length); `shut` interfaces that are
    switched off; `asn` 0: no BGP."""

    asn: int = 0
    router_id: str = ""
    addresses: tuple[tuple[str, str], ...] = ()
    peers: tuple[Peer, ...] = ()
    networks: tuple[str, ...] = ()
    shut: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PeerState:
    """A BGP neighbour as it is now. `up_s` seconds in this state, `prefixes` received."""

    address: str
    asn: int
    state: str
    up_s: int
    prefixes: int
    sent: int = 0
    received: int = 0


def of_configuration(config: SwitchConfig, ports: Mapping[str, str]) -> Routing:
    """What a switch with this configuration routes. `ports` maps its cabled ports to interfaces; a routed port
    nobody cabled goes nowhere and is left out. Addresses of VLANs and loopbacks stand on `lo`."""
    addresses = []
    shut = []
    for port in config.ports:
        interface = (
            "lo"
            if port.role == "loopback" or port.name.lower().startswith("loopback")
            else ports.get(port.name)
        )
        if interface is None:
            continue
        if port.address:
            addresses.append((interface, port.address))
        if not port.enabled:
            shut.append(interface)
    addresses += [("lo", g.address) for g in config.gateways]
    bgp = config.bgp
    return Routing(
        bgp.asn if bgp else 0, bgp.router_id if bgp else "", tuple(sorted(set(addresses))),
        tuple(sorted((Peer(n.address, n.asn, n.bfd) for n in bgp.neighbours), key=lambda p: p.address)) if bgp else (),
        tuple(sorted(bgp.networks)) if bgp else (), tuple(sorted(shut)),
    )  # fmt: skip


def of_existing(inventory: Inventory, plan: Plan, shape: Shape) -> dict[str, Routing]:
    """What the switches that stand already route: the planned addresses of the links to ours and a session over
    each. Their own routes are not known and not made up. Switches without planned addresses are left out."""
    asn = {(a.site, a.used_by): a.asn for a in plan.asns}
    address = {(a.device, a.interface): a for a in plan.addresses if a.released is None}
    found: dict[str, tuple[list[tuple[str, str]], list[Peer]]] = {}
    for wire in shape.wires.values():
        for near, interface, far in ((wire.a, wire.a_interface, wire.b), (wire.b, wire.b_interface, wire.a)):
            own, other = address.get(near), address.get(far)
            owner = inventory.devices.get(far[0])
            if shape.nodes[near[0]].kind != "existing" or own is None or other is None or owner is None:
                continue
            number = asn.get((shape.nodes[far[0]].site, owner.owner))
            rows = found.setdefault(near[0], ([], []))
            rows[0].append((interface, f"{own.address}/{own.prefix.partition('/')[2]}"))
            if number:
                rows[1].append(Peer(other.address, number, True))
    out = {}
    for name, (addresses, peers) in sorted(found.items()):
        own_asn = inventory.existing_switches[name].asn or asn.get((shape.nodes[name].site, "core"), 0)
        first = min(ipaddress.ip_interface(a).ip for _, a in addresses)
        out[name] = Routing(
            own_asn, str(first), tuple(sorted(addresses)), tuple(sorted(peers, key=lambda p: p.address))
        )
    return out


def to_dict(routing: Routing) -> dict[str, Any]:
    """For JSON."""
    return asdict(routing)


def from_dict(data: Mapping[str, Any]) -> Routing:
    """Back from JSON."""
    return Routing(
        data["asn"], data["router_id"], tuple((i, a) for i, a in data["addresses"]),
        tuple(Peer(**p) for p in data["peers"]), tuple(data["networks"]), tuple(data["shut"]),
    )  # fmt: skip


def commands(old: Routing, new: Routing) -> list[str]:
    """Lines for FRR that lead from one to the other; empty when nothing differs."""
    out: list[str] = []
    for interface, address in sorted(set(old.addresses) - set(new.addresses)):
        out += [f"interface {interface}", f"no ip address {address}", "exit"]
    for interface, address in sorted(set(new.addresses) - set(old.addresses)):
        out += [f"interface {interface}", f"ip address {address}", "exit"]
    if old.asn and old.asn != new.asn:
        out.append(f"no router bgp {old.asn}")
        old = Routing(addresses=old.addresses, shut=old.shut)
    if new.asn:
        body = list(_bgp(old, new))
        if body:
            out += [f"router bgp {new.asn}", *body, "exit"]
    return out


def _bgp(old: Routing, new: Routing) -> Iterator[str]:
    if not old.asn:
        yield from ("no bgp ebgp-requires-policy", "bgp bestpath as-path multipath-relax")
    if new.router_id and old.router_id != new.router_id:
        yield f"bgp router-id {new.router_id}"
    for peer in sorted(set(old.peers) - set(new.peers), key=lambda p: p.address):
        yield f"no neighbor {peer.address}"
    for peer in sorted(set(new.peers) - set(old.peers), key=lambda p: p.address):
        yield f"neighbor {peer.address} remote-as {peer.asn}"
        yield f"neighbor {peer.address} timers 3 9"
        yield f"neighbor {peer.address} timers connect 1"
        yield f"neighbor {peer.address} advertisement-interval 0"
        if peer.bfd:
            yield f"neighbor {peer.address} bfd"
    gone, come = sorted(set(old.networks) - set(new.networks)), sorted(set(new.networks) - set(old.networks))
    if gone or come:
        yield "address-family ipv4 unicast"
        yield from (f"no network {n}" for n in gone)
        yield from (f"network {n}" for n in come)
        yield "exit-address-family"


def prepare(namespace: str) -> None:
    """Folders FRR wants for a namespace, and the kernel settings of a router."""
    for base in (ETC, RUN):
        folder = base / namespace
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        shutil.chown(folder, "frr", "frr")
    (ETC / namespace / "vtysh.conf").write_text("service integrated-vtysh-config\n", encoding="utf-8")
    netns.in_namespace(namespace, "sysctl", "-q", "-w", *SYSCTLS)


def start(namespace: str, log: Path) -> list[tuple[int, str]]:
    """Start the daemons of one switch; their process numbers with names. `ready` says when they answer."""
    for stale in (RUN / namespace).glob("*"):
        stale.unlink(missing_ok=True)
    out = []
    for daemon in DAEMONS:
        command = [
            "ip",
            "netns",
            "exec",
            namespace,
            str(PROGRAMS / daemon),
            "-N",
            namespace,
            "-A",
            "127.0.0.1",
            "-P",
            "0",
        ]
        with log.open("ab") as file:
            process = subprocess.Popen(  # noqa: S603 - argument list
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
            )
        out.append((process.pid, daemon))
    return out


def wait_ready(namespaces: Sequence[str], seconds: float = 30.0) -> None:
    """Come back when all daemons of these namespaces listen. Raises LabError after `seconds`."""
    deadline = time.monotonic() + seconds
    for namespace in namespaces:
        while not all((RUN / namespace / f"{daemon}.vty").exists() for daemon in DAEMONS):
            if time.monotonic() > deadline:
                raise netns.LabError(
                    f"FRR in {namespace} did not start; see frr.log in the folder of the lab"
                )
            time.sleep(0.02)


def tell(namespace: str, lines: Sequence[str]) -> str:
    """Give FRR configuration lines; what it objected to, empty when nothing."""
    if not lines:
        return ""
    arguments = [part for line in ("configure terminal", *lines) for part in ("-c", line)]
    return _vtysh(namespace, *arguments)[1]


def readdress(namespace: str, routing: Routing, interfaces: Sequence[str]) -> None:
    """Put the addresses of interfaces back that were unplugged and plugged in again."""
    lines: list[str] = []
    for interface, address in routing.addresses:
        if interface in interfaces:
            lines += [f"interface {interface}", f"no ip address {address}", f"ip address {address}", "exit"]
    tell(namespace, lines)


def peers(namespace: str) -> list[PeerState]:
    """The BGP neighbours of a switch as they are now; none when FRR does not answer or runs no BGP."""
    text, _ = _vtysh(namespace, "-c", "show bgp ipv4 unicast summary json")
    with contextlib.suppress(ValueError, AttributeError):
        rows = json.loads(text).get("peers", {})
        return [
            PeerState(
                address, int(row["remoteAs"]), row["state"], int(row.get("peerUptimeMsec", 0)) // 1000,
                int(row.get("pfxRcd", 0)), int(row.get("msgSent", 0)), int(row.get("msgRcvd", 0)),
            )
            for address, row in sorted(rows.items(), key=lambda item: ipaddress.ip_address(item[0]).packed)
        ]  # fmt: skip
    return []


def _vtysh(namespace: str, *arguments: str) -> tuple[str, str]:
    command = ["vtysh", "-N", namespace, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    return done.stdout, (done.stdout + done.stderr).strip() if done.returncode else ""
