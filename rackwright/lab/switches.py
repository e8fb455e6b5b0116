"""The process behind all switch command lines of a lab: one SSH server a switch, in the switch's namespace.

Started by the lab as `python -m rackwright.lab.switches FOLDER`. Neighbours come from the live lldpd of the
namespace, port states from its live links, BGP sessions from its live FRR; and what the running configuration says
of routed ports, BGP and ports that are shut is done to that namespace as soon as it changes. So a cable that is
pulled shows, and a wrong line breaks what it would break. The control socket takes one JSON object a line, see
`orders`.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh

from rackwright.lab import live, netns, routing
from rackwright.lab.emulator.device import BgpPeer, Neighbour, PortState, Switch
from rackwright.lab.emulator.session import listen
from rackwright.lab.emulator.tree import from_text
from rackwright.lab.mac_learning import Table

EMULATORS = {
    "huawei_vrp": ("vrp:VRP", "vrp_shell:VrpShell", "sysname {name}\n", "V200R022C00SPC500"),
    "h3c_comware": (
        "comware:COMWARE",
        "comware_shell:ComwareShell",
        "sysname {name}\n",
        "7.1.070 Release 6616P01",
    ),
    "ruijie_rgos": ("rgos:RGOS", "rgos_shell:RgosShell", "hostname {name}\n", "RGOS 12.5(4)B0702"),
}
"""Platform -> dialect and shell in rackwright.lab.emulator, configuration as delivered, software version."""
USERS = {"lab": "lab"}
POLL_S = 0.2
LIGHT_DBM, DARK_DBM = -2.5, -40.0
"""Received light of a healthy short link (engineering estimate), and what optics show when there is none."""


@dataclass
class Served:
    """One switch with what has been done to its namespace: `told` is the configuration its routing follows."""

    row: dict[str, Any]
    switch: Switch
    first: str
    told: str = ""
    kept: str = ""
    """The saved configuration as it lies on disk."""
    routing: routing.Routing = field(default_factory=routing.Routing)
    powered: bool = True
    light: dict[str, float] | None = None
    learned: Table = field(default_factory=lambda: Table({}))

    @property
    def interfaces(self) -> dict[str, str]:
        """Port name by interface."""
        return {interface: port for port, interface in self.row["ports"].items()}


def emulator(platform: str) -> tuple[Any, Any, str, str]:
    """Dialect, shell class, configuration as delivered and version of a platform.

    Raises LabError when there is no emulator for it.
    """
    if platform not in EMULATORS:
        raise netns.LabError(f"no emulated command line for platform {platform}")
    dialect, shell, text, version = EMULATORS[platform]
    try:
        found = []
        for name in (dialect, shell):
            module, _, attribute = name.partition(":")
            found.append(getattr(importlib.import_module(f"rackwright.lab.emulator.{module}"), attribute))
    except (ImportError, AttributeError) as error:
        raise netns.LabError(f"no emulated command line for platform {platform}: {error}") from error
    return found[0], found[1], text, version


def make(row: dict[str, Any], saved: Path) -> Served:
    """A switch that answers from its namespace. It starts with what it saved in an earlier life of this process, with
    its configuration, or as delivered."""
    dialect, _, text, version = emulator(row["platform"])
    first = row.get("configuration") or text.format(name=row["name"])
    if saved.exists():
        first = saved.read_text(encoding="utf-8")
    switch = Switch(
        row["name"],
        dialect,
        row["model"],
        row["serial"],
        version,
        dict(USERS),
        from_text(dialect, first),
        saved=first,
    )
    served = Served(row, switch, first)
    switch.neighbours = lambda: _neighbours(served)
    switch.ports = lambda: _ports(served)
    switch.bgp_peers = lambda: _peers(served)
    served.learned = Table(served.interfaces)
    switch.macs = lambda: _macs(served)
    return served


def _saved(folder: Path, name: str) -> Path:
    return folder / "saved" / f"{name}.cfg"


def keep(served: Served, folder: Path) -> None:
    """Write down what the switch saved, as its flash would: it outlives this process."""
    if served.switch.saved != served.kept:
        served.kept = served.switch.saved
        path = _saved(folder, served.row["name"])
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(served.kept, encoding="utf-8")
        temporary.replace(path)


def _neighbours(served: Served) -> list[Neighbour]:
    names = served.interfaces
    return [
        Neighbour(names[h.interface], h.chassis, h.system, h.port, h.description)
        for h in live.heard(served.row["lldpcli"]) or ()
        if h.interface in names
    ]


def _macs(served: Served) -> list[tuple[str, str]]:
    """What it has learned on ports that are up: one that goes down forgets."""
    up = {i.name for i in live.interfaces(served.row["namespace"]) if i.up}
    ports = {port for interface, port in served.interfaces.items() if interface in up}
    return [(port, mac) for port, mac in served.learned.now() if port in ports]


def _ports(served: Served) -> list[PortState]:
    names, fibre, light = served.interfaces, set(served.row["fibre"]), served.light or {}
    out = []
    for interface in live.interfaces(served.row["namespace"]):
        port = names.get(interface.name)
        if port is None:
            continue
        dbm = (light.get(port, LIGHT_DBM) if interface.up else DARK_DBM) if port in fibre else None
        out.append(
            PortState(port, interface.enabled, interface.up, rx_dbm=dbm, tx_dbm=LIGHT_DBM if dbm else None)
        )
    return sorted(out, key=lambda p: p.name)


def _peers(served: Served) -> list[BgpPeer]:
    if not served.row["routed"]:
        return []
    found = routing.peers(served.row["namespace"])
    return [BgpPeer(p.address, p.asn, p.state, p.up_s, p.prefixes, p.received, p.sent) for p in found]


def follow(served: Served) -> str:
    """Make the namespace do what the running configuration says; what went wrong, empty when nothing."""
    text = served.switch.text()
    if text == served.told or not served.powered:
        return ""
    served.told = text
    try:
        module = importlib.import_module(f"topology.platforms.{served.row['platform']}")
        wanted = routing.of_configuration(module.parse(text), served.row["ports"])
    except Exception as error:
        return f"{served.row['name']}: configuration not understood, routing stays as it was: {error!r}"
    before, served.routing = served.routing, wanted
    said = ""
    if served.row["routed"]:
        said = routing.tell(served.row["namespace"], routing.commands(before, wanted))
    _switch_ports(served, before.shut)
    return f"{served.row['name']}: {said}" if said else ""


def _switch_ports(served: Served, before: tuple[str, ...]) -> None:
    lines = [f"link set {i} down" for i in served.routing.shut if i != "lo"]
    lines += [f"link set {i} up" for i in before if i not in served.routing.shut and i != "lo"]
    netns.ip_batch(lines, served.row["namespace"], force=True)


def replugged(served: Served, interfaces: list[str]) -> None:
    """Interfaces are new: give them back their addresses and switch off those that are shut."""
    if served.row["routed"]:
        routing.readdress(served.row["namespace"], served.routing, interfaces)
    _switch_ports(served, ())


def power(served: Served, on: bool) -> None:
    """Off: what was not saved is lost. On: it starts with the saved configuration and a routing that knows nothing."""
    if on:
        served.told, served.routing = "", routing.Routing()
    if not on and served.powered:
        served.switch.reload()
    served.powered = on


def obey(served: Served, order: dict[str, Any]) -> dict[str, Any]:
    """Do what an order for one switch says; the answer."""
    switch, kind, value = served.switch, order.get("order"), order.get("value")
    if kind == "text":
        return {"text": switch.text()}
    if kind == "macs":
        return {"macs": _macs(served)}
    if kind == "settled":
        return {"settled": switch.text() == served.told}
    if kind == "power":
        power(served, bool(value))
    elif kind == "replugged":
        replugged(served, [str(i) for i in value or ()])
    elif kind == "faults":
        _set_faults(served, dict(value or {}))
    else:
        return {"error": f"no order {kind}"}
    return {"done": kind}


def _set_faults(served: Served, wanted: dict[str, Any]) -> None:
    switch = served.switch
    faults = switch.faults
    faults.hang, faults.drop = list(wanted.get("hang", ())), list(wanted.get("drop", ()))
    faults.lie = dict(wanted.get("lie", {}))
    faults.slow_s = float(wanted.get("slow", 0.0))
    faults.refuse_login = bool(wanted.get("refuse-login"))
    faults.forget_commit = bool(wanted.get("forget-commit"))
    switch.serial = str(wanted.get("serial") or served.row["serial"])
    switch.version = str(wanted.get("version") or EMULATORS[served.row["platform"]][3])
    switch.clock_offset_s = float(wanted.get("clock", 0.0))
    served.light = {str(k): float(v) for k, v in dict(wanted.get("dim", {})).items()}


async def serve(folder: Path) -> None:
    """Serve every switch of a lab until the process ends."""
    rows = json.loads((folder / "switches.json").read_text(encoding="utf-8"))
    key = asyncssh.read_private_key(str(folder / "host_key"))
    all_served: dict[str, Served] = {}
    doors = []
    known = []
    public = key.export_public_key().decode().split()[:2]
    for row in rows["switches"]:
        address = row["address"].partition("/")[0]
        listener = netns.listening_socket(row["namespace"], address, 22)
        served = all_served[row["name"]] = make(row, _saved(folder, row["name"]))
        if row.get("learns"):
            frames = netns.frame_socket(row["namespace"], receives=True)
            frames.setblocking(False)
            asyncio.get_running_loop().add_reader(frames, served.learned.learn, frames)
        doors.append(await listen(served.switch, emulator(row["platform"])[1], key, sock=listener))
        known.append(f"{address} {' '.join(public)}")
    with (folder / "known_hosts").open("a", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in known))
    few = asyncio.Semaphore(4)
    busy: dict[str, asyncio.Lock] = {name: asyncio.Lock() for name in all_served}

    async def follow_one(served: Served) -> None:
        async with few, busy[served.row["name"]]:
            if said := await asyncio.to_thread(follow, served):
                print(said, file=sys.stderr, flush=True)  # noqa: T201 - the log of this process

    async def control(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while line := await reader.readline():
                order = json.loads(line)
                served = all_served.get(str(order.get("switch")))
                if served is None:
                    answer: dict[str, Any] = {"error": f"no command line of {order.get('switch')} here"}
                else:
                    async with busy[served.row["name"]]:
                        answer = await asyncio.to_thread(obey, served, order)
                writer.write((json.dumps(answer) + "\n").encode())
                await writer.drain()
        writer.close()

    await asyncio.start_unix_server(control, path=rows["control"])
    await asyncio.gather(*(follow_one(s) for s in all_served.values()))
    (folder / "switches.ready").write_text("ready\n")
    while True:
        await asyncio.sleep(POLL_S)
        await asyncio.gather(*(follow_one(s) for s in all_served.values() if s.switch.text() != s.told))
        for served in all_served.values():
            keep(served, folder)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
