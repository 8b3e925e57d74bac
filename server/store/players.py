"""Queries on players and all that belongs to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, case, delete, exists, func, select
from sqlalchemy.orm import Session, aliased, selectinload

from server.domain.estimators.accuracy import PairedCounts
from server.domain.play.rounds import MOST_TRIES, Mode
from server.domain.text.tokens import Unit
from server.store.statistics.first_guesses import FIRST_SIGHT, PAIRED_SUMS, paired_counts
from server.store.statistics.rollups import mark_player
from server.store.tables import BetRow, GuessRow, JudgementRow, PlayerRow, RoundRow


def find_player(session: Session, public_id: str, *, lock: bool = False) -> PlayerRow | None:
    """Return the player of this public id; `lock` makes their other writers wait."""
    query = select(PlayerRow).where(PlayerRow.public_id == public_id)
    return session.scalars(query.with_for_update() if lock else query).one_or_none()


def public_ids(session: Session) -> list[str]:
    """Return the public ids of all players."""
    return list(session.scalars(select(PlayerRow.public_id)))


def add_player(session: Session, public_id: str, now: datetime) -> PlayerRow:
    """Add a player."""
    player = PlayerRow(public_id=public_id, nickname=None, created_at=now)
    session.add(player)
    session.flush()
    mark_player(session, player.id)
    return player


def delete_player(session: Session, player_id: int) -> None:
    """Delete a player with their rounds, guesses and own texts.

    The next fold takes what they contributed out of the statistics' sums.
    """
    session.execute(delete(PlayerRow).where(PlayerRow.id == player_id))
    mark_player(session, player_id)


def count_rounds(session: Session, player_id: int) -> int:
    """Return how many rounds the player has begun."""
    query = select(func.count()).select_from(RoundRow).where(RoundRow.player_id == player_id)
    return session.scalars(query).one()


def count_guesses(session: Session, player_id: int) -> int:
    """Return how many guesses, tries and judgements the player has made."""
    counts = [
        session.scalars(select(func.count()).select_from(t).where(t.player_id == player_id)).one()
        for t in (GuessRow, JudgementRow)
    ]
    return sum(counts)


def rounds_of(session: Session, player_id: int, limit: int | None = None) -> list[RoundRow]:
    """Return the player's rounds with their guesses, newest first."""
    query = (
        select(RoundRow)
        .where(RoundRow.player_id == player_id)
        .options(
            selectinload(RoundRow.guesses),
            selectinload(RoundRow.bets),
            selectinload(RoundRow.judgements),
        )
        .order_by(RoundRow.started_at.desc(), RoundRow.id.desc())
        .limit(limit)
    )
    return list(session.scalars(query))


def paired_counts_of(
    session: Session, player_id: int, model_id: int, unit: Unit
) -> list[PairedCounts]:
    """Return by passage how often the player, unassisted, and this model were right.

    Only first guesses count, not those on a passage that the player had before, nor at a position
    whose target is not revealed yet: the counts would give away who was right there.
    """
    query = (
        select(*PAIRED_SUMS)
        .join(RoundRow, RoundRow.id == GuessRow.round_id)
        .group_by(RoundRow.scored_passage_id)
        .order_by(RoundRow.scored_passage_id)
    ).where(
        *FIRST_SIGHT,
        GuessRow.player_id == player_id,
        GuessRow.model_id == model_id,
        GuessRow.unit == unit,
        GuessRow.assisted.is_(False),
        _is_revealed(),
    )
    return [paired_counts(*row) for row in session.execute(query)]


def bets_of(
    session: Session, player_id: int, model_id: int, unit: Unit
) -> list[tuple[int, float, float]]:
    """Return the player's bets on passages new to them: passage, loss, model's log-probability.

    Losses and log-probabilities are in nats.
    """
    query = (
        select(RoundRow.scored_passage_id, BetRow.loss_nats, BetRow.target_logprob_nats)
        .join(RoundRow, RoundRow.id == BetRow.round_id)
        .where(
            BetRow.player_id == player_id,
            BetRow.model_id == model_id,
            BetRow.unit == unit,
            BetRow.repeated.is_(False),
        )
    )
    return [(passage, loss, logprob) for passage, loss, logprob in session.execute(query)]


def _is_revealed() -> ColumnElement[bool]:
    """Tell whether a guess's position is settled: by the bet that follows, or by the last try."""
    last = aliased(GuessRow)
    bet = exists().where(BetRow.round_id == GuessRow.round_id, BetRow.position == GuessRow.position)
    closed = exists().where(
        last.round_id == GuessRow.round_id,
        last.position == GuessRow.position,
        last.is_right | last.skipped | (last.attempt == MOST_TRIES),
    )
    return case((GuessRow.mode == Mode.BET, bet), (GuessRow.mode == Mode.TRIES, closed), else_=True)
