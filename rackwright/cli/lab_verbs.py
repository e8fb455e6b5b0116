"""What the verbs of `rackwright lab` do."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rackwright.cli.common import CLEAN, FINDINGS, UNUSABLE, Format, leave, load_project, out, out_json, say
from rackwright.cli.reach import counted

if TYPE_CHECKING:
    from inventory.inventory import Inventory
    from inventory.plan_model import Plan
    from rackwright.lab.live import Row
    from rackwright.lab.shape import Shape
    from rackwright.lab.state import State

BASE = Path("build/lab")
SERVERS_PER_PAIR = 4
"""Servers a pair in a lab nobody asked more of: 42 nodes for the Guangxi plan."""


@contextmanager
def refusals() -> Iterator[None]:
    """What the lab refuses is told in a line, with exit code 2."""
    from rackwright.lab.netns import LabError

    try:
        yield
    except LabError as error:
        say(str(error))
        leave(UNUSABLE)


def run_up(
    project_name: str | None, site: str | None, pairs: Sequence[str], racks: Sequence[str], per_pair: int | None,
    name: str | None, *, configured: bool, lldp_interval_s: int,
) -> None:  # fmt: skip
    """Build a lab. Exit 2 when the machine or the wish cannot be worked with."""
    from rackwright.cli.plan import progress
    from rackwright.lab.netns import missing_capabilities
    from rackwright.lab.up import PROGRAMS, up

    if lacking := missing_capabilities(PROGRAMS):
        say("a lab cannot be built here; it needs")
        for item in lacking:
            say(f"  {item}")
        leave(UNUSABLE)
    project = load_project(project_name, Format.TEXT)
    if project.plan is None:
        say(f"no plan in {project.folder / 'plan'}; run `rackwright plan -p {project_name or '.'}` first")
        leave(UNUSABLE)
    wanted = _slice(project.inventory, project.plan, site, pairs, racks, per_pair)
    name = _lab_name(name or project.inventory.project.name)
    started = time.monotonic()
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        with refusals(), progress() as tell:
            state = up(
                project.inventory, project.plan, wanted, name=name, folder=BASE / name, configured=configured,
                lldp_interval_s=lldp_interval_s, progress=tell,
            )  # fmt: skip
    except KeyboardInterrupt:
        say("interrupted; what was made is removed again")
        leave(130)
    for note in state.options["notes"]:
        say(f"note: {note}")
    kinds = [n.kind for n in wanted.nodes.values()]
    out(
        f"lab {name} is up: {len(kinds)} nodes ({kinds.count('server')} servers, {kinds.count('switch')} switches, "
        f"{kinds.count('existing')} existing, {kinds.count('appliance')} appliances), {len(wanted.wires)} cables, "
        f"{time.monotonic() - started:.1f} s"
    )
    out(f"  rackwright lab status --name {name} --wait 30     all neighbours and sessions")
    out(f"  rackwright lab exec --name {name} ctl -- COMMAND  from where every planned address is reached")
    out("  rackwright lab fault --help                    what can go wrong")


def run_rehearse(project_name: str | None, name: str, per_pair: int, *, keep: bool) -> None:
    """Rehearse from `up` to `down`, a line a step. Exit 1 at the first that does not go as it should."""
    from rackwright.lab import rehearsal
    from rackwright.lab.cleanup import remove
    from rackwright.lab.netns import LabError
    from rackwright.lab.shape import scaled_down, shape

    source = load_project(project_name, Format.TEXT).folder
    _lab_name(name)
    started = time.monotonic()
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)

    def tell(text: str) -> None:
        say(f"{time.monotonic() - started:5.0f} s  {text}")

    with refusals():
        one = rehearsal.begin(
            source,
            lambda i, p: shape(i, p, pairs=scaled_down(i, rehearsal.PAIRS), servers_per_pair=per_pair),
            name,
            BASE / name,
            tell,
        )
    failed = ""
    try:
        rehearsal.whole(one)
    except (LabError, KeyboardInterrupt) as error:
        failed = str(error) or "interrupted"
    finally:
        if keep:
            say(f"the lab stands: rackwright lab status --name {name}; rackwright lab down --name {name}")
        else:
            remove(one.state)
            tell("lab down, nothing left")
    for step, seconds in one.seconds.items():
        out(f"{seconds:6.0f} s  {step}")
    out(f"{time.monotonic() - started:6.0f} s  in all; logs in {BASE / name}")
    if failed:
        out(f"failed: {failed}")
        leave(FINDINGS)
    out("rehearsed: everything as planned, every fault found and named, repaired and gone")


def _lab_name(name: str) -> str:
    """The name of a lab. Leaves with 2 when it is none."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}", name):
        say(f"--name {name}: letters, digits, - and _, at most 32")
        leave(UNUSABLE)
    return name


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _slice(
    inventory: Inventory, plan: Plan, site: str | None, pairs: Sequence[str], racks: Sequence[str], per_pair: int | None
) -> Shape:  # fmt: skip
    from inventory.validation import near
    from rackwright.lab.shape import scaled_down, shape

    for what, given, known in (
        ("site", [site] if site else [], inventory.sites), ("pair", pairs, inventory.pairs),
        ("rack", racks, inventory.racks),
    ):  # fmt: skip
        for one in given:
            if one not in known:
                guess = near(one, list(known))
                say(
                    f"no {what} {one}"
                    + (f"; did you mean {guess}?" if guess else f"; there are {', '.join(sorted(known))}")
                )
                leave(UNUSABLE)
    if per_pair is None and not racks:
        per_pair = SERVERS_PER_PAIR
    if not site and not pairs and not racks:
        pairs = scaled_down(inventory)
    try:
        return shape(inventory, plan, site=site, pairs=pairs, racks=racks, servers_per_pair=per_pair or None)
    except ValueError as error:
        say(str(error))
        leave(UNUSABLE)


