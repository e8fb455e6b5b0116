"""Real services for tests: Kea DHCPv4 with its control agent, and PowerDNS, on the loopback, in a folder of their own.

No root, no port below 1024, no DHCP socket is opened. A keeper process holds the other end of a pipe: whatever
becomes of the test run (SIGKILL too), the pipe ends, and the keeper ends the services and removes the folder.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

KEEPER = """trap '' TERM INT HUP
cat >/dev/null
kill -s TERM -- "-$$"
sleep 0.3
rm -rf "$1"
kill -s KILL -- "-$$"
"""
"""Leads the group the services run in; ends them and itself when its input ends."""
KEA = ("kea-dhcp4", "kea-ctrl-agent")
KEA_FOLDERS = ("KEA_PIDFILE_DIR", "KEA_LOCKFILE_DIR", "KEA_CONTROL_SOCKET_DIR", "KEA_DHCP_DATA_DIR")
"""Variables that say where Kea writes; newer ones accept no other folder."""
POWERDNS = ("pdns_server",)
SCHEMA = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")
API_KEY = "key-of-the-name-server-for-tests"
PATIENCE_S = 30.0


def needs(*programs: str) -> None:
    """Skip, or fail in CI, where a program is not installed."""
    if lacking := [p for p in programs if not program(p)]:
        reason = f"not installed: {', '.join(lacking)} (scripts/lab-packages.sh installs them)"
        if os.environ.get("RACKWRIGHT_CI"):
            pytest.fail(reason)
        pytest.skip(reason)


def program(name: str) -> str | None:
    """Where a program is; daemons may be outside a user's PATH."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")


def free_port() -> int:
    """A port of 127.0.0.1 nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@dataclass
class Services:
    """Programs that run in one folder until the block of `services` ends."""

    folder: Path
    keeper: subprocess.Popen[bytes]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *arguments: str) -> None:
        """Start an installed program. Its words go to NAME.log.

        It runs from a copy: where AppArmor has a profile for the program, that forbids folders of our own.
        """
        own = self.folder / "bin" / name
        if not own.exists():
            own.parent.mkdir(exist_ok=True)
            shutil.copy(str(program(name)), own)
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [str(own), *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                process_group=self.keeper.pid,
                env={**os.environ, **dict.fromkeys(KEA_FOLDERS, str(self.folder))},
            )  # fmt: skip

    def stop(self, name: str) -> None:
        """End one program and wait until it is gone."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def wait(self, name: str, ready: Callable[[], bool]) -> None:
        """Return when `ready` holds; fail with the log when the program dies or takes too long."""
        end = time.monotonic() + PATIENCE_S
        while not ready():
            if self.running[name].poll() is not None or time.monotonic() > end:
                pytest.fail(
                    f"{name} does not serve:\n{(self.folder / f'{name}.log').read_text(errors='replace')}"
                )
            time.sleep(0.02)


@contextmanager
def services() -> Iterator[Services]:
    """A folder for services; all of it is gone afterwards."""
    folder = Path(
        tempfile.mkdtemp(prefix="rackwright-services-")
    )  # short: a socket's path has 108 characters
    keeper = subprocess.Popen(
        ["sh", "-c", KEEPER, "keeper", str(folder)], stdin=subprocess.PIPE, process_group=0
    )
    found = Services(folder, keeper)
    try:
        yield found
    finally:
        for name in tuple(found.running):
            found.stop(name)
        if keeper.stdin:
            keeper.stdin.close()
        keeper.wait()


