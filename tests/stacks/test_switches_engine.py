"""Configurations of switches as a stack with the real engine: a pair of the Guangxi plan, as emulated switches on the
loopback, over the same push as the playbooks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from inventory.load import PROJECTS
from rackwright.lab.emulator.device import Switch
from rackwright.lab.emulator.tree import from_text
from tests.stacks.commands import Stacks, assert_no_value, needs_engine
from tests.stacks.rehearsal import PASSPHRASE, copy
from tests.stacks.services import free_port
from tests.stacks.switches import PASSWORD, USER, switches

pytestmark = pytest.mark.engine
PAIR = ("A-ASW-04A", "A-ASW-04B")
SWITCHES = ("--site", "A", "--layer", "switches")
SNMP_KEY = "kept-out-of-every-state-7Qx"


@dataclass
class Standing:
    """A project whose stacks keep the switch configurations, and the two switches it has addresses for."""

    folder: Path
    environment: dict[str, str]
    pair: tuple[Switch, Switch]


@pytest.fixture
def standing(tmp_path: Path) -> Iterator[Standing]:
    """Both members of a pair, which run nothing but their name; skipped, or failed in CI, without an engine."""
    needs_engine()
    folder = copy(PROJECTS / "guangxi", tmp_path / "project")
    edit(
        folder / "project.yml",
        "  name: guangxi\n",
        "  name: guangxi\n  owners: {switch_configuration: pulumi}\n",
    )
    edit(folder / "operations.yml", "{name: A-NMS-1, kind: snmp, site: A, address: null", "{name: A-NMS-1, kind: snmp, site: A, address: 10.9.9.1")  # fmt: skip
    addresses = folder / "plan" / "addresses.yml"
    rows = addresses.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [x for x in rows if "plane: mgmt" not in x or any(f"device: {name}," in x for name in PAIR)]
    addresses.write_text("".join(kept), encoding="utf-8")
    place = {name: next(x for x in kept if "plane: mgmt" in x and f"device: {name}," in x) for name in PAIR}
    port = free_port()
    work = tmp_path / "stacks" / "work" / "switches"
    work.mkdir(parents=True)
    (work / "Pulumi.A.yaml").write_text(
        f"config:\n  rackwright-switches:port: {port}\n  rackwright:timeoutS: 5\n"
    )
    with switches(tmp_path) as bench:
        pair = [
            bench.start(name, f"sysname {name}\n#\n", host=place[name].split("address: ")[1].split(",")[0], port=port)[0]
            for name in PAIR
        ]  # fmt: skip
        environment = {
            "RACKWRIGHT_USER": USER, "RACKWRIGHT_PASSWORD": PASSWORD, "RACKWRIGHT_KNOWN_HOSTS": str(bench.known_hosts),
            "RACKWRIGHT_SNMP_KEY": SNMP_KEY, "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        }  # fmt: skip
        yield Standing(folder, environment, (pair[0], pair[1]))


def edit(file: Path, old: str, new: str) -> None:
    """Change one place of a file."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_life_of_switch_configurations(standing: Standing, tmp_path: Path) -> None:
    stacks = Stacks(standing, tmp_path / "stacks")
    made = stacks.stacks("up", "--yes", *SWITCHES)["switches/A"]
    assert [(c["sign"], c["name"]) for c in made["changes"]] == [("+", name) for name in PAIR]
    assert "no management address planned" in made["not_declared"]
    for switch in standing.pair:
        assert "peer-link 1" in switch.text() and switch.saved == switch.text()
        assert "securityname nms" in switch.text()
    assert stacks.stacks("up", "--yes", *SWITCHES)["switches/A"]["outcome"] == "no change"

    # a change of the inventory
    edit(standing.folder / "operations.yml", "{name: A-NTP-1, kind: ntp, site: A, address: null", "{name: A-NTP-1, kind: ntp, site: A, address: 10.9.9.2")  # fmt: skip
    changed = stacks.stacks("up", "--yes", *SWITCHES)["switches/A"]
    assert [c["sign"] for c in changed["changes"]] == ["~", "~"]
    assert all("10.9.9.2" in switch.text() for switch in standing.pair)

    # a line changed by hand on one of them is found and put right
    first = standing.pair[0]
    right = first.text()
    by_hand = right.replace(" name business-04\n", " name by-hand\n")
    assert by_hand != right
    first.running = from_text(first.dialect, by_hand)
    seen = stacks.stacks("drift", *SWITCHES, code=1)["switches/A"]
    assert [(c["sign"], c["name"]) for c in seen["changes"]] == [("~", PAIR[0])]
    (said,) = seen["changes"][0]["details"]
    assert "intended business-04, running by-hand" in said
    assert "by-hand" in first.text()
    stacks.run("up", "--yes", "--refresh", *SWITCHES)
    assert first.text() == right

    assert_no_value(stacks.state, (SNMP_KEY, PASSWORD, PASSPHRASE))
    assert stacks.stacks("destroy", "--yes", *SWITCHES)["switches/A"]["outcome"] == "destroyed"
    assert first.text() == right, "it keeps what it runs"
    assert stacks.resources() == 0
