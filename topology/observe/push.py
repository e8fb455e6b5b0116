"""Bring one switch to its intended configuration, or leave it as it was, and say plainly which.

Steps: login, backup, difference, commit on trial, health check, confirm, save. Whatever goes wrong after the commit
ends in a rollback that is read back. When a session hangs or is cut, a new one looks what is there and decides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from napalm.base.exceptions import CommandErrorException, NapalmException

from topology.model_diff import differences
from topology.observe.driver_base import NotOnThisPlatformError, SwitchDriver
from topology.observe.remediation import Remedy
from topology.observe.secrets import mask
from topology.observe.session import now, wait_until
from topology.platforms.render import parse, render
from topology.switch_config import SwitchConfig

Outcome = Literal[
    "no change", "would change", "confirmed", "rolled back", "refused", "unreachable", "unknown"
]
"""no change: it ran what is intended. would change: dry run. confirmed: it runs what is intended, for good.
rolled back: it runs what it ran before. refused: nothing was changed. unreachable: nothing was sent.
unknown: nobody can tell; the message says what to look at and `undo` what to type."""
GOOD = ("no change", "would change", "confirmed")
FACTORY_NAMES = ("", "HUAWEI", "H3C", "Ruijie", "sysname")


@dataclass(frozen=True)
class Checks:
    """What must hold after the commit, beside the configuration itself. `neighbours`: device and port (None: any)
    expected on a port. A neighbour that was not there before the commit is noted, not held against it.
    `settle_s`: how long links may take. `login`: a second session must be possible."""

    neighbours: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    settle_s: float = 60
    login: bool = True


@dataclass(frozen=True)
class Step:
    """A step: when it began (UTC), how long it took, whether it went well, and what is to be said of it."""

    name: str
    at: str
    took_s: float
    ok: bool
    text: str


@dataclass
class PushResult:
    """What became of one switch. `undo` is what to type on it to go back; empty when there is nothing to undo."""

    host: str
    outcome: Outcome = "unknown"
    message: str = ""
    undo: str = ""
    diff: str = ""
    steps: list[Step] = field(default_factory=list)
    left: tuple[str, ...] = ()
    before: str = ""
    """The configuration before, keys masked."""
    transcript: str = ""

    @property
    def good(self) -> bool:
        """True when nobody has to look at it."""
        return self.outcome in GOOD


Progress = Callable[[str, str], None]
"""Told the switch and the step that begins."""


def undo_run(
    folder: Path, *, driver_of: Callable[[str, str], SwitchDriver], hosts: Collection[str] | None = None,
    pair_of: Mapping[str, str] | None = None, checks_of: Callable[[str], Checks] | None = None, revert_in_s: int = 600,
    dry_run: bool = False, workers: int = 20, tell: Progress | None = None,
    done: Callable[[PushResult], None] = lambda _: None,
) -> list[PushResult]:  # fmt: skip
    """Put back what the push run recorded in `folder` (topology.observe.push_result.record) changed, on `hosts` or
    all of it: lines it added go, lines it took come back, what was changed since stays.

    `driver_of(host, platform)` gives a driver not yet open, `pair_of` the pair of a host: members are put back one
    after the other. Each switch goes the road of `push`: difference, commit on trial, health check, confirm, save.
    A switch the run did not change ends as "no change"; one where a line of the run was changed again, or whose old
    line held a key, as "refused" with what to type. Raises ValueError for a folder that holds no run.
    """
    raise NotImplementedError


class _EndError(Exception):
    """The push is over; the result stands."""


def push(
    config: SwitchConfig, driver: SwitchDriver, *, checks: Checks | None = None, revert_in_s: int = 600,
    dry_run: bool = False, tell: Progress | None = None,
) -> PushResult:  # fmt: skip
    """Bring the switch behind `driver` (not yet open) to `config`. Never raises for what a switch does."""
    work = _Push(config, driver, checks or Checks(), revert_in_s, dry_run, tell or (lambda *_: None))
    try:
        work.run()
    except _EndError:
        pass
    except (NapalmException, NotOnThisPlatformError) as error:
        work.note(f"{error}")
        work.set("unknown" if work.sent else "refused", str(error))
    finally:
        driver.close()
    work.result.transcript = mask(driver.session.written(), driver.vault.seen)
    return work.result


class _Push:
    """One push under way."""

    def __init__(
        self, config: SwitchConfig, driver: SwitchDriver, checks: Checks, revert_in_s: int, dry_run: bool, tell: Progress
    ) -> None:  # fmt: skip
        self.config, self.driver, self.checks, self.tell = config, driver, checks, tell
        self.revert_in_s, self.dry_run = driver.timer_s(revert_in_s), dry_run
        self.result = PushResult(config.host)
        self.before = ""
        self.linked: dict[str, set[tuple[str, str]]] | None = None
        self.routed: set[str] | None = None
        self.sent = False
        self.committed_at: datetime | None = None

    # ------------------------------------------------------------ the road

    def run(self) -> None:
        """All steps in order."""
        with self.step("login", "unreachable", "nothing was sent"):
            self.driver.open()
        with self.step("backup", "refused", "nothing was changed"):
            self.look_before()
        with self.step("difference", "refused", "nothing was changed"):
            self.compare()
        if self.dry_run:
            self.end("would change", f"{len(self.result.diff.splitlines())} lines differ")
        with self.step("keep on the switch", "refused", "nothing was changed"):
            self.note(f"file {self.driver.backup()}")
        self.commit()
        self.check()
        self.confirm()
        with self.step("save", None):
            self.driver.save()
        message = "runs what is intended, confirmed"
        if not self.result.steps[-1].ok:
            message += f"; but it is not saved and would be lost by a restart: {self.result.steps[-1].text}"
        self.end("confirmed", message, self.driver.undo_by_hand(None))

    def look_before(self) -> None:
        """What runs, and which neighbours are seen, before anything is sent."""
        self.before = self.driver.running()
        self.result.before = mask(self.before, self.driver.vault.seen)
        running = parse(self.config.platform, self.before)
        if running.host not in (self.config.host, *FACTORY_NAMES):
            self.end(
                "refused",
                f"the switch at {self.driver.hostname} says it is {running.host}, not {self.config.host}",
            )
        own = (running.management or ("", "", ""))[1].partition("/")[0]
        wanted = (self.config.management or ("", "", ""))[1].partition("/")[0]
        if own == self.driver.hostname and wanted != own:
            self.end(
                "refused",
                f"it would change the management address {own} this session runs over: do that at the console",
            )
        self.linked, self.routed = self.neighbours(), self.bgp_up()
        self.note(f"{len(self.before.splitlines())} lines")

    def compare(self) -> None:
        """What would change; ends the push when nothing would."""
        self.driver.load_replace_candidate(config=render(self.config))
        candidate = self.driver.candidate or Remedy((), "")
        self.result.diff = self.driver.compare_config()
        self.result.left = candidate.left
        if not candidate.lines:
            rest = differences(self.config, parse(self.config.platform, self.before)) or self.contradictions()
            if rest:
                self.end("refused", f"nothing to send, and yet: {'; '.join(rest[:3])}")
            self.end("no change", "runs what is intended already")
        self.note(f"{len(candidate.lines)} lines to send")

    def commit(self) -> None:
        """Send it, on trial. A lost session is looked after."""
        self.sent = True
        try:
            with self.step("commit on trial", None, fatal=True):
                self.driver.commit_config(revert_in=self.revert_in_s)
                self.committed_at = datetime.now(UTC)
                self.note(f"goes back by itself at {self.back_at()} unless confirmed")
        except NapalmException as error:
            self.committed_at = datetime.now(UTC)
            alive = self.driver.is_alive()["is_alive"]
            with self.step("look what is there", None):
                if not alive:
                    self.reopen()
                text = self.driver.running()
                if self.same(text):
                    self.abort(f"{error}; the switch shows what it ran before")
                    self.end("refused", f"{error}; the switch runs what it ran before")
                if not differences(self.config, parse(self.config.platform, text)):
                    self.note("the commit was taken although the session was lost: goes on in a new session")
                    return
                self.note("neither what ran before nor what is intended")
                self.roll_back(str(error))
            self.unknown(f"{error}; since then it cannot be read: {self.result.steps[-1].text}")

    def check(self) -> None:
        """The health check; what fails is rolled back."""
        faults: list[str] = []
        end = time.monotonic() + self.checks.settle_s

        def healthy() -> bool:
            faults[:] = self.faults()
            return not faults

        with self.step("health check", None):
            if not self.driver.is_alive()["is_alive"]:
                self.reopen()
            text = self.driver.running()
            if self.same(text):
                self.abort("the switch said that it committed, and shows what it ran before")
                self.end(
                    "refused",
                    "the switch said that it committed, and runs what it ran before: nothing was changed",
                )
            faults += differences(self.config, parse(self.config.platform, text)) or self.contradictions()
            if not faults:
                wait_until(healthy, max(0.0, end - time.monotonic()), 2.0)
            if faults:
                raise CommandErrorException(
                    "; ".join(faults[:3]) + (f" and {len(faults) - 3} more" if len(faults) > 3 else "")
                )
            self.note(", ".join(["configuration as intended", *self.seen()]))
        if not self.result.steps[-1].ok:
            self.roll_back(f"health check failed: {self.result.steps[-1].text}")

    def confirm(self) -> None:
        """Keep it. When nobody says whether that was taken, ask once more in a new session."""
        for attempt in (1, 2):
            with self.step("confirm" if attempt == 1 else "confirm again", None):
                if not self.driver.is_alive()["is_alive"]:
                    self.reopen()
                self.driver.confirm_commit()
                rest = differences(self.config, parse(self.config.platform, self.driver.running()))
                if rest:
                    self.end("unknown", f"confirmed, but then it does not run what is intended: {'; '.join(rest[:3])}",
                             self.driver.undo_by_hand(None))  # fmt: skip
                return
            if self.driver.is_alive()["is_alive"]:
                break
        self.unknown(
            f"the new configuration runs and is healthy, but whether it is confirmed is not known: {self.result.steps[-1].text}"
        )

    # ------------------------------------------------------------ what goes wrong

    def roll_back(self, why: str) -> None:
        """Go back, read back, end."""
        with self.step("roll back", None):
            if not self.driver.is_alive()["is_alive"]:
                self.reopen()
            self.driver.rollback()
            if not self.same(self.driver.running()):
                raise CommandErrorException("after it the switch does not show what ran before")
        last = self.result.steps[-1]
        if last.ok:
            self.end("rolled back", f"{why}; the switch runs what it ran before")
        self.unknown(f"{why}; rolling back failed: {last.text}")

    def abort(self, why: str) -> None:
        """End a trial that may be in effect though nothing shows it."""
        try:
            if not self.driver.is_alive()["is_alive"]:
                self.driver.reopen()
            self.driver.abort_trial()
        except NapalmException as error:
            self.unknown(f"{why}; ending the trial failed ({error})")

    def reopen(self) -> None:
        """A new session, tried for as long as a health check may take, thrice at least."""
        end, tries = time.monotonic() + min(self.checks.settle_s, self.revert_in_s / 2), 0
        while True:
            tries += 1
            try:
                self.driver.reopen()
                return
            except NapalmException:
                if tries >= 3 and time.monotonic() >= end:
                    raise
                time.sleep(0.5 if tries < 3 else 2.0)

    def unknown(self, why: str) -> None:
        """End without knowing."""
        self.end(
            "unknown",
            f"{why}. Unless it was confirmed, the switch goes back by itself at {self.back_at()}: look then",
            f"{self.driver.undo_by_hand(self.revert_in_s)}   (after {self.back_at()}: {self.driver.undo_by_hand(None)})",
        )

    # ------------------------------------------------------------ looking

    def faults(self) -> list[str]:
        """What is worse than before the commit."""
        out = []
        after, before = self.neighbours(), self.linked
        if before is not None:
            for port, (device, remote) in self.checks.neighbours.items():
                if not _is_there(before, port, device, remote):
                    continue
                if after is None:
                    out.append("LLDP cannot be read any more")
                    break
                if not _is_there(after, port, device, remote):
                    found = ", ".join(sorted(f"{d}:{p}" for d, p in after.get(port, ()))) or "nobody"
                    out.append(f"{port}: {device} was seen before, now {found}")
        if self.routed:
            lost = self.routed - (self.bgp_up() or set())
            wanted = {n.address for n in self.config.bgp.neighbours} if self.config.bgp else set()
            out += [f"BGP neighbour {address} is not up any more" for address in sorted(lost & wanted)]
        if self.checks.login and not out and (why := self.second_login()):
            out.append(f"no second session: {why}")
        return out

    def seen(self) -> list[str]:
        """What was looked at, in words."""
        linked, expected = self.linked, self.checks.neighbours
        out = []
        if linked is None:
            out.append("LLDP not readable")
        elif expected:
            there = sum(_is_there(linked, p, d, r) for p, (d, r) in expected.items())
            out.append(f"{there} of {len(expected)} planned neighbours seen, as before")
        if self.routed:
            out.append(f"{len(self.routed)} of the BGP neighbours were up and are")
        if self.checks.login:
            out.append("a second session is possible")
        return out

    def neighbours(self) -> dict[str, set[tuple[str, str]]] | None:
        """Device and port seen on each port; None when it cannot be read."""
        try:
            found = self.driver.get_lldp_neighbors()
        except (CommandErrorException, NotOnThisPlatformError):
            return None
        return {port: {(n["hostname"], n["port"]) for n in rows} for port, rows in found.items()}

    def bgp_up(self) -> set[str] | None:
        """Addresses of BGP neighbours that are up; None when the switch does not show it."""
        try:
            peers: dict[str, Any] = self.driver.get_bgp_neighbors()["global"]["peers"]
        except (CommandErrorException, NotOnThisPlatformError):
            return None
        return {address for address, peer in peers.items() if peer["is_up"]}

    def contradictions(self) -> list[str]:
        """Where a second display tells another description than the configuration does."""
        try:
            shown = self.driver.get_interfaces()
        except (CommandErrorException, NotOnThisPlatformError):
            return []
        out = []
        for port in self.config.ports:
            if port.name not in shown or not port.description:
                continue
            text = str(shown[port.name]["description"])
            if not text or not (port.description.startswith(text) or text.startswith(port.description)):
                out.append(
                    f"{port.name}: the configuration says {port.description!r}, the display of ports {text!r}: "
                    "the switch contradicts itself"
                )
        return out

    def second_login(self) -> str:
        """Why a second session is not possible; empty when it is."""
        from dataclasses import replace

        from topology.observe.session import ConnectError

        other = replace(self.driver.session, transcript=[], _line=None)
        try:
            other.open()
        except ConnectError as error:
            return str(error)
        finally:
            other.close()
        return ""

    def same(self, text: str) -> bool:
        """True when the switch runs what it ran before."""
        return _lines(text) == _lines(self.before)

    def back_at(self) -> str:
        """When the switch goes back by itself."""
        return ((self.committed_at or datetime.now(UTC)) + timedelta(seconds=self.revert_in_s)).strftime(
            "%H:%M:%S UTC"
        )

    # ------------------------------------------------------------ keeping the record

    @contextmanager
    def step(
        self, name: str, outcome: Outcome | None, after: str = "", *, fatal: bool = False
    ) -> Iterator[None]:  # fmt: skip
        """Time a step and note how it went. With `outcome` a failure ends the push so; with `fatal` it is raised."""
        self.tell(self.config.host, name)
        at, begun, ok = now(), time.monotonic(), False
        self._text = ""
        failure = ""
        try:
            yield
            ok = True
        except _EndError:
            ok = self.result.good
            self._text = self._text or self.result.message
            raise
        except (NapalmException, NotOnThisPlatformError) as error:
            self._text = failure = mask(str(error), self.driver.vault.seen)
            if fatal:
                raise
        finally:
            self.result.steps.append(Step(name, at, round(time.monotonic() - begun, 2), ok, self._text))
        if failure and outcome:
            self.end(outcome, f"{failure}; {after}" if after else failure)

    def note(self, text: str) -> None:
        """What is to be said of the step under way."""
        self._text = text

    def set(self, outcome: Outcome, message: str, undo: str = "") -> None:
        """The result."""
        self.result.outcome, self.result.message, self.result.undo = outcome, message, undo

    def end(self, outcome: Outcome, message: str, undo: str = "") -> None:
        """The result, and no further step."""
        self.set(outcome, message, undo)
        raise _EndError


def _is_there(seen: Mapping[str, set[tuple[str, str]]], port: str, device: str, remote: str | None) -> bool:
    return any(d == device and remote in (None, p) for d, p in seen.get(port, ()))


def _lines(text: str) -> list[str]:
    """What a configuration says, without comments and blank lines."""
    return [row.rstrip() for row in text.splitlines() if row.strip() and row.lstrip()[0] not in "#!"]
