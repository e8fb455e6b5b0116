"""Record sets of one PowerDNS zone through its HTTP API: whatever changes at once goes in one PATCH, which PowerDNS
does as one transaction."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from stacks.provider import fields as f
from stacks.provider.api import Api, RefusedError
from stacks.provider.handler import Call
from stacks.provider.values import Props

MARK = "rackwright"
"""Account of the comment that says who declared a record set."""
NAMES = ("CNAME", "DNAME", "NS", "PTR")
NAME_AT_END = ("MX", "SRV", "RP", "AFSDB", "KX")
STRINGS = ("SPF", "TXT")
BROKEN_TRIES = 4
"""A database that is locked for a moment (SQLite, under load) is a 500 to the API; the transaction is undone then and
can be sent again as it is."""
CLASH = (409, 422)
"""How PowerDNS answers record sets that cannot stand beside each other."""
BESIDE_CNAME = ("RRSIG", "NSEC", "NSEC3")
"""What DNSSEC puts beside a CNAME (RFC 4034 section 3)."""
LONGEST_STRING = 255
"""RFC 1035 section 3.3: octets of a character-string."""
Key = tuple[str, str]
"""Name with its final dot, and type."""
NOT_CHANGED = "Nothing was changed"


@dataclass(frozen=True)
class RecordSet:
    """All records of a name and type. `records` sorted and uniform; `mark`: who declared it; `remarks`: comments of
    others, kept as they are."""

    ttl: int
    records: tuple[str, ...]
    mark: str | None = None
    remarks: tuple[tuple[str, str, int], ...] = ()


Sets = dict[Key, RecordSet]


@dataclass(frozen=True)
class PowerDns:
    """One PowerDNS Authoritative Server, 4.7 or newer, with a backend that keeps comments (the generic SQL ones)."""

    api: Api

    def zone(self, name: str) -> dict[str, Any] | None:
        """The zone with its record sets; None when it has none of that name."""
        answer = self.api.ask(f"looking at zone {name}", "GET", _path(name))
        if answer.status_code == 404:
            return None
        self._good(answer, f"looking at zone {name}", 200)
        found: dict[str, Any] = answer.json()
        return found

    def send(self, tried: str, method: str, name: str | None, body: Any, good: int) -> None:
        """A change, sent again while the server's database is locked. Raises RefusedError with the server's own
        words, NoAnswerError, or UnreachableError."""
        for left in reversed(range(BROKEN_TRIES)):
            answer = self.api.ask(tried, method, _path(name), body)
            if method == "DELETE" and answer.status_code == 404 and left < BROKEN_TRIES - 1:
                return  # the try before did it after all
            if answer.status_code != 500 or not left:
                break
            time.sleep(0.3)
        self._good(answer, tried, good)

    def _good(self, answer: Any, tried: str, good: int) -> None:
        if answer.status_code == good:
            return
        try:
            text = str(answer.json()["error"])
        except (ValueError, KeyError, TypeError):
            text = answer.text
        said = f"{answer.status_code}, {self.api.words(text)!r}"
        raise RefusedError(self.api.say(tried, said, NOT_CHANGED), answer.status_code, said)


@dataclass(frozen=True)
class ZoneStore:
    """The record sets of one zone, None where the server has no such zone."""

    server: PowerDns
    name: str

    def load(self) -> Sets | None:
        """As the server keeps them."""
        found = self.server.zone(self.name)
        return None if found is None else sets_of(found)

    def save(self, base: Sets | None, draft: Sets | None) -> None:
        """In one PATCH, what goes before what comes."""
        old, new = base or {}, draft or {}
        rows: list[dict[str, Any]] = [
            {"name": key[0], "type": key[1], "changetype": "DELETE", "records": [], "comments": []}
            for key in sorted(set(old) - set(new))
        ]
        changed = sorted(key for key in new if new[key] != old.get(key))
        rows += [row(key, new[key]) for key in changed]
        if rows:
            names = ", ".join(f"{r['name']} {r['type']}" for r in rows[:3])
            tried = (
                f"changing {names}{f' and {len(rows) - 3} more' if len(rows) > 3 else ''} in zone {self.name}"
            )
            try:
                self.server.send(tried, "PATCH", self.name, {"rrsets": rows}, 204)
            except RefusedError as error:
                if error.status in CLASH and (told := clash(self.name, new, changed, error.said)):
                    said, then = told
                    raise RefusedError(self.server.api.say(tried, said, then), error.status) from None
                raise


def clash(zone: str, sets: Sets, changed: Sequence[Key], answered: str) -> tuple[str, str] | None:
    """What was answered and how to go on, where one of the changed record sets would share its name with a CNAME;
    None where none does. `sets`: the zone as it would be.

    Source: RFC 1034 section 3.6.2 and RFC 2181 section 10.1: a CNAME is alone at its name.
    """
    for name, kind in changed:
        others = sorted(
            key for key in sets if key[0] == name and key[1] != kind and key[1] not in BESIDE_CNAME
        )
        if kind != "CNAME":
            others = [key for key in others if key[1] == "CNAME"]
        if not others:
            continue
        other = others[0]
        there = sets[other]
        who = f"declared by {there.mark}" if there.mark else "declared by no stack"
        said = (
            f"{answered}: {name} {kind} cannot stand in zone {zone} beside {name} {other[1]} "
            f"{', '.join(there.records)} (TTL {there.ttl} s, {who})"
        )
        if name == zone:
            way = f"The top of a zone always holds SOA and NS: declare addresses there in place of {kind}"
        elif there.mark:
            way = f"Declare only one of the two, {kind} or {other[1]}; after a change of type run `up` for the other first"
        else:
            way = f"Take {name} {other[1]} out at the server, or declare that in place of {kind}"
        return (
            said,
            f"A CNAME is alone at its name (RFC 1034 section 3.6.2). {way}, then run again. {NOT_CHANGED}",
        )
    return None


def sets_of(zone: dict[str, Any]) -> Sets:
    """Record sets of a zone as the API shows it. Comments without a record, which it may show too, are left out."""
    out: Sets = {}
    for shown in zone.get("rrsets", ()):
        records = [r["content"] for r in shown["records"] if not r.get("disabled")]
        if not records:
            continue
        kind, mark, remarks = shown["type"], None, []
        for comment in shown.get("comments", ()):
            if comment["account"] == MARK:
                mark = comment["content"]
            else:
                remarks.append((comment["account"], comment["content"], int(comment.get("modified_at", 0))))
        key = (shown["name"].lower(), kind)
        out[key] = RecordSet(shown["ttl"], _sorted(kind, records), mark, tuple(sorted(remarks)))
    return out


def row(key: Key, wanted: RecordSet) -> dict[str, Any]:
    """A record set as the API takes it."""
    comments: list[dict[str, Any]] = [
        {"account": account, "content": content, "modified_at": at} for account, content, at in wanted.remarks
    ]
    if wanted.mark:
        comments.append({"account": MARK, "content": wanted.mark})
    return {
        "name": key[0], "type": key[1], "ttl": wanted.ttl, "changetype": "REPLACE", "comments": comments,
        "records": [{"content": content, "disabled": False} for content in wanted.records],
    }  # fmt: skip


def content(kind: str, value: Any) -> str:
    """The content of a record made uniform. Raises ValueError with the reason why it cannot be right."""
    text = f.text(value)
    if kind == "A":
        return f.ipv4(text)
    if kind == "AAAA":
        try:
            return str(ipaddress.IPv6Address(text))
        except ValueError:
            raise ValueError("is no IPv6 address") from None
    if kind in NAMES:
        return f.domain(text)
    if kind in STRINGS:
        return text if text.startswith('"') else _quoted(text)
    words = text.split()
    if kind in NAME_AT_END and len(words) > 1:
        words[-1] = f.domain(words[-1])
    return " ".join(words)


def server_of(call: Call, props: Props, warned: set[str]) -> PowerDns:
    """The server some inputs name, with its key. A key that would cross the network in clear is warned of, once."""
    url = props["apiUrl"]
    parts = urlsplit(url)
    if parts.scheme == "http" and url not in warned and not _loopback(str(parts.hostname)):
        warned.add(url)
        call.log(
            "warning", f"{props['server']}: the key of its API goes to {url} in clear: put TLS before it"
        )
    key = {"X-API-Key": call.settings.secret(props["secret"])}
    return PowerDns(Api(props["server"], url, call.settings, headers=key, timeout_s=call.timeout_s))


def _path(zone: str | None) -> str:
    """Path of a zone, or of all; a zone's id is its name with what is special as =XX."""
    base = "/api/v1/servers/localhost/zones"
    if zone is None:
        return base
    plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"
    return f"{base}/{''.join(c if c in plain else f'={ord(c):02X}' for c in zone)}"


def _sorted(kind: str, records: Iterable[str]) -> tuple[str, ...]:
    out = []
    for record in records:
        try:
            out.append(content(kind, record))
        except ValueError:
            out.append(record)
    return tuple(sorted(out))


def _quoted(text: str) -> str:
    octets = text.replace("\\", "\\\\").replace('"', '\\"')
    parts = [octets[i : i + LONGEST_STRING] for i in range(0, len(octets), LONGEST_STRING)]
    return " ".join(f'"{part}"' for part in parts)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
