"""One login on a switch: host key checked, every answer waited for only so long, everything said written down.

The transcript keeps time, line and answer with keys masked. A line that gets no answer raises HungError, a
session that ends DroppedError: after either the session is of no more use and what the switch did is not known.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from topology.observe.secrets import mask

if TYPE_CHECKING:
    from netmiko import BaseConnection


PAGER = re.compile(r"(?i)-+ *more *-+")
"""What a switch shows below a page of a long answer."""
ECHOED = 30
"""So many characters of a line are looked for in its echo: a terminal may break longer ones."""


class SessionError(Exception):
    """A session with a switch that did not go as it should."""


class ConnectError(SessionError):
    """No session: the message says whether the address, the host key or the login is wrong."""


class HungError(SessionError):
    """The switch took a line and did not answer in time."""


class DroppedError(SessionError):
    """The session ended while a line ran."""


@dataclass(frozen=True)
class Credentials:
    """Who logs in. The password does not print."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Timeouts:
    """Seconds: to connect and log in, for an answer, and for a commit or a saved file."""

    connect_s: float = 15
    answer_s: float = 30
    commit_s: float = 120


@dataclass(frozen=True)
class Spoken:
    """A line and its answer; `at` is UTC. `answer` ends in a note when none came."""

    at: str
    line: str
    answer: str


