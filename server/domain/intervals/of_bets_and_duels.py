"""Estimates with 95 % intervals that allow for players and places alike.

Answers of one player resemble each other, and so do answers at one position or in one passage. An
estimate therefore carries, beside its value, who gave which answer where and what it contributed;
variance components turn that into an interval.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from server.domain.estimators.accuracy import Interval
from server.domain.estimators.arrays import FloatArray, IntArray
from server.domain.intervals.clusters import (
    Clusters,
    ClusterSquares,
    products_of,
)
from server.domain.intervals.of_means_and_shares import mean_interval
from server.domain.intervals.variance_components import LOSS_NATS, Default, SpreadPart, spread_of


@dataclass(frozen=True)
class Part:
    """Answers of one kind in an estimate, as columns, shape (n,) each.

    `weights` add up to 1 and say how much of the mean an answer is; `contributions` add up to 0 and
    say how far it moves the estimate: in a mean of x, weight·(x − x̄).
    """

    contributions: FloatArray
    weights: FloatArray
    clusters: Clusters
    default: Default = LOSS_NATS

    def scaled(self, factor: float) -> Part:
        """Return what the answers contribute to `factor` times their estimate."""
        total = self.default.total * factor**2
        return replace(
            self,
            contributions=self.contributions * factor,
            default=replace(self.default, total=total),
        )


@dataclass(frozen=True)
class Estimate:
    """A value, and the answers it is made of: one kind of them, or two that are added up."""

    value: float
    parts: tuple[Part, ...]
    n: int


def number_of(codes: IntArray) -> int:
    """Return how many different codes there are."""
    return int(np.unique(codes).size)


def mean_estimate(values: FloatArray, clusters: Clusters, default: Default = LOSS_NATS) -> Estimate:
    """Return the mean of one value per row; raises ValueError where there is no row."""
    n = int(values.size)
    if n == 0:
        raise ValueError("no answers to average")
    mean = float(values.mean())
    part = Part((values - mean) / n, np.full(n, 1 / n), clusters, default)
    return Estimate(mean, (part,), n)


def plus(first: Estimate, second: Estimate) -> Estimate:
    """Return the sum of two estimates from different rows, which may share players and places."""
    return Estimate(first.value + second.value, first.parts + second.parts, first.n + second.n)


def interval(estimate: Estimate) -> Interval:
    """Return the value with its 95 % interval, by variance components fitted to its answers.

    One player alone tells nothing about others: then the interval is that player's.
    """
    codes = [part.clusters.by_kind() for part in estimate.parts]
    parts = [
        SpreadPart(
            ClusterSquares(
                products_of(part.weights, part.weights, clusters, clusters),
                products_of(part.contributions, part.contributions, clusters, clusters),
            ),
            part.default,
        )
        for part, clusters in zip(estimate.parts, codes, strict=True)
    ]
    shared = None
    if len(estimate.parts) > 1:
        first, second = estimate.parts
        shared = products_of(first.weights, second.weights, *codes)
    return mean_interval(estimate.value, estimate.n, spread_of(parts, shared))
