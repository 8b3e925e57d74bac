"""Queries on what a host may choose: passages, and the models that have read them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from server.domain.text.tokens import Unit
from server.store.scoring.scores import asked_count
from server.store.tables import LanguageModelRow, PassageRow, ScoredPassageRow


def scored_by_hash(
    session: Session, model_id: int, content_hash: str, but_not: ColumnElement[bool] | None
) -> ScoredPassageRow | None:
    """Return the model's scores of the passage with this hash, if words of it can be asked.

    `but_not` is a condition that it may not meet.
    """
    query = (
        select(ScoredPassageRow)
        .join(PassageRow, PassageRow.id == ScoredPassageRow.passage_id)
        .where(PassageRow.content_hash == content_hash, ScoredPassageRow.model_id == model_id)
        .where(*_can_be_chosen(but_not))
    )
    return session.scalars(query).one_or_none()


def passages_to_choose(
    session: Session, model_id: int, find: str, limit: int, but_not: ColumnElement[bool] | None
) -> list[tuple[str, str, str]]:
    """Return content hash, title and genre of passages in alphabetical order of their titles.

    With `find`, those whose title contains it, whatever its case.
    """
    query = (
        select(PassageRow.content_hash, PassageRow.title, PassageRow.genre)
        .join(ScoredPassageRow, ScoredPassageRow.passage_id == PassageRow.id)
        .where(ScoredPassageRow.model_id == model_id, *_can_be_chosen(but_not))
        .order_by(PassageRow.title, PassageRow.id)
        .limit(limit)
    )
    if find:
        query = query.where(PassageRow.title.icontains(find, autoescape=True))
    return [(hash_, title, genre) for hash_, title, genre in session.execute(query)]


def models_that_read(session: Session) -> list[LanguageModelRow]:
    """Return the newest of each model that has scored a passage which rounds are drawn from."""
    scored = select(ScoredPassageRow.id).where(
        ScoredPassageRow.model_id == LanguageModelRow.id,
        ScoredPassageRow.draw_number.is_not(None),
    )
    query = select(LanguageModelRow).where(scored.exists()).order_by(LanguageModelRow.id)
    newest = {row.name: row for row in session.scalars(query)}
    return list(newest.values())


def _can_be_chosen(but_not: ColumnElement[bool] | None) -> tuple[ColumnElement[bool], ...]:
    allowed = ScoredPassageRow.draw_number.is_not(None), asked_count(Unit.WORDS) > 0
    return allowed if but_not is None else (*allowed, ~but_not)
