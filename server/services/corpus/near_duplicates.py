"""Near-duplicates by MinHash: bands find who might be alike, the texts themselves decide."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from rensa import RMinHash
from sqlalchemy.orm import Session

from server.store.imports import add_bands, passages_with_bands

WORDS_PER_RUN = 5
BANDS, ROWS_PER_BAND = 16, 8  # two texts of similarity 0.8 share a band with probability 0.95
_SEED = 1


def similarity(one: str, other: str) -> float:
    """Return the Jaccard similarity of two texts' five-word runs, ignoring case: 1 for equals."""
    first, second = _runs(one), _runs(other)
    return len(first & second) / len(first | second) if first | second else 1.0


class NearDuplicates:
    """The bands of one batch of new passages, beside those that are stored."""

    def __init__(self, session: Session, threshold: float, texts: Iterable[str]) -> None:
        """Look up the bands of all `texts` of the batch at once."""
        self._threshold = threshold
        self._bands = {text: _bands(text) for text in texts}
        every = sorted({band for bands in self._bands.values() for band in bands})
        self._texts = passages_with_bands(session, every)
        self._new: dict[int, str] = {}

    def is_one(self, text: str) -> bool:
        """Tell whether a stored passage, or an earlier one of the batch, is nearly `text`."""
        alike = {self._texts[band] for band in self._bands[text] if band in self._texts}
        return any(similarity(text, other) >= self._threshold for other in alike)

    def add(self, text: str, content_hash: str) -> None:
        """Remember a passage of the batch; a band that another one has stays with that one."""
        for band in self._bands[text]:
            if band not in self._texts:
                self._texts[band], self._new[band] = text, content_hash

    def store(self, session: Session) -> None:
        """Store the new bands, after their passages."""
        add_bands(session, self._new)


def _runs(text: str) -> set[str]:
    words = text.casefold().split()
    count = max(1, len(words) - WORDS_PER_RUN + 1)
    return {" ".join(words[start : start + WORDS_PER_RUN]) for start in range(count)}


def _bands(text: str) -> list[int]:
    """Return the bands of a text as signed 64-bit integers."""
    minhash = RMinHash(num_perm=BANDS * ROWS_PER_BAND, seed=_SEED)
    minhash.update(sorted(_runs(text)))
    digest = minhash.digest()
    rows = (digest[start : start + ROWS_PER_BAND] for start in range(0, len(digest), ROWS_PER_BAND))
    return [
        int.from_bytes(
            hashlib.blake2b(repr((number, row)).encode(), digest_size=8).digest(),
            "big",
            signed=True,
        )
        for number, row in enumerate(rows)
    ]
