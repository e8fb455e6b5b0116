"""Playbooks against lab servers over real SSH: apply, apply again, dry run, roll back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rackwright.lab import nodes
from tests.lab.labs import Lab
from tests.lab.playbook_project import PERSON, changed, known_project, run, servers


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A folder for what the playbooks write."""
    return tmp_path / "build"


def test_host_stages_apply_once_show_differences_and_go_back(lab: Lab, build: Path) -> None:
    hosts = servers(lab)
    assert len(hosts) >= 4
    limit = ("--limit", ",".join(hosts))
    roots = [nodes.host_root(lab.state, lab.shape.nodes[h]) for h in hosts]
    files = [r / "etc/security/faillock.conf" for r in roots if r]
    rules = [r / "etc/ssh/sshd_config" for r in roots if r]
    before = [f.read_text(encoding="utf-8") for f in rules]
    pages = ("baseline.yml", "host_network.yml")

    dry = run(lab, build, *pages, *limit, "--check", "--diff")
    assert dry.returncode == 0, dry.stdout
    assert "+PermitRootLogin prohibit-password" in dry.stdout
    assert not any("Rackwright" in f.read_text(encoding="utf-8") for f in files + rules if f.exists())

    first = run(lab, build, *pages, *limit, *PERSON)
    assert first.returncode == 0, first.stdout
    assert set(changed(first.stdout)) == set(hosts)
    assert all(changed(first.stdout).values())
    assert all("Rackwright" in f.read_text(encoding="utf-8") for f in files)
    assert all(f.read_text(encoding="utf-8").startswith("# BEGIN Rackwright") for f in rules)
    assert "not run  accounts are locked after failures (8.1.4.1 b)" in first.stdout
    assert "not run  bringing bond0 up" in first.stdout

    again = run(lab, build, *pages, *limit, *PERSON)
    assert again.returncode == 0, again.stdout
    assert not any(changed(again.stdout).values()), again.stdout
    assert "nothing changed" in again.stdout

    back = run(lab, build, "rollback.yml", *limit, "-e", "rackwright_stage=baseline")
    assert back.returncode == 0, back.stdout
    assert [f.read_text(encoding="utf-8") for f in rules] == before
    assert not any("Rackwright" in f.read_text(encoding="utf-8") for f in files if f.exists())

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
    assert f'baseline failed on {host} in "Write the rules of sshd (8.1.4.1 c)"' in done.stdout
    assert "(undone)" in done.stdout
    assert "Rackwright" not in (root / "etc/ssh/sshd_config").read_text(encoding="utf-8")
    assert not (root / "etc/profile.d/rackwright-idle.sh").exists()


def test_inspection_tells_what_it_could_not_look_at(lab: Lab, build: Path) -> None:
    done = run(lab, build, "day2/inspect_daily.yml", "--limit", ",".join(servers(lab)[:2]))
    report = next((build / "inspections").glob("daily-*.md")).read_text(encoding="utf-8")
    assert "not run" in report
    assert servers(lab)[0] in report
    assert "SUMMARY" in done.stdout


