"""All or nothing on one controller: send what differs, read it back, and take all of it back when anything fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from threading import Event
from typing import Any

from stacks.provider.api import NoAnswerError, UnreachableError
from stacks.provider.errors import ProviderError
from stacks.provider.redfish_settings import BOOT, CARD, View, changes, read
from stacks.provider.values import Props


class StandingError(ProviderError):
    """It failed, and taking it back failed too. The message says of each setting what it is now."""


class LeftError(ProviderError):
    """It was told to take its address from DHCP, and answers no more at the one it had."""


def look(view: View, wanted: Iterable[str]) -> Props:
    """Values of these settings, and of those that are only changed together with one of them.

    Raises ProviderError that names all settings the controller does not have.
    """
    wanted = set(wanted)
    found, lacking = read(view, wanted)
    if lacking:
        raise ProviderError(
            view.controller.say("read its settings", "; ".join(lacking), "Take them out of the stack, or correct their names; nothing was sent")
        )  # fmt: skip
    together = [group for group in ([*BOOT][:3], [*CARD]) if wanted & set(group)]
    more = {name for group in together for name in group} - wanted
    return {**found, **read(view, more)[0]}


def bring(view: View, found: Props, wanted: Mapping[str, Any], abandoned: Event) -> None:
    """Make the settings what `wanted` says; `found` is what `look` found. Once `abandoned`, all is taken back.

    Raises ProviderError when all of it was taken back, StandingError when not, LeftError.
    """
    differing = _differing(found, wanted)
    if not differing:
        return
    sent: list[str] = []
    try:
        _send(view, {**found, **wanted}, differing, abandoned, sent)
        _read_back(view, wanted, differing)
        go_on(view, abandoned)
    except LeftError:
        raise
    except ProviderError as error:
        if not sent:
            raise
        stands = _take_back(view, found, differing)
        if stands:
            raise StandingError(f"{error}. Taking it back failed too; now: {'; '.join(stands)}") from error
        raise ProviderError(f"{error}. What was changed was taken back: nothing stands") from error


def as_wanted(found: Props, wanted: Mapping[str, Any]) -> bool:
    """Whether nothing would be sent."""
    return not _differing(found, wanted)


def _differing(found: Props, wanted: Mapping[str, Any]) -> set[str]:
    return {name for name in _counted(wanted) if wanted[name] != found.get(name)}


def _counted(values: Mapping[str, Any]) -> set[str]:
    """Settings that mean something beside the others: not an address where DHCP gives one, no target of an override
    that is off."""
    names = set(values)
    if values.get("network.dhcp"):
        names -= {"network.address", "network.prefix", "network.gateway"}
    if values.get("boot.enabled") == "Disabled":
        names -= {"boot.target"}
    return names


def go_on(view: View, abandoned: Event) -> None:
    """Raise ProviderError when nobody waits for the answer any more."""
    if abandoned.is_set():
        raise ProviderError(
            view.controller.say("go on", "the engine no longer waits for an answer", "Run `up` again")
        )


def _send(
    view: View, values: Mapping[str, Any], names: set[str], abandoned: Event | None, sent: list[str]
) -> None:
    """Send the changes in order, noting in `sent` those that may have arrived. Without `abandoned` it takes back: it
    goes on after one that failed."""
    all_of_it = abandoned is None
    for resource, body in changes(view, values, names):
        if abandoned is not None:
            go_on(view, abandoned)
        moves = "network.address" in names and {"IPv4StaticAddresses", "IPv4Addresses"} & set(body)
        sent.append(resource.path)
        try:
            view.controller.patch(resource, body)
        except UnreachableError:
            sent.pop()
            if not all_of_it:
                raise
            continue
        except NoAnswerError:
            leaves = moves or (body.get("DHCPv4") or {}).get("DHCPEnabled")
            if not leaves and not all_of_it:  # at a new address it may not be able to answer at the old one
                raise
        except ProviderError:
            if not all_of_it:
                raise
        if moves:
            view.controller.move(str(values["network.address"]), view.system.path)
        elif "network.dhcp" in names and (body.get("DHCPv4") or {}).get("DHCPEnabled"):
            _wait_where_it_was(view)


def _wait_where_it_was(view: View) -> None:
    """Go on where DHCP gives the address it had. Raises LeftError when it does not."""
    controller = view.controller
    try:
        controller.move(controller.address, view.system.path)
    except UnreachableError:
        raise LeftError(
            controller.say("switch it to DHCP", f"sent; no answer at {controller.address} any more",
                           "Look at the DHCP server which address it has, and correct `address`")
        ) from None  # fmt: skip


def _read_back(view: View, wanted: Mapping[str, Any], names: set[str]) -> None:
    remark = f" ({view.controller.remark})" if view.controller.remark else ""
    view.forget()
    now, _ = read(view, names)
    wrong = [
        f"{n} is {now.get(n)!r} instead of {wanted[n]!r}" for n in sorted(names) if now.get(n) != wanted[n]
    ]
    if wrong:
        raise ProviderError(
            view.controller.say("read back what was set", f"it said yes{remark}, and yet {'; '.join(wrong)}", "Look at the controller's log")
        )  # fmt: skip


def _take_back(view: View, found: Mapping[str, Any], names: set[str]) -> list[str]:
    """Put back what was found; what stands of it all the same, one sentence a setting."""
    try:
        view.forget()
        now, _ = read(view, names)
        back = {n for n in names if now.get(n) != found.get(n)}
        _send(view, {**now, **found}, back, None, [])
        view.forget()
        now, _ = read(view, back)
        return [
            f"{n} is {now.get(n)!r}, was {found.get(n)!r}" for n in sorted(back) if now.get(n) != found.get(n)
        ]
    except ProviderError as error:
        return [f"not known of {', '.join(sorted(names))}: {error}"]
