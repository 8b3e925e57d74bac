"""Scenes and vocabularies in memory: they never change once stored.

Players' own texts are not kept: they can be deleted, and SQLite then reuses their ids.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from cachetools import LRUCache
from sqlalchemy.orm import Session

from server.domain.scores.gap import Reading
from server.domain.text.tokens import Unit, Vocabulary
from server.services.contract.opponents import ModelView
from server.services.contract.rounds import PassageView
from server.services.play.opponents import OpponentChoice, current_opponent, model_view
from server.store.scoring.scores import load_scores, load_vocabulary
from server.store.tables import PassageRow, RoundRow

PASSAGES_IN_MEMORY = 128
VOCABULARIES_IN_MEMORY = 4


@dataclass(frozen=True)
class Scene:
    """What a round is played on: how passage and opponent are shown, and the reading."""

    passage: PassageView
    opponent: ModelView
    reading: Reading


class ScoreLibrary:
    """The most recently used scenes, about 0.2 MB each, shared by a process's threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scenes: LRUCache[tuple[int, Unit], Scene] = LRUCache(PASSAGES_IN_MEMORY)
        self._vocabularies: LRUCache[int, Vocabulary] = LRUCache(VOCABULARIES_IN_MEMORY)

    def scene(self, session: Session, row: RoundRow) -> Scene:
        """Return what a round is played on."""
        key = (row.scored_passage_id, Unit(row.unit))
        with self._lock:
            scene = self._scenes.get(key)
        if scene is None:
            scene = self._load(session, row)
            if not scene.passage.private:
                with self._lock:
                    self._scenes[key] = scene
        return scene

    def _load(self, session: Session, row: RoundRow) -> Scene:
        scored = row.scored_passage
        vocabulary = self.vocabulary(session, row.model_id)
        reading = Reading(load_scores(session, scored.id), vocabulary, Unit(row.unit))
        return Scene(passage_view(scored.passage), model_view(scored.model), reading)

    def vocabulary(self, session: Session, model_id: int) -> Vocabulary:
        """Return a model's vocabulary."""
        with self._lock:
            vocabulary = self._vocabularies.get(model_id)
        if vocabulary is None:
            # Outside the lock, so that others need not wait.
            vocabulary = load_vocabulary(session, model_id)
            with self._lock:
                self._vocabularies[model_id] = vocabulary
        return vocabulary

    def warm_up(self, session: Session, choice: OpponentChoice) -> None:
        """Load the opponent's vocabulary, if one plays, so that no first guess waits for it.

        A first read inside a transaction that writes would hold up all other players.
        """
        model = current_opponent(session, choice)
        if model is not None:
            self.vocabulary(session, model.id).build_lookups()


def passage_view(passage: PassageRow) -> PassageView:
    """Return what a player may know of a passage before its end."""
    return PassageView(
        title=passage.title,
        genre=passage.genre,
        source=passage.source,
        private=passage.owner_id is not None,
    )
