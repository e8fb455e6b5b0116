"""The right controller and no other: found by address, known by serial number and UUID before anything is sent."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from stacks.provider.api import NoAnswerError, UnreachableError
from stacks.provider.errors import ProviderError
from stacks.provider.handler import Call, Problem
from stacks.provider.redfish import ROOT, Controller, Resource
from stacks.provider.redfish_settings import View
from stacks.provider.settings import Settings
from stacks.provider.values import UNKNOWN, Props

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
PORT = 443
ASKED_AT_ONCE = 16


class OtherMachineError(ProviderError):
    """What answers is not the machine that was meant. Nothing was sent to it."""


@contextmanager
def connected(
    call: Call, props: Mapping[str, Any], identity: str = "", olds: Mapping[str, Any] | None = None
) -> Iterator[View]:
    """The controller of `props` (device, address, port, serial). A new one is reached at `address`, else at the address
    its network is to have; one that is known (`identity`, its UUID) first at those its network has been given, since
    by now another machine may have the address it was found at.

    Raises UnreachableError, OtherMachineError, and ProviderError when there is no login for it.
    """
    login = call.settings.bmc_login()
    networks = [(known.get("network") or {}).get("address") for known in (olds or {}, props)]
    places = [*networks, props["address"]] if identity else [props["address"], *networks]
    errors: list[ProviderError] = []
    for address in dict.fromkeys(a for a in places if a and a != UNKNOWN):
        controller = Controller(
            props["device"], address, int(props.get("port") or PORT), call.settings, login, call.timeout_s
        )
        with controller:
            try:
                view = _view(controller, props.get("serial"), identity)
            except (UnreachableError, OtherMachineError) as error:
                errors.append(error)
                continue
            yield view
            return
    raise next((e for e in errors if isinstance(e, OtherMachineError)), errors[0])


def identity_of(view: View) -> str:
    """UUID of the system; where it tells none, device and address."""
    uuid = view.system.body.get("UUID")
    return str(uuid).lower() if uuid else f"{view.controller.device}@{view.controller.address}"


def addressed(identity: str, settings: Settings) -> Props:
    """Device, address and port from an import id: `device@address`, `device@address:port`, or the system's UUID.

    For a UUID every address of rackwright:bmcAddresses is asked. Raises ProviderError.
    """
    device, at, where = identity.partition("@")
    if at and device and where:
        try:
            return {"device": device, **_where(where)}
        except ValueError:
            raise ProviderError(
                f"import id {identity}: {where} is no address, or no port follows it"
            ) from None
    if not UUID.fullmatch(identity):
        raise ProviderError(
            f"import id {identity}: give device@address, device@address:port or the system's UUID"
        )
    if not settings.bmc_addresses:
        raise ProviderError(
            f"import id {identity}: a UUID alone is looked for at the addresses of rackwright:bmcAddresses, which is empty; "
            "give device@address"
        )  # fmt: skip
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        rows = [(device, _where(where)) for device, where in sorted(settings.bmc_addresses.items())]
        found = list(pool.map(lambda row: _uuid_at(row[0], row[1], settings), rows))
    for (device, place), uuid in zip(rows, found, strict=True):
        if uuid == identity.lower():
            return {"device": device, **place}
    silent = sum(uuid is None for uuid in found)
    raise ProviderError(
        f"import id {identity}: none of {len(rows)} controllers has this UUID ({silent} gave no answer)"
    )


def bmc_lock(props: Mapping[str, Any]) -> str:
    """Key under which requests to one controller run one after the other; empty when it is not known yet."""
    return f"bmc {props['address']}:{props.get('port') or PORT}" if props.get("address") else ""


def check_place(news: Props, problems: list[Problem]) -> None:
    """Put the default port in, and say what is wrong with device, address and port."""
    news.setdefault("port", PORT)
    if not news.get("device"):
        problems.append(Problem("device", "is missing: the name of the device in the plan"))
    address, port = news.get("address"), news["port"]
    if address != UNKNOWN:
        try:
            ipaddress.ip_address(str(address))
        except ValueError:
            problems.append(Problem("address", f"{address} is no IP address"))
    if port != UNKNOWN and not (isinstance(port, int) and 0 < port < 65_536):
        problems.append(Problem("port", f"{port} is no port"))


def unexpected(news: Mapping[str, Any], known: tuple[str, ...]) -> list[Problem]:
    """A problem for each input that does not exist, most likely misspelt."""
    return [
        Problem(k, f"is no input; there are {', '.join(known)}")
        for k in sorted(set(news) - set(known))
        if not k.startswith("__")
    ]


def _view(controller: Controller, serial: Any, identity: str) -> View:
    systems = list(controller.members(f"{ROOT}/Systems"))
    told = [str(s.body.get("SerialNumber") or "") for s in systems]
    right = [s for s, t in zip(systems, told, strict=True) if not serial or serial == UNKNOWN or t == serial]
    if not right:
        raise OtherMachineError(
            controller.say(
                "read its serial number", f"it tells {', '.join(told) or 'of no system'}, the plan says {serial}",
                "Look for swapped cables or a swapped box, or correct the delivery; nothing was sent",
            )
        )  # fmt: skip
    if len(right) > 1:
        raise ProviderError(
            controller.say(
                "find the system", f"there are {len(right)}", "Give `serial` to say which one is meant"
            )
        )
    uuid = str(right[0].body.get("UUID") or "").lower()
    if UUID.fullmatch(identity) and uuid and uuid != identity.lower():
        raise OtherMachineError(
            controller.say(
                "read its UUID", f"it tells {uuid}, the state says {identity}",
                "Another machine stands there; put `serial` right, or take the old one out of the state; nothing was sent",
            )
        )  # fmt: skip
    return View(controller, right[0], _manager(controller, right[0]))


def _manager(controller: Controller, system: Resource) -> Resource:
    links = system.body.get("Links")
    rows = links.get("ManagedBy") if isinstance(links, Mapping) else None
    if rows:
        return controller.get(str(rows[0]["@odata.id"]))
    found = next(controller.members(f"{ROOT}/Managers"), None)
    if found is None:
        raise ProviderError(
            controller.say("find the manager", "it tells of none", "Leave this controller out")
        )
    return found


def _where(text: str) -> Props:
    """Address and port of `address`, `address:port` or `[address]:port`. Raises ValueError."""
    found = re.fullmatch(r"\[([^]]+)\](?::(\d+))?|([^:]+)(?::(\d+))?|(.+)", text)
    address = next((g for g in (found[1], found[3], found[5]) if g), "") if found else ""
    port = (found[2] or found[4]) if found else None
    return {"address": str(ipaddress.ip_address(address)), "port": int(port) if port else PORT}


def _uuid_at(device: str, place: Props, settings: Settings) -> str | None:
    login = settings.bmc_login()
    try:
        with Controller(device, place["address"], place["port"], settings, login) as controller:
            system = next(controller.members(f"{ROOT}/Systems"), None)
            return str(system.body.get("UUID")).lower() if system else ""
    except (UnreachableError, NoAnswerError):
        return None
    except ProviderError:
        return ""
