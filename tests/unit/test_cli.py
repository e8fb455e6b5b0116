"""The command line: exit codes, what goes to which stream, and help where someone went wrong."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from inventory.load import PROJECTS, SHIPPED_CATALOG
from inventory.model import SECTIONS
from inventory.plan_model import PLAN_FILES
from rackwright.cli.app import app

ROOT = Path(__file__).parents[2]
SMALL = ROOT / "tests" / "data" / "small-project"
VERBS = (
    "plan", "check", "show", "explain", "report", "simulate", "power", "drill", "availability", "render", "push",
    "verify", "hosts", "schema", "new",
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """What one run gave."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


def run(*arguments: str | Path, cwd: Path = ROOT) -> Answer:
    """Run `python -m rackwright` as a user does; no run may end in a traceback."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    done = subprocess.run(
        [sys.executable, "-m", "rackwright", *map(str, arguments)],
        capture_output=True, text=True, cwd=cwd, env=environment, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return Answer(done.returncode, done.stdout, done.stderr)


def ask(*arguments: str) -> Answer:
    """The same inside this process, for what does not import any check: half a second less."""
    done = CliRunner().invoke(app, arguments, prog_name="rackwright")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return Answer(done.exit_code, done.stdout, done.stderr)


# ---------------------------------------------------------------- help and usage


@pytest.mark.parametrize("verb", VERBS)
def test_help(verb: str) -> None:
    answer = ask(verb, "--help")
    assert answer.code == 0 and answer.err == ""
    assert f"rackwright {verb}" in answer.out and "--help" in answer.out


def test_help_names_every_verb_and_the_exit_codes() -> None:
    answer = run("--help")
    assert answer.code == 0
    assert all(re.search(rf"^\W*{verb}\b", answer.out, re.M) for verb in VERBS)
    assert "Exit codes: 0" in answer.out


USAGE: dict[str, tuple[tuple[str, ...], str]] = {
    "unknown verb": (("chek",), "No such command 'chek'"),
    "unknown option": (("check", "--formt", "json"), "No such option"),
    "unknown format": (("check", "--format", "xml"), "'xml' is not one of"),
    "unknown project": (("check", "-p", "guanxi"), "no project folder guanxi; did you mean guangxi?"),
    "unknown project, nothing near": (("plan", "-p", "zzzzz"), "no project folder zzzzz"),
    "unknown folder": (("check", "-p", "no/such/folder"), "no project folder no/such/folder"),
    "day that is none": (
        ("check", "-p", "guangxi", "--date", "2026-02-30"),
        "expected a day like 2026-01-31",
    ),
    "unknown code": (("explain", "INV01"), "no code INV01; did you mean INV0"),
    "unknown name": (("show", "A01-A99", "-p", "guangxi"), "nothing named A01-A99; did you mean A01-A0"),
    "folder for a new project missing": (("new",), "Missing argument"),
}


@pytest.mark.parametrize("name", USAGE)
def test_usage(name: str) -> None:
    arguments, message = USAGE[name]
    answer = (run if arguments[0] == "explain" else ask)(*arguments)
    assert answer.code == 2
    assert answer.out == "" and message in answer.err


def test_no_project_here(tmp_path: Path) -> None:
    answer = run("check", cwd=tmp_path)
    assert answer.code == 2 and "no project.yml in" in answer.err and "guangxi" in answer.err


# ---------------------------------------------------------------- a project that cannot be loaded


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project with four mistakes in three files."""
    folder = Path(shutil.copytree(SMALL, tmp_path_factory.mktemp("broken") / "p"))
    for file, old, new in (
        ("network.yml", "count: 4\n", "count: 4 pcs\n"),
        ("network.yml", "mlag: true", "mlag: yes"),
        ("project.yml", "depends_on: [db]", "depends_on: [dbs]"),
        ("sites/a.yml", "rated_kw: 4.5", "rated_kw: 4500"),
    ):
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return folder


MISTAKES = [
    ("INV007", "network.yml", 6), ("INV003", "network.yml", 33), ("INV008", "project.yml", 23),
    ("INV007", "sites/a.yml", 27),
]  # fmt: skip


