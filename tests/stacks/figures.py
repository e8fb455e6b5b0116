"""Figures of the stacks, in one command: `python -m tests.stacks.figures` prints tables and writes them as JSON.

Two parts. The Guangxi project with all its servers, previewed, applied, applied again, looked at for drift and taken
away, against emulated controllers, a real Kea and a real PowerDNS. And 500 and 2,000 reservations in one stack, for
what the engine, its state file and the provider cost by number. Wall time depends on what else runs on the machine;
processor time is that of all processes of a run (runner, engine, provider, policy), not of the services.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from inventory.load import PROJECTS
from stacks.runner.engine import CHECKOUT, environment, find_engine, home_of, prepare
from tests.stacks.rehearsal import PASSPHRASE, rehearsal
from tests.stacks.services import free_port, kea

SIZES = (500, 2000)
PLUGIN = CHECKOUT / "stacks" / "plugin"
PROGRAM = """import ipaddress, os, pulumi
from stacks import resources as r
options = pulumi.ResourceOptions(provider=r.Provider("rackwright"))
network = ipaddress.ip_network("10.0.0.0/16")
for n in range(int(os.environ["FIGURES_COUNT"])):
    mac = f"02:00:00:00:{n // 256:02x}:{n % 256:02x}"
    r.Reservation(f"host-{n}", api_url=os.environ["FIGURES_KEA"], subnet=str(network), mac=mac, server="KEA",
                  address=str(network[n + 10]), hostname=f"host-{n}", opts=options)
"""


@dataclass
class Run:
    """One run: what, how many resources, wall and processor seconds, and the most memory (MB) by program."""

    what: str
    resources: int
    wall_s: float
    cpu_s: float
    memory_mb: dict[str, int]


@contextmanager
def watched(what: str, resources: int, into: list[Run]) -> Iterator[None]:
    """Time and memory of the child processes of a block. Memory is resident memory, sampled five times a second."""
    peaks: dict[str, int] = {}
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.2):
            for name, kilobytes in _resident(os.getpid()).items():
                peaks[name] = max(peaks.get(name, 0), kilobytes // 1024)

    watcher = threading.Thread(target=look)
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    into.append(Run(what, resources, time.monotonic() - begun, cpu, peaks))
    sys.stderr.write(f"{what}: {into[-1].wall_s:.1f} s, {cpu:.1f} s of processors, {peaks}\n")


def _resident(root: int) -> dict[str, int]:
    """Resident kilobytes by program of everything below a process, services left out."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
    below = {root}
    found: dict[str, int] = {}
    for _ in range(8):
        below |= {pid for pid, parent in parents.items() if parent in below}
    for pid in below - {root}:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
            kilobytes = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4
        except (OSError, ValueError, IndexError):
            continue
        text = " ".join(words)
        for name, sign in (("provider", "stacks.provider"), ("policy", "stacks.policy"), ("program", "stacks.language_host"),
                           ("runner", "rackwright stacks"), ("engine", "bin/pulumi"), ("engine", "pulumi ")):  # fmt: skip
            if sign in text:
                found[name] = found.get(name, 0) + kilobytes
                break
    return found


