"""Answers into sums by cluster, and values with intervals back out, without the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from server.domain.estimators.accuracy import Interval
from server.domain.estimators.arrays import FloatArray
from server.domain.intervals.clusters import KINDS, ClusterKind, ClusterSquares
from server.domain.intervals.of_means_and_shares import mean_interval
from server.domain.intervals.variance_components import LOSS_NATS, Default, SpreadPart, spread_of
from server.domain.sums.whole_numbers import CLUSTER, MOMENTS, Numbers, Sums, add, moments

TOTAL = "total"
Weights = Mapping[str, Fraction]
Block = tuple[str, int, str]  # what is analysed together; of which model and unit
Where = tuple[int, int, int]  # player, passage, position


@dataclass(frozen=True)
class PoolPart:
    """What answers of one kind contribute to an estimate, and how they weigh in it, by number.

    A cluster contributes Σ contribution · number; its weights, Σ weight · number, add up to 1 over
    all clusters.
    """

    contributions: Weights
    weights: Weights
    default: Default = LOSS_NATS

    def scaled(self, factor: Fraction) -> PoolPart:
        """Return what the answers contribute to `factor` times their estimate."""
        scaled = {name: factor * weight for name, weight in self.contributions.items()}
        total = self.default.total * float(factor) ** 2
        return PoolPart(scaled, self.weights, replace(self.default, total=total))


@dataclass(frozen=True)
class Pool:
    """Numbers that answers contribute, added up: in all, and their products by kind of cluster.

    `fields` names the numbers, k of them. The moments of a kind hold the number of clusters, of
    those in which each number is not 0, and the k(k + 1)/2 sums of products (see
    `whole_numbers.moments`).
    """

    fields: tuple[str, ...]
    totals: Numbers
    moments: Mapping[ClusterKind, Numbers]

    def total(self, field: str) -> int:
        """Return one number added up over all answers."""
        return self.totals[self.fields.index(field)]

    def clusters(self, kind: ClusterKind, among: str | None = None) -> int:
        """Return how many clusters of a kind there are, or those where `among` is not 0."""
        numbers = self.moments[kind]
        return numbers[0] if among is None else numbers[1 + self.fields.index(among)]

    def interval(self, value: Fraction, n: int, *parts: PoolPart) -> Interval:
        """Return a value with its interval, by variance components, from one or two parts."""
        spreads = [SpreadPart(self.squares(part), part.default) for part in parts]
        common = None
        if len(parts) > 1:
            first, second = parts
            common = self._by_kind(lambda kind: self.product(kind, first.weights, second.weights))
        return mean_interval(float(value), n, spread_of(spreads, common))

    def squares(self, part: PoolPart) -> ClusterSquares:
        """Return the squares of a part's weights and contributions over the clusters.

        Each is w'Mw, with M the sums of products: in fractions, so that nothing is lost where
        large terms cancel.
        """
        return ClusterSquares(
            self._by_kind(lambda kind: self.product(kind, part.weights, part.weights)),
            self._by_kind(lambda kind: self.product(kind, part.contributions, part.contributions)),
        )

    def _by_kind(self, product: Callable[[ClusterKind], Fraction]) -> FloatArray:
        return np.array([float(product(kind)) for kind in KINDS])

    def product(self, kind: ClusterKind, first: Weights, second: Weights) -> Fraction:
        """Return the sum over clusters of (Σ weight · number) by one weighting times by another."""
        v = [first.get(field, Fraction(0)) for field in self.fields]
        w = [second.get(field, Fraction(0)) for field in self.fields]
        products = iter(self.moments[kind][1 + len(self.fields) :])
        total = Fraction(0)
        for i in range(len(self.fields)):
            for j in range(i, len(self.fields)):
                product = next(products)
                times = v[i] * w[i] if i == j else v[i] * w[j] + v[j] * w[i]
                if product and times:
                    total += times * product
        return total


def pool_of(
    sums: Sums, block: str, fields: tuple[str, ...], model_id: int, unit: str
) -> Pool | None:
    """Return the pool of one block, model and unit; None where there are no answers."""
    totals = sums.get((TOTAL, block, model_id, unit))
    if totals is None:
        return None
    kinds = {kind: sums[MOMENTS, block, model_id, unit, kind.value] for kind in KINDS}
    return Pool(fields, totals, kinds)


def add_answers(
    sums_of: Callable[[int], Sums], block: Block, answers: Iterable[tuple[Where, Numbers]]
) -> None:
    """Add the numbers of some answers to the sums of whoever contributes them, by player.

    All that a player answered in one passage must be among them: what a player says there, or at
    one position, is a cluster that nobody else adds to, so its moments are final at once.
    """
    own: Sums = {}
    for where, numbers in answers:
        player, passage, position = where
        sums = sums_of(player)
        add(sums, (TOTAL, *block), numbers)
        add(sums, (CLUSTER, *block, ClusterKind.PLAYER.value, player), numbers)
        add(sums, (CLUSTER, *block, ClusterKind.POSITION.value, passage, position), numbers)
        add(sums, (CLUSTER, *block, ClusterKind.PASSAGE.value, passage), numbers)
        add(own, (player, ClusterKind.PLAYER_PASSAGE.value, passage), numbers)
        add(own, (player, ClusterKind.ANSWER.value, passage, position), numbers)
    for (owner, kind, *_), numbers in own.items():
        add(sums_of(int(owner)), (MOMENTS, *block, kind), moments(numbers))