def _find(name: str | None) -> State | None:
    """The lab that is meant; without a name the only one of this folder that is not down. None when there is none.

    A lab of another folder is never meant by default. Leaves with 2 when the name is not enough.
    """
    from rackwright.lab.state import labs

    found = labs(BASE)
    here = [s for s in found if Path(s.folder).parent == BASE.resolve()]
    if name is None:
        meant = [s for s in here if s.stage != "down"]
    else:
        meant = [s for s in here if name in (s.name, s.id)] or [s for s in found if name in (s.name, s.id)]
    if len(meant) > 1:
        say("there are several labs: --name " + ", ".join(s.name if name is None else s.id for s in meant))
        leave(UNUSABLE)
    return meant[0] if meant else None


@contextmanager
def _opened(name: str | None, *, changing: bool) -> Iterator[tuple[State, Shape]]:
    """A lab that is up; nobody else changes it meanwhile when `changing`."""
    from rackwright.lab.faults import opened
    from rackwright.lab.state import locked

    need_root()
    found = _find(name)
    if found is None:
        say(
            f"no lab {name}; `rackwright lab list` shows them"
            if name
            else "no lab of this folder is up: `rackwright lab up` builds one, `rackwright lab list` shows those of others"
        )
        leave(UNUSABLE)
    with refusals():
        if not changing:
            yield opened(Path(found.folder))
            return
        with locked(Path(found.folder)):
            yield opened(Path(found.folder))


def need_root() -> None:
    """Leave with 2 when not root."""
    if os.geteuid() != 0:
        say("needs root: the lab lives in network namespaces (run it with sudo)")
        leave(UNUSABLE)


def run_status(name: str | None, output: Format, wait_s: int) -> None:
    """Show a lab. Exit 0 when all is as planned, 1 when not."""
    from rackwright.lab import live

    with _opened(name, changing=False) as (state, shape):
        deadline = time.monotonic() + wait_s
        while True:
            rows, daemons = live.rows(state, shape), live.daemons(state)
            good = _as_planned(state, rows) and all(daemons.values())
            if good or time.monotonic() >= deadline:
                break
            time.sleep(0.5)
        if output is Format.JSON:
            out_json(
                {
                    "name": state.name, "id": state.id, "project": state.project, "folder": state.folder,
                    "control": state.control, "as_planned": good, "daemons": daemons, "dead": state.dead,
                    "faults": [asdict(f) for f in state.faults], "nodes": [asdict(r) for r in rows],
                    "notes": state.options["notes"],
                }
            )  # fmt: skip
        else:
            _print_status(state, rows, daemons, good)
        leave(CLEAN if good else FINDINGS)


