"""The Redfish service of the lab: sushy-tools' routes and templates over our own drivers, with what it lacks added.

sushy-tools answers for collections, systems, processors, network ports, storage, managers and chassis; here are the
state behind it (immediate power, pending BIOS, boot override that holds once), planned identity laid over its fixed
texts, Power and SessionService, login, and faults. Which controller a request is for is the address it came in on.
"""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import flask
from sushy_tools import error
from sushy_tools.emulator import main as sushy
from sushy_tools.emulator.resources.systems.base import AbstractSystemsDriver

from rackwright.lab import bmc_accounts, bmc_settings  # noqa: F401 - they add their routes
from rackwright.lab.bmc_resources import ROOT, answer, bmc, more, path, right
from rackwright.lab.bmc_state import BMC_VERSION, FACTORY_BIOS, SYSTEM, Bmc

DOORS: dict[tuple[str, int], Bmc] = {}
"""Controller by the address and port it is reached at."""
OPEN = (ROOT, "/redfish")
DROP: Any = ...
"""Laid over a key: the key goes."""


def _known(identity: str) -> Bmc:
    if identity != SYSTEM:
        raise error.NotFound(f"no {identity} here")
    return bmc()


class Systems(AbstractSystemsDriver):  # type: ignore[misc]
    """sushy-tools' view of the one system of a controller."""

    @classmethod
    def initialize(cls, *_: Any) -> type[Systems]:
        """What sushy-tools calls before it makes one."""
        return cls

    driver = "<lab>"

    @property
    def systems(self) -> list[str]:
        return [SYSTEM] if flask.g.get("bmc") else []

    def uuid(self, identity: str) -> str:
        _known(identity)
        return identity

    def name(self, identity: str) -> str:
        return str(_known(identity).row["name"])

    def get_power_state(self, identity: str) -> str:
        return _known(identity).power

    def set_power_state(self, identity: str, state: str) -> None:
        try:
            _known(identity).reset(state)
        except ValueError as problem:
            raise error.BadRequest(str(problem)) from problem

    def get_boot_device(self, identity: str) -> str:
        return _known(identity).boot_target

    def set_boot_device(self, identity: str, boot_source: str) -> None:
        boot = flask.request.get_json().get("Boot", {})
        _known(identity).override(boot_source, boot.get("BootSourceOverrideEnabled"))

    def get_boot_mode(self, identity: str) -> str:
        return _known(identity).boot_mode

    def set_boot_mode(self, identity: str, boot_mode: str) -> None:
        _known(identity).boot_mode = boot_mode

    def get_secure_boot(self, identity: str) -> bool:
        return _known(identity).secure_boot

    def set_secure_boot(self, identity: str, secure: bool) -> None:
        _known(identity).secure_boot = secure

    def get_total_memory(self, identity: str) -> int | None:
        memory: int | None = _known(identity).row["memory_gb"]
        return memory

    def get_total_cpus(self, identity: str) -> int:
        return len(_known(identity).row["processors"])

    def get_processors(self, identity: str) -> list[dict[str, Any]]:
        return [
            {"id": f"CPU{n}", "Id": f"CPU{n}", "socket": f"CPU {n}", "vendor": "", **p}
            for n, p in enumerate(_known(identity).row["processors"], 1)
        ]

    def get_bios(self, identity: str) -> dict[str, Any]:
        own = _known(identity)
        return {**own.bios, **(own.pending if flask.request.path.endswith("/Settings") else {})}

    def set_bios(self, identity: str, attributes: dict[str, Any] | None) -> None:
        try:
            _known(identity).stage(attributes or {})
        except ValueError as problem:
            raise error.BadRequest(str(problem)) from problem

    def reset_bios(self, identity: str) -> None:
        _known(identity).stage(dict(FACTORY_BIOS))

    def get_versions(self, identity: str) -> dict[str, str]:
        return {"BiosVersion": _known(identity).version}

    def get_nics(self, identity: str) -> list[dict[str, str]]:
        return [{"id": n["name"], "mac": n["mac"]} for n in _known(identity).row["nics"]]


