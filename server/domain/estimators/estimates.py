"""Estimates with 95 % intervals that allow for players and places alike.

Answers of one player resemble each other, and so do answers at one position or in one passage. An
estimate therefore carries, beside its value, what each answer contributed to it, and the interval
adds up these contributions by player and by place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from server.domain.estimators.accuracy import Interval

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

LEAST_PASSAGES = 5
_NEARLY_NORMAL = 10_000.0
_GRID = 20_001


@dataclass(frozen=True)
class Clusters:
    """Who answered where: integer codes, one a row, shape (n,) each; any integers will do."""

    player: IntArray
    position: IntArray
    passage: IntArray


@dataclass(frozen=True)
class Estimate:
    """A value, and the first-order contribution of each answer to its error, shape (n,).

    To a mean an answer contributes (x − x̄)/n, and other estimates follow by their derivatives. The
    contributions sum to 0; summed over a player or a place they say how far it moves the value.
    """

    value: float
    contributions: FloatArray
    clusters: Clusters
    n: int


def number_of(codes: IntArray) -> int:
    """Return how many different codes there are."""
    return int(np.unique(codes).size)


def mean_estimate(values: FloatArray, clusters: Clusters) -> Estimate:
    """Return the mean of one value a row; raises ValueError where there is no row."""
    if values.size == 0:
        raise ValueError("no answers to average")
    mean = float(values.mean())
    return Estimate(mean, (values - mean) / values.size, clusters, int(values.size))


def plus(first: Estimate, second: Estimate) -> Estimate:
    """Return the sum of two estimates from different rows, which may share players and places."""
    return Estimate(
        first.value + second.value,
        np.concatenate((first.contributions, second.contributions)),
        Clusters(
            np.concatenate((first.clusters.player, second.clusters.player)),
            np.concatenate((first.clusters.position, second.clusters.position)),
            np.concatenate((first.clusters.passage, second.clusters.passage)),
        ),
        first.n + second.n,
    )


@dataclass(frozen=True)
class ClusterVariance:
    """The variance of a value as one kind of cluster shows it, and the number of clusters."""

    variance: float
    clusters: int


def cluster_variance(sum_of_squares: float, clusters: int) -> ClusterVariance:
    """Return G/(G − 1) times the sum over G clusters of their squared contributions."""
    return ClusterVariance(clusters / max(clusters - 1, 1) * sum_of_squares, clusters)


def interval(estimate: Estimate) -> Interval:
    """Return the value with its 95 % interval, from what each answer contributed to it."""
    clusters = estimate.clusters
    return interval_of_clusters(
        estimate.value,
        estimate.n,
        player=_variance(estimate.contributions, clusters.player),
        position=_variance(estimate.contributions, clusters.position),
        passage=_variance(estimate.contributions, clusters.passage),
    )


def interval_of_clusters(
    value: float,
    n: int,
    *,
    player: ClusterVariance,
    position: ClusterVariance,
    passage: ClusterVariance,
) -> Interval:
    """Return the value with its 95 % interval, value ± t·√V.

    V = V_player + V_place, where V_c = G/(G − 1)·Σ_c (Σ_{i in c} contribution_i)² over the G
    clusters of a kind. A place is a position, or a passage where that gives more and
    there are at least 5. What is random in single answers counts in both terms, so V is rather
    too large than too small. t has V²/(V_player²/(players − 1) + V_place²/(places − 1)) degrees
    of freedom.

    One player alone tells nothing about others: then V = V_place, and the interval speaks of that
    player. One position tells nothing about others either: then the bounds are infinite.
    Sources: Owen (2007), the pigeonhole bootstrap, whose variance this is to first order;
    Satterthwaite (1946), the degrees of freedom.
    """
    enough = passage.clusters >= LEAST_PASSAGES
    by_place = passage if enough and passage.variance > position.variance else position
    if by_place.clusters < 2:
        return Interval(value, -math.inf, math.inf, n)
    parts = [by_place] if player.clusters < 2 else [by_place, player]
    total = sum(part.variance for part in parts)
    if total == 0:
        return Interval(value, value, value, n)
    freedom = total**2 / sum(part.variance**2 / (part.clusters - 1) for part in parts)
    half = t_quantile(freedom) * math.sqrt(total)
    return Interval(value, value - half, value + half, n)


def _variance(contributions: FloatArray, codes: IntArray) -> ClusterVariance:
    _, index = np.unique(codes, return_inverse=True)
    sums = np.bincount(index, weights=contributions)
    return cluster_variance(float(sums @ sums), int(sums.size))


def t_quantile(degrees_of_freedom: float) -> float:
    """Return Student's t at 97.5 %, to three digits, for at least one degree of freedom.

    With t = √ν·tan θ the density of θ is proportional to cos^(ν−1) θ, added up on a grid.

    >>> [round(t_quantile(nu), 2) for nu in (1, 1.5, 2, 10, 1e9)]
    [12.71, 6.02, 4.3, 2.23, 1.96]
    """
    nu = min(degrees_of_freedom, _NEARLY_NORMAL)
    angle = np.linspace(0.0, math.pi / 2, _GRID)
    density = np.cos(angle) ** (nu - 1)
    below = np.concatenate(([0.0], np.cumsum(density[1:] + density[:-1])))
    return math.sqrt(nu) * math.tan(float(np.interp(0.95, below / below[-1], angle)))


def answers_to_settle_mean(difference: Interval) -> int | None:
    """Return how many more answers would settle a difference of means, if all stays as it is.

    A half width shrinks as 1/√n, so n·(half/|value|)² answers are needed in all. Returns 0 where
    the interval leaves out 0 already, None where the value is 0 or the interval tells nothing.
    Example: 0.25 ± 0.75 from 100 answers needs 900 in all, 800 more.
    """
    half = (difference.high - difference.low) / 2
    if difference.value == 0 or not math.isfinite(half):
        return None
    return max(0, math.ceil(difference.n * (half / abs(difference.value)) ** 2 - difference.n))