def guangxi(servers: int | None, layers: Collection[str] = ("dhcp", "dns", "bmc")) -> list[Run]:
    """The whole project through the command line, stack after stack."""
    out: list[Run] = []
    with (
        tempfile.TemporaryDirectory() as scratch,
        rehearsal(PROJECTS / "guangxi", Path(scratch), servers=servers, port=free_port()) as found,
    ):
        folder, clean = (
            Path(scratch) / "stacks",
            {k: v for k, v in os.environ.items() if not k.startswith("PULUMI_")},
        )
        found.say_port(folder)

        def ask(verb: str, *words: str, code: int = 0) -> list[dict[str, Any]]:
            done = subprocess.run(
                [sys.executable, "-m", "rackwright", "stacks", verb, "-p", str(found.folder), "--state", str(folder),
                 "--format", "json", *words],
                env={**clean, **found.environment}, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == code, (verb, done.stdout[-3000:], done.stderr[-1000:])
            rows: list[dict[str, Any]] = json.loads(done.stdout)["stacks"]
            return rows

        for layer, site in (("dhcp", "A"), ("dns", "A"), ("bmc", "A"), ("bmc", "B")):
            if layer not in layers:
                continue
            one = ["--layer", layer, "--site", site]
            runs: list[Run] = []
            for verb, words in (("preview", []), ("up", ["--yes"]), ("up again", ["--yes"]), ("drift", [])):
                with watched(f"{layer}/{site} {verb}", 0, runs):
                    rows = ask(verb.split()[0], *one, *words)
                runs[-1].resources = len(rows[0]["changes"]) + rows[0]["unchanged"]
                if verb in ("up again", "drift"):
                    assert not rows[0]["changes"], rows[0]
            out += runs
        with watched("all destroy", sum(r.resources for r in out if r.what.endswith("up again")), out):
            ask("destroy", "--yes")
        assert not found.kea.saved()
        assert not found.dns.zones()
    return out


def by_number(sizes: tuple[int, ...], *, once: bool = False) -> list[Run]:
    """Reservations in one stack by plain `pulumi`: create, run again, refresh, destroy. `once`: the state is written
    at the end alone, not before and after every resource (a killed run loses what it made, so no stack runs so)."""
    out: list[Run] = []
    engine = find_engine()
    for size in sizes:
        with tempfile.TemporaryDirectory() as scratch, kea("10.0.0.0/16") as server:
            folder = Path(scratch)
            home = home_of(folder / "project", "figures", folder / "stacks")
            prepare(home)
            (folder / "work").mkdir()
            (folder / "work" / "__main__.py").write_text(PROGRAM, encoding="utf-8")
            (folder / "work" / "Pulumi.yaml").write_text(
                "name: figures\nruntime: {name: python, options: {virtualenv: " + str(CHECKOUT / ".venv") + "}}\n"
                "plugins: {providers: [{name: rackwright, path: " + str(PLUGIN) + "}]}\n",
                encoding="utf-8",
            )  # fmt: skip
            values = {
                **os.environ, **environment(home), "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE, "FIGURES_COUNT": str(size),
                "FIGURES_KEA": server.url, **({"PULUMI_SKIP_CHECKPOINTS": "true"} if once else {}), "PATH": f"{engine.path.parent}:{os.environ['PATH']}",
            }  # fmt: skip

            def pulumi(*words: str, own: Path = folder / "work", values: dict[str, str] = values) -> None:
                done = subprocess.run(
                    ["pulumi", "--non-interactive", *words], cwd=own, env=values, capture_output=True, text=True, check=False
                )  # fmt: skip
                assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-1000:]

            pulumi("stack", "init", "s")
            for what, words in (
                ("up", ("up", "--yes", "--skip-preview")),
                ("up again", ("up", "--yes", "--skip-preview", "--expect-no-changes")),
                ("refresh", ("refresh", "--preview-only", "--expect-no-changes")),
                ("destroy", ("destroy", "--yes", "--skip-preview")),
            ):
                with watched(
                    f"{size:,} reservations{', state written once,' if once else ''} {what}", size, out
                ):
                    pulumi(*words)
                if what == "up":
                    assert len(server.saved()) == size
                    state = sum(f.stat().st_size for f in (folder / "stacks" / "state").rglob("s.json"))
                    sys.stderr.write(f"state file {state / 1e6:.1f} MB\n")
            assert not server.saved()
    return out


def table(runs: list[Run]) -> str:
    """Markdown, a line a run; the second `up` as a ratio of the first."""
    lines = [
        "| run | resources | wall s | ms each | processor s | of the first `up` | most memory MB |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    first: dict[str, Run] = {}
    for run in runs:
        name = run.what.removesuffix(" again")
        if run.what.endswith(" up"):
            first[name] = run
        ratio = f"{run.cpu_s / first[name].cpu_s:.2f}" if run.what.endswith(" again") else ""
        memory = ", ".join(f"{key} {value}" for key, value in sorted(run.memory_mb.items()))
        lines.append(
            f"| {run.what} | {run.resources:,} | {run.wall_s:.1f} | {1000 * run.wall_s / max(run.resources, 1):.0f} "
            f"| {run.cpu_s:.1f} | {ratio} | {memory} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print and write."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--servers", type=int, help="of each site only so many servers; 0: none")
    words.add_argument("--layers", nargs="*", default=["dhcp", "dns", "bmc"], help="of the project, these")
    words.add_argument("--sizes", type=int, nargs="*", default=list(SIZES), help="reservations in one stack")
    words.add_argument("--once", action="store_true", help="write the state of these at the end alone")
    words.add_argument("--out", type=Path, default=CHECKOUT / "build" / "stacks-figures.json")
    asked = words.parse_args()
    runs = by_number(tuple(asked.sizes), once=asked.once)
    runs += guangxi(asked.servers, asked.layers) if asked.servers != 0 else []
    asked.out.write_text(json.dumps([asdict(r) for r in runs], indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(runs))


if __name__ == "__main__":
    main()