class Chassis:
    """The one chassis of a controller."""

    def __init__(self, *_: Any) -> None:
        self.chassis = [SYSTEM]

    def uuid(self, identity: str) -> str:
        _known(identity)
        return identity

    def name(self, identity: str) -> str:
        return str(_known(identity).row["name"])


class Storage:
    """One storage unit with all drives of the catalogue."""

    def __init__(self, *_: Any) -> None: ...

    def get_storage_col(self, identity: str) -> list[dict[str, Any]]:
        own = _known(identity)
        controller = {"MemberId": "0", "Name": "Storage controller", "SpeedGbps": 12}
        names = [d["name"] for d in own.row["drives"]]
        return [{"Id": SYSTEM, "Name": "Local storage", "StorageControllers": [controller], "Drives": names}]

    def get_all_storage(self) -> list[tuple[str, str]]:
        return [(SYSTEM, SYSTEM)]

    def get_drives(self, identity: str, storage_id: str) -> list[dict[str, Any]]:
        if storage_id != SYSTEM:
            raise error.NotFound(f"no storage {storage_id}")
        return [
            {"Id": d["name"], "Name": d["name"], "CapacityBytes": d["bytes"] or 0, "Protocol": d["protocol"]}
            for d in _known(identity).row["drives"]
        ]

    def get_all_drives(self) -> list[tuple[str, str, str]]:
        return [(SYSTEM, SYSTEM, d["name"]) for d in bmc().row["drives"]]


class Leds:
    """The lamp for finding the server."""

    def __init__(self, *_: Any) -> None: ...

    def get_indicator_state(self, _: str) -> str:
        return bmc().led

    def set_indicator_state(self, _: str, state: str) -> None:
        if state not in ("Lit", "Off", "Blinking"):
            raise error.BadRequest(f"no lamp state {state}")
        bmc().led = state


def _overlay(own: Bmc, path: str) -> dict[str, Any]:
    """What is laid over sushy-tools' answer: the planned identity instead of its fixed texts."""
    row = own.row
    identity = {
        "Manufacturer": row["manufacturer"], "Model": row["model"], "SKU": row["sku"], "SerialNumber": own.serial,
        "UUID": own.uuid,
    }  # fmt: skip
    if path == ROOT:
        sessions = {"@odata.id": f"{ROOT}/SessionService"}
        links = {"Sessions": {"@odata.id": f"{ROOT}/SessionService/Sessions"}}
        accounts = {"@odata.id": f"{ROOT}/AccountService"}
        return {"Name": f"BMC of {row['name']}", "UUID": own.uuid, "SessionService": sessions, "Links": links,
                "AccountService": accounts}  # fmt: skip
    if path == f"{ROOT}/Systems/{SYSTEM}":
        boot = {"BootSourceOverrideEnabled": own.boot_enabled}
        gone = {"Memory": DROP, "VirtualMedia": DROP}
        fed = all(s["fed"] for s in own.supplies())
        status = {"HealthRollUp": DROP, "HealthRollup": "OK" if fed else "Critical"}
        bios = {"@odata.id": f"{path}/Bios"}
        return {**identity, "HostName": row["name"], "Boot": boot, "Status": status, "Bios": bios, **gone}
    if path == f"{ROOT}/Chassis/{SYSTEM}":
        gone = dict.fromkeys(
            ("AssetTag", "PartNumber", "Location", "WeightKg", "HeightMm", "WidthMm", "DepthMm"), DROP
        )
        power = {"@odata.id": f"{path}/Power"}
        return {
            **identity,
            "ChassisType": "RackMount",
            "PowerState": own.power,
            "IndicatorLED": own.led,
            "Power": power,
            **gone,
        }
    if path == f"{ROOT}/Managers/{SYSTEM}":
        return {"FirmwareVersion": BMC_VERSION, "Model": "Lab BMC", "Description": f"BMC of {row['name']}", "UUID": own.uuid,
                "NetworkProtocol": {"@odata.id": f"{path}/NetworkProtocol"},
                "EthernetInterfaces": {"@odata.id": f"{path}/EthernetInterfaces"}, "VirtualMedia": DROP}  # fmt: skip
    if path == f"{ROOT}/UpdateService":
        return {"FirmwareInventory": {"@odata.id": f"{path}/FirmwareInventory"}}
    head, _, name = path.rpartition("/")
    if head == f"{ROOT}/Systems/{SYSTEM}/EthernetInterfaces":
        return {"Name": name}
    if head == f"{ROOT}/Systems/{SYSTEM}/Storage/{SYSTEM}/Drives":
        return _drive(own, name)
    return {}


