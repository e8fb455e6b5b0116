"""The cloud program in the real engine, with a plugin that takes everything in place of the platform's: the order, what
is told to the provider, and what stands in the state. What a platform would answer is not shown by this."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from stacks.programs.cloud import declaration
from tests.stacks.cloud_project import SETTINGS, read, whole
from tests.stacks.plain_engine import engine_environment

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = Path(__file__).with_name("echo_plugin.py")
SECRETS = {
    "ALICLOUD_ACCESS_KEY": "Hush-key-4711",
    "ALICLOUD_SECRET_KEY": "Hush-secret-4711",
    "RACKWRIGHT_SNMP_KEY": "Hush-snmp-4711",
}

pytestmark = pytest.mark.engine


class Bench:
    """A copy of the stack folder with a state, a project and a plugin of its own."""

    def __init__(self, folder: Path) -> None:
        self.project = whole(folder / "project")
        self.work, self.log = folder / "cloud", folder / "calls"
        plugin = folder / "plugin"
        for made in (plugin, self.work):
            made.mkdir()
        start = plugin / "pulumi-resource-alicloud"
        start.write_text(f'#!/bin/sh\nexec "{sys.executable}" -u "{PLUGIN}" "$@"\n', encoding="utf-8")
        start.chmod(0o755)
        settings = yaml.safe_load((ROOT / "stacks/cloud/Pulumi.yaml").read_text(encoding="utf-8"))
        settings["main"] = str(ROOT / "stacks" / "cloud")
        settings["runtime"]["options"]["virtualenv"] = str(ROOT / ".venv")
        settings["plugins"] = {
            "providers": [{"name": "alicloud", "path": str(plugin)}],
            "analyzers": [{"name": "policy-rackwright", "path": str(ROOT / "stacks/policy/pack")}],
        }
        (self.work / "Pulumi.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        self.environment = {**engine_environment(folder), **SECRETS, "ECHO_LOG": str(self.log)}
        config = {
            "project": str(self.project), "region": SETTINGS.region, "zones": dict(SETTINGS.zones),
            "endpoints": dict(SETTINGS.endpoints), "granularities": sorted(SETTINGS.granularities),
        }  # fmt: skip
        self.good("stack", "init", "region")
        file = self.work / "Pulumi.region.yaml"
        kept = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        kept["config"] = {f"rackwright-cloud:{key}": value for key, value in config.items()}
        file.write_text(yaml.safe_dump(kept), encoding="utf-8")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`pulumi` in the folder."""
        return subprocess.run(
            ["pulumi", *words, "--non-interactive"], cwd=self.work, env=self.environment, capture_output=True, text=True, check=False
        )  # fmt: skip

    def good(self, *words: str) -> str:
        """As `run`; must succeed."""
        done = self.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def calls(self) -> list[str]:
        """What the plugin was asked to change, in order; forgotten then."""
        found = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_up_nothing_change_destroy(bench: Bench) -> None:
    wanted = declaration(*read(bench.project), SETTINGS).resources
    names = {r.name for r in wanted if not r.type.startswith("pulumi:")}
    pack = ("--policy-pack", str(ROOT / "stacks" / "policy" / "pack"))

    bench.good("up", "--yes", "--skip-preview", *pack)
    created = bench.calls()
    assert sorted(created) == sorted(f"create {name}" for name in names)
    place = {line.removeprefix("create "): n for n, line in enumerate(created)}
    for resource in wanted:
        for needed in resource.needs():
            assert place.get(needed, -1) < place.get(resource.name, 0), (needed, resource.name)

    state = bench.good("stack", "export")
    rows = {r["urn"].rpartition("::")[2]: r for r in json.loads(state)["deployment"]["resources"]}
    assert rows["central-db"]["inputs"]["vswitchId"] == "vswitch-a-vm-id,vswitch-b-vm-id"
    given = json.loads(rows["platform"]["inputs"]["endpoints"])
    assert {k: v for part in given for k, v in part.items() if v} == dict(SETTINGS.endpoints)
    assert not [value for value in SECRETS.values() if value in state]

    bench.good("preview", "--expect-no-changes", *pack)
    assert bench.calls() == []

    file = bench.project / "cloud.yml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("storage_gb: 500", "storage_gb: 800"), encoding="utf-8"
    )
    bench.good("up", "--yes", "--skip-preview", *pack)
    assert bench.calls() == ["update central-db"]

    bench.good("destroy", "--yes", "--skip-preview")
    assert sorted(bench.calls()) == sorted(f"delete {name}" for name in names)
    assert not json.loads(bench.good("stack", "export"))["deployment"].get("resources")


def test_endpoint_of_the_public_cloud_stops_it(bench: Bench) -> None:
    bench.good("config", "set", "--path", "endpoints.ecs", "ecs.aliyuncs.com")
    done = bench.run("up", "--yes", "--skip-preview")
    assert done.returncode != 0
    assert "is the public cloud" in done.stdout
    assert bench.calls() == []
