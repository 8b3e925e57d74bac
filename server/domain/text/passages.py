"""A passage, and what a record of an import file must hold to become one."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from server.domain.errors import InvalidInput

MINIMUM_WORDS = 30
MAXIMUM_WORDS = 5_000
LONGEST_WORD = 20  # characters
LONGEST_LABEL = 200
_FIELDS = ("text", "title", "source", "licence", "genre")
_CONTROL = ("Cc", "Cs")  # Unicode's categories of control characters and lone surrogates
_LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")  # \n aside, all of section 5.8


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


def plain_line_ends(text: str) -> str:
    """Return `text` with every line end, of whatever system or script, as a plain one.

    These are the Unicode Standard's (section 5.8): CR LF, CR, NEL, VT, FF, LS and PS.
    """
    return _LINE_END.sub("\n", text)


def mended_label(text: str) -> str:
    """Return a title, source, licence or genre as one line of at most 200 characters.

    Line ends, control characters and repeated white space become one space; the rest of a longer
    label gives way to an ellipsis.
    """
    kept = (" " if unicodedata.category(letter) in _CONTROL else letter for letter in text)
    line = " ".join("".join(kept).split())
    return line if len(line) <= LONGEST_LABEL else line[: LONGEST_LABEL - 1].rstrip() + "…"


def passage_from_record(
    record: Mapping[str, object],
    minimum_words: int = MINIMUM_WORDS,
    maximum_words: int | None = MAXIMUM_WORDS,
) -> Passage:
    """Return the passage that an import record describes.

    The text's outer white space goes and its line ends become plain ones; nothing else of it is
    changed. Labels are mended to one line of 200 characters. Raises InvalidInput with the field's
    name for a missing, unknown, mistyped or unfit field.
    """
    for field, value in record.items():
        if field not in _FIELDS:
            raise InvalidInput(field, f"Unknown field; allowed are {', '.join(_FIELDS)}.")
        if not isinstance(value, str):
            raise InvalidInput(field, "This must be text.")
    labels = {field: mended_label(str(record.get(field, ""))) for field in _FIELDS[1:]}
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
        label = getattr(passage, field)
        _refuse_control_characters(field, label, allowed="")
        if len(label) > LONGEST_LABEL:
            raise InvalidInput(field, f"At most {LONGEST_LABEL} characters are allowed.")
        if label != label.strip():
            raise InvalidInput(field, "It begins or ends with white space.")
    if not passage.text.strip() or not passage.title:
        raise InvalidInput("text" if passage.title else "title", "It is empty.")


def _body(text: str, minimum_words: int, maximum_words: int | None) -> str:
    text = plain_line_ends(text).strip()
    _refuse_control_characters("text", text, allowed="\n\t")
    words = count_words(text)
    if not minimum_words <= words <= (maximum_words or words):
        allowed = f"{minimum_words} to {maximum_words:,}" if maximum_words else "more"
        raise InvalidInput("text", f"It has {words:,} words; {allowed} are allowed.")
    return text


def _refuse_control_characters(field: str, text: str, allowed: str) -> None:
    for character in text:
        if unicodedata.category(character) in _CONTROL and character not in allowed:
            raise InvalidInput(field, f"The character U+{ord(character):04X} is not allowed.")
