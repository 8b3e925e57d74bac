"""Queries on the audit log."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import and_, false, not_, or_, select
from sqlalchemy.orm import Session

from server.store.operations.tables import AdminActionRow


def add_action(session: Session, at: datetime, by: str, action: str, detail: str) -> None:
    """Add a line."""
    session.add(AdminActionRow(at=at, by=by, action=action, detail=detail))


def last_actions(
    session: Session, limit: int, but_not: Collection[tuple[str, str]]
) -> Sequence[AdminActionRow]:
    """Return the newest lines, newest first, without those of these actions and details."""
    row = AdminActionRow
    left_out = [and_(row.action == action, row.detail == detail) for action, detail in but_not]
    query = select(row).where(not_(or_(false(), *left_out))).order_by(row.id.desc()).limit(limit)
    return session.scalars(query).all()
