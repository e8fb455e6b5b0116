"""What puts back the changes of one push run, and only those: what was changed since stays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from topology.observe.remediation import Path, Remedy, Rules, is_fixed, is_managed, paths, remedy, text_of
from topology.observe.secrets import MASK


class UndoError(ValueError):
    """A run that cannot be put back as it is; the message says because of which lines."""


def undoing(rules: Rules, running: str, before: str, after: str, kept: str = "") -> tuple[Remedy, str]:
    """The commands that put back what changed from `before` to `after` in what is `running` now, and the
    configuration that runs then (keys masked).

    Lines the run added go, lines it took come back; the management address of a switch that had none stays. `kept`:
    what ran before with the keys as the switch shows them, used where it is the same as `before`. Raises UndoError
    when a line of the run was changed again since, when something stands below a section the run added, or when a
    line that would come back holds a key nobody has.
    """
    was, then, now = (paths(rules, text) for text in (before, after, running))
    changed, kept_in = added_by(rules, was, then)
    added = [p for p in changed if p in now]
    taken = [p for p in was if p not in then and p not in now]
    if clash := [*_changed_again(rules, was, then, now), *_stands_below(added, now, was)]:
        raise UndoError("since that run " + "; ".join(clash[:3]) + _more(clash))
    whole = paths(rules, kept)
    known = was | whole if not any(is_managed(rules, p) for p in was.keys() ^ whole.keys()) else was
    gone = set(added)
    stays = {p: now[p] for p in now if p not in gone}
    wanted = {p: stays.get(p) or known[p] for p in was if p in stays or p in set(taken)}
    wanted |= {p: own for p, own in stays.items() if p not in wanted}
    found = remedy(rules, running, text_of(wanted.values()), ours=gone)
    if hidden := [line for line in found.lines if MASK in line]:
        raise UndoError(f"the key of `{hidden[0]}` is not kept" + _more(hidden, 1))
    left = tuple(f"{p[0]} (the way in)" for p in kept_in if len(p) == 1)
    return replace(found, left=(*found.left, *left)), found.after


def added_by(
    rules: Rules, was: Mapping[Path, Path], then: Mapping[Path, Path]
) -> tuple[list[Path], list[Path]]:
    """Lines a run added that can be taken back, and those that are kept: the management address of a switch that had
    none before is the way in."""
    new = [p for p in then if p not in was and not is_fixed(rules, p)]
    if any(_is_way_in(rules, p) for p in was):
        return new, []
    return [p for p in new if not _is_way_in(rules, p)], [p for p in new if _is_way_in(rules, p)]


def _is_way_in(rules: Rules, path: Path) -> bool:
    return rules.way_in.fullmatch(" / ".join(path)) is not None and not is_fixed(rules, path)


def _changed_again(
    rules: Rules, was: dict[Path, Path], then: dict[Path, Path], now: dict[Path, Path]
) -> Iterator[str]:
    """Values the run set or took that are neither what it made of them nor what they were."""
    held = {slot: p for p in now if (slot := _slot(rules, p))}
    for path in [*(p for p in then if p not in was), *(p for p in was if p not in then)]:
        found = held.get(_slot(rules, path) or "")
        if found is not None and found not in then and found not in was:
            yield f"`{' / '.join(path)}` became `{found[-1]}`"


def _stands_below(added: list[Path], now: dict[Path, Path], was: dict[Path, Path]) -> Iterator[str]:
    """Lines that somebody put below what the run added and that would go with it."""
    heads = {p for p in added if p not in was}
    ours = set(added)
    for path in now:
        if path not in ours and path not in was and any(path[:n] in heads for n in range(1, len(path))):
            yield f"`{path[-1]}` came to stand below `{path[-2]}`"


def _slot(rules: Rules, path: Path) -> str | None:
    """What a line is the value of; None for a line of which there may be many."""
    text = " / ".join(path)
    return next((found[0] for pattern in rules.one_value if (found := re.match(pattern, text))), None)


def _more(rows: list[str], shown: int = 3) -> str:
    return f" and {len(rows) - shown} more" if len(rows) > shown else ""
