"""Where heavy work runs: jobs over the cores of this machine, or over the workers of a Dask scheduler.

A job function is pure and its results come back in the order of the jobs, so that the engine never changes a byte.
What all jobs share (a compiled structure) is bound to the function with `functools.partial`: the function is
shipped once to every worker, the jobs one by one.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, Literal, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")
Progress = Callable[[int, int], None]
"""Called with the number of jobs done and of all jobs."""

CONNECT_S = 10
"""Seconds a scheduler is given to answer, and to show its first worker."""
QUIET_S = 30
"""Seconds without a result after which a cluster is asked whether it still has workers."""


class EngineError(RuntimeError):
    """The engine asked for cannot do the work; the message says what to mend."""


@dataclass(frozen=True, slots=True)
class Engine:
    """`local`: `workers` processes of this machine (None: one per core). `dask`: the scheduler at `scheduler`,
    e.g. `tcp://10.0.0.5:8786`, whose workers have the same version of Rackwright installed."""

    name: Literal["local", "dask"] = "local"
    scheduler: str | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        if self.name == "dask" and not self.scheduler:
            raise EngineError("the dask engine needs the address of a scheduler: --scheduler tcp://HOST:8786")
        if self.name == "local" and self.scheduler:
            raise EngineError("a scheduler is only used by the dask engine: add --engine dask")


LOCAL = Engine()
SERIAL = Engine(workers=1)
"""This process alone: for small work and for tests."""


def run_jobs(
    function: Callable[[Job], Result],
    jobs: Sequence[Job],
    engine: Engine = LOCAL,
    progress: Progress | None = None,
) -> list[Result]:
    """Results of `function(job)` in the order of `jobs`, whatever the engine.

    Parameters: `function` is picklable (a function of a module, or a partial of one) and pure; a job should take
    0.2 s or more on a cluster. Raises EngineError when the engine fails; what `function` raises comes through.
    Notes: one job, or one worker, runs in this process.
    """
    if engine.name == "dask":
        return _on_cluster(function, jobs, str(engine.scheduler), progress)
    workers = min(engine.workers or os.cpu_count() or 1, len(jobs))
    if workers <= 1:
        return [_told(function(job), n, len(jobs), progress) for n, job in enumerate(jobs, 1)]
    return _on_cores(function, jobs, workers, progress)


def _told(result: Result, done: int, total: int, progress: Progress | None) -> Result:
    if progress:
        progress(done, total)
    return result


# ---------------------------------------------------------------- this machine

_shipped: Callable[[Any], Any] | None = None
"""The function of this worker process."""


def _on_cores(
    function: Callable[[Job], Result], jobs: Sequence[Job], workers: int, progress: Progress | None
) -> list[Result]:
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(workers, initializer=_start_worker, initargs=(function,))
    try:
        futures = [pool.submit(_work, job) for job in jobs]
        return [_told(future.result(), n, len(jobs), progress) for n, future in enumerate(futures, 1)]
    except BrokenProcessPool as exc:
        raise EngineError(
            "a worker process ended before its work was done (out of memory?); run again with less at a time"
        ) from exc
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start_worker(function: Callable[[Any], Any]) -> None:
    """Keep the function; leave interrupts to the parent, and end when the parent is gone."""
    global _shipped
    _shipped = function
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(job: Any) -> Any:
    if _shipped is None:
        raise RuntimeError("worker without a function")
    return _shipped(job)


# ---------------------------------------------------------------- a cluster


def _on_cluster(
    function: Callable[[Job], Result], jobs: Sequence[Job], address: str, progress: Progress | None
) -> list[Result]:
    try:
        dask: Any = import_module("distributed")
    except ImportError as exc:
        raise EngineError(
            "the dask engine is an optional extra that is not installed: pip install 'rackwright[cluster]'"
        ) from exc
    try:
        client = dask.Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as exc:
        raise EngineError(f"no Dask scheduler answers at {address} within {CONNECT_S} s") from exc
    with client, client.as_current():
        try:
            client.wait_for_workers(1, timeout=CONNECT_S)
            return _gathered(dask, client, function, jobs, progress)
        except TimeoutError as exc:
            raise EngineError(f"the Dask scheduler at {address} has no workers") from exc
        except (dask.CancelledError, dask.KilledWorker, OSError) as exc:
            raise EngineError(f"the Dask cluster at {address} did not finish the work: {exc}") from exc
        except ModuleNotFoundError as exc:
            raise EngineError(
                f"the workers of {address} lack the module {exc.name}: install the same version of Rackwright there"
            ) from exc


def _gathered(
    dask: Any,
    client: Any,
    function: Callable[[Job], Result],
    jobs: Sequence[Job],
    progress: Progress | None,
) -> list[Result]:
    """Results in the order of the jobs. Raises TimeoutError when no worker is left."""
    shipped = client.scatter(pickle.dumps(function), broadcast=True)
    futures = [client.submit(_apply, shipped, pickle.dumps(job), pure=False) for job in jobs]
    waiting = set(futures)
    while waiting:
        try:
            waiting = set(dask.wait(waiting, timeout=QUIET_S, return_when="FIRST_COMPLETED").not_done)
        except TimeoutError:
            if not client.scheduler_info()["workers"]:
                raise
        if progress:
            progress(len(jobs) - len(waiting), len(jobs))
    return list(client.gather(futures))


def _apply(function: bytes, job: bytes) -> Any:
    """One job on a worker of a cluster; both parts pickled, so that Dask looks into neither."""
    return _unpacked(function)(pickle.loads(job))  # noqa: S301  (from our own client)


@lru_cache(maxsize=2)
def _unpacked(function: bytes) -> Callable[[Any], Any]:
    return pickle.loads(function)  # type: ignore[no-any-return]  # noqa: S301
