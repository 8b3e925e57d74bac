"""Queries on rounds that wait before they count, and on what addresses contributed today."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server.store.operations.tables import AddressDayRow
from server.store.statistics.rollup_tables import PlayerMarkRow
from server.store.tables import RoundRow

ROUNDS_AT_ONCE = 200


def count_round_of(session: Session, day: date, digest: str) -> int:
    """Count one more round of an address, and return how many that makes today."""
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    rounds = AddressDayRow.rounds
    statement = (
        dialect.insert(AddressDayRow)
        .values(day=day, digest=digest, rounds=1)
        .on_conflict_do_update(index_elements=["day", "digest"], set_={"rounds": rounds + 1})
        .returning(rounds)
    )
    return int(session.execute(statement).scalar_one())


def anything_is_due(session: Session, now: datetime) -> bool:
    """Tell whether a round's wait is over, or an earlier day's addresses are still here."""
    due = select(RoundRow.id).where(RoundRow.counts_from <= now).limit(1)
    old = select(AddressDayRow.day).where(AddressDayRow.day < now.date()).limit(1)
    return any(session.scalar(query) is not None for query in (due, old))


def release_due(session: Session, now: datetime) -> None:
    """Let some rounds count whose wait is over, have their players folded, forget old addresses."""
    session.execute(delete(AddressDayRow).where(AddressDayRow.day < now.date()))
    due = (
        select(RoundRow.id, RoundRow.player_id)
        .where(RoundRow.counts_from <= now)
        .order_by(RoundRow.counts_from)
        .limit(ROUNDS_AT_ONCE)
        .with_for_update()
    )
    rows = session.execute(due).all()
    if not rows:
        return
    ids = [round_id for round_id, _ in rows]
    session.execute(
        update(RoundRow).where(RoundRow.id.in_(ids)).values(counts=True, counts_from=None)
    )
    players = sorted({player_id for _, player_id in rows})
    session.execute(insert(PlayerMarkRow), [{"player_id": player} for player in players])
