"""Start, show, answer and finish rounds, in every mode."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from server.domain.errors import Conflict, NotFound, NothingToPlay
from server.domain.scores.passage_scores import RIVALS_PER_POSITION
from server.services.contest.planning import plan
from server.services.contract.answers import AnswerView, JudgementView
from server.services.contract.crowd import PositionView
from server.services.contract.results import ResultView
from server.services.contract.rounds import GuessOutcome, RoundView
from server.services.play.bets import Bet
from server.services.play.choosing import RoundWish, existing_round, new_round
from server.services.play.duels import Judgement
from server.services.play.kinds import asked_now, kind_of
from server.services.play.library import ScoreLibrary
from server.services.play.opponents import OpponentChoice, current_opponent
from server.services.play.played import PlayedRound, TypedGuess, points_of
from server.services.play.players import ensure_player
from server.services.play.result import result_view
from server.services.play.round_view import round_view
from server.services.rooms.withholding import require_told, withheld_in
from server.services.statistics.admission import AT_ONCE, Admission
from server.services.statistics.components import site_spread
from server.services.statistics.crowd_at import parts_of_id, position_view, position_views
from server.store import rounds as stored
from server.store.answers import Progress, store_answers
from server.store.contest.dailies import daily_of
from server.store.engine import writing
from server.store.statistics.rollups import mark_player
from server.store.tables import RoundRow

Answer = TypedGuess | Bet | Judgement
ROUND_ID = re.compile(r"[\w-]{1,32}", re.ASCII)


@dataclass(frozen=True)
class StartedRound:
    """A round, its player, and whether it is new."""

    round: RoundView
    player_id: str
    is_new: bool


class RoundService:
    """The use cases of a round; `opponent` says which model new rounds are played against.

    `admission` decides when a round counts in the public statistics.
    """

    def __init__(
        self,
        session: Session,
        library: ScoreLibrary,
        opponent: OpponentChoice,
        admission: Admission = AT_ONCE,
    ) -> None:
        self._session, self._library, self._opponent = session, library, opponent
        self._admission = admission

    def start(self, player_id: str | None, wish: RoundWish, now: datetime) -> StartedRound:
        """Begin a round for the player, who is added where there is none.

        A round of the same kind that has no answer yet is returned instead of a second one, and
        so is today's daily round. Raises NothingToPlay where no passage is scored, InvalidInput
        for a combination that no mode offers.
        """
        return self._begin(player_id, wish, now, existing_round)

    def go_on(self, player_id: str | None, wish: RoundWish, now: datetime) -> StartedRound:
        """Return the player's newest unfinished round of this kind, or a new one.

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
        with writing(self._session, shown_after=True) as session:
            model = current_opponent(session, self._opponent)
            if model is None:
                raise NothingToPlay("No passage is ready to play yet. Please come back later.")
            passages = plan(session, model.id, now.date())
            model_id = _model_of_day(session, wish, now) if wish.daily else model.id
            player = ensure_player(session, player_id, now)
            kind = wish.kind(player.id, model_id)
            is_known = player.public_id == player_id  # who has just been added has no round
            row = existing(session, kind, wish, now) if is_known else None
            is_new = row is None
            if row is None:
                row = new_round(session, kind, wish, now, passages)
                self._admission.begun(session, row, now)
                session.add(row)
                session.flush()
                self._choose_draw(row)
                if is_known:  # else marked already, with being added
                    mark_player(session, player.id)
            elif stored.is_untouched(session, row.id):
                row.asked_at = now  # the time before the player came back is not thinking time
            if is_known:  # else in no room
                require_told(session, player.public_id, row.scored_passage.passage_id)
        # Shown once others may write again.
        return StartedRound(round_view(self._played(row)), player.public_id, is_new)

    def _choose_draw(self, row: RoundRow) -> None:
        """Move a new duel on to rivals that leave a question: without any it could never end."""
        if row.draw is None:
            return
        for _ in range(RIVALS_PER_POSITION):
            if asked_now(self._played(row)) is not None:
                return
            row.draw = ((row.draw or 0) + 1) % RIVALS_PER_POSITION
        raise NothingToPlay("Every rival drawn here is the author's own word. Please try again.")

    def state(self, player_id: str | None, round_id: str) -> RoundView:
        """Return the round as it stands; raise NotFound unless it is this player's."""
        return round_view(self._played(self._find(player_id, round_id)))

    def answer(
        self, player_id: str | None, round_id: str, answer: Answer, now: datetime
    ) -> GuessOutcome:
        """Record an answer of the round's kind; reveal the target where that settles its position.

        In mode tries a position takes up to five; in mode bet the reveal waits for the bet. The
        same answer again returns the same outcome. Raises InvalidInput for what cannot be an
        answer, Conflict for an answer of another kind, for a different one to a settled position
        and for a position that is not asked now, NotFound for another player's round; then nothing
        is recorded.
        """
        with writing(self._session, shown_after=True):
            row = self._find(player_id, round_id, lock=True)
            played, kind = self._played(row), kind_of(row)
            if kind.record(played, answer, asked_now(played), now):
                store_answers(self._session, row, played.added, self._progress(played, now))
        state = round_view(played)  # once others may write again
        return GuessOutcome(answer=_reveal_of(state, answer.position), round=state)

    def result(self, player_id: str | None, round_id: str) -> ResultView:
        """Return the finished round; raise Conflict while it goes on, NotFound if not theirs."""
        row = self._find(player_id, round_id)
        if row.finished_at is None:
            raise Conflict("This round is not finished; its result comes with the last answer.")
        played = self._played(row)
        return result_view(played, site_spread(self._session, row.model_id, row.unit))

    def position(self, player_id: str | None, position_id: str) -> PositionView:
        """Return how people answered a position; raise NotFound unless this player settled it."""
        round_id, position = parts_of_id(position_id)
        return position_view(self._session, self._played(self._find(player_id, round_id)), position)

    def crowd(self, player_id: str | None, round_id: str) -> list[PositionView]:
        """Return how people answered a finished round's positions, where at least ten did.

        Raises as `result`.
        """
        row = self._find(player_id, round_id)
        if row.finished_at is None:
            raise Conflict("This round is not finished; the others' answers come with its result.")
        return position_views(self._session, self._played(row))

    def _find(self, player_id: str | None, round_id: str, *, lock: bool = False) -> RoundRow:
        found = None
        if player_id is not None and ROUND_ID.fullmatch(round_id):
            found = stored.find_round(self._session, round_id, player_id, lock=lock)
        if found is None:
            raise NotFound(
                "There is no such round, or it is somebody else's. "
                "Your own rounds need the cookie of the browser you played them in."
            )
        if found.withheld_in is not None:
            raise withheld_in(found.withheld_in)
        return found.row

    def _progress(self, played: PlayedRound, now: datetime) -> Progress:
        """Return where a round stands after an answer: its score, and from when on it counts."""
        marks = kind_of(played.row).marks(played.row)
        points = points_of(marks)
        counts, counts_from = self._admission.answered(played.row, now)
        return Progress(
            asked_at=now,
            finished_at=now if asked_now(played) is None else None,
            counts=counts,
            counts_from=counts_from,
            right_answers=sum(mark.right for mark in marks),
            model_right_answers=sum(mark.model_right for mark in marks),
            points_bits=points.you,
            model_points_bits=points.model,
        )

    def _played(self, row: RoundRow) -> PlayedRound:
        return PlayedRound(row, self._library.scene(self._session, row))


def _reveal_of(state: RoundView, position: int) -> AnswerView | JudgementView | None:
    """Return the reveal of a position, or None while it goes on."""
    return next((answer for answer in state.answers if answer.position == position), None)


def _model_of_day(session: Session, wish: RoundWish, now: datetime) -> int:
    """Return the model that plays the day's passage; of a day to come nothing is told."""
    day = wish.day or now.date()
    planned = daily_of(session, day)
    if day > now.date() or (planned is None and wish.day is not None):
        raise NotFound("There is no passage of that day.")
    if planned is None:
        raise NothingToPlay("No passage is ready for a daily round yet.")
    return planned.model_id
