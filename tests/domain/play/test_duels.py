"""Duels: two tokens, a coin for the sides, and the model's own share."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.errors import InvalidInput
from server.domain.play.duels import (
    TAIL_STEPS,
    WHOLE_STEPS,
    Duel,
    Question,
    duel,
    duel_positions,
    pay_bits,
    practice_part,
    read_share,
    steps,
    target_is_first,
)
from server.domain.scores.gap import Reading
from server.domain.scores.passage_scores import Form
from server.domain.text.tokens import Unit
from tests.domain.by_hand import CAT, THE, VOCABULARY, scored

SCORES = scored(VOCABULARY)


def test_the_model_divides_between_the_two_as_it_expects_them() -> None:
    question = duel(Reading(SCORES, VOCABULARY, Unit.WORDS).at(CAT), Form.TAIL, 1)
    assert (question.target, question.rival) == ("cat", "The")
    # " cat" has 0.32; "The" in both its cases 0.16 + 0.08.
    assert question.model_share == pytest.approx(0.32 / (0.32 + 0.24), rel=1e-5)
    assert question.target_logprob_nats == pytest.approx(math.log(0.32 / 0.64), rel=1e-4)
    assert not question.same


def test_the_target_in_another_case_is_the_same_word() -> None:
    question = duel(Reading(SCORES, VOCABULARY, Unit.WORDS).at(THE), Form.TAIL, 1)
    assert (question.target, question.rival) == ("the", "The")
    assert question.same
    assert question.model_share == 0.5


def test_in_tokens_another_case_is_another_token() -> None:
    assert not duel(Reading(SCORES, VOCABULARY, Unit.TOKENS).at(THE), Form.TAIL, 2).same


def test_positions_whose_rival_is_the_target_are_not_asked() -> None:
    asked, same = duel_positions(
        Reading(SCORES, VOCABULARY, Unit.WORDS), Form.TAIL, 0
    )  # rival " cat"
    assert same == [CAT]
    assert sorted(asked + same) == list(range(7))


def test_practice_asks_ten() -> None:
    assert practice_part(list(range(12))) == list(range(10))


def test_steps_are_symmetric_so_that_neither_side_is_favoured() -> None:
    for form, count in ((Form.TAIL, 13), (Form.WHOLE, 11)):
        offered = steps(form)
        assert len(offered) == count
        assert offered == pytest.approx([1 - share for share in reversed(offered)])
    assert (TAIL_STEPS[0], WHOLE_STEPS[0]) == (0.002, 0.01)


def test_the_side_is_a_fair_coin_that_a_seed_fixes() -> None:
    firsts = [target_is_first(f"seed {number}", 30) for number in range(1000)]
    assert 440 < sum(firsts) < 560  # 3.8 standard deviations
    assert firsts[:20] == [target_is_first(f"seed {number}", 30) for number in range(20)]


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.5, math.nan, math.inf])
def test_certainty_and_nonsense_are_no_shares(share: float) -> None:
    with pytest.raises(InvalidInput, match="above 0 and below 1"):
        read_share(share)


odds = st.floats(-6, 6)


def against(log_odds: float, drawn_odds: float | None) -> tuple[Duel, Duel]:
    """The pair of x and y, once with x the author's and once with y; g(x)/g(y) and q as told."""
    x, y = two(log_odds)
    drawn = None if drawn_odds is None else two(drawn_odds)
    turned = None if drawn is None else (drawn[1], drawn[0])
    return (
        Duel("x", "y", x, y, same=False, drawn=drawn),
        Duel("y", "x", y, x, same=False, drawn=turned),
    )


def two(log_odds: float) -> tuple[float, float]:
    """Two log-probabilities that differ by so much."""
    first, second = sorted((-8.0, -8.0 - abs(log_odds)), reverse=log_odds > 0)
    return first, second


