"""Accuracy with intervals, and the paired comparison of a person with the model."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

Z_95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval, from n observations."""

    value: float
    low: float
    high: float
    n: int


def wilson_interval(successes: int, n: int) -> Interval:
    """Return the share successes/n with Wilson's score interval.

    With p = k/n: centre (p + z²/2n) / (1 + z²/n), half width z·√(p(1−p)/n + z²/4n²) / (1 + z²/n).
    Source: Wilson (1927); Brown, Cai, DasGupta (2001). Example: 81 of 263 gives 0.2553 to 0.3662.
    Raises ValueError unless 0 ≤ successes ≤ n and n ≥ 1.
    """
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"{successes} successes of {n} are no share")
    share, z2n = successes / n, Z_95**2 / n
    centre = (share + z2n / 2) / (1 + z2n)
    half = Z_95 * math.sqrt(share * (1 - share) / n + z2n / (4 * n)) / (1 + z2n)
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Interval(share, low, high, n)


@dataclass(frozen=True)
class PairedCounts:
    """On the same n positions: how often both, one side alone, or nobody was right."""

    both: int
    person_only: int
    model_only: int
    neither: int

    @property
    def n(self) -> int:
        """How many positions there are."""
        return self.both + self.person_only + self.model_only + self.neither

    @property
    def person_right(self) -> int:
        """How often the person was right."""
        return self.both + self.person_only

    @property
    def model_right(self) -> int:
        """How often the model was right."""
        return self.both + self.model_only

    @property
    def difference(self) -> float:
        """The person's accuracy minus the model's; raises ValueError without a position."""
        if self.n < 1:
            raise ValueError("no positions to compare")
        return (self.person_only - self.model_only) / self.n


def difference_interval(counts: PairedCounts) -> Interval:
    """Return the difference in accuracy, person minus model, with its 95 % interval.

    Agresti and Min (2005): with half an observation added to each cell, so n* = n + 2, b and c the
    discordant cells and d* = (b* − c*)/n*, the interval is d* ± z·√((b* + c*)/n* − d*²)/√n*.
    The value is the plain difference. Raises ValueError where there is no position.
    """
    difference = counts.difference
    low, high = _difference_bounds(counts.person_only, counts.model_only, counts.n)
    return Interval(difference, max(-1.0, low), min(1.0, high), counts.n)


def _difference_bounds(person_only: float, model_only: float, n: float) -> tuple[float, float]:
    person, model, n = person_only + 0.5, model_only + 0.5, n + 2
    centre = (person - model) / n
    half = Z_95 * math.sqrt(((person + model) / n - centre**2) / n)
    return centre - half, centre + half


def mcnemar_p_value(counts: PairedCounts) -> float:
    """Return the exact two-sided McNemar p-value: of the discordant positions, a fair coin's share.

    p = min(1, 2·Σ_{k ≤ min(b, c)} C(m, k) / 2^m with m = b + c; 1 where nothing is discordant.
    Source: McNemar (1947), exact form. Example: b = 1, c = 7 gives 2·(1 + 8)/2⁸ = 0.0703125.
    """
    m = counts.person_only + counts.model_only
    fewer = min(counts.person_only, counts.model_only)
    if m == 0:
        return 1.0
    # log C(m, k) as a running sum of log((m - k + 1) / k): exact enough at any size, no overflow.
    k = np.arange(1, fewer + 1)
    log_binomials = np.concatenate(([0.0], np.cumsum(np.log((m - k + 1) / k))))
    return min(1.0, 2.0 * float(np.exp(log_binomials - m * math.log(2)).sum()))


def answers_to_settle(counts: PairedCounts) -> int | None:
    """Return how many more answers would settle who is better, if the rates stay as they are.

    That is the least m for which the interval of `difference_interval`, with all cells grown by
    the factor (n + m)/n, leaves out 0; found by doubling and halving. Returns 0 where it is
    settled already, None where the difference is 0 (no number would do).
    """
    if counts.difference == 0:
        return None

    def settled(more: int) -> bool:
        grown = (counts.n + more) / counts.n
        cells = counts.person_only * grown, counts.model_only * grown
        low, high = _difference_bounds(*cells, counts.n + more)
        return low > 0 or high < 0

    if settled(0):
        return 0
    enough = 1
    while not settled(enough):
        enough *= 2
    return bisect_left(range(enough + 1), True, key=settled)
