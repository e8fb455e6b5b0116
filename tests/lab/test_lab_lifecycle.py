"""A lab leaves nothing behind, however it ends, and never touches another or the machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inventory.inventory import Inventory
from inventory.plan_model import Plan
from rackwright.lab.cleanup import remove
from rackwright.lab.shape import scaled_down, shape
from rackwright.lab.state import labs, load
from rackwright.lab.up import up
from tests.lab.labs import Lab, eventually, leftovers, machine_network

ROOT = Path(__file__).resolve().parents[2]
SLICE = ("-p", "guangxi", "--pair", "B-ASW-02", "--servers-per-pair", "1")


@pytest.fixture(autouse=True)
def nothing_stays(tmp_path: Path) -> Iterator[None]:
    """Take away the labs of a test that failed half-way."""
    yield
    for state in labs(tmp_path):
        if Path(state.folder).is_relative_to(tmp_path) and state.stage != "down":
            remove(state)


def command(*words: str) -> list[str]:
    """The command line as a person calls it."""
    return [sys.executable, "-m", "rackwright", "lab", *words]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """One verb, in a folder of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command(*words), cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )


def state_of(folder: Path, name: str) -> dict[str, Any]:
    """The state file, empty when there is none."""
    path = folder / "build/lab" / name / "state.json"
    return json.loads(path.read_text()) if path.exists() else {}


def test_up_and_down_leave_nothing_and_the_machine_as_it_was(capable: None, tmp_path: Path) -> None:
    before = machine_network()
    done = run(tmp_path, "up", *SLICE, "--name", "one")
    assert done.returncode == 0, done.stderr
    assert machine_network() == before
    state = state_of(tmp_path, "one")
    assert leftovers(state["id"], tmp_path / "build/lab/one"), (
        "what looks for leftovers sees a lab that stands"
    )
    assert run(tmp_path, "up", *SLICE, "--name", "one").returncode == 2, "a lab of this name is up"
    down = run(tmp_path, "down")
    assert down.returncode == 0, down.stderr
    assert "lab one is down" in down.stdout
    assert leftovers(state["id"], tmp_path / "build/lab/one") == []
    assert machine_network() == before
    again = run(tmp_path, "down", "--name", "one")
    assert again.returncode == 0
    assert "was down already" in again.stdout


MOMENTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "the state is written": lambda s: s,
    "namespaces come": lambda s: len(list(Path("/run/netns").glob(f"rw{s['id']}-*"))) > 3 if s else False,
    "processes start": lambda s: s.get("processes"),
    "switches are served": lambda s: any(p["what"] == "switches" for p in s.get("processes", ())),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_builder_killed_at_any_moment_leaves_what_down_removes(
    capable: None, tmp_path: Path, moment: str
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    builder = subprocess.Popen(
        command("up", *SLICE, "--name", "dead"), cwd=tmp_path, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while builder.poll() is None and not MOMENTS[moment](state_of(tmp_path, "dead")):
        time.sleep(0.002)
    builder.send_signal(signal.SIGKILL)
    builder.wait()
    state = state_of(tmp_path, "dead")
    listed = run(tmp_path, "list").stdout
    assert "crashed while building" in listed or state["stage"] == "up"
    done = run(tmp_path, "down", "--name", "dead")
    assert done.returncode == 0, done.stderr
    assert leftovers(state["id"], tmp_path / "build/lab/dead") == []


@pytest.mark.parametrize("seconds", [0.6, 1.1])
def test_a_fault_command_killed_half_way_is_healed_like_any_other(lab: Lab, seconds: float) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    words = command("fault", "kill", "B", "--name", lab.state.id)
    killed = subprocess.Popen(
        words, cwd=lab.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(seconds)
    killed.kill()
    killed.wait()
    done = run(lab.folder, "heal", "--name", lab.state.id)
    lab.state = load(lab.state.path)
    assert done.returncode == 0, done.stderr
    assert lab.state.faults == []
    assert eventually(lab.settled), lab.wrong()


def test_one_lab_goes_while_another_stands(lab: Lab, tmp_path: Path) -> None:
    inventory, plan = lab.inventory, lab.plan
    other = up(
        inventory,
        plan,
        shape(inventory, plan, pairs=["B-ASW-02"], servers_per_pair=1),
        name="other",
        folder=tmp_path / "other",
    )
    assert other.id != lab.state.id
    assert {other.id, lab.state.id} <= {s.id for s in labs(tmp_path)}
    remove(other)
    assert leftovers(other.id, tmp_path / "other") == []
    assert lab.settled(), "the other one's end does not show"


def test_down_works_when_switches_died_and_the_folder_is_gone(
    capable: None, guangxi: tuple[Inventory, Plan], tmp_path: Path
) -> None:
    inventory, plan = guangxi
    folder = tmp_path / "lost"
    small = shape(inventory, plan, pairs=["B-ASW-02"], servers_per_pair=1)
    state = up(inventory, plan, small, name="lost", folder=folder)
    os.kill(next(p.pid for p in state.processes if p.what == "switches"), signal.SIGKILL)
    folder.rename(tmp_path / "elsewhere")
    found = next(s for s in labs(tmp_path / "nothing") if s.id == state.id)
    assert found.stage == "lost"
    done = run(tmp_path, "down", "--name", state.id)
    assert done.returncode == 0, done.stderr
    assert eventually(lambda: leftovers(state.id, folder) == []), leftovers(state.id, folder)


def test_a_step_that_fails_takes_back_what_was_made(
    capable: None, guangxi: tuple[Inventory, Plan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import rackwright.lab.up as module

    def broken(*_: object) -> None:
        raise RuntimeError("no switches today")

    monkeypatch.setattr(module, "_switches", broken)
    inventory, plan = guangxi
    with pytest.raises(RuntimeError, match="no switches today"):
        up(
            inventory,
            plan,
            shape(inventory, plan, pairs=scaled_down(inventory, 1)[:1], servers_per_pair=1),
            name="x",
            folder=tmp_path,
        )
    state = load(tmp_path / "state.json")
    assert state.stage == "down"
    assert leftovers(state.id, tmp_path) == []


def test_without_root_it_says_what_is_missing(capable: None, tmp_path: Path) -> None:
    done = subprocess.run(
        ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *command("up", *SLICE)],
        cwd="/", env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    if "Permission denied" in done.stderr or "No module named" in done.stderr:
        pytest.skip("this checkout or its Python cannot be read by others")
    assert done.returncode == 2
    assert "root" in done.stderr
