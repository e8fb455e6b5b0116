"""Zones and record sets over gRPC, without the engine, in a real PowerDNS."""

from __future__ import annotations

import json
import socket
import ssl
import struct as binary
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from rackwright.lab.bmc_tls import certificates
from tests.stacks.at_once import create_all
from tests.stacks.http_between import between
from tests.stacks.provider_client import Client, RefusedError, provider
from tests.stacks.services import API_KEY, PowerDns, powerdns

ZONE, RECORD = "rackwright:dns:Zone", "rackwright:dns:RecordSet"
DOMAIN = "dc.example."
NAME = f"a-ecs-001.{DOMAIN}"
KEYS = {
    "timeoutS": "5",
    "retryS": "0",
    "secrets": json.dumps({"dns-key": "env:DNS_KEY", "other-key": "env:OTHER_KEY"}),
}
ENVIRONMENT = {"DNS_KEY": API_KEY, "OTHER_KEY": "wrong-but-secret-too"}


@pytest.fixture(scope="module")
def server() -> Iterator[PowerDns]:
    with powerdns() as found:
        yield found


@pytest.fixture(scope="module")
def client(server: PowerDns) -> Iterator[Client]:
    with provider(ENVIRONMENT, **KEYS) as found:
        yield found


@pytest.fixture(autouse=True)
def empty(server: PowerDns) -> None:
    server.drop_all()


def zone_of(server: PowerDns | str, **other: Any) -> dict[str, Any]:
    """A zone's inputs."""
    url = server if isinstance(server, str) else server.url
    given = {"apiUrl": url, "server": "a-dns", "secret": "dns-key", "name": DOMAIN, "kind": "Native",
             "nameservers": [f"ns1.{DOMAIN}", f"ns2.{DOMAIN}"]}  # fmt: skip
    return given | other


def record_of(server: PowerDns | str, **other: Any) -> dict[str, Any]:
    """A record set's inputs."""
    url = server if isinstance(server, str) else server.url
    given = {"apiUrl": url, "server": "a-dns", "secret": "dns-key", "zone": DOMAIN, "name": NAME, "type": "A", "ttl": 3600,
             "records": ["10.1.0.5"]}  # fmt: skip
    return given | other


def test_a_zone_from_creation_to_deletion(server: PowerDns, client: Client) -> None:
    given = zone_of(server, name="DC.example", nameservers=["ns2.dc.example", "NS1.dc.example."])
    del given["kind"]
    inputs, problems = client.check(ZONE, given)
    assert (inputs, problems) == (zone_of(server), [])
    identity, state = client.create(ZONE, inputs)
    assert (identity, state) == (f"{DOMAIN}@{server.url}", inputs)
    sets = server.sets(DOMAIN)
    assert sets[DOMAIN, "NS"] == (3600, [f"ns1.{DOMAIN}", f"ns2.{DOMAIN}"])
    assert sets[DOMAIN, "SOA"][1][0].startswith(f"ns1.{DOMAIN} hostmaster.{DOMAIN} ")
    assert client.read(ZONE, identity, state, inputs) == (identity, state, inputs)
    news = zone_of(server, kind="Master", nameservers=[f"ns0.{DOMAIN}"], soaEdit="INCREASE")
    found = client.diff(ZONE, identity, state, news)
    assert (sorted(found.detailedDiff), list(found.replaces)) == (["kind", "nameservers", "soaEdit"], [])
    state = client.update(ZONE, identity, state, news)
    assert client.read(ZONE, identity, state, news)[2] == news
    assert server.sets(DOMAIN)[DOMAIN, "SOA"][1][0].startswith(f"ns0.{DOMAIN} ")
    state = client.update(ZONE, identity, state, inputs)
    assert server.call("GET", f"/zones/{DOMAIN}").json()["soa_edit_api"] == "DEFAULT"
    client.delete(ZONE, identity, state)
    assert server.zones() == []
    client.delete(ZONE, identity, state)
    assert client.read(ZONE, identity, state, inputs)[0] == ""


