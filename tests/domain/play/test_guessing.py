"""A guess: how it is read, when it is right, and what the model thinks of it."""

from __future__ import annotations

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.errors import InvalidInput
from server.domain.play.guessing import (
    END_OF_TEXT,
    LONGEST_GUESS_CHARACTERS,
    is_right,
    read_guess,
    reveal,
    suggestions,
    visible,
)
from server.domain.scores.gap import Reading
from server.domain.text.tokens import Unit, Vocabulary
from tests.domain.by_hand import CAT, MAT, SAT, STOP, THE, VOCABULARY, scored
from tests.domain.examples import AWKWARD_TEXTS, LONE_SURROGATE, also, any_texts

SCORES = scored()
units = st.sampled_from(Unit)
letters = st.text(alphabet=st.characters(categories=("Ll", "Lu")), min_size=1, max_size=20)


def read_or_none(text: str, unit: Unit) -> str | None:
    try:
        return read_guess(text, unit)
    except InvalidInput as error:
        refusal = error
    assert refusal.field == "text"
    assert str(refusal)
    return None


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (" the ", "the"),
        ("\tthe\r\n", "the"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("o\u2019clock", "o'clock"),
        ("שלום", "שלום"),
    ],
)
def test_a_word_is_read_without_what_surrounds_it(text: str, read: str) -> None:
    assert read_guess(text, Unit.WORDS) == read


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "skip"),
        (" \t\r\n", "skip"),
        ("two words", "One word"),
        ("two\u00a0words", "One word"),
        ("B2", "letters"),
        ("well-known", "letters"),
        ("👩", "letters"),
        ("nul\0", "letters"),
        (LONE_SURROGATE, "letters"),
        ("a" * 65, "64"),
    ],
)
def test_what_can_be_no_word_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as refusal:
        read_guess(text, Unit.WORDS)
    assert refusal.value.field == "text"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("␣the", " the"),
        ("⏎", "\n"),
        ("⏎⏎", "\n\n"),
        ("⇥", "\t"),
        (" , ", ","),
        ("B2", "B2"),
        ("👩", "👩"),
        ("two words", "two words"),
    ],
)
def test_a_token_may_be_any_text_and_white_space_is_typed_with_signs(text: str, read: str) -> None:
    assert read_guess(text, Unit.TOKENS) == read


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "skip"),
        ("\r\n", "skip"),
        ("nul\0", "control"),
        ("a\rb", "control"),
        ("\x1b[0m", "control"),
        (LONE_SURROGATE, "control"),
        ("-" * 65, "64"),
    ],
)
def test_what_can_be_no_token_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason) as refusal:
        read_guess(text, Unit.TOKENS)
    assert refusal.value.field == "text"


@pytest.mark.parametrize("unit", Unit)
def test_the_longest_guess_is_still_read(unit: Unit) -> None:
    longest = "a" * LONGEST_GUESS_CHARACTERS
    assert read_guess(f" {longest} ", unit) == longest


@also([*AWKWARD_TEXTS, LONE_SURROGATE, "␣", " \u0301"], Unit.WORDS)
@also([*AWKWARD_TEXTS, LONE_SURROGATE, "␣", " \u0301"], Unit.TOKENS)
@given(any_texts, units)
def test_any_text_is_read_or_refused_with_its_field(text: str, unit: Unit) -> None:
    read = read_or_none(text, unit)
    assert read is None or 1 <= len(read) <= LONGEST_GUESS_CHARACTERS


@also([*AWKWARD_TEXTS, "␣the", "a␣"], Unit.TOKENS)
@given(any_texts, units)
def test_a_guess_shown_and_typed_again_is_the_same_guess(text: str, unit: Unit) -> None:
    read = read_or_none(text, unit)
    if read is not None:
        assert read_guess(visible(read, unit), unit) == read


@also(["é", "Å", "각", "ñandú", "ǰ"], Unit.WORDS)
@given(letters, units)
def test_composed_and_decomposed_letters_are_the_same_guess(text: str, unit: Unit) -> None:
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    guess = read_or_none(decomposed, unit)
    assert guess == read_or_none(composed, unit)
    if guess is not None:
        assert is_right(guess, f" {composed}", unit)
        assert is_right(guess, f" {decomposed}", unit)