def expected_pay(
    asked: Question,
    h_odds: float,
    g_odds: float,
    share_of_x: float,
    drawn_odds: float | None = None,
) -> float:
    """What a share of x earns, up to a factor, where h draws the target and g, or q, the rival."""
    x_is_the_author_s, y_is = against(g_odds, drawn_odds)
    q_odds = g_odds if drawn_odds is None else drawn_odds
    h_x, g_x = (1 / (1 + math.exp(-logit)) for logit in (h_odds, q_odds))
    return h_x * (1 - g_x) * pay_bits(x_is_the_author_s, share_of_x, asked) + (
        1 - h_x
    ) * g_x * pay_bits(y_is, 1 - share_of_x, asked)


@given(odds, odds)
def test_pay_is_highest_for_who_weighs_how_well_both_fit(h_odds: float, g_odds: float) -> None:
    wanted = 1 / (1 + math.exp(-h_odds))
    best = expected_pay(Question.FIT, h_odds, g_odds, wanted)
    for share in np.linspace(0.001, 0.999, 400):
        if abs(share - wanted) > 1e-4:
            assert expected_pay(Question.FIT, h_odds, g_odds, float(share)) < best


@given(odds, odds, odds)
def test_pay_is_highest_for_that_whatever_else_than_the_model_drew(
    h_odds: float, g_odds: float, drawn_odds: float
) -> None:
    wanted = 1 / (1 + math.exp(-h_odds))
    best = expected_pay(Question.FIT, h_odds, g_odds, wanted, drawn_odds)
    for share in np.linspace(0.001, 0.999, 100):
        if abs(share - wanted) > 1e-4:
            assert expected_pay(Question.FIT, h_odds, g_odds, float(share), drawn_odds) < best


@given(odds, odds)
def test_the_first_question_paid_most_for_who_allowed_for_how_rivals_are_drawn(
    h_odds: float, g_odds: float
) -> None:
    best = expected_pay(Question.AUTHOR, h_odds, g_odds, 1 / (1 + math.exp(g_odds - h_odds)))
    for share in np.linspace(0.001, 0.999, 400):
        assert expected_pay(Question.AUTHOR, h_odds, g_odds, float(share)) <= best + 1e-12


def test_pay_by_hand() -> None:
    """6 and 2 %: w = 2 · 6/8 = 1.5. Even earns nothing, whatever the weight."""
    pair = Duel("x", "y", math.log(0.06), math.log(0.02), same=False)
    assert pair.weight(Question.FIT) == pytest.approx(1.5)
    assert pay_bits(pair, 0.8, Question.FIT) == pytest.approx(1.5 * (1 + math.log2(0.8)))
    assert pay_bits(pair, 0.8, Question.AUTHOR) == pytest.approx(1 + math.log2(0.8))
    assert pay_bits(pair, 0.25, Question.FIT) == pytest.approx(-1.5)
    assert pay_bits(pair, 0.5, Question.FIT) == 0.0


def test_pay_by_hand_where_word_frequency_drew_too() -> None:
    """6 and 2 % by the model, but drawn with 4 and 12 %: w = 2 · 4/16 = 0.5."""
    drawn = math.log(0.04), math.log(0.12)
    pair = Duel("x", "y", math.log(0.06), math.log(0.02), same=False, drawn=drawn)
    assert pair.model_share == pytest.approx(0.75)
    assert pair.drawn_share == pytest.approx(0.25)
    assert pay_bits(pair, 0.8, Question.FIT) == pytest.approx(0.5 * (1 + math.log2(0.8)))


def test_a_duel_says_how_its_words_were_drawn_where_scores_do() -> None:
    tail = SCORES.words_tail
    drawn = replace(
        tail,
        target_drawn_logprob=tail.target_logprob - 1,
        rival_drawn_logprob=tail.rival_logprob - 2,
    )
    mixed = replace(SCORES, words_tail=drawn)
    question = duel(Reading(mixed, VOCABULARY, Unit.WORDS).at(CAT), Form.TAIL, 1)
    assert question.drawn == pytest.approx(
        (question.target_logprob_nats - 1, question.rival_logprob_nats - 2), abs=1e-6
    )
    assert duel(Reading(SCORES, VOCABULARY, Unit.WORDS).at(CAT), Form.TAIL, 1).drawn is None
