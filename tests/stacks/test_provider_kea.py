"""Reservations over gRPC, without the engine, in a real Kea: the way it should go, and what goes wrong on the way."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from threading import Event
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from stacks.provider.errors import ProviderError
from stacks.provider.handler import Call
from stacks.provider.kea import ReservationHandler
from stacks.provider.settings import Settings
from tests.stacks.at_once import create_all
from tests.stacks.http_between import between
from tests.stacks.provider_client import Client, RefusedError, provider, struct, urn, values
from tests.stacks.services import Kea, free_port, kea

TOKEN = "rackwright:dhcp:Reservation"  # noqa: S105 - a type
SUBNET, OTHER = "10.1.0.0/22", "10.2.0.0/24"


@pytest.fixture(scope="module")
def server() -> Iterator[Kea]:
    with kea(SUBNET, OTHER) as found:
        yield found


@pytest.fixture(scope="module")
def client(server: Kea) -> Iterator[Client]:
    with provider(timeoutS="5", retryS="0") as found:
        yield found


@pytest.fixture(autouse=True)
def empty(server: Kea) -> None:
    server.drop_all()


def mac_of(number: int) -> str:
    return f"52:54:00:00:{number // 256:02x}:{number % 256:02x}"


def wanted(server: Kea | str, number: int = 1, **other: Any) -> dict[str, Any]:
    """A reservation's inputs."""
    url = server if isinstance(server, str) else server.url.rstrip("/")
    address = f"10.1.{1 + number // 200}.{1 + number % 200}"
    given = {"apiUrl": url, "subnet": SUBNET, "mac": mac_of(number), "address": address, "hostname": f"a-ecs-{number:03}",
             "server": "a-dhcp"}  # fmt: skip
    return given | other


def create_as(client: Client, name: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Create under another name than the client's usual one."""
    answer = client.ask("Create", provider_pb2.CreateRequest(urn=urn(TOKEN, name), properties=struct(inputs)))
    return answer.id, values(answer.properties)


def test_from_creation_to_deletion(server: Kea, client: Client) -> None:
    inputs, problems = client.check(
        TOKEN, wanted(server, mac="52-54-00-00-00-01", hostname="A-ECS-001.", bootFile="kylin/grubx64.efi")
    )
    assert not problems
    assert (inputs["mac"], inputs["hostname"]) == (mac_of(1), "a-ecs-001")
    identity, state = client.create(TOKEN, inputs)
    assert state == inputs
    assert identity == f"{mac_of(1)}/{SUBNET}@{inputs['apiUrl']}"
    found = server.reservations(SUBNET)
    assert [(r["hw-address"], r["ip-address"], r["hostname"], r["boot-file-name"]) for r in found] == [
        (mac_of(1), "10.1.1.2", "a-ecs-001", "kylin/grubx64.efi")
    ]
    assert server.saved() == found
    assert client.read(TOKEN, identity, state, inputs) == (identity, state, inputs)
    assert not client.diff(TOKEN, identity, state, inputs).diffs
    news = {**inputs, "address": "10.1.3.9", "nextServer": "10.9.9.9"}
    del news["bootFile"]
    changed = client.diff(TOKEN, identity, state, news)
    assert (sorted(changed.detailedDiff), list(changed.replaces)) == (
        ["address", "bootFile", "nextServer"],
        [],
    )
    state = client.update(TOKEN, identity, state, news)
    (entry,) = server.reservations(SUBNET)
    assert (entry["ip-address"], entry["next-server"], entry["boot-file-name"]) == (
        "10.1.3.9",
        "10.9.9.9",
        "",
    )
    assert client.read(TOKEN, identity, state, news)[2] == news
    client.delete(TOKEN, identity, state)
    assert server.reservations() == server.saved() == []
    client.delete(TOKEN, identity, state)
    assert client.read(TOKEN, identity, state, news)[0] == ""


@pytest.mark.parametrize("field", ["mac", "subnet"])
def test_another_client_or_subnet_is_another_reservation(server: Kea, client: Client, field: str) -> None:
    old = wanted(server)
    found = client.diff(
        TOKEN, "x", old, old | {"mac": mac_of(2)} if field == "mac" else old | {"subnet": OTHER}
    )
    assert list(found.replaces) == [field]
    assert found.deleteBeforeReplace


def test_a_preview_changes_nothing(server: Kea, client: Client) -> None:
    before = server.config()
    client.create(TOKEN, wanted(server), preview=True)
    client.update(TOKEN, "x", wanted(server), wanted(server, hostname="b"), preview=True)
    assert server.config() == before


PROBLEMS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no url": ({"apiUrl": "10.1.1.1:8000"}, "apiUrl", "must be http://HOST:PORT"),
    "a password in the url": ({"apiUrl": "http://u:p@h:1"}, "apiUrl", "must not hold a login"),
    "outside": ({"address": "10.7.0.1"}, "address", "is not in the subnet"),
    "broadcast": ({"address": "10.1.3.255"}, "address", "network or broadcast"),
    "host bits": ({"subnet": "10.1.0.1/22"}, "subnet", "without host bits"),
    "no mac": ({"mac": "52:54"}, "mac", "is no MAC address"),
    "no name": ({"hostname": "a_b"}, "hostname", "is no host name"),
    "long file": ({"bootFile": "x" * 128}, "bootFile", "longer than 127"),
    "user alone": ({"apiUser": "root"}, "secret", "is missing"),
    "misspelt": ({"adress": "10.1.0.1"}, "adress", "is no input here"),
    "left out": ({"hostname": None}, "hostname", "is missing"),
}  # fmt: skip


