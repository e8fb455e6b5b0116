"""The plan on disk: the old one or the new one, whole, whatever happens; every fault of a file told."""

from __future__ import annotations

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inventory import plan_store
from inventory.load import PROJECTS
from inventory.plan_model import (
    PLAN_FILES,
    BomLine,
    Cable,
    Cord,
    End,
    LoadLine,
    PlacedDevice,
    PlacementProof,
    Plan,
    PlannedAddress,
    PlannedAsn,
    PlannedPrefix,
    PlanRecord,
    Series,
)
from inventory.plan_store import dump, load_plan, plan_folder, write_plan

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RACKWRIGHT_CACHE", "off")


def sample(tag: str = "", devices: int = 3) -> Plan:
    """A plan with every kind of record; text that YAML would like to misread."""
    return Plan(
        devices=tuple(
            PlacedDevice(name=f"d{tag}-{i:03}", owner="d", device_type="t", site="A", rack="A01-A01", position=i)
            for i in range(1, devices + 1)
        ),
        cables=(
            Cable(
                id="A-C-000001", kind="access", type="fibre", speed_gbps=10, a=End(device="a", port="p1", optic="sr"),
                b=End(device="b", port=None), length_m=12.5, stock_m=15, route=("A01-A/1", "A01-A/2"), colour="aqua",
                label_a="A01-A01-U09:p1/b", label_b="b > a", group="1:2",
            ),
            Cable(
                id="A-C-000002", kind="oob", type="copper", speed_gbps=0.1, a=End(device="1e3", port="0100"),
                b=End(device="NO", port="1:2"), length_m=None, stock_m=None, label_a="", label_b="# no comment",
            ),
        ),
        cords=(
            Cord(id="P1", device="a", inlet="PSU1", rack="R", side="a", pdu="R/pdu-a", bank="B1", outlet="C13-01"),
            Cord(id="P2", device="a", inlet="2", rack="R", side="b", pdu="~", bank="null", outlet="089", phase="L1"),
        ),
        prefixes=(PlannedPrefix(prefix="10.0.0.0/24", pool="p", plane="bmc", site="A", used_by="A", gateway="10.0.0.1", vid=7),),
        asns=(PlannedAsn(asn=4_294_967_294, pool="p", site="A", used_by="="),),
        addresses=(
            PlannedAddress(address="10.0.0.4", prefix="10.0.0.0/24", plane="bmc", device="a", interface="BMC", vid=7),
            PlannedAddress(address="fd00::1", prefix="fd00::/64", plane="bmc", device="y", interface="on",
                           released="2026-01-31"),
        ),
        proofs=(
            PlacementProof(site="A", status="infeasible", method="bound", racks=3, lower_bound=3, proof="4.5 kW: 中文，引号“x”",
                           placed=1, unplaced=("d-009",), conflicts=("it's too much",), relaxations=('say "more"', "a\\b")),
        ),
        bom=(
            BomLine(item="sr", site="A", where="a, b", needed=4, supplied=2, spare_wanted=1, result="short", quantity=2,
                    sources=("A: 2 x 1 = 2", "[x]", "- y", " padded ")),
        ),
        power=(
            LoadLine(element="A01-A01", kind="rack", limit_w=None, alloc_w=0.1 + 0.2, peak_w=1e-7, alloc_a_dead_w=1e15,
                     peak_a_dead_w=0, alloc_b_dead_w=123456.789, peak_b_dead_w=5, unknown=("d-001",)),
        ),
        series=(Series(series="A-C", highest=7),),
    )  # fmt: skip


def values(plan: Plan | None) -> Plan | None:
    """The plan without places in files."""
    if plan is None:
        return None
    lists: dict[str, Any] = {
        name: tuple(r.model_copy(update={"at": ""}) for r in getattr(plan, name)) for name in PLAN_FILES
    }
    return replace(plan, documents=None, **lists)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


# ---------------------------------------------------------------- round trip


@pytest.mark.parametrize("plan", [Plan(), sample(), sample("x", 0)], ids=["empty", "full", "no devices"])
def test_read_gives_what_was_written(tmp_path: Path, plan: Plan) -> None:
    files = write_plan(tmp_path, plan)
    assert files == [tmp_path / "plan" / name for name, _, _ in PLAN_FILES.values()]
    loaded = load_plan(tmp_path)
    assert loaded.findings == () and values(loaded.plan) == plan
    first = bytes_of(tmp_path)
    write_plan(tmp_path, loaded.plan or Plan())
    assert bytes_of(tmp_path) == first  # the same plan, the same bytes, and nothing else left behind
    assert sorted(first) == sorted(f"plan/{name}" for name, _, _ in PLAN_FILES.values())


