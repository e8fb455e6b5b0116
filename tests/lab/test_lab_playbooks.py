"""Playbooks against lab servers over real SSH: apply, apply again, dry run, roll back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rackwright.lab import nodes
from tests.lab.labs import Lab
from tests.lab.playbook_project import PERSON, changed, run, servers


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A folder for what the playbooks write."""
    return tmp_path / "build"


def test_host_stages_apply_once_show_differences_and_go_back(lab: Lab, build: Path) -> None:
    hosts = servers(lab)
    assert len(hosts) >= 4
    limit = ("--limit", ",".join(hosts))
    roots = [nodes.host_root(lab.state, lab.shape.nodes[h]) for h in hosts]
    files = [r / "etc/ssh/sshd_config.d/60-rackwright.conf" for r in roots if r]
    pages = ("baseline.yml", "host_network.yml")

    dry = run(lab, build, *pages, *limit, "--check", "--diff")
    assert dry.returncode == 0, dry.stdout
    assert "+PermitRootLogin prohibit-password" in dry.stdout
    assert not any(f.exists() for f in files)

    first = run(lab, build, *pages, *limit, *PERSON)
    assert first.returncode == 0, first.stdout
    assert set(changed(first.stdout)) == set(hosts)
    assert all(changed(first.stdout).values())
    assert all(f.exists() for f in files)
    assert "not run  bringing bond0 up" in first.stdout

    again = run(lab, build, *pages, *limit, *PERSON)
    assert again.returncode == 0, again.stdout
    assert not any(changed(again.stdout).values()), again.stdout
    assert "nothing changed" in again.stdout

    back = run(lab, build, "rollback.yml", *limit, "-e", "rackwright_stage=baseline")
    assert back.returncode == 0, back.stdout
    assert not any(f.exists() for f in files)

    log = [json.loads(line) for line in (build / "changes.jsonl").read_text(encoding="utf-8").splitlines()]
    sites = [{h[0] for h in row["hosts"]} for row in log if "hosts" in row]
    assert all(len(s) == 1 for s in sites)


def test_a_failed_check_after_the_change_undoes_it(lab: Lab, build: Path) -> None:
    host = servers(lab)[0]
    root = nodes.host_root(lab.state, lab.shape.nodes[host])
    assert root is not None
    (root / "etc/ssh/sshd_config.d/10-broken.conf").write_text("NoSuchWord yes\n", encoding="utf-8")
    try:
        done = run(lab, build, "baseline.yml", "--limit", host, *PERSON)
    finally:
        (root / "etc/ssh/sshd_config.d/10-broken.conf").unlink()
    assert done.returncode != 0
    assert f'baseline failed on {host} in "Sshd accepts its configuration"' in done.stdout
    assert "(undone)" in done.stdout
    assert not (root / "etc/ssh/sshd_config.d/60-rackwright.conf").exists()


def test_inspection_tells_what_it_could_not_look_at(lab: Lab, build: Path) -> None:
    done = run(lab, build, "day2/inspect_daily.yml", "--limit", ",".join(servers(lab)[:2]))
    report = next((build / "inspections").glob("daily-*.md")).read_text(encoding="utf-8")
    assert "not run" in report
    assert servers(lab)[0] in report
    assert "SUMMARY" in done.stdout
