"""Rooms are closed, and their own texts deleted: when their day is over, or by the operator."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from server.domain.errors import NotFound
from server.domain.rooms.course import Course
from server.domain.rooms.names import NO_SUCH_ROOM, read_code
from server.services.operations.audit import Operator, note
from server.store.engine import writing
from server.store.rooms import rooms as stored
from server.store.rooms.room_tables import RoomRow


def close_old_rooms(session: Session, now: datetime) -> int:
    """Close the rooms whose 24 hours are over and return how many; texts of their own go.

    Answers stay, with the words that were asked: they are what the room's record consists of.
    """
    closed = 0
    while rooms := _close_some(session, now):
        closed += rooms
    return closed


def end_room(session: Session, code: str, operator: Operator) -> None:
    """End somebody's room for good, as the operator; a text of its own goes. Raises NotFound."""
    with writing(session):
        room = stored.find_room(session, read_code(code), lock=True)
        if room is None:
            raise NotFound(NO_SUCH_ROOM)
        _close(session, room, stored.course_of(room).at(operator.at).ended())
        note(session, operator, "end room", room.code)


def _close_some(session: Session, now: datetime) -> int:
    with writing(session):
        rooms = stored.rooms_to_close(session, now)
        for room in rooms:
            _close(session, room, stored.course_of(room).at(now))
        return len(rooms)


def _close(session: Session, room: RoomRow, course: Course) -> None:
    stored.keep_course(room, course)
    room.closed = True
    text_id = room.passage_id if room.own_text else None
    if text_id is not None:
        room.passage_id = room.scored_passage_id = None
        session.flush()
        stored.delete_passage(session, text_id)