@pytest.mark.parametrize("guess", ["the", "The", "THE"])
@pytest.mark.parametrize("target", [" the", " The", " THE"])
def test_a_word_is_right_whatever_its_case(guess: str, target: str) -> None:
    assert is_right(guess, target, Unit.WORDS)


@pytest.mark.parametrize(("guess", "target"), [("STRASSE", " Straße"), ("l'or", " l\u2019or")])
def test_a_word_is_right_in_either_spelling_of_its_characters(guess: str, target: str) -> None:
    assert is_right(guess, target, Unit.WORDS)


@pytest.mark.parametrize(
    ("typed", "target"),
    [
        ("\u0939\u0948", " \u0939\u0948"),  # Hindi: a letter and its vowel sign
        ("\uff54\uff48\uff45", " the"),  # full width
        ("\u3000the\u3000", " the"),
        ("\uff2f\u2019clock", " o\u2019clock"),
        ("o\u2018clock", " o'clock"),
        ("o`clock", " o'clock"),
        ("o\u02bcclock", " o\u2019clock"),
        ("o\uff07clock", " o'clock"),
        ("find", " \ufb01nd"),  # a ligature
        ("\ufb01nd", " find"),
        ("cafe\u0301", " caf\u00e9"),
        ("caf\u00e9", " cafe\u0301"),
        ("strasse", " Stra\u00dfe"),
        ("\u0390", " \u03b9\u0308\u0301"),
        ("n\u0303andu\u0301", " \u00d1and\u00fa"),
    ],
)
def test_what_a_person_means_is_what_is_compared(typed: str, target: str) -> None:
    assert is_right(read_guess(typed, Unit.WORDS), target, Unit.WORDS)


@pytest.mark.parametrize("typed", ["\u0301", "\u0948", "a\u0301'\u0301", "the.", "well-known"])
def test_marks_without_their_letter_and_other_signs_are_refused(typed: str) -> None:
    with pytest.raises(InvalidInput, match="letters"):
        read_guess(typed, Unit.WORDS)


@pytest.mark.parametrize(("typed", "right"), [("the", True), ("The", False), ("\uff54he", False)])
def test_a_token_is_compared_sign_by_sign(typed: str, right: bool) -> None:
    assert is_right(read_guess(typed, Unit.TOKENS), "the", Unit.TOKENS) is right


@pytest.mark.parametrize("guess", ["them", "th", "teh", "thé"])
def test_another_word_is_wrong(guess: str) -> None:
    assert not is_right(guess, " the", Unit.WORDS)


@pytest.mark.parametrize("target", ["the", " the"])
def test_a_token_is_right_with_and_without_its_leading_space(target: str) -> None:
    assert is_right("the", target, Unit.TOKENS)


@pytest.mark.parametrize(
    ("guess", "target"),
    [("The", " the"), (" the", "the"), ("the", "  the"), ("the", " the "), ("\n", "\n\n")],
)
def test_a_token_is_wrong_unless_it_is_exactly_the_target(guess: str, target: str) -> None:
    assert not is_right(guess, target, Unit.TOKENS)


@pytest.mark.parametrize(
    ("token", "unit", "shown"),
    [
        (" the", Unit.TOKENS, "␣the"),
        ("\n\n", Unit.TOKENS, "⏎⏎"),
        ("\t", Unit.TOKENS, "⇥"),
        (" the", Unit.WORDS, "the"),
        ("", Unit.WORDS, END_OF_TEXT),
        ("", Unit.TOKENS, END_OF_TEXT),
    ],
)
def test_white_space_is_made_visible_in_tokens_alone(token: str, unit: Unit, shown: str) -> None:
    assert visible(token, unit) == shown


