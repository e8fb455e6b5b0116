"""Intervals for what a simulation counts: gamma and Poisson quantiles, sums of weighted rare events, shares.

Standard library only; every function is deterministic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_EPS = 1e-13
_LARGE_SHAPE = 10_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval, `low` <= `value` <= `high`. `value` is None when nothing was seen: `high` is then
    a one-sided upper bound, and zero is not the answer."""

    value: float | None
    low: float
    high: float

    def times(self, factor: float) -> Estimate:
        """The same figure in another unit."""
        value = None if self.value is None else self.value * factor
        return Estimate(value, self.low * factor, self.high * factor)


def gamma_p(shape: float, x: float) -> float:
    """Regularised lower incomplete gamma function P(shape, x): by its series below, by a continued fraction above.

    Source: Abramowitz and Stegun 6.5.29 and 6.5.31 (the latter evaluated by the method of Lentz).
    """
    if x <= 0:
        return 0.0
    front = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        term = total = 1 / shape
        n = shape
        while abs(term) > abs(total) * _EPS:
            n += 1
            term *= x / n
            total += term
        return min(1.0, front * total)
    tiny = 1e-300
    b = x + 1 - shape
    c = 1 / tiny
    d = 1 / b
    fraction = d
    for i in range(1, 10_000):
        a = -i * (i - shape)
        b += 2
        d = 1 / _off_zero(a * d + b, tiny)
        c = _off_zero(b + a / c, tiny)
        fraction *= d * c
        if abs(d * c - 1) < _EPS:
            break
    return max(0.0, 1 - front * fraction)


def gamma_quantile(shape: float, p: float) -> float:
    """The x at which `gamma_p(shape, x)` is p, for 0 <= p < 1: by bisection, for large shapes by the cube root
    approximation of Wilson and Hilferty (1931), better than 1e-6 there."""
    if p <= 0:
        return 0.0
    if shape > _LARGE_SHAPE:
        return shape * (1 - 1 / (9 * shape) + normal_quantile(p) / (3 * math.sqrt(shape))) ** 3
    low, high = 0.0, max(1.0, shape)
    while gamma_p(shape, high) < p:
        low, high = high, 2 * high
    for _ in range(1100):  # to the smallest number there is
        middle = (low + high) / 2
        if high - low <= 1e-12 * high:
            break
        low, high = (middle, high) if gamma_p(shape, middle) < p else (low, middle)
    return (low + high) / 2


def normal_quantile(p: float) -> float:
    """The z below which a standard normal value lies with chance p."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(p)


def poisson_quantile(mean: float, p: float) -> int:
    """Least n such that a Poisson count of this mean is <= n with chance p: how many spares last with chance p."""
    if mean <= 0:
        return 0
    n = max(0, int(mean + normal_quantile(p) * math.sqrt(mean)) - 3)
    while n > 0 and 1 - gamma_p(n, mean) >= p:  # P(count <= n-1) = 1 - P(n, mean)
        n -= 1
    while 1 - gamma_p(n + 1, mean) < p:
        n += 1
    return n


def weighted_sum(
    total: float, squares: float, largest: float, level: float = 0.95, *, count: int | None = None
) -> Estimate:
    """Interval of the mean of a sum of weights of rare independent events, from what was seen of it once.

    total, squares, largest: sum, sum of squares and largest of the weights (downtime of one outage, its weight
    under importance sampling, or 1 for a plain count). When nothing was seen (`count` 0 or `total` 0), `largest` is
    the weight that one event would have, and the result is the one-sided upper bound largest * -ln(1 - level).
    Source: Fay and Feuer, Statistics in Medicine 16 (1997) 791-801; for a plain count this is the exact Poisson
    interval of Garwood (1936).
    """
    if total <= 0 or count == 0:
        return Estimate(None, 0.0, -math.log(1 - level) * largest)
    tail = (1 - level) / 2
    low_shape = total * total / squares
    low = squares / total * gamma_quantile(low_shape, tail)
    more, spread = total + largest, squares + largest * largest
    high = spread / more * gamma_quantile(more * more / spread, 1 - tail)
    return Estimate(total, min(low, total), max(high, total))


def share(part: float, total: float, effective: float, level: float = 0.95) -> Estimate:
    """Interval of the share part/total seen in `effective` independent events (Wilson 1927)."""
    if total <= 0 or effective <= 0:
        return Estimate(None, 0.0, 1.0)
    p = min(1.0, part / total)
    z = normal_quantile(0.5 + level / 2)
    scale = 1 + z * z / effective
    middle = (p + z * z / (2 * effective)) / scale
    half = z / scale * math.sqrt(p * (1 - p) / effective + z * z / (4 * effective * effective))
    return Estimate(p, max(0.0, min(p, middle - half)), min(1.0, max(p, middle + half)))


def _off_zero(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny
