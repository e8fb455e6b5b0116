"""Accounts of the controllers of the lab: made, changed and deleted as Redfish (DSP0266) says.

A row with `places` has a controller with a fixed number of them, as some makers': none is added, none deleted."""

from __future__ import annotations

from typing import Any

import flask

from rackwright.lab.bmc_resources import ROOT, answer, bmc, collection, more, path
from rackwright.lab.bmc_state import Account

HERE = f"{ROOT}/AccountService/Accounts"
ROLES = ("Administrator", "Operator", "ReadOnly")
SHORTEST = 3
"""Shorter passwords are refused (the lab's own has three characters)."""


@more.get(f"{ROOT}/AccountService")
def account_service() -> flask.Response:
    """Where accounts are kept."""
    return flask.jsonify(
        {"@odata.type": "#AccountService.v1_5_0.AccountService", "@odata.id": path(), "Id": "AccountService", "Name": "Accounts",
         "ServiceEnabled": True, "MinPasswordLength": SHORTEST, "Accounts": {"@odata.id": HERE}}
    )  # fmt: skip


@more.route(HERE, methods=["GET", "POST"])
def accounts() -> flask.Response:
    """The accounts, or a new one."""
    own = bmc()
    if flask.request.method == "GET":
        return collection(
            "ManagerAccountCollection", "Accounts", [f"{HERE}/{n}" for n in sorted(own.accounts)]
        )
    if own.row.get("places"):
        return answer("accounts are changed in their places", 405)
    asked = flask.request.get_json(silent=True) or {}
    if wrong := _wrong(asked, {"UserName", "Password", "RoleId"}):
        return answer(wrong, 400)
    with own.lock:
        if any(a.name == asked["UserName"] for a in own.accounts.values()):
            return answer(f"there is an account {asked['UserName']}", 409)
        number = max(own.accounts, default=0) + 1
        made = Account(asked["UserName"], asked["Password"], asked["RoleId"], asked.get("Enabled", True))
        own.accounts[number] = made
    response = flask.jsonify(_told(number, made))
    response.status_code = 201
    response.headers["Location"] = f"{HERE}/{number}"
    return response


@more.route(f"{HERE}/<int:number>", methods=["GET", "PATCH", "DELETE"])
def account(number: int) -> flask.Response:
    """One account; a new password holds from the next request, and ends all sessions."""
    own = bmc()
    found = own.accounts.get(number)
    if found is None:
        return answer(f"no account {number}", 404)
    if flask.request.method == "GET":
        return flask.jsonify(_told(number, found))
    last = [n for n, a in own.accounts.items() if a.enabled and a.role == ROLES[0]] == [number]
    if flask.request.method == "DELETE":
        if last or own.row.get("places"):
            return answer("the last administrator stays", 403) if last else answer("places stay", 405)
        with own.lock:
            del own.accounts[number]
        return flask.Response(status=204)
    asked = flask.request.get_json(silent=True) or {}
    name = asked.pop("UserName", found.name) if own.row.get("places") else found.name
    if wrong := _wrong(asked, set()):
        return answer(wrong, 400)
    if last and (asked.get("Enabled") is False or asked.get("RoleId", ROLES[0]) != ROLES[0]):
        return answer("the last administrator stays", 403)
    with own.lock:
        found.name = name
        found.password = asked.get("Password", found.password)
        found.role = asked.get("RoleId", found.role)
        found.enabled = asked.get("Enabled", found.enabled)
        if "Password" in asked:
            own.sessions.clear()
    return flask.Response(status=204)


def _wrong(asked: dict[str, Any], needed: set[str]) -> str:
    """Why this is no account; empty when it is."""
    known = {"UserName", "Password", "RoleId", "Enabled"} if needed else {"Password", "RoleId", "Enabled"}
    if lacking := sorted(needed - set(asked)):
        return f"the property {lacking[0]} is missing"
    if unknown := sorted(set(asked) - known):
        return f"the property {unknown[0]} is not writable"
    if "Password" in asked and len(str(asked["Password"])) < SHORTEST:
        return "the password is too short"
    if asked.get("RoleId", ROLES[0]) not in ROLES:
        return f"there is no role {asked['RoleId']}; there are {', '.join(ROLES)}"
    return ""


def _told(number: int, found: Account) -> dict[str, Any]:
    return {
        "@odata.type": "#ManagerAccount.v1_3_0.ManagerAccount", "@odata.id": f"{HERE}/{number}", "Id": str(number),
        "Name": "Account", "UserName": found.name, "Password": None, "RoleId": found.role, "Enabled": found.enabled,
        "Locked": False,
    }  # fmt: skip