@pytest.mark.parametrize("case", PROBLEMS)
def test_what_cannot_be_right_is_said_before_anything_is_sent(client: Client, case: str) -> None:
    other, field, said = PROBLEMS[case]
    _, problems = client.check(TOKEN, wanted("http://127.0.0.1:1", **other))
    assert [(name, said in reason) for name, reason in problems] == [(field, True)], problems


def test_drift_is_seen_and_put_right(server: Kea, client: Client) -> None:
    inputs = wanted(server)
    identity, state = client.create(TOKEN, inputs)
    config = server.config()
    entry = config["Dhcp4"]["subnet4"][0]["reservations"][0]
    entry |= {
        "ip-address": "10.1.3.3",
        "next-server": "10.6.6.6",
        "option-data": [{"name": "log-servers", "data": "10.0.0.9"}],
    }
    server.set(config)
    _, found, found_inputs = client.read(TOKEN, identity, state, inputs)
    assert found_inputs["address"] == "10.1.3.3"
    assert sorted(client.diff(TOKEN, identity, found, inputs).diffs) == ["address", "nextServer"]
    client.update(TOKEN, identity, found, inputs)
    (entry,) = server.reservations(SUBNET)
    assert (entry["ip-address"], entry["next-server"]) == (inputs["address"], "0.0.0.0")  # noqa: S104
    assert entry["option-data"][0]["data"] == "10.0.0.9", "what is not managed here stays"
    server.drop_all()
    assert client.read(TOKEN, identity, state, inputs)[0] == ""
    client.update(TOKEN, identity, state, inputs)
    assert len(server.saved()) == 1


def test_import_by_identity(server: Kea, client: Client) -> None:
    config = server.config()
    config["Dhcp4"]["subnet4"][0]["reservations"] = [
        {"hw-address": mac_of(1), "ip-address": "10.1.1.2", "hostname": "A-ecs-001"}
    ]
    server.set(config)
    asked = f"{mac_of(1).upper()}/{SUBNET}@{server.url}#server=a-dhcp"
    identity, _, inputs = client.read(TOKEN, asked)
    assert inputs == wanted(server)
    assert identity == client.create(TOKEN, wanted(server))[0], "the same there already is taken over"
    with pytest.raises(RefusedError, match="an identity to import looks like 52:54"):
        client.read(TOKEN, "52:54:00:aa:00:01")
    assert client.read(TOKEN, asked.replace("00:01/", "00:09/"))[0] == ""


def test_somebody_elses_reservation_is_not_overwritten(server: Kea, client: Client) -> None:
    config = server.config()
    config["Dhcp4"]["subnet4"][0]["reservations"] = [
        {"hw-address": mac_of(1), "ip-address": "10.1.2.2", "hostname": "b"}
    ]
    server.set(config)
    config = server.config()
    with pytest.raises(RefusedError, match=r"a-dhcp .*has 10\.1\.2\.2 \(b\) already.*Import it \(id 52:"):
        client.create(TOKEN, wanted(server))
    with pytest.raises(RefusedError, match=r"address is reserved for 52:54:00:00:00:01 \(b\)"):
        client.create(TOKEN, wanted(server, 2, address="10.1.2.2"))
    assert server.config() == config


def test_one_reservation_has_one_owner_and_both_ports_of_a_bond_one_address(
    server: Kea, client: Client
) -> None:
    inputs = wanted(server)
    create_as(client, "first", inputs)
    create_as(client, "first", inputs)
    with pytest.raises(RefusedError, match="declared by project/test/first already"):
        create_as(client, "second", inputs)
    create_as(client, "other port", inputs | {"mac": mac_of(2)})
    assert [r["ip-address"] for r in server.saved()] == [inputs["address"]] * 2
    for name, mac in (("first", mac_of(1)), ("other port", mac_of(2))):
        news = inputs | {"mac": mac, "hostname": "renamed"}
        client.ask("Update", provider_pb2.UpdateRequest(
            urn=urn(TOKEN, name), id="x", olds=struct(inputs | {"mac": mac}), news=struct(news)))  # fmt: skip
    assert {r["hostname"] for r in server.saved()} == {"renamed"}