def _as_planned(state: State, rows: Sequence[Row]) -> bool:
    """No fault is in force, every neighbour is heard and every session is up; but where all switches started as
    delivered none need be: nobody has pushed to them yet."""
    sessions = [r.bgp for r in rows if r.bgp]
    delivered = not state.options["configured"] and not any(up for up, _ in sessions)
    return (
        not state.faults
        and all(r.up and r.lldp[0] == r.lldp[1] for r in rows)
        and (delivered or all(up == wanted for up, wanted in sessions))
    )


def _print_status(state: State, rows: Sequence[Row], daemons: dict[str, bool], good: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(soft_wrap=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("node", "kind", "rack", "address", "state", "LLDP", "BGP"):
        table.add_column(column)
    for r in rows:
        word = "up" if r.up else "no power" if r.name in state.dead else "does not answer"
        table.add_row(
            r.name, r.kind, r.rack, r.address, _mark(word, r.up), _mark(f"{r.lldp[0]}/{r.lldp[1]}", r.lldp[0] == r.lldp[1]),
            _mark(f"{r.bgp[0]}/{r.bgp[1]}", r.bgp[0] == r.bgp[1]) if r.bgp else "",
        )  # fmt: skip
    console.print(table)
    heard, lldp = sum(r.lldp[0] for r in rows), sum(r.lldp[1] for r in rows)
    up, bgp = sum(r.bgp[0] for r in rows if r.bgp), sum(r.bgp[1] for r in rows if r.bgp)
    console.print(
        f"\nlab {state.name} ({state.project}): {len(rows)} nodes, {len(state.dead)} without power; LLDP {heard} of {lldp} "
        f"ends as planned; BGP {up} of {bgp} sessions up (both ends counted)"
        + (
            ""
            if state.options["configured"] or up
            else "; switches stand as delivered: sessions come with a push"
        )
    )
    for what, living in daemons.items():
        if not living:
            console.print(
                _mark(
                    f"the process behind all {what} is dead; `lab heal` starts it again",
                    False,
                )
            )
    if state.faults:
        console.print("\nfaults in force, so not as planned (rackwright lab heal NUMBER):")
        for fault in state.faults:
            console.print(
                f"  {fault.number:>3}  {fault.kind:<14} {fault.text}  since {fault.at}",
                markup=False,
                soft_wrap=True,
            )
    else:
        console.print(
            "no faults in force; "
            + ("all is as planned" if good else "not all is as planned (yet: try --wait 30)")
        )


def _mark(text: str, good: bool) -> str:
    return text if good else f"[red]{text}[/red]"


def run_fault(name: str | None, kind: str, words: Sequence[str], options: dict[str, str]) -> None:
    """Put a fault in and say what it did and how to undo it."""
    from rackwright.lab import faults

    with _opened(name, changing=True) as (state, shape):
        before = set(state.dead)
        fault = faults.add(state, shape, kind, words, options)
        out(f"fault {fault.number}: {fault.text}")
        if died := [n for n in state.dead if n not in before]:
            out(f"  dead now: {', '.join(died)}")
        elif kind == "kill":
            out("  nothing died: every device it fed has power from elsewhere, or was dead already")
        out(f"  undo: rackwright lab heal {fault.number} --name {state.name}")


def run_heal(name: str | None, numbers: Sequence[int] | None) -> None:
    """Take faults out."""
    from rackwright.lab import faults

    with _opened(name, changing=True) as (state, shape):
        gone, revived = faults.heal(state, shape, numbers)
        for fault in gone:
            out(f"healed {fault.number}: {fault.text}")
        if revived:
            out(f"had died, started again: {', '.join(revived)}")
        out(f"{counted(len(state.faults), 'fault')} left in force")


def run_down(name: str | None, *, every: bool, force: bool) -> None:
    """Remove one lab, or all. Nothing to remove is fine."""
    from rackwright.lab.state import labs

    need_root()
    with refusals():
        if every:
            wanted = [s for s in labs(BASE) if s.stage != "down"]
        else:
            found = _find(name)
            if found is None and name:
                say(f"no lab {name}: nothing to remove")
            wanted = [found] if found else []
        for state in wanted:
            _down(state, force=force)
        if not wanted and not name:
            out("no lab is up: nothing to remove")


def _down(state: State, *, force: bool) -> None:
    from rackwright.lab.cleanup import remove
    from rackwright.lab.netns import LabError
    from rackwright.lab.state import alive, load, locked

    if state.stage == "lost":
        done = remove(state)
    else:
        if state.stage == "building" and state.builder and alive(state.builder):
            if not force:
                raise LabError(
                    f"lab {state.name} is being built by process {state.builder.pid}; wait, or --force"
                )
            os.kill(state.builder.pid, signal.SIGKILL)
        with locked(Path(state.folder)):
            state = load(state.path)
            done = remove(state)
    spaces = sum(d.startswith("namespace") for d in done)
    processes = sum(d.startswith("process") for d in done)
    mounts = sum(d.startswith("mount") for d in done)
    out(
        f"lab {state.name} is down: {spaces} namespaces, {processes} processes, {mounts} mounts removed"
        if done
        else f"lab {state.name} was down already"
    )


def run_list(output: Format) -> None:
    """All labs of this machine."""
    from rackwright.lab.state import alive, labs

    with refusals():
        found = labs(BASE)
    rows = []
    for s in found:
        crashed = s.stage == "building" and not (s.builder and alive(s.builder))
        rows.append(
            {
                "name": s.name, "id": s.id, "project": s.project, "stage": "crashed while building" if crashed else s.stage,
                "nodes": len(s.nodes), "faults": len(s.faults), "created": s.created, "folder": s.folder,
            }
        )  # fmt: skip
    if output is Format.JSON:
        out_json({"labs": rows})
        return
    for row in rows:
        lost = (
            " (its folder is gone; `lab down --name " + str(row["id"]) + "` removes it)"
            if row["stage"] == "lost"
            else ""
        )
        out(
            f"{row['name']:<16} {row['stage']:<10} {row['nodes']:>4} nodes {row['faults']:>3} faults  {row['project']}  "
            f"{row['folder']}{lost}"
        )
    if not rows:
        out("no labs; `rackwright lab up` builds one")


def run_exec(name: str | None, node: str, command: Sequence[str]) -> NoReturn:
    """Become the command, inside a node. Exit code is the command's."""
    from inventory.validation import near
    from rackwright.lab import claims, nodes

    command = list(command[1:] if command[:1] == ["--"] else command)
    with _opened(name, changing=False) as (state, shape):
        if node == "ctl":
            os.environ.update(claims.environment(state))
            _become(["ip", "netns", "exec", state.control, *(command or ["bash"])])
        known = shape.nodes.get(node)
        if known is None:
            guess = near(node, [*shape.nodes, "ctl"])
            say(f"no node {node} in lab {state.name}" + (f"; did you mean {guess}?" if guess else ""))
            leave(UNUSABLE)
        if node in state.dead:
            say(f"{node} has no power (see `rackwright lab status`)")
            leave(UNUSABLE)
        if nodes.is_host(known):
            pid = nodes.host_process(state, known)
            if pid is None:
                say(f"{node} is not running; see {state.folder}/servers.log")
                leave(UNUSABLE)
            _become(
                [
                    "nsenter",
                    "-t",
                    str(pid),
                    "--mount",
                    "--uts",
                    "--net",
                    "--pid",
                    "--root",
                    "--wd",
                    *(command or ["bash"]),
                ]
            )
        if command or not known.addresses:
            _become(["ip", "netns", "exec", state.nodes[node], *(command or ["bash"])])
        address = known.addresses[0].partition("/")[0]
        _become(
            ["ip", "netns", "exec", state.control, "ssh", "-o", f"UserKnownHostsFile={state.folder}/known_hosts",
             f"lab@{address}"]
        )  # fmt: skip
    raise AssertionError


def _become(command: list[str]) -> NoReturn:
    try:
        os.execvp(command[0], command)  # noqa: S606 - argument list
    except OSError as error:
        say(f"{command[0]}: {error.strerror}")
        leave(UNUSABLE)
