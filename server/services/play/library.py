"""Scenes and vocabularies in memory: they never change once stored.

Players' own texts are not kept: they can be deleted, and SQLite then reuses their ids.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from cachetools import LRUCache
from sqlalchemy.orm import Session

from server.domain.scores.gap import Reading
from server.domain.scores.passage_scores import Draw
from server.domain.text.tokens import Unit, Vocabulary
from server.services.contract.answers import AnswerView
from server.services.contract.opponents import ModelView
from server.services.contract.rounds import PassageView
from server.services.play.opponents import OpponentChoice, current_opponent, model_view
from server.store.rooms.room_tables import RoomRow
from server.store.scoring.scores import load_scores, load_vocabulary
from server.store.tables import PassageRow, RoundRow, ScoredPassageRow

PASSAGES_IN_MEMORY = 24  # another costs 0.4 ms: a blob of 0.2 MB is read
VOCABULARIES_IN_MEMORY = 4
ANSWERS_IN_MEMORY = 16  # of each scene, some 3 kB each
AnswerKey = tuple[int, str | None, bool, bool]
ROOM_TEXTS_IN_MEMORY = 16


@dataclass(frozen=True)
class Scene:
    """What a round is played on: how passage and opponent are shown, and the reading."""

    passage: PassageView
    opponent: ModelView
    reading: Reading
    # What was shown of answers here, by position, text and marks; it is never changed.
    answers: dict[AnswerKey, AnswerView] = field(default_factory=dict)

    def keep_answer(self, key: AnswerKey, view: AnswerView) -> None:
        """Keep what is shown of an answer, for the next who gives the same."""
        if len(self.answers) >= ANSWERS_IN_MEMORY:
            self.answers.clear()
        self.answers[key] = view


class ScoreLibrary:
    """The most recently used scenes, some 0.15 MB each, shared by a process's threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scenes: LRUCache[tuple[int, Unit, Draw], Scene] = LRUCache(PASSAGES_IN_MEMORY)
        self._vocabularies: LRUCache[int, Vocabulary] = LRUCache(VOCABULARIES_IN_MEMORY)
        self._room_texts: LRUCache[str, Reading] = LRUCache(ROOM_TEXTS_IN_MEMORY)

    def scene(self, session: Session, row: RoundRow) -> Scene:
        """Return what a round is played on."""
        unit, draw = Unit(row.unit), Draw(row.draw_kind)
        return self._scene(session, row.scored_passage_id, unit, draw, lambda: row.scored_passage)

    def room_reading(self, session: Session, room: RoomRow) -> Reading:
        """Return what a room's words are asked of; a text of its own is kept by the room's code.

        No other room ever has that code, and no page asks for a room that has ended its day.
        Raises ValueError where the text of the room is deleted.
        """
        with self._lock:
            reading = self._room_texts.get(room.code)
        if reading is not None:
            return reading
        if room.scored_passage is None:
            raise ValueError("the text of this room is deleted")
        reading = self.scene_of(session, room.scored_passage, Unit(room.unit)).reading
        if room.own_text:
            with self._lock:
                self._room_texts[room.code] = reading
        return reading

    def scene_of(self, session: Session, scored: ScoredPassageRow, unit: Unit) -> Scene:
        """Return what a round that is not begun would be played on."""
        return self._scene(session, scored.id, unit, Draw.UNIFORM, lambda: scored)

    def _scene(
        self,
        session: Session,
        scored_passage_id: int,
        unit: Unit,
        draw: Draw,
        scored: Callable[[], ScoredPassageRow],
    ) -> Scene:
        key = (scored_passage_id, unit, draw)
        with self._lock:
            scene = self._scenes.get(key)
        if scene is None:
            scene = self._load(session, scored(), unit, draw)
            if not scene.passage.private:
                with self._lock:
                    self._scenes[key] = scene
        return scene

    def _load(self, session: Session, scored: ScoredPassageRow, unit: Unit, draw: Draw) -> Scene:
        vocabulary = self.vocabulary(session, scored.model_id)
        scores = load_scores(session, scored.id).only(unit, draw)
        reading = Reading(scores, vocabulary, unit, draw)
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
