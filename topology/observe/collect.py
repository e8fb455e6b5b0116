"""Facts of many devices at once. A device that does not answer is told as such and never stops the others; what was
read is kept as it comes, so that an interrupted run goes on where it stood."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path

from napalm.base.exceptions import CommandErrorException, NapalmException

from topology.facts import ControllerFacts, DeviceFacts, Evidence
from topology.observe.driver_base import NotOnThisPlatformError
from topology.observe.drivers import DRIVERS
from topology.observe.record import Facts, Record
from topology.observe.redfish import ANSWER_S, Controller, controller_facts
from topology.observe.secrets import Vault
from topology.observe.servers import COMMANDS, Shell, server_facts
from topology.observe.session import Credentials, SessionError, Timeouts
from topology.observe.switch_facts import READINGS, switch_facts


@dataclass(frozen=True)
class Target:
    """A device to ask. `platform`: of a switch; None for a server."""

    name: str
    address: str | None
    platform: str | None = None
    port: int = 22


@dataclass(frozen=True)
class Access:
    """How to get in: to switches, to servers, to management controllers (None: they are not asked), with which host
    keys, and which authority the controllers' certificates are signed by (None: one this system trusts)."""

    switches: Credentials | None
    servers: Credentials | None
    known_hosts: Path
    server_key: Path | None = None
    controllers: Credentials | None = None
    controller_ca: Path | None = None
    controller_answer_s: float = ANSWER_S
    timeouts: Timeouts = field(default_factory=Timeouts)
    vault: Vault = field(default_factory=lambda: Vault({}))


def collect(
    targets: Iterable[Target], access: Access, record: Record, *, workers: int = 20, resume: bool = False,
    done: Callable[[DeviceFacts, bool], None] = lambda *_: None,
) -> dict[str, DeviceFacts]:  # fmt: skip
    """Facts by device, in the order of `targets`. With `resume`, devices whose facts the record holds whole are not
    asked again. `done` is told every device as it is finished, and whether it was asked now."""
    return _collected(targets, DeviceFacts, lambda t: ask(t, access, record), record, workers, resume, done)


def collect_controllers(
    targets: Iterable[Target], access: Access, record: Record, *, workers: int = 20, resume: bool = False,
    done: Callable[[ControllerFacts, bool], None] = lambda *_: None,
) -> dict[str, ControllerFacts]:  # fmt: skip
    """Facts from management controllers by device, as `collect` does it; addresses and ports are those of the
    controllers."""

    def read(target: Target) -> ControllerFacts:
        if target.address is None:
            return ControllerFacts(target.name, "no address of its controller planned")
        if access.controllers is None:
            return ControllerFacts(target.name, "no login for management controllers given")
        record.hidden.add(access.controllers.password)
        return controller_facts(
            Controller(
                target.name, target.address, access.controllers, record, access.controller_ca, target.port,
                access.controller_answer_s,
            )
        )  # fmt: skip

    return _collected(targets, ControllerFacts, read, record, workers, resume, done)


def _collected(
    targets: Iterable[Target], kind: type[Facts], read: Callable[[Target], Facts], record: Record, workers: int,
    resume: bool, done: Callable[[Facts, bool], None],
) -> dict[str, Facts]:  # fmt: skip
    wanted = list(targets)
    found: dict[str, Facts] = {}
    if resume:
        for target in wanted:
            if (old := record.read(target.name, kind)) is not None:
                found[target.name] = old
                done(old, False)
    left = [t for t in wanted if t.name not in found]
    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(left) or 1))) as pool:
        futures = {pool.submit(read, target): target for target in left}
        try:
            for future in as_completed(futures):
                target, error = futures[future], future.exception()
                facts = kind(target.name, f"{type(error).__name__}: {error}") if error else future.result()
                record.write(facts)
                found[target.name] = facts
                done(facts, True)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return {t.name: found[t.name] for t in wanted}


def ask(target: Target, access: Access, record: Record) -> DeviceFacts:
    """Facts of one device. What could not be read is None, and `error` says why."""
    if target.address is None:
        return DeviceFacts(target.name, "no address planned")
    if target.platform is None:
        return _server(target, access, record)
    if target.platform not in READINGS:
        return DeviceFacts(target.name, f"no driver for platform {target.platform}")
    return _switch(target, access, record)


def _switch(target: Target, access: Access, record: Record) -> DeviceFacts:
    who = access.switches
    if who is None:
        return DeviceFacts(target.name, "no login for switches given")
    options = {
        "port": target.port, "known_hosts": access.known_hosts, "vault": access.vault, "timeouts": access.timeouts,
    }  # fmt: skip
    driver = DRIVERS[str(target.platform)](str(target.address), who.user, who.password, 30, options)
    record.hidden |= driver.vault.seen
    answers: dict[str, str] = {}
    evidence: list[Evidence] = []
    error, asked = "", 0.0
    try:
        driver.open()
        for what, command in READINGS[str(target.platform)].commands.items():
            asked = time.time() if what == "clock" else asked
            try:
                answers[what] = driver.read(command)
            except (CommandErrorException, NotOnThisPlatformError) as refused:
                evidence.append(record.keep(target.name, command, f"{refused}\n"))
                continue
            evidence.append(record.keep(target.name, command, answers[what]))
    except NapalmException as failed:
        error = str(failed)
    finally:
        driver.close()
    facts = switch_facts(str(target.platform), target.name, answers, asked)
    return replace(facts, error=error, user=who.user, evidence=tuple(evidence))


def _server(target: Target, access: Access, record: Record) -> DeviceFacts:
    if access.servers is None:
        return DeviceFacts(target.name, "no login for servers given")
    answers: dict[str, tuple[int, str]] = {}
    evidence: list[Evidence] = []
    error = ""
    try:
        shell = Shell(str(target.address), access.servers, access.known_hosts, port=target.port,
                      key=access.server_key, timeouts=access.timeouts)  # fmt: skip
        try:
            for command in COMMANDS:
                answers[command] = shell.run(command)
                status, text = answers[command]
                evidence.append(
                    record.keep(
                        target.name, command, text if status == 0 else f"{text}(exit status {status})\n"
                    )
                )
        finally:
            shell.close()
    except SessionError as failed:
        error = str(failed)
    return replace(server_facts(target.name, answers), error=error, evidence=tuple(evidence))
