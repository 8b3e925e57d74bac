"""Queries on passages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Select, exists, func, insert, or_, select
from sqlalchemy.orm import Session

from server.domain.play.own_texts import OwnText
from server.domain.text.passages import Passage
from server.store.tables import PassageRow, PlayerRow, ScoredPassageRow

HASHES_PER_QUERY = 8_000  # SQLite takes 32,766 parameters


def known_hashes(session: Session, hashes: Sequence[str]) -> set[str]:
    """Return those of `hashes` that a stored passage has."""
    known: set[str] = set()
    for start in range(0, len(hashes), HASHES_PER_QUERY):
        portion = hashes[start : start + HASHES_PER_QUERY]
        query = select(PassageRow.content_hash).where(PassageRow.content_hash.in_(portion))
        known.update(session.scalars(query))
    return known


def add_passages(
    session: Session, passages: Sequence[Passage], now: datetime, cut_from_id: int | None = None
) -> None:
    """Add the passages; the caller has left out what is stored already.

    Plain inserts: nothing of a large import stays in the session's memory.
    """
    rows = [
        {
            "content_hash": passage.content_hash,
            **vars(passage),
            "cut_from_id": cut_from_id,
            "created_at": now,
        }
        for passage in passages
    ]
    if rows:
        session.execute(insert(PassageRow), rows)


def ensure_own_text(session: Session, text: OwnText, owner: PlayerRow, now: datetime) -> PassageRow:
    """Return the player's own passage of exactly this text, added where it is new."""
    content_hash = text.content_hash(owner.public_id)
    query = select(PassageRow).where(PassageRow.content_hash == content_hash)
    row = session.scalars(query).one_or_none()
    if row is None:
        row = add_own_text(session, text, content_hash, owner, now)
    return row


def add_own_text(
    session: Session, text: OwnText, content_hash: str, owner: PlayerRow, now: datetime
) -> PassageRow:
    """Add a text of somebody's own; the hash tells which equal texts are one passage."""
    row = PassageRow(
        content_hash=content_hash,
        owner_id=owner.id,
        text=text.text,
        title=text.title,
        source="",
        licence="",
        genre="",
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def own_texts_of(session: Session, player_id: int) -> list[PassageRow]:
    """Return the player's own texts, oldest first."""
    query = select(PassageRow).where(PassageRow.owner_id == player_id).order_by(PassageRow.id)
    return list(session.scalars(query))


def unscored_passages(
    session: Session, model_id: int | None, after_id: int = 0, limit: int | None = None
) -> list[PassageRow]:
    """Return passages that the model has not scored, oldest first; all of them for None.

    `after_id` and `limit` take a portion. Parts of a passage that the model read whole, or has yet
    to read, do not count: nobody should meet a text twice. Nor do players' own texts.
    """
    query = _unscored(select(PassageRow), model_id).where(PassageRow.id > after_id)
    return list(session.scalars(query.order_by(PassageRow.id).limit(limit)))


def count_unscored(session: Session, model_id: int | None) -> int:
    """Return how many passages `unscored_passages` would give."""
    return session.scalars(_unscored(select(func.count(PassageRow.id)), model_id)).one()


T = TypeVar("T")


def _unscored(query: Select[T], model_id: int | None) -> Select[T]:
    scored = exists().where(
        ScoredPassageRow.passage_id == PassageRow.id, ScoredPassageRow.model_id == model_id
    )
    original = exists().where(
        ScoredPassageRow.passage_id == PassageRow.cut_from_id,
        ScoredPassageRow.model_id == model_id,
        ScoredPassageRow.left_out.is_not(None),
    )
    shared = PassageRow.owner_id.is_(None)
    return query.where(shared, ~scored, or_(PassageRow.cut_from_id.is_(None), original))
