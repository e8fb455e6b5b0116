"""Group commit: what many ask of one server at once is done in one go, and everybody gets an answer of his own.

While a commit runs, requests pile up; whoever comes next takes all of them along. So 500 reservations asked for at
once are a few rewrites of the server's configuration and not 500.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from stacks.provider.api import NoAnswerError, RefusedError
from stacks.provider.errors import ProviderError

QUIET_S, GATHER_MOST_S = 0.02, 0.5
"""The first of a group waits for company until nobody came for so long, and no longer than that."""
RIVALS = 5
"""So often a commit begins anew because somebody else wrote in between."""
TURN_S = 120.0
"""So long a process waits for another one on this machine that commits to the same server."""

S = TypeVar("S")


class MovedError(ProviderError):
    """Somebody else changed the server between looking and writing; nothing was written."""


class StandsError(ProviderError):
    """Something was written and could not be taken back; the message says what stands."""


class Store(Protocol[S]):
    """What a server holds, read and written as a whole."""

    def load(self) -> S:
        """What it holds now."""

    def save(self, base: S, draft: S) -> None:
        """Make `base` (as loaded) into `draft`, or leave it as it was. Raises RefusedError, MovedError, NoAnswerError or
        StandsError."""


@dataclass
class Job(Generic[S]):
    """One wish. `apply` changes the draft (a ProviderError from it is an error of this job alone) and says what its
    asker gets; `holds` looks whether a state has it."""

    apply: Callable[[S], Any]
    holds: Callable[[S], bool] = lambda _: True
    lacking: str = "it was written, and reading back shows something else: somebody else writes there as well"
    insist: bool = True
    """Have it saved even if there is nothing to change: a run that was killed may have saved half. False: only looks."""
    abandoned: threading.Event = field(default_factory=threading.Event)
    """Set when nobody waits for it any more: then it is not begun."""
    result: Any = None
    error: ProviderError | None = None
    done: bool = False


@dataclass
class Groups:
    """Commits under way, by server."""

    _waiting: dict[str, list[Job[Any]]] = field(default_factory=lambda: defaultdict(list))
    _turns: dict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def join(self, key: str, job: Job[S], store: Store[S]) -> Any:
        """Have a job done together with all others of the same key; what it gives. Raises its ProviderError."""
        with self._guard:
            self._waiting[key].append(job)
            turn = self._turns[key]
        with turn:
            if not job.done:
                group = self._gathered(key)
                try:
                    with alone(key):
                        commit(store, group)
                except ProviderError as error:
                    _end(group, error)
                finally:
                    for each in group:
                        each.done = True
        if job.error:
            raise job.error
        return job.result

    def _gathered(self, key: str) -> list[Job[Any]]:
        """Everybody who waits, once no more come."""
        end, seen = time.monotonic() + GATHER_MOST_S, 0
        while seen != len(self._waiting[key]) and time.monotonic() < end:
            seen = len(self._waiting[key])
            time.sleep(QUIET_S)
        with self._guard:
            return self._waiting.pop(key)


def commit(store: Store[S], jobs: Sequence[Job[S]]) -> None:
    """Do all jobs in one write; when the server refuses the lot, one by one, so that only the wrong ones fail."""
    for _ in range(RIVALS):
        base = store.load()
        draft = deepcopy(base)
        fit = [job for job in jobs if _applied(job, draft)]
        if draft == base and not any(job.insist for job in fit):
            return
        try:
            store.save(base, draft)
        except MovedError as error:
            moved = error
            continue
        except RefusedError as error:
            if len(fit) == 1:
                fit[0].error = error
            else:
                for job in fit:
                    _alone(store, job)
            return
        except NoAnswerError as error:
            _end([job for job in fit if not _held(store, job, error)], error)
            return
        now = store.load()
        _end([job for job in fit if not job.holds(now)], None)
        return
    _end(jobs, moved)


def _alone(store: Store[S], job: Job[S]) -> None:
    try:
        commit(store, [job])
    except ProviderError as error:
        job.error = error


def _applied(job: Job[S], draft: S) -> bool:
    job.error = None
    try:
        if job.abandoned.is_set():
            raise ProviderError("the engine no longer waits for an answer: not begun. Run it again")
        job.result = job.apply(draft)
    except ProviderError as error:
        job.error = error
        return False
    return True


def _held(store: Store[S], job: Job[S], error: ProviderError) -> bool:
    """Whether the server has it though its answer got lost. Raises NoAnswerError when that cannot be told."""
    try:
        return job.holds(store.load())
    except ProviderError as again:
        raise NoAnswerError(
            f"{error} Whether it was done is not known: {again} `pulumi refresh` will tell"
        ) from None


def _end(jobs: Sequence[Job[S]], error: ProviderError | None) -> None:
    for job in jobs:
        job.error = job.error or error or ProviderError(job.lacking)


@contextmanager
def alone(key: str) -> Iterator[None]:
    """No other provider of this user on this machine commits to the same server meanwhile. The lock goes with the
    process that holds it. Raises ProviderError when it is not to be had."""
    folder = Path(tempfile.gettempdir()) / f"rackwright-locks-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid() or folder.is_symlink():
        raise ProviderError(f"{folder} belongs to somebody else: set TMPDIR to a folder of your own")
    path = folder / hashlib.sha256(key.encode()).hexdigest()[:24]
    end = time.monotonic() + TURN_S
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise ProviderError(
                        f"another stack on this machine has been changing {key} for {TURN_S:g} s: wait for it, then run again"
                    ) from None
                time.sleep(0.02)
        yield
