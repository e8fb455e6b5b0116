"""A push run is put back, and only what it changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rackwright.lab.emulator.device import Switch
from rackwright.lab.emulator.tree import apply
from tests.unit.emulated import PLATFORMS, VALUE, Bench
from topology.model_diff import differences
from topology.observe.health import Checks
from topology.observe.push import push, undo_run
from topology.observe.push_result import PushResult, record, recorded
from topology.observe.secrets import Vault
from topology.platforms.render import parse
from topology.switch_config import Lag, Port, Server, SwitchConfig

NAME = "A-ASW-01A"
BEFORE = {
    "huawei_vrp": f"sysname {NAME}\n#\nvlan batch 7\n#\ninterface 10GE1/0/3\n description old\n port default vlan 7\n#\n",
    "h3c_comware": (
        f"sysname {NAME}\n#\nvlan 7\n#\ninterface Ten-GigabitEthernet1/0/3\n port link-mode bridge\n description old\n"
        " port access vlan 7\n#\n"
    ),
    "ruijie_rgos": (
        f"hostname {NAME}\n!\nvlan 7\n!\ninterface TenGigabitEthernet 1/0/3\n description old\n"
        " switchport access vlan 7\n!\n"
    ),
}  # fmt: skip
TRAPS = {
    "huawei_vrp": (
        "snmp-agent usm-user v3 old group monitor\n"
        "snmp-agent usm-user v3 old authentication-mode sha2-256 cipher earlier\n#\n"
    ),
    "h3c_comware": "snmp-agent usm-user v3 old monitor simple authentication-mode sha earlier privacy-mode aes128 earlier\n",
    "ruijie_rgos": "snmp-server user old monitor v3 auth sha earlier priv aes128 earlier\n",
}
SPAN = {"huawei_vrp": "10GE1/0/3", "h3c_comware": "XGE1/0/3", "ruijie_rgos": "TenGigabitEthernet 1/0/3"}


def wanted(platform: str) -> SwitchConfig:
    return SwitchConfig(
        NAME, platform, vlans=((101, "ecs"),),
        ports=(Port("10GE1/0/1", "unused", "unused", enabled=False), Port("10GE1/0/3", "access", "host", lag=1)),
        lags=(Lag(1, "host", ("10GE1/0/3",), untagged=101),), servers=(Server("ntp", "10.1.1.1"),),
    )  # fmt: skip


@pytest.fixture(scope="module", params=PLATFORMS)
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    found = Bench(tmp_path_factory.mktemp("bench"), request.param)
    yield found
    found.close()


def run(bench: Bench, port: int, folder: Path) -> PushResult:
    result = push(
        wanted(bench.platform),
        bench.driver(port),
        checks=Checks(settle_s=0.2),
        revert_in_s=60,
        without_timer=True,
    )
    record(folder, result)
    return result


def undo(bench: Bench, port: int, folder: Path, **options: bool) -> PushResult:
    found = undo_run(
        folder, driver_of=lambda *_: bench.driver(port), checks_of=lambda _: Checks(settle_s=0.2), revert_in_s=60,
        without_timer=True, **options,  # type: ignore[arg-type]
    )  # fmt: skip
    return found[0]


def typed(switch: Switch, *lines: str) -> None:
    """Change the switch as somebody else would."""
    path: tuple[str, ...] = ()
    for line in lines:
        path = apply(switch.dialect, switch.running, path, line)


def test_it_is_put_back_and_what_came_since_stays(bench: Bench, tmp_path: Path) -> None:
    switch, port = bench.switch(NAME, BEFORE[bench.platform])
    before = parse(bench.platform, switch.text())
    assert run(bench, port, tmp_path).outcome == "confirmed"
    typed(switch, "vlan 9", "name since")
    assert undo(bench, port, tmp_path, dry_run=True).outcome == "would change"
    result = undo(bench, port, tmp_path)
    assert result.outcome == "confirmed", result.message
    assert "is as it was" in result.message
    assert "+" in result.diff
    after = parse(bench.platform, switch.text())
    assert differences(replace(before, vlans=((7, ""), (9, "since"))), after) == []
    assert switch.saved == switch.text()
    assert undo(bench, port, tmp_path).outcome == "no change"


def test_an_undo_is_a_run_that_can_be_undone(bench: Bench, tmp_path: Path) -> None:
    switch, port = bench.switch(NAME, BEFORE[bench.platform])
    run(bench, port, tmp_path / "1")
    record(tmp_path / "2", undo(bench, port, tmp_path / "1"))
    result = undo(bench, port, tmp_path / "2")
    assert result.outcome == "confirmed", result.message
    assert differences(wanted(bench.platform), parse(bench.platform, switch.text())) == []


def test_what_was_changed_again_is_not_touched(bench: Bench, tmp_path: Path) -> None:
    switch, port = bench.switch(NAME, BEFORE[bench.platform])
    run(bench, port, tmp_path)
    typed(switch, f"interface {SPAN[bench.platform]}", "description another")
    there = switch.text()
    result = undo(bench, port, tmp_path)
    assert result.outcome == "refused"
    assert "became `description another`" in result.message
    assert switch.text() == there


def test_a_key_comes_back_from_the_file_on_the_switch_and_nowhere_else(bench: Bench, tmp_path: Path) -> None:
    switch, port = bench.switch(NAME, BEFORE[bench.platform] + TRAPS[bench.platform])
    keys = [line for line in switch.text().splitlines() if "user" in line and " old " in line]
    run(bench, port, tmp_path)
    assert not any(k in switch.text() for k in keys)
    assert "earlier" not in "".join(p.read_text() for p in tmp_path.iterdir())
    files = dict(switch.files)
    switch.files.clear()
    result = undo(bench, port, tmp_path)
    assert (result.outcome, "is not kept" in result.message) == ("refused", True), result.message
    switch.files.update(files)
    result = undo(bench, port, tmp_path)
    assert result.outcome == "confirmed", result.message
    assert all(k in switch.text() for k in keys)


def test_a_run_that_changed_nothing_has_nothing_to_undo(bench: Bench, tmp_path: Path) -> None:
    switch, port = bench.switch(NAME, BEFORE[bench.platform])
    switch.faults.refuse_login = True
    assert run(bench, port, tmp_path).outcome == "unreachable"
    result = undo(bench, port, tmp_path)
    assert (result.outcome, result.message) == (
        "no change", "that run changed nothing here: it ended as unreachable",
    )  # fmt: skip


def test_a_switch_that_hangs_while_it_is_put_back_ends_as_the_run_left_it(
    bench: Bench, tmp_path: Path
) -> None:
    switch, port = bench.switch(NAME, BEFORE[bench.platform])
    run(bench, port, tmp_path)
    left = parse(bench.platform, switch.text())
    word = "no" if bench.platform == "ruijie_rgos" else "undo"
    switch.faults.hang.append(f"{word} vlan {'batch ' if bench.platform == 'huawei_vrp' else ''}101")
    result = undo(bench, port, tmp_path)
    assert result.outcome in ("rolled back", "refused"), result.message
    assert differences(left, parse(bench.platform, switch.text())) == []


def test_a_folder_without_a_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no push run"):
        recorded(tmp_path)
    with pytest.raises(ValueError, match="did not reach B-ASW-01A"):
        record(tmp_path, PushResult("A", "confirmed"))
        undo_run(tmp_path, driver_of=lambda *_: None, hosts=["B-ASW-01A"])  # type: ignore[arg-type]


def test_no_key_is_in_the_files_of_a_run(bench: Bench, tmp_path: Path) -> None:
    _, port = bench.switch(NAME, BEFORE[bench.platform])
    servers = (Server("snmp", "10.1.1.1", "watcher", "snmp-key"),)
    config = replace(wanted(bench.platform), servers=servers)
    result = push(config, bench.driver(port), checks=Checks(settle_s=0.2), revert_in_s=60, without_timer=True)
    record(tmp_path, result)
    assert result.outcome == "confirmed", result.message
    assert VALUE not in "".join(p.read_text() for p in tmp_path.iterdir())
    result = undo_run(
        tmp_path, driver_of=lambda *_: bench.driver(port, vault=Vault({})), checks_of=lambda _: Checks(settle_s=0.2),
        without_timer=True,
    )[0]  # fmt: skip
    assert result.outcome == "confirmed", result.message
