"""Which rounds may be looked into: only where nothing of the passage is left to guess."""

from __future__ import annotations

from sqlalchemy.orm import Session

from server.domain.errors import NotFound
from server.services.play.library import ScoreLibrary
from server.services.play.played import PlayedRound
from server.services.play.rounds import ROUND_ID
from server.store.inside.traces import has_open_round
from server.store.rounds import find_round

_NOT_YOURS = (
    "There is no such finished round of yours, or its passage is still open in another one. What "
    "happened inside the model is shown once nothing of the passage is left to guess."
)


def settled_round(
    session: Session, library: ScoreLibrary, player_id: str | None, round_id: str
) -> PlayedRound:
    """Return the player's finished round.

    Raises NotFound for another player's round, one that goes on, and one whose passage is open in
    another round of the player's, against any model, or in a room that goes on.
    """
    found = None
    if player_id is not None and ROUND_ID.fullmatch(round_id):
        found = find_round(session, round_id, player_id)
    if found is None or found.withheld_in is not None:
        raise NotFound(_NOT_YOURS)
    row = found.row
    if row.finished_at is None or has_open_round(session, row.player_id, row.scored_passage_id):
        raise NotFound(_NOT_YOURS)
    return PlayedRound(row, library.scene(session, row))
