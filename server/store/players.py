"""Queries on players and all that belongs to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.orm import Session, selectinload

from server.domain.estimators.accuracy import PairedCounts
from server.domain.text.tokens import Unit
from server.store.contest.tables import FormerPlayerRow
from server.store.statistics.first_guesses import (
    FIRST_SIGHT,
    PAIRED_SUMS,
    is_settled,
    paired_counts,
)
from server.store.statistics.rollups import mark_player
from server.store.tables import BetRow, GuessRow, JudgementRow, PlayerRow, RoundRow

_PLAYER = select(PlayerRow).where(PlayerRow.public_id == bindparam("public_id"))
_LOCKED_PLAYER = _PLAYER.with_for_update()


def find_player(session: Session, public_id: str, *, lock: bool = False) -> PlayerRow | None:
    """Return the player of this public id; `lock` makes their other writers wait.

    The id may be that of a player who was joined to this one.
    """
    query = _LOCKED_PLAYER if lock else _PLAYER
    found = session.scalars(query, {"public_id": public_id}).one_or_none()
    if found is None and (joined_to := player_joined_to(session, public_id)):
        return find_player(session, joined_to, lock=lock)
    return found


def player_joined_to(session: Session, public_id: str) -> str | None:
    """Return the public id of the player whom a former player was joined to, if any."""
    query = (
        select(PlayerRow.public_id)
        .join(FormerPlayerRow, FormerPlayerRow.player_id == PlayerRow.id)
        .where(FormerPlayerRow.public_id == public_id)
    )
    return session.scalars(query).one_or_none()


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


def set_hidden(session: Session, nickname: str, *, hidden: bool) -> int:
    """Say of all who have a nickname whether others see it, and return how many these are."""
    query = update(PlayerRow).where(PlayerRow.nickname == nickname).values(hidden=hidden)
    return len(session.execute(query.returning(PlayerRow.id)).all())


def hidden_names(session: Session, limit: int) -> list[tuple[str, str]]:
    """Return the public ids and present nicknames of players who are hidden, the newest first."""
    query = (
        select(PlayerRow.public_id, PlayerRow.nickname)
        .where(PlayerRow.nickname.is_not(None), PlayerRow.hidden)
        .order_by(PlayerRow.id.desc())
        .limit(limit)
    )
    return [(public_id, nickname or "") for public_id, nickname in session.execute(query)]


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


def rounds_of(
    session: Session, player_id: int, limit: int | None = None, skipped: int = 0
) -> list[RoundRow]:
    """Return the player's rounds with their guesses, newest first, after some that are skipped."""
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
        .offset(skipped)
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
        is_settled(),
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
