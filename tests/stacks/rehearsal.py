"""A project rehearsed against real services: its planned controllers on the loopback, Kea, PowerDNS.

`python -m tests.stacks.rehearsal -p guangxi` serves until it is interrupted and says what to type. Nothing of the
project is changed: what it lacks (deliveries, servers, a domain) is made up in a copy whose management addresses are
moved into 127.0.0.0/8, where every address is this machine.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from inventory.inventory import Inventory
from inventory.load import PROJECTS, load
from inventory.plan_model import Plan
from inventory.plan_store import load_plan
from rackwright.lab.bmc_rows import bmc_row, made_mac
from stacks.runner.engine import CHECKOUT
from tests.stacks.bmcs import LOGIN, Bmcs, bmcs
from tests.stacks.services import API_KEY, Kea, PowerDns, free_port, kea, powerdns

DOMAIN = "rehearsal.example"
AUDIT_PASSWORD = "word-of-the-audit-account-9c1"  # noqa: S105 - of an emulated controller
PASSPHRASE = "passphrase of the rehearsal"  # noqa: S105
MOVED = re.compile(r"\b10\.(?=\d+\.24[0-3]\.)")
"""Management addresses: the pools of controllers and of management ports."""


@dataclass
class Rehearsal:
    """A project, the services it speaks to, and the environment that lets the stacks in."""

    folder: Path
    controllers: Bmcs
    kea: Kea
    dns: PowerDns

    @property
    def environment(self) -> dict[str, str]:
        """What the stacks need beside the engine's own."""
        return {
            "RACKWRIGHT_BMC_USER": LOGIN[0], "RACKWRIGHT_BMC_PASSWORD": LOGIN[1],
            "RACKWRIGHT_BMC_CA": str(self.controllers.service.ca), "REHEARSAL_DNS_KEY": API_KEY,
            "REHEARSAL_AUDIT": AUDIT_PASSWORD, "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        }  # fmt: skip

    def say_port(self, state: Path) -> None:
        """Tell the stacks of a state folder at which port the controllers listen, when it is not the usual one."""
        port = next(iter(self.controllers.service.ports.values()))[1]
        for site in ("A", "B") if port != 443 else ():
            file = state / "work" / "bmc" / f"Pulumi.{site}.yaml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"config:\n  rackwright-bmc:port: {port}\n", encoding="utf-8")

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must stand in no file."""
        return (LOGIN[1], API_KEY, AUDIT_PASSWORD, PASSPHRASE)


def loaded(folder: Path) -> tuple[Inventory, Plan]:
    """Inventory and plan of a project."""
    inventory, plan = load(folder).inventory, load_plan(folder).plan
    assert inventory is not None, load(folder).findings
    assert plan is not None, load_plan(folder).findings
    return inventory, plan


def copy(source: Path, target: Path, *, servers: int | None = None) -> Path:
    """The project with management addresses on the loopback; of each site only the first `servers` with addresses."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("build"))
    inventory, plan = loaded(source)
    kept: set[str] | None = None
    if servers is not None:
        kept = set()
        for site in inventory.sites:
            own = sorted(
                {
                    a.device
                    for a in plan.addresses
                    if a.plane == "bmc" and inventory.devices[a.device].site == site
                }
            )
            kept.update(own[:servers])
    for file in sorted(target.rglob("*.yml")):
        text = MOVED.sub("127.", file.read_text(encoding="utf-8"))
        if kept is not None and file.name == "addresses.yml" and file.parent.name == "plan":
            lines = text.splitlines(keepends=True)
            text = "".join(
                x for x in lines if "device: " not in x or x.split("device: ")[1].split(",")[0] in kept
            )
        file.write_text(text, encoding="utf-8")
    return target


def complete(folder: Path, kea_url: str, dns_url: str) -> None:
    """Give a copy what it lacks, in a file of its own: deliveries of all servers, servers of names and addresses."""
    project = folder / "project.yml"
    text = project.read_text(encoding="utf-8")
    name = re.search(r"^  name: (\S+)$", text, re.MULTILINE)
    assert name is not None
    text = text.replace(name[0], f"  name: {name[1]}-rehearsal\n  dns_domain: {DOMAIN}", 1)
    project.write_text(text, encoding="utf-8")
    inventory, plan = loaded(folder)
    devices = sorted({a.device for a in plan.addresses if a.plane == "bmc"})
    servers: list[dict[str, Any]] = []
    for site in inventory.sites:
        servers += [
            {"name": f"{site}-CLOCK", "kind": "ntp", "site": site, "address": f"127.{10 if site == 'A' else 20}.241.250"},
            {"name": f"{site}-BOOT", "kind": "boot", "site": site, "address": f"127.{10 if site == 'A' else 20}.241.251"},
        ]  # fmt: skip
    servers += [
        {"name": "KEA", "kind": "dhcp", "address": "127.0.0.1", "api_url": kea_url.rstrip("/")},
        {"name": "NAMES", "kind": "dns", "address": "127.0.0.1", "api_url": dns_url, "secret": "names-key"},
    ]
    secret = {"title": {"en": "made up", "zh": "虚构"}, "source": "env"}
    sections = {
        "secrets": [
            {"name": "names-key", "key": "REHEARSAL_DNS_KEY", **secret}, {"name": "audit", "key": "REHEARSAL_AUDIT", **secret},
        ],
        "management_servers": servers,
        "bmc_profiles": [
            {"name": "baseline", "bios": {"Iommu": "Enabled", "SrIov": "Enabled"}, "boot": {"target": "Hdd"},
             "accounts": [{"user": "audit", "role": "ReadOnly", "secret": "audit"}]},
        ],
        "deliveries": [
            {"name": f"made-up-{name}", "device": name, "serial": f"MADE-{number:04d}",
             "macs": {i.name: made_mac(name, i.name) for i in inventory.devices[name].type.interfaces}}
            for number, name in enumerate(devices, 1)
        ],
    }  # fmt: skip
    (folder / "rehearsal.yml").write_text(
        yaml.safe_dump(sections, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )


@contextmanager
def rehearsal(
    source: Path, folder: Path, *, servers: int | None = None, port: int = 443
) -> Iterator[Rehearsal]:
    """The project, copied below `folder`, with everything it speaks to, for the time of the block."""
    own = copy(source, folder / "project", servers=servers)
    _, plan = loaded(own)
    with ExitStack() as standing:
        dhcp = standing.enter_context(
            kea(*[p.prefix for p in plan.prefixes if p.plane in ("bmc", "business")])
        )
        names = standing.enter_context(powerdns())
        complete(own, dhcp.url, names.url)
        inventory, plan = loaded(own)
        rows = [
            {**bmc_row(inventory, inventory.devices[a.device], {}), "address": a.address, "port": port}
            for a in plan.addresses
            if a.plane == "bmc" and a.released is None and a.device in inventory.devices
        ]
        (folder / "controllers").mkdir()
        controllers = standing.enter_context(bmcs(folder / "controllers", rows))
        yield Rehearsal(own, controllers, dhcp, names)


def main() -> None:
    """Serve until interrupted."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("-p", "--project", default="guangxi")
    words.add_argument("--folder", type=Path, default=Path("build/stacks-rehearsal"))
    words.add_argument("--servers", type=int, help="of each site only so many servers")
    asked = words.parse_args()
    source = PROJECTS / asked.project if (PROJECTS / asked.project).is_dir() else Path(asked.project)
    folder = asked.folder.resolve()
    for old in ("project", "controllers"):
        shutil.rmtree(folder / old, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    port = 443 if os.geteuid() == 0 else free_port()
    with rehearsal(source, folder, servers=asked.servers, port=port) as found:
        state = CHECKOUT / "build" / loaded(found.folder)[0].project.name / "stacks"
        if state.is_dir():  # it speaks of services that are gone
            shutil.rmtree(state)
            sys.stdout.write(f"the state of an earlier rehearsal is removed: {os.path.relpath(state)}\n")
        found.say_port(state)
        lines = [f"export {name}='{value}'" for name, value in found.environment.items()]
        lines.append(f"export RACKWRIGHT_PROJECT='{found.folder}'")
        lines.append(f'export PATH="{Path(sys.executable).parent}:$PATH"')
        lines.append('eval "$(rackwright stacks env)"')
        (folder / "environment.sh").touch()
        (folder / "environment.sh").chmod(0o600)  # it holds the logins
        (folder / "environment.sh").write_text("\n".join(lines) + "\n", encoding="utf-8")
        address, port = next(iter(found.controllers.service.ports.values()))
        where = os.path.relpath(folder)
        sys.stdout.write(
            f"{len(found.controllers.service.ports)} controllers (the first: https://{address}:{port}/redfish/v1), Kea "
            f"{found.kea.url}, PowerDNS {found.dns.url} (answers at port {found.dns.dns_port})\n\n"
            f"In another terminal, with the environment of the project:\n\n  . {where}/environment.sh\n"
            "  rackwright stacks up\n  cd stacks/bmc && pulumi preview --stack A\n\nInterrupt to end.\n"
        )
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.stdout.write("\nended; nothing is left but the folder\n")


if __name__ == "__main__":
    main()
