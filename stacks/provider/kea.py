"""`rackwright:dhcp:Reservation`: an address reserved for a MAC address in a subnet of Kea.

Only the address, the name and what to boot are managed; options and classes somebody else gave the same entry stay.
Kea keeps beside each entry who declared it (`user-context`), so that a second declaration of the same is refused and
an `up` that was killed finds its own work again.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stacks.provider import fields as f
from stacks.provider.api import Api
from stacks.provider.errors import HalfDoneError, ProviderError
from stacks.provider.groups import Groups, Job, StandsError
from stacks.provider.handler import Call, Diff, Found, Problem, compare
from stacks.provider.kea_store import Config, KeaStore
from stacks.provider.values import Props, is_unknown

FIELDS: dict[str, f.Normal] = {
    "apiUrl": f.api_url, "subnet": f.ipv4_prefix, "mac": f.mac, "address": f.ipv4, "hostname": f.hostname,
    "server": f.text, "nextServer": f.ipv4, "bootFile": f.text, "apiUser": f.text, "secret": f.text,
}  # fmt: skip
REQUIRED = ("apiUrl", "subnet", "mac", "address", "hostname", "server")
KEYS = {
    "address": "ip-address",
    "hostname": "hostname",
    "nextServer": "next-server",
    "bootFile": "boot-file-name",
}
"""Input -> key of Kea's reservation."""
NOTHING = ("", "0.0.0.0", None)  # noqa: S104 - how Kea writes that nothing is said
MARK = "rackwright"
EXAMPLE = "52:54:00:aa:00:01/10.1.0.0/24@http://10.9.0.1:8000"
BOOT_FILE_BYTES = 127
"""RFC 2131 section 2: the field has 128 octets and ends in a zero."""


@dataclass
class ReservationHandler:
    """Reservations of any number of Keas; what is asked at once of one is done in one change of its configuration."""

    groups: Groups = field(default_factory=Groups)

    def check(self, call: Call, olds: Props, news: Props) -> tuple[Props, list[Problem]]:
        """Inputs made uniform; the address has to lie in the subnet."""
        inputs, problems = f.checked(news, FIELDS, REQUIRED)
        address, subnet = inputs.get("address"), inputs.get("subnet")
        if address and subnet and not is_unknown([address, subnet]):
            network = ipaddress.IPv4Network(subnet)
            if ipaddress.IPv4Address(address) not in network:
                problems.append(Problem("address", f"{address} is not in the subnet {subnet}"))
            elif network.prefixlen < 31 and address in map(str, (network[0], network[-1])):
                problems.append(
                    Problem("address", f"{address} is the network or broadcast address of {subnet}")
                )
        if not is_unknown(inputs) and len(inputs.get("bootFile", "").encode()) > BOOT_FILE_BYTES:
            problems.append(Problem("bootFile", f"is longer than {BOOT_FILE_BYTES} bytes"))
        if inputs.get("apiUser") and not inputs.get("secret"):
            problems.append(Problem("secret", "is missing: apiUser needs the name of its secret"))
        return inputs, problems

    def diff(self, call: Call, identity: str, olds: Props, news: Props) -> Diff:
        """Another MAC address or subnet is another reservation."""
        return compare(olds, news, FIELDS, replaces=("mac", "subnet"))

    def create(self, call: Call, news: Props) -> tuple[str, Props]:
        """Reserve. What stands there already, exactly so and declared by nobody else, is taken over."""
        own = f.identity(f"{news['mac']}/{news['subnet']}", news["apiUrl"])
        if not call.preview:
            self._put(call, news, own, fresh=True)
        return own, dict(news)

    def read(self, call: Call, identity: str, state: Props, inputs: Props) -> Found | None:
        """What Kea runs for this MAC address in this subnet."""
        known = {**state, **inputs}
        if not known:
            known = _imported(identity)
        store = _store(call, known)

        def look(config: Config) -> Props | None:
            subnet = _subnet(config, known["subnet"])
            entry = _entry(subnet, known["mac"]) if subnet is not None else None
            return None if entry is None else dict(entry)

        entry = self.groups.join(known["apiUrl"], Job(look, insist=False), store)
        if entry is None:
            return None
        found = {key: value for key, value in known.items() if key in FIELDS and key not in KEYS}
        found |= {name: entry[key] for name, key in KEYS.items() if entry.get(key) not in NOTHING}
        if "hostname" in found:
            found["hostname"] = str(found["hostname"]).lower()
        found.setdefault("server", known["apiUrl"])
        own = f.identity(f"{known['mac']}/{known['subnet']}", known["apiUrl"])
        return Found(own, found, dict(found))

    def update(self, call: Call, identity: str, olds: Props, news: Props) -> Props:
        """Change it; where the server has a new URL it is put there, and taken away at the old one if that answers."""
        if call.preview:
            return dict(news)
        self._put(call, news, identity, fresh=olds.get("apiUrl") != news["apiUrl"])
        if olds.get("apiUrl") not in (None, news["apiUrl"]):
            try:
                self.delete(call, identity, olds)
            except ProviderError as error:
                call.log("warning", f"moved to {news['apiUrl']}, but left at the old address: {error}")
        return dict(news)

    def delete(self, call: Call, identity: str, state: Props) -> None:
        """Take it out."""

        def apply(config: Config) -> bool:
            subnet = _subnet(config, state["subnet"])
            entry = None if subnet is None else _entry(subnet, state["mac"])
            if subnet is not None and entry is not None:
                subnet["reservations"].remove(entry)
            return entry is not None

        def gone(config: Config) -> bool:
            subnet = _subnet(config, state["subnet"])
            return subnet is None or _entry(subnet, state["mac"]) is None

        if not self.groups.join(
            state["apiUrl"], Job(apply, gone, abandoned=call.abandoned), _store(call, state)
        ):
            call.log("info", f"{state['server']} had no reservation for {state['mac']} any more")

    def lock_key(self, props: Props) -> str:
        """None: many at once make one change."""
        return ""

    def _put(self, call: Call, news: Props, own: str, *, fresh: bool) -> None:
        wanted = {key: news[name] for name, key in KEYS.items() if news.get(name) is not None}
        job: Job[Config] = Job(
            _putting(call, news, wanted, fresh), lambda c: _is_so(c, news, wanted), abandoned=call.abandoned
        )
        try:
            self.groups.join(news["apiUrl"], job, _store(call, news))
        except StandsError as error:
            raise HalfDoneError(str(error), own, news) from None


