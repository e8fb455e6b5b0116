"""Emulated switches on the loopback, and drivers for them in a hurry."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh

from inventory.fields import Title
from inventory.model_operations import Secret
from rackwright.lab.emulator.comware import COMWARE
from rackwright.lab.emulator.comware_shell import ComwareShell
from rackwright.lab.emulator.device import BgpPeer, Neighbour, PortState, Switch
from rackwright.lab.emulator.rgos import RGOS
from rackwright.lab.emulator.rgos_shell import RgosShell
from rackwright.lab.emulator.session import listen
from rackwright.lab.emulator.tree import from_text
from rackwright.lab.emulator.vrp import VRP
from rackwright.lab.emulator.vrp_shell import VrpShell
from topology.observe.driver_base import SwitchDriver
from topology.observe.drivers import DRIVERS
from topology.observe.secrets import Vault
from topology.observe.session import Timeouts

PLATFORMS = {
    "huawei_vrp": (VRP, VrpShell, "CE6881", "V200R020"),
    "h3c_comware": (COMWARE, ComwareShell, "S6850", "7.1.070 Release 6616P01"),
    "ruijie_rgos": (RGOS, RgosShell, "S6510", "RGOS 12.5(4)B0702"),
}
VALUE = "kept-out-of-sight"
SECRETS = {
    "snmp-key": Secret(
        at="secrets.yml:1", name="snmp-key", title=Title(en="key", zh="密钥"), source="env", key="SNMP_KEY"
    )
}
UPLINK = "10GE1/0/1"


class Bench:
    """Switches of one platform that listen, and their host keys."""

    def __init__(self, folder: Path, platform: str) -> None:
        self.platform = platform
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.touch()

    def start(self, switch: Switch, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen for a switch; its port."""

        async def begin() -> int:
            shell = PLATFORMS[self.platform][1]
            found: int = (await listen(switch, shell, self.key, host=host, port=port)).get_port()
            return found

        port = asyncio.run_coroutine_threadsafe(begin(), self.loop).result()
        public = " ".join(self.key.export_public_key().decode().split()[:2])
        with self.known_hosts.open("a") as file:
            file.write(f"[{host}]:{port} {public}\n")
        return port

    def switch(
        self, name: str, text: str, *, loses: str | None = None, dims: str | None = None,
        peers: Callable[[], list[BgpPeer]] = list, host: str = "127.0.0.1", port: int = 0,
    ) -> tuple[Switch, int]:  # fmt: skip
        """A switch that sees a core on its uplink, and its port. It loses the core when it runs a line that holds
        `loses`, and its light when it runs one that holds `dims`."""
        dialect, _, model, version = PLATFORMS[self.platform]
        made: list[Switch] = []

        def runs(words: str | None) -> bool:
            return words is not None and words in made[0].text()

        def seen() -> list[Neighbour]:
            return [] if runs(loses) else [Neighbour(UPLINK, "0011-2233-4455", "core", "1")]

        made.append(
            Switch(
                name, dialect, model, "SN7", version, {"u": "p"}, from_text(dialect, text), neighbours=seen,
                ports=lambda: [PortState(UPLINK, True, True, 10, -40.0 if runs(dims) else -3.2, -2.1)],
                bgp_peers=peers,
            )
        )  # fmt: skip
        return made[0], self.start(made[0], host, port)

    def driver(self, port: int, **other: Any) -> SwitchDriver:
        """A driver in a hurry."""
        options = {
            "port": port, "known_hosts": self.known_hosts, "shortest_revert_s": 1,
            "vault": Vault(SECRETS, environment={"SNMP_KEY": VALUE}), "timeouts": Timeouts(5, 1, 1), **other,
        }  # fmt: skip
        return DRIVERS[self.platform]("127.0.0.1", "u", "p", 5, options)

    def close(self) -> None:
        """End all sessions."""

        async def end() -> None:
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        asyncio.run_coroutine_threadsafe(end(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
