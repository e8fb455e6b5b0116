"""`rackwright:redfish:Account`: a user of a management controller. Its password is a secret of the inventory: only the
name of the secret is in the stack, the value is read here and sent to the controller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stacks.provider.api import NoAnswerError, RefusedError, UnreachableError
from stacks.provider.errors import HalfDoneError, ProviderError
from stacks.provider.handler import Call, Diff, Found, Problem, compare
from stacks.provider.redfish import ROOT, Controller, Resource
from stacks.provider.redfish_apply import go_on
from stacks.provider.redfish_connect import (
    OtherMachineError,
    addressed,
    bmc_lock,
    check_place,
    connected,
    identity_of,
    unexpected,
)
from stacks.provider.redfish_settings import View
from stacks.provider.values import UNKNOWN, Props, is_unknown

INPUTS = ("device", "address", "port", "serial", "userName", "role", "secret", "rotation", "enabled")
ANOTHER = "(another password)"
"""Stands for the name of the secret in a state whose account has another password: the next `up` sends it anew."""
NO_POST = (404, 405, 501)
"""Answers of controllers with a fixed number of places for accounts."""


class AccountHandler:
    """What the engine may ask of an account."""

    def check(self, call: Call, olds: Props, news: Props) -> tuple[Props, list[Problem]]:
        """Defaults put in; what is missing or misspelt."""
        news = {key: value for key, value in news.items() if value is not None}
        problems = unexpected(news, INPUTS)
        check_place(news, problems)
        for key, value in (("role", "Administrator"), ("rotation", 0), ("enabled", True)):
            news.setdefault(key, value)
        for key in ("userName", "secret"):
            if not news.get(key):
                problems.append(Problem(key, "is missing"))
        secrets = call.settings.vault.secrets
        if news.get("secret") and news["secret"] != UNKNOWN and news["secret"] not in secrets:
            problems.append(
                Problem("secret", f"is no name in rackwright:secrets; there are {', '.join(sorted(secrets)) or 'none'}")
            )  # fmt: skip
        if news["rotation"] != UNKNOWN and not isinstance(news["rotation"], int):
            problems.append(Problem("rotation", "must be a whole number"))
        return news, problems

    def diff(self, call: Call, identity: str, olds: Props, news: Props) -> Diff:
        """Another user name or another machine is another account."""
        if news.get("serial") is None:
            news = {**news, "serial": olds.get("serial")}
        return compare(olds, news, INPUTS, replaces=("serial", "userName"))

    def create(self, call: Call, news: Props) -> tuple[str, Props]:
        """Add it and log in as it; one that does not let us in is deleted again."""
        if call.preview:
            return "", self._previewed(call, news, "")
        password = call.settings.secret(news["secret"])
        with connected(call, news) as view:
            identity = f"{identity_of(view)}/{news['userName']}"
            there = _account(view, news["userName"])
            if there is not None:
                self._adopt(call, view, there, news, password)
                return identity, _state(view, news, there)
            body = {
                "UserName": news["userName"],
                "Password": password,
                "RoleId": news["role"],
                "Enabled": news["enabled"],
            }
            collection = _collection(view)
            try:
                self._add(view, collection, body)
                made = self._verified(view, news, password)
                go_on(view, call.abandoned)
            except ProviderError as error:
                stands = self._take_back(view, news["userName"])
                if stands:
                    text = f"{error}. Deleting the account again failed too: {stands}"
                    raise HalfDoneError(text, identity, _state(view, news, None)) from error
                raise ProviderError(f"{error}. The account is not there: nothing stands") from error
            return identity, _state(view, news, made)

    def read(self, call: Call, identity: str, state: Props, inputs: Props) -> Found | None:
        """The account as it is; None when it is gone. One login tells whether its password is the secret's."""
        known = inputs or state
        if known.get("address"):
            uuid, place, name = identity.rpartition("/")[0], known, known["userName"]
        else:
            where, _, name = identity.rpartition("/")
            uuid, place = "", addressed(where, call.settings)
        with connected(call, place, uuid) as view:
            found = _account(view, name)
            if found is None:
                return None
            as_found = {"rotation": 0, **{k: v for k, v in known.items() if k in INPUTS}}
            as_found |= {k: place[k] for k in ("device", "address", "port") if k in place}
            as_found |= {
                "userName": name,
                "role": found.body.get("RoleId"),
                "enabled": found.body.get("Enabled", True),
            }
            if known.get("secret"):
                as_found["secret"] = self._secret_in_force(call, view, found, known)
            return Found(f"{identity_of(view)}/{name}", _state(view, as_found, found), as_found)

    def update(self, call: Call, identity: str, olds: Props, news: Props) -> Props:
        """One PATCH with all that differs. A password is sent when the secret or its rotation changed, and tried."""
        if call.preview:
            return self._previewed(call, news, identity.rpartition("/")[0])
        with connected(call, news, identity.rpartition("/")[0]) as view:
            found = _account(view, news["userName"])
            if found is None:
                raise ProviderError(
                    view.controller.say(f"find account {news['userName']}", "it is gone", "Run `pulumi refresh`, then `up`")
                )  # fmt: skip
            before = {"RoleId": found.body.get("RoleId"), "Enabled": found.body.get("Enabled", True)}
            wanted: Props = {"RoleId": news["role"], "Enabled": news["enabled"]}
            body = {k: v for k, v in wanted.items() if before[k] != v}
            password = call.settings.secret(news["secret"])
            if self._to_send(view, found, olds, news, password):
                body["Password"] = password
            self._guard_own(view, news["userName"], body)
            if not body:
                return _state(view, news, found)
            try:
                view.controller.patch(found, body)
                return _state(view, news, self._verified(view, news, password))
            except ProviderError as error:
                raise self._undone(view, error, identity, olds, body, before) from error

    def delete(self, call: Call, identity: str, state: Props) -> None:
        """Take it away; where places are fixed, its place is emptied."""
        name = state["userName"]
        try:
            with connected(call, state, identity.rpartition("/")[0]) as view:
                self._guard_own(view, name, {"Enabled": False})
                if stands := self._take_back(view, name):
                    raise ProviderError(stands)
        except OtherMachineError as error:
            call.log("warning", f"account {name} is not looked for: {error}")
        except ProviderError as error:
            raise ProviderError(
                f"{error}. To forget it all the same: `pulumi state delete '{call.urn}'`"
            ) from error

    def lock_key(self, props: Props) -> str:
        """One request a controller at a time."""
        return bmc_lock(props)

    # ------------------------------------------------------------ steps

    def _adopt(self, call: Call, view: View, there: Resource, news: Props, password: str) -> None:
        """Take over what an interrupted run of our own left; any other account is somebody else's."""
        same = (there.body.get("RoleId"), there.body.get("Enabled", True)) == (news["role"], news["enabled"])
        if same and news["enabled"] and view.controller.lets_in(news["userName"], password, there.path):
            call.log(
                "info", f"{news['device']}: account {news['userName']} was there just as declared: taken over"
            )
            return
        place = f"{news['device']}@{news['address']}:{news['port']}/{news['userName']}"
        raise ProviderError(
            view.controller.say(
                f"add account {news['userName']}", "there is one of that name, which this stack did not make",
                f"Take it over with `pulumi import rackwright:redfish:Account {call.name} {place}`; nothing was sent",
            )
        )  # fmt: skip

    def _add(self, view: View, collection: str, body: Mapping[str, Any]) -> None:
        controller = view.controller
        try:
            controller.post(collection, body)
        except RefusedError as error:
            if error.status not in NO_POST:
                raise
            rows = [a for a in controller.members(collection) if not a.body.get("UserName")]
            if not rows:
                raise
            controller.patch(rows[-1], body)

    def _verified(self, view: View, news: Props, password: str) -> Resource:
        """The account, once it is as declared and lets us in. Raises ProviderError."""
        name, controller = news["userName"], view.controller
        found = _account(view, name)
        if found is None:
            raise ProviderError(
                controller.say(f"read back account {name}", "it is not there", "Look at the controller's log")
            )
        told = (found.body.get("RoleId"), found.body.get("Enabled", True))
        if told != (news["role"], news["enabled"]):
            raise ProviderError(
                controller.say(f"read back account {name}", f"it said yes, and yet role and enabled are {told}",
                               "Look at the controller's log")
            )  # fmt: skip
        if news["enabled"] and not controller.lets_in(name, password, found.path):
            raise ProviderError(
                controller.say(f"log in as {name}", "401, it does not take the password of the secret it was given",
                               "Look whether the secret keeps the controller's rules for passwords")
            )  # fmt: skip
        return found

    def _to_send(self, view: View, found: Resource, olds: Props, news: Props, password: str) -> bool:
        """Whether the account lacks the password of the secret. Of one that is switched off nobody can tell: then
        only a new secret or rotation counts."""
        if found.body.get("Enabled", True):
            return not view.controller.lets_in(news["userName"], password, found.path)
        return any(olds.get(key) != news[key] for key in ("secret", "rotation"))

    def _secret_in_force(self, call: Call, view: View, found: Resource, known: Props) -> str:
        name = str(known["secret"])
        if name == ANOTHER or not found.body.get("Enabled", True):
            return name
        try:
            password = call.settings.secret(name)
        except ProviderError as error:
            call.log(
                "warning",
                f"{known['device']}: not looked at whether {known['userName']} has its password: {error}",
            )
            return name
        return name if view.controller.lets_in(known["userName"], password, found.path) else ANOTHER

    def _guard_own(self, view: View, name: str, body: Mapping[str, Any]) -> None:
        """Refuse to saw off the branch: the account this very connection is logged in with."""
        if name == view.controller.login[0] and body:
            raise ProviderError(
                view.controller.say(
                    f"change account {name}", "it is the one the stack itself logs in with",
                    "Log in with another administrator (rackwright:bmcUser), or use the playbook rotate_credentials",
                )
            )  # fmt: skip

    def _undone(
        self, view: View, error: ProviderError, identity: str, olds: Props, body: Props, before: Props
    ) -> ProviderError:  # fmt: skip
        """What to raise after a failed change: role and state of the account are put back; a password cannot be."""
        name = olds["userName"]
        stands = []
        try:
            found = _account(view, name)
            now = {k: found.body.get(k) for k in before} if found else {}
            if found and now != before:
                view.controller.patch(found, before)
        except ProviderError as other:
            stands.append(f"role and enabled of {name} are not known: {other}")
        if "Password" in body:
            stands.append(f"{name} may have the old password or the new one")
        if not stands:
            return ProviderError(f"{error}. What was changed was taken back: nothing stands")
        state = {**olds, "secret": ANOTHER} if "Password" in body else olds
        return HalfDoneError(f"{error}. Now: {'; '.join(stands)}. Run `up` again", identity, state)

    def _take_back(self, view: View, name: str) -> str:
        """Delete an account; why it still stands, empty when it does not."""
        controller: Controller = view.controller
        try:
            found = _account(view, name)
            if found is None:
                return ""
            try:
                controller.delete(found.path)
            except RefusedError as error:
                if error.status not in NO_POST:
                    raise
                controller.patch(found, {"Enabled": False, "UserName": ""})
            return f"{name} is still there" if _account(view, name) else ""
        except ProviderError as error:
            return f"whether {name} is there is not known: {error}"

    def _previewed(self, call: Call, news: Props, uuid: str) -> Props:
        state: Props = {"accountId": UNKNOWN, **news}
        if is_unknown({k: news.get(k) for k in ("address", "port", "serial")}):
            return state
        try:
            call.settings.bmc_login()
            call.settings.secret(news["secret"])
        except ProviderError as error:
            call.log("warning", f"not looked at in this preview: {error}")
            return state
        try:
            with connected(call, news, uuid) as view:
                if not uuid and _account(view, news["userName"]) is not None:
                    call.log(
                        "warning", f"{news['device']}: account {news['userName']} is there already; it is taken over "
                        "only if it is just as declared",
                    )  # fmt: skip
                return state
        except (UnreachableError, NoAnswerError) as error:
            call.log("warning", f"not looked at in this preview: {error}")
        return state


def _collection(view: View) -> str:
    service = view.controller.get(f"{ROOT}/AccountService")
    path = service.link("Accounts")
    if path is None:
        raise ProviderError(
            view.controller.say(
                "find its accounts", "it tells of none", "Leave accounts out for this controller"
            )
        )
    return path


def _account(view: View, name: str) -> Resource | None:
    return next(
        (a for a in view.controller.members(_collection(view)) if a.body.get("UserName") == name), None
    )


def _state(view: View, inputs: Props, found: Resource | None) -> Props:
    told = view.system.body.get("SerialNumber")
    return {
        **inputs,
        "accountId": found.body.get("Id") if found else None,
        "serial": told or inputs.get("serial"),
    }
