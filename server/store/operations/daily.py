"""Queries on the last days: who came and came back, what was begun and ended, and left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from typing import cast as typed

from sqlalchemy import ColumnElement, Integer, cast, func, select
from sqlalchemy.orm import Session

from server.domain.play.rounds import Mode
from server.store.rooms.room_tables import RoomAnswerRow, RoomPlayerRow, RoomRow
from server.store.statistics.first_guesses import is_settled
from server.store.tables import GuessRow, PassageRow, PlayerRow, RoundRow, ScoredPassageRow


class PlacePlayed(Protocol):
    """A word that was asked, and how many typed guesses it had, and right ones of these."""

    id: int  # the passage's
    title: str
    position: int
    target: str
    guesses: int
    right: int


def rounds_by_day(session: Session, first: date) -> dict[date, tuple[int, int, int]]:
    """Return for each day from `first` on: players, rounds begun, and those of them finished."""
    finished = func.sum(cast(RoundRow.finished_at.is_not(None), Integer))
    players = func.count(RoundRow.player_id.distinct())
    query = (
        select(RoundRow.started_on, players, func.count(), finished)
        .where(RoundRow.started_on >= first)
        .group_by(RoundRow.started_on)
    )
    return {day: (who, begun, int(ended)) for day, who, begun, ended in session.execute(query)}


def rooms_of_day(session: Session, day: date) -> tuple[int, int, int]:
    """Return how many rooms were opened on a day, and how many players and answers these have."""
    begin = datetime.combine(day, time(), UTC)
    of_day = RoomRow.created_at >= begin, RoomRow.created_at < begin + timedelta(days=1)
    rooms = select(func.count()).select_from(RoomRow).where(*of_day)
    players, answers = (
        select(func.count()).select_from(table).join(RoomRow, table.room_id == RoomRow.id)
        for table in (RoomPlayerRow, RoomAnswerRow)
    )
    counts = [
        session.scalars(query).one()
        for query in (rooms, *(q.where(*of_day) for q in (players, answers)))
    ]
    return counts[0], counts[1], counts[2]


def new_players_by_day(session: Session, days: Sequence[date]) -> dict[date, int]:
    """Return how many players came first on each of some days."""
    count = select(func.count()).select_from(PlayerRow)
    return {day: session.scalars(count.where(_came_on(day))).one() for day in days}


def returned(session: Session, day: date, after_days: int) -> int:
    """Return how many of a day's new players began a round so many days later."""
    query = (
        select(func.count(RoundRow.player_id.distinct()))
        .join(PlayerRow, PlayerRow.id == RoundRow.player_id)
        .where(RoundRow.started_on == day + timedelta(days=after_days), _came_on(day))
    )
    return session.scalars(query).one()


def answers_before_leaving(session: Session, first: date, before: datetime) -> dict[int, int]:
    """Return how many rounds of guesses were left after how many answers.

    Of those begun from `first` on, not finished, and not touched since `before`.
    """
    answered = func.count(GuessRow.id).label("answered")
    left = (
        select(RoundRow.id, answered)
        .outerjoin(GuessRow, GuessRow.round_id == RoundRow.id)
        .where(RoundRow.started_on >= first, RoundRow.mode == Mode.GUESS)
        .where(RoundRow.finished_at.is_(None), RoundRow.asked_at < before)
        .group_by(RoundRow.id)
        .subquery()
    )
    query = select(left.c.answered, func.count()).group_by(left.c.answered)
    return {int(answers): int(rounds) for answers, rounds in session.execute(query)}


def places_since(session: Session, first: date, least: int) -> Sequence[PlacePlayed]:
    """Return the words that were asked at least so often since a day: unassisted first guesses."""
    right = func.sum(cast(GuessRow.is_right, Integer))
    query = (
        select(
            *(PassageRow.id, PassageRow.title, GuessRow.position, GuessRow.target),
            *(func.count().label("guesses"), right.label("right")),
        )
        .join(RoundRow, RoundRow.id == GuessRow.round_id)
        .join(ScoredPassageRow, ScoredPassageRow.id == RoundRow.scored_passage_id)
        .join(PassageRow, PassageRow.id == ScoredPassageRow.passage_id)
        .where(GuessRow.answered_on >= first, GuessRow.attempt == 1, is_settled())
        .where(GuessRow.assisted.is_(False), GuessRow.repeated.is_(False))
        .where(PassageRow.owner_id.is_(None), PassageRow.retired.is_(False))
        .group_by(PassageRow.id, PassageRow.title, GuessRow.position, GuessRow.target)
        .having(func.count() >= least)
    )
    return typed("Sequence[PlacePlayed]", session.execute(query).all())


def busiest_players(
    session: Session, first: date, limit: int
) -> Sequence[tuple[int, str, int, int]]:
    """Return who began most rounds since a day and is not flagged.

    By id, public id, rounds, and the most rounds they began on one day.
    """
    of_day = (
        select(RoundRow.player_id, func.count().label("rounds"))
        .where(RoundRow.started_on >= first)
        .group_by(RoundRow.player_id, RoundRow.started_on)
        .subquery()
    )
    total = func.sum(of_day.c.rounds)
    query = (
        select(PlayerRow.id, PlayerRow.public_id, total, func.max(of_day.c.rounds))
        .join(of_day, of_day.c.player_id == PlayerRow.id)
        .where(PlayerRow.flagged.is_(False))
        .group_by(PlayerRow.id, PlayerRow.public_id)
        .order_by(total.desc(), PlayerRow.id)
        .limit(limit)
    )
    return [(own, name, int(all_), int(most)) for own, name, all_, most in session.execute(query)]


def waiting_rounds(session: Session) -> int:
    """Return how many rounds wait before they count."""
    query = select(func.count()).select_from(RoundRow).where(RoundRow.counts_from.is_not(None))
    return session.scalars(query).one()


def _came_on(day: date) -> ColumnElement[bool]:
    begin = datetime.combine(day, time(), UTC)
    return (PlayerRow.created_at >= begin) & (PlayerRow.created_at < begin + timedelta(days=1))
