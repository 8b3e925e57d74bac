"""What few answers say of people's distribution, tested on distributions that are known."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.estimators.answers import (
    coverage,
    entropy_nats,
    first_choice,
    total_variation,
)
from server.domain.estimators.arrays import FloatArray


class Errors(NamedTuple):
    """Mean errors over many made positions: of the estimates, and of the plain values."""

    entropy: float
    plain_entropy: float
    distance: float
    plain_distance: float
    low: float


def distributions(numbers: np.random.Generator, sharpness: float) -> tuple[FloatArray, FloatArray]:
    """People's and a model's distribution over 2,000 words, alike but for noise and temperature."""
    merit = numbers.gumbel(size=2_000) * sharpness
    noise = numbers.normal(size=2_000) * numbers.choice([0, 0.5, 1, 2])
    people = np.exp(merit - merit.max())
    model = np.exp(merit * numbers.choice([0.8, 1, 1.2]) + noise - merit.max())
    return people / people.sum(), model / model.sum()


def errors(sharpness: float, answers: int, positions: int = 400) -> Errors:
    numbers = np.random.default_rng(int(sharpness * 10) + answers)
    found = []
    for _ in range(positions):
        people, model = distributions(numbers, sharpness)
        drawn = numbers.multinomial(answers, people)
        seen = np.flatnonzero(drawn)
        counts, share = drawn[seen], drawn[seen] / answers
        entropy = -float((people[people > 0] * np.log(people[people > 0])).sum())
        distance = float(np.maximum(people - model, 0).sum())
        estimate = total_variation(counts, model[seen])
        found.append(
            (
                entropy_nats(counts) - entropy,
                -float((share * np.log(share)).sum()) - entropy,
                estimate.value - distance,
                estimate.high - distance,
                estimate.low - distance,
            )
        )
    return Errors(*np.mean(found, axis=0))


@pytest.mark.parametrize("answers", [10, 20, 40])
@pytest.mark.parametrize("sharpness", [3.0, 2.0, 1.2])
def test_the_distance_is_nearly_right_from_few_answers(sharpness: float, answers: int) -> None:
    mean = errors(sharpness, answers)
    assert abs(mean.distance) < 0.06
    assert mean.low < 0 < mean.plain_distance
    assert abs(mean.distance) < mean.plain_distance


@pytest.mark.parametrize("answers", [10, 20, 40])
@pytest.mark.parametrize("sharpness", [3.0, 2.0])
def test_the_entropy_is_nearly_right_where_answers_repeat(sharpness: float, answers: int) -> None:
    mean = errors(sharpness, answers)
    assert abs(mean.entropy) < 0.25
    assert abs(mean.entropy) < abs(mean.plain_entropy) / 1.5


def test_the_entropy_of_the_widest_distributions_stays_too_low_but_less_than_plain() -> None:
    mean = errors(1.2, 40)
    assert mean.plain_entropy < mean.entropy / 1.5 < 0


def test_the_first_choice_is_not_praised_for_being_chosen() -> None:
    numbers, people = np.random.default_rng(3), np.full(10, 0.1)
    found = []
    for _ in range(500):
        counts = numbers.multinomial(12, people)
        counts = counts[counts > 0]
        found.append(first_choice(counts, np.full(counts.size, 0.1)).people)
        assert counts.max() / 12 > 0.1
    assert np.mean(found) == pytest.approx(0.1, abs=0.015)


def test_by_hand() -> None:
    counts, model = np.array([3, 1]), np.array([0.5, 0.1])
    assert coverage(counts) == 0.75
    # p = 9/16 and 3/16, each by the chance of being among four: 1 - (7/16)^4 and 1 - (13/16)^4.
    first = -(9 / 16) * math.log(9 / 16) / (1 - (7 / 16) ** 4)
    second = -(3 / 16) * math.log(3 / 16) / (1 - (13 / 16) ** 4)
    assert entropy_nats(counts) == pytest.approx(first + second)
    assert first + second == pytest.approx(0.8923, abs=1e-4)
    distance = total_variation(counts, model)
    assert distance.high == pytest.approx(0.25 + 0.15)
    # Without one of the three (2/3, 1/3) both are chosen, and it is among them: 1 - 0.6. Without
    # the single one only the first is, and it is not among it: 0 - 0.5.
    assert distance.low == pytest.approx((3 * 0.4 - 0.5) / 4)
    assert distance.value == pytest.approx((0.4 + 0.175) / 2)
    choice = first_choice(counts, model)
    assert (choice.people, choice.model) == pytest.approx((0.75, 0.5))


def test_all_alike_and_all_different() -> None:
    alike = np.array([10])
    assert (coverage(alike), entropy_nats(alike)) == (1, 0)
    assert total_variation(alike, np.array([0.25])).value == pytest.approx(0.75)
    assert coverage(np.ones(10, dtype=np.int64)) == pytest.approx(0.1)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=8), st.integers(0, 2**32 - 1))
def test_estimates_stay_within_what_is_possible(numbers: list[int], seed: int) -> None:
    counts = np.array([*numbers, 1])
    model = np.random.default_rng(seed).dirichlet(np.ones(counts.size + 1))[:-1]
    distance = total_variation(counts, model)
    assert 0 <= distance.value <= 1
    assert distance.low <= distance.high + 1e-12
    assert entropy_nats(counts) >= 0
    choice = first_choice(counts, model)
    assert 0 <= choice.people <= 1
    assert 0 <= choice.model <= 1


@pytest.mark.parametrize("counts", [[], [0, 3]])
def test_counts_of_nothing_are_refused(counts: list[int]) -> None:
    for estimate in (coverage, entropy_nats):
        with pytest.raises(ValueError, match="answers that were given"):
            estimate(np.array(counts, dtype=np.int64))
    with pytest.raises(ValueError, match="not a distribution"):
        total_variation(np.array([1]), np.array([0.5]))
