"""Where the engine is, where its state lies, and the environment it runs in: offline, asking nobody."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
BUILT = CHECKOUT / "build" / "engine"
"""Where `make engine` puts the engine it builds."""
PASSPHRASE = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
OWNER_FILE = "project"
PARALLEL = "32"
"""Resources at once: controllers are slow to answer, and servers take what comes at once in one change."""


class EngineError(Exception):
    """The engine cannot be run as things stand; the message says what to do."""


@dataclass(frozen=True)
class Engine:
    """The `pulumi` to run: `root` holds bin/pulumi (None: the one on PATH)."""

    root: Path | None
    path: Path

    def version(self) -> str:
        """What it says it is."""
        done = subprocess.run(  # noqa: S603
            [str(self.path), "version"], capture_output=True, text=True, check=False, timeout=60,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        )  # fmt: skip
        return done.stdout.strip()


@dataclass(frozen=True)
class Home:
    """Folders of one project's stacks: `folder` holds `work/<layer>`. `project` is the project's folder, `state_url`
    where the state lies."""

    folder: Path
    project: Path
    state_url: str

    @property
    def state_folder(self) -> Path | None:
        """The folder of the state; None when it lies elsewhere."""
        url = self.state_url
        return Path(url.removeprefix("file://")).expanduser() if url.startswith("file://") else None

    def work(self, layer: str) -> Path:
        """Where the engine runs for a layer."""
        return self.folder / "work" / layer


def find_engine() -> Engine:
    """The engine on PATH, else the one `make engine` built. Raises EngineError."""
    found = shutil.which("pulumi")
    if found and Path(found).resolve().parent != (BUILT / "bin").resolve():
        return Engine(None, Path(found))
    built = BUILT / "bin" / "pulumi"
    if built.is_file():
        return Engine(BUILT, built)
    raise EngineError(
        "no Pulumi engine: install the Pulumi CLI, or run `make engine` where Go is (once, some minutes)"
    )


def home_of(project: Path, name: str, state: Path | None = None) -> Home:
    """The folders of a project's stacks: `state`, else build/<name>/stacks of the checkout (of the working folder for
    an installed package). The state lies in it, or where PULUMI_BACKEND_URL says when no folder is given.

    Raises EngineError when they belong to another project folder.
    """
    base = CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else Path.cwd()
    folder = (state or base / "build" / name / "stacks").resolve()
    told = None if state else os.environ.get("PULUMI_BACKEND_URL")
    home = Home(folder, project.resolve(), told or f"file://{folder / 'state'}")
    for own in {folder, home.state_folder.parent if home.state_folder else folder}:
        mark = own / OWNER_FILE
        if mark.is_file() and mark.read_text(encoding="utf-8").strip() != str(home.project):
            raise EngineError(
                f"{own} holds the stacks of {mark.read_text(encoding='utf-8').strip()}, not of {home.project}: name "
                f"another folder with --state, or change {mark} if the project has moved"
                + (" (PULUMI_BACKEND_URL points there)" if told else "")
            )
    return home


def prepare(home: Home) -> None:
    """Make the folders."""
    home.folder.mkdir(parents=True, exist_ok=True)
    (home.folder / OWNER_FILE).write_text(f"{home.project}\n", encoding="utf-8")
    if home.state_folder is not None:
        home.state_folder.mkdir(parents=True, exist_ok=True)


def passphrase_lacking() -> str | None:
    """Why the state cannot be encrypted; None when it can."""
    if os.environ.get(PASSPHRASE[0]):
        return None
    named = os.environ.get(PASSPHRASE[1])
    if named:
        return None if Path(named).is_file() else f"{PASSPHRASE[1]}: no file {named}"
    return (
        f"no passphrase for the state: set {PASSPHRASE[0]}, or {PASSPHRASE[1]} to a file that holds it. "
        "Keep it: without it the state cannot be read again"
    )


def environment(home: Home) -> dict[str, str]:
    """What the engine needs to know, beside the passphrase and the secrets that stand in the user's environment."""
    return {
        "PULUMI_BACKEND_URL": home.state_url,
        "PULUMI_HOME": str(CHECKOUT / "build" / "engine" / "home")
        if (CHECKOUT / "pyproject.toml").is_file()
        else str(home.folder / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
        "PULUMI_PARALLEL": os.environ.get("PULUMI_PARALLEL", PARALLEL),
        "RACKWRIGHT_PROJECT": str(home.project),
    }


def shell_lines(home: Home, engine: Engine) -> list[str]:
    """The environment as lines for a shell, the engine's folder in front of PATH."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(environment(home).items())]
    if engine.root is not None:
        lines.insert(0, f'export PATH={shlex.quote(str(engine.path.parent))}:"$PATH"')
    return lines


@dataclass(frozen=True)
class Lock:
    """A run that holds a stack, or held it when it was killed. `alive`: whether its process still runs here."""

    file: Path
    pid: int
    host: str
    at: str
    alive: bool


def locks(home: Home, layer_project: str, stack: str) -> tuple[Lock, ...]:
    """Locks of a stack in a state folder, by file."""
    if home.state_folder is None:
        return ()
    folder = home.state_folder / ".pulumi" / "locks" / "organization" / layer_project / stack
    return tuple(_lock(file) for file in sorted(folder.glob("*.json")))


def _lock(file: Path) -> Lock:
    try:
        told: Mapping[str, object] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        told = {}
    pid, host = int(str(told.get("pid") or 0)), str(told.get("hostname") or "")
    own = host in ("", os.uname().nodename)
    return Lock(file, pid, host, str(told.get("timestamp") or "")[:19], not own or _runs(pid))


def _runs(pid: int) -> bool:
    """Whether a process of this machine is an engine that still runs (a number is given out again after a while)."""
    try:
        name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return False
    return (
        name.startswith("pulumi") and "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:3]
    )