def test_a_subnet_it_does_not_have(server: Kea, client: Client) -> None:
    with pytest.raises(
        RefusedError, match=r"no subnet 10\.9\.0\.0/24 \(it has 10\.1\.0\.0/22, 10\.2\.0\.0/24\)"
    ):
        client.create(TOKEN, wanted(server, subnet="10.9.0.0/24", address="10.9.0.9"))


def test_a_subnet_of_a_shared_network(server: Kea, client: Client) -> None:
    config = server.config()
    shared = {"name": "both", "subnet4": [{"id": 9, "subnet": "10.7.0.0/24"}]}
    server.set({"Dhcp4": {**config["Dhcp4"], "shared-networks": [shared]}})
    try:
        inputs = wanted(server, subnet="10.7.0.0/24", address="10.7.0.9")
        identity, state = client.create(TOKEN, inputs)
        (network,) = server.config()["Dhcp4"]["shared-networks"]
        assert [r["ip-address"] for r in network["subnet4"][0]["reservations"]] == ["10.7.0.9"]
        assert client.read(TOKEN, identity, state, inputs) == (identity, state, inputs)
        client.delete(TOKEN, identity, state)
    finally:
        server.set(config)


def test_many_at_once_are_few_changes(server: Kea, client: Client) -> None:
    before = (
        (server.services.folder / "kea-dhcp4.log")
        .read_text()
        .count("COMMAND_RECEIVED Received command 'config-set'")
    )
    with ThreadPoolExecutor(32) as pool:
        made = list(pool.map(lambda n: client.create(TOKEN, wanted(server, n)), range(500)))
        assert len({identity for identity, _ in made}) == 500
        assert len(server.saved()) == 500
        found = list(pool.map(lambda m: client.read(TOKEN, m[0], m[1], m[1]), made))
        assert [state for _, state, _ in found] == [state for _, state in made]
        after = (
            (server.services.folder / "kea-dhcp4.log")
            .read_text()
            .count("COMMAND_RECEIVED Received command 'config-set'")
        )
        assert 0 < after - before <= 100
        list(pool.map(lambda m: client.delete(TOKEN, *m), made))
    assert server.saved() == []


def test_one_that_is_refused_does_not_take_the_others_with_it(server: Kea, client: Client) -> None:
    good = [wanted(server, n) for n in range(8)]
    bad = wanted(server, 99, address="10.2.0.9")  # not in the subnet: check would say so, Kea does as well
    said = create_all(client, TOKEN, [*good[:4], bad, *good[4:]])
    assert [bool(text) for text in said] == [False] * 4 + [True] + [False] * 4
    assert "is not within the IPv4 subnet" in said[4]
    assert len(server.saved()) == 8


def test_two_providers_at_once_lose_nothing(server: Kea, client: Client) -> None:
    with provider(timeoutS="5") as second, ThreadPoolExecutor(16) as pool:
        clients = (client, second)
        list(pool.map(lambda n: clients[n % 2].create(TOKEN, wanted(server, n)), range(60)))
    assert len(server.saved()) == 60


def test_somebody_who_writes_in_between_loses_nothing(server: Kea) -> None:
    """A person at the server adds an entry right after the provider looked."""
    added: list[dict[str, Any]] = []

    def meddle(command: str) -> None:
        if command == "config-test" and not added:
            config = server.config()
            added.append({"hw-address": mac_of(77), "ip-address": "10.1.3.77"})
            config["Dhcp4"]["subnet4"][0]["reservations"].append(added[0])
            server.set(config)

    with in_between(server, meddle) as url, provider(timeoutS="5") as client:
        client.create(TOKEN, wanted(url))
    assert {r["hw-address"] for r in server.saved()} == {mac_of(1), mac_of(77)}


def test_a_server_that_is_down(server: Kea, client: Client) -> None:
    inputs = wanted(server)
    identity, state = client.create(TOKEN, inputs)
    server.services.stop("kea-dhcp4")
    try:
        with pytest.raises(RefusedError, match=r"a-dhcp \(http://127.*config-get: result 1, .*dhcp4"):
            client.read(TOKEN, identity, state, inputs)
    finally:
        server.services.stop("kea-ctrl-agent")
        try:
            with pytest.raises(
                RefusedError, match=r"config-get: no connection .connection refused., nothing was sent. Start"
            ):
                client.update(TOKEN, identity, state, inputs | {"hostname": "b"})
        finally:
            server.start()
    assert server.saved() == server.reservations(), "it was in the file"
    assert len(server.saved()) == 1