@pytest.mark.parametrize(
    "arguments", [("check",), ("plan", "--replan"), ("show",), ("report",)], ids=" ".join
)
def test_all_faults_at_once(broken: Path, arguments: tuple[str, ...]) -> None:
    answer = run(*arguments, cwd=broken)
    assert answer.code == 2
    found = re.findall(r"^(\S+):(\d+):\d+: error (INV\d+) ", answer.out, re.M)
    assert [(code, file, int(line)) for file, line, code in found] == MISTAKES
    assert answer.out.count("  fix      ") == len(MISTAKES)
    assert "4 faults; nothing was loaded" in answer.err
    assert not (broken / "plan").exists()


@pytest.mark.parametrize("verb", ["check", "plan"])
def test_faults_as_json(broken: Path, verb: str) -> None:
    answer = run(verb, "--format", "json", "-p", broken)
    assert answer.code == 2
    assert [(f["code"], f["source"]["line"]) for f in answer.data["findings"]] == [
        (c, n) for c, _, n in MISTAKES
    ]
    assert all(
        f["fix"] and f["fix_zh"] and f["message_zh"] and f["severity"] == "error"
        for f in answer.data["findings"]
    )


def test_faults_of_the_plan(started: Path) -> None:
    shutil.copytree(started, folder := started.parent / "bad-plan")
    (folder / "plan" / "asns.yml").write_text(
        "asns: [{asn: x, pool: p, site: A, used_by: A}]\n", encoding="utf-8"
    )
    answer = run("check", "-p", folder)
    assert answer.code == 2 and "asns.yml:1:14: error INV007" in answer.out
    assert run("plan", "-p", folder, "--replan", "--no-documents").code in (0, 1)  # the way out


