"""One management controller of the lab: what it says of its server, what it was told to do, and its faults."""

from __future__ import annotations

import json
import subprocess
import threading
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SYSTEM = "1"
"""Identity of the one system, chassis and manager a controller has."""
FACTORY_BIOS: dict[str, str] = {
    "AcPowerRestore": "AlwaysOn",
    "BootMode": "Uefi",
    "BootOrder": "HardDisk,Network",
    "Iommu": "Disabled",
    "MemoryEncryption": "Disabled",
    "PerformanceProfile": "Balanced",
    "Smt": "Enabled",
    "SrIov": "Disabled",
}
"""BIOS as delivered (engineering estimate; makers name these attributes differently)."""
BIOS_VERSION, BMC_VERSION = "LAB-1.0.0", "LAB-BMC-1.0.0"
NAMESPACE = uuid.UUID("6f7d2f0a-52f4-5f0c-9d1e-6c8b1b5a7c11")
ON, OFF = ("On", "ForceOn"), ("ForceOff", "GracefulShutdown")
RESTART = ("ForceRestart", "GracefulRestart", "PowerCycle")


@dataclass
class Faults:
    """What is wrong with a controller. `lie` maps a path (`/redfish/v1/Systems/1`) to what is laid over its answer;
    `lost` names the feeds without power. `change` maps a path to what becomes of a PATCH, POST or DELETE there: a
    status that is answered, `cut` (the connection ends first), `drop` (it ends after the change), `forget` (said to be
    done and not done); a list is used up one a request, null: nothing happens."""

    unauthorized: bool = False
    unavailable: bool = False
    slow_s: float = 0.0
    serial: str = ""
    version: str = ""
    lie: dict[str, dict[str, Any]] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    change: dict[str, Any] = field(default_factory=dict)


def faults_of(value: dict[str, Any]) -> Faults:
    """Faults from an order: `401`, `503`, `slow` (seconds), `serial`, `version`, `lie`, `lost`, `change`.

    Raises ValueError for a word that is none of them.
    """
    unknown = set(value) - {"401", "503", "slow", "serial", "version", "lie", "lost", "change"}
    if unknown:
        raise ValueError(f"no fault {sorted(unknown)[0]}")
    return Faults(
        bool(value.get("401")), bool(value.get("503")), float(value.get("slow", 0.0)), str(value.get("serial") or ""),
        str(value.get("version") or ""), {str(k): dict(v) for k, v in dict(value.get("lie", {})).items()},
        tuple(value.get("lost", ())), dict(value.get("change", {})),
    )  # fmt: skip


@dataclass
class Account:
    """A user of a controller."""

    name: str
    password: str = field(repr=False)
    role: str = "Administrator"
    enabled: bool = True


@dataclass
class Interface:
    """Network of the controller itself; without `address` what the row says. `prefix` and `gateway`: as delivered."""

    host_name: str
    address: str
    prefix: int = 24
    gateway: str = ""
    dhcp: bool = True


