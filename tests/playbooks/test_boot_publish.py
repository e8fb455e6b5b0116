"""The installation of a host is handed out with its secrets, shown nowhere, and taken back; here on the controller itself."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.playbooks.ansible_runs import PLAYBOOKS, ansible

HASH, KEY = "$6$salt$" + "Zq7/" * 20, "ssh-ed25519 AAAAC3NzaC1lZDI1 control"
SECRETS = {"OS_HASH": HASH, "OS_KEY": KEY}
KICKSTART = """# h-001: written by Rackwright from the plan; edit the inventory instead.
rootpw --iscrypted %secret:os-root-hash%
sshkey --username=root "%secret:os-ssh-key%"
[ "${member#*=}" ] && echo {{ not_a_template }} {# nor this #} {% nor this %} 'x'
"""
PLAY = """
- name: Boot files
  hosts: h-001
  connection: local
  gather_facts: false
  tasks:
    - name: Do it
      ansible.builtin.include_role: {name: pxe_os, tasks_from: "{{ part }}"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Rendered files in `boot`, a boot server's folder `srv`, and a play."""
    install = tmp_path / "boot/install"
    install.mkdir(parents=True)
    (tmp_path / "srv").mkdir()
    (install / "h-001.ks").write_text(KICKSTART)
    (install / "h-001.ipxe").write_text("#!ipxe\nboot\n")
    (tmp_path / "boot/boot.ipxe").write_text("#!ipxe\nchain install/${hostname}.ipxe\n")
    values = {
        "rackwright_build": str(tmp_path), "pxe_os_boot_server": "localhost", "pxe_os_boot_folder": str(tmp_path / "srv"),
        "ansible_host": "127.0.0.1", "rackwright_site": "A",
        "rackwright_secrets": {"os-root-hash": {"source": "env", "key": "OS_HASH"}, "os-ssh-key": {"source": "env", "key": "OS_KEY"}},
    }  # fmt: skip
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": {"h-001": values}}}))
    (tmp_path / "play.yml").write_text(PLAY)
    return tmp_path


def run(
    folder: Path, part: str, *words: str | Path, secrets: dict[str, str] | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    """One part of the role, as talkative as Ansible can be; no secret may ever be seen."""
    given = SECRETS if secrets is None else secrets
    done = ansible(
        "ansible-playbook", "-i", folder / "hosts.yml", folder / "play.yml", "-vvv", "--diff", "-e", json.dumps({"part": part}), *words,
        env={"ANSIBLE_ROLES_PATH": str(PLAYBOOKS / "roles"), "ANSIBLE_LOCAL_TEMP": str(folder), "ANSIBLE_REMOTE_TEMP": str(folder), **given, **env},
    )  # fmt: skip
    for value in given.values():
        assert value not in done.stdout + done.stderr
    return done


def handed_out(folder: Path) -> dict[str, str]:
    """What a server could load, by path."""
    return {
        str(p.relative_to(folder / "srv")): p.read_text()
        for p in sorted((folder / "srv").rglob("*"))
        if p.is_file()
    }


def changes(done: subprocess.CompletedProcess[str]) -> int:
    assert done.returncode == 0, done.stdout
    return int(done.stdout.rpartition("changed=")[2].split()[0])


def test_handed_out_once_with_the_secrets_and_taken_back(folder: Path) -> None:
    assert changes(run(folder, "publish", "--check")) == 4
    assert handed_out(folder) == {}
    assert changes(run(folder, "publish")) == 4
    found = handed_out(folder)
    assert found["install/h-001.ks"] == KICKSTART.replace("%secret:os-root-hash%", HASH).replace("%secret:os-ssh-key%", KEY)  # fmt: skip
    assert {"boot.ipxe", "install/h-001.ipxe", "install/h-001.ks"} == set(found)
    for path, mode in (("install", 0o750), ("install/h-001.ks", 0o640)):
        assert stat.S_IMODE((folder / "srv" / path).stat().st_mode) == mode
    assert changes(run(folder, "publish")) == 0
    assert changes(run(folder, "withdraw", "--check")) == 1
    assert handed_out(folder) == found
    assert changes(run(folder, "withdraw")) == 1
    assert set(handed_out(folder)) == {"boot.ipxe"}
    assert changes(run(folder, "withdraw")) == 0
    kept = [p for p in folder.rglob("*") if p.is_file() and HASH in p.read_text(errors="replace")]
    assert kept == []


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        ({"OS_KEY": KEY}, "secret os-root-hash: environment variable OS_HASH is not set"),
        ({"OS_HASH": "InTheClear-2026", "OS_KEY": KEY}, "secret os-root-hash is no hash of a password"),
        ({"OS_HASH": HASH, "OS_KEY": "-----BEGIN\nPrivateKey"}, "secret os-ssh-key has a character that cannot stand"),
    ],
)  # fmt: skip
def test_a_secret_that_cannot_be_put_in_is_said_before_anything_is_touched(
    folder: Path, secrets: dict[str, str], said: str
) -> None:
    done = run(folder, "precheck", secrets=secrets)
    assert done.returncode != 0
    assert said in done.stdout
    assert run(folder, "publish", secrets=secrets).returncode != 0
    assert handed_out(folder) == {}


def test_values_come_from_a_vault_too(folder: Path) -> None:
    hosts = yaml.safe_load((folder / "hosts.yml").read_text())
    for secret in hosts["all"]["hosts"]["h-001"]["rackwright_secrets"].values():
        secret["source"] = "vault"
    (folder / "hosts.yml").write_text(yaml.safe_dump(hosts))
    (folder / "word").write_text("open\n")
    (folder / "vault.yml").write_text(yaml.safe_dump(SECRETS))
    locked = ansible(
        "ansible-vault", "encrypt", "--vault-password-file", folder / "word", folder / "vault.yml"
    )
    assert locked.returncode == 0, locked.stderr
    words = ("--vault-password-file", folder / "word")
    none = run(folder, "precheck", *words, secrets={})
    assert (
        "secret os-root-hash: the file that RACKWRIGHT_VAULT names (none) has no variable OS_HASH"
        in none.stdout
    )
    done = run(folder, "publish", *words, secrets={}, RACKWRIGHT_VAULT=str(folder / "vault.yml"))
    assert changes(done) == 4
    assert HASH not in done.stdout + done.stderr
    assert HASH in handed_out(folder)["install/h-001.ks"]


def test_a_group_nobody_knows_is_said_before_a_secret_is_handed_out(folder: Path) -> None:
    done = run(folder, "publish", "-e", "pxe_os_boot_group=nobody-knows-it")
    assert done.returncode != 0
    assert "failed to look up group nobody-knows-it" in done.stdout + done.stderr
    assert handed_out(folder) == {}


def test_a_host_that_has_answered_before_is_not_erased_for_being_silent(folder: Path) -> None:
    silent = ("-e", "ansible_host=127.0.0.98", "-e", "rackwright_bmc_address=10.9.9.9")
    (folder / "answered").mkdir()
    (folder / "answered/h-001").write_text("an operating system has answered on 127.0.0.98\n")
    refused = run(folder, "precheck", *silent)
    assert refused.returncode != 0
    assert "h-001 has answered before and does not answer on 127.0.0.98 now" in refused.stdout
    assert "-e pxe_os_erase=h-001" in refused.stdout
    working = run(folder, "precheck", *silent, "-e", "pxe_os_erase=h-001", "-e", "rackwright_in_service=true")
    assert working.returncode != 0
    assert "and is in service" in working.stdout
    meant = run(
        folder,
        "precheck",
        *silent,
        "-e",
        "pxe_os_erase=h-001",
        "-e",
        f"pxe_os_boot_folder={folder}/elsewhere",
    )
    assert "find out why first" not in meant.stdout
    assert "has no folder" in meant.stdout, "it went on to what comes next"


def test_a_folder_that_is_not_there_is_not_made_somewhere(folder: Path) -> None:
    done = run(folder, "precheck", "-e", f"pxe_os_boot_folder={folder}/elsewhere")
    assert done.returncode != 0
    assert f"boot server localhost has no folder {folder}/elsewhere" in done.stdout


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no ssh client here")
def test_a_boot_server_that_does_not_answer_is_named_and_what_stays_there_is_said(folder: Path) -> None:
    away = ("-e", "pxe_os_boot_server=127.0.0.99", "--ssh-common-args", "-p 1")
    done = run(folder, "precheck", *away)
    assert done.returncode != 0
    assert "boot server 127.0.0.99 does not answer over SSH" in done.stdout
    left = run(folder, "withdraw", *away)
    assert left.returncode == 0, left.stdout
    assert f"not run: taking the installation off boot server 127.0.0.99: it does not answer over SSH. Remove {folder}/srv/install/h-001.ks" in left.stdout  # fmt: skip
