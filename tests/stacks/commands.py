"""The commands of `rackwright stacks` as processes, over the services of a rehearsal, for tests with the real engine."""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import pytest

from stacks.runner.engine import EngineError, find_engine, home_of, shell_lines


def needs_engine() -> None:
    """Skip, or fail in CI, where there is no engine."""
    try:
        find_engine()
    except EngineError as error:
        if os.environ.get("RACKWRIGHT_CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


class Project(Protocol):
    """A project folder, and the environment its stacks need."""

    folder: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """Of logins, keys and the passphrase."""


@dataclass
class Stacks:
    """A fresh state, and the commands that work on it."""

    rehearsal: Project
    state: Path

    @property
    def environment(self) -> dict[str, str]:
        """Of the commands."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "RACKWRIGHT_"))}
        return {**clean, **self.rehearsal.environment, "RACKWRIGHT_PYTHON": sys.executable}

    def start(self, verb: str, *words: str) -> subprocess.Popen[str]:
        """A run under way."""
        command = [
            sys.executable,
            "-m",
            "rackwright",
            "stacks",
            verb,
            "-p",
            str(self.rehearsal.folder),
            "--state",
            str(self.state),
        ]
        return subprocess.Popen(
            [*command, *words], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def run(self, verb: str, *words: str, code: int = 0) -> Any:
        """A run to its end, its answer read."""
        asked = [*words, "--format", "json"] if verb != "env" else list(words)
        process = self.start(verb, *asked)
        answer, said = process.communicate(timeout=300)
        assert process.returncode == code, (verb, process.returncode, answer, said)
        return json.loads(answer) if verb != "env" else answer

    def stacks(self, verb: str, *words: str, code: int = 0) -> dict[str, Any]:
        """The same, by stack."""
        return {row["stack"]: row for row in self.run(verb, *words, code=code)["stacks"]}

    def pulumi(self, folder: Path, *words: str, good: bool = True) -> str:
        """Plain `pulumi` in a folder, as somebody would type it."""
        lines = shell_lines(home_of(self.rehearsal.folder, "x", self.state), find_engine())
        text = "\n".join([*lines, "exec pulumi --non-interactive " + " ".join(words)])
        done = subprocess.run(
            ["sh", "-c", text], cwd=folder, env=self.environment, capture_output=True, text=True, check=False, timeout=300
        )  # fmt: skip
        assert (done.returncode == 0) is good, done.stdout + done.stderr
        return done.stdout + done.stderr

    def resources(self) -> int:
        """How many resources all states hold."""
        return sum(row["resources"] for row in self.run("status")["stacks"])


def begun(stacks: Stacks, runner: int) -> int | None:
    """The engine of a runner once its state says that a controller is being worked on."""
    file = stacks.state / "state" / ".pulumi" / "stacks" / "rackwright-bmc" / "A.json"
    try:
        latest = json.loads(file.read_text())["checkpoint"].get("latest") or {}
    except (OSError, ValueError):
        return None
    if not any("redfish" in p["resource"]["urn"] for p in latest.get("pending_operations") or ()):
        return None
    return child(runner, "pulumi")


def child(parent: int, words: str) -> int | None:
    """A process that another one has started, by words of its command line."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rsplit(")", 1)[1].split()
            command = (status.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, IndexError):
            continue
        if int(fields[1]) == parent and words in command:
            return int(status.parent.name)
    return None


def waited_for(look: Any, seconds: float = 120.0) -> Any:
    """What `look` finds, as soon as it does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.02)
    pytest.fail("it never came")


def assert_no_value(folder: Path, values: Iterable[str]) -> None:
    """No file below a folder says one of these values, plain or as HTTP and JSON would carry it."""
    files = [f for f in folder.rglob("*") if f.is_file()]
    assert files
    for file in files:
        data = file.read_bytes()
        data = gzip.decompress(data) if file.suffix == ".gz" else data
        for value in values:
            forms = (value.encode(), base64.b64encode(value.encode()), quote(value).encode())
            assert not any(form in data for form in forms), file
