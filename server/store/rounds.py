"""Queries on rounds and guesses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, func, select, update
from sqlalchemy.orm import Session, lazyload

from server.domain.play.rounds import Mode
from server.domain.scores.passage_scores import Form
from server.domain.text.tokens import Unit
from server.store.scoring.scores import has_played
from server.store.tables import (
    BetRow,
    GuessRow,
    JudgementRow,
    PlayerRow,
    RoundRow,
    ScoredPassageRow,
)

RIVALS_WANTED = 5


def find_round(
    session: Session, public_id: str, player_public_id: str, *, lock: bool = False
) -> RoundRow | None:
    """Return the player's round; locked, it is as the last answer left it.

    The player's row is locked first, as a deletion does: the other order would deadlock with it.
    """
    query = (
        select(RoundRow)
        .join(RoundRow.player)
        .where(RoundRow.public_id == public_id, PlayerRow.public_id == player_public_id)
        .options(lazyload(RoundRow.scored_passage))  # mostly in memory already
    )
    if lock:
        query = query.with_for_update(of=[PlayerRow, RoundRow])
    return session.scalars(query).one_or_none()


def is_untouched(session: Session, round_id: int) -> bool:
    """Tell whether a round has no answer yet."""
    return bool(session.scalar(select(_is_untouched()).where(RoundRow.id == round_id)))


@dataclass(frozen=True)
class RoundKind:
    """Whose round it is, against which model, and how it is played."""

    player_id: int
    model_id: int
    mode: Mode
    unit: Unit
    assisted: bool
    form: Form | None = None

    def newest(self) -> Select[RoundRow]:
        """Select the newest round of this kind."""
        query = select(RoundRow).where(
            RoundRow.player_id == self.player_id,
            RoundRow.model_id == self.model_id,
            RoundRow.mode == self.mode,
            RoundRow.unit == self.unit,
            RoundRow.assisted == self.assisted,
            RoundRow.form.is_(None) if self.form is None else RoundRow.form == self.form,
        )
        return query.order_by(RoundRow.id.desc()).limit(1)


def find_open_round(session: Session, kind: RoundKind) -> RoundRow | None:
    """Return the newest round of this kind that has no answer yet.

    Daily rounds, and those on the player's own texts, are left out.
    """
    drawn = select(ScoredPassageRow.id).where(
        ScoredPassageRow.id == RoundRow.scored_passage_id,
        ScoredPassageRow.draw_number.is_not(None),
    )
    query = kind.newest().where(RoundRow.daily_on.is_(None), _is_untouched(), drawn.exists())
    return session.scalars(query).one_or_none()


def find_open_round_on(session: Session, player_id: int, scored_passage_id: int) -> RoundRow | None:
    """Return the player's newest round on this passage that has no answer yet."""
    query = (
        select(RoundRow)
        .where(RoundRow.player_id == player_id, RoundRow.scored_passage_id == scored_passage_id)
        .where(_is_untouched())
        .order_by(RoundRow.id.desc())
        .limit(1)
    )
    return session.scalars(query).one_or_none()


def _is_untouched() -> ColumnElement[bool]:
    """Tell whether a round has no answer yet; that it is unfinished lets an index find it."""
    guessed = select(GuessRow.id).where(GuessRow.round_id == RoundRow.id).exists()
    judged = select(JudgementRow.id).where(JudgementRow.round_id == RoundRow.id).exists()
    return RoundRow.finished_at.is_(None) & ~guessed & ~judged


def find_unfinished_round(session: Session, kind: RoundKind) -> RoundRow | None:
    """Return the newest round of this kind if it still asks something."""
    newest = session.scalars(kind.newest()).one_or_none()
    return newest if newest is not None and newest.finished_at is None else None


def find_daily_round(session: Session, kind: RoundKind, day: date) -> RoundRow | None:
    """Return the round of this kind on the passage of `day`."""
    return session.scalars(kind.newest().where(RoundRow.daily_on == day)).one_or_none()


def daily_scored_passage(session: Session, model_id: int, unit: Unit, day: date) -> int | None:
    """Return the scored passage that the first daily round of `day` used, so that all share it."""
    query = (
        select(RoundRow.scored_passage_id)
        .where(RoundRow.daily_on == day, RoundRow.model_id == model_id, RoundRow.unit == unit)
        .order_by(RoundRow.id)
        .limit(1)
    )
    return session.scalars(query).one_or_none()


def repeat_unfinished_rounds(session: Session, player_id: int, scored_passage_id: int) -> None:
    """Mark the player's unfinished rounds on this passage as repeated, with all their answers.

    Another round on it reveals what they still ask.
    """
    passage = select(ScoredPassageRow.passage_id).where(ScoredPassageRow.id == scored_passage_id)
    same = select(ScoredPassageRow.id).where(
        ScoredPassageRow.passage_id == passage.scalar_subquery()
    )
    unfinished = select(RoundRow.id).where(
        RoundRow.player_id == player_id,
        RoundRow.scored_passage_id.in_(same),
        RoundRow.finished_at.is_(None),
    )
    ids = list(session.scalars(unfinished))
    for table, round_id in (
        (GuessRow, GuessRow.round_id),
        (BetRow, BetRow.round_id),
        (RoundRow, RoundRow.id),
    ):
        session.execute(update(table).where(round_id.in_(ids)).values(repeated=True))


def has_practised(session: Session, player_id: int) -> bool:
    """Tell whether the player has finished a practice round of duels."""
    query = select(RoundRow.id).where(
        RoundRow.player_id == player_id,
        RoundRow.practice.is_(True),
        RoundRow.finished_at.is_not(None),
    )
    return session.scalars(query.limit(1)).one_or_none() is not None


def begun_duel_passage(
    session: Session, kind: RoundKind, wanted: int = RIVALS_WANTED
) -> int | None:
    """Return the scored passage whose duels have been played most, but fewer than `wanted` times.

    That way each question gathers several rivals. Passages that the player has seen in any mode do
    not count; None where no other has been begun.
    """
    times = func.count()
    query = (
        select(RoundRow.scored_passage_id)
        .join(ScoredPassageRow, ScoredPassageRow.id == RoundRow.scored_passage_id)
        .where(*_duels(kind), ~has_played(kind.player_id))
        .group_by(RoundRow.scored_passage_id)
        .having(times < wanted)
        .order_by(times.desc(), RoundRow.scored_passage_id)
        .limit(1)
    )
    return session.scalars(query).one_or_none()


def count_duel_rounds(session: Session, kind: RoundKind, scored_passage_id: int) -> int:
    """Return how many rounds have used rivals of this passage's duels."""
    query = select(func.count()).select_from(RoundRow)
    here = RoundRow.scored_passage_id == scored_passage_id
    return session.scalars(query.where(*_duels(kind), here)).one()


def _duels(kind: RoundKind) -> tuple[ColumnElement[bool], ...]:
    return (
        RoundRow.model_id == kind.model_id,
        RoundRow.mode == Mode.DUEL,
        RoundRow.unit == kind.unit,
        RoundRow.form == kind.form,
        RoundRow.practice.is_(False),
    )
