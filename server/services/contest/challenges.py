"""Send a finished round to others, show how it went for them, and take it back."""

from __future__ import annotations

import re
import secrets
from datetime import datetime

from sqlalchemy.orm import Session

from server.domain.errors import Conflict, NotFound
from server.domain.play.guessing import visible
from server.domain.play.rounds import Mode
from server.domain.scores.passage_scores import Form
from server.domain.text.tokens import Unit
from server.services.contest.people import person_view
from server.services.contract.challenges import (
    AskerView,
    ChallengeResultView,
    ChallengeView,
    ChallengeWordView,
)
from server.services.operations.audit import Operator, note
from server.services.play.kinds import kind_of
from server.services.play.library import ScoreLibrary
from server.services.play.played import PlayedRound
from server.services.play.round_view import score_view
from server.services.play.rounds import ROUND_ID
from server.store.contest import challenges as stored
from server.store.contest.tables import ChallengeRow
from server.store.engine import writing
from server.store.players import find_player
from server.store.rounds import RoundKind, find_daily_round, find_round
from server.store.scoring.scores import has_seen
from server.store.tables import PlayerRow, RoundRow

CHALLENGE_CODE = re.compile(r"[\w-]{16}", re.ASCII)
CHALLENGE_CODE_BYTES = 12  # 96 bits: nobody finds one by trying
NO_SUCH_CHALLENGE = "There is no such challenge; it may have been withdrawn."
_ENDED_BY_ADMIN = "The operator has ended this challenge; this round can't be sent again."


def challenge_with(session: Session, player_id: str | None, round_id: str, now: datetime) -> str:
    """Return the code that sends a player's finished round to others; the same at every call.

    Raises NotFound unless the round is this player's, Conflict where it is not finished, is
    practice or on a text of their own, or where the operator has ended its challenge.
    """
    with writing(session):
        row = _own_round(session, player_id, round_id)
        if row.finished_at is None:
            raise Conflict("Finish the round first; then it can be sent to others.")
        if row.practice:
            raise Conflict("Practice can't be sent to others; the next round can.")
        if row.scored_passage.passage.owner_id is not None:
            raise Conflict("A text of your own is yours alone, so it can't be sent to others.")
        newest = stored.newest_challenge_of(session, row.id)
        if newest is not None and newest.ended_by_admin:
            raise Conflict(_ENDED_BY_ADMIN)
        if newest is None or newest.ended_at is not None:
            code = secrets.token_urlsafe(CHALLENGE_CODE_BYTES)
            newest = stored.add_challenge(session, code, row.id, now)
        return newest.code


def challenge_taken(session: Session, round_id: str) -> str | None:
    """Return the code of the challenge because of which a round was begun, if it is still open."""
    return stored.code_taken(session, round_id)


def open_challenge(session: Session, code: str) -> ChallengeRow:
    """Return the challenge of a code; raise NotFound where there is none, or it has ended."""
    row = stored.find_challenge(session, code) if CHALLENGE_CODE.fullmatch(code) else None
    if row is None:
        raise NotFound(NO_SUCH_CHALLENGE)
    return row


def challenge_view(
    session: Session, library: ScoreLibrary, player_id: str | None, code: str
) -> ChallengeView:
    """Return a challenge as this player may see it; raise NotFound.

    Words and results are there only for the challenger, and for whoever has finished the same
    words because of the challenge.
    """
    challenge = open_challenge(session, code)
    origin = challenge.round
    player = find_player(session, player_id) if player_id else None
    asker = _asker(session, challenge, player)
    played = PlayedRound(origin, library.scene(session, origin))
    may_see = asker.is_challenger or asker.finished
    return ChallengeView(
        code=challenge.code,
        by=person_view(origin.player),
        passage=played.scene.passage,
        model=played.scene.opponent,
        mode=origin.mode,
        unit=origin.unit,
        assisted=origin.assisted,
        daily=origin.daily_on,
        score=score_view(origin),
        asker=asker,
        results=_results(session, challenge, player) if may_see else None,
        words=_words(played) if may_see else None,
    )


