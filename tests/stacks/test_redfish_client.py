"""One controller as the provider talks to it, against a server that answers word for word what a test says: entity
tags, tasks, pages, waiting, and answers no controller should give."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("requests")
pytest.importorskip("cryptography")

from rackwright.lab.bmc_tls import certificates
from stacks.provider.api import NoAnswerError, RefusedError
from stacks.provider.errors import ProviderError
from stacks.provider.redfish import Controller, words_of
from stacks.provider.redfish_settings import View, changes, flat, nested, read
from stacks.provider.settings import Settings

ADDRESS = "127.7.0.1"
Answer = tuple[int, dict[str, str], Any]


@dataclass
class Told:
    """What is answered: per method and path a list used up one a request, its last one again and again."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    """Request, If-Match, body."""
    port: int = 0

    def say(self, request: str, *answers: tuple[int, dict[str, str], Any] | tuple[int, Any]) -> None:
        """Answer so."""
        self.answers[request] = [a if len(a) == 3 else (a[0], {}, a[1]) for a in answers]


class Server(ThreadingHTTPServer):
    told: Told

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """As told."""
        assert isinstance(self.server, Server)
        told, line = self.server.told, f"{self.command} {self.path}"
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        told.asked.append((line, self.headers.get("If-Match") or "", json.loads(body or b"null")))
        queue = told.answers.get(line) or [(404, {}, {})]
        status, headers, answered = queue.pop(0) if len(queue) > 1 else queue[0]
        raw = answered if isinstance(answered, bytes) else json.dumps(answered).encode()
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_PATCH = do_POST = do_DELETE = answer  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    found = Server((ADDRESS, 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificates(folder, [ADDRESS]))
    found.socket = context.wrap_socket(found.socket, server_side=True)
    thread = threading.Thread(target=found.serve_forever, daemon=True)
    thread.start()
    yield found
    found.shutdown()
    found.server_close()


@pytest.fixture
def told(server: Server) -> Told:
    server.told = Told(port=server.server_address[1])
    return server.told


@pytest.fixture
def controller(told: Told, folder: Path) -> Iterator[Controller]:
    settings = Settings(bmc_ca=folder / "bmc-ca.pem", timeout_s=2, retry_s=5)
    with Controller("srv", ADDRESS, told.port, settings, ("u", "p")) as found:
        yield found


def sent(told: Told, method: str = "PATCH") -> list[tuple[str, Any]]:
    """If-Match and body of each such request."""
    return [(tag, body) for line, tag, body in told.asked if line.startswith(method)]


def test_a_change_carries_the_tag_it_was_read_with(told: Told, controller: Controller) -> None:
    told.say("GET /x", (200, {"ETag": '"1"'}, {"A": 1}))
    told.say("PATCH /x", (200, {}, {"A": 2}))
    controller.patch(controller.get("/x"), {"A": 2})
    assert sent(told) == [('"1"', {"A": 2})]


def test_a_weak_tag_is_tried_as_a_strong_one(told: Told, controller: Controller) -> None:
    told.say("GET /x", (200, {"ETag": 'W/"1"'}, {"A": 1}))
    told.say("PATCH /x", (412, {}), (204, b""))
    controller.patch(controller.get("/x"), {"A": 2})
    assert [tag for tag, _ in sent(told)] == ['W/"1"', '"1"']


def test_without_a_tag_where_one_is_wanted_any_will_do(told: Told, controller: Controller) -> None:
    told.say("GET /x", (200, {"A": 1}))
    told.say("PATCH /x", (428, {}), (204, b""))
    controller.patch(controller.get("/x"), {"A": 2})
    assert [tag for tag, _ in sent(told)] == ["", "*"]


def test_a_change_of_something_else_meanwhile_does_not_matter(told: Told, controller: Controller) -> None:
    told.say("GET /x", (200, {"ETag": '"1"'}, {"A": 1, "B": 1}), (200, {"ETag": '"2"'}, {"A": 1, "B": 2}))
    told.say("PATCH /x", (412, {}), (204, b""))
    controller.patch(controller.get("/x"), {"A": 2})
    assert [tag for tag, _ in sent(told)] == ['"1"', '"2"']


def test_a_change_of_the_same_meanwhile_stops(told: Told, controller: Controller) -> None:
    told.say("GET /x", (200, {"ETag": '"1"'}, {"A": {"C": 1}}), (200, {"ETag": '"2"'}, {"A": {"C": 5}}))
    told.say("PATCH /x", (412, {}))
    with pytest.raises(ProviderError, match="somebody else changed the same values meanwhile"):
        controller.patch(controller.get("/x"), {"A": {"C": 2}})
    assert len(sent(told)) == 1


def test_a_task_is_waited_for(told: Told, controller: Controller) -> None:
    told.say("GET /x", (200, {}))
    told.say("PATCH /x", (202, {"Location": "/task"}, {}))
    told.say("GET /task", (202, {}), (200, {"TaskState": "Completed", "TaskStatus": "OK"}))
    controller.patch(controller.get("/x"), {"A": 2})
    told.say("GET /task", (200, {"TaskState": "Exception", "Messages": [{"Message": "No such value"}]}))
    with pytest.raises(RefusedError, match="its task ended Exception: No such value"):
        controller.patch(controller.get("/x"), {"A": 2})
    told.say("GET /task", (200, {"TaskState": "Running"}))
    with pytest.raises(NoAnswerError, match="its task is not done after 2 s"):
        controller.patch(controller.get("/x"), {"A": 2})


def test_all_pages_of_a_collection_are_read(told: Told, controller: Controller) -> None:
    told.say("GET /c", (200, {"Members": [{"@odata.id": "/1"}], "Members@odata.nextLink": "/c2"}))
    told.say("GET /c2", (200, {"Members": [{"@odata.id": "/2"}]}))
    for number in ("/1", "/2"):
        told.say(f"GET {number}", (200, {}))
    assert [m.path for m in controller.members("/c")] == ["/1", "/2"]


def test_a_controller_that_asks_to_come_again_is_asked_again(told: Told, controller: Controller) -> None:
    told.say("GET /x", (503, {"Retry-After": "1"}, {}), (429, {"Retry-After": "0"}, {}), (200, {"A": 1}))
    assert controller.get("/x").body == {"A": 1}
    told.say("GET /x", (503, {"Retry-After": "30"}, {}))
    with pytest.raises(
        RefusedError, match=r"503, out of service for now. Run again when the controller is back"
    ):
        controller.get("/x")


def test_nothing_is_followed_elsewhere(told: Told, controller: Controller) -> None:
    told.say("GET /x", (302, {"Location": "https://127.7.0.2/x"}, {}))
    with pytest.raises(RefusedError, match="302"):
        controller.get("/x")
    assert len(told.asked) == 1


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b"\xff\xfe", b""])
def test_what_is_no_resource_says_nothing(told: Told, controller: Controller, body: bytes) -> None:
    told.say("GET /x", (200, body))
    assert controller.get("/x").body == {}


def test_an_answer_without_end_is_given_up(told: Told, controller: Controller) -> None:
    told.say("GET /x", (200, b"x" * 5_000_000))
    with pytest.raises(NoAnswerError, match="no whole answer"):
        controller.get("/x")


def test_deleting_what_is_gone_is_no_error(told: Told, controller: Controller) -> None:
    told.say("DELETE /x", (404, {}))
    controller.delete("/x")
    told.say("DELETE /x", (403, {"error": {"message": "not you"}}))
    with pytest.raises(RefusedError, match=r"403, not you. Give the account the role it needs"):
        controller.delete("/x")


def test_what_is_said_about_a_change_that_was_taken_in_part_is_kept(
    told: Told, controller: Controller
) -> None:
    told.say("GET /x", (200, {"A": 1, "B": 1}))
    said = [{"Message": "B cannot be 5."}]
    told.say("PATCH /x", (200, {"A": 2, "B": 1, "B@Message.ExtendedInfo": said}), (204, b""))
    controller.patch(controller.get("/x"), {"A": 2, "B": 5})
    assert controller.remark == "B cannot be 5."
    controller.patch(controller.get("/x"), {"A": 2})
    assert controller.remark == ""


def test_words_of_an_answer_are_found() -> None:
    rows = {
        "error": {"message": "general", "@Message.ExtendedInfo": [{"Message": "One."}, {"Message": "Two."}]}
    }
    assert words_of(rows) == "One. Two."
    assert words_of({"error": {"message": "general"}}) == "general" and words_of({}) == ""
    assert len(words_of({"error": {"message": "x" * 1000}})) < 500


SYSTEM = {"Bios": {"@odata.id": "/bios"}, "Boot": {}, "Links": {}}
MANAGER = {"NetworkProtocol": {"@odata.id": "/np"}, "EthernetInterfaces": {"@odata.id": "/nics"}}


def view(told: Told, controller: Controller) -> View:
    """A controller of few words."""
    told.say("GET /s", (200, SYSTEM))
    told.say("GET /m", (200, MANAGER))
    return View(controller, controller.get("/s"), controller.get("/m"))


def test_a_controller_without_settings_object_takes_bios_changes_at_once(
    told: Told, controller: Controller
) -> None:
    told.say("GET /bios", (200, {"Attributes": {"Smt": "On"}}))
    looked = view(told, controller)
    assert read(looked, ["bios.Smt", "bios.Smx", "assetTag", "powerRestore", "ntpServers"]) == (
        {"bios.Smt": "On"},
        [
            "no assetTag", "no BIOS attribute Smx (there are Smt)", "no ntpServers",
            "no PowerRestorePolicy; on some it is a BIOS attribute: declare it in `bios`",
        ],
    )  # fmt: skip
    assert [(r.path, b) for r, b in changes(looked, {"bios.Smt": "Off"}, ["bios.Smt"])] == [
        ("/bios", {"Attributes": {"Smt": "Off"}})
    ]


def test_a_fixed_number_of_time_servers_is_kept(told: Told, controller: Controller) -> None:
    told.say("GET /np", (200, {"NTP": {"ProtocolEnabled": True, "NTPServers": ["a", "", "", ""]}}))
    looked = view(told, controller)
    assert read(looked, ["ntpServers"]) == ({"ntpServers": ["a"]}, [])
    ((_, body),) = changes(looked, {"ntpServers": ["b", "c"]}, ["ntpServers"])
    assert body["NTP"] == {"ProtocolEnabled": True, "NTPServers": ["b", "c", "", ""]}


def test_which_interface_is_its_own_must_be_clear(told: Told, controller: Controller) -> None:
    told.say("GET /nics", (200, {"Members": [{"@odata.id": "/n1"}, {"@odata.id": "/n2"}]}))
    told.say("GET /n1", (200, {"Id": "usb", "IPv4Addresses": [{"Address": "169.254.0.1"}]}))
    mine = {
        "Id": "eth0",
        "IPv4Addresses": [{"Address": ADDRESS, "SubnetMask": "255.255.0.0", "Gateway": "127.7.0.9"}],
    }
    told.say("GET /n2", (200, mine))
    found, _ = read(view(told, controller), ["network.address", "network.prefix", "network.gateway"])
    assert found == {"network.address": ADDRESS, "network.prefix": 16, "network.gateway": "127.7.0.9"}
    told.say("GET /n2", (200, {"Id": "eth0"}))
    with pytest.raises(ProviderError, match=r"several could be it \(usb, eth0\)"):
        read(view(told, controller), ["network.address"])


def test_settings_are_flat_and_back() -> None:
    inputs = {"assetTag": "", "bios": {"A.B": 1}, "boot": {"order": ["x"]}, "network": {"dhcp": False}}
    assert flat(inputs) == {"assetTag": "", "bios.A.B": 1, "boot.order": ["x"], "network.dhcp": False}
    assert nested(flat(inputs)) == inputs
