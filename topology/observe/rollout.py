"""Many switches at once, never both members of a pair: the second begins when the first is known to be well.

A run goes batch by batch; it ends with the first that somebody has to look at, or where nobody lets it go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from topology.batches import Batch
from topology.observe.push_result import PushResult

STOPPED = "the run was stopped by hand"


def staged(
    batches: Sequence[Batch], push_batch: Callable[[Batch], list[PushResult]], release: Callable[[Batch, Batch], str],
    halted: Callable[[], str] = lambda: "",
) -> list[PushResult]:  # fmt: skip
    """Results of batches in order. After each, `halted()` says why the run ends there; after one with `hold`,
    `release(batch, next)` says why not to go on; nothing: go on. What is not begun says so."""
    out: list[PushResult] = []
    stopped = ""
    for batch, after in zip(batches, [*batches[1:], None], strict=True):
        if stopped:
            out += [PushResult(host, "not begun", stopped) for host in batch.hosts]
            continue
        found = push_batch(batch)
        out += found
        if bad := next((r for r in found if not r.good), None):
            stopped = f"{bad.host} in batch {batch.number} ({batch.step}) ended as {bad.outcome}"
        elif why := halted():
            stopped = why
        elif batch.hold and after is not None:
            stopped = release(batch, after)
    return out


def rollout(
    hosts: Sequence[str], pair_of: Mapping[str, str], push_one: Callable[[str], PushResult], *, workers: int = 20,
    done: Callable[[PushResult], None] = lambda _: None, interrupted: Callable[[], None] = lambda: None,
) -> list[PushResult]:  # fmt: skip
    """Results in the order of `hosts`. Members of a pair (`pair_of`) run one after the other, the next only when
    the last ended well; otherwise it is left alone and says so. One switch never stops those of other pairs.
    `done` is told every result in this thread as it comes. Ctrl-C begins no further switch and waits for those under
    way (`interrupted` is called); a second one is raised."""
    queues: dict[str, list[str]] = {}
    for host in hosts:
        queues.setdefault(pair_of.get(host, host), []).append(host)
    results: dict[str, PushResult] = {}

    def note(result: PushResult) -> None:
        results[result.host] = result
        done(result)

    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(queues)))) as pool:
        running: dict[Future[PushResult], tuple[str, str]] = {}

        def start(key: str) -> None:
            if queues[key]:
                host = queues[key].pop(0)
                running[pool.submit(push_one, host)] = (key, host)

        stopped = False
        for key in queues:
            start(key)
        while running:
            try:
                finished = wait(running, return_when=FIRST_COMPLETED).done
            except KeyboardInterrupt:
                if stopped:
                    raise
                stopped = True
                interrupted()
                for key in queues:
                    for host in queues[key]:
                        note(PushResult(host, "not begun", STOPPED))
                    queues[key] = []
                continue
            for future in finished:
                key, host = running.pop(future)
                error = future.exception()
                result = (
                    PushResult(host, "unknown", f"{type(error).__name__}: {error}")
                    if error
                    else future.result()
                )
                note(result)
                if not result.good:
                    for other in queues[key]:
                        text = f"{host} of the same pair ended as {result.outcome}"
                        note(PushResult(other, "not begun", text))
                    queues[key] = []
                start(key)
    return [results[host] for host in hosts]
