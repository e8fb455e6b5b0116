"""`rackwright push`: bring switches to the configuration the plan intends, or put back what an earlier run changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rackwright.cli.common import (
    CLEAN,
    FINDINGS,
    UNUSABLE,
    Format,
    Project,
    leave,
    load_project,
    out,
    out_json,
    say,
)
from rackwright.cli.reach import choose, counted, counting, run_folder
from rackwright.cli.verify_lab import standing

if TYPE_CHECKING:
    from topology.batches import Batch
    from topology.observe.driver_base import SwitchDriver
    from topology.observe.health import Checks
    from topology.observe.push_result import PushResult
    from topology.observe.secrets import Vault
    from topology.observe.session import Credentials
    from topology.switch_config import SwitchConfig


MOST_SHOWN = 30
"""Lines of a difference that are shown before a push."""


@dataclass(frozen=True)
class Asked:
    """What was asked for on the command line. `undo`: the folder of a run, or its name."""

    site: str | None
    pair: list[str]
    host: list[str]
    dry_run: bool
    yes: bool
    revert_in: int
    without_timer: bool
    settle: float
    timeout: float
    user: str | None
    secret: str | None
    vault_file: Path | None
    known_hosts: Path | None
    port: int
    workers: int
    out_folder: Path | None
    undo: str | None = None
    hold_by: str | None = None
    override_by: str | None = None
    override_ticket: str | None = None
    lab: Path | None = None


def run(name: str | None, output: Format, asked: Asked) -> None:
    """Show the differences, ask, push batch by batch, tell what became of every switch. Exit 1 when one has to be
    looked at or nothing was sent."""
    from topology.observe.push_result import data

    work = _Run(load_project(name, output), output, asked)
    try:
        results = work.results()
    except KeyboardInterrupt:
        if not work.begun:
            say("stopped: nothing was sent")
            leave(130)
        say("stopped at once: what was under way is written down as unknown, what ended as it ended")
        say(f"logs: {work.folder}; push again: it tells what runs, and goes on")
        say(work.way_back())
        leave(130)
    rows = [data(r) for r in results]
    (work.folder / "result.json").write_text(
        json.dumps(rows, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    if output is Format.JSON:
        out_json({"dry_run": asked.dry_run, "folder": str(work.folder), "switches": rows})
    else:
        for row in table(results):
            out(row)
        say(f"logs: {work.folder}")
        if any(r.changed for r in results) and not asked.dry_run:
            say(work.way_back())
    leave(CLEAN if all(r.good for r in results) else FINDINGS)


class _Run:
    """One run of the verb."""

    def __init__(self, project: Project, output: Format, asked: Asked) -> None:
        from topology.observe.secrets import Vault
        from topology.switch_intent import switch_configs

        self.project, self.output, self.asked = project, output, asked
        self.chosen = standing(choose(project, asked.site, asked.pair, asked.host), asked.lab)
        assert project.plan is not None  # noqa: S101 - choose() leaves without one
        self.configs: dict[str, SwitchConfig] = {
            c.host: c for c in switch_configs(project.inventory, project.plan) if c.host in self.chosen.hosts
        }
        self.undo = self.earlier() if asked.undo else None
        if not self.configs:
            say("none of these devices is a switch with a platform: nothing to push")
            leave(UNUSABLE)
        self.vault: Vault = Vault(project.inventory.secrets, asked.vault_file)
        self.who: Credentials = self.login()
        self.folder = run_folder(asked.out_folder, project, "push")
        self.seen: dict[str, PushResult] = {}
        self.tell: Callable[[str, bool], None] = lambda _text, _one: None
        self.stopped = self.begun = False

    def login(self) -> Credentials:
        """Who logs in. Leaves with 2 when that is not set."""
        from topology.observe.drivers import login
        from topology.observe.secrets import SecretError

        try:
            return login(self.asked.user, self.asked.secret, self.vault)
        except SecretError as error:
            say(str(error))
            leave(UNUSABLE)

    def earlier(self) -> Path:
        """The folder of the run to put back; of its switches only those that are meant. Leaves with 2 without."""
        from topology.observe.push_result import recorded

        given = Path(str(self.asked.undo))
        base = (self.asked.out_folder or Path("build") / self.project.inventory.project.name) / "push"
        folder = given if given.is_dir() else base / given
        try:
            there = {r.host for r in recorded(folder)}
        except ValueError as error:
            say(str(error))
            leave(UNUSABLE)
        self.configs = {h: c for h, c in self.configs.items() if h in there}
        return folder

    def shown(self, result: PushResult) -> str:
        """The difference of a switch: all of it in a dry run, else its beginning and where the rest stands."""
        lines = result.diff.splitlines()
        rest = len(lines) - MOST_SHOWN
        if self.asked.dry_run or rest <= MOST_SHOWN // 2:
            return result.diff
        where = self.folder / f"{result.host}.log"
        return "\n".join([*lines[:MOST_SHOWN], f"… {rest} more lines: {where}; --dry-run shows all\n"])

    # ------------------------------------------------------------ one switch, one batch

    def driver(self, host: str, platform: str) -> SwitchDriver:
        """A driver for a switch, not yet open."""
        from topology.observe.drivers import DRIVERS
        from topology.observe.session import Timeouts, known_hosts_file

        options = {
            "port": self.asked.port, "known_hosts": known_hosts_file(self.asked.known_hosts), "vault": self.vault,
            "timeouts": Timeouts(answer_s=self.asked.timeout, commit_s=4 * self.asked.timeout),
        }  # fmt: skip
        address = str(self.chosen.address(host))
        return DRIVERS[platform](address, self.who.user, self.who.password, 30, options)

    def held(self, hosts: tuple[str, ...]) -> list[PushResult]:
        """What becomes of switches that are changed together; those another push works on are not begun."""
        from rackwright.cli.push_alone import alone
        from topology.observe.push_result import PushResult, record

        with alone(self.folder.parent.parent / "held", hosts, self.folder) as taken:
            late = []
            for host, run in taken.items():
                text = f"another push works on it just now ({run}): wait for its end, then push again"
                late.append(PushResult(host, "not begun", text))
                record(self.folder, replace(self.seen[host], outcome="not begun", message=text))
                self.tell(f"{host}: not begun", True)
            free = tuple(h for h in hosts if h not in taken)
            return [*late, *(self.batch(free, False) if free else [])]

    def batch(self, hosts: tuple[str, ...], dry: bool) -> list[PushResult]:
        """What becomes of switches, or would; members of a pair one after the other."""
        from topology.observe.push import undo_run
        from topology.observe.push_result import record
        from topology.observe.rollout import rollout

        def step(host: str, text: str) -> None:
            self.tell(f"{host}: {text}", False)

        def done(result: PushResult) -> None:
            if not dry:
                kept = replace(self.seen[result.host], outcome=result.outcome, message=result.message)
                record(self.folder, result if result.platform else kept)
            self.tell(f"{result.host}: {result.outcome}", True)

        if self.undo is None:
            return rollout(
                hosts, {} if dry else self.chosen.pairs, lambda h: self.one(h, dry, step), workers=self.asked.workers,
                done=done, interrupted=self.stop,
            )  # fmt: skip
        return undo_run(
            self.undo, driver_of=self.driver, hosts=hosts, pair_of=self.chosen.pairs, checks_of=self.checks,
            revert_in_s=self.asked.revert_in, without_timer=self.asked.without_timer, dry_run=dry,
            workers=self.asked.workers, tell=step, done=done, interrupted=self.stop,
        )  # fmt: skip

    def one(self, host: str, dry: bool, step: Callable[[str, str], None]) -> PushResult:
        """What becomes of one switch."""
        from topology.observe.push import push
        from topology.observe.push_result import PushResult

        if self.chosen.address(host) is None:
            return PushResult(host, "unreachable", "no management address planned")
        config = self.configs[host]
        return push(
            config, self.driver(host, config.platform), checks=self.checks(host), revert_in_s=self.asked.revert_in,
            without_timer=self.asked.without_timer, dry_run=dry, tell=step,
        )  # fmt: skip

    def checks(self, host: str) -> Checks:
        """What must hold on a switch: the other ends of its uplinks and its peer link, and their light, as planned."""
        from topology.observe.health import Checks

        expected, light = {}, {}
        optics = self.project.inventory.catalog.optics
        for cable in self.project.plan.cables if self.project.plan else ():
            for near, far in ((cable.a, cable.b), (cable.b, cable.a)):
                if near.device == host and near.port and cable.kind in ("uplink", "peer-link"):
                    expected[near.port] = (far.device, far.port)
                    optic = optics.get(near.optic or "")
                    if optic is not None and optic.rx_min_dbm is not None:
                        light[near.port] = float(optic.rx_min_dbm)
        utc_offset_h = self.project.inventory.policy.number("change.utc_offset_h")
        return Checks(expected, self.asked.settle, light_min_dbm=light, utc_offset_h=utc_offset_h)

    # ------------------------------------------------------------ all of them

    def results(self) -> list[PushResult]:
        """Compare, show, ask, push: what became of every switch."""
        seen = self.compare()
        if self.output is Format.TEXT:
            for result in seen:
                if result.diff:
                    out(f"=== {result.host} ({self.chosen.address(result.host)})")
                    out(self.shown(result))
                    for line in result.left:
                        out(f"  left alone: {line}")
        order = self.order([r.host for r in seen if r.outcome == "would change"])
        if not order:
            return seen
        for batch in order:
            last = batch is order[-1] or bool(self.asked.undo)
            hold = "   then a person looks" if batch.hold and not last else ""
            say(f"batch {batch.number} ({batch.step}): {', '.join(batch.hosts)}{hold}")
        if self.asked.dry_run:
            self.would_be_allowed()
            return seen
        if not (self.allowed() and self.agreed(order)):
            say("nothing was sent")
            leave(FINDINGS)
        pushed = {r.host: r for r in self.push(order)}
        return [pushed.get(r.host, r) for r in seen]

    def way_back(self) -> str:
        """What to type to put this run back."""
        return f"to put this run back: rackwright push -p {called(self.project.folder)} --undo {self.folder}"

    def compare(self) -> list[PushResult]:
        """What would change on each; a switch is held back while the other of its pair cannot be looked at."""
        from topology.observe.push_result import record

        hosts = tuple(self.configs)
        say(f"reading {counted(len(hosts), 'switch')}")
        with counting(len(hosts), "compare") as self.tell:
            seen = [self.timed(r) for r in self.batch(hosts, True)]
        seen = [hold_back(r, seen, self.chosen.pairs) for r in seen]
        for result in seen:
            record(self.folder, result)
        self.seen = {r.host: r for r in seen}
        return seen

    def timed(self, result: PushResult) -> PushResult:
        """The result, or a refusal: where nothing goes back by itself a push must be asked for by name."""
        from topology.observe.push import ASK_BY_NAME

        asked = self.asked.dry_run or self.asked.without_timer or result.outcome != "would change"
        if not asked and not self.has_timer(result.host):
            return replace(result, outcome="refused", message=ASK_BY_NAME)
        return result

    def order(self, hosts: list[str]) -> tuple[Batch, ...]:
        """The batches in which they are changed."""
        from topology.batches import batches

        assert self.project.plan is not None  # noqa: S101 - choose() leaves without one
        return batches(self.project.inventory, self.project.plan, hosts)

    def push(self, order: tuple[Batch, ...]) -> list[PushResult]:
        """What became of each, batch by batch; written down as it comes."""
        from topology.observe.push_result import record
        from topology.observe.rollout import STOPPED, staged

        def one(batch: Batch) -> list[PushResult]:
            self.begun = True
            for host in batch.hosts:
                text = "begun; how it ended was not written down: the run was stopped on the way"
                record(self.folder, replace(self.seen[host], outcome="unknown", message=text))
            with counting(len(batch.hosts), f"batch {batch.number}/{len(order)}") as self.tell:
                return self.held(batch.hosts)

        return staged(order, one, self.release, lambda: STOPPED if self.stopped else "")

    def release(self, batch: Batch, after: Batch) -> str:
        """Why the run does not go on after a batch; empty when a person lets it. Going back waits for nobody."""
        if self.asked.undo:
            return ""
        text = f"batch {batch.number} ({batch.step}: {', '.join(batch.hosts)}) runs; next: {', '.join(after.hosts)}"
        by = (self.asked.hold_by or "").strip()
        if not by and at_terminal():
            say(f"HOLD POINT: {text}\nyour name to go on, or just Enter to stop: ")
            with suppress(KeyboardInterrupt, EOFError):
                by = input().strip()
        if not by:
            return (
                f"the run stopped at the hold point after batch {batch.number}: run the same command again to go on "
                "(where nobody is at a terminal, with --hold-by NAME)"
            )
        self.note("hold released", text, by)
        say(f"hold point released by {by}: {text}")
        return ""

    def allowed(self) -> bool:
        """Whether the policy allows a change now; going back is never refused by the clock."""
        from topology.batches import Override, may_change

        if self.asked.undo:
            return True
        asked = self.asked
        override = Override(asked.override_by or "", asked.override_ticket or "")
        found = may_change(
            self.project.inventory, clock(), override if override.by or override.ticket else None
        )
        say(found.reason)
        self.note("allowed" if found.allowed else "refused", found.reason, override.by, override.ticket)
        if not found.allowed:
            say("outside its window a change needs --override-by NAME --override-ticket NUMBER")
        return found.allowed

    def stop(self) -> None:
        """Begin no further switch, and say so: what Ctrl-C does the first time."""
        self.stopped = True
        say(
            "stopping: no further switch is begun; those under way are brought to an end first (again: at once)"
        )

    def would_be_allowed(self) -> None:
        """Say, in a dry run, what the policy would say to a push now."""
        from topology.batches import may_change

        if not self.asked.undo:
            found = may_change(self.project.inventory, clock(), None)
            say(f"a push now would be {'allowed' if found.allowed else 'refused'}: {found.reason}")

    def agreed(self, order: tuple[Batch, ...]) -> bool:
        """Whether the person at the terminal says yes. Nobody there is a no."""
        hosts = [h for batch in order for h in batch.hosts]
        pairs = {self.chosen.pairs.get(h, h) for h in hosts}
        back = f"each goes back by itself after {self.asked.revert_in} s unless it is healthy"
        if any(not self.has_timer(h) for h in hosts):
            from topology.observe.push import WITHOUT_TIMER

            back += f"; but on {', '.join(h for h in hosts if not self.has_timer(h))} {WITHOUT_TIMER}"
        say(f"push to {counted(len(hosts), 'switch')} of {counted(len(pairs), 'pair')}; {back}")
        if self.asked.yes:
            return True
        if not at_terminal():
            say("nobody at the terminal to ask: give --yes")
            return False
        say("go on? [y/N] ")
        return input().strip().lower() in ("y", "yes")

    def has_timer(self, host: str) -> bool:
        """Whether a commit on it goes back by itself."""
        from topology.observe.drivers import DRIVERS

        return DRIVERS[self.configs[host].platform].has_timer

    def note(self, event: str, text: str, by: str, ticket: str = "") -> None:
        """Write down who decided what, beside the logs of the run."""
        row = {
            "at": clock().isoformat(timespec="seconds"),
            "event": event,
            "text": text,
            "by": by,
            "ticket": ticket,
        }
        with (self.folder / "changes.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def called(folder: Path) -> str:
    """How a project is named with -p: a shipped one by its name, any other by its folder."""
    from inventory.load import PROJECTS

    return folder.name if folder.resolve().parent == PROJECTS.resolve() else str(folder)


def at_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()


def clock() -> datetime:
    """Now."""
    return datetime.now(UTC)


def hold_back(result: PushResult, seen: list[PushResult], pairs: Mapping[str, str]) -> PushResult:
    """The result, or a refusal: a switch is not touched while the other of its pair cannot be looked at."""
    from topology.observe.push_result import PushResult

    pair = pairs.get(result.host)
    bad = next((o for o in seen if pair and pairs.get(o.host) == pair and not o.good), None)
    if bad is None or result.outcome != "would change":
        return result
    text = f"{bad.host} of the same pair is {bad.outcome}: {bad.message}"
    return PushResult(result.host, "not begun", text, diff=result.diff, left=result.left)


def table(results: list[PushResult]) -> list[str]:
    """One line a switch, what to type below those that need it, and the counts."""
    width = max(len(r.host) for r in results)
    rows = []
    for result in results:
        rows.append(f"{result.host:<{width}}  {result.outcome:<12}  {result.message}")
        if result.undo:
            rows.append(f"{'':<{width}}  {'to undo':<12}  on the switch, until the next push: {result.undo}")
    counts: dict[str, int] = {}
    for result in results:
        counts[result.outcome] = counts.get(result.outcome, 0) + 1
    return [*rows, ", ".join(f"{n} {outcome}" for outcome, n in sorted(counts.items()))]
