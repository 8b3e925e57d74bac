"""What tokens are made of: text, words, positions that a round may ask, windows that overlap."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

APOSTROPHES = "'\u2019"
_JOINERS = APOSTROPHES + "-\u2010\u2011.@"
_INVISIBLE_JOINERS = "\u00ad\u200c\u200d\u2060"


class Unit(StrEnum):
    """What is asked: words only (the default), or every position that decodes to text."""

    WORDS = "words"
    TOKENS = "tokens"


def folded(word: str) -> str:
    """Return a word as words are compared: NFC, plain apostrophes, no difference of case.

    >>> folded("O\u2019Clock")
    "o'clock"
    """
    return plain_apostrophes(unicodedata.normalize("NFC", word)).casefold()


def plain_apostrophes(text: str) -> str:
    """Return `text` with typographic apostrophes as plain ones."""
    return text.replace(APOSTROPHES[1], APOSTROPHES[0])


def is_word(text: str) -> bool:
    """Tell whether `text` is letters, with apostrophes allowed inside.

    >>> is_word("o'clock"), is_word("'tis"), is_word("B2"), is_word("")
    (True, False, False, False)
    """
    return all(part.isalpha() for part in plain_apostrophes(text).split(APOSTROPHES[0]))


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


@dataclass(frozen=True)
class Vocabulary:
    """A model's tokens as bytes, by id; some tokens are parts of a multi-byte character."""

    pieces: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.pieces)

    def text(self, token_id: int) -> str:
        """Return the token's text; bytes that are not a whole character show as U+FFFD."""
        return self.pieces[token_id].decode("utf-8", errors="replace")

    def id_of(self, text: str) -> int | None:
        """Return the id of the token that is exactly `text`, or None."""
        return self._ids.get(text.encode("utf-8", errors="surrogatepass"))

    def ids_of_word(self, word: str) -> tuple[int, ...]:
        """Return the ids of the word tokens that equal `word` ignoring case."""
        return self._ids_by_folded_word.get(folded(word), ())

    def build_lookups(self) -> None:
        """Build now what `id_of` and `ids_of_word` look up: 0.1 s for GPT-2's vocabulary."""
        _ = self._ids, self._ids_by_folded_word

    @cached_property
    def word_ids(self) -> tuple[int, ...]:
        """The ids of all word tokens, ascending."""
        texts = ((token_id, self._whole_text(token_id)) for token_id in range(len(self.pieces)))
        return tuple(token_id for token_id, text in texts if text and is_word_token(text))

    @cached_property
    def word_answers(self) -> NDArray[np.int32]:
        """(tokens,) the number of each token's word, the same in all cases; -1 for no word."""
        numbers = np.full(len(self.pieces), -1, dtype=np.int32)
        for number, token_ids in enumerate(self._ids_by_folded_word.values()):
            numbers[list(token_ids)] = number
        return numbers

    def answers(self, unit: Unit) -> int:
        """Return how many different answers there are; in `words` all cases of a word are one."""
        return len(self) if unit is Unit.TOKENS else len(self._ids_by_folded_word)

    @cached_property
    def _ids(self) -> dict[bytes, int]:
        return {piece: token_id for token_id, piece in enumerate(self.pieces)}

    @cached_property
    def _ids_by_folded_word(self) -> dict[str, tuple[int, ...]]:
        by_word: dict[str, tuple[int, ...]] = {}
        for token_id in self.word_ids:
            word = folded(self.text(token_id)[1:])
            by_word[word] = (*by_word.get(word, ()), token_id)
        return by_word

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
