"""Many short texts, sorted and looked up by halving, and the ids of words.

A dictionary of a vocabulary's words takes five times as much, in every process that serves.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, chain
from typing import overload

import numpy as np
from numpy.typing import NDArray

WORDS_AT_HAND = 4096  # most that are looked up are frequent ones, and halving takes 10 µs


class SortedTexts(Sequence[str]):
    """Texts in the order of their characters, joined; each is made when it is asked for."""

    def __init__(self, texts: Iterable[str]) -> None:
        pieces = [text.encode("utf-8", errors="surrogatepass") for text in sorted(texts)]
        self._joined = b"".join(pieces)
        self._ends = array("I", accumulate((len(piece) for piece in pieces), initial=0))

    def place(self, text: str) -> int | None:
        """Return the place of a text, or None where it is not among these."""
        piece = text.encode("utf-8", errors="surrogatepass")  # in bytes the order is the same
        place = bisect_left(range(len(self)), piece, key=self._piece)
        return place if place < len(self) and self._piece(place) == piece else None

    def _piece(self, place: int) -> bytes:
        return self._joined[self._ends[place] : self._ends[place + 1]]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._ends) - 1

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        """Return the text at a place from 0 on, or those at several."""
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        if place >= len(self):
            raise IndexError(place)
        return self._piece(place).decode("utf-8", errors="surrogatepass")


class WordIndex:
    """The ids of the tokens that are a word in some case, by the folded word; in little memory."""

    def __init__(self, ids_by_word: Mapping[str, Sequence[int]]) -> None:
        self._words = SortedTexts(ids_by_word)
        listed = [ids_by_word[word] for word in self._words]
        self._ids = array("I", chain.from_iterable(listed))
        self._starts = array("I", accumulate((len(ids) for ids in listed), initial=0))
        self.ids = lru_cache(WORDS_AT_HAND)(self._ids_of)

    def __len__(self) -> int:
        """Return how many words there are."""
        return len(self._words)

    def _ids_of(self, word: str) -> tuple[int, ...]:
        """Return the ids of a word, ascending; none where no token is this word."""
        place = self._words.place(word)
        return () if place is None else tuple(self._ids[slice(*self._starts[place : place + 2])])

    def numbers(self, tokens: int) -> NDArray[np.int32]:
        """(tokens,) Return each token's word by number, in the order of first ids; -1 for none."""
        ids, starts = np.array(self._ids, dtype=np.int64), np.array(self._starts, dtype=np.int64)
        by_first = np.empty(len(self), dtype=np.int32)
        by_first[np.argsort(ids[starts[:-1]])] = np.arange(len(self), dtype=np.int32)
        numbers = np.full(tokens, -1, dtype=np.int32)
        numbers[ids] = np.repeat(by_first, np.diff(starts))
        return numbers
