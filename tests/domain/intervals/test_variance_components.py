"""Variance components, held to hand arithmetic, to known effects, to Wilson and to scipy."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmarks.intervals import EFFECTS, coverage
from server.domain.estimators.accuracy import Interval, wilson_interval
from server.domain.intervals import student_t
from server.domain.intervals.clusters import (
    KINDS,
    ClusterKind,
    ClusterSquares,
    codes_by_kind,
    squares_of,
    squares_of_marks,
)
from server.domain.intervals.of_means_and_shares import (
    answers_to_settle,
    mean_interval,
    p_value,
    share_interval,
)
from server.domain.intervals.variance_components import (
    LOSS_NATS,
    MODEL_RIGHT,
    RIGHT,
    Components,
    MeanVariance,
    default_components,
    fit_components,
    mean_variance,
    sum_variance,
)

PLAYER, PASSAGE, POSITION, BOTH, ANSWER = range(5)
SURE = np.zeros(5)


def squares(values: list[float], players: list[int], positions: list[int]) -> ClusterSquares:
    n = len(values)
    position = np.array(positions)
    codes = codes_by_kind(np.array(players), position // 10, position)
    return squares_of(np.array(values), np.full(n, 1 / n), codes)


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(student_t).failed == 0


@pytest.mark.parametrize("freedom", [1, 1.3, 2, 4, 7.5, 30, 400, 1e6])
def test_student_s_t_agrees_with_scipy(freedom: float) -> None:
    expected = float(stats.t.ppf(0.975, freedom))
    assert student_t.t_quantile(freedom) == pytest.approx(expected, rel=3e-4)
    for t in (0.0, 0.5, 2.0, 6.0):
        expected = 2 * float(stats.t.sf(t, freedom))
        assert student_t.two_sided_p(t, freedom) == pytest.approx(expected, abs=1e-4)


def test_squares_by_hand() -> None:
    """Losses 1 and 2 of one player at positions 0 and 10, and 3 and 6 of another at the same.

    Weights are a quarter each, contributions (x − 3)/4: −.5, −.25, 0, .75. Players hold half of the
    weight each, so Σ W² = .5, and −.75 and .75, so 1.125. Positions −.5 and .5: .5.
    """
    found = squares([1, 2, 3, 6], [0, 0, 1, 1], [0, 10, 0, 10])
    assert list(found.weights) == [0.5, 0.5, 0.5, 0.25, 0.25]
    assert list(found.residuals) == [1.125, 0.5, 0.5, 0.875, 0.875]


def test_marks_have_the_squares_of_their_values() -> None:
    generator = np.random.default_rng(4)
    marks = generator.integers(-1, 2, 200)
    codes = codes_by_kind(*(generator.integers(0, 12, 200) for _ in range(3)))
    whole = squares_of_marks(marks, codes)
    floats = squares_of(marks.astype(np.float64), np.full(200, 1 / 200), codes)
    assert whole.weights == pytest.approx(floats.weights)
    assert whole.residuals == pytest.approx(floats.residuals)


def test_the_variance_of_a_mean_is_the_components_weighed_by_the_squares() -> None:
    """By hand for two players of 3 and 1 answers: D = (9 + 1)/16; the rest 1/4."""
    components = Components(np.array([0.8, 0, 0, 0, 2.0]), SURE)
    weights = squares([1, 2, 3, 6], [0, 0, 0, 1], [0, 1, 2, 3]).weights
    assert mean_variance(components, weights).variance == pytest.approx(0.8 * 10 / 16 + 2 / 4)
    alone = mean_variance(components.of_one_player(), weights)
    assert alone.variance == pytest.approx(0.5)
    assert alone.freedom == math.inf


def test_known_effects_are_found_in_a_large_study() -> None:
    """300 players of 20 among 120 passages: shares .1, .05, .3, .05, .5 of a variance of 4."""
    generator = np.random.default_rng(5)
    player = np.repeat(np.arange(300), 20 * 12)
    passage = np.repeat(np.concatenate([generator.permutation(120)[:20] for _ in range(300)]), 12)
    position = passage * 12 + np.tile(np.arange(12), 300 * 20)
    true = 4 * np.array([0.1, 0.05, 0.3, 0.05, 0.5])
    u, v, w, uv, e = np.sqrt(true)
    values = (
        u * generator.normal(size=300)[player]
        + v * generator.normal(size=120)[passage]
        + w * generator.normal(size=1440)[position]
        + uv * generator.normal(size=(300, 120))[player, passage]
        + e * generator.normal(size=player.size)
    )
    codes = codes_by_kind(player, passage, position)
    found = fit_components(
        squares_of(values, np.full(values.size, 1 / values.size), codes), LOSS_NATS
    )
    assert found.variances == pytest.approx(true, rel=0.3)
    assert found.total == pytest.approx(4, rel=0.05)
    assert found.doubts[ANSWER] < found.doubts[PASSAGE] < math.sqrt(0.5) * 4 * LOSS_NATS.shares[1]


def test_without_answers_to_tell_them_apart_components_keep_the_default_s_shares() -> None:
    """One player at one place says nothing of players, passages or positions."""
    found = fit_components(squares([3.0], [0], [0]), LOSS_NATS)
    assert found.variances == pytest.approx(default_components(LOSS_NATS).variances)


def test_answers_at_places_of_their_own_tell_the_sum_of_the_components() -> None:
    generator = np.random.default_rng(1)
    values = list(generator.normal(size=4000))
    found = fit_components(squares(values, list(range(4000)), list(range(0, 40000, 10))), LOSS_NATS)
    assert found.total == pytest.approx(1, rel=0.1)


def test_a_model_has_no_players_and_no_rest() -> None:
    marks = [float(i % 3 == 0) for i in range(60)]
    found = fit_components(
        squares(marks, [i // 20 for i in range(60)], list(range(60))), MODEL_RIGHT
    )
    assert list(found.variances[[PLAYER, BOTH, ANSWER]]) == [0, 0, 0]
    assert list(found.doubts[[PLAYER, BOTH, ANSWER]]) == [0, 0, 0]


@given(
    st.lists(
        st.tuples(st.floats(-9, 9), st.integers(0, 3), st.integers(0, 30)), min_size=1, max_size=30
    )
)
def test_components_are_never_negative_and_never_beyond_reason(
    answers: list[tuple[float, int, int]],
) -> None:
    values, players, positions = (list(column) for column in zip(*answers, strict=True))
    found = fit_components(squares(values, players, positions), LOSS_NATS)
    assert (found.variances >= 0).all()
    assert 0 < found.total < 9**2 * 10
    assert np.isfinite(found.doubts).all()


@given(st.integers(1, 400), st.data())
def test_independent_answers_have_wilson_s_interval(n: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, n))
    independent = Components(np.array([0, 0, 0, 0, 0.2]), SURE)
    weights = np.full(5, 1 / n)
    found, wilson = share_interval(right, n, independent, weights), wilson_interval(right, n)
    assert (found.low, found.high) == pytest.approx((wilson.low, wilson.high), abs=1e-4)
    assert (found.value, found.n) == (wilson.value, n)


def test_a_share_refuses_what_is_none() -> None:
    with pytest.raises(ValueError, match="not a share"):
        share_interval(3, 2, default_components(RIGHT), np.full(5, 0.5))


@given(st.floats(-3, 3), st.floats(1e-4, 4), st.floats(4, 1e6))
def test_p_is_below_5_percent_exactly_where_the_interval_leaves_out_0(
    difference: float, variance: float, freedom: float
) -> None:
    spread = MeanVariance(variance, freedom)
    found = mean_interval(difference, 10, spread)
    if min(abs(found.low), abs(found.high)) > 1e-9:
        assert (p_value(difference, spread) < 0.05) == (found.low > 0 or found.high < 0)


def test_what_has_no_variance_is_certain() -> None:
    assert p_value(0.0, MeanVariance(0.0, math.inf)) == 1.0
    assert p_value(0.1, MeanVariance(0.0, math.inf)) == 0.0


def test_the_answers_that_settle_a_difference() -> None:
    assert answers_to_settle(Interval(0.25, -0.5, 1.0, 100)) == 800
    assert answers_to_settle(Interval(0.25, 0.1, 0.4, 100)) == 0
    assert answers_to_settle(Interval(0.0, -0.5, 0.5, 100)) is None
    assert answers_to_settle(Interval(1e-16, -0.5, 0.5, 100)) is None
    assert answers_to_settle(Interval(0.5, -math.inf, math.inf, 1)) is None


def test_what_two_sums_share_widens_their_sum() -> None:
    """Players' σ² are 4 and 1, half of the weight is shared: 4/2 + 1/2 + 2·√4·½ = 4.5."""
    first, second = (Components(np.array([v, 0, 0, 0, 0.0]), SURE) for v in (4.0, 1.0))
    half = np.array([0.5, 0, 0, 0, 0])
    assert sum_variance((first, half), (second, half), half).variance == pytest.approx(4.5)
    apart = sum_variance((first, half), (second, half), np.zeros(5))
    assert apart.variance == pytest.approx(2.5)


def test_kinds_are_in_the_order_of_the_arrays() -> None:
    assert [KINDS[i] for i in (PLAYER, PASSAGE, POSITION, BOTH, ANSWER)] == list(ClusterKind)


@pytest.mark.parametrize("measure", ["accuracy", "difference", "loss"])
@pytest.mark.parametrize("design", [(1, 4, 4), (5, 66, 3), (20, 3, 3)])
def test_intervals_hold_the_truth_where_effects_are_strong(
    measure: str, design: tuple[int, int, int]
) -> None:
    held, _ = coverage(measure, design, EFFECTS["all"], studies=60)
    assert held >= 0.88  # .93 less two standard errors of 60 studies; docs/decisions/0024 has more
