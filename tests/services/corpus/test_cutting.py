"""Long texts are cut at sentence ends, and nothing but white space is lost."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.domain.text.passages import LONGEST_LABEL, Passage
from server.services.corpus.cutting import cut_at_sentence_ends, cut_passage
from tests.domain.examples import AWKWARD_TEXTS, FAMILY, also, texts

SENTENCE = "Mr. Smith paid $3.50 for the Guardian, i.e. for yesterday's."
LETTERS_OR_SIGNS = re.compile(r"\w{1,8}|[^\w]")
long_texts = st.lists(texts | st.sampled_from(["One. ", "Two! ", "\r\n", "\0", "\t"]), max_size=20)


def count(text: str) -> int:
    """Count tokens of a tokenizer made here: up to eight letters, or one other character."""
    return len(LETTERS_OR_SIGNS.findall(text))


def test_a_text_that_fits_stays_whole() -> None:
    assert cut_at_sentence_ends(SENTENCE, count(SENTENCE), count) == [SENTENCE]


def test_parts_are_whole_sentences_and_of_about_equal_length() -> None:
    text = " ".join([SENTENCE] * 10)
    parts = cut_at_sentence_ends(text, 4 * count(SENTENCE) + 6, count)
    assert parts == [" ".join([SENTENCE] * n) for n in (4, 3, 3)]


def test_a_sentence_that_is_too_long_is_cut_between_words() -> None:
    text = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi"
    parts = cut_at_sentence_ends(text, 8, count)
    assert " ".join(parts) == text
    assert len(parts) == 4


def test_a_word_that_is_too_long_is_cut_between_letters_as_a_reader_sees_them() -> None:
    parts = cut_at_sentence_ends((FAMILY + "e\u0301") * 20, 16, count)
    assert "".join(parts) == (FAMILY + "e\u0301") * 20
    assert all(part.startswith((FAMILY, "e\u0301")) for part in parts)


def test_a_letter_that_is_too_long_is_cut_between_code_points() -> None:
    letter = "a" + "\u0301" * 99
    parts = cut_at_sentence_ends(letter, 16, count)
    assert "".join(parts) == letter
    assert all(count(part) <= 16 for part in parts)


@pytest.mark.parametrize(
    "unit", ["x", "...", "word ", FAMILY, "漢字", SENTENCE + " ", " " * 50, "line\r\n", "\0 "]
)
def test_a_line_of_a_hundred_thousand_characters_is_cut(unit: str) -> None:
    text = (unit * (100_000 // len(unit))).strip()
    parts = cut_at_sentence_ends(text, 2_000, count)
    assert without_white_space("".join(parts)) == without_white_space(text)
    assert all(count(part) <= 2_000 for part in parts)


@also(["".join(AWKWARD_TEXTS)], 8)
@given(long_texts.map("".join), st.integers(4, 60))
@example("", 8)
def test_every_part_fits_and_only_white_space_is_lost(text: str, most: int) -> None:
    parts = cut_at_sentence_ends(text, most, count)
    assert all(count(part) <= most for part in parts)
    assert all(part == part.strip() for part in parts)
    place = 0
    for part in parts:
        start = text.index(part, place)
        assert not text[place:start].strip()
        place = start + len(part)
    assert not text[place:].strip()


def test_parts_of_a_passage_keep_its_labels_and_are_numbered() -> None:
    whole = Passage(" ".join([SENTENCE] * 3), "At the kiosk", "Me", "CC0-1.0", "news")
    parts = cut_passage(whole, count(SENTENCE), count)
    assert parts == [
        Passage(SENTENCE, f"At the kiosk ({number} of 3)", "Me", "CC0-1.0", "news")
        for number in (1, 2, 3)
    ]


def test_a_passage_that_fits_is_itself() -> None:
    whole = Passage(SENTENCE, "At the kiosk")
    assert cut_passage(whole, 1_000, count) == [whole]


def test_a_long_title_makes_room_for_the_number() -> None:
    parts = cut_passage(Passage(f"{SENTENCE} {SENTENCE}", "é" * LONGEST_LABEL), 40, count)
    assert parts[0].title.endswith("é… (1 of 2)")
    assert len(parts[0].title) == LONGEST_LABEL


def without_white_space(text: str) -> str:
    return "".join(c for c in text if not c.isspace() or unicodedata.category(c) == "Cf")