def _putting(call: Call, news: Props, wanted: Props, fresh: bool) -> Callable[[Config], None]:
    mark = f.declared_by(call.urn)

    def fault(answered: str, then: str) -> ProviderError:
        tried = f"reserving {news['address']} for {news['mac']} ({news['hostname']})"
        return ProviderError(f"{news['server']} ({news['apiUrl']}): {tried}: {answered}. {then}")

    def apply(config: Config) -> None:
        subnet = _subnet(config, news["subnet"])
        if subnet is None:
            have = ", ".join(sorted(s["subnet"] for s in _subnets(config))) or "none"
            raise fault(
                f"it has no subnet {news['subnet']} (it has {have})",
                "Put the subnet into its configuration, then run again; nothing was changed",
            )
        for other in subnet.setdefault("reservations", []):
            taken = other.get("ip-address") == news["address"] and _name(other) != news["hostname"]
            if taken and (_mark(other) or "").rpartition("/")[0] != mark.rpartition("/")[0]:
                raise fault(
                    f"the address is reserved for {other.get('hw-address', 'another client')} ({_name(other) or 'no name'})",
                    "One address has one device: correct the one or the other; nothing was changed",
                )
        entry = _entry(subnet, news["mac"])
        if entry is None:
            entry = {"hw-address": news["mac"]}
            subnet["reservations"].append(entry)
        elif fresh:
            owner = _mark(entry)
            if owner not in (None, mark):
                raise fault(
                    f"it is declared by {owner} already",
                    "Declare it once; after a rename give the resource an alias; nothing was changed",
                )
            if owner is None and not _same(entry, wanted):
                raise fault(
                    f"that MAC address has {entry.get('ip-address', 'no address')} ({_name(entry) or 'no name'}) already",
                    f"Import it (id {news['mac']}/{news['subnet']}@{news['apiUrl']}) or take it out there; nothing was changed",
                )
            call.log("info", f"{news['server']} had this reservation: taken over")
        for key in KEYS.values():
            if key in wanted:
                entry[key] = wanted[key]
            elif entry.get(key) not in NOTHING:
                del entry[key]
        entry["user-context"] = {**(entry.get("user-context") or {}), MARK: mark}

    return apply


def _is_so(config: Config, news: Props, wanted: Props) -> bool:
    subnet = _subnet(config, news["subnet"])
    entry = None if subnet is None else _entry(subnet, news["mac"])
    return entry is not None and _same(entry, wanted)


def _same(entry: dict[str, Any], wanted: Props) -> bool:
    def plain(value: Any) -> Any:
        return None if value in NOTHING else value

    return all(
        plain(entry.get(key)) == wanted.get(key) if key != "hostname" else _name(entry) == wanted.get(key)
        for key in KEYS.values()
    )


def _subnets(config: Config) -> list[dict[str, Any]]:
    dhcp = config["Dhcp4"]
    return [
        *dhcp.get("subnet4", ()),
        *(s for n in dhcp.get("shared-networks", ()) for s in n.get("subnet4", ())),
    ]


def _subnet(config: Config, prefix: str) -> dict[str, Any] | None:
    """The subnet, also inside a shared network."""
    return next((s for s in _subnets(config) if s["subnet"] == prefix), None)


def _entry(subnet: dict[str, Any], mac: str) -> dict[str, Any] | None:
    return next(
        (r for r in subnet.get("reservations", ()) if str(r.get("hw-address", "")).lower() == mac), None
    )


def _name(entry: dict[str, Any]) -> str:
    return str(entry.get("hostname") or "").rstrip(".").lower()


def _mark(entry: dict[str, Any]) -> str | None:
    found = (entry.get("user-context") or {}).get(MARK)
    return None if found is None else str(found)


def _store(call: Call, props: Props) -> KeaStore:
    settings = call.settings
    login = (props["apiUser"], settings.secret(props["secret"])) if props.get("apiUser") else None
    return KeaStore(
        Api(props.get("server", "Kea"), props["apiUrl"], settings, login=login, timeout_s=call.timeout_s)
    )


def _imported(identity: str) -> Props:
    found = f.place(identity, EXAMPLE)
    mac, _, subnet = found.own.partition("/")
    try:
        own = {"mac": f.mac(mac), "subnet": f.ipv4_prefix(subnet)}
    except ValueError as error:
        raise ProviderError(f"{identity}: {error}; an identity to import looks like {EXAMPLE}") from None
    return {**own, "apiUrl": found.url, "server": found.url, **found.labels}
