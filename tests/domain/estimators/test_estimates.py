"""Intervals that allow for players and places, held to hand arithmetic, scipy and simulation."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from scipy import stats

from server.domain.estimators import estimates
from server.domain.estimators import stated_shares as stated
from server.domain.estimators.accuracy import Interval
from server.domain.estimators.bets import bets_estimate, with_tail
from server.domain.estimators.estimates import (
    Clusters,
    Estimate,
    answers_to_settle_mean,
    interval,
    mean_estimate,
    number_of,
    plus,
    t_quantile,
)
from tests.domain.samples import make_bets, make_duels, make_world


def clusters(player: list[int], position: list[int], passage: list[int] | None = None) -> Clusters:
    return Clusters(np.array(player), np.array(position), np.array(passage or position))


def half_width(estimate: Estimate) -> float:
    return interval(estimate).high - estimate.value


@pytest.mark.parametrize("module", [estimates, stated])
def test_the_examples_in_the_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("freedom", [1, 1.3, 2, 4, 7.5, 30, 400, 1e6])
def test_student_s_t_agrees_with_scipy(freedom: float) -> None:
    assert t_quantile(freedom) == pytest.approx(float(stats.t.ppf(0.975, freedom)), rel=3e-4)


def test_one_player_s_interval_is_student_s() -> None:
    """By hand for losses 1, 2, 3, 6: mean 3, variance (4 + 1 + 0 + 9)/3 = 4.6667, of the mean a
    quarter, 1.1667; its root 1.0801; times t(3) = 3.1824 gives 3.4374.
    """
    losses = np.array([1.0, 2.0, 3.0, 6.0])
    alone = mean_estimate(losses, clusters([7] * 4, [0, 1, 2, 3]))
    assert alone.value == 3.0
    assert half_width(alone) == pytest.approx(3.4374, abs=2e-4)


def test_two_players_at_two_positions_by_hand() -> None:
    """Losses 1 and 2 of one player, 3 and 6 of another, at the same two positions.

    Contributions (x − 3)/4: −0.5, −0.25, 0, 0.75. By player −0.75 and 0.75: V = 2·1.125 = 2.25. By
    position −0.5 and 0.5: V = 2·0.5 = 1. Together 3.25, with 3.25²/(2.25² + 1²) = 1.7423 degrees of
    freedom, where t is 4.9694 (scipy): 4.9694·√3.25 = 8.9588.
    """
    pair = mean_estimate(np.array([1.0, 2, 3, 6]), clusters([0, 0, 1, 1], [0, 1, 0, 1]))
    assert half_width(pair) == pytest.approx(
        float(stats.t.ppf(0.975, 3.25**2 / 6.0625)) * math.sqrt(3.25), rel=1e-3
    )


def test_passages_count_as_places_where_their_positions_are_alike() -> None:
    losses = np.repeat([1.0, 2.0, 3.0, 4.0, 5.0], 4)
    position = list(range(20))
    alike = mean_estimate(losses, clusters([0] * 20, position, list(np.repeat(range(5), 4))))
    apart = mean_estimate(losses, clusters([0] * 20, position))
    few = mean_estimate(losses, clusters([0] * 20, position, [0] * 10 + [1] * 10))
    by_passage = float(stats.t.ppf(0.975, 4)) * math.sqrt(2.5 / 5)
    assert half_width(alike) == pytest.approx(by_passage, rel=1e-3)
    assert half_width(few) == half_width(apart) < half_width(alike)


def test_one_position_tells_nothing_about_others() -> None:
    found = interval(mean_estimate(np.array([1.0, 2.0]), clusters([0, 1], [0, 0])))
    assert found == Interval(1.5, -math.inf, math.inf, 2)


def test_answers_that_are_all_the_same_leave_no_doubt() -> None:
    found = interval(mean_estimate(np.full(4, 2.5), clusters([0, 0, 1, 1], [0, 1, 0, 1])))
    assert found == Interval(2.5, 2.5, 2.5, 4)


def test_nothing_has_no_mean() -> None:
    with pytest.raises(ValueError, match="no answers"):
        mean_estimate(np.array([]), clusters([], []))


def test_a_sum_of_estimates_knows_that_a_player_is_in_both() -> None:
    """One player answers high in both, another low: by player the deviations add up."""
    first = mean_estimate(np.array([1.0, 3.0]), clusters([0, 1], [0, 1]))
    second = mean_estimate(np.array([2.0, 6.0]), clusters([0, 1], [2, 3]))
    both = plus(first, second)
    assert (both.value, both.n) == (6.0, 4)
    assert list(both.contributions) == [-0.5, 0.5, -1.0, 1.0]
    by_player, by_position = 2 * (1.5**2 + 1.5**2), 4 / 3 * 2.5
    freedom = (by_player + by_position) ** 2 / (by_player**2 + by_position**2 / 3)
    expected = float(stats.t.ppf(0.975, freedom)) * math.sqrt(by_player + by_position)
    assert half_width(both) == pytest.approx(expected, rel=1e-3)


def test_codes_are_counted() -> None:
    assert number_of(np.array([5, 5, -1, 7])) == 3


def test_the_interval_shrinks_with_the_root_of_the_answers() -> None:
    generator = np.random.default_rng(3)
    widths = []
    for players in (40, 640):
        player, position = np.repeat(np.arange(players), 5), np.arange(players * 5)
        losses = generator.normal(0, 1, players)[player] + generator.normal(0, 1, player.size)
        widths.append(half_width(mean_estimate(losses, Clusters(player, position, position))))
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.2)


@pytest.mark.parametrize(("players", "passages_each", "questions"), [(1, 8, 20), (20, 3, 60)])
def test_the_headline_s_interval_covers_the_truth(
    players: int, passages_each: int, questions: int
) -> None:
    """Players of one kind, so that even one speaks for all; docs/decisions/0015 has more."""
    truth = make_world(np.random.default_rng(1), passages=4_000).true_loss(0.8)
    tempers, covered = np.full(players, 0.8), 0
    for seed in range(100):
        generator = np.random.default_rng(seed)
        world = make_world(generator, passages=66)
        bets = make_bets(generator, world, tempers, passages_each)
        duels = make_duels(generator, world, tempers, questions, each=max(20, 60 // players))
        found = interval(with_tail(bets_estimate(bets), bets, duels))
        covered += found.low <= truth <= found.high
    assert covered >= 90


def test_the_answers_that_settle_a_mean_difference() -> None:
    assert answers_to_settle_mean(Interval(0.25, -0.5, 1.0, 100)) == 800
    assert answers_to_settle_mean(Interval(-0.5, -0.7, -0.3, 100)) == 0
    assert answers_to_settle_mean(Interval(0.0, -0.2, 0.2, 100)) is None
    assert answers_to_settle_mean(Interval(0.3, -math.inf, math.inf, 1)) is None
