"""What players and the host do in a room, and how each sees it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from server.domain.errors import Conflict, Forbidden, NotFound
from server.domain.play.guessing import read_guess, reveal
from server.domain.rooms.course import Course, Phase
from server.domain.rooms.names import NO_SUCH_ROOM, is_made_up, made_up_name, read_code
from server.domain.text.tokens import Unit
from server.services.contest.names import read_name
from server.services.contract.rooms import RoomView
from server.services.play.library import ScoreLibrary
from server.services.play.played import LONGEST_ELAPSED_MS
from server.services.play.players import ensure_player
from server.services.rooms.boards import RoomBoards
from server.services.rooms.opening import is_key
from server.services.rooms.withholding import require_told
from server.services.rooms.words import gap_of
from server.store.engine import writing
from server.store.rooms import rooms as stored
from server.store.rooms.room_tables import RoomAnswerRow, RoomPlayerRow, RoomRow
from server.store.scoring.scores import has_seen

MOST_PLAYERS = 500
Move = Callable[[Course, datetime], Course]


@dataclass(frozen=True)
class Asker:
    """Who asks: the player in the cookie, and the host's key to this room, where they have it."""

    player_id: str | None
    key: str | None


@dataclass(frozen=True)
class Poll:
    """What a page is told: a tag of all that it shows, and the room unless it has that already."""

    tag: str
    room: RoomView | None


@dataclass(frozen=True)
class RoomAnswer:
    """A text, or None for a skip; `word` says which word it is for, from 0, where known."""

    text: str | None
    word: int | None = None