@dataclass
class Bmc:
    """One controller. `row` is what the lab planned for it (see `rackwright.lab.bmc_rows`)."""

    row: dict[str, Any]
    faults: Faults = field(default_factory=Faults)
    power: str = "On"
    bios: dict[str, Any] = field(default_factory=lambda: dict(FACTORY_BIOS))
    pending: dict[str, Any] = field(default_factory=dict)
    boot_target: str = "None"
    boot_enabled: str = "Disabled"
    boot_mode: str = "UEFI"
    secure_boot: bool = False
    led: str = "Off"
    boots: list[str] = field(default_factory=list)
    """What it was started from, oldest first: Pxe, Cd, Hdd …"""
    asset_tag: str = ""
    power_restore: str = "LastState"
    power_on_delay_s: int = 0
    boot_order: list[str] = field(default_factory=lambda: ["Boot0001", "Boot0002"])
    accounts: dict[int, Account] = field(default_factory=lambda: {1: Account("lab", "lab")})
    """By number."""
    ntp: dict[str, Any] = field(default_factory=lambda: {"ProtocolEnabled": False, "NTPServers": []})
    sessions: dict[str, str] = field(default_factory=dict)
    """Token -> number of the session."""
    machine: subprocess.Popen[bytes] | None = None
    """The machine behind it, where the row has a command for one (`machine`, with {boot} for c or n)."""
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    interface: Interface = field(init=False)

    def __post_init__(self) -> None:
        self.interface = Interface(f"{self.row['name']}-bmc", str(self.row.get("address", "")))

    @property
    def uuid(self) -> str:
        """The same for the same device in every lab."""
        return str(uuid.uuid5(NAMESPACE, self.row["name"]))

    @property
    def serial(self) -> str:
        """Serial number it tells."""
        return self.faults.serial or str(self.row["serial"])

    @property
    def version(self) -> str:
        """BIOS version it tells."""
        return self.faults.version or BIOS_VERSION

    def reset(self, kind: str) -> None:
        """Do a power action at once. Raises ValueError for one that does not exist.

        A start puts pending BIOS settings in force and uses up a boot override that holds once.
        """
        with self.lock:
            if kind in OFF:
                self.stop()
            elif kind in RESTART or (kind in ON and self.power == "Off"):
                self._start()
            elif kind not in (*ON, "Nmi"):
                raise ValueError(f"no power action {kind}")

    def stop(self) -> None:
        """Power off."""
        self.power = "Off"
        if self.machine:
            self.machine.kill()
            self.machine.wait()
            self.machine = None

    def _start(self) -> None:
        self.stop()
        self.power = "On"
        self.bios, self.pending = {**self.bios, **self.pending}, {}
        first = "Pxe" if str(self.bios.get("BootOrder", "")).startswith("Network") else "Hdd"
        overridden = self.boot_enabled != "Disabled" and self.boot_target != "None"
        self.boots.append(self.boot_target if overridden else first)
        if self.boot_enabled == "Once":
            self.boot_target, self.boot_enabled = "None", "Disabled"
        if command := self.row.get("machine"):
            letter = "n" if self.boots[-1] == "Pxe" else "c"
            self.machine = subprocess.Popen(  # noqa: S603 - argument list of whoever started the controller
                [part.replace("{boot}", letter) for part in command], stdin=subprocess.DEVNULL
            )

    def override(self, target: str | None, enabled: str | None) -> None:
        """Set the boot override; a target alone holds once (as most controllers do)."""
        with self.lock:
            if enabled == "Disabled" or target == "None":
                self.boot_target, self.boot_enabled = "None", "Disabled"
                return
            self.boot_target = target or self.boot_target
            self.boot_enabled = enabled or "Once"

    def stage(self, attributes: dict[str, Any]) -> None:
        """Settings for the next start. Raises ValueError for an attribute this BIOS does not have."""
        unknown = sorted(set(attributes) - set(self.bios))
        if unknown:
            raise ValueError(f"no BIOS attribute {unknown[0]}; there are {', '.join(sorted(self.bios))}")
        with self.lock:
            self.pending = {**self.pending, **attributes}

    def supplies(self) -> list[dict[str, Any]]:
        """Power supplies: name, rated watts (None: unknown), feeds, and whether one of its feeds has power."""
        lost = set(self.faults.lost)
        return [{**s, "fed": not s["feeds"] or bool(set(s["feeds"]) - lost)} for s in self.row["supplies"]]

    def told(self) -> dict[str, Any]:
        """Its state, for tests and for the lab."""
        return {
            "power": self.power, "bios": self.bios, "pending": self.pending, "boots": self.boots,
            "boot": [self.boot_target, self.boot_enabled], "serial": self.serial, "asset_tag": self.asset_tag,
            "power_restore": self.power_restore, "ntp": self.ntp, "boot_order": self.boot_order,
            "accounts": {a.name: [a.role, a.enabled] for a in self.accounts.values()}, "interface": vars(self.interface),
        }  # fmt: skip


class Overrides:
    """`overrides.json` of a lab: device -> faults as `faults_of` takes them. Read again when it has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seen: tuple[int, int, int] | None = None
        self.values: dict[str, dict[str, Any]] = {}
        self.lock = threading.Lock()

    def apply(self, bmcs: dict[str, Bmc]) -> None:
        """Put exactly the faults of the file into the controllers; without a file nothing is changed."""
        try:
            found = self.path.stat()
        except OSError:
            return
        stamp = (found.st_mtime_ns, found.st_ino, found.st_size)
        with self.lock:
            if stamp == self.seen:
                return
            self.values = json.loads(self.path.read_text(encoding="utf-8"))
            for name, bmc in bmcs.items():
                bmc.faults = faults_of(self.values.get(name, {}))
            self.seen = stamp
