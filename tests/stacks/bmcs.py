"""Emulated management controllers for tests of stacks: TLS, login, entity tags, faults, on loopback and without root."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rackwright.lab import bmc
from rackwright.lab.bmc_state import Account, Bmc, faults_of
from tests.stacks.provider_client import Client, provider

LOGIN = ("stack-operator", "Bmc-login-7Qx")
"""Who the provider logs in as; found nowhere but in the environment and on the controllers."""
SECRET = {"RW_TEST_BMC_USER": LOGIN[0], "RW_TEST_BMC_PASSWORD": LOGIN[1]}
SECRETS = '{"bmc-user": "env:RW_TEST_BMC_USER", "bmc-password": "env:RW_TEST_BMC_PASSWORD", "audit": "env:RW_TEST_AUDIT", "audit-next": "env:RW_TEST_AUDIT_NEXT"}'  # fmt: skip


@dataclass
class Bmcs:
    """Controllers by device name."""

    service: bmc.Service

    def __getitem__(self, name: str) -> Bmc:
        return self.service.bmcs[name]

    def place(self, name: str) -> dict[str, Any]:
        """Inputs that say which controller is meant."""
        address, port = self.service.ports[name]
        return {"device": name, "address": address, "port": port}

    def faults(self, name: str, **value: Any) -> None:
        """Put exactly these faults in."""
        self[name].faults = faults_of({k.lstrip("_"): v for k, v in value.items()})

    def configuration(self, **more: str) -> dict[str, str]:
        """What the provider needs to get in."""
        return {"secrets": SECRETS, "bmcUser": "bmc-user", "bmcPassword": "bmc-password", "bmcCa": str(self.service.ca),
                "retryS": "0", "timeoutS": "5", **more}  # fmt: skip


def row(number: int, network: str = "127.2.0", port: int = 0, **more: Any) -> dict[str, Any]:
    """What one controller tells of its server."""
    return {
        "name": f"srv-{number:03d}", "address": f"{network}.{number}", "port": port, "manufacturer": "Generic",
        "model": "C86 ECS 2U", "sku": "hygon-c86-ecs-2u", "serial": f"SN{number:05d}", "nics": [], "supplies": [],
        "drives": [], "processors": [], "memory_gb": 512, **more,
    }  # fmt: skip


@contextmanager
def bmcs(folder: Path, rows: list[dict[str, Any]]) -> Iterator[Bmcs]:
    """Controllers for the time of the block."""
    service = bmc.start(folder, rows)
    for own in service.bmcs.values():
        own.accounts = {1: Account(*LOGIN)}
    try:
        yield Bmcs(service)
    finally:
        service.close()


@contextmanager
def provider_for(
    controllers: Bmcs, environment: Mapping[str, str] | None = None, **more: str
) -> Iterator[Client]:
    """A provider that gets in at these controllers."""
    clean = {k: "" for k in os.environ if k.startswith("RACKWRIGHT_")}
    with provider({**clean, **SECRET, **(environment or {})}, **controllers.configuration(**more)) as client:
        yield client
