"""Start, show, answer and finish rounds."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from server.domain.errors import Conflict, NotFound, NothingToPlay
from server.domain.guessing import read_guess, reveal
from server.domain.rounds import Mode, require_asked_now, seeded_generator
from server.domain.tokens import Unit
from server.services.library import ScoreLibrary
from server.services.opponents import OpponentChoice, current_opponent
from server.services.players import ensure_player
from server.services.round_views import PlayedRound, answer_view, result_view, round_view
from server.services.views import GuessOutcome, ResultView, RoundView
from server.store import rounds as stored
from server.store.engine import writing
from server.store.scores import has_seen, longest_ago_played, pick_scored_passage
from server.store.tables import GuessRow, LanguageModelRow, PlayerRow, RoundRow

FIRST_ATTEMPT = 1
LONGEST_ELAPSED_MS = 2**31 - 1
ROUND_ID = re.compile(r"[\w-]{1,32}", re.ASCII)


@dataclass(frozen=True)
class RoundWish:
    """What kind of round a player wants."""

    mode: Mode = Mode.GUESS
    unit: Unit = Unit.WORDS
    assisted: bool = False
    daily: bool = False


@dataclass(frozen=True)
class StartedRound:
    """A round, whose it is, and whether it is new."""

    round: RoundView
    player_id: str
    is_new: bool


class RoundService:
    """The use cases of a round; `opponent` says which model new rounds are played against."""

    def __init__(self, session: Session, library: ScoreLibrary, opponent: OpponentChoice) -> None:
        self._session, self._library, self._opponent = session, library, opponent

    def start(self, player_id: str | None, wish: RoundWish, now: datetime) -> StartedRound:
        """Begin a round for the player, who is added where there is none.

        A round of the same kind that has no answer yet is given back instead of a second one, and
        so is today's daily round. Raises NothingToPlay where no passage is scored.
        """
        with writing(self._session) as session:
            model = current_opponent(session, self._opponent)
            if model is None:
                raise NothingToPlay("No passage is ready to play yet. Please come back later.")
            player = ensure_player(session, player_id, now)
            row = self._existing(player, model, wish, now)
            is_new = row is None
            if row is None:
                row = self._new_round(player, model, wish, now)
                session.add(row)
                session.flush()
            elif not row.guesses:
                row.asked_at = now  # the time before the player came back is not thinking time
            return StartedRound(round_view(self._played(row)), player.public_id, is_new)

    def state(self, player_id: str | None, round_id: str) -> RoundView:
        """Return the round as it stands; raise NotFound unless it is this player's."""
        return round_view(self._played(self._find(player_id, round_id)))

    def submit(
        self, player_id: str | None, round_id: str, position: int, text: str | None, now: datetime
    ) -> GuessOutcome:
        """Record a guess, or a skip for text None, and reveal the target.

        The same answer again returns the same reveal. Raises InvalidInput for a text that can be
        no guess, Conflict for another answer to a settled position or for a position that is not
        asked now, NotFound for another player's round; nothing is recorded then.
        """
        with writing(self._session):
            played = self._played(self._find(player_id, round_id, lock=True))
            guess = None if text is None else read_guess(text, played.unit)
            settled = _settled(played.row, position, guess)
            settled = settled or self._settle(played, position, guess, now)
            return GuessOutcome(answer=answer_view(played, settled), round=round_view(played))

    def result(self, player_id: str | None, round_id: str) -> ResultView:
        """Return the finished round; raise Conflict while it goes on, NotFound if not theirs."""
        row = self._find(player_id, round_id)
        if row.finished_at is None:
            raise Conflict("This round is not finished; its result comes with the last answer.")
        return result_view(self._played(row))

    def _find(self, player_id: str | None, round_id: str, *, lock: bool = False) -> RoundRow:
        row = None
        if player_id is not None and ROUND_ID.fullmatch(round_id):
            row = stored.find_round(self._session, round_id, player_id, lock=lock)
        if row is None:
            raise NotFound(
                "There is no such round, or it is somebody else's. "
                "Your own rounds need the cookie of the browser you played them in."
            )
        return row

    def _played(self, row: RoundRow) -> PlayedRound:
        scores = self._library.scores(self._session, row.scored_passage_id)
        return PlayedRound(row, scores, self._library.vocabulary(self._session, row.model_id))

    def _existing(
        self, player: PlayerRow, model: LanguageModelRow, wish: RoundWish, now: datetime
    ) -> RoundRow | None:
        kind = stored.RoundKind(player.id, model.id, wish.mode, wish.unit, wish.assisted)
        if wish.daily:
            return stored.find_daily_round(self._session, kind, now.date())
        return stored.find_open_round(self._session, kind)

    def _new_round(
        self, player: PlayerRow, model: LanguageModelRow, wish: RoundWish, now: datetime
    ) -> RoundRow:
        scored_passage_id = (
            self._daily_passage(model, wish.unit, now)
            if wish.daily
            else self._fresh_passage(model, wish.unit, player)
        )
        if scored_passage_id is None:
            raise NothingToPlay("No passage is ready for this kind of round yet.")
        row = new_round_row(player.id, scored_passage_id, model.id, wish, now)
        row.repeated = has_seen(self._session, player.id, scored_passage_id)
        return row

    def _daily_passage(self, model: LanguageModelRow, unit: Unit, now: datetime) -> int | None:
        shared = stored.daily_scored_passage(self._session, model.id, unit, now.date())
        if shared is not None:
            return shared
        fraction = seeded_generator("daily", now.date().isoformat()).random()
        return pick_scored_passage(self._session, model.id, unit, fraction)

    def _fresh_passage(self, model: LanguageModelRow, unit: Unit, player: PlayerRow) -> int | None:
        fraction = secrets.randbelow(2**32) / 2**32
        unseen = pick_scored_passage(self._session, model.id, unit, fraction, player.id)
        if unseen is not None:
            return unseen
        return longest_ago_played(self._session, model.id, unit, player.id)

    def _settle(
        self, played: PlayedRound, position: int, guess: str | None, now: datetime
    ) -> GuessRow:
        row = played.row
        require_asked_now(played.asked, len(row.guesses), position)
        marks = reveal(played.scores, played.vocabulary, played.unit, position, guess)
        settled = GuessRow(
            player_id=row.player_id,
            model_id=row.model_id,
            mode=row.mode,
            unit=row.unit,
            assisted=row.assisted,
            repeated=row.repeated,
            position=position,
            attempt=FIRST_ATTEMPT,
            text=guess,
            skipped=guess is None,
            is_right=marks.right,
            target=marks.target,
            model_guess=marks.model_guess,
            model_is_right=marks.model_right,
            target_loss_nats=marks.target_loss_nats,
            elapsed_ms=_elapsed_ms(row.asked_at, now),
            answered_at=now,
            answered_on=now.date(),
        )
        row.guesses.append(settled)
        row.asked_at = now
        if len(row.guesses) == len(played.asked):
            row.finished_at = now
        self._session.flush()
        return settled


def new_round_row(
    player_id: int, scored_passage_id: int, model_id: int, wish: RoundWish, now: datetime
) -> RoundRow:
    """Return a round that begins now, on a passage that its player has not seen before."""
    return RoundRow(
        public_id=secrets.token_urlsafe(12),
        player_id=player_id,
        scored_passage_id=scored_passage_id,
        model_id=model_id,
        mode=wish.mode,
        unit=wish.unit,
        assisted=wish.assisted,
        repeated=False,
        daily_on=now.date() if wish.daily else None,
        started_at=now,
        started_on=now.date(),
        asked_at=now,
        finished_at=None,
    )


def _elapsed_ms(asked_at: datetime, now: datetime) -> int:
    """Return the milliseconds between, within what the column holds (about 25 days)."""
    return min(max(0, int((now - asked_at).total_seconds() * 1000)), LONGEST_ELAPSED_MS)


def _settled(row: RoundRow, position: int, guess: str | None) -> GuessRow | None:
    """Return the guess that settled `position` where it is the same; raise Conflict where not."""
    for settled in row.guesses:
        if settled.position == position:
            if settled.text == guess:
                return settled
            raise Conflict(f"Position {position} is settled already, with another answer.")
    return None
