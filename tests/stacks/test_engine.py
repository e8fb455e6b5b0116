"""Stacks with the real engine against real services: Redfish controllers, Kea and PowerDNS, through the command line
and by plain `pulumi`. A few servers of the Guangxi plan; nothing is left afterwards."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from inventory.load import PROJECTS
from stacks.runner.engine import CHECKOUT, EngineError, find_engine, home_of, shell_lines
from tests.stacks.rehearsal import DOMAIN, Rehearsal, rehearsal
from tests.stacks.services import free_port

pytestmark = pytest.mark.engine
PLAIN_FOLDER = CHECKOUT / "stacks"


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Services and a project of two servers a site; skipped, or failed in CI, without an engine."""
    try:
        find_engine()
    except EngineError as error:
        if os.environ.get("RACKWRIGHT_CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("rehearsal")
    with rehearsal(PROJECTS / "guangxi", folder, servers=2, port=free_port()) as found:
        yield found


@dataclass
class Stacks:
    """A fresh state, and the commands that work on it."""

    rehearsal: Rehearsal
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


@pytest.fixture
def stacks(standing: Rehearsal, tmp_path: Path) -> Iterator[Stacks]:
    """A fresh state over the services; the project and the services are put back."""
    kept = (standing.folder / "rehearsal.yml").read_text(encoding="utf-8")
    found = Stacks(standing, tmp_path / "stacks")
    standing.say_port(found.state)
    yield found
    (standing.folder / "rehearsal.yml").write_text(kept, encoding="utf-8")
    for controller in standing.controllers.service.bmcs.values():
        standing.controllers.faults(controller.row["name"])
        controller.asset_tag, controller.accounts = "", {1: controller.accounts[1]}
    standing.kea.drop_all()
    standing.dns.drop_all()


def edit(standing: Rehearsal, section: str, name: str, **values: Any) -> None:
    """Change one record of the project."""
    file = standing.folder / "rehearsal.yml"
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    row = next(r for r in data[section] if r["name"] == name)
    row.update(values)
    file.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")


def signs(result: dict[str, Any]) -> dict[str, int]:
    """Changes by sign."""
    out: dict[str, int] = {}
    for change in result["changes"]:
        out[change["sign"]] = out.get(change["sign"], 0) + 1
    return out


def names(standing: Rehearsal) -> dict[tuple[str, str], tuple[int, list[str]]]:
    """Record sets of the domain but the SOA, whose serial moves."""
    return {k: v for k, v in standing.dns.sets(f"{DOMAIN}.").items() if k[1] != "SOA"}


def servers(standing: Rehearsal, site: str = "A") -> list[str]:
    """Servers with a controller."""
    return sorted(n for n in standing.controllers.service.bmcs if n.startswith(f"{site.lower()}-"))


def test_life_of_all_layers(stacks: Stacks, standing: Rehearsal) -> None:
    first, second = servers(standing)
    controller = standing.controllers[first]

    seen = stacks.stacks("preview", "--site", "A")
    assert [seen[s]["outcome"] for s in ("dhcp/A", "dns/A", "bmc/A")] == ["would change"] * 3
    assert controller.asset_tag == "" and standing.dns.zones() == [] and standing.kea.reservations() == []

    made = stacks.stacks("up", "--yes", "--site", "A")
    assert {s: signs(r) for s, r in made.items()} == {
        "dhcp/A": {"+": 12},
        "dns/A": signs(made["dns/A"]),
        "bmc/A": {"+": 4},
    }
    assert list(made) == ["dhcp/A", "dns/A", "bmc/A"]
    assert controller.asset_tag == first
    assert {a.name for a in controller.accounts.values()} >= {"audit"}
    assert controller.pending == {"Iommu": "Enabled", "SrIov": "Enabled"}
    assert len(standing.kea.saved()) == 12
    records = names(standing)
    assert records[f"{first}.{DOMAIN}.", "A"][0] == 3600

    again = stacks.stacks("up", "--yes", "--site", "A")
    assert {r["outcome"] for r in again.values()} == {"no change"}
    assert all(not r["changes"] for r in stacks.stacks("drift", "--site", "A").values())

    # a change, and one that needs a new resource
    edit(standing, "bmc_profiles", "baseline", bios={"Iommu": "Enabled", "SrIov": "Disabled"})
    delivery = f"made-up-{first}"
    macs = next(r for r in yaml.safe_load((standing.folder / "rehearsal.yml").read_text())["deliveries"] if r["name"] == delivery)["macs"]  # fmt: skip
    edit(standing, "deliveries", delivery, macs={**macs, "p1": "02:aa:00:00:00:01"})
    seen = stacks.stacks("preview", "--site", "A")
    assert signs(seen["bmc/A"]) == {"~": 2} and signs(seen["dhcp/A"]) == {"±": 1}
    assert "bios.SrIov Enabled -> Disabled" in seen["bmc/A"]["changes"][0]["details"]
    assert "02:aa:00:00:00:01" not in {r["hw-address"] for r in standing.kea.reservations()}
    stacks.run("up", "--yes", "--site", "A")
    assert "02:aa:00:00:00:01" in {r["hw-address"] for r in standing.kea.saved()}
    assert macs["p1"] not in {r["hw-address"] for r in standing.kea.saved()}

    # drift behind its back, on all three
    controller.asset_tag = "by hand"
    standing.dns.put(f"{DOMAIN}.", f"{first}.{DOMAIN}.", "A", "10.9.9.9")
    standing.dns.put(f"{DOMAIN}.", f"{second}.{DOMAIN}.", "A")
    config = standing.kea.config()
    for subnet in config["Dhcp4"]["subnet4"]:
        subnet["reservations"] = [r for r in subnet["reservations"] if r["hw-address"] != "02:aa:00:00:00:01"]
    standing.kea.set(config)
    drifted = stacks.stacks("drift", "--site", "A", code=1)
    assert {s: signs(r) for s, r in drifted.items()} == {
        "dhcp/A": {"-": 1},
        "dns/A": {"~": 1, "-": 1},
        "bmc/A": {"~": 1},
    }
    assert drifted["bmc/A"]["changes"][0]["details"] == [f"assetTag {first} -> by hand"]
    assert controller.asset_tag == "by hand"
    stacks.run("up", "--yes", "--refresh", "--site", "A")
    assert controller.asset_tag == first
    assert names(standing) == records
    stacks.run("drift", "--site", "A")

    # a state that was lost: what stands is taken in, nothing is made twice
    lost = next((stacks.state / "state" / ".pulumi" / "stacks" / "rackwright-dns").glob("A.json"))
    lost.unlink()
    taken = stacks.stacks("import", "--site", "A", "--layer", "dns")
    assert set(signs(taken["dns/A"])) == {"="} and taken["dns/A"]["warnings"] == []
    assert stacks.stacks("preview", "--site", "A", "--layer", "dns")["dns/A"]["changes"] == []

    assert_no_secret(stacks.state, standing)
    gone = stacks.stacks("destroy", "--yes")
    assert list(gone) == ["bmc/A", "dns/A", "dhcp/A"]
    assert stacks.resources() == 0
    assert controller.asset_tag == "" and "audit" not in {a.name for a in controller.accounts.values()}
    assert standing.dns.zones() == [] and standing.kea.saved() == []


def test_failure_half_way_and_recovery(stacks: Stacks, standing: Rehearsal) -> None:
    first, second = servers(standing)
    standing.controllers.faults(second, _401=True)
    failed = stacks.stacks("up", "--yes", "--site", "A", code=1)
    assert failed["dhcp/A"]["outcome"] == "changed" and failed["bmc/A"]["outcome"] == "failed"
    assert any(second in text for text in failed["bmc/A"]["errors"]), failed["bmc/A"]
    assert standing.controllers[second].asset_tag == ""
    standing.controllers.faults(second)
    done = stacks.stacks("up", "--yes", "--site", "A")
    assert done["bmc/A"]["outcome"] == "changed"
    assert [standing.controllers[n].asset_tag for n in (first, second)] == [first, second]
    assert {r["outcome"] for r in stacks.stacks("up", "--yes", "--site", "A").values()} == {"no change"}


def test_what_comes_after_a_failure_is_not_run(stacks: Stacks, standing: Rehearsal) -> None:
    edit(standing, "management_servers", "KEA", api_url=f"http://127.0.0.1:{free_port()}")
    failed = stacks.stacks("up", "--yes", "--site", "A", code=1)
    assert {s: r["outcome"] for s, r in failed.items()} == {
        "dhcp/A": "failed",
        "dns/A": "changed",
        "bmc/A": "not run",
    }
    assert failed["bmc/A"]["hint"] == "it comes after dhcp/A, which failed"
    assert standing.controllers[servers(standing)[0]].asset_tag == ""


def test_killed_up_is_told_and_resumed(stacks: Stacks, standing: Rehearsal) -> None:
    first, second = servers(standing)
    standing.controllers.faults(second, slow=3.0)
    process = stacks.start("up", "--yes", "--site", "A", "--layer", "bmc", "--format", "json")
    engine = waited_for(lambda: process.poll() is not None or begun(stacks, process.pid))
    assert process.poll() is None, process.communicate()
    os.kill(engine, signal.SIGKILL)
    answer, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "stacks up --resume" in json.loads(answer)["stacks"][0]["hint"]

    told = next(r for r in stacks.run("status")["stacks"] if r["stack"] == "bmc/A")
    assert told["half_done"] and "killed" in told["status"]
    locked = stacks.stacks("up", "--yes", "--site", "A", "--layer", "bmc", code=1)
    assert locked["bmc/A"]["outcome"] == "locked"
    assert "pulumi cancel" in stacks.pulumi(stacks.state / "work" / "bmc", "up --yes --stack A", good=False)

    standing.controllers.faults(second)
    done = stacks.stacks("up", "--yes", "--resume", "--site", "A", "--layer", "bmc")
    assert done["bmc/A"]["outcome"] == "changed"
    assert [standing.controllers[n].asset_tag for n in (first, second)] == [first, second]
    told = next(r for r in stacks.run("status")["stacks"] if r["stack"] == "bmc/A")
    assert told["half_done"] == [] and told["status"] == "of this plan"
    assert stacks.stacks("up", "--yes", "--site", "A", "--layer", "bmc")["bmc/A"]["outcome"] == "no change"


def begun(stacks: Stacks, runner: int) -> int | None:
    """The engine of a runner once its state says that a controller is being worked on."""
    file = stacks.state / "state" / ".pulumi" / "stacks" / "rackwright-bmc" / "A.json"
    try:
        latest = json.loads(file.read_text())["checkpoint"].get("latest") or {}
    except (OSError, ValueError):
        return None
    if not any("redfish" in p["resource"]["urn"] for p in latest.get("pending_operations") or ()):
        return None
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, fields = status.read_text().split("(", 1)[1].rsplit(")", 1)
        except (OSError, IndexError):
            continue
        if name == "pulumi" and int(fields.split()[1]) == runner:
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


def test_plain_pulumi_and_the_runner_share_a_state(
    stacks: Stacks, standing: Rehearsal, tmp_path: Path
) -> None:
    own = tmp_path / "stacks" / "dns"  # a copy: the salt of the passphrase is written into Pulumi.A.yaml
    shutil.copytree(PLAIN_FOLDER / "dns", own)
    for beside in ("plugin", "policy"):
        (own.parent / beside).symlink_to(PLAIN_FOLDER / beside)
    (stacks.state / "state").mkdir(parents=True, exist_ok=True)
    stacks.pulumi(own, "stack init A --no-select")
    text = stacks.pulumi(own, "up --yes --stack A")
    assert "rackwright:dns:RecordSet" in text and f"{DOMAIN}." in standing.dns.zones()
    assert stacks.stacks("up", "--yes", "--site", "A", "--layer", "dns")["dns/A"]["outcome"] == "no change"
    stacks.pulumi(own, "preview --expect-no-changes --stack A")
    standing.dns.put(f"{DOMAIN}.", f"{servers(standing)[0]}.{DOMAIN}.", "A", "10.9.9.9")
    stacks.pulumi(own, "refresh --preview-only --expect-no-changes --stack A", good=False)
    stacks.pulumi(own, "up --yes --refresh --stack A")
    stacks.pulumi(own, "destroy --yes --stack A")
    assert standing.dns.zones() == []


def test_without_a_passphrase_nothing_is_run(stacks: Stacks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stacks, "environment", property(lambda self: {
        k: v for k, v in {**os.environ, **self.rehearsal.environment}.items() if not k.startswith("PULUMI_")
    }))  # fmt: skip
    process = stacks.start("up", "--yes")
    answer, said = process.communicate(timeout=60)
    assert process.returncode == 2 and answer == ""
    assert "PULUMI_CONFIG_PASSPHRASE" in said and not (stacks.state / "state").exists()


def assert_no_secret(folder: Path, standing: Rehearsal) -> None:
    """No file of a state says the value of a secret."""
    files = [f for f in folder.rglob("*") if f.is_file()]
    assert files
    for file in files:
        data = file.read_bytes()
        assert not any(value.encode() in data for value in standing.secrets), file
