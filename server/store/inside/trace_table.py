"""The table of traces: one for each scored passage that was looked into."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from server.store.base import Base


class TraceRow(Base):
    """The inside of a model on a passage that it scored; empty where a reason says why not."""

    __tablename__ = "traces"

    scored_passage_id: Mapped[int] = mapped_column(
        ForeignKey("scored_passages.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    lens: Mapped[str] = mapped_column(String(64))  # the fitted lens's revision
    left_out: Mapped[str | None] = mapped_column(String(200))  # why there is no trace
    trace: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
