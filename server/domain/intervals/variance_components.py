"""How far a mean of answers can be trusted: variance components, fitted by moments.

Answers are not independent: people, passages and positions repeat. An answer of player i at
position j of passage p is modelled as

    x = μ + u_i + v_p + w_j + (uv)_ip + e,   each part with mean 0 and a variance of its own,

so a weighted mean Σ ω·x, with weights that add up to 1, has the variance Σ_k σ²_k·D_k, where
D_k = Σ over clusters of kind k of (the cluster's summed weights)². For a plain mean of n answers,
D of players is Σ n_i²/n², and D of single answers 1/n. Sources: Searle, Casella, McCulloch (1992),
Variance Components, chapter 5 (Henderson's first method); Satterthwaite (1946), degrees of freedom.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from server.domain.estimators.arrays import BoolArray, FloatArray
from server.domain.intervals.clusters import KINDS, ClusterKind, ClusterSquares, is_one_player

_PLAYER, _PASSAGE, _POSITION, _BOTH, _ANSWER = range(len(KINDS))
# Where a cluster of one kind meets a cluster of another, their answers form a cluster of this kind.
_MEET = np.array(
    [
        [_PLAYER, _BOTH, _ANSWER, _BOTH, _ANSWER],
        [_BOTH, _PASSAGE, _POSITION, _BOTH, _ANSWER],
        [_ANSWER, _POSITION, _POSITION, _ANSWER, _ANSWER],
        [_BOTH, _BOTH, _ANSWER, _BOTH, _ANSWER],
        [_ANSWER, _ANSWER, _ANSWER, _ANSWER, _ANSWER],
    ]
)
# A default is worth as much as five clusters of its kind would tell: four degrees of freedom.
DEFAULT_FREEDOM = 4.0
_ANSWERS_FOR_THE_TOTAL = 12.0  # the default's total is worth one round
_NO_WEIGHT = 1e-12


@dataclass(frozen=True)
class Default:
    """What components are before there are answers, and are shrunk towards when there are.

    `shares` of the variance of one answer, in the order of KINDS, add up to 1; `total` is that
    variance itself, in the square of the values' unit.
    """

    shares: tuple[float, float, float, float, float]
    total: float


# Somewhat above what real answers show, since few answers must not look surer than they are. In
# the study of 2022 typed guesses divide as .04 player, .02 passage, .18 position, .01 player and
# passage together; of its duels' logarithms .01 is the player and .45 the question.
RIGHT = Default((0.04, 0.03, 0.22, 0.03, 0.68), 0.2)
RIGHT_DIFFERENCE = Default(RIGHT.shares, 0.3)
LOSS_NATS = Default((0.08, 0.06, 0.25, 0.05, 0.56), 5.0)
DUEL_LOSS_NATS = Default(LOSS_NATS.shares, 0.5)  # a coin loses 0.69, so they differ less
# A model says the same to everybody who comes to a position.
MODEL_RIGHT = Default((0.0, 0.04, 0.96, 0.0, 0.0), 0.2)


@dataclass(frozen=True)
class Components:
    """The variance σ²_k of each kind, and how unsure it is (a standard deviation), shape (5,)."""

    variances: FloatArray
    doubts: FloatArray

    @property
    def total(self) -> float:
        """Return the variance of one answer."""
        return float(self.variances.sum())

    def of_one_player(self) -> Components:
        """Return the components of one player's own mean: the player's effect is part of it."""
        mask = np.array([kind is not ClusterKind.PLAYER for kind in KINDS], dtype=np.float64)
        return Components(self.variances * mask, self.doubts * mask)

    def scaled(self, factor: float) -> Components:
        """Return the components of values that are multiplied by a factor."""
        return Components(self.variances * factor**2, self.doubts * factor**2)


@dataclass(frozen=True)
class MeanVariance:
    """The variance of a mean, and with how many degrees of freedom it is known."""

    variance: float
    freedom: float


def default_components(default: Default) -> Components:
    """Return the components where there is no answer to fit them to."""
    variances = np.array(default.shares) * default.total
    return Components(variances, variances * math.sqrt(2 / DEFAULT_FREEDOM))


def fit_components(squares: ClusterSquares, default: Default) -> Components:
    """Return the components that squares of clusters show, shrunk towards a default.

    With D the squares of weights and S those of residuals, E S_k = Σ_l Q_kl σ²_l where
    Q_kl = D_{k∧l} − D_k D_l, and k∧l is the kind that clusters of k and l have in common (exact
    in balanced designs). The less sure a component is, the more it is shrunk towards its default
    π_k:

        (Q + Λ) σ² = S + Λπ,   Λ_k = Q_kk·(se_k/τ_k)²,   σ² ≥ 0,

    where se_k = √(2/(1/D_k − 1))·(Qπ)_k/Q_kk is about the error of the k-th component fitted from
    its own clusters, and τ_k = π_k·√(2/4) the default's. The defaults are the shares of a total
    that the answers give themselves, the default's total counting as 12 answers.

    Example: 400 players of one answer each, independent with variance 1, each at a place of
    their own: only the sum of all components can be known, and it is 1.
    """
    weights = squares.weights
    shares = np.array(default.shares)
    fitted = weights[_MEET] - np.outer(weights, weights)  # Q
    expected = shares * _total(squares, shares, default.total)
    known = np.diag(fitted) > _NO_WEIGHT
    own = np.where(known, np.diag(fitted), 1.0)
    freedom = np.where(known, 1 / weights - 1, 1.0)
    error = np.sqrt(2 / freedom) * (fitted @ expected) / own
    prior = expected * math.sqrt(2 / DEFAULT_FREEDOM)
    possible = expected > 0
    pull = np.where(known, own * (error / np.where(possible, prior, 1.0)) ** 2, 1.0)
    right = squares.residuals + pull * expected
    variances = _solved(fitted + np.diag(pull), right, possible)
    both = error * prior / np.maximum(np.hypot(error, prior), _NO_WEIGHT)
    doubts = np.where(known, both, prior)
    return Components(variances, doubts)


def _total(squares: ClusterSquares, shares: FloatArray, default: float) -> float:
    """Return one answer's variance: the mean square, corrected for what the mean takes away."""
    answers = 1 / squares.weights[_ANSWER]
    mean_square = squares.residuals[_ANSWER] * answers
    left = 1 - float(shares @ squares.weights)
    weighed = answers * mean_square + _ANSWERS_FOR_THE_TOTAL * default
    return float(weighed / (answers * left + _ANSWERS_FOR_THE_TOTAL))