def test_a_file_that_cannot_be_written_is_taken_back(server: Kea, client: Client) -> None:
    before = server.config()
    server.file.rename(server.file.with_suffix(".kept"))
    server.file.mkdir()
    try:
        with pytest.raises(RefusedError, match=r"config-write: .*set back: nothing is changed") as caught:
            client.create(TOKEN, wanted(server))
    finally:
        server.file.rmdir()
        shutil.move(server.file.with_suffix(".kept"), server.file)
    assert caught.value.half_done is None
    assert server.config() == before


class Trouble:
    """What a control agent between does to a command: "fail" it, "lose" the answer after doing it."""

    def __init__(self) -> None:
        self.fail: list[str] = []
        self.lose: list[str] = []

    def __call__(self, command: str) -> str:
        for word, names in (("fail", self.fail), ("lose", self.lose)):
            if command in names:
                names.remove(command)
                return word
        return ""


def in_between(server: Kea, meddle: Callable[[str], str | None]) -> AbstractContextManager[str]:
    """A control agent that passes everything on, after telling `meddle` the command."""

    def told(_: str, body: bytes) -> str:
        return meddle(json.loads(body)["command"]) or ""

    return between(server.url, told, [{"result": 1, "text": "made to fail"}])


def test_what_cannot_be_taken_back_is_said_and_kept_in_the_state(server: Kea) -> None:
    trouble = Trouble()
    trouble.fail = ["config-write"]
    done: list[str] = []

    def meddle(command: str) -> str:
        done.append(command)
        if done.count("config-set") == 2 and command == "config-set":
            return "fail"
        return trouble(command)

    with in_between(server, meddle) as url, provider(timeoutS="5") as client:
        inputs = wanted(url)
        with pytest.raises(RefusedError, match="so a restart would change what it does") as caught:
            client.create(TOKEN, inputs)
        assert caught.value.half_done is not None
        identity, state = caught.value.half_done
        assert state == inputs
        assert "made to fail" in str(caught.value)
        assert len(server.reservations()) == 1
        assert server.saved() == []
        client.update(TOKEN, identity, state, inputs)
        assert len(server.saved()) == 1, "the next run puts it into the file"


@pytest.mark.parametrize("lost", ["config-set", "config-write"])
def test_an_answer_that_got_lost_is_looked_after(server: Kea, lost: str) -> None:
    trouble = Trouble()
    trouble.lose = [lost]
    with in_between(server, trouble) as url, provider(timeoutS="5") as client:
        client.create(TOKEN, wanted(url))
    assert server.saved() == server.reservations()
    assert len(server.saved()) == 1


def test_no_kea_there(client: Client) -> None:
    with pytest.raises(RefusedError, match="no connection"):
        client.create(TOKEN, wanted(f"http://127.0.0.1:{free_port()}"))


def test_what_nobody_waits_for_any_more_is_not_begun(server: Kea) -> None:
    ended = Event()
    ended.set()
    call = Call(urn(TOKEN), "thing", Settings(), abandoned=ended)
    with pytest.raises(ProviderError, match="no longer waits for an answer: not begun"):
        ReservationHandler().create(call, wanted(server))
    assert server.reservations() == []


def test_a_control_agent_that_asks_who_it_is() -> None:
    login = ("rackwright", "word-of-the-control-agent")
    environment = {"KEA_WORD": login[1], "KEA_WRONG": "another-word"}
    secrets = json.dumps({"kea": "env:KEA_WORD", "wrong": "env:KEA_WRONG"})
    with kea(SUBNET, login=login) as server, provider(environment, secrets=secrets) as client:
        with pytest.raises(
            RefusedError, match=r"config-get: 401, who asks is not let in. Put the right key"
        ) as caught:
            client.create(TOKEN, wanted(server, apiUser=login[0], secret="wrong"))  # noqa: S106 - its name
        assert environment["KEA_WRONG"] not in str(caught.value)
        with pytest.raises(RefusedError, match="401"):
            client.create(TOKEN, wanted(server))
        _, state = client.create(TOKEN, wanted(server, apiUser=login[0], secret="kea"))  # noqa: S106 - its name
        assert login[1] not in str(state)
        asked = f"{mac_of(1)}/{SUBNET}@{server.url}#server=a-dhcp&secret=kea&apiUser={login[0]}"
        assert client.read(TOKEN, asked)[1] == state
        assert len(server.saved()) == 1
