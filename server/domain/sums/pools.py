"""Estimates from sums alone: values and intervals without the answers they were made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from server.domain.estimators.accuracy import Interval
from server.domain.estimators.estimates import (
    ClusterVariance,
    cluster_variance,
    interval_of_clusters,
)
from server.domain.sums.whole_numbers import MOMENTS, Numbers, Sums

TOTAL = "total"
Weights = Mapping[str, Fraction]


class ClusterKind(StrEnum):
    """By what answers are alike."""

    PLAYER = "player"
    POSITION = "position"
    PASSAGE = "passage"


@dataclass(frozen=True)
class Pool:
    """Numbers that answers contribute, added up: in all, and their products by kind of cluster.

    `fields` names the numbers, k of them. The moments of a kind hold the number of clusters, of
    those in which each number is not 0, and the k(k + 1)/2 sums of products (see `sums.moments`).
    """

    fields: tuple[str, ...]
    totals: Numbers
    moments: Mapping[ClusterKind, Numbers]

    def total(self, field: str) -> int:
        """Return one number added up over all answers."""
        return self.totals[self.fields.index(field)]

    def clusters(self, kind: ClusterKind, among: str | None = None) -> int:
        """Return how many clusters of a kind there are, or those where `among` is not 0."""
        held = self.moments[kind]
        return held[0] if among is None else held[1 + self.fields.index(among)]

    def interval(
        self, value: Fraction, weights: Weights, n: int, among: str | None = None
    ) -> Interval:
        """Return a value with its interval, where a cluster contributes Σ weight · number to it.

        The sum of squared contributions is w'Mw, with M the sums of products: in fractions, so that
        nothing is lost where large terms cancel.
        """

        def variance(kind: ClusterKind) -> ClusterVariance:
            squares = self._squares(self.moments[kind], weights)
            return cluster_variance(float(squares), self.clusters(kind, among))

        return interval_of_clusters(
            float(value),
            n,
            player=variance(ClusterKind.PLAYER),
            position=variance(ClusterKind.POSITION),
            passage=variance(ClusterKind.PASSAGE),
        )

    def _squares(self, held: Numbers, weights: Weights) -> Fraction:
        w = [weights.get(field, Fraction(0)) for field in self.fields]
        products = iter(held[1 + len(w) :])
        total = Fraction(0)
        for i, first in enumerate(w):
            for j in range(i, len(w)):
                product = next(products)
                if product and first and w[j]:
                    total += (1 if i == j else 2) * first * w[j] * product
        return total


def pool_of(
    sums: Sums, block: str, fields: tuple[str, ...], model_id: int, unit: str
) -> Pool | None:
    """Return the pool of one block, model and unit; None where nobody answered so."""
    totals = sums.get((TOTAL, block, model_id, unit))
    if totals is None:
        return None
    kinds = {kind: sums[MOMENTS, block, model_id, unit, kind] for kind in ClusterKind}
    return Pool(fields, totals, kinds)
