"""A player's shrunken loss, held to hand arithmetic and to players whose loss is known."""

from __future__ import annotations

import numpy as np
import pytest

from server.domain.estimators.ability import (
    DEFAULT_SLOPE,
    PairedLosses,
    fit_paired_losses,
    player_loss,
)
from server.domain.intervals.clusters import Clusters
from server.domain.intervals.variance_components import Components
from server.domain.sums.contributions import HEAD, Head
from server.domain.sums.pooled_analysis import paired_losses_from
from server.domain.sums.pools import add_answers
from server.domain.sums.whole_numbers import CLUSTER, Sums, changed_moments, fixed

SITE = PairedLosses(0.8, 1.0, 4.0, Components(np.array([0.06, 0, 0, 0, 2.16]), np.zeros(5)))


def test_a_dozen_answers_by_hand() -> None:
    """V = 2.16/12 = .18, λ = .06/.24 = .25: d̄ is 1 above μ, so θ = .8·4 + 1 + .25 = 4.45."""
    model = np.linspace(1, 6, 12)
    found = player_loss(SITE, 0.8 * model + 2, model, [12])
    assert found.value == pytest.approx(4.45)
    assert found.high - found.value == pytest.approx(1.96 * (0.25 * 0.18) ** 0.5, rel=1e-4)


def test_who_has_not_played_is_taken_for_one_of_many() -> None:
    found = player_loss(SITE, np.array([]), np.array([]), [])
    assert found.value == pytest.approx(4.2)
    assert found.n == 0
    assert found.high - found.value == pytest.approx(1.96 * 0.06**0.5, rel=1e-4)


def test_hard_words_are_not_held_against_a_player() -> None:
    easy, hard = np.full(12, 1.0), np.full(12, 7.0)
    on_easy = player_loss(SITE, 0.8 * easy + 1, easy, [12])
    on_hard = player_loss(SITE, 0.8 * hard + 1, hard, [12])
    assert on_easy.value == pytest.approx(on_hard.value)


def test_losses_and_places_must_fit() -> None:
    with pytest.raises(ValueError, match="12 losses are not those of 10 places"):
        player_loss(SITE, np.zeros(12), np.zeros(12), [10])


def test_few_answers_leave_the_slope_at_its_default() -> None:
    place = Clusters(np.zeros(2, dtype=np.int64), np.arange(2), np.zeros(2, dtype=np.int64))
    found = fit_paired_losses(np.array([1.0, 3.0]), np.array([2.0, 2.5]), place)
    assert found.slope == pytest.approx((2 * 4 + 500 * DEFAULT_SLOPE) / 502)
    with pytest.raises(ValueError, match="no answers"):
        fit_paired_losses(np.array([]), np.array([]), place)


def test_at_twelve_words_the_shrunken_loss_is_off_by_far_less_than_the_raw_mean() -> None:
    """300 players of four passages of 200 each, judged by the first; players spread by 0.25 nats.

    The fit needs some who return: after one passage each, who is good cannot be told from who
    liked that passage.
    """
    generator = np.random.default_rng(3)
    players, passages, each = 300, 200, 4
    hard = generator.gamma(2.5, 1.5, passages * 12)
    skill = generator.normal(0, 0.25, players)
    player = np.repeat(np.arange(players), 12 * each)
    chosen = [generator.permutation(passages)[:each] for _ in range(players)]
    passage = np.repeat(np.concatenate(chosen), 12)
    position = passage * 12 + np.tile(np.arange(12), players * each)
    model = hard[position]
    person = 0.85 * model + 0.6 + skill[player] + generator.normal(0, 1.1, player.size)
    site = fit_paired_losses(person, model, Clusters(player, position, passage))
    truth = 0.85 * hard.mean() + 0.6 + skill
    first = [slice(12 * each * i, 12 * each * i + 12) for i in range(players)]
    found = [player_loss(site, person[words], model[words], [12]) for words in first]
    raw = np.array([person[words].mean() for words in first])
    shrunken = np.array([one.value for one in found])
    held = np.mean([one.low <= t <= one.high for one, t in zip(found, truth, strict=True)])
    assert float(np.sqrt(np.mean((raw - truth) ** 2))) > 0.6
    assert float(np.sqrt(np.mean((shrunken - truth) ** 2))) < 0.23
    assert held >= 0.92


def test_sums_tell_the_same_of_the_site_as_the_bets_themselves() -> None:
    generator = np.random.default_rng(8)
    player, position = generator.integers(0, 6, 90), np.arange(90)
    passage, model = position // 10, generator.gamma(2, 2, 90)
    person = 0.7 * model + generator.normal(1, 1, 90)
    sums: Sums = {}
    each = zip(player.tolist(), passage.tolist(), position.tolist(), strict=True)
    heads = [
        Head(bets=1, loss=fixed(mine), logprob=fixed(-its))
        for mine, its in zip(person.tolist(), model.tolist(), strict=True)
    ]
    add_answers(lambda _: sums, (HEAD, 1, "words"), zip(each, heads, strict=True))
    clusters = {key: numbers for key, numbers in sums.items() if key[0] == CLUSTER}
    found = paired_losses_from(sums | changed_moments({}, clusters), 1, "words")
    expected = fit_paired_losses(person, model, Clusters(player, position, passage))
    assert found is not None
    assert found.slope == pytest.approx(expected.slope, rel=1e-9)
    assert found.excess_nats == pytest.approx(expected.excess_nats, rel=1e-9)
    assert found.model_nats == pytest.approx(expected.model_nats, rel=1e-9)
    assert found.components.variances == pytest.approx(expected.components.variances, rel=1e-9)
    assert paired_losses_from(sums, 2, "words") is None
