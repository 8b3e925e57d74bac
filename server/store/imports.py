"""Queries on unfinished imports, and on the bands by which near-duplicates are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from server.domain.text.corpus import Tally
from server.store.tables import ImportRow, PassageBandRow, PassageRow

BANDS_PER_QUERY = 8_000  # SQLite takes 32,766 parameters
_BOOKMARK = "bookmark"  # stands beside the counts in their column


@dataclass(frozen=True)
class ImportProgress:
    """How far an import has come: the source's position and bookmark, and the counts so far."""

    position: int = 0
    tally: Tally = field(default_factory=Tally)
    bookmark: dict[str, object] | None = None


def import_progress(session: Session, fingerprint: str) -> ImportProgress:
    """Return how far the unfinished import has come; its beginning where there is none."""
    query = select(ImportRow).where(ImportRow.fingerprint == fingerprint)
    row = session.scalars(query).one_or_none()
    if row is None:
        return ImportProgress()
    values = dict(row.tally)
    bookmark = values.pop(_BOOKMARK, None)
    return ImportProgress(row.position, Tally(**values), bookmark)


def keep_progress(
    session: Session, fingerprint: str, progress: ImportProgress, now: datetime
) -> None:
    """Record how far the import has come."""
    forget_progress(session, fingerprint)
    tally = {**progress.tally.as_values(), _BOOKMARK: progress.bookmark}
    session.execute(
        insert(ImportRow),
        [
            {
                "fingerprint": fingerprint,
                "position": progress.position,
                "tally": tally,
                "updated_at": now,
            }
        ],
    )


def forget_progress(session: Session, fingerprint: str) -> None:
    """Forget an import: it is finished."""
    session.execute(delete(ImportRow).where(ImportRow.fingerprint == fingerprint))


def passages_with_bands(session: Session, bands: Sequence[int]) -> dict[int, str]:
    """Return the text of the stored passage that has a band, for those of `bands` that one has."""
    texts: dict[int, str] = {}
    for start in range(0, len(bands), BANDS_PER_QUERY):
        query = (
            select(PassageBandRow.band, PassageRow.text)
            .join(PassageRow, PassageRow.id == PassageBandRow.passage_id)
            .where(PassageBandRow.band.in_(bands[start : start + BANDS_PER_QUERY]))
        )
        texts |= dict(session.execute(query).all())
    return texts


def add_bands(session: Session, bands: Mapping[int, str]) -> None:
    """Store bands that are new, each with the content hash of its passage."""
    hashes = sorted(set(bands.values()))
    query = select(PassageRow.content_hash, PassageRow.id)
    ids = dict(session.execute(query.where(PassageRow.content_hash.in_(hashes))).all())
    rows = [{"band": band, "passage_id": ids[content_hash]} for band, content_hash in bands.items()]
    if rows:
        session.execute(insert(PassageBandRow), rows)
