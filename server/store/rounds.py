"""Queries on rounds and guesses."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, func, select, update
from sqlalchemy.orm import Session, lazyload, load_only
from sqlalchemy.orm.attributes import set_committed_value

from server.domain.play.rounds import Mode
from server.domain.scores.passage_scores import Form
from server.domain.text.tokens import Unit
from server.store.players import player_joined_to
from server.store.rooms.room_tables import RoomRow
from server.store.rooms.rooms import withholding_rooms
from server.store.scoring.scores import has_played
from server.store.tables import (
    BetRow,
    GuessRow,
    JudgementRow,
    PlayerRow,
    RoundRow,
    ScoredPassageRow,
)

RIVALS_WANTED = 12

# Written once: to put a statement together costs more than to send it.
_WITHHELD_IN = (
    withholding_rooms(PlayerRow.id.expression)
    .join(ScoredPassageRow, ScoredPassageRow.passage_id == RoomRow.passage_id)
    .where(ScoredPassageRow.id == RoundRow.scored_passage_id)
    .correlate(RoundRow, PlayerRow)
    .scalar_subquery()
)
_ROUND = (
    select(RoundRow, _WITHHELD_IN)
    .join(RoundRow.player)
    .where(
        RoundRow.public_id == bindparam("public_id"),
        PlayerRow.public_id == bindparam("player_public_id"),
    )
    .options(lazyload(RoundRow.scored_passage))  # mostly in memory already
)
_LOCKED_ROUND = _ROUND.with_for_update(of=[PlayerRow, RoundRow])
# What play reads of a guess; the rest was stored for statistics alone.
_GUESSES = (
    select(GuessRow)
    .where(GuessRow.round_id == bindparam("round_id"))
    .order_by(GuessRow.position, GuessRow.attempt)
    .options(
        load_only(
            *(GuessRow.mode, GuessRow.position, GuessRow.attempt, GuessRow.text, GuessRow.skipped),
            *(GuessRow.target, GuessRow.is_right, GuessRow.model_is_right),
            *(GuessRow.target_rank, GuessRow.target_loss_nats),
        )
    )
)


class FoundRound(NamedTuple):
    """A round, and the open room, if any, that withholds its passage from its player."""

    row: RoundRow
    withheld_in: str | None


def find_round(
    session: Session, public_id: str, player_public_id: str, *, lock: bool = False
) -> FoundRound | None:
    """Return the player's round with its guesses; locked, it is as the last answer left it.

    The player's row is locked first, as a deletion does: the other order would deadlock with it.
    The player's id may be that of somebody who was joined to another player.
    """
    query = _LOCKED_ROUND if lock else _ROUND
    named = {"public_id": public_id, "player_public_id": player_public_id}
    found = session.execute(query, named).one_or_none()
    if found is None and (joined_to := player_joined_to(session, player_public_id)):
        found = session.execute(query, named | {"player_public_id": joined_to}).one_or_none()
    if found is None:
        return None
    row, withheld_in = found
    if row.mode != Mode.DUEL:
        # Once the lock is held, or an answer that was stored meanwhile would be missed.
        guesses = session.scalars(_GUESSES, {"round_id": row.id}).all()
        set_committed_value(row, "guesses", list(guesses))
    return FoundRound(row, withheld_in)


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

    def newest(self, session: Session, query: Select[RoundRow]) -> RoundRow | None:
        """Return the newest round of this kind among those that `query` selects."""
        return session.scalars(query, {**asdict(self), "form": self.form or ""}).one_or_none()


def _of_kind() -> Select[RoundRow]:
    """Select the newest round of a `RoundKind`, whose fields are its parameters."""
    query = select(RoundRow).where(
        RoundRow.player_id == bindparam("player_id"),
        RoundRow.model_id == bindparam("model_id"),
        RoundRow.mode == bindparam("mode"),
        RoundRow.unit == bindparam("unit"),
        RoundRow.assisted == bindparam("assisted"),
        func.coalesce(RoundRow.form, "") == bindparam("form"),
    )
    return query.order_by(RoundRow.id.desc()).limit(1)


def find_open_round(session: Session, kind: RoundKind) -> RoundRow | None:
    """Return the newest round of this kind that has no answer yet.

    Daily rounds, and those on the player's own texts, are left out.
    """
    return kind.newest(session, _open_of_kind())


@cache
def _open_of_kind() -> Select[RoundRow]:
    drawn = select(ScoredPassageRow.id).where(
        ScoredPassageRow.id == RoundRow.scored_passage_id,
        ScoredPassageRow.draw_number.is_not(None),
    )
    return _of_kind().where(RoundRow.daily_on.is_(None), _is_untouched(), drawn.exists())


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


def newest_left_open(session: Session, player_id: int) -> RoundRow | None:
    """Return the player's newest round that has answers and still asks something."""
    guessed = select(GuessRow.id).where(GuessRow.round_id == RoundRow.id).exists()
    judged = select(JudgementRow.id).where(JudgementRow.round_id == RoundRow.id).exists()
    query = (
        select(RoundRow)
        .where(RoundRow.player_id == player_id, RoundRow.finished_at.is_(None), guessed | judged)
        .order_by(RoundRow.id.desc())
        .limit(1)
    )
    return session.scalars(query).one_or_none()


def find_unfinished_round(session: Session, kind: RoundKind) -> RoundRow | None:
    """Return the newest round of this kind if it still asks something."""
    newest = kind.newest(session, _of_kind())
    return newest if newest is not None and newest.finished_at is None else None


def find_daily_round(session: Session, kind: RoundKind, day: date) -> RoundRow | None:
    """Return the round of this kind on the passage of `day`."""
    return kind.newest(session, _of_kind().where(RoundRow.daily_on == day))


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
    session: Session,
    kind: RoundKind,
    but_not: ColumnElement[bool] | None,
    wanted: int = RIVALS_WANTED,
) -> int | None:
    """Return the scored passage whose duels have been played most, but fewer than `wanted` times.

    That way each question gathers several rivals. Passages that the player has seen in any mode do
    not count, nor those that meet `but_not`; None where no other has been begun.
    """
    times = func.count()
    query = (
        select(RoundRow.scored_passage_id)
        .join(ScoredPassageRow, ScoredPassageRow.id == RoundRow.scored_passage_id)
        .where(*_duels(kind), ~has_played(kind.player_id))
        .where(*(() if but_not is None else (~but_not,)))
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
