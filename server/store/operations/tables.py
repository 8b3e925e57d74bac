"""The operator's tables: flaggings, what an address contributed today, and the audit log."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from server.store.tables import Base


class FlaggingRow(Base):
    """A window of time whose new players were flagged together, and whether that was undone."""

    __tablename__ = "flaggings"

    id: Mapped[int] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    until: Mapped[datetime]
    least_right: Mapped[float | None]  # only players right at least so often
    made_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class AddressDayRow(Base):
    """How many rounds one address began on one day; the row is deleted when the day is over."""

    __tablename__ = "address_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(32), primary_key=True)  # keyed by the day
    rounds: Mapped[int]


class AdminActionRow(Base):
    """One line of the audit log: a look, an export, or something changed."""

    __tablename__ = "admin_actions"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    by: Mapped[str] = mapped_column(String(16))  # web or command
    action: Mapped[str] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(String(400))
