"""One management controller over Redfish (DSP0266): certificates checked, entity tags kept, every failure told with
device, address, request, answer and how to go on."""

from __future__ import annotations

import difflib
import json
import re
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from urllib3.exceptions import InsecureRequestWarning

from stacks.provider.api import NoAnswerError, RefusedError, UnreachableError
from stacks.provider.errors import ProviderError, sentence
from stacks.provider.settings import Settings

ROOT = "/redfish/v1"
CONNECT_S = 10.0
BUSY = (429, 503)
SHOWN = 400
"""Characters of an answer that an error shows."""
LARGEST_BYTES = 4_000_000
REFUSED_FOR_S = 60.0
"""So long a login that was refused is not tried again: controllers lock accounts after a few."""
TASK_S = 0.5
DONE = ("Completed", "Exception", "Killed", "Cancelled")

_refused: dict[tuple[str, int, str, int], float] = {}
_refused_lock = threading.Lock()


@dataclass(frozen=True)
class Resource:
    """One resource as read: where, what it says, and its entity tag."""

    path: str
    body: Mapping[str, Any]
    etag: str | None = None

    def link(self, *keys: str) -> str | None:
        """Path of another resource this one names under these keys; None when it names none."""
        found: Any = self.body
        for key in (*keys, "@odata.id"):
            found = found.get(key) if isinstance(found, Mapping) else None
        return found if isinstance(found, str) else None


