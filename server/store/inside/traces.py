"""Queries on traces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, LargeBinary, String, func, insert, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from server.domain.inside.trace import PassageTrace
from server.store.base import Base
from server.store.inside.blobs import trace_from_blob, trace_to_blob
from server.store.tables import PassageRow, RoundRow, ScoredPassageRow

_PORTION = 64


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


def load_trace(session: Session, scored_passage_id: int) -> PassageTrace | None:
    """Read the trace of one scored passage; None where none is kept."""
    query = select(TraceRow.trace).where(
        TraceRow.scored_passage_id == scored_passage_id, TraceRow.left_out.is_(None)
    )
    blob = session.scalars(query).one_or_none()
    return None if blob is None else trace_from_blob(blob)


def has_any_trace(session: Session, model_id: int) -> bool:
    """Tell whether the inside of a model is kept on any passage."""
    query = (
        select(TraceRow.scored_passage_id)
        .join(ScoredPassageRow, ScoredPassageRow.id == TraceRow.scored_passage_id)
        .where(ScoredPassageRow.model_id == model_id, TraceRow.left_out.is_(None))
        .limit(1)
    )
    return session.scalars(query).one_or_none() is not None


def count_untraced(session: Session, model_id: int) -> int:
    """Return how many of the model's scored passages were not looked into yet."""
    query = select(func.count()).select_from(ScoredPassageRow).where(*_untraced(model_id))
    return session.scalars(query).one()


def untraced(session: Session, model_id: int, after_id: int, limit: int) -> list[int]:
    """Return the ids of such scored passages in order, after one of them."""
    query = (
        select(ScoredPassageRow.id)
        .where(*_untraced(model_id), ScoredPassageRow.id > after_id)
        .order_by(ScoredPassageRow.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def _untraced(model_id: int) -> tuple[ColumnElement[bool], ...]:
    traced = select(TraceRow.scored_passage_id).where(
        TraceRow.scored_passage_id == ScoredPassageRow.id
    )
    return (
        ScoredPassageRow.model_id == model_id,
        ScoredPassageRow.draw_number.is_not(None),
        ~traced.exists(),
    )


def add_trace(
    session: Session, scored_passage_id: int, lens: str, trace: PassageTrace | str, now: datetime
) -> None:
    """Store a trace, or the sentence that says why there is none."""
    session.add(
        TraceRow(
            scored_passage_id=scored_passage_id,
            lens=lens,
            left_out=None if isinstance(trace, PassageTrace) else trace,
            trace=trace_to_blob(trace) if isinstance(trace, PassageTrace) else b"",
            created_at=now,
        )
    )


def has_open_round(session: Session, player_id: int, scored_passage_id: int) -> bool:
    """Tell whether the player has a round going on on this passage, against any model."""
    passage = (
        select(ScoredPassageRow.passage_id)
        .where(ScoredPassageRow.id == scored_passage_id)
        .scalar_subquery()
    )
    query = (
        select(RoundRow.id)
        .join(ScoredPassageRow, ScoredPassageRow.id == RoundRow.scored_passage_id)
        .where(
            RoundRow.player_id == player_id,
            RoundRow.finished_at.is_(None),
            ScoredPassageRow.passage_id == passage,
        )
        .limit(1)
    )
    return session.scalars(query).one_or_none() is not None


def find_scored_by(session: Session, model_id: int, passage: str) -> ScoredPassageRow | None:
    """Return what the model scored by a passage's title or the beginning of its content hash."""
    query = (
        select(ScoredPassageRow)
        .join(ScoredPassageRow.passage)
        .where(
            ScoredPassageRow.model_id == model_id,
            ScoredPassageRow.draw_number.is_not(None),
            or_(
                PassageRow.title == passage,
                PassageRow.content_hash.startswith(passage, autoescape=True),
            ),
        )
        .order_by(ScoredPassageRow.id)
        .limit(1)
    )
    return session.scalars(query).first()


def trace_blobs(session: Session, model_id: int) -> Iterator[list[tuple[str, int, bytes]]]:
    """Yield the model's traces in portions, each with its passage's content hash and scored id."""
    query = (
        select(ScoredPassageRow.id, PassageRow.content_hash, TraceRow.trace)
        .join(TraceRow, TraceRow.scored_passage_id == ScoredPassageRow.id)
        .join(PassageRow, PassageRow.id == ScoredPassageRow.passage_id)
        .where(
            ScoredPassageRow.model_id == model_id,
            PassageRow.owner_id.is_(None),
            TraceRow.left_out.is_(None),
        )
        .order_by(ScoredPassageRow.id)
        .limit(_PORTION)
    )
    last_id = 0
    while rows := session.execute(query.where(ScoredPassageRow.id > last_id)).all():
        last_id = rows[-1][0]
        yield [(content_hash, scored_id, blob) for scored_id, content_hash, blob in rows]


def scored_ids(session: Session, model_id: int, hashes: Sequence[str]) -> dict[str, int]:
    """Return the ids of those of the model's scored passages, by content hash."""
    query = (
        select(PassageRow.content_hash, ScoredPassageRow.id)
        .join(ScoredPassageRow, ScoredPassageRow.passage_id == PassageRow.id)
        .where(
            ScoredPassageRow.model_id == model_id,
            PassageRow.content_hash.in_(hashes),
            ScoredPassageRow.left_out.is_(None),
        )
    )
    return dict(session.execute(query).all())


def traced_ids(session: Session, scored_passage_ids: Sequence[int]) -> set[int]:
    """Return which of these scored passages have a row among the traces."""
    query = select(TraceRow.scored_passage_id).where(
        TraceRow.scored_passage_id.in_(scored_passage_ids)
    )
    return set(session.scalars(query))


def add_trace_blobs(session: Session, traces: dict[int, tuple[str, bytes]], now: datetime) -> None:
    """Store traces as they travelled: lens and blob by the scored passage's id."""
    if traces:
        session.execute(
            insert(TraceRow),
            [
                {
                    "scored_passage_id": scored_id,
                    "lens": lens,
                    "left_out": None,
                    "trace": blob,
                    "created_at": now,
                }
                for scored_id, (lens, blob) in traces.items()
            ],
        )


def texts_except(session: Session, hashes: Set[str]) -> Iterator[str]:
    """Yield the texts of all passages but those, players' own texts left out too."""
    query = (
        select(PassageRow.id, PassageRow.content_hash, PassageRow.text)
        .where(PassageRow.owner_id.is_(None))
        .order_by(PassageRow.id)
        .limit(_PORTION)
    )
    last_id = 0
    while rows := session.execute(query.where(PassageRow.id > last_id)).all():
        last_id = rows[-1][0]
        yield from (text for _, content_hash, text in rows if content_hash not in hashes)
