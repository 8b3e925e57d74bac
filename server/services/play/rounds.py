"""Start, show, answer and finish rounds, in every mode."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from server.domain.errors import Conflict, NotFound, NothingToPlay
from server.domain.play.duels import read_share
from server.domain.scores.passage_scores import RIVALS_PER_POSITION
from server.services.contract.rounds import GuessOutcome, ResultView, RoundView
from server.services.play import settling
from server.services.play.answers import answer_views
from server.services.play.choosing import RoundWish, existing_round, new_round
from server.services.play.library import ScoreLibrary
from server.services.play.opponents import OpponentChoice, current_opponent
from server.services.play.played import PlayedRound
from server.services.play.players import ensure_player
from server.services.play.result_views import result_view
from server.services.play.round_views import round_view
from server.services.statistics.components import site_components
from server.store import rounds as stored
from server.store.engine import writing
from server.store.players import find_player
from server.store.statistics.rollups import mark_player
from server.store.tables import RoundRow

ROUND_ID = re.compile(r"[\w-]{1,32}", re.ASCII)


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
        so is today's daily round. Raises NothingToPlay where no passage is scored, InvalidInput
        for a wish that no mode grants.
        """
        return self._begin(player_id, wish, now, existing_round)

    def go_on(self, player_id: str | None, wish: RoundWish, now: datetime) -> StartedRound:
        """Return the player's newest round of this kind while it asks something, or a new one.

        Raises as `start`.
        """

        def unfinished(
            session: Session, kind: stored.RoundKind, _wish: RoundWish, _now: datetime
        ) -> RoundRow | None:
            return stored.find_unfinished_round(session, kind)

        return self._begin(player_id, wish, now, unfinished)

    def _begin(
        self,
        player_id: str | None,
        wish: RoundWish,
        now: datetime,
        existing: Callable[[Session, stored.RoundKind, RoundWish, datetime], RoundRow | None],
    ) -> StartedRound:
        wish.require_possible()
        with writing(self._session) as session:
            model = current_opponent(session, self._opponent)
            if model is None:
                raise NothingToPlay("No passage is ready to play yet. Please come back later.")
            player = ensure_player(session, player_id, now)
            kind = wish.kind(player, model)
            row = existing(session, kind, wish, now)
            is_new = row is None
            if row is None:
                row = new_round(session, kind, wish, now)
                session.add(row)
                session.flush()
                self._choose_draw(row)
                mark_player(session, player.id)
            elif not row.guesses and not row.judgements:
                row.asked_at = now  # the time before the player came back is not thinking time
            return StartedRound(round_view(self._played(row)), player.public_id, is_new)

    def _choose_draw(self, row: RoundRow) -> None:
        """Move a new duel on to rivals that leave a question: one without any could never end."""
        for _ in range(RIVALS_PER_POSITION):
            if self._played(row).position is not None:
                return
            row.draw = ((row.draw or 0) + 1) % RIVALS_PER_POSITION
        raise NothingToPlay("Every rival drawn for this passage is the author's own. Try again.")

    def state(self, player_id: str | None, round_id: str) -> RoundView:
        """Return the round as it stands; raise NotFound unless it is this player's."""
        return round_view(self._played(self._find(player_id, round_id)))

    def submit(
        self,
        player_id: str | None,
        round_id: str,
        position: int,
        text: str | None,
        now: datetime,
        attempt: int | None = None,
    ) -> GuessOutcome:
        """Record a guess, or a skip for text None; reveal the target where that settles it.

        In mode tries a position takes up to five; in mode bet the reveal waits for the bet. The
        same answer again returns the same outcome. Raises InvalidInput for a text that can be no
        guess, Conflict for another answer to a settled position or for a position that is not
        asked now, NotFound for another player's round; nothing is recorded then.
        """

        def record(played: PlayedRound) -> None:
            settling.add_guess(played, position, text, attempt, now)

        return self._answer(player_id, round_id, position, now, record)

    def bet(
        self,
        player_id: str | None,
        round_id: str,
        position: int,
        stakes: Mapping[str, float],
        other: float,
        now: datetime,
    ) -> GuessOutcome:
        """Record how 100 % are spread over what is offered, and reveal the target.

        Raises InvalidInput for shares that are no such spread, otherwise as `submit`.
        """

        def record(played: PlayedRound) -> None:
            settling.add_bet(played, position, stakes, other, now)

        return self._answer(player_id, round_id, position, now, record)

    def judge(
        self, player_id: str | None, round_id: str, position: int, first: float, now: datetime
    ) -> GuessOutcome:
        """Record the share that the first of two tokens gets, and reveal the target.

        Raises InvalidInput for what is no share, otherwise as `submit`.
        """
        share = read_share(first)

        def record(played: PlayedRound) -> None:
            settling.add_judgement(played, position, share, now)

        return self._answer(player_id, round_id, position, now, record)

    def result(self, player_id: str | None, round_id: str) -> ResultView:
        """Return the finished round; raise Conflict while it goes on, NotFound if not theirs."""
        row = self._find(player_id, round_id)
        if row.finished_at is None:
            raise Conflict("This round is not finished; its result comes with the last answer.")
        played = self._played(row)
        model_id = row.scored_passage.model_id
        components = site_components(self._session, model_id, row.unit)
        return result_view(played, components)

    def _answer(
        self,
        player_id: str | None,
        round_id: str,
        position: int,
        now: datetime,
        record: Callable[[PlayedRound], None],
    ) -> GuessOutcome:
        with writing(self._session):
            # The player's row, not the round's: a deletion takes it first, and would deadlock.
            find_player(self._session, player_id or "", lock=True)
            played = self._played(self._find(player_id, round_id))
            before = _answers_of(played.row)
            record(played)
            if _answers_of(played.row) > before:
                played.row.asked_at = now
                if played.position is None:
                    played.row.finished_at = now
                self._session.flush()
                mark_player(self._session, played.row.player_id)
            answers = [view for view in answer_views(played) if view.position == position]
            return GuessOutcome(answer=answers[0] if answers else None, round=round_view(played))

    def _find(self, player_id: str | None, round_id: str) -> RoundRow:
        row = None
        if player_id is not None and ROUND_ID.fullmatch(round_id):
            row = stored.find_round(self._session, round_id, player_id)
        if row is None:
            raise NotFound(
                "There is no such round, or it is somebody else's. "
                "Your own rounds need the cookie of the browser you played them in."
            )
        return row

    def _played(self, row: RoundRow) -> PlayedRound:
        scores = self._library.scores(self._session, row.scored_passage)
        return PlayedRound(row, scores, self._library.vocabulary(self._session, row.model_id))


def _answers_of(row: RoundRow) -> int:
    return len(row.guesses) + len(row.bets) + len(row.judgements)
