"""Scores and vocabularies in memory: they never change once stored.

Players' own texts are not kept: they can be deleted, and SQLite gives their numbers to others then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from cachetools import LRUCache
from sqlalchemy.orm import Session

from server.domain.scores.passage_scores import PassageScores
from server.domain.text.tokens import Vocabulary
from server.store.scoring.scores import load_scores, load_vocabulary
from server.store.tables import ScoredPassageRow

PASSAGES_IN_MEMORY = 128
VOCABULARIES_IN_MEMORY = 4

T = TypeVar("T")


class ScoreLibrary:
    """The most recently used scores, about 0.2 MB each, shared by a process's threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scores: LRUCache[int, PassageScores] = LRUCache(PASSAGES_IN_MEMORY)
        self._vocabularies: LRUCache[int, Vocabulary] = LRUCache(VOCABULARIES_IN_MEMORY)

    def scores(self, session: Session, scored: ScoredPassageRow) -> PassageScores:
        """Return the scores of a scored passage."""
        if scored.passage.owner_id is not None:
            return load_scores(session, scored.id)
        return self._recall(self._scores, scored.id, partial(load_scores, session))

    def vocabulary(self, session: Session, model_id: int) -> Vocabulary:
        """Return a model's vocabulary."""
        return self._recall(self._vocabularies, model_id, partial(load_vocabulary, session))

    def _recall(self, known: LRUCache[int, T], key: int, load: Callable[[int], T]) -> T:
        with self._lock:
            found = known.get(key)
        if found is None:
            found = load(key)  # outside the lock: others need not wait for the database
            with self._lock:
                known[key] = found
        return found
