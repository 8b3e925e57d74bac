"""What a player may call themselves."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given

from server.domain.errors import InvalidInput
from server.domain.play.nicknames import LONGEST_NICKNAME_CHARACTERS, read_nickname
from tests.domain.examples import (
    AWKWARD_TEXTS,
    FAMILY,
    LONE_SURROGATE,
    also,
    any_texts,
)

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
SHAKING_FACE = "\U0001fae8"  # Unicode 15 (2022); Python 3.11 knows Unicode 14


def refused(text: str) -> bool:
    try:
        read_nickname(text)
    except InvalidInput as error:
        refusal = error
    else:
        return False
    assert refusal.field == "nickname"
    return True


@pytest.mark.parametrize(
    "name", ["Ada", "Grace Hopper", "李白", "שרה", "محمد", "O'Neil", "x_1", "🦉"]
)
def test_a_plain_name_is_kept(name: str) -> None:
    assert read_nickname(name) == name


def test_a_name_is_stripped_and_composed() -> None:
    assert read_nickname("  Ange\u0301lique\t") == "Angélique"


def test_no_name_is_none() -> None:
    assert read_nickname(None) is None


@pytest.mark.parametrize("name", ["", " ", "\t\r\n"])
def test_a_name_has_at_least_one_character(name: str) -> None:
    assert refused(name)


def test_a_name_has_at_most_32_characters() -> None:
    longest = "é" * LONGEST_NICKNAME_CHARACTERS
    assert read_nickname(unicodedata.normalize("NFD", longest)) == longest
    assert refused(longest + "é")


@pytest.mark.parametrize(
    "character",
    ["\0", "\t", "\n", "\r", "\x7f", "\u200b", "\u202e", "\u2066", "\u200f", "\ufeff", "\ue000"],
)
def test_control_and_direction_characters_are_refused_by_code(character: str) -> None:
    with pytest.raises(InvalidInput, match=f"U\\+{ord(character):04X}"):
        read_nickname(f"a{character}b")


@pytest.mark.parametrize(
    "name", ["a\u200db", "\u200da", "a\u034fb", "a\ufe00", "\u180ba", "a\U000e0062", "x\u200c"]
)
def test_a_character_without_a_width_is_refused_between_letters(name: str) -> None:
    assert refused(name)


def test_a_letter_may_carry_a_few_marks_and_not_a_tower() -> None:
    assert read_nickname("o\u0323\u0302") == "\u1ed9"
    assert refused("x" + "\u0300" * 4)


def test_full_width_letters_become_plain_ones() -> None:
    assert read_nickname("Ａｄａ") == "Ada"


def test_half_a_character_is_refused() -> None:
    assert refused(f"a{LONE_SURROGATE}")


@pytest.mark.parametrize(
    "emoji",
    [FAMILY, "🏳️\u200d🌈", "👍🏽", "🇫🇷", ENGLAND, SHAKING_FACE],
    ids=["family", "rainbow", "skin-tone", "france", "england", "shaking-face"],
)
def test_emoji_are_welcome(emoji: str) -> None:
    assert read_nickname(emoji) == emoji


@pytest.mark.parametrize("name", ["\u200d", "\u200d\u200d", "a\u2028b", "a\u2029b"])
def test_a_name_is_visible_and_on_one_line(name: str) -> None:
    assert refused(name)


@also([*AWKWARD_TEXTS, LONE_SURROGATE])
@given(any_texts)
def test_any_text_is_read_or_refused_by_field(text: str) -> None:
    if refused(text):
        return
    name = read_nickname(text)
    assert name is not None
    assert 1 <= len(name) <= LONGEST_NICKNAME_CHARACTERS
    assert name == name.strip() == unicodedata.normalize("NFKC", name)
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Zl", "Zp") for c in name)
    assert read_nickname(name) == name
