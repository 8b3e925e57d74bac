"""What a record of an import file must hold to become a passage."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given

from server.domain.errors import InvalidInput
from server.domain.text.passages import (
    MAXIMUM_WORDS,
    MINIMUM_WORDS,
    Passage,
    count_words,
    passage_from_record,
)
from tests.domain.examples import AWKWARD_TEXTS, LONE_SURROGATE, also, any_texts

FIELDS = {"text", "title", "source", "licence", "genre"}
TEXT = "word " * 39 + "word"


def record(**changes: Any) -> dict[str, Any]:
    return {"text": TEXT, "title": "A title", **changes}


def refusal(**changes: Any) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        passage_from_record(record(**changes))
    return caught.value


def test_a_record_becomes_a_passage() -> None:
    labels = {"title": "T", "source": "S", "licence": "L", "genre": "G"}
    assert passage_from_record({"text": TEXT, **labels}) == Passage(TEXT, "T", "S", "L", "G")


def test_text_and_title_are_enough() -> None:
    assert passage_from_record(record()) == Passage(TEXT, "A title", "", "", "")


def test_outer_white_space_goes() -> None:
    passage = passage_from_record(record(text=f"\n\t {TEXT} \r\n", title=" A title "))
    assert (passage.text, passage.title) == (TEXT, "A title")


@pytest.mark.parametrize("end", ["\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029", "\n"])
def test_every_line_end_of_unicode_becomes_a_plain_one(end: str) -> None:
    text = passage_from_record(record(text=f"{TEXT}{end}{end}{TEXT}")).text
    assert text == f"{TEXT}\n\n{TEXT}"


@pytest.mark.parametrize(
    "inside", ["\t", "\n\n", "  ", "cafe\u0301", "שלום", "👩\u200d👧", "\ufffd"]
)
def test_nothing_else_is_changed(inside: str) -> None:
    text = f"{TEXT} a{inside}b {TEXT}"
    assert passage_from_record(record(text=text)).text == text


@pytest.mark.parametrize(
    ("character", "name"),
    [("\0", "U+0000"), ("\x1c", "U+001C"), ("\x1b", "U+001B"), (LONE_SURROGATE, "U+D800")],
)
def test_a_control_character_in_the_text_is_refused_by_name(character: str, name: str) -> None:
    error = refusal(text=f"{TEXT} a{character}b")
    assert error.field == "text"
    assert name in str(error)


@pytest.mark.parametrize("character", ["\n", "\t", "\r\n  ", "\u2028", "\0", LONE_SURROGATE])
@pytest.mark.parametrize("field", sorted(FIELDS - {"text"}))
def test_a_label_is_mended_to_one_line(field: str, character: str) -> None:
    passage = passage_from_record(record(**{field: f"two{character}lines"}))
    assert getattr(passage, field) == "two lines"


@pytest.mark.parametrize("words", [MINIMUM_WORDS, MAXIMUM_WORDS])
def test_the_shortest_and_the_longest_passage_are_taken(words: int) -> None:
    text = " ".join(["word"] * words)
    assert passage_from_record(record(text=text)).text == text


@pytest.mark.parametrize("words", [0, MINIMUM_WORDS - 1, MAXIMUM_WORDS + 1])
def test_a_passage_of_another_length_is_refused_with_its_number_of_words(words: int) -> None:
    error = refusal(text=" ".join(["word"] * words))
    assert error.field == "text"
    assert f"{words:,} words" in str(error)


@pytest.mark.parametrize(
    ("text", "words"),
    [("", 0), ("one two", 2), ("a" * 20, 1), ("a" * 21, 2), ("\u5b57" * 600, 30), ("a\n\tb", 2)],
)
def test_a_long_run_without_white_space_counts_as_several_words(text: str, words: int) -> None:
    assert count_words(text) == words


@pytest.mark.parametrize("field", ["title", "source", "licence", "genre"])
def test_a_label_is_mended_to_two_hundred_characters(field: str) -> None:
    longest = "é" * 200
    assert getattr(passage_from_record(record(**{field: longest})), field) == longest
    mended = getattr(passage_from_record(record(**{field: longest + "é"})), field)
    assert mended == "é" * 199 + "…"


@pytest.mark.parametrize("title", ["", " ", "\n", "\0"])
def test_a_passage_needs_a_title(title: str) -> None:
    assert refusal(title=title).field == "title"


def test_missing_fields_are_named() -> None:
    for missing in ("text", "title"):
        incomplete = {key: value for key, value in record().items() if key != missing}
        with pytest.raises(InvalidInput) as caught:
            passage_from_record(incomplete)
        assert caught.value.field == missing


def test_an_unknown_field_is_refused_with_what_is_allowed() -> None:
    error = refusal(author="somebody")
    assert error.field == "author"
    assert all(field in str(error) for field in FIELDS)


@pytest.mark.parametrize("value", [None, 7, True, ["a"], {"a": 1}])
@pytest.mark.parametrize("field", sorted(FIELDS))
def test_a_field_that_is_no_text_is_refused(field: str, value: object) -> None:
    assert refusal(**{field: value}).field == field


def test_the_content_hash_is_sha256_of_the_text_alone() -> None:
    """The published test vector of FIPS 180-2: SHA-256 of "abc"."""
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert Passage("abc", "one").content_hash == expected
    assert Passage("abc", "another", genre="news").content_hash == expected


def test_the_content_hash_is_of_utf_8() -> None:
    assert Passage("é", "t").content_hash == hashlib.sha256(b"\xc3\xa9").hexdigest()


@also([*AWKWARD_TEXTS, LONE_SURROGATE], "title")
@given(any_texts, any_texts)
def test_any_record_is_taken_or_refused_by_field(text: str, title: str) -> None:
    try:
        passage = passage_from_record(record(text=f"{TEXT} {text}", title=title))
    except InvalidInput as error:
        field = error.field
    else:
        assert passage_from_record(asdict(passage)) == passage
        assert len(passage.content_hash) == 64
        return
    assert field in ("text", "title")