def test_a_record_set_from_creation_to_deletion(server: PowerDns, client: Client) -> None:
    client.create(ZONE, zone_of(server))
    given = record_of(server, name=NAME.upper().rstrip("."), type="a", records=["10.1.0.6", "10.1.0.5"])
    del given["ttl"]
    inputs, problems = client.check(RECORD, given)
    assert (inputs, problems) == (record_of(server, records=["10.1.0.5", "10.1.0.6"]), [])
    identity, state = client.create(RECORD, inputs)
    assert (identity, state) == (f"{NAME}/A@{DOMAIN}@{server.url}", inputs)
    assert server.sets(DOMAIN)[NAME, "A"] == (3600, ["10.1.0.5", "10.1.0.6"])
    assert answers(server, NAME) == {"10.1.0.5", "10.1.0.6"}
    assert client.read(RECORD, identity, state, inputs) == (identity, state, inputs)
    assert not client.diff(RECORD, identity, state, inputs).diffs
    news = record_of(server, ttl=300, records=["10.1.0.7"])
    assert sorted(client.diff(RECORD, identity, state, news).detailedDiff) == ["records", "ttl"]
    state = client.update(RECORD, identity, state, news)
    assert server.sets(DOMAIN)[NAME, "A"] == (300, ["10.1.0.7"])
    client.delete(RECORD, identity, state)
    assert (NAME, "A") not in server.sets(DOMAIN)
    client.delete(RECORD, identity, state)
    assert client.read(RECORD, identity, state, news)[0] == ""
    shown = server.call("GET", f"/zones/{DOMAIN}").json()["rrsets"]
    assert NAME not in [s["name"] for s in shown], "its comment goes with it"


def answers(server: PowerDns, name: str) -> set[str]:
    """What the server answers to a query for the addresses of a name."""
    labels = b"".join(bytes([len(p)]) + p.encode() for p in name.rstrip(".").split("."))
    query = binary.pack("!6H", 7, 0, 1, 0, 0, 0) + labels + b"\0" + binary.pack("!2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(10)
        line.sendto(query, ("127.0.0.1", server.dns_port))
        got = line.recv(4096)
    count, at = binary.unpack("!H", got[6:8])[0], len(query)
    out = set()
    for _ in range(count):  # names are compressed to two octets
        length = binary.unpack("!H", got[at + 10 : at + 12])[0]
        out.add(socket.inet_ntoa(got[at + 12 : at + 12 + length]))
        at += 12 + length
    return out


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("AAAA", "2001:DB8:0:0::5", "2001:db8::5"),
        ("CNAME", "B.dc.example", "b.dc.example."),
        ("PTR", "a-ecs-001.dc.example.", "a-ecs-001.dc.example."),
        ("TXT", 'says "no" \\ or ' + "x" * 300, None),
        ("MX", "10  mail.dc.example", "10 mail.dc.example."),
        ("SRV", "0 5 443 web.dc.example", "0 5 443 web.dc.example."),
        ("CAA", '0 issue "ca.example"', '0 issue "ca.example"'),
    ],
)  # fmt: skip
def test_contents_come_back_as_they_were_declared(
    server: PowerDns, client: Client, kind: str, given: str, kept: str | None
) -> None:
    client.create(ZONE, zone_of(server))
    inputs, problems = client.check(
        RECORD, record_of(server, type=kind, records=[given], name=f"_x.y.{DOMAIN}")
    )
    assert not problems
    if kept is not None:
        assert inputs["records"] == [kept]
    identity, state = client.create(RECORD, inputs)
    assert client.read(RECORD, identity, state, inputs)[2] == inputs


