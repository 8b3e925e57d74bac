"""Person and model on the same positions: how often each is right, and by how much."""

from __future__ import annotations

from dataclasses import dataclass

from server.domain.estimators.accuracy import Interval, PairedCounts
from server.domain.estimators.arrays import FloatArray
from server.domain.intervals.clusters import ClusterSquares, is_one_player
from server.domain.intervals.of_means_and_shares import (
    answers_to_settle,
    mean_interval,
    p_value,
    share_interval,
)
from server.domain.intervals.variance_components import (
    MODEL_RIGHT,
    RIGHT,
    RIGHT_DIFFERENCE,
    Components,
    default_components,
    fit_components,
    mean_variance,
)


@dataclass(frozen=True)
class PairedComponents:
    """Variance components of a person's mark, of the model's, and of their difference."""

    person: Components
    model: Components
    difference: Components


@dataclass(frozen=True)
class PairedIntervals:
    """Both sides' accuracy and their difference, person minus model; all follow one variance."""

    person: Interval
    model: Interval
    difference: Interval
    p_value: float
    answers_to_settle: int | None


DEFAULT_PAIRED = PairedComponents(
    default_components(RIGHT),
    default_components(MODEL_RIGHT),
    default_components(RIGHT_DIFFERENCE),
)


NOTHING_TO_COMPARE = PairedIntervals(
    person=Interval(0.0, 0.0, 1.0, 0),
    model=Interval(0.0, 0.0, 1.0, 0),
    difference=Interval(0.0, -1.0, 1.0, 0),
    p_value=1.0,
    answers_to_settle=None,
)


def fit_paired(
    person: ClusterSquares, model: ClusterSquares, difference: ClusterSquares
) -> PairedComponents:
    """Return the components that marks show: 1 for right, 0 for wrong, and their differences."""
    return PairedComponents(
        fit_components(person, RIGHT),
        fit_components(model, MODEL_RIGHT),
        fit_components(difference, RIGHT_DIFFERENCE),
    )


def paired_intervals(
    counts: PairedCounts, weights: FloatArray, components: PairedComponents
) -> PairedIntervals:
    """Return both sides' intervals on some positions; `weights`: see ClusterSquares.

    For one player alone they say how that player does, not how people do. Raises ValueError where
    there is no position.
    """
    person, gap = components.person, components.difference
    if is_one_player(weights):
        person, gap = person.of_one_player(), gap.of_one_player()
    spread = mean_variance(gap, weights)
    difference = mean_interval(counts.difference, counts.n, spread)
    bounded = Interval(
        difference.value, max(-1.0, difference.low), min(1.0, difference.high), counts.n
    )
    return PairedIntervals(
        share_interval(counts.person_right, counts.n, person, weights),
        share_interval(counts.model_right, counts.n, components.model, weights),
        bounded,
        p_value(counts.difference, spread),
        answers_to_settle(difference),
    )