def test_every_field_is_written_and_read(tmp_path: Path) -> None:
    """No list of the sample leaves a field of its record at its default in all records."""
    for name, (_, model, _) in PLAN_FILES.items():
        records = getattr(sample(), name)
        for field, info in model.model_fields.items():
            if field not in ("at", "face", "pair", "bundle", "label") and not info.is_required():
                assert any(getattr(r, field) != info.get_default() for r in records), (name, field)


def test_shipped_plan_is_written_as_it_stands(tmp_path: Path) -> None:
    loaded = load_plan(PROJECTS / "guangxi")
    assert loaded.findings == () and loaded.plan is not None
    write_plan(tmp_path, loaded.plan)
    assert bytes_of(tmp_path / "plan") == bytes_of(PROJECTS / "guangxi" / "plan")


def test_a_record_is_a_line() -> None:
    lines = dump("devices", "devices", sample().devices).splitlines()
    assert lines[1:3] == [
        "devices:", "  - {name: d-001, owner: d, device_type: t, site: A, rack: A01-A01, position: 1}",
    ]  # fmt: skip
    assert len(lines) == 5
    assert dump("devices", "devices", ()).splitlines()[1:] == ["devices: []"]


def test_positions_are_kept(tmp_path: Path) -> None:
    write_plan(tmp_path, sample())
    plan = load_plan(tmp_path).plan
    assert plan is not None and plan.documents is not None
    shown, _, _ = plan.devices[1].at.rpartition("#")
    assert shown == (tmp_path / "plan" / "devices.yml").as_posix()
    assert plan.documents[shown].where("devices", 1, "position").line == 4


