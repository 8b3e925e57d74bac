"""What tokens are made of: text, words, positions that a round may ask, windows that overlap."""

from __future__ import annotations

import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from server.domain.text.lookups import WordIndex

APOSTROPHES = "'\u2019"
# What keyboards and word processors put in an apostrophe's place; NFKC would take some apart.
_LIKE_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u201b\u02bc\u2032\u00b4`\uff07", "'"))
_JOINERS = APOSTROPHES + "-\u2010\u2011.@"
_INVISIBLE_JOINERS = "\u00ad\u200c\u200d\u2060"


class Unit(StrEnum):
    """What is asked: words only (the default), or every position that decodes to text."""

    WORDS = "words"
    TOKENS = "tokens"


def folded(word: str) -> str:
    """Return a word as words are compared: NFKC, plain apostrophes, no difference of case.

    Full-width letters and ligatures are the letters they stand for. Folding case can undo a
    composition, hence NFKC again.

    >>> folded("O\u2019Clock"), folded("\uff34\uff48\uff45"), folded("\ufb01nd")
    ("o'clock", 'the', 'find')
    """
    return compatible(compatible(word).casefold())


def compatible(text: str) -> str:
    """Return `text` in NFKC with plain apostrophes, those that NFKC makes included."""
    if text.isascii():
        return text.replace("`", "'")  # NFKC leaves the rest as it is
    return plain_apostrophes(unicodedata.normalize("NFKC", plain_apostrophes(text)))


def plain_apostrophes(text: str) -> str:
    """Return `text` with typographic apostrophes, and what is typed for them, as plain ones."""
    return text.translate(_LIKE_APOSTROPHES)


def is_word(text: str) -> bool:
    """Tell whether `text` is letters with the marks that belong to them; apostrophes inside.

    >>> is_word("o'clock"), is_word("\u0939\u0948"), is_word("'tis"), is_word("B2"), is_word("")
    (True, True, False, False, False)
    """
    return all(_is_letters(part) for part in plain_apostrophes(text).split(APOSTROPHES[0]))


def _is_letters(part: str) -> bool:
    """Tell whether letters stand here, each perhaps with marks: vowel signs, accents."""
    if part.isalpha():
        return True
    return part[:1].isalpha() and all(
        character.isalpha() or unicodedata.category(character).startswith("M") for character in part
    )


def is_word_token(text: str) -> bool:
    """Tell whether `text` is a word token: one space, then a word."""
    return text.startswith(" ") and is_word(text[1:])


def continues_word(following: str) -> bool:
    """Tell whether the text after a word token goes on with the same word.

    Letters, digits and marks go on; so does a joining character with a letter or digit after it.

    >>> [continues_word(text) for text in ("ing", "'s", "-known", ".", " ends", "")]
    [True, True, True, False, False, False]
    """
    if not following:
        return False
    first = following[0]
    if first.isalnum() or first == "_" or unicodedata.category(first).startswith("M"):
        return True
    if first in _INVISIBLE_JOINERS:
        return True
    return first in _JOINERS and following[1:2].isalnum()


_MOSTLY = 170  # two thirds of the way from 1 to 255


