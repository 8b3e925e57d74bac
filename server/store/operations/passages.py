"""Queries that take a passage out of play, and back."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from server.store.scoring.scores import last_draw_number, next_draw_number
from server.store.tables import PassageRow, ScoredPassageRow


def find_passage(session: Session, passage_id: int) -> PassageRow | None:
    """Return a passage of the game; None for a player's own text."""
    query = select(PassageRow).where(PassageRow.id == passage_id, PassageRow.owner_id.is_(None))
    return session.scalars(query).one_or_none()


def retired_passages(session: Session) -> list[tuple[int, str]]:
    """Return the retired passages, by id and title."""
    query = select(PassageRow.id, PassageRow.title).where(PassageRow.retired.is_(True))
    return [(passage_id, title) for passage_id, title in session.execute(query.limit(200))]


def take_from_draw(session: Session, passage_id: int) -> None:
    """Draw a passage no more: the model's last one takes its number, so that numbers stay dense."""
    drawn = ScoredPassageRow.draw_number.is_not(None)
    mine = select(ScoredPassageRow).where(ScoredPassageRow.passage_id == passage_id, drawn)
    for row in session.scalars(mine).all():
        next_draw_number(session, row.model_id)  # others who add scores wait
        hole, last = row.draw_number, last_draw_number(session, row.model_id)
        row.draw_number = None
        session.flush()
        session.execute(
            update(ScoredPassageRow)
            .where(ScoredPassageRow.model_id == row.model_id, ScoredPassageRow.draw_number == last)
            .values(draw_number=hole)
        )


def put_into_draw(session: Session, passage_id: int) -> None:
    """Draw a passage again, as its model's last."""
    mine = select(ScoredPassageRow).where(
        ScoredPassageRow.passage_id == passage_id,
        ScoredPassageRow.draw_number.is_(None),
        ScoredPassageRow.left_out.is_(None),
    )
    for row in session.scalars(mine).all():
        row.draw_number = next_draw_number(session, row.model_id)
        session.flush()
