"""The process behind all management controllers of a lab: Redfish over TLS, one door per planned BMC address.

Started by the lab as `python -m rackwright.lab.bmc FOLDER`. It reads `bmc.json` (rows of `rackwright.lab.bmc_rows`
and the path of the control socket), writes `bmc-ca.pem` for its clients, and makes `bmc.ready` when it serves.
The control socket takes one JSON object a line: `{"bmc": NAME, "order": "faults", "value": {…}}` puts exactly these
faults in (401, 503, slow, serial, version, lie, lost, change); `reset` does a power action; `text` answers with the state.
The lab itself keeps the faults in force in `overrides.json`, with the same words.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import socket
import socketserver
import ssl
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from rackwright.lab import netns
from rackwright.lab.bmc_service import DOORS, application
from rackwright.lab.bmc_state import SYSTEM, Bmc, Overrides, faults_of
from rackwright.lab.bmc_tls import certificates
from rackwright.lab.mac_learning import EVERY_S, announce, announcement

TIMEOUT_S = 60.0
"""A client that says nothing for so long is let go."""


@dataclass
class Service:
    """Controllers that are being served, by device name; `ports` where each is reached (address, port)."""

    folder: Path
    bmcs: dict[str, Bmc] = field(default_factory=dict)
    ports: dict[str, tuple[str, int]] = field(default_factory=dict)
    listeners: list[socket.socket] = field(default_factory=list)
    senders: list[tuple[socket.socket, str, bytes]] = field(default_factory=list)
    """Where and what each controller announces of itself."""
    server: Any = None
    control: Any = None
    ending: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    @property
    def ca(self) -> Path:
        """Certificate a client has to trust."""
        return self.folder / "bmc-ca.pem"

    def close(self) -> None:
        """Stop serving."""
        self.ending.set()
        if self.control:
            self.control.shutdown()
            self.control.server_close()
        for thread in self.threads:
            thread.join()
        for own in self.bmcs.values():
            own.stop()
        for listener in self.listeners:
            DOORS.pop(listener.getsockname()[:2], None)
            listener.close()
        for door, _, _ in self.senders:
            door.close()


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = TIMEOUT_S

    def log_request(self, *_: Any) -> None:
        """Nothing: thousands of requests a night."""

    def handle(self) -> None:
        """One connection; a client that goes away, or does not speak TLS, is its own affair."""
        with contextlib.suppress(OSError):
            super().handle()


class _Server(ThreadedWSGIServer):
    """werkzeug's server over many listening sockets; each connection shakes hands in a thread of its own."""

    daemon_threads = True

    def __init__(self, app: Any, context: ssl.SSLContext) -> None:
        idle = socket.socket()
        idle.bind(("127.0.0.1", 0))
        idle.listen(1)
        super().__init__("127.0.0.1", 0, app, _Handler, fd=idle.fileno())
        idle.close()
        self.context = context

    def take(self, connection: socket.socket, address: Any) -> None:
        """Serve one accepted connection."""
        wrapped = self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        wrapped.settimeout(TIMEOUT_S)
        self.process_request(wrapped, address)


class _Control(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    service: Service


class _Orders(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Answer each line."""
        server = self.server
        assert isinstance(server, _Control)  # noqa: S101 - made only there
        for line in self.rfile:
            answer = obey(server.service, json.loads(line))
            self.wfile.write((json.dumps(answer) + "\n").encode())


def obey(service: Service, order: dict[str, Any]) -> dict[str, Any]:
    """Do what an order for one controller says; the answer."""
    own, kind, value = service.bmcs.get(str(order.get("bmc"))), order.get("order"), order.get("value")
    if own is None:
        return {"error": f"no controller of {order.get('bmc')} here"}
    try:
        if kind == "text":
            return {"text": own.told()}
        if kind == "faults":
            own.faults = faults_of(dict(value or {}))
        elif kind == "reset":
            own.reset(str(value))
        else:
            return {"error": f"no order {kind}"}
    except (ValueError, TypeError) as problem:
        return {"error": str(problem)}
    return {"done": kind}


def start(folder: Path, rows: Sequence[dict[str, Any]], control: Path | None = None) -> Service:
    """Serve a controller per row, in threads of this process. A row without `namespace` listens right here (`port` 0:
    any free one). Call it from the main thread.

    Raises OSError when an address is not there.
    """
    service = Service(folder)
    try:
        for row in rows:
            port = row.get("port", 443)
            if row.get("namespace"):
                listener = netns.listening_socket(row["namespace"], row["address"], port)
            else:
                listener = socket.create_server((row["address"], port), backlog=100)
            own = Bmc(row)
            if row.get("namespace") and row.get("interface"):
                door = netns.frame_socket(row["namespace"], receives=False)
                service.senders.append((door, row["interface"], announcement(row["bmc_mac"], row["address"])))
            service.listeners.append(listener)
            service.bmcs[row["name"]] = own
            service.ports[row["name"]] = listener.getsockname()[:2]
            DOORS[service.ports[row["name"]]] = own
    except OSError:
        service.close()
        raise
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificates(folder, sorted({r["address"] for r in rows})))
    overrides = Overrides(folder / "overrides.json")
    app = application()

    def served(environ: dict[str, Any], respond: Any) -> Any:
        overrides.apply(service.bmcs)
        path = environ["PATH_INFO"]  # sushy-tools writes BIOS where Redfish (DSP0266) writes Bios
        if path.startswith(f"/redfish/v1/Systems/{SYSTEM}/Bios"):
            environ["PATH_INFO"] = path.replace("/Bios", "/BIOS", 1)
        return app(environ, respond)

    service.server = _Server(served, context)
    service.threads.append(threading.Thread(target=_accept, args=(service,), daemon=True))
    if service.senders:
        service.threads.append(threading.Thread(target=_announce, args=(service,), daemon=True))
    if control is not None:
        control.unlink(missing_ok=True)
        service.control = _Control(str(control), _Orders)
        service.control.service = service
        service.threads.append(threading.Thread(target=service.control.serve_forever, daemon=True))
    for thread in service.threads:
        thread.start()
    return service


def _accept(service: Service) -> None:
    with selectors.DefaultSelector() as doors:
        for listener in service.listeners:
            listener.setblocking(False)
            doors.register(listener, selectors.EVENT_READ)
        while not service.ending.is_set():
            for key, _ in doors.select(0.2):
                door = key.fileobj
                assert isinstance(door, socket.socket)  # noqa: S101 - registered above
                with contextlib.suppress(OSError):
                    connection, address = door.accept()
                    connection.setblocking(True)
                    service.server.take(connection, address)


def _announce(service: Service) -> None:
    while not service.ending.wait(EVERY_S):
        for door, interface, frame in service.senders:
            announce(door, interface, frame)


def main(folder: Path) -> None:
    """Serve the controllers of a lab until the process ends."""
    data = json.loads((folder / "bmc.json").read_text(encoding="utf-8"))
    start(folder, data["bmcs"], Path(data["control"]))
    (folder / "bmc.ready").write_text("ready\n")
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
