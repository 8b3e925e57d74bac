"""A model's scores of a passage, read under each unit's rule."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from server.domain.scores.gap import Reading
from server.domain.scores.models import Precision
from server.domain.scores.passage_scores import (
    RIVAL_TABLES,
    Candidate,
    Draw,
    PassageScores,
    Rivals,
)
from server.domain.text.tokens import Unit
from server.store.scoring.blobs import scores_from_blob, scores_to_blob
from tests.domain.by_hand import CAT, MAT, SAT, STOP, THE, VOCABULARY, scored

SCORES = scored()


def probability(loss_nats: float) -> float:
    return math.exp(-loss_nats)


@pytest.mark.parametrize(("position", "expected"), [(CAT, 0.5), (THE, 0.125), (MAT, 0.03125)])
def test_in_words_the_model_also_knows_that_a_word_comes(position: int, expected: float) -> None:
    """ " cat" has 0.32 of the words' 0.64: restricted 0.5."""
    loss_nats = SCORES.target_loss_nats(Unit.WORDS, position)
    assert probability(loss_nats) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("position", "expected"), [(CAT, 0.32), (THE, 0.08), (STOP, 0.20)])
def test_in_tokens_the_loss_is_the_raw_one(position: int, expected: float) -> None:
    loss_nats = SCORES.target_loss_nats(Unit.TOKENS, position)
    assert probability(loss_nats) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("unit", "position", "expected"),
    [
        (Unit.WORDS, CAT, 1),
        (Unit.WORDS, THE, 3),
        (Unit.WORDS, SAT, 6),
        (Unit.TOKENS, CAT, 1),
        (Unit.TOKENS, THE, 5),
        (Unit.TOKENS, SAT, 9),
    ],
)
def test_the_rank_counts_only_what_the_unit_allows(
    unit: Unit, position: int, expected: int
) -> None:
    assert SCORES.rank(unit, position) == expected


def test_candidates_in_words_are_words_and_sum_to_one() -> None:
    candidates = Reading(SCORES, VOCABULARY, Unit.WORDS).at(SAT).candidates(100)
    texts = [candidate.text for candidate in candidates]
    assert texts == [" cat", " The", " the", " dog", " mat", " sat", " on"]
    assert sum(candidate.probability for candidate in candidates) == pytest.approx(1, rel=1e-5)


def test_candidates_in_tokens_are_raw_and_most_probable_first() -> None:
    candidates = Reading(SCORES, VOCABULARY, Unit.TOKENS).at(SAT).candidates(3)
    assert [candidate.text for candidate in candidates] == [" cat", ".", " The"]
    shares = [candidate.probability for candidate in candidates]
    assert shares == pytest.approx([0.32, 0.20, 0.16], rel=1e-5)


def test_a_candidate_s_probability_is_that_of_its_logarithm() -> None:
    assert Candidate(7, " mat", math.log(0.25)).probability == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("unit", "tokens", "rank", "share"),
    [
        (Unit.WORDS, [" The", " the"], 2, 0.25),
        (Unit.WORDS, [" dog"], 4, 0.0625),
        (Unit.TOKENS, ["the", " the"], 4, 0.10),
        (Unit.TOKENS, ["."], 2, 0.20),
    ],
)
def test_the_best_of_some_tokens_is_found(
    unit: Unit, tokens: list[str], rank: int, share: float
) -> None:
    ids = tuple(VOCABULARY.pieces.index(token.encode()) for token in tokens)
    found = Reading(SCORES, VOCABULARY, unit).at(SAT).find(ids)
    assert found is not None
    assert found[0] == rank
    assert math.exp(found[1]) == pytest.approx(share, rel=1e-5)


def test_what_is_beyond_the_stored_candidates_is_not_found() -> None:
    few = scored(stored=3)
    dog = VOCABULARY.pieces.index(b" dog")
    assert Reading(few, VOCABULARY, Unit.WORDS).at(SAT).find((dog,)) is None
    assert math.exp(
        Reading(few, VOCABULARY, Unit.WORDS).at(SAT).least_stored_logprob
    ) == pytest.approx(0.125, rel=1e-5)
    assert math.exp(
        Reading(few, VOCABULARY, Unit.TOKENS).at(SAT).least_stored_logprob
    ) == pytest.approx(0.16, rel=1e-5)


def test_each_unit_asks_its_own_positions() -> None:
    assert SCORES.asked(Unit.WORDS) == SCORES.asked_words.tolist()
    assert SCORES.asked(Unit.TOKENS) == SCORES.asked_tokens.tolist()
    assert all(type(position) is int for position in SCORES.asked(Unit.WORDS))


def test_each_asked_position_has_its_own_row_of_candidates() -> None:
    logprobs = np.log(np.array([[0.32, 0.16], [0.08, 0.04]])).astype(np.float32)
    scores = scored(
        asked_words=np.array([1, 4], dtype=np.int32),
        words_top_ids=np.array([[0, 2], [4, 5]], dtype=np.int32),
        words_top_logprob=logprobs,
    )
    texts = [
        candidate.text for candidate in Reading(scores, VOCABULARY, Unit.WORDS).at(4).candidates(2)
    ]
    assert texts == [" the", " dog"]


def test_a_position_that_is_not_asked_has_no_candidates() -> None:
    unasked = max(SCORES.asked_words) + 1
    with pytest.raises(ValueError, match="not in list"):
        Reading(SCORES, VOCABULARY, Unit.WORDS).at(unasked).candidates(1)


