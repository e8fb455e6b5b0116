"""`rackwright:dns:Zone` and `rackwright:dns:RecordSet`: names in PowerDNS.

A comment of the account `rackwright` beside each record set says who declared it, so that a second declaration of the
same is refused and an `up` that was killed finds its own work again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from stacks.provider import fields as f
from stacks.provider.api import NoAnswerError
from stacks.provider.errors import ProviderError, sentence
from stacks.provider.groups import Groups, Job
from stacks.provider.handler import Call, Diff, Found, Problem, compare
from stacks.provider.powerdns_store import (
    NOT_CHANGED,
    Key,
    PowerDns,
    RecordSet,
    Sets,
    ZoneStore,
    content,
    row,
    server_of,
    sets_of,
)
from stacks.provider.values import Props, is_unknown
from topology.zonefiles import TTL_S

SERVER_FIELDS: dict[str, f.Normal] = {"apiUrl": f.api_url, "server": f.text, "secret": f.text}
SOA_TIMES = "7200 900 1209600 3600"
"""Refresh, retry, expire and negative TTL in seconds (RFC 1912 section 2.2), as in the zone files."""
SOA_EDIT = ("DEFAULT", "INCREASE", "EPOCH", "SOA-EDIT", "SOA-EDIT-INCREASE", "OFF")
TTL_MOST_S = 2**31 - 1
"""RFC 2181 section 8."""


def names(value: Any) -> list[str]:
    """DNS names, sorted, at least one."""
    if not isinstance(value, list) or not value:
        raise ValueError("must be a list of names, at least one")
    return sorted({f.domain(name) for name in value})


def texts(value: Any) -> list[str]:
    """Contents of records as given, at least one."""
    if not isinstance(value, list) or not value:
        raise ValueError("must be a list of contents, at least one")
    return [f.text(text) for text in value]


def record_type(value: Any) -> str:
    """A record type in capitals."""
    kind = str(value).upper()
    if not kind.isalnum():
        raise ValueError("is no record type")
    if kind == "SOA":
        raise ValueError("belongs to the zone: declare it there")
    return kind


ZONE_FIELDS = {
    **SERVER_FIELDS, "name": f.domain, "kind": f.one_of("Native", "Master"), "nameservers": names,
    "soaEdit": f.one_of(*SOA_EDIT),
}  # fmt: skip
ZONE_EXAMPLE = "dc.example.@http://10.9.0.2:8081#secret=NAME"
RECORD_FIELDS = {
    **SERVER_FIELDS, "zone": f.domain, "name": f.domain, "type": record_type, "ttl": f.whole(0, TTL_MOST_S),
    "records": texts,
}  # fmt: skip
RECORD_EXAMPLE = "a-ecs-001.dc.example./A@dc.example.@http://10.9.0.2:8081#secret=NAME"


@dataclass
class ZoneHandler:
    """Zones: kind, name servers (with the SOA that names the first of them), and how the serial moves.

    `soaEdit` is PowerDNS's SOA-EDIT-API. Records in the zone are record sets of their own.
    """

    warned: set[str] = field(default_factory=set)

    def check(self, call: Call, olds: Props, news: Props) -> tuple[Props, list[Problem]]:
        """Inputs made uniform."""
        return f.checked(
            {"kind": "Native", **news}, ZONE_FIELDS, tuple(set(ZONE_FIELDS) - {"soaEdit", "kind"})
        )

    def diff(self, call: Call, identity: str, olds: Props, news: Props) -> Diff:
        """Another name is another zone."""
        return compare(olds, news, ZONE_FIELDS, replaces=("name", "apiUrl"))

    def create(self, call: Call, news: Props) -> tuple[str, Props]:
        """Make the zone. One that is there already, exactly so and declared by nobody else, is taken over."""
        own = f.identity(news["name"], news["apiUrl"])
        if call.preview:
            return own, dict(news)
        server, mark = server_of(call, news, self.warned), f.declared_by(call.urn)
        found = server.zone(news["name"])
        if found is not None:
            self._take_over(call, server, news, found, mark)
            return own, dict(news)
        wanted = _apex(news, mark)
        rrsets = [
            {k: v for k, v in row(key, one).items() if k != "changetype"} for key, one in wanted.items()
        ]
        body = {"name": news["name"], "kind": news["kind"], "soa_edit_api": news.get("soaEdit", "DEFAULT"),
                "nameservers": [], "rrsets": rrsets}  # fmt: skip
        tried = f"making zone {news['name']}"
        try:
            server.send(tried, "POST", None, body, 201)
        except NoAnswerError:
            if server.zone(news["name"]) is None:
                raise
        self._read_back(server, news, tried)
        return own, dict(news)

    def read(self, call: Call, identity: str, state: Props, inputs: Props) -> Found | None:
        """The zone as the server has it; its serial moves with every record and is no part of it."""
        known = {**state, **inputs} or _imported(identity, ZONE_EXAMPLE)
        if "name" not in known:
            known["name"] = _imported_field(identity, known.pop("own"), f.domain, ZONE_EXAMPLE)
        zone = server_of(call, known, self.warned).zone(known["name"])
        if zone is None:
            return None
        found = {key: known[key] for key in (*SERVER_FIELDS, "name")}
        found |= {"kind": zone["kind"], "nameservers": _nameservers(sets_of(zone), known["name"])}
        edit = zone.get("soa_edit_api") or "OFF"
        if "soaEdit" in known or (not state and edit != "DEFAULT"):
            found["soaEdit"] = edit
        return Found(f.identity(known["name"], known["apiUrl"]), found, dict(found))

    def update(self, call: Call, identity: str, olds: Props, news: Props) -> Props:
        """Change it; when the second half fails the first is taken back."""
        if not call.preview:
            server = server_of(call, news, self.warned)
            zone = server.zone(news["name"])
            if zone is None:
                return self.create(call, news)[1]
            self._bring(call, server, news, zone, forget_edit=bool(olds.get("soaEdit")))
        return dict(news)

    def delete(self, call: Call, identity: str, state: Props) -> None:
        """Take the zone away, unless it holds names that nobody here declared."""
        server = server_of(call, state, self.warned)
        zone, tried = server.zone(state["name"]), f"deleting zone {state['name']}"
        if zone is None:
            call.log("info", f"{state['server']} had no zone {state['name']} any more")
            return
        left = sorted(key for key in sets_of(zone) if key not in _apex(state, ""))
        if left:
            some = ", ".join(" ".join(key) for key in left[:3])
            raise ProviderError(
                server.api.say(
                    tried, f"it still holds {len(left)} record sets that no stack took out ({some})",
                    "Take them out or declare them; the zone was left as it is",
                )
            )  # fmt: skip
        try:
            server.send(tried, "DELETE", state["name"], None, 204)
        except NoAnswerError:
            if server.zone(state["name"]) is not None:
                raise

    def lock_key(self, props: Props) -> str:
        """One zone at a time."""
        return f"{props.get('apiUrl')}/{props.get('name')}"

    def _take_over(
        self, call: Call, server: PowerDns, news: Props, zone: dict[str, Any], mark: str
    ) -> None:  # fmt: skip
        sets, tried = sets_of(zone), f"making zone {news['name']}"
        apex = sets.get((news["name"], "NS"))
        owner = apex.mark if apex else None
        if owner not in (None, mark):
            raise ProviderError(
                server.api.say(
                    tried,
                    f"it is declared by {owner} already",
                    f"Declare it once; after a rename give the resource an alias. {NOT_CHANGED}",
                )
            )
        if owner is None and not _same_zone(zone, news):
            has = f"{zone['kind']}, {', '.join(_nameservers(sets, news['name'])) or 'no name server'}"
            own = f.identity(news["name"], news["apiUrl"])
            raise ProviderError(
                server.api.say(
                    tried,
                    f"it is there already ({has})",
                    f"Import it (id {own}#secret={news['secret']}) or take it away there. {NOT_CHANGED}",
                )
            )
        self._bring(call, server, news, zone)
        call.log("info", f"{news['server']} had zone {news['name']}: taken over")

    def _bring(
        self, call: Call, server: PowerDns, news: Props, zone: dict[str, Any], *, forget_edit: bool = False
    ) -> None:  # fmt: skip
        """Make an existing zone as wanted, or leave it as it was. `forget_edit`: its own way of moving the serial."""
        sets, wanted = sets_of(zone), _apex(news, f.declared_by(call.urn))
        primary = (sets.get((news["name"], "SOA")) or RecordSet(0, ("",))).records[0].partition(" ")[0]
        rows = []
        for key, one in wanted.items():
            old = sets.get(key)
            if old is not None:
                one = replace(one, ttl=old.ttl, remarks=old.remarks)
            if old != one and (key[1] == "NS" or primary.lower() != news["nameservers"][0]):
                rows.append(row(key, one))
        tried = f"changing zone {news['name']}"
        if rows:
            server.send(tried, "PATCH", news["name"], {"rrsets": rows}, 204)
        body = {"kind": news["kind"]}
        if edit := news.get("soaEdit") or ("DEFAULT" if forget_edit else None):
            body["soa_edit_api"] = edit
        if any(zone.get(key) != value for key, value in body.items()):
            try:
                server.send(tried, "PUT", news["name"], body, 204)
            except ProviderError as error:
                back = [row(key, sets[key]) for key in wanted if key in sets]
                try:
                    server.send(tried, "PATCH", news["name"], {"rrsets": back}, 204)
                except ProviderError as again:
                    raise ProviderError(
                        f"{error} Its name servers are changed already; taking that back failed too: {again}"
                    ) from None
                raise
        self._read_back(server, news, tried)

    def _read_back(self, server: PowerDns, news: Props, tried: str) -> None:
        zone = server.zone(news["name"])
        if zone is None or not _same_zone(zone, news):
            said = "it was taken, and reading back shows something else"
            raise ProviderError(server.api.say(tried, said, "Find out who else writes there, then run again"))


@dataclass
class RecordSetHandler:
    """Record sets of any number of zones; what is asked at once of one zone goes in one transaction."""

    groups: Groups = field(default_factory=Groups)
    warned: set[str] = field(default_factory=set)

    def check(self, call: Call, olds: Props, news: Props) -> tuple[Props, list[Problem]]:
        """Inputs made uniform; the name has to lie in the zone, each content has to fit the type."""
        inputs, problems = f.checked(
            {"ttl": TTL_S, **news}, RECORD_FIELDS, tuple(set(RECORD_FIELDS) - {"ttl"})
        )
        name, zone, kind, records = (inputs.get(key) for key in ("name", "zone", "type", "records"))
        if name and zone and not is_unknown([name, zone]):
            if name != zone and not name.endswith(f".{zone}"):
                problems.append(Problem("name", f"{name} is not in zone {zone}"))
            elif name == zone and kind == "NS":
                problems.append(Problem("type", f"the name servers of {zone} belong to the zone"))
        if kind and records and not is_unknown([kind, records]):
            try:
                inputs["records"] = sorted({content(kind, record) for record in records})
            except ValueError as error:
                problems.append(Problem("records", f"{records!r}: one of them {error}"))
            if kind == "CNAME" and len(records) > 1:
                problems.append(Problem("records", "a CNAME is alone (RFC 2181 section 10.1)"))
        return inputs, problems

    def diff(self, call: Call, identity: str, olds: Props, news: Props) -> Diff:
        """Another name or type, in another zone or on another server, is another record set."""
        return compare(olds, news, RECORD_FIELDS, replaces=("apiUrl", "zone", "name", "type"))

    def create(self, call: Call, news: Props) -> tuple[str, Props]:
        """Write it. What stands there already, exactly so and declared by nobody else, is taken over."""
        if not call.preview:
            self._put(call, news, fresh=True)
        return _record_identity(news), dict(news)

    def read(self, call: Call, identity: str, state: Props, inputs: Props) -> Found | None:
        """The record set as the server has it."""
        known = {**state, **inputs}
        if not known:
            known = _imported(identity, RECORD_EXAMPLE)
            record, _, zone = str(known.pop("own")).rpartition("@")
            name, _, kind = record.rpartition("/")
            for part, text, normal in (
                ("name", name, f.domain),
                ("type", kind, record_type),
                ("zone", zone, f.domain),
            ):
                known[part] = _imported_field(identity, text, normal, RECORD_EXAMPLE)
        key = (known["name"], known["type"])

        def look(sets: Sets | None) -> RecordSet | None:
            return (sets or {}).get(key)

        one = self._join(call, known, Job(look, insist=False))
        if one is None:
            return None
        found = {name: known[name] for name in (*SERVER_FIELDS, "zone", "name", "type")}
        found |= {"ttl": one.ttl, "records": list(one.records)}
        return Found(_record_identity(found), found, dict(found))

    def update(self, call: Call, identity: str, olds: Props, news: Props) -> Props:
        """Change it, in one transaction."""
        if not call.preview:
            self._put(call, news, fresh=False)
        return dict(news)

    def delete(self, call: Call, identity: str, state: Props) -> None:
        """Take it out."""
        key = (state["name"], state["type"])

        def apply(sets: Sets | None) -> bool:
            return sets is not None and sets.pop(key, None) is not None

        if not self._join(call, state, Job(apply, lambda sets: key not in (sets or {}))):
            call.log("info", f"{state['server']} had no {' '.join(key)} any more")

    def lock_key(self, props: Props) -> str:
        """None: many at once make one change."""
        return ""

    def _put(self, call: Call, news: Props, *, fresh: bool) -> None:
        key = (news["name"], news["type"])
        wanted = (news["ttl"], tuple(news["records"]))

        def holds(sets: Sets | None) -> bool:
            one = (sets or {}).get(key)
            return one is not None and (one.ttl, one.records) == wanted

        self._join(call, news, Job(_putting(call, news, key, fresh), holds))

    def _join(self, call: Call, props: Props, job: Job[Sets | None]) -> Any:
        job.abandoned = call.abandoned
        store = ZoneStore(server_of(call, props, self.warned), props["zone"])
        return self.groups.join(f"{props['apiUrl']}/{props['zone']}", job, store)


def _putting(call: Call, news: Props, key: Key, fresh: bool) -> Callable[[Sets | None], None]:
    mark, wanted = f.declared_by(call.urn), RecordSet(news["ttl"], tuple(news["records"]))

    def fault(answered: str, then: str) -> ProviderError:
        tried = f"writing {' '.join(key)} to zone {news['zone']}"
        return ProviderError(
            sentence(news["server"], news["apiUrl"], tried, answered, f"{then}. {NOT_CHANGED}")
        )

    def apply(sets: Sets | None) -> None:
        if sets is None:
            raise fault("it has no such zone", "Declare the zone first, or correct the name")
        old = sets.get(key)
        if old is not None and fresh:
            if old.mark not in (None, mark):
                raise fault(
                    f"it is declared by {old.mark} already",
                    "Declare it once; after a rename give the resource an alias",
                )
            if old.mark is None and (old.ttl, old.records) != (wanted.ttl, wanted.records):
                raise fault(
                    f"there is {', '.join(old.records)} (TTL {old.ttl} s) already",
                    f"Import it (id {_record_identity(news)}#secret={news['secret']}) or take it out there",
                )
            call.log("info", f"{news['server']} had {' '.join(key)}: taken over")
        sets[key] = replace(wanted, mark=mark, remarks=old.remarks if old else ())

    return apply


def _record_identity(props: Props) -> str:
    return f.identity(f"{props['name']}/{props['type']}@{props['zone']}", props["apiUrl"])


def _apex(props: Props, mark: str) -> Sets:
    """What a zone begins with: name servers, and the SOA that names the first of them."""
    name, servers = props["name"], props["nameservers"]
    soa = f"{servers[0]} hostmaster.{servers[0].partition('.')[2] or name} 1 {SOA_TIMES}"
    return {(name, "SOA"): RecordSet(TTL_S, (soa,)), (name, "NS"): RecordSet(TTL_S, tuple(servers), mark)}


def _same_zone(zone: dict[str, Any], news: Props) -> bool:
    edit = news.get("soaEdit")
    return (
        zone["kind"] == news["kind"]
        and edit in (None, zone.get("soa_edit_api") or "OFF")
        and _nameservers(sets_of(zone), news["name"]) == news["nameservers"]
    )


def _nameservers(sets: Sets, name: str) -> list[str]:
    found = sets.get((name, "NS"))
    return sorted(found.records) if found else []


def _imported(identity: str, example: str) -> Props:
    found = f.place(identity, example)
    if "secret" not in found.labels:
        raise ProviderError(
            f"{identity}: the key of the API is needed to look: put #secret=NAME behind it, like {example}"
        )
    return {"own": found.own, "apiUrl": found.url, "server": found.url, **found.labels}


def _imported_field(identity: str, text: str, normal: f.Normal, example: str) -> Any:
    try:
        return normal(text)
    except ValueError as error:
        raise ProviderError(
            f"{identity}: {text!r} {error}; an identity to import looks like {example}"
        ) from None
