"""What some players did, row by row: what their contributions are made from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.store.tables import GuessRow, PassageRow, RoundRow, ScoredPassageRow


def guesses_of(session: Session, players: Collection[int]) -> Sequence[Any]:
    """Return all guesses of some players with both sides' marks and the passage's genre."""
    query = (
        select(
            *(GuessRow.player_id, GuessRow.model_id, GuessRow.mode, GuessRow.unit),
            *(GuessRow.assisted, GuessRow.repeated, GuessRow.attempt, GuessRow.skipped),
            *(GuessRow.is_right, GuessRow.model_is_right, GuessRow.target_loss_nats),
            *(GuessRow.entropy_nats, GuessRow.answered_on, PassageRow.genre),
            *(RoundRow.scored_passage_id, GuessRow.position),
        )
        .join(RoundRow, RoundRow.id == GuessRow.round_id)
        .join(ScoredPassageRow, ScoredPassageRow.id == RoundRow.scored_passage_id)
        .join(PassageRow, PassageRow.id == ScoredPassageRow.passage_id)
        .where(GuessRow.player_id.in_(players))
    )
    return session.execute(query).all()


def rounds_of_players(session: Session, players: Collection[int]) -> Sequence[Any]:
    """Return how many rounds each player began on each day."""
    keys = (RoundRow.player_id, RoundRow.started_on)
    query = select(*keys, func.count()).where(RoundRow.player_id.in_(players)).group_by(*keys)
    return session.execute(query).all()
