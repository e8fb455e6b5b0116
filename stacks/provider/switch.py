"""`rackwright:switch:Config`: the whole configuration of a switch as a resource, over the same push as the playbooks.

A push is all or nothing by itself: committed on trial, checked (a neighbour its port descriptions name, seen before,
has to be seen after), confirmed, or gone back. Members of a pair (the same
MLAG system MAC in their texts) are never pushed at once, and the second not after the first went wrong. `revertIn` 0
pushes to a platform that takes no mistake back by itself (RGOS), and only there. What differs is judged on the model of the configuration, so another order of lines is no change. Deleting the resource sends
nothing: the switch keeps running what it runs.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from stacks.provider import fields as f
from stacks.provider.errors import HalfDoneError, ProviderError, sentence
from stacks.provider.handler import Call, Diff, Found, Problem, compare
from stacks.provider.values import UNKNOWN, Props, is_unknown
from topology.observe.secrets import REFERENCE, SecretError, mask
from topology.platforms.render import parse
from topology.platforms.sections import ENCRYPTED
from topology.switch_config import SwitchConfig

if TYPE_CHECKING:
    from topology.observe.driver_base import SwitchDriver
    from topology.observe.push_result import PushResult

SHORTEST_S, LONGEST_S = 60, 65_535
"""What the switches' timers take."""
IMPORT = re.compile(
    r"(?P<device>[^/@]+)/(?P<platform>[a-z0-9_]+)@(?P<address>[0-9a-fA-F.:]+?)(?:\+(?P<port>\d+))?"
)
EXAMPLE = "A-ASW-01A/huawei_vrp@10.20.0.11 (or …@10.20.0.11+2222 for another port than 22)"
UNANSWERED = "it was not asked, so what would change is not known: "


def address(value: Any) -> str:
    """An IP address."""
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise ValueError("is no IP address") from None


def configuration(value: Any) -> str:
    """A configuration without a key in clear."""
    text = str(value)
    for number, line in enumerate(text.splitlines(), 1):
        if not REFERENCE.search(line) and mask(line) != line:
            raise f.NotShownError(f"holds a key in line {number}: write %secret:NAME% in its place")
    return text


FIELDS: dict[str, f.Normal] = {
    "device": f.text, "address": address, "port": f.whole(1, 65_535), "platform": f.text, "text": configuration,
    "revertIn": f.whole(0, LONGEST_S),
}  # fmt: skip


