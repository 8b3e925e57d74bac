"""How answers cluster: the sums over players, passages and positions that variances come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np

from server.domain.estimators.arrays import FloatArray, IntArray

_ROUNDING = 1e-12


class ClusterKind(StrEnum):
    """What makes answers alike; all that one player says at one position is one answer."""

    PLAYER = "player"
    PASSAGE = "passage"
    POSITION = "position"
    PLAYER_PASSAGE = "player_passage"
    ANSWER = "answer"


KINDS = tuple(ClusterKind)
_SHARED_KINDS = (ClusterKind.PLAYER, ClusterKind.PASSAGE, ClusterKind.POSITION)
_PLAYER = KINDS.index(ClusterKind.PLAYER)


@dataclass(frozen=True)
class Clusters:
    """Who answered where: integer codes, one per row, shape (n,) each; any integers will do."""

    player: IntArray
    position: IntArray
    passage: IntArray

    def by_kind(self) -> dict[ClusterKind, IntArray]:
        """Return the codes of all kinds of clusters."""
        return codes_by_kind(self.player, self.passage, self.position)


@dataclass(frozen=True)
class ClusterSquares:
    """Sums over the clusters of each kind, shape (5,), in the order of KINDS.

    `weights` holds Σ_c (Σ_{a in c} ω_a)², `residuals` Σ_c (Σ_{a in c} ω_a·(x_a − x̄))², with x̄ the
    weighted mean.
    """

    weights: FloatArray
    residuals: FloatArray


def is_one_player(weights: FloatArray) -> bool:
    """Tell from the squares of weights whether one player gave all answers."""
    return float(weights[_PLAYER]) > 1 - _ROUNDING


def one_player_weights(answers: Sequence[int]) -> FloatArray:
    """Return the squares of weights of one player's mean, from how many answers each passage has.

    Example: 3 and 1 answers: players 1, passages 10/16, positions 1/4.
    """
    n = sum(answers)
    by_passage = sum(count**2 for count in answers) / n**2
    return np.array([1.0, by_passage, 1 / n, by_passage, 1 / n])


def squares_of(
    values: FloatArray, weights: FloatArray, clusters: Mapping[ClusterKind, IntArray]
) -> ClusterSquares:
    """Return the squares of answers in rows: values, weights that add up to 1, codes, (n,) each."""
    residuals = weights * (values - float(weights @ values))
    return ClusterSquares(
        products_of(weights, weights, clusters, clusters),
        products_of(residuals, residuals, clusters, clusters),
    )


def squares_of_marks(marks: IntArray, clusters: Mapping[ClusterKind, IntArray]) -> ClusterSquares:
    """Return the squares of a plain mean of whole numbers, shape (n,), rounded once at the end.

    So rows give to the last digit what sums of whole numbers give.
    """
    n, total = marks.size, int(marks.sum())
    weights, residuals = [], []
    for kind in KINDS:
        _, index, counts = np.unique(clusters[kind], return_inverse=True, return_counts=True)
        sums = np.zeros(counts.size, dtype=np.int64)
        np.add.at(sums, index, marks)
        squares, mixed, own = int(counts @ counts), int(sums @ counts), int(sums @ sums)
        weights.append(float(Fraction(squares, n**2)))
        residuals.append(
            float(Fraction(own * n**2 - 2 * total * n * mixed + total**2 * squares, n**4))
        )
    return ClusterSquares(np.array(weights), np.array(residuals))


def products_of(
    first: FloatArray,
    second: FloatArray,
    of_first: Mapping[ClusterKind, IntArray],
    of_second: Mapping[ClusterKind, IntArray],
) -> FloatArray:
    """Return by kind Σ over clusters of (the first's sum)·(the second's sum), shape (5,).

    Between different kinds of answers only players, passages and positions are shared: whoever has
    seen a passage is not asked about it again, so nobody answers at one place in two ways.
    """
    if first.shape == second.shape and of_first is of_second:
        return np.array([_product(first, second, of_first[kind]) for kind in KINDS])
    products = np.zeros(len(KINDS))
    for number, kind in enumerate(_SHARED_KINDS):
        codes = np.concatenate((of_first[kind], of_second[kind]))
        of_one = np.concatenate((first, np.zeros(second.size)))
        of_other = np.concatenate((np.zeros(first.size), second))
        _, index = np.unique(codes, return_inverse=True)
        sums = np.bincount(index, weights=of_one)
        products[number] = sums @ np.bincount(index, weights=of_other)
    return products


def _product(first: FloatArray, second: FloatArray, codes: IntArray) -> float:
    _, index = np.unique(codes, return_inverse=True)
    sums = np.bincount(index, weights=first)
    others = sums if second is first else np.bincount(index, weights=second)
    return float(sums @ others)


def codes_by_kind(
    player: IntArray, passage: IntArray, position: IntArray
) -> dict[ClusterKind, IntArray]:
    """Return cluster codes of all kinds, from who answered where, shape (n,) each."""
    return {
        ClusterKind.PLAYER: player,
        ClusterKind.PASSAGE: passage,
        ClusterKind.POSITION: position,
        ClusterKind.PLAYER_PASSAGE: _combined(player, passage),
        ClusterKind.ANSWER: _combined(player, position),
    }


def _combined(first: IntArray, second: IntArray) -> IntArray:
    _, i = np.unique(first, return_inverse=True)
    _, j = np.unique(second, return_inverse=True)
    combined: IntArray = i.astype(np.int64) * (int(j.max(initial=0)) + 1) + j
    return combined
