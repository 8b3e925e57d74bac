"""Which passage a new round is played on, and what is settled along with it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from server.domain.errors import InvalidInput, NothingToPlay
from server.domain.play.rounds import Draw, Mode
from server.domain.scores.passage_scores import RIVALS_PER_POSITION, Form
from server.domain.text.tokens import Unit
from server.services.contest.planning import kept_back
from server.store import rounds as stored
from server.store.contest.dailies import daily_of
from server.store.scoring.drawing import can_be_drawn, longest_ago_played, pick_scored_passage
from server.store.scoring.scores import (
    asked_count,
    duel_count,
    has_seen,
)
from server.store.tables import RoundRow


@dataclass(frozen=True)
class RoundWish:
    """What kind of round a player wants; `form` is for duels only."""

    mode: Mode = Mode.GUESS
    unit: Unit = Unit.WORDS
    assisted: bool = False
    daily: bool = False
    form: Form = Form.TAIL
    day: date | None = None  # of a daily round; None is today
    passage: int | None = None  # the scored passage that was shown, which the round is then on

    def require_possible(self) -> None:
        """Raise InvalidInput for a combination that no mode offers."""
        if self.assisted and self.mode is not Mode.GUESS:
            raise InvalidInput("assisted", "Suggestions are offered in mode guess only.")
        if self.daily and self.mode is not Mode.GUESS:
            raise InvalidInput("daily", "The daily passage is played in mode guess only.")
        if self.daily and self.unit is not Unit.WORDS:
            raise InvalidInput("daily", "The daily passage is played in words only.")
        if self.day is not None and not self.daily:
            raise InvalidInput("date", "Only a daily round has a date.")
        if self.form is not Form.TAIL and self.mode is not Mode.DUEL:
            raise InvalidInput("form", "The form of rivals can be chosen in mode duel only.")

    def kind(self, player_id: int, model_id: int) -> stored.RoundKind:
        """Return the kind of round, as the store searches for it."""
        form = self.form if self.mode is Mode.DUEL else None
        return stored.RoundKind(player_id, model_id, self.mode, self.unit, self.assisted, form)


def existing_round(
    session: Session, kind: stored.RoundKind, wish: RoundWish, now: datetime
) -> RoundRow | None:
    """Return the round that already meets the wish: that of the day, or one without an answer."""
    if wish.daily:
        return stored.find_daily_round(session, kind, wish.day or now.date())
    return stored.find_open_round(session, kind)


def new_round(
    session: Session, kind: stored.RoundKind, wish: RoundWish, now: datetime, passages: int
) -> RoundRow:
    """Return a new round, not yet stored; raise NothingToPlay where no passage is left for it.

    `passages` is how many rounds against the present opponent are drawn from.
    """
    practice = wish.mode is Mode.DUEL and not stored.has_practised(session, kind.player_id)
    scored_passage_id, is_fresh = _passage_for(
        session, kind, wish, now, passages, practice=practice
    )
    draw = None
    if kind.form is not None:
        earlier = stored.count_duel_rounds(session, kind, scored_passage_id)
        # Practice takes the last rival, the one that serious rounds reach last.
        draw = RIVALS_PER_POSITION - 1 if practice else earlier % RIVALS_PER_POSITION
    row = new_round_row(kind.player_id, scored_passage_id, kind.model_id, wish, now)
    if wish.daily:
        row.draw_kind = Draw.MIXED
    row.repeated = not is_fresh and has_seen(session, kind.player_id, scored_passage_id)
    if row.repeated:
        stored.repeat_unfinished_rounds(session, kind.player_id, scored_passage_id)
    row.practice, row.form, row.draw = practice, kind.form, draw
    return row


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
        practice=False,
        form=None,
        draw=None,
        seed=secrets.token_hex(16),
        daily_on=(wish.day or now.date()) if wish.daily else None,
        started_at=now,
        started_on=now.date(),
        asked_at=now,
        finished_at=None,
        guesses=[],
        bets=[],
        judgements=[],
    )


def _passage_for(
    session: Session,
    kind: stored.RoundKind,
    wish: RoundWish,
    now: datetime,
    passages: int,
    *,
    practice: bool,
) -> tuple[int, bool]:
    """Return a scored passage, and whether it is certain that the player has not seen it."""
    if wish.daily:
        return _daily_passage(session, wish.day or now.date()), False
    but_not = kept_back(session, kind.model_id, now.date(), passages)
    if kind.form is not None:
        return _duel_passage(session, kind, kind.form, but_not, practice=practice), False
    if wish.passage is not None and _is_fresh(session, kind, wish.passage, but_not):
        return wish.passage, True
    fresh = fresh_passage(session, kind, but_not, passages)
    if fresh is not None:
        return fresh, True
    chosen = _played_before(session, kind)
    if chosen is None:
        raise NothingToPlay("No passage is ready for this kind of round yet.")
    return chosen, False


def _duel_passage(
    session: Session,
    kind: stored.RoundKind,
    form: Form,
    but_not: ColumnElement[bool] | None,
    *,
    practice: bool,
) -> int:
    """Choose questions that the player has not seen; begun passages first, to gather rivals."""
    begun = None if practice else stored.begun_duel_passage(session, kind, but_not)
    if begun is not None:
        return begun
    column = duel_count(kind.unit, form)
    fresh = pick_scored_passage(
        session, kind.model_id, column, _anywhere(), kind.player_id, but_not
    )
    if fresh is None:
        raise NothingToPlay(
            "You have seen every passage, and a duel is never asked twice. "
            "You can still play the other modes."
        )
    return fresh


def _daily_passage(session: Session, day: date) -> int:
    planned = daily_of(session, day)
    if planned is None:
        raise NothingToPlay("No passage is ready for a daily round yet.")
    return planned.scored_passage_id


def _is_fresh(
    session: Session, kind: stored.RoundKind, passage: int, but_not: ColumnElement[bool] | None
) -> bool:
    """Tell whether a passage that was shown may still be played; rounds in `tokens` show none."""
    is_allowed = kind.unit is Unit.WORDS and can_be_drawn(session, passage, kind.model_id, but_not)
    return is_allowed and not has_seen(session, kind.player_id, passage)


def fresh_passage(
    session: Session,
    kind: stored.RoundKind,
    but_not: ColumnElement[bool] | None,
    passages: int | None = None,
) -> int | None:
    """Return a scored passage that the player has not played, anywhere among those allowed."""
    column, player = asked_count(kind.unit), kind.player_id
    return pick_scored_passage(
        session, kind.model_id, column, _anywhere(), player, but_not, passages
    )


def _played_before(session: Session, kind: stored.RoundKind) -> int | None:
    return longest_ago_played(session, kind.model_id, kind.unit, kind.player_id)


def _anywhere() -> float:
    return secrets.randbelow(2**32) / 2**32
