"""`rackwright render`: files, what is missing, what differs, what is refused, and no secret's value anywhere."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from inventory.load import PROJECTS, load
from inventory.plan_store import load_plan
from rackwright.cli.app import app
from rackwright.cli.render import differences
from topology.platforms.render import parse, render
from topology.switch_config import Port, SwitchConfig
from topology.switch_intent import switch_configs

ADDRESSES = {
    "ntp": "10.99.0.1",
    "dns": "10.99.0.2",
    "syslog": "10.99.0.3",
    "snmp": "10.99.0.4",
    "aaa": "10.99.0.5",
}
VALUES = {
    "RACKWRIGHT_TACACS_KEY": "ThisIsTheTacacsKey", "RACKWRIGHT_SNMP_KEY": "ThisIsTheSnmpKey",
    "RACKWRIGHT_OS_ROOT_HASH": "ThisIsTheRootHash", "RACKWRIGHT_OS_SSH_KEY": "ThisIsTheSshKey",
}  # fmt: skip


def ask(*arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    done = CliRunner().invoke(app, ["render", *map(str, arguments)], prog_name="rackwright")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Guangxi with the addresses of its servers told, one pair on each platform and one switch without."""
    folder = tmp_path_factory.mktemp("render") / "guangxi"
    shutil.copytree(PROJECTS / "guangxi", folder)
    operations = yaml.safe_load((folder / "operations.yml").read_text(encoding="utf-8"))
    for row in operations["management_servers"]:
        row["address"] = ADDRESSES[row["kind"]]
    (folder / "operations.yml").write_text(yaml.safe_dump(operations, allow_unicode=True), encoding="utf-8")
    network = (folder / "network.yml").read_text(encoding="utf-8")
    assumed = (
        "    assumed: {platform: the tender names no vendor of the switches; VRP is taken until the award}\n"
    )
    for name, platform in (("A-ASW-01", "h3c_comware"), ("A-OASW-01", "ruijie_rgos"), ("A-OASW-02", None)):
        head, tail = network.split(f"  - name: {name}\n", 1)
        line = f"    platform: {platform}\n" if platform else ""
        tail = tail.replace("    platform: huawei_vrp\n" + assumed, line, 1)
        network = f"{head}  - name: {name}\n{tail}"
    (folder / "network.yml").write_text(network, encoding="utf-8")
    return folder


def test_writes_once_and_only_what_changed(project: Path, tmp_path: Path) -> None:
    code, shown, said = ask("-p", project, "--out", tmp_path)
    assert code == 0
    assert (tmp_path / "boot/dhcp/A.conf").is_file()
    files = sorted(p.name for p in tmp_path.rglob("*.c*") if p.is_file() and "boot" not in p.parts)
    assert "A-ASW-01A.cfg" in files and "A-OASW-02.cfg" not in files
    assert f"{len(files)} written" in said and "A-OASW-02: not rendered, its platform is not stated" in said
    assert re.search(r"(?m)^A-ASW-01A +h3c_comware +written$", shown)
    stamp = (tmp_path / "A-ASW-01A.cfg").stat().st_mtime_ns
    (tmp_path / "B-ASW-01A.cfg").write_text("old\n")
    (tmp_path / "OLD-SW.cfg").write_text("somebody's\n")
    code, _, said = ask("-p", project, "--out", tmp_path)
    assert code == 0 and f"{len(files) - 1} unchanged, 1 written" in said
    assert (
        "OLD-SW.cfg: belongs to no planned switch; left alone" in said and (tmp_path / "OLD-SW.cfg").is_file()
    )
    assert (tmp_path / "A-ASW-01A.cfg").stat().st_mtime_ns == stamp
    assert (tmp_path / "B-ASW-01A.cfg").read_text() != "old\n"
    assert not list(tmp_path.glob(".*"))