# ---------------------------------------------------------------- faults in the files


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a plan, in the working directory."""
    monkeypatch.chdir(tmp_path)
    write_plan(tmp_path, sample())
    return Path()


Edit = Callable[[Path], object]


def line(file: str, number: int, old: str, new: str) -> Edit:
    def edit(plan: Path) -> None:
        lines = (plan / file).read_text(encoding="utf-8").split("\n")
        assert old in lines[number - 1]
        lines[number - 1] = lines[number - 1].replace(old, new, 1)
        (plan / file).write_text("\n".join(lines), encoding="utf-8")

    return edit


def text(file: str, content: str) -> Edit:
    return lambda plan: (plan / file).write_text(content, encoding="utf-8")


def folder_for_a_file(plan: Path) -> None:
    (plan / "asns.yml").unlink()
    (plan / "asns.yml").mkdir()


FAULTS: dict[str, tuple[Edit, list[str]]] = {
    "number in quotes": (line("devices.yml", 3, "position: 1", "position: '1'"), ["INV007 plan/devices.yml:3:79"]),
    "negative position": (line("devices.yml", 3, "position: 1", "position: -1"), ["INV007 plan/devices.yml:3:79"]),
    "key misspelt": (line("devices.yml", 4, "rack:", "rak:"), ["INV005 plan/devices.yml:4:54"]),
    "required key misspelt": (line("devices.yml", 4, "owner:", "ownr:"), ["INV005 plan/devices.yml:4:19"]),
    "key missing": (line("devices.yml", 4, "owner: d, ", ""), ["INV006 plan/devices.yml:4:5"]),
    "key of the loader": (line("devices.yml", 4, "owner: d", "owner: d, at: x"), ["INV005 plan/devices.yml:4:29"]),
    "word not allowed": (line("cables.yml", 3, "kind: access", "kind: acces"), ["INV007 plan/cables.yml:3:28"]),
    "deep inside": (line("cables.yml", 3, "device: b", "devise: b"), ["INV005 plan/cables.yml:3:106"]),
    "trap": (line("cables.yml", 4, "'1e3'", "1e3"), ["INV003 plan/cables.yml:4:76"]),
    "no record": (line("devices.yml", 4, "{name", "x # {name"), ["INV007 plan/devices.yml:4:5"]),
    "section misspelt": (line("devices.yml", 2, "devices", "device"), ["INV005 plan/devices.yml:2:1"]),
    "section too many": (line("devices.yml", 2, "devices", "cables: []\ndevices"), ["INV005 plan/devices.yml:2:1"]),
    "no list": (text("devices.yml", "devices: x\n"), ["INV007 plan/devices.yml:1:10"]),
    "list at the top": (text("devices.yml", "- x\n"), ["INV007 plan/devices.yml:1:1"]),
    "empty file": (text("devices.yml", ""), ["INV007 plan/devices.yml:1:1"]),
    "section without a list": (text("devices.yml", "devices:\n"), ["INV007 plan/devices.yml:1:9"]),
    "no YAML": (line("devices.yml", 4, "}", ""), ["INV001 plan/devices.yml:5:5"]),
    "file missing": (lambda plan: (plan / "asns.yml").unlink(), ["INV001 plan/asns.yml"]),
    "folder for a file": (folder_for_a_file, ["INV001 plan/asns.yml"]),
    "several files": (
        lambda plan: [line("devices.yml", 3, "position: 1", "position: x")(plan), text("asns.yml", "asns: 1\n")(plan)],
        ["INV007 plan/asns.yml:1:7", "INV007 plan/devices.yml:3:79"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_fault(project: Path, name: str) -> None:
    edit, expected = FAULTS[name]
    edit(project / "plan")
    loaded = load_plan(project)
    assert [f"{f.code} {f.source}" for f in loaded.findings] == expected
    assert loaded.plan is None
    assert all(f.fix is not None for f in loaded.findings)


def test_no_plan_yet(tmp_path: Path) -> None:
    assert load_plan(tmp_path) == plan_store.LoadedPlan(None, ())


def linked(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "plan").symlink_to("elsewhere")


BLOCKED: dict[str, tuple[Edit, str]] = {
    "a file": (
        lambda folder: (folder / "plan").write_text("mine", encoding="utf-8"),
        "is a file, not a folder",
    ),
    "a link": (linked, "is a link, not a folder"),
    "a link to nothing": (lambda folder: (folder / "plan").symlink_to("none"), "is a link, not a folder"),
}


@pytest.mark.parametrize("name", BLOCKED)
def test_something_else_where_the_plan_should_be(tmp_path: Path, name: str) -> None:
    prepare, message = BLOCKED[name]
    prepare(tmp_path)
    before = sorted(tmp_path.iterdir()), bytes_of(tmp_path)
    loaded = load_plan(tmp_path)
    assert loaded.plan is None
    assert [(f.code, f.message.en) for f in loaded.findings] == [("INV012", message)]
    with pytest.raises(NotADirectoryError, match="not a folder"):
        write_plan(tmp_path, sample())
    assert (sorted(tmp_path.iterdir()), bytes_of(tmp_path)) == before


# ---------------------------------------------------------------- what others put there


def test_files_of_others_are_kept(tmp_path: Path) -> None:
    write_plan(tmp_path, sample("old"))
    plan = tmp_path / "plan"
    (plan / "NOTES.md").write_text("mine", encoding="utf-8")
    (plan / "extra.yml").write_text("not: ours\n", encoding="utf-8")
    (plan / "signed" / "2026").mkdir(parents=True)
    (plan / "signed" / "2026" / "a.pdf").write_bytes(b"\x00\xff")
    (plan / "empty").mkdir()
    (plan / "link").symlink_to("../elsewhere")
    (plan / ".keep").write_text("", encoding="utf-8")
    (plan / "NOTES.md").chmod(0o640)
    write_plan(tmp_path, sample("new"))
    write_plan(tmp_path, sample("new"))
    assert (plan / "NOTES.md").read_text(encoding="utf-8") == "mine"
    assert (plan / "NOTES.md").stat().st_mode & 0o777 == 0o640
    assert (plan / "extra.yml").read_text(encoding="utf-8") == "not: ours\n"
    assert (plan / "signed" / "2026" / "a.pdf").read_bytes() == b"\x00\xff"
    assert (plan / "empty").is_dir() and (plan / ".keep").is_file()
    assert (plan / "link").is_symlink() and os.readlink(plan / "link") == "../elsewhere"  # noqa: PTH115
    assert values(load_plan(tmp_path).plan) == sample("new")


@pytest.mark.parametrize("name", [".plan.new", ".plan.old"])
@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_leftovers_of_a_crash_are_cleared(tmp_path: Path, name: str, kind: str) -> None:
    write_plan(tmp_path, sample("old"))
    if kind == "folder":
        (tmp_path / name).mkdir()
        (tmp_path / name / "devices.yml").write_text("half", encoding="utf-8")
    elif kind == "file":
        (tmp_path / name).write_text("x", encoding="utf-8")
    else:
        (tmp_path / name).symlink_to("plan")
    assert values(load_plan(tmp_path).plan) == sample("old")
    write_plan(tmp_path, sample("new"))
    assert values(load_plan(tmp_path).plan) == sample("new")
    assert [p.name for p in tmp_path.iterdir()] == ["plan"]


# ---------------------------------------------------------------- a disk that says no

STEPS = ("mkdir", "open", "fsync", "rename", "exchange", "copytree", "copy2")


def counted(patch: pytest.MonkeyPatch, fail_at: int) -> list[str]:
    """Make the `fail_at`th step of a write fail (0: none); returns the steps as they are taken."""
    taken: list[str] = []

    def guard(step: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            taken.append(step)
            if len(taken) == fail_at:
                raise OSError(errno.ENOSPC, "No space left on device", str(args[0]))
            return real(*args, **kwargs)

        return call

    patch.setattr(Path, "mkdir", guard("mkdir", Path.mkdir))
    patch.setattr(Path, "open", guard("open", Path.open))
    patch.setattr(Path, "rename", guard("rename", Path.rename))
    patch.setattr(os, "fsync", guard("fsync", os.fsync))
    patch.setattr(plan_store, "_exchange", guard("exchange", plan_store._exchange))
    patch.setattr(shutil, "copytree", guard("copytree", shutil.copytree))
    patch.setattr(shutil, "copy2", guard("copy2", shutil.copy2))
    return taken


@pytest.fixture(params=["exchange", "two renames", "first plan"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the new folder takes its place."""
    if request.param == "two renames":
        monkeypatch.setattr(plan_store, "_exchange", lambda a, b: False)
    return str(request.param)


