"""A player's own number: the loss that a few answers point to, whichever words they fell on.

The mean loss of a dozen words says more about the words than about the player. Paired with the
model's loss at the same places, and shrunk towards all players', it says what can be known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from server.domain.estimators.accuracy import Z_95, Interval
from server.domain.estimators.arrays import FloatArray
from server.domain.intervals.clusters import ClusterKind, Clusters, one_player_weights, squares_of
from server.domain.intervals.variance_components import (
    LOSS_NATS,
    Components,
    Default,
    fit_components,
    mean_variance,
)

DEFAULT_SLOPE = (
    0.85  # where a place costs the model a nat more, it costs people about this much more
)
_ANSWERS_FOR_THE_SLOPE = 500.0
# Pairing removes most of what positions and passages differ by, and nothing of what players do.
PAIRED_LOSS_NATS = Default(LOSS_NATS.shares, 3.0)


@dataclass(frozen=True)
class PairedLosses:
    """How players' losses follow the model's: loss = b·model's + μ + player + place + rest, nats.

    `model_nats` is the model's mean loss on all places, M; `excess_nats` is μ.
    """

    slope: float
    excess_nats: float
    model_nats: float
    components: Components


def fit_paired_losses(person: FloatArray, model: FloatArray, clusters: Clusters) -> PairedLosses:
    """Return how the losses of some answers follow the model's, in nats, shape (n,) each.

    The slope is by least squares, shrunk towards 0.85 as if by 500 answers; the rest is fitted to
    loss − b·model's loss. Raises ValueError where there is no answer.
    """
    n = person.size
    if n == 0:
        raise ValueError("no answers to fit to")
    spread = float(((model - model.mean()) ** 2).sum())
    together = float(((model - model.mean()) * (person - person.mean())).sum())
    slope = drawn_slope(together, spread, n)
    gaps = person - slope * model
    squares = squares_of(gaps, np.full(n, 1 / n), clusters.by_kind())
    components = fit_components(squares, PAIRED_LOSS_NATS)
    return PairedLosses(slope, float(gaps.mean()), float(model.mean()), components)


def drawn_slope(together: float, spread: float, n: int) -> float:
    """Return the slope of n answers, shrunk towards 0.85 as if by 500 more.

    `spread` is Σ(x − x̄)² of the model's losses, `together` Σ(x − x̄)(y − ȳ) with the persons'.
    """
    own = together / spread if spread else DEFAULT_SLOPE
    return (n * own + _ANSWERS_FOR_THE_SLOPE * DEFAULT_SLOPE) / (n + _ANSWERS_FOR_THE_SLOPE)


def player_loss(
    site: PairedLosses, person: FloatArray, model: FloatArray, answers: Sequence[int]
) -> Interval:
    """Return a player's loss in nats on the text that everyone plays, with its 95 % interval.

    `person` and `model` are losses at the same n places, shape (n,); `answers` says how many of
    them each passage has. With d = loss − b·model's loss, V the variance of its mean d̄ for this
    player and σ²_u that of players:

        λ = σ²_u/(σ²_u + V),   θ = b·M + μ + λ·(d̄ − μ),   θ ± 1.96·√(λV).

    Without answers θ is what players do as a whole, ± 1.96·σ_u. Source: empirical Bayes, Efron and
    Morris (1973). Example: σ²_u = 0.06, V = 0.18: λ = 0.25, so a player whose d̄ is 1 nat above the
    others' is put 0.25 above, ± 0.42.
    """
    if person.size != sum(answers) or person.shape != model.shape:
        raise ValueError(f"{person.size} losses are not those of {sum(answers)} places")
    between = float(site.components.variances[list(ClusterKind).index(ClusterKind.PLAYER)])
    centre = site.slope * site.model_nats + site.excess_nats
    if not person.size:
        half = Z_95 * math.sqrt(between)
        return Interval(centre, centre - half, centre + half, 0)
    within = mean_variance(site.components.of_one_player(), one_player_weights(answers)).variance
    trust = between / (between + within) if between else 0.0
    own = float((person - site.slope * model).mean()) - site.excess_nats
    value, half = centre + trust * own, Z_95 * math.sqrt(trust * within)
    return Interval(value, value - half, value + half, int(person.size))
