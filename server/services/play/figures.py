"""One player's figures in one round, with intervals, as the contract has them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from server.domain.estimators.accuracy import Interval, PairedCounts
from server.domain.estimators.arrays import FloatArray
from server.domain.estimators.perplexity import bits
from server.domain.intervals.clusters import Clusters, one_player_weights
from server.domain.intervals.of_accuracy import (
    NOTHING_TO_COMPARE,
    PairedComponents,
    PairedIntervals,
    paired_intervals,
)
from server.domain.intervals.of_means_and_shares import answers_to_settle, mean_interval
from server.domain.intervals.variance_components import Components, mean_variance
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


def comparison(counts: PairedCounts, components: PairedComponents) -> PairedIntervals:
    """Return what one player's positions in one passage show; without any, the widest interval."""
    if counts.n == 0:
        return NOTHING_TO_COMPARE
    return paired_intervals(counts, one_player_weights([counts.n]), components)


def comparison_view(intervals: PairedIntervals) -> ComparisonView:
    """Return the paired comparison of person and model."""
    return ComparisonView(
        difference=IntervalView.of(intervals.difference),
        p_value=intervals.p_value,
        answers_to_settle=intervals.answers_to_settle,
    )


def losses_view(losses: Sequence[Losses], components: PairedComponents) -> LossesView:
    """Return both sides' mean losses on the same positions, and their difference.

    A dozen answers are too few to tell how much losses vary: `components` are the site's.
    """
    person = np.array([both.person_nats for both in losses], dtype=np.float64)
    model = np.array([both.model_nats for both in losses], dtype=np.float64)
    difference = _mean(person - model, components.difference)
    return LossesView(
        you=interval_in_bits(_mean(person, components.person)),
        model=interval_in_bits(_mean(model, components.model)),
        difference=interval_in_bits(difference),
        answers_to_settle=answers_to_settle(difference),
    )


def means_in_bits(pairs: Sequence[tuple[float, float]], components: PairedComponents) -> LossesView:
    """Return the means of what person and model earned, in bits, and their difference."""
    nats = [Losses(person * LN2, model * LN2) for person, model in pairs]
    return losses_view(nats, components)


def one_player(n: int) -> Clusters:
    """Return the clusters of n positions that one player answered in one passage."""
    nobody_else = np.zeros(n, dtype=np.int64)
    return Clusters(nobody_else, np.arange(n, dtype=np.int64), nobody_else)


def interval_in_bits(nats: Interval) -> IntervalView:
    """Return the interval in bits."""
    return IntervalView(value=bits(nats.value), low=bits(nats.low), high=bits(nats.high), n=nats.n)


def _mean(values: FloatArray, components: Components) -> Interval:
    """Return the mean over one player's positions in one passage."""
    spread = mean_variance(components.of_one_player(), one_player_weights([values.size]))
    return mean_interval(float(values.mean()), int(values.size), spread)
