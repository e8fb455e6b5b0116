"""Emulated switches on the loopback for tests that reach them from another process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from rackwright.lab.emulator.device import Switch
from rackwright.lab.emulator.session import listen
from rackwright.lab.emulator.tree import from_text
from rackwright.lab.switches import emulator

USER, PASSWORD = "operator", "word-of-the-operator"


@dataclass
class Switches:
    """Switches by their port. `known_hosts` is the file of their host keys."""

    known_hosts: Path
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))

    def start(self, name: str, text: str, platform: str = "huawei_vrp") -> tuple[Switch, int]:
        """A switch that runs this configuration, and its port."""
        dialect, shell, _, version = emulator(platform)
        switch = Switch(
            name, dialect, "model", "SN1", version, {USER: PASSWORD}, from_text(dialect, text), saved=text
        )

        async def begin() -> int:
            port: int = (await listen(switch, shell, self.key)).get_port()
            return port

        port = asyncio.run_coroutine_threadsafe(begin(), self.loop).result()
        public = " ".join(self.key.export_public_key().decode().split()[:2])
        with self.known_hosts.open("a") as file:
            file.write(f"[127.0.0.1]:{port} {public}\n")
        return switch, port


@contextmanager
def switches(folder: Path) -> Iterator[Switches]:
    """A place for switches; they are gone afterwards."""
    found = Switches(folder / "known_hosts")
    found.known_hosts.touch()
    thread = threading.Thread(target=found.loop.run_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:

        async def end() -> None:
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        asyncio.run_coroutine_threadsafe(end(), found.loop).result()
        found.loop.call_soon_threadsafe(found.loop.stop)
        thread.join()