def _drive(own: Bmc, name: str) -> dict[str, Any]:
    found = next((d for d in own.row["drives"] if d["name"] == name), None)
    if found is None:
        return {}
    gone = dict.fromkeys(("PartNumber", "HotspareType", "EncryptionAbility", "EncryptionStatus", "BlockSizeBytes", "RotationSpeedRPM",
                          "CapableSpeedGbs", "NegotiatedSpeedGbs", "IndicatorLED"), DROP)  # fmt: skip
    return {
        "Manufacturer": "", "Model": found["model"], "SerialNumber": f"{own.serial}-{name}", "Revision": "LAB-1",
        "CapacityBytes": found["bytes"], "MediaType": found["media"], **gone,
    }  # fmt: skip


def _laid_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    out = dict(below)
    for key, value in above.items():
        if value is DROP:
            out.pop(key, None)
        elif isinstance(value, dict) and isinstance(out.get(key), dict):
            out[key] = _laid_over(out[key], value)
        else:
            out[key] = value
    return out


def _logged_in(own: Bmc) -> bool:
    token = flask.request.headers.get("X-Auth-Token")
    if token:
        return token in own.sessions
    kind, _, text = flask.request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return False
    try:
        user, _, password = base64.b64decode(text, validate=True).decode().partition(":")
    except ValueError:
        return False
    return right(own, user, password)


def _before() -> flask.Response | None:
    own = DOORS.get(flask.request.environ["werkzeug.socket"].getsockname()[:2])
    if own is None:
        return answer("no controller at this address", 404)
    flask.g.bmc = own
    here, posted = path(), flask.request.method == "POST"
    if own.faults.slow_s:
        time.sleep(own.faults.slow_s)
    if own.faults.unavailable:
        return answer("service not available", 503, {"Retry-After": "30"})
    login = posted and here == f"{ROOT}/SessionService/Sessions"
    if here not in OPEN and not login and (own.faults.unauthorized or not _logged_in(own)):
        return answer("not authorized", 401, {"WWW-Authenticate": 'Basic realm="lab"'})
    if here.endswith("/UpdateService.SimpleUpdate"):
        return answer("the lab updates no firmware", 501)
    if "VirtualMedia" in here:
        return answer("the lab has no virtual media", 404)
    return None


def _after(response: flask.Response) -> flask.Response:
    own: Bmc | None = flask.g.get("bmc")
    if own is None or response.status_code != 200 or not response.is_json:
        return response
    here = path()
    above = _laid_over(_overlay(own, here), own.faults.lie.get(here, {}))
    if above:
        response.set_data(json.dumps(_laid_over(json.loads(response.get_data()), above)))
    return response


def application() -> flask.Flask:
    """The WSGI application, made ready at the first call."""
    app: flask.Flask = sushy.app
    if "lab" not in app.blueprints:
        sushy.fakedriver.FakeDriver = Systems
        sushy.chsdriver.StaticDriver = Chassis
        sushy.stgdriver.StaticDriver = sushy.drvdriver.StaticDriver = Storage
        sushy.inddriver.StaticDriver = Leds
        app.config["SUSHY_EMULATOR_FAKE_DRIVER"] = True
        app.before_request(_before)
        app.after_request(_after)
        app.register_blueprint(more)
    return app
