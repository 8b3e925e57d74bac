"""A passage, and what a record of an import file must hold to become one."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from server.domain.errors import InvalidInput

MINIMUM_WORDS = 30
MAXIMUM_WORDS = 5_000
LONGEST_WORD = 20  # characters
LONGEST_LABEL = 200
_FIELDS = ("text", "title", "source", "licence", "genre")


@dataclass(frozen=True)
class Passage:
    """A text with title, source, licence and genre."""

    text: str
    title: str
    source: str = ""
    licence: str = ""
    genre: str = ""

    @property
    def content_hash(self) -> str:
        """SHA-256 of the text, as 64 hexadecimal digits: two passages with one text are one."""
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()


def count_words(text: str) -> int:
    """Return the length of `text` in words: runs without white space, a long run counting more.

    Each further 20 characters of a run count as a word, so that scripts without spaces have a
    length too.
    """
    return sum(-(-len(run) // LONGEST_WORD) for run in text.split())


def passage_from_record(
    record: Mapping[str, object],
    minimum_words: int = MINIMUM_WORDS,
    maximum_words: int | None = MAXIMUM_WORDS,
) -> Passage:
    """Return the passage that an import record describes.

    Outer white space goes and Windows line ends become plain ones; nothing else is changed.
    Raises InvalidInput with the field's name for a missing, unknown, mistyped or unfit field.
    """
    for field, value in record.items():
        if field not in _FIELDS:
            raise InvalidInput(field, f"Unknown field; allowed are {', '.join(_FIELDS)}.")
        if not isinstance(value, str):
            raise InvalidInput(field, "This must be text.")
    labels = {field: _label(field, str(record.get(field, ""))) for field in _FIELDS[1:]}
    if not labels["title"]:
        raise InvalidInput("title", "A passage needs a title.")
    text = _body(str(record.get("text", "")), minimum_words, maximum_words)
    return Passage(text=text, **labels)


def require_storable(passage: Passage) -> None:
    """Raise InvalidInput with the field's name where a passage from elsewhere is not clean.

    What `passage_from_record` returns is clean; its length is not checked here.
    """
    _refuse_control_characters("text", passage.text, allowed="\n\t")
    for field in _FIELDS[1:]:
        if _label(field, getattr(passage, field)) != getattr(passage, field):
            raise InvalidInput(field, "It begins or ends with white space.")
    if not passage.text.strip() or not passage.title:
        raise InvalidInput("text" if passage.title else "title", "It is empty.")


def _body(text: str, minimum_words: int, maximum_words: int | None) -> str:
    text = text.replace("\r\n", "\n").strip()
    _refuse_control_characters("text", text, allowed="\n\t")
    words = count_words(text)
    if not minimum_words <= words <= (maximum_words or words):
        allowed = f"{minimum_words} to {maximum_words:,}" if maximum_words else "more"
        raise InvalidInput("text", f"It has {words:,} words; {allowed} are allowed.")
    return text


def _label(field: str, text: str) -> str:
    text = text.strip()
    _refuse_control_characters(field, text, allowed="")
    if len(text) > LONGEST_LABEL:
        raise InvalidInput(field, f"At most {LONGEST_LABEL} characters are allowed.")
    return text


def _refuse_control_characters(field: str, text: str, allowed: str) -> None:
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in allowed:
            raise InvalidInput(field, f"The character U+{ord(character):04X} is not allowed.")
