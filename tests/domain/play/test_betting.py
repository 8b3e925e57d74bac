"""Bets: what is offered, what may be staked, and what it costs."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.errors import InvalidInput
from server.domain.play.betting import (
    STAKE_STEPS,
    options,
    require_whole,
    rest_of,
    settle_bet,
    target_answer_logprob,
)
from server.domain.scores.gap import Reading
from server.domain.text.tokens import Unit
from tests.domain.by_hand import CAT, MAT, VOCABULARY, scored

SCORES = scored(VOCABULARY)
WORDS = options(Reading(SCORES, VOCABULARY, Unit.WORDS).at(CAT), None)


def test_the_suggestions_are_offered_in_alphabetical_order() -> None:
    assert [option.text for option in WORDS] == ["cat", "dog", "mat", "on", "sat", "The"]


def test_a_word_is_offered_in_all_its_cases_together() -> None:
    the = WORDS[-1]
    assert len(the.token_ids) == 2
    assert math.exp(the.logprob_nats) == pytest.approx((0.16 + 0.08) / 0.64, rel=1e-6)


def test_an_own_guess_that_is_suggested_is_not_offered_twice() -> None:
    assert options(Reading(SCORES, VOCABULARY, Unit.WORDS).at(CAT), "the") == WORDS


def test_an_own_guess_that_is_no_single_token_cannot_be_the_target() -> None:
    assert options(Reading(SCORES, VOCABULARY, Unit.WORDS).at(CAT), "elephant") == WORDS


def test_an_own_guess_that_is_not_suggested_comes_last() -> None:
    few = scored(VOCABULARY, stored=2)  # only " cat" and " The" are suggested
    offered = options(Reading(few, VOCABULARY, Unit.WORDS).at(CAT), "dog")
    assert [option.text for option in offered] == ["cat", "The", "dog"]
    assert math.exp(offered[-1].logprob_nats) <= 0.16 / 0.64 + 1e-6  # a bound: it is not stored


def test_a_token_guessed_without_its_space_covers_both() -> None:
    few = scored(VOCABULARY, stored=2)
    offered = options(Reading(few, VOCABULARY, Unit.TOKENS).at(CAT), "the")
    assert sorted(VOCABULARY.text(i) for i in offered[-1].token_ids) == [" the", "the"]


def stakes(**shares: float) -> dict[str, float]:
    return {option.text: shares.get(option.text, 0.01) for option in WORDS}


def test_the_cost_of_an_offered_target_is_the_log_of_its_share() -> None:
    bet = stakes(cat=0.5)
    settled = settle_bet(Reading(SCORES, VOCABULARY, Unit.WORDS).at(CAT), WORDS, bet, 0.45)
    assert settled.option is WORDS[0]
    assert settled.loss_nats == pytest.approx(math.log(2))
    assert -settled.target_logprob_nats == pytest.approx(math.log(2), rel=1e-5)  # 0.32 / 0.64


def test_the_models_tail_stands_in_for_the_players() -> None:
    few = scored(VOCABULARY, stored=2)
    offered = options(
        Reading(few, VOCABULARY, Unit.WORDS).at(MAT), None
    )  # " mat" is not among them
    settled = settle_bet(
        Reading(few, VOCABULARY, Unit.WORDS).at(MAT), offered, {"cat": 0.3, "The": 0.3}, 0.4
    )
    # g: cat 0.5, the stored half of "the" 0.25, so the rest has 0.25; mat has 0.02 / 0.64.
    assert settled.option is None
    assert settled.loss_nats == pytest.approx(-math.log(0.4) - math.log(0.03125 / 0.25), rel=1e-5)


def test_a_right_guess_beyond_the_stored_candidates_costs_the_log_of_its_share() -> None:
    few = scored(VOCABULARY, stored=2)
    offered = options(Reading(few, VOCABULARY, Unit.TOKENS).at(MAT), "mat")
    bet = {option.text: 0.1 for option in offered} | {"mat": 0.5}
    settled = settle_bet(Reading(few, VOCABULARY, Unit.TOKENS).at(MAT), offered, bet, 0.3)
    assert settled.option is offered[-1]
    assert settled.loss_nats == pytest.approx(math.log(2))


@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize("position", [CAT, MAT])
@pytest.mark.parametrize("stored", [2, 1000])
def test_whoever_bets_the_models_own_probabilities_pays_what_it_pays(
    unit: Unit, position: int, stored: int
) -> None:
    scores = scored(VOCABULARY, stored=stored)
    offered = options(Reading(scores, VOCABULARY, unit).at(position), None)
    bet = {option.text: math.exp(option.logprob_nats) for option in offered}
    settled = settle_bet(
        Reading(scores, VOCABULARY, unit).at(position), offered, bet, rest_of(offered)
    )
    assert settled.loss_nats == pytest.approx(-settled.target_logprob_nats, abs=1e-5)
    assert settled.target_logprob_nats == target_answer_logprob(
        Reading(scores, VOCABULARY, unit).at(position)
    )


@given(st.lists(st.floats(0.001, 1), min_size=7, max_size=7))
def test_every_spread_of_one_over_the_offer_is_a_bet(weights: list[float]) -> None:
    total = math.fsum(weights)
    shares = [weight / total for weight in weights]
    bet = dict(zip((option.text for option in WORDS), shares, strict=False))
    require_whole(bet, shares[-1], WORDS)


@pytest.mark.parametrize(
    ("shares", "other", "field", "sentence"),
    [
        (stakes(), 0.5, "stakes", "add up to 0.56"),
        (stakes() | {"hen": 0.1}, 0.84, "stakes", "“hen” is not on offer"),
        ({"cat": 0.5}, 0.5, "stakes", "“dog” has no share"),
        (stakes(cat=0.0), 0.95, "stakes", "“cat” must be above 0"),
        (stakes(cat=-0.2), 0.95, "stakes", "“cat” must be above 0"),
        (stakes(cat=math.nan), 0.95, "stakes", "“cat” must be above 0"),
        (stakes(cat=0.95), 0.0, "other", "other must be above 0"),
    ],
)
def test_what_is_no_bet_is_refused_by_name(
    shares: dict[str, float], other: float, field: str, sentence: str
) -> None:
    with pytest.raises(InvalidInput, match=sentence) as caught:
        require_whole(shares, other, WORDS)
    assert caught.value.field == field


def test_nine_options_on_the_lowest_step_leave_room_for_the_highest_but_one() -> None:
    assert 8 * STAKE_STEPS[0] + STAKE_STEPS[-2] + STAKE_STEPS[0] < 1