def test_refusal_at_any_step_leaves_the_old_plan_or_the_new_one(tmp_path: Path, way: str) -> None:
    old, new = (None if way == "first plan" else sample("old")), sample("new")

    def fresh(folder: Path) -> Path:
        folder.mkdir()
        if old:
            write_plan(folder, old)
            (folder / "plan" / "signed").mkdir()
            (folder / "plan" / "signed" / "a.pdf").write_bytes(b"x")
            (folder / "plan" / "NOTES.md").write_bytes(b"y")
        return folder

    with pytest.MonkeyPatch.context() as patch:
        folder = fresh(tmp_path / "0")
        steps = counted(patch, 0)
        write_plan(folder, new)
    expected = {"mkdir", "open", "fsync"} | {
        "exchange": {"exchange", "copytree", "copy2"}, "two renames": {"exchange", "rename", "copytree", "copy2"},
        "first plan": {"rename"},
    }[way]  # fmt: skip
    assert set(steps) == expected and len(steps) >= 2 + 2 * len(PLAN_FILES)
    seen = set()
    for number in range(1, len(steps) + 1):
        folder = fresh(tmp_path / str(number))
        with pytest.MonkeyPatch.context() as patch:
            counted(patch, number)
            with pytest.raises(OSError, match="No space left"):
                write_plan(folder, new)
        found = values(load_plan(folder).plan)
        assert found in (old, new), steps[number - 1]
        seen.add(found == new)
        if old:
            kept = plan_folder(folder)
            assert (kept / "signed" / "a.pdf").read_bytes() == b"x" and (kept / "NOTES.md").exists()
        write_plan(folder, new)  # and the next write mends whatever was left
        assert values(load_plan(folder).plan) == new
        assert [p.name for p in folder.iterdir()] == ["plan"]
    assert seen == {False, True}  # only the last flush to disk comes after the exchange


def test_refusal_before_the_exchange_leaves_nothing_behind(tmp_path: Path) -> None:
    write_plan(tmp_path, sample("old"))
    for step in range(1, 8):
        with pytest.MonkeyPatch.context() as patch:
            counted(patch, step)
            with pytest.raises(OSError, match="No space left"):
                write_plan(tmp_path, sample("new"))
        assert [p.name for p in tmp_path.iterdir()] == ["plan"]


