"""What `push` and `verify` share: which devices are meant, at which address, progress, and files of a run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rackwright.cli.common import UNUSABLE, Project, leave, say


@dataclass(frozen=True)
class Chosen:
    """Devices by name: what Ansible would know of each."""

    hosts: dict[str, dict[str, Any]]

    def address(self, host: str) -> str | None:
        """Its address in the plan."""
        found: str | None = self.hosts[host].get("ansible_host")
        return found

    @property
    def pairs(self) -> dict[str, str]:
        """The pair of every device that has one."""
        return {h: v["rackwright_pair"] for h, v in self.hosts.items() if v.get("rackwright_pair")}


def choose(project: Project, site: str | None, pair: list[str], host: list[str]) -> Chosen:
    """Planned devices of a site, of pairs (their switches) and by name; all without any. Leaves with 2 on a name
    nobody knows."""
    from inventory.ansible_hosts import ansible_inventory
    from inventory.validation import near

    if project.plan is None:
        say("no plan yet: run `rackwright plan` first")
        leave(UNUSABLE)
    known = ansible_inventory(project.inventory, project.plan)["_meta"]["hostvars"]
    names = {
        "site": ([site] if site else [], set(project.inventory.sites)),
        "pair": (pair, {v["rackwright_pair"] for v in known.values() if "rackwright_member" in v}),
        "host": (host, set(known)),
    }
    for kind, (given, there) in names.items():
        for name in given:
            if name not in there:
                guess = near(name, sorted(there))
                say(f"no {kind} {name} in the plan" + (f"; did you mean {guess}?" if guess else ""))
                leave(UNUSABLE)
    return Chosen(
        {
            name: values
            for name, values in known.items()
            if (not site or values["rackwright_site"] == site)
            and (not (pair or host) or name in host or values.get("rackwright_pair") in pair)
        }
    )


def counted(number: int, one: str) -> str:
    """A number of things in words: `1 switch`, `2 switches`."""
    many = f"{one}es" if one.endswith(("ch", "s", "x")) else f"{one}s"
    return f"{number} {one if number == 1 else many}"


def run_folder(build: Path | None, project: Project, verb: str) -> Path:
    """A new folder for the files of a run: build/<project>/<verb>/<UTC time>."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    base = (build or Path("build") / project.inventory.project.name) / verb
    base.mkdir(parents=True, exist_ok=True)
    folder, n = base / stamp, 1
    while True:
        try:
            folder.mkdir()
        except FileExistsError:  # another run began in the same second
            n += 1
            folder = base / f"{stamp}-{n}"
        else:
            return folder


@contextmanager
def counting(total: int, verb: str) -> Iterator[Callable[[str, bool], None]]:
    """Progress over `total` devices on standard error; call with what to show and whether one is done. A line for
    every one that is done where nobody watches."""
    done = 0
    if not sys.stderr.isatty():

        def tell(text: str, one: bool) -> None:
            nonlocal done
            if one:
                done += 1
                say(f"{verb} {done}/{total} {text}")

        yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn(verb), BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.description}"), console=Console(stderr=True), transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task("", total=total)
        yield lambda text, one: bar.update(task, description=text, advance=1 if one else 0)
