"""Playbooks parse, roles have the same shape, the inventory is what the plan says, files can be put back."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from inventory.load import PROJECTS, load
from inventory.plan_store import load_plan
from tests.playbooks.ansible_runs import PAGES, PLAYBOOKS, ROLES, ansible
from topology.batch_groups import batched_inventory

STAGES = [r for r in ROLES if (PLAYBOOKS / "roles" / r / "tasks" / "rollback.yml").exists()]
SHORT = {"change_guard", "hold", "redfish"}


def test_there_are_playbooks_and_stages() -> None:
    assert len(PAGES) > 20
    assert len(STAGES) == 11


def test_every_playbook_parses() -> None:
    done = ansible("ansible-playbook", "--syntax-check", "-e", "rackwright_stage=baseline", *PAGES)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("role", STAGES)
def test_a_stage_looks_changes_verifies_and_undoes(role: str) -> None:
    tasks = PLAYBOOKS / "roles" / role / "tasks"
    assert {p.name for p in tasks.iterdir()} >= {
        "main.yml",
        "precheck.yml",
        "configure.yml",
        "verify.yml",
        "rollback.yml",
    }


@pytest.mark.parametrize("role", ROLES)
def test_every_default_is_explained(role: str) -> None:
    folder = PLAYBOOKS / "roles" / role
    defaults = yaml.safe_load((folder / "defaults" / "main.yml").read_text(encoding="utf-8"))
    specs = yaml.safe_load((folder / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    options = specs["argument_specs"]["main"]["options"]
    assert set(options) == set(defaults)
    for name, option in options.items():
        assert name.startswith(f"{role}_")
        assert option["description"] != name


def tasks_of(data: Any) -> list[dict[str, Any]]:
    """Tasks of a file, blocks opened."""
    out = []
    for task in data or []:
        out.append(task)
        for part in ("block", "rescue", "always"):
            out += tasks_of(task.get(part))
    return out


@pytest.mark.parametrize(
    "path", sorted(PLAYBOOKS.glob("roles/*/*/*.yml")), ids=lambda p: p.relative_to(PLAYBOOKS).as_posix()
)
def test_tasks_have_names_and_full_module_names(path: Path) -> None:
    if path.parent.name not in ("tasks", "handlers"):
        return
    for task in tasks_of(yaml.safe_load(path.read_text(encoding="utf-8"))):
        assert task.get("name"), task
        assert any(re.match(r"(ansible\.builtin\.|rackwright_)", key) for key in task) or "block" in task, (
            task
        )
        if "ansible.builtin.assert" in task:
            assert task["ansible.builtin.assert"].get("fail_msg")
        if "uri" in str(task.keys()):
            assert task.get("no_log") is True


def plain(value: Any) -> Any:
    """Without the marks of values that must not be taken as templates."""
    if isinstance(value, dict):
        return (
            plain(value["__ansible_unsafe"])
            if "__ansible_unsafe" in value
            else {k: plain(v) for k, v in value.items()}
        )
    return [plain(v) for v in value] if isinstance(value, list) else value


def test_plugin_and_static_file_list_what_the_plan_says(tmp_path: Path) -> None:
    folder = PROJECTS / "guangxi"
    inventory, plan = load(folder).inventory, load_plan(folder).plan
    assert inventory is not None
    assert plan is not None
    wanted = batched_inventory(inventory, plan)
    file = tmp_path / "hosts.yml"
    exported = ansible("rackwright", "hosts", "-p", "guangxi", "--out", file)
    assert exported.returncode == 0, exported.stderr
    shared = set(wanted["all"]["vars"]) | {
        k for s in inventory.sites for k in wanted.get(f"site_{s.lower()}", {}).get("vars", {})
    }
    for source in (PLAYBOOKS / "guangxi.rackwright.yml", file):
        done = ansible("ansible-inventory", "-i", source, "--list", env={"ANSIBLE_VARS_ENABLED": ""})
        assert done.returncode == 0, done.stderr
        listed = plain(json.loads(done.stdout))
        for host, values in wanted["_meta"]["hostvars"].items():
            seen = listed["_meta"]["hostvars"][host]
            assert {
                k: v
                for k, v in seen.items()
                if k not in shared
                and k not in ("rackwright_build", "rackwright_folder", "rackwright_in_service")
            } == values
        for group, data in wanted.items():
            if group not in ("_meta", "all"):
                assert listed[group].get("hosts", []) == data.get("hosts", []), group
                assert sorted(listed[group].get("children", [])) == sorted(data.get("children", []))


def run_file(tmp_path: Path, *words: str, check: bool = False, **options: str) -> dict[str, Any]:
    arguments = json.dumps({"stage": "test", "kept_in": str(tmp_path / "before"), **options})
    done = ansible(
        "ansible", "localhost", "-i", "localhost,", "-c", "local", "-m", "rackwright_file", "-a", arguments,
        "-e", "ansible_python_interpreter=/usr/bin/python3", *(["--check"] if check else []), *words,
        env={"ANSIBLE_LOAD_CALLBACK_PLUGINS": "1", "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") : done.stdout.rindex("}") + 1])
    return found


def test_a_file_is_written_once_and_put_back(tmp_path: Path) -> None:
    old, new = tmp_path / "old%2Fname.conf", tmp_path / "sub" / "new.conf"
    old.write_text("as it was\n", encoding="utf-8")
    assert run_file(tmp_path, path=str(old), content="changed\n", check=True)["changed"]
    assert old.read_text() == "as it was\n"
    for path in (old, new):
        assert run_file(tmp_path, path=str(path), content="changed\n")["changed"]
        assert not run_file(tmp_path, path=str(path), content="changed\n")["changed"]
    assert run_file(tmp_path, path=str(old), content="changed again\n")["changed"]
    assert run_file(tmp_path, state="restored", check=True)["changed"]
    assert new.exists()
    assert run_file(tmp_path, state="restored")["changed"]
    assert old.read_text() == "as it was\n"
    assert not new.exists()
    assert not run_file(tmp_path, state="restored")["changed"]


def test_a_run_that_goes_wrong_takes_back_no_verified_run(tmp_path: Path) -> None:
    file = tmp_path / "some.conf"
    file.write_text("as it was\n", encoding="utf-8")
    run_file(tmp_path, path=str(file), content="may\n")
    run_file(tmp_path, state="accepted", check=True)
    run_file(tmp_path, path=str(file), content="may, after the first attempt was cut off\n")
    assert run_file(tmp_path, state="restored", since="run")["changed"]
    assert file.read_text() == "as it was\n"
    assert not run_file(tmp_path, state="restored")["changed"]
    run_file(tmp_path, path=str(file), content="june\n")
    assert not run_file(tmp_path, state="accepted")["changed"]
    assert not run_file(tmp_path, state="restored", since="run")[
        "changed"
    ]  # a check failed, nothing was changed
    run_file(tmp_path, path=str(file), content="july\n")
    assert run_file(tmp_path, state="restored", since="run")["changed"]
    assert file.read_text() == "june\n"
    assert run_file(tmp_path, state="restored")["changed"]
    assert file.read_text() == "as it was\n"


def test_an_appliance_is_told_the_tables_that_name_it(tmp_path: Path) -> None:
    tables = tmp_path / "configs" / "appliances"
    tables.mkdir(parents=True)
    for name, device in (("exit-firewall", "fw-1"), ("ipsec-gateway", "fw-10")):
        (tables / f"{name}.csv").write_text(f"# {name}\n# device {device} mgmt=10.0.0.1\n", encoding="utf-8")
    play = {
        "name": "Any", "hosts": "all", "connection": "local", "gather_facts": False,
        "roles": [{"role": "appliances", "vars": {"appliances_steps": ["precheck", "configure"]}}],
    }  # fmt: skip
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    hosts = tmp_path / "hosts.yml"
    hosts.write_text("all: {hosts: {fw-1: , fw-2: }}\n", encoding="utf-8")
    words = ("-i", hosts, "-e", f"rackwright_build={tmp_path}", "-e", "ansible_host=10.0.0.1")
    done = ansible("ansible-playbook", *words, tmp_path / "play.yml")
    assert done.returncode == 0, done.stdout
    summary = done.stdout.partition("SUMMARY")[2]
    assert "by hand from exit-firewall.csv in" in summary, done.stdout
    assert "names it: run build.yml, or name its fleet at a waypoint (fw-2)" in summary


@pytest.mark.parametrize(
    ("units", "found"), [("a.service failed\\nb.service failed\\n", "2"), ("", "0"), (None, "")]
)
def test_failed_services_are_counted_without_a_file_in_a_folder_of_all(
    tmp_path: Path, units: str | None, found: str
) -> None:
    rows = yaml.safe_load((PLAYBOOKS / "roles/inspect/vars/main.yml").read_text(encoding="utf-8"))[
        "inspect_items"
    ]
    assert not any(re.search(r">\s*/tmp", row["command"]) for row in rows)
    tool = tmp_path / "systemctl"
    tool.write_text(
        "#!/bin/sh\nexit 1\n" if units is None else f"#!/bin/sh\nprintf '{units}'\n", encoding="utf-8"
    )
    tool.chmod(0o755)
    command = next(row["command"] for row in rows if row["name"] == "failed services")
    done = subprocess.run(
        ["sh", "-c", command],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == found
    assert (done.returncode == 0) == (units is not None)


def test_ansible_lint_has_nothing_to_say() -> None:
    if not (Path(sys.executable).parent / "ansible-lint").exists():
        pytest.skip("ansible-lint is not installed")
    done = ansible("ansible-lint", "-q", "--nocolor")
    assert done.returncode == 0, done.stdout
