"""Tokens, words, and the positions that a round may ask."""

from __future__ import annotations

import unicodedata
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.text.tokens import (
    TokenizedText,
    Unit,
    Vocabulary,
    continues_word,
    is_word,
    is_word_token,
)
from tests.domain.examples import AWKWARD_TEXTS, FAMILY, LONE_SURROGATE, also, texts

offsets = st.sets(st.integers(1, 160))
EVERY_BYTE = set(range(1, 200))
SENTENCE = [b"I", b" can", b"'t", b" believe", b" it", b"'s", b" a", b" well", b"-", b"known"]
PARTS_OF_WORDS = [
    " the",
    " \u05e9\u05dc\u05d5\u05dd",
    " o'clock",
    " l\u2019or",
    " 7",
    " ",
    "ing",
    "é",
]
PARTS_OF_WORDS += ["\u0301", "'", "-", ".", "\n", "\r\n", "_", FAMILY, "\0", "\t", "2", ", "]


def cut(text: str, at: set[int]) -> TokenizedText:
    """Cut a text's bytes at the offsets that lie inside it."""
    data = text.encode("utf-8")
    inside = sorted(offset for offset in at if offset < len(data))
    edges = [0, *inside, len(data)] if data else [0]
    return TokenizedText([data[start:stop] for start, stop in pairwise(edges)])


def letters(text: str) -> bool:
    return bool(text) and all(unicodedata.category(c).startswith("L") for c in text)


@pytest.mark.parametrize("text", ["a", "o'clock", "o\u2019clock", "été", "שלום", "rock'n'roll"])
def test_letters_with_apostrophes_inside_are_a_word(text: str) -> None:
    assert is_word(text)


@pytest.mark.parametrize(
    "text",
    ["", "'", "'tis", "dogs'", "a''b", "B2", "two words", " a", "well-known", "\u0301x", "7\u0301"],
)
def test_anything_else_is_no_word(text: str) -> None:
    assert not is_word(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [(" the", True), (" o'clock", True), ("the", False), ("  the", False), ("\tthe", False)],
)
def test_a_word_token_is_one_space_and_a_word(text: str, expected: bool) -> None:
    assert is_word_token(text) is expected


@pytest.mark.parametrize(
    "following", ["ing", "'s", "\u2019s", "-known", "3", "_x", "\u0301", ".com", "@home"]
)
def test_text_that_belongs_to_the_word_continues_it(following: str) -> None:
    assert continues_word(following)


@pytest.mark.parametrize("following", ["", " ", ".", ". Then", "' he", "\n", "- and", "!", "\0"])
def test_text_that_ends_the_word_does_not_continue_it(following: str) -> None:
    assert not continues_word(following)


def test_only_complete_words_are_word_positions() -> None:
    """In "I can't believe it's a well-known", " can", " it" and " well" go on."""
    text = TokenizedText(SENTENCE)
    asked = [position for position in range(len(text)) if text.is_word_position(position)]
    assert [SENTENCE[position] for position in asked] == [b" believe", b" a"]


@also(AWKWARD_TEXTS, EVERY_BYTE)
@given(texts, offsets)
def test_the_pieces_rejoin_to_the_text(text: str, at: set[int]) -> None:
    tokens = cut(text, at)
    assert tokens.before(len(tokens)) == text
    assert tokens.between(0, len(tokens)) == text


@also(AWKWARD_TEXTS, EVERY_BYTE)
@given(texts, offsets)
def test_before_and_token_and_after_are_the_text(text: str, at: set[int]) -> None:
    tokens = cut(text, at)
    for position in range(len(tokens)):
        whole = tokens.whole_text(position)
        if whole is not None:
            assert tokens.before(position) + whole + tokens.after(position) == text


@also(AWKWARD_TEXTS, EVERY_BYTE)
@given(texts, offsets)
def test_the_text_before_grows_and_is_always_a_beginning(text: str, at: set[int]) -> None:
    tokens = cut(text, at)
    befores = [tokens.before(position) for position in range(len(tokens) + 1)]
    assert all(text.startswith(before) for before in befores)
    assert all(later.startswith(earlier) for earlier, later in pairwise(befores))


