"""Day two in a lab: backups, inspections, accounts, and the pre-check that looks at everything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rackwright.lab import nodes
from tests.lab.labs import Lab
from tests.lab.playbook_project import PERSON, changed, known_project, run, servers

HASHES = ("$6$rackwright$old", "$6$rackwright$new")


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A folder for what the playbooks write."""
    return tmp_path / "build"


def test_configurations_are_kept_once_and_a_dead_switch_stops_nobody(lab: Lab, build: Path) -> None:
    ours = sorted(n.name for n in lab.shape.nodes.values() if n.platform == "huawei_vrp")[:2]
    words = ("day2/backup.yml", "--limit", ",".join(ours))
    first = run(lab, build, *words)
    assert first.returncode == 0, first.stdout
    assert "changed  backup" in first.stdout
    assert [p.stem for p in sorted((build / "backups" / "current").iterdir())] == ours
    again = run(lab, build, *words)
    assert again.returncode == 0, again.stdout
    assert "nothing changed" in again.stdout
    lab.fault("refuse-login", ours[0])
    lost = run(lab, build, *words)
    assert lost.returncode != 0
    assert f"{ours[0]}: not read" in lost.stdout
    assert f"{ours[1]}: not read" not in lost.stdout


def test_accounts_get_their_new_password_and_a_second_run_changes_nothing(lab: Lab, build: Path) -> None:
    host = servers(lab)[0]
    root = nodes.host_root(lab.state, lab.shape.nodes[host])
    assert root is not None
    shadow = root / "etc/shadow"
    before = shadow.read_text(encoding="utf-8")

    def words(**given: object) -> tuple[str, ...]:
        return ("day2/rotate_credentials.yml", "--limit", host, *PERSON, "-e", json.dumps(given))

    try:
        strange = run(lab, build, *words(rotate_credentials_accounts=["nobody-here"], rotate_credentials_hashes={"nobody-here": HASHES[1]}))  # fmt: skip
        assert strange.returncode != 0
        assert f"{host} has no account nobody-here" in strange.stdout
        for number, value in enumerate(HASHES):
            given = words(rotate_credentials_accounts=["root"], rotate_credentials_hashes={"root": value})
            done = run(lab, build, *given)
            assert done.returncode == 0, done.stdout
            assert f"root:{value}:" in shadow.read_text(encoding="utf-8")
            assert HASHES[1 - number] not in shadow.read_text(encoding="utf-8")
            assert value not in done.stdout
        again = run(lab, build, *given)
        assert changed(again.stdout)[host] == 0
    finally:
        shadow.write_text(before, encoding="utf-8")


def test_the_pre_check_looks_at_every_stage_before_it_judges(
    lab: Lab, build: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    hosts = known_project(tmp_path_factory.mktemp("precheck"), lab, {}, ntp=("10.10.200.1",))
    host = servers(lab)[0]
    switch = min(n.name for n in lab.shape.nodes.values() if n.platform == "huawei_vrp")
    lab.fault("bmc", host, "503")
    done = run(
        lab, build, "precheck.yml", "--limit", f"{host},{switch}", "-e", "redfish_tries=1", hosts=hosts
    )
    assert done.returncode != 0
    assert f"{host}: oob_bmc, firmware_bios, time_dns_log: see above" in done.stdout, done.stdout
    assert "one source cannot be checked by another" in done.stdout
    assert f"{switch}: switches: see above" in done.stdout
    assert f"{switch}.cfg is missing (run build.yml)" in " ".join(done.stdout.split())
    assert f"not run  joining {lab.inventory.devices[host].record.service}" in done.stdout  # type: ignore[union-attr]
    lab.heal()
    hosts = known_project(tmp_path_factory.mktemp("precheck"), lab, {})
    assert run(lab, build, "build.yml", hosts=hosts).returncode == 0
    good = run(lab, build, "precheck.yml", "--limit", f"{host},{switch}", hosts=hosts)
    assert good.returncode == 0, good.stdout
    assert "nothing changed" in good.stdout
    assert (build / "boot" / "install" / f"{host}.ks").is_file()
