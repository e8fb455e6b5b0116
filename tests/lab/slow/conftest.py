"""Tests that start machines of QEMU or set up a Debian system of their own: run by `make slow`, minutes. Skipped, with
the reason, where that cannot be done; with RACKWRIGHT_CI set that is a failure."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rackwright.lab import netns
from tests.lab.slow.machines import leave

Needs = Callable[..., None]


@pytest.fixture(scope="session")
def needs() -> Needs:
    """Skip, or fail in CI, unless this machine has these programs and files (path -> Debian package)."""

    def check(*programs: str, files: dict[Path, str] | None = None) -> None:
        if not os.environ.get("RACKWRIGHT_SLOW"):
            pytest.skip("slow: run by `make slow`")
        lacking = [f"{p} (Debian package {n})" for p, n in (files or {}).items() if not p.exists()]
        lacking += [t for t in netns.missing_capabilities(programs) if "lab-packages" not in t]
        if lacking:
            leave("cannot be done here: " + "; ".join([*lacking, "run scripts/lab-packages.sh --slow"]))

    return check
