"""Closed forms of availability, and causes: what fails by itself, what it takes down, and how soon it is mended.

Unavailability q is computed with, never 1 - q: nine digits of a nine-nines figure would be lost otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HOURS_A_YEAR = 8760
MINUTES_A_YEAR = 60 * HOURS_A_YEAR


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of failure, independent of all others: while it lasts, every leaf of `leaves` is failed.

    key: the element that fails, or `common:<group>` for what takes a whole group. kind: whose figures they are.
    mtbf_h, mttr_h: mean hours from repair to failure (exponential) and from failure to repair (lognormal with
    `sigma`, mean kept; sigma 0: always mttr_h). A share `no_spare` of the repairs waits `spare_wait_h` longer.
    A cause `on_demand_of` another has no time of its own: with chance `p_demand` it fails at each failure of the
    other and lasts as long as that one does (mtbf_h and mttr_h are not read).
    """

    key: str
    kind: str
    leaves: tuple[str, ...]
    mtbf_h: float = math.inf
    mttr_h: float = 0.0
    sigma: float = 0.0
    no_spare: float = 0.0
    spare_wait_h: float = 0.0
    on_demand_of: str = ""
    p_demand: float = 0.0

    @property
    def down_h(self) -> float:
        """Mean hours of one outage, waiting for spares included."""
        return self.mttr_h + self.no_spare * self.spare_wait_h

    @property
    def unavailability(self) -> float:
        """Share of the time it lasts; of a cause on demand, the share of the time of its demand."""
        return self.p_demand if self.on_demand_of else unavailability(self.mtbf_h, self.down_h)

    @property
    def failures_per_h(self) -> float:
        """How often it begins; 0 for a cause on demand, whose demands are counted with the other."""
        return 0.0 if self.on_demand_of or math.isinf(self.mtbf_h) else 1 / (self.mtbf_h + self.down_h)


def unavailability(mtbf_h: float, mttr_h: float) -> float:
    """MTTR / (MTBF + MTTR)."""
    return 0.0 if math.isinf(mtbf_h) else mttr_h / (mtbf_h + mttr_h)


def availability(mtbf_h: float, mttr_h: float) -> float:
    """MTBF / (MTBF + MTTR)."""
    return 1 - unavailability(mtbf_h, mttr_h)


def mtbf_of(q: float, mttr_h: float) -> float:
    """The MTBF in hours that gives unavailability q at this MTTR."""
    return mttr_h * (1 - q) / q if q else math.inf


def annual_failure_rate(mtbf_h: float) -> float:
    """Chance that one unit fails within a year: 1 - exp(-8760/MTBF)."""
    return -math.expm1(-HOURS_A_YEAR / mtbf_h)


def failures_per_year(units: float, mtbf_h: float) -> float:
    """Expected failures a year of so many units that are replaced when they fail: units * 8760 / MTBF."""
    return units * HOURS_A_YEAR / mtbf_h


def series_unavailability(q: Iterable[float]) -> float:
    """Unavailability of what needs every one of its parts: 1 - product of (1 - q), without cancellation."""
    total = 0.0
    for each in q:
        if each >= 1:
            return 1.0
        total += math.log1p(-each)
    return -math.expm1(total)


def parallel_unavailability(q: Iterable[float]) -> float:
    """Unavailability of what needs any one of its parts: product of q."""
    return math.prod(q)


def k_of_n_unavailability(k: int, q: Sequence[float]) -> float:
    """Unavailability of what needs k of its parts, which need not be alike: chance that more than n - k are down.

    Source: the recursion over parts (Barlow and Heidtmann 1984); only sums of products, so no digit is lost.
    """
    if k <= 0:
        return 0.0
    if k > len(q):
        return 1.0
    spare = len(q) - k
    down = [1.0, *([0.0] * spare)]  # chance of exactly j parts down so far, j <= spare
    lost = 0.0
    for each in q:
        lost += down[spare] * each
        for j in range(spare, 0, -1):
            down[j] = down[j] * (1 - each) + down[j - 1] * each
        down[0] *= 1 - each
    return lost


def pair_unavailability(q: float, beta: float) -> float:
    """Unavailability of a pair of like parts with a common cause: (1-beta)^2 q^2 + beta q.

    The two ways to lose the pair are added, as the published form does; taken as independent causes in one model
    they give this less their product.
    """
    return (1 - beta) ** 2 * q**2 + beta * q


def split(cause: Cause, beta: float) -> Cause:
    """The own part of a cause whose share `beta` of unavailability is common to its group."""
    return _scaled(cause, cause.key, cause.leaves, 1 - beta)


def common(group: str, members: Sequence[Cause], beta: float) -> Cause:
    """What takes all of `members` at once: share `beta` of the unavailability of the one that fails most."""
    worst = max(members, key=lambda c: (c.unavailability, c.key))
    leaves = tuple(sorted({leaf for c in members for leaf in c.leaves}))
    return _scaled(worst, f"common:{group}", leaves, beta)


def _scaled(cause: Cause, key: str, leaves: tuple[str, ...], factor: float) -> Cause:
    q = cause.unavailability * factor
    return Cause(
        key,
        cause.kind,
        leaves,
        math.inf if cause.on_demand_of else mtbf_of(q, cause.down_h),
        cause.mttr_h,
        cause.sigma,
        cause.no_spare,
        cause.spare_wait_h,
        cause.on_demand_of,
        cause.p_demand * factor,
    )
