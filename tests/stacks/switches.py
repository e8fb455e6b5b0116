"""Emulated switches on the loopback for tests that reach them from another process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rackwright.lab.emulator.device import Switch
from tests.unit.emulated import Bench

USER, PASSWORD = "operator", "word-of-the-operator"


@dataclass
class Switches:
    """Switches of any platform. `known_hosts` is the file of all their host keys."""

    folder: Path
    benches: dict[str, Bench] = field(default_factory=dict)

    @property
    def known_hosts(self) -> Path:
        """Host keys of all of them."""
        return self.folder / "known_hosts"

    def start(
        self, name: str, text: str, platform: str = "huawei_vrp", **faults: Any
    ) -> tuple[Switch, int]:  # fmt: skip
        """A switch that runs this configuration, and its port. `faults`: see Bench.switch."""
        if platform not in self.benches:
            self.benches[platform] = Bench(self.folder, platform)
        switch, port = self.benches[platform].switch(name, text, **faults)
        switch.users = {USER: PASSWORD}
        return switch, port


@contextmanager
def switches(folder: Path) -> Iterator[Switches]:
    """A place for switches; they are gone afterwards."""
    found = Switches(folder)
    found.known_hosts.touch()
    try:
        yield found
    finally:
        for bench in found.benches.values():
            bench.close()