@also(AWKWARD_TEXTS, EVERY_BYTE)
@given(texts, offsets)
def test_a_part_of_a_character_is_never_asked(text: str, at: set[int]) -> None:
    tokens = cut(text, at)
    edges = {0, *accumulate(len(character.encode("utf-8")) for character in text)}
    for position in range(len(tokens)):
        start = tokens.ends[position - 1] if position else 0
        is_whole = start in edges and tokens.ends[position] in edges
        assert tokens.eligible(Unit.TOKENS, position) is is_whole
        assert is_whole or not tokens.eligible(Unit.WORDS, position)


@given(st.lists(st.sampled_from(PARTS_OF_WORDS), max_size=30))
def test_word_positions_satisfy_the_definition(parts: list[str]) -> None:
    tokens = TokenizedText([part.encode("utf-8") for part in parts])
    for position in range(len(tokens)):
        whole, following = tokens.whole_text(position) or "", tokens.after(position)
        parts = whole[1:].replace("\u2019", "'").split("'")
        is_token = whole.startswith(" ") and all(letters(part) for part in parts)
        if tokens.is_word_position(position):
            assert is_token
            assert not following[:1].isalnum()
            assert not unicodedata.category(following[:1] or " ").startswith("M")
        elif is_token:
            assert following[:1].strip()  # white space or the end would have ended the word


@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n", b"\t", b"\0", b" "])
def test_a_word_before_a_break_is_a_word_position(between: bytes) -> None:
    assert TokenizedText([b"The", b" end", between]).is_word_position(1)


def test_every_piece_of_a_family_is_refused_and_the_word_behind_it_is_not() -> None:
    data = FAMILY.encode("utf-8")
    text = TokenizedText([data[:3], data[3:], b" plays"])
    assert [text.eligible(Unit.TOKENS, position) for position in range(3)] == [False, False, True]
    assert text.before(1) == ""
    assert text.before(2) == FAMILY


@pytest.mark.parametrize("unit", Unit)
def test_an_empty_token_is_never_asked(unit: Unit) -> None:
    text = TokenizedText([b" a", b"", b"\xc3", b"", b"\xa9"])
    assert not text.eligible(unit, 1)
    assert not text.eligible(unit, 3)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        TokenizedText([b"a", b"\xff"])


def test_a_cut_through_a_character_has_no_text_between() -> None:
    text = TokenizedText([b"caf\xc3", b"\xa9", b" au", b" lait"])
    assert text.between(0, 1) is None
    assert text.between(0, 2) == "café"
    assert text.between(2, 4) == " au lait"


VOCABULARY = Vocabulary((b"", b" the", b"the", b" The", b" THE", b"\xc3", b"\xa9", b" 7", b" l'or"))


def test_a_vocabulary_knows_tokens_by_their_exact_text() -> None:
    assert VOCABULARY.id_of(" the") == 1
    assert VOCABULARY.id_of("the") == 2
    assert VOCABULARY.id_of("missing") is None


def test_no_token_is_a_lone_surrogate() -> None:
    assert VOCABULARY.id_of(LONE_SURROGATE) is None


def test_a_part_of_a_character_shows_as_the_replacement_sign() -> None:
    assert VOCABULARY.text(5) == "\ufffd"


def test_word_tokens_are_found_ascending() -> None:
    assert VOCABULARY.word_ids == (1, 3, 4, 8)


@pytest.mark.parametrize("word", ["the", "The", "THE", "tHe"])
def test_a_word_is_found_in_every_case(word: str) -> None:
    assert VOCABULARY.ids_of_word(word) == (1, 3, 4)


@pytest.mark.parametrize("word", ["", "cat", " the", "7"])
def test_what_is_no_word_token_is_not_found(word: str) -> None:
    assert VOCABULARY.ids_of_word(word) == ()
