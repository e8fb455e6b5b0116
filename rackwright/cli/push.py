"""`rackwright push`: bring switches to the configuration the plan intends."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rackwright.cli.common import (
    CLEAN,
    FINDINGS,
    UNUSABLE,
    Format,
    leave,
    load_project,
    out,
    out_json,
    say,
)
from rackwright.cli.reach import Chosen, choose, counting, run_folder

if TYPE_CHECKING:
    from inventory.plan_model import Plan
    from topology.observe.health import Checks
    from topology.observe.push_result import PushResult
    from topology.switch_config import SwitchConfig


def run(
    name: str | None, output: Format, *, site: str | None, pair: list[str], host: list[str], dry_run: bool, yes: bool,
    revert_in: int, settle: float, user: str | None, secret: str | None, vault_file: Path | None,
    known_hosts: Path | None, port: int, workers: int, out_folder: Path | None,
) -> None:  # fmt: skip
    """Show the differences, ask, push, tell what became of every switch. Exit 1 when one has to be looked at."""
    from topology.observe.drivers import DRIVERS, login
    from topology.observe.push import push
    from topology.observe.push_result import PushResult
    from topology.observe.rollout import rollout
    from topology.observe.secrets import SecretError, Vault
    from topology.observe.session import Timeouts, known_hosts_file
    from topology.switch_intent import switch_configs

    project = load_project(name, output)
    chosen = choose(project, site, pair, host)
    assert project.plan is not None  # noqa: S101 - choose() leaves without one
    configs = {c.host: c for c in switch_configs(project.inventory, project.plan) if c.host in chosen.hosts}
    if not configs:
        say("none of these devices is a switch with a platform: nothing to push")
        leave(UNUSABLE)
    vault = Vault(project.inventory.secrets, vault_file)
    try:
        who = login(user, secret, vault)
    except SecretError as error:
        say(str(error))
        leave(UNUSABLE)
    folder = run_folder(out_folder, project, "push")
    tell: Callable[[str, bool], None] = lambda _text, _one: None  # noqa: E731

    def one(host: str, dry: bool) -> PushResult:
        config, address = configs[host], chosen.address(host)
        driver = DRIVERS.get(config.platform)
        if driver is None:
            return PushResult(
                host,
                "refused",
                f"{config.platform} is not pushed: no timer would take a mistake back; put it in by hand",
            )
        if address is None:
            return PushResult(host, "unreachable", "no management address planned")
        options = {
            "port": port,
            "known_hosts": known_hosts_file(known_hosts),
            "vault": vault,
            "timeouts": Timeouts(),
        }
        done = push(
            config, driver(address, who.user, who.password, 30, options), checks=checks_of(project.plan, config, settle),
            revert_in_s=revert_in, dry_run=dry, tell=lambda h, step: tell(f"{h}: {step}", False),
        )  # fmt: skip
        write_log(folder, done)
        return done

    def all_of(hosts: list[str], dry: bool, verb: str) -> list[PushResult]:
        nonlocal tell
        with counting(len(hosts), verb) as tell:
            return rollout(
                hosts, {} if dry else chosen.pairs, lambda h: one(h, dry), workers=workers,
                done=lambda r: tell(f"{r.host}: {r.outcome}", True),
            )  # fmt: skip

    say(f"reading {len(configs)} switches")
    seen = all_of(list(configs), True, "compare")
    results = seen = [hold_back(r, seen, chosen.pairs) for r in seen]
    changing = [r.host for r in seen if r.outcome == "would change"]
    if output is Format.TEXT:
        for result in seen:
            if result.diff:
                out(f"=== {result.host} ({chosen.address(result.host)})\n{result.diff}")
                for line in result.left:
                    out(f"  left alone: {line}")
    if not dry_run and changing:
        if not yes and not agreed(changing, chosen, revert_in):
            say("nothing was sent")
            leave(FINDINGS)
        pushed = {r.host: r for r in all_of(changing, False, "push")}
        results = [pushed.get(r.host, r) for r in seen]
    (folder / "result.json").write_text(
        json.dumps([data(r) for r in results], ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    if output is Format.JSON:
        out_json({"dry_run": dry_run, "folder": str(folder), "switches": [data(r) for r in results]})
    else:
        for row in table(results):
            out(row)
        say(f"logs: {folder}")
    leave(CLEAN if all(r.good for r in results) else FINDINGS)


def hold_back(result: PushResult, seen: list[PushResult], pairs: Mapping[str, str]) -> PushResult:
    """The result, or a refusal: a switch is not touched while the other of its pair cannot be looked at."""
    from topology.observe.push_result import PushResult

    pair = pairs.get(result.host)
    bad = next((o for o in seen if pair and pairs.get(o.host) == pair and not o.good), None)
    if bad is None or result.outcome != "would change":
        return result
    text = f"not begun: {bad.host} of the same pair is {bad.outcome}: {bad.message}"
    return PushResult(result.host, "refused", text, diff=result.diff, left=result.left)


def checks_of(plan: Plan | None, config: SwitchConfig, settle_s: float) -> Checks:
    """What must hold on a switch: the other ends of its uplinks and its peer link, as planned."""
    from topology.observe.health import Checks

    expected = {}
    for cable in plan.cables if plan else ():
        for near, far in ((cable.a, cable.b), (cable.b, cable.a)):
            if near.device == config.host and near.port and cable.kind in ("uplink", "peer-link"):
                expected[near.port] = (far.device, far.port)
    return Checks(expected, settle_s)


def agreed(hosts: list[str], chosen: Chosen, revert_in: int) -> bool:
    """Whether the person at the terminal says yes. Nobody there is a no."""
    pairs = {chosen.pairs.get(h, h) for h in hosts}
    say(
        f"push to {len(hosts)} switches of {len(pairs)} pairs; each goes back by itself after {revert_in} s unless it is healthy"
    )
    if not sys.stdin.isatty():
        say("nobody at the terminal to ask: give --yes")
        return False
    say("go on? [y/N] ")
    return input().strip().lower() in ("y", "yes")


def table(results: list[PushResult]) -> list[str]:
    """One line a switch, what to type below those that need it, and the counts."""
    width = max(len(r.host) for r in results)
    rows = []
    for result in results:
        rows.append(f"{result.host:<{width}}  {result.outcome:<12}  {result.message}")
        if result.undo:
            rows.append(f"{'':<{width}}  {'to undo':<12}  {result.undo}")
    counts: dict[str, int] = {}
    for result in results:
        counts[result.outcome] = counts.get(result.outcome, 0) + 1
    return [*rows, ", ".join(f"{n} {outcome}" for outcome, n in sorted(counts.items()))]


def data(result: PushResult) -> dict[str, object]:
    """A result for programs: everything but the transcript and the configuration before, which have files."""
    return {k: v for k, v in asdict(result).items() if k not in ("transcript", "before")}


def write_log(folder: Path, result: PushResult) -> None:
    """Steps and transcript of one switch, and what it ran before; keys are masked."""
    steps = "".join(
        f"{s.at}  {'ok    ' if s.ok else 'FAILED'} {s.took_s:7.2f} s  {s.name}: {s.text}\n"
        for s in result.steps
    )
    undo = f"to undo: {result.undo}\n" if result.undo else ""
    text = f"{result.host}: {result.outcome}: {result.message}\n{undo}\n{steps}\n{result.diff}\n--- transcript\n{result.transcript}"
    (folder / f"{result.host}.log").write_text(text, encoding="utf-8")
    if result.before:
        (folder / f"{result.host}.before.cfg").write_text(result.before, encoding="utf-8")
