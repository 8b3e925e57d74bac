"""Bets and the headline, held to hand arithmetic and to players whose losses are known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.estimators.bets import Bets, bet_losses, bets_estimate, with_tail
from server.domain.estimators.duels import excess_estimate
from server.domain.estimators.shares import inside, target_share
from server.domain.intervals.clusters import Clusters
from server.domain.intervals.of_bets_and_duels import interval, mean_estimate
from tests.domain.samples import make_bets, make_duels, make_world

POOL = make_world(np.random.default_rng(2), passages=60)
AVERAGE = np.full(12, 0.8)


def bets(share: list[float], offered: list[bool], g: list[float], rest: list[float]) -> Bets:
    position = np.arange(len(share))
    return Bets(
        np.array(share),
        np.array(offered),
        np.log(g),
        np.array(rest),
        Clusters(np.zeros_like(position), position, position),
    )


def test_a_target_that_was_offered_costs_what_was_staked_on_it() -> None:
    assert bet_losses(bets([0.5], [True], [0.1], [0.3])) == pytest.approx([math.log(2)])


def test_the_model_s_tail_stands_in_where_the_target_was_not_offered() -> None:
    """−ln 0.2 − ln(0.01/0.4) = 1.609438 + 3.688879."""
    assert bet_losses(bets([0.2], [False], [0.01], [0.4])) == pytest.approx([5.298317])


def test_the_rest_is_never_less_than_the_target_that_lies_in_it() -> None:
    for rest in (0.0, -1e-9, 0.005):
        assert bet_losses(bets([0.2], [False], [0.01], [rest])) == pytest.approx([-math.log(0.2)])


@pytest.mark.parametrize(
    ("stakes", "other", "target", "share", "offered"),
    [
        ({"cat": 0.5, "dog": 0.3}, 0.2, {"cat"}, 0.5, True),
        ({"cat": 0.5, "dog": 0.3}, 0.2, {"hen"}, 0.2, False),
        ({"May": 0.5, "may": 0.3}, 0.2, {"may", "May"}, 0.8, True),
        ({"cat": 1.0}, 0.0, {"hen"}, 0.001 / 1.001, False),
        ({"cat": 0.0, "dog": 0.0}, 1.0, {"cat"}, 0.001 / 1.002, True),
        ({"cat": 5e-324, "dog": 1.0}, 1.0, {"cat"}, 5e-16, True),
        ({"cat": 50, "dog": 30}, 20, {"dog"}, 0.3, True),
        ({}, 1.0, {"hen"}, 1.0, False),
    ],
)
def test_the_share_on_the_target(
    stakes: dict[str, float], other: float, target: set[str], share: float, offered: bool
) -> None:
    found, was_offered = target_share(stakes, other, target)
    assert found == pytest.approx(share, rel=1e-6, abs=0)
    assert was_offered is offered


def test_a_negative_share_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        target_share({"cat": -0.1}, 1.1, {"cat"})
    with pytest.raises(ValueError, match="negative"):
        target_share({"cat": 1.1}, -0.1, {"cat"})


@given(st.lists(st.floats(0, 1), max_size=6), st.floats(0, 1))
def test_shares_add_up_to_one_whatever_was_stated(stakes: list[float], other: float) -> None:
    named = {str(i): stake for i, stake in enumerate(stakes)}
    on_each = [target_share(named, other, {token})[0] for token in named]
    assert sum(on_each) + target_share(named, other, {"none"})[0] == pytest.approx(1)
    assert all(share > 0 for share in on_each)


def test_only_certainty_itself_is_moved_inside() -> None:
    assert list(inside(np.array([0.0, 1e-6, 0.5, 0.9999, 1.0]))) == [
        0.001,
        1e-6,
        0.5,
        0.9999,
        0.999,
    ]


def test_the_mean_loss_by_hand() -> None:
    """Losses ln 2 and 5.298317."""
    two = bets([0.5, 0.2], [True, False], [0.1, 0.01], [0.3, 0.4])
    assert bets_estimate(two).value == pytest.approx((0.693147 + 5.298317) / 2, abs=1e-6)


def test_the_headline_adds_the_tail_s_excess_times_the_share_not_offered() -> None:
    generator = np.random.default_rng(4)
    stakes = make_bets(generator, POOL, AVERAGE, 3)
    duels = make_duels(generator, POOL, AVERAGE, questions=20, each=20)
    head = bets_estimate(stakes)
    missed = float((~stakes.offered).mean())
    tail = excess_estimate(duels, jackknife=True).value
    whole = with_tail(head, stakes, duels)
    assert 0.03 < missed < 0.3
    assert whole.value == pytest.approx(head.value + missed * tail)
    assert sum(part.contributions.sum() for part in whole.parts) == pytest.approx(0, abs=1e-12)
    assert whole.n == stakes.share.size + duels.question.size


def test_without_comparisons_from_the_tail_the_stand_in_remains() -> None:
    two = bets([0.5, 0.2], [True, False], [0.1, 0.01], [0.3, 0.4])
    head = bets_estimate(two)
    assert with_tail(head, two, None) is head


def test_who_bets_as_the_reference_recovers_the_reference_s_loss() -> None:
    generator, exactly = np.random.default_rng(6), np.ones(12)
    plain = replace(POOL, noise=np.zeros_like(POOL.noise))
    stakes = make_bets(generator, plain, exactly, 4)
    duels = make_duels(generator, plain, exactly, questions=20, each=20)
    assert bet_losses(stakes) == pytest.approx(-stakes.target_logprob)
    gaps = mean_estimate(bet_losses(stakes) + stakes.target_logprob, stakes.clusters)
    difference = interval(with_tail(gaps, stakes, duels))
    assert difference.value == pytest.approx(0, abs=1e-9)
    assert difference.high < 0.1  # what the default still doubts


def test_bets_alone_miss_what_the_tail_adds_and_the_headline_recovers_the_truth() -> None:
    generator = np.random.default_rng(8)
    players = np.full(60, 0.8)
    stakes = make_bets(generator, POOL, players, 60)  # every position of the pool
    duels = make_duels(generator, POOL, players, questions=10_000, each=200)
    truth = POOL.true_loss(0.8)
    head = bets_estimate(stakes)
    headline = with_tail(head, stakes, duels).value
    assert truth - head.value > 0.02
    assert headline == pytest.approx(truth, abs=0.01)


def test_the_order_of_bets_changes_nothing() -> None:
    stakes = make_bets(np.random.default_rng(9), POOL, AVERAGE, 3)
    order = np.random.default_rng(0).permutation(stakes.share.size)
    who = stakes.clusters
    mixed = Bets(
        stakes.share[order],
        stakes.offered[order],
        stakes.target_logprob[order],
        stakes.rest[order],
        Clusters(-who.player[order], who.position[order] + 7, who.passage[order] * 3),
    )
    one, other = interval(bets_estimate(stakes)), interval(bets_estimate(mixed))
    assert (one.low, one.high) == pytest.approx((other.low, other.high), rel=1e-9)
