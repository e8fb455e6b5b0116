"""Even out the phases of a panel after racks are filled, without using a rack more or breaking a rule.

Racks of one panel hang on three phases; the packer does not see them. Here devices change places between a
rack of the heaviest phase and one of the lightest, as long as the imbalance falls (largest deviation from the
mean; the limits are `feed.phase_warn` and `feed.phase_err` of the policy).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from capacity.feeds import phase_imbalance
from capacity.placement_banks import splittable
from capacity.placement_model import Bin, Item, Problem, spread_cap

MOST_MOVES = 400
"""Most exchanges made for one panel."""


def even_phases(
    problem: Problem,
    assignment: Mapping[str, str],
    phase_of: Mapping[str, tuple[str, str]],
    good_enough: float,
) -> dict[str, str]:
    """`assignment` (item -> rack) with the phases evened out until their imbalance is `good_enough` (a ratio).

    `phase_of` gives (panel, phase) per rack; racks without an entry are left alone. Items that are fixed or
    have a single candidate stay. Deterministic: moves are taken in a fixed order, best first.
    """
    state = _State(problem, assignment)
    panels: dict[str, dict[str, list[str]]] = {}
    for rack in sorted(state.bins):
        if rack in phase_of:
            panel, phase = phase_of[rack]
            panels.setdefault(panel, {}).setdefault(phase, []).append(rack)
    for phases in panels.values():
        if len(phases) > 1:
            _even(state, phases, good_enough)
    return dict(sorted(state.rack_of.items()))


def _even(state: _State, phases: Mapping[str, list[str]], good_enough: float) -> None:
    for _ in range(MOST_MOVES):
        loads = {phase: sum(state.alloc(rack) for rack in racks) for phase, racks in phases.items()}
        imbalance = phase_imbalance(loads.values())
        if imbalance is None or imbalance <= good_enough:
            return
        order = sorted(loads, key=lambda p: (loads[p], p))
        done = any(
            _exchange(state, phases[heavy], phases[light], (loads[heavy] - loads[light]) / 2)
            for heavy, light in ((order[-1], order[0]), (order[-1], order[1]), (order[-2], order[0]))
            if loads[heavy] > loads[light]
        )
        if not done:
            return


def _exchange(state: _State, heavy: list[str], light: list[str], wanted_w: float) -> bool:
    """Make the one exchange that moves closest to `wanted_w` from a heavy rack to a light one; False: none helps.

    Emptying a rack into an unused one comes last: it takes servers away from their switches."""
    options = [
        (not state.count(b), abs(moved - wanted_w), a, b, there, back)
        for moved, a, b, there, back in _options(state, heavy, light)
        if 0 < moved < 2 * wanted_w
    ]
    options.sort(key=lambda o: (*o[:4], [i.name for i in o[4]], [i.name for i in o[5]]))
    return any(state.swap(a, b, there, back) for _, _, a, b, there, back in options)


def _options(
    state: _State, heavy: list[str], light: list[str]
) -> Iterator[tuple[int, str, str, tuple[Item, ...], tuple[Item, ...]]]:
    """Exchanges of one device, of one for another, and of whole racks: (watts moved, from, to, there, back)."""
    for a in heavy:
        ours = state.movable(a)
        kinds_a = {(i.alloc_w, i.groups, i.candidates): i for i in reversed(ours)}
        for b in light:
            theirs = state.movable(b)
            if ours:
                moved = sum(i.alloc_w for i in ours) - sum(i.alloc_w for i in theirs)
                yield moved, a, b, tuple(ours), tuple(theirs)
            if not state.count(b):
                continue
            kinds_b = {(i.alloc_w, i.groups, i.candidates): i for i in reversed(theirs)}
            for mine in kinds_a.values():
                yield mine.alloc_w, a, b, (mine,), ()
                for other in kinds_b.values():
                    yield mine.alloc_w - other.alloc_w, a, b, (mine,), (other,)


class _State:
    """Which item stands where, with what every rack holds, while items change places."""

    def __init__(self, problem: Problem, assignment: Mapping[str, str]) -> None:
        self.bins: dict[str, Bin] = {b.name: b for b in problem.bins}
        self.items = {i.name: i for i in problem.items}
        self.every = problem.manager_every
        self.rack_of = {name: rack for name, rack in assignment.items() if name in self.items}
        self.held: dict[str, dict[str, Item]] = {b.name: {} for b in problem.bins}
        for name in sorted(self.rack_of):
            self.held[self.rack_of[name]][name] = self.items[name]
        members = Counter(g for i in problem.items for g in i.groups)
        self.caps = {g.name: spread_cap(g, members[g.name]) for g in problem.groups}
        self.min_bins = {g.name: g.min_bins for g in problem.groups}
        self.racks_of_group: dict[str, Counter[str]] = {g.name: Counter() for g in problem.groups}
        for name, rack in self.rack_of.items():
            for group in self.items[name].groups:
                self.racks_of_group[group][rack] += 1

    def alloc(self, rack: str) -> int:
        """Allocated watts of a rack."""
        return sum(i.alloc_w for i in self.held[rack].values())

    def count(self, rack: str) -> int:
        """Devices in a rack."""
        return len(self.held[rack])

    def movable(self, rack: str) -> list[Item]:
        """Items of a rack that may leave it, by name."""
        return [i for _, i in sorted(self.held[rack].items()) if i.fixed is None and len(i.candidates) > 1]

    def swap(self, a: str, b: str, there: tuple[Item, ...], back: tuple[Item, ...]) -> bool:
        """Move `there` from rack a to b and `back` from b to a when every rule still holds; else change nothing."""
        if any(b not in i.candidates for i in there) or any(a not in i.candidates for i in back):
            return False
        opened_before = bool(self.held[a]) + bool(self.held[b])
        self._move(there, a, b)
        self._move(back, b, a)
        groups = {g for i in (*there, *back) for g in i.groups}
        fine = (
            self._fits(a)
            and self._fits(b)
            and bool(self.held[a]) + bool(self.held[b]) <= opened_before
            and all(self._spread_holds(g, a, b) for g in groups)
        )
        if not fine:
            self._move(there, b, a)
            self._move(back, a, b)
        return fine

    def _move(self, items: tuple[Item, ...], source: str, target: str) -> None:
        for item in items:
            del self.held[source][item.name]
            self.held[target][item.name] = item
            self.rack_of[item.name] = target
            for group in item.groups:
                counts = self.racks_of_group[group]
                counts[source] -= 1
                if not counts[source]:
                    del counts[source]
                counts[target] += 1

    def _fits(self, rack: str) -> bool:
        limits, items = self.bins[rack], self.held[rack].values()
        high = [i for i in items if i.height_u]
        height = sum(i.height_u for i in high) + (-(-len(high) // self.every) if self.every else 0)
        return (
            sum(i.alloc_w for i in items) <= limits.alloc_cap_w
            and sum(i.peak_w for i in items) <= limits.peak_cap_w
            and height <= limits.height_cap_u
            and sum(i.weight_kg for i in items) <= limits.weight_cap_kg
            and all(i.depth_mm <= limits.depth_mm for i in items if i.fixed is None)
            and (
                not limits.bank_caps_w
                or splittable(tuple(sorted(i.peak_w for i in items)), limits.bank_caps_w)
            )
        )

    def _spread_holds(self, group: str, a: str, b: str) -> bool:
        counts = self.racks_of_group[group]
        cap = self.caps[group]
        return counts[a] <= cap and counts[b] <= cap and len(counts) >= self.min_bins[group]