PROBLEMS: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "no address": (RECORD, {"records": ["10.1.0.256"]}, "records", "is no IPv4 address"),
    "another zone": (RECORD, {"name": "a.other.example."}, "name", "is not in zone"),
    "soa": (RECORD, {"type": "SOA"}, "type", "belongs to the zone"),
    "name servers": (RECORD, {"type": "NS", "name": DOMAIN, "records": ["ns1.x."]}, "type", "belong to the zone"),
    "two names": (RECORD, {"type": "CNAME", "records": ["a.b.", "c.d."]}, "records", "a CNAME is alone"),
    "ttl": (RECORD, {"ttl": -1}, "ttl", "whole number from 0"),
    "nothing": (RECORD, {"records": []}, "records", "at least one"),
    "no key": (RECORD, {"secret": None}, "secret", "is missing"),
    "kind": (ZONE, {"kind": "Slave"}, "kind", "must be one of Native, Master"),
    "no server": (ZONE, {"nameservers": []}, "nameservers", "at least one"),
    "bad name": (ZONE, {"name": "a..b"}, "name", "is no DNS name"),
}  # fmt: skip


@pytest.mark.parametrize("case", PROBLEMS)
def test_what_cannot_be_right_is_said_before_anything_is_sent(client: Client, case: str) -> None:
    token, other, field, said = PROBLEMS[case]
    given = (
        zone_of("http://127.0.0.1:1", **other) if token == ZONE else record_of("http://127.0.0.1:1", **other)
    )
    _, problems = client.check(token, given)
    assert [(name, said in reason) for name, reason in problems] == [(field, True)], problems


def test_a_preview_changes_nothing(server: PowerDns, client: Client) -> None:
    client.create(ZONE, zone_of(server), preview=True)
    client.create(RECORD, record_of(server), preview=True)
    client.update(RECORD, "x", record_of(server), record_of(server, ttl=1), preview=True)
    assert server.zones() == []


@pytest.mark.parametrize("field", ["name", "type", "zone", "apiUrl"])
def test_another_name_or_type_is_another_record_set(server: PowerDns, client: Client, field: str) -> None:
    found = client.diff(RECORD, "x", record_of(server), record_of(server, **{field: "other"}))
    assert (list(found.replaces), found.deleteBeforeReplace) == ([field], True)


def test_drift_is_seen_and_put_right(server: PowerDns, client: Client) -> None:
    client.create(ZONE, zone_of(server))
    inputs = record_of(server)
    identity, state = client.create(RECORD, inputs)
    server.put(DOMAIN, NAME, "A", "10.6.6.6", ttl=60)
    _, found, found_inputs = client.read(RECORD, identity, state, inputs)
    assert (found_inputs["records"], found_inputs["ttl"]) == (["10.6.6.6"], 60)
    assert sorted(client.diff(RECORD, identity, found, inputs).diffs) == ["records", "ttl"]
    client.update(RECORD, identity, found, inputs)
    assert server.sets(DOMAIN)[NAME, "A"] == (3600, ["10.1.0.5"])
    server.put(DOMAIN, NAME, "A")
    assert client.read(RECORD, identity, state, inputs)[0] == ""
    client.update(RECORD, identity, state, inputs)
    assert server.sets(DOMAIN)[NAME, "A"] == (3600, ["10.1.0.5"])
    server.put(DOMAIN, DOMAIN, "NS", "ns9.evil.example.")
    found = client.read(ZONE, "x", zone_of(server), zone_of(server))[1]
    assert list(client.diff(ZONE, "x", found, zone_of(server)).diffs) == ["nameservers"]
    client.update(ZONE, "x", found, zone_of(server))
    assert server.sets(DOMAIN)[DOMAIN, "NS"][1] == [f"ns1.{DOMAIN}", f"ns2.{DOMAIN}"]
    server.drop_all()
    assert client.read(ZONE, "x", zone_of(server), zone_of(server))[0] == ""
    assert client.read(RECORD, identity, state, inputs)[0] == ""
    with pytest.raises(RefusedError, match=r"no such zone. Declare the zone first"):
        client.update(RECORD, identity, state, inputs)


