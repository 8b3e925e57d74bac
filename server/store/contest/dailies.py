"""Queries on daily passages and on how they were played."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol, cast

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from server.store.contest.tables import DailyRow
from server.store.scoring.drawing import pick_scored_passage
from server.store.tables import GuessRow, PlayerRow, RoundRow, ScoredPassageRow


class PlayedDaily(Protocol):
    """One player's round on the passage of a day, with both sides' scores so far."""

    daily_on: date
    started_on: date
    started_at: datetime
    finished_at: datetime | None
    public_id: str
    right_answers: int
    model_right_answers: int
    points_bits: float
    model_points_bits: float
    assisted: bool
    repeated: bool
    answered: int


def daily_of(session: Session, day: date) -> DailyRow | None:
    """Return what is planned for a day."""
    return session.get(DailyRow, day)


def dailies_from(session: Session, day: date) -> dict[date, DailyRow]:
    """Return what is planned for a day and those after it."""
    rows = session.scalars(select(DailyRow).where(DailyRow.day >= day))
    return {row.day: row for row in rows}


def past_dailies(session: Session, before: date, limit: int) -> list[tuple[date, ScoredPassageRow]]:
    """Return the days before one, newest first, with their passages."""
    query = (
        select(DailyRow.day, ScoredPassageRow)
        .join(ScoredPassageRow, ScoredPassageRow.id == DailyRow.scored_passage_id)
        .where(DailyRow.day < before)
        .order_by(DailyRow.day.desc())
        .limit(limit)
    )
    return [(day, scored) for day, scored in session.execute(query)]


def add_daily(session: Session, day: date, model_id: int, scored_passage_id: int) -> None:
    """Plan the passage of a day."""
    session.add(DailyRow(day=day, model_id=model_id, scored_passage_id=scored_passage_id))
    session.flush()


def drop_daily(session: Session, row: DailyRow) -> None:
    """Give up what was planned for a day."""
    session.delete(row)
    session.flush()


def is_begun(session: Session, day: date) -> bool:
    """Tell whether anybody has begun the passage of a day."""
    query = select(RoundRow.id).where(RoundRow.daily_on == day).limit(1)
    return session.scalars(query).one_or_none() is not None


def unused_passage(session: Session, model_id: int, fraction: float) -> int | None:
    """Return a scored passage with mixed words that no day has had; None where all have been.

    `fraction`, in [0, 1), says where among the model's passages.
    """
    used = select(DailyRow.day).where(DailyRow.scored_passage_id == ScoredPassageRow.id).exists()
    column = ScoredPassageRow.mixed_words
    return pick_scored_passage(session, model_id, column, fraction, but_not=used)


def longest_unused_passage(session: Session, model_id: int) -> int | None:
    """Return the scored passage whose day is longest ago, where every passage has had one."""
    query = (
        select(DailyRow.scored_passage_id)
        .where(DailyRow.model_id == model_id)
        .group_by(DailyRow.scored_passage_id)
        .order_by(func.max(DailyRow.day), DailyRow.scored_passage_id)
        .limit(1)
    )
    return session.scalars(query).one_or_none()


def is_kept_back(today: date) -> ColumnElement[bool]:
    """Tell whether a scored passage is that of today or of a coming day."""
    coming = DailyRow.scored_passage_id == ScoredPassageRow.id, DailyRow.day >= today
    return select(DailyRow.day).where(*coming).exists()


def dailies_played(
    session: Session, player_id: int, day: date | None = None
) -> Sequence[PlayedDaily]:
    """Return the player's daily rounds, or those of one day, oldest first."""
    answered = (
        select(func.count()).where(GuessRow.round_id == RoundRow.id).correlate(RoundRow)
    ).scalar_subquery()
    query = (
        select(
            *(RoundRow.daily_on, RoundRow.started_on, RoundRow.started_at, RoundRow.finished_at),
            *(RoundRow.public_id, RoundRow.right_answers, RoundRow.model_right_answers),
            *(RoundRow.points_bits, RoundRow.model_points_bits, RoundRow.assisted),
            *(RoundRow.repeated, answered.label("answered")),
        )
        .where(RoundRow.player_id == player_id, RoundRow.daily_on.is_not(None))
        .order_by(RoundRow.id)
    )
    if day is not None:
        query = query.where(RoundRow.daily_on == day)
    return cast("Sequence[PlayedDaily]", session.execute(query).all())


def scores_of(session: Session, day: date, model_id: int) -> dict[int, int]:
    """Return how many players had how many words right on a day, on that day and unassisted."""
    query = (
        select(RoundRow.right_answers, func.count())
        .join(PlayerRow, PlayerRow.id == RoundRow.player_id)
        .where(
            RoundRow.daily_on == day,
            RoundRow.model_id == model_id,
            RoundRow.started_on == day,
            RoundRow.finished_at.is_not(None),
            RoundRow.assisted.is_(False),
            RoundRow.repeated.is_(False),
            PlayerRow.flagged.is_(False),
        )
        .group_by(RoundRow.right_answers)
    )
    return dict(session.execute(query).all())
