"""What is shown of a model's expectation is whole words, each once, and adds up."""

from __future__ import annotations

import pytest

from server.domain.play.fair_words import expectation
from server.domain.play.guessing import suggestions
from server.domain.scores.gap import Reading
from server.domain.text.tokens import Unit, Vocabulary
from tests.domain.by_hand import CAT, MAT, SAT, VOCABULARY, scored

SCORES = scored()
ID = {text: VOCABULARY.pieces.index(text.encode()) for text in (" cat", " dog", " mat", " sat")}
KNOWN = VOCABULARY.with_continued({ID[" dog"]: 0.95, ID[" mat"]: 0.9, ID[" cat"]: 0.1})


def shown(vocabulary: Vocabulary, position: int, guess: str | None) -> list[tuple[str, object]]:
    found = expectation(Reading(SCORES, vocabulary, Unit.WORDS).at(position), guess)
    return [(bar.text, pytest.approx(bar.probability, rel=1e-5)) for bar in found.bars]


def test_cases_of_a_word_are_one_bar() -> None:
    """Among words " cat" has 0.5, " The" 0.25 and " the" 0.125."""
    assert shown(VOCABULARY, SAT, None)[:3] == [("cat", 0.5), ("The", 0.375), ("dog", 0.0625)]


def test_beginnings_of_longer_words_are_left_out_and_summed_up() -> None:
    found = expectation(Reading(SCORES, KNOWN, Unit.WORDS).at(SAT), None)
    assert [bar.text for bar in found.bars] == ["cat", "The", "sat", "on"]
    assert found.beginnings == pytest.approx(0.0625 + 0.03125, rel=1e-5)
    assert sum(bar.probability for bar in found.bars) + found.beginnings == pytest.approx(1)


def test_what_the_author_wrote_is_a_word_whatever_the_model_goes_on_with() -> None:
    found = expectation(Reading(SCORES, KNOWN, Unit.WORDS).at(MAT), None)
    assert [bar.text for bar in found.bars if bar.is_target] == ["mat"]
    assert found.beginnings == pytest.approx(0.0625, rel=1e-5)


def test_the_player_s_word_is_marked_in_any_case() -> None:
    found = expectation(Reading(SCORES, VOCABULARY, Unit.WORDS).at(CAT), "THE")
    assert [bar.text for bar in found.bars if bar.is_guess] == ["The"]
    assert [bar.text for bar in found.bars if bar.is_target] == ["cat"]


def test_what_the_player_said_is_a_word_too() -> None:
    found = expectation(Reading(SCORES, KNOWN, Unit.WORDS).at(SAT), "Dog")
    assert [bar.text for bar in found.bars if bar.is_guess] == ["dog"]
    assert found.beginnings == pytest.approx(0.03125, rel=1e-5)


def test_tokens_are_shown_as_they_are() -> None:
    found = expectation(Reading(SCORES, KNOWN, Unit.TOKENS).at(CAT), None)
    assert [bar.text for bar in found.bars] == ["␣cat", ".", "␣The", "the", "␣the"]
    assert found.beginnings == 0


def test_no_suggestion_is_the_beginning_of_a_longer_word() -> None:
    assert "dog" in suggestions(Reading(SCORES, VOCABULARY, Unit.WORDS).at(SAT))
    assert suggestions(Reading(SCORES, KNOWN, Unit.WORDS).at(SAT)) == ["cat", "on", "sat", "The"]
