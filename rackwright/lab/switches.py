"""The process behind all switch command lines of a lab: one SSH server a switch, in the switch's namespace.

Started by the lab as `python -m rackwright.lab.switches FOLDER`. Neighbours come from the live lldpd of the
namespace and port states from its live links, so a cable that is pulled or swapped shows. A control socket in the
folder takes one JSON object a line: `{"switch": NAME, "fault": KIND, "value": …}` or `{"switch": NAME, "text": true}`.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncssh

from rackwright.lab import netns
from rackwright.lab.emulator.device import Neighbour, PortState, Switch
from rackwright.lab.emulator.session import listen
from rackwright.lab.emulator.tree import from_text
from rackwright.lab.emulator.vrp import VRP
from rackwright.lab.emulator.vrp_shell import VrpShell

PLATFORMS: dict[str, tuple[Any, Any, str, str]] = {
    "huawei_vrp": (VRP, VrpShell, "sysname {name}\n", "V200R022C00SPC500"),
}
"""Platform -> dialect, shell, first configuration, software version."""
USERS = {"lab": "lab"}


def make_switch(row: dict[str, Any]) -> Switch:
    """A switch whose neighbours and ports are read from its namespace."""
    dialect, _, text, version = PLATFORMS[row["platform"]]
    by_interface = {interface: port for port, interface in row["ports"].items()}

    def neighbours() -> list[Neighbour]:
        return live_neighbours(row["lldp_socket"], by_interface)

    def ports() -> list[PortState]:
        return live_ports(row["namespace"], by_interface)

    serial = str(row.get("serial") or f"LAB-{row['name']}")
    return Switch(
        row["name"], dialect, row.get("model", "LAB-SWITCH"), serial, version, dict(USERS),
        from_text(dialect, text.format(name=row["name"])), neighbours=neighbours, ports=ports,
    )  # fmt: skip


def live_neighbours(socket: str, by_interface: dict[str, str]) -> list[Neighbour]:
    """Neighbours as lldpd sees them now."""
    done = subprocess.run(  # noqa: S603
        ["lldpcli", "-u", socket, "-f", "json0", "show", "neighbors"],  # noqa: S607
        capture_output=True, text=True, check=False, timeout=10,
    )  # fmt: skip
    if done.returncode:
        return []
    out = []
    for lldp in json.loads(done.stdout).get("lldp", []):
        for entry in lldp.get("interface", []):
            port = by_interface.get(entry["name"])
            chassis, remote = entry["chassis"][0], entry["port"][0]
            if port is None:
                continue
            out.append(
                Neighbour(
                    port, chassis["id"][0]["value"], chassis.get("name", [{"value": ""}])[0]["value"],
                    remote["id"][0]["value"], remote.get("descr", [{"value": ""}])[0]["value"],
                )
            )  # fmt: skip
    return out


def live_ports(namespace: str, by_interface: dict[str, str]) -> list[PortState]:
    """Ports as the namespace has them now."""
    rows = json.loads(netns.ip("-n", namespace, "-j", "link", "show") or "[]")
    out = []
    for row in rows:
        port = by_interface.get(row["ifname"])
        if port is not None:
            out.append(PortState(port, "UP" in row["flags"], row["operstate"] == "UP"))
    return sorted(out, key=lambda p: p.name)


async def serve(folder: Path) -> None:
    """Serve every switch of a lab until the process ends."""
    rows = json.loads((folder / "switches.json").read_text(encoding="utf-8"))
    key = asyncssh.read_private_key(str(folder / "host_key"))
    switches: dict[str, Switch] = {}
    servers = []
    known = []
    public = key.export_public_key().decode().split()[:2]
    for row in rows:
        if row["platform"] not in PLATFORMS or not row["address"]:
            continue
        address = row["address"].partition("/")[0]
        listener = netns.listening_socket(row["namespace"], address, 22)
        switch = make_switch(row)
        switches[row["name"]] = switch
        servers.append(await listen(switch, PLATFORMS[row["platform"]][1], key, sock=listener))
        known.append(f"{address} {' '.join(public)}")
    with (folder / "known_hosts").open("a", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in known))

    async def control(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            answer = _control(switches, json.loads(line))
            writer.write((json.dumps(answer) + "\n").encode())
            await writer.drain()
        writer.close()

    socket = Path("/run/rackwright") / folder.name
    path = Path(rows[0]["lldp_socket"]).with_name("control.sock") if rows else socket
    await asyncio.start_unix_server(control, path=str(path))
    (folder / "switches.ready").write_text("ready\n")
    await asyncio.Event().wait()


def _control(switches: dict[str, Switch], order: dict[str, Any]) -> dict[str, Any]:
    switch = switches.get(order.get("switch", ""))
    if switch is None:
        return {"error": f"no switch {order.get('switch')}"}
    if order.get("text"):
        return {"text": switch.text()}
    kind, value = order.get("fault"), order.get("value")
    if kind in ("hang", "drop"):
        getattr(switch.faults, kind).append(str(value))
    elif kind == "lie":
        switch.faults.lie[str(order.get("command"))] = str(value)
    elif kind in ("refuse_login", "forget_commit"):
        setattr(switch.faults, kind, bool(value))
    elif kind == "slow_s":
        switch.faults.slow_s = float(str(value))
    elif kind == "clear":
        switch.faults = type(switch.faults)()
    else:
        return {"error": f"no fault {kind}"}
    return {"done": kind}


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