def test_import_by_identity(server: PowerDns, client: Client) -> None:
    body = {"name": DOMAIN, "kind": "Native", "nameservers": [f"ns1.{DOMAIN}", f"ns2.{DOMAIN}"]}
    assert server.call("POST", "/zones", body).status_code == 201
    server.put(DOMAIN, NAME, "A", "10.1.0.5", ttl=3600)
    more = "#secret=dns-key&server=a-dns"
    assert client.read(ZONE, f"{DOMAIN}@{server.url}{more}")[2] == zone_of(server)
    identity, state, inputs = client.read(RECORD, f"{NAME}/A@{DOMAIN}@{server.url}{more}")
    assert inputs == state == record_of(server)
    assert client.create(RECORD, inputs)[0] == identity, "the same there already is taken over"
    client.create(ZONE, zone_of(server))
    assert client.read(RECORD, f"b.{DOMAIN}/A@{DOMAIN}@{server.url}{more}")[0] == ""
    with pytest.raises(RefusedError, match=r"put #secret=NAME behind it"):
        client.read(RECORD, f"{NAME}/A@{DOMAIN}@{server.url}")
    with pytest.raises(RefusedError, match=r"an identity to import looks like a-ecs-001"):
        client.read(RECORD, f"{NAME}@{DOMAIN}@{server.url}{more}")


def test_somebody_elses_records_are_neither_overwritten_nor_deleted(server: PowerDns, client: Client) -> None:
    client.create(ZONE, zone_of(server))
    server.put(DOMAIN, NAME, "A", "10.9.9.9")
    with pytest.raises(
        RefusedError, match=r"a-dns .*there is 10\.9\.9\.9 \(TTL 300 s\) already.*Import it \(id a-ecs-001"
    ):
        client.create(RECORD, record_of(server))
    with pytest.raises(
        RefusedError, match=rf"it still holds 1 record sets that no stack took out \({NAME} A\)"
    ):
        client.delete(ZONE, "x", zone_of(server))
    assert server.sets(DOMAIN)[NAME, "A"] == (300, ["10.9.9.9"])
    server.drop_all()
    server.call("POST", "/zones", {"name": DOMAIN, "kind": "Native", "nameservers": [f"ns1.{DOMAIN}"]})
    with pytest.raises(RefusedError, match=r"a-dns .*it is there already \(Native, ns1.*Import it"):
        client.create(ZONE, zone_of(server))


def test_remarks_of_others_stay(server: PowerDns, client: Client) -> None:
    client.create(ZONE, zone_of(server))
    identity, state = client.create(RECORD, record_of(server))
    comments = [{"account": "ops", "content": "see ticket 7"}]
    rows = [{"name": NAME, "type": "A", "changetype": "REPLACE", "comments": comments}]
    assert server.call("PATCH", f"/zones/{DOMAIN}", {"rrsets": rows}).status_code == 204
    client.update(RECORD, identity, state, record_of(server, ttl=60))
    shown = next(s for s in server.call("GET", f"/zones/{DOMAIN}").json()["rrsets"] if s["name"] == NAME)
    assert sorted((c["account"], c["content"]) for c in shown["comments"]) == [
        ("ops", "see ticket 7"), ("rackwright", "project/test/thing"),
    ]  # fmt: skip


def test_many_at_once_are_few_transactions(server: PowerDns, client: Client) -> None:
    client.create(ZONE, zone_of(server, soaEdit="INCREASE"))
    before = server.call("GET", f"/zones/{DOMAIN}").json()["serial"]
    wanted = [
        record_of(server, name=f"h{n}.{DOMAIN}", records=[f"10.1.{n // 250}.{n % 250 + 1}"])
        for n in range(300)
    ]
    with ThreadPoolExecutor(32) as pool:
        made = list(pool.map(lambda r: client.create(RECORD, r), wanted))
        assert len(server.sets(DOMAIN)) == 302
        assert server.call("GET", f"/zones/{DOMAIN}").json()["serial"] - before <= 60
        found = list(pool.map(lambda m: client.read(RECORD, m[0], m[1], m[1]), made))
        assert [state for _, state, _ in found] == wanted
        list(pool.map(lambda m: client.delete(RECORD, *m), made))
    assert len(server.sets(DOMAIN)) == 2


