"""What can be set on the controllers of the lab beyond sushy-tools: asset tag, power restore, boot order, time servers,
their own network; entity tags (RFC 9110 §8.8.3) on all that can be changed, and faults of changing."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import socket
from typing import Any

import flask

from rackwright.lab import live
from rackwright.lab.bmc_resources import ROOT, answer, bmc, collection, more, path
from rackwright.lab.bmc_state import SYSTEM, Bmc

SYSTEM_PATH = f"{ROOT}/Systems/{SYSTEM}"
PROTOCOL = f"{ROOT}/Managers/{SYSTEM}/NetworkProtocol"
INTERFACES = f"{ROOT}/Managers/{SYSTEM}/EthernetInterfaces"
ACCOUNTS = f"{ROOT}/AccountService/Accounts"
RESTORE = ("AlwaysOn", "AlwaysOff", "LastState")
TARGETS = ("None", "Pxe", "Cd", "Hdd", "BiosSetup", "Usb", "UefiHttp")
CHANGING = ("PATCH", "POST", "DELETE")
SETTABLE = {"AssetTag", "PowerRestorePolicy", "PowerOnDelaySeconds", "Boot"}


def tag(own: Bmc, here: str) -> str | None:
    """Entity tag of a resource that can be changed; None for all others."""
    if here == SYSTEM_PATH:
        values: list[Any] = [own.asset_tag, own.power_restore, own.power_on_delay_s, own.boot_order, own.boot_target,
                             own.boot_enabled, own.boot_mode]  # fmt: skip
    elif here == f"{SYSTEM_PATH}/Bios/Settings":
        values = [own.bios, own.pending]
    elif here == PROTOCOL:
        values = [own.ntp, own.interface.host_name]
    elif here == f"{INTERFACES}/1":
        values = [vars(own.interface)]
    elif here.startswith(f"{ACCOUNTS}/"):
        found = own.accounts.get(int(number) if (number := here.rpartition("/")[2]).isdigit() else 0)
        values = [found and vars(found)]
    else:
        return None
    return f'"{hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]}"'


@more.before_app_request
def before() -> flask.Response | None:
    """Faults of changing, entity tags, and what of the system sushy-tools cannot change."""
    own: Bmc | None = flask.g.get("bmc")
    here, method = path(), flask.request.method
    if own is None or method not in CHANGING:
        return None
    fault = own.faults.change.get(here)
    if isinstance(fault, list):
        fault = fault.pop(0) if fault else None
    flask.g.fault = fault
    if fault == "cut":
        _cut()
        return answer("", 500)
    if fault == "forget":
        return flask.Response(status=204)
    if isinstance(fault, int):
        return answer(f"the lab answers {fault} to changes here", fault)
    current = tag(own, here)
    if method == "PATCH" and current is not None:
        given = flask.request.headers.get("If-Match")
        if given is None and own.row.get("if_match"):
            return answer("If-Match is required", 428)
        if given not in (None, "*", current):
            return answer("changed since it was read", 412)
    if method == "PATCH" and here == SYSTEM_PATH:
        return _patch_system(own, flask.request.get_json(silent=True) or {})
    return None


@more.after_app_request
def after(response: flask.Response) -> flask.Response:
    """Entity tags, what sushy-tools does not tell of the system, and a connection that ends after a change."""
    own: Bmc | None = flask.g.get("bmc")
    if own is None:
        return response
    here = path()
    if flask.request.method == "GET" and response.status_code == 200 and (current := tag(own, here)):
        response.headers["ETag"] = current
        if here == SYSTEM_PATH:
            body = json.loads(response.get_data())
            body |= {"AssetTag": own.asset_tag, "PowerRestorePolicy": own.power_restore,
                     "PowerOnDelaySeconds": own.power_on_delay_s}  # fmt: skip
            body["Boot"] |= {"BootOrder": own.boot_order}
            response.set_data(json.dumps(body))
        if here == f"{SYSTEM_PATH}/Bios/Settings":
            response.headers["Cache-Control"] = "no-store"
    if flask.g.get("fault") == "drop":
        _cut()
    return response


def _cut() -> None:
    flask.request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)


def _patch_system(own: Bmc, asked: dict[str, Any]) -> flask.Response | None:
    """Change the system as a whole or not at all; the lamp is sushy-tools' affair."""
    if "IndicatorLED" in asked:
        return None
    if unknown := sorted(set(asked) - SETTABLE):
        return answer(f"the property {unknown[0]} is not writable", 400)
    boot = dict(asked.get("Boot", {}))
    order = boot.pop("BootOrder", own.boot_order)
    delay = asked.get("PowerOnDelaySeconds", own.power_on_delay_s)
    if boot.get("BootSourceOverrideTarget", "None") not in TARGETS:
        return answer(f"BootSourceOverrideTarget must be one of {', '.join(TARGETS)}", 400)
    if sorted(order) != sorted(own.boot_order):
        return answer(f"BootOrder must hold each of {', '.join(sorted(own.boot_order))} once", 400)
    if asked.get("PowerRestorePolicy", own.power_restore) not in RESTORE:
        return answer(f"PowerRestorePolicy must be one of {', '.join(RESTORE)}", 400)
    if not isinstance(delay, int) or delay < 0:
        return answer("PowerOnDelaySeconds must be a number", 400)
    with own.lock:
        own.asset_tag = str(asked.get("AssetTag", own.asset_tag))
        own.power_restore = asked.get("PowerRestorePolicy", own.power_restore)
        own.power_on_delay_s, own.boot_order = delay, list(order)
        if boot:
            own.override(boot.get("BootSourceOverrideTarget"), boot.get("BootSourceOverrideEnabled"))
            own.boot_mode = boot.get("BootSourceOverrideMode", own.boot_mode)
    return flask.Response(status=204)


