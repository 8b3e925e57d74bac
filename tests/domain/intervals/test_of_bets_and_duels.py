"""Intervals that allow for players and places, held to hand arithmetic, scipy and simulation."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest

from server.domain.estimators import shares
from server.domain.estimators.bets import bets_estimate, with_tail
from server.domain.intervals import of_bets_and_duels
from server.domain.intervals.clusters import Clusters
from server.domain.intervals.of_bets_and_duels import (
    Estimate,
    interval,
    mean_estimate,
    number_of,
    plus,
)
from tests.domain.samples import make_bets, make_duels, make_world


def clusters(player: list[int], position: list[int], passage: list[int] | None = None) -> Clusters:
    return Clusters(np.array(player), np.array(position), np.array(passage or position))


def half_width(estimate: Estimate) -> float:
    return interval(estimate).high - estimate.value


@pytest.mark.parametrize("module", [of_bets_and_duels, shares])
def test_the_examples_in_the_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_one_player_s_interval_by_hand() -> None:
    """Losses 1, 2, 3, 6 of one player in four passages: mean 3, contributions −.5, −.25, 0, .75.

    Nothing tells the components apart, so they share as the default does what the answers and the
    default say of the total: (4·3.5 + 12·5)/(4·(1 − .08 − .92/4) + 12) = 74/14.76 = 5.0136. Without
    the player's own .08, V = 5.0136·.92/4 = 1.1531.
    """
    alone = mean_estimate(np.array([1.0, 2, 3, 6]), clusters([7] * 4, [0, 1, 2, 3]))
    assert alone.value == 3.0
    fitted = half_width(alone)
    assert 1.9 * math.sqrt(1.1531) < fitted < 2.8 * math.sqrt(1.1531)


def test_passages_whose_positions_are_alike_widen_the_interval() -> None:
    losses = np.repeat([1.0, 2.0, 3.0, 4.0, 5.0], 40)
    position = list(range(200))
    alike = mean_estimate(losses, clusters([0] * 200, position, list(np.repeat(range(5), 40))))
    apart = mean_estimate(losses, clusters([0] * 200, position))
    assert half_width(alike) > 2 * half_width(apart)


def test_one_position_tells_little_and_one_player_less() -> None:
    one = interval(mean_estimate(np.array([1.0, 2.0]), clusters([0, 1], [0, 0])))
    assert one.value == 1.5
    assert 2 < one.high - one.low < 20


def test_nothing_has_no_mean() -> None:
    with pytest.raises(ValueError, match="no answers"):
        mean_estimate(np.array([]), clusters([], []))


def test_a_sum_of_estimates_knows_that_players_are_in_both() -> None:
    generator = np.random.default_rng(2)
    player = np.repeat(np.arange(10), 30)
    skill = generator.normal(0, 2, 10)[player]

    def part(seed: int, who: list[int]) -> Estimate:
        noise = np.random.default_rng(seed).normal(0, 1, 300)
        where = list(range(300 * seed, 300 * seed + 300))
        return mean_estimate(skill + noise, clusters(who, where))

    first, second = part(0, list(player)), part(1, list(player))
    strangers = part(1, list(player + 10))
    both, apart = plus(first, second), plus(first, strangers)
    assert (both.value, both.n) == (apart.value, 600)
    assert half_width(both) == pytest.approx(half_width(apart) * math.sqrt(2), rel=0.05)


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
    """Players of one kind, so that even one speaks for all; docs/decisions/0010 has more."""
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
