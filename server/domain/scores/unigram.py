"""The unigram baseline: it reads nothing, and says the most frequent word, always."""

from __future__ import annotations

import gzip
import math
from array import array
from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from server.domain.text.lookups import SortedTexts
from server.domain.text.tokens import folded

TABLE = Path(__file__).parents[2] / "data" / "word_frequencies.tsv.gz"


class WordCounts(Mapping[str, int]):
    """Counts by word, in little memory."""

    def __init__(self, words: Sequence[str], counts: Sequence[int]) -> None:
        ordered = sorted(range(len(words)), key=words.__getitem__)
        self._words = SortedTexts(words)
        self._counts = array("Q", (counts[place] for place in ordered))

    def __getitem__(self, word: str) -> int:
        """Return the count of a word; raise KeyError where it is not counted."""
        place = self._words.place(word)
        if place is None:
            raise KeyError(word)
        return self._counts[place]

    def __iter__(self) -> Iterator[str]:
        """Yield the words in order."""
        return iter(self._words)

    def __len__(self) -> int:
        """Return how many words are counted."""
        return len(self._words)

    def items(self) -> ItemsView[str, int]:
        """Return words and counts, in order, without looking each word up."""
        return _Pairs(self, self._words, self._counts)


class _Pairs(ItemsView[str, int]):
    def __init__(self, whole: WordCounts, words: Iterable[str], counts: Iterable[int]) -> None:
        super().__init__(whole)
        self._words, self._counts = words, counts

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return zip(self._words, self._counts, strict=True)


@dataclass(frozen=True)
class Unigram:
    """How often words are written, whatever comes before; all cases of a word together.

    `counts` holds the words that were counted often enough to be named; the `rest` of all counted
    words is shared alike by `unnamed` rarer ones.
    """

    counts: Mapping[str, int]
    rest: int
    unnamed: int

    def warm_up(self) -> None:
        """Go through all words now: whoever does so first may be holding up others."""
        _ = self.first_choice, self._log_total

    @cached_property
    def first_choice(self) -> str:
        """The most frequent word."""
        return max((count, word) for word, count in self.counts.items())[1]

    @cached_property
    def _log_total(self) -> float:
        return math.log(sum(count for _, count in self.counts.items()) + self.rest)

    def loss_nats(self, word: str) -> float:
        """Return −ln of a word's share; a word that is not named has an unnamed one's share.

        >>> small = Unigram({"the": 6, "a": 2}, rest=2, unnamed=4)
        >>> [round(math.exp(-small.loss_nats(word)), 2) for word in (" The", "a", "antidote")]
        [0.6, 0.2, 0.05]
        """
        count = self.counts.get(folded(word.strip()), self.rest / self.unnamed)
        return self._log_total - math.log(count)

    def is_right(self, target: str) -> bool:
        """Tell whether the first choice is the target, ignoring case."""
        return folded(target.strip()) == self.first_choice


def read_table(table: str) -> Unigram:
    """Read lines of word and count; the first is of rarer words, and how many there are.

    Raises ValueError where a line is anything else.
    """
    first, *lines = table.splitlines()
    unnamed, rest = first.split("\t")
    words, counts = [], array("Q")
    for line in lines:
        word, count = line.split("\t")
        words.append(word)
        counts.append(int(count))
    return Unigram(WordCounts(words, counts), int(rest), int(unnamed))


@cache
def unigram() -> Unigram:
    """Return the baseline of the release, counted from Minnow's training text.

    Reading its table takes some 50 ms, once a process.
    """
    return read_table(gzip.decompress(TABLE.read_bytes()).decode("utf-8"))