def challenge_marks(
    session: Session, library: ScoreLibrary, code: str
) -> tuple[ChallengeView, list[bool], list[bool]]:
    """Return a challenge as a stranger sees it, and both sides' marks word by word.

    It is what the link's picture shows: marks, no word. Raises NotFound.
    """
    marks = kind_of(origin := open_challenge(session, code).round).marks(origin)
    view = challenge_view(session, library, None, code)
    return view, [mark.right for mark in marks], [mark.model_right for mark in marks]


def withdraw(session: Session, player_id: str | None, code: str, now: datetime) -> None:
    """Let the code lead nowhere from now on; raise NotFound unless it is this player's."""
    with writing(session):
        challenge = open_challenge(session, code)
        player = find_player(session, player_id) if player_id else None
        if player is None or challenge.round.player_id != player.id:
            raise NotFound(NO_SUCH_CHALLENGE)
        challenge.ended_at = now


def end_challenge(session: Session, code: str, operator: Operator) -> None:
    """End somebody's challenge for good, as the operator; raise NotFound."""
    with writing(session):
        challenge = open_challenge(session, code)
        challenge.ended_at, challenge.ended_by_admin = operator.at, True
        note(session, operator, "end challenge", code)


def _own_round(session: Session, player_id: str | None, round_id: str) -> RoundRow:
    is_id = player_id is not None and ROUND_ID.fullmatch(round_id)
    found = find_round(session, round_id, player_id, lock=True) if player_id and is_id else None
    if found is None:
        raise NotFound("There is no such round, or it is somebody else’s.")
    return found.row


def _asker(session: Session, challenge: ChallengeRow, player: PlayerRow | None) -> AskerView:
    origin = challenge.round
    if player is None:
        return AskerView(is_challenger=False, has_seen=False, round_id=None, finished=False)
    taken = stored.round_taken_by(session, challenge.id, player.id)
    waiting = taken or same_day_s_round(session, origin, player.id)
    is_challenger = origin.player_id == player.id
    seen_before = (
        waiting.repeated if waiting else has_seen(session, player.id, origin.scored_passage_id)
    )
    return AskerView(
        is_challenger=is_challenger,
        has_seen=seen_before and not is_challenger,
        round_id=waiting.public_id if waiting else None,
        finished=taken is not None and taken.finished_at is not None,
    )


def same_day_s_round(session: Session, origin: RoundRow, player_id: int) -> RoundRow | None:
    """Return the round that a player has on the day's passage which a challenge is of, if any.

    It is the same contest for everybody, so it stands for the challenge.
    """
    if origin.daily_on is None:
        return None
    return find_daily_round(session, kind_for(origin, player_id), origin.daily_on)


def kind_for(origin: RoundRow, player_id: int) -> RoundKind:
    """Return the kind of a challenge's round, as another player plays it."""
    form = Form(origin.form) if origin.form else None
    mode, unit = Mode(origin.mode), Unit(origin.unit)
    return RoundKind(player_id, origin.model_id, mode, unit, origin.assisted, form)


def _results(
    session: Session, challenge: ChallengeRow, player: PlayerRow | None
) -> list[ChallengeResultView]:
    """Return the challenger's result and everybody's who finished, the best first."""
    origin = challenge.round
    others = [row for row in stored.rounds_taken(session, challenge.id) if row.id != origin.id]
    results = [_result(row, origin, player) for row in (origin, *others)]
    return sorted(results, key=lambda result: (result.loss_bits or 0.0, -result.points))


def _result(row: RoundRow, origin: RoundRow, player: PlayerRow | None) -> ChallengeResultView:
    return ChallengeResultView(
        **person_view(row.player).model_dump(),
        right=row.right_answers,
        points=row.points_bits,
        loss_bits=score_view(row).you_bits,
        finished_at=row.finished_at or row.asked_at,
        marks=[mark.right for mark in kind_of(row).marks(row)],
        repeated=row.repeated,
        challenger=row.id == origin.id,
        you=player is not None and row.player_id == player.id,
    )


def _words(played: PlayedRound) -> list[ChallengeWordView]:
    return [
        ChallengeWordView(
            target=visible(played.at(mark.position).target, played.unit),
            model_right=mark.model_right,
        )
        for mark in kind_of(played.row).marks(played.row)
    ]
