"""Zones as graph and set questions: ways past a guard, single points, rules that can never decide.

Graphs are given as neighbours by node (`Mapping[str, Collection[str]]`; a networkx adjacency will do), `relays` are
the nodes that pass traffic on: all others only send and receive. Answers do not depend on the order of the input.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

Neighbours = Mapping[str, Collection[str]]
Range = tuple[int, int]
"""First and last value, both included."""


def unguarded_path(
    neighbours: Neighbours,
    outside: Collection[str],
    inside: Collection[str],
    guards: Collection[str],
    relays: Collection[str],
) -> tuple[str, ...] | None:
    """The shortest way from a node outside to a node inside that passes no guard; None when each way passes one.

    Removing the guards and searching is exact: a way without a guard exists if and only if inside is still reached.
    Among ways of one length the one that comes first in node order is given. Cost: one breadth-first search.
    """
    shut, pass_on, goals = set(guards), set(relays), set(inside) - set(guards)
    before: dict[str, str] = {}
    front = sorted(set(outside) - shut)
    seen = set(front)
    for node in front:
        if node in goals:
            return (node,)
    starts = set(front)
    while front:
        found: list[str] = []
        for node in front:
            if node not in starts and node not in pass_on:
                continue
            for near in sorted(neighbours.get(node, ())):
                if near in seen or near in shut:
                    continue
                seen.add(near)
                before[near] = node
                if near in goals:
                    return _back(before, near)
                found.append(near)
        front = found
    return None


def _back(before: Mapping[str, str], node: str) -> tuple[str, ...]:
    path = [node]
    while path[-1] in before:
        path.append(before[path[-1]])
    return tuple(reversed(path))


def single_points(
    neighbours: Neighbours, start: str, end: str, relays: Collection[str]
) -> tuple[str, ...] | None:
    """Nodes that every way from `start` to `end` passes, in the order they are passed; None when there is no way.

    A node that all ways pass lies on the first way found, so only the nodes of that way are tried, each by its
    removal. Two nodes of one link have no single point between them. Cost: one search per node of the way.
    """
    path = unguarded_path(neighbours, (start,), (end,), (), relays)
    if path is None:
        return None
    return tuple(
        node for node in path[1:-1] if unguarded_path(neighbours, (start,), (end,), (node,), relays) is None
    )


# ---------------------------------------------------------------- what a rule covers


@dataclass(frozen=True, slots=True)
class Box:
    """Everything whose first value lies in the first range, second in the second, and so on."""

    sides: tuple[Range, ...]

    def meets(self, other: Box) -> bool:
        """True when some point lies in both."""
        return all(a[0] <= b[1] and b[0] <= a[1] for a, b in zip(self.sides, other.sides, strict=True))

    def without(self, other: Box) -> list[Box]:
        """What is left of this box outside the other, in boxes that do not meet."""
        if not self.meets(other):
            return [self]
        left: list[Box] = []
        sides = list(self.sides)
        for i, ((low, high), (first, last)) in enumerate(zip(self.sides, other.sides, strict=True)):
            if low < first:
                left.append(Box((*sides[:i], (low, first - 1), *sides[i + 1 :])))
            if high > last:
                left.append(Box((*sides[:i], (last + 1, high), *sides[i + 1 :])))
            sides[i] = (max(low, first), min(high, last))
        return left


def uncovered(boxes: Iterable[Box], covers: Iterable[Box]) -> list[Box]:
    """What of `boxes` lies in none of `covers`; empty when they are covered whole, be it by several together."""
    left = list(boxes)
    for cover in covers:
        if not left:
            break
        left = [piece for box in left for piece in box.without(cover)]
    return left


def shadowing(rules: Sequence[Sequence[Box]], index: int) -> tuple[int, ...] | None:
    """Earlier rules that together leave nothing for rule `index` to decide; None when something is left.

    Rules are lists of boxes in the order of the table. The answer is irredundant: without any one of the rules
    named, something would be left. A rule without boxes covers nothing and is never shadowed.
    """
    mine = rules[index]
    if not mine:
        return None
    meeting = [i for i in range(index) if any(a.meets(b) for a in rules[i] for b in mine)]
    if uncovered(mine, (box for i in meeting for box in rules[i])):
        return None
    kept = list(meeting)
    for i in meeting:
        fewer = [k for k in kept if k != i]
        if not uncovered(mine, (box for k in fewer for box in rules[k])):
            kept = fewer
    return tuple(kept)


def merged(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """The same values in the fewest ranges, ascending."""
    out: list[Range] = []
    for low, high in sorted(ranges):
        if out and low <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(out[-1][1], high))
        else:
            out.append((low, high))
    return tuple(out)


PORTS: Range = (0, 65535)


def port_ranges(text: str) -> tuple[Range, ...]:
    """Ports of a rule (`443`, `22,443`, `8000-8099`, `any`) in ranges. Raises ValueError for a port above 65535
    or a range that runs backwards."""
    if text == "any":
        return (PORTS,)
    out: list[Range] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        low, high = int(first), int(last or first)
        if high > PORTS[1] or low > high:
            raise ValueError(part)
        out.append((low, high))
    return merged(out)