def test_interrupt_between_two_renames_keeps_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_plan(tmp_path, sample("old"))
    monkeypatch.setattr(plan_store, "_exchange", lambda a, b: False)
    real, calls = Path.rename, []

    def rename(self: Path, target: Path) -> Path:
        calls.append(self)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(self, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "rename", rename)
        with pytest.raises(KeyboardInterrupt):
            write_plan(tmp_path, sample("new"))
    assert plan_folder(tmp_path) == tmp_path / ".plan.old"
    assert values(load_plan(tmp_path).plan) == sample("old")
    write_plan(tmp_path, sample("new"))
    assert values(load_plan(tmp_path).plan) == sample("new")
    assert [p.name for p in tmp_path.iterdir()] == ["plan"]


def test_project_folder_gone(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_plan(tmp_path / "none", sample())
    assert not (tmp_path / "none").exists()


def test_exchange_is_one_step(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not plan_store._exchange(tmp_path / "a", tmp_path / "b"):
        pytest.skip("this file system cannot exchange folders")
    assert (tmp_path / "a" / "b").exists() and (tmp_path / "b" / "a").exists()
    with pytest.raises(FileNotFoundError):
        plan_store._exchange(tmp_path / "a", tmp_path / "none")


# ---------------------------------------------------------------- killed at any moment

KILLS = 25
STEPS_OF_A_WRITE = 26
LOOP = """
import os, shutil, sys
from pathlib import Path
from inventory import plan_store
from inventory.plan_store import load_plan, write_plan

def told(step):
    def call(*args, **kwargs):
        os.write(1, b".")
        return step(*args, **kwargs)
    return call

project = Path(sys.argv[1])
plans = [load_plan(Path(p)).plan for p in sys.argv[2:4]]
exchange = (lambda a, b: False) if sys.argv[4] == "two renames" else plan_store._exchange
plan_store._exchange, os.fsync, shutil.rmtree = told(exchange), told(os.fsync), told(shutil.rmtree)
Path.open, Path.rename, Path.mkdir = told(Path.open), told(Path.rename), told(Path.mkdir)
os.write(1, b"!")
while True:
    for plan in plans:
        write_plan(project, plan)
"""
"""Writes two plans in turn for ever, and says a dot before every step on the disk."""


def killed_writers(project: Path, sources: list[Path], way: str, kills: int) -> Iterator[None]:
    """Start a writer, kill it at a random step, again and again; yields after each death."""
    chance = random.Random(7)
    environment = {**os.environ, "RACKWRIGHT_CACHE": "off", "PYTHONPATH": str(ROOT)}
    for _ in range(kills):
        with subprocess.Popen(
            [sys.executable, "-c", LOOP, str(project), *map(str, sources), way],
            stdout=subprocess.PIPE, env=environment, cwd=ROOT,
        ) as writer:  # fmt: skip
            assert writer.stdout is not None and writer.stdout.read(1) == b"!"
            writer.stdout.read(chance.randrange(1, 3 * STEPS_OF_A_WRITE))
            writer.send_signal(signal.SIGKILL)
        yield


@pytest.mark.parametrize("way", ["exchange", "two renames"])
def test_killed_writer_leaves_a_whole_plan(tmp_path: Path, way: str) -> None:
    plans = [sample("old", 200), sample("new", 100)]
    sources = [tmp_path / "one", tmp_path / "two"]
    for plan, source in zip(plans, sources, strict=True):
        source.mkdir()
        write_plan(source, plan)
    project = tmp_path / "project"
    project.mkdir()
    write_plan(project, plans[0])
    (project / "plan" / "NOTES.md").write_text("mine", encoding="utf-8")
    seen = []
    for _ in killed_writers(project, sources, way, KILLS // 2 + 1):
        loaded = load_plan(project)
        assert loaded.findings == ()
        found = values(loaded.plan)
        assert found in plans
        assert (plan_folder(project) / "NOTES.md").read_text(encoding="utf-8") == "mine"
        seen.append(plans.index(found))
    assert len(set(seen)) == 2  # the kills did fall on both sides
    write_plan(project, plans[0])
    assert [p.name for p in project.iterdir()] == ["plan"]


def test_records_are_what_the_files_declare() -> None:
    for name, (file, model, heading) in PLAN_FILES.items():
        assert name in Plan.__dataclass_fields__ and file.endswith(".yml") and heading
        assert issubclass(model, PlanRecord)