@dataclass
class ConfigHandler:
    """Configurations of any number of switches. `failed`: pair -> how its first member ended in this run."""

    failed: dict[str, str] = field(default_factory=dict)

    def check(self, call: Call, olds: Props, news: Props) -> tuple[Props, list[Problem]]:
        """Inputs made uniform; the text has to be this device's, in words of its platform, without a key in clear."""
        from topology.observe.drivers import DRIVERS

        inputs, problems = f.checked(
            {"port": 22, "revertIn": 600, **news}, FIELDS, ("device", "address", "platform", "text")
        )
        platform, device, text = (inputs.get(key) for key in ("platform", "device", "text"))
        if platform and not is_unknown(platform) and platform not in DRIVERS:
            known = ", ".join(sorted(DRIVERS))
            problems.append(
                Problem("platform", f"no driver for {platform} (there are {known}): push it by hand")
            )
            return inputs, problems
        problems += _timer_faults(platform, inputs.get("revertIn", UNKNOWN))
        if text and not is_unknown([device, platform, text]):
            host = _model(str(platform), text).host
            if host != device:
                problems.append(Problem("text", f"names {host or 'no device'}, not {device}"))
        return inputs, problems

    def diff(self, call: Call, identity: str, olds: Props, news: Props) -> Diff:
        """By what the texts mean; drift that a refresh found is a change."""
        found = compare(olds, news, FIELDS, replaces=("device", "platform"))
        changes = dict(found.changes)
        if changes.get("text") == "update" and not is_unknown(news) and _same(olds, news):
            del changes["text"]
        if olds.get("drift"):
            changes["drift"] = "delete"
        return Diff(changes, found.replaces, found.delete_first)

    def create(self, call: Call, news: Props) -> tuple[str, Props]:
        """Bring the switch to the text; in a preview, say what that would change."""
        own = _identity(news)
        return own, self._push(call, own, news)

    def read(self, call: Call, identity: str, state: Props, inputs: Props) -> Found | None:
        """What the switch runs, against the text: differences stand in `drift`. An import takes what it runs, with
        keys left out."""
        known = {**state, **inputs} if state or inputs else _imported(identity)
        running = self._running(call, known)
        drift: list[str] = []
        if "text" in known:
            from topology.model_diff import differences

            drift = differences(_model(known["platform"], known["text"]), running)
        else:
            from topology.platforms.render import render

            try:
                known["text"] = render(running)
            except ValueError as error:
                said = f"it runs what cannot be declared ({error})"
                raise ProviderError(_say(known, "import", said, "Put that right at the console")) from None
        given = {key: known[key] for key in FIELDS if key in known}
        return Found(_identity(known), {**given, "pending": "", "drift": drift}, given)

    def update(self, call: Call, identity: str, olds: Props, news: Props) -> Props:
        """As `create`."""
        return self._push(call, identity, news)

    def delete(self, call: Call, identity: str, state: Props) -> None:
        """Send nothing."""
        call.log("info", f"{state['device']} keeps its configuration: nothing was sent to it")

    def lock_key(self, props: Props) -> str:
        """One member of a pair at a time."""
        return _pair(props) or f"{props.get('address')}:{props.get('port')}"

    def _push(self, call: Call, own: str, news: Props) -> Props:
        if is_unknown(news):
            return {**news, "pending": UNKNOWN, "drift": []}
        from topology.observe.health import Checks
        from topology.observe.push import push

        pair = _pair(news)
        if pair and not call.preview and (why := self.failed.get(pair)):
            raise ProviderError(
                _say(news, "push", f"not begun: {why}", "Look at the other member first, then run again")
            )
        if call.abandoned.is_set():
            raise ProviderError(
                _say(news, "push", "the engine no longer waits for an answer", "Not begun: run it again")
            )
        config = _model(news["platform"], news["text"])
        with _driver(call, news) as driver:
            result = push(
                config, driver, checks=Checks(_neighbours(config), settle_s=min(60.0, 2 * call.settings.timeout_s)),
                revert_in_s=news["revertIn"] or LONGEST_S, without_timer=not news["revertIn"], dry_run=call.preview, tell=lambda _, step: call.log("debug", step),
            )  # fmt: skip
        if call.preview:
            pending = result.diff if result.good else f"{UNANSWERED}{result.message}"
            if not result.good:
                call.log("warning", f"{news['device']}: {pending}")
            elif pending:  # the engine shows three lines of an output
                call.log("info", f"{news['device']} would change:\n{pending}")
            return {**news, "pending": pending, "drift": []}
        return self._ended(call, own, news, result, pair)

    def _ended(self, call: Call, own: str, news: Props, result: PushResult, pair: str) -> Props:
        if result.good:
            undo = f"; to undo: {result.undo}" if result.undo else ""
            call.log("info", f"{news['device']}: {result.outcome}: {result.message}{undo}")
            return {**news, "pending": "", "drift": []}
        if pair:
            self.failed[pair] = f"{news['device']} of the same pair ended as {result.outcome}"
        then = (
            f"To undo at the console: {result.undo}"
            if result.undo
            else "Put that right, then run the stack again"
        )
        message = _say(news, "push", f"{result.outcome}: {result.message}", then)
        if result.outcome == "unknown":
            raise HalfDoneError(message, own, {**news, "pending": "", "drift": [result.message]})
        raise ProviderError(message)

    def _running(self, call: Call, known: Props) -> SwitchConfig:
        from napalm.base.exceptions import NapalmException

        with _driver(call, known) as driver:
            try:
                driver.open()
                text = driver.running()
            except NapalmException as error:
                said = call.settings.mask(str(error))
                raise ProviderError(
                    _say(known, "reading its configuration", said, "Let it answer, then run again")
                ) from None
        found = _model(known["platform"], text)
        if found.host != known["device"]:
            raise ProviderError(
                _say(known, "reading its configuration", f"it says it is {found.host or 'nobody'}",
                     "Correct the address, or the name at its console")
            )  # fmt: skip
        return found


