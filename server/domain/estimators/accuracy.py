"""Shares of independent answers with intervals, and counts of person and model together."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

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
        raise ValueError(f"{successes} successes of {n} are not a share")
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


def together(sets: Iterable[PairedCounts]) -> PairedCounts:
    """Return counts of several sets of positions, added up."""
    counts = list(sets)
    return PairedCounts(
        both=sum(each.both for each in counts),
        person_only=sum(each.person_only for each in counts),
        model_only=sum(each.model_only for each in counts),
        neither=sum(each.neither for each in counts),
    )
