"""Figures of one player in one round, with intervals, as the contract has them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from server.domain.estimators.accuracy import (
    Interval,
    PairedCounts,
    answers_to_settle,
    difference_interval,
    mcnemar_p_value,
    wilson_interval,
)
from server.domain.estimators.estimates import (
    Clusters,
    FloatArray,
    answers_to_settle_mean,
    interval,
    mean_estimate,
)
from server.domain.estimators.perplexity import bits
from server.services.contract.figures import ComparisonView, IntervalView, LossesView
from server.services.play.played import Losses, Marks

LN2 = math.log(2)


def paired_counts(marks: Sequence[Marks]) -> PairedCounts:
    """Count the positions that count for accuracy by who was right."""
    pairs = [(mark.right, mark.model_right) for mark in marks if mark.counts]
    return PairedCounts(
        both=pairs.count((True, True)),
        person_only=pairs.count((True, False)),
        model_only=pairs.count((False, True)),
        neither=pairs.count((False, False)),
    )


def accuracy_view(right: int, n: int) -> IntervalView:
    """Return one side's accuracy with its interval; of nothing, that it may be anything."""
    if n == 0:
        return IntervalView(value=0.0, low=0.0, high=1.0, n=0)
    return IntervalView.of(wilson_interval(right, n))


def comparison_view(counts: PairedCounts) -> ComparisonView:
    """Return the paired comparison of person and model; of nothing, that nobody leads."""
    if counts.n == 0:
        nothing = IntervalView(value=0.0, low=-1.0, high=1.0, n=0)
        return ComparisonView(difference=nothing, p_value=1.0, answers_to_settle=None)
    return ComparisonView(
        difference=IntervalView.of(difference_interval(counts)),
        p_value=mcnemar_p_value(counts),
        answers_to_settle=answers_to_settle(counts),
    )


def losses_view(losses: Sequence[Losses]) -> LossesView:
    """Return both sides' mean losses on the same positions, and their difference."""
    person = np.array([both.person_nats for both in losses], dtype=np.float64)
    model = np.array([both.model_nats for both in losses], dtype=np.float64)
    difference = _mean(person - model)
    return LossesView(
        you=interval_in_bits(_mean(person)),
        model=interval_in_bits(_mean(model)),
        difference=interval_in_bits(difference),
        answers_to_settle=answers_to_settle_mean(difference),
    )


def means_in_bits(pairs: Sequence[tuple[float, float]]) -> LossesView:
    """Return the means of what person and model earned, in bits, and their difference."""
    nats = [Losses(person * LN2, model * LN2) for person, model in pairs]
    return losses_view(nats)


def one_player(n: int) -> Clusters:
    """Return the clusters of n positions that one player answered in one passage."""
    nobody_else = np.zeros(n, dtype=np.int64)
    return Clusters(nobody_else, np.arange(n, dtype=np.int64), nobody_else)


def interval_in_bits(nats: Interval) -> IntervalView:
    """Return the interval in bits; one position alone bounds nothing, so it gets its own value."""
    low = nats.low if math.isfinite(nats.low) else nats.value
    high = nats.high if math.isfinite(nats.high) else nats.value
    return IntervalView(value=bits(nats.value), low=bits(low), high=bits(high), n=nats.n)


def _mean(values: FloatArray) -> Interval:
    """Return the mean over one player's positions in one passage."""
    return interval(mean_estimate(values, one_player(values.size)))
