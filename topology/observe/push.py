"""Bring one switch to its intended configuration, or leave it as it was, and say plainly which.

Steps: login, backup, difference, commit on trial, health check, confirm, save. Whatever goes wrong after the commit
ends in a rollback that is read back. When a session hangs or is cut, a new one looks what is there and decides.
Where a platform has no timer the commit is for good at once; it is made only when that was asked for by name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from napalm.base.exceptions import CommandErrorException, CommitConfirmException, NapalmException

from topology.batches import local_now
from topology.model_diff import differences
from topology.observe.driver_base import BACKUP, NotOnThisPlatformError, SwitchDriver
from topology.observe.goals import Goal, Intended, Restored
from topology.observe.health import (
    Checks,
    Sight,
    contradictions,
    look,
    looked_at,
    sessions_missing,
    worse,
)
from topology.observe.push_result import Outcome, Progress, PushResult, Step, recorded
from topology.observe.remediation import Remedy, opposite
from topology.observe.rollout import rollout
from topology.observe.secrets import MASK, mask
from topology.observe.session import now, wait_until
from topology.platforms.render import parse
from topology.platforms.sections import cut_at
from topology.switch_config import SwitchConfig

FACTORY_NAMES = ("", "HUAWEI", "H3C", "Ruijie", "sysname")
SHOWN = 8
"""So many lines that go back are shown; more stand in the file `undo.txt` of the run."""
WITHOUT_TIMER = (
    "nothing on this platform takes a mistake back: if the session is lost on the way, the switch stays half changed "
    "until somebody types the lines that go back at its console"
)
"""The risk of a push without a commit timer."""
ASK_BY_NAME = f"{WITHOUT_TIMER}. Ask for it by name to do it all the same: --without-timer"
"""Why such a push is refused."""


def push(
    config: SwitchConfig, driver: SwitchDriver, *, checks: Checks | None = None, revert_in_s: int = 600,
    without_timer: bool = False, dry_run: bool = False, tell: Progress | None = None,
) -> PushResult:  # fmt: skip
    """Bring the switch behind `driver` (not yet open) to `config`. Never raises for what a switch does.

    `without_timer`: also where nothing takes a mistake back by itself (RGOS); otherwise such a switch is refused.
    """
    return bring(Intended(config), driver, checks or Checks(), revert_in_s, without_timer, dry_run, tell)


def undo_run(
    folder: Path, *, driver_of: Callable[[str, str], SwitchDriver], hosts: Collection[str] | None = None,
    pair_of: Mapping[str, str] | None = None, checks_of: Callable[[str], Checks] | None = None, revert_in_s: int = 600,
    without_timer: bool = False, dry_run: bool = False, workers: int = 20, tell: Progress | None = None,
    done: Callable[[PushResult], None] = lambda _: None, interrupted: Callable[[], None] = lambda: None,
) -> list[PushResult]:  # fmt: skip
    """Put back what the push run recorded in `folder` (topology.observe.push_result.record) changed, on `hosts` or
    all of it: lines it added go, lines it took come back, what was changed since stays.

    `driver_of(host, platform)` gives a driver not yet open, `pair_of` the pair of a host: members are put back one
    after the other. Each switch goes the road of `push`: difference, commit on trial, health check, confirm, save.
    A switch the run did not change ends as "no change"; one where a line of the run was changed again, or whose old
    line held a key, as "refused" with what to type. Raises ValueError for a folder that holds no run.
    """
    runs = {r.host: r for r in recorded(folder) if hosts is None or r.host in hosts}
    if missing := sorted(set(hosts or ()) - set(runs)):
        raise ValueError(f"{folder}: the run did not reach {', '.join(missing)}")

    def one(host: str) -> PushResult:
        run = runs[host]
        if not run.changed:
            return PushResult(host, "no change", f"that run changed nothing here: it ended as {run.outcome}")
        if not run.before:
            return PushResult(
                host, "refused", "what ran before that run was not kept: look at the switch itself"
            )
        checks = checks_of(host) if checks_of else Checks()
        goal = Restored(run)
        return bring(goal, driver_of(host, run.platform), checks, revert_in_s, without_timer, dry_run, tell)

    return rollout(
        sorted(runs),
        {} if dry_run else pair_of or {},
        one,
        workers=workers,
        done=done,
        interrupted=interrupted,
    )


def bring(
    goal: Goal, driver: SwitchDriver, checks: Checks, revert_in_s: int, without_timer: bool, dry_run: bool,
    tell: Progress | None,
) -> PushResult:  # fmt: skip
    """Bring one switch to a goal."""
    work = _Push(goal, driver, checks, revert_in_s, dry_run, tell or (lambda *_: None))
    work.without_timer = without_timer
    try:
        work.run()
    except _EndError:
        pass
    except (NapalmException, NotOnThisPlatformError) as error:
        work.note(f"{error}")
        work.set("unknown" if work.sent else "refused", mask(str(error), driver.vault.seen))
    finally:
        driver.close()
    work.result.transcript = mask(driver.session.written(), driver.vault.seen)
    return work.result


class _EndError(Exception):
    """The push is over; the result stands."""


class _Push:
    """One push under way."""

    def __init__(
        self, goal: Goal, driver: SwitchDriver, checks: Checks, revert_in_s: int, dry_run: bool, tell: Progress
    ) -> None:  # fmt: skip
        self.goal, self.driver, self.checks, self.tell = goal, driver, checks, tell
        self.revert_in_s, self.dry_run = driver.timer_s(revert_in_s), dry_run
        self.result = PushResult(goal.host, platform=goal.platform)
        self.config = SwitchConfig(goal.host, goal.platform)
        self.before = ""
        self.sight = Sight(None, None, None)
        self.without_timer = False
        self.sent = False
        self.committed_at: datetime | None = None

    # ------------------------------------------------------------ the road

    def run(self) -> None:
        """All steps in order."""
        if not (self.driver.has_timer or self.without_timer or self.dry_run):
            self.end("refused", ASK_BY_NAME)
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
        if self.driver.has_timer:
            self.confirm()
        with self.step("save", None):
            self.driver.save()
        message = f"{self.goal.reached}, {'confirmed' if self.driver.has_timer else 'without a timer'}"
        if not self.result.steps[-1].ok:
            message += f"; but it is not saved and would be lost by a restart: {self.result.steps[-1].text}"
        message += self.sessions()
        self.end("confirmed", message, self.by_hand(None))

    def look_before(self) -> None:
        """What runs, and what is seen, before anything is sent."""
        self.before = self.driver.running()
        self.result.before = mask(self.before, self.driver.vault.seen)
        running = parse(self.goal.platform, self.before)
        if running.host not in (self.goal.host, *FACTORY_NAMES):
            self.end(
                "refused",
                f"the switch at {self.driver.hostname} says it is {running.host}, not {self.goal.host}",
            )
        if cut := cut_at(self.goal.platform, self.before):
            self.end(
                "refused",
                f"the running configuration ends in the middle, after {cut[0]} lines, at `{mask(cut[1])}`: the answer of the "
                "switch was cut, what it lacks is not known; nothing was sent",
            )
        self.sight = look(self.driver, self.checks)
        self.note(f"{len(self.before.splitlines())} lines")

    def compare(self) -> None:
        """What would change; ends the push when nothing would, or when it would cut itself off."""
        self.config = self.goal.load(self.driver)
        candidate = self.driver.candidate or Remedy((), "")
        self.result.diff = self.driver.compare_config()
        self.result.left, self.result.undo_lines = candidate.left, self.driver.undo
        own, wanted = (
            (c.management or ("", "", ""))[1].partition("/")[0]
            for c in (parse(self.goal.platform, self.before), self.config)
        )
        if own == self.driver.hostname and wanted != own:
            self.end(
                "refused",
                f"it would change the management address {own} this session runs over: do that at the console",
            )
        if not candidate.lines:
            rest = self.lacking(self.before)
            if rest:
                self.end("refused", f"nothing to send, and yet: {'; '.join(rest[:3])}")
            if self.unsaved():
                self.keep()
            self.end("no change", f"{self.goal.reached} already")
        self.note(f"{len(candidate.lines)} lines to send")

    def keep(self) -> None:
        """It runs what is wanted and would not start with it: a trial of an earlier run may be in effect, or nobody
        saved. Kept and saved, so that it does not go back later."""
        if self.dry_run:
            self.end(
                "would change", f"{self.goal.reached} already, but not saved: it would be kept and saved"
            )
        self.sent = True
        if self.driver.has_timer:
            with suppress(CommitConfirmException):  # no trial was in effect
                self.driver.confirm_commit()
        self.driver.save()
        rest = self.lacking(self.driver.running()) or self.unsaved()
        if rest:
            self.end("unknown", f"saved, but afterwards it has otherwise: {'; '.join(rest[:3])}")
        self.end(
            "confirmed", f"{self.goal.reached} already, but it was not saved: kept and saved{self.sessions()}"
        )

    def unsaved(self) -> list[str]:
        """Where what the switch would start with is otherwise than wanted."""
        return differences(self.config, parse(self.goal.platform, self.driver.saved()))

    def sessions(self) -> str:
        """What is to be said of planned BGP sessions that are not up."""
        said = sessions_missing(self.driver, self.config)
        return f"; {said}" if said else ""

    def commit(self) -> None:
        """Send it, on trial where that is possible. A lost session is looked after."""
        self.sent = True
        timer = self.driver.has_timer
        try:
            with self.step("commit on trial" if timer else "commit without a timer", None, fatal=True):
                self.driver.commit_config(revert_in=self.revert_in_s if timer else None)
                self.committed_at = datetime.now(UTC)
                self.note(
                    f"goes back by itself at {self.back_at()} unless confirmed" if timer else "in force"
                )
        except NapalmException as error:
            self.committed_at = datetime.now(UTC)
            why = mask(str(error), self.driver.vault.seen)
            with self.step("look what is there", None):
                if not self.driver.is_alive()["is_alive"]:
                    self.reopen()
                text = self.driver.running()
                if self.same(text):
                    self.abort(f"{why}; the switch shows what it ran before")
                    self.end("refused", f"{why}; the switch runs what it ran before")
                if not differences(self.config, parse(self.goal.platform, text)):
                    self.note("the commit was taken although the session was lost: goes on in a new session")
                    return
                self.note("neither what ran before nor what is intended")
                self.roll_back(why)
            self.unknown(f"{why}; since then it cannot be read: {self.result.steps[-1].text}")

    def check(self) -> None:
        """The health check; what fails is rolled back."""
        faults: list[str] = []
        end = time.monotonic() + self.checks.settle_s

        def healthy() -> bool:
            faults[:] = worse(self.sight, self.driver, self.config, self.checks)
            return not faults

        with self.step("health check", None):
            if not self.driver.is_alive()["is_alive"]:
                self.reopen()
            text = self.driver.running()
            self.result.after = mask(text, self.driver.vault.seen)
            if self.same(text):
                self.abort("the switch said that it committed, and shows what it ran before")
                self.end(
                    "refused",
                    "the switch said that it committed, and runs what it ran before: nothing was changed",
                )
            faults += self.lacking(text)
            if not faults:
                wait_until(healthy, max(0.0, end - time.monotonic()), 2.0)
            if faults:
                raise CommandErrorException(
                    "; ".join(faults[:3]) + (f" and {len(faults) - 3} more" if len(faults) > 3 else "")
                )
            self.note(", ".join(["configuration as intended", *looked_at(self.sight, self.checks)]))
        if not self.result.steps[-1].ok:
            self.roll_back(f"health check failed: {self.result.steps[-1].text}")

    def confirm(self) -> None:
        """Keep it. When nobody says whether that was taken, ask once more in a new session."""
        for attempt in (1, 2):
            with self.step("confirm" if attempt == 1 else "confirm again", None):
                if not self.driver.is_alive()["is_alive"]:
                    self.reopen()
                self.driver.confirm_commit()
                rest = differences(self.config, parse(self.goal.platform, self.driver.running()))
                if rest:
                    self.end("unknown", f"confirmed, but then it does not run what is intended: {'; '.join(rest[:3])}",
                             self.by_hand(None))  # fmt: skip
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
        if not self.driver.has_timer:
            self.end(
                "unknown", f"{why}. The switch does not go back by itself: look at it now", self.by_hand(None)
            )
        self.end(
            "unknown",
            f"{why}. Unless it was confirmed, the switch goes back by itself at {self.back_at()}. "
            "Push again: it tells what runs, and keeps and saves it where that is intended",
            f"{self.by_hand(self.revert_in_s)}   (after {self.back_at()}: {self.by_hand(None)})",
        )

    def lacking(self, running: str) -> list[str]:
        """What the running configuration has otherwise than wanted, or the switch tells otherwise elsewhere."""
        return (
            differences(self.config, parse(self.goal.platform, running))
            or self.goal.missing(self.driver, running)
            or contradictions(self.driver, self.config)
        )

    def by_hand(self, pending_s: float | None) -> str:
        """What to type to go back; many lines stand in a file of the run."""
        lines = self.driver.undo
        keys = f"   ({MASK} stands for a key: `more {BACKUP}` on the switch shows it)"
        hidden = keys if any(MASK in line for line in lines) else ""
        if len(lines) > SHOWN:
            return (
                f"configure terminal; the {len(lines)} lines of {self.goal.host}.undo.txt; end; write{hidden}"
            )
        return self.driver.undo_by_hand(pending_s) + hidden

    def same(self, text: str) -> bool:
        """True when the switch runs what it ran before."""
        if _lines(text) == _lines(self.before):
            return True
        return not (self.driver.has_timer or opposite(self.driver.rules, text, self.before).lines)

    def back_at(self) -> str:
        """When the switch goes back by itself: the hour at the site, and UTC."""
        at = (self.committed_at or datetime.now(UTC)) + timedelta(seconds=self.revert_in_s)
        offset_h = self.checks.utc_offset_h
        if not offset_h:
            return at.strftime("%H:%M:%S UTC")
        local = local_now(at, offset_h)
        return f"{local:%H:%M:%S} local time (UTC{offset_h:+g}; {at:%H:%M:%S} UTC)"

    # ------------------------------------------------------------ keeping the record

    @contextmanager
    def step(
        self, name: str, outcome: Outcome | None, after: str = "", *, fatal: bool = False
    ) -> Iterator[None]:  # fmt: skip
        """Time a step and note how it went. With `outcome` a failure ends the push so; with `fatal` it is raised."""
        self.tell(self.goal.host, name)
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


def _lines(text: str) -> list[str]:
    """What a configuration says, without comments and blank lines."""
    return [row.rstrip() for row in text.splitlines() if row.strip() and row.lstrip()[0] not in "#!"]
