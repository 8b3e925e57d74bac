"""Queries on flaggings: all players who were new within a window of time, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Integer, cast, func, insert, select, update
from sqlalchemy.orm import Session

from server.domain.play.rounds import Mode
from server.store.operations.tables import FlaggingRow
from server.store.statistics.rollup_tables import PlayerMarkRow
from server.store.tables import GuessRow, PlayerRow

_PLAYERS_PER_STATEMENT = 500


def new_players(
    session: Session, since: datetime, until: datetime, least_right: float | None
) -> list[int]:
    """Return who began within the window and is not flagged; so often right, where that is asked.

    Right counts at unassisted first guesses in mode guess, skips included.
    """
    query = select(PlayerRow.id).where(
        PlayerRow.created_at >= since, PlayerRow.created_at < until, PlayerRow.flagged.is_(False)
    )
    if least_right is not None:
        right = func.avg(cast(GuessRow.is_right, Integer) * 1.0)
        often = (
            select(GuessRow.player_id)
            .where(GuessRow.mode == Mode.GUESS, GuessRow.assisted.is_(False))
            .group_by(GuessRow.player_id)
            .having(right >= least_right)
        )
        query = query.where(PlayerRow.id.in_(often))
    return list(session.scalars(query.order_by(PlayerRow.id)))


def add_flagging(
    session: Session,
    window: tuple[datetime, datetime],
    least_right: float | None,
    now: datetime,
) -> FlaggingRow:
    """Add a flagging of the players who began within the window."""
    since, until = window
    row = FlaggingRow(since=since, until=until, least_right=least_right, made_at=now)
    session.add(row)
    session.flush()
    return row


def find_flagging(session: Session, flagging_id: int) -> FlaggingRow | None:
    """Return the flagging of this number."""
    return session.get(FlaggingRow, flagging_id)


def flaggings_from(session: Session, limit: int) -> Sequence[tuple[FlaggingRow, int]]:
    """Return the newest flaggings, each with how many players it has flagged now."""
    flagged = (
        select(func.count())
        .select_from(PlayerRow)
        .where(PlayerRow.flagging_id == FlaggingRow.id)
        .scalar_subquery()
    )
    query = select(FlaggingRow, flagged).order_by(FlaggingRow.id.desc()).limit(limit)
    return [(row, count) for row, count in session.execute(query)]


def players_of(session: Session, flagging_id: int) -> list[int]:
    """Return the players whom this flagging flagged."""
    return list(session.scalars(select(PlayerRow.id).where(PlayerRow.flagging_id == flagging_id)))


def set_flags(
    session: Session, players: Sequence[int], *, flagged: bool, flagging_id: int | None
) -> None:
    """Flag players, or let them count again, and have them folded."""
    for start in range(0, len(players), _PLAYERS_PER_STATEMENT):
        portion = players[start : start + _PLAYERS_PER_STATEMENT]
        session.execute(
            update(PlayerRow)
            .where(PlayerRow.id.in_(portion))
            .values(flagged=flagged, flagging_id=flagging_id)
        )
        session.execute(insert(PlayerMarkRow), [{"player_id": player} for player in portion])