@dataclass
class Kea:
    """A DHCP server behind its control agent. `file` is its configuration file."""

    services: Services
    port: int
    login: tuple[str, str] | None = None

    @property
    def url(self) -> str:
        """Where its control agent answers."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def file(self) -> Path:
        """What it would start with."""
        return self.services.folder / "kea.conf"

    def start(self) -> None:
        """Start both programs and wait until they answer together."""
        self.services.start("kea-dhcp4", "-c", str(self.file), "-p", str(free_port()))
        self.services.wait("kea-dhcp4", (self.services.folder / "kea.socket").exists)
        self.start_agent()

    def start_agent(self) -> None:
        """Start the control agent alone."""
        self.services.start("kea-ctrl-agent", "-c", str(self.services.folder / "agent.conf"))
        self.services.wait("kea-ctrl-agent", self.answers)

    def stop(self) -> None:
        """End both programs."""
        self.services.stop("kea-ctrl-agent")
        self.services.stop("kea-dhcp4")

    def answers(self) -> bool:
        """True when a command comes back from the DHCP server."""
        try:
            return bool(self.ask("status-get")["result"] == 0)
        except requests.RequestException:
            return False

    def ask(self, command: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        """The first answer to a command."""
        body: dict[str, Any] = {"command": command, "service": ["dhcp4"]}
        if arguments is not None:
            body["arguments"] = arguments
        found: dict[str, Any] = requests.post(self.url, json=body, auth=self.login, timeout=10).json()[0]
        return found

    def config(self) -> dict[str, Any]:
        """What it runs."""
        found: dict[str, Any] = self.ask("config-get")["arguments"]
        found.pop("hash", None)
        return found

    def set(self, config: dict[str, Any]) -> None:
        """Make it run this, as somebody at the server would."""
        answer = self.ask("config-set", config)
        assert answer["result"] == 0, answer

    def reservations(self, prefix: str | None = None) -> list[dict[str, Any]]:
        """What it reserves in a subnet, or in all."""
        return [
            r for s in self.config()["Dhcp4"]["subnet4"] if prefix in (None, s["subnet"]) for r in s["reservations"]
        ]  # fmt: skip

    def drop_all(self) -> None:
        """No reservation any more, neither running nor in the file."""
        config = self.config()
        for subnet in config["Dhcp4"]["subnet4"]:
            subnet["reservations"] = []
        self.set(config)
        self.ask("config-write", {"filename": str(self.file)})

    def saved(self) -> list[dict[str, Any]]:
        """What its file reserves."""
        found = json.loads(self.file.read_text())
        return [r for s in found["Dhcp4"]["subnet4"] for r in s["reservations"]]


@contextmanager
def kea(*prefixes: str, login: tuple[str, str] | None = None) -> Iterator[Kea]:
    """A running Kea with these subnets and no reservation, which lets in only `login` when given. Skips, or fails in
    CI, where it is not installed."""
    needs(*KEA)
    with services() as found:
        server, control = Kea(found, free_port(), login), str(found.folder / "kea.socket")
        subnets = [
            {"id": number, "subnet": prefix, "reservations": []} for number, prefix in enumerate(prefixes, 1)
        ]
        unix = {"socket-type": "unix", "socket-name": control}
        dhcp = {
            "interfaces-config": {"interfaces": []}, "control-socket": unix, "subnet4": subnets,
            "lease-database": {"type": "memfile", "persist": False}, "valid-lifetime": 4000,
            "ip-reservations-unique": False, "reservations-global": False, "reservations-in-subnet": True,
        }  # fmt: skip
        server.file.write_text(json.dumps({"Dhcp4": dhcp}))
        agent: dict[str, Any] = {
            "http-host": "127.0.0.1",
            "http-port": server.port,
            "control-sockets": {"dhcp4": unix},
        }
        if login:
            clients = [{"user": login[0], "password": login[1]}]
            agent["authentication"] = {"type": "basic", "realm": "kea", "clients": clients}
        (found.folder / "agent.conf").write_text(json.dumps({"Control-agent": agent}))
        server.start()
        yield server


@dataclass
class PowerDns:
    """A name server with its API. `dns_port` answers queries (UDP and TCP)."""

    services: Services
    port: int
    dns_port: int

    @property
    def url(self) -> str:
        """Where its API answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until its API answers."""
        self.services.start("pdns_server", f"--config-dir={self.services.folder}")
        self.services.wait("pdns_server", self.answers)

    def stop(self) -> None:
        """End it."""
        self.services.stop("pdns_server")

    def answers(self) -> bool:
        """True when the API answers."""
        try:
            return self.call("GET", "").status_code == 200
        except requests.RequestException:
            return False

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        """A request to `path` below the server's, as somebody with the key would send it."""
        return requests.request(
            method, f"{self.url}/api/v1/servers/localhost{path}", json=body, headers={"X-API-Key": API_KEY}, timeout=10
        )  # fmt: skip

    def zones(self) -> list[str]:
        """Names of its zones."""
        return sorted(z["name"] for z in self.call("GET", "/zones").json())

    def sets(self, zone: str) -> dict[tuple[str, str], tuple[int, list[str]]]:
        """(name, type) -> TTL and contents of every record set of a zone."""
        return {
            (r["name"], r["type"]): (r["ttl"], sorted(x["content"] for x in r["records"]))
            for r in self.call("GET", f"/zones/{zone}").json()["rrsets"]
            if r["records"]
        }

    def put(self, zone: str, name: str, kind: str, *contents: str, ttl: int = 300) -> None:
        """Write a record set behind everybody's back; no content: take it away."""
        row = {
            "name": name, "type": kind, "ttl": ttl, "changetype": "REPLACE" if contents else "DELETE",
            "records": [{"content": c, "disabled": False} for c in contents],
        }  # fmt: skip
        answer = self.call("PATCH", f"/zones/{zone}", {"rrsets": [row]})
        assert answer.status_code == 204, answer.text

    def drop_all(self) -> None:
        """No zone any more."""
        for zone in self.zones():
            self.call("DELETE", f"/zones/{zone}")


@contextmanager
def powerdns() -> Iterator[PowerDns]:
    """A running PowerDNS without a zone. Skips, or fails in CI, where it is not installed."""
    needs(*POWERDNS)
    if not SCHEMA.exists():
        needs("pdns-backend-sqlite3")
    with services() as found:
        server = PowerDns(found, free_port(), free_port())
        database = sqlite3.connect(found.folder / "pdns.db")
        database.executescript(SCHEMA.read_text())
        database.close()
        settings = {
            "launch": "gsqlite3", "gsqlite3-database": found.folder / "pdns.db", "gsqlite3-pragma-synchronous": 0,
            "api": "yes", "api-key": API_KEY, "webserver": "yes", "webserver-address": "127.0.0.1",
            "webserver-port": server.port, "local-address": "127.0.0.1", "local-port": server.dns_port,
            "socket-dir": found.folder, "daemon": "no", "guardian": "no", "disable-syslog": "yes", "write-pid": "no",
            "security-poll-suffix": "", "receiver-threads": 1, "distributor-threads": 1,
        }  # fmt: skip
        text = "".join(f"{name}={value}\n" for name, value in settings.items())
        (found.folder / "pdns.conf").write_text(text)
        server.start()
        yield server
