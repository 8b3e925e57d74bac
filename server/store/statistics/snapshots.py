"""The statistics as they were last counted, kept in one row."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.store.statistics.rollup_tables import StatisticsRow


def kept_statistics(session: Session, *, lock: bool = False) -> StatisticsRow:
    """Return the row; `lock` makes other counts wait until it is released."""
    query = select(StatisticsRow).where(StatisticsRow.id == 1)
    return session.scalars(query.with_for_update() if lock else query).one()


def keep_statistics(session: Session, begun_at: datetime, document: str) -> None:
    """Keep what was counted, unless a later count has begun."""
    session.execute(
        update(StatisticsRow)
        .where(StatisticsRow.id == 1, StatisticsRow.begun_at == begun_at)
        .values(document=document)
    )
