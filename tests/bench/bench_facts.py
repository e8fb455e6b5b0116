"""Facts of many servers by Ansible over SSH: the settings of playbooks/ansible.cfg against Ansible's own defaults.

The servers are hosts of a lab (namespaces with sshd and a root of their own), so this needs root and its packages;
where they lack the bench is left out, and says so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from inventory.load import load
from inventory.plan_store import load_plan
from rackwright.lab import netns
from rackwright.lab.cleanup import remove
from rackwright.lab.shape import shape
from rackwright.lab.state import State
from rackwright.lab.up import PROGRAMS, up
from tests.bench.figures import Bench, Equality, Figure, least_seconds

ROOT = Path(__file__).parents[2]
COUNT, QUICK = 100, 3
PLAY = "- hosts: all\n  gather_facts: true\n  gather_subset: {subset}\n"
ALL, FEW = "[all]", '["!all", min, service_mgr]'
STABLE = (
    "ansible_hostname", "ansible_fqdn", "ansible_distribution", "ansible_distribution_version", "ansible_kernel",
    "ansible_architecture", "ansible_python_version", "ansible_service_mgr", "ansible_pkg_mgr", "ansible_user_id",
)  # fmt: skip
"""Facts that are the same a minute later."""


def lacking() -> list[str]:
    """What this machine lacks for the servers; empty when the bench can run."""
    return netns.missing_capabilities((*PROGRAMS, "ssh"))


def run(project: Path, rounds: int, quick: bool) -> Bench:
    """All facts of 100 servers with both settings, and what the playbooks gather of them."""
    with servers(project, QUICK if quick else COUNT) as (state, hosts):
        seen: dict[str, dict[str, Any]] = {}

        def gather(name: str, config: Path, subset: str) -> None:
            seen[name] = facts(state, hosts, config, subset)

        plain = Path(state.folder) / "defaults.cfg"
        plain.write_text("[defaults]\n", encoding="utf-8")
        ours = ROOT / "playbooks" / "ansible.cfg"
        seconds = least_seconds(
            {
                "defaults": lambda: gather("defaults", plain, ALL),
                "playbooks/ansible.cfg": lambda: gather("ours", ours, ALL),
                "playbooks/ansible.cfg, the facts our playbooks gather": lambda: gather("few", ours, FEW),
            },
            1 if quick else min(rounds, 2),
        )
    default_s, ours_s, few_s = seconds.values()
    return Bench(
        f"facts of {len(hosts)} servers by Ansible, against its defaults",
        (
            Figure("all facts: defaults / settings of playbooks/ansible.cfg", default_s / ours_s, "x",
                   detail=f"{default_s:.1f} s against {ours_s:.1f} s; servers and controller on the same cores"),
            Figure("all facts by default / what our playbooks gather, with their settings", default_s / few_s, "x"),
            Figure("a server, with our settings", ours_s / len(hosts) * 1000, "ms"),
        ),
        (
            Equality("every server answers, each with its own name", all(
                {h: f["ansible_hostname"] for h, f in found.items()} == {h: h for h in hosts} for found in seen.values()
            )),
            Equality("the same facts with both settings", stable(seen["defaults"]) == stable(seen["ours"])),
        ),
        seconds,
    )  # fmt: skip


def stable(found: Mapping[str, Mapping[str, Any]]) -> dict[str, list[object]]:
    """By server what does not move with time: STABLE, the interfaces, their addresses."""
    return {
        host: [
            *(values[name] for name in STABLE),
            sorted(values["ansible_interfaces"]),
            sorted(values["ansible_all_ipv4_addresses"]),
        ]
        for host, values in sorted(found.items())
    }


@contextmanager
def servers(project: Path, count: int) -> Iterator[tuple[State, dict[str, str]]]:
    """The first so many servers of the plan as hosts of a lab without cables; their addresses by name."""
    inventory, plan = load(project).inventory, load_plan(project).plan
    assert inventory is not None and plan is not None
    whole = shape(inventory, plan)
    names = sorted(n.name for n in whole.nodes.values() if n.kind == "server" and n.addresses)[:count]
    small = replace(whole, nodes={n: whole.nodes[n] for n in names}, wires={})
    name = f"bench-{os.getpid()}"
    folder = Path(tempfile.mkdtemp(prefix="rackwright-"))
    try:
        state = up(inventory, plan, small, name=name, folder=folder / "lab")
        try:
            yield state, {n: whole.nodes[n].addresses[0].partition("/")[0] for n in names}
        finally:
            remove(state)
    finally:
        shutil.rmtree(folder)


def facts(state: State, hosts: Mapping[str, str], config: Path, subset: str) -> dict[str, dict[str, Any]]:
    """Facts by server from one play in new SSH sessions."""
    folder = Path(tempfile.mkdtemp(prefix="rwf"))
    try:
        common = {
            "ansible_user": "root", "ansible_ssh_private_key_file": f"{state.folder}/id_lab",
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={state.folder}/known_hosts",
        }  # fmt: skip
        rows = {name: {"ansible_host": address} for name, address in hosts.items()}
        (folder / "hosts.json").write_text(json.dumps({"all": {"hosts": rows, "vars": common}}))
        (folder / "play.yml").write_text(PLAY.format(subset=subset))
        done = subprocess.run(
            ["ip", "netns", "exec", state.control, str(Path(sys.executable).parent / "ansible-playbook"),
             "-i", str(folder / "hosts.json"), str(folder / "play.yml")],
            cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            env={k: v for k, v in os.environ.items() if not k.startswith("ANSIBLE_")} | {
                "ANSIBLE_CONFIG": str(config), "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / "cp"), "PYTHONPATH": str(ROOT),
                "ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder / "facts"),
            },
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
        return {p.name.removeprefix("s1_"): _cached(p) for p in (folder / "facts").iterdir()}
    finally:
        shutil.rmtree(folder)


def _cached(path: Path) -> dict[str, Any]:
    """Facts of one server from Ansible's cache, which wraps them (core 2.19)."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return json.loads(found["__payload__"]) if "__payload__" in found else found
