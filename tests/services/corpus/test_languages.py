"""The language of a record: however it is stated, one code, or a refusal."""

from __future__ import annotations

import pytest

from server.domain.errors import InvalidInput
from server.domain.text.corpus import Dropped
from server.services.corpus.languages import language_code, language_of, wanted_language

ENGLISH = "The road was closed again and nobody could say when it would open."


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        *((stated, "en") for stated in ("en", "EN", "en-US", "en_GB", "eng", "eng_Latn", " en ")),
        *((stated, "en") for stated in ("English", "english", "ENGLISH")),
        *((stated, "de") for stated in ("ger", "deu", "German", "de-Latn-AT")),
        *((stated, "zh") for stated in ("zho", "chi", "cmn_Hani", "zh-Hans")),
        ("gsw", "gsw"),
        *((stated, None) for stated in ("", "xx", "Klingonish", "-", "a" * 5_000)),
    ],
)
def test_a_language_has_one_code(stated: str, code: str | None) -> None:
    assert language_code(stated) == code


@pytest.mark.parametrize(
    ("record", "language"),
    [
        ({"language": "deu"}, "de"),
        ({"lang": "French"}, "fr"),
        ({"lang": ["fra_Latn", "eng_Latn"]}, "fr"),
        ({"language": "", "lang": "fr"}, "fr"),
        *(({"language": stated}, "en") for stated in ("und", "mul", "", None, 7, [], [7])),
        ({}, "en"),
    ],
)
def test_what_a_record_states_is_believed_and_else_its_text(
    record: dict[str, object], language: str
) -> None:
    assert language_of(record, ENGLISH) == language


def test_a_stated_language_that_is_none_costs_the_record() -> None:
    with pytest.raises(Dropped, match="language: neither an ISO 639 code nor"):
        language_of({"language": "Klingonish"}, ENGLISH)


@pytest.mark.parametrize("stated", ["xx", "und", ""])
def test_to_ask_for_no_language_is_refused(stated: str) -> None:
    with pytest.raises(InvalidInput, match="an ISO 639 code") as caught:
        wanted_language(stated)
    assert caught.value.field == "language"
