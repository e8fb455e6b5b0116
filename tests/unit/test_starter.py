"""The project that `rackwright new` writes plans as it is, with nothing at error level."""

import json
import subprocess
import sys
from pathlib import Path


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rackwright", *words], cwd=cwd, capture_output=True, text=True
    )


def test_new_project_plans_without_errors(tmp_path: Path) -> None:
    assert run("new", "my-site", cwd=tmp_path).returncode == 0
    planned = run("plan", "-p", "my-site", "--no-documents", "--date", "2026-06-01", cwd=tmp_path)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    checked = run("check", "-p", "my-site", "--format", "json", "--date", "2026-06-01", cwd=tmp_path)
    assert checked.returncode == 0
    assert not [
        f
        for f in json.loads(checked.stdout)["findings"]
        if f["severity"] == "error" and f["status"] == "failed"
    ]