def test_a_right_word_has_the_target_s_rank_and_probability() -> None:
    marks = reveal(Reading(SCORES, VOCABULARY, Unit.WORDS).at(THE), "THE")
    assert (marks.target, marks.right, marks.guess_is_token) == (" the", True, True)
    assert (marks.target_rank, marks.guess_rank) == (3, 3)
    assert marks.guess_logprob_nats == pytest.approx(math.log(0.125), rel=1e-5)
    assert marks.guess_logprob_nats == -marks.target_loss_nats


def test_a_wrong_word_has_the_rank_and_probability_of_its_best_spelling() -> None:
    marks = reveal(Reading(SCORES, VOCABULARY, Unit.WORDS).at(MAT), "the")
    assert (marks.right, marks.guess_is_token, marks.guess_rank) == (False, True, 2)
    assert marks.guess_logprob_nats == pytest.approx(math.log(0.25), rel=1e-5)
    assert marks.target_rank == 5


def test_a_word_that_is_no_token_has_no_rank() -> None:
    marks = reveal(Reading(SCORES, VOCABULARY, Unit.WORDS).at(MAT), "hippopotamus")
    assert not marks.guess_is_token
    assert (marks.guess_rank, marks.guess_logprob_nats, marks.guess_below_nats) == (None,) * 3


def test_a_word_beyond_the_stored_candidates_has_an_upper_bound_and_no_invented_figure() -> None:
    marks = reveal(Reading(scored(stored=3), VOCABULARY, Unit.WORDS).at(MAT), "dog")
    assert marks.guess_is_token
    assert (marks.guess_rank, marks.guess_logprob_nats) == (None, None)
    assert marks.guess_below_nats == pytest.approx(math.log(0.125), rel=1e-5)


@pytest.mark.parametrize("unit", Unit)
def test_a_skip_is_not_right_and_has_no_rank(unit: Unit) -> None:
    marks = reveal(Reading(SCORES, VOCABULARY, unit).at(CAT), None)
    assert not marks.right
    assert not marks.guess_is_token
    assert (marks.guess_rank, marks.guess_logprob_nats, marks.guess_below_nats) == (None,) * 3


@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize(("position", "expected"), [(CAT, True), (SAT, False)])
def test_the_model_is_right_when_its_first_choice_is_the_target(
    unit: Unit, position: int, expected: bool
) -> None:
    marks = reveal(Reading(SCORES, VOCABULARY, unit).at(position), None)
    assert marks.model_guess == " cat"
    assert marks.model_right is expected


def test_the_model_s_word_may_differ_from_the_target_in_case_too() -> None:
    shouting = scored(probabilities={b" The": 0.6, b" the": 0.3, b" cat": 0.1})
    marks = reveal(Reading(shouting, VOCABULARY, Unit.WORDS).at(THE), None)
    assert (marks.model_guess, marks.model_right, marks.target_rank) == (" The", True, 2)


def test_a_model_that_tries_its_choices_in_order_names_a_word_once_whatever_its_case() -> None:
    shouting = scored(probabilities={b" The": 0.5, b" cat": 0.2, b" the": 0.15, b" mat": 0.1})
    reading = Reading(shouting, VOCABULARY, Unit.WORDS)
    assert [reading.at(place).tries_needed for place in (THE, CAT, MAT)] == [1, 2, 3]
    assert [reading.at(place).target_rank for place in (THE, CAT, MAT)] == [3, 2, 4]
    assert Reading(shouting, VOCABULARY, Unit.TOKENS).at(THE).tries_needed == 3


def test_beyond_the_stored_candidates_the_rank_stands_for_the_tries() -> None:
    few = scored(stored=2)
    assert Reading(few, VOCABULARY, Unit.WORDS).at(SAT).tries_needed == 6


def test_in_tokens_the_model_s_first_choice_must_have_the_target_s_case() -> None:
    shouting = scored(probabilities={b" The": 0.6, b" the": 0.3, b" cat": 0.1})
    assert not reveal(Reading(shouting, VOCABULARY, Unit.TOKENS).at(THE), None).model_right


