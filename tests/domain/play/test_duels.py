"""Duels: two tokens, a coin for the sides, and the model's own share."""

from __future__ import annotations

import math

import pytest

from server.domain.errors import InvalidInput
from server.domain.play.duels import (
    TAIL_STEPS,
    WHOLE_STEPS,
    duel,
    duel_positions,
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