class RoomService:
    """The use cases of a room."""

    def __init__(self, session: Session, library: ScoreLibrary, boards: RoomBoards) -> None:
        self._session, self._library, self._boards = session, library, boards

    def poll(self, code: str, asker: Asker, known_tag: str | None, now: datetime) -> Poll:
        """Return the room as it stands, or only its tag where the asker knows it already.

        One indexed read where nothing has changed. Raises NotFound for a code that no room has,
        Conflict where the asker meets the same passage in another room that is still open.
        """
        seen = stored.glance(self._session, read_code(code))
        if seen is None:
            raise NotFound(NO_SUCH_ROOM)
        course = seen.course.at(now)
        is_host = is_key(asker.key, seen.key_digest)
        tag = _tag(seen, course, asker, is_host=is_host)
        if tag == known_tag:
            return Poll(tag, None)
        view = self._view(seen, course, asker, now)
        if view.you is None or course.phase is Phase.FINISHED:
            # Whoever sits in a room that goes on was asked this when they joined.
            self._require_not_withheld(seen.room_id, asker.player_id)
        return Poll(tag, view)

    def state(self, code: str, asker: Asker, now: datetime) -> RoomView:
        """Return the room as it stands; raises as `poll`."""
        room = self.poll(code, asker, None, now).room
        if room is None:
            raise ValueError("a room was asked for without a tag and not given")
        return room

    def join(
        self, code: str, asker: Asker, name: str | None, *, shown: bool, now: datetime
    ) -> tuple[RoomView, str]:
        """Let the asker play, who is added where there is no such player; return their public id.

        Joining again is the same player, under the new name if one is given. Raises InvalidInput
        for a name that is not allowed, Conflict where the room is over or full, NotFound.
        """
        own = read_name(name, "name") if name and name.strip() else None
        with writing(self._session) as session:
            room = self._locked(code)
            self._require_not_withheld(room.id, asker.player_id)
            player = ensure_player(session, asker.player_id, now)
            seat = stored.find_seat(session, room.id, player.public_id)
            if seat is None:
                seat = self._new_seat(room, player.id, own, now)
            if own is not None:
                _call(seat, own, shown=shown)
            room.version += 1
            public_id = player.public_id
        return self.state(code, Asker(public_id, asker.key), now), public_id

    def answer(self, code: str, asker: Asker, answer: RoomAnswer, now: datetime) -> RoomView:
        """Record an answer to the present word, or a skip.

        The same answer again changes nothing; another one, and one to a word that is over, raises
        Conflict. Raises InvalidInput for a text that cannot be a guess, Forbidden for somebody who
        has not joined, NotFound.
        """
        text = None if answer.text is None else read_guess(answer.text, Unit.WORDS)
        with writing(self._session) as session:
            room = self._locked(code)
            seat = self._seat(room, asker)
            course = stored.course_of(room).at(now)
            word = course.word if answer.word is None else answer.word
            given = stored.find_answer(session, seat.id, word)
            if given is not None and (answer.word is not None or course.is_at_a_word):
                if given.text != text:
                    raise Conflict("Your answer to this word is in; it cannot be changed.")
            else:
                course.require_taking_answers()
                if word != course.word:
                    raise Conflict("The room has gone on to another word.")
                session.add(self._answer_row(room, seat, course, text, now))
                room.answers += 1
        return self.state(code, asker, now)

    def move(self, code: str, asker: Asker, move: Move, now: datetime) -> RoomView:
        """Make one of the host's moves; raise Forbidden for anybody else, Conflict, NotFound."""
        with writing(self._session):
            room = self._hosted(code, asker)
            before = stored.course_of(room)
            course = move(before.at(now), now)
            if course != before:
                stored.keep_course(room, course)
        return self.state(code, asker, now)

    def hide_name(
        self, code: str, asker: Asker, seat: int, *, hidden: bool, now: datetime
    ) -> RoomView:
        """Hide a player's own name from all, or show it again; raises as `move`."""
        with writing(self._session) as session:
            room = self._hosted(code, asker)
            row = None
            if seat <= MOST_PLAYERS:
                row = stored.find_seat_number(session, room.id, seat)
            if row is None:
                raise NotFound("Nobody has this seat.")
            row.hidden = hidden
            room.version += 1
        return self.state(code, asker, now)

    def _view(
        self, seen: stored.RoomGlance, course: Course, asker: Asker, now: datetime
    ) -> RoomView:
        board = self._boards.board(self._session, self._library, seen, course)
        player = board.players.get(asker.player_id or "")
        is_host = is_key(asker.key, seen.key_digest)
        own: dict[str, object] = {"now": now, "host": is_host}
        present = None
        if course.phase is Phase.ASKING:
            seat_id = player.seat.id if player else None
            present = stored.present_answers(self._session, seen.room_id, course.word, seat_id)
            own["answered"] = present.answered
        if player is not None:
            own["you"] = player.view(present)
        if is_host:
            own["scores"] = board.scores
        return board.view.model_copy(update=own)

    def _locked(self, code: str) -> RoomRow:
        room = stored.find_room(self._session, read_code(code), lock=True)
        if room is None:
            raise NotFound(NO_SUCH_ROOM)
        return room

    def _hosted(self, code: str, asker: Asker) -> RoomRow:
        room = self._locked(code)
        if not is_key(asker.key, room.key_digest):
            raise Forbidden("Only the host of this room may do that, in the browser with its key.")
        return room

    def _seat(self, room: RoomRow, asker: Asker) -> RoomPlayerRow:
        seat = None
        if asker.player_id is not None:
            seat = stored.find_seat(self._session, room.id, asker.player_id)
        if seat is None:
            raise Forbidden("Join the room first; then you can answer.")
        return seat

    def _new_seat(
        self, room: RoomRow, player_id: int, name: str | None, now: datetime
    ) -> RoomPlayerRow:
        course = stored.course_of(room).at(now)
        if course.phase is Phase.FINISHED:
            raise Conflict("This room is over.")
        last = stored.last_seat(self._session, room.id)
        if last >= MOST_PLAYERS:
            raise Conflict(f"This room is full: {MOST_PLAYERS} have joined.")
        taken = stored.taken_names(self._session, room.id)
        if name is None or not is_made_up(name) or name in taken:
            name = made_up_name(taken)
        scored_id = room.scored_passage_id
        seat = RoomPlayerRow(
            room_id=room.id,
            player_id=player_id,
            seat=last + 1,
            from_word=course.settled,
            name=None,
            made_up=name,
            agreed=False,
            hidden=False,
            repeated=scored_id is None or has_seen(self._session, player_id, scored_id),
            joined_at=now,
        )
        self._session.add(seat)
        return seat

    def _answer_row(
        self,
        room: RoomRow,
        seat: RoomPlayerRow,
        course: Course,
        text: str | None,
        now: datetime,
    ) -> RoomAnswerRow:
        gap = gap_of(self._library.room_reading(self._session, room), course.word)
        shown = reveal(gap, text)
        elapsed_s = (now - course.asked_at).total_seconds() if course.asked_at else 0.0
        return RoomAnswerRow(
            room_id=room.id,
            room_player_id=seat.id,
            word=course.word,
            position=gap.position,
            text=text,
            is_right=shown.right,
            guess_logprob_nats=shown.guess_logprob_nats,
            guess_rank=shown.guess_rank,
            target=shown.target,
            target_rank=gap.tries_needed,
            target_loss_nats=shown.target_loss_nats,
            entropy_nats=gap.entropy_nats,
            model_guess=shown.model_guess,
            model_is_right=shown.model_right,
            elapsed_ms=min(max(0, int(elapsed_s * 1000)), LONGEST_ELAPSED_MS),
            answered_at=now,
        )

    def _require_not_withheld(self, room_id: int, player_id: str | None) -> None:
        """Raise Conflict where the player meets the same passage in another open room."""
        passage_id = self._session.get_one(RoomRow, room_id).passage_id
        require_told(self._session, player_id, passage_id, but_room_id=room_id)


def _tag(seen: stored.RoomGlance, course: Course, asker: Asker, *, is_host: bool) -> str:
    """Return what tells two views of a room apart, and nobody who looks at it.

    How many have answered is the host's number: a hall of phones need not be told of each answer.
    """
    who = hashlib.blake2s((asker.player_id or "").encode(), digest_size=6).hexdigest()
    return f"{seen.version}.{course.phase}.{who}{f'.{seen.answers}' if is_host else ''}"


def _call(seat: RoomPlayerRow, name: str, *, shown: bool) -> None:
    """Give a player the name that they chose; a made-up one is nobody's own."""
    if is_made_up(name):
        seat.name, seat.agreed = None, False
    else:
        seat.name, seat.agreed = name, shown
