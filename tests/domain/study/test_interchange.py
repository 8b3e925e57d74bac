"""Rows of an export are read, or refused by field and reason, and written as they are read."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.errors import InvalidInput
from server.domain.play.duels import Question
from server.domain.study.interchange import (
    StudyBet,
    StudyComparison,
    StudyGuess,
    record_of,
    row_from_record,
)
from server.domain.text.tokens import Unit
from tests.domain.rows import G, bet, comparison, guess

Fields = dict[str, Any]


def without(record: Fields, field: str) -> Fields:
    return {name: value for name, value in record.items() if name != field}


def test_the_kind_of_a_row_is_told_by_its_fields() -> None:
    assert isinstance(row_from_record(guess()), StudyGuess)
    assert isinstance(row_from_record(guess(guess=None)), StudyGuess)
    assert isinstance(row_from_record(bet()), StudyBet)
    assert isinstance(row_from_record(comparison()), StudyComparison)


@pytest.mark.parametrize("record", [{}, {"player": "a"}, guess() | bet(), bet() | comparison()])
def test_a_row_of_no_kind_or_of_two_is_refused(record: Fields) -> None:
    with pytest.raises(InvalidInput, match="exactly one of guess, stakes and p_target"):
        row_from_record(record)


def test_a_guess_needs_no_more_than_the_study_s_fields() -> None:
    needed = ("player", "passage", "position", "guess", "target", "is_word")
    row = row_from_record({name: guess()[name] for name in needed})
    assert isinstance(row, StudyGuess)
    assert (row.attempt, row.assisted, row.unit, row.model_guess) == (1, False, None, None)


def test_fields_that_are_not_known_are_ignored() -> None:
    assert row_from_record(guess(shoe_size=43)) == row_from_record(guess())


def test_names_may_be_whole_numbers() -> None:
    row = row_from_record(comparison(player=7, question=12))
    assert isinstance(row, StudyComparison)
    assert (row.player, row.question, row.tail, row.unit) == ("7", "12", False, None)


def test_a_comparison_knows_its_place_where_it_is_told() -> None:
    row = row_from_record(comparison(passage="9", position=31, tail=True, unit="words"))
    assert isinstance(row, StudyComparison)
    assert (row.passage, row.position, row.tail, row.unit) == ("9", 31, True, Unit.WORDS)


@pytest.mark.parametrize(
    ("fields", "question"),
    [
        ({}, Question.FIT),  # converted from elsewhere, as the published study
        ({"asked": True}, Question.AUTHOR),  # as this service wrote before it told versions
        ({"asked": True, "question_version": 2}, Question.FIT),
        ({"question_version": 1}, Question.AUTHOR),
    ],
)
def test_a_comparison_says_what_it_answers(fields: Fields, question: Question) -> None:
    row = row_from_record(comparison(**fields))
    assert isinstance(row, StudyComparison)
    assert row.asked_as is question


def test_a_logarithm_that_is_rounded_above_zero_is_zero() -> None:
    row = row_from_record(bet(target_logprob={G: 1e-7}))
    assert row.target_logprob == {G: 0.0}


@pytest.mark.parametrize(
    ("record", "field", "reason"),
    [
        (without(guess(), "player"), "player", "missing"),
        (guess(player=""), "player", "text"),
        (guess(player=True), "player", "text"),
        (guess(position="3"), "position", "whole number from 0 up"),
        (guess(position=-1), "position", "whole number"),
        (guess(guess=5), "guess", "text"),
        (without(guess(), "target"), "target", "missing"),
        (without(guess(), "is_word"), "is_word", "missing"),
        (guess(is_word="yes"), "is_word", "true or false"),
        (guess(attempt=0), "attempt", "from 1 up"),
        (guess(attempt=1_001), "attempt", "from 1 to 1,000"),
        (guess(vocabulary=1), "vocabulary", "from 2 up"),
        (guess(unit="letters"), "unit", "words or tokens"),
        (guess(target_logprob={G: "low"}), "target_logprob", "from -100 to 0"),
        (bet(other=None), "other", "missing"),
        (bet(other=-0.25), "other", "from 0 to 1"),
        (bet(stakes=[0.5]), "stakes", "object"),
        (bet(stakes={" cat": "half"}), "stakes", "from 0 to 1"),
        (bet(stakes={" cat": float("nan")}), "stakes", "from 0 to 1"),
        (bet(stakes={" cat": 0.5}), "stakes", "add up to 0.75, which must be 1"),
        (without(bet(), "offered_logprob"), "offered_logprob", "object"),
        (bet(offered_logprob={G: 3}), "offered_logprob", "object"),
        (bet(offered_logprob={G: {" cat": 0.3}}), "offered_logprob", "from -100 to 0"),
        (bet(target_logprob={G: -101}), "target_logprob", "from -100 to 0"),
        (bet(target_logprob={}), "target_logprob", "object"),
        (comparison(question_version=3), "question_version", "it must be 1 or 2"),
        (comparison(question_version="first"), "question_version", "whole number"),
        (comparison(p_target=1.2), "p_target", "from 0 to 1"),
        (comparison(p_target=True), "p_target", "from 0 to 1"),
        (comparison(p_target=None), "p_target", "missing"),
        (comparison(tail=1), "tail", "true or false"),
        (comparison(generator="other"), "target_logprob", "lacks the generator other"),
        (comparison(rival_logprob={"x": -1.0}), "rival_logprob", "lacks the generator minnow"),
        (comparison(target_logprob={G: float("nan")}), "target_logprob", "from -100 to 0"),
        (comparison(target_logprob={G: False}), "target_logprob", "from -100 to 0"),
        (without(comparison(), "rival_logprob"), "rival_logprob", "missing"),
        (comparison(drawn_logprob={"rival": -3.0}), "drawn_logprob", "target and rival"),
        (comparison(drawn_logprob={"target": -3, "rival": 2}), "drawn_logprob", "-100 to 0"),
        (comparison(drawn_logprob=-3.0), "drawn_logprob", "object"),
    ],
)
def test_a_malformed_row_is_refused_by_field_and_reason(
    record: Fields, field: str, reason: str
) -> None:
    with pytest.raises(InvalidInput, match=reason) as refused:
        row_from_record(record)
    assert refused.value.field == field


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(st.sampled_from([guess(), bet(), comparison()]), st.data())
def test_whatever_stands_in_a_field_the_row_is_read_or_refused(
    record: Fields, data: st.DataObject
) -> None:
    field = data.draw(st.sampled_from(sorted(record)))
    with suppress(InvalidInput):
        assert row_from_record(record | {field: data.draw(anything)})


@pytest.mark.parametrize(
    "record",
    [
        guess(),
        guess(
            guess=None, is_word=False, attempt=3, assisted=True, vocabulary=50_257, excluded=True
        ),
        bet(),
        bet(stakes={}, other=1, offered_logprob={"minnow": {}}, repeated=True),
        comparison(),
        comparison(passage="9", position=0, tail=True, unit="words", p_target=0),
    ],
)
def test_a_row_is_read_again_as_it_was_written(record: dict[str, Any]) -> None:
    row = row_from_record(record)
    assert row_from_record(record_of(row)) == row


def test_what_goes_without_saying_is_not_written() -> None:
    needed = {"player": "p", "passage": "1", "position": 4, "guess": None, "target": "a"}
    assert record_of(row_from_record(needed | {"is_word": False})) == needed | {"is_word": False}
