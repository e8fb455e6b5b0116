"""Make a lab: namespaces, wires, servers, switches; every step is written down before it is taken."""

from __future__ import annotations

import ipaddress
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rackwright.lab import netns, nodes
from rackwright.lab.shape import Node, Shape
from rackwright.lab.state import State, remove

PROGRAMS = ("ip", "unshare", "lldpd", "sshd", "lldpcli", "ssh-keygen")
DESCRIPTIONS = {
    "huawei_vrp": "Huawei Versatile Routing Platform Software VRP (R)",
    "h3c_comware": "H3C Comware Platform Software",
    "ruijie_rgos": "Ruijie Networks RGOS",
}
Progress = Callable[[str, int, int], None]


def up(
    shape: Shape, prefixes: Sequence[tuple[str, str | None]], *, name: str, project: str, folder: Path,
    lldp_interval_s: int = 5, progress: Progress | None = None,
) -> State:  # fmt: skip
    """Build a lab and return its state. `prefixes` are the networks the management network carries with their
    gateway (the controller's own address there).

    Raises LabError when the machine lacks something or a step fails; what was made by then is removed again.
    """
    lacking = netns.missing_capabilities(PROGRAMS)
    if lacking:
        raise netns.LabError("a lab needs " + ", ".join(lacking) + "; on Debian: scripts/lab-packages.sh")
    tell = progress or (lambda *_: None)
    state = State(
        _free_id(), name, project, str(folder), datetime.now(UTC).isoformat(timespec="seconds"),
        options={"lldp_interval_s": lldp_interval_s},
    )  # fmt: skip
    state.nodes = {n.name: f"{state.prefix}{n.number}" for n in shape.nodes.values()}
    state.stage = "building"
    state.save()
    try:
        tell("namespaces and wires", 0, 4)
        _fabric(state, shape, prefixes)
        tell("keys", 1, 4)
        keys = _keys(folder)
        tell("servers", 2, 4)
        _servers(state, shape, folder, keys, lldp_interval_s)
        tell("switches", 3, 4)
        _switches(state, shape, folder, lldp_interval_s)
        state.stage = "up"
        state.save()
        tell("ready", 4, 4)
    except BaseException:
        remove(state)
        raise
    return state


def _free_id() -> str:
    while True:
        found = secrets.token_hex(2)
        if not netns.namespaces(f"rw{found}-"):
            return found


def _fabric(state: State, shape: Shape, prefixes: Sequence[tuple[str, str | None]]) -> None:
    control = f"{state.prefix}ctl"
    spaces = [control, *(state.nodes[n] for n in shape.nodes)]
    netns.ip_batch(f"netns add {space}" for space in spaces)
    lines = []
    for node in shape.nodes.values():
        lines.append(
            f"link add m{node.number} netns {control} type veth peer name eth0 netns {state.nodes[node.name]}"
        )
    for wire in shape.wires.values():
        a, b = state.nodes[wire.a[0]], state.nodes[wire.b[0]]
        lines.append(
            f"link add {wire.a_interface} netns {a} type veth peer name {wire.b_interface} netns {b}"
        )
    netns.ip_batch(lines)
    own = ["link set lo up", "link add br0 type bridge", "link set br0 up"]
    for prefix, gateway in prefixes:
        network = ipaddress.ip_network(prefix)
        address = gateway or str(network[1])
        own.append(f"addr add {address}/{network.prefixlen} dev br0")
    for node in shape.nodes.values():
        own += [f"link set m{node.number} master br0", f"link set m{node.number} up"]
    netns.ip_batch(own, control)
    for node in shape.nodes.values():
        inner = ["link set lo up", "link set eth0 up"]
        inner += [f"link set {interface} up" for interface in node.ports.values()]
        inner += [f"addr add {a} dev eth0" for a in node.addresses]
        if node.bmc:
            inner.append(f"addr add {node.bmc} dev eth0")
        netns.ip_batch(inner, state.nodes[node.name])


def _keys(folder: Path) -> tuple[str, str]:
    """(public key that may log in, private host key); made once a lab, with the known_hosts beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("id_lab", "host_key"):
        if not (folder / name).exists():
            subprocess.run(  # noqa: S603
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(folder / name)],  # noqa: S607
                check=True,
            )
    return (folder / "id_lab.pub").read_text(), (folder / "host_key").read_text()


def _servers(state: State, shape: Shape, folder: Path, keys: tuple[str, str], interval_s: int) -> None:
    hosts = [n for n in shape.nodes.values() if n.kind in ("server", "appliance")]
    if not hosts:
        return
    base = folder / "nodes"
    base.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(base)], check=True)  # noqa: S603, S607
    state.mounts.append(str(base))
    state.save()
    known = []
    public_host = (folder / "host_key.pub").read_text().split()[:2]
    for node in hosts:
        place = base / node.name
        nodes.prepare_server(
            node, place, nodes.lldp_configuration(node, shape, "Linux server", interval_s), *keys
        )
        state.add_process(
            nodes.start_server(state.nodes[node.name], node, place, folder / "servers.log"), node.name
        )
        known += [f"{a.partition('/')[0]} {' '.join(public_host)}" for a in node.addresses]
    (folder / "known_hosts").write_text("\n".join(known) + "\n", encoding="utf-8")


def _switches(state: State, shape: Shape, folder: Path, interval_s: int) -> None:
    sockets = Path("/run/rackwright") / state.id
    sockets.mkdir(parents=True, exist_ok=True)
    rows = []
    for node in shape.nodes.values():
        if node.kind not in ("switch", "existing"):
            continue
        text = nodes.lldp_configuration(
            node, shape, DESCRIPTIONS.get(node.platform or "", "Core switch"), interval_s
        )
        configuration = folder / f"lldpd-{node.number}.conf"
        configuration.write_text(text, encoding="utf-8")
        socket = sockets / f"{node.number}.sock"
        state.add_process(
            nodes.start_lldpd(state.nodes[node.name], configuration, socket, folder / "lldpd.log"),
            f"lldpd of {node.name}",
        )
        rows.append(_switch_row(node, state.nodes[node.name], socket))
    (folder / "switches.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    log = (folder / "switches.log").open("ab")
    daemon = subprocess.Popen(  # noqa: S603 - own module
        [sys.executable, "-m", "rackwright.lab.switches", str(folder)],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    log.close()
    state.add_process(daemon.pid, "switch command lines")
    _wait_for(folder / "switches.ready", daemon)


def _switch_row(node: Node, namespace: str, socket: Path) -> dict[str, object]:
    return {
        "name": node.name, "namespace": namespace, "platform": node.platform, "address": (node.addresses or ("",))[0],
        "ports": node.ports, "lldp_socket": str(socket),
    }  # fmt: skip


def _wait_for(path: Path, process: subprocess.Popen[bytes], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise netns.LabError(
                f"the switch command lines did not start; see {path.with_name('switches.log')}"
            )
        time.sleep(0.05)


def control_namespace(state: State) -> str:
    """The namespace from which everything is reached."""
    return f"{state.prefix}ctl"
