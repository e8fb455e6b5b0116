"""What the controllers of the lab offer beyond sushy-tools: power supplies, sessions, firmware."""

from __future__ import annotations

import hmac
import json
import secrets
from typing import Any

import flask
from sushy_tools import error

from rackwright.lab.bmc_state import BMC_VERSION, SYSTEM, Bmc

ROOT = "/redfish/v1"


def bmc() -> Bmc:
    """The controller this request is for. Raises NotFound on an address that has none."""
    own: Bmc | None = flask.g.get("bmc")
    if own is None:
        raise error.NotFound("no controller at this address")
    return own


def path() -> str:
    """Path of the request as Redfish (DSP0266) spells it, without a final slash."""
    return flask.request.path.rstrip("/").replace("/BIOS", "/Bios")


def answer(text: str, code: int, headers: dict[str, str] | None = None) -> flask.Response:
    """A Redfish error."""
    body = {"error": {"code": "Base.1.0.GeneralError", "message": text}}
    return flask.Response(json.dumps(body), code, headers, content_type="application/json")


def right(own: Bmc, user: str, password: str) -> bool:
    """True when the controller knows this user by this password, and the account is enabled."""
    return any(
        a.name == user and a.enabled and hmac.compare_digest(a.password.encode(), password.encode())
        for a in own.accounts.values()
    )


more = flask.Blueprint("lab", __name__)


@more.get(f"{ROOT}/Chassis/{SYSTEM}/Power")
def power() -> flask.Response:
    """Power supplies, each with the state of what feeds it."""
    here = f"{ROOT}/Chassis/{SYSTEM}/Power"
    supplies = []
    for n, supply in enumerate(bmc().supplies()):
        fed = supply["fed"]
        supplies.append(
            {
                "@odata.id": f"{here}#/PowerSupplies/{n}", "MemberId": str(n), "Name": supply["name"],
                "PowerCapacityWatts": supply["rated_w"], "LineInputVoltage": 230 if fed else 0,
                "SerialNumber": f"{bmc().serial}-{supply['name']}", "PowerSupplyType": "AC",
                "Status": {"State": "Enabled" if fed else "UnavailableOffline", "Health": "OK" if fed else "Critical"},
            }
        )  # fmt: skip
    return flask.jsonify(
        {"@odata.type": "#Power.v1_5_0.Power", "@odata.id": here, "Id": "Power", "Name": "Power", "PowerSupplies": supplies}
    )  # fmt: skip


@more.get(f"{ROOT}/SessionService")
def session_service() -> flask.Response:
    """Where sessions are made."""
    here = f"{ROOT}/SessionService"
    return flask.jsonify(
        {"@odata.type": "#SessionService.v1_1_3.SessionService", "@odata.id": here, "Id": "SessionService", "Name": "Sessions",
         "ServiceEnabled": True, "SessionTimeout": 1800, "Sessions": {"@odata.id": f"{here}/Sessions"}}
    )  # fmt: skip


def _session(number: str) -> dict[str, Any]:
    here = f"{ROOT}/SessionService/Sessions/{number}"
    return {
        "@odata.type": "#Session.v1_1_0.Session",
        "@odata.id": here,
        "Id": number,
        "Name": "Session",
        "UserName": "lab",
    }


@more.route(f"{ROOT}/SessionService/Sessions", methods=["GET", "POST"])
def sessions() -> flask.Response:
    """The sessions, or a new one for a right user name and password."""
    own = bmc()
    if flask.request.method == "GET":
        members = [f"{ROOT}/SessionService/Sessions/{n}" for n in sorted(own.sessions.values())]
        return collection("SessionCollection", "Sessions", members)
    asked = flask.request.get_json(silent=True) or {}
    if own.faults.unauthorized or not right(own, str(asked.get("UserName")), str(asked.get("Password"))):
        return answer("not authorized", 401)
    with own.lock:
        token, number = secrets.token_hex(16), str(len(own.sessions) + 1)
        own.sessions[token] = number
    response = flask.jsonify(_session(number))
    response.status_code = 201
    response.headers["X-Auth-Token"] = token
    response.headers["Location"] = f"{ROOT}/SessionService/Sessions/{number}"
    return response


@more.route(f"{ROOT}/SessionService/Sessions/<number>", methods=["GET", "DELETE"])
def session(number: str) -> flask.Response:
    """One session; deleting it makes its token worthless."""
    own = bmc()
    token = next((t for t, n in own.sessions.items() if n == number), None)
    if token is None:
        return answer(f"no session {number}", 404)
    if flask.request.method == "DELETE":
        del own.sessions[token]
        return flask.Response(status=204)
    return flask.jsonify(_session(number))


def collection(kind: str, name: str, members: list[str]) -> flask.Response:
    """A collection of the resources at these paths."""
    return flask.jsonify(
        {"@odata.type": f"#{kind}.{kind}", "@odata.id": path(), "Name": name,
         "Members": [{"@odata.id": m} for m in members], "Members@odata.count": len(members)}
    )  # fmt: skip


@more.get(f"{ROOT}/UpdateService/FirmwareInventory")
def firmware() -> flask.Response:
    """What has firmware: BIOS and the controller itself."""
    members = [f"{ROOT}/UpdateService/FirmwareInventory/{name}" for name in ("BIOS", "BMC")]
    return collection("SoftwareInventoryCollection", "Firmware", members)


@more.get(f"{ROOT}/UpdateService/FirmwareInventory/<name>")
def firmware_of(name: str) -> flask.Response:
    """The version of one."""
    version = {"BIOS": bmc().version, "BMC": BMC_VERSION}.get(name)
    if version is None:
        return answer(f"no firmware {name}", 404)
    return flask.jsonify(
        {"@odata.type": "#SoftwareInventory.v1_2_0.SoftwareInventory", "@odata.id": path(), "Id": name, "Name": name,
         "Version": version, "Updateable": False}
    )  # fmt: skip
