"""`rackwright push` against switches of a lab that hang, lie, forget, or drop the session in mid-commit: what the screen
says is what is so, and what it names to go back works."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from inventory.load import PROJECTS, load
from inventory.plan_store import load_plan
from rackwright.lab import claims, netns
from rackwright.lab.cleanup import remove
from rackwright.lab.shape import shape
from rackwright.lab.up import up
from tests.lab.labs import Lab, eventually
from topology.platforms.render import parse
from topology.switch_config import SwitchConfig

PLATFORMS = {"A-ASW-01": "huawei_vrp", "A-ASW-02": "ruijie_rgos", "B-ASW-01": "h3c_comware"}
SWITCH = {platform: f"{pair}A" for pair, platform in PLATFORMS.items()}
"""One switch of each platform."""


def project_copy(folder: Path) -> Path:
    """The shipped project with a pair of each maker."""
    project = folder / "guangxi"
    shutil.copytree(PROJECTS / "guangxi", project)
    path = project / "network.yml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    for pair in data["pairs"]:
        pair["platform"] = PLATFORMS.get(pair["name"], pair["platform"])
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def delivered(capable: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Three pairs of three makers as delivered, and the project they are planned in (beside the lab)."""
    top = tmp_path_factory.mktemp("push")
    project = project_copy(top)
    inventory, plan = load(project).inventory, load_plan(project).plan
    assert inventory is not None
    assert plan is not None
    small = shape(inventory, plan, pairs=list(PLATFORMS), servers_per_pair=1)
    state = up(inventory, plan, small, name="push", folder=top / "lab", lldp_interval_s=1)
    try:
        yield Lab(inventory, plan, state, small)
    finally:
        remove(state)


@pytest.fixture
def switches(delivered: Lab) -> Iterator[Lab]:
    """The lab; its faults are healed after a test."""
    yield delivered
    delivered.heal()


def running(lab: Lab, platform: str) -> SwitchConfig:
    """What a switch runs, read over SSH."""
    order = "show running-config" if platform == "ruijie_rgos" else "display current-configuration"
    types = {"huawei_vrp": "huawei_vrpv8", "h3c_comware": "hp_comware", "ruijie_rgos": "ruijie_os"}
    script = (
        "import netmiko, sys\n"
        "c = netmiko.ConnectHandler(device_type=sys.argv[1], host=sys.argv[2], username='lab', password='lab')\n"
        "print(c.send_command(sys.argv[3], read_timeout=20))\n"
    )
    address = lab.shape.nodes[SWITCH[platform]].addresses[0].partition("/")[0]
    text = netns.in_namespace(
        lab.state.control, sys.executable, "-c", script, types[platform], address, order
    )
    return parse(platform, text)


