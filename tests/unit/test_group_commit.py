"""Many wishes, one write: what a group commit promises, on a store of a few lines."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from stacks.provider.api import NoAnswerError, RefusedError
from stacks.provider.errors import ProviderError
from stacks.provider.groups import RIVALS, Groups, Job, MovedError, StandsError, commit
from topology.observe.session import wait_until

Held = dict[str, int]


@dataclass
class Shelf:
    """A server that keeps names with a number. It refuses negative ones; `first` is done before each save."""

    held: Held = field(default_factory=dict)
    saves: list[Held] = field(default_factory=list)
    first: list[Callable[[], None]] = field(default_factory=list)
    lost: int = 0
    """So many answers to a save get lost, after it was done (2 and more) or before it was (1)."""
    stuck: bool = False

    def load(self) -> Held:
        return dict(self.held)

    def save(self, base: Held, draft: Held) -> None:
        if self.first:
            self.first.pop(0)()
        if any(value < 0 for value in draft.values()):
            raise RefusedError("negative")
        if self.held != base:
            raise MovedError("somebody wrote")
        if self.stuck:
            raise StandsError("half of it stands")
        self.saves.append(dict(draft))
        if self.lost != 1:
            self.held = dict(draft)
        if self.lost:
            raise NoAnswerError("silence")


def put(name: str, value: int) -> Job[Held]:
    def apply(held: Held) -> str:
        if held.get(name, value) != value:
            raise ProviderError(f"{name} is taken")
        held[name] = value
        return f"{name}={value}"

    return Job(apply, lambda held: held.get(name) == value)


def said(jobs: list[Job[Held]]) -> list[str]:
    return [str(job.error or "") for job in jobs]


def test_all_in_one_write_and_everybody_gets_an_answer() -> None:
    shelf, jobs = Shelf(), [put("a", 1), put("b", 2)]
    commit(shelf, jobs)
    assert (shelf.saves, [j.result for j in jobs]) == ([{"a": 1, "b": 2}], ["a=1", "b=2"])


def test_a_wish_that_cannot_be_fails_alone_whoever_says_so() -> None:
    shelf, jobs = Shelf({"a": 9}), [put("a", 1), put("b", 2), put("c", -1), put("d", 4)]
    commit(shelf, jobs)
    assert said(jobs) == ["a is taken", "", "negative", ""]
    assert shelf.held == {"a": 9, "b": 2, "d": 4}


def test_the_second_of_two_that_want_the_same_hears_of_it() -> None:
    shelf, jobs = Shelf(), [put("a", 1), put("a", 2)]
    commit(shelf, jobs)
    assert (said(jobs), shelf.held) == (["", "a is taken"], {"a": 1})


def test_looking_alone_writes_nothing_and_insisting_does() -> None:
    shelf = Shelf({"a": 1})
    commit(shelf, [Job(lambda held: held["a"], insist=False)])
    assert shelf.saves == []
    commit(shelf, [put("a", 1)])
    assert shelf.saves == [{"a": 1}]


def test_somebody_who_writes_in_between_keeps_what_he_wrote() -> None:
    shelf = Shelf()
    shelf.first = [lambda: shelf.held.update(x=7)]
    commit(shelf, [put("a", 1)])
    assert shelf.held == {"x": 7, "a": 1}


def test_somebody_who_writes_all_the_time_is_named_in_the_end() -> None:
    shelf, job = Shelf(), put("a", 1)
    shelf.first = [lambda n=n: shelf.held.update(x=n) for n in range(RIVALS)]  # type: ignore[misc]
    commit(shelf, [job])
    assert (said([job]), "a" in shelf.held) == (["somebody wrote"], False)


@pytest.mark.parametrize(("lost", "error"), [(1, "silence"), (2, "")])
def test_an_answer_that_got_lost_is_looked_after(lost: int, error: str) -> None:
    job = put("a", 1)
    commit(Shelf(lost=lost), [job])
    assert said([job]) == [error]


def test_what_is_gone_again_right_after_it_was_written_is_an_error() -> None:
    class Thief(Shelf):
        def save(self, base: Held, draft: Held) -> None:
            super().save(base, draft)
            self.held.pop("a")

    jobs = [put("a", 1), put("b", 2)]
    commit(Thief(), jobs)
    assert ["somebody else writes there" in text for text in said(jobs)] == [True, False]


def test_everybody_hears_of_what_stands_half_done() -> None:
    groups, shelf = Groups(), Shelf(stuck=True)
    with pytest.raises(StandsError):
        groups.join("shelf", put("a", 1), shelf)
    shelf.stuck = False
    assert groups.join("shelf", put("a", 1), shelf) == "a=1", "and the next is served"


def test_whom_nobody_waits_for_is_not_begun() -> None:
    shelf, job = Shelf(), put("a", 1)
    job.abandoned.set()
    commit(shelf, [job])
    assert ("no longer waits" in said([job])[0], shelf.held) == (True, {})


def test_who_comes_while_a_commit_runs_goes_in_the_next_all_together() -> None:
    entered, go = threading.Event(), threading.Event()
    shelf = Shelf()

    def slow() -> None:
        entered.set()
        assert go.wait(20)

    shelf.first = [slow]
    groups = Groups()
    with ThreadPoolExecutor(21) as pool:
        first = pool.submit(groups.join, "shelf", put("first", 0), shelf)
        assert entered.wait(20)
        rest = [pool.submit(groups.join, "shelf", put(f"n{n}", n), shelf) for n in range(20)]
        assert wait_until(lambda: len(groups._waiting["shelf"]) == 20, 20, 0.01)
        go.set()
        assert [f.result() for f in (first, *rest)] == ["first=0", *(f"n{n}={n}" for n in range(20))]
    assert [len(held) for held in shelf.saves] == [1, 21]


def test_servers_do_not_wait_for_each_other() -> None:
    go, groups, slow = threading.Event(), Groups(), Shelf()
    slow.first = [lambda: assert_(go.wait(20))]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(groups.join, "slow", put("a", 1), slow)
        assert groups.join("fast", put("a", 1), Shelf()) == "a=1"
        go.set()
        assert waiting.result() == "a=1"


def assert_(held: bool) -> None:
    assert held
