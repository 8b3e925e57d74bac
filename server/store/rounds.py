"""Queries on rounds and guesses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from server.domain.rounds import Mode
from server.domain.tokens import Unit
from server.store.tables import GuessRow, PlayerRow, RoundRow, ScoredPassageRow


def find_round(
    session: Session, public_id: str, player_public_id: str, *, lock: bool = False
) -> RoundRow | None:
    """Return the player's round; `lock` makes other writers of the same round wait."""
    query = (
        select(RoundRow)
        .join(RoundRow.player)
        .where(RoundRow.public_id == public_id, PlayerRow.public_id == player_public_id)
    )
    if lock:
        query = query.with_for_update(of=RoundRow)
    return session.scalars(query).one_or_none()


@dataclass(frozen=True)
class RoundKind:
    """Whose round it is, against which model, and how it is played."""

    player_id: int
    model_id: int
    mode: Mode
    unit: Unit
    assisted: bool

    def newest(self) -> Select[RoundRow]:
        """Select the newest round of this kind."""
        query = select(RoundRow).where(
            RoundRow.player_id == self.player_id,
            RoundRow.model_id == self.model_id,
            RoundRow.mode == self.mode,
            RoundRow.unit == self.unit,
            RoundRow.assisted == self.assisted,
        )
        return query.order_by(RoundRow.id.desc()).limit(1)


def find_open_round(session: Session, kind: RoundKind) -> RoundRow | None:
    """Return the newest round of this kind that has no answer yet.

    The daily one apart, and those on the player's own texts.
    """
    drawn = select(ScoredPassageRow.id).where(
        ScoredPassageRow.id == RoundRow.scored_passage_id,
        ScoredPassageRow.draw_number.is_not(None),
    )
    query = kind.newest().where(RoundRow.daily_on.is_(None), ~_is_answered(), drawn.exists())
    return session.scalars(query).one_or_none()


def find_open_round_on(session: Session, player_id: int, scored_passage_id: int) -> RoundRow | None:
    """Return the player's newest round on this passage that has no answer yet."""
    query = (
        select(RoundRow)
        .where(RoundRow.player_id == player_id, RoundRow.scored_passage_id == scored_passage_id)
        .where(~_is_answered())
        .order_by(RoundRow.id.desc())
        .limit(1)
    )
    return session.scalars(query).one_or_none()


def _is_answered() -> ColumnElement[bool]:
    return select(GuessRow.id).where(GuessRow.round_id == RoundRow.id).exists()


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
