"""Queries on passages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.domain.passages import Passage
from server.store.tables import PassageRow, ScoredPassageRow


def known_hashes(session: Session, hashes: Sequence[str]) -> set[str]:
    """Return those of `hashes` that a stored passage has."""
    query = select(PassageRow.content_hash).where(PassageRow.content_hash.in_(hashes))
    return set(session.scalars(query))


def add_passages(session: Session, passages: Sequence[Passage], now: datetime) -> None:
    """Add the passages; the caller has left out what is stored already."""
    session.add_all(
        PassageRow(
            content_hash=passage.content_hash,
            text=passage.text,
            title=passage.title,
            source=passage.source,
            licence=passage.licence,
            genre=passage.genre,
            created_at=now,
        )
        for passage in passages
    )


def unscored_passages(session: Session, model_id: int | None) -> list[PassageRow]:
    """Return the passages that the model has not scored, oldest first; all of them for None."""
    scored = select(ScoredPassageRow.passage_id).where(ScoredPassageRow.model_id == model_id)
    query = select(PassageRow).where(PassageRow.id.not_in(scored)).order_by(PassageRow.id)
    return list(session.scalars(query))
