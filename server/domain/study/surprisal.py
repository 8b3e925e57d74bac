"""The surprisal of a text's words from a model of tokens, corrected for where a word ends.

GPT-2's kind of token carries the space before it, so the product of a word's tokens is the
probability that the text goes on with these letters, not that the word ends there: "a" has all of
"another" in it. Whether it ends, the model says with its next token. Hence for a word of tokens
a..b, with S(i) the probability that token i begins with white space, or is the text's end,

    p(word) = Π p(tokens a..b) · S(b + 1) / S(a)

What the word before it has already been charged for, S(a), is given back. Over a text these
telescope to p(text) · S(end), so that the words' surprisals add up. Source: Pimentel and Meister
(2024), "How to Compute the Probability of a Word"; Oh and Schuler (2024), "Leading Whitespaces of
Language Models' Subword Vocabulary Pose a Confound".
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from server.domain.study.norms import without_marks

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TokenLogprobs:
    """A text of n tokens as a model reads it; log-probabilities are in nats.

    All three have n + 1 places; the last is behind the text, and `logprob` means nothing there.
    """

    pieces: tuple[bytes, ...]  # n; joined, they are the text
    logprob: FloatArray  # of the token that came
    space_log_mass: FloatArray  # of all tokens that begin with white space, and the text's end
    end_log_mass: FloatArray  # of all tokens that do not go on with a word

    @property
    def text(self) -> str:
        """The text."""
        return b"".join(self.pieces).decode("utf-8")


@dataclass(frozen=True)
class WordSurprisal:
    """One word, as white space bounds it; all surprisals are in bits.

    `token_sum_bits` is what its tokens have, marks and white space before it included, uncorrected;
    `surprisal_bits` is that with the correction; `bare_surprisal_bits` is of the word without the
    marks around it, which white space or a mark may end. None where a token reaches over a border.
    """

    number: int  # from 1
    word: str
    start: int  # characters before it
    tokens: int
    token_sum_bits: float | None
    surprisal_bits: float | None
    bare_surprisal_bits: float | None


@dataclass(frozen=True)
class TokenSurprisal:
    """One token with its surprisal in bits; a part of a character shows as U+FFFD."""

    number: int  # from 1
    token: str
    word: int  # the number of the word that it belongs to, 0 behind the last
    surprisal_bits: float


def word_surprisals(read: TokenLogprobs) -> Iterator[WordSurprisal]:
    """Yield the words of a text in order. White space before a word belongs to its tokens."""
    cut = _Cut(read)
    before = 0  # the byte behind the last word
    for number, (word, start, first, last) in enumerate(_words(read.text), start=1):
        tokens = cut.tokens(before, last)
        yield WordSurprisal(
            number,
            word,
            start,
            bisect_left(cut.ends, last) - bisect_right(cut.ends, first) + 1,
            _bits(cut.sum(tokens)),
            _bits(cut.bounded(tokens, read.space_log_mass, unbounded=before == 0)),
            _bits(_bare(cut, word, before, first)),
        )
        before = last


def token_surprisals(read: TokenLogprobs) -> Iterator[TokenSurprisal]:
    """Yield the tokens of a text in order."""
    stops = [last for _, _, _, last in _words(read.text)]
    for number, (piece, end) in enumerate(zip(read.pieces, _Cut(read).ends, strict=True), start=1):
        word = bisect_left(stops, end) + 1
        yield TokenSurprisal(
            number,
            piece.decode("utf-8", errors="replace"),
            word if word <= len(stops) else 0,
            float(-read.logprob[number - 1] / math.log(2)),
        )


def _bare(cut: _Cut, word: str, before: int, first: int) -> float | None:
    """Return the log-probability of a word without its marks; what is before them is given.

    Where nothing but white space stands before the word, the last word's end is given back; behind
    a mark any token may come.
    """
    bare = without_marks(word)
    opening = len(word[: word.index(bare)].encode())
    tokens = cut.tokens(
        first + opening if opening else before, first + opening + len(bare.encode())
    )
    return cut.bounded(tokens, cut.read.end_log_mass, unbounded=opening > 0 or before == 0)


class _Cut:
    """A text's tokens by the bytes at which they end."""

    def __init__(self, read: TokenLogprobs) -> None:
        self.read = read
        self.ends = list(accumulate(len(piece) for piece in read.pieces))
        self._first_behind = {end: number for number, end in enumerate([0, *self.ends])}

    def tokens(self, start: int, stop: int) -> range | None:
        """Return the tokens that are the bytes start..stop-1, None where none ends at either."""
        first, behind = self._first_behind.get(start), self._first_behind.get(stop)
        return None if first is None or behind is None else range(first, behind)

    def sum(self, tokens: range | None) -> float | None:
        """Return the log-probability of tokens that stand together."""
        if tokens is None:
            return None
        return float(self.read.logprob[tokens.start : tokens.stop].sum())

    def bounded(
        self, tokens: range | None, log_mass: FloatArray, *, unbounded: bool
    ) -> float | None:
        """Return the log-probability of tokens and of an end behind them.

        The end before them is given back unless they may stand where nothing has ended.
        """
        total = self.sum(tokens)
        if total is None or tokens is None:
            return None
        given = 0.0 if unbounded else float(log_mass[tokens.start])
        return total + float(log_mass[tokens.stop]) - given


def _words(text: str) -> Iterator[tuple[str, int, int, int]]:
    """Yield each stretch without white space, its place in characters, and its bytes' bounds."""
    place = first = 0
    for match in re.finditer(r"\S+", text):
        first += len(text[place : match.start()].encode())
        place = match.end()
        last = first + len(match[0].encode())
        yield match[0], match.start(), first, last
        first = last


def _bits(logprob: float | None) -> float | None:
    return None if logprob is None else -logprob / math.log(2)
