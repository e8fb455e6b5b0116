"""Start-up: what a person waits for, as multiples of an interpreter that does nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.bench.figures import Bench, Equality, Figure, child_environment, least_seconds

HELP_AIM, CHECK_AIM = 15.0, 30.0


def run(project: Path, scratch: Path, rounds: int) -> Bench:
    """`--help` and `check` of a planned project against `python -c pass` of the same interpreter."""
    outputs: dict[str, tuple[int, str]] = {}

    def job(name: str, cache: str, *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, *arguments],
            env=child_environment(scratch, cache),
            capture_output=True,
            text=True,
            check=False,
        )
        outputs[name] = (done.returncode, done.stdout)

    warm = str(scratch / "cache")
    rackwright = ("-m", "rackwright")
    check = (*rackwright, "check", "-p", str(project), "--format", "json", "--date", "2026-01-01")
    job("check warm", warm, *check)  # fills the cache
    seconds = least_seconds(
        {
            "pass": lambda: job("pass", warm, "-c", "pass"),
            "help": lambda: job("help", warm, *rackwright, "--help"),
            "check warm": lambda: job("check warm", warm, *check),
            "check cold": lambda: job("check cold", "off", *check),
        },
        rounds,
    )
    code, text = outputs["check cold"]
    planned = code in (0, 1) and json.loads(text)["planned"]
    base = seconds["pass"]
    return Bench(
        "start-up, as multiples of `python -c pass`",
        (
            Figure("`rackwright --help`", seconds["help"] / base, "x", HELP_AIM),
            Figure("`rackwright check`, files seen before", seconds["check warm"] / base, "x", CHECK_AIM),
            Figure("`rackwright check`, no cache", seconds["check cold"] / base, "x", CHECK_AIM),
        ),
        (
            Equality("check reads the plan", bool(planned), f"exit {code}"),
            Equality(
                "check says the same with and without cache", outputs["check warm"] == outputs["check cold"]
            ),
            Equality("help exits 0", outputs["help"][0] == 0),
        ),
        seconds,
    )