def rackwright(lab: Lab, verb: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A verb run in the control namespace over the project of the lab."""
    project, build = lab.folder.parent / "guangxi", lab.folder.parent / "build"
    return subprocess.run(
        [
            "ip", "netns", "exec", lab.state.control, sys.executable, "-m", "rackwright", verb, "-p", str(project),
            "--out", str(build), *words,
        ],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env=claims.environment(lab.state),
    )  # fmt: skip


def pushed(lab: Lab, *words: str) -> tuple[dict[str, dict[str, Any]], str]:
    """Results by switch, and all that stood on the screen."""
    done = rackwright(
        lab, "push", "--yes", "--timeout", "2", "--settle", "30", "--revert-in", "60", "--override-by", "duty",
        "--override-ticket", "CHG-1", "--without-timer", *words,
    )  # fmt: skip
    found = re.search(r"logs: (\S+)", done.stderr)
    assert found, done.stdout + done.stderr
    rows = json.loads((Path(found[1]) / "result.json").read_text(encoding="utf-8"))
    return {r["host"]: r for r in rows}, done.stdout + done.stderr


def push(lab: Lab, platform: str, *words: str) -> tuple[dict[str, Any], str]:
    """The result of the switch of a platform, and the screen."""
    results, screen = pushed(lab, "--host", SWITCH[platform], *words)
    return results[SWITCH[platform]], screen


def run_named(screen: str) -> str:
    """The run that the screen names to be put back."""
    found = re.search(r"to put this run back: rackwright push .* --undo (\S+)", screen)
    assert found, screen
    return found[1]


CASES: dict[tuple[str, str], tuple[tuple[str, ...], dict[str, str], set[str], str]] = {
    ("huawei_vrp", "drops in mid-commit"): (("drop",), {"command": "commit trial"}, {"confirmed"}, "confirmed"),
    ("huawei_vrp", "drops at every commit"): (("drop",), {}, {"unknown"}, "whether it is confirmed is not known"),
    ("huawei_vrp", "hangs in mid-commit"): (
        ("hang",), {"command": "commit trial"}, {"refused"}, "runs what it ran before",
    ),
    ("huawei_vrp", "forgets the commit"): (("forget-commit",), {}, {"refused"}, "nothing was changed"),
    ("huawei_vrp", "lies about its configuration"): (
        ("lie",), {"command": "display current-configuration", "text": "sysname B-ASW-09B"}, {"refused"},
        "says it is B-ASW-09B",
    ),
    ("h3c_comware", "drops in mid-commit"): (("drop",), {"command": "interface"}, {"rolled back"}, "session ended"),
    ("h3c_comware", "hangs in mid-commit"): (("hang",), {"command": "interface"}, {"rolled back"}, "no answer"),
    ("h3c_comware", "forgets what it is told"): (("forget-commit",), {}, {"refused"}, "nothing was changed"),
    ("h3c_comware", "lies about its configuration"): (
        ("lie",), {"command": "display current-configuration", "text": "sysname B-ASW-09B"}, {"refused"},
        "says it is B-ASW-09B",
    ),
    ("ruijie_rgos", "drops in mid-commit"): (("drop",), {"command": "router bgp"}, {"rolled back"}, "session ended"),
    ("ruijie_rgos", "forgets what it is told"): (("forget-commit",), {}, {"refused"}, "nothing was changed"),
}  # fmt: skip


@pytest.mark.parametrize(("platform", "case"), CASES)
def test_what_the_screen_says_is_so(switches: Lab, platform: str, case: str) -> None:
    words, options, outcomes, said = CASES[platform, case]
    before = running(switches, platform)
    switches.fault(words[0], SWITCH[platform], **options)
    result, screen = push(switches, platform)
    switches.heal()
    assert (result["outcome"] in outcomes, said in result["message"]) == (True, True), screen
    assert f"{SWITCH[platform]}  {result['outcome']}" in screen
    now = running(switches, platform)
    if result["outcome"] in ("refused", "rolled back"):
        assert now.ports == before.ports or not any(p.address or p.description for p in now.ports)
        assert (now.vlans, now.bgp, now.lags) == (before.vlans, before.bgp, before.lags)
        return
    assert now.bgp is not None
    assert result["undo"] in screen
    back, screen = push(switches, platform, "--undo", run_named(screen))
    assert back["outcome"] == "confirmed", screen
    assert running(switches, platform).bgp is None


@pytest.mark.parametrize("platform", SWITCH)
def test_a_switch_is_pushed_and_put_back(switches: Lab, platform: str) -> None:
    before = running(switches, platform)
    result, screen = push(switches, platform)
    assert result["outcome"] == "confirmed", screen
    assert running(switches, platform).bgp is not None
    assert push(switches, platform)[0]["outcome"] == "no change"
    back, screen = push(switches, platform, "--undo", run_named(screen))
    assert back["outcome"] == "confirmed", screen
    now = running(switches, platform)
    assert (now.host, now.vlans, now.bgp, now.lags, now.servers) == (
        before.host, before.vlans, before.bgp, before.lags, before.servers,
    )  # fmt: skip
    assert not any(p.address or p.description for p in now.ports)


def test_all_in_batches_then_verified_then_put_back(switches: Lab) -> None:
    """Six switches of three makers go from delivered to as planned, as `verify` sees it, and back."""
    pairs = [word for pair in PLATFORMS for word in ("--pair", pair)]
    results, screen = pushed(switches, *pairs, "--hold-by", "duty")
    assert {h: r["outcome"] for h, r in results.items()} == dict.fromkeys(results, "confirmed"), screen
    assert len(results) == 6
    batches = re.findall(r"^batch (\d+) \(\w+\): (.*?)(?:   then .*)?$", screen, re.MULTILINE)
    assert [len(hosts.split(", ")) for _, hosts in batches] == [1] * 6, "a quarter of six is one"
    assert not any({f"{p}A", f"{p}B"} <= set(hosts.split(", ")) for _, hosts in batches for p in PLATFORMS)

    def verified() -> list[dict[str, Any]]:
        done = rackwright(switches, "verify", *pairs, "--format", "json")
        found = json.loads(done.stdout)["results"]
        return [
            r
            for r in found
            if r["test"] in ("configuration", "saved", "session", "light", "version", "serial", "port")
        ]

    def wrong() -> list[dict[str, Any]]:
        return [r for r in verified() if r["verdict"] not in ("pass", "not run")]

    assert eventually(lambda: not wrong(), 60), wrong()
    seen = {
        (r["test"], r["subject"].split(":")[0].split(" ")[0]) for r in verified() if r["verdict"] == "pass"
    }
    assert {(t, h) for t in ("configuration", "saved", "session", "light") for h in results} <= seen
    back, screen = pushed(switches, *pairs, "--undo", run_named(screen))
    assert {h: r["outcome"] for h, r in back.items()} == dict.fromkeys(results, "confirmed"), screen
