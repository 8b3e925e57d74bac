"""Choosing passages from a large corpus: what is wanted, and a tally of what was dropped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from server.domain.errors import InvalidInput
from server.domain.text.passages import (
    MAXIMUM_WORDS,
    MINIMUM_WORDS,
    Passage,
    count_words,
    passage_from_record,
)
from server.domain.text.tokens import TokenizedText

PLACES_NAMED = 5


@dataclass(frozen=True)
class Wanted:
    """Which records of a corpus become passages; None sets no limit.

    `language` is an ISO 639-1 code; `word_share` the least share of word positions among all
    positions; `near_duplicate` the Jaccard similarity of two texts' five-word runs at which the
    second one is dropped; `most_tokens` the length to which a longer text is cut.
    """

    minimum_words: int = MINIMUM_WORDS
    maximum_words: int = MAXIMUM_WORDS
    language: str | None = None
    word_share: float | None = None
    near_duplicate: float | None = None
    most_tokens: int | None = None


class Dropped(Exception):
    """A record does not become a passage; the message is the reason, worded the same each time."""


class TallyValues(TypedDict):
    """A tally as plain values, as it is stored."""

    read: int
    added: int
    known: int
    dropped: dict[str, int]
    places: dict[str, list[str]]


@dataclass
class Tally:
    """What an import has done so far: it is stored with its position, and goes on counting."""

    read: int = 0
    added: int = 0
    known: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=dict)

    def drop(self, reason: str, place: str) -> None:
        """Count a dropped record under its reason, and name the first few places."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1
        named = self.places.setdefault(reason, [])
        if len(named) < PLACES_NAMED:
            named.append(place)

    def as_values(self) -> TallyValues:
        """Return the tally as plain values; `Tally(**values)` reads them again."""
        return TallyValues(
            read=self.read,
            added=self.added,
            known=self.known,
            dropped=self.dropped,
            places=self.places,
        )


def passage_of(record: Mapping[str, object], wanted: Wanted) -> Passage:
    """Return the passage that a corpus record describes, if its length is within the limits.

    Raises Dropped with the reason.
    """
    text = record.get("text")
    if not isinstance(text, str):
        raise Dropped("no text" if text is None else "text: neither text nor its bytes")
    words = count_words(text)
    if words < wanted.minimum_words:
        raise Dropped(f"shorter than {wanted.minimum_words:,} words")
    if words > wanted.maximum_words and wanted.most_tokens is None:
        raise Dropped(f"longer than {wanted.maximum_words:,} words")
    try:
        return passage_from_record(record, minimum_words=1, maximum_words=None)
    except InvalidInput as error:
        raise Dropped(f"{error.field}: {error}".rstrip(".")) from error


def word_share(text: TokenizedText) -> float:
    """Return the share of positions that are word positions; 0 for an empty text."""
    words = sum(text.is_word_position(position) for position in range(len(text)))
    return words / len(text) if len(text) else 0.0
