"""Requests to a service with an HTTP API, each bounded in time, each failure told with server, request and answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests

from stacks.provider.errors import ProviderError, sentence
from stacks.provider.settings import Settings

CONNECT_S = 5.0
BUSY = (429, 503)
SHOWN = 300
"""Characters of an answer that an error shows."""


class UnreachableError(ProviderError):
    """Nothing was sent."""


class NoAnswerError(ProviderError):
    """It was sent and nothing, or half of an answer, came back: what the server did is not known."""


class RefusedError(ProviderError):
    """The server answered no and changed nothing. `status` is HTTP's, or 200 where the refusal is in the answer;
    `said`: status and words alone."""

    def __init__(self, message: str, status: int = 200, said: str = "") -> None:
        super().__init__(message)
        self.status, self.said = status, said


@dataclass(frozen=True)
class Api:
    """One server: its name for messages, its URL without a final slash, how a request shows who asks.

    `headers` and `login` hold secrets and do not print.
    """

    server: str
    url: str
    settings: Settings
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    login: tuple[str, str] | None = field(default=None, repr=False)
    timeout_s: float | None = None

    def ask(self, tried: str, method: str, path: str, body: Any = None) -> requests.Response:
        """The answer, whatever its status. A server that is busy (503, 429) is asked again for `retry_s`.

        Raises UnreachableError, NoAnswerError, and RefusedError for 401 and 403.
        """
        end = time.monotonic() + self.settings.retry_s
        while True:
            answer = self._once(tried, method, path, body)
            if answer.status_code not in BUSY or time.monotonic() >= end:
                break
            time.sleep(min(0.5, max(0.0, end - time.monotonic())))
        if answer.status_code in (401, 403):
            raise RefusedError(
                self.say(
                    tried, f"{answer.status_code}, who asks is not let in", "Put the right key in place"
                ),
                answer.status_code,
            )
        return answer

    def say(self, tried: str, answered: str, then: str) -> str:
        """The sentence of an error, secrets masked."""
        return self.settings.mask(sentence(self.server, self.url, tried, answered, then))

    def words(self, text: str) -> str:
        """What an answer says, on one line and not too long."""
        line = " ".join(text.split())
        return line if len(line) <= SHOWN else f"{line[:SHOWN]} …"

    def _once(self, tried: str, method: str, path: str, body: Any) -> requests.Response:
        limit = min(self.timeout_s or self.settings.timeout_s, self.settings.timeout_s)
        end = time.monotonic() + limit
        ca = self.settings.services_ca
        with requests.Session() as session:
            session.trust_env = False  # no proxy and no .netrc between a stack and its own services
            try:
                answer = session.request(
                    method, self.url + path, json=body, headers=dict(self.headers), auth=self.login, stream=True,
                    timeout=(min(CONNECT_S, limit), limit), verify=str(ca) if ca else True, allow_redirects=False,
                )  # fmt: skip
                content = b""
                for chunk in answer.iter_content(65_536):
                    content += chunk
                    if time.monotonic() > end:
                        raise requests.ReadTimeout
                answer._content = content
            except requests.exceptions.SSLError as error:
                raise UnreachableError(
                    self.say(
                        tried, f"its certificate is not trusted ({_root(error)})",
                        "Name the authority with rackwright:servicesCa",
                    )
                ) from None  # fmt: skip
            except (requests.Timeout, requests.ConnectionError) as error:
                if isinstance(error, requests.ConnectTimeout) or "NewConnectionError" in repr(error):
                    raise UnreachableError(
                        self.say(
                            tried, f"no connection ({_root(error)}), nothing was sent",
                            "Start the server or correct its api_url, then run again",
                        )
                    ) from None  # fmt: skip
                raise NoAnswerError(
                    self.say(
                        tried, f"no whole answer within {limit:g} s ({_root(error)})", "Look at the server, then run again"
                    )
                ) from None  # fmt: skip
            except requests.RequestException as error:
                raise NoAnswerError(
                    self.say(tried, _root(error), "Look at the server, then run again")
                ) from None
        return answer


def url_fault(url: Any) -> str:
    """Why this is no URL of an API; empty when it is one."""
    parts = urlsplit(str(url))
    try:
        port = parts.port
    except ValueError:
        return "has no valid port"
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return "must be http://HOST:PORT or https://HOST:PORT"
    if parts.username or parts.password:
        return "must not hold a login: name a secret of the inventory"
    if parts.query or parts.fragment:
        return "must end with the path"
    return ""


def _root(error: BaseException) -> str:
    """The innermost reason in few words."""
    text = str(error)
    for reason in (
        "Connection refused",
        "timed out",
        "No route to host",
        "Name or service not known",
        "Connection reset",
    ):
        if reason in text:
            return reason.lower()
    return type(error).__name__ if not text else f"{type(error).__name__}: {text[:120]}"
