"""Which passage a new round is played on, and what is settled along with it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from server.domain.errors import InvalidInput, NothingToPlay
from server.domain.play.rounds import Mode, seeded_generator
from server.domain.scores.passage_scores import RIVALS_PER_POSITION, Form
from server.domain.text.tokens import Unit
from server.store import rounds as stored
from server.store.scoring.scores import (
    asked_count,
    duel_count,
    has_seen,
    longest_ago_played,
    pick_scored_passage,
)
from server.store.tables import LanguageModelRow, PlayerRow, RoundRow


@dataclass(frozen=True)
class RoundWish:
    """What kind of round a player wants; `form` is for duels only."""

    mode: Mode = Mode.GUESS
    unit: Unit = Unit.WORDS
    assisted: bool = False
    daily: bool = False
    form: Form = Form.TAIL

    def require_possible(self) -> None:
        """Raise InvalidInput for a combination that no mode offers."""
        if self.assisted and self.mode is not Mode.GUESS:
            raise InvalidInput("assisted", "Suggestions are offered in mode guess only.")
        if self.daily and self.mode is not Mode.GUESS:
            raise InvalidInput("daily", "Today's passage is played in mode guess only.")
        if self.form is not Form.TAIL and self.mode is not Mode.DUEL:
            raise InvalidInput("form", "The form of rivals can be chosen in mode duel only.")

    def kind(self, player: PlayerRow, model: LanguageModelRow) -> stored.RoundKind:
        """Return the kind of round, as the store searches for it."""
        form = self.form if self.mode is Mode.DUEL else None
        return stored.RoundKind(player.id, model.id, self.mode, self.unit, self.assisted, form)


def existing_round(
    session: Session, kind: stored.RoundKind, wish: RoundWish, now: datetime
) -> RoundRow | None:
    """Return the round that already meets the wish: today's, or one without an answer."""
    if wish.daily:
        return stored.find_daily_round(session, kind, now.date())
    return stored.find_open_round(session, kind)


def new_round(session: Session, kind: stored.RoundKind, wish: RoundWish, now: datetime) -> RoundRow:
    """Return a new round, not yet stored; raise NothingToPlay where no passage is left for it."""
    practice = wish.mode is Mode.DUEL and not stored.has_practised(session, kind.player_id)
    scored_passage_id = _passage_for(session, kind, wish, now, practice=practice)
    draw = None
    if kind.form is not None:
        earlier = stored.count_duel_rounds(session, kind, scored_passage_id)
        # Practice takes the last rival, the one that serious rounds reach last.
        draw = RIVALS_PER_POSITION - 1 if practice else earlier % RIVALS_PER_POSITION
    row = new_round_row(kind.player_id, scored_passage_id, kind.model_id, wish, now)
    row.repeated = has_seen(session, kind.player_id, scored_passage_id)
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
        daily_on=now.date() if wish.daily else None,
        started_at=now,
        started_on=now.date(),
        asked_at=now,
        finished_at=None,
    )


def _passage_for(
    session: Session, kind: stored.RoundKind, wish: RoundWish, now: datetime, *, practice: bool
) -> int:
    if kind.form is not None:
        return _duel_passage(session, kind, kind.form, practice=practice)
    chosen = (
        _daily_passage(session, kind, now)
        if wish.daily
        else _fresh_passage(session, kind) or _played_before(session, kind)
    )
    if chosen is None:
        raise NothingToPlay("No passage is ready for this kind of round yet.")
    return chosen


def _duel_passage(session: Session, kind: stored.RoundKind, form: Form, *, practice: bool) -> int:
    """Choose questions that the player has not seen; begun passages first, to gather rivals."""
    begun = None if practice else stored.begun_duel_passage(session, kind)
    if begun is not None:
        return begun
    column = duel_count(kind.unit, form)
    fresh = pick_scored_passage(session, kind.model_id, column, _anywhere(), kind.player_id)
    if fresh is None:
        raise NothingToPlay(
            "You have seen every passage, and a duel is never asked twice. "
            "You can still play the other modes."
        )
    return fresh


def _daily_passage(session: Session, kind: stored.RoundKind, now: datetime) -> int | None:
    day = now.date()
    shared = stored.daily_scored_passage(session, kind.model_id, kind.unit, day)
    if shared is not None:
        return shared
    fraction = float(seeded_generator("daily", day.isoformat()).random())
    return pick_scored_passage(session, kind.model_id, asked_count(kind.unit), fraction)


def _fresh_passage(session: Session, kind: stored.RoundKind) -> int | None:
    column = asked_count(kind.unit)
    return pick_scored_passage(session, kind.model_id, column, _anywhere(), kind.player_id)


def _played_before(session: Session, kind: stored.RoundKind) -> int | None:
    return longest_ago_played(session, kind.model_id, kind.unit, kind.player_id)


def _anywhere() -> float:
    return secrets.randbelow(2**32) / 2**32