@dataclass(frozen=True)
class Vocabulary:
    """A model's tokens as bytes, by id; some tokens are parts of a multi-byte character.

    `continued` holds a byte for each: 0 where the model was not asked, else 1 and how probable it
    is, in 254ths, that it goes on with the same word. It is empty where none was asked.
    """

    pieces: tuple[bytes, ...]
    continued: bytes = b""

    def __len__(self) -> int:
        return len(self.pieces)

    def text(self, token_id: int) -> str:
        """Return the token's text; bytes that are not a whole character show as U+FFFD."""
        return self.pieces[token_id].decode("utf-8", errors="replace")

    def id_of(self, text: str) -> int | None:
        """Return the id of the token that is exactly `text`, or None."""
        piece = text.encode("utf-8", errors="surrogatepass")
        place = bisect_right(self._ids, piece, key=self.pieces.__getitem__) - 1
        found = self._ids[place] if place >= 0 else None
        return found if found is not None and self.pieces[found] == piece else None

    def ids_of_word(self, word: str) -> tuple[int, ...]:
        """Return the ids of the word tokens that equal `word` ignoring case."""
        return self._words.ids(folded(word))

    def begins_longer_word(self, token_id: int) -> bool:
        """Tell whether the token is mostly the beginning of a longer word, as " sw" is.

        False of every token that the model was not asked about.
        """
        return bool(self.continued) and self.continued[token_id] > _MOSTLY

    def knows_whether_continued(self, token_id: int) -> bool:
        """Tell whether the model was asked how often it continues this token."""
        return bool(self.continued) and self.continued[token_id] > 0

    def with_continued(self, shares: Mapping[int, float]) -> Vocabulary:
        """Return the same tokens, those of `shares` with how probable it is that they go on."""
        known = bytearray(self.continued or bytes(len(self)))
        for token_id, share in shares.items():
            known[token_id] = 1 + round(254 * share)
        return Vocabulary(self.pieces, bytes(known))

    def with_continued_of(self, other: Vocabulary) -> Vocabulary:
        """Return these tokens with what is known of them here or, failing that, there."""
        here = self.continued or bytes(len(self))
        return Vocabulary(
            self.pieces, bytes(a or b for a, b in zip(here, other.continued, strict=True))
        )

    def build_lookups(self) -> None:
        """Build now what `id_of` and `ids_of_word` look up: 0.1 s for GPT-2's vocabulary."""
        _ = self._ids, self._words

    @cached_property
    def word_ids(self) -> tuple[int, ...]:
        """The ids of all word tokens, ascending."""
        return tuple(self._find_words())

    @cached_property
    def word_answers(self) -> NDArray[np.int32]:
        """(tokens,) the number of each token's word, the same in all cases; -1 for no word."""
        return self._words.numbers(len(self))

    def answers(self, unit: Unit) -> int:
        """Return how many different answers there are; in `words` all cases of a word are one."""
        return len(self) if unit is Unit.TOKENS else len(self._words)

    @cached_property
    def _ids(self) -> array[int]:
        """All ids in the order of their bytes; of the same bytes the last counts."""
        return array("I", sorted(range(len(self)), key=self.pieces.__getitem__))

    @cached_property
    def _words(self) -> WordIndex:
        by_word: dict[str, list[int]] = {}
        for token_id in self._find_words():
            by_word.setdefault(folded(self.text(token_id)[1:]), []).append(token_id)
        return WordIndex(by_word)

    def _find_words(self) -> Iterator[int]:
        texts = ((token_id, self._whole_text(token_id)) for token_id in range(len(self.pieces)))
        return (token_id for token_id, text in texts if text and is_word_token(text))

    def _whole_text(self, token_id: int) -> str | None:
        try:
            return self.pieces[token_id].decode("utf-8")
        except UnicodeDecodeError:
            return None


class TokenizedText:
    """A text cut into tokens, as bytes; joined, the tokens are the text again."""

    def __init__(self, pieces: list[bytes]) -> None:
        """Take the tokens' bytes in order; raise ValueError if together they are not UTF-8."""
        self._bytes = b"".join(pieces)
        self._bytes.decode("utf-8")
        self.ends = [0] * len(pieces)
        end = 0
        for position, piece in enumerate(pieces):
            end += len(piece)
            self.ends[position] = end

    def __len__(self) -> int:
        return len(self.ends)

    def before(self, position: int) -> str:
        """Return the text up to the token at `position`, that token not included."""
        return self._bytes[: self._start(position)].decode("utf-8", errors="ignore")

    def after(self, position: int) -> str:
        """Return the text after the token at `position`."""
        return self._bytes[self.ends[position] :].decode("utf-8", errors="ignore")

    def between(self, start: int, stop: int) -> str | None:
        """Return the text of tokens start..stop-1, or None where that cuts a character in two."""
        try:
            return self._bytes[self._start(start) : self._start(stop)].decode("utf-8")
        except UnicodeDecodeError:
            return None

    def whole_text(self, position: int) -> str | None:
        """Return the token's text, or None where it is a part of a multi-byte character."""
        return self.between(position, position + 1)

    def is_word_position(self, position: int) -> bool:
        """Tell whether a word token stands here that the text after it does not continue."""
        text = self.whole_text(position)
        return bool(text) and is_word_token(text or "") and not self._continued(position)

    def eligible(self, unit: Unit, position: int) -> bool:
        """Tell whether a round in `unit` may ask this position, whatever its context."""
        if unit is Unit.WORDS:
            return self.is_word_position(position)
        return bool(self.whole_text(position))

    def _start(self, position: int) -> int:
        return self.ends[position - 1] if position else 0

    def _continued(self, position: int) -> bool:
        # A few characters decide; decoding all the rest at each position would be quadratic.
        following = self._bytes[self.ends[position] : self.ends[position] + 16]
        return continues_word(following.decode("utf-8", errors="ignore"))


@dataclass(frozen=True)
class Window:
    """Tokens start..stop-1 are read together; only kept..stop-1 are scored from this reading."""

    start: int
    kept: int
    stop: int


def windows(tokens: int, size: int) -> Iterator[Window]:
    """Yield windows of at most `size` tokens that together score each token once, in order.

    The first reads from the beginning; each further one scores half a window of tokens after at
    least half a window of context, so that no token is predicted from little where there is more.

    >>> [(window.start, window.kept, window.stop) for window in windows(7, 4)]
    [(0, 0, 4), (2, 4, 6), (3, 6, 7)]
    """
    scored = min(tokens, size)
    yield Window(0, 0, scored)
    step = max(1, size // 2)
    while scored < tokens:
        stop = min(tokens, scored + step)
        yield Window(max(0, stop - size), scored, stop)
        scored = stop