@dataclass
class Controller:
    """One controller over one kept connection with basic authentication. Close it (`with`)."""

    device: str
    address: str
    port: int
    settings: Settings
    login: tuple[str, str] = field(repr=False)
    timeout_s: float | None = None
    remark: str = ""
    """What it said about the last change it took."""
    _session: requests.Session = field(default_factory=requests.Session, repr=False)

    def __post_init__(self) -> None:
        self._session.trust_env = False  # no proxy and no .netrc between a stack and its controllers
        ca = self.settings.bmc_ca
        if ca is not None and not ca.is_file():
            raise ProviderError(
                self.say(
                    "open a connection", f"no file {ca}", "Name the authority of the controllers with rackwright:bmcCa"
                )
            )  # fmt: skip
        if self.settings.allow_insecure_tls:  # said once by the provider, not with every request
            warnings.simplefilter("ignore", InsecureRequestWarning)
        self._session.verify = not self.settings.allow_insecure_tls and (str(ca) if ca else True)

    def __enter__(self) -> Controller:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    @property
    def limit_s(self) -> float:
        """Seconds one answer may take."""
        return min(self.timeout_s or self.settings.timeout_s, self.settings.timeout_s)

    def get(self, path: str) -> Resource:
        """The resource. Raises ProviderError; RefusedError with status 404 when there is none."""
        answer = self._ask("GET", path)
        return Resource(path, _json(answer), answer.headers.get("ETag"))

    def find(self, path: str | None) -> Resource | None:
        """The resource; None without a path, or when the controller has none there."""
        try:
            return self.get(path) if path else None
        except RefusedError as error:
            if error.status in (404, 405, 501):
                return None
            raise

    def members(self, path: str | None) -> Iterator[Resource]:
        """The resources of a collection, in its order; all of its pages."""
        while path:
            page = self.get(path)
            for row in page.body.get("Members", ()):
                yield self.get(str(row["@odata.id"]))
            following = page.body.get("Members@odata.nextLink")
            path = following if isinstance(following, str) else None

    def patch(self, resource: Resource, body: Mapping[str, Any]) -> None:
        """Change a resource as it was read. When somebody changed it since, it is read again: if none of the values
        that would be changed differ, the change goes on; else ProviderError. Never sent twice without an answer."""
        etags = [resource.etag]
        if (resource.etag or "").startswith("W/"):
            etags.append((resource.etag or "")[2:])  # some compare strongly and yet give weak tags
        for etag in etags:
            try:
                self._change("PATCH", resource.path, body, etag)
            except RefusedError as error:
                if error.status not in (412, 428):
                    raise
            else:
                return
        fresh = self.get(resource.path)
        if _picked(fresh.body, body) != _picked(resource.body, body):
            raise ProviderError(
                self.say(f"PATCH {resource.path}", "412, somebody else changed the same values meanwhile",
                         "Find out who, then run again")
            )  # fmt: skip
        self._change("PATCH", resource.path, body, fresh.etag or "*")

    def post(self, path: str, body: Mapping[str, Any]) -> str | None:
        """Add to a collection; where the new one is, if the controller says so."""
        answer = self._change("POST", path, body, None)
        found = _json(answer).get("@odata.id") if answer.content else None
        return found if isinstance(found, str) else answer.headers.get("Location")

    def delete(self, path: str) -> None:
        """Take a resource away; being gone already is no error."""
        try:
            self._change("DELETE", path, None, None)
        except RefusedError as error:
            if error.status != 404:
                raise

    def move(self, address: str, path: str) -> None:
        """Go on at a new address once the controller answers there; until then it is reached at the old one.

        Raises UnreachableError when it does not within the time of one answer.
        """
        old, end = self.address, time.monotonic() + self.limit_s
        while True:
            self.address = address
            try:
                self.get(path)
                return
            except (UnreachableError, NoAnswerError) as error:
                self.address = old
                if time.monotonic() > end:
                    raise UnreachableError(
                        self.say(f"go from {old} to {address}", f"no answer at {address} within {self.limit_s:g} s",
                                 "Look at the cabling and the gateway of that network")
                    ) from error  # fmt: skip
            time.sleep(TASK_S)

    def lets_in(self, user: str, password: str, path: str) -> bool:
        """Whether this user gets in by this password (403 is in). Tried once: a wrong one counts towards a lock."""
        with Controller(
            self.device, self.address, self.port, self.settings, (user, password), self.timeout_s
        ) as other:
            answer = other._once(f"GET {path} as {user}", "GET", path, None, {})
        if answer.status_code in BUSY:
            raise NoAnswerError(
                self.say(f"GET {path} as {user}", _answered(answer), _advice(answer.status_code))
            )
        return answer.status_code != 401

    def say(self, tried: str, answered: str, then: str) -> str:
        """The sentence of an error."""
        where = f"{self.address}:{self.port}"
        return self.settings.mask(sentence(self.device, where, tried, answered, then))

    # ------------------------------------------------------------ on the wire

    def _change(self, method: str, path: str, body: Mapping[str, Any] | None, etag: str | None) -> Any:
        answer = self._ask(method, path, body, {"If-Match": etag} if etag else {})
        self.remark = words_of(_json(answer)) if answer.content else ""
        if answer.status_code == 202 and (monitor := answer.headers.get("Location")):
            self._wait(method, path, monitor)
        return answer

    def _wait(self, method: str, path: str, monitor: str) -> None:
        """Until the task the controller made of a change has ended."""
        end = time.monotonic() + self.limit_s
        while time.monotonic() < end:
            answer = self._ask("GET", monitor)
            body = _json(answer) if answer.content else {}
            if answer.status_code != 202 and body.get("TaskState", "Completed") in DONE:
                if body.get("TaskState", "Completed") != "Completed" or body.get("TaskStatus", "OK") != "OK":
                    raise RefusedError(
                        self.say(f"{method} {path}", f"its task ended {body.get('TaskState')}: {words_of(body)}",
                                 "Look at the controller's log")
                    )  # fmt: skip
                return
            time.sleep(TASK_S)
        raise NoAnswerError(
            self.say(f"{method} {path}", f"its task is not done after {self.limit_s:g} s", "Look at the controller's tasks")
        )  # fmt: skip

    def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:  # fmt: skip
        """The answer to one request, told to come again (503, 429) as often as `retry_s` allows."""
        tried, end = f"{method} {path}", time.monotonic() + self.settings.retry_s
        key = (self.address, self.port, self.login[0], hash(self.login[1]))
        with _refused_lock:
            if time.monotonic() < _refused.get(key, 0.0):
                raise self._no_login(tried, "this login was refused a moment ago and is not tried again")
        while True:
            answer = self._once(tried, method, path, body, headers or {})
            wait = _wait_s(answer)
            if answer.status_code not in BUSY or time.monotonic() + wait > end:
                break
            time.sleep(wait)
        if answer.status_code == 401:
            with _refused_lock:
                _refused[key] = time.monotonic() + REFUSED_FOR_S
            raise self._no_login(tried, "401, the login is refused")
        if answer.status_code >= 300:
            raise RefusedError(
                self.say(tried, _answered(answer), _advice(answer.status_code)), answer.status_code
            )
        return answer

    def _no_login(self, tried: str, answered: str) -> RefusedError:
        then = (
            "Correct the secrets named by rackwright:bmcUser and rackwright:bmcPassword, or RACKWRIGHT_BMC_USER and "
            "RACKWRIGHT_BMC_PASSWORD where none is named"
        )
        return RefusedError(self.say(tried, answered, then), 401)

    def _once(
        self, tried: str, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> requests.Response:  # fmt: skip
        host = f"[{self.address}]" if ":" in self.address else self.address
        end = time.monotonic() + self.limit_s
        try:
            answer = self._session.request(
                method, f"https://{host}:{self.port}{path}", json=body, auth=self.login, stream=True, allow_redirects=False,
                headers={"Accept": "application/json", "OData-Version": "4.0", **headers},
                timeout=(min(CONNECT_S, self.limit_s), self.limit_s),
            )  # fmt: skip
            content = b""
            for chunk in answer.iter_content(65_536):
                content += chunk
                if time.monotonic() > end or len(content) > LARGEST_BYTES:
                    raise requests.ReadTimeout(f"{len(content)} bytes and no end")
            answer._content = content
        except requests.exceptions.SSLError as error:
            raise UnreachableError(
                self.say(tried, f"its certificate is not trusted ({_root(error)})",
                         "Name the authority with rackwright:bmcCa or RACKWRIGHT_BMC_CA, or put a certificate for this address on it")
            ) from None  # fmt: skip
        except requests.RequestException as error:
            if isinstance(error, requests.ConnectTimeout) or "NewConnectionError" in repr(error):
                raise UnreachableError(
                    self.say(tried, f"no connection ({_root(error)}), nothing was sent",
                             "Look at its power, its cable and its address")
                ) from None  # fmt: skip
            raise NoAnswerError(
                self.say(tried, f"no whole answer within {self.limit_s:g} s ({_root(error)})",
                         "Look whether the controller is well, then run again")
            ) from None  # fmt: skip
        return answer


def words_of(body: Mapping[str, Any]) -> str:
    """What an answer says in words (DSP0266 §8.6), on one line and not too long."""
    error = body.get("error", body)
    error = error if isinstance(error, Mapping) else {}
    noted = [
        row for key, rows in error.items() if str(key).endswith("@Message.ExtendedInfo") for row in rows or ()
    ]
    rows = noted or body.get("Messages") or ()
    texts = [str(row["Message"]) for row in rows if isinstance(row, Mapping) and row.get("Message")]
    line = " ".join(" ".join(texts or [str(error.get("message") or "")]).split())
    return line if len(line) <= SHOWN else f"{line[:SHOWN]} …"


def nearest(name: str, there: Mapping[str, Any]) -> str:
    """Names like this one, for an error about one that is not there."""
    found = difflib.get_close_matches(name, list(there), 3, 0.5) or sorted(there)[:8]
    return ", ".join(found) or "none at all"


def _picked(body: Any, like: Any) -> Any:
    """The part of a body that a change would change."""
    if isinstance(like, Mapping):
        return {k: _picked(body.get(k) if isinstance(body, Mapping) else None, v) for k, v in like.items()}
    return body


def _json(answer: requests.Response) -> dict[str, Any]:
    try:
        found = json.loads(answer.content or b"{}")
    except ValueError:
        found = {}
    return found if isinstance(found, dict) else {}


def _answered(answer: requests.Response) -> str:
    words = words_of(_json(answer))
    if answer.status_code in BUSY:
        words = f"out of service for now; {words}" if words else "out of service for now"
    return f"{answer.status_code}, {words}" if words else str(answer.status_code)


def _advice(status: int) -> str:
    if status == 403:
        return "Give the account the role it needs"
    if status in BUSY:
        return "Run again when the controller is back"
    return "Correct what the stack declares, or look at the controller's log"


def _wait_s(answer: requests.Response) -> float:
    """Seconds until the controller wants to be asked again."""
    given = answer.headers.get("Retry-After", "")
    return float(given) if re.fullmatch(r"\d{1,4}", given) else 1.0


def _root(error: BaseException) -> str:
    """The innermost reason, in few words."""
    text = str(error)
    known = re.search(
        r"certificate verify failed: [^('\"]+|[Cc]onnection refused|timed out|No route to host|[Cc]onnection reset"
        r"|Remote end closed connection|EOF occurred|CERTIFICATE_VERIFY_FAILED|WRONG_VERSION_NUMBER",
        text,
    )
    return known[0].strip() if known else type(error).__name__
