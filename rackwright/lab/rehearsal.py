"""The whole night rehearsed on one machine: lab, playbooks, verification, faults found, repaired, verified, gone.

What is run is what an engineer runs: `ansible-playbook` and `rackwright verify` from the control namespace, over SSH,
LLDP and Redfish. `rackwright lab rehearse` shows it; the tests call the same functions.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from inventory.inventory import Inventory
from inventory.load import load
from inventory.plan_model import Plan
from inventory.plan_store import load_plan
from rackwright.lab import claims, live, rehearsal_faults
from rackwright.lab.bmc_rows import made_mac
from rackwright.lab.netns import LabError
from rackwright.lab.shape import Shape
from rackwright.lab.state import State
from rackwright.lab.state import load as load_state
from rackwright.lab.up import up

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
STAGES = (
    "build", "precheck", "arrival", "oob_bmc", "switches", "host_network", "time_dns_log", "baseline", "verify",
)  # fmt: skip
"""Playbooks a lab can run, in the order of the night. Without: operating systems (no disks), burn-in (the machine is
shared), appliances (none in the lab), joining clusters (their commands are not known)."""
PAIRS, SERVERS_PER_PAIR = 3, 2
"""A lab for a rehearsal: pairs a site, servers a pair; 38 nodes of the Guangxi plan, 10 of them servers, which cost most."""
SETTLE_S = 120.0
"""So long neighbours and sessions may take."""
PERSON = (
    "rackwright_override_by=rehearsal",
    "rackwright_override_ticket=LAB",
    "rackwright_hold_by=rehearsal",
)
FACTORY = claims.LOGIN
Tell = Callable[[str], None]


@dataclass
class Rehearsal:
    """One rehearsal: its lab and the folder of everything it writes. `seconds` by step, in order."""

    inventory: Inventory
    plan: Plan
    project: Path
    shape: Shape
    state: State
    tell: Tell
    controller_password: str = field(repr=False)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """The folder of the lab."""
        return Path(self.state.folder).resolve()

    @property
    def build(self) -> Path:
        """What the playbooks write."""
        return self.folder / "build"

    def environment(self, *, factory: bool = False) -> dict[str, str]:
        """Environment for what runs in the control namespace; `factory`: controllers still have the password they came
        with."""
        own = {
            "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0", "PYTHONPATH": str(PLAYBOOKS.parent),
            "RACKWRIGHT_BMC_PASSWORD": FACTORY if factory else self.controller_password,
            "RACKWRIGHT_BMC_FACTORY_USER": claims.LOGIN, "RACKWRIGHT_BMC_FACTORY_PASSWORD": FACTORY,
        }  # fmt: skip
        return {**claims.environment(self.state), **own}

    def run(self, *command: str, factory: bool = False) -> subprocess.CompletedProcess[str]:
        """A program in the control namespace, from the folder of the playbooks."""
        return subprocess.run(  # noqa: S603 - argument list
            ["ip", "netns", "exec", self.state.control, *command],  # noqa: S607
            cwd=PLAYBOOKS, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            env=self.environment(factory=factory),
        )  # fmt: skip

    def playbook(self, stage: str, *words: str) -> subprocess.CompletedProcess[str]:
        """`ansible-playbook STAGE.yml` over the devices of the lab; its output is kept in `playbooks/STAGE.log`."""
        devices = [n.name for n in self.shape.nodes.values() if n.kind != "existing"]
        extra = [*PERSON, f"rackwright_build={self.build}"]
        tool = Path(sys.executable).with_name("ansible-playbook")
        done = self.run(
            str(tool), f"{stage}.yml", "-i", str(self.folder / "lab.rackwright.yml"),
            "--limit", ",".join((*devices, "localhost")), *(x for e in extra for x in ("-e", e)), *words,
            factory=stage in ("precheck", "arrival"),
        )  # fmt: skip
        logs = self.folder / "playbooks"
        logs.mkdir(exist_ok=True)
        (logs / f"{stage}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        return done

    def verify(self, *words: str) -> dict[str, Any]:
        """What `rackwright verify` finds, as its JSON. Raises LabError when it could not run."""
        command = [sys.executable, "-m", "rackwright", "verify", "-p", str(self.project), "--format", "json"]
        done = self.run(*command, "--out", str(self.build), *words)
        try:
            found: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            raise LabError(f"verify did not run: {done.stderr.strip()[-400:]}") from None
        return found

    def step(self, name: str, what: Callable[[], str]) -> None:
        """Do a step, say how it went and how long it took."""
        self.tell(f"{name} …")
        started = time.monotonic()
        said = what()
        self.seconds[name] = time.monotonic() - started
        self.tell(f"{name}: {said} ({self.seconds[name]:.0f} s)")


def begin(
    source: Path, shape_of: Callable[[Inventory, Plan], Shape], name: str, folder: Path, tell: Tell
) -> Rehearsal:
    """Copy the project with what a lab adds, and build the lab with switches as delivered. Raises LabError when a lab
    of this name is up."""
    if (folder / "state.json").exists() and load_state(folder / "state.json").stage == "up":
        raise LabError(
            f"lab {name} is up already; `rackwright lab down --name {name}` or take another --name"
        )
    for stale in ("project", "build", "playbooks"):
        shutil.rmtree(folder / stale, ignore_errors=True)
    inventory, plan = _loaded(source)
    shape = shape_of(inventory, plan)
    project = lab_project(source, folder / "project", inventory, plan, shape)
    inventory, plan = _loaded(project)
    (folder / "lab.rackwright.yml").write_text("plugin: rackwright\nproject: project\n", encoding="utf-8")
    state = up(
        inventory,
        plan,
        shape,
        name=name,
        folder=folder,
        lldp_interval_s=1,
        progress=lambda what, *_: tell(what),
    )
    return Rehearsal(inventory, plan, project.resolve(), shape, state, tell, secrets.token_hex(12))


def _loaded(folder: Path) -> tuple[Inventory, Plan]:
    loaded, stored = load(folder), load_plan(folder)
    faults = [f for f in (*loaded.findings, *stored.findings) if f.blocks]
    if loaded.inventory is None or stored.plan is None or faults:
        raise LabError("; ".join(f.to_text() for f in faults) or f"{folder}: no project with a plan")
    return loaded.inventory, stored.plan


def lab_project(source: Path, target: Path, inventory: Inventory, plan: Plan, shape: Shape) -> Path:
    """The project with what is known in a lab and not yet on site: delivery notes of its devices (serial and MAC
    numbers are made up) and time and log servers (the gateways, where the control namespace answers). No stacks run in
    a rehearsal: clocks of controllers are Ansible's, unless the project says whose they are."""
    shutil.copytree(source, target)
    head = target / "project.yml"
    text = head.read_text(encoding="utf-8")
    if not re.search(r"(?m)^ +owners:", text):
        own = re.sub(r"(?m)^project:\s*$", "project:\n  owners: {bmc_ntp: ansible}", text, count=1)
        head.write_text(own, encoding="utf-8")
    rows = ["deliveries:"]
    known = {d.device for d in inventory.deliveries.values()}
    for node in shape.nodes.values():
        if node.kind in ("switch", "server") and node.name not in known:
            ports = (
                [i.name for i in inventory.devices[node.name].type.interfaces]
                if node.kind == "server"
                else []
            )
            macs = ", ".join(f'"{p}": "{made_mac(node.name, p)}"' for p in ports)
            rows.append(
                f"  - {{name: lab-{node.name}, device: {node.name}, serial: LAB-{node.name}, macs: {{{macs}}}}}"
            )
    text = "\n".join(rows) + "\n" if len(rows) > 1 else ""
    text += "management_servers:\n" + "".join(
        f"  - {{name: lab-{kind}-{n}-{site}, kind: {kind}, site: {site}, address: {address}}}\n"
        for site in sorted({node.site for node in shape.nodes.values()})
        for kind in ("ntp", "syslog")
        for n, address in enumerate(_gateways(plan, site), 1)
    )
    (target / "lab.yml").write_text(text, encoding="utf-8")
    return target


