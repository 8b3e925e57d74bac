"""A room is opened: its passage, its opponent, its code and its host's key."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from server.domain.errors import InvalidInput, LiveScoringUnavailable, NothingToPlay
from server.domain.play.own_texts import read_own_text, require_enough_to_ask
from server.domain.rooms.course import OPEN_FOR, Phase
from server.domain.rooms.names import new_code
from server.domain.rooms.wish import RoomWish
from server.domain.text.tokens import Unit
from server.services.contest.planning import kept_back
from server.services.contract.rooms import PassageChoiceView, RoomChoicesView
from server.services.play.opponents import OpponentChoice, current_opponent, model_view
from server.services.play.players import ensure_player
from server.services.rooms.closing import close_old_rooms
from server.services.scoring.live_scoring import LiveScoring, ReadText
from server.store.engine import writing
from server.store.rooms import choices
from server.store.rooms import rooms as stored
from server.store.rooms.room_tables import RoomRow
from server.store.scoring.drawing import pick_scored_passage
from server.store.scoring.scores import (
    add_private_scores,
    asked_count,
    ensure_model,
    newest_scoring_model,
)
from server.store.tables import LanguageModelRow, ScoredPassageRow

PASSAGES_OFFERED = 200
_NO_MODEL = "No model plays here yet, so no room can be opened."
_NO_TEXTS = "No text of your own can be read here; please choose a passage."


@dataclass(frozen=True)
class OpenedRoom:
    """A new room's code, and the key that makes its bearer the host; it is told once."""

    code: str
    key: str
    host_player_id: str | None  # of the host of a text of their own, whom the text belongs to


def digest_of_key(key: str) -> str:
    """Return what is stored of a host's key."""
    return hashlib.sha256(key.encode()).hexdigest()


def is_key(key: str | None, digest: str) -> bool:
    """Tell whether a key is the host's, in constant time."""
    return key is not None and hmac.compare_digest(digest_of_key(key), digest)


class RoomOpening:
    """The use cases of somebody who opens a room."""

    def __init__(
        self, session: Session, opponent: OpponentChoice, live: LiveScoring | None
    ) -> None:
        self._session, self._opponent, self._live = session, opponent, live

    def choices(self, today: date, find: str = "") -> RoomChoicesView:
        """Return the passages, those whose titles contain `find`, and the models to choose from.

        The daily passages of today and of coming days are not among them.
        """
        model = current_opponent(self._session, self._opponent)
        if model is None:
            return RoomChoicesView(passages=[], models=[])
        find = "".join(character for character in find if character.isprintable())
        but_not = kept_back(self._session, model.id, today)
        found = choices.passages_to_choose(self._session, model.id, find, PASSAGES_OFFERED, but_not)
        others = [row for row in choices.models_that_read(self._session) if row.id != model.id]
        return RoomChoicesView(
            passages=[PassageChoiceView(passage=p, title=t, genre=g) for p, t, g in found],
            models=[model_view(row) for row in (model, *others)],
        )

    def why_no_texts(self) -> str | None:
        """Return why no text of a host's own can be read here, as a sentence; None where it can."""
        model = current_opponent(self._session, self._opponent)
        if self._live is None or model is None:
            return _NO_TEXTS
        return self._live.why_not(*self._live.reader(model.name, model.revision))

    def open(self, player_id: str | None, wish: RoomWish, now: datetime) -> OpenedRoom:
        """Open a room; what is past its day is closed along with it.

        Raises InvalidInput for what no room can be, NothingToPlay where nothing is scored,
        LiveScoringUnavailable where a text of the host's own cannot be read now.
        """
        wish.require_possible()
        close_old_rooms(self._session, now)
        if wish.text is not None:
            return self._open_on_text(player_id, wish, wish.text, now)
        with writing(self._session) as session:
            scored = self._scored(session, wish, now.date())
            room = _room(session, wish, scored.model, now)
            key = _new_key(room)
            room.passage_id, room.scored_passage_id = scored.passage_id, scored.id
            room.words = min(wish.words, scored.asked_words)
            session.add(room)
        return OpenedRoom(room.code, key, None)

    def _scored(self, session: Session, wish: RoomWish, today: date) -> ScoredPassageRow:
        model = self._model(session, wish.model)
        but_not = kept_back(session, model.id, today)
        if wish.passage is not None:
            scored = choices.scored_by_hash(session, model.id, wish.passage, but_not)
            if scored is None:
                raise InvalidInput("passage", "This passage is not ready against this model.")
            return scored
        fraction = secrets.randbelow(2**32) / 2**32
        column = asked_count(Unit.WORDS)
        drawn = pick_scored_passage(session, model.id, column, fraction, but_not=but_not)
        if drawn is None:
            raise NothingToPlay(_NO_MODEL)
        return session.get_one(ScoredPassageRow, drawn)

    def _model(self, session: Session, name: str | None) -> LanguageModelRow:
        model = current_opponent(session, self._opponent)
        if name is not None and (model is None or model.name != name):
            model = newest_scoring_model(session, name, None)
            if model is None:
                raise InvalidInput("model", "No model of this name has read a passage here.")
        if model is None:
            raise NothingToPlay(_NO_MODEL)
        return model

    def _open_on_text(
        self, player_id: str | None, wish: RoomWish, text: str, now: datetime
    ) -> OpenedRoom:
        own = read_own_text(text)
        read = self._read(own.text)
        require_enough_to_ask(len(read.scores.asked_words))
        with writing(self._session) as session:
            model = ensure_model(session, read.reader.identity, read.reader.vocabulary, now)
            host = ensure_player(session, player_id, now)
            room = _room(session, wish, model, now)
            key = _new_key(room)
            passage = stored.add_room_text(session, own, room.code, host, now)
            scored = add_private_scores(session, passage.id, model.id, read.scores, now)
            room.own_text, room.passage_id, room.scored_passage_id = True, passage.id, scored.id
            room.words = min(wish.words, len(read.scores.asked_words))
            session.add(room)
            return OpenedRoom(room.code, key, host.public_id)

    def _read(self, text: str) -> ReadText:
        model = current_opponent(self._session, self._opponent)
        if self._live is None or model is None:
            raise LiveScoringUnavailable(_NO_TEXTS)
        name, revision = self._live.reader(model.name, model.revision)
        self._session.rollback()  # no transaction is held open while the text waits
        return self._live.score(name, revision, text)


def _room(session: Session, wish: RoomWish, model: LanguageModelRow, now: datetime) -> RoomRow:
    code = new_code()
    while stored.glance(session, code) is not None:
        code = new_code()
    return RoomRow(
        code=code,
        model_id=model.id,
        own_text=False,
        seconds=wish.seconds,
        phase=Phase.WAITING,
        word=0,
        version=1,
        answers=0,
        created_at=now,
        closes_at=now + OPEN_FOR,
        closed=False,
    )


def _new_key(room: RoomRow) -> str:
    key = secrets.token_urlsafe(24)
    room.key_digest = digest_of_key(key)
    return key