def test_every_array_is_named() -> None:
    tables = set(RIVAL_TABLES.values())
    plain = {field.name for field in fields(PassageScores)} - tables - {"precision"}
    named = {f"{table}.{field.name}" for table in tables for field in fields(Rivals)}
    where_the_model_drew = {name for name in named if "drawn" not in name}
    assert set(SCORES.arrays()) == plain | where_the_model_drew
    tail = SCORES.words_tail
    drawn = replace(
        tail, target_drawn_logprob=tail.target_logprob, rival_drawn_logprob=tail.rival_logprob
    )
    mixed = replace(SCORES, words_tail=drawn)
    assert set(mixed.arrays()) - set(SCORES.arrays()) == {
        "words_tail.target_drawn_logprob",
        "words_tail.rival_drawn_logprob",
    }
    assert SCORES.arrays()["token_ids"] is SCORES.token_ids


def test_scores_are_made_again_from_their_arrays() -> None:
    again = PassageScores.from_arrays(SCORES.arrays())
    assert again.words_tail.rival_ids is SCORES.words_tail.rival_ids
    assert again.arrays().keys() == SCORES.arrays().keys()


@pytest.mark.parametrize("precision", Precision)
def test_a_stored_blob_says_in_which_precision_it_was_made(precision: Precision) -> None:
    scores = PassageScores.from_arrays(SCORES.arrays(), precision)
    assert scores_from_blob(scores_to_blob(scores)).precision is precision


def test_a_blob_from_before_precisions_is_of_float32() -> None:
    arrays = {name: np.ascontiguousarray(array) for name, array in SCORES.arrays().items()}
    assert scores_from_blob(save(arrays)).precision is Precision.FLOAT32


def test_rivals_that_miss_a_position_are_refused() -> None:
    arrays = SCORES.arrays()
    arrays["words_tail.rival_ids"] = arrays["words_tail.rival_ids"][:-1]
    with pytest.raises(ValueError, match="rival_ids has 6 rows, not 7"):
        PassageScores.from_arrays(arrays)


@pytest.mark.parametrize(
    "name",
    [
        *("token_ends", "target_logprob", "target_rank", "entropy_nats", "top_ids"),
        *("word_log_mass", "word_rank", "top_logprob"),
    ],
)
def test_an_array_that_misses_a_token_is_refused(name: str) -> None:
    short: dict[str, Any] = {name: SCORES.arrays()[name][:-1]}
    with pytest.raises(ValueError, match=name):
        scored(**short)


@pytest.mark.parametrize("rounding", [0.0, 1e-7])
def test_a_certain_target_loses_nothing(rounding: float) -> None:
    certain = scored(
        target_logprob=np.full(7, -0.5, dtype=np.float32),
        word_log_mass=np.full(7, -0.5 - rounding, dtype=np.float32),
    )
    loss_nats = certain.target_loss_nats(Unit.WORDS, CAT)
    assert str(loss_nats) == "0.0"


def test_the_passage_is_the_tokens_together() -> None:
    text = Reading(SCORES, VOCABULARY, Unit.TOKENS).text
    assert text.between(0, len(text)) == "The cat sat on the mat."


def test_a_mixed_draw_asks_its_own_words_with_its_own_candidates() -> None:
    logprobs = np.log(np.array([[0.32, 0.16], [0.08, 0.04]])).astype(np.float32)
    mixed = scored(
        mixed_words=np.array([2, 4], dtype=np.int32),
        mixed_top_ids=np.array([[0, 2], [4, 5]], dtype=np.int32),
        mixed_top_logprob=logprobs,
    )
    reading = Reading(mixed, VOCABULARY, Unit.WORDS, Draw.MIXED)
    assert reading.asked == [2, 4]
    assert [candidate.text for candidate in reading.at(4).candidates(2)] == [" the", " dog"]
    assert mixed.asked(Unit.TOKENS, Draw.MIXED) == []
    assert Reading(mixed, VOCABULARY, Unit.WORDS).asked == mixed.asked_words.tolist()


def test_scores_of_before_the_mixed_draw_have_none() -> None:
    arrays = {
        name: array for name, array in SCORES.arrays().items() if not name.startswith("mixed_")
    }
    assert PassageScores.from_arrays(arrays).asked(Unit.WORDS, Draw.MIXED) == []


@pytest.mark.parametrize("unit", Unit)
def test_what_is_kept_for_one_unit_answers_the_same_and_is_smaller(unit: Unit) -> None:
    whole, kept = Reading(SCORES, VOCABULARY, unit), SCORES.only(unit, Draw.UNIFORM)
    lean = Reading(kept, VOCABULARY, unit)
    assert lean.asked == whole.asked
    assert lean.text.before(len(lean.text)) == whole.text.before(len(whole.text))
    for position in whole.asked:
        assert lean.at(position).candidates(8) == whole.at(position).candidates(8)
        assert lean.at(position).find((0, 1)) == whole.at(position).find((0, 1))
    sizes = [sum(array.nbytes for array in each.arrays().values()) for each in (kept, SCORES)]
    assert sizes[0] < sizes[1]
    # A part of an array that keeps the whole in memory would save nothing.
    assert all(array.base is None or array.size for array in kept.arrays().values())


@pytest.mark.parametrize("unit", Unit)
def test_many_answers_are_as_probable_together_as_one_by_one(unit: Unit) -> None:
    answers = [(), (0,), (1, 3), tuple(range(len(VOCABULARY)))]
    for position in SCORES.asked(unit):
        gap = Reading(SCORES, VOCABULARY, unit).at(position)
        one_by_one = [gap.answer_logprob(ids) for ids in answers]
        assert gap.answer_logprobs(answers) == [
            each if each is None else pytest.approx(each) for each in one_by_one
        ]