def test_in_tokens_a_guess_is_looked_up_with_and_without_its_space() -> None:
    marks = reveal(Reading(SCORES, VOCABULARY, Unit.TOKENS).at(STOP), "the")
    assert (marks.guess_rank, marks.target_rank) == (4, 2)
    assert marks.guess_logprob_nats == pytest.approx(math.log(0.10), rel=1e-5)


def test_five_candidates_are_shown_most_probable_first() -> None:
    marks = reveal(Reading(SCORES, VOCABULARY, Unit.WORDS).at(SAT), None)
    texts = [candidate.text for candidate in marks.candidates]
    assert texts == [" cat", " The", " the", " dog", " mat"]


def test_a_part_of_a_character_is_never_the_model_s_right_answer() -> None:
    lost = Vocabulary((*VOCABULARY.pieces, b"\xef\xbf\xbd"))
    scores = scored(lost, [b"The", b"\xef\xbf\xbd"], {b"\xc3": 0.9, b"\xef\xbf\xbd": 0.1})
    marks = reveal(Reading(scores, lost, Unit.TOKENS).at(1), None)
    assert marks.target_rank == 2
    assert not marks.model_right


def test_a_word_token_with_a_curly_apostrophe_is_found() -> None:
    french = Vocabulary((*VOCABULARY.pieces, " aujourd\u2019hui".encode()))
    scores = scored(french, [b"The", b" cat"], {" aujourd\u2019hui".encode(): 0.6, b" cat": 0.4})
    guess = read_guess("aujourd\u2019hui", Unit.WORDS)
    marks = reveal(Reading(scores, french, Unit.WORDS).at(1), guess)
    assert marks.guess_rank == 1


def test_suggestions_are_the_most_probable_words_in_alphabetical_order() -> None:
    four_words = scored(stored=4)  # cat, The, the, dog
    assert suggestions(Reading(four_words, VOCABULARY, Unit.WORDS).at(SAT)) == ["cat", "dog", "The"]


def test_words_that_differ_in_case_alone_are_one_suggestion() -> None:
    shown = suggestions(Reading(SCORES, VOCABULARY, Unit.WORDS).at(SAT))
    assert shown == ["cat", "dog", "mat", "on", "sat", "The"]


def test_what_cannot_be_typed_is_never_suggested() -> None:
    likely = {b"": 0.5, b"\xc3": 0.3, b"\n": 0.08, b" ": 0.06, b" the": 0.04, b"the": 0.02}
    shown = suggestions(Reading(scored(probabilities=likely), VOCABULARY, Unit.TOKENS).at(SAT))
    assert len(shown) == 8
    assert END_OF_TEXT not in shown
    assert "\ufffd" not in shown
    assert {"⏎", "␣", "the", "␣the"} <= set(shown)


def test_suggestions_do_not_leak_rank() -> None:
    turned = {b" cat": 0.04, b" The": 0.08, b" dog": 0.32, b" mat": 0.16}
    first = suggestions(Reading(scored(stored=5), VOCABULARY, Unit.WORDS).at(SAT))
    second = suggestions(
        Reading(scored(probabilities=turned, stored=4), VOCABULARY, Unit.WORDS).at(SAT)
    )
    assert first == second == ["cat", "dog", "mat", "The"]


@pytest.mark.parametrize(
    "token",
    [" the", "\n", "\t", ",", "\u00a0", "\u3000", "\r", "\x00", "-" * 66, " " * 66],
    ids=["word", "line", "tab", "comma", "nbsp", "wide-space", "cr", "nul", "dashes", "spaces"],
)
def test_every_suggestion_may_be_given_as_the_guess_it_stands_for(token: str) -> None:
    vocabulary = Vocabulary((b"The", token.encode(), b" cat"))
    scores = scored(vocabulary, [b"The", b" cat"], {token.encode(): 0.9, b" cat": 0.1})
    for suggestion in suggestions(Reading(scores, vocabulary, Unit.TOKENS).at(1)):
        guess = read_or_none(suggestion, Unit.TOKENS)
        assert guess is not None
        assert any(is_right(guess, text, Unit.TOKENS) for text in (token, " cat", "The"))
