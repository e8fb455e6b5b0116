"""Tests that start machines of QEMU or set up a Debian system of their own: run by `make slow`, minutes. Skipped, with
the reason, where that cannot be done; with RACKWRIGHT_CI set that is a failure."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from rackwright.lab import netns

SUITE = "bookworm"
"""The Debian release of the systems set up here."""
Needs = Callable[..., None]


@pytest.fixture
def needs() -> Needs:
    """Skip, or fail in CI, unless this machine has these programs and files (path -> Debian package)."""

    def check(*programs: str, files: dict[Path, str] | None = None) -> None:
        if not os.environ.get("RACKWRIGHT_SLOW"):
            pytest.skip("slow: run by `make slow`")
        lacking = netns.missing_capabilities(programs)
        lacking += [f"{p} (Debian package {n})" for p, n in (files or {}).items() if not p.exists()]
        if lacking:
            leave("cannot be done here: " + "; ".join([*lacking, "run scripts/lab-packages.sh --slow"]))

    return check


def leave(reason: str) -> None:
    """Skip with a reason; fail where RACKWRIGHT_CI says that nothing may be skipped."""
    if os.environ.get("RACKWRIGHT_CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def program(name: str) -> str:
    """Where a program is."""
    return shutil.which(name) or f"/usr/sbin/{name}"


def debian(root: Path, packages: Sequence[str], *options: str) -> None:
    """Set up a Debian system with these packages in a folder. Skips (fails in CI) when Debian cannot be reached."""
    wanted = [f"--include={','.join(packages)}"] if packages else []
    done = subprocess.run(
        [
            "mmdebstrap", "--mode=root", "--variant=apt", "--aptopt=Apt::Install-Recommends \"false\"",
            "--dpkgopt=force-unsafe-io", "--dpkgopt=path-exclude=/usr/share/doc/*",
            "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
            *wanted, *options, SUITE, str(root),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        leave(f"no Debian system could be set up: {done.stderr[-800:]}")