# ---------------------------------------------------------------- a project from start to end


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter project, planned."""
    folder = tmp_path_factory.mktemp("new") / "my-dc"
    made = run("new", folder)
    assert made.code == 0 and made.out.strip() == str(folder / "project.yml")
    before = run("check", "-p", folder)
    assert before.code == 0 and "no plan yet" in before.out
    first = run("plan", "-p", folder, "--format", "json", "--out", folder.parent / "out")
    assert first.code in (0, 1), first.err
    assert all(Path(p).name in ("report.html", "plan.xlsx") or "10 files" in p for p in first.data["written"])
    assert (folder.parent / "out" / "report.html").stat().st_size > 10_000
    assert (folder.parent / "out" / "plan.xlsx").read_bytes()[:2] == b"PK"
    assert sorted(p.name for p in (folder / "plan").iterdir()) == sorted(f for f, _, _ in PLAN_FILES.values())
    return folder


def plan_bytes(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted((folder / "plan").iterdir())}


def test_new_does_not_write_over_anything(started: Path, tmp_path: Path) -> None:
    answer = run("new", started)
    assert answer.code == 2 and "is not empty" in answer.err and answer.out == ""


def test_second_plan_keeps_everything(started: Path) -> None:
    before = plan_bytes(started)
    answer = run("plan", "--no-documents", cwd=started)
    assert answer.code in (0, 1)
    assert plan_bytes(started) == before
    changes = re.search(r"^plan: (.*)$", answer.err, re.M)
    assert changes and not re.search(r"added|removed|changed", changes[1])


def test_check_answers_alike_in_both_forms(started: Path) -> None:
    as_json, as_text = (
        run("check", "-p", started, "--format", "json"),
        run("check", "-p", started, "--verbose"),
    )
    assert as_json.code == as_text.code
    data = as_json.data
    assert (
        data["project"] == "my-dc"
        and data["planned"] is True
        and re.match(r"\d{4}-\d\d-\d\d\Z", data["date"])
    )
    blocking = [
        f
        for f in data["findings"]
        if f["severity"] == "error" and f["status"] == "failed" and "waived" not in f
    ]
    assert as_json.code == (1 if blocking else 0)
    assert {c["verdict"] for c in data["checks"]} <= {"passed", "failed", "not evaluated"}
    for finding in data["findings"]:
        assert f" {finding['code']} {finding['subject']}: {finding['message']}" in as_text.out


def test_check_of_some_codes(started: Path) -> None:
    data = run("check", "-p", started, "--format", "json", "--code", "pwr", "--code", "RCK").data
    assert data["checks"] and {c["code"][:3] for c in data["checks"]} == {"PWR", "RCK"}
    assert {f["code"][:3] for f in data["findings"]} <= {"PWR", "RCK"}


def test_shipped_project_is_clean_enough_to_issue() -> None:
    answer = run("check", "-p", "guangxi", "--format", "json", "--date", "2026-06-01")
    blocking = [
        f for f in answer.data["findings"]
        if f["severity"] == "error" and f["status"] == "failed" and "waived" not in f
    ]  # fmt: skip
    assert answer.code == (1 if blocking else 0)
    assert answer.err == ""


def test_dry_run_writes_nothing(started: Path) -> None:
    shutil.copytree(started, folder := started.parent / "dry")
    text = (folder / "project.yml").read_text(encoding="utf-8")
    (folder / "project.yml").write_text(text.replace("count: 12", "count: 13"), encoding="utf-8")
    before = plan_bytes(folder)
    answer = run("plan", "-p", folder, "--dry-run", "--format", "json")
    assert answer.code == 0 and answer.data["dry_run"] is True
    assert answer.data["changes"]["devices"]["added"] == 1
    assert plan_bytes(folder) == before
    assert "nothing was written" in run("plan", "-p", folder, "--dry-run").out


def test_dry_run_says_what_the_plan_would_lack(started: Path) -> None:
    shutil.copytree(started, folder := started.parent / "dry-short")
    project = folder / "project.yml"
    project.write_text(
        project.read_text().replace("count: 12", "count: 14").replace("10GE1/0/[1-40]", "10GE1/0/[1-13]")
    )
    answer = run("plan", "-p", folder, "--dry-run")
    assert answer.code == 1, answer.out
    assert "PRT015" in answer.out or "CAP030" in answer.out
    assert "Tightest rack" in answer.out


def test_what_does_not_fit_is_not_written(started: Path) -> None:
    shutil.copytree(started, folder := started.parent / "full")
    text = (folder / "project.yml").read_text(encoding="utf-8")
    (folder / "project.yml").write_text(text.replace("count: 12", "count: 90"), encoding="utf-8")
    before = plan_bytes(folder)
    answer = run("plan", "-p", folder, "--format", "json")
    assert answer.code == 1 and answer.data["written"] == []
    assert answer.data["infeasible"][0]["unplaced"]
    assert plan_bytes(folder) == before


@pytest.mark.parametrize("what", ["summary", "racks", "assumptions", "A01-A01", "compute", "compute-001"])
def test_show(started: Path, what: str) -> None:
    answer = run("show", what, "-p", started, "--format", "json")
    assert answer.code == 0 and answer.data is not None and answer.err == ""


def test_show_before_there_is_a_plan() -> None:
    answer = run("show", "cables", "-p", SMALL)
    assert answer.code == 2 and "no plan yet" in answer.err and answer.out == ""


def test_text_is_not_mixed_with_progress(started: Path) -> None:
    answer = run("show", "devices", "-p", started)
    lines = answer.out.splitlines()
    assert answer.code == 0 and lines[0].split()[:2] == ["device", "type"]
    planned = (started / "plan" / "devices.yml").read_text(encoding="utf-8").count("\n  - ")
    assert len(lines) == 1 + planned


# ---------------------------------------------------------------- a disk that says no


def blocked(started: Path, name: str) -> Path:
    folder = Path(shutil.copytree(started, started.parent / name))
    shutil.rmtree(folder / "plan")
    return folder


def test_file_where_the_plan_should_be(started: Path) -> None:
    folder = blocked(started, "file")
    (folder / "plan").write_text("mine", encoding="utf-8")
    answer = run("plan", "-p", folder)
    assert answer.code == 2 and "is a file, not a folder" in answer.out
    answer = run("plan", "-p", folder, "--replan")
    assert answer.code == 2 and "plan is a file, not a folder; the old plan stands" in answer.err
    assert (folder / "plan").read_text(encoding="utf-8") == "mine"


READ_ONLY = """
import errno, sys
from inventory import plan_store
from rackwright.__main__ import main