@more.route(PROTOCOL, methods=["GET", "PATCH"])
def network_protocol() -> flask.Response:
    """Time servers and name of the controller."""
    own = bmc()
    if flask.request.method == "PATCH":
        asked = flask.request.get_json(silent=True) or {}
        own.ntp = {**own.ntp, **asked.get("NTP", {})}
        own.interface.host_name = asked.get("HostName", own.interface.host_name)
        return flask.Response(status=204)
    return flask.jsonify(
        {"@odata.type": "#ManagerNetworkProtocol.v1_5_0.ManagerNetworkProtocol", "@odata.id": path(), "Id": "NetworkProtocol",
         "Name": "Network services", "HostName": own.interface.host_name, "NTP": own.ntp,
         "HTTPS": {"ProtocolEnabled": True, "Port": 443}}
    )  # fmt: skip


def carrier(row: dict[str, Any]) -> bool:
    """True when the interface of a controller's port has carrier, and where the lab has none for it."""
    if not row.get("namespace") or not row.get("interface"):
        return True
    return any(i.name == row["interface"] and i.up for i in live.interfaces(row["namespace"]))


@more.get(INTERFACES)
def interfaces() -> flask.Response:
    """The one card of the controller."""
    return collection("EthernetInterfaceCollection", "Network of the controller", [f"{INTERFACES}/1"])


@more.route(f"{INTERFACES}/1", methods=["GET", "PATCH"])
def interface() -> flask.Response:
    """Network of the controller. What is set is kept and told; the door stays where the lab put it."""
    own = bmc()
    card = own.interface
    if flask.request.method == "PATCH":
        asked = flask.request.get_json(silent=True) or {}
        card.host_name = asked.get("HostName", card.host_name)
        card.dhcp = asked.get("DHCPv4", {}).get("DHCPEnabled", card.dhcp)
        for row in asked.get("IPv4StaticAddresses", [])[:1]:
            card.address, card.gateway = row["Address"], row.get("Gateway", card.gateway)
            card.prefix = ipaddress.ip_network(f"0.0.0.0/{row['SubnetMask']}").prefixlen
        return flask.Response(status=204)
    row = {"Address": card.address, "SubnetMask": str(ipaddress.ip_network(f"0.0.0.0/{card.prefix}").netmask),
           "Gateway": card.gateway}  # fmt: skip
    return flask.jsonify(
        {"@odata.type": "#EthernetInterface.v1_8_0.EthernetInterface", "@odata.id": path(), "Id": "1", "Name": "Management",
         "HostName": card.host_name, "DHCPv4": {"DHCPEnabled": card.dhcp}, "LinkStatus": "LinkUp" if carrier(own.row) else "LinkDown",
         "IPv4Addresses": [{**row, "AddressOrigin": "DHCP" if card.dhcp else "Static"}],
         "IPv4StaticAddresses": [] if card.dhcp else [row],
         **({"MACAddress": mac, "PermanentMACAddress": mac} if (mac := own.row.get("bmc_mac")) else {})}
    )  # fmt: skip