def test_a_pushed_switch_is_put_back_as_it_was(
    lab: Lab, build: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    hosts = known_project(tmp_path_factory.mktemp("pushed"), lab, {})
    switch = min(n.name for n in lab.shape.nodes.values() if n.platform == "huawei_vrp")
    limit = ("--limit", f"{switch},localhost")
    show = "display current-configuration"
    before = lab.command_line(switch, show)
    quick = ("-e", "switches_settle_s=20")

    made = run(lab, build, "build.yml", *limit, hosts=hosts)
    assert made.returncode == 0, made.stdout
    pushed = run(lab, build, "switches.yml", *limit, *PERSON, *quick, hosts=hosts)
    assert pushed.returncode == 0, pushed.stdout
    assert "10.10.200.1" in lab.command_line(switch, show)
    dry = run(lab, build, "rollback.yml", *limit, "-e", "rackwright_stage=switches", "--check", "--diff", *quick, hosts=hosts)  # fmt: skip
    assert dry.returncode == 0, dry.stdout
    assert "10.10.200.1" in dry.stdout
    assert "10.10.200.1" in lab.command_line(switch, show)
    for said in ("confirmed", "no change"):
        back = run(lab, build, "rollback.yml", *limit, "-e", "rackwright_stage=switches", *quick, hosts=hosts)
        assert back.returncode == 0, back.stdout
        assert f"{switch}: {said}" in back.stdout
        assert lab.command_line(switch, show) == before


def test_time_names_and_logs_follow_the_servers_of_the_site_and_go_back(
    lab: Lab, build: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    hosts = known_project(tmp_path_factory.mktemp("servers"), lab, {})
    host = servers(lab)[0]
    root = nodes.host_root(lab.state, lab.shape.nodes[host])
    assert root is not None
    names = root / "etc/resolv.conf"
    before = names.read_text(encoding="utf-8")
    words = ("time_dns_log.yml", "--limit", host, *PERSON)

    dry = run(lab, build, *words, "--check", "--diff", hosts=hosts)
    assert dry.returncode == 0, dry.stdout
    assert "+server 10.10.200.1 iburst" in dry.stdout
    assert "+search yb.example" in dry.stdout
    assert names.read_text(encoding="utf-8") == before
    lost = run(lab, build, *words, hosts=hosts)
    assert lost.returncode != 0  # nobody answers at the address of the name server
    assert 'in "Own name forward and backward"' in lost.stdout
    assert "(undone)" in lost.stdout
    assert names.read_text(encoding="utf-8") == before
    quiet = (*words, "-e", json.dumps({"time_dns_log_dns": []}))
    first = run(lab, build, *quiet, hosts=hosts)
    assert first.returncode == 0, first.stdout
    chrony = next(p for p in (root / "etc/chrony/chrony.conf", root / "etc/chrony.conf") if p.exists())
    assert "server 10.10.200.2 iburst" in chrony.read_text(encoding="utf-8")
    assert 'target="10.10.200.4"' in (root / "etc/rsyslog.d/60-rackwright.conf").read_text(encoding="utf-8")
    again = run(lab, build, *quiet, hosts=hosts)
    assert "nothing changed" in again.stdout
    back = run(lab, build, "rollback.yml", "--limit", f"{host},localhost", "-e", "rackwright_stage=time_dns_log", hosts=hosts)  # fmt: skip
    assert back.returncode == 0, back.stdout
    assert not (root / "etc/rsyslog.d/60-rackwright.conf").exists()


def test_load_runs_where_the_tools_are_and_what_lacks_is_not_run(lab: Lab, build: Path) -> None:
    host = servers(lab)[0]
    short = {"burn_in_cpu_h": 0.0006, "burn_in_cpus": 1, "burn_in_memory_pct": 1}
    words = ("burn_in.yml", "--limit", host, *PERSON, "-e")
    done = run(lab, build, *words, json.dumps(short))
    assert done.returncode == 0, done.stdout
    assert "not run  load on disks: burn_in_disks names none" in done.stdout
    assert "not run  memory error counters" in done.stdout
    assert ("not run  load by stress-ng" in done.stdout) != bool(shutil.which("stress-ng"))
    served = run(lab, build, *words, json.dumps(short | {"rackwright_in_service": True}))
    assert served.returncode != 0
    assert "no load test on a working host" in served.stdout


CLUSTER = """#!/bin/sh
# What the cloud platform would do: a member is a file, the cluster is healthy while no file says otherwise.
case $1 in
  join) touch /run/member ;;
  leave) rm -f /run/member ;;
  joined) test -e /run/member ;;
  healthy) test ! -e /run/sick && ! { test -e /run/member && test -e /run/sick-when-joined; } ;;
esac
"""


def test_a_host_joins_its_cluster_once_and_leaves_only_what_it_joined(lab: Lab, build: Path) -> None:
    host = next(
        h for h in servers(lab) if getattr(lab.inventory.devices[h].record, "service", None) is not None
    )
    service = getattr(lab.inventory.devices[host].record, "service", "")
    node = lab.shape.nodes[host]
    root = nodes.host_root(lab.state, node)
    assert root is not None
    tool = root / "usr/local/bin/cluster"
    tool.write_text(CLUSTER, encoding="utf-8")
    tool.chmod(0o755)
    given = {
        "join_cluster_commands": {service: {w: ["/usr/local/bin/cluster", w] for w in ("join", "leave", "joined", "healthy")}},
        "join_cluster_tries": 2, "join_cluster_pause_s": 0,
    }  # fmt: skip
    words = ("join_cluster.yml", "--limit", host, *PERSON, "-e", json.dumps(given))
    nothing = run(lab, build, *words[:-1], json.dumps({}))
    assert nothing.returncode == 0, nothing.stdout
    assert f"not run  joining {service}" in nothing.stdout
    first = run(lab, build, *words)
    assert first.returncode == 0, first.stdout
    assert changed(first.stdout)[host] == 1
    again = run(lab, build, *words)
    assert again.returncode == 0, again.stdout
    assert "nothing changed" in again.stdout
    kept = build / "in_service" / host
    assert kept.exists()
    loaded = run(lab, build, "burn_in.yml", "--limit", host, *PERSON)
    assert loaded.returncode != 0
    assert f"{host} is in service" in loaded.stdout
    member, sick = root / "run/member", root / "run/sick-when-joined"
    assert member.exists()
    sick.touch()
    ill = run(lab, build, *words)
    assert ill.returncode != 0
    assert "The cluster is healthy before anything joins" in ill.stdout
    assert member.exists()  # it was in before, so it stays
    back = run(lab, build, "rollback.yml", "--limit", f"{host},localhost", "-e", "rackwright_stage=join_cluster", *words[-2:])  # fmt: skip
    assert back.returncode == 0, back.stdout
    assert not member.exists()
    assert not kept.exists()
    bad = run(lab, build, *words)
    assert bad.returncode != 0
    assert "(undone)" in bad.stdout
    assert not member.exists()
