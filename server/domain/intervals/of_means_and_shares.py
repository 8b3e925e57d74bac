"""Intervals, p-values and how much more is needed: all from one variance of a mean."""

from __future__ import annotations

import math

from server.domain.estimators.accuracy import Interval
from server.domain.estimators.arrays import FloatArray
from server.domain.intervals.student_t import t_quantile, two_sided_p
from server.domain.intervals.variance_components import Components, MeanVariance, mean_variance

MOST_ANSWERS = 10**12  # what no study will gather; nearly equal numbers would ask for more


def mean_interval(value: float, n: int, spread: MeanVariance) -> Interval:
    """Return a mean of n answers with its 95 % interval, value ± t·√V; t is 1.96 for a known V.

    Example: 0.25 with V = 0.01, well known: 0.054 to 0.446.
    """
    half = t_quantile(spread.freedom) * math.sqrt(spread.variance)
    return Interval(value, value - half, value + half, n)


def share_interval(right: int, n: int, components: Components, weights: FloatArray) -> Interval:
    """Return the share right/n with its 95 % interval: Wilson's, for what the n answers are worth.

    That is n_eff = Σσ²/V independent ones, where V is the variance of the mean. With p = right/n:
    centre (p + t²/2n_eff) / (1 + t²/n_eff),
    half width t·√(p(1−p)/n_eff + t²/4n_eff²) / (1 + t²/n_eff).
    Source: Wilson (1927); the effective size, Kish (1965). Raises ValueError unless
    0 ≤ right ≤ n and n ≥ 1.

    Example: 81 of 263 that are worth 100: 22.6 to 40.4 %; worth 263, 25.5 to 36.6 %.
    """
    if not 0 <= right <= n or n < 1:
        raise ValueError(f"{right} of {n} is not a share")
    spread = mean_variance(components, weights)
    share, worth = right / n, components.total / spread.variance
    z = t_quantile(spread.freedom)
    z2n = z**2 / worth
    centre = (share + z2n / 2) / (1 + z2n)
    half = z * math.sqrt(share * (1 - share) / worth + z2n / (4 * worth)) / (1 + z2n)
    low = 0.0 if right == 0 else centre - half
    high = 1.0 if right == n else centre + half
    return Interval(share, low, high, n)


def p_value(difference: float, spread: MeanVariance) -> float:
    """Return how often chance alone would give a difference at least as large, either way.

    Student's t = difference/√V; below .05 exactly where `mean_interval` leaves out 0.
    """
    if spread.variance == 0:
        return 1.0 if difference == 0 else 0.0
    return two_sided_p(difference / math.sqrt(spread.variance), spread.freedom)


def answers_to_settle(difference: Interval) -> int | None:
    """Return how many more answers would settle a difference, from players and passages like these.

    A half width shrinks as 1/√n where players, passages and answers all grow alike, so
    n·(half/|value|)² answers are needed in all. Returns 0 where the interval already
    leaves out 0, None where the interval tells nothing, or the value is 0 or so near it that more
    than MOST_ANSWERS would be needed.
    Example: 0.25 ± 0.75 from 100 answers needs 900 in all, 800 more.
    """
    half = (difference.high - difference.low) / 2
    if difference.value == 0 or not math.isfinite(half):
        return None
    needed = difference.n * (half / abs(difference.value)) ** 2
    return max(0, math.ceil(needed - difference.n)) if needed <= MOST_ANSWERS else None