def _gateways(plan: Plan, site: str) -> list[str]:
    planes = ("mgmt", "business")
    return [
        str(p.gateway)
        for plane in planes
        for p in plan.prefixes
        if p.plane == plane and p.site == site and p.gateway
    ][:2]


def settle(rehearsal: Rehearsal) -> str:
    """Wait until every cable shows as planned. Raises LabError when one does not."""
    deadline = time.monotonic() + SETTLE_S
    while wrong := [
        r for r in live.cables(rehearsal.state, rehearsal.shape, rehearsal.plan) if r.verdict != "pass"
    ]:
        if time.monotonic() > deadline:
            raise LabError(f"{len(wrong)} cables do not show as planned: {wrong[0].message.en}")
        time.sleep(0.5)
    return f"{len(rehearsal.shape.nodes)} nodes, {len(rehearsal.shape.wires)} cables as planned"


def stage(rehearsal: Rehearsal, name: str) -> str:
    """Run a playbook. Raises LabError with the end of its summary when it fails."""
    done = rehearsal.playbook(name)
    if done.returncode:
        told = done.stdout.strip().splitlines()
        raise LabError(f"{name}.yml ended with {done.returncode}: " + "\n".join(told[-25:]))
    changed = sum(int(n) for n in re.findall(r"(?m)^\S+ +: ok=\d+ +changed=(\d+)", done.stdout))
    not_run = len(re.findall(r"(?m)^\s*not run\b", done.stdout))
    return f"{changed} changes" + (f", {not_run} not run (see playbooks/{name}.log)" if not_run else "")