def test_one_that_is_refused_does_not_take_the_others_with_it(server: PowerDns, client: Client) -> None:
    client.create(ZONE, zone_of(server))
    client.create(RECORD, record_of(server))
    bad = record_of(server, type="CNAME", records=[f"b.{DOMAIN}"])
    good = [record_of(server, name=f"h{n}.{DOMAIN}") for n in range(8)]
    said = create_all(client, RECORD, [*good[:4], bad, *good[4:]])
    assert [bool(text) for text in said] == [False] * 4 + [True] + [False] * 4
    assert "422" in said[4]
    assert "Conflicts with pre-existing RRset" in said[4]
    assert len(server.sets(DOMAIN)) == 2 + 1 + 8


@pytest.mark.parametrize(
    ("there", "theirs", "kind", "mine"),
    [("CNAME", "ns1.dc.example.", "A", "10.1.0.5"), ("A", "10.1.0.9", "CNAME", "b.dc.example.")],
)
def test_a_name_that_has_another_type_is_named_with_both(
    server: PowerDns, client: Client, there: str, theirs: str, kind: str, mine: str
) -> None:
    client.create(ZONE, zone_of(server))
    server.put(DOMAIN, NAME, there, theirs)
    inputs = record_of(server, type=kind, records=[mine])
    with pytest.raises(RefusedError) as caught:
        client.create(RECORD, inputs)
    said = str(caught.value)
    assert (
        f"{NAME} {kind} cannot stand in zone {DOMAIN} beside {NAME} {there} {theirs} (TTL 300 s, declared by no stack)"
        in said
    )
    assert (
        f"Take {NAME} {there} out at the server, or declare that in place of {kind}, then run again" in said
    )
    assert server.sets(DOMAIN)[NAME, there] == (300, [theirs])
    server.put(DOMAIN, NAME, there)
    client.create(RECORD, inputs)
    with pytest.raises(RefusedError, match="The top of a zone always holds SOA and NS"):
        client.create(RECORD, record_of(server, name=DOMAIN, type="CNAME", records=[f"b.{DOMAIN}"]))


def test_two_declared_types_that_cannot_stand_beside_each_other_are_both_named(
    server: PowerDns, client: Client
) -> None:
    client.create(ZONE, zone_of(server))
    client.create(RECORD, record_of(server))
    other = record_of(server, type="CNAME", records=[f"b.{DOMAIN}"])
    fine = record_of(server, name=f"c.{DOMAIN}")
    with ThreadPoolExecutor(2) as pool:
        bad, good = (pool.submit(client.create, RECORD, x) for x in (other, fine))
        good.result()
        with pytest.raises(
            RefusedError,
            match=r"beside a-ecs-001\.dc\.example\. A 10\.1\.0\.5 .*Declare only one of the two, CNAME or A",
        ):
            bad.result()


def test_two_providers_at_once_lose_nothing(server: PowerDns, client: Client) -> None:
    client.create(ZONE, zone_of(server))
    with provider(ENVIRONMENT, **KEYS) as second, ThreadPoolExecutor(16) as pool:
        clients = (client, second)
        wanted = [record_of(server, name=f"h{n}.{DOMAIN}") for n in range(60)]
        list(pool.map(lambda n: clients[n % 2].create(RECORD, wanted[n]), range(60)))
    assert len(server.sets(DOMAIN)) == 62


def test_a_server_that_is_down_or_lets_nobody_in(server: PowerDns, client: Client) -> None:
    client.create(ZONE, zone_of(server))
    with pytest.raises(
        RefusedError, match=r"a-dns .*looking at zone dc\.example\.: 401, who asks is not let in"
    ) as caught:
        client.create(RECORD, record_of(server, secret="other-key"))  # noqa: S106 - its name
    assert ENVIRONMENT["OTHER_KEY"] not in str(caught.value)
    with pytest.raises(RefusedError, match="secret nobody is not in the inventory"):
        client.create(RECORD, record_of(server, secret="nobody"))  # noqa: S106 - its name
    server.stop()
    try:
        for call in (
            lambda: client.create(RECORD, record_of(server)),
            lambda: client.read(RECORD, "x", record_of(server), record_of(server)),
            lambda: client.delete(ZONE, "x", zone_of(server)),
        ):
            with pytest.raises(RefusedError, match=r"no connection .connection refused., nothing was sent"):
                call()
    finally:
        server.start()
    assert len(server.sets(DOMAIN)) == 2


