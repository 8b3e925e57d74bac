"""Queries on scored passages as records that travel between databases."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session, aliased

from server.domain.text.passages import Passage
from server.store.inside.traces import TraceRow
from server.store.scoring.blobs import scores_from_blob
from server.store.scoring.score_files import ROWS_PER_GROUP, ScoreRecord
from server.store.scoring.scores import next_draw_number, question_counts
from server.store.tables import PassageRow, ScoredPassageRow

_PASSAGE = (PassageRow.text, PassageRow.title, PassageRow.source, PassageRow.licence)


def count_records(session: Session, model_id: int) -> int:
    """Return how many passages the model has scored or left out, players' own texts apart."""
    query = select(func.count()).select_from(ScoredPassageRow).join(ScoredPassageRow.passage)
    shared = ScoredPassageRow.model_id == model_id, PassageRow.owner_id.is_(None)
    return session.scalars(query.where(*shared)).one()


def score_records(session: Session, model_id: int) -> Iterator[list[ScoreRecord]]:
    """Yield all that the model says, passage by passage, in portions that fit into memory.

    Players' own texts are left out.
    """
    original = aliased(PassageRow)
    query = (
        select(PassageRow.id, PassageRow.content_hash, *_PASSAGE, PassageRow.genre)
        .add_columns(original.content_hash, ScoredPassageRow.left_out, ScoredPassageRow.scores)
        .add_columns(TraceRow.trace)
        .join(ScoredPassageRow, ScoredPassageRow.passage_id == PassageRow.id)
        .outerjoin(original, original.id == PassageRow.cut_from_id)
        .outerjoin(TraceRow, TraceRow.scored_passage_id == ScoredPassageRow.id)
        .where(ScoredPassageRow.model_id == model_id, PassageRow.owner_id.is_(None))
        .order_by(PassageRow.id)
        .limit(ROWS_PER_GROUP)
    )
    last_id = 0
    while rows := session.execute(query.where(PassageRow.id > last_id)).all():
        last_id = rows[-1][0]
        yield [
            ScoreRecord(content_hash, Passage(*fields), cut_from, left_out, blob, trace or b"")
            for _, content_hash, *fields, cut_from, left_out, blob, trace in rows
        ]


def stored_scores(session: Session, model_id: int, hashes: Sequence[str]) -> dict[str, bytes]:
    """Return the model's scores of those passages, by content hash; empty bytes where left out."""
    query = (
        select(PassageRow.content_hash, ScoredPassageRow.scores)
        .join(ScoredPassageRow, ScoredPassageRow.passage_id == PassageRow.id)
        .where(ScoredPassageRow.model_id == model_id, PassageRow.content_hash.in_(hashes))
    )
    return dict(session.execute(query).all())


def add_score_records(
    session: Session, model_id: int, records: Sequence[ScoreRecord], now: datetime
) -> int:
    """Store records whose passages the model has not scored; return how many passages were new.

    Plain inserts: nothing of a large file stays in the session's memory.
    """
    hashes = [record.content_hash for record in records]
    by_hash = _passage_ids(session, hashes)
    new = [record for record in records if record.content_hash not in by_hash]
    # Originals before their parts, which refer to them.
    for is_part in (False, True):
        _add_passages(session, [r for r in new if (r.cut_from is not None) is is_part], now)
    by_hash = _passage_ids(session, hashes)
    numbers = itertools.count(next_draw_number(session, model_id))
    gone = _retired(session, by_hash.values())
    rows = [
        {
            "passage_id": by_hash[record.content_hash],
            "model_id": model_id,
            "draw_number": next(numbers)
            if record.left_out is None and by_hash[record.content_hash] not in gone
            else None,
            "left_out": record.left_out,
            "scores": record.scores_blob,
            "created_at": now,
            **question_counts(
                None if record.left_out is not None else scores_from_blob(record.scores_blob)
            ),
        }
        for record in records
    ]
    if rows:
        session.execute(insert(ScoredPassageRow), rows)
    return len(new)


def _retired(session: Session, passages: Collection[int]) -> set[int]:
    query = select(PassageRow.id).where(PassageRow.id.in_(passages), PassageRow.retired.is_(True))
    return set(session.scalars(query))


def _add_passages(session: Session, records: Sequence[ScoreRecord], now: datetime) -> None:
    originals = _passage_ids(session, [record.cut_from for record in records if record.cut_from])
    rows = [
        {
            "content_hash": record.content_hash,
            **vars(record.passage),
            "cut_from_id": originals.get(record.cut_from or ""),
            "created_at": now,
        }
        for record in records
    ]
    if rows:
        session.execute(insert(PassageRow), rows)


def _passage_ids(session: Session, hashes: Sequence[str]) -> dict[str, int]:
    query = select(PassageRow.content_hash, PassageRow.id)
    return dict(session.execute(query.where(PassageRow.content_hash.in_(hashes))).all())
