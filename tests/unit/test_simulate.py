"""`rackwright simulate` as a user runs it: answers, files, exit codes and hints."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from inventory.plan_store import write_plan
from rackwright.cli.app import app
from tests.platforms import Data, planned, platform, record


@dataclass(frozen=True)
class Answer:
    """Exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


def run(folder: Path, *arguments: str) -> Answer:
    done = CliRunner().invoke(app, ["simulate", "-p", str(folder), *arguments], prog_name="rackwright")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return Answer(done.exit_code, done.stdout, done.stderr)


def written(folder: Path, data: Data) -> Path:
    _, plan = planned(folder, data)
    write_plan(folder, plan)
    return folder


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("sound") / "p", platform())


@pytest.fixture(scope="module")
def weak(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = platform()
    record(data, "services", "app").update(demand={"measure": "cores", "amount": 60.0})
    return written(tmp_path_factory.mktemp("weak") / "p", data)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder of its own, so that build/ is."""
    monkeypatch.chdir(tmp_path)


def test_a_sound_project(sound: Path, tmp_path: Path) -> None:
    answer = run(sound)
    assert answer.code == 0
    assert re.search(r"^any: \d+ shared risks, each alone \(draw at peak", answer.out, re.M)
    assert re.search(r"^ *1 +app +yes +up +0$", answer.out, re.M)
    assert "nothing goes down with any one of:" in answer.out
    assert "not evaluated:" in answer.out and "assumed:" in answer.out
    assert answer.out.splitlines()[-1].startswith("next: rackwright simulate -p ")
    assert (tmp_path / "build/any/simulate-order1.json").is_file()
    assert [line for line in answer.err.splitlines() if not line.startswith("… ")] == []


def test_a_single_point_is_an_error(weak: Path) -> None:
    answer = run(weak)
    assert answer.code == 1
    assert "error RED050 pair:A-P1: alone (and 4 other shared risks) takes down app" in answer.out
    assert answer.out.count("  fix      provide 23 more cores") == 2
    assert "--group pair:A-P1" in answer.out.splitlines()[-1]
    data = run(weak, "--format", "json").data
    assert [f["code"] for f in data["findings"]] == ["RED050", "RED050"]
    assert all(f["fix_zh"] and f["message_zh"] for f in data["findings"])


def test_a_waiver_holds_until_its_day(weak: Path, tmp_path: Path) -> None:
    data = platform()
    record(data, "services", "app").update(demand={"measure": "cores", "amount": 60.0})
    data["waivers"] = [
        {
            "code": "RED050",
            "subject": "pair:*",
            "reason": "decided so",
            "by": "architect",
            "until": "2026-06-30",
        }
    ]
    folder = written(tmp_path / "p", data)
    assert run(folder, "--date", "2026-06-30").code == 0
    late = run(folder, "--date", "2026-07-01")
    assert late.code == 1 and "WVR001" in late.out


def test_everything_one_failure_does(sound: Path, tmp_path: Path) -> None:
    answer = run(sound, "--group", "site:A")
    assert answer.code == 0
    assert re.search(r"^any: 1 of \d+ shared risks", answer.out, re.M)
    assert re.search(r"^site:A: \d+ elements fail$", answer.out, re.M)
    assert re.search(r"^  down +no service$", answer.out, re.M)
    assert not (tmp_path / "build").exists(), "a filtered answer is only written where a folder is named"
    assert run(sound, "--group", "site:A", "--out", "here").code == 0
    assert (tmp_path / "here/simulate-order1.json").is_file()


def test_pairs(sound: Path) -> None:
    answer = run(sound, "--order", "2", "--kind", "site", "--kind", "pair")
    assert answer.code == 0
    assert "new losses: 4 pairs in 1 classes" in answer.out
    assert "lose         pair A-P1 | site A" in answer.out
    assert "and          pair B-P1 | site B" in answer.out
    data = run(sound, "--order", "2", "--format", "json").data
    assert data["order"] == 2 and {"services", "new_losses", "not_evaluated"} <= data.keys()


def test_cables(sound: Path, tmp_path: Path) -> None:
    answer = run(sound, "--cables")
    assert answer.code == 0
    assert re.search(r"^any: \d+ cables between \d+ devices and their users", answer.out, re.M)
    assert "alone: no cable cuts a device off" in answer.out
    assert "not evaluated:" in answer.out and "assumed:" in answer.out
    data = json.loads((tmp_path / "build/any/simulate-cables.json").read_text(encoding="utf-8"))
    assert data["alone"] == [] and all(cut["own"] for cut in data["pairs"])
    assert run(sound, "--cables", "--format", "json").data == data
    refused = run(sound, "--cables", "--order", "2")
    assert refused.code == 2 and "leave out" in refused.err


def test_cut_sets(sound: Path, tmp_path: Path) -> None:
    answer = run(sound, "--cuts", "--service", "store")
    assert answer.code == 0
    assert re.search(
        r"^store \(protected\): minimal cut sets: 0 alone, [\d,]+ pairs, [\d,]+ triples$", answer.out, re.M
    )
    data = run(sound, "--order", "3", "--format", "json").data
    assert [s["name"] for s in data["services"]] == ["app", "db", "store"]
    assert data["services"][0]["sets"].keys() == {"1", "2", "3"}
    assert json.loads((tmp_path / "build/any/simulate-cuts.json").read_text(encoding="utf-8")) == data


def test_every_cut_set_when_asked(sound: Path) -> None:
    (only,) = run(sound, "--cuts", "--service", "store", "--format", "json", "--all").data["services"]
    assert len(only["cut_sets"]) == sum(only["sets"].values()) == sum(c["sets"] for c in only["classes"])
    assert ["site:A", "site:B"] in only["cut_sets"]


def test_no_services_is_no_pass(tmp_path: Path) -> None:
    data = platform()
    for section in ("services", "replica_groups", "quorums"):
        data.pop(section)
    for fleet in data["fleets"]:
        fleet.pop("service", None)
    folder = written(tmp_path / "p", data)
    for arguments in ([], ["--order", "2"], ["--cuts"]):
        answer = run(folder, *arguments)
        assert answer.code == 0
        assert "nothing is said about services" in answer.out
        assert "services: none is declared: what users lose in a failure is not evaluated" in answer.out
        assert "nothing goes down" not in answer.out and "no pair takes" not in answer.out


def test_text_fits_a_hundred_columns(weak: Path) -> None:
    for arguments in (["--order", "1"], ["--order", "2"], ["--cuts"], ["--group", "site:A"]):
        lines = run(weak, *arguments).out.splitlines()
        shown = [n for n, line in enumerate(lines) if line.startswith(("not evaluated:", "assumed:"))]
        assert shown
        assert [line for line in lines[1 : shown[0]] if len(line) > 100] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--service", "ap"], "no service ap; did you mean app?"),
        (["--kind", "rak"], "no kind of shared risk rak; did you mean rack?"),
        (["--group", "rack:A01-A0"], "no shared risk rack:A01-A0; did you mean rack:A01-A0"),
        (["--engine", "dask"], "needs the address of a scheduler"),
        (["--scheduler", "tcp://127.0.0.1:9"], "add --engine dask"),
        (["--engine", "dask", "--scheduler", "tcp://127.0.0.1:9", "--cuts"], "no Dask scheduler answers"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else "",
)
def test_what_cannot_be_done_is_said(
    sound: Path, arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("capacity.engine.CONNECT_S", 1)
    answer = run(sound, *arguments)
    assert answer.code == 2 and answer.out == "" and message in answer.err


def test_no_plan_yet(tmp_path: Path) -> None:
    planned(tmp_path / "p", platform())
    answer = run(tmp_path / "p")
    assert answer.code == 2 and "run `rackwright plan` first" in answer.err
