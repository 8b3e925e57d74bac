"""The crowd's own choice: how often the plurality of k people is the author's word.

People at a position are drawn without replacement from those who answered there, so the expected
choice of any k of them is estimated without bias; k is at most how many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from server.domain.estimators.accuracy import Interval
from server.domain.estimators.arrays import FloatArray, IntArray
from server.domain.intervals.clusters import Clusters
from server.domain.intervals.of_bets_and_duels import interval, mean_estimate
from server.domain.intervals.variance_components import (
    MODEL_RIGHT,
    RIGHT,
    RIGHT_DIFFERENCE,
    Default,
)

CROWD_SIZES = (1, 3, 10, 30)
DRAWS = 400
_SEED = 20_261_127


@dataclass(frozen=True)
class PositionAnswers:
    """What people said at one position: how many gave each different answer, and who said nothing.

    `right` is the place of the author's word among the answers, None where nobody gave it.
    """

    passage: int
    counts: IntArray
    silent: int
    right: int | None
    model_right: bool

    @property
    def people(self) -> int:
        """How many were asked."""
        return int(self.counts.sum()) + self.silent


@dataclass(frozen=True)
class CrowdAccuracy:
    """Accuracy of the plurality of `size` people, of one person, and of the model, in one place.

    All on the same positions: those where at least `size` people were asked. `difference` is the
    crowd's minus the model's.
    """

    size: int
    positions: int
    crowd: Interval
    person: Interval
    model: Interval
    difference: Interval


def plurality_right(
    answers: PositionAnswers, size: int, generator: np.random.Generator, draws: int = DRAWS
) -> float:
    """Return how often the most frequent answer of `size` people is the author's word.

    Of equally frequent answers each is chosen as often; those who said nothing have no vote, and
    where all drawn said nothing the choice is wrong. Exact for one person, and where all are drawn;
    else from so many draws. Raises ValueError where fewer than `size` were asked.

    >>> counts = np.array([3, 1], dtype=np.int64)
    >>> everybody = PositionAnswers(0, counts, 0, 0, False)
    >>> plurality_right(everybody, 1, np.random.default_rng(0))
    0.75
    """
    if not 1 <= size <= answers.people:
        raise ValueError(f"{size} of {answers.people} people cannot be drawn")
    if answers.right is None:
        return 0.0
    if size == 1:
        return float(answers.counts[answers.right] / answers.people)
    people = np.append(answers.counts, answers.silent)
    times = 1 if size == answers.people else draws
    drawn = generator.multivariate_hypergeometric(people, size, size=times)[:, :-1]
    most = drawn.max(axis=1, keepdims=True)
    chosen = (drawn == most) & (most > 0)
    won = chosen[:, answers.right] / np.maximum(chosen.sum(axis=1), 1)
    return float(won.mean())


def crowd_accuracies(
    places: Sequence[PositionAnswers], sizes: Sequence[int] = CROWD_SIZES
) -> list[CrowdAccuracy]:
    """Return the accuracy of crowds of each size, where any position has so many people.

    The intervals are for these people on other such text. The same places give the same numbers.
    """
    found = []
    for size in sizes:
        enough = [place for place in places if place.people >= size]
        if enough:
            found.append(_accuracy(enough, size))
    return found


def _accuracy(places: Sequence[PositionAnswers], size: int) -> CrowdAccuracy:
    generator = np.random.default_rng(_SEED)
    crowd = np.array([plurality_right(place, size, generator) for place in places])
    person = np.array([plurality_right(place, 1, generator) for place in places])
    model = np.array([float(place.model_right) for place in places])
    passages = np.array([place.passage for place in places], dtype=np.int64)

    return CrowdAccuracy(
        size,
        len(places),
        mean_over_places(crowd, passages, RIGHT),
        mean_over_places(person, passages, RIGHT),
        mean_over_places(model, passages, MODEL_RIGHT),
        mean_over_places(crowd - model, passages, RIGHT_DIFFERENCE, least=-1.0),
    )


def mean_over_places(
    values: FloatArray, passages: IntArray, default: Default, least: float = 0.0
) -> Interval:
    """Return the mean of one value for each position, given each one's passage.

    The interval is for these people on other such text, and within the values' range, `least` to 1;
    `default` says how such values vary, which a few positions cannot tell.
    """
    n = values.size
    nobody_else = np.zeros(n, dtype=np.int64)
    clusters = Clusters(nobody_else, np.arange(n, dtype=np.int64), passages)
    found = interval(mean_estimate(values, clusters, default))
    return replace(found, low=max(least, found.low), high=min(1.0, found.high))