def fill(*_):
    raise OSError(errno.EROFS, "Read-only file system", ".plan.new")

plan_store._fill = fill
sys.argv = ["rackwright", "plan", "--no-documents"]
main()
"""


def test_disk_that_cannot_be_written(started: Path) -> None:
    folder = blocked(started, "readonly")
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY], capture_output=True, text=True, cwd=folder, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "cannot write: .plan.new Read-only file system; the old plan stands" in done.stderr
    assert not (folder / "plan").exists()


def test_documents_that_cannot_be_written(started: Path) -> None:
    answer = run("report", "-p", started, "--out", started / "project.yml")
    assert answer.code == 2 and "the documents are not complete" in answer.err


def test_one_planner_at_a_time(started: Path) -> None:
    descriptor = os.open(started, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        answer = run("plan", "-p", started)
    finally:
        os.close(descriptor)
    assert answer.code == 2 and "another `rackwright plan` is at work" in answer.err


# ---------------------------------------------------------------- explain


def test_explain_lists_every_code() -> None:
    text, data = run("explain"), run("explain", "--format", "json").data
    codes = [rule["code"] for rule in data]
    assert text.code == 0 and codes == sorted(codes) and len(codes) > 100
    assert [line.split()[0] for line in text.out.splitlines()] == codes
    assert {"INV001", "PRT001", "RCK001", "PWR001", "RED001", "NET001", "CAP001", "REQ001", "PLN001"} <= set(
        codes
    )
    assert all(rule["title"] and rule["title_zh"] and rule["text"] and rule["severity"] for rule in data)


def test_explain_one() -> None:
    answer = run("explain", "inv003")
    assert answer.code == 0 and answer.out.startswith(
        "INV003 (error): Plain text that YAML reads as something else"
    )
    assert "Why it matters:" in answer.out and "How to fix:" in answer.out
    assert run("explain", "INV003", "--format", "json").data["code"] == "INV003"


# ---------------------------------------------------------------- schema


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("schema") / "inner"
    answer = run("schema", "--out", folder)
    assert answer.code == 0
    assert answer.out.split() == [str(folder / f"{n}.json") for n in
                                  ("project", "device-type", "rack-type", "optics", "cables", "components")]  # fmt: skip
    return {p.stem: json.loads(p.read_text(encoding="utf-8")) for p in folder.iterdir()}


KNOWN = {
    "$schema", "$defs", "$ref", "title", "description", "default", "type", "properties", "required", "items",
    "additionalProperties", "anyOf", "enum", "const", "pattern", "minLength", "maxLength", "minimum", "maximum",
    "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "propertyNames", "format", "minItems", "maxItems", "internal",
}  # fmt: skip
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int, "number": (int, float),
}  # fmt: skip


def problems(value: Any, schema: Any, root: Any, path: str) -> list[str]:
    """Where a value does not keep to a schema, for the keywords our schemas use."""
    if schema is True:
        return []
    unknown = schema.keys() - KNOWN
    assert not unknown, f"keyword this test does not know: {unknown}"
    if "$ref" in schema:
        target = root
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return problems(value, target, root, path)
    if "anyOf" in schema:
        tried = [problems(value, s, root, path) for s in schema["anyOf"]]
        return [] if any(not t for t in tried) else min(tried, key=len)
    names = schema.get("type", [])
    kinds = [TYPES[n] for n in ([names] if isinstance(names, str) else names)]
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if (kinds and not any(isinstance(value, k) for k in kinds)) or (
        isinstance(value, bool) and kinds and bool not in kinds
    ):
        return [f"{path}: {value!r} is no {names}"]
    out = []
    if ("enum" in schema and value not in schema["enum"]) or ("const" in schema and value != schema["const"]):
        out.append(f"{path}: {value!r} not allowed")
    if isinstance(value, str):
        if "pattern" in schema and not re.search(schema["pattern"], value):
            out.append(f"{path}: {value!r} does not match {schema['pattern']}")
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            out.append(f"{path}: length of {value!r}")
    if number and not (schema.get("minimum", value) <= value <= schema.get("maximum", value)
                       and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])):  # fmt: skip
        out.append(f"{path}: {value} out of range")
    if isinstance(value, list) and "items" in schema:
        for i, item in enumerate(value):
            out += problems(item, schema["items"], root, f"{path}[{i}]")
    if isinstance(value, dict):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        out += [f"{path}: {name} is missing" for name in schema.get("required", ()) if name not in value]
        for name, item in value.items():
            if "propertyNames" in schema:
                out += problems(name, schema["propertyNames"], root, f"{path} key")
            if name in properties:
                out += problems(item, properties[name], root, f"{path}.{name}")
            elif others is False:
                out.append(f"{path}: {name} is not known")
            elif others is not True:
                out += problems(item, others, root, f"{path}.{name}")
    return out


def plain(file: Path) -> Any:
    return yaml.load(
        re.sub(r": (\d{4}-\d\d-\d\d)$", r": '\1'", file.read_text(encoding="utf-8"), flags=re.M),
        yaml.CSafeLoader,
    )


STARTER = ROOT / "rackwright" / "documents" / "templates" / "starter.yml"
PROJECT_FILES = [
    *(p for p in sorted((PROJECTS / "guangxi").rglob("*.yml")) if p.parent.name != "plan"), *sorted(SMALL.rglob("*.yml")), STARTER,
]  # fmt: skip
CATALOG_FILES = sorted([*SHIPPED_CATALOG.rglob("*.yaml"), *SHIPPED_CATALOG.glob("*.yml")])


@pytest.mark.parametrize("file", PROJECT_FILES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_project_files_keep_to_the_schema(schemas: dict[str, Any], file: Path) -> None:
    data = plain(file)
    assert data is None or problems(data, schemas["project"], schemas["project"], "") == []


@pytest.mark.parametrize("file", CATALOG_FILES, ids=lambda p: p.name)
def test_catalogue_files_keep_to_the_schema(schemas: dict[str, Any], file: Path) -> None:
    kind = {"device-types": "device-type", "rack-types": "rack-type"}.get(file.parents[1].name, file.stem)
    assert problems(plain(file), schemas[kind], schemas[kind], "") == []


BAD: dict[str, str] = {
    "zone: []": "zone is not known",
    "rooms: [{name: A01, site: A, tray_hight_m: 2}]": "tray_hight_m is not known",
    "rooms: [{name: A01}]": "site is missing",
    "rooms: [{name: A1, site: A}]": "does not match",
    "rooms: {name: A01, site: A}": "is no ['array', 'null']",
    "sites: [{name: A, role: main, title: {en: a, zh: b}}]": "'main' not allowed",
    "rows: [{name: A01-A, room: A01, y_m: 2 m, rack_type: x, racks: []}]": "'2 m' is no number",
    "rows: [{at: x, name: A01-A, room: A01, y_m: 2, rack_type: x, racks: []}]": "at is not known",
    "port_plans: [{name: p, device_type: d, ranges: {sever: x}}]": "not allowed",
    "ups: [{name: U, site: A, side: a, power_factor: 95}]": "is no null",
}


@pytest.mark.parametrize("text", BAD)
def test_schema_refuses(schemas: dict[str, Any], text: str) -> None:
    found = problems(yaml.load(text, yaml.CSafeLoader), schemas["project"], schemas["project"], "")
    assert found and (BAD[text] in found[0] or "out of range" in found[0])


def test_schema_is_whole(schemas: dict[str, Any]) -> None:
    project = schemas["project"]
    assert set(project["properties"]) == {"project", *SECTIONS}
    assert project["$schema"].startswith("https://json-schema.org/draft/2020-12")
    for schema in schemas.values():
        text = json.dumps(schema)
        assert '"at"' not in text
        for target in set(re.findall(r'"#/\$defs/([^"]+)"', text)):
            assert target in schema["$defs"]
