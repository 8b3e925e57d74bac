"""Bounds on the loss from how many tries a player needs: Shannon's guessing game."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from server.domain.estimators.arrays import FloatArray, IntArray
from server.domain.intervals.clusters import Clusters
from server.domain.intervals.of_bets_and_duels import Estimate, mean_estimate


@dataclass(frozen=True)
class Tries:
    """Positions that were tried, as columns, shape (n,) each.

    `solved_at` is the try that was right, counted from 1, or 0 for a position that stayed unsolved;
    `tries` is how many were made there.
    """

    solved_at: IntArray
    tries: IntArray
    clusters: Clusters


@dataclass(frozen=True)
class TriesBounds:
    """A lower and an upper bound of the loss in nats, and the share solved at each try."""

    lower: Estimate
    upper: Estimate
    solved: FloatArray
    unsolved: float


def tries_bounds(tries: Tries, vocabulary: int) -> TriesBounds:
    """Return Shannon's bounds: Σ i(q_i − q_{i+1}) ln i ≤ H ≤ −Σ q_i ln q_i, in nats.

    q_i is the share solved at try i. What stays unsolved, u, counts in both. For the lower bound
    it counts as solved at the try after the last, the least it can be. For the upper bound it is
    spread evenly over the K = vocabulary − most tries answers that were not tried, the most it can
    be: −u ln(u/K). `vocabulary` is how many different answers there are: words in `words` (all
    cases of one together), tokens in `tokens`. The bounds hold for players who try the most
    probable first. Source: Shannon (1951), equation 17.

    Example: of four, two solved at the first try, one at the second, one not in two; six tokens.
    Lower: one contributes 2 ln 2 − 0, one 3 ln 3 − 2 ln 2, so (1.3863 + 1.9095)/4 = 0.8240.
    Upper: −0.5 ln 0.5 − 0.25 ln 0.25 − 0.25 ln(0.25/4) = 0.3466 + 0.3466 + 0.6931 = 1.3863.

    Raises ValueError where nothing was tried, or the vocabulary has no token left to be the target.
    """
    if tries.solved_at.size == 0:
        raise ValueError("no positions were tried")
    most = int(tries.tries.max())
    if vocabulary <= most:
        raise ValueError(f"a vocabulary of {vocabulary} leaves nothing after {most} tries")
    solved = tries.solved_at > 0
    rank = np.where(solved, tries.solved_at, tries.tries + 1).astype(np.float64)
    shares = np.bincount(tries.solved_at, minlength=most + 1) / tries.solved_at.size
    surprise = -np.log(shares[tries.solved_at]) + np.where(solved, 0.0, np.log(vocabulary - most))
    return TriesBounds(
        mean_estimate(lower_bound_terms(rank), tries.clusters),
        mean_estimate(surprise, tries.clusters),
        shares[1:],
        float(shares[0]),
    )


def lower_bound_terms(rank: FloatArray) -> FloatArray:
    """Return what a position that is right at try `rank` adds to the lower bound, in nats.

    Σ i(q_i − q_{i+1}) ln i, summed by parts, is the mean of i ln i − (i − 1) ln(i − 1).
    """
    before = np.maximum(rank - 1, 1)
    terms: FloatArray = rank * np.log(rank) - (rank - 1) * np.log(before)
    return terms