def _solved(matrix: FloatArray, right: FloatArray, free: BoolArray) -> FloatArray:
    """Solve for components of at least 0: one that would be below is held at 0."""
    while True:
        solution: FloatArray = np.zeros(right.size)
        solution[free] = np.linalg.solve(matrix[np.ix_(free, free)], right[free])
        if solution.min() >= 0:
            return solution
        free = free & (solution > 0)


def mean_variance(components: Components, weights: FloatArray) -> MeanVariance:
    """Return the variance Σ_k σ²_k·D_k of a mean whose squares of weights are D, shape (5,).

    Degrees of freedom are Satterthwaite's, 2·V²/Σ(D_k·doubt_k)², and at least the default's.
    """
    variance = float(components.variances @ weights)
    return MeanVariance(variance, _freedom(variance, [components.doubts * weights]))


def sum_variance(
    first: tuple[Components, FloatArray],
    second: tuple[Components, FloatArray],
    shared: FloatArray,
) -> MeanVariance:
    """Return the variance of the sum of two means from different answers.

    `shared` holds by kind Σ_c (a cluster's weight in the first)·(in the second). The effects of one
    player, passage or position on both kinds of answers are taken as fully correlated, which can
    only make the variance too large: V = V₁ + V₂ + 2·Σ_k √(σ²_k1·σ²_k2)·shared_k.
    """
    parts = [mean_variance(*first), mean_variance(*second)]
    common = np.sqrt(first[0].variances * second[0].variances) @ shared
    variance = sum(part.variance for part in parts) + 2 * float(common)
    unsure = [components.doubts * weights for components, weights in (first, second)]
    return MeanVariance(variance, _freedom(variance, unsure))


def _freedom(variance: float, doubts: Sequence[FloatArray]) -> float:
    unsure = sum(float(doubt @ doubt) for doubt in doubts)
    return max(DEFAULT_FREEDOM, 2 * variance**2 / unsure) if unsure else math.inf


@dataclass(frozen=True)
class SpreadPart:
    """Answers of one kind in an estimate: their squares, and their components' default."""

    squares: ClusterSquares
    default: Default


def spread_of(parts: Sequence[SpreadPart], shared: FloatArray | None = None) -> MeanVariance:
    """Return the variance of an estimate of one part, or of the sum of two (see `sum_variance`).

    Where one player gave all answers of all parts, it is the variance of that player's own mean.
    """
    fitted = [fit_components(part.squares, part.default) for part in parts]
    weights = [part.squares.weights for part in parts]
    together = weights if shared is None else [*weights, shared]
    if all(is_one_player(squares) for squares in together):
        fitted = [components.of_one_player() for components in fitted]
    if shared is None:
        return mean_variance(fitted[0], weights[0])
    return sum_variance((fitted[0], weights[0]), (fitted[1], weights[1]), shared)
