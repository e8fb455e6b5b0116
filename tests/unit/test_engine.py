"""The engine: results in the order of the jobs, the same bytes on this machine and on a Dask cluster, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from capacity.cut_sets import cut_sets
from capacity.engine import LOCAL, SERIAL, Engine, EngineError, run_jobs
from capacity.survival import structure
from capacity.sweep import sweep
from inventory.load import PROJECTS, load
from inventory.plan_store import load_plan
from topology.graph import layers as planned_layers
from topology.risk import shared_risks

ROOT = Path(__file__).resolve().parents[2]
CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()  # ends when whoever started this is gone
"""


def scaled(factor: int, job: int) -> tuple[int, int]:
    return job, factor * job


def fails(job: int) -> int:
    raise ValueError(f"job {job}")


def own_pid(job: int) -> int:
    time.sleep(0.05)
    return os.getpid()


def ends(job: int) -> int:
    os._exit(3)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Address of a scheduler with two worker processes on loopback, and the process that keeps them."""
    script = tmp_path_factory.mktemp("cluster") / "keep_cluster.py"
    script.write_text(CLUSTER, encoding="utf-8")
    keeper = subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}"},
    )  # fmt: skip
    assert keeper.stdin and keeper.stdout
    try:
        yield keeper.stdout.readline().strip(), keeper
    finally:
        keeper.stdin.close()
        try:
            keeper.wait(60)
        finally:
            keeper.kill()


def test_results_come_in_the_order_of_the_jobs() -> None:
    jobs = list(range(20))
    assert run_jobs(partial(scaled, 3), jobs, SERIAL) == [(n, 3 * n) for n in jobs]
    assert run_jobs(partial(scaled, 3), jobs, Engine(workers=2)) == [(n, 3 * n) for n in jobs]
    assert run_jobs(partial(scaled, 3), [], LOCAL) == []


def test_progress_counts_to_the_end() -> None:
    seen: list[tuple[int, int]] = []
    for engine in (SERIAL, Engine(workers=2)):
        seen.clear()
        run_jobs(partial(scaled, 1), [1, 2, 3], engine, lambda done, total: seen.append((done, total)))
        assert seen == [(1, 3), (2, 3), (3, 3)]


def test_what_a_job_raises_comes_through() -> None:
    with pytest.raises(ValueError, match="job 1"):
        run_jobs(fails, [1, 2], Engine(workers=2))


def test_a_dead_worker_is_an_engine_error() -> None:
    with pytest.raises(EngineError, match="worker process ended"):
        run_jobs(ends, [1, 2], Engine(workers=2))


def test_no_worker_outlives_its_work() -> None:
    pids = set(run_jobs(own_pid, list(range(8)), Engine(workers=2)))
    assert os.getpid() not in pids
    assert gone(pids)


def test_local_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import os, sys, time\nfrom capacity.engine import Engine, run_jobs\n"
        "def work(job):\n    os.write(1, b'%d\\n' % os.getpid())\n    time.sleep(600)\n"
        "if __name__ == '__main__':\n    run_jobs(work, [1, 2], Engine(workers=2))\n",
        encoding="utf-8",
    )
    parent = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert parent.stdout
    pids = {int(parent.stdout.readline()) for _ in range(2)}
    parent.send_signal(signal.SIGKILL)
    parent.wait(60)
    assert gone(pids)


def test_two_workers_on_loopback_give_the_same_results(cluster: tuple[str, subprocess.Popen[str]]) -> None:
    address, _ = cluster
    jobs = list(range(12))
    seen: list[tuple[int, int]] = []
    dask = Engine("dask", address)
    got = run_jobs(partial(pow, 7), jobs, dask, lambda done, total: seen.append((done, total)))
    assert got == run_jobs(partial(pow, 7), jobs, SERIAL)
    assert seen[-1] == (12, 12)
    with pytest.raises(ZeroDivisionError):
        run_jobs(partial(divmod, 1), [0], dask)


def test_a_sweep_and_cut_sets_of_guangxi_are_the_same_bytes_on_a_cluster(
    cluster: tuple[str, subprocess.Popen[str]],
) -> None:
    inventory, plan = load(PROJECTS / "guangxi").inventory, load_plan(PROJECTS / "guangxi").plan
    assert inventory and plan
    layers = planned_layers(inventory, plan)
    risks = shared_risks(inventory, layers)
    whole = structure(inventory, layers)
    names = ["bigdata-realtime", "data-integration", "operations"]
    answers = []
    for engine in (Engine(workers=2), Engine("dask", cluster[0])):
        pairs = sweep(inventory, layers, risks, 2, engine)
        cuts = run_jobs(partial(cut_sets, whole, risks), names, engine)
        answers.append(json.dumps([pairs.to_dict(), [c.expanded() for c in cuts]]))
    assert answers[0] == answers[1]


def test_cluster_workers_end_when_their_keeper_is_killed(
    cluster: tuple[str, subprocess.Popen[str]],
) -> None:
    address, keeper = cluster
    dask: Any = import_module("distributed")
    with dask.Client(address, set_as_default=False) as client:
        pids = set(client.run(os.getpid).values())
    assert len(pids) == 2
    keeper.send_signal(signal.SIGKILL)
    keeper.wait(60)
    assert gone(pids)


def test_no_scheduler_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capacity.engine.CONNECT_S", 1)
    with pytest.raises(EngineError, match="no Dask scheduler answers at tcp"):
        run_jobs(abs, [1], Engine("dask", "tcp://127.0.0.1:9"))
    with pytest.raises(EngineError, match="no Dask scheduler answers at nonsense"):
        run_jobs(abs, [1], Engine("dask", "nonsense://127.0.0.1"))


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EngineError, match=r"rackwright\[cluster\]"):
        run_jobs(abs, [1], Engine("dask", "tcp://127.0.0.1:9"))


@pytest.mark.parametrize(
    "make", [lambda: Engine("dask"), lambda: Engine("local", "tcp://127.0.0.1:9")], ids=["dask", "local"]
)
def test_engine_and_scheduler_belong_together(make: Callable[[], Engine]) -> None:
    with pytest.raises(EngineError):
        make()


def gone(pids: set[int]) -> bool:
    """True when every process ends within a minute (waiting, not measuring)."""
    for _ in range(600):
        if not any(alive(pid) for pid in pids):
            return True
        time.sleep(0.1)
    return False


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
