"""Starting and stopping what lives in a node: servers with a file system, host name and processes of their own, a
real sshd and lldpd; switches with lldpd and FRR (their command line is another process, see `switches`)."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from rackwright.lab import netns, routing
from rackwright.lab.shape import Node, Shape
from rackwright.lab.state import State, alive, start_ticks

INIT = Path(__file__).with_name("node-init.sh")
DESCRIPTIONS = {
    "huawei_vrp": "Huawei Versatile Routing Platform Software VRP (R)",
    "h3c_comware": "H3C Comware Platform Software",
    "ruijie_rgos": "Ruijie Networks RGOS",
}


def is_host(node: Node) -> bool:
    """True for what logs in as a Linux host; switches have a command line of their own."""
    return node.kind in ("server", "appliance")


def lldp_configuration(node: Node, shape: Shape, interval_s: int) -> str:
    """What lldpd announces for a node: its name, and for every port the planned name and the planned far end.

    Raises LabError for a port name lldpd cannot be told.
    """
    text = "Linux server" if is_host(node) else DESCRIPTIONS.get(node.platform or "", "Core switch")
    lines = [
        f"configure system hostname {node.name}",
        f'configure system description "{text}"',
        f"configure lldp tx-interval {interval_s}",
        "configure lldp portidsubtype ifname",
    ]
    far = _far_ends(node, shape)
    told = {port: interface for port, interface in sorted(node.ports.items()) if port not in node.silent}
    for port, interface in told.items():
        if any(c in port for c in '"\\') or not port.isprintable():
            raise netns.LabError(f"{node.name}: port name {port!r} cannot be announced by LLDP")
        lines.append(
            f'configure ports {interface} lldp portidsubtype local "{port}" description "to {far.get(port, "nothing")}"'
        )
    lines.append(f"configure system interface pattern {','.join((*told.values(), '!eth0'))}")
    return "\n".join(lines) + "\n"


def connections(state: State, shape: Shape, node: Node) -> dict[str, str]:
    """Connection files of the data ports of a server that starts configured: the MTU hosts are planned to have."""
    if not state.options.get("configured"):
        return {}
    ends = [e for w in shape.wires.values() if w.kind == "access" for e in (w.a, w.b)]
    return {
        port: f"[connection]\ntype=ethernet\ninterface-name={node.ports[port]}\n\n[ethernet]\nmtu={state.options['mtu_host']}\n"
        for device, port in ends
        if device == node.name
    }


def _far_ends(node: Node, shape: Shape) -> dict[str, str]:
    out: dict[str, str] = {}
    for wire in shape.wires.values():
        for (device, port), (other, other_port) in ((wire.a, wire.b), (wire.b, wire.a)):
            if device == node.name:
                out[port] = f"{other} {other_port}"
    return out


def lldp_file(state: State, node: Node) -> Path:
    """The lldpd configuration of a node. In /run: lldpcli gives up root's rights before it reads it, and the folder
    of the lab may lie where only root may go."""
    return state.run / f"{node.number}.conf"


def host_folder(state: State, node: Node) -> Path:
    """Where the file system of a host lies (on tmpfs): what it changed is below `up`."""
    return Path(state.folder) / "nodes" / node.name


def prepare(state: State, shape: Shape, node: Node) -> None:
    """Files a node needs before it can start."""
    configuration = lldp_file(state, node)
    text = lldp_configuration(node, shape, int(state.options["lldp_interval_s"]))
    configuration.write_text(text, encoding="utf-8")
    if is_host(node):
        base, folder = Path(state.folder), host_folder(state, node)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "lldpd.conf").write_text(text, encoding="utf-8")
        (folder / "authorized_keys").write_text((base / "id_lab.pub").read_text(), encoding="utf-8")
        for port, text in connections(state, shape, node).items():
            (folder / "connections").mkdir(exist_ok=True)
            (folder / "connections" / f"lab-{port}.nmconnection").write_text(text, encoding="utf-8")
        (folder / "host_key").touch(mode=0o600)
        (folder / "host_key").write_text((base / "host_key").read_text(), encoding="utf-8")
    elif runs_frr(state, node):
        routing.prepare(state.nodes[node.name])


def runs_frr(state: State, node: Node) -> bool:
    """True for the switches FRR routes for."""
    return node.name in state.options["routed"]


def start(state: State, nodes: Sequence[Node]) -> None:
    """Start all that lives in these nodes and come back when it answers. Raises LabError when one does not."""
    started: list[tuple[int, str, str]] = []
    base = Path(state.folder)
    for node in nodes:
        namespace = state.nodes[node.name]
        if is_host(node):
            started.append(
                (
                    _start_host(namespace, node, host_folder(state, node), base / "servers.log"),
                    "server",
                    node.name,
                )
            )
            continue
        socket = state.run / f"{node.number}.sock"
        socket.unlink(missing_ok=True)
        command = ["/usr/sbin/lldpd", "-d", "-u", str(socket), "-O", str(lldp_file(state, node))]
        started.append((_spawn(namespace, command, base / "lldpd.log"), "lldpd", node.name))
        if runs_frr(state, node):
            started += [(pid, what, node.name) for pid, what in routing.start(namespace, base / "frr.log")]
    state.add_processes(started)
    routing.wait_ready([state.nodes[n.name] for n in nodes if runs_frr(state, n)])
    deadline = time.monotonic() + 60
    for node in nodes:
        while not _answers(state, node):
            if time.monotonic() > deadline:
                raise netns.LabError(f"{node.name} did not start; see servers.log and lldpd.log in {base}")
            time.sleep(0.02)


def _answers(state: State, node: Node) -> bool:
    if not lldp_socket(state, node).exists():
        return False
    root = host_root(state, node)
    return not is_host(node) or (root is not None and (root / "run/sshd.pid").exists())


def stop(state: State, nodes: Sequence[Node]) -> None:
    """End everything that lives in these nodes, at once, as a loss of power does."""
    names = {n.name for n in nodes}
    for process in state.processes:
        if process.node in names and alive(process):
            _end(process.pid)
    for pid in netns.pids_in([state.nodes[name] for name in names]):
        if pid != os.getpid():
            _end(pid)
    deadline = time.monotonic() + 5
    while any(alive(p) for p in state.processes if p.node in names) and time.monotonic() < deadline:
        time.sleep(0.02)
    state.processes = [p for p in state.processes if p.node not in names]
    state.save()


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def host_process(state: State, node: Node) -> int | None:
    """The first process inside a host (its init); None when it is not up."""
    holder = next(
        (p for p in state.processes if p.node == node.name and p.what == "server" and alive(p)), None
    )
    if holder is None:
        return None
    try:
        children = Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text().split()
    except OSError:
        return None
    return next((int(c) for c in children if start_ticks(int(c)) is not None), None)


def host_root(state: State, node: Node) -> Path | None:
    """The file system of a host as it sees it; None when it is not up."""
    pid = host_process(state, node)
    return Path(f"/proc/{pid}/root") if pid else None


def lldp_socket(state: State, node: Node) -> Path:
    """Where the lldpd of a node listens, reachable from outside."""
    if is_host(node):
        root = host_root(state, node)
        return root / "run/lldpd.socket" if root else Path("/nonexistent")
    return state.run / f"{node.number}.sock"


def lldpcli(state: State, node: Node) -> list[str]:
    """The command that talks to the lldpd of a node. In a host it runs inside: lldpcli gives up root's rights, and
    then may not go through /proc."""
    if not is_host(node):
        return ["lldpcli", "-u", str(lldp_socket(state, node))]
    return [
        "nsenter",
        "-t",
        str(host_process(state, node) or 0),
        "-m",
        "-r",
        "lldpcli",
        "-u",
        "/run/lldpd.socket",
    ]


def announce(state: State, node: Node) -> None:
    """Tell lldpd the names of the ports again: it forgets them when an interface is unplugged."""
    own = "/etc/lldpd.conf" if is_host(node) else str(lldp_file(state, node))
    command = [*lldpcli(state, node), "-c", own]
    subprocess.run(command, capture_output=True, check=False, timeout=10)  # noqa: S603 - argument list


def _start_host(namespace: str, node: Node, folder: Path, log: Path) -> int:
    """The number of the process that holds the host: killing it ends everything inside."""
    return _spawn(
        namespace,
        ["unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "/bin/sh", str(INIT), node.name, str(folder)],
        log,
    )  # fmt: skip


def _spawn(namespace: str, command: list[str], log: Path) -> int:
    with log.open("ab") as file:
        return subprocess.Popen(  # noqa: S603 - argument list
            ["ip", "netns", "exec", namespace, *command],  # noqa: S607
            stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True,
        ).pid  # fmt: skip
