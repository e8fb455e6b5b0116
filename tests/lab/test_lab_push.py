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
from tests.lab.labs import Lab
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


def push(lab: Lab, platform: str, *words: str) -> tuple[dict[str, Any], str]:
    """The result of the switch of a platform, and all that stood on the screen."""
    project, build = lab.folder.parent / "guangxi", lab.folder.parent / "build"
    done = subprocess.run(
        [
            "ip", "netns", "exec", lab.state.control, sys.executable, "-m", "rackwright", "push", "-p", str(project),
            "--host", SWITCH[platform], "--yes", "--out", str(build), "--timeout", "2", "--settle", "20",
            "--revert-in", "60", "--override-by", "duty", "--override-ticket", "CHG-1", "--without-timer", *words,
        ],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env=claims.environment(lab.state),
    )  # fmt: skip
    found = re.search(r"logs: (\S+)", done.stderr)
    assert found, done.stdout + done.stderr
    rows = json.loads((Path(found[1]) / "result.json").read_text(encoding="utf-8"))
    return next(r for r in rows if r["host"] == SWITCH[platform]), done.stdout + done.stderr


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
    run = re.search(r"to put this run back: rackwright push .* --undo (\S+)", screen)
    assert run, screen
    back, screen = push(switches, platform, "--undo", run[1])
    assert back["outcome"] == "confirmed", screen
    assert running(switches, platform).bgp is None


@pytest.mark.parametrize("platform", SWITCH)
def test_a_switch_is_pushed_and_put_back(switches: Lab, platform: str) -> None:
    before = running(switches, platform)
    result, screen = push(switches, platform)
    assert result["outcome"] == "confirmed", screen
    assert running(switches, platform).bgp is not None
    assert push(switches, platform)[0]["outcome"] == "no change"
    run = re.search(r"to put this run back: rackwright push .* --undo (\S+)", screen)
    assert run, screen
    back, screen = push(switches, platform, "--undo", run[1])
    assert back["outcome"] == "confirmed", screen
    now = running(switches, platform)
    assert (now.host, now.vlans, now.bgp, now.lags, now.servers) == (
        before.host, before.vlans, before.bgp, before.lags, before.servers,
    )  # fmt: skip
    assert not any(p.address or p.description for p in now.ports)
