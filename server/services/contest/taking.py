"""Play the words of a challenge: the same passage, positions, draw and opponent, blind."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from server.domain.errors import Conflict
from server.domain.scores.passage_scores import Form
from server.services.contest.challenges import kind_for, open_challenge, same_day_s_round
from server.services.play.choosing import RoundWish, new_round_row
from server.services.play.library import ScoreLibrary
from server.services.play.played import PlayedRound
from server.services.play.players import ensure_player
from server.services.play.round_view import round_view
from server.services.play.rounds import StartedRound
from server.services.statistics.admission import Admission
from server.store.contest import challenges as stored
from server.store.engine import writing
from server.store.rounds import is_untouched, repeat_unfinished_rounds
from server.store.scoring.scores import has_seen
from server.store.statistics.rollups import mark_player
from server.store.tables import PlayerRow, RoundRow


def take(
    session: Session,
    library: ScoreLibrary,
    admission: Admission,
    player_id: str | None,
    code: str,
    now: datetime,
) -> StartedRound:
    """Begin the round of a challenge for a player, who is added where there is none.

    The round that they began before is returned instead of a second one; where the challenge is a
    day's passage, so is the round they had on that day's passage. Raises NotFound for a code that
    leads nowhere, Conflict for the challenger's own.
    """
    with writing(session):
        challenge = open_challenge(session, code)
        origin = challenge.round
        player = ensure_player(session, player_id, now)
        if origin.player_id == player.id:
            raise Conflict("This is your own challenge; send its link to somebody else.")
        taken = stored.round_taken_by(session, challenge.id, player.id)
        row = taken or same_day_s_round(session, origin, player.id)
        is_new = row is None
        if row is None:
            row = _new_round(session, origin, player, now)
            admission.begun(session, row, now)
            session.add(row)
            session.flush()
            mark_player(session, player.id)
        elif is_untouched(session, row.id):
            row.asked_at = now  # the time before the player came back is not thinking time
        stored.take_challenge(session, challenge.id, row.id)
        view = round_view(PlayedRound(row, library.scene(session, row)))
        return StartedRound(view, player.public_id, is_new)


def _new_round(session: Session, origin: RoundRow, player: PlayerRow, now: datetime) -> RoundRow:
    """Make a round on the words of another; marked where its player has seen the passage."""
    kind = kind_for(origin, player.id)
    wish = RoundWish(kind.mode, kind.unit, kind.assisted, form=kind.form or Form.TAIL)
    row = new_round_row(player.id, origin.scored_passage_id, origin.model_id, wish, now)
    row.form, row.draw, row.draw_kind = origin.form, origin.draw, origin.draw_kind
    row.daily_on = origin.daily_on
    row.repeated = has_seen(session, player.id, origin.scored_passage_id)
    if row.repeated:
        repeat_unfinished_rounds(session, player.id, origin.scored_passage_id)
    return row
