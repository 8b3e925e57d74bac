"""What is stored of a player in rooms: in the file with all of their data, and gone from it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from server.store.rooms import rooms as stored
from server.store.rooms.room_tables import RoomAnswerRow, RoomPlayerRow, RoomRow


def rooms_data(session: Session, player_id: int) -> list[dict[str, Any]]:
    """Return each room that the player joined with their answers; targets once revealed."""
    now = datetime.now(UTC)
    return [
        _room(session, seat, room, now) for seat, room in stored.rooms_of_player(session, player_id)
    ]


def leave_rooms(session: Session, player_id: int) -> None:
    """Have the pages of a player's rooms see that the player is about to be deleted.

    A room on a text of theirs ends: the text goes with them.
    """
    for room in stored.rooms_with(session, player_id):
        course = stored.course_of(room)
        is_theirs = room.passage is not None and room.passage.owner_id == player_id
        stored.keep_course(room, course.ended() if is_theirs else course)
    session.flush()


def _room(session: Session, seat: RoomPlayerRow, room: RoomRow, now: datetime) -> dict[str, Any]:
    settled = stored.course_of(room).at(now).settled
    answers = stored.answers_of_seat(session, seat.id)
    return {
        "room": room.code,
        "passage": room.passage.title if room.passage else None,
        "name": seat.name,
        "made_up_name": seat.made_up,
        "name_shown": seat.agreed,
        "joined_at": seat.joined_at.isoformat(),
        "answers": [_answer(row, is_revealed=row.word < settled) for row in answers],
    }


def _answer(row: RoomAnswerRow, *, is_revealed: bool) -> dict[str, Any]:
    return {
        "word": row.word + 1,
        "guess": row.text,
        "target": row.target.strip() if is_revealed else None,
        "right": row.is_right if is_revealed else None,
        "elapsed_ms": row.elapsed_ms,
        "answered_at": row.answered_at.isoformat(),
    }