def test_no_value_of_a_secret_in_any_file(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in VALUES.items():
        monkeypatch.setenv(name, value)
    code, shown, said = ask("-p", project, "--out", tmp_path, "--verbose")
    everything = shown + said + "".join(p.read_text(encoding="utf-8") for p in tmp_path.rglob("*.c*"))
    assert code == 0 and "%secret:tacacs-key%" in everything and "%secret:snmp-key%" in everything
    assert [v for v in VALUES.values() if v in everything] == []
    inventory = load(project).inventory
    assert inventory is not None
    assert {s.key for s in inventory.secrets.values() if s.source == "env"} == set(VALUES)


def test_every_platform_of_the_project_reads_back(project: Path) -> None:
    inventory, plan = load(project).inventory, load_plan(project).plan
    assert inventory is not None and plan is not None
    configs = list(switch_configs(inventory, plan))
    assert {c.platform for c in configs} == {"huawei_vrp", "h3c_comware", "ruijie_rgos"}
    for config in configs:
        assert parse(config.platform, render(config)) == config
        assert {s.kind for s in config.servers} == set(ADDRESSES)


def test_json_says_state_and_what_is_missing(tmp_path: Path) -> None:
    code, shown, _ = ask("-p", "guangxi", "--host", "A-ASW-01A", "--format", "json", "--out", tmp_path)
    answer: dict[str, Any] = json.loads(shown)
    assert code == 0 and [h["host"] for h in answer["hosts"]] == ["A-ASW-01A"]
    missing = answer["hosts"][0]["missing"]
    assert "ntp server A-NTP-1: its address is not known" in missing
    assert "aaa server A-AAA-1: its address is not known" in missing
    assert [p.name for p in tmp_path.iterdir()] == ["A-ASW-01A.cfg"]


def test_check_tells_where_a_file_differs(project: Path, tmp_path: Path) -> None:
    ask("-p", project, "--out", tmp_path)
    code, shown, said = ask("-p", project, "--out", tmp_path, "--check")
    assert code == 0 and "differs" not in shown and "same" in said
    path = tmp_path / "A-ASW-01A.cfg"
    path.write_text(path.read_text().replace("jumboframe enable 9216", "jumboframe enable 9000", 1))
    (tmp_path / "A-OASW-01.cfg").unlink()
    (tmp_path / "B-ASW-01A.cfg").write_text("interface 10GE1/0/1\n ip address 10.0.0.1 nonsense\n")
    before = {p.name: p.read_bytes() for p in tmp_path.rglob("*.c*")}
    code, shown, said = ask("-p", project, "--out", tmp_path, "--check")
    assert code == 1 and "no file" in said and "2 differs" in said
    assert "mtu 9216" in shown and "mtu 9000" in shown and "the file cannot be read" in shown
    assert before == {p.name: p.read_bytes() for p in tmp_path.rglob("*.c*")}


REFUSED = {
    "misspelt host": (("--host", "A-ASW-1A"), "did you mean A-ASW-01A?"),
    "pair": (("--host", "A-ASW-01"), "A-ASW-01 is a pair: name its members A-ASW-01A and A-ASW-01B"),
    "host without a platform": (("--host", "A-OASW-02"), "its platform is not stated"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_unusable(project: Path, tmp_path: Path, case: str) -> None:
    arguments, sentence = REFUSED[case]
    code, shown, said = ask("-p", project, "--out", tmp_path, *arguments)
    assert code == 2 and shown == "" and sentence in said and list(tmp_path.iterdir()) == []


def test_a_secret_that_names_nothing_is_refused(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "p"
    shutil.copytree(project, folder)
    path = folder / "operations.yml"
    path.write_text(path.read_text().replace("secret: tacacs-key", "secret: tacacs-kee", 1))
    code, shown, _ = ask("-p", folder, "--out", tmp_path / "out")
    assert code == 2 and "tacacs-kee" in shown and "operations.yml:" in shown


def test_what_cannot_be_expressed_is_refused(project: Path, tmp_path: Path) -> None:
    folder = tmp_path / "p"
    shutil.copytree(project, folder)
    path = folder / "operations.yml"
    text = path.read_text().replace("account: nms", "account: other", 1)
    text = text.replace("10.99.0.1\n", "fd00::1\n", 1) if "10.99.0.1\n" in text else text
    path.write_text(text)
    code, shown, _ = ask("-p", folder, "--out", tmp_path / "out", "--format", "json")
    states = {h["host"]: h for h in json.loads(shown)["hosts"]}
    refused = [h for h in states.values() if h["state"] == "refused"]
    assert code == 1 and refused and all("IPv6" in h["faults"][0] for h in refused)
    assert not any((tmp_path / "out" / h["file"]).exists() for h in refused)


def test_differences_name_both_sides() -> None:
    a = SwitchConfig("sw", "huawei_vrp", ports=(Port("GE1/0/1", "oob", untagged=5),), lldp=True)
    b = SwitchConfig("sw", "huawei_vrp", ports=(Port("GE1/0/1", "oob", untagged=6),), lldp=False)
    assert differences(a, b) == [
        "ports: name GE1/0/1, enabled True, untagged 5 is in the plan, not in the file",
        "ports: name GE1/0/1, enabled True, untagged 6 is in the file, not in the plan",
        "lldp: planned True, found False",
    ]
    assert differences(a, a) == []


def test_what_several_files_lack_alike_is_told_once(tmp_path: Path) -> None:
    asked = ("-p", "guangxi", "--out", tmp_path)
    _, short, _ = ask(*asked)
    _, whole, _ = ask(*asked, "--verbose")
    sentence = "ntp server A-NTP-1: its address is not known"
    assert short.count(sentence) == 1 < whole.count(sentence)
    assert re.search(rf"missing in \d+: {sentence}\n  A-ASW-01A, A-ASW-01B, ", short)


def test_appliances_get_the_access_table_with_what_is_unknown_on_hold(tmp_path: Path) -> None:
    code, shown, _ = ask("-p", "guangxi", "--out", tmp_path, "--format", "json")
    assert code == 0
    with (tmp_path / "appliances" / "policy.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [r["order"] for r in rows] == [str(i) for i in range(1, len(rows) + 1)]
    assert (rows[-1]["action"], rows[-1]["src"], rows[-1]["dst"]) == ("deny", "any", "any")
    by_name = {r["name"]: r for r in rows}
    assert by_name["devices-time"]["src_addresses"].startswith("10.10.241.0/24")
    assert (
        by_name["devices-time"]["action"] == "hold"
        and by_name["devices-time"]["dst_addresses"] == "unknown:ntp"
    )
    assert all("" not in (r["src_addresses"], r["dst_addresses"]) for r in rows)
    tables = {h["host"]: h for h in json.loads(shown)["hosts"] if h["platform"] == "table"}
    assert "devices-time: nobody has said the addresses of ntp" in tables["policy"]["missing"]
    assert any("no waypoint" in text for text in tables["policy"]["missing"])
    assert "a-ipsec-001 mgmt=" in (tmp_path / "appliances" / "ipsec-gateway.csv").read_text(encoding="utf-8")
    assert ask("-p", "guangxi", "--out", tmp_path, "--check")[0] == 0
    (tmp_path / "appliances" / "policy.csv").write_text("edited\n")
    assert ask("-p", "guangxi", "--out", tmp_path, "--check")[0] == 1


def test_boot_files_are_written_and_what_they_lack_is_said_by_reason(project: Path, tmp_path: Path) -> None:
    boot = tmp_path / "boot"
    words = ("-p", project, "--out", tmp_path / "configs", "--boot-out", boot)
    code, shown, said = ask(*words)
    assert code == 0
    assert "dhcp/A.conf  written" in shown
    assert re.search(r"missing: MAC address of BMC not delivered \(\S+, \S+, \S+ and \d+ more\)", shown)
    assert "missing: fleet a-ecs has no os" in shown
    assert f"{boot}: 2 written; something is missing of" in said
    (boot / "install").mkdir()
    (boot / "install" / "old-001.ks").write_text("somebody's\n")
    (boot / "dhcp" / "B.conf").write_text("{}\n")
    code, shown, said = ask(*words, "--check")
    assert code == 1
    assert "dhcp/B.conf  differs" in shown
    assert "install/old-001.ks: is not rendered from this plan; left alone" in said
    assert (boot / "dhcp" / "B.conf").read_text() == "{}\n"
    answer = json.loads(ask(*words, "--format", "json")[1])["boot"]
    assert answer["files"] == {"dhcp/A.conf": "unchanged", "dhcp/B.conf": "written"}
    assert {"device", "reason"} == set(answer["lacking"][0])
