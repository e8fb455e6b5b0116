"""A server between the provider and a real one: it passes everything on, or does what a test wants of it."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

PASSED = ("Authorization", "Content-Type", "X-API-Key")
Meddle = Callable[[str, bytes], str]
"""Told method and body: "" pass it on, "fail" refuse it, "lose" do it and break off the answer, "busy" 503."""


@contextmanager
def between(
    target: str, meddle: Meddle = lambda *_: "", refusal: Any = None, tls: ssl.SSLContext | None = None
) -> Iterator[str]:  # fmt: skip
    """URL of the server between, https with `tls`. `refusal` is the answer to what is to fail: 500 with an error, or 200
    with this."""

    class Handler(BaseHTTPRequestHandler):
        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            word = meddle(self.command, body)
            if word == "busy":
                self.answer(503, b"")
            elif word == "fail":
                status, said = (500, {"error": "made to fail"}) if refusal is None else (200, refusal)
                self.answer(status, json.dumps(said).encode())
            else:
                headers = {k: v for k, v in self.headers.items() if k in PASSED}
                found = requests.request(
                    self.command, target.rstrip("/") + self.path, data=body, headers=headers, timeout=10
                )
                if word == "lose":
                    self.close_connection = True
                else:
                    self.answer(found.status_code, found.content)

        def answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.serve)
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        proxy.socket = tls.wrap_socket(proxy.socket, server_side=True)
    threading.Thread(target=proxy.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{proxy.server_port}"
    finally:
        proxy.shutdown()
        proxy.server_close()