@dataclass
class Session:
    """A command line over SSH. `prompt` is a pattern of what stands at the end of an answer: a prompt or a
    question. `platform` is the name netmiko has for it."""

    host: str
    platform: str
    prompt: str
    credentials: Credentials
    known_hosts: Path
    port: int = 22
    timeouts: Timeouts = Timeouts()
    transcript: list[Spoken] = field(default_factory=list, repr=False)
    hidden: set[str] = field(default_factory=set, repr=False)
    """Values that are masked in the transcript."""
    _line: BaseConnection | None = field(default=None, repr=False)

    def open(self) -> None:
        """Log in. Raises ConnectError."""
        from netmiko import ConnectHandler
        from netmiko.exceptions import NetmikoAuthenticationException

        if not self.known_hosts.is_file():
            raise ConnectError(f"no file of known host keys {self.known_hosts}; {self._key_hint()}")
        begun = time.monotonic()
        try:
            self._line = ConnectHandler(
                device_type=self.platform, host=self.host, port=self.port, username=self.credentials.user,
                password=self.credentials.password, ssh_strict=True, system_host_keys=False, alt_host_keys=True,
                alt_key_file=str(self.known_hosts), conn_timeout=self.timeouts.connect_s,
                auth_timeout=self.timeouts.connect_s, banner_timeout=self.timeouts.connect_s,
                read_timeout_override=self.timeouts.connect_s,
            )  # fmt: skip
            self._line.read_timeout_override = None
            self._settle(time.monotonic() - begun)
        except NetmikoAuthenticationException:
            who = self.credentials  # a name that is the password, too, would be masked
            raise self._failed(
                "login refused" if who.user == who.password else f"login of {who.user} refused"
            ) from None
        except Exception as error:  # netmiko, paramiko and the socket each raise their own
            raise self._failed(self._why(error)) from None
        self._note("(login)", "")

    def _settle(self, quiet_s: float) -> None:
        """Wait until nothing more comes of what was said at login: a slow switch would answer it after the next line,
        and every answer would be taken for that of the line before. `quiet_s`: how long login took, which is longer than
        any answer in it."""
        assert self._line is not None  # noqa: S101 - asked by open()
        end = time.monotonic() + self.timeouts.answer_s
        last = time.monotonic()
        while time.monotonic() < min(last + quiet_s, end):
            if self._line.read_channel():
                last = time.monotonic()
            else:
                time.sleep(0.01)

    def close(self) -> None:
        """End the session without another word to the switch: `quit` could ask a question."""
        line, self._line = self._line, None
        if line is not None and line.remote_conn_pre is not None:
            line.remote_conn_pre.close()

    @property
    def alive(self) -> bool:
        """True while the session's transport is up."""
        if self._line is None or self._line.remote_conn_pre is None:
            return False
        transport = self._line.remote_conn_pre.get_transport()
        return bool(transport and transport.is_active())

    def say(self, line: str, *, timeout_s: float | None = None) -> str:
        """The answer to a line, without echo and prompt. Raises HungError or DroppedError."""
        if self._line is None:
            raise DroppedError(f"{self.host}: no session")
        limit, shown = timeout_s or self.timeouts.answer_s, mask(line, self.hidden)
        try:
            self._line.write_channel(f"{line}\n")
            text = self._read(limit, line.strip()[:ECHOED])
        except HungError as hung:
            paging = (
                "; it waits for a key at `-- More --`: paging could not be switched off"
                if PAGER.search(str(hung))
                else ""
            )
            self._note(shown, f"(no answer within {limit:g} s{paging})")
            self.close()
            raise HungError(f"`{shown}`: no answer within {limit:g} s{paging}") from None
        except Exception as error:  # netmiko, paramiko and the socket each raise their own
            self._note(shown, f"(session ended: {type(error).__name__})")
            self.close()
            raise DroppedError(f"`{shown}`: the session ended while it ran") from None
        self._note(shown, text)
        return text

    def _read(self, limit_s: float, echo: str) -> str:
        """What comes between the echo of a line and a prompt or a question. An answer to something said before
        (at login, to a slow switch) stands before the echo and is not taken for this one's."""
        assert self._line is not None  # noqa: S101 - asked by say()
        out, end = "", time.monotonic() + limit_s
        while time.monotonic() < end:
            alive = self.alive and not self._line.remote_conn.closed  # type: ignore[union-attr]
            if more := self._line.read_channel():
                out += more.replace("\r", "")
                at = out.find(echo)
                if at >= 0 and re.search(self.prompt, out[max(at + len(echo), len(out) - 200) :]):
                    return out[at + len(echo) :].partition("\n")[2] if echo else out
            elif not alive:
                raise DroppedError
            else:
                time.sleep(0.005)
        raise HungError(out[-40:])

    @property
    def at_question(self) -> bool:
        """True when the last answer ended in a question."""
        return bool(self.transcript) and self.transcript[-1].answer.rstrip().endswith(("]:", "]"))

    def written(self) -> str:
        """The transcript as text, keys masked."""
        return "".join(f"[{s.at}] {s.line}\n{s.answer}\n" for s in self.transcript)

    def _note(self, line: str, answer: str) -> None:
        self.transcript.append(Spoken(now(), line, mask(answer, self.hidden)))

    def _failed(self, why: str) -> ConnectError:
        self._note("(login)", f"(failed: {why})")
        return ConnectError(f"{self.host}:{self.port}: {why}")

    def _why(self, error: Exception) -> str:
        text = str(error)
        if "known_hosts" in text:
            return f"its host key is not in {self.known_hosts}; {self._key_hint()}"
        if "BadHostKey" in type(error).__name__ or "does not match" in text:
            return f"its host key is another than in {self.known_hosts}: find out why before anything is sent"
        if "existing session" in text or "banner" in text:
            return (
                f"it takes the connection and does not speak SSH within {self.timeouts.connect_s:g} s: it hangs, or all its "
                "lines are taken"
            )
        first = next((row.strip() for row in text.splitlines() if row.strip()), "")
        return f"no session within {self.timeouts.connect_s:g} s ({type(error).__name__}: {first})"

    def _key_hint(self) -> str:
        return f"compare the fingerprint at the console, then: ssh-keyscan -p {self.port} {self.host} >> {self.known_hosts}"


def now() -> str:
    """The time in UTC to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def known_hosts_file(given: Path | None = None) -> Path:
    """The file of host keys: as given, RACKWRIGHT_KNOWN_HOSTS, or the user's own."""
    found = os.environ.get("RACKWRIGHT_KNOWN_HOSTS")
    return given or (Path(found) if found else Path.home() / ".ssh" / "known_hosts")


def wait_until(test: Callable[[], bool], limit_s: float, step_s: float = 0.5) -> bool:
    """True as soon as `test()` holds; False when it did not within `limit_s`."""
    end = time.monotonic() + limit_s
    while not test():
        if time.monotonic() >= end:
            return False
        time.sleep(min(step_s, max(0.0, end - time.monotonic())))
    return True
