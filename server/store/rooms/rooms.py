"""Queries on rooms and those who play in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, case, delete, func, or_, select
from sqlalchemy.orm import Session, selectinload

from server.domain.play.own_texts import OwnText
from server.domain.rooms.course import Course, Phase
from server.store.passages import add_own_text
from server.store.rooms.room_tables import RoomAnswerRow, RoomPlayerRow, RoomRow
from server.store.tables import PassageRow, PlayerRow

CLOSED_AT_ONCE = 50
# Written once: to put a statement together takes longer than to read a row.
_GLANCE = select(
    *(RoomRow.id, RoomRow.version, RoomRow.answers, RoomRow.key_digest),
    *(RoomRow.phase, RoomRow.word, RoomRow.words, RoomRow.seconds),
    *(RoomRow.asked_at, RoomRow.ends_at, RoomRow.paused_at, RoomRow.closes_at),
).where(RoomRow.code == bindparam("code"))


@dataclass(frozen=True)
class RoomGlance:
    """All that tells whether a page has to change: one row, found by its code."""

    room_id: int
    version: int
    answers: int
    key_digest: str
    course: Course


def glance(session: Session, code: str) -> RoomGlance | None:
    """Return what a page asks by; one indexed read."""
    found = session.execute(_GLANCE, {"code": code}).one_or_none()
    if found is None:
        return None
    room_id, version, answers, key_digest, phase, *course = found
    return RoomGlance(room_id, version, answers, key_digest, Course(Phase(phase), *course))


def find_room(session: Session, code: str, *, lock: bool = False) -> RoomRow | None:
    """Return the room of this code; locked, it is as the last change left it."""
    query = select(RoomRow).where(RoomRow.code == code)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one_or_none()


def course_of(room: RoomRow) -> Course:
    """Return where a room stands, as stored."""
    return Course(
        phase=Phase(room.phase),
        word=room.word,
        words=room.words,
        seconds=room.seconds,
        asked_at=room.asked_at,
        ends_at=room.ends_at,
        paused_at=room.paused_at,
        closes_at=room.closes_at,
    )


def keep_course(room: RoomRow, course: Course) -> None:
    """Store where a room stands, as a change that pages see."""
    room.phase, room.word = course.phase, course.word
    room.asked_at, room.ends_at, room.paused_at = course.asked_at, course.ends_at, course.paused_at
    room.version += 1


def add_room_text(
    session: Session, text: OwnText, code: str, host: PlayerRow, now: datetime
) -> PassageRow:
    """Add a host's own text for one room; the same text elsewhere is another passage."""
    return add_own_text(session, text, text.content_hash(f"room {code}"), host, now)


def find_seat(session: Session, room_id: int, public_id: str) -> RoomPlayerRow | None:
    """Return the player of this public id in the room."""
    query = (
        select(RoomPlayerRow)
        .join(PlayerRow, PlayerRow.id == RoomPlayerRow.player_id)
        .where(PlayerRow.public_id == public_id, RoomPlayerRow.room_id == room_id)
    )
    return session.scalars(query).one_or_none()


def find_seat_number(session: Session, room_id: int, seat: int) -> RoomPlayerRow | None:
    """Return the player at a seat."""
    query = select(RoomPlayerRow).where(
        RoomPlayerRow.room_id == room_id, RoomPlayerRow.seat == seat
    )
    return session.scalars(query).one_or_none()


class Seated(NamedTuple):
    """A player in a room; plain columns, since every page of a hall asks for them all.

    `is_hidden` says whether the host or the operator hides their own name.
    """

    id: int
    seat: int
    public_id: str
    from_word: int
    name: str | None
    made_up: str
    agreed: bool
    is_hidden: bool
    repeated: bool


def seats_of(session: Session, room_id: int) -> list[Seated]:
    """Return all players in the room, in the order of joining."""
    row = RoomPlayerRow
    query = (
        select(
            *(row.id, row.seat, PlayerRow.public_id, row.from_word, row.name, row.made_up),
            *(row.agreed, or_(row.hidden, PlayerRow.hidden), row.repeated),
        )
        .join(PlayerRow, PlayerRow.id == row.player_id)
        .where(row.room_id == room_id)
        .order_by(row.seat)
    )
    return [Seated(*columns) for columns in session.execute(query)]


def last_seat(session: Session, room_id: int) -> int:
    """Return the highest seat taken so far, 0 where there is none."""
    query = select(func.max(RoomPlayerRow.seat)).where(RoomPlayerRow.room_id == room_id)
    return session.scalars(query).one() or 0


def taken_names(session: Session, room_id: int) -> set[str]:
    """Return the made-up names in the room."""
    query = select(RoomPlayerRow.made_up).where(RoomPlayerRow.room_id == room_id)
    return set(session.scalars(query))


def find_answer(session: Session, seat_id: int, word: int) -> RoomAnswerRow | None:
    """Return what a player answered to a word."""
    query = select(RoomAnswerRow).where(
        RoomAnswerRow.room_player_id == seat_id, RoomAnswerRow.word == word
    )
    return session.scalars(query).one_or_none()