def green(rehearsal: Rehearsal) -> str:
    """Verify; raise LabError unless all that the lab shows is as planned."""
    found = rehearsal.verify()
    counts: Mapping[str, int] = found["counts"]
    if not found["fine"]:
        bad = [r for r in found["results"] if r["verdict"] not in ("pass", "not shown")]
        raise LabError(
            "not as planned: "
            + "; ".join(f"{r['test']} {r['subject']}: {r['message']['en']}" for r in bad[:8])
        )
    return f"{counts['pass']} pass, {counts.get('not shown', 0)} the lab cannot show"


def found_all(rehearsal: Rehearsal, faults: Sequence[rehearsal_faults.Fault]) -> str:
    """Verify until every fault is told by name, and nothing else but what follows from them. Raises LabError."""
    deadline = time.monotonic() + SETTLE_S
    while True:
        results = rehearsal.verify()["results"]
        bad = [r for r in results if r["verdict"] not in ("pass", "not shown")]
        missed = [f for f in faults if not any(f.tells(r) for r in bad)]
        strange = [r for r in bad if not any(f.explains(r) for f in faults)]
        if not missed and not strange:
            return "; ".join(f"{f.text} found as {f.code}" for f in faults)
        if time.monotonic() > deadline:
            said = [f"not found: {f.text}" for f in missed]
            said += [f"nobody put in: {r['test']} {r['subject']}: {r['message']['en']}" for r in strange[:5]]
            raise LabError("; ".join(said))
        time.sleep(2)


def whole(rehearsal: Rehearsal, stages: Sequence[str] = STAGES) -> None:
    """Everything between up and down. Raises LabError at the first step that does not go as it should."""
    rehearsal.step("neighbours", lambda: settle(rehearsal))
    for name in stages:
        rehearsal.step(name, lambda name=name: stage(rehearsal, name))  # type: ignore[misc]
    rehearsal.step("all as planned", lambda: green(rehearsal))
    faults = rehearsal_faults.put_in(rehearsal.state, rehearsal.shape)
    for fault in faults:
        rehearsal.tell(f"  fault: {fault.text}")
    rehearsal.step("every fault found and named", lambda: found_all(rehearsal, faults))
    rehearsal.step("repaired", lambda: rehearsal_faults.repair(rehearsal.state, rehearsal.shape, faults))
    rehearsal.step("switches again", lambda: stage(rehearsal, "switches"))
    rehearsal.step("neighbours again", lambda: settle(rehearsal))
    rehearsal.step("all as planned again", lambda: green(rehearsal))
