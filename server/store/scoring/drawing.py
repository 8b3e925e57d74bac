"""Queries on which scored passage a round may be on."""

from __future__ import annotations

from functools import cache

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    bindparam,
    func,
    literal_column,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.domain.text.tokens import Unit
from server.store.scoring.scores import asked_count, has_played, is_drawn, last_draw_number
from server.store.tables import RoundRow, ScoredPassageRow


def can_be_drawn(
    session: Session, scored_passage_id: int, model_id: int, but_not: ColumnElement[bool] | None
) -> bool:
    """Tell whether a scored passage is one that the model's rounds in `words` may be drawn from."""
    query = select(ScoredPassageRow.id).where(
        ScoredPassageRow.id == scored_passage_id,
        ScoredPassageRow.model_id == model_id,
        ScoredPassageRow.asked_words > 0,
        is_drawn(),
        *(() if but_not is None else (~but_not,)),
    )
    return session.scalars(query).one_or_none() is not None


def longest_ago_played(session: Session, model_id: int, unit: Unit, player_id: int) -> int | None:
    """Return the id of the scored passage that the player has not seen for longest."""
    query = (
        select(RoundRow.scored_passage_id)
        .join(ScoredPassageRow, ScoredPassageRow.id == RoundRow.scored_passage_id)
        .where(
            RoundRow.player_id == player_id,
            RoundRow.model_id == model_id,
            is_drawn(),
            asked_count(unit) > 0,
        )
        .group_by(RoundRow.scored_passage_id)
        .order_by(func.max(RoundRow.started_at), RoundRow.scored_passage_id)
        .limit(1)
    )
    return session.scalars(query).one_or_none()


def pick_scored_passage(
    session: Session,
    model_id: int,
    column: InstrumentedAttribute[int],
    fraction: float,
    player_id: int | None = None,
    but_not: ColumnElement[bool] | None = None,
    passages: int | None = None,
) -> int | None:
    """Pick one of the model's passages whose number of questions in `column` is above 0.

    `fraction`, in [0, 1), says where among them; with a player, one that they have not played;
    `but_not` is a condition that none may meet; `passages` how many there are, where that is known.
    Returns the scored passage's id, or None where there is none. The cost does not grow with the
    number of passages: draw numbers are dense, so the first one at or after a place will do, and
    past the last one the first of all.
    """
    passages = last_draw_number(session, model_id) if passages is None else passages
    place = 1 + int(fraction * passages)
    named = {"model_id": model_id, "place": place, "player_id": player_id}
    is_new = player_id is not None
    chosen: int | None = None
    for is_after in (True, False):
        query = _playable(column.key, is_new=is_new, is_after=is_after)
        query = query if but_not is None else query.where(~but_not)
        chosen = chosen or session.scalars(query, named).one_or_none()
    return chosen


@cache
def _playable(column: str, *, is_new: bool, is_after: bool) -> Select[int]:
    """Select the first passage at or after a place, or before it; a new one for a player."""
    number: InstrumentedAttribute[int | None] = ScoredPassageRow.draw_number
    place: BindParameter[int] = bindparam("place")
    # Written out, not bound: only then can a database use the index of counts above 0.
    count = getattr(ScoredPassageRow, column) > literal_column("0")
    playable = [ScoredPassageRow.model_id == bindparam("model_id"), is_drawn(), count]
    if is_new:
        playable.append(~has_played(bindparam("player_id")))
    query = select(ScoredPassageRow.id).where(*playable).order_by(number).limit(1)
    return query.where(number >= place if is_after else number < place)
