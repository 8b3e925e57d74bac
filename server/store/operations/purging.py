"""Queries on players who left: without an answer, or long ago."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, delete, func, insert, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.store.rooms.room_tables import RoomAnswerRow, RoomPlayerRow
from server.store.statistics.rollup_tables import PlayerMarkRow
from server.store.tables import (
    BetRow,
    GuessRow,
    JudgementRow,
    PassageRow,
    PlayerRow,
    RoundRow,
    ScoredPassageRow,
)

PLAYERS_AT_ONCE = 200
T = TypeVar("T")


def without_an_answer(session: Session, before: datetime) -> list[int]:
    """Return some players who came before a moment and have answered nothing."""
    query = (
        select(PlayerRow.id)
        .where(PlayerRow.created_at < before)
        .where(*(~_has(table) for table in (GuessRow, BetRow, JudgementRow)))
        .where(~_answers_in_rooms(RoomAnswerRow.id).exists())
        .limit(PLAYERS_AT_ONCE)
    )
    return list(session.scalars(query))


def idle_since(session: Session, before: datetime) -> list[int]:
    """Return some players who have touched no round or room since a moment, and are linked."""
    last = (
        select(func.max(RoundRow.asked_at))
        .where(RoundRow.player_id == PlayerRow.id)
        .scalar_subquery()
    )
    last_in_rooms = _answers_in_rooms(func.max(RoomAnswerRow.answered_at)).scalar_subquery()
    query = (
        select(PlayerRow.id)
        .where(PlayerRow.created_at < before, PlayerRow.unlinked_at.is_(None))
        .where(func.coalesce(last, PlayerRow.created_at) < before)
        .where(func.coalesce(last_in_rooms, PlayerRow.created_at) < before)
        .limit(PLAYERS_AT_ONCE)
    )
    return list(session.scalars(query))


def delete_players(session: Session, players: list[int]) -> None:
    """Delete players with all that is theirs, and have the sums forget them."""
    session.execute(delete(PlayerRow).where(PlayerRow.id.in_(players)))
    session.execute(insert(PlayerMarkRow), [{"player_id": player} for player in players])


def delete_own_texts(session: Session, players: list[int]) -> None:
    """Delete the texts that players brought, and the rounds on them."""
    texts = select(PassageRow.id).where(PassageRow.owner_id.in_(players))
    scored = select(ScoredPassageRow.id).where(ScoredPassageRow.passage_id.in_(texts))
    session.execute(delete(RoundRow).where(RoundRow.scored_passage_id.in_(scored)))
    session.execute(delete(PassageRow).where(PassageRow.owner_id.in_(players)))
    session.execute(insert(PlayerMarkRow), [{"player_id": player} for player in players])


def unlink(session: Session, player_id: int, public_id: str, now: datetime) -> None:
    """Give a player a public id that no cookie holds, and no name, in rooms neither."""
    session.execute(
        update(PlayerRow)
        .where(PlayerRow.id == player_id)
        .values(public_id=public_id, nickname=None, unlinked_at=now)
    )
    seats = update(RoomPlayerRow).where(RoomPlayerRow.player_id == player_id)
    session.execute(seats.values(name=None, agreed=False))


def _answers_in_rooms(column: ColumnElement[T] | InstrumentedAttribute[T]) -> Select[T]:
    """Select a column of the answers that the player of the query around gave in rooms."""
    return (
        select(column)
        .join(RoomPlayerRow, RoomPlayerRow.id == RoomAnswerRow.room_player_id)
        .where(RoomPlayerRow.player_id == PlayerRow.id)
    )


def _has(table: type[GuessRow] | type[BetRow] | type[JudgementRow]) -> ColumnElement[bool]:
    return select(table.id).where(table.player_id == PlayerRow.id).exists()
