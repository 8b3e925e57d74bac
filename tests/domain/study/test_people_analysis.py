"""What people say at a position, from rows of guesses."""

from __future__ import annotations

import math
from typing import Any

import pytest

from server.domain.study.analysis import Analysis, analyse
from server.domain.study.people_analysis import PeopleAnalysis
from tests.domain.rows import G, guess, rows

SAID = ["cat"] * 6 + ["Dog"] * 3 + ["dog", "fish"]


def records(words: list[str], **fields: Any) -> list[dict[str, Any]]:
    """Guesses of as many people, who know the model's probabilities of cat, dog and fish."""
    logprobs = {"cat": -2.0, "dog": math.log(0.5), "fish": -5.0}
    return [
        guess(
            player=f"p{number}",
            guess=word,
            guess_logprob={G: logprobs[word.lower()]},
            guess_rank={"cat": 2, "dog": 1, "fish": 17}[word.lower()],
        )
        | fields
        for number, word in enumerate(words)
    ]


def without(answers: list[dict[str, Any]], *fields: str) -> list[dict[str, Any]]:
    return [{name: record[name] for name in record if name not in fields} for record in answers]


def people(answers: list[dict[str, Any]]) -> PeopleAnalysis | None:
    return analysed(answers).people


def analysed(answers: list[dict[str, Any]], **options: Any) -> Analysis:
    return analyse(rows(*answers), **options)


def test_a_position_s_answers_are_a_distribution_beside_the_model_s() -> None:
    found = people(records(SAID))
    assert found is not None
    (place,) = found.positions
    assert [(a.answer, a.count, a.model_rank) for a in place.distribution] == [
        ("cat", 6, 2),
        ("dog", 4, 1),
        ("fish", 1, 17),
    ]
    assert [a.share for a in place.distribution] == pytest.approx([6 / 11, 4 / 11, 1 / 11])
    assert [math.exp(a.model_logprob or 0) for a in place.distribution] == pytest.approx(
        [math.exp(-2), 0.5, math.exp(-5)]
    )
    assert (place.answers, place.different, place.target) == (11, 3, " cat")
    assert place.coverage == pytest.approx(10 / 11)
    assert place.total_variation is not None
    assert place.total_variation.high == pytest.approx(
        6 / 11 - math.exp(-2) + 1 / 11 - math.exp(-5)
    )
    assert (found.model, found.entropy_nats.n) == (G, 1)
    assert found.entropy_nats.value == place.entropy_nats


def test_without_the_model_s_probability_of_every_answer_there_is_no_distance() -> None:
    answers = without(records(SAID), "guess_logprob", "guess_rank")
    found = people(answers)
    assert found is not None
    (place,) = found.positions
    assert (place.total_variation, place.first_choice, found.total_variation) == (None, None, None)
    assert place.entropy_nats > 0
    found = people([*records(["dog", "fish"]), *answers])
    assert found is not None
    # A right answer has the target's probability, and one row that knows is enough.
    assert found.positions[0].distribution[0].model_logprob == -2.0
    assert found.total_variation is not None


@pytest.mark.parametrize(
    "fields", [{"assisted": True}, {"attempt": 2}, {"guess": None}, {"excluded": True}]
)
def test_other_answers_do_not_count(fields: dict[str, Any]) -> None:
    assert people(records(SAID, **fields)) is None


def test_ten_answers_are_needed_at_one_position_in_one_unit() -> None:
    assert people(records(SAID[:9])) is None
    assert people(records(SAID[:9]) + records(SAID[:9], position=21)) is None
    assert people(records(SAID[:9]) + records(SAID[:9], unit="tokens")) is None
    assert people(records(SAID[:10])) is not None


def test_tokens_differ_by_case() -> None:
    found = people(records(SAID, unit="tokens"))
    assert found is not None
    assert [a.answer for a in found.positions[0].distribution] == ["cat", "Dog", "dog", "fish"]


def test_where_a_model_plays_there_are_no_people() -> None:
    assert analysed(records(SAID), played_by=G, reference=None).people is None


def test_a_rank_is_known_where_the_answer_is_right_or_the_model_s_own() -> None:
    answers = without(records(SAID, target_rank=4, model_guess=" Dog"), "guess_rank")
    found = people(answers)
    assert found is not None
    assert [a.model_rank for a in found.positions[0].distribution] == [4, 1, None]
    other = people(records(SAID, model="another"))
    assert other is not None
    assert {a.model_rank for a in other.positions[0].distribution} == {None}
