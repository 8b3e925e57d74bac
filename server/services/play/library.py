"""Readings of passages and vocabularies in memory: they never change once stored.

Players' own texts are not kept: they can be deleted, and SQLite gives their numbers to others then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from cachetools import LRUCache
from sqlalchemy.orm import Session

from server.domain.scores.gap import Reading
from server.domain.text.tokens import Unit, Vocabulary
from server.store.scoring.scores import load_scores, load_vocabulary
from server.store.tables import RoundRow

PASSAGES_IN_MEMORY = 128
VOCABULARIES_IN_MEMORY = 4

K = TypeVar("K")
T = TypeVar("T")


class ScoreLibrary:
    """The most recently used readings, about 0.2 MB each, shared by a process's threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readings: LRUCache[tuple[int, Unit], Reading] = LRUCache(PASSAGES_IN_MEMORY)
        self._vocabularies: LRUCache[int, Vocabulary] = LRUCache(VOCABULARIES_IN_MEMORY)

    def reading(self, session: Session, row: RoundRow) -> Reading:
        """Return the reading that a round is played on."""
        scored, unit = row.scored_passage, Unit(row.unit)

        def read(_key: tuple[int, Unit]) -> Reading:
            vocabulary = self.vocabulary(session, row.model_id)
            return Reading(load_scores(session, scored.id), vocabulary, unit)

        key = (scored.id, unit)
        if scored.passage.owner_id is not None:
            return read(key)
        return self._recall(self._readings, key, read)

    def vocabulary(self, session: Session, model_id: int) -> Vocabulary:
        """Return a model's vocabulary."""
        return self._recall(self._vocabularies, model_id, partial(load_vocabulary, session))

    def _recall(self, known: LRUCache[K, T], key: K, load: Callable[[K], T]) -> T:
        with self._lock:
            found = known.get(key)
        if found is None:
            found = load(key)  # outside the lock: others need not wait for the database
            with self._lock:
                known[key] = found
        return found
