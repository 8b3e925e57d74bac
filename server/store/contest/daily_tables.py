"""The table of daily passages, planned ahead."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.store.tables import Base


class DailyRow(Base):
    """The passage of one day, the same for everybody, and the model that plays against them."""

    __tablename__ = "dailies"
    __table_args__ = (Index("ix_dailies_scored_passage_id", "scored_passage_id", "day"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("language_models.id"))
    scored_passage_id: Mapped[int] = mapped_column(ForeignKey("scored_passages.id"))