class Present(NamedTuple):
    """How many have answered the present word, and what one player did: given or not, and what."""

    answered: int
    has_answered: bool
    text: str | None


def present_answers(session: Session, room_id: int, word: int, seat_id: int | None) -> Present:
    """Return what is in of a word; one indexed read."""
    row, own = RoomAnswerRow, RoomAnswerRow.room_player_id == seat_id
    query = select(
        func.count(),
        func.count(case((own, 1))),
        func.max(case((own, row.text))),
    ).where(row.room_id == room_id, row.word == word)
    answered, given, text = session.execute(query).one()
    return Present(answered, given > 0, text)


class GivenAnswer(NamedTuple):
    """What a page needs of an answer; plain columns, since a room has hundreds of them."""

    room_player_id: int
    word: int
    text: str | None
    is_right: bool
    guess_logprob_nats: float | None
    target: str
    target_loss_nats: float
    model_guess: str
    model_is_right: bool


def given_answers(session: Session, room_id: int, settled: int) -> list[GivenAnswer]:
    """Return the answers to a room's first words, in the order they came, as pages need them."""
    row = RoomAnswerRow
    query = (
        select(
            *(row.room_player_id, row.word, row.text, row.is_right, row.guess_logprob_nats),
            *(row.target, row.target_loss_nats, row.model_guess, row.model_is_right),
        )
        .where(row.room_id == room_id, row.word < settled)
        .order_by(row.id)
    )
    return [GivenAnswer(*columns) for columns in session.execute(query)]


def answers_of(session: Session, room_id: int) -> list[RoomAnswerRow]:
    """Return all answers given in the room, in the order they came."""
    query = select(RoomAnswerRow).where(RoomAnswerRow.room_id == room_id).order_by(RoomAnswerRow.id)
    return list(session.scalars(query))


def withholding_rooms(player_id: ColumnElement[int]) -> Select[str]:
    """Select the codes of the open rooms that a player sits in; the caller says on which passage.

    While such a room is open, nothing of its passage may be told to this player elsewhere.
    """
    return (
        select(RoomRow.code)
        .join(RoomPlayerRow, RoomPlayerRow.room_id == RoomRow.id)
        .where(
            RoomPlayerRow.player_id == player_id,
            RoomRow.phase != Phase.FINISHED,
            RoomRow.closes_at > func.current_timestamp(),
        )
        .limit(1)
    )


def room_that_withholds(
    session: Session, public_id: str, passage_id: int, but_room_id: int | None = None
) -> str | None:
    """Return the code of an open room that withholds a passage from a player; not that room."""
    player = select(PlayerRow.id).where(PlayerRow.public_id == public_id).scalar_subquery()
    query = withholding_rooms(player).where(RoomRow.passage_id == passage_id)
    if but_room_id is not None:
        query = query.where(RoomRow.id != but_room_id)
    return session.scalars(query).one_or_none()


def rooms_to_close(session: Session, now: datetime) -> list[RoomRow]:
    """Return rooms whose day is over and that are not closed yet, locked; the oldest of them."""
    query = (
        select(RoomRow)
        .where(RoomRow.closed.is_(False), RoomRow.closes_at <= now)
        .order_by(RoomRow.closes_at)
        .limit(CLOSED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return list(session.scalars(query))


def rooms_with(session: Session, player_id: int) -> list[RoomRow]:
    """Return the rooms that a player sits in, or whose text is theirs, locked."""
    seats = select(RoomPlayerRow.room_id).where(RoomPlayerRow.player_id == player_id)
    texts = select(PassageRow.id).where(PassageRow.owner_id == player_id)
    query = (
        select(RoomRow)
        .where(RoomRow.id.in_(seats) | RoomRow.passage_id.in_(texts))
        .order_by(RoomRow.id)
        .with_for_update()
    )
    return list(session.scalars(query))


def delete_passage(session: Session, passage_id: int) -> None:
    """Delete a passage with its scores."""
    session.execute(delete(PassageRow).where(PassageRow.id == passage_id))


def rooms_of_player(session: Session, player_id: int) -> list[tuple[RoomPlayerRow, RoomRow]]:
    """Return the rooms that a player joined, oldest first, with their seats."""
    query = (
        select(RoomPlayerRow, RoomRow)
        .join(RoomRow, RoomRow.id == RoomPlayerRow.room_id)
        .where(RoomPlayerRow.player_id == player_id)
        .options(selectinload(RoomRow.passage))
        .order_by(RoomPlayerRow.id)
    )
    return [(seat, room) for seat, room in session.execute(query)]


def answers_of_seat(session: Session, seat_id: int) -> list[RoomAnswerRow]:
    """Return what one player answered, in the order of the words."""
    query = select(RoomAnswerRow).where(RoomAnswerRow.room_player_id == seat_id)
    return list(session.scalars(query.order_by(RoomAnswerRow.word)))
