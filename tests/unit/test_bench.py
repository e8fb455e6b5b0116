"""The bench runs, and what must be equal is equal; no time is asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.bench.figures import Bench, Equality, Figure, table

ROOT = Path(__file__).parents[2]


def test_quick_run(tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.run", "--quick", "--out", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    equalities = [
        e for bench in json.loads(out.read_text(encoding="utf-8"))["benches"] for e in bench["equalities"]
    ]
    assert len(equalities) >= 15
    assert [e for e in equalities if not e["holds"]] == []


def test_table_names_what_does_not_hold() -> None:
    figures = (Figure("quick", 0.05, "x", 0.1), Figure("slow", 2.0, "x", 1.0), Figure("shown", 3.0, "s"))
    text = table([Bench("sample", figures, (Equality("same bytes", False, "3 and 4"),))])
    verdicts = [line.split("|")[4].strip() for line in text.splitlines()[3:6]]
    assert verdicts == ["met", "missed", ""]
    assert text.splitlines()[-1] == "NOT EQUAL: same bytes 3 and 4"