@contextmanager
def _driver(call: Call, props: Props) -> Iterator[SwitchDriver]:
    from topology.observe.drivers import DRIVERS, login
    from topology.observe.session import Timeouts, known_hosts_file

    settings = call.settings
    if props["platform"] not in DRIVERS:
        raise ProviderError(_say(props, "login", f"no driver for {props['platform']}", "Push it by hand"))
    try:
        user = settings.secret(settings.switch_user) if settings.switch_user else None
        who = login(user, settings.switch_password, settings.vault)
    except SecretError as error:
        raise ProviderError(
            _say(
                props, "login", str(error), "rackwright:switchUser and rackwright:switchPassword name secrets"
            )
        ) from None
    options = {
        "port": props.get("port", 22), "known_hosts": known_hosts_file(settings.known_hosts), "vault": settings.vault,
        "timeouts": Timeouts(min(15.0, settings.timeout_s), settings.timeout_s, 4 * settings.timeout_s),
    }  # fmt: skip
    driver = DRIVERS[props["platform"]](
        props["address"], who.user, who.password, int(settings.timeout_s), options
    )
    try:
        yield driver
    finally:
        driver.close()


@lru_cache(maxsize=256)
def _model(platform: str, text: str) -> SwitchConfig:
    try:
        return parse(platform, text)
    except ValueError as error:
        raise ProviderError(f"the text for platform {platform} cannot be read: {error}") from None


def _timer_faults(platform: Any, revert_in_s: Any) -> list[Problem]:
    from topology.observe.drivers import DRIVERS

    if is_unknown([platform, revert_in_s]) or platform is None:
        return []
    if not DRIVERS[platform].has_timer:
        reason = f"{platform} takes no mistake back by itself: 0 says that it is pushed all the same"
        return [Problem("revertIn", reason)] if revert_in_s else []
    if revert_in_s < SHORTEST_S:
        return [Problem("revertIn", f"must be a whole number from {SHORTEST_S} to {LONGEST_S}")]
    return []


def _neighbours(config: SwitchConfig) -> dict[str, tuple[str, str | None]]:
    """Who is expected on a port: the device its description names, as the plan writes it (`DEVICE:PORT CABLE`)."""
    named = {p.name: p.description.partition(" ")[0].rpartition(":")[0] for p in config.ports if p.enabled}
    return {port: (device, None) for port, device in named.items() if device}


def _pair(props: Props) -> str:
    """What both members of a pair have in common and nobody else; empty for a switch alone."""
    if not props.get("text") or is_unknown([props["text"], props.get("platform")]):
        return ""
    mlag = _model(props["platform"], props["text"]).mlag
    return mlag.system_mac if mlag else ""


def _same(olds: Props, news: Props) -> bool:
    """Whether two texts mean the same. An imported one shows that a key is there, not which."""
    from topology.model_diff import differences

    old, new = (_model(news["platform"], props["text"]) for props in (olds, news))
    if ENCRYPTED in str(olds["text"]):
        return not differences(new, old) and not differences(old, new)
    return old == new


def _identity(props: Props) -> str:
    port = f"+{props['port']}" if props.get("port", 22) != 22 else ""
    return f"{props['device']}/{props['platform']}@{props['address']}{port}"


def _imported(identity: str) -> Props:
    found = IMPORT.fullmatch(identity)
    if found is None:
        raise ProviderError(f"{identity}: an identity to import looks like {EXAMPLE}")
    parts = found.groupdict()
    return {**parts, "port": int(parts["port"] or 22), "revertIn": 600}


def _say(props: Props, tried: str, answered: str, then: str) -> str:
    where = f"{props['address']}:{props.get('port', 22)}"
    return sentence(props["device"], where, tried, answered.rstrip("."), then)
