"""`rackwright:redfish:Bmc`: settings of one management controller. Only what is given is managed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stacks.provider.api import NoAnswerError, UnreachableError
from stacks.provider.errors import HalfDoneError, ProviderError
from stacks.provider.handler import Call, Diff, Found, Kind, Problem, compare
from stacks.provider.redfish_apply import LeftError, StandingError, as_wanted, bring, look
from stacks.provider.redfish_connect import (
    OtherMachineError,
    addressed,
    bmc_lock,
    check_place,
    connected,
    identity_of,
    unexpected,
)
from stacks.provider.redfish_settings import MANAGED, MAPS, View, everything, flat, nested, pending, read
from stacks.provider.values import UNKNOWN, Props, is_unknown

INPUTS = ("device", "address", "port", "serial", *MANAGED, "onDelete")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "powerRestore": ("AlwaysOn", "AlwaysOff", "LastState"),
    "boot.enabled": ("Continuous", "Disabled"),
    "boot.mode": ("UEFI", "Legacy"),
    "onDelete": ("restore", "retain"),
}
KEYS: Mapping[str, tuple[str, ...]] = {
    "boot": ("target", "mode", "enabled", "order"),
    "network": ("hostName", "address", "prefix", "gateway", "dhcp"),
}
OUTPUTS = ("serial", "model", "systemUuid", "managerUuid", "biosPending", "before")


class BmcHandler:
    """What the engine may ask of a controller."""

    def check(self, call: Call, olds: Props, news: Props) -> tuple[Props, list[Problem]]:
        """Defaults put in; what contradicts itself or is misspelt."""
        news = {key: value for key, value in news.items() if value is not None}
        problems = unexpected(news, INPUTS)
        check_place(news, problems)
        news.setdefault("onDelete", "restore")
        for name in MAPS:
            if news.get(name) in ({}, None, UNKNOWN):
                continue
            if not isinstance(news[name], dict):
                return news, [*problems, Problem(name, "must be a map")]
            news[name] = {k: v for k, v in news[name].items() if v is not None}
            unknown = sorted(set(news[name]) - set(KEYS.get(name, news[name])))
            problems += [Problem(f"{name}.{k}", f"is none of {', '.join(KEYS[name])}") for k in unknown]
        _check_groups(news, problems)
        values = {**flat(news), "onDelete": news["onDelete"]}
        for name, choices in CHOICES.items():
            if values.get(name, choices[0]) not in (*choices, UNKNOWN):
                problems.append(Problem(name, f"{values[name]} is none of {', '.join(choices)}"))
        return news, problems

    def diff(self, call: Call, identity: str, olds: Props, news: Props) -> Diff:
        """Another serial number is another machine. What is no longer declared, and of which nobody knows what was
        there before, is no change: there is nothing to put back."""
        if news.get("serial") is None:
            news = {**news, "serial": olds.get("serial")}
        found = compare(olds, news, INPUTS, replaces=("serial",), deep=MAPS)
        before = olds.get("before") or {}
        changes: dict[str, Kind] = {}
        for path, kind in found.changes.items():
            dropped = kind == "delete" and path.partition(".")[0] in MANAGED
            inside = [n for n in flat({path: olds.get(path)}) if path in MAPS] or [path]
            if not dropped or any(name in before for name in inside):
                changes[path] = kind
        return Diff(changes, found.replaces)

    def create(self, call: Call, news: Props) -> tuple[str, Props]:
        """Look, send what differs, read back."""
        if call.preview:
            return "", self._previewed(call, news, "")
        wanted = flat(news)
        with connected(call, news) as view:
            found = look(view, wanted)
            before = {name: found[name] for name in wanted}
            if wanted and as_wanted(found, wanted):
                call.log("info", f"{news['device']} had all of these settings just as declared: taken over")
            self._bring(call, view, found, wanted, news, before)
            return identity_of(view), _waiting(call, _state(view, news, before))

    def read(self, call: Call, identity: str, state: Props, inputs: Props) -> Found | None:
        """What is managed, as it is now; at an import all that can be but BIOS attributes."""
        known = inputs or state
        place = known if known.get("address") else addressed(identity, call.settings)
        with connected(call, place, identity if known.get("address") else "") as view:
            if not known.get("address"):
                told = view.system.body.get("SerialNumber")
                values = everything(view)
                place = {**place, **({"serial": told} if told else {}), "onDelete": "restore"}
                before: Props = {}
            else:
                values, before = read(view, flat(known))[0], state.get("before") or {}
                place = {k: v for k, v in known.items() if k in INPUTS and k not in MANAGED}
            as_found = {**place, **nested(values)}
            return Found(identity_of(view), _state(view, as_found, before), as_found)

    def update(self, call: Call, identity: str, olds: Props, news: Props) -> Props:
        """As create; what is no longer declared gets back what was there before."""
        if call.preview:
            return self._previewed(call, news, identity)
        wanted, earlier = flat(news), olds.get("before") or {}
        dropped = {n: v for n, v in earlier.items() if n not in wanted and news["onDelete"] == "restore"}
        with connected(call, news, identity, olds) as view:
            there = read(view, dropped)[0]
            dropped = {n: v for n, v in dropped.items() if n in there}
            found = look(view, {*wanted, *dropped})
            before = {n: v for n, v in earlier.items() if n in wanted}
            before |= {n: found[n] for n in wanted if n not in earlier and n not in flat(olds)}
            self._bring(call, view, found, {**dropped, **wanted}, news, {**dropped, **before})
            return _waiting(call, _state(view, news, before))

    def delete(self, call: Call, identity: str, state: Props) -> None:
        """Put back what was there before, unless it is to stay or another machine stands there by now."""
        before = state.get("before") or {}
        if state.get("onDelete") == "retain" or not before:
            why = "onDelete is retain" if before else "nobody knows what was there before"
            call.log("info", f"{state.get('device')}: its settings stay as they are: {why}")
            return
        try:
            with connected(call, state, identity) as view:
                there = read(view, before)[0]
                back = {n: v for n, v in before.items() if n in there}
                bring(view, look(view, back), back, call.abandoned)
        except OtherMachineError as error:
            call.log("warning", f"nothing is put back: {error}")
        except LeftError as error:
            call.log("warning", f"as before, it takes its address from DHCP: {error}")
        except ProviderError as error:
            raise ProviderError(
                f"{error}. To leave its settings as they are: set onDelete to retain and run `up` first, or "
                f"`pulumi state delete '{call.urn}'`"
            ) from error

    def lock_key(self, props: Props) -> str:
        """One request a controller at a time."""
        return bmc_lock(props)

    def _bring(self, call: Call, view: View, found: Props, wanted: Props, news: Props, before: Props) -> None:
        try:
            bring(view, found, wanted, call.abandoned)
        except (StandingError, LeftError) as error:
            state = {**news, "before": before, **_told(view)}
            raise HalfDoneError(str(error), identity_of(view), state) from error

    def _previewed(self, call: Call, news: Props, identity: str) -> Props:
        """What would stand. The controller is looked at where that is possible, so that a wrong serial number or an
        attribute it does not have is told before anything runs."""
        state: Props = {**dict.fromkeys(OUTPUTS, UNKNOWN), **news}
        if is_unknown({k: news.get(k) for k in ("address", "port", "serial", "network")}):
            return state
        try:
            call.settings.bmc_login()
        except ProviderError as error:
            call.log("warning", f"not looked at in this preview: {error}")
            return state
        try:
            with connected(call, news, identity) as view:
                look(view, flat(news))
                return {**state, **_told(view)}
        except (UnreachableError, NoAnswerError) as error:
            call.log("warning", f"not looked at in this preview: {error}")
        return state


def _check_groups(news: Props, problems: list[Problem]) -> None:
    """What only goes together."""
    boot = news.get("boot")
    if isinstance(boot, dict) and boot.get("enabled") == "Once":
        problems.append(
            Problem("boot.enabled", "Once is used up by the next start: an order for a playbook, not a state")
        )
        boot["enabled"] = "Continuous"
    if isinstance(boot, dict) and boot.get("enabled") == "Disabled" and boot.get("target"):
        problems.append(Problem("boot.target", "means nothing while the override is Disabled"))
    elif isinstance(boot, dict) and (boot.get("target") or boot.get("enabled") == "Continuous"):
        if not boot.get("target"):
            problems.append(Problem("boot.target", "is missing: Pxe, Hdd, …"))
        boot.setdefault("enabled", "Continuous")
    network = news.get("network")
    if isinstance(network, dict) and network.get("address"):
        if network.setdefault("dhcp", False) is True:
            problems.append(Problem("network.dhcp", "gives an address of its own: leave `address` out"))
        if not isinstance(network.get("prefix"), int) and network.get("prefix") != UNKNOWN:
            problems.append(Problem("network.prefix", "is missing: the length of the prefix in bits"))
    elif isinstance(network, dict) and {"prefix", "gateway"} & set(network):
        problems.append(Problem("network.address", "is missing"))
    servers = news.get("ntpServers")
    if servers is not None and servers != UNKNOWN and not isinstance(servers, list):
        problems.append(Problem("ntpServers", "must be a list of addresses or names"))


def _told(view: View) -> dict[str, Any]:
    """What the controller tells of itself."""
    system, manager = view.system.body, view.manager.body
    return {"serial": system.get("SerialNumber"), "model": system.get("Model"), "systemUuid": system.get("UUID"),
            "managerUuid": manager.get("UUID")}  # fmt: skip


def _waiting(call: Call, state: Props) -> Props:
    """The state, after a word on what waits for a restart."""
    if state["biosPending"]:
        names = ", ".join(sorted(state["biosPending"]))
        call.log("info", f"{state['device']}: wait for the next start of the server: {names}")
    return state


def _state(view: View, inputs: Props, before: Props) -> Props:
    return {**inputs, **_told(view), "biosPending": pending(view, flat(inputs)), "before": before}