def test_half_a_change_of_a_zone_is_taken_back(server: PowerDns) -> None:
    def meddle(method: str, _: bytes) -> str:
        return "fail" if method == "PUT" else ""

    with between(server.url, meddle) as url, provider(ENVIRONMENT, **KEYS) as client:
        old, new = zone_of(url), zone_of(url, kind="Master", nameservers=[f"ns7.{DOMAIN}"])
        identity, state = client.create(ZONE, old)
        before = server.sets(DOMAIN)[DOMAIN, "NS"]
        with pytest.raises(
            RefusedError, match=r"changing zone dc.example.: 500, 'made to fail'. Nothing was changed"
        ):
            client.update(ZONE, identity, state, new)
    assert server.sets(DOMAIN)[DOMAIN, "NS"] == before


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_a_database_locked_for_a_moment_is_no_failure(server: PowerDns, method: str) -> None:
    locked: list[str] = []

    def meddle(asked: str, _: bytes) -> str:
        if asked != method or len(locked) > 1:
            return ""
        locked.append(asked)
        return "fail"

    with between(server.url, meddle) as url, provider(ENVIRONMENT, **KEYS) as client:
        identity, state = client.create(ZONE, zone_of(url))
        kept = client.create(RECORD, record_of(url))
        client.delete(RECORD, *kept)
        client.delete(ZONE, identity, state)
    assert locked == [method] * 2


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_an_answer_that_got_lost_is_looked_after(server: PowerDns, method: str) -> None:
    lost: list[str] = []

    def meddle(asked: str, _: bytes) -> str:
        if asked == method and not lost:
            lost.append(asked)
            return "lose"
        return ""

    with between(server.url, meddle) as url, provider(ENVIRONMENT, **KEYS) as client:
        zone, state = client.create(ZONE, zone_of(url))
        record, one = client.create(RECORD, record_of(url))
        assert len(server.sets(DOMAIN)) == 3
        client.delete(RECORD, record, one)
        client.delete(ZONE, zone, state)
    assert (server.zones(), lost) == ([], [method])


def test_a_busy_server_is_asked_again(server: PowerDns) -> None:
    busy = ["once", "twice"]

    def meddle(*_: object) -> str:
        return "busy" if busy and busy.pop() else ""

    with between(server.url, meddle) as url, provider(ENVIRONMENT, **KEYS | {"retryS": "10"}) as client:
        client.create(ZONE, zone_of(url))
    assert server.zones() == [DOMAIN]


def test_a_server_that_never_answers_is_waited_for_only_so_long(server: PowerDns) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            provider(ENVIRONMENT, **KEYS | {"timeoutS": "0.3"}) as client,
            pytest.raises(RefusedError, match=r"no whole answer within 0\.3 s"),
        ):
            client.create(ZONE, zone_of(url))


def test_over_tls_only_to_whom_the_authority_vouches_for(server: PowerDns, tmp_path: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificates(tmp_path, ["127.0.0.1"]))
    with between(server.url, tls=tls) as url:
        with (
            provider(ENVIRONMENT, **KEYS) as client,
            pytest.raises(
                RefusedError,
                match=r"certificate is not trusted .*Name the authority with rackwright:servicesCa",
            ),
        ):
            client.create(ZONE, zone_of(url))
        assert server.zones() == []
        with provider(ENVIRONMENT, **KEYS, servicesCa=str(tmp_path / "bmc-ca.pem")) as client:
            client.create(ZONE, zone_of(url))
    assert server.zones() == [DOMAIN]


def test_nothing_else_is_taken_for_a_name_server(server: PowerDns, client: Client) -> None:
    web = f"http://127.0.0.1:{server.port}/somewhere"
    assert requests.get(web, timeout=5).status_code == 404
    with pytest.raises(RefusedError, match="making zone"):
        client.create(ZONE, zone_of(web))
