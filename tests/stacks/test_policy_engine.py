"""The policy pack inside the real engine: a preview without network, provider and pack started by the engine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from stacks.policy.rules import RULES
from tests.stacks.plain_engine import engine_environment

ROOT = Path(__file__).resolve().parents[2]
PROJECT = """name: rackwright-tried
runtime: {{name: python, options: {{virtualenv: {root}/.venv}}}}
plugins:
  providers: [{{name: rackwright, path: {root}/stacks/plugin}}]
  analyzers: [{{name: policy-rackwright, path: {root}/stacks/policy/pack}}]
"""
PROGRAM = """import pulumi
from stacks import resources as r
known = r.Provider("rackwright", secrets={{"snmp-key": "env:X", "{secret}": "env:Y"}})
options = pulumi.ResourceOptions(provider=known)
r.Account("acc", device="d", address="{address}", user_name="u", secret="{secret}", opts=options)
"""

pytestmark = pytest.mark.engine


@pytest.fixture
def engine(tmp_path: Path) -> dict[str, str]:
    """The environment of an engine with a state of its own."""
    return engine_environment(tmp_path)


def preview(
    folder: Path, environment: dict[str, str], address: str, secret: str
) -> subprocess.CompletedProcess[str]:
    """A preview with the pack of a program that declares one account."""
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(PROJECT.format(root=ROOT), encoding="utf-8")
    (folder / "__main__.py").write_text(PROGRAM.format(address=address, secret=secret), encoding="utf-8")
    for words in (["stack", "init", "A"], ["config", "set", "project", "guangxi"]):
        subprocess.run(["pulumi", *words], cwd=folder, env=environment, check=True, capture_output=True)
    return subprocess.run(
        ["pulumi", "preview", "--non-interactive", "--policy-pack", str(ROOT / "stacks" / "policy" / "pack")],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_pack_passes_what_is_good(tmp_path: Path, engine: dict[str, str]) -> None:
    done = preview(tmp_path / "good", engine, "10.0.0.1", "snmp-key")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rackwright@v" in done.stdout


@pytest.mark.parametrize(
    ("rule", "address", "secret"),
    [("no-public-address", "8.8.8.8", "snmp-key"), ("no-plain-secret", "10.0.0.1", "sommer-4711")],
)
def test_engine_stops_what_breaks_a_rule(
    tmp_path: Path, engine: dict[str, str], rule: str, address: str, secret: str
) -> None:
    done = preview(tmp_path / "bad", engine, address, secret)
    assert done.returncode != 0
    assert "[mandatory]" in done.stdout
    assert [name for name in RULES if f"{name}  (" in done.stdout] == [rule]
