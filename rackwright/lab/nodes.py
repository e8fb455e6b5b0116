"""Servers of a lab: namespaces with a file system, host name and processes of their own, a real sshd and lldpd."""

from __future__ import annotations

import subprocess
from pathlib import Path

from rackwright.lab.shape import Node, Shape, Wire

INIT = Path(__file__).with_name("node-init.sh")


def lldp_configuration(node: Node, shape: Shape, description: str, interval_s: int) -> str:
    """What lldpd announces for a node: its name, and for every port the planned name and the planned far end."""
    lines = [
        f"configure system hostname {node.name}",
        f'configure system description "{description}"',
        f"configure lldp tx-interval {interval_s}",
        "configure lldp portidsubtype ifname",
    ]
    far = _far_ends(node, shape)
    for port, interface in sorted(node.ports.items(), key=lambda item: int(item[1][1:])):
        lines.append(
            f'configure ports {interface} lldp portidsubtype local {port} description "to {far.get(port, "nothing")}"'
        )
    lines.append("configure system interface pattern " + (",".join(["p*", "!eth0"])))
    return "\n".join(lines) + "\n"


def _far_ends(node: Node, shape: Shape) -> dict[str, str]:
    out: dict[str, str] = {}
    for wire in shape.wires.values():
        for (device, port), (other, other_port) in ((wire.a, wire.b), (wire.b, wire.a)):
            if device == node.name:
                out[port] = f"{other} {other_port}"
    return out


def prepare_server(node: Node, folder: Path, lldp: str, authorized_key: str, host_key: str) -> None:
    """Files that node-init.sh needs."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lldpd.conf").write_text(lldp, encoding="utf-8")
    (folder / "authorized_keys").write_text(authorized_key, encoding="utf-8")
    (folder / "host_key").write_text(host_key, encoding="utf-8")
    (folder / "host_key").chmod(0o600)


def start_server(namespace: str, node: Node, folder: Path, log: Path) -> int:
    """Start a server; the number of the process that holds it (killing it ends everything inside)."""
    command = [
        "ip", "netns", "exec", namespace, "unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child",
        "/bin/sh", str(INIT), node.name, str(folder),
    ]  # fmt: skip
    with log.open("ab") as file:
        return subprocess.Popen(  # noqa: S603 - own script, argument list
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        ).pid


def start_lldpd(namespace: str, configuration: Path, socket: Path, log: Path) -> int:
    """Start an lldpd of its own for a switch; the number of its process."""
    command = [
        "ip",
        "netns",
        "exec",
        namespace,
        "/usr/sbin/lldpd",
        "-d",
        "-u",
        str(socket),
        "-O",
        str(configuration),
    ]
    with log.open("ab") as file:
        return subprocess.Popen(  # noqa: S603 - argument list
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        ).pid


def other_end(wire: Wire, node: str) -> tuple[str, str]:
    """Device and port at the other end of a wire."""
    return wire.b if wire.a[0] == node else wire.a
