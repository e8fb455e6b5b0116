"""What a management controller tells over Redfish (DSP0266): serial number, model, BIOS, power supplies, drives, MACs.

Only reads. Certificates are checked; what refuses, is out of service, or does not answer is told as such by name.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from topology.facts import ControllerFacts, Evidence, SeenDrive, SeenMac, SeenSupply
from topology.observe.record import Record
from topology.observe.session import Credentials

ROOT = "/redfish/v1"
ANSWER_S = 20.0
"""Seconds a controller has for one answer; all of it together has ten times as long (engineering estimate)."""

LARGEST_BYTES = 4_000_000
"""More of one answer is not read."""


class ControllerError(Exception):
    """The controller did not give what was asked; the message says how."""


@dataclass
class Controller:
    """One controller over one HTTPS connection with basic authentication. `ca`: the authority its certificate must be
    signed by, default that of the system. Every answer is kept in `record`."""

    name: str
    address: str
    who: Credentials
    record: Record
    ca: Path | None = None
    port: int = 443
    answer_s: float = ANSWER_S

    def __post_init__(self) -> None:
        context = ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
        self.connection = http.client.HTTPSConnection(
            self.address, self.port, timeout=self.answer_s, context=context
        )
        token = base64.b64encode(f"{self.who.user}:{self.who.password}".encode()).decode()
        self.headers = {"Authorization": f"Basic {token}", "Accept": "application/json"}
        self.until = time.monotonic() + 10 * self.answer_s
        self.evidence: list[Evidence] = []
        self.answers: dict[str, dict[str, Any]] = {}
        self.took_s: list[float] = []

    def get(self, path: str) -> dict[str, Any]:
        """The resource, asked for once; empty when the controller has none there. Raises ControllerError."""
        if path not in self.answers:
            self.answers[path] = self._ask(path)
        return self.answers[path]

    def _ask(self, path: str) -> dict[str, Any]:
        if time.monotonic() > self.until:
            raise ControllerError(
                f"too slow: not all answers within {10 * self.answer_s:g} s, stopped at {path}"
            )
        asked = time.monotonic()
        try:
            self.connection.request("GET", path, headers=self.headers)
            response = self.connection.getresponse()
            body = response.read(LARGEST_BYTES).decode(errors="replace")
        except ssl.SSLCertVerificationError as error:
            signed = f"signed by {self.ca}" if self.ca else "signed by an authority this system trusts"
            raise ControllerError(
                f"its certificate is not {signed}: {error.verify_message or error.reason}"
            ) from None
        except TimeoutError:
            raise ControllerError(f"no answer to {path} within {self.answer_s:g} s") from None
        except (OSError, http.client.HTTPException) as error:
            raise ControllerError(f"{type(error).__name__} at {path}: {error}") from None
        self.took_s.append(time.monotonic() - asked)
        self.evidence.append(self.record.keep(self.name, f"GET {path}", f"{response.status}\n{body}\n"))
        if response.status in (401, 403):
            raise ControllerError(f"refuses user {self.who.user} ({response.status})")
        if response.status == 503:
            raise ControllerError("out of service (503)")
        if response.status in (404, 405, 501):
            return {}
        if response.status != 200:
            raise ControllerError(f"answered {response.status} to {path}")
        try:
            found = json.loads(body)
        except ValueError:
            raise ControllerError(f"answered {path} with something that is not JSON") from None
        if not isinstance(found, dict):
            raise ControllerError(f"answered {path} with something that is no resource")
        return found

    def members(self, path: str | None) -> Iterator[dict[str, Any]]:
        """Every member of a collection; none without a path."""
        for row in _rows(self.get(path).get("Members")) if path else ():
            if isinstance(row.get("@odata.id"), str):
                yield self.get(row["@odata.id"])

    def close(self) -> None:
        """End the connection."""
        self.connection.close()


def controller_facts(controller: Controller) -> ControllerFacts:
    """All that the controller tells; what came before it failed is kept, and `error` says how it did."""
    facts = ControllerFacts(controller.name)
    try:
        for step in (_system, _drives, _supplies, _manager):
            facts = step(controller, facts)
    except ControllerError as error:
        facts = replace(facts, error=str(error))
    finally:
        controller.close()
    middle = round(median(controller.took_s), 3) if controller.took_s else None
    return replace(facts, answer_s=middle, evidence=tuple(controller.evidence))


def _system(controller: Controller, facts: ControllerFacts) -> ControllerFacts:
    system = next(controller.members(f"{ROOT}/Systems"), None)
    if system is None:
        raise ControllerError("tells of no system")
    nics = [
        SeenMac(str(row.get("Id") or row.get("Name")), mac)
        for row in controller.members(_link(system, "EthernetInterfaces"))
        if (mac := mac_of(row.get("PermanentMACAddress") or row.get("MACAddress")))
    ]
    return replace(
        facts,
        serial=_text(system.get("SerialNumber")),
        model=_text(system.get("Model")),
        bios=_text(system.get("BiosVersion")),
        nics=tuple(sorted(nics, key=lambda n: (n.port, n.mac))) if "EthernetInterfaces" in system else None,
    )


def _drives(controller: Controller, facts: ControllerFacts) -> ControllerFacts:
    system = next(controller.members(f"{ROOT}/Systems"), {})
    if "Storage" not in system:
        return facts
    found: list[SeenDrive] = []
    for storage in controller.members(_link(system, "Storage")):
        for row in _rows(storage.get("Drives")):
            drive = controller.get(row["@odata.id"]) if isinstance(row.get("@odata.id"), str) else row
            size = drive.get("CapacityBytes")
            name = str(drive.get("Name") or drive.get("Id") or len(found) + 1)
            found.append(SeenDrive(name, size if isinstance(size, int) and size > 0 else None, _state(drive)))
    return replace(facts, drives=tuple(sorted(found, key=lambda d: d.name)))


def _supplies(controller: Controller, facts: ControllerFacts) -> ControllerFacts:
    rows: list[dict[str, Any]] | None = None
    for chassis in controller.members(f"{ROOT}/Chassis"):
        subsystem = _link(chassis, "PowerSubsystem")
        if subsystem and (supplies := _link(controller.get(subsystem), "PowerSupplies")):
            rows = (rows or []) + list(controller.members(supplies))
        elif power := _link(chassis, "Power"):
            answer = controller.get(power)
            if "PowerSupplies" in answer:
                rows = (rows or []) + _rows(answer["PowerSupplies"])
    if rows is None:
        return facts
    found = []
    for number, row in enumerate(rows, 1):
        watts = row.get("PowerCapacityWatts")
        found.append(
            SeenSupply(
                str(row.get("Name") or row.get("MemberId") or number),
                float(watts) if isinstance(watts, int | float) else None,
                _state(row),
            )
        )
    return replace(
        facts,
        supplies=tuple(sorted((s for s in found if s.state != "Absent"), key=lambda s: s.name)),
    )


def _manager(controller: Controller, facts: ControllerFacts) -> ControllerFacts:
    for manager in controller.members(f"{ROOT}/Managers"):
        for row in controller.members(_link(manager, "EthernetInterfaces")):
            mac = mac_of(row.get("PermanentMACAddress") or row.get("MACAddress"))
            if mac and not str(row.get("Id", "")).lower().startswith("usb"):
                up = {"LinkUp": True, "LinkDown": False, "NoLink": False}.get(str(row.get("LinkStatus")))
                return replace(facts, mac=mac, link_up=up)
    return facts


def mac_of(value: object) -> str | None:
    """A MAC address in lower case with colons, whatever the maker writes; None for anything else."""
    digits = "".join(c for c in str(value or "").lower() if c in "0123456789abcdef")
    plain = str(value or "").translate(str.maketrans("", "", ":-. "))
    if len(digits) != 12 or len(plain) != 12 or digits == "0" * 12:
        return None
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def _state(row: dict[str, Any]) -> str:
    """OK, or what the resource says is wrong. A resource that says nothing of its state says nothing wrong."""
    status = row.get("Status")
    if not isinstance(status, dict):
        return "OK"
    state, health = str(status.get("State") or "Enabled"), str(status.get("Health") or "OK")
    if state == "Absent":
        return "Absent"
    wrong = [w for w in (state, health) if w not in ("Enabled", "StandbyOffline", "OK")]
    return ", ".join(wrong) or "OK"


def _link(row: dict[str, Any], key: str) -> str | None:
    found = row.get(key)
    value = found.get("@odata.id") if isinstance(found, dict) else None
    return value if isinstance(value, str) else None


def _rows(value: object) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
