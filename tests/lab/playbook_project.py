"""A copy of the shipped project in which everything the playbooks need is known, and running them in a lab."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from inventory.load import PROJECTS
from rackwright.lab.bmc_rows import made_mac
from tests.lab.labs import Lab

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
PERSON = (
    "-e", "rackwright_override_by=duty-manager", "-e", "rackwright_override_ticket=CHG-1",
    "-e", "rackwright_hold_by=duty-manager",
)  # fmt: skip
DOMAIN = "yb.example"
SERVERS: Mapping[str, Sequence[str]] = {"ntp": ("10.10.200.1", "10.10.200.2"), "dns": ("10.10.200.3",), "syslog": ("10.10.200.4",), "boot": ("10.10.200.5",)}  # fmt: skip
BIOS = {"Iommu": "Enabled", "SrIov": "Enabled"}


def servers(lab: Lab) -> list[str]:
    """Servers the plan gives an address."""
    return sorted(n.name for n in lab.shape.nodes.values() if n.kind == "server" and n.addresses)


def known_project(folder: Path, lab: Lab, owners: Mapping[str, str], **servers_of: Sequence[str]) -> Path:
    """The project in `folder`: operating systems, servers of every kind, delivered machines of the lab, BIOS, owners.
    `servers_of` gives other addresses for a kind of management server. What it gives is an inventory file."""
    project = folder / "guangxi"
    shutil.copytree(PROJECTS / "guangxi", project)

    def edit(name: str, change: Any) -> None:
        path = project / name
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(data)
        path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")

    def operations(data: dict[str, Any]) -> None:
        data["management_servers"] = [
            {"name": f"{kind}-{n}", "kind": kind, "address": address}
            for kind, addresses in {**SERVERS, **servers_of}.items()
            for n, address in enumerate(addresses, 1)
        ]
        data["bmc_profiles"] = [{"name": "servers", "bios": BIOS}]
        data["deliveries"] = [
            {"name": host, "device": host, "serial": f"LAB-{host}",
             "macs": {i.name: made_mac(host, i.name) for i in lab.inventory.devices[host].type.interfaces}}
            for host in servers(lab)
        ]  # fmt: skip

    edit("operations.yml", operations)
    edit("project.yml", lambda d: d["project"].update(dns_domain=DOMAIN, owners=dict(owners)))
    edit("fleets.yml", lambda d: [f.update(os="kylin") for f in d["fleets"] if f["role"] == "server"])
    hosts = folder / "lab.rackwright.yml"
    hosts.write_text(yaml.safe_dump({"plugin": "rackwright", "project": str(project)}), encoding="utf-8")
    return hosts


def run(
    lab: Lab, build: Path, *words: str, hosts: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`ansible-playbook` from the lab's control node, as root with the lab's key and the controllers' login."""
    tools = Path(sys.executable).parent
    return subprocess.run(
        [
            "ip", "netns", "exec", lab.state.control, str(tools / "ansible-playbook"), *(("-i", str(hosts)) if hosts else ()),
            *words, "-u", "root", "--private-key", str(lab.folder / "id_lab"),
            "--ssh-common-args", f"-o UserKnownHostsFile={lab.folder}/known_hosts", "-e", f"rackwright_build={build}",
        ],
        cwd=PLAYBOOKS, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        env=os.environ | {
            "ANSIBLE_NOCOLOR": "1", "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(PLAYBOOKS.parent),
            "RACKWRIGHT_USER": "lab", "RACKWRIGHT_PASSWORD": "lab", "RACKWRIGHT_BMC_USER": "lab", "RACKWRIGHT_BMC_PASSWORD": "lab",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(lab.state.run / "ssh"),  # every lab has these addresses
            "RACKWRIGHT_BMC_CA": str(lab.folder / "bmc-ca.pem"), "RACKWRIGHT_KNOWN_HOSTS": str(lab.folder / "known_hosts"),
        } | dict(env or {}),
    )  # fmt: skip


def changed(text: str) -> dict[str, int]:
    """Changes by host, from the recap."""
    return {h: int(n) for h, n in re.findall(r"^(\S+) +: ok=\d+ +changed=(\d+)", text, re.M)}
